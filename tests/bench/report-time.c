/* SPDX-License-Identifier: MIT
 *
 * report-time.c - "pfmon report" and "perf report --stdio" on some 60,000 samples
 * with stacks of the same program.  They take turns; times are medians of CPU
 * time.
 *
 * usage: report-time PFMON [RUNS]
 */
#include "sample-run.h"

#define RUNS_MAX 100
#define WORK "330000"

int main(int argc, char **argv)
{
	char dir[] = "/tmp/report-time.XXXXXX";
	unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 9, i;
	double ours[RUNS_MAX], perfs[RUNS_MAX], a, b;

	if (argc == 3 && !strcmp(argv[1], "work"))
		return work(argv[2]);
	if (argc < 2 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: report-time PFMON [RUNS]\n");
		return 2;
	}
	/* It is run in another directory. */
	argv[1] = realpath(argv[1], NULL);
	const char *const sample[] = { argv[1], "sample", "-q", "-gfp",
				       "-F",    "10000",  "-e", "cpu-clock",
				       "-o",    "p.pfm",  "--", NULL };
	const char *const record[] = { "perf", "record", "-q", "-g",
				       "-F",   "10000",  "-e", "cpu-clock",
				       "-o",   "p.data", "--", NULL };
	const char *const report[] = { argv[1], "report", "p.pfm", NULL };
	const char *const stdio[] = { "perf", "report", "--stdio",
				      "-i",   "p.data", NULL };

	self = realpath(argv[0], NULL);
	enter(dir);
	if (run(sample, WORK).cpu < 0 || run(record, WORK).cpu < 0) {
		fprintf(stderr, "%s or perf cannot be run\n", argv[1]);
		return 1;
	}
	for (i = 0; i < runs; i++) {
		ours[i] = run(report, NULL).cpu;
		perfs[i] = run(stdio, NULL).cpu;
	}
	a = median(ours, runs);
	b = median(perfs, runs);
	printf("pfmon report %.1f ms  perf report --stdio %.1f ms  ratio %.3f  "
	       "(at most 0.1)\n",
	       a * 1000, b * 1000, a / b);
	leave(dir);
	return 0;
}
