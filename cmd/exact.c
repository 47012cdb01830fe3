/* SPDX-License-Identifier: MIT
 *
 * exact.c - pfmon count --exact: one run for each set, in which it counts all of
 * the time.  Runs differ, and a ratio of two events of different runs means
 * something only if they were alike: what was counted in all of them tells.
 */
#include "config.h"

#include "count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs whose controls differ by more are not taken for the same. */
#define ALIKE 0.02

/* How far apart a control was in the runs, to its mean; < 0: it was in one. */
static double spread(const struct result *runs, unsigned n, size_t row)
{
	double least = 0, most = 0, sum = 0, v;
	unsigned seen = 0, i;

	for (i = 0; i < n; i++) {
		if (row >= runs[i].nrows || runs[i].rows[row].reason)
			continue;
		v = row_value(&runs[i].rows[row]);
		least = !seen || v < least ? v : least;
		most = !seen || v > most ? v : most;
		sum += v;
		seen++;
	}
	if (seen < 2)
		return -1;
	return sum > 0 ? (most - least) * seen / sum : 0;
}

/* The control that differs most; < 0: there is none. */
static double worst(const struct result *runs, unsigned n, const char **name)
{
	double d, most = -1;
	size_t r;

	for (r = 0; r < runs[0].nrows; r++) {
		if (!is_control(runs[0].rows[r].ctr))
			continue;
		d = spread(runs, n, r);
		if (d > most) {
			most = d;
			*name = runs[0].rows[r].ctr->label;
		}
	}
	return most;
}

static char *say(double differ, const char *name, unsigned n)
{
	if (differ < 0)
		return xasprintf("%u runs, a set each; cycles and instructions "
				 "are not in all of them, which would tell "
				 "whether the runs were alike",
				 n);
	if (differ > ALIKE)
		return xasprintf("the %u runs were not alike: %s differ by "
				 "%.1f %%; each has its own rows",
				 n, name, 100 * differ);
	return xasprintf("%u runs, a set each; %s differ by %.1f %% between "
			 "them",
			 n, name, 100 * differ);
}

static void take_rows(struct result *all, const struct result *runs, unsigned n)
{
	unsigned i;
	size_t r;

	all->rows = xcalloc(all->nrows, sizeof(*all->rows));
	for (r = 0; r < all->nrows; r++) {
		all->rows[r] = runs[0].rows[r];
		for (i = 1; i < n && row_is_elsewhere(&all->rows[r]); i++)
			if (r < runs[i].nrows)
				all->rows[r] = runs[i].rows[r];
	}
}

void result_merge(struct session *s, struct result *all,
		  const struct result *runs, unsigned n)
{
	const char *name = NULL;
	double differ = worst(runs, n, &name);
	char *text = say(differ, name, n);
	unsigned i;

	*all = runs[0];
	all->runs = runs;
	all->nruns = n;
	all->alike = session_keep(s, text);
	free(text);
	all->apart = differ > ALIKE;
	all->elapsed_ns = all->counted_ns = 0;
	all->user_ns = all->system_ns = 0;
	for (i = 0; i < n; i++) {
		if (!all->status) {
			all->status = runs[i].status;
			all->signal = runs[i].signal;
		}
		all->elapsed_ns += runs[i].elapsed_ns / n;
		all->counted_ns += runs[i].counted_ns / n;
		all->user_ns += runs[i].user_ns / n;
		all->system_ns += runs[i].system_ns / n;
	}
	all->rows = NULL;
	if (all->apart)
		all->nrows = 0;
	else
		take_rows(all, runs, n);
}
