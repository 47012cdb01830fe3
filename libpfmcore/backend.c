/* SPDX-License-Identifier: MIT
 *
 * backend.c - the table of backends.
 */
#include "config.h"

#include <string.h>

#include "priv.h"

extern const struct pfm_backend pfm_backend_perf;

static const struct pfm_backend *const backends[] = {
	&pfm_backend_perf,
};

const struct pfm_backend *backend_find(const char *name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	fail(EINVAL, "no backend '%s': auto or perf", name);
	return NULL;
}
