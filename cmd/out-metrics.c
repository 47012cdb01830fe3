/* SPDX-License-Identifier: MIT
 *
 * out-metrics.c - the values of metrics for people: a table below that of the
 * events, and advice where a value is beyond what is good.
 */
#include "config.h"

#include "count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char see_note[] = "no value: see note";

/* Widths of the first columns, as wide as what is in them. */
struct widths {
	int target, name;
};

static void target_text(const struct row *row, char *buf, size_t size)
{
	buf[0] = '\0';
	if (row->kind == TARGET_CPU)
		snprintf(buf, size, "CPU %d", (int)row->id);
	else if (row->id >= 0 && row->kind != TARGET_COMMAND)
		snprintf(buf, size, "%d", (int)row->id);
}

/* Four digits; large numbers whole. */
static void format_metric(double v, char *buf, size_t size)
{
	if (v >= 1e6 || v <= -1e6)
		snprintf(buf, size, "%.4g", v);
	else if (v >= 1000 || v <= -1000)
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "%#.4g", v);
}

static void format_half(const struct metric_value *v, char *buf, size_t size)
{
	buf[0] = '\0';
	if (v->has && v->half < 0)
		snprintf(buf, size, "?");
	else if (v->has && v->half > 0 && v->value != 0)
		snprintf(buf, size, "%.1f%%",
			 100 * v->half / (v->value < 0 ? -v->value : v->value));
}

/* Is the reason that of an event, whose row has it? */
static const char *lacking(const struct metric_value *v)
{
	size_t i, len;

	for (i = 0; i < v->g->nevents; i++) {
		len = strlen(v->g->events[i].name);
		if (!strncmp(v->why, v->g->events[i].name, len) &&
		    v->why[len] == ':')
			return v->g->events[i].name;
	}
	return NULL;
}

/*
 * What is behind the value: unit and verdict, or why there is none, in a note
 * when that is too long.
 */
static void format_rest(const struct metric_value *v, size_t room, char *buf,
			size_t size)
{
	if (!v->has && lacking(v))
		snprintf(buf, size, "needs %s", lacking(v));
	else if (!v->has && strlen(v->why) <= room)
		snprintf(buf, size, "%s", v->why);
	else if (!v->has)
		snprintf(buf, size, "%s", see_note);
	else if (v->verdict == GROUP_BAD)
		snprintf(buf, size, "%s  <- look here", v->mt->unit_name);
	else
		snprintf(buf, size, "%s", v->mt->unit_name);
}

/* Columns that are left behind a value. */
static size_t room_left(const struct output *out, const struct widths *w)
{
	int used = 1 + w->target + (w->target ? 2 : 0) + w->name + 2 + 12 + 2 +
		   6 + 2;

	return (int)out->width > used ? out->width - (unsigned)used : 0;
}

static void put_metric(struct output *out, const struct metric_value *v,
		       const struct row *row, const struct widths *w)
{
	char target[32], value[32] = "-", half[32], rest[512], line[768];

	target_text(row, target, sizeof(target));
	if (v->has)
		format_metric(v->value, value, sizeof(value));
	format_half(v, half, sizeof(half));
	format_rest(v, room_left(out, w), rest, sizeof(rest));
	snprintf(line, sizeof(line), " %-*s%s%-*s  %12s  %6s  %s", w->target,
		 target, w->target ? "  " : "", w->name, v->mt->name, value,
		 half, rest);
	text_line(out, line, v->has ? NULL : "\033[2m");
}

static void measure(const struct session *s, const struct result *res,
		    struct widths *w)
{
	char target[32];
	unsigned i;
	size_t k;
	int len;

	*w = (struct widths){ .name = 16 };
	for (i = 0; i < s->nuses; i++)
		for (k = 0; k < s->uses[i].g->nmetrics; k++) {
			len = (int)strlen(s->uses[i].g->metrics[k].name);
			w->name = len > w->name ? len : w->name;
		}
	for (k = 0; res->nrows > res->nctrs && k < res->nrows;
	     k += res->nctrs) {
		target_text(&res->rows[k], target, sizeof(target));
		len = (int)strlen(target);
		w->target = len > w->target ? len : w->target;
	}
}

static void put_head(struct output *out, const struct widths *w)
{
	char line[256], rule[256];

	snprintf(line, sizeof(line), " %-*s%s%-*s  %12s  %6s  %s", w->target,
		 w->target ? "on" : "", w->target ? "  " : "", w->name,
		 "metric", "value", "+-", "unit");
	snprintf(rule, sizeof(rule), " %-*.*s%s%.*s  %.12s  %.6s  %.24s",
		 w->target, w->target, "----------------",
		 w->target ? "  " : "", w->name,
		 "----------------------------------------------------------"
		 "------",
		 "------------", "------", "------------------------");
	text_line(out, line, "\033[1m");
	text_line(out, rule, "\033[2m");
}

/* Each reason that had no room, with the metrics it is of. */
static void put_reasons(struct output *out, const struct result *res,
			const struct widths *w)
{
	const struct session *s = out->s;
	size_t n = metrics_count(s), i, k, room = room_left(out, w);
	struct metric_value *v = xcalloc(n, sizeof(*v));
	char *names, *more;

	for (i = 0; i < n; i++)
		metrics_value(s, res, 0, i, &v[i]);
	for (i = 0; i < n; i++) {
		if (v[i].has || lacking(&v[i]) || strlen(v[i].why) <= room)
			continue;
		names = xstrdup(v[i].mt->name);
		for (k = i + 1; k < n; k++) {
			if (v[k].has || strcmp(v[k].why, v[i].why) != 0)
				continue;
			more = xasprintf("%s, %s", names, v[k].mt->name);
			free(names);
			names = more;
			v[k].has = true;
		}
		more = xasprintf("%s: %s", names, v[i].why);
		text_note(out, "note", more);
		free(more);
		free(names);
	}
	free(v);
}

/* Once for each metric that asks for it on some target. */
static void put_advice(struct output *out, const struct result *res)
{
	const struct session *s = out->s;
	size_t n = metrics_count(s), i, row;
	struct metric_value v;
	char *text;

	for (i = 0; i < n; i++)
		for (row = 0; row < res->nrows; row += res->nctrs) {
			metrics_value(s, res, row, i, &v);
			if (!v.has || v.verdict != GROUP_BAD || !v.mt->advice)
				continue;
			text = xasprintf("%s: %s", v.mt->name, v.mt->advice);
			text_note(out, "note", text);
			free(text);
			break;
		}
}

void text_metrics(struct output *out, const struct result *res)
{
	size_t n = metrics_count(out->s), i, row;
	struct metric_value v;
	struct widths w;

	if (!n || !res->nrows)
		return;
	measure(out->s, res, &w);
	out_printf(out, "\n");
	put_head(out, &w);
	for (row = 0; row < res->nrows; row += res->nctrs)
		for (i = 0; i < n; i++) {
			metrics_value(out->s, res, row, i, &v);
			put_metric(out, &v, &res->rows[row], &w);
		}
	put_reasons(out, res, &w);
	put_advice(out, res);
}
