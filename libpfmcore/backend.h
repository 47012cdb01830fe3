/* SPDX-License-Identifier: MIT
 *
 * backend.h - who counts.  A backend is one const object in one file and a row
 * in backend.c.  Every hook is called with the context lock held and returns 0
 * (or a positive answer), or -errno with a reason.
 */
#ifndef PFM_BACKEND_H
#define PFM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pfm_context;
struct pfm_set;
struct pfm_pmu;

struct pfm_backend {
	const char *name, *desc;
	const struct pfm_pmu *pmu; /* how it numbers registers */
	size_t priv_size; /* bytes of ctx->be_priv, zeroed, at attach */

	/* Can it be used here, on this CPU (-1: any)? */
	int (*probe)(int cpu);

	/* pfm_load_context: bind to ctx->target.  No set is open yet. */
	int (*attach)(struct pfm_context *ctx);

	/*
	 * After every set was released: undo attach.  The context is detached
	 * also after an error, which tells that something could not be undone.
	 */
	int (*detach)(struct pfm_context *ctx);

	/*
	 * In a forked child: close the copies of the descriptors, and touch
	 * nothing else: the parent counts on, malloc may be locked for ever.
	 */
	void (*after_fork)(struct pfm_context *ctx);

	/*
	 * Program the PMCs of a set that is not running; set->pmds[].value is
	 * where its PMDs go on from.  Called at load for every set and again
	 * when a PMC or the list of used PMDs changed.  Sets set->be_priv,
	 * unless there is nothing to count.
	 */
	int (*load_set)(struct pfm_context *ctx, struct pfm_set *set);

	/* Save the values into set->pmds[] and give the hardware back. */
	void (*release_set)(struct pfm_context *ctx, struct pfm_set *set);

	/* Start or stop the active set, all its registers together. */
	int (*start)(struct pfm_context *ctx, struct pfm_set *set);
	int (*stop)(struct pfm_context *ctx, struct pfm_set *set);

	/*
	 * Bring value, enabled_ns and running_ns of set->pmds[n] up to date for
	 * each n in bv.  Called in signal handlers: no allocation.
	 */
	int (*read)(struct pfm_context *ctx, struct pfm_set *set,
		    const uint64_t *bv);

	/* PMD n of the set was given a new value. */
	int (*write)(struct pfm_context *ctx, struct pfm_set *set, unsigned n);

	/*
	 * Optional, else write: the same from the overflow path, after an
	 * overflow of PMD n, or of one that resets it: it goes on from there,
	 * as if no event had been counted since.
	 */
	int (*reset)(struct pfm_context *ctx, struct pfm_set *set, unsigned n);

	/*
	 * Stop, and let the PMDs stand at set->pmds[].value, which are those of
	 * an overflow: what was counted since does not count.
	 */
	int (*freeze)(struct pfm_context *ctx, struct pfm_set *set);

	/*
	 * Optional: the switch timer of a thread's own time, first after ns,
	 * then again each ns: look calls switch_expired().  What is left of it,
	 * ns.  Without, or for a CPU, the core has a timer.
	 */
	int (*timer_start)(struct pfm_context *ctx, uint64_t ns);
	void (*timer_stop)(struct pfm_context *ctx);
	uint64_t (*timer_left)(struct pfm_context *ctx);

	/*
	 * Optional, of a thread's context with several sets: nanoseconds for
	 * which the target has run, while loaded.
	 */
	uint64_t (*clock)(const struct pfm_context *ctx);

	/*
	 * Descriptor on which poll(2) says POLLHUP when the target thread has
	 * exited, with its final values in place; -1 for a CPU or the caller.
	 */
	int (*exit_fd)(const struct pfm_context *ctx);

	/*
	 * A descriptor that is readable when it is time to look, or -1; and the
	 * look, which hands what overflowed to ovfl_handle().  -ENXIO: the CPU
	 * is gone, and the last values are in place.  Also called before every
	 * call on a context whose PMDs overflow.
	 */
	int (*look_fd)(const struct pfm_context *ctx);
	int (*look)(struct pfm_context *ctx);

	/*
	 * Optional, before the context is unloaded: -EIO with a reason when
	 * the counts read since the load are not to be trusted.
	 */
	int (*verify)(struct pfm_context *ctx);
};

/* backend.c: by name, "auto" among them (the first); NULL with a reason. */
const struct pfm_backend *backend_find(const char *name);

#endif /* PFM_BACKEND_H */
