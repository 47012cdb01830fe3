/* SPDX-License-Identifier: MIT
 *
 * msr-program.c - a set on the registers of a CPU: what is written when, what
 * must be noted before for the way back, and the proof that a counter counts.
 *
 * The order is that of the manuals: stopped, then the values, then the selects,
 * the global control last.  Intel SDM volume 3, 325384-059, "Architectural
 * Performance Monitoring Version 1" (the counter is written while EN is 0) and
 * "Version 2" (GLOBAL_CTRL is ANDed with the enables).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "msr-backend.h"

static int check_free(const struct msr_ctx *mc, unsigned n)
{
	char taken[100];

	if (!(mc->own.taken >> n & 1))
		return 0;
	pmu_owners_text(&mc->own, taken, sizeof(taken));
	return fail(EBUSY, "pmd%u: CPU %d has counters%s: choose others", n,
		    mc->c.cpu, taken);
}

/* Could this event select count there?  Else it would, but something else. */
static int check_rule(const struct msr_ctx *mc, unsigned n, uint64_t sel)
{
	struct hw_rule rule;
	int ret = hw_rule(mc->hw, sel, &rule);

	if (ret < 0 || rule.pmds >> n & 1)
		return ret;
	/* The second of a pair has an event of its own that nobody places. */
	if (n & 1 && hw_is_merge(mc->hw, sel))
		return 0;
	return fail(EINVAL,
		    "pmc%u: event select %#" PRIx64 " cannot be counted on "
		    "counter %u of CPU %d (%s); counters %#x can",
		    n, sel, n, mc->c.cpu, mc->hw->desc, rule.pmds);
}

static int check_valid(const struct msr_ctx *mc, unsigned n, uint64_t value)
{
	const struct hw_pmc *pmc = &mc->hw->pmc[n];

	if (pmc->msr && !(value & ~pmc->valid))
		return 0;
	return fail(EINVAL, "pmc%u: CPU %d (%s) has %s", n, mc->c.cpu,
		    mc->hw->desc,
		    pmc->msr ? "not all of its bits" : "no such register");
}

/* 1: PMD n has something to count; 0: not; or -errno. */
static int add_general(struct msr_ctx *mc, const struct pfm_set *set,
		       struct msr_set *ms, unsigned n)
{
	uint64_t sel = set->pmcs[n];
	int ret;

	if (!bv_test(set->used_pmcs, n) || !(sel & SEL_EN))
		return 0;
	ret = check_valid(mc, n, sel);
	if (ret == 0)
		ret = check_rule(mc, n, sel);
	if (ret == 0)
		ret = check_free(mc, n);
	ms->sel[n] = sel;
	return ret < 0 ? ret : 1;
}

static int add_fixed(struct msr_ctx *mc, const struct pfm_set *set,
		     struct msr_set *ms, unsigned n)
{
	unsigned shift = msr_fixed_shift(n);
	uint64_t nibble = set->pmcs[HW_PMC_FIXED] >> shift & 7;
	int ret;

	if (!bv_test(set->used_pmcs, HW_PMC_FIXED) || !(nibble & 3))
		return 0;
	ret = check_valid(mc, HW_PMC_FIXED, nibble << shift);
	if (ret == 0)
		ret = check_free(mc, n);
	ms->fixed |= nibble << shift;
	return ret < 0 ? ret : 1;
}

static int add_pmd(struct msr_ctx *mc, const struct pfm_set *set,
		   struct msr_set *ms, unsigned n)
{
	const struct hw_pmd *pmd = &mc->hw->pmd[n];
	int ret = 1;

	if (n >= HW_NPMDS || !pmd->msr)
		return fail(EINVAL, "pmd%u: CPU %d (%s) has no such register",
			    n, mc->c.cpu, mc->hw->desc);
	if (n < HW_PMD_FIXED)
		ret = add_general(mc, set, ms, n);
	else if (n < HW_NCOUNTERS)
		ret = add_fixed(mc, set, ms, n);
	if (ret <= 0)
		return ret;
	ms->reg[ms->nregs++] = (struct msr_reg){
		.pmd = set->pmds[n],
		.num = n,
		.msr = pmd->msr,
		.wr = pmd->wr,
		.width = pmd->width,
		.is_free = !pmd->wr,
		.is_status = n == HW_PMD_FREE + HW_THERM ||
			     n == HW_PMD_FREE + HW_PKG_THERM,
	};
	if (n < HW_NCOUNTERS) {
		ms->pmds |= 1u << n;
		ms->ctl |= msr_global_bit(n);
	} else {
		bv_set(ms->free, n);
		ms->nfree++;
	}
	return 0;
}

/* A merge event in the next counter has no PMD that asks for it. */
static void add_pairs(const struct msr_ctx *mc, const struct pfm_set *set,
		      struct msr_set *ms)
{
	for (unsigned n = 1; n < HW_MAX_GP; n += 2) {
		if (!(ms->pmds >> (n - 1) & 1) || ms->pmds >> n & 1 ||
		    !bv_test(set->used_pmcs, n) ||
		    !hw_is_merge(mc->hw, set->pmcs[n]))
			continue;
		ms->sel[n] = set->pmcs[n];
		ms->pmds |= 1u << n;
		ms->merges |= 1u << n;
		ms->ctl |= msr_global_bit(n);
	}
}

static int add_extras(const struct msr_ctx *mc, const struct pfm_set *set,
		      struct msr_set *ms)
{
	for (unsigned n = HW_PMC_FIXED + 1; n < HW_NPMCS; n++) {
		int ret;

		if (!bv_test(set->used_pmcs, n))
			continue;
		ret = check_valid(mc, n, set->pmcs[n]);
		if (ret < 0)
			return ret;
		ms->extras |= 1u << n;
		ms->extra[n] = set->pmcs[n];
	}
	return 0;
}

/* How it is switched: by the global control, or by the enable of each. */
static void make_switches(const struct msr_ctx *mc, struct msr_set *ms)
{
	const struct pfm_hw *hw = mc->hw;

	if (!ms->pmds)
		return;
	if (mc->alone) {
		ms->start[ms->nstart++] = msr_write_op(hw->ctl, ms->ctl);
		ms->stop[ms->nstop++] = msr_write_op(hw->ctl, 0);
		return;
	}
	for (unsigned n = 0; n < HW_MAX_GP; n++) {
		if (!(ms->pmds >> n & 1))
			continue;
		ms->start[ms->nstart++] =
			msr_write_op(hw->pmc[n].msr, ms->sel[n]);
		ms->stop[ms->nstop++] =
			msr_write_op(hw->pmc[n].msr, ms->sel[n] & ~SEL_EN);
	}
	if (!ms->fixed)
		return;
	ms->start[ms->nstart++] =
		msr_write_op(hw->pmc[HW_PMC_FIXED].msr, ms->fixed);
	ms->stop[ms->nstop++] = msr_write_op(hw->pmc[HW_PMC_FIXED].msr, 0);
}

int msr_set_new(struct msr_ctx *mc, struct pfm_set *set, struct msr_set **out)
{
	struct msr_set *ms = calloc(1, sizeof(*ms));
	unsigned n;
	int ret = 0;

	*out = NULL;
	if (!ms)
		return fail(ENOMEM, "no memory to load set %u", set->id);
	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		if (ret == 0)
			ret = add_pmd(mc, set, ms, n);
	if (ret == 0 && ms->nregs)
		ret = add_extras(mc, set, ms);
	if (ret < 0 || !ms->nregs) {
		msr_set_free(ms);
		return ret;
	}
	add_pairs(mc, set, ms);
	make_switches(mc, ms);
	*out = ms;
	return 0;
}

void msr_set_free(struct msr_set *ms)
{
	free(ms);
}

/*
 * The counter begins where its overflow is that of the 64 bits, if it can hold
 * that; else at 0, and the 64 bits are made of readings alone.
 */
static void put_value(const struct msr_ctx *mc, struct msr_steps *o,
		      struct msr_reg *r)
{
	uint64_t write = 0;

	r->raw = 0;
	if (!r->pmd->value ||
	    hw_preset(mc->hw, r->num, -r->pmd->value, &write, &r->raw) < 0)
		write = r->raw = 0;
	msr_put(o, r->wr, write);
}

int msr_preset(struct msr_ctx *mc, struct msr_reg *r)
{
	struct msr_steps o = { 0 };
	uint64_t raw = r->raw;
	int ret;

	/* While it runs, what it moved until now is not counted any more. */
	if (mc->running)
		msr_get(&o, r->msr);
	else if (!r->is_free)
		put_value(mc, &o, r);
	ret = msr_run(mc, o.op, o.n);
	if (ret < 0) {
		/* It stays what it was. */
		r->raw = raw;
		r->pmd->value = r->counted;
		return ret;
	}
	if (mc->running)
		r->raw = o.op[0].value;
	r->counted = r->pmd->value;
	return 0;
}

int msr_program(struct msr_ctx *mc, struct msr_set *ms)
{
	const struct pfm_hw *hw = mc->hw;
	uint64_t off = mc->alone ? 0 : SEL_EN;
	struct msr_steps o = { 0 };
	unsigned n;
	int ret = msr_claim(mc, ms);

	if (ret < 0)
		return ret;
	if (mc->alone && ms->pmds)
		msr_put(&o, hw->ctl, 0);
	for (n = 0; n < HW_MAX_GP; n++)
		if (mc->claimed >> n & 1)
			msr_put(&o, hw->pmc[n].msr, 0);
	for (n = 0; n < HW_NPMCS; n++)
		if (ms->extras >> n & 1)
			msr_put(&o, hw->pmc[n].msr, ms->extra[n]);
	for (n = 0; n < ms->nregs; n++)
		if (!ms->reg[n].is_free)
			put_value(mc, &o, &ms->reg[n]);
	/* Linux 6.12, arch/x86/events/amd/core.c, gives it this value. */
	for (n = 0; n < HW_MAX_GP; n++)
		if (ms->merges >> n & 1)
			msr_put(&o, hw->pmd[n].wr, 0xffff);
	for (n = 0; n < HW_MAX_GP; n++)
		if (ms->pmds >> n & 1)
			msr_put(&o, hw->pmc[n].msr, ms->sel[n] & ~off);
	if (mc->claimed >> HW_PMD_FIXED)
		msr_put(&o, hw->pmc[HW_PMC_FIXED].msr,
			mc->alone ? ms->fixed : 0);
	/* From here on the registers hold this set, or nobody's. */
	mc->on = NULL;
	ret = msr_run(mc, o.op, o.n);
	if (ret < 0)
		return ret;
	for (n = 0; n < ms->nregs; n++)
		ms->reg[n].counted = ms->reg[n].pmd->value;
	mc->on = ms;
	return 0;
}

int msr_baseline(struct msr_ctx *mc, struct msr_set *ms)
{
	struct msr_steps o = { 0 };
	unsigned i;
	int ret;

	for (i = 0; i < ms->nregs; i++)
		if (ms->reg[i].is_free)
			msr_get(&o, ms->reg[i].msr);
	ret = msr_run(mc, o.op, o.n);
	o.n = 0;
	for (i = 0; i < ms->nregs && ret == 0; i++)
		if (ms->reg[i].is_free)
			ms->reg[i].raw = o.op[o.n++].value;
	return ret;
}

/* A register we wrote, and the bits of it that are ours. */
struct expected {
	uint64_t value, mask;
	const char *name;
};

static int compare(const struct msr_ctx *mc, const struct msr_steps *o,
		   const struct expected *e)
{
	for (unsigned i = 0; i < o->n; i++)
		if ((o->op[i].value ^ e[i].value) & e[i].mask)
			return fail(EIO,
				    "CPU %d: %s (%#x) is %#" PRIx64
				    ", not %#" PRIx64
				    ": another agent writes the counters' "
				    "registers; the counts are lost",
				    mc->c.cpu, e[i].name, o->op[i].reg,
				    o->op[i].value, e[i].value);
	return 0;
}

int msr_verify(struct msr_ctx *mc)
{
	const struct msr_set *ms = mc->on;
	const struct pfm_hw *hw = mc->hw;
	bool on = mc->running || mc->alone;
	struct expected e[HW_MAX_GP + 2];
	struct msr_steps o = { 0 };
	int ret;

	for (unsigned n = 0; n < HW_MAX_GP; n++) {
		if (!(ms->pmds >> n & 1))
			continue;
		e[o.n] = (struct expected){ ms->sel[n] & ~(on ? 0 : SEL_EN),
					    UINT64_MAX, hw->pmc[n].name };
		msr_get(&o, hw->pmc[n].msr);
	}
	if (ms->fixed) {
		e[o.n] = (struct expected){ on ? ms->fixed : 0, UINT64_MAX,
					    hw->pmc[HW_PMC_FIXED].name };
		msr_get(&o, hw->pmc[HW_PMC_FIXED].msr);
	}
	if (hw->ctl && ms->pmds) {
		e[o.n] = (struct expected){ mc->alone && !mc->running ? 0 :
									ms->ctl,
					    mc->alone ? UINT64_MAX : ms->ctl,
					    "the global control" };
		msr_get(&o, hw->ctl);
	}
	ret = msr_run(mc, o.op, o.n);
	return ret < 0 ? ret : compare(mc, &o, e);
}
