/* SPDX-License-Identifier: MIT
 *
 * sample-record.c - what comes out of the contexts, into a .pfm file: samples
 * with the stacks of sample-stack.c; at the end the symbols and the totals.
 */
#include "config.h"

#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "recfile.h"

#define ZSTD_LEVEL 3
#define FLUSH_NS 2000000000ULL /* a kill costs so much, at most */

struct recorder {
	struct prof_writer *w;
	struct stacker *stacks;
	struct prof_totals totals;
	char *path;      /* of the file that is written; owned */
	char *base;      /* as asked for; owned */
	bool moved;      /* a file of that name is now path.1 */
	unsigned number; /* of rotated files so far */
	uint64_t opened_ns, flushed_ns;
	uint64_t samples; /* of all files */
	uint64_t bytes;   /* of the files before */
	int status;       /* after a failure */

	/* --when-full=overwrite: the newest, until the end. */
	struct prof_sample *kept; /* owned */
	uint64_t nkept, room;
};

static const char *skid_of(const struct pfm_event *ev)
{
	if (ev->kind != PFM_EVENT_SW)
		return "up to tens of instructions late (interrupt)";
	if (is_breakpoint(ev))
		return "exact (breakpoint)";
	if (ev->code >> 48 == PERF_TYPE_SOFTWARE &&
	    (ev->code & 0xffff) <= PERF_COUNT_SW_TASK_CLOCK)
		return "where the timer interrupted";
	return "exact (software event)";
}

static void put_event(struct sampling *s, struct sampled *e)
{
	struct prof_writer *w = s->rec->w;
	struct prof_event ev = {
		.name = prof_put_string(w, e->asked),
		.unit = prof_put_string(w, e->ev.unit),
		.scale = e->ev.scale,
		.weight = s->clock ? PROF_CLOCK :
			  e->freq  ? PROF_FREQ :
				     PROF_PERIOD,
		.set = e->set,
		.period = e->freq ? e->freq : e->period,
		.skid = prof_put_string(w, skid_of(s->clock ? &s->clock->ev :
							      &e->ev)),
	};
	unsigned i;

	for (i = 0; i < s->nevents; i++)
		if (s->events[i].with)
			ev.values[ev.nvalues++] =
				prof_put_string(w, s->events[i].asked);
	e->id = prof_put_event(w, &ev);
}

static void put_command(struct sampling *s)
{
	char *text = xstrdup(""), *more;
	unsigned i;

	for (i = 0; s->opt->command && s->opt->command[i]; i++) {
		more = xasprintf("%s%s%s", text, i ? " " : "",
				 s->opt->command[i]);
		free(text);
		text = more;
	}
	if (*text)
		prof_put_meta(s->rec->w, "command", text);
	free(text);
}

static void put_machine(struct prof_writer *w)
{
	char line[256], *cpu = NULL;
	struct utsname u;
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && !cpu && fgets(line, sizeof(line), f))
		if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
			line[strcspn(line, "\n")] = '\0';
			cpu = strchr(line, ':') + 2;
		}
	if (f)
		fclose(f);
	if (cpu)
		prof_put_meta(w, "cpu", cpu);
	snprintf(line, sizeof(line), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	prof_put_meta(w, "cpus", line);
	if (uname(&u) == 0) {
		prof_put_meta(w, "kernel", u.release);
		prof_put_meta(w, "host", u.nodename);
		prof_put_meta(w, "machine", u.machine);
	}
}

static void put_meta(struct sampling *s)
{
	static const char *const stacks[] = { "no", "fp", "dwarf", "auto" };
	struct prof_writer *w = s->rec->w;
	char cwd[4096];

	prof_put_meta(w, "version", PACKAGE_VERSION);
	put_command(s);
	if (getcwd(cwd, sizeof(cwd)))
		prof_put_meta(w, "directory", cwd);
	put_machine(w);
	prof_put_meta(w, "backend",
		      s->clock ? "msr, samples by perf's cpu-clock" :
				 pfm_get_backend(s->sources[0].fd));
	prof_put_meta(w, "format", s->fmt->name);
	prof_put_meta(w, "stacks", stacks[s->opt->stack]);
	prof_put_meta(w, "scope",
		      !s->sources[0].tid ? "system" :
		      s->pid             ? "command" :
					   "process");
	if (s->metrics)
		prof_put_meta(w, "metrics", s->metrics);
	if (s->user_only)
		prof_put_meta(w, "levels",
			      "user only: perf_event_paranoid does not allow "
			      "the kernel");
	if (s->fallback)
		prof_put_meta(w, "fallback",
			      "no PMU here: cpu-clock stands in for cycles");
}

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void begin_file(struct sampling *s)
{
	struct recorder *r = s->rec;
	unsigned i;

	r->w = prof_create(recfile_open(r->path, O_WRONLY, &r->moved),
			   ZSTD_LEVEL);
	r->opened_ns = now_ns();
	r->totals =
		(struct prof_totals){ .start_ns = realtime_ns(), .status = -1 };
	put_meta(s);
	for (i = 0; i < s->nevents; i++)
		if (!s->events[i].with)
			put_event(s, &s->events[i]);
}

void record_open(struct sampling *s)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	const struct sample_opt *opt = s->opt;

	s->rec = r;
	r->stacks = stacker_new(s);
	r->base = recfile_name(s, opt->output ? opt->output : "%n.pfm");
	r->path = xstrdup(r->base);
	if (opt->when_full == FULL_OVERWRITE) {
		r->room = (opt->buffer_bytes ? opt->buffer_bytes : 16 << 20) /
			  sizeof(*r->kept);
		r->kept = xcalloc(r->room, sizeof(*r->kept));
	}
	begin_file(s);
}

const char *record_path(const struct sampling *s)
{
	return s->rec->path;
}

uint64_t record_samples(const struct sampling *s)
{
	return s->rec->samples;
}

uint64_t record_bytes(const struct sampling *s)
{
	return s->rec->bytes + prof_bytes(s->rec->w);
}

void record_forget(struct sampling *s)
{
	stacker_reset(s->rec->stacks);
}

static uint32_t task_of(struct sampling *s, struct thread *t)
{
	struct prof_task task = { .pid = (uint32_t)t->proc->pid,
				  .tid = (uint32_t)t->tid };

	if (t->task == PROF_NONE) {
		task.comm = prof_put_string(s->rec->w, t->comm);
		t->task = prof_put_task(s->rec->w, &task);
	}
	return t->task;
}

/* The event of an overflow; of a foreign format perhaps by its register. */
static const struct sampled *event_of(const struct sampling *s,
				      const struct pfm_ovfl *o)
{
	unsigned i;

	if (s->clock)
		return s->clock;
	if (o->eventid < s->nevents && !s->events[o->eventid].with &&
	    s->events[o->eventid].place.pmd == o->pmd)
		return &s->events[o->eventid];
	for (i = 0; i < s->nevents; i++)
		if (!s->events[i].with && s->events[i].place.pmd == o->pmd &&
		    s->events[i].set == o->set)
			return &s->events[i];
	return NULL;
}

static void keep(struct recorder *r, const struct prof_sample *p)
{
	r->kept[r->nkept++ % r->room] = *p;
}

/*
 * The counters go on from sample to sample: of a CPU, or of each thread, for of
 * descendants the kernel gives a thread's own count; and where a context is of a
 * thread on one CPU, of what the thread did there.
 */
static uint64_t *values_before(struct source *from, struct thread *t)
{
	unsigned at = (unsigned)(from->cpu + 1) * PROF_MAX_VALUES;
	unsigned n = at + PROF_MAX_VALUES;

	if (!from->tid)
		return from->before;
	if (t->nbefore < n) {
		t->before = xreallocarray(t->before, n, sizeof(*t->before));
		memset(t->before + t->nbefore, 0,
		       (n - t->nbefore) * sizeof(*t->before));
		t->nbefore = n;
	}
	return t->before + at;
}

static void put_values(struct prof_sample *p, const struct pfm_ovfl *o,
		       uint64_t *before)
{
	unsigned i;

	for (i = 0; i < o->nvalues && i < PROF_MAX_VALUES; i++) {
		p->values[p->nvalues++] = o->values[i] - before[i];
		before[i] = o->values[i];
	}
}

void record_put(struct sampling *s, const struct prof_sample *p)
{
	struct recorder *r = s->rec;

	r->samples++;
	r->totals.samples++;
	if (r->kept)
		keep(r, p);
	else
		prof_put_sample(r->w, p);
}

struct prof_writer *record_writer(const struct sampling *s)
{
	return s->rec->w;
}

/* Those of an address that were counted together are alike but for the rest. */
static void put_each(struct sampling *s, struct prof_sample *p, uint64_t n)
{
	uint64_t share = p->weight / n, rest = p->weight % n, i;

	for (i = 0; i < n; i++) {
		p->weight = share + (i < rest);
		record_put(s, p);
	}
}

static void put_sample(struct sampling *s, struct source *from,
		       const struct pfm_ovfl *o)
{
	struct recorder *r = s->rec;
	const struct sampled *e = event_of(s, o);
	struct thread *t =
		procs_thread(s->procs, (pid_t)o->tgid, (pid_t)o->tid);
	struct prof_sample p = {
		.time = o->tstamp > s->start_ns ? o->tstamp - s->start_ns : 0,
		.weight = o->weight ? o->weight : 0 - o->last_reset,
		.addr = o->addr,
		.cpu = o->cpu,
	};

	if (!e)
		return;
	p.event = e->id;
	p.task = task_of(s, t);
	p.node = stacker_node(r->stacks, r->w, t->proc, o);
	if (s->nwith && o->nvalues == s->nwith)
		put_values(&p, o, values_before(from, t));
	if (s->clock)
		clock_put(s, &p);
	else
		put_each(s, &p, from->counted ? o->values[0] : 1);
}

void record_entry(struct sampling *s, struct source *from,
		  const struct pfm_ovfl *o)
{
	if (o->task)
		procs_task(s->procs, o->task);
	else
		put_sample(s, from, o);
}

static void put_kept(struct recorder *r)
{
	uint64_t first = r->nkept > r->room ? r->nkept - r->room : 0, i;

	for (i = first; r->kept && i < r->nkept; i++)
		prof_put_sample(r->w, &r->kept[i % r->room]);
	r->totals.samples -= first;
	r->nkept = 0;
}

/* Everything about the file that ends; -1 when it could not be written. */
static int end_file(struct sampling *s)
{
	struct recorder *r = s->rec;
	struct prof_totals *t = &r->totals;
	uint64_t threads;

	if (s->clock) {
		char *text;

		clock_flush(s, s->ended);
		text = clock_resolution(s);
		prof_put_meta(r->w, "resolution", text);
		free(text);
	}
	put_kept(r);
	symbols_put(s, r->w, r->stacks);
	stacker_totals(r->stacks, t);
	t->duration_ns = now_ns() - r->opened_ns;
	if (s->end_ns && s->end_ns > r->opened_ns)
		t->duration_ns = s->end_ns - r->opened_ns;
	t->lost = sources_lost(s, &t->dropped, &t->throttled);
	t->processes = procs_count(s->procs, &threads);
	t->threads = threads;
	if (s->done)
		t->status = s->wstatus;
	r->bytes += prof_bytes(r->w);
	if (prof_end(r->w, t) == 0)
		return 0;
	warn("cannot write '%s': %m; what is there can be read", r->path);
	return -1;
}

static void next_file(struct sampling *s)
{
	struct recorder *r = s->rec;

	if (end_file(s) < 0)
		r->status = -1;
	stacker_free(r->stacks);
	r->stacks = stacker_new(s);
	procs_renumber(s->procs);
	free(r->path);
	r->path = xasprintf("%s.%u", r->base, ++r->number + 1);
	begin_file(s);
}

void record_flush(struct sampling *s)
{
	prof_flush(s->rec->w);
	s->rec->flushed_ns = now_ns();
}

bool record_check(struct sampling *s)
{
	const struct sample_opt *opt = s->opt;
	struct recorder *r = s->rec;

	if (now_ns() - r->flushed_ns >= FLUSH_NS)
		record_flush(s);
	if (prof_error(r->w))
		return false;
	if ((opt->rotate_bytes && prof_bytes(r->w) >= opt->rotate_bytes) ||
	    (opt->rotate_ns && now_ns() - r->opened_ns >= opt->rotate_ns))
		next_file(s);
	return !opt->max_bytes || record_bytes(s) < opt->max_bytes;
}

int record_close(struct sampling *s)
{
	struct recorder *r = s->rec;
	int ret = end_file(s);

	if (r->status < 0)
		ret = -1;
	stacker_free(r->stacks);
	free(r->kept);
	free(r->base);
	return ret;
}

void record_remove(struct sampling *s)
{
	recfile_remove(s->rec->path, s->rec->moved);
}

void record_free(struct sampling *s)
{
	if (s->rec)
		free(s->rec->path);
	free(s->rec);
}
