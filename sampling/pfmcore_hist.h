/* SPDX-License-Identifier: MIT
 *
 * pfmcore_hist.h - the sampling format "hist": how often each address was hit,
 * by which process and PMD, counted in memory.  However long it runs, the buffer
 * stays as large as it is; nobody need read it before the end.
 */
#ifndef PFM_PFMCORE_HIST_H
#define PFM_PFMCORE_HIST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PFM_HIST_NAME "hist"

/* pfarg_ctx_t.ctx_smpl_buf_id */
/* clang-format off */
#define PFM_HIST_UUID { \
	0x17, 0x49, 0x3a, 0x77, 0x13, 0x43, 0x4b, 0x3f, \
	0xa3, 0x14, 0xc0, 0x4b, 0x22, 0xf6, 0x56, 0x8a }
/* clang-format on */

#define PFM_HIST_VERSION (1u << 16)

/* The argument of pfm_create_context(); reserved fields are 0. */
struct pfm_hist_arg {
	uint64_t buf_size; /* bytes; 32 for each address there is room for */
	uint64_t reserved[7];
};

/* At the start of the buffer; hist_entries entries follow it. */
struct pfm_hist_hdr {
	uint32_t hist_version; /* PFM_HIST_VERSION */
	uint32_t hist_reserved1;
	uint64_t hist_entries; /* there are, used or not */
	uint64_t hist_used;
	uint64_t hist_seq;  /* overflows: counted and lost ones */
	uint64_t hist_lost; /* overflows of addresses that found no entry */
	uint64_t hist_reserved[3];
};

/*
 * hist_count is written last, with release: 0 is an entry that is not used.
 * next() gives each as one overflow that weighs hist_weight, with its count as
 * its only value, and no time.
 */
struct pfm_hist_entry {
	uint64_t hist_ip;
	uint32_t hist_tgid;
	uint16_t hist_pmd, hist_set;
	uint64_t hist_count;
	uint64_t hist_weight; /* sum of the periods */
};

#ifdef __cplusplus
}
#endif
#endif /* PFM_PFMCORE_HIST_H */
