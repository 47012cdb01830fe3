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
#define CAPS_FULL_WIDTH BIT(13)
#define LEAF_PERFMON 0xa
#define LEAF_PERFMON_EXT 0x23

/* What the version and CPUID say, while the registers are made of it. */
struct arch {
	const struct hw_source *src;
	struct pfm_hw *hw;
	unsigned gp_width, fixed_width;
	bool pdcm;            /* there is IA32_PERF_CAPABILITIES */
	bool any_thread, tsx; /* select bits 21; 32 and 33 */
	bool tsx_takes_3;     /* counter 3 belongs to TSX */
	uint64_t v6;          /* select bits of version 6 */
	uint64_t caps;        /* IA32_PERF_CAPABILITIES, or 0 */
};

static bool cpuid(const struct arch *a, uint32_t leaf, uint32_t sub,
		  struct cpuid_regs *r)
{
	return a->src->cpuid(a->src->arg, leaf, sub, r);
}

static bool readable(const struct arch *a, uint32_t msr, uint64_t *v)
{
	return a->src->rdmsr && a->src->rdmsr(a->src->arg, msr, v) == 0;
}

/* n bits from bit 0 on; what CPUID says may be nonsense. */
static uint32_t low_bits(unsigned n)
{
	return n < 32 ? (UINT32_C(1) << n) - 1 : UINT32_MAX;
}

/*
 * CPUID.23H, where its sub-leaves exist: counters may have holes in it, and the
 * sense of its events is positive.  Linux 6.12, update_pmu_cap().
 */
static void read_extended(struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	struct cpuid_regs r, x;

	if (!cpuid(a, LEAF_PERFMON_EXT, 0, &r))
		return;
	if (r.eax & BIT(1) && cpuid(a, LEAF_PERFMON_EXT, 1, &x) && x.eax) {
		hw->gp = x.eax;
		hw->fixed = x.ebx;
	}
	if (r.eax & BIT(3) && cpuid(a, LEAF_PERFMON_EXT, 3, &x))
		hw->no_events = ~x.eax;
	if (hw->version < 6)
		return;
	a->v6 = (r.ebx & BIT(0) ? UINT64_C(0xff) << 40 : 0) | /* UMASK2 */
		(r.ebx & BIT(1) ? BIT(36) : 0) |              /* EQ */
		(r.ebx & BIT(2) ? BIT(37) : 0); /* no RDPMC by users */
}

/*
 * The first parts of version 2 say that they have no fixed counters, and have
 * three.  Intel SDM volume 3, "Architectural Performance Monitoring Version 2".
 */
static uint32_t fixed_counters(const struct pfm_hw *hw,
			       const struct cpuid_regs *r)
{
	unsigned n = r->edx & 0x1f;

	if (hw->version < 2)
		return 0;
	if (!hw->hypervisor && hw->version < 5 && n < 3)
		n = 3;
	return low_bits(n) | (hw->version >= 5 ? r->ecx : 0);
}

static int no_pmu(const struct pfm_hw *hw)
{
	if (hw->hypervisor)
		return fail(ENODEV, "the hypervisor exposes no PMU "
				    "(CPUID.0AH version 0): it must be "
				    "switched on there");
	return fail(ENODEV, "this processor has no architectural PMU "
			    "(CPUID.0AH version 0)");
}

static int count_counters(struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	struct cpuid_regs r;

	if (!cpuid(a, LEAF_PERFMON, 0, &r) || !(r.eax & 0xff))
		return no_pmu(hw);
	hw->version = r.eax & 0xff;
	hw->gp = low_bits(r.eax >> 8 & 0xff);
	/* An event is there when its bit exists and is 0. */
	hw->no_events = r.ebx | ~low_bits(r.eax >> 24);
	hw->fixed = fixed_counters(hw, &r);
	a->gp_width = r.eax >> 16 & 0xff;
	a->fixed_width = r.edx >> 5 & 0xff ? r.edx >> 5 & 0xff : a->gp_width;
	a->any_thread = hw->version >= 3 && !(r.edx >> 15 & 1);
	read_extended(a);
	hw->gp &= low_bits(HW_MAX_GP);
	hw->fixed &= low_bits(HW_MAX_FIXED);
	if (hw->gp && a->gp_width >= 32 && a->gp_width < 64 &&
	    a->fixed_width < 64)
		return 0;
	return fail(ENODEV,
		    "CPUID.0AH tells of counters %#x of %u bits: no PMU like "
		    "that is known",
		    hw->gp, a->gp_width);
}

static uint64_t sel_valid(const struct arch *a, unsigned n)
{
	/* The interrupt is never ours. */
	uint64_t valid = 0xffffffff & ~(SEL_INT | SEL_ANY);

	if (a->any_thread)
		valid |= SEL_ANY;
	if (a->hw->version >= 6)
		valid &= ~SEL_PC;
	if (a->tsx)
		valid |= BIT(32) | (n == 2 ? BIT(33) : 0);
	return valid | a->v6;
}

static void add_counters(const struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	bool full = a->caps & CAPS_FULL_WIDTH;
	uint64_t fixed_valid = 0;
	unsigned n;

	for (n = 0; n < HW_MAX_GP; n++) {
		if (!(hw->gp >> n & 1))
			continue;
		hw_add_pmc(hw, n, 0x186 + n, sel_valid(a, n),
			   "IA32_PERFEVTSEL%u", n);
		hw_add_pmd(hw, n, 0xc1 + n, (uint8_t)a->gp_width, "IA32_PMC%u",
			   n);
		hw->pmd[n].wr = full ? 0x4c1 + n : 0xc1 + n;
		hw->pmd[n].wr32 = !full;
	}
	for (n = 0; n < HW_MAX_FIXED; n++) {
		if (!(hw->fixed >> n & 1))
			continue;
		hw_add_pmd(hw, HW_PMD_FIXED + n, 0x309 + n,
			   (uint8_t)a->fixed_width, "IA32_FIXED_CTR%u", n);
		hw->pmd[HW_PMD_FIXED + n].wr = 0x309 + n;
		/* Both levels, any thread; no interrupt. */
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
	/* On parts before version 4 this address is the uncore's. */
	if (hw->version >= 4)
		hw->status_set = 0x391;
}

/*
 * CPUID.7:EDX[13]: the microcode uses counter 3 unless TSX_FORCE_ABORT[0] makes
 * every transaction abort.  Linux 6.12, intel_pmu_init(), PMU_FL_TFA.
 */
static void drop_tsx_counter(const struct arch *a)
{
	uint64_t v;

	if (a->tsx_takes_3 && readable(a, 0x10f, &v) && !(v & 1))
		a->hw->gp &= ~UINT32_C(8);
}

/*
 * Which energy counters a model has: Linux 6.12, arch/x86/events/rapl.c, and
 * tools/power/x86/turbostat for Silvermont, Rocket Lake and Granite Rapids.
 */
#define PKG (1u << HW_ENERGY_PKG)
#define CORES (1u << HW_ENERGY_CORES)
#define GFX (1u << HW_ENERGY_GFX)
#define DRAM (1u << HW_ENERGY_DRAM)
#define PSYS (1u << HW_ENERGY_PSYS)
enum quirk { NONE, DRAM_16, PSYS_1J, MICRO };
struct rapl {
	uint8_t models[32]; /* of family 6; 0 ends them */
	uint32_t domains;
	enum quirk quirk;
};
/* clang-format off */
static const struct rapl rapls[] = {
	{ { 42, 58 }, PKG | CORES | GFX, NONE },
	{ { 45, 62 }, PKG | CORES | DRAM, NONE },
	{ { 60, 69, 70, 61, 71, 92, 95, 122 }, PKG | CORES | DRAM | GFX, NONE },
	{ { 63, 79, 86, 85, 106, 108 }, PKG | CORES | DRAM, DRAM_16 },
	{ { 87, 133 }, PKG | DRAM, DRAM_16 },
	{ { 78, 94, 142, 158, 165, 166, 125, 126, 140, 141, 167, 151, 154, 190,
	    183, 186, 191, 170, 172, 181, 189, 197, 198 },
	  PKG | CORES | DRAM | GFX | PSYS, NONE },
	{ { 143, 207, 173, 174 }, PKG | CORES | DRAM | PSYS, PSYS_1J },
	{ { 55, 74, 76, 77, 90 }, PKG | CORES, MICRO },
};
static const struct {
	enum hw_free free;
	uint32_t msr;
	const char *name;
} energies[] = {
	{ HW_ENERGY_PKG, 0x611, "MSR_PKG_ENERGY_STATUS" },
	{ HW_ENERGY_CORES, 0x639, "MSR_PP0_ENERGY_STATUS" },
	{ HW_ENERGY_GFX, 0x641, "MSR_PP1_ENERGY_STATUS" },
	{ HW_ENERGY_DRAM, 0x619, "MSR_DRAM_ENERGY_STATUS" },
	{ HW_ENERGY_PSYS, 0x64d, "MSR_PLATFORM_ENERGY" },
};
/* clang-format on */
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct rapl *find_rapl(const struct pfm_hw *hw)
{
	if (hw->family != 6 || !hw->model)
		return NULL;
	for (size_t i = 0; i < N(rapls); i++)
		if (memchr(rapls[i].models, (int)hw->model,
			   sizeof(rapls[i].models)))
			return &rapls[i];
	return NULL;
}

/*
 * Joules of one step: 2^-unit, but for DRAM of the servers from Haswell to Ice
 * Lake and of Knights Landing, 2^-16; the platform of Sapphire Rapids, one
 * joule; Silvermont, 2^unit microjoules.
 */
static double joule(const struct rapl *rapl, enum hw_free free, uint64_t unit)
{
	unsigned u = unit >> 8 & 0x1f;

	if (rapl->quirk == MICRO)
		return 1e-6 * (double)BIT(u);
	if (rapl->quirk == PSYS_1J && free == HW_ENERGY_PSYS)
		return 1;
	if (rapl->quirk == DRAM_16 && free == HW_ENERGY_DRAM)
		u = 16;
	return 1.0 / (double)BIT(u);
}

static void add_energy(const struct arch *a)
{
	const struct rapl *rapl = find_rapl(a->hw);
	struct pfm_hw *hw = a->hw;
	uint64_t unit, v;

	/* A guest's unit is 0 where it has none. */
	if (!rapl || !readable(a, 0x606, &unit) || !unit)
		return;
	for (size_t i = 0; i < N(energies); i++) {
		enum hw_free free = energies[i].free;

		/* Not every part of a model has them all: it faults. */
		if (!(rapl->domains >> free & 1) ||
		    !readable(a, energies[i].msr, &v))
			continue;
		hw_add_pmd(hw, HW_PMD_FREE + free, energies[i].msr, 32, "%s",
			   energies[i].name);
		hw->joule[free] = joule(rapl, free, unit);
	}
}

/*
 * Productive clocks, by model: Linux 6.12, arch/x86/events/msr.c, all from
 * Skylake on but for the servers after Ice Lake.
 */
static bool has_pperf(const struct pfm_hw *hw)
{
	switch (hw->model) {
	case 143: /* Sapphire, Emerald, Granite Rapids */
	case 207:
	case 173:
	case 174:
	case 175: /* Sierra Forest, Grand Ridge */
	case 182:
		return false;
	default:
		return (hw->uarch >= UARCH_SKL && hw->uarch <= UARCH_LNC) ||
		       (hw->uarch >= UARCH_GRT && hw->uarch <= UARCH_SKT);
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
	if (!cpuid(a, 6, 0, &r))
		r = (struct cpuid_regs){ 0 };
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
	if (has_pperf(hw) && readable(a, 0x64e, &v))
		hw_add_pmd(hw, HW_PMD_FREE + HW_PPERF, 0x64e, 64, "MSR_PPERF");
	add_energy(a);
}

/* "..., PMU v4, 4 general and 3 fixed counters"; shorter after a long name. */
static void describe(const struct arch *a)
{
	struct pfm_hw *hw = a->hw;
	size_t len = strlen(hw->desc);
	int gp = __builtin_popcount(hw->gp);
	int fixed = __builtin_popcount(hw->fixed);

	snprintf(hw->desc + len, sizeof(hw->desc) - len,
		 len < 50 ? ", PMU v%u, %d general and %d fixed counters" :
			    ", PMU v%u, %d+%d counters",
		 hw->version, gp, fixed);
}

int hw_probe_intel(const struct hw_source *src, struct pfm_hw *hw)
{
	struct arch a = { .src = src, .hw = hw };
	struct cpuid_regs r;
	int ret;

	if (cpuid(&a, 1, 0, &r))
		a.pdcm = r.ecx >> 15 & 1;
	if (cpuid(&a, 7, 0, &r)) {
		a.tsx = r.ebx >> 11 & 1;
		a.tsx_takes_3 = r.edx >> 13 & 1;
		if (r.edx >> 15 & 1 && cpuid(&a, 0x1a, 0, &r))
			hw->core_type = r.eax >> 24;
	}
	hw_name(hw);
	add_free(&a);
	ret = count_counters(&a);
	if (ret < 0)
		return ret;
	if (!a.pdcm || !readable(&a, 0x345, &a.caps))
		a.caps = 0;
	add_globals(hw);
	drop_tsx_counter(&a);
	add_counters(&a);
	hw_add_extras(src, hw);
	describe(&a);
	return 0;
}
