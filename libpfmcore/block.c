/* SPDX-License-Identifier: MIT
 *
 * block.c - stop a thread, by ptrace.  The tracer is a helper process, one for
 * each handle: the program's own wait() never sees the stops, the program can
 * trace the thread itself before and between, and whoever dies, the kernel lets
 * the thread go on when the helper is gone.  What the helper does is in
 * block-trace.c; it answers one request after the other.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "block.h"
#include "block-trace.h"
#include "helper.h"
#include "priv.h"

/* Seconds; more than the helper takes. */
#define ANSWER_TIMEOUT 5

/* The answer to seq, or why there is none. */
static int await(int handle, uint32_t seq)
{
	struct pollfd p = { .fd = handle, .events = POLLIN };
	struct timespec now, end;
	struct block_answer a;
	ssize_t n;
	int ms;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ANSWER_TIMEOUT;
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (int)((end.tv_sec - now.tv_sec) * 1000 +
			   (end.tv_nsec - now.tv_nsec) / 1000000);
		if (ms <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, ms) < 0 && errno != EINTR)
			return -EIO;
		n = recv(handle, &a, sizeof(a), MSG_DONTWAIT);
		if (n == (ssize_t)sizeof(a) && a.seq == seq)
			return a.ret;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -EIO;
	}
}

/*
 * Signals are blocked: the caller may have one whose handler asks as well, and
 * would take our answer.
 */
static int ask(int handle, enum block_op op)
{
	static _Atomic uint32_t last;
	struct block_request r = { .op = op,
				   .seq = atomic_fetch_add(&last, 1) };
	const struct block_request undo = { .op = BLOCK_RELEASE,
					    .seq = r.seq - 1 };
	int ret, err = errno;
	sigset_t old;

	signals_block(&old);
	if (send(handle, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		ret = -EIO;
	else
		ret = await(handle, r.seq);
	/* A helper that was stopped would hold the thread when it goes on. */
	if (ret == -ETIMEDOUT && op == BLOCK_HOLD)
		send(handle, &undo, sizeof(undo), MSG_NOSIGNAL | MSG_DONTWAIT);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return ret;
}

static int refuse(int tid, int err)
{
	if (err == ESRCH)
		return fail(ESRCH, "thread %d has exited", tid);
	if (err == EPERM)
		return fail(EPERM,
			    "thread %d cannot be blocked: ptrace of it is not "
			    "permitted; CAP_SYS_PTRACE, or 0 in "
			    "/proc/sys/kernel/yama/ptrace_scope",
			    tid);
	return fail(err,
		    "thread %d cannot be blocked: no answer from the "
		    "helper: %s",
		    tid, strerror(err));
}

int block_open(int tid)
{
	struct block_target target = { .tid = tid };
	const struct helper_job job = { .what = "helper to block the thread",
					.name = "pfm-block",
					.run = block_run,
					.arg = &target };
	struct helper h;
	int ret;

	snprintf(target.proc, sizeof(target.proc), "/proc/%d", tid);
	ret = helper_start(&h, &job);
	if (ret < 0)
		return ret;
	ret = ask(h.sock, BLOCK_PROBE);
	if (ret < 0) {
		helper_end(&h);
		return refuse(tid, -ret);
	}
	/* Nobody is signalled for it: a place to keep the number, no more. */
	fcntl(h.sock, F_SETOWN, h.pid);
	return h.sock;
}

int block_hold(int handle)
{
	return ask(handle, BLOCK_HOLD);
}

int block_release(int handle)
{
	int ret = ask(handle, BLOCK_RELEASE);

	/* A dead helper holds nothing. */
	return ret == -EIO ? 0 : ret;
}

void block_close(int handle)
{
	struct helper h = { .sock = handle, .pid = fcntl(handle, F_GETOWN) };

	helper_end(&h);
}

void block_after_fork(int handle)
{
	close(handle);
}
