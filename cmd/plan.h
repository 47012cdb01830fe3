/* SPDX-License-Identifier: MIT
 *
 * plan.h - which events stand in which event set, when they are too many for
 * one: as few sets as can be, and that shown to be the fewest.  What an event may
 * have is told by the caller, nothing is asked of the machine and nothing
 * printed; the library places the events of each set when it is loaded.
 */
#ifndef PFM_PLAN_H
#define PFM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAX 128     /* events */
#define PLAN_MAX_SETS 64 /* sets of a plan */
#define PLAN_MAX_SOFT 64 /* kernel events in a set */

enum plan_kind {
	PLAN_HW,   /* needs a counter */
	PLAN_SOFT, /* of the kernel: needs one of the places for such */
	PLAN_FREE, /* runs freely: needs nothing */
};

struct plan_event {
	const char *name; /* borrowed */
	enum plan_kind kind;
	uint32_t counters; /* PLAN_HW: bit n, it may have counter n; general
			      ones are 0 to 15, fixed ones 16 to 31 */
	bool pair;         /* it takes even counter n and n + 1 */
	uint8_t nextra;    /* registers that can hold its word; 0: no word */
	uint8_t extra[2];  /* their numbers, below 32 */
	uint64_t word;
	bool control;   /* it stands in every set */
	unsigned group; /* those of one number stay together; 0: of none */
};

struct plan_pmu {
	uint32_t counters; /* that are there and nobody holds, bits as above */
	unsigned nsoft; /* kernel events in a set; above PLAN_MAX_SOFT: that */
};

/* What a plan is made of; all borrowed. */
struct plan_job {
	const struct plan_pmu *pmu;
	const struct plan_event *evs;
	unsigned n;
};

/* In place of a set's number. */
#define PLAN_EVERY (-1)   /* it stands in every set, at no cost to others */
#define PLAN_NOWHERE (-2) /* it fits in no set: see plan_why() */

struct plan {
	unsigned nsets;    /* 1 or more */
	unsigned least;    /* proven: fewer sets than this do not do */
	bool minimal;      /* least is nsets; else the search was given up */
	int set[PLAN_MAX]; /* of each event */
};

/*
 * Plan.  0, or -ENOSPC: the control events do not fit together, and -E2BIG: more
 * than PLAN_MAX events, or PLAN_MAX_SETS sets.
 *
 * The number of sets is the smallest there is if minimal says so, which all
 * but contrived lists do.  Then, one event (or group) after the other in the
 * order given, each stands in the first set that leaves the number of sets as it
 * is.  Control events, events that run freely, and kernel events as long as all
 * have a place in one set, stand in every set.  The same list makes the same
 * plan.
 */
int plan_make(const struct plan_job *job, struct plan *plan);

/* Where an event stands in one set. */
struct plan_place {
	unsigned event;
	int counter; /* the even one of a pair; -1: it has none */
	int extra;   /* register of its word; -1: it has none */
};
/*
 * The events of a set in the order given, placed; how many.  places has room
 * for PLAN_MAX.
 */
unsigned plan_layout(const struct plan_job *job, const struct plan *plan,
		     unsigned set, struct plan_place *places);

/* Do these events (numbers in evs) fit in one set, nothing else in it? */
bool plan_fits(const struct plan_job *job, const unsigned *evs, unsigned n);

/* Why event i, with its group, fits in no set; returns buf. */
#define PLAN_WHY_MAX 256
const char *plan_why(const struct plan_job *job, unsigned i,
		     char buf[PLAN_WHY_MAX]);

/*
 * What to drop so that one set does: the fewest events (control ones never,
 * those of a group one by one), of several choices the one that keeps the
 * first named longest.  drop[i] is set for those; how many.  exact false: the
 * search was given up, and fewer may do.
 */
unsigned plan_drop(const struct plan_job *job, bool drop[PLAN_MAX],
		   bool *exact);

/*
 * The share of the time that event i is counted, sets having turns of the same
 * length: 1 in every set, 0 nowhere, else 1 / nsets.  That of a set is
 * 1 / nsets.
 */
double plan_duty(const struct plan *plan, unsigned i);

/*
 * How long to run.  After m slices of each of k sets the 95 % interval of an
 * event's total has the relative half width
 *
 *	error = t(m - 1) * cv * sqrt((1 - 1/k) / m)
 *
 * as estimate.h has it: cv is the coefficient of variation of its rate from
 * slice to slice (standard deviation by mean; 1 where nothing is known), t
 * Student's quantile, 1 - 1/k the share of time that is not seen.  Wanted is the
 * smallest m of at least PLAN_SLICES for which that is not above error; the time
 * is m * k slices.  One set is counted all the time, and takes none.
 */
#define PLAN_SLICES 10
/* m; 0: one set.  An error of 0 or less asks for PLAN_SLICES. */
double plan_slices(unsigned nsets, double cv, double error);
/* In the unit of slice. */
double plan_time(unsigned nsets, double slice, double cv, double error);

#endif /* PFM_PLAN_H */
