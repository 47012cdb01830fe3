/* SPDX-License-Identifier: MIT
 *
 * pmu.h - constant description of a PMU.  A probe writes what this machine has
 * to struct pfm_regs, never to a table.
 */
#ifndef PFM_PMU_H
#define PFM_PMU_H

#include <stdint.h>
#include <perfmon/perfmon.h>

/* What this machine really has.  Filled once by the probe, then read only. */
struct pfm_regs {
	uint64_t pmcs[PFM_PMC_BV], pmds[PFM_PMD_BV]; /* implemented */
	unsigned ncounters; /* hardware counters among the PMDs */
	char desc[80];      /* for people */
};

/* Properties of one PMC: the same for a range of registers. */
struct pfm_pmc_desc {
	uint16_t first, last; /* logical indices */
	uint32_t flags;       /* reg_flags accepted */
	uint64_t dfl;         /* default value, and value of reserved bits */
	uint64_t rsvd;        /* reserved bits, 1 = reserved */
	uint64_t no64;        /* bits NO_EMUL64 clears; 0: flag refused */
};

struct pfm_pmu {
	const char *name;
	const struct pfm_pmc_desc *pmcs; /* ranges, ascending, of all PMCs */
	/* Called once per process.  0, or -errno with a reason. */
	int (*probe)(struct pfm_regs *regs);
};

/* pmu.c: the PMU of this machine; NULL with a reason (ENOSYS). */
const struct pfm_pmu *pmu_get(const struct pfm_regs **regs);

/* pmu.c: the description of PMC n, which must be implemented. */
const struct pfm_pmc_desc *pmu_pmc(const struct pfm_pmu *pmu, unsigned n);

/* pmu.c: why there is no hardware counter here; static. */
const char *pmu_missing(void);

#endif /* PFM_PMU_H */
