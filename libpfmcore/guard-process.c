/* SPDX-License-Identifier: MIT
 *
 * guard-process.c - the guardian: a process that waits for the end of its
 * parent, in whatever way it comes, and then writes back what the registers
 * were (guard.c).  It is there while the parent has a CPU.
 *
 * It is a copy of the parent, which may have threads and locks held by them:
 * from its beginning to its end it makes system calls and nothing else.  It has
 * no exit signal, so that the program's own wait() never meets it.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "priv.h"

#define NO_SANITIZE \
	__attribute__((no_sanitize("address", "thread", "undefined")))
#define MAX_CPUS 8192

/* One message: a CPU comes with its descriptors, or goes. */
struct message {
	int32_t cpu;
	int32_t add;
	const struct pfm_msr_ops *ops; /* the same address in a copy */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sock = -1; /* to the guardian; under the lock, as all below */
static pid_t guardian;
static unsigned ncpus;

/* The guardian's own; the parent has it as zero pages. */
static struct {
	int lock_fd, msr_fd; /* 0: not here */
	const struct pfm_msr_ops *ops;
} kept[MAX_CPUS];

NO_SANITIZE static void restore_cpu(int cpu)
{
	struct msr_cpu c = { .ops = kept[cpu].ops,
			     .cpu = cpu,
			     .fd = kept[cpu].msr_fd };
	void *map =
		mmap(NULL, sizeof(struct guard_file), PROT_READ | PROT_WRITE,
		     MAP_SHARED, kept[cpu].lock_fd, 0);

	if (map != MAP_FAILED)
		guard_play(&c, map);
	flock(kept[cpu].lock_fd, LOCK_UN);
}

NO_SANITIZE static void forget_cpu(int cpu)
{
	if (!kept[cpu].lock_fd)
		return;
	close(kept[cpu].lock_fd);
	close(kept[cpu].msr_fd);
	kept[cpu].lock_fd = 0;
}

/* False: the other end is closed, and no message is left. */
NO_SANITIZE static bool receive(int fd)
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

	if (syscall(SYS_recvmsg, fd, &hdr, 0) != (long)sizeof(m))
		return false;
	if (m.cpu < 0 || m.cpu >= MAX_CPUS)
		return true;
	forget_cpu(m.cpu);
	cm = CMSG_FIRSTHDR(&hdr);
	if (!m.add || !cm)
		return true;
	__builtin_memcpy(fds, CMSG_DATA(cm), sizeof(fds));
	kept[m.cpu].lock_fd = fds[0];
	kept[m.cpu].msr_fd = fds[1];
	kept[m.cpu].ops = m.ops;
	return true;
}

/* Descriptors 0 to 2 are open, so that no descriptor of a CPU is 0. */
NO_SANITIZE static void close_others(int a, int b)
{
	int null = open("/dev/null", O_RDWR);
	int lo = a < b ? a : b, hi = a < b ? b : a;

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (lo > 3)
		syscall(SYS_close_range, 3, lo - 1, 0);
	if (hi > lo + 1)
		syscall(SYS_close_range, lo + 1, hi - 1, 0);
	syscall(SYS_close_range, hi + 1, ~0u, 0);
}

/*
 * The parent's end shows twice: its end of the socket is closed (also by exec),
 * and its pidfd is readable (also when a child of its holds the socket).  What
 * it had sent before is still there to be read.
 */
NO_SANITIZE _Noreturn static void guardian_main(int fd, int pidfd)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };
	bool orphan = false;

	syscall(SYS_setsid);
	prctl(PR_SET_NAME, "pfm-guard");
	if (chdir("/") < 0)
		p[0].revents = 0;
	close_others(fd, pidfd);
	/* From here on no descriptor of the program's is open twice. */
	syscall(SYS_sendto, fd, "", 1, MSG_NOSIGNAL, NULL, 0);
	while (!orphan) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents & POLLIN)
			orphan = !receive(fd);
		else
			orphan = p[0].revents || p[1].revents;
	}
	while (syscall(SYS_recvmsg, fd, NULL, MSG_DONTWAIT) > 0)
		;
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (kept[cpu].lock_fd)
			restore_cpu(cpu);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* lock is held. */
static int start(void)
{
	int sv[2], pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sigset_t all, old;
	char ready;

	if (pidfd < 0)
		return fail(errno, "guardian: no descriptor of a process: %m");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		close(pidfd);
		return fail(errno, "guardian: no socket: %m");
	}
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	guardian = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (guardian == 0)
		guardian_main(sv[1], pidfd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(sv[1]);
	close(pidfd);
	if (guardian < 0) {
		close(sv[0]);
		return fail(errno, "guardian: cannot start a process: %m");
	}
	sock = sv[0];
	/* Its copies of descriptors would hide that the last one was closed. */
	while (recv(sock, &ready, 1, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* lock is held. */
static void end(void)
{
	close(sock);
	sock = -1;
	while (waitpid(guardian, NULL, __WCLONE) < 0 && errno == EINTR)
		;
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
	return sendmsg(sock, &hdr, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int guard_process_add(const struct msr_cpu *c, int lock_fd)
{
	const struct message m = { .cpu = c->cpu, .add = 1, .ops = c->ops };
	const int fds[2] = { lock_fd, c->fd };
	int ret = 0;

	pthread_mutex_lock(&lock);
	if (sock < 0)
		ret = start();
	if (ret == 0) {
		ret = tell(&m, fds);
		if (ret < 0)
			fail(-ret, "guardian: %s", strerror(-ret));
	}
	if (ret == 0)
		ncpus++;
	else if (sock >= 0 && !ncpus)
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

/* The child's own CPUs come with a guardian of its own. */
void guard_process_after_fork(void)
{
	if (sock >= 0)
		close(sock);
	sock = -1;
	ncpus = 0;
	pthread_mutex_init(&lock, NULL);
}
