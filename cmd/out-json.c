/* SPDX-License-Identifier: MIT
 *
 * out-json.c - a result as one JSON object on one line; pfmon-count(1) has the
 * schema.  The only file that knows jansson, which is opened on first need.
 */
#include "config.h"

#include "count.h"

#ifdef HAVE_JANSSON

#include <dlfcn.h>
#include <jansson.h>
#include <stdlib.h>

/* The library's functions as far as they are used here. */
static struct {
	__typeof__(&json_object) object;
	__typeof__(&json_array) array;
	__typeof__(&json_integer) integer;
	__typeof__(&json_real) real;
	__typeof__(&json_null) null;
	__typeof__(&json_string) string;
	__typeof__(&json_object_set_new) object_set_new;
	__typeof__(&json_array_append_new) array_append_new;
	__typeof__(&json_dumps) dumps;
	__typeof__(&json_delete) delete;
} js;

static const struct {
	void *slot;
	const char *name;
} symbols[] = {
	{ &js.object, "json_object" },
	{ &js.array, "json_array" },
	{ &js.integer, "json_integer" },
	{ &js.real, "json_real" },
	{ &js.null, "json_null" },
	{ &js.string, "json_string" },
	{ &js.object_set_new, "json_object_set_new" },
	{ &js.array_append_new, "json_array_append_new" },
	{ &js.dumps, "json_dumps" },
	{ &js.delete, "json_delete" },
};

void json_init(void)
{
	void *lib = dlopen(LIBJANSSON_SONAME, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!lib)
		die("--json needs jansson: %s (Debian: libjansson4)",
		    dlerror());
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *sym = dlsym(lib, symbols[i].name);

		if (!sym)
			die("--json: %s", dlerror());
		*(void **)symbols[i].slot = sym;
	}
}

static void set(json_t *obj, const char *key, json_t *value)
{
	if (!value || js.object_set_new(obj, key, value) < 0)
		die("out of memory");
}

static void append(json_t *array, json_t *value)
{
	if (!value || js.array_append_new(array, value) < 0)
		die("out of memory");
}

/* Text that is not UTF-8 loses what is not ASCII. */
static json_t *text(const char *s)
{
	json_t *value = js.string(s);
	char *copy, *p;

	if (value)
		return value;
	copy = xstrdup(s);
	for (p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = js.string(copy);
	free(copy);
	return value;
}

static json_t *number(bool known, uint64_t v)
{
	if (!known)
		return js.null();
	if (v > INT64_MAX)
		return js.real((double)v);
	return js.integer((json_int_t)v);
}

static json_t *target(const struct row *row)
{
	json_t *obj = js.object();

	set(obj, "kind", text(target_name(row->kind)));
	set(obj, "id", number(row->id >= 0, (uint64_t)row->id));
	if (row->tgid)
		set(obj, "process", number(true, (uint64_t)row->tgid));
	if (row->comm[0])
		set(obj, "comm", text(row->comm));
	return obj;
}

static json_t *value(const struct row *row)
{
	if (row->reason)
		return js.null();
	if (row_is_real(row))
		return js.real(row_value(row));
	return number(true, row->count);
}

static json_t *statistics(const struct row_stats *stats)
{
	json_t *obj = js.object();

	set(obj, "runs", number(true, stats->n));
	set(obj, "mean", js.real(stats->mean));
	set(obj, "deviation", js.real(stats->dev));
	set(obj, "min", js.real(stats->min));
	set(obj, "max", js.real(stats->max));
	return obj;
}

static json_t *results(const struct result *res)
{
	json_t *array = js.array();
	size_t i;

	for (i = 0; i < res->nrows; i++) {
		const struct row *row = &res->rows[i];
		const struct counter *ctr = row->ctr;
		json_t *obj = js.object();

		set(obj, "event", text(ctr->asked));
		set(obj, "name", text(ctr->name));
		set(obj, "set", number(true, 0));
		set(obj, "target", target(row));
		set(obj, "value", value(row));
		set(obj, "unit", text(ctr->unparsed ? "" : ctr->ev.unit));
		set(obj, "kind", text(row_kind(row)));
		set(obj, "error", js.null());
		set(obj, "enabled_ns", number(true, row->enabled_ns));
		set(obj, "running_ns", number(true, row->running_ns));
		set(obj, "reason", row->reason ? text(row->reason) : js.null());
		if (row->stats.n)
			set(obj, "statistics", statistics(&row->stats));
		append(array, obj);
	}
	return array;
}

/* How the command ended, its times and its counts: also those of one run. */
static void set_run(json_t *obj, const struct result *res, bool command)
{
	bool ended = command && !res->partial;
	json_t *end = ended ? js.object() : js.null();

	if (ended) {
		set(end, "status", number(true, (uint64_t)res->status));
		set(end, "signal", number(res->signal, (uint64_t)res->signal));
	}
	set(obj, "exit", end);
	set(obj, "elapsed_ns", number(true, res->elapsed_ns));
	set(obj, "user_ns", number(ended, res->user_ns));
	set(obj, "system_ns", number(ended, res->system_ns));
	set(obj, "results", results(res));
}

static void json_result(struct output *out, const struct result *res)
{
	const struct session *s = out->s;
	json_t *obj = js.object(), *array = js.array();
	char **arg, *line;
	unsigned i;

	set(obj, "schema", number(true, 1));
	set(obj, "pfmon", text(PACKAGE_VERSION));
	for (arg = s->opt->command; arg && *arg; arg++)
		append(array, text(*arg));
	set(obj, "command", array);
	set(obj, "backend", s->backend ? text(s->backend) : js.null());
	if (res->partial)
		set(obj, "time_ns", number(true, res->time_ns));
	set_run(obj, res, s->opt->command != NULL);
	if (res->nruns) {
		array = js.array();
		for (i = 0; i < res->nruns; i++) {
			json_t *run = js.object();

			set_run(run, &res->runs[i], true);
			append(array, run);
		}
		set(obj, "runs", array);
	}
	line = js.dumps(obj, JSON_COMPACT | JSON_REAL_PRECISION(15));
	if (!line)
		die("out of memory");
	out_printf(out, "%s\n", line);
	free(line);
	js.delete(obj);
}

#else

void json_init(void)
{
	die("--json: this pfmon was built without jansson; use --csv");
}

/* Not reached: json_init() has ended the program. */
static void json_result(struct output *out, const struct result *res)
{
	(void)out;
	(void)res;
}

#endif /* HAVE_JANSSON */

const struct writer writer_json = { .result = json_result };
