/* SPDX-License-Identifier: MIT
 *
 * smpl-hist.c - the format "hist": a histogram of addresses, in a table with
 * open addressing.  The layout is <pfmcore_hist.h>.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "pfmcore_hist.h"
#include "sampling.h"

#define HDR_SIZE sizeof(struct pfm_hist_hdr)
#define ENTRY_SIZE sizeof(struct pfm_hist_entry)

/* An address is looked for in so many places. */
#define PROBES 64

_Static_assert(sizeof(struct pfm_hist_arg) == 64, "pfm_hist_arg");
_Static_assert(sizeof(struct pfm_hist_hdr) == 64, "pfm_hist_hdr");
_Static_assert(sizeof(struct pfm_hist_entry) == 32, "pfm_hist_entry");

static int validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct pfm_hist_arg *a = arg;
	uint64_t reserved = 0;

	(void)ctx_flags;
	(void)npmds;
	for (unsigned i = 0; i < 7; i++)
		reserved |= a->reserved[i];
	if (a->buf_size < HDR_SIZE + PROBES * ENTRY_SIZE || reserved)
		return -EINVAL;
	return 0;
}

static int buffer_size(uint32_t ctx_flags, const void *arg, size_t *bytes)
{
	const struct pfm_hist_arg *a = arg;

	(void)ctx_flags;
	if (a->buf_size > SIZE_MAX)
		return -ENOMEM;
	*bytes = (size_t)a->buf_size;
	return 0;
}

static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct pfm_hist_arg *a = arg;
	struct pfm_hist_hdr *h = buf;

	(void)ctx_flags;
	(void)npmds;
	memset(h, 0, sizeof(*h));
	h->hist_version = PFM_HIST_VERSION;
	h->hist_entries = (a->buf_size - HDR_SIZE) / ENTRY_SIZE;
	return 0;
}

static uint64_t hash(const struct pfm_ovfl *o)
{
	uint64_t x = o->ip ^ (uint64_t)o->tgid << 40 ^ (uint64_t)o->pmd << 56;

	x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

static bool same(const struct pfm_hist_entry *e, const struct pfm_ovfl *o)
{
	return e->hist_ip == o->ip && e->hist_tgid == o->tgid &&
	       e->hist_pmd == o->pmd && e->hist_set == o->set;
}

static struct pfm_hist_entry *find(struct pfm_hist_hdr *h,
				   const struct pfm_ovfl *o)
{
	struct pfm_hist_entry *table = (void *)(h + 1);
	uint64_t at = hash(o) % h->hist_entries;

	for (unsigned i = 0; i < PROBES; i++) {
		struct pfm_hist_entry *e = &table[(at + i) % h->hist_entries];

		if (e->hist_count == 0) {
			e->hist_ip = o->ip;
			e->hist_tgid = o->tgid;
			e->hist_pmd = o->pmd;
			e->hist_set = o->set;
			h->hist_used++;
			return e;
		}
		if (same(e, o))
			return e;
	}
	return NULL;
}

static int handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	struct pfm_hist_hdr *h = buf;
	struct pfm_hist_entry *e = find(h, o);
	uint64_t weight = o->weight ? o->weight : 0 - o->last_reset;

	*ctrl = 0;
	h->hist_seq++;
	if (!e) {
		h->hist_lost++;
		return 0;
	}
	__atomic_store_n(&e->hist_weight, e->hist_weight + weight,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&e->hist_count, e->hist_count + 1, __ATOMIC_RELEASE);
	return 0;
}

/* The cursor is one more than the entry to look at next. */
static int next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	const struct pfm_hist_hdr *h = buf;
	const struct pfm_hist_entry *table = (const void *)(h + 1);
	uint64_t n;

	if (size < HDR_SIZE)
		return -EINVAL;
	n = __atomic_load_n(&h->hist_entries, __ATOMIC_RELAXED);
	if (n > (size - HDR_SIZE) / ENTRY_SIZE)
		return -EINVAL;
	for (size_t i = *cursor ? *cursor - 1 : 0; i < n; i++) {
		const struct pfm_hist_entry *e = &table[i];

		if (!__atomic_load_n(&e->hist_count, __ATOMIC_ACQUIRE))
			continue;
		*out = (struct pfm_ovfl){
			.ip = e->hist_ip,
			.tgid = e->hist_tgid,
			.tid = e->hist_tgid,
			.set = e->hist_set,
			.pmd = e->hist_pmd,
			.nvalues = 1,
			.values = &e->hist_count,
			.weight = __atomic_load_n(&e->hist_weight,
						  __ATOMIC_RELAXED),
		};
		*cursor = i + 2;
		return 1;
	}
	*cursor = (size_t)n + 1;
	return 0;
}

SMPL_FORMAT(smpl_hist) = {
	.abi = PFM_SMPL_ABI,
	.version = PFM_HIST_VERSION,
	.uuid = PFM_HIST_UUID,
	.name = PFM_HIST_NAME,
	.desc = "a count for each address, in memory; read at the end",
	.arg_size = sizeof(struct pfm_hist_arg),
	.handler = handler,
	.next = next,
	.validate = validate,
	.size = buffer_size,
	.init = init,
};
