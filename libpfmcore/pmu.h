/* SPDX-License-Identifier: MIT
 *
 * pmu.h - constant description of a PMU.  A probe writes what this machine has
 * to struct pfm_regs, never to a table.
 */
#ifndef PFM_PMU_H
#define PFM_PMU_H

#include <stdbool.h>
#include <stdint.h>
#include <perfmon/perfmon.h>

#define PFM_RSVD_PMCS 24

/* What this machine really has.  Filled once by the probe, then read only. */
struct pfm_regs {
	uint64_t pmcs[PFM_PMC_BV], pmds[PFM_PMD_BV]; /* implemented */
	unsigned ncounters; /* hardware counters among the PMDs */
	char desc[96];      /* for people */
	char missing[192];  /* why there is no counter, or "" */
	/* Reserved bits of the first PMCs beside those of the description. */
	uint64_t rsvd[PFM_RSVD_PMCS];
};

/* Properties of one PMC: the same for a range of registers. */
struct pfm_pmc_desc {
	uint16_t first, last; /* logical indices */
	uint32_t flags;       /* reg_flags accepted */
	uint64_t dfl;         /* default value, and value of reserved bits */
	uint64_t rsvd;        /* reserved bits, 1 = reserved */
	uint64_t no64;        /* bits NO_EMUL64 clears; 0: flag refused */
};

struct pfm_reg_desc;

struct pfm_pmu {
	const char *name;
	const struct pfm_pmc_desc *pmcs; /* ranges, ascending, of all PMCs */
	/*
	 * Called once per process, regs is zeroed.  0, or -errno with the
	 * reason in regs->missing.
	 */
	int (*probe)(struct pfm_regs *regs);
	/* Optional: the same for one CPU, which may have less of it. */
	int (*probe_cpu)(int cpu, struct pfm_regs *regs);
	/*
	 * Required: pfm_pmu_describe() but for dfl and rsvd; descs is zeroed.
	 * How many there are, or -errno with a reason.
	 */
	int (*describe)(int cpu, struct pfm_reg_desc *descs, int n);
};

extern const struct pfm_pmu pfm_pmu_perf;
extern const struct pfm_pmu pfm_pmu_msr;

/* pmu.c: what of it this machine has; NULL with a reason. */
const struct pfm_regs *pmu_regs(const struct pfm_pmu *pmu);

/* pmu.c: the description of PMC n, which must be implemented. */
const struct pfm_pmc_desc *pmu_pmc(const struct pfm_pmu *pmu, unsigned n);

/* pmu.c: why the kernel has no hardware counter here; static. */
const char *pmu_missing(void);
/* pmu-msr.c: has the kernel's NMI watchdog a counter of each CPU? */
bool pmu_watchdog(void);

/*
 * pmu-msr.c: the registers of one CPU, static.  0, or -errno with a reason:
 * ENODEV no PMU we know, ENXIO no such CPU.
 */
struct pfm_hw;
int pmu_hw(int cpu, const struct pfm_hw **hw);

/* A general counter (bit 0 to 15) or fixed one (16 to 31) somebody uses. */
struct pmu_owners {
	uint32_t taken;
	char who[32];                 /* "the NMI watchdog" */
	uint64_t sel[16], fixed, ctl; /* as read */
};

struct msr_cpu;
/* pmu-msr.c: look who uses the counters of an open CPU; 0 or -errno. */
int pmu_owners(struct msr_cpu *c, const struct pfm_hw *hw,
	       struct pmu_owners *own);
/* " 0, 16 taken by the NMI watchdog", or "". */
void pmu_owners_text(const struct pmu_owners *own, char *text, size_t size);
/* backend-msr.c: owners as found when this process took the CPU, if it did. */
bool backend_msr_taken(int cpu, struct pmu_owners *own);
/*
 * pmu-msr.c: the counters nobody uses, where a CPU (-1: any) is to be counted:
 * with access to its MSRs, after undoing what a crash left; without, all.
 * text (may be NULL): "; PMD 0, 16 taken by the NMI watchdog".
 */
int pmu_free(int cpu, const struct pfm_hw **hw, uint32_t *pmds, char text[128]);

#endif /* PFM_PMU_H */
