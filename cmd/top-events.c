/* SPDX-License-Identifier: MIT
 *
 * top-events.c - the counters of pfmon top: which there are, who may count
 * them, and the sets they are in.  Events that do not fit at once are in sets
 * of which one is counted until the user takes the next: no number is scaled.
 */
#include "config.h"

#include "top-priv.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

static const char hardware_events[] =
	"cycles,instructions,branches,branch-misses,cache-misses";
static const char kernel_events[] =
	"task-clock,page-faults,context-switches,cpu-migrations";

static void drop(struct top_ctr *c, const char *reason)
{
	size_t len = strlen(c->asked);

	/* The library begins with the event, which its column names. */
	if (!strncmp(reason, c->asked, len) && !strncmp(reason + len, ": ", 2))
		reason += len + 2;
	free(c->reason);
	c->reason = xstrdup(reason);
}

static bool needs_pmu(const struct top_ctr *c)
{
	uint64_t type = c->ev.code >> 48;

	if (c->unparsed)
		return false;
	return c->ev.kind == PFM_EVENT_HW ||
	       (c->ev.kind == PFM_EVENT_SW &&
		(type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE));
}

static bool is_software(const struct top_ctr *c, uint64_t config)
{
	return !c->unparsed && c->ev.kind == PFM_EVENT_SW &&
	       c->ev.code == PFM_SW_CODE(PERF_TYPE_SOFTWARE, config);
}

static bool is_clock(const struct top_ctr *c)
{
	return is_software(c, PERF_COUNT_SW_TASK_CLOCK) ||
	       is_software(c, PERF_COUNT_SW_CPU_CLOCK);
}

static bool is_kernel_only(const struct top_ctr *c)
{
	return is_software(c, PERF_COUNT_SW_CONTEXT_SWITCHES) ||
	       is_software(c, PERF_COUNT_SW_CPU_MIGRATIONS);
}

static void ctr_free(struct top_ctr *c)
{
	if (!c->unparsed)
		pfm_event_release(&c->ev);
	free(c->asked);
	free(c->label);
	free(c->reason);
}

/* NULL: there is no room. */
static struct top_ctr *add_ctr(struct top_events *ev, const char *text,
			       const char *label, unsigned plm)
{
	struct top_ctr *c;

	if (ev->nctrs == TOP_CTRS)
		return NULL;
	ev->ctrs = xreallocarray(ev->ctrs, ev->nctrs + 1, sizeof(*ev->ctrs));
	c = &ev->ctrs[ev->nctrs++];
	*c = (struct top_ctr){ .asked = xstrdup(text),
			       .label = xstrdup(label) };
	if (pfm_event_parse(text, plm, &c->ev) < 0) {
		c->unparsed = true;
		drop(c, pfm_reason());
	}
	c->hw = needs_pmu(c);
	return c;
}

static bool same_event(const struct top_ctr *a, const struct top_ctr *b)
{
	return !a->unparsed && !b->unparsed && a->ev.kind == b->ev.kind &&
	       a->ev.code == b->ev.code && a->ev.arg == b->ev.arg &&
	       a->ev.plm == b->ev.plm;
}

unsigned top_events_add(struct top_events *ev, const char *text,
			const char *label)
{
	unsigned i;

	if (!add_ctr(ev, text, label, PFM_PLM_USER | PFM_PLM_KERNEL))
		die("more than %d events; give fewer groups", TOP_CTRS);
	for (i = 0; i + 1 < ev->nctrs; i++)
		if (same_event(&ev->ctrs[i], &ev->ctrs[ev->nctrs - 1])) {
			ctr_free(&ev->ctrs[--ev->nctrs]);
			return i;
		}
	return ev->nctrs - 1;
}

struct adding {
	struct top_events *ev;
	unsigned plm;
	bool asked; /* by the user: one that is not known is an error */
	char *why;  /* owned */
};

static void add_one(void *arg, const char *text, unsigned brace)
{
	struct adding *a = arg;
	const struct top_ctr *c;

	(void)brace;
	if (a->why)
		return;
	c = add_ctr(a->ev, text, text, a->plm);
	if (!c)
		a->why = xasprintf("more than %d events", TOP_CTRS);
	else if (c->unparsed && a->asked)
		a->why = xstrdup(pfm_reason());
}

static bool add_lists(struct top_events *ev, const struct top_opt *opt,
		      char **why)
{
	struct adding a = { .ev = ev, .plm = PFM_PLM_USER | PFM_PLM_KERNEL };
	size_t i;

	if (opt->user != opt->kernel)
		a.plm = opt->user ? PFM_PLM_USER : PFM_PLM_KERNEL;
	if (!opt->events.n && !opt->groups.n) {
		event_list_each(hardware_events, add_one, &a);
		event_list_each(kernel_events, add_one, &a);
	}
	a.asked = true;
	for (i = 0; i < opt->events.n && !a.why; i++)
		if (!event_list_each(opt->events.v[i], add_one, &a))
			a.why = xasprintf("-e '%s': the braces do not match",
					  opt->events.v[i]);
	if (!a.why && opt->events.n && !ev->nctrs)
		a.why = xasprintf("-e '%s' names no event", opt->events.v[0]);
	*why = a.why;
	return !a.why;
}

/* A PMU that is not there is one fact for all of its events. */
static void look_for_pmu(struct top_events *ev)
{
	struct pfm_pmu_info info;
	unsigned i;

	if (ev->msr || pfm_pmu_get("perf", -1, &info) < 0) {
		ev->ncounters = ev->msr;
		return;
	}
	ev->ncounters = info.ncounters;
	for (i = 0; i < ev->nctrs && !ev->ncounters; i++)
		if (ev->ctrs[i].hw)
			drop(&ev->ctrs[i], info.missing);
}

/* Leave the kernel out of all that may be counted without. */
static void narrow(struct top_events *ev, const char *paranoid)
{
	char text[128];
	unsigned i;

	snprintf(text, sizeof(text),
		 "kernel level is not permitted: perf_event_paranoid=%s",
		 paranoid);
	for (i = 0; i < ev->nctrs; i++) {
		struct top_ctr *c = &ev->ctrs[i];

		if (c->reason || is_clock(c) || !(c->ev.plm & PFM_PLM_KERNEL))
			continue;
		if (is_kernel_only(c) || !(c->ev.plm & PFM_PLM_USER))
			drop(c, text);
		else if (pfm_event_set_plm(&c->ev, PFM_PLM_USER) < 0)
			drop(c, pfm_reason());
	}
}

static bool denied(int err)
{
	return err == EACCES || err == EPERM;
}

/* What may be counted of a thread of our own, and of whole CPUs. */
static void look_for_rights(struct top_events *ev, int cpu)
{
	char paranoid[16] = "?";
	bool narrowed = false;
	unsigned i;

	read_line_of(PARANOID, paranoid, sizeof(paranoid));
	ev->system = true;
	for (i = 0; i < ev->nctrs; i++) {
		struct top_ctr *c = &ev->ctrs[i];

		if (c->reason || ev->msr)
			continue;
		if (pfm_event_check(&c->ev, 0, -1) < 0 && denied(errno)) {
			ev->system = false;
			if (!narrowed)
				narrow(ev, paranoid);
			narrowed = true;
		}
		if (!c->reason && pfm_event_check(&c->ev, 0, -1) < 0 &&
		    errno != EINVAL)
			drop(c, pfm_reason());
		if (!c->reason && pfm_event_check(&c->ev, -1, cpu) < 0 &&
		    denied(errno))
			ev->system = false;
	}
	if (!ev->system)
		ev->notice = xasprintf(
			"own processes only%s: perf_event_paranoid=%s; "
			"CAP_PERFMON counts all",
			narrowed ? ", user level" : "", paranoid);
}

/* Those of a set, up to last: their indices, and how many. */
static unsigned members(const struct top_events *ev, unsigned set,
			unsigned last, unsigned *index)
{
	unsigned i, n = 0;

	for (i = 0; i < ev->nctrs; i++) {
		const struct top_ctr *c = &ev->ctrs[i];

		if (!c->reason && (!c->hw || (c->set == set && i <= last)))
			index[n++] = i;
	}
	return n;
}

int top_events_place(const struct top_events *ev, int cpu, unsigned last,
		     struct pfm_place *places)
{
	struct pfm_event evs[TOP_CTRS];
	struct pfm_place at[TOP_CTRS];
	unsigned index[TOP_CTRS], i, bad;
	unsigned n = members(ev, ev->set, last, index);

	for (i = 0; i < n; i++)
		evs[i] = ev->ctrs[index[i]].ev;
	if (n && pfm_event_assign(ev->msr ? "msr" : "auto", cpu, evs, n, at,
				  &bad) < 0)
		return -1;
	for (i = 0; i < n; i++)
		places[index[i]] = at[i];
	return 0;
}

/* What no set can have is dropped; what fits in none of them begins one. */
static void make_sets(struct top_events *ev)
{
	struct pfm_place places[TOP_CTRS];
	unsigned i;

	ev->nsets = 1;
	for (i = 0; i < ev->nctrs; i++) {
		struct top_ctr *c = &ev->ctrs[i];

		if (!c->hw || c->reason)
			continue;
		c->set = ev->set = ev->nsets - 1;
		if (top_events_place(ev, -1, i, places) == 0)
			continue;
		if (errno == ENOSPC) {
			c->set = ev->set = ev->nsets;
			if (top_events_place(ev, -1, i, places) == 0) {
				ev->nsets++;
				continue;
			}
		}
		drop(c, pfm_reason());
	}
	ev->set = 0;
}

/* The kernel's events are in every set: they need no counter. */
static void check_software(struct top_events *ev)
{
	struct pfm_place place;
	unsigned i, bad;

	for (i = 0; i < ev->nctrs; i++) {
		struct top_ctr *c = &ev->ctrs[i];

		if (c->hw || c->reason)
			continue;
		if (ev->msr && c->ev.kind == PFM_EVENT_SW)
			drop(c, "--backend=msr reads the registers, which "
				"know nothing of it");
		else if (c->ev.kind == PFM_EVENT_FREE && !ev->msr)
			drop(c, "only --backend=msr reads it");
		else if (pfm_event_assign(ev->msr ? "msr" : "auto", -1, &c->ev,
					  1, &place, &bad) < 0)
			drop(c, pfm_reason());
	}
}

static void make_list(struct top_events *ev)
{
	char *more;
	unsigned i;

	ev->list = xstrdup("");
	for (i = 0; i < ev->nctrs; i++) {
		more = xasprintf("%s%s%s", ev->list, i ? "," : "",
				 ev->ctrs[i].asked);
		free(ev->list);
		ev->list = more;
	}
}

bool top_events_init(struct top_events *ev, const struct top_opt *opt,
		     char **why)
{
	*ev = (struct top_events){ .msr = opt->backend == TOP_MSR };
	if (!add_lists(ev, opt, why) || !top_groups_init(ev, opt, why)) {
		top_events_release(ev);
		return false;
	}
	look_for_pmu(ev);
	look_for_rights(ev, 0);
	check_software(ev);
	make_sets(ev);
	top_events_look(ev, false);
	make_list(ev);
	return true;
}

void top_events_release(struct top_events *ev)
{
	while (ev->nctrs > 0)
		ctr_free(&ev->ctrs[--ev->nctrs]);
	while (ev->nuses > 0) {
		group_free(ev->uses[--ev->nuses].g);
		free(ev->uses[ev->nuses].ctr);
	}
	free(ev->ctrs);
	free(ev->uses);
	free(ev->metrics);
	free(ev->notice);
	free(ev->list);
	*ev = (struct top_events){ 0 };
}

bool top_ctr_now(const struct top_events *ev, unsigned i, bool cpu)
{
	const struct top_ctr *c = &ev->ctrs[i];

	if (c->reason || (c->hw && c->set != ev->set))
		return false;
	if (c->hw && !(cpu ? ev->hw_cpus : ev->hw_tasks))
		return false;
	if (ev->msr)
		return cpu;
	return !cpu || !is_clock(c);
}

/*
 * CPUs and tasks at once take twice the counters.  Where there are not so many,
 * those count that are looked at: else the kernel would have them take turns.
 */
bool top_events_look(struct top_events *ev, bool cpus)
{
	bool tasks_before = ev->hw_tasks, cpus_before = ev->hw_cpus;
	unsigned i, n = 0, most = 0, set;

	for (set = 0; set < ev->nsets; set++, n = 0) {
		for (i = 0; i < ev->nctrs; i++)
			n += ev->ctrs[i].hw && !ev->ctrs[i].reason &&
			     ev->ctrs[i].set == set;
		most = n > most ? n : most;
	}
	ev->hw_cpus = cpus || ev->msr || 2 * most <= ev->ncounters;
	ev->hw_tasks = !cpus || 2 * most <= ev->ncounters;
	return most &&
	       (ev->hw_tasks != tasks_before || ev->hw_cpus != cpus_before);
}

int top_ctr_find(const struct top_events *ev, const char *label)
{
	unsigned i;

	for (i = 0; i < ev->nctrs; i++)
		if (!strcasecmp(ev->ctrs[i].label, label))
			return (int)i;
	return -1;
}
