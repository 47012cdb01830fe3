/* SPDX-License-Identifier: MIT
 *
 * top-look.c - the frame that is looked at: the newest, or one of the history;
 * what all of it sums up to; and frames that are kept to compare with.
 */
#include "config.h"

#include "top-priv.h"

#include <stdlib.h>

bool top_total(const struct frame *f, unsigned val, bool sum, uint64_t *total)
{
	unsigned at = sum ? f->nvals + val : val;
	bool known = f->ncpus > 0 && !f->selected;
	size_t i;

	*total = 0;
	for (i = 0; i < f->ncpus && known; i++) {
		known &= f->cpus[i].has >> val & 1;
		*total += f->cpus[i].v[at];
	}
	if (known)
		return true;
	*total = 0;
	for (i = 0; i < f->nlines; i++)
		if (f->lines[i]->has >> val & 1 &&
		    !(f->lines[i]->flags & (LINE_REST | LINE_THREAD))) {
			*total += f->lines[i]->v[at];
			known = true;
		}
	return known;
}

float top_ratio(const struct top *t, const struct frame *f,
		const struct top_ratio_of *of)
{
	int a = top_ctr_find(&t->ev, of->of), b = top_ctr_find(&t->ev, of->by);
	uint64_t x, y;

	if (a < 0 || b < 0 ||
	    !top_total(f, VAL_CTR0 + (unsigned)a, false, &x) ||
	    !top_total(f, VAL_CTR0 + (unsigned)b, false, &y) || !y)
		return NAN;
	return (float)(of->factor * (double)x / (double)y);
}

const struct top_ratio_of top_ipc = { "instructions", "cycles", 1 };
const struct top_ratio_of top_llc = { "cache-misses", "instructions", 1000 };

const struct frame *top_frame(struct top *t)
{
	if (t->replay || !t->frozen || t->at == t->live.number)
		return &t->live;
	if (!t->past.nvals)
		frame_init(&t->past, t->live.nvals, t->live.ncpus);
	if (!history_get(t->history, t->at, &t->past))
		return &t->live;
	return &t->past;
}

void top_freeze(struct top *t, bool on)
{
	if (on && !t->frozen)
		t->at = t->live.number;
	t->frozen = on;
	/* What was played to its end may have been taken back. */
	if (t->replay && !on)
		top_set_interval(t, t->now.interval_ns);
}

size_t top_back(const struct top *t)
{
	uint64_t end = history_end(t->history);

	if (t->replay)
		return end ? (size_t)(end - 1 - t->live.number) : 0;
	return t->frozen ? (size_t)(t->live.number - t->at) : 0;
}

size_t top_seek(struct top *t, long step)
{
	uint64_t first = history_first(t->history), last;
	uint64_t at = t->replay || !t->frozen ? t->live.number : t->at;

	if (t->live.number == UINT64_MAX || !step)
		return top_back(t);
	last = t->replay ? history_end(t->history) - 1 : t->live.number;
	if (step < 0)
		at = at - first > (uint64_t)-step ? at - (uint64_t)-step :
						    first;
	else
		at = last - at > (uint64_t)step ? at + (uint64_t)step : last;
	if (t->replay) {
		t->frozen = true;
		history_get(t->history, at, &t->live);
	} else {
		t->frozen = at != last;
		t->at = at;
	}
	return top_back(t);
}

void top_mark(struct top *t, bool on)
{
	frame_release(&t->mark);
	t->has_mark = on;
	if (on)
		frame_copy(&t->mark, top_frame(t));
}

void top_zero(struct top *t)
{
	frame_release(&t->zero);
	t->has_zero = true;
	frame_copy(&t->zero, top_frame(t));
	if (t->sampler)
		sampler_zero(t->sampler);
}
