/* SPDX-License-Identifier: MIT
 *
 * top-tasks.c - the processes there are and what each did in an interval.  Who
 * did not run cannot have done anything: so only the clocks of all are read, and
 * of those that ran /proc and the counters.  Counters are opened for who runs,
 * and closed after some idle intervals.  Threads are top-threads.c's.
 */
#include "config.h"

#include "top-tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE_FRAMES 10        /* then its counters are closed */
#define OPEN_FIRST 200        /* at the begin: of those that ran most */
#define BUDGET_NS 80000000ULL /* CPU time of a refresh; then some are skipped */
#define BUDGET_STEP 64
#define KERNEL_VALUES \
	(1ULL << VAL_CPU | 1ULL << VAL_MINFLT | 1ULL << VAL_MAJFLT)

static struct task *find(const struct top_tasks *ts, pid_t pid)
{
	struct task *k = ts->buckets[(unsigned)pid % BUCKETS];

	while (k && k->pid != pid)
		k = k->next;
	return k;
}

static uint64_t boot_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * (uint64_t)sysconf(_SC_CLK_TCK) +
	       (uint64_t)now.tv_nsec /
		       (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

void line_take(const struct top *t, struct line *l, const struct proc_stat *st)
{
	uint64_t rss = st->rss * t->page;

	if (l->state != st->state || l->nthreads != st->nthreads ||
	    l->cpu != st->cpu || l->rss != rss || l->ppid != st->ppid)
		l->dirty |= DIRTY_GAUGES;
	l->state = st->state;
	l->nthreads = st->nthreads;
	l->cpu = st->cpu;
	l->rss = rss;
	l->ppid = st->ppid;
	if (strcmp(l->name, st->name) != 0 || l->uid != st->uid) {
		free(l->name);
		l->name = xstrdup(st->name);
		l->uid = st->uid;
		l->dirty |= DIRTY_NAME;
	}
}

void line_know(struct line *l, uint64_t has, uint8_t why)
{
	if (l->has != has || l->why != why)
		l->dirty |= DIRTY_HAS;
	l->has = has;
	l->why = why;
}

struct line *line_of(struct top *t, pid_t pid, pid_t tid,
		     const struct proc_stat *st)
{
	struct line *l = line_new(t->live.nvals);

	l->key = ++t->next_key;
	l->pid = pid;
	l->tid = tid;
	l->dirty = LINE_NEW;
	if (st->kernel)
		l->flags |= LINE_KERNEL;
	line_take(t, l, st);
	return l;
}

/* exec gave it another program: its command line is another, too. */
static void read_cmdline(const struct top_tasks *ts, struct line *l)
{
	free(l->cmdline);
	l->cmdline = l->flags & LINE_KERNEL ? xstrdup("") :
					      proc_cmdline(ts->proc, l->pid);
}

static bool read_stat(const struct top_tasks *ts, pid_t pid,
		      struct proc_stat *st)
{
	char dir[16];

	snprintf(dir, sizeof(dir), "%d", (int)pid);
	return proc_stat_read(ts->proc, dir, st);
}

/* What it had when it was seen first is not of this interval. */
static void begin_values(struct task *k, const struct proc_stat *st,
			 uint64_t cpu_ns)
{
	k->start = st->start;
	k->cpu_ns = cpu_ns;
	k->minflt = st->minflt;
	k->majflt = st->majflt;
}

static void add_task(struct top *t, struct top_tasks *ts, pid_t pid)
{
	struct proc_stat st;
	struct task *k;
	uint64_t ns;

	if (!proc_clock(pid, &ns) || !read_stat(ts, pid, &st) ||
	    !top_selected(t->select, pid, &st))
		return;
	k = xcalloc(1, sizeof(*k));
	k->pid = pid;
	k->seen = ts->round;
	begin_values(k, &st, ns);
	/* All that one did that began within the interval is of it. */
	if (st.start >= ts->begun && ts->begun)
		k->cpu_ns = k->minflt = k->majflt = 0;
	k->line = line_of(t, pid, pid, &st);
	read_cmdline(ts, k->line);
	line_know(k->line, KERNEL_VALUES, WHY_IDLE);
	frame_add(&t->live, k->line);
	k->next = ts->buckets[(unsigned)pid % BUCKETS];
	ts->buckets[(unsigned)pid % BUCKETS] = k;
	if (ts->n == ts->room) {
		ts->room = ts->room ? ts->room * 2 : 256;
		ts->v = xreallocarray(ts->v, ts->room, sizeof(*ts->v));
	}
	ts->v[ts->n++] = k;
}

static uint64_t read_counters(struct top *t, struct task *k)
{
	uint64_t has = UINT64_MAX;
	uint8_t why = WHY_NONE;
	unsigned i;

	for (i = 0; i < k->ncounts; i++)
		has &= counting_read(t, &k->counts[i], false, k->line->v, &why);
	k->why = why;
	return k->ncounts ? has : 0;
}

/* The counters of one that ran; opened now, they count from now on. */
static void count(struct top *t, struct top_tasks *ts, struct task *k)
{
	uint64_t has = KERNEL_VALUES;

	k->active = t->live.number;
	if (t->threads) {
		threads_look(t, ts, k);
		return;
	}
	if (k->opened) {
		has |= read_counters(t, k);
		line_know(k->line, has, k->why);
		return;
	}
	if (k->why != WHY_DENIED)
		task_open(t, ts, k);
	line_know(k->line, has, k->opened ? WHY_NEW : k->why);
}

/* Its last values; the clock of one that is gone cannot be read. */
static void end_task(struct top *t, struct top_tasks *ts, struct task *k)
{
	int clock = top_ctr_find(&t->ev, "task-clock");
	struct line *l = k->line;
	uint64_t has = 0;

	if (t->threads)
		threads_end(t, ts, k);
	else if (k->opened)
		has = read_counters(t, k);
	if (clock >= 0 && has >> (VAL_CTR0 + clock) & 1) {
		l->v[VAL_CPU] = l->v[VAL_CTR0 + clock];
		has |= 1ULL << VAL_CPU;
	}
	l->flags |= LINE_ENDED;
	l->state = 'X';
	l->dirty |= DIRTY_GAUGES | DIRTY_HAS;
	line_know(l, has, k->opened ? k->why : WHY_GONE);
	task_close(t, k);
	k->ended = true;
}

static uint64_t counted_now(const struct top *t)
{
	uint64_t has = 0;
	unsigned i;

	for (i = 0; i < t->ev.nctrs; i++)
		if (top_ctr_now(&t->ev, i, false))
			has |= 1ULL << (VAL_CTR0 + i);
	return has;
}

static void look(struct top *t, struct top_tasks *ts, struct task *k)
{
	bool left = t->opt->cgroups.n && k->seen != ts->round;
	struct line *l = k->line;
	struct proc_stat st;
	uint64_t ns;

	if (left || !proc_clock(k->pid, &ns)) {
		end_task(t, ts, k);
		return;
	}
	if (k->skipped) {
		/* Of more than an interval: it is left out, as what it is. */
		k->skipped = false;
		k->cpu_ns = ns;
		task_close(t, k);
		line_know(l, 0, WHY_SKIPPED);
		return;
	}
	if (ns == k->cpu_ns && k->start) {
		if (k->opened && t->live.number > k->active + IDLE_FRAMES)
			task_close(t, k);
		/* Who did not run has counted 0, from its opening on. */
		else if (k->opened && !t->threads &&
			 (l->why == WHY_NEW || l->why == WHY_IDLE))
			line_know(l, KERNEL_VALUES | counted_now(t), WHY_NONE);
		if (!k->opened && l->has != KERNEL_VALUES)
			line_know(l, KERNEL_VALUES, WHY_IDLE);
		return;
	}
	if (!read_stat(ts, k->pid, &st) || st.start != k->start) {
		end_task(t, ts, k);
		return;
	}
	l->v[VAL_CPU] = ns > k->cpu_ns ? ns - k->cpu_ns : 0;
	l->v[VAL_MINFLT] = st.minflt > k->minflt ? st.minflt - k->minflt : 0;
	l->v[VAL_MAJFLT] = st.majflt > k->majflt ? st.majflt - k->majflt : 0;
	begin_values(k, &st, ns);
	line_take(t, l, &st);
	if (l->dirty & DIRTY_NAME)
		read_cmdline(ts, l);
	count(t, ts, k);
}

static void see(void *arg, pid_t pid)
{
	struct top *t = arg;
	struct task *k = find(t->tasks, pid);

	if (k)
		k->seen = t->tasks->round;
	else
		add_task(t, t->tasks, pid);
}

static void forget(struct top_tasks *ts, struct task *k)
{
	struct task **at = &ts->buckets[(unsigned)k->pid % BUCKETS];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	free(k);
}

static void forget_ended(struct top_tasks *ts)
{
	size_t i, n = 0;

	for (i = 0; i < ts->n; i++)
		if (ts->v[i]->ended)
			forget(ts, ts->v[i]);
		else
			ts->v[n++] = ts->v[i];
	ts->n = n;
}

static uint64_t spent_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* New processes are there only if somebody forked. */
static void list(struct top *t, struct top_tasks *ts)
{
	uint64_t forks = t->tcpus ? top_cpus_forks(t->tcpus) : 0;

	top_select_refresh(t->select);
	if (top_select_pids(t->select, see, t))
		return;
	if (ts->forks && forks == ts->forks)
		return;
	ts->forks = forks;
	proc_numbers(ts->proc, see, t);
}

/* From where the last refresh stopped, so that everybody has his turn. */
static void look_at_all(struct top *t, struct top_tasks *ts, struct frame *f)
{
	uint64_t end = spent_ns() + BUDGET_NS;
	size_t i, n = ts->n, from = n ? ts->from % n : 0;

	for (i = 0; i < n; i++) {
		if (i % BUDGET_STEP == BUDGET_STEP - 1 && spent_ns() > end)
			break;
		look(t, ts, ts->v[(from + i) % n]);
	}
	ts->from = i < n ? (from + i) % n : 0;
	for (; i < n; i++) {
		struct task *k = ts->v[(from + i) % n];

		k->skipped = true;
		line_know(k->line, 0, WHY_SKIPPED);
		f->skipped++;
	}
}

static void sum_up(const struct top_tasks *ts, struct frame *f)
{
	size_t i;

	f->processes = f->running = f->threads = f->counted = 0;
	for (i = 0; i < ts->n; i++) {
		const struct task *k = ts->v[i];

		f->processes++;
		f->threads += k->line->nthreads;
		f->running += k->line->state == 'R';
		f->counted += k->opened;
	}
}

void top_tasks_read(struct top *t, struct top_tasks *ts, struct frame *f)
{
	uint64_t now = boot_ticks();

	ts->round++;
	list(t, ts);
	look_at_all(t, ts, f);
	forget_ended(ts);
	sum_up(ts, f);
	/* Time is in ticks: one that began in the same is not of the past. */
	ts->begun = now;
}

static int compare_cpu(const void *a, const void *b)
{
	const struct task *x = *(struct task *const *)a;
	const struct task *y = *(struct task *const *)b;

	return x->cpu_ns < y->cpu_ns ? 1 : x->cpu_ns > y->cpu_ns ? -1 : 0;
}

/* Who ran most will most likely run again. */
static void open_first(struct top *t, struct top_tasks *ts)
{
	bool all = t->opt->pids.n || t->opt->cgroups.n;
	size_t i, n = all || ts->n < OPEN_FIRST ? ts->n : OPEN_FIRST;
	struct task **v = xcalloc(ts->n + 1, sizeof(*v));

	if (ts->n) {
		memcpy(v, ts->v, ts->n * sizeof(*v));
		qsort(v, ts->n, sizeof(*v), compare_cpu);
	}
	for (i = 0; i < n; i++) {
		if (t->threads)
			threads_open(t, ts, v[i]);
		else
			task_open(t, ts, v[i]);
		v[i]->active = t->live.number;
		if (v[i]->why == WHY_FILES)
			break;
	}
	free(v);
}

struct top_tasks *top_tasks_new(struct top *t)
{
	struct top_tasks *ts = xcalloc(1, sizeof(*ts));

	ts->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ts->proc < 0)
		die("cannot read /proc: %m");
	t->tasks = ts;
	list(t, ts);
	open_first(t, ts);
	ts->begun = boot_ticks();
	return ts;
}

void top_tasks_reopen(struct top *t, struct top_tasks *ts)
{
	size_t i;

	threads_forget(t, ts);
	for (i = 0; i < ts->n; i++) {
		task_close(t, ts->v[i]);
		ts->v[i]->why = WHY_IDLE;
	}
	open_first(t, ts);
}

void top_tasks_free(struct top *t, struct top_tasks *ts)
{
	size_t i;

	if (!ts)
		return;
	threads_forget(t, ts);
	for (i = 0; i < ts->n; i++) {
		task_close(t, ts->v[i]);
		free(ts->v[i]);
	}
	free(ts->v);
	close(ts->proc);
	free(ts);
}

bool top_tasks_has(const struct top *t, pid_t pid)
{
	const struct top_opt *o = t->opt;

	if (!o->pids.n && !o->users.n && !o->cgroups.n)
		return true;
	return find(t->tasks, pid) != NULL;
}

bool top_tasks_known(const struct top *t, uint32_t pid)
{
	return find(t->tasks, (pid_t)pid) != NULL;
}

bool top_tasks_any(const struct top_tasks *ts)
{
	return ts->n > 0;
}
