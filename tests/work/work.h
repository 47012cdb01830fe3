/* SPDX-License-Identifier: MIT
 *
 * work.h - what the workloads share.  A workload does something that can be
 * counted exactly and prints how often it did; it uses no library of ours.
 */
#ifndef WORK_H
#define WORK_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../sigtrap.h"

/* The operand number i, a count; 0 when it is missing. */
static inline unsigned long work_operand(int argc, char **argv, int i)
{
	return i < argc ? strtoul(argv[i], NULL, 10) : 0;
}

/* Fresh memory of so many pages, each good for one page fault, and no more. */
static inline volatile char *work_pages(unsigned long pages)
{
	size_t size = (pages + 1) * (size_t)sysconf(_SC_PAGESIZE);
	void *mem;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	/* A huge page would take one fault for all. */
	madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

/* Called once for each page: an execution breakpoint counts the same. */
static void __attribute__((noinline, unused)) work_page(volatile char *page)
{
	*page = 1;
}

static inline void work_touch(volatile char *mem, unsigned long pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long i;

	for (i = 0; i < pages; i++)
		work_page(mem + i * page);
}

/* The last line of output: the address to break on, and the true count. */
static inline void work_report(unsigned long pages)
{
	void (*volatile function)(volatile char *) = work_page;

	printf("%p %lu pages\n", (void *)function, pages);
}

#endif /* WORK_H */
