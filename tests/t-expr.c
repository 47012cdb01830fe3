/* SPDX-License-Identifier: MIT
 *
 * t-expr.c - the expressions of metrics: grammar, units, values and standard
 * errors worked out by hand, and what has no value.  Its names are a table
 * here; those of group files are t-group.c's.
 */
#include "config.h"

#include <math.h>

#include "expr.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Ids are places in the table. */
static const struct {
	const char *name, *unit;
	double value, error;
	const char *why; /* it has no value */
} names[] = {
	{ "cycles", "cycles", 1000, 10, NULL },
	{ "instr", "instr", 2000, 40, NULL },
	{ "branch-misses", "misses", 30, 3, NULL },
	{ "branch", "branches", 100, 8, NULL },
	{ "misses", "misses", 25, 6, NULL },
	{ "none", "count", 0, 1, NULL },
	{ "lost", "count", 0, 0, "not counted" },
	{ "bytes", "bytes", 4096, 0, NULL },
	{ "time", "s", 2, 0, NULL },
	{ "busy", "ns", 500, 50, NULL },
	{ "L2_RQSTS:MISS", "misses", 7, 0, NULL },
	{ "L2.HIT", "hits", 9, 0, NULL },
	{ "min", "count", 11, 0, NULL },
	{ "cpu/event=0x3c,umask=0/", "cycles", 5, 0, NULL },
	{ "x", "ratio", 3, 1, NULL },
	{ "y", "ratio", 4, 2, NULL },
	{ "big", "ratio", 1e200, 0, NULL },
};

static const struct expr *ipc; /* the metric "ipc" */
static unsigned asked;         /* how often a value was asked for */

static bool find(void *arg, const char *name, struct expr_name *out)
{
	(void)arg;
	if (!strcmp(name, "ipc") && ipc) {
		*out = (struct expr_name){ .kind = EXPR_METRIC, .metric = ipc };
		return true;
	}
	if (!strcmp(name, "smt")) {
		*out = (struct expr_name){ .kind = EXPR_CONST,
					   .unit = UNIT_RATIO,
					   .value = 2 };
		return true;
	}
	for (unsigned i = 0; i < N(names); i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		*out = (struct expr_name){ .kind = EXPR_VALUE, .id = i };
		return unit_parse(names[i].unit, strlen(names[i].unit),
				  &out->unit);
	}
	return false;
}

static const char *get(void *arg, unsigned id, double *value, double *error)
{
	(void)arg;
	asked++;
	*value = names[id].value;
	*error = names[id].error;
	return names[id].why;
}

static const struct expr_env env = { .find = find };

static bool close_to(double a, double b)
{
	return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

/* Value and standard error in base units; seconds for ns. */
/* clang-format off */
static const struct {
	int line;
	const char *text;
	double value, error;
	const char *unit;
} values[] = {
	/* numbers and what binds more */
	{ __LINE__, "1 + 2 * 3", 7, 0, "ratio" },
	{ __LINE__, "(1 + 2) * 3", 9, 0, "ratio" },
	{ __LINE__, "10 - 4 - 3", 3, 0, "ratio" },
	{ __LINE__, "64 / 4 / 2", 8, 0, "ratio" },
	{ __LINE__, "64 / (4 / 2)", 32, 0, "ratio" },
	{ __LINE__, "-2 * -3 - -4", 10, 0, "ratio" },
	{ __LINE__, "--x", 3, 1, "ratio" },
	{ __LINE__, "0x40 + 2.5e1 + .5", 89.5, 0, "ratio" },
	{ __LINE__, "\t1\t+ 1 ", 2, 0, "ratio" },
	{ __LINE__, "1 < 2", 1, 0, "ratio" },
	{ __LINE__, "1 + 1 <= 1", 0, 0, "ratio" },
	{ __LINE__, "x >= 3", 1, 0, "ratio" },
	{ __LINE__, "x > 3", 0, 0, "ratio" },
	{ __LINE__, "x == 3", 1, 0, "ratio" },
	{ __LINE__, "x != 3", 0, 0, "ratio" },
	{ __LINE__, "x < y ? 1 : 2", 1, 0, "ratio" },
	{ __LINE__, "x > y ? 1 : x == 3 ? 5 : 6", 5, 0, "ratio" },
	{ __LINE__, "x < y ? x > y ? 1 : 2 : 3", 2, 0, "ratio" },
	{ __LINE__, "(x > y ? 1 : 2) + 3", 5, 0, "ratio" },
	{ __LINE__, "1 + (x ? y : 0)", 5, 2, "ratio" },
	{ __LINE__, "min(5, x, y)", 3, 1, "ratio" },
	{ __LINE__, "max(1, x, y, 2)", 4, 2, "ratio" },
	{ __LINE__, "max (x)", 3, 1, "ratio" },
	{ __LINE__, "max(0, x - y)", 0, 0, "ratio" },
	{ __LINE__, "max(min(x, 2), 1)", 2, 0, "ratio" },
	/* names: the longest there is */
	{ __LINE__, "branch-misses", 30, 3, "count" },
	{ __LINE__, "branch - misses", 75, 10, "count" },
	{ __LINE__, "branch -misses", 75, 10, "count" },
	{ __LINE__, "x-y", -1, 2.23606797749978969, "ratio" },
	{ __LINE__, "x ? x:y", 3, 1, "ratio" },
	{ __LINE__, "x==3?L2_RQSTS:MISS:L2.HIT", 7, 0, "count" },
	{ __LINE__, "x!=3?L2_RQSTS:MISS:L2.HIT", 9, 0, "count" },
	{ __LINE__, "x==3", 1, 0, "ratio" },
	{ __LINE__, "min", 11, 0, "count" },
	{ __LINE__, "min(min, 12[count])", 11, 0, "count" },
	{ __LINE__, "\"branch\"-'misses'", 75, 10, "count" },
	{ __LINE__, "'cpu/event=0x3c,umask=0/' * 2", 10, 0, "cycles" },
	/* units */
	{ __LINE__, "instr / cycles", 2, 0.04472135954999579, "count/cycles" },
	{ __LINE__, "bytes / time", 2048, 0, "bytes/s" },
	{ __LINE__, "64[bytes/fill] * misses", 1600, 384, "bytes" },
	{ __LINE__, "busy / time", 2.5e-7, 2.5e-8, "ratio" },
	{ __LINE__, "1[kB] + 1[KiB] + bytes", 6120, 0, "bytes" },
	{ __LINE__, "cycles / time / 1[GHz]", 5e-7, 5e-9, "ratio" },
	{ __LINE__, "3[W] * time", 6, 0, "J" },
	{ __LINE__, "max(0, bytes)", 4096, 0, "bytes" },
	{ __LINE__, "x > 3 ? bytes : 0", 0, 0, "bytes" },
	{ __LINE__, "50[%]", 0.5, 0, "ratio" },
	{ __LINE__, "bytes * bytes / time / time", 4194304, 0, "bytes*bytes/s/s" },
	/* errors: x 3+-1, y 4+-2, to first order */
	{ __LINE__, "x + y", 7, 2.23606797749978969, "ratio" },
	{ __LINE__, "x * y", 12, 7.21110255092797858, "ratio" },
	{ __LINE__, "x / y", 0.75, 0.45069390943299862, "ratio" },
	{ __LINE__, "-x", -3, 1, "ratio" },
	{ __LINE__, "10 * x + 5", 35, 10, "ratio" },
	/* a name twice is one value: (a - b)^2 + b's */
	{ __LINE__, "x + x", 6, 2, "ratio" },
	{ __LINE__, "x - x", 0, 0, "ratio" },
	{ __LINE__, "x / x", 1, 0, "ratio" },
	{ __LINE__, "x * x", 9, 6, "ratio" },
	{ __LINE__, "x / (x + y)", 3.0 / 7, 0.14716535818220364, "ratio" },
	{ __LINE__, "1 - x / y", 0.25, 0.45069390943299862, "ratio" },
	/* a metric brings its names: 2 and (1/1000 * 40, 2000/1e6 * 10) */
	{ __LINE__, "ipc", 2, 0.04472135954999579, "count/cycles" },
	{ __LINE__, "ipc * cycles / instr", 1, 0, "ratio" },
	{ __LINE__, "ipc * cycles - instr", 0, 0, "count" },
	/* what is not taken is not needed */
	{ __LINE__, "smt > 1 ? x / 1 : y", 3, 1, "ratio" },
	{ __LINE__, "smt == 1 ? lost : instr", 2000, 40, "count" },
	{ __LINE__, "x == 3 ? instr : lost", 2000, 40, "count" },
	{ __LINE__, "x == 3 ? y : y / 0", 4, 2, "ratio" },
};

/* What is wrong, and at which byte. */
static const struct {
	int line;
	const char *text, *why;
	size_t at;
} wrong[] = {
	{ __LINE__, "", "the expression is not complete", 0 },
	{ __LINE__, "x +", "the expression is not complete", 3 },
	{ __LINE__, "x + * y", "unexpected '*'", 4 },
	{ __LINE__, "x y", "unexpected 'y'", 2 },
	{ __LINE__, "(x", "')' is missing here", 2 },
	{ __LINE__, "(x ]", "')' is expected here, not ']'", 3 },
	{ __LINE__, "x)", "unexpected ')'", 1 },
	{ __LINE__, "min(x, y", "')' is missing after the arguments", 8 },
	{ __LINE__, "max()", "unexpected ')'", 4 },
	{ __LINE__, "x ? y", "':' is missing in the choice", 5 },
	{ __LINE__, "x < y < 3", "unexpected '<'", 6 },
	{ __LINE__, "x @ y", "unexpected '@'", 2 },
	{ __LINE__, "nobody", "unknown name 'nobody'", 0 },
	{ __LINE__, "x - nobody", "unknown name 'nobody'", 4 },
	{ __LINE__, "'x", "the closing ' is missing", 0 },
	{ __LINE__, "12abc", "this is no number: '12abc'", 0 },
	{ __LINE__, "1e999", "this is no number: '1e999'", 0 },
	{ __LINE__, "64[furlong]", "unknown unit 'furlong'", 3 },
	{ __LINE__, "64[kbytes]", "unknown unit 'kbytes'", 3 },
	{ __LINE__, "64[bytes", "']' is missing after the unit", 2 },
	{ __LINE__, "cycles + bytes", "the units differ: cycles + bytes", 7 },
	{ __LINE__, "bytes - 1", "the units differ: bytes - ratio", 6 },
	{ __LINE__, "bytes < time", "the units differ: bytes < s", 6 },
	{ __LINE__, "max(x, bytes)", "the units differ: ratio max bytes", 7 },
	{ __LINE__, "x ? time : instr", "the units differ: s or count", 11 },
	{ __LINE__, "smt == 1 ? bytes : time", "the units differ: bytes or s", 19 },
	{ __LINE__, "bytes*bytes*bytes*bytes*bytes*bytes*bytes*bytes*bytes",
	  "a power of a unit is too high", 48 },
};

/* No value, and the reason. */
static const struct {
	int line;
	const char *text, *why;
} lacking[] = {
	{ __LINE__, "instr / none", "division by zero: none is 0" },
	{ __LINE__, "instr / (x - x)", "division by zero: (x - x) is 0" },
	{ __LINE__, "x / 0", "division by zero: 0 is 0" },
	{ __LINE__, "1 / 0", "division by zero: 0 is 0" },
	{ __LINE__, "none / none", "division by zero: none is 0" },
	{ __LINE__, "0 * (x / none)", "division by zero: none is 0" },
	{ __LINE__, "instr + lost", "lost: not counted" },
	{ __LINE__, "lost / none", "lost: not counted" },
	{ __LINE__, "lost == lost ? 1 : 2", "lost: not counted" },
	{ __LINE__, "big * big", "the result is beyond what a number can hold" },
	/* a long divisor is cut */
	{ __LINE__,
	  "x / (x - x + x - x + x - x + x - x + x - x + x - x + x - x + x - x + x - x)",
	  "division by zero: "
	  "(x - x + x - x + x - x + x - x + x - x + x - x + x - x + x -... is 0" },
};
/* clang-format on */

static void test_values(void)
{
	struct expr_error err = { 0 };
	struct expr_result r = { 0 };
	char unit[UNIT_TEXT];
	struct expr *e;

	for (size_t i = 0; i < N(values); i++) {
		e = expr_parse(values[i].text, &env, &err);
		if (!ok(e, "line %d: %s is an expression", values[i].line,
			values[i].text)) {
			diag("%s", err.why);
			continue;
		}
		expr_eval(e, get, NULL, &r);
		if (!ok(r.has && close_to(r.value, values[i].value),
			"line %d: its value", values[i].line))
			diag("%.17g %s", r.value, r.why);
		if (!ok(close_to(r.error, values[i].error),
			"line %d: its error", values[i].line))
			diag("%.17g", r.error);
		is_str(unit_text(expr_unit(e), unit), values[i].unit,
		       "line %d: its unit", values[i].line);
		expr_free(e);
	}
}

static void test_wrong(void)
{
	struct expr_error err;
	struct expr *e;

	for (size_t i = 0; i < N(wrong); i++) {
		err = (struct expr_error){ 0 };
		e = expr_parse(wrong[i].text, &env, &err);
		ok(!e, "line %d: '%s' is refused", wrong[i].line,
		   wrong[i].text);
		is_str(err.why, wrong[i].why, "line %d: why", wrong[i].line);
		is_u64(err.at, wrong[i].at, "line %d: where", wrong[i].line);
		expr_free(e);
	}
}

static void test_lacking(void)
{
	struct expr_error err = { 0 };
	struct expr_result r;
	struct expr *e;

	for (size_t i = 0; i < N(lacking); i++) {
		e = expr_parse(lacking[i].text, &env, &err);
		if (!ok(e, "line %d: %s is an expression", lacking[i].line,
			lacking[i].text)) {
			diag("%s", err.why);
			continue;
		}
		expr_eval(e, get, NULL, &r);
		ok(!r.has, "line %d: it has no value", lacking[i].line);
		is_str(r.why, lacking[i].why, "line %d: why", lacking[i].line);
		expr_free(e);
	}
}

/* The ids it needs, as a string. */
static const char *leaves(const char *text, char *buf, size_t size)
{
	struct expr_error err = { 0 };
	struct expr *e = expr_parse(text, &env, &err);
	size_t n = 0;
	unsigned id;

	*buf = '\0';
	for (unsigned i = 0; e && expr_leaf(e, i, &id); i++) {
		snprintf(buf + n, size - n, "%s%s", i ? " " : "",
			 names[id].name);
		n += strlen(buf + n);
	}
	expr_free(e);
	if (!e)
		snprintf(buf, size, "%s", err.why);
	return buf;
}

static void test_leaves(void)
{
	struct expr_error err = { 0 };
	struct expr_result r;
	char buf[256];
	struct expr *e;

	is_str(leaves("x + y * x", buf, sizeof(buf)), "x y",
	       "it needs each value once");
	is_str(leaves("ipc / cycles", buf, sizeof(buf)), "instr cycles",
	       "it needs what its metrics need");
	is_str(leaves("smt == 1 ? x : y", buf, sizeof(buf)), "y",
	       "a branch that cannot be taken needs nothing");
	is_str(leaves("smt == 2 ? x / y : lost / lost[1]", buf, sizeof(buf)),
	       "unexpected '['", "a unit stands behind numbers only");
	is_str(leaves("smt == 2 ? x : x + y", buf, sizeof(buf)), "x",
	       "nor does the other one");
	e = expr_parse("x * x + x * y", &env, &err);
	asked = 0;
	expr_eval(e, get, NULL, &r);
	is_u64(asked, 2, "a value is asked for once");
	expr_free(e);
}

static void test_declared(void)
{
	struct expr_error err = { 0 };
	struct expr *e = expr_parse("misses / instr", &env, &err);
	struct expr_result r;
	struct unit u;

	ok(!expr_check_unit(e, "misses/kinstr", &u, &err),
	   "misses by instructions are misses/kinstr");
	expr_eval(e, get, NULL, &r);
	ok(close_to(r.value / u.scale, 12.5), "25 of 2000 are 12.5 of 1000");
	ok(!expr_check_unit(e, "%", &u, &err) && u.scale == 0.01,
	   "they are percents, too");
	ok(expr_check_unit(e, "bytes", &u, &err), "they are not bytes");
	is_str(err.why,
	       "the unit is said to be bytes, but the expression gives ratio",
	       "it is said");
	ok(expr_check_unit(e, "misses/", &u, &err), "'misses/' is no unit");
	is_str(err.why, "unknown unit 'misses/'", "it is said");
	expr_free(e);
}

/* n times s, then end. */
static char *repeat(const char *s, size_t n, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);
	char *text = calloc(1, n * len + end_len + 1);

	if (!text)
		exit(1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, s, len);
	memcpy(text + n * len, end, end_len);
	return text;
}

static void check_refused(const char *what, char *text, const char *why)
{
	struct expr_error err = { 0 };
	struct expr *e = expr_parse(text, &env, &err);

	ok(!e, "%s is refused", what);
	is_str(err.why, why, "it is said why");
	expr_free(e);
	free(text);
}

static void test_hostile(void)
{
	struct expr_error err = { 0 };
	struct expr *e, *next;
	const struct expr *was = ipc;
	unsigned i;

	check_refused("65 parentheses", repeat("(", 65, "x"),
		      "nested over 64 deep");
	check_refused("a row of minus signs", repeat("-", 70, "x"),
		      "nested over 64 deep");
	check_refused("a row of choices", repeat("x?", 70, "x"),
		      "nested over 64 deep");
	check_refused("a long name", repeat("n", 300, ""),
		      "a name has at most 255 bytes");
	check_refused("a long text", repeat("x", 4097, ""),
		      "an expression has at most 4096 bytes");
	e = expr_parse("x + y", &env, &err);
	for (i = 0; e && i < 64; i++) {
		ipc = e;
		next = expr_parse("ipc + ipc / 1", &env, &err);
		expr_free(e);
		e = next;
	}
	ok(!e && i < 16, "metrics that double each other come to an end");
	is_str(err.why, "with its metrics it is too large", "it is said why");
	expr_free(e);
	ipc = was;
}

int main(void)
{
	struct expr_error err = { 0 };
	struct expr *e = expr_parse("instr / cycles", &env, &err);

	ipc = e;
	test_values();
	test_wrong();
	test_lacking();
	test_leaves();
	test_declared();
	test_hostile();
	expr_free(e);
	return done_testing();
}
