/* SPDX-License-Identifier: MIT
 *
 * result-file.c - a record of runs from the JSON that pfmon-count(1) describes;
 * how one is put together is in record.c.  The file may come from anywhere: types, sizes and
 * numbers are checked before they are used.
 */
#include "config.h"

#include "result-file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"

#define FILE_MAX ((size_t)64 << 20)
#define POINTS_MAX ((size_t)1 << 20) /* more than such a file has room for */
#define ROWS_MAX 16384               /* each is looked for among the others */
#define FACTS_MAX 32
#define NUMBER_MAX 1e30 /* its fourth power is still a number */

struct reader {
	struct record *rec;
	char **why;
	char at[64]; /* where in the file: "runs[2].results[0]." or "" */
};

/* "FILE: PLACE: what is wrong", on one line whatever is in it. */
__attribute__((format(printf, 3, 4))) static int
bad(const struct reader *rd, const char *key, const char *fmt, ...)
{
	char text[256], *p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*rd->why = xasprintf("%s: %s%s%s%s", rd->rec->name, rd->at, key,
			     rd->at[0] || key[0] ? ": " : "", text);
	for (p = *rd->why; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	return -1;
}

/* A value of one of the types, NULL in *value when it is missing or null. */
static int get(const struct reader *rd, const struct json_t *obj,
	       const char *key, unsigned wanted, struct json_t **value)
{
	char list[JS_NAMES];
	enum js_type type;

	*value = js_get(obj, key);
	type = js_type(*value);
	if (type & (JS_MISSING | JS_NULL))
		*value = NULL;
	if (type & wanted)
		return 0;
	return bad(rd, key, "%s %s, not %s", type == JS_MISSING ? "is" : "has",
		   js_type_name(type), js_type_names(wanted, list));
}

/* Text, to be kept; untouched when there is none. */
static int get_text(const struct reader *rd, const struct json_t *obj,
		    const char *key, char **text)
{
	struct json_t *v;

	if (get(rd, obj, key, JS_TEXT | JS_NULL | JS_MISSING, &v) < 0)
		return -1;
	if (v)
		record_text(text, js_string(v));
	return 0;
}

/* has: was there one?  NULL: there has to be. */
static int get_number(const struct reader *rd, const struct json_t *obj,
		      const char *key, bool *has, double *number)
{
	unsigned wanted = has ? JS_NUMBER | JS_NULL | JS_MISSING : JS_NUMBER;
	struct json_t *v;

	if (get(rd, obj, key, wanted, &v) < 0)
		return -1;
	if (has)
		*has = v;
	*number = v ? js_double(v) : 0;
	if (*number > NUMBER_MAX || *number < -NUMBER_MAX)
		return bad(rd, key, "%g is beyond what can be", *number);
	return 0;
}

static int get_time(const struct reader *rd, const struct json_t *obj,
		    double *ns)
{
	if (get_number(rd, obj, "elapsed_ns", NULL, ns) < 0)
		return -1;
	return *ns < 0 ? bad(rd, "elapsed_ns", "%g is no time", *ns) : 0;
}

static int read_point(const struct reader *rd, const struct json_t *obj,
		      struct point *p)
{
	bool has;

	if (get_number(rd, obj, "value", &p->has, &p->value) < 0 ||
	    get_number(rd, obj, "error", &has, &p->half) < 0)
		return -1;
	if (has && p->half < 0)
		return bad(rd, "error", "%g is no width", p->half);
	if (!has)
		p->half = -1;
	return 0;
}

static int read_target(const struct reader *rd, const struct json_t *obj,
		       struct record_row *row)
{
	struct json_t *target;
	double id;
	bool has;

	if (get(rd, obj, "target", JS_OBJECT | JS_MISSING, &target) < 0)
		return -1;
	if (!target)
		return 0;
	if (get_text(rd, target, "kind", &row->target) < 0 ||
	    get_text(rd, target, "comm", &row->comm) < 0 ||
	    get_number(rd, target, "id", &has, &id) < 0)
		return -1;
	if (has && !(id >= 0 && id <= INT32_MAX))
		return bad(rd, "target", "%g is no id", id);
	if (has)
		row->id = (int64_t)id;
	return 0;
}

/* A metric has no name but its group's and its own. */
static int read_name(const struct reader *rd, const struct json_t *obj,
		     struct record_row *row)
{
	const char *key = row->metric ? "metric" : "event";
	struct json_t *v;

	if (get(rd, obj, key, JS_TEXT, &v) < 0)
		return -1;
	record_text(&row->asked, js_string(v));
	record_text(&row->name, js_string(v));
	return get_text(rd, obj, row->metric ? "group" : "name", &row->name);
}

static int read_row(struct reader *rd, const struct json_t *obj, bool metric)
{
	struct record_row *row = record_add(rd->rec, "", "", "command", -1);
	char *group;

	row->metric = metric;
	if (read_name(rd, obj, row) < 0 || read_target(rd, obj, row) < 0 ||
	    get_text(rd, obj, "unit", &row->unit) < 0 ||
	    get_text(rd, obj, "reason", &row->reason) < 0)
		return -1;
	if (metric && strcmp(row->name, row->asked) != 0) {
		group = row->name;
		row->name = xasprintf("%s/%s", group, row->asked);
		free(group);
	}
	return 0;
}

/* The rows of all runs, without their values. */
static int read_rows(struct reader *rd, const struct json_t *from, bool metrics)
{
	const char *key = metrics ? "metrics" : "results";
	unsigned wanted = metrics ? JS_LIST | JS_MISSING : JS_LIST;
	struct record *rec = rd->rec;
	struct json_t *list;
	size_t i;

	rd->at[0] = '\0';
	if (get(rd, from, key, wanted, &list) < 0)
		return -1;
	if (js_count(list) > POINTS_MAX / rec->nruns ||
	    js_count(list) > ROWS_MAX)
		return bad(rd, key, "%zu rows of %zu runs are too many",
			   js_count(list), rec->nruns);
	for (i = 0; i < js_count(list); i++) {
		snprintf(rd->at, sizeof(rd->at), "%s[%zu].", key, i);
		if (read_row(rd, js_at(list, i), metrics) < 0)
			return -1;
	}
	return 0;
}

/* The values of run i, whose entries are the rows in their order. */
static int read_points(struct reader *rd, const struct json_t *from, size_t i,
		       bool metrics)
{
	const char *key = metrics ? "metrics" : "results";
	const char *name_key = metrics ? "metric" : "event";
	struct record *rec = rd->rec;
	struct json_t *list, *obj, *name;
	size_t r, k = 0, len;

	len = (size_t)snprintf(rd->at, sizeof(rd->at), "runs[%zu].", i);
	if (rec->nruns == 1)
		rd->at[len = 0] = '\0';
	if (get(rd, from, key, JS_LIST | JS_MISSING, &list) < 0)
		return -1;
	for (r = 0; r < rec->nrows && k < js_count(list); r++) {
		struct record_row *row = &rec->rows[r];

		if (row->metric != metrics)
			continue;
		snprintf(rd->at + len, sizeof(rd->at) - len, "%s[%zu].", key,
			 k);
		obj = js_at(list, k++);
		if (get(rd, obj, name_key, JS_TEXT, &name) < 0)
			return -1;
		if (strcmp(js_string(name), row->asked) != 0)
			return bad(rd, name_key, "is not '%.64s', as before",
				   row->asked);
		if (read_point(rd, obj, &row->points[i]) < 0)
			return -1;
	}
	return 0;
}

/* Several runs, or the file's one. */
static int read_runs(struct reader *rd, const struct json_t *top)
{
	struct json_t *runs;
	const struct json_t *run = top;
	size_t i, n;
	double ns;

	if (get(rd, top, "runs", JS_LIST | JS_MISSING, &runs) < 0)
		return -1;
	n = js_count(runs);
	if (n > POINTS_MAX)
		return bad(rd, "runs", "%zu are too many", n);
	for (i = 0; i < n || !i; i++) {
		if (n) {
			run = js_at(runs, i);
			snprintf(rd->at, sizeof(rd->at), "runs[%zu].", i);
		}
		if (get_time(rd, run, &ns) < 0)
			return -1;
		record_run(rd->rec, ns);
	}
	/* Runs of --exact that were not alike are not put together. */
	run = n && !js_count(js_get(top, "results")) ? js_at(runs, 0) : top;
	if (read_rows(rd, run, false) < 0 || read_rows(rd, run, true) < 0)
		return -1;
	for (i = 0; i < n || !i; i++) {
		run = n ? js_at(runs, i) : top;
		if (read_points(rd, run, i, false) < 0 ||
		    read_points(rd, run, i, true) < 0)
			return -1;
	}
	return 0;
}

static int read_command(const struct reader *rd, const struct json_t *top)
{
	struct record *rec = rd->rec;
	struct json_t *list, *word;
	char *text;
	size_t i;

	if (get(rd, top, "command", JS_LIST | JS_MISSING, &list) < 0)
		return -1;
	for (i = 0; i < js_count(list) && strlen(rec->command) < 4096; i++) {
		word = js_at(list, i);
		if (js_type(word) != JS_TEXT)
			return bad(rd, "command", "has %s, not text",
				   js_type_name(js_type(word)));
		text = xasprintf("%s%s%s", rec->command, i ? " " : "",
				 js_string(word));
		free(rec->command);
		rec->command = text;
	}
	return 0;
}

static int read_facts(const struct reader *rd, const struct json_t *top)
{
	struct json_t *machine, *v;
	char number[32];
	const char *key;
	void *iter = NULL;

	if (get(rd, top, "machine", JS_OBJECT | JS_NULL | JS_MISSING,
		&machine) < 0)
		return -1;
	while (machine && (iter = js_next(machine, iter, &key, &v))) {
		if (rd->rec->nfacts == FACTS_MAX)
			return bad(rd, "machine", "has more than %d facts",
				   FACTS_MAX);
		snprintf(number, sizeof(number), "%.15g", js_double(v));
		if (js_type(v) == JS_TEXT)
			record_fact(rd->rec, key, js_string(v));
		else if (js_type(v) == JS_NUMBER)
			record_fact(rd->rec, key, number);
		else if (js_type(v) != JS_NULL)
			return bad(rd, "machine", "has %s, not text",
				   js_type_name(js_type(v)));
	}
	return 0;
}

static int read_top(struct reader *rd, const struct json_t *top)
{
	struct record *rec = rd->rec;
	double schema;

	if (get_number(rd, top, "schema", NULL, &schema) < 0)
		return -1;
	if (schema < 1 || schema > 1)
		return bad(rd, "schema", "is %g; this pfmon reads 1", schema);
	rec->partial = js_get(top, "time_ns");
	if (get_text(rd, top, "backend", &rec->backend) < 0 ||
	    get_text(rd, top, "pfmon", &rec->pfmon) < 0 ||
	    read_command(rd, top) < 0 || read_facts(rd, top) < 0)
		return -1;
	return read_runs(rd, top);
}

int record_parse(struct record *rec, const char *name, const char *text,
		 size_t size, char **why)
{
	struct reader rd = { .rec = rec, .why = why };
	struct js_error err;
	struct json_t *top;
	size_t used = 0;
	int ret;

	record_init(rec, name);
	top = js_parse(text, size, &used, &err);
	while (used < size && isspace((unsigned char)text[used]))
		used++;
	if (!top)
		ret = bad(&rd, "", "line %d: %s", err.line, err.text);
	else if (used < size)
		ret = bad(&rd, "", "more than one result, or text after it");
	else
		ret = read_top(&rd, top);
	js_free(top);
	if (ret < 0)
		record_release(rec);
	return ret;
}

/* All of it, as far as that is sane; NULL with errno. */
static char *read_whole(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 1 << 16;
	char *text;
	ssize_t n;

	*size = 0;
	if (fd < 0)
		return NULL;
	text = xreallocarray(NULL, room, 1);
	while ((n = read(fd, text + *size, room - *size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && (*size += (size_t)n) < room)
			continue;
		if (n > 0 && room < FILE_MAX) {
			text = xreallocarray(text, room *= 2, 1);
			continue;
		}
		errno = n < 0 ? errno : EFBIG;
		free(text);
		text = NULL;
		break;
	}
	close(fd);
	return text;
}

int record_read(struct record *rec, const char *path, char **why)
{
	size_t size;
	char *text = read_whole(path, &size);
	int ret;

	if (!text) {
		*why = xasprintf("%s: %s", path, strerror(errno));
		return -1;
	}
	ret = record_parse(rec, path, text, size, why);
	free(text);
	return ret;
}
