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
	if (err == ENOTSUP || (err == ENODEV && strchr(text, '/')))
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

/* On this machine: "2 sets", or "" of another's; false and why. */
static bool check_fit(const struct group *g, const char *pmu, char *text,
		      size_t size, char *why)
{
	int cpu = cpu_of(pmu);
	struct fit *fit;
	struct plan_job job;
	struct plan *plan;
	bool ok = true;
	size_t i;

	*text = '\0';
	if (cpu < 0)
		return true;
	fit = xcalloc(1, sizeof(*fit));
	plan = xcalloc(1, sizeof(*plan));
	fit->pmu.nsoft = PLAN_MAX_SOFT;
	for (i = 0; i < g->nevents && ok; i++)
		ok = add_need(fit, &g->events[i], pmu, cpu, why);
	job = (struct plan_job){ &fit->pmu, fit->evs, fit->n };
	if (ok && fit->n && plan_make(&job, plan) == 0)
		snprintf(text, size, ", %u set%s", plan->nsets,
			 plan->nsets == 1 ? "" : "s");
	free(plan);
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

/* One line, and one for each event that is not simply there; true: all well. */
static bool check_group(FILE *f, const struct group *g, const char *pmu)
{
	char why[GROUP_WHY_MAX], code[24], sets[32], *notes;
	unsigned count[4] = { 0 };
	size_t size, i;
	FILE *n = open_memstream(&notes, &size);
	bool fits;

	if (!n)
		die("out of memory");
	for (i = 0; i < g->nevents; i++) {
		enum event_state st =
			event_state(g, &g->events[i], pmu, why, code);

		count[st]++;
		if (st == EVENT_ELSEWHERE)
			fprintf(n, "   %s cannot be checked here: %s\n",
				g->events[i].name, why);
		else if (st != EVENT_OK)
			fprintf(n, "   %s: %s\n", g->events[i].name, why);
	}
	fits = check_fit(g, pmu, sets, sizeof(sets), why);
	if (!fits)
		fprintf(n, "   does not fit: %s\n", why);
	fclose(n);
	fprintf(f, " %-22s %-20s %-4s %u of %zu events%s%s%s%s\n",
		short_path(g), pmu, count[EVENT_BAD] || !fits ? "BAD" : "ok",
		count[EVENT_OK], g->nevents, sets,
		count[EVENT_ELSEWHERE] ? ", not all " : "",
		count[EVENT_ELSEWHERE] ? "can be checked here" : "",
		count[EVENT_LACKING] ? ", lacks what its file says" : "");
	if (g->lacks)
		fprintf(f, "   lacks: %s\n", g->lacks);
	fputs(notes, f);
	free(notes);
	return !count[EVENT_BAD] && fits;
}

static void check_names(const struct strlist *names, bool all, FILE *f,
			unsigned *n, unsigned *bad)
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
			++*bad;
		}
		for (i = 0; i < list.n; i++) {
			const char *here = group_pmu(list.v[i], &m.g);

			for (pmu = list.v[i]->pmus; pmu && *pmu; pmu++) {
				if (!all && strcasecmp(*pmu, here) != 0)
					continue;
				++*n;
				*bad += !check_group(f, list.v[i], *pmu);
			}
		}
		group_list_free(&list);
	}
}

int sets_check(int argc, char **argv)
{
	struct strlist names = { .n = 0 };
	unsigned n = 0, bad = 0;
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
	/* libpfm4 then knows the PMUs of other machines. */
	if (all && setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	check_names(&names, all, f, &n, &bad);
	fprintf(f, " %u groups, %u of them bad\n", n, bad);
	if (fclose(f) != 0)
		die("out of memory");
	print_out("%s", text);
	free(text);
	free(names.v);
	return bad ? STATUS_FAIL : 0;
}
