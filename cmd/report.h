/* SPDX-License-Identifier: MIT
 *
 * report.h - the short report at the end of pfmon sample.
 */
#ifndef PFM_REPORT_H
#define PFM_REPORT_H

#include "profile.h"

/* A table of so many functions at most, and how far it can be trusted. */
void report_short(struct profile *p, int fd, unsigned width, unsigned rows);

#endif /* PFM_REPORT_H */
