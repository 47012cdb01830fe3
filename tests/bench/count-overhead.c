/* SPDX-License-Identifier: MIT
 *
 * count-overhead.c - what "pfmon count" costs around a command that does
 * nothing, against "perf stat" with the same events and against the command
 * alone: CPU time of the whole tree of processes, and peak memory.  The three
 * take turns; each number is the median of many runs.  Never fails on a time.
 *
 * usage: count-overhead PFMON [RUNS]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS "task-clock,page-faults,context-switches"

enum { BARE, PFMON, PERF, NKINDS };

static const char *argvs[NKINDS][8] = {
	[BARE] = { "/bin/true", NULL },
	[PFMON] = { NULL, "count", "-e", EVENTS, "--", "/bin/true", NULL },
	[PERF] = { "perf", "stat", "-e", EVENTS, "--", "/bin/true", NULL },
};
static const char *const names[NKINDS] = {
	[BARE] = "/bin/true",
	[PFMON] = "pfmon count",
	[PERF] = "perf stat",
};

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* False when it could not be run. */
static int run(const char **argv, double *cpu_ms, double *rss_kib)
{
	struct rusage ru;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) < 0 || status != 0)
		return 0;
	*cpu_ms = ms(ru.ru_utime) + ms(ru.ru_stime);
	*rss_kib = (double)ru.ru_maxrss;
	return 1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 200;
	double *cpu[NKINDS], *rss[NKINDS], c[NKINDS], r[NKINDS];

	if (argc < 2 || runs < 1) {
		fprintf(stderr, "usage: count-overhead PFMON [RUNS]\n");
		return 1;
	}
	argvs[PFMON][0] = argv[1];
	for (int k = 0; k < NKINDS; k++) {
		cpu[k] = calloc((size_t)runs, sizeof(double));
		rss[k] = calloc((size_t)runs, sizeof(double));
		if (!cpu[k] || !rss[k])
			return 1;
	}
	for (int i = 0; i < runs; i++)
		for (int k = 0; k < NKINDS; k++)
			if (!run(argvs[k], &cpu[k][i], &rss[k][i])) {
				printf("count-overhead: %s cannot be run\n",
				       names[k]);
				return 1;
			}
	for (int k = 0; k < NKINDS; k++) {
		c[k] = median(cpu[k], runs);
		r[k] = median(rss[k], runs);
	}
	printf("count-overhead: %s, median of %d runs\n", EVENTS, runs);
	for (int k = 0; k < NKINDS; k++)
		printf("  %-12s %7.2f ms CPU %8.0f KiB peak\n", names[k], c[k],
		       r[k]);
	printf("  pfmon / perf: CPU %.3f (at most 0.30), memory %.3f "
	       "(below 0.5)\n",
	       c[PFMON] / c[PERF], r[PFMON] / r[PERF]);
	return 0;
}
