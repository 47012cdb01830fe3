/* SPDX-License-Identifier: MIT
 *
 * t-hw.c - what CPUID and the tables say of a PMU: recorded CPUIDs of each
 * version, every constraint of the tables, the arithmetic of counters, and that
 * the registers described are those of the model.
 */
#include "config.h"

#include <errno.h>
#include <linux/perf_event.h>

#include "hw-rules.h"
#include "model.h"
#include "priv.h"
#include "tap.h"

#define B(n) (UINT64_C(1) << (n))

/* A CPUID, as far as a probe asks for it. */
struct leaf {
	uint32_t leaf, sub;
	struct cpuid_regs r;
};
struct cpu {
	const char *name;
	uint64_t caps, unit; /* MSRs 0x345, and 0x606 or 0xc0010299; 0: #GP */
	struct leaf leaf[12];
};
#define INTEL(max)                                              \
	{                                                       \
		0, 0,                                           \
		{                                               \
			max, 0x756e6547, 0x6c65746e, 0x49656e69 \
		}                                               \
	}
#define AMD(max)                                                \
	{                                                       \
		0, 0,                                           \
		{                                               \
			max, 0x68747541, 0x444d4163, 0x69746e65 \
		}                                               \
	}
#define EXT(max)                     \
	{                            \
		0x80000000, 0,       \
		{                    \
			max, 0, 0, 0 \
		}                    \
	}

/* clang-format off */
static const struct cpu core_solo = { "Core Solo", 0, 0, {
	INTEL(10), { 1, 0, { 0x6e8, 0, 0, 0 } },
	{ 0xa, 0, { 0x07280201, 0, 0, 0 } } } };
static const struct cpu core2_early = { "an early Core 2", 0, 0, {
	INTEL(10), { 1, 0, { 0x6f6, 0, 0, 0 } },
	{ 0xa, 0, { 0x07280202, 0, 0, 0 } } } };
static const struct cpu guest = { "a guest without PMU", 0, 0, {
	INTEL(13), { 1, 0, { 0x506e3, 0, B(31), 0 } },
	{ 0xa, 0, { 0, 0, 0, 0 } } } };
static const struct cpu nhm = { "Nehalem", 0, 0, {
	INTEL(11), { 1, 0, { 0x106a5, 0, B(15), 0 } },
	{ 0xa, 0, { 0x07300403, 0x44, 0, 0x603 } } } };
static const struct cpu skl = { "Skylake", 0x33c5 | B(13), 0xa0e03, {
	INTEL(22), { 1, 0, { 0x506e3, 0, B(15), 0 } },
	{ 6, 0, { 0x27f7, 2, 9, 0 } }, { 7, 0, { 0, B(11), 0, 0 } },
	{ 0xa, 0, { 0x07300404, 0, 0, 0x603 } } } };
static const struct cpu icl = { "Ice Lake", B(13) | B(15), 0xa0e03, {
	INTEL(27), { 1, 0, { 0x706e5, 0, B(15), 0 } }, { 7, 0, { 0 } },
	{ 0xa, 0, { 0x08300805, 0, 0xf, 0x8604 } } } };
static const struct cpu spr = { "Sapphire Rapids", B(13), 0xa0e03, {
	INTEL(32), { 1, 0, { 0x806f8, 0, B(15), 0 } }, { 7, 0, { 0 } },
	{ 0xa, 0, { 0x08300805, 0, 0xf, 0x8604 } } } };
static const struct cpu adl_e = { "an E-core of Alder Lake", B(13), 0, {
	INTEL(32), { 1, 0, { 0x90672, 0, B(15), 0 } },
	{ 7, 0, { 0, 0, 0, B(15) } }, { 0x1a, 0, { 0x20000001, 0, 0, 0 } },
	{ 0xa, 0, { 0x07300605, 0, 7, 0x8603 } } } };
static const struct cpu holes = { "a version 6 with holes", B(13), 0, {
	INTEL(0x23), { 1, 0, { 0xb06d1, 0, B(15), 0 } }, { 7, 0, { 0 } },
	{ 0xa, 0, { 0x08300a06, 0, 0xf, 0x8604 } },
	{ 0x23, 0, { 0xb, 3, 0, 0 } }, { 0x23, 1, { 0x2f5, 0x5, 0, 0 } } } };
static const struct cpu unknown = { "a model of tomorrow", B(13), 0, {
	INTEL(0x16), { 1, 0, { 0xf06f1, 0, B(15), 0 } }, { 7, 0, { 0 } },
	{ 0xa, 0, { 0x07300404, 0, 0, 0x603 } } } };
static const struct cpu k8 = { "K8", 0, 0, {
	AMD(1), { 1, 0, { 0x20f12, 0, 0, 0 } }, EXT(0x80000018) } };
static const struct cpu f15 = { "family 15h", 0, 0, {
	AMD(13), { 1, 0, { 0x600f12, 0, 0, 0 } }, EXT(0x8000001e),
	{ 0x80000001, 0, { 0, 0, B(23), 0 } } } };
static const struct cpu zen5 = { "Zen 5", 0, 0xa1003, {
	AMD(16), { 1, 0, { 0xb00f21, 0, 0, 0 } }, EXT(0x80000028),
	{ 0x80000001, 0, { 0, 0, B(23), 0 } },
	{ 0x80000022, 0, { 7, 0x106, 0, 0 } } } };
static const struct cpu via = { "another vendor", 0, 0, {
	{ 0, 0, { 1, 0x746e6543, 0x736c7561, 0x48727561 } },
	{ 1, 0, { 0x6fa, 0, 0, 0 } } } };
/* clang-format on */

static bool cpu_cpuid(void *arg, uint32_t leaf, uint32_t sub,
		      struct cpuid_regs *r)
{
	const struct cpu *c = arg;

	for (unsigned i = 0; i < 12; i++)
		if (c->leaf[i].leaf == leaf && c->leaf[i].sub == sub &&
		    (i == 0 || c->leaf[i].leaf)) {
			*r = c->leaf[i].r;
			return true;
		}
	return false;
}

static int cpu_rdmsr(void *arg, uint32_t msr, uint64_t *v)
{
	const struct cpu *c = arg;

	*v = msr == 0x345                           ? c->caps :
	     msr == 0x606 || msr == 0xc0010299      ? c->unit :
	     msr >= 0x611 && msr <= 0x64d           ? 1 :
	     msr >= 0xc001029a && msr <= 0xc001029b ? 1 :
						      0;
	return *v ? 0 : -EIO;
}

static int probe(const struct cpu *c, struct pfm_hw *hw)
{
	const struct hw_source src = {
		.arg = (void *)c,
		.cpuid = cpu_cpuid,
		.rdmsr = cpu_rdmsr,
	};

	return hw_probe(&src, hw);
}

static void test_probes(void)
{
	/* clang-format off */
	static const struct {
		const struct cpu *cpu;
		unsigned version;
		uint32_t gp, fixed;
		uint8_t width;
		uint32_t ctl, status_set, wr0;
		const char *libpfm;
	} rows[] = {
		{ &core_solo, 1, 0x3, 0, 40, 0, 0, 0xc1, NULL },
		{ &core2_early, 2, 0x3, 0x7, 40, 0x38f, 0, 0xc1, "core" },
		{ &nhm, 3, 0xf, 0x7, 48, 0x38f, 0, 0xc1, "nhm" },
		{ &skl, 4, 0xf, 0x7, 48, 0x38f, 0x391, 0x4c1, "skl" },
		{ &icl, 5, 0xff, 0xf, 48, 0x38f, 0x391, 0x4c1, "icl" },
		{ &spr, 5, 0xff, 0xf, 48, 0x38f, 0x391, 0x4c1, "spr" },
		{ &adl_e, 5, 0x3f, 0x7, 48, 0x38f, 0x391, 0x4c1, "adl_grt" },
		{ &holes, 6, 0x2f5, 0x5, 48, 0x38f, 0x391, 0x4c1, NULL },
		{ &unknown, 4, 0xf, 0x7, 48, 0x38f, 0x391, 0x4c1, NULL },
		{ &k8, 0, 0xf, 0, 48, 0, 0, 0xc0010004, "amd64_k8_revb" },
		{ &f15, 1, 0x3f, 0, 48, 0, 0, 0xc0010201,
		  "amd64_fam15h_interlagos" },
		{ &zen5, 2, 0x3f, 0, 48, 0xc0000301, 0xc0000303, 0xc0010201,
		  "amd64_fam1ah_zen5" },
	};
	/* clang-format on */
	struct pfm_hw hw;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = rows[i].cpu->name;

		is_i64(probe(rows[i].cpu, &hw), 0, "%s", name);
		is_u64(hw.version, rows[i].version, "%s: version", name);
		is_u64(hw.gp, rows[i].gp, "%s: general counters", name);
		is_u64(hw.fixed, rows[i].fixed, "%s: fixed counters", name);
		is_u64(hw.pmd[0].width, rows[i].width, "%s: width", name);
		is_u64(hw.ctl, rows[i].ctl, "%s: global control", name);
		is_u64(hw.status_set, rows[i].status_set, "%s: status set",
		       name);
		is_u64(hw.pmd[0].wr, rows[i].wr0, "%s: counter 0 is written at",
		       name);
		is_str(hw.libpfm ? hw.libpfm : "-",
		       rows[i].libpfm ? rows[i].libpfm : "-",
		       "%s: libpfm4's name", name);
		for (unsigned n = 0; n < HW_MAX_GP; n++)
			if (!(hw.gp >> n & 1) &&
			    (hw.pmc[n].msr || hw.pmd[n].msr))
				ok(false, "%s: counter %u is a hole", name, n);
	}
	probe(&unknown, &hw);
	ok(strstr(hw.desc, "architectural events only"),
	   "an unknown model says so");
	probe(&holes, &hw);
	is_u64(hw.pmc[0].valid >> 32, 0xff10, "version 6: UMASK2 and EQ");
	is_u64(hw.pmc[1].msr, 0, "and its holes are holes");
}

static void test_refusals(void)
{
	struct pfm_hw hw;

	is_i64(probe(&guest, &hw), -ENODEV, "a guest without PMU is refused");
	ok(strstr(pfm_reason(), "hypervisor exposes no PMU"), "and told why");
	is_u64(hw.family, 6, "its family is known all the same");
	is_i64(probe(&via, &hw), -ENODEV, "so is another vendor");
	ok(strstr(pfm_reason(), "CentaurHauls"), "by name");
}

static void test_masks(void)
{
	struct pfm_hw hw;

	probe(&skl, &hw);
	ok(!(hw.pmc[0].valid & SEL_INT), "the interrupt is never valid");
	ok(hw.pmc[0].valid & SEL_ANY, "AnyThread is, on Skylake");
	ok(!(hw.pmc[0].valid & B(33)) && hw.pmc[2].valid & B(33),
	   "IN_TXCP on counter 2 alone");
	is_u64(hw.pmc[HW_PMC_FIXED].valid, 0x777, "no PMI of fixed counters");
	is_u64(hw.pmc[HW_PMC_OFFCORE1].valid, 0x3fffff8fff, "offcore bits");
	is_u64(hw.pmc[HW_PMC_FRONTEND].valid, 0x7fff17, "frontend bits");
	probe(&icl, &hw);
	ok(!(hw.pmc[0].valid & SEL_ANY), "AnyThread is gone from Ice Lake");
	is_u64(hw.pmc[HW_PMC_FIXED].valid, 0x3333, "from its nibbles, too");
	probe(&nhm, &hw);
	is_u64(hw.pmc[HW_PMC_OFFCORE1].msr, 0, "Nehalem has one offcore word");
	is_u64(hw.pmc[HW_PMC_FRONTEND].msr, 0, "and no frontend word");
	ok(hw.pmd[0].wr32, "and writes 32 bits");
}

static void test_energy(void)
{
	struct pfm_hw hw;

	probe(&skl, &hw);
	ok(hw.joule[HW_ENERGY_PKG] == 1.0 / 16384, "2^-14 joule a step");
	is_u64(hw.pmd[HW_PMD_FREE + HW_ENERGY_PKG].width, 32, "in 32 bits");
	probe(&spr, &hw);
	ok(hw.joule[HW_ENERGY_PSYS] == 1, "Sapphire Rapids' platform: 1 J");
	probe(&zen5, &hw);
	ok(hw.joule[HW_ENERGY_PKG] == 1.0 / 65536, "Zen: 2^-16 joule a step");
	probe(&adl_e, &hw);
	is_u64(hw.pmd[HW_PMD_FREE + HW_ENERGY_PKG].msr, 0,
	       "no unit register: no energy");
}

/* Where each event of the reference may go, by micro-architecture. */
#define ALL 0
static const struct {
	int line;
	unsigned uarch, code;
	uint32_t pmds; /* general counters; ALL: all */
} constraints[] = {
	{ __LINE__, UARCH_CORE2, 0x0010, 1 },
	{ __LINE__, UARCH_CORE2, 0x0111, 2 },
	{ __LINE__, UARCH_CORE2, 0x0012, 2 },
	{ __LINE__, UARCH_CORE2, 0x0013, 2 },
	{ __LINE__, UARCH_CORE2, 0x0014, 1 },
	{ __LINE__, UARCH_CORE2, 0x0018, 1 },
	{ __LINE__, UARCH_CORE2, 0x0119, 2 },
	{ __LINE__, UARCH_CORE2, 0x00a1, 1 },
	{ __LINE__, UARCH_CORE2, 0x00c9, 1 },
	{ __LINE__, UARCH_CORE2, 0x01cb, 1 },
	{ __LINE__, UARCH_CORE2, 0x00c4, ALL },
	{ __LINE__, UARCH_NHM, 0x0140, 3 },
	{ __LINE__, UARCH_NHM, 0x0143, 3 },
	{ __LINE__, UARCH_NHM, 0x0248, 3 },
	{ __LINE__, UARCH_NHM, 0x014c, 3 },
	{ __LINE__, UARCH_NHM, 0x014e, 3 },
	{ __LINE__, UARCH_NHM, 0x0151, 3 },
	{ __LINE__, UARCH_NHM, 0x0163, 3 },
	{ __LINE__, UARCH_NHM, 0x01b7, ALL },
	{ __LINE__, UARCH_WSM, 0x0151, 3 },
	{ __LINE__, UARCH_WSM, 0x0163, 3 },
	{ __LINE__, UARCH_WSM, 0x0160, 1 },
	{ __LINE__, UARCH_WSM, 0x01b3, 1 },
	{ __LINE__, UARCH_SNB, 0x0148, 4 },
	{ __LINE__, UARCH_SNB, 0x02a3, 4 },
	{ __LINE__, UARCH_SNB, 0x06a3, 4 },
	{ __LINE__, UARCH_SNB, 0x01a3, ALL },
	{ __LINE__, UARCH_SNB, 0x01c0, 2 },
	{ __LINE__, UARCH_SNB, 0x01cd, 8 },
	{ __LINE__, UARCH_SNB, 0x81d0, 0xf },
	{ __LINE__, UARCH_IVB, 0x0148, 4 },
	{ __LINE__, UARCH_IVB, 0x0248, ALL },
	{ __LINE__, UARCH_IVB, 0x08a3, 4 },
	{ __LINE__, UARCH_IVB, 0x0ca3, 4 },
	{ __LINE__, UARCH_IVB, 0x01d3, 0xf },
	{ __LINE__, UARCH_HSW, 0x0148, 4 },
	{ __LINE__, UARCH_HSW, 0x0ca3, 4 },
	{ __LINE__, UARCH_HSW, 0x01c0, 2 },
	{ __LINE__, UARCH_HSW, 0x01cd, 8 },
	{ __LINE__, UARCH_BDW, 0x08a3, 4 },
	{ __LINE__, UARCH_BDW, 0x0ca3, 4 },
	{ __LINE__, UARCH_BDW, 0x04a3, ALL },
	{ __LINE__, UARCH_BDW, 0x01cd, 8 },
	{ __LINE__, UARCH_BDW, 0x20d1, 0xf },
	{ __LINE__, UARCH_SKL, 0x01c0, 2 },
	{ __LINE__, UARCH_SKL, 0x81d0, 0xf },
	{ __LINE__, UARCH_SKL, 0x01c6, 0xf },
	{ __LINE__, UARCH_SKL, 0x01cd, 0xf },
	{ __LINE__, UARCH_SKL, 0x08a3, ALL },
	{ __LINE__, UARCH_ICL, 0x0103, 0xf },
	{ __LINE__, UARCH_ICL, 0x0148, 0xf },
	{ __LINE__, UARCH_ICL, 0x0160, 0xf },
	{ __LINE__, UARCH_ICL, 0x01b7, 0xf },
	{ __LINE__, UARCH_ICL, 0x81d0, 0xf },
	{ __LINE__, UARCH_ICL, 0x04a3, ALL },
	{ __LINE__, UARCH_ICL, 0x10a3, ALL },
	{ __LINE__, UARCH_ICL, 0x14a3, ALL },
	{ __LINE__, UARCH_ICL, 0x08a3, 0xf },
	{ __LINE__, UARCH_ICL, 0x412e, ALL },
	{ __LINE__, UARCH_GLC, 0x0148, 0xf },
	{ __LINE__, UARCH_GLC, 0x412e, ALL },
	{ __LINE__, UARCH_GLC, 0x013c, ALL },
	{ __LINE__, UARCH_GLC, 0x01a3, 0xf },
	{ __LINE__, UARCH_GLC, 0x04a3, ALL },
	{ __LINE__, UARCH_GLC, 0x04a4, 1 },
	{ __LINE__, UARCH_GLC, 0x08a4, 1 },
	{ __LINE__, UARCH_GLC, 0x02a4, ALL },
	{ __LINE__, UARCH_GLC, 0x02cd, 1 },
	{ __LINE__, UARCH_GLC, 0x01cd, 0xfe },
	{ __LINE__, UARCH_GLC, 0x00ce, 1 },
	{ __LINE__, UARCH_RWC, 0x81d0, 0xf },
	{ __LINE__, UARCH_LNC, 0x0120, 0xf },
	{ __LINE__, UARCH_LNC, 0x012a, 0xf },
	{ __LINE__, UARCH_LNC, 0x0148, 4 },
	{ __LINE__, UARCH_LNC, 0x0175, 4 },
	{ __LINE__, UARCH_LNC, 0x0ca3, 4 },
	{ __LINE__, UARCH_LNC, 0x08a4, 1 },
	{ __LINE__, UARCH_LNC, 0x10a4, 8 },
	{ __LINE__, UARCH_LNC, 0x01b1, 8 },
	{ __LINE__, UARCH_LNC, 0x01cd, 0x3fc },
	{ __LINE__, UARCH_LNC, 0x02cd, 3 },
	{ __LINE__, UARCH_LNC, 0x87d0, ALL },
	{ __LINE__, UARCH_LNC, 0x81d0, 0xf },
	{ __LINE__, UARCH_CMT, 0x05d0, 3 },
	{ __LINE__, UARCH_F15, 0x0001, 0x38 },
	{ __LINE__, UARCH_F15, 0x1100, 8 },
	{ __LINE__, UARCH_F15, 0x0003, 8 },
	{ __LINE__, UARCH_F15, 0x0304, 8 },
	{ __LINE__, UARCH_F15, 0x0104, 0x38 },
	{ __LINE__, UARCH_F15, 0x0023, 7 },
	{ __LINE__, UARCH_F15, 0x002d, 8 },
	{ __LINE__, UARCH_F15, 0x002e, 9 },
	{ __LINE__, UARCH_F15, 0x0131, 7 },
	{ __LINE__, UARCH_F15, 0x0040, 0x3f },
	{ __LINE__, UARCH_F15, 0x0076, 7 },
	{ __LINE__, UARCH_F15, 0x008f, 1 },
	{ __LINE__, UARCH_F15, 0x00c0, 0x3f },
	{ __LINE__, UARCH_F15, 0x00d0, 7 },
	{ __LINE__, UARCH_F15, 0x00db, 0x3f },
};

/* A CPU with counters enough for every row. */
static struct pfm_hw some(unsigned uarch)
{
	struct pfm_hw hw;

	probe(uarch >= UARCH_K7 ? &f15 : &icl, &hw);
	hw.uarch = uarch;
	if (uarch < UARCH_K7)
		hw.gp = 0x3ff;
	return hw;
}

static void test_constraints(void)
{
	struct hw_rule rule;

	for (unsigned i = 0; i < sizeof(constraints) / sizeof(constraints[0]);
	     i++) {
		struct pfm_hw hw = some(constraints[i].uarch);
		uint32_t want =
			constraints[i].pmds ? constraints[i].pmds : hw.gp;
		uint64_t code = constraints[i].code | SEL_USR | SEL_EN;

		if (hw_rule(&hw, code, &rule) < 0)
			diag("%s", pfm_reason());
		is_u64(rule.pmds & 0xffff, want, "line %d: code %#x",
		       constraints[i].line, constraints[i].code);
	}
}

static void test_rules(void)
{
	struct pfm_hw hw;
	struct hw_rule r;

	probe(&skl, &hw);
	hw_rule(&hw, 0x4300c0, &r);
	is_u64(r.pmds, 0x1000f, "instructions: fixed 0 or any general");
	hw_rule(&hw, 0x14300c0, &r);
	is_u64(r.pmds, 0xf, "with a mask: general counters only");
	hw_rule(&hw, 0x430300, &r);
	is_u64(r.pmds, 1u << 18, "D14: reference cycles on fixed 2 only");
	hw_rule(&hw, B(33) | 0x4300c4, &r);
	is_u64(r.pmds, 4, "IN_TXCP on counter 2 only");
	hw_rule(&hw, 0x4301b7, &r);
	is_u64(r.nextra, 2, "D13: an offcore event has two registers");
	is_u64(r.extra[0], HW_PMC_OFFCORE0, "this one");
	is_u64(r.code[1], 0x4301bb, "or by the other code");
	is_u64(r.extra[1], HW_PMC_OFFCORE1, "that one");
	is_i64(hw_rule(&hw, 0x438000, &r), -EINVAL, "a metric is no counter");
	is_i64(hw_rule(&hw, 0x430400, &r), -EINVAL, "D15: no fixed counter 3");
	ok(strstr(pfm_reason(), "cannot be placed on a general counter"),
	   "and no other will do");
	is_i64(hw_rule(&hw, B(40) | 0x4300c0, &r), -EINVAL, "unknown bits");
	is_i64(hw_rule(&hw, 0x4300c0 | SEL_INT, &r), 0,
	       "D12: the interrupt is ignored here");
	probe(&icl, &hw);
	hw_rule(&hw, 0x430100, &r);
	is_u64(r.pmds, 1u << 16, "PREC_DIST on fixed 0 only");
	hw_rule(&hw, 0x430400, &r);
	is_u64(r.pmds, 1u << 19, "slots on fixed 3 only");
	probe(&spr, &hw);
	hw_rule(&hw, 0x43012a, &r);
	is_u64(r.code[1], 0x43012b, "OCR by either code");
	probe(&zen5, &hw);
	hw_rule(&hw, 0x43ff03, &r);
	ok(r.pair, "floating-point operations take two counters");
	is_u64(r.pmds, 0x15, "the first is even");
	ok(hw_is_merge(&hw, UINT64_C(0xf004000ff)), "the merge event");
	probe(&f15, &hw);
	is_i64(hw_rule(&hw, 0x4300e0, &r), -EINVAL,
	       "the northbridge's events are not the core's");
}

/* libpfm4's names for the two types of core of a hybrid part. */
static void test_types(void)
{
	struct pfm_hw hw;

	probe(&adl_e, &hw);
	ok(hw_is_of(&hw, "adl_grt::INST_RETIRED"), "an E-core's own event");
	ok(hw_is_of_other(&hw, "adl_glc::INST_RETIRED"), "and a P-core's");
	ok(!hw_is_of_other(&hw, "perf::CYCLES"), "a portable one is nobody's");
	probe(&spr, &hw);
	ok(!hw_is_of_other(&hw, "adl_glc::INST_RETIRED"),
	   "no types where there is one");
}

static void test_generic(void)
{
	/* clang-format off */
	static const struct {
		const struct cpu *cpu;
		unsigned config;
		uint64_t code;
	} rows[] = {
		{ &skl, PERF_COUNT_HW_CPU_CYCLES, 0x3c },
		{ &skl, PERF_COUNT_HW_REF_CPU_CYCLES, 0x300 },
		{ &skl, PERF_COUNT_HW_CACHE_MISSES, 0x412e },
		{ &skl, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 0 },
		{ &nhm, PERF_COUNT_HW_BRANCH_MISSES, 0 }, /* EBX[6] */
		{ &nhm, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 0xc4 },
		{ &k8, PERF_COUNT_HW_CPU_CYCLES, 0x76 },
		{ &k8, PERF_COUNT_HW_CACHE_MISSES, 0x77e },
		{ &zen5, PERF_COUNT_HW_CACHE_REFERENCES, 0xff60 },
		{ &zen5, PERF_COUNT_HW_REF_CPU_CYCLES, UINT64_C(0x100000120) },
		{ &zen5, PERF_COUNT_HW_BRANCH_MISSES, 0xc3 },
	};
	/* clang-format on */
	struct pfm_hw hw;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		probe(rows[i].cpu, &hw);
		is_u64(hw_generic(&hw, rows[i].config), rows[i].code,
		       "%s: portable event %u", rows[i].cpu->name,
		       rows[i].config);
	}
}

static void test_arithmetic(void)
{
	struct pfm_hw hw;
	uint64_t wr = 0, rd = 0;

	is_u64(hw_delta(0xfffffffffff0, 0x10, 48), 0x20, "D1");
	is_u64(hw_delta(0xfffffffff0, 0x0f, 40), 0x1f, "D2");
	is_u64(hw_delta(0xfffffff0, 0x10, 32), 0x20, "D3");
	ok((double)hw_delta(0xfffffff0, 0x10, 32) / 65536 == 0.00048828125,
	   "D3: in joules");
	is_u64(hw_delta(0xffffffff, 0, 32), 1, "D4");
	is_i64(hw_degrees(0x88360000), 54, "D5");
	is_i64(hw_degrees(0x08360000), -1, "D5: not valid");
	probe(&skl, &hw);
	is_i64(hw_preset(&hw, 0, 1000003, &wr, &rd), 0, "D6");
	is_u64(wr, 0xfffffff0bdbd, "D6: written");
	probe(&nhm, &hw);
	is_i64(hw_preset(&hw, 0, 1000003, &wr, &rd), 0, "D7");
	is_u64(wr, 0xfff0bdbd, "D7: written");
	is_u64(rd, 0xfffffff0bdbd, "D7: reads");
	is_i64(hw_preset(&hw, 0, B(31), &wr, &rd), 0, "D8");
	is_u64(wr, 0x80000000, "D8: written");
	is_u64(rd, 0xffff80000000, "D8: reads");
	is_i64(hw_preset(&hw, 0, B(31) + 1, &wr, &rd), -ERANGE, "D9");
	probe(&f15, &hw);
	is_i64(hw_preset(&hw, 0, B(47), &wr, &rd), 0, "the top bit's period");
	is_i64(hw_preset(&hw, 0, B(47) + 1, &wr, &rd), -ERANGE, "D10");
	is_u64(hw_delta(0x64, 0x32, 48), 0xffffffffffce, "D11: the delta");
	ok(!hw_plausible(0xffffffffffce, UINT64_C(1000000000)),
	   "D11: nobody counts so fast");
	ok(hw_plausible(UINT64_C(29000000000), UINT64_C(1000000000)),
	   "29 events a nanosecond may be");
}

static bool model_source_cpuid(void *arg, uint32_t leaf, uint32_t sub,
			       struct cpuid_regs *r)
{
	return model_cpuid(arg, leaf, sub, r);
}

static int model_source_rdmsr(void *arg, uint32_t msr, uint64_t *v)
{
	return model_rdmsr(arg, msr, v);
}

/* Every bit that is said to be writable is, and no other may fault us. */
static void test_model(const struct model_cfg *cfg)
{
	struct model *m = model_new(cfg);
	const struct hw_source src = {
		.arg = m,
		.cpuid = model_source_cpuid,
		.rdmsr = model_source_rdmsr,
	};
	struct pfm_hw hw;
	unsigned bad = 0, n;
	uint64_t v;

	is_i64(hw_probe(&src, &hw), 0, "%s: %s", cfg->name, hw.desc);
	is_u64((unsigned)__builtin_popcount(hw.gp), cfg->ngp, "%s: counters",
	       cfg->name);
	is_u64((unsigned)__builtin_popcount(hw.fixed), cfg->nfixed,
	       "%s: fixed counters", cfg->name);
	for (n = 0; n < HW_NPMCS; n++)
		if (hw.pmc[n].msr &&
		    (model_wrmsr(m, hw.pmc[n].msr, hw.pmc[n].valid) < 0 ||
		     model_rdmsr(m, hw.pmc[n].msr, &v) < 0 ||
		     v != hw.pmc[n].valid)) {
			diag("pmc%u: %#" PRIx64 " cannot be written", n,
			     hw.pmc[n].valid);
			bad++;
		}
	is_u64(bad, 0, "%s: PMCs take every valid bit", cfg->name);
	for (n = 0; n < HW_NPMDS; n++)
		if (hw.pmd[n].msr && model_rdmsr(m, hw.pmd[n].msr, &v) < 0) {
			diag("pmd%u: %#x is not there", n, hw.pmd[n].msr);
			bad++;
		}
	for (n = 0; n < HW_PMD_FREE; n++)
		if (hw.pmd[n].msr &&
		    (model_wrmsr(m, hw.pmd[n].wr, 5) < 0 ||
		     model_rdmsr(m, hw.pmd[n].msr, &v) < 0 || v != 5))
			bad++;
	is_u64(bad, 0, "%s: PMDs are where they are said to be", cfg->name);
	if (hw.ctl) {
		uint64_t all = hw.gp | (uint64_t)hw.fixed << 32;

		ok(model_wrmsr(m, hw.ctl, all) == 0 &&
			   model_rdmsr(m, hw.ctl, &v) == 0 && v == all,
		   "%s: the global control", cfg->name);
	}
	model_free(m);
}

int main(void)
{
	test_probes();
	test_refusals();
	test_masks();
	test_energy();
	test_constraints();
	test_rules();
	test_types();
	test_generic();
	test_arithmetic();
	for (unsigned i = 0; model_cfg_at(i); i++)
		test_model(model_cfg_at(i));
	return done_testing();
}
