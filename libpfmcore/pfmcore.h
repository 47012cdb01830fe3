/* SPDX-License-Identifier: MIT
 *
 * pfmcore.h - what libpfmcore adds to the 12 calls of <perfmon/perfmon.h>.
 *
 * Nothing here takes a name of perfmon2 or of libpfm4.  Unless a comment says
 * otherwise a function returns 0 or more, or -1 with errno set and a sentence
 * in pfm_reason(); all may be called from any thread.
 */
#ifndef PFM_PFMCORE_H
#define PFM_PFMCORE_H

#include <stdbool.h>
#include <perfmon/perfmon.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Context flags of our own, above the historical ones.  An unknown bit of
 * PFM_FL_OURS is refused with EINVAL; below it unknown bits are ignored, as
 * perfmon2 did.
 */
#define PFM_FL_INHERIT 0x01000000u  /* count descendants of the thread too */
#define PFM_FL_NOPTRACE 0x02000000u /* the target need not be stopped */
#define PFM_FL_ANYCPU 0x04000000u   /* SYSTEM_WIDE: callers on any CPU */
#define PFM_FL_SHARED 0x08000000u   /* take no exclusive session */
#define PFM_FL_ON_EXEC 0x10000000u  /* pfm_start waits for the next exec */
#define PFM_FL_THREADS 0x20000000u  /* INHERIT: threads, no processes */
#define PFM_FL_OURS 0xff000000u

/*
 * Privilege levels a software PMC leaves out (pfarg_pmc_t.reg_flags, PMC 256 to
 * 319 only; a hardware PMC has its own USR and OS bits).
 */
#define PFM_REGFL_NO_USER 0x10000u
#define PFM_REGFL_NO_KERNEL 0x20000u
#define PFM_REGFL_NO_HV 0x40000u

/*
 * Registers of the portable PMU ("perf"): PMC i holds a raw event select for
 * PMD i; PMC 256+i selects a kernel event for PMD 256+i.  A hardware PMC i has
 * its extra word (offcore response, load latency) in PMC PFM_PMC_HW_ARG+i, a
 * software PMC 256+i its second word (breakpoint address, filter) in PMC
 * PFM_PMC_SW_ARG+i; both are 0 unless written.
 */
#define PFM_PMC_HW_ARG 64
#define PFM_PMC_SW_ARG 192
#define PFM_PMC_SW 256
#define PFM_PMD_SW 256

/*
 * PMDs that overflow (pfarg_pmd_t.reg_flags): the value is -Hz, and the kernel
 * chooses each period so that about so many overflows a second come about.
 * Perf only; the PMD itself counts on, and nothing resets it.
 */
#define PFM_REGFL_FREQ 0x80000u

#define PFM_SW_CODE(type, config) \
	((uint64_t)(type) << 48 | ((uint64_t)(config)&0xffffffffffffULL))

/* A static string: "0.1.0". */
const char *pfm_core_version(void);

/*
 * Why the last call of this thread was refused: one sentence, no newline, never
 * NULL; "" before the first refusal.  Valid until the thread's next refusal.
 */
const char *pfm_reason(void);

/*
 * Debug categories, comma separated ("rw,perf", "all", "" for none); the
 * environment variable PFM_DEBUG does the same.  EINVAL names the unknown one.
 */
int pfm_set_debug(const char *categories);

/* Where debug lines go; NULL for standard error.  The line has no newline. */
void pfm_set_log(void (*log)(const char *line));

/*
 * The backend of an unloaded context: "auto", "perf" or "msr".  EINVAL unknown,
 * EBUSY loaded, or registers were written that the other backend numbers
 * otherwise; ENODEV, EPERM, ... not usable here.  Without a call, $PFM_BACKEND
 * or "auto".
 */
int pfm_set_backend(int fd, const char *name);

/* Name of the backend that serves the context now, static; NULL with errno. */
const char *pfm_get_backend(int fd);

/* One PMD with the times that tell whether the kernel multiplexed it. */
struct pfm_count {
	uint16_t reg_num; /* in: PMD index */
	uint16_t reg_set; /* in: event set id */
	uint32_t reserved;
	uint64_t value;      /* out: 64-bit count */
	uint64_t enabled_ns; /* out: time it was asked to count, since load */
	uint64_t running_ns; /* out: time it did count; less is multiplexed */
};

/*
 * As pfm_read_pmds(), with times, and without a limit on the count.
 */
int pfm_read_counts(int fd, struct pfm_count *counts, int count);

/*
 * What the overflow path did since the context was loaded.  lost is exact: the
 * kernel's own count of what found no room.
 */
struct pfm_stats {
	uint64_t overflows; /* 64-bit wraps that were handled */
	uint64_t samples;   /* of them given to the format */
	uint64_t refused;   /* of them the format had no room for */
	uint64_t lost;      /* overflows that were never seen */
	uint64_t throttled; /* times the kernel stopped a counter for a while */
	uint64_t notified;  /* notifications: messages or signals */
	uint64_t unnotified;   /* notifications dropped, the queue was full */
	uint64_t switches;     /* of event sets */
	uint64_t monitored_ns; /* time since load, also between two sets */
	uint64_t reserved[8];
};
int pfm_get_stats(int fd, struct pfm_stats *stats);

/*
 * What an estimate of a multiplexed count and its error needs: one slice is one
 * run of the set, from its activation to the switch away from it.  The slice
 * that runs now is not in it.
 *
 * Slices next to each other are alike, in most programs.  So they are also
 * given in batches of as many successive slices each: 10 batches or more, once
 * there are 10 slices.  What is left over is in no batch.
 */
#define PFM_SLICE_BATCHES 20
struct pfm_slices {
	uint16_t reg_num; /* in: PMD index */
	uint16_t reg_set; /* in: event set id */
	uint32_t reserved;
	uint64_t n;       /* out: slices since load */
	double events;    /* out: sum of their counts */
	double ns;        /* out: sum of their active times */
	double events_sq; /* out: sum of squares of the counts */
	double ns_sq;     /* out: of the times */
	double events_ns; /* out: of products of count and time */
	uint32_t batches; /* out: number of batches */
	uint32_t batch;   /* out: slices in each, a power of 2 */
	double batch_events[PFM_SLICE_BATCHES]; /* out: counts of each */
	double batch_ns[PFM_SLICE_BATCHES];     /* out: active times */
};
int pfm_read_slices(int fd, struct pfm_slices *slices, int count);

/*
 * Let the slices of time-switched sets be of unequal length, so that they do not
 * keep step with what is monitored: each has a timeout of its own, equally
 * likely anything within that many percent (0 to 100) of the set's.  The same
 * seed gives the same lengths.  EBUSY: the context is loaded; EINVAL: percent.
 */
int pfm_set_jitter(int fd, unsigned percent, uint64_t seed);

/*
 * What comes with each overflow, for the context's sampling format.  Without a
 * call: nothing of it.
 */
#define PFM_SMPL_UCHAIN 0x1u /* call chain by frame pointers, user mode */
#define PFM_SMPL_KCHAIN 0x2u /* call chain in the kernel */
#define PFM_SMPL_TASKS 0x4u  /* what becomes of the tasks: struct pfm_task */
struct pfm_sampling {
	uint32_t flags;     /* PFM_SMPL_* */
	int32_t cpu;        /* of a thread's context: there only; -1 anywhere */
	uint32_t max_stack; /* most entries of a chain, 0: the kernel's */
	uint32_t stack_size; /* bytes of the user's stack to copy, 0: none */
	uint64_t regs;       /* the user's registers, perf's numbers; 0: none */
	uint64_t ring_size;  /* bytes for what is not yet in the buffer; 0 */
	uint64_t reserved[4];
};

/*
 * Say so, before the context is loaded.  A context that counts descendants
 * (PFM_FL_INHERIT) can have PMDs that overflow only on one cpu: then load one
 * for each.  Their overflows are the descendants' own, each with its period: the
 * PMD counts on, and nothing resets it.  EBUSY: loaded; EINVAL: unknown flags, a
 * size the kernel cannot have.
 */
int pfm_set_sampling(int fd, const struct pfm_sampling *sampling);

/*
 * Map the sampling buffer of a context, read-only; size at most what create
 * returned in ctx_smpl_buf_size.  The mapping outlives the descriptor, the
 * context does not.  NULL with EINVAL: no buffer, or a larger size.
 */
void *pfm_smpl_map(int fd, size_t size);
int pfm_smpl_unmap(void *buf, size_t size);

/*
 * Map the view of an event set, one page, read-only, of a context with
 * PFM_FL_MAP_SETS.  NULL with EINVAL: no such set, or no such flag.
 */
const struct pfm_set_view *pfm_set_map(int fd, unsigned set_id);
int pfm_set_unmap(const struct pfm_set_view *view);

/* A PMU as a backend shows it. */
struct pfm_pmu_info {
	char name[16];      /* "perf", "msr" */
	char desc[96];      /* "Linux perf_event, 6 hardware counters" */
	char missing[192];  /* why there are none, or "" */
	unsigned ncounters; /* hardware counters; 0: none reachable */
	uint64_t pmcs[PFM_PMC_BV], pmds[PFM_PMD_BV]; /* implemented registers */
};

/*
 * The PMU of backend ("auto" is "perf") on a CPU (-1: any).  "msr" without
 * access to MSRs describes the PMU all the same, from CPUID.  ENODEV: the
 * backend knows no PMU there.
 */
int pfm_pmu_get(const char *backend, int cpu, struct pfm_pmu_info *info);

/*
 * libpfm4's name for the core PMU of a CPU (-1: any), "skl" or "adl_grt", from
 * CPUID; a static string.  NULL with ENODEV: it is not known.
 */
const char *pfm_pmu_model(int cpu);

/* One logical register of the msr backend on one CPU. */
struct pfm_pmu_reg {
	uint16_t num;
	bool is_pmd;
	uint8_t width;  /* bits of a PMD; 0 for a PMC */
	uint32_t msr;   /* address */
	char name[24];  /* the manual's */
	char owner[80]; /* who uses it, "" free, "?" cannot be read */
	uint64_t value; /* now; 0 where owner is "?" */
};

/*
 * Fill at most n, PMCs first; returns how many there are, or -1 (ENODEV, or as
 * of opening a transport when even CPUID is out of reach).
 */
int pfm_pmu_regs(int cpu, struct pfm_pmu_reg *regs, int n);

/* What a backend makes of a logical register, whatever it holds now. */
struct pfm_reg_desc {
	uint16_t num;
	bool is_pmd;
	bool taken;    /* somebody who is not of this library uses it */
	uint8_t width; /* bits of the hardware's counter; 0 for a PMC */
	uint32_t addr; /* of the MSR; 0 where there is none */
	uint64_t dfl;  /* PMC: value of its reserved bits */
	uint64_t rsvd; /* PMC: bits that a write leaves at that, 1 = reserved */
	char name[24]; /* the manual's; of perf our own */
};

/*
 * The registers that backend ("auto" is "perf") has on a CPU: fill at most n,
 * PMCs first; returns how many there are.  perf has the same everywhere, and
 * cpu is ignored.  EINVAL: no such backend; else as pfm_pmu_get().
 */
int pfm_pmu_describe(const char *backend, int cpu, struct pfm_reg_desc *descs,
		     int n);

/* A backend, or a transport to the MSRs, and whether it can be used here. */
struct pfm_way {
	const char *name; /* "perf"; "dev" */
	const char *desc; /* "Linux perf_event_open"; "/dev/cpu/N/msr" */
	int err;          /* 0: usable; else why not, an errno */
	char reason[256]; /* the same in words, or "" */
};

/* The i-th, tried on a CPU; -1 with ENOENT: no more. */
int pfm_backend_list(unsigned i, int cpu, struct pfm_way *way);
int pfm_transport_list(unsigned i, int cpu, struct pfm_way *way);

/*
 * Events.
 */
#define PFM_PLM_USER 0x1u
#define PFM_PLM_KERNEL 0x2u
#define PFM_PLM_HV 0x4u

enum pfm_event_kind {
	PFM_EVENT_HW,   /* needs a hardware counter: PMC/PMD 0 to 255 */
	PFM_EVENT_SW,   /* a kernel event: PMC/PMD 256 to 319 */
	PFM_EVENT_FREE, /* runs freely, msr backend only: a PMD without PMC */
};

struct pfm_event {
	char *asked;  /* the string given; owned */
	char *name;   /* full canonical string, accepted again; owned */
	char *unit;   /* "" for a plain number, "ns", "Joules"; owned */
	double scale; /* count x scale = value in unit */
	enum pfm_event_kind kind;
	unsigned plm;   /* PFM_PLM_* it counts at */
	bool plm_asked; /* the string itself named the levels */
	uint64_t code;  /* PMC value: raw select, or PFM_SW_CODE(); FREE: PMD */
	uint64_t arg;   /* extra word, 0 when there is none */
	char *cpus;     /* CPU list of a per-package PMU, or NULL; owned */
};

/*
 * Parse one event: libpfm4 names, portable aliases (cycles, page-faults, ...),
 * raw codes (r01c2), tracepoints (sched:sched_switch), PMUs of sysfs
 * (msr/tsc/), breakpoints (mem:ADDR[/LEN]:x).  plm is the default level.
 * ENOENT unknown (the reason names the nearest), EINVAL malformed, ENODEV this
 * machine's kernel lacks the PMU, ENOTSUP it needs libpfm4 and that is not
 * here.  libpfm4 is loaded only for a name nothing else knows.
 */
int pfm_event_parse(const char *str, unsigned plm, struct pfm_event *ev);

/* The same event at other levels; its canonical name follows. */
int pfm_event_set_plm(struct pfm_event *ev, unsigned plm);

void pfm_event_release(struct pfm_event *ev);

/* An event that there is.  All strings end with the call they are given to. */
struct pfm_event_desc {
	const char *name; /* pfm_event_parse() takes it: "skl::INST_RETIRED" */
	const char *pmu;  /* who has it: "skl", "perf", "power", "sched" */
	const char *source; /* who knows it: "portable", "libpfm4", "sysfs",
			     * "tracepoint", "msr" */
	const char *desc;   /* what it counts, or "" */
	const char *same;   /* name within pmu that this one repeats, or NULL */
	bool here;          /* the PMU is this machine's */
	unsigned nmods;     /* more than 0: pfm_event_mods() may have some */
	int id;             /* for pfm_event_mods() */
};
typedef int (*pfm_event_fn)(const struct pfm_event_desc *ev, void *arg);

/*
 * Give every event of a PMU to call, or (NULL) those of all the PMUs that this
 * machine has; one PMU may also be another machine's that libpfm4 knows.  What
 * call returns that is not 0 ends it and is returned; call may use all of the
 * library.  ENODEV: there is no such PMU, the reason names the nearest.
 */
int pfm_event_list(const char *pmu, pfm_event_fn call, void *arg);

/* What may follow the name of an event, after a ':'. */
struct pfm_event_mod {
	const char *name; /* "ANY_P", "c" */
	const char *desc; /* or "" */
	const char *same; /* UMASK: what it repeats, or NULL */
	enum {
		PFM_MOD_UMASK,  /* ":ANY_P" */
		PFM_MOD_FLAG,   /* ":i" */
		PFM_MOD_NUMBER, /* ":c=2" */
	} kind;
	bool dfl; /* UMASK: taken when none is named */
};
typedef int (*pfm_event_mod_fn)(const struct pfm_event_mod *mod, void *arg);

/* Give every unit mask and modifier of ev to call, as above; never the levels. */
int pfm_event_mods(const struct pfm_event_desc *ev, pfm_event_mod_fn call,
		   void *arg);

/*
 * An event for which libpfm4 and Linux's table have different codes.  Codes are
 * raw selects without levels; mask says which of their bits are compared.
 */
struct pfm_event_fix {
	const char *name;   /* static, as the other strings */
	const char *source; /* of the difference, and of what is right */
	const char *left;   /* why it is not put right; NULL: it is */
	uint64_t mask;
	uint64_t known;            /* libpfm4's, when this was written */
	uint64_t table, table_arg; /* the table's, its second word or 0 */
	uint64_t right;            /* what pfm_event_parse() is to make of it */
	uint64_t libpfm;           /* what libpfm4 has now */
	uint64_t code, arg;        /* what pfm_event_parse() makes of that */
	int err; /* 0; ENODEV: libpfm4 has no such PMU, ENOENT: no such event
		  * of it, ENOTSUP: it is not here; then libpfm, code, arg 0 */
};

/*
 * The i-th; -1 with ENOENT: no more.  An event of another machine is known only
 * if LIBPFM_ENCODE_INACTIVE=1 was in the environment before the first event.
 */
int pfm_event_fixes(unsigned i, struct pfm_event_fix *fix);

/* Where an event was placed, index by index as in the vector given. */
struct pfm_place {
	uint16_t pmd;       /* PMD index */
	uint16_t npmcs;     /* 0 to 2 */
	pfarg_pmc_t pmc[2]; /* ready for pfm_write_pmcs(), reg_set 0 */
};

/*
 * Place n events on the counters that backend ("auto" is "perf") has on a CPU
 * (-1: any), all in one set.  The msr backend leaves counters alone that
 * somebody uses.  Events on fixed counters get the value of their common PMC
 * together: write the places of one call, all or none.
 *
 * ENOSPC: they do not all fit; the reason names the smallest set of events that
 * does not, and *bad (may be NULL) is the last of it, the one to give up.
 * ENODEV, EINVAL: event *bad can never be counted there.
 */
int pfm_event_assign(const char *backend, int cpu, const struct pfm_event *evs,
		     unsigned n, struct pfm_place *places, unsigned *bad);

/* What an event needs, for whoever plans sets. */
struct pfm_need {
	uint32_t counters; /* bit n: PMD n will do, 0 to 15 general, 16 to 31
			    * fixed; 0: it needs none of the PMU's */
	uint32_t free;     /* the counters that are there and free */
	uint8_t pair;      /* it takes an even counter and the next one */
	uint8_t nextra;    /* registers that can hold its second word, or 0 */
	uint8_t extra[2];  /* these; events of the same word share one */
	uint8_t reserved[4];
	uint64_t word;
};
/*
 * The same as for pfm_event_assign().  For perf as well, by the processor's own
 * description; where that is not known, or on a hybrid machine, its counters are
 * all alike, and which of them an event may have the kernel tells at load only.
 * ENODEV, EINVAL: it can never be counted there.
 */
int pfm_event_need(const char *backend, int cpu, const struct pfm_event *ev,
		   struct pfm_need *need);

/*
 * Open the event for a moment, stopped, on thread tid (0 self, -1 any) and CPU
 * (-1 any), to learn whether it can be counted.  errno as of load.
 */
int pfm_event_check(const struct pfm_event *ev, pid_t tid, int cpu);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PFMCORE_H */
