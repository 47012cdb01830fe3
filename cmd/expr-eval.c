/* SPDX-License-Identifier: MIT
 *
 * expr-eval.c - the value of a parsed expression and its standard error.  With
 * each number goes its derivative by every value it came from, so that a value
 * which occurs twice is not taken for two independent ones.
 */
#include "config.h"

#include "expr-priv.h"

#include "cmd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One number: v[0] its value, v[1 + i] its derivative by leaf i. */
struct stack {
	double *v;
	size_t width, n;
};

struct leaf_values {
	double value[EXPR_LEAVES_MAX], error[EXPR_LEAVES_MAX];
	bool got[EXPR_LEAVES_MAX];
};

double expr_apply(enum expr_code code, double a, double b)
{
	switch (code) {
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_DIV:
		return a / b;
	case OP_MIN:
		return b < a ? b : a;
	case OP_MAX:
		return b > a ? b : a;
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	case OP_GE:
		return a >= b;
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	default:
		return NAN;
	}
}

/* How the result moves with each operand. */
static void partials(enum expr_code code, double a, double b, double d[2])
{
	d[0] = d[1] = 0;
	switch (code) {
	case OP_ADD:
	case OP_SUB:
		d[0] = 1;
		d[1] = code == OP_ADD ? 1 : -1;
		break;
	case OP_MUL:
		d[0] = b;
		d[1] = a;
		break;
	case OP_DIV:
		d[0] = 1 / b;
		d[1] = -a / b / b;
		break;
	case OP_MIN:
		d[b < a] = 1;
		break;
	case OP_MAX:
		d[b > a] = 1;
		break;
	default:
		break; /* a comparison is a step */
	}
}

static double *push(struct stack *st, double value)
{
	double *v = st->v + st->n++ * st->width;

	memset(v, 0, st->width * sizeof(*v));
	v[0] = value;
	return v;
}

static void do_binary(struct stack *st, enum expr_code code)
{
	double *b = st->v + --st->n * st->width, *a = b - st->width, d[2];

	partials(code, a[0], b[0], d);
	a[0] = expr_apply(code, a[0], b[0]);
	for (size_t i = 1; i < st->width; i++)
		a[i] = d[0] * a[i] + d[1] * b[i];
}

/* Ask for a leaf once; false: it has no value, out says why. */
static bool get_leaf(const struct expr_leaf *leaf, struct leaf_values *lv,
		     size_t i, expr_get *get, void *arg,
		     struct expr_result *out)
{
	const char *why;

	if (lv->got[i])
		return true;
	lv->got[i] = true;
	lv->error[i] = 0;
	why = get(arg, leaf->id, &lv->value[i], &lv->error[i]);
	if (why)
		snprintf(out->why, sizeof(out->why), "%s: %s", leaf->name, why);
	return !why;
}

static void finish(const double *v, const struct leaf_values *lv, size_t n,
		   struct expr_result *out)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		if (lv->got[i])
			sum += v[1 + i] * lv->error[i] * v[1 + i] *
			       lv->error[i];
	if (!isfinite(v[0]) || !isfinite(sum)) {
		snprintf(out->why, sizeof(out->why),
			 "the result is beyond what a number can hold");
		return;
	}
	out->value = v[0];
	out->error = root(sum);
	out->has = true;
}

void expr_eval(const struct expr *e, expr_get *get, void *arg,
	       struct expr_result *out)
{
	struct stack st = { .width = e->nleaves + 1 };
	struct leaf_values lv = { .got = { false } };
	const struct expr_op *op;
	unsigned pc = 0;

	*out = (struct expr_result){ .has = false };
	/* Each number on the stack was pushed by an operation of its own. */
	st.v = xcalloc(e->nops, st.width * sizeof(*st.v));
	while (pc < e->nops) {
		op = &e->ops[pc++];
		switch (op->code) {
		case OP_CONST:
			push(&st, op->value);
			break;
		case OP_VALUE:
			if (!get_leaf(&e->leaves[op->arg], &lv, op->arg, get,
				      arg, out))
				goto out;
			push(&st, lv.value[op->arg] * op->value)[1 + op->arg] =
				op->value;
			break;
		case OP_NEG:
			for (size_t i = 0; i < st.width; i++)
				st.v[(st.n - 1) * st.width + i] *= -1;
			break;
		case OP_UNLESS:
			if (st.v[--st.n * st.width] == 0)
				pc += op->arg - 1;
			break;
		case OP_SKIP:
			pc += op->arg - 1;
			break;
		case OP_DIV:
			if (st.v[(st.n - 1) * st.width] == 0) {
				snprintf(out->why, sizeof(out->why),
					 "division by zero: %s is 0",
					 e->texts[op->arg]);
				goto out;
			}
			do_binary(&st, op->code);
			break;
		default:
			do_binary(&st, op->code);
			break;
		}
	}
	finish(st.v, &lv, e->nleaves, out);
out:
	free(st.v);
}

const struct unit *expr_unit(const struct expr *e)
{
	return &e->unit;
}

int expr_check_unit(const struct expr *e, const char *declared, struct unit *u,
		    struct expr_error *err)
{
	char is[UNIT_TEXT];

	err->at = 0;
	if (!unit_parse(declared, strlen(declared), u)) {
		snprintf(err->why, sizeof(err->why), "unknown unit '%s'",
			 declared);
		return -1;
	}
	if (unit_same(&e->unit, u))
		return 0;
	snprintf(err->why, sizeof(err->why),
		 "the unit is said to be %s, but the expression gives %s",
		 declared, unit_text(&e->unit, is));
	return -1;
}

bool expr_leaf(const struct expr *e, unsigned i, unsigned *id)
{
	if (i >= e->nleaves)
		return false;
	*id = e->leaves[i].id;
	return true;
}

void expr_free(struct expr *e)
{
	if (!e)
		return;
	for (unsigned i = 0; i < e->nleaves; i++)
		free(e->leaves[i].name);
	for (unsigned i = 0; i < e->ntexts; i++)
		free(e->texts[i]);
	free(e->texts);
	free(e->ops);
	free(e);
}
