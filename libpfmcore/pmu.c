/* SPDX-License-Identifier: MIT
 *
 * pmu.c - which PMU description this machine has: the first of the table whose
 * probe succeeds, asked once per process.
 */
#include "config.h"

#include <string.h>

#include "insn.h"
#include "priv.h"

extern const struct pfm_pmu pfm_pmu_perf;

static const struct pfm_pmu *const pmus[] = {
	&pfm_pmu_perf,
};
#define NPMUS (sizeof(pmus) / sizeof(pmus[0]))

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct pfm_pmu *found;
static struct pfm_regs found_regs;

static void probe_all(void)
{
	for (size_t i = 0; i < NPMUS && !found; i++) {
		memset(&found_regs, 0, sizeof(found_regs));
		if (pmus[i]->probe(&found_regs) == 0)
			found = pmus[i];
	}
	if (found)
		dbg(PMU, "%s: %s", found->name, found_regs.desc);
}

const struct pfm_pmu *pmu_get(const struct pfm_regs **regs)
{
	pthread_once(&once, probe_all);
	if (!found)
		fail(ENOSYS, "no PMU description fits this machine");
	*regs = &found_regs;
	return found;
}

const struct pfm_pmc_desc *pmu_pmc(const struct pfm_pmu *pmu, unsigned n)
{
	const struct pfm_pmc_desc *d = pmu->pmcs;

	while (n > d->last)
		d++;
	return d;
}

/* CPUID.01H:ECX[31] is set by every hypervisor that does not hide itself. */
const char *pmu_missing(void)
{
	struct cpuid_regs r;

	if (insn_cpuid(1, 0, &r) && r.ecx >> 31)
		return "the hypervisor exposes no PMU";
	return "the kernel has no driver for this CPU's PMU";
}

int pfm_pmu_get(struct pfm_pmu_info *info)
{
	const struct pfm_regs *regs;
	const struct pfm_pmu *pmu = pmu_get(&regs);

	if (!pmu)
		return edge(-ENOSYS);
	info->name = pmu->name;
	info->desc = regs->desc;
	info->ncounters = regs->ncounters;
	info->missing = regs->ncounters ? NULL : pmu_missing();
	memcpy(info->pmcs, regs->pmcs, sizeof(info->pmcs));
	memcpy(info->pmds, regs->pmds, sizeof(info->pmds));
	return 0;
}
