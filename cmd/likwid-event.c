/* SPDX-License-Identifier: MIT
 *
 * likwid-event.c - LIKWID's names of events.  They are Intel's and AMD's with one
 * '_' between event and unit mask: which one is tried with libpfm4.  The rest
 * stands in a table.
 */
#include "config.h"

#include "likwid.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <pfmcore.h>

#include "cmd.h"
#include "group.h"

/* clang-format off */
/*
 * What no rule finds, or finds wrong; of several for one name the first that the
 * PMU has.  LIKWID 5.2 and 5.3, src/includes/perfmon_*_events.txt: the codes
 * are the same, but for reserved bits.
 */
static const struct {
	const char *likwid, *ours, *unit;
} names[] = {
	/* fixed counters of Intel's; IA32_FIXED_CTR0 to 2 */
	{ "INSTR_RETIRED_ANY", "INSTRUCTION_RETIRED", NULL },
	{ "CPU_CLK_UNHALTED_CORE", "UNHALTED_CORE_CYCLES", NULL },
	{ "CPU_CLK_UNHALTED_REF", "UNHALTED_REFERENCE_CYCLES", NULL },
	/* and of AMD's: IRPerfCount, APERF, MPERF; kernel's PMU msr */
	{ "INST_RETIRED_ANY", "RETIRED_INSTRUCTIONS", NULL },
	{ "ACTUAL_CPU_CLOCK", "msr/event=0x1/", "cycles" },
	{ "APERF", "msr/event=0x1/", "cycles" },
	{ "MAX_CPU_CLOCK", "msr/event=0x2/", "cycles" },
	{ "MPERF", "msr/event=0x2/", "cycles" },
	{ "PPERF", "msr/event=0x3/", "cycles" },
	/* RAPL; kernel's PMUs power and power_core, in Joules */
	{ "PWR_PKG_ENERGY", "power/energy-pkg/", "J" },
	{ "PWR_PP0_ENERGY", "power/energy-cores/", "J" },
	{ "PWR_PP1_ENERGY", "power/energy-gpu/", "J" },
	{ "PWR_DRAM_ENERGY", "power/energy-ram/", "J" },
	{ "PWR_PLATFORM_ENERGY", "power/energy-psys/", "J" },
	{ "RAPL_PKG_ENERGY", "power/energy-pkg/", "J" },
	{ "RAPL_CORE_ENERGY", "power_core/energy-core/", "J" },
	/* AMD names that libpfm4 spells out */
	{ "CPU_CLOCKS_UNHALTED", "CYCLES_NOT_IN_HALT", NULL },
	{ "RETIRED_BRANCH_INSTR", "RETIRED_BRANCH_INSTRUCTIONS", NULL },
	{ "RETIRED_MISP_BRANCH_INSTR",
	  "RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED", NULL },
	{ "RETIRED_TAKEN_BRANCH_INSTR",
	  "RETIRED_TAKEN_BRANCH_INSTRUCTIONS", NULL },
	{ "RETIRED_TAKEN_MISP_BRANCH_INSTR",
	  "RETIRED_TAKEN_BRANCH_INSTRUCTIONS_MISPREDICTED", NULL },
	{ "RETIRED_UOPS", "RETIRED_OPS", NULL },
	{ "DIV_BUSY_CYCLES", "DIV_CYCLES_BUSY_COUNT", NULL },
	{ "LS_DISPATCH_LOADS", "LS_DISPATCH:LD_DISPATCH", NULL },
	{ "LS_DISPATCH_STORES", "LS_DISPATCH:STORE_DISPATCH", NULL },
	{ "LS_DISPATCH_LOAD_OP_STORES", "LS_DISPATCH:LD_ST_DISPATCH", NULL },
	{ "ICACHE_FETCHES", "32_BYTE_INSTRUCTION_CACHE_FETCH", NULL },
	{ "ICACHE_L2_REFILLS", "INSTRUCTION_CACHE_REFILLS_FROM_L2", NULL },
	{ "ICACHE_SYSTEM_REFILLS",
	  "INSTRUCTION_CACHE_REFILLS_FROM_SYSTEM", NULL },
	/* and unit masks of AMD's that LIKWID has under one name */
	{ "RETIRED_SSE_AVX_FLOPS_SINGLE_ALL",
	  "RETIRED_SSE_AVX_OPERATIONS:SP_ADD_SUB_FLOPS:SP_MULT_FLOPS:"
	  "SP_DIV_FLOPS:SP_MULT_ADD_FLOPS", NULL },
	{ "RETIRED_SSE_AVX_FLOPS_DOUBLE_ALL",
	  "RETIRED_SSE_AVX_OPERATIONS:DP_ADD_SUB_FLOPS:DP_MULT_FLOPS:"
	  "DP_DIV_FLOPS:DP_MULT_ADD_FLOPS", NULL },
	{ "RETIRED_SSE_AVX_FLOPS_ALL", "RETIRED_SSE_AVX_FLOPS:ANY", NULL },
	{ "L1_DTLB_MISS_ANY_L2_HIT",
	  "L1_DTLB_MISS:TLB_RELOAD_4K_L2_HIT:"
	  "TLB_RELOAD_COALESCED_PAGE_HIT:TLB_RELOAD_2M_L2_HIT:"
	  "TLB_RELOAD_1G_L2_HIT", NULL },
	{ "L1_DTLB_MISS_ANY_L2_MISS",
	  "L1_DTLB_MISS:TLB_RELOAD_4K_L2_MISS:"
	  "TLB_RELOAD_COALESCED_PAGE_MISS:TLB_RELOAD_2M_L2_MISS:"
	  "TLB_RELOAD_1G_L2_MISS", NULL },
	{ "L1_ITLB_MISS_L2_ITLB_MISS_ANY",
	  "L1_ITLB_MISS_L2_ITLB_MISS:IF4K:IF2M:IF1G:COALESCED4K", NULL },
	{ "L1_ITLB_MISS_L2_ITLB_MISS_ANY",
	  "L1_ITLB_MISS_L2_ITLB_MISS:IF4K:IF2M:IF1G", NULL },
	{ "REQUESTS_TO_L2_GRP1_ALL_NO_PF",
	  "REQUESTS_TO_L2_GROUP1:OTHER_REQUESTS:CHANGE_TO_X:"
	  "CACHEABLE_IC_READ:LS_RD_BLK_C_S:RD_BLK_X:RD_BLK_L", NULL },
	{ "REQUESTS_TO_L2_GRP1_ALL_NO_PF",
	  "REQUESTS_TO_L2_GROUP1:GROUP2:CHANGE_TO_X:"
	  "CACHEABLE_IC_READ:LS_RD_BLK_C_S:RD_BLK_X:RD_BLK_L", NULL },
	{ "REQUESTS_TO_L2_GRP1_ALL_NO_PF",
	  "REQUESTS_TO_L2_GROUP1:MISC:CHANGE_TO_X:CACHEABLE_IC_READ:"
	  "LS_RD_BLK_C_S:RD_BLK_X:RD_BLK_L", NULL },
	{ "CORE_TO_L2_CACHE_REQUESTS_HITS",
	  "CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:IC_FILL_HIT_S:"
	  "IC_FILL_HIT_X:LS_RD_BLK_X:LS_RD_BLK_L_HIT_S:"
	  "LS_RD_BLK_L_HIT_X:LS_RD_BLK_C_S", NULL },
	{ "CORE_TO_L2_CACHE_REQUESTS_MISSES",
	  "CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:IC_FILL_MISS:"
	  "LS_RD_BLK_C", NULL },
	{ "L2_CACHE_MISS_AFTER_L1_MISS",
	  "CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:IC_FILL_MISS:"
	  "LS_RD_BLK_C", NULL },
	{ "L2_PF_HIT_IN_L2",
	  "L2_PREFETCH_HIT_L2:L2_HW_PREFETCHER:L1_HW_PREFETCHER", NULL },
	{ "L2_PF_HIT_IN_L2",
	  "L2_PREFETCH_HIT_L2:L2_STREAM:L2_NEXT_LINE:L2_UP_DOWN:"
	  "L2_BURST:L2_STRIDE:L1_STREAM:L1_STRIDE:L1_REGION", NULL },
	{ "L2_PF_HIT_IN_L3",
	  "L2_PREFETCH_HIT_L3:L2_HW_PREFETCHER:L1_HW_PREFETCHER", NULL },
	{ "L2_PF_HIT_IN_L3",
	  "L2_PREFETCH_HIT_L3:L2_STREAM:L2_NEXT_LINE:L2_UP_DOWN:"
	  "L2_BURST:L2_STRIDE:L1_STREAM:L1_STRIDE:L1_REGION", NULL },
	{ "L2_PF_MISS_IN_L3",
	  "L2_PREFETCH_MISS_L3:L2_HW_PREFETCHER:L1_HW_PREFETCHER", NULL },
	{ "L2_PF_MISS_IN_L3",
	  "L2_PREFETCH_MISS_L3:L2_STREAM:L2_NEXT_LINE:L2_UP_DOWN:"
	  "L2_BURST:L2_STRIDE:L1_STREAM:L1_STRIDE:L1_REGION", NULL },
	/* fills: Zen and Zen 2, Zen 3, Zen 4; each has names of its own */
	{ "HWPREF_DATA_CACHE_FILLS_LOCAL_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:MABRESP_LCL_L2:"
	  "LS_MABRESP_LCL_CACHE:LS_MABRESP_LCL_DRAM", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_LOCAL_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:LCL_L2:INT_CACHE:"
	  "EXT_CACHE_LCL:MEM_IO_LCL", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_LOCAL_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:LCL_L2:LOCAL_CCX:"
	  "NEAR_CACHE_NEAR_FAR:DRAM_IO_NEAR", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:"
	  "LS_MABRESP_LCL_RMT_CACHE:LS_MABRESP_LCL_RMT_DRAM", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:LS_MABRESP_RMT_CACHE:"
	  "LS_MABRESP_RMT_DRAM", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:EXT_CACHE_RMT:"
	  "MEM_IO_RMT", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:FAR_CACHE_NEAR_FAR:"
	  "DRAM_IO_FAR:ALT_MEM_NEAR_FAR", NULL },
	{ "HWPREF_DATA_CACHE_FILLS_REMOTE_DRAM",
	  "HARDWARE_PREFETCH_DATA_CACHE_FILLS:DRAM_IO_FAR", NULL },
	{ "DATA_CACHE_REFILLS_LOCAL_ALL",
	  "DATA_CACHE_REFILLS_FROM_SYSTEM:MABRESP_LCL_L2:"
	  "LS_MABRESP_LCL_CACHE:LS_MABRESP_LCL_DRAM", NULL },
	{ "DATA_CACHE_REFILLS_LOCAL_ALL",
	  "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:LCL_L2:INT_CACHE:"
	  "EXT_CACHE_LCL:MEM_IO_LCL", NULL },
	{ "DATA_CACHE_REFILLS_REMOTE_ALL",
	  "DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_RMT_CACHE:"
	  "LS_MABRESP_RMT_DRAM", NULL },
	{ "DATA_CACHE_REFILLS_REMOTE_ALL",
	  "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:EXT_CACHE_RMT:"
	  "MEM_IO_RMT", NULL },
	{ "DATA_CACHE_REFILLS_ALL",
	  "DATA_CACHE_REFILLS_FROM_SYSTEM:MABRESP_LCL_L2:"
	  "LS_MABRESP_LCL_CACHE:LS_MABRESP_LCL_DRAM:"
	  "LS_MABRESP_RMT_CACHE:LS_MABRESP_RMT_DRAM", NULL },
	{ "DATA_CACHE_REFILLS_ALL",
	  "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:LCL_L2:INT_CACHE:"
	  "EXT_CACHE_LCL:MEM_IO_LCL:EXT_CACHE_RMT:MEM_IO_RMT", NULL },
	{ "ANY_DATA_CACHE_FILLS_LOCAL_ALL",
	  "ANY_DATA_CACHE_FILLS_FROM_SYSTEM:LCL_L2:LOCAL_CCX:"
	  "NEAR_CACHE_NEAR_FAR:DRAM_IO_NEAR", NULL },
	{ "ANY_DATA_CACHE_FILLS_REMOTE_ALL",
	  "ANY_DATA_CACHE_FILLS_FROM_SYSTEM:FAR_CACHE_NEAR_FAR:"
	  "DRAM_IO_FAR:ALT_MEM_NEAR_FAR", NULL },
	/* Intel: Skylake's codes; of an older name in libpfm4 where it means another */
	{ "CYCLE_ACTIVITY_CYCLES_LDM_PENDING",
	  "CYCLE_ACTIVITY:CYCLES_MEM_ANY", NULL },
	{ "CYCLE_ACTIVITY_CYCLES_NO_EXECUTE",
	  "CYCLE_ACTIVITY:STALLS_TOTAL", NULL },
	{ "CYCLE_ACTIVITY_STALLS_L1D_PENDING",
	  "CYCLE_ACTIVITY:STALLS_L1D_MISS", NULL },
	{ "CYCLE_ACTIVITY_STALLS_L2_PENDING",
	  "CYCLE_ACTIVITY:STALLS_L2_MISS", NULL },
	{ "CYCLE_ACTIVITY_STALLS_LDM_PENDING",
	  "CYCLE_ACTIVITY:STALLS_MEM_ANY", NULL },
	{ "DTLB_LOAD_MISSES_CAUSES_A_WALK",
	  "DTLB_LOAD_MISSES:MISS_CAUSES_A_WALK", NULL },
	{ "DTLB_STORE_MISSES_CAUSES_A_WALK",
	  "DTLB_STORE_MISSES:MISS_CAUSES_A_WALK", NULL },
	{ "ITLB_MISSES_CAUSES_A_WALK", "ITLB_MISSES:MISS_CAUSES_A_WALK", NULL },
	{ "MEM_INST_RETIRED_ALL", "MEM_INST_RETIRED:ANY", NULL },
	/* and those to which LIKWID adds options of its own */
	{ "ARITH_DIVIDER_COUNT", "ARITH:DIVIDER_ACTIVE:e", NULL },
	{ "INT_MISC_RECOVERY_COUNT", "INT_MISC:RECOVERY_STALLS_COUNT", NULL },
	{ "CPU_CLOCK_UNHALTED_TOTAL_CYCLES", "CPU_CLK_UNHALTED:c=2:i", NULL },
	{ "UOPS_ISSUED_USED_CYCLES", "UOPS_ISSUED:ANY:c=1", NULL },
	{ "UOPS_EXECUTED_USED_CYCLES", "UOPS_EXECUTED:THREAD:c=1", NULL },
	{ "UOPS_RETIRED_USED_CYCLES", "UOPS_RETIRED:ALL:c=1", NULL },
};
/* clang-format on */

static bool encodes(const char *pmu, const char *event)
{
	char *text = strchr(event, '/') ? xstrdup(event) :
					  xasprintf("%s::%s", pmu, event);
	struct pfm_event ev;
	bool ok =
		pfm_event_parse(text, PFM_PLM_USER | PFM_PLM_KERNEL, &ev) == 0;

	if (ok)
		pfm_event_release(&ev);
	else
		ok = group_event_elsewhere(event, errno);
	free(text);
	return ok;
}

/* Not a unit mask: "L2_LINES_IN_I" must not become ":I", which is invert. */
static bool is_modifier(const char *word)
{
	return strlen(word) == 1 || !strncasecmp(word, "intx", 4);
}

/* EVENT_UMASK as EVENT:UMASK, split at each '_' from the right. */
static bool find_split(const char *pmu, const char *name,
		       char event[LIKWID_EVENT_MAX])
{
	size_t at;

	snprintf(event, LIKWID_EVENT_MAX, "%s", name);
	if (encodes(pmu, event))
		return true;
	for (at = strlen(name); at-- > 1;) {
		if (name[at] != '_' || is_modifier(name + at + 1))
			continue;
		snprintf(event, LIKWID_EVENT_MAX, "%.*s:%s", (int)at, name,
			 name + at + 1);
		if (encodes(pmu, event))
			return true;
	}
	return false;
}

bool likwid_event(const char *pmu, const char *name,
		  char event[LIKWID_EVENT_MAX], const char **unit)
{
	size_t i;

	*unit = NULL;
	/* Only names: no raw code, and nothing of another PMU's. */
	if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")])
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i].likwid) != 0)
			continue;
		snprintf(event, LIKWID_EVENT_MAX, "%s", names[i].ours);
		if (!encodes(pmu, event))
			continue;
		*unit = names[i].unit;
		return true;
	}
	return find_split(pmu, name, event);
}

/* "EDGEDETECT" as ":e"; NULL: ours have no like.  buf: for a number. */
static const char *find_option(const char *option, char buf[16])
{
	static const struct {
		const char *likwid, *ours;
	} flags[] = { { "EDGEDETECT", ":e" },
		      { "INVERT", ":i" },
		      { "ANYTHREAD", ":t" },
		      { "IN_TRANSACTION", ":intx" },
		      { "IN_TRANSACTION_ABORTED", ":intxcp" },
		      /* Both levels are what ours count at, if not told. */
		      { "KERNEL", "" },
		      { "COUNT_KERNEL", "" } };
	unsigned long n;
	char *end;
	size_t i;

	if (!strncasecmp(option, "THRESHOLD=", 10)) {
		n = strtoul(option + 10, &end, 0);
		if (!isdigit((unsigned char)option[10]) || *end || n > 255)
			return NULL;
		snprintf(buf, 16, ":c=%lu", n);
		return buf;
	}
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcasecmp(option, flags[i].likwid))
			return flags[i].ours;
	return NULL;
}

bool likwid_options(const char *pmu, char *options,
		    char event[LIKWID_EVENT_MAX], char why[LIKWID_WHY_MAX])
{
	const char *option, *ours;
	char buf[16];
	size_t len;

	while ((option = strsep(&options, ":")) != NULL) {
		ours = find_option(option, buf);
		len = strlen(event);
		if (!ours || len + strlen(ours) >= LIKWID_EVENT_MAX) {
			snprintf(why, LIKWID_WHY_MAX,
				 "option %.60s has no equivalent", option);
			return false;
		}
		memcpy(event + len, ours, strlen(ours) + 1);
	}
	/* Only now: libpfm4 takes ":e" and ":i" with a ":c" alone. */
	if (encodes(pmu, event))
		return true;
	snprintf(why, LIKWID_WHY_MAX, "there is no %.150s on %.60s", event,
		 pmu);
	return false;
}
