/* SPDX-License-Identifier: MIT
 *
 * sample-run.c - a recording from its beginning to its end: the command or the
 * targets, signals, the rounds in which the contexts are emptied.
 */
#include "config.h"

#include "sample.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "report.h"

/*
 * Between two rounds, unless a buffer is full before: what was mapped is opened
 * while it is still there.
 */
#define ROUND_NS 100000000ULL

struct loop {
	struct sampling *s;
	int signal_fd;
	bool ignored_int;
	struct pollfd *fds; /* signals, sources, processes; owned */
	unsigned nfds, nprocs;
	uint64_t released_ns, round_ns, read_ns, shown_ns;
	bool progress;
};

static bool on_terminal(void)
{
	return isatty(STDERR_FILENO);
}

/* What is about to be recorded, on a terminal. */
static void tell_start(const struct sampling *s)
{
	static const char *const stacks[] = {
		"",
		", stacks by frame pointers",
		", stacks by unwind tables",
		", stacks by tables or frame pointers",
	};
	const struct sampled *e = &s->events[0];
	char often[64];

	if (s->opt->quiet)
		return;
	if (s->fallback)
		warn("no PMU here: cpu-clock stands in for cycles; "
		     "pfmon info says why");
	if (s->user_only)
		warn("user level only: perf_event_paranoid does not allow the "
		     "kernel; CAP_PERFMON does");
	if (!on_terminal())
		return;
	if (s->clock)
		snprintf(often, sizeof(often), "clock-driven, at %llu Hz",
			 (unsigned long long)s->clock->freq);
	else if (e->freq)
		snprintf(often, sizeof(often), "at %llu Hz",
			 (unsigned long long)e->freq);
	else
		snprintf(often, sizeof(often), "every %llu",
			 (unsigned long long)e->period);
	fprintf(stderr, " recording %s %s%s%s\n", e->asked, often,
		s->sources[0].tid ? " per thread" : " per CPU",
		stacks[s->opt->stack]);
}

/* Only where no output of a command would be written over. */
static void show_progress(struct loop *l, uint64_t now)
{
	struct sampling *s = l->s;
	uint64_t dropped, throttled, lost;

	if (!l->progress || now - l->shown_ns < NS_PER_S)
		return;
	l->shown_ns = now;
	lost = sources_lost(s, &dropped, &throttled) + dropped;
	fprintf(stderr, "\r %llu samples, %llu lost, %.1f MB ",
		(unsigned long long)record_samples(s), (unsigned long long)lost,
		(double)record_bytes(s) / 1e6);
}

static void end_sampling(struct loop *l)
{
	struct sampling *s = l->s;

	if (s->ended)
		return;
	if (s->started)
		sources_stop(s);
	s->end_ns = now_ns();
	s->ended = true;
}

static void begin_sampling(struct sampling *s)
{
	s->start_ns = now_ns();
	s->started = true;
	sources_start(s);
}

static void reap(struct sampling *s)
{
	if (s->pid && waitpid(s->pid, &s->wstatus, WNOHANG) == s->pid)
		s->done = true;
}

static void handle_signal(struct loop *l, const struct signalfd_siginfo *si)
{
	struct sampling *s = l->s;
	int sig = (int)si->ssi_signo;

	if (sig == SIGCHLD) {
		reap(s);
		return;
	}
	if (sig == SIGUSR1 || sig == SIGUSR2)
		return;
	/* A background job is no concern of the terminal's. */
	if (sig == SIGINT && l->ignored_int && si->ssi_code == SI_KERNEL)
		return;
	if (sig == SIGINT && s->interrupted && s->pid) {
		kill(s->pid, SIGTERM);
		s->killed = true;
	}
	s->interrupted |= sig == SIGINT;
	/* The terminal has sent it to the command as well. */
	if (s->pid && !s->done && si->ssi_code != SI_KERNEL)
		kill(s->pid, sig);
	if (!s->pid)
		end_sampling(l);
}

static void read_signals(struct loop *l)
{
	struct signalfd_siginfo si;

	if (!l->fds[0].revents)
		return;
	while (!l->s->killed &&
	       read(l->signal_fd, &si, sizeof(si)) == sizeof(si))
		handle_signal(l, &si);
}

/* A message says that a part of the buffer is full, or that the target ended. */
static bool read_messages(struct loop *l)
{
	bool any = false;
	pfm_msg_t msg;
	unsigned i;

	for (i = 0; i < l->s->nsources; i++) {
		struct pollfd *p = &l->fds[1 + i];

		if (!p->revents)
			continue;
		while (recv(p->fd, &msg, sizeof(msg), MSG_DONTWAIT) > 0) {
			if (msg.type == PFM_MSG_END)
				p->fd = -1;
			l->s->sources[i].told = any = true;
			if (p->fd < 0)
				break;
		}
	}
	return any;
}

static void add_process(struct loop *l, const char *list)
{
	char *end;
	int fd;

	do {
		fd = (int)syscall(SYS_pidfd_open, strtol(list, &end, 10), 0);
		l->fds = xreallocarray(l->fds, l->nfds + 1, sizeof(*l->fds));
		l->fds[l->nfds++] =
			(struct pollfd){ .fd = fd, .events = POLLIN };
		l->nprocs++;
		list = end + 1;
	} while (*end == ',');
}

static void watch(struct loop *l)
{
	struct sampling *s = l->s;
	unsigned i;

	l->nfds = 1 + s->nsources;
	l->fds = xcalloc(l->nfds, sizeof(*l->fds));
	l->fds[0] = (struct pollfd){ .fd = l->signal_fd, .events = POLLIN };
	for (i = 0; i < s->nsources; i++)
		l->fds[1 + i] = (struct pollfd){ .fd = s->sources[i].fd,
						 .events = POLLIN };
	for (i = 0; i < s->opt->pids.n; i++)
		add_process(l, s->opt->pids.v[i]);
}

/* Of -p and --tid: is any of them still there? */
static bool targets_live(const struct loop *l)
{
	const struct sample_opt *opt = l->s->opt;
	unsigned i, live = 0;

	if (!opt->pids.n && !opt->tids.n)
		return true;
	for (i = 0; i < l->s->nsources && opt->tids.n; i++)
		live += l->fds[1 + i].fd >= 0;
	for (i = 1 + l->s->nsources; i < l->nfds; i++)
		live += l->fds[i].fd >= 0;
	return live > 0;
}

static bool is_over(const struct loop *l)
{
	const struct sampling *s = l->s;

	if (s->killed)
		return true;
	return s->pid ? s->done : s->ended || !targets_live(l);
}

static uint64_t deadline(const struct loop *l)
{
	const struct sample_opt *opt = l->s->opt;
	uint64_t at = l->round_ns + ROUND_NS, end;

	if (l->s->ended)
		return UINT64_MAX;
	if (!l->s->started)
		return l->released_ns + opt->delay_ns;
	if (l->s->clock && l->read_ns + clock_slice_ns(l->s) < at)
		at = l->read_ns + clock_slice_ns(l->s);
	end = l->s->start_ns + opt->duration_ns;
	return opt->duration_ns && end < at ? end : at;
}

static void wait_for_something(struct loop *l)
{
	uint64_t at = deadline(l), now = now_ns(),
		 left = at > now ? at - now : 0;
	struct timespec ts = { (time_t)(left / NS_PER_S),
			       (long)(left % NS_PER_S) };
	unsigned i;

	if (ppoll(l->fds, l->nfds, at == UINT64_MAX ? NULL : &ts, NULL) < 0)
		die("cannot wait: %m");
	for (i = 1 + l->s->nsources; i < l->nfds; i++)
		if (l->fds[i].fd >= 0 && l->fds[i].revents) {
			close(l->fds[i].fd);
			l->fds[i].fd = -1;
		}
}

static bool lost_any(const struct sampling *s)
{
	uint64_t dropped, throttled;

	return sources_lost(s, &dropped, &throttled) + dropped > 0;
}

/* The command goes on when it is not to be sampled any more, but for -d. */
static void handle_time(struct loop *l, bool told)
{
	struct sampling *s = l->s;
	const struct sample_opt *opt = s->opt;
	uint64_t now = now_ns();

	if (!s->started && !s->ended && now >= l->released_ns + opt->delay_ns)
		begin_sampling(s);
	if (!s->started || s->ended)
		return;
	if (s->clock && now >= l->read_ns + clock_slice_ns(s)) {
		clock_read(s);
		l->read_ns = now;
	}
	if (told || now >= l->round_ns + ROUND_NS) {
		merge_round(s, false);
		l->round_ns = now;
		show_progress(l, now);
		if (!record_check(s) ||
		    (opt->when_full == FULL_STOP && lost_any(s)))
			end_sampling(l);
	}
	if (opt->duration_ns && now >= s->start_ns + opt->duration_ns) {
		end_sampling(l);
		if (s->pid && !s->done) {
			kill(s->pid, SIGTERM);
			s->timed_out = true;
		}
	}
}

static void run_loop(struct loop *l)
{
	struct sampling *s = l->s;

	watch(l);
	if (!s->opt->delay_ns)
		begin_sampling(s);
	/* Whoever kills us finds a file that can be read. */
	record_flush(s);
	l->released_ns = l->round_ns = now_ns();
	if (s->pid)
		child_release(s->sock);
	while (!is_over(l)) {
		wait_for_something(l);
		read_signals(l);
		handle_time(l, read_messages(l));
	}
	end_sampling(l);
	merge_round(s, true);
	free(l->fds);
}

/* The short report of what was recorded. */
static void tell_end(const struct sampling *s)
{
	const struct sample_opt *opt = s->opt;
	bool wanted = opt->report || (on_terminal() && !opt->no_report);
	struct profile *p;
	char *why = NULL;

	if (opt->quiet)
		return;
	if (!wanted || opt->no_report) {
		if (on_terminal())
			fprintf(stderr, " %llu samples in %s\n",
				(unsigned long long)record_samples(s),
				record_path(s));
		return;
	}
	p = prof_open(record_path(s), &why);
	if (!p) {
		warn("%s", why);
		free(why);
		return;
	}
	report_short(p, STDERR_FILENO, text_width(STDERR_FILENO), 20);
	prof_close(p);
}

static int status_of(const struct sampling *s)
{
	int status;

	if (!s->pid)
		return 0;
	if (!s->done)
		return 128 + SIGINT;
	status = child_exec_failed(s->sock, s->opt->command[0]);
	if (status)
		return status;
	if (WIFSIGNALED(s->wstatus))
		return 128 + WTERMSIG(s->wstatus);
	return WEXITSTATUS(s->wstatus);
}

/* What ended the command, unless it was --duration, or who waits for it. */
static void tell_signal(const struct sampling *s)
{
	bool trap = false;
	unsigned i;
	int sig;

	if (!s->done || !WIFSIGNALED(s->wstatus) || s->interrupted ||
	    s->timed_out || s->opt->quiet)
		return;
	sig = WTERMSIG(s->wstatus);
	for (i = 0; i < s->nevents && sig == SIGTRAP; i++)
		trap |= is_breakpoint(&s->events[i].ev);
	warn("'%s' was killed by signal %d%s%s", s->opt->command[0], sig,
	     trap ? ": " : "", trap ? sigtrap_note : "");
}

/* A command that could not be run leaves no file behind. */
static bool never_ran(const struct sampling *s, int status)
{
	return s->pid && (status == STATUS_NOCMD || status == STATUS_NOEXEC) &&
	       record_samples(s) == 0;
}

int sample_run_all(struct sampling *s)
{
	struct child_opt child = { .quiet = s->opt->no_cmd_output };
	struct loop l = { .s = s };
	int status;

	l.signal_fd = signals_init(&l.ignored_int);
	if (s->opt->command)
		s->pid = child_fork(s->opt->command, &child, &s->sock);
	sources_open(s);
	record_open(s);
	tell_start(s);
	l.progress = on_terminal() && !s->opt->quiet &&
		     (!s->pid || s->opt->no_cmd_output);
	run_loop(&l);
	if (l.progress && l.shown_ns)
		fprintf(stderr, "\r%40s\r", "");
	/* The terminal has put ^C there. */
	if (s->interrupted && on_terminal() && !s->opt->quiet)
		fputc('\n', stderr);
	status = status_of(s);
	if (never_ran(s, status)) {
		record_close(s);
		record_remove(s);
		return status;
	}
	tell_signal(s);
	if (record_close(s) < 0)
		status = s->pid ? STATUS_PFMON : STATUS_FAIL;
	else
		tell_end(s);
	close(l.signal_fd);
	return status;
}
