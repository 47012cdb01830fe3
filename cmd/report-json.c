/* SPDX-License-Identifier: MIT
 *
 * report-json.c - a report as one JSON object on one line; pfmon-report(1) has
 * the schema.  What is not known is null, with a reason beside it.
 */
#include "config.h"

#include "json.h"
#include "report-metrics.h"
#include "report-priv.h"

#include <stdlib.h>
#include <string.h>

/* "" is nothing that is known. */
static struct json_t *text_or_null(const char *text)
{
	return *text ? js_text(text) : js_null();
}

static const char *kind_of(const struct report *r)
{
	static const char *const kinds[] = { "sampled", "sampled",
					     "clock-driven" };

	return kinds[r->p->events[r->event].weight];
}

struct json_t *report_json_event(const struct report *r)
{
	const struct prof_event *e = &r->p->events[r->event];
	static const char *const how[] = { "period", "frequency", "clock" };
	struct json_t *obj = js_object();
	bool hz = e->weight != PROF_PERIOD;

	js_set(obj, "name", js_text(r->p->strings[e->name]));
	js_set(obj, "unit", js_text(r->p->strings[e->unit]));
	js_set(obj, "sampling", js_text(how[e->weight]));
	js_set(obj, "period", js_number(!hz, e->period));
	js_set(obj, "hz", js_number(hz, e->period));
	js_set(obj, "resolution_ns",
	       e->weight == PROF_CLOCK && e->period ?
		       js_real(1e9 / (double)e->period) :
		       js_null());
	js_set(obj, "skid", text_or_null(r->p->strings[e->skid]));
	js_set(obj, "set", js_number(true, e->set));
	return obj;
}

struct json_t *report_json_trust(const struct profile *p)
{
	const struct prof_totals *t = &p->totals;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "recorded", t->samples },
		{ "lost", t->lost },
		{ "dropped", t->dropped },
		{ "throttled", t->throttled },
		{ "stacks", t->stacks },
		{ "stacks_complete", t->complete },
		{ "processes", t->processes },
		{ "threads", t->threads },
		{ "duration_ns", t->duration_ns },
	};
	struct json_t *obj = js_object();
	size_t i;

	js_set(obj, "samples", js_number(true, p->nsamples));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		js_set(obj, numbers[i].key,
		       js_number(p->ended, numbers[i].value));
	js_set(obj, "reason",
	       js_text(p->ended ? NULL : "the recording was cut"));
	return obj;
}

static struct json_t *value_of(const struct report *r, uint64_t weight)
{
	return js_real((double)weight * r->p->events[r->event].scale);
}

static void set_sum(struct json_t *obj, const struct report *r,
		    const char *const keys[3], const struct report_sum *sum)
{
	bool known = sum != NULL;

	js_set(obj, keys[0], known ? value_of(r, sum->weight) : js_null());
	js_set(obj, keys[1],
	       known ? js_real(report_percent(sum->weight, r->all.weight)) :
		       js_null());
	js_set(obj, keys[2], js_number(known, known ? sum->samples : 0));
}

static void set_context(struct json_t *obj, const struct report *r,
			uint32_t place)
{
	struct report_context c = report_context(r, place);
	uint32_t object;
	char *why = NULL;

	if (report_is_unresolved(r, place, &object))
		why = report_why(r->p, object);
	else if (r->opt->no_children)
		why = xstrdup("no totals: --no-children");
	js_set(obj, "object", text_or_null(c.path));
	js_set(obj, "build_id", text_or_null(c.build_id));
	js_set(obj, "at_function", text_or_null(c.function));
	js_set(obj, "at_file", text_or_null(c.file));
	js_set(obj, "at_line", js_number(c.line, c.line));
	js_set(obj, "reason", js_text(why));
	free(why);
}

/* A function that is not known is null; its object and reason follow. */
static void set_keys(struct json_t *obj, const struct report *r,
		     const struct report_row *row)
{
	const struct report_opt *o = r->opt;
	char *text;
	unsigned i;

	for (i = 0; i < o->nkeys; i++) {
		bool none = !report_key_is_of_sample(o->keys[i]) &&
			    r->places[row->place].key[i] >> 32 == 1;

		text = report_key_text(r, row, i);
		js_set(obj, report_key_name(o->keys[i]),
		       none ? js_null() : js_text(text));
		free(text);
	}
}

static struct json_t *rows_of(const struct report *r)
{
	static const char *const self[] = { "self", "self_percent",
					    "self_samples" };
	static const char *const total[] = { "total", "total_percent",
					     "total_samples" };
	const char *unit = r->p->strings[r->p->events[r->event].unit];
	struct json_t *array = js_array();
	struct report_shown shown;
	size_t i;

	report_select(&shown, r, false);
	for (i = 0; i < shown.n; i++) {
		const struct report_row *row = &r->rows[shown.rows[i]];
		struct json_t *obj = js_object();

		set_keys(obj, r, row);
		set_sum(obj, r, self, &row->self);
		set_sum(obj, r, total,
			r->opt->no_children ? NULL : &row->total);
		js_set(obj, "unit", js_text(unit));
		js_set(obj, "kind", js_text(kind_of(r)));
		set_context(obj, r, row->place);
		js_append(array, obj);
	}
	report_shown_release(&shown);
	return array;
}

static struct json_t *branch_of(const struct report *r,
				const struct tree_line *line)
{
	static const char *const keys[] = { "value", "percent", "samples" };
	struct json_t *obj = js_object();
	uint32_t number;
	const char *file = report_call_site(r, line, &number);
	char *name = NULL;

	if (line->place != PROF_NONE)
		name = report_place_name(r, line->place);
	else
		name = xstrdup(line->others ? "others" : "all");
	js_set(obj, "name", js_text(name));
	free(name);
	js_set(obj, "share", js_real(line->share));
	set_sum(obj, r, keys, &line->sum);
	js_set(obj, "file", text_or_null(file));
	js_set(obj, "line", js_number(number, number));
	if (line->others)
		js_set(obj, "others", js_number(true, line->others));
	if (line->place != PROF_NONE)
		js_set(obj, "object",
		       text_or_null(report_context(r, line->place).path));
	return obj;
}

static struct json_t *trees_of(const struct report *r)
{
	struct json_t *below[TREE_DEPTH + 2], *obj;
	struct tree_lines lines;
	size_t i;

	below[0] = js_array();
	report_trees(&lines, r);
	for (i = 0; i < lines.n; i++) {
		const struct tree_line *line = &lines.v[i];

		obj = branch_of(r, line);
		/* Borrowed from its object from here on. */
		below[line->depth + 1] = js_array();
		js_set(obj, "children", below[line->depth + 1]);
		js_append(below[line->depth], obj);
	}
	free(lines.v);
	return below[0];
}

static struct json_t *event_report(const struct report *r)
{
	static const char *const keys[] = { "value", "percent", "samples" };
	struct json_t *obj = js_object();
	unsigned i;

	js_set(obj, "event", report_json_event(r));
	set_sum(obj, r, keys, &r->all);
	js_set(obj, "unit",
	       js_text(r->p->strings[r->p->events[r->event].unit]));
	js_set(obj, "kind", js_text(kind_of(r)));
	js_set(obj, "recorded_samples", js_number(true, r->recorded));
	js_set(obj, "resolved_samples", js_number(true, r->resolved));
	if (r->opt->tree) {
		js_set(obj, "trees", trees_of(r));
	} else {
		struct json_t *list = js_array();

		for (i = 0; i < r->opt->nkeys; i++)
			js_append(list,
				  js_text(report_key_name(r->opt->keys[i])));
		js_set(obj, "keys", list);
		js_set(obj, "rows", rows_of(r));
	}
	return obj;
}

static struct json_t *metric_row(const struct report_metrics *m, size_t i,
				 const struct report_row *row)
{
	const struct report *r = report_metrics_base(m, i);
	struct json_t *obj = js_object();
	struct report_metric v;

	report_metrics_value(m, i, row, &v);
	if (row)
		set_keys(obj, r, row);
	js_set(obj, "value", v.has ? js_real(v.value) : js_null());
	js_set(obj, "error", v.has && v.half > 0 ? js_real(v.half) : js_null());
	js_set(obj, "reason", js_text(v.has ? NULL : v.why));
	return obj;
}

static struct json_t *metrics_of(const struct report *reports, size_t n)
{
	struct report_metrics *m = report_metrics_new(reports, n);
	struct json_t *list = js_array();
	struct report_shown shown;
	struct report_metric v;
	size_t i, k;

	for (i = 0; i < report_metrics_count(m); i++) {
		const struct report *base = report_metrics_base(m, i);
		struct json_t *obj = js_object(), *rows = js_array();

		report_metrics_value(m, i, NULL, &v);
		js_set(obj, "metric", js_text(v.mt->name));
		js_set(obj, "formula", js_text(v.mt->text));
		js_set(obj, "unit", text_or_null(v.mt->unit_name));
		js_set(obj, "kind", js_text("sampled"));
		js_set(obj, "all", metric_row(m, i, NULL));
		report_select(&shown, base, false);
		for (k = 0; k < shown.n; k++)
			js_append(rows,
				  metric_row(m, i, &base->rows[shown.rows[k]]));
		report_shown_release(&shown);
		js_set(obj, "rows", rows);
		js_append(list, obj);
	}
	report_metrics_free(m);
	return list;
}

void report_json(FILE *f, const struct report *reports, size_t n)
{
	const struct profile *p = reports->p;
	struct json_t *obj = js_object(), *meta = js_object();
	struct json_t *events = js_array();
	char *line;
	uint32_t k;
	size_t i;

	js_set(obj, "schema", js_number(true, 1));
	js_set(obj, "pfmon", js_text(PACKAGE_VERSION));
	js_set(obj, "file", js_text(p->path));
	for (k = 0; k < p->nmetas; k++)
		js_set(meta, p->metas[k].key, js_text(p->metas[k].text));
	js_set(obj, "recording", meta);
	js_set(obj, "trust", report_json_trust(p));
	for (i = 0; i < n; i++)
		js_append(events, event_report(&reports[i]));
	js_set(obj, "events", events);
	js_set(obj, "metrics", metrics_of(reports, n));
	line = js_line(obj);
	fprintf(f, "%s\n", line);
	free(line);
}
