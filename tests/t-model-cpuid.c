/* SPDX-License-Identifier: MIT
 *
 * t-model-cpuid.c - which models there are, and what CPUID says on them: every
 * leaf that a probe of the PMU reads.
 */
#include "config.h"

#include "insn.h"
#include "model-test.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
	const char *cfg;
	uint32_t leaf, sub;
	struct cpuid_regs r;
} leaves[] = {
	{ "CORE2", 0, 0, { 0xa, 0x756e6547, 0x6c65746e, 0x49656e69 } },
	{ "ZEN", 0, 0, { 0xd, 0x68747541, 0x444d4163, 0x69746e65 } },
	{ "CORE2", 1, 0, { 0x6f0, 0, 0x8000, 0x31 } },
	{ "NHM", 1, 0, { 0x106a0, 0, 0x8000, 0x31 } },
	{ "HSW", 1, 0, { 0x306c0, 0, 0x8000, 0x31 } },
	{ "SKL", 1, 0, { 0x506e0, 0, 0x8000, 0x31 } },
	{ "SKL8", 1, 0, { 0x506e0, 0, 0x8000, 0x31 } },
	{ "ICL", 1, 0, { 0x706d0, 0, 0x8000, 0x31 } },
	{ "ADLP", 1, 0, { 0x90670, 0, 0x8000, 0x31 } },
	{ "ADLE", 1, 0, { 0x90670, 0, 0x8000, 0x31 } },
	{ "LNC", 1, 0, { 0xb06d0, 0, 0x8000, 0x31 } },
	{ "K10", 1, 0, { 0x100f20, 0, 0, 0x31 } },
	{ "ZEN", 1, 0, { 0x800f10, 0, 0, 0x31 } },
	{ "ZEN4", 1, 0, { 0xa10f10, 0, 0, 0x31 } },
	{ "CORE2", 6, 0, { 0x1, 0, 1, 0 } },
	{ "SKL", 6, 0, { 0x41, 0, 1, 0 } },
	{ "ZEN", 6, 0, { 0, 0, 1, 0 } },
	{ "NHM", 7, 0, { 0, 0, 0, 0 } },
	{ "HSW", 7, 0, { 0, 0x810, 0, 0 } },
	{ "ICL", 7, 0, { 0, 0, 0, 0 } },
	{ "ADLP", 7, 0, { 0, 0, 0, 0x8000 } },
	{ "ADLE", 7, 0, { 0, 0, 0, 0x8000 } },
	{ "ADLE", 7, 1, { 0, 0, 0, 0 } },
	{ "CORE2", 0xa, 0, { 0x07280202, 0, 0, 0x503 } },
	{ "NHM", 0xa, 0, { 0x07300403, 0, 0, 0x603 } },
	{ "HSW", 0xa, 0, { 0x07300403, 0, 0, 0x603 } },
	{ "SKL", 0xa, 0, { 0x07300404, 0, 0, 0x603 } },
	{ "SKL8", 0xa, 0, { 0x07300804, 0, 0, 0x603 } },
	{ "ICL", 0xa, 0, { 0x08300805, 0, 0xf, 0x8604 } },
	{ "ADLP", 0xa, 0, { 0x08300805, 0, 0xf, 0x8604 } },
	{ "ADLE", 0xa, 0, { 0x07300605, 0, 0x7, 0x8603 } },
	{ "LNC", 0xa, 0, { 0x08300a06, 0, 0xf, 0x8604 } },
	{ "ZEN", 0xa, 0, { 0, 0, 0, 0 } },
	{ "ADLP", 0x1a, 0, { 0x40000000, 0, 0, 0 } },
	{ "ADLE", 0x1a, 0, { 0x20000000, 0, 0, 0 } },
	{ "LNC", 0x23, 0, { 0xb, 0x3, 0, 0 } },
	{ "LNC", 0x23, 1, { 0x3ff, 0xf, 0, 0 } },
	{ "LNC", 0x23, 2, { 0, 0, 0, 0 } },
	{ "LNC", 0x23, 3, { 0xff, 0, 0, 0 } },
	{ "SKL", 0x80000000, 0, { 0x80000008, 0, 0, 0 } },
	{ "ZEN4", 0x80000000, 0,
	  { 0x80000028, 0x68747541, 0x444d4163, 0x69746e65 } },
	{ "K10", 0x80000001, 0, { 0x100f20, 0, 0, 0 } },
	{ "ZEN", 0x80000001, 0, { 0x800f10, 0, 0x800000, 0 } },
	{ "ZEN4", 0x80000001, 0, { 0xa10f10, 0, 0x800000, 0 } },
	{ "CORE2", 0x80000007, 0, { 0, 0, 0, 0 } },
	{ "SKL", 0x80000007, 0, { 0, 0, 0, 0x100 } },
	{ "K10", 0x80000007, 0, { 0, 0, 0, 0x100 } },
	{ "ZEN", 0x80000007, 0, { 0, 0, 0, 0x500 } },
	{ "K10", 0x80000008, 0, { 0x3030, 0, 0, 0 } },
	{ "ZEN", 0x80000008, 0, { 0x3030, 0x2, 0, 0 } },
	{ "ZEN4", 0x80000022, 0, { 0x5, 0x6, 0, 0 } },
};
/* clang-format on */

static void test_cpuid(void)
{
	static const struct {
		const char *cfg;
		uint32_t leaf;
	} absent[] = {
		{ "CORE2", 0xb },      { "SKL", 0x1a },
		{ "ADLP", 0x23 },      { "LNC", 0x24 },
		{ "SKL", 0x40000000 }, { "SKL", 0x80000009 },
		{ "K10", 0x80000022 }, { "ZEN", 0x80000022 },
	};

	for (size_t i = 0; i < N(leaves); i++) {
		struct model *m = make(leaves[i].cfg);
		struct cpuid_regs r = { 1, 2, 3, 4 };

		if (!ok(model_cpuid(m, leaves[i].leaf, leaves[i].sub, &r) &&
				memcmp(&r, &leaves[i].r, sizeof(r)) == 0,
			"%s: CPUID %#x.%u", leaves[i].cfg, leaves[i].leaf,
			leaves[i].sub))
			diag("got %#x %#x %#x %#x", r.eax, r.ebx, r.ecx, r.edx);
		model_free(m);
	}
	for (size_t i = 0; i < N(absent); i++) {
		struct model *m = make(absent[i].cfg);
		struct cpuid_regs r;

		ok(!model_cpuid(m, absent[i].leaf, 0, &r),
		   "%s: CPUID %#x is not there", absent[i].cfg, absent[i].leaf);
		model_free(m);
	}
}

static void test_names(void)
{
	static const char *const names[] = {
		"CORE2", "NHM", "HSW",  "SKL",  "SKL8", "ICL",
		"K10",   "ZEN", "ZEN4", "ADLP", "ADLE", "LNC",
	};

	for (unsigned i = 0; i < N(names); i++) {
		const struct model_cfg *cfg = model_cfg_find(names[i]);
		struct model *m;

		ok(cfg && cfg == model_cfg_at(i), "%s is known", names[i]);
		if (!cfg)
			continue;
		m = model_new(cfg);
		ok(m && model_config(m) == cfg, "%s can be made", names[i]);
		model_free(m);
	}
	ok(!model_cfg_at(N(names)), "there are no more");
	ok(!model_cfg_find("SKY"), "there is no SKY");
}

int main(void)
{
	test_names();
	test_cpuid();
	return done_testing();
}
