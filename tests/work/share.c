/* SPDX-License-Identifier: MIT
 *
 * share.c - share N M: until it is killed, N turns of many() for each M of few()
 * of the same work, so that N of N + M parts of its time are in the first.
 */
#include "work.h"

static volatile unsigned long sink;

#define TURN 20000 /* steps; both have the same loop */

static void __attribute__((noinline)) many(void)
{
	for (unsigned long i = 0; i < TURN; i++)
		sink += i;
}

static void __attribute__((noinline)) few(void)
{
	for (unsigned long i = 0; i < TURN; i++)
		sink -= i;
}

int main(int argc, char **argv)
{
	unsigned long n = work_operand(argc, argv, 1);
	unsigned long m = work_operand(argc, argv, 2);

	for (;;) {
		for (unsigned long i = 0; i < n; i++)
			many();
		for (unsigned long i = 0; i < m; i++)
			few();
	}
}
