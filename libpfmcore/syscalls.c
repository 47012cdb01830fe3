/* SPDX-License-Identifier: MIT
 *
 * syscalls.c - the 12 calls, and the few of ours that take a context: check
 * the arguments, enter the context, make one inner call, leave.  Reading is in
 * read.c.
 *
 * Locking.  Every call holds the lock of its context from enter to leave, so
 * calls on one context are serialised.  Order: a context, then the list of
 * contexts (fdtab.c) or the engine (engine.c); never two contexts.  All calls
 * but the read of the caller's own counters block signals while they hold a
 * lock; that read may be interrupted by a handler that enters the same context
 * again, which nests.  fork() takes the engine's and the list's lock, and
 * leaves the child without contexts.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fmt.h"
#include "vec.h"

/*
 * Arguments are copied in and out by the kernel, as they were in perfmon2: a
 * bad pointer is EFAULT, not a crash.  Where the kernel refuses that service
 * (seccomp) plain copies do.
 */
int copy_user(void *local, void *user, size_t size, bool out)
{
	struct iovec l = { local, size }, u = { user, size };
	ssize_t n;

	if (size == 0)
		return 0;
	if (!user)
		return fail(EFAULT, "the argument is NULL");
	n = out ? process_vm_writev(getpid(), &l, 1, &u, 1, 0) :
		  process_vm_readv(getpid(), &l, 1, &u, 1, 0);
	if (n == (ssize_t)size)
		return 0;
	if (n >= 0 || errno == EFAULT)
		return fail(EFAULT, "the argument at %p, %zu bytes, is not %s",
			    user, size, out ? "writable" : "readable");
	memcpy(out ? user : local, out ? local : user, size);
	return 0;
}

int vec_run(const struct vec_call *call, int fd, void *vec, int count)
{
	union {
		unsigned char bytes[PFM_ARG_SIZE_MAX];
		uint64_t align;
	} copy;
	size_t size = call->entry * (size_t)count;
	struct pfm_guard g;
	int ret, err;

	ret = ctx_enter(fd, &g);
	if (ret < 0)
		return ret;
	if (size > sizeof(copy.bytes))
		return ctx_leave(&g,
				 fail(E2BIG,
				      "%d entries of %zu bytes: %d is the "
				      "most for one call",
				      count, call->entry,
				      (int)(PFM_ARG_SIZE_MAX / call->entry)));
	ret = copy_user(copy.bytes, vec, size, false);
	if (ret < 0)
		return ctx_leave(&g, ret);
	ret = ctx_check(g.ctx, call->cmd);
	if (ret == 0)
		ret = call->run(g.ctx, copy.bytes, count);
	/* Copied back also after an error: the entries say which one it was. */
	err = copy_user(copy.bytes, vec, size, true);
	return ctx_leave(&g, err < 0 ? err : ret);
}

static int run_write_pmcs(struct pfm_context *ctx, void *v, int count)
{
	return write_pmcs(ctx, v, count);
}

static int run_write_pmds(struct pfm_context *ctx, void *v, int count)
{
	return write_pmds(ctx, v, count);
}

static int run_create_evtsets(struct pfm_context *ctx, void *v, int count)
{
	return sets_create(ctx, v, count);
}

static int run_getinfo_evtsets(struct pfm_context *ctx, void *v, int count)
{
	return sets_getinfo(ctx, v, count);
}

static int run_delete_evtsets(struct pfm_context *ctx, void *v, int count)
{
	return sets_delete(ctx, v, count);
}

static const struct vec_call call_write_pmcs = { run_write_pmcs,
						 sizeof(pfarg_pmc_t),
						 CMD_STOPPED };
static const struct vec_call call_write_pmds = { run_write_pmds,
						 sizeof(pfarg_pmd_t),
						 CMD_STOPPED };
static const struct vec_call call_create_evtsets = { run_create_evtsets,
						     sizeof(pfarg_setdesc_t),
						     CMD_UNLOADED };
static const struct vec_call call_getinfo_evtsets = { run_getinfo_evtsets,
						      sizeof(pfarg_setinfo_t),
						      0 };
static const struct vec_call call_delete_evtsets = { run_delete_evtsets,
						     sizeof(pfarg_setdesc_t),
						     CMD_UNLOADED };

#define VEC_CALL(call, fd, v, count)                            \
	edge(vec_check_count(count, PFM_MAX_ARG_COUNT(v)) < 0 ? \
		     -EINVAL :                                  \
		     vec_run(call, fd, v, count))

int create_context(struct ctx_request *req, void *arg, size_t arg_size,
		   size_t *smpl_size)
{
	unsigned char copy[PFM_ARG_SIZE_MAX];
	sigset_t old;
	int ret = 0;

	if (req->fmt) {
		/* ia64 programs gave -1 for "as large as it is". */
		if (arg_size != req->fmt->arg_size && arg_size != (size_t)-1)
			return fail(EINVAL,
				    "sampling format %s: its argument has %zu "
				    "bytes, not %zu",
				    req->fmt->name, req->fmt->arg_size,
				    arg_size);
		ret = copy_user(copy, arg, req->fmt->arg_size, false);
		req->arg = copy;
	}
	if (ret < 0) {
		req->arg = NULL;
		return ret;
	}
	signals_block(&old);
	ret = ctx_create(req, smpl_size);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	req->arg = NULL;
	return ret;
}

int pfm_create_context(pfarg_ctx_t *ctx, void *smpl_arg, size_t smpl_size)
{
	static const pfm_uuid_t none;
	struct ctx_request req = { .gen = PFM_GEN_A };
	size_t buf_size = 0;
	pfarg_ctx_t r;
	int ret;

	ret = copy_user(&r, ctx, sizeof(r), false);
	if (ret < 0)
		return edge(ret);
	req.flags = r.ctx_flags;
	if (memcmp(r.ctx_smpl_buf_id, none, sizeof(none)) != 0) {
		req.fmt = fmt_by_uuid(r.ctx_smpl_buf_id);
		if (!req.fmt)
			return edge(-EINVAL);
	}
	ret = create_context(&req, smpl_arg, smpl_size, &buf_size);
	if (ret < 0)
		return edge(ret);
	r.ctx_fd = ret;
	r.ctx_smpl_buf_size = buf_size;
	ret = copy_user(&r, ctx, sizeof(r), true);
	if (ret < 0)
		close(r.ctx_fd);
	return edge(ret);
}

int pfm_write_pmcs(int fd, pfarg_pmc_t *pmcs, int count)
{
	return VEC_CALL(&call_write_pmcs, fd, pmcs, count);
}

int pfm_write_pmds(int fd, pfarg_pmd_t *pmds, int count)
{
	return VEC_CALL(&call_write_pmds, fd, pmds, count);
}

int pfm_create_evtsets(int fd, pfarg_setdesc_t *sets, int count)
{
	return VEC_CALL(&call_create_evtsets, fd, sets, count);
}

int pfm_getinfo_evtsets(int fd, pfarg_setinfo_t *sets, int count)
{
	return VEC_CALL(&call_getinfo_evtsets, fd, sets, count);
}

int pfm_delete_evtsets(int fd, pfarg_setdesc_t *sets, int count)
{
	return VEC_CALL(&call_delete_evtsets, fd, sets, count);
}

static int load_once(int fd, pfarg_load_t *load)
{
	pfarg_load_t req;
	struct pfm_guard g;
	int ret;

	ret = ctx_enter(fd, &g);
	if (ret < 0)
		return ret;
	ret = copy_user(&req, load, sizeof(req), false);
	if (ret == 0)
		ret = ctx_check(g.ctx, CMD_UNLOADED);
	if (ret == 0)
		ret = attach_load(g.ctx, &req);
	if (ret == 0)
		msg_flush(fd);
	return ctx_leave(&g, ret);
}

/* Who is in the way may be a context that was closed since: look, then retry. */
int pfm_load_context(int fd, pfarg_load_t *load)
{
	sigset_t old;
	int ret;

	ret = load_once(fd, load);
	if (ret == -EEXIST || ret == -EBUSY) {
		signals_block(&old);
		ctx_sweep();
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		ret = load_once(fd, load);
	}
	return edge(ret);
}

int pfm_start(int fd, pfarg_start_t *start)
{
	pfarg_start_t req;
	struct pfm_guard g;
	int ret;

	ret = ctx_enter(fd, &g);
	if (ret < 0)
		return edge(ret);
	if (start)
		ret = copy_user(&req, start, sizeof(req), false);
	if (ret == 0)
		ret = ctx_check(g.ctx, CMD_STOPPED);
	if (ret == 0)
		ret = attach_start(g.ctx, start ? &req : NULL);
	return edge(ctx_leave(&g, ret));
}

/* The calls with no argument but the descriptor. */
static int plain_call(int fd, unsigned cmd, int (*run)(struct pfm_context *))
{
	struct pfm_guard g;
	int ret;

	ret = ctx_enter(fd, &g);
	if (ret < 0)
		return edge(ret);
	ret = ctx_check(g.ctx, cmd);
	if (ret == 0)
		ret = run(g.ctx);
	return edge(ctx_leave(&g, ret));
}

int pfm_stop(int fd)
{
	return plain_call(fd, CMD_STOPPED, attach_stop);
}

int pfm_restart(int fd)
{
	return plain_call(fd, 0, ovfl_restart);
}

int pfm_unload_context(int fd)
{
	return plain_call(fd, CMD_STOPPED | CMD_UNLOAD, attach_unload);
}

int pfm_set_backend(int fd, const char *name)
{
	const struct pfm_backend *be;
	struct pfm_guard g;
	bool chosen;
	int ret;

	if (!name)
		return edge(fail(EFAULT, "no backend named"));
	be = backend_find(name);
	if (!be)
		return edge(-EINVAL);
	chosen = strcmp(name, "auto") != 0;
	ret = chosen ? be->probe(-1) : 0;
	if (ret < 0)
		return edge(ret);
	ret = ctx_enter(fd, &g);
	if (ret < 0)
		return edge(ret);
	ret = ctx_check(g.ctx, CMD_UNLOADED);
	if (ret == 0)
		ret = sets_renumber(g.ctx, be);
	if (ret == 0)
		g.ctx->chosen = chosen;
	return edge(ctx_leave(&g, ret));
}

const char *pfm_get_backend(int fd)
{
	struct pfm_guard g;
	const char *name;
	int ret = ctx_enter(fd, &g);

	if (ret < 0) {
		edge(ret);
		return NULL;
	}
	name = g.ctx->be || g.ctx->chosen ? g.ctx->want->name : "auto";
	ctx_leave(&g, 0);
	return name;
}

int pfm_get_stats(int fd, struct pfm_stats *stats)
{
	struct pfm_stats copy;
	struct pfm_guard g;
	int ret = ctx_enter(fd, &g);

	if (ret < 0)
		return edge(ret);
	copy = g.ctx->stats;
	copy.monitored_ns = sets_monitored(g.ctx);
	ctx_leave(&g, 0);
	return edge(copy_user(&copy, stats, sizeof(copy), true));
}

int pfm_set_jitter(int fd, unsigned percent, uint64_t seed)
{
	struct pfm_guard g;
	int ret = ctx_enter(fd, &g);

	if (ret < 0)
		return edge(ret);
	return edge(ctx_leave(&g, switch_jitter(g.ctx, percent, seed)));
}

int pfm_set_sampling(int fd, const struct pfm_sampling *sampling)
{
	struct pfm_guard g;
	int ret = sampling ? ctx_enter(fd, &g) :
			     fail(EFAULT, "the argument is NULL");

	if (ret < 0)
		return edge(ret);
	return edge(ctx_leave(&g, smpl_set(g.ctx, sampling)));
}

static int run_read_slices(struct pfm_context *ctx, void *v, int count)
{
	return switch_read(ctx, v, count);
}

int pfm_read_slices(int fd, struct pfm_slices *slices, int count)
{
	static const struct vec_call call = { run_read_slices,
					      sizeof(struct pfm_slices), 0 };

	return VEC_CALL(&call, fd, slices, count);
}

const char *pfm_core_version(void)
{
	return PACKAGE_VERSION;
}
