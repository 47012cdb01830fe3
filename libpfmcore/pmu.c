/* SPDX-License-Identifier: MIT
 *
 * pmu.c - the PMU descriptions, one for each way of numbering registers; each
 * is probed once per process.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "hw.h"
#include "insn.h"
#include "priv.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const struct pfm_pmu *pmu;
	bool probed;
	int err; /* of the probe */
	struct pfm_regs regs;
} pmus[] = {
	{ .pmu = &pfm_pmu_perf },
	{ .pmu = &pfm_pmu_msr },
};
#define NPMUS (sizeof(pmus) / sizeof(pmus[0]))

const struct pfm_regs *pmu_regs(const struct pfm_pmu *pmu)
{
	size_t i = 0;

	while (pmus[i].pmu != pmu)
		i++;
	pthread_mutex_lock(&lock);
	if (!pmus[i].probed) {
		pmus[i].err = pmu->probe(&pmus[i].regs);
		pmus[i].probed = true;
		dbg(PMU, "%s: %s", pmu->name,
		    pmus[i].err ? pfm_reason() : pmus[i].regs.desc);
	}
	pthread_mutex_unlock(&lock);
	if (pmus[i].err == 0)
		return &pmus[i].regs;
	fail(-pmus[i].err, "%s", pmus[i].regs.missing);
	return NULL;
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

static void info_common(struct pfm_pmu_info *info, const struct pfm_pmu *pmu,
			const struct pfm_regs *regs)
{
	snprintf(info->name, sizeof(info->name), "%s", pmu->name);
	snprintf(info->desc, sizeof(info->desc), "%s", regs->desc);
	snprintf(info->missing, sizeof(info->missing), "%s", regs->missing);
	info->ncounters = regs->ncounters;
	memcpy(info->pmcs, regs->pmcs, sizeof(info->pmcs));
	memcpy(info->pmds, regs->pmds, sizeof(info->pmds));
}

/* What a CPU has, or all together; one is room for the first. */
static int regs_of(const struct pfm_pmu *pmu, int cpu, struct pfm_regs *one,
		   const struct pfm_regs **regs)
{
	*regs = pmu_regs(pmu);
	if (!*regs)
		return -ENODEV;
	if (cpu < 0 || !pmu->probe_cpu)
		return 0;
	*regs = one;
	return pmu->probe_cpu(cpu, one);
}

int pfm_pmu_get(const char *backend, int cpu, struct pfm_pmu_info *info)
{
	const struct pfm_backend *be = backend_find(backend);
	const struct pfm_regs *regs;
	struct pfm_regs one;
	int ret;

	if (!be)
		return edge(-EINVAL);
	ret = regs_of(be->pmu, cpu, &one, &regs);
	if (ret == 0)
		info_common(info, be->pmu, regs);
	return edge(ret);
}

const char *pfm_pmu_model(int cpu)
{
	const struct pfm_hw *hw;
	int ret = pmu_hw(cpu < 0 ? 0 : cpu, &hw);

	if (ret == 0 && !hw->libpfm)
		ret = fail(ENODEV, "libpfm4 has no name for %s", hw->desc);
	if (ret == 0)
		return hw->libpfm;
	edge(ret);
	return NULL;
}

static void describe_pmc(const struct pfm_pmu *pmu, const struct pfm_regs *regs,
			 struct pfm_reg_desc *d)
{
	const struct pfm_pmc_desc *pmc = pmu_pmc(pmu, d->num);

	d->dfl = pmc->dfl;
	d->rsvd = pmc->rsvd;
	if (d->num < PFM_RSVD_PMCS)
		d->rsvd |= regs->rsvd[d->num];
}

int pfm_pmu_describe(const char *backend, int cpu, struct pfm_reg_desc *descs,
		     int n)
{
	const struct pfm_backend *be = backend_find(backend);
	const struct pfm_regs *regs;
	struct pfm_regs one;
	int ret;

	if (!be)
		return edge(-EINVAL);
	ret = regs_of(be->pmu, cpu, &one, &regs);
	if (ret < 0)
		return edge(ret);
	if (n > 0)
		memset(descs, 0, (size_t)n * sizeof(*descs));
	ret = be->pmu->describe(cpu, descs, n);
	for (int i = 0; i < n && i < ret; i++)
		if (!descs[i].is_pmd)
			describe_pmc(be->pmu, regs, &descs[i]);
	return edge(ret);
}
