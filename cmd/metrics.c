/* SPDX-License-Identifier: MIT
 *
 * metrics.c - groups and metrics of a session: their events become counters,
 * and the rows of a target become values of metrics.  What a metric is stands in
 * the files that group.h reads.
 */
#include "config.h"

#include "count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

/* The time stamp counter now, and the time; 0 where there is none. */
static uint64_t tsc_now(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	return 0;
#endif
}

void metrics_begin(struct session *s)
{
	s->tsc0 = tsc_now();
	s->tsc0_ns = now_ns();
}

/* Measured: cycles of it from the begin of the session until now. */
static double tsc_hz(const struct session *s)
{
	uint64_t ns = now_ns() - s->tsc0_ns;

	if (!s->tsc0 || !ns)
		return 0;
	return (double)(tsc_now() - s->tsc0) * 1e9 / (double)ns;
}

static struct group_use *new_use(struct session *s, struct group *g)
{
	struct group_use *u;

	s->uses = xreallocarray(s->uses, s->nuses + 1, sizeof(*s->uses));
	u = &s->uses[s->nuses++];
	*u = (struct group_use){ .g = g };
	u->ctr = xcalloc(g->nevents + 1, sizeof(*u->ctr));
	return u;
}

static void use_group(struct session *s, struct group *g)
{
	const char *pmu = group_pmu(g, &s->machine.g);
	struct group_use *u = new_use(s, g);
	char text[512];
	size_t i;

	for (i = 0; i < g->nevents; i++) {
		group_event_on(&g->events[i], pmu, text, sizeof(text));
		u->ctr[i] = events_add(s, text, g->events[i].name);
	}
	s->nlists++;
}

static void add_group(struct session *s, const char *name)
{
	struct group_list list;
	size_t i;

	group_list_load(&list, &s->machine.g, name);
	if (!list.n)
		die("%s", group_missing(&list, &s->machine.g, name));
	for (i = 0; i < list.n; i++)
		use_group(s, list.v[i]);
	/* The groups themselves are ours now. */
	list.n = 0;
	group_list_free(&list);
}

static void add_groups(struct session *s, const char *names)
{
	char *copy = xstrdup(names), *rest = copy, *name;

	while ((name = strsep(&rest, ",")) != NULL)
		add_group(s, name);
	free(copy);
}

/* --metric may use every event there is, by its label. */
static void add_metrics(struct session *s)
{
	const struct strlist *texts = &s->opt->metrics;
	char why[GROUP_WHY_MAX];
	struct group *g = group_new();
	struct group_use *u;
	unsigned i, *ctr = xcalloc(s->nctrs + 1, sizeof(*ctr));
	size_t k;

	for (i = 0; i < s->nctrs; i++) {
		const struct counter *c = &s->ctrs[i];
		const char *unit =
			c->unparsed || !*c->ev.unit ? NULL : c->ev.unit;

		ctr[g->nevents] = i;
		/* A label that is no name of the grammar is left out. */
		if (!group_add_event(g, c->label, c->asked, unit, why) && unit)
			group_add_event(g, c->label, c->asked, NULL, why);
	}
	for (k = 0; k < texts->n; k++)
		if (!group_add_metric(g, texts->v[k], &s->machine.g, why))
			die("--metric='%s': %s", texts->v[k], why);
	u = new_use(s, g);
	memcpy(u->ctr, ctr, g->nevents * sizeof(*ctr));
	free(ctr);
}

void metrics_parse(struct session *s)
{
	const struct count_opt *opt = s->opt;
	size_t i;

	if (!opt->groups.n && !opt->metrics.n)
		return;
	machine_init(&s->machine);
	for (i = 0; i < opt->groups.n; i++)
		add_groups(s, opt->groups.v[i]);
	if (opt->metrics.n)
		add_metrics(s);
}

void metrics_release(struct session *s)
{
	while (s->nuses > 0) {
		struct group_use *u = &s->uses[--s->nuses];

		group_free(u->g);
		free(u->ctr);
	}
	free(s->uses);
}

/* What an expression is evaluated over: the rows of one target. */
struct view {
	const struct session *s;
	const struct result *res;
	const struct row *rows;
	const struct group_use *use;
	double df;     /* least of the values' errors; 0: all are exact */
	bool no_error; /* one of them is not known */
};

static const char *constant(struct view *v, unsigned id, double *value)
{
	switch (id) {
	case GROUP_TIME:
		*value = (double)v->res->counted_ns / 1e9;
		return NULL;
	case GROUP_TSC_HZ:
		*value = tsc_hz(v->s);
		return *value > 0 ? NULL : "this CPU has no time stamp counter";
	case GROUP_CPUS:
		*value = v->rows->kind == TARGET_SYSTEM ? v->rows->nslots : 1;
		return NULL;
	case GROUP_SMT:
		return "the kernel does not tell the threads of a core";
	default:
		return "it is not known here";
	}
}

static const char *get(void *arg, unsigned id, double *value, double *error)
{
	struct view *v = arg;
	const struct row *row;

	*error = 0;
	if (id < GROUP_EVENT0)
		return constant(v, id, value);
	row = &v->rows[v->use->ctr[id - GROUP_EVENT0]];
	if (row->reason)
		return row->reason;
	*value = row_value(row);
	if (!row->is_scaled)
		return NULL;
	if (row->est.error < 0) {
		v->no_error = true;
		return NULL;
	}
	*error = row->est.error * row->ctr->ev.scale;
	if (row->est.error > 0 && (!v->df || row->est.df < v->df))
		v->df = row->est.df;
	return NULL;
}

/* What the measurement must be for the metric to be true; or NULL. */
static const char *misses(const struct session *s,
			  const struct group_metric *mt)
{
	bool system = s->opt->all_cpus || s->opt->cpus || s->msr;

	if (mt->needs & GROUP_NEEDS_PACKAGE && !s->opt->all_cpus)
		return "it is a matter of the whole package: it needs -a";
	if (mt->needs & GROUP_NEEDS_CPU && !system)
		return "it is a matter of whole CPUs: it needs -a or -C";
	if (mt->needs & GROUP_NEEDS_NO_SMT && s->machine.g.value[GROUP_SMT] > 1)
		return "it is true only where a core has one hardware thread";
	return NULL;
}

size_t metrics_count(const struct session *s)
{
	size_t n = 0;
	unsigned i;

	for (i = 0; i < s->nuses; i++)
		n += s->uses[i].g->nmetrics;
	return n;
}

void metrics_value(const struct session *s, const struct result *res,
		   size_t first, size_t i, struct metric_value *out)
{
	const struct group_use *u = s->uses;
	struct view v = { .s = s, .res = res, .rows = &res->rows[first] };
	struct expr_result e;
	const char *why;

	while (i >= u->g->nmetrics)
		i -= u++->g->nmetrics;
	v.use = u;
	*out = (struct metric_value){ .g = u->g, .mt = &u->g->metrics[i] };
	why = misses(s, out->mt);
	if (!why)
		group_eval(out->mt, get, &v, &e);
	if (!why && e.has) {
		out->has = true;
		out->value = e.value;
		out->verdict = group_verdict(out->mt, e.value);
		out->half = e.error;
		if (v.no_error)
			out->half = -1;
		else if (e.error > 0)
			out->half *= student_95(v.df);
		return;
	}
	snprintf(out->why, sizeof(out->why), "%s", why ? why : e.why);
}
