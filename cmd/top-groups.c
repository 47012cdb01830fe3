/* SPDX-License-Identifier: MIT
 *
 * top-groups.c - groups of metrics and --metric in pfmon top: their events
 * become counters, each metric a column.  What a metric is stands in files:
 * group.h.
 */
#include "config.h"

#include "top-priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct top_use *new_use(struct top_events *ev, struct group *g)
{
	struct top_use *u;

	ev->uses = xreallocarray(ev->uses, ev->nuses + 1, sizeof(*ev->uses));
	u = &ev->uses[ev->nuses++];
	*u = (struct top_use){ .g = g };
	u->ctr = xcalloc(g->nevents + 1, sizeof(*u->ctr));
	return u;
}

static void use_metrics(struct top_events *ev, const struct top_use *u)
{
	size_t i;

	for (i = 0; i < u->g->nmetrics; i++) {
		ev->metrics = xreallocarray(ev->metrics, ev->nmetrics + 1,
					    sizeof(*ev->metrics));
		ev->metrics[ev->nmetrics++] = (struct top_metric){
			.g = u->g, .mt = &u->g->metrics[i], .ctr = u->ctr
		};
	}
}

static void use_group(struct top_events *ev, struct group *g)
{
	const char *pmu = group_pmu(g, &ev->machine.g);
	const struct top_use *u = new_use(ev, g);
	char text[512];
	size_t i;

	for (i = 0; i < g->nevents; i++) {
		group_event_on(&g->events[i], pmu, text, sizeof(text));
		u->ctr[i] = top_events_add(ev, text, g->events[i].name);
	}
	use_metrics(ev, u);
}

static bool add_group(struct top_events *ev, const char *name, char **why)
{
	struct group_list list;
	size_t i;

	group_list_load(&list, &ev->machine.g, name);
	if (!list.n)
		*why = group_missing(&list, &ev->machine.g, name);
	for (i = 0; i < list.n; i++)
		use_group(ev, list.v[i]);
	/* The groups themselves are ours now. */
	list.n = 0;
	group_list_free(&list);
	return !*why;
}

static bool add_groups(struct top_events *ev, const char *names, char **why)
{
	char *copy = xstrdup(names), *rest = copy, *name;
	bool good = true;

	while (good && (name = strsep(&rest, ",")) != NULL)
		good = add_group(ev, name, why);
	free(copy);
	return good;
}

/* --metric may use every event there is, by its label. */
static bool add_metrics(struct top_events *ev, const struct strlist *texts,
			char **why)
{
	char text[GROUP_WHY_MAX];
	struct group *g = group_new();
	unsigned i, n = 0, *ctr = xcalloc(ev->nctrs + 1, sizeof(*ctr));
	struct top_use *u;
	bool good = true;
	size_t k;

	for (i = 0; i < ev->nctrs; i++) {
		const struct top_ctr *c = &ev->ctrs[i];
		const char *unit =
			c->unparsed || !*c->ev.unit ? NULL : c->ev.unit;

		ctr[g->nevents] = i;
		if (!group_add_event(g, c->label, c->asked, unit, text) && unit)
			group_add_event(g, c->label, c->asked, NULL, text);
		n = (unsigned)g->nevents;
	}
	for (k = 0; k < texts->n && good; k++)
		good = group_add_metric(g, texts->v[k], &ev->machine.g, text);
	if (!good)
		*why = xasprintf("--metric='%s': %s", texts->v[k - 1], text);
	u = new_use(ev, g);
	memcpy(u->ctr, ctr, n * sizeof(*ctr));
	free(ctr);
	if (good)
		use_metrics(ev, u);
	return good;
}

const char *const *top_group_names(struct top *t, size_t *n)
{
	struct top_events ev = { .nctrs = 0 };
	struct group_list list;
	size_t i;

	*n = t->ngroups;
	if (t->groups_known)
		return (const char *const *)t->groups;
	machine_init(&ev.machine);
	group_list_load(&list, &ev.machine.g, NULL);
	t->groups = xcalloc(list.n + 1, sizeof(*t->groups));
	for (i = 0; i < list.n; i++)
		if (!i || strcmp(list.v[i]->name, list.v[i - 1]->name) != 0)
			t->groups[t->ngroups++] = xstrdup(list.v[i]->name);
	group_list_free(&list);
	t->groups_known = true;
	*n = t->ngroups;
	return (const char *const *)t->groups;
}

bool top_groups_init(struct top_events *ev, const struct top_opt *opt,
		     char **why)
{
	size_t i;

	*why = NULL;
	if (!opt->groups.n && !opt->metrics.n)
		return true;
	machine_init(&ev->machine);
	for (i = 0; i < opt->groups.n; i++)
		if (!add_groups(ev, opt->groups.v[i], why))
			return false;
	return !opt->metrics.n || add_metrics(ev, &opt->metrics, why);
}
