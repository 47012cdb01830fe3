/* SPDX-License-Identifier: MIT
 *
 * top-frame.c - what an interval gave, in memory: lines in the order of their
 * keys, CPUs, functions that were hit; and the sums over all intervals.  How it
 * is kept is top-codec.c's and top-history.c's.
 */
#include "config.h"

#include "top-priv.h"

#include <stdlib.h>
#include <string.h>

#define STICKY_MOST 2000

void frame_init(struct frame *f, unsigned nvals, unsigned ncpus)
{
	unsigned i;

	*f = (struct frame){ .nvals = nvals, .ncpus = ncpus };
	f->cpus = xcalloc(ncpus + 1, sizeof(*f->cpus));
	f->cpu_values =
		xcalloc((size_t)ncpus * 2 * nvals + 1, sizeof(*f->cpu_values));
	for (i = 0; i < ncpus; i++)
		f->cpus[i].v = &f->cpu_values[(size_t)i * 2 * nvals];
	for (i = 0; i < SPARK; i++)
		f->ipc[i] = f->llc[i] = f->busy[i] = NAN;
}

void frame_release(struct frame *f)
{
	size_t i;

	for (i = 0; i < f->nlines; i++)
		line_free(f->lines[i]);
	free(f->lines);
	free(f->ended);
	free(f->cpus);
	free(f->cpu_values);
	free(f->hits);
	*f = (struct frame){ 0 };
}

struct line *line_new(unsigned nvals)
{
	struct line *l =
		xcalloc(1, sizeof(*l) + (size_t)nvals * 2 * sizeof(*l->v));

	l->name = xstrdup("");
	l->cmdline = xstrdup("");
	return l;
}

void line_free(struct line *l)
{
	free(l->name);
	free(l->cmdline);
	free(l);
}

void frame_add(struct frame *f, struct line *l)
{
	if (f->nlines == f->room) {
		f->room = f->room ? f->room * 2 : 256;
		f->lines = xreallocarray(f->lines, f->room, sizeof(*f->lines));
	}
	f->lines[f->nlines++] = l;
}

struct line *frame_find(const struct frame *f, uint32_t key)
{
	size_t low = 0, high = f->nlines;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->lines[mid]->key < key)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < f->nlines && f->lines[low]->key == key)
		return f->lines[low];
	return NULL;
}

const struct hit *frame_hit(const struct frame *f, uint32_t func, uint32_t pid)
{
	size_t low = 0, high = f->nhits;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct hit *h = &f->hits[mid];

		if (h->func < func || (h->func == func && h->pid < pid))
			low = mid + 1;
		else
			high = mid;
	}
	if (low < f->nhits && f->hits[low].func == func &&
	    f->hits[low].pid == pid)
		return &f->hits[low];
	return NULL;
}

static void note_ended(struct frame *f, uint32_t key)
{
	if (f->nended == f->ended_room) {
		f->ended_room = f->ended_room ? f->ended_room * 2 : 64;
		f->ended = xreallocarray(f->ended, f->ended_room,
					 sizeof(*f->ended));
	}
	f->ended[f->nended++] = key;
}

void frame_next(struct frame *f, bool sticky)
{
	size_t i, n = 0, old = 0;

	/* Of those that stay the oldest make room. */
	for (i = 0; i < f->nlines; i++)
		old += (f->lines[i]->flags & LINE_ENDED) != 0;
	old = !sticky ? old : old > STICKY_MOST ? old - STICKY_MOST : 0;
	f->nended = 0;
	for (i = 0; i < f->nlines; i++) {
		struct line *l = f->lines[i];

		if (l->flags & LINE_ENDED && old > 0) {
			old--;
			note_ended(f, l->key);
			line_free(l);
			continue;
		}
		l->dirty = 0;
		memset(l->v, 0, f->nvals * sizeof(*l->v));
		f->lines[n++] = l;
	}
	f->nlines = n;
	for (i = 0; i < f->ncpus; i++)
		memset(f->cpus[i].v, 0, f->nvals * sizeof(*f->cpus[i].v));
	for (i = 0; i < f->nhits; i++)
		f->hits[i].n = 0;
	f->skipped = f->lost = f->samples = 0;
}

static uint16_t spark_of(uint64_t cpu_ns, uint64_t duration_ns)
{
	double x =
		duration_ns ? 1000.0 * (double)cpu_ns / (double)duration_ns : 0;

	return x > 65535 ? 65535 : (uint16_t)(x + 0.5);
}

void frame_rates(struct frame *f)
{
	unsigned at = (unsigned)(f->number % SPARK);
	size_t i;

	for (i = 0; i < f->nlines; i++)
		f->lines[i]->spark[at] =
			spark_of(f->lines[i]->v[VAL_CPU], f->duration_ns);
	for (i = 0; i < f->ncpus && i < ARRAY_SIZE(f->cpu_busy); i++)
		f->cpu_busy[i] = f->duration_ns ?
					 (float)((double)f->cpus[i].busy_ns *
						 100 / (double)f->duration_ns) :
					 0;
}

static void add_up(uint64_t *v, unsigned n)
{
	unsigned k;

	for (k = 0; k < n; k++)
		v[n + k] += v[k];
}

void frame_finish(struct frame *f)
{
	double busy = 0;
	size_t i;

	for (i = 0; i < f->nlines; i++)
		add_up(f->lines[i]->v, f->nvals);
	for (i = 0; i < f->ncpus; i++) {
		add_up(f->cpus[i].v, f->nvals);
		busy += (double)f->cpus[i].busy_ns;
	}
	for (i = 0; i < f->nhits; i++)
		f->hits[i].sum += f->hits[i].n;
	frame_rates(f);
	f->busy[f->number % SPARK] = f->ncpus && f->duration_ns ?
					     (float)(100 * busy / f->ncpus /
						     (double)f->duration_ns) :
					     NAN;
	f->samples_sum += f->samples;
	f->elapsed_ns += f->duration_ns;
}

static struct line *line_copy(const struct line *l, unsigned nvals)
{
	struct line *copy = line_new(nvals);
	char *name = copy->name, *cmdline = copy->cmdline;

	memcpy(copy, l, sizeof(*l) + (size_t)nvals * 2 * sizeof(*l->v));
	free(name);
	free(cmdline);
	copy->name = xstrdup(l->name);
	copy->cmdline = xstrdup(l->cmdline);
	return copy;
}

void frame_copy(struct frame *to, const struct frame *from)
{
	struct frame f;
	size_t i;

	frame_init(&f, from->nvals, from->ncpus);
	for (i = 0; i < from->nlines; i++)
		frame_add(&f, line_copy(from->lines[i], from->nvals));
	for (i = 0; i < from->ncpus; i++) {
		uint64_t *v = f.cpus[i].v;

		f.cpus[i] = from->cpus[i];
		f.cpus[i].v = v;
		memcpy(v, from->cpus[i].v, 2 * from->nvals * sizeof(*v));
	}
	f.nhits = f.hits_room = from->nhits;
	f.hits = xreallocarray(NULL, from->nhits + 1, sizeof(*f.hits));
	if (from->nhits)
		memcpy(f.hits, from->hits, from->nhits * sizeof(*f.hits));
	f.selected = from->selected;
	f.number = from->number;
	f.time_ns = from->time_ns;
	f.duration_ns = from->duration_ns;
	f.elapsed_ns = from->elapsed_ns;
	f.samples_sum = from->samples_sum;
	f.samples = from->samples;
	*to = f;
}

bool frame_has_ended(const struct frame *f, pid_t pid)
{
	size_t i;

	for (i = 0; i < f->nlines; i++)
		if (f->lines[i]->pid == pid)
			return f->lines[i]->flags & LINE_ENDED;
	return true;
}
