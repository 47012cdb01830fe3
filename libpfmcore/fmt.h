/* SPDX-License-Identifier: MIT
 *
 * fmt.h - sampling formats by name and by UUID: what the library needs of fmt.c
 * beyond <pfmcore_fmt.h>.
 */
#ifndef PFM_FMT_H
#define PFM_FMT_H

#include "pfmcore_fmt.h"

/*
 * The format with this UUID, registered or from a module; NULL with a reason,
 * for the caller to return -EINVAL.
 */
const struct pfm_smpl_fmt *fmt_by_uuid(const uint8_t uuid[16]);

/* fork: the child finds the registry as it was, and its lock free. */
void fmt_before_fork(void);
void fmt_after_fork(void);

#endif /* PFM_FMT_H */
