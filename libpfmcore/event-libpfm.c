/* SPDX-License-Identifier: MIT
 *
 * event-libpfm.c - the names libpfm4 knows.  The library is loaded at the first
 * name that needs it: loading and initialising it costs more than many a
 * measured command.  Levels are not given to libpfm4, event.c adds them; lists
 * of what it has are event-libpfm-list.c's.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "event-libpfm.h"
#include "priv.h"

#ifdef HAVE_LIBPFM4

#include <dlfcn.h>

/* libpfm4, under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct libpfm lib;

/* clang-format off */
static const struct {
	const char *name;
	size_t at; /* of the pointer, in lib */
} symbols[] = {
	{ "pfm_initialize", offsetof(struct libpfm, initialize) },
	{ "pfm_strerror", offsetof(struct libpfm, strerror) },
	{ "pfm_get_pmu_info", offsetof(struct libpfm, get_pmu_info) },
	{ "pfm_get_event_next", offsetof(struct libpfm, get_event_next) },
	{ "pfm_find_event", offsetof(struct libpfm, find_event) },
	{ "pfm_get_event_info", offsetof(struct libpfm, get_event_info) },
	{ "pfm_get_event_attr_info", offsetof(struct libpfm, get_attr_info) },
	{ "pfm_get_os_event_encoding", offsetof(struct libpfm, encode) },
};
/* clang-format on */

#define N(array) (sizeof(array) / sizeof(*(array)))

/* lock is held. */
static void lib_load(void)
{
	void *so = dlopen(LIBPFM_SONAME, RTLD_NOW | RTLD_LOCAL), *sym;
	int err;

	lib.state = LIBPFM_ABSENT;
	if (!so) {
		snprintf(lib.why, sizeof(lib.why),
			 "libpfm4's names cannot be used, install it (%s)",
			 dlerror());
		return;
	}
	for (unsigned i = 0; i < N(symbols); i++) {
		sym = dlsym(so, symbols[i].name);
		if (!sym) {
			snprintf(lib.why, sizeof(lib.why),
				 LIBPFM_SONAME " lacks %s, install libpfm4",
				 symbols[i].name);
			dlclose(so);
			return;
		}
		memcpy((char *)&lib + symbols[i].at, &sym, sizeof(sym));
	}
	err = lib.initialize();
	if (err) {
		snprintf(lib.why, sizeof(lib.why), "libpfm4 does not start: %s",
			 lib.strerror(err));
		dlclose(so);
		return;
	}
	/* so stays open until the process ends, as what lib points to. */
	lib.state = LIBPFM_READY;
}

const struct libpfm *event_libpfm_enter(void)
{
	pthread_mutex_lock(&lock);
	if (lib.state == LIBPFM_UNTRIED)
		lib_load();
	if (lib.state == LIBPFM_READY)
		return &lib;
	pthread_mutex_unlock(&lock);
	return NULL;
}

void event_libpfm_leave(void)
{
	pthread_mutex_unlock(&lock);
}

/* The next PMU from *n on that this machine has; false after the last. */
static bool pmu_next(unsigned *n, pfm_pmu_info_t *info)
{
	for (; *n < LIBPFM_PMUS; ++*n) {
		*info = (pfm_pmu_info_t){ .size = sizeof(*info) };
		if (lib.get_pmu_info((pfm_pmu_t)*n, info) || !info->is_present)
			continue;
		++*n;
		return true;
	}
	return false;
}

/* Why the PMU named is none of this machine's; 0 when it is one. */
static int pmu_check(const struct event_draft *d, const char *name)
{
	char list[256] = "";
	pfm_pmu_info_t info;
	unsigned n = 0;

	while (pmu_next(&n, &info)) {
		if (!strcasecmp(info.name, name))
			return 0;
		event_list_add(list, sizeof(list), info.name);
	}
	return fail(ENODEV,
		    "event '%s': this machine has no PMU '%s' of libpfm4; it "
		    "has: %s",
		    d->str, name, *list ? list : "none");
}

static bool attr_get(int event, int n, pfm_event_attr_info_t *info)
{
	*info = (pfm_event_attr_info_t){ .size = sizeof(*info) };
	return !lib.get_attr_info(event, n, PFM_OS_PERF_EVENT, info);
}

/* The unit mask or modifier of event nearest to word; true when it has it. */
static bool attr_near(int event, const char *word, struct event_near *near)
{
	size_t len = strcspn(word, "=");
	pfm_event_attr_info_t info;

	for (int i = 0; attr_get(event, i, &info); i++) {
		if (!strncasecmp(info.name, word, len) && !info.name[len])
			return true;
		event_near_add(near, info.name, info.name);
	}
	return false;
}

/* The event exists, something behind it is wrong. */
static int attr_fail(const struct event_draft *d, const struct event_words *w,
		     int event, int err)
{
	char list[256] = "";
	pfm_event_attr_info_t info;
	struct event_near near;

	for (unsigned i = 1; i < w->n; i++) {
		near = (struct event_near){ .want = w->w[i] };
		if (!attr_near(event, w->w[i], &near))
			return fail(EINVAL,
				    "event '%s': unknown unit mask or modifier "
				    "'%s'; nearest: %s",
				    d->str, w->w[i],
				    event_near_text(&near, list, sizeof(list)));
	}
	for (int i = 0; attr_get(event, i, &info); i++)
		if (info.type == PFM_ATTR_UMASK)
			event_list_add(list, sizeof(list), info.name);
	return fail(EINVAL, "event '%s': %s%s%s", d->str, lib.strerror(err),
		    *list ? "; unit masks: " : "", list);
}

/* Is it a word of the full name that only repeats a default, or a level? */
static bool is_default(const char *word)
{
	static const char *const ours[] = { "u=", "k=", "h=", "mg=", "mh=" };
	const char *value = strchr(word, '=');

	for (unsigned i = 0; i < N(ours); i++)
		if (!strncmp(word, ours[i], strlen(ours[i])))
			return true;
	return value && !strcmp(value, "=0");
}

/* "skl::INST_RETIRED:ANY_P:e=0:i=1:u=1:k=1" to "skl::INST_RETIRED:ANY_P:i=1" */
static void fstr_trim(char *s)
{
	char *in = strstr(s, "::"), *out, *word;
	size_t len;

	in = in ? in + 2 : s;
	out = in;
	while ((word = strsep(&in, ":")) != NULL) {
		if (is_default(word))
			continue;
		len = strlen(word);
		if (out > s && out[-1] != ':')
			*out++ = ':';
		memmove(out, word, len);
		out += len;
	}
	*out = '\0';
}

/* What libpfm4 encoded, if registers can hold it. */
static int attr_take(struct event_draft *d, const struct perf_event_attr *attr,
		     int event)
{
	pfm_event_info_t info = { .size = sizeof(info) };
	pfm_pmu_info_t pmu = { .size = sizeof(pmu) };

	if (lib.get_event_info(event, PFM_OS_PERF_EVENT, &info) ||
	    lib.get_pmu_info(info.pmu, &pmu))
		return fail(EINVAL, "event '%s': libpfm4 cannot describe it",
			    d->str);
	/* Seen with rapl when the kernel has no such PMU. */
	if (pmu.type == PFM_PMU_TYPE_UNCORE && attr->type == PERF_TYPE_RAW)
		return fail(
			ENODEV,
			"event '%s': this kernel does not offer the PMU '%s'",
			d->str, pmu.name);
	if (attr->config2)
		return fail(
			EINVAL,
			"event '%s': it needs a third word (config2), which "
			"the registers here cannot hold",
			d->str);
	if (attr->exclude_host)
		return fail(EINVAL,
			    "event '%s': guests alone (mg) cannot be counted",
			    d->str);
	d->type = attr->type;
	d->config = attr->config;
	d->config1 = attr->config1;
	event_fix(d);
	return 0;
}

/* PMU and first n words as one string again: never longer than it was. */
static void event_name(const struct event_words *w, unsigned n,
		       char buf[EVENT_MAX])
{
	size_t len;

	snprintf(buf, EVENT_MAX, "%s%s%s", w->pmu ? w->pmu : "",
		 w->pmu ? "::" : "", w->w[0]);
	for (unsigned i = 1; i < n; i++) {
		len = strlen(buf);
		snprintf(buf + len, EVENT_MAX - len, ":%s", w->w[i]);
	}
}

/* lock is held. */
static int encode(struct event_draft *d, const struct event_words *w,
		  const char *name)
{
	/* A newer libpfm4 knows a longer perf_event_attr. */
	union {
		struct perf_event_attr attr;
		char room[256];
	} u = { .room = { 0 } };
	pfm_perf_encode_arg_t arg = { .attr = &u.attr, .size = sizeof(arg) };
	char head[EVENT_MAX];
	int err, event;

	u.attr.size = sizeof(u.attr);
	arg.fstr = &d->base;
	err = lib.encode(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
	if (!err) {
		fstr_trim(d->base);
		return attr_take(d, &u.attr, arg.idx);
	}
	dbg(EVENT, "libpfm4: %s: %s", name, lib.strerror(err));
	event_name(w, 1, head);
	event = lib.find_event(head);
	if (err == PFM_ERR_NOMEM)
		return fail(ENOMEM, "no memory for event '%s'", d->str);
	if (err == PFM_ERR_NOTSUPP)
		return fail(ENODEV,
			    "event '%s': this kernel does not offer its PMU",
			    d->str);
	if (event >= 0)
		return attr_fail(d, w, event, err);
	err = w->pmu ? pmu_check(d, w->pmu) : 0;
	return err ? err : -ENOENT;
}

int event_libpfm_parse(struct event_draft *d, const struct event_words *w)
{
	char name[EVENT_MAX];
	int err;

	event_name(w, w->n, name);
	if (!event_libpfm_enter())
		return -ENOTSUP;
	err = encode(d, w, name);
	event_libpfm_leave();
	if (!err && d->type > PERF_TYPE_BREAKPOINT)
		err = event_sysfs_adorn(d);
	return err;
}

void event_libpfm_near(struct event_near *near, const char *pmu)
{
	pfm_event_info_t event;
	pfm_pmu_info_t info;
	unsigned n = 0;

	if (!event_libpfm_enter())
		return;
	while (pmu_next(&n, &info)) {
		/* perf and perf_raw repeat the aliases. */
		if (pmu ? strcasecmp(pmu, info.name) :
			  !strncmp(info.name, "perf", 4))
			continue;
		for (int i = info.first_event; i >= 0;
		     i = lib.get_event_next(i)) {
			event = (pfm_event_info_t){ .size = sizeof(event) };
			if (!lib.get_event_info(i, PFM_OS_PERF_EVENT, &event))
				event_near_add(near, event.name, event.name);
		}
	}
	event_libpfm_leave();
}

const char *event_libpfm_missing(void)
{
	/* Written once, before it can be asked for. */
	return lib.why;
}

#else /* !HAVE_LIBPFM4 */

int event_libpfm_parse(struct event_draft *d, const struct event_words *w)
{
	(void)d;
	(void)w;
	return -ENOTSUP;
}

void event_libpfm_near(struct event_near *near, const char *pmu)
{
	(void)near;
	(void)pmu;
}

const char *event_libpfm_missing(void)
{
	return "libpfm4's names are not built in";
}

#endif
