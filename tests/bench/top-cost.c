/* SPDX-License-Identifier: MIT
 *
 * top-cost.c - CPU time of "pfmon top -b -I 1" against "perf top --stdio -d 1"
 * (functions at 999 Hz) and "htop -d 10" (processes, on a pty), each in turn on
 * an idle and on a loaded machine; its memory after an hour's worth of history;
 * what a refresh costs with 10,000 processes.  Never fails on a time.
 *
 * usage: top-cost PFMON [SECONDS]
 */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600 /* intervals */
#define MANY 10000
#define REFRESHES 5
#define LOADS_MAX 256

static double clock_of(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return -1;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static clockid_t clock_id(pid_t pid)
{
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) != 0)
		return -1;
	return id;
}

static void sleep_for(double s)
{
	double end = clock_of(CLOCK_MONOTONIC) + s;

	while (clock_of(CLOCK_MONOTONIC) < end)
		usleep(10000);
}

/* Somebody must read what is written to a terminal. */
static void drain(int fd, double s)
{
	double end = clock_of(CLOCK_MONOTONIC) + s;
	char buf[65536];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (clock_of(CLOCK_MONOTONIC) < end) {
		while (read(fd, buf, sizeof(buf)) > 0)
			continue;
		usleep(10000);
	}
}

/* CPU seconds of a command that is ended after some; < 0: it cannot run. */
static double cost(const char *const *argv, double seconds, bool terminal)
{
	struct winsize size = { .ws_row = 40, .ws_col = 120 };
	int null = open("/dev/null", O_RDWR), fd = -1, status;
	struct rusage use;
	pid_t pid = terminal ? forkpty(&fd, NULL, NULL, &size) : fork();

	if (pid == 0) {
		setenv("TERM", "xterm", 1);
		if (!terminal) {
			dup2(null, 0);
			dup2(null, 1);
			dup2(null, 2);
		}
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (terminal)
		drain(fd, seconds);
	else
		sleep_for(seconds);
	kill(pid, SIGINT);
	sleep_for(0.3);
	kill(pid, SIGTERM);
	sleep_for(0.3);
	kill(pid, SIGKILL);
	if (wait4(pid, &status, 0, &use) < 0)
		return -1;
	close(null);
	if (fd >= 0)
		close(fd);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -1;
	return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* Each keeps a CPU busy, and starts a process some times a second. */
static void load(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		double end = clock_of(CLOCK_PROCESS_CPUTIME_ID) + 0.05;
		pid_t pid;

		while (clock_of(CLOCK_PROCESS_CPUTIME_ID) < end)
			continue;
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void print_ratio(const char *what, double ours, double theirs,
			const char *wanted)
{
	if (ours < 0 || theirs < 0)
		printf("%-24s pfmon %.3f s  the other cannot be run here\n",
		       what, ours);
	else
		printf("%-24s pfmon %.3f s  other %.3f s  ratio %.3f  (%s)\n",
		       what, ours, theirs, ours / theirs, wanted);
	fflush(stdout);
}

static void compare(const char *pfmon, double s, const char *machine)
{
	const char *const functions[] = {
		pfmon, "top", "-b", "-I", "1",
		"-F",  "999", "-n", "40", "--view=functions",
		NULL
	};
	const char *const perf[] = { "perf", "top", "--stdio", "-d",
				     "1",    "-F",  "999",     NULL };
	const char *const processes[] = { pfmon, "top", "-b", "-I",
					  "1",   "-n",  "40", NULL };
	const char *const htop[] = { "htop", "-d", "10", NULL };
	double ours = cost(functions, s, false), its = cost(perf, s, false);
	char what[64];

	snprintf(what, sizeof(what), "%s, functions", machine);
	print_ratio(what, ours, its, "perf top, at most 0.1");
	ours = cost(processes, s, false);
	its = cost(htop, s, true);
	snprintf(what, sizeof(what), "%s, processes", machine);
	print_ratio(what, ours, its, "htop, at most 1.5");
}

static void compare_loaded(const char *pfmon, double s)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN), i;
	pid_t pids[LOADS_MAX];

	if (n > LOADS_MAX)
		n = LOADS_MAX;
	for (i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			load();
	}
	compare(pfmon, s, "loaded");
	for (i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* A top whose tables can be counted. */
static pid_t start(const char *pfmon, const char *interval, FILE **out)
{
	int p[2];
	pid_t pid;

	if (pipe(p) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		close(p[0]);
		execl(pfmon, pfmon, "top", "-b", "-j", "-n", "10", "-I",
		      interval, NULL);
		_exit(127);
	}
	close(p[1]);
	*out = fdopen(p[0], "r");
	return pid;
}

static bool skip_tables(FILE *f, int n)
{
	char *line = NULL;
	size_t size = 0;

	while (n > 0 && getline(&line, &size, f) > 0)
		n--;
	free(line);
	return n == 0;
}

static void stop(pid_t pid, FILE *f)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	fclose(f);
}

/* Bytes of the memory that the history has, which is in no mapping. */
static double history_of(pid_t pid)
{
	char path[64], name[128];
	struct stat st;
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, name, sizeof(name) - 1);
		if (n <= 0)
			continue;
		name[n] = '\0';
		if (strstr(name, "memfd:pfmon-top") && stat(path, &st) == 0)
			return (double)st.st_blocks * 512;
	}
	return 0;
}

static double resident_of(pid_t pid)
{
	char path[64], line[256];
	double kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS:", 6))
			kb = strtod(line + 6, NULL);
	if (f)
		fclose(f);
	return kb * 1024;
}

static void hour(const char *pfmon)
{
	FILE *f;
	pid_t pid = start(pfmon, "10ms", &f);

	if (skip_tables(f, HOUR)) {
		double rss = resident_of(pid) / 1048576;
		double kept = history_of(pid) / 1048576;

		printf("%d intervals: resident %.1f MiB, history %.1f MiB, "
		       "together %.1f MiB  (at most 64)\n",
		       HOUR, rss, kept, rss + kept);
	}
	stop(pid, f);
}

static void many(const char *pfmon)
{
	pid_t *pids = calloc(MANY, sizeof(*pids)), pid;
	double before, after;
	int i, made = 0;
	FILE *f;

	for (i = 0; pids && i < MANY; i++, made++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		if (pids[i] < 0)
			break;
	}
	pid = start(pfmon, "1s", &f);
	if (skip_tables(f, 2)) {
		before = clock_of(clock_id(pid));
		skip_tables(f, REFRESHES);
		after = clock_of(clock_id(pid));
		printf("%d processes more: %.1f ms CPU time a refresh  "
		       "(at most 100)\n",
		       made, (after - before) * 1000 / REFRESHES);
	}
	stop(pid, f);
	for (i = 0; i < made; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	free(pids);
}

int main(int argc, char **argv)
{
	double s = argc > 2 ? strtod(argv[2], NULL) : 20;

	if (argc < 2 || s < 1) {
		fprintf(stderr, "usage: top-cost PFMON [SECONDS]\n");
		return 2;
	}
	printf("%.0f s each\n", s);
	compare(argv[1], s, "idle");
	compare_loaded(argv[1], s);
	hour(argv[1]);
	many(argv[1]);
	return 0;
}
