/* SPDX-License-Identifier: MIT
 *
 * msr-poll.c - where no interrupt comes: the counters are looked at on a tick,
 * so that none moves by its whole width unseen, so that what somebody else did
 * to the registers is noticed, and so that PMDs overflow.
 *
 * An overflow is seen at the next tick: which instruction it was is not known,
 * and the other PMDs have gone on.  But none is missed, and none of its events:
 * a PMD goes on from where it wrapped, and one that wrapped several times
 * overflows as often.
 */
#include "config.h"

#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "msr-backend.h"

/* Between two looks where PMDs overflow. */
#define TICK_NS 1000000

/* Overflows of one look; what is beyond is counted as lost. */
#define MOST_OVERFLOWS 4096

/*
 * Half of the time the narrowest counter needs for a wrap at 30 events a
 * nanosecond, and not more than ten seconds, so that registers somebody else
 * writes are noticed.
 */
static uint64_t poll_ns(const struct pfm_hw *hw)
{
	uint64_t ns = 10 * UINT64_C(1000000000), wrap;

	for (unsigned n = 0; n < HW_NCOUNTERS; n++) {
		if (!hw->pmd[n].msr)
			continue;
		wrap = (UINT64_C(1) << (hw->pmd[n].width - 1)) / 30;
		if (wrap < ns)
			ns = wrap;
	}
	return ns;
}

static int set_timer(struct msr_ctx *mc, uint64_t ns)
{
	struct itimerspec spec = {
		.it_interval = { (time_t)(ns / 1000000000u),
				 (long)(ns % 1000000000u) },
	};

	spec.it_value = spec.it_interval;
	mc->tick_ns = ns;
	return timerfd_settime(mc->timer, 0, &spec, NULL);
}

int msr_open_timer(struct msr_ctx *mc)
{
	mc->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (mc->timer < 0 || set_timer(mc, poll_ns(mc->hw)) < 0)
		return fail(errno, "no timer for CPU %d's counters: %m",
			    mc->c.cpu);
	return 0;
}

void msr_set_timer(struct msr_ctx *mc, bool often)
{
	uint64_t ns = often ? TICK_NS : poll_ns(mc->hw);

	if (ns != mc->tick_ns && set_timer(mc, ns) < 0)
		dbg(MSR, "CPU %d: timer: %m", mc->c.cpu);
}

int msr_look_fd(const struct pfm_context *ctx)
{
	const struct msr_ctx *mc = ctx->be_priv;

	return mc->timer;
}

/* The PMDs that wrapped since the last look; their values are as of now. */
static bool wrapped(struct msr_set *ms, uint64_t *bv)
{
	bool any = false;

	memset(bv, 0, PFM_PMD_BV * sizeof(*bv));
	for (unsigned i = 0; i < ms->nregs; i++) {
		struct msr_reg *r = &ms->reg[i];

		if (!r->wrapped)
			continue;
		bv_set(bv, r->num);
		r->wrapped = false;
		r->over = r->pmd->value;
		any = true;
	}
	return any;
}

/* What a look has no time for: counted, not handled. */
static void give_up(struct pfm_context *ctx, struct msr_set *ms)
{
	for (unsigned i = 0; i < ms->nregs; i++) {
		struct msr_reg *r = &ms->reg[i];
		uint64_t period = pmd_period(r->pmd->short_reset);

		if (!r->wrapped)
			continue;
		r->wrapped = false;
		ctx->stats.lost += r->pmd->value / period + 1;
		r->pmd->value %= period;
		r->pmd->value += r->pmd->short_reset;
		r->counted = r->pmd->value;
	}
}

static void handle(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_set *ms = set->be_priv;
	struct ovfl o = {
		.tstamp = clock_ns(),
		.cpu = (uint16_t)ctx->target,
		.flags = PFM_OVFL_POLLED,
	};

	for (unsigned n = 0; wrapped(ms, o.pmds); n++) {
		ovfl_handle(ctx, &o);
		if (ctx->state != PFM_LOADED || ctx->active != set)
			return;
		if (n == MOST_OVERFLOWS)
			give_up(ctx, ms);
	}
}

int msr_look(struct pfm_context *ctx)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct pfm_set *set = ctx->active;
	uint64_t ticks;
	bool tick = read(mc->timer, &ticks, sizeof(ticks)) > 0;
	int ret;

	if (!tick && !ctx->interrupts)
		return 0;
	if (!set->be_priv || mc->on != set->be_priv || ctx->state == PFM_MASKED)
		return 0;
	ret = msr_read_set(ctx, set, set->used_pmds);
	if (ret == 0 && tick)
		ret = msr_check(mc);
	if (ret == 0 && ctx->interrupts)
		handle(ctx, set);
	return ret;
}

/* It goes on from the event at which it wrapped. */
int msr_reset(struct pfm_context *ctx, struct pfm_set *set, unsigned n)
{
	struct msr_set *ms = set->be_priv;

	(void)ctx;
	for (unsigned i = 0; i < ms->nregs; i++) {
		struct msr_reg *r = &ms->reg[i];

		if (r->num != n)
			continue;
		r->pmd->value += r->over;
		r->wrapped = r->pmd->value < r->over;
		r->counted = r->pmd->value;
		r->over = 0;
	}
	return 0;
}

/* Values as they are; what the counters move until they stand is not counted. */
int msr_freeze(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_set *ms = set->be_priv;
	uint64_t value[HW_NPMDS];
	int ret;

	if (!ms)
		return 0;
	for (unsigned i = 0; i < ms->nregs; i++)
		value[i] = ms->reg[i].pmd->value;
	ret = msr_stop(ctx, set);
	if (ret == 0)
		ret = msr_read_set(ctx, set, set->used_pmds);
	for (unsigned i = 0; i < ms->nregs; i++) {
		struct msr_reg *r = &ms->reg[i];

		r->pmd->value = r->counted = value[i];
		r->wrapped = false;
		r->over = 0;
	}
	return ret;
}
