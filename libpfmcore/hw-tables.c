/* SPDX-License-Identifier: MIT
 *
 * hw-tables.c - which counters an event may be counted on, and which register
 * holds its second word: data only, see hw-rules.c.
 *
 * Sources, by block: L - Linux 6.12, constraint tables and extra_reg tables of
 * arch/x86/events/intel/core.c; J - the "Counter" field of Intel's event lists
 * as in Linux 6.12, tools/perf/pmu-events/arch/x86/.  Where they differ, L, but
 * for events that L restricts only when they sample.
 */
#include "config.h"

#include "hw-rules.h"

#define C(n) (UINT32_C(1) << (n))
#define LOW2 0x3
#define LOW4 0xf
#define FIXED0 C(HW_PMD_FIXED)

/* clang-format off */
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
	/* Nehalem: L; 4C, 52, 53: J */
	{ U(NHM), 0x40, 0x43, 0, 0, LOW2 }, /* L1D_CACHE_* */
	{ U(NHM), 0x48, 0x48, 0, 0, LOW2 }, /* L1D_PEND_MISS */
	{ U(NHM), 0x4c, 0x4c, 0, 0, LOW2 },
	{ U(NHM), 0x4e, 0x4e, 0, 0, LOW2 }, /* L1D_PREFETCH */
	{ U(NHM), 0x51, 0x53, 0, 0, LOW2 }, /* L1D */
	{ U(NHM), 0x63, 0x63, 0, 0, LOW2 }, /* CACHE_LOCK_CYCLES */
	/* Westmere: L; 4C, 4E, 52, 53: J */
	{ U(WSM), 0x4c, 0x4c, 0, 0, LOW2 },
	{ U(WSM), 0x4e, 0x4e, 0, 0, LOW2 },
	{ U(WSM), 0x51, 0x53, 0, 0, LOW2 }, /* L1D */
	{ U(WSM), 0x60, 0x60, 0, 0, C(0) }, /* OFFCORE_REQUESTS_OUTSTANDING */
	{ U(WSM), 0x63, 0x63, 0, 0, LOW2 }, /* CACHE_LOCK_CYCLES */
	{ U(WSM), 0xb3, 0xb3, 0, 0, C(0) }, /* SNOOPQ_REQUESTS_OUTSTANDING */
	/* Sandy Bridge to Haswell: L */
	{ U(SNB), 0x48, 0x48, 0, 0, C(2) }, /* L1D_PEND_MISS */
	{ U(SNB), 0xa3, 0xa3, 0x02, 0xff, C(2) }, /* CYCLE_ACTIVITY */
	{ U(SNB), 0xa3, 0xa3, 0x06, 0xff, C(2) },
	{ U(IVB) | U(HSW) | U(BDW), 0x48, 0x48, 0x01, 0xff, C(2) },
	{ U(IVB) | U(HSW), 0xa3, 0xa3, 0x08, 0xff, C(2) },
	{ U(IVB) | U(HSW), 0xa3, 0xa3, 0x0c, 0xff, C(2) },
	{ U(BDW), 0xa3, 0xa3, 0x08, 0x08, C(2) },
	{ U_FROM(SNB, SKL), 0xc0, 0xc0, 0x01, 0xff, C(1) }, /* PREC_DIST */
	{ U_FROM(SNB, HSW), 0xcd, 0xcd, 0, 0, C(3) }, /* load latency */
	{ U(BDW), 0xcd, 0xcd, 0x01, 0xff, C(3) }, /* J */
	{ U_FROM(SNB, HSW), 0xd0, 0xd3, 0, 0, LOW4 }, /* MEM_*_RETIRED */
	/* Broadwell, Skylake to Comet Lake: L */
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
	{ U(ICL), 0xef, 0xef, 0, 0, LOW4 },
	{ U(ICL), 0xf0, 0xf4, 0, 0, LOW4 },
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
const unsigned hw_nconstraints =
	sizeof(hw_constraints) / sizeof(hw_constraints[0]);

#define ATOMS (U(SLM) | U(GLM) | U(TNT) | U(GRT) | U(CMT) | U(SKT) | U(KNL))
const struct hw_extra hw_extras[] = {
	/* Offcore response, by either register: L */
	{ U(NHM), { 0x01b7 }, { HW_PMC_OFFCORE0 } },
	{ U_FROM(WSM, ICL), { 0x01b7, 0x01bb },
	  { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	{ U_FROM(GLC, LNC), { 0x012a, 0x012b },
	  { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	{ ATOMS, { 0x01b7, 0x02b7 }, { HW_PMC_OFFCORE0, HW_PMC_OFFCORE1 } },
	/* Load latency: L */
	{ U(NHM) | U(WSM), { 0x100b }, { HW_PMC_LD_LAT } },
	{ U_FROM(SNB, LNC), { 0x01cd }, { HW_PMC_LD_LAT } },
	{ U(GRT) | U(CMT), { 0x05d0 }, { HW_PMC_LD_LAT } },
	/* Front end: L */
	{ U(SKL) | U(ICL) | U(GLC), { 0x01c6 }, { HW_PMC_FRONTEND } },
	{ U(RWC) | U(LNC), { 0x02c6 }, { HW_PMC_FRONTEND } },
	{ U(RWC) | U(LNC), { 0x03c6 }, { HW_PMC_FRONTEND } },
	{ U_FROM(GLC, LNC), { 0x40ad }, { HW_PMC_FRONTEND } },
	{ U(GLC) | U(RWC), { 0x04c2 }, { HW_PMC_FRONTEND } },
	/* Snoop responses: L, intel_cmt_extra_regs */
	{ U(CMT), { 0x0127 }, { HW_PMC_SNOOP0 } },
	{ U(CMT), { 0x0227 }, { HW_PMC_SNOOP1 } },
};
/* clang-format on */
const unsigned hw_nextras = sizeof(hw_extras) / sizeof(hw_extras[0]);
