/* SPDX-License-Identifier: MIT
 *
 * v28.c - the 12 calls as v2.6 to v2.82 had them: formats by name, event sets
 * in nanoseconds, arguments that are only read (reference, sections 2.5, 5 and
 * 13).  The rest, and all that a context does, is the one core; ctx->gen tells
 * it what the generations do differently.
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "v28.h"
#include "vec.h"

#define FMT_NAME_MAX 32 /* pfmcore_fmt.h */

/*
 * A kernel of v2.8 would have tried any timeout.  A switch costs some
 * microseconds of a thread that has to wake up, and this keeps that small.
 */
#define TIMEOUT_MIN_NS 100000

/*
 * A string, which may end just before memory that cannot be read: so no copy
 * goes over a page before the one before it had no end in it.
 */
static int copy_name(char *name, size_t size, const char *user)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), got = 0;

	while (got < size) {
		uintptr_t at = (uintptr_t)user + got;
		size_t n = page - at % page;
		int ret;

		if (n > size - got)
			n = size - got;
		ret = copy_user(name + got, (void *)at, n, false);
		if (ret < 0)
			return ret;
		if (memchr(name + got, '\0', n))
			return 0;
		got += n;
	}
	return fail(EINVAL,
		    "the name of a sampling format has %d characters "
		    "at most",
		    FMT_NAME_MAX);
}

static int find_format(const char *user, const struct pfm_smpl_fmt **fmt)
{
	char name[FMT_NAME_MAX + 1];
	int ret = copy_name(name, sizeof(name), user);

	if (ret < 0)
		return ret;
	*fmt = pfm_fmt_find(name);
	/* The reason is that of the search. */
	return *fmt ? 0 : -EINVAL;
}

int pfm28_create_context(struct ctx28 *ctx, const char *fmt_name, void *arg,
			 size_t arg_size)
{
	struct ctx_request req = { .gen = PFM_GEN_C };
	struct ctx28 r;
	int ret;

	ret = copy_user(&r, ctx, sizeof(r), false);
	if (ret < 0)
		return edge(ret);
	/* v2.6 took the mapped views of sets away and left the flag. */
	req.flags = r.ctx_flags & ~(uint32_t)PFM_FL_MAP_SETS;
	/* Its *_np examples neither stop the target nor go to its CPU. */
	req.flags |= PFM_FL_NOPTRACE;
	if (req.flags & PFM_FL_SYSTEM_WIDE)
		req.flags |= PFM_FL_ANYCPU;
	if (fmt_name)
		ret = find_format(fmt_name, &req.fmt);
	if (ret == 0)
		ret = create_context(&req, arg, arg_size, NULL);
	return edge(ret);
}

static int run_write_pmcs(struct pfm_context *ctx, void *v, int count)
{
	return write_pmcs(ctx, v, count);
}

static int run_write_pmds(struct pfm_context *ctx, void *v, int count)
{
	return write_pmds(ctx, v, count);
}

static int check_desc(const struct setdesc28 *d, uint64_t tick_ns)
{
	const uint32_t both = PFM_SETFL_TIME_SWITCH | PFM_SETFL_OVFL_SWITCH;

	if ((d->set_flags & both) == both)
		return fail(EINVAL,
			    "set %u: it can switch on time or on overflow, "
			    "not on both",
			    d->set_id);
	if (!(d->set_flags & PFM_SETFL_TIME_SWITCH))
		return 0;
	if (d->set_timeout == 0)
		return fail(EINVAL, "set %u: a time switch needs a timeout",
			    d->set_id);
	if (d->set_timeout % tick_ns)
		return fail(EINVAL,
			    "set %u: a timeout of %" PRIu64 " ns is no "
			    "multiple of the clock's %" PRIu64 " ns",
			    d->set_id, d->set_timeout, tick_ns);
	return 0;
}

/* Unlike v2.2: runs and durations start again here, and so do those of load. */
static int run_create_evtsets(struct pfm_context *ctx, void *vec, int count)
{
	const struct setdesc28 *v = vec;
	struct timespec res;
	uint64_t tick;

	clock_getres(CLOCK_MONOTONIC, &res);
	tick = (uint64_t)res.tv_sec * 1000000000u + (uint64_t)res.tv_nsec;
	if (tick == 0)
		tick = 1;
	for (int i = 0; i < count; i++) {
		uint64_t ns = v[i].set_timeout;
		struct pfm_set *set;
		int ret = check_desc(&v[i], tick);

		if (ret < 0)
			return ret;
		set = sets_find(ctx, v[i].set_id);
		if (!set)
			set = sets_new(ctx, v[i].set_id);
		if (!set)
			return fail(ENOMEM, "no memory for event set %u",
				    v[i].set_id);
		if (ns && ns < TIMEOUT_MIN_NS)
			ns = TIMEOUT_MIN_NS;
		/* There is no explicit successor any more. */
		sets_configure(ctx, set, v[i].set_flags & ~PFM_SETFL_EXPL_NEXT,
			       ns);
		set->runs = set->active_ns = 0;
	}
	return 0;
}

static int run_delete_evtsets(struct pfm_context *ctx, void *v, int count)
{
	/* Of a description only the id counts, and that has not moved. */
	return sets_delete(ctx, v, count);
}

static int run_getinfo_evtsets(struct pfm_context *ctx, void *vec, int count)
{
	struct setinfo28 *v = vec;

	for (int i = 0; i < count; i++) {
		struct pfm_set *set = sets_find(ctx, v[i].set_id);
		int ret;

		if (!set)
			return fail(EINVAL, "no event set %u", v[i].set_id);
		ret = sets_refresh(ctx, set);
		if (ret < 0)
			return ret;
		v[i].set_flags = set->flags;
		v[i].set_runs = set->runs;
		v[i].set_timeout = switch_left(ctx, set);
		v[i].set_act_duration = sets_duration(ctx, set);
		memcpy(v[i].set_ovfl_pmds, set->ovfl_pmds,
		       sizeof(v[i].set_ovfl_pmds));
		sets_available(ctx, v[i].set_avail_pmcs, v[i].set_avail_pmds);
	}
	return 0;
}

/*
 * A vector that is only read may stand in memory that cannot be written: the
 * call gets a copy.  Where that fails the call itself says how, after what it
 * looks at before.
 */
static int vec_in(const struct vec_call *call, int fd, void *vec, int count)
{
	union {
		unsigned char bytes[PFM_ARG_SIZE_MAX];
		uint64_t align;
	} copy;
	size_t size = call->entry * (size_t)count;

	if (size <= sizeof(copy.bytes) &&
	    copy_user(copy.bytes, vec, size, false) == 0)
		vec = copy.bytes;
	return vec_run(call, fd, vec, count);
}

#define VEC_IN(call, fd, v, count)                              \
	edge(vec_check_count(count, PFM_MAX_ARG_COUNT(v)) < 0 ? \
		     -EINVAL :                                  \
		     vec_in(call, fd, v, count))

int pfm28_write_pmcs(int fd, pfarg_pmc_t *pmcs, int count)
{
	static const struct vec_call call = { run_write_pmcs,
					      sizeof(pfarg_pmc_t),
					      CMD_STOPPED };

	return VEC_IN(&call, fd, pmcs, count);
}

int pfm28_write_pmds(int fd, pfarg_pmd_t *pmds, int count)
{
	static const struct vec_call call = { run_write_pmds,
					      sizeof(pfarg_pmd_t),
					      CMD_STOPPED };

	return VEC_IN(&call, fd, pmds, count);
}

int pfm28_create_evtsets(int fd, struct setdesc28 *sets, int count)
{
	static const struct vec_call call = { run_create_evtsets,
					      sizeof(struct setdesc28),
					      CMD_UNLOADED };

	return VEC_IN(&call, fd, sets, count);
}

int pfm28_delete_evtsets(int fd, struct setdesc28 *sets, int count)
{
	static const struct vec_call call = { run_delete_evtsets,
					      sizeof(struct setdesc28),
					      CMD_UNLOADED };

	return VEC_IN(&call, fd, sets, count);
}

int pfm28_getinfo_evtsets(int fd, struct setinfo28 *sets, int count)
{
	static const struct vec_call call = { run_getinfo_evtsets,
					      sizeof(struct setinfo28), 0 };
	int ret = vec_check_count(count, PFM_MAX_ARG_COUNT(sets));

	return edge(ret < 0 ? ret : vec_run(&call, fd, sets, count));
}

/* The argument is looked at before the descriptor. */
int pfm28_load_context(int fd, pfarg_load_t *load)
{
	pfarg_load_t req;
	int ret = copy_user(&req, load, sizeof(req), false);

	return ret < 0 ? edge(ret) : pfm_load_context(fd, &req);
}

int pfm28_read_pmds(int fd, pfarg_pmd_t *pmds, int count)
{
	return pfm_read_pmds(fd, pmds, count);
}

int pfm28_start(int fd, pfarg_start_t *start)
{
	return pfm_start(fd, start);
}

int pfm28_stop(int fd)
{
	return pfm_stop(fd);
}

int pfm28_restart(int fd)
{
	return pfm_restart(fd);
}

int pfm28_unload_context(int fd)
{
	return pfm_unload_context(fd);
}

int pfm28_msg_size(int fd)
{
	const struct pfm_context *ctx = NULL;
	int saved = errno, size = 0;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	sigset_t old;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
	    cookie) {
		signals_block(&old);
		ctx = fdtab_by_cookie(cookie);
		if (ctx)
			size = ctx->gen == PFM_GEN_C ? PFM_MSG_SIZE_28 :
						       (int)sizeof(pfm_msg_t);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	errno = saved;
	return size;
}
