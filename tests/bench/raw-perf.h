/* SPDX-License-Identifier: MIT
 *
 * raw-perf.h - what the benches of overflows and of set switches share: the
 * events and the ring of a program that uses perf_event_open(2) by itself, a
 * child that makes events as fast as it can, clocks and quantiles.
 */
#ifndef PFM_BENCH_RAW_PERF_H
#define PFM_BENCH_RAW_PERF_H

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

static inline void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static inline uint64_t clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

/* The calling thread, and what it starts from now on. */
static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static inline int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void sort_doubles(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare_doubles);
}

static inline double median(double *v, size_t n)
{
	sort_doubles(v, n);
	return v[n / 2];
}

/*
 * The source: a child on a CPU of its own.  Told to go it makes events until it
 * is told to stop, and counts them.
 */
enum source_kind { SOURCE_CALLS, SOURCE_FAULTS };

#define SOURCE_PAGES 256

struct source_shared {
	atomic_bool stop;
	uint64_t events; /* of the last run */
};

struct source {
	pid_t pid;
	int go, done; /* pipes */
	struct source_shared *shared;
};

/* What the breakpoint is on. */
__attribute__((noinline, unused)) static void source_target(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline uint64_t source_calls(void)
{
	for (int i = 0; i < SOURCE_PAGES; i++)
		source_target();
	return SOURCE_PAGES;
}

static inline uint64_t source_faults(char *mem, size_t page)
{
	madvise(mem, SOURCE_PAGES * page, MADV_DONTNEED);
	for (size_t i = 0; i < SOURCE_PAGES; i++)
		((volatile char *)mem)[i * page] = 1;
	return SOURCE_PAGES;
}

static inline char *source_memory(size_t page)
{
	char *mem = mmap(NULL, SOURCE_PAGES * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	madvise(mem, SOURCE_PAGES * page, MADV_NOHUGEPAGE);
	return mem;
}

static inline void source_main(enum source_kind kind, struct source_shared *s,
			       const int *fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *mem = source_memory(page), c;

	while (read(fd[0], &c, 1) == 1) {
		uint64_t n = 0;

		while (!atomic_load_explicit(&s->stop, memory_order_relaxed))
			n += kind == SOURCE_CALLS ? source_calls() :
						    source_faults(mem, page);
		s->events = n;
		if (write(fd[1], &c, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static inline void source_open(struct source *src, enum source_kind kind)
{
	int go[2], done[2];

	src->shared = mmap(NULL, sizeof(*src->shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (src->shared == MAP_FAILED || pipe(go) || pipe(done))
		die("source: %s", strerror(errno));
	src->pid = fork();
	if (src->pid < 0)
		die("fork: %s", strerror(errno));
	if (src->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(0);
		close(go[1]);
		source_main(kind, src->shared, (int[]){ go[0], done[1] });
	}
	close(go[0]);
	close(done[1]);
	src->go = go[1];
	src->done = done[0];
}

static inline void source_go(struct source *src)
{
	atomic_store(&src->shared->stop, false);
	if (write(src->go, "g", 1) != 1)
		die("source: %s", strerror(errno));
}

/* Returns how many events it has made. */
static inline uint64_t source_stop(struct source *src)
{
	char c;

	atomic_store(&src->shared->stop, true);
	if (read(src->done, &c, 1) != 1)
		die("the source has died");
	return src->shared->events;
}

static inline void source_close(struct source *src)
{
	close(src->go);
	close(src->done);
	waitpid(src->pid, NULL, 0);
	munmap(src->shared, sizeof(*src->shared));
}

/* Events of the peer. */
static inline int raw_open(struct perf_event_attr *attr, pid_t pid, int cpu,
			   int leader)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->exclude_hv = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, leader,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		die("perf_event_open: %s", strerror(errno));
	return fd;
}

static inline void raw_source_attr(struct perf_event_attr *attr,
				   enum source_kind kind)
{
	memset(attr, 0, sizeof(*attr));
	attr->exclude_kernel = 1;
	if (kind == SOURCE_FAULTS) {
		attr->type = PERF_TYPE_SOFTWARE;
		attr->config = PERF_COUNT_SW_PAGE_FAULTS;
		return;
	}
	attr->type = PERF_TYPE_BREAKPOINT;
	attr->bp_type = HW_BREAKPOINT_X;
	attr->bp_addr = (uintptr_t)source_target;
	attr->bp_len = sizeof(long);
}

struct raw_ring {
	struct perf_event_mmap_page *head;
	char *data;
	size_t size;
};

static inline void raw_map(struct raw_ring *r, int fd, size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	r->head = mmap(NULL, (1 + pages) * page, PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	if (r->head == MAP_FAILED)
		die("mmap of the ring: %s", strerror(errno));
	r->data = (char *)r->head + page;
	r->size = pages * page;
}

static inline void raw_unmap(struct raw_ring *r)
{
	munmap(r->head, r->size + (size_t)(r->data - (char *)r->head));
}

/*
 * Where samples go: what a tool has before it writes to a file, as large as a
 * cache likes it.
 */
struct out {
	char mem[65536];
	size_t at;
	uint64_t samples, lost, bytes;
};

static inline void *out_room(struct out *o, size_t size)
{
	void *p;

	if (o->at + size > sizeof(o->mem))
		o->at = 0;
	p = o->mem + o->at;
	o->at += size;
	o->bytes += size;
	return p;
}

static inline void raw_take(struct raw_ring *r, uint64_t tail, struct out *o)
{
	size_t from = tail & (r->size - 1), first = r->size - from;
	const struct perf_event_header *h = (const void *)(r->data + from);
	size_t size = h->size;
	char *to = out_room(o, size);

	if (size <= first) {
		memcpy(to, h, size);
	} else {
		memcpy(to, h, first);
		memcpy(to + first, r->data, size - first);
	}
	h = (const void *)to;
	if (h->type == PERF_RECORD_SAMPLE)
		o->samples++;
	if (h->type == PERF_RECORD_LOST)
		o->lost += ((const uint64_t *)(const void *)to)[2];
}

/* Copies out each record there is; returns how many samples. */
static inline uint64_t raw_drain(struct raw_ring *r, struct out *o)
{
	uint64_t head = __atomic_load_n(&r->head->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->head->data_tail, before = o->samples;

	while (tail < head) {
		const struct perf_event_header *h =
			(const void *)(r->data + (tail & (r->size - 1)));
		size_t size = h->size;

		raw_take(r, tail, o);
		tail += size;
	}
	__atomic_store_n(&r->head->data_tail, tail, __ATOMIC_RELEASE);
	return o->samples - before;
}

#endif /* PFM_BENCH_RAW_PERF_H */
