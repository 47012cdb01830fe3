/* SPDX-License-Identifier: MIT
 *
 * top-open.c - the counters of a process: a context for each of its threads,
 * which inherits to threads that these create.  When they take too many files,
 * who is idle gives up its own.
 */
#include "config.h"

#include "top-tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void task_close(struct top *t, struct task *k)
{
	unsigned i;

	for (i = 0; i < k->ncounts; i++)
		counting_close(t, &k->counts[i]);
	free(k->counts);
	k->counts = NULL;
	k->ncounts = 0;
	k->opened = false;
}

struct listing {
	struct top *t;
	struct task *k;
	int err;
	unsigned added;
};

static bool has_thread(const struct task *k, pid_t tid)
{
	unsigned i;

	for (i = 0; i < k->ncounts; i++)
		if (k->counts[i].tid == tid)
			return true;
	return false;
}

static void open_thread(void *arg, pid_t tid)
{
	struct target at = { .tid = tid, .cpu = -1, .inherit = true };
	struct listing *ls = arg;
	struct task *k = ls->k;
	struct counting c;
	int err;

	if (ls->err || has_thread(k, tid))
		return;
	err = counting_open(ls->t, &c, &at);
	if (err == WHY_GONE)
		return;
	ls->err = err;
	if (err)
		return;
	k->counts =
		xreallocarray(k->counts, k->ncounts + 1, sizeof(*k->counts));
	k->counts[k->ncounts++] = c;
	ls->added++;
}

/*
 * A thread that is made meanwhile inherits from one that is opened; else the
 * next look at the list has it.
 */
static void open_threads(const struct top_tasks *ts, struct listing *ls)
{
	char path[32];
	int dir, tries;

	snprintf(path, sizeof(path), "%d/task", (int)ls->k->pid);
	dir = openat(ts->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		ls->err = WHY_GONE;
		return;
	}
	for (tries = 0; tries < 4 && !ls->err; tries++) {
		ls->added = 0;
		proc_numbers(dir, open_thread, ls);
		if (!ls->added)
			break;
	}
	close(dir);
}

/* Those that are idle longest give their files to one that runs. */
static void make_room(struct top *t, struct top_tasks *ts)
{
	size_t i;

	if (ts->made_room == ts->round)
		return;
	ts->made_room = ts->round;
	for (i = 0; i < ts->n; i++)
		if (ts->v[i]->opened && ts->v[i]->active < t->live.number)
			task_close(t, ts->v[i]);
}

void task_open(struct top *t, struct top_tasks *ts, struct task *k)
{
	struct listing ls = { .t = t, .k = k };

	if (t->ev.msr || k->line->flags & LINE_KERNEL) {
		k->why = t->ev.msr ? WHY_BACKEND : WHY_KERNEL;
		return;
	}
	if (t->nopen >= t->most_open)
		make_room(t, ts);
	if (k->line->nthreads > 1)
		open_threads(ts, &ls);
	else
		open_thread(&ls, k->pid);
	k->opened = !ls.err && k->ncounts;
	k->why = (uint8_t)ls.err;
	if (!k->opened)
		task_close(t, k);
}
