/* SPDX-License-Identifier: MIT
 *
 * sample-metrics.c - groups and metrics in pfmon sample: the events of a group
 * are sampled, each group in a set of its own unless all fit together, and the
 * metrics go into the file as text, for the report to work them out by function.
 */
#include "config.h"

#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"

/* The text grows by "; " and more: see pfm(5). */
static void note(struct sampling *s, char *more)
{
	char *text = s->metrics;

	s->metrics = text ? xasprintf("%s; %s", text, more) : xstrdup(more);
	free(text);
	free(more);
}

static struct sampled *find(const struct sampling *s, const char *text)
{
	unsigned i;

	for (i = 0; i < s->nevents; i++)
		if (!s->events[i].with && !strcmp(s->events[i].asked, text))
			return &s->events[i];
	return NULL;
}

/* Do the events of one set have counters beside each other? */
static bool fits(const struct sampling *s, unsigned set)
{
	struct pfm_event *evs = xcalloc(s->nevents, sizeof(*evs));
	struct pfm_place *places = xcalloc(s->nevents, sizeof(*places));
	unsigned i, n = 0, bad;
	int ret;

	for (i = 0; i < s->nevents; i++)
		if (s->events[i].set == set)
			evs[n++] = s->events[i].ev;
	ret = pfm_event_assign("perf", -1, evs, n, places, &bad);
	free(evs);
	free(places);
	return ret == 0 || errno != ENOSPC;
}

/* What a machine has not is told, and its metrics have no values. */
static void use_event(struct sampling *s, const char *group, const char *text,
		      unsigned *set)
{
	struct sampled *e;
	char *why;

	if (find(s, text))
		return;
	why = events_add(s, text);
	if (why) {
		if (!s->opt->quiet)
			fprintf(stderr, "pfmon: -M %s: %s\n", group, why);
		free(why);
		return;
	}
	e = &s->events[s->nevents - 1];
	e->set = *set;
	if (s->opt->backend != BACKEND_REGISTERS && !fits(s, *set))
		e->set = ++*set;
}

static void use_group(struct sampling *s, const struct group *g,
		      const struct machine *m, unsigned *set)
{
	const char *pmu = group_pmu(g, &m->g);
	char text[512];
	size_t i;

	note(s, xasprintf("group %s", g->name));
	for (i = 0; i < g->nevents; i++) {
		const struct group_event *ev = &g->events[i];

		group_event_on(ev, pmu, text, sizeof(text));
		use_event(s, g->name, text, set);
		note(s,
		     xasprintf("event %s %s %s", ev->name,
			       ev->unit_name && *ev->unit_name ? ev->unit_name :
								 "count",
			       text));
	}
	for (i = 0; i < g->nmetrics; i++) {
		const struct group_metric *mt = &g->metrics[i];

		if (mt->text)
			note(s, mt->unit_name && *mt->unit_name ?
					xasprintf("metric %s=%s[%s]", mt->name,
						  mt->text, mt->unit_name) :
					xasprintf("metric %s=%s", mt->name,
						  mt->text));
	}
	++*set;
}

static void add_group(struct sampling *s, const char *name,
		      const struct machine *m, unsigned *set)
{
	struct group_list list;
	size_t i;

	group_list_load(&list, &m->g, name);
	if (!list.n)
		die("%s", group_missing(&list, &m->g, name));
	for (i = 0; i < list.n; i++)
		use_group(s, list.v[i], m, set);
	group_list_free(&list);
}

/* Of the events that are sampled, by their names; checked here, not later. */
static void add_metrics(struct sampling *s, const struct machine *m)
{
	const struct strlist *texts = &s->opt->metric_texts;
	char why[GROUP_WHY_MAX];
	struct group *g = group_new();
	size_t i;

	note(s, xstrdup("group -"));
	for (i = 0; i < s->nevents; i++) {
		const struct sampled *e = &s->events[i];
		const char *unit = *e->ev.unit ? e->ev.unit : "count";

		if (group_add_event(g, e->asked, e->asked, unit, why))
			note(s, xasprintf("event %s %s %s", e->asked, unit,
					  e->asked));
	}
	for (i = 0; i < texts->n; i++) {
		if (!group_add_metric(g, texts->v[i], &m->g, why))
			die("--metric='%s': %s", texts->v[i], why);
		note(s, xasprintf("metric %s", texts->v[i]));
	}
	group_free(g);
}

void metrics_init(struct sampling *s, unsigned set)
{
	const struct sample_opt *opt = s->opt;
	char *copy, *rest, *name;
	struct machine m;
	size_t i;

	if (!opt->groups.n && !opt->metric_texts.n)
		return;
	machine_init(&m);
	note(s, xasprintf("smt %g", m.g.value[GROUP_SMT]));
	for (i = 0; i < opt->groups.n; i++) {
		rest = copy = xstrdup(opt->groups.v[i]);
		while ((name = strsep(&rest, ",")) != NULL)
			add_group(s, name, &m, &set);
		free(copy);
	}
	if (opt->metric_texts.n)
		add_metrics(s, &m);
}
