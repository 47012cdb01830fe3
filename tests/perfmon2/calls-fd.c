/* SPDX-License-Identifier: MIT
 *
 * calls-fd.c - the descriptor of a context: what read, poll, fcntl, dup, fork,
 * exec and close make of it, and the message of a thread's end (perfmon2
 * reference, section 10; item 50 of 15).
 */
#include "config.h"

#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "buffer.h"
#include "calls.h"

#define PERIOD UINT64_C(10)

/* Does a context have that thread? */
static bool is_taken(int target)
{
	int fd = context(PFM_FL_NOPTRACE);
	bool taken = load_on(fd, target, 0) == -1 && errno == EEXIST;

	close(fd);
	return taken;
}

/* On the child, without ptrace, notified each PERIOD calls. */
static int notified_by_child(uint32_t flags)
{
	int fd;

	child_untraced();
	fd = period_context(flags | PFM_FL_NOPTRACE, PERIOD);
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	return fd;
}

/* So many messages of ours in the queue. */
static int with_messages(unsigned n)
{
	int fd = period_context(0, PERIOD);

	load_and_start(fd);
	for (unsigned i = 0; i < n; i++) {
		EXPECT(pfm_restart(fd) == 0);
		call(f, PERIOD);
		EXPECT_U64(stats(fd).overflows, i + 1);
	}
	return fd;
}

static void set_flag(int fd, int flag)
{
	EXPECT(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | flag) == 0);
}

static void one_message_each(void)
{
	int fd = with_messages(3);
	pfm_msg_t msgs[4];

	set_flag(fd, O_NONBLOCK);
	for (unsigned i = 0; i < 3; i++) {
		memset(msgs, 0x55, sizeof(msgs));
		EXPECT_U64(read(fd, msgs, sizeof(msgs)), sizeof(msgs[0]));
		EXPECT_U64(msgs[0].type, PFM_MSG_OVFL);
		EXPECT_U64(msgs[1].type, 0x55555555);
	}
	EXPECT(read(fd, msgs, sizeof(msgs)) == -1 && errno == EAGAIN);
}

/* perfmon2 refused it, and kept the message. */
static void short_read(void)
{
	int fd = with_messages(2);
	pfm_msg_t msg = { 0 };

	EXPECT_U64(read(fd, &msg, sizeof(msg) - 1), sizeof(msg) - 1);
	EXPECT_U64(msg.type, PFM_MSG_OVFL);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
	set_flag(fd, O_NONBLOCK);
	EXPECT(read(fd, &msg, 1) == -1 && errno == EAGAIN);
}

static void bad_buffer(void)
{
	int fd = with_messages(2);
	void *hole = mmap(NULL, page_size(), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(syscall(SYS_read, fd, hole, sizeof(pfm_msg_t)) == -1);
	EXPECT_U64(errno, EFAULT);
	message(fd);
	EXPECT(is_silent(fd));
}

static atomic_bool interrupted;
static int reader_tid;

static void ignore_signal(int sig)
{
	(void)sig;
}

/* Each signal when the reader sleeps; TSan runs no handler before it is up. */
static void *disturb_reader(void *arg)
{
	for (unsigned i = 0; arg ? i < 50 : !atomic_load(&interrupted); i++) {
		while (state_of(reader_tid) != 'S')
			sched_yield();
		syscall(SYS_tgkill, getpid(), reader_tid, SIGUSR1);
		sched_yield();
	}
	if (arg)
		child_begin(CALL_F, PERIOD);
	return NULL;
}

static void interrupted_read(void)
{
	struct sigaction sa = { .sa_handler = ignore_signal,
				.sa_flags = SA_RESTART };
	int fd = notified_by_child(0);
	pthread_t thread;
	pfm_msg_t msg;

	reader_tid = tid();
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&thread, NULL, disturb_reader, &child);
	EXPECT_U64(read(fd, &msg, sizeof(msg)), sizeof(msg));
	pthread_join(thread, NULL);
	sa.sa_flags = 0;
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&thread, NULL, disturb_reader, NULL);
	EXPECT(read(fd, &msg, sizeof(msg)) == -1 && errno == EINTR);
	atomic_store(&interrupted, true);
	pthread_join(thread, NULL);
	EXPECT(is_silent(fd));
}

static void wait_poll(int fd)
{
	struct pollfd p = { .fd = fd,
			    .events = POLLIN | POLLPRI | POLLRDNORM |
				      POLLRDBAND | POLLRDHUP };

	EXPECT_U64(poll(&p, 1, PATIENCE_MS), 1);
	EXPECT_U64((unsigned)p.revents, POLLIN | POLLRDNORM);
}

static void wait_epoll(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDNORM | EPOLLPRI |
					    EPOLLRDHUP };
	int ep = epoll_create1(0);

	EXPECT(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
	EXPECT_U64(epoll_wait(ep, &ev, 1, PATIENCE_MS), 1);
	EXPECT_U64(ev.events, EPOLLIN | EPOLLRDNORM);
	close(ep);
}

/* For both kinds, as long as the message has not been read. */
static void wakes(void)
{
	static void (*const wait[])(int fd) = { wait_poll, wait_epoll };
	int fd = notified_by_child(0);

	for (unsigned i = 0; i < 2; i++) {
		EXPECT(is_silent(fd));
		child_begin(CALL_F, PERIOD);
		wait[i](fd);
		wait[i](fd);
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
		child_wait();
		EXPECT(pfm_restart(fd) == 0);
	}
	EXPECT(is_silent(fd));
	child_begin(LEAVE, 0);
	for (unsigned i = 0; i < 2; i++)
		wait[i](fd);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
	EXPECT(is_silent(fd));
	child_reap();
}

static void as_a_file(void)
{
	int fd = with_messages(1);
	char link[64];
	struct stat st;

	EXPECT(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	EXPECT(open(link, O_RDONLY) == -1 && errno == ENXIO);
	EXPECT(fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
	EXPECT_U64(st.st_uid, geteuid());
	EXPECT(mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE, fd, 0) ==
	       MAP_FAILED);
	EXPECT_U64(write(fd, &st, 56), 56);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
	EXPECT(pfm_restart(fd) == 0);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 3);
}

static sigset_t queued;

/* The next signal for the descriptor, of those that queue; 0: none is there. */
static int signal_fd(int ms)
{
	struct timespec patience = { ms / 1000, 0 };
	siginfo_t si;

	if (sigtimedwait(&queued, &si, &patience) < 0)
		return 0;
	EXPECT_U64((unsigned)si.si_code, POLL_IN);
	return si.si_fd;
}

static void signal_for(int fd)
{
	sigemptyset(&queued);
	sigaddset(&queued, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &queued, NULL);
	EXPECT(fcntl(fd, F_SETOWN, getpid()) == 0);
	EXPECT(fcntl(fd, F_SETSIG, SIGRTMIN) == 0);
	set_flag(fd, O_ASYNC);
}

/* A duplicate closed changes nothing; in perfmon2 each close ended them. */
static void signals(void)
{
	int fd = notified_by_child(0), copy;

	signal_for(fd);
	close(dup(fd));
	child_do(CALL_F, PERIOD);
	EXPECT_U64(signal_fd(PATIENCE_MS), fd);
	copy = dup(fd);
	close(fd);
	child_end();
	EXPECT_U64(signal_fd(PATIENCE_MS), fd);
	EXPECT_U64(message(copy).type, PFM_MSG_OVFL);
	EXPECT_U64(message(copy).type, PFM_MSG_END);
	EXPECT_U64(signal_fd(0), 0);
}

static void duplicate(void)
{
	int a = period_context(0, PERIOD), b;

	load_and_start(a);
	call(f, 4);
	b = dup(a);
	EXPECT_U64(value(b, 0, 0), -PERIOD + 4);
	close(a);
	GIVES(pfm_stop(a), EBADF);
	EXPECT(is_taken(tid()));
	call(f, PERIOD - 4);
	EXPECT_U64(message(b).type, PFM_MSG_OVFL);
	EXPECT(pfm_restart(b) == 0);
	call(f, 1);
	EXPECT_U64(value(b, 0, 0), -PERIOD + 1);
	close(b);
	GIVES(pfm_stop(b), EBADF);
	EXPECT(!is_taken(tid()));
}

/* Sent, closed and received: it was never away. */
static void passed_on(void)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int))];
	} ctl = { .hdr = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	int fd = calls_context(0, f), sv[2], received;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &ctl,
			      .msg_controllen = sizeof(ctl) };

	memcpy(CMSG_DATA(&ctl.hdr), &fd, sizeof(fd));
	load_and_start(fd);
	call(f, 3);
	EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	EXPECT(sendmsg(sv[0], &msg, 0) == 1);
	close(fd);
	EXPECT(is_taken(tid()));
	call(f, 4);
	EXPECT(recvmsg(sv[1], &msg, 0) == 1);
	memcpy(&received, CMSG_DATA(&ctl.hdr), sizeof(received));
	EXPECT_U64(value(received, 0, 0), 7);
}

/* It shares the queue, and nothing it does to its copy is seen here. */
static void shared_with_fork(void)
{
	int fd = with_messages(2), status;
	pid_t pid = fork();

	if (pid == 0) {
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
		GIVES(pfm_unload_context(fd), EBADF);
		close(fd);
		_exit(behaviour_failed);
	}
	waitpid(pid, &status, 0);
	EXPECT_U64(status, 0);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
	EXPECT(pfm_restart(fd) == 0);
	call(f, 6);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 6);
}

/* What main() does when it was executed so: is that descriptor open? */
static bool open_after_exec(int fd)
{
	char number[16];
	int status;
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "is-open", number, NULL);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	return EXPECT(status == 0 || status == 1 << 8) && status == 0;
}

static void over_exec(void)
{
	int fd = context(0);

	EXPECT(!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	EXPECT(open_after_exec(fd));
	EXPECT(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
	EXPECT(!open_after_exec(fd));
}

/* The child came later and has a copy of the descriptor. */
static void copy_elsewhere(void)
{
	int fd = calls_context(0, f);

	load_and_start(fd);
	child_untraced();
	close(fd);
	GIVES(pfm_stop(fd), EBADF);
	EXPECT(is_taken(tid()));
	child_end();
	EXPECT(!is_taken(tid()));
}

static void mapped_buffer(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);
	const pfm_dfl_smpl_hdr_t *hdr;
	int fd = buffer_context(0, 4096, &hdr);

	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load_and_start(fd);
	call(f, 3 * PERIOD);
	EXPECT_U64(stats(fd).samples, 3);
	close(fd);
	EXPECT(!is_taken(tid()));
	call(f, 3 * PERIOD);
	EXPECT_U64(hdr->hdr_count, 3);
	EXPECT_U64(entry(hdr, 2, 0)->ip, (uintptr_t)f);
}

/* The number the next open gets is as low as before. */
static void nothing_left(void)
{
	int first = dup(0);

	close(first);
	for (unsigned i = 0; i < 300; i++) {
		int fd = period_context(PFM_FL_MAP_SETS, PERIOD);

		load_and_start(fd);
		EXPECT(pfm_set_unmap(pfm_set_map(fd, 0)) == 0);
		call(f, 3);
		close(fd);
		if (!EXPECT(fd < first + 60))
			return;
	}
	EXPECT(!is_taken(tid()));
	EXPECT(dup(0) < first + 20);
}

static void end_then_values(void)
{
	int fd = notified_by_child(0);

	child_do(CALL_F, 6);
	child_begin(LEAVE, 0);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 6);
	GIVES(pfm_start(fd, NULL), EINVAL);
	GIVES(pfm_restart(fd), EBUSY);
	EXPECT(!is_taken(tid()));
	GIVES(load_on(fd, tid(), 0), 0);
	EXPECT(is_silent(fd));
	child_reap();
}

/* It is dropped like any other; the context is unloaded all the same. */
static void end_dropped(void)
{
	int fd = notified_by_child(0);

	for (unsigned i = 0; i < PFM_MAX_MSGS - 1; i++) {
		child_do(CALL_F, PERIOD);
		EXPECT_U64(stats(fd).notified, i + 1);
		EXPECT(pfm_restart(fd) == 0);
	}
	child_end();
	GIVES(pfm_restart(fd), EBUSY);
	for (unsigned i = 0; i < PFM_MAX_MSGS - 1; i++)
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
}

static void no_end_of_cpu(void)
{
	int here = usable_cpu(-1), fd;

	pin(here);
	child_untraced();
	fd = context(PFM_FL_SYSTEM_WIDE);
	on_faults(fd, 0, 0);
	plain(fd, 0, 0);
	load(fd, here);
	EXPECT(pfm_start(fd, NULL) == 0);
	child_do(TOUCH, 500);
	child_end();
	EXPECT(value(fd, 0, 0) >= 500);
	EXPECT(is_silent(fd));
	GIVES(pfm_stop(fd), 0);
}

static const struct behaviour behaviours[] = {
	{ 10, 0, "a read is one message, whatever the room", one_message_each },
	{ 15, 50,
	  "O_NONBLOCK, empty: EAGAIN; a short read cuts the message here",
	  short_read },
	{ 10, 0, "a bad buffer: EFAULT, and the message is lost", bad_buffer },
	{ 10, 0, "a signal ends a read, EINTR, or it waits on",
	  interrupted_read },
	{ 15, 50, "poll, epoll: both messages wake, no hang-up", wakes },
	{ 10, 0,
	  "as a file: ESPIPE, ENXIO; a socket here, and a write is nothing",
	  as_a_file },
	{ 10, 3, "signals for both messages, here also after a close",
	  signals },
	{ 10, 0, "a duplicate is the context, the first one closed",
	  duplicate },
	{ 10, 0, "sent over a socket it is the same context", passed_on },
	{ 10, 4,
	  "a fork's child: the same queue, calls are EBADF, closes nothing",
	  shared_with_fork },
	{ 10, 2, "open after an exec, unless FD_CLOEXEC", over_exec },
	{ 10, 3, "the last descriptor is another process's", copy_elsewhere },
	{ 10, 3, "a mapping outlives the descriptor, here not the context",
	  mapped_buffer },
	{ 10, 3, "300 contexts closed: their descriptors are gone",
	  nothing_left },
	{ 10, 2, "an end read: unloaded, with the last values",
	  end_then_values },
	{ 10, 1, "a full queue drops the end", end_dropped },
	{ 10, 2, "a CPU has no end", no_end_of_cpu },
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "is-open") == 0)
		return fcntl((int)strtol(argv[1], NULL, 10), F_GETFD) < 0;
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
