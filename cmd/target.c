/* SPDX-License-Identifier: MIT
 *
 * target.c - whom to count: a command of ours that waits until everything is
 * ready, the threads of running processes, single threads, or CPUs.  Following
 * the threads of a command one by one is in follow.c.
 */
#include "config.h"

#include "count.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTACH_TRIES 20

void target_fork(struct target *t, char *const *argv, const struct session *s,
		 bool quiet)
{
	bool raised = s && s->nofile_now != s->nofile.rlim_cur;
	struct child_opt opt = {
		.nofile = raised ? &s->nofile : NULL,
		.quiet = quiet,
	};

	t->done = false;
	t->pid = child_fork(argv, &opt, &t->sock);
}

void target_release(struct target *t)
{
	child_release(t->sock);
}

int target_exec_failed(const struct target *t, const char *name)
{
	return child_exec_failed(t->sock, name);
}

static void add_end(struct target *t, int fd, bool owned)
{
	unsigned n = t->nends++;

	t->ends = xreallocarray(t->ends, t->nends, sizeof(*t->ends));
	t->owned = xreallocarray(t->owned, t->nends, sizeof(*t->owned));
	t->ends[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	t->owned[n] = owned;
}

struct tids {
	pid_t *v; /* owned */
	unsigned n;
};

static bool tids_has(const struct tids *list, pid_t tid)
{
	unsigned i;

	for (i = 0; i < list->n; i++)
		if (list->v[i] == tid)
			return true;
	return false;
}

static void list_threads(pid_t pid, struct tids *list)
{
	const struct dirent *e;
	char path[64];
	DIR *dir;

	list->n = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
		list->v[list->n++] = (pid_t)strtol(e->d_name, NULL, 10);
	}
	closedir(dir);
}

static void add_threads(struct session *s, pid_t pid, const struct tids *list)
{
	struct slot slot = { .tgid = pid, .cpu = -1 };
	unsigned i;

	for (i = 0; i < list->n; i++) {
		slot.tid = list->v[i];
		if (s->opt->per != PER_TOTAL)
			thread_comm(slot.tid, slot.comm, sizeof(slot.comm));
		session_add(s, &slot);
	}
}

/*
 * A thread that appeared while we attached is counted with its creator, if
 * that one was attached already, or not at all: start over until none does.
 * Nothing counts before all are attached, so nothing is lost by that.
 */
static void attach_process(struct session *s, pid_t pid)
{
	struct tids before = { 0 }, after = { 0 };
	unsigned first = s->nslots, tries, i = 0;

	for (tries = 0; tries < ATTACH_TRIES; tries++) {
		session_truncate(s, first);
		list_threads(pid, &before);
		add_threads(s, pid, &before);
		list_threads(pid, &after);
		for (i = 0; i < after.n; i++)
			if (!tids_has(&before, after.v[i]))
				break;
		if (i == after.n)
			break;
	}
	if (i < after.n)
		warn("process %d creates threads faster than they can be "
		     "attached: some may be missing",
		     (int)pid);
	if (s->nslots == first)
		die("process %d does not exist", (int)pid);
	free(before.v);
	free(after.v);
}

static void attach_pid(struct target *t, struct session *s, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), err = errno;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (fd < 0 && access(path, F_OK) != 0)
		die("process %d does not exist", (int)pid);
	errno = err;
	if (fd < 0 && (err == EINVAL || err == ENOENT))
		die("%d is a thread, not a process; see --tid", (int)pid);
	if (fd < 0)
		die("cannot watch process %d: %m", (int)pid);
	add_end(t, fd, true);
	attach_process(s, pid);
}

/* The context says when its thread has exited. */
static void attach_tid(struct target *t, struct session *s, pid_t tid)
{
	struct slot slot = { .tid = tid, .cpu = -1 };
	const struct slot *added;

	slot.tgid = thread_process(tid);
	thread_comm(tid, slot.comm, sizeof(slot.comm));
	if (!slot.tgid || session_add(s, &slot) < 0)
		die("thread %d does not exist", (int)tid);
	added = &s->slots[s->nslots - 1];
	if (added->fd >= 0)
		add_end(t, added->fd, false);
}

/* The next number of a list at *p, which moves behind it; refuses the list. */
static pid_t next_id(const char *list, const char **p)
{
	char *end;
	long id;

	errno = 0;
	id = strtol(*p, &end, 10);
	if (!isdigit((unsigned char)**p) || (*end && *end != ',') ||
	    (*end && !end[1]) || errno || id < 1 || id > INT32_MAX)
		usage_error(&cmd_count_entry,
			    "'%s' is not a list of process or thread numbers",
			    list);
	*p = *end ? end + 1 : end;
	return (pid_t)id;
}

/* The whole list is understood before any of it is attached to. */
static void attach_list(struct target *t, struct session *s, const char *list,
			void (*attach)(struct target *, struct session *,
				       pid_t))
{
	const char *p = list;

	do
		next_id(list, &p);
	while (*p);
	p = list;
	do
		attach(t, s, next_id(list, &p));
	while (*p);
}

void target_attach(struct target *t, struct session *s)
{
	size_t i;

	for (i = 0; i < s->opt->pids.n; i++)
		attach_list(t, s, s->opt->pids.v[i], attach_pid);
	for (i = 0; i < s->opt->tids.n; i++)
		attach_list(t, s, s->opt->tids.v[i], attach_tid);
}

void target_cpu_list(const struct session *s, struct cpus *cpus)
{
	char *bad = NULL;

	if (s->opt->cpus)
		bad = cpus_parse(s->opt->cpus, cpus);
	else
		cpus_online(cpus);
	if (bad)
		die("-C: %s", bad);
}

/* The registers of CPUs, whose contexts say when they are gone. */
static void add_cpus(struct target *t, struct session *s,
		     const struct cpus *cpus)
{
	unsigned i;

	session_add_cpus(s, cpus);
	for (i = 0; i < s->nslots; i++)
		if (s->slots[i].fd >= 0)
			add_end(t, s->slots[i].fd, false);
}

void target_pinned(struct target *t, struct session *s)
{
	struct cpus cpus = { 0 };

	cpus_set(&cpus, (unsigned)s->pin.cpu);
	add_cpus(t, s, &cpus);
}

void target_cpus(struct target *t, struct session *s)
{
	struct slot slot = { .cpu = -1 };
	struct cpus cpus = { 0 };
	int cpu;

	target_cpu_list(s, &cpus);
	if (s->msr) {
		add_cpus(t, s, &cpus);
		return;
	}
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(&cpus, (unsigned)cpu))
			continue;
		slot.cpu = cpu;
		if (session_add(s, &slot) < 0)
			die("CPU %d: %s", cpu, pfm_reason());
	}
}

void target_end(struct target *t)
{
	unsigned i;

	if (t->pid)
		close(t->sock);
	for (i = 0; i < t->nends; i++)
		if (t->owned[i] && t->ends[i].fd >= 0)
			close(t->ends[i].fd);
	free(t->ends);
	free(t->owned);
	*t = (struct target){ 0 };
}
