/* SPDX-License-Identifier: MIT
 *
 * backend.c - the table of backends.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "msr.h"
#include "priv.h"

extern const struct pfm_backend pfm_backend_perf;
extern const struct pfm_backend pfm_backend_msr;

/* auto is the first. */
static const struct pfm_backend *const backends[] = {
	&pfm_backend_perf,
	&pfm_backend_msr,
};
#define NBACKENDS (sizeof(backends) / sizeof(backends[0]))

const struct pfm_backend *backend_find(const char *name)
{
	if (strcmp(name, "auto") == 0)
		return backends[0];
	for (size_t i = 0; i < NBACKENDS; i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	fail(EINVAL, "no backend '%s': auto, perf or msr", name);
	return NULL;
}

static void way_tried(struct pfm_way *way, int ret)
{
	way->err = ret < 0 ? -ret : 0;
	way->reason[0] = '\0';
	if (ret < 0)
		snprintf(way->reason, sizeof(way->reason), "%s", pfm_reason());
}

int pfm_backend_list(unsigned i, int cpu, struct pfm_way *way)
{
	if (i >= NBACKENDS)
		return edge(fail(ENOENT, "there are %zu backends", NBACKENDS));
	way->name = backends[i]->name;
	way->desc = backends[i]->desc;
	way_tried(way, backends[i]->probe(cpu));
	return 0;
}

int pfm_transport_list(unsigned i, int cpu, struct pfm_way *way)
{
	const struct pfm_msr_ops *ops = msr_transport(i);
	struct msr_cpu c = { .ops = ops, .cpu = cpu < 0 ? 0 : cpu, .fd = -1 };
	int ret;

	if (!ops)
		return edge(fail(ENOENT, "there are %u transports", i));
	way->name = ops->name;
	way->desc = ops->desc;
	ret = ops->open(&c);
	if (ret == 0)
		ops->close(&c);
	way_tried(way, ret);
	return 0;
}
