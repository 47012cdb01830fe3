/* SPDX-License-Identifier: MIT
 *
 * rdpmc.h - reading one event from user space through the page the kernel maps
 * for it, without a system call.
 */
#ifndef PFM_RDPMC_H
#define PFM_RDPMC_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

struct rdpmc_count {
	uint64_t value, enabled_ns, running_ns; /* since the event was opened */
};

/* The two instructions, replaceable by tests. */
struct rdpmc_insns {
	uint64_t (*rdpmc)(uint32_t counter);
	uint64_t (*rdtsc)(void);
};
extern const struct rdpmc_insns rdpmc_hw;

/* False when the kernel does not offer it now: read(2) the event instead. */
bool rdpmc_read(const struct perf_event_mmap_page *page,
		const struct rdpmc_insns *insns, struct rdpmc_count *out);

#endif /* PFM_RDPMC_H */
