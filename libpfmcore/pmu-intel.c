/* SPDX-License-Identifier: MIT
 *
 * pmu-intel.c - Intel's architectural PMU, versions 1 to 6, and the registers
 * beside it.  Intel SDM volume 3, 325384-059, chapter "Performance Monitoring",
 * "Architectural Performance Monitoring" Version 1 to 4; later versions after
 * Linux 6.12, arch/x86/include/asm/perf_event.h.  Events are in hw-rules.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "hw-rules.h"
#include "priv.h"

#define BIT(n) (UINT64_C(1) << (n))
#define SEL_PC BIT(19)

/* What the version and CPUID say, while the registers are made of it. */
struct arch {
	const struct hw_source *src;
	struct pfm_hw *hw;
	unsigned gp_width, fixed_width;
	bool any_thread, tsx, full_width;
	uint64_t v6; /* select bits of version 6 */
};

static uint64_t sel_valid(const struct arch *a, unsigned n)
{
	/* Neither pin control nor the interrupt is ever ours. */
	uint64_t valid = 0xffffffff & ~(SEL_INT | SEL_PC | SEL_ANY);

	if (a->any_thread)
		valid |= SEL_ANY;
	if (a->tsx)
		valid |= BIT(32) | (n == 2 ? BIT(33) : 0);
	return valid | a->v6;
}

static bool cpuid(const struct arch *a, uint32_t leaf, uint32_t sub,
		  struct cpuid_regs *r)
{
	return a->src->cpuid(a->src->arg, leaf, sub, r);
}

/* CPUID.0AH, and .23H where there is one: counters may have holes there. */
static int count_counters(struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	struct cpuid_regs r, x;
	unsigned nfixed;

	if (!cpuid(a, 0xa, 0, &r) || !(r.eax & 0xff))
		return fail(ENODEV, "%s",
			    hw->hypervisor ?
				    "the hypervisor exposes no PMU "
				    "(CPUID.0AH: version 0)" :
				    "this processor has no architectural PMU "
				    "(CPUID.0AH: version 0)");
	hw->version = r.eax & 0xff;
	hw->gp = (uint32_t)(BIT(r.eax >> 8 & 0xff) - 1);
	/* The sense is negative, and bits beyond the length say nothing. */
	hw->no_events = r.ebx & (uint32_t)(BIT(r.eax >> 24) - 1);
	a->gp_width = r.eax >> 16 & 0xff;
	nfixed = hw->version >= 2 ? r.edx & 0x1f : 0;
	/* The first parts of version 2 say 0 and have three. */
	if (!hw->hypervisor && hw->version >= 2 && hw->version <= 4 &&
	    nfixed < 3)
		nfixed = 3;
	hw->fixed = (uint32_t)(BIT(nfixed) - 1);
	if (hw->version >= 5)
		hw->fixed |= r.ecx;
	a->fixed_width = r.edx >> 5 & 0xff ? r.edx >> 5 & 0xff : a->gp_width;
	a->any_thread = hw->version >= 3 && !(r.edx >> 15 & 1);
	if (hw->version >= 6 && cpuid(a, 0x23, 0, &r) && r.eax & 2 &&
	    cpuid(a, 0x23, 1, &x)) {
		hw->gp = x.eax;
		hw->fixed = x.ebx;
		a->v6 = (r.ebx & 1 ? UINT64_C(0xff0000000000) : 0) |
			(r.ebx & 2 ? BIT(36) : 0);
	}
	hw->gp &= 0xffff;
	hw->fixed &= 0xffff;
	return 0;
}

static void add_counters(const struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	uint64_t fixed_valid = 0;
	unsigned n;

	for (n = 0; n < HW_MAX_GP; n++) {
		if (!(hw->gp >> n & 1))
			continue;
		hw_add_pmc(hw, n, 0x186 + n, sel_valid(a, n),
			   "IA32_PERFEVTSEL%u", n);
		hw_add_pmd(hw, n, 0xc1 + n, (uint8_t)a->gp_width, "IA32_PMC%u",
			   n);
		hw->pmd[n].wr = a->full_width ? 0x4c1 + n : 0xc1 + n;
		hw->pmd[n].wr32 = !a->full_width;
	}
	for (n = 0; n < HW_MAX_FIXED; n++) {
		if (!(hw->fixed >> n & 1))
			continue;
		hw_add_pmd(hw, HW_PMD_FIXED + n, 0x309 + n,
			   (uint8_t)a->fixed_width, "IA32_FIXED_CTR%u", n);
		hw->pmd[HW_PMD_FIXED + n].wr = 0x309 + n;
		fixed_valid |= (UINT64_C(3) | (a->any_thread ? 4 : 0)) << 4 * n;
	}
	if (fixed_valid)
		hw_add_pmc(hw, HW_PMC_FIXED, 0x38d, fixed_valid,
			   "IA32_FIXED_CTR_CTRL");
}

static void add_globals(struct pfm_hw *hw)
{
	if (hw->version < 2)
		return;
	hw->ctl = 0x38f;
	hw->status = 0x38e;
	hw->status_clr = 0x390;
	/* On parts before version 4 these addresses are the uncore's. */
	if (hw->version >= 4) {
		hw->status_set = 0x391;
	}
}

static bool readable(const struct arch *a, uint32_t msr, uint64_t *v)
{
	return a->src->rdmsr && a->src->rdmsr(a->src->arg, msr, v) == 0;
}

/*
 * Joules of one step.  2^-unit, but for: DRAM of the servers from Haswell to
 * Ice Lake and of Knights Landing 2^-16; the platform of Sapphire Rapids one
 * joule; Silvermont 2^unit microjoules.  Linux 6.12, arch/x86/events/rapl.c.
 */
static double joule(const struct pfm_hw *hw, enum hw_free free, uint64_t unit)
{
	static const uint8_t servers[] = { 63, 79, 86, 85, 106, 108, 87, 133 };
	unsigned u = unit >> 8 & 0x1f;

	if (hw->uarch == UARCH_SLM)
		return 1e-6 * (double)BIT(u);
	if (free == HW_ENERGY_PSYS && (hw->model == 143 || hw->model == 207))
		return 1;
	for (size_t i = 0; i < sizeof(servers) && free == HW_ENERGY_DRAM; i++)
		if (servers[i] == hw->model)
			return 1.0 / 65536;
	return 1.0 / (double)BIT(u);
}

static void add_energy(const struct arch *a)
{
	static const struct {
		enum hw_free free;
		uint32_t msr;
		const char *name;
	} energy[] = {
		{ HW_ENERGY_PKG, 0x611, "MSR_PKG_ENERGY_STATUS" },
		{ HW_ENERGY_CORES, 0x639, "MSR_PP0_ENERGY_STATUS" },
		{ HW_ENERGY_GFX, 0x641, "MSR_PP1_ENERGY_STATUS" },
		{ HW_ENERGY_DRAM, 0x619, "MSR_DRAM_ENERGY_STATUS" },
		{ HW_ENERGY_PSYS, 0x64d, "MSR_PLATFORM_ENERGY" },
	};
	struct pfm_hw *hw = a->hw;
	uint64_t unit, v;

	/* From Sandy Bridge on; a guest's unit is 0 where it has none. */
	if (hw->uarch < UARCH_SNB || hw->uarch == UARCH_BNL ||
	    !readable(a, 0x606, &unit) || !unit)
		return;
	for (unsigned i = 0; i < sizeof(energy) / sizeof(energy[0]); i++) {
		/* What a part does not have faults. */
		if (!readable(a, energy[i].msr, &v))
			continue;
		hw_add_pmd(hw, HW_PMD_FREE + energy[i].free, energy[i].msr, 32,
			   "%s", energy[i].name);
		hw->joule[energy[i].free] = joule(hw, energy[i].free, unit);
	}
}

/*
 * Intel SDM volume 2, CPUID.06H: ECX[0] APERF and MPERF, EAX[0] and [6] digital
 * sensors.  PPERF and the SMI count have no bit: by generation, as in Linux
 * 6.12, arch/x86/events/msr.c.
 */
static void add_free(const struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	struct cpuid_regs r = { 0 };
	uint64_t v;

	hw_add_pmd(hw, HW_PMD_FREE + HW_TSC, 0x10, 64, "IA32_TSC");
	cpuid(a, 6, 0, &r);
	if (r.ecx & 1) {
		hw_add_pmd(hw, HW_PMD_FREE + HW_MPERF, 0xe7, 64, "IA32_MPERF");
		hw_add_pmd(hw, HW_PMD_FREE + HW_APERF, 0xe8, 64, "IA32_APERF");
	}
	if (r.eax & 1)
		hw_add_pmd(hw, HW_PMD_FREE + HW_THERM, 0x19c, 64,
			   "IA32_THERM_STATUS");
	if (r.eax >> 6 & 1)
		hw_add_pmd(hw, HW_PMD_FREE + HW_PKG_THERM, 0x1b1, 64,
			   "IA32_PACKAGE_THERM");
	if (hw->uarch >= UARCH_NHM && hw->uarch != UARCH_BNL)
		hw_add_pmd(hw, HW_PMD_FREE + HW_SMI, 0x34, 32, "MSR_SMI_COUNT");
	if (hw->uarch >= UARCH_SKL && hw->uarch <= UARCH_LNC &&
	    readable(a, 0x64e, &v))
		hw_add_pmd(hw, HW_PMD_FREE + HW_PPERF, 0x64e, 64, "MSR_PPERF");
	add_energy(a);
}

/* "..., architectural PMU v4, 4 general and 3 fixed counters". */
static void describe(const struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	size_t len = strlen(hw->desc);

	snprintf(hw->desc + len, sizeof(hw->desc) - len,
		 ", PMU v%u, %d general and %d fixed counters", hw->version,
		 __builtin_popcount(hw->gp), __builtin_popcount(hw->fixed));
}

int hw_probe_intel(const struct hw_source *src, struct pfm_hw *hw)
{
	struct arch a = { .src = src, .hw = hw };
	struct cpuid_regs r;
	uint64_t caps = 0;
	int ret;

	if (cpuid(&a, 7, 0, &r)) {
		a.tsx = r.ebx >> 11 & 1;
		if (r.edx >> 15 & 1 && cpuid(&a, 0x1a, 0, &r))
			hw->core_type = r.eax >> 24;
	}
	hw_name(hw);
	add_free(&a);
	ret = count_counters(&a);
	if (ret < 0)
		return ret;
	if (readable(&a, 0x345, &caps))
		a.full_width = caps >> 13 & 1;
	add_counters(&a);
	add_globals(hw);
	hw_add_extras(hw);
	describe(&a);
	return 0;
}
