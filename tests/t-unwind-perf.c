/* SPDX-License-Identifier: MIT
 *
 * t-unwind-perf.c - walks over what the kernel copies at a sample, of a page
 * fault and of a breakpoint; against the kernel's own chain of frame pointers.
 */
#include "config.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "tap.h"
#include "unwind-self.h"
#include "unwind-work.h"

enum { RING = 64, STACK = 8 << 10, FRAMES = 64, PAGES = 12 };

static struct self self;
static struct unwind_space *space;
static uint8_t record[64 << 10];

/* A sample, as it lies in the record. */
struct sampled {
	uint64_t ip, nchain;
	const uint64_t *chain, *regs;
	const uint8_t *stack;
	uint64_t stack_size;
};

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
	size_t size;
};

static bool ring_open(struct ring *r, uint32_t type, uint64_t config,
		      uint64_t address)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = type,
		.config = config,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_CALLCHAIN |
			       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.sample_regs_user = unwind_regs_mask,
		.sample_stack_user = STACK,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.exclude_callchain_kernel = 1,
	};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (type == PERF_TYPE_BREAKPOINT) {
		attr.bp_type = HW_BREAKPOINT_X;
		attr.bp_addr = address;
		attr.bp_len = sizeof(long);
	}
	r->fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			     PERF_FLAG_FD_CLOEXEC);
	if (r->fd < 0)
		return false;
	r->size = (RING + 1) * page;
	r->page = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       0);
	if (r->page != MAP_FAILED)
		return true;
	close(r->fd);
	return false;
}

static void ring_close(struct ring *r)
{
	munmap(r->page, r->size);
	close(r->fd);
}

/* The next record, copied; false: no more. */
static bool ring_next(struct ring *r)
{
	const uint8_t *data = (const uint8_t *)r->page + r->page->data_offset;
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail, mask = r->page->data_size - 1;
	struct perf_event_header h;

	if (tail == head)
		return false;
	for (size_t i = 0; i < sizeof(h); i++)
		record[i] = data[(tail + i) & mask];
	memcpy(&h, record, sizeof(h));
	for (size_t i = 0; i < h.size; i++)
		record[i] = data[(tail + i) & mask];
	__atomic_store_n(&r->page->data_tail, tail + h.size, __ATOMIC_RELEASE);
	return true;
}

/* The next sample; false: no more. */
static bool sample_next(struct ring *r, struct sampled *s)
{
	struct perf_event_header h;
	const uint64_t *w;

	do {
		if (!ring_next(r))
			return false;
		memcpy(&h, record, sizeof(h));
	} while (h.type != PERF_RECORD_SAMPLE);
	w = (const void *)(record + sizeof(h));
	s->ip = *w++;
	s->nchain = *w++;
	s->chain = w;
	w += s->nchain;
	w++; /* the registers' ABI */
	s->regs = w;
	w += __builtin_popcountll(unwind_regs_mask);
	s->stack_size = *w++;
	s->stack = (const uint8_t *)w;
	/* Behind it: how much of it is filled. */
	if (s->stack_size)
		memcpy(&s->stack_size, s->stack + s->stack_size, 8);
	return true;
}

static unsigned walk(const struct sampled *from, enum unwind_method method,
		     uint64_t *ips, bool *complete)
{
	struct unwind_sample s = { .regs = from->regs,
				   .stack = from->stack,
				   .stack_size = from->stack_size,
				   .method = method };

	return unwind_walk(space, &s, ips, FRAMES, complete);
}

/* Without the kernel's marks of where a part starts. */
static const uint64_t *user_chain(const struct sampled *s, unsigned *n)
{
	unsigned from = 0;

	while (from < s->nchain && s->chain[from] >= PERF_CONTEXT_MAX)
		from++;
	*n = (unsigned)s->nchain - from;
	return s->chain + from;
}

/* Frames, from the innermost on, of this program's own code. */
static unsigned own(const uint64_t *ips, unsigned n)
{
	const char *me = self_path(&self, (uint64_t)(uintptr_t)&sample_next);
	unsigned i = 0;

	while (i < n && !strcmp(self_path(&self, ips[i]), me))
		i++;
	return i;
}

static void touch(void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	fp_work.touch(arg, PAGES * page, page);
	__asm__ volatile("" ::: "memory");
}

static void test_faults(void)
{
	struct ring r;
	struct sampled s;
	uint64_t ips[FRAMES];
	unsigned n, nchain, samples = 0, differ = 0, incomplete = 0;
	size_t size = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	void *fresh;

	if (!ring_open(&r, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 0)) {
		skip("page faults cannot be sampled: %s", strerror(errno));
		return;
	}
	fresh = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(fresh, size, MADV_NOHUGEPAGE);
	ioctl(r.fd, PERF_EVENT_IOC_ENABLE, 0);
	fp_work.recurse(20, touch, fresh);
	ioctl(r.fd, PERF_EVENT_IOC_DISABLE, 0);
	while (sample_next(&r, &s)) {
		const uint64_t *chain = user_chain(&s, &nchain);
		bool complete;

		/* Faults elsewhere may be where no frame pointer is yet. */
		if (s.ip - (uint64_t)(uintptr_t)fp_work.touch > 256)
			continue;
		n = walk(&s, UNWIND_DWARF, ips, &complete);
		samples += own(ips, n) >= 24;
		incomplete += !complete;
		differ += own(ips, n) > nchain ||
			  memcmp(ips, chain, own(ips, n) * sizeof(*ips)) != 0;
	}
	ok(samples >= PAGES, "page faults: one a page, behind 20 calls");
	is_u64(differ, 0, "page faults: frames as by the kernel");
	is_u64(incomplete, 0, "page faults: complete");
	munmap(fresh, size);
	ring_close(&r);
}

static volatile unsigned long sink;

static void call_leaf(void *arg)
{
	(void)arg;
	sink = fp_work.leaf(1, 2);
	__asm__ volatile("" ::: "memory");
}

/* The first instruction: the caller is known to the tables alone. */
static void test_leaf(void)
{
	uint64_t leaf = (uint64_t)(uintptr_t)fp_work.leaf;
	uint64_t ips[FRAMES], by_fp[FRAMES];
	struct ring r;
	struct sampled s;
	bool complete, complete_fp;
	unsigned n, nfp;

	if (!ring_open(&r, PERF_TYPE_BREAKPOINT, 0, leaf)) {
		skip("no breakpoint can be set: %s", strerror(errno));
		return;
	}
	ioctl(r.fd, PERF_EVENT_IOC_ENABLE, 0);
	fp_work.recurse(5, call_leaf, NULL);
	ioctl(r.fd, PERF_EVENT_IOC_DISABLE, 0);
	if (!sample_next(&r, &s)) {
		skip("a breakpoint gives no sample here");
		ring_close(&r);
		return;
	}
	n = walk(&s, UNWIND_AUTO, ips, &complete);
	ok(ips[0] == leaf && s.ip == leaf, "a leaf's first instruction");
	ok(complete && n > 9, "a leaf's first instruction: complete");
	nfp = walk(&s, UNWIND_FP, by_fp, &complete_fp);
	ok(nfp > 6 && by_fp[1] == ips[2] && by_fp[5] == ips[6],
	   "frame pointers alone miss its caller, and no other");
	is_u64(ips[1] > (uint64_t)(uintptr_t)call_leaf &&
		       ips[1] < (uint64_t)(uintptr_t)call_leaf + 256,
	       true, "its caller is there");
	ring_close(&r);
}

int main(void)
{
	self_maps(&self);
	space = unwind_space_new(self_find, &self);
	test_faults();
	test_leaf();
	unwind_space_free(space);
	self_free(&self);
	return done_testing();
}
