/* SPDX-License-Identifier: MIT
 *
 * backend-perf.c - counting through the kernel's perf_event: groups of events
 * started, stopped and read.  How a register becomes an event, and what a
 * refusal means, is in perf-open.c; which events form a group in perf-group.c.
 *
 * One ioctl starts or stops a group, one read(2) reads it.  Counts are 64 bits
 * wide and start at zero, so a PMD is its base plus the count.
 *
 * An event that overflows has a sample_period.  As long as the period stays the
 * same the kernel goes on by itself.  Where it does not, or where the overflow
 * masks, the kernel stops the event at the overflow (PERF_EVENT_IOC_REFRESH)
 * until it has the next period.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf-backend.h"

static struct slot *find_slot(const struct perf_set *ps, unsigned n)
{
	for (unsigned i = 0; ps && i < ps->nslots; i++)
		if (ps->slot[i].pmd == n)
			return &ps->slot[i];
	return NULL;
}

static int slot_ioctl(const struct slot *s, unsigned long request, void *arg,
		      const char *verb)
{
	if (ioctl(s->fd, request, arg) == 0)
		return 0;
	return fail(errno, "pmd%u: cannot %s: %m", s->pmd, verb);
}

static int stop_groups(struct perf_set *ps)
{
	int ret = 0;

	if (!ps || !ps->running)
		return 0;
	for (unsigned i = 0; i < ps->ngroups && ret == 0; i++) {
		struct slot *leader = &ps->slot[ps->group[i].first];

		ret = slot_ioctl(leader, PERF_EVENT_IOC_DISABLE, NULL, "stop");
		leader->off &= ret < 0;
	}
	ps->running = ret < 0;
	ps->still = false;
	return ret;
}

/* The counts of what stands, without the PMDs. */
static int settle(struct pfm_context *ctx, struct perf_set *ps)
{
	int ret = 0;

	for (unsigned i = 0; i < ps->ngroups && ret == 0 && !ps->still; i++) {
		const struct group *g = &ps->group[i];
		uint64_t value[PFM_MAX_PMDS] = { 0 };

		for (unsigned j = 0; j < g->n; j++)
			value[j] = ps->slot[g->first + j].reg->value;
		ret = perf_read_group(ctx, ps, g);
		for (unsigned j = 0; j < g->n; j++)
			ps->slot[g->first + j].reg->value = value[j];
	}
	ps->still = ret == 0;
	return ret;
}

/*
 * Must the kernel stop at the next overflow?  Where that masks, for the counts
 * of it; and where the period after it is another one.
 */
static bool one_shot(const struct pfm_context *ctx, const struct pfm_set *set,
		     const struct slot *s)
{
	const struct pfm_pmd *pmd = s->reg;
	unsigned n;

	if (s->lasting || s->stream)
		return false;
	if (!ctx->fmt)
		return !(set->flags & PFM_SETFL_OVFL_SWITCH &&
			 pmd->switch_cnt == 1 &&
			 !(pmd->flags & PFM_REGFL_OVFL_NOTIFY));
	if (pmd->flags & PFM_REGFL_RANDOM && pmd->random_mask)
		return true;
	BV_FOREACH(n, pmd->reset_pmds, PFM_PMD_BV) {
		const struct slot *other = find_slot(set->be_priv, n);

		if (other && other != s && other->samples)
			return true;
	}
	return pmd_period(pmd->short_reset) != s->period;
}

/* The next overflow of a stopped event where its PMD wraps. */
static int program(const struct perf_ctx *pc, struct slot *s)
{
	uint64_t want = 0 - s->base;
	uint64_t period = pmd_period(s->base + s->count);
	int ret;

	if (s->next == want)
		return 0;
	s->period = period;
	s->next = s->count + period;
	ret = slot_ioctl(s, PERF_EVENT_IOC_PERIOD, &period,
			 "set the period of");
	s->after = perf_ring_head(pc);
	return ret;
}

/*
 * One event goes: alone, or as a leader with its group.  The record of an
 * overflow may be here before the kernel has stopped the event: it must not do
 * so after it was started again.
 */
static int enable(struct pfm_context *ctx, struct pfm_set *set, struct slot *s,
		  bool leader)
{
	int ret = 0;

	if (s->off)
		ret = slot_ioctl(s, PERF_EVENT_IOC_DISABLE, NULL, "stop");
	if (ret < 0)
		return ret;
	if (s->samples && !s->limited && one_shot(ctx, set, s)) {
		ret = slot_ioctl(s, PERF_EVENT_IOC_REFRESH, (void *)1, "start");
		s->limited = ret == 0;
	} else if (leader || s->off) {
		ret = slot_ioctl(s, PERF_EVENT_IOC_ENABLE, NULL, "start");
	}
	if (ret == 0)
		s->off = false;
	return ret;
}

/* The leader last: with it the whole group counts. */
static int start_group(struct pfm_context *ctx, struct pfm_set *set,
		       const struct group *g)
{
	struct perf_set *ps = set->be_priv;
	int ret = 0;

	for (unsigned i = g->n; i > 0 && ret == 0; i--) {
		struct slot *s = &ps->slot[g->first + i - 1];

		if (s->samples && !s->stream && s->next != 0 - s->base)
			ret = settle(ctx, ps);
		if (s->samples && !s->stream && ret == 0)
			ret = program(ctx->be_priv, s);
		if (ret == 0)
			ret = enable(ctx, set, s, i == 1);
	}
	return ret;
}

static int start_groups(struct pfm_context *ctx, struct pfm_set *set)
{
	struct perf_set *ps = set->be_priv;
	int ret = 0;

	if (!ps || ps->running)
		return 0;
	for (unsigned i = 0; i < ps->ngroups && ret == 0; i++)
		ret = start_group(ctx, set, &ps->group[i]);
	ps->running = true;
	ps->still = false;
	if (ret < 0)
		stop_groups(ps);
	return ret;
}

static int perf_start(struct pfm_context *ctx, struct pfm_set *set)
{
	struct perf_ctx *pc = ctx->be_priv;

	if (ctx->flags & PFM_FL_ON_EXEC && !pc->armed) {
		struct perf_set *ps = set->be_priv;

		pc->armed = true;
		if (ps)
			ps->running = true;
		return 0;
	}
	return start_groups(ctx, set);
}

static int perf_stop(struct pfm_context *ctx, struct pfm_set *set)
{
	(void)ctx;
	return stop_groups(set->be_priv);
}

static int perf_freeze(struct pfm_context *ctx, struct pfm_set *set)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct perf_set *ps = set->be_priv;
	int ret = stop_groups(ps);

	if (ps && ret == 0)
		ret = settle(ctx, ps);
	for (unsigned i = 0; ps && i < ps->nslots; i++) {
		struct slot *s = &ps->slot[i];

		s->base = s->reg->value - s->count;
		s->after = pc->ring ? perf_ring_head(pc) : 0;
		s->wrapped = s->early = false;
	}
	return ret;
}

/* The count so far is what the new value must not include. */
static int write_still(struct pfm_context *ctx, struct perf_set *ps,
		       struct slot *s)
{
	int ret = settle(ctx, ps);

	if (ret == 0)
		s->base = s->reg->value - s->count;
	return ret;
}

static int write_running(struct pfm_context *ctx, struct pfm_set *set,
			 struct slot *s)
{
	uint64_t bv[PFM_PMD_BV] = { 0 };
	uint64_t value = s->reg->value;
	int ret;

	bv_set(bv, s->pmd);
	ret = perf_read(ctx, set, bv);
	s->reg->value = value;
	if (ret == 0)
		s->base = value - s->count;
	return ret;
}

static int perf_write(struct pfm_context *ctx, struct pfm_set *set, unsigned n)
{
	struct perf_set *ps = set->be_priv;
	struct slot *s = find_slot(ps, n);
	int ret;

	if (!s)
		return 0;
	s->wrapped = s->early = false;
	if (!ps->running)
		return write_still(ctx, ps, s);
	if (!s->samples)
		return write_running(ctx, set, s);
	ret = stop_groups(ps);
	if (ret == 0)
		ret = write_still(ctx, ps, s);
	if (ret == 0)
		ret = start_groups(ctx, set);
	return ret;
}

/*
 * Another period for an event that counts: stopped meanwhile, since the kernel
 * takes the next event for an overflow when the period of a running one is set.
 */
static int reprogram(struct pfm_context *ctx, struct perf_set *ps,
		     struct slot *s)
{
	int ret = 0;

	if (!s->off) {
		ret = slot_ioctl(s, PERF_EVENT_IOC_DISABLE, NULL, "stop");
		s->off = ret == 0;
		if (ret == 0)
			ret = settle(ctx, ps);
		ps->still = false;
	}
	return ret < 0 ? ret : program(ctx->be_priv, s);
}

/*
 * It goes on from the very event at which it wrapped: what came since is
 * counted, and as long as the period is the same the kernel is in step already.
 */
static int perf_reset(struct pfm_context *ctx, struct pfm_set *set, unsigned n)
{
	struct perf_set *ps = set->be_priv;
	struct slot *s = find_slot(ps, n);
	int ret = 0;

	if (!s)
		return 0;
	s->base = s->reg->value - (s->wrapped ? s->ovfl : s->count);
	s->wrapped = false;
	if (!s->samples || !ps->running)
		return 0;
	if (s->next != 0 - s->base)
		ret = reprogram(ctx, ps, s);
	if (ret == 0 && s->off)
		ret = enable(ctx, set, s, true);
	return ret;
}

/*
 * A group grows event by event.  A thread that the target creates meanwhile
 * inherits the part that is there, and from then on the kernel refuses to add
 * to the group (EINVAL) or to read it (ECHILD, Linux kernel/events/core.c,
 * __perf_read_group_add).  So what is inherited from a thread that may run is
 * not grouped, but where a record gives the counts of the others.
 */
static bool may_grow_apart(const struct pfm_context *ctx)
{
	return ctx->flags & PFM_FL_INHERIT && !ctx_is_self(ctx) &&
	       !(ctx->flags & PFM_FL_SYSTEM_WIDE);
}

/* With several sets: how long the target runs, whichever of them counts. */
static int open_clock(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
		.inherit = !!(ctx->flags & PFM_FL_INHERIT),
		.inherit_thread = perf_threads_only(ctx),
		.disabled = !!(ctx->flags & PFM_FL_ON_EXEC),
		.enable_on_exec = !!(ctx->flags & PFM_FL_ON_EXEC),
	};
	pid_t pid;
	int cpu;

	if (ctx->flags & PFM_FL_SYSTEM_WIDE || !ctx->sets->next)
		return 0;
	perf_target(ctx, &pid, &cpu);
	pc->clock_fd = perf_open(&attr, pid, cpu, -1);
	if (pc->clock_fd < 0)
		return perf_refused(errno, "the clock of event sets", attr.type,
				    cpu);
	return 0;
}

static uint64_t perf_clock(const struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;
	uint64_t v[2] = { 0, 0 };

	if (pc->clock_fd >= 0 && read(pc->clock_fd, v, sizeof(v)) < 0)
		dbg(PERF, "fd %d: clock: %m", ctx->fd);
	return v[1];
}

/*
 * A dummy event of the target tells of its exit: with a page mapped, poll(2)
 * says POLLHUP once the thread's events have their final values.
 */
static int open_exit(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};

	if (ctx->flags & (PFM_FL_SYSTEM_WIDE | PFM_FL_INHERIT) ||
	    ctx_is_self(ctx))
		return 0;
	pc->exit_fd = perf_open(&attr, ctx->target, -1, -1);
	if (pc->exit_fd < 0)
		return perf_refused(errno, "the target's exit", attr.type, -1);
	pc->exit_page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ,
			     MAP_SHARED, pc->exit_fd, 0);
	if (pc->exit_page != MAP_FAILED)
		return 0;
	close(pc->exit_fd);
	pc->exit_fd = -1;
	return fail(errno, "the target's exit: no page for an event (%m); "
			   "raise ulimit -l or kernel.perf_event_mlock_kb");
}

static int perf_attach(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	int ret;

	pc->exit_fd = pc->ring_fd = pc->timer_fd = pc->clock_fd = -1;
	pc->exec_set = ctx->active;
	pc->apart = pc->single = may_grow_apart(ctx) && !perf_gives_others(ctx);
	ret = open_clock(ctx);
	if (ret == 0)
		ret = open_exit(ctx);
	if (ret < 0 && pc->clock_fd >= 0)
		close(pc->clock_fd);
	return ret;
}

static int perf_detach(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;

	perf_ring_close(pc);
	if (pc->clock_fd >= 0)
		close(pc->clock_fd);
	if (pc->exit_fd < 0)
		return 0;
	munmap(pc->exit_page, (size_t)sysconf(_SC_PAGESIZE));
	close(pc->exit_fd);
	return 0;
}

static void perf_after_fork(struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;

	for (const struct pfm_set *set = ctx->sets; set; set = set->next) {
		const struct perf_set *ps = set->be_priv;

		for (unsigned i = 0; ps && i < ps->nslots; i++)
			close(ps->slot[i].fd);
	}
	if (pc->exit_fd >= 0)
		close(pc->exit_fd);
	if (pc->ring_fd >= 0)
		close(pc->ring_fd);
	if (pc->timer_fd >= 0)
		close(pc->timer_fd);
	if (pc->clock_fd >= 0)
		close(pc->clock_fd);
}

static int perf_look_fd(const struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;

	return pc->ring_fd;
}

static int perf_exit_fd(const struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;

	return pc->exit_fd;
}

static int perf_probe(int cpu)
{
	(void)cpu;
	if (access("/proc/sys/kernel/perf_event_paranoid", F_OK) == 0)
		return 0;
	return fail(ENODEV, "this kernel has no perf_event");
}

const struct pfm_backend pfm_backend_perf = {
	.name = "perf",
	.desc = "Linux perf_event_open",
	.pmu = &pfm_pmu_perf,
	.priv_size = sizeof(struct perf_ctx),
	.probe = perf_probe,
	.attach = perf_attach,
	.detach = perf_detach,
	.after_fork = perf_after_fork,
	.load_set = perf_load_set,
	.release_set = perf_release_set,
	.start = perf_start,
	.stop = perf_stop,
	.read = perf_read,
	.write = perf_write,
	.reset = perf_reset,
	.freeze = perf_freeze,
	.clock = perf_clock,
	.timer_start = perf_timer_start,
	.timer_stop = perf_timer_stop,
	.timer_left = perf_timer_left,
	.exit_fd = perf_exit_fd,
	.look_fd = perf_look_fd,
	.look = perf_look,
};
