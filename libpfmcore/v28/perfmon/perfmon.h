/* SPDX-License-Identifier: MIT
 *
 * perfmon/perfmon.h - the perfmon2 interface, v2.6 to v2.82 (2007 to 2009).
 *
 * For programs written for libpfm 3.3 to 3.10.  The 12 calls have the names of
 * v2.2 and other arguments, so here they have other symbols: a program of each
 * generation can use the same library, but no source file can have both.
 * Where it differs from a kernel, see libpfmcore(3), "V2.8 CLIENTS".
 */
#ifdef PFM_PERFMON_H
#error "<perfmon/perfmon.h> of v2.2 is here already: one source file can use \
one generation only; see pfmcore28.pc"
#endif
#ifndef PFM_PERFMON_V28_H
#define PFM_PERFMON_V28_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#define PFM_SIZE_IS(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define PFM_SIZE_IS(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

#define PFM_VERSION_MAJ 2U
#define PFM_VERSION_MIN 82U
#define PFM_VERSION ((PFM_VERSION_MAJ << 16) | PFM_VERSION_MIN)
#define PFM_VERSION_MAJOR(x) (((x) >> 16) & 0xffff)
#define PFM_VERSION_MINOR(x) ((x)&0xffff)

/* Logical registers: 0-255 are the PMU's, 256-319 are software. */
#define PFM_ARCH_MAX_PMCS (256 + 64)
#define PFM_ARCH_MAX_PMDS (256 + 64)
#define PFM_MAX_PMCS PFM_ARCH_MAX_PMCS
#define PFM_MAX_PMDS PFM_ARCH_MAX_PMDS

/* Bit vectors: register n is bit (n & 63) of word (n >> 6). */
#define PFM_BPL (sizeof(uint64_t) << 3)
#define PFM_BVSIZE(x) (((x) + PFM_BPL - 1) / PFM_BPL)
#define PFM_PMC_BV PFM_BVSIZE(PFM_MAX_PMCS)
#define PFM_PMD_BV PFM_BVSIZE(PFM_MAX_PMDS)

/* pfarg_ctx_t.ctx_flags */
#define PFM_FL_NOTIFY_BLOCK 0x01    /* block the thread on notification */
#define PFM_FL_SYSTEM_WIDE 0x02     /* monitor a CPU, not a thread */
#define PFM_FL_OVFL_NO_MSG 0x80     /* notify by signal only, no message */
#define PFM_X86_FL_INSECURE 0x10000 /* ignored: rdpmc needs no leave here */

/* pfarg_pmc_t.reg_flags and pfarg_pmd_t.reg_flags */
#define PFM_REGFL_OVFL_NOTIFY 0x1 /* PMD: notify on overflow */
#define PFM_REGFL_RANDOM 0x2      /* PMD: randomise each reset */
#define PFM_REGFL_NO_EMUL64 0x4   /* PMC: no 64-bit emulation */

/* pfarg_setdesc_t.set_flags */
#define PFM_SETFL_OVFL_SWITCH 0x01 /* switch after overflows */
#define PFM_SETFL_TIME_SWITCH 0x02 /* switch after set_timeout */

/* pfarg_msg_t.type */
#define PFM_MSG_OVFL 1 /* a PMD with OVFL_NOTIFY overflowed */
#define PFM_MSG_END 2  /* the monitored thread exited */

/* What the calls return: -1 is an error. */
typedef int os_err_t;

/* pfm_create_context; the descriptor is what it returns. */
typedef struct pfarg_ctx {
	uint32_t ctx_flags; /* in: PFM_FL_* */
	uint32_t ctx_reserved1;
	uint64_t ctx_reserved3[7];
} pfarg_ctx_t;

/* pfm_write_pmcs */
typedef struct pfarg_pmc {
	uint16_t reg_num;   /* in: PMC index */
	uint16_t reg_set;   /* in: event set id */
	uint32_t reg_flags; /* in: PFM_REGFL_* */
	uint64_t reg_value; /* in: the register's value */
	uint64_t reg_reserved2[4];
} pfarg_pmc_t;

/* pfm_write_pmds, pfm_read_pmds */
typedef struct pfarg_pmd {
	uint16_t reg_num;             /* in: PMD index */
	uint16_t reg_set;             /* in: event set id */
	uint32_t reg_flags;           /* in: PFM_REGFL_* */
	uint64_t reg_value;           /* in (write), out (read): 64-bit count */
	uint64_t reg_long_reset;      /* in: reload value at restart */
	uint64_t reg_short_reset;     /* in: reload value at overflow */
	uint64_t reg_last_reset_val;  /* out (read): value last loaded */
	uint64_t reg_ovfl_switch_cnt; /* in: overflows to switch; out: left */
	uint64_t reg_reset_pmds[PFM_PMD_BV]; /* in: reset with this one */
	uint64_t reg_smpl_pmds[PFM_PMD_BV];  /* in: recorded in a sample */
	uint64_t reg_smpl_eventid;           /* in: given to the format */
	uint64_t reg_random_mask;            /* in: bits to randomise */
	uint32_t reg_random_seed;            /* obsolete */
	uint32_t reg_reserved2[7];
} pfarg_pmd_t;

/* pfm_start, optional */
typedef struct pfarg_start {
	uint16_t start_set; /* in: event set to start with */
	uint16_t start_reserved1;
	uint32_t start_reserved2;
	uint64_t reserved3[3];
} pfarg_start_t;

/* pfm_load_context */
typedef struct pfarg_load {
	uint32_t load_pid; /* in: thread id; with SYSTEM_WIDE the CPU number */
	uint16_t load_set; /* in: first active event set */
	uint16_t load_reserved1;
	uint64_t load_reserved2[3];
} pfarg_load_t;

/* pfm_create_evtsets, pfm_delete_evtsets */
typedef struct pfarg_setdesc {
	uint16_t set_id; /* in: 0 always exists */
	uint16_t set_reserved1;
	uint32_t set_flags;   /* in: PFM_SETFL_* */
	uint64_t set_timeout; /* in: nanoseconds, whole clock_getres() ticks */
	uint64_t reserved[6];
} pfarg_setdesc_t;

/* pfm_getinfo_evtsets */
typedef struct pfarg_setinfo {
	uint16_t set_id; /* in: set to query */
	uint16_t set_reserved1;
	uint32_t set_flags;                  /* out: PFM_SETFL_* */
	uint64_t set_ovfl_pmds[PFM_PMD_BV];  /* out: last overflowed PMDs */
	uint64_t set_runs;                   /* out: number of activations */
	uint64_t set_timeout;                /* out: nanoseconds left */
	uint64_t set_act_duration;           /* out: active nanoseconds */
	uint64_t set_avail_pmcs[PFM_PMC_BV]; /* out: usable PMCs */
	uint64_t set_avail_pmds[PFM_PMD_BV]; /* out: usable PMDs */
	uint64_t set_reserved3[6];
} pfarg_setinfo_t;

/*
 * read(2) on a context returns one of these, whole.  Against the names,
 * msg_ovfl_pid holds the thread id and msg_ovfl_tid the process id: perfmon2
 * filled them so, and its clients rely on it.
 */
typedef struct pfarg_ovfl_msg {
	uint32_t msg_type;                  /* PFM_MSG_OVFL */
	uint32_t msg_ovfl_pid;              /* thread that overflowed */
	uint16_t msg_active_set;            /* set at the overflow */
	uint16_t msg_ovfl_cpu;              /* CPU of the overflow */
	uint32_t msg_ovfl_tid;              /* its process */
	uint64_t msg_ovfl_ip;               /* interrupted instruction */
	uint64_t msg_ovfl_pmds[PFM_PMD_BV]; /* PMDs that overflowed */
} pfarg_ovfl_msg_t;

typedef union pfarg_msg {
	uint32_t type; /* PFM_MSG_*; an END message is zero but for it */
	pfarg_ovfl_msg_t pfm_ovfl_msg;
} pfarg_msg_t;

/* As v2.3 to v2.5 called them. */
typedef pfarg_ovfl_msg_t pfm_ovfl_msg_t;
typedef pfarg_msg_t pfm_msg_t;

PFM_SIZE_IS(pfarg_ctx_t, 64);
PFM_SIZE_IS(pfarg_pmc_t, 48);
PFM_SIZE_IS(pfarg_pmd_t, 176);
PFM_SIZE_IS(pfarg_start_t, 32);
PFM_SIZE_IS(pfarg_load_t, 32);
PFM_SIZE_IS(pfarg_setdesc_t, 64);
PFM_SIZE_IS(pfarg_setinfo_t, 200);
PFM_SIZE_IS(pfarg_msg_t, 64);

/*
 * Numbers for syscall(2).  Those of perfmon2 are other calls today; these are
 * no calls at all, ENOSYS, and libpfmcompat.a takes them (pfmcore-compat28.pc).
 */
#ifndef __NR_pfm_create_context
#define __NR_pfm_create_context 0x2800000
#endif
#define __NR_pfm_write_pmcs (__NR_pfm_create_context + 1)
#define __NR_pfm_write_pmds (__NR_pfm_create_context + 2)
#define __NR_pfm_read_pmds (__NR_pfm_create_context + 3)
#define __NR_pfm_load_context (__NR_pfm_create_context + 4)
#define __NR_pfm_start (__NR_pfm_create_context + 5)
#define __NR_pfm_stop (__NR_pfm_create_context + 6)
#define __NR_pfm_restart (__NR_pfm_create_context + 7)
#define __NR_pfm_create_evtsets (__NR_pfm_create_context + 8)
#define __NR_pfm_getinfo_evtsets (__NR_pfm_create_context + 9)
#define __NR_pfm_delete_evtsets (__NR_pfm_create_context + 10)
#define __NR_pfm_unload_context (__NR_pfm_create_context + 11)

/*
 * The 12 calls.  pfm_create_context() returns the descriptor, the others 0; -1
 * with errno set is an error.  fmt_name is a sampling format or NULL, arg its
 * argument.  Every call has a page in section 3 of the manual.
 */
#define PFM_V28(name) __asm__("pfm28_" #name)
os_err_t pfm_create_context(pfarg_ctx_t *ctx, const char *fmt_name, void *arg,
			    size_t arg_size) PFM_V28(create_context);
os_err_t pfm_write_pmcs(int fd, pfarg_pmc_t *pmcs, int count)
	PFM_V28(write_pmcs);
os_err_t pfm_write_pmds(int fd, pfarg_pmd_t *pmds, int count)
	PFM_V28(write_pmds);
os_err_t pfm_read_pmds(int fd, pfarg_pmd_t *pmds, int count) PFM_V28(read_pmds);
os_err_t pfm_load_context(int fd, pfarg_load_t *load) PFM_V28(load_context);
os_err_t pfm_start(int fd, pfarg_start_t *start) PFM_V28(start);
os_err_t pfm_stop(int fd) PFM_V28(stop);
os_err_t pfm_restart(int fd) PFM_V28(restart);
os_err_t pfm_create_evtsets(int fd, pfarg_setdesc_t *sets, int count)
	PFM_V28(create_evtsets);
os_err_t pfm_getinfo_evtsets(int fd, pfarg_setinfo_t *sets, int count)
	PFM_V28(getinfo_evtsets);
os_err_t pfm_delete_evtsets(int fd, pfarg_setdesc_t *sets, int count)
	PFM_V28(delete_evtsets);
os_err_t pfm_unload_context(int fd) PFM_V28(unload_context);
#undef PFM_V28

#ifdef __cplusplus
}
#endif
#endif /* PFM_PERFMON_V28_H */
