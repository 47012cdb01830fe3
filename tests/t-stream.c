/* SPDX-License-Identifier: MIT
 *
 * t-stream.c - pfm_set_sampling() on the perf backend, and samples that come as
 * a stream: descendants on each CPU, call chains, registers, stacks, tasks,
 * weights, losses.  The truth is known from breakpoints, a hit for each call of
 * a function, and from page faults, one for each fresh page.
 */
#include "config.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <pfmcore_fmt.h>
#include <pfmcore_profile.h>

#include "ctx.h"
#include "priv.h"
#include "sampling.h"

#define SW PFM_PMC_SW
#define FAULTS PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS)
#define CLOCK PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK)
#define CALLS \
	PFM_SW_CODE(PERF_TYPE_BREAKPOINT, HW_BREAKPOINT_X | sizeof(long) << 8)
#define NEVER (UINT64_C(1) << 40) /* a period that nothing comes to */

/* A sanitizer's shadow memory faults beside ours: then counts are a bound. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW true
#else
#define SHADOW false
#endif
#define PLAIN __attribute__((noinline, no_sanitize("address", "thread")))

#ifdef __x86_64__
#define REGS (1ull << PERF_REG_X86_SP | 1ull << PERF_REG_X86_IP)
#elif defined(__aarch64__)
#define REGS (1ull << PERF_REG_ARM64_SP | 1ull << PERF_REG_ARM64_PC)
#else
#define REGS 0ull
#endif

static size_t page;
static int cpu_a = -1, cpu_b = -1; /* where children are put; b may be -1 */

PLAIN static void hit(void)
{
	__asm__ volatile("");
}

PLAIN static void hits(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		hit();
}

/* So many fresh pages; each faults when it is touched first. */
static char *reserve(size_t n)
{
	char *mem = mmap(NULL, n * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(mem, n * page, MADV_NOHUGEPAGE);
	return mem;
}

PLAIN static void touch(volatile char *mem, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem[i * page] = 1;
}

/* A process that does what it is told, step by step. */
struct order {
	char what;
	unsigned n;
};
struct actor {
	pid_t pid;
	int go[2], done[2];
};
/* The child, and what it forks. */
static struct actor actors[2];

static uint64_t map_code(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	return p == MAP_FAILED ? 0 : (uint64_t)(uintptr_t)p;
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		_exit(3);
}

static void act(struct actor *a);

/* What it is asked to tell. */
static uint64_t obey(const struct order *o, char **mem)
{
	pid_t pid;

	switch (o->what) {
	case 'p':
		pin(o->n);
		return 0;
	case 'c':
		hits(o->n);
		return 0;
	case 't':
		touch(*mem, o->n);
		*mem += o->n * page;
		return 0;
	case 'f': /* a child that is told, too */
		pid = fork();
		if (pid == 0)
			act(&actors[1]);
		return (uint64_t)pid;
	case 'w':
		return (uint64_t)wait(NULL);
	case 's': /* a short-lived one */
		pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
		return (uint64_t)pid;
	case 'n':
		prctl(PR_SET_NAME, "pfm-renamed");
		return 0;
	case 'm':
		return map_code();
	case 'e':
		execl("/proc/self/exe", "t-stream", "exit", (char *)NULL);
	}
	_exit(2);
}

static void act(struct actor *a)
{
	char *mem = reserve(5000);
	struct order o;
	uint64_t told;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(a->go[1]);
	close(a->done[0]);
	while (read(a->go[0], &o, sizeof(o)) == sizeof(o)) {
		told = obey(&o, &mem);
		if (write(a->done[1], &told, sizeof(told)) != sizeof(told))
			break;
	}
	_exit(0);
}

static void tell_off(int i, char what, unsigned n)
{
	struct order o = { .what = what, .n = n };

	if (write(actors[i].go[1], &o, sizeof(o)) != sizeof(o))
		abort();
}

static uint64_t tell(int i, char what, unsigned n)
{
	uint64_t told;

	tell_off(i, what, n);
	if (read(actors[i].done[0], &told, sizeof(told)) != sizeof(told))
		abort();
	return told;
}

/* The child, on CPU a; what it does first is done before anybody counts. */
static void begin(void)
{
	for (int i = 0; i < 2; i++)
		if (pipe2(actors[i].go, O_CLOEXEC) < 0 ||
		    pipe2(actors[i].done, O_CLOEXEC) < 0)
			abort();
	actors[0].pid = fork();
	if (actors[0].pid == 0) {
		/* Or it would never see the end of its own orders. */
		close(actors[1].done[0]);
		act(&actors[0]);
	}
	tell(0, 'p', (unsigned)cpu_a);
	tell(0, 'c', 1);
	tell(0, 't', 1);
}

static void end(void)
{
	for (int i = 0; i < 2; i++) {
		close(actors[i].go[0]);
		close(actors[i].go[1]);
		close(actors[i].done[0]);
		close(actors[i].done[1]);
	}
	waitpid(actors[0].pid, NULL, 0);
}

/* What a context is made with. */
struct plan {
	const char *fmt;
	uint32_t flags; /* of the context, besides NOPTRACE and SHARED */
	struct pfm_sampling sampling;
	uint64_t code, arg; /* the event */
	uint64_t period;    /* or Hz */
	uint32_t pmd_flags;
};

struct source {
	const struct pfm_smpl_fmt *fmt;
	int fd;
	size_t size, cursor;
	void *buf;
};

static bool program(int fd, const struct plan *p)
{
	pfarg_pmc_t pmcs[2] = {
		{ .reg_num = SW,
		  .reg_value = p->code,
		  .reg_flags = PFM_REGFL_NO_KERNEL },
		{ .reg_num = PFM_PMC_SW_ARG, .reg_value = p->arg },
	};
	pfarg_pmd_t pmd = {
		.reg_num = SW,
		.reg_flags = PFM_REGFL_OVFL_NOTIFY | p->pmd_flags,
		.reg_value = -p->period,
		.reg_short_reset = -p->period,
		.reg_long_reset = -p->period,
	};

	return pfm_write_pmcs(fd, pmcs, p->arg ? 2 : 1) == 0 &&
	       pfm_write_pmds(fd, &pmd, 1) == 0;
}

/* A context that waits to be loaded; fd -1: it could not be made. */
static struct source make(const struct plan *p)
{
	struct source s = { .fmt = pfm_fmt_find(p->fmt ? p->fmt : "raw") };
	struct pfm_ring_arg arg = { .buf_size = 1 << 20 };
	pfarg_ctx_t ctx = { .ctx_flags = p->flags | PFM_FL_NOPTRACE |
					 PFM_FL_SHARED };

	memcpy(ctx.ctx_smpl_buf_id, s.fmt->uuid, sizeof(pfm_uuid_t));
	s.fd = pfm_create_context(&ctx, &arg, sizeof(arg)) == 0 ? ctx.ctx_fd :
								  -1;
	s.size = ctx.ctx_smpl_buf_size;
	if (s.fd >= 0 && pfm_set_backend(s.fd, "perf") == 0 &&
	    pfm_set_sampling(s.fd, &p->sampling) == 0 && program(s.fd, p))
		return s;
	diag("make: %s", pfm_reason());
	return s;
}

/* Loaded and started; else why not here, or a failure. */
static bool start(struct source *s, int target, const char *what)
{
	pfarg_load_t load = { .load_pid = (uint32_t)target };

	if (pfm_load_context(s->fd, &load) == 0) {
		s->buf = pfm_smpl_map(s->fd, s->size);
		return ok(s->buf && pfm_start(s->fd, NULL) == 0, "%s: starts",
			  what);
	}
	if (errno == EACCES || errno == EPERM || errno == ENOSPC ||
	    errno == ENOENT || errno == EOPNOTSUPP)
		skip("%s: %s", what, pfm_reason());
	else
		ok(false, "%s: %s", what, pfm_reason());
	return false;
}

static void drop(struct source *s)
{
	if (s->buf)
		pfm_smpl_unmap(s->buf, s->size);
	close(s->fd);
}

static struct pfm_stats stats(const struct source *s)
{
	struct pfm_stats st = { 0 };

	if (pfm_get_stats(s->fd, &st) != 0)
		diag("stats: %s", pfm_reason());
	return st;
}

static uint64_t counted(const struct source *s)
{
	struct pfm_count c = { .reg_num = SW };

	if (pfm_read_counts(s->fd, &c, 1) != 0)
		diag("read: %s", pfm_reason());
	return c.value;
}

/* The next entry; whatever call it is, a call has the kernel's ring read. */
static bool entry(struct source *s, struct pfm_ovfl *o)
{
	if (s->cursor == 0)
		stats(s);
	return s->fmt->next(s->buf, s->size, &s->cursor, o) == 1;
}

/* Samples at hit() by that thread, 0: by anybody; *others is what else. */
static unsigned count_hits(struct source *s, uint32_t tid, unsigned *others)
{
	struct pfm_ovfl o;
	unsigned n = 0;

	*others = 0;
	s->cursor = 0;
	while (entry(s, &o)) {
		if (!tid || o.tid == tid)
			n += o.ip == (uint64_t)(uintptr_t)hit;
		*others += o.ip != (uint64_t)(uintptr_t)hit;
	}
	return n;
}

static struct plan plan_calls(uint64_t period)
{
	return (struct plan){ .code = CALLS,
			      .arg = (uint64_t)(uintptr_t)hit,
			      .period = period,
			      .sampling.cpu = -1 };
}

static struct plan plan_faults(uint64_t period)
{
	return (struct plan){ .code = FAULTS,
			      .period = period,
			      .sampling.cpu = -1 };
}

/*
 * A context on each of two CPUs, descendants included: each task has an event of
 * its own on each CPU, so a sum of floors.  Two of them never run on one CPU by
 * turns, for the kernel swaps the events of tasks that are alike.
 */
static void test_descendants(void)
{
	struct plan p = plan_calls(7);
	struct source s[2];
	uint32_t child, grandchild;
	unsigned other[2];

	if (cpu_b < 0) {
		skip("descendants on two CPUs: there is one");
		return;
	}
	begin();
	p.flags = PFM_FL_INHERIT;
	p.sampling.cpu = cpu_a;
	s[0] = make(&p);
	p.sampling.cpu = cpu_b;
	s[1] = make(&p);
	child = (uint32_t)actors[0].pid;
	if (!start(&s[0], actors[0].pid, "breakpoints, CPU a") ||
	    !start(&s[1], actors[0].pid, "breakpoints, CPU b"))
		goto out;
	grandchild = (uint32_t)tell(0, 'f', 0);
	tell(1, 'p', (unsigned)cpu_b);
	tell(0, 'c', 1000);
	tell(1, 'c', 500);
	tell_off(1, '!', 0);
	is_u64(tell(0, 'w', 0), grandchild, "the grandchild has exited");
	tell(0, 'p', (unsigned)cpu_b);
	tell(0, 'c', 777);
	pfm_stop(s[0].fd);
	pfm_stop(s[1].fd);
	is_u64(count_hits(&s[0], child, &other[0]), 1000 / 7,
	       "the child on CPU a: its calls there by the period");
	is_u64(count_hits(&s[0], grandchild, &other[0]), 0,
	       "the grandchild was never there");
	is_u64(count_hits(&s[1], child, &other[1]), 777 / 7,
	       "the child on CPU b: with a period of its own");
	is_u64(count_hits(&s[1], grandchild, &other[1]), 500 / 7,
	       "the grandchild on CPU b");
	is_u64(other[0] + other[1], 0, "all are at the function");
	is_u64(counted(&s[0]) + 7, 1000, "the PMD on CPU a counts on");
	is_u64(counted(&s[1]) + 7, 777 + 500, "and on CPU b");
	is_u64(stats(&s[0]).overflows + stats(&s[1]).overflows,
	       1000 / 7 + 777 / 7 + 500 / 7, "the overflows of both");
	is_u64(stats(&s[0]).lost + stats(&s[1]).lost, 0, "and none was lost");
out:
	end();
	drop(&s[0]);
	drop(&s[1]);
}

/* One task on one CPU: as many samples as its count has periods. */
static void test_faults(uint64_t period)
{
	struct plan p = plan_faults(period);
	struct source s;
	struct pfm_ovfl o;
	uint64_t n = 0, odd = 0, count;

	begin();
	p.flags = PFM_FL_INHERIT;
	p.sampling.cpu = cpu_a;
	s = make(&p);
	if (start(&s, actors[0].pid, "page faults")) {
		tell(0, 't', 1000);
		pfm_stop(s.fd);
		count = counted(&s) + period;
		ok(SHADOW ? count >= 1000 : count == 1000,
		   "1000 pages, %" PRIu64 " faults", count);
		for (; entry(&s, &o); n++)
			odd += o.cpu != cpu_a || o.last_reset != -period ||
			       o.weight != 0 || o.pmd != SW ||
			       o.tgid != (uint32_t)actors[0].pid || o.nips ||
			       o.nregs || o.stack_size || o.task;
		is_u64(n, count / period, "every %" PRIu64 ". is a sample",
		       period);
		is_u64(odd, 0, "each with its CPU, its period, its process");
	}
	end();
	drop(&s);
}

/* Where each function goes back to, by the compiler's own account. */
static struct {
	uint64_t leaf, middle, outer;
} back;

#define RETURN_ADDRESS() ((uint64_t)(uintptr_t)__builtin_return_address(0))
/* A function that asks for its frame has a frame pointer. */
#define FRAME() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

PLAIN static void leaf(volatile char *mem)
{
	FRAME();
	back.leaf = RETURN_ADDRESS();
	*mem = 1;
	__asm__ volatile("");
}

PLAIN static void middle(volatile char *mem)
{
	FRAME();
	back.middle = RETURN_ADDRESS();
	leaf(mem);
	__asm__ volatile("");
}

PLAIN static void outer(volatile char *mem)
{
	FRAME();
	back.outer = RETURN_ADDRESS();
	middle(mem);
	__asm__ volatile("");
}

static bool in_leaf(uint64_t ip)
{
	return ip - (uint64_t)(uintptr_t)leaf < 128;
}

/* The sample of the one fault in leaf(). */
static bool leaf_sample(const struct plan *p, struct source *s,
			struct pfm_ovfl *o, const char *what)
{
	char *mem = reserve(1);

	*s = make(p);
	if (!start(s, self_tid(), what))
		return false;
	outer(mem);
	pfm_stop(s->fd);
	munmap(mem, page);
	while (entry(s, o))
		if (in_leaf(o->ip))
			return true;
	ok(false, "%s: the fault is a sample", what);
	return false;
}

static void test_chain(void)
{
	struct plan p = plan_faults(1);
	struct source s;
	struct pfm_ovfl o;

	p.sampling.flags = PFM_SMPL_UCHAIN;
	if (leaf_sample(&p, &s, &o, "call chain")) {
		ok(o.nips > 5, "a chain of %u words", o.nips);
		is_u64(o.ips[0], (uint64_t)PERF_CONTEXT_USER,
		       "it begins with its level");
		is_u64(o.ips[1], o.ip, "then the address itself");
		is_u64(o.ips[2], back.leaf, "back to middle()");
		is_u64(o.ips[3], back.middle, "back to outer()");
		is_u64(o.ips[4], back.outer, "and from outer()");
		ok(!o.nregs && !o.stack_size, "and nothing that was not asked");
	}
	drop(&s);
	p.sampling.max_stack = 3;
	if (leaf_sample(&p, &s, &o, "call chain of 3")) {
		is_u64(o.nips, 4, "the level and 3 addresses");
		is_u64(o.ips[3], back.middle, "the innermost");
	}
	drop(&s);
	p.sampling =
		(struct pfm_sampling){ .cpu = -1, .flags = PFM_SMPL_KCHAIN };
	if (leaf_sample(&p, &s, &o, "call chain in the kernel"))
		is_u64(o.nips, 0, "of an event in user mode there is none");
	drop(&s);
}

static uint64_t pattern_at;

PLAIN static void with_pattern(volatile char *mem)
{
	volatile uint64_t pattern[16];

	FRAME();
	for (uint64_t i = 0; i < 16; i++)
		pattern[i] = 0x70666d0000000000u + i;
	pattern_at = (uint64_t)(uintptr_t)pattern;
	leaf(mem);
	__asm__ volatile("" : : "r"(pattern) : "memory");
}

static void check_stack(const struct pfm_ovfl *o, uint64_t asked)
{
	uint64_t at = pattern_at - o->regs[0], word;
	unsigned same = 0;

	ok(o->stack && o->stack_size > 0 && o->stack_size <= asked,
	   "%" PRIu64 " bytes of stack", o->stack_size);
	if (!ok(at < o->stack_size && o->stack_size - at >= 128,
		"it begins at the stack pointer"))
		return;
	for (uint64_t i = 0; i < 16; i++) {
		memcpy(&word, (const char *)o->stack + at + i * 8, 8);
		same += word == 0x70666d0000000000u + i;
	}
	is_u64(same, 16, "the caller's variables stand where they stood");
}

static void test_stack(void)
{
	struct plan p = plan_faults(1);
	struct source s;
	struct pfm_ovfl o;
	char *mem = reserve(1);
	bool found = false;

	if (!REGS) {
		skip("registers: not known for this processor");
		return;
	}
	p.sampling.regs = REGS;
	p.sampling.stack_size = 1024;
	s = make(&p);
	if (start(&s, self_tid(), "registers and stack")) {
		with_pattern(mem);
		pfm_stop(s.fd);
		while (!found && entry(&s, &o))
			found = in_leaf(o.ip);
		if (ok(found && o.nregs == 2 && o.regs, "two registers")) {
			is_u64(o.regs[1], o.ip, "the second is the address");
			check_stack(&o, 1024);
			is_u64(o.nips, 0, "and no chain, which was not asked");
		}
	}
	drop(&s);
	munmap(mem, page);
}

/* What became of the tasks, one after the other. */
struct told {
	struct pfm_task task;
	char name[256];
};

static struct told tasks[512];
static unsigned ntasks;

static void read_tasks(struct source *s)
{
	struct pfm_ovfl o;

	for (ntasks = 0; ntasks < 512 && entry(s, &o);) {
		if (!o.task)
			continue;
		tasks[ntasks].task = *o.task;
		snprintf(tasks[ntasks].name, sizeof(tasks[0].name), "%s",
			 o.task->name);
		ntasks++;
	}
}

/* The next one of that type and process from *at on. */
static const struct told *find_task(unsigned *at, enum pfm_task_type type,
				    uint64_t pid, const char *name)
{
	for (; *at < ntasks; ++*at) {
		const struct told *t = &tasks[*at];

		if (t->task.type != type || t->task.pid != pid ||
		    (name && strcmp(t->name, name) != 0))
			continue;
		++*at;
		return t;
	}
	return NULL;
}

static void check_map(const struct told *t, uint64_t addr)
{
	struct stat st = { 0 };

	if (stat("/proc/self/exe", &st) != 0)
		diag("no /proc/self/exe");
	is_u64(t->task.addr, addr, "a mapping: its address");
	is_u64(t->task.len, page, "its length");
	is_u64(t->task.offset, 0, "its offset");
	/* Of an overlay the kernel tells the file below. */
	if (t->task.ino != st.st_ino)
		skip("this file system has another inode beneath it");
	else
		is_u64(t->task.ino, st.st_ino, "its inode");
}

/* Of one process, or also of what it forks; all on one CPU, so in order. */
static void check_tasks(pid_t pid, uint64_t grandchild, uint64_t mapped,
			bool inherit)
{
	unsigned at = 0, forked;
	const struct told *t;
	char exe[256] = "";

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		diag("no /proc/self/exe");
	t = find_task(&at, PFM_TASK_COMM, (uint64_t)pid, "pfm-renamed");
	ok(t && t->task.tid == (uint32_t)pid, "the child's new name");
	t = find_task(&at, PFM_TASK_MAP, (uint64_t)pid, exe);
	if (ok(t, "then it maps its code: %s", exe))
		check_map(t, mapped);
	t = find_task(&at, PFM_TASK_FORK, grandchild, NULL);
	ok(t && t->task.ppid == (uint32_t)pid && t->task.ptid == (uint32_t)pid,
	   "then it forks");
	forked = at;
	t = find_task(&at, PFM_TASK_EXIT, grandchild, NULL);
	ok(!t == !inherit, "its child %s",
	   inherit ? "exits" : "is nobody's here");
	if (!t)
		at = forked;
	/* /proc/self/exe is executed: the last part of that. */
	ok(find_task(&at, PFM_TASK_EXEC, (uint64_t)pid, "exe"),
	   "then it executes a program");
	ok(find_task(&at, PFM_TASK_MAP, (uint64_t)pid, exe),
	   "which maps code again");
	ok(find_task(&at, PFM_TASK_EXIT, (uint64_t)pid, NULL), "and exits");
}

static void check_times(void)
{
	uint64_t last = 0, backward = 0, elsewhere = 0;

	for (unsigned i = 0; i < ntasks; i++) {
		backward += tasks[i].task.tstamp < last;
		last = tasks[i].task.tstamp;
		elsewhere += tasks[i].task.cpu != cpu_a;
	}
	is_u64(backward, 0, "in the order of their time");
	is_u64(elsewhere, 0, "all on the CPU they were on");
}

static void test_tasks(bool inherit)
{
	struct plan p = plan_faults(NEVER);
	struct source s;
	uint64_t grandchild, mapped;
	pid_t pid;

	begin();
	pid = actors[0].pid;
	p.sampling.flags = PFM_SMPL_TASKS;
	if (inherit) {
		p.flags = PFM_FL_INHERIT;
		p.sampling.cpu = cpu_a;
	}
	s = make(&p);
	if (start(&s, pid, inherit ? "tasks" : "tasks of one")) {
		tell(0, 'n', 0);
		mapped = tell(0, 'm', 0);
		grandchild = tell(0, 's', 0);
		tell_off(0, 'e', 0);
		waitpid(pid, NULL, 0);
		pfm_stop(s.fd);
		read_tasks(&s);
		check_tasks(pid, grandchild, mapped, inherit);
		check_times();
		is_u64(stats(&s).overflows, 0, "none of them is an overflow");
	}
	end();
	drop(&s);
}

/* Without the flag, and of a format without the hook, there are none. */
static void test_no_tasks(void)
{
	static const char *const fmts[] = { "raw", "ring" };

	for (unsigned i = 0; i < 2; i++) {
		struct plan p = plan_calls(10);
		struct source s;
		unsigned other;

		begin();
		p.fmt = fmts[i];
		p.flags = PFM_FL_INHERIT;
		p.sampling.flags = i ? PFM_SMPL_TASKS : 0;
		p.sampling.cpu = cpu_a;
		s = make(&p);
		if (start(&s, actors[0].pid, fmts[i])) {
			tell(0, 'n', 0);
			tell(0, 's', 0);
			tell(0, 'c', 95);
			pfm_stop(s.fd);
			is_u64(count_hits(&s, 0, &other), 9, "%s: the samples",
			       fmts[i]);
			is_u64(other, 0, "and nothing of tasks");
		}
		end();
		drop(&s);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* In user mode, where the clock is to find it. */
PLAIN static void spin(void)
{
	for (unsigned i = 0; i < 3000000; i++)
		__asm__ volatile("");
}

static void test_freq(void)
{
	struct plan p = { .code = CLOCK,
			  .period = 500,
			  .pmd_flags = PFM_REGFL_FREQ,
			  .sampling.cpu = -1 };
	struct source s = make(&p);
	uint64_t from, used, n = 0, other = 0;
	struct pfm_ovfl o;

	if (start(&s, self_tid(), "500 Hz of cpu-clock")) {
		from = cpu_ns();
		while (cpu_ns() - from < 400000000)
			spin();
		pfm_stop(s.fd);
		used = cpu_ns() - from;
		for (; entry(&s, &o); n++)
			other += o.weight != 2000000;
		is_u64(other, 0, "each of %" PRIu64 " samples is 2 ms", n);
		/* Late timers leave ticks out, as where a host takes its CPU. */
		ok(n > used / 2000000 / 10 && n < used / 2000000 / 5 * 6,
		   "%" PRIu64 " of them in %" PRIu64 " ns of CPU time", n,
		   used);
	}
	drop(&s);
}

/*
 * The kernel chooses the periods, and says with a sample which one it begins
 * (Linux kernel/events/core.c, perf_swevent_set_period): the last is not over.
 */
static void test_freq_faults(void)
{
	struct plan p = { .code = FAULTS,
			  .period = 1000,
			  .pmd_flags = PFM_REGFL_FREQ,
			  .sampling.cpu = -1 };
	uint64_t sum = 0, n = 0, count, last = 0;
	struct pfm_ovfl o;
	struct source s;

	begin();
	s = make(&p);
	if (start(&s, actors[0].pid, "page faults by frequency")) {
		tell(0, 't', 2000);
		pfm_stop(s.fd);
		count = counted(&s) + p.period;
		for (; entry(&s, &o); n++) {
			sum += last;
			last = o.weight;
		}
		ok(count >= 2000, "the PMD counts on: %" PRIu64, count);
		ok(n > 0 && n == stats(&s).samples, "%" PRIu64 " samples", n);
		ok(sum <= count, "%" PRIu64 " of %" PRIu64 " faults in weights",
		   sum, count);
	}
	end();
	drop(&s);
}

/*
 * The context is held, so nobody reads the ring while it is filled many times
 * over: what found no room is told to the last one.
 */
static void lose(bool inherit)
{
	const char *what = inherit ? "a stream" : "a fixed period";
	struct plan p = plan_calls(3);
	struct source s;
	struct pfm_guard g;
	struct pfm_stats st;
	unsigned other;

	begin();
	p.sampling.ring_size = 4096;
	if (inherit) {
		p.flags = PFM_FL_INHERIT;
		p.sampling.cpu = cpu_a;
	}
	s = make(&p);
	if (!start(&s, actors[0].pid, what))
		goto out;
	if (!ok(ctx_enter(s.fd, &g) == 0, "%s: nobody reads", what))
		goto out;
	tell(0, 'c', 1000);
	ctx_leave(&g, 0);
	stats(&s);
	tell(0, 'c', 200);
	pfm_stop(s.fd);
	/* The kernel's own number comes with the count. */
	is_u64(counted(&s), inherit ? 1197 : UINT64_MAX - 2,
	       "%s: all were counted", what);
	st = stats(&s);
	ok(st.lost > 200, "%s: %" PRIu64 " lost", what, st.lost);
	is_u64(st.samples + st.lost, 400,
	       "%s: samples and lost ones are the overflows", what);
	is_u64(count_hits(&s, 0, &other), st.samples,
	       "%s: the samples are in the buffer", what);
	is_u64(other, 0, "%s: at the function", what);
out:
	end();
	drop(&s);
}

static const struct {
	int line;
	struct pfm_sampling want;
	int err; /* 0: taken */
} asks[] = {
	{ __LINE__, { .cpu = -1 }, 0 },
	{ __LINE__,
	  { .cpu = -1,
	    .flags = PFM_SMPL_UCHAIN | PFM_SMPL_KCHAIN | PFM_SMPL_TASKS },
	  0 },
	{ __LINE__, { .cpu = -1, .flags = 0x8 }, EINVAL },
	{ __LINE__, { .cpu = -1, .flags = 0x80000000u }, EINVAL },
	{ __LINE__, { .cpu = -1, .reserved = { 1 } }, EINVAL },
	{ __LINE__, { .cpu = -1, .reserved = { 0, 0, 0, 1 } }, EINVAL },
	{ __LINE__, { .cpu = -1, .stack_size = 8 }, 0 },
	{ __LINE__, { .cpu = -1, .stack_size = 65528 }, 0 },
	{ __LINE__, { .cpu = -1, .stack_size = 65536 }, EINVAL },
	{ __LINE__, { .cpu = -1, .stack_size = 1 }, EINVAL },
	{ __LINE__, { .cpu = -1, .stack_size = 1020 }, EINVAL },
	{ __LINE__, { .cpu = -1, .max_stack = 65535 }, 0 },
	{ __LINE__, { .cpu = -1, .max_stack = 65536 }, EINVAL },
	{ __LINE__, { .cpu = -1, .ring_size = UINT64_MAX }, EINVAL },
};

static void test_errors(void)
{
	struct plan p = plan_faults(NEVER);
	struct source s = make(&p);
	pfarg_load_t load = { .load_pid = (uint32_t)self_tid() };

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		int ret = pfm_set_sampling(s.fd, &asks[i].want);

		is_i64(ret == 0 ? 0 : errno, asks[i].err, "line %d: %s",
		       asks[i].line, asks[i].err ? pfm_reason() : "is taken");
	}
	ok(pfm_set_sampling(s.fd, NULL) == -1 && errno == EFAULT,
	   "no argument: %s", pfm_reason());
	ok(pfm_set_sampling(-1, &p.sampling) == -1 && errno == EBADF,
	   "no context: %s", pfm_reason());
	pfm_set_sampling(s.fd, &p.sampling);
	if (start(&s, self_tid(), "a context that is loaded")) {
		ok(pfm_set_sampling(s.fd, &p.sampling) == -1 && errno == EBUSY,
		   "is not to be changed: %s", pfm_reason());
		pfm_unload_context(s.fd);
		is_i64(pfm_set_sampling(s.fd, &p.sampling), 0,
		       "unloaded it is");
	}
	drop(&s);
	p.flags = PFM_FL_INHERIT;
	s = make(&p);
	ok(pfm_load_context(s.fd, &load) == -1 && errno == EINVAL,
	   "descendants anywhere cannot overflow");
	if (!ok(strstr(pfm_reason(), "pfm_set_sampling"), "and what to do"))
		diag("%s", pfm_reason());
	drop(&s);
	p.sampling.cpu = 4095;
	s = make(&p);
	ok(pfm_load_context(s.fd, &load) == -1 &&
		   strstr(pfm_reason(), "CPU 4095"),
	   "a CPU that is not there: %s", pfm_reason());
	drop(&s);
}

/* Two of the CPUs that this process may be on. */
static void choose_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE && cpu_b < 0; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		if (cpu_a < 0)
			cpu_a = i;
		else
			cpu_b = i;
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	page = (size_t)sysconf(_SC_PAGESIZE);
	choose_cpus();
	smpl_register_builtin();
	test_errors();
	test_descendants();
	test_faults(1);
	test_faults(7);
	test_chain();
	test_stack();
	test_tasks(true);
	test_tasks(false);
	test_no_tasks();
	test_freq();
	test_freq_faults();
	lose(true);
	lose(false);
	return done_testing();
}
