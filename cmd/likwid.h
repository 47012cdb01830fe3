/* SPDX-License-Identifier: MIT
 *
 * likwid.h - performance groups of LIKWID as group files of ours.
 */
#ifndef PFM_LIKWID_H
#define PFM_LIKWID_H

#include <stdbool.h>
#include <stdio.h>

#define LIKWID_WHY_MAX 256
#define LIKWID_EVENT_MAX 512

/*
 * Read a group of LIKWID's (sections SHORT, EVENTSET, METRICS and LONG) for pmu,
 * libpfm4's name of a core PMU, and write it as pfmon-groups(5) has it.  What has
 * no equivalent is left out, and named on notes and in comments of the result: a
 * line each.  file is for messages.  How many metrics were left out, or -1 when
 * there is nothing to write or the file is no group: the last note says why.
 */
int likwid_import(FILE *in, const char *file, const char *pmu, FILE *out,
		  FILE *notes);

/* likwid-event.c */
/* Its name of an event as ours, without the PMU; unit: or NULL, static. */
bool likwid_event(const char *pmu, const char *name,
		  char event[LIKWID_EVENT_MAX], const char **unit);
/*
 * Add its options ("EDGEDETECT:THRESHOLD=0x1", overwritten; or NULL) to such an
 * event.  False, with why, when this event cannot have the like of them.
 */
bool likwid_options(const char *pmu, char *options,
		    char event[LIKWID_EVENT_MAX], char why[LIKWID_WHY_MAX]);

/* likwid-expr.c */
/* What a name of len bytes becomes; NULL, with why: nothing. */
typedef const char *(*likwid_name_fn)(const void *arg, const char *name,
				      size_t len, char why[LIKWID_WHY_MAX]);
/* A formula with our names, to be freed; NULL, with why. */
char *likwid_formula(const char *text, likwid_name_fn call, const void *arg,
		     char why[LIKWID_WHY_MAX]);

#endif /* PFM_LIKWID_H */
