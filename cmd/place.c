/* SPDX-License-Identifier: MIT
 *
 * place.c - which registers the counters get.  For perf they are the same
 * everywhere; for the registers themselves each CPU has its own: its kind may
 * differ, and somebody may use some of its counters.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct placing *placing_new(const struct session *s)
{
	struct placing *at = xcalloc(1, sizeof(*at));

	at->in = xcalloc(s->nctrs, sizeof(*at->in));
	at->why = xcalloc(s->nctrs, sizeof(*at->why));
	return at;
}

void placing_free(struct placing *at)
{
	if (!at)
		return;
	free(at->in);
	free(at->switcher);
	free(at->places);
	free(at->why);
	free(at);
}

int place_together(struct session *s, int cpu, const unsigned *index,
		   unsigned n, struct pfm_place *places,
		   struct pfm_place *switcher, unsigned *bad)
{
	unsigned i, all = n + !!switcher, first = all;
	struct pfm_event *evs = xcalloc(all + 1, sizeof(*evs));
	struct pfm_place *at = xcalloc(all + 1, sizeof(*at));
	int ret = 0;

	for (i = 0; i < n; i++)
		evs[i] = s->ctrs[index[i]].ev;
	if (switcher)
		evs[n] = s->switcher;
	if (all)
		ret = pfm_event_assign(s->msr ? "msr" : "auto", cpu, evs, all,
				       at, &first);
	memcpy(places, at, n * sizeof(*at));
	if (switcher)
		*switcher = at[n];
	free(at);
	free(evs);
	if (ret == 0)
		return 0;
	if ((errno != ENOSPC && errno != ENODEV && errno != EINVAL) ||
	    first >= all || !n)
		die("%s", pfm_reason());
	*bad = index[first < n ? first : n - 1];
	return -1;
}

/* All that have no reason against it, in one set; the index of who is. */
static unsigned place_one_set(struct session *s, int cpu, struct placing *at,
			      unsigned *bad)
{
	struct pfm_place *places = xcalloc(s->nctrs, sizeof(*places));
	unsigned *index = xcalloc(s->nctrs, sizeof(*index));
	unsigned i, n = 0;
	int ret;

	for (i = 0; i < s->nctrs; i++)
		if (!s->ctrs[i].reason && !at->why[i])
			index[n++] = i;
	ret = place_together(s, cpu, index, n, places, NULL, bad);
	for (i = 0; i < n && ret == 0; i++) {
		at->in[index[i]] = 1;
		*placing_at(s, at, 0, index[i]) = places[i];
	}
	free(index);
	free(places);
	return ret == 0;
}

/*
 * One set if all fit, else as many as it takes, where they were asked for.  The
 * usual events rather give one up after another until the rest fits: the library
 * names the last of the smallest set that does not, so that it helps.
 */
static void place(struct session *s, int cpu, struct placing *at)
{
	unsigned bad;

	memset(at->why, 0, s->nctrs * sizeof(*at->why));
	free(at->places);
	at->places = NULL;
	if (s->nlists && mux_plan(s, cpu, at))
		return;
	at->nsets = 1;
	at->places = xcalloc(s->nctrs, sizeof(*at->places));
	while (!place_one_set(s, cpu, at, &bad))
		at->why[bad] = session_keep(s, pfm_reason());
}

static bool same_pmc(const pfarg_pmc_t *a, const pfarg_pmc_t *b)
{
	return a->reg_num == b->reg_num && a->reg_value == b->reg_value;
}

static bool same_place(const struct pfm_place *a, const struct pfm_place *b)
{
	unsigned k;

	if (a->pmd != b->pmd || a->npmcs != b->npmcs)
		return false;
	for (k = 0; k < a->npmcs; k++)
		if (!same_pmc(&a->pmc[k], &b->pmc[k]))
			return false;
	return true;
}

static bool same_placing(const struct session *s, const struct placing *a,
			 const struct placing *b)
{
	unsigned i, set;

	if (a->nsets != b->nsets)
		return false;
	for (i = 0; i < s->nctrs; i++) {
		if (a->why[i] != b->why[i] || a->in[i] != b->in[i])
			return false;
		for (set = 0; set < a->nsets; set++)
			if (!same_place(placing_at(s, a, set, i),
					placing_at(s, b, set, i)))
				return false;
	}
	return true;
}

void placing_group(const struct session *s, unsigned i, struct cpus *cpus)
{
	const struct placing *at = s->slots[i].at;

	*cpus = (struct cpus){ 0 };
	for (; i < s->nslots; i++)
		if (same_placing(s, at, s->slots[i].at))
			cpus_set(cpus, (unsigned)s->slots[i].cpu);
}

bool placing_shown(const struct session *s, unsigned i)
{
	unsigned k;

	for (k = 0; k < i; k++)
		if (same_placing(s, s->slots[k].at, s->slots[i].at))
			return true;
	return false;
}

/* It fits nowhere: asked for, that is an error. */
static void give_up(const struct session *s, struct counter *c, const char *why)
{
	if (s->opt->events.n > c->list)
		die("%s", why);
	counter_drop(c, "%s", counter_reason(c, why));
}

void place_common(struct session *s)
{
	unsigned i;

	if (!s->common)
		s->common = placing_new(s);
	place(s, -1, s->common);
	for (i = 0; i < s->nctrs; i++)
		if (s->common->why[i])
			give_up(s, &s->ctrs[i], s->common->why[i]);
}

struct placing *place_on_cpu(struct session *s, int cpu)
{
	struct placing *at = placing_new(s);

	place(s, cpu, at);
	return at;
}

void place_settle(struct session *s)
{
	unsigned i, k;

	for (i = 0; i < s->nctrs; i++) {
		for (k = 0; k < s->nslots; k++)
			if (!s->slots[k].at->why[i])
				break;
		if (k > 0 && k == s->nslots && !s->ctrs[i].reason)
			give_up(s, &s->ctrs[i], s->slots[0].at->why[i]);
	}
}
