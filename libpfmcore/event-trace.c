/* SPDX-License-Identifier: MIT
 *
 * event-trace.c - tracepoints, "system:name": the kernel's number for one
 * stands in tracefs.  It does not mount tracefs, it says how.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "priv.h"

static const char *const trace_dirs[] = {
	"kernel/tracing/events",
	"kernel/debug/tracing/events", /* before Linux 4.1 the only one */
};
#define NDIRS (sizeof(trace_dirs) / sizeof(*trace_dirs))

/* May s become a part of a path? */
static bool is_name(const char *s)
{
	return !s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

static bool is_trace_form(const struct event_words *w)
{
	return !w->pmu && w->n >= 2 && is_name(w->w[0]) && is_name(w->w[1]);
}

int event_trace_parse(struct event_draft *d, const struct event_words *w)
{
	char buf[32], *end;
	int err = -ENOENT;

	if (!is_trace_form(w))
		return -ENOENT;
	for (unsigned i = 0; i < NDIRS && err; i++)
		err = event_sys_read(buf, sizeof(buf), "%s/%s/%s/id",
				     trace_dirs[i], w->w[0], w->w[1]);
	if (err)
		return -ENOENT;
	if (w->n > 2)
		return fail(EINVAL,
			    "event '%s': unknown modifier '%s'; a tracepoint "
			    "takes the levels u, k and h",
			    d->str, w->w[2]);
	d->type = PERF_TYPE_TRACEPOINT;
	d->config = strtoull(buf, &end, 10);
	if (end == buf || *end)
		return fail(EINVAL, "event '%s': cannot read its id '%s'",
			    d->str, buf);
	return event_set_base(d, "%s:%s", w->w[0], w->w[1]);
}

/* Offer the tracepoints of the system named; false when there is none. */
static bool system_near(const struct event_words *w, const char *events,
			struct event_near *near)
{
	DIR *dir = event_sys_dir("%s/%s", events, w->w[0]);
	struct dirent *e;
	char shown[600];

	if (!dir)
		return false;
	near->want = w->w[1];
	while ((e = readdir(dir)) != NULL) {
		/* "enable" and "filter" are files, a tracepoint is not. */
		if (e->d_name[0] == '.' || e->d_type == DT_REG)
			continue;
		snprintf(shown, sizeof(shown), "%s:%s", w->w[0], e->d_name);
		event_near_add(near, e->d_name, shown);
	}
	closedir(dir);
	return true;
}

/* Offer the same name in other systems. */
static void others_near(const struct event_words *w, const char *events,
			DIR *dir, struct event_near *near)
{
	char shown[600], id[32];
	struct dirent *e;

	while ((e = readdir(dir)) != NULL) {
		if (event_sys_read(id, sizeof(id), "%s/%s/%s/id", events,
				   e->d_name, w->w[1]))
			continue;
		snprintf(shown, sizeof(shown), "%s:%s", e->d_name, w->w[1]);
		event_near_add(near, e->d_name, shown);
	}
}

int event_trace_explain(const struct event_words *w, struct event_near *near,
			char *hint, size_t size)
{
	char id[32];
	DIR *dir;
	int err;

	if (!is_trace_form(w))
		return 0;
	/* The second directory is seldom there: the first tells why. */
	err = event_sys_read(id, sizeof(id), "%s/%s/%s/id", trace_dirs[0],
			     w->w[0], w->w[1]);
	for (unsigned i = 0; i < NDIRS && err != -EACCES; i++) {
		if (system_near(w, trace_dirs[i], near))
			return 0;
		dir = event_sys_dir("%s", trace_dirs[i]);
		if (dir) {
			others_near(w, trace_dirs[i], dir, near);
			closedir(dir);
			return 0;
		}
	}
	/* INST_RETIRED:ANY_P is meant for a PMU: systems are in lower case. */
	for (const char *p = w->w[0]; *p; p++)
		if (isupper((unsigned char)*p))
			return 0;
	if (err == -EACCES) {
		snprintf(hint, size,
			 "tracepoints are for root only here (mount -o "
			 "remount,mode=750,gid=GROUP /sys/kernel/tracing)");
		return -EACCES;
	}
	snprintf(hint, size,
		 "for a tracepoint, mount tracefs (mount -t tracefs nodev "
		 "/sys/kernel/tracing)");
	return -ENOENT;
}

/* The tracepoints of one system. */
static int list_system(const struct event_show *s, const char *events,
		       const char *system)
{
	DIR *dir = event_sys_dir("%s/%s", events, system);
	struct pfm_event_desc desc = { .source = "tracepoint",
				       .pmu = system,
				       .desc = "",
				       .here = true,
				       .id = -1 };
	char name[600], id[32];
	struct dirent *e;
	int ret = 0;

	while (dir && !ret && (e = readdir(dir)) != NULL) {
		if (event_sys_read(id, sizeof(id), "%s/%s/%s/id", events,
				   system, e->d_name) ||
		    !is_name(e->d_name))
			continue;
		snprintf(name, sizeof(name), "%s:%s", system, e->d_name);
		desc.name = name;
		ret = s->call(&desc, s->arg);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int event_trace_list(struct event_show *s)
{
	struct dirent *e;
	DIR *dir = NULL;
	unsigned i;
	int ret = 0;

	for (i = 0; i < NDIRS && !dir; i++)
		dir = event_sys_dir("%s", trace_dirs[i]);
	while (dir && !ret && (e = readdir(dir)) != NULL)
		if (e->d_type == DT_DIR && is_name(e->d_name) &&
		    event_show_wants(s, e->d_name))
			ret = list_system(s, trace_dirs[i - 1], e->d_name);
	if (dir)
		closedir(dir);
	return ret;
}
