/* SPDX-License-Identifier: MIT
 *
 * sample.h - what the files of pfmon sample share: what was asked for, the
 * events, the contexts that sample them, and the recording.
 */
#ifndef PFM_SAMPLE_H
#define PFM_SAMPLE_H

#include <pfmcore.h>
#include <pfmcore_fmt.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "cmd.h"
#include "procs.h"
#include "profile.h"

enum stack_mode { STACK_NO, STACK_FP, STACK_DWARF, STACK_AUTO };
enum sample_backend { BACKEND_ANY, BACKEND_PERF_ONLY, BACKEND_REGISTERS };
enum when_full { FULL_DROP, FULL_BLOCK, FULL_STOP, FULL_OVERWRITE };

#define FREQ_DEFAULT 997
#define STACK_BYTES 16384 /* copied of each user stack, unless told */

struct sample_opt {
	struct strlist events, with;
	const char *periods, *short_periods, *random, *randomize;
	const char *freq;
	const char *graph; /* -g: "", or its argument */
	const char *buffer, *max_size, *rotate;
	const char *output, *module;
	const char *report; /* "" or its argument */
	const char *cpus;
	struct strlist pids, tids;
	struct strlist groups, metric_texts;
	bool all_cpus, no_report, no_inherit, user, kernel;
	bool no_cmd_output, quiet;
	bool old_block, old_stop, old_raw; /* as pfmon 3.x had them */
	uint64_t max_stack, duration_ns, delay_ns, entries;
	uint64_t switch_ns;
	unsigned when_full, follow, backend;
	struct strlist debug_dirs;
	struct sym_options sym;
	char **command; /* in argv; NULL: none */

	enum stack_mode stack;
	uint32_t stack_bytes;
	uint64_t buffer_bytes, max_bytes;
	uint64_t rotate_bytes, rotate_ns;
};

/* An event that is sampled, or read beside them. */
struct sampled {
	char *asked; /* owned */
	struct pfm_event ev;
	unsigned set;  /* event set */
	bool with;     /* read in each sample, not sampled itself */
	uint64_t freq; /* Hz, or 0: */
	uint64_t period, short_period;
	uint64_t random_mask, random_seed;
	uint32_t id; /* in the profile */
	struct pfm_place place;
};

/* One context, on one CPU or one thread. */
struct source {
	int fd;
	int cpu;   /* -1: any */
	pid_t tid; /* 0: of the CPU */
	const struct pfm_smpl_fmt *fmt;
	bool halves;  /* its buffer is that of <pfmcore_ring.h> */
	bool counted; /* or of <pfmcore_hist.h> */
	bool side;    /* it samples nothing: it tells of tasks */
	uint64_t before[PROF_MAX_VALUES]; /* of a CPU: at the last sample */
	void *buf;                        /* mapped; owned */
	size_t size, cursor;
	bool has; /* head was read and is not yet used */
	struct pfm_ovfl head;
	struct pfm_task task; /* that it is, if it is one */
	uint64_t when;        /* its time; what has none comes last */
	size_t after;         /* cursor behind it */
	bool told;            /* a message says that a part is full */
	bool over;            /* unloaded: nothing more comes */
	bool gone;            /* its thread has exited before */
	struct pfm_stats stats;
	uint64_t lost; /* by the format, as last seen */
};

struct recorder; /* sample-record.c */
struct counted;  /* sample-clock.c */

struct sampling {
	const struct sample_opt *opt;
	struct sampled *events; /* owned */
	unsigned nevents, nsets, nwith;
	char *metrics;  /* text for the file: pfm(5); NULL; owned */
	bool fallback;  /* no PMU: cpu-clock stands in for cycles */
	bool user_only; /* the kernel is not permitted */
	const struct pfm_smpl_fmt *fmt;
	struct source *sources; /* owned */
	unsigned nsources;
	struct sampled *clock;   /* that takes the samples, where registers
				* count: sample-clock.c; NULL; owned */
	struct counted *counted; /* owned */
	unsigned ncounted;
	uint64_t buffer;      /* bytes of each one's; 0: not known yet */
	struct rlimit nofile; /* as found */
	bool raised;
	struct procs *procs;
	struct recorder *rec;

	pid_t pid; /* the command's, or 0 */
	int sock;
	bool done; /* it ended */
	int wstatus;
	uint64_t start_ns, end_ns; /* sampling began, ended */
	bool started, ended, killed, interrupted, timed_out;
};

/* sample-events.c: what to sample, how often; dies with what is wrong. */
void events_init(struct sampling *s);
void events_free(struct sampling *s);
/* NULL, or why it cannot be sampled (to be freed); then it is not there. */
char *events_add(struct sampling *s, const char *text);
/* sample-metrics.c: -M and --metric; set: the first that is free. */
void metrics_init(struct sampling *s, unsigned set);
/* Their registers; -1 with errno and a reason. */
void events_place(struct sampling *s, const char *backend, int cpu);
/* Leave the kernel out, where that was not asked for; false: done already. */
bool events_narrow(struct sampling *s);
bool parse_size(const char *arg, uint64_t *bytes);

/* sample-source.c: contexts. */
void sources_open(struct sampling *s); /* for the targets of the options */
void sources_start(struct sampling *s);
void sources_stop(struct sampling *s);
void sources_close(struct sampling *s);
/* What the formats call lost, and the kernel. */
uint64_t sources_lost(const struct sampling *s, uint64_t *dropped,
		      uint64_t *throttled);

/* sample-program.c: the registers of a context; -1 with errno. */
int program_events(const struct sampling *s, int fd);
int program_side(int fd);
int program_clock(const struct sampling *s, int fd);
int program_counters(const struct sampling *s, int fd);

/* sample-clock.c: --backend=msr, samples by a clock, weights by registers. */
void clock_init(struct sampling *s);
void clock_open(struct sampling *s); /* for the CPUs of the sources */
void clock_start(struct sampling *s);
void clock_stop(struct sampling *s);
void clock_close(struct sampling *s);
uint64_t clock_slice_ns(const struct sampling *s);
void clock_read(struct sampling *s);
/* A sample but for its events and weights; in order of time on each CPU. */
void clock_put(struct sampling *s, const struct prof_sample *p);
/* What is held back goes into the file that ends; last: and what has no sample. */
void clock_flush(struct sampling *s, bool last);
char *clock_resolution(const struct sampling *s); /* to be freed */

/* sample-merge.c: what the contexts have, in order of time, to the recorder. */
void merge_round(struct sampling *s, bool last);
bool merge_full(const struct sampling *s); /* a buffer has no room */

/* sample-record.c: overflows to samples of the file. */
void record_open(struct sampling *s);
void record_entry(struct sampling *s, struct source *from,
		  const struct pfm_ovfl *o);
/* One that is complete. */
void record_put(struct sampling *s, const struct prof_sample *p);
struct prof_writer *record_writer(const struct sampling *s);
/* The halves of a source were given back: addresses in them are others'. */
void record_forget(struct sampling *s);
void record_flush(struct sampling *s);
/* After a round: a new file when this one is full; false: it is the end. */
bool record_check(struct sampling *s);
int record_close(struct sampling *s); /* the exit status, with a message */
/* After record_close(): as if there had been no recording. */
void record_remove(struct sampling *s);
void record_free(struct sampling *s);
const char *record_path(const struct sampling *s);
uint64_t record_samples(const struct sampling *s);
uint64_t record_bytes(const struct sampling *s);

/*
 * sample-file.c: the name, with %p pid, %h host, %t time, %n name, %% itself; to
 * be freed.
 */
char *recfile_name(const struct sampling *s, const char *pattern);

/* sample-stack.c: a sample's stack as a node. */
struct stacker;
struct stacker *stacker_new(struct sampling *s);
void stacker_free(struct stacker *st);
void stacker_reset(struct stacker *st); /* another file, or other halves */
uint32_t stacker_node(struct stacker *st, struct prof_writer *w,
		      struct proc *proc, const struct pfm_ovfl *o);
void stacker_totals(struct stacker *st, struct prof_totals *t);
/* Samples whose innermost frame it is. */
uint64_t stacker_self(const struct stacker *st, uint32_t frame);
/* After the last sample: the name of a frame, of the outermost function there. */
void stacker_name(struct stacker *st, uint32_t frame, const char *name);
/* Which file an object is. */
struct file *stacker_file(const struct stacker *st, uint32_t object);

/* sample-symbols.c: names for all that was hit, into the file. */
void symbols_put(struct sampling *s, struct prof_writer *w, struct stacker *st);

/* sample-run.c: the exit status. */
int sample_run_all(struct sampling *s);

#endif /* PFM_SAMPLE_H */
