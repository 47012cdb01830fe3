/* SPDX-License-Identifier: MIT
 *
 * top-codec.c - a frame as bytes: what changed since the frame before it, or
 * (key) all of it.  Idle tasks cost nothing but in a key frame.  What is read
 * may be anybody's.
 */
#include "config.h"

#include "top-priv.h"

#include <stdlib.h>
#include <string.h>

#define LINE_VALUES 0x40u
#define LINE_SPARK 0x20u
#define NAME_MOST 4096
#define LINES_MOST (1u << 22)

static void put_float(struct bytes *b, float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	bytes_varint(b, bits);
}

static float get_float(struct reader *r)
{
	uint32_t bits = (uint32_t)read_varint(r);
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static void put_head(const struct frame *f, bool key, struct bytes *b)
{
	unsigned i;

	bytes_varint(b, (unsigned)key | (unsigned)f->selected << 1 |
				(unsigned)f->hw_tasks << 2 |
				(unsigned)f->hw_cpus << 3);
	bytes_varint(b, f->number);
	bytes_varint(b, f->time_ns);
	bytes_varint(b, f->duration_ns);
	bytes_varint(b, f->elapsed_ns);
	bytes_varint(b, f->skipped);
	bytes_varint(b, f->lost);
	bytes_varint(b, f->samples);
	bytes_varint(b, f->samples_sum);
	bytes_varint(b, f->processes);
	bytes_varint(b, f->running);
	bytes_varint(b, f->threads);
	bytes_varint(b, f->counted);
	bytes_varint(b, f->set);
	bytes_varint(b, f->unsampled);
	for (i = 0; i < SPARK; i++) {
		if (!key && i != f->number % SPARK)
			continue;
		put_float(b, f->ipc[i]);
		put_float(b, f->llc[i]);
		put_float(b, f->busy[i]);
	}
}

static bool get_head(struct frame *f, struct reader *r)
{
	uint64_t flags = read_varint(r);
	bool key = flags & 1;
	unsigned i;

	f->selected = flags >> 1 & 1;
	f->hw_tasks = flags >> 2 & 1;
	f->hw_cpus = flags >> 3 & 1;
	f->number = read_varint(r);
	f->time_ns = read_varint(r);
	f->duration_ns = read_varint(r);
	f->elapsed_ns = read_varint(r);
	f->skipped = read_varint(r);
	f->lost = read_varint(r);
	f->samples = read_varint(r);
	f->samples_sum = read_varint(r);
	f->processes = (uint32_t)read_varint(r);
	f->running = (uint32_t)read_varint(r);
	f->threads = (uint32_t)read_varint(r);
	f->counted = (uint32_t)read_varint(r);
	f->set = (uint32_t)read_varint(r);
	f->unsampled = (uint8_t)(read_varint(r) % SAMPLED_WAYS);
	for (i = 0; i < SPARK; i++) {
		if (!key && i != f->number % SPARK)
			continue;
		f->ipc[i] = get_float(r);
		f->llc[i] = get_float(r);
		f->busy[i] = get_float(r);
	}
	return key;
}

/* Values that are not 0: which, and these. */
static void put_values(struct bytes *b, const uint64_t *v, unsigned n)
{
	uint64_t which = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		if (v[i])
			which |= 1ULL << i;
	bytes_varint(b, which);
	for (i = 0; i < n; i++)
		if (v[i])
			bytes_varint(b, v[i]);
}

static void get_values(struct reader *r, uint64_t *v, unsigned n)
{
	uint64_t which = read_varint(r);
	unsigned i;

	for (i = 0; i < n; i++)
		v[i] = which >> i & 1 ? read_varint(r) : 0;
}

static bool any(const uint64_t *v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (v[i])
			return true;
	return false;
}

static void put_gauges(struct bytes *b, const struct line *l)
{
	bytes_varint(b, (unsigned char)l->state);
	bytes_varint(b, l->nthreads);
	bytes_varint(b, (uint32_t)l->cpu);
	bytes_varint(b, l->rss);
	bytes_varint(b, (uint32_t)l->ppid);
}

static void get_gauges(struct reader *r, struct line *l)
{
	unsigned state = (unsigned)read_varint(r);

	l->state = state > ' ' && state < 127 ? (char)state : '?';
	l->nthreads = (uint32_t)read_varint(r);
	l->cpu = (int32_t)read_varint(r);
	l->rss = read_varint(r);
	l->ppid = (pid_t)read_varint(r);
}

static void put_has(struct bytes *b, const struct line *l)
{
	bytes_varint(b, l->has);
	bytes_varint(b, l->why);
	bytes_varint(b, l->flags);
}

static void get_has(struct reader *r, struct line *l)
{
	uint64_t why;

	l->has = read_varint(r);
	why = read_varint(r);
	l->why = why < WHYS ? (uint8_t)why : WHY_FAILED;
	l->flags = (uint8_t)read_varint(r);
}

static void put_name(struct bytes *b, const struct line *l)
{
	bytes_string(b, l->name);
	bytes_string(b, l->cmdline);
	bytes_varint(b, l->uid);
}

static void get_string(struct reader *r, char **s)
{
	uint64_t n = read_varint(r);
	const unsigned char *from = n <= NAME_MOST ? read_bytes(r, n) : NULL;

	if (!from) {
		r->bad = true;
		return;
	}
	free(*s);
	*s = xasprintf("%.*s", (int)n, (const char *)from);
}

static void get_name(struct reader *r, struct line *l)
{
	get_string(r, &l->name);
	get_string(r, &l->cmdline);
	l->uid = (uid_t)read_varint(r);
}

static bool has_spark(const struct line *l)
{
	unsigned i;

	for (i = 0; i < SPARK; i++)
		if (l->spark[i])
			return true;
	return false;
}

/* What of a line goes into the frame; 0: nothing. */
static unsigned parts_of(const struct frame *f, const struct line *l, bool key)
{
	unsigned parts = l->dirty;

	if (any(l->v, f->nvals))
		parts |= LINE_VALUES;
	if (key || l->dirty & LINE_NEW)
		parts |= LINE_NEW;
	if (key && has_spark(l))
		parts |= LINE_SPARK;
	return parts;
}

static void put_line(const struct frame *f, const struct line *l,
		     unsigned parts, struct bytes *b)
{
	unsigned i;

	bytes_varint(b, parts);
	if (parts & LINE_NEW) {
		bytes_varint(b, (uint32_t)l->pid);
		bytes_varint(b, (uint32_t)l->tid);
		put_values(b, l->v + f->nvals, f->nvals);
	}
	if (parts & (LINE_NEW | DIRTY_NAME))
		put_name(b, l);
	if (parts & (LINE_NEW | DIRTY_GAUGES))
		put_gauges(b, l);
	if (parts & (LINE_NEW | DIRTY_HAS))
		put_has(b, l);
	if (parts & LINE_VALUES)
		put_values(b, l->v, f->nvals);
	for (i = 0; parts & LINE_SPARK && i < SPARK; i++)
		bytes_varint(b, l->spark[i]);
}

static void put_lines(const struct frame *f, bool key, struct bytes *b)
{
	uint32_t before = 0;
	unsigned parts;
	size_t i, n = 0;

	for (i = 0; i < f->nlines; i++)
		n += parts_of(f, f->lines[i], key) != 0;
	bytes_varint(b, n);
	for (i = 0; i < f->nlines; i++) {
		parts = parts_of(f, f->lines[i], key);
		if (!parts)
			continue;
		bytes_varint(b, f->lines[i]->key - before);
		before = f->lines[i]->key;
		put_line(f, f->lines[i], parts, b);
	}
}

/* The sums of a key frame hold the interval already. */
static void get_line(struct frame *f, struct line *l, unsigned parts,
		     struct reader *r)
{
	unsigned i, k;

	if (parts & LINE_NEW) {
		l->pid = (pid_t)read_varint(r);
		l->tid = (pid_t)read_varint(r);
		get_values(r, l->v + f->nvals, f->nvals);
	}
	if (parts & (LINE_NEW | DIRTY_NAME))
		get_name(r, l);
	if (parts & (LINE_NEW | DIRTY_GAUGES))
		get_gauges(r, l);
	if (parts & (LINE_NEW | DIRTY_HAS))
		get_has(r, l);
	if (parts & LINE_VALUES)
		get_values(r, l->v, f->nvals);
	if (parts & LINE_VALUES && !(parts & LINE_NEW))
		for (k = 0; k < f->nvals; k++)
			l->v[f->nvals + k] += l->v[k];
	for (i = 0; parts & LINE_SPARK && i < SPARK; i++)
		l->spark[i] = (uint16_t)read_varint(r);
}

static bool get_lines(struct frame *f, struct reader *r)
{
	uint32_t n = read_count(r), i;
	uint32_t key = 0, last = 0;
	struct line *l;

	if (f->nlines)
		last = f->lines[f->nlines - 1]->key;
	for (i = 0; i < n && !r->bad; i++) {
		unsigned parts;

		key += (uint32_t)read_varint(r);
		parts = (unsigned)read_varint(r);
		if (parts & LINE_NEW && (key > last || !f->nlines) &&
		    f->nlines < LINES_MOST) {
			l = line_new(f->nvals);
			l->key = last = key;
			frame_add(f, l);
		} else {
			l = parts & LINE_NEW ? NULL : frame_find(f, key);
		}
		if (!l)
			return false;
		get_line(f, l, parts, r);
	}
	return !r->bad;
}

static void put_ended(const struct frame *f, struct bytes *b)
{
	uint32_t before = 0;
	size_t i;

	bytes_varint(b, f->nended);
	for (i = 0; i < f->nended; i++) {
		bytes_varint(b, f->ended[i] - before);
		before = f->ended[i];
	}
}

/* Both are ascending. */
static bool get_ended(struct frame *f, struct reader *r)
{
	uint32_t n = read_count(r), i, key = 0;
	size_t from = 0, to = 0;

	for (i = 0; i < n; i++) {
		key += (uint32_t)read_varint(r);
		while (from < f->nlines && f->lines[from]->key < key)
			f->lines[to++] = f->lines[from++];
		if (from < f->nlines && f->lines[from]->key == key)
			line_free(f->lines[from++]);
	}
	while (from < f->nlines)
		f->lines[to++] = f->lines[from++];
	f->nlines = to;
	return !r->bad;
}

static void put_cpus(const struct frame *f, bool key, struct bytes *b)
{
	unsigned i;

	for (i = 0; i < f->ncpus; i++) {
		const struct cpu_line *c = &f->cpus[i];

		bytes_varint(b, c->busy_ns);
		bytes_varint(b, c->has);
		bytes_varint(b, c->why);
		put_values(b, c->v, f->nvals);
		if (key)
			put_values(b, c->v + f->nvals, f->nvals);
	}
}

static void get_cpus(struct frame *f, bool key, struct reader *r)
{
	unsigned i, k;

	for (i = 0; i < f->ncpus; i++) {
		struct cpu_line *c = &f->cpus[i];

		c->busy_ns = read_varint(r);
		c->has = read_varint(r);
		c->why = (uint8_t)read_varint(r);
		if (c->why >= WHYS)
			c->why = WHY_FAILED;
		get_values(r, c->v, f->nvals);
		if (key)
			get_values(r, c->v + f->nvals, f->nvals);
		else
			for (k = 0; k < f->nvals; k++)
				c->v[f->nvals + k] += c->v[k];
	}
}

static void put_hits(const struct frame *f, bool key, struct bytes *b)
{
	uint32_t before = 0;
	size_t i, n = 0;

	for (i = 0; i < f->nhits; i++)
		n += key || f->hits[i].n;
	bytes_varint(b, n);
	for (i = 0; i < f->nhits; i++) {
		const struct hit *h = &f->hits[i];

		if (!key && !h->n)
			continue;
		bytes_varint(b, h->func - before);
		before = h->func;
		bytes_varint(b, h->pid);
		bytes_varint(b, h->n);
		if (key)
			bytes_varint(b, h->sum);
	}
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->func != y->func)
		return x->func < y->func ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return 0;
}

/* New ones go to the end and are sorted in at last. */
static void get_hits(struct frame *f, bool key, struct reader *r)
{
	uint32_t n = read_count(r), i, func = 0;
	size_t known = f->nhits;

	for (i = 0; i < n && !r->bad; i++) {
		struct hit h = { .n = 0 }, *old;
		struct frame sorted = { .hits = f->hits, .nhits = known };

		func += (uint32_t)read_varint(r);
		h.func = func;
		h.pid = (uint32_t)read_varint(r);
		h.n = read_varint(r);
		h.sum = key ? read_varint(r) : h.n;
		old = (struct hit *)(uintptr_t)frame_hit(&sorted, h.func,
							 h.pid);
		if (old) {
			old->n = h.n;
			old->sum += h.n;
			continue;
		}
		if (f->nhits == f->hits_room) {
			f->hits_room = f->hits_room ? f->hits_room * 2 : 256;
			f->hits = xreallocarray(f->hits, f->hits_room,
						sizeof(*f->hits));
		}
		f->hits[f->nhits++] = h;
	}
	if (f->nhits > known)
		qsort(f->hits, f->nhits, sizeof(*f->hits), compare_hits);
}

void frame_encode(const struct frame *f, bool key, struct bytes *b)
{
	put_head(f, key, b);
	if (!key)
		put_ended(f, b);
	put_lines(f, key, b);
	put_cpus(f, key, b);
	put_hits(f, key, b);
}

static void forget_lines(struct frame *f)
{
	while (f->nlines > 0)
		line_free(f->lines[--f->nlines]);
	f->nhits = 0;
}

bool frame_decode(struct frame *f, struct reader *r)
{
	size_t i;
	bool key = get_head(f, r);

	if (r->bad)
		return false;
	if (key)
		forget_lines(f);
	else if (!get_ended(f, r))
		return false;
	for (i = 0; i < f->nlines; i++)
		memset(f->lines[i]->v, 0, f->nvals * sizeof(*f->lines[i]->v));
	for (i = 0; i < f->nhits; i++)
		f->hits[i].n = 0;
	if (!get_lines(f, r))
		return false;
	get_cpus(f, key, r);
	get_hits(f, key, r);
	frame_rates(f);
	return !r->bad;
}
