/* SPDX-License-Identifier: MIT
 *
 * guard-process.c - the guardian: a process that waits for the end of its
 * parent, in whatever way it comes, and then writes back what the registers
 * were (guard.c).  It is there while the parent has a CPU.
 *
 * It is a copy of the parent, which may have threads and locks held by them:
 * from its beginning to its end it makes system calls and nothing else, by
 * syscall(), since a sanitizer takes locks around those of the C library.  It
 * has no exit signal, so that the program's own wait() never meets it.
 *
 * It answers nothing.  What was sent is read also when the sender is gone, so a
 * CPU that was told of before its first write is undone.
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
static int sock = -1; /* to the guardian; under the lock, as all below */
static pid_t guardian;
static unsigned ncpus;

/* The guardian's own; the parent has it as zero pages. */
static struct {
	int lock_fd, msr_fd;
	const struct pfm_msr_ops *ops; /* NULL: not here */
} kept[MAX_CPUS];

NO_SANITIZE static void restore_cpu(int cpu)
{
	struct msr_cpu c = { .ops = kept[cpu].ops,
			     .cpu = cpu,
			     .fd = kept[cpu].msr_fd };
	long map = syscall(SYS_MAP, NULL, sizeof(struct guard_file),
			   PROT_READ | PROT_WRITE, MAP_SHARED,
			   kept[cpu].lock_fd, 0);

	if (map != -1)
		guard_play(&c, (struct guard_file *)map);
	syscall(SYS_flock, kept[cpu].lock_fd, LOCK_UN);
}

NO_SANITIZE static void forget_cpu(int cpu)
{
	if (!kept[cpu].ops)
		return;
	syscall(SYS_close, kept[cpu].lock_fd);
	syscall(SYS_close, kept[cpu].msr_fd);
	kept[cpu].ops = NULL;
}

/* False: the other end is closed, or is silent with MSG_DONTWAIT. */
NO_SANITIZE static bool receive(int fd, int flags)
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

NO_SANITIZE static void close_range_of(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* Linux before 5.9. */
	for (unsigned fd = first; fd <= last && fd < 65536; fd++)
		syscall(SYS_close, fd);
}

/* All descriptors but these two, none of which is 0 to 2, are let go of. */
NO_SANITIZE static void close_others(int a, int b)
{
	unsigned lo = (unsigned)(a < b ? a : b), hi = (unsigned)(a < b ? b : a);
	long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);

	for (int i = 0; i < 3; i++)
		syscall(SYS_dup3, null, i, 0);
	close_range_of(3, lo - 1);
	close_range_of(lo + 1, hi - 1);
	close_range_of(hi + 1, ~0u);
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
	syscall(SYS_prctl, PR_SET_NAME, "pfm-guard", 0, 0, 0);
	syscall(SYS_chdir, "/");
	/* The program may have started with its standard streams closed. */
	fd = p[0].fd = (int)syscall(SYS_fcntl, fd, F_DUPFD, 3);
	p[1].fd = (int)syscall(SYS_fcntl, pidfd, F_DUPFD, 3);
	if (p[0].fd < 0 || p[1].fd < 0)
		syscall(SYS_exit_group, 1);
	close_others(p[0].fd, p[1].fd);
	/* From here on no descriptor of the program's is open twice. */
	syscall(SYS_sendto, fd, "", 1, MSG_NOSIGNAL, NULL, 0);
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
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* lock is held. */
static int start(void)
{
	int sv[2], cancel, pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sigset_t all, old;
	char ready;

	if (pidfd < 0)
		return fail(errno,
			    "no guardian for registers: pidfd_open: %m (it "
			    "takes Linux 5.3)");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		close(pidfd);
		return fail(errno, "no guardian for registers: socket: %m");
	}
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	/* The copy of a thread that is being cancelled would act on it. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	guardian = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (guardian == 0)
		guardian_main(sv[1], pidfd);
	pthread_setcancelstate(cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(sv[1]);
	close(pidfd);
	if (guardian < 0) {
		close(sv[0]);
		return fail(errno, "no guardian for registers: clone: %m");
	}
	sock = sv[0];
	/* Its copies of descriptors would hide that the last one was closed. */
	while (recv(sock, &ready, 1, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/*
 * lock is held.  Closing alone will not do: a child of the program's may have
 * our end of the socket too.
 */
static void end(void)
{
	shutdown(sock, SHUT_RDWR);
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

	if (c->cpu >= MAX_CPUS)
		return fail(EINVAL, "CPU %d: none above %d can be counted",
			    c->cpu, MAX_CPUS - 1);
	pthread_mutex_lock(&lock);
	if (sock < 0)
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
	if (sock >= 0)
		close(sock);
	sock = -1;
	ncpus = 0;
	pthread_mutex_unlock(&lock);
}

/* Before fdtab.c's, so that fork takes this lock after those above it. */
__attribute__((constructor(200))) static void guard_process_init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
