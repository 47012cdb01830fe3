/* SPDX-License-Identifier: MIT
 *
 * perfmon/perfmon.h - the perfmon2 interface, v2.2 as of October 2006.
 *
 * This is the ABI document of the 12 calls: layouts, constants and meaning are
 * those of that interface, and _Static_assert pins every size.  What libpfmcore
 * adds to it is in <pfmcore.h>; where it has to differ from a kernel, see
 * libpfmcore(3), "DEVIATIONS".
 */
#ifdef PFM_PERFMON_V28_H
#error "<perfmon/perfmon.h> of v2.8 is here already: one source file can use \
one generation only; see pfmcore.pc"
#endif
#ifndef PFM_PERFMON_H
#define PFM_PERFMON_H

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
#define PFM_VERSION_MIN 2U
#define PFM_VERSION ((PFM_VERSION_MAJ << 16) | PFM_VERSION_MIN)
#define PFM_VERSION_MAJOR(x) (((x) >> 16) & 0xffff)
#define PFM_VERSION_MINOR(x) ((x)&0xffff)

/* Logical registers: 0-255 are the PMU's, 256-319 are software. */
#define PFM_MAX_HW_PMCS 256
#define PFM_MAX_HW_PMDS 256
#define PFM_MAX_SW_PMCS 64
#define PFM_MAX_SW_PMDS 64
#define PFM_MAX_PMCS (PFM_MAX_HW_PMCS + PFM_MAX_SW_PMCS)
#define PFM_MAX_PMDS (PFM_MAX_HW_PMDS + PFM_MAX_SW_PMDS)

/* Bit vectors: register n is bit (n & 63) of word (n >> 6). */
#define PFM_BVSIZE(x) (((x) + 63) / 64)
#define PFM_PMC_BV PFM_BVSIZE(PFM_MAX_PMCS)
#define PFM_PMD_BV PFM_BVSIZE(PFM_MAX_PMDS)
#define PFM_HW_PMC_BV PFM_BVSIZE(PFM_MAX_HW_PMCS)
#define PFM_HW_PMD_BV PFM_BVSIZE(PFM_MAX_HW_PMDS)

#define PFM_MAX_NUM_SETS 65536 /* set ids are 0 to 65535 */
#define PFM_MAX_MSGS 8         /* message slots of a context, 7 usable */
#define PFM_GROUP_PERM_ANY -1
#define PFM_MAX_ARG_COUNT(p) (INT32_MAX / (int)sizeof(*(p)))

/* pfarg_ctx_t.ctx_flags */
#define PFM_FL_NOTIFY_BLOCK 0x01 /* block the thread on notification */
#define PFM_FL_SYSTEM_WIDE 0x02  /* monitor a CPU, not a thread */
#define PFM_FL_MAP_SETS 0x10     /* event sets can be mapped */
#define PFM_FL_OVFL_NO_MSG 0x80  /* notify by signal only, no message */

/* pfarg_pmc_t.reg_flags and pfarg_pmd_t.reg_flags */
#define PFM_REGFL_OVFL_NOTIFY 0x1u        /* PMD: notify on overflow */
#define PFM_REGFL_RANDOM 0x2u             /* PMD: randomise each reset */
#define PFM_REGFL_NO_EMUL64 0x4u          /* PMC: no 64-bit emulation */
#define PFM_REG_RETFL_NOTAVAIL (1u << 31) /* out: register not available */
#define PFM_REG_RETFL_EINVAL (1u << 30)   /* out: entry is invalid */
#define PFM_REG_RETFL_NOSET (1u << 29)    /* out: no such event set */
#define PFM_REG_RETFL_MASK \
	(PFM_REG_RETFL_NOTAVAIL | PFM_REG_RETFL_EINVAL | PFM_REG_RETFL_NOSET)
#define PFM_REG_HAS_ERROR(flags) (((flags)&PFM_REG_RETFL_MASK) != 0)

/* pfarg_setdesc_t.set_flags */
#define PFM_SETFL_OVFL_SWITCH 0x01u /* switch after overflows */
#define PFM_SETFL_TIME_SWITCH 0x02u /* switch after set_timeout */
#define PFM_SETFL_EXPL_NEXT 0x04u   /* set_id_next names the next set */

/* pfm_msg_t.type */
#define PFM_MSG_OVFL 1 /* a PMD with OVFL_NOTIFY overflowed */
#define PFM_MSG_END 2  /* the monitored thread exited */

/* Sampling format identifier; all zero means no sampling format. */
typedef uint8_t pfm_uuid_t[16];

/* pfm_create_context */
typedef struct pfarg_ctx {
	pfm_uuid_t ctx_smpl_buf_id; /* in: sampling format */
	uint32_t ctx_flags;         /* in: PFM_FL_* */
	int32_t ctx_fd;             /* out: the context's descriptor */
	uint64_t ctx_smpl_buf_size; /* out: bytes of the buffer, whole pages */
	uint64_t ctx_reserved3[12];
} pfarg_ctx_t;

/* pfm_write_pmcs */
typedef struct pfarg_pmc {
	uint16_t reg_num;   /* in: PMC index */
	uint16_t reg_set;   /* in: event set id */
	uint32_t reg_flags; /* in: PFM_REGFL_*, out: PFM_REG_RETFL_* */
	uint64_t reg_value; /* in: the register's value */
	uint64_t reg_reserved2[4];
} pfarg_pmc_t;

/* pfm_write_pmds, pfm_read_pmds */
typedef struct pfarg_pmd {
	uint16_t reg_num;            /* in: PMD index */
	uint16_t reg_set;            /* in: event set id */
	uint32_t reg_flags;          /* in: PFM_REGFL_*, out: PFM_REG_RETFL_* */
	uint64_t reg_value;          /* in (write), out (read): 64-bit count */
	uint64_t reg_long_reset;     /* in: reload value at restart */
	uint64_t reg_short_reset;    /* in: reload value at overflow */
	uint64_t reg_last_reset_val; /* out (read): value last loaded */
	uint64_t reg_ovfl_switch_cnt; /* in: overflows to switch; out: left */
	uint64_t reg_reset_pmds[PFM_PMD_BV]; /* in: reset with this one */
	uint64_t reg_smpl_pmds[PFM_PMD_BV];  /* in: recorded in a sample */
	uint64_t reg_smpl_eventid;           /* in: given to the format */
	uint64_t reg_random_mask;            /* in: bits to randomise */
	uint32_t reg_random_seed;            /* in: first random value */
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
	uint16_t set_id;      /* in: 0 always exists */
	uint16_t set_id_next; /* in: next set, with EXPL_NEXT */
	uint32_t set_flags;   /* in: PFM_SETFL_* */
	uint32_t set_timeout; /* in: requested, out: effective; microseconds */
	uint32_t set_reserved1;
	uint64_t set_mmap_offset; /* out: cookie for mmap, with MAP_SETS */
	uint64_t reserved[5];
} pfarg_setdesc_t;

/* pfm_getinfo_evtsets */
typedef struct pfarg_setinfo {
	uint16_t set_id;                    /* in: set to query */
	uint16_t set_id_next;               /* out: next set, with EXPL_NEXT */
	uint32_t set_flags;                 /* out: PFM_SETFL_* */
	uint64_t set_ovfl_pmds[PFM_PMD_BV]; /* out: last overflowed PMDs */
	uint64_t set_runs;                  /* out: number of activations */
	uint32_t set_timeout;               /* out: microseconds left */
	uint32_t set_reserved1;
	uint64_t set_act_duration; /* out: active time, nanoseconds */
	uint64_t set_mmap_offset;  /* out: cookie for mmap, with MAP_SETS */
	uint64_t set_avail_pmcs[PFM_PMC_BV]; /* out: usable PMCs */
	uint64_t set_avail_pmds[PFM_PMD_BV]; /* out: usable PMDs */
	uint64_t reserved[4];
} pfarg_setinfo_t;

/*
 * read(2) on a context returns one of these, whole.  Against the names,
 * msg_ovfl_pid holds the thread id and msg_ovfl_tid the process id: perfmon2
 * filled them so, and its clients rely on it.
 */
struct pfm_ovfl_msg {
	uint32_t msg_type;                     /* PFM_MSG_OVFL */
	uint32_t msg_ovfl_pid;                 /* thread that overflowed */
	uint64_t msg_ovfl_pmds[PFM_HW_PMD_BV]; /* PMDs that overflowed */
	uint16_t msg_active_set;               /* set at the overflow */
	uint16_t msg_ovfl_cpu;                 /* CPU of the overflow */
	uint32_t msg_ovfl_tid;                 /* its process */
	uint64_t msg_ovfl_ip;                  /* interrupted instruction */
};

typedef union pfm_msg {
	uint32_t type; /* PFM_MSG_*; an END message is zero but for it */
	struct pfm_ovfl_msg pfm_ovfl_msg;
} pfm_msg_t;

/*
 * A mapped event set (PFM_FL_MAP_SETS): the values as last saved, and a number
 * that is odd while they change and another one afterwards.
 */
#define PFM_SETVFL_ACTIVE 0x1u /* set_status: this is the active set */
typedef struct pfm_set_view {
	uint32_t set_status; /* PFM_SETVFL_* */
	uint32_t set_reserved1;
	uint64_t set_runs; /* activations */
	uint64_t set_pmds[PFM_MAX_PMDS];
	volatile unsigned long set_seq;
} pfm_set_view_t;

PFM_SIZE_IS(pfarg_ctx_t, 128);
PFM_SIZE_IS(pfarg_pmc_t, 48);
PFM_SIZE_IS(pfarg_pmd_t, 176);
PFM_SIZE_IS(pfarg_start_t, 32);
PFM_SIZE_IS(pfarg_load_t, 32);
PFM_SIZE_IS(pfarg_setdesc_t, 64);
PFM_SIZE_IS(pfarg_setinfo_t, 192);
PFM_SIZE_IS(pfm_msg_t, 56);

/*
 * Numbers for syscall(2).  Those of perfmon2 are other calls today; these are
 * no calls at all, ENOSYS, and libpfmcompat.a takes them (pfmcore-compat.pc).
 */
#ifndef __NR_pfm_create_context
#define __NR_pfm_create_context 0x2200000
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
 * The 12 calls.  Each returns 0, or -1 with errno set; pfm_reason() then holds
 * a sentence.  Every call has a page in section 3 of the manual.
 */
int pfm_create_context(pfarg_ctx_t *ctx, void *smpl_arg, size_t smpl_size);
int pfm_write_pmcs(int fd, pfarg_pmc_t *pmcs, int count);
int pfm_write_pmds(int fd, pfarg_pmd_t *pmds, int count);
int pfm_read_pmds(int fd, pfarg_pmd_t *pmds, int count);
int pfm_load_context(int fd, pfarg_load_t *load);
int pfm_start(int fd, pfarg_start_t *start);
int pfm_stop(int fd);
int pfm_restart(int fd);
int pfm_create_evtsets(int fd, pfarg_setdesc_t *sets, int count);
int pfm_getinfo_evtsets(int fd, pfarg_setinfo_t *sets, int count);
int pfm_delete_evtsets(int fd, pfarg_setdesc_t *sets, int count);
int pfm_unload_context(int fd);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PERFMON_H */
