/* SPDX-License-Identifier: MIT
 *
 * sym.c - symbols of whatever kind: the list that is searched, and who knows
 * more than it.
 */
#include "config.h"

#include "sym.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "sym-priv.h"

void symlist_add(struct symlist *list, const struct symbol *s)
{
	if (list->n == list->room) {
		list->room = list->room ? list->room * 2 : 256;
		list->v = xreallocarray(list->v, list->room, sizeof(*list->v));
	}
	list->v[list->n++] = *s;
}

int symbol_order(const struct symbol *x, const struct symbol *y)
{
	size_t n, m;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	/* A library's own names begin with them: __libc_malloc. */
	n = strspn(x->linkage, "_");
	m = strspn(y->linkage, "_");
	if (n != m)
		return n < m ? -1 : 1;
	return strcmp(x->linkage, y->linkage);
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return symbol_order(x, y);
}

/*
 * Of those with one start the first is kept.  One that begins within another
 * ends it: the inner one has a name of its own.
 */
void symlist_finish(struct symlist *list)
{
	size_t i, n = 0;

	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_start);
	for (i = 0; i < list->n; i++) {
		struct symbol *last = n ? &list->v[n - 1] : NULL;

		if (last && last->start == list->v[i].start)
			continue;
		if (last && last->end > list->v[i].start)
			last->end = list->v[i].start;
		list->v[n++] = list->v[i];
	}
	list->n = n;
}

/* How many begin at addr or before it. */
static size_t count_until(const struct symlist *list, uint64_t addr)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (list->v[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct symbol *symlist_find(const struct symlist *list, uint64_t addr)
{
	size_t n = count_until(list, addr);

	return n == 0 || list->v[n - 1].end <= addr ? NULL : &list->v[n - 1];
}

void symlist_insert(struct symlist *list, const struct symbol *s)
{
	size_t at = count_until(list, s->start);

	symlist_add(list, s);
	memmove(&list->v[at + 1], &list->v[at],
		(list->n - 1 - at) * sizeof(*list->v));
	list->v[at] = *s;
}

void symlist_free(struct symlist *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->v[i].name);
	free(list->v);
	*list = (struct symlist){ 0 };
}

const char *symbol_name(struct symbol *s, const struct sym_options *opt)
{
	if (!s->demangled && !opt->no_demangle)
		s->name = demangle(s->linkage);
	s->demangled = true;
	return s->name ? s->name : s->linkage;
}

struct sym_object *sym_new(const struct sym_kind *kind,
			   const struct sym_options *opt)
{
	struct sym_object *o = xcalloc(1, sizeof(*o));

	o->kind = kind;
	o->opt = *opt;
	return o;
}

void sym_close(struct sym_object *o)
{
	if (!o)
		return;
	if (o->kind->close)
		o->kind->close(o);
	symlist_free(&o->list);
	free(o->why);
	free(o->build_id);
	free(o);
}

void sym_set_light(struct sym_object *o, bool light)
{
	o->light = light;
}

const char *sym_build_id(struct sym_object *o)
{
	return o->kind->build_id ? o->kind->build_id(o) : "";
}

static const char *why_lost(const struct sym_object *o)
{
	return o->kind->lost ? o->kind->lost(o) : NULL;
}

const char *sym_why(struct sym_object *o)
{
	o->kind->load(o);
	if (why_lost(o))
		return why_lost(o);
	return o->why ? o->why : "";
}

const char *sym_module(struct sym_object *o, uint64_t addr)
{
	return o->kind->module ? o->kind->module(o, addr) : "";
}

unsigned sym_find_listed(struct sym_object *o, uint64_t addr,
			 struct sym_loc *locs, unsigned max)
{
	struct symbol *s = symlist_find(&o->list, addr);

	if (!s || max == 0)
		return 0;
	locs[0] = (struct sym_loc){ .name = symbol_name(s, &o->opt),
				    .linkage = s->linkage,
				    .start = s->start,
				    .size = s->end - s->start };
	return 1;
}

unsigned sym_find(struct sym_object *o, uint64_t addr, struct sym_loc *locs,
		  unsigned max)
{
	unsigned n;

	o->kind->load(o);
	if (o->kind->find)
		n = o->kind->find(o, addr, locs, max);
	else
		n = sym_find_listed(o, addr, locs, max);
	return why_lost(o) ? 0 : n;
}

size_t sym_code(struct sym_object *o, uint64_t addr, size_t size,
		unsigned char *buf)
{
	size_t n = o->kind->code ? o->kind->code(o, addr, size, buf) : 0;

	return why_lost(o) ? 0 : n;
}

void sym_lines(struct sym_object *o, uint64_t from, uint64_t to,
	       void (*call)(void *arg, const struct sym_line *line), void *arg)
{
	o->kind->load(o);
	if (o->kind->lines)
		o->kind->lines(o, from, to, call, arg);
}

bool sym_vaddr(struct sym_object *o, uint64_t offset, uint64_t *addr)
{
	return o->kind->vaddr && o->kind->vaddr(o, offset, addr);
}

bool sym_lookup(struct sym_object *o, const char *name, uint64_t *addr)
{
	size_t i;

	o->kind->load(o);
	for (i = 0; i < o->list.n; i++) {
		struct symbol *s = &o->list.v[i];

		if (strcmp(s->linkage, name) != 0 &&
		    strcmp(symbol_name(s, &o->opt), name) != 0)
			continue;
		*addr = s->start;
		return !why_lost(o);
	}
	return false;
}
