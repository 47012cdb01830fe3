/* SPDX-License-Identifier: MIT
 *
 * recfile.h - what recordings of pfmon sample and of pfmon top have in common:
 * the file, with the way back, and the rate at which the kernel may be asked for
 * samples.
 */
#ifndef PFM_RECFILE_H
#define PFM_RECFILE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A new file to write to, or to read as well (flags: O_WRONLY or O_RDWR); dies.
 * One that was there is then called PATH.1, and *moved set.
 */
int recfile_open(const char *path, int flags, bool *moved);
/* Nothing was recorded: what was there before is there again. */
void recfile_remove(const char *path, bool moved);

/*
 * Samples a second, of -F: a number, or max; NULL: the usual one, as far as the
 * kernel allows it.  0: it is neither.  Dies beyond the kernel's limit.
 */
uint64_t rate_parse(const char *text);

#endif /* PFM_RECFILE_H */
