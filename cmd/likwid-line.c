/* SPDX-License-Identifier: MIT
 *
 * likwid-line.c - a line of a group of LIKWID's: a counter with its event, or a
 * metric with its formula.  What has no equivalent is said in a note and in a
 * comment of the result.
 */
#include "config.h"

#include "likwid.h"
#include "likwid-priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* Letters, digits and '_', in lower case; what is in brackets is a unit. */
static void plain_name(const char *text, char name[NAME_SIZE])
{
	size_t n = 0;
	int depth = 0;

	for (; *text && n + 8 < NAME_SIZE; text++) {
		depth += *text == '[';
		if (!depth && isalnum((unsigned char)*text))
			name[n++] = (char)tolower((unsigned char)*text);
		else if (!depth && n && name[n - 1] != '_')
			name[n++] = '_';
		depth -= *text == ']' && depth;
	}
	while (n && name[n - 1] == '_')
		n--;
	name[n] = '\0';
}

static bool is_ours(const struct group_text *g, const char *name)
{
	static const char *const constants[] = { "time", "clock_hz", "tsc_hz",
						 "cpus", "smt",      "width",
						 "min",  "max" };
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(constants); i++)
		if (!strcmp(name, constants[i]))
			return true;
	for (i = 0; i < g->nctrs; i++)
		if (!strcmp(name, g->ctrs[i].name))
			return true;
	for (i = 0; i < g->nmetrics; i++)
		if (!strcmp(name, g->used[i]))
			return true;
	return false;
}

/* The same name with a number behind it, if it is taken. */
static void make_unique(const struct group_text *g, char name[NAME_SIZE])
{
	size_t len = strlen(name);
	unsigned n = 2;

	if (!len || isdigit((unsigned char)*name)) {
		memmove(name + 2, name, len + 1);
		memcpy(name, "m_", 2);
		len += 2;
	}
	while (is_ours(g, name))
		snprintf(name + len, NAME_SIZE - len, "_%u", n++);
}

static const struct counter *find_counter(const struct group_text *g,
					  const char *id, size_t len)
{
	unsigned i;

	for (i = 0; i < g->nctrs; i++)
		if (strlen(g->ctrs[i].id) == len &&
		    !memcmp(g->ctrs[i].id, id, len))
			return &g->ctrs[i];
	return NULL;
}

/* The event of a counter's line, with what stands behind the counter. */
static bool find_event(struct group_text *g, struct counter *c,
		       const char *event, char *options, char *why)
{
	if (strncmp(c->id, "PMC", 3) && strncmp(c->id, "FIXC", 4) &&
	    strncmp(c->id, "PWR", 3) && strcmp(c->id + 1, "PERF") != 0) {
		snprintf(why, LIKWID_WHY_MAX,
			 "no equivalent of counters such as %s", c->id);
		return false;
	}
	if (!likwid_event(g->pmu, event, c->event, &c->unit)) {
		snprintf(why, LIKWID_WHY_MAX, "%.60s has no such event",
			 g->pmu);
		return false;
	}
	if (options && !likwid_options(g->pmu, options, c->event, why))
		return false;
	if (g->nevents < EVENTS_MAX)
		return true;
	snprintf(why, LIKWID_WHY_MAX, "over %d events", EVENTS_MAX);
	return false;
}

bool likwid_counter(struct group_text *g, char *line)
{
	char *id = line, *event = line + strcspn(line, " \t"), *options;
	char why[LIKWID_WHY_MAX];
	struct counter *c;

	if (*event)
		*event++ = '\0';
	event += strspn(event, " \t");
	options = strchr(id, ':');
	if (options)
		*options++ = '\0';
	if (!*event || event[strcspn(event, " \t")])
		likwid_note(g, "a line of EVENTSET is a counter and an event");
	else if (!*id || strlen(id) >= NAME_SIZE ||
		 strlen(event) >= LIKWID_EVENT_MAX / 2)
		likwid_note(g, "no name of a counter or an event: '%.40s'", id);
	else if (find_counter(g, id, strlen(id)))
		likwid_note(g, "there is an event on %s already", id);
	else if (g->nctrs == COUNTERS_MAX)
		likwid_note(g, "over %d counters", COUNTERS_MAX);
	else
		goto good;
	return false;
good:
	g->ctrs = xreallocarray(g->ctrs, g->nctrs + 1, sizeof(*g->ctrs));
	c = &g->ctrs[g->nctrs];
	*c = (struct counter){ .unit = NULL };
	snprintf(c->id, sizeof(c->id), "%s", id);
	if (!strcmp(event, "MERGE")) {
		/* The other half of a pair of AMD's: no loss, nor a remark. */
		fprintf(g->out,
			"# %s (line %u) is not needed: counters are "
			"paired without it\n",
			id, g->line);
	} else if (find_event(g, c, event, options, why)) {
		plain_name(event, c->name);
		make_unique(g, c->name);
		g->nevents++;
	} else {
		c->event[0] = '\0';
		likwid_note(g, "%s %s is left out: %s", id, event, why);
		fprintf(g->out, "# left out: %s %s (line %u): %s\n", id, event,
			g->line, why);
	}
	g->nctrs++;
	return true;
}

/* A name in a formula: see likwid_name_fn. */
static const char *put_name(const void *arg, const char *name, size_t len,
			    char why[LIKWID_WHY_MAX])
{
	const struct counter *c = find_counter(arg, name, len);

	if (c && c->event[0])
		return c->name;
	if (len == 4 && !memcmp(name, "time", 4))
		return "time";
	if (len == 12 && !memcmp(name, "inverseClock", 12))
		return "(1/tsc_hz)";
	if (c)
		snprintf(why, LIKWID_WHY_MAX, "it needs %s", c->id);
	else
		snprintf(why, LIKWID_WHY_MAX, "'%.*s' is none of its counters",
			 len < 60 ? (int)len : 60, name);
	return NULL;
}

/* What is in brackets, as far as it may stand in a file. */
static void put_unit(FILE *f, const char *label)
{
	const char *open = strchr(label, '['), *p;

	if (!open)
		return;
	for (p = open + 1; isalnum((unsigned char)*p) || *p == '/' || *p == '%';
	     p++)
		;
	if (*p == ']' && p > open + 1)
		fprintf(f, "unit = %.*s\n", (int)(p - open - 1), open + 1);
}

bool likwid_metric(struct group_text *g, char *line)
{
	char why[LIKWID_WHY_MAX], *formula, *text, *end = line + strlen(line);
	char name[NAME_SIZE];

	for (formula = end; formula > line && !isspace((unsigned char)*formula);
	     formula--)
		;
	if (formula == line) {
		likwid_note(g, "a line of METRICS is a name and a formula");
		return false;
	}
	for (end = formula; end > line && isspace((unsigned char)end[-1]);
	     end--)
		;
	*end = '\0';
	formula++;
	if (g->nmetrics == METRICS_MAX) {
		likwid_note(g, "over %d metrics", METRICS_MAX);
		return false;
	}
	text = likwid_formula(formula, put_name, g, why);
	if (!text) {
		likwid_note(g, "metric '%s' is left out: %s", line, why);
		fprintf(g->out, "# left out: metric '%s' (line %u): %s\n", line,
			g->line, why);
		g->nleft++;
		return true;
	}
	plain_name(line, name);
	make_unique(g, name);
	memcpy(g->used[g->nmetrics++], name, sizeof(name));
	fprintf(g->out, "\n[metric %s]\nexpr = %s\n", name, text);
	put_unit(g->out, line);
	fprintf(g->out, "%sdesc = %s\n", g->no_smt ? "needs = no-smt\n" : "",
		line);
	free(text);
	return true;
}
