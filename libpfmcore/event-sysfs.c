/* SPDX-License-Identifier: MIT
 *
 * event-sysfs.c - events the kernel describes in files: the PMUs of
 * /sys/bus/event_source/devices (Documentation/ABI/testing/
 * sysfs-bus-event_source-devices-{format,events}), and the reading of /sys.
 * Names come from the user: each is looked up among the entries of its
 * directory and never becomes a path itself.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "priv.h"

#define DEVICES "bus/event_source/devices"

struct sysfs_pmu {
	struct event_draft *d;
	char name[NAME_MAX + 1];
};

__attribute__((format(printf, 2, 0))) static int
sys_vpath(char path[PATH_MAX], const char *fmt, va_list ap)
{
	const char *root = secure_getenv("PFM_SYSFS_ROOT");
	int n = snprintf(path, PATH_MAX, "%s/", root ? root : "/sys"), m;

	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	m = vsnprintf(path + n, (size_t)(PATH_MAX - n), fmt, ap);
	return m < 0 || m >= PATH_MAX - n ? -ENAMETOOLONG : 0;
}

DIR *event_sys_dir(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = sys_vpath(path, fmt, ap);
	va_end(ap);
	if (err) {
		errno = -err;
		return NULL;
	}
	return opendir(path);
}

int event_sys_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	ssize_t n;
	int fd, err;

	va_start(ap, fmt);
	err = sys_vpath(path, fmt, ap);
	va_end(ap);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size);
	err = n < 0 ? -errno : n == (ssize_t)size ? -E2BIG : 0;
	close(fd);
	if (err)
		return err;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/*
 * The entry of that name, in any case as everywhere in an event, but an exact
 * match first.  A '.' marks what is no entry of its own: "x.scale".  Closes
 * dir.
 */
static bool entry_find(DIR *dir, const char *name, char found[NAME_MAX + 1])
{
	struct dirent *e;
	bool exact = false;

	found[0] = '\0';
	while (dir && !exact && (e = readdir(dir)) != NULL) {
		if (strchr(e->d_name, '.') || strcasecmp(e->d_name, name))
			continue;
		exact = !strcmp(e->d_name, name);
		snprintf(found, NAME_MAX + 1, "%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return found[0];
}

/* The names in a directory; those of other attributes of an event left out. */
static void list_dir(char *list, size_t size, DIR *dir)
{
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		if (!strchr(e->d_name, '.'))
			event_list_add(list, size, e->d_name);
	if (dir)
		closedir(dir);
}

static int pmu_find(struct sysfs_pmu *pmu, const char *name)
{
	char list[512] = "";

	if (entry_find(event_sys_dir(DEVICES), name, pmu->name))
		return 0;
	list_dir(list, sizeof(list), event_sys_dir(DEVICES));
	return fail(ENODEV,
		    "event '%s': this kernel has no PMU '%s'; it has: %s",
		    pmu->d->str, name, *list ? list : "none");
}

static int pmu_type(const char *pmu, uint32_t *type)
{
	char buf[32], *end;
	unsigned long n;
	int err = event_sys_read(buf, sizeof(buf), DEVICES "/%s/type", pmu);

	if (err)
		return err;
	errno = 0;
	n = strtoul(buf, &end, 10);
	if (end == buf || *end || errno || n > UINT32_MAX)
		return -EINVAL;
	*type = (uint32_t)n;
	return 0;
}

/*
 * CPUs to count on, and whether levels can be chosen: a PMU with a "cpumask"
 * belongs to a package, and it and msr refuse any attempt to leave a level out.
 * Others that are not a core's (uprobe, ibs_op) may or may not: they get every
 * level unless the string says otherwise.
 */
static int pmu_describe(struct event_draft *d, const char *pmu)
{
	char buf[4096];

	if (!event_sys_read(buf, sizeof(buf), DEVICES "/%s/cpumask", pmu)) {
		d->no_levels = true;
		d->cpus = strdup(buf);
		return d->cpus ? 0 : fail(ENOMEM, "no memory for a CPU list");
	}
	d->no_levels = d->type > PERF_TYPE_BREAKPOINT &&
		       (!strcmp(pmu, "msr") || !d->plm_asked) &&
		       event_sys_read(buf, sizeof(buf), DEVICES "/%s/cpus",
				      pmu) == -ENOENT;
	return 0;
}

/* Scale and unit of a named event; both files are optional. */
static int event_units(struct event_draft *d, const char *pmu,
		       const char *event)
{
	char buf[128], *end;
	locale_t c;

	if (!event_sys_read(buf, sizeof(buf), DEVICES "/%s/events/%s.scale",
			    pmu, event)) {
		/* The program's locale may write 0,5. */
		c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
		if (!c)
			return fail(ENOMEM, "no memory for a locale");
		d->scale = strtod_l(buf, &end, c);
		freelocale(c);
		if (end == buf || *end)
			return fail(EINVAL,
				    "PMU '%s': bad scale '%s' of event '%s'",
				    pmu, buf, event);
	}
	if (!event_sys_read(buf, sizeof(buf), DEVICES "/%s/events/%s.unit", pmu,
			    event)) {
		free(d->unit);
		d->unit = strdup(buf);
		if (!d->unit)
			return fail(ENOMEM, "no memory for a unit");
	}
	return 0;
}

/* A list of bit ranges, "0-7,32-35", as a mask; false when malformed. */
static bool parse_bits(const char *s, uint64_t *mask)
{
	unsigned long first, last;
	char *end;

	*mask = 0;
	for (;; s = end + 1) {
		first = last = strtoul(s, &end, 10);
		if (end == s)
			return false;
		if (*end == '-') {
			s = end + 1;
			last = strtoul(s, &end, 10);
			if (end == s)
				return false;
		}
		if (last > 63 || first > last)
			return false;
		*mask |= (~UINT64_C(0) >> (63 - (last - first))) << first;
		if (*end != ',')
			return !*end;
	}
}

/* Put the low bits of value where mask has ones, return what is left. */
static uint64_t deposit(uint64_t *word, uint64_t mask, uint64_t value)
{
	uint64_t bit;

	*word &= ~mask;
	for (; mask; mask &= mask - 1, value >>= 1) {
		bit = mask & -mask;
		if (value & 1)
			*word |= bit;
	}
	return value;
}

/* term=value, its format being "config:0-7". */
static int field_set(struct sysfs_pmu *pmu, const char *term, const char *value,
		     const char *format)
{
	struct event_draft *d = pmu->d;
	size_t len = strcspn(format, ":");
	uint64_t *word, mask, n;
	char *end;

	if (len == 6 && !strncmp(format, "config", len))
		word = &d->config;
	else if (len == 7 && !strncmp(format, "config1", len))
		word = &d->config1;
	else
		return fail(
			EINVAL,
			"event '%s': '%s' of PMU '%s' lies in '%.*s', which "
			"the registers here cannot hold",
			d->str, term, pmu->name, (int)len, format);
	if (!format[len] || !parse_bits(format + len + 1, &mask))
		return fail(EINVAL,
			    "PMU '%s': cannot read the format '%s' of '%s'",
			    pmu->name, format, term);
	errno = 0;
	n = strtoull(value, &end, 0);
	if (!(*value >= '0' && *value <= '9') || *end || errno)
		return fail(EINVAL, "event '%s': '%s' is not a number for '%s'",
			    d->str, value, term);
	if (deposit(word, mask, n))
		return fail(EINVAL, "event '%s': %s does not fit '%s', %d bits",
			    d->str, value, term, __builtin_popcountll(mask));
	return 0;
}

/* err: ENOENT of what may be an event's name, EINVAL of a part of one. */
static int term_unknown(const struct sysfs_pmu *pmu, const char *term, int err)
{
	char list[512] = "";

	list_dir(list, sizeof(list),
		 event_sys_dir(DEVICES "/%s/format", pmu->name));
	list_dir(list, sizeof(list),
		 event_sys_dir(DEVICES "/%s/events", pmu->name));
	event_list_add(list, sizeof(list), "config, config1");
	return fail(err, "event '%s': PMU '%s' has no '%s'; it has: %s",
		    pmu->d->str, pmu->name, term, list);
}

/* The event of the PMU that has this name; false when there is none. */
static bool event_read(const struct sysfs_pmu *pmu, const char *name,
		       char event[NAME_MAX + 1], char buf[EVENT_MAX])
{
	return entry_find(event_sys_dir(DEVICES "/%s/events", pmu->name), name,
			  event) &&
	       !event_sys_read(buf, EVENT_MAX, DEVICES "/%s/events/%s",
			       pmu->name, event);
}

/* Terms from an event's own file cannot name a further event. */
static int terms_apply(struct sysfs_pmu *pmu, char *terms, bool nested)
{
	char buf[EVENT_MAX], found[NAME_MAX + 1], *term, *value;
	int err = 0;

	while (!err && (term = strsep(&terms, ",")) != NULL) {
		value = strchr(term, '=');
		if (value)
			*value++ = '\0';
		if (!value && !nested && event_read(pmu, term, found, buf)) {
			err = terms_apply(pmu, buf, true);
			if (!err)
				err = event_units(pmu->d, pmu->name, found);
			continue;
		}
		/* config2 and on are refused as fields of them are. */
		if (!strncmp(term, "config", 6) &&
		    !term[6 + strspn(term + 6, "0123456789")])
			snprintf(buf, sizeof(buf), "%s:0-63", term);
		else if (!entry_find(event_sys_dir(DEVICES "/%s/format",
						   pmu->name),
				     term, found) ||
			 event_sys_read(buf, sizeof(buf),
					DEVICES "/%s/format/%s", pmu->name,
					found))
			return term_unknown(pmu, term,
					    value || nested || !*term ? EINVAL :
									ENOENT);
		err = field_set(pmu, term, value ? value : "1", buf);
	}
	return err;
}

/* "u", ":u:k" or nothing. */
static int mods_parse(struct event_draft *d, char *mods)
{
	char *word;

	if (!*mods)
		return 0;
	if (*mods == ':')
		mods++;
	while ((word = strsep(&mods, ":.")) != NULL)
		if (!event_take_levels(d, word))
			return fail(EINVAL,
				    "event '%s': unknown modifier '%s'; after "
				    "the '/' stand the levels u, k and h",
				    d->str, word);
	return 0;
}

int event_sysfs_parse(struct event_draft *d)
{
	char buf[EVENT_MAX], *terms, *mods;
	struct sysfs_pmu pmu = { .d = d };
	int err;

	snprintf(buf, sizeof(buf), "%s", d->str);
	terms = strchr(buf, '/');
	*terms++ = '\0';
	mods = strchr(terms, '/');
	if (!mods || strchr(mods + 1, '/'))
		return fail(EINVAL,
			    "event '%s': write PMU/TERM,TERM=VALUE/[LEVELS]",
			    d->str);
	*mods++ = '\0';
	err = pmu_find(&pmu, buf);
	if (!err)
		err = mods_parse(d, mods);
	if (err)
		return err;
	err = pmu_type(pmu.name, &d->type);
	if (err)
		return fail(-err, "PMU '%s': cannot read its type: %s",
			    pmu.name, strerror(-err));
	err = event_set_base(d, "%s/%s/", pmu.name, terms);
	if (!err && *terms)
		err = terms_apply(&pmu, terms, false);
	return err ? err : pmu_describe(d, pmu.name);
}

int event_sysfs_adorn(struct event_draft *d)
{
	struct event_draft probe = { .str = d->str, .plm_asked = d->plm_asked };
	struct sysfs_pmu pmu = { .d = &probe };
	DIR *dir = event_sys_dir(DEVICES);
	char buf[EVENT_MAX];
	struct dirent *e;
	uint32_t type;
	int err;

	while (dir && !pmu.name[0] && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && !pmu_type(e->d_name, &type) &&
		    type == d->type)
			snprintf(pmu.name, sizeof(pmu.name), "%s", e->d_name);
	if (dir)
		closedir(dir);
	if (!pmu.name[0])
		return 0;
	err = pmu_describe(d, pmu.name);
	dir = event_sys_dir(DEVICES "/%s/events", pmu.name);
	while (dir && !err && (e = readdir(dir)) != NULL) {
		if (strchr(e->d_name, '.') ||
		    event_sys_read(buf, sizeof(buf), DEVICES "/%s/events/%s",
				   pmu.name, e->d_name))
			continue;
		probe.config = probe.config1 = 0;
		if (!terms_apply(&pmu, buf, true) &&
		    probe.config == d->config && probe.config1 == d->config1)
			err = event_units(d, pmu.name, e->d_name);
	}
	if (dir)
		closedir(dir);
	return err;
}

void event_sysfs_near(struct event_near *near)
{
	DIR *devices = event_sys_dir(DEVICES), *events;
	struct dirent *pmu, *e;
	char shown[600];

	while (devices && (pmu = readdir(devices)) != NULL) {
		if (pmu->d_name[0] == '.')
			continue;
		events = event_sys_dir(DEVICES "/%s/events", pmu->d_name);
		while (events && (e = readdir(events)) != NULL) {
			if (strchr(e->d_name, '.'))
				continue;
			snprintf(shown, sizeof(shown), "%s/%s/", pmu->d_name,
				 e->d_name);
			event_near_add(near, e->d_name, shown);
		}
		if (events)
			closedir(events);
	}
	if (devices)
		closedir(devices);
}

/* The events of one PMU.  What takes a parameter ("=?") is not one yet. */
static int list_pmu(const struct event_show *s, const char *pmu)
{
	DIR *dir = event_sys_dir(DEVICES "/%s/events", pmu);
	struct pfm_event_desc desc = {
		.source = "sysfs", .pmu = pmu, .here = true, .id = -1
	};
	char name[2 * NAME_MAX + 4], terms[EVENT_MAX];
	struct dirent *e;
	int ret = 0;

	while (dir && !ret && (e = readdir(dir)) != NULL) {
		if (strchr(e->d_name, '.') ||
		    event_sys_read(terms, sizeof(terms),
				   DEVICES "/%s/events/%s", pmu, e->d_name) ||
		    strstr(terms, "=?"))
			continue;
		snprintf(name, sizeof(name), "%s/%s/", pmu, e->d_name);
		desc.name = name;
		desc.desc = terms;
		ret = s->call(&desc, s->arg);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int event_sysfs_list(struct event_show *s)
{
	DIR *dir = event_sys_dir(DEVICES);
	struct dirent *e;
	int ret = 0;

	while (dir && !ret && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && event_show_wants(s, e->d_name))
			ret = list_pmu(s, e->d_name);
	if (dir)
		closedir(dir);
	return ret;
}

void event_sysfs_near_pmu(struct event_near *near)
{
	DIR *dir = event_sys_dir(DEVICES);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			event_near_add(near, e->d_name, e->d_name);
	if (dir)
		closedir(dir);
}
