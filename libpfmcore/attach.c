/* SPDX-License-Identifier: MIT
 *
 * attach.c - load, unload, start, stop and restart, and what happens when the
 * monitored thread exits (perfmon2 reference, sections 5.5 to 5.8, 5.12, 10.2).
 */
#include "config.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "block.h"
#include "priv.h"

/* Give the programming of a set to the backend, if it is not there yet. */
int attach_sync(struct pfm_context *ctx, struct pfm_set *set)
{
	int ret = 0;

	if (!set->dirty)
		return 0;
	if (set->be_priv) {
		ret = ctx->be->read(ctx, set, set->used_pmds);
		ctx->be->release_set(ctx, set);
	}
	if (ret == 0)
		ret = ctx->be->load_set(ctx, set);
	if (ret == 0 && ctx->state != PFM_UNLOADED)
		ret = engine_watch(ctx);
	if (ret == 0)
		set->dirty = false;
	return ret;
}

static int release_all(struct pfm_context *ctx)
{
	int ret;

	for (struct pfm_set *set = ctx->sets; set; set = set->next)
		if (set->be_priv)
			ctx->be->release_set(ctx, set);
	ret = ctx->be->detach(ctx);
	free(ctx->be_priv);
	ctx->be_priv = NULL;
	ctx->be = NULL;
	return ret;
}

static int bind_backend(struct pfm_context *ctx)
{
	const struct pfm_backend *be = ctx->want;
	int ret;

	ctx->be_priv = calloc(1, be->priv_size);
	if (!ctx->be_priv)
		return fail(ENOMEM, "no memory to load the context");
	ctx->be = be;
	ret = be->attach(ctx);
	if (ret < 0) {
		free(ctx->be_priv);
		ctx->be_priv = NULL;
		ctx->be = NULL;
		return ret;
	}
	for (struct pfm_set *set = ctx->sets; set && ret == 0;
	     set = set->next) {
		set->dirty = true;
		ret = attach_sync(ctx, set);
	}
	if (ret < 0)
		release_all(ctx);
	return ret;
}

static int check_cpu(const struct pfm_context *ctx, int cpu)
{
	int here = sched_getcpu();

	if (ctx->flags & PFM_FL_ANYCPU || cpu == here)
		return 0;
	return fail(EINVAL,
		    "system-wide: load_pid is CPU %d, the caller is on %d", cpu,
		    here);
}

static bool time_switched(const struct pfm_context *ctx)
{
	const struct pfm_set *set;

	for (set = ctx->sets; set; set = set->next)
		if (set->flags & PFM_SETFL_TIME_SWITCH)
			return true;
	return false;
}

/* What a loaded context may need beside its backend. */
static int prepare(struct pfm_context *ctx)
{
	if (time_switched(ctx) && switch_own_timer(ctx)) {
		ctx->timer_fd = timerfd_create(CLOCK_MONOTONIC,
					       TFD_CLOEXEC | TFD_NONBLOCK);
		if (ctx->timer_fd < 0)
			return fail(errno, "no timer for event sets: %m");
	}
	if (ctx->flags & PFM_FL_NOTIFY_BLOCK) {
		ctx->block = block_open(ctx->target);
		if (ctx->block < 0)
			return ctx->block;
	}
	return engine_watch(ctx);
}

int attach_load(struct pfm_context *ctx, const pfarg_load_t *req)
{
	struct pfm_set *set = sets_find(ctx, req->load_set);
	int target = (int)req->load_pid, ret;

	if (!set)
		return fail(EINVAL, "no event set %u", req->load_set);
	ret = sets_check_chain(ctx);
	if (ret < 0)
		return ret;
	if (ctx->flags & PFM_FL_SYSTEM_WIDE)
		ret = check_cpu(ctx, target);
	else
		ret = target_check(ctx, target);
	if (ret < 0)
		return ret;
	if (!(ctx->flags & PFM_FL_SHARED))
		ret = fdtab_reserve(ctx, target);
	if (ret < 0)
		return ret;
	ctx->target = target;
	ctx->active = set;
	ret = bind_backend(ctx);
	if (ret < 0)
		goto undo;
	ctx->state = PFM_LOADED;
	ctx->started = ctx->can_restart = ctx->switch_due = false;
	ctx->executed = false;
	ret = prepare(ctx);
	if (ret < 0) {
		attach_unload(ctx);
		return ret;
	}
	sets_reset(ctx);
	ctx->stats = (struct pfm_stats){ 0 };
	set->runs++;
	switch_begin(ctx);
	dbg(CTX, "fd %d: loaded on %s %d, set %u", ctx->fd,
	    ctx->flags & PFM_FL_SYSTEM_WIDE ? "CPU" : "thread", target,
	    set->id);
	return 0;
undo:
	ctx->target = -1;
	fdtab_unreserve(ctx);
	return ret;
}

/* What prepare() made. */
static void unprepare(struct pfm_context *ctx)
{
	if (ctx->timer_fd >= 0)
		close(ctx->timer_fd);
	ovfl_release(ctx);
	if (ctx->block >= 0)
		block_close(ctx->block);
	ctx->timer_fd = ctx->block = -1;
}

/* The last values; those of a masked set stand as they are. */
static void stop_for_good(struct pfm_context *ctx)
{
	struct pfm_set *set = ctx->active;

	sets_clock_stop(set);
	switch_timer_stop(ctx);
	if (ctx->state == PFM_MASKED)
		return;
	if (ctx->started)
		ctx->be->stop(ctx, set);
	sets_monitor_stop(ctx);
	/* What overflowed until now is handled, but nothing is started again. */
	ctx->started = ctx->waits = false;
	if (ctx->interrupts)
		ctx->be->look(ctx);
	if (ctx->state == PFM_LOADED && ctx->active->be_priv)
		ctx->be->read(ctx, ctx->active, ctx->active->used_pmds);
}

int attach_unload(struct pfm_context *ctx)
{
	int ret = 0, err;

	if (ctx->state == PFM_UNLOADED)
		return 0;
	if (ctx->be->verify)
		ret = ctx->be->verify(ctx);
	stop_for_good(ctx);
	engine_forget(ctx);
	unprepare(ctx);
	err = release_all(ctx);
	if (ret == 0)
		ret = err;
	fdtab_unreserve(ctx);
	ctx->state = PFM_UNLOADED;
	ctx->started = ctx->can_restart = ctx->switch_due = false;
	smpl_view(ctx, ctx->active);
	dbg(CTX, "fd %d: unloaded from %d", ctx->fd, ctx->target);
	ctx->target = -1;
	return ret;
}

/*
 * The set to start with.  perfmon2 counts the run of another one than the active
 * one, unless the context is on another thread.
 */
static int activate(struct pfm_context *ctx, struct pfm_set *set)
{
	bool other = !(ctx->flags & PFM_FL_SYSTEM_WIDE) && !ctx_is_self(ctx);
	bool changes = set != ctx->active;
	int ret;

	if (!changes)
		return attach_sync(ctx, set);
	switch_timer_stop(ctx);
	ret = switch_to(ctx, set, PFM_RESET_LONG);
	if (ret == 0 && other)
		set->runs--;
	return ret;
}

int attach_start(struct pfm_context *ctx, const pfarg_start_t *req)
{
	struct pfm_set *set = ctx->active;
	int ret;

	if (ctx->state == PFM_UNLOADED ||
	    (ctx->state == PFM_MASKED && ctx->gen == PFM_GEN_A))
		return fail(EINVAL, "start: the context is %s",
			    ctx->state == PFM_MASKED ? "masked" : "not loaded");
	if (req)
		set = sets_find(ctx, req->start_set);
	if (!set)
		return fail(EINVAL, "no event set %u", req->start_set);
	if (ctx->state == PFM_MASKED) {
		/* v2.8: it counts from the restart on. */
		ctx->started = true;
		return 0;
	}
	if (ctx->flags & PFM_FL_ON_EXEC && set != ctx->active)
		return fail(EINVAL,
			    "start: the exec starts set %u; load the "
			    "context with another one",
			    ctx->active->id);
	ret = activate(ctx, set);
	if (ret < 0)
		return ret;
	/* The clock runs a little longer than the counters, never shorter. */
	sets_clock_start(ctx, set);
	sets_monitor_start(ctx);
	ret = ctx->be->start(ctx, set);
	if (ret < 0) {
		sets_clock_stop(set);
		sets_monitor_stop(ctx);
		return ret;
	}
	ctx->started = true;
	switch_timer_start(ctx);
	smpl_view(ctx, set);
	return 0;
}

int attach_stop(struct pfm_context *ctx)
{
	int ret = 0;

	if (ctx->state == PFM_UNLOADED)
		return fail(EINVAL, "stop: the context is not loaded");
	if (ctx->started && ctx->state == PFM_LOADED)
		ret = ctx->be->stop(ctx, ctx->active);
	if (ret < 0)
		return ret;
	switch_timer_stop(ctx);
	sets_clock_stop(ctx->active);
	sets_monitor_stop(ctx);
	ctx->started = ctx->waits = false;
	if (ctx->interrupts)
		attach_look(ctx);
	smpl_view(ctx, ctx->active);
	return 0;
}

static bool target_gone(const struct pfm_context *ctx)
{
	struct pollfd p = { .fd = ctx->be->exit_fd(ctx) };

	if (p.fd >= 0)
		return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
	/* It attached itself, and it is another thread that asks now. */
	return syscall(SYS_tgkill, getpid(), ctx->target, 0) < 0 &&
	       errno == ESRCH;
}

/*
 * Called at each call on the context and by the engine: whoever comes first
 * after the thread's exit saves the counts and queues END, so that a caller who
 * has waited for the thread finds the context unloaded.  With inheritance the
 * descendants may go on: such a context never ends by itself.
 */
bool attach_reap(struct pfm_context *ctx)
{
	bool told;

	if (ctx->state == PFM_UNLOADED || ctx->waits ||
	    ctx->flags & (PFM_FL_SYSTEM_WIDE | PFM_FL_INHERIT) ||
	    ctx_is_self(ctx) || !target_gone(ctx))
		return false;
	dbg(CTX, "fd %d: thread %d exited", ctx->fd, ctx->target);
	/* v2.8: who monitored itself is not told of its end. */
	told = ctx->gen == PFM_GEN_A || ctx->be->exit_fd(ctx) >= 0;
	attach_unload(ctx);
	if (told)
		msg_end(ctx);
	return true;
}

static bool timer_expired(const struct pfm_context *ctx)
{
	uint64_t times;

	return ctx->timer_fd >= 0 &&
	       read(ctx->timer_fd, &times, sizeof(times)) == sizeof(times);
}

void attach_look(struct pfm_context *ctx)
{
	int ret;

	if (ctx->state == PFM_UNLOADED)
		return;
	ret = ctx->be->look(ctx);
	if (timer_expired(ctx))
		switch_expired(ctx);
	if (ret != -ENXIO)
		return;
	dbg(CTX, "fd %d: CPU %d is gone", ctx->fd, ctx->target);
	attach_unload(ctx);
	msg_end(ctx);
}
