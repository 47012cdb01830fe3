/* SPDX-License-Identifier: MIT
 *
 * assign-why.c - why events of one set do not fit on the counters together: the
 * smallest set of them that does not, and that in a sentence.  How those that
 * fit are placed is in assign-hw.c.
 */
#include "config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

#define NCOUNTERS 32
#define GENERAL 0xffffu
#define NAME_MAX_SHOWN 80 /* bytes of an event's name */
#define MORE_SIZE sizeof(" and 64 more")

static unsigned count(uint64_t set)
{
	return (unsigned)__builtin_popcountll(set);
}

static uint64_t bit(unsigned i)
{
	return UINT64_C(1) << i;
}

/*
 * What does not fit, in few words: nothing can be left out of it.  The last are
 * left out first, so that it is early events which stay.
 */
static uint64_t reduce(const struct assign_hw *a, uint64_t set,
		       bool (*fits)(const struct assign_hw *, uint64_t))
{
	for (unsigned i = a->n; i-- > 0;)
		if (set >> i & 1 && !fits(a, set & ~bit(i)))
			set &= ~bit(i);
	return set;
}

/* Counters that the same events want are one column. */
#define MAX_COLUMNS 16
struct graph {
	uint64_t events;
	unsigned ncolumns;
	uint64_t wanted[NCOUNTERS]; /* by these events */
	unsigned weight[NCOUNTERS]; /* in counters */
};

static uint64_t wanted_by(const struct assign_hw *a, uint64_t set, unsigned c)
{
	uint64_t by = 0;

	for (unsigned i = 0; i < a->n; i++)
		if (set >> i & 1 && a->want[i].rule.pmds >> c & 1)
			by |= bit(i);
	return by;
}

/*
 * Of the smallest set that does not fit no event has a counter that the others
 * do not want: without it the rest would not fit, either.
 */
static uint64_t contended(const struct assign_hw *a, uint64_t set)
{
	uint64_t before, by;

	do {
		before = set;
		for (unsigned c = 0; c < NCOUNTERS; c++) {
			by = a->pmds >> c & 1 ? wanted_by(a, set, c) : 0;
			if (count(by) == 1)
				set &= ~by;
		}
	} while (set != before);
	return set;
}

static void add_column(struct graph *g, uint64_t wanted)
{
	unsigned k = 0;

	while (k < g->ncolumns && g->wanted[k] != wanted)
		k++;
	if (k == g->ncolumns) {
		g->wanted[g->ncolumns++] = wanted;
		g->weight[k] = 0;
	}
	g->weight[k]++;
}

/* The events that want nothing but these columns. */
static uint64_t within(const struct graph *g, uint32_t columns)
{
	uint64_t set = g->events;

	for (unsigned k = 0; k < g->ncolumns; k++)
		if (!(columns >> k & 1))
			set &= ~g->wanted[k];
	return set;
}

/*
 * For every set of columns: how many events want nothing else, less how many
 * counters that is.  The sum over all subsets, one column after another.
 */
static void sum_excess(const struct graph *g, int8_t *excess)
{
	uint32_t all = (1u << g->ncolumns) - 1;

	for (unsigned i = 0; i < ASSIGN_MAX; i++) {
		uint32_t columns = 0;

		for (unsigned k = 0; k < g->ncolumns; k++)
			columns |= (uint32_t)(g->wanted[k] >> i & 1) << k;
		if (g->events >> i & 1)
			excess[columns]++;
	}
	for (unsigned k = 0; k < g->ncolumns; k++)
		excess[1u << k] -= (int8_t)g->weight[k];
	for (unsigned k = 0; k < g->ncolumns; k++)
		for (uint32_t u = 1u << k; u <= all; u = (u + 1) | 1u << k)
			excess[u] += excess[u ^ 1u << k];
}

static unsigned weigh(const struct graph *g, uint32_t columns)
{
	unsigned weight = 0;

	for (unsigned k = 0; k < g->ncolumns; k++)
		weight += columns >> k & 1 ? g->weight[k] : 0;
	return weight;
}

/* The smallest set of one event more than it has counters; 0: there is none. */
static uint64_t find_crowd(const struct graph *g, int8_t *excess)
{
	uint32_t all = (1u << g->ncolumns) - 1, best = 0;
	unsigned weight = UINT_MAX;
	uint64_t set;

	sum_excess(g, excess);
	for (uint32_t u = 0; u <= all; u++)
		if (excess[u] > 0 && weigh(g, u) < weight) {
			best = u;
			weight = weigh(g, u);
		}
	if (weight == UINT_MAX)
		return 0;
	set = within(g, best);
	while (count(set) > weight + 1)
		set &= ~bit(63 - (unsigned)__builtin_clzll(set));
	return set;
}

/*
 * Hall's theorem: events that are not pairs do not fit when some of them want
 * fewer counters together than they are.  The fewest such; exact up to
 * MAX_COLUMNS, which no CPU's counters exceed today, else merely not reducible.
 * 0: all fit.
 */
static uint64_t smallest_crowd(const struct assign_hw *a, uint64_t set)
{
	struct graph g = { .events = contended(a, set) };
	uint64_t crowd;
	int8_t *excess;

	for (unsigned c = 0; c < NCOUNTERS; c++) {
		uint64_t by = a->pmds >> c & 1 ? wanted_by(a, g.events, c) : 0;

		if (by)
			add_column(&g, by);
	}
	excess = g.ncolumns > MAX_COLUMNS ? NULL :
					    calloc((size_t)1 << g.ncolumns, 1);
	if (!excess)
		return assign_counters_fit(a, set) ?
			       0 :
			       reduce(a, set, assign_counters_fit);
	crowd = find_crowd(&g, excess);
	free(excess);
	return crowd;
}

/*
 * The fewest events whose extra words do not fit together: two, or what cannot
 * be reduced.  That is three, since alternatives come in twos on every CPU.
 */
static uint64_t smallest_clash(const struct assign_hw *a, uint64_t all)
{
	for (unsigned i = 0; i < a->n; i++)
		for (unsigned j = 0; j < i; j++)
			if (!assign_words_fit(a, bit(i) | bit(j)))
				return bit(i) | bit(j);
	return reduce(a, all, assign_words_fit);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return !a || (b && count(b) < count(a)) ? b : a;
}

static uint64_t smallest(const struct assign_hw *a, uint64_t all)
{
	uint64_t pairs = 0, found;

	for (unsigned i = 0; i < a->n; i++)
		if (a->want[i].rule.pair)
			pairs |= bit(i);
	found = smallest_crowd(a, all & ~pairs);
	if (pairs && !assign_counters_fit(a, all))
		found = smaller(found, reduce(a, all, assign_counters_fit));
	if (!assign_words_fit(a, all))
		found = smaller(found, smallest_clash(a, all));
	return found;
}

/* Append to the reason. */
static void say(struct assign_hw *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(struct assign_hw *a, const char *fmt, ...)
{
	size_t len = strlen(a->why);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why + len, sizeof(a->why) - len, fmt, ap);
	va_end(ap);
}

/* "0-3, fixed 0-2" */
static void say_numbers(struct assign_hw *a, uint32_t pmds)
{
	const char *before = "";

	for (unsigned c = 0; c < NCOUNTERS; c++) {
		unsigned last = c;

		if (!(pmds >> c & 1))
			continue;
		while (last % 16 < 15 && pmds >> (last + 1) & 1)
			last++;
		say(a, "%s", before);
		if (c >= 16 && !(pmds & ~GENERAL & ((1u << c) - 1)))
			say(a, "fixed ");
		say(a, "%u", c % 16);
		if (last > c)
			say(a, "-%u", last % 16);
		before = ", ";
		c = last;
	}
}

/* "counter 2", "fixed counter 2", "one of counters 0-3" */
static void say_needed(struct assign_hw *a, uint32_t pmds)
{
	if (count(pmds) == 1 && pmds & ~GENERAL) {
		say(a, "fixed counter %u", (unsigned)__builtin_ctz(pmds) - 16);
		return;
	}
	say(a, count(pmds) == 1 ? "counter " : "one of counters ");
	say_numbers(a, pmds);
}

/* The names, as many as leave room for what follows. */
static void say_names(struct assign_hw *a, const char *after)
{
	size_t room = sizeof(a->why) - strlen(after);
	const char *before = ": ";

	for (uint64_t left = a->culprits; left; left &= left - 1) {
		const char *name = a->want[__builtin_ctzll(left)].name;
		size_t size = strnlen(name, NAME_MAX_SHOWN) +
			      (count(left) > 1 ? MORE_SIZE : 1);

		if (strlen(a->why) + strlen(": ''") + size > room) {
			say(a, " and %u more", count(left));
			break;
		}
		say(a, "%s'%.*s'", before, NAME_MAX_SHOWN, name);
		before = ", ";
	}
	say(a, "%s", after);
}

/* What the culprits could have, and how many of them take two counters. */
static uint32_t could_have(const struct assign_hw *a, unsigned *npairs)
{
	uint32_t pmds = 0;

	*npairs = 0;
	for (unsigned i = 0; i < a->n; i++) {
		const struct hw_rule *rule = &a->want[i].rule;

		if (!(a->culprits >> i & 1))
			continue;
		pmds |= rule->pmds;
		if (rule->pair) {
			pmds |= (rule->pmds & 0x5555) << 1;
			++*npairs;
		}
	}
	return pmds;
}

static void explain_one(struct assign_hw *a, uint32_t pmds, bool pair)
{
	say(a, "event '%.*s' needs ", NAME_MAX_SHOWN,
	    a->want[__builtin_ctzll(a->culprits)].name);
	if (pair) {
		say(a, "an even counter and the next, of ");
		say_numbers(a, pmds);
		say(a, ": no two are free");
	} else {
		say_needed(a, pmds);
		say(a, count(pmds) == 1 ? ", which is not free" :
					  ", and none is free");
	}
}

static void explain_counters(struct assign_hw *a)
{
	unsigned n = count(a->culprits), npairs;
	uint32_t could = could_have(a, &npairs), have = could & a->pmds;
	const char *after = could == have ? "" : a->taken;

	if (n == 1) {
		explain_one(a, could, npairs);
		say(a, "%s", after);
		return;
	}
	if (could == have && count(have) == 1) {
		say(a, "%u events need ", n);
		say_needed(a, have);
		say(a, " only");
		say_names(a, after);
		return;
	}
	say(a, "%u events, ", n);
	if (npairs)
		say(a, "%u of which take%s two counters, ", npairs,
		    npairs == 1 ? "s" : "");
	say(a, "%u %scounter%s (", count(have), could == have ? "" : "free ",
	    count(have) == 1 ? "" : "s");
	say_numbers(a, have);
	say(a, ")");
	say_names(a, after);
}

/* "offcore " and so on, when all these extra registers are for the same. */
static const char *name_words(uint32_t regs)
{
	static const struct {
		unsigned first, last;
		const char *name;
	} kinds[] = {
		{ HW_PMC_LD_LAT, HW_PMC_LD_LAT, "load latency " },
		{ HW_PMC_OFFCORE0, HW_PMC_OFFCORE1, "offcore " },
		{ HW_PMC_FRONTEND, HW_PMC_FRONTEND, "frontend " },
		{ HW_PMC_SNOOP0, HW_PMC_SNOOP1, "snoop " },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!(regs & ~((2u << kinds[i].last) - (1u << kinds[i].first))))
			return kinds[i].name;
	return "";
}

static unsigned count_words(const struct assign_hw *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->n; i++) {
		bool again = !(a->culprits >> i & 1);

		for (unsigned j = 0; j < i && !again; j++)
			again = a->culprits >> j & 1 &&
				a->want[i].arg == a->want[j].arg;
		n += !again;
	}
	return n;
}

static void explain_words(struct assign_hw *a)
{
	unsigned n = count(a->culprits), nregs;
	uint32_t regs = 0;

	for (unsigned i = 0; i < a->n; i++)
		for (unsigned alt = 0; alt < a->want[i].rule.nextra; alt++)
			if (a->culprits >> i & 1)
				regs |= 1u << a->want[i].rule.extra[alt];
	nregs = count(regs);
	if (count_words(a) == n && n > nregs)
		say(a, "%u different %swords, %u register%s", n,
		    name_words(regs), nregs, nregs == 1 ? "" : "s");
	else
		say(a, "the %swords of %u events do not fit in %u registers",
		    name_words(regs), n, nregs);
	say_names(a, "");
}

void assign_explain(struct assign_hw *a, uint64_t all)
{
	a->culprits = smallest(a, all);
	a->why[0] = '\0';
	if (assign_counters_fit(a, a->culprits))
		explain_words(a);
	else
		explain_counters(a);
}
