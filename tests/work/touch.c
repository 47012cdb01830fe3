/* SPDX-License-Identifier: MIT
 *
 * touch.c - touch N [wait]: N page faults more than "touch 0".  With wait, only
 * after a line of standard input was read; it says "ready" before that.
 */
#include "work.h"

int main(int argc, char **argv)
{
	unsigned long pages = work_operand(argc, argv, 1);
	volatile char *mem = work_pages(pages);

	if (argc > 2) {
		puts("ready");
		fflush(stdout);
		getchar();
	}
	work_touch(mem, pages);
	work_report(pages);
	return 0;
}
