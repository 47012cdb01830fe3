/* SPDX-License-Identifier: MIT
 *
 * likwid.h - performance groups of LIKWID as group files of ours.
 */
#ifndef PFM_LIKWID_H
#define PFM_LIKWID_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Read a group of LIKWID's (sections SHORT, EVENTSET, METRICS and LONG) for pmu,
 * libpfm4's name of a core PMU, and write it as pfmon-groups(5) has it.  What has
 * no equivalent is left out, and named on notes and in comments of the result: a
 * line each.  file is for messages.  How many metrics were left out, or -1 when
 * there is nothing to write or the file is no group: the last note says why.
 */
int likwid_import(FILE *in, const char *file, const char *pmu, FILE *out,
		  FILE *notes);

/* Its name of an event as ours, without the PMU; unit: or NULL, static. */
bool likwid_event(const char *pmu, const char *name, char *event, size_t size,
		  const char **unit);

#endif /* PFM_LIKWID_H */
