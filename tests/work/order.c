/* SPDX-License-Identifier: MIT
 *
 * order.c - does what it is told on standard input, line by line, and answers
 * "ok": f N touches N fresh pages, c N calls called() N times, k N M starts N
 * processes that call it M times each and waits for them, T N M the same with
 * threads, t N starts N threads that stay, b MS keeps a CPU busy in busy() for
 * so many milliseconds.  The first line it prints is the address of called().
 */
#include "work.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

static volatile unsigned long sum;

static void __attribute__((noinline)) called(unsigned long i)
{
	sum += i;
}

static void (*volatile function)(unsigned long) = called;

static void call(unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		function(i);
}

static void touch(unsigned long n)
{
	volatile char *mem = work_pages(n);

	work_touch(mem, n);
	munmap((void *)(uintptr_t)mem, (n + 1) * (size_t)sysconf(_SC_PAGESIZE));
}

static void children(unsigned long n, unsigned long calls)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			call(calls);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			exit(1);
	}
}

static void *call_often(void *arg)
{
	call(*(const unsigned long *)arg);
	return NULL;
}

static void calling_threads(unsigned long n, unsigned long calls)
{
	pthread_t t;

	for (; n > 0; n--)
		if (pthread_create(&t, NULL, call_often, &calls) != 0 ||
		    pthread_join(t, NULL) != 0)
			exit(1);
}

static int nothing[2]; /* a pipe that nobody writes to */
static sem_t begun;

/* What it does then, another thread did before: no page is new to it. */
static void *stay(void *arg)
{
	char byte;

	sem_post(&begun);
	while (read(nothing[0], &byte, 1) != 0)
		continue;
	return arg;
}

static void threads(unsigned long n)
{
	pthread_t t;

	for (; n > 0; n--) {
		if (pthread_create(&t, NULL, stay, NULL) != 0)
			exit(1);
		sem_wait(&begun);
	}
}

static unsigned long spent_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (unsigned long)ts.tv_sec * 1000 +
	       (unsigned long)ts.tv_nsec / 1000000;
}

static void __attribute__((noinline)) busy(unsigned long ms)
{
	unsigned long end = spent_ms() + ms, i;

	while (spent_ms() < end)
		for (i = 0; i < 1000000; i++)
			sum += i;
}

/* Without stdio: what a line costs is the same each time. */
static int next_line(char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(0, line + n, 1) == 1) {
		if (line[n] == '\n') {
			line[n] = '\0';
			return 1;
		}
		n++;
	}
	return 0;
}

int main(void)
{
	unsigned long n, m;
	char line[64], *rest;

	if (pipe(nothing) < 0 || sem_init(&begun, 0, 0) < 0)
		return 1;
	printf("%p\n", (void *)function);
	fflush(stdout);
	while (next_line(line, sizeof(line))) {
		n = strtoul(line + 1, &rest, 10);
		m = strtoul(rest, NULL, 10);
		if (line[0] == 'f')
			touch(n);
		else if (line[0] == 'c')
			call(n);
		else if (line[0] == 'k')
			children(n, m);
		else if (line[0] == 'T')
			calling_threads(n, m);
		else if (line[0] == 't')
			threads(n);
		else if (line[0] == 'b')
			busy(n);
		if (write(1, "ok\n", 3) != 3)
			return 1;
	}
	return 0;
}
