/* SPDX-License-Identifier: MIT
 *
 * guard-process.c - the guardian: a process that waits for the end of its
 * parent, in whatever way it comes, and then writes back what the registers
 * were (guard.c).  It is there while the parent has a CPU.
 *
 * It answers nothing.  What was sent is read also when the sender is gone, so a
 * CPU that was told of before its first write is undone.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard.h"
#include "helper.h"
#include "priv.h"

#define MAX_CPUS 8192

/* Where there are two they differ in the offset's unit: it is 0. */
#ifdef SYS_mmap2
#define SYS_MAP SYS_mmap2
#else
#define SYS_MAP SYS_mmap
#endif

/* One message: a CPU comes with its descriptors, or goes. */
struct message {
	int32_t cpu;
	int32_t add;
	const struct pfm_msr_ops *ops; /* the same address in a copy */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock, as the next; sock is -1 without one. */
static struct helper guardian = { .sock = -1 };
static unsigned ncpus;

/* The guardian's own; the parent has it as zero pages. */
static struct {
	int lock_fd, msr_fd;
	const struct pfm_msr_ops *ops; /* NULL: not here */
} kept[MAX_CPUS];

HELPER_CODE static void restore_cpu(int cpu)
{
	/* An int leaves half of what the kernel takes undefined. */
	const long offset = 0;
	struct msr_cpu c = { .ops = kept[cpu].ops,
			     .cpu = cpu,
			     .fd = kept[cpu].msr_fd };
	long map = syscall(SYS_MAP, NULL, sizeof(struct guard_file),
			   PROT_READ | PROT_WRITE, MAP_SHARED,
			   kept[cpu].lock_fd, offset);

	if (map != -1)
		guard_play(&c, (struct guard_file *)map);
	syscall(SYS_flock, kept[cpu].lock_fd, LOCK_UN);
}

HELPER_CODE static void forget_cpu(int cpu)
{
	if (!kept[cpu].ops)
		return;
	syscall(SYS_close, kept[cpu].lock_fd);
	syscall(SYS_close, kept[cpu].msr_fd);
	kept[cpu].ops = NULL;
}

/* False: the other end is closed, or is silent with MSG_DONTWAIT. */
HELPER_CODE static bool receive(int fd, int flags)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct message m = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr hdr = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	const struct cmsghdr *cm;
	int fds[2];

	if (syscall(SYS_recvmsg, fd, &hdr, flags) != (long)sizeof(m))
		return false;
	if (m.cpu < 0 || m.cpu >= MAX_CPUS)
		return true;
	forget_cpu(m.cpu);
	cm = CMSG_FIRSTHDR(&hdr);
	if (!m.add || !cm || cm->cmsg_len != CMSG_LEN(sizeof(fds)))
		return true;
	__builtin_memcpy(fds, CMSG_DATA(cm), sizeof(fds));
	kept[m.cpu].lock_fd = fds[0];
	kept[m.cpu].msr_fd = fds[1];
	kept[m.cpu].ops = m.ops;
	return true;
}

/*
 * The parent's end shows twice: its end of the socket is closed (also by exec),
 * and its pidfd is readable (also when a child of its holds the socket).  What
 * it had sent before is still there to be read.
 */
HELPER_CODE static void guardian_run(int fd, int parent, const void *arg)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
			       { .fd = parent, .events = POLLIN } };
	bool orphan = false;

	(void)arg;
	while (!orphan) {
		if (syscall(SYS_ppoll, p, 2, NULL, NULL, 0) < 0)
			continue;
		if (p[0].revents & POLLIN)
			orphan = !receive(fd, 0);
		else
			orphan = p[0].revents || p[1].revents;
	}
	/* Sent between poll()'s look at the socket and that at the parent. */
	while (receive(fd, MSG_DONTWAIT))
		;
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (kept[cpu].ops)
			restore_cpu(cpu);
}

/* lock is held. */
static int start(void)
{
	static const struct helper_job job = {
		.what = "guardian for registers",
		.name = "pfm-guard",
		.run = guardian_run,
	};

	return helper_start(&guardian, &job);
}

/* lock is held. */
static void end(void)
{
	helper_end(&guardian);
	guardian.sock = -1;
}

static int tell(const struct message *m, const int fds[2])
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct message copy = *m;
	struct iovec iov = { &copy, sizeof(copy) };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (fds) {
		hdr.msg_control = control.buf;
		hdr.msg_controllen = sizeof(control.buf);
		cm = CMSG_FIRSTHDR(&hdr);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, 2 * sizeof(int));
	}
	return sendmsg(guardian.sock, &hdr, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int guard_process_add(const struct msr_cpu *c, int lock_fd)
{
	const struct message m = { .cpu = c->cpu, .add = 1, .ops = c->ops };
	const int fds[2] = { lock_fd, c->fd };
	int ret = 0;

	if (c->cpu >= MAX_CPUS)
		return fail(EINVAL, "CPU %d: none above %d can be counted",
			    c->cpu, MAX_CPUS - 1);
	pthread_mutex_lock(&lock);
	if (guardian.sock < 0)
		ret = start();
	if (ret == 0) {
		ret = tell(&m, fds);
		/* The second: and had not read what was sent before. */
		if (ret == -EPIPE || ret == -ECONNRESET)
			ret = fail(EPIPE,
				   "the guardian of the registers was killed: "
				   "stop counting on all CPUs, and start "
				   "again");
		else if (ret < 0)
			fail(-ret,
			     "the guardian of the registers cannot be told of "
			     "CPU %d: %s",
			     c->cpu, strerror(-ret));
	}
	if (ret == 0)
		ncpus++;
	else if (guardian.sock >= 0 && !ncpus)
		end();
	pthread_mutex_unlock(&lock);
	return ret;
}

void guard_process_remove(const struct msr_cpu *c)
{
	const struct message m = { .cpu = c->cpu };

	pthread_mutex_lock(&lock);
	tell(&m, NULL);
	if (--ncpus == 0)
		end();
	pthread_mutex_unlock(&lock);
}

/*
 * A forked child has nothing to do with its parent's guardian; the CPUs it
 * locks itself come with a guardian of their own.  Not left to the contexts:
 * the child does not look at one that another thread was working on.
 */
static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void fork_child(void)
{
	if (guardian.sock >= 0)
		close(guardian.sock);
	guardian.sock = -1;
	ncpus = 0;
	pthread_mutex_unlock(&lock);
}

/* Before fdtab.c's, so that fork takes this lock after those above it. */
__attribute__((constructor(200))) static void guard_process_init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
