/* SPDX-License-Identifier: MIT
 *
 * assign-hw.c - which hardware counter each event of one set gets, and which
 * register its extra word.  Only masks are known here: what an event may have
 * is hw-rules.c's, the values of registers are assign.c's, and why events do not
 * fit is assign-why.c's.
 *
 * Counters and events are a bipartite graph, placed by augmenting paths as
 * Linux does.  A pair takes two counters: every choice of even counters is
 * tried.  Where an extra word goes has no influence on the counter, so the two
 * are solved apart, and what does not fit, does not fit in one of the two.
 */
#include "config.h"

#include <errno.h>

#include "event.h"

#define NCOUNTERS 32
#define GENERAL 0xffffu

/* Events on counters, one each. */
struct match {
	unsigned n;
	uint32_t counters, used; /* that may be, and are, used */
	uint8_t event[ASSIGN_MAX];
	uint32_t allowed[ASSIGN_MAX];
	uint8_t at[ASSIGN_MAX];   /* counter of a row */
	uint8_t owner[NCOUNTERS]; /* row on a used counter */
};

static void add_row(struct match *m, unsigned event, uint32_t allowed)
{
	m->event[m->n] = (uint8_t)event;
	m->allowed[m->n++] = allowed;
}

static void seat(struct match *m, unsigned row, unsigned c)
{
	m->at[row] = (uint8_t)c;
	m->owner[c] = (uint8_t)row;
	m->used |= 1u << c;
}

/*
 * The one to take first: fixed counters, since nothing else can use them, then
 * the highest, since the events that have no choice are bound to low ones.
 */
static unsigned prefer(uint32_t counters)
{
	uint32_t fixed = counters & ~GENERAL;

	return (unsigned)(fixed ? __builtin_ctz(fixed) :
				  31 - __builtin_clz(counters));
}

/* Find a counter for a row, moving others; seen are those tried before. */
static bool find_counter(struct match *m, unsigned row, uint32_t *seen)
{
	uint32_t can;

	while ((can = m->allowed[row] & m->counters & ~*seen)) {
		unsigned c = prefer(can);

		*seen |= 1u << c;
		if (!(m->used >> c & 1) || find_counter(m, m->owner[c], seen)) {
			seat(m, row, c);
			return true;
		}
	}
	return false;
}

static bool match_all(struct match *m)
{
	m->used = 0;
	if (m->n > (unsigned)__builtin_popcount(m->counters))
		return false;
	for (unsigned row = 0; row < m->n; row++) {
		uint32_t seen = 0;

		if (!find_counter(m, row, &seen))
			return false;
	}
	return true;
}

/* Use counter c too, moving rows along, in place of one that is not in keep. */
static bool cover(struct match *m, unsigned c, uint32_t keep, uint64_t *seen)
{
	for (unsigned row = 0; row < m->n; row++) {
		unsigned old = m->at[row];

		if (!(m->allowed[row] >> c & 1) || *seen >> row & 1)
			continue;
		*seen |= UINT64_C(1) << row;
		if (keep >> old & 1) {
			if (!cover(m, old, keep, seen))
				continue;
		} else {
			m->used &= ~(1u << old);
		}
		seat(m, row, c);
		return true;
	}
	return false;
}

/* Put a row on c, whose owner moves, and so on, but not from settled ones. */
static bool move(struct match *m, unsigned row, unsigned c, uint32_t settled)
{
	uint32_t seen = settled | 1u << c;
	unsigned old = m->at[row];

	if (c == old)
		return true;
	m->used &= ~(1u << old);
	if (!find_counter(m, m->owner[c], &seen)) {
		m->used |= 1u << old;
		return false;
	}
	seat(m, row, c);
	return true;
}

/*
 * Of all the ways to place what has been placed somehow, the one we prefer.
 * The sets of counters that can be used are the bases of a matroid, so taking
 * one counter after another gives the best; then each event in its turn.
 */
static void improve(struct match *m)
{
	uint32_t left = m->counters, keep = 0, settled = 0;

	for (; left && keep != m->used; left &= ~(1u << prefer(left))) {
		unsigned c = prefer(left);
		uint64_t seen = 0;

		if (m->used >> c & 1 || cover(m, c, keep, &seen))
			keep |= 1u << c;
	}
	m->counters = m->used;
	for (unsigned row = 0; row < m->n; row++) {
		uint32_t can = m->allowed[row] & m->counters & ~settled;

		while (!move(m, row, prefer(can), settled))
			can &= ~(1u << prefer(can));
		settled |= 1u << m->at[row];
	}
}

/* The even ones of free pairs. */
static uint32_t pair_slots(uint32_t pmds)
{
	return pmds & (pmds & GENERAL) >> 1 & 0x5555;
}

static bool place(const struct assign_hw *a, uint64_t set, struct match *pairs,
		  struct match *singles)
{
	uint32_t slots = pair_slots(a->pmds), s = slots;

	pairs->n = singles->n = 0;
	for (unsigned i = 0; i < a->n; i++)
		if (set >> i & 1)
			add_row(a->want[i].rule.pair ? pairs : singles, i,
				a->want[i].rule.pmds);
	for (;; s = (s - 1) & slots) {
		pairs->counters = s;
		singles->counters = a->pmds & ~(s | s << 1);
		if ((unsigned)__builtin_popcount(s) == pairs->n &&
		    match_all(pairs) && match_all(singles))
			return true;
		if (!s)
			return false;
	}
}

bool assign_counters_fit(const struct assign_hw *a, uint64_t set)
{
	struct match pairs, singles;

	return place(a, set, &pairs, &singles);
}

/* What the extra registers hold. */
struct words {
	uint32_t used;
	uint64_t value[HW_NPMCS];
};

/* Which alternative of an event holds its word; -1: none. */
static int find_word(const struct words *w, const struct assign_want *want)
{
	for (int alt = 0; alt < want->rule.nextra; alt++) {
		unsigned r = want->rule.extra[alt];

		if (w->used >> r & 1 && w->value[r] == want->arg)
			return alt;
	}
	return -1;
}

/*
 * Hold the words of all events from i on.  Each step down takes a register, of
 * which there are few.
 */
static bool hold(const struct assign_hw *a, uint64_t set, unsigned i,
		 struct words *w)
{
	const struct assign_want *want;

	for (; i < a->n; i++)
		if (set >> i & 1 && a->want[i].rule.nextra &&
		    find_word(w, &a->want[i]) < 0)
			break;
	if (i == a->n)
		return true;
	want = &a->want[i];
	for (unsigned alt = 0; alt < want->rule.nextra; alt++) {
		uint32_t bit = 1u << want->rule.extra[alt];

		if (w->used & bit)
			continue;
		w->used |= bit;
		w->value[want->rule.extra[alt]] = want->arg;
		if (hold(a, set, i + 1, w))
			return true;
		w->used &= ~bit;
	}
	return false;
}

bool assign_words_fit(const struct assign_hw *a, uint64_t set)
{
	struct words w = { 0 };

	return hold(a, set, 0, &w);
}

static void take(struct assign_hw *a, struct match *m)
{
	improve(m);
	for (unsigned row = 0; row < m->n; row++)
		a->got[m->event[row]].pmd = m->at[row];
}

int assign_hw(struct assign_hw *a)
{
	uint64_t all = a->n < 64 ? (UINT64_C(1) << a->n) - 1 : UINT64_MAX;
	struct match pairs, singles;
	struct words w = { 0 };

	if (!place(a, all, &pairs, &singles) || !hold(a, all, 0, &w)) {
		assign_explain(a, all);
		return -ENOSPC;
	}
	take(a, &pairs);
	take(a, &singles);
	for (unsigned i = 0; i < a->n; i++)
		a->got[i].alt = a->want[i].rule.nextra ?
					(uint8_t)find_word(&w, &a->want[i]) :
					0;
	return 0;
}
