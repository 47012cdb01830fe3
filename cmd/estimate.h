/* SPDX-License-Identifier: MIT
 *
 * estimate.h - the total of an event that was counted for a part of the time
 * only, and how far off it may be.
 */
#ifndef PFM_ESTIMATE_H
#define PFM_ESTIMATE_H

#include <stdbool.h>

#include <pfmcore.h>

/*
 * An estimate is a ratio: events by time counted, times all of the time.  Its
 * standard error is that of a ratio estimator over batches of slices, times the
 * square root of the share of time that was not seen (Cochran, Sampling
 * Techniques, 3rd edition, section 6.4 and 2.5): what was counted is known.
 *
 * Batches, since successive slices of a program are alike: where they are, the
 * error of independent slices would be too small.
 */
struct estimate {
	double value; /* events in all of the time */
	double error; /* its standard error; < 0: not known */
	double df;    /* degrees of freedom of the error; 0: none, or exact */
	unsigned long long slices; /* that it is from; 0: no slice */
};

/* Fewer slices than this make an error that is itself a guess. */
#define ESTIMATE_SLICES 10

/*
 * count events in ns of total_ns.  slices: of the same PMD, of which the last
 * one, cut off by the end, may be missing.  old: what they were when this began;
 * if that was not the first of them, they are taken for independent.
 */
struct estimate estimate_total(const struct pfm_slices *slices,
			       const struct pfm_slices *old, double count,
			       double ns, double total_ns);
/* Of two targets, such as two CPUs: their errors are independent. */
struct estimate estimate_add(struct estimate a, struct estimate b);
/* Half the width of the 95 % interval; < 0: not known. */
double estimate_half_width(const struct estimate *e);
/* That many standard errors are on each side of it; df > 0. */
double student_95(double df);

#endif /* PFM_ESTIMATE_H */
