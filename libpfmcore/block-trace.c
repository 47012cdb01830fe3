/* SPDX-License-Identifier: MIT
 *
 * block-trace.c - the helper of block.c: the tracer of one thread.  It runs in a
 * copy of the program, by system calls alone: see helper.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "block-trace.h"
#include "helper.h"

/* Seconds that are waited for a stop. */
#define STOP_TIMEOUT 2

/* In bytes, as the kernel has signal sets. */
#define KERNEL_SIGSET ((size_t)_NSIG / 8)

/* <linux/errno.h> keeps it to the kernel: again, unless a handler runs first. */
#define ERESTARTNOHAND 514

/* The helper's view of the thread. */
struct tracee {
	int tid;
	int proc_fd; /* names this thread, and never the next of its number */
	int chld_fd; /* readable: wait() may have news */
	enum {
		FREE,
		SEIZED, /* asked to stop */
		STOPPED,
		GONE,
	} state;
	bool wanted; /* stopped; else it is let go as soon as it stops */
};

/* Numbers that the kernel takes as long are given as long: see syscall(2). */
HELPER_CODE static long trace(long request, long tid, long data)
{
	return syscall(SYS_ptrace, request, tid, NULL, data);
}

/*
 * 0, or why it cannot be traced, tracers aside: the kernel asks the same of who
 * would read its memory.  A thread that has exited has none.
 */
HELPER_CODE static int probe(const struct tracee *t)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)1, 1 };
	const long one = 1, flags = 0;

	if (syscall(SYS_faccessat, t->proc_fd, "stat", F_OK) < 0)
		return -ESRCH;
	if (syscall(SYS_process_vm_readv, t->tid, &to, one, &from, one,
		    flags) >= 0)
		return 0;
	return errno == EPERM || errno == ESRCH ? -errno : 0;
}

/*
 * A few calls end with EINTR when their thread is stopped and goes on: signal(7),
 * "Interruption of system calls and library functions by stop signals".  What
 * they were asked is still to be done, so they are made again; their timeout
 * begins anew.
 *
 * On x86-64 the kernel decides after the stop, by the value that is about to be
 * returned (Linux, arch_do_signal_or_restart()); elsewhere it has decided.
 */
#ifdef __x86_64__
static const int again[] = {
	SYS_epoll_wait, SYS_epoll_pwait,     SYS_epoll_pwait2, SYS_semop,
	SYS_semtimedop, SYS_rt_sigtimedwait, SYS_io_getevents, SYS_accept,
	SYS_accept4,    SYS_recvfrom,        SYS_recvmsg,      SYS_sendto,
	SYS_sendmsg,
};

HELPER_CODE static void resume_call(long tid)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof(regs) };
	const long set = NT_PRSTATUS;

	/* Those of a 32-bit thread are fewer. */
	if (syscall(SYS_ptrace, (long)PTRACE_GETREGSET, tid, set, &v) < 0 ||
	    v.iov_len != sizeof(regs) || (long)regs.rax != -EINTR)
		return;
	for (unsigned i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		if (regs.orig_rax == (unsigned long)again[i]) {
			regs.rax = (unsigned long)-ERESTARTNOHAND;
			syscall(SYS_ptrace, (long)PTRACE_SETREGSET, tid, set,
				&v);
		}
}
#else
HELPER_CODE static void resume_call(long tid)
{
	(void)tid;
}
#endif

HELPER_CODE static void let_go(struct tracee *t)
{
	/* It fails when the thread was killed: the next look finds that. */
	if (trace(PTRACE_DETACH, t->tid, 0) == 0)
		t->state = FREE;
}

/* All that wait() has to tell. */
HELPER_CODE static void look(struct tracee *t)
{
	struct signalfd_siginfo info;
	int status;
	long tid;

	syscall(SYS_read, t->chld_fd, &info, sizeof(info));
	while ((tid = syscall(SYS_wait4, -1, &status, __WALL | WNOHANG, NULL)) >
	       0) {
		if (!WIFSTOPPED(status)) {
			t->state = GONE;
			continue;
		}
		/* By exec it gets the number of its process. */
		t->tid = (int)tid;
		if (status >> 16 == PTRACE_EVENT_STOP) {
			t->state = STOPPED;
			resume_call(t->tid);
			continue;
		}
		/* On its way to a signal; that stop took the place of ours. */
		trace(PTRACE_INTERRUPT, t->tid, 0);
		trace(PTRACE_CONT, t->tid, WSTOPSIG(status));
	}
	/* wait() is silent on the first thread until the last has exited. */
	if (t->state == SEIZED && probe(t) == -ESRCH)
		t->state = GONE;
	if (t->state == STOPPED && !t->wanted)
		let_go(t);
}

HELPER_CODE static int seize(struct tracee *t)
{
	int err;

	if (trace(PTRACE_SEIZE, t->tid, 0) < 0) {
		err = errno;
		/* That is what it says of a thread that has exited, too. */
		return err == EPERM && probe(t) == -ESRCH ? -ESRCH : -err;
	}
	t->state = SEIZED;
	return 0;
}

HELPER_CODE static int hold(struct tracee *t)
{
	struct pollfd p = { .fd = t->chld_fd, .events = POLLIN };
	struct timespec left = { .tv_sec = STOP_TIMEOUT };
	int ret;

	if (t->state == GONE)
		return -ESRCH;
	if (t->state == FREE) {
		ret = seize(t);
		if (ret < 0)
			return ret;
	}
	t->wanted = true;
	if (t->state == SEIZED)
		trace(PTRACE_INTERRUPT, t->tid, 0);
	/* The kernel keeps what is left of the time up to date. */
	while (t->state == SEIZED &&
	       syscall(SYS_ppoll, &p, 1, &left, NULL, 0) != 0)
		look(t);
	if (t->state == STOPPED)
		return 0;
	t->wanted = false;
	return t->state == GONE ? -ESRCH : -ETIMEDOUT;
}

HELPER_CODE static int release(struct tracee *t)
{
	t->wanted = false;
	if (t->state == STOPPED)
		let_go(t);
	return 0;
}

/* False: the program is done with us. */
HELPER_CODE static bool serve(struct tracee *t, int fd)
{
	struct block_request r;
	struct block_answer a;

	if (syscall(SYS_recvfrom, fd, &r, sizeof(r), 0, NULL, NULL) !=
	    (long)sizeof(r))
		return false;
	a.seq = r.seq;
	if (r.op == BLOCK_PROBE)
		a.ret = probe(t);
	else if (r.op == BLOCK_HOLD)
		a.ret = hold(t);
	else
		a.ret = release(t);
	syscall(SYS_sendto, fd, &a, sizeof(a), MSG_NOSIGNAL | MSG_DONTWAIT,
		NULL, 0);
	return true;
}

/*
 * Signals are blocked, and a blocked SIGCHLD is kept for a signalfd, unless the
 * program has the kernel ignore it.
 */
HELPER_CODE static int open_chld(void)
{
	unsigned long set[KERNEL_SIGSET / sizeof(long)] = { 1ul
							    << (SIGCHLD - 1) };
	/* As the kernel has it, whose size is none of ours: all 0, SIG_DFL. */
	long action[16] = { 0 };

	syscall(SYS_rt_sigaction, SIGCHLD, action, NULL, KERNEL_SIGSET);
	return (int)syscall(SYS_signalfd4, -1, set, KERNEL_SIGSET,
			    SFD_NONBLOCK);
}

HELPER_CODE void block_run(int fd, int parent, const void *arg)
{
	const struct block_target *target = arg;
	struct tracee t = { .tid = target->tid };
	struct pollfd p[3] = { { .fd = fd, .events = POLLIN },
			       { .fd = parent, .events = POLLIN },
			       { .events = POLLIN } };
	bool orphan = false;

	t.proc_fd = (int)syscall(SYS_openat, AT_FDCWD, target->proc,
				 O_PATH | O_DIRECTORY, 0);
	t.chld_fd = p[2].fd = open_chld();
	while (!orphan) {
		if (syscall(SYS_ppoll, p, 3, NULL, NULL, 0) < 0)
			continue;
		if (p[2].revents)
			look(&t);
		if (p[0].revents & POLLIN)
			orphan = !serve(&t, fd);
		else
			orphan = p[0].revents || p[1].revents;
	}
}
