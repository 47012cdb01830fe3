/* SPDX-License-Identifier: MIT
 *
 * top-tasks.h - a process as it is followed from interval to interval, shared by
 * top-tasks.c and top-threads.c alone.
 */
#ifndef PFM_TOP_TASKS_H
#define PFM_TOP_TASKS_H

#include "top-priv.h"

#define BUCKETS 4096

struct task {
	struct task *next; /* in its bucket */
	pid_t pid;
	struct line *line;               /* the frame's */
	uint64_t start;                  /* ticks since boot */
	uint64_t cpu_ns, minflt, majflt; /* at the last look */
	uint64_t active;                 /* number of the frame it ran in */
	uint64_t seen;                   /* round of the list it was in */
	struct counting *counts;         /* one for each thread; owned */
	unsigned ncounts;
	uint8_t why; /* enum top_why */
	bool opened, skipped, ended;
	struct thread *threads; /* while they have lines; owned */
};

/* A thread of one that ran, while threads have lines. */
struct thread {
	struct thread *next; /* of its process */
	pid_t tid;
	struct line *line;
	uint64_t cpu_ns, seen;
	struct counting c;
	uint8_t why;
	bool opened;
};

struct top_tasks {
	struct task *buckets[BUCKETS];
	struct task **v; /* owned, each too */
	size_t n, room, from;
	int proc; /* the directory */
	uint64_t round, forks, begun, made_room;
};

/* top-tasks.c */
struct line *line_of(struct top *t, pid_t pid, pid_t tid,
		     const struct proc_stat *st);
void line_take(const struct top *t, struct line *l, const struct proc_stat *st);
void line_know(struct line *l, uint64_t has, uint8_t why);

/* top-open.c */
void task_open(struct top *t, struct top_tasks *ts, struct task *k);
void task_close(struct top *t, struct task *k);

/* top-threads.c */
void threads_open(struct top *t, struct top_tasks *ts, struct task *k);
/* It ran: which of its threads, and what they counted, for its line, too. */
void threads_look(struct top *t, struct top_tasks *ts, struct task *k);
void threads_end(struct top *t, struct top_tasks *ts, struct task *k);
/* All of them, with their lines. */
void threads_forget(struct top *t, struct top_tasks *ts);

#endif /* PFM_TOP_TASKS_H */
