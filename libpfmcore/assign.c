/* SPDX-License-Identifier: MIT
 *
 * assign.c - which register each event of one set gets, and its value.  For
 * perf this only keeps one logical register per event: the kernel places raw
 * codes itself.  For msr the counters are found by assign-hw.c, by the rules of
 * hw-rules.c.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "priv.h"

static void place_perf(struct pfm_place *p, const struct pfm_event *ev,
		       unsigned n)
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

	return ev->kind == PFM_EVENT_HW ||
	       (ev->kind == PFM_EVENT_SW &&
		(type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE));
}

/* More than there are counters: the reason, and the first too many. */
static int check_number(const struct pfm_regs *regs, struct assign *a)
{
	unsigned need = 0, bad = a->n;

	for (unsigned i = 0; i < a->n; i++) {
		if (!needs_counter(&a->evs[i]))
			continue;
		if (++need == regs->ncounters + 1)
			bad = i;
	}
	if (regs->ncounters == 0 || need <= regs->ncounters)
		return 0;
	a->bad = bad;
	return fail(ENOSPC,
		    "%u events need a hardware counter, %u exist: '%s' does "
		    "not fit",
		    need, regs->ncounters, a->evs[bad].name);
}

/* No register is left for it, or there never was one. */
static int refuse_perf(const struct pfm_event *ev)
{
	if (ev->kind == PFM_EVENT_HW)
		return fail(ENODEV, "event '%s' needs a hardware counter: %s",
			    ev->name, pmu_missing());
	return fail(ENOSPC, "event '%s' does not fit: %d kernel events do",
		    ev->name, PFM_MAX_SW_PMDS);
}

int assign_perf(const struct pfm_regs *regs, struct assign *a)
{
	unsigned hw = 0, sw = PFM_PMD_SW, *next, end;
	int ret = check_number(regs, a);

	if (ret < 0)
		return ret;
	for (a->bad = 0; a->bad < a->n; a->bad++) {
		const struct pfm_event *ev = &a->evs[a->bad];

		if (ev->kind == PFM_EVENT_FREE)
			return fail(ENODEV,
				    "event '%s' is a register that runs "
				    "freely: it needs --backend=msr",
				    ev->name);
		next = ev->kind == PFM_EVENT_SW ? &sw : &hw;
		end = ev->kind == PFM_EVENT_SW ? PFM_MAX_PMDS : PFM_PMD_SW;
		*next = next_pmd(regs, *next, end);
		if (*next == end)
			return refuse_perf(ev);
		place_perf(&a->places[a->bad], ev, (*next)++);
	}
	return 0;
}

static uint64_t levels_of(const struct pfm_event *ev)
{
	return (ev->plm & PFM_PLM_USER ? SEL_USR : 0) |
	       (ev->plm & PFM_PLM_KERNEL ? SEL_OS : 0);
}

/* A portable name, by this CPU's code for it. */
static int select_portable(const struct pfm_hw *hw, const struct pfm_event *ev,
			   uint64_t *code)
{
	uint64_t config = ev->code << 16 >> 16;

	*code = config > UINT_MAX ? 0 : hw_generic(hw, (unsigned)config);
	if (!*code)
		return fail(ENODEV,
			    "event '%s': this CPU (%s) has no such event",
			    ev->name, hw->desc);
	*code |= levels_of(ev);
	return 0;
}

/*
 * A kernel event.  On a hybrid machine the kernel has a PMU for each type of
 * core, so that the events of one are such as well; they have raw codes.
 */
static int select_kernel(const struct pfm_hw *hw, const struct pfm_event *ev,
			 uint64_t *code)
{
	switch (ev->code >> 48) {
	case PERF_TYPE_HARDWARE:
		return select_portable(hw, ev, code);
	case PERF_TYPE_HW_CACHE:
		return fail(ENODEV,
			    "event '%s' has no code of its own here: name the "
			    "PMU's event",
			    ev->name);
	default:
		break;
	}
	if (!hw_is_of(hw, ev->name))
		return fail(ENODEV,
			    "event '%s' is an event of the kernel: it needs "
			    "--backend=perf",
			    ev->name);
	*code = (ev->code << 16 >> 16) | levels_of(ev);
	return 0;
}

/*
 * The event select of an event on this CPU.  INT is never set: Linux wires it
 * to an NMI that nobody expects.
 */
static int select_of(const struct pfm_hw *hw, const struct pfm_event *ev,
		     uint64_t *code)
{
	int ret = 0;

	if (hw_is_of_other(hw, ev->name))
		return fail(ENODEV,
			    "event '%s' is of another type of core than this "
			    "CPU (%s)",
			    ev->name, hw->desc);
	*code = ev->code;
	if (ev->kind == PFM_EVENT_SW)
		ret = select_kernel(hw, ev, code);
	if (ret < 0)
		return ret;
	*code = (*code & ~SEL_INT) | SEL_EN;
	if (!(*code & (SEL_USR | SEL_OS)))
		return fail(EINVAL,
			    "event '%s' is for neither user nor kernel level: "
			    "it would count nothing",
			    ev->name);
	return 0;
}

/* Leave the extra registers that can hold the word. */
static int check_word(const struct pfm_hw *hw, const struct pfm_event *ev,
		      struct hw_rule *rule)
{
	unsigned n = 0;

	for (unsigned alt = 0; alt < rule->nextra; alt++) {
		const struct hw_pmc *pmc = &hw->pmc[rule->extra[alt]];

		if (!pmc->msr || ev->arg & ~pmc->valid)
			continue;
		rule->extra[n] = rule->extra[alt];
		rule->code[n++] = rule->code[alt];
	}
	if (n == 0 && (rule->nextra || ev->arg))
		return fail(EINVAL,
			    "event '%s': this CPU (%s) has no register that "
			    "holds its second word %#" PRIx64,
			    ev->name, hw->desc, ev->arg);
	rule->nextra = (uint8_t)n;
	return 0;
}

static int find_rule(const struct pfm_hw *hw, const struct pfm_event *ev,
		     struct assign_want *want)
{
	struct hw_rule *rule = &want->rule;
	uint64_t code = 0;
	int ret = select_of(hw, ev, &code);

	if (ret < 0)
		return ret;
	*want = (struct assign_want){ .name = ev->name, .arg = ev->arg };
	ret = hw_rule(hw, code, rule);
	if (ret < 0) {
		char why[200];

		snprintf(why, sizeof(why), "%s", pfm_reason());
		return fail(-ret, "event '%s': %s", ev->name, why);
	}
	return check_word(hw, ev, rule);
}

static int place_free(const struct pfm_hw *hw, const struct pfm_event *ev,
		      struct pfm_place *p)
{
	if (ev->code < HW_PMD_FREE || ev->code >= HW_NPMDS ||
	    !hw->pmd[ev->code].msr)
		return fail(ENODEV,
			    "event '%s': this CPU (%s) has no such register, "
			    "or its MSRs cannot be read",
			    ev->name, hw->desc);
	*p = (struct pfm_place){ .pmd = (uint16_t)ev->code };
	return 0;
}

static void add_pmc(struct pfm_place *p, unsigned num, uint64_t value)
{
	p->pmc[p->npmcs].reg_num = (uint16_t)num;
	p->pmc[p->npmcs++].reg_value = value;
}

/*
 * Its part of FIXED_CTR_CTRL: bit 0 OS, 1 USR, 2 any thread, 3 an interrupt.
 * Intel SDM volume 3, 325384-059, "Architectural Performance Monitoring Version
 * 2" and "Version 3".
 */
static uint64_t fixed_bits(unsigned pmd, uint64_t code)
{
	uint64_t bits = (code & SEL_OS ? 1 : 0) | (code & SEL_USR ? 2 : 0) |
			(code & SEL_ANY ? 4 : 0);

	return bits << 4 * (pmd - HW_PMD_FIXED);
}

/*
 * AMD's event 0xfff in the odd counter makes the even one before it count what
 * comes in large numbers.  Linux 6.12, arch/x86/events/amd/core.c.
 */
#define MERGE (UINT64_C(0xf000000ff) | SEL_EN)

static void place_hw(const struct assign_hw *hw, unsigned i, uint64_t fixed,
		     struct pfm_place *p)
{
	const struct hw_rule *rule = &hw->want[i].rule;
	unsigned pmd = hw->got[i].pmd, alt = hw->got[i].alt;

	*p = (struct pfm_place){ .pmd = (uint16_t)pmd };
	if (pmd >= HW_PMD_FIXED)
		add_pmc(p, HW_PMC_FIXED, fixed);
	else
		add_pmc(p, pmd, rule->code[alt]);
	/* AMD, which has pairs, has no extra words. */
	if (rule->pair)
		add_pmc(p, pmd + 1, MERGE);
	else if (rule->nextra)
		add_pmc(p, rule->extra[alt], hw->want[i].arg);
}

/* What all events on fixed counters put in their common register. */
static uint64_t fixed_value(const struct assign_hw *hw)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < hw->n; i++)
		if (hw->got[i].pmd >= HW_PMD_FIXED)
			value |= fixed_bits(hw->got[i].pmd,
					    hw->want[i].rule.code[0]);
	return value;
}

int assign_msr(const struct pfm_hw *hw, uint32_t pmds, const char *taken,
	       struct assign *a)
{
	struct assign_want want[ASSIGN_MAX];
	struct assign_hw req = { .want = want, .pmds = pmds, .taken = taken };
	unsigned index[ASSIGN_MAX];
	int ret;

	for (a->bad = 0; a->bad < a->n; a->bad++) {
		const struct pfm_event *ev = &a->evs[a->bad];

		if (ev->kind == PFM_EVENT_FREE)
			ret = place_free(hw, ev, &a->places[a->bad]);
		else if (req.n == ASSIGN_MAX)
			continue; /* there are fewer counters anyway */
		else
			ret = find_rule(hw, ev, &want[req.n]);
		if (ret < 0)
			return ret;
		if (ev->kind != PFM_EVENT_FREE)
			index[req.n++] = a->bad;
	}
	ret = assign_hw(&req);
	if (ret < 0) {
		a->bad = index[63 - (unsigned)__builtin_clzll(req.culprits)];
		return fail(-ret, "%s", req.why);
	}
	for (unsigned i = 0; i < req.n; i++)
		place_hw(&req, i, fixed_value(&req), &a->places[index[i]]);
	return 0;
}

int assign_rules(const struct pfm_hw *hw, uint32_t pmds, struct assign *a)
{
	struct assign_want want[ASSIGN_MAX];
	struct assign_hw req = { .want = want,
				 .pmds = pmds,
				 .taken = "; the rest is the NMI watchdog's" };
	unsigned index[ASSIGN_MAX], i;
	int ret;

	if (pmds == hw_counters(hw))
		req.taken = "";
	for (i = 0; i < a->n && req.n < ASSIGN_MAX; i++) {
		/* Of what is not known here the kernel tells at load. */
		if (!needs_counter(&a->evs[i]) ||
		    find_rule(hw, &a->evs[i], &want[req.n]) < 0)
			continue;
		index[req.n++] = i;
	}
	ret = assign_hw(&req);
	if (ret == 0)
		return 0;
	a->bad = index[63 - (unsigned)__builtin_clzll(req.culprits)];
	return fail(-ret, "%s", req.why);
}

/*
 * The counters that perf has, by the processor's own description.  False: it is
 * not known, or there are two kinds of cores; the kernel then tells at load what
 * does not fit.
 */
static bool perf_counters(const struct pfm_regs *regs, const struct pfm_hw **hw,
			  uint32_t *pmds)
{
	if (!regs->ncounters || pmu_hw(0, hw) < 0 || (*hw)->core_type)
		return false;
	*pmds = hw_counters(*hw);
	if (pmu_watchdog())
		*pmds &= ~hw_watchdog(*hw);
	return true;
}

static int assign_kernel(const struct pfm_regs *regs, struct assign *a)
{
	const struct pfm_hw *hw;
	uint32_t pmds;
	int ret = assign_perf(regs, a);

	if (ret == 0 && perf_counters(regs, &hw, &pmds))
		ret = assign_rules(hw, pmds, a);
	return ret;
}

static int assign_on_cpu(int cpu, struct assign *a)
{
	const struct pfm_hw *hw;
	char taken[128];
	uint32_t pmds;
	int ret = pmu_free(cpu, &hw, &pmds, taken);

	return ret < 0 ? ret : assign_msr(hw, pmds, taken, a);
}

int pfm_event_assign(const char *backend, int cpu, const struct pfm_event *evs,
		     unsigned n, struct pfm_place *places, unsigned *bad)
{
	struct assign a = { .evs = evs, .n = n, .places = places, .bad = n };
	const struct pfm_backend *be = backend_find(backend);
	const struct pfm_regs *regs;
	int ret = -EINVAL;

	if (be && be->pmu == &pfm_pmu_msr) {
		ret = assign_on_cpu(cpu, &a);
	} else if (be) {
		regs = pmu_regs(be->pmu);
		ret = regs ? assign_kernel(regs, &a) : -ENODEV;
	}
	if (ret < 0 && bad)
		*bad = a.bad;
	return edge(ret);
}

static int need_of(const struct pfm_hw *hw, const struct pfm_event *ev,
		   struct pfm_need *need)
{
	struct assign_want want;
	int ret = find_rule(hw, ev, &want);

	if (ret < 0)
		return ret;
	need->counters = want.rule.pmds;
	need->pair = want.rule.pair;
	need->nextra = want.rule.nextra;
	memcpy(need->extra, want.rule.extra, sizeof(need->extra));
	need->word = want.arg;
	return 0;
}

static int need_msr(int cpu, const struct pfm_event *ev, struct pfm_need *need)
{
	struct pfm_place place;
	const struct pfm_hw *hw;
	int ret = pmu_free(cpu, &hw, &need->free, NULL);

	if (ret < 0)
		return ret;
	if (ev->kind == PFM_EVENT_FREE)
		return place_free(hw, ev, &place);
	return need_of(hw, ev, need);
}

static int need_perf(const struct pfm_regs *regs, const struct pfm_event *ev,
		     struct pfm_need *need)
{
	struct pfm_place place;
	struct assign a = { .evs = ev, .n = 1, .places = &place };
	const struct pfm_hw *hw;
	int ret = assign_perf(regs, &a);

	if (ret < 0)
		return ret;
	if (perf_counters(regs, &hw, &need->free)) {
		if (!needs_counter(ev) || need_of(hw, ev, need) == 0)
			return 0;
		/* Any, as far as is known here. */
		need->counters = need->free;
		return 0;
	}
	need->free = regs->ncounters < 32 ?
			     (UINT32_C(1) << regs->ncounters) - 1 :
			     UINT32_MAX;
	if (needs_counter(ev))
		need->counters = need->free;
	return 0;
}

int pfm_event_need(const char *backend, int cpu, const struct pfm_event *ev,
		   struct pfm_need *need)
{
	const struct pfm_backend *be = backend_find(backend);
	const struct pfm_regs *regs;
	int ret = -EINVAL;

	*need = (struct pfm_need){ 0 };
	if (be && be->pmu == &pfm_pmu_msr) {
		ret = need_msr(cpu, ev, need);
	} else if (be) {
		regs = pmu_regs(be->pmu);
		ret = regs ? need_perf(regs, ev, need) : -ENODEV;
	}
	return edge(ret);
}
