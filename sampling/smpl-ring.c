/* SPDX-License-Identifier: MIT
 *
 * smpl-ring.c - the format "ring": two halves in turn, and nothing is masked.
 * The layout, and who may touch what when, is <pfmcore_ring.h>.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>

#include "halves.h"

#define ENTRY_SIZE sizeof(struct pfm_ring_entry)
#define OPTIONAL_WORDS 5 /* PFM_RING_HAS_* */

_Static_assert(sizeof(struct pfm_ring_arg) == 64, "pfm_ring_arg");
_Static_assert(sizeof(struct pfm_ring_hdr) == 256, "pfm_ring_hdr");
_Static_assert(sizeof(struct pfm_ring_entry) == 24, "pfm_ring_entry");

static uint64_t largest_entry(unsigned npmds)
{
	return ENTRY_SIZE + sizeof(uint64_t) * (OPTIONAL_WORDS + npmds);
}

static int validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct pfm_ring_arg *a = arg;

	(void)ctx_flags;
	if (a->buf_size < HALVES_HDR + 2 * largest_entry(npmds) ||
	    !halves_arg_good(a, PFM_RING_ADDR) || npmds > PFM_RING_NVALUES)
		return -EINVAL;
	return 0;
}

static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	struct pfm_ring_hdr *h = buf;

	(void)ctx_flags;
	halves_init(h, PFM_RING_VERSION, arg);
	h->ring_largest = largest_entry(npmds);
	return 0;
}

/* What is not as in the first entry of the half, and so stands in this one. */
static uint16_t choose_bits(const struct pfm_ring_hdr *h,
			    const struct pfm_ring_half *half,
			    const struct pfm_ovfl *o)
{
	unsigned bits = o->nvalues;

	if (o->tstamp - half->half_tstamp > UINT32_MAX)
		bits |= PFM_RING_HAS_TSTAMP;
	if (o->tgid != half->half_tgid)
		bits |= PFM_RING_HAS_TGID;
	if (o->last_reset != half->half_last_reset)
		bits |= PFM_RING_HAS_LAST_RESET;
	if (o->eventid != half->half_eventid)
		bits |= PFM_RING_HAS_EVENTID;
	if (o->addr && h->ring_flags & PFM_RING_ADDR)
		bits |= PFM_RING_HAS_ADDR;
	if (o->flags & PFM_OVFL_POLLED)
		bits |= PFM_RING_POLLED;
	return (uint16_t)bits;
}

static void begin_half(const struct pfm_ring_hdr *h, struct pfm_ring_half *half,
		       const struct pfm_ovfl *o)
{
	half->half_seq = h->ring_seq;
	half->half_lost = h->ring_lost;
	half->half_tstamp = o->tstamp;
	half->half_last_reset = o->last_reset;
	half->half_eventid = o->eventid;
	half->half_tgid = o->tgid;
}

/* Returns the bytes written. */
static size_t write_entry(void *at, uint16_t bits, uint64_t tstamp,
			  const struct pfm_ovfl *o)
{
	uint64_t *word = (void *)((char *)at + ENTRY_SIZE);
	struct pfm_ring_entry e = {
		.entry_bits = bits,
		.entry_pmd = o->pmd,
		.entry_set = o->set,
		.entry_cpu = o->cpu,
		.entry_tid = o->tid,
		.entry_ip = o->ip,
	};

	if (bits & PFM_RING_HAS_TSTAMP)
		*word++ = o->tstamp;
	else
		e.entry_time = (uint32_t)(o->tstamp - tstamp);
	if (bits & PFM_RING_HAS_TGID)
		*word++ = o->tgid;
	if (bits & PFM_RING_HAS_LAST_RESET)
		*word++ = o->last_reset;
	if (bits & PFM_RING_HAS_EVENTID)
		*word++ = o->eventid;
	if (bits & PFM_RING_HAS_ADDR)
		*word++ = o->addr;
	memcpy(at, &e, ENTRY_SIZE);
	for (unsigned i = 0; i < o->nvalues; i++)
		*word++ = o->values[i];
	return (size_t)((char *)word - (char *)at);
}

/* True when the next one might not fit any more. */
static bool append(struct pfm_ring_hdr *h, struct pfm_ring_half *half,
		   const struct pfm_ovfl *o)
{
	uint64_t bytes = half->half_bytes;

	if (bytes == 0)
		begin_half(h, half, o);
	bytes += write_entry(halves_start(h, h->ring_handed) + bytes,
			     choose_bits(h, half, o), half->half_tstamp, o);
	halves_commit(half, bytes);
	return h->ring_half_size - bytes < h->ring_largest;
}

/*
 * 0 also for one that is lost: any other answer would keep back the other PMDs
 * of this interrupt, and nobody would count them.
 */
static int handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	struct pfm_ring_hdr *h = buf;
	uint64_t fill = h->ring_handed;

	*ctrl = 0;
	if (halves_full(h) || largest_entry(o->nvalues) > h->ring_largest) {
		halves_count_lost(h);
	} else if (append(h, &h->half[fill & 1], o)) {
		halves_hand(h);
		*ctrl = PFM_OVFL_CTRL_NOTIFY;
	}
	halves_count(h);
	return 0;
}

/* With entries of all their words; the one that fills a half is among them. */
static unsigned room(const void *buf, unsigned nvalues)
{
	const struct pfm_ring_hdr *h = buf;
	uint64_t left, n;

	if (halves_full(h))
		return 0;
	left = h->ring_half_size - h->half[h->ring_handed & 1].half_bytes;
	n = (left - h->ring_largest) / largest_entry(nvalues) + 1;
	return n > UINT_MAX ? UINT_MAX : (unsigned)n;
}

static ssize_t read_entry(const struct pfm_ring_half *half, const char *start,
			  uint64_t at, uint64_t bytes, struct pfm_ovfl *out)
{
	const uint64_t *word = (const void *)(start + at + ENTRY_SIZE);
	uint64_t left = bytes - at;
	struct pfm_ring_entry e;
	unsigned words;

	if (left < ENTRY_SIZE)
		return -EINVAL;
	memcpy(&e, start + at, ENTRY_SIZE);
	words = e.entry_bits & PFM_RING_NVALUES;
	words += (unsigned)__builtin_popcount(
		e.entry_bits & (PFM_RING_HAS_TSTAMP | PFM_RING_HAS_TGID |
				PFM_RING_HAS_LAST_RESET | PFM_RING_HAS_EVENTID |
				PFM_RING_HAS_ADDR));
	if ((left - ENTRY_SIZE) / sizeof(uint64_t) < words)
		return -EINVAL;
	*out = (struct pfm_ovfl){
		.ip = e.entry_ip,
		.tstamp = half->half_tstamp + e.entry_time,
		.last_reset = half->half_last_reset,
		.eventid = half->half_eventid,
		.tid = e.entry_tid,
		.tgid = half->half_tgid,
		.cpu = e.entry_cpu,
		.set = e.entry_set,
		.pmd = e.entry_pmd,
		.nvalues = e.entry_bits & PFM_RING_NVALUES,
		.flags = e.entry_bits & PFM_RING_POLLED ? PFM_OVFL_POLLED : 0,
	};
	if (e.entry_bits & PFM_RING_HAS_TSTAMP)
		out->tstamp = *word++;
	if (e.entry_bits & PFM_RING_HAS_TGID)
		out->tgid = (uint32_t)*word++;
	if (e.entry_bits & PFM_RING_HAS_LAST_RESET)
		out->last_reset = *word++;
	if (e.entry_bits & PFM_RING_HAS_EVENTID)
		out->eventid = *word++;
	if (e.entry_bits & PFM_RING_HAS_ADDR)
		out->addr = *word++;
	out->values = word;
	return (ssize_t)(ENTRY_SIZE + words * sizeof(uint64_t));
}

static int next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	struct halves_reader r = { buf, size, read_entry };

	return halves_next(&r, cursor, out);
}

SMPL_FORMAT(smpl_ring) = {
	.abi = PFM_SMPL_ABI,
	.version = PFM_RING_VERSION,
	.uuid = PFM_RING_UUID,
	.name = PFM_RING_NAME,
	.desc = "two halves, one read while the other fills; never masked",
	.arg_size = sizeof(struct pfm_ring_arg),
	.handler = handler,
	.next = next,
	.validate = validate,
	.size = halves_size,
	.init = init,
	.restart = halves_restart,
	.room = room,
};
