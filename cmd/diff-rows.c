/* SPDX-License-Identifier: MIT
 *
 * diff-rows.c - the rows of two profiles, joined by name: addresses, numbers of
 * functions and build-ids differ from one build to the next.
 */
#include "config.h"

#include "diff.h"

#include <stdlib.h>
#include <string.h>

/* 95 % of a normal distribution, to both sides. */
#define QUANTILE 1.96

static struct diff_row row_of(const struct report *r, unsigned side,
			      const struct report_row *row)
{
	struct diff_row x = { .object = NULL };
	unsigned i;

	for (i = 0; i < r->opt->nkeys; i++)
		x.names[i] = report_key_text(r, row, i);
	/* What names the object already is not told apart by it. */
	x.object = xstrdup(report_has_key(r->opt, KEY_FUNCTION) &&
					   !report_has_key(r->opt, KEY_DSO) ?
				   report_context(r, row->place).object :
				   "");
	x.samples[side] = row->self.samples;
	x.share[side] = report_percent(row->self.weight, r->all.weight);
	return x;
}

static int by_name(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;
	unsigned i;
	int d;

	for (i = 0; i < KEYS_MAX && x->names[i]; i++) {
		d = strcmp(x->names[i], y->names[i]);
		if (d)
			return d;
	}
	return strcmp(x->object, y->object);
}

static double size_of(double x)
{
	return x < 0 ? -x : x;
}

static int by_change(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;
	double dx = size_of(x->share[1] - x->share[0]);
	double dy = size_of(y->share[1] - y->share[0]);

	if (dx > dy || dx < dy)
		return dx > dy ? -1 : 1;
	return by_name(a, b);
}

static void release_row(struct diff_row *x)
{
	unsigned i;

	for (i = 0; i < KEYS_MAX; i++)
		free(x->names[i]);
	free(x->object);
}

/*
 * The share of n samples is off by sqrt(p (1 - p) / n), as a binomial is.  With
 * one sample more in and out the interval is not empty where none was hit, or
 * all were (Agresti and Caffo, The American Statistician 54, 2000).
 */
static double variance(uint64_t hits, uint64_t n)
{
	double p = ((double)hits + 1) / ((double)n + 2);

	return p * (1 - p) / ((double)n + 2);
}

static void judge(const struct diff *d, struct diff_row *x)
{
	double v = variance(x->samples[0], d->r[0]->all.samples) +
		   variance(x->samples[1], d->r[1]->all.samples);

	x->chance = 100 * QUANTILE * root(v);
	x->changed = size_of(x->share[1] - x->share[0]) > x->chance;
}

static void add_rows(struct diff *d, unsigned side)
{
	const struct report *r = d->r[side];
	size_t i;

	d->rows = xreallocarray(d->rows, d->nrows + r->nrows, sizeof(*d->rows));
	for (i = 0; i < r->nrows; i++)
		if (r->rows[i].self.samples)
			d->rows[d->nrows++] = row_of(r, side, &r->rows[i]);
}

void diff_join(struct diff *d)
{
	size_t i, n = 0;
	unsigned side;

	add_rows(d, 0);
	add_rows(d, 1);
	if (d->nrows)
		qsort(d->rows, d->nrows, sizeof(*d->rows), by_name);
	for (i = 0; i < d->nrows; i++) {
		if (!n || by_name(&d->rows[n - 1], &d->rows[i]) != 0) {
			d->rows[n++] = d->rows[i];
			continue;
		}
		for (side = 0; side < 2; side++) {
			d->rows[n - 1].share[side] += d->rows[i].share[side];
			d->rows[n - 1].samples[side] +=
				d->rows[i].samples[side];
		}
		release_row(&d->rows[i]);
	}
	d->nrows = n;
	for (i = 0; i < n; i++)
		judge(d, &d->rows[i]);
	if (n)
		qsort(d->rows, n, sizeof(*d->rows), by_change);
}

void diff_release(struct diff *d)
{
	size_t i;

	for (i = 0; i < d->nrows; i++)
		release_row(&d->rows[i]);
	free(d->rows);
	d->rows = NULL;
	d->nrows = 0;
}
