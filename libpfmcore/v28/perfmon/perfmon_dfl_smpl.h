/* SPDX-License-Identifier: MIT
 *
 * perfmon/perfmon_dfl_smpl.h - the default sampling format of perfmon2, v2.6 to
 * v2.82: asked for by name, with the buffer it has had since v2.2.
 */
#ifndef PFM_PERFMON_DFL_SMPL_V28_H
#define PFM_PERFMON_DFL_SMPL_V28_H

#include <perfmon/perfmon.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PFM_DFL_SMPL_NAME "default"
#define PFM_DFL_SMPL_VERSION_MAJ 1U
#define PFM_DFL_SMPL_VERSION_MIN 0U
#define PFM_DFL_SMPL_VERSION \
	((PFM_DFL_SMPL_VERSION_MAJ << 16) | PFM_DFL_SMPL_VERSION_MIN)

/* The argument of pfm_create_context(). */
typedef struct pfm_dfl_smpl_arg {
	uint64_t buf_size;  /* in: bytes of the buffer, header included */
	uint32_t buf_flags; /* in: copied to the header */
	uint32_t res1;
	uint64_t reserved[6];
} pfm_dfl_smpl_arg_t;

/* At the begin of the buffer; the first entry follows. */
typedef struct pfm_dfl_smpl_hdr {
	uint64_t hdr_count;         /* entries */
	uint64_t hdr_cur_offs;      /* where the next one goes, bytes */
	uint64_t hdr_overflows;     /* times the buffer was full */
	uint64_t hdr_buf_size;      /* bytes, as asked for */
	uint64_t hdr_min_buf_space; /* bytes kept free for the largest entry */
	uint32_t hdr_version;       /* PFM_DFL_SMPL_VERSION */
	uint32_t hdr_buf_flags;     /* the argument's */
	uint64_t hdr_reserved[10];
} pfm_dfl_smpl_hdr_t;

/*
 * A sample.  The values of the PMDs in reg_smpl_pmds of ovfl_pmd follow it, 64
 * bits each, by ascending index.
 */
typedef struct pfm_dfl_smpl_entry {
	uint32_t pid;      /* thread that overflowed */
	uint16_t ovfl_pmd; /* PMD that overflowed */
	uint16_t reserved;
	uint64_t last_reset_val; /* value it was last loaded with */
	uint64_t ip;             /* interrupted instruction */
	uint64_t tstamp;         /* CLOCK_MONOTONIC, ns */
	uint16_t cpu;            /* CPU of the overflow */
	uint16_t set;            /* active event set */
	uint32_t tgid;           /* its process */
} pfm_dfl_smpl_entry_t;

PFM_SIZE_IS(pfm_dfl_smpl_arg_t, 64);
PFM_SIZE_IS(pfm_dfl_smpl_hdr_t, 128);
PFM_SIZE_IS(pfm_dfl_smpl_entry_t, 40);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PERFMON_DFL_SMPL_V28_H */
