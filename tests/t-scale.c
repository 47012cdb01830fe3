/* SPDX-License-Identifier: MIT
 *
 * t-scale.c - what reads a profile takes no more memory for ten times the
 * samples, and what records one no more for ten times the processes.  By peak
 * memory, not by time.  The profiles are make-scale's.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define PFMON "./.libs/pfmon"

static char dir[] = "/tmp/t-scale.XXXXXX", few[64], many[64];

/* Peak memory of a command in KiB; -1: it failed. */
static long peak_of(const char *const *argv)
{
	struct rusage u;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		execv(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid || status != 0)
		return -1;
	return u.ru_maxrss;
}

/*
 * What a sanitizer adds is no bound of ours: there it is only run.  The tables of
 * a file, with the same stacks in both, are no more for more samples.
 */
static void compare(const char *name, long a, long b)
{
	if (SANITIZED)
		ok(a > 0 && b > 0, "%s", name);
	else
		ok(a > 0 && b > 0 && b < a + a / 4, "%s: %ld and %ld KiB", name,
		   a, b);
}

static void make(const char *path, const char *samples)
{
	const char *const argv[] = { "tests/make-scale",
				     path,
				     samples,
				     "300",
				     "2000",
				     "2000",
				     "50",
				     NULL };

	ok(peak_of(argv) > 0, "a profile of %s samples", samples);
}

static void test_readers(void)
{
	static const char *const args[][4] = {
		{ "report" },
		{ "report", "--tree=callers" },
		{ "report", "--tree=callees" },
		{ "report", "-s", "time,comm" },
		{ "report", "-s", "pid" },
		{ "report", "-s", "pid,dso", "--no-children" },
		{ "annotate", "function_0" },
		{ "dump" },
		{ "diff" },
		{ "export", "-f", "folded" },
		{ "export", "-f", "pprof" },
		{ "export", "-f", "html" },
	};
	size_t i, k;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		const char *argv[8] = { PFMON }, *path;
		char name[100] = "";
		long kb[2];

		for (k = 0; k < 2; k++) {
			size_t n = 1, a;

			path = k ? many : few;
			name[0] = '\0';
			for (a = 0; a < 4 && args[i][a]; a++) {
				argv[n++] = args[i][a];
				snprintf(name + strlen(name),
					 sizeof(name) - strlen(name), " %s",
					 args[i][a]);
			}
			argv[n++] = path;
			if (!strcmp(args[i][0], "diff"))
				argv[n++] = path;
			argv[n] = NULL;
			kb[k] = peak_of(argv);
		}
		compare(name + 1, kb[0], kb[1]);
	}
}

static long record(const char *procs)
{
	char out[80];
	const char *const argv[] = {
		PFMON, "sample", "-q", "-gno",   "-e", "page-faults:u",
		"-c",  "1",      "-o", out,      "--", "tests/work/crowd",
		procs, "100",    "1",  "serial", NULL
	};
	long kb;

	snprintf(out, sizeof(out), "%s/r.pfm", dir);
	kb = peak_of(argv);
	unlink(out);
	return kb;
}

static bool can_record(void)
{
	const char *const argv[] = { PFMON, "sample",        "-q", "-gno",
				     "-e",  "page-faults:u", "-c", "1",
				     "-o",  "/dev/null",     "--", "/bin/true",
				     NULL };

	return peak_of(argv) > 0;
}

int main(void)
{
	if (!mkdtemp(dir))
		return 99;
	snprintf(few, sizeof(few), "%s/few.pfm", dir);
	snprintf(many, sizeof(many), "%s/many.pfm", dir);
	make(few, "40000");
	make(many, "400000");
	test_readers();
	if (can_record())
		compare("a recording of 200 and 2,000 processes", record("200"),
			record("2000"));
	else
		skip("recordings: perf_event_open(2) is not allowed here");
	unlink(few);
	unlink(many);
	rmdir(dir);
	return done_testing();
}
