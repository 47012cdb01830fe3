/* SPDX-License-Identifier: MIT
 *
 * backend-msr.c - counting by programming the PMU of one CPU through its MSRs.
 * What the registers are is in hw.h, how they are reached and come back to what
 * they were in msr.h; programming a set is in msr-program.c.
 *
 * A context has its CPU alone: two users who switch one global control could
 * not help but switch each other.  Counters that somebody outside uses are left
 * to him; then the global control is not ours to write either, and each counter
 * is switched by its own enable bit.
 *
 * Counts are made of readings: a PMD is its value plus what the counter moved
 * since the last reading, so it must be read before it has moved by its whole
 * width.  msr-poll.c sees to that, and that the registers still hold what we
 * wrote.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "msr-backend.h"

/* Remember the first refusal that makes the counts worthless. */
static int lose(struct msr_ctx *mc, int err)
{
	if (!mc->lost)
		snprintf(mc->why, sizeof(mc->why), "%s", pfm_reason());
	mc->lost = err;
	return err;
}

/* The CPU went offline: its registers are gone, the last reading stays. */
static int gone(struct msr_ctx *mc)
{
	mc->gone = true;
	return fail(ENXIO, "CPU %d is offline: its counts end there",
		    mc->c.cpu);
}

/*
 * The accesses of one step.  An error that is not the CPU's going is explained
 * by what was tried.
 */
int msr_run(struct msr_ctx *mc, struct msr_op *ops, unsigned n)
{
	unsigned i;
	int ret;

	if (mc->gone)
		return gone(mc);
	if (n == 0)
		return 0;
	ret = mc->c.ops->run(&mc->c, ops, n);
	if (ret == 0)
		return 0;
	if (ret == -ENXIO)
		return gone(mc);
	for (i = 0; i + 1 < n && !ops[i].err; i++)
		;
	return msr_explain(&mc->c, ops[i].write ? MSR_WRITE : MSR_READ,
			   ops[i].reg, -ret);
}

/*
 * What a counter moved since the last reading, which was made after from, before
 * now: who waits for a CPU between the register and the clock has not seen that
 * time, but the counter has.
 */
static int account(struct msr_ctx *mc, struct msr_reg *r, uint64_t raw,
		   uint64_t from, uint64_t now)
{
	uint64_t delta = hw_delta(r->raw, raw, r->width);

	if (r->is_status) {
		r->pmd->value = raw;
		return 0;
	}
	if (!r->is_free && !hw_plausible(delta, now - r->read_ns))
		return lose(mc,
			    fail(EIO,
				 "CPU %d: counter %u moved by %" PRIu64
				 " in %" PRIu64 " ns: another agent changed it",
				 mc->c.cpu, r->num, delta, now - r->read_ns));
	r->raw = raw;
	r->read_ns = from;
	r->pmd->value += delta;
	r->counted = r->pmd->value;
	r->wrapped |= r->pmd->value < delta;
	return 0;
}

/* Read the registers of the set whose PMD is in bv, or all that run freely. */
static int read_regs(struct msr_ctx *mc, struct msr_set *ms, const uint64_t *bv)
{
	struct msr_op ops[HW_NPMDS];
	unsigned n = 0, i;
	uint64_t from, now;
	int ret;

	for (i = 0; i < ms->nregs; i++) {
		const struct msr_reg *r = &ms->reg[i];

		if (bv ? bv_test(bv, r->num) : r->is_free)
			ops[n++] = (struct msr_op){ .reg = r->msr };
	}
	from = clock_ns();
	ret = msr_run(mc, ops, n);
	now = clock_ns();
	n = 0;
	for (i = 0; i < ms->nregs && ret == 0; i++) {
		struct msr_reg *r = &ms->reg[i];

		if (bv ? bv_test(bv, r->num) : r->is_free)
			ret = account(mc, r, ops[n++].value, from, now);
	}
	return ret;
}

/* The last reading of the set on the counters, before they get another one. */
static int save(struct msr_ctx *mc)
{
	uint64_t counters[PFM_PMD_BV] = { 0 };

	if (!mc->on)
		return 0;
	counters[0] = mc->on->pmds;
	return read_regs(mc, mc->on, counters);
}

/* Time it was asked to count, and did. */
static void account_time(struct msr_ctx *mc, struct msr_set *ms)
{
	uint64_t now;

	if (!mc->running || mc->on != ms)
		return;
	now = clock_ns();
	for (unsigned i = 0; i < ms->nregs; i++) {
		ms->reg[i].pmd->enabled_ns += now - mc->since_ns;
		ms->reg[i].pmd->running_ns += now - mc->since_ns;
	}
	mc->since_ns = now;
}

int msr_read_set(struct pfm_context *ctx, struct pfm_set *set,
		 const uint64_t *bv)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct msr_set *ms = set->be_priv;
	uint64_t counting[PFM_PMD_BV];

	if (mc->lost)
		return fail(-mc->lost, "%s", mc->why);
	if (mc->on != ms)
		return 0;
	account_time(mc, ms);
	/* What runs freely counts for us only while we do. */
	for (unsigned i = 0; i < PFM_PMD_BV; i++)
		counting[i] = mc->running ? bv[i] : bv[i] & ~ms->free[i];
	return read_regs(mc, ms, counting);
}

/*
 * Gone or not, whatever is switched off here has stopped; what refuses is to be
 * stopped again.  The baseline of what runs freely is taken before the counters
 * start, and its end after they stopped: it measures a little more, never less.
 */
int msr_stop(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct msr_set *ms = set->be_priv;
	int ret;

	if (!mc->running || !ms || mc->on != ms)
		return 0;
	ret = msr_run(mc, ms->stop, ms->nstop);
	account_time(mc, ms);
	mc->unsure = ret < 0 && ret != -ENXIO;
	if (mc->unsure)
		return ret;
	mc->running = false;
	if (ret == 0 && ms->nfree)
		ret = read_regs(mc, ms, NULL);
	return ret == -ENXIO ? 0 : ret;
}

/* Other counters, and none of them runs. */
static int change_set(struct msr_ctx *mc, struct msr_set *ms)
{
	int ret = save(mc);

	if (ret < 0)
		return ret;
	mc->running = mc->unsure = false;
	return msr_program(mc, ms);
}

/* All of its counters run, or none does. */
static int switch_on(struct msr_ctx *mc, struct msr_set *ms)
{
	int ret = msr_run(mc, ms->start, ms->nstart);

	if (ret == 0 || mc->running || mc->gone)
		return ret;
	if (mc->c.ops->run(&mc->c, ms->stop, ms->nstop) < 0)
		lose(mc, ret);
	return ret;
}

static int msr_start(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct msr_set *ms = set->be_priv;
	uint64_t from;
	int ret = 0;

	if (!ms || (mc->running && !mc->unsure && mc->on == ms))
		return 0;
	if (mc->lost)
		return fail(-mc->lost, "%s", mc->why);
	if (mc->on != ms)
		ret = change_set(mc, ms);
	if (ret == 0 && ms->nfree && !mc->running)
		ret = msr_baseline(mc, ms);
	from = clock_ns();
	if (ret == 0)
		ret = switch_on(mc, ms);
	if (ret < 0)
		return ret;
	account_time(mc, ms);
	mc->unsure = false;
	mc->since_ns = clock_ns();
	/* A counter that stood still has not had the time to move. */
	for (unsigned i = 0; i < ms->nregs; i++)
		ms->reg[i].read_ns = from;
	mc->running = true;
	msr_set_timer(mc, ctx->interrupts);
	return 0;
}

static int msr_write_pmd(struct pfm_context *ctx, struct pfm_set *set,
			 unsigned n)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct msr_set *ms = set->be_priv;

	for (unsigned i = 0; ms && i < ms->nregs; i++) {
		if (ms->reg[i].num != n)
			continue;
		ms->reg[i].wrapped = false;
		return mc->on == ms ? msr_preset(mc, &ms->reg[i]) : 0;
	}
	return 0;
}

/* Undo in reverse from any point of attach; the rest was zeroed. */
static void close_cpu(struct msr_ctx *mc)
{
	if (mc->timer >= 0)
		close(mc->timer);
	if (mc->c.guard)
		guard_unlock(&mc->c);
	if (mc->c.ops)
		msr_close(&mc->c);
}

static int msr_attach(struct pfm_context *ctx)
{
	struct msr_ctx *mc = ctx->be_priv;
	int ret;

	mc->timer = -1;
	mc->c.fd = -1;
	if (!(ctx->flags & PFM_FL_SYSTEM_WIDE))
		return fail(EINVAL,
			    "the msr backend counts CPUs: create the context "
			    "with PFM_FL_SYSTEM_WIDE, or use backend perf");
	ret = pmu_hw(ctx->target, &mc->hw);
	if (ret < 0)
		return ret;
	ret = msr_open(&mc->c, ctx->target);
	if (ret < 0) {
		mc->c.ops = NULL;
		return ret;
	}
	ret = guard_lock(&mc->c);
	if (ret == 0)
		ret = pmu_owners(&mc->c, mc->hw, &mc->own);
	if (ret == 0)
		ret = msr_check_frozen(mc);
	if (ret == 0)
		ret = msr_open_timer(mc);
	if (ret < 0) {
		close_cpu(mc);
		return ret;
	}
	mc->alone = mc->hw->ctl && !mc->own.taken;
	mc->ctl = mc->own.ctl;
	msr_list_add(mc);
	dbg(MSR, "CPU %d by %s: %s%s", mc->c.cpu, mc->c.ops->name, mc->hw->desc,
	    mc->own.taken ? ", shared" : "");
	return 0;
}

static int msr_detach(struct pfm_context *ctx)
{
	struct msr_ctx *mc = ctx->be_priv;
	int ret = guard_restore(&mc->c);

	msr_list_remove(mc);
	close_cpu(mc);
	/* Offline, it lost them; the next user finds the list. */
	if (ret < 0 && ret != -ENXIO)
		return ret;
	return mc->lost ? fail(-mc->lost, "%s", mc->why) : 0;
}

static void msr_after_fork(struct pfm_context *ctx)
{
	struct msr_ctx *mc = ctx->be_priv;

	guard_after_fork(&mc->c);
	if (mc->c.fd >= 0)
		close(mc->c.fd);
	close(mc->timer);
}

static int msr_exit_fd(const struct pfm_context *ctx)
{
	(void)ctx;
	return -1;
}

/* What we wrote must still be there. */
int msr_check(struct msr_ctx *mc)
{
	int ret;

	if (mc->lost || !mc->on || mc->unsure)
		return mc->lost;
	ret = msr_verify(mc);
	return ret == -EIO ? lose(mc, ret) : ret;
}

static int msr_verify_ctx(struct pfm_context *ctx)
{
	struct msr_ctx *mc = ctx->be_priv;

	msr_check(mc);
	return mc->lost ? fail(-mc->lost, "%s", mc->why) : 0;
}

/* The set goes: what it counted until now is its own. */
static void msr_release_set(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_ctx *mc = ctx->be_priv;

	if (mc->on == set->be_priv) {
		msr_stop(ctx, set);
		/* What could not be read now is lost, and must not be shown. */
		if (!mc->lost && !mc->gone && save(mc) < 0)
			lose(mc, -EIO);
		mc->on = NULL;
		mc->running = mc->unsure = false;
	}
	msr_set_free(set->be_priv);
	set->be_priv = NULL;
}

static int msr_load_set(struct pfm_context *ctx, struct pfm_set *set)
{
	struct msr_ctx *mc = ctx->be_priv;
	struct msr_set *ms;
	int ret = msr_set_new(mc, set, &ms);

	if (ret < 0 || !ms)
		return ret;
	set->be_priv = ms;
	/* So that its start is one write. */
	if (set == ctx->active && !mc->on)
		ret = msr_program(mc, ms);
	if (ret < 0) {
		msr_set_free(ms);
		set->be_priv = NULL;
	}
	return ret;
}

static int msr_probe(int cpu)
{
	const struct pfm_hw *hw;
	struct msr_cpu c;
	int ret = pmu_hw(cpu < 0 ? 0 : cpu, &hw);

	if (ret < 0)
		return ret;
	ret = msr_open(&c, cpu < 0 ? 0 : cpu);
	if (ret == 0)
		msr_close(&c);
	return ret;
}

const struct pfm_backend pfm_backend_msr = {
	.name = "msr",
	.desc = "the PMU's registers, through a transport",
	.pmu = &pfm_pmu_msr,
	.priv_size = sizeof(struct msr_ctx),
	.probe = msr_probe,
	.attach = msr_attach,
	.detach = msr_detach,
	.after_fork = msr_after_fork,
	.load_set = msr_load_set,
	.release_set = msr_release_set,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read_set,
	.write = msr_write_pmd,
	.reset = msr_reset,
	.freeze = msr_freeze,
	.exit_fd = msr_exit_fd,
	.look_fd = msr_look_fd,
	.look = msr_look,
	.verify = msr_verify_ctx,
};
