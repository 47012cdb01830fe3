/* SPDX-License-Identifier: MIT
 *
 * priv.h - what the files of libpfmcore share.  Not installed; commands and
 * sampling formats never include it.  The locking rules stand at the head of
 * syscalls.c.
 */
#ifndef PFM_PRIV_H
#define PFM_PRIV_H

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "annotate.h"
#include "backend.h"
#include "bits.h"
#include "pfmcore.h"
#include "pfmcore_fmt.h"
#include "pmu.h"

/* On the way of a read: kept together, since where they lie is worth 3 %. */
#define PFM_HOT __attribute__((hot, aligned(64)))

/* Generations of the interface: v2.2, and v2.6 to v2.82 (reference, 2.1). */
enum pfm_gen {
	PFM_GEN_A,
	PFM_GEN_C,
};

enum pfm_state {
	PFM_UNLOADED = 1,
	PFM_LOADED = 2,
	PFM_MASKED = 3,
	PFM_ZOMBIE = 4,
};

/* One PMD of one set.  Allocated when the register is first requested. */
struct pfm_pmd {
	uint64_t value;       /* 64-bit count as of the last read or write */
	uint64_t enabled_ns;  /* since load: time it was asked to count */
	uint64_t running_ns;  /* since load: time it did count */
	uint64_t last_reset;  /* value last loaded by a write or a reset */
	uint64_t long_reset;  /* reload value at restart */
	uint64_t short_reset; /* reload value at overflow */
	uint64_t switch_cnt;  /* overflows left until a set switch */
	uint64_t switch_ref;  /* switch_cnt is reloaded from this */
	uint64_t random_mask, random_seed;
	uint64_t eventid;                /* given to the format */
	uint64_t reset_pmds[PFM_PMD_BV]; /* reset with this one */
	uint64_t smpl_pmds[PFM_PMD_BV];  /* recorded in a sample */
	uint32_t flags;                  /* PFM_REGFL_* of the PMD */
	uint64_t slice_value, slice_ns;  /* value and running_ns when its set
					  * became active */
	struct pfm_slices slices;        /* of the runs that are over */
	uint32_t batch_fill;             /* slices of the batch not yet full */
};

/* Will it ever wrap?  A plain count from 0 does not: 2^63 events are never. */
static inline bool pmd_interrupts(const struct pfm_pmd *pmd)
{
	return (pmd->value | pmd->short_reset | pmd->long_reset) >> 63;
}

/* Is the period the same from one overflow to the next? */
static inline bool pmd_steady(const struct pfm_pmd *pmd)
{
	return pmd->value == pmd->short_reset &&
	       pmd->value == pmd->long_reset &&
	       !(pmd->flags & PFM_REGFL_RANDOM && pmd->random_mask);
}

/* Events until it wraps; what is not reached is cut to what a kernel takes. */
static inline uint64_t pmd_period(uint64_t value)
{
	return value >> 63 && value << 1 ? 0 - value : INT64_MAX;
}

/* An event set: a full copy of the logical PMU. */
struct pfm_set {
	struct pfm_set *next; /* owned list, ascending id */
	uint16_t id, id_next; /* id_next only with EXPL_NEXT */
	uint32_t flags;       /* PFM_SETFL_* */
	uint64_t timeout_ns;  /* effective switch timeout */
	uint64_t left_ns;     /* of it, left */
	uint64_t runs;        /* activations since load */
	uint64_t active_ns;   /* SYSTEM_WIDE: time active until started_ns */
	uint64_t started_ns;  /* SYSTEM_WIDE: clock at start, 0: stopped */
	uint64_t used_pmcs[PFM_PMC_BV];     /* written */
	uint64_t used_pmds[PFM_PMD_BV];     /* requested: written, or sampled */
	uint64_t ovfl_pmds[PFM_PMD_BV];     /* wrapped at the last overflow */
	uint64_t reset_pmds[PFM_PMD_BV];    /* to be reset, not yet done */
	uint64_t pmcs[PFM_MAX_PMCS];        /* values */
	uint32_t pmc_flags[PFM_MAX_PMCS];   /* PFM_REGFL_* of the PMC */
	struct pfm_pmd *pmds[PFM_MAX_PMDS]; /* owned; NULL unless used */
	struct pfm_set_view *view;          /* its page, once mapped; owned */
	bool dirty;    /* programming differs from what the backend has */
	void *be_priv; /* owned by the backend between load and release */
};

/*
 * A monitoring session.  The memory is never given back to malloc, only to a
 * free list, so that a stale pointer from the descriptor table can be locked
 * and checked (ctx.c).
 */
struct pfm_context {
	_Atomic uint32_t lock; /* tid of the holder, and a waiters bit */
	uint32_t depth;        /* the holder's nesting, by signal handlers */
	bool live;             /* false on the free list */
	int fd;                /* lowest number the caller's end was given */
	int peer;              /* our end of the socket pair; owned */
	int msg_size;    /* queued bytes a message counts for, 0 unknown */
	uint64_t cookie; /* SO_COOKIE of the caller's end */
	struct pfm_context *next; /* list of live, or of free, contexts */
	enum { SESSION_NONE, SESSION_THREAD, SESSION_CPU } session;
	int session_target; /* tid or CPU; both under the list lock */

	enum pfm_state state;
	enum pfm_gen gen;  /* of the header its creator was built with */
	bool started;      /* pfm_start without pfm_stop */
	bool can_restart;  /* masked and not yet restarted */
	bool switch_due;   /* masked before the switch: done by restart */
	bool interrupts;   /* some PMD wraps: pfm_read_pmds looks first */
	bool held;         /* NOTIFY_BLOCK: the target stands still */
	bool waits;        /* held or gone; its overflows wait for room */
	int block;         /* block.h: handle, or -1 */
	int timer_fd;      /* set switches of a CPU, or -1; owned */
	uint64_t timer_ns; /* period the switch timer has, 0: stopped */
	unsigned jitter;   /* percent of a set's timeout */
	uint64_t jitter_seed;
	uint64_t clock_since; /* of the backend's clock, while it counts */
	bool clock_runs;
	bool executed;          /* ON_EXEC: it has */
	struct pfm_stats stats; /* since load */
	uint32_t flags;         /* PFM_FL_* */
	int target;             /* tid, or CPU with SYSTEM_WIDE; -1 unloaded */
	struct pfm_set *sets;   /* owned; set 0 is always the first */
	struct pfm_set *active; /* borrowed from sets; NULL before load */

	const struct pfm_backend *want; /* numbers the registers */
	bool chosen;                    /* by name */
	const struct pfm_regs *regs;    /* of want->pmu; borrowed, static */
	const struct pfm_backend *be;   /* want, while loaded; else NULL */
	void *be_priv;                  /* be->priv_size bytes; owned */

	/* smpl.c: the sampling buffer and the views of sets. */
	const struct pfm_smpl_fmt *fmt; /* borrowed, lives for ever; or NULL */
	void *fmt_arg;                  /* copy of create's; owned */
	void *smpl;                     /* its buffer, writable; owned */
	size_t smpl_size;               /* bytes, whole pages */
	int smpl_fd;                    /* memfd of the buffer, or -1; owned */
	int view_fd;                    /* memfd of the views, or -1; owned */
	struct pfm_sampling sampling;   /* what comes with an overflow */
};

/* log.c: refusals and debug lines. */
enum pfm_cat {
	PFM_CAT_CTX,
	PFM_CAT_SET,
	PFM_CAT_RW,
	PFM_CAT_OVFL,
	PFM_CAT_FMT,
	PFM_CAT_EVENT,
	PFM_CAT_PMU,
	PFM_CAT_PERF,
	PFM_CAT_MSR,
};
extern _Atomic uint32_t log_mask;
#define dbg(cat, ...)                                                       \
	do {                                                                \
		if (atomic_load_explicit(&log_mask, memory_order_relaxed) & \
		    1u << PFM_CAT_##cat)                                    \
			log_line(PFM_CAT_##cat, __VA_ARGS__);               \
	} while (0)
void log_line(enum pfm_cat cat, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Store the reason for this thread and return -err: "return fail(EINVAL, …)". */
int fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The public edge: 0 or more as is; a negative sets errno and gives -1. */
static inline int edge(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* fdtab.c: descriptors to contexts, locks, sessions. */
#define FD_CHUNK 1024
#define FD_CHUNKS 1024
struct fd_chunk {
	_Atomic(struct pfm_context *) ctx[FD_CHUNK];
};
extern _Atomic(struct fd_chunk *) fd_chunks[FD_CHUNKS];

/* The context that had fd when last seen, without a lock, or NULL. */
static inline struct pfm_context *fdtab_get(int fd)
{
	struct fd_chunk *c;

	if (fd < 0 || fd >= FD_CHUNK * FD_CHUNKS)
		return NULL;
	c = atomic_load_explicit(&fd_chunks[fd / FD_CHUNK],
				 memory_order_acquire);
	if (!c)
		return NULL;
	return atomic_load_explicit(&c->ctx[fd % FD_CHUNK],
				    memory_order_acquire);
}

void fdtab_set(int fd, struct pfm_context *ctx);
struct pfm_context *fdtab_by_cookie(uint64_t cookie);
struct pfm_context *fdtab_alloc(void);      /* zeroed, not listed */
void fdtab_link(struct pfm_context *ctx);   /* from now on it is found */
void fdtab_retire(struct pfm_context *ctx); /* unlist, close peer, free */
bool fdtab_crowded(void);
void fdtab_swept(void);
bool ctx_hung_up(const struct pfm_context *ctx); /* listed, so peer is open */
struct pfm_context *fdtab_first_hung_up(struct pfm_context *after);
/* Reserve the machine as perfmon2 did; -EEXIST or -EBUSY with a reason. */
int fdtab_reserve(struct pfm_context *ctx, int target);
void fdtab_unreserve(struct pfm_context *ctx);

/*
 * The caller's thread id, cached, correct after fork.  Initial-exec: the
 * default model of a shared library costs a call each time.
 */
extern __thread int tid_cache __attribute__((tls_model("initial-exec")));
int self_tid_ask(void);
static inline int self_tid(void)
{
	return tid_cache ? tid_cache : self_tid_ask();
}

/*
 * The lock of a context.  A pthread mutex will not do: a signal handler of the
 * thread that holds it may call pfm_read_pmds or pfm_restart, so taking the
 * lock and becoming its known owner must be one atomic step.  Inline, since the
 * calls a read makes after its system call are what it costs.
 */
#define PFM_LOCK_WAITERS 0x80000000u
void ctx_lock_wait(struct pfm_context *ctx);
void ctx_lock_wake(struct pfm_context *ctx);

static inline bool ctx_trylock(struct pfm_context *ctx)
{
	uint32_t v = 0, tid = (uint32_t)self_tid();

	if (atomic_compare_exchange_strong_explicit(&ctx->lock, &v, tid,
						    memory_order_acquire,
						    memory_order_relaxed)) {
		NOTE_ACQUIRED(&ctx->lock);
		return true;
	}
	if ((v & ~PFM_LOCK_WAITERS) != tid)
		return false;
	ctx->depth++;
	return true;
}

static inline void ctx_lock(struct pfm_context *ctx)
{
	if (!ctx_trylock(ctx))
		ctx_lock_wait(ctx);
}

static inline void ctx_unlock(struct pfm_context *ctx)
{
	if (ctx->depth) {
		ctx->depth--;
		return;
	}
	NOTE_RELEASED(&ctx->lock);
	if (atomic_exchange_explicit(&ctx->lock, 0, memory_order_release) &
	    PFM_LOCK_WAITERS)
		ctx_lock_wake(ctx);
}

/* What a context is made of; the argument is the format's. */
struct ctx_request {
	enum pfm_gen gen;
	uint32_t flags;                 /* PFM_FL_* */
	const struct pfm_smpl_fmt *fmt; /* or NULL */
	const void *arg;
};

/*
 * ctx.c: life of a context, and the prologue of every call.  A descriptor, or
 * -errno; *smpl_size (may be NULL) is the size of the sampling buffer.
 */
int ctx_create(const struct ctx_request *req, size_t *smpl_size);
void ctx_destroy(struct pfm_context *ctx); /* takes it locked, gives it back */
void ctx_sweep(void); /* destroy the contexts whose last descriptor is gone */

/*
 * Find and lock the context of fd, or -EBADF.  The kernel is asked which file
 * fd is; signals are blocked until ctx_leave(), so that no handler finds the
 * context half changed; a target that has exited is dealt with first.
 */
struct pfm_guard {
	struct pfm_context *ctx;
	bool blocked; /* signals, since the enter */
	sigset_t old;
};
int ctx_enter(int fd, struct pfm_guard *g);
void signals_block(sigset_t *old);

/* Returns ret. */
static inline int ctx_leave(struct pfm_guard *g, int ret)
{
	ctx_unlock(g->ctx);
	if (g->blocked)
		pthread_sigmask(SIG_SETMASK, &g->old, NULL);
	return ret;
}

/* ctx.c: the rules of perfmon2 for a call in a state. */
#define CMD_STOPPED 1u  /* a foreign target must be stopped by the caller */
#define CMD_UNLOADED 2u /* the context must be unloaded */
#define CMD_UNLOAD 4u   /* also a masked target must be stopped */
int ctx_check(const struct pfm_context *ctx, unsigned cmd);
static inline bool ctx_is_self(const struct pfm_context *ctx)
{
	return !(ctx->flags & PFM_FL_SYSTEM_WIDE) && ctx->target == self_tid();
}

/* attach.c: load, unload, start, stop, and the exit of the target. */
int attach_load(struct pfm_context *ctx, const pfarg_load_t *req);
int attach_sync(struct pfm_context *ctx, struct pfm_set *set);
int attach_unload(struct pfm_context *ctx);
int attach_start(struct pfm_context *ctx, const pfarg_start_t *req);
int attach_stop(struct pfm_context *ctx);
bool attach_reap(struct pfm_context *ctx); /* END if the target has exited */
/* What waits to be handled: overflows, set switches, a CPU that went offline. */
void attach_look(struct pfm_context *ctx);

/* target.c: what /proc tells of a thread. */
int target_stopped(int tid); /* ESRCH unless ptraced by the caller, stopped */
bool target_exited(int tid);
int target_owner(int tid); /* EPERM: another user's, and no capability */
bool target_capable(unsigned cap); /* does the caller have CAP_...? */
int target_check(const struct pfm_context *ctx, int tid); /* load's rules */

/* sets.c */
struct pfm_set *sets_find(const struct pfm_context *ctx, unsigned id);
struct pfm_set *sets_new(struct pfm_context *ctx, unsigned id);
void sets_free(struct pfm_context *ctx);
int sets_create(struct pfm_context *ctx, pfarg_setdesc_t *v, int count);
int sets_delete(struct pfm_context *ctx, pfarg_setdesc_t *v, int count);
int sets_getinfo(struct pfm_context *ctx, pfarg_setinfo_t *v, int count);
void sets_configure(const struct pfm_context *ctx, struct pfm_set *set,
		    uint32_t flags, uint64_t timeout_ns);
int sets_refresh(struct pfm_context *ctx, struct pfm_set *set);
uint64_t sets_duration(const struct pfm_context *ctx,
		       const struct pfm_set *set); /* ns active */
void sets_available(const struct pfm_context *ctx, uint64_t *pmcs,
		    uint64_t *pmds);
int sets_check_chain(const struct pfm_context *ctx);
/* Another backend, with other registers: -EBUSY when some were written. */
int sets_renumber(struct pfm_context *ctx, const struct pfm_backend *be);
void sets_reset(struct pfm_context *ctx); /* runs and durations, at load */
uint64_t clock_ns(void);                  /* CLOCK_MONOTONIC */
void sets_clock_start(const struct pfm_context *ctx, struct pfm_set *set);
void sets_clock_stop(struct pfm_set *set);
/* The same for the context, whatever set is active; see pfm_stats. */
void sets_monitor_start(struct pfm_context *ctx);
void sets_monitor_stop(struct pfm_context *ctx);
uint64_t sets_monitored(const struct pfm_context *ctx);
extern uint64_t (*clock_replaced)(void); /* tests have a time of their own */

/* write.c */
int write_pmcs(struct pfm_context *ctx, pfarg_pmc_t *v, int count);
int write_pmds(struct pfm_context *ctx, pfarg_pmd_t *v, int count);

/* msg.c: what the caller's end is told.  False: dropped, the queue is full. */
void msg_flush(int fd); /* empty the queue; fd is the caller's end */
void msg_end(struct pfm_context *ctx);
bool msg_ovfl(struct pfm_context *ctx, const struct pfm_ovfl_msg *msg,
	      const uint64_t *pmds);
bool msg_signal(const struct pfm_context *ctx); /* the signal without one */

/*
 * ovfl.c: the overflow path (reference, sections 7 and 8).  A backend calls
 * ovfl_handle() for what wrapped in the active set, with the values as of then
 * in set->pmds; ovfl_late() for a set that was active then and is not now.
 */
struct ovfl {
	uint64_t pmds[PFM_PMD_BV]; /* that wrapped */
	uint64_t ip, addr, tstamp;
	uint32_t tid, tgid;
	uint16_t cpu;
	uint32_t flags;              /* PFM_OVFL_* */
	const struct pfm_ovfl *more; /* weight, chain, stack; or NULL */
};
void ovfl_handle(struct pfm_context *ctx, const struct ovfl *o);
void ovfl_late(struct pfm_context *ctx, struct pfm_set *set,
	       const struct ovfl *o);
/*
 * An overflow of a PMD that nothing resets: a sample, and whatever the format
 * wants.
 */
void ovfl_stream(struct pfm_context *ctx, struct pfm_set *set,
		 const struct ovfl *o);
void ovfl_task(struct pfm_context *ctx, const struct pfm_task *task);
int ovfl_restart(struct pfm_context *ctx);
enum pfm_reset { PFM_RESET_SHORT, PFM_RESET_LONG };
/* The new values of what waits to be reset; the backend is not told. */
void ovfl_new_values(struct pfm_set *set, enum pfm_reset mode);
void ovfl_reset(struct pfm_context *ctx, struct pfm_set *set,
		enum pfm_reset mode);
/* The target stands still, if it can; false: it runs on. */
bool ovfl_hold(struct pfm_context *ctx);
/* The target runs again, if it was held for a notification. */
void ovfl_release(struct pfm_context *ctx);

/*
 * switch.c: which set is active, for how long, and what its runs gave.
 * switch_next() goes to the successor of the active set.
 */
int switch_to(struct pfm_context *ctx, struct pfm_set *set,
	      enum pfm_reset mode);
int switch_next(struct pfm_context *ctx, enum pfm_reset mode);
void switch_begin(struct pfm_context *ctx); /* load: the first run */
void switch_timer_start(struct pfm_context *ctx);
void switch_timer_stop(struct pfm_context *ctx);
void switch_expired(struct pfm_context *ctx); /* the timer has */
/* What is left of the set's time, ns. */
uint64_t switch_left(struct pfm_context *ctx, const struct pfm_set *set);
int switch_read(struct pfm_context *ctx, struct pfm_slices *v, int count);
int switch_jitter(struct pfm_context *ctx, unsigned percent, uint64_t seed);
/* Does the core have the timer of set switches, not the backend? */
bool switch_own_timer(const struct pfm_context *ctx);

/* smpl.c: memory shared with readers. */
int smpl_new(struct pfm_context *ctx, const struct ctx_request *req);
void smpl_free(struct pfm_context *ctx);
int smpl_renew(struct pfm_context *ctx); /* other registers: begin anew */
int smpl_set(struct pfm_context *ctx, const struct pfm_sampling *want);
void smpl_after_fork(struct pfm_context *ctx);
uint64_t smpl_view_offset(const struct pfm_context *ctx, unsigned set);
void smpl_view(struct pfm_context *ctx, const struct pfm_set *set);
void smpl_unview(struct pfm_set *set);

/* engine.c: the one thread that waits where no interrupt comes. */
int engine_watch(struct pfm_context *ctx); /* loaded: exits and last close */
void engine_forget(struct pfm_context *ctx);
void engine_before_fork(void);
void engine_after_fork(bool child);

/* backend-perf.c: see pfm_event_check(). */
int perf_event_check(const struct pfm_event *ev, int tid, int cpu);

#endif /* PFM_PRIV_H */
