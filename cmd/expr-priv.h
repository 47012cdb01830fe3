/* SPDX-License-Identifier: MIT
 *
 * expr-priv.h - the code of an expression, between expr.c, which makes it, and
 * expr-eval.c, which runs it.  Values on the stack are in base units.
 */
#ifndef PFM_EXPR_PRIV_H
#define PFM_EXPR_PRIV_H

#include "expr.h"

enum expr_code {
	OP_CONST, /* push value */
	OP_VALUE, /* push leaf arg, times value */
	OP_NEG,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV, /* arg: text of the divisor */
	OP_MIN,
	OP_MAX,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_EQ,
	OP_NE,
	OP_UNLESS, /* pop; go arg operations on if it is 0 */
	OP_SKIP,   /* go arg operations on */
};

struct expr_op {
	enum expr_code code;
	unsigned arg;
	double value;
};

struct expr_leaf {
	unsigned id;
	char *name; /* owned */
};

struct expr {
	struct expr_op *ops; /* owned */
	char **texts;        /* of divisors; owned, each too */
	unsigned nops, ntexts, nleaves;
	struct unit unit;
	struct expr_leaf leaves[EXPR_LEAVES_MAX];
};

/* expr-code.c: append an operation. */
void code_emit(struct expr *e, struct expr_op op);
/* Is the code from there on one constant? */
bool code_is_const(const struct expr *e, unsigned from);
/* The operation on two operands, the first of which starts at left. */
void code_binary(struct expr *e, unsigned left, struct expr_op op);
/* The text of a divisor, kept. */
unsigned code_text(struct expr *e, const char *s, size_t len);
/* The place of an id among the leaves; false: there are too many. */
bool code_leaf(struct expr *e, const char *name, unsigned id, unsigned *leaf);
/* A metric within a metric: its code once more; false: too many leaves. */
bool code_splice(struct expr *e, const struct expr *sub);
/* Of two branches, from first and second on, one stays. */
void code_drop_branch(struct expr *e, unsigned first, unsigned second,
		      bool keep_first);
/* Forget the values that only a dropped branch needed. */
void code_drop_leaves(struct expr *e);

/* expr-eval.c: of two numbers; a division by 0 gives what IEEE 754 gives. */
double expr_apply(enum expr_code code, double a, double b);

#endif /* PFM_EXPR_PRIV_H */
