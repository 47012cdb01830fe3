/* SPDX-License-Identifier: MIT
 *
 * known.h - what the programs with known profiles share.  A function that is
 * counted takes one fresh page a call and writes to it, which is one page fault
 * there; all else that it needs is touched before, by others.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A frame of its own under any optimisation: in the stack exactly once. */
#ifdef __clang__
#define KNOWN __attribute__((noinline, used))
#else
#define KNOWN __attribute__((noinline, noclone, noipa, used))
#endif

/*
 * Before a fault in a function that has called nothing yet: gcc sets a frame
 * pointer up only when the stack is used, whatever -fno-omit-frame-pointer says.
 */
#define KNOWN_FRAME()              \
	volatile char known_frame; \
	known_frame = 0;           \
	(void)known_frame

/* The call before it is none at the end of its function: no jump instead. */
#define KNOWN_END() __asm__ volatile("" ::: "memory")

#define KNOWN_PAGE 65536 /* no machine has larger ones */
#define KNOWN_STACK (256 * 1024)

/* Fresh memory for so many calls. */
static inline volatile char *known_pages(size_t pages)
{
	size_t size = (pages + 1) * KNOWN_PAGE;
	void *mem;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	/* A huge page would take one fault for all. */
	madvise(mem, size, MADV_NOHUGEPAGE);
	return (volatile char *)mem;
}

/* Code is read as data first: its first run would fault, too. */
static inline void known_touch_code(uintptr_t from, uintptr_t to)
{
	for (; from < to; from = (from | 4095) + 1)
		(void)*(const volatile char *)from;
}

/* The stack below, before a counted function grows into it. */
static void __attribute__((noinline, unused)) known_touch_stack(void)
{
	volatile char room[KNOWN_STACK];
	size_t i;

	for (i = 0; i < sizeof(room); i += 4096)
		room[i] = 0;
	room[sizeof(room) - 1] = 0;
}

/* The linker's: where the program's own code begins and ends. */
extern const char __executable_start[], etext[];

static inline void known_start(void)
{
	known_touch_code((uintptr_t)__executable_start, (uintptr_t)etext);
	known_touch_stack();
}

/* One row of the table that a profile must show. */
static inline void known_expect(const char *name, unsigned long self,
				unsigned long total)
{
	printf("expect: %s %lu %lu\n", name, self, total);
}

#endif /* KNOWN_H */
