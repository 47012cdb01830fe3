/* SPDX-License-Identifier: MIT
 *
 * read.c - pfm_read_pmds() and pfm_read_counts() (perfmon2 reference, section
 * 5.4): the hot path, from the caller's vector to the backend and back.
 *
 * It is one file, with a prologue of its own, because a function call costs
 * most right after a system call, when the processor has lost its predictions.
 */
#include "config.h"

#include "vec.h"

/* As ctx_enter(), for the case that needs neither its checks nor its signals. */
PFM_HOT static int enter(int fd, struct pfm_guard *g)
{
	struct pfm_context *ctx = fdtab_get(fd);
	int ret;

	if (ctx) {
		ctx_lock(ctx);
		if (ctx->live && fdtab_get(fd) == ctx &&
		    ctx->state == PFM_LOADED && ctx_is_self(ctx) &&
		    !ctx->interrupts) {
			g->ctx = ctx;
			g->blocked = false;
			return 0;
		}
		ctx_unlock(ctx);
	}
	ret = ctx_enter(fd, g);
	if (ret < 0)
		return ret;
	ret = ctx_check(g->ctx, CMD_STOPPED);
	return ret < 0 ? ctx_leave(g, ret) : 0;
}

/* A set that is not active keeps what it saved. */
static int refresh(struct pfm_context *ctx, const uint64_t *bv)
{
	struct pfm_set *set = ctx->active;

	if (ctx->state != PFM_LOADED || !set->be_priv)
		return 0;
	return ctx->be->read(ctx, set, bv);
}

static int find_pmd(struct vec_cursor *c, unsigned n, unsigned id,
		    uint32_t *retfl)
{
	*retfl = PFM_REG_RETFL_NOTAVAIL;
	if (!vec_has(c->ctx->regs->pmds, n))
		return fail(EINVAL, "pmd%u: not available", n);
	*retfl = PFM_REG_RETFL_NOSET;
	if (!vec_set(c, id))
		return fail(EINVAL, "no event set %u", id);
	*retfl = PFM_REG_RETFL_EINVAL;
	if (!bv_test(c->set->used_pmds, n))
		return fail(EINVAL, "pmd%u: never written in set %u", n, id);
	return 0;
}

/*
 * Two passes, so that the backend is asked once for all PMDs of the active set.
 */
static int read_pmds(struct pfm_context *ctx, pfarg_pmd_t *v, int count)
{
	struct vec_cursor c = { .ctx = ctx, .set = ctx->active };
	uint64_t bv[PFM_PMD_BV] = { 0 };
	uint32_t retfl;
	int good, ret = 0, err = 0;

	for (good = 0; good < count; good++) {
		unsigned n = v[good].reg_num;

		if (!c.set || c.set->id != v[good].reg_set ||
		    !vec_has(c.set->used_pmds, n))
			ret = find_pmd(&c, n, v[good].reg_set, &retfl);
		if (ret < 0) {
			vec_bad(&v[good].reg_flags, retfl, ret);
			break;
		}
		if (c.set == ctx->active)
			bv_set(bv, n);
	}
	if (good > 0)
		err = refresh(ctx, bv);
	if (err < 0)
		return err;
	c.set = ctx->active;
	for (int i = 0; i < good; i++) {
		const struct pfm_pmd *pmd =
			vec_set(&c, v[i].reg_set)->pmds[v[i].reg_num];

		v[i].reg_value = pmd->value;
		v[i].reg_last_reset_val = pmd->last_reset;
		v[i].reg_ovfl_switch_cnt = pmd->switch_cnt;
	}
	return ret;
}

PFM_HOT int pfm_read_pmds(int fd, pfarg_pmd_t *pmds, int count)
{
	struct pfm_guard g;
	int ret;

	ret = vec_check_count(count, PFM_MAX_ARG_COUNT(pmds));
	if (ret < 0)
		return edge(ret);
	ret = enter(fd, &g);
	if (ret < 0)
		return edge(ret);
	if (sizeof(*pmds) * (size_t)count > PFM_ARG_SIZE_MAX)
		ret = fail(E2BIG, "%d entries: %d is the most for one call",
			   count, (int)(PFM_ARG_SIZE_MAX / sizeof(*pmds)));
	else if (count > 0 && !pmds)
		ret = fail(EFAULT, "the argument is NULL");
	else
		ret = read_pmds(g.ctx, pmds, count);
	return edge(ctx_leave(&g, ret));
}

static int read_counts(struct pfm_context *ctx, struct pfm_count *v, int count)
{
	struct vec_cursor c = { .ctx = ctx };
	uint32_t retfl;
	int ret = 0;

	if (ctx->active)
		ret = refresh(ctx, ctx->active->used_pmds);
	for (int i = 0; i < count && ret == 0; i++) {
		const struct pfm_pmd *pmd;

		ret = find_pmd(&c, v[i].reg_num, v[i].reg_set, &retfl);
		if (ret < 0)
			break;
		pmd = c.set->pmds[v[i].reg_num];
		v[i].value = pmd->value;
		v[i].enabled_ns = pmd->enabled_ns;
		v[i].running_ns = pmd->running_ns;
	}
	return ret;
}

int pfm_read_counts(int fd, struct pfm_count *counts, int count)
{
	struct pfm_guard g;
	int ret;

	ret = vec_check_count(count, PFM_MAX_ARG_COUNT(counts));
	if (ret == 0 && count > 0 && !counts)
		ret = fail(EFAULT, "the argument is NULL");
	if (ret < 0)
		return edge(ret);
	ret = enter(fd, &g);
	if (ret < 0)
		return edge(ret);
	return edge(ctx_leave(&g, read_counts(g.ctx, counts, count)));
}
