/* SPDX-License-Identifier: MIT
 *
 * profile-size.c - bytes a sample in a .pfm file and in perf.data, of the same
 * program at 997 Hz: with frame pointers, and with stacks by unwind tables.
 *
 * usage: profile-size PFMON
 */
#include "sample-run.h"

#define WORK "600000" /* ten seconds or more */

static void compare(const char *pfmon, const char *what, const char *how,
		    const char *perf_how, double most)
{
	const char *const ours[] = {
		pfmon,       "sample", "-q",    how,  "-e",
		"cpu-clock", "-o",     "p.pfm", "--", NULL
	};
	const char *const perfs[] = {
		"perf",   "record", "-q", "--call-graph", perf_how,
		"-F",     "997",    "-e", "cpu-clock",    "-o",
		"p.data", "--",     NULL
	};
	double a, b;

	if (run(ours, WORK).cpu < 0 || run(perfs, WORK).cpu < 0) {
		fprintf(stderr, "%s or perf cannot be run\n", pfmon);
		exit(1);
	}
	a = (double)size_of("p.pfm");
	b = (double)size_of("p.data");
	printf("%-14s pfmon %8.0f bytes  perf %10.0f bytes  ratio %.4f  "
	       "(at most %g)\n",
	       what, a, b, a / b, most);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/profile-size.XXXXXX";

	if (argc == 3 && !strcmp(argv[1], "work"))
		return work(argv[2]);
	if (argc != 2) {
		fprintf(stderr, "usage: profile-size PFMON\n");
		return 2;
	}
	/* It is run in another directory. */
	argv[1] = realpath(argv[1], NULL);
	self = realpath(argv[0], NULL);
	enter(dir);
	compare(argv[1], "frame pointers", "-gfp", "fp", 0.05);
	compare(argv[1], "unwind tables", "-gdwarf", "dwarf", 0.005);
	leave(dir);
	return 0;
}
