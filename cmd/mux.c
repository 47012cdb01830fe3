/* SPDX-License-Identifier: MIT
 *
 * mux.c - more events than counters: which sets take turns.
 *
 * Each -e is a set.  If all fit together they are one, and where one alone does
 * not fit it becomes as many as it takes (plan.c).  Cycles and instructions, to
 * which everything is compared, are in every set that has room for them.
 */
#include "config.h"

#include "count.h"
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* As long as the lengths of runs may differ from their mean, percent. */
#define JITTER 75

/* Of the events of one CPU, or anywhere. */
struct plan_of {
	struct session *s;
	int cpu;
	struct placing *at;
	unsigned *index; /* counters that need one of the PMU's; owned */
	unsigned n;
};

/* In a set with any others, or beside them; as was asked for, in its own. */
static bool is_free(const struct plan_of *p, const struct counter *c)
{
	return !p->s->opt->no_merge && !counter_needs_pmu(c);
}

static bool fits(const struct plan_of *p, const unsigned *index, unsigned n)
{
	struct pfm_place *places = xcalloc(n + 1, sizeof(*places));
	struct pfm_place end;
	unsigned bad;
	int ret = place_together(p->s, p->cpu, index, n, places,
				 p->s->switch_period ? &end : NULL, &bad);

	free(places);
	return ret == 0;
}

/* The counters of the set, those without one of the PMU's included. */
static unsigned set_index(const struct plan_of *p, unsigned set,
			  unsigned *index)
{
	unsigned i, n = 0;

	for (i = 0; i < p->s->nctrs; i++)
		if (p->at->in[i] >> set & 1)
			index[n++] = i;
	return n;
}

/* What can never be counted here, even alone, is left out. */
static void find_needy(struct plan_of *p)
{
	unsigned i;

	p->index = xcalloc(p->s->nctrs, sizeof(*p->index));
	for (i = 0; i < p->s->nctrs; i++) {
		const struct counter *c = &p->s->ctrs[i];

		p->at->in[i] = 0;
		if (c->reason || is_free(p, c))
			continue;
		if (fits(p, &i, 1))
			p->index[p->n++] = i;
		else
			p->at->why[i] = session_keep(p->s, pfm_reason());
	}
}

static unsigned new_set(struct plan_of *p)
{
	if (p->at->nsets == SETS_MAX)
		die("more than %d event sets: count fewer events at a time",
		    SETS_MAX);
	return p->at->nsets++;
}

/* The counters of one -e. */
static unsigned list_index(const struct plan_of *p, unsigned list,
			   unsigned *index)
{
	unsigned i, n = 0;

	for (i = 0; i < p->n; i++)
		if (p->s->ctrs[p->index[i]].list == list)
			index[n++] = p->index[i];
	return n;
}

bool is_control(const struct counter *c)
{
	size_t len = strcspn(c->label, ":");

	return (len == 6 && !strncasecmp(c->label, "cycles", len)) ||
	       (len == 12 && !strncasecmp(c->label, "instructions", len));
}

static void describe(const struct plan_of *p, const struct pfm_event *ev,
		     struct plan_event *e, uint32_t *free)
{
	struct pfm_need need;

	if (pfm_event_need(p->s->msr ? "msr" : "auto", p->cpu, ev, &need) < 0)
		die("%s", pfm_reason());
	*free = need.free;
	*e = (struct plan_event){
		.name = ev->name,
		.kind = need.counters ? PLAN_HW : PLAN_FREE,
		.counters = need.counters,
		.pair = need.pair,
		.nextra = need.nextra,
		.extra = { need.extra[0], need.extra[1] },
		.word = need.word,
	};
}

/*
 * The controls in every set, if that takes no more sets; in one of them if it
 * does.
 */
static void make_plan(const struct plan_of *p, struct plan_job *job,
		      struct plan_event *evs, const unsigned *index, unsigned n,
		      struct plan *plan)
{
	struct plan with;
	bool any = false;
	unsigned i;

	if (plan_make(job, plan) < 0)
		die("-e: too many events for %d sets", PLAN_MAX_SETS);
	for (i = 0; i < n; i++) {
		evs[i].control = is_control(&p->s->ctrs[index[i]]);
		any |= evs[i].control;
	}
	if (any && plan_make(job, &with) == 0 && with.nsets <= plan->nsets)
		*plan = with;
}

/* Who belongs together and does not fit: the library knows who has the rest. */
static const char *why_nowhere(const struct plan_of *p, const unsigned *index,
			       unsigned n, unsigned i)
{
	unsigned brace = p->s->ctrs[index[i]].brace, m = 0, k;
	unsigned *together = xcalloc(n, sizeof(*together));

	for (k = 0; k < n; k++)
		if (k == i || (brace && p->s->ctrs[index[k]].brace == brace))
			together[m++] = index[k];
	fits(p, together, m);
	free(together);
	return session_keep(p->s, pfm_reason());
}

/* As few sets as can be; what is in {} stays together. */
static void split_list(struct plan_of *p, const unsigned *index, unsigned n)
{
	struct plan_event *evs = xcalloc(n + 1, sizeof(*evs));
	struct plan_pmu pmu = { .nsoft = PLAN_MAX_SOFT };
	struct plan_job job = { .pmu = &pmu, .evs = evs, .n = n };
	struct plan *plan = xcalloc(1, sizeof(*plan));
	unsigned first = p->at->nsets, i;

	if (n >= PLAN_MAX)
		die("-e: %u events: %d is the most", n, PLAN_MAX - 1);
	for (i = 0; i < n; i++) {
		describe(p, &p->s->ctrs[index[i]].ev, &evs[i], &pmu.counters);
		evs[i].group = p->s->ctrs[index[i]].brace;
	}
	if (p->s->switch_period) {
		describe(p, &p->s->switcher, &evs[n], &pmu.counters);
		evs[n].control = true;
		job.n++;
	}
	make_plan(p, &job, evs, index, n, plan);
	for (i = 0; i < plan->nsets; i++)
		new_set(p);
	for (i = 0; i < n; i++) {
		uint64_t all = UINT64_MAX >> (64 - plan->nsets);

		if (plan->set[i] == PLAN_NOWHERE) {
			p->at->why[index[i]] = why_nowhere(p, index, n, i);
			continue;
		}
		p->at->in[index[i]] |= (plan->set[i] == PLAN_EVERY ?
						all :
						UINT64_C(1) << plan->set[i])
				       << first;
	}
	free(plan);
	free(evs);
}

static void make_sets(struct plan_of *p)
{
	unsigned *index = xcalloc(p->s->nctrs, sizeof(*index)), list, n, i, set;

	for (list = 0; list < p->s->nlists; list++) {
		n = list_index(p, list, index);
		if (!n)
			continue;
		if (!fits(p, index, n)) {
			split_list(p, index, n);
			continue;
		}
		set = new_set(p);
		for (i = 0; i < n; i++)
			p->at->in[index[i]] |= UINT64_C(1) << set;
	}
	free(index);
}

static void add_control(struct plan_of *p, unsigned i)
{
	unsigned *index = xcalloc(p->s->nctrs + 1, sizeof(*index)), set, n;

	for (set = 0; set < p->at->nsets; set++) {
		n = set_index(p, set, index);
		index[n] = i;
		if (!(p->at->in[i] >> set & 1) && fits(p, index, n + 1))
			p->at->in[i] |= UINT64_C(1) << set;
	}
	free(index);
}

static uint64_t all_sets(const struct placing *at)
{
	return UINT64_MAX >> (64 - at->nsets);
}

/* Registers for the set's counters; they fit, as was seen. */
static void place_set(struct plan_of *p, unsigned set)
{
	unsigned *index = xcalloc(p->s->nctrs, sizeof(*index)), n, i, bad;
	struct pfm_place *places = xcalloc(p->s->nctrs, sizeof(*places));

	n = set_index(p, set, index);
	if (place_together(p->s, p->cpu, index, n, places,
			   p->s->switch_period ? &p->at->switcher[set] : NULL,
			   &bad) < 0)
		die("%s", pfm_reason());
	for (i = 0; i < n; i++)
		*placing_at(p->s, p->at, set, index[i]) = places[i];
	free(index);
	free(places);
}

/* A context of their own, in which they are set 0's. */
static void place_beside(struct plan_of *p)
{
	unsigned *index = xcalloc(p->s->nctrs, sizeof(*index)), n = 0, i, bad;
	struct pfm_place *places = xcalloc(p->s->nctrs, sizeof(*places));

	for (i = 0; i < p->s->nctrs; i++)
		if (!p->s->ctrs[i].reason && !p->at->why[i] && !p->at->in[i])
			index[n++] = i;
	if (place_together(p->s, p->cpu, index, n, places, NULL, &bad) < 0)
		die("%s", pfm_reason());
	for (i = 0; i < n; i++)
		*placing_at(p->s, p->at, 0, index[i]) = places[i];
	free(index);
	free(places);
}

static void place_sets(struct plan_of *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (is_control(&p->s->ctrs[p->index[i]]))
			add_control(p, p->index[i]);
	for (i = 0; p->s->msr && i < p->s->nctrs; i++)
		if (!p->s->ctrs[i].reason && is_free(p, &p->s->ctrs[i]))
			p->at->in[i] = all_sets(p->at);
	p->at->places = xcalloc((size_t)p->at->nsets * p->s->nctrs,
				sizeof(*p->at->places));
	p->at->switcher = xcalloc(p->at->nsets, sizeof(*p->at->switcher));
	for (i = 0; i < p->at->nsets; i++)
		place_set(p, i);
	place_beside(p);
}

bool mux_plan(struct session *s, int cpu, struct placing *at)
{
	struct plan_of p = { .s = s, .cpu = cpu, .at = at };
	bool several = true;

	find_needy(&p);
	at->nsets = 0;
	if (!s->opt->no_merge && fits(&p, p.index, p.n))
		several = false;
	if (several)
		make_sets(&p);
	several = at->nsets > 1;
	if (several)
		place_sets(&p);
	free(p.index);
	return several;
}

unsigned mux_drop(struct session *s, int cpu, const struct placing *at,
		  uint32_t more, bool *drop, unsigned *nsets)
{
	struct plan_of p = { .s = s, .cpu = cpu };
	unsigned *index = xcalloc(s->nctrs, sizeof(*index)), n = 0, i, count;
	struct plan_event *evs = xcalloc(s->nctrs + 1, sizeof(*evs));
	struct plan_pmu pmu = { .nsoft = PLAN_MAX_SOFT };
	struct plan_job job = { .pmu = &pmu, .evs = evs };
	struct plan *plan = xcalloc(1, sizeof(*plan));
	bool dropped[PLAN_MAX] = { false }, exact;

	for (i = 0; i < s->nctrs && n < PLAN_MAX; i++) {
		if (s->ctrs[i].reason || at->why[i] || is_free(&p, &s->ctrs[i]))
			continue;
		describe(&p, &s->ctrs[i].ev, &evs[n], &pmu.counters);
		evs[n].group = s->ctrs[i].brace;
		index[n++] = i;
	}
	pmu.counters |= more;
	job.n = n;
	make_plan(&p, &job, evs, index, n, plan);
	*nsets = plan->nsets;
	count = plan_drop(&job, dropped, &exact);
	for (i = 0; i < n; i++)
		drop[index[i]] = dropped[i];
	free(plan);
	free(evs);
	free(index);
	return count;
}

void mux_create(const struct session *s, int fd, unsigned nsets)
{
	unsigned i;

	for (i = 0; i < nsets; i++) {
		pfarg_setdesc_t desc = {
			.set_id = (uint16_t)i,
			.set_flags = s->switch_period ? PFM_SETFL_OVFL_SWITCH :
							PFM_SETFL_TIME_SWITCH,
			.set_timeout = (uint32_t)(s->opt->switch_ns / 1000),
		};

		if (pfm_create_evtsets(fd, &desc, 1) < 0)
			die("cannot create event set %u: %s", i, pfm_reason());
	}
	if (pfm_set_jitter(fd, JITTER, s->opt->seed) < 0)
		die("cannot set the lengths of runs: %s", pfm_reason());
}

/* "cycles@1M" */
void mux_switcher(struct session *s)
{
	const char *text = s->opt->switch_overflow, *number;
	char *event;

	if (!text)
		return;
	event = xstrdup(text);
	number = event + strcspn(event, "@");
	if (!*number || !parse_number(number + 1, &s->switch_period) ||
	    !s->switch_period)
		die("--switch-overflow=%s: it is EVENT@N, such as cycles@10M",
		    text);
	event[strcspn(event, "@")] = '\0';
	if (pfm_event_parse(event, PFM_PLM_USER | PFM_PLM_KERNEL,
			    &s->switcher) < 0)
		die("--switch-overflow=%s: %s", text, pfm_reason());
	if (s->switcher.kind == PFM_EVENT_FREE)
		die("--switch-overflow=%s: a register that runs freely does "
		    "not overflow",
		    text);
	free(event);
}

void mux_release(struct session *s)
{
	if (s->switch_period)
		pfm_event_release(&s->switcher);
}

int mux_program(const struct session *s, const struct placing *at, int fd,
		unsigned set)
{
	const struct pfm_place *place = &at->switcher[set];
	pfarg_pmd_t pmd = {
		.reg_num = place->pmd,
		.reg_set = (uint16_t)set,
		.reg_value = 0 - s->switch_period,
		.reg_short_reset = 0 - s->switch_period,
		.reg_long_reset = 0 - s->switch_period,
		.reg_ovfl_switch_cnt = 1,
	};
	pfarg_pmc_t pmcs[2];
	unsigned k;

	if (!s->switch_period)
		return 0;
	for (k = 0; k < place->npmcs; k++) {
		pmcs[k] = place->pmc[k];
		pmcs[k].reg_set = (uint16_t)set;
	}
	if (pfm_write_pmcs(fd, pmcs, (int)place->npmcs) < 0)
		return -1;
	return pfm_write_pmds(fd, &pmd, 1);
}

void sets_format(uint64_t in, unsigned nsets, char *buf, size_t size)
{
	size_t len = 0;
	unsigned i;

	buf[0] = '\0';
	if (nsets < 2 || !in)
		return;
	if (in == UINT64_MAX >> (64 - nsets)) {
		snprintf(buf, size, "all");
		return;
	}
	for (i = 0; i < nsets && len < size; i++)
		if (in >> i & 1)
			len += (size_t)snprintf(buf + len, size - len, "%s%u",
						len ? "," : "", i);
}
