/* SPDX-License-Identifier: MIT
 *
 * session.c - counters on contexts, by the 12 calls: create, write, load,
 * start, stop, read.  It does not know why a thread or a CPU is counted; that
 * is target.c and follow.c.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS_PER_CONTEXT 2 /* both ends of its socket pair */
#define FDS_SPARE 16      /* ours, the library's, a margin */

static const char *const backends[] = { NULL, "perf" }; /* as --backend */

void session_init(struct session *s)
{
	events_parse(s);
	events_place(s);
}

void session_release(struct session *s)
{
	unsigned i;

	session_truncate(s, 0);
	for (i = 0; i < s->nctrs; i++) {
		struct counter *c = &s->ctrs[i];

		if (!c->unparsed)
			pfm_event_release(&c->ev);
		free(c->asked);
		free(c->label);
		free(c->name);
		free(c->reason);
	}
	free(s->ctrs);
	free(s->notice);
}

/* Is there anything to count at all? */
static bool has_counters(const struct slot *slot, unsigned n)
{
	while (n > 0)
		if (slot->has[--n])
			return true;
	return false;
}

/* A PMU of a package counts on one CPU of it: elsewhere there is no value. */
static void choose_counters(const struct session *s, struct slot *slot)
{
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		const struct counter *c = &s->ctrs[i];
		struct cpus cpus = { 0 };

		slot->has[i] = !c->reason;
		if (slot->cpu < 0 || c->reason || !c->ev.cpus)
			continue;
		free(cpus_parse(c->ev.cpus, &cpus));
		slot->has[i] = cpus_has(&cpus, (unsigned)slot->cpu);
	}
}

/* Room for the descriptors of one more context. */
static void reserve_fds(struct session *s)
{
	rlim_t need =
		(s->nlive + 1ULL) * (s->nctrs + FDS_PER_CONTEXT) + FDS_SPARE;
	struct rlimit want;

	if (!s->nofile.rlim_max) {
		if (getrlimit(RLIMIT_NOFILE, &s->nofile) < 0)
			die("cannot read the limit of open files: %m");
		s->nofile_now = s->nofile.rlim_cur;
	}
	if (need <= s->nofile_now)
		return;
	if (need > s->nofile.rlim_max)
		die("this needs %llu open files (contexts: %u, events: %u), "
		    "the limit is %llu; see ulimit -Hn",
		    (unsigned long long)need, s->nlive + 1, s->nctrs,
		    (unsigned long long)s->nofile.rlim_max);
	want = s->nofile;
	if (need * 2 < want.rlim_max)
		want.rlim_cur = need * 2;
	else
		want.rlim_cur = want.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &want) < 0)
		die("cannot raise the limit of open files: %m");
	s->nofile_now = want.rlim_cur;
}

/*
 * Write the registers of all counters of the slot; -1 with errno.  A vector of
 * one call is bounded by perfmon2, the number of calls is not.
 */
static int program(const struct session *s, const struct slot *slot)
{
	enum { CHUNK = 16 };
	unsigned i = 0, k;
	int ret = 0;

	while (i < s->nctrs && ret == 0) {
		pfarg_pmc_t pmcs[2 * CHUNK];
		pfarg_pmd_t pmds[CHUNK] = { { 0 } };
		int npmcs = 0, npmds = 0;

		for (; i < s->nctrs && npmds < CHUNK; i++) {
			const struct pfm_place *place = &s->ctrs[i].place;

			if (!slot->has[i])
				continue;
			for (k = 0; k < place->npmcs; k++)
				pmcs[npmcs++] = place->pmc[k];
			pmds[npmds++].reg_num = place->pmd;
		}
		ret = pfm_write_pmcs(slot->fd, pmcs, npmcs);
		if (ret == 0)
			ret = pfm_write_pmds(slot->fd, pmds, npmds);
	}
	return ret;
}

/* A loaded context in slot->fd, or -1 with errno. */
static int open_context(const struct session *s, struct slot *slot)
{
	pfarg_ctx_t ctx = { .ctx_flags = s->flags };
	pfarg_load_t load = { .load_pid = (uint32_t)slot->tid };
	const char *backend = backends[s->opt->backend];
	int err;

	if (slot->cpu >= 0)
		load.load_pid = (uint32_t)slot->cpu;
	if (pfm_create_context(&ctx, NULL, 0) < 0)
		die("cannot create a context: %s", pfm_reason());
	slot->fd = ctx.ctx_fd;
	if (fcntl(slot->fd, F_SETFD, FD_CLOEXEC) < 0)
		die("cannot set close-on-exec: %m");
	if (backend && pfm_set_backend(slot->fd, backend) < 0)
		die("backend %s: %s", backend, pfm_reason());
	if (program(s, slot) == 0 && pfm_load_context(slot->fd, &load) == 0)
		return 0;
	err = errno;
	close(slot->fd);
	slot->fd = -1;
	errno = err;
	return -1;
}

/*
 * The first context finds out what can be counted; later ones have the same
 * registers, so that nothing can be given up for them alone.
 */
static int open_or_relax(struct session *s, struct slot *slot)
{
	pid_t tid = slot->cpu < 0 ? slot->tid : -1;
	char *why;

	for (;;) {
		choose_counters(s, slot);
		if (!has_counters(slot, s->nctrs) || open_context(s, slot) == 0)
			return 0;
		if (errno == ESRCH)
			return -1;
		why = xstrdup(pfm_reason());
		if (s->nslots > 0 || !events_relax(s, tid, slot->cpu))
			die("%s", why);
		free(why);
		events_place(s);
	}
}

int session_add(struct session *s, const struct slot *where)
{
	struct slot slot = *where;

	slot.fd = -1;
	slot.has = xcalloc(s->nctrs, sizeof(*slot.has));
	slot.now = xcalloc(s->nctrs, sizeof(*slot.now));
	slot.old = xcalloc(s->nctrs, sizeof(*slot.old));
	reserve_fds(s);
	if (open_or_relax(s, &slot) < 0) {
		free(slot.has);
		free(slot.now);
		free(slot.old);
		return -1;
	}
	if (slot.fd >= 0) {
		s->nlive++;
		if (!s->backend)
			s->backend = pfm_get_backend(slot.fd);
	}
	s->slots = xreallocarray(s->slots, s->nslots + 1, sizeof(*s->slots));
	s->slots[s->nslots++] = slot;
	return 0;
}

/* From the end: the newest threads are the ones that are asked for. */
struct slot *session_find(struct session *s, pid_t tid)
{
	unsigned i;

	for (i = s->nslots; i > 0; i--)
		if (s->slots[i - 1].tid == tid && !s->slots[i - 1].gone)
			return &s->slots[i - 1];
	return NULL;
}

static void slot_read(const struct session *s, struct slot *slot)
{
	struct pfm_count *counts = xcalloc(s->nctrs, sizeof(*counts));
	unsigned i;
	int n = 0;

	for (i = 0; i < s->nctrs; i++)
		if (slot->has[i])
			counts[n++].reg_num = s->ctrs[i].place.pmd;
	if (pfm_read_counts(slot->fd, counts, n) < 0)
		die("cannot read the counts: %s", pfm_reason());
	for (i = 0, n = 0; i < s->nctrs; i++) {
		if (!slot->has[i])
			continue;
		slot->now[i] =
			(struct value){ counts[n].value, counts[n].enabled_ns,
					counts[n].running_ns };
		n++;
	}
	free(counts);
}

/* A thread that has exited needs no stop, and is refused one. */
static void slot_stop(const struct slot *slot)
{
	if (pfm_stop(slot->fd) < 0 && errno != EINVAL && errno != ESRCH)
		die("cannot stop counting: %s", pfm_reason());
}

void slot_start(const struct session *s, const struct slot *slot)
{
	if (!s->running || slot->fd < 0)
		return;
	if (pfm_start(slot->fd, NULL) < 0 && errno != EINVAL && errno != ESRCH)
		die("cannot start counting: %s", pfm_reason());
}

static void slot_close(struct session *s, struct slot *slot)
{
	if (slot->fd < 0)
		return;
	close(slot->fd);
	slot->fd = -1;
	s->nlive--;
}

void slot_end(struct session *s, struct slot *slot)
{
	if (slot->fd >= 0)
		slot_read(s, slot);
	slot_close(s, slot);
	slot->gone = true;
}

uint64_t session_counted_ns(const struct session *s)
{
	return s->counted_ns + (s->running ? now_ns() - s->since_ns : 0);
}

void session_start(struct session *s)
{
	unsigned i;

	s->running = true;
	s->since_ns = now_ns();
	for (i = 0; i < s->nslots; i++)
		slot_start(s, &s->slots[i]);
}

void session_stop(struct session *s)
{
	unsigned i;

	for (i = 0; s->running && i < s->nslots; i++)
		if (s->slots[i].fd >= 0)
			slot_stop(&s->slots[i]);
	s->counted_ns = session_counted_ns(s);
	s->running = false;
}

void session_read(struct session *s)
{
	unsigned i;

	for (i = 0; i < s->nslots; i++)
		if (s->slots[i].fd >= 0)
			slot_read(s, &s->slots[i]);
}

void session_next_interval(struct session *s)
{
	unsigned i;

	s->old_counted_ns = session_counted_ns(s);
	for (i = 0; i < s->nslots; i++)
		memcpy(s->slots[i].old, s->slots[i].now,
		       s->nctrs * sizeof(*s->slots[i].old));
}

void session_truncate(struct session *s, unsigned n)
{
	while (s->nslots > n) {
		struct slot *slot = &s->slots[--s->nslots];

		slot_close(s, slot);
		free(slot->has);
		free(slot->now);
		free(slot->old);
	}
	if (n > 0)
		return;
	free(s->slots);
	s->slots = NULL;
	s->running = false;
	s->counted_ns = s->old_counted_ns = 0;
}
