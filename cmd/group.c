/* SPDX-License-Identifier: MIT
 *
 * group.c - one metric group: its events, its metrics, and what names mean in
 * their expressions.  group-file.c reads it from a file, group-path.c knows
 * where files are.
 */
#include "config.h"

#include "group-priv.h"

#include "cmd.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 64
#define NEAR_MAX 24 /* bytes of an expression in a message about it */

/* What find_name() searches. */
struct names {
	const struct group *g;
	const struct group_machine *m;
	/* A metric that was asked for and has to be parsed first, or NULL. */
	struct group_metric *first;
};

static const struct {
	const char *name, *unit;
} consts[GROUP_CONSTS] = {
	[GROUP_TIME] = { "time", "s" },
	[GROUP_CLOCK_HZ] = { "clock_hz", "Hz" },
	[GROUP_TSC_HZ] = { "tsc_hz", "Hz" },
	[GROUP_CPUS] = { "cpus", "ratio" },
	[GROUP_SMT] = { "smt", "ratio" },
	[GROUP_WIDTH] = { "width", "slots/cycle" },
};

bool group_say(char why[GROUP_WHY_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, GROUP_WHY_MAX, fmt, ap);
	va_end(ap);
	return false;
}

struct group *group_new(void)
{
	return xcalloc(1, sizeof(struct group));
}

static void free_metric(struct group_metric *mt)
{
	free(mt->name);
	free(mt->text);
	free(mt->desc);
	free(mt->advice);
	free(mt->source);
	free(mt->unit_name);
	expr_free(mt->expr);
}

void group_free(struct group *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nevents; i++) {
		free(g->events[i].name);
		free(g->events[i].string);
		free(g->events[i].unit_name);
	}
	for (size_t i = 0; i < g->nmetrics; i++)
		free_metric(&g->metrics[i]);
	free(g->events);
	free(g->metrics);
	free(g->name);
	free(g->path);
	free(g->title);
	free(g->desc);
	free(g->source);
	free(g->lacks);
	for (char **pmu = g->pmus; pmu && *pmu; pmu++)
		free(*pmu);
	free(g->pmus);
	free(g);
}

/* Event names as people write them: any case, '.' for ':'. */
static bool same_event(const char *a, const char *b)
{
	int x, y;

	do {
		x = tolower((unsigned char)*a++);
		y = tolower((unsigned char)*b++);
		x = x == '.' ? ':' : x;
		y = y == '.' ? ':' : y;
	} while (x == y && x);
	return x == y;
}

static bool find_const(const struct names *n, const char *name,
		       struct expr_name *out)
{
	unsigned i;

	for (i = 0; i < GROUP_CONSTS && strcmp(consts[i].name, name) != 0;)
		i++;
	if (i == GROUP_CONSTS)
		return false;
	*out = (struct expr_name){ .kind = EXPR_VALUE,
				   .id = i,
				   .unit = UNIT_RATIO };
	if (!n->g->unchecked)
		unit_parse(consts[i].unit, strlen(consts[i].unit), &out->unit);
	if (n->m && n->m->value[i] > 0) {
		out->kind = EXPR_CONST;
		out->value = n->m->value[i];
	}
	return true;
}

static bool find_name(void *arg, const char *name, struct expr_name *out)
{
	struct names *n = arg;
	const struct group *g = n->g;
	size_t i;

	for (i = 0; i < g->nmetrics; i++) {
		if (strcmp(g->metrics[i].name, name) != 0)
			continue;
		if (!g->metrics[i].expr) {
			n->first = &g->metrics[i];
			return false;
		}
		*out = (struct expr_name){ .kind = EXPR_METRIC,
					   .metric = g->metrics[i].expr };
		return true;
	}
	for (i = 0; i < g->nevents; i++)
		if (!strcmp(g->events[i].name, name))
			break;
	for (size_t j = 0; i == g->nevents && j < g->nevents; j++)
		if (same_event(g->events[j].string, name))
			i = j;
	if (i == g->nevents)
		return find_const(n, name, out);
	*out = (struct expr_name){ .kind = EXPR_VALUE,
				   .id = GROUP_EVENT0 + (unsigned)i,
				   .unit = g->unchecked ? UNIT_RATIO :
							  g->events[i].unit };
	return true;
}

bool group_check_name(const struct group *g, const char *name,
		      char why[GROUP_WHY_MAX])
{
	struct names n = { .g = g };
	struct expr_name found;

	if (!*name || strlen(name) >= EXPR_NAME_MAX)
		return group_say(why, "a name has 1 to %d bytes: '%s'",
				 EXPR_NAME_MAX - 1, name);
	if (isdigit((unsigned char)*name))
		return group_say(why,
				 "'%s' starts with a digit, a name does not",
				 name);
	if (find_const(&n, name, &found))
		return group_say(why, "'%s' is a constant's name", name);
	if (!strcmp(name, "min") || !strcmp(name, "max"))
		return group_say(why, "'%s' is a function's name", name);
	for (size_t i = 0; i < g->nevents; i++)
		if (!strcmp(g->events[i].name, name))
			return group_say(why, "there is an event '%s' already",
					 name);
	for (size_t i = 0; i < g->nmetrics; i++)
		if (!strcmp(g->metrics[i].name, name))
			return group_say(why, "there is a metric '%s' already",
					 name);
	return true;
}

bool group_add_event(struct group *g, const char *name, const char *string,
		     const char *unit, char why[GROUP_WHY_MAX])
{
	struct group_event ev;

	unit = unit ? unit : "count";
	if (g->nevents == EVENTS_MAX)
		return group_say(why, "over %d events", EVENTS_MAX);
	if (!group_check_name(g, name, why))
		return false;
	if (!*string)
		return group_say(why, "the event '%s' has no text", name);
	if (!unit_parse(unit, strlen(unit), &ev.unit))
		return group_say(why, "unknown unit '%s'", unit);
	ev.name = xstrdup(name);
	ev.string = xstrdup(string);
	ev.unit_name = xstrdup(unit);
	g->events =
		xreallocarray(g->events, g->nevents + 1, sizeof(*g->events));
	g->events[g->nevents++] = ev;
	return true;
}

struct group_metric *group_new_metric(struct group *g, const char *name)
{
	struct group_metric *mt;

	g->metrics =
		xreallocarray(g->metrics, g->nmetrics + 1, sizeof(*g->metrics));
	mt = &g->metrics[g->nmetrics++];
	*mt = (struct group_metric){
		.name = xstrdup(name),
		.scale = 1,
		.good = { NAN, NAN },
		.bad = { NAN, NAN },
	};
	return mt;
}

/* *first as in struct names: with it, false is no error yet. */
static bool finish_metric(const struct names *in, struct group_metric *mt,
			  struct group_metric **first, char *why)
{
	struct names names = *in;
	struct expr_env env = { .find = find_name, .arg = &names };
	char text[UNIT_TEXT];
	struct expr_error err;
	struct unit u;

	*first = NULL;
	if (!mt->text)
		return group_say(why, "metric '%s' has no expr", mt->name);
	mt->expr = expr_parse(mt->text, &env, &err);
	*first = names.first;
	if (names.first) {
		expr_free(mt->expr);
		mt->expr = NULL;
		return false;
	}
	if (!mt->expr && mt->text[err.at])
		return group_say(why, "metric '%s': %s, at \"%.*s\"", mt->name,
				 err.why, NEAR_MAX, mt->text + err.at);
	if (!mt->expr)
		return group_say(why, "metric '%s': %s, at the end", mt->name,
				 err.why);
	if (!mt->unit_name)
		mt->unit_name = xstrdup(unit_text(expr_unit(mt->expr), text));
	if (in->g->unchecked)
		return true;
	if (expr_check_unit(mt->expr, mt->unit_name, &u, &err))
		return group_say(why, "metric '%s': %s", mt->name, err.why);
	mt->scale = u.scale;
	return true;
}

/* "a needs b, which needs a" */
static bool say_cycle(struct group_metric *const *chain, size_t n, char *why)
{
	size_t len;

	group_say(why, "metric '%s' needs itself: it needs", chain[0]->name);
	for (size_t i = 1; i <= n; i++) {
		/* The start and the end of a long one tell enough. */
		if (n > 6 && i == 4)
			i = n - 1;
		len = strlen(why);
		snprintf(why + len, GROUP_WHY_MAX - len, "%s '%s'",
			 i == 1              ? "" :
			 n > 6 && i == n - 1 ? " ..., which needs" :
					       ", which needs",
			 chain[i % n]->name);
	}
	return false;
}

bool group_finish(struct group *g, const struct group_machine *m,
		  const struct group_metric **bad, char why[GROUP_WHY_MAX])
{
	struct names names = { .g = g, .m = m };
	struct group_metric *chain[GROUP_METRICS_MAX], *first;
	size_t i, n;

	/* No recursion: a file decides how long a chain is. */
	for (size_t next = 0; next < g->nmetrics; next++) {
		chain[0] = &g->metrics[next];
		for (n = chain[0]->expr ? 0 : 1; n > 0;) {
			*bad = chain[n - 1];
			if (finish_metric(&names, chain[n - 1], &first, why)) {
				n--;
				continue;
			}
			if (!first)
				return false;
			for (i = 0; i < n && chain[i] != first;)
				i++;
			if (i < n) {
				*bad = chain[i];
				return say_cycle(chain + i, n - i, why);
			}
			chain[n++] = first;
		}
	}
	return true;
}

bool group_add_metric(struct group *g, const char *text,
		      const struct group_machine *m, char why[GROUP_WHY_MAX])
{
	size_t len = strlen(text), name_len = strcspn(text, "=");
	const char *unit =
		len && text[len - 1] == ']' ? strrchr(text, '[') : NULL;
	char name[GROUP_NAME_MAX + 2];
	const struct group_metric *bad;
	struct group_metric *mt;

	if (!text[name_len])
		return group_say(why, "'%s' is not name=expression[unit]",
				 text);
	if (g->nmetrics == GROUP_METRICS_MAX)
		return group_say(why, "over %d metrics", GROUP_METRICS_MAX);
	snprintf(name, sizeof(name), "%.*s", (int)name_len, text);
	if (name_len > GROUP_NAME_MAX)
		return group_say(why, "a metric's name has 1 to %d bytes: '%s'",
				 GROUP_NAME_MAX, name);
	if (!group_check_name(g, name, why))
		return false;
	text += name_len + 1;
	if (unit && unit < text)
		return group_say(why, "'%s' is no name", name);
	mt = group_new_metric(g, name);
	len = unit ? (size_t)(unit - text) : strlen(text);
	mt->text = xasprintf("%.*s", (int)len, text);
	if (unit)
		mt->unit_name =
			xasprintf("%.*s", (int)strlen(unit) - 2, unit + 1);
	if (group_finish(g, m, &bad, why))
		return true;
	free_metric(mt);
	g->nmetrics--;
	return false;
}
