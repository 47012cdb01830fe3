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

/* Of a group that a target's new thread kept from growing. */
#define GROUP_TRIES 16

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

bool perf_streams(const struct pfm_context *ctx, const struct pfm_pmd *pmd)
{
	return ctx->flags & PFM_FL_INHERIT || pmd->flags & PFM_REGFL_FREQ;
}

/* What goes on by itself tells at the end what it lost, in no record. */
static bool set_streams(const struct pfm_context *ctx,
			const struct pfm_set *set)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		if (selected(set, n) && pmd_interrupts(set->pmds[n]) &&
		    !perf_streams(ctx, set->pmds[n]))
			return false;
	return true;
}

static bool gives_others(const struct pfm_pmd *pmd)
{
	for (unsigned i = 0; i < PFM_PMD_BV; i++)
		if (pmd->smpl_pmds[i])
			return true;
	return false;
}

bool perf_gives_others(const struct pfm_context *ctx)
{
	unsigned n;

	for (const struct pfm_set *set = ctx->sets; set; set = set->next)
		BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
			if (selected(set, n) && pmd_interrupts(set->pmds[n]) &&
			    gives_others(set->pmds[n]))
				return true;
	return false;
}

/* Counts in the records: for what is given with them, or for a PMD's own. */
static bool is_lean(const struct pfm_context *ctx, const struct pfm_set *set,
		    unsigned nslots)
{
	unsigned n;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		const struct pfm_pmd *pmd = set->pmds[n];

		if (!selected(set, n) || !pmd_interrupts(pmd))
			continue;
		if (gives_others(pmd) || !perf_streams(ctx, pmd))
			return nslots == 1;
	}
	return true;
}

static void sampling_attr(const struct pfm_context *ctx,
			  const struct pfm_set *set, unsigned n,
			  struct perf_event_attr *attr)
{
	const struct pfm_pmd *pmd = set->pmds[n];

	if (pmd->flags & PFM_REGFL_FREQ) {
		attr->freq = 1;
		attr->sample_freq = 0 - pmd->value;
	} else {
		attr->sample_period = pmd_period(pmd->value);
	}
	perf_ring_attr(ctx, attr, ((struct perf_set *)set->be_priv)->lean);
	/* A stream wakes up when the ring is half full, or who wants to looks. */
	if (!perf_streams(ctx, pmd))
		attr->wakeup_events = wakeup_after(ctx, set, pmd);
}

static int refused(unsigned n, const struct perf_event_attr *attr, int cpu,
		   int leader)
{
	char what[16];

	snprintf(what, sizeof(what), "pmc%u", n);
	/* Linux kernel/events/core.c, has_inherit_and_sample_read(). */
	if (errno == EINVAL && attr->inherit &&
	    attr->sample_type & PERF_SAMPLE_READ)
		return fail(EINVAL,
			    "%s: Linux before 6.12 gives no other counts with "
			    "the samples of descendants; leave these out",
			    what);
	if (errno == EINVAL && leader >= 0)
		return fail(EINVAL,
			    "%s: the kernel cannot count it together with the "
			    "events before it: the PMU has too few counters, "
			    "or not the one it needs",
			    what);
	return perf_refused(errno, what, attr->type, cpu);
}

static int open_slot(struct pfm_context *ctx, struct pfm_set *set, unsigned n,
		     int leader)
{
	struct perf_set *ps = set->be_priv;
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr;
	pid_t pid;
	int cpu, fd;

	perf_target(ctx, &pid, &cpu);
	perf_attr_of_pmc(&attr, set, n);
	attr.read_format = READ_FORMAT;
	attr.inherit = !!(ctx->flags & PFM_FL_INHERIT);
	attr.inherit_thread = perf_threads_only(ctx);
	attr.disabled = leader < 0;
	attr.enable_on_exec = leader < 0 && set == pc->exec_set &&
			      ctx->flags & PFM_FL_ON_EXEC;
	if (set_interrupts(set))
		perf_ring_clock(&attr);
	if (pmd_interrupts(set->pmds[n]))
		sampling_attr(ctx, set, n, &attr);
	if (!pc->single)
		attr.read_format |= PERF_FORMAT_GROUP;
	if (pc->tells_lost)
		attr.read_format |= PERF_FORMAT_LOST;
	fd = perf_open(&attr, pid, cpu, leader);
	if (fd < 0 && errno == EINVAL && pc->tells_lost && leader < 0) {
		attr.read_format &= ~(uint64_t)PERF_FORMAT_LOST;
		fd = perf_open(&attr, pid, cpu, leader);
		pc->tells_lost = fd < 0;
	}
	if (fd < 0 && errno == EINVAL && attr.inherit && !pc->single &&
	    !(attr.sample_type & PERF_SAMPLE_READ)) {
		attr.read_format &= ~(uint64_t)PERF_FORMAT_GROUP;
		fd = perf_open(&attr, pid, cpu, leader);
		pc->single = fd >= 0;
	}
	dbg(PERF,
	    "fd %d set %u: pmd%u type %u config %#llx period %llu pid %d cpu "
	    "%d leader %d: %d",
	    ctx->fd, set->id, n, attr.type, (unsigned long long)attr.config,
	    (unsigned long long)attr.sample_period, pid, cpu, leader, fd);
	if (fd < 0)
		return refused(n, &attr, pid > 0 ? -1 : cpu, leader);
	ps->slot[ps->nslots] =
		(struct slot){ .fd = fd, .sample_type = attr.sample_type };
	return 0;
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
	s->stream = s->samples && perf_streams(ctx, reg);
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
	int ret = open_slot(ctx, set, n, leader);

	if (ret < 0)
		return ret;
	slot_init(ctx, s, set, n);
	ps->nslots++;
	return s->samples ? perf_ring_join(ctx, s->fd, &s->id) : 0;
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
	ps->buf = calloc(2 * n + 3, sizeof(*ps->buf));
	if (ps->slot && ps->group && ps->buf)
		return ps;
	perf_set_free(ps);
	return NULL;
}

static int check_sampling(const struct pfm_context *ctx)
{
	if (ctx->flags & PFM_FL_INHERIT && ctx->sampling.cpu < 0)
		return fail(EINVAL, "PMDs of a context that counts descendants "
				    "cannot overflow, but on one CPU: see "
				    "pfm_set_sampling(3)");
	return 0;
}

static int load_set(struct pfm_context *ctx, struct pfm_set *set)
{
	unsigned types[PFM_MAX_PMDS], ntypes, n, nslots = 0;
	struct perf_ctx *pc = ctx->be_priv;
	int ret = 0;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		nslots += selected(set, n);
	if (nslots == 0)
		return 0;
	if (set_interrupts(set)) {
		if (!pc->ring)
			pc->tells_lost = set_streams(ctx, set);
		ret = check_sampling(ctx);
		if (ret == 0)
			ret = perf_ring_open(ctx);
	}
	if (ret < 0)
		return ret;
	set->be_priv = perf_set_new(nslots);
	if (!set->be_priv)
		return fail(ENOMEM, "no memory for %u events", nslots);
	((struct perf_set *)set->be_priv)->lean = is_lean(ctx, set, nslots);
	ntypes = group_types(set, types);
	for (unsigned i = 0; i < ntypes && ret == 0; i++)
		ret = open_group(ctx, set, types[i]);
	if (ret < 0)
		perf_release_set(ctx, set);
	return ret;
}

int perf_load_set(struct pfm_context *ctx, struct pfm_set *set)
{
	const struct perf_ctx *pc = ctx->be_priv;
	int ret = load_set(ctx, set), tries = 1;

	/* Has the target created a thread while its group grew? */
	while (ret == -EINVAL && ctx->flags & PFM_FL_INHERIT && !pc->single &&
	       tries++ < GROUP_TRIES)
		ret = load_set(ctx, set);
	return ret;
}

void perf_release_set(struct pfm_context *ctx, struct pfm_set *set)
{
	(void)ctx;
	perf_set_free(set->be_priv);
	set->be_priv = NULL;
}
