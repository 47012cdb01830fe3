/* SPDX-License-Identifier: MIT
 *
 * crowd.c - crowd P M N [serial]: P processes, each of which maps M pieces of
 * code and touches N pages: P x N page faults of its function "touch", and those
 * of the rest.  All of them are there before the first touches a page, and end
 * after the last did; with "serial" they come one after the other.
 */
#include "work.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define AT_ONCE 64 /* pages that a process has */

static size_t page;

/* Pieces of a file that has code; no two are neighbours. */
static void map_code(unsigned long n)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	unsigned long i;

	for (i = 0; i < n; i++)
		if (mmap(NULL, 2 * page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			 0) == MAP_FAILED) {
			perror("mmap");
			_exit(1);
		}
	close(fd);
}

__attribute__((noinline)) static void touch(volatile char *mem,
					    unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		if (i && i % AT_ONCE == 0)
			madvise((void *)(uintptr_t)mem, AT_ONCE * page,
				MADV_DONTNEED);
		mem[i % AT_ONCE * page] = 1;
	}
}

/* Whoever reads waits until all others have closed the other end. */
struct gate {
	int ready[2], go[2], done[2], leave[2];
};

static void run_child(const struct gate *g, unsigned long maps,
		      unsigned long pages)
{
	volatile char *mem = work_pages(AT_ONCE);
	char c;

	/* Nobody is left when the first one is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	map_code(maps);
	if (g) {
		close(g->go[1]);
		close(g->leave[1]);
		close(g->ready[1]);
		while (read(g->go[0], &c, 1) < 0)
			;
	}
	touch(mem, pages);
	if (g) {
		close(g->done[1]);
		while (read(g->leave[0], &c, 1) < 0)
			;
	}
	_exit(0);
}

static void wait_all(unsigned long n)
{
	int status;

	while (n-- > 0)
		if (wait(&status) < 0 || status != 0)
			exit(1);
}

int main(int argc, char **argv)
{
	unsigned long procs = work_operand(argc, argv, 1);
	unsigned long maps = work_operand(argc, argv, 2);
	unsigned long pages = work_operand(argc, argv, 3), i;
	const struct gate *with = NULL;
	struct gate g;
	char c;

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (pipe(g.ready) < 0 || pipe(g.go) < 0 || pipe(g.done) < 0 ||
	    pipe(g.leave) < 0)
		return 1;
	if (argc < 5)
		with = &g;
	for (i = 0; i < procs; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run_child(with, maps, pages);
		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (!with)
			wait_all(1);
	}
	if (with) {
		close(g.ready[1]);
		while (read(g.ready[0], &c, 1) < 0)
			;
		close(g.go[1]);
		close(g.done[1]);
		while (read(g.done[0], &c, 1) < 0)
			;
		close(g.leave[1]);
		wait_all(procs);
	}
	work_report(procs * pages);
	return 0;
}
