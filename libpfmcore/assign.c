/* SPDX-License-Identifier: MIT
 *
 * assign.c - which register each event of one set gets.  Constraints of single
 * counters are not known here: the kernel places raw codes itself, this only
 * keeps one logical register per event.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <stdio.h>

#include "event.h"
#include "priv.h"

static void place(struct pfm_place *p, const struct pfm_event *ev, unsigned n)
{
	bool sw = ev->kind == PFM_EVENT_SW;

	*p = (struct pfm_place){ .pmd = (uint16_t)n, .npmcs = 1 };
	p->pmc[0].reg_num = (uint16_t)n;
	p->pmc[0].reg_value = ev->code;
	if (sw && !(ev->plm & PFM_PLM_USER))
		p->pmc[0].reg_flags |= PFM_REGFL_NO_USER;
	if (sw && !(ev->plm & PFM_PLM_KERNEL))
		p->pmc[0].reg_flags |= PFM_REGFL_NO_KERNEL;
	if (sw && !(ev->plm & PFM_PLM_HV))
		p->pmc[0].reg_flags |= PFM_REGFL_NO_HV;
	if (!ev->arg)
		return;
	p->npmcs = 2;
	p->pmc[1].reg_num = (uint16_t)(sw ? n - PFM_PMC_SW + PFM_PMC_SW_ARG :
					    n + PFM_PMC_HW_ARG);
	p->pmc[1].reg_value = ev->arg;
}

/* The first PMD in [from, end) that exists, or end. */
static unsigned next_pmd(const struct pfm_regs *regs, unsigned from,
			 unsigned end)
{
	while (from < end && !bv_test(regs->pmds, from))
		from++;
	return from;
}

/*
 * Does the core's PMU count it?  The portable names do as well: they are kernel
 * events by register, but the kernel puts them on the same counters.
 */
static bool needs_counter(const struct pfm_event *ev)
{
	uint64_t type = ev->code >> 48;

	return ev->kind == PFM_EVENT_HW || type == PERF_TYPE_HARDWARE ||
	       type == PERF_TYPE_HW_CACHE;
}

/* More than there are counters: the reason; places do not matter then. */
static bool too_many(const struct pfm_regs *regs, const struct pfm_event *evs,
		     unsigned n, unsigned *fit)
{
	unsigned need = 0;

	*fit = n;
	for (unsigned i = 0; i < n; i++) {
		if (!needs_counter(&evs[i]))
			continue;
		if (++need == regs->ncounters + 1)
			*fit = i;
	}
	if (regs->ncounters == 0 || need <= regs->ncounters)
		return false;
	fail(ENOSPC,
	     "%u events need a hardware counter, %u exist: '%s' does not fit",
	     need, regs->ncounters, evs[*fit].name);
	return true;
}

/* No register is left for it: the reason. */
static void refuse(const struct pfm_event *bad)
{
	if (bad->kind == PFM_EVENT_HW)
		fail(ENOSPC, "event '%s' needs a hardware counter: %s",
		     bad->name, pmu_missing());
	else
		fail(ENOSPC, "event '%s' does not fit: %d kernel events do",
		     bad->name, PFM_MAX_SW_PMDS);
}

unsigned assign_place(const struct pfm_regs *regs, const struct pfm_event *evs,
		      unsigned n, struct pfm_place *places)
{
	unsigned hw = 0, sw = PFM_PMD_SW, *next, end, i;

	if (too_many(regs, evs, n, &i))
		return i;
	for (i = 0; i < n; i++) {
		next = evs[i].kind == PFM_EVENT_SW ? &sw : &hw;
		end = evs[i].kind == PFM_EVENT_SW ? PFM_MAX_PMDS : PFM_PMD_SW;
		*next = next_pmd(regs, *next, end);
		if (*next == end) {
			refuse(&evs[i]);
			return i;
		}
		place(&places[i], &evs[i], (*next)++);
	}
	return n;
}

int pfm_event_assign(const struct pfm_event *evs, unsigned n,
		     struct pfm_place *places, unsigned *fit)
{
	const struct pfm_regs *regs;
	unsigned placed;

	if (!pmu_get(&regs))
		return edge(-ENOSYS);
	placed = assign_place(regs, evs, n, places);
	if (fit)
		*fit = placed;
	return placed == n ? 0 : edge(-ENOSPC);
}
