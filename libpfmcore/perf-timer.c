/* SPDX-License-Identifier: MIT
 *
 * perf-timer.c - the switch timer of a thread: an event that counts the
 * nanoseconds the thread runs and overflows into the context's ring, so that
 * time in which the thread does not run is nobody's.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "perf-backend.h"

static int open_timer(struct pfm_context *ctx, uint64_t ns)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = ns,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_READ,
		.wakeup_events = 1,
		.disabled = 1,
	};
	pid_t pid;
	int cpu, ret;

	ret = perf_ring_open(ctx);
	if (ret < 0)
		return ret;
	perf_ring_clock(&attr);
	perf_target(ctx, &pid, &cpu);
	/* A user who may not look at the kernel has the time of user mode. */
	pc->timer_fd = perf_open(&attr, pid, cpu, -1);
	if (pc->timer_fd < 0) {
		attr.exclude_kernel = 1;
		pc->timer_fd = perf_open(&attr, pid, cpu, -1);
	}
	if (pc->timer_fd < 0)
		return perf_refused(errno, "the timer of event sets", attr.type,
				    cpu);
	ret = perf_ring_join(ctx, pc->timer_fd, &pc->timer_id);
	return ret < 0 ? ret : engine_watch(ctx);
}

static uint64_t timer_now(const struct perf_ctx *pc)
{
	uint64_t ns = 0;

	if (read(pc->timer_fd, &ns, sizeof(ns)) != sizeof(ns))
		dbg(PERF, "switch timer: %m");
	return ns;
}

int perf_timer_start(struct pfm_context *ctx, uint64_t ns)
{
	struct perf_ctx *pc = ctx->be_priv;
	int ret = 0;

	if (pc->timer_fd < 0)
		ret = open_timer(ctx, ns);
	if (ret < 0)
		return ret;
	pc->timer_since = timer_now(pc);
	pc->timer_period = ns;
	pc->timer_next = pc->timer_since + ns;
	if (ioctl(pc->timer_fd, PERF_EVENT_IOC_PERIOD, &ns) < 0 ||
	    ioctl(pc->timer_fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return fail(errno, "the timer of event sets: %m");
	return 0;
}

void perf_timer_stop(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;

	if (pc->timer_fd < 0)
		return;
	ioctl(pc->timer_fd, PERF_EVENT_IOC_DISABLE, 0);
	pc->timer_since = timer_now(pc);
}

uint64_t perf_timer_left(struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;
	uint64_t now = pc->timer_fd < 0 ? 0 : timer_now(pc);

	return now < pc->timer_next ? pc->timer_next - now : 0;
}
