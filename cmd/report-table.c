/* SPDX-License-Identifier: MIT
 *
 * report-table.c - the samples of an event added up.  A sample costs one sum by
 * its node, or one search by node and group; what frames have in common is found
 * for each frame once, and callers get theirs in report-sweep.c.  Sums by node
 * and group become rows whenever there are many, so that memory follows the
 * tables of the file and the rows, not the samples.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>
#include <string.h>

/* Sums by node and group that are kept: 24 bytes each, and their index. */
#define CELLS_MOST (1u << 20)

struct reading {
	struct report *r;
	unsigned nkeys; /* of samples */
	enum report_key keys[KEYS_MAX];
	unsigned at[KEYS_MAX]; /* which of all keys they are */
	uint64_t span;         /* ns of a bucket of time */
	struct report_index groups, cells;
	size_t groups_room;
	struct report_cell *v; /* owned */
	struct report_sweep *sweep;
	uint64_t last[KEYS_MAX];
	uint32_t last_group;
	bool *named;  /* by frame: its innermost function has a name; owned */
	uint32_t *of; /* by place, NULL: callers count; a node of it; owned */
};

double report_percent(uint64_t part, uint64_t all)
{
	return all ? (double)part * 100 / (double)all : 0;
}

static unsigned nlocs_of(const struct profile *p, const struct report_opt *opt,
			 uint32_t frame)
{
	uint32_t n = p->frames[frame].nlocs;

	if (!opt->inlines || !n)
		return 1;
	return n < INLINE_MAX ? n : INLINE_MAX;
}

/* The innermost ones and the last, which all the others are inlined in. */
static const struct prof_loc *loc_at(const struct report *r, uint32_t frame,
				     unsigned i)
{
	const struct prof_frame *f = &r->p->frames[frame];

	if (!f->nlocs)
		return NULL;
	if (!r->opt->inlines || i == INLINE_MAX - 1)
		i = f->nlocs - 1;
	return &r->p->locs[f->loc + i];
}

/* The same function, inlined or by itself, in several places of the file. */
static uint32_t *same_funcs(const struct profile *p)
{
	struct func_tuple {
		uint64_t key[3];
	} *v = xcalloc(p->nfuncs, sizeof(*v));
	struct report_tuples known = { v, sizeof(*v), 3 };
	uint32_t *same = xcalloc(p->nfuncs, sizeof(*same));
	uint32_t *first = xcalloc(p->nfuncs, sizeof(*first)), i, n;
	struct report_index x = { 0 };
	bool fresh;

	for (i = 0; i < p->nfuncs; i++) {
		const struct prof_func *f = &p->funcs[i];
		struct func_tuple t = { { (uint64_t)f->object << 32 | f->name,
					  (uint64_t)f->file << 32 | f->line,
					  f->file ? 0 : f->start } };

		n = report_index_add(&x, &known, t.key, &fresh);
		if (fresh) {
			v[n] = t;
			first[n] = i;
		}
		same[i] = first[n];
	}
	free(x.slots);
	free(first);
	free(v);
	return same;
}

static uint64_t frame_key(const struct report *r, uint32_t frame,
			  const struct prof_loc *l, enum report_key key)
{
	const struct prof_frame *f = &r->p->frames[frame];
	uint64_t none = KEY_NONE | f->object;

	switch (key) {
	case KEY_FUNCTION:
		return l && l->func != PROF_NONE ? l->func : none;
	case KEY_LINE:
		return l && l->file ? (uint64_t)l->file << 33 | l->line : none;
	case KEY_SOURCE:
		return l && l->file ? l->file : none;
	case KEY_ADDRESS:
		return frame;
	default:
		return f->object;
	}
}

struct placing {
	struct report *r;
	struct report_index index;
	uint32_t room;
	uint32_t *same; /* functions; owned */
};

static uint32_t add_place(struct placing *x, const struct report_place *place)
{
	struct report *r = x->r;
	struct report_tuples known = { r->places, sizeof(*r->places),
				       KEYS_MAX };
	uint32_t n;
	bool fresh;

	n = report_index_add(&x->index, &known, place->key, &fresh);
	if (!fresh)
		return n;
	if (n == x->room) {
		x->room = x->room ? x->room * 2 : 256;
		r->places =
			xreallocarray(r->places, x->room, sizeof(*r->places));
	}
	r->places[n] = *place;
	r->nplaces++;
	return n;
}

/* Place 0 is that of samples without a stack. */
static void place_none(struct placing *x)
{
	const struct report_opt *opt = x->r->opt;
	struct report_place none = { .frame = PROF_NONE };
	unsigned i;

	for (i = 0; i < opt->nkeys; i++)
		if (!report_key_is_of_sample(opt->keys[i]))
			none.key[i] = KEY_NONE | NO_OBJECT;
	add_place(x, &none);
}

static void place_frames(struct report *r)
{
	struct placing x = { .r = r, .same = same_funcs(r->p) };
	const struct profile *p = r->p;
	uint32_t frame, loc, nlocs;
	size_t total = 0;
	unsigned k;

	for (frame = 0; frame < p->nframes; frame++)
		total += nlocs_of(p, r->opt, frame);
	r->frame_places = xcalloc(p->nframes, sizeof(*r->frame_places));
	r->loc_places = xcalloc(total, sizeof(*r->loc_places));
	place_none(&x);
	for (frame = 0, total = 0; frame < p->nframes; frame++) {
		r->frame_places[frame] = (uint32_t)total;
		nlocs = nlocs_of(p, r->opt, frame);
		for (loc = 0; loc < nlocs; loc++) {
			const struct prof_loc *l = loc_at(r, frame, loc);
			struct report_place place = { .frame = frame,
						      .loc = loc };
			struct prof_loc same;

			if (l && l->func != PROF_NONE) {
				same = *l;
				same.func = x.same[l->func];
				l = &same;
			}
			for (k = 0; k < r->opt->nkeys; k++)
				if (!report_key_is_of_sample(r->opt->keys[k]))
					place.key[k] =
						frame_key(r, frame, l,
							  r->opt->keys[k]);
			r->loc_places[total++] = add_place(&x, &place);
		}
	}
	free(x.index.slots);
	free(x.same);
}

unsigned report_places(const struct report *r, uint32_t frame,
		       const uint32_t **places)
{
	*places = r->loc_places + r->frame_places[frame];
	return nlocs_of(r->p, r->opt, frame);
}

static uint64_t sample_key(const struct reading *in,
			   const struct prof_sample *s, enum report_key key)
{
	const struct profile *p = in->r->p;
	uint64_t part;

	switch (key) {
	case KEY_COMM:
		return p->tasks[s->task].comm;
	case KEY_PID:
		return p->tasks[s->task].pid;
	case KEY_TID:
		return p->tasks[s->task].tid;
	case KEY_CPU:
		return s->cpu;
	case KEY_TIME:
		part = s->time / in->span;
		return part < TIME_BUCKETS ? part : TIME_BUCKETS - 1;
	default:
		return p->events[s->event].set;
	}
}

static uint32_t group_of(struct reading *in, const struct prof_sample *s)
{
	struct report *r = in->r;
	struct report_tuples known;
	struct report_group g = { { 0 } };
	bool fresh;
	unsigned i;
	uint32_t n;

	for (i = 0; i < in->nkeys; i++)
		g.key[in->at[i]] = sample_key(in, s, in->keys[i]);
	/* Neighbours in the file are mostly of one thread. */
	if (r->ngroups && !memcmp(g.key, in->last, sizeof(g.key)))
		return in->last_group;
	known = (struct report_tuples){ r->groups, sizeof(*r->groups),
					KEYS_MAX };
	n = report_index_add(&in->groups, &known, g.key, &fresh);
	if (fresh) {
		if (n == in->groups_room) {
			in->groups_room = n ? 2 * (size_t)n : 16;
			r->groups = xreallocarray(r->groups, in->groups_room,
						  sizeof(*r->groups));
		}
		r->groups[n] = g;
		r->ngroups++;
	}
	memcpy(in->last, g.key, sizeof(g.key));
	in->last_group = n;
	return n;
}

static int by_key(const void *a, const void *b)
{
	const struct report_cell *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* One group after the other; then there are no sums. */
static void sweep_groups(struct reading *in, bool last)
{
	size_t n = in->cells.n, i, from;
	struct report_cell *v = in->v;

	if (!in->sweep)
		in->sweep = report_sweep_new(in->r, last);
	if (n)
		qsort(v, n, sizeof(*v), by_key);
	for (i = from = 0; i < n; i++)
		if (i + 1 == n || v[i + 1].key >> 32 != v[i].key >> 32) {
			report_sweep_group(in->sweep, v + from, i + 1 - from);
			from = i + 1;
		}
	in->cells.n = 0;
	if (!last)
		memset(in->cells.slots, 0,
		       in->cells.size * sizeof(*in->cells.slots));
}

/* Where callers do not count, one node stands for all of its place. */
static uint32_t node_of(struct reading *in, uint32_t node)
{
	const uint32_t *places;

	if (!in->of || !node)
		return node;
	report_places(in->r, in->r->p->nodes[node].frame, &places);
	if (!in->of[places[0]])
		in->of[places[0]] = node;
	return in->of[places[0]];
}

static struct report_sum *cell_of(struct reading *in,
				  const struct prof_sample *s)
{
	struct report_tuples known = { in->v, sizeof(*in->v), 1 };
	uint64_t key = (uint64_t)group_of(in, s) << 32 | node_of(in, s->node);
	bool fresh;
	uint32_t n;

	if (in->cells.n == CELLS_MOST)
		sweep_groups(in, false);
	n = report_index_add(&in->cells, &known, &key, &fresh);
	if (fresh)
		in->v[n] = (struct report_cell){ .key = key };
	return &in->v[n].sum;
}

static int add_sample(const struct prof_sample *s, void *arg)
{
	struct reading *in = arg;
	struct report *r = in->r;
	uint32_t frame = r->p->nodes[s->node].frame;
	struct report_sum *sum;

	r->recorded += s->event == r->event;
	if (!prof_filter_match(r->opt->filter, s))
		return 0;
	sum = in->nkeys ? cell_of(in, s) : &r->nodes[s->node];
	sum->weight += s->weight;
	sum->samples++;
	r->all.weight += s->weight;
	r->all.samples++;
	r->resolved += frame != PROF_NONE && in->named[frame];
	return 0;
}

static void find_named(struct reading *in)
{
	const struct profile *p = in->r->p;
	uint32_t i;

	in->named = xcalloc(p->nframes, sizeof(*in->named));
	for (i = 0; i < p->nframes; i++)
		in->named[i] =
			p->frames[i].nlocs &&
			p->locs[p->frames[i].loc + p->frames[i].nlocs - 1]
					.func != PROF_NONE;
}

/* The only group: by node as it is. */
static void sweep_all(struct report *r)
{
	struct report_sweep *sweep = report_sweep_new(r, true);
	struct report_cell *cells = xcalloc(r->p->nnodes, sizeof(*cells));
	uint32_t i;
	size_t n = 0;

	r->groups = xcalloc(1, sizeof(*r->groups));
	r->ngroups = 1;
	for (i = 0; i < r->p->nnodes; i++)
		if (r->nodes[i].samples)
			cells[n++] = (struct report_cell){ i, r->nodes[i] };
	report_sweep_group(sweep, cells, n);
	free(cells);
	report_sweep_free(sweep);
}

static void begin_groups(struct reading *in)
{
	struct report *r = in->r;

	in->v = xreallocarray(NULL, CELLS_MOST, sizeof(*in->v));
	/* Of samples alone a place is all there is. */
	if (r->opt->no_children || r->nplaces == 1)
		in->of = xcalloc(r->nplaces, sizeof(*in->of));
}

static void read_groups(struct reading *in)
{
	begin_groups(in);
	prof_samples(in->r->p, add_sample, in);
	sweep_groups(in, true);
	report_sweep_free(in->sweep);
	free(in->groups.slots);
	free(in->cells.slots);
	free(in->v);
	free(in->of);
}

void report_build(struct report *r, struct profile *p,
		  const struct report_opt *opt, uint32_t event)
{
	struct reading in = { .r = r, .span = UINT64_MAX };
	unsigned i;

	*r = (struct report){ .p = p, .opt = opt, .event = event };
	for (i = 0; i < opt->nkeys; i++)
		if (report_key_is_of_sample(opt->keys[i])) {
			in.at[in.nkeys] = i;
			in.keys[in.nkeys++] = opt->keys[i];
		}
	if (p->totals.duration_ns >= TIME_BUCKETS)
		in.span = p->totals.duration_ns / TIME_BUCKETS;
	place_frames(r);
	find_named(&in);
	if (in.nkeys) {
		read_groups(&in);
	} else {
		r->nodes = xcalloc(p->nnodes, sizeof(*r->nodes));
		prof_samples(p, add_sample, &in);
		sweep_all(r);
	}
	free(in.named);
}

void report_release(struct report *r)
{
	free(r->places);
	free(r->frame_places);
	free(r->loc_places);
	free(r->groups);
	free(r->nodes);
	free(r->rows);
}
