/* SPDX-License-Identifier: MIT
 *
 * stacks.h - the hooks of the formats profile and raw, which differ in one
 * thing: whether equal call chains are written once.
 */
#ifndef PFM_STACKS_H
#define PFM_STACKS_H

#include "halves.h"
#include "pfmcore_profile.h"

int stacks_validate(uint32_t ctx_flags, unsigned npmds, const void *arg);
/* intern: chains stand once. */
int stacks_init(void *buf, const struct pfm_ring_arg *arg, bool intern);
int stacks_handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl);
int stacks_task(void *buf, const struct pfm_task *t, uint32_t *ctrl);
int stacks_next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out);

#endif /* PFM_STACKS_H */
