/* SPDX-License-Identifier: MIT
 *
 * top-threads.c - lines of single threads, while they are asked for.  Each has a
 * context of its own that inherits nothing, so that no event is counted twice;
 * the process's line is their sum.
 */
#include "config.h"

#include "top-tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KERNEL_VALUES (1ULL << VAL_CPU)

struct walk {
	struct top *t;
	struct top_tasks *ts;
	struct task *k;
	bool first; /* before the first interval */
};

static struct thread *find(const struct task *k, pid_t tid)
{
	struct thread *th = k->threads;

	while (th && th->tid != tid)
		th = th->next;
	return th;
}

static bool thread_stat(const struct top_tasks *ts, const struct task *k,
			pid_t tid, struct proc_stat *st)
{
	char dir[48];

	snprintf(dir, sizeof(dir), "%d/task/%d", (int)k->pid, (int)tid);
	return proc_stat_read(ts->proc, dir, st);
}

static struct thread *add(const struct walk *w, pid_t tid)
{
	struct target at = { .tid = tid, .cpu = -1 };
	struct thread *th;
	struct proc_stat st;
	uint64_t ns;

	if (!thread_stat(w->ts, w->k, tid, &st) ||
	    !proc_thread_clock(w->ts->proc, w->k->pid, tid, &ns))
		return NULL;
	th = xcalloc(1, sizeof(*th));
	th->tid = tid;
	/* What a new one has done is of this interval. */
	th->cpu_ns = w->first || st.start < w->ts->begun ? ns : 0;
	th->line = line_of(w->t, w->k->pid, tid, &st);
	th->line->flags |= LINE_THREAD;
	th->line->nthreads = 1;
	frame_add(&w->t->live, th->line);
	th->why = (uint8_t)counting_open(w->t, &th->c, &at);
	th->opened = th->c.fd >= 0;
	line_know(th->line, KERNEL_VALUES, th->opened ? WHY_NEW : th->why);
	th->next = w->k->threads;
	w->k->threads = th;
	return th;
}

/* What it did; its values are its process's, too. */
static void look(const struct walk *w, struct thread *th, bool old)
{
	struct line *l = th->line, *all = w->k->line;
	uint64_t ns, has = KERNEL_VALUES;
	struct proc_stat st;
	unsigned i;

	if (!proc_thread_clock(w->ts->proc, w->k->pid, th->tid, &ns))
		return;
	if (ns == th->cpu_ns)
		return;
	l->v[VAL_CPU] = ns > th->cpu_ns ? ns - th->cpu_ns : 0;
	th->cpu_ns = ns;
	if (thread_stat(w->ts, w->k, th->tid, &st))
		line_take(w->t, l, &st);
	l->nthreads = 1;
	if (th->opened && old) {
		th->why = WHY_NONE;
		has |= counting_read(w->t, &th->c, false, l->v, &th->why);
		line_know(l, has, th->why);
	}
	for (i = VAL_CTR0; i < w->t->live.nvals; i++)
		all->v[i] += l->v[i];
}

static void visit(void *arg, pid_t tid)
{
	const struct walk *w = arg;
	struct thread *th = find(w->k, tid);
	bool old = th != NULL;

	if (!th)
		th = add(w, tid);
	if (!th)
		return;
	th->seen = w->ts->round;
	if (!w->first)
		look(w, th, old);
}

static void visit_all(struct walk *w)
{
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "%d/task", (int)w->k->pid);
	dir = openat(w->ts->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	proc_numbers(dir, visit, w);
	close(dir);
}

static void end(struct top *t, struct task *k, struct thread *th)
{
	struct line *l = th->line;
	uint64_t has = 0;
	unsigned i;

	if (th->opened)
		has = counting_read(t, &th->c, false, l->v, &th->why);
	for (i = VAL_CTR0; i < t->live.nvals; i++)
		k->line->v[i] += l->v[i];
	l->flags |= LINE_ENDED;
	l->state = 'X';
	l->dirty |= DIRTY_GAUGES | DIRTY_HAS;
	line_know(l, has, th->opened ? th->why : WHY_GONE);
	counting_close(t, &th->c);
	free(th);
}

/* Those that were not on the list; of round 0: all. */
static void end_unseen(struct top *t, struct task *k, uint64_t round)
{
	struct thread **at = &k->threads;

	while (*at) {
		struct thread *th = *at;

		if (th->seen == round) {
			at = &th->next;
			continue;
		}
		*at = th->next;
		end(t, k, th);
	}
}

/* What all of them have, the process has. */
static void know_process(struct task *k)
{
	uint64_t has = UINT64_MAX;
	const struct thread *th;
	uint8_t why = WHY_NONE;

	for (th = k->threads; th; th = th->next) {
		has &= th->line->has;
		if (th->line->why)
			why = th->line->why;
	}
	has |= 1ULL << VAL_CPU | 1ULL << VAL_MINFLT | 1ULL << VAL_MAJFLT;
	line_know(k->line, has, why);
}

void threads_open(struct top *t, struct top_tasks *ts, struct task *k)
{
	struct walk w = { .t = t, .ts = ts, .k = k, .first = true };

	visit_all(&w);
	k->opened = k->threads && k->threads->opened;
}

void threads_look(struct top *t, struct top_tasks *ts, struct task *k)
{
	struct walk w = { .t = t, .ts = ts, .k = k };

	visit_all(&w);
	end_unseen(t, k, ts->round);
	know_process(k);
	k->opened = k->threads && k->threads->opened;
}

void threads_end(struct top *t, struct top_tasks *ts, struct task *k)
{
	(void)ts;
	end_unseen(t, k, UINT64_MAX);
}

void threads_forget(struct top *t, struct top_tasks *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		while (ts->v[i]->threads) {
			struct thread *th = ts->v[i]->threads;

			ts->v[i]->threads = th->next;
			th->line->flags |= LINE_ENDED;
			th->line->dirty |= DIRTY_HAS;
			counting_close(t, &th->c);
			free(th);
		}
}
