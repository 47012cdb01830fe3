/* SPDX-License-Identifier: MIT
 *
 * cpulist.h - sets of CPUs and their texts, for every command that is told
 * which CPUs by -C.
 */
#ifndef PFM_CPULIST_H
#define PFM_CPULIST_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX 8192
struct cpus {
	uint64_t bv[CPUS_MAX / 64];
};
bool cpus_has(const struct cpus *c, unsigned cpu);
void cpus_set(struct cpus *c, unsigned cpu);
char *cpus_format(const struct cpus *c); /* "0-3,8", to be freed */
/*
 * Add an expression as of -C; NULL, or why it is refused (to be freed), and
 * errno: EINVAL not a list, ENXIO no such CPU.
 */
char *cpus_parse(const char *expr, struct cpus *c);
void cpus_online(struct cpus *c);
/* A file of the kernel's with ranges and commas; false when there is none. */
bool cpus_read(const char *path, struct cpus *c);

#endif /* PFM_CPULIST_H */
