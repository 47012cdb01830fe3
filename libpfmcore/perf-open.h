/* SPDX-License-Identifier: MIT
 *
 * perf-open.h - what backend-perf.c needs of perf_event_open(2).
 */
#ifndef PFM_PERF_OPEN_H
#define PFM_PERF_OPEN_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <sys/types.h>

struct pfm_set;

/* The kernel's attribute for PMC n of the set; read_format is the caller's. */
void perf_attr_of_pmc(struct perf_event_attr *attr, const struct pfm_set *set,
		      unsigned n);
/* The PMU type whose group the event belongs to. */
unsigned perf_group_of_pmc(const struct pfm_set *set, unsigned n);
bool perf_pmc_enabled(const struct pfm_set *set, unsigned n);
/* Can the kernel not start it again after it stopped it at an overflow? */
bool perf_pmc_lasting(const struct pfm_set *set, unsigned n);

/* The system call, close-on-exec: a descriptor, or -1 with errno. */
int perf_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group);

/* -err, with a sentence about "what", a register or an event. */
int perf_refused(int err, const char *what, unsigned type, int cpu);

#endif /* PFM_PERF_OPEN_H */
