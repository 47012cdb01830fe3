/* SPDX-License-Identifier: MIT
 *
 * hw-tables.c - which counters an event may be counted on, and which register
 * holds its second word: data only, see hw-rules.c.
 *
 * Sources, by block: L - Linux 6.12, constraint tables and extra_reg tables of
 * arch/x86/events/intel/core.c; J - the "Counter" field of Intel's event lists
 * as in Linux 6.12, tools/perf/pmu-events/arch/x86/.  Where they differ, L; J
 * alone restricts what it is named at.
 */
#include "config.h"

#include "hw-rules.h"

#define C(n) (UINT32_C(1) << (n))
#define LOW2 0x3
#define LOW4 0xf
#define FIXED0 C(HW_PMD_FIXED)
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
/*
 * Intel SDM volume 3, 325384-059, "Fixed-Function Performance Counters"; later
 * ones and the pseudo codes of event 0: L, FIXED_EVENT_CONSTRAINT.  0200 is how
 * J writes the cycles of fixed counter 1.  013C is not here: only the newest
 * parts count the clock of fixed counter 2 for it.
 */
const struct hw_fixed hw_fixeds[] = {
	{ UINT32_MAX, 0x00c0, 0 }, /* INST_RETIRED.ANY */
	{ UINT32_MAX, 0x0100, 0 }, /* INST_RETIRED.PREC_DIST */
	{ UINT32_MAX, 0x003c, 1 }, /* CPU_CLK_UNHALTED.CORE */
	{ UINT32_MAX, 0x0200, 1 },
	{ UINT32_MAX, 0x0300, 2 }, /* CPU_CLK_UNHALTED.REF */
	{ UINT32_MAX, 0x0400, 3 }, /* SLOTS */
	{ U(SKT), 0x0073, 4 },     /* TOPDOWN_BAD_SPECULATION.ALL */
	{ U(SKT), 0x019c, 5 },     /* TOPDOWN_FE_BOUND.ALL */
	{ U(SKT), 0x02c2, 6 },     /* TOPDOWN_RETIRING.ALL */
};
const unsigned hw_nfixeds = N(hw_fixeds);

const struct hw_constraint hw_constraints[] = {
	/* Core 2: L */
	{ U(CORE2), 0x10, 0x10, 0, 0, C(0) }, /* FP_COMP_OPS_EXE */
	{ U(CORE2), 0x11, 0x11, 0, 0, C(1) }, /* FP_ASSIST */
	{ U(CORE2), 0x12, 0x12, 0, 0, C(1) }, /* MUL */
	{ U(CORE2), 0x13, 0x13, 0, 0, C(1) }, /* DIV */
	{ U(CORE2), 0x14, 0x14, 0, 0, C(0) }, /* CYCLES_DIV_BUSY */
	{ U(CORE2), 0x18, 0x18, 0, 0, C(0) }, /* IDLE_DURING_DIV */
	{ U(CORE2), 0x19, 0x19, 0, 0, C(1) }, /* DELAYED_BYPASS */
	{ U(CORE2), 0xa1, 0xa1, 0, 0, C(0) }, /* RS_UOPS_DISPATCHED */
	{ U(CORE2), 0xc9, 0xc9, 0, 0, C(0) }, /* ITLB_MISS_RETIRED */
	{ U(CORE2), 0xcb, 0xcb, 0, 0, C(0) }, /* MEM_LOAD_RETIRED */
	/* Nehalem: L; 100B, 4C, 52, 53, 01B7: J */
	{ U(NHM), 0x0b, 0x0b, 0x10, 0xff, C(3) }, /* load latency */
	{ U(NHM), 0x40, 0x43, 0, 0, LOW2 }, /* L1D_CACHE_* */
	{ U(NHM), 0x48, 0x48, 0, 0, LOW2 }, /* L1D_PEND_MISS */
	{ U(NHM), 0x4c, 0x4c, 0, 0, LOW2 },
	{ U(NHM), 0x4e, 0x4e, 0, 0, LOW2 }, /* L1D_PREFETCH */
	{ U(NHM), 0x51, 0x53, 0, 0, LOW2 }, /* L1D */
	{ U(NHM), 0x63, 0x63, 0, 0, LOW2 }, /* CACHE_LOCK_CYCLES */
	{ U(NHM), 0xb7, 0xb7, 0x01, 0xff, C(2) }, /* OFFCORE_RESPONSE_0 */
	/* Westmere: L; 4C, 4E, 52, 53: J */
	{ U(WSM), 0x4c, 0x4c, 0, 0, LOW2 },
	{ U(WSM), 0x4e, 0x4e, 0, 0, LOW2 },
	{ U(WSM), 0x51, 0x53, 0, 0, LOW2 }, /* L1D */
	{ U(WSM), 0x60, 0x60, 0, 0, C(0) }, /* OFFCORE_REQUESTS_OUTSTANDING */
	{ U(WSM), 0x63, 0x63, 0, 0, LOW2 }, /* CACHE_LOCK_CYCLES */
	{ U(WSM), 0xb3, 0xb3, 0, 0, C(0) }, /* SNOOPQ_REQUESTS_OUTSTANDING */
	/* Sandy Bridge to Haswell: L; Ivy Bridge's CD: J */
	{ U(SNB), 0x48, 0x48, 0, 0, C(2) }, /* L1D_PEND_MISS */
	{ U(SNB), 0xa3, 0xa3, 0x02, 0xff, C(2) }, /* CYCLE_ACTIVITY */
	{ U(SNB), 0xa3, 0xa3, 0x06, 0xff, C(2) },
	{ U(SNB), 0xa3, 0xa3, 0x04, 0xfe, LOW4 },
	{ U(IVB) | U(HSW) | U(BDW), 0x48, 0x48, 0x01, 0xff, C(2) },
	{ U(IVB), 0x79, 0x79, 0x02, 0xff, LOW4 }, /* IDQ.EMPTY */
	{ U(IVB), 0x9c, 0x9c, 0x01, 0xff, LOW4 }, /* IDQ_UOPS_NOT_DELIVERED */
	{ U(IVB), 0xa3, 0xa3, 0x02, 0xfb, LOW4 },
	{ U(IVB), 0xa3, 0xa3, 0x04, 0xfe, LOW4 },
	{ U(HSW), 0xa3, 0xa3, 0x04, 0xff, LOW4 },
	{ U(IVB) | U(HSW), 0xa3, 0xa3, 0x08, 0xff, C(2) },
	{ U(IVB) | U(HSW), 0xa3, 0xa3, 0x0c, 0xff, C(2) },
	{ U(BDW), 0xa3, 0xa3, 0x08, 0x08, C(2) },
	{ U_FROM(SNB, SKL), 0xc0, 0xc0, 0x01, 0xff, C(1) }, /* PREC_DIST; BDW: J */
	{ U_FROM(SNB, HSW), 0xcd, 0xcd, 0, 0, C(3) }, /* load latency */
	{ U(BDW), 0xcd, 0xcd, 0x01, 0xff, C(3) }, /* J */
	{ U_FROM(SNB, HSW), 0xd0, 0xd3, 0, 0, LOW4 }, /* MEM_*_RETIRED */
	/* Broadwell, Skylake to Comet Lake: L; J: TOTAL_CYCLES_PS 0, 2, 3 */
	{ U(BDW) | U(SKL), 0xd0, 0xd2, 0, 0, LOW4 },
	{ U(BDW) | U(SKL), 0xcd, 0xcd, 0, 0, LOW4 },
	{ U(SKL), 0xc6, 0xc6, 0, 0, LOW4 }, /* FRONTEND_RETIRED */
	/* Ice Lake: L */
	{ U(ICL), 0xc0, 0xc0, 0x01, 0xff, FIXED0 }, /* PREC_DIST */
	{ U(ICL), 0x03, 0x0a, 0, 0, LOW4 },
	{ U(ICL), 0x1f, 0x28, 0, 0, LOW4 },
	{ U(ICL), 0x32, 0x32, 0, 0, LOW4 }, /* SW_PREFETCH_ACCESS */
	{ U(ICL), 0x48, 0x56, 0, 0, LOW4 },
	{ U(ICL), 0x60, 0x8b, 0, 0, LOW4 },
	{ U(ICL), 0xa3, 0xa3, 0x04, 0xff, 0 }, /* any: CYCLES_TOTAL and ... */
	{ U(ICL), 0xa3, 0xa3, 0x10, 0xff, 0 },
	{ U(ICL), 0xa3, 0xa3, 0x14, 0xff, 0 },
	{ U(ICL), 0xa3, 0xa3, 0, 0, LOW4 },
	{ U(ICL), 0xa8, 0xb0, 0, 0, LOW4 },
	{ U(ICL), 0xb7, 0xbd, 0, 0, LOW4 },
	{ U(ICL), 0xd0, 0xe6, 0, 0, LOW4 },
	{ U(ICL), 0xef, 0xf4, 0, 0, LOW4 },
	/* Golden Cove, Redwood Cove: L; 01CD: J */
	{ U(GLC) | U(RWC), 0x2e, 0x2e, 0, 0, 0 }, /* any: LLC */
	{ U(GLC) | U(RWC), 0x3c, 0x3c, 0, 0, 0 }, /* any: cycles */
	{ U(GLC) | U(RWC), 0x01, 0x8f, 0, 0, LOW4 },
	{ U(GLC) | U(RWC), 0xa3, 0xa3, 0x01, 0xff, LOW4 },
	{ U(GLC) | U(RWC), 0xa3, 0xa3, 0x02, 0xff, LOW4 },
	{ U(GLC) | U(RWC), 0xa3, 0xa3, 0x08, 0xff, LOW4 },
	{ U(GLC) | U(RWC), 0xa4, 0xa4, 0x04, 0xff, C(0) },
	{ U(GLC) | U(RWC), 0xa4, 0xa4, 0x08, 0xff, C(0) },
	{ U(GLC) | U(RWC), 0xcd, 0xcd, 0x01, 0xff, 0xfe },
	{ U(GLC) | U(RWC), 0xcd, 0xcd, 0x02, 0xff, C(0) },
	{ U(GLC) | U(RWC), 0xce, 0xce, 0, 0, C(0) },
	{ U(GLC) | U(RWC), 0xd0, 0xdf, 0, 0, LOW4 },
	/* Lion Cove: L */
	{ U(LNC), 0x20, 0x20, 0, 0, LOW4 },
	{ U(LNC), 0x2a, 0x2b, 0x01, 0xff, LOW4 },
	{ U(LNC), 0x48, 0x48, 0x01, 0xff, C(2) },
	{ U(LNC), 0x75, 0x75, 0x01, 0xff, C(2) },
	{ U(LNC), 0xa3, 0xa3, 0x08, 0xff, C(2) },
	{ U(LNC), 0xa3, 0xa3, 0x0c, 0xff, C(2) },
	{ U(LNC), 0xa4, 0xa4, 0x04, 0xff, C(0) },
	{ U(LNC), 0xa4, 0xa4, 0x08, 0xff, C(0) },
	{ U(LNC), 0xa4, 0xa4, 0x10, 0xff, C(3) },
	{ U(LNC), 0xb1, 0xb1, 0x01, 0xff, C(3) },
	{ U(LNC), 0xcd, 0xcd, 0x01, 0xff, 0x3fc },
	{ U(LNC), 0xcd, 0xcd, 0x02, 0xff, LOW2 },
	{ U(LNC), 0xd0, 0xd0, 0x87, 0xff, 0 }, /* any */
	{ U(LNC), 0xd0, 0xdf, 0, 0, LOW4 },
	{ U(LNC), 0xe0, 0xe0, 0x00, 0xff, LOW4 },
	/* Sierra Forest: J */
	{ U(CMT), 0xd0, 0xd0, 0x05, 0xff, LOW2 }, /* load latency */
};
const unsigned hw_nconstraints = N(hw_constraints);

const struct hw_extra hw_extras[] = {
	/* Offcore response, by either register: L */
	{ U(NHM), { 0x01b7 }, { HW_PMC_OFFCORE0 } },
	{ U_FROM(WSM, ICL), { 0x01b7, 0x01bb },
	  { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	{ U_FROM(GLC, LNC), { 0x012a, 0x012b },
	  { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	{ U_FROM(SLM, KNL), { 0x01b7, 0x02b7 },
	  { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	/* Load latency: L */
	{ U(NHM) | U(WSM), { 0x100b }, { HW_PMC_LD_LAT } },
	{ U_FROM(SNB, LNC), { 0x01cd }, { HW_PMC_LD_LAT } },
	{ U_FROM(GRT, SKT), { 0x05d0 }, { HW_PMC_LD_LAT } },
	/* Front end: L */
	{ U(SKL) | U(ICL) | U(GLC), { 0x01c6 }, { HW_PMC_FRONTEND } },
	{ U(RWC) | U(LNC), { 0x02c6 }, { HW_PMC_FRONTEND } },
	{ U(RWC) | U(LNC), { 0x03c6 }, { HW_PMC_FRONTEND } },
	{ U_FROM(GLC, LNC), { 0x40ad }, { HW_PMC_FRONTEND } },
	{ U_FROM(GLC, LNC), { 0x04c2 }, { HW_PMC_FRONTEND } },
	/* Snoop responses: L, intel_cmt_extra_regs */
	{ U(CMT) | U(SKT), { 0x0127 }, { HW_PMC_SNOOP0 } },
	{ U(CMT) | U(SKT), { 0x0227 }, { HW_PMC_SNOOP1 } },
};
const unsigned hw_nextras = N(hw_extras);

#define RSP0 HW_PMC_OFFCORE0, 0x1a6
#define RSP1 HW_PMC_OFFCORE1, 0x1a7
#define OFFCORE(uarchs, model, valid0, valid1)                   \
	{ uarchs, model, RSP0, valid0, "MSR_OFFCORE_RSP_0" }, \
	{ uarchs, model, RSP1, valid1, "MSR_OFFCORE_RSP_1" }
/*
 * Their bits: L, the masks of intel_*_extra_regs; where the events of one
 * register have several, all together.  The latency has 16: Intel SDM volume 3,
 * 325384-059, "Load Latency Performance Monitoring Facility".
 */
const struct hw_word hw_words[] = {
	{ U(NHM), 0, RSP0, 0xffff, "MSR_OFFCORE_RSP_0" },
	OFFCORE(U(WSM), 0, 0xffff, 0xffff),
	/* The servers of these two have the bits of the next. */
	OFFCORE(U(SNB), 42, 0x3f807f8fff, 0x3f807f8fff),
	OFFCORE(U(IVB), 58, 0x3f807f8fff, 0x3f807f8fff),
	OFFCORE(U_FROM(SNB, SKL), 0, 0x3fffff8fff, 0x3fffff8fff),
	OFFCORE(U(ICL), 0, 0x3fffffbfff, 0x3fffffbfff),
	OFFCORE(U(GLC) | U(RWC), 0, 0x3fffffffff, 0x3fffffffff),
	OFFCORE(U(LNC), 0, 0xfffffffffff, 0xfffffffffff),
	OFFCORE(U(SLM), 0, 0x768005ffff, 0x368005ffff),
	OFFCORE(U(GLM), 0, 0x760005ffbf, 0x360005ffbf),
	OFFCORE(U(TNT), 0, 0x800ff0ffffff9fff, 0xff0ffffff9fff),
	OFFCORE(U(GRT), 0, 0x3fffffffff, 0x3fffffffff),
	OFFCORE(U(CMT) | U(SKT), 0, 0x800ff3ffffffffff, 0xff3ffffffffff),
	OFFCORE(U(KNL), 0, 0x799ffbb6e7, 0x399ffbffe7),
	{ U_FROM(NHM, LNC) | U_FROM(GRT, SKT), 0,
	  HW_PMC_LD_LAT, 0x3f6, 0xffff, "MSR_PEBS_LD_LAT" },
	{ U(SKL) | U(ICL), 0,
	  HW_PMC_FRONTEND, 0x3f7, 0x7fff17, "MSR_PEBS_FRONTEND" },
	{ U_FROM(GLC, LNC), 0,
	  HW_PMC_FRONTEND, 0x3f7, 0x7fff1f, "MSR_PEBS_FRONTEND" },
	{ U(CMT) | U(SKT), 0,
	  HW_PMC_SNOOP0, 0x1328, UINT64_MAX, "MSR_SNOOP_RSP_0" },
	{ U(CMT) | U(SKT), 0,
	  HW_PMC_SNOOP1, 0x1329, UINT64_MAX, "MSR_SNOOP_RSP_1" },
};
const unsigned hw_nwords = N(hw_words);

/*
 * Family 15h: Linux 6.12, arch/x86/events/amd/core.c, the comment before
 * amd_get_event_constraints_f15h() and that function.
 */
const struct hw_f15h hw_f15h[] = {
	{ 0x000, 0x000, UMASK_BOTH_HALVES, 0x08 },
	{ 0x003, 0x003, UMASK_ANY, 0x08 },
	{ 0x004, 0x004, UMASK_SEVERAL, 0x08 },
	{ 0x00b, 0x00b, UMASK_ANY, 0x08 },
	{ 0x00d, 0x00d, UMASK_ANY, 0x08 },
	{ 0x023, 0x023, UMASK_ANY, 0x07 },
	{ 0x02d, 0x02d, UMASK_ANY, 0x08 },
	{ 0x02e, 0x02e, UMASK_ANY, 0x09 },
	{ 0x031, 0x031, UMASK_ONE, 0x07 },
	{ 0x031, 0x031, UMASK_SEVERAL, 0 }, /* cannot be counted so */
	{ 0x043, 0x043, UMASK_ANY, 0x07 },
	{ 0x045, 0x046, UMASK_ANY, 0x07 },
	{ 0x054, 0x055, UMASK_ANY, 0x07 },
	{ 0x08f, 0x08f, UMASK_ANY, 0x01 },
	{ 0x0db, 0x0df, UMASK_ANY, 0x3f },
	{ 0x187, 0x188, UMASK_ANY, 0x01 },
	{ 0x1c0, 0x1c0, UMASK_ANY, 0x38 },
	{ 0x1d6, 0x1d6, UMASK_ANY, 0x3f },
	{ 0x1d8, 0x1d8, UMASK_ANY, 0x3f },
};
const unsigned hw_nf15h = N(hw_f15h);

/* FP, LS, DC, CU, IC and DE, none, EX and LS, DE, northbridge. */
const uint8_t hw_f15h_units[16] = {
	0x38, 0x38, 0x3f, 0x3f, 0x3f, 0x3f, 0x07, 0x07,
	0x07, 0x07, 0, 0, 0x3f, 0x07, 0, 0,
};
/* clang-format on */
