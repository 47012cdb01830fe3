/* SPDX-License-Identifier: MIT
 *
 * rdpmc.c - the reader's side of struct perf_event_mmap_page, as its comments
 * in <linux/perf_event.h> (Linux 6.1) specify it: a sequence lock around the
 * counter's index, the offset and the time conversion.
 */
#include "config.h"

#include <stdatomic.h>
#include <stddef.h>

#include "insn.h"
#include "rdpmc.h"

const struct rdpmc_insns rdpmc_hw = {
	.rdpmc = insn_rdpmc,
	.rdtsc = insn_rdtsc,
};

/* Time since time_enabled and time_running were written. */
static uint64_t elapsed_ns(const volatile struct perf_event_mmap_page *page,
			   uint64_t cycles)
{
	uint64_t mult = page->time_mult;
	unsigned shift = page->time_shift;
	uint64_t quot, rem;

	if (page->cap_user_time_short)
		cycles = page->time_cycles +
			 ((cycles - page->time_cycles) & page->time_mask);
	quot = cycles >> shift;
	rem = cycles & ((UINT64_C(1) << shift) - 1);
	return page->time_offset + quot * mult + (rem * mult >> shift);
}

bool rdpmc_read(const struct perf_event_mmap_page *page,
		const struct rdpmc_insns *insns, struct rdpmc_count *out)
{
	const volatile struct perf_event_mmap_page *p = page;
	uint32_t seq, index;
	uint64_t raw, delta;
	unsigned width;

	do {
		seq = p->lock;
		atomic_signal_fence(memory_order_seq_cst);
		index = p->index;
		width = p->pmc_width;
		if (!p->cap_user_rdpmc || !p->cap_user_time || index == 0 ||
		    width == 0)
			return false;
		delta = elapsed_ns(p, insns->rdtsc());
		raw = insns->rdpmc(index - 1);
		/* The counter is signed, pmc_width bits wide. */
		raw = (uint64_t)((int64_t)(raw << (64 - width)) >>
				 (64 - width));
		out->value = (uint64_t)p->offset + raw;
		out->enabled_ns = p->time_enabled + delta;
		out->running_ns = p->time_running + delta;
		atomic_signal_fence(memory_order_seq_cst);
	} while (p->lock != seq);
	return true;
}
