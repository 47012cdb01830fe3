/* SPDX-License-Identifier: MIT
 *
 * machine.c - what groups of metrics are chosen by: the PMUs that are here, and
 * the numbers of the machine that metrics may use.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <pfmcore.h>

#include "cmd.h"
#include "cpulist.h"
#include "group.h"

#define SIBLINGS "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"

/* The core PMUs of this machine, each once. */
static void find_pmus(struct machine *m)
{
	struct cpus cpus = { 0 };
	unsigned i, k;

	cpus_online(&cpus);
	for (i = 0; i < CPUS_MAX && m->npmus < MACHINE_PMUS; i++) {
		const char *name;

		if (!cpus_has(&cpus, i))
			continue;
		name = pfm_pmu_model((int)i);
		for (k = 0; name && k < m->npmus; k++)
			if (!strcmp(m->pmus[k], name))
				break;
		if (name && k == m->npmus)
			m->pmus[m->npmus++] = name;
	}
}

/* Hardware threads of a core; 0: the kernel does not tell. */
static double siblings(void)
{
	char text[256];
	struct cpus cpus = { 0 };
	double n = 0;
	unsigned i;

	if (read_line_of(SIBLINGS, text, sizeof(text)) < 0)
		return 0;
	free(cpus_parse(text, &cpus));
	for (i = 0; i < CPUS_MAX; i++)
		n += cpus_has(&cpus, i);
	return n;
}

void machine_init(struct machine *m)
{
	*m = (struct machine){ .npmus = 0 };
	find_pmus(m);
	m->g.pmus = m->pmus;
	m->g.value[GROUP_SMT] = siblings();
}
