/* SPDX-License-Identifier: MIT
 *
 * sampling.h - the sampling formats that are linked into pfmon.
 */
#ifndef PFM_SAMPLING_H
#define PFM_SAMPLING_H

#include <pfmcore_fmt.h>
#include <stdint.h>

/*
 * Registers each of them; main() calls it once, before the first context.  One
 * whose name or UUID the process has already stays out.
 */
void smpl_register_builtin(void);

/*
 * The head of a format's definition: the same file is linked into a program, or
 * built with SMPL_MODULE into a file of its own.
 */
#ifdef SMPL_MODULE
#define SMPL_FORMAT(object)                               \
	extern const struct pfm_smpl_fmt pfm_smpl_format; \
	const struct pfm_smpl_fmt pfm_smpl_format
#else
#define SMPL_FORMAT(object)                      \
	extern const struct pfm_smpl_fmt object; \
	const struct pfm_smpl_fmt object
#endif

/*
 * Cursors of a buffer that is filled again and again: which filling, counted
 * from 0 and modulo what a size_t holds, and an offset in it, up to size.  Never
 * 0, for that is where a reader begins.
 */
static inline size_t smpl_cursor(uint64_t fill, size_t size, size_t at)
{
	size_t span = size + 2;

	return (size_t)(fill % (SIZE_MAX / span)) * span + at + 1;
}

/*
 * How many fillings after that one the cursor stands, and its offset there: a
 * large number when it stands before it, or nowhere.
 */
static inline size_t smpl_cursor_ahead(size_t cursor, size_t size,
				       uint64_t fill, size_t *at)
{
	size_t span = size + 2, m = SIZE_MAX / span, of = cursor / span;

	*at = cursor % span - 1;
	if (cursor % span == 0 || of >= m)
		return SIZE_MAX;
	return (of + m - (size_t)(fill % m)) % m;
}

#endif /* PFM_SAMPLING_H */
