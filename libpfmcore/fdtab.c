/* SPDX-License-Identifier: MIT
 *
 * fdtab.c - from a descriptor to its context, the locks of contexts, and the
 * sessions that exclude each other.
 *
 * The table is read without a lock.  That is safe because the memory of a
 * context is never given back: a pointer that went stale while its reader took
 * the lock is found out by looking at the table and at ctx->live again.
 */
#include "config.h"

#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "block.h"
#include "fmt.h"
#include "priv.h"

_Atomic(struct fd_chunk *) fd_chunks[FD_CHUNKS];

/* Guards the two lists, the sessions, and writes to the table. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pfm_context *live, *unused;
#define SWEEP_MIN 8
static unsigned nlive, sweep_at = SWEEP_MIN; /* create sweeps there */

__thread int tid_cache __attribute__((tls_model("initial-exec")));

int self_tid_ask(void)
{
	tid_cache = (int)syscall(SYS_gettid);
	return tid_cache;
}

/* A number beyond the table, or no memory, only makes later calls slower. */
void fdtab_set(int fd, struct pfm_context *ctx)
{
	struct fd_chunk *c;

	if (fd < 0 || fd >= FD_CHUNK * FD_CHUNKS)
		return;
	pthread_mutex_lock(&list_lock);
	c = atomic_load(&fd_chunks[fd / FD_CHUNK]);
	if (!c && ctx) {
		c = calloc(1, sizeof(*c));
		if (c)
			NOTE_ATOMIC(*c);
		atomic_store_explicit(&fd_chunks[fd / FD_CHUNK], c,
				      memory_order_release);
	}
	if (c)
		atomic_store_explicit(&c->ctx[fd % FD_CHUNK], ctx,
				      memory_order_release);
	pthread_mutex_unlock(&list_lock);
}

struct pfm_context *fdtab_by_cookie(uint64_t cookie)
{
	struct pfm_context *ctx;

	pthread_mutex_lock(&list_lock);
	for (ctx = live; ctx && ctx->cookie != cookie; ctx = ctx->next)
		;
	pthread_mutex_unlock(&list_lock);
	return ctx;
}

struct pfm_context *fdtab_alloc(void)
{
	struct pfm_context *ctx;

	pthread_mutex_lock(&list_lock);
	ctx = unused;
	if (ctx)
		unused = ctx->next;
	pthread_mutex_unlock(&list_lock);
	if (!ctx)
		ctx = calloc(1, sizeof(*ctx));
	if (ctx)
		NOTE_ATOMIC(ctx->lock);
	return ctx;
}

void fdtab_link(struct pfm_context *ctx)
{
	pthread_mutex_lock(&list_lock);
	ctx->next = live;
	live = ctx;
	nlive++;
	pthread_mutex_unlock(&list_lock);
	fdtab_set(ctx->fd, ctx);
}

static void forget_numbers(const struct pfm_context *ctx)
{
	for (unsigned i = 0; i < FD_CHUNKS; i++) {
		struct fd_chunk *c = atomic_load(&fd_chunks[i]);

		for (unsigned j = 0; c && j < FD_CHUNK; j++)
			if (atomic_load_explicit(&c->ctx[j],
						 memory_order_relaxed) == ctx)
				atomic_store(&c->ctx[j], NULL);
	}
}

void fdtab_retire(struct pfm_context *ctx)
{
	struct pfm_context **link;

	pthread_mutex_lock(&list_lock);
	for (link = &live; *link && *link != ctx; link = &(*link)->next)
		;
	if (*link) {
		*link = ctx->next;
		nlive--;
	}
	forget_numbers(ctx);
	close(ctx->peer);
	ctx->peer = -1;
	ctx->next = unused;
	unused = ctx;
	pthread_mutex_unlock(&list_lock);
}

bool ctx_hung_up(const struct pfm_context *ctx)
{
	struct pollfd p = { .fd = ctx->peer };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

/* Have the contexts doubled since the last sweep?  Then it is time for one. */
bool fdtab_crowded(void)
{
	bool crowded;

	pthread_mutex_lock(&list_lock);
	crowded = nlive >= sweep_at;
	pthread_mutex_unlock(&list_lock);
	return crowded;
}

void fdtab_swept(void)
{
	pthread_mutex_lock(&list_lock);
	sweep_at = nlive < SWEEP_MIN / 2 ? SWEEP_MIN : nlive * 2;
	pthread_mutex_unlock(&list_lock);
}

/* The first listed context, behind "after", whose last descriptor is gone. */
struct pfm_context *fdtab_first_hung_up(struct pfm_context *after)
{
	struct pfm_context *ctx;

	pthread_mutex_lock(&list_lock);
	for (ctx = after ? after->next : live; ctx; ctx = ctx->next)
		if (ctx_hung_up(ctx))
			break;
	pthread_mutex_unlock(&list_lock);
	return ctx;
}

/*
 * perfmon2's sessions, per process: threads and CPUs exclude each other, a CPU
 * has one context, a thread has one context (reference: load, steps 3b and 5).
 */
static int session_conflict(const struct pfm_context *ctx, int target)
{
	bool cpu = ctx->flags & PFM_FL_SYSTEM_WIDE;

	for (const struct pfm_context *c = live; c; c = c->next) {
		if (c->session == SESSION_NONE)
			continue;
		if (!cpu && c->session == SESSION_THREAD) {
			if (c->session_target == target)
				return EEXIST;
			continue;
		}
		if (!cpu || c->session == SESSION_THREAD ||
		    c->session_target == target)
			return EBUSY;
	}
	return 0;
}

int fdtab_reserve(struct pfm_context *ctx, int target)
{
	bool cpu = ctx->flags & PFM_FL_SYSTEM_WIDE;
	int err;

	pthread_mutex_lock(&list_lock);
	err = session_conflict(ctx, target);
	if (!err) {
		ctx->session = cpu ? SESSION_CPU : SESSION_THREAD;
		ctx->session_target = target;
	}
	pthread_mutex_unlock(&list_lock);
	if (err == EEXIST)
		return fail(EEXIST, "thread %d already has a context", target);
	if (err)
		return fail(EBUSY, "%s %d: a session of another kind is loaded",
			    cpu ? "CPU" : "thread", target);
	return 0;
}

void fdtab_unreserve(struct pfm_context *ctx)
{
	pthread_mutex_lock(&list_lock);
	ctx->session = SESSION_NONE;
	pthread_mutex_unlock(&list_lock);
}

/* The lock is taken by somebody else: see ctx_lock(). */
void ctx_lock_wait(struct pfm_context *ctx)
{
	uint32_t tid = (uint32_t)self_tid();

	for (;;) {
		uint32_t v = 0;

		/* Others may wait as well: leave the mark for our unlock. */
		if (atomic_compare_exchange_strong(&ctx->lock, &v,
						   tid | PFM_LOCK_WAITERS)) {
			NOTE_ACQUIRED(&ctx->lock);
			return;
		}
		if (!(v & PFM_LOCK_WAITERS) &&
		    !atomic_compare_exchange_strong(&ctx->lock, &v,
						    v | PFM_LOCK_WAITERS))
			continue;
		syscall(SYS_futex, &ctx->lock, FUTEX_WAIT_PRIVATE,
			v | PFM_LOCK_WAITERS, NULL, NULL, 0);
	}
}

void ctx_lock_wake(struct pfm_context *ctx)
{
	syscall(SYS_futex, &ctx->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/*
 * fork: the child sees no monitoring.  It closes its copies of everything, so
 * that the parent's close is the last one, and knows no context any more; their
 * memory is abandoned, since what another thread was doing with it at the fork
 * will never be finished.  For the same reason the events of a context in use
 * are not walked: they stay open until the child execs or exits.
 */
static void fork_prepare(void)
{
	fmt_before_fork();
	engine_before_fork();
	pthread_mutex_lock(&list_lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&list_lock);
	engine_after_fork(false);
	fmt_after_fork();
}

static void fork_child(void)
{
	for (struct pfm_context *ctx = live; ctx; ctx = ctx->next) {
		if (!atomic_load(&ctx->lock) && ctx->be)
			ctx->be->after_fork(ctx);
		if (ctx->timer_fd >= 0)
			close(ctx->timer_fd);
		if (ctx->block >= 0)
			block_after_fork(ctx->block);
		smpl_after_fork(ctx);
		ctx->live = false;
		forget_numbers(ctx);
		close(ctx->peer);
	}
	live = NULL;
	nlive = 0;
	pthread_mutex_unlock(&list_lock);
	engine_after_fork(true);
	fmt_after_fork();
	tid_cache = 0;
}

__attribute__((constructor)) static void fdtab_init(void)
{
	NOTE_ATOMIC(fd_chunks);
	NOTE_ATOMIC(log_mask);
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
