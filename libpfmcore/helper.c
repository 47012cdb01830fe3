/* SPDX-License-Identifier: MIT
 *
 * helper.c - start and end a helper process: see helper.h.  What it does is
 * said in guard-process.c and block.c.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "priv.h"

#define SHORT_SLICE_NS 100000 /* the shortest the kernel takes */

/*
 * Held while one is started: of two at once, or of a fork meanwhile, one would
 * keep the other's end of the socket open, and hide that it is dead.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

HELPER_CODE static void close_range_of(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* Linux before 5.9. */
	for (unsigned fd = first; fd <= last && fd < 65536; fd++)
		syscall(SYS_close, fd);
}

/* All descriptors but these two, none of which is 0 to 2, are let go of. */
HELPER_CODE static void close_others(int a, int b)
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
 * Who waits for the target and has a moment's work is to come at once, also
 * where the target never sleeps: since Linux 6.12 (kernel/sched/syscalls.c,
 * __setparam_fair) a thread may ask for a shorter slice, and then takes its turn
 * earlier.  Older kernels ignore it.
 */
HELPER_CODE void helper_short_slice(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { .size = sizeof(a) };

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) != 0 ||
	    a.policy != SCHED_OTHER)
		return;
	a.runtime = SHORT_SLICE_NS;
	syscall(SYS_sched_setattr, 0, &a, 0);
}

HELPER_CODE _Noreturn static void helper_main(const struct helper_job *job,
					      int fd, int parent)
{
	syscall(SYS_setsid);
	syscall(SYS_prctl, PR_SET_NAME, job->name, 0, 0, 0);
	syscall(SYS_chdir, "/");
	helper_short_slice();
	/* The program may have started with its standard streams closed. */
	fd = (int)syscall(SYS_fcntl, fd, F_DUPFD, 3);
	parent = (int)syscall(SYS_fcntl, parent, F_DUPFD, 3);
	if (fd < 0 || parent < 0)
		syscall(SYS_exit_group, 1);
	close_others(fd, parent);
	/* From here on no descriptor of the program's is open twice. */
	syscall(SYS_sendto, fd, "", 1, MSG_NOSIGNAL, NULL, 0);
	job->run(fd, parent, job->arg);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

static pid_t copy_self(const struct helper_job *job, int fd, int parent)
{
	sigset_t all, old;
	int cancel, err;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	/* The copy of a thread that is being cancelled would act on it. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (pid == 0)
		helper_main(job, fd, parent);
	err = errno;
	pthread_setcancelstate(cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return pid;
}

/* lock is held. */
static int start(struct helper *h, const struct helper_job *job)
{
	int sv[2], err, parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char ready;

	if (parent < 0)
		return fail(errno, "no %s: pidfd_open: %m (it takes Linux 5.3)",
			    job->what);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		err = errno;
		close(parent);
		return fail(err, "no %s: socket: %s", job->what, strerror(err));
	}
	h->pid = copy_self(job, sv[1], parent);
	err = errno;
	close(sv[1]);
	close(parent);
	if (h->pid < 0) {
		close(sv[0]);
		return fail(err, "no %s: clone: %s", job->what, strerror(err));
	}
	h->sock = sv[0];
	/* Its copies of descriptors would hide that the last one was closed. */
	while (recv(h->sock, &ready, 1, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int helper_start(struct helper *h, const struct helper_job *job)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = start(h, job);
	pthread_mutex_unlock(&lock);
	return ret;
}

/* Closing alone will not do: a child of the program's may have our end too. */
void helper_end(const struct helper *h)
{
	shutdown(h->sock, SHUT_RDWR);
	close(h->sock);
	while (h->pid > 0 && waitpid(h->pid, NULL, __WCLONE) < 0 &&
	       errno == EINTR)
		;
}

static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_done(void)
{
	pthread_mutex_unlock(&lock);
}

/* Before guard-process.c's, so that fork takes this lock after its lock. */
__attribute__((constructor(199))) static void helper_init(void)
{
	pthread_atfork(fork_prepare, fork_done, fork_done);
}
