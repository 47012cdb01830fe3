/* SPDX-License-Identifier: MIT
 *
 * perfmon/perfmon_dfl_smpl.h - the sampling format "default" of perfmon2: the
 * argument given to pfm_create_context() and the buffer that pfm_smpl_map()
 * maps, version 1.0.  See pfmcore_fmt(3).
 */
#ifndef PFM_PERFMON_DFL_SMPL_H
#define PFM_PERFMON_DFL_SMPL_H

#include <perfmon/perfmon.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PFM_DFL_SMPL_NAME "default"

/* pfarg_ctx_t.ctx_smpl_buf_id */
/* clang-format off */
#define PFM_DFL_SMPL_UUID { \
	0xd1, 0x39, 0xb2, 0x9e, 0x62, 0xe8, 0x40, 0xe4, \
	0xb4, 0x02, 0x73, 0x07, 0x87, 0x92, 0xe9, 0x37 }
/* clang-format on */

#define PFM_DFL_SMPL_VERSION_MAJ 1U
#define PFM_DFL_SMPL_VERSION_MIN 0U
#define PFM_DFL_SMPL_VERSION \
	((PFM_DFL_SMPL_VERSION_MAJ << 16) | PFM_DFL_SMPL_VERSION_MIN)

/* The argument; reserved fields are ignored. */
typedef struct {
	uint64_t buf_size;  /* bytes, the header included */
	uint32_t buf_flags; /* the format uses none: kept in the header */
	uint32_t res1;
	uint64_t reserved[6];
} pfm_dfl_smpl_arg_t;

/* At the start of the buffer; the first entry follows it. */
typedef struct {
	uint64_t hdr_count;         /* entries since create, or restart */
	uint64_t hdr_cur_offs;      /* bytes used, this header included */
	uint64_t hdr_overflows;     /* times the buffer was full */
	uint64_t hdr_buf_size;      /* bytes, as asked for */
	uint64_t hdr_min_buf_space; /* bytes of the largest entry */
	uint32_t hdr_version;       /* PFM_DFL_SMPL_VERSION */
	uint32_t hdr_buf_flags;     /* of the argument */
	uint64_t hdr_reserved[10];  /* perfmon2: 0; [0] here counts restarts */
} pfm_dfl_smpl_hdr_t;

/*
 * One overflow.  A uint64_t follows for each bit of the reg_smpl_pmds of PMD
 * ovfl_pmd, in ascending order: its value when the overflow was handled.
 */
typedef struct {
	uint32_t pid;      /* thread id */
	uint16_t ovfl_pmd; /* PMD that overflowed */
	uint16_t
		reserved; /* perfmon2: undefined; here how many values follow */
	uint64_t last_reset_val; /* value last loaded: the period, negative */
	uint64_t ip;             /* interrupted instruction */
	uint64_t tstamp;         /* ns */
	uint16_t cpu;            /* where */
	uint16_t set;            /* active event set */
	uint32_t tgid;           /* process id */
} pfm_dfl_smpl_entry_t;

PFM_SIZE_IS(pfm_dfl_smpl_arg_t, 64);
PFM_SIZE_IS(pfm_dfl_smpl_hdr_t, 128);
PFM_SIZE_IS(pfm_dfl_smpl_entry_t, 40);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PERFMON_DFL_SMPL_H */
