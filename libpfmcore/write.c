/* SPDX-License-Identifier: MIT
 *
 * write.c - PMCs and PMDs, written against the PMU description (perfmon2
 * reference, sections 5.2 and 5.3).  Entries are done in order; the first bad
 * one ends the call, those before it stay.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "vec.h"

static int no_set(uint32_t *flags, unsigned id)
{
	return vec_bad(flags, PFM_REG_RETFL_NOSET,
		       fail(EINVAL, "no event set %u", id));
}

/* Programming changed: at once when the set counts now, else at its start. */
static int commit(struct pfm_context *ctx, int ret)
{
	struct pfm_set *set = ctx->active;
	int err;

	if (ctx->state != PFM_LOADED || !ctx->started || !set->dirty)
		return ret;
	ctx->be->stop(ctx, set);
	/* What overflowed before is handled under the old programming. */
	if (ctx->interrupts)
		attach_look(ctx);
	if (ctx->state != PFM_LOADED || ctx->active != set)
		return ret;
	err = attach_sync(ctx, set);
	if (err == 0)
		err = ctx->be->start(ctx, set);
	return ret < 0 ? ret : err;
}

static int write_pmc(struct vec_cursor *c, pfarg_pmc_t *r)
{
	const struct pfm_pmc_desc *d;
	struct pfm_set *set;
	uint64_t value, rsvd;
	uint32_t flags = r->reg_flags & ~PFM_REG_RETFL_MASK;

	if (!vec_has(c->ctx->regs->pmcs, r->reg_num))
		return vec_bad(&r->reg_flags, PFM_REG_RETFL_NOTAVAIL,
			       fail(EINVAL, "pmc%u: not available",
				    r->reg_num));
	d = pmu_pmc(c->ctx->want->pmu, r->reg_num);
	if (flags & ~d->flags)
		return vec_bad(&r->reg_flags, PFM_REG_RETFL_EINVAL,
			       fail(EINVAL, "pmc%u: unknown flags %#x",
				    r->reg_num, flags & ~d->flags));
	set = vec_set(c, r->reg_set);
	if (!set)
		return no_set(&r->reg_flags, r->reg_set);
	rsvd = d->rsvd;
	if (r->reg_num < PFM_RSVD_PMCS)
		rsvd |= c->ctx->regs->rsvd[r->reg_num];
	value = (r->reg_value & ~rsvd) | (d->dfl & rsvd);
	if (flags & PFM_REGFL_NO_EMUL64)
		value &= ~d->no64;
	r->reg_flags = flags;
	bv_set(set->used_pmcs, r->reg_num);
	set->pmcs[r->reg_num] = value;
	set->pmc_flags[r->reg_num] = flags;
	set->dirty = true;
	dbg(RW, "fd %d set %u: pmc%u=%#" PRIx64, c->ctx->fd, set->id,
	    r->reg_num, value);
	return 0;
}

int write_pmcs(struct pfm_context *ctx, pfarg_pmc_t *v, int count)
{
	struct vec_cursor c = { .ctx = ctx };
	int ret = 0;

	for (int i = 0; i < count && ret == 0; i++)
		ret = write_pmc(&c, &v[i]);
	return commit(ctx, ret);
}

/* First use of PMD n in this set: by a write, or as part of a sample. */
static int request(struct pfm_set *set, unsigned n)
{
	if (bv_test(set->used_pmds, n))
		return 0;
	set->pmds[n] = calloc(1, sizeof(*set->pmds[n]));
	if (!set->pmds[n])
		return fail(ENOMEM, "no memory for pmd%u", n);
	bv_set(set->used_pmds, n);
	set->dirty = true;
	return 0;
}

static int request_all(struct pfm_set *set, const uint64_t *bv)
{
	int ret = 0;
	unsigned n;

	BV_FOREACH(n, bv, PFM_PMD_BV)
		if (ret == 0)
			ret = request(set, n);
	return ret;
}

static int check_pmd(const struct pfm_context *ctx, const pfarg_pmd_t *r)
{
	uint32_t flags = r->reg_flags & ~PFM_REG_RETFL_MASK;
	uint32_t unknown = flags & ~(PFM_REGFL_OVFL_NOTIFY | PFM_REGFL_RANDOM |
				     PFM_REGFL_FREQ);

	if (unknown)
		return fail(EINVAL, "pmd%u: unknown flags %#x", r->reg_num,
			    unknown);
	if (!bv_subset(r->reg_smpl_pmds, ctx->regs->pmds, PFM_PMD_BV))
		return fail(EINVAL,
			    "pmd%u: reg_smpl_pmds names a register "
			    "that is not available",
			    r->reg_num);
	if (!bv_subset(r->reg_reset_pmds, ctx->regs->pmds, PFM_PMD_BV))
		return fail(EINVAL,
			    "pmd%u: reg_reset_pmds names a register "
			    "that is not available",
			    r->reg_num);
	return 0;
}

/* From v2.3 on the first value is not the caller's any more. */
static uint32_t first_random(const struct pfm_context *ctx,
			     const pfarg_pmd_t *r)
{
	uint32_t seed = 0;

	if (ctx->gen == PFM_GEN_A || !(r->reg_flags & PFM_REGFL_RANDOM))
		return r->reg_random_seed;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint32_t)clock_ns();
	return seed | 1;
}

/* A write replaces the whole description of the register. */
static void store_pmd(const struct pfm_context *ctx, struct pfm_pmd *pmd,
		      const pfarg_pmd_t *r)
{
	pmd->flags = r->reg_flags;
	pmd->slice_value += r->reg_value - pmd->value;
	pmd->value = pmd->last_reset = r->reg_value;
	pmd->long_reset = r->reg_long_reset;
	pmd->short_reset = r->reg_short_reset;
	if (r->reg_flags & PFM_REGFL_FREQ)
		pmd->long_reset = pmd->short_reset = r->reg_value;
	pmd->switch_cnt = pmd->switch_ref = r->reg_ovfl_switch_cnt;
	pmd->random_mask = r->reg_random_mask;
	pmd->random_seed = first_random(ctx, r);
	pmd->eventid = r->reg_smpl_eventid;
	memcpy(pmd->reset_pmds, r->reg_reset_pmds, sizeof(pmd->reset_pmds));
	memcpy(pmd->smpl_pmds, r->reg_smpl_pmds, sizeof(pmd->smpl_pmds));
}

/* One that overflows is another kind of event for the backend. */
static void note_kind(struct pfm_context *ctx, struct pfm_set *set,
		      const struct pfm_pmd *before, const struct pfm_pmd *now)
{
	if (!pmd_interrupts(now))
		return;
	ctx->interrupts = true;
	if (!pmd_interrupts(before) || pmd_steady(before) != pmd_steady(now))
		set->dirty = true;
}

static int write_pmd(struct vec_cursor *c, pfarg_pmd_t *r)
{
	struct pfm_context *ctx = c->ctx;
	struct pfm_set *set;
	struct pfm_pmd before;
	int ret;

	if (!vec_has(ctx->regs->pmds, r->reg_num))
		return vec_bad(&r->reg_flags, PFM_REG_RETFL_NOTAVAIL,
			       fail(EINVAL, "pmd%u: not available",
				    r->reg_num));
	ret = check_pmd(ctx, r);
	if (ret < 0)
		return vec_bad(&r->reg_flags, PFM_REG_RETFL_EINVAL, ret);
	set = vec_set(c, r->reg_set);
	if (!set)
		return no_set(&r->reg_flags, r->reg_set);
	ret = request(set, r->reg_num);
	if (ret == 0)
		ret = request_all(set, r->reg_reset_pmds);
	if (ret == 0)
		ret = request_all(set, r->reg_smpl_pmds);
	if (ret < 0)
		return ret;
	r->reg_flags &= ~PFM_REG_RETFL_MASK;
	before = *set->pmds[r->reg_num];
	store_pmd(ctx, set->pmds[r->reg_num], r);
	bv_clear(set->ovfl_pmds, r->reg_num);
	note_kind(ctx, set, &before, set->pmds[r->reg_num]);
	dbg(RW, "fd %d set %u: pmd%u=%" PRIu64, ctx->fd, set->id, r->reg_num,
	    r->reg_value);
	if (ctx->state != PFM_UNLOADED && set->be_priv)
		return ctx->be->write(ctx, set, r->reg_num);
	return 0;
}

int write_pmds(struct pfm_context *ctx, pfarg_pmd_t *v, int count)
{
	struct vec_cursor c = { .ctx = ctx };
	int ret = 0;

	for (int i = 0; i < count && ret == 0; i++)
		ret = write_pmd(&c, &v[i]);
	return commit(ctx, ret);
}
