/* SPDX-License-Identifier: MIT
 *
 * t-guard-process.c - the moments at which the lock and its guardian could go
 * wrong, each brought about on purpose: this file's nanosleep() and sendmsg()
 * take the place of the C library's, and what must happen in between happens
 * there.  Nothing is left to chance or to time; t-guard.c has what is.
 */
#include "config.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "guard-test.h"

/* Called once, in place of the next wait, or before the next message. */
static void (*on_sleep)(void), (*on_send)(void);

static void call_once(void (**hook)(void))
{
	void (*f)(void) = *hook;

	*hook = NULL;
	if (f)
		f();
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
	call_once(&on_sleep);
	return (int)syscall(SYS_nanosleep, t, left);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	call_once(&on_send);
	return syscall(SYS_sendmsg, fd, m, flags);
}

/* Somebody has the lock, and has not said who he is. */
static int holder = -1;

static void hold(void)
{
	const struct guard_file nobody = { 0 };

	holder = open(lock_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (flock(holder, LOCK_EX) < 0 ||
	    pwrite(holder, &nobody, sizeof(nobody), 0) != sizeof(nobody))
		diag("cannot hold %s", lock_path);
}

static void say_who(void)
{
	struct guard_file f;

	if (pread(holder, &f, sizeof(f), 0) != sizeof(f))
		diag("cannot read %s", lock_path);
	f.magic = UINT64_C(0x31647261756d6670);
	f.pid = getpid();
	if (pwrite(holder, &f, sizeof(f), 0) != sizeof(f))
		diag("cannot write %s", lock_path);
}

static void let_go(void)
{
	close(holder);
}

static void test_nameless(void)
{
	struct msr_cpu c;
	char want[64];

	snprintf(want, sizeof(want), "process %d", (int)getpid());
	msr_open(&c, 0);
	hold();
	on_sleep = say_who;
	is_i64(guard_lock(&c), -EBUSY, "locked by one who is about to sign");
	ok(strstr(pfm_reason(), want), "who is named then");
	ok(!on_sleep, "it was waited for");
	close(holder);
	hold();
	on_sleep = let_go;
	is_i64(guard_lock(&c), 0, "locked by one who is about to go");
	ok(!on_sleep, "it was waited for");
	guard_unlock(&c);
	msr_close(&c);
}

/* The owner is dead, not waited for, and its guardian slow. */
static pid_t slow;

static void go_on(void)
{
	if (slow > 0)
		kill(slow, SIGCONT);
}

static void test_zombie(void)
{
	struct msr_cpu c;
	siginfo_t info;
	int p[2];
	pid_t pid;

	if (pipe(p) < 0)
		diag("no pipe");
	pid = fork();
	if (pid == 0) {
		take();
		slow = guardian_of(getpid());
		if (slow > 0 && kill(slow, SIGSTOP) == 0 &&
		    write(p[1], &slow, sizeof(slow)) == sizeof(slow))
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	close(p[1]);
	if (read(p[0], &slow, sizeof(slow)) != sizeof(slow))
		diag("no guardian");
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	msr_open(&c, 0);
	on_sleep = go_on;
	is_i64(guard_lock(&c), 0,
	       "the owner is a zombie: wait for its guardian");
	ok(!on_sleep, "that was at work");
	ok(undone(), "and has restored the registers");
	guard_unlock(&c);
	msr_close(&c);
	waitpid(pid, NULL, 0);
	close(p[0]);
}

/*
 * A guardian that still knows of a CPU whose lock is free would undo what the
 * next one writes there.
 */
static bool was_locked;

static void try_lock(void)
{
	int fd = open(lock_path, O_RDWR | O_CLOEXEC);

	was_locked = flock(fd, LOCK_EX | LOCK_NB) < 0;
	close(fd);
}

static void test_unlock_order(void)
{
	struct msr_cpu c = take();

	guard_restore(&c);
	on_send = try_lock;
	guard_unlock(&c);
	msr_close(&c);
	ok(!on_send && was_locked, "the guardian forgets before others lock");
	try_lock();
	ok(!was_locked, "and they can when it has");
	undone();
}

/* A child that no fork handler knows of has all our descriptors. */
static void test_stray_child(void)
{
	struct msr_cpu c = take();
	pid_t guardian = guardian_of(getpid());
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (child == 0)
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	guard_restore(&c);
	guard_unlock(&c);
	msr_close(&c);
	ok(kill(guardian, 0) < 0 && errno == ESRCH,
	   "the guardian ends though a child has its socket");
	ok(kill(child, 0) == 0, "which it still has");
	try_lock();
	ok(!was_locked, "and the lock is free");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	undone();
}

/* Its descriptors are where a program has its standard streams. */
static void test_no_streams(void)
{
	for (int n = 1; n <= 3; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int fd = 0; fd < n; fd++)
				close(fd);
			take();
			kill(getpid(), SIGKILL);
		}
		waitpid(pid, NULL, 0);
		wait_lock();
		ok(undone(), "descriptors below %d closed at start: restored",
		   n);
	}
}

static void test_guardian_killed(void)
{
	struct msr_cpu c = take(), other;
	pid_t guardian = guardian_of(getpid());

	if (guardian > 0)
		kill(guardian, SIGKILL);
	/* Seen as a zombie, and left so. */
	waitid(P_PID, (id_t)guardian, &(siginfo_t){ 0 },
	       WEXITED | WNOWAIT | __WALL);
	ok(msr_open(&other, 1) == 0, "another CPU");
	is_i64(guard_lock(&other), -EPIPE, "that no guardian would look after");
	ok(strstr(pfm_reason(), "killed"), "is refused and told why");
	guard_restore(&c);
	guard_unlock(&c);
	is_i64(guard_lock(&other), 0, "the next guardian is a new one");
	ok(guardian_of(getpid()) > 0, "it is there");
	guard_unlock(&other);
	msr_close(&other);
	msr_close(&c);
	ok(undone(), "what could be undone was");
}

/* The child has its own guardian, and ours is ours. */
static void test_fork(void)
{
	struct msr_cpu c = take();
	pid_t ours = guardian_of(getpid()), pid = fork();
	const struct msr_undo undo = { .reg = 0x4c9, .mask = UINT64_MAX };
	struct msr_cpu own;
	int status, fd;

	if (pid == 0) {
		guard_after_fork(&c);
		if (msr_open(&own, 1) < 0 || guard_lock(&own) < 0 ||
		    guard_add(&own, &undo, 1) < 0 ||
		    msr_write(&own, 0x4c9, 1) < 0)
			_exit(1);
		_exit(guardian_of(getpid()) > 0 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	is_i64(status, 0, "a fork takes a CPU, with a guardian of its own");
	snprintf(device, sizeof(device), "%s/cpu1", dir);
	fd = open(device, O_RDWR);
	flock(fd, LOCK_EX);
	close(fd);
	snprintf(device, sizeof(device), "%s/cpu/1/msr", dir);
	is_u64(peek(0x4c9), 0, "that restores it when the fork ends");
	snprintf(device, sizeof(device), "%s/cpu/0/msr", dir);
	is_u64(peek(PMC0), 99, "the parent's CPU is not touched");
	is_i64(guardian_of(getpid()), ours, "nor its guardian");
	try_lock();
	ok(was_locked, "nor its lock");
	guard_restore(&c);
	guard_unlock(&c);
	msr_close(&c);
	ok(undone(), "which it gives back itself");
}

/* Fork while another thread is locking: the child must not inherit that. */
static _Atomic bool stop;

static void *lock_loop(void *arg)
{
	while (!atomic_load(&stop)) {
		struct msr_cpu c;

		if (msr_open(&c, 1) < 0 || guard_lock(&c) < 0)
			return arg;
		guard_unlock(&c);
		msr_close(&c);
	}
	return NULL;
}

static void test_fork_while_locking(void)
{
	int failed = 0, status = 0;
	struct msr_cpu c;
	pthread_t t;
	void *ret;

	pthread_create(&t, NULL, lock_loop, &failed);
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(20);
			if (msr_open(&c, 0) < 0 || guard_lock(&c) < 0)
				_exit(1);
			guard_unlock(&c);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		failed += status != 0;
	}
	atomic_store(&stop, true);
	pthread_join(t, &ret);
	ok(!ret, "a thread locks and unlocks");
	is_i64(failed, 0, "100 forks meanwhile lock and unlock as well");
}

static void test_no_such_cpu(void)
{
	struct msr_cpu c;

	msr_open(&c, 0);
	c.cpu = 8192;
	is_i64(guard_lock(&c), -EINVAL, "CPU 8192 is one too many");
	msr_close(&c);
}

int main(void)
{
	unsigned before = nfds();

	/* Whatever waits for ever is ended, and fails. */
	alarm(120);
	set_up("t-guard-process");
	test_nameless();
	test_zombie();
	test_unlock_order();
	test_stray_child();
	test_no_streams();
	test_guardian_killed();
	test_fork();
	test_fork_while_locking();
	test_no_such_cpu();
	is_u64(nfds(), before, "no descriptor is left");
	ok(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD,
	   "and no process");
	return tear_down();
}
