/* SPDX-License-Identifier: MIT
 *
 * smpl-profile.c - the format "profile": see <pfmcore_profile.h>, and stacks.c, which
 * does its work.
 */
#include "config.h"

#include "stacks.h"

static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	(void)ctx_flags;
	(void)npmds;
	return stacks_init(buf, arg, true);
}

SMPL_FORMAT(smpl_profile) = {
	.abi = PFM_SMPL_ABI,
	.version = PFM_PROFILE_VERSION,
	.uuid = PFM_PROFILE_UUID,
	.name = PFM_PROFILE_NAME,
	.desc = "equal call chains once in a half; for pfmon sample",
	.arg_size = sizeof(struct pfm_ring_arg),
	.handler = stacks_handler,
	.next = stacks_next,
	.validate = stacks_validate,
	.size = halves_size,
	.init = init,
	.restart = halves_restart,
	.task = stacks_task,
};
