/* SPDX-License-Identifier: MIT
 *
 * smpl-default.c - perfmon2's format "default": one buffer, filled from its
 * start; when the largest entry there can be no longer fits, monitoring is
 * masked until a restart.  The layout is <perfmon/perfmon_dfl_smpl.h>.
 */
#include "config.h"

#include <errno.h>
#include <perfmon/perfmon_dfl_smpl.h>
#include <string.h>

#include "sampling.h"

#define HDR_SIZE sizeof(pfm_dfl_smpl_hdr_t)
#define ENTRY_SIZE sizeof(pfm_dfl_smpl_entry_t)
#define RESTARTS 0 /* of hdr_reserved: tells one filling from the next */

static uint64_t largest_entry(unsigned npmds)
{
	return ENTRY_SIZE + sizeof(uint64_t) * npmds;
}

static int validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const pfm_dfl_smpl_arg_t *a = arg;

	(void)ctx_flags;
	if (a->buf_size < HDR_SIZE + largest_entry(npmds))
		return -EINVAL;
	return 0;
}

static int buffer_size(uint32_t ctx_flags, const void *arg, size_t *bytes)
{
	const pfm_dfl_smpl_arg_t *a = arg;

	(void)ctx_flags;
	if (a->buf_size > SIZE_MAX)
		return -ENOMEM;
	*bytes = (size_t)a->buf_size;
	return 0;
}

static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const pfm_dfl_smpl_arg_t *a = arg;
	pfm_dfl_smpl_hdr_t *h = buf;

	(void)ctx_flags;
	h->hdr_version = PFM_DFL_SMPL_VERSION;
	h->hdr_buf_size = a->buf_size;
	h->hdr_buf_flags = a->buf_flags;
	h->hdr_cur_offs = HDR_SIZE;
	h->hdr_overflows = 0;
	h->hdr_count = 0;
	h->hdr_min_buf_space = largest_entry(npmds);
	return 0;
}

static bool is_full(const pfm_dfl_smpl_hdr_t *h)
{
	return h->hdr_buf_size - h->hdr_cur_offs < h->hdr_min_buf_space;
}

/* A reader may look while this runs: the entry is whole before it counts. */
static void append(pfm_dfl_smpl_hdr_t *h, const struct pfm_ovfl *o)
{
	size_t values = sizeof(uint64_t) * o->nvalues;
	char *at = (char *)h + h->hdr_cur_offs;
	pfm_dfl_smpl_entry_t e = {
		.pid = o->tid,
		.ovfl_pmd = o->pmd,
		.reserved = o->nvalues,
		.last_reset_val = o->last_reset,
		.ip = o->ip,
		.tstamp = o->tstamp,
		.cpu = o->cpu,
		.set = o->set,
		.tgid = o->tgid,
	};

	memcpy(at, &e, ENTRY_SIZE);
	if (values)
		memcpy(at + ENTRY_SIZE, o->values, values);
	__atomic_store_n(&h->hdr_cur_offs,
			 h->hdr_cur_offs + ENTRY_SIZE + values,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&h->hdr_count, h->hdr_count + 1, __ATOMIC_RELEASE);
}

static int handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	pfm_dfl_smpl_hdr_t *h = buf;

	if (!is_full(h)) {
		append(h, o);
		if (!is_full(h)) {
			*ctrl = PFM_OVFL_CTRL_RESET;
			return 0;
		}
	}
	__atomic_store_n(&h->hdr_overflows, h->hdr_overflows + 1,
			 __ATOMIC_RELAXED);
	*ctrl = PFM_OVFL_CTRL_NOTIFY | PFM_OVFL_CTRL_MASK;
	return -ENOBUFS;
}

static int restart(void *buf, bool active, uint32_t *ctrl)
{
	pfm_dfl_smpl_hdr_t *h = buf;

	(void)active;
	__atomic_store_n(&h->hdr_count, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&h->hdr_cur_offs, HDR_SIZE, __ATOMIC_RELAXED);
	__atomic_store_n(&h->hdr_reserved[RESTARTS],
			 h->hdr_reserved[RESTARTS] + 1, __ATOMIC_RELEASE);
	*ctrl = PFM_OVFL_CTRL_RESET;
	return 0;
}

/* The one that fills the buffer is among them. */
static unsigned room(const void *buf, unsigned nvalues)
{
	const pfm_dfl_smpl_hdr_t *h = buf;
	uint64_t left = h->hdr_buf_size - h->hdr_cur_offs, n;

	if (is_full(h))
		return 0;
	n = (left - h->hdr_min_buf_space) /
		    (ENTRY_SIZE + sizeof(uint64_t) * nvalues) +
	    1;
	return n > UINT32_MAX ? UINT32_MAX : (unsigned)n;
}

/* size is all that can be trusted. */
static int next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	const pfm_dfl_smpl_hdr_t *h = buf;
	pfm_dfl_smpl_entry_t e;
	uint64_t end, fill;
	size_t at, after;

	if (size < HDR_SIZE)
		return -EINVAL;
	fill = __atomic_load_n(&h->hdr_reserved[RESTARTS], __ATOMIC_ACQUIRE);
	if (smpl_cursor_ahead(*cursor, size, fill, &at) != 0)
		at = HDR_SIZE;
	end = __atomic_load_n(&h->hdr_cur_offs, __ATOMIC_ACQUIRE);
	if (end < HDR_SIZE || end > size || end % 8 || at < HDR_SIZE || at % 8)
		return -EINVAL;
	if (at >= end)
		return 0;
	if (end - at < ENTRY_SIZE)
		return -EINVAL;
	memcpy(&e, (const char *)buf + at, ENTRY_SIZE);
	after = at + ENTRY_SIZE + sizeof(uint64_t) * e.reserved;
	if (after > end)
		return -EINVAL;
	*out = (struct pfm_ovfl){
		.ip = e.ip,
		.tstamp = e.tstamp,
		.last_reset = e.last_reset_val,
		.tid = e.pid,
		.tgid = e.tgid,
		.cpu = e.cpu,
		.set = e.set,
		.pmd = e.ovfl_pmd,
		.nvalues = e.reserved,
		.values = (const void *)((const char *)buf + at + ENTRY_SIZE),
	};
	*cursor = smpl_cursor(fill, size, after);
	return 1;
}

SMPL_FORMAT(smpl_default) = {
	.abi = PFM_SMPL_ABI,
	.version = PFM_DFL_SMPL_VERSION,
	.uuid = PFM_DFL_SMPL_UUID,
	.name = PFM_DFL_SMPL_NAME,
	.desc = "perfmon2's own: one buffer, masked while it is full",
	.arg_size = sizeof(pfm_dfl_smpl_arg_t),
	.handler = handler,
	.next = next,
	.validate = validate,
	.size = buffer_size,
	.init = init,
	.restart = restart,
	.room = room,
};
