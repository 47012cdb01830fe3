/* SPDX-License-Identifier: MIT
 *
 * halves.c - two halves in turn, one filled while the other is read: see
 * halves.h.
 */
#include "config.h"

#include <errno.h>

#include "halves.h"

bool halves_arg_good(const struct pfm_ring_arg *a, uint32_t flags)
{
	uint64_t reserved = a->reserved1;

	for (unsigned i = 0; i < 6; i++)
		reserved |= a->reserved[i];
	return !(a->flags & ~flags) && !reserved;
}

int halves_size(uint32_t ctx_flags, const void *arg, size_t *bytes)
{
	const struct pfm_ring_arg *a = arg;

	(void)ctx_flags;
	if (a->buf_size > SIZE_MAX)
		return -ENOMEM;
	*bytes = (size_t)a->buf_size;
	return 0;
}

void halves_init(struct pfm_ring_hdr *h, uint32_t version,
		 const struct pfm_ring_arg *a)
{
	memset(h, 0, sizeof(*h));
	h->ring_version = version;
	h->ring_flags = a->flags;
	h->ring_half_size = (a->buf_size - HALVES_HDR) / 16 * 8;
}

/* Nothing was masked. */
int halves_restart(void *buf, bool active, uint32_t *ctrl)
{
	struct pfm_ring_hdr *h = buf;
	struct pfm_ring_half *half = &h->half[h->ring_given & 1];

	(void)active;
	*ctrl = 0;
	if (h->ring_given == h->ring_handed)
		return 0;
	__atomic_store_n(&half->half_count, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&half->half_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&h->ring_given, h->ring_given + 1, __ATOMIC_RELEASE);
	return 0;
}

/* A reader's copy of what the library changes, checked against its mapping. */
struct view {
	uint64_t given, handed, half_size;
};

static int look(const struct pfm_ring_hdr *h, size_t size, struct view *v)
{
	if (size < HALVES_HDR)
		return -EINVAL;
	v->half_size = __atomic_load_n(&h->ring_half_size, __ATOMIC_RELAXED);
	v->given = __atomic_load_n(&h->ring_given, __ATOMIC_ACQUIRE);
	v->handed = __atomic_load_n(&h->ring_handed, __ATOMIC_ACQUIRE);
	if (v->half_size > (size - HALVES_HDR) / 2 || v->half_size % 8 ||
	    v->handed - v->given > 2)
		return -EINVAL;
	return 0;
}

int halves_next(const struct halves_reader *r, size_t *cursor,
		struct pfm_ovfl *out)
{
	const struct pfm_ring_hdr *h = r->buf;
	struct view v;
	size_t at, ahead;

	if (look(h, r->size, &v) < 0)
		return -EINVAL;
	ahead = smpl_cursor_ahead(*cursor, r->size, v.given, &at);
	if (ahead > 1)
		ahead = at = 0;
	for (; ahead < 2; ahead++, at = 0) {
		const struct pfm_ring_half *half;
		uint64_t fill = v.given + ahead, bytes;
		const char *start;
		ssize_t got;

		half = &h->half[fill & 1];
		start = (const char *)r->buf + HALVES_HDR +
			(fill & 1) * v.half_size;
		bytes = __atomic_load_n(&half->half_bytes, __ATOMIC_ACQUIRE);
		if (bytes > v.half_size || bytes % 8 || at > bytes || at % 8)
			return -EINVAL;
		if (at < bytes) {
			got = r->read(half, start, at, bytes, out);
			if (got < 0)
				return -EINVAL;
			*cursor = smpl_cursor(fill, r->size, at + (size_t)got);
			return 1;
		}
		if (fill == v.handed)
			return 0;
	}
	return 0;
}
