/* SPDX-License-Identifier: MIT
 *
 * backend-perf.c - counting through the kernel's perf_event: groups of events
 * opened, started, stopped and read.  How a register becomes an event, and what
 * a refusal means, is in perf-open.c.
 *
 * A set is one group of events, or a few: the kernel does not mix PMUs in a
 * group, and inherited events of another thread stand alone.  Groups are opened
 * stopped; one ioctl starts or stops a group, one read(2) reads it.  Counts are
 * 64 bits wide and start at zero, so a PMD is its base plus the count.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf-open.h"
#include "priv.h"
#include "rdpmc.h"

#define READ_FORMAT \
	(PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING)

/* What read(2) of a group gives; of a single event: the same without nr. */
struct group_read {
	uint64_t nr, enabled, running;
	uint64_t value[];
};

struct slot {
	int fd;
	unsigned pmd;
	struct pfm_pmd *reg; /* borrowed from the set */
	uint64_t base, base_enabled, base_running;
	struct perf_event_mmap_page *page; /* for rdpmc, or NULL; owned */
};

struct group {
	unsigned first, n; /* its slots */
	unsigned type;     /* PMU type that decides who may join */
	bool rdpmc;        /* every slot has its page */
};

struct perf_set {
	unsigned nslots, ngroups;
	struct slot *slot;   /* owned */
	struct group *group; /* owned */
	uint64_t *buf;       /* room for the largest group; owned */
};

struct perf_ctx {
	int exit_fd;     /* dummy event of another thread, or -1 */
	void *exit_page; /* its page: without one, poll(2) knows no HUP */
	bool armed;      /* PFM_FL_ON_EXEC: the first start is the exec's */
	bool single;     /* each event is read by itself */
	bool apart;      /* each event is a group of its own */
};

/* Does PMD n of the set have anything to count? */
static bool selected(const struct pfm_set *set, unsigned n)
{
	return bv_test(set->used_pmcs, n) && perf_pmc_enabled(set, n);
}

/* The distinct group types of the set, in the order of its PMDs. */
static unsigned group_types(const struct pfm_set *set, unsigned *types)
{
	unsigned ntypes = 0, n, i;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		unsigned type = perf_group_of_pmc(set, n);

		if (!selected(set, n))
			continue;
		for (i = 0; i < ntypes && types[i] != type; i++)
			;
		if (i == ntypes)
			types[ntypes++] = type;
	}
	return ntypes;
}

static void target_of(const struct pfm_context *ctx, pid_t *pid, int *cpu)
{
	bool sys = ctx->flags & PFM_FL_SYSTEM_WIDE;

	*pid = sys ? -1 : ctx_is_self(ctx) ? 0 : ctx->target;
	*cpu = sys ? ctx->target : -1;
}

static int open_slot(struct pfm_context *ctx, struct pfm_set *set, unsigned n,
		     int leader)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr;
	char what[16];
	pid_t pid;
	int cpu, fd;

	target_of(ctx, &pid, &cpu);
	perf_attr_of_pmc(&attr, set, n);
	attr.read_format = READ_FORMAT;
	attr.inherit = !!(ctx->flags & PFM_FL_INHERIT);
	attr.disabled = leader < 0;
	attr.enable_on_exec = leader < 0 && ctx->flags & PFM_FL_ON_EXEC;
	if (!pc->single)
		attr.read_format |= PERF_FORMAT_GROUP;
	fd = perf_open(&attr, pid, cpu, leader);
	if (fd < 0 && errno == EINVAL && attr.inherit && !pc->single) {
		attr.read_format &= ~(uint64_t)PERF_FORMAT_GROUP;
		fd = perf_open(&attr, pid, cpu, leader);
		pc->single = fd >= 0;
	}
	dbg(PERF,
	    "fd %d set %u: pmd%u type %u config %#llx pid %d cpu %d leader "
	    "%d: %d",
	    ctx->fd, set->id, n, attr.type, (unsigned long long)attr.config,
	    pid, cpu, leader, fd);
	if (fd >= 0)
		return fd;
	snprintf(what, sizeof(what), "pmc%u", n);
	if (errno == EINVAL && leader >= 0)
		return fail(EINVAL,
			    "%s: the kernel cannot count it together with the "
			    "events before it: the PMU has too few counters, "
			    "or not the one it needs",
			    what);
	return perf_refused(errno, what, attr.type, cpu);
}

/* Pages for rdpmc: only of hardware events of the caller itself. */
static void map_pages(const struct pfm_context *ctx, struct perf_set *ps,
		      struct group *g)
{
	if (g->type != PERF_TYPE_RAW || !ctx_is_self(ctx) ||
	    ctx->flags & PFM_FL_INHERIT)
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

/* The times are since load; a set opened again goes on with them. */
static void slot_init(const struct pfm_context *ctx, struct slot *s, int fd)
{
	s->fd = fd;
	s->base = s->reg->value;
	if (ctx->state == PFM_UNLOADED)
		return;
	s->base_enabled = s->reg->enabled_ns;
	s->base_running = s->reg->running_ns;
}

/* One group: every selected PMD of the type, the first of them its leader. */
static int open_group(struct pfm_context *ctx, struct pfm_set *set,
		      unsigned type)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct perf_set *ps = set->be_priv;
	struct group *g = NULL;
	unsigned n;
	int fd;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV) {
		if (!selected(set, n) || perf_group_of_pmc(set, n) != type)
			continue;
		if (pc->apart)
			g = NULL;
		fd = open_slot(ctx, set, n, g ? ps->slot[g->first].fd : -1);
		if (fd < 0)
			return fd;
		if (!g) {
			g = &ps->group[ps->ngroups++];
			*g = (struct group){ .first = ps->nslots,
					     .type = type };
		}
		ps->slot[ps->nslots].pmd = n;
		ps->slot[ps->nslots].reg = set->pmds[n];
		slot_init(ctx, &ps->slot[ps->nslots++], fd);
		g->n++;
	}
	if (g)
		map_pages(ctx, ps, g);
	return 0;
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

static int perf_load_set(struct pfm_context *ctx, struct pfm_set *set)
{
	unsigned types[PFM_MAX_PMDS], ntypes, n, nslots = 0;
	int ret = 0;

	BV_FOREACH(n, set->used_pmds, PFM_PMD_BV)
		nslots += selected(set, n);
	if (nslots == 0)
		return 0;
	set->be_priv = perf_set_new(nslots);
	if (!set->be_priv)
		return fail(ENOMEM, "no memory for %u events", nslots);
	ntypes = group_types(set, types);
	for (unsigned i = 0; i < ntypes && ret == 0; i++)
		ret = open_group(ctx, set, types[i]);
	if (ret < 0) {
		perf_set_free(set->be_priv);
		set->be_priv = NULL;
	}
	return ret;
}

static void slot_store(const struct slot *s, const uint64_t v[3])
{
	s->reg->value = s->base + v[0];
	s->reg->enabled_ns = s->base_enabled + v[1];
	s->reg->running_ns = s->base_running + v[2];
}

static int read_failed(const struct slot *s, ssize_t n)
{
	if (n < 0)
		return fail(errno, "pmd%u: reading the counter: %m", s->pmd);
	return fail(EIO, "pmd%u: the kernel dropped the event", s->pmd);
}

static int read_singly(struct perf_set *ps, const struct group *g)
{
	for (unsigned i = g->first; i < g->first + g->n; i++) {
		uint64_t v[3];
		ssize_t n = read(ps->slot[i].fd, v, sizeof(v));

		if (n != sizeof(v))
			return read_failed(&ps->slot[i], n);
		slot_store(&ps->slot[i], v);
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

static int read_group(struct pfm_context *ctx, struct perf_set *ps,
		      const struct group *g)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct group_read *r = (void *)ps->buf;
	size_t want = sizeof(*r) + g->n * sizeof(r->value[0]);
	ssize_t n;

	if (g->rdpmc && ctx_is_self(ctx) && read_rdpmc(ps, g))
		return 0;
	if (pc->single)
		return read_singly(ps, g);
	n = read(ps->slot[g->first].fd, r, want);
	if (n != (ssize_t)want)
		return read_failed(&ps->slot[g->first], n);
	for (unsigned i = 0; i < g->n; i++)
		slot_store(&ps->slot[g->first + i],
			   (uint64_t[]){ r->value[i], r->enabled, r->running });
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

PFM_HOT static int perf_read(struct pfm_context *ctx, struct pfm_set *set,
			     const uint64_t *bv)
{
	struct perf_set *ps = set->be_priv;
	int ret = 0;

	for (unsigned i = 0; i < ps->ngroups && ret == 0; i++)
		if (ps->ngroups == 1 || group_wanted(ps, &ps->group[i], bv))
			ret = read_group(ctx, ps, &ps->group[i]);
	return ret;
}

static void perf_release_set(struct pfm_context *ctx, struct pfm_set *set)
{
	/* Fails only for an event the kernel gave up: its last value stays. */
	perf_read(ctx, set, set->used_pmds);
	perf_set_free(set->be_priv);
	set->be_priv = NULL;
}

static struct slot *find_slot(const struct perf_set *ps, unsigned n)
{
	for (unsigned i = 0; i < ps->nslots; i++)
		if (ps->slot[i].pmd == n)
			return &ps->slot[i];
	return NULL;
}

/* The new value was stored; the count so far is what it must not include. */
static int perf_write(struct pfm_context *ctx, struct pfm_set *set, unsigned n)
{
	struct slot *s = find_slot(set->be_priv, n);
	uint64_t bv[PFM_PMD_BV] = { 0 };
	uint64_t value;
	int ret;

	if (!s)
		return 0;
	value = s->reg->value;
	bv_set(bv, n);
	ret = perf_read(ctx, set, bv);
	if (ret < 0)
		return ret;
	s->base = value - (s->reg->value - s->base);
	s->reg->value = value;
	return 0;
}

static int ioctl_groups(const struct perf_set *ps, unsigned long request,
			const char *verb)
{
	for (unsigned i = 0; ps && i < ps->ngroups; i++) {
		const struct slot *s = &ps->slot[ps->group[i].first];

		if (ioctl(s->fd, request, 0) < 0)
			return fail(errno, "pmd%u: cannot %s: %m", s->pmd,
				    verb);
	}
	return 0;
}

static int perf_start(struct pfm_context *ctx, struct pfm_set *set)
{
	struct perf_ctx *pc = ctx->be_priv;

	if (ctx->flags & PFM_FL_ON_EXEC && !pc->armed) {
		pc->armed = true;
		return 0;
	}
	return ioctl_groups(set->be_priv, PERF_EVENT_IOC_ENABLE, "start");
}

static int perf_stop(struct pfm_context *ctx, struct pfm_set *set)
{
	(void)ctx;
	return ioctl_groups(set->be_priv, PERF_EVENT_IOC_DISABLE, "stop");
}

/*
 * A group grows event by event.  A thread that the target creates meanwhile
 * inherits the part that is there, and from then on the kernel refuses to add
 * to the group (EINVAL) or to read it (ECHILD, Linux kernel/events/core.c,
 * __perf_read_group_add).  So what is inherited from a thread that may run is
 * not grouped.
 */
static bool may_grow_apart(const struct pfm_context *ctx)
{
	return ctx->flags & PFM_FL_INHERIT && !ctx_is_self(ctx) &&
	       !(ctx->flags & PFM_FL_SYSTEM_WIDE);
}

/*
 * A dummy event of the target tells of its exit: with a page mapped, poll(2)
 * says POLLHUP once the thread's events have their final values.
 */
static int perf_attach(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};

	pc->exit_fd = -1;
	pc->apart = pc->single = may_grow_apart(ctx);
	if (ctx->flags & (PFM_FL_SYSTEM_WIDE | PFM_FL_INHERIT) ||
	    ctx_is_self(ctx))
		return 0;
	pc->exit_fd = perf_open(&attr, ctx->target, -1, -1);
	if (pc->exit_fd < 0)
		return perf_refused(errno, "the target's exit", attr.type, -1);
	pc->exit_page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ,
			     MAP_SHARED, pc->exit_fd, 0);
	if (pc->exit_page != MAP_FAILED)
		return 0;
	close(pc->exit_fd);
	return fail(errno, "the target's exit: no page for an event (%m); "
			   "raise ulimit -l or kernel.perf_event_mlock_kb");
}

static int perf_detach(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;

	if (pc->exit_fd < 0)
		return 0;
	munmap(pc->exit_page, (size_t)sysconf(_SC_PAGESIZE));
	close(pc->exit_fd);
	return 0;
}

static void perf_after_fork(struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;

	for (const struct pfm_set *set = ctx->sets; set; set = set->next) {
		const struct perf_set *ps = set->be_priv;

		for (unsigned i = 0; ps && i < ps->nslots; i++)
			close(ps->slot[i].fd);
	}
	if (pc->exit_fd >= 0)
		close(pc->exit_fd);
}

static int perf_exit_fd(const struct pfm_context *ctx)
{
	const struct perf_ctx *pc = ctx->be_priv;

	return pc->exit_fd;
}

static int perf_probe(int cpu)
{
	(void)cpu;
	if (access("/proc/sys/kernel/perf_event_paranoid", F_OK) == 0)
		return 0;
	return fail(ENODEV, "this kernel has no perf_event");
}

const struct pfm_backend pfm_backend_perf = {
	.name = "perf",
	.desc = "Linux perf_event_open",
	.pmu = &pfm_pmu_perf,
	.priv_size = sizeof(struct perf_ctx),
	.probe = perf_probe,
	.attach = perf_attach,
	.detach = perf_detach,
	.after_fork = perf_after_fork,
	.load_set = perf_load_set,
	.release_set = perf_release_set,
	.start = perf_start,
	.stop = perf_stop,
	.read = perf_read,
	.write = perf_write,
	.exit_fd = perf_exit_fd,
};
