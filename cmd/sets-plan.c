/* SPDX-License-Identifier: MIT
 *
 * sets-plan.c - pfmon sets plan: which counter an event would have in which set,
 * how long each is counted, how long to run for a wanted error, and what to give
 * up for one set.  Nothing is programmed and nothing runs.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "sets-plan.h"
#include "sets.h"

static struct count_opt asked = {
	.repeat = 1,
	.switch_ns = 100000000,
	.seed = 1,
};
static uint64_t error_percent = 5, variation_percent = 50;

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_LIST, 'e', "event|events", "LIST",
	  "events of a set: cycles,{a,b}; again for another set",
	  &asked.events, 0, 0, NULL },
	{ OPT_LIST, 'M', "group|metrics", "NAME", "a group of metrics",
	  &asked.groups, 0, 0, NULL },
	{ OPT_LIST, 'g', "", "NAME", NULL, &asked.groups, 0, 0, NULL },
	{ OPT_STRING, 'C', "cpu|cpu-list", "LIST",
	  "of these CPUs; needs --backend=msr to differ",
	  &asked.cpus, 0, 0, NULL },
	{ OPT_FLAG, 'u', "user-level|all-user", NULL,
	  "count at user level; -k at kernel level",
	  &asked.user, 0, 0, NULL },
	{ OPT_FLAG, 'k', "kernel-level|all-kernel", NULL, NULL,
	  &asked.kernel, 0, 0, NULL },
	{ OPT_TIME, 0, "switch-timeout", "TIME",
	  "each set so long (100 is 100 ms)",
	  &asked.switch_ns, 1000000, 0, NULL },
	{ OPT_STRING, 0, "switch-overflow", "EV@N",
	  "after N of that event instead",
	  &asked.switch_overflow, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-merge", NULL, "each -e a set, even if all fit",
	  &asked.no_merge, 0, 0, NULL },
	{ OPT_NUMBER, 0, "error", "PERCENT",
	  "the interval that is wanted, half its width",
	  &error_percent, 1, 100, NULL },
	{ OPT_NUMBER, 0, "variation", "PERCENT",
	  "how much rates differ from turn to turn (deviation)",
	  &variation_percent, 0, 10000, NULL },
	{ OPT_CHOICE, 0, "backend", "auto|perf|msr", "who would count",
	  &asked.backend, 0, 0, NULL },
	{ OPT_STRING, 'o', "output|outfile", "FILE", "write there",
	  &asked.output, 0, 0, NULL },
	{ OPT_NUMBER, 0, "width", "N", "columns of the text, 80 to 200",
	  &asked.width, 80, 200, NULL },
	{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char examples[] =
	"  pfmon sets plan -M cache\n"
	"  pfmon sets plan -e cycles,instructions,r01c2 -e r03c2 --error=2\n"
	"  pfmon sets plan --backend=msr -C 0 -M core -M tlb\n";

static const struct cmd_entry entry = {
	.name = "sets plan",
	.summary = "which event would be counted where, and for how long",
	.usage = "[OPTION]...",
	.examples = examples,
	.usage_status = STATUS_USAGE,
};

/* Without a counter: all the time. */
static void put_beside(const struct plan_view *v)
{
	const struct session *s = v->s;
	char *list = xstrdup(""), *more;
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		if (s->ctrs[i].reason || v->at->why[i] ||
		    counter_needs_pmu(&s->ctrs[i]))
			continue;
		more = xasprintf("%s%s%s", list, *list ? ", " : "",
				 s->ctrs[i].label);
		free(list);
		list = more;
	}
	if (*list) {
		more = xasprintf("counted all the time, without a counter: %s",
				 list);
		text_note(v->out, "also:", more);
		free(more);
	}
	free(list);
}

/* What cannot be counted here, even alone; how many. */
static unsigned put_refused(const struct plan_view *v)
{
	const struct session *s = v->s;
	unsigned i, n = 0;

	for (i = 0; i < s->nctrs; i++) {
		const struct counter *c = &s->ctrs[i];
		const char *why = c->reason ? c->reason : v->at->why[i];
		char *text;

		if (!why)
			continue;
		text = xasprintf("%s is not counted: %s", c->label,
				 counter_reason(c, why));
		text_note(v->out, n++ ? "" : "note:", text);
		free(text);
	}
	return n;
}

static const char *duration(double s, char *buf, size_t size)
{
	if (s < 1)
		snprintf(buf, size, "%.0f ms", s * 1000);
	else if (s < 600)
		snprintf(buf, size, "%.*f s", s < 10, s);
	else if (s < 36000)
		snprintf(buf, size, "%.0f min", s / 60);
	else
		snprintf(buf, size, "%.0f hours", s / 3600);
	return buf;
}

/* From when on there is an interval, and when it is as narrow as wanted. */
static void put_time(const struct plan_view *v, unsigned nevents)
{
	unsigned k = v->at->nsets;
	double slice = (double)v->s->opt->switch_ns / 1e9;
	char each[32], first[32], wanted[32];
	char *text;

	if (v->s->switch_period) {
		text = xasprintf("%u sets of %u events, switched after %s; an "
				 "interval can be given after %d turns of each",
				 k, nevents, v->s->opt->switch_overflow,
				 PLAN_SLICES);
	} else {
		text = xasprintf(
			"%u sets of %u events, switched every %s on average; "
			"an interval can be given after %s (%d turns of "
			"each), one of +-%llu %% after about %s where rates "
			"differ by %llu %% from turn to turn (--variation)",
			k, nevents, duration(slice, each, sizeof(each)),
			duration(plan_time(k, slice, 0, 0), first,
				 sizeof(first)),
			PLAN_SLICES, (unsigned long long)error_percent,
			duration(plan_time(k, slice,
					   (double)variation_percent / 100,
					   (double)error_percent / 100),
				 wanted, sizeof(wanted)),
			(unsigned long long)variation_percent);
	}
	text_note(v->out, "time:", text);
	free(text);
}

static char *list_dropped(const struct session *s, const bool *drop)
{
	char *list = xstrdup(""), *more;
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		if (!drop[i])
			continue;
		more = xasprintf("%s%s%s", list, *list ? ", " : "",
				 s->ctrs[i].label);
		free(list);
		list = more;
	}
	return list;
}

/* How to have no estimates. */
static void put_advice(const struct plan_view *v, unsigned nevents)
{
	const struct session *s = v->s;
	bool *drop = xcalloc(s->nctrs, sizeof(*drop));
	uint32_t dog = plan_taken(v, true);
	unsigned n, nsets;
	char *list, *text;

	n = mux_drop(v->s, v->cpu, v->at, 0, drop, &nsets);
	list = list_dropped(s, drop);
	if (nsets == 1)
		text = xstrdup("all of them fit in one set: without --no-merge "
			       "nothing is estimated");
	else
		text = xasprintf("to avoid switching: drop %u of the %u events "
				 "(%s), or count --exact (%u runs)",
				 n, nevents, list, v->at->nsets);
	text_note(v->out, "hint:", text);
	free(text);
	free(list);
	if (dog) {
		mux_drop(v->s, v->cpu, v->at, dog, drop, &nsets);
		text = xasprintf("the NMI watchdog costs a counter: without it "
				 "%s%u set%s (sysctl kernel.nmi_watchdog=0)",
				 nsets == v->at->nsets ? "still " : "", nsets,
				 nsets == 1 ? "" : "s");
		text_note(v->out, "", text);
		free(text);
	}
	free(drop);
}

static char *describe_counters(const struct plan_view *v)
{
	unsigned i, general = 0, fixed = 0;
	uint32_t dog = plan_taken(v, true), others = plan_taken(v, false);
	int held = __builtin_popcount(dog | others);
	char who[96] = "";

	for (i = 0; i < v->ncolumns; i++)
		if (v->columns[i].pmd < FIRST_FIXED)
			general++;
		else
			fixed++;
	if (held)
		snprintf(who, sizeof(who), "; %d of them held by %s%s%s", held,
			 dog ? "the NMI watchdog" : "",
			 dog && others ? " and " : "",
			 others ? "others, see pfmon info" : "");
	if (!v->s->msr && !v->ncolumns)
		return xasprintf("perf: no counters: %s", v->s->pmu.missing);
	if (!v->s->msr)
		return xasprintf("perf: %u counters; the kernel chooses "
				 "which event has which",
				 general + fixed);
	return xasprintf("%u general counters, %u fixed%s", general, fixed,
			 who);
}

/* On all CPUs alike, or on those of a slot. */
static unsigned show(struct plan_view *v, const char *cpus)
{
	const char *model = pfm_pmu_model(v->cpu);
	unsigned i, n = 0, refused;
	char *text, *counters;

	plan_columns(v);
	for (i = 0; i < v->s->nctrs; i++)
		n += !v->s->ctrs[i].reason && !v->at->why[i];
	counters = describe_counters(v);
	text = xasprintf(" %s%s%s%s", cpus ? "CPU " : "", cpus ? cpus : "",
			 cpus ? ", " : "", model ? model : "unknown PMU");
	out_printf(v->out, "%s, %s\n\n", text, counters);
	free(text);
	free(counters);
	plan_table(v);
	put_beside(v);
	if (v->at->nsets > 1) {
		put_time(v, n);
		put_advice(v, n);
	} else if (n) {
		text_note(v->out, "time:",
			  "one set: all of it is counted all "
			  "the time, nothing is estimated");
	}
	free(v->columns);
	refused = put_refused(v);
	if (refused && !v->s->msr && !v->ncolumns)
		text_note(v->out, "hint:",
			  "--backend=msr plans for the "
			  "processor's own registers");
	return refused;
}

static unsigned show_cpus(struct session *s, struct output *out)
{
	struct cpus cpus = { 0 };
	unsigned refused = 0, i;
	bool first = true;
	char *list;

	target_cpu_list(s, &cpus);
	s->flags = PFM_FL_SHARED | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	session_plan_cpus(s, &cpus);
	for (i = 0; i < s->nslots; i++) {
		struct plan_view v = { .s = s,
				       .out = out,
				       .at = s->slots[i].at,
				       .cpu = s->slots[i].cpu };

		if (placing_shown(s, i))
			continue;
		if (!first)
			out_printf(out, "\n");
		first = false;
		placing_group(s, i, &cpus);
		list = cpus_format(&cpus);
		refused += show(&v, list);
		free(list);
	}
	return refused;
}

int sets_plan(int argc, char **argv)
{
	struct session s = { .opt = &asked };
	struct output out;
	unsigned refused;
	int first;

	set_die_status(STATUS_FAIL);
	first = options_parse(&entry, opts, argc, argv);
	if (first < argc)
		usage_error(&entry, "nothing is run, '%s' is one word too many",
			    argv[first]);
	if (!asked.events.n && !asked.groups.n)
		usage_error(&entry, "nothing to plan: give -e or -M");
	backend_from_environment(&asked);
	output_open(&out, &s);
	session_init(&s);
	if (s.msr) {
		refused = show_cpus(&s, &out);
	} else {
		struct plan_view v = { .s = &s, .out = &out, .cpu = -1 };

		if (!s.pmu.name[0] && pfm_pmu_get("perf", -1, &s.pmu) < 0)
			die("%s", pfm_reason());
		v.at = s.common;
		refused = show(&v, NULL);
	}
	output_flush(&out);
	if (output_close(&out) < 0)
		return STATUS_FAIL;
	session_release(&s);
	free(asked.events.v);
	free(asked.groups.v);
	return refused ? STATUS_FAIL : 0;
}
