/* SPDX-License-Identifier: MIT
 *
 * top-model.c - pfmon top from interval to interval: the timer, what is opened
 * for the view that is shown, and the frame that is looked at: the newest, or
 * one of the history.
 */
#include "config.h"

#include "top-priv.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { WAKE_TIMER, WAKE_SAMPLES, WAKE_CHILD };

void top_say(struct top *t, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(t->message);
	t->message = xstrdup(text);
	t->message_told = false;
}

static void watch(struct top *t, int fd, uint32_t what)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .u32 = what } };

	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("cannot wait: %m");
}

static void set_timer(struct top *t, uint64_t first_ns, uint64_t ns)
{
	struct itimerspec its = {
		.it_interval = { (time_t)(ns / NS_PER_S),
				 (long)(ns % NS_PER_S) },
		.it_value = { (time_t)(first_ns / NS_PER_S),
			      (long)(first_ns % NS_PER_S) },
	};

	if (timerfd_settime(t->timer, 0, &its, NULL) < 0)
		die("cannot set a timer: %m");
}

static void init_loop(struct top *t)
{
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->epoll < 0 || t->timer < 0)
		die("cannot wait: %m");
	watch(t, t->timer, WAKE_TIMER);
	t->child.fd = -1;
}

static void init_cpus(struct top *t)
{
	const struct cpus *asked = top_select_cpus(t->select);
	unsigned i;

	if (asked)
		t->cpus = *asked;
	else
		cpus_online(&t->cpus);
	t->cpu_numbers = xcalloc(CPUS_MAX, sizeof(*t->cpu_numbers));
	for (i = 0; i < CPUS_MAX; i++)
		if (cpus_has(&t->cpus, i))
			t->cpu_numbers[t->ncpus++] = i;
}

static void init_names(struct top *t)
{
	const char *model = pfm_pmu_model(-1);

	snprintf(t->machine, sizeof(t->machine), "%s", model ? model : "cpu");
	t->backend = xstrdup(t->ev.msr ? "msr" : "perf_event");
}

/* The line of all that no process's line has: see add_rest(). */
static void init_rest(struct top *t)
{
	const struct top_opt *o = t->opt;
	struct line *l;

	if (!t->ev.system || t->ev.msr || o->pids.n || o->users.n ||
	    o->cgroups.n || o->cpus)
		return;
	l = line_new(t->live.nvals);
	free(l->name);
	l->name = xstrdup("(ended, idle or not opened)");
	l->flags = LINE_REST;
	l->why = WHY_REST;
	l->state = '-';
	l->cpu = -1;
	l->dirty = LINE_NEW;
	frame_add(&t->live, l);
}

void top_begin(struct top *t)
{
	const struct top_opt *o = &t->now;

	frame_init(&t->live, VAL_CTR0 + t->ev.nctrs, t->ncpus);
	counting_limit(t);
	init_rest(t);
	t->history = history_new(o->record);
	replay_put_meta(t);
	t->tcpus = top_cpus_new(t);
	top_tasks_new(t);
	t->live.number = UINT64_MAX; /* the first is 0 */
	t->begun_ns = now_ns();
	set_timer(t, o->interval_ns, o->interval_ns);
}

static void init_events(struct top *t)
{
	char *why;

	if (!top_events_init(&t->ev, &t->now, &why))
		die("%s", why);
	init_names(t);
}

/* Frames of a file: as fast as they can be printed, or as they were made. */
static void begin_replay(struct top *t)
{
	uint64_t ns;
	char *why = NULL;

	t->replay = true;
	t->history = history_open(t->opt->replay);
	if (!replay_get_meta(t, &why))
		die("%s: %s", t->opt->replay, why);
	history_each_names(t->history, top_funcs_decode, t->funcs);
	frame_init(&t->live, VAL_CTR0 + t->ev.nctrs, t->ncpus);
	t->live.number = UINT64_MAX;
	ns = t->opt->batch ? 1 : t->now.interval_ns;
	set_timer(t, 1, ns);
}

struct top *top_new(const struct top_opt *opt)
{
	struct top *t = xcalloc(1, sizeof(*t));

	t->opt = opt;
	t->now = *opt;
	t->page = (uint64_t)sysconf(_SC_PAGESIZE);
	t->threads = opt->threads;
	t->view = (enum top_view)opt->view;
	t->funcs = top_funcs_new();
	init_loop(t);
	if (opt->replay) {
		begin_replay(t);
	} else {
		t->select = top_select_new(opt);
		init_cpus(t);
		init_events(t);
	}
	return t;
}

void top_start(struct top *t)
{
	if (t->replay)
		return;
	top_begin(t);
	top_look(t, t->view, 0);
}

static void end_child(struct top *t)
{
	if (t->child.fd >= 0)
		close(t->child.fd);
	free(t->child.path);
	t->child = (struct top_child){ .fd = -1 };
}

/* What is being recorded is kept as far as it is. */
static void finish_child(struct top *t)
{
	if (t->child.fd < 0)
		return;
	kill(t->child.pid, SIGINT);
	while (!top_record_heard(t))
		continue;
	warn("%s", t->message);
	end_child(t);
}

int top_free(struct top *t)
{
	int ret;

	finish_child(t);
	if (t->sampler)
		sampler_free(t, t->sampler);
	top_tasks_free(t, t->tasks);
	top_cpus_free(t, t->tcpus);
	ret = history_free(t->history);
	top_events_release(&t->ev);
	top_select_free(t->select);
	top_funcs_free(t->funcs);
	top_tables_free(t->tables);
	top_lines_free(t->lines);
	frame_release(&t->live);
	frame_release(&t->past);
	frame_release(&t->mark);
	frame_release(&t->zero);
	close(t->epoll);
	close(t->timer);
	free(t->cpu_numbers);
	free(t->backend);
	free(t->message);
	free(t->skipped);
	free(t->slots);
	while (t->ngroups > 0)
		free(t->groups[--t->ngroups]);
	free(t->groups);
	free(t);
	return ret;
}

int top_fd(const struct top *t)
{
	return t->epoll;
}

/*
 * What CPUs counted and no process's line has: of those that ended before they
 * were opened, of idle time, and what ran before its counters were opened.
 */
static void add_rest(struct top *t)
{
	struct frame *f = &t->live;
	struct line *rest = f->nlines ? f->lines[0] : NULL;
	uint64_t has = UINT64_MAX;
	unsigned k, i;
	size_t n;

	if (!rest || !(rest->flags & LINE_REST))
		return;
	for (i = 0; i < f->ncpus; i++) {
		has &= f->cpus[i].has;
		for (k = 0; k < f->nvals; k++)
			rest->v[k] += f->cpus[i].v[k];
	}
	for (n = 1; n < f->nlines; n++) {
		const struct line *l = f->lines[n];

		for (k = 0; !(l->flags & LINE_THREAD) && k < f->nvals; k++)
			rest->v[k] -=
				l->v[k] < rest->v[k] ? l->v[k] : rest->v[k];
	}
	for (k = 0; k < f->nvals; k++)
		if (!(has >> k & 1))
			rest->v[k] = 0;
	if (rest->has != has) {
		rest->dirty |= DIRTY_HAS;
		rest->has = has;
	}
}

static void put_names(struct top *t)
{
	uint32_t n = top_funcs_count(t->funcs);
	struct bytes b = { 0 };

	if (n == t->funcs_put)
		return;
	top_funcs_encode(t->funcs, t->funcs_put, &b);
	history_names(t->history, &b);
	free(b.v);
	t->funcs_put = n;
}

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static unsigned play(struct top *t)
{
	uint64_t next = t->live.number + 1;

	if (t->frozen)
		return 0;
	if (next < history_end(t->history) &&
	    history_get(t->history, next, &t->live))
		return TOP_NEW_FRAME;
	set_timer(t, 0, 0);
	t->replay_end = true;
	return TOP_ENDED;
}

/* Counting goes on; the end of it has the exit status. */
static void tell_error(struct top *t)
{
	int err = history_error(t->history);

	if (!err || t->told)
		return;
	t->told = true;
	top_say(t, "%s: %s; from here on nothing is kept",
		t->opt->record ? t->opt->record : "the history", strerror(err));
}

unsigned top_refresh(struct top *t)
{
	struct frame *f = &t->live;
	uint64_t now = now_ns();

	if (t->replay)
		return play(t);
	frame_next(f, t->opt->sticky);
	f->number++;
	f->duration_ns = now - t->begun_ns;
	f->time_ns = wall_ns();
	f->set = t->ev.set;
	f->hw_tasks = t->ev.hw_tasks;
	f->hw_cpus = t->ev.hw_cpus;
	f->unsampled = t->unsampled;
	f->selected = t->opt->pids.n || t->opt->users.n || t->opt->cgroups.n;
	t->begun_ns = now;
	top_cpus_read(t, t->tcpus, f);
	top_tasks_read(t, t->tasks, f);
	if (t->sampler)
		sampler_put(t, t->sampler, f);
	add_rest(t);
	frame_finish(f);
	f->ipc[f->number % SPARK] = top_ratio(t, f, &top_ipc);
	f->llc[f->number % SPARK] = top_ratio(t, f, &top_llc);
	if (t->opt->record)
		put_names(t);
	history_put(t->history, f);
	tell_error(t);
	if (t->opt->pids.n && !top_tasks_any(t->tasks))
		return TOP_NEW_FRAME | TOP_ENDED;
	return TOP_NEW_FRAME;
}

static void read_timer(struct top *t)
{
	uint64_t ticks;

	if (read(t->timer, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		die("cannot read a timer: %m");
}

unsigned top_dispatch(struct top *t)
{
	struct epoll_event e[16];
	unsigned what = 0;
	int i, n = epoll_wait(t->epoll, e, ARRAY_SIZE(e), 0);

	for (i = 0; i < n; i++)
		switch (e[i].data.u32) {
		case WAKE_TIMER:
			read_timer(t);
			what |= top_refresh(t);
			break;
		case WAKE_CHILD:
			if (top_record_heard(t))
				end_child(t);
			break;
		default:
			if (t->sampler)
				sampler_read(t, t->sampler);
		}
	return what | (t->message && !t->message_told ? TOP_MESSAGE : 0);
}

/* Kept until it is asked for again. */
const char *top_message(struct top *t)
{
	if (!t->message || t->message_told) {
		free(t->message);
		t->message = NULL;
		t->message_told = false;
		return NULL;
	}
	t->message_told = true;
	return t->message;
}

static void watch_samples(void *arg, int fd)
{
	watch(arg, fd, WAKE_SAMPLES);
}

static void open_sampler(struct top *t)
{
	char *why = NULL;

	t->unsampled = SAMPLED;
	t->sampler = sampler_new(t, t->view_pid, &why);
	if (t->sampler) {
		sampler_fds(t->sampler, watch_samples, t);
		return;
	}
	t->unsampled = why ? SAMPLED_NOT : SAMPLED_RIGHT;
	if (why)
		top_say(t, "%s", why);
	free(why);
}

static void reopen(struct top *t)
{
	top_tasks_reopen(t, t->tasks);
	top_cpus_reopen(t, t->tcpus);
	t->begun_ns = now_ns();
}

void top_look(struct top *t, enum top_view view, pid_t pid)
{
	bool sampling = view == TOP_FUNCTIONS || view == TOP_ANNOTATE;
	bool same = t->view_pid == pid || (t->ev.system && t->sampler);

	t->view = view;
	if (sampling)
		t->view_pid = pid;
	if (t->replay)
		return;
	if (top_events_look(&t->ev, view == TOP_CPUS || view == TOP_EVENTS))
		reopen(t);
	if (t->sampler && (!sampling || !same)) {
		sampler_free(t, t->sampler);
		t->sampler = NULL;
	}
	if (!sampling)
		t->unsampled = SAMPLED_OFF;
	if (sampling && !t->sampler)
		open_sampler(t);
}

void top_set_threads(struct top *t, bool on)
{
	if (t->threads == on || t->replay) {
		t->threads = on;
		return;
	}
	t->threads = on;
	reopen(t);
}

void top_next_set(struct top *t)
{
	if (t->ev.nsets < 2 || t->replay) {
		top_say(t, "there is one set of events");
		return;
	}
	t->ev.set = (t->ev.set + 1) % t->ev.nsets;
	reopen(t);
}

void top_set_interval(struct top *t, uint64_t ns)
{
	t->now.interval_ns = ns;
	set_timer(t, ns, ns);
}

void top_child_watch(struct top *t)
{
	watch(t, t->child.fd, WAKE_CHILD);
}
