/* SPDX-License-Identifier: MIT
 *
 * t-block.c - a thread is stopped and let go: it makes no step in between, keeps
 * its signals, its system call and its state of job control, and nobody but the
 * library sees it.  The targets count in memory they share with the test.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "block.h"
#include "ctx.h"
#include "priv.h"

#define ROUNDS 1000
#define NOBODY 65534

/* Of a target; the test empties it before each. */
static struct shared {
	_Atomic uint64_t count;  /* made by the target as fast as it can */
	_Atomic uint64_t other;  /* by another thread of it */
	_Atomic uint32_t caught; /* signals */
	_Atomic int tid;         /* of the thread to stop, when it is ready */
	_Atomic int ret, err;    /* of its system call, when done */
	_Atomic int done, go;
	_Atomic uint32_t futex;
	int pipe[2];
} * shared;
static int shared_fd;
static char self_path[256];

static _Noreturn void count_for_ever(void)
{
	for (;;)
		atomic_fetch_add(&shared->count, 1);
}

static void ready(void)
{
	atomic_store(&shared->tid, (int)syscall(SYS_gettid));
}

/* A child that runs f; *shared is as new.  It ends with us. */
static pid_t spawn(void (*f)(void))
{
	pid_t pid;

	memset((void *)shared, 0, sizeof(*shared));
	if (pipe(shared->pipe) < 0)
		diag("no pipe");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Where Yama asks for it; refused where there is none. */
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		f();
		_exit(0);
	}
	while (!atomic_load(&shared->tid))
		sched_yield();
	return pid;
}

static void end_target(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(shared->pipe[0]);
	close(shared->pipe[1]);
}

static void counter(void)
{
	ready();
	count_for_ever();
}

static void status_field(int tid, const char *name, char *value, size_t size)
{
	char path[64], line[256];
	FILE *f;

	*value = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			snprintf(value, size, "%s", line + strlen(name) + 1);
	if (f)
		fclose(f);
}

static char state(int tid)
{
	char value[64];

	status_field(tid, "State:", value, sizeof(value));
	return value[0];
}

static pid_t tracer(int tid)
{
	char value[64];

	status_field(tid, "TracerPid:", value, sizeof(value));
	return (pid_t)strtol(value, NULL, 10);
}

static void wait_state(int tid, char want)
{
	while (state(tid) != want)
		sched_yield();
}

/* Returns when it has counted further. */
static void wait_count(void)
{
	uint64_t old = atomic_load(&shared->count);

	while (atomic_load(&shared->count) == old)
		sched_yield();
}

static bool stands_still(void)
{
	uint64_t old = atomic_load(&shared->count);

	for (int i = 0; i < 50; i++)
		sched_yield();
	return atomic_load(&shared->count) == old;
}

static int open_target(void)
{
	int h = block_open(atomic_load(&shared->tid));

	if (h >= 0)
		return h;
	/* All that follows would wait for ever. */
	diag("%s", pfm_reason());
	exit(1);
}

/* Called once, after the next request to the helper. */
static void (*on_send)(void);

ssize_t send(int fd, const void *buf, size_t size, int flags)
{
	ssize_t n = syscall(SYS_sendto, fd, buf, size, flags, NULL, 0);
	void (*f)(void) = on_send;

	on_send = NULL;
	if (f)
		f();
	return n;
}

static _Atomic unsigned nsigchld;

static void note_sigchld(int sig)
{
	(void)sig;
	atomic_fetch_add(&nsigchld, 1);
}

/* The heart of it, and that the program's own wait() never learns. */
static void test_rounds(void)
{
	pid_t pid = spawn(counter);
	int h = open_target(), failed = 0, moved = 0, seen = 0;

	is_i64(tracer(pid), 0, "open: not traced yet");
	ok(fcntl(h, F_GETFD) & FD_CLOEXEC, "the handle is close-on-exec");
	is_i64(block_release(h), 0, "release without a hold");
	signal(SIGCHLD, note_sigchld);
	for (int i = 0; i < ROUNDS; i++) {
		failed += block_hold(h) != 0;
		moved += state(pid) != 't' || !stands_still();
		seen += waitpid(-1, NULL, WNOHANG | WUNTRACED | WCONTINUED);
		failed += block_release(h) != 0;
		seen += waitpid(-1, NULL, WNOHANG | WUNTRACED | WCONTINUED);
		wait_count();
	}
	is_i64(failed, 0, "%d times held and released", ROUNDS);
	is_i64(moved, 0, "not a step in between");
	is_i64(seen, 0, "wait() never returned");
	is_u64(atomic_load(&nsigchld), 0, "nor came a SIGCHLD");
	signal(SIGCHLD, SIG_DFL);
	is_i64(tracer(pid), 0, "released: it has no tracer");
	is_i64(block_hold(h), 0, "held");
	is_i64(block_hold(h), 0, "held again");
	block_close(h);
	wait_count();
	ok(true, "close releases it");
	is_i64(waitpid(-1, NULL, WNOHANG | __WALL), 0, "the helper is reaped");
	end_target(pid);
}

static int read_byte(void)
{
	char byte;

	return (int)read(shared->pipe[0], &byte, 1);
}

static int poll_byte(void)
{
	struct pollfd p = { .fd = shared->pipe[0], .events = POLLIN };

	return poll(&p, 1, -1);
}

static int poll_byte_long(void)
{
	struct pollfd p = { .fd = shared->pipe[0], .events = POLLIN };

	return poll(&p, 1, 1000000);
}

static int wait_futex(void)
{
	long ret = syscall(SYS_futex, &shared->futex, FUTEX_WAIT, 0, NULL, NULL,
			   0);

	return ret == 0 || errno == EAGAIN ? 1 : -1;
}

static int wait_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_byte() != 1);
	return waitpid(pid, NULL, 0) == pid ? 1 : -1;
}

static int wait_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, shared->pipe[0], &ev);
	return epoll_wait(ep, &ev, 1, -1);
}

/* With a timeout Linux returns EINTR from these when a stop is over. */
static int recv_byte(void)
{
	const struct timeval tv = { .tv_sec = 1000 };
	int sv[2];
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		return -1;
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	pid = fork();
	if (pid == 0)
		_exit(read_byte() == 1 && write(sv[1], "", 1) == 1);
	return (int)recv(sv[0], &byte, 1, 0);
}

static int wait_signal(void)
{
	const struct timespec ts = { .tv_sec = 1000 };
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid == 0)
		_exit(read_byte());
	return sigtimedwait(&set, NULL, &ts) == SIGCHLD ? 1 : -1;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
	{ "read", read_byte },
	{ "poll", poll_byte },
	{ "poll with a timeout", poll_byte_long },
	{ "futex", wait_futex },
	{ "wait4", wait_child },
	{ "epoll_wait", wait_epoll },
	{ "recv with a timeout", recv_byte },
	{ "sigtimedwait", wait_signal },
};
static unsigned which;

static void caller(void)
{
	int ret;

	ready();
	ret = calls[which].call();
	atomic_store(&shared->err, errno);
	atomic_store(&shared->ret, ret);
	atomic_store(&shared->done, 1);
	count_for_ever();
}

/* A call that the stop interrupts goes on as if nothing had been. */
static void test_calls(void)
{
	for (which = 0; which < sizeof(calls) / sizeof(calls[0]); which++) {
		pid_t pid = spawn(caller);
		int h = open_target(), failed = 0;

		for (int i = 0; i < 3; i++) {
			while (state(pid) != 'S' && !atomic_load(&shared->done))
				sched_yield();
			failed += block_hold(h) != 0;
			failed += state(pid) != 't';
			failed += block_release(h) != 0;
		}
		is_i64(failed, 0, "in %s: held and released",
		       calls[which].name);
		if (write(shared->pipe[1], "", 1) != 1)
			diag("cannot write");
		atomic_store(&shared->futex, 1);
		syscall(SYS_futex, &shared->futex, FUTEX_WAKE, 1, NULL, NULL,
			0);
		while (!atomic_load(&shared->done))
			sched_yield();
		ok(atomic_load(&shared->ret) == 1 ||
			   diag("returned %d, errno %d", shared->ret,
				shared->err),
		   "%s was not interrupted", calls[which].name);
		block_close(h);
		end_target(pid);
	}
}

static void test_job_control(void)
{
	pid_t pid = spawn(counter);
	int h = open_target(), status = 0;

	kill(pid, SIGSTOP);
	is_i64(waitpid(pid, &status, WUNTRACED), pid, "stopped by SIGSTOP");
	is_i64(block_hold(h), 0, "held");
	ok(stands_still(), "stands still");
	is_i64(block_release(h), 0, "released");
	wait_state(pid, 'T');
	ok(stands_still(), "still stopped by SIGSTOP");
	is_i64(waitpid(pid, &status, WUNTRACED | WNOHANG), 0,
	       "which is not told twice");
	kill(pid, SIGCONT);
	wait_count();
	ok(true, "and ended by SIGCONT");

	is_i64(block_hold(h), 0, "held");
	kill(pid, SIGSTOP);
	is_i64(waitpid(pid, &status, WUNTRACED | WNOHANG), 0,
	       "a SIGSTOP waits");
	is_i64(block_release(h), 0, "released");
	is_i64(waitpid(pid, &status, WUNTRACED), pid, "stops it then");
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "as SIGSTOP");

	is_i64(block_hold(h), 0, "held while stopped");
	kill(pid, SIGCONT);
	ok(stands_still(), "a SIGCONT waits");
	is_i64(block_release(h), 0, "released");
	wait_count();
	ok(true, "and it runs");
	block_close(h);
	end_target(pid);
}

static void count_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&shared->caught, 1);
}

static void catcher(void)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	signal(SIGRTMIN, count_signal);
	signal(SIGRTMIN + 1, count_signal);
	ready();
	for (;;) {
		atomic_fetch_add(&shared->count, 1);
		/* TSan runs handlers from calls alone, and two as one. */
		pthread_mutex_lock(&m);
		pthread_mutex_unlock(&m);
	}
}

static void wait_caught(uint32_t n)
{
	while (atomic_load(&shared->caught) < n)
		sched_yield();
}

static void test_signals(void)
{
	pid_t pid = spawn(catcher);
	int h = open_target(), failed = 0, early = 0;
	uint32_t sent = 0;

	for (int i = 0; i < ROUNDS; i++) {
		/* On its way when the hold comes, in any place of it. */
		sent += kill(pid, SIGRTMIN) == 0;
		failed += block_hold(h) != 0;
		early = (int)atomic_load(&shared->caught);
		sent += kill(pid, SIGRTMIN + 1) == 0;
		failed += !stands_still();
		failed += (int)atomic_load(&shared->caught) != early;
		failed += block_release(h) != 0;
		wait_caught(sent);
	}
	is_i64(failed, 0, "held and released amid signals");
	wait_caught(sent);
	is_u64(atomic_load(&shared->caught), 2 * ROUNDS,
	       "each was caught once, none while it was held");
	block_close(h);
	end_target(pid);
}

static void quitter(void)
{
	char byte;

	ready();
	_exit(read(shared->pipe[0], &byte, 1) == 1 ? 7 : 1);
}

static void test_exit(void)
{
	pid_t pid = spawn(quitter);
	int h = open_target(), status = 0;
	siginfo_t info;

	is_i64(write(shared->pipe[1], "", 1), 1, "told to exit");
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	is_i64(block_hold(h), -ESRCH, "exited, not yet waited for");
	is_i64(waitpid(pid, &status, 0), pid, "waited for");
	is_i64(WEXITSTATUS(status), 7, "with its status");
	is_i64(block_hold(h), -ESRCH, "exited");
	is_i64(block_release(h), 0, "release of nothing");
	block_close(h);
	errno = ENOTTY;
	is_i64(block_hold(-1), -EIO, "no such handle");
	is_i64(errno, ENOTTY, "errno is kept");
	is_i64(block_open(pid), -ESRCH, "no such thread");
	ok(strstr(pfm_reason(), "exited"), "and it says so");
	end_target(pid);
}

static void test_kill(void)
{
	pid_t pid = spawn(counter);
	int h = open_target(), status = 0;

	is_i64(block_hold(h), 0, "held");
	kill(pid, SIGKILL);
	is_i64(waitpid(pid, &status, 0), pid, "killed while held");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	   "wait() tells of the signal");
	is_i64(block_release(h), 0, "release of one that is gone");
	is_i64(block_hold(h), -ESRCH, "hold of one that is gone");
	block_close(h);
	end_target(pid);
}

static void *count_other(void *arg)
{
	for (;;)
		atomic_fetch_add(&shared->other, 1);
	return arg;
}

static void *count_thread(void *arg)
{
	ready();
	while (!atomic_load(&shared->done))
		atomic_fetch_add(&shared->count, 1);
	return arg;
}

/* The second thread is to be stopped, the first counts on. */
static void two_threads(void)
{
	pthread_t t;

	pthread_create(&t, NULL, count_thread, NULL);
	while (!atomic_load(&shared->go))
		atomic_fetch_add(&shared->other, 1);
	execl(self_path, self_path, "fd", "0", NULL);
	_exit(2);
}

static void wait_other(void)
{
	uint64_t old = atomic_load(&shared->other);

	while (atomic_load(&shared->other) == old)
		sched_yield();
}

static void test_thread(void)
{
	pid_t pid = spawn(two_threads);
	int h = open_target(), status = 0;

	is_i64(block_hold(h), 0, "a thread of another process held");
	wait_other();
	ok(stands_still(), "alone: the other one counts");
	is_i64(block_release(h), 0, "released");
	wait_count();
	is_i64(block_hold(h), 0, "held");
	/* That waits for the death of the thread that is held. */
	atomic_store(&shared->go, 1);
	is_i64(waitpid(pid, &status, 0), pid, "the other one calls exec");
	is_i64(status, 0, "which succeeds");
	is_i64(block_hold(h), -ESRCH, "and ends the one held");
	block_close(h);
	end_target(pid);
}

static void leader_leaves(void)
{
	pthread_t t;

	pthread_create(&t, NULL, count_other, NULL);
	ready();
	while (!atomic_load(&shared->go))
		atomic_fetch_add(&shared->count, 1);
	pthread_exit(NULL);
}

static void test_leader(void)
{
	pid_t pid = spawn(leader_leaves);
	int h = open_target(), status = 0;

	is_i64(block_hold(h), 0, "the first thread held");
	block_release(h);
	atomic_store(&shared->go, 1);
	wait_state(pid, 'Z');
	is_i64(block_hold(h), -ESRCH, "it exits, the process does not");
	wait_other();
	is_i64(waitpid(pid, &status, WNOHANG), 0, "which counts on");
	kill(pid, SIGKILL);
	is_i64(waitpid(pid, &status, 0), pid, "until it is killed");
	block_close(h);
	end_target(pid);
}

/* A thread of the tool itself. */
static void test_own_thread(void)
{
	pthread_t t;
	int h;

#ifdef __SANITIZE_THREAD__
	skip("a thread of our own: held, it may have a lock of TSan's");
	return;
#endif
	memset((void *)shared, 0, sizeof(*shared));
	pthread_create(&t, NULL, count_thread, NULL);
	while (!atomic_load(&shared->tid))
		sched_yield();
	h = open_target();
	is_i64(block_hold(h), 0, "a thread of our own held");
	ok(stands_still(), "stands still");
	is_i64(block_release(h), 0, "released");
	wait_count();
	block_close(h);
	atomic_store(&shared->done, 1);
	pthread_join(t, NULL);
}

/* What ends the tool while it holds the target. */
static void kill_self(void)
{
	kill(getpid(), SIGKILL);
}

static void exit_self(void)
{
	exit(0);
}

static void exec_self(void)
{
	execl("/bin/sleep", "sleep", "1000", NULL);
}

/* A child that no handler of ours knows has all our descriptors. */
static void leave_child(void)
{
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) == 0)
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	kill(getpid(), SIGKILL);
}

static void run_tool(void (*end)(void), const char *how)
{
	pid_t target = spawn(counter), tool;
	char held = 0;

	tool = fork();
	if (tool == 0) {
		/* The group is what is killed in the end. */
		setpgid(0, 0);
		held = block_hold(open_target()) == 0 && stands_still();
		if (write(shared->pipe[1], &held, 1) == 1)
			end();
		_exit(1);
	}
	ok(read(shared->pipe[0], &held, 1) == 1 && held,
	   "a tool holds the target");
	wait_count();
	wait_state(target, 'R');
	is_i64(tracer(target), 0, "%s: the target goes on", how);
	kill(-tool, SIGKILL);
	waitpid(tool, NULL, 0);
	end_target(target);
}

static void test_tool_gone(void)
{
	run_tool(kill_self, "the tool is killed");
	run_tool(exit_self, "the tool exits");
	run_tool(exec_self, "the tool calls exec");
	run_tool(leave_child, "the tool is killed and leaves a child");
}

static void test_helper_killed(void)
{
	pid_t pid = spawn(counter), helper;
	int h = open_target();

	is_i64(block_hold(h), 0, "held");
	helper = tracer(pid);
	ok(helper > 0 && kill(helper, SIGKILL) == 0, "the helper is killed");
	wait_count();
	is_i64(tracer(pid), 0, "the target goes on");
	is_i64(waitpid(-1, NULL, WNOHANG), 0, "wait() does not see the helper");
	is_i64(block_release(h), 0, "nothing to release");
	is_i64(block_hold(h), -EIO, "hold tells");
	block_close(h);
	ok(kill(helper, 0) < 0 && errno == ESRCH, "it is reaped");

	h = open_target();
	is_i64(block_hold(h), 0, "held by the next");
	helper = tracer(pid);
	kill(helper, SIGKILL);
	is_i64(waitpid(helper, NULL, __WCLONE), helper,
	       "killed, and reaped by the program");
	block_close(h);
	wait_count();
	ok(true, "close then");
	end_target(pid);
}

/* What it does when nobody waits for it any more must do no harm. */
static void test_helper_stopped(void)
{
	const struct timeval tv = { .tv_sec = 20 };
	pid_t pid = spawn(counter), helper;
	int h = open_target(), answers = 0;
	char answer[64];

	block_hold(h);
	helper = tracer(pid);
	block_release(h);
	kill(helper, SIGSTOP);
	is_i64(waitpid(helper, NULL, WUNTRACED | __WCLONE), helper,
	       "the helper is stopped");
	is_i64(block_hold(h), -ETIMEDOUT, "hold gives up");
	kill(helper, SIGCONT);
	setsockopt(h, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (answers < 2 && recv(h, answer, sizeof(answer), 0) > 0)
		answers++;
	is_i64(answers, 2, "the helper goes on, and is told not to hold");
	is_i64(tracer(pid), 0, "nor does it");

	kill(helper, SIGSTOP);
	waitpid(helper, NULL, WUNTRACED | __WCLONE);
	is_i64(block_release(h), -ETIMEDOUT, "release gives up");
	kill(helper, SIGCONT);
	is_i64(block_hold(h), 0, "the helper goes on: held");
	ok(stands_still(), "after what was given up");
	is_i64(block_release(h), 0, "released");
	wait_count();
	block_close(h);
	end_target(pid);
}

/* It waits for its child, deaf to all but SIGKILL. */
static void parent_of_vfork(void)
{
	pid_t pid;

	ready();
	/* vfork() without its shared memory, which a sanitizer does not bear. */
	pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL,
			     0);
	if (pid == 0)
		_exit(read_byte() != 1);
	atomic_store(&shared->done, 1);
	count_for_ever();
}

static void test_vfork(void)
{
	pid_t pid = spawn(parent_of_vfork);
	int h = open_target();

	wait_state(pid, 'D');
	is_i64(block_hold(h), -ETIMEDOUT, "in vfork: cannot be stopped");
	is_i64(block_release(h), 0, "nothing to release");
	is_i64(write(shared->pipe[1], "", 1), 1, "the vfork ends");
	wait_count();
	is_i64(block_hold(h), 0, "held");
	ok(stands_still(), "stands still");
	block_close(h);
	wait_count();
	end_target(pid);
}

/* argv: the number of the memory's descriptor, and of calls to exec left. */
static void exec_again(int fd, long left)
{
	char a[16], b[32];

	snprintf(a, sizeof(a), "%d", fd);
	snprintf(b, sizeof(b), "%ld", left);
	execl(self_path, self_path, a, b, NULL);
	_exit(2);
}

static void exec_many(void)
{
	ready();
	exec_again(shared_fd, 30);
}

static void executed(int argc, char **argv)
{
	long left = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	int fd;

	if (left == 0 && strcmp(argv[1], "fd") == 0)
		exit(0);
	fd = (int)strtol(argv[1], NULL, 10);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (shared == MAP_FAILED)
		exit(3);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (left > 0)
		exec_again(fd, left - 1);
	atomic_store(&shared->done, 1);
	count_for_ever();
}

static void test_exec(void)
{
	pid_t pid = spawn(exec_many);
	int h = open_target(), failed = 0, ret;

	while (!atomic_load(&shared->done)) {
		ret = block_hold(h);
		/* Yama knows a program's consent no longer when it calls exec. */
		failed += ret != 0 && ret != -EPERM;
		failed += ret == 0 && state(pid) != 't';
		failed += block_release(h) != 0;
	}
	is_i64(failed, 0, "held and released amid 31 calls of exec");
	wait_count();
	is_i64(block_hold(h), 0, "held after them");
	ok(stands_still(), "stands still");
	is_i64(block_release(h), 0, "released");
	wait_count();
	block_close(h);
	end_target(pid);
}

static void test_other_tracer(void)
{
	pid_t pid = spawn(counter);
	int h, status;

	is_i64(ptrace(PTRACE_SEIZE, pid, 0, 0), 0, "traced by the tool");
	h = open_target();
	ok(h >= 0, "which opens");
	is_i64(block_hold(h), -EPERM, "and cannot hold");
	wait_count();
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	is_i64(block_hold(h), -EPERM, "nor when it stopped it");
	ptrace(PTRACE_DETACH, pid, 0, 0);
	is_i64(block_hold(h), 0, "detached: held");
	ok(ptrace(PTRACE_SEIZE, pid, 0, 0) < 0, "nobody else can trace it");
	is_i64(block_release(h), 0, "released");
	is_i64(ptrace(PTRACE_SEIZE, pid, 0, 0), 0, "the tool can again");
	block_close(h);
	end_target(pid);
}

static int handler_handle;
static _Atomic int handler_ret;

static void hold_in_handler(int sig)
{
	int err = errno;

	(void)sig;
	handler_ret = block_hold(handler_handle);
	handler_ret |= !stands_still();
	handler_ret |= block_release(handler_handle);
	errno = err;
}

static void raise_usr1(void)
{
	raise(SIGUSR1);
}

static void test_handler(void)
{
	pid_t pid = spawn(counter);

	handler_handle = open_target();
	signal(SIGUSR1, hold_in_handler);
	raise(SIGUSR1);
	is_i64(atomic_load(&handler_ret), 0, "held in a signal handler");
	on_send = raise_usr1;
	atomic_store(&handler_ret, -1);
	is_i64(block_hold(handler_handle), 0, "a signal while it waits: held");
	is_i64(atomic_load(&handler_ret), 0, "and the handler could, too");
	signal(SIGUSR1, SIG_DFL);
	wait_count();
	block_close(handler_handle);
	end_target(pid);
}

/* A tool that wants no SIGCHLD; that is inherited. */
static void test_sigchld_ignored(void)
{
	static const struct {
		const char *what;
		struct sigaction sa;
	} rows[] = {
		{ "SIG_IGN", { .sa_handler = SIG_IGN } },
		{ "SA_NOCLDSTOP",
		  { .sa_handler = note_sigchld, .sa_flags = SA_NOCLDSTOP } },
		{ "SA_NOCLDWAIT",
		  { .sa_handler = note_sigchld, .sa_flags = SA_NOCLDWAIT } },
	};

	for (unsigned i = 0; i < 3; i++) {
		pid_t pid = spawn(counter);
		int h;

		sigaction(SIGCHLD, &rows[i].sa, NULL);
		h = open_target();
		is_i64(block_hold(h), 0, "SIGCHLD with %s: held", rows[i].what);
		is_i64(block_release(h), 0, "released");
		wait_count();
		block_close(h);
		end_target(pid);
		signal(SIGCHLD, SIG_DFL);
	}
}

static void test_fork(void)
{
	pid_t target = spawn(counter), child;
	int h = open_target(), status = 0;

	is_i64(block_hold(h), 0, "held");
	child = fork();
	if (child == 0) {
		block_after_fork(h);
		_exit(fcntl(h, F_GETFD) < 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	is_i64(status, 0, "a fork closes its copy");
	ok(state(target) == 't' && stands_still(), "it is held all the same");
	is_i64(block_release(h), 0, "released");
	wait_count();
	/* One that no handler of ours knows has our end of the socket. */
	child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (child == 0)
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	block_close(h);
	ok(kill(child, 0) == 0, "close does not wait for another child");
	end_target(target);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_refused(void)
{
	pid_t pid = spawn(counter), tool;
	int status = 0;

	if (getuid() != 0) {
		is_i64(block_open(1), -EPERM, "a process of root's");
		ok(strstr(pfm_reason(), "not permitted"), "%s", pfm_reason());
		end_target(pid);
		return;
	}
	tool = fork();
	if (tool == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(1);
		_exit(block_open(pid) == -EPERM &&
				      strstr(pfm_reason(), "not permitted") ?
			      0 :
			      2);
	}
	waitpid(tool, &status, 0);
	is_i64(status, 0, "a process of another user's is refused at open");
	end_target(pid);
}

int main(int argc, char **argv)
{
	unsigned before;

	/* Whatever waits for ever is ended, and fails. */
	alarm(300);
	if (readlink("/proc/self/exe", self_path, sizeof(self_path) - 1) < 0)
		diag("no path of our own");
	if (argc > 1)
		executed(argc, argv);
	shared_fd = memfd_create("t-block", 0);
	if (shared_fd < 0 || ftruncate(shared_fd, sizeof(*shared)) < 0)
		diag("no memory to share");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      shared_fd, 0);
	before = nfds();
	test_rounds();
	test_calls();
	test_job_control();
	test_signals();
	test_exit();
	test_kill();
	test_thread();
	test_leader();
	test_own_thread();
	test_tool_gone();
	test_helper_killed();
	test_helper_stopped();
	test_vfork();
	test_exec();
	test_other_tracer();
	test_handler();
	test_sigchld_ignored();
	test_fork();
	test_refused();
	is_u64(nfds(), before, "no descriptor is left");
	ok(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD,
	   "and no process");
	return done_testing();
}
