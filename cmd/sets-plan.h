/* SPDX-License-Identifier: MIT
 *
 * sets-plan.h - the parts of pfmon sets plan: the counters as columns, and what
 * is said beneath them.
 */
#ifndef PFM_SETS_PLAN_H
#define PFM_SETS_PLAN_H

#include "count.h"

#define FIRST_FIXED 16 /* PMDs of the PMU: general, fixed, free-running, */
#define FIRST_FREE 64  /* see libpfmcore(3) */

/* A counter of the PMU: one column. */
struct plan_column {
	unsigned pmd;
	char title[16];
	char owner[80]; /* who else has it, or "" */
	int width;
};

struct plan_view {
	struct session *s;
	struct output *out;
	const struct placing *at;
	int cpu;                     /* -1: any */
	struct plan_column *columns; /* owned */
	unsigned ncolumns;
};

/* sets-layout.c */
void plan_columns(struct plan_view *v); /* to be freed */
void plan_table(const struct plan_view *v);
/* What others have of the counters, as bits; the watchdog's apart. */
uint32_t plan_taken(const struct plan_view *v, bool watchdog);

#endif /* PFM_SETS_PLAN_H */
