/* SPDX-License-Identifier: MIT
 *
 * event-libpfm-list.c - what libpfm4 has: its PMUs, events, unit masks and
 * modifiers, and its own code of an event.  The strings are libpfm4's tables and
 * stay.  A caller is called without the lock, for it may encode events.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "event-libpfm.h"
#include "priv.h"

#ifdef HAVE_LIBPFM4

/* The PMU of that number; false: there is none. */
static bool pmu_get(unsigned n, pfm_pmu_info_t *info)
{
	const struct libpfm *lib = event_libpfm_enter();
	bool has;

	*info = (pfm_pmu_info_t){ .size = sizeof(*info) };
	has = lib && !lib->get_pmu_info((pfm_pmu_t)n, info);
	if (lib)
		event_libpfm_leave();
	return has;
}

/* The event at *i, which becomes the next one's number, -1 after the last. */
static bool event_get(int *i, pfm_event_info_t *event)
{
	const struct libpfm *lib = event_libpfm_enter();
	bool has;

	if (!lib)
		return false;
	*event = (pfm_event_info_t){ .size = sizeof(*event) };
	has = !lib->get_event_info(*i, PFM_OS_PERF_EVENT, event);
	*i = lib->get_event_next(*i);
	event_libpfm_leave();
	return has;
}

/* The events of a PMU; 0, or what call returned. */
static int list_pmu(const struct event_show *s, const pfm_pmu_info_t *pmu)
{
	struct pfm_event_desc desc = { .source = "libpfm4",
				       .pmu = pmu->name,
				       .here = pmu->is_present };
	pfm_event_info_t event;
	char name[EVENT_MAX];
	int ret = 0, next = pmu->first_event;

	while (next >= 0 && !ret) {
		desc.id = next;
		if (!event_get(&next, &event))
			continue;
		snprintf(name, sizeof(name), "%s::%s", pmu->name, event.name);
		desc.name = name;
		desc.desc = event.desc ? event.desc : "";
		desc.same = event.equiv;
		desc.nmods = event.nattrs > 0 ? (unsigned)event.nattrs : 0;
		ret = s->call(&desc, s->arg);
	}
	return ret;
}

/* perf and perf_raw repeat the portable names. */
static bool is_perf(const pfm_pmu_info_t *pmu)
{
	return !strncmp(pmu->name, "perf", 4);
}

int event_libpfm_list(struct event_show *s)
{
	pfm_pmu_info_t pmu;
	int ret = 0;

	for (unsigned n = 0; n < LIBPFM_PMUS && !ret; n++) {
		if (!pmu_get(n, &pmu) || is_perf(&pmu) ||
		    (!s->pmu && !pmu.is_present) ||
		    !event_show_wants(s, pmu.name))
			continue;
		ret = list_pmu(s, &pmu);
	}
	return ret;
}

void event_libpfm_near_pmu(struct event_near *near)
{
	pfm_pmu_info_t pmu;

	for (unsigned n = 0; n < LIBPFM_PMUS; n++)
		if (pmu_get(n, &pmu) && !is_perf(&pmu))
			event_near_add(near, pmu.name, pmu.name);
}

/* The n-th attribute of an event, if it is a unit mask or a register's bits. */
static bool mod_get(int event, unsigned n, struct pfm_event_mod *mod)
{
	const struct libpfm *lib = event_libpfm_enter();
	pfm_event_attr_info_t a = { .size = sizeof(a) };
	int err;

	if (!lib)
		return false;
	err = lib->get_attr_info(event, (int)n, PFM_OS_PERF_EVENT, &a);
	event_libpfm_leave();
	/* Levels are event.c's, how the kernel samples is nobody's here. */
	if (err || a.type == PFM_ATTR_RAW_UMASK ||
	    (a.type != PFM_ATTR_UMASK &&
	     (a.ctrl != PFM_ATTR_CTRL_PMU || event_is_level(a.name))))
		return false;
	*mod = (struct pfm_event_mod){
		.name = a.name,
		.desc = a.desc ? a.desc : "",
		.same = a.equiv,
		.kind = PFM_MOD_NUMBER,
		.dfl = a.type == PFM_ATTR_UMASK && a.is_dfl,
	};
	if (a.type == PFM_ATTR_UMASK)
		mod->kind = PFM_MOD_UMASK;
	else if (a.type == PFM_ATTR_MOD_BOOL)
		mod->kind = PFM_MOD_FLAG;
	return true;
}

int event_libpfm_mods(const struct pfm_event_desc *ev, pfm_event_mod_fn call,
		      void *arg)
{
	struct pfm_event_mod mod;
	int ret = 0;

	for (unsigned i = 0; i < ev->nmods && !ret; i++)
		if (mod_get(ev->id, i, &mod))
			ret = call(&mod, arg);
	return ret;
}

/* Has libpfm4 the PMU that stands before the "::"? */
static bool has_pmu(const char *name)
{
	size_t len = strcspn(name, ":");
	pfm_pmu_info_t pmu;

	for (unsigned n = 0; n < LIBPFM_PMUS; n++)
		if (pmu_get(n, &pmu) && !strncasecmp(pmu.name, name, len) &&
		    !pmu.name[len])
			return true;
	return false;
}

int event_libpfm_code(const char *name, uint64_t *config)
{
	const struct libpfm *lib = event_libpfm_enter();
	pfm_pmu_encode_arg_t arg = { .size = sizeof(arg) };
	int err;

	if (!lib)
		return fail(ENOTSUP, "%s", event_libpfm_missing());
	/* Not perf's encoding, which asks the kernel for the PMU. */
	err = lib->encode(name, PFM_PLM3, PFM_OS_NONE, &arg);
	event_libpfm_leave();
	if (!err && arg.count)
		*config = arg.codes[0];
	free(arg.codes);
	if (!err)
		return 0;
	return fail(has_pmu(name) ? ENOENT : ENODEV,
		    "libpfm4 does not know '%s' here: %s", name,
		    lib->strerror(err));
}

#else /* !HAVE_LIBPFM4 */

int event_libpfm_code(const char *name, uint64_t *config)
{
	(void)name;
	(void)config;
	return fail(ENOTSUP, "%s", event_libpfm_missing());
}

int event_libpfm_list(struct event_show *s)
{
	(void)s;
	return 0;
}

void event_libpfm_near_pmu(struct event_near *near)
{
	(void)near;
}

int event_libpfm_mods(const struct pfm_event_desc *ev, pfm_event_mod_fn call,
		      void *arg)
{
	(void)ev;
	(void)call;
	(void)arg;
	return 0;
}

#endif
