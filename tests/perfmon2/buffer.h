/* SPDX-License-Identifier: MIT
 *
 * buffer.h - contexts with a sampling buffer of the format "default", for the
 * tests of samples: exact.h, and the buffer.
 */
#ifndef PFM_TEST_BUFFER_H
#define PFM_TEST_BUFFER_H

#include <perfmon/perfmon_dfl_smpl.h>
#include <pfmcore_fmt.h>

#include "exact.h"
#include "sampling.h"

/* PMDs that the backend perf has: what the largest entry holds. */
static unsigned implemented_pmds(int fd)
{
	pfarg_setinfo_t i = info(fd, 0);
	unsigned n = 0;

	for (unsigned k = 0; k < PFM_PMD_BV; k++)
		n += (unsigned)__builtin_popcountll(i.set_avail_pmds[k]);
	return n;
}

/* Of so many bytes; *hdr (may be NULL) is where it is mapped. */
static int buffer_context(uint32_t flags, size_t bytes,
			  const pfm_dfl_smpl_hdr_t **hdr)
{
	pfm_dfl_smpl_arg_t arg = { .buf_size = bytes };
	pfarg_ctx_t ctx = { .ctx_smpl_buf_id = PFM_DFL_SMPL_UUID,
			    .ctx_flags = flags };

	smpl_register_builtin();
	if (!EXPECT(pfm_create_context(&ctx, &arg, sizeof(arg)) == 0))
		give_up();
	if (hdr)
		*hdr = pfm_smpl_map(ctx.ctx_fd, ctx.ctx_smpl_buf_size);
	if (hdr && !EXPECT(*hdr))
		give_up();
	return ctx.ctx_fd;
}

/* Bytes for a buffer that is full with n entries of nvalues values. */
static size_t bytes_for(unsigned n, unsigned nvalues, unsigned npmds)
{
	return sizeof(pfm_dfl_smpl_hdr_t) + sizeof(pfm_dfl_smpl_entry_t) +
	       8 * npmds +
	       (n - 1) * (sizeof(pfm_dfl_smpl_entry_t) + 8 * nvalues);
}

/* The entry after e, or the first; and its values. */
static const pfm_dfl_smpl_entry_t *entry(const pfm_dfl_smpl_hdr_t *hdr,
					 unsigned i, unsigned nvalues)
{
	size_t size = sizeof(pfm_dfl_smpl_entry_t) + 8 * nvalues;

	return (const void *)((const char *)(hdr + 1) + i * size);
}

static uint64_t entry_value(const pfm_dfl_smpl_entry_t *e, unsigned i)
{
	return ((const uint64_t *)(e + 1))[i];
}

#endif /* PFM_TEST_BUFFER_H */
