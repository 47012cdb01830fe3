/* SPDX-License-Identifier: MIT
 *
 * sample-source.c - the contexts that sample: one for each CPU of a command, of
 * each thread that is attached to, or of the system.  All by the 12 calls.
 */
#include "config.h"

#include "sample.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pfmcore_hist.h>
#include <pfmcore_profile.h>

#include "cpulist.h"
#include "profile-module.h"

/* Of all contexts together, unless -m says; and of one at least. */
#define BUFFER_PLAIN (1u << 20)
#define BUFFER_STACKS (16u << 20)
#define BUFFER_ALL (128u << 20)
#define RING_LEAST (32u << 10)
#define SIDE_BUFFER (512u << 10)
#define RING_MOST (8u << 20)

#define FDS_SPARE 64 /* ours, those of files that are mapped */

static uint64_t buffer_size(const struct sampling *s, unsigned n)
{
	uint64_t size =
		s->opt->stack >= STACK_DWARF ? BUFFER_STACKS : BUFFER_PLAIN;

	if (s->opt->buffer_bytes)
		return s->opt->buffer_bytes;
	if (s->opt->entries)
		size = s->opt->entries * 128 + PFM_PROFILE_LEAST;
	while (n > 1 && size > 2 * PFM_PROFILE_LEAST && size * n > BUFFER_ALL)
		size /= 2;
	return size;
}

/* The argument of a format: all of ours begin with the size of the buffer. */
static int create(struct sampling *s, struct source *src, uint32_t flags)
{
	uint64_t arg[64] = { src->side ? SIDE_BUFFER : s->buffer };
	struct pfm_ring_arg *ring = (void *)arg;
	pfarg_ctx_t ctx = { .ctx_flags = flags };

	if (src->fmt->arg_size > sizeof(arg))
		die("--smpl-module=%s: its argument of %zu bytes is unknown",
		    src->fmt->name, src->fmt->arg_size);
	if (s->opt->when_full == FULL_BLOCK && !src->side)
		ring->flags = PFM_RING_BLOCK;
	memcpy(ctx.ctx_smpl_buf_id, src->fmt->uuid, sizeof(pfm_uuid_t));
	if (pfm_create_context(&ctx, arg, src->fmt->arg_size) < 0) {
		if (errno == EINVAL && s->buffer < PFM_PROFILE_LEAST)
			die("-m: %" PRIu64 " bytes are too small a buffer for "
			    "format %s; 64K is enough",
			    s->buffer, src->fmt->name);
		return -1;
	}
	src->size = ctx.ctx_smpl_buf_size;
	if (s->clock && pfm_set_backend(ctx.ctx_fd, "perf") < 0)
		die("the clock of the samples: %s", pfm_reason());
	return ctx.ctx_fd;
}

static bool follows(const struct sampling *s)
{
	return !s->opt->no_inherit && !s->opt->follow && !s->opt->tids.n;
}

/* What comes with each sample. */
static int ask(const struct sampling *s, const struct source *src,
	       uint64_t ring)
{
	enum stack_mode stack = src->side ? STACK_NO : s->opt->stack;
	struct pfm_sampling want = {
		.flags = src->fmt->task ? PFM_SMPL_TASKS : 0,
		.cpu = src->tid ? src->cpu : -1,
		.ring_size = s->opt->when_full == FULL_BLOCK ? RING_MOST :
			     ring < RING_LEAST               ? RING_LEAST :
			     ring > RING_MOST                ? RING_MOST :
							       ring,
	};

	if (stack != STACK_NO && !s->user_only)
		want.flags |= PFM_SMPL_KCHAIN;
	if (stack == STACK_FP)
		want.flags |= PFM_SMPL_UCHAIN;
	if (stack == STACK_FP && s->opt->max_stack < 127)
		want.max_stack = (uint32_t)s->opt->max_stack;
	if (stack >= STACK_DWARF) {
		want.regs = unwind_regs_mask;
		want.stack_size = s->opt->stack_bytes;
	}
	return pfm_set_sampling(src->fd, &want);
}

static int load(const struct sampling *s, const struct source *src)
{
	pfarg_load_t load = { .load_pid = (uint32_t)(src->tid ? src->tid :
								src->cpu) };
	int ret = src->side ? program_side(src->fd) :
		  s->clock  ? program_clock(s, src->fd) :
			      program_events(s, src->fd);

	return ret < 0 ? -1 : pfm_load_context(src->fd, &load);
}

static uint32_t flags_of(const struct sampling *s, const struct source *src)
{
	uint32_t flags = PFM_FL_SHARED;

	if (!src->tid)
		return flags | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	flags |= PFM_FL_NOPTRACE;
	if (s->opt->when_full == FULL_BLOCK && !src->side)
		flags |= PFM_FL_NOTIFY_BLOCK;
	if (src->cpu >= 0)
		flags |= PFM_FL_INHERIT;
	if (s->pid && !s->opt->delay_ns)
		flags |= PFM_FL_ON_EXEC;
	return flags;
}

/* Room for the descriptors of n contexts. */
static void reserve_fds(struct sampling *s, unsigned n)
{
	rlim_t need = (rlim_t)n * (4 + s->nevents * s->nsets) + FDS_SPARE;
	struct rlimit want;

	if (getrlimit(RLIMIT_NOFILE, &s->nofile) < 0)
		die("cannot read the limit of open files: %m");
	if (need > s->nofile.rlim_max)
		die("this needs %llu open files (contexts: %u, events: %u), "
		    "the limit is %llu; see ulimit -Hn",
		    (unsigned long long)need, n, s->nevents,
		    (unsigned long long)s->nofile.rlim_max);
	/* The files that are mapped are kept open, too. */
	want = s->nofile;
	want.rlim_cur = want.rlim_max;
	s->raised = want.rlim_cur != s->nofile.rlim_cur &&
		    setrlimit(RLIMIT_NOFILE, &want) == 0;
}

/* Ours with the buffer of <pfmcore_ring.h>. */
static bool has_halves(const struct pfm_smpl_fmt *fmt)
{
	static const char *const names[] = { PFM_PROFILE_NAME, PFM_RAW_NAME,
					     PFM_RING_NAME };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(fmt->name, names[i]))
			return true;
	return false;
}

static int open_source(struct sampling *s, struct source *src)
{
	int err;

	src->fd = create(s, src, flags_of(s, src));
	if (src->fd < 0)
		return -1;
	if (ask(s, src, s->buffer / 2) == 0 && load(s, src) == 0) {
		src->buf = pfm_smpl_map(src->fd, src->size);
		src->halves = has_halves(src->fmt);
		src->counted = !strcmp(src->fmt->name, PFM_HIST_NAME);
		if (src->buf)
			return 0;
	}
	err = errno;
	close(src->fd);
	src->fd = -1;
	errno = err;
	return -1;
}

static void close_source(struct source *src)
{
	if (src->buf)
		pfm_smpl_unmap(src->buf, src->size);
	if (src->fd >= 0)
		close(src->fd);
	src->buf = NULL;
	src->fd = -1;
}

/* Of a process that is attached to, one that was listed may be gone. */
static void forget_exited(struct sampling *s)
{
	pid_t tid = s->sources[0].tid;
	unsigned i, n = 0;

	for (i = 0; i < s->nsources; i++)
		if (!s->sources[i].gone)
			s->sources[n++] = s->sources[i];
	s->nsources = n;
	if (n)
		return;
	if (s->opt->tids.n)
		die("thread %d does not exist", (int)tid);
	die("process %d has exited", (int)tid);
}

/* All are opened, or none: -1 with errno. */
static int open_all(struct sampling *s)
{
	struct source *src;
	unsigned i, k;
	int err;

	for (i = 0; i < s->nsources; i++) {
		src = &s->sources[i];
		if (open_source(s, src) == 0)
			continue;
		err = errno;
		if (err == ESRCH && s->opt->pids.n) {
			src->gone = true;
			continue;
		}
		if (err == ESRCH)
			die("%s %d does not exist",
			    s->opt->tids.n ? "thread" : "process",
			    (int)src->tid);
		for (k = 0; k < i; k++)
			close_source(&s->sources[k]);
		errno = err;
		return -1;
	}
	forget_exited(s);
	return 0;
}

/*
 * The library speaks of registers and rings; who asked knows events, and of the
 * system CPUs.
 */
_Noreturn static void die_refused(const struct sampling *s)
{
	static const char ring[] = "the ring of samples: ";
	const char *why = pfm_reason(), *name = s->events[0].asked;
	unsigned pmc, i;
	int n = 0;

	if (sscanf(why, "pmc%u: %n", &pmc, &n) == 1 && n) {
		for (i = 0; i < s->nevents; i++)
			if (s->events[i].place.npmcs &&
			    s->events[i].place.pmc[0].reg_num == pmc)
				name = s->events[i].asked;
	} else if (!strncmp(why, ring, sizeof(ring) - 1)) {
		n = sizeof(ring) - 1;
	} else {
		die("%s", why);
	}
	die("cannot sample %s%s: %s", name,
	    s->sources[0].tid ? "" : " of whole CPUs", why + n);
}

/*
 * Where the kernel is not permitted, the user's part is sampled; who may lock
 * little memory has small buffers.
 */
static void open_or_yield(struct sampling *s)
{
	s->buffer = buffer_size(s, s->nsources);
	while (open_all(s) < 0) {
		if (errno == ENOMEM && !s->opt->buffer_bytes &&
		    s->buffer >= 2 * PFM_PROFILE_LEAST)
			s->buffer /= 2;
		else if ((errno != EACCES && errno != EPERM) ||
			 !s->sources[0].tid || !events_narrow(s))
			die_refused(s);
	}
}

static void add(struct sampling *s, pid_t tid, int cpu)
{
	s->sources =
		xreallocarray(s->sources, s->nsources + 1, sizeof(*s->sources));
	s->sources[s->nsources++] = (struct source){
		.fd = -1, .cpu = cpu, .tid = tid, .fmt = s->fmt
	};
}

/* Of a format that takes no tasks they come by another context beside it. */
static void add_sides(struct sampling *s)
{
	unsigned n = s->nsources, i;

	for (i = 0; i < n && !s->fmt->task; i++) {
		add(s, s->sources[i].tid, s->sources[i].cpu);
		s->sources[n + i].side = true;
		s->sources[n + i].fmt = pfm_fmt_find(PFM_PROFILE_NAME);
	}
}

/* A thread with what it begets: on each CPU, for each has a ring of its own. */
static void add_thread(struct sampling *s, pid_t tid)
{
	struct cpus cpus = { 0 };
	unsigned cpu;

	if (!follows(s)) {
		add(s, tid, -1);
		return;
	}
	cpus_online(&cpus);
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(&cpus, cpu))
			add(s, tid, (int)cpu);
}

static void add_process(struct sampling *s, pid_t pid)
{
	const struct dirent *e;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		die("process %d does not exist", (int)pid);
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			add_thread(s, (pid_t)strtol(e->d_name, NULL, 10));
	closedir(dir);
	procs_read(s->procs, pid);
}

/* Twice in the lists: its samples would count twice. */
static bool is_listed(const struct sampling *s, pid_t tid)
{
	unsigned i;

	for (i = 0; i < s->nsources; i++)
		if (s->sources[i].tid == tid)
			return true;
	return false;
}

static void each_id(struct sampling *s, const char *list, bool threads)
{
	const char *p = list;
	char *end;
	long id;

	do {
		id = strtol(p, &end, 10);
		if (end == p || (*end && *end != ',') || id < 1 ||
		    id > INT32_MAX)
			usage_error(&cmd_sample_entry,
				    "'%s' is not a list of process or thread "
				    "numbers",
				    list);
		if (!is_listed(s, (pid_t)id)) {
			if (threads)
				add(s, (pid_t)id, -1);
			else
				add_process(s, (pid_t)id);
		}
		p = end + 1;
	} while (*end);
}

static void add_cpus(struct sampling *s)
{
	struct cpus cpus = { 0 };
	unsigned cpu;
	char *bad = NULL;

	if (s->opt->cpus)
		bad = cpus_parse(s->opt->cpus, &cpus);
	else
		cpus_online(&cpus);
	if (bad)
		die("-C: %s", bad);
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(&cpus, cpu))
			add(s, 0, (int)cpu);
	procs_read(s->procs, 0);
}

void sources_open(struct sampling *s)
{
	const struct sample_opt *opt = s->opt;
	unsigned i;

	if (opt->all_cpus || opt->cpus)
		add_cpus(s);
	if (s->clock)
		clock_open(s);
	for (i = 0; i < opt->pids.n; i++)
		each_id(s, opt->pids.v[i], false);
	for (i = 0; i < opt->tids.n; i++)
		each_id(s, opt->tids.v[i], true);
	if (!s->nsources)
		add_thread(s, s->pid);
	add_sides(s);
	reserve_fds(s, s->nsources);
	open_or_yield(s);
}

void sources_start(struct sampling *s)
{
	unsigned i;

	clock_start(s);
	for (i = 0; i < s->nsources; i++)
		if (pfm_start(s->sources[i].fd, NULL) < 0)
			die("%s", pfm_reason());
}

/* A thread that has exited is unloaded already. */
void sources_stop(struct sampling *s)
{
	struct pfm_count count = { 0 };
	unsigned i;

	/* What waits is taken while its thread stands still. */
	while (s->opt->when_full == FULL_BLOCK && merge_full(s))
		merge_round(s, false);
	for (i = 0; i < s->nsources; i++)
		pfm_stop(s->sources[i].fd);
	clock_stop(s);
	/* A read brings the kernel's own count of what was lost. */
	for (i = 0; i < s->nsources; i++) {
		if (s->sources[i].side)
			continue;
		count.reg_num = (s->clock ? s->clock : s->events)->place.pmd;
		pfm_read_counts(s->sources[i].fd, &count, 1);
	}
}

uint64_t sources_lost(const struct sampling *s, uint64_t *dropped,
		      uint64_t *throttled)
{
	uint64_t lost = 0;
	unsigned i;

	*dropped = *throttled = 0;
	for (i = 0; i < s->nsources; i++) {
		const struct source *src = &s->sources[i];

		lost += src->stats.lost;
		*throttled += src->stats.throttled;
		*dropped += src->stats.refused;
		if (src->counted)
			*dropped += ((const struct pfm_hist_hdr *)src->buf)
					    ->hist_lost;
		else if (src->halves)
			*dropped += ((const struct pfm_ring_hdr *)src->buf)
					    ->ring_lost;
	}
	return lost;
}

void sources_close(struct sampling *s)
{
	unsigned i;

	clock_close(s);
	for (i = 0; i < s->nsources; i++)
		close_source(&s->sources[i]);
	free(s->sources);
}
