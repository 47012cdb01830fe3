/* SPDX-License-Identifier: MIT
 *
 * model-cpuid.c - which CPUs the register model can be, and what CPUID says on
 * them: the leaves a PMU driver reads, the others are 0.
 */
#include "config.h"

#include <string.h>

#include "insn.h"
#include "model-priv.h"

/*
 * Counters, widths and options: the parts as Intel and AMD document them, see
 * the reference, 1.1 and 6.2.  A Skylake thread has 8 general counters when
 * its sibling is off.  Ice Lake silicon has 5 slots a cycle; vector G12 has 4.
 */
/* clang-format off */
static const struct model_cfg cfgs[] = {
	/*         amd
	 *         |  version
	 *         |  |  counters
	 *         |  |  |      widths
	 *         |  |  |      |        full_width
	 *         |  |  |      |        |  any_thread
	 *         |  |  |      |        |  |  tsx
	 *         |  |  |      |        |  |  |  metrics
	 *         |  |  |      |        |  |  |  |  adaptive
	 *         |  |  |      |        |  |  |  |  |  core_ext
	 *         |  |  |      |        |  |  |  |  |  |  freeze
	 *         |  |  |      |        |  |  |  |  |  |  |  slots
	 */
	{ "CORE2", 0, 2,  2, 3, 40, 40, 0, 0, 0, 0, 0, 0, 0, 4, 6,  15, 0 },
	{ "NHM",   0, 3,  4, 3, 48, 48, 0, 1, 0, 0, 0, 0, 0, 4, 6,  26, 0 },
	{ "HSW",   0, 3,  4, 3, 48, 48, 1, 1, 1, 0, 0, 0, 0, 4, 6,  60, 0 },
	{ "SKL",   0, 4,  4, 3, 48, 48, 1, 1, 1, 0, 0, 0, 0, 4, 6,  94, 0 },
	{ "SKL8",  0, 4,  8, 3, 48, 48, 1, 1, 1, 0, 0, 0, 0, 4, 6,  94, 0 },
	{ "ICL",   0, 5,  8, 4, 48, 48, 1, 0, 0, 1, 1, 0, 0, 4, 6, 125, 0 },
	{ "K10",   1, 0,  4, 0, 48,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 2, 0 },
	{ "ZEN",   1, 1,  6, 0, 48,  0, 0, 0, 0, 0, 0, 1, 0, 0, 0x17, 1, 0 },
	{ "ZEN4",  1, 2,  6, 0, 48,  0, 0, 0, 0, 0, 0, 1, 1, 0, 0x19, 0x11, 0 },
	{ "ADLP",  0, 5,  8, 4, 48, 48, 1, 0, 0, 1, 1, 0, 0, 6, 6, 151, 0x40 },
	{ "ADLE",  0, 5,  6, 3, 48, 48, 1, 0, 0, 0, 1, 0, 0, 5, 6, 151, 0x20 },
	{ "LNC",   0, 6, 10, 4, 48, 48, 1, 0, 0, 1, 1, 0, 0, 8, 6, 0xbd, 0 },
};
/* clang-format on */
#define NCFGS (sizeof(cfgs) / sizeof(cfgs[0]))

/*
 * Masks of the extra registers: Linux 6.12 arch/x86/events/intel/core.c,
 * intel_*_extra_regs, all events of a register together.  PEBS_ENABLE: Intel
 * SDM volume 3, 325384-059, "Processor Event Based Sampling" of each
 * generation; from Ice Lake on every counter.
 */
/* clang-format off */
static const struct model_part parts[] = {
	{ 0, 6,  15, 0, GEN_CORE2, 0xa, 0x80000008, { 0, 0 }, 0, 1 },
	{ 0, 6,  26, 0, GEN_NHM, 0xb, 0x80000008, { 0xffff, 0 }, 0,
	  0xf0000000f },
	{ 0, 6,  60, 0, GEN_HSW, 0xd, 0x80000008,
	  { 0x3fffff8fff, 0x3fffff8fff }, 0, 0xf0000000f },
	{ 0, 6,  94, 0, GEN_SKL, 0x16, 0x80000008,
	  { 0x3fffff8fff, 0x3fffff8fff }, 0x7fff17, 0xf },
	{ 0, 6, 125, 0, GEN_ICL, 0x1b, 0x80000008,
	  { 0x3fffffbfff, 0x3fffffbfff }, 0x7fff17, 0xf000000ff },
	{ 0, 6, 151, 0x40, GEN_GLC, 0x20, 0x80000008,
	  { 0x3fffffffff, 0x3fffffffff }, 0x7fff1f, 0xf000000ff },
	{ 0, 6, 151, 0x20, GEN_GRT, 0x20, 0x80000008,
	  { 0x3fffffffff, 0x3fffffffff }, 0, 0x70000003f },
	{ 0, 6, 0xbd, 0, GEN_LNC, 0x23, 0x80000008,
	  { 0xfffffffffff, 0xfffffffffff }, 0x7fff1f, 0xf000003ff },
	{ 1, 0x10, 2, 0, GEN_K10, 0x6, 0x8000001b, { 0, 0 }, 0, 0 },
	{ 1, 0x17, 1, 0, GEN_ZEN, 0xd, 0x8000001f, { 0, 0 }, 0, 0 },
	{ 1, 0x19, 0x11, 0, GEN_ZEN, 0x10, 0x80000028, { 0, 0 }, 0, 0 },
};
static const struct model_part others[] = {
	{ 0, 0, 0, 0, GEN_OTHER, 0x23, 0x80000008, { 0, 0 }, 0, 0 },
	{ 1, 0, 0, 0, GEN_OTHER, 0x10, 0x80000022, { 0, 0 }, 0, 0 },
};
/* clang-format on */

const struct model_cfg *model_cfg_at(unsigned i)
{
	return i < NCFGS ? &cfgs[i] : NULL;
}

const struct model_cfg *model_cfg_find(const char *name)
{
	for (unsigned i = 0; i < NCFGS; i++)
		if (strcmp(cfgs[i].name, name) == 0)
			return &cfgs[i];
	return NULL;
}

const struct model_part *model_part_find(const struct model_cfg *cfg)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct model_part *p = &parts[i];

		if (p->amd == cfg->amd && p->family == cfg->family &&
		    p->model == cfg->model && p->core_type == cfg->core_type)
			return p;
	}
	return &others[cfg->amd];
}

/* Family, model and stepping 0 as 1:EAX has them. */
static uint32_t signature(const struct model_cfg *cfg)
{
	unsigned base = cfg->family < 0xf ? cfg->family : 0xf;

	return (cfg->family - base) << 20 | cfg->model >> 4 << 16 | base << 8 |
	       (cfg->model & 0xf) << 4;
}

/* In the order EBX, EDX, ECX. */
static void put_vendor(bool amd, struct cpuid_regs *r)
{
	const char *name = amd ? "AuthenticAMD" : "GenuineIntel";

	memcpy(&r->ebx, name, 4);
	memcpy(&r->edx, name + 4, 4);
	memcpy(&r->ecx, name + 8, 4);
}

/*
 * Intel SDM volume 2, "CPUID - CPU Identification"; the bits used: PDCM
 * 1:ECX[15], hypervisor 1:ECX[31], thermal sensors 6:EAX[0] and [6], APERF and
 * MPERF 6:ECX[0], HLE and RTM 7:EBX[4] and [11], hybrid 7:EDX[15].
 */
static void leaf_intel(const struct model *m, uint32_t leaf, uint32_t sub,
		       struct cpuid_regs *r)
{
	const struct model_cfg *cfg = m->cfg;
	bool slots = cfg->version >= 5 && cfg->nfixed > 3;

	switch (leaf) {
	case 1:
		r->ecx |= BIT(15);
		break;
	case 6:
		r->eax = 1 | (m->part->gen >= GEN_HSW ? BIT(6) : 0);
		break;
	case 7:
		if (sub == 0) {
			r->ebx = cfg->tsx ? BIT(4) | BIT(11) : 0;
			r->edx = cfg->core_type ? BIT(15) : 0;
		}
		break;
	case 0xa: /* EBX is 0: none of the events is missing */
		r->eax = cfg->version | cfg->ngp << 8 | cfg->width << 16 |
			 (slots ? 8u : 7u) << 24;
		r->ecx = cfg->version >= 5 ? low_bits(cfg->nfixed) : 0;
		r->edx = cfg->nfixed | cfg->fixed_width << 5 |
			 (cfg->version >= 5 && !cfg->any_thread) << 15;
		break;
	case 0x1a:
		r->eax = cfg->core_type << 24;
		break;
	case 0x23:
		if (cfg->version < 6)
			break;
		if (sub == 0) {
			r->eax = BIT(0) | BIT(1) | BIT(3); /* sub-leaves */
			r->ebx = BIT(0) | BIT(1);          /* UMASK2, EQ */
		} else if (sub == 1) {
			r->eax = low_bits(cfg->ngp);
			r->ebx = low_bits(cfg->nfixed);
		} else if (sub == 3) {
			r->eax = low_bits(slots ? 8 : 7);
		}
		break;
	}
}

/*
 * AMD64 APM volume 3, 24594, appendix E: PerfCtrExtCore 80000001H:ECX[23],
 * EffFreqRO 80000007H:EDX[10], InstRetCntMsr 80000008H:EBX[1], PerfMonV2 and
 * LbrAndPmcFreeze 80000022H:EAX[0] and [2], NumPerfCtrCore EBX[3:0].
 */
static void leaf_amd(const struct model *m, uint32_t leaf, struct cpuid_regs *r)
{
	const struct model_cfg *cfg = m->cfg;
	bool zen = m->part->gen == GEN_ZEN;

	switch (leaf) {
	case 0x80000000:
		put_vendor(true, r);
		break;
	case 0x80000001:
		r->eax = signature(cfg);
		r->ecx = cfg->core_ext ? BIT(23) : 0;
		break;
	case 0x80000007:
		r->edx |= zen ? BIT(10) : 0;
		break;
	case 0x80000008:
		r->ebx = zen ? BIT(1) : 0;
		break;
	case 0x80000022:
		if (cfg->version >= 2) {
			r->eax = BIT(0) | (cfg->freeze ? BIT(2) : 0);
			r->ebx = cfg->ngp;
		}
		break;
	}
}

bool model_cpuid(const struct model *m, uint32_t leaf, uint32_t sub,
		 struct cpuid_regs *r)
{
	const struct model_cfg *cfg = m->cfg;

	if (leaf > (leaf >> 31 ? m->part->max_ext : m->part->max_leaf))
		return false;
	*r = (struct cpuid_regs){ 0 };
	switch (leaf) {
	case 0:
		r->eax = m->part->max_leaf;
		put_vendor(cfg->amd, r);
		break;
	case 1: /* EDX: FPU, TSC, MSR */
		r->eax = signature(cfg);
		r->ecx = m->mode == MODEL_SWALLOW ? BIT(31) : 0;
		r->edx = BIT(0) | BIT(4) | BIT(5);
		break;
	case 6:
		r->ecx = 1;
		break;
	case 0x80000000:
		r->eax = m->part->max_ext;
		break;
	case 0x80000007: /* the TSC is invariant */
		r->edx = m->part->gen == GEN_CORE2 ? 0 : BIT(8);
		break;
	case 0x80000008: /* 48 bits of physical and linear address */
		r->eax = 0x3030;
		break;
	}
	if (cfg->amd)
		leaf_amd(m, leaf, r);
	else
		leaf_intel(m, leaf, sub, r);
	return true;
}
