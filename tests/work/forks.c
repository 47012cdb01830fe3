/* SPDX-License-Identifier: MIT
 *
 * forks.c - forks F N: F processes, one after the other, touch N pages each:
 * F x N page faults more than "forks F 0".  They are vforked: after a fork it
 * depends on who runs first whether the parent or the child faults on a page
 * they share.
 */
#include "work.h"

#include <sys/wait.h>

/* In a function of its own, so that no variable of main's is shared. */
__attribute__((noinline)) static pid_t spawn(volatile char *mem,
					     unsigned long pages)
{
	pid_t pid = vfork();

	if (pid == 0) {
		work_touch(mem, pages);
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	unsigned long n = work_operand(argc, argv, 1), i;
	unsigned long pages = work_operand(argc, argv, 2);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *mem = work_pages(n * pages);
	int status;
	pid_t pid;

	for (i = 0; i < n; i++) {
		pid = spawn(mem + i * pages * page, pages);
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
			perror("vfork");
			return 1;
		}
	}
	work_report(n * pages);
	return 0;
}
