/* SPDX-License-Identifier: MIT
 *
 * estimate.c - estimates from slices, their errors and intervals.
 */
#include "config.h"

#include "cmd.h"
#include "estimate.h"

/* What the residuals of events against time say of n parts of it. */
struct parts {
	double n, ns;
	double squares; /* sum of the squared residuals */
};

static struct parts from_batches(const struct pfm_slices *s)
{
	struct parts p = { .n = s->batches };
	double events = 0;

	for (unsigned i = 0; i < s->batches; i++) {
		events += s->batch_events[i];
		p.ns += s->batch_ns[i];
	}
	for (unsigned i = 0; i < s->batches && p.ns > 0; i++) {
		double e = s->batch_events[i] - events / p.ns * s->batch_ns[i];

		p.squares += e * e;
	}
	return p;
}

static struct parts from_slices(const struct pfm_slices *now,
				const struct pfm_slices *old)
{
	struct parts p = { .n = (double)(now->n - old->n),
			   .ns = now->ns - old->ns };
	double rate = p.ns > 0 ? (now->events - old->events) / p.ns : 0;

	p.squares = now->events_sq - old->events_sq -
		    2 * rate * (now->events_ns - old->events_ns) +
		    rate * rate * (now->ns_sq - old->ns_sq);
	/* Differences of large sums: nothing may come out below it. */
	if (p.squares < 0)
		p.squares = 0;
	return p;
}

struct estimate estimate_total(const struct pfm_slices *slices,
			       const struct pfm_slices *old, double count,
			       double ns, double total_ns)
{
	struct estimate e = { .value = count, .slices = slices->n - old->n };
	struct parts p;

	if (ns >= total_ns)
		return e;
	e.error = -1;
	if (ns <= 0)
		return e;
	e.value = count / ns * total_ns;
	p = old->n ? from_slices(slices, old) : from_batches(slices);
	if (p.n < 2 || p.ns <= 0)
		return e;
	e.df = p.n - 1;
	e.error = root(p.squares * p.n / e.df * ns / p.ns) / ns * total_ns *
		  root(1 - ns / total_ns);
	return e;
}

struct estimate estimate_add(struct estimate a, struct estimate b)
{
	struct estimate sum = { .value = a.value + b.value };
	double va = a.error * a.error, vb = b.error * b.error;

	sum.slices = a.slices + b.slices;
	if (a.error < 0 || b.error < 0) {
		sum.error = -1;
		return sum;
	}
	sum.error = root(va + vb);
	/* Welch and Satterthwaite. */
	if (sum.error > 0)
		sum.df = (va + vb) * (va + vb) /
			 ((a.df > 0 ? va * va / a.df : 0) +
			  (b.df > 0 ? vb * vb / b.df : 0));
	return sum;
}

/*
 * The 97.5 % quantile of Student's t by its expansion around the normal one
 * (Abramowitz and Stegun 26.7.5), from three degrees on right to 1 %.
 */
double student_95(double df)
{
	const double z = 1.959963985, z2 = z * z;
	double a = (z2 + 1) / 4;
	double b = ((5 * z2 + 16) * z2 + 3) / 96;
	double c = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;

	/* Of a part of a degree those of the degree below. */
	if (df < 2)
		return 12.706;
	if (df < 3)
		return 4.303;
	return z * (1 + (a + (b + c / df) / df) / df);
}

double estimate_half_width(const struct estimate *e)
{
	if (e->error <= 0)
		return e->error;
	return student_95(e->df) * e->error;
}
