/* SPDX-License-Identifier: MIT
 *
 * calls.c - calls N: a function is called N times; prints its address, for an
 * execution breakpoint, and N.  Without address randomisation (setarch -R) the
 * address is the same in each run.
 */
#include "work.h"

static volatile unsigned long sum;

static void __attribute__((noinline)) called(unsigned long i)
{
	sum += i;
}

int main(int argc, char **argv)
{
	unsigned long calls = work_operand(argc, argv, 1), i;
	void (*volatile function)(unsigned long) = called;

	for (i = 0; i < calls; i++)
		function(i);
	printf("%p %lu calls\n", (void *)function, calls);
	return 0;
}
