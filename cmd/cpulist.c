/* SPDX-License-Identifier: MIT
 *
 * cpulist.c - CPU expressions: 0-3,8  S0  S0:0-3  N1  L3:0  core  atom.  The
 * machine's layout is read from sysfs, and only as far as an expression asks.
 * After a domain and a colon, numbers count within that domain.
 */
#include "config.h"

#include "cpulist.h"

#include "cmd.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYS_CPU "/sys/devices/system/cpu"

bool cpus_has(const struct cpus *c, unsigned cpu)
{
	return cpu < CPUS_MAX && c->bv[cpu / 64] >> cpu % 64 & 1;
}

void cpus_set(struct cpus *c, unsigned cpu)
{
	if (cpu < CPUS_MAX)
		c->bv[cpu / 64] |= 1ULL << cpu % 64;
}

static bool parse_unsigned(const char **p, unsigned *val)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)**p))
		return false;
	n = strtoul(*p, &end, 10);
	if (n > INT_MAX)
		return false;
	*val = (unsigned)n;
	*p = end;
	return true;
}

/* "3" or "0-7". */
static bool parse_range(const char **p, unsigned *lo, unsigned *hi)
{
	if (!parse_unsigned(p, lo))
		return false;
	*hi = *lo;
	if (**p != '-')
		return true;
	(*p)++;
	return parse_unsigned(p, hi) && *hi >= *lo;
}

bool cpus_read(const char *path, struct cpus *c)
{
	char buf[4096];
	const char *p = buf;
	unsigned lo, hi;

	memset(c, 0, sizeof(*c));
	if (read_line_of(path, buf, sizeof(buf)) < 0)
		return false;
	while (parse_range(&p, &lo, &hi)) {
		for (; lo <= hi; lo++)
			cpus_set(c, lo);
		if (*p == ',')
			p++;
	}
	return true;
}

void cpus_online(struct cpus *c)
{
	if (!cpus_read(SYS_CPU "/online", c))
		die("cannot read " SYS_CPU "/online: %m");
}

/* The number in a file of a CPU's directory, -1 when it has none. */
static int cpu_number(unsigned cpu, const char *file)
{
	char path[128], buf[32];

	snprintf(path, sizeof(path), SYS_CPU "/cpu%u/%s", cpu, file);
	if (read_line_of(path, buf, sizeof(buf)) < 0 ||
	    !isdigit((unsigned char)buf[0]))
		return -1;
	return (int)strtol(buf, NULL, 10);
}

/* The id of the cache at a level that serves a CPU. */
static int cache_id(unsigned cpu, unsigned level)
{
	char file[64];
	unsigned i;
	int found;

	for (i = 0;; i++) {
		snprintf(file, sizeof(file), "cache/index%u/level", i);
		found = cpu_number(cpu, file);
		if (found < 0)
			return -1;
		if (found != (int)level)
			continue;
		snprintf(file, sizeof(file), "cache/index%u/id", i);
		return cpu_number(cpu, file);
	}
}

/*
 * The online CPUs of the domain at *p: S0, N1, L3:0, core, atom.  EINVAL when
 * the text names none, ENXIO when the machine has no such domain.
 */
static int parse_domain(const char **p, const struct cpus *on, struct cpus *dom)
{
	unsigned cpu, id, level = 0;
	char kind = **p, path[128];

	memset(dom, 0, sizeof(*dom));
	if (!strncmp(*p, "core", 4) || !strncmp(*p, "atom", 4)) {
		snprintf(path, sizeof(path), "/sys/devices/cpu_%.4s/cpus", *p);
		*p += 4;
		return cpus_read(path, dom) ? 0 : ENXIO;
	}
	(*p)++;
	if (kind == 'L' && (!parse_unsigned(p, &level) || *(*p)++ != ':'))
		return EINVAL;
	if (!strchr("SNL", kind) || !parse_unsigned(p, &id))
		return EINVAL;
	if (kind == 'N') {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%u/cpulist", id);
		return cpus_read(path, dom) ? 0 : ENXIO;
	}
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(on, cpu))
			continue;
		if ((kind == 'L' ?
			     cache_id(cpu, level) :
			     cpu_number(cpu, "topology/physical_package_id")) ==
		    (int)id)
			cpus_set(dom, cpu);
	}
	return 0;
}

char *cpus_format(const struct cpus *c)
{
	char *list = xstrdup(""), *more;
	unsigned lo, hi;

	for (lo = 0; lo < CPUS_MAX; lo = hi + 1) {
		hi = lo;
		if (!cpus_has(c, lo))
			continue;
		while (cpus_has(c, hi + 1))
			hi++;
		more = xasprintf("%s%s%u", list, *list ? "," : "", lo);
		free(list);
		list = more;
		if (hi == lo)
			continue;
		more = xasprintf("%s-%u", list, hi);
		free(list);
		list = more;
	}
	return list;
}

static bool is_empty(const struct cpus *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(c->bv); i++)
		if (c->bv[i])
			return false;
	return true;
}

/* Copy those whose index within the domain is lo to hi; how many. */
static unsigned add_members(const struct cpus *dom, unsigned lo, unsigned hi,
			    struct cpus *c)
{
	unsigned cpu, index = 0, n = 0;

	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(dom, cpu))
			continue;
		if (index >= lo && index <= hi) {
			cpus_set(c, cpu);
			n++;
		}
		index++;
	}
	return n;
}

/* The text of a refusal, with its errno. */
static char *refuse(int err, char *text)
{
	errno = err;
	return text;
}

static char *not_a_list(const char *start)
{
	return refuse(EINVAL,
		      xasprintf("'%s' is not a CPU list such as 0-3,8 S0 S0:0-3"
				" N1 L3:0 core atom",
				start));
}

static char *add_numbers(const char **p, const struct cpus *on, struct cpus *c)
{
	const char *start = *p;
	unsigned lo, hi;

	if (!parse_range(p, &lo, &hi))
		return not_a_list(start);
	for (; lo <= hi; lo++) {
		if (!cpus_has(on, lo))
			return refuse(ENXIO,
				      xasprintf("CPU %u is not online here; "
						"see " SYS_CPU "/online",
						lo));
		cpus_set(c, lo);
	}
	return NULL;
}

/* A domain, and within it all or the numbered CPUs. */
static char *add_domain(const char **p, const struct cpus *on, struct cpus *c)
{
	const char *start = *p;
	int len = (int)strcspn(start, ","), err;
	unsigned lo = 0, hi = CPUS_MAX, want = 1, cpu;
	struct cpus dom;

	err = parse_domain(p, on, &dom);
	if (err == EINVAL)
		return not_a_list(start);
	if (err || is_empty(&dom))
		return refuse(ENXIO, xasprintf("this machine has no CPUs "
					       "'%.*s'",
					       len, start));
	for (cpu = 0; cpu < ARRAY_SIZE(dom.bv); cpu++)
		dom.bv[cpu] &= on->bv[cpu];
	if (**p == ':') {
		(*p)++;
		if (!parse_range(p, &lo, &hi))
			return not_a_list(start);
		want = hi - lo + 1;
	}
	if (add_members(&dom, lo, hi, c) < want)
		return refuse(ENXIO, xasprintf("'%.*s': not so many CPUs are "
					       "online there",
					       len, start));
	return NULL;
}

char *cpus_parse(const char *expr, struct cpus *c)
{
	const char *p = expr;
	struct cpus on;
	char *bad;

	cpus_online(&on);
	for (;;) {
		bad = *p && strchr("SNLca", *p) ? add_domain(&p, &on, c) :
						  add_numbers(&p, &on, c);
		if (bad)
			return bad;
		if (!*p)
			return NULL;
		if (*p++ != ',')
			return not_a_list(expr);
	}
}
