/* SPDX-License-Identifier: MIT
 *
 * unwind-work.c - functions to walk over; WORK is the name of their table.
 * Each does something behind its calls, so that none is a jump but tail()'s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unwind-work.h"

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

static NOINLINE unsigned long leaf(unsigned long a, unsigned long b)
{
	return a * 31 + b;
}

static NOINLINE long recurse(unsigned n, void (*f)(void *), void *arg)
{
	long below = 0;

	if (n)
		below = recurse(n - 1, f, arg);
	else
		f(arg);
	/* Else the compiler would make a loop of it. */
	__asm__ volatile("" : "+r"(below)::"memory");
	return below + 1;
}

/* Registers of the caller are saved, and a slot each. */
static NOINLINE unsigned long busy(unsigned long a, unsigned long b,
				   unsigned long c)
{
	unsigned long v[6] = { a, b, c, a ^ b, b ^ c, a ^ c };

	for (int i = 0; i < 6; i++)
		v[i] = leaf(v[i], v[(i + 1) % 6]) + leaf(v[5 - i], a);
	return v[0] + v[1] * v[2] + v[3] * v[4] + v[5];
}

static NOINLINE unsigned long dynamic(unsigned n)
{
	char *p = __builtin_alloca(n + 1);

	memset(p, (int)n, n);
	p[n] = '\0';
	return strlen(p) + leaf((unsigned char)p[n / 2], n);
}

static NOINLINE unsigned long early(unsigned long a)
{
	if (a & 1)
		return a;
	return busy(a, a + 1, a + 2) + busy(a + 3, a, a);
}

static NOINLINE long aligned(unsigned n, void (*f)(void *), void *arg)
{
	char *p = __builtin_alloca(n);
	char line[128] __attribute__((aligned(64)));

	memset(p, 1, n);
	memset(line, 2, sizeof(line));
	__asm__ volatile("" ::"r"(line), "r"(p) : "memory");
	f(arg);
	return line[5] + p[n - 1];
}

static void nothing(void *arg)
{
	*(int *)arg += 1;
}

static NOINLINE void tail(void (*f)(void *), void *arg)
{
	f(arg);
}

struct sorted {
	void (*f)(void *);
	void *arg;
};
static struct sorted sorted;

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	sorted.f(sorted.arg);
	return *x < *y ? -1 : *x > *y;
}

static void sort(void (*f)(void *), void *arg)
{
	int v[] = { 3, 1, 2 };

	sorted = (struct sorted){ f, arg };
	qsort(v, 3, sizeof(*v), compare);
	__asm__ volatile("" ::"r"(v) : "memory");
}

static NOINLINE void touch(volatile char *at, size_t size, size_t page)
{
	/* GCC leaves it out of a leaf otherwise. */
	__asm__ volatile("" ::"r"(__builtin_frame_address(0)));
	for (size_t i = 0; i < size; i += page)
		at[i] = 1;
}

static NOINLINE long everything(unsigned n)
{
	struct timespec now;
	char text[64];
	int calls = 0;
	unsigned long sum = 0;

	for (unsigned i = 0; i < n; i++) {
		sum += (unsigned long)recurse(i % 5, nothing, &calls);
		sum += busy(i, sum, 3) + early(i) + dynamic(16 + i);
		sum += (unsigned long)aligned(32 + i, nothing, &calls);
		tail(nothing, &calls);
		sort(nothing, &calls);
		snprintf(text, sizeof(text), "%u %lu %s %.3f", i, sum, "x",
			 i * 0.5);
		sum += strlen(text) + strtoul(text, NULL, 10) + (unsigned)calls;
		free(strdup(text));
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	return (long)(sum & 0xffff);
}

extern const struct unwind_work WORK;
const struct unwind_work WORK = {
	.recurse = recurse,
	.everything = everything,
	.tail = tail,
	.sort = sort,
	.aligned = aligned,
	.touch = touch,
	.leaf = leaf,
};
