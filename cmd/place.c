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

	at->places = xcalloc(s->nctrs, sizeof(*at->places));
	at->why = xcalloc(s->nctrs, sizeof(*at->why));
	return at;
}

void placing_free(struct placing *at)
{
	if (!at)
		return;
	free(at->places);
	free(at->why);
	free(at);
}

/*
 * Give up one event after another until the rest fits.  The library names the
 * last of the smallest set that does not, so that what is given up helps.
 */
static void place(struct session *s, int cpu, struct placing *at)
{
	const char *backend = s->msr ? "msr" : "auto";
	struct pfm_event *evs = xcalloc(s->nctrs, sizeof(*evs));
	struct pfm_place *places = xcalloc(s->nctrs, sizeof(*places));
	unsigned *index = xcalloc(s->nctrs, sizeof(*index));
	unsigned i, n, bad;

	memset(at->why, 0, s->nctrs * sizeof(*at->why));
	for (;;) {
		for (i = n = 0; i < s->nctrs; i++) {
			if (s->ctrs[i].reason || at->why[i])
				continue;
			index[n] = i;
			evs[n++] = s->ctrs[i].ev;
		}
		bad = n;
		if (!n || !pfm_event_assign(backend, cpu, evs, n, places, &bad))
			break;
		if ((errno != ENOSPC && errno != ENODEV && errno != EINVAL) ||
		    bad >= n)
			die("%s", pfm_reason());
		at->why[index[bad]] = session_keep(s, pfm_reason());
	}
	for (i = 0; i < n; i++)
		at->places[index[i]] = places[i];
	free(index);
	free(places);
	free(evs);
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
	unsigned i;

	for (i = 0; i < s->nctrs; i++)
		if (a->why[i] != b->why[i] ||
		    (!a->why[i] && !same_place(&a->places[i], &b->places[i])))
			return false;
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
	if (s->opt->events.n)
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
