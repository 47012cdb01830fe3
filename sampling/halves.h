/* SPDX-License-Identifier: MIT
 *
 * halves.h - what the formats have in common whose buffer is two halves in turn:
 * ring, profile and raw.  Their header is struct pfm_ring_hdr, and who may touch
 * what when is told in <pfmcore_ring.h>.
 */
#ifndef PFM_HALVES_H
#define PFM_HALVES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>

#include "pfmcore_ring.h"
#include "sampling.h"

#define HALVES_HDR sizeof(struct pfm_ring_hdr)

/* A hook of the formats: the argument says how large. */
int halves_size(uint32_t ctx_flags, const void *arg, size_t *bytes);
bool halves_arg_good(const struct pfm_ring_arg *a, uint32_t flags);
void halves_init(struct pfm_ring_hdr *h, uint32_t version,
		 const struct pfm_ring_arg *a);
/* A hook: the oldest half that was handed is empty again. */
int halves_restart(void *buf, bool active, uint32_t *ctrl);

static inline char *halves_start(const struct pfm_ring_hdr *h, uint64_t fill)
{
	return (char *)(uintptr_t)h + HALVES_HDR +
	       (fill & 1) * h->ring_half_size;
}

/* Is there no half to write to? */
static inline bool halves_full(const struct pfm_ring_hdr *h)
{
	return h->ring_handed - h->ring_given >= 2;
}

static inline void halves_count_lost(struct pfm_ring_hdr *h)
{
	__atomic_store_n(&h->ring_lost, h->ring_lost + 1, __ATOMIC_RELAXED);
}

static inline void halves_count(struct pfm_ring_hdr *h)
{
	__atomic_store_n(&h->ring_seq, h->ring_seq + 1, __ATOMIC_RELAXED);
}

/* An entry is complete: the reader may see it. */
static inline void halves_commit(struct pfm_ring_half *half, uint64_t bytes)
{
	__atomic_store_n(&half->half_count, half->half_count + 1,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&half->half_bytes, bytes, __ATOMIC_RELEASE);
}

static inline void halves_hand(struct pfm_ring_hdr *h)
{
	__atomic_store_n(&h->ring_handed, h->ring_handed + 1, __ATOMIC_RELEASE);
}

/*
 * What is at at in a half of which bytes are written: how long it is, or -EINVAL
 * where it cannot be read.
 */
typedef ssize_t (*halves_read_fn)(const struct pfm_ring_half *half,
				  const char *start, uint64_t at,
				  uint64_t bytes, struct pfm_ovfl *out);

/* What a reader looks at. */
struct halves_reader {
	const void *buf;
	size_t size; /* of its mapping */
	halves_read_fn read;
};

/*
 * next() of the formats: from the oldest half that was not given back to the end
 * of the growing one.  The cursor names a filling and an offset in it, so a
 * reader that keeps it goes on where it was, whatever was handed or given back
 * meanwhile.
 */
int halves_next(const struct halves_reader *r, size_t *cursor,
		struct pfm_ovfl *out);

#endif /* PFM_HALVES_H */
