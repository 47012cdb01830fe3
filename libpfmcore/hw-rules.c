/* SPDX-License-Identifier: MIT
 *
 * hw-rules.c - where an event may go: fixed counters, constraints and second
 * words by the tables of hw-tables.c, AMD's rules, and the codes of the
 * portable names.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "hw-rules.h"
#include "priv.h"

#define SEL_IN_TXCP (UINT64_C(1) << 33)
/* AMD: the other half of an event of large increments; Linux 6.12,
 * arch/x86/events/amd/core.c, "Merge event". */
#define AMD_MERGE UINT64_C(0xf000000ff)

/* Event and umask, as the tables have them. */
static unsigned code16(uint64_t code)
{
	return code & 0xffff;
}

/* AMD: twelve bits. */
static unsigned amd_event(uint64_t code)
{
	return (code & 0xff) | (unsigned)(code >> 24 & 0xf00);
}

/*
 * Bits that a fixed counter cannot express.  Intel SDM volume 3, 325384-059,
 * "Fixed-Function Performance Counters": the nibble has levels and AnyThread.
 */
static bool is_plain(uint64_t code)
{
	return !(code & (SEL_EDGE | SEL_INV | SEL_CMASK | SEL_ANY)) &&
	       !(code >> 32);
}

/* The fixed counter of an event, or -1. */
static int fixed_of(uint64_t code)
{
	switch (code16(code)) {
	case 0x00c0:
	case 0x0100:
		return 0;
	case 0x003c:
	case 0x0200:
		return 1;
	case 0x0300:
		return 2;
	case 0x0400:
		return 3;
	default:
		return -1;
	}
}

/* Event 0 selects no event of a general counter: Linux's pseudo codes. */
static int pseudo_rule(const struct pfm_hw *hw, uint64_t code,
		       struct hw_rule *rule)
{
	int fixed = fixed_of(code);

	if (code & 0x8000)
		return fail(EINVAL,
			    "event select %#" PRIx64 " is a field of "
			    "PERF_METRICS, not a counter",
			    code);
	if (fixed < 0)
		return fail(EINVAL,
			    "event select %#" PRIx64 " selects no event", code);
	if (!(hw->fixed >> fixed & 1))
		return fail(EINVAL,
			    "event select %#" PRIx64 " counts on fixed counter "
			    "%d, which this CPU (%s) has not; it cannot be "
			    "placed on a general counter",
			    code, fixed, hw->desc);
	if (!is_plain(code))
		return fail(EINVAL,
			    "event select %#" PRIx64 ": fixed counter %d knows "
			    "no edge, mask or inversion",
			    code, fixed);
	rule->pmds = UINT32_C(1) << (HW_PMD_FIXED + fixed);
	return 0;
}

static void add_extra(const struct pfm_hw *hw, uint64_t code,
		      struct hw_rule *rule)
{
	for (unsigned i = 0; i < hw_nextras; i++) {
		const struct hw_extra *e = &hw_extras[i];

		if (!(e->uarchs >> hw->uarch & 1) ||
		    (code16(code) != e->code[0] &&
		     (!e->code[1] || code16(code) != e->code[1])))
			continue;
		for (unsigned k = 0; k < 2 && e->code[k]; k++) {
			rule->extra[k] = e->pmc[k];
			rule->code[k] = (code & ~UINT64_C(0xffff)) | e->code[k];
			rule->nextra++;
		}
		return;
	}
}

static uint32_t table_pmds(const struct pfm_hw *hw, uint64_t code)
{
	unsigned event = code & 0xff, umask = code >> 8 & 0xff;

	for (unsigned i = 0; i < hw_nconstraints; i++) {
		const struct hw_constraint *c = &hw_constraints[i];

		if (c->uarchs >> hw->uarch & 1 && event >= c->first &&
		    event <= c->last && (umask & c->mask) == c->umask)
			return c->pmds ? c->pmds : hw->gp;
	}
	return hw->gp;
}

static int rule_intel(const struct pfm_hw *hw, uint64_t code,
		      struct hw_rule *rule)
{
	int fixed;

	if (!(code & SEL_EVENT))
		return pseudo_rule(hw, code, rule);
	rule->pmds = table_pmds(hw, code);
	if (code & SEL_IN_TXCP)
		rule->pmds &= 1u << 2;
	fixed = fixed_of(code);
	if (fixed >= 0 && is_plain(code))
		rule->pmds |= (hw->fixed & 1u << fixed) << HW_PMD_FIXED;
	rule->pmds &= hw->gp | hw->fixed << HW_PMD_FIXED;
	add_extra(hw, code, rule);
	if (rule->pmds)
		return 0;
	return fail(EINVAL,
		    "event select %#" PRIx64 ": no counter of this CPU "
		    "(%s) counts it",
		    code, hw->desc);
}

/*
 * Family 15h: Linux 6.12, arch/x86/events/amd/core.c,
 * amd_get_event_constraints_f15h(), by the unit the event belongs to.
 */
static uint32_t f15h_pmds(uint64_t code)
{
	const uint32_t pmc0 = 0x01, pmc20 = 0x07, pmc3 = 0x08, pmc30 = 0x09,
		       pmc53 = 0x38, pmc50 = 0x3f;
	unsigned event = amd_event(code), umask = code >> 8 & 0xff;

	switch (event) {
	case 0x000: /* both pipes and several kinds of instructions */
		return umask & 0xf0 && umask & 0x0f ? pmc3 : pmc53;
	case 0x004:
		return __builtin_popcount(umask) > 1 ? pmc3 : pmc53;
	case 0x003:
	case 0x00b:
	case 0x00d:
		return pmc3;
	case 0x023:
	case 0x043:
	case 0x045:
	case 0x046:
	case 0x054:
	case 0x055:
		return pmc20;
	case 0x02d:
		return pmc3;
	case 0x02e:
		return pmc30;
	case 0x031:
		return __builtin_popcount(umask) <= 1 ? pmc20 : 0;
	case 0x1c0:
		return pmc53;
	case 0x08f:
	case 0x187:
	case 0x188:
		return pmc0;
	case 0x1d6:
	case 0x1d8:
		return pmc50;
	default:
		break;
	}
	if (event >= 0xdb && event <= 0xdf)
		return pmc50;
	switch (event & 0x0f0) {
	case 0x000:
	case 0x010:
		return pmc53;
	case 0x060:
	case 0x070:
	case 0x080:
	case 0x090:
	case 0x0d0:
		return pmc20;
	case 0x0e0: /* the northbridge's counters, not the core's */
	case 0x0f0:
		return 0;
	default:
		return pmc50;
	}
}

bool hw_is_merge(const struct pfm_hw *hw, uint64_t code)
{
	return hw->vendor == HW_AMD && hw->family >= 0x17 &&
	       (code & UINT64_C(0xf000000ff)) == AMD_MERGE;
}

static int rule_amd(const struct pfm_hw *hw, uint64_t code,
		    struct hw_rule *rule)
{
	rule->pmds = hw->gp;
	if (hw->uarch == UARCH_F15)
		rule->pmds &= f15h_pmds(code);
	/* Floating-point operations: up to 64 a cycle, two counters together. */
	if (hw->family >= 0x17 && amd_event(code) == 0x003) {
		rule->pair = true;
		rule->pmds &= 0x55555555 & hw->gp >> 1;
	}
	if (rule->pmds)
		return 0;
	return fail(EINVAL,
		    "event select %#" PRIx64 ": no counter of this CPU "
		    "(%s) counts it",
		    code, hw->desc);
}

static int check_bits(const struct pfm_hw *hw, uint64_t code)
{
	uint64_t valid = SEL_INT, bad;

	/* What any counter takes; that it be the right one is the rule. */
	for (unsigned n = 0; n < HW_MAX_GP; n++)
		valid |= hw->pmc[n].valid;
	bad = code & ~valid;
	if (!bad)
		return 0;
	return fail(EINVAL,
		    "event select %#" PRIx64 ": this CPU (%s) has no bits "
		    "%#" PRIx64,
		    code, hw->desc, bad);
}

int hw_rule(const struct pfm_hw *hw, uint64_t code, struct hw_rule *rule)
{
	int ret;

	memset(rule, 0, sizeof(*rule));
	rule->code[0] = rule->code[1] = code;
	ret = check_bits(hw, code);
	if (ret < 0)
		return ret;
	return hw->vendor == HW_INTEL ? rule_intel(hw, code, rule) :
					rule_amd(hw, code, rule);
}

/* clang-format off */
/* The registers of second words and their valid bits: L, extra_reg tables. */
static const struct {
	uint32_t uarchs;
	uint8_t pmc;
	uint32_t msr;
	uint64_t valid;
	const char *name;
} words[] = {
	{ U(NHM) | U(WSM), HW_PMC_OFFCORE0, 0x1a6, 0xffff, "OFFCORE_RSP_0" },
	{ U(WSM), HW_PMC_OFFCORE1, 0x1a7, 0xffff, "OFFCORE_RSP_1" },
	{ U(SNB), HW_PMC_OFFCORE0, 0x1a6, 0x3f807f8fff, "OFFCORE_RSP_0" },
	{ U(SNB), HW_PMC_OFFCORE1, 0x1a7, 0x3f807f8fff, "OFFCORE_RSP_1" },
	{ U_FROM(IVB, SKL), HW_PMC_OFFCORE0, 0x1a6, 0x3fffff8fff, "OFFCORE_RSP_0" },
	{ U_FROM(IVB, SKL), HW_PMC_OFFCORE1, 0x1a7, 0x3fffff8fff, "OFFCORE_RSP_1" },
	{ U(ICL), HW_PMC_OFFCORE0, 0x1a6, 0x3fffffbfff, "OFFCORE_RSP_0" },
	{ U(ICL), HW_PMC_OFFCORE1, 0x1a7, 0x3fffffbfff, "OFFCORE_RSP_1" },
	{ U(GLC) | U(RWC), HW_PMC_OFFCORE0, 0x1a6, 0x3fffffffff, "OFFCORE_RSP_0" },
	{ U(GLC) | U(RWC), HW_PMC_OFFCORE1, 0x1a7, 0x3fffffffff, "OFFCORE_RSP_1" },
	{ U(LNC), HW_PMC_OFFCORE0, 0x1a6, 0xfffffffffff, "OFFCORE_RSP_0" },
	{ U(LNC), HW_PMC_OFFCORE1, 0x1a7, 0xfffffffffff, "OFFCORE_RSP_1" },
	{ U_FROM(SLM, KNL), HW_PMC_OFFCORE0, 0x1a6, 0x3fffffffff, "OFFCORE_RSP_0" },
	{ U_FROM(SLM, KNL), HW_PMC_OFFCORE1, 0x1a7, 0x3fffffffff, "OFFCORE_RSP_1" },
	{ U_FROM(NHM, LNC), HW_PMC_LD_LAT, 0x3f6, 0xffff, "PEBS_LD_LAT" },
	{ U(GRT) | U(CMT), HW_PMC_LD_LAT, 0x3f6, 0xffff, "PEBS_LD_LAT" },
	{ U(SKL) | U(ICL), HW_PMC_FRONTEND, 0x3f7, 0x7fff17, "PEBS_FRONTEND" },
	{ U_FROM(GLC, LNC), HW_PMC_FRONTEND, 0x3f7, 0x7fff1f, "PEBS_FRONTEND" },
	{ U(CMT), HW_PMC_SNOOP0, 0x1328, UINT64_MAX, "SNOOP_RSP_0" },
	{ U(CMT), HW_PMC_SNOOP1, 0x1329, UINT64_MAX, "SNOOP_RSP_1" },
};
/* clang-format on */
#define N(a) (sizeof(a) / sizeof((a)[0]))

void hw_add_extras(struct pfm_hw *hw)
{
	for (size_t i = 0; i < N(words); i++)
		if (words[i].uarchs >> hw->uarch & 1)
			hw_add_pmc(hw, words[i].pmc, words[i].msr,
				   words[i].valid, "%s", words[i].name);
}

/* Bit of CPUID.0AH:EBX; 31, never set, where there is none. */
static unsigned arch_event(unsigned config)
{
	static const uint8_t bits[] = {
		[PERF_COUNT_HW_CPU_CYCLES] = 0,
		[PERF_COUNT_HW_INSTRUCTIONS] = 1,
		[PERF_COUNT_HW_CACHE_REFERENCES] = 3,
		[PERF_COUNT_HW_CACHE_MISSES] = 4,
		[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 5,
		[PERF_COUNT_HW_BRANCH_MISSES] = 6,
		[PERF_COUNT_HW_BUS_CYCLES] = 31,
		[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = 31,
		[PERF_COUNT_HW_STALLED_CYCLES_BACKEND] = 31,
		[PERF_COUNT_HW_REF_CPU_CYCLES] = 31,
	};

	return config < N(bits) ? bits[config] : 31;
}

/*
 * Intel SDM volume 3, 325384-059, table 18-1; AMD: Linux 6.12,
 * arch/x86/events/amd/core.c, the three *_perfmon_event_map.
 */
uint64_t hw_generic(const struct pfm_hw *hw, unsigned config)
{
	static const uint64_t intel[] = {
		[PERF_COUNT_HW_CPU_CYCLES] = 0x003c,
		[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
		[PERF_COUNT_HW_CACHE_REFERENCES] = 0x4f2e,
		[PERF_COUNT_HW_CACHE_MISSES] = 0x412e,
		[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c4,
		[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c5,
		[PERF_COUNT_HW_BUS_CYCLES] = 0x013c,
		[PERF_COUNT_HW_REF_CPU_CYCLES] = 0x0300,
	};
	static const uint64_t k7[] = {
		[PERF_COUNT_HW_CPU_CYCLES] = 0x0076,
		[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
		[PERF_COUNT_HW_CACHE_REFERENCES] = 0x077d,
		[PERF_COUNT_HW_CACHE_MISSES] = 0x077e,
		[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c2,
		[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c3,
		[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = 0x00d0,
		[PERF_COUNT_HW_STALLED_CYCLES_BACKEND] = 0x00d1,
	};
	static const uint64_t zen[] = {
		[PERF_COUNT_HW_CPU_CYCLES] = 0x0076,
		[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
		[PERF_COUNT_HW_CACHE_REFERENCES] = 0xff60,
		[PERF_COUNT_HW_CACHE_MISSES] = 0x0964,
		[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c2,
		[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c3,
	};
	const uint64_t *map = hw->vendor == HW_INTEL ? intel :
			      hw->family >= 0x17     ? zen :
						       k7;
	size_t n = map == intel ? N(intel) : map == zen ? N(zen) : N(k7);

	if (hw->uarch == UARCH_ZEN4 || hw->uarch == UARCH_ZEN5) {
		if (config == PERF_COUNT_HW_REF_CPU_CYCLES)
			return UINT64_C(0x100000120);
	}
	/* An architectural event that CPUID.0AH:EBX says is missing. */
	if (hw->vendor == HW_INTEL && config < N(intel) &&
	    hw->no_events >> arch_event(config) & 1)
		return 0;
	return config < n ? map[config] : 0;
}
