/* SPDX-License-Identifier: MIT
 *
 * pmu-perf.c - the portable PMU: logical registers over perf_event.  The kernel
 * places events on real counters, so PMC i and PMD i belong together and any
 * event may go to any of them.  Not a description of registers: see pmu-*.c.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "insn.h"
#include "priv.h"

#define PMU_DIR "/sys/bus/event_source/devices/"

/* Event select of x86, as the perfmon2 clients write it. */
#define EVTSEL_INT (UINT64_C(1) << 20)

#define PLM_FLAGS (PFM_REGFL_NO_USER | PFM_REGFL_NO_KERNEL | PFM_REGFL_NO_HV)

/* clang-format off */
static const struct pfm_pmc_desc pmcs[] = {
	/* INT is the kernel's to set; 64-bit emulation is perf's, so NO_EMUL64
	 * has nothing to clear but that bit. */
	{ 0, PFM_PMC_HW_ARG - 1, PFM_REGFL_NO_EMUL64, 0, 0, EVTSEL_INT },
	{ PFM_PMC_HW_ARG, PFM_PMC_SW_ARG - 1, 0, 0, 0, 0 },
	{ PFM_PMC_SW_ARG, PFM_PMC_SW - 1, 0, 0, 0, 0 },
	{ PFM_PMC_SW, PFM_MAX_PMCS - 1, PLM_FLAGS, 0, 0, 0 },
};
/* clang-format on */

/* PMU devices under which the kernel exports a core's counters. */
static const char *const core_pmus[] = {
	PMU_DIR "cpu",
	PMU_DIR "cpu_core",
	PMU_DIR "armv8_pmuv3",
	PMU_DIR "armv8_pmuv3_0",
};

static bool have_core_pmu(void)
{
	for (size_t i = 0; i < sizeof(core_pmus) / sizeof(core_pmus[0]); i++)
		if (access(core_pmus[i], F_OK) == 0)
			return true;
	return false;
}

/*
 * How many events fit at once.  Intel SDM, "Architectural Performance
 * Monitoring", CPUID.0AH: EAX[15:8] general, EDX[4:0] fixed counters.  AMD64
 * APM volume 3, appendix E: Fn8000_0022 EBX[3:0] core counters; without it
 * Fn8000_0001 ECX[23] says six, else four.  Elsewhere six, as an Arm core has
 * at least; the kernel refuses what does not fit.
 */
static unsigned count_counters(void)
{
	struct cpuid_regs r;

	if (insn_cpuid(0x0a, 0, &r) && (r.eax & 0xff) > 0)
		return (r.eax >> 8 & 0xff) +
		       ((r.eax & 0xff) > 1 ? r.edx & 0x1f : 0);
	if (insn_cpuid(0x80000022, 0, &r) && r.eax & 1)
		return r.ebx & 0xf;
	if (insn_cpuid(0x80000001, 0, &r))
		return r.ecx >> 23 & 1 ? 6 : 4;
	return 6;
}

static int perf_probe(struct pfm_regs *regs)
{
	regs->ncounters = have_core_pmu() ? count_counters() : 0;
	for (unsigned i = 0; i < regs->ncounters; i++) {
		bv_set(regs->pmcs, i);
		bv_set(regs->pmcs, PFM_PMC_HW_ARG + i);
		bv_set(regs->pmds, i);
	}
	for (unsigned i = 0; i < PFM_MAX_SW_PMCS; i++) {
		bv_set(regs->pmcs, PFM_PMC_SW + i);
		bv_set(regs->pmcs, PFM_PMC_SW_ARG + i);
		bv_set(regs->pmds, PFM_PMD_SW + i);
	}
	snprintf(regs->desc, sizeof(regs->desc),
		 "Linux perf_event, %u hardware counters", regs->ncounters);
	if (!regs->ncounters)
		snprintf(regs->missing, sizeof(regs->missing), "%s",
			 pmu_missing());
	return 0;
}

/* perf_event shows no registers: the names are of what ours stand for. */
static void describe_reg(struct pfm_reg_desc *d, unsigned num, bool is_pmd)
{
	static const struct {
		unsigned first;
		const char *pmc, *pmd, *after;
	} names[] = {
		{ PFM_PMC_SW, "SW_EVENT", "SW_COUNT", "" },
		{ PFM_PMC_SW_ARG, "SW_EVENT", "", "_ARG" },
		{ PFM_PMC_HW_ARG, "EVTSEL", "", "_ARG" },
		{ 0, "EVTSEL", "COUNTER", "" },
	};
	size_t i = 0;

	while (num < names[i].first)
		i++;
	d->num = (uint16_t)num;
	d->is_pmd = is_pmd;
	/* The kernel makes 64 bits of whatever the hardware has. */
	d->width = is_pmd ? 64 : 0;
	snprintf(d->name, sizeof(d->name), "%s%u%s",
		 is_pmd ? names[i].pmd : names[i].pmc, num - names[i].first,
		 names[i].after);
}

static int perf_describe(int cpu, struct pfm_reg_desc *descs, int n)
{
	const struct pfm_regs *regs = pmu_regs(&pfm_pmu_perf);
	int total = 0;

	(void)cpu;
	for (unsigned i = 0; i < PFM_MAX_PMCS + PFM_MAX_PMDS; i++) {
		bool is_pmd = i >= PFM_MAX_PMCS;
		unsigned num = is_pmd ? i - PFM_MAX_PMCS : i;

		if (!bv_test(is_pmd ? regs->pmds : regs->pmcs, num))
			continue;
		if (total < n)
			describe_reg(&descs[total], num, is_pmd);
		total++;
	}
	return total;
}

const struct pfm_pmu pfm_pmu_perf = {
	.name = "perf",
	.pmcs = pmcs,
	.probe = perf_probe,
	.describe = perf_describe,
};
