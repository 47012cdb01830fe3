/* SPDX-License-Identifier: MIT
 *
 * info-topology.c - packages, dies, cores, kinds of core and caches.  Counted
 * from the lists in sysfs, which name each CPU's siblings: the first of a list
 * stands for the package, core or cache.
 */
#include "config.h"

#include "info.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define SYS_CPU "/sys/devices/system/cpu"

/* A line of a file in the CPU's directory; false when there is none. */
static bool cpu_line(unsigned cpu, const char *file, char *buf, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), SYS_CPU "/cpu%u/%s", cpu, file);
	return read_line_of(path, buf, size) == 0;
}

/* Is the CPU the first of the list in that file? */
static bool is_first(unsigned cpu, const char *file)
{
	char list[256];

	return cpu_line(cpu, file, list, sizeof(list)) &&
	       isdigit((unsigned char)list[0]) &&
	       strtoul(list, NULL, 10) == cpu;
}

static unsigned count_first(const struct cpus *online, const char *file)
{
	unsigned cpu, n = 0;

	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		n += cpus_has(online, cpu) && is_first(cpu, file);
	return n;
}

static struct info_cache *find_cache(struct topology *t,
				     const struct info_cache *like)
{
	unsigned i;

	for (i = 0; i < t->ncaches; i++)
		if (t->caches[i].level == like->level &&
		    !strcmp(t->caches[i].type, like->type) &&
		    !strcmp(t->caches[i].size, like->size))
			return &t->caches[i];
	t->caches =
		xreallocarray(t->caches, t->ncaches + 1, sizeof(*t->caches));
	t->caches[t->ncaches] = *like;
	return &t->caches[t->ncaches++];
}

/* The caches whose first CPU this is. */
static void add_caches(struct topology *t, unsigned cpu)
{
	struct info_cache cache = { 0 };
	char file[64], level[8];
	unsigned i;

	for (i = 0;; i++) {
		snprintf(file, sizeof(file), "cache/index%u/level", i);
		if (!cpu_line(cpu, file, level, sizeof(level)))
			return;
		cache.level = (unsigned)strtoul(level, NULL, 10);
		snprintf(file, sizeof(file), "cache/index%u/shared_cpu_list",
			 i);
		if (!is_first(cpu, file))
			continue;
		snprintf(file, sizeof(file), "cache/index%u/type", i);
		if (!cpu_line(cpu, file, cache.type, sizeof(cache.type)))
			continue;
		snprintf(file, sizeof(file), "cache/index%u/size", i);
		if (cpu_line(cpu, file, cache.size, sizeof(cache.size)))
			find_cache(t, &cache)->count++;
	}
}

static int compare_caches(const void *a, const void *b)
{
	const struct info_cache *x = a, *y = b;

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	return strcmp(x->type, y->type);
}

/* A PMU of its own for each kind of core: cpu_core, cpu_atom. */
static void add_types(struct topology *t, const char *pattern)
{
	struct info_type type;
	const char *dir;
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		dir = found.gl_pathv[i] + strlen("/sys/devices/");
		snprintf(type.name, sizeof(type.name), "%.*s",
			 (int)strcspn(dir, "/"), dir);
		if (!strncmp(dir, "cpu_", 4))
			memmove(type.name, type.name + 4,
				strlen(type.name + 4) + 1);
		if (!cpus_read(found.gl_pathv[i], &type.cpus))
			continue;
		t->types = xreallocarray(t->types, t->ntypes + 1,
					 sizeof(*t->types));
		t->types[t->ntypes++] = type;
	}
	globfree(&found);
}

void topology_read(struct topology *t, const struct cpus *online)
{
	unsigned cpu;

	*t = (struct topology){ 0 };
	/* The old names: kernels before 5.3 have no others. */
	t->packages = count_first(online, "topology/core_siblings_list");
	t->dies = count_first(online, "topology/die_cpus_list");
	t->cores = count_first(online, "topology/thread_siblings_list");
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(online, cpu))
			continue;
		t->cpus++;
		add_caches(t, cpu);
	}
	if (t->ncaches)
		qsort(t->caches, t->ncaches, sizeof(*t->caches),
		      compare_caches);
	add_types(t, "/sys/devices/cpu_*/cpus");
	add_types(t, "/sys/devices/armv8_*/cpus");
}

void topology_release(struct topology *t)
{
	free(t->types);
	free(t->caches);
}
