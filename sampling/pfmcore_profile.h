/* SPDX-License-Identifier: MIT
 *
 * pfmcore_profile.h - the sampling formats "profile" and "raw": two halves as of
 * <pfmcore_ring.h>, with all that pfm_set_sampling() can ask for.  They are for
 * a reader who keeps up: what finds no half free is counted as lost.
 *
 * In "profile" equal call chains stand once in a half: the first overflow that
 * has one writes it, later ones refer to it.  In "raw" each entry has its own.
 */
#ifndef PFM_PFMCORE_PROFILE_H
#define PFM_PFMCORE_PROFILE_H

#include "pfmcore_ring.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PFM_PROFILE_NAME "profile"
#define PFM_RAW_NAME "raw"

/* pfarg_ctx_t.ctx_smpl_buf_id */
/* clang-format off */
#define PFM_PROFILE_UUID { \
	0x36, 0xa6, 0x9e, 0x05, 0x01, 0xa0, 0x43, 0xa1, \
	0xbd, 0xa6, 0x5c, 0x27, 0xab, 0xa7, 0xca, 0xc7 }
#define PFM_RAW_UUID { \
	0x49, 0x04, 0xd1, 0xcb, 0x6a, 0x0d, 0x48, 0xd9, \
	0x9c, 0x5d, 0x97, 0x60, 0x6c, 0xe0, 0xa6, 0x9f }
/* clang-format on */

#define PFM_PROFILE_VERSION (1u << 16)

/*
 * The argument is struct pfm_ring_arg without flags; the header is struct
 * pfm_ring_hdr.  A buffer has at least PFM_PROFILE_LEAST bytes, and a half is
 * better some times as large as a copy of a stack.
 */
#define PFM_PROFILE_LEAST 65536

enum { PFM_PROFILE_SAMPLE = 1, PFM_PROFILE_TASK };

/* The head of each entry; entry_size is a multiple of 8. */
struct pfm_profile_entry {
	uint32_t entry_size; /* bytes, with all that follows */
	uint16_t entry_kind; /* PFM_PROFILE_* */
	uint16_t entry_cpu;
	uint32_t entry_tgid, entry_tid;
	uint64_t entry_tstamp;
};

/*
 * PFM_PROFILE_SAMPLE: what follows are the values of the reg_smpl_pmds, the
 * chain unless it is another entry's, the registers, the stack.  A chain is its
 * length and its words, smpl_chain bytes from the start of the half.
 */
struct pfm_profile_sample {
	struct pfm_profile_entry head;
	uint64_t smpl_ip, smpl_addr;
	uint64_t smpl_last_reset, smpl_eventid, smpl_weight;
	uint16_t smpl_pmd, smpl_set, smpl_nvalues, smpl_flags;
	uint32_t smpl_chain; /* 0: none */
	uint32_t smpl_nregs; /* 0: none */
	uint64_t smpl_stack; /* bytes of the stack, 0: none */
};

/* PFM_PROFILE_TASK: struct pfm_task; the name follows, with its nul. */
struct pfm_profile_task {
	struct pfm_profile_entry head;
	uint32_t task_type, task_ppid, task_ptid, task_reserved;
	uint32_t task_major, task_minor;
	uint64_t task_addr, task_len, task_offset, task_ino;
};

#ifdef __cplusplus
}
#endif
#endif /* PFM_PFMCORE_PROFILE_H */
