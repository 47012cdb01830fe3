/* SPDX-License-Identifier: MIT
 *
 * perf-ring.c - what the kernel tells of overflows: one ring for all events of a
 * context, owned by an event that counts nothing.
 *
 * A record carries the counts of the whole group at the overflow, so that the
 * PMDs are known as of then, however late it is read.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "perf-backend.h"

#define SAMPLE_TYPE                                                  \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | \
	 PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU)

/* Bytes of a record with neither a stack nor counts. */
#define RECORD_PLAIN (sizeof(struct perf_event_header) + 6 * sizeof(uint64_t))

/* PERF_RECORD_SAMPLE of the switch timer: what it counts is its nanoseconds. */
struct tick {
	struct perf_event_header head;
	uint64_t id, ns;
};

struct lost {
	struct perf_event_header head;
	uint64_t id, lost;
};

/* Pages of data: of a context with a format, and without one. */
#define PAGES_BUFFERED 64
#define PAGES_PLAIN 2

/* All events of a group, and of a ring, must have the same. */
void perf_ring_clock(struct perf_event_attr *attr)
{
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
}

/* With a stack of the user's, for its unwinder. */
static void stack_attr(const struct pfm_sampling *want,
		       struct perf_event_attr *attr)
{
	if (want->regs) {
		attr->sample_type |= PERF_SAMPLE_REGS_USER;
		attr->sample_regs_user = want->regs;
	}
	if (want->stack_size) {
		attr->sample_type |= PERF_SAMPLE_STACK_USER;
		attr->sample_stack_user = want->stack_size;
	}
	if (!(want->flags & (PFM_SMPL_UCHAIN | PFM_SMPL_KCHAIN)))
		return;
	attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
	attr->exclude_callchain_user = !(want->flags & PFM_SMPL_UCHAIN);
	attr->exclude_callchain_kernel = !(want->flags & PFM_SMPL_KCHAIN);
	attr->sample_max_stack = (uint16_t)want->max_stack;
}

/*
 * Counts make the kernel a tenth slower.  A single event does without: at its
 * overflow it is where it was to overflow.
 */
void perf_ring_attr(const struct pfm_context *ctx, struct perf_event_attr *attr,
		    bool lean)
{
	attr->sample_type = SAMPLE_TYPE;
	if (!lean)
		attr->sample_type |= PERF_SAMPLE_READ;
	/*
	 * Of a fixed period a software event would then sample every event:
	 * Linux kernel/events/core.c, perf_swevent_event().
	 */
	if (attr->freq)
		attr->sample_type |= PERF_SAMPLE_PERIOD;
	stack_attr(&ctx->sampling, attr);
}

uint64_t perf_ring_head(const struct perf_ctx *pc)
{
	return __atomic_load_n(&pc->ring->data_head, __ATOMIC_ACQUIRE);
}

unsigned perf_ring_records(const struct perf_ctx *pc, unsigned nslots)
{
	return (unsigned)(pc->ring_size /
			  (RECORD_PLAIN + (4 + nslots) * sizeof(uint64_t)));
}

/* Unprivileged users have kernel.perf_event_mlock_kb for all their rings. */
static int map_ring(struct perf_ctx *pc, size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (; pages > 0; pages /= 2) {
		void *p = mmap(NULL, (1 + pages) * page, PROT_READ | PROT_WRITE,
			       MAP_SHARED, pc->ring_fd, 0);

		if (p != MAP_FAILED) {
			pc->ring = p;
			pc->ring_size = pages * page;
			return 0;
		}
		if (errno != EPERM)
			break;
	}
	return fail(errno, "no ring for the kernel's samples (%m); raise "
			   "ulimit -l or kernel.perf_event_mlock_kb");
}

/* A power of two, as the kernel wants it. */
static size_t ring_pages(const struct pfm_context *ctx)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 1;

	if (!ctx->sampling.ring_size)
		return ctx->fmt ? PAGES_BUFFERED : PAGES_PLAIN;
	while (pages * page < ctx->sampling.ring_size)
		pages *= 2;
	return pages;
}

/* The event that has the ring also tells of tasks. */
static void task_attr(const struct pfm_context *ctx,
		      struct perf_event_attr *attr)
{
	attr->inherit = !!(ctx->flags & PFM_FL_INHERIT);
	attr->inherit_thread = perf_threads_only(ctx);
	if (!(ctx->sampling.flags & PFM_SMPL_TASKS))
		return;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = 1;
	attr->task = attr->sample_id_all = 1;
	attr->sample_type = PERF_TASK_TYPE;
}

int perf_ring_open(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};
	pid_t pid;
	int cpu, ret;

	if (pc->ring)
		return 0;
	pc->record = malloc(RECORD_MAX);
	if (!pc->record)
		return fail(ENOMEM, "no memory for the ring of samples");
	perf_ring_clock(&attr);
	task_attr(ctx, &attr);
	perf_target(ctx, &pid, &cpu);
	pc->ring_fd = perf_open(&attr, pid, cpu, -1);
	if (pc->ring_fd < 0)
		return perf_refused(errno, "the ring of samples", attr.type,
				    pid > 0 ? -1 : cpu);
	ret = map_ring(pc, ring_pages(ctx));
	if (ret < 0)
		perf_ring_close(pc);
	return ret;
}

void perf_ring_close(struct perf_ctx *pc)
{
	if (pc->timer_fd >= 0)
		close(pc->timer_fd);
	if (pc->ring)
		munmap(pc->ring, pc->ring_size + (size_t)sysconf(_SC_PAGESIZE));
	if (pc->ring_fd >= 0)
		close(pc->ring_fd);
	pc->timer_fd = pc->ring_fd = -1;
	pc->ring = NULL;
	free(pc->record);
	pc->record = NULL;
}

int perf_ring_join(struct pfm_context *ctx, int fd, uint64_t *id)
{
	const struct perf_ctx *pc = ctx->be_priv;

	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, pc->ring_fd) < 0)
		return fail(errno, "the ring of samples: %m");
	if (ioctl(fd, PERF_EVENT_IOC_ID, id) < 0)
		return fail(errno, "the event's number: %m");
	return 0;
}

static struct slot *find_slot(struct pfm_set *set, uint64_t id,
			      const struct group **g)
{
	struct perf_set *ps = set->be_priv;

	for (unsigned i = 0; ps && i < ps->ngroups; i++) {
		*g = &ps->group[i];
		for (unsigned j = (*g)->first; j < (*g)->first + (*g)->n; j++)
			if (ps->slot[j].id == id && ps->slot[j].samples)
				return &ps->slot[j];
	}
	return NULL;
}

/* All PMDs of the group as of the record. */
static void store_counts(const struct perf_ctx *pc, struct perf_set *ps,
			 const struct group *g, const struct group_read *r)
{
	for (unsigned i = 0; i < g->n && i < r->nr; i++) {
		struct slot *s = &ps->slot[g->first + i];

		s->count = r->value[i * (pc->tells_lost ? 2 : 1)];
		s->reg->value = s->base + s->count;
		s->reg->enabled_ns = s->base_enabled + r->enabled;
		s->reg->running_ns = s->base_running + r->running;
	}
}

static void store_count(struct slot *s)
{
	s->count = s->next;
	s->reg->value = s->base + s->count;
}

/*
 * Where the kernel is now with this event.  Overflows that found no room in the
 * ring have moved it, too; they are counted by PERF_RECORD_LOST.
 */
static void follow(struct slot *s)
{
	s->ovfl = s->next;
	s->next += s->period;
	if (s->count > s->next) {
		uint64_t missed = (s->count - s->next) / s->period;

		s->ovfl += missed * s->period;
		s->next += missed * s->period;
	}
	s->off = s->limited;
	s->limited = false;
	s->wrapped = true;
}

/*
 * What else had wrapped by then is of the same interrupt.  The record that tells
 * of it comes later, far before its next overflow.
 */
static void follow_others(struct perf_set *ps, const struct group *g,
			  const struct slot *s, uint64_t *pmds)
{
	for (unsigned i = g->first; i < g->first + g->n; i++) {
		struct slot *other = &ps->slot[i];

		if (other == s || !other->samples || other->count < other->next)
			continue;
		follow(other);
		other->early = true;
		bv_set(pmds, other->pmd);
	}
}

static bool told_before(struct slot *s, uint64_t count)
{
	bool before = s->early && count + s->period / 2 < s->next;

	s->early = false;
	return before;
}

/* The PMDs outside the group are as of now. */
static void read_others(struct pfm_context *ctx, struct perf_set *ps,
			const struct group *g)
{
	for (unsigned i = 0; i < ps->ngroups; i++)
		if (&ps->group[i] != g)
			perf_read_group(ctx, ps, &ps->group[i]);
}

static void handle_sample(struct pfm_context *ctx, struct pfm_set *set,
			  struct slot *s, const struct group *g,
			  struct perf_sample *r)
{
	const struct perf_ctx *pc = ctx->be_priv;
	struct perf_set *ps = set->be_priv;
	struct ovfl o = {
		.ip = r->more.ip,
		.addr = r->more.addr,
		.tstamp = r->more.tstamp,
		.tid = r->more.tid,
		.tgid = r->more.tgid,
		.cpu = r->more.cpu,
		.more = &r->more,
	};
	unsigned place = (unsigned)(s - &ps->slot[g->first]);
	uint64_t count = s->next;

	if (s->stream) {
		bv_set(o.pmds, s->pmd);
		if (r->counts)
			store_counts(pc, ps, g, r->counts);
		ovfl_stream(ctx, set, &o);
		return;
	}
	r->more.weight = 0;
	if (!ps->lean && (!r->counts || place >= r->counts->nr))
		return;
	if (!ps->lean)
		count = r->counts->value[place];
	if (told_before(s, count))
		return;
	if (ps->lean)
		store_count(s);
	else
		store_counts(pc, ps, g, r->counts);
	follow(s);
	bv_set(o.pmds, s->pmd);
	follow_others(ps, g, s, o.pmds);
	if (set != ctx->active) {
		ovfl_late(ctx, set, &o);
		return;
	}
	if (ps->ngroups > 1)
		read_others(ctx, ps, g);
	ovfl_handle(ctx, &o);
}

/* What overflowed before it was masked or written is of the past. */
static void take_sample(struct pfm_context *ctx,
			const struct perf_event_header *h, uint64_t at)
{
	const struct perf_ctx *pc = ctx->be_priv;
	const struct group *g = NULL;
	struct pfm_set *set = ctx->active;
	uint64_t id = *(const uint64_t *)(h + 1);
	struct perf_layout layout;
	struct perf_sample r;
	struct slot *s = find_slot(set, id, &g);

	/* Mostly it is of the active set. */
	for (struct pfm_set *other = ctx->sets; !s && other;
	     other = other->next)
		s = find_slot(set = other, id, &g);
	if (!s || ctx->state != PFM_LOADED || at < s->after)
		return;
	layout = (struct perf_layout){
		.type = s->sample_type,
		.words = pc->tells_lost ? 2 : 1,
		.nregs = (unsigned)__builtin_popcountll(ctx->sampling.regs),
	};
	if (perf_sample_parse(h, &layout, &r)) {
		handle_sample(ctx, set, s, g, &r);
		return;
	}
	ctx->stats.lost++;
	dbg(PERF, "fd %d: a sample of %u bytes", ctx->fd, h->size);
}

static void take_task(struct pfm_context *ctx,
		      const struct perf_event_header *h)
{
	struct pfm_task task;

	if (perf_task_parse(h, &task))
		ovfl_task(ctx, &task);
	else
		dbg(PERF, "fd %d: record %u of %u bytes", ctx->fd, h->type,
		    h->size);
}

/* Without counts, what was lost is what the kernel has gone on by. */
static void take_lost(struct pfm_context *ctx, uint64_t lost)
{
	const struct perf_set *ps = ctx->active->be_priv;
	const struct perf_ctx *pc = ctx->be_priv;

	if (pc->tells_lost)
		return;
	ctx->stats.lost += lost;
	if (ps && ps->lean && ps->slot->samples)
		ps->slot->next += lost * ps->slot->period;
}

/* Several in one look are one switch: the time of the others is over. */
static bool take_tick(struct perf_ctx *pc, const struct tick *t)
{
	if (t->ns <= pc->timer_since)
		return false;
	pc->timer_next += pc->timer_period;
	return true;
}

static void take(struct pfm_context *ctx, const struct perf_event_header *h,
		 uint64_t at, bool *expired)
{
	struct perf_ctx *pc = ctx->be_priv;
	const struct tick *t = (const void *)h;

	switch (h->type) {
	case PERF_RECORD_SAMPLE:
		if (pc->timer_fd >= 0 && t->id == pc->timer_id)
			*expired |= take_tick(pc, t);
		else
			take_sample(ctx, h, at);
		break;
	case PERF_RECORD_LOST:
		take_lost(ctx, ((const struct lost *)h)->lost);
		break;
	case PERF_RECORD_THROTTLE:
		ctx->stats.throttled++;
		break;
	case PERF_RECORD_MMAP2:
	case PERF_RECORD_COMM:
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		take_task(ctx, h);
		break;
	}
}

/* A record that goes over the end of the ring is put together. */
static const void *record_at(const struct perf_ctx *pc, uint64_t at)
{
	const char *data = (const char *)pc->ring + pc->ring->data_offset;
	size_t from = at & (pc->ring_size - 1);
	const struct perf_event_header *h = (const void *)(data + from);
	size_t first = pc->ring_size - from;

	/* Records are a multiple of eight: the header is whole. */
	if (h->size <= first)
		return h;
	memcpy(pc->record, h, first);
	memcpy((char *)pc->record + first, data, h->size - first);
	return pc->record;
}

int perf_look(struct pfm_context *ctx)
{
	struct perf_ctx *pc = ctx->be_priv;
	bool expired = false, rushed = false;
	uint64_t head, tail;

	if (!pc->ring || ctx->waits)
		return 0;
	head = perf_ring_head(pc);
	tail = pc->ring->data_tail;
	if (head == tail)
		return 0;
	/* Who may be held does not fill the ring while it is emptied. */
	if (ctx->fmt && !ctx->held && head - tail > pc->ring_size / 4) {
		rushed = ovfl_hold(ctx);
		head = perf_ring_head(pc);
	}
	while (tail < head && !ctx->waits) {
		const struct perf_event_header *h = record_at(pc, tail);

		take(ctx, h, tail, &expired);
		tail += h->size;
		__atomic_store_n(&pc->ring->data_tail, tail, __ATOMIC_RELEASE);
	}
	if (rushed && !ctx->waits && ctx->state == PFM_LOADED)
		ovfl_release(ctx);
	if (expired)
		switch_expired(ctx);
	return 0;
}
