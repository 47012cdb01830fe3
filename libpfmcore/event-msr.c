/* SPDX-License-Identifier: MIT
 *
 * event-msr.c - names of the counters that run freely: msr::TSC, msr::APERF,
 * msr::ENERGY-PKG and so on.  They need no counter of the PMU and only the msr
 * backend reads them; perf has its own msr/tsc/ and power/energy-pkg/.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "hw.h"
#include "priv.h"

#define CPUS_LIST 4096 /* bytes of a list of CPUs */

/*
 * Scope: whose counter it is, as the topology of /sys names it; NULL: each
 * CPU's own.  Energy: Intel SDM volume 3, "RAPL Interfaces", a package's (a
 * die's, where a package has several); AMD's core energy is each core's.
 */
static const struct {
	const char *name;
	enum hw_free free;
	const char *scope;
	const char *desc;
} names[] = {
	{ "TSC", HW_TSC, NULL, "time stamp counter" },
	{ "MPERF", HW_MPERF, NULL, "cycles at the nominal clock, not halted" },
	{ "APERF", HW_APERF, NULL, "cycles at the actual clock, not halted" },
	{ "PPERF", HW_PPERF, NULL, "APERF without cycles stalled on memory" },
	{ "IRPERF", HW_IRPERF, NULL, "instructions retired" },
	{ "SMI", HW_SMI, NULL, "system management interrupts" },
	{ "ENERGY-PKG", HW_ENERGY_PKG, "die", "energy of the package" },
	{ "ENERGY-CORES", HW_ENERGY_CORES, "die", "energy of the cores" },
	{ "ENERGY-GFX", HW_ENERGY_GFX, "die", "energy of its graphics" },
	{ "ENERGY-DRAM", HW_ENERGY_DRAM, "die", "energy of its memory" },
	{ "ENERGY-PSYS", HW_ENERGY_PSYS, "package", "energy of the platform" },
};
#define N(array) (sizeof(array) / sizeof(*(array)))

/* The first CPU of each unit; NULL when the topology is not to be seen. */
static char *first_cpus(const char *scope)
{
	char list[CPUS_LIST] = "", line[256];
	size_t len = 0;

	for (int cpu = 0;; cpu++) {
		if (event_sys_read(line, sizeof(line),
				   "devices/system/cpu/cpu%d/topology/"
				   "%s_cpus_list",
				   cpu, scope) < 0)
			break;
		if (strtol(line, NULL, 10) != cpu || len >= sizeof(list))
			continue;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%d",
					len ? "," : "", cpu);
	}
	return len ? strdup(list) : NULL;
}

static int unknown(const struct event_draft *d, const char *name)
{
	char list[200] = "";

	for (size_t i = 0; i < N(names); i++)
		event_list_add(list, sizeof(list), names[i].name);
	return fail(ENOENT, "event '%s': no counter '%s' runs freely: %s",
		    d->str, name, list);
}

int event_msr_parse(struct event_draft *d, const struct event_words *w)
{
	const struct pfm_hw *hw;
	const char *scope;
	size_t i = 0;
	int ret;

	while (i < N(names) && strcasecmp(names[i].name, w->w[0]) != 0)
		i++;
	if (i == N(names))
		return unknown(d, w->w[0]);
	ret = pmu_hw(0, &hw);
	if (ret < 0)
		return ret;
	d->free_pmd = HW_PMD_FREE + names[i].free;
	if (!hw->pmd[d->free_pmd].msr)
		return fail(ENODEV,
			    "event '%s': this CPU (%s) has no such register, "
			    "or its MSRs cannot be read",
			    d->str, hw->desc);
	d->no_levels = true;
	scope = names[i].scope;
	if (hw->vendor == HW_AMD && names[i].free == HW_ENERGY_CORES)
		scope = "core";
	if (scope) {
		d->scale = hw->joule[names[i].free];
		d->unit = strdup("Joules");
		d->cpus = first_cpus(scope);
		if (!d->unit)
			return fail(ENOMEM, "no memory for event '%s'", d->str);
	}
	ret = event_set_base(d, "msr::%s", names[i].name);
	if (ret == 0 && w->n > 1)
		ret = fail(EINVAL, "event '%s': it takes no modifier '%s'",
			   d->str, w->w[1]);
	return ret;
}

int event_msr_list(struct event_show *s)
{
	struct pfm_event_desc desc = {
		.source = "msr", .pmu = "msr", .here = true, .id = -1
	};
	const struct pfm_hw *hw;
	char name[32];
	int ret = 0;

	if (!event_show_wants(s, "msr") || pmu_hw(0, &hw) < 0)
		return 0;
	for (size_t i = 0; i < N(names) && !ret; i++) {
		if (!hw->pmd[HW_PMD_FREE + names[i].free].msr)
			continue;
		snprintf(name, sizeof(name), "msr::%s", names[i].name);
		desc.name = name;
		desc.desc = names[i].desc;
		ret = s->call(&desc, s->arg);
	}
	return ret;
}
