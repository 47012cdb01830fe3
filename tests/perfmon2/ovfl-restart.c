/* SPDX-License-Identifier: MIT
 *
 * ovfl-restart.c - what may be done while monitoring is masked, and how it goes
 * on: the thread itself, a CPU, another thread (perfmon2 reference, sections 3,
 * 5.8 and 8; items 20, 28, 29 and 40 of section 15).
 */
#include "config.h"

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "exact.h"

#define PERIOD UINT64_C(10)

static int fd;

static void masked_by_self(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load_and_start(fd);
	call(f, PERIOD);
	message(fd);
}

static bool refused(int ret, int err)
{
	return EXPECT(ret == -1) && EXPECT_U64(errno, err);
}

static void restart_unloaded(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	refused(pfm_restart(fd), EBUSY);
	load_and_start(fd);
	EXPECT(pfm_unload_context(fd) == 0);
	refused(pfm_restart(fd), EBUSY);
}

static void restart_loaded(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load(fd, tid());
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	call(f, 4);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 4);
	call(f, PERIOD - 4);
	message(fd);
}

static void restart_self(void)
{
	masked_by_self();
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(!is_masked(fd));
	call(f, PERIOD);
	message(fd);
	EXPECT_U64(stats(fd).overflows, 2);
}

static void masked_self_calls(void)
{
	pfarg_load_t req = { .load_pid = (uint32_t)tid() };
	pfarg_setdesc_t desc = { .set_id = 1 };

	masked_by_self();
	refused(pfm_start(fd, NULL), EINVAL);
	refused(pfm_load_context(fd, &req), EBUSY);
	refused(pfm_create_evtsets(fd, &desc, 1), EBUSY);
	refused(pfm_delete_evtsets(fd, &desc, 1), EBUSY);
	EXPECT_U64(info(fd, 0).set_runs, 1);
	call(f, 5);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
}

/* Stopped, unloaded, loaded again: nothing of the mask is left. */
static void masked_unload(void)
{
	masked_by_self();
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(pfm_unload_context(fd) == 0);
	load_and_start(fd);
	call(f, 7);
	EXPECT_U64(value(fd, 0, 0), 7);
	EXPECT(!has_bit(info(fd, 0).set_ovfl_pmds, 0));
}

/* The registers of the next group of events, written while masked (item 40). */
static void masked_reprogram(void)
{
	pfarg_pmd_t pmd = every(0, 7);

	masked_by_self();
	EXPECT_U64(value(fd, 0, 0), 0);
	on_calls(fd, 0, 0, g);
	put(fd, &pmd);
	EXPECT(pfm_restart(fd) == 0);
	call(f, 100);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(7));
	call(g, 7);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_ovfl_ip, (uintptr_t)g);
}

/* The duration of what is masked stands still. */
static void masked_duration(void)
{
	uint64_t then;
	char *mem;

	masked_by_self();
	then = info(fd, 0).set_act_duration;
	mem = reserve(2000);
	touch(mem, 2000);
	EXPECT(then > 0);
	EXPECT_U64(info(fd, 0).set_act_duration, then);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(info(fd, 0).set_act_duration >= then);
}

static void pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		SKIP("cannot run on CPU %d", cpu);
}

/* All that faults on a CPU, until it is masked. */
static int masked_cpu(void)
{
	pfarg_pmd_t pmd = every(0, 100);
	int cpu = sched_getcpu();
	char *mem = reserve(300);
	pfm_msg_t msg;

	pin(cpu);
	fd = context(PFM_FL_SYSTEM_WIDE);
	on_faults(fd, 0, 0);
	put(fd, &pmd);
	load(fd, cpu);
	EXPECT(pfm_start(fd, NULL) == 0);
	touch(mem, 300);
	msg = message(fd);
	EXPECT_U64(msg.pfm_ovfl_msg.msg_ovfl_cpu, cpu);
	EXPECT(msg.pfm_ovfl_msg.msg_ovfl_pid != 0);
	return cpu;
}

static void restart_cpu(void)
{
	char *mem = reserve(900);

	masked_cpu();
	EXPECT(is_masked(fd));
	mem = touch(mem, 300);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(is_silent(fd));
	EXPECT(pfm_restart(fd) == 0);
	touch(mem, 300);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT_U64(stats(fd).overflows, 2);
}

static void restart_wrong_cpu(void)
{
	cpu_set_t all;
	int cpu, other;

	sched_getaffinity(0, sizeof(all), &all);
	cpu = masked_cpu();
	for (other = 0; other < CPU_SETSIZE; other++)
		if (other != cpu && CPU_ISSET((size_t)other, &all))
			break;
	if (other == CPU_SETSIZE)
		SKIP("there is one CPU only");
	pin(other);
	refused(pfm_restart(fd), EBUSY);
	refused(pfm_read_pmds(fd, &(pfarg_pmd_t){ .reg_num = SW }, 1), EBUSY);
	pin(cpu);
	EXPECT(pfm_restart(fd) == 0);
}

/*
 * A child that calls f when it is told to, attached as perfmon2 asks for: under
 * ptrace, and let go.
 */
static struct {
	pid_t pid;
	int go[2], done[2];
} child;

UNTOUCHED static void child_main(void)
{
	unsigned n;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	while (read(child.go[0], &n, sizeof(n)) == sizeof(n)) {
		call(f, n);
		if (write(child.done[1], &n, sizeof(n)) != sizeof(n))
			break;
	}
	_exit(0);
}

static void child_start(void)
{
	if (pipe(child.go) < 0 || pipe(child.done) < 0)
		give_up();
	child.pid = fork();
	if (child.pid == 0) {
		close(child.go[1]);
		child_main();
	}
	waitpid(child.pid, NULL, 0);
}

static void child_calls(unsigned n)
{
	if (write(child.go[1], &n, sizeof(n)) != sizeof(n) ||
	    read(child.done[0], &n, sizeof(n)) != sizeof(n))
		give_up();
}

static void child_end(void)
{
	close(child.go[1]);
	waitpid(child.pid, NULL, 0);
}

static void attach_child(uint32_t flags)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	child_start();
	fd = context(flags);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	EXPECT(ptrace(PTRACE_DETACH, child.pid, NULL, NULL) == 0);
}

/* The message tells of the child, its registers can be read and written. */
static void other_masked(void)
{
	const struct pfm_ovfl_msg *m;
	pfm_msg_t msg;

	attach_child(0);
	child_calls(PERIOD - 1);
	refused(pfm_read_pmds(fd, &(pfarg_pmd_t){ .reg_num = SW }, 1), ESRCH);
	refused(pfm_stop(fd), ESRCH);
	child_calls(5);
	msg = message(fd);
	m = &msg.pfm_ovfl_msg;
	EXPECT_U64(m->msg_ovfl_pid, child.pid);
	EXPECT_U64(m->msg_ovfl_tid, child.pid);
	EXPECT_U64(m->msg_ovfl_ip, (uintptr_t)f);
	EXPECT_U64(value(fd, 0, 0), 0);
	plain(fd, 1, 0);
	on_calls(fd, 1, 0, g);
	refused(pfm_unload_context(fd), ESRCH);
	refused(pfm_start(fd, NULL), EINVAL);
	EXPECT_U64(info(fd, 0).set_runs, 1);
	EXPECT(pfm_restart(fd) == 0);
	refused(pfm_read_pmds(fd, &(pfarg_pmd_t){ .reg_num = SW }, 1), ESRCH);
	child_end();
}

static void other_stop_masked(void)
{
	attach_child(0);
	child_calls(PERIOD);
	message(fd);
	EXPECT(pfm_stop(fd) == 0);
	child_end();
}

/* In effect when it returns: what the child does next is counted. */
static void other_restart(void)
{
	attach_child(0);
	child_calls(PERIOD);
	message(fd);
	for (unsigned i = 0; i < 50; i++) {
		child_calls(3);
		EXPECT(is_silent(fd));
		EXPECT(pfm_restart(fd) == 0);
		EXPECT(pfm_restart(fd) == 0);
		child_calls(PERIOD - 1);
		EXPECT_U64(stats(fd).overflows, 1 + i);
		child_calls(1);
		if (!EXPECT_U64(message(fd).pfm_ovfl_msg.msg_ovfl_pid,
				child.pid))
			break;
	}
	child_end();
}

static void other_random(void)
{
	static const uint64_t seed_5[] = { 5, 67, 181, 64, 212 };
	pfarg_pmd_t pmd = every(0, 1000);

	child_start();
	fd = context(0);
	on_calls(fd, 0, 0, f);
	pmd.reg_flags |= PFM_REGFL_RANDOM;
	pmd.reg_random_seed = 5;
	pmd.reg_random_mask = 0xff;
	put(fd, &pmd);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	ptrace(PTRACE_DETACH, child.pid, NULL, NULL);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t add = i ? seed_5[i - 1] : 0;

		child_calls(1000 + (unsigned)add - 1);
		EXPECT(is_silent(fd));
		child_calls(1);
		message(fd);
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val,
			   -UINT64_C(1000) - add);
		EXPECT(pfm_restart(fd) == 0);
	}
	child_end();
}

/* Masked or not, the exit is the end, and it is told. */
static void other_exits(bool masked)
{
	attach_child(0);
	child_calls(masked ? PERIOD : 4);
	if (masked)
		message(fd);
	child_end();
	EXPECT_U64(message(fd).type, PFM_MSG_END);
	refused(pfm_restart(fd), EBUSY);
	EXPECT_U64(value(fd, 0, 0), masked ? 0 : -PERIOD + 4);
	EXPECT(is_silent(fd));
	refused(pfm_start(fd, NULL), EINVAL);
	EXPECT(pfm_unload_context(fd) == 0);
}

static void other_exits_masked(void)
{
	other_exits(true);
}

static void other_exits_loaded(void)
{
	other_exits(false);
}

/* It overflows and is gone before anybody looks: both are told, in order. */
static void overflow_then_exit(void)
{
	for (unsigned i = 0; i < 30; i++) {
		attach_child(0);
		child_calls(PERIOD);
		child_end();
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
		EXPECT_U64(message(fd).type, PFM_MSG_END);
		refused(pfm_restart(fd), EBUSY);
		EXPECT_U64(value(fd, 0, 0), 0);
		close(fd);
		close(child.done[0]);
		close(child.done[1]);
		close(child.go[0]);
	}
}

static void no_msg_end(void)
{
	attach_child(PFM_FL_OVFL_NO_MSG);
	child_calls(PERIOD);
	EXPECT_U64(stats(fd).overflows, 1);
	EXPECT(is_silent(fd));
	child_end();
	EXPECT_U64(message(fd).type, PFM_MSG_END);
}

static const struct behaviour behaviours[] = {
	{ 5, 8, "restart, not loaded: EBUSY", restart_unloaded },
	{ 5, 8, "restart, nothing masked: 0, and nothing changes",
	  restart_loaded },
	{ 5, 8, "restart by the thread itself, and once more", restart_self },
	{ 5, 8, "restart of a CPU", restart_cpu },
	{ 3, 1, "restart of a CPU from another one: EBUSY", restart_wrong_cpu },
	{ 5, 8, "restart of another thread: in effect at once", other_restart },
	{ 5, 8, "restart after the thread's exit: EBUSY, masked before",
	  other_exits_masked },
	{ 5, 8, "restart after the thread's exit: EBUSY, not masked before",
	  other_exits_loaded },
	{ 10, 2, "an overflow and the exit: two messages, in order",
	  overflow_then_exit },
	{ 10, 1, "OVFL_NO_MSG: END is a message all the same", no_msg_end },
	{ 3, 1, "masked, the thread itself: each call", masked_self_calls },
	{ 3, 1, "masked, another thread: each call, without ptrace",
	  other_masked },
	{ 3, 1, "masked, another thread: stop without ptrace",
	  other_stop_masked },
	{ 5, 12, "masked, unloaded, loaded: not masked any more",
	  masked_unload },
	{ 15, 40, "masked: other events and values, then restart",
	  masked_reprogram },
	{ 7, 6, "masked: the duration stands", masked_duration },
	{ 15, 29, "another thread: random periods, read at each message",
	  other_random },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
