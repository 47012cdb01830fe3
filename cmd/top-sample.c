/* SPDX-License-Identifier: MIT
 *
 * top-sample.c - where the CPUs are: samples in the format "profile" of all
 * CPUs, or, where that is not permitted, of the threads of one process.  There
 * are contexts only while somebody looks.
 */
#include "config.h"

#include "top-sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pfmcore_profile.h>

#include "sampling.h"

#define BUFFER (1u << 20) /* of a CPU; of many CPUs less */
#define BUFFER_ALL (64u << 20)
#define SOURCES_MOST 4096
#define PROCS_MORE 1000    /* then those that exited are forgotten */
#define SETTLED_NS 1000000 /* an entry is there so long after its stamp */

static const char *event_name(const struct top *t)
{
	return t->ev.ncounters && !t->ev.msr ? "cycles" : "cpu-clock";
}

static int program(struct top *t, struct sampler *s, int fd)
{
	uint64_t value = 0 - t->opt->hz;
	struct pfm_place place;
	unsigned bad, k;
	pfarg_pmd_t pmd = {
		.reg_flags = PFM_REGFL_OVFL_NOTIFY | PFM_REGFL_FREQ,
		.reg_value = value,
		.reg_long_reset = value,
		.reg_short_reset = value,
	};

	if (pfm_event_assign("perf", -1, &s->ev, 1, &place, &bad) < 0)
		return -1;
	for (k = 0; k < place.npmcs; k++)
		if (pfm_write_pmcs(fd, &place.pmc[k], 1) < 0)
			return -1;
	pmd.reg_num = place.pmd;
	return pfm_write_pmds(fd, &pmd, 1);
}

static int load(struct top *t, struct sampler *s, const struct sample_at *at,
		struct sample_source *src)
{
	pfarg_load_t load = { .load_pid =
				      (uint32_t)(at->tid ? at->tid : at->cpu) };
	struct pfm_sampling want = {
		.flags = PFM_SMPL_TASKS,
		.cpu = at->tid ? at->cpu : -1,
		.ring_size = src->size / 2,
	};

	if (pfm_set_backend(src->fd, "perf") < 0 ||
	    pfm_set_sampling(src->fd, &want) < 0 ||
	    program(t, s, src->fd) < 0 || pfm_load_context(src->fd, &load) < 0)
		return -1;
	src->buf = pfm_smpl_map(src->fd, src->size);
	return src->buf ? pfm_start(src->fd, NULL) : -1;
}

static int open_source(struct top *t, struct sampler *s,
		       const struct sample_at *at)
{
	struct sample_source *src = &s->v[s->n];
	struct pfm_ring_arg arg = { .buf_size = s->buffer };
	pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_SHARED };
	int err;

	memcpy(ctx.ctx_smpl_buf_id, s->fmt->uuid, sizeof(pfm_uuid_t));
	ctx.ctx_flags |= at->tid ? PFM_FL_NOPTRACE | PFM_FL_INHERIT :
				   PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	if (pfm_create_context(&ctx, &arg, sizeof(arg)) < 0)
		return -1;
	*src = (struct sample_source){ .fd = ctx.ctx_fd,
				       .size = ctx.ctx_smpl_buf_size };
	if (fcntl(src->fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    fcntl(src->fd, F_SETFL, O_NONBLOCK) == 0 &&
	    load(t, s, at, src) == 0) {
		s->n++;
		return 0;
	}
	err = errno;
	if (src->buf)
		pfm_smpl_unmap(src->buf, src->size);
	close(src->fd);
	errno = err;
	return -1;
}

struct opening {
	struct top *t;
	struct sampler *s;
	int err;
};

/* With what it begets: one on each CPU, for each has a ring of its own. */
static void open_thread(void *arg, pid_t tid)
{
	struct opening *o = arg;
	struct sample_at at = { .tid = tid };
	unsigned i;

	for (i = 0; i < o->t->ncpus && !o->err && o->s->n < SOURCES_MOST; i++) {
		at.cpu = (int)o->t->cpu_numbers[i];
		if (open_source(o->t, o->s, &at) < 0 && errno != ESRCH)
			o->err = errno;
	}
}

static void open_process(void *arg, pid_t pid)
{
	struct opening *o = arg;
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	proc_numbers(dir, open_thread, o);
	close(dir);
}

/* One, or those of -p. */
static int open_processes(struct top *t, struct sampler *s, pid_t pid)
{
	struct opening o = { .t = t, .s = s };

	if (pid)
		open_process(&o, pid);
	else
		top_select_pids(t->select, open_process, &o);
	return o.err;
}

static int open_cpus(struct top *t, struct sampler *s)
{
	struct sample_at at = { .tid = 0 };
	unsigned i;

	for (i = 0; i < t->ncpus && i < SOURCES_MOST; i++) {
		at.cpu = (int)t->cpu_numbers[i];
		if (open_source(t, s, &at) < 0)
			return errno;
	}
	return 0;
}

static void close_sources(struct sampler *s)
{
	while (s->n > 0) {
		struct sample_source *src = &s->v[--s->n];

		pfm_smpl_unmap(src->buf, src->size);
		close(src->fd);
	}
}

static int open_all(struct top *t, struct sampler *s, pid_t pid)
{
	int err;

	do {
		err = t->ev.system || t->ev.msr ? open_cpus(t, s) :
						  open_processes(t, s, pid);
		if (err)
			close_sources(s);
		/* Who may lock little memory has small buffers. */
		if (err == ENOMEM)
			s->buffer /= 2;
	} while (err == ENOMEM && s->buffer >= PFM_PROFILE_LEAST);
	return err;
}

/* Where the kernel is not permitted the user's part is sampled. */
static bool init_event(struct top *t, struct sampler *s)
{
	unsigned plm =
		t->ev.system ? PFM_PLM_USER | PFM_PLM_KERNEL : PFM_PLM_USER;

	if (t->opt->user != t->opt->kernel)
		plm = t->opt->user ? PFM_PLM_USER : PFM_PLM_KERNEL;
	return pfm_event_parse(event_name(t), plm, &s->ev) == 0;
}

struct sampler *sampler_new(struct top *t, pid_t pid, char **why)
{
	struct sampler *s;
	int err;

	*why = NULL;
	if (!t->ev.system && !t->ev.msr && !pid && !t->opt->pids.n)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->fmt = pfm_fmt_find(PFM_PROFILE_NAME);
	s->v = xcalloc(SOURCES_MOST + 1, sizeof(*s->v));
	s->procs = procs_new();
	s->funcs = t->funcs;
	s->top = t;
	s->buffer = BUFFER;
	while (s->buffer > 2 * PFM_PROFILE_LEAST &&
	       (uint64_t)s->buffer * t->ncpus > BUFFER_ALL)
		s->buffer /= 2;
	err = s->fmt && init_event(t, s) ? open_all(t, s, pid) : EINVAL;
	if (!err && s->n)
		return s;
	*why = xasprintf("no samples: %s", err == ESRCH || !err ?
						   "the process has ended" :
						   pfm_reason());
	sampler_free(t, s);
	return NULL;
}

void sampler_free(struct top *t, struct sampler *s)
{
	(void)t;
	close_sources(s);
	pfm_event_release(&s->ev);
	places_release(s);
	procs_free(s->procs);
	free(s->v);
	free(s);
}

void sampler_fds(const struct sampler *s, void (*call)(void *arg, int fd),
		 void *arg)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		call(arg, s->v[i].fd);
}

static void fetch(struct sampler *s, struct sample_source *src)
{
	src->after = src->cursor;
	src->has =
		s->fmt->next(src->buf, src->size, &src->after, &src->head) == 1;
	src->when = src->head.tstamp;
	/* The format's own copy is of its last answer only. */
	if (src->has && src->head.task) {
		src->task = *src->head.task;
		src->head.task = &src->task;
	}
}

static struct sample_source *oldest(struct sampler *s, uint64_t before)
{
	struct sample_source *best = NULL;
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].has && s->v[i].when < before &&
		    (!best || s->v[i].when < best->when))
			best = &s->v[i];
	return best;
}

/* So far one source goes on alone. */
static uint64_t limit_of(const struct sampler *s,
			 const struct sample_source *but, uint64_t before)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (&s->v[i] != but && s->v[i].has && s->v[i].when < before)
			before = s->v[i].when;
	return before;
}

/* Messages only say that a half is full, which the buffer tells, too. */
static void drop_messages(const struct sample_source *src)
{
	pfm_msg_t msg;

	while (read(src->fd, &msg, sizeof(msg)) > 0)
		continue;
}

static bool is_full(const struct sample_source *src)
{
	return pfm_ring_handed(src->buf) >= 2;
}

/* Halves that were read to their end are empty again. */
static void give_back(struct sample_source *src)
{
	const struct pfm_ring_hdr *h = src->buf;
	uint64_t n = pfm_ring_handed(src->buf);
	size_t at, ahead;

	if (src->has) {
		ahead = smpl_cursor_ahead(src->after, src->size, h->ring_given,
					  &at);
		n = ahead <= n ? ahead : 0;
	}
	for (; n > 0; n--)
		pfm_restart(src->fd);
}

static void take(struct sampler *s, struct sample_source *src)
{
	if (src->head.task)
		procs_task(s->procs, src->head.task);
	else
		places_hit(s, &src->head);
	src->cursor = src->after;
	fetch(s, src);
}

static void round_of(struct sampler *s, bool all)
{
	uint64_t before = all ? UINT64_MAX : now_ns() - SETTLED_NS, limit;
	struct sample_source *src;
	struct pfm_stats stats;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		src = &s->v[i];
		/* It looks into the kernel's ring. */
		pfm_get_stats(src->fd, &stats);
		src->lost = stats.lost + stats.refused;
		drop_messages(src);
		if (is_full(src))
			before = UINT64_MAX;
		if (!src->has)
			fetch(s, src);
	}
	while ((src = oldest(s, before))) {
		limit = limit_of(s, src, before);
		do
			take(s, src);
		while (src->has && src->when <= limit && src->when < before);
	}
	for (i = 0; i < s->n; i++)
		give_back(&s->v[i]);
}

void sampler_read(struct top *t, struct sampler *s)
{
	(void)t;
	round_of(s, false);
}

void sampler_put(struct top *t, struct sampler *s, struct frame *f)
{
	uint64_t lost = 0, dropped = 0, threads;
	unsigned i;

	(void)t;
	round_of(s, true);
	for (i = 0; i < s->n; i++) {
		lost += s->v[i].lost;
		dropped +=
			((const struct pfm_ring_hdr *)s->v[i].buf)->ring_lost;
	}
	lost += dropped;
	f->lost = lost - s->lost;
	s->lost = lost;
	f->samples = s->samples;
	s->samples = 0;
	places_put(s, f);
	if (procs_count(s->procs, &threads) + threads > s->kept + PROCS_MORE) {
		procs_forget(s->procs);
		s->kept = procs_count(s->procs, &threads) + threads;
	}
}
