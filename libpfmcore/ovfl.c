/* SPDX-License-Identifier: MIT
 *
 * ovfl.c - what perfmon2 did in its interrupt handler, and what pfm_restart()
 * does about it (perfmon2 reference, sections 7 and 8): resets, the sampling
 * format, masking, notification.
 *
 * Called with the context locked, by the engine or by whoever calls the library
 * first.  Nothing is allocated here.
 */
#include "config.h"

#include <string.h>

#include "block.h"
#include "priv.h"

/* reference, section 7, "Randomisation": 16807 s mod 2^31 - 1. */
static uint32_t carta_random32(uint64_t seed)
{
	uint64_t p = 16807 * (seed & UINT32_MAX);
	uint64_t next = (p & 0x7fffffff) + (p >> 31 & 0x7fffffff);

	return (uint32_t)(next >> 31 ? next - 0x7fffffff : next);
}

static void new_value(struct pfm_pmd *pmd, enum pfm_reset mode)
{
	uint64_t value =
		mode == PFM_RESET_LONG ? pmd->long_reset : pmd->short_reset;

	if (pmd->flags & PFM_REGFL_RANDOM) {
		value -= pmd->random_seed & pmd->random_mask;
		pmd->random_seed = carta_random32(pmd->random_seed);
	}
	/* A slice's count is of events, not of what a register was set to. */
	pmd->slice_value += value - pmd->value;
	pmd->value = pmd->last_reset = value;
}

void ovfl_new_values(struct pfm_set *set, enum pfm_reset mode)
{
	unsigned n;

	BV_FOREACH(n, set->reset_pmds, PFM_PMD_BV)
		if (set->pmds[n])
			new_value(set->pmds[n], mode);
}

void ovfl_reset(struct pfm_context *ctx, struct pfm_set *set,
		enum pfm_reset mode)
{
	int (*tell)(struct pfm_context *, struct pfm_set *, unsigned) =
		ctx->be->reset && ctx->state == PFM_LOADED ? ctx->be->reset :
							     ctx->be->write;
	unsigned n;

	ovfl_new_values(set, mode);
	BV_FOREACH(n, set->reset_pmds, PFM_PMD_BV)
		if (set->pmds[n] && set->be_priv)
			tell(ctx, set, n);
	memset(set->reset_pmds, 0, sizeof(set->reset_pmds));
}

/* True when one of the set's counts of overflows has come to its end. */
static bool count_switch(const struct pfm_set *set, struct pfm_pmd *pmd)
{
	return set->flags & PFM_SETFL_OVFL_SWITCH && pmd->switch_cnt > 0 &&
	       --pmd->switch_cnt == 0;
}

static uint16_t collect(const struct pfm_set *set, const uint64_t *pmds,
			uint64_t *values)
{
	uint16_t nvalues = 0;
	unsigned n;

	BV_FOREACH(n, pmds, PFM_PMD_BV)
		values[nvalues++] = set->pmds[n]->value;
	return nvalues;
}

static void add_more(struct pfm_ovfl *s, const struct pfm_ovfl *more)
{
	s->weight = more->weight;
	s->nips = more->nips;
	s->ips = more->ips;
	s->nregs = more->nregs;
	s->regs = more->regs;
	s->stack = more->stack;
	s->stack_size = more->stack_size;
}

/* The overflowed PMDs, in turn, into the buffer. */
static uint32_t give(struct pfm_context *ctx, const struct pfm_set *set,
		     const struct ovfl *o)
{
	uint64_t values[PFM_MAX_PMDS];
	struct pfm_ovfl s = {
		.ip = o->ip,
		.addr = o->addr,
		.tstamp = o->tstamp,
		.tid = o->tid,
		.tgid = o->tgid,
		.cpu = o->cpu,
		.set = set->id,
		.flags = o->flags,
		.values = values,
	};
	uint32_t all = 0;
	unsigned n;
	int ret = 0;

	if (o->more)
		add_more(&s, o->more);
	BV_FOREACH(n, o->pmds, PFM_PMD_BV) {
		const struct pfm_pmd *pmd = set->pmds[n];
		uint32_t ctrl = 0;

		if (ret != 0)
			break;
		s.pmd = (uint16_t)n;
		s.last_reset = pmd->last_reset;
		s.eventid = pmd->eventid;
		s.nvalues = collect(set, pmd->smpl_pmds, values);
		ret = ctx->fmt->handler(ctx->smpl, &s, &ctrl);
		ctx->stats.samples++;
		all |= ctrl;
	}
	return all;
}

/* Frozen as of the overflow; what was counted since never was. */
static void mask(struct pfm_context *ctx, struct pfm_set *set)
{
	ctx->be->freeze(ctx, set);
	switch_timer_stop(ctx);
	sets_clock_stop(set);
	sets_monitor_stop(ctx);
	ctx->state = PFM_MASKED;
	ctx->can_restart = true;
	smpl_view(ctx, set);
}

bool ovfl_hold(struct pfm_context *ctx)
{
	if (ctx->block >= 0 && !ctx->held)
		ctx->held = block_hold(ctx->block) == 0;
	return ctx->held;
}

/* A thread that is about to exit cannot be held; its overflows wait as well. */
static void wait_for_room(struct pfm_context *ctx)
{
	if (ctx->block < 0 || !ctx->started)
		return;
	ovfl_hold(ctx);
	ctx->waits = true;
}

/*
 * msg_ovfl_pid holds the thread and msg_ovfl_tid the process: reference,
 * section 17, row 16.
 */
static void notify(struct pfm_context *ctx, struct pfm_set *set,
		   const struct ovfl *o)
{
	struct pfm_ovfl_msg msg = {
		.msg_type = PFM_MSG_OVFL,
		.msg_ovfl_pid = o->tid,
		.msg_active_set = set->id,
		.msg_ovfl_cpu = o->cpu,
		.msg_ovfl_tid = o->tgid,
		.msg_ovfl_ip = o->ip,
	};
	bool told;

	if (ctx->state == PFM_MASKED)
		ovfl_hold(ctx);
	if (ctx->flags & PFM_FL_OVFL_NO_MSG)
		told = msg_signal(ctx);
	else
		told = msg_ovfl(ctx, &msg, o->pmds);
	if (told)
		ctx->stats.notified++;
	else
		ctx->stats.unnotified++;
	/* v2.8: a tool that does not read is not monitored for. */
	if (!told && ctx->gen == PFM_GEN_C && ctx->state == PFM_LOADED &&
	    ctx->active == set)
		mask(ctx, set);
}

/* Note what wrapped; *notify: one of them asks for a message.  Switch due? */
static bool note(struct pfm_context *ctx, struct pfm_set *set,
		 const struct ovfl *o, bool *wanted)
{
	bool due = false;
	unsigned n;

	BV_FOREACH(n, o->pmds, PFM_PMD_BV) {
		struct pfm_pmd *pmd = set->pmds[n];

		ctx->stats.overflows++;
		*wanted |= pmd->flags & PFM_REGFL_OVFL_NOTIFY;
		due |= count_switch(set, pmd);
		bv_set(set->reset_pmds, n);
		bv_or(set->reset_pmds, pmd->reset_pmds, PFM_PMD_BV);
	}
	memcpy(set->ovfl_pmds, o->pmds, sizeof(set->ovfl_pmds));
	return due;
}

void ovfl_handle(struct pfm_context *ctx, const struct ovfl *o)
{
	struct pfm_set *set = ctx->active;
	bool wanted = false, due;
	uint32_t ctrl;

	memset(set->reset_pmds, 0, sizeof(set->reset_pmds));
	due = note(ctx, set, o, &wanted);
	if (ctx->fmt)
		ctrl = give(ctx, set, o);
	else
		ctrl = PFM_OVFL_CTRL_NOTIFY |
		       (due && !wanted ? 0 : PFM_OVFL_CTRL_MASK);
	dbg(OVFL, "fd %d set %u: overflow at %#" PRIx64 ", thread %u, ctrl %#x",
	    ctx->fd, set->id, o->ip, o->tid, ctrl);
	if (ctrl & PFM_OVFL_CTRL_MASK) {
		ctx->switch_due = due;
		mask(ctx, set);
	} else if (due) {
		switch_next(ctx, PFM_RESET_SHORT);
	} else {
		ovfl_reset(ctx, set, PFM_RESET_SHORT);
	}
	if (ctrl & PFM_OVFL_CTRL_BLOCK)
		wait_for_room(ctx);
	if (wanted && ctrl & PFM_OVFL_CTRL_NOTIFY)
		notify(ctx, set, o);
}

/*
 * It wrapped before the switch away from its set was carried out: a sample, and
 * a reset when the set is active again.
 */
void ovfl_late(struct pfm_context *ctx, struct pfm_set *set,
	       const struct ovfl *o)
{
	unsigned n;

	BV_FOREACH(n, o->pmds, PFM_PMD_BV) {
		ctx->stats.overflows++;
		bv_set(set->reset_pmds, n);
		bv_or(set->reset_pmds, set->pmds[n]->reset_pmds, PFM_PMD_BV);
	}
	if (ctx->fmt)
		give(ctx, set, o);
}

void ovfl_stream(struct pfm_context *ctx, struct pfm_set *set,
		 const struct ovfl *o)
{
	uint32_t ctrl = PFM_OVFL_CTRL_NOTIFY;
	bool wanted = false;
	unsigned n;

	BV_FOREACH(n, o->pmds, PFM_PMD_BV) {
		wanted |= set->pmds[n]->flags & PFM_REGFL_OVFL_NOTIFY;
		ctx->stats.overflows++;
	}
	if (ctx->fmt)
		ctrl = give(ctx, set, o);
	if (ctrl & PFM_OVFL_CTRL_MASK)
		mask(ctx, set);
	if (ctrl & PFM_OVFL_CTRL_BLOCK)
		wait_for_room(ctx);
	if (wanted && ctrl & PFM_OVFL_CTRL_NOTIFY)
		notify(ctx, set, o);
}

void ovfl_task(struct pfm_context *ctx, const struct pfm_task *task)
{
	struct ovfl o = { .tstamp = task->tstamp,
			  .tid = task->tid,
			  .tgid = task->pid,
			  .cpu = task->cpu };
	uint32_t ctrl = 0;

	if (!ctx->fmt || !ctx->fmt->task || ctx->state != PFM_LOADED)
		return;
	ctx->fmt->task(ctx->smpl, task, &ctrl);
	if (ctrl & PFM_OVFL_CTRL_BLOCK)
		wait_for_room(ctx);
	if (ctrl & PFM_OVFL_CTRL_NOTIFY)
		notify(ctx, ctx->active, &o);
}

void ovfl_release(struct pfm_context *ctx)
{
	if (ctx->held)
		block_release(ctx->block);
	ctx->held = ctx->waits = false;
}

/* Monitoring goes on, from the values the PMDs have now. */
static int unmask(struct pfm_context *ctx)
{
	struct pfm_set *set = ctx->active;
	int ret = attach_sync(ctx, set);

	if (ret < 0)
		return ret;
	ctx->state = PFM_LOADED;
	if (ctx->started) {
		sets_clock_start(ctx, set);
		sets_monitor_start(ctx);
		ret = ctx->be->start(ctx, set);
		if (ret == 0)
			switch_timer_start(ctx);
	}
	smpl_view(ctx, set);
	return ret;
}

/* reference, section 8, "Resume". */
static int resume(struct pfm_context *ctx, uint32_t ctrl)
{
	int ret = 0;

	if (ctx->switch_due)
		ret = switch_next(ctx, PFM_RESET_LONG);
	else if (ctrl & PFM_OVFL_CTRL_RESET)
		ovfl_reset(ctx, ctx->active, PFM_RESET_LONG);
	ctx->switch_due = false;
	if (ret == 0 && ctx->state == PFM_MASKED &&
	    !(ctrl & PFM_OVFL_CTRL_MASK))
		ret = unmask(ctx);
	ctx->state = PFM_LOADED;
	return ret;
}

static int check_restart(const struct pfm_context *ctx)
{
	bool other = !(ctx->flags & PFM_FL_SYSTEM_WIDE) && !ctx_is_self(ctx);

	if (ctx->state == PFM_UNLOADED)
		return fail(EBUSY, "restart: the context is not loaded; its "
				   "thread may have exited");
	if (ctx->gen == PFM_GEN_C && ctx->state == PFM_LOADED &&
	    !(ctx->fmt && ctx->fmt->restart))
		return fail(EBUSY, "restart: nothing is masked");
	if (ctx->state == PFM_MASKED && !ctx->can_restart &&
	    (other || ctx->gen == PFM_GEN_C))
		return fail(EBUSY, "restart: it was restarted already");
	return 0;
}

/*
 * For another thread perfmon2 left the work to that thread, on its way back to
 * user mode.  Nothing it does before that is monitored, so here it is done at
 * once.
 */
int ovfl_restart(struct pfm_context *ctx)
{
	uint32_t ctrl = 0;
	int ret = check_restart(ctx);
	bool waited;

	if (ret < 0)
		return ret;
	ctx->can_restart = false;
	if (!ctx->fmt || !ctx->fmt->restart)
		ctrl = PFM_OVFL_CTRL_RESET;
	else if (ctx->fmt->restart(ctx->smpl, ctx->state == PFM_LOADED,
				   &ctrl) != 0)
		return 0;
	ret = resume(ctx, ctrl);
	waited = ctx->waits;
	ovfl_release(ctx);
	if (waited && ctx->state == PFM_LOADED) {
		ctx->be->look(ctx);
		attach_reap(ctx);
	}
	return ret;
}
