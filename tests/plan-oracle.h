/* SPDX-License-Identifier: MIT
 *
 * plan-oracle.h - a list of events for the planner, and what is true of it by a
 * search that tries everything and knows matching by Hall's theorem only; and
 * whether a plan is legal, by the rules alone.
 */
#ifndef PFM_PLAN_ORACLE_H
#define PFM_PLAN_ORACLE_H

#include <stdio.h>
#include <string.h>

#include "../cmd/plan.h"

struct list {
	struct plan_pmu pmu;
	struct plan_event evs[PLAN_MAX];
	char names[PLAN_MAX][16];
	struct plan_job job;
};

static struct plan_event *add(struct list *l, const char *name, size_t len)
{
	struct plan_event *ev = &l->evs[l->job.n];

	snprintf(l->names[l->job.n], sizeof(l->names[0]), "%.*s", (int)len,
		 name);
	*ev = (struct plan_event){ .name = l->names[l->job.n++] };
	return ev;
}

static void begin(struct list *l, uint32_t counters, unsigned nsoft)
{
	l->pmu = (struct plan_pmu){ counters, nsoft };
	l->job = (struct plan_job){ &l->pmu, l->evs, 0 };
}

#define MAX_EVENTS 12
#define SUBSETS (1u << MAX_EVENTS)

/* What every set of events, as bits, is worth. */
struct oracle {
	const struct list *l;
	unsigned n, every, item[MAX_EVENTS]; /* a group's bits at its first */
	bool fit[SUBSETS];
	uint8_t sets[SUBSETS]; /* the fewest for these */
};

/* Every choice of registers for the words of a set, from event i on. */
static bool try_words(const struct plan_event *ev, unsigned set, unsigned i,
		      int *at)
{
	if (!(set >> i))
		return true;
	if (!(set >> i & 1) || !ev[i].nextra)
		return try_words(ev, set, i + 1, at);
	for (unsigned k = 0; k < ev[i].nextra; k++) {
		bool clash = false;

		at[i] = ev[i].extra[k];
		for (unsigned j = 0; j < i; j++)
			clash |= set >> j & 1 && ev[j].nextra &&
				 at[j] == at[i] && ev[j].word != ev[i].word;
		if (!clash && try_words(ev, set, i + 1, at))
			return true;
	}
	return false;
}

/* Every place of pairs and what is left for others; of few counters. */
static bool try_pairs(const struct list *l, unsigned set, uint32_t used)
{
	unsigned i = set ? (unsigned)__builtin_ctz(set) : 0;
	const struct plan_event *ev = &l->evs[i];

	if (!set)
		return true;
	if (ev->kind != PLAN_HW)
		return try_pairs(l, set & (set - 1), used);
	for (unsigned c = 0; c < 32; c++) {
		uint32_t bits = (ev->pair ? 3u : 1u) << c;

		if (ev->counters >> c & 1 && !(bits & used) &&
		    !(bits & ~l->pmu.counters) &&
		    (!ev->pair || (c < 16 && c % 2 == 0)) &&
		    try_pairs(l, set & (set - 1), used | bits))
			return true;
	}
	return false;
}

/*
 * Nothing in it is in the way; by Hall, where there are no pairs, events fit
 * when any of them want as many counters as they are.
 */
static bool try_set(const struct oracle *o, unsigned set, bool pairs)
{
	const struct plan_event *evs = o->l->evs;
	unsigned need = 0, nsoft = 0;
	int at[MAX_EVENTS];
	uint32_t want = 0;

	for (unsigned i = 0; i < o->n; i++) {
		if (!(set >> i & 1))
			continue;
		if (!o->fit[set & ~(1u << i)])
			return false;
		nsoft += evs[i].kind == PLAN_SOFT;
		need += evs[i].kind == PLAN_HW;
		want |= evs[i].kind == PLAN_HW ? evs[i].counters : 0;
	}
	if (nsoft > o->l->pmu.nsoft || !try_words(evs, set, 0, at))
		return false;
	if (pairs)
		return try_pairs(o->l, set, 0);
	return need <= (unsigned)__builtin_popcount(want & o->l->pmu.counters);
}

static void find_items(struct oracle *o)
{
	const struct plan_event *evs = o->l->evs;
	unsigned nsoft = 0;

	for (unsigned i = 0; i < o->n; i++)
		nsoft += evs[i].kind == PLAN_SOFT;
	for (unsigned i = 0; i < o->n; i++) {
		unsigned k = i;

		if (evs[i].control || evs[i].kind == PLAN_FREE ||
		    (evs[i].kind == PLAN_SOFT && nsoft <= o->l->pmu.nsoft)) {
			o->every |= 1u << i;
			continue;
		}
		for (unsigned j = 0; j < i; j++)
			if (evs[i].group && evs[j].group == evs[i].group &&
			    o->item[j]) {
				k = j;
				break;
			}
		o->item[k] |= 1u << i;
	}
}

/* false: what is in every set does not fit together. */
static bool ask(struct oracle *o, const struct list *l)
{
	bool pairs = false;

	memset(o, 0, sizeof(*o));
	o->l = l;
	o->n = l->job.n;
	for (unsigned i = 0; i < o->n; i++)
		pairs |= l->evs[i].pair;
	find_items(o);
	o->fit[0] = true;
	for (unsigned set = 1; set < 1u << o->n; set++)
		o->fit[set] = try_set(o, set, pairs);
	for (unsigned i = 0; i < o->n; i++)
		if (!o->fit[o->item[i] | o->every])
			o->item[i] = 0; /* nowhere */
	return o->fit[o->every];
}

/*
 * Lay out the items from i on in no more than max sets: the first layout there
 * is, in the order of the sets that events are in.
 */
static bool lay_out(const struct oracle *o, unsigned i, unsigned max,
		    unsigned *sets, unsigned *nsets, int *at)
{
	unsigned used = *nsets;

	while (i < o->n && !o->item[i])
		i++;
	if (i == o->n)
		return true;
	for (unsigned s = 0; s < max && s <= used; s++) {
		if (s == used)
			sets[s] = o->every;
		if (!o->fit[sets[s] | o->item[i]])
			continue;
		sets[s] |= o->item[i];
		*nsets = used + (s == used);
		at[i] = (int)s;
		if (lay_out(o, i + 1, max, sets, nsets, at))
			return true;
		sets[s] &= ~o->item[i];
		*nsets = used;
	}
	return false;
}

/* The most that one set can have, the first named first. */
static unsigned best_set(const struct oracle *o)
{
	unsigned best = o->every;

	for (unsigned set = 0; set < 1u << o->n; set++) {
		int more = __builtin_popcount(set) - __builtin_popcount(best);
		unsigned differ = set ^ best;

		if ((set & o->every) == o->every && o->fit[set] &&
		    (more > 0 || (more == 0 && differ & -differ & set)))
			best = set;
	}
	return best;
}

/* Is a set as plan_layout() has it legal, by the rules alone? */
static bool legal(const struct list *l, const struct plan_place *p, unsigned n)
{
	uint32_t used = 0, held = 0;
	uint64_t word[32];
	unsigned nsoft = 0;

	for (unsigned i = 0; i < n; i++, p++) {
		const struct plan_event *ev = &l->evs[p->event];
		uint32_t bits = (ev->pair ? 3u : 1u) << (p->counter & 31);
		bool extra = false;

		nsoft += ev->kind == PLAN_SOFT;
		if ((p->counter >= 0) != (ev->kind == PLAN_HW) ||
		    (p->extra >= 0) != !!ev->nextra)
			return false;
		if (ev->kind == PLAN_HW &&
		    (!(ev->counters >> p->counter & 1) || used & bits ||
		     bits & ~l->pmu.counters ||
		     (ev->pair && (p->counter > 15 || p->counter % 2))))
			return false;
		if (ev->kind == PLAN_HW)
			used |= bits;
		for (unsigned k = 0; k < ev->nextra; k++)
			extra |= p->extra == ev->extra[k];
		if (!ev->nextra)
			continue;
		if (!extra ||
		    (held >> p->extra & 1 && word[p->extra] != ev->word))
			return false;
		held |= 1u << p->extra;
		word[p->extra] = ev->word;
	}
	return nsoft <= l->pmu.nsoft;
}

/* Every set legal, every event in as many of them as it should be. */
static bool all_legal(const struct list *l, const struct plan *plan)
{
	struct plan_place places[PLAN_MAX];
	unsigned in[PLAN_MAX] = { 0 };

	for (unsigned set = 0; set < plan->nsets; set++) {
		unsigned n = plan_layout(&l->job, plan, set, places);

		if (!legal(l, places, n))
			return false;
		for (unsigned i = 0; i < n; i++)
			in[places[i].event]++;
	}
	for (unsigned i = 0; i < l->job.n; i++) {
		unsigned want = plan->set[i] == PLAN_EVERY ? plan->nsets :
							     plan->set[i] >= 0;

		if (in[i] != want)
			return false;
	}
	return true;
}

/* Where the search that tries everything has the events, and how many sets. */
static unsigned expect(const struct oracle *o, int *want)
{
	unsigned sets[MAX_EVENTS], max = 1, n = 0;
	int at[MAX_EVENTS];

	while (!lay_out(o, 0, max, sets, &n, at)) {
		max++;
		n = 0;
	}
	for (unsigned i = 0; i < o->n; i++)
		want[i] = o->every >> i & 1 ? PLAN_EVERY : PLAN_NOWHERE;
	for (unsigned i = 0; i < o->n; i++)
		for (unsigned k = 0; k < o->n; k++)
			if (o->item[i] >> k & 1)
				want[k] = at[i];
	return max;
}

#endif /* PFM_PLAN_ORACLE_H */
