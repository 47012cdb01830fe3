/* SPDX-License-Identifier: MIT
 *
 * t-hw.c - what CPUID and the tables say of a PMU: the CPUIDs of parts of each
 * version, every field of their description, every constraint of the tables,
 * the arithmetic of counters, and that the registers described are the model's.
 */
#include "config.h"

#include <errno.h>
#include <linux/perf_event.h>

#include "hw-rules.h"
#include "model.h"
#include "priv.h"
#include "tap.h"

#define B(n) (UINT64_C(1) << (n))
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A CPUID, as far as a probe asks for it, and the MSRs that can be read. */
struct cpu {
	const char *name;
	struct {
		uint32_t leaf, sub, eax, ebx, ecx, edx;
	} leaf[12];
	struct {
		uint32_t msr;
		uint64_t value;
	} msr[16]; /* the others fault */
};
#define INTEL(max)                                            \
	{                                                     \
		0, 0, max, 0x756e6547, 0x6c65746e, 0x49656e69 \
	}
#define AMD(max)                                              \
	{                                                     \
		0, 0, max, 0x68747541, 0x444d4163, 0x69746e65 \
	}
#define EXT(max)                            \
	{                                   \
		0x80000000, 0, max, 0, 0, 0 \
	}
#define PDCM 0x8000
#define GUEST 0x80000000

/* clang-format off */
/* No PDCM: what 0x345 has is not for us. */
static const struct cpu core_solo = { "Core Solo", {
	INTEL(10), { 1, 0, 0x6e8, 0, 0, 0 }, { 6, 0, 1, 0, 1, 0 },
	{ 0xa, 0, 0x07280201, 0, 0, 0 } }, { { 0x345, B(13) } } };
static const struct cpu core2_early = { "an early Core 2", {
	INTEL(10), { 1, 0, 0x6f6, 0, PDCM, 0 }, { 6, 0, 1, 0, 1, 0 },
	{ 0xa, 0, 0x07280202, 0, 0, 0 } }, { { 0x345, 0 } } };
/* EBX[6]: the erratum of its architectural mispredictions. */
static const struct cpu nhm = { "Nehalem", {
	INTEL(11), { 1, 0, 0x106a5, 0, PDCM, 0 }, { 6, 0, 3, 0, 1, 0 },
	{ 0xa, 0, 0x07300403, 0x44, 0, 0x603 } },
	{ { 0x345, 0 }, { 0x1a6, 0 }, { 0x3f6, 0 } } };
static const struct cpu snb = { "Sandy Bridge, siblings off", {
	INTEL(13), { 1, 0, 0x206a7, 0, PDCM, 0 }, { 6, 0, 0x75, 0, 1, 0 },
	{ 0xa, 0, 0x07300803, 0, 0, 0x603 } },
	{ { 0x345, B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x606, 0xa1003 }, { 0x611, 1 }, { 0x639, 1 }, { 0x641, 1 } } };
static const struct cpu snb_ep = { "Sandy Bridge-EP", {
	INTEL(13), { 1, 0, 0x206d7, 0, PDCM, 0 }, { 6, 0, 0x77, 0, 9, 0 },
	{ 0xa, 0, 0x07300403, 0, 0, 0x603 } },
	{ { 0x345, B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x606, 0xa1003 }, { 0x611, 1 }, { 0x639, 1 }, { 0x641, 1 },
	  { 0x619, 1 } } };
static const struct cpu hsw = { "Haswell", {
	INTEL(13), { 1, 0, 0x306c3, 0, PDCM, 0 }, { 6, 0, 0x77, 2, 9, 0 },
	{ 7, 0, 0, B(4) | B(11), 0, 0 }, { 0xa, 0, 0x07300403, 0, 0, 0x603 } },
	{ { 0x345, 0x32c4 }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x606, 0xa0e03 }, { 0x611, 1 }, { 0x639, 1 }, { 0x641, 1 },
	  { 0x619, 1 }, { 0x64d, 1 } } };
static const struct cpu hsw_ep = { "Haswell-EP", {
	INTEL(15), { 1, 0, 0x306f2, 0, PDCM, 0 }, { 6, 0, 0x77, 2, 9, 0 },
	{ 0xa, 0, 0x07300403, 0, 0, 0x603 } },
	{ { 0x345, 0x32c4 }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x606, 0xa0e03 }, { 0x611, 1 }, { 0x619, 1 } } };
static const struct cpu skl = { "Skylake", {
	INTEL(22), { 1, 0, 0x506e3, 0, PDCM, 0 }, { 6, 0, 0x27f7, 2, 9, 0 },
	{ 7, 0, 0, B(4) | B(11), 0, 0 }, { 0xa, 0, 0x07300404, 0, 0, 0x603 } },
	{ { 0x345, 0x33c5 }, { 0x10f, 0 }, { 0x1a6, 0 }, { 0x1a7, 0 },
	  { 0x3f6, 0 }, { 0x3f7, 0 }, { 0x606, 0xa0e03 }, { 0x611, 1 }, { 0x639, 1 },
	  { 0x641, 1 }, { 0x619, 1 }, { 0x64d, 1 }, { 0x64e, 1 } } };
/* TSX has counter 3: 7:EDX[13], and 0x10f[0] is 0. */
static const struct cpu clx = { "Cascade Lake", {
	INTEL(22), { 1, 0, 0x50657, 0, PDCM, 0 }, { 6, 0, 0x0ef7, 2, 9, 0 },
	{ 7, 0, 0, B(4) | B(11), 0, B(13) },
	{ 0xa, 0, 0x07300404, 0, 0, 0x603 } },
	{ { 0x345, 0x33c5 }, { 0x10f, 0 }, { 0x1a6, 0 }, { 0x1a7, 0 },
	  { 0x3f6, 0 }, { 0x3f7, 0 }, { 0x606, 0xa0e03 }, { 0x611, 1 },
	  { 0x619, 1 }, { 0x64e, 1 } } };
static const struct cpu icl = { "Ice Lake", {
	INTEL(27), { 1, 0, 0x706e5, 0, PDCM, 0 }, { 6, 0, 0x17f7, 2, 9, 0 },
	{ 7, 0, 0, 0, 0, 0 }, { 0xa, 0, 0x08300805, 0, 0xf, 0x8604 } },
	{ { 0x345, 0xe0c5 | B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 },
	  { 0x3f6, 0 }, { 0x3f7, 0 }, { 0x64e, 1 } } };
static const struct cpu adl_p = { "a P-core of Alder Lake", {
	INTEL(32), { 1, 0, 0x90672, 0, PDCM, 0 }, { 6, 0, 0xdf8ff7, 2, 9, 0 },
	{ 7, 0, 0, 0, 0, B(15) }, { 0x1a, 0, 0x40000001, 0, 0, 0 },
	{ 0xa, 0, 0x08300805, 0, 0xf, 0x8604 } },
	{ { 0x345, 0xe0c5 | B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x3f7, 0 }, { 0x64e, 1 } } };
static const struct cpu adl_e = { "an E-core of Alder Lake", {
	INTEL(32), { 1, 0, 0x90672, 0, PDCM, 0 }, { 6, 0, 0xdf8ff7, 2, 9, 0 },
	{ 7, 0, 0, 0, 0, B(15) }, { 0x1a, 0, 0x20000001, 0, 0, 0 },
	{ 0xa, 0, 0x07300605, 0, 7, 0x8603 } },
	{ { 0x345, B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x64e, 1 } } };
/* E-cores switched off: not hybrid any more. */
static const struct cpu adl_alone = { "Alder Lake without E-cores", {
	INTEL(32), { 1, 0, 0x90672, 0, PDCM, 0 }, { 7, 0, 0, 0, 0, 0 },
	{ 0xa, 0, 0x08300805, 0, 0xf, 0x8604 } }, { { 0x345, B(13) } } };
static const struct cpu spr = { "Sapphire Rapids", {
	INTEL(32), { 1, 0, 0x806f8, 0, PDCM, 0 }, { 6, 0, 0xdf8ff7, 2, 9, 0 },
	{ 7, 0, 0, B(11), 0, 0 }, { 0xa, 0, 0x08300805, 0, 0xf, 0x8604 } },
	{ { 0x345, B(13) | B(15) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x3f7, 0 }, { 0x606, 0xa0e03 }, { 0x611, 1 }, { 0x619, 1 },
	  { 0x639, 1 }, { 0x641, 1 }, { 0x64d, 1 }, { 0x64e, 1 } } };
static const struct cpu srf = { "Sierra Forest", {
	INTEL(0x23), { 1, 0, 0xa06f3, 0, PDCM, 0 }, { 7, 0, 0, 0, 0, 0 },
	{ 0xa, 0, 0x07300805, 0, 7, 0x8603 } },
	{ { 0x345, B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 }, { 0x3f6, 0 },
	  { 0x1328, 0 }, { 0x1329, 0 } } };
/* 0x23.0: sub-leaves 1 and 3, UMASK2, EQ; .3: no LLC misses, no slots. */
static const struct cpu holes = { "a version 6 with holes", {
	INTEL(0x23), { 1, 0, 0xb06d1, 0, PDCM, 0 }, { 7, 0, 0, 0, 0, 0 },
	{ 0xa, 0, 0x08300a06, 0, 0xf, 0x8604 }, { 0x23, 0, 0xb, 3, 0, 0 },
	{ 0x23, 1, 0x2f5, 0x75, 0, 0 }, { 0x23, 3, 0x6f, 0, 0, 0 } },
	{ { 0x345, B(13) } } };
static const struct cpu v6_rdpmc = { "a version 6 with RDPMC disable", {
	INTEL(0x23), { 1, 0, 0xb06d1, 0, PDCM, 0 }, { 7, 0, 0, 0, 0, 0 },
	{ 0xa, 0, 0x08300a06, 0, 0xf, 0x8604 }, { 0x23, 0, 3, 4, 0, 0 },
	{ 0x23, 1, 0x3ff, 0xf, 0, 0 } }, { { 0 } } };
static const struct cpu slm = { "Silvermont", {
	INTEL(11), { 1, 0, 0x30678, 0, PDCM, 0 }, { 6, 0, 7, 0, 9, 0 },
	{ 0xa, 0, 0x07280203, 0, 0, 0x503 } },
	{ { 0x345, 0x32c1 & ~B(13) }, { 0x1a6, 0 }, { 0x1a7, 0 },
	  { 0x606, 0x505 }, { 0x611, 1 }, { 0x639, 1 } } };
/* It has fixed counters whatever it says, as it has no hypervisor. */
static const struct cpu unknown = { "a model of tomorrow", {
	INTEL(0x16), { 1, 0, 0xf06f1, 0, PDCM, 0 }, { 6, 0, 0x77, 2, 9, 0 },
	{ 7, 0, 0, 0, 0, 0 }, { 0xa, 0, 0x07300404, 0, 0, 0x600 } },
	{ { 0x345, B(13) }, { 0x606, 0xa0e03 }, { 0x611, 1 }, { 0x1a6, 0 } } };
/* A guest with the counters of its host, and nothing else of it. */
static const struct cpu guest_pmu = { "a guest with a PMU", {
	INTEL(22), { 1, 0, 0x506e3, 0, PDCM | GUEST, 0 },
	{ 6, 0, 4, 0, 0, 0 }, { 7, 0, 0, 0, 0, 0 },
	{ 0xa, 0, 0x07300402, 0, 0, 0 } },
	{ { 0x345, B(13) }, { 0x606, 0 }, { 0x611, 0 } } };
static const struct cpu guest = { "a guest without PMU", {
	INTEL(13), { 1, 0, 0x506e3, 0, GUEST, 0 },
	{ 0xa, 0, 0, 0, 0, 0 } }, { { 0 } } };
static const struct cpu p4 = { "a Pentium 4", {
	INTEL(5), { 1, 0, 0xf34, 0, 0, 0 } }, { { 0 } } };
static const struct cpu nonsense = { "a CPUID of nonsense", {
	INTEL(13), { 1, 0, 0x506e3, 0, 0, 0 },
	{ 0xa, 0, 0xffff0004, 0, 0, 0xffffffff } }, { { 0 } } };
static const struct cpu k8 = { "K8", {
	AMD(1), { 1, 0, 0x20f12, 0, 0, 0 }, EXT(0x80000018),
	{ 0x80000001, 0, 0x20f12, 0, 0, 0 } }, { { 0 } } };
static const struct cpu k10 = { "family 10h", {
	AMD(5), { 1, 0, 0x100f42, 0, 0, 0 }, { 6, 0, 0, 0, 1, 0 },
	EXT(0x8000001b), { 0x80000001, 0, 0, 0, 0x37ff, 0 } }, { { 0 } } };
static const struct cpu f15 = { "family 15h", {
	AMD(13), { 1, 0, 0x600f12, 0, 0, 0 }, { 6, 0, 0, 0, 1, 0 },
	EXT(0x8000001e), { 0x80000001, 0, 0, 0, B(23), 0 } }, { { 0 } } };
static const struct cpu zen = { "Zen", {
	AMD(13), { 1, 0, 0x800f11, 0, 0, 0 }, { 6, 0, 4, 0, 1, 0 },
	EXT(0x8000001f), { 0x80000001, 0, 0, 0, B(23), 0 },
	{ 0x80000007, 0, 0, 0, 0, 0x6799 | B(10) },
	{ 0x80000008, 0, 0x3030, B(1), 0, 0 } },
	{ { 0xc0010299, 0xa1003 }, { 0xc001029a, 1 }, { 0xc001029b, 1 } } };
static const struct cpu zen4 = { "Zen 4", {
	AMD(16), { 1, 0, 0xa10f11, 0, 0, 0 }, { 6, 0, 4, 0, 1, 0 },
	EXT(0x80000028), { 0x80000001, 0, 0, 0, B(23), 0 },
	{ 0x80000007, 0, 0, 0, 0, B(8) },
	{ 0x80000008, 0, 0x3030, B(1), 0, 0 },
	{ 0x80000022, 0, 7, 0x106, 0, 0 } },
	{ { 0xc0010299, 0 }, { 0xc001029b, 0 } } };
static const struct cpu zen5 = { "Zen 5", {
	AMD(16), { 1, 0, 0xb00f21, 0, 0, 0 }, { 6, 0, 4, 0, 1, 0 },
	EXT(0x80000028), { 0x80000001, 0, 0, 0, B(23), 0 },
	{ 0x80000007, 0, 0, 0, 0, 0x6799 | B(10) },
	{ 0x80000008, 0, 0x3030, B(1), 0, 0 },
	{ 0x80000022, 0, 7, 0x106, 0, 0 } },
	{ { 0xc0010299, 0xa1003 }, { 0xc001029a, 1 }, { 0xc001029b, 1 } } };
static const struct cpu hygon = { "Hygon", {
	{ 0, 0, 13, 0x6f677948, 0x656e6975, 0x6e65476e },
	{ 1, 0, 0x900f02, 0, 0, 0 }, EXT(0x8000001f),
	{ 0x80000001, 0, 0, 0, B(23), 0 } }, { { 0 } } };
static const struct cpu amd_new = { "an AMD of tomorrow", {
	AMD(16), { 1, 0, 0xf00f00, 0, 0, 0 }, EXT(0x80000022),
	{ 0x80000001, 0, 0, 0, B(23), 0 }, { 0x80000022, 0, 1, 8, 0, 0 } },
	{ { 0 } } };
static const struct cpu k6 = { "K6", {
	AMD(1), { 1, 0, 0x58c, 0, 0, 0 } }, { { 0 } } };
static const struct cpu via = { "another vendor", {
	{ 0, 0, 1, 0x746e6543, 0x736c7561, 0x48727561 },
	{ 1, 0, 0x6fa, 0, 0, 0 } }, { { 0 } } };
/* clang-format on */

static bool cpu_cpuid(void *arg, uint32_t leaf, uint32_t sub,
		      struct cpuid_regs *r)
{
	const struct cpu *c = arg;
	uint32_t max = c->leaf[0].eax;

	for (unsigned i = 0; i < N(c->leaf); i++) {
		if (c->leaf[i].leaf == 0x80000000 && leaf >= 0x80000000)
			max = c->leaf[i].eax;
		if (c->leaf[i].leaf != leaf || c->leaf[i].sub != sub ||
		    (i && !leaf))
			continue;
		*r = (struct cpuid_regs){ c->leaf[i].eax, c->leaf[i].ebx,
					  c->leaf[i].ecx, c->leaf[i].edx };
		return true;
	}
	*r = (struct cpuid_regs){ 0 };
	return leaf <= max;
}

static int cpu_rdmsr(void *arg, uint32_t msr, uint64_t *v)
{
	const struct cpu *c = arg;

	for (unsigned i = 0; i < N(c->msr) && c->msr[i].msr; i++)
		if (c->msr[i].msr == msr) {
			*v = c->msr[i].value;
			return 0;
		}
	return -EIO;
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

/* What a description must be. */
struct want {
	const struct cpu *cpu;
	const char *desc, *libpfm;
	unsigned uarch, family, model, stepping, core_type, version;
	uint32_t gp, fixed, missing; /* missing: of the first eight events */
	uint8_t width;
	uint32_t ctl, status, clr, set;
	uint32_t sel, ctr, wr; /* of counter 0 */
	uint8_t stride;
	uint64_t valid, valid2, fixed_valid; /* of PMC 0, 2 and 16 */
	const char *words, *free;
};

/* "19 1a6 ffff MSR_OFFCORE_RSP_0 ..." */
static void list_words(const struct pfm_hw *hw, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned n = HW_PMC_FIXED + 1; n < HW_NPMCS; n++)
		if (hw->pmc[n].msr)
			len += (size_t)snprintf(text + len, size - len,
						"%s%u %x %" PRIx64 " %s",
						len ? ", " : "", n,
						hw->pmc[n].msr,
						hw->pmc[n].valid,
						hw->pmc[n].name);
}

/* "TSC 10/64, ..."; energies with the exponent of a step in joules. */
static void list_free(const struct pfm_hw *hw, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < HW_NFREE; i++) {
		const struct hw_pmd *p = &hw->pmd[HW_PMD_FREE + i];

		if (!p->msr)
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s %x/%u",
					len ? ", " : "", p->name, p->msr,
					p->width);
		if (i >= HW_ENERGY_PKG)
			len += (size_t)snprintf(text + len, size - len, " %g",
						1 / hw->joule[i]);
	}
}

/* clang-format off */
#define V4 0x391
#define SEL_I 0xffcfffff /* all but INT and AnyThread */
#define SEL_A 0x30fffc7ffff
#define TSC_I "IA32_TSC 10/64"
#define PERF_I "IA32_MPERF e7/64, IA32_APERF e8/64"
#define SMI "MSR_SMI_COUNT 34/32"
#define THERM "IA32_THERM_STATUS 19c/64"
#define THERMS THERM ", IA32_PACKAGE_THERM 1b1/64"
#define RSP(a, b) "19 1a6 " a " MSR_OFFCORE_RSP_0, 20 1a7 " b \
	" MSR_OFFCORE_RSP_1"
#define LAT "18 3f6 ffff MSR_PEBS_LD_LAT, "
static const struct want wants[] = {
	{ &core_solo, "Intel Core Solo or Duo, PMU v1, 2 general and 0 fixed "
	  "counters", NULL, 0, 6, 14, 8, 0, 1, 3, 0, 0x80, 40,
	  0, 0, 0, 0, 0x186, 0xc1, 0xc1, 1, SEL_I, 0, 0, "",
	  TSC_I ", " PERF_I ", " THERM },
	{ &core2_early, "Intel Core 2, PMU v2, 2 general and 3 fixed counters",
	  "core", UARCH_CORE2, 6, 15, 6, 0, 2, 3, 7, 0x80, 40,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0xc1, 1, SEL_I, 0, 0x333, "",
	  TSC_I ", " PERF_I ", " THERM },
	{ &nhm, "Intel Nehalem, PMU v3, 4 general and 3 fixed counters",
	  "nhm", UARCH_NHM, 6, 26, 5, 0, 3, 0xf, 7, 0xc4, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0xc1, 1,
	  SEL_I | SEL_ANY, SEL_I | SEL_ANY, 0x777,
	  LAT "19 1a6 ffff MSR_OFFCORE_RSP_0",
	  TSC_I ", " PERF_I ", " SMI ", " THERM },
	{ &snb, "Intel Sandy Bridge, PMU v3, 8 general and 3 fixed counters",
	  "snb", UARCH_SNB, 6, 42, 7, 0, 3, 0xff, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY, SEL_I | SEL_ANY, 0x777,
	  LAT RSP("3f807f8fff", "3f807f8fff"),
	  TSC_I ", " PERF_I ", " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 65536, "
	  "MSR_PP0_ENERGY_STATUS 639/32 65536, "
	  "MSR_PP1_ENERGY_STATUS 641/32 65536" },
	{ &snb_ep, "Intel Sandy Bridge-EP, PMU v3, 4 general and 3 fixed "
	  "counters", "snb_ep", UARCH_SNB, 6, 45, 7, 0, 3, 0xf, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY, SEL_I | SEL_ANY, 0x777,
	  LAT RSP("3fffff8fff", "3fffff8fff"),
	  TSC_I ", " PERF_I ", " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 65536, "
	  "MSR_PP0_ENERGY_STATUS 639/32 65536, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 65536" },
	{ &hsw, "Intel Haswell, PMU v3, 4 general and 3 fixed counters",
	  "hsw", UARCH_HSW, 6, 60, 3, 0, 3, 0xf, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY | B(32), SEL_I | SEL_ANY | B(32) | B(33), 0x777,
	  LAT RSP("3fffff8fff", "3fffff8fff"),
	  TSC_I ", " PERF_I ", " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 16384, "
	  "MSR_PP0_ENERGY_STATUS 639/32 16384, "
	  "MSR_PP1_ENERGY_STATUS 641/32 16384, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 16384" },
	{ &hsw_ep, "Intel Haswell-EP, PMU v3, 4 general and 3 fixed counters",
	  "hsw_ep", UARCH_HSW, 6, 63, 2, 0, 3, 0xf, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY, SEL_I | SEL_ANY, 0x777,
	  LAT RSP("3fffff8fff", "3fffff8fff"),
	  TSC_I ", " PERF_I ", " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 16384, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 65536" },
	{ &skl, "Intel Skylake, PMU v4, 4 general and 3 fixed counters",
	  "skl", UARCH_SKL, 6, 94, 3, 0, 4, 0xf, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY | B(32), SEL_I | SEL_ANY | B(32) | B(33), 0x777,
	  LAT RSP("3fffff8fff", "3fffff8fff") ", "
	  "21 3f7 7fff17 MSR_PEBS_FRONTEND",
	  TSC_I ", " PERF_I ", MSR_PPERF 64e/64, " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 16384, "
	  "MSR_PP0_ENERGY_STATUS 639/32 16384, "
	  "MSR_PP1_ENERGY_STATUS 641/32 16384, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 16384, "
	  "MSR_PLATFORM_ENERGY 64d/32 16384" },
	{ &clx, "Intel Cascade Lake, PMU v4, 3 general and 3 fixed counters",
	  "clx", UARCH_SKL, 6, 85, 7, 0, 4, 7, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY | B(32), SEL_I | SEL_ANY | B(32) | B(33), 0x777,
	  LAT RSP("3fffff8fff", "3fffff8fff") ", "
	  "21 3f7 7fff17 MSR_PEBS_FRONTEND",
	  TSC_I ", " PERF_I ", MSR_PPERF 64e/64, " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 16384, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 65536" },
	{ &icl, "Intel Ice Lake, PMU v5, 8 general and 4 fixed counters",
	  "icl", UARCH_ICL, 6, 126, 5, 0, 5, 0xff, 0xf, 0, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I, SEL_I, 0x3333, LAT RSP("3fffffbfff", "3fffffbfff") ", "
	  "21 3f7 7fff17 MSR_PEBS_FRONTEND",
	  TSC_I ", " PERF_I ", MSR_PPERF 64e/64, " SMI ", " THERMS },
	{ &adl_p, "Intel Alder Lake, P-core, PMU v5, 8 general and 4 fixed "
	  "counters", "adl_glc", UARCH_GLC, 6, 151, 2, 0x40, 5, 0xff, 0xf, 0,
	  48, 0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I, SEL_I, 0x3333, LAT RSP("3fffffffff", "3fffffffff") ", "
	  "21 3f7 7fff1f MSR_PEBS_FRONTEND",
	  TSC_I ", " PERF_I ", MSR_PPERF 64e/64, " SMI ", " THERMS },
	{ &adl_e, "Intel Alder Lake, E-core, PMU v5, 6 general and 3 fixed "
	  "counters", "adl_grt", UARCH_GRT, 6, 151, 2, 0x20, 5, 0x3f, 7, 0x80,
	  48, 0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I, SEL_I, 0x333, LAT RSP("3fffffffff", "3fffffffff"),
	  TSC_I ", " PERF_I ", MSR_PPERF 64e/64, " SMI ", " THERMS },
	{ &adl_alone, "Intel Alder Lake, P-core, PMU v5, 8 general and 4 fixed "
	  "counters", "adl_glc", UARCH_GLC, 6, 151, 2, 0, 5, 0xff, 0xf, 0,
	  48, 0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I, SEL_I, 0x3333, "", TSC_I ", " SMI },
	{ &spr, "Intel Sapphire Rapids, PMU v5, 8 general and 4 fixed counters",
	  "spr", UARCH_GLC, 6, 143, 8, 0, 5, 0xff, 0xf, 0, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | B(32), SEL_I | B(32) | B(33), 0x3333,
	  LAT RSP("3fffffffff", "3fffffffff") ", "
	  "21 3f7 7fff1f MSR_PEBS_FRONTEND",
	  TSC_I ", " PERF_I ", " SMI ", " THERMS ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 16384, "
	  "MSR_PP0_ENERGY_STATUS 639/32 16384, "
	  "MSR_DRAM_ENERGY_STATUS 619/32 16384, "
	  "MSR_PLATFORM_ENERGY 64d/32 1" },
	{ &srf, "Intel Sierra Forest, PMU v5, 8 general and 3 fixed counters",
	  NULL, UARCH_CMT, 6, 175, 3, 0, 5, 0xff, 7, 0x80, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1, SEL_I, SEL_I, 0x333,
	  LAT RSP("800ff3ffffffffff", "ff3ffffffffff") ", "
	  "22 1328 ffffffffffffffff MSR_SNOOP_RSP_0, "
	  "23 1329 ffffffffffffffff MSR_SNOOP_RSP_1", TSC_I ", " SMI },
	{ &holes, "Intel Lunar Lake, P-core, PMU v6, 7 general and 5 fixed "
	  "counters", NULL, UARCH_LNC, 6, 189, 1, 0, 6, 0x2f5, 0x75, 0x90, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  0xff1000000000 | (SEL_I & ~B(19)), 0xff1000000000 | (SEL_I & ~B(19)),
	  0x3330303, "", TSC_I ", " SMI },
	{ &v6_rdpmc, "Intel Lunar Lake, P-core, PMU v6, 10 general and 4 fixed "
	  "counters", NULL, UARCH_LNC, 6, 189, 1, 0, 6, 0x3ff, 0xf, 0, 48,
	  0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0xc1, 1,
	  B(37) | (SEL_I & ~B(19)), B(37) | (SEL_I & ~B(19)), 0x3333, "",
	  TSC_I ", " SMI },
	{ &slm, "Intel Silvermont, PMU v3, 2 general and 3 fixed counters",
	  "slm", UARCH_SLM, 6, 55, 8, 0, 3, 3, 7, 0x80, 40,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0xc1, 1,
	  SEL_I | SEL_ANY, 0, 0x777, RSP("768005ffff", "368005ffff"),
	  TSC_I ", " PERF_I ", " SMI ", " THERM ", "
	  "MSR_PKG_ENERGY_STATUS 611/32 31250, "
	  "MSR_PP0_ENERGY_STATUS 639/32 31250" },
	{ &unknown, "Intel family 6 model 255: unknown model, architectural "
	  "events only, PMU v4, 4+3 counters", NULL, 0, 6, 255, 1, 0, 4, 0xf,
	  7, 0x80, 48, 0x38f, 0x38e, 0x390, V4, 0x186, 0xc1, 0x4c1, 1,
	  SEL_I | SEL_ANY, SEL_I | SEL_ANY, 0x777, "",
	  TSC_I ", " PERF_I ", " THERMS },
	{ &guest_pmu, "Intel Skylake, PMU v2, 4 general and 0 fixed counters",
	  "skl", UARCH_SKL, 6, 94, 3, 0, 2, 0xf, 0, 0x80, 48,
	  0x38f, 0x38e, 0x390, 0, 0x186, 0xc1, 0x4c1, 1, SEL_I, SEL_I, 0, "",
	  TSC_I ", " SMI },
	{ &k8, "AMD K8, 4 legacy counters", "amd64_k8_reve", UARCH_K8,
	  0xf, 0x21, 2, 0, 0, 0xf, 0, 0, 48, 0, 0, 0, 0,
	  0xc0010000, 0xc0010004, 0xc0010004, 1, SEL_A, SEL_A, 0, "",
	  "TSC 10/64" },
	{ &k10, "AMD family 10h, 4 legacy counters", "amd64_fam10h_shanghai",
	  UARCH_F10, 0x10, 4, 2, 0, 0, 0xf, 0, 0, 48, 0, 0, 0, 0,
	  0xc0010000, 0xc0010004, 0xc0010004, 1, SEL_A, SEL_A, 0, "",
	  "TSC 10/64, MPERF e7/64, APERF e8/64" },
	{ &f15, "AMD family 15h, 6 core-extended counters",
	  "amd64_fam15h_interlagos", UARCH_F15, 0x15, 1, 2, 0, 1, 0x3f, 0, 0,
	  48, 0, 0, 0, 0, 0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A,
	  0, "", "TSC 10/64, MPERF e7/64, APERF e8/64" },
	{ &zen, "AMD Zen, 6 core-extended counters", "amd64_fam17h_zen1",
	  UARCH_ZEN1, 0x17, 1, 1, 0, 1, 0x3f, 0, 0,
	  48, 0, 0, 0, 0, 0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A,
	  0, "", "TSC 10/64, MPerfReadOnly c00000e7/64, "
	  "APerfReadOnly c00000e8/64, IRPerfCount c00000e9/64, "
	  "PKG_ENERGY_STAT c001029b/32 65536, "
	  "CORE_ENERGY_STAT c001029a/32 65536" },
	{ &zen4, "AMD Zen 4, 6 PerfMonV2 counters", "amd64_fam19h_zen4",
	  UARCH_ZEN4, 0x19, 0x11, 1, 0, 2, 0x3f, 0, 0, 48,
	  0xc0000301, 0xc0000300, 0xc0000302, 0xc0000303,
	  0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A, 0, "",
	  "TSC 10/64, MPERF e7/64, APERF e8/64, IRPerfCount c00000e9/64" },
	{ &zen5, "AMD Zen 5, 6 PerfMonV2 counters", "amd64_fam1ah_zen5",
	  UARCH_ZEN5, 0x1a, 2, 1, 0, 2, 0x3f, 0, 0, 48,
	  0xc0000301, 0xc0000300, 0xc0000302, 0xc0000303,
	  0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A, 0, "",
	  "TSC 10/64, MPerfReadOnly c00000e7/64, "
	  "APerfReadOnly c00000e8/64, IRPerfCount c00000e9/64, "
	  "PKG_ENERGY_STAT c001029b/32 65536, "
	  "CORE_ENERGY_STAT c001029a/32 65536" },
	{ &hygon, "AMD Zen (Hygon), 6 core-extended counters",
	  "amd64_fam17h_zen1", UARCH_ZEN1, 0x18, 0, 2, 0, 1, 0x3f, 0, 0,
	  48, 0, 0, 0, 0, 0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A,
	  0, "", "TSC 10/64" },
	{ &amd_new, "AMD family 30 model 0: unknown model, architectural events "
	  "only, 8 PerfMonV2 counters", NULL, 0, 0x1e, 0, 0, 0, 2, 0xff, 0, 0,
	  48, 0xc0000301, 0xc0000300, 0xc0000302, 0xc0000303,
	  0xc0010200, 0xc0010201, 0xc0010201, 2, SEL_A, SEL_A, 0, "",
	  "TSC 10/64" },
};
/* clang-format on */

/* Counter n: there and all its registers as those of counter 0, or nothing. */
static bool good_counter(const struct pfm_hw *hw, const struct want *w,
			 unsigned n)
{
	const struct hw_pmc *c = &hw->pmc[n];
	const struct hw_pmd *d = &hw->pmd[n];
	bool amd = hw->vendor == HW_AMD;
	uint64_t valid = n == 2 && w->valid2 ? w->valid2 : w->valid;
	char sel[32], ctr[32];

	if (!(w->gp >> n & 1))
		return !c->msr && !d->msr && !d->wr && !c->valid;
	snprintf(sel, sizeof(sel), "%s%u",
		 !amd           ? "IA32_PERFEVTSEL" :
		 w->stride == 1 ? "PerfEvtSel" :
				  "PERF_CTL",
		 n);
	snprintf(ctr, sizeof(ctr), "%s%u",
		 !amd           ? "IA32_PMC" :
		 w->stride == 1 ? "PerfCtr" :
				  "PERF_CTR",
		 n);
	return c->msr == w->sel + n * w->stride && c->valid == valid &&
	       strcmp(c->name, sel) == 0 && d->msr == w->ctr + n * w->stride &&
	       d->wr == w->wr + n * w->stride && d->width == w->width &&
	       d->wr32 == (w->wr == 0xc1) && strcmp(d->name, ctr) == 0;
}

static bool good_fixed(const struct pfm_hw *hw, const struct want *w,
		       unsigned n)
{
	const struct hw_pmd *d = &hw->pmd[HW_PMD_FIXED + n];
	char name[32];

	if (!(w->fixed >> n & 1))
		return !d->msr && !d->wr;
	snprintf(name, sizeof(name), "IA32_FIXED_CTR%u", n);
	return d->msr == 0x309 + n && d->wr == 0x309 + n &&
	       d->width == w->width && !d->wr32 && strcmp(d->name, name) == 0;
}

static void test_registers(const struct pfm_hw *hw, const struct want *w)
{
	const struct hw_pmc *fixed = &hw->pmc[HW_PMC_FIXED];
	const char *name = w->cpu->name;
	char text[800];
	unsigned n;

	for (n = 0; n < HW_MAX_GP && good_counter(hw, w, n); n++)
		;
	is_u64(n, HW_MAX_GP, "%s: general counters", name);
	for (n = 0; n < HW_MAX_FIXED && good_fixed(hw, w, n); n++)
		;
	is_u64(n, HW_MAX_FIXED, "%s: fixed counters", name);
	is_u64(fixed->valid, w->fixed_valid, "%s: their control", name);
	is_u64(fixed->msr, w->fixed ? 0x38d : 0, "%s: where it is", name);
	list_words(hw, text, sizeof(text));
	is_str(text, w->words, "%s: second words", name);
	list_free(hw, text, sizeof(text));
	is_str(text, w->free, "%s: what runs freely", name);
}

static void test_probes(void)
{
	struct pfm_hw hw;

	for (unsigned i = 0; i < N(wants); i++) {
		const struct want *w = &wants[i];
		const char *name = w->cpu->name;

		is_i64(probe(w->cpu, &hw), 0, "%s", name);
		is_str(hw.desc, w->desc, "%s: description", name);
		is_str(hw.libpfm ? hw.libpfm : "-", w->libpfm ? w->libpfm : "-",
		       "%s: libpfm4's name", name);
		is_u64(hw.uarch, w->uarch, "%s: micro-architecture", name);
		ok(hw.family == w->family && hw.model == w->model &&
			   hw.stepping == w->stepping &&
			   hw.core_type == w->core_type,
		   "%s: family %#x model %#x stepping %u type %#x", name,
		   hw.family, hw.model, hw.stepping, hw.core_type);
		ok(hw.hypervisor == (w->cpu == &guest_pmu),
		   "%s: hypervisor or not", name);
		is_u64(hw.version, w->version, "%s: version", name);
		is_u64(hw.gp, w->gp, "%s: which general", name);
		is_u64(hw.fixed, w->fixed, "%s: which fixed", name);
		is_u64(hw.no_events & 0xff, w->missing,
		       "%s: events that are missing", name);
		ok(hw.ctl == w->ctl && hw.status == w->status &&
			   hw.status_clr == w->clr && hw.status_set == w->set,
		   "%s: globals %#x %#x %#x %#x", name, hw.ctl, hw.status,
		   hw.status_clr, hw.status_set);
		test_registers(&hw, w);
	}
}

/* Families and models: reference, 2.5, and libpfm4's detection. */
static void test_names(void)
{
	/* clang-format off */
	static const struct {
		enum hw_vendor vendor;
		unsigned family, model, stepping, core_type, uarch;
		const char *libpfm;
	} rows[] = {
		{ HW_INTEL, 6, 22, 1, 0, UARCH_CORE2, "core" },
		{ HW_INTEL, 6, 46, 1, 0, UARCH_NHM, "nhm_ex" },
		{ HW_INTEL, 6, 44, 1, 0, UARCH_WSM, "wsm_dp" },
		{ HW_INTEL, 6, 62, 1, 0, UARCH_IVB, "ivb_ep" },
		{ HW_INTEL, 6, 86, 1, 0, UARCH_BDW, "bdw_ep" },
		{ HW_INTEL, 6, 85, 4, 0, UARCH_SKL, "skx" },
		{ HW_INTEL, 6, 85, 5, 0, UARCH_SKL, "clx" },
		{ HW_INTEL, 6, 167, 1, 0, UARCH_ICL, "icl" },
		{ HW_INTEL, 6, 207, 1, 0, UARCH_GLC, "emr" },
		{ HW_INTEL, 6, 183, 1, 0x40, UARCH_GLC, "adl_glc" },
		{ HW_INTEL, 6, 190, 1, 0, UARCH_GRT, "adl_grt" },
		{ HW_INTEL, 6, 170, 1, 0x40, UARCH_RWC, NULL },
		{ HW_INTEL, 6, 170, 1, 0x20, UARCH_CMT, NULL },
		{ HW_INTEL, 6, 173, 1, 0, UARCH_RWC, "gnr" },
		{ HW_INTEL, 6, 189, 1, 0x40, UARCH_LNC, NULL },
		{ HW_INTEL, 6, 189, 1, 0x20, UARCH_SKT, NULL },
		{ HW_INTEL, 6, 197, 1, 0x40, UARCH_LNC, NULL },
		{ HW_INTEL, 6, 197, 1, 0x20, UARCH_UNKNOWN, NULL },
		{ HW_INTEL, 6, 54, 1, 0, UARCH_BNL, "atom" },
		{ HW_INTEL, 6, 122, 1, 0, UARCH_GLM, "glm" },
		{ HW_INTEL, 6, 156, 1, 0, UARCH_TNT, "tmt" },
		{ HW_INTEL, 6, 133, 1, 0, UARCH_KNL, "knm" },
		{ HW_INTEL, 6, 0, 0, 0, UARCH_UNKNOWN, NULL },
		{ HW_INTEL, 15, 94, 3, 0, UARCH_UNKNOWN, NULL },
		{ HW_AMD, 6, 10, 0, 0, UARCH_K7, "amd64_k7" },
		{ HW_AMD, 15, 4, 0, 0, UARCH_K8, "amd64_k8_revb" },
		{ HW_AMD, 15, 4, 1, 0, UARCH_K8, "amd64_k8_revc" },
		{ HW_AMD, 15, 5, 1, 0, UARCH_K8, "amd64_k8_revb" },
		{ HW_AMD, 15, 5, 2, 0, UARCH_K8, "amd64_k8_revc" },
		{ HW_AMD, 15, 0x14, 0, 0, UARCH_K8, "amd64_k8_revd" },
		{ HW_AMD, 15, 0x41, 0, 0, UARCH_K8, "amd64_k8_revf" },
		{ HW_AMD, 15, 0xc1, 0, 0, UARCH_K8, "amd64_k8_revf" },
		{ HW_AMD, 15, 0x68, 0, 0, UARCH_K8, "amd64_k8_revg" },
		{ HW_AMD, 0x10, 2, 0, 0, UARCH_F10, "amd64_fam10h_barcelona" },
		{ HW_AMD, 0x10, 9, 0, 0, UARCH_F10, "amd64_fam10h_istanbul" },
		{ HW_AMD, 0x11, 3, 0, 0, UARCH_F10, "amd64_fam11h_turion" },
		{ HW_AMD, 0x12, 1, 0, 0, UARCH_F10, "amd64_fam12h_llano" },
		{ HW_AMD, 0x14, 2, 0, 0, UARCH_F10, "amd64_fam14h_bobcat" },
		{ HW_AMD, 0x16, 0, 0, 0, UARCH_F10, "amd64_fam16h" },
		{ HW_AMD, 0x17, 47, 0, 0, UARCH_ZEN1, "amd64_fam17h_zen1" },
		{ HW_AMD, 0x17, 48, 0, 0, UARCH_ZEN2, "amd64_fam17h_zen2" },
		{ HW_AMD, 0x19, 0x0f, 0, 0, UARCH_ZEN3, "amd64_fam19h_zen3" },
		{ HW_AMD, 0x19, 0x10, 0, 0, UARCH_ZEN4, "amd64_fam19h_zen4" },
		{ HW_AMD, 0x19, 0x20, 0, 0, UARCH_ZEN3, "amd64_fam19h_zen3" },
		{ HW_AMD, 0x19, 0x60, 0, 0, UARCH_ZEN4, "amd64_fam19h_zen4" },
	};
	/* clang-format on */

	for (unsigned i = 0; i < N(rows); i++) {
		struct pfm_hw hw = { .vendor = rows[i].vendor,
				     .family = rows[i].family,
				     .model = rows[i].model,
				     .stepping = rows[i].stepping,
				     .core_type = rows[i].core_type };
		const char *want = rows[i].libpfm ? rows[i].libpfm : "-";

		hw_name(&hw);
		ok(hw.uarch == rows[i].uarch &&
			   strcmp(hw.libpfm ? hw.libpfm : "-", want) == 0,
		   "%s (stepping %u) is %s", hw.desc, hw.stepping, want);
	}
}

/* What cannot be read is left out, and counters are written in 32 bits. */
static void test_no_msrs(void)
{
	const struct hw_source src = {
		.arg = (void *)&skl,
		.cpuid = cpu_cpuid,
	};
	struct pfm_hw hw;
	char text[800];

	is_i64(hw_probe(&src, &hw), 0, "CPUID alone is enough");
	ok(hw.pmd[0].wr == 0xc1 && hw.pmd[0].wr32, "legacy writes then");
	list_free(&hw, text, sizeof(text));
	is_str(text, TSC_I ", " PERF_I ", " SMI ", " THERMS,
	       "what runs freely and has a bit of CPUID, or a model");
	is_u64(hw.pmc[HW_PMC_FRONTEND].msr, 0x3f7, "second words by model");
}

static void test_refusals(void)
{
	static const struct {
		const struct cpu *cpu;
		unsigned family;
		const char *reason, *free;
	} rows[] = {
		{ &guest, 6,
		  "the hypervisor exposes no PMU (CPUID.0AH version 0)",
		  TSC_I ", " SMI },
		{ &p4, 15,
		  "this processor has no architectural PMU (CPUID.0AH "
		  "version 0)",
		  TSC_I },
		{ &nonsense, 6, "CPUID.0AH tells of counters 0 of 255 bits",
		  TSC_I ", " SMI },
		{ &k6, 5, "AMD's family 5 has no performance counters",
		  "TSC 10/64" },
		{ &via, 0, "processors of 'CentaurHauls' are not known", "" },
	};

	for (unsigned i = 0; i < N(rows); i++) {
		const char *name = rows[i].cpu->name;
		struct pfm_hw hw;
		char text[800];

		is_i64(probe(rows[i].cpu, &hw), -ENODEV, "%s is refused", name);
		ok(strncmp(pfm_reason(), rows[i].reason,
			   strlen(rows[i].reason)) == 0,
		   "%s: %s", name, pfm_reason());
		is_u64(hw.family, rows[i].family, "%s: its family", name);
		list_free(&hw, text, sizeof(text));
		is_str(text, rows[i].free, "%s: what runs freely", name);
	}
}

/*
 * Where each event of the reference, 1.10 and 2.2, may go, and its neighbours,
 * by micro-architecture.
 */
#define ALL 0
/* clang-format off */
static const struct {
	unsigned uarch;
	uint64_t code;
	uint32_t pmds; /* general counters; ALL: all */
} constraints[] = {
	{ UARCH_CORE2, 0x0110, 0x1 },
	{ UARCH_CORE2, 0x0114, 0x1 },
	{ UARCH_CORE2, 0x0118, 0x1 },
	{ UARCH_CORE2, 0x01a1, 0x1 },
	{ UARCH_CORE2, 0x01c9, 0x1 },
	{ UARCH_CORE2, 0x01cb, 0x1 },
	{ UARCH_CORE2, 0x0111, 0x2 },
	{ UARCH_CORE2, 0x0112, 0x2 },
	{ UARCH_CORE2, 0x0113, 0x2 },
	{ UARCH_CORE2, 0x0119, 0x2 },
	{ UARCH_CORE2, 0x00c4, ALL },
	{ UARCH_CORE2, 0x0f15, ALL },
	{ UARCH_CORE2, 0x0117, ALL },
	{ UARCH_NHM, 0x0140, 0x3 },
	{ UARCH_NHM, 0x0141, 0x3 },
	{ UARCH_NHM, 0x0142, 0x3 },
	{ UARCH_NHM, 0x0143, 0x3 },
	{ UARCH_NHM, 0x0148, 0x3 },
	{ UARCH_NHM, 0x014e, 0x3 },
	{ UARCH_NHM, 0x0151, 0x3 },
	{ UARCH_NHM, 0x0163, 0x3 },
	{ UARCH_NHM, 0x014c, 0x3 },
	{ UARCH_NHM, 0x0152, 0x3 },
	{ UARCH_NHM, 0x0153, 0x3 },
	{ UARCH_NHM, 0x100b, 0x8 },
	{ UARCH_NHM, 0x01b7, 0x4 },
	{ UARCH_NHM, 0x010b, ALL },
	{ UARCH_NHM, 0x00c4, ALL },
	{ UARCH_NHM, 0x0160, ALL },
	{ UARCH_NHM, 0x01b3, ALL },
	{ UARCH_NHM, 0x0144, ALL },
	{ UARCH_NHM, 0x0154, ALL },
	{ UARCH_WSM, 0x0151, 0x3 },
	{ UARCH_WSM, 0x0163, 0x3 },
	{ UARCH_WSM, 0x014c, 0x3 },
	{ UARCH_WSM, 0x014e, 0x3 },
	{ UARCH_WSM, 0x0152, 0x3 },
	{ UARCH_WSM, 0x0153, 0x3 },
	{ UARCH_WSM, 0x0160, 0x1 },
	{ UARCH_WSM, 0x01b3, 0x1 },
	{ UARCH_WSM, 0x100b, ALL },
	{ UARCH_WSM, 0x01b7, ALL },
	{ UARCH_WSM, 0x01bb, ALL },
	{ UARCH_WSM, 0x0140, ALL },
	{ UARCH_WSM, 0x0148, ALL },
	{ UARCH_SNB, 0x0148, 0x4 },
	{ UARCH_SNB, 0x0248, 0x4 },
	{ UARCH_SNB, 0x02a3, 0x4 },
	{ UARCH_SNB, 0x06a3, 0x4 },
	{ UARCH_SNB, 0x01c0, 0x2 },
	{ UARCH_SNB, 0x01cd, 0x8 },
	{ UARCH_SNB, 0x02cd, 0x8 },
	{ UARCH_SNB, 0x81d0, 0xf },
	{ UARCH_SNB, 0x01d1, 0xf },
	{ UARCH_SNB, 0x01d2, 0xf },
	{ UARCH_SNB, 0x01d3, 0xf },
	{ UARCH_SNB, 0x04a3, 0xf },
	{ UARCH_SNB, 0x05a3, 0xf },
	{ UARCH_SNB, 0x01a3, ALL },
	{ UARCH_SNB, 0x01d4, ALL },
	{ UARCH_SNB, 0x02c0, ALL },
	{ UARCH_IVB, 0x0148, 0x4 },
	{ UARCH_IVB, 0x08a3, 0x4 },
	{ UARCH_IVB, 0x0ca3, 0x4 },
	{ UARCH_IVB, 0x01c0, 0x2 },
	{ UARCH_IVB, 0x01cd, 0x8 },
	{ UARCH_IVB, 0x81d0, 0xf },
	{ UARCH_IVB, 0x01d1, 0xf },
	{ UARCH_IVB, 0x01d2, 0xf },
	{ UARCH_IVB, 0x01d3, 0xf },
	{ UARCH_IVB, 0x0279, 0xf },
	{ UARCH_IVB, 0x019c, 0xf },
	{ UARCH_IVB, 0x02a3, 0xf },
	{ UARCH_IVB, 0x04a3, 0xf },
	{ UARCH_IVB, 0x05a3, 0xf },
	{ UARCH_IVB, 0x06a3, 0xf },
	{ UARCH_IVB, 0x0248, ALL },
	{ UARCH_IVB, 0x0479, ALL },
	{ UARCH_IVB, 0x029c, ALL },
	{ UARCH_IVB, 0x01d4, ALL },
	{ UARCH_HSW, 0x0148, 0x4 },
	{ UARCH_HSW, 0x08a3, 0x4 },
	{ UARCH_HSW, 0x0ca3, 0x4 },
	{ UARCH_HSW, 0x01c0, 0x2 },
	{ UARCH_HSW, 0x01cd, 0x8 },
	{ UARCH_HSW, 0x81d0, 0xf },
	{ UARCH_HSW, 0x01d1, 0xf },
	{ UARCH_HSW, 0x01d2, 0xf },
	{ UARCH_HSW, 0x01d3, 0xf },
	{ UARCH_HSW, 0x04a3, 0xf },
	{ UARCH_HSW, 0x0248, ALL },
	{ UARCH_HSW, 0x02a3, ALL },
	{ UARCH_HSW, 0x05a3, ALL },
	{ UARCH_BDW, 0x0148, 0x4 },
	{ UARCH_BDW, 0x08a3, 0x4 },
	{ UARCH_BDW, 0x0ca3, 0x4 },
	{ UARCH_BDW, 0x01c0, 0x2 },
	{ UARCH_BDW, 0x01cd, 0x8 },
	{ UARCH_BDW, 0x81d0, 0xf },
	{ UARCH_BDW, 0x20d1, 0xf },
	{ UARCH_BDW, 0x01d2, 0xf },
	{ UARCH_BDW, 0x02cd, 0xf },
	{ UARCH_BDW, 0x04a3, ALL },
	{ UARCH_BDW, 0x01d3, ALL },
	{ UARCH_BDW, 0x0248, ALL },
	{ UARCH_SKL, 0x01c0, 0x2 },
	{ UARCH_SKL, 0x81d0, 0xf },
	{ UARCH_SKL, 0x20d1, 0xf },
	{ UARCH_SKL, 0x01d2, 0xf },
	{ UARCH_SKL, 0x01cd, 0xf },
	{ UARCH_SKL, 0x01c6, 0xf },
	{ UARCH_SKL, 0x08a3, ALL },
	{ UARCH_SKL, 0x0148, ALL },
	{ UARCH_SKL, 0x01d3, ALL },
	{ UARCH_ICL, 0x0103, 0xf },
	{ UARCH_ICL, 0x010a, 0xf },
	{ UARCH_ICL, 0x011f, 0xf },
	{ UARCH_ICL, 0x0128, 0xf },
	{ UARCH_ICL, 0x0132, 0xf },
	{ UARCH_ICL, 0x0148, 0xf },
	{ UARCH_ICL, 0x0156, 0xf },
	{ UARCH_ICL, 0x0160, 0xf },
	{ UARCH_ICL, 0x018b, 0xf },
	{ UARCH_ICL, 0x01a8, 0xf },
	{ UARCH_ICL, 0x01b0, 0xf },
	{ UARCH_ICL, 0x01b7, 0xf },
	{ UARCH_ICL, 0x01bd, 0xf },
	{ UARCH_ICL, 0x01d0, 0xf },
	{ UARCH_ICL, 0x01e6, 0xf },
	{ UARCH_ICL, 0x01ef, 0xf },
	{ UARCH_ICL, 0x01f4, 0xf },
	{ UARCH_ICL, 0x01a3, 0xf },
	{ UARCH_ICL, 0x08a3, 0xf },
	{ UARCH_ICL, 0x0ca3, 0xf },
	{ UARCH_ICL, 0x04a3, ALL },
	{ UARCH_ICL, 0x10a3, ALL },
	{ UARCH_ICL, 0x14a3, ALL },
	{ UARCH_ICL, 0x412e, ALL },
	{ UARCH_ICL, 0x0102, ALL },
	{ UARCH_ICL, 0x010b, ALL },
	{ UARCH_ICL, 0x011e, ALL },
	{ UARCH_ICL, 0x0129, ALL },
	{ UARCH_ICL, 0x0131, ALL },
	{ UARCH_ICL, 0x0133, ALL },
	{ UARCH_ICL, 0x0147, ALL },
	{ UARCH_ICL, 0x0157, ALL },
	{ UARCH_ICL, 0x015f, ALL },
	{ UARCH_ICL, 0x018c, ALL },
	{ UARCH_ICL, 0x01a7, ALL },
	{ UARCH_ICL, 0x01b1, ALL },
	{ UARCH_ICL, 0x01b6, ALL },
	{ UARCH_ICL, 0x01be, ALL },
	{ UARCH_ICL, 0x01cf, ALL },
	{ UARCH_ICL, 0x01e7, ALL },
	{ UARCH_ICL, 0x01ee, ALL },
	{ UARCH_ICL, 0x01f5, ALL },
	{ UARCH_GLC, 0x0101, 0xf },
	{ UARCH_GLC, 0x012d, 0xf },
	{ UARCH_GLC, 0x012f, 0xf },
	{ UARCH_GLC, 0x013b, 0xf },
	{ UARCH_GLC, 0x013d, 0xf },
	{ UARCH_GLC, 0x018f, 0xf },
	{ UARCH_GLC, 0x01a3, 0xf },
	{ UARCH_GLC, 0x02a3, 0xf },
	{ UARCH_GLC, 0x08a3, 0xf },
	{ UARCH_GLC, 0x01d0, 0xf },
	{ UARCH_GLC, 0x01df, 0xf },
	{ UARCH_GLC, 0x412e, ALL },
	{ UARCH_GLC, 0x013c, ALL },
	{ UARCH_GLC, 0x0190, ALL },
	{ UARCH_GLC, 0x04a3, ALL },
	{ UARCH_GLC, 0x10a3, ALL },
	{ UARCH_GLC, 0x02a4, ALL },
	{ UARCH_GLC, 0x01fe, ALL },
	{ UARCH_GLC, 0x03cd, ALL },
	{ UARCH_GLC, 0x04a4, 0x1 },
	{ UARCH_GLC, 0x08a4, 0x1 },
	{ UARCH_GLC, 0x02cd, 0x1 },
	{ UARCH_GLC, 0x01ce, 0x1 },
	{ UARCH_GLC, 0x02ce, 0x1 },
	{ UARCH_GLC, 0x01cd, 0xfe },
	{ UARCH_RWC, 0x0101, 0xf },
	{ UARCH_RWC, 0x012d, 0xf },
	{ UARCH_RWC, 0x012f, 0xf },
	{ UARCH_RWC, 0x013b, 0xf },
	{ UARCH_RWC, 0x013d, 0xf },
	{ UARCH_RWC, 0x018f, 0xf },
	{ UARCH_RWC, 0x01a3, 0xf },
	{ UARCH_RWC, 0x02a3, 0xf },
	{ UARCH_RWC, 0x08a3, 0xf },
	{ UARCH_RWC, 0x01d0, 0xf },
	{ UARCH_RWC, 0x01df, 0xf },
	{ UARCH_RWC, 0x412e, ALL },
	{ UARCH_RWC, 0x013c, ALL },
	{ UARCH_RWC, 0x0190, ALL },
	{ UARCH_RWC, 0x04a3, ALL },
	{ UARCH_RWC, 0x10a3, ALL },
	{ UARCH_RWC, 0x02a4, ALL },
	{ UARCH_RWC, 0x01fe, ALL },
	{ UARCH_RWC, 0x03cd, ALL },
	{ UARCH_RWC, 0x04a4, 0x1 },
	{ UARCH_RWC, 0x08a4, 0x1 },
	{ UARCH_RWC, 0x02cd, 0x1 },
	{ UARCH_RWC, 0x01ce, 0x1 },
	{ UARCH_RWC, 0x02ce, 0x1 },
	{ UARCH_RWC, 0x01cd, 0xfe },
	{ UARCH_LNC, 0x0120, 0xf },
	{ UARCH_LNC, 0x0220, 0xf },
	{ UARCH_LNC, 0x012a, 0xf },
	{ UARCH_LNC, 0x012b, 0xf },
	{ UARCH_LNC, 0x01d0, 0xf },
	{ UARCH_LNC, 0x01df, 0xf },
	{ UARCH_LNC, 0x00e0, 0xf },
	{ UARCH_LNC, 0x0148, 0x4 },
	{ UARCH_LNC, 0x0175, 0x4 },
	{ UARCH_LNC, 0x08a3, 0x4 },
	{ UARCH_LNC, 0x0ca3, 0x4 },
	{ UARCH_LNC, 0x04a4, 0x1 },
	{ UARCH_LNC, 0x08a4, 0x1 },
	{ UARCH_LNC, 0x10a4, 0x8 },
	{ UARCH_LNC, 0x01b1, 0x8 },
	{ UARCH_LNC, 0x01cd, 0x3fc },
	{ UARCH_LNC, 0x02cd, 0x3 },
	{ UARCH_LNC, 0x87d0, ALL },
	{ UARCH_LNC, 0x0121, ALL },
	{ UARCH_LNC, 0x022a, ALL },
	{ UARCH_LNC, 0x0248, ALL },
	{ UARCH_LNC, 0x0275, ALL },
	{ UARCH_LNC, 0x04a3, ALL },
	{ UARCH_LNC, 0x01a4, ALL },
	{ UARCH_LNC, 0x02b1, ALL },
	{ UARCH_LNC, 0x01e0, ALL },
	{ UARCH_CMT, 0x05d0, 0x3 },
	{ UARCH_CMT, 0x06d0, ALL },
	{ UARCH_CMT, 0x01b7, ALL },
	{ UARCH_SLM, 0x05d0, ALL },
	{ UARCH_SLM, 0x01cd, ALL },
	{ UARCH_SLM, 0x0148, ALL },
	{ UARCH_GLM, 0x05d0, ALL },
	{ UARCH_GLM, 0x01cd, ALL },
	{ UARCH_GLM, 0x0148, ALL },
	{ UARCH_TNT, 0x05d0, ALL },
	{ UARCH_TNT, 0x01cd, ALL },
	{ UARCH_TNT, 0x0148, ALL },
	{ UARCH_GRT, 0x05d0, ALL },
	{ UARCH_GRT, 0x01cd, ALL },
	{ UARCH_GRT, 0x0148, ALL },
	{ UARCH_SKT, 0x05d0, ALL },
	{ UARCH_SKT, 0x01cd, ALL },
	{ UARCH_SKT, 0x0148, ALL },
	{ UARCH_KNL, 0x05d0, ALL },
	{ UARCH_KNL, 0x01cd, ALL },
	{ UARCH_KNL, 0x0148, ALL },
	{ UARCH_BNL, 0x05d0, ALL },
	{ UARCH_BNL, 0x01cd, ALL },
	{ UARCH_BNL, 0x0148, ALL },
	{ UARCH_UNKNOWN, 0x05d0, ALL },
	{ UARCH_UNKNOWN, 0x01cd, ALL },
	{ UARCH_UNKNOWN, 0x0148, ALL },
	{ UARCH_F15, 0x0001, 0x38 },
	{ UARCH_F15, 0x0f00, 0x38 },
	{ UARCH_F15, 0xf000, 0x38 },
	{ UARCH_F15, 0x1100, 0x8 },
	{ UARCH_F15, 0x0003, 0x8 },
	{ UARCH_F15, 0x000b, 0x8 },
	{ UARCH_F15, 0x000d, 0x8 },
	{ UARCH_F15, 0x0104, 0x38 },
	{ UARCH_F15, 0x0304, 0x8 },
	{ UARCH_F15, 0x001f, 0x38 },
	{ UARCH_F15, 0x0020, 0x3f },
	{ UARCH_F15, 0x003f, 0x3f },
	{ UARCH_F15, 0x0040, 0x3f },
	{ UARCH_F15, 0x005f, 0x3f },
	{ UARCH_F15, 0x0023, 0x7 },
	{ UARCH_F15, 0x0043, 0x7 },
	{ UARCH_F15, 0x0045, 0x7 },
	{ UARCH_F15, 0x0046, 0x7 },
	{ UARCH_F15, 0x0054, 0x7 },
	{ UARCH_F15, 0x0055, 0x7 },
	{ UARCH_F15, 0x002d, 0x8 },
	{ UARCH_F15, 0x002e, 0x9 },
	{ UARCH_F15, 0x0031, 0x7 },
	{ UARCH_F15, 0x0131, 0x7 },
	{ UARCH_F15, 0x0060, 0x7 },
	{ UARCH_F15, 0x007f, 0x7 },
	{ UARCH_F15, 0x0080, 0x7 },
	{ UARCH_F15, 0x009f, 0x7 },
	{ UARCH_F15, 0x0076, 0x7 },
	{ UARCH_F15, 0x008f, 0x1 },
	{ UARCH_F15, 0x00c0, 0x3f },
	{ UARCH_F15, 0x00cf, 0x3f },
	{ UARCH_F15, UINT64_C(0x1000000c0), 0x38 },
	{ UARCH_F15, UINT64_C(0x1000000c1), 0x3f },
	{ UARCH_F15, 0x00d0, 0x7 },
	{ UARCH_F15, 0x00da, 0x7 },
	{ UARCH_F15, 0x00db, 0x3f },
	{ UARCH_F15, 0x00df, 0x3f },
	{ UARCH_F15, UINT64_C(0x1000000d6), 0x3f },
	{ UARCH_F15, UINT64_C(0x1000000d7), 0x7 },
	{ UARCH_F15, UINT64_C(0x1000000d8), 0x3f },
	{ UARCH_F15, UINT64_C(0x100000087), 0x1 },
	{ UARCH_F15, UINT64_C(0x100000088), 0x1 },
	{ UARCH_F15, UINT64_C(0x100000089), 0x7 },
	{ UARCH_F15, UINT64_C(0x10000008f), 0x7 },
	{ UARCH_F15, UINT64_C(0x100000003), 0x38 },
};
/* clang-format on */

/* A CPU with counters enough for every row. */
static struct pfm_hw some(unsigned uarch)
{
	struct pfm_hw hw;

	probe(uarch >= UARCH_K7 ? &f15 : &icl, &hw);
	hw.uarch = uarch;
	if (uarch < UARCH_K7) {
		hw.gp = 0x3ff;
		hw.fixed = 0x7f;
	}
	return hw;
}

static void test_constraints(void)
{
	for (unsigned i = 0; i < N(constraints); i++) {
		struct pfm_hw hw = some(constraints[i].uarch);
		uint32_t want =
			constraints[i].pmds ? constraints[i].pmds : hw.gp;
		uint64_t code = constraints[i].code | SEL_USR | SEL_EN;
		struct hw_rule rule;

		if (hw_rule(&hw, code, &rule) < 0)
			diag("%s", pfm_reason());
		is_u64(rule.pmds & 0xffff, want,
		       "micro-architecture %u: %#" PRIx64 "", hw.uarch,
		       constraints[i].code);
	}
}

/* Every row of general counters is met by some event above. */
static void test_rows(void)
{
	unsigned dead = 0;

	for (unsigned i = 0; i < hw_nconstraints; i++) {
		const struct hw_constraint *c = &hw_constraints[i];
		bool met = c->pmds >> HW_PMD_FIXED; /* see test_fixed() */

		for (unsigned k = 0; k < N(constraints) && !met; k++) {
			unsigned event = constraints[k].code & 0xff;
			unsigned umask = constraints[k].code >> 8 & 0xff;

			met = c->uarchs >> constraints[k].uarch & 1 &&
			      event >= c->first && event <= c->last &&
			      (umask & c->mask) == c->umask;
		}
		if (!met) {
			diag("row %u: event %#x", i, c->first);
			dead++;
		}
	}
	is_u64(dead, 0, "each row of the constraints has a check");
}

/* Second words: reference, 1.9. */
static void test_extras(void)
{
	/* clang-format off */
	static const struct {
		unsigned uarch, code;
		unsigned n, pmc[2], other;
	} rows[] = {
		{ UARCH_NHM, 0x01b7, 1, { 19 }, 0 },
		{ UARCH_NHM, 0x01bb, 0, { 0 }, 0 },
		{ UARCH_NHM, 0x100b, 1, { 18 }, 0 },
		{ UARCH_WSM, 0x100b, 1, { 18 }, 0 },
		{ UARCH_WSM, 0x01b7, 2, { 19, 20 }, 0x01bb },
		{ UARCH_WSM, 0x01bb, 2, { 19, 20 }, 0x01bb },
		{ UARCH_SNB, 0x01b7, 2, { 19, 20 }, 0x01bb },
		{ UARCH_SNB, 0x01cd, 1, { 18 }, 0 },
		{ UARCH_SNB, 0x100b, 0, { 0 }, 0 },
		{ UARCH_BDW, 0x01bb, 2, { 19, 20 }, 0x01bb },
		{ UARCH_BDW, 0x01c6, 0, { 0 }, 0 },
		{ UARCH_SKL, 0x01bb, 2, { 19, 20 }, 0x01bb },
		{ UARCH_SKL, 0x01c6, 1, { 21 }, 0 },
		{ UARCH_SKL, 0x40ad, 0, { 0 }, 0 },
		{ UARCH_ICL, 0x01b7, 2, { 19, 20 }, 0x01bb },
		{ UARCH_ICL, 0x012a, 0, { 0 }, 0 },
		{ UARCH_ICL, 0x01c6, 1, { 21 }, 0 },
		{ UARCH_GLC, 0x012a, 2, { 19, 20 }, 0x012b },
		{ UARCH_GLC, 0x012b, 2, { 19, 20 }, 0x012b },
		{ UARCH_GLC, 0x01b7, 0, { 0 }, 0 },
		{ UARCH_GLC, 0x01cd, 1, { 18 }, 0 },
		{ UARCH_GLC, 0x01c6, 1, { 21 }, 0 },
		{ UARCH_GLC, 0x03c6, 0, { 0 }, 0 },
		{ UARCH_GLC, 0x40ad, 1, { 21 }, 0 },
		{ UARCH_GLC, 0x04c2, 1, { 21 }, 0 },
		{ UARCH_RWC, 0x012b, 2, { 19, 20 }, 0x012b },
		{ UARCH_RWC, 0x01c6, 0, { 0 }, 0 },
		{ UARCH_RWC, 0x02c6, 1, { 21 }, 0 },
		{ UARCH_RWC, 0x03c6, 1, { 21 }, 0 },
		{ UARCH_RWC, 0x40ad, 1, { 21 }, 0 },
		{ UARCH_RWC, 0x04c2, 1, { 21 }, 0 },
		{ UARCH_LNC, 0x012a, 2, { 19, 20 }, 0x012b },
		{ UARCH_LNC, 0x40ad, 1, { 21 }, 0 },
		{ UARCH_SLM, 0x01b7, 2, { 19, 20 }, 0x02b7 },
		{ UARCH_GLM, 0x02b7, 2, { 19, 20 }, 0x02b7 },
		{ UARCH_TNT, 0x01b7, 2, { 19, 20 }, 0x02b7 },
		{ UARCH_KNL, 0x02b7, 2, { 19, 20 }, 0x02b7 },
		{ UARCH_KNL, 0x01bb, 0, { 0 }, 0 },
		{ UARCH_GRT, 0x01b7, 2, { 19, 20 }, 0x02b7 },
		{ UARCH_GRT, 0x05d0, 1, { 18 }, 0 },
		{ UARCH_GRT, 0x0127, 0, { 0 }, 0 },
		{ UARCH_CMT, 0x05d0, 1, { 18 }, 0 },
		{ UARCH_CMT, 0x0127, 1, { 22 }, 0 },
		{ UARCH_CMT, 0x0227, 1, { 23 }, 0 },
		{ UARCH_UNKNOWN, 0x01b7, 0, { 0 }, 0 },
		{ UARCH_BNL, 0x01b7, 0, { 0 }, 0 },
		{ UARCH_F15, 0x01cd, 0, { 0 }, 0 },
	};
	/* clang-format on */

	for (unsigned i = 0; i < N(rows); i++) {
		struct pfm_hw hw = some(rows[i].uarch);
		uint64_t code = rows[i].code | SEL_USR | SEL_OS | SEL_EN;
		uint64_t first = code, other = code;
		struct hw_rule r;

		if (rows[i].n == 2) {
			other = (code & ~UINT64_C(0xffff)) | rows[i].other;
			first = (other & ~UINT64_C(0xffff)) |
				(rows[i].other == 0x012b ? 0x012a : 0x01b7);
		}
		hw_rule(&hw, code, &r);
		ok(r.nextra == rows[i].n &&
			   (r.nextra < 1 || (r.extra[0] == rows[i].pmc[0] &&
					     r.code[0] == first)) &&
			   (r.nextra < 2 || (r.extra[1] == rows[i].pmc[1] &&
					     r.code[1] == other)),
		   "micro-architecture %u: %#x has %u registers for a word",
		   rows[i].uarch, rows[i].code, rows[i].n);
	}
}

/* Which bits a second word may have: reference, 1.9. */
static void test_words(void)
{
	/* clang-format off */
	static const struct {
		unsigned uarch, model;
		uint64_t valid[5]; /* of PMC 18 to 21, and 22 and 23 alike */
	} rows[] = {
		{ UARCH_CORE2, 15, { 0 } },
		{ UARCH_NHM, 26, { 0xffff, 0xffff } },
		{ UARCH_WSM, 44, { 0xffff, 0xffff, 0xffff } },
		{ UARCH_SNB, 42, { 0xffff, 0x3f807f8fff, 0x3f807f8fff } },
		{ UARCH_SNB, 45, { 0xffff, 0x3fffff8fff, 0x3fffff8fff } },
		{ UARCH_IVB, 58, { 0xffff, 0x3f807f8fff, 0x3f807f8fff } },
		{ UARCH_IVB, 62, { 0xffff, 0x3fffff8fff, 0x3fffff8fff } },
		{ UARCH_HSW, 60, { 0xffff, 0x3fffff8fff, 0x3fffff8fff } },
		{ UARCH_BDW, 61, { 0xffff, 0x3fffff8fff, 0x3fffff8fff } },
		{ UARCH_SKL, 85, { 0xffff, 0x3fffff8fff, 0x3fffff8fff,
				   0x7fff17 } },
		{ UARCH_ICL, 106, { 0xffff, 0x3fffffbfff, 0x3fffffbfff,
				    0x7fff17 } },
		{ UARCH_GLC, 143, { 0xffff, 0x3fffffffff, 0x3fffffffff,
				    0x7fff1f } },
		{ UARCH_RWC, 173, { 0xffff, 0x3fffffffff, 0x3fffffffff,
				    0x7fff1f } },
		{ UARCH_LNC, 189, { 0xffff, 0xfffffffffff, 0xfffffffffff,
				    0x7fff1f } },
		{ UARCH_SLM, 55, { 0, 0x768005ffff, 0x368005ffff } },
		{ UARCH_GLM, 92, { 0, 0x760005ffbf, 0x360005ffbf } },
		{ UARCH_TNT, 134, { 0, 0x800ff0ffffff9fff, 0xff0ffffff9fff } },
		{ UARCH_KNL, 87, { 0, 0x799ffbb6e7, 0x399ffbffe7 } },
		{ UARCH_GRT, 190, { 0xffff, 0x3fffffffff, 0x3fffffffff } },
		{ UARCH_CMT, 175, { 0xffff, 0x800ff3ffffffffff,
				    0xff3ffffffffff, 0, UINT64_MAX } },
		{ UARCH_ZEN4, 0x11, { 0 } },
		{ UARCH_UNKNOWN, 255, { 0 } },
	};
	static const uint32_t msrs[] = { 0x3f6,  0x1a6,	 0x1a7,
					 0x3f7,  0x1328, 0x1329 };
	/* clang-format on */
	static const struct hw_source none = { 0 };

	for (unsigned i = 0; i < N(rows); i++) {
		struct pfm_hw hw = { .uarch = rows[i].uarch,
				     .model = rows[i].model };
		unsigned n = 0;

		hw_add_extras(&none, &hw);
		for (; n < N(msrs); n++) {
			uint64_t valid = rows[i].valid[n < 4 ? n : 4];
			const struct hw_pmc *pmc = &hw.pmc[18 + n];

			if (pmc->valid != valid ||
			    pmc->msr != (valid ? msrs[n] : 0))
				break;
		}
		is_u64(n, N(msrs), "micro-architecture %u model %u: words",
		       rows[i].uarch, rows[i].model);
	}
}

/* Events of fixed counters: reference, 1.8. */
static void test_fixed(void)
{
	/* clang-format off */
	static const struct {
		unsigned uarch;
		uint64_t code;
		uint32_t pmds; /* 0: refused */
	} rows[] = {
		{ UARCH_SKL, 0x00c0, 0x103ff },
		{ UARCH_SKL, 0x003c, 0x203ff },
		{ UARCH_SKL, 0x0100, 0x10000 },
		{ UARCH_SKL, 0x0200, 0x20000 },
		{ UARCH_SKL, 0x0300, 0x40000 },
		{ UARCH_SKL, 0x0400, 0x80000 },
		{ UARCH_SKL, 0x013c, 0x003ff },
		{ UARCH_SKL, 0x0073, 0x003ff },
		{ UARCH_SKT, 0x0073, 0x1003ff },
		{ UARCH_SKT, 0x019c, 0x2003ff },
		{ UARCH_SKT, 0x02c2, 0x4003ff },
		{ UARCH_ICL, 0x01c0, 0x10000 },
		{ UARCH_ICL, 0x00c0, 0x103ff },
		{ UARCH_SKL, 0x00c0 | SEL_EDGE, 0x3ff },
		{ UARCH_SKL, 0x00c0 | SEL_INV, 0x3ff },
		{ UARCH_SKL, 0x00c0 | B(24), 0x3ff },
		{ UARCH_SKL, 0x00c0 | SEL_ANY, 0x3ff },
		{ UARCH_SKL, 0x00c0 | B(32), 0x3ff },
		{ UARCH_SKL, 0x00c0 | B(33), 4 },
		{ UARCH_SKL, 0x00c0 | SEL_INT, 0x103ff },
		{ UARCH_SKL, 0x0300 | SEL_EDGE, 0 },
		{ UARCH_SKL, 0x0300 | B(24), 0 },
		{ UARCH_SKL, 0x0300 | SEL_ANY, 0 },
		{ UARCH_ICL, 0x01c0 | SEL_INV, 0 },
		{ UARCH_SKL, 0x0000, 0 },
		{ UARCH_SKL, 0x0500, 0 },
		{ UARCH_SKL, 0x8000, 0 },
		{ UARCH_SKL, 0x8700, 0 },
	};
	/* clang-format on */

	for (unsigned i = 0; i < N(rows); i++) {
		struct pfm_hw hw = some(rows[i].uarch);
		struct hw_rule r;
		int ret;

		for (unsigned n = 0; n < HW_MAX_GP; n++)
			hw.pmc[n].valid |= SEL_ANY | B(32) | B(33);
		ret = hw_rule(&hw, rows[i].code | SEL_EN | SEL_OS, &r);
		is_i64(ret, rows[i].pmds ? 0 : -EINVAL,
		       "micro-architecture %u: %#" PRIx64, rows[i].uarch,
		       rows[i].code);
		is_u64(ret ? 0 : r.pmds, rows[i].pmds, "and its counters");
	}
}

/* Refused with a reason that says this. */
static void refuses(const struct cpu *cpu, uint64_t code, const char *why)
{
	struct hw_rule r;
	struct pfm_hw hw;

	probe(cpu, &hw);
	is_i64(hw_rule(&hw, code, &r), -EINVAL, "%s: %#" PRIx64 " is refused",
	       cpu->name, code);
	ok(strstr(pfm_reason(), why), "because: %s", pfm_reason());
}

static void test_reasons(void)
{
	refuses(&icl, 0x438000, "a field of PERF_METRICS, not a counter");
	refuses(&skl, 0x430400,
		"fixed counter 3, which this CPU (Intel "
		"Skylake");
	/* D15, where no fixed counter 2 can be had at all */
	refuses(&guest_pmu, 0x530300,
		"fixed counter 2, which this CPU (Intel Skylake, PMU v2, 4 "
		"general and 0 fixed counters) has not; it cannot be placed on "
		"a general counter");
	refuses(&core_solo, 0x4300c0 | SEL_ANY, "bit 21 (AnyThread)");
	refuses(&icl, 0x4300c0 | SEL_ANY | B(33),
		"bit 21 (AnyThread), bit 33 (IN_TXCP)");
	refuses(&skl, 0x4300c0 | B(40), "bit 40");
	refuses(&holes, 0x4300c0 | B(19), "bit 19 (pin control)");
	refuses(&zen5, 0x4300c0 | SEL_ANY | B(43),
		"bit 21 (AnyThread), bit 43 (precise retirement)");
	refuses(&f15, 0x4300e0, "an event of the northbridge");
	refuses(&f15, 0x4300f3, "an event of the northbridge");
	refuses(&f15, 0x430331, "no counter of this CPU");
	refuses(&f15, 0x4300a0, "no counter of this CPU");
	refuses(&core_solo, 0x4300c0 | B(33), "bit 33 (IN_TXCP)");
}

static void test_rules(void)
{
	struct pfm_hw hw;
	struct hw_rule r;

	probe(&skl, &hw);
	is_i64(hw_rule(&hw, 0x5300c0, &r), 0, "D12: INT is let pass");
	is_u64(r.pmds, 0x1000f, "D12: fixed 0 or any general");
	is_i64(hw_rule(&hw, 0x4301b7, &r), 0, "D13");
	is_u64(r.pmds, 0xf, "D13: any general");
	ok(r.nextra == 2 && r.extra[0] == HW_PMC_OFFCORE0 &&
		   r.code[0] == 0x4301b7,
	   "D13: its word goes to 0x1a6");
	is_u64(hw.pmc[r.extra[0]].msr, 0x1a6, "D13: by that PMC");
	ok(!(0x10001 & ~hw.pmc[r.extra[0]].valid), "D13: which can hold it");
	is_i64(hw_rule(&hw, 0x530300, &r), 0, "D14");
	is_u64(r.pmds, 1u << 18, "D14: fixed 2 alone");
	is_u64(hw.pmc[HW_PMC_FIXED].valid >> 8 & 3, 3, "D14: both levels");
	ok(!(r.pmds & 0xffff), "D15: never a general counter");
	hw_rule(&hw, B(33) | 0x4300c4, &r);
	is_u64(r.pmds, 4, "IN_TXCP on counter 2 alone");
	probe(&clx, &hw);
	hw_rule(&hw, 0x4300c4, &r);
	is_u64(r.pmds, 7, "TSX keeps counter 3");
	probe(&holes, &hw);
	hw_rule(&hw, 0x430148, &r);
	is_u64(r.pmds, 4, "a hole is no counter");
	hw_rule(&hw, 0x4301cd, &r);
	is_u64(r.pmds, 0x2f4, "nor are these");
	hw_rule(&hw, 0x4302cd, &r);
	is_u64(r.pmds, 1, "nor this");
	hw_rule(&hw, B(40) | B(36) | 0x4300c4, &r);
	is_u64(r.pmds, 0x2f5, "version 6 has UMASK2 and EQ");
	probe(&zen5, &hw);
	hw_rule(&hw, 0x43ff03, &r);
	ok(r.pair && r.pmds == 0x15, "floating-point operations: even, a pair");
	hw_rule(&hw, B(32) | 0x43ff03, &r);
	ok(!r.pair && r.pmds == 0x3f, "event 0x103 is another one");
	hw_rule(&hw, UINT64_C(0xf004000ff), &r);
	ok(!r.pair && r.pmds == 0x2a, "the merge event: odd counters");
	ok(hw_is_merge(&hw, UINT64_C(0xf004000ff)), "it is known");
	ok(!hw_is_merge(&hw, 0x4000ff), "0xff is not it");
	probe(&f15, &hw);
	hw_rule(&hw, 0x43ff03, &r);
	ok(!r.pair, "no pairs before family 17h");
	ok(!hw_is_merge(&hw, UINT64_C(0xf004000ff)), "and no merge event");
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

/* Portable events, in the order of PERF_COUNT_HW_*; 0: there is none. */
static void test_generic(void)
{
	/* clang-format off */
	static const struct {
		const struct cpu *cpu;
		uint64_t code[10];
	} rows[] = {
		{ &skl, { 0x3c, 0xc0, 0x4f2e, 0x412e, 0xc4, 0xc5, 0x13c, 0, 0,
			  0x300 } },
		{ &core_solo, { 0x3c, 0xc0, 0x4f2e, 0x412e, 0xc4, 0xc5, 0x13c,
				0, 0, 0 } },
		/* bits 2 and 6 of EBX */
		{ &nhm, { 0x3c, 0xc0, 0x4f2e, 0x412e, 0xc4, 0, 0, 0, 0,
			  0x300 } },
		/* 0x23.3 without bit 4 */
		{ &holes, { 0x3c, 0xc0, 0x4f2e, 0, 0xc4, 0xc5, 0x13c, 0, 0,
			    0x300 } },
		{ &guest_pmu, { 0x3c, 0xc0, 0x4f2e, 0x412e, 0xc4, 0xc5, 0x13c,
				0, 0, 0 } },
		{ &k8, { 0x76, 0xc0, 0x77d, 0x77e, 0xc2, 0xc3, 0, 0xd0, 0xd1,
			 0 } },
		{ &f15, { 0x76, 0xc0, 0x77d, 0x77e, 0xc2, 0xc3, 0, 0xd0, 0xd1,
			  0 } },
		{ &zen, { 0x76, 0xc0, 0xff60, 0x964, 0xc2, 0xc3, 0, 0x287,
			  0x187, 0 } },
		{ &zen4, { 0x76, 0xc0, 0xff60, 0x964, 0xc2, 0xc3, 0, 0xa9, 0,
			   UINT64_C(0x100000120) } },
		{ &zen5, { 0x76, 0xc0, 0xff60, 0x964, 0xc2, 0xc3, 0, 0xa9, 0,
			   UINT64_C(0x100000120) } },
	};
	/* clang-format on */
	struct pfm_hw hw;

	for (unsigned i = 0; i < N(rows); i++) {
		probe(rows[i].cpu, &hw);
		for (unsigned n = 0; n < N(rows[i].code); n++)
			is_u64(hw_generic(&hw, n), rows[i].code[n],
			       "%s: portable event %u", rows[i].cpu->name, n);
		is_u64(hw_generic(&hw, 10), 0, "%s: and no more",
		       rows[i].cpu->name);
	}
	hw.uarch = UARCH_ZEN3;
	hw.family = 0x19;
	is_u64(hw_generic(&hw, PERF_COUNT_HW_REF_CPU_CYCLES), 0,
	       "Zen 3 has no reference cycles");
}

/* hw_preset() of counter n: write and read; write 0: refused. */
static void preset(const struct cpu *cpu, unsigned n, uint64_t period,
		   const uint64_t want[2])
{
	uint64_t wr = 0, rd = 0;
	struct pfm_hw hw;

	probe(cpu, &hw);
	is_i64(hw_preset(&hw, n, period, &wr, &rd), want[0] ? 0 : -ERANGE,
	       "%s, PMD %u: period %" PRIu64, cpu->name, n, period);
	ok(wr == want[0] && rd == want[1],
	   "writes %#" PRIx64 ", reads %#" PRIx64, wr, rd);
}

static void test_presets(void)
{
	/* clang-format off */
	static const struct {
		const struct cpu *cpu;
		unsigned n;
		uint64_t period, want[2];
	} rows[] = {
		/* D6 to D10 */
		{ &skl, 0, 1000003, { 0xfffffff0bdbd, 0xfffffff0bdbd } },
		{ &nhm, 0, 1000003, { 0xfff0bdbd, 0xfffffff0bdbd } },
		{ &nhm, 0, B(31), { 0x80000000, 0xffff80000000 } },
		{ &nhm, 0, B(31) + 1, { 0 } },
		{ &f15, 0, B(47) + 1, { 0 } },
		{ &f15, 0, B(47), { B(47), B(47) } },
		{ &zen4, 0, B(47) + 1, { B(47) - 1, B(47) - 1 } },
		{ &skl, 0, B(48) - 1, { 1, 1 } },
		{ &skl, 0, B(48), { 0 } },
		{ &skl, 0, 0, { 0 } },
		{ &nhm, HW_PMD_FIXED, B(40), { B(48) - B(40), B(48) - B(40) } },
		{ &core2_early, 1, 1, { 0xffffffff, 0xffffffffff } },
		{ &skl, 5, 1, { 0 } },
		{ &skl, HW_PMD_FREE + HW_TSC, 1, { 0 } },
	};
	/* clang-format on */

	for (unsigned i = 0; i < N(rows); i++)
		preset(rows[i].cpu, rows[i].n, rows[i].period, rows[i].want);
}

static void test_arithmetic(void)
{
	is_u64(hw_delta(0xfffffffffff0, 0x10, 48), 0x20, "D1");
	is_u64(hw_delta(0xfffffffff0, 0x0f, 40), 0x1f, "D2");
	is_u64(hw_delta(0xfffffff0, 0x10, 32), 0x20, "D3");
	ok((double)hw_delta(0xfffffff0, 0x10, 32) / 65536 == 0.00048828125,
	   "D3: in joules");
	is_u64(hw_delta(0xffffffff, 0, 32), 1, "D4");
	is_u64(hw_delta(UINT64_MAX, 1, 64), 2, "and in 64 bits");
	is_i64(hw_degrees(0x88360000), 54, "D5");
	is_i64(hw_degrees(0x08360000), -1, "D5: not valid");
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

/*
 * Bits of a PMC that a CPU has and that are never ours: the interrupts, and
 * adaptive records of PEBS.
 */
static uint64_t not_ours(const struct model_cfg *cfg, unsigned n)
{
	uint64_t bits = 0;

	if (n < HW_MAX_GP)
		return SEL_INT | (cfg->adaptive ? B(34) : 0);
	for (unsigned i = 0; n == HW_PMC_FIXED && i < cfg->nfixed; i++)
		bits |= B(4 * i + 3) | (cfg->adaptive ? B(32 + 4 * i) : 0);
	return bits;
}

/* All valid bits can be set, and of the others none. */
static bool good_pmc(struct model *m, const struct hw_pmc *pmc, unsigned n)
{
	const struct model_cfg *cfg = model_config(m);
	uint64_t others = ~(pmc->valid | not_ours(cfg, n)), v;

	if (model_wrmsr(m, pmc->msr, pmc->valid) < 0 ||
	    model_rdmsr(m, pmc->msr, &v) < 0 || v != pmc->valid)
		return false;
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(others >> bit & 1))
			continue;
		if (model_wrmsr(m, pmc->msr, B(bit)) == (cfg->amd ? 0 : -EIO) &&
		    model_rdmsr(m, pmc->msr, &v) == 0 &&
		    v == (cfg->amd ? 0 : pmc->valid))
			continue;
		diag("pmc%u: bit %u can be set", n, bit);
		return false;
	}
	return true;
}

static bool good_pmd(struct model *m, const struct hw_pmd *pmd)
{
	uint64_t v;

	if (model_rdmsr(m, pmd->msr, &v) < 0)
		return false;
	if (!pmd->wr)
		return true;
	/* A negative value that any way of writing can write. */
	if (model_wrmsr(m, pmd->wr,
			-UINT64_C(5) & (pmd->wr32 ? UINT32_MAX :
						    B(pmd->width) - 1)) < 0)
		return false;
	return model_rdmsr(m, pmd->msr, &v) == 0 &&
	       v == (-UINT64_C(5) & (B(pmd->width) - 1));
}

/* The description of a model is what the model does. */
static void test_model(const struct model_cfg *cfg)
{
	struct model *m = model_new(cfg);
	const struct hw_source src = {
		.arg = m,
		.cpuid = model_source_cpuid,
		.rdmsr = model_source_rdmsr,
	};
	struct pfm_hw hw;
	uint64_t v, all;
	unsigned n;

	is_i64(hw_probe(&src, &hw), 0, "%s: %s", cfg->name, hw.desc);
	is_u64(hw.gp, B(cfg->ngp) - 1, "%s: general counters", cfg->name);
	is_u64(hw.fixed, B(cfg->nfixed) - 1, "%s: fixed", cfg->name);
	is_u64(hw.version, cfg->version, "%s: version", cfg->name);
	for (n = 0; n < HW_NPMCS; n++)
		if (hw.pmc[n].msr)
			ok(good_pmc(m, &hw.pmc[n], n),
			   "%s: %s takes its bits, and no others", cfg->name,
			   hw.pmc[n].name);
	for (n = 0; n < HW_NPMDS; n++)
		if (hw.pmd[n].msr)
			ok(good_pmd(m, &hw.pmd[n]),
			   "%s: %s is where it is said to be", cfg->name,
			   hw.pmd[n].name);
	if (hw.ctl) {
		all = hw.gp | (uint64_t)hw.fixed << 32;
		ok(model_wrmsr(m, hw.ctl, all) == 0 &&
			   model_rdmsr(m, hw.ctl, &v) == 0 && v == all,
		   "%s: the global control", cfg->name);
		ok(model_wrmsr(m, hw.status_clr, all) == 0 &&
			   model_rdmsr(m, hw.status, &v) == 0 && v == 0,
		   "%s: the status, and how to clear it", cfg->name);
	}
	if (hw.status_set)
		ok(model_wrmsr(m, hw.status_set, 1) == 0 &&
			   model_rdmsr(m, hw.status, &v) == 0 && v == 1,
		   "%s: and how to set it", cfg->name);
	model_free(m);
}

int main(void)
{
	test_probes();
	test_names();
	test_no_msrs();
	test_refusals();
	test_constraints();
	test_rows();
	test_extras();
	test_words();
	test_fixed();
	test_reasons();
	test_rules();
	test_types();
	test_generic();
	test_presets();
	test_arithmetic();
	for (unsigned i = 0; model_cfg_at(i); i++)
		test_model(model_cfg_at(i));
	return done_testing();
}
