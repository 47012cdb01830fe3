/* SPDX-License-Identifier: MIT
 *
 * engine.c - one thread a process, where perfmon2 had an interrupt handler.
 *
 * It is started by the first context that needs somebody to wait for it: one
 * loaded on another thread, whose exit must be told, one whose PMDs overflow, or
 * one whose registers must be looked at from time to time.  Once it runs it also
 * sees the last close of every context loaded since.  It takes no signal.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "helper.h"
#include "priv.h"

static pthread_mutex_t engine_lock = PTHREAD_MUTEX_INITIALIZER;
static int epfd = -1;

/*
 * The pointer may be of a context that was destroyed and is another one now:
 * every step looks at the context, none trusts the event.  Only an end hangs up.
 */
static void handle(struct pfm_context *ctx, bool hung_up)
{
	ctx_lock(ctx);
	if (!ctx->live) {
		ctx_unlock(ctx);
		return;
	}
	if (hung_up && ctx_hung_up(ctx)) {
		ctx_destroy(ctx);
		return;
	}
	attach_look(ctx);
	if (hung_up)
		attach_reap(ctx);
	ctx_unlock(ctx);
}

static void *engine_main(void *arg)
{
	int ep = *(int *)arg;
	struct epoll_event ev[16];

	helper_short_slice();
	for (;;) {
		int n = epoll_wait(ep, ev, 16, -1);

		for (int i = 0; i < n; i++)
			handle(ev[i].data.ptr, ev[i].events & EPOLLHUP);
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

/* The descriptors that tell of a loaded context; -1 for none. */
enum { WATCH_EXIT, WATCH_LOOK, WATCH_TIMER, WATCH_MAX };

static void watched(const struct pfm_context *ctx, int fd[WATCH_MAX])
{
	fd[WATCH_EXIT] = ctx->be->exit_fd(ctx);
	fd[WATCH_LOOK] = ctx->be->look_fd(ctx);
	fd[WATCH_TIMER] = ctx->timer_fd;
}

int engine_watch(struct pfm_context *ctx)
{
	/*
	 * A look takes all there is.  The ring of a target that has exited, but
	 * whose descendants may go on, hangs up for ever.
	 */
	static const uint32_t events[WATCH_MAX] = {
		[WATCH_EXIT] = EPOLLONESHOT,
		[WATCH_LOOK] = EPOLLIN | EPOLLET,
		[WATCH_TIMER] = EPOLLIN,
	};
	int fd[WATCH_MAX], ret = 0;
	bool any = false;

	watched(ctx, fd);
	for (int i = 0; i < WATCH_MAX; i++)
		any |= fd[i] >= 0;
	pthread_mutex_lock(&engine_lock);
	if (epfd < 0 && any)
		ret = engine_start();
	/* POLLHUP is always reported; one event is enough to act on. */
	if (epfd >= 0 && ret == 0)
		ret = watch_fd(ctx, ctx->peer, EPOLLONESHOT);
	for (int i = 0; i < WATCH_MAX && ret == 0; i++)
		if (fd[i] >= 0)
			ret = watch_fd(ctx, fd[i], events[i]);
	pthread_mutex_unlock(&engine_lock);
	return ret;
}

/* Before the backend closes its descriptors: a fork may hold copies of them. */
void engine_forget(struct pfm_context *ctx)
{
	int fd[WATCH_MAX];

	watched(ctx, fd);
	pthread_mutex_lock(&engine_lock);
	for (int i = 0; i < WATCH_MAX; i++)
		if (epfd >= 0 && fd[i] >= 0)
			epoll_ctl(epfd, EPOLL_CTL_DEL, fd[i], NULL);
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
