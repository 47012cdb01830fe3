/* SPDX-License-Identifier: MIT
 *
 * pmu-amd.c - AMD's core counters, four, six or PerfMonV2, and the registers
 * beside them.  AMD64 APM volume 2, 24593 rev. 3.44, "Performance Monitoring
 * Counters" and table A-6; volume 3, appendix E, CPUID.  Events are in
 * hw-rules.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "hw-rules.h"
#include "priv.h"

#define BIT(n) (UINT64_C(1) << (n))
#define WIDTH 48 /* of every core counter */
#define LEAF_FEATURES 0x80000001
#define LEAF_POWER 0x80000007
#define LEAF_SIZES 0x80000008
#define LEAF_PERFMON 0x80000022

/*
 * Event select: what does not read as zero (table 13-4), without the interrupt.
 * Precise retirement, bit 43 of PERF_CTL2, is not offered.
 */
#define SEL_VALID (UINT64_C(0x0000030fffd7ffff) & ~SEL_INT)

static bool cpuid(const struct hw_source *src, uint32_t leaf,
		  struct cpuid_regs *r)
{
	return src->cpuid(src->arg, leaf, 0, r);
}

static bool readable(const struct hw_source *src, uint32_t msr, uint64_t *v)
{
	return src->rdmsr && src->rdmsr(src->arg, msr, v) == 0;
}

static void add_counters(struct pfm_hw *hw, unsigned n)
{
	bool ext = hw->version >= 1;

	for (unsigned i = 0; i < n; i++) {
		/* The first four answer at both addresses. */
		hw_add_pmc(hw, i, ext ? 0xc0010200 + 2 * i : 0xc0010000 + i,
			   SEL_VALID, ext ? "PERF_CTL%u" : "PerfEvtSel%u", i);
		hw_add_pmd(hw, i, ext ? 0xc0010201 + 2 * i : 0xc0010004 + i,
			   WIDTH, ext ? "PERF_CTR%u" : "PerfCtr%u", i);
		hw->pmd[i].wr = hw->pmd[i].msr;
	}
	hw->gp = (uint32_t)(BIT(n) - 1);
}

/*
 * Fn8000_0022_EAX[0]: PerfMonV2; EBX[3:0] core counters.  Fn8000_0001_ECX[23]:
 * six of them, at the addresses of the extension.
 */
static unsigned find_version(const struct hw_source *src, struct pfm_hw *hw)
{
	struct cpuid_regs r;

	if (cpuid(src, LEAF_PERFMON, &r) && r.eax & 1 && r.ebx & 15) {
		hw->version = 2;
		hw->ctl = 0xc0000301;
		hw->status = 0xc0000300;
		hw->status_clr = 0xc0000302;
		hw->status_set = 0xc0000303;
		return r.ebx & 15;
	}
	if (cpuid(src, LEAF_FEATURES, &r) && r.ecx >> 23 & 1) {
		hw->version = 1;
		return 6;
	}
	return 4;
}

static void add_free(const struct hw_source *src, struct pfm_hw *hw)
{
	struct cpuid_regs r = { 0 };
	uint64_t unit, v;
	bool copies;

	hw_add_pmd(hw, HW_PMD_FREE + HW_TSC, 0x10, 64, "TSC");
	/* Fn8000_0007_EDX[10]: copies that nobody can reset. */
	copies = cpuid(src, LEAF_POWER, &r) && r.edx >> 10 & 1;
	if (cpuid(src, 6, &r) && r.ecx & 1) {
		hw_add_pmd(hw, HW_PMD_FREE + HW_MPERF,
			   copies ? 0xc00000e7 : 0xe7, 64,
			   copies ? "MPerfReadOnly" : "MPERF");
		hw_add_pmd(hw, HW_PMD_FREE + HW_APERF,
			   copies ? 0xc00000e8 : 0xe8, 64,
			   copies ? "APerfReadOnly" : "APERF");
	}
	if (cpuid(src, LEAF_SIZES, &r) && r.ebx >> 1 & 1)
		hw_add_pmd(hw, HW_PMD_FREE + HW_IRPERF, 0xc00000e9, 64,
			   "IRPerfCount");
	/* From Zen on; a guest's unit is 0 where it has none. */
	if (hw->family < 0x17 || !readable(src, 0xc0010299, &unit) || !unit)
		return;
	if (readable(src, 0xc001029b, &v)) {
		hw_add_pmd(hw, HW_PMD_FREE + HW_ENERGY_PKG, 0xc001029b, 32,
			   "PKG_ENERGY_STAT");
		hw->joule[HW_ENERGY_PKG] = 1.0 / (double)BIT(unit >> 8 & 31);
	}
	if (readable(src, 0xc001029a, &v)) {
		hw_add_pmd(hw, HW_PMD_FREE + HW_ENERGY_CORES, 0xc001029a, 32,
			   "CORE_ENERGY_STAT");
		hw->joule[HW_ENERGY_CORES] = 1.0 / (double)BIT(unit >> 8 & 31);
	}
}

/*
 * No bit of CPUID says that there is no PMU: whether the counters count is
 * found out by trying them.
 */
int hw_probe_amd(const struct hw_source *src, struct pfm_hw *hw)
{
	static const char *const kinds[] = { "legacy ", "core-extended ",
					     "PerfMonV2 " };
	unsigned n;
	size_t len;

	hw_name(hw);
	add_free(src, hw);
	if (hw->family < 6)
		return fail(ENODEV,
			    "AMD's family %u has no performance counters: "
			    "family 6 (K7) was the first",
			    hw->family);
	n = find_version(src, hw);
	add_counters(hw, n);
	len = strlen(hw->desc);
	snprintf(hw->desc + len, sizeof(hw->desc) - len, ", %u %scounters", n,
		 kinds[hw->version]);
	return 0;
}
