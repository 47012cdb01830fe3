/* SPDX-License-Identifier: MIT
 *
 * calls-task.c - another thread is monitored, under ptrace as perfmon2 asks for
 * or as this library allows: until its exit, across an exec, with its forks,
 * until its tool is gone; and in what order a call is tested (perfmon2
 * reference, sections 3.2, 5.5, 10.2 to 10.4; items 18 to 25, 30 of 15).
 */
#include "config.h"

#include "calls.h"

#define PERIOD UINT64_C(10)

static void until_exit(void)
{
	int fd = calls_context(0, f);

	child_start();
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_free();
	child_do(CALL_F, 321);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 321);
	GIVES(pfm_stop(fd), EINVAL);
	GIVES(pfm_start(fd, NULL), EINVAL);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
}

/* What the exec runs is counted: those pages are touched after it. */
static void across_exec(void)
{
	int fd = context(0);

	on_faults(fd, 0, 0);
	plain(fd, 0, 0);
	child_start();
	monitor_child(fd);
	child_begin(EXEC, 3000);
	child_end();
	EXPECT(value(fd, 0, 0) >= 3000);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
}

/* As pfmon did: the registers of the old program are of no use to the new. */
static void reload_at_exec(void)
{
	int fd = context(0), status;

	on_faults(fd, 0, 0);
	plain(fd, 0, 0);
	child_start();
	EXPECT(ptrace(PTRACE_SETOPTIONS, child.pid, NULL, PTRACE_O_TRACEEXEC) ==
	       0);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_go();
	child_do(TOUCH, 50);
	child_begin(EXEC, 700);
	EXPECT(waitpid(child.pid, &status, 0) == child.pid);
	EXPECT_U64(status >> 8, SIGTRAP | PTRACE_EVENT_EXEC << 8);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(value(fd, 0, 0) >= 50);
	plain(fd, 0, 0);
	monitor_child(fd);
	child_reap();
	EXPECT(value(fd, 0, 0) >= 700);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
}

static void not_stopped(void)
{
	int fd = calls_context(0, f);

	child_untraced();
	GIVES(load_on(fd, child.pid, 0), ESRCH);
	child_kill();
	child_start();
	child_go();
	child_do(CALL_F, 1);
	GIVES(load_on(fd, child.pid, 0), ESRCH);
	child_kill();
	GIVES(load_on(fd, child.pid, 0), ESRCH);
	GIVES(read_pmd(fd, 0, 0), 0);
}

static void *load_the_child(void *arg)
{
	GIVES(load_on(*(int *)arg, child.pid, 0), ESRCH);
	return NULL;
}

static void tracer_is_a_thread(void)
{
	int fd = calls_context(0, f);
	pthread_t thread;

	child_start();
	pthread_create(&thread, NULL, load_the_child, &fd);
	pthread_join(thread, NULL);
	load(fd, child.pid);
	child_kill();
}

static void zombie(void)
{
	int fd = calls_context(0, f), free_fd;
	siginfo_t si;

	child_untraced();
	child_begin(LEAVE, 0);
	EXPECT(waitid(P_PID, (id_t)child.pid, &si, WEXITED | WNOWAIT) == 0);
	GIVES(load_on(fd, child.pid, 0), ESRCH);
	free_fd = calls_context(PFM_FL_NOPTRACE, f);
	GIVES(load_on(free_fd, child.pid, 0), EBUSY);
	child_reap();
	GIVES(load_on(free_fd, child.pid, 0), ESRCH);
}

/* The message is zero but for its type. */
static void attached_until_exit(void)
{
	pfm_msg_t msg, end = { .type = PFM_MSG_END };
	int fd = calls_context(0, f);

	child_untraced();
	child_do(CALL_F, 7);
	child_stop();
	monitor_child(fd);
	child_do(CALL_F, 40);
	child_begin(LEAVE, 0);
	memset(&msg, 0x55, sizeof(msg));
	EXPECT(read(fd, &msg, sizeof(msg)) == sizeof(msg));
	EXPECT(memcmp(&msg, &end, sizeof(msg)) == 0);
	EXPECT_U64(value(fd, 0, 0), 40);
	EXPECT(is_silent(fd));
	child_reap();
}

static void detached_at_timeout(void)
{
	int fd = calls_context(0, f);

	child_untraced();
	child_stop();
	monitor_child(fd);
	child_do(CALL_F, 12);
	EXPECT(is_silent(fd));
	GIVES(pfm_unload_context(fd), ESRCH);
	child_stop();
	GIVES(pfm_unload_context(fd), 0);
	child_free();
	child_do(CALL_F, 5);
	EXPECT_U64(value(fd, 0, 0), 12);
	child_end();
	EXPECT(is_silent(fd));
}

static void no_ptrace_refused(void)
{
	int fd = calls_context(0, f);

	child_start();
	monitor_child(fd);
	GIVES(read_pmd(fd, 0, 0), ESRCH);
	GIVES(write_pmd(fd, 0, 0), ESRCH);
	GIVES(write_pmc(fd, 0, 0), ESRCH);
	GIVES(pfm_start(fd, NULL), ESRCH);
	GIVES(pfm_stop(fd), ESRCH);
	GIVES(pfm_unload_context(fd), ESRCH);
	GIVES(ask_set(fd, 0), 0);
	child_stop();
	GIVES(read_pmd(fd, 0, 0), 0);
	GIVES(pfm_unload_context(fd), 0);
	child_kill();
}

static void no_ptrace_allowed(void)
{
	int fd = calls_context(PFM_FL_NOPTRACE, f);

	child_untraced();
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_do(CALL_F, 6);
	EXPECT_U64(value(fd, 0, 0), 6);
	plain(fd, 0, 0);
	child_do(CALL_F, 3);
	EXPECT(pfm_stop(fd) == 0);
	child_do(CALL_F, 3);
	EXPECT_U64(value(fd, 0, 0), 3);
	EXPECT(pfm_unload_context(fd) == 0);
	child_end();
}

static void programmed_after_load(void)
{
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_set = 2, .reg_value = 1000 };
	int fd = context(0);

	EXPECT(add_set(fd, 2, 0, 0) == 0);
	child_start();
	load(fd, child.pid);
	on_calls(fd, 0, 0, f);
	on_calls(fd, 0, 2, g);
	plain(fd, 0, 0);
	put(fd, &pmd);
	if (start_set(fd, 2) < 0)
		SKIP("%s", pfm_reason());
	EXPECT_U64(info(fd, 2).set_runs, 0);
	EXPECT_U64(info(fd, 0).set_runs, 1);
	child_free();
	child_do(CALL_F, 5);
	child_do(CALL_G, 9);
	child_end();
	EXPECT_U64(value(fd, 0, 2), 1009);
	EXPECT_U64(value(fd, 0, 0), 0);
}

static void changed_while_stopped(void)
{
	int fd = calls_context(0, f);

	child_start();
	monitor_child(fd);
	child_do(CALL_F, 8);
	child_stop();
	EXPECT_U64(value(fd, 0, 0), 8);
	on_calls(fd, 0, 0, g);
	plain(fd, 0, 0);
	child_free();
	child_do(CALL_F, 8);
	child_do(CALL_G, 5);
	child_stop();
	EXPECT_U64(value(fd, 0, 0), 5);
	EXPECT(pfm_stop(fd) == 0);
	child_free();
	child_do(CALL_G, 5);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 5);
}

static void follow_fork(void)
{
	int fd = calls_context(0, f), other = calls_context(0, f), status;
	unsigned long pid;

	child_start();
	EXPECT(ptrace(PTRACE_SETOPTIONS, child.pid, NULL, PTRACE_O_TRACEFORK) ==
	       0);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_go();
	child_do(CALL_F, 3);
	child_begin(FORK, 44);
	EXPECT(waitpid(child.pid, &status, 0) == child.pid);
	EXPECT_U64(status >> 8, SIGTRAP | PTRACE_EVENT_FORK << 8);
	EXPECT(ptrace(PTRACE_GETEVENTMSG, child.pid, NULL, &pid) == 0);
	EXPECT(waitpid((pid_t)pid, &status, __WALL) == (pid_t)pid);
	load(other, (int)pid);
	EXPECT(pfm_start(other, NULL) == 0);
	EXPECT(ptrace(PTRACE_DETACH, (pid_t)pid, NULL, NULL) == 0);
	child_free();
	child_wait();
	EXPECT_U64(message(other).type, PFM_MSG_END);
	EXPECT_U64(value(other, 0, 0), 44);
	EXPECT(is_silent(fd));
	child_end();
	EXPECT_U64(value(fd, 0, 0), 3);
}

static void forks_not_counted(void)
{
	int fd = calls_context(0, f);

	child_start();
	monitor_child(fd);
	child_do(FORK, 100);
	child_do(THREAD, 100);
	child_do(CALL_F, 2);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 2);
}

static void forks_inherited(void)
{
	int fd = calls_context(PFM_FL_INHERIT, f);

	child_start();
	monitor_child(fd);
	child_do(FORK, 100);
	child_do(THREAD, 30);
	child_do(CALL_F, 2);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 132);
}

static void threads_inherited(void)
{
	int fd = calls_context(PFM_FL_INHERIT | PFM_FL_THREADS, f);

	child_start();
	monitor_child(fd);
	child_do(FORK, 100);
	child_do(THREAD, 30);
	child_do(CALL_F, 2);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 32);
}

/*
 * A context that was closed has the thread no more, where perfmon2 left a zombie
 * until the thread ran again.  The child is older than the contexts: it has no
 * copy that would keep them.
 */
static void one_after_the_other(void)
{
	int a, b;

	child_start();
	a = calls_context(0, f);
	b = calls_context(0, f);
	monitor_child(b);
	child_do(CALL_F, 3);
	child_stop();
	GIVES(load_on(a, child.pid, 0), EEXIST);
	GIVES(load_on(b, child.pid, 0), EBUSY);
	close(b);
	monitor_child(a);
	child_do(CALL_F, 4);
	child_end();
	EXPECT_U64(value(a, 0, 0), 4);
	child_start();
	monitor_child(a);
	child_do(CALL_F, 5);
	child_end();
	EXPECT_U64(value(a, 0, 0), 9);
}

static void owners(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("not root: cannot become another user");
	child_untraced();
	pid = fork();
	if (pid == 0) {
		EXPECT(setgid(65534) == 0 && setuid(65534) == 0);
		GIVES(load_on(context(PFM_FL_NOPTRACE), child.pid, 0), EPERM);
		exit(behaviour_failed);
	}
	waitpid(pid, &status, 0);
	EXPECT_U64(status, 0);
	child_kill();
}

static void kernel_thread(void)
{
	int fd = context(PFM_FL_NOPTRACE);
	FILE *file = fopen("/proc/2/comm", "r");
	char comm[32] = "";

	if (!file || !fgets(comm, sizeof(comm), file) ||
	    strcmp(comm, "kthreadd\n") != 0)
		SKIP("thread 2 is no kernel thread here");
	GIVES(load_on(fd, 2, 0), EPERM);
}

/* In each state the earlier test decides, and before any argument. */
static void order_of_checks(void)
{
	int fd = period_context(0, PERIOD);

	child_start();
	monitor_child(fd);
	GIVES(add_set(fd, 1, 0, 0), EBUSY);
	GIVES(load_on(fd, child.pid, 77), EBUSY);
	GIVES(start_set(fd, 77), ESRCH);
	GIVES(read_pmd(fd, 5, 77), ESRCH);
	GIVES(ask_set(fd, 77), EINVAL);
	child_do(CALL_F, PERIOD);
	message(fd);
	GIVES(add_set(fd, 1, 0, 0), EBUSY);
	GIVES(read_pmd(fd, 5, 77), EINVAL);
	GIVES(pfm_unload_context(fd), ESRCH);
	child_stop();
	GIVES(pfm_unload_context(fd), 0);
	GIVES(add_set(fd, 1, 0, 0), 0);
	child_kill();
}

/* Loaded, a call that needs no stop is refused, too; unloaded, none is. */
static void order_on_cpu(void)
{
	int fd = context(PFM_FL_SYSTEM_WIDE), here, other;

	two_cpus(&here, &other);
	load(fd, here);
	pin(other);
	GIVES(ask_set(fd, 0), EBUSY);
	GIVES(start_set(fd, 77), EBUSY);
	GIVES(pfm_unload_context(fd), EBUSY);
	pin(here);
	GIVES(pfm_unload_context(fd), 0);
	pin(other);
	GIVES(ask_set(fd, 0), 0);
	GIVES(start_set(fd, 77), EINVAL);
	GIVES(pfm_unload_context(fd), 0);
}

/* What a tool does that ends while its target is masked, or blocked. */
static void tool_main(uint32_t flags, bool killed)
{
	int fd = period_context(flags | PFM_FL_NOPTRACE, PERIOD);

	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_begin(CALL_F, PERIOD + 7);
	message(fd);
	EXPECT((state_of(child.pid) == 't') == (flags != 0));
	if (killed && !behaviour_failed)
		raise(SIGKILL);
	close(fd);
	child_wait();
	child_do(CALL_F, PERIOD);
	exit(behaviour_failed);
}

static void tool(uint32_t flags, bool killed)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		tool_main(flags, killed);
	waitpid(pid, &status, 0);
	if (behaviour_skipped[0])
		exit(0);
	if (!EXPECT_U64(status, killed ? SIGKILL : 0))
		give_up();
}

/* Each next one has the target as if there had been none. */
static void tools_gone(uint32_t flags)
{
	int fd;

	child_untraced();
	tool(flags, false);
	tool(flags, true);
	child_wait();
	fd = calls_context(PFM_FL_NOPTRACE, f);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_do(CALL_F, 8);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 8);
}

static void gone_while_masked(void)
{
	tools_gone(0);
}

static void gone_while_blocked(void)
{
	tools_gone(PFM_FL_NOTIFY_BLOCK);
}

static const struct behaviour behaviours[] = {
	{ 15, 18, "a child until its exit, and its values after", until_exit },
	{ 15, 19, "a target that is not stopped by the caller: ESRCH",
	  not_stopped },
	{ 3, 2, "the tracer is a thread: another one of it gets ESRCH",
	  tracer_is_a_thread },
	{ 5, 5, "a zombie: ESRCH; without ptrace EBUSY", zombie },
	{ 15, 20, "an attached thread: a read waits for its END, else zero",
	  attached_until_exit },
	{ 15, 21, "unloaded before its end, under ptrace again",
	  detached_at_timeout },
	{ 15, 22, "without ptrace each call is ESRCH", no_ptrace_refused },
	{ 15, 22, "PFM_FL_NOPTRACE: each call works", no_ptrace_allowed },
	{ 15, 23, "loaded first, programmed and started by set then",
	  programmed_after_load },
	{ 3, 1, "stopped again: registers are written and count",
	  changed_while_stopped },
	{ 15, 24, "an exec does not end the session", across_exec },
	{ 15, 25, "unloaded and loaded at an exec event", reload_at_exec },
	{ 15, 25, "a context for the child of a fork event", follow_fork },
	{ 10, 4, "forks and threads are not counted", forks_not_counted },
	{ 10, 4, "PFM_FL_INHERIT: forks and threads are", forks_inherited },
	{ 10, 4, "PFM_FL_THREADS: threads are", threads_inherited },
	{ 10, 3, "the next context at once, no zombie; the next thread",
	  one_after_the_other },
	{ 5, 5, "another user's thread: EPERM", owners },
	{ 5, 5, "a kernel thread: EPERM", kernel_thread },
	{ 3, 2, "the order of the tests on another thread", order_of_checks },
	{ 3, 2, "the order of the tests on a CPU", order_on_cpu },
	{ 15, 30, "closed and killed, the target masked: it goes on",
	  gone_while_masked },
	{ 15, 30, "closed and killed, the target blocked: it goes on",
	  gone_while_blocked },
};

int main(int argc, char **argv)
{
	exec_main(argc, argv);
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
