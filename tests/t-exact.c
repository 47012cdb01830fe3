/* SPDX-License-Identifier: MIT
 *
 * t-exact.c - what the 12 calls count, where the truth is known: a fault for
 * each fresh page, a breakpoint for each call of a function, a switch for each
 * message through a pipe.
 */
#include "config.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "priv.h"
#include "tap.h"

#define SW PFM_PMC_SW

static size_t page_size;

/*
 * A sanitizer's shadow memory faults beside ours, so there the counts only have
 * a lower bound.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW true
#else
#define SHADOW false
#endif
#define same(got, want) (SHADOW ? (got) >= (want) : (got) == (want))
#define is_faults(got, want, ...) \
	TAP_IS(uint64_t, PRIu64, same(got_, want_), got, want, __VA_ARGS__)

/* n page faults by the caller, in user mode, and none besides. */
static char *reserve(size_t n)
{
	char *mem = mmap(NULL, n * page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(mem, n * page_size, MADV_NOHUGEPAGE);
	return mem;
}

static void touch(volatile char *mem, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem[i * page_size] = 1;
}

static void program(int fd, unsigned i, unsigned set, uint64_t code)
{
	pfarg_pmc_t pmc = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set,
			    .reg_value = code,
			    .reg_flags = PFM_REGFL_NO_KERNEL };
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	if (pfm_write_pmcs(fd, &pmc, 1) || pfm_write_pmds(fd, &pmd, 1))
		diag("program: %s", pfm_reason());
}

static void faults(int fd)
{
	program(fd, 0, 0,
		PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
}

static bool load(int fd, int tid)
{
	pfarg_load_t arg = { .load_pid = (uint32_t)tid };

	return pfm_load_context(fd, &arg) == 0 ||
	       diag("load: %s", pfm_reason());
}

/* Load, or say why it cannot be done here; what is no such reason has failed. */
static bool may_load(int fd, int target, const char *what)
{
	pfarg_load_t arg = { .load_pid = (uint32_t)target };

	if (pfm_load_context(fd, &arg) == 0)
		return true;
	if (errno == EACCES || errno == EPERM || errno == ENOSPC ||
	    errno == ENOENT || errno == EOPNOTSUPP)
		skip("%s: %s", what, pfm_reason());
	else
		ok(false, "%s: %s", what, pfm_reason());
	close(fd);
	return false;
}

static uint64_t value_of(int fd, unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	if (pfm_read_pmds(fd, &pmd, 1) == -1)
		diag("read: %s", pfm_reason());
	return pmd.reg_value;
}

static void set_value(int fd, uint64_t value)
{
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_value = value };

	if (pfm_write_pmds(fd, &pmd, 1) == -1)
		diag("write: %s", pfm_reason());
}

static void test_self(void)
{
	char *mem = reserve(1000);
	int fd = create(0);

	faults(fd);
	load(fd, self_tid());
	touch(mem, 10);
	is_u64(value_of(fd, 0, 0), 0, "load does not start");
	pfm_start(fd, NULL);
	touch(mem + 10 * page_size, 100);
	is_faults(value_of(fd, 0, 0), 100, "100 pages, read while counting");
	touch(mem + 110 * page_size, 23);
	pfm_stop(fd);
	touch(mem + 133 * page_size, 50);
	is_faults(value_of(fd, 0, 0), 123, "stopped, the count stays");
	pfm_start(fd, NULL);
	touch(mem + 183 * page_size, 7);
	is_faults(value_of(fd, 0, 0), 130, "start goes on from it");
	set_value(fd, 0);
	touch(mem + 190 * page_size, 5);
	is_faults(value_of(fd, 0, 0), 5, "reset while counting");
	set_value(fd, UINT64_C(0xffffffffffffffff));
	touch(mem + 195 * page_size, 3);
	is_u64(value_of(fd, 0, 0), 0,
	       "the count is 64 bits wide, and a wrap is its end");
	set_value(fd, 2);
	pfm_unload_context(fd);
	is_u64(value_of(fd, 0, 0), 2, "unloaded, the value stays");
	load(fd, self_tid());
	pfm_start(fd, NULL);
	touch(mem + 198 * page_size, 4);
	is_faults(value_of(fd, 0, 0), 6, "loaded again, it goes on");
	close(fd);
	munmap(mem, 1000 * page_size);
}

/* A new PMC value takes effect at once, the count goes on. */
static void test_reprogram(void)
{
	char *mem = reserve(100);
	int fd = create(0);
	pfarg_pmc_t pmc = { .reg_num = SW,
			    .reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
						     PERF_COUNT_SW_DUMMY),
			    .reg_flags = PFM_REGFL_NO_KERNEL };

	load(fd, self_tid());
	faults(fd);
	pfm_start(fd, NULL);
	touch(mem, 10);
	is_faults(value_of(fd, 0, 0), 10, "programmed after the load");
	pfm_write_pmcs(fd, &pmc, 1);
	touch(mem + 10 * page_size, 10);
	is_faults(value_of(fd, 0, 0), 10, "another event while counting");
	faults(fd);
	touch(mem + 20 * page_size, 7);
	is_faults(value_of(fd, 0, 0), 7, "and back");
	close(fd);
	munmap(mem, 100 * page_size);
}

static void test_sets(void)
{
	char *mem = reserve(100);
	pfarg_setdesc_t desc = { .set_id = 3 };
	pfarg_start_t three = { .start_set = 3 }, zero = { .start_set = 0 };
	int fd = create(0);

	pfm_create_evtsets(fd, &desc, 1);
	faults(fd);
	program(fd, 0, 3,
		PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
	load(fd, self_tid());
	pfm_start(fd, NULL);
	touch(mem, 10);
	pfm_start(fd, &three);
	touch(mem + 10 * page_size, 20);
	pfm_start(fd, &zero);
	touch(mem + 30 * page_size, 5);
	pfm_stop(fd);
	is_faults(value_of(fd, 0, 0), 15, "set 0 counted while it was active");
	is_faults(value_of(fd, 0, 3), 20, "set 3 counted while it was active");
	close(fd);
	munmap(mem, 100 * page_size);
}

__attribute__((noinline)) static void called(void)
{
	__asm__ volatile("");
}

static void test_breakpoint(void)
{
	pfarg_pmc_t pmcs[2] = {
		{ .reg_num = SW,
		  .reg_value = PFM_SW_CODE(PERF_TYPE_BREAKPOINT,
					   HW_BREAKPOINT_X | sizeof(long) << 8),
		  .reg_flags = PFM_REGFL_NO_KERNEL },
		{ .reg_num = PFM_PMC_SW_ARG,
		  .reg_value = (uint64_t)(uintptr_t)called },
	};
	pfarg_pmd_t pmd = { .reg_num = SW };
	int fd = create(0);

	pfm_write_pmcs(fd, pmcs, 2);
	pfm_write_pmds(fd, &pmd, 1);
	if (!may_load(fd, self_tid(), "breakpoints"))
		return;
	pfm_start(fd, NULL);
	for (int i = 0; i < 12345; i++)
		called();
	pfm_stop(fd);
	is_u64(value_of(fd, 0, 0), 12345, "12345 calls of a function");
	close(fd);
}

/*
 * A child that touches some pages each time it is told to, says so, and exits
 * when nobody tells it any more.  The first phase of a child is for the faults
 * of its stack, its code and its pipes, which nobody can foretell.
 */
struct child {
	pid_t pid;
	int go[2], done[2];
};

struct phases {
	unsigned forks;  /* by how many processes, 0: by the child itself */
	size_t pages[2]; /* each of them touches in each phase */
};
static const struct phases itself = { 0, { 1, 500 } };
static const struct phases many = { 1000, { 0, 5 } };

/*
 * Vforked, not forked: whether the parent or the child faults on a page they
 * share after a fork depends on who runs first.
 */
__attribute__((noinline)) static void touch_apart(char *mem, size_t pages)
{
	if (vfork() == 0) {
		touch(mem, pages);
		_exit(0);
	}
	wait(NULL);
}

static void touch_by(unsigned forks, char *mem, size_t pages)
{
	for (unsigned i = 0; i < forks; i++)
		touch_apart(mem + i * pages * page_size, pages);
	if (forks == 0)
		touch(mem, pages);
}

static void child_main(struct child *c, const struct phases *p, bool traced)
{
	unsigned times = p->forks ? p->forks : 1;
	char *mem = reserve(times * (p->pages[0] + p->pages[1])), byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(c->go[1]);
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
	}
	for (size_t i = 0; read(c->go[0], &byte, 1) == 1; i++) {
		touch_by(p->forks, mem, p->pages[i]);
		mem += times * p->pages[i] * page_size;
		if (write(c->done[1], &byte, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static struct child spawn(const struct phases *p, bool traced)
{
	struct child c;

	if (pipe(c.go) < 0 || pipe(c.done) < 0)
		abort();
	c.pid = fork();
	if (c.pid == 0)
		child_main(&c, p, traced);
	close(c.go[0]);
	close(c.done[1]);
	if (traced)
		waitpid(c.pid, NULL, 0);
	return c;
}

/* The next phase, from its begin to its end. */
static void go(const struct child *c)
{
	char byte = 0;

	if (write(c->go[1], &byte, 1) != 1 || read(c->done[0], &byte, 1) != 1)
		abort();
}

static void finish(const struct child *c)
{
	close(c->go[1]);
	waitpid(c->pid, NULL, 0);
	close(c->done[0]);
}

static void child_faults(uint32_t flags, const struct phases *p,
			 const char *name)
{
	unsigned times = p->forks ? p->forks : 1;
	int fd = create(flags | PFM_FL_NOPTRACE);
	struct child c = spawn(p, false);
	uint64_t before;

	faults(fd);
	load(fd, c.pid);
	pfm_start(fd, NULL);
	go(&c);
	before = value_of(fd, 0, 0);
	go(&c);
	is_faults(value_of(fd, 0, 0) - before, times * p->pages[1],
		  "%zu pages of %s", times * p->pages[1], name);
	finish(&c);
	ok(value_of(fd, 0, 0) - before >= times * p->pages[1],
	   "the values outlive %s", name);
	close(fd);
}

static void test_child(void)
{
	child_faults(0, &itself, "a child");
	child_faults(PFM_FL_INHERIT, &itself, "a child, inherited");
	child_faults(PFM_FL_INHERIT, &many, "a thousand processes");
}

/* perfmon2's way: the child stopped under ptrace, END when it is gone. */
static void test_ptraced(void)
{
	struct child c = spawn(&itself, true);
	struct pollfd p = { .fd = create(0), .events = POLLIN };
	pfarg_setinfo_t info = { .set_id = 0 };
	pfm_msg_t msg;

	faults(p.fd);
	load(p.fd, c.pid);
	pfm_start(p.fd, NULL);
	ok(poll(&p, 1, 0) == 0, "nothing to read before the end");
	ptrace(PTRACE_DETACH, c.pid, NULL, NULL);
	go(&c);
	go(&c);
	close(c.go[1]);
	is_i64(read(p.fd, &msg, sizeof(msg)), sizeof(msg),
	       "one whole message, read while nobody has waited");
	is_i64(msg.type, PFM_MSG_END, "it is END");
	ok(value_of(p.fd, 0, 0) >= 501, "at END the counts are final");
	is_i64(pfm_restart(p.fd) == -1 ? errno : 0, EBUSY,
	       "restart says that the target went away");
	ok(pfm_unload_context(p.fd) == 0, "unload of an ended context is 0");
	ok(pfm_getinfo_evtsets(p.fd, &info, 1) == 0 && info.set_runs == 1 &&
		   info.set_act_duration > 0,
	   "runs and duration can be asked after the end");
	is_i64(recv(p.fd, &msg, sizeof(msg), MSG_DONTWAIT), -1,
	       "there is no second message");
	waitpid(c.pid, NULL, 0);
	close(c.done[0]);
	close(p.fd);
}

/* With inheritance there is no end: the context stays loaded and readable. */
static void test_ptraced_inherit(void)
{
	struct child c = spawn(&itself, true);
	int fd = create(PFM_FL_INHERIT);
	pfm_msg_t msg;

	faults(fd);
	load(fd, c.pid);
	pfm_start(fd, NULL);
	ptrace(PTRACE_DETACH, c.pid, NULL, NULL);
	go(&c);
	is_i64(pfm_stop(fd) == -1 ? errno : 0, ESRCH,
	       "while it runs it must be stopped");
	finish(&c);
	is_i64(pfm_stop(fd) == -1 ? errno : 0, 0, "when it is gone, not");
	ok(value_of(fd, 0, 0) >= 1, "and its values can be read");
	ok(recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) == -1, "without END");
	close(fd);
}

/* The values are there for whoever waited for the process, at once. */
static void test_end_race(void)
{
	bool all = true;

	for (int i = 0; i < 50; i++) {
		struct child c = spawn(&itself, false);
		int fd = create(PFM_FL_NOPTRACE);

		faults(fd);
		load(fd, c.pid);
		pfm_start(fd, NULL);
		go(&c);
		go(&c);
		finish(&c);
		all = all && value_of(fd, 0, 0) >= 501 && pfm_stop(fd) == -1 &&
		      errno == EINVAL;
		close(fd);
	}
	ok(all, "after waitpid the context is unloaded, its values final");
}

static void *nothing(void *arg)
{
	return arg;
}

/* Threads come and go while the events of their creator are opened and read. */
static void test_busy_target(void)
{
	int refused = 0;
	pid_t pid;

#ifdef __SANITIZE_THREAD__
	skip("ThreadSanitizer lets no thread start after a fork");
	return;
#endif
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			pthread_t t[4];

			for (int i = 0; i < 4; i++)
				pthread_create(&t[i], NULL, nothing, NULL);
			for (int i = 0; i < 4; i++)
				pthread_join(t[i], NULL);
		}
	}
	for (int i = 0; i < 200; i++) {
		int fd = create(PFM_FL_INHERIT | PFM_FL_NOPTRACE);
		struct pfm_count c = { .reg_num = SW + 3 };

		for (unsigned k = 0; k < 4; k++)
			program(fd, k, 0,
				PFM_SW_CODE(PERF_TYPE_SOFTWARE,
					    PERF_COUNT_SW_PAGE_FAULTS));
		refused += !load(fd, pid) || pfm_start(fd, NULL) == -1 ||
			   pfm_read_counts(fd, &c, 1) == -1;
		close(fd);
	}
	is_i64(refused, 0, "200 times on a process that creates threads");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct thread {
	pthread_t thread;
	size_t n;
	uint64_t value;
};

static void *count_own(void *arg)
{
	struct thread *t = arg;
	char *mem = reserve(t->n);
	int fd = create(0);

	faults(fd);
	load(fd, self_tid());
	pfm_start(fd, NULL);
	touch(mem, t->n);
	pfm_stop(fd);
	t->value = value_of(fd, 0, 0);
	close(fd);
	munmap(mem, t->n * page_size);
	return NULL;
}

static void test_threads(void)
{
	enum { N = 100 };
	struct thread t[N];
	bool exact = true;

	for (size_t i = 0; i < N; i++) {
		t[i].n = 10 + i;
		pthread_create(&t[i].thread, NULL, count_own, &t[i]);
	}
	for (size_t i = 0; i < N; i++) {
		pthread_join(t[i].thread, NULL);
		exact = exact &&
			(same(t[i].value, t[i].n) ||
			 diag("thread %zu counted %" PRIu64, i, t[i].value));
	}
	ok(exact, "100 threads each count their own faults");
}

/* Another thread of the process, attached, and gone while attached. */
static void *wait_and_touch(void *arg)
{
	int *pipes = arg;
	char *mem = reserve(64), byte;
	int tid = self_tid();

	if (write(pipes[1], &tid, sizeof(tid)) != sizeof(tid) ||
	    read(pipes[2], &byte, 1) != 1)
		abort();
	touch(mem, 64);
	munmap(mem, 64 * page_size);
	return NULL;
}

static void test_other_thread(void)
{
	int out[2], in[2], tid, fd = create(PFM_FL_NOPTRACE), pipes[3];
	pthread_t thread;
	pfm_msg_t msg;

	if (pipe(out) < 0 || pipe(in) < 0)
		abort();
	pipes[1] = out[1];
	pipes[2] = in[0];
	pthread_create(&thread, NULL, wait_and_touch, pipes);
	if (read(out[0], &tid, sizeof(tid)) != sizeof(tid))
		abort();
	faults(fd);
	load(fd, tid);
	pfm_start(fd, NULL);
	if (write(in[1], "x", 1) != 1)
		abort();
	is_i64(read(fd, &msg, sizeof(msg)), sizeof(msg),
	       "END of another thread of this process");
	ok(value_of(fd, 0, 0) >= 64, "64 pages of an attached thread");
	pthread_join(thread, NULL);
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(out[i]);
		close(in[i]);
	}
}

/* A thread that attached itself is gone; its values stay. */
static pid_t gone;
static void *attach_self(void *arg)
{
	int fd = *(int *)arg;
	char *mem = reserve(33);

	gone = (pid_t)self_tid();
	load(fd, self_tid());
	pfm_start(fd, NULL);
	touch(mem, 33);
	munmap(mem, 33 * page_size);
	return NULL;
}

static void test_self_gone(void)
{
	int fd = create(0);
	pthread_t thread;

	faults(fd);
	pthread_create(&thread, NULL, attach_self, &fd);
	pthread_join(thread, NULL);
	/* It is joined while it exits. */
	while (syscall(SYS_tgkill, getpid(), gone, 0) == 0)
		sched_yield();
	ok(value_of(fd, 0, 0) >= 33, "values of a thread that is gone");
	is_i64(pfm_stop(fd) == -1 ? errno : 0, EINVAL, "it is unloaded");
	close(fd);
}

/* What was closed is given back, without a thread to see the close. */
static void test_leak(void)
{
	unsigned before = nfds(), most = 0, now;

	for (int i = 0; i < 500; i++) {
		int fd = create(PFM_FL_SHARED);

		faults(fd);
		load(fd, self_tid());
		close(fd);
		now = nfds();
		most = now > most ? now : most;
	}
	ok(most < before + 32, "500 contexts, %u descriptors at most beyond",
	   most - before);
}

/* On one CPU each answer takes a switch. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void test_pingpong(void)
{
	enum { ROUNDS = 500 };
	int a[2], b[2], fd = create(0);
	pfarg_pmc_t pmc = {
		.reg_num = SW,
		.reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
					 PERF_COUNT_SW_CONTEXT_SWITCHES),
	};
	pfarg_pmd_t pmd = { .reg_num = SW };
	cpu_set_t all;
	char byte = 0;
	pid_t pid;

	pfm_write_pmcs(fd, &pmc, 1);
	pfm_write_pmds(fd, &pmd, 1);
	if (!may_load(fd, self_tid(), "context switches"))
		return;
	if (pipe(a) < 0 || pipe(b) < 0)
		abort();
	sched_getaffinity(0, sizeof(all), &all);
	pin();
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < ROUNDS; i++)
			if (read(a[0], &byte, 1) != 1 ||
			    write(b[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	pfm_start(fd, NULL);
	for (int i = 0; i < ROUNDS; i++)
		if (write(a[1], &byte, 1) != 1 || read(b[0], &byte, 1) != 1)
			abort();
	pfm_stop(fd);
	ok(value_of(fd, 0, 0) >= ROUNDS,
	   "%d round trips: %" PRIu64 " switches of this side", ROUNDS,
	   value_of(fd, 0, 0));
	waitpid(pid, NULL, 0);
	sched_setaffinity(0, sizeof(all), &all);
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static void test_cpu(void)
{
	int fd = create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU | PFM_FL_SHARED);
	pfarg_pmc_t pmc = {
		.reg_num = SW,
		.reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
					 PERF_COUNT_SW_CPU_CLOCK),
	};
	struct pfm_count c = { .reg_num = SW };
	pfarg_pmd_t pmd = { .reg_num = SW };
	pfarg_setinfo_t info = { .set_id = 0 };

	pfm_write_pmcs(fd, &pmc, 1);
	pfm_write_pmds(fd, &pmd, 1);
	if (!may_load(fd, 0, "system-wide"))
		return;
	pfm_start(fd, NULL);
	pfm_stop(fd);
	ok(pfm_read_counts(fd, &c, 1) == 0 && c.value > 0 && c.running_ns > 0 &&
		   c.enabled_ns == c.running_ns,
	   "CPU 0: its clock went on, never multiplexed");
	pfm_getinfo_evtsets(fd, &info, 1);
	ok(info.set_act_duration >= c.value,
	   "the duration holds the time counted");
	close(fd);
}

/* After fork the child has no monitoring, and does not keep the parent's. */
static void test_fork_inert(void)
{
	char *mem = reserve(40);
	int fd = create(0), status;
	uint64_t before;
	pid_t pid;

	faults(fd);
	load(fd, self_tid());
	pfm_start(fd, NULL);
	pid = fork();
	if (pid == 0) {
		pfarg_pmd_t pmd = { .reg_num = SW };
		bool inert = pfm_read_pmds(fd, &pmd, 1) == -1 &&
			     errno == EBADF && pfm_stop(fd) == -1 &&
			     errno == EBADF;

		close(fd);
		fd = create(0);
		faults(fd);
		load(fd, self_tid());
		pfm_start(fd, NULL);
		touch(mem, 30);
		_exit(!inert || value_of(fd, 0, 0) < 30);
	}
	waitpid(pid, &status, 0);
	is_i64(status, 0, "the child sees no context, and can make its own");
	/* The pages that the child shared fault once more: not below. */
	touch(mem, 1);
	value_of(fd, 0, 0);
	before = value_of(fd, 0, 0);
	touch(mem + page_size, 12);
	is_faults(value_of(fd, 0, 0) - before, 12, "the parent's goes on");
	close(fd);
	munmap(mem, 40 * page_size);
}

/* The first two before a context starts the engine: sanitizers dislike forks
 * of threaded processes, and the leak is to be seen without its help. */
int main(void)
{
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	test_fork_inert();
	test_leak();
	test_self();
	test_reprogram();
	test_sets();
	test_breakpoint();
	test_child();
	test_ptraced();
	test_ptraced_inherit();
	test_end_race();
	test_busy_target();
	test_threads();
	test_other_thread();
	test_self_gone();
	test_pingpong();
	test_cpu();
	return done_testing();
}
