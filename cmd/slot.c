/* SPDX-License-Identifier: MIT
 *
 * slot.c - one context of a session: opened, started, read, stopped.  What all
 * of them do together is in session.c.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct slot slot_new(const struct session *s, const struct slot *where)
{
	struct slot slot = *where;

	slot.fd = -1;
	slot.has = xcalloc(s->nctrs, sizeof(*slot.has));
	slot.now = xcalloc(s->nctrs, sizeof(*slot.now));
	slot.old = xcalloc(s->nctrs, sizeof(*slot.old));
	return slot;
}

void slot_release(struct session *s, struct slot *slot)
{
	slot_close(s, slot);
	free(slot->has);
	free(slot->now);
	free(slot->old);
	if (slot->at != s->common)
		placing_free(slot->at);
}

/*
 * A PMU of a package counts on one CPU of it: elsewhere there is no value.  Its
 * register can be read on all of them, though: on the only one that is counted,
 * too.
 */
void slot_choose(const struct session *s, struct slot *slot)
{
	bool only = s->msr && s->nslots == 1;
	unsigned i;

	for (i = 0; i < s->nctrs; i++) {
		const struct counter *c = &s->ctrs[i];
		struct cpus cpus = { 0 };

		slot->has[i] = !c->reason && !slot->at->why[i];
		if (slot->cpu < 0 || !slot->has[i] || !c->ev.cpus || only)
			continue;
		free(cpus_parse(c->ev.cpus, &cpus));
		slot->has[i] = cpus_has(&cpus, (unsigned)slot->cpu);
	}
}

bool slot_has_any(const struct session *s, const struct slot *slot)
{
	unsigned i;

	for (i = 0; i < s->nctrs; i++)
		if (slot->has[i])
			return true;
	return false;
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
			const struct pfm_place *place = &slot->at->places[i];

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

static const char *backend_asked(const struct session *s)
{
	if (s->msr)
		return "msr";
	return s->opt->backend == BACKEND_PERF ? "perf" : NULL;
}

int slot_open(struct session *s, struct slot *slot)
{
	pfarg_ctx_t ctx = { .ctx_flags = s->flags };
	pfarg_load_t load = { .load_pid = (uint32_t)slot->tid };
	const char *backend = backend_asked(s);
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
	if (program(s, slot) == 0 && pfm_load_context(slot->fd, &load) == 0) {
		s->nlive++;
		if (!s->backend)
			s->backend = pfm_get_backend(slot->fd);
		return 0;
	}
	err = errno;
	close(slot->fd);
	slot->fd = -1;
	errno = err;
	return -1;
}

/*
 * The library unloads what is closed when it gets to it: registers are to be as
 * they were by the time this returns.
 */
void slot_close(struct session *s, struct slot *slot)
{
	if (slot->fd < 0)
		return;
	if (s->msr)
		pfm_unload_context(slot->fd);
	close(slot->fd);
	slot->fd = -1;
	s->nlive--;
}

static int read_counts(const struct session *s, struct slot *slot)
{
	struct pfm_count *counts = xcalloc(s->nctrs, sizeof(*counts));
	unsigned i;
	int n = 0, ret;

	for (i = 0; i < s->nctrs; i++)
		if (slot->has[i])
			counts[n++].reg_num = slot->at->places[i].pmd;
	ret = pfm_read_counts(slot->fd, counts, n);
	for (i = 0, n = 0; i < s->nctrs && ret == 0; i++) {
		if (!slot->has[i])
			continue;
		slot->now[i] =
			(struct value){ counts[n].value, counts[n].enabled_ns,
					counts[n].running_ns };
		n++;
	}
	free(counts);
	return ret;
}

/* The CPU is gone.  What was seen last is in the context, not in hardware. */
void slot_offline(struct session *s, struct slot *slot)
{
	uint64_t ns = s->began_ns ? now_ns() - s->began_ns : 0;
	char *text;

	text = xasprintf("went offline after %.1f s", (double)ns / 1e9);
	warn("CPU %d %s: its counts end there", slot->cpu, text);
	slot->ended = session_keep(s, text);
	free(text);
	pfm_unload_context(slot->fd);
	read_counts(s, slot);
	slot_close(s, slot);
	slot->gone = true;
}

static void lose(struct session *s, struct slot *slot)
{
	warn("%s", pfm_reason());
	slot->lost = session_keep(s, pfm_reason());
	slot_close(s, slot);
	slot->gone = true;
}

/*
 * A CPU that goes away, or whose registers somebody else writes, ends alone:
 * the others count on.  Anything else ends the program.
 */
static void failed(struct session *s, struct slot *slot, const char *what)
{
	/* EINVAL: the library saw it first, and has unloaded the context. */
	if (s->msr && (errno == ENXIO || errno == EINVAL))
		slot_offline(s, slot);
	else if (s->msr && errno == EIO)
		lose(s, slot);
	else
		die("cannot %s: %s", what, pfm_reason());
}

void slot_read(struct session *s, struct slot *slot)
{
	if (read_counts(s, slot) < 0)
		failed(s, slot, "read the counts");
}

/* A thread that has exited needs no start and no stop, and is refused both. */
static bool is_over(const struct session *s)
{
	return !s->msr && (errno == EINVAL || errno == ESRCH);
}

void slot_stop(struct session *s, struct slot *slot)
{
	if (pfm_stop(slot->fd) < 0 && !is_over(s))
		failed(s, slot, "stop counting");
}

void slot_start(struct session *s, struct slot *slot)
{
	if (!s->running || slot->fd < 0)
		return;
	if (pfm_start(slot->fd, NULL) < 0 && !is_over(s))
		failed(s, slot, "start counting");
}

void slot_verify(struct session *s, struct slot *slot)
{
	if (pfm_unload_context(slot->fd) < 0)
		failed(s, slot, "end counting");
	slot_close(s, slot);
}

void slot_end(struct session *s, struct slot *slot)
{
	if (slot->fd >= 0)
		slot_read(s, slot);
	slot_close(s, slot);
	slot->gone = true;
}
