/* SPDX-License-Identifier: MIT
 *
 * top-priv.h - the parts of the model of pfmon top.  A frame is what one
 * interval gave: a line for each task, one for each CPU, the functions that
 * were hit.  The newest frame is the trackers' own and changes in place; older
 * ones are decoded from the history when they are looked at.
 */
#ifndef PFM_TOP_PRIV_H
#define PFM_TOP_PRIV_H

#include <pfmcore.h>

#include "cpulist.h"
#include "group.h"
#include "profile-block.h"
#include "top.h"

/* Values of a line: three of the kernel's own, then the counters. */
enum { VAL_CPU, VAL_MINFLT, VAL_MAJFLT, VAL_CTR0 };
#define TOP_CTRS 40 /* bits of struct line.has, with room to spare */

/* Why a line has no value of a counter; the texts are in top-columns.c. */
enum top_why {
	WHY_NONE,
	WHY_NEW,     /* its counting began in this interval */
	WHY_IDLE,    /* it ran not long enough to be worth it */
	WHY_DENIED,  /* no permission */
	WHY_KERNEL,  /* a thread of the kernel, which is not counted */
	WHY_FILES,   /* the limit of open files */
	WHY_GONE,    /* it ended before it was opened */
	WHY_REST,    /* of the rest only what CPUs count is known */
	WHY_BACKEND, /* msr: registers belong to a CPU */
	WHY_FAILED,  /* a call was refused otherwise */
	WHY_VIEW,    /* not counted for this view: the PMU is too small */
	WHY_SHARED,  /* the kernel let others have the PMU for a part */
	WHY_SKIPPED, /* nobody looked at it */
	WHY_CLOCK,   /* a CPU's clock runs always */
	WHYS
};

#define LINE_KERNEL TOP_ROW_KERNEL
#define LINE_ENDED TOP_ROW_ENDED
#define LINE_REST TOP_ROW_REST
#define LINE_THREAD TOP_ROW_THREAD

/* What changed in a line, besides its values: it goes into the history. */
#define DIRTY_GAUGES 1u
#define DIRTY_HAS 2u
#define DIRTY_NAME 4u
#define LINE_NEW 0x80u /* all of it: it is not in the frame before */

#define SPARK 32 /* intervals in a line's trend */

struct line {
	uint32_t key; /* ascending in a frame, never used again */
	pid_t pid, tid, ppid;
	uid_t uid;
	char *name, *cmdline; /* owned; cmdline "" when it has none */
	uint8_t flags;        /* LINE_* */
	uint8_t why;          /* enum top_why, of the counters */
	uint8_t dirty;        /* DIRTY_* */
	char state;           /* R S D Z T I X */
	uint32_t nthreads;
	int32_t cpu;           /* where it ran last */
	uint64_t rss;          /* bytes */
	uint64_t has;          /* bit i: v[i] is known */
	uint16_t spark[SPARK]; /* by number of the frame: percent x 10 */
	uint64_t v[];          /* nvals of the interval, then as many sums */
};

struct cpu_line {
	unsigned cpu;
	uint8_t why;
	uint64_t has;
	uint64_t busy_ns; /* of the interval: v[VAL_CPU] is the same */
	uint64_t *v;      /* as of a line; in the frame's block */
};

/* Why there are no samples. */
enum top_unsampled {
	SAMPLED,       /* there are */
	SAMPLED_NOT,   /* the kernel refuses; a message said why */
	SAMPLED_RIGHT, /* all CPUs are not permitted */
	SAMPLED_OFF,   /* nobody looks at functions */
	SAMPLED_WAYS
};

/* Samples in a function, by a process. */
struct hit {
	uint32_t func, pid;
	uint64_t n, sum;
};

struct frame {
	unsigned nvals, ncpus;
	struct line **lines; /* owned, ascending key; each is, too */
	size_t nlines, room;
	uint32_t *ended; /* keys of lines that left since the frame before */
	size_t nended, ended_room;
	struct cpu_line *cpus; /* owned */
	uint64_t *cpu_values;  /* owned */
	struct hit *hits;      /* owned, ascending func, pid */
	size_t nhits, hits_room;

	uint64_t number, time_ns, duration_ns;
	uint64_t elapsed_ns; /* sum of the durations */
	uint64_t skipped;    /* tasks that were not looked at */
	uint64_t lost, samples, samples_sum;
	uint32_t processes, running, threads, counted, set;
	uint8_t unsampled;      /* enum top_unsampled */
	bool hw_tasks, hw_cpus; /* who had the PMU */
	bool selected;          /* of all processes some: -p, --uid, --cgroup */
	float cpu_busy[CPUS_MAX];
	float ipc[SPARK], llc[SPARK], busy[SPARK]; /* by number */
};

/* top-frame.c */
void frame_init(struct frame *f, unsigned nvals, unsigned ncpus);
void frame_release(struct frame *f);
struct line *line_new(unsigned nvals);
void line_free(struct line *l);
void frame_add(struct frame *f, struct line *l); /* takes it over */
struct line *frame_find(const struct frame *f, uint32_t key);
/* A process has a line, and once more as one that ended. */
bool frame_has_ended(const struct frame *f, pid_t pid);
const struct hit *frame_hit(const struct frame *f, uint32_t func, uint32_t pid);
/* An interval begins: values are 0, lines that ended are left out. */
void frame_next(struct frame *f, bool sticky);
/* Sums and trends, once the values of the interval are there. */
void frame_finish(struct frame *f);
void frame_rates(struct frame *f); /* trends, from the values */
void frame_copy(struct frame *to, const struct frame *from);

/* top-codec.c: a frame as bytes; key: it stands alone. */
void frame_encode(const struct frame *f, bool key, struct bytes *b);
/* Into the frame that was before it, unless key; false: damaged. */
bool frame_decode(struct frame *f, struct reader *r);

/* A counter. */
struct top_ctr {
	struct pfm_event ev; /* owned; unused when unparsed */
	char *asked, *label; /* owned */
	char *reason;        /* why nobody counts it, or NULL; owned */
	bool unparsed, hw;
	unsigned set; /* of hw: the event set; others are in each */
};

/* A metric of a group, or of --metric. */
struct top_metric {
	const struct group *g;
	const struct group_metric *mt;
	const unsigned *ctr; /* of the group's event i: the counter */
};

struct top_use {
	struct group *g; /* owned */
	unsigned *ctr;   /* owned */
};

struct top_events {
	struct top_ctr *ctrs; /* owned */
	unsigned nctrs, nsets, set;
	struct top_use *uses; /* owned */
	unsigned nuses;
	struct top_metric *metrics; /* owned */
	unsigned nmetrics;
	struct machine machine;
	bool system;            /* whole CPUs may be counted */
	bool hw_tasks, hw_cpus; /* who has the PMU now */
	bool msr;
	unsigned ncounters; /* of the PMU; 0: none */
	char *notice;       /* owned; NULL: nothing is left out */
	char *list;         /* as text; owned */
};

/* top-events.c: false with *why (to be freed): refused. */
bool top_events_init(struct top_events *ev, const struct top_opt *opt,
		     char **why);
void top_events_release(struct top_events *ev);
/*
 * Registers for the counters up to last that are counted now, on a CPU (-1:
 * any), by counter; -1 with errno: they do not fit.
 */
int top_events_place(const struct top_events *ev, int cpu, unsigned last,
		     struct pfm_place *places);
/* CPUs are looked at, or tasks; true: another has the PMU now. */
bool top_events_look(struct top_events *ev, bool cpus);
/* Is it counted now, for a task or (cpu) a CPU? */
bool top_ctr_now(const struct top_events *ev, unsigned i, bool cpu);
int top_ctr_find(const struct top_events *ev, const char *label); /* or -1 */

/* top-groups.c: the metrics of -M and --metric, and their events. */
bool top_groups_init(struct top_events *ev, const struct top_opt *opt,
		     char **why);
unsigned top_events_add(struct top_events *ev, const char *text,
			const char *label);

/* A context and what it had counted when it was read last. */
struct counting {
	int fd;
	pid_t tid;
	uint16_t pmd[TOP_CTRS]; /* by counter */
	uint64_t *old;          /* by counter: count, enabled, running; owned */
};

/* top-count.c */
struct target {
	pid_t tid; /* or */
	int cpu;   /* -1: a thread */
	bool inherit;
};
/* 0, or an enum top_why. */
int counting_open(struct top *t, struct counting *c, const struct target *at);
/* Adds what was counted since to v[], by VAL_; bits of what has a value. */
uint64_t counting_read(struct top *t, struct counting *c, bool cpu, uint64_t *v,
		       uint8_t *why);
void counting_close(struct top *t, struct counting *c);
void counting_limit(struct top *t); /* as many files as there may be */

/* top-cpu.c: CPUs as a whole. */
struct top_cpus;
struct top_cpus *top_cpus_new(struct top *t);
void top_cpus_free(struct top *t, struct top_cpus *c);
/* The begin of counting again, after another set. */
void top_cpus_reopen(struct top *t, struct top_cpus *c);
void top_cpus_read(struct top *t, struct top_cpus *c, struct frame *f);
/* Forks since boot: another number, there may be new processes. */
uint64_t top_cpus_forks(const struct top_cpus *c);

/* top-tasks.c: processes and threads. */
struct top_tasks;
struct top_tasks *top_tasks_new(struct top *t);
void top_tasks_free(struct top *t, struct top_tasks *ts);
void top_tasks_reopen(struct top *t, struct top_tasks *ts);
void top_tasks_read(struct top *t, struct top_tasks *ts, struct frame *f);
/* Is it one of those that were selected?  All are, where nothing was. */
bool top_tasks_has(const struct top *t, pid_t pid);
bool top_tasks_known(const struct top *t, uint32_t pid); /* it is there */
bool top_tasks_any(const struct top_tasks *ts); /* of -p: are any left? */

/* top-proc.c: what /proc tells of one task. */
struct proc_stat {
	pid_t ppid;
	uid_t uid;
	uint64_t start, minflt, majflt, rss;
	uint32_t nthreads;
	int32_t cpu;
	char state;
	bool kernel;
	char name[64];
};
/* False: it is gone. */
bool proc_stat_read(int proc, const char *dir, struct proc_stat *st);
char *proc_cmdline(int proc, pid_t pid); /* to be freed; "" for none */
/* CPU time in ns; false: it is gone. */
bool proc_clock(pid_t pid, uint64_t *ns);
bool proc_thread_clock(int proc, pid_t pid, pid_t tid, uint64_t *ns);
/* Each number in a directory: to call. */
void proc_numbers(int dir, void (*call)(void *arg, pid_t id), void *arg);

/* top-select.c: which processes: -p, --uid, --cgroup, -C. */
struct top_select;
struct top_select *top_select_new(const struct top_opt *opt);
void top_select_free(struct top_select *s);
void top_select_refresh(struct top_select *s); /* cgroups change */
bool top_selected(const struct top_select *s, pid_t pid,
		  const struct proc_stat *st);
bool top_select_pids(const struct top_select *s, void (*call)(void *, pid_t),
		     void *arg); /* false: it is not by pid */
const struct cpus *top_select_cpus(const struct top_select *s); /* NULL: all */

/* top-history.c: frames that were, in a file: of --record, or in memory. */
#define HISTORY_BYTES (40u << 20) /* in memory; the oldest are dropped */
#define HISTORY_MAGIC "PFMTOPS1"
struct history;
struct history *history_new(const char *path);  /* NULL: in memory; dies */
struct history *history_open(const char *path); /* to be replayed; dies */
int history_free(struct history *h); /* -1: it could not be written */
void history_put(struct history *h, const struct frame *f);
/* What all frames have in common, first of all. */
void history_meta(struct history *h, const struct bytes *b);
bool history_read_meta(struct history *h, struct reader *r);
/* Names of functions, from number first on. */
void history_names(struct history *h, const struct bytes *b);
void history_each_names(struct history *h,
			void (*call)(void *arg, struct reader *r), void *arg);
/* Numbers there are: first to end - 1. */
uint64_t history_first(const struct history *h);
uint64_t history_end(const struct history *h);
uint64_t history_bytes(const struct history *h);
int history_error(const struct history *h); /* of writing, an errno */
/* The frame of that number; false: damaged or not there. */
bool history_get(struct history *h, uint64_t number, struct frame *f);

/* top-funcs.c: functions by number, and their names. */
struct top_func {
	const char *name, *object; /* owned by the table */
	bool kernel;
	uint64_t start, size;
};
struct top_funcs;
struct top_funcs *top_funcs_new(void);
void top_funcs_free(struct top_funcs *fs);
uint32_t top_funcs_put(struct top_funcs *fs, const struct top_func *f);
const struct top_func *top_funcs_at(const struct top_funcs *fs, uint32_t i);
uint32_t top_funcs_count(const struct top_funcs *fs);
/* Those from first on, for a file; and from one. */
void top_funcs_encode(const struct top_funcs *fs, uint32_t first,
		      struct bytes *b);
void top_funcs_decode(void *fs, struct reader *r);

/* top-sample.c: samples of all CPUs, or of one process. */
struct sampler;
/* NULL with *why NULL: all CPUs are not permitted. */
struct sampler *sampler_new(struct top *t, pid_t pid, char **why);
void sampler_free(struct top *t, struct sampler *s);
void sampler_read(struct top *t, struct sampler *s);
/* The samples of the interval into the frame, the counts of lost ones. */
void sampler_put(struct top *t, struct sampler *s, struct frame *f);
void sampler_fds(const struct sampler *s, void (*call)(void *arg, int fd),
		 void *arg);

/* top-annotate.c: samples by address in a function. */
struct top_lines;
struct top_line {
	uint64_t addr, samples;
	char hex[20]; /* the address: a double has not all of its bits */
	const char *text, *source; /* owned by the lines */
};
void sampler_zero(struct sampler *s);
/* To be freed; NULL with *why. */
struct top_lines *sampler_lines(struct sampler *s, uint32_t func, pid_t pid,
				char **why);
const struct top_line *top_lines_at(const struct top_lines *l, size_t i);
size_t top_lines_count(const struct top_lines *l);
void top_lines_free(struct top_lines *l);

/* top-replay.c: what stands at the begin of a recording. */
void replay_put_meta(struct top *t);
bool replay_get_meta(struct top *t, char **why);

/* A recording of tagged rows, as a process of its own. */
struct top_child {
	pid_t pid;
	int fd;         /* its messages; at their end it has ended */
	char said[256]; /* the last of them, with its newline */
	size_t n;
	char *path; /* owned */
};

struct top_view_data; /* top-table.c: memory of the last table */

struct top {
	const struct top_opt *opt;
	struct top_opt now; /* the same, as changed since */
	struct top_events ev;
	struct cpus cpus; /* that are counted */
	unsigned ncpus;
	unsigned *cpu_numbers; /* owned; of cpus[i] */
	struct top_select *select;
	struct top_tasks *tasks; /* NULL: replay, as the next ones */
	struct top_cpus *tcpus;
	struct sampler *sampler; /* or NULL */
	struct top_funcs *funcs;
	uint32_t funcs_put; /* of them are in the history */
	struct history *history;
	struct frame live, past, mark, zero;
	bool has_past, has_mark, has_zero, frozen;
	uint64_t at; /* number of the frame that is looked at, of a frozen */
	enum top_view view;
	pid_t view_pid;
	bool threads, replay, replay_end;
	uint32_t next_key;
	uint64_t begun_ns; /* of the interval */
	int epoll, timer;
	unsigned long nopen, most_open; /* contexts */
	struct top_child child;
	char machine[64];
	char *backend;           /* owned */
	char *message;           /* owned, or NULL */
	bool message_told, told; /* told: of an error of the history */
	char *skipped, *slots;   /* owned */
	char **groups;           /* names; owned, each too */
	size_t ngroups;
	bool groups_known;
	uint8_t unsampled; /* enum top_unsampled, of now */
	struct top_head head;
	struct top_view_data *tables; /* owned */
	struct top_lines *lines;      /* of the function looked at; owned */
	uint64_t page;
};

/* top-model.c */
void top_say(struct top *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The frame that is looked at. */
const struct frame *top_frame(struct top *t);
/* Of all that was counted; NAN: not known. */
/* A value of all CPUs, else of all lines; false: nobody knows it. */
bool top_total(const struct frame *f, unsigned val, bool sum, uint64_t *total);
struct top_ratio_of {
	const char *of, *by;
	double factor;
};
extern const struct top_ratio_of top_ipc, top_llc;
float top_ratio(const struct top *t, const struct frame *f,
		const struct top_ratio_of *of);
size_t top_back(const struct top *t); /* intervals before the newest */
void top_child_watch(struct top *t);
/* With the counters there are: tasks, CPUs, a history; frame 0 is next. */
void top_begin(struct top *t);

/* top-change.c */
bool top_record_heard(struct top *t); /* true: it has ended */

/* top-columns.c */
struct column_rule;
struct top_columns {
	struct top_column *cols;   /* owned; their texts, too */
	struct column_rule *rules; /* owned */
	unsigned n;
};
void top_columns_build(struct top *t, enum top_view view,
		       struct top_columns *c);
void top_columns_release(struct top_columns *c);
extern const char *const top_why_text[WHYS];
/* Values of the whole: of an interval, or since a mark. */
struct column_of {
	const uint64_t *v;
	uint64_t has;
	uint8_t why;
	double seconds;
	bool cpu; /* of CPUs: so many */
	unsigned ncpus;
};
struct top_cell top_metric_value(struct top *t, unsigned metric,
				 const struct column_of *of);
void top_columns_value(struct top *t, const struct column_rule *rule,
		       const struct column_of *of, struct top_cell *cell);

/* top-table.c */
void top_tables_free(struct top_view_data *d);
/* The same text, good as long as the model; there are few. */
const char *top_keep(struct top *t, const char *text);

#endif /* PFM_TOP_PRIV_H */
