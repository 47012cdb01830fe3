/* SPDX-License-Identifier: MIT
 *
 * vec.h - what the calls that take a vector of registers share: its limits, the
 * set an entry names, and the flags that say which entry was refused.
 */
#ifndef PFM_VEC_H
#define PFM_VEC_H

#include "priv.h"

#define PFM_ARG_SIZE_MAX 4096 /* perfmon2's arg_size_max: bytes of a vector */

static inline int vec_check_count(int count, int max)
{
	if (count < 0 || count >= max)
		return fail(EINVAL, "a vector of %d entries", count);
	return 0;
}

/* Set lookup, done again only when the id changes from one entry to the next. */
struct vec_cursor {
	struct pfm_context *ctx;
	struct pfm_set *set;
};

static inline struct pfm_set *vec_set(struct vec_cursor *c, unsigned id)
{
	if (!c->set || c->set->id != id)
		c->set = sets_find(c->ctx, id);
	return c->set;
}

static inline bool vec_has(const uint64_t *bv, unsigned n)
{
	return n < PFM_MAX_PMDS && bv_test(bv, n);
}

/* PMCs and PMDs have one format of error flags. */
static inline int vec_bad(uint32_t *flags, uint32_t retfl, int ret)
{
	*flags = (*flags & ~PFM_REG_RETFL_MASK) | retfl;
	return ret;
}

/* syscalls.c: the argument of a call to or from a copy; -EFAULT. */
int copy_user(void *local, void *user, size_t size, bool out);

/*
 * The copy of the format's argument, then ctx_create(); for every generation.
 */
int create_context(struct ctx_request *req, void *arg, size_t arg_size,
		   size_t *smpl_size);

/* One vector call; run() gets a private copy of the vector. */
struct vec_call {
	int (*run)(struct pfm_context *ctx, void *vec, int count);
	size_t entry; /* bytes */
	unsigned cmd; /* CMD_* */
};
int vec_run(const struct vec_call *call, int fd, void *vec, int count);

#endif /* PFM_VEC_H */
