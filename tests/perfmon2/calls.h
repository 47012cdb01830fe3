/* SPDX-License-Identifier: MIT
 *
 * calls.h - what the tests of the 12 calls share: the errno of a call, a place
 * on one CPU, and another thread to monitor: a child that waits under ptrace as
 * perfmon2 asks for, and does what it is told.
 */
#ifndef PFM_TEST_CALLS_H
#define PFM_TEST_CALLS_H

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "exact.h"

/* The errno of a call, 0 when it went well; a refusal has its sentence. */
static int err_of(int ret)
{
	if (ret != -1)
		return EXPECT(ret == 0) ? 0 : -1;
	EXPECT(pfm_reason()[0] != '\0');
	return errno;
}
#define GIVES(call, err) EXPECT_U64(err_of(call), err)

/* The first set's active, or that one's. */
static int load_on(int fd, int target, unsigned set)
{
	pfarg_load_t req = { .load_pid = (uint32_t)target,
			     .load_set = (uint16_t)set };

	return pfm_load_context(fd, &req);
}

static int start_set(int fd, unsigned set)
{
	pfarg_start_t req = { .start_set = (uint16_t)set };

	return pfm_start(fd, &req);
}

static int add_set(int fd, unsigned id, uint32_t flags, uint32_t timeout)
{
	pfarg_setdesc_t desc = { .set_id = (uint16_t)id,
				 .set_flags = flags,
				 .set_timeout = timeout };

	return pfm_create_evtsets(fd, &desc, 1);
}

static int drop_set(int fd, unsigned id)
{
	pfarg_setdesc_t desc = { .set_id = (uint16_t)id };

	return pfm_delete_evtsets(fd, &desc, 1);
}

static int ask_set(int fd, unsigned id)
{
	pfarg_setinfo_t i = { .set_id = (uint16_t)id };

	return pfm_getinfo_evtsets(fd, &i, 1);
}

static int read_pmd(int fd, unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	return pfm_read_pmds(fd, &pmd, 1);
}

static int write_pmd(int fd, unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set };

	return pfm_write_pmds(fd, &pmd, 1);
}

static int write_pmc(int fd, unsigned i, unsigned set)
{
	pfarg_pmc_t pmc = { .reg_num = (uint16_t)(SW + i),
			    .reg_set = (uint16_t)set,
			    .reg_flags = PFM_REGFL_NO_KERNEL,
			    .reg_value = FAULTS };

	return pfm_write_pmcs(fd, &pmc, 1);
}

/* A context that counts calls of fn from 0, in set 0. */
static int calls_context(uint32_t flags, void (*fn)(void))
{
	int fd = context(flags);

	on_calls(fd, 0, 0, fn);
	plain(fd, 0, 0);
	return fd;
}

/* The same, which overflows, and notifies, each period calls. */
static int period_context(uint32_t flags, uint64_t period)
{
	pfarg_pmd_t pmd = every(0, period);
	int fd = context(flags);

	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	return fd;
}

static void pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		SKIP("cannot run on CPU %d", cpu);
}

/* The CPUs this process may use: the first, and the next one; -1: none. */
static int usable_cpu(int after)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = after + 1; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			return cpu;
	return -1;
}

/* Here is the first CPU, and there is another one. */
static void two_cpus(int *here, int *other)
{
	*here = usable_cpu(-1);
	*other = usable_cpu(*here);
	if (*other < 0)
		SKIP("there is one CPU only");
	pin(*here);
}

/* What a child is told to do; how much, and in a thread of its own or not. */
enum deed { CALL_F, CALL_G, TOUCH, FORK, THREAD, EXEC, LEAVE };
struct order {
	enum deed deed;
	unsigned n;
};
static struct child {
	pid_t pid;
	int go[2], done[2];
} child;

UNTOUCHED static void *deed_thread(void *arg)
{
	const struct order *o = arg;

	call(f, o->n);
	return NULL;
}

UNTOUCHED static void obey(const struct order *o, char *mem)
{
	pthread_t thread;
	char n[16];
	pid_t pid;

	if (o->deed == CALL_F)
		call(f, o->n);
	else if (o->deed == CALL_G)
		call(g, o->n);
	else if (o->deed == TOUCH)
		touch_with(mem, o->n, page_size());
	if (o->deed == FORK) {
		pid = fork();
		if (pid == 0) {
			call(f, o->n);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	if (o->deed == THREAD && pthread_create(&thread, NULL, deed_thread,
						(void *)(uintptr_t)o) == 0)
		pthread_join(thread, NULL);
	if (o->deed == EXEC) {
		snprintf(n, sizeof(n), "%u", o->n);
		execl("/proc/self/exe", "touch", n, NULL);
	}
	if (o->deed == EXEC || o->deed == LEAVE)
		_exit(0);
}

UNTOUCHED static void child_main(bool traced)
{
	char *mem = reserve(5000);
	struct order o;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
	}
	while (read(child.go[0], &o, sizeof(o)) == sizeof(o)) {
		obey(&o, mem);
		if (write(child.done[1], &o, sizeof(o)) != sizeof(o))
			break;
	}
	_exit(0);
}

/* A program that was started by EXEC ends here. */
static void exec_main(int argc, char **argv)
{
	unsigned n;

	if (argc < 2 || strcmp(argv[0], "touch") != 0)
		return;
	n = (unsigned)strtoul(argv[1], NULL, 10);
	touch(reserve(n), n);
	_exit(0);
}

static void child_fork(bool traced)
{
	if (pipe2(child.go, O_CLOEXEC) < 0 || pipe2(child.done, O_CLOEXEC) < 0)
		give_up();
	child.pid = fork();
	if (child.pid == 0) {
		close(child.go[1]);
		close(child.done[0]);
		child_main(traced);
	}
	close(child.go[0]);
	close(child.done[1]);
}

/* Traced and stopped when this returns; or running, and nobody's. */
static void child_start(void)
{
	int status;

	child_fork(true);
	if (!EXPECT(waitpid(child.pid, &status, 0) == child.pid) ||
	    !EXPECT(WIFSTOPPED(status)))
		give_up();
}

static void child_untraced(void)
{
	child_fork(false);
}

static void child_go(void)
{
	EXPECT(ptrace(PTRACE_CONT, child.pid, NULL, NULL) == 0);
}

static void child_free(void)
{
	EXPECT(ptrace(PTRACE_DETACH, child.pid, NULL, NULL) == 0);
}

/* Traced and stopped again. */
static void child_stop(void)
{
	int status;

	if (!EXPECT(ptrace(PTRACE_ATTACH, child.pid, NULL, NULL) == 0) ||
	    !EXPECT(waitpid(child.pid, &status, 0) == child.pid) ||
	    !EXPECT(WIFSTOPPED(status)))
		give_up();
}

static void child_begin(enum deed deed, unsigned n)
{
	struct order o = { deed, n };

	if (!EXPECT(write(child.go[1], &o, sizeof(o)) == sizeof(o)))
		give_up();
}

static void child_wait(void)
{
	struct order o;

	if (!EXPECT(read(child.done[0], &o, sizeof(o)) == sizeof(o)))
		give_up();
}

static void child_do(enum deed deed, unsigned n)
{
	child_begin(deed, n);
	child_wait();
}

static void child_reap(void)
{
	EXPECT(waitpid(child.pid, NULL, 0) == child.pid);
}

/* It exits by itself, and is waited for. */
static void child_end(void)
{
	close(child.go[1]);
	child_reap();
}

static void child_kill(void)
{
	kill(child.pid, SIGKILL);
	child_reap();
}

/* A context on the child, started, the child let go. */
static void monitor_child(int fd)
{
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_free();
}

#endif /* PFM_TEST_CALLS_H */
