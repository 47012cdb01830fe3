/* SPDX-License-Identifier: MIT
 *
 * out-json.c - a result as one JSON object on one line; pfmon-count(1) has the
 * schema.
 */
#include "config.h"

#include "count.h"
#include "json.h"
#include "versus.h"

#include <stdlib.h>

static struct json_t *target(const struct row *row)
{
	struct json_t *obj = js_object();

	js_set(obj, "kind", js_text(target_name(row->kind)));
	js_set(obj, "id", js_number(row->id >= 0, (uint64_t)row->id));
	if (row->tgid)
		js_set(obj, "process", js_number(true, (uint64_t)row->tgid));
	if (row->comm[0])
		js_set(obj, "comm", js_text(row->comm));
	return obj;
}

static struct json_t *value(const struct row *row)
{
	if (row->reason)
		return js_null();
	if (row_is_real(row))
		return js_real(row_value(row));
	return js_number(true, row->count);
}

/* The only set, all, or those of several. */
static struct json_t *sets(const struct row *row)
{
	struct json_t *array;
	unsigned i;

	if (row->nsets < 2)
		return js_number(true, 0);
	if (!(row->in & (row->in - 1)))
		return js_number(row->in, (uint64_t)__builtin_ctzll(
						  row->in | 1ULL << 63));
	array = js_array();
	for (i = 0; i < row->nsets; i++)
		if (row->in >> i & 1)
			js_append(array, js_number(true, i));
	return array;
}

/* Half the width of the 95 % interval, in the unit of the value. */
static struct json_t *error(const struct row *row)
{
	double half = estimate_half_width(&row->est);

	if (row->reason || row->stats.n || !row->is_scaled || half < 0)
		return js_null();
	return js_real(half * row->ctr->ev.scale);
}

static struct json_t *statistics(const struct row_stats *stats)
{
	struct json_t *obj = js_object();

	js_set(obj, "runs", js_number(true, stats->n));
	js_set(obj, "mean", js_real(stats->mean));
	js_set(obj, "deviation", js_real(stats->dev));
	js_set(obj, "min", js_real(stats->min));
	js_set(obj, "max", js_real(stats->max));
	return obj;
}

static struct json_t *results(const struct result *res)
{
	struct json_t *array = js_array();
	size_t i;

	for (i = 0; i < res->nrows; i++) {
		const struct row *row = &res->rows[i];
		const struct counter *ctr = row->ctr;
		struct json_t *obj = js_object();

		js_set(obj, "event", js_text(ctr->asked));
		js_set(obj, "name", js_text(ctr->name));
		js_set(obj, "set", sets(row));
		js_set(obj, "target", target(row));
		js_set(obj, "value", value(row));
		js_set(obj, "unit", js_text(ctr->unparsed ? "" : ctr->ev.unit));
		js_set(obj, "kind", js_text(row_kind(row)));
		js_set(obj, "error", error(row));
		js_set(obj, "enabled_ns", js_number(true, row->enabled_ns));
		js_set(obj, "running_ns", js_number(true, row->running_ns));
		js_set(obj, "reason",
		       js_text(row->reason ? row->reason : row->lacks));
		if (row->stats.n)
			js_set(obj, "statistics", statistics(&row->stats));
		js_append(array, obj);
	}
	return array;
}

static const char *const verdicts[] = {
	[GROUP_NEITHER] = NULL,
	[GROUP_GOOD] = "good",
	[GROUP_BAD] = "bad",
};

static struct json_t *metric(const struct metric_value *v,
			     const struct row *row)
{
	struct json_t *obj = js_object();

	js_set(obj, "metric", js_text(v->mt->name));
	js_set(obj, "group", js_text(v->g->name));
	js_set(obj, "target", target(row));
	js_set(obj, "value", v->has ? js_real(v->value) : js_null());
	js_set(obj, "unit", js_text(v->mt->unit_name));
	js_set(obj, "kind", js_text("derived"));
	js_set(obj, "error",
	       v->has && v->half > 0 ? js_real(v->half) : js_null());
	js_set(obj, "verdict", js_text(v->has ? verdicts[v->verdict] : NULL));
	js_set(obj, "reason", js_text(v->has ? NULL : v->why));
	return obj;
}

static struct json_t *metrics(const struct session *s, const struct result *res)
{
	struct json_t *array = js_array();
	size_t n = metrics_count(s), row, i;

	for (row = 0; n && row < res->nrows; row += res->nctrs)
		for (i = 0; i < n; i++) {
			struct metric_value v;

			metrics_value(s, res, row, i, &v);
			js_append(array, metric(&v, &res->rows[row]));
		}
	return array;
}

/* A command on one CPU, and the share of it that others had. */
static struct json_t *pinned(const struct pin *pin, const struct share *share)
{
	struct json_t *obj = js_object();

	js_set(obj, "cpu", js_number(true, (uint64_t)pin->cpu));
	js_set(obj, "others",
	       share->known ? js_real(pin_others(share)) : js_null());
	return obj;
}

/* How the command ended, its times and its counts: also those of one run. */
static void set_run(struct json_t *obj, const struct session *s,
		    const struct result *res)
{
	bool command = s->opt->command;
	bool ended = command && !res->partial;
	struct json_t *end = ended ? js_object() : js_null();

	if (ended) {
		js_set(end, "status", js_number(true, (uint64_t)res->status));
		js_set(end, "signal",
		       js_number(res->signal, (uint64_t)res->signal));
	}
	js_set(obj, "exit", end);
	js_set(obj, "elapsed_ns", js_number(true, res->elapsed_ns));
	js_set(obj, "user_ns", js_number(ended, res->user_ns));
	js_set(obj, "system_ns", js_number(ended, res->system_ns));
	if (s->pin.cpu >= 0)
		js_set(obj, "pinned", pinned(&s->pin, &res->share));
	js_set(obj, "results", results(res));
	if (metrics_count(s))
		js_set(obj, "metrics", metrics(s, res));
}

static void put_fact(void *obj, const char *key, const char *text)
{
	js_set(obj, key, js_text(text));
}

static struct json_t *machine(void)
{
	struct json_t *obj = js_object();

	machine_facts(put_fact, obj);
	return obj;
}

static struct json_t *comparison(const struct versus *versus)
{
	struct json_t *obj = compare_json(&versus->cmp);

	if (versus->argv)
		js_set(obj, "old_failed", js_number(true, versus->failed));
	return obj;
}

static void json_result(struct output *out, const struct result *res)
{
	const struct session *s = out->s;
	struct json_t *obj = js_object(), *array = js_array();
	char **arg, *line;
	unsigned i;

	js_set(obj, "schema", js_number(true, 1));
	js_set(obj, "pfmon", js_text(PACKAGE_VERSION));
	for (arg = s->opt->command; arg && *arg; arg++)
		js_append(array, js_text(*arg));
	js_set(obj, "command", array);
	js_set(obj, "backend", js_text(s->backend));
	js_set(obj, "machine", machine());
	if (res->partial)
		js_set(obj, "time_ns", js_number(true, res->time_ns));
	set_run(obj, s, res);
	if (res->nruns) {
		array = js_array();
		for (i = 0; i < res->nruns; i++) {
			struct json_t *run = js_object();

			set_run(run, s, &res->runs[i]);
			js_append(array, run);
		}
		js_set(obj, "runs", array);
	}
	if (res->versus)
		js_set(obj, "comparison", comparison(res->versus));
	line = js_line(obj);
	out_printf(out, "%s\n", line);
	free(line);
}

const struct writer writer_json = { .result = json_result };
