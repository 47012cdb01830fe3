/* SPDX-License-Identifier: MIT
 *
 * event-alias.c - the portable names: what every Linux offers under the same
 * name on every machine, hardware or kernel event.  Tables and a lookup; the
 * grammar around a name is event.c's.  No file, no library, no system call.
 */
#include "config.h"

#include <ctype.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "priv.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* The first row of a code is its canonical name, as libpfm4 spells it. */
/* clang-format off */
static const struct alias {
	const char *name;
	uint32_t type;
	uint32_t config;
} aliases[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES },
	{ "bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES },
	{ "stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
	{ "stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND },
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ },
	{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS },
	{ "emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS },
};

/* perf_event_open(2), PERF_TYPE_HW_CACHE: cache | op << 8 | result << 16 */
#define OP(x) (1u << PERF_COUNT_HW_CACHE_OP_##x)
static const struct {
	const char *name;
	uint32_t cache;
	unsigned ops; /* operations the kernel knows for it */
} caches[] = {
	{ "L1-dcache", PERF_COUNT_HW_CACHE_L1D, OP(READ) | OP(WRITE) | OP(PREFETCH) },
	{ "L1-icache", PERF_COUNT_HW_CACHE_L1I, OP(READ) | OP(PREFETCH) },
	{ "LLC", PERF_COUNT_HW_CACHE_LL, OP(READ) | OP(WRITE) | OP(PREFETCH) },
	{ "dTLB", PERF_COUNT_HW_CACHE_DTLB, OP(READ) | OP(WRITE) | OP(PREFETCH) },
	{ "iTLB", PERF_COUNT_HW_CACHE_ITLB, OP(READ) },
	{ "branch", PERF_COUNT_HW_CACHE_BPU, OP(READ) },
	{ "node", PERF_COUNT_HW_CACHE_NODE, OP(READ) | OP(WRITE) | OP(PREFETCH) },
};
static const struct {
	const char *name;
	uint32_t op, result;
} accesses[] = {
	{ "loads", PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "load-misses", PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS },
	{ "stores", PERF_COUNT_HW_CACHE_OP_WRITE, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "store-misses", PERF_COUNT_HW_CACHE_OP_WRITE, PERF_COUNT_HW_CACHE_RESULT_MISS },
	{ "prefetches", PERF_COUNT_HW_CACHE_OP_PREFETCH, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "prefetch-misses", PERF_COUNT_HW_CACHE_OP_PREFETCH, PERF_COUNT_HW_CACHE_RESULT_MISS },
};
/* clang-format on */

static bool name_equal(const char *a, const char *b, bool underscores)
{
	char c;

	for (;; a++, b++) {
		c = underscores && *a == '_' ? '-' : *a;
		if (tolower((unsigned char)c) != tolower((unsigned char)*b))
			return false;
		if (!c)
			return true;
	}
}

/* Cache event i, j of the two tables in buf; false when there is none. */
static bool cache_name(unsigned i, unsigned j, char buf[EVENT_ALIAS_MAX])
{
	if (!(caches[i].ops & 1u << accesses[j].op))
		return false;
	snprintf(buf, EVENT_ALIAS_MAX, "%s-%s", caches[i].name,
		 accesses[j].name);
	return true;
}

static const char *alias_canonical(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (aliases[i].type == aliases[n].type &&
		    aliases[i].config == aliases[n].config)
			return aliases[i].name;
	return aliases[n].name;
}

const char *event_alias_find(struct event_draft *d, const struct event_words *w,
			     char buf[EVENT_ALIAS_MAX])
{
	/* ARM has an event CPU_CYCLES of its own: only perf:: takes '_'. */
	bool underscores = w->pmu;

	if (w->pmu && strcasecmp(w->pmu, "perf"))
		return NULL;
	for (unsigned i = 0; i < N(aliases); i++)
		if (name_equal(w->w[0], aliases[i].name, underscores)) {
			d->type = aliases[i].type;
			d->config = aliases[i].config;
			return alias_canonical(i);
		}
	for (unsigned i = 0; i < N(caches); i++)
		for (unsigned j = 0; j < N(accesses); j++)
			if (cache_name(i, j, buf) &&
			    name_equal(w->w[0], buf, underscores)) {
				d->type = PERF_TYPE_HW_CACHE;
				d->config = caches[i].cache |
					    accesses[j].op << 8 |
					    accesses[j].result << 16;
				return buf;
			}
	return NULL;
}

void event_alias_near(struct event_near *near)
{
	char buf[EVENT_ALIAS_MAX];

	for (unsigned i = 0; i < N(aliases); i++)
		event_near_add(near, aliases[i].name, aliases[i].name);
	for (unsigned i = 0; i < N(caches); i++)
		for (unsigned j = 0; j < N(accesses); j++)
			if (cache_name(i, j, buf))
				event_near_add(near, buf, buf);
}

/* Who counts events of that type. */
static const char *type_name(uint32_t type)
{
	switch (type) {
	case PERF_TYPE_HARDWARE:
		return "counted by the processor, by any that has it";
	case PERF_TYPE_HW_CACHE:
		return "caches of any processor that has it";
	default:
		return "counted by the kernel";
	}
}

int event_alias_list(struct event_show *s)
{
	struct pfm_event_desc desc = {
		.source = "portable", .pmu = "perf", .here = true, .id = -1
	};
	char buf[EVENT_ALIAS_MAX];
	int ret = 0;

	if (!event_show_wants(s, "perf"))
		return 0;
	for (unsigned i = 0; i < N(aliases) && !ret; i++) {
		desc.name = aliases[i].name;
		desc.same = alias_canonical(i);
		if (!strcmp(desc.same, desc.name))
			desc.same = NULL;
		desc.desc = type_name(aliases[i].type);
		ret = s->call(&desc, s->arg);
	}
	desc.same = NULL;
	desc.desc = type_name(PERF_TYPE_HW_CACHE);
	for (unsigned i = 0; i < N(caches) && !ret; i++)
		for (unsigned j = 0; j < N(accesses) && !ret; j++)
			if (cache_name(i, j, buf)) {
				desc.name = buf;
				ret = s->call(&desc, s->arg);
			}
	return ret;
}
