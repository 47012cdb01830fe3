/* SPDX-License-Identifier: MIT
 *
 * sample-merge.c - the contexts of all CPUs as one stream in order of time, so
 * that what was mapped is known before it is hit.  Each context's own entries
 * are in order; of all of them the oldest is taken, up to a moment before which
 * nothing more can come.
 */
#include "config.h"

#include "sample.h"

#include <pfmcore_ring.h>
#include <stdlib.h>
#include <string.h>

#include "sampling.h"

/* A record is in its ring so long after its time stamp, at most. */
#define SETTLED_NS 1000000

static void fetch(struct source *src)
{
	src->after = src->cursor;
	src->has = src->fmt->next(src->buf, src->size, &src->after,
				  &src->head) == 1;
	src->when = src->head.tstamp ? src->head.tstamp : UINT64_MAX - 1;
	/* The format's own copy is of its last answer only. */
	if (src->has && src->head.task) {
		src->task = *src->head.task;
		src->head.task = &src->task;
	}
}

static bool is_full(const struct source *src)
{
	return src->halves && pfm_ring_handed(src->buf) >= 2;
}

/* A table of counts is read once, when it has all of them. */
static bool is_ready(const struct source *src, bool last)
{
	return last || src->halves || src->told;
}

/* The halves that lie behind what is read next. */
static uint64_t used_halves(const struct source *src)
{
	const struct pfm_ring_hdr *h = src->buf;
	uint64_t handed = pfm_ring_handed(src->buf);
	size_t at, ahead;

	if (!src->has)
		return handed;
	ahead = smpl_cursor_ahead(src->after, src->size, h->ring_given, &at);
	return ahead <= handed ? ahead : 0;
}

/* What was full and is used is empty again. */
static void give_back(struct sampling *s, struct source *src)
{
	uint64_t n;

	if (src->halves) {
		n = used_halves(src);
		if (n)
			record_forget(s);
		for (; n > 0; n--)
			src->over = pfm_restart(src->fd) < 0;
	} else if (src->told && src->fmt->restart && !src->has) {
		pfm_restart(src->fd);
	} else if (src->has) {
		return;
	}
	src->told = false;
}

/* Of equal times the first source's comes first. */
static bool is_older(const struct source *a, const struct source *b)
{
	return a->when != b->when ? a->when < b->when : a < b;
}

/* A heap: none is older than the one at half its place. */
struct heap {
	struct source **v; /* owned */
	unsigned n;
};

static void sift_down(struct heap *h, unsigned i)
{
	struct source *src = h->v[i];
	unsigned child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && is_older(h->v[child + 1], h->v[child]))
			child++;
		if (is_older(src, h->v[child]))
			break;
		h->v[i] = h->v[child];
		i = child;
	}
	h->v[i] = src;
}

static void heap_init(struct heap *h, struct sampling *s)
{
	unsigned i;

	h->v = xcalloc(s->nsources, sizeof(*h->v));
	h->n = 0;
	for (i = 0; i < s->nsources; i++)
		if (s->sources[i].has)
			h->v[h->n++] = &s->sources[i];
	for (i = h->n / 2; i-- > 0;)
		sift_down(h, i);
}

/* The next time stamp of the others: so far the oldest goes on alone. */
static uint64_t limit_of(const struct heap *h, uint64_t before)
{
	unsigned i;

	for (i = 1; i < 3 && i < h->n; i++)
		if (h->v[i]->when < before)
			before = h->v[i]->when;
	return before;
}

bool merge_full(const struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->nsources; i++)
		if (is_full(&s->sources[i]) && !s->sources[i].over)
			return true;
	return false;
}

/* The oldest entries of all, and those of that source up to the next one's. */
static void take(struct sampling *s, struct heap *h, uint64_t before)
{
	struct source *src = h->v[0];
	uint64_t limit = limit_of(h, before);

	do {
		record_entry(s, src, &src->head);
		src->cursor = src->after;
		fetch(src);
	} while (src->has && src->when <= limit && src->when < before);
	if (!src->has)
		h->v[0] = h->v[--h->n];
	if (h->n)
		sift_down(h, 0);
}

void merge_round(struct sampling *s, bool last)
{
	uint64_t before = last ? UINT64_MAX : now_ns() - SETTLED_NS;
	struct source *src;
	struct heap h;
	unsigned i;

	/* Each of them looks into the kernel's ring. */
	for (i = 0; i < s->nsources; i++) {
		src = &s->sources[i];
		pfm_get_stats(src->fd, &src->stats);
		if (is_full(src))
			before = UINT64_MAX;
	}
	for (i = 0; i < s->nsources; i++)
		if (!s->sources[i].has && is_ready(&s->sources[i], last))
			fetch(&s->sources[i]);
	heap_init(&h, s);
	while (h.n && h.v[0]->when < before)
		take(s, &h, before);
	free(h.v);
	for (i = 0; i < s->nsources; i++)
		give_back(s, &s->sources[i]);
}
