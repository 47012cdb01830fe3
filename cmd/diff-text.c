/* SPDX-License-Identifier: MIT
 *
 * diff-text.c - what pfmon diff prints of two profiles: a table for people, CSV
 * and JSON.
 */
#include "config.h"

#include "diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define TOP 30
#define NUMBERS 45 /* columns of the numbers and the verdict */
#define OBJECT 16

/* In points: a part of all that is more, not of what it was. */
static const char *verdict(const struct diff_row *x)
{
	if (!x->changed)
		return "same";
	if (!x->samples[0])
		return "new";
	if (!x->samples[1])
		return "gone";
	return x->share[1] > x->share[0] ? "more" : "less";
}

/* The keys, a blank or two between them; to be freed. */
static char *join_names(const struct diff *d, const struct diff_row *x)
{
	char *name = xstrdup(x->names[0]), *more;
	unsigned i;

	for (i = 1; i < d->opts[0].nkeys; i++) {
		more = xasprintf("%s  %s", name, x->names[i]);
		free(name);
		name = more;
	}
	return name;
}

struct columns {
	unsigned name, object; /* object 0: none */
};

static struct columns measure(const struct diff *d, size_t n)
{
	struct columns c = { 8, 0 };
	unsigned have, room;
	size_t i;

	for (i = 0; i < n; i++) {
		char *name = join_names(d, &d->rows[i]);

		have = text_columns(name);
		c.name = have > c.name ? have : c.name;
		have = text_columns(d->rows[i].object);
		c.object = have > c.object ? have : c.object;
		free(name);
	}
	c.object = c.object > OBJECT ? OBJECT : c.object;
	room = d->style->width - NUMBERS - (c.object ? c.object + 2 : 0);
	c.name = c.name > room ? room : c.name;
	return c;
}

static void put_row(FILE *f, const struct diff *d, const struct diff_row *x,
		    const struct columns *c)
{
	double change = x->share[1] - x->share[0];
	char *all = join_names(d, x), *name, *object;
	const char *on = "", *off = "";

	/* The object is in the name of what is not resolved. */
	if (!strncmp(all, "unresolved", 10)) {
		name = text_fit(all, d->style->width - NUMBERS, d->style->utf8);
		object = xstrdup("");
	} else {
		name = text_fit(all, c->name, d->style->utf8);
		object = text_fit(x->object, c->object, d->style->utf8);
	}
	if (d->style->colour && x->changed) {
		on = change > 0 ? "\033[31m" : "\033[32m";
		off = "\033[m";
	}
	fprintf(f, " %5.1f %%  %5.1f %%  %s%+6.1f%s  %s%4.1f  %-7s  %s",
		x->share[0], x->share[1], on, change, off,
		d->style->utf8 ? "\xc2\xb1" : "+-", x->chance, verdict(x),
		name);
	if (*object)
		fprintf(f, "%*s  %s", (int)(c->name - text_columns(name)), "",
			object);
	fputc('\n', f);
	free(all);
	free(name);
	free(object);
}

static void put_titles(FILE *f, const struct diff *d, const struct columns *c)
{
	const char *more = d->style->utf8 ? "" : "-";
	unsigned i;

	fprintf(f, "   old      new    change  95 %%%s   verdict  %-*s%s\n",
		*more ? " " : "", c->object ? (int)c->name : 0,
		report_key_name(d->opts[0].keys[0]),
		c->object ? "  object" : "");
	fprintf(f, " -------  -------  ------  -----%s  -------  ", more);
	for (i = 0; i < c->name; i++)
		fputc('-', f);
	fputs(c->object ? "  " : "", f);
	for (i = 0; i < c->object; i++)
		fputc('-', f);
	fputc('\n', f);
}

void diff_text(FILE *f, const struct diff *d)
{
	const struct report *r = d->r[0];
	const char *name = r->p->strings[r->p->events[r->event].name];
	uint64_t top = d->top ? d->top : TOP;
	struct columns columns;
	size_t shown, i;
	char *n[2];

	n[0] = text_grouped(d->r[0]->all.samples);
	n[1] = text_grouped(d->r[1]->all.samples);
	fprintf(f, " %s: %s samples, then %s\n\n", name, n[0], n[1]);
	free(n[0]);
	free(n[1]);
	if (!d->r[0]->all.samples || !d->r[1]->all.samples) {
		fprintf(f, " %s has no sample that matches\n",
			d->p[d->r[0]->all.samples ? 1 : 0]->path);
		return;
	}
	shown = d->nrows < top ? d->nrows : (size_t)top;
	columns = measure(d, shown);
	put_titles(f, d, &columns);
	for (i = 0; i < shown; i++)
		put_row(f, d, &d->rows[i], &columns);
	if (d->nrows > top)
		fprintf(f,
			"   %s  %zu more with less of a change; -n %zu "
			"shows them\n",
			d->style->utf8 ? "\xe2\x80\xa6" : "...",
			d->nrows - (size_t)top, d->nrows);
	if (!d->nrows)
		fputs(" no function was hit\n", f);
}

/* Facts of which a difference explains others. */
static const char *const facts[] = { "cpu", "kernel", "backend", "stacks" };

static void put_note(FILE *f, const struct diff *d, const char *note)
{
	char *text = xasprintf(" note   %s", note);

	text_wrap(f, d->style, 8, text);
	free(text);
}

static void put_machines(FILE *f, const struct diff *d)
{
	size_t i;

	if (d->renamed)
		put_note(f, d, d->renamed);
	for (i = 0; i < ARRAY_SIZE(facts); i++) {
		const char *old = prof_meta(d->p[0], facts[i]);
		const char *new = prof_meta(d->p[1], facts[i]);
		char *text;

		if (!old || !new || !strcmp(old, new))
			continue;
		text = xasprintf("%s: %s, then %s", facts[i], old, new);
		put_note(f, d, text);
		free(text);
	}
}

void diff_trust(FILE *f, const struct diff *d)
{
	unsigned i;

	fputc('\n', f);
	text_wrap(
		f, d->style, 1,
		" 95 %: what two runs of the same differ by, by chance alone, "
		"in points of percent");
	put_machines(f, d);
	for (i = 0; i < 2; i++) {
		fprintf(f, " %s", i ? "new" : "old");
		report_trust_file(f, d->style, d->p[i]);
	}
}

void diff_csv_head(FILE *f, const struct report_opt *o)
{
	unsigned i;

	fputs("event", f);
	for (i = 0; i < o->nkeys; i++)
		fprintf(f, ",%s", report_key_name(o->keys[i]));
	fputs(",object,old_percent,new_percent,change,chance,verdict,"
	      "old_samples,new_samples\n",
	      f);
}

void diff_csv(FILE *f, const struct diff *d)
{
	const struct report *r = d->r[0];
	size_t i;
	unsigned k;

	for (i = 0; i < d->nrows; i++) {
		const struct diff_row *x = &d->rows[i];

		csv_field(f, r->p->strings[r->p->events[r->event].name]);
		for (k = 0; k < d->opts[0].nkeys; k++) {
			fputc(',', f);
			csv_field(f, x->names[k]);
		}
		fputc(',', f);
		csv_field(f, x->object);
		fprintf(f, ",%.6g,%.6g,%.6g,%.6g,%s,%" PRIu64 ",%" PRIu64 "\n",
			x->share[0], x->share[1], x->share[1] - x->share[0],
			x->chance, verdict(x), x->samples[0], x->samples[1]);
	}
}

static struct json_t *json_row(const struct diff *d, const struct diff_row *x)
{
	const struct {
		const char *key;
		double value;
	} numbers[] = {
		{ "old_percent", x->share[0] },
		{ "new_percent", x->share[1] },
		{ "change", x->share[1] - x->share[0] },
		{ "error", x->chance },
	};
	struct json_t *obj = js_object();
	size_t i;

	for (i = 0; i < d->opts[0].nkeys; i++)
		js_set(obj, report_key_name(d->opts[0].keys[i]),
		       js_text(x->names[i]));
	if (!report_has_key(&d->opts[0], KEY_DSO))
		js_set(obj, "object",
		       *x->object ? js_text(x->object) : js_null());
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		js_set(obj, numbers[i].key, js_real(numbers[i].value));
	js_set(obj, "old_samples", js_number(true, x->samples[0]));
	js_set(obj, "new_samples", js_number(true, x->samples[1]));
	js_set(obj, "verdict", js_text(verdict(x)));
	return obj;
}

struct json_t *diff_json(const struct diff *d)
{
	struct json_t *obj = js_object(), *rows = js_array();
	size_t i;

	js_set(obj, "event", report_json_event(d->r[0]));
	js_set(obj, "old_samples", js_number(true, d->r[0]->all.samples));
	js_set(obj, "new_samples", js_number(true, d->r[1]->all.samples));
	for (i = 0; i < d->nrows; i++)
		js_append(rows, json_row(d, &d->rows[i]));
	js_set(obj, "rows", rows);
	return obj;
}

struct json_t *diff_json_file(const struct profile *p)
{
	struct json_t *obj = js_object(), *meta = js_object();
	uint32_t i;

	js_set(obj, "file", js_text(p->path));
	for (i = 0; i < p->nmetas; i++)
		js_set(meta, p->metas[i].key, js_text(p->metas[i].text));
	js_set(obj, "recording", meta);
	js_set(obj, "trust", report_json_trust(p));
	return obj;
}
