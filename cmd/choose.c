/* SPDX-License-Identifier: MIT
 *
 * choose.c - who counts, perf or the registers themselves, where it was left
 * to us; and what perf cannot count for want of a PMU.  perf serves threads,
 * and whatever it can; what only --backend=msr could do is told.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool runs_freely(const struct counter *c)
{
	return !c->unparsed && c->ev.kind == PFM_EVENT_FREE;
}

/* Does the event count on the processor's own PMU, by code or by alias? */
bool counter_needs_pmu(const struct counter *c)
{
	uint64_t type = c->ev.code >> 48;

	if (c->unparsed || c->ev.kind != PFM_EVENT_SW)
		return !c->unparsed && c->ev.kind == PFM_EVENT_HW;
	return type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE;
}

/* The first CPU that was asked for; -1: any, or -C is wrong, as will be told. */
static int some_cpu(const struct session *s)
{
	struct cpus cpus = { 0 };
	char *bad = NULL;
	int cpu = 0;

	if (s->opt->cpus)
		bad = cpus_parse(s->opt->cpus, &cpus);
	if (!s->opt->cpus || bad) {
		free(bad);
		return -1;
	}
	while (!cpus_has(&cpus, (unsigned)cpu))
		cpu++;
	return cpu;
}

/* Can the registers be reached here?  The reason if not is in way. */
static bool msr_usable(const struct session *s, struct pfm_way *way)
{
	int cpu = some_cpu(s);
	unsigned i;

	for (i = 0; pfm_backend_list(i, cpu, way) == 0; i++)
		if (!strcmp(way->name, "msr"))
			return way->err == 0;
	snprintf(way->reason, sizeof(way->reason),
		 "this pfmon has no backend msr");
	return false;
}

/* What perf cannot count here, as a list. */
static char *list_missing(const struct session *s)
{
	char *list = xstrdup(""), *more;
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		const struct counter *c = &s->ctrs[i];

		if (!runs_freely(c) &&
		    (!counter_needs_pmu(c) || s->pmu.ncounters))
			continue;
		more = xasprintf("%s%s%s", list, *list ? ", " : "", c->label);
		free(list);
		list = more;
	}
	return list;
}

/* A PMU that is not there is one fact, not one error per event. */
static void drop_hardware(struct session *s, const struct pfm_way *way)
{
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		struct counter *c = &s->ctrs[i];

		if (counter_needs_pmu(c) && !s->pmu.ncounters)
			counter_drop(c, "%s", s->pmu.missing);
		if (runs_freely(c))
			counter_drop(c, "only --backend=msr reads it%s%s",
				     way->reason[0] ? ": " : "", way->reason);
	}
}

/* -a or -C with perf, a command, or running threads: what msr could do. */
static void give_hint(struct session *s)
{
	const struct count_opt *opt = s->opt;
	char *list;

	if (opt->all_cpus || opt->cpus) {
		list = list_missing(s);
		s->hint = xasprintf("only --backend=msr could count %s", list);
		free(list);
	} else if (opt->command && !opt->pids.n && !opt->tids.n) {
		s->hint = xstrdup("hardware events here: --backend=msr pins the"
				  " command to a CPU and counts that CPU");
	}
}

void choose_backend(struct session *s)
{
	const struct count_opt *opt = s->opt;
	unsigned i, pmu = 0, freely = 0, others;
	struct pfm_way way = { 0 };
	bool usable = false;

	s->msr = opt->backend == BACKEND_MSR;
	if (s->msr)
		return;
	for (i = 0; i < s->nctrs; i++) {
		pmu += counter_needs_pmu(&s->ctrs[i]);
		freely += runs_freely(&s->ctrs[i]);
	}
	others = s->nctrs - pmu - freely;
	if (pmu && pfm_pmu_get("perf", -1, &s->pmu) < 0)
		die("%s", pfm_reason());
	if (!freely && (!pmu || s->pmu.ncounters))
		return;
	if (opt->backend == BACKEND_AUTO)
		usable = msr_usable(s, &way);
	if (usable && !others && (opt->all_cpus || opt->cpus)) {
		s->msr = s->msr_chosen = true;
		s->hint = xstrdup("perf has no PMU here: msr was chosen");
		memset(&s->pmu, 0, sizeof(s->pmu));
		return;
	}
	drop_hardware(s, &way);
	if (usable)
		give_hint(s);
}
