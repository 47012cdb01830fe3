/* SPDX-License-Identifier: MIT
 *
 * sets-new.c - pfmon sets new: events of the command line, and metrics of them,
 * as a group file.  sets-save.c puts it where it belongs.
 */
#include "config.h"

#include <ctype.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "count.h"
#include "sets.h"

static const struct cmd_entry new_entry = {
	.name = "sets new",
	.summary = "save events and metrics as a group",
	.usage = "[OPTION]... NAME -e LIST",
	.examples = "  pfmon sets new my -e cycles,instructions "
		    "--metric='cpi=cycles/instructions'\n",
	.usage_status = STATUS_USAGE,
};

#define KEY_MAX 56 /* bytes, so that a metric's name may be longer */

/* As a name in a file: letters, digits, '_' and '-'. */
static char *file_name(const char *label)
{
	char *name = xasprintf("%.*s", KEY_MAX, label), *p;

	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			*p = '_';
	return name;
}

static bool same_event(const struct pfm_event *a, const struct pfm_event *b)
{
	return a->kind == b->kind && a->code == b->code && a->arg == b->arg &&
	       a->plm == b->plm;
}

/* In a group for that PMU, is the text this event? */
static bool means(const char *text, const char *pmu, const struct pfm_event *ev)
{
	struct group_event in = { .string = (char *)(uintptr_t)text };
	struct pfm_event parsed;
	char full[512];
	bool same;

	group_event_on(&in, pmu, full, sizeof(full));
	if (pfm_event_parse(full, PFM_PLM_USER | PFM_PLM_KERNEL, &parsed) < 0)
		return false;
	same = same_event(&parsed, ev);
	pfm_event_release(&parsed);
	return same;
}

/*
 * As asked where a formula may name it so, else the canonical name, which no PMU
 * is put before; levels only when asked.
 */
static char *file_event(const struct counter *c, const char *key,
			const char *pmu)
{
	char *text = xstrdup(c->ev.name);
	size_t len;

	if (strcmp(key, c->asked) != 0 && means(c->asked, pmu, &c->ev)) {
		free(text);
		return xstrdup(c->asked);
	}
	while (!c->ev.plm_asked && (len = strlen(text)) > 2 &&
	       text[len - 2] == ':' && strchr("ukh", text[len - 1]))
		text[len - 2] = '\0';
	if (!means(text, pmu, &c->ev))
		die("%s cannot be in a group for %s", c->asked, pmu);
	return text;
}

/* Of this CPU if an event is; else of any. */
static const char *pmu_of(const struct session *s)
{
	const char *model = pfm_pmu_model(-1);
	size_t len = model ? strlen(model) : 0;
	unsigned i;

	for (i = 0; i < s->nctrs && model; i++)
		if (!strncasecmp(s->ctrs[i].ev.name, model, len) ||
		    s->ctrs[i].ev.kind == PFM_EVENT_HW)
			return model;
	return "perf";
}

/* Under a name of its own; the unit is left out if it is none of ours. */
static void add_event(struct group *g, const struct counter *c, const char *pmu)
{
	char *key = file_name(c->label), *name = xstrdup(key);
	char *text = file_event(c, key, pmu), why[GROUP_WHY_MAX], first[512];
	const char *unit = *c->ev.unit ? c->ev.unit : NULL;
	unsigned n;

	for (n = 2; !group_add_event(g, name, text, unit, why) &&
		    !group_add_event(g, name, text, NULL, why);
	     n++) {
		if (n == 2)
			snprintf(first, sizeof(first), "%s", why);
		if (n == 100)
			die("-e %s: %s", c->asked, first);
		free(name);
		name = xasprintf("%s_%u", key, n);
	}
	free(key);
	free(name);
	free(text);
}

/* The same event twice is one. */
static void add_events(struct group *g, const struct session *s,
		       const char *pmu)
{
	unsigned i, k;

	for (i = 0; i < s->nctrs; i++) {
		for (k = 0; k < i; k++)
			if (same_event(&s->ctrs[k].ev, &s->ctrs[i].ev) &&
			    !strcmp(s->ctrs[k].label, s->ctrs[i].label))
				break;
		if (k == i)
			add_event(g, &s->ctrs[i], pmu);
	}
}

static void check_text(const char *option, const char *text)
{
	const char *p;

	for (p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			die("%s: a control character cannot be in a file",
			    option);
		else if (*p == '#' &&
			 (p == text || isspace((unsigned char)p[-1])))
			die("%s: '%s' cannot be in a file, where '#' behind a "
			    "blank begins a comment",
			    option, text);
}

/* Those asked for; else the rate of each event. */
static void add_metrics(struct group *g, const struct strlist *metrics)
{
	char why[GROUP_WHY_MAX], *text;
	size_t i;

	for (i = 0; i < metrics->n; i++) {
		check_text("--metric", metrics->v[i]);
		if (!group_add_metric(g, metrics->v[i], NULL, why))
			die("%s", why);
	}
	for (i = 0; !metrics->n && i < g->nevents; i++) {
		const char *name = g->events[i].name;

		text = xasprintf("%s_rate=%s/time", name, name);
		if (!group_add_metric(g, text, NULL, why))
			die("%s", why);
		free(text);
	}
}

static char *group_text(const struct group *g, const char *pmu,
			const char *title)
{
	char *text;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	fprintf(f,
		"# by pfmon sets new; see pfmon-groups(5)\n\n[group]\n"
		"title = %s\npmu = %s\nsource = pfmon sets new\n\n[events]\n",
		title, pmu);
	for (i = 0; i < g->nevents; i++)
		fprintf(f, "%s = %s [%s]\n", g->events[i].name,
			g->events[i].string, g->events[i].unit_name);
	for (i = 0; i < g->nmetrics; i++)
		fprintf(f, "\n[metric %s]\nexpr = %s\nunit = %s\n",
			g->metrics[i].name, g->metrics[i].text,
			g->metrics[i].unit_name);
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}

/* Events of -e and their metrics, as text of a file. */
static char *new_text(struct session *s, const struct strlist *metrics,
		      const char *title, const char *pmu)
{
	struct group *g = group_new();
	char *text;

	check_text("--title", title);
	add_events(g, s, pmu);
	add_metrics(g, metrics);
	text = group_text(g, pmu, title);
	group_free(g);
	return text;
}

int sets_new(int argc, char **argv)
{
	struct count_opt events = { .repeat = 1 };
	struct session s = { .opt = &events };
	struct strlist names = { .n = 0 }, metrics = { .n = 0 };
	const char *title = NULL;
	bool force = false;
	const struct opt opts[] = {
		{ OPT_LIST, 'e', "event|events", "LIST", "its events",
		  &events.events, 0, 0, NULL },
		{ OPT_LIST, 0, "metric", "N=EXPR[U]",
		  "a metric of them; without any, their rates", &metrics, 0, 0,
		  NULL },
		{ OPT_STRING, 0, "title", "TEXT", "what it is about", &title, 0,
		  0, NULL },
		{ OPT_FLAG, 0, "force", NULL, "in place of one of that name",
		  &force, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	char *text;

	set_die_status(STATUS_FAIL);
	operands_parse(&new_entry, opts, argc, argv, &names);
	if (names.n != 1 || !events.events.n)
		usage_error(&new_entry, "it takes a name and -e");
	save_check_name(names.v[0]);
	events_parse(&s);
	if (!title || !*title)
		title = names.v[0];
	text = new_text(&s, &metrics, title, pmu_of(&s));
	save_group(pmu_of(&s), names.v[0], text, force);
	free(text);
	session_release(&s);
	free(events.events.v);
	free(metrics.v);
	free(names.v);
	return 0;
}
