/* SPDX-License-Identifier: MIT
 *
 * sets.c - event sets: created, changed, deleted, queried.  Which set is active
 * is attach.c's business.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
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
	smpl_unview(set);
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

/*
 * What a timeout is rounded up to.  A kernel had its timer tick; here a switch
 * costs some microseconds of a thread that has to wake up, and this is what
 * keeps that small.
 */
#define TICK_US 100

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

/* What creating a set and changing one have in common. */
void sets_configure(const struct pfm_context *ctx, struct pfm_set *set,
		    uint32_t flags, uint64_t timeout_ns)
{
	pmcs_reset(ctx, set);
	set->flags = flags;
	set->timeout_ns = set->left_ns = timeout_ns;
	dbg(SET, "fd %d set %u: flags %#x timeout %" PRIu64 " ns", ctx->fd,
	    set->id, flags, timeout_ns);
}

int sets_create(struct pfm_context *ctx, pfarg_setdesc_t *v, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t us = ((uint64_t)v[i].set_timeout + TICK_US - 1) /
			      TICK_US * TICK_US;
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
			us = UINT32_MAX / TICK_US * TICK_US;
		sets_configure(ctx, set, v[i].set_flags, us * 1000);
		set->id_next = v[i].set_id_next;
		v[i].set_timeout = (uint32_t)us;
		v[i].set_mmap_offset = smpl_view_offset(ctx, set->id);
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
	return smpl_renew(ctx);
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

static void times_reset(struct pfm_set *set)
{
	unsigned n;

	set->runs = set->active_ns = 0;
	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		set->pmds[n]->enabled_ns = 0;
		set->pmds[n]->running_ns = 0;
	}
}

/*
 * A load starts overflow marks and timeouts from zero, and in v2.2 also runs and
 * durations, which v2.8 keeps until the set is made anew.
 */
void sets_reset(struct pfm_context *ctx)
{
	unsigned n;

	for (struct pfm_set *set = ctx->sets; set; set = set->next) {
		if (ctx->gen == PFM_GEN_A)
			times_reset(set);
		set->started_ns = 0;
		set->left_ns = set->timeout_ns;
		for (unsigned i = 0; i < PFM_PMD_BV; i++)
			set->ovfl_pmds[i] = set->reset_pmds[i] = 0;
		BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
			set->pmds[n]->switch_cnt = set->pmds[n]->switch_ref;
	}
}

uint64_t (*clock_replaced)(void);

uint64_t clock_ns(void)
{
	struct timespec t;

	if (clock_replaced)
		return clock_replaced();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * A CPU is monitored by the wall clock.  A thread is monitored while it runs,
 * which the backend knows: see sets_duration().
 */
void sets_clock_start(const struct pfm_context *ctx, struct pfm_set *set)
{
	sets_clock_stop(set);
	if (ctx->flags & PFM_FL_SYSTEM_WIDE)
		set->started_ns = clock_ns();
}

void sets_clock_stop(struct pfm_set *set)
{
	if (set->started_ns)
		set->active_ns += clock_ns() - set->started_ns;
	set->started_ns = 0;
}

uint64_t sets_duration(const struct pfm_context *ctx, const struct pfm_set *set)
{
	uint64_t ns = 0;
	unsigned n;

	if (ctx->flags & PFM_FL_SYSTEM_WIDE)
		return set->active_ns +
		       (set->started_ns ? clock_ns() - set->started_ns : 0);
	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		if (set->pmds[n]->enabled_ns > ns)
			ns = set->pmds[n]->enabled_ns;
	return ns;
}

/*
 * A CPU's sets follow each other without a gap, and a single set is all there
 * is.  A thread's sets tell how long each counted: what is between two of them
 * the backend knows.
 */
static bool has_clock(const struct pfm_context *ctx)
{
	return !(ctx->flags & PFM_FL_SYSTEM_WIDE) && ctx->sets->next &&
	       ctx->be && ctx->be->clock;
}

void sets_monitor_start(struct pfm_context *ctx)
{
	if (!has_clock(ctx) || ctx->clock_runs)
		return;
	ctx->clock_since = ctx->be->clock(ctx);
	ctx->clock_runs = true;
}

void sets_monitor_stop(struct pfm_context *ctx)
{
	if (ctx->clock_runs)
		ctx->stats.monitored_ns +=
			ctx->be->clock(ctx) - ctx->clock_since;
	ctx->clock_runs = false;
}

uint64_t sets_monitored(const struct pfm_context *ctx)
{
	uint64_t ns = ctx->stats.monitored_ns;

	if (ctx->clock_runs)
		return ns + ctx->be->clock(ctx) - ctx->clock_since;
	if (ns)
		return ns;
	for (const struct pfm_set *set = ctx->sets; set; set = set->next)
		ns += sets_duration(ctx, set);
	return ns;
}

/* Bring the active set's times up to date. */
int sets_refresh(struct pfm_context *ctx, struct pfm_set *set)
{
	if (ctx->state != PFM_LOADED || !set->be_priv)
		return 0;
	return ctx->be->read(ctx, set, set->used_pmds);
}

/*
 * Registers that can be had: implemented, and on the CPU, if it is one, not
 * somebody else's (reference, section 5.10).
 */
void sets_available(const struct pfm_context *ctx, uint64_t *pmcs,
		    uint64_t *pmds)
{
	const struct pfm_pmu *pmu = ctx->want->pmu;
	struct pfm_reg_desc d[256];
	int n = 0;

	memcpy(pmcs, ctx->regs->pmcs, sizeof(ctx->regs->pmcs));
	memcpy(pmds, ctx->regs->pmds, sizeof(ctx->regs->pmds));
	if (pmu->probe_cpu) {
		memset(d, 0, sizeof(d));
		n = pmu->describe(ctx->target < 0 ? 0 : ctx->target, d, 256);
	}
	for (int i = 0; i < n && i < 256; i++)
		if (d[i].taken)
			bv_clear(d[i].is_pmd ? pmds : pmcs, d[i].num);
}

static void tell(struct pfm_context *ctx, const struct pfm_set *set,
		 pfarg_setinfo_t *v)
{
	v->set_id_next = set->id_next;
	v->set_flags = set->flags;
	v->set_runs = set->runs;
	v->set_timeout = (uint32_t)(switch_left(ctx, set) / 1000);
	v->set_act_duration = sets_duration(ctx, set);
	v->set_mmap_offset = smpl_view_offset(ctx, set->id);
	memcpy(v->set_ovfl_pmds, set->ovfl_pmds, sizeof(v->set_ovfl_pmds));
	sets_available(ctx, v->set_avail_pmcs, v->set_avail_pmds);
}

int sets_getinfo(struct pfm_context *ctx, pfarg_setinfo_t *v, int count)
{
	for (int i = 0; i < count; i++) {
		struct pfm_set *set = sets_find(ctx, v[i].set_id);
		int ret;

		if (!set)
			return fail(EINVAL, "no event set %u", v[i].set_id);
		ret = sets_refresh(ctx, set);
		if (ret < 0)
			return ret;
		tell(ctx, set, &v[i]);
	}
	return 0;
}
