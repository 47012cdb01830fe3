/* SPDX-License-Identifier: MIT
 *
 * likwid-event.c - LIKWID's names of events.  They are Intel's and AMD's with one
 * '_' between event and unit mask: which one is tried with libpfm4.  The rest
 * stands in a table.
 */
#include "config.h"

#include "likwid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pfmcore.h>

#include "cmd.h"

/* clang-format off */
/* What no rule finds.  LIKWID 5.3, src/includes/perfmon_*_events.txt. */
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
	{ "MAX_CPU_CLOCK", "msr/event=0x2/", "cycles" },
	/* RAPL; kernel's PMU power, in Joules */
	{ "PWR_PKG_ENERGY", "power/energy-pkg/", "J" },
	{ "PWR_PP0_ENERGY", "power/energy-cores/", "J" },
	{ "PWR_PP1_ENERGY", "power/energy-gpu/", "J" },
	{ "PWR_DRAM_ENERGY", "power/energy-ram/", "J" },
	{ "RAPL_PKG_ENERGY", "power/energy-pkg/", "J" },
	/* AMD names that libpfm4 spells out */
	{ "CPU_CLOCKS_UNHALTED", "CYCLES_NOT_IN_HALT", NULL },
	{ "RETIRED_BRANCH_INSTR", "RETIRED_BRANCH_INSTRUCTIONS", NULL },
	{ "RETIRED_MISP_BRANCH_INSTR",
	  "RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED", NULL },
	{ "RETIRED_TAKEN_BRANCH_INSTR",
	  "RETIRED_TAKEN_BRANCH_INSTRUCTIONS", NULL },
	{ "RETIRED_TAKEN_MISP_BRANCH_INSTR",
	  "RETIRED_TAKEN_BRANCH_INSTRUCTIONS_MISPREDICTED", NULL },
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
	/* Of another machine: the kernel's PMUs are not to be tried here. */
	else if (strchr(event, '/') && errno == ENODEV)
		ok = true;
	free(text);
	return ok;
}

/* EVENT_UMASK as EVENT:UMASK, split at each '_' from the right. */
static bool find_split(const char *pmu, const char *name, char *event,
		       size_t size)
{
	size_t at;

	snprintf(event, size, "%s", name);
	if (encodes(pmu, event))
		return true;
	for (at = strlen(name); at-- > 1;) {
		if (name[at] != '_')
			continue;
		snprintf(event, size, "%.*s:%s", (int)at, name, name + at + 1);
		if (encodes(pmu, event))
			return true;
	}
	return false;
}

bool likwid_event(const char *pmu, const char *name, char *event, size_t size,
		  const char **unit)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i].likwid) != 0)
			continue;
		snprintf(event, size, "%s", names[i].ours);
		*unit = names[i].unit;
		if (encodes(pmu, event))
			return true;
	}
	*unit = NULL;
	return find_split(pmu, name, event, size);
}
