/* SPDX-License-Identifier: MIT
 *
 * v28.h - the calls of perfmon2 v2.6 to v2.82 as the library's own files see
 * them: clients have v28/perfmon/perfmon.h, which no file can include together
 * with that of v2.2.  tests/compat.test compares the layouts.
 */
#ifndef PFM_V28_H
#define PFM_V28_H

#include "pfmcore.h"

/* First numbers for syscall(2), of v2.2 and of v2.8: see the public headers. */
#define PFM_NR_22 0x2200000
#define PFM_NR_28 0x2800000
#define PFM_NR_CALLS 12

/* The message of v2.6 to v2.82, bytes. */
#define PFM_MSG_SIZE_28 64

struct ctx28 {
	uint32_t ctx_flags;
	uint32_t ctx_reserved1;
	uint64_t ctx_reserved3[7];
};

struct setdesc28 {
	uint16_t set_id;
	uint16_t set_reserved1;
	uint32_t set_flags;
	uint64_t set_timeout; /* nanoseconds */
	uint64_t reserved[6];
};

struct setinfo28 {
	uint16_t set_id;
	uint16_t set_reserved1;
	uint32_t set_flags;
	uint64_t set_ovfl_pmds[PFM_PMD_BV];
	uint64_t set_runs;
	uint64_t set_timeout; /* nanoseconds left */
	uint64_t set_act_duration;
	uint64_t set_avail_pmcs[PFM_PMC_BV];
	uint64_t set_avail_pmds[PFM_PMD_BV];
	uint64_t set_reserved3[6];
};

PFM_SIZE_IS(struct ctx28, 64);
PFM_SIZE_IS(struct setdesc28, 64);
PFM_SIZE_IS(struct setinfo28, 200);

int pfm28_create_context(struct ctx28 *ctx, const char *fmt_name, void *arg,
			 size_t arg_size);
int pfm28_write_pmcs(int fd, pfarg_pmc_t *pmcs, int count);
int pfm28_write_pmds(int fd, pfarg_pmd_t *pmds, int count);
int pfm28_read_pmds(int fd, pfarg_pmd_t *pmds, int count);
int pfm28_load_context(int fd, pfarg_load_t *load);
int pfm28_start(int fd, pfarg_start_t *start);
int pfm28_stop(int fd);
int pfm28_restart(int fd);
int pfm28_create_evtsets(int fd, struct setdesc28 *sets, int count);
int pfm28_getinfo_evtsets(int fd, struct setinfo28 *sets, int count);
int pfm28_delete_evtsets(int fd, struct setdesc28 *sets, int count);
int pfm28_unload_context(int fd);

/*
 * Bytes of a message of this context, as its generation has it; 0: not a
 * context.  Leaves errno and the reason alone, and may be called from a signal
 * handler.
 */
int pfm28_msg_size(int fd);

#endif /* PFM_V28_H */
