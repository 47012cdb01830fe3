/* SPDX-License-Identifier: MIT
 *
 * top-proc.c - what the kernel tells of a task.  Its CPU time is asked for by
 * clock_gettime(2), a call that opens no file: so ten thousand idle processes
 * cost some milliseconds, and /proc is read only of those that ran.
 */
#include "config.h"

#include "top-priv.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD, Linux include/linux/sched.h */
#define CMDLINE_MOST 240

/* Fields of /proc/PID/stat behind the name: proc(5). */
enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_FLAGS = 9,
	STAT_MINFLT = 10,
	STAT_MAJFLT = 12,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_CPU = 39,
	STAT_FIELDS
};

static ssize_t read_file(int dir, const char *path, char *buf, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

/* In parentheses, and may have some itself. */
static char *parse_name(char *text, struct proc_stat *st)
{
	char *open = strchr(text, '('), *shut = strrchr(text, ')');

	if (!open || !shut || shut < open || shut[1] != ' ')
		return NULL;
	snprintf(st->name, sizeof(st->name), "%.*s", (int)(shut - open - 1),
		 open + 1);
	return shut + 2;
}

static bool parse_stat(char *text, struct proc_stat *st)
{
	uint64_t v[STAT_FIELDS] = { 0 };
	char *p = parse_name(text, st);
	unsigned i;

	if (!p || !*p)
		return false;
	st->state = *p++;
	for (i = STAT_PPID; i < STAT_FIELDS; i++)
		v[i] = strtoull(p, &p, 10);
	st->ppid = (pid_t)v[STAT_PPID];
	st->kernel = v[STAT_FLAGS] & KERNEL_THREAD;
	st->minflt = v[STAT_MINFLT];
	st->majflt = v[STAT_MAJFLT];
	st->nthreads = (uint32_t)v[STAT_THREADS];
	st->start = v[STAT_START];
	st->cpu = (int32_t)v[STAT_CPU];
	return true;
}

/* That of "stat" is of counters that the kernel has not yet summed up. */
static void read_rss(int proc, const char *dir, struct proc_stat *st)
{
	char path[64], buf[256], *p;

	snprintf(path, sizeof(path), "%s/statm", dir);
	if (read_file(proc, path, buf, sizeof(buf)) <= 0)
		return;
	strtoull(buf, &p, 10);
	st->rss = strtoull(p, NULL, 10);
}

bool proc_stat_read(int proc, const char *dir, struct proc_stat *st)
{
	char path[64], buf[1024];
	struct stat owner;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/stat", dir);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	*st = (struct proc_stat){ .uid = (uid_t)-1 };
	/* Its files are root's where it may not be looked into. */
	if (fstatat(proc, dir, &owner, 0) == 0)
		st->uid = owner.st_uid;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	if (!parse_stat(buf, st))
		return false;
	if (!st->kernel)
		read_rss(proc, dir, st);
	return true;
}

char *proc_cmdline(int proc, pid_t pid)
{
	char path[64], buf[CMDLINE_MOST + 1];
	ssize_t n, i;

	snprintf(path, sizeof(path), "%d/cmdline", (int)pid);
	n = read_file(proc, path, buf, sizeof(buf));
	while (n > 0 && !buf[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	return xasprintf("%.*s", n > 0 ? (int)n : 0, buf);
}

/*
 * The clock of any process: its number is made of the pid, as that of
 * clock_getcpuclockid(3), whose check would be one more call.
 */
bool proc_clock(pid_t pid, uint64_t *ns)
{
	clockid_t clock = (clockid_t)(~(unsigned)pid << 3 | 2);
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return false;
	*ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	return true;
}

/* The clock of another's thread nobody may read; its scheduler does tell. */
bool proc_thread_clock(int proc, pid_t pid, pid_t tid, uint64_t *ns)
{
	char path[64], buf[96];

	snprintf(path, sizeof(path), "%d/task/%d/schedstat", (int)pid,
		 (int)tid);
	if (read_file(proc, path, buf, sizeof(buf)) <= 0)
		return false;
	*ns = strtoull(buf, NULL, 10);
	return true;
}

/* As getdents64(2) has it. */
struct entry {
	uint64_t ino, off;
	uint16_t size;
	unsigned char type;
	char name[];
};

void proc_numbers(int dir, void (*call)(void *arg, pid_t id), void *arg)
{
	_Alignas(8) char buf[32768];
	long n, at;

	lseek(dir, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0)
		for (at = 0; at < n;) {
			const struct entry *e =
				(const struct entry *)(const void *)(buf + at);

			at += e->size;
			if (isdigit((unsigned char)e->name[0]))
				call(arg, (pid_t)strtol(e->name, NULL, 10));
		}
}
