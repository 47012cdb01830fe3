/* SPDX-License-Identifier: MIT
 *
 * perfmon/perfmon_compat.h - names of perfmon v2.0, which Itanium had in 2004.
 *
 * Programs that include it for a type or a constant compile.  The call they
 * were for, perfmonctl(), is another interface with another meaning: whoever
 * calls it is told so by the compiler.  Works with either generation of
 * <perfmon/perfmon.h>.
 */
#ifndef PFM_PERFMON_COMPAT_H
#define PFM_PERFMON_COMPAT_H

#include <perfmon/perfmon.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Commands of perfmonctl(); the 12 calls have their names. */
#define PFM_WRITE_PMCS 0x01
#define PFM_WRITE_PMDS 0x02
#define PFM_READ_PMDS 0x03
#define PFM_STOP 0x04
#define PFM_START 0x05
#define PFM_ENABLE 0x06
#define PFM_DISABLE 0x07
#define PFM_CREATE_CONTEXT 0x08
#define PFM_DESTROY_CONTEXT 0x09 /* close(2) */
#define PFM_RESTART 0x0a
#define PFM_PROTECT_CONTEXT 0x0b
#define PFM_GET_FEATURES 0x0c
#define PFM_DEBUG 0x0d
#define PFM_UNPROTECT_CONTEXT 0x0e
#define PFM_GET_PMC_RESET_VAL 0x0f
#define PFM_LOAD_CONTEXT 0x10
#define PFM_UNLOAD_CONTEXT 0x11
#define PFM_WRITE_IBRS 0x20
#define PFM_WRITE_DBRS 0x21

/* PFM_CREATE_CONTEXT; now pfarg_ctx_t. */
typedef struct pfarg_context {
	uint8_t ctx_smpl_buf_id[16];
	unsigned long ctx_flags;
	unsigned int ctx_reserved1;
	int ctx_fd;
	void *ctx_smpl_vaddr;
	unsigned long ctx_reserved3[11];
} pfarg_context_t;

/* PFM_WRITE_PMCS, _WRITE_PMDS and _READ_PMDS; now pfarg_pmc_t, pfarg_pmd_t. */
typedef struct pfarg_reg {
	unsigned int reg_num;
	unsigned short reg_set;
	unsigned short reg_reserved1;
	unsigned long reg_value;
	unsigned long reg_flags;
	unsigned long reg_long_reset;
	unsigned long reg_short_reset;
	unsigned long reg_reset_pmds[4];
	unsigned long reg_random_seed;
	unsigned long reg_random_mask;
	unsigned long reg_last_reset_val;
	unsigned long reg_smpl_pmds[4];
	unsigned long reg_smpl_eventid;
	unsigned long reg_ovfl_switch_cnt;
	unsigned long reg_reserved2[2];
} pfarg_reg_t;

/* PFM_WRITE_IBRS and _WRITE_DBRS; debug registers became PMCs. */
typedef struct pfarg_dbreg {
	unsigned int dbreg_num;
	unsigned short dbreg_set;
	unsigned short dbreg_reserved1;
	unsigned long dbreg_value;
	unsigned long dbreg_flags;
	unsigned long dbreg_reserved2[1];
} pfarg_dbreg_t;

/* PFM_GET_FEATURES; now PFM_VERSION. */
typedef struct pfarg_features {
	unsigned int ft_version;
	unsigned int ft_reserved;
	unsigned long reserved[4];
} pfarg_features_t;

/* Not in the library: without the attribute it is left to the linker. */
#ifdef __has_attribute
#if __has_attribute(error)
__attribute__((error("perfmonctl() is perfmon v2.0: port the program to the "
		     "calls of <perfmon/perfmon.h>")))
#endif
#endif
int perfmonctl(int fd, int cmd, void *arg, int narg);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PERFMON_COMPAT_H */
