/* SPDX-License-Identifier: MIT
 *
 * pingpong.c - pingpong K: two processes on one CPU hand a byte to and fro
 * K + 1 times, so that each read but the first has to wait: at least 2K context
 * switches.
 */
#include "work.h"

#include <sched.h>
#include <sys/wait.h>

/* Read a byte and pass it on, or the other way round. */
static void pass(int in, int out)
{
	char c;

	if (read(in, &c, 1) != 1 || write(out, &c, 1) != 1)
		exit(1);
}

int main(int argc, char **argv)
{
	unsigned long rounds = work_operand(argc, argv, 1), i;
	int there[2], back[2], status;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) < 0 || pipe(there) < 0 ||
	    pipe(back) < 0) {
		perror("pingpong");
		return 1;
	}
	if (fork() == 0) {
		for (i = 0; i <= rounds; i++)
			pass(there[0], back[1]);
		_exit(0);
	}
	/* The first byte starts it; the last one is left in the pipe. */
	if (write(there[1], "", 1) != 1)
		return 1;
	for (i = 0; i <= rounds; i++)
		pass(back[0], there[1]);
	wait(&status);
	printf("at least %lu switches\n", 2 * rounds);
	return status != 0;
}
