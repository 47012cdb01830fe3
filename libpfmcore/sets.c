/* SPDX-License-Identifier: MIT
 *
 * sets.c - event sets: created, changed, deleted, queried.  Which set is active
 * is attach.c's business.
 */
#include "config.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

struct pfm_set *sets_find(const struct pfm_context *ctx, unsigned id)
{
	struct pfm_set *set;

	for (set = ctx->sets; set && set->id < id; set = set->next)
		;
	return set && set->id == id ? set : NULL;
}

/* Every PMC to its default, none in use: what a new or re-created set has. */
static void pmcs_reset(const struct pfm_context *ctx, struct pfm_set *set)
{
	unsigned n;

	for (unsigned i = 0; i < PFM_PMC_BV; i++)
		set->used_pmcs[i] = 0;
	BV_FOREACH(n, ctx->regs->pmcs, PFM_PMC_BV) {
		set->pmcs[n] = pmu_pmc(ctx->want->pmu, n)->dfl;
		set->pmc_flags[n] = 0;
	}
}

/* NULL: out of memory. */
struct pfm_set *sets_new(struct pfm_context *ctx, unsigned id)
{
	struct pfm_set *set = calloc(1, sizeof(*set)), **link;

	if (!set)
		return NULL;
	set->id = (uint16_t)id;
	pmcs_reset(ctx, set);
	for (link = &ctx->sets; *link && (*link)->id < id;
	     link = &(*link)->next)
		;
	set->next = *link;
	*link = set;
	return set;
}

static void set_free(struct pfm_set *set)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		free(set->pmds[n]);
	free(set);
}

void sets_free(struct pfm_context *ctx)
{
	struct pfm_set *set, *next;

	for (set = ctx->sets; set; set = next) {
		next = set->next;
		set_free(set);
	}
	ctx->sets = ctx->active = NULL;
}

/* The tick of the switch timer, in microseconds, never below one. */
static uint64_t tick_us(void)
{
	struct timespec res;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &res) < 0 || res.tv_nsec == 0)
		return 10000;
	return (uint64_t)(res.tv_nsec + 999) / 1000;
}

static int check_desc(const pfarg_setdesc_t *d)
{
	const uint32_t both = PFM_SETFL_TIME_SWITCH | PFM_SETFL_OVFL_SWITCH;

	if ((d->set_flags & both) == both)
		return fail(EINVAL,
			    "set %u: it can switch on time or on overflow, "
			    "not on both",
			    d->set_id);
	if (d->set_flags & PFM_SETFL_TIME_SWITCH && d->set_timeout == 0)
		return fail(EINVAL, "set %u: a time switch needs a timeout",
			    d->set_id);
	return 0;
}

int sets_create(struct pfm_context *ctx, pfarg_setdesc_t *v, int count)
{
	uint64_t tick = tick_us();

	for (int i = 0; i < count; i++) {
		uint64_t us = (v[i].set_timeout + tick - 1) / tick * tick;
		struct pfm_set *set;
		int ret = check_desc(&v[i]);

		if (ret < 0)
			return ret;
		set = sets_find(ctx, v[i].set_id);
		if (!set)
			set = sets_new(ctx, v[i].set_id);
		if (!set)
			return fail(ENOMEM, "no memory for event set %u",
				    v[i].set_id);
		if (us > UINT32_MAX)
			us = UINT32_MAX / tick * tick;
		pmcs_reset(ctx, set);
		set->flags = v[i].set_flags;
		set->id_next = v[i].set_id_next;
		set->timeout_us = set->left_us = (uint32_t)us;
		v[i].set_timeout = (uint32_t)us;
		v[i].set_mmap_offset = 0;
		dbg(SET, "fd %d set %u: flags %#x timeout %u us", ctx->fd,
		    set->id, set->flags, set->timeout_us);
	}
	return 0;
}

int sets_delete(struct pfm_context *ctx, pfarg_setdesc_t *v, int count)
{
	for (int i = 0; i < count; i++) {
		struct pfm_set *set = sets_find(ctx, v[i].set_id), **link;

		if (v[i].set_id == 0)
			return fail(EINVAL, "event set 0 cannot be deleted");
		if (!set)
			return fail(EINVAL, "no event set %u", v[i].set_id);
		for (link = &ctx->sets; *link != set; link = &(*link)->next)
			;
		*link = set->next;
		if (ctx->active == set)
			ctx->active = NULL;
		set_free(set);
	}
	return 0;
}

int sets_renumber(struct pfm_context *ctx, const struct pfm_backend *be)
{
	const struct pfm_regs *regs = pmu_regs(be->pmu);
	struct pfm_set *set;

	if (!regs)
		return -ENODEV;
	if (be->pmu == ctx->want->pmu) {
		ctx->want = be;
		return 0;
	}
	for (set = ctx->sets; set; set = set->next)
		for (unsigned i = 0; i < PFM_PMC_BV; i++)
			if (set->used_pmcs[i] | set->used_pmds[i])
				return fail(EBUSY,
					    "registers of backend %s were "
					    "written: choose %s before",
					    ctx->want->name, be->name);
	ctx->want = be;
	ctx->regs = regs;
	for (set = ctx->sets; set; set = set->next)
		pmcs_reset(ctx, set);
	return 0;
}

/* Every explicit successor must exist (load). */
int sets_check_chain(const struct pfm_context *ctx)
{
	for (struct pfm_set *set = ctx->sets; set; set = set->next)
		if (set->flags & PFM_SETFL_EXPL_NEXT &&
		    !sets_find(ctx, set->id_next))
			return fail(EINVAL,
				    "set %u names set %u as its next, which "
				    "does not exist",
				    set->id, set->id_next);
	return 0;
}

/* A load starts runs, durations, overflow marks and times from zero. */
void sets_reset(struct pfm_context *ctx)
{
	unsigned n;

	for (struct pfm_set *set = ctx->sets; set; set = set->next) {
		set->runs = set->active_ns = set->started_ns = 0;
		set->left_us = set->timeout_us;
		for (unsigned i = 0; i < PFM_PMD_BV; i++)
			set->ovfl_pmds[i] = 0;
		BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
			set->pmds[n]->enabled_ns = 0;
			set->pmds[n]->running_ns = 0;
		}
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * A CPU is monitored by the wall clock.  A thread is monitored while it runs,
 * which the backend knows: see duration().
 */
void sets_clock_start(const struct pfm_context *ctx, struct pfm_set *set)
{
	sets_clock_stop(set);
	if (ctx->flags & PFM_FL_SYSTEM_WIDE)
		set->started_ns = now_ns();
}

void sets_clock_stop(struct pfm_set *set)
{
	if (set->started_ns)
		set->active_ns += now_ns() - set->started_ns;
	set->started_ns = 0;
}

static uint64_t duration(const struct pfm_context *ctx,
			 const struct pfm_set *set)
{
	uint64_t ns = 0;
	unsigned n;

	if (ctx->flags & PFM_FL_SYSTEM_WIDE)
		return set->active_ns +
		       (set->started_ns ? now_ns() - set->started_ns : 0);
	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		if (set->pmds[n]->enabled_ns > ns)
			ns = set->pmds[n]->enabled_ns;
	return ns;
}

int sets_getinfo(struct pfm_context *ctx, pfarg_setinfo_t *v, int count)
{
	for (int i = 0; i < count; i++) {
		struct pfm_set *set = sets_find(ctx, v[i].set_id);
		int ret;

		if (!set)
			return fail(EINVAL, "no event set %u", v[i].set_id);
		if (ctx->state == PFM_LOADED && set->be_priv) {
			ret = ctx->be->read(ctx, set, set->used_pmds);
			if (ret < 0)
				return ret;
		}
		v[i].set_id_next = set->id_next;
		v[i].set_flags = set->flags;
		v[i].set_runs = set->runs;
		v[i].set_timeout = set->left_us;
		v[i].set_act_duration = duration(ctx, set);
		v[i].set_mmap_offset = 0;
		for (unsigned j = 0; j < PFM_PMD_BV; j++) {
			v[i].set_ovfl_pmds[j] = set->ovfl_pmds[j];
			v[i].set_avail_pmcs[j] = ctx->regs->pmcs[j];
			v[i].set_avail_pmds[j] = ctx->regs->pmds[j];
		}
	}
	return 0;
}
