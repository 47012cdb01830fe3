/* SPDX-License-Identifier: MIT
 *
 * session.c - counters on contexts, by the 12 calls: create, write, load,
 * start, stop, read.  It does not know why a thread or a CPU is counted; that
 * is target.c and follow.c.  A single context is slot.c.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FDS_PER_CONTEXT 2 /* both ends of its socket pair */
#define FDS_PER_CPU 4     /* of the msr backend: device, lock, a timer */
#define FDS_SPARE 16      /* ours, the library's, a margin */

void session_init(struct session *s)
{
	s->pin.cpu = s->turn = -1;
	events_parse(s);
	if (s->msr)
		pin_init(s);
	else
		place_common(s);
}

void session_release(struct session *s)
{
	session_truncate(s, 0);
	events_release(s);
	metrics_release(s);
	mux_release(s);
	placing_free(s->common);
	free(s->notice);
	free(s->hint);
	while (s->ntexts > 0)
		free(s->texts[--s->ntexts]);
	free(s->texts);
}

/* They outlive the slots, and there are few. */
const char *session_keep(struct session *s, const char *text)
{
	size_t i;

	for (i = 0; i < s->ntexts; i++)
		if (!strcmp(s->texts[i], text))
			return s->texts[i];
	s->texts = xreallocarray(s->texts, s->ntexts + 1, sizeof(*s->texts));
	s->texts[s->ntexts] = xstrdup(text);
	return s->texts[s->ntexts++];
}

/* Room for the descriptors of one more context. */
static void reserve_fds(struct session *s)
{
	rlim_t each = FDS_PER_CONTEXT + (s->msr ? FDS_PER_CPU : s->nctrs);
	rlim_t need = (s->nlive + 1ULL) * each + FDS_SPARE;
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

static struct slot *append(struct session *s, const struct slot *slot)
{
	s->slots = xreallocarray(s->slots, s->nslots + 1, sizeof(*s->slots));
	s->slots[s->nslots] = *slot;
	return &s->slots[s->nslots++];
}

/*
 * The first context finds out what perf can count; later ones have the same
 * registers, so that nothing can be given up for them alone.
 */
static int open_or_relax(struct session *s, struct slot *slot)
{
	pid_t tid = slot->cpu < 0 ? slot->tid : -1;
	char *why;

	for (;;) {
		slot_choose(s, slot);
		if (!slot_has_any(s, slot) || slot_open(s, slot) == 0)
			return 0;
		if (errno == ESRCH)
			return -1;
		why = xstrdup(pfm_reason());
		if (s->nslots > 0 || !events_relax(s, tid, slot->cpu))
			die("%s", why);
		free(why);
		place_common(s);
	}
}

int session_add(struct session *s, const struct slot *where)
{
	struct slot slot = slot_new(s, where);

	slot.at = s->common;
	reserve_fds(s);
	if (open_or_relax(s, &slot) < 0) {
		slot_release(s, &slot);
		return -1;
	}
	append(s, &slot);
	return 0;
}

void session_plan_cpus(struct session *s, const struct cpus *cpus)
{
	struct slot where = { .cpu = -1 }, slot;
	unsigned i;

	for (i = 0; i < CPUS_MAX; i++) {
		if (!cpus_has(cpus, i))
			continue;
		where.cpu = (int)i;
		slot = slot_new(s, &where);
		slot.at = place_on_cpu(s, slot.cpu);
		append(s, &slot);
	}
	place_settle(s);
	for (i = 0; i < s->nslots; i++)
		slot_choose(s, &s->slots[i]);
}

/*
 * All are placed before the first is opened: what is refused has not touched a
 * register.
 */
void session_add_cpus(struct session *s, const struct cpus *cpus)
{
	unsigned i;

	session_plan_cpus(s, cpus);
	for (i = 0; i < s->nslots; i++)
		if (session_open(s, &s->slots[i]) < 0)
			die("CPU %d: %s", s->slots[i].cpu, pfm_reason());
}

int session_open(struct session *s, struct slot *slot)
{
	if (!slot_has_any(s, slot))
		return 0;
	reserve_fds(s);
	return slot_open(s, slot);
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

void session_cpu_gone(struct session *s, int fd)
{
	unsigned i;

	for (i = 0; s->msr && i < s->nslots; i++)
		if (s->slots[i].fd == fd)
			slot_offline(s, &s->slots[i]);
}

uint64_t session_counted_ns(const struct session *s)
{
	return s->counted_ns + (s->running ? now_ns() - s->since_ns : 0);
}

void session_start(struct session *s)
{
	uint64_t first = 0;
	unsigned i;

	s->running = true;
	metrics_begin(s);
	s->since_ns = now_ns();
	if (!s->began_ns)
		s->began_ns = s->since_ns;
	for (i = 0; i < s->nslots; i++) {
		slot_start(s, &s->slots[i]);
		if (i == 0)
			first = now_ns();
	}
	s->skew_ns = s->nslots > 1 ? now_ns() - first : 0;
}

void session_stop(struct session *s)
{
	unsigned i;

	for (i = 0; s->running && i < s->nslots; i++)
		if (s->slots[i].fd >= 0)
			slot_stop(s, &s->slots[i]);
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

/* perf's counters are nobody else's. */
void session_verify(struct session *s)
{
	unsigned i;

	for (i = 0; s->msr && i < s->nslots; i++)
		if (s->slots[i].fd >= 0)
			slot_verify(s, &s->slots[i]);
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
	while (s->nslots > n)
		slot_release(s, &s->slots[--s->nslots]);
	if (n > 0)
		return;
	free(s->slots);
	s->slots = NULL;
	s->running = false;
	s->counted_ns = s->old_counted_ns = 0;
	s->began_ns = 0;
}
