/* SPDX-License-Identifier: MIT
 *
 * ctx.c - a context's life, and what every call does first: find the context
 * of a descriptor, lock it, and ask whether the call is legal in its state
 * (perfmon2 reference, section 3).
 */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "priv.h"

#define FLAGS_KNOWN                                                         \
	(PFM_FL_INHERIT | PFM_FL_NOPTRACE | PFM_FL_ANYCPU | PFM_FL_SHARED | \
	 PFM_FL_ON_EXEC | PFM_FL_THREADS)

void signals_block(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, old);
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

/* The pair of sockets; the caller's end stays open over exec, as in perfmon2. */
static int open_fd(struct pfm_context *ctx)
{
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		err = errno == EMFILE ? ENFILE : errno;
		return fail(err, "no descriptor for the context: %m");
	}
	fcntl(sv[0], F_SETFD, 0);
	ctx->fd = sv[0];
	ctx->peer = sv[1];
	ctx->cookie = cookie_of(sv[0]);
	return 0;
}

static int check_flags(uint32_t flags)
{
	uint32_t unknown = flags & PFM_FL_OURS & ~FLAGS_KNOWN;

	if (flags & PFM_FL_SYSTEM_WIDE && flags & PFM_FL_NOTIFY_BLOCK)
		return fail(EINVAL, "a system-wide context cannot block on "
				    "notification");
	if (unknown)
		return fail(EINVAL, "unknown context flags %#x", unknown);
	return 0;
}

/* The memory of a context may be another's, long gone. */
static void ctx_init(struct pfm_context *ctx, const struct ctx_request *req)
{
	ctx->live = true;
	ctx->state = PFM_UNLOADED;
	ctx->gen = req->gen;
	ctx->flags = req->flags;
	ctx->target = ctx->block = ctx->timer_fd = -1;
	ctx->smpl_fd = ctx->view_fd = -1;
	ctx->msg_size = 0;
	ctx->session = SESSION_NONE;
	ctx->started = ctx->can_restart = ctx->switch_due = false;
	ctx->interrupts = ctx->held = ctx->waits = false;
	ctx->sampling = (struct pfm_sampling){ .cpu = -1 };
	ctx->timer_ns = 0;
	ctx->stats = (struct pfm_stats){ 0 };
	ctx->fmt = NULL;
	ctx->smpl = ctx->fmt_arg = NULL;
	ctx->smpl_size = 0;
}

static int choose_pmu(struct pfm_context *ctx)
{
	const char *name = secure_getenv("PFM_BACKEND");

	ctx->want = backend_find(name ? name : "auto");
	if (!ctx->want)
		return -ENOSYS;
	ctx->chosen = name && strcmp(name, "auto") != 0;
	ctx->regs = pmu_regs(ctx->want->pmu);
	return ctx->regs ? 0 : -ENOSYS;
}

static int ctx_build(struct pfm_context *ctx, const struct ctx_request *req)
{
	if (!sets_new(ctx, 0))
		return fail(ENOMEM, "no memory for event set 0");
	return smpl_new(ctx, req);
}

static int create(const struct ctx_request *req, size_t *smpl_size)
{
	struct pfm_context *ctx;
	int ret, fd;

	ret = check_flags(req->flags);
	if (ret < 0)
		return ret;
	if (fdtab_crowded())
		ctx_sweep();
	ctx = fdtab_alloc();
	if (!ctx)
		return fail(ENOMEM, "no memory for a context");
	ctx_lock(ctx);
	ctx_init(ctx, req);
	ret = choose_pmu(ctx);
	if (ret == 0)
		ret = open_fd(ctx);
	if (ret < 0) {
		ctx_unlock(ctx);
		free(ctx);
		return ret;
	}
	fdtab_link(ctx);
	ret = ctx_build(ctx, req);
	fd = ctx->fd;
	if (ret < 0) {
		close(fd);
		ctx_destroy(ctx);
		return ret;
	}
	if (smpl_size)
		*smpl_size = ctx->smpl_size;
	dbg(CTX, "fd %d: created, flags %#x, format %s", fd, ctx->flags,
	    ctx->fmt ? ctx->fmt->name : "none");
	ctx_unlock(ctx);
	return fd;
}

/* The buffers of contexts that were closed count until they are swept. */
int ctx_create(const struct ctx_request *req, size_t *smpl_size)
{
	int ret = create(req, smpl_size);

	if (ret == -ENOMEM && req->fmt) {
		ctx_sweep();
		ret = create(req, smpl_size);
	}
	return ret;
}

void ctx_destroy(struct pfm_context *ctx)
{
	dbg(CTX, "fd %d: destroyed", ctx->fd);
	attach_unload(ctx);
	smpl_free(ctx);
	sets_free(ctx);
	ctx->live = false;
	fdtab_retire(ctx);
	ctx_unlock(ctx);
}

/*
 * Nothing tells a process without a thread to spare that a descriptor was
 * closed, so whoever needs the room looks: create, a session conflict, and a
 * number that turns out to be another file.  The caller holds no context, and
 * has signals blocked.
 */
void ctx_sweep(void)
{
	struct pfm_context *ctx = NULL;

	while ((ctx = fdtab_first_hung_up(ctx))) {
		bool live, ours;

		ctx_lock(ctx);
		live = ctx->live;
		ours = ctx->depth > 0;
		if (live && !ours && ctx_hung_up(ctx))
			ctx_destroy(ctx);
		else
			ctx_unlock(ctx);
		/* What is not listed any more cannot be gone on from. */
		if (!live || !ours)
			ctx = NULL;
	}
	fdtab_swept();
}

/* The number is not in the table, or is there for a file that is gone. */
static int enter_unknown(int fd, struct pfm_guard *g)
{
	uint64_t cookie = cookie_of(fd);
	struct pfm_context *ctx = cookie ? fdtab_by_cookie(cookie) : NULL;

	if (ctx) {
		ctx_lock(ctx);
		if (ctx->live && ctx->cookie == cookie) {
			fdtab_set(fd, ctx);
			g->ctx = ctx;
			return 0;
		}
		ctx_unlock(ctx);
	}
	ctx_sweep();
	return fail(EBADF, "descriptor %d is not a context", fd);
}

static int enter_known(int fd, struct pfm_guard *g)
{
	struct pfm_context *ctx = fdtab_get(fd);

	if (ctx) {
		ctx_lock(ctx);
		if (ctx->live && fdtab_get(fd) == ctx &&
		    cookie_of(fd) == ctx->cookie) {
			g->ctx = ctx;
			return 0;
		}
		if (fdtab_get(fd) == ctx)
			fdtab_set(fd, NULL);
		ctx_unlock(ctx);
	}
	return enter_unknown(fd, g);
}

int ctx_enter(int fd, struct pfm_guard *g)
{
	int ret;

	signals_block(&g->old);
	g->blocked = true;
	ret = enter_known(fd, g);
	if (ret < 0) {
		pthread_sigmask(SIG_SETMASK, &g->old, NULL);
		return ret;
	}
	if (g->ctx->interrupts)
		attach_look(g->ctx);
	attach_reap(g->ctx);
	return 0;
}

/* perfmon2 reference, section 3.2: the order of the tests is the contract. */
int ctx_check(const struct pfm_context *ctx, unsigned cmd)
{
	int cpu;

	if (ctx->state == PFM_UNLOADED)
		return 0;
	if (cmd & CMD_UNLOADED)
		return fail(EBUSY, "the context is loaded: unload it first");
	if (ctx_is_self(ctx))
		return 0;
	if (ctx->flags & PFM_FL_SYSTEM_WIDE) {
		cpu = sched_getcpu();
		if (ctx->flags & PFM_FL_ANYCPU || cpu == ctx->target)
			return 0;
		return fail(EBUSY, "the context is on CPU %d, the caller on %d",
			    ctx->target, cpu);
	}
	if (ctx->state == PFM_MASKED && !(cmd & CMD_UNLOAD))
		return 0;
	if (!(cmd & CMD_STOPPED) || ctx->flags & PFM_FL_NOPTRACE)
		return 0;
	/* It stays loaded for its descendants: there is nothing to stop. */
	if (ctx->flags & PFM_FL_INHERIT && target_exited(ctx->target))
		return 0;
	return target_stopped(ctx->target);
}
