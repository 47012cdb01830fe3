/* SPDX-License-Identifier: MIT
 *
 * t-compare.c - results in files and against each other: Welch's interval with
 * numbers worked out by hand, what to call a difference, the order of two
 * commands, the table, and files that are not what they should be.
 */
#include "config.h"

#include <unistd.h>

#include "../cmd/cmd.h"
#include "../cmd/compare.h"
#include "../cmd/json.h"
#include "tap.h"

static bool near(double a, double b, double by)
{
	return a - b <= by && b - a <= by;
}

/* Row r of a record gets these values, one for each run. */
static void fill(struct record *rec, size_t r, const double *v)
{
	for (size_t i = 0; i < rec->nruns; i++)
		rec->rows[r].points[i] = (struct point){ true, v[i], -1 };
}

static void make(struct record *rec, const char *name, const double *s,
		 size_t n)
{
	record_init(rec, name);
	for (size_t i = 0; i < n; i++)
		record_run(rec, s[i] * 1e9);
}

static const struct change *find(const struct comparison *cmp,
				 const char *label)
{
	for (size_t i = 0; i < cmp->n; i++)
		if (!strcmp(cmp->changes[i].label, label))
			return &cmp->changes[i];
	diag("there is no %s", label);
	return NULL;
}

static const char *verdict(const struct comparison *cmp, const char *label)
{
	const struct change *c = find(cmp, label);

	return c ? verdict_names[c->verdict] : "";
}

/*
 * Means 1.2 and 2.3, variances 0.04 / 3 and 0.2 / 3 / 4: their sum is 0.03, its
 * root 0.17321.  Degrees: 0.0009 / (0.04^2 / 9 / 2 + 0.2^2 / 144 / 3) = 4.9592,
 * of which the 97.5 % quantile is 2.5773; 0.17321 * 2.5773 = 0.44640.
 */
static void test_welch(void)
{
	const double a[] = { 1.0, 1.2, 1.4 }, b[] = { 2.0, 2.2, 2.4, 2.6 };
	struct comparison cmp;
	struct record old, new;
	const struct change *c;

	make(&old, "old.json", a, 3);
	make(&new, "new", b, 4);
	compare_records(&cmp, &old, &new);
	c = &cmp.changes[0];
	ok(cmp.n == 1 && c->known && c->relative && !c->estimated,
	   "two samples have an interval");
	ok(near(c->old.mean, 1.2e9, 1) && near(c->old.dev, 0.2e9, 1) &&
		   near(c->new.mean, 2.3e9, 1) &&
		   near(c->new.dev, 0.258199e9, 1e3),
	   "means and deviations");
	ok(near(c->diff, 1.1e9, 1), "the difference of the means");
	ok(near(c->half, 0.4464e9, 0.004e9) || diag("half %g", c->half),
	   "half the interval is Welch's, as the quantile is: to 1 %%");
	ok(near(c->percent, 91.667, 0.001) && near(c->low, 54.47, 0.4) &&
		   near(c->high, 128.87, 0.4),
	   "in percent of the old mean");
	is_str(verdict_names[c->verdict], "slower", "more time is slower");
	compare_release(&cmp);
	compare_records(&cmp, &new, &old);
	is_str(verdict(&cmp, "elapsed"), "faster", "less time is faster");
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

/*
 * All of the spread is in one of them, of two runs: one degree of freedom, not
 * four.  Means 5 and 100, variance 50 / 2, root 5, times 12.706.
 */
static void test_unequal(void)
{
	struct change c = {
		.kind = CHANGE_EVENT,
		.old = { .n = 2, .mean = 5, .dev = 7.0710678118654755 },
		.new = { .n = 4, .mean = 100 },
	};

	compare_moments(&c);
	ok(near(c.half, 63.53, 1e-9) && c.verdict == VERDICT_MORE,
	   "spreads that differ are not pooled");
	ok(near(c.low, 629.4, 1e-6) && near(c.high, 3170.6, 1e-6),
	   "the range is that of the difference");
	/* Variances 2 and 1: 9 / (4 + 1) degrees, fewer than two. */
	c.old = (struct moments){ .n = 2, .mean = 100, .dev = 2 };
	c.new = (struct moments){ .n = 2, .mean = 1, .dev = root(2) };
	compare_moments(&c);
	ok(near(c.half, 12.706 * root(3), 1e-9),
	   "degrees below three are rounded down");
	c.old = (struct moments){ .n = 2, .mean = 1 };
	c.new = (struct moments){ .n = 2, .mean = 1 + 1e-15 };
	compare_moments(&c);
	is_str(verdict_names[c.verdict], "same", "what rounding adds is none");
}

/* At two runs each of one spread, df is 2, and the quantile 4.303. */
static void test_verdicts(void)
{
	static const struct {
		const char *event;
		double a[2], b[2];
		const char *verdict;
	} rows[] = {
		{ "faults", { 10, 10 }, { 12, 12 }, "more" },
		{ "exact", { 7, 7 }, { 7, 7 }, "same" },
		{ "fewer", { 100, 102 }, { 90, 92 }, "fewer" },
		/* se = root(1 + 1): 4.303 times that is 6.085. */
		{ "inside", { 100, 102 }, { 106, 108 }, "same" },
		{ "outside", { 100, 102 }, { 106.2, 108.2 }, "more" },
		{ "none", { 0, 0 }, { 0, 0 }, "same" },
		{ "new", { 0, 0 }, { 3, 3 }, "more" },
		{ "rounding", { 0.1, 0.1 }, { 0.3 - 0.2, 0.1 }, "same" },
	};
	const double s[] = { 1, 1 };
	struct record old, new;
	struct comparison cmp;
	size_t i;

	make(&old, "old", s, 2);
	make(&new, "new", s, 2);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		record_add(&old, rows[i].event, rows[i].event, "command", -1);
		record_add(&new, rows[i].event, rows[i].event, "command", -1);
		fill(&old, i, rows[i].a);
		fill(&new, i, rows[i].b);
	}
	compare_records(&cmp, &old, &new);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		is_str(verdict(&cmp, rows[i].event), rows[i].verdict,
		       "%s: %g, %g to %g, %g", rows[i].event, rows[i].a[0],
		       rows[i].a[1], rows[i].b[0], rows[i].b[1]);
	ok(near(find(&cmp, "inside")->half, 6.085, 0.001),
	   "two runs each: two degrees of freedom");
	ok(find(&cmp, "new")->known && !find(&cmp, "new")->relative,
	   "nothing is a percentage of 0");
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

/* IPC is made run by run: 2 each time, though the counts go up and down. */
static void test_ipc(void)
{
	const double s[] = { 1, 1, 1 };
	const double cycles[] = { 100, 200, 300 }, ins[] = { 200, 400, 600 };
	const double more[] = { 300, 600, 900 };
	struct record old, new, *rec[2] = { &old, &new };
	struct comparison cmp;
	const struct change *c;

	for (size_t i = 0; i < 2; i++) {
		make(rec[i], i ? "new" : "old", s, 3);
		record_add(rec[i], "p::CYC:u", "cycles:u", "cpu", 3);
		record_add(rec[i], "p::INS:u", "instructions:u", "cpu", 3);
		record_add(rec[i], "p::INS", "instructions", "cpu", 3);
		fill(rec[i], 0, cycles);
		fill(rec[i], 1, i ? more : ins);
		fill(rec[i], 2, ins);
	}
	compare_records(&cmp, &old, &new);
	c = find(&cmp, "IPC, CPU 3");
	ok(c && near(c->old.mean, 2, 1e-9) && near(c->new.mean, 3, 1e-9) &&
		   near(c->half, 0, 1e-9),
	   "IPC is of cycles and instructions of one run and level");
	is_str(verdict(&cmp, "IPC, CPU 3"), "better", "more of it is better");
	is_u64(cmp.n, 5, "and there is one of it");
	is_str(verdict(&cmp, "instructions:u, CPU 3"), "same",
	       "what varies as much in the runs is the same");
	ok(c == &cmp.changes[3], "it stands after the second of the two");
	compare_release(&cmp);
	compare_records(&cmp, &new, &old);
	is_str(verdict(&cmp, "IPC, CPU 3"), "worse", "less of it is worse");
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

static void test_single(void)
{
	const double s[] = { 1 };
	struct record old, new, *rec[2] = { &old, &new };
	struct comparison cmp;
	const struct change *c;

	for (size_t i = 0; i < 2; i++) {
		make(rec[i], i ? "new" : "old", s, 1);
		record_add(rec[i], "e", "e", "command", -1);
		record_add(rec[i], "x", "x", "command", -1);
		record_add(rec[i], "z", "z", "command", -1);
		rec[i]->rows[0].points[0] =
			(struct point){ true, i ? 110 : 100, i ? 4 : 3 };
		rec[i]->rows[1].points[0] = (struct point){ true, 7, -1 };
	}
	record_text(&new.rows[2].reason, "no PMU");
	record_add(&new, "y", "y", "command", -1);
	record_add(&old, "w", "w", "command", -1);
	compare_records(&cmp, &old, &new);
	c = find(&cmp, "e");
	ok(c->known && c->estimated && near(c->half, 5, 1e-9),
	   "two estimates, +-3 and +-4: the difference is +-5");
	is_str(verdict(&cmp, "e"), "more", "10 +-5 is more");
	is_str(verdict(&cmp, "x"), "unknown", "one run without an error");
	ok(strstr(find(&cmp, "x")->why, "one run"), "and why");
	is_str(find(&cmp, "z")->why, "new: no PMU", "the reason of the result");
	is_str(find(&cmp, "y")->why, "not in old", "an event of one only");
	is_str(find(&cmp, "w")->why, "not in new", "and of the other");
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

/* Linear drift: run i takes i longer, whichever command it is. */
static void test_order(void)
{
	char order[9] = "";
	uint64_t sum[2] = { 0 };

	for (uint64_t i = 0; i < versus_total(4); i++) {
		order[i] = versus_side(i) == SIDE_OLD ? 'A' : 'B';
		sum[versus_side(i)] += i;
	}
	is_str(order, "ABBAABBA", "two commands take turns");
	is_u64(sum[0], sum[1], "so that a drift is the same for both");
}

static void test_targets(void)
{
	const double s[] = { 1, 2 }, v[] = { 5, 5 };
	struct record old, new, *rec[2] = { &old, &new };
	struct comparison cmp;

	for (int i = 0; i < 2; i++) {
		make(rec[i], i ? "new" : "old", s, 2);
		record_add(rec[i], "e", "e", "thread", 10 + i);
		record_text(&rec[i]->rows[0].comm, "main");
		record_add(rec[i], "e", "e", "thread", 20 + i);
		record_text(&rec[i]->rows[1].comm, "pool");
		record_add(rec[i], "e", "e", "thread", 30 + i);
		record_text(&rec[i]->rows[2].comm, "pool");
		record_fact(rec[i], "cpu", i ? "Zen" : "Core");
		record_fact(rec[i], "kernel", "6.12");
		for (size_t r = 0; r < 3; r++)
			fill(rec[i], r, v);
	}
	compare_records(&cmp, &old, &new);
	is_u64(cmp.n, 3, "elapsed and two names of threads");
	is_str(verdict(&cmp, "e, main"), "same", "a thread is found by name");
	ok(strstr(find(&cmp, "e, pool")->why, "several"),
	   "several of one name are not told apart");
	compare_release(&cmp);
	for (int i = 0; i < 3; i++) {
		char *text;

		if (i == 1)
			record_text(&old.facts[0].text, "Zen");
		if (i == 2) {
			record_text(&old.facts[0].key, "a");
			record_text(&old.facts[1].key, "b");
		}
		text = compare_machines(&old, &new);
		is_str(text,
		       i == 0 ? "other cpu" :
		       i == 1 ? "same machine" :
				"machine not recorded",
		       "the machine: %d", i);
		free(text);
	}
	record_release(&old);
	record_release(&new);
}

static char shown[8192];
static unsigned widest;

static void keep(void *arg, const char *line)
{
	size_t len = strlen(shown);
	unsigned n = 0;

	(void)arg;
	for (const char *p = line; *p; p++)
		n += (*p & 0xc0) != 0x80;
	widest = n > widest ? n : widest;
	snprintf(shown + len, sizeof(shown) - len, "%s\n", line);
}

static void show(const struct comparison *cmp, unsigned width, bool utf8)
{
	const struct compare_style style = { .width = width,
					     .utf8 = utf8,
					     .put = keep };

	shown[0] = '\0';
	widest = 0;
	compare_text(cmp, &style);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if (*s != '\n' && (*s < ' ' || *s > '~'))
			return false;
	return true;
}

static void test_table(void)
{
	const double a[] = { 1.5, 1.5 }, b[] = { 1.2, 1.2 };
	const double few[] = { 0, 0 }, many[] = { 6210e6, 6210e6 };
	static const char name[] =
		"a-name::of-an\x1b[31mEVENT\xc2\x9b-that_is_\xc3\xa4-too-long:"
		"for=the:columns=that_there_are";
	struct record old, new;
	struct comparison cmp;

	make(&old, "old.json", a, 2);
	make(&new, "new", b, 2);
	record_add(&old, "n", "n", "command", -1);
	record_add(&new, "n", "n", "command", -1);
	record_add(&new, name, name, "command", -1);
	fill(&old, 0, few);
	fill(&new, 0, many);
	compare_records(&cmp, &old, &new);
	show(&cmp, 120, true);
	ok(strstr(shown, " metric") && strstr(shown, "95 % range") &&
		   strstr(shown, "1.500 s") && strstr(shown, "1.200 s") &&
		   strstr(shown, "-20.0 %  -20.0 \xe2\x80\xa6 -20.0 %  faster"),
	   "the table");
	ok(strstr(shown, "+6.21 G  ") && strstr(shown, "\xc2\xb1 0  more"),
	   "from nothing");
	ok(strstr(shown, "old.json: 2 runs, machine not recorded"), "the head");
	ok(strstr(shown, "Welch"), "the method");
	ok(!strchr(shown, 0x1b) && !strstr(shown, "\xc2\x9b"),
	   "no control characters");
	ok(strstr(shown, "\xc3\xa4"), "but what is a letter");
	show(&cmp, 80, false);
	ok(widest <= 80 || diag("%u", widest), "never wider than asked for");
	ok(is_ascii(shown), "plain text when asked for");
	ok(strstr(shown, "-20.0 ... -20.0 %  faster") && strstr(shown, "+- 0"),
	   "with dots");
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

#ifdef HAVE_JANSSON

#define HEAD "{\"schema\":1,\"command\":[\"./a\",\"b\"],\"backend\":\"perf\","
#define ROW(value, error)                                     \
	"{\"event\":\"cycles\",\"name\":\"p::C\",\"target\":" \
	"{\"kind\":\"command\",\"id\":null},\"value\":" value \
	",\"unit\":\"\",\"error\":" error ",\"reason\":null}"
#define RUN(ns, row) "\"elapsed_ns\":" ns ",\"results\":[" row "]"

static int parse(struct record *rec, const char *text, char **why)
{
	*why = NULL;
	return record_parse(rec, "f.json", text, strlen(text), why);
}

static void test_read(void)
{
	static const char one[] = HEAD
		"\"machine\":{\"cpu\":\"Zen\",\"cores\":8,\"x\":null}," RUN(
			"250", ROW("1000.5", "12.5")) "}\n";
	static const char several[] = HEAD RUN(
		"300",
		ROW("20",
		    "null")) ",\"metrics\":[{\"metric\":"
			     "\"ipc\",\"group\":\"core\",\"value\":1}],\"runs\":[{" RUN(
				     "200",
				     ROW("10",
					 "null")) ",\"metrics\":[{\"metric\":"
						  "\"ipc\",\"group\":\"core\",\"value\":1.5}]},{" RUN(
							  "400",
							  ROW("null",
							      "null")) "}]}";
	static const char apart[] = HEAD RUN("300", "") ",\"runs\":[{" RUN(
		"200", ROW("10", "null")) "},{" RUN("400",
						    ROW("30", "null")) "}]}";
	struct record rec;
	char *why;

	if (parse(&rec, one, &why) < 0) {
		ok(false, "one run: %s", why);
		return;
	}
	is_str(rec.command, "./a b", "the command");
	ok(rec.nruns == 1 && near(rec.elapsed_ns[0], 250, 0) &&
		   rec.nfacts == 2 && !strcmp(rec.facts[1].text, "8"),
	   "one run, two facts");
	ok(rec.nrows == 1 && near(rec.rows[0].points[0].value, 1000.5, 0) &&
		   near(rec.rows[0].points[0].half, 12.5, 0),
	   "its value and error");
	ok(record_find(&rec, "CYCLES") == rec.rows &&
		   record_find(&rec, "p::C") == rec.rows &&
		   !record_find(&rec, "p"),
	   "an event is found");
	record_release(&rec);
	if (parse(&rec, several, &why) < 0) {
		ok(false, "several runs: %s", why);
		return;
	}
	ok(rec.nruns == 2 && rec.nrows == 2 && rec.rows[0].points[0].has &&
		   near(rec.rows[0].points[0].value, 10, 0) &&
		   !rec.rows[0].points[1].has,
	   "of several runs each has its own value, or none");
	is_str(rec.rows[1].name, "core/ipc", "a metric of a group");
	ok(near(rec.rows[1].points[0].value, 1.5, 0) &&
		   !rec.rows[1].points[1].has,
	   "and its values");
	record_release(&rec);
	ok(parse(&rec, apart, &why) == 0 && rec.nrows == 1 &&
		   near(rec.rows[0].points[1].value, 30, 0),
	   "rows that are in the runs only");
	record_release(&rec);
}

static const struct {
	const char *text, *why;
} hostile[] = {
	{ "", "f.json: line 1: " },
	{ "{", "f.json: line 1: " },
	{ "\xff\xfe", "f.json: line 1: " },
	{ "[]", "f.json: schema: is missing, not a number" },
	{ "{\"schema\":1,\"schema\":1}", "f.json: line 1: duplicate" },
	{ "{\"schema\":2}", "f.json: schema: is 2; this pfmon reads 1" },
	{ "{\"schema\":\"1\"}", "f.json: schema: has text, not a number" },
	{ "{\"schema\":1}", "f.json: elapsed_ns: is missing, not a number" },
	{ HEAD "\"elapsed_ns\":1}", "f.json: results: is missing, not a list" },
	{ HEAD "\"elapsed_ns\":-1}", "f.json: elapsed_ns: -1 is no time" },
	{ HEAD "\"elapsed_ns\":1e31}", "f.json: elapsed_ns: 1e+31 is beyond" },
	{ HEAD "\"elapsed_ns\":1e999}", "f.json: line 1: " },
	{ HEAD "\"elapsed_ns\":1,\"runs\":{}}",
	  "f.json: runs: has an object, not a list" },
	{ HEAD "\"elapsed_ns\":1,\"runs\":[3]}",
	  "f.json: runs[0].elapsed_ns: is missing" },
	{ HEAD RUN("1", "7") "}", "f.json: results[0].event: is missing" },
	{ HEAD RUN("1", ROW("\"9\"", "null")) "}",
	  "f.json: results[0].value: has text, not a number or null" },
	{ HEAD RUN("1", ROW("1e300", "null")) "}",
	  "f.json: results[0].value: 1e+300 is beyond" },
	{ HEAD RUN("1", ROW("9", "-3")) "}",
	  "f.json: results[0].error: -3 is no width" },
	{ HEAD RUN("1", "{\"event\":\"a\",\"target\":[]}") "}",
	  "f.json: results[0].target: has a list" },
	{ HEAD RUN("1", "{\"event\":\"a\",\"target\":{\"kind\":\"cpu\","
			"\"id\":1e20}}") "}",
	  "f.json: results[0].target: 1e+20 is no id" },
	{ HEAD RUN("1", ROW("1", "null")) ",\"runs\":[{" RUN(
		  "1", "{\"event\":\"b\\u001b\\n\"}") "},{" RUN("1", "") "}]}",
	  "f.json: runs[0].results[0].event: is not 'cycles', as before" },
	{ HEAD RUN("1", "") "}\n" HEAD RUN("1", "") "}",
	  "f.json: more than one result, or text after it" },
	{ "{\"schema\":1,\"command\":[7]}",
	  "f.json: command: has a number, not text" },
	{ "{\"schema\":1,\"machine\":{\"a\":{}}}",
	  "f.json: machine: has an object, not text" },
};

static void test_hostile(void)
{
	struct record rec;
	char *why, *deep;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hostile); i++) {
		if (parse(&rec, hostile[i].text, &why) == 0) {
			ok(false, "refused: %zu", i);
			record_release(&rec);
			continue;
		}
		ok((!strncmp(why, hostile[i].why, strlen(hostile[i].why)) &&
		    !strchr(why, '\n')) ||
			   diag("got %s", why),
		   "%s", hostile[i].why);
		free(why);
	}
	deep = xcalloc(1000001, 1);
	memset(deep, '[', 1000000);
	ok(parse(&rec, deep, &why) < 0 && strstr(why, "depth"),
	   "nested too deep");
	free(why);
	free(deep);
	ok(record_read(&rec, "/dev/zero", &why) < 0 &&
		   strstr(why, "/dev/zero: File too large"),
	   "a file without an end");
	free(why);
	ok(record_read(&rec, "/nonexistent", &why) < 0 &&
		   strstr(why, "/nonexistent: No such file"),
	   "no such file");
	free(why);
}

/* Every beginning of a good file is refused, and nothing is lost or read. */
static void test_prefixes(void)
{
	static const char text[] =
		HEAD RUN("300", ROW("20", "null")) ",\"runs\":[{" RUN(
			"200",
			ROW("10", "null")) "},{" RUN("400",
						     ROW("30", "null")) "}]}";
	struct record rec;
	size_t n, refused = 0;
	char *why;

	for (n = 0; n < sizeof(text) - 1; n++) {
		char *copy = xcalloc(n, 1);

		memcpy(copy, text, n);
		if (record_parse(&rec, "f", copy, n, &why) < 0) {
			refused++;
			free(why);
		} else {
			record_release(&rec);
		}
		free(copy);
	}
	is_u64(refused, sizeof(text) - 1, "a file that was cut is refused");
}

static void test_json(void)
{
	const double a[] = { 1.5, 1.5 }, b[] = { 1.2, 1.2 };
	struct record old, new;
	struct comparison cmp;
	char *line;

	make(&old, "old.json", a, 2);
	make(&new, "new", b, 2);
	record_add(&new, "n", "n", "command", -1);
	compare_records(&cmp, &old, &new);
	line = js_line(compare_json(&cmp));
	ok(strstr(line, "\"metric\":\"elapsed\"") &&
		   strstr(line, "\"verdict\":\"faster\"") &&
		   strstr(line, "\"percent\":-20") &&
		   strstr(line, "\"reason\":\"not in old.json\""),
	   "the same as JSON");
	free(line);
	compare_release(&cmp);
	record_release(&old);
	record_release(&new);
}

static void test_files(void)
{
	json_init();
	test_read();
	test_hostile();
	test_prefixes();
	test_json();
}

#else

static void test_files(void)
{
	skip("files of JSON: built without jansson");
}

#endif

int main(void)
{
	test_welch();
	test_unequal();
	test_verdicts();
	test_ipc();
	test_single();
	test_order();
	test_targets();
	test_table();
	test_files();
	return done_testing();
}
