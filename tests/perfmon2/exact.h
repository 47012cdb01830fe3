/* SPDX-License-Identifier: MIT
 *
 * exact.h - events whose number is known, for the tests of overflows, samples
 * and event sets: a breakpoint for each call of a function, a page fault for
 * each fresh page.  And what these tests do with a context, again and again.
 */
#ifndef PFM_TEST_EXACT_H
#define PFM_TEST_EXACT_H

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <pfmcore.h>

#include "pfm2.h"

#pragma GCC diagnostic ignored "-Wunused-function"

/* PMC and PMD i of these tests are software registers SW + i. */
#define SW PFM_PMC_SW
#define FAULTS PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS)
#define CALLS \
	PFM_SW_CODE(PERF_TYPE_BREAKPOINT, HW_BREAKPOINT_X | sizeof(long) << 8)

/* No wait of a test is longer than this, and none is shorter for a reason. */
#define PATIENCE_MS 60000

/* A sanitizer's own faults and calls would be counted, too. */
#define UNTOUCHED __attribute__((noinline, no_sanitize("address", "thread")))

UNTOUCHED static void f(void)
{
	__asm__ volatile("");
}

UNTOUCHED static void g(void)
{
	__asm__ volatile("nop");
}

UNTOUCHED static void h(void)
{
	__asm__ volatile("nop\n\tnop");
}

UNTOUCHED static void call(void (*fn)(void), unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fn();
}

static inline size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* So many fresh pages; each faults when it is touched first. */
static char *reserve(size_t n)
{
	char *mem = mmap(NULL, n * page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(mem, n * page_size(), MADV_NOHUGEPAGE);
	return mem;
}

UNTOUCHED static void touch_with(volatile char *mem, size_t n, size_t page)
{
	for (size_t i = 0; i < n; i++)
		mem[i * page] = 1;
}

/* Returns what comes after the pages touched. */
static char *touch(char *mem, size_t n)
{
	touch_with(mem, n, page_size());
	return mem + n * page_size();
}

/* Is ip in that function? None of ours is longer, nor are two so close. */
static bool ip_in_touch(uint64_t ip)
{
	return ip - (uint64_t)(uintptr_t)touch_with < 96;
}

static inline int tid(void)
{
	return (int)syscall(SYS_gettid);
}

static int context(uint32_t flags)
{
	pfarg_ctx_t ctx = { .ctx_flags = flags };

	if (!EXPECT(pfm_create_context(&ctx, NULL, 0) == 0))
		give_up();
	return ctx.ctx_fd;
}

/* PMC i of the set counts calls of fn, or the faults of user mode. */
static void on_calls(int fd, unsigned i, unsigned set, void (*fn)(void))
{
	pfarg_pmc_t pmcs[2] = {
		{ .reg_num = (uint16_t)(SW + i),
		  .reg_set = (uint16_t)set,
		  .reg_flags = PFM_REGFL_NO_KERNEL,
		  .reg_value = CALLS },
		{ .reg_num = (uint16_t)(PFM_PMC_SW_ARG + i),
		  .reg_set = (uint16_t)set,
		  .reg_value = (uint64_t)(uintptr_t)fn },
	};

	EXPECT(pfm_write_pmcs(fd, pmcs, 2) == 0);
}

static void on_faults(int fd, unsigned i, unsigned set)
{
	pfarg_pmc_t pmc = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set,
			    .reg_flags = PFM_REGFL_NO_KERNEL,
			    .reg_value = FAULTS };

	EXPECT(pfm_write_pmcs(fd, &pmc, 1) == 0);
}

/* PMD i of set 0, overflowing every so many events, with NOTIFY. */
static pfarg_pmd_t every(unsigned i, uint64_t period)
{
	return (pfarg_pmd_t){ .reg_num = (uint16_t)(SW + i),
			      .reg_flags = PFM_REGFL_OVFL_NOTIFY,
			      .reg_value = -period,
			      .reg_long_reset = -period,
			      .reg_short_reset = -period };
}

/* The same in another set, which asks for no message. */
static pfarg_pmd_t quietly(unsigned i, unsigned set, uint64_t period)
{
	pfarg_pmd_t pmd = every(i, period);

	pmd.reg_set = (uint16_t)set;
	pmd.reg_flags = 0;
	return pmd;
}

static void set_bit(uint64_t *bv, unsigned i)
{
	bv[(SW + i) / 64] |= UINT64_C(1) << (SW + i) % 64;
}

static bool has_bit(const uint64_t *bv, unsigned i)
{
	return bv[(SW + i) / 64] >> (SW + i) % 64 & 1;
}

static void put(int fd, const pfarg_pmd_t *pmd)
{
	pfarg_pmd_t copy = *pmd;

	EXPECT(pfm_write_pmds(fd, &copy, 1) == 0);
}

static void plain(int fd, unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	put(fd, &pmd);
}

static pfarg_pmd_t get(int fd, unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	EXPECT(pfm_read_pmds(fd, &pmd, 1) == 0);
	return pmd;
}

static uint64_t value(int fd, unsigned i, unsigned set)
{
	return get(fd, i, set).reg_value;
}

/* Loaded, or this behaviour is skipped where it cannot be had. */
static void load_set(int fd, int target, unsigned set)
{
	pfarg_load_t req = { .load_pid = (uint32_t)target,
			     .load_set = (uint16_t)set };

	if (pfm_load_context(fd, &req) == 0)
		return;
	if (errno == EACCES || errno == EPERM || errno == ENOSPC ||
	    errno == ENOENT || errno == EOPNOTSUPP)
		SKIP("%s", pfm_reason());
	EXPECT(!"load");
	give_up();
}

static void load(int fd, int target)
{
	load_set(fd, target, 0);
}

static void load_and_start(int fd)
{
	load(fd, tid());
	EXPECT(pfm_start(fd, NULL) == 0);
}

/* Any call on a context handles what there is: afterwards it is handled. */
static struct pfm_stats stats(int fd)
{
	struct pfm_stats s = { 0 };

	EXPECT(pfm_get_stats(fd, &s) == 0);
	return s;
}

static pfarg_setinfo_t info(int fd, unsigned set)
{
	pfarg_setinfo_t i = { .set_id = (uint16_t)set };

	EXPECT(pfm_getinfo_evtsets(fd, &i, 1) == 0);
	return i;
}

/* Masked is what a start is refused for. */
static bool is_masked(int fd)
{
	return pfm_start(fd, NULL) == -1 && errno == EINVAL;
}

static bool is_silent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* The next message, of which it waits for; type 0: none came. */
static pfm_msg_t message(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	pfm_msg_t msg = { 0 };

	if (!EXPECT(poll(&p, 1, PATIENCE_MS) == 1) ||
	    !EXPECT(read(fd, &msg, sizeof(msg)) == sizeof(msg)))
		give_up();
	return msg;
}

/*
 * A thread that does what it is told and nothing besides, so that not even a
 * page fault of its own is counted.  One for each process.
 */
static struct worker {
	pthread_t thread;
	int tid, go[2], done[2];
	void (*fn)(void); /* NULL: fresh pages */
	unsigned n;
	char *mem;
} worker;

UNTOUCHED static void *worker_main(void *arg)
{
	struct worker *w = arg;
	size_t page = page_size();
	char byte = 0;

	w->tid = tid();
	while (syscall(SYS_write, w->done[1], &byte, 1) == 1 &&
	       syscall(SYS_read, w->go[0], &byte, 1) == 1) {
		if (w->fn) {
			call(w->fn, w->n);
		} else {
			touch_with(w->mem, w->n, page);
			w->mem += w->n * page;
		}
	}
	return NULL;
}

static void worker_wait(void)
{
	char byte;

	if (!EXPECT(syscall(SYS_read, worker.done[0], &byte, 1) == 1))
		give_up();
}

static void worker_start(void)
{
	worker.mem = reserve(100000);
	if (pipe(worker.go) < 0 || pipe(worker.done) < 0 ||
	    pthread_create(&worker.thread, NULL, worker_main, &worker) != 0)
		give_up();
	worker_wait();
}

/* n calls of fn, or as many faults; begun, or done when it returns. */
static void worker_begin(void (*fn)(void), unsigned n)
{
	char byte = 0;

	worker.fn = fn;
	worker.n = n;
	if (!EXPECT(syscall(SYS_write, worker.go[1], &byte, 1) == 1))
		give_up();
}

static void work(void (*fn)(void), unsigned n)
{
	worker_begin(fn, n);
	worker_wait();
}

/* It exits. */
static void worker_end(void)
{
	close(worker.go[1]);
	pthread_join(worker.thread, NULL);
}

/* State of a thread, as ps(1) shows it. */
static char state_of(int id)
{
	char path[64], text[512] = "", *p;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", id);
	file = fopen(path, "re");
	if (!file)
		return '?';
	p = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	return p ? p[2] : '?';
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif /* PFM_TEST_EXACT_H */
