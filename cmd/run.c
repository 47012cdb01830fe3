/* SPDX-License-Identifier: MIT
 *
 * run.c - one run of counting after another: open the target, count until
 * something ends it, read, close.  What happens meanwhile is in loop.c.
 */
#include "config.h"

#include "count.h"
#include "versus.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a run came out, beside its counts. */
struct outcome {
	int status;       /* exit status for pfmon */
	bool failed;      /* the command did not run: nothing to print */
	bool interrupted; /* no further run */
};

/* --pre and --post: not counted, and not to be ignored when they fail. */
static bool run_shell(const struct session *s, const char *option,
		      const char *text)
{
	char *copy = xstrdup(text);
	char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, copy,
			       NULL };
	struct target t = { 0 };
	int wstatus;

	target_fork(&t, argv, NULL, false);
	pin_unbind(&s->pin, t.pid);
	target_release(&t);
	if (wait4(t.pid, &wstatus, 0, NULL) < 0)
		die("cannot wait for %s: %m", option);
	target_end(&t);
	free(copy);
	if (WIFSIGNALED(wstatus))
		warn("%s '%s' was killed by signal %d", option, text,
		     WTERMSIG(wstatus));
	else if (WEXITSTATUS(wstatus))
		warn("%s '%s' failed with status %d", option, text,
		     WEXITSTATUS(wstatus));
	return wstatus == 0;
}

/* One CPU for the command, which pfmon leaves to it. */
static void open_pinned(struct session *s, struct target *t)
{
	s->flags = PFM_FL_SHARED | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	pin_leave(&s->pin);
	if (s->opt->isolate)
		isolate_begin(s->pin.cpu);
	target_fork(t, s->command, s, s->opt->no_cmd_output);
	if (s->opt->isolate)
		isolate_add(t->pid);
	pin_bind(&s->pin, t->pid);
	target_pinned(t, s);
}

/* Everything open and stopped; a command is there and waits. */
static void open_targets(struct session *s, struct target *t)
{
	const struct count_opt *opt = s->opt;
	struct slot first = { .cpu = -1 };
	bool attach = opt->pids.n || opt->tids.n;
	bool system = opt->all_cpus || opt->cpus;
	bool split = opt->per == PER_THREAD || opt->per == PER_PROCESS;

	if (s->pin.cpu >= 0) {
		open_pinned(s, t);
		return;
	}
	s->flags = PFM_FL_SHARED | PFM_FL_NOPTRACE;
	if (opt->follow != FOLLOW_NONE && !opt->tids.n)
		s->flags |= PFM_FL_INHERIT;
	if (opt->command)
		target_fork(t, s->command, s, opt->no_cmd_output);
	if (system) {
		s->flags = PFM_FL_SHARED | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
		target_cpus(t, s);
	} else if (attach) {
		target_attach(t, s);
	} else {
		if (!opt->delay_ns)
			s->flags |= PFM_FL_ON_EXEC;
		if (split) {
			s->flags &= ~PFM_FL_INHERIT;
			follow_seize(t, opt->follow != FOLLOW_NONE);
		}
		first.tid = first.tgid = t->pid;
		if (session_add(s, &first) < 0)
			die("the command ended before it began: %s",
			    pfm_reason());
	}
}

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * NS_PER_S + (uint64_t)tv->tv_usec * 1000;
}

/* With -I there is no result of the whole to say it in. */
static void tell_share(const struct session *s, const struct share *share)
{
	char text[256];

	if (!s->opt->interval_ns || s->opt->quiet)
		return;
	pin_describe(s->pin.cpu, share, text, sizeof(text));
	warn("%s", text);
}

static void fill_result(const struct run *run, struct result *res)
{
	const struct count_opt *opt = run->s->opt;
	const struct target *t = run->t;

	result_build(run->s, res, false);
	res->elapsed_ns = now_ns() - run->start_ns;
	res->time_ns = res->elapsed_ns;
	/* Left behind by a second Ctrl-C: there is no exit status. */
	res->partial = t->pid && !t->done;
	if (!t->done)
		return;
	res->status = WEXITSTATUS(t->wstatus);
	if (WIFSIGNALED(t->wstatus)) {
		res->signal = WTERMSIG(t->wstatus);
		res->status = 128 + res->signal;
	}
	res->user_ns = timeval_ns(&t->usage.ru_utime);
	res->system_ns = timeval_ns(&t->usage.ru_stime);
	if (run->s->pin.cpu >= 0)
		res->share = run->share;
	if (opt->per == PER_THREAD || opt->per == PER_PROCESS)
		res->nthreads = run->s->nslots;
}

static struct outcome run_once(struct session *s, struct output *out,
			       struct result *res)
{
	const struct count_opt *opt = s->opt;
	struct target t = { 0 };
	struct run run = { .s = s, .t = &t, .out = out };
	struct outcome end = { 0 };

	if (opt->pre && !run_shell(s, "--pre", opt->pre))
		return (struct outcome){ STATUS_PFMON, true, true };
	open_targets(s, &t);
	pin_begin(&s->pin);
	run_loop(&run);
	run.share = pin_end(&s->pin, &t.usage);
	if (t.done)
		end.status = target_exec_failed(&t, s->command[0]);
	end.failed = end.status != 0;
	if (!end.failed) {
		session_read(s);
		session_verify(s);
		/* The unfinished interval, unless enough were printed. */
		if (opt->interval_ns && run.intervals != opt->interval_count)
			run_interval(&run);
		fill_result(&run, res);
		if (s->pin.cpu >= 0 && t.done)
			tell_share(s, &run.share);
		end.status = run.killed ? 128 + SIGINT : res->status;
	}
	end.interrupted = run.interrupted;
	target_end(&t);
	if (opt->post && !end.failed && !run_shell(s, "--post", opt->post)) {
		end.status = STATUS_PFMON;
		end.interrupted = true;
	}
	return end;
}

/* --exact: of the CPU with the most, which is known after the first run. */
static unsigned sets_needed(const struct session *s)
{
	unsigned n = s->common ? s->common->nsets : 1, i;

	for (i = 0; i < s->nslots; i++)
		if (s->slots[i].at->nsets > n)
			n = s->slots[i].at->nsets;
	return n;
}

/* The runs that are to be counted, of the command and of the other one. */
struct runs {
	struct result *v[2]; /* by enum side; owned */
	unsigned n[2];
};

static void runs_init(struct runs *runs, const struct count_opt *opt)
{
	uint64_t room = opt->exact ? SETS_MAX : opt->repeat;

	*runs = (struct runs){ 0 };
	runs->v[SIDE_NEW] = xcalloc(room, sizeof(*runs->v[SIDE_NEW]));
	if (opt->versus)
		runs->v[SIDE_OLD] = xcalloc(room, sizeof(*runs->v[SIDE_OLD]));
}

static void runs_release(struct runs *runs)
{
	int side;

	for (side = SIDE_OLD; side <= SIDE_NEW; side++) {
		while (runs->n[side] > 0)
			result_release(&runs->v[side][--runs->n[side]]);
		free(runs->v[side]);
	}
}

/* One result of them all, and what it is compared with. */
static void output_runs(struct session *s, struct output *out,
			const struct runs *runs, struct versus *versus)
{
	const struct result *v = runs->v[SIDE_NEW];
	unsigned n = runs->n[SIDE_NEW];
	struct result all;
	bool several = n > 1;

	if (!n || s->opt->interval_ns)
		return;
	if (!several)
		all = v[0];
	else if (s->opt->exact)
		result_merge(s, &all, v, n);
	else
		result_mean(&all, v, n);
	if (runs->n[SIDE_OLD])
		versus_old_runs(versus, s, runs->v[SIDE_OLD],
				runs->n[SIDE_OLD]);
	if (versus->has_old) {
		versus_compare(versus, s, v, n);
		all.versus = versus;
	}
	output_result(out, &all);
	if (several)
		result_release(&all);
}

/* Warm-ups of both come first, and then their runs in turns. */
static enum side side_of(const struct count_opt *opt, uint64_t run)
{
	if (!opt->versus)
		return SIDE_NEW;
	if (run < 2 * opt->warmup)
		return run % 2 ? SIDE_NEW : SIDE_OLD;
	return versus_side(run - 2 * opt->warmup);
}

static int run_series(struct session *s, struct output *out, struct runs *runs,
		      const struct versus *versus)
{
	const struct count_opt *opt = s->opt;
	uint64_t warmups = opt->warmup * (opt->versus ? 2 : 1), i;
	uint64_t total = warmups + (opt->versus ? versus_total(opt->repeat) :
						  opt->repeat);
	struct outcome end = { 0 };
	int status = 0;

	for (i = 0; i < total && !end.failed && !end.interrupted; i++) {
		enum side side = side_of(opt, i);
		struct result *res = &runs->v[side][runs->n[side]];

		session_truncate(s, 0);
		s->command = side == SIDE_OLD ? versus->argv : opt->command;
		if (opt->exact && i >= warmups)
			s->turn = (int)runs->n[side];
		end = run_once(s, out, res);
		if (opt->exact)
			total = warmups + sets_needed(s);
		/* Of the other command only that it cannot be run. */
		if (!status && (side == SIDE_NEW || end.failed))
			status = end.status;
		if (i < warmups)
			result_release(res);
		else if (!end.failed)
			runs->n[side]++;
	}
	isolate_end();
	return status;
}

int run_all(struct session *s, struct output *out)
{
	struct versus versus;
	struct runs runs;
	int status;

	versus_init(&versus, s->opt->versus);
	if (s->opt->compare)
		versus_read(&versus, s->opt->compare);
	runs_init(&runs, s->opt);
	loop_init();
	status = run_series(s, out, &runs, &versus);
	output_runs(s, out, &runs, &versus);
	runs_release(&runs);
	versus_release(&versus);
	return status;
}
