/* SPDX-License-Identifier: MIT
 *
 * sets-check.c - pfmon sets check: does each event of a group have a code, and
 * can it be counted by the PMU it is for, in how many sets.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "list.h"
#include "plan.h"
#include "sets.h"

static const struct cmd_entry entry = {
	.name = "sets check",
	.summary = "do all groups have codes here",
	.usage = "[OPTION]... [NAME]...",
	.examples = "  pfmon sets check                the groups of this CPU\n"
		    "  pfmon sets check --all          of every PMU\n",
	.usage_status = STATUS_USAGE,
};

enum event_state event_state(const struct group *g,
			     const struct group_event *ev, const char *pmu,
			     char *why, char *code)
{
	struct pfm_event event;
	char text[512];
	int err;

	*why = *code = '\0';
	group_event_on(ev, pmu, text, sizeof(text));
	if (pfm_event_parse(text, PFM_PLM_USER | PFM_PLM_KERNEL, &event) == 0) {
		if (event.kind == PFM_EVENT_HW)
			snprintf(code, 24, "%#" PRIx64, event.code);
		pfm_event_release(&event);
		return EVENT_OK;
	}
	err = errno;
	snprintf(why, GROUP_WHY_MAX, "%s", pfm_reason());
	if (err == ENOTSUP || group_event_elsewhere(text, err))
		return EVENT_ELSEWHERE;
	if (g->lacks && strstr(g->lacks, ev->string))
		return EVENT_LACKING;
	return EVENT_BAD;
}

/* The CPU whose core PMU that is; -1: none here. */
static int cpu_of(const char *pmu)
{
	struct cpus cpus = { 0 };
	const char *model;
	int cpu;

	cpus_online(&cpus);
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(&cpus, (unsigned)cpu))
			continue;
		model = pfm_pmu_model(cpu);
		if (model && !strcasecmp(model, pmu))
			return cpu;
	}
	return -1;
}

struct fit {
	struct plan_event evs[PLAN_MAX];
	struct plan_pmu pmu;
	struct plan plan;
	unsigned n;
};

/* An event's needs; false, with why, when no counter of the CPU may have it. */
static bool add_need(struct fit *fit, const struct group_event *ev,
		     const char *pmu, int cpu, char *why)
{
	struct pfm_event event;
	struct pfm_need need;
	char text[512];
	int ret;

	group_event_on(ev, pmu, text, sizeof(text));
	if (fit->n == PLAN_MAX ||
	    pfm_event_parse(text, PFM_PLM_USER | PFM_PLM_KERNEL, &event) < 0)
		return true;
	if (event.kind != PFM_EVENT_HW) {
		pfm_event_release(&event);
		return true;
	}
	ret = pfm_event_need("msr", cpu, &event, &need);
	pfm_event_release(&event);
	if (ret < 0) {
		snprintf(why, GROUP_WHY_MAX, "%s", pfm_reason());
		return false;
	}
	fit->pmu.counters = need.free;
	fit->evs[fit->n++] = (struct plan_event){
		.name = ev->name,
		.kind = need.counters ? PLAN_HW : PLAN_FREE,
		.counters = need.counters,
		.pair = need.pair,
		.nextra = need.nextra,
		.extra = { need.extra[0], need.extra[1] },
		.word = need.word,
	};
	return true;
}

/* All of them in some set; false and why. */
static bool make_plan(struct fit *fit, char *why)
{
	struct plan_job job = { &fit->pmu, fit->evs, fit->n };
	char text[PLAN_WHY_MAX];
	unsigned i;

	if (plan_make(&job, &fit->plan) < 0) {
		snprintf(why, GROUP_WHY_MAX, "more than %d sets",
			 PLAN_MAX_SETS);
		return false;
	}
	for (i = 0; i < fit->n; i++)
		if (fit->plan.set[i] == PLAN_NOWHERE) {
			snprintf(why, GROUP_WHY_MAX, "%s",
				 plan_why(&job, i, text));
			return false;
		}
	return true;
}

/* On this machine: "2 sets", or "" of another's; false and why. */
static bool check_fit(const struct group *g, const char *pmu, char *text,
		      size_t size, char *why)
{
	int cpu = cpu_of(pmu);
	struct fit *fit;
	bool ok = true;
	size_t i;

	*text = '\0';
	if (cpu < 0)
		return true;
	fit = xcalloc(1, sizeof(*fit));
	fit->pmu.nsoft = PLAN_MAX_SOFT;
	for (i = 0; i < g->nevents && ok; i++)
		ok = add_need(fit, &g->events[i], pmu, cpu, why);
	if (ok && fit->n)
		ok = make_plan(fit, why);
	if (ok && fit->n)
		snprintf(text, size, ", %u set%s", fit->plan.nsets,
			 fit->plan.nsets == 1 ? "" : "s");
	free(fit);
	return ok;
}

/* The directory and the name: "zen4/tlb". */
static const char *short_path(const struct group *g)
{
	const char *end = g->path ? strrchr(g->path, '/') : NULL, *p;

	for (p = end; p && p > g->path && p[-1] != '/'; p--)
		;
	return p ? p : g->name;
}

/* Events that are not simply there, for the same reason. */
struct remark {
	enum event_state state;
	char *names, *why; /* owned */
};
struct remarks {
	struct remark *v; /* owned, each too */
	size_t n;
	unsigned count[EVENT_STATES]; /* of the events */
};

/* The library's reason, without the event before it and the advice behind. */
static char *bare_reason(const char *why)
{
	const char *start =
		strncmp(why, "event '", 7) ? NULL : strstr(why + 7, "': ");

	why = start ? start + 3 : why;
	return xasprintf("%.*s", (int)strcspn(why, ";"), why);
}

static void add_remark(struct remarks *r, enum event_state state,
		       const struct group_event *ev, const char *why)
{
	char *bare = bare_reason(why), *names;
	char *name = state == EVENT_ELSEWHERE ?
			     xstrdup(ev->name) :
			     xasprintf("%s (%s)", ev->name, ev->string);
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i].state == state && !strcmp(r->v[i].why, bare))
			break;
	if (i < r->n) {
		names = xasprintf("%s, %s", r->v[i].names, name);
		free(r->v[i].names);
		r->v[i].names = names;
		free(bare);
		free(name);
		return;
	}
	r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = (struct remark){ state, name, bare };
}

static void put_remarks(FILE *f, struct remarks *r)
{
	static const char *const says[EVENT_STATES] = {
		[EVENT_ELSEWHERE] = "not checkable here: ",
		[EVENT_LACKING] = "lacking, as the file says: ",
		[EVENT_BAD] = "",
	};
	struct columns c;
	char *text;
	size_t i;

	columns_init(&c, f);
	c.left = 2;
	for (i = 0; i < r->n; i++) {
		text = xasprintf("%s: %s%s", r->v[i].names, says[r->v[i].state],
				 r->v[i].why);
		columns_wrap(&c, "", text);
		free(text);
		free(r->v[i].names);
		free(r->v[i].why);
	}
	free(r->v);
}

enum outcome { GOOD, PART, NONE, BAD, OUTCOMES };

/* What came of it; NONE: nothing of it can be checked here. */
static enum outcome judge(const struct remarks *r, size_t nevents, bool fits)
{
	if (r->count[EVENT_BAD] || !fits)
		return BAD;
	if (!r->count[EVENT_ELSEWHERE])
		return GOOD;
	return r->count[EVENT_ELSEWHERE] == nevents ? NONE : PART;
}

/* One line, and one for each reason why an event is not simply there. */
static enum outcome check_group(FILE *f, const struct group *g, const char *pmu)
{
	static const char *const names[OUTCOMES] = { "ok", "part", "-", "BAD" };
	char why[GROUP_WHY_MAX], code[24], sets[32], *text;
	enum outcome outcome;
	struct remarks r = { .n = 0 };
	enum event_state st;
	struct columns c;
	bool fits;
	size_t i;

	for (i = 0; i < g->nevents; i++) {
		st = event_state(g, &g->events[i], pmu, why, code);
		r.count[st]++;
		if (st != EVENT_OK)
			add_remark(&r, st, &g->events[i], why);
	}
	fits = check_fit(g, pmu, sets, sizeof(sets), why);
	outcome = judge(&r, g->nevents, fits);
	fprintf(f, " %-20s %-18s %-4s %u of %zu events have a code%s\n",
		short_path(g), pmu, names[outcome], r.count[EVENT_OK],
		g->nevents, sets);
	columns_init(&c, f);
	c.left = 2;
	if (!fits) {
		text = xasprintf("does not fit: %s", why);
		columns_wrap(&c, "", text);
		free(text);
	}
	if (g->lacks) {
		text = xasprintf("lacks %s", g->lacks);
		columns_wrap(&c, "", text);
		free(text);
	}
	put_remarks(f, &r);
	return outcome;
}

static void check_names(const struct strlist *names, bool all, FILE *f,
			unsigned n[OUTCOMES])
{
	struct machine m;
	struct group_list list;
	size_t i, k;
	char **pmu;

	machine_init(&m);
	for (k = 0; k < names->n || (!names->n && k == 0); k++) {
		groups_find(&list, all ? NULL : &m.g,
			    names->n ? names->v[k] : NULL);
		for (i = 0; i < list.nbad; i++) {
			fprintf(f, " %s\n", list.bad[i]);
			n[BAD]++;
		}
		for (i = 0; i < list.n; i++) {
			const char *here = group_pmu(list.v[i], &m.g);

			for (pmu = list.v[i]->pmus; pmu && *pmu; pmu++) {
				if (!all && strcasecmp(*pmu, here) != 0)
					continue;
				n[check_group(f, list.v[i], *pmu)]++;
			}
		}
		group_list_free(&list);
	}
}

int sets_check(int argc, char **argv)
{
	struct strlist names = { .n = 0 };
	unsigned n[OUTCOMES] = { 0 };
	bool all = false;
	const struct opt opts[] = {
		{ OPT_FLAG, 0, "all", NULL, "of every PMU, not only this CPU's",
		  &all, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	size_t size;
	char *text;
	FILE *f;

	set_die_status(STATUS_FAIL);
	operands_parse(&entry, opts, argc, argv, &names);
	/* libpfm4 then knows other machines' PMUs, and this one's for sure. */
	if (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	check_names(&names, all, f, n);
	fprintf(f, " %u ok, %u checkable here in part, %u not at all, %u bad\n",
		n[GOOD], n[PART], n[NONE], n[BAD]);
	if (fclose(f) != 0)
		die("out of memory");
	print_out("%s", text);
	free(text);
	free(names.v);
	return n[BAD] ? STATUS_FAIL : 0;
}
