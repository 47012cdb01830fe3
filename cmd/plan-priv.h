/* SPDX-License-Identifier: MIT
 *
 * plan-priv.h - what the files plan*.c share: rows on places of sets, which
 * plan-match.c matches, and whether events fit in one set.
 */
#ifndef PFM_PLAN_PRIV_H
#define PFM_PLAN_PRIV_H

#include "plan.h"

#define PLAN_PLACES 64 /* of a set, in each kind of matching */
#define PLAN_SET_ROWS (32 + PLAN_MAX_SOFT)
#define PLAN_ROWS (PLAN_MAX_SETS * PLAN_PLACES + 2 * PLAN_MAX)

/* Rows, each of which has a place of one of the sets. */
struct plan_match {
	unsigned nsets, n;
	uint64_t sets[PLAN_ROWS], places[PLAN_ROWS]; /* that a row may have */
	uint8_t set[PLAN_ROWS], place[PLAN_ROWS];    /* that it has */
	uint64_t used[PLAN_MAX_SETS], seen[PLAN_MAX_SETS];
	uint16_t owner[PLAN_MAX_SETS][PLAN_PLACES]; /* of a used place */
};
/* Start with no row; add one, moving others, or false: there is no place. */
void match_clear(struct plan_match *m, unsigned nsets);
bool match_add(struct plan_match *m, uint64_t sets, uint64_t places);

/* Events of one set, none of them free. */
struct plan_bin {
	unsigned n;
	uint8_t ev[PLAN_SET_ROWS];
};
/* false: there is no room for so many. */
bool bin_add(struct plan_bin *b, unsigned event);
/* The control events that take a place. */
void bin_control(const struct plan_job *job, struct plan_bin *b);
/* Do they fit; the words, and the counters alone?  m is room to work in. */
bool bin_fits(const struct plan_job *job, struct plan_match *m,
	      const struct plan_bin *b);
bool bin_words_fit(const struct plan_job *job, const struct plan_bin *b);
bool bin_counters_fit(const struct plan_job *job, struct plan_match *m,
		      const struct plan_bin *b);

/* Where it may stand: counters, of a pair the even one; or the kernel's. */
uint64_t plan_places(const struct plan_job *job, unsigned i);
/* Does it stand in every set, for nothing or since all like it have room? */
bool plan_is_free(const struct plan_job *job, unsigned i);
/* The registers that can hold its word. */
uint64_t plan_registers(const struct plan_job *job, unsigned i);
/* An event with its word, a control event if there is; PLAN_MAX: no word. */
unsigned plan_word(const struct plan_job *job, unsigned i);
/* May one stand for the other, but for the value of the word? */
bool plan_alike(const struct plan_event *a, const struct plan_event *b);

#endif /* PFM_PLAN_PRIV_H */
