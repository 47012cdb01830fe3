/* SPDX-License-Identifier: MIT
 *
 * expr.h - the expressions of metrics: numbers, names, + - * / ( ), min(),
 * max(), comparisons and ?:.  Parsed once, with the units of its names; then
 * evaluated over values that a callback gives.  pfmon-groups(5) has the grammar.
 */
#ifndef PFM_EXPR_H
#define PFM_EXPR_H

#include "unit.h"

#define EXPR_TEXT_MAX 4096 /* bytes of an expression */
#define EXPR_NAME_MAX 256  /* bytes of a name, its NUL included */
#define EXPR_LEAVES_MAX 64 /* different names in one, those of metrics in it */
#define EXPR_WHY_MAX 256

struct expr;

/* What a name stands for.  The caller chooses the ids of values. */
struct expr_name {
	enum { EXPR_VALUE, EXPR_CONST, EXPR_METRIC } kind;
	unsigned id;               /* VALUE: what the callback gets */
	struct unit unit;          /* VALUE, CONST */
	double value;              /* CONST, in unit */
	const struct expr *metric; /* METRIC; borrowed for the call */
};

struct expr_env {
	/* false: there is no such name. */
	bool (*find)(void *arg, const char *name, struct expr_name *out);
	void *arg;
};

struct expr_error {
	size_t at; /* byte of the text, from 0 */
	char why[EXPR_WHY_MAX];
};

/* NULL: err tells what is wrong and where. */
struct expr *expr_parse(const char *text, const struct expr_env *env,
			struct expr_error *err);
void expr_free(struct expr *e);

/* Its powers; the scale is 1: expr_eval() gives base units. */
const struct unit *expr_unit(const struct expr *e);
/*
 * Does declared fit?  -1: it does not, and err has both.  Divide a result by
 * declared->scale to have it in that unit.
 */
int expr_check_unit(const struct expr *e, const char *declared, struct unit *u,
		    struct expr_error *err);

/* The values it needs, each once: the i-th id; false: no more. */
bool expr_leaf(const struct expr *e, unsigned i, unsigned *id);

/* NULL and the value, in the unit of the name, with its standard error. */
typedef const char *expr_get(void *arg, unsigned id, double *value,
			     double *error);

struct expr_result {
	bool has;               /* else why says why there is no value */
	double value, error;    /* error: standard error, >= 0 */
	char why[EXPR_WHY_MAX]; /* "division by zero: cycles is 0" */
};

/*
 * Errors of the values are taken as independent of each other, to first order;
 * a name that occurs twice, also within metrics, counts once.
 */
void expr_eval(const struct expr *e, expr_get *get, void *arg,
	       struct expr_result *out);

#endif /* PFM_EXPR_H */
