/* SPDX-License-Identifier: MIT
 *
 * perf-record.h - what a record in the kernel's ring says.
 */
#ifndef PFM_PERF_RECORD_H
#define PFM_PERF_RECORD_H

#include <linux/perf_event.h>
#include <stdbool.h>

#include "pfmcore_fmt.h"

/* Records are no longer than their 16 bits of size say. */
#define RECORD_MAX 65536

/* What a sample of these types has; pointers into the record. */
struct perf_sample {
	uint64_t id;
	const struct group_read *counts; /* PERF_SAMPLE_READ, or NULL */
	struct pfm_ovfl more; /* ip, addr, tstamp, tid, tgid, cpu, the rest */
};

/* How the samples of a context are laid out. */
struct perf_layout {
	uint64_t type;  /* PERF_SAMPLE_* */
	unsigned words; /* of a counter in counts */
	unsigned nregs; /* of the user's registers */
};

/* False: it is not as long as it should be. */
bool perf_sample_parse(const struct perf_event_header *h,
		       const struct perf_layout *layout,
		       struct perf_sample *out);

/* The same of a record that tells of a task; what else it tells is no task. */
#define PERF_TASK_TYPE                                                 \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | \
	 PERF_SAMPLE_CPU)
bool perf_task_parse(const struct perf_event_header *h, struct pfm_task *out);

#endif /* PFM_PERF_RECORD_H */
