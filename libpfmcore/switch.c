/* SPDX-License-Identifier: MIT
 *
 * switch.c - which event set is active, and for how long (perfmon2 reference,
 * section 6); and what each run of a set gave, for whoever scales counts.
 *
 * A thread's time is its own: the backend has a timer for it.  A CPU's time is
 * the wall clock's, and the timer is here.
 */
#include "config.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "vec.h"

/* Below it no timer of the kernel's goes (kernel/events/core.c, hrtimer). */
#define SHORTEST_NS 10000

static struct pfm_set *successor(const struct pfm_context *ctx,
				 const struct pfm_set *set)
{
	if (set->flags & PFM_SETFL_EXPL_NEXT)
		return sets_find(ctx, set->id_next);
	return set->next ? set->next : ctx->sets;
}

static void slice_begin(struct pfm_set *set)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		set->pmds[n]->slice_value = set->pmds[n]->value;
		set->pmds[n]->slice_ns = set->pmds[n]->running_ns;
	}
}

/* Room for as many again: two batches become one. */
static void merge_batches(struct pfm_slices *s)
{
	for (unsigned i = 0; i < PFM_SLICE_BATCHES / 2; i++) {
		s->batch_events[i] =
			s->batch_events[2 * i] + s->batch_events[2 * i + 1];
		s->batch_ns[i] = s->batch_ns[2 * i] + s->batch_ns[2 * i + 1];
	}
	s->batches = PFM_SLICE_BATCHES / 2;
	s->batch *= 2;
}

static void add_to_batch(struct pfm_pmd *pmd, double events, double ns)
{
	struct pfm_slices *s = &pmd->slices;

	if (s->batches == PFM_SLICE_BATCHES)
		merge_batches(s);
	if (pmd->batch_fill == 0)
		s->batch_events[s->batches] = s->batch_ns[s->batches] = 0;
	s->batch_events[s->batches] += events;
	s->batch_ns[s->batches] += ns;
	if (++pmd->batch_fill < s->batch)
		return;
	s->batches++;
	pmd->batch_fill = 0;
}

static void slice_end(struct pfm_set *set)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		struct pfm_pmd *pmd = set->pmds[n];
		struct pfm_slices *s = &pmd->slices;
		double events = (double)(pmd->value - pmd->slice_value);
		double ns = (double)(pmd->running_ns - pmd->slice_ns);

		s->n++;
		s->events += events;
		s->ns += ns;
		s->events_sq += events * events;
		s->ns_sq += ns * ns;
		s->events_ns += events * ns;
		add_to_batch(pmd, events, ns);
	}
}

/* splitmix64 (Steele, Lea, Flood 2014): any seed gives a good sequence. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* How long the set is to run now. */
static uint64_t slice_length(struct pfm_context *ctx, const struct pfm_set *set)
{
	uint64_t most = set->timeout_ns / 100 * ctx->jitter;

	if (most == 0)
		return set->timeout_ns;
	return set->timeout_ns - most +
	       next_random(&ctx->jitter_seed) % (2 * most + 1);
}

/* Before it counts: what waits for a reset gets it, what counts down is full. */
static void prepare(struct pfm_context *ctx, struct pfm_set *set,
		    enum pfm_reset mode)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		set->pmds[n]->switch_cnt = set->pmds[n]->switch_ref;
	set->left_ns = slice_length(ctx, set);
	ovfl_reset(ctx, set, mode);
	set->runs++;
}

/* What the outgoing set has counted, now that it stands. */
static void save(struct pfm_context *ctx, struct pfm_set *set)
{
	if (set->be_priv)
		ctx->be->read(ctx, set, set->used_pmds);
	slice_end(set);
	smpl_view(ctx, set);
}

static void slices_reset(struct pfm_pmd *pmd)
{
	pmd->slices = (struct pfm_slices){ .batch = 1 };
	pmd->batch_fill = 0;
}

void switch_begin(struct pfm_context *ctx)
{
	ctx->active->left_ns = slice_length(ctx, ctx->active);
	for (struct pfm_set *set = ctx->sets; set; set = set->next) {
		unsigned n;

		BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
			slices_reset(set->pmds[n]);
		slice_begin(set);
		smpl_view(ctx, set);
	}
}

/*
 * The new set counts as soon as the old one stands: all that can wait, waits.
 */
static int change_running(struct pfm_context *ctx, struct pfm_set *old,
			  struct pfm_set *set)
{
	int ret;

	ctx->be->stop(ctx, old);
	ret = ctx->be->start(ctx, set);
	sets_clock_stop(old);
	if (ret == 0)
		sets_clock_start(ctx, set);
	else
		ctx->started = false;
	return ret;
}

/* Once it has expired the timer goes on by itself: for the same time. */
static bool timer_fits(const struct pfm_context *ctx, const struct pfm_set *set)
{
	return set->flags & PFM_SETFL_TIME_SWITCH && !ctx->jitter &&
	       ctx->timer_ns == set->timeout_ns;
}

static int go(struct pfm_context *ctx, struct pfm_set *set, enum pfm_reset mode,
	      bool expired)
{
	struct pfm_set *old = ctx->active;
	bool running = ctx->started && ctx->state == PFM_LOADED;
	int ret = attach_sync(ctx, set);

	if (ret < 0)
		return ret;
	if (set == old) {
		set->runs += ctx->gen == PFM_GEN_C;
		return 0;
	}
	prepare(ctx, set, mode);
	ctx->active = set;
	slice_begin(set);
	if (running)
		ret = change_running(ctx, old, set);
	save(ctx, old);
	smpl_view(ctx, set);
	ctx->stats.switches++;
	if (running && ret == 0 && !(expired && timer_fits(ctx, set)))
		switch_timer_start(ctx);
	return ret;
}

int switch_to(struct pfm_context *ctx, struct pfm_set *set, enum pfm_reset mode)
{
	return go(ctx, set, mode, false);
}

/* The chain was checked at load. */
int switch_next(struct pfm_context *ctx, enum pfm_reset mode)
{
	return go(ctx, successor(ctx, ctx->active), mode, false);
}

/*
 * What a thread's descendants do while it sleeps is monitored, too: their time
 * is not the thread's.
 */
bool switch_own_timer(const struct pfm_context *ctx)
{
	return ctx->flags & (PFM_FL_SYSTEM_WIDE | PFM_FL_INHERIT) ||
	       !ctx->be->timer_start;
}

static void set_timerfd(const struct pfm_context *ctx, uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u),
			      (long)(ns % 1000000000u) };
	struct itimerspec its = { t, t };

	if (timerfd_settime(ctx->timer_fd, 0, &its, NULL) < 0)
		dbg(SET, "fd %d: switch timer: %m", ctx->fd);
}

static uint64_t timerfd_left(const struct pfm_context *ctx)
{
	struct itimerspec its;

	if (timerfd_gettime(ctx->timer_fd, &its) < 0)
		return 0;
	return (uint64_t)its.it_value.tv_sec * 1000000000u +
	       (uint64_t)its.it_value.tv_nsec;
}

/* For what is left of the active set's time. */
void switch_timer_start(struct pfm_context *ctx)
{
	struct pfm_set *set = ctx->active;
	uint64_t ns = set->left_ns ? set->left_ns : set->timeout_ns;

	if (!(set->flags & PFM_SETFL_TIME_SWITCH)) {
		switch_timer_stop(ctx);
		return;
	}
	if (ns < SHORTEST_NS)
		ns = SHORTEST_NS;
	if (!switch_own_timer(ctx))
		ctx->be->timer_start(ctx, ns);
	else if (ctx->timer_fd >= 0)
		set_timerfd(ctx, ns);
	ctx->timer_ns = ns;
}

void switch_timer_stop(struct pfm_context *ctx)
{
	if (!ctx->timer_ns)
		return;
	if (!switch_own_timer(ctx))
		ctx->be->timer_stop(ctx);
	ctx->active->left_ns = switch_left(ctx, ctx->active);
	if (switch_own_timer(ctx))
		set_timerfd(ctx, 0);
	ctx->timer_ns = 0;
}

uint64_t switch_left(struct pfm_context *ctx, const struct pfm_set *set)
{
	if (ctx->active != set || !ctx->timer_ns ||
	    !(set->flags & PFM_SETFL_TIME_SWITCH))
		return set->left_ns;
	return switch_own_timer(ctx) ? timerfd_left(ctx) :
				       ctx->be->timer_left(ctx);
}

/* Nothing is counted before the exec, so no slice can be over. */
static bool before_exec(struct pfm_context *ctx, struct pfm_set *set)
{
	if (!(ctx->flags & PFM_FL_ON_EXEC) || ctx->executed)
		return false;
	if (set->be_priv)
		ctx->be->read(ctx, set, set->used_pmds);
	ctx->executed = sets_duration(ctx, set) > 0;
	return !ctx->executed;
}

/* What came while the set was being masked, stopped or changed is too late. */
void switch_expired(struct pfm_context *ctx)
{
	struct pfm_set *set = ctx->active;

	if (ctx->state != PFM_LOADED || !ctx->started || !ctx->timer_ns ||
	    !(set->flags & PFM_SETFL_TIME_SWITCH) || before_exec(ctx, set))
		return;
	if (go(ctx, successor(ctx, set), PFM_RESET_SHORT, true) < 0)
		dbg(SET, "fd %d: set %u: %s", ctx->fd, set->id, pfm_reason());
	/* A single set: the time starts again. */
	if (ctx->active == set && !timer_fits(ctx, set)) {
		set->left_ns = slice_length(ctx, set);
		switch_timer_start(ctx);
	}
}

int switch_jitter(struct pfm_context *ctx, unsigned percent, uint64_t seed)
{
	if (ctx->state != PFM_UNLOADED)
		return fail(EBUSY, "jitter: the context is loaded");
	if (percent > 100)
		return fail(EINVAL, "jitter: %u percent: 0 to 100", percent);
	ctx->jitter = percent;
	ctx->jitter_seed = seed;
	return 0;
}

int switch_read(struct pfm_context *ctx, struct pfm_slices *v, int count)
{
	struct vec_cursor c = { .ctx = ctx };

	for (int i = 0; i < count; i++) {
		unsigned n = v[i].reg_num;
		struct pfm_slices *s;

		if (!vec_set(&c, v[i].reg_set))
			return fail(EINVAL, "no event set %u", v[i].reg_set);
		if (!vec_has(c.set->used_pmds, n))
			return fail(EINVAL, "pmd%u: never written in set %u", n,
				    c.set->id);
		s = &c.set->pmds[n]->slices;
		s->reg_num = v[i].reg_num;
		s->reg_set = v[i].reg_set;
		v[i] = *s;
	}
	return 0;
}
