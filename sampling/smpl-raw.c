/* SPDX-License-Identifier: MIT
 *
 * smpl-raw.c - the format "raw": see <pfmcore_profile.h>, and stacks.c, which
 * does its work.
 */
#include "config.h"

#include "stacks.h"

static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	(void)ctx_flags;
	(void)npmds;
	return stacks_init(buf, arg, false);
}

SMPL_FORMAT(smpl_raw) = {
	.abi = PFM_SMPL_ABI,
	.version = PFM_PROFILE_VERSION,
	.uuid = PFM_RAW_UUID,
	.name = PFM_RAW_NAME,
	.desc = "each overflow with its own call chain, registers, stack",
	.arg_size = sizeof(struct pfm_ring_arg),
	.handler = stacks_handler,
	.next = stacks_next,
	.validate = stacks_validate,
	.size = halves_size,
	.init = init,
	.restart = halves_restart,
	.task = stacks_task,
};
