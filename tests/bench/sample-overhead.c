/* SPDX-License-Identifier: MIT
 *
 * sample-overhead.c - what "pfmon sample" costs beside "perf record" on the same
 * program and event: extra CPU time over the bare run and peak memory at 999 Hz
 * with frame pointers, and the samples both lose at 10 kHz.  Bare, pfmon and perf
 * take turns; numbers are medians.  Never fails on a time.
 *
 * usage: sample-overhead PFMON [RUNS]
 */
#include "sample-run.h"

#define RUNS_MAX 100
#define WORK "150000" /* some seconds */

enum { BARE, PFMON, PERF, NWAYS };

static double cpu[NWAYS][RUNS_MAX], rss[NWAYS][RUNS_MAX];

static void turns(const char *pfmon, const char *hz, unsigned runs)
{
	const char *const ours[] = { pfmon, "sample", "-q", "-gfp",
				     "-F",  hz,       "-e", "cpu-clock",
				     "-o",  "p.pfm",  "--", NULL };
	const char *const perfs[] = { "perf", "record", "-q", "-g",
				      "-F",   hz,       "-e", "cpu-clock",
				      "-o",   "p.data", "--", NULL };
	const char *const *commands[NWAYS] = { NULL, ours, perfs };

	for (unsigned i = 0; i < runs; i++)
		for (unsigned way = 0; way < NWAYS; way++) {
			struct ran r = run(commands[way], WORK);

			if (r.cpu < 0) {
				fprintf(stderr, "%s cannot be run\n",
					way == PERF ? "perf" : pfmon);
				exit(1);
			}
			cpu[way][i] = r.cpu;
			rss[way][i] = (double)r.rss_kb / 1024;
		}
}

/* The number before a word in what a command says, or -1. */
static double ask(const char *command, const char *word)
{
	char line[512];
	const char *at;
	double n = -1;
	FILE *f = popen(command, "r");

	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, word);
		if (!at)
			continue;
		while (at > line && at[-1] != ' ')
			at--;
		while (at > line && at[-1] == ' ')
			at--;
		while (at > line && at[-1] != ' ')
			at--;
		n = strtod(at, NULL);
		break;
	}
	if (f)
		pclose(f);
	return n;
}

static void print_costs(unsigned runs)
{
	double bare = median(cpu[BARE], runs);
	double ours = median(cpu[PFMON], runs) - bare;
	double perfs = median(cpu[PERF], runs) - bare;
	double mine = median(rss[PFMON], runs), its = median(rss[PERF], runs);

	printf("999 Hz, frame pointers, %.2f s of work\n", bare);
	printf("extra CPU    pfmon %.3f s  perf %.3f s  ratio %.3f  "
	       "(at most 0.4)\n",
	       ours, perfs, ours / perfs);
	printf("peak memory  pfmon %.1f MB  perf %.1f MB  ratio %.3f  "
	       "(at most 0.5)\n",
	       mine, its, mine / its);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/sample-overhead.XXXXXX", command[4096];
	unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 7;

	if (argc == 3 && !strcmp(argv[1], "work"))
		return work(argv[2]);
	if (argc < 2 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: sample-overhead PFMON [RUNS]\n");
		return 2;
	}
	/* It is run in another directory. */
	argv[1] = realpath(argv[1], NULL);
	self = realpath(argv[0], NULL);
	enter(dir);
	turns(argv[1], "999", runs);
	print_costs(runs);
	turns(argv[1], "10000", 1);
	snprintf(command, sizeof(command), "%s report p.pfm", argv[1]);
	printf("10 kHz       pfmon lost %.0f  ", ask(command, "lost"));
	printf("perf lost %.0f\n",
	       ask("perf report -i p.data --stats 2>/dev/null | "
		   "awk '/LOST_SAMPLES events/ {n = $3} END {print n + 0, "
		   "\"lost x\"}'",
		   "lost"));
	leave(dir);
	return 0;
}
