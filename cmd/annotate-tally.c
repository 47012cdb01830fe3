/* SPDX-License-Identifier: MIT
 *
 * annotate-tally.c - how often each address was hit: the innermost frames of the
 * samples that the filter lets through, and their counts for each event.
 */
#include "config.h"

#include <stdlib.h>

#include "annotate-priv.h"

/* While the samples are read. */
struct counting {
	struct annot_tally *t;
	const struct prof_filter *filter;
	uint32_t *slot; /* of each frame, in hits */
	uint32_t room;
};

/* Where the frame's code stands itself, not what was inlined there. */
static uint32_t outer_func(const struct profile *p, uint32_t frame)
{
	const struct prof_frame *f = &p->frames[frame];

	return f->nlocs ? p->locs[f->loc + f->nlocs - 1].func : PROF_NONE;
}

static void grow(struct counting *c)
{
	struct annot_tally *t = c->t;
	size_t old = (size_t)c->room * t->ncols;
	size_t i, n;

	c->room = c->room ? c->room * 2 : 1024;
	n = (size_t)c->room * t->ncols;
	t->hits = xreallocarray(t->hits, c->room, sizeof(*t->hits));
	t->counts = xreallocarray(t->counts, n, sizeof(*t->counts));
	for (i = old; i < n; i++)
		t->counts[i] = (struct annot_count){ 0, 0 };
}

static uint32_t slot_of(struct counting *c, uint32_t frame)
{
	struct annot_tally *t = c->t;

	if (c->slot[frame])
		return c->slot[frame] - 1;
	if (t->nhits == c->room)
		grow(c);
	t->hits[t->nhits] = (struct annot_hit){
		.addr = t->p->frames[frame].addr,
		.func = outer_func(t->p, frame),
		.frame = frame,
		.counts = t->nhits * t->ncols,
	};
	c->slot[frame] = ++t->nhits;
	return t->nhits - 1;
}

static void add(struct annot_count *count, uint64_t weight)
{
	count->weight += weight;
	count->samples++;
}

static int count_sample(const struct prof_sample *s, void *arg)
{
	struct counting *c = arg;
	const struct profile *p = c->t->p;
	struct prof_sample same = *s;
	uint32_t frame, slot, col;

	/* A column for each event, but the one of -e if there is one. */
	if (!c->filter->event)
		same.event = prof_filter_event(c->filter);
	if (!prof_filter_match(c->filter, &same))
		return 0;
	col = s->event - c->t->first;
	add(&c->t->total[col], s->weight);
	frame = p->nodes[s->node].frame;
	if (frame == PROF_NONE || p->frames[frame].flags & PROF_FRAME_CALLER)
		return 0;
	slot = slot_of(c, frame);
	add(&c->t->counts[c->t->hits[slot].counts + col], s->weight);
	return 0;
}

static int compare_hits(const void *a, const void *b)
{
	const struct annot_hit *x = a, *y = b;

	if (x->func != y->func)
		return x->func < y->func ? -1 : 1;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

void annot_tally(struct annot_tally *t, struct profile *p,
		 const struct annot_opt *opt)
{
	struct counting c = { .t = t, .filter = &opt->filter };

	*t = (struct annot_tally){
		.p = p,
		.ncols = p->nevents,
		.filtered = prof_filter_leaves_out(&opt->filter),
	};
	if (opt->filter.event) {
		t->first = prof_filter_event(&opt->filter);
		t->ncols = 1;
	}
	if (t->ncols > ANNOT_COLUMNS)
		die("%s has %u events, %d fit beside each other: choose one "
		    "with -e",
		    p->path, t->ncols, ANNOT_COLUMNS);
	t->total = xcalloc(t->ncols, sizeof(*t->total));
	c.slot = xcalloc(p->nframes, sizeof(*c.slot));
	prof_samples(p, count_sample, &c);
	free(c.slot);
	if (t->nhits)
		qsort(t->hits, t->nhits, sizeof(*t->hits), compare_hits);
}

void annot_tally_release(struct annot_tally *t)
{
	free(t->hits);
	free(t->counts);
	free(t->total);
}

const struct annot_hit *annot_hits(const struct annot_tally *t, uint32_t func,
				   uint32_t *n)
{
	uint32_t from = 0, to = t->nhits, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (t->hits[mid].func < func)
			from = mid + 1;
		else
			to = mid;
	}
	while (to < t->nhits && t->hits[to].func == func)
		to++;
	*n = to - from;
	return t->hits + from;
}

bool annot_in_chain(const struct profile *p, uint32_t frame, uint32_t func)
{
	const struct prof_frame *f = &p->frames[frame];
	uint32_t i;

	for (i = 0; i < f->nlocs; i++)
		if (p->locs[f->loc + i].func == func)
			return true;
	return false;
}
