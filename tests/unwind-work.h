/* SPDX-License-Identifier: MIT
 *
 * unwind-work.h - what the unwinder's tests walk over.  unwind-work.c is built
 * twice: fp_work with frame pointers, and nofp_work without.
 */
#ifndef PFM_UNWIND_WORK_H
#define PFM_UNWIND_WORK_H

#include <stddef.h>

struct unwind_work {
	/* Calls itself n times, then f(arg). */
	long (*recurse)(unsigned n, void (*f)(void *), void *arg);
	/* Calls of each kind a compiler makes, of libc too. */
	long (*everything)(unsigned n);
	/* Calls f(arg) as its last act: it is not there while f runs. */
	void (*tail)(void (*f)(void *), void *arg);
	/* Calls f(arg) from the comparison of qsort(). */
	void (*sort)(void (*f)(void *), void *arg);
	/* Has a stack aligned to 64 bytes, of a size told by n. */
	long (*aligned)(unsigned n, void (*f)(void *), void *arg);
	/* Writes a byte to each page; has a frame pointer in either. */
	void (*touch)(volatile char *at, size_t size, size_t page);
	/* A leaf: nothing is set up but its return address. */
	unsigned long (*leaf)(unsigned long a, unsigned long b);
};
extern const struct unwind_work fp_work, nofp_work;

#endif /* PFM_UNWIND_WORK_H */
