/* SPDX-License-Identifier: MIT
 *
 * msr-claim.c - before a set is programmed for the first time: what must be
 * noted for the way back (guard.c), the proof that a counter counts, and which
 * CPUs are this process's.
 */
#include "config.h"

#include <stdio.h>

#include "msr-backend.h"

/*
 * The CPUs this process has: whoever asks which counters are free there must
 * not take ours for somebody's.
 */
static pthread_mutex_t attached_lock = PTHREAD_MUTEX_INITIALIZER;
static struct msr_ctx *attached;

bool backend_msr_taken(int cpu, struct pmu_owners *own)
{
	const struct msr_ctx *mc;

	pthread_mutex_lock(&attached_lock);
	for (mc = attached; mc && mc->c.cpu != cpu; mc = mc->next)
		;
	if (mc)
		*own = mc->own;
	pthread_mutex_unlock(&attached_lock);
	return mc;
}

void msr_list_add(struct msr_ctx *mc)
{
	pthread_mutex_lock(&attached_lock);
	mc->next = attached;
	attached = mc;
	pthread_mutex_unlock(&attached_lock);
}

void msr_list_remove(struct msr_ctx *mc)
{
	struct msr_ctx **link = &attached;

	pthread_mutex_lock(&attached_lock);
	while (*link != mc)
		link = &(*link)->next;
	*link = mc->next;
	pthread_mutex_unlock(&attached_lock);
}

int msr_check_frozen(struct msr_ctx *mc)
{
	struct msr_op op = { .reg = mc->hw->status };
	int ret;

	if (!mc->hw->status_set)
		return 0;
	ret = msr_run(mc, &op, 1);
	if (ret < 0 || !(op.value & HW_STATUS_FROZEN))
		return ret;
	return fail(EBUSY,
		    "CPU %d: another agent has frozen the counters "
		    "(status %#" PRIx64 ")",
		    mc->c.cpu, op.value);
}

/*
 * Note how to undo what will be written.  A select comes before its counter,
 * which must not count any more when it gets its value back; a status bit we
 * may have set after it.  Through the legacy address a value above 32 bits
 * cannot come back (Intel SDM, "Full-Width Writes"): such a one stays lost.
 */
static void note_counter(const struct msr_ctx *mc, unsigned n,
			 const uint64_t old[2], struct msr_undo *undo,
			 unsigned *nundo)
{
	const struct hw_pmd *pmd = &mc->hw->pmd[n];
	unsigned u = *nundo;

	if (n < HW_PMD_FIXED)
		undo[u++] = (struct msr_undo){ .reg = mc->hw->pmc[n].msr,
					       .value = old[0],
					       .mask = UINT64_MAX };
	else
		undo[u++] = (struct msr_undo){
			.reg = mc->hw->pmc[HW_PMC_FIXED].msr,
			.value = 0,
			.mask = UINT64_C(0xf) << msr_fixed_shift(n),
		};
	undo[u++] = (struct msr_undo){ .reg = pmd->wr,
				       .value = old[1],
				       .mask = UINT64_MAX };
	*nundo = u;
}

static void note_status(const struct msr_ctx *mc, unsigned n, uint64_t status,
			struct msr_undo *undo, unsigned *nundo)
{
	if (!mc->hw->status_clr || status & msr_global_bit(n))
		return;
	undo[(*nundo)++] = (struct msr_undo){ .reg = mc->hw->status_clr,
					      .value = msr_global_bit(n),
					      .mask = UINT64_MAX };
}

static int claim_counters(struct msr_ctx *mc, uint32_t pmds)
{
	struct msr_steps o = { 0 };
	struct msr_undo undo[MSR_STEPS];
	unsigned nundo = 0, n, i = 0, status = 0;
	int ret;

	if (mc->hw->status)
		status = msr_get(&o, mc->hw->status);
	for (n = 0; n < HW_NCOUNTERS; n++) {
		if (!(pmds >> n & 1))
			continue;
		msr_get(&o,
			mc->hw->pmc[n < HW_PMD_FIXED ? n : HW_PMC_FIXED].msr);
		msr_get(&o, mc->hw->pmd[n].msr);
	}
	ret = msr_run(mc, o.op, o.n);
	if (ret < 0)
		return ret;
	i = mc->hw->status ? 1 : 0;
	for (n = 0; n < HW_NCOUNTERS; n++) {
		uint64_t old[2];

		if (!(pmds >> n & 1))
			continue;
		old[0] = o.op[i++].value;
		old[1] = o.op[i++].value;
		note_counter(mc, n, old, undo, &nundo);
		note_status(mc, n, mc->hw->status ? o.op[status].value : 0,
			    undo, &nundo);
	}
	return guard_add(&mc->c, undo, nundo);
}

static int claim_extras(struct msr_ctx *mc, uint32_t pmcs)
{
	for (unsigned n = 0; n < HW_NPMCS; n++) {
		struct msr_undo undo = { .mask = UINT64_MAX };
		struct msr_op op = { .reg = mc->hw->pmc[n].msr };
		int ret;

		if (!(pmcs >> n & 1))
			continue;
		ret = msr_run(mc, &op, 1);
		undo.reg = op.reg;
		undo.value = op.value;
		if (ret == 0)
			ret = guard_add(&mc->c, &undo, 1);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* The global control, of which we need the bits in ctl. */
static int claim_control(struct msr_ctx *mc, uint64_t ctl)
{
	struct msr_undo undo = {
		.reg = mc->hw->ctl,
		.value = mc->own.ctl,
		.mask = UINT64_MAX,
	};
	struct msr_op op = msr_write_op(mc->hw->ctl, mc->ctl | ctl);
	int ret;

	if (!mc->hw->ctl || (mc->alone && mc->claimed_ctl))
		return 0;
	if (!mc->alone) {
		/* It is on already, as it is by reset: leave it to him. */
		if ((mc->ctl & ctl) == ctl)
			return 0;
		undo.mask = ctl & ~mc->ctl;
		undo.value = 0;
	}
	ret = guard_add(&mc->c, &undo, 1);
	if (ret == 0 && !mc->alone)
		ret = msr_run(mc, &op, 1);
	if (ret == 0 && !mc->alone)
		mc->ctl |= ctl;
	mc->claimed_ctl = ret == 0;
	return ret;
}

/* What a counter on trial counts: instructions, at every level. */
#define TRIAL_SEL (UINT64_C(0xc0) | SEL_USR | SEL_OS | SEL_EN)

struct trial {
	struct msr_steps o;
	unsigned sel[HW_MAX_GP];      /* where its select was read back */
	unsigned count[HW_NCOUNTERS]; /* and its count */
};

/*
 * The accesses themselves are what is counted: each is done by instructions of
 * the kernel on that very CPU.
 */
static void make_trial(const struct msr_ctx *mc, uint32_t pmds, struct trial *t)
{
	const struct pfm_hw *hw = mc->hw;
	uint64_t fixed = 0, ctl = 0;
	unsigned n;

	if (mc->alone)
		msr_put(&t->o, hw->ctl, 0);
	for (n = 0; n < HW_NCOUNTERS; n++) {
		if (!(pmds >> n & 1))
			continue;
		msr_put(&t->o, hw->pmd[n].wr, 0);
		ctl |= msr_global_bit(n);
		if (n >= HW_PMD_FIXED)
			fixed |= UINT64_C(3) << msr_fixed_shift(n);
		else
			msr_put(&t->o, hw->pmc[n].msr, TRIAL_SEL);
	}
	if (fixed)
		msr_put(&t->o, hw->pmc[HW_PMC_FIXED].msr, fixed);
	if (mc->alone)
		msr_put(&t->o, hw->ctl, ctl);
	for (n = 0; n < HW_MAX_GP; n++)
		if (pmds >> n & 1)
			t->sel[n] = msr_get(&t->o, hw->pmc[n].msr);
	msr_get(&t->o, hw->pmd[__builtin_ctz(pmds)].msr);
	if (mc->alone)
		msr_put(&t->o, hw->ctl, 0);
	if (fixed)
		msr_put(&t->o, hw->pmc[HW_PMC_FIXED].msr, 0);
	for (n = 0; n < HW_NCOUNTERS; n++) {
		if (!(pmds >> n & 1))
			continue;
		if (n < HW_MAX_GP)
			msr_put(&t->o, hw->pmc[n].msr, 0);
		t->count[n] = msr_get(&t->o, hw->pmd[n].msr);
	}
}

static const char *trial_hint(const struct msr_ctx *mc)
{
	return mc->hw->hypervisor ?
		       "the hypervisor swallows the writes: count on the host, "
		       "or give the guest a PMU" :
		       "another agent or the firmware holds it";
}

static int judge_trial(const struct msr_ctx *mc, uint32_t pmds,
		       const struct trial *t)
{
	for (unsigned n = 0; n < HW_NCOUNTERS; n++) {
		uint64_t sel;

		if (!(pmds >> n & 1))
			continue;
		sel = n < HW_MAX_GP ? t->o.op[t->sel[n]].value : TRIAL_SEL;
		if (sel != TRIAL_SEL)
			return fail(ENODEV,
				    "CPU %d: %s reads %#" PRIx64
				    " after %#" PRIx64 " was written: %s",
				    mc->c.cpu, mc->hw->pmc[n].name, sel,
				    TRIAL_SEL, trial_hint(mc));
		if (t->o.op[t->count[n]].value == 0)
			return fail(ENODEV,
				    "CPU %d: %s was switched on and counted "
				    "nothing: %s",
				    mc->c.cpu, mc->hw->pmd[n].name,
				    trial_hint(mc));
	}
	return 0;
}

static int try_counters(struct msr_ctx *mc, uint32_t pmds)
{
	struct trial t = { 0 };
	int ret;

	if (!pmds)
		return 0;
	make_trial(mc, pmds, &t);
	ret = msr_run(mc, t.o.op, t.o.n);
	return ret < 0 ? ret : judge_trial(mc, pmds, &t);
}

/* Everything the set needs that was not ours yet, and the proof it counts. */
int msr_claim(struct msr_ctx *mc, const struct msr_set *ms)
{
	uint32_t fresh = ms->pmds & ~mc->claimed;
	uint32_t pmcs = ms->extras & ~mc->claimed_pmcs;
	int ret = 0;

	if (ms->pmds)
		ret = claim_control(mc, ms->ctl);
	if (ret == 0 && fresh)
		ret = claim_counters(mc, fresh);
	if (ret == 0)
		ret = claim_extras(mc, pmcs);
	if (ret < 0)
		return ret;
	mc->claimed |= fresh;
	mc->claimed_pmcs |= pmcs;
	return try_counters(mc, fresh);
}
