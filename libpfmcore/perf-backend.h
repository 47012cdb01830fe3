/* SPDX-License-Identifier: MIT
 *
 * perf-backend.h - what the files of the perf backend share: backend-perf.c has
 * the hooks, perf-group.c opens and closes the events of a set, perf-read.c
 * reads them, perf-ring.c what the kernel tells of overflows.
 */
#ifndef PFM_PERF_BACKEND_H
#define PFM_PERF_BACKEND_H

#include "perf-open.h"
#include "perf-record.h"
#include "priv.h"

/*
 * One event.  A PMD is base plus the event's count.  Of an event that overflows
 * the kernel keeps the count at which it does next; the PMD wraps at -base.
 * When the two are equal it is in step.
 */
struct slot {
	int fd;
	unsigned pmd;
	struct pfm_pmd *reg; /* borrowed from the set */
	uint64_t base, base_enabled, base_running;
	struct perf_event_mmap_page *page; /* for rdpmc, or NULL; owned */
	uint64_t count;                    /* as last seen */

	bool samples; /* it overflows: what follows is in use */
	bool stream;  /* and goes on by itself, whatever its count is: each
			  * record bears its own period */
	bool lasting; /* once the kernel stops it, nothing starts it */
	bool limited; /* the kernel stops it at its next overflow */
	bool off;     /* the kernel has stopped it */
	bool wrapped; /* and the reset is still to come */
	bool early;   /* handled with another's record: its own is to come */
	uint64_t id;  /* in the records */
	uint64_t sample_type; /* PERF_SAMPLE_*: what they hold */
	uint64_t period;      /* sample_period */
	uint64_t next;        /* count at the next overflow */
	uint64_t ovfl;        /* count at the last one */
	uint64_t after;       /* records before this place are of the past */
	uint64_t lost;        /* as last seen: samples that found no room */
};

struct group {
	unsigned first, n; /* its slots */
	unsigned type;     /* PMU type that decides who may join */
	bool rdpmc;        /* every slot has its page */
};

struct perf_set {
	unsigned nslots, ngroups;
	bool running;
	bool lean;           /* its records bear no counts: one event, or a
			      * stream without values */
	bool still;          /* stopped, and every slot's count is known */
	struct slot *slot;   /* owned */
	struct group *group; /* owned */
	uint64_t *buf;       /* room for the largest group; owned */
};

/*
 * What read(2) of a group gives: of each event its count, and with
 * PERF_FORMAT_LOST what it lost; of a single event: the count, the times, the
 * loss.
 */
struct group_read {
	uint64_t nr, enabled, running;
	uint64_t value[];
};

struct perf_ctx {
	int exit_fd;     /* dummy event of another thread, or -1 */
	void *exit_page; /* its page: without one, poll(2) knows no HUP */
	bool armed;      /* PFM_FL_ON_EXEC: the first start is the exec's */
	const struct pfm_set *exec_set; /* that it starts; borrowed */
	bool single;                    /* each event is read by itself */
	bool tells_lost;                /* PERF_FORMAT_LOST; since Linux 6.0 */
	bool apart;                     /* each event is a group of its own */

	int ring_fd; /* dummy event that has the ring, or -1 */
	struct perf_event_mmap_page *ring;
	size_t ring_size; /* bytes of data */
	uint64_t *record; /* room for one that goes over its end; owned */

	int clock_fd; /* dummy event that runs with the target, or -1 */

	int timer_fd;          /* task clock for set switches, or -1 */
	uint64_t timer_id;     /* in the records */
	uint64_t timer_period; /* ns */
	uint64_t timer_next, timer_since; /* its counts */
};

/* Linux 5.13 and later; before it refuses the bit. */
static inline bool perf_threads_only(const struct pfm_context *ctx)
{
	return ctx->flags & PFM_FL_INHERIT && ctx->flags & PFM_FL_THREADS;
}

/* pid and cpu of perf_event_open(2) for the context's target. */
static inline void perf_target(const struct pfm_context *ctx, pid_t *pid,
			       int *cpu)
{
	bool sys = ctx->flags & PFM_FL_SYSTEM_WIDE;

	*pid = sys ? -1 : ctx_is_self(ctx) ? 0 : ctx->target;
	*cpu = sys ? ctx->target : ctx->sampling.cpu;
}

/* perf-read.c: a hook of the backend; the counts of a group, into its slots. */
int perf_read(struct pfm_context *ctx, struct pfm_set *set, const uint64_t *bv);
int perf_read_group(struct pfm_context *ctx, struct perf_set *ps,
		    const struct group *g);

/* perf-group.c: hooks of the backend. */
int perf_load_set(struct pfm_context *ctx, struct pfm_set *set);
void perf_release_set(struct pfm_context *ctx, struct pfm_set *set);
/* Do records bear the counts of other PMDs?  These are then of one group. */
bool perf_gives_others(const struct pfm_context *ctx);

/* perf-ring.c */
int perf_ring_open(struct pfm_context *ctx); /* once, when first needed */
void perf_ring_close(struct perf_ctx *pc);
/* Have the records of fd in the ring; *id is what they bear. */
int perf_ring_join(struct pfm_context *ctx, int fd, uint64_t *id);
void perf_ring_clock(struct perf_event_attr *attr);
/* What a record of the event holds; lean: all but counts. */
void perf_ring_attr(const struct pfm_context *ctx, struct perf_event_attr *attr,
		    bool lean);
/* Does the overflow of this PMD go on by itself? */
bool perf_streams(const struct pfm_context *ctx, const struct pfm_pmd *pmd);
/* Where the next record will be. */
uint64_t perf_ring_head(const struct perf_ctx *pc);
unsigned perf_ring_records(const struct perf_ctx *pc, unsigned nslots);
int perf_look(struct pfm_context *ctx);

/* perf-timer.c: hooks of the backend. */
int perf_timer_start(struct pfm_context *ctx, uint64_t ns);
void perf_timer_stop(struct pfm_context *ctx);
uint64_t perf_timer_left(struct pfm_context *ctx);

#endif /* PFM_PERF_BACKEND_H */
