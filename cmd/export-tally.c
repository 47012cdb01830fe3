/* SPDX-License-Identifier: MIT
 *
 * export-tally.c - the samples of a profile, summed by stack and group, or in
 * the order of time by group.  Groups are tasks taken together.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>

/* What tasks of one group have in common. */
static uint32_t group_of(struct export_map *m, const struct prof_task *t,
			 enum group_by by, uint32_t fresh)
{
	switch (by) {
	case BY_COMM:
		return export_map_add(m, t->comm, 0, fresh);
	case BY_PROCESS:
		return export_map_add(m, t->pid, 0, fresh);
	case BY_THREAD:
		return export_map_add(m, t->pid, t->tid, fresh);
	case BY_TASK:
		break;
	}
	return fresh;
}

void groups_init(struct groups *g, const struct profile *p, enum group_by by)
{
	struct export_map m = { .n = 0 };
	uint32_t i;

	g->of_task = xcalloc(p->ntasks, sizeof(*g->of_task));
	g->task = xcalloc(p->ntasks, sizeof(*g->task));
	g->n = 0;
	for (i = 0; i < p->ntasks; i++) {
		uint32_t group = group_of(&m, &p->tasks[i], by, g->n);

		g->n += group == g->n;
		g->of_task[i] = group;
		g->task[group] = i;
	}
	export_map_release(&m);
}

void groups_release(struct groups *g)
{
	free(g->of_task);
	free(g->task);
}

bool export_match(struct export *ex, const struct prof_sample *s)
{
	struct prof_sample any;
	bool match;

	if (!ex->every_event || s->event == ex->event) {
		match = prof_filter_match(&ex->filter, s);
	} else {
		any = *s;
		any.event = ex->event;
		match = prof_filter_match(&ex->filter, &any);
	}
	ex->matched |= match;
	return match;
}

/* The walk over the samples. */
struct walk {
	struct export *ex;
	const struct groups *g;
	struct tally *t;
	struct timeline *lines;
};

static void add_row(struct tally *t, const struct tally_row *row)
{
	/* Powers of two: doubled when all are used. */
	if (!(t->n & (t->n - 1)) || !t->n) {
		size_t room = t->n ? 2 * (size_t)t->n : 1;

		t->rows = xreallocarray(t->rows, room, sizeof(*t->rows));
		t->weights = xreallocarray(t->weights, room,
					   t->nevents * sizeof(*t->weights));
	}
	t->rows[t->n] = *row;
	memset(t->weights + (size_t)t->n * t->nevents, 0,
	       t->nevents * sizeof(*t->weights));
	t->n++;
}

static int tally_sample(const struct prof_sample *s, void *arg)
{
	struct walk *w = arg;
	struct tally *t = w->t;
	uint32_t group = w->g->of_task[s->task], row, event;

	if (!export_match(w->ex, s))
		return 0;
	row = export_map_add(&t->map, s->node, group, t->n);
	if (row == t->n)
		add_row(t, &(struct tally_row){ s->node, group, 0 });
	event = t->nevents > 1 ? s->event : 0;
	t->weights[(size_t)row * t->nevents + event] += s->weight;
	t->rows[row].samples++;
	return 0;
}

void tally_run(struct tally *t, struct export *ex, const struct groups *g)
{
	struct walk w = { ex, g, NULL, NULL };

	*t = (struct tally){ .nevents = ex->every_event ? ex->p->nevents : 1 };
	w.t = t;
	prof_samples(ex->p, tally_sample, &w);
}

void tally_release(struct tally *t)
{
	free(t->rows);
	free(t->weights);
	export_map_release(&t->map);
}

static int time_sample(const struct prof_sample *s, void *arg)
{
	struct walk *w = arg;
	struct timeline *l = &w->lines[w->g->of_task[s->task]];

	if (!export_match(w->ex, s))
		return 0;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 16;
		l->rows = xreallocarray(l->rows, l->room, sizeof(*l->rows));
	}
	l->rows[l->n++] = (struct timeline_row){ s->time, s->weight, s->node };
	return 0;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct timeline_row *)a)->time;
	uint64_t y = ((const struct timeline_row *)b)->time;

	return (x > y) - (x < y);
}

struct timeline *timelines_run(struct export *ex, const struct groups *g)
{
	struct timeline *lines = xcalloc(g->n, sizeof(*lines));
	struct walk w = { ex, g, NULL, lines };
	uint32_t i;
	size_t k;

	prof_samples(ex->p, time_sample, &w);
	for (i = 0; i < g->n; i++)
		for (k = 1; k < lines[i].n; k++)
			if (lines[i].rows[k - 1].time > lines[i].rows[k].time) {
				qsort(lines[i].rows, lines[i].n,
				      sizeof(*lines[i].rows), by_time);
				break;
			}
	return lines;
}

void timelines_free(struct timeline *lines, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		free(lines[i].rows);
	free(lines);
}
