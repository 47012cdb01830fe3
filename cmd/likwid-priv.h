/* SPDX-License-Identifier: MIT
 *
 * likwid-priv.h - what likwid.c, the sections of a group of LIKWID's, and
 * likwid-line.c, their lines, share.
 */
#ifndef PFM_LIKWID_PRIV_H
#define PFM_LIKWID_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "likwid.h"

#define COUNTERS_MAX 1024 /* of a group: with those of the uncore */
#define EVENTS_MAX 64     /* of a group file */
#define METRICS_MAX 64
#define NAME_SIZE 64 /* as in a group file */

/* A line of EVENTSET. */
struct counter {
	char id[NAME_SIZE];           /* "PMC0": what formulas call it */
	char name[NAME_SIZE];         /* what ours will */
	char event[LIKWID_EVENT_MAX]; /* "" without an equivalent */
	const char *unit;             /* of the event, or NULL */
};

struct group_text {
	char *file; /* for messages; owned */
	const char *pmu;
	FILE *notes;
	unsigned line;
	char title[256];
	struct counter *ctrs; /* owned */
	unsigned nctrs, nevents;
	char *metrics; /* their sections, and comments; owned */
	size_t size;
	FILE *out; /* what metrics grows by */
	char used[METRICS_MAX][NAME_SIZE];
	unsigned nmetrics, nleft;
	bool no_smt; /* REQUIRE_NOHT */
};

/* likwid.c */
/* A remark, with the line that is being read. */
__attribute__((format(printf, 2, 3))) void likwid_note(struct group_text *g,
						       const char *fmt, ...);

/* likwid-line.c; false, with a note: the file is not one of LIKWID's */
/* "PMC0:EDGEDETECT  EVENT": what is not of the core is left out. */
bool likwid_counter(struct group_text *g, char *line);
/* "CPI  FIXC1/FIXC0": the formula has no blanks. */
bool likwid_metric(struct group_text *g, char *line);

#endif /* PFM_LIKWID_PRIV_H */
