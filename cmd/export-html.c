/* SPDX-License-Identifier: MIT
 *
 * export-html.c - a flame graph as one page that needs nothing else: the page is
 * flame.html.in, its data a tree of stacks in columns, as JSON.  In the page the
 * data is text of an element, so that a name can do nothing but be shown.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>

#include "flame-html.h"

#define MARK "@DATA@\n"

/* Symbols in use, numbered. */
struct names {
	uint32_t *at;   /* owned; of a symbol, or PROF_NONE */
	uint32_t *syms; /* owned */
	uint32_t n;
};

static void names_init(struct names *names, const struct export *ex,
		       const struct stacks *s)
{
	uint32_t end = export_sym_end(ex), i;

	names->n = 0;
	names->at = xcalloc(end, sizeof(*names->at));
	names->syms = xcalloc(s->n, sizeof(*names->syms));
	for (i = 0; i < end; i++)
		names->at[i] = PROF_NONE;
	for (i = 1; i < s->n; i++) {
		uint32_t sym = s->v[i].sym;

		if (names->at[sym] != PROF_NONE)
			continue;
		names->at[sym] = names->n;
		names->syms[names->n++] = sym;
	}
}

static void put_names(struct export *ex, const struct names *names)
{
	FILE *f = ex->out;
	uint32_t i, object;

	put_text(f, ",\n\"names\":[");
	for (i = 0; i < names->n; i++) {
		if (i)
			putc_unlocked(',', f);
		put_json(f, export_sym_text(ex, names->syms[i]));
	}
	put_text(f, "],\n\"object\":[");
	for (i = 0; i < names->n; i++) {
		object = export_sym_object(ex, names->syms[i]);
		if (i)
			putc_unlocked(',', f);
		if (object == PROF_NONE)
			put_text(f, "-1");
		else
			put_u64(f, object);
	}
	putc_unlocked(']', f);
}

static void put_objects(const struct export *ex)
{
	FILE *f = ex->out;
	uint32_t i;

	put_text(f, ",\n\"objects\":[");
	for (i = 0; i < ex->p->nobjects; i++) {
		if (i)
			putc_unlocked(',', f);
		put_json(f, ex->p->strings[ex->p->objects[i].path]);
	}
	put_text(f, "],\n\"kinds\":[");
	for (i = 0; i < ex->p->nobjects; i++) {
		if (i)
			putc_unlocked(',', f);
		put_u64(f, ex->p->objects[i].kind);
	}
	putc_unlocked(']', f);
}

/* The parent as how far back it is: mostly one digit. */
static void put_tree(struct export *ex, const struct stacks *s,
		     const struct stack_sum *self, const struct names *names)
{
	FILE *f = ex->out;
	uint32_t i;

	put_text(f, ",\n\"up\":[");
	for (i = 1; i < s->n; i++) {
		if (i > 1)
			putc_unlocked(',', f);
		put_u64(f, i - s->v[i].parent);
	}
	put_text(f, "],\n\"name\":[");
	for (i = 1; i < s->n; i++) {
		if (i > 1)
			putc_unlocked(',', f);
		put_u64(f, names->at[s->v[i].sym]);
	}
	put_text(f, "],\n\"weight\":[");
	for (i = 1; i < s->n; i++) {
		if (i > 1)
			putc_unlocked(',', f);
		put_u64(f, self[i].weight);
	}
	put_text(f, "],\n\"samples\":[");
	for (i = 1; i < s->n; i++) {
		if (i > 1)
			putc_unlocked(',', f);
		put_u64(f, self[i].samples);
	}
	put_text(f, "]}\n");
}

static void put_data(struct export *ex)
{
	const struct prof_event *ev = &ex->p->events[ex->event];
	const char *command = prof_meta(ex->p, "command");
	struct stacks s;
	struct stack_sum *self = stacks_by_comm(&s, ex);
	struct names names;

	put_text(ex->out, "{\"title\":");
	put_json(ex->out, command ? command : export_base_name(ex->p->path));
	put_text(ex->out, ",\"event\":");
	put_json(ex->out, ex->p->strings[ev->name]);
	put_text(ex->out, ",\"unit\":");
	put_json(ex->out, ex->p->strings[ev->unit]);
	put_text(ex->out, ",\"scale\":");
	put_real(ex->out, ev->scale);
	names_init(&names, ex, &s);
	put_names(ex, &names);
	put_objects(ex);
	put_tree(ex, &s, self, &names);
	free(names.at);
	free(names.syms);
	free(self);
	stacks_release(&s);
}

static void html_write(struct export *ex)
{
	const char *mark = strstr(flame_html, MARK);

	if (mark) {
		fwrite_unlocked(flame_html, 1, (size_t)(mark - flame_html),
				ex->out);
		put_data(ex);
		put_text(ex->out, mark + strlen(MARK));
	} else {
		die("the flame graph's page has no place for its data");
	}
}

const struct export_format export_html = {
	.name = "html",
	.write = html_write,
};
