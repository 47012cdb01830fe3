/* SPDX-License-Identifier: MIT
 *
 * tree.c - tree MODE N M: a call tree whose shares are known because calls are
 * counted, not time: leaf() takes one page fault each time, and it is called N
 * times by left() and M times by right().
 *
 * plain; recurse: left() calls itself 5 times before; signal: right() is a signal
 * handler; threads: each in a thread of its own; fork: right() in a child; exec:
 * in a child that executes this program again.
 */
#include "work.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define UNMERGED __attribute__((noinline))

/* Each function has its frame before it does anything, whatever CFLAGS say. */
#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize("O0")
#endif

static volatile char *mem;
static volatile unsigned long sink;
static unsigned long page_size, left_n, right_n;

UNMERGED static void leaf(unsigned long page)
{
	mem[page * page_size] = 1;
	sink++;
}

UNMERGED static void left(unsigned depth)
{
	unsigned long i;

	if (depth > 0) {
		left(depth - 1);
		sink++;
		return;
	}
	for (i = 0; i < left_n; i++)
		leaf(i);
	sink++;
}

UNMERGED static void right(void)
{
	unsigned long i;

	for (i = 0; i < right_n; i++)
		leaf(left_n + i);
	sink++;
}

static void on_signal(int sig)
{
	(void)sig;
	right();
	sink++;
}

static void *left_thread(void *arg)
{
	(void)arg;
	left(0);
	sink++;
	return NULL;
}

static void *right_thread(void *arg)
{
	(void)arg;
	right();
	sink++;
	return NULL;
}

static void run_threads(void)
{
	pthread_t a, b;

	pthread_create(&a, NULL, left_thread, NULL);
	pthread_create(&b, NULL, right_thread, NULL);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

/* The child's fault on a page that the parent has is a copy, also one. */
static void run_fork(char **argv, int exec)
{
	pid_t pid = fork();

	if (pid == 0 && exec) {
		execl("/proc/self/exe", argv[0], "plain", "0", argv[3],
		      (char *)NULL);
		_exit(127);
	}
	if (pid == 0) {
		right();
		_exit(0);
	}
	left(0);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "plain";

	page_size = (unsigned long)sysconf(_SC_PAGESIZE);
	left_n = work_operand(argc, argv, 2);
	right_n = work_operand(argc, argv, 3);
	mem = work_pages(left_n + right_n);
	if (!strcmp(mode, "threads")) {
		run_threads();
	} else if (!strcmp(mode, "fork") || !strcmp(mode, "exec")) {
		run_fork(argv, !strcmp(mode, "exec"));
	} else if (!strcmp(mode, "signal")) {
		signal(SIGUSR1, on_signal);
		left(0);
		raise(SIGUSR1);
	} else {
		left(!strcmp(mode, "recurse") ? 5 : 0);
		right();
	}
	sink++;
	return 0;
}
