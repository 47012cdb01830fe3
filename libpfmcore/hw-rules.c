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
/*
 * AMD: floating-point operations, up to 64 a cycle, take two counters, and the
 * other half of an event of large increments.  Linux 6.12, arch/x86/events/amd/
 * core.c, amd_is_pair_event_code() and AMD_MERGE_EVENT.
 */
#define AMD_FLOPS 0x003
#define AMD_MERGE UINT64_C(0xf000000ff)
#define N(a) (sizeof(a) / sizeof((a)[0]))

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

/* The fixed counter of an event, there or not; -1: none. */
static int fixed_of(const struct pfm_hw *hw, uint64_t code)
{
	for (unsigned i = 0; i < hw_nfixeds; i++)
		if (hw_fixeds[i].uarchs >> hw->uarch & 1 &&
		    hw_fixeds[i].code == code16(code))
			return hw_fixeds[i].fixed;
	return -1;
}

/* A fixed counter alone, for an event that no general one counts. */
static int only_fixed(const struct pfm_hw *hw, uint64_t code, unsigned fixed,
		      struct hw_rule *rule)
{
	if (!(hw->fixed >> fixed & 1))
		return fail(EINVAL,
			    "event select %#" PRIx64 " counts on fixed counter "
			    "%u, which this CPU (%s) has not; it cannot be "
			    "placed on a general counter",
			    code, fixed, hw->desc);
	if (!is_plain(code))
		return fail(EINVAL,
			    "event select %#" PRIx64 " counts on fixed counter "
			    "%u alone, which knows no edge, inversion, counter "
			    "mask, AnyThread or transactions: leave them out",
			    code, fixed);
	rule->pmds = UINT32_C(1) << (HW_PMD_FIXED + fixed);
	return 0;
}

/* Event 0 selects no event of a general counter: Linux's pseudo codes. */
static int pseudo_rule(const struct pfm_hw *hw, uint64_t code,
		       struct hw_rule *rule)
{
	int fixed = fixed_of(hw, code);

	if (code & 0x8000)
		return fail(EINVAL,
			    "event select %#" PRIx64 " is a field of "
			    "PERF_METRICS, not a counter",
			    code);
	if (fixed < 0)
		return fail(EINVAL,
			    "event select %#" PRIx64 " selects no event", code);
	return only_fixed(hw, code, (unsigned)fixed, rule);
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

static int no_counter(const struct pfm_hw *hw, uint64_t code)
{
	return fail(EINVAL,
		    "event select %#" PRIx64 ": no counter of this CPU "
		    "(%s) counts it",
		    code, hw->desc);
}

static int rule_intel(const struct pfm_hw *hw, uint64_t code,
		      struct hw_rule *rule)
{
	uint32_t pmds;
	int fixed;

	if (!(code & SEL_EVENT))
		return pseudo_rule(hw, code, rule);
	pmds = table_pmds(hw, code);
	if (pmds >> HW_PMD_FIXED)
		return only_fixed(hw, code,
				  (unsigned)__builtin_ctz(pmds) - HW_PMD_FIXED,
				  rule);
	if (code & SEL_IN_TXCP)
		pmds &= 1u << 2;
	fixed = fixed_of(hw, code);
	if (fixed >= 0 && is_plain(code))
		pmds |= 1u << fixed << HW_PMD_FIXED;
	rule->pmds = pmds & (hw->gp | hw->fixed << HW_PMD_FIXED);
	add_extra(hw, code, rule);
	return rule->pmds ? 0 : no_counter(hw, code);
}

static bool umasks_fit(enum hw_umasks want, unsigned umask)
{
	switch (want) {
	case UMASK_ONE:
		return __builtin_popcount(umask) <= 1;
	case UMASK_SEVERAL:
		return __builtin_popcount(umask) > 1;
	case UMASK_BOTH_HALVES:
		return umask & 0xf0 && umask & 0x0f;
	default:
		return true;
	}
}

static uint32_t f15h_pmds(uint64_t code)
{
	unsigned event = amd_event(code), umask = code >> 8 & 0xff;

	for (unsigned i = 0; i < hw_nf15h; i++)
		if (event >= hw_f15h[i].first && event <= hw_f15h[i].last &&
		    umasks_fit(hw_f15h[i].umasks, umask))
			return hw_f15h[i].pmds;
	return hw_f15h_units[event >> 4 & 0xf];
}

bool hw_is_merge(const struct pfm_hw *hw, uint64_t code)
{
	return hw->vendor == HW_AMD && hw->family >= 0x17 &&
	       (code & UINT64_C(0xf000000ff)) == AMD_MERGE;
}

static int rule_amd(const struct pfm_hw *hw, uint64_t code,
		    struct hw_rule *rule)
{
	uint32_t pairs = hw->gp & hw->gp >> 1 & 0x5555;

	rule->pmds = hw->gp;
	if (hw->uarch == UARCH_F15) {
		rule->pmds &= f15h_pmds(code);
		if (!rule->pmds && (code & 0xe0) == 0xe0)
			return fail(EINVAL,
				    "event select %#" PRIx64 " is an event of "
				    "the northbridge, whose counters are not "
				    "the core's",
				    code);
	}
	if (hw_is_merge(hw, code)) {
		rule->pmds = pairs << 1;
	} else if (hw->family >= 0x17 && amd_event(code) == AMD_FLOPS) {
		rule->pair = true;
		rule->pmds = pairs;
	}
	return rule->pmds ? 0 : no_counter(hw, code);
}

/* "bit 21 (AnyThread), bit 33 (IN_TXCP)". */
static void name_bits(char *text, size_t size, uint64_t bits)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = {
		{ 19, "pin control" },   { 21, "AnyThread" },
		{ 32, "IN_TX" },         { 33, "IN_TXCP" },
		{ 34, "adaptive PEBS" }, { 36, "EQ" },
		{ 37, "RDPMC disable" }, { 43, "precise retirement" },
	};
	size_t len = 0;

	text[0] = '\0';
	for (unsigned n = 0; n < 64 && len < size; n++) {
		const char *name = NULL;

		if (!(bits >> n & 1))
			continue;
		for (size_t i = 0; i < N(names); i++)
			if (names[i].bit == n)
				name = names[i].name;
		len += (size_t)snprintf(text + len, size - len,
					name ? "%sbit %u (%s)" : "%sbit %u",
					len ? ", " : "", n, name);
	}
}

static int check_bits(const struct pfm_hw *hw, uint64_t code)
{
	uint64_t valid = SEL_INT, bad;
	char text[160];

	/* What any counter takes; that it be the right one is the rule. */
	for (unsigned n = 0; n < HW_MAX_GP; n++)
		valid |= hw->pmc[n].valid;
	bad = code & ~valid;
	if (!bad)
		return 0;
	name_bits(text, sizeof(text), bad);
	return fail(EINVAL,
		    "event select %#" PRIx64 ": what this CPU (%s) has not "
		    "is %s",
		    code, hw->desc, text);
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

/* A hypervisor may show the counters and not these: then they fault. */
void hw_add_extras(const struct hw_source *src, struct pfm_hw *hw)
{
	for (unsigned i = 0; i < hw_nwords; i++) {
		const struct hw_word *w = &hw_words[i];
		uint64_t v;

		if (!(w->uarchs >> hw->uarch & 1) || hw->pmc[w->pmc].msr ||
		    (w->model && w->model != hw->model) ||
		    (src->rdmsr && src->rdmsr(src->arg, w->msr, &v) < 0))
			continue;
		hw_add_pmc(hw, w->pmc, w->msr, w->valid, "%s", w->name);
	}
}

#define NGENERIC (PERF_COUNT_HW_REF_CPU_CYCLES + 1)

/*
 * Intel SDM volume 3, 325384-059, table 18-1; bit is CPUID's of the event.  The
 * pseudo code's is that of its counter.
 */
static const struct {
	uint16_t code;
	uint8_t bit;
} intel[NGENERIC] = {
	[PERF_COUNT_HW_CPU_CYCLES] = { 0x003c, 0 },
	[PERF_COUNT_HW_INSTRUCTIONS] = { 0x00c0, 1 },
	[PERF_COUNT_HW_BUS_CYCLES] = { 0x013c, 2 },
	[PERF_COUNT_HW_CACHE_REFERENCES] = { 0x4f2e, 3 },
	[PERF_COUNT_HW_CACHE_MISSES] = { 0x412e, 4 },
	[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = { 0x00c4, 5 },
	[PERF_COUNT_HW_BRANCH_MISSES] = { 0x00c5, 6 },
	[PERF_COUNT_HW_REF_CPU_CYCLES] = { 0x0300, 0 },
};

/* Linux 6.12, arch/x86/events/amd/core.c, amd_*perfmon_event_map. */
static const uint64_t amd_k7[NGENERIC] = {
	[PERF_COUNT_HW_CPU_CYCLES] = 0x0076,
	[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
	[PERF_COUNT_HW_CACHE_REFERENCES] = 0x077d,
	[PERF_COUNT_HW_CACHE_MISSES] = 0x077e,
	[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c2,
	[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c3,
	[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = 0x00d0,
	[PERF_COUNT_HW_STALLED_CYCLES_BACKEND] = 0x00d1,
};
static const uint64_t amd_zen1[NGENERIC] = {
	[PERF_COUNT_HW_CPU_CYCLES] = 0x0076,
	[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
	[PERF_COUNT_HW_CACHE_REFERENCES] = 0xff60,
	[PERF_COUNT_HW_CACHE_MISSES] = 0x0964,
	[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c2,
	[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c3,
	[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = 0x0287,
	[PERF_COUNT_HW_STALLED_CYCLES_BACKEND] = 0x0187,
};
static const uint64_t amd_zen2[NGENERIC] = {
	[PERF_COUNT_HW_CPU_CYCLES] = 0x0076,
	[PERF_COUNT_HW_INSTRUCTIONS] = 0x00c0,
	[PERF_COUNT_HW_CACHE_REFERENCES] = 0xff60,
	[PERF_COUNT_HW_CACHE_MISSES] = 0x0964,
	[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = 0x00c2,
	[PERF_COUNT_HW_BRANCH_MISSES] = 0x00c3,
	[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = 0x00a9,
};

static uint64_t generic_intel(const struct pfm_hw *hw, unsigned config)
{
	if (config == PERF_COUNT_HW_REF_CPU_CYCLES)
		return hw->fixed & 1u << 2 ? intel[config].code : 0;
	return hw->no_events >> intel[config].bit & 1 ? 0 : intel[config].code;
}

static uint64_t generic_amd(const struct pfm_hw *hw, unsigned config)
{
	bool zen4 = hw->uarch == UARCH_ZEN4 || hw->family >= 0x1a;

	/* Zen 4 and later: those of Zen 2, and the cycles of P0. */
	if (config == PERF_COUNT_HW_REF_CPU_CYCLES)
		return zen4 ? UINT64_C(0x100000120) : 0;
	if (hw->family < 0x17)
		return amd_k7[config];
	return hw->uarch == UARCH_ZEN1 ? amd_zen1[config] : amd_zen2[config];
}

uint64_t hw_generic(const struct pfm_hw *hw, unsigned config)
{
	if (config >= NGENERIC)
		return 0;
	return hw->vendor == HW_INTEL ? generic_intel(hw, config) :
					generic_amd(hw, config);
}
