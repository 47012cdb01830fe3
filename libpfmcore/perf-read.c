/* SPDX-License-Identifier: MIT
 *
 * perf-read.c - the counts of a set's events, by one read(2) a group, or in user
 * space where the kernel lets RDPMC be used.
 */
#include "config.h"

#include <unistd.h>

#include "perf-backend.h"
#include "rdpmc.h"

static void slot_store(struct slot *s, const uint64_t v[3])
{
	s->count = v[0];
	s->reg->value = s->base + v[0];
	s->reg->enabled_ns = s->base_enabled + v[1];
	s->reg->running_ns = s->base_running + v[2];
}

/* Words of one event in a group_read. */
static size_t words_of(const struct perf_ctx *pc)
{
	return pc->tells_lost ? 2 : 1;
}

/* Exact, also of what no record could tell any more. */
static void slot_lost(struct pfm_context *ctx, struct slot *s, uint64_t lost)
{
	ctx->stats.lost += lost - s->lost;
	s->lost = lost;
}

static int read_failed(const struct slot *s, ssize_t n)
{
	if (n < 0)
		return fail(errno, "pmd%u: reading the counter: %m", s->pmd);
	return fail(EIO, "pmd%u: the kernel dropped the event", s->pmd);
}

static int read_singly(struct pfm_context *ctx, struct perf_set *ps,
		       const struct group *g)
{
	const struct perf_ctx *pc = ctx->be_priv;
	ssize_t want = (ssize_t)((2 + words_of(pc)) * sizeof(uint64_t));

	for (unsigned i = g->first; i < g->first + g->n; i++) {
		uint64_t v[4];
		ssize_t n = read(ps->slot[i].fd, v, sizeof(v));

		if (n != want)
			return read_failed(&ps->slot[i], n);
		slot_store(&ps->slot[i], v);
		if (pc->tells_lost)
			slot_lost(ctx, &ps->slot[i], v[3]);
	}
	return 0;
}

static bool read_rdpmc(struct perf_set *ps, const struct group *g)
{
	for (unsigned i = g->first; i < g->first + g->n; i++) {
		struct rdpmc_count c;

		if (!rdpmc_read(ps->slot[i].page, &rdpmc_hw, &c))
			return false;
		slot_store(&ps->slot[i],
			   (uint64_t[]){ c.value, c.enabled_ns, c.running_ns });
	}
	return true;
}

int perf_read_group(struct pfm_context *ctx, struct perf_set *ps,
		    const struct group *g)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct group_read *r = (void *)ps->buf;
	size_t words = words_of(pc);
	size_t want = sizeof(*r) + g->n * words * sizeof(r->value[0]);
	ssize_t n;

	if (g->rdpmc && ctx_is_self(ctx) && read_rdpmc(ps, g))
		return 0;
	if (pc->single)
		return read_singly(ctx, ps, g);
	n = read(ps->slot[g->first].fd, r, want);
	if (n != (ssize_t)want)
		return read_failed(&ps->slot[g->first], n);
	for (unsigned i = 0; i < g->n; i++) {
		const uint64_t *v = &r->value[i * words];
		struct slot *s = &ps->slot[g->first + i];

		slot_store(s, (uint64_t[]){ v[0], r->enabled, r->running });
		if (pc->tells_lost)
			slot_lost(ctx, s, v[1]);
	}
	return 0;
}

static bool group_wanted(const struct perf_set *ps, const struct group *g,
			 const uint64_t *bv)
{
	for (unsigned i = g->first; i < g->first + g->n; i++)
		if (bv_test(bv, ps->slot[i].pmd))
			return true;
	return false;
}

PFM_HOT int perf_read(struct pfm_context *ctx, struct pfm_set *set,
		      const uint64_t *bv)
{
	struct perf_set *ps = set->be_priv;
	int ret = 0;

	for (unsigned i = 0; i < ps->ngroups && ret == 0; i++)
		if (ps->ngroups == 1 || group_wanted(ps, &ps->group[i], bv))
			ret = perf_read_group(ctx, ps, &ps->group[i]);
	return ret;
}
