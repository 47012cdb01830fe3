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
#include <string.h>
#include <unistd.h>

struct slot slot_new(const struct session *s, const struct slot *where)
{
	struct slot slot = *where;

	slot.fd = slot.beside_fd = -1;
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

bool slot_elsewhere(const struct session *s, const struct slot *slot,
		    unsigned ctr)
{
	uint64_t in = slot->at->in[ctr];

	return s->turn >= 0 && slot->at->nsets > 1 && in &&
	       !(in >> s->turn & 1);
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

		slot->has[i] = !c->reason && !slot->at->why[i] &&
			       !slot_elsewhere(s, slot, i);
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

/* Is the counter in that context: the one of sets, or the one beside them? */
static bool is_in(const struct slot *slot, unsigned ctr, int fd)
{
	bool beside = slot->at->nsets > 1 && !slot->at->in[ctr];

	return slot->has[ctr] && beside == (fd == slot->beside_fd);
}

static bool in_set(const struct slot *slot, unsigned ctr, unsigned set)
{
	uint64_t in = slot->at->in[ctr];

	return in ? in >> set & 1 : set == 0;
}

/*
 * Write the registers of the counters of one set, which is the context's set as;
 * -1 with errno.  A vector of one call is bounded by perfmon2, the number of calls is not.
 */
static int program_set(const struct session *s, const struct slot *slot, int fd,
		       unsigned set, unsigned as)
{
	enum { CHUNK = 16 };
	unsigned i = 0, k;
	int ret = 0;

	while (i < s->nctrs && ret == 0) {
		pfarg_pmc_t pmcs[2 * CHUNK];
		pfarg_pmd_t pmds[CHUNK] = { { 0 } };
		int npmcs = 0, npmds = 0;

		for (; i < s->nctrs && npmds < CHUNK; i++) {
			const struct pfm_place *place =
				placing_at(s, slot->at, set, i);

			if (!is_in(slot, i, fd) || !in_set(slot, i, set))
				continue;
			for (k = 0; k < place->npmcs; k++) {
				pmcs[npmcs] = place->pmc[k];
				pmcs[npmcs++].reg_set = (uint16_t)as;
			}
			pmds[npmds].reg_set = (uint16_t)as;
			pmds[npmds++].reg_num = place->pmd;
		}
		ret = pfm_write_pmcs(fd, pmcs, npmcs);
		if (ret == 0)
			ret = pfm_write_pmds(fd, pmds, npmds);
	}
	return ret;
}

/* The sets of a context: as many as take turns, the only one of a run, or 0. */
static void sets_of(const struct session *s, const struct slot *slot, int fd,
		    unsigned *first, unsigned *end)
{
	*first = 0;
	*end = fd == slot->beside_fd ? 1 : slot->at->nsets;
	if (s->turn < 0 || fd == slot->beside_fd || slot->at->nsets == 1)
		return;
	*first = (unsigned)s->turn;
	*end = *first + 1;
}

static int program(const struct session *s, const struct slot *slot, int fd)
{
	unsigned first, end, set;
	int ret = 0;

	sets_of(s, slot, fd, &first, &end);
	if (end - first > 1)
		mux_create(s, fd, end);
	for (set = first; set < end && ret == 0; set++) {
		ret = program_set(s, slot, fd, set, set - first);
		if (ret == 0 && end - first > 1)
			ret = mux_program(s, slot->at, fd, set);
	}
	return ret;
}

static const char *backend_asked(const struct session *s)
{
	if (s->msr)
		return "msr";
	return s->opt->backend == BACKEND_PERF ? "perf" : NULL;
}

static int create(const struct session *s)
{
	pfarg_ctx_t ctx = { .ctx_flags = s->flags };
	const char *backend = backend_asked(s);

	if (pfm_create_context(&ctx, NULL, 0) < 0)
		die("cannot create a context: %s", pfm_reason());
	if (fcntl(ctx.ctx_fd, F_SETFD, FD_CLOEXEC) < 0)
		die("cannot set close-on-exec: %m");
	if (backend && pfm_set_backend(ctx.ctx_fd, backend) < 0)
		die("backend %s: %s", backend, pfm_reason());
	return ctx.ctx_fd;
}

static int load(const struct session *s, const struct slot *slot, int fd)
{
	pfarg_load_t load = { .load_pid = (uint32_t)slot->tid };

	if (slot->cpu >= 0)
		load.load_pid = (uint32_t)slot->cpu;
	if (program(s, slot, fd) < 0)
		return -1;
	return pfm_load_context(fd, &load);
}

static bool has_beside(const struct session *s, const struct slot *slot)
{
	unsigned i;

	for (i = 0; slot->at->nsets > 1 && i < s->nctrs; i++)
		if (slot->has[i] && !slot->at->in[i])
			return true;
	return false;
}

static void close_fds(struct slot *slot)
{
	int err = errno;

	close(slot->fd);
	if (slot->beside_fd >= 0)
		close(slot->beside_fd);
	slot->fd = slot->beside_fd = -1;
	errno = err;
}

int slot_open(struct session *s, struct slot *slot)
{
	int ret = 0;

	slot->fd = create(s);
	if (has_beside(s, slot)) {
		slot->beside_fd = create(s);
		ret = load(s, slot, slot->beside_fd);
	}
	if (ret == 0)
		ret = load(s, slot, slot->fd);
	if (ret < 0) {
		close_fds(slot);
		return -1;
	}
	s->nlive++;
	if (!s->backend)
		s->backend = pfm_get_backend(slot->fd);
	return 0;
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
	close_fds(slot);
	s->nlive--;
}

/* The counters of a context as they are now, in every set they are in. */
static int read_context(const struct session *s, struct slot *slot, int fd)
{
	unsigned first, end, set, i;
	struct pfm_count *counts;
	int n = 0, ret;

	sets_of(s, slot, fd, &first, &end);
	counts = xcalloc((size_t)s->nctrs * (end - first), sizeof(*counts));
	for (set = first; set < end; set++)
		for (i = 0; i < s->nctrs; i++)
			if (is_in(slot, i, fd) && in_set(slot, i, set)) {
				counts[n].reg_set = (uint16_t)(set - first);
				counts[n++].reg_num =
					placing_at(s, slot->at, set, i)->pmd;
			}
	ret = pfm_read_counts(fd, counts, n);
	for (set = first, n = 0; set < end && ret == 0; set++)
		for (i = 0; i < s->nctrs; i++) {
			struct value *v = &slot->now[i];

			if (!is_in(slot, i, fd) || !in_set(slot, i, set))
				continue;
			v->count += counts[n].value;
			v->enabled_ns += counts[n].enabled_ns;
			v->running_ns += counts[n++].running_ns;
		}
	free(counts);
	return ret;
}

/*
 * Of what takes turns: all of the time, in which each set has a part; and the
 * slices of the first set of each counter, that the error is from.
 */
static int read_slices(const struct session *s, struct slot *slot)
{
	struct pfm_stats stats;
	unsigned i;
	int ret = pfm_get_stats(slot->fd, &stats);

	for (i = 0; i < s->nctrs && ret == 0; i++) {
		struct value *v = &slot->now[i];
		unsigned set;

		if (!slot->has[i] || !slot->at->in[i])
			continue;
		set = (unsigned)__builtin_ctzll(slot->at->in[i]);
		v->slices.reg_set = (uint16_t)set;
		v->slices.reg_num = placing_at(s, slot->at, set, i)->pmd;
		v->enabled_ns = stats.monitored_ns;
		/* Read one after the other, by a clock that goes on. */
		if (v->running_ns > v->enabled_ns)
			v->enabled_ns = v->running_ns;
		ret = pfm_read_slices(slot->fd, &v->slices, 1);
	}
	return ret;
}

static int read_counts(const struct session *s, struct slot *slot)
{
	int ret;

	memset(slot->now, 0, s->nctrs * sizeof(*slot->now));
	ret = read_context(s, slot, slot->fd);
	if (ret == 0 && slot->beside_fd >= 0)
		ret = read_context(s, slot, slot->beside_fd);
	if (ret == 0 && slot->at->nsets > 1 && s->turn < 0)
		ret = read_slices(s, slot);
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
	if ((pfm_stop(slot->fd) < 0 ||
	     (slot->beside_fd >= 0 && pfm_stop(slot->beside_fd) < 0)) &&
	    !is_over(s))
		failed(s, slot, "stop counting");
}

void slot_start(struct session *s, struct slot *slot)
{
	if (!s->running || slot->fd < 0)
		return;
	if (((slot->beside_fd >= 0 && pfm_start(slot->beside_fd, NULL) < 0) ||
	     pfm_start(slot->fd, NULL) < 0) &&
	    !is_over(s))
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
