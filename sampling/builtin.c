/* SPDX-License-Identifier: MIT
 *
 * builtin.c - the one list of the formats that are linked into a program.
 */
#include "config.h"

#include "sampling.h"

extern const struct pfm_smpl_fmt smpl_default;
extern const struct pfm_smpl_fmt smpl_hist;
extern const struct pfm_smpl_fmt smpl_profile;
extern const struct pfm_smpl_fmt smpl_raw;
extern const struct pfm_smpl_fmt smpl_ring;

static const struct pfm_smpl_fmt *const builtin[] = {
	&smpl_default, &smpl_hist, &smpl_profile, &smpl_raw, &smpl_ring,
};

void smpl_register_builtin(void)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		pfm_fmt_register(builtin[i]);
}
