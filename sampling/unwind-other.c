/* SPDX-License-Identifier: MIT
 *
 * unwind-other.c - architectures whose registers are not known here: samples
 * are asked for none, and walks give no frame.
 */
#include "config.h"

#include "unwind-priv.h"

const struct unwind_arch unwind_arch = { .ra_mask = UINT64_MAX };

const uint64_t unwind_regs_mask = 0;

bool arch_returns(const struct cfi_code *code, const struct unwind_row *row)
{
	(void)code;
	(void)row;
	return false;
}
