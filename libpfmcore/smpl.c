/* SPDX-License-Identifier: MIT
 *
 * smpl.c - memory that readers share with a context: the sampling buffer of its
 * format, and the views of its event sets.  Each is a sealed memfd of which
 * readers get read-only mappings; a mapping outlives the context.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "priv.h"

/* perfmon2's cookies: the view of set n is page 16384 + n of the descriptor. */
#define VIEW_FIRST 16384u

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* Bytes of all buffers of this process: the limit is perfmon2's, section 11. */
static _Atomic size_t total;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int charge(size_t size)
{
	struct rlimit lim = { 0 };
	size_t sum = atomic_fetch_add(&total, size) + size;

	getrlimit(RLIMIT_MEMLOCK, &lim);
	if (lim.rlim_cur == RLIM_INFINITY || sum <= lim.rlim_cur ||
	    target_capable(CAP_IPC_LOCK))
		return 0;
	atomic_fetch_sub(&total, size);
	return fail(ENOMEM,
		    "a sampling buffer of %zu bytes passes the limit of "
		    "%ju for all of the process (ulimit -l)",
		    size, (uintmax_t)lim.rlim_cur);
}

/* A memfd and its one writable mapping. */
static int shared_new(const char *name, size_t size, void **mem)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (fd < 0)
		return fail(errno, "no memory to share: %m");
	if (ftruncate(fd, (off_t)size) == 0) {
		*mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);
		if (*mem != MAP_FAILED) {
			/* Before Linux 5.1 a reader could map it writable. */
			if (fcntl(fd, F_ADD_SEALS,
				  F_SEAL_SHRINK | F_SEAL_GROW |
					  F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
				dbg(FMT, "%s: cannot seal: %m", name);
			return fd;
		}
	}
	err = errno;
	close(fd);
	*mem = NULL;
	return fail(err == ENOSPC ? ENOMEM : err,
		    "a sampling buffer of %zu bytes: %s", size, strerror(err));
}

static int buffer_new(struct pfm_context *ctx, const struct ctx_request *req)
{
	const struct pfm_smpl_fmt *fmt = req->fmt;
	size_t size = 0, page = page_size();
	int ret = 0;

	if (fmt->size)
		ret = fmt->size(req->flags, req->arg, &size);
	if (ret < 0 || size == 0)
		return ret;
	if (size > SIZE_MAX - page || size > PTRDIFF_MAX / 2)
		return fail(ENOMEM, "a sampling buffer of %zu bytes", size);
	size = (size + page - 1) / page * page;
	ret = charge(size);
	if (ret < 0)
		return ret;
	ret = shared_new("pfm-smpl", size, &ctx->smpl);
	if (ret < 0) {
		atomic_fetch_sub(&total, size);
		return ret;
	}
	ctx->smpl_fd = ret;
	ctx->smpl_size = size;
	return 0;
}

static unsigned count_pmds(const struct pfm_context *ctx)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PFM_PMD_BV; i++)
		n += (unsigned)__builtin_popcountll(ctx->regs->pmds[i]);
	return n;
}

/* reference, section 5.1, step 9: the format is asked in this order. */
static int format_new(struct pfm_context *ctx, const struct ctx_request *req)
{
	const struct pfm_smpl_fmt *fmt = req->fmt;
	unsigned npmds = count_pmds(ctx);
	int ret = 0;

	if (fmt->validate)
		ret = fmt->validate(req->flags, npmds, req->arg);
	if (ret < 0)
		return fail(-ret, "sampling format %s: its argument: %s",
			    fmt->name, strerror(-ret));
	ret = buffer_new(ctx, req);
	if (ret == 0 && fmt->init)
		ret = fmt->init(ctx->smpl, req->flags, npmds, req->arg);
	if (ret == 0)
		ctx->fmt = fmt;
	return ret;
}

/* The argument is kept, for another backend has other registers. */
static int format_init(struct pfm_context *ctx, const struct ctx_request *req)
{
	size_t size = req->fmt->arg_size;

	ctx->fmt_arg = malloc(size ? size : 1);
	if (!ctx->fmt_arg)
		return fail(ENOMEM, "no memory for a context");
	memcpy(ctx->fmt_arg, req->arg, size);
	return format_new(ctx, req);
}

static void format_free(struct pfm_context *ctx)
{
	if (ctx->fmt && ctx->fmt->exit)
		ctx->fmt->exit(ctx->smpl);
	ctx->fmt = NULL;
}

int smpl_renew(struct pfm_context *ctx)
{
	const struct pfm_smpl_fmt *fmt = ctx->fmt;
	unsigned npmds = count_pmds(ctx);
	int ret = 0;

	if (!fmt)
		return 0;
	if (fmt->validate)
		ret = fmt->validate(ctx->flags, npmds, ctx->fmt_arg);
	if (ret < 0)
		return fail(-ret, "sampling format %s: its argument: %s",
			    fmt->name, strerror(-ret));
	if (fmt->exit)
		fmt->exit(ctx->smpl);
	if (ctx->smpl)
		memset(ctx->smpl, 0, ctx->smpl_size);
	return fmt->init ?
		       fmt->init(ctx->smpl, ctx->flags, npmds, ctx->fmt_arg) :
		       0;
}

/* Linux kernel/events/core.c, perf_copy_attr(): what it takes of a stack. */
#define STACK_MAX 65528u

int smpl_set(struct pfm_context *ctx, const struct pfm_sampling *want)
{
	uint64_t reserved = 0;

	if (ctx->state != PFM_UNLOADED)
		return fail(EBUSY, "sampling: the context is loaded");
	for (unsigned i = 0; i < 4; i++)
		reserved |= want->reserved[i];
	if (want->flags &
		    ~(PFM_SMPL_UCHAIN | PFM_SMPL_KCHAIN | PFM_SMPL_TASKS) ||
	    reserved)
		return fail(EINVAL, "sampling: unknown flags %#x", want->flags);
	if (want->stack_size > STACK_MAX || want->stack_size % 8)
		return fail(EINVAL,
			    "sampling: %u bytes of stack: a multiple of 8, up "
			    "to %u",
			    want->stack_size, STACK_MAX);
	if (want->max_stack > UINT16_MAX || want->ring_size > SIZE_MAX / 4)
		return fail(EINVAL, "sampling: a size is too large");
	ctx->sampling = *want;
	return 0;
}

/* Room for the view of every set there can be: pages that are not used are not
 * there. */
static int views_new(struct pfm_context *ctx)
{
	size_t size = (size_t)PFM_MAX_NUM_SETS * page_size();
	int fd = memfd_create("pfm-sets", MFD_CLOEXEC);

	if (fd < 0)
		return fail(errno, "no memory for the views of sets: %m");
	if (ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return fail(ENOMEM, "no memory for the views of sets");
	}
	ctx->view_fd = fd;
	return 0;
}

int smpl_new(struct pfm_context *ctx, const struct ctx_request *req)
{
	int ret = 0;

	if (req->flags & PFM_FL_MAP_SETS)
		ret = views_new(ctx);
	if (ret == 0 && req->fmt)
		ret = format_init(ctx, req);
	if (ret < 0)
		smpl_free(ctx);
	return ret;
}

void smpl_free(struct pfm_context *ctx)
{
	format_free(ctx);
	free(ctx->fmt_arg);
	if (ctx->smpl) {
		munmap(ctx->smpl, ctx->smpl_size);
		atomic_fetch_sub(&total, ctx->smpl_size);
		close(ctx->smpl_fd);
	}
	if (ctx->view_fd >= 0)
		close(ctx->view_fd);
	ctx->smpl = ctx->fmt_arg = NULL;
	ctx->smpl_size = 0;
	ctx->smpl_fd = ctx->view_fd = -1;
}

void smpl_after_fork(struct pfm_context *ctx)
{
	if (ctx->smpl_fd >= 0)
		close(ctx->smpl_fd);
	if (ctx->view_fd >= 0)
		close(ctx->view_fd);
}

uint64_t smpl_view_offset(const struct pfm_context *ctx, unsigned set)
{
	return ctx->view_fd < 0 ? 0 :
				  (VIEW_FIRST + set) * (uint64_t)page_size();
}

/*
 * A reader retries while the number is odd or has changed: it must see the odd
 * one before any new value, and the even one after all.
 */
void smpl_view(struct pfm_context *ctx, const struct pfm_set *set)
{
	struct pfm_set_view *v = set->view;
	unsigned n;

	if (!v)
		return;
	/* As an acquire it keeps what follows behind it. */
	__atomic_fetch_add(&v->set_seq, 1, __ATOMIC_ACQ_REL);
	v->set_status = ctx->active == set && ctx->state != PFM_UNLOADED ?
				PFM_SETVFL_ACTIVE :
				0;
	v->set_runs = set->runs;
	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		v->set_pmds[n] = set->pmds[n]->value;
	__atomic_fetch_add(&v->set_seq, 1, __ATOMIC_RELEASE);
}

static int check_map(const struct pfm_context *ctx, size_t size)
{
	if (!ctx->smpl)
		return fail(EINVAL, "the context has no sampling buffer");
	if (size == 0 || size > ctx->smpl_size)
		return fail(EINVAL,
			    "the sampling buffer has %zu bytes, not %zu",
			    ctx->smpl_size, size);
	return 0;
}

static int map_readonly(int fd, size_t size, off_t at, void **mem)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, at);

	if (p == MAP_FAILED)
		return fail(errno, "cannot map it: %m");
	*mem = p;
	return 0;
}

void *pfm_smpl_map(int fd, size_t size)
{
	struct pfm_guard g;
	void *mem = NULL;
	int ret = ctx_enter(fd, &g);

	if (ret < 0)
		goto out;
	ret = check_map(g.ctx, size);
	if (ret == 0)
		ret = map_readonly(g.ctx->smpl_fd, size, 0, &mem);
	ctx_leave(&g, 0);
out:
	edge(ret);
	return mem;
}

int pfm_smpl_unmap(void *buf, size_t size)
{
	if (munmap(buf, size) == 0)
		return 0;
	return edge(fail(errno, "not a mapping: %m"));
}

/* The library's own page of a view is made with the first reader's. */
static int view_map(struct pfm_context *ctx, struct pfm_set *set, void **mem)
{
	size_t page = page_size();
	off_t at = (off_t)(set->id * page);
	void *own;

	if (!set->view) {
		own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			   ctx->view_fd, at);
		if (own == MAP_FAILED)
			return fail(ENOMEM, "no memory for the view of set %u",
				    set->id);
		set->view = own;
	}
	if (ctx->state == PFM_LOADED && set == ctx->active && set->be_priv)
		ctx->be->read(ctx, set, set->used_pmds);
	smpl_view(ctx, set);
	return map_readonly(ctx->view_fd, page, at, mem);
}

const struct pfm_set_view *pfm_set_map(int fd, unsigned set_id)
{
	struct pfm_guard g;
	struct pfm_set *set;
	void *mem = NULL;
	int ret = ctx_enter(fd, &g);

	if (ret < 0)
		goto out;
	set = sets_find(g.ctx, set_id);
	if (g.ctx->view_fd < 0)
		ret = fail(EINVAL, "the context was not created with "
				   "PFM_FL_MAP_SETS");
	else if (!set)
		ret = fail(EINVAL, "no event set %u", set_id);
	else
		ret = view_map(g.ctx, set, &mem);
	ctx_leave(&g, 0);
out:
	edge(ret);
	return mem;
}

int pfm_set_unmap(const struct pfm_set_view *view)
{
	return pfm_smpl_unmap((void *)(uintptr_t)view, page_size());
}

void smpl_unview(struct pfm_set *set)
{
	if (set->view)
		munmap(set->view, page_size());
	set->view = NULL;
}
