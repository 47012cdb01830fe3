/* SPDX-License-Identifier: MIT
 *
 * profile-scale.c - what pfmon takes for much: reports, exports and the rest on
 * profiles of 1 and 10 million samples, 200 and 2,000 processes, and recordings of
 * as many.  For each its CPU time and peak memory; behind 10 million, how many
 * times that of 1 million.  Never fails on a time.
 *
 * usage: profile-scale PFMON [LEAST]   LEAST samples instead of 1 million
 */
#include "sample-run.h"

#define FILES 3

static const struct {
	const char *name;
	const char *args[6];
	bool twice; /* of two files */
} commands[] = {
	{ "report", { "report" }, false },
	{ "report --tree=callers", { "report", "--tree=callers" }, false },
	{ "report --tree=callees", { "report", "--tree=callees" }, false },
	{ "report -s time,comm", { "report", "-s", "time,comm" }, false },
	{ "report -s pid", { "report", "-s", "pid" }, false },
	{ "report -s cpu,function", { "report", "-s", "cpu,function" }, false },
	{ "annotate", { "annotate", "function_0" }, false },
	{ "dump", { "dump" }, false },
	{ "diff", { "diff" }, true },
	{ "export -f folded", { "export", "-f", "folded" }, false },
	{ "export -f pprof", { "export", "-f", "pprof" }, false },
	{ "export -f html", { "export", "-f", "html" }, false },
	{ "export -f csv", { "export", "-f", "csv" }, false },
	{ "export -f json", { "export", "-f", "json" }, false },
	{ "export -f speedscope", { "export", "-f", "speedscope" }, false },
	{ "export -f firefox", { "export", "-f", "firefox" }, false },
};

static void show(struct ran r)
{
	if (r.cpu < 0)
		printf("  %8s %9s", "failed", "");
	else
		printf("  %6.2f s %6.0f MB", r.cpu, (double)r.rss_kb / 1024);
	fflush(stdout);
}

static void row(const char *pfmon, size_t i, char names[FILES][20])
{
	const char *argv[12] = { pfmon };
	struct ran r[FILES];
	unsigned n = 1, k;

	while (n < 7 && commands[i].args[n - 1]) {
		argv[n] = commands[i].args[n - 1];
		n++;
	}
	printf("%-24s", commands[i].name);
	for (k = 0; k < FILES; k++) {
		argv[n] = names[k];
		argv[n + 1] = commands[i].twice ? names[k] : NULL;
		argv[n + 2] = NULL;
		r[k] = run(argv, NULL);
		show(r[k]);
	}
	printf("  x%.1f\n", r[2].cpu / r[1].cpu);
}

/*
 * The same samples by processes that live one after the other, or at once; less
 * what these take without us.
 */
static void record(const char *pfmon, const char *dir, const char *how)
{
	static const char *const procs[] = { "200", "2000", "2000" };
	static const char *const pages[] = { "5000", "500", "5000" };
	char crowd[4096 + 40];
	struct ran r[FILES];
	unsigned k;

	snprintf(crowd, sizeof(crowd), "%s/../work/crowd", dir);
	printf("sample, %-16s", how ? "serial" : "at once");
	for (k = 0; k < FILES; k++) {
		const char *const bare[] = { crowd,    procs[k], "100",
					     pages[k], how,      NULL };
		const char *const argv[] = { pfmon,  "sample", "-q",
					     "-gfp", "-e",     "page-faults:u",
					     "-c",   "1",      "-m",
					     "8M",   "-o",     "p.pfm",
					     "--",   crowd,    procs[k],
					     "100",  pages[k], how,
					     NULL };

		r[k] = run(argv, NULL);
		if (r[k].cpu >= 0)
			r[k].cpu -= run(bare, NULL).cpu;
		show(r[k]);
	}
	printf("  x%.1f\n", r[2].cpu / r[1].cpu);
}

int main(int argc, char **argv)
{
	static const unsigned times[FILES] = { 1, 1, 10 };
	static const char *const procs[FILES] = { "200", "2000", "2000" };
	char dir[] = "/tmp/profile-scale.XXXXXX", names[FILES][20], *here;
	char make[4096 + 40], samples[32];
	uint64_t least = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	size_t i;
	unsigned k;

	if (argc < 2 || !least) {
		fprintf(stderr, "usage: profile-scale PFMON [LEAST]\n");
		return 2;
	}
	argv[1] = realpath(argv[1], NULL);
	here = realpath(argv[0], NULL);
	*strrchr(here, '/') = '\0';
	snprintf(make, sizeof(make), "%s/../make-scale", here);
	enter(dir);
	printf("%-24s", "samples, processes");
	for (k = 0; k < FILES; k++) {
		const char *const write[] = { make,     names[k], samples,
					      procs[k], "200000", "20000",
					      "200",    NULL };

		snprintf(names[k], sizeof(names[k]), "%u.pfm", k);
		snprintf(samples, sizeof(samples), "%llu",
			 (unsigned long long)least * times[k]);
		printf("  %9s %8s", samples, procs[k]);
		if (run(write, NULL).cpu < 0)
			printf(" %s failed", make);
	}
	printf("\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		row(argv[1], i, names);
	record(argv[1], here, "serial");
	record(argv[1], here, NULL);
	for (k = 0; k < FILES; k++)
		unlink(names[k]);
	leave(dir);
	free(here);
	return 0;
}
