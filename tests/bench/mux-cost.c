/* SPDX-License-Identifier: MIT
 *
 * mux-cost.c - how much slower a program is while "pfmon count" lets 1, 2, 4 or
 * 8 event sets take turns, and while "perf stat" counts as many events.  The
 * program is this one: a fixed amount of work, which tells the time it took.
 * Bare, pfmon and perf take turns; each number is the median of many runs.
 * Where there is a PMU the events are the processor's, else the kernel's, which
 * perf counts all at once: then it has no turns to make.  Never fails on a time.
 *
 * usage: mux-cost PFMON [RUNS]
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 200
#define SETS_MAX 8

static const char *const hard[] = { "cycles", "instructions", "branches",
				    "branch-misses" };
static const char *const soft[] = { "task-clock", "page-faults",
				    "context-switches", "cpu-migrations" };
static const char *const *events = hard;
static const char *pfmon;
static int times[2]; /* pipe on which the work tells its time */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A good half second; memory is touched, too. */
static int work(int fd)
{
	static uint64_t cells[1 << 16];
	uint64_t x = 88172645463325252u;
	double start = now(), took;

	for (unsigned i = 0; i < 480000000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		cells[x & 0xffff] += x;
	}
	took = now() - start;
	return write(fd, &took, sizeof(took)) == sizeof(took) ? 0 : 1;
}

/* Seconds of the work; < 0: it could not be run. */
static double run(const char *const *before)
{
	const char *argv[64];
	char fd[16];
	double took = -1;
	int n = 0, status;
	pid_t pid;

	snprintf(fd, sizeof(fd), "%d", times[1]);
	while (before[n]) {
		argv[n] = before[n];
		n++;
	}
	argv[n++] = "/proc/self/exe";
	if (n == 1)
		argv[0] = "/proc/self/exe";
	else
		argv[n - 1] = getenv("MUX_COST_SELF");
	argv[n++] = "work";
	argv[n++] = fd;
	argv[n] = NULL;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return -1;
	return read(times[0], &took, sizeof(took)) == sizeof(took) ? took : -1;
}

static double run_pfmon(unsigned sets, const char *timeout)
{
	const char *argv[48] = { pfmon, "count", "--no-merge", timeout };
	char lists[SETS_MAX][64];
	int n = 4;

	for (unsigned i = 0; i < sets; i++) {
		snprintf(lists[i], sizeof(lists[i]), "%s,%s", events[2 * i % 4],
			 events[(2 * i + 1) % 4]);
		argv[n++] = "-e";
		argv[n++] = lists[i];
	}
	argv[n++] = "--";
	argv[n] = NULL;
	return run(argv);
}

static double run_perf(unsigned sets)
{
	const char *argv[48] = { "perf", "stat" };
	char lists[SETS_MAX][64];
	int n = 2;

	for (unsigned i = 0; i < sets; i++) {
		snprintf(lists[i], sizeof(lists[i]), "{%s,%s}",
			 events[2 * i % 4], events[(2 * i + 1) % 4]);
		argv[n++] = "-e";
		argv[n++] = lists[i];
	}
	argv[n++] = "--";
	argv[n] = NULL;
	return run(argv);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static void measure(unsigned sets, const char *timeout, unsigned runs)
{
	static double bare[RUNS_MAX], ours[RUNS_MAX], theirs[RUNS_MAX];
	const char *const none[] = { NULL };
	double b, o, t;

	for (unsigned i = 0; i < runs; i++) {
		bare[i] = run(none);
		ours[i] = run_pfmon(sets, timeout);
		theirs[i] = run_perf(sets);
		if (bare[i] < 0 || ours[i] < 0 || theirs[i] < 0) {
			printf("%u sets: %s cannot be run\n", sets,
			       ours[i] < 0 ? pfmon : "perf");
			return;
		}
	}
	b = median(bare, runs);
	o = median(ours, runs);
	t = median(theirs, runs);
	printf("%u sets, %s: bare %.1f ms, pfmon %+.2f %%, perf %+.2f %%, "
	       "ratio %.4f\n",
	       sets, timeout + strlen("--switch-timeout="), b * 1e3,
	       100 * (o / b - 1), 100 * (t / b - 1), o / t);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const unsigned sets[] = { 1, 2, 4, 8 };
	unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 15;
	char self[4096];
	ssize_t len;

	if (argc == 3 && !strcmp(argv[1], "work"))
		return work(atoi(argv[2]));
	if (argc < 2 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: mux-cost PFMON [RUNS]\n");
		return 2;
	}
	pfmon = argv[1];
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0 || pipe(times) < 0)
		return 1;
	self[len] = '\0';
	setenv("MUX_COST_SELF", self, 1);
	if (system("perf stat -e cycles true >/dev/null 2>&1") != 0 ||
	    system("perf stat -x, -e cycles true 2>&1 | grep -q '<not'") == 0)
		events = soft;
	printf("events: %s\n",
	       events == hard ? "the processor's" : "the kernel's");
	for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		measure(sets[i], "--switch-timeout=100ms", runs);
		measure(sets[i], "--switch-timeout=10ms", runs);
	}
	return 0;
}
