/* SPDX-License-Identifier: MIT
 *
 * t-perf.c - the perf backend against a kernel that refuses: this program's own
 * syscall() stands before perf_event_open(2) and gives the answer a row asks
 * for.  What the real kernel counts is t-exact.c's business.
 */
#include "config.h"

#include <dlfcn.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perf-open.h"
#include "ctx.h"
#include "priv.h"
#include "tap.h"

#define SW PFM_PMC_SW

/* What perf_event_open(2) is to do. */
static struct {
	int err;            /* fail with this ... */
	unsigned from;      /* ... from this call on */
	bool no_group_read; /* an old kernel: not with inherit */
	unsigned calls;
} kernel;

long syscall(long number, ...)
{
	long (*real)(long, ...);
	const struct perf_event_attr *attr;
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	if (number != SYS_perf_event_open)
		return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	attr = (const void *)a[0];
	if (kernel.err && kernel.calls++ >= kernel.from) {
		errno = kernel.err;
		return -1;
	}
	if (kernel.no_group_read && attr->inherit &&
	    attr->read_format & PERF_FORMAT_GROUP) {
		errno = EINVAL;
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void kernel_is(int err, unsigned from)
{
	kernel.err = err;
	kernel.from = from;
	kernel.calls = 0;
	kernel.no_group_read = false;
}

/* A context on the caller with n counters of page faults. */
static int counting(uint32_t flags, unsigned n, uint64_t code)
{
	int fd = create(flags);

	for (unsigned i = 0; i < n; i++) {
		pfarg_pmc_t pmc = { .reg_num = (uint16_t)(SW + i),
				    .reg_value = code,
				    .reg_flags = PFM_REGFL_NO_KERNEL };
		pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i) };

		pfm_write_pmcs(fd, &pmc, 1);
		pfm_write_pmds(fd, &pmd, 1);
	}
	return fd;
}

static int load(int fd)
{
	pfarg_load_t arg = { .load_pid = (uint32_t)self_tid() };

	return pfm_load_context(fd, &arg) == -1 ? errno : 0;
}

#define FAULTS PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS)
#define CYCLES PFM_SW_CODE(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES)
#define TRACE PFM_SW_CODE(PERF_TYPE_TRACEPOINT, 1)
#define UNCORE PFM_SW_CODE(77, 1)

static const struct {
	int line;
	int err;
	unsigned from;
	uint64_t code;
	const char *says;
} refusals[] = {
	{ __LINE__, EACCES, 0, FAULTS, "kernel.perf_event_paranoid=1" },
	{ __LINE__, EACCES, 0, TRACE, "kernel.perf_event_paranoid=-1" },
	{ __LINE__, EPERM, 0, FAULTS, "seccomp" },
	{ __LINE__, ENOENT, 0, CYCLES, "PMU" },
	{ __LINE__, ENOENT, 0, FAULTS, "no such event" },
	{ __LINE__, EOPNOTSUPP, 0, CYCLES, "PMU" },
	{ __LINE__, ENODEV, 0, FAULTS, "no such event" },
	{ __LINE__, EINVAL, 0, FAULTS, "refuses the event" },
	{ __LINE__, EINVAL, 0, UNCORE, "whole CPUs only" },
	{ __LINE__, EINVAL, 1, FAULTS, "too few counters" },
	{ __LINE__, ENOSPC, 0, FAULTS, "breakpoint register" },
	{ __LINE__, EBUSY, 0, FAULTS, "exclusively" },
	{ __LINE__, ESRCH, 0, FAULTS, "exited" },
	{ __LINE__, EMFILE, 1, FAULTS, "ulimit -n" },
	{ __LINE__, E2BIG, 0, FAULTS, "Argument list too long" },
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		int fd = counting(PFM_FL_SHARED, 3, refusals[i].code);
		unsigned before = nfds();

		kernel_is(refusals[i].err, refusals[i].from);
		is_i64(load(fd), refusals[i].err, "line %d: the kernel's errno",
		       refusals[i].line);
		kernel_is(0, 0);
		ok(strstr(pfm_reason(), "pmc25") &&
			   strstr(pfm_reason(), refusals[i].says),
		   "%s", pfm_reason());
		ok(nfds() <= before, "nothing is left open");
		close(fd);
	}
}

/* Refused while it counts: the old programming is gone, the values stay. */
static void test_refused_write(void)
{
	int fd = counting(PFM_FL_SHARED, 1, FAULTS);
	pfarg_pmc_t pmc = { .reg_num = SW, .reg_value = CYCLES };
	pfarg_pmd_t pmd = { .reg_num = SW };

	is_i64(load(fd), 0, "loaded");
	pfm_start(fd, NULL);
	kernel_is(ENOENT, 0);
	ok(pfm_write_pmcs(fd, &pmc, 1) == -1 && errno == ENOENT,
	   "a write that the kernel refuses: %s", pfm_reason());
	kernel_is(0, 0);
	is_i64(pfm_read_pmds(fd, &pmd, 1), 0, "the value can be read");
	pmc.reg_value = FAULTS;
	pmc.reg_flags = PFM_REGFL_NO_KERNEL;
	is_i64(pfm_write_pmcs(fd, &pmc, 1), 0, "and the event changed back");
	close(fd);
}

/* An older kernel: inherited events are read one by one. */
static void test_single_reads(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = counting(PFM_FL_SHARED | PFM_FL_INHERIT, 3, FAULTS);
	struct pfm_count c[3] = { { .reg_num = SW },
				  { .reg_num = SW + 1 },
				  { .reg_num = SW + 2 } };
	uint64_t before[3];
	volatile char *mem;

	mem = mmap(NULL, 50 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise((void *)mem, 50 * page, MADV_NOHUGEPAGE);
	kernel.no_group_read = true;
	is_i64(load(fd), 0, "a kernel without inherited group reads");
	kernel.no_group_read = false;
	pfm_start(fd, NULL);
	pfm_read_counts(fd, c, 3);
	for (int i = 0; i < 3; i++)
		before[i] = c[i].value;
	for (int i = 0; i < 50; i++)
		mem[(size_t)i * page] = 1;
	is_i64(pfm_read_counts(fd, c, 3), 0, "each event is read");
	for (int i = 0; i < 3; i++)
		ok(c[i].value - before[i] >= 50 && c[i].running_ns > 0,
		   "event %d counted %" PRIu64, i, c[i].value - before[i]);
	close(fd);
}

/* Event select of x86 to the kernel's attribute. */
static void test_attributes(void)
{
	static struct pfm_set set;
	struct perf_event_attr attr;

	set.pmcs[0] = 0x5301c2; /* enable, interrupt, OS, USR; c2/01 */
	set.pmcs[PFM_PMC_HW_ARG] = 0x3f;
	perf_attr_of_pmc(&attr, &set, 0);
	ok(attr.type == PERF_TYPE_RAW && attr.config == 0x01c2 &&
		   attr.config1 == 0x3f && !attr.exclude_user &&
		   !attr.exclude_kernel,
	   "a raw event at both levels, with its extra word");
	set.pmcs[0] = 0x4201c2;
	perf_attr_of_pmc(&attr, &set, 0);
	ok(attr.exclude_user && !attr.exclude_kernel, "OS alone");
	ok(perf_pmc_enabled(&set, 0), "the enable bit is set");
	set.pmcs[0] = 0x0301c2;
	ok(!perf_pmc_enabled(&set, 0), "without it nothing counts");
	set.pmcs[0] = UINT64_C(0x1004c01d4);
	perf_attr_of_pmc(&attr, &set, 0);
	is_u64(attr.config, UINT64_C(0x1000c01d4),
	       "high event bits and edge stay");
	set.pmcs[SW + 1] =
		PFM_SW_CODE(PERF_TYPE_BREAKPOINT, HW_BREAKPOINT_W | 8 << 8);
	set.pmcs[PFM_PMC_SW_ARG + 1] = 0x404040;
	set.pmc_flags[SW + 1] = PFM_REGFL_NO_KERNEL | PFM_REGFL_NO_HV;
	perf_attr_of_pmc(&attr, &set, SW + 1);
	ok(attr.type == PERF_TYPE_BREAKPOINT &&
		   attr.bp_type == HW_BREAKPOINT_W && attr.bp_len == 8 &&
		   attr.bp_addr == 0x404040 && attr.exclude_kernel &&
		   attr.exclude_hv && !attr.exclude_user,
	   "a breakpoint");
}

int main(void)
{
	test_attributes();
	test_refusals();
	test_refused_write();
	test_single_reads();
	return done_testing();
}
