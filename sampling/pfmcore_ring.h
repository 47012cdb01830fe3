/* SPDX-License-Identifier: MIT
 *
 * pfmcore_ring.h - the sampling format "ring": two halves, of which one is
 * filled while the other is read.  It never masks monitoring: what finds no
 * half free is counted as lost, exactly.  See pfmcore_fmt(3).
 */
#ifndef PFM_PFMCORE_RING_H
#define PFM_PFMCORE_RING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Fillings are numbered from 0; filling f stands in half[f & 1].  ring_handed
 * of them were finished and given to the reader, ring_given of these were given
 * back, in that order.  So the reader's are ring_given to ring_handed - 1, two
 * at most, and with fewer than two the one that grows is ring_handed.
 *
 *   library                               reader
 *   entry, half_count, then half_bytes    half_bytes, then half_bytes of entries
 *   (release)                             (acquire)
 *   ring_handed + 1 (release), NOTIFY     ring_given, ring_handed (acquire)
 *   the half is emptied, ring_given + 1   pfm_restart(), once for each filling
 *   (release)                             that was handed and is read
 *
 * What half_bytes counts does not change until the reader gives the half back,
 * so the growing half may be read too.  Reading and pfm_restart() must not run
 * at the same time: they are one thread's, or a lock's.  Of two calls of
 * pfm_restart() the second gives back the second half.
 *
 *	while (pfm_ring_handed(ring) > 0) {
 *		while (fmt->next(ring, size, &cursor, &ovfl) == 1)
 *			use(&ovfl);
 *		pfm_restart(fd);
 *	}
 *
 * gives each entry once and in order, and again with no pfm_restart() after
 * pfm_stop(), for the rest.  Each PMD that samples wants PFM_REGFL_OVFL_NOTIFY:
 * a half that another one fills is handed without a message.
 */
#define PFM_RING_NAME "ring"

/* pfarg_ctx_t.ctx_smpl_buf_id */
/* clang-format off */
#define PFM_RING_UUID { \
	0x8b, 0xf2, 0x5e, 0x30, 0xfc, 0x10, 0x49, 0x40, \
	0xa9, 0xea, 0x94, 0x73, 0x84, 0x86, 0x33, 0xfe }
/* clang-format on */

#define PFM_RING_VERSION (1u << 16)

/* Flags of the argument. */
#define PFM_RING_ADDR 0x1u /* record data addresses */
/*
 * Of "profile" and "raw": of a context with PFM_FL_NOTIFY_BLOCK the thread stands
 * still while both halves are full.  A half takes 64 KiB more than the largest
 * entry then, or as much again.
 */
#define PFM_RING_BLOCK 0x2u

/* The argument of pfm_create_context(); reserved fields are 0. */
struct pfm_ring_arg {
	uint64_t buf_size; /* bytes, header and both halves */
	uint32_t flags;    /* PFM_RING_* */
	uint32_t reserved1;
	uint64_t reserved[6];
};

/* One half.  An entry leaves out what it has in common with the first. */
struct pfm_ring_half {
	uint64_t half_count;  /* entries */
	uint64_t half_bytes;  /* bytes of them */
	uint64_t half_seq;    /* overflows before the first, lost ones too */
	uint64_t half_lost;   /* of these, lost */
	uint64_t half_tstamp; /* of the first entry */
	uint64_t half_last_reset; /* ... */
	uint64_t half_eventid;    /* ... */
	uint32_t half_tgid;       /* ... */
	uint32_t half_reserved;
};

/* At the start of the buffer; half 0 follows it, then half 1. */
struct pfm_ring_hdr {
	uint32_t ring_version;   /* PFM_RING_VERSION */
	uint32_t ring_flags;     /* PFM_RING_* */
	uint64_t ring_half_size; /* bytes of a half */
	uint64_t ring_largest;   /* bytes of the largest entry */
	uint64_t ring_handed;    /* fillings finished */
	uint64_t ring_given;     /* of them, given back */
	uint64_t ring_seq;       /* overflows: entries and lost ones */
	uint64_t ring_lost;      /* overflows that found no half free */
	uint64_t ring_reserved[9];
	struct pfm_ring_half half[2];
};

/*
 * One overflow, 24 bytes and what entry_bits names, a uint64_t each in the order
 * of the bits; the values of the reg_smpl_pmds follow, ascending.
 */
struct pfm_ring_entry {
	uint16_t entry_bits; /* number of values, and PFM_RING_HAS_* */
	uint16_t entry_pmd;  /* PMD that overflowed */
	uint16_t entry_set;  /* active event set */
	uint16_t entry_cpu;  /* where */
	uint32_t entry_tid;  /* who ran */
	uint32_t entry_time; /* ns after half_tstamp, unless HAS_TSTAMP */
	uint64_t entry_ip;   /* interrupted instruction */
};

/* entry_bits: without its bit a field is that of the half, an address is 0. */
#define PFM_RING_NVALUES 0x01ffu
#define PFM_RING_HAS_TSTAMP 0x0200u
#define PFM_RING_HAS_TGID 0x0400u
#define PFM_RING_HAS_LAST_RESET 0x0800u
#define PFM_RING_HAS_EVENTID 0x1000u
#define PFM_RING_HAS_ADDR 0x2000u
#define PFM_RING_POLLED 0x4000u /* PFM_OVFL_POLLED; no word */

/* How many halves are the reader's: 0, 1 or 2. */
static inline uint64_t pfm_ring_handed(const void *buf)
{
	const struct pfm_ring_hdr *h = (const struct pfm_ring_hdr *)buf;
	uint64_t given = __atomic_load_n(&h->ring_given, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&h->ring_handed, __ATOMIC_ACQUIRE) - given;
}

#ifdef __cplusplus
}
#endif
#endif /* PFM_PFMCORE_RING_H */
