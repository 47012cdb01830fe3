/* SPDX-License-Identifier: MIT
 *
 * ctx.h - what the C tests of contexts share.
 */
#ifndef PFM_TEST_CTX_H
#define PFM_TEST_CTX_H

#include <dirent.h>

#include "pfmcore.h"
#include "tap.h"

/* A context, or -1 and a remark. */
static inline int create(uint32_t flags)
{
	pfarg_ctx_t ctx = { .ctx_flags = flags };

	if (pfm_create_context(&ctx, NULL, 0) == 0)
		return ctx.ctx_fd;
	diag("create: %s", pfm_reason());
	return -1;
}

/* Descriptors this process has open, and one for the counting. */
static inline unsigned nfds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif /* PFM_TEST_CTX_H */
