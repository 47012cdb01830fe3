/* SPDX-License-Identifier: MIT
 *
 * t-likwid-event.c - LIKWID's names of events, and the options of a counter, as
 * events of ours: by code, for those of the PMU, as an equal name does not show
 * that it is the same event.
 */
#include "config.h"

#include "likwid.h"
#include "pfmcore.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Levels apart: bits 16, 17 and 22 are set by pfm_event_parse(). */
#define LEVELS UINT64_C(0x430000)

static const struct {
	int line;
	const char *pmu, *name, *options;
	uint64_t code; /* 0: there is none */
} events[] = {
	/* the rule; AMD's and Intel's documents have the codes */
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", NULL, 0x010e },
	{ __LINE__, "skl", "BR_MISP_RETIRED_ALL_BRANCHES", NULL, 0x00c5 },
	{ __LINE__, "skl", "NO_SUCH_EVENT", NULL, 0 },
	{ __LINE__, "skl", "_", NULL, 0 },
	/* a unit mask's last letter is no modifier */
	{ __LINE__, "skl", "L2_LINES_IN_I", NULL, 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY_I", NULL, 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_U", NULL, 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_INTX", NULL, 0 },
	/* nor is anything but a name taken */
	{ __LINE__, "skl", "r01c2", NULL, 0 },
	{ __LINE__, "skl", "R01C2/", NULL, 0 },
	{ __LINE__, "skl", "UOPS_ISSUED:ANY", NULL, 0 },
	{ __LINE__, "skl", "perf::CYCLES", NULL, 0 },
	/* the same name has other codes before Skylake */
	{ __LINE__, "skl", "CYCLE_ACTIVITY_CYCLES_LDM_PENDING", NULL,
	  0x100010a3 },
	{ __LINE__, "bdw", "CYCLE_ACTIVITY_CYCLES_LDM_PENDING", NULL,
	  0x020002a3 },
	{ __LINE__, "hsw", "CYCLE_ACTIVITY_CYCLES_LDM_PENDING", NULL,
	  0x020002a3 },
	{ __LINE__, "skl", "CYCLE_ACTIVITY_STALLS_LDM_PENDING", NULL,
	  0x140014a3 },
	{ __LINE__, "hsw", "CYCLE_ACTIVITY_STALLS_LDM_PENDING", NULL,
	  0x060006a3 },
	{ __LINE__, "skl", "DTLB_LOAD_MISSES_CAUSES_A_WALK", NULL, 0x0108 },
	{ __LINE__, "skl", "ARITH_DIVIDER_COUNT", NULL, 0x01040114 },
	{ __LINE__, "skl", "CPU_CLOCK_UNHALTED_TOTAL_CYCLES", NULL,
	  0x0280003c },
	{ __LINE__, "skx", "UOPS_RETIRED_USED_CYCLES", NULL, 0x010001c2 },
	/* unit masks of AMD's under one name, each generation's own */
	{ __LINE__, "amd64_fam17h_zen1", "RETIRED_SSE_AVX_FLOPS_DOUBLE_ALL",
	  NULL, 0xf003 },
	{ __LINE__, "amd64_fam17h_zen2", "RETIRED_SSE_AVX_FLOPS_ALL", NULL,
	  0x0f03 },
	{ __LINE__, "amd64_fam17h_zen1", "REQUESTS_TO_L2_GRP1_ALL_NO_PF", NULL,
	  0xf960 },
	{ __LINE__, "amd64_fam17h_zen2", "REQUESTS_TO_L2_GRP1_ALL_NO_PF", NULL,
	  0xf960 },
	{ __LINE__, "amd64_fam19h_zen4", "REQUESTS_TO_L2_GRP1_ALL_NO_PF", NULL,
	  0xf960 },
	{ __LINE__, "amd64_fam17h_zen1", "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  NULL, 0x505a },
	{ __LINE__, "amd64_fam17h_zen2", "HWPREF_DATA_CACHE_FILLS_LOCAL_ALL",
	  NULL, 0x0b5a },
	{ __LINE__, "amd64_fam19h_zen3", "HWPREF_DATA_CACHE_FILLS_LOCAL_ALL",
	  NULL, 0x0f5a },
	{ __LINE__, "amd64_fam19h_zen4", "HWPREF_DATA_CACHE_FILLS_REMOTE_ALL",
	  NULL, 0xd05a },
	{ __LINE__, "amd64_fam17h_zen2", "DATA_CACHE_REFILLS_ALL", NULL,
	  0x5b43 },
	{ __LINE__, "amd64_fam17h_zen2", "L1_DTLB_MISS_ANY_L2_MISS", NULL,
	  0xf045 },
	{ __LINE__, "amd64_fam19h_zen3", "L1_ITLB_MISS_L2_ITLB_MISS_ANY", NULL,
	  0x0f85 },
	{ __LINE__, "amd64_fam19h_zen3", "CORE_TO_L2_CACHE_REQUESTS_HITS", NULL,
	  0xf664 },
	{ __LINE__, "amd64_fam19h_zen3", "L2_PF_HIT_IN_L2", NULL, 0xff70 },
	{ __LINE__, "amd64_fam19h_zen4", "L2_PF_MISS_IN_L3", NULL, 0xff72 },
	{ __LINE__, "amd64_fam19h_zen4", "RETIRED_UOPS", NULL, 0x00c1 },
	/* options; the order is free */
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=0x1", 0x0100010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "threshold=3:edgedetect",
	  0x0304010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "INVERT:EDGEDETECT:THRESHOLD=2",
	  0x0284010e },
	{ __LINE__, "skl", "UOPS_ISSUED_STALL_CYCLES", "EDGEDETECT",
	  0x0184010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "ANYTHREAD", 0x0020010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "IN_TRANSACTION", 0x10000010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "KERNEL", 0x010e },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=256", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=-1", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=1x", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "THRESHOLD=1:THRESHOLD=2", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "MATCH0=0x1", 0 },
	{ __LINE__, "skl", "UOPS_ISSUED_ANY", "", 0 },
	{ __LINE__, "amd64_fam17h_zen2", "RETIRED_UOPS", "ANYTHREAD", 0 },
};

static void test_events(void)
{
	for (size_t i = 0; i < N(events); i++) {
		char event[LIKWID_EVENT_MAX], full[LIKWID_EVENT_MAX + 64];
		char why[LIKWID_WHY_MAX] = "", options[64];
		struct pfm_event ev = { .code = 0 };
		const char *unit = NULL;
		uint64_t code = 0;

		snprintf(options, sizeof(options), "%s",
			 events[i].options ? events[i].options : "");
		if (likwid_event(events[i].pmu, events[i].name, event, &unit) &&
		    (!events[i].options ||
		     likwid_options(events[i].pmu, options, event, why))) {
			snprintf(full, sizeof(full), "%s::%s", events[i].pmu,
				 event);
			if (!pfm_event_parse(full, 3, &ev))
				code = ev.code & ~LEVELS;
			pfm_event_release(&ev);
		}
		is_u64(code, events[i].code, "%s %s %s (line %d)",
		       events[i].pmu, events[i].name,
		       events[i].options ? events[i].options : "",
		       events[i].line);
	}
}

/* What is not a PMU's own: the kernel's name, and the unit, wherever it is. */
static void test_others(const char *where)
{
	static const struct {
		const char *name, *event, *unit;
	} rows[] = {
		{ "PWR_PKG_ENERGY", "power/energy-pkg/", "J" },
		{ "PWR_PP0_ENERGY", "power/energy-cores/", "J" },
		{ "PWR_PLATFORM_ENERGY", "power/energy-psys/", "J" },
		{ "RAPL_CORE_ENERGY", "power_core/energy-core/", "J" },
		{ "ACTUAL_CPU_CLOCK", "msr/event=0x1/", "cycles" },
		{ "MPERF", "msr/event=0x2/", "cycles" },
	};
	char event[LIKWID_EVENT_MAX] = "";
	const char *unit = NULL;

	for (size_t i = 0; i < N(rows); i++) {
		if (!ok(likwid_event("skl", rows[i].name, event, &unit),
			"%s: %s has a like", where, rows[i].name))
			continue;
		is_str(event, rows[i].event, "%s: which", rows[i].name);
		is_str(unit ? unit : "", rows[i].unit, "%s: its unit",
		       rows[i].name);
	}
}

int main(void)
{
	const char *src = getenv("srcdir");
	struct pfm_event ev;
	char sys[512];

	snprintf(sys, sizeof(sys), "%s/tests/data/sys", src ? src : ".");
	/* libpfm4 then knows the PMUs of other machines. */
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	if (pfm_event_parse("skl::UOPS_ISSUED:ANY", 3, &ev) < 0)
		skip_all("events of other machines: %s", pfm_reason());
	pfm_event_release(&ev);
	test_events();
	setenv("PFM_SYSFS_ROOT", "/nowhere", 1);
	test_others("no PMU here");
	setenv("PFM_SYSFS_ROOT", sys, 1);
	ok(!pfm_event_parse("power/energy-psys/", 3, &ev), "this one is");
	pfm_event_release(&ev);
	test_others("other events here");
	return done_testing();
}
