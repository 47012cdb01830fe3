/* SPDX-License-Identifier: MIT
 *
 * event-libpfm.h - libpfm4 for the files event-libpfm*.c, which alone know it:
 * its functions, loaded on first need.  Empty where it is not built in.
 */
#ifndef PFM_EVENT_LIBPFM_H
#define PFM_EVENT_LIBPFM_H

#ifdef HAVE_LIBPFM4

#include <perfmon/pfmlib_perf_event.h>

#define LIBPFM_PMUS 2048 /* a newer libpfm.so.4 has more than the header */

/* libpfm4 and what was found of it. */
struct libpfm {
	enum { LIBPFM_UNTRIED, LIBPFM_READY, LIBPFM_ABSENT } state;
	char why[200]; /* ABSENT */
	pfm_err_t (*initialize)(void);
	const char *(*strerror)(int code);
	pfm_err_t (*get_pmu_info)(pfm_pmu_t pmu, pfm_pmu_info_t *info);
	int (*get_event_next)(int idx);
	int (*find_event)(const char *name);
	pfm_err_t (*get_event_info)(int idx, pfm_os_t os, pfm_event_info_t *i);
	pfm_err_t (*get_attr_info)(int idx, int attr, pfm_os_t os,
				   pfm_event_attr_info_t *info);
	pfm_err_t (*encode)(const char *name, int plm, pfm_os_t os, void *arg);
};

/* Take the lock, which every call needs.  NULL, not taken: no libpfm4. */
const struct libpfm *event_libpfm_enter(void);
void event_libpfm_leave(void);

#endif /* HAVE_LIBPFM4 */

#endif /* PFM_EVENT_LIBPFM_H */
