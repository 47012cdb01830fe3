/* SPDX-License-Identifier: MIT
 *
 * engine.c - one thread a process, where perfmon2 had an interrupt handler.
 *
 * It is started by the first context that needs somebody to wait for it: one
 * loaded on another thread, whose exit must be told, or one whose registers must
 * be looked at from time to time.  Once it runs it also sees the last close of
 * every context loaded since.  It takes no signal.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "priv.h"

static pthread_mutex_t engine_lock = PTHREAD_MUTEX_INITIALIZER;
static int epfd = -1;

/*
 * The pointer may be of a context that was destroyed and is another one now:
 * every step looks at the context, none trusts the event.
 */
static void handle(struct pfm_context *ctx)
{
	ctx_lock(ctx);
	if (!ctx->live) {
		ctx_unlock(ctx);
		return;
	}
	if (ctx_hung_up(ctx)) {
		ctx_destroy(ctx);
		return;
	}
	attach_reap(ctx);
	attach_poll(ctx);
	ctx_unlock(ctx);
}

static void *engine_main(void *arg)
{
	int ep = *(int *)arg;
	struct epoll_event ev[16];

	for (;;) {
		int n = epoll_wait(ep, ev, 16, -1);

		for (int i = 0; i < n; i++)
			handle(ev[i].data.ptr);
	}
	return NULL;
}

static int engine_start(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int err;

	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		return fail(errno, "engine: no epoll descriptor: %m");
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&thread, &attr, engine_main, &epfd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err) {
		close(epfd);
		epfd = -1;
		return fail(err, "engine: cannot start its thread: %s",
			    strerror(err));
	}
	return 0;
}

static int watch_fd(struct pfm_context *ctx, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = ctx };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == 0 || errno == EEXIST)
		return 0;
	return fail(errno, "engine: cannot watch descriptor %d: %m", fd);
}

int engine_watch(struct pfm_context *ctx)
{
	int exit_fd = ctx->be->exit_fd(ctx), poll_fd = -1, ret = 0;

	if (ctx->be->poll_fd)
		poll_fd = ctx->be->poll_fd(ctx);
	pthread_mutex_lock(&engine_lock);
	if (epfd < 0 && (exit_fd >= 0 || poll_fd >= 0))
		ret = engine_start();
	/* POLLHUP is always reported; one event is enough to act on. */
	if (epfd >= 0 && ret == 0)
		ret = watch_fd(ctx, ctx->peer, EPOLLONESHOT);
	if (exit_fd >= 0 && ret == 0)
		ret = watch_fd(ctx, exit_fd, EPOLLONESHOT);
	if (poll_fd >= 0 && ret == 0)
		ret = watch_fd(ctx, poll_fd, EPOLLIN);
	pthread_mutex_unlock(&engine_lock);
	return ret;
}

/* Before the backend closes its descriptors: a fork may hold copies of them. */
void engine_forget(struct pfm_context *ctx)
{
	int exit_fd = ctx->be->exit_fd(ctx), poll_fd = -1;

	if (ctx->be->poll_fd)
		poll_fd = ctx->be->poll_fd(ctx);
	pthread_mutex_lock(&engine_lock);
	if (epfd >= 0 && exit_fd >= 0)
		epoll_ctl(epfd, EPOLL_CTL_DEL, exit_fd, NULL);
	if (epfd >= 0 && poll_fd >= 0)
		epoll_ctl(epfd, EPOLL_CTL_DEL, poll_fd, NULL);
	pthread_mutex_unlock(&engine_lock);
}

void engine_before_fork(void)
{
	pthread_mutex_lock(&engine_lock);
}

void engine_after_fork(bool child)
{
	if (child && epfd >= 0) {
		close(epfd);
		epfd = -1;
	}
	pthread_mutex_unlock(&engine_lock);
}
