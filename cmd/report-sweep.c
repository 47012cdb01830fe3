/* SPDX-License-Identifier: MIT
 *
 * report-sweep.c - sums by node become rows.  A caller's total is that of its
 * callees, so one pass from the last node to the first is enough: callers come
 * before.  A place counts at the outermost of its nodes on each stack only, so
 * that a recursion counts once.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>

struct report_sweep {
	struct report *r;
	size_t room;
	/* By node, all owned. */
	struct report_sum *sums;
	uint64_t *outer;   /* bit i: its i-th place is the outermost such */
	uint32_t *touched; /* nodes of this group, callers among them */
	size_t ntouched;
	bool *in; /* is it touched? */
	/* By place, owned: the row + 1 of this group; those that have one. */
	uint32_t *row_of, *placed;
	size_t nplaced;
	/* Of groups that come again: rows by place and group. */
	bool once;
	struct report_index index;
	uint64_t *keys; /* of the rows; owned */
};

/* Children of a node: the first one, and of each the next. */
struct children {
	uint32_t *first, *next;
};

static void find_children(const struct profile *p, struct children *c)
{
	uint32_t i;

	c->first = xcalloc(p->nnodes, sizeof(*c->first));
	c->next = xcalloc(p->nnodes, sizeof(*c->next));
	for (i = 1; i < p->nnodes; i++) {
		c->next[i] = c->first[p->nodes[i].parent];
		c->first[p->nodes[i].parent] = i;
	}
}

static void enter(struct report_sweep *s, uint32_t node, uint32_t *depth)
{
	const uint32_t *places;
	unsigned n = report_places(s->r, s->r->p->nodes[node].frame, &places);

	while (n--)
		if (!depth[places[n]]++)
			s->outer[node] |= 1ULL << n;
}

static void leave(const struct report_sweep *s, uint32_t node, uint32_t *depth)
{
	const uint32_t *places;
	unsigned n = report_places(s->r, s->r->p->nodes[node].frame, &places);

	while (n--)
		depth[places[n]]--;
}

/* Down to each first child, else to the next one of whoever has one. */
static void find_outer(struct report_sweep *s)
{
	const struct profile *p = s->r->p;
	uint32_t *depth = xcalloc(s->r->nplaces, sizeof(*depth)), at;
	struct children c;

	find_children(p, &c);
	at = c.first[0];
	while (at) {
		enter(s, at, depth);
		if (c.first[at]) {
			at = c.first[at];
			continue;
		}
		for (; at; at = p->nodes[at].parent) {
			leave(s, at, depth);
			if (c.next[at]) {
				at = c.next[at];
				break;
			}
		}
	}
	free(c.first);
	free(c.next);
	free(depth);
}

struct report_sweep *report_sweep_new(struct report *r, bool once)
{
	struct report_sweep *s = xcalloc(1, sizeof(*s));
	uint32_t n = r->p->nnodes;

	s->r = r;
	s->once = once;
	s->sums = xcalloc(n, sizeof(*s->sums));
	s->outer = xcalloc(n, sizeof(*s->outer));
	s->touched = xcalloc(n, sizeof(*s->touched));
	s->in = xcalloc(n, sizeof(*s->in));
	s->row_of = xcalloc(r->nplaces, sizeof(*s->row_of));
	s->placed = xcalloc(r->nplaces, sizeof(*s->placed));
	if (!r->opt->no_children)
		find_outer(s);
	return s;
}

/* The number of a row that is there, else of the next one. */
static size_t find_row(struct report_sweep *s, uint64_t key)
{
	struct report_tuples known = { s->keys, sizeof(*s->keys), 1 };
	bool fresh;

	if (s->once)
		return s->r->nrows;
	return report_index_add(&s->index, &known, &key, &fresh);
}

static void more_rows(struct report_sweep *s)
{
	struct report *r = s->r;

	s->room = s->room ? s->room * 2 : 256;
	r->rows = xreallocarray(r->rows, s->room, sizeof(*r->rows));
	if (!s->once)
		s->keys = xreallocarray(s->keys, s->room, sizeof(*s->keys));
}

static struct report_row *row_of(struct report_sweep *s, uint32_t place,
				 uint32_t group)
{
	uint64_t key = (uint64_t)group << 32 | place;
	struct report *r = s->r;
	size_t n;

	if (s->row_of[place])
		return &r->rows[s->row_of[place] - 1];
	n = find_row(s, key);
	if (n == r->nrows) {
		if (n == s->room)
			more_rows(s);
		if (!s->once)
			s->keys[n] = key;
		r->rows[r->nrows++] =
			(struct report_row){ .place = place, .group = group };
	}
	s->row_of[place] = (uint32_t)n + 1;
	s->placed[s->nplaced++] = place;
	return &r->rows[n];
}

static void add_sum(struct report_sum *to, const struct report_sum *sum)
{
	to->weight += sum->weight;
	to->samples += sum->samples;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The nodes and all their callers, ascending. */
static void touch(struct report_sweep *s, const struct report_cell *cells,
		  size_t n)
{
	const struct profile *p = s->r->p;
	size_t i;
	uint32_t node;

	s->ntouched = 0;
	for (i = 0; i < n; i++) {
		for (node = (uint32_t)cells[i].key; node && !s->in[node];
		     node = p->nodes[node].parent) {
			s->in[node] = true;
			s->touched[s->ntouched++] = node;
		}
		s->sums[(uint32_t)cells[i].key] = cells[i].sum;
	}
	if (s->ntouched * 8 < p->nnodes) {
		if (s->ntouched)
			qsort(s->touched, s->ntouched, sizeof(*s->touched),
			      by_number);
		return;
	}
	for (s->ntouched = 0, node = 1; node < p->nnodes; node++)
		if (s->in[node])
			s->touched[s->ntouched++] = node;
}

static void add_self(struct report_sweep *s, const struct report_cell *c)
{
	const struct profile *p = s->r->p;
	uint32_t node = (uint32_t)c->key, group = (uint32_t)(c->key >> 32);
	const uint32_t *places;
	struct report_row *row;

	if (node) {
		report_places(s->r, p->nodes[node].frame, &places);
		row = row_of(s, places[0], group);
		add_sum(&row->self, &c->sum);
		return;
	}
	/* Nobody called: the sample has no stack at all. */
	row = row_of(s, 0, group);
	add_sum(&row->self, &c->sum);
	add_sum(&row->total, &c->sum);
}

static void add_totals(struct report_sweep *s, uint32_t group)
{
	const struct profile *p = s->r->p;
	const uint32_t *places;
	size_t i;

	for (i = s->ntouched; i-- > 0;) {
		uint32_t node = s->touched[i], parent = p->nodes[node].parent;
		unsigned k = report_places(s->r, p->nodes[node].frame, &places);

		add_sum(&s->sums[parent], &s->sums[node]);
		while (k--)
			if (s->outer[node] >> k & 1)
				add_sum(&row_of(s, places[k], group)->total,
					&s->sums[node]);
	}
}

void report_sweep_group(struct report_sweep *s, const struct report_cell *cells,
			size_t n)
{
	size_t i;

	if (!n)
		return;
	touch(s, cells, n);
	for (i = 0; i < n; i++)
		add_self(s, &cells[i]);
	if (!s->r->opt->no_children)
		add_totals(s, (uint32_t)(cells[0].key >> 32));
	for (i = 0; i < s->ntouched; i++) {
		s->sums[s->touched[i]] = (struct report_sum){ 0 };
		s->in[s->touched[i]] = false;
	}
	s->sums[0] = (struct report_sum){ 0 };
	while (s->nplaced > 0)
		s->row_of[s->placed[--s->nplaced]] = 0;
}

/* By time when that was asked for first, else the most first. */
static int by_self(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	if (x->self.weight != y->self.weight)
		return x->self.weight > y->self.weight ? -1 : 1;
	if (x->total.weight != y->total.weight)
		return x->total.weight > y->total.weight ? -1 : 1;
	if (x->group != y->group)
		return x->group > y->group ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

struct timed {
	uint64_t time;
	struct report_row row;
};

static int by_time(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->time != y->time)
		return x->time > y->time ? 1 : -1;
	return by_self(&x->row, &y->row);
}

static void sort_by_time(struct report *r)
{
	struct timed *v = xcalloc(r->nrows, sizeof(*v));
	size_t i;

	for (i = 0; i < r->nrows; i++)
		v[i] = (struct timed){ r->groups[r->rows[i].group].key[0],
				       r->rows[i] };
	qsort(v, r->nrows, sizeof(*v), by_time);
	for (i = 0; i < r->nrows; i++)
		r->rows[i] = v[i].row;
	free(v);
}

void report_sweep_free(struct report_sweep *s)
{
	struct report *r = s->r;

	if (r->nrows && r->opt->keys[0] == KEY_TIME)
		sort_by_time(r);
	else if (r->nrows)
		qsort(r->rows, r->nrows, sizeof(*r->rows), by_self);
	free(s->sums);
	free(s->outer);
	free(s->touched);
	free(s->in);
	free(s->row_of);
	free(s->placed);
	free(s->index.slots);
	free(s->keys);
	free(s);
}
