/* SPDX-License-Identifier: MIT
 *
 * sample-run.h - what the claims about profiles share: a program with stacks to
 * sample, and runs of it, bare or below a profiler, with their CPU time and peak
 * memory.  The program is the bench itself, called with "work".
 */
#ifndef SAMPLE_RUN_H
#define SAMPLE_RUN_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 32

struct ran {
	double cpu;  /* seconds of it and of what it waited for; < 0: failed */
	long rss_kb; /* of the largest of them */
};

static const char *self; /* the bench */

/* Some hundred different stacks, a dozen deep. */
__attribute__((noinline)) static uint64_t dig(unsigned depth, uint64_t x)
{
	unsigned i;

	if (depth == 0) {
		for (i = 0; i < 20000; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		return x;
	}
	if (x >> (depth * 3) & 1)
		return dig(depth - 1, x) + 1;
	return dig(depth - 1, x) * 3;
}

static inline int work(const char *times)
{
	uint64_t x = 88172645463325252u;
	long n = strtol(times, NULL, 10);

	for (long i = 0; i < n; i++)
		x += dig(4 + (unsigned)(x >> 60) % 9, x);
	return x == 42;
}

/* The command and, if not NULL, the work behind it. */
static inline struct ran run(const char *const *command, const char *times)
{
	const char *argv[ARGS_MAX];
	struct ran r = { -1, 0 };
	struct rusage u;
	unsigned n = 0;
	int status;
	pid_t pid;

	while (command && *command && n < ARGS_MAX - 4)
		argv[n++] = *command++;
	if (times) {
		argv[n++] = self;
		argv[n++] = "work";
		argv[n++] = times;
	}
	argv[n] = NULL;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid || status != 0)
		return r;
	r.cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	r.rss_kb = u.ru_maxrss;
	return r;
}

static inline int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static inline long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

/* A directory for files, left again by done(). */
static inline void enter(char *dir)
{
	if (!mkdtemp(dir) || chdir(dir) < 0) {
		perror(dir);
		exit(1);
	}
}

static inline void leave(const char *dir)
{
	static const char *const files[] = { "p.pfm", "p.pfm.1", "p.data",
					     "p.data.old" };

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	if (chdir("/") == 0)
		rmdir(dir);
}

#endif /* SAMPLE_RUN_H */
