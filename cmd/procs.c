/* SPDX-License-Identifier: MIT
 *
 * procs.c - processes and their mappings: see procs.h.  Only what can be
 * executed is kept.
 */
#include "config.h"

#include "procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "files.h"

#define BUCKETS 65536
/* Threads that ended and are kept: samples of another CPU may come after. */
#define KEPT 256

struct procs {
	struct proc *procs[BUCKETS];     /* by pid */
	struct thread *threads[BUCKETS]; /* by tid */
	struct files *files;
	uint64_t nprocs, nthreads; /* that ever were */
	uint32_t serial;           /* of the last process */
	pid_t kept[KEPT];          /* the last that ended, by their number */
	uint64_t nended;
};

struct procs *procs_new(void)
{
	struct procs *p = xcalloc(1, sizeof(*p));

	p->files = files_new();
	return p;
}

static void proc_free(struct proc *proc)
{
	unwind_space_free(proc->space);
	maps_release(&proc->maps);
	free(proc);
}

static void thread_free(struct thread *t)
{
	free(t->before);
	free(t);
}

void procs_free(struct procs *p)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		while (p->procs[i]) {
			struct proc *proc = p->procs[i];

			p->procs[i] = proc->next;
			proc_free(proc);
		}
		while (p->threads[i]) {
			struct thread *t = p->threads[i];

			p->threads[i] = t->next;
			thread_free(t);
		}
	}
	files_free(p->files);
	free(p);
}

static struct proc *lookup(const struct procs *p, pid_t pid)
{
	struct proc *proc = p->procs[(unsigned)pid % BUCKETS];

	while (proc && proc->pid != pid)
		proc = proc->next;
	return proc;
}

static struct thread *lookup_thread(const struct procs *p, pid_t tid)
{
	struct thread *t = p->threads[(unsigned)tid % BUCKETS];

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

static struct proc *add(struct procs *p, pid_t pid)
{
	struct proc **bucket = &p->procs[(unsigned)pid % BUCKETS];
	struct proc *proc = xcalloc(1, sizeof(*proc));

	proc->pid = pid;
	proc->serial = ++p->serial;
	proc->next = *bucket;
	*bucket = proc;
	p->nprocs++;
	return proc;
}

static void drop_proc(struct procs *p, struct proc *proc)
{
	struct proc **at = &p->procs[(unsigned)proc->pid % BUCKETS];

	while (*at != proc)
		at = &(*at)->next;
	*at = proc->next;
	proc_free(proc);
}

/* The thread is another process's from now on, or nobody's. */
static void set_proc(struct procs *p, struct thread *t, struct proc *proc)
{
	struct proc *old = t->proc;

	t->proc = proc;
	if (proc)
		proc->nthreads++;
	if (old && --old->nthreads == 0 && old->exited)
		drop_proc(p, old);
}

static void drop_thread(struct procs *p, struct thread *t)
{
	struct thread **at = &p->threads[(unsigned)t->tid % BUCKETS];

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	set_proc(p, t, NULL);
	thread_free(t);
}

/* It goes when so many others have ended, unless its number is in use again. */
static void keep_ended(struct procs *p, struct thread *t)
{
	pid_t *slot = &p->kept[p->nended % KEPT];
	struct thread *old = p->nended >= KEPT ? lookup_thread(p, *slot) : NULL;

	t->exited = ++p->nended;
	*slot = t->tid;
	if (old && old->exited == p->nended - KEPT)
		drop_thread(p, old);
}

/* It is a new one of an old number. */
static void revive(struct procs *p, struct thread *t)
{
	if (!t->exited)
		return;
	t->exited = 0;
	p->nthreads++;
	free(t->before);
	t->before = NULL;
	t->nbefore = 0;
}

static void add_map(struct procs *p, struct proc *proc,
		    const struct file_key *key, uint64_t offset)
{
	struct map map = { .start = key->start,
			   .end = key->end,
			   .offset = offset,
			   .file = files_find(p->files, key) };

	proc->gen++;
	maps_add(&proc->maps, &map);
}

/* A line of /proc/PID/maps whose mapping can be executed. */
static void read_map(struct procs *p, struct proc *proc, const char *line)
{
	unsigned long long start, end, offset, ino;
	struct file_key key = { .proc = proc };
	unsigned major, minor;
	char perm[8];
	int at = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end, perm,
		   &offset, &major, &minor, &ino, &at) < 7 ||
	    perm[2] != 'x' || start >= end)
		return;
	key.major = major;
	key.minor = minor;
	key.ino = ino;
	key.path = line + at;
	key.start = start;
	key.end = end;
	add_map(p, proc, &key, offset);
}

static void read_maps(struct procs *p, struct proc *proc)
{
	char path[64], *line = NULL;
	size_t size = 0;
	ssize_t n;
	FILE *f;

	proc->seen = true;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)proc->pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while ((n = getline(&line, &size, f)) > 0) {
		line[n - 1] = '\0';
		read_map(p, proc, line);
	}
	free(line);
	fclose(f);
}

static void read_comm(pid_t tid, char *comm, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)tid);
	if (read_line_of(path, comm, size) < 0)
		comm[0] = '\0';
}

struct proc *procs_find(struct procs *p, pid_t pid)
{
	struct proc *proc = lookup(p, pid);

	if (!proc)
		proc = add(p, pid);
	if (!proc->seen) {
		read_maps(p, proc);
		if (!proc->comm[0])
			read_comm(pid, proc->comm, sizeof(proc->comm));
	}
	return proc;
}

void procs_read(struct procs *p, pid_t pid)
{
	const struct dirent *e;
	DIR *dir;

	if (pid) {
		procs_find(p, pid);
		return;
	}
	dir = opendir("/proc");
	if (!dir)
		die("cannot read /proc: %m");
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			procs_find(p, (pid_t)strtol(e->d_name, NULL, 10));
	closedir(dir);
}

struct thread *procs_thread(struct procs *p, pid_t pid, pid_t tid)
{
	struct thread **bucket = &p->threads[(unsigned)tid % BUCKETS];
	struct thread *t = lookup_thread(p, tid);

	if (t && t->proc->pid == pid)
		return t;
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->tid = tid;
		t->next = *bucket;
		*bucket = t;
		p->nthreads++;
	}
	revive(p, t);
	set_proc(p, t, procs_find(p, pid));
	t->task = PROF_NONE;
	if (tid == pid)
		memcpy(t->comm, t->proc->comm, sizeof(t->comm));
	else
		read_comm(tid, t->comm, sizeof(t->comm));
	if (!t->comm[0])
		memcpy(t->comm, t->proc->comm, sizeof(t->comm));
	return t;
}

static void set_comm(char *comm, const char *name)
{
	snprintf(comm, 16, "%s", name);
}

/* What it has from now on will be told: there is nothing to read. */
static void exec_proc(struct procs *p, const struct pfm_task *t)
{
	struct proc *proc = lookup(p, (pid_t)t->pid);

	if (!proc)
		proc = add(p, (pid_t)t->pid);
	proc->seen = true;
	maps_release(&proc->maps);
	proc->gen++;
}

static void rename_task(struct procs *p, const struct pfm_task *t)
{
	struct thread *thread = procs_thread(p, (pid_t)t->pid, (pid_t)t->tid);

	set_comm(thread->comm, t->name);
	thread->task = PROF_NONE;
	if (t->pid == t->tid)
		set_comm(thread->proc->comm, t->name);
}

/* A child has what its parent has, until it executes something else. */
static void fork_proc(struct procs *p, const struct pfm_task *t)
{
	struct proc *parent = procs_find(p, (pid_t)t->ppid);
	struct proc *child = lookup(p, (pid_t)t->pid);

	if (!child)
		child = add(p, (pid_t)t->pid);
	p->nprocs += child->exited;
	child->seen = true;
	child->exited = false;
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	maps_release(&child->maps);
	maps_copy(&child->maps, &parent->maps);
	child->gen++;
	revive(p, procs_thread(p, (pid_t)t->pid, (pid_t)t->tid));
	rename_task(p, &(struct pfm_task){ .pid = t->pid,
					   .tid = t->tid,
					   .name = child->comm });
}

static void fork_thread(struct procs *p, const struct pfm_task *t)
{
	const struct thread *parent =
		procs_thread(p, (pid_t)t->ppid, (pid_t)t->ptid);
	struct thread *child = procs_thread(p, (pid_t)t->pid, (pid_t)t->tid);

	revive(p, child);
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	child->task = PROF_NONE;
}

static void end_thread(struct procs *p, const struct pfm_task *t)
{
	struct proc *proc = lookup(p, (pid_t)t->pid);

	/* Of what was never heard of there is nothing to keep. */
	if (!proc)
		return;
	if (t->pid == t->tid)
		proc->exited = true;
	else if (!lookup_thread(p, (pid_t)t->tid))
		return;
	keep_ended(p, procs_thread(p, (pid_t)t->pid, (pid_t)t->tid));
}

static void map_file(struct procs *p, const struct pfm_task *t)
{
	struct proc *proc = procs_find(p, (pid_t)t->pid);
	struct file_key key = {
		.proc = proc,
		.major = t->major,
		.minor = t->minor,
		.ino = t->ino,
		.path = t->name,
		.start = t->addr,
		.end = t->addr + t->len,
	};

	if (key.end > key.start)
		add_map(p, proc, &key, t->offset);
}

void procs_task(struct procs *p, const struct pfm_task *t)
{
	switch (t->type) {
	case PFM_TASK_MAP:
		map_file(p, t);
		break;
	case PFM_TASK_EXEC:
		exec_proc(p, t);
		__attribute__((fallthrough));
	case PFM_TASK_COMM:
		rename_task(p, t);
		break;
	case PFM_TASK_FORK:
		if (t->pid != t->ppid)
			fork_proc(p, t);
		else
			fork_thread(p, t);
		break;
	case PFM_TASK_EXIT:
		end_thread(p, t);
		break;
	default:
		break;
	}
}

struct file *procs_kernel(struct procs *p, uint64_t addr)
{
	return files_kernel(p->files, addr);
}

struct file *procs_unknown(struct procs *p)
{
	return files_unknown(p->files);
}

static void renumber(struct file *f, void *arg)
{
	(void)arg;
	f->id = PROF_NONE;
}

void procs_renumber(struct procs *p)
{
	struct thread *t;
	unsigned i;

	files_each(p->files, renumber, NULL);
	for (i = 0; i < BUCKETS; i++)
		for (t = p->threads[i]; t; t = t->next)
			t->task = PROF_NONE;
}

static void forget_threads(struct procs *p, unsigned bucket)
{
	while (p->threads[bucket]) {
		struct thread *t = p->threads[bucket];

		p->threads[bucket] = t->next;
		free(t->before);
		free(t);
		p->nthreads--;
	}
}

/* That one exited may be among what was lost. */
static bool is_there(const struct proc *proc)
{
	return !proc->exited && (kill(proc->pid, 0) == 0 || errno == EPERM);
}

void procs_forget(struct procs *p)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		struct proc **at = &p->procs[i];

		forget_threads(p, i);
		while (*at) {
			struct proc *proc = *at;

			if (is_there(proc)) {
				at = &proc->next;
				continue;
			}
			*at = proc->next;
			proc_free(proc);
			p->nprocs--;
		}
	}
}

uint64_t procs_count(const struct procs *p, uint64_t *threads)
{
	*threads = p->nthreads;
	return p->nprocs;
}
