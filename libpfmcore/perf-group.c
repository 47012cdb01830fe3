/* SPDX-License-Identifier: MIT
 *
 * perf-group.c - the events of a set, opened in groups and closed.
 *
 * A set is one group of events, or a few: the kernel does not mix PMUs in a
 * group, and inherited events of another thread stand alone.  A set whose PMDs
 * overflow is one group with its software events, led by what overflows: then
 * the kernel tells all counts as of an overflow, and stopping the leader stops
 * them all.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf-backend.h"

#define READ_FORMAT \
	(PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING)

/* A wake-up each so many samples at most, whatever room a format has. */
#define MOST_SAMPLES 512

/* Does PMD n of the set have anything to count? */
static bool selected(const struct pfm_set *set, unsigned n)
{
	return bv_test(set->used_pmcs, n) && perf_pmc_enabled(set, n);
}

static bool set_interrupts(const struct pfm_set *set)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		if (selected(set, n) && pmd_interrupts(set->pmds[n]))
			return true;
	return false;
}

static unsigned group_of(const struct pfm_set *set, unsigned n)
{
	unsigned type = perf_group_of_pmc(set, n);

	if (type == PERF_TYPE_SOFTWARE && set_interrupts(set))
		return PERF_TYPE_RAW;
	return type;
}

/* The distinct group types of the set, in the order of its PMDs. */
static unsigned group_types(const struct pfm_set *set, unsigned *types)
{
	unsigned ntypes = 0, n, i;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		unsigned type;

		if (!selected(set, n))
			continue;
		type = group_of(set, n);
		for (i = 0; i < ntypes && types[i] != type; i++)
			;
		if (i == ntypes)
			types[ntypes++] = type;
	}
	return ntypes;
}

/*
 * A wake-up for each sample, unless the format says how many it takes: then so
 * many that one comes as soon as can be after the buffer is full.
 */
static unsigned wakeup_after(const struct pfm_context *ctx,
			     const struct pfm_set *set,
			     const struct pfm_pmd *pmd)
{
	const struct perf_ctx *pc = ctx->be_priv;
	unsigned nvalues = 0, room, most, best, n;

	if (!ctx->fmt || !ctx->fmt->room || !pmd_steady(pmd))
		return 1;
	BV_FOREACH(n, pmd->reset_pmds, PFM_PMD_BV)
		if (set->pmds[n] != pmd && pmd_interrupts(set->pmds[n]))
			return 1;
	for (unsigned i = 0; i < PFM_PMD_BV; i++)
		nvalues += (unsigned)__builtin_popcountll(pmd->smpl_pmds[i]);
	n = 0;
	for (unsigned i = 0; i < PFM_PMD_BV; i++)
		n += (unsigned)__builtin_popcountll(set->used_pmds[i]);
	room = ctx->fmt->room(ctx->smpl, nvalues);
	most = perf_ring_records(pc, n) / 4;
	if (most > room / 4)
		most = room / 4;
	if (most > MOST_SAMPLES)
		most = MOST_SAMPLES;
	best = most;
	for (unsigned m = most; m > most / 2; m--)
		if ((m - room % m) % m < (best - room % best) % best)
			best = m;
	return best ? best : 1;
}

static void sampling_attr(const struct pfm_context *ctx,
			  const struct pfm_set *set, unsigned n,
			  struct perf_event_attr *attr)
{
	const struct pfm_pmd *pmd = set->pmds[n];

	perf_ring_attr(attr, ((struct perf_set *)set->be_priv)->lean);
	attr->sample_period = pmd_period(pmd->value);
	attr->wakeup_events = wakeup_after(ctx, set, pmd);
}

static int refused(unsigned n, unsigned type, int cpu, int leader)
{
	char what[16];

	snprintf(what, sizeof(what), "pmc%u", n);
	if (errno == EINVAL && leader >= 0)
		return fail(EINVAL,
			    "%s: the kernel cannot count it together with the "
			    "events before it: the PMU has too few counters, "
			    "or not the one it needs",
			    what);
	return perf_refused(errno, what, type, cpu);
}

static int open_slot(struct pfm_context *ctx, struct pfm_set *set, unsigned n,
		     int leader)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr;
	pid_t pid;
	int cpu, fd;

	perf_target(ctx, &pid, &cpu);
	perf_attr_of_pmc(&attr, set, n);
	attr.read_format = READ_FORMAT;
	attr.inherit = !!(ctx->flags & PFM_FL_INHERIT);
	attr.disabled = leader < 0;
	attr.enable_on_exec = leader < 0 && set == pc->exec_set &&
			      ctx->flags & PFM_FL_ON_EXEC;
	if (set_interrupts(set))
		perf_ring_clock(&attr);
	if (pmd_interrupts(set->pmds[n]))
		sampling_attr(ctx, set, n, &attr);
	if (!pc->single)
		attr.read_format |= PERF_FORMAT_GROUP;
	fd = perf_open(&attr, pid, cpu, leader);
	if (fd < 0 && errno == EINVAL && attr.inherit && !pc->single) {
		attr.read_format &= ~(uint64_t)PERF_FORMAT_GROUP;
		fd = perf_open(&attr, pid, cpu, leader);
		pc->single = fd >= 0;
	}
	dbg(PERF,
	    "fd %d set %u: pmd%u type %u config %#llx period %llu pid %d cpu "
	    "%d leader %d: %d",
	    ctx->fd, set->id, n, attr.type, (unsigned long long)attr.config,
	    (unsigned long long)attr.sample_period, pid, cpu, leader, fd);
	return fd >= 0 ? fd : refused(n, attr.type, cpu, leader);
}

/* Pages for rdpmc: only of hardware events of the caller itself. */
static void map_pages(const struct pfm_context *ctx, struct perf_set *ps,
		      struct group *g)
{
	if (g->type != PERF_TYPE_RAW || !ctx_is_self(ctx) ||
	    ctx->flags & PFM_FL_INHERIT || ps->slot[g->first].samples)
		return;
	g->rdpmc = true;
	for (unsigned i = g->first; i < g->first + g->n; i++) {
		void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
				  PROT_READ, MAP_SHARED, ps->slot[i].fd, 0);

		if (page == MAP_FAILED)
			g->rdpmc = false;
		else
			ps->slot[i].page = page;
	}
}

/*
 * The times are since load, in v2.8 since the set was made; a set opened again
 * goes on with them.
 */
static void slot_init(const struct pfm_context *ctx, struct slot *s,
		      struct pfm_set *set, unsigned n)
{
	struct pfm_pmd *reg = set->pmds[n];

	s->pmd = n;
	s->reg = reg;
	s->base = reg->value;
	s->samples = pmd_interrupts(reg);
	s->lasting = perf_pmc_lasting(set, n);
	s->period = s->next = pmd_period(reg->value);
	if (ctx->state == PFM_UNLOADED && ctx->gen == PFM_GEN_A)
		return;
	s->base_enabled = reg->enabled_ns;
	s->base_running = reg->running_ns;
}

static int add_slot(struct pfm_context *ctx, struct pfm_set *set, unsigned n,
		    int leader)
{
	struct perf_set *ps = set->be_priv;
	struct slot *s = &ps->slot[ps->nslots];
	int fd = open_slot(ctx, set, n, leader);

	if (fd < 0)
		return fd;
	*s = (struct slot){ .fd = fd };
	slot_init(ctx, s, set, n);
	ps->nslots++;
	return s->samples ? perf_ring_join(ctx, fd, &s->id) : 0;
}

/* One group, of what overflows or of the rest: all selected PMDs of the type. */
static int open_part(struct pfm_context *ctx, struct pfm_set *set,
		     unsigned type, bool samples, struct group **g)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct perf_set *ps = set->be_priv;
	unsigned n;
	int ret;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		if (!selected(set, n) || group_of(set, n) != type ||
		    pmd_interrupts(set->pmds[n]) != samples)
			continue;
		if (pc->apart)
			*g = NULL;
		ret = add_slot(ctx, set, n, *g ? ps->slot[(*g)->first].fd : -1);
		if (ret < 0)
			return ret;
		if (!*g) {
			*g = &ps->group[ps->ngroups++];
			**g = (struct group){ .first = ps->nslots - 1,
					      .type = type };
		}
		(*g)->n++;
	}
	return 0;
}

static int open_group(struct pfm_context *ctx, struct pfm_set *set,
		      unsigned type)
{
	struct group *g = NULL;
	int ret = open_part(ctx, set, type, true, &g);

	if (ret == 0)
		ret = open_part(ctx, set, type, false, &g);
	if (ret == 0 && g)
		map_pages(ctx, set->be_priv, g);
	return ret;
}

static void perf_set_free(struct perf_set *ps)
{
	if (!ps)
		return;
	/* Siblings first: a group that loses its leader is taken apart. */
	while (ps->nslots > 0) {
		struct slot *s = &ps->slot[--ps->nslots];

		if (s->page)
			munmap(s->page, (size_t)sysconf(_SC_PAGESIZE));
		close(s->fd);
	}
	free(ps->slot);
	free(ps->group);
	free(ps->buf);
	free(ps);
}

static struct perf_set *perf_set_new(unsigned n)
{
	struct perf_set *ps = calloc(1, sizeof(*ps));

	if (!ps)
		return NULL;
	ps->slot = calloc(n, sizeof(*ps->slot));
	ps->group = calloc(n, sizeof(*ps->group));
	ps->buf = calloc(n + 3, sizeof(*ps->buf));
	if (ps->slot && ps->group && ps->buf)
		return ps;
	perf_set_free(ps);
	return NULL;
}

static int check_sampling(const struct pfm_context *ctx)
{
	if (ctx->flags & PFM_FL_INHERIT)
		return fail(EINVAL, "PMDs of a context that counts descendants "
				    "cannot overflow: load one context for "
				    "each thread");
	return 0;
}

int perf_load_set(struct pfm_context *ctx, struct pfm_set *set)
{
	unsigned types[PFM_MAX_PMDS], ntypes, n, nslots = 0;
	int ret = 0;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		nslots += selected(set, n);
	if (nslots == 0)
		return 0;
	if (set_interrupts(set)) {
		ret = check_sampling(ctx);
		if (ret == 0)
			ret = perf_ring_open(ctx);
	}
	if (ret < 0)
		return ret;
	set->be_priv = perf_set_new(nslots);
	if (!set->be_priv)
		return fail(ENOMEM, "no memory for %u events", nslots);
	((struct perf_set *)set->be_priv)->lean = nslots == 1;
	ntypes = group_types(set, types);
	for (unsigned i = 0; i < ntypes && ret == 0; i++)
		ret = open_group(ctx, set, types[i]);
	if (ret < 0)
		perf_release_set(ctx, set);
	return ret;
}

void perf_release_set(struct pfm_context *ctx, struct pfm_set *set)
{
	(void)ctx;
	perf_set_free(set->be_priv);
	set->be_priv = NULL;
}
