/* SPDX-License-Identifier: MIT
 *
 * unwind-cost.c - what a walk costs: 30 frames, of recursion, by tables, by frame
 * pointers, by libunwind alone; the first walk of all; deciding how an object
 * is walked; what libunwind's address space of an object takes.  The lowest of
 * several runs.  Never fails on a time; fails when a walk is not complete.
 *
 * usage: unwind-cost [FILE ...]     (objects to decide about, besides libc)
 */
#include "config.h"

#include <inttypes.h>
#include <malloc.h>
#include <time.h>

#include "../unwind-self.h"
#include "../unwind-work.h"
#include "unwind-priv.h"

enum { RUNS = 9, WALKS = 2000, FRAMES = 256, DEEP = 24 };

static struct self self;
static struct self_sample sample;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	self_take(&sample, context, self.stack_end);
	self_go_on(context);
}

static void trap(void *arg)
{
	(void)arg;
	TRAP();
}

static unsigned walk(struct unwind_space *space, enum unwind_method method)
{
	struct unwind_sample s = { .regs = sample.regs,
				   .stack = sample.stack,
				   .stack_size = sample.size,
				   .method = method };
	uint64_t ips[FRAMES];
	bool complete;
	unsigned n = unwind_walk(space, &s, ips, FRAMES, &complete);

	if (!complete && method != UNWIND_FP) {
		fprintf(stderr, "unwind-cost: a walk of %u frames ended\n", n);
		exit(1);
	}
	return n;
}

static void measure(const char *name, enum unwind_method method, bool only_lib)
{
	struct unwind_space *space = unwind_space_new(self_find, &self);
	uint64_t first, best = UINT64_MAX, t;
	unsigned n = 0, asked;

	space->only_lib = only_lib;
	first = now_ns();
	walk(space, method);
	first = now_ns() - first;
	asked = self.nfound;
	for (unsigned r = 0; r < RUNS; r++) {
		t = now_ns();
		for (unsigned i = 0; i < WALKS; i++)
			n = walk(space, method);
		t = (now_ns() - t) / WALKS;
		best = t < best ? t : best;
	}
	printf("%-28s %3u frames %7" PRIu64 " ns, the first %8" PRIu64
	       " ns; %u more searches for a mapping\n",
	       name, n, best, first, self.nfound - asked);
	unwind_space_free(space);
}

static void decide(const char *path)
{
	static const char *const names[] = { "auto", "fp", "dwarf" };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct unwind_object *o = fd < 0 ? NULL : unwind_object_new(fd);
	uint64_t t = now_ns();
	enum unwind_method method;

	if (!o) {
		fprintf(stderr, "unwind-cost: %s: %m\n", path);
		exit(1);
	}
	method = unwind_object_method(o);
	t = now_ns() - t;
	printf("%-28s %s, decided in %" PRIu64 " us, %zu records\n",
	       strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
	       names[method], t / 1000, o->ntable + o->nindex);
	unwind_object_free(o);
	close(fd);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_sigaction = on_trap,
				 .sa_flags = SA_SIGINFO };
	size_t heap;

	sigaction(SIGTRAP, &act, NULL);
	self_maps(&self);
	nofp_work.recurse(DEEP, trap, NULL);
	measure("tables, no frame pointers", UNWIND_AUTO, false);
	fp_work.recurse(DEEP, trap, NULL);
	measure("tables, frame pointers", UNWIND_AUTO, false);
	measure("frame pointers alone", UNWIND_FP, false);
	heap = mallinfo2().uordblks + mallinfo2().hblkhd;
	measure("libunwind", UNWIND_DWARF, true);
	printf("%-28s %zu bytes of heap\n", "libunwind's, of the objects",
	       mallinfo2().uordblks + mallinfo2().hblkhd - heap);
	decide(self_path(&self, (uint64_t)(uintptr_t)&qsort)[0] == '/' ?
		       self_path(&self, (uint64_t)(uintptr_t)&qsort) :
		       "/proc/self/exe");
	decide("/proc/self/exe");
	for (int i = 1; i < argc; i++)
		decide(argv[i]);
	self_free(&self);
	return 0;
}
