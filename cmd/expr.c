/* SPDX-License-Identifier: MIT
 *
 * expr.c - the grammar of metrics: recursive descent to code for a stack
 * machine, units derived on the way.  expr-eval.c runs the code.  What is
 * constant is computed here, so that a branch which cannot be taken needs no
 * events.  The text may come from anybody: depth and size are limited.
 */
#include "config.h"

#include "expr-priv.h"

#include "cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define OPS_MAX 4096

struct parser {
	const char *text, *p;
	const struct expr_env *env;
	struct expr_error *err;
	struct expr *e;
	unsigned depth;
};

/* Always false, so that a parse function returns it. */
__attribute__((format(printf, 3, 4))) static bool
wrong(struct parser *ps, const char *at, const char *fmt, ...)
{
	va_list ap;

	ps->err->at = (size_t)(at - ps->text);
	va_start(ap, fmt);
	vsnprintf(ps->err->why, sizeof(ps->err->why), fmt, ap);
	va_end(ap);
	return false;
}

static char peek(struct parser *ps)
{
	while (isspace((unsigned char)*ps->p))
		ps->p++;
	return *ps->p;
}

static bool accept(struct parser *ps, const char *token)
{
	size_t len = strlen(token);

	peek(ps);
	if (strncmp(ps->p, token, len) != 0)
		return false;
	ps->p += len;
	return true;
}

/* A function and its '('; without that it is a name. */
static bool accept_call(struct parser *ps, const char *name)
{
	const char *start = ps->p;

	if (accept(ps, name) && accept(ps, "("))
		return true;
	ps->p = start;
	return false;
}

static bool expect(struct parser *ps, char c, const char *where)
{
	if (peek(ps) == c) {
		ps->p++;
		return true;
	}
	if (!*ps->p)
		return wrong(ps, ps->p, "'%c' is missing %s", c, where);
	return wrong(ps, ps->p, "'%c' is expected %s, not '%c'", c, where,
		     *ps->p);
}

/* An operand: where its code starts, and what is known of it. */
struct term {
	unsigned from;
	struct unit unit;
	bool zero; /* a constant 0, which has every unit: max(0, x), x > 0 */
};

static bool parse_expr(struct parser *ps, struct unit *u);
static bool parse_product(struct parser *ps, struct unit *u);
static bool parse_sum(struct parser *ps, struct unit *u);

static bool parse_term(struct parser *ps, struct term *t,
		       bool (*parse)(struct parser *ps, struct unit *u))
{
	t->from = ps->e->nops;
	if (!parse(ps, &t->unit))
		return false;
	t->zero =
		code_is_const(ps->e, t->from) && ps->e->ops[t->from].value == 0;
	return true;
}

/* One unit for both, in a, as for a sum; at and what are for the message. */
static bool unite(struct parser *ps, const char *at, const char *what,
		  const struct term *a, const struct term *b, struct unit *u)
{
	char ta[UNIT_TEXT], tb[UNIT_TEXT];

	*u = a->zero ? b->unit : a->unit;
	if (a->zero || b->zero || unit_same(&a->unit, &b->unit))
		return true;
	return wrong(ps, at, "the units differ: %s %s %s",
		     unit_text(&a->unit, ta), what, unit_text(&b->unit, tb));
}

/* min(a, b, ...) or max(a, b, ...), behind the '('. */
static bool parse_extreme(struct parser *ps, enum expr_code code,
			  struct unit *u)
{
	const char *name = code == OP_MIN ? "min" : "max", *at;
	struct term all, next;

	if (!parse_term(ps, &all, parse_expr))
		return false;
	while (accept(ps, ",")) {
		peek(ps);
		at = ps->p;
		if (!parse_term(ps, &next, parse_expr) ||
		    !unite(ps, at, name, &all, &next, &all.unit))
			return false;
		code_binary(ps->e, all.from, (struct expr_op){ .code = code });
		all.zero = all.zero && next.zero;
	}
	*u = all.unit;
	return expect(ps, ')', "after the arguments");
}

/* "64", "2.5e6", "0x40", with a unit at once behind it: "64[bytes/fill]". */
static bool parse_literal(struct parser *ps, struct unit *u)
{
	const char *start = ps->p, *end, *close;
	struct unit unit = UNIT_RATIO;
	double value;

	/* The C locale's, as nothing here calls setlocale(). */
	errno = 0;
	value = strtod(start, (char **)&end);
	if (end == start || (errno == ERANGE && value != 0) ||
	    isalnum((unsigned char)*end) || *end == '_')
		return wrong(ps, start, "this is no number: '%.*s'",
			     (int)strcspn(start, " +-*/()?,[]"), start);
	ps->p = end;
	if (*end == '[') {
		close = strchr(end, ']');
		if (!close)
			return wrong(ps, end, "']' is missing after the unit");
		if (!unit_parse(end + 1, (size_t)(close - end - 1), &unit))
			return wrong(ps, end + 1, "unknown unit '%.*s'",
				     (int)(close - end - 1), end + 1);
		ps->p = close + 1;
	}
	*u = unit;
	code_emit(ps->e, (struct expr_op){ .code = OP_CONST,
					   .value = value * unit.scale });
	return true;
}

static bool emit_name(struct parser *ps, const char *name,
		      const struct expr_name *n, struct unit *u)
{
	struct expr_op op = { .code = OP_CONST };
	struct expr *e = ps->e;
	bool room = true;

	*u = n->kind == EXPR_METRIC ? n->metric->unit : n->unit;
	if (n->kind == EXPR_METRIC) {
		room = code_splice(e, n->metric);
	} else if (n->kind == EXPR_CONST) {
		op.value = n->value * n->unit.scale;
		code_emit(e, op);
	} else {
		op.code = OP_VALUE;
		op.value = n->unit.scale;
		room = code_leaf(e, name, n->id, &op.arg);
		code_emit(e, op);
	}
	if (!room)
		return wrong(ps, ps->p, "over %d different names",
			     EXPR_LEAVES_MAX);
	return e->nops <= OPS_MAX ||
	       wrong(ps, ps->p, "with its metrics it is too large");
}

/*
 * Names of events have '-', ':', '.' and '=' in them: "branch-misses" is one
 * name where there is such, else a difference.  The longest that is known.
 */
static bool parse_name(struct parser *ps, struct unit *u)
{
	const char *start = ps->p, *from = start;
	char name[EXPR_NAME_MAX];
	struct expr_name found;
	char quote = 0;
	size_t len, n;

	if (*from == '"' || *from == '\'') {
		quote = *from++;
		len = strcspn(from, quote == '"' ? "\"" : "'");
		if (!from[len])
			return wrong(ps, start, "the closing %c is missing",
				     quote);
	} else {
		for (len = 0; isalnum((unsigned char)from[len]) ||
			      (from[len] && strchr("_-:.=", from[len]));)
			len++;
	}
	if (!len && !*start)
		return wrong(ps, start, "the expression is not complete");
	if (!len)
		return wrong(ps, start, "unexpected '%c'", *start);
	if (len >= sizeof(name))
		return wrong(ps, start, "a name has at most %d bytes",
			     EXPR_NAME_MAX - 1);
	for (n = len; n > 0; n--) {
		if (n < len && (quote || !strchr("-:.=", from[n])))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)n, from);
		if (!ps->env->find(ps->env->arg, name, &found))
			continue;
		ps->p = from + n + (quote != 0);
		return emit_name(ps, name, &found, u);
	}
	return wrong(ps, start, "unknown name '%.*s'", (int)len, from);
}

static bool parse_primary(struct parser *ps, struct unit *u)
{
	char c = peek(ps);

	if (ps->e->nops > OPS_MAX)
		return wrong(ps, ps->p, "the expression is too large");
	if (c == '(') {
		ps->p++;
		return parse_expr(ps, u) && expect(ps, ')', "here");
	}
	if (isdigit((unsigned char)c) || c == '.')
		return parse_literal(ps, u);
	if (accept_call(ps, "min"))
		return parse_extreme(ps, OP_MIN, u);
	if (accept_call(ps, "max"))
		return parse_extreme(ps, OP_MAX, u);
	return parse_name(ps, u);
}

static bool parse_unary(struct parser *ps, struct unit *u)
{
	unsigned from = ps->e->nops;
	bool ok;

	if (peek(ps) != '-')
		return parse_primary(ps, u);
	if (ps->depth == DEPTH_MAX)
		return wrong(ps, ps->p, "nested over %d deep", DEPTH_MAX);
	ps->p++;
	ps->depth++;
	ok = parse_unary(ps, u);
	ps->depth--;
	if (ok && code_is_const(ps->e, from))
		ps->e->ops[from].value *= -1;
	else if (ok)
		code_emit(ps->e, (struct expr_op){ .code = OP_NEG });
	return ok;
}

static bool parse_product(struct parser *ps, struct unit *u)
{
	unsigned left = ps->e->nops;
	struct expr_op op;
	const char *at;
	struct unit v;
	char c;

	if (!parse_unary(ps, u))
		return false;
	while ((c = peek(ps)) == '*' || c == '/') {
		ps->p++;
		peek(ps);
		at = ps->p;
		if (!parse_unary(ps, &v))
			return false;
		if (!unit_multiply(u, &v, c == '*' ? 1 : -1))
			return wrong(ps, at, "a power of a unit is too high");
		op = (struct expr_op){ .code = c == '*' ? OP_MUL : OP_DIV };
		if (op.code == OP_DIV)
			op.arg = code_text(ps->e, at, (size_t)(ps->p - at));
		code_binary(ps->e, left, op);
	}
	return true;
}

static bool parse_sum(struct parser *ps, struct unit *u)
{
	struct term left, right;
	struct expr_op op;
	const char *at;
	char c;

	if (!parse_term(ps, &left, parse_product))
		return false;
	while ((c = peek(ps)) == '+' || c == '-') {
		at = ps->p++;
		op = (struct expr_op){ .code = c == '+' ? OP_ADD : OP_SUB };
		if (!parse_term(ps, &right, parse_product) ||
		    !unite(ps, at, c == '+' ? "+" : "-", &left, &right,
			   &left.unit))
			return false;
		code_binary(ps->e, left.from, op);
		left.zero = left.zero && right.zero;
	}
	*u = left.unit;
	return true;
}

static bool parse_comparison(struct parser *ps, struct unit *u)
{
	static const struct {
		const char *token;
		enum expr_code code;
	} ops[] = { { "<=", OP_LE }, { ">=", OP_GE }, { "==", OP_EQ },
		    { "!=", OP_NE }, { "<", OP_LT },  { ">", OP_GT } };
	struct term left, right;
	const char *at;
	unsigned i;

	if (!parse_term(ps, &left, parse_sum))
		return false;
	*u = left.unit;
	peek(ps);
	at = ps->p;
	for (i = 0; i < ARRAY_SIZE(ops) && !accept(ps, ops[i].token);)
		i++;
	if (i == ARRAY_SIZE(ops))
		return true;
	if (!parse_term(ps, &right, parse_sum) ||
	    !unite(ps, at, ops[i].token, &left, &right, u))
		return false;
	*u = UNIT_RATIO;
	code_binary(ps->e, left.from, (struct expr_op){ .code = ops[i].code });
	return true;
}

/* Behind "condition ?". */
static bool parse_branches(struct parser *ps, unsigned cond, struct unit *u)
{
	struct expr *e = ps->e;
	bool known = code_is_const(e, cond);
	bool yes = known && e->ops[cond].value != 0;
	unsigned unless, skip;
	struct term a, b;
	const char *at;

	if (known)
		e->nops--;
	unless = e->nops;
	if (!known)
		code_emit(e, (struct expr_op){ .code = OP_UNLESS });
	if (!parse_term(ps, &a, parse_expr) ||
	    !expect(ps, ':', "in the choice"))
		return false;
	skip = e->nops;
	if (!known) {
		code_emit(e, (struct expr_op){ .code = OP_SKIP });
		e->ops[unless].arg = e->nops - unless;
	}
	peek(ps);
	at = ps->p;
	if (!parse_term(ps, &b, parse_expr) || !unite(ps, at, "or", &a, &b, u))
		return false;
	if (known)
		code_drop_branch(e, a.from, b.from, yes);
	else
		e->ops[skip].arg = e->nops - skip;
	return true;
}

static bool parse_expr(struct parser *ps, struct unit *u)
{
	unsigned cond = ps->e->nops;
	bool ok;

	if (ps->depth == DEPTH_MAX)
		return wrong(ps, ps->p, "nested over %d deep", DEPTH_MAX);
	ps->depth++;
	ok = parse_comparison(ps, u);
	if (ok && accept(ps, "?"))
		ok = parse_branches(ps, cond, u);
	ps->depth--;
	return ok;
}

struct expr *expr_parse(const char *text, const struct expr_env *env,
			struct expr_error *err)
{
	struct parser ps = { .text = text, .p = text, .env = env, .err = err };
	bool ok;

	ps.e = xcalloc(1, sizeof(*ps.e));
	if (strlen(text) > EXPR_TEXT_MAX)
		ok = wrong(&ps, text, "an expression has at most %d bytes",
			   EXPR_TEXT_MAX);
	else
		ok = parse_expr(&ps, &ps.e->unit);
	if (ok && peek(&ps))
		ok = wrong(&ps, ps.p, "unexpected '%c'", *ps.p);
	if (!ok) {
		expr_free(ps.e);
		return NULL;
	}
	ps.e->unit.scale = 1;
	code_drop_leaves(ps.e);
	return ps.e;
}
