/* SPDX-License-Identifier: MIT
 *
 * info-limits.c - the settings of the kernel that decide what can be counted,
 * and what each means in words.  Only what is set: whether it is enough for a
 * measurement is not said here.
 */
#include "config.h"

#include "info.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CAP_SYSLOG_BIT 34
#define CAP_PERFMON_BIT 38
#define CAP_SYS_ADMIN_BIT 21

/* Capabilities that count: those of the first user namespace. */
static uint64_t effective_caps(void)
{
	char text[4096], map[64];
	unsigned long long first, second, n;
	const char *p;

	if (read_line_of("/proc/self/uid_map", map, sizeof(map)) == 0 &&
	    (sscanf(map, "%llu %llu %llu", &first, &second, &n) != 3 || first ||
	     second || n != UINT32_MAX))
		return 0;
	if (read_start_of("/proc/self/status", text, sizeof(text)) < 0)
		return 0;
	p = strstr(text, "\nCapEff:");
	return p ? strtoull(p + strlen("\nCapEff:"), NULL, 16) : 0;
}

static void read_setting(struct limit *l, const char *name)
{
	char path[128], buf[32], *end;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	*l = (struct limit){ .name = name, .title = name };
	if (read_line_of(path, buf, sizeof(buf)) == 0) {
		l->value = strtoll(buf, &end, 10);
		l->known = end != buf;
	}
	if (!l->known)
		snprintf(l->text, sizeof(l->text), "cannot be read: %m");
}

/*
 * Linux, Documentation/admin-guide/sysctl/kernel.rst, perf_event_paranoid.
 * Above 2 is a patch of some distributions; the others take it for 2.
 */
static void read_paranoid(struct limit *l, uint64_t caps)
{
	static const char *const words[] = {
		"users count all but raw tracepoints",
		"users count their programs, the kernel level too",
		"users count their programs, user level only",
		"users count nothing, or as with 2: the kernel's own choice",
	};
	bool lifted =
		caps >> CAP_PERFMON_BIT & 1 || caps >> CAP_SYS_ADMIN_BIT & 1;

	read_setting(l, "perf_event_paranoid");
	if (!l->known)
		return;
	snprintf(l->text, sizeof(l->text), "%s%s",
		 l->value < 0 ? "users count everything" :
				words[l->value < 3 ? l->value : 3],
		 lifted ? "; you may count all" : "");
}

static void read_watchdog(struct limit *l)
{
	read_setting(l, "nmi_watchdog");
	if (l->known)
		snprintf(l->text, sizeof(l->text), "%s",
			 l->value ? "on: where there is a PMU it takes a "
				    "counter of each CPU" :
				    "off: takes no counter");
}

/* The same document, kptr_restrict; kernel/ksyms_common.c for the 0. */
static void read_kptr(struct limit *l, uint64_t caps)
{
	static const char *const words[] = {
		"kernel symbols for all where perf_event_paranoid is below 2",
		"kernel symbols with CAP_SYSLOG only",
		"kernel symbols for nobody",
	};

	read_setting(l, "kptr_restrict");
	if (!l->known || l->value < 0)
		return;
	snprintf(l->text, sizeof(l->text), "%s%s",
		 words[l->value < 2 ? l->value : 2],
		 caps >> CAP_SYSLOG_BIT & 1 && l->value < 2 ?
			 "; you have CAP_SYSLOG" :
			 "");
}

static void set_files(struct limit *l, const char *name, const char *title,
		      rlim_t value)
{
	*l = (struct limit){ .name = name, .title = title };
	l->known = value != RLIM_INFINITY;
	l->value = l->known ? (int64_t)value : 0;
}

static void read_files(struct limit *soft, struct limit *hard)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		die("cannot read the limit of open files: %m");
	set_files(soft, "open_files", "open files", lim.rlim_cur);
	snprintf(soft->text, sizeof(soft->text), "%s",
		 soft->known ? "an event takes one per thread or CPU" :
			       "no limit");
	set_files(hard, "open_files_hard", "open files, hard", lim.rlim_max);
	snprintf(hard->text, sizeof(hard->text), "%s",
		 hard->known ? "pfmon count raises its own up to this" :
			       "no limit");
}

void limits_read(struct limit limits[INFO_NLIMITS])
{
	uint64_t caps = effective_caps();

	read_paranoid(&limits[0], caps);
	read_watchdog(&limits[1]);
	read_kptr(&limits[2], caps);
	read_files(&limits[3], &limits[4]);
}
