/* SPDX-License-Identifier: MIT
 *
 * loop.c - what happens while something is counted: signals, intervals, the
 * end of the targets.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int signal_fd = -1;
static bool ignored_int;

void loop_init(void)
{
	signal_fd = signals_init(&ignored_int);
}

static void reap(struct run *run)
{
	struct target *t = run->t;

	if (run->s->opt->per == PER_THREAD || run->s->opt->per == PER_PROCESS) {
		follow_reap(t, run->s);
		return;
	}
	if (t->pid && wait4(t->pid, &t->wstatus, WNOHANG, &t->usage) == t->pid)
		t->done = true;
}

/* Counting is over; the command may still run. */
static void end_counting(struct run *run)
{
	session_stop(run->s);
	run->ended = true;
	run->tick_ns = 0;
}

static void print_partial(struct run *run, bool interval)
{
	struct result res = { .partial = true };
	uint64_t now = now_ns();

	session_read(run->s);
	result_build(run->s, &res, interval);
	res.time_ns = now - run->start_ns;
	res.elapsed_ns = interval ? now - run->last_ns : res.time_ns;
	output_result(run->out, &res);
	result_release(&res);
}

void run_interval(struct run *run)
{
	print_partial(run, true);
	session_next_interval(run->s);
	run->last_ns = now_ns();
	run->intervals++;
}

/*
 * The terminal has sent it to the command as well; somebody's kill has not.
 */
static void pass_on(const struct run *run, const struct signalfd_siginfo *si)
{
	if (run->t->pid && !run->t->done && si->ssi_code != SI_KERNEL)
		kill(run->t->pid, (int)si->ssi_signo);
}

static void handle_signal(struct run *run, const struct signalfd_siginfo *si)
{
	switch (si->ssi_signo) {
	case SIGCHLD:
		reap(run);
		break;
	case SIGUSR1:
		print_partial(run, false);
		break;
	case SIGUSR2:
		if (run->ended || run->delayed)
			break;
		if (run->s->running)
			session_stop(run->s);
		else
			session_start(run->s);
		break;
	case SIGINT:
		/* A background job is no concern of the terminal's. */
		if (ignored_int && si->ssi_code == SI_KERNEL)
			break;
		if (run->interrupted && run->t->pid) {
			kill(run->t->pid, SIGTERM);
			run->killed = true;
		}
		run->interrupted = true;
		__attribute__((fallthrough));
	default:
		pass_on(run, si);
		if (!run->t->pid)
			end_counting(run);
	}
}

static void read_signals(struct run *run)
{
	struct signalfd_siginfo si;

	while (!run->killed && read(signal_fd, &si, sizeof(si)) == sizeof(si))
		handle_signal(run, &si);
}

/* The next moment something is to be done, UINT64_MAX: none. */
static uint64_t next_deadline(const struct run *run)
{
	const struct count_opt *opt = run->s->opt;
	uint64_t next = UINT64_MAX, at;

	if (run->ended)
		return next;
	if (run->delayed)
		next = run->start_ns + opt->delay_ns;
	if (run->tick_ns && run->tick_ns < next)
		next = run->tick_ns;
	at = run->start_ns + opt->delay_ns + opt->duration_ns;
	if (opt->duration_ns && at < next)
		next = at;
	return next;
}

static void handle_time(struct run *run, uint64_t now)
{
	const struct count_opt *opt = run->s->opt;
	uint64_t begin = run->start_ns + opt->delay_ns;

	if (run->delayed && now >= begin) {
		run->delayed = false;
		run->last_ns = now;
		session_start(run->s);
	}
	if (run->tick_ns && now >= run->tick_ns) {
		run_interval(run);
		while (run->tick_ns <= now)
			run->tick_ns += opt->interval_ns;
		if (run->intervals == opt->interval_count)
			end_counting(run);
	}
	if (!run->ended && opt->duration_ns &&
	    now >= begin + opt->duration_ns) {
		end_counting(run);
		if (run->t->pid && !run->t->done)
			kill(run->t->pid, SIGTERM);
	}
}

/* The command sets the end, if there is one; else the targets do. */
static bool is_over(const struct run *run)
{
	unsigned i, live = 0;

	if (run->killed)
		return true;
	if (run->t->pid)
		return run->t->done;
	for (i = 0; i < run->t->nends; i++)
		live += run->t->ends[i].fd >= 0;
	return run->ended ||
	       (!live && (run->s->opt->pids.n || run->s->opt->tids.n));
}

/* fds[0] is the signals', the rest are copies of the target's. */
static void wait_for_something(struct run *run, struct pollfd *fds)
{
	uint64_t at = next_deadline(run), now = now_ns(), left;
	struct timespec ts;
	unsigned i;

	left = at > now ? at - now : 0;
	ts.tv_sec = (time_t)(left / NS_PER_S);
	ts.tv_nsec = (long)(left % NS_PER_S);
	fds[0] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	for (i = 0; i < run->t->nends; i++)
		fds[i + 1] = run->t->ends[i];
	if (ppoll(fds, run->t->nends + 1, at == UINT64_MAX ? NULL : &ts, NULL) <
	    0)
		die("cannot wait: %m");
	for (i = 0; i < run->t->nends; i++) {
		if (!fds[i + 1].revents)
			continue;
		session_cpu_gone(run->s, run->t->ends[i].fd);
		if (run->t->owned[i])
			close(run->t->ends[i].fd);
		run->t->ends[i].fd = -1;
	}
}

void run_loop(struct run *run)
{
	const struct count_opt *opt = run->s->opt;
	struct pollfd *fds = xcalloc(run->t->nends + 1, sizeof(*fds));

	run->delayed = opt->delay_ns > 0;
	if (!run->delayed)
		session_start(run->s);
	run->start_ns = run->last_ns = now_ns();
	if (opt->interval_ns)
		run->tick_ns = run->start_ns + opt->delay_ns + opt->interval_ns;
	if (run->t->pid)
		target_release(run->t);
	while (!is_over(run)) {
		wait_for_something(run, fds);
		read_signals(run);
		handle_time(run, now_ns());
	}
	if (!run->ended)
		end_counting(run);
	free(fds);
}
