/* SPDX-License-Identifier: MIT
 *
 * top-head.c - what stands above the tables of pfmon top: the machine, how busy
 * it is, what is left out, and which frame it is.
 */
#include "config.h"

#include "top-priv.h"

#include <stdlib.h>
#include <string.h>

static struct top_cell cell_of(struct top *t, const struct frame *f,
			       const struct top_ratio_of *of)
{
	struct top_cell c = { .value = (double)top_ratio(t, f, of) };
	int a = top_ctr_find(&t->ev, of->of), b = top_ctr_find(&t->ev, of->by);
	const char *why = NULL;

	if (!isnan(c.value))
		return c;
	if (a < 0 || b < 0)
		why = "its events are not counted";
	else if (t->ev.ctrs[a].reason)
		why = t->ev.ctrs[a].reason;
	else if (t->ev.ctrs[b].reason)
		why = t->ev.ctrs[b].reason;
	c.why = why ? why : "nothing was counted in the interval";
	return c;
}

/* Cycles by the time that CPUs were busy. */
static struct top_cell ghz_of(struct top *t, const struct frame *f)
{
	struct top_cell c = { .value = NAN };
	int i = top_ctr_find(&t->ev, "cycles");
	uint64_t cycles, ns;

	if (i < 0)
		c.why = "cycles are not counted";
	else if (t->ev.ctrs[i].reason)
		c.why = t->ev.ctrs[i].reason;
	else if (!top_total(f, VAL_CTR0 + (unsigned)i, false, &cycles) ||
		 !top_total(f, VAL_CPU, false, &ns) || !ns)
		c.why = "nothing was counted in the interval";
	else
		c.value = (double)cycles / (double)ns;
	return c;
}

/* Old to new; numbers before the first frame have none. */
static void spark(const struct frame *f, const float *from, float *to)
{
	unsigned i;

	for (i = 0; i < SPARK; i++) {
		unsigned back = SPARK - 1 - i;

		to[i] = f->number >= back ? from[(f->number - back) % SPARK] :
					    NAN;
	}
}

static const char *skipped_text(struct top *t, const struct frame *f)
{
	free(t->skipped);
	t->skipped = f->skipped ?
			     xasprintf("%llu processes were not looked at, to "
				       "save time; they have their turn",
				       (unsigned long long)f->skipped) :
			     xstrdup("");
	return t->skipped;
}

/* The metrics of the group "topdown", of all that was counted. */
static const char *slots_text(struct top *t, const struct frame *f)
{
	uint64_t *v = xcalloc(f->nvals + 1, sizeof(*v));
	struct column_of of = { .v = v,
				.seconds = (double)f->duration_ns / 1e9,
				.cpu = true,
				.ncpus = t->ncpus };
	char *text = xstrdup(""), *more;
	unsigned i;

	for (i = 0; i < f->nvals; i++)
		if (top_total(f, i, false, &v[i]))
			of.has |= 1ULL << i;
	for (i = 0; i < t->ev.nmetrics; i++) {
		const struct top_metric *m = &t->ev.metrics[i];
		struct top_cell c;

		if (!m->g->name || strcmp(m->g->name, "topdown") != 0)
			continue;
		c = top_metric_value(t, i, &of);
		if (isnan(c.value))
			continue;
		more = xasprintf("%s  %s %.0f", *text ? text : "slots",
				 m->mt->name, c.value);
		free(text);
		text = more;
	}
	free(v);
	free(t->slots);
	t->slots = text;
	return text;
}

const struct top_head *top_head(struct top *t)
{
	const struct frame *f = top_frame(t);
	struct top_head *h = &t->head;
	bool none = t->live.number == UINT64_MAX;

	*h = (struct top_head){
		.machine = t->machine,
		.backend = t->backend,
		.ncpus = t->ncpus,
		.interval_ns = t->now.interval_ns,
		.duration_ns = f->duration_ns,
		.marked_ns = t->has_mark && f->elapsed_ns > t->mark.elapsed_ns ?
				     f->elapsed_ns - t->mark.elapsed_ns :
				     0,
		.time_ns = f->time_ns,
		.busy = none ? NAN : (double)f->busy[f->number % SPARK],
		.cpu_busy = f->cpu_busy,
		.processes = f->processes,
		.running = f->running,
		.threads = f->threads,
		.counted = f->counted,
		.sets = t->ev.nsets,
		.set = f->set + 1,
		.frozen = t->frozen,
		.marked = t->has_mark,
		.replay = t->replay,
		.back = top_back(t),
		.notice = t->ev.notice ? t->ev.notice : "",
		.skipped = skipped_text(t, f),
		.lost = f->lost,
		.slots = slots_text(t, f),
	};
	h->ghz = ghz_of(t, f);
	h->ipc = cell_of(t, f, &top_ipc);
	h->llc = cell_of(t, f, &top_llc);
	spark(f, f->ipc, h->ipc_spark);
	spark(f, f->llc, h->llc_spark);
	spark(f, f->busy, h->busy_spark);
	return h;
}
