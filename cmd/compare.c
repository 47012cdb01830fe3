/* SPDX-License-Identifier: MIT
 *
 * compare.c - two records of runs against each other; compare-text.c shows what
 * comes out.  The intervals are Welch's: the spreads of the two need not be the
 * same (B. L. Welch, Biometrika 34, 1947).
 */
#include "config.h"

#include "compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "estimate.h"

#define ROUNDING 1e-12 /* means that differ by less, to their size, are equal */

const char compare_method[] =
	"95 %: Welch's t on the means of the runs; of one run, its own error";

const char *const verdict_names[NVERDICTS] = {
	[VERDICT_UNKNOWN] = "unknown", [VERDICT_SAME] = "same",
	[VERDICT_FASTER] = "faster",   [VERDICT_SLOWER] = "slower",
	[VERDICT_BETTER] = "better",   [VERDICT_WORSE] = "worse",
	[VERDICT_MORE] = "more",       [VERDICT_FEWER] = "fewer",
	[VERDICT_HIGHER] = "higher",   [VERDICT_LOWER] = "lower",
};

/* What it is called when it went down, and when it went up. */
static const enum verdict words[][2] = {
	[CHANGE_TIME] = { VERDICT_FASTER, VERDICT_SLOWER },
	[CHANGE_IPC] = { VERDICT_WORSE, VERDICT_BETTER },
	[CHANGE_EVENT] = { VERDICT_FEWER, VERDICT_MORE },
	[CHANGE_METRIC] = { VERDICT_LOWER, VERDICT_HIGHER },
};

enum side versus_side(uint64_t run)
{
	return (run + 1) & 2 ? SIDE_NEW : SIDE_OLD;
}

uint64_t versus_total(uint64_t repeat)
{
	return 2 * repeat;
}

/*
 * The quantile at whole degrees below three, where it is steep and known there
 * only: rounded down, so that the interval is too wide if anything.
 */
static double quantile(double df)
{
	return student_95(df);
}

static double variance(const struct moments *m) /* of the mean */
{
	return m->n > 1 ? m->dev * m->dev / (double)m->n : 0;
}

static double half_width(const struct moments *m)
{
	return m->n > 1 ? quantile((double)m->n - 1) * root(variance(m)) :
			  m->half;
}

static double welch(const struct moments *a, const struct moments *b)
{
	double va = variance(a), vb = variance(b), v = va + vb;

	if (v <= 0)
		return 0;
	/* As shares, since the squares of small ones would be 0. */
	va /= v;
	vb /= v;
	return root(v) * quantile(1 / (va * va / (double)(a->n - 1) +
				       vb * vb / (double)(b->n - 1)));
}

/* Why there is no interval because of this side, or NULL. */
static const char *lack(const struct moments *m)
{
	if (!m->n)
		return "no value";
	if (m->n == 1 && m->half < 0)
		return "one run, whose spread is not known: repeat it with -r";
	return NULL;
}

static double size_of(double v)
{
	return v < 0 ? -v : v;
}

void compare_moments(struct change *c)
{
	const struct moments *a = &c->old, *b = &c->new;
	const char *why_old = lack(a), *why_new = lack(b);
	double unit = size_of(a->mean) / 100;

	if (why_old || why_new) {
		free(c->why);
		c->why = xasprintf("%s: %s", why_old ? "old" : "new",
				   why_old ? why_old : why_new);
		return;
	}
	c->known = true;
	c->diff = b->mean - a->mean;
	if (size_of(c->diff) <=
	    ROUNDING * (size_of(a->mean) + size_of(b->mean)))
		c->diff = 0;
	c->estimated = a->n == 1 || b->n == 1;
	if (c->estimated)
		c->half = root(half_width(a) * half_width(a) +
			       half_width(b) * half_width(b));
	else
		c->half = welch(a, b);
	c->relative = unit > 0;
	if (c->relative) {
		c->percent = c->diff / unit;
		c->low = (c->diff - c->half) / unit;
		c->high = (c->diff + c->half) / unit;
	}
	c->verdict = size_of(c->diff) <= c->half ? VERDICT_SAME :
						   words[c->kind][c->diff > 0];
}

char *compare_machines(const struct record *old, const struct record *new)
{
	char *differ = NULL, *more;
	size_t i, k, common = 0;

	for (i = 0; i < new->nfacts; i++)
		for (k = 0; k < old->nfacts; k++) {
			const struct record_fact *a = &old->facts[k];
			const struct record_fact *b = &new->facts[i];

			if (strcmp(a->key, b->key) != 0)
				continue;
			common++;
			if (!strcmp(a->text, b->text))
				continue;
			more = xasprintf("%s%s%s", differ ? differ : "",
					 differ ? ", " : "other ", b->key);
			free(differ);
			differ = more;
		}
	if (differ)
		return differ;
	return xstrdup(common ? "same machine" : "machine not recorded");
}

static bool same_target(const struct record_row *a, const struct record_row *b)
{
	if (strcmp(a->target, b->target) != 0 || strcmp(a->comm, b->comm) != 0)
		return false;
	/* Threads and processes have other numbers each time. */
	return strcmp(a->target, "cpu") != 0 || a->id == b->id;
}

static bool same_row(const struct record_row *a, const struct record_row *b)
{
	return a->metric == b->metric && !strcmp(a->name, b->name) &&
	       !strcmp(a->unit, b->unit) && same_target(a, b);
}

/* How many rows are like this one, and the first of them. */
static size_t find_like(const struct record *rec, const struct record_row *row,
			const struct record_row **found)
{
	size_t i, n = 0;

	*found = NULL;
	for (i = 0; i < rec->nrows; i++)
		if (same_row(&rec->rows[i], row) && !n++)
			*found = &rec->rows[i];
	return n;
}

/* "cycles:u, CPU 3": what it is, and of which target if not of all. */
static char *label_of(const char *name, const struct record_row *row)
{
	char *text;

	if (!strcmp(row->target, "cpu") && row->id >= 0)
		return xasprintf("%s, CPU %" PRId64, name, row->id);
	text = xasprintf("%s%s%s", name, row->comm[0] ? ", " : "", row->comm);
	return text;
}

static struct change *add(struct comparison *cmp, enum change_kind kind,
			  char *label, const char *unit)
{
	struct change *c;

	cmp->changes = xreallocarray(cmp->changes, cmp->n + 1, sizeof(*c));
	c = &cmp->changes[cmp->n++];
	*c = (struct change){ .kind = kind, .label = label, .unit = unit };
	c->old.half = c->new.half = -1;
	return c;
}

static void add_elapsed(struct comparison *cmp)
{
	const struct record *rec[2] = { cmp->old, cmp->new };
	struct change *c = add(cmp, CHANGE_TIME, xstrdup("elapsed"), "ns");
	struct moments *m[2] = { &c->old, &c->new };
	size_t i, k;

	for (i = 0; i < 2; i++) {
		struct point *p = xcalloc(rec[i]->nruns, sizeof(*p));

		for (k = 0; k < rec[i]->nruns; k++)
			p[k] = (struct point){ true, rec[i]->elapsed_ns[k],
					       -1 };
		*m[i] = record_moments(p, rec[i]->nruns);
		free(p);
	}
	compare_moments(c);
}

/* What follows the event's name, such as ":u"; NULL: it is another event. */
static const char *levels_of(const struct record_row *row, const char *event)
{
	size_t len = strlen(event);

	if (row->metric || strncasecmp(row->asked, event, len) != 0 ||
	    (row->asked[len] && row->asked[len] != ':'))
		return NULL;
	return row->asked + len;
}

/* The cycles of these instructions, or the other way round. */
static const struct record_row *partner(const struct record *rec,
					const struct record_row *row,
					const char *event, const char *levels)
{
	const char *other;
	size_t i;

	for (i = 0; i < rec->nrows; i++) {
		other = levels_of(&rec->rows[i], event);
		if (other && !strcasecmp(other, levels) &&
		    same_target(&rec->rows[i], row))
			return &rec->rows[i];
	}
	return NULL;
}

/* Run by run: a ratio of means hides what they have in common. */
static struct moments ratio(const struct record_row *a,
			    const struct record_row *b)
{
	size_t n = a->npoints < b->npoints ? a->npoints : b->npoints, i;
	struct point *p = xcalloc(n, sizeof(*p));
	struct moments m;

	for (i = 0; i < n; i++) {
		const struct point *x = &a->points[i], *y = &b->points[i];
		double u, v;

		if (!x->has || !y->has || !(x->value > 0 && y->value > 0))
			continue;
		p[i].has = true;
		p[i].value = x->value / y->value;
		p[i].half = -1;
		if (x->half < 0 && y->half < 0)
			continue;
		/* What was counted in full is known beside an estimate. */
		u = x->half > 0 ? x->half / x->value : 0;
		v = y->half > 0 ? y->half / y->value : 0;
		p[i].half = p[i].value * root(u * u + v * v);
	}
	m = record_moments(p, n);
	free(p);
	return m;
}

/* After the second of cycles and instructions, the ratio of the two. */
static void add_ipc(struct comparison *cmp, const struct record_row *row,
		    const struct record_row *old)
{
	static const char *const names[] = { "cycles", "instructions" };
	const struct record_row *by, *old_by;
	const char *levels;
	struct change *c;
	size_t i;

	for (i = 0; i < 2; i++) {
		levels = levels_of(row, names[i]);
		by = levels ? partner(cmp->new, row, names[!i], levels) : NULL;
		old_by = by ? partner(cmp->old, old, names[!i], levels) : NULL;
		if (!old_by || by > row)
			continue;
		c = add(cmp, CHANGE_IPC, label_of("IPC", row), "");
		c->old = i ? ratio(old, old_by) : ratio(old_by, old);
		c->new = i ? ratio(row, by) : ratio(by, row);
		compare_moments(c);
	}
}

static void add_row(struct comparison *cmp, const struct record_row *row)
{
	const struct record_row *old, *same;
	size_t nold = find_like(cmp->old, row, &old);
	size_t nnew = find_like(cmp->new, row, &same);
	struct change *c;

	/* The others of that name have been told of with the first. */
	if (row != same)
		return;
	c = add(cmp, row->metric ? CHANGE_METRIC : CHANGE_EVENT,
		label_of(row->asked, row), row->unit);
	if (nold > 1 || nnew > 1) {
		c->why = xasprintf("several targets: it cannot be told which "
				   "is which");
		return;
	}
	c->new = record_moments(row->points, row->npoints);
	if (!nold) {
		c->why = xasprintf("not in %s", cmp->old->name);
		return;
	}
	c->old = record_moments(old->points, old->npoints);
	if (!c->new.n && row->reason)
		c->why = xasprintf("new: %s", row->reason);
	else if (!c->old.n && old->reason)
		c->why = xasprintf("old: %s", old->reason);
	else
		compare_moments(c);
	if (!row->metric)
		add_ipc(cmp, row, old);
}

void compare_records(struct comparison *cmp, const struct record *old,
		     const struct record *new)
{
	const struct record_row *same;
	struct change *c;
	size_t i;

	*cmp = (struct comparison){ .old = old, .new = new };
	add_elapsed(cmp);
	for (i = 0; i < new->nrows; i++)
		add_row(cmp, &new->rows[i]);
	for (i = 0; i < old->nrows; i++) {
		const struct record_row *row = &old->rows[i];

		if (find_like(new, row, &same) ||
		    (find_like(old, row, &same) && same != row))
			continue;
		c = add(cmp, row->metric ? CHANGE_METRIC : CHANGE_EVENT,
			label_of(row->asked, row), row->unit);
		c->old = record_moments(row->points, row->npoints);
		c->why = xasprintf("not in %s", new->name);
	}
}

void compare_release(struct comparison *cmp)
{
	size_t i;

	for (i = 0; i < cmp->n; i++) {
		free(cmp->changes[i].label);
		free(cmp->changes[i].why);
	}
	free(cmp->changes);
	*cmp = (struct comparison){ 0 };
}
