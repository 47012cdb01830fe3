/* SPDX-License-Identifier: MIT
 *
 * event-list.c - the events there are, from each file event-*.c that knows some,
 * in the order in which pfm_event_parse() asks them.  Nothing is encoded here.
 */
#include "config.h"

#include <string.h>

#include "event.h"
#include "priv.h"

bool event_show_wants(struct event_show *s, const char *pmu)
{
	if (s->pmu && strcasecmp(s->pmu, pmu) != 0)
		return false;
	s->known = true;
	return true;
}

bool event_is_level(const char *name)
{
	static const char *const levels[] = { "u", "k", "h", "mg", "mh" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (!strcmp(name, levels[i]))
			return true;
	return false;
}

static int unknown_pmu(const char *pmu)
{
	struct event_near near = { .want = pmu };
	const char *missing = event_libpfm_missing();
	char names[256];

	event_near_add(&near, "perf", "perf");
	event_libpfm_near_pmu(&near);
	event_sysfs_near_pmu(&near);
	return fail(ENODEV, "no PMU '%s'%s%s; nearest: %s", pmu,
		    *missing ? "; " : "", missing,
		    event_near_text(&near, names, sizeof(names)));
}

int pfm_event_list(const char *pmu, pfm_event_fn call, void *arg)
{
	static int (*const lists[])(struct event_show *) = {
		event_alias_list, event_msr_list,    event_sysfs_list,
		event_trace_list, event_libpfm_list,
	};
	struct event_show s = { .pmu = pmu, .call = call, .arg = arg };
	int ret = 0;

	if (!call)
		return edge(fail(EINVAL, "pfm_event_list without a function"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && !ret; i++)
		ret = lists[i](&s);
	if (!ret && !s.known)
		return edge(unknown_pmu(pmu));
	return ret;
}

int pfm_event_mods(const struct pfm_event_desc *ev, pfm_event_mod_fn call,
		   void *arg)
{
	if (!ev || !call)
		return edge(fail(EINVAL, "bad argument to pfm_event_mods"));
	return event_libpfm_mods(ev, call, arg);
}
