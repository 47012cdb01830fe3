/* SPDX-License-Identifier: MIT
 *
 * annotate-json.c - functions for programs: one object on one line, with every
 * instruction whatever is hidden in text; pfmon-annotate(1) has the schema.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "annotate-priv.h"
#include "json.h"

static struct json_t *string(const struct annot *a, uint32_t s)
{
	return *a->p->strings[s] ? js_text(a->p->strings[s]) : js_null();
}

/* Addresses are text: many a reader keeps numbers as doubles. */
static struct json_t *address(uint64_t addr)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%" PRIx64, addr);
	return js_text(buf);
}

static struct json_t *counts(const struct annot *a, const struct annot_code *c,
			     const struct annot_count *from)
{
	struct json_t *array = js_array();
	uint32_t i;

	for (i = 0; i < a->ncols; i++) {
		const struct annot_count *count =
			from ? &from[a->cols[i]] :
			       &(const struct annot_count){ 0, 0 };
		struct json_t *obj = js_object();

		js_set(obj, "samples", js_number(true, count->samples));
		js_set(obj, "weight", js_number(true, count->weight));
		js_set(obj, "percent",
		       js_real(annot_percent(a, c, a->cols[i], count->weight)));
		js_append(array, obj);
	}
	return array;
}

/* The text with the target that the other formats append. */
static struct json_t *instruction(const struct annot *a,
				  const struct annot_code *c,
				  const struct annot_row *row)
{
	struct json_t *value;
	char *text;
	size_t size;
	FILE *f;

	if (!row->text)
		return js_null();
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	fputs(row->text, f);
	annot_target(a, c, row, f);
	if (fclose(f) != 0)
		die("out of memory");
	value = js_text(text);
	free(text);
	return value;
}

static struct json_t *rows(const struct annot *a, const struct annot_code *c)
{
	struct json_t *array = js_array();
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct annot_row *row = &c->rows[i];
		struct json_t *obj;

		if (row->other)
			continue;
		obj = js_object();
		js_set(obj, "address", address(row->addr));
		js_set(obj, "size", js_number(row->text, row->size));
		js_set(obj, "instruction", instruction(a, c, row));
		js_set(obj, "target",
		       row->kind == DISASM_PLAIN ? js_null() :
						   address(row->target));
		js_set(obj, "label",
		       js_number(annot_label(c, row->addr) != 0,
				 annot_label(c, row->addr)));
		js_set(obj, "file", string(a, row->file));
		js_set(obj, "line", js_number(row->line != 0, row->line));
		js_set(obj, "counts",
		       counts(a, c,
			      row->counts == PROF_NONE ?
				      NULL :
				      c->counts + row->counts));
		js_append(array, obj);
	}
	return array;
}

static struct json_t *lines(const struct annot *a, const struct annot_code *c)
{
	struct json_t *array = js_array();
	struct annot_line *v;
	size_t n, i, len;

	v = annot_lines(a, c, &n);
	for (i = 0; i < n; i++) {
		struct json_t *obj = js_object();
		const char *text = NULL;
		char *copy = NULL;

		if (a->source)
			text = source_line(a->source, v[i].file, v[i].line,
					   &len);
		if (text)
			copy = xasprintf("%.*s", (int)len, text);
		js_set(obj, "file", string(a, v[i].file));
		js_set(obj, "line", js_number(v[i].line != 0, v[i].line));
		js_set(obj, "source", js_text(copy));
		js_set(obj, "counts", counts(a, c, v[i].counts));
		js_append(array, obj);
		free(copy);
	}
	annot_lines_free(v, n);
	return array;
}

static struct json_t *function(struct annot *a, const struct annot_section *s)
{
	const struct prof_func *func = &a->p->funcs[s->func];
	const struct prof_object *o = &a->p->objects[func->object];
	struct json_t *obj = js_object();
	struct annot_code c;

	annot_code_init(&c, a, s);
	js_set(obj, "function", string(a, func->name));
	js_set(obj, "inlined",
	       s->inlined == PROF_NONE ?
		       js_null() :
		       string(a, a->p->funcs[s->inlined].name));
	js_set(obj, "linkage", string(a, func->linkage));
	js_set(obj, "object", string(a, o->path));
	js_set(obj, "build_id", string(a, o->build_id));
	js_set(obj, "file", string(a, func->file));
	js_set(obj, "line", js_number(func->line != 0, func->line));
	js_set(obj, "start", address(func->start));
	js_set(obj, "size", js_number(func->size != 0, func->size));
	js_set(obj, "reason", js_text(c.why));
	js_set(obj, "counts", counts(a, &c, c.self));
	if (a->opt->lines)
		js_set(obj, "lines", lines(a, &c));
	else
		js_set(obj, "instructions", rows(a, &c));
	annot_code_release(&c);
	return obj;
}

static struct json_t *events(const struct annot *a)
{
	struct json_t *array = js_array();
	uint32_t i;

	for (i = 0; i < a->ncols; i++) {
		const struct prof_event *ev =
			&a->p->events[a->tally.first + a->cols[i]];
		const struct annot_count *all = &a->tally.total[a->cols[i]];
		struct json_t *obj = js_object();

		js_set(obj, "name", string(a, ev->name));
		js_set(obj, "unit", string(a, ev->unit));
		js_set(obj, "skid", string(a, ev->skid));
		js_set(obj, "samples", js_number(true, all->samples));
		js_set(obj, "weight", js_number(true, all->weight));
		js_append(array, obj);
	}
	return array;
}

void annot_json(FILE *f, struct annot *a)
{
	struct json_t *obj = js_object(), *functions = js_array();
	struct json_t *others = js_array();
	char *line;
	size_t i;

	for (i = 0; i < a->found.n; i++)
		js_append(functions, function(a, &a->found.v[i]));
	for (i = 0; i < a->found.nothers; i++) {
		const struct annot_other *other = &a->found.others[i];
		struct json_t *o = js_object();

		js_set(o, "object",
		       string(a, a->p->objects[other->object].path));
		js_set(o, "samples", js_number(true, other->samples));
		js_append(others, o);
	}
	js_set(obj, "schema", js_integer(1));
	js_set(obj, "percent",
	       js_text(a->opt->percent == ANNOT_GLOBAL ? "global" : "local"));
	js_set(obj, "events", events(a));
	js_set(obj, "functions", functions);
	js_set(obj, "others", others);
	line = js_line(obj);
	fprintf(f, "%s\n", line);
	free(line);
}
