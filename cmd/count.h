/* SPDX-License-Identifier: MIT
 *
 * count.h - the parts of pfmon count: what was asked (count_opt), what is
 * counted (session), on whom (target), and what came out (result).  Shared by
 * the files of the command only.
 */
#ifndef PFM_COUNT_H
#define PFM_COUNT_H

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <pfmcore.h>

#include "child.h"
#include "cmd.h"
#include "cpulist.h"
#include "estimate.h"
#include "group.h"

enum per { PER_TOTAL, PER_THREAD, PER_PROCESS, PER_CPU };
enum follow { FOLLOW_ALL, FOLLOW_NONE, FOLLOW_UNSET };
enum backend { BACKEND_AUTO, BACKEND_PERF, BACKEND_MSR };
enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* What was asked.  Strings and lists are borrowed from argv. */
struct count_opt {
	struct strlist events, pids, tids;
	struct strlist groups, metrics; /* -M, --metric */
	const char *cpus;               /* -C */
	bool all_cpus;                  /* -a */
	bool user, kernel;              /* -u, -k: default levels */
	unsigned per;                   /* enum per; PER_TOTAL unless asked */
	unsigned follow;   /* enum follow; UNSET, which is ALL, unless asked */
	uint64_t delay_ns; /* 0: none, as the other times */
	uint64_t duration_ns;
	uint64_t interval_ns;
	uint64_t interval_count; /* 0: no limit */
	uint64_t repeat, warmup;
	bool table;
	const char *pre, *post;
	const char *output; /* -o */
	bool append, json, raw, no_cmd_output, quiet, verbose, dry_run;
	const char *csv;  /* -x: separator, "" for a comma, NULL: not asked */
	unsigned colour;  /* enum colour */
	uint64_t width;   /* 0: of the terminal */
	unsigned backend; /* enum backend */
	bool pin;         /* --pin-command: to the CPU of -C */
	bool isolate;
	bool exact;                  /* a set a run, no turns */
	bool no_merge;               /* each -e a set, even if all fit */
	bool by_set;                 /* a table of each set */
	const char *compare;         /* a file of results */
	const char *versus;          /* a command to take turns with */
	bool no_scale;               /* what was counted, not an estimate */
	bool show_duty;              /* the share of time of every event */
	uint64_t switch_ns;          /* of a set's run, on average */
	const char *switch_overflow; /* EVENT@N: instead, after N of them */
	uint64_t seed;               /* of the lengths of the runs */
	char **command;              /* NULL without one */
};

/* One event of the session. */
struct counter {
	struct pfm_event ev; /* owned; unused when it was not parsed */
	char *asked;         /* as the user wrote it; owned */
	char *label;         /* the same, with levels left out; owned */
	char *name;          /* full canonical name; owned */
	char *reason;        /* why it is not counted, or NULL; owned */
	bool unparsed;       /* ev is empty */
	unsigned list;       /* the -e it is of */
	unsigned brace;      /* the {} it is in, 0: none */
};

#define SETS_MAX 64

/*
 * Where the counters go: the same for all that perf counts, and for the
 * registers themselves another one on each CPU.  The arrays are owned and have
 * an entry per counter, places one per set and counter; why a counter is not
 * placed, or NULL, is the session's text.
 *
 * Several sets take turns.  What needs no counter is beside them: with perf in
 * a context of its own, else in every set.
 */
struct placing {
	unsigned nsets;
	uint64_t *in; /* the sets a counter is in; 0: beside them */
	struct pfm_place *switcher; /* per set: of the event that ends a turn */
	struct pfm_place *places;
	const char **why;
};

struct value {
	uint64_t count, enabled_ns, running_ns;
	struct pfm_slices slices; /* of its first set, if it is in one */
};

/* One context: where it counts and what it has counted. */
struct slot {
	int fd;             /* context, -1 without or when closed */
	int beside_fd;      /* for what is beside its sets, or -1 */
	bool gone;          /* the thread has exited; the values are final */
	pid_t tid, tgid;    /* 0 for a CPU; tgid is the process of the thread */
	int cpu;            /* -1 for a thread */
	char comm[16];      /* name of the thread, "" when not wanted */
	bool *has;          /* per counter: is it counted here?  owned */
	struct value *now;  /* per counter, at the last read; owned */
	struct value *old;  /* the same, at the interval's beginning; owned */
	struct placing *at; /* owned, unless it is the session's */
	const char *ended;  /* why it was counted for a while only, or NULL */
	const char *lost;   /* why its counts are not to be trusted, or NULL */
};

/* A command bound to the one CPU that is counted. */
struct pin {
	int cpu;            /* -1: there is none */
	bool moved;         /* pfmon runs elsewhere now */
	struct cpus before; /* where pfmon might run, as found */
	uint64_t begin_ns;  /* the command's begin */
	uint64_t busy_ns;   /* time the CPU had been busy by then */
};

/* What others had of that CPU's time. */
struct share {
	bool known;
	uint64_t others_ns;  /* user, system and irq */
	uint64_t elapsed_ns; /* of so much */
	uint64_t step_ns;    /* the kernel's resolution; 1: exact */
};

/* A group of the session; its event i is counter ctr[i].  Both owned. */
struct group_use {
	struct group *g;
	unsigned *ctr;
};

struct session {
	const struct count_opt *opt;
	struct counter *ctrs; /* owned */
	unsigned nctrs;
	struct pfm_event switcher; /* --switch-overflow; owned */
	uint64_t switch_period;    /* so many of it are a turn; 0: by time */
	unsigned nlists; /* of events: of -e, and groups; 0: the usual ones */
	struct machine machine; /* when a group was asked for */
	struct group_use *uses; /* owned */
	unsigned nuses;
	uint64_t tsc0, tsc0_ns; /* the time stamp counter then */
	bool msr;               /* the registers themselves: CPUs only */
	bool msr_chosen;        /* by us, as perf has no PMU */
	struct placing *common; /* of all that perf counts; owned */
	struct pin pin;
	char *const *command; /* of this run, NULL without one; borrowed */
	int turn; /* --exact: the only set of this run; -1: all, in turn */
	struct slot *slots; /* owned */
	unsigned nslots;
	unsigned nlive;          /* slots with an open context */
	uint32_t flags;          /* PFM_FL_* of the contexts */
	bool running;            /* counting now */
	uint64_t since_ns;       /* when that began */
	uint64_t began_ns;       /* the same, of the first time; 0: not yet */
	uint64_t skew_ns;        /* from the first slot's start to the last's */
	uint64_t counted_ns;     /* time counted before */
	uint64_t old_counted_ns; /* the same, at the interval's beginning */
	char *notice;            /* levels left out, or NULL; owned */
	char *hint;   /* what --backend=msr could do, or NULL; owned */
	char **texts; /* reasons of slots and rows; owned */
	size_t ntexts;
	const char *backend;     /* who counts, static; NULL before */
	struct pfm_pmu_info pmu; /* filled when a counter needs it */
	struct rlimit nofile;    /* as found; rlim_max 0: not asked yet */
	rlim_t nofile_now;       /* soft limit in force */
};

/* session.c */
void session_init(struct session *s); /* opt is set, all else is 0 */
void session_release(struct session *s);
/* A context on a thread (cpu -1) or CPU; -1 with errno ESRCH: it is gone. */
int session_add(struct session *s, const struct slot *where);
/* With the msr backend: a context on each of these CPUs. */
void session_add_cpus(struct session *s, const struct cpus *cpus);
void session_plan_cpus(struct session *s, const struct cpus *cpus);
/* Open a slot that is planned; -1 with errno. */
int session_open(struct session *s, struct slot *slot);
/* The same text, kept as long as the session. */
const char *session_keep(struct session *s, const char *text);
struct slot *session_find(struct session *s, pid_t tid); /* not a gone one */
/* The msr backend says on a context's descriptor that its CPU is gone. */
void session_cpu_gone(struct session *s, int fd);
void session_start(struct session *s);
void session_stop(struct session *s);
void session_read(struct session *s);
/* After the last read: may the counts be trusted?  See slot.lost. */
void session_verify(struct session *s);
void session_next_interval(struct session *s);
void session_truncate(struct session *s, unsigned n); /* forget all but n */
uint64_t session_counted_ns(const struct session *s); /* until now */

/* slot.c */
struct slot slot_new(const struct session *s, const struct slot *where);
void slot_release(struct session *s, struct slot *slot);
void slot_choose(const struct session *s, struct slot *slot); /* sets has */
/* --exact: it is in a set, and not in that of this run. */
bool slot_elsewhere(const struct session *s, const struct slot *slot,
		    unsigned ctr);
bool slot_has_any(const struct session *s, const struct slot *slot);
int slot_open(struct session *s, struct slot *slot); /* -1 with errno */
void slot_close(struct session *s, struct slot *slot);
void slot_start(struct session *s, struct slot *slot); /* if all run */
void slot_stop(struct session *s, struct slot *slot);
void slot_read(struct session *s, struct slot *slot);
void slot_verify(struct session *s, struct slot *slot); /* and close */
void slot_offline(struct session *s, struct slot *slot);
void slot_end(struct session *s, struct slot *slot); /* last read, close */

/* events.c: the counters of a session, before there is a context. */
void events_parse(struct session *s);
void events_release(struct session *s);
/* A group's event, unless there is the same already; the counter. */
unsigned events_add(struct session *s, const char *text, const char *label);
/* The library's reason, without the event, which its row names. */
const char *counter_reason(const struct counter *c, const char *reason);
void counter_drop(struct counter *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * After a refused load: drop or narrow whatever is to blame.  False when all
 * that is left can be opened alone, so that a retry makes no sense.
 */
bool events_relax(struct session *s, pid_t tid, int cpu);

/* choose.c: perf or msr, and what perf cannot count for want of a PMU. */
bool counter_needs_pmu(const struct counter *c);
void choose_backend(struct session *s);

/* count.c: PFM_BACKEND, where no option says who counts. */
void backend_from_environment(struct count_opt *o);
/* pfmon count under another name: each -e a set, printed set by set. */
int count_by_set(const struct cmd_entry *as, int argc, char **argv);

/* mux.c: sets for what does not fit at once; false: it needs just one. */
bool mux_plan(struct session *s, int cpu, struct placing *at);
bool is_control(const struct counter *c); /* cycles or instructions */
/*
 * What to drop so that one set does: drop[i] of each counter; how many.  more:
 * counters that somebody else has; *nsets is what it takes with those, too.
 */
unsigned mux_drop(struct session *s, int cpu, const struct placing *at,
		  uint32_t more, bool *drop, unsigned *nsets);
/* --switch-overflow: parse it, if it was given. */
void mux_switcher(struct session *s);
void mux_release(struct session *s);
/* The registers of the event that ends a turn, in a set of a context. */
int mux_program(const struct session *s, const struct placing *at, int fd,
		unsigned set);
/* Sets that take turns, in a context that has set 0 only. */
void mux_create(const struct session *s, int fd, unsigned nsets);
/*
 * All of them, and the one that ends a turn if switcher is not NULL: where that
 * is.  *bad is the index of the counter to blame.
 */
int place_together(struct session *s, int cpu, const unsigned *index,
		   unsigned n, struct pfm_place *places,
		   struct pfm_place *switcher, unsigned *bad);
static inline struct pfm_place *placing_at(const struct session *s,
					   const struct placing *at,
					   unsigned set, unsigned ctr)
{
	return &at->places[set * s->nctrs + ctr];
}

/* Where it is first; in set 0 if it is beside them. */
static inline unsigned placing_set(const struct placing *at, unsigned ctr)
{
	return at->in[ctr] ? (unsigned)__builtin_ctzll(at->in[ctr]) : 0;
}
/* "all", "0,2", "" beside them: sets as they are shown. */
void sets_format(uint64_t in, unsigned nsets, char *buf, size_t size);

/* place.c: registers for the counters; the defaults give way. */
void place_common(struct session *s);
struct placing *place_on_cpu(struct session *s, int cpu);
void place_settle(struct session *s); /* drop what no CPU has room for */
void placing_free(struct placing *at);
/* The CPUs from slot i on whose counters go where those of slot i do. */
void placing_group(const struct session *s, unsigned i, struct cpus *cpus);
/* Has an earlier slot the same placing? */
bool placing_shown(const struct session *s, unsigned i);

/* pin.c */
void pin_init(struct session *s); /* which CPU, if any */
void pin_leave(struct pin *pin);  /* pfmon goes to other CPUs */
void pin_bind(const struct pin *pin, pid_t pid);
void pin_unbind(const struct pin *pin, pid_t pid); /* as pfmon was started */
void pin_begin(struct pin *pin);
struct share pin_end(const struct pin *pin, const struct rusage *own);
void pin_describe(int cpu, const struct share *share, char *buf, size_t size);
double pin_others(const struct share *share); /* 0 to 1 */

/* isolate.c: an isolated partition of one CPU.  Refused, they die. */
void isolate_init(void); /* first of all: what a killed pfmon has goes */
void isolate_begin(int cpu);
void isolate_add(pid_t pid);
void isolate_end(void);

enum target_kind {
	TARGET_COMMAND,
	TARGET_PROCESS,
	TARGET_THREAD,
	TARGET_CPU,
	TARGET_SYSTEM,
};

struct row_stats {
	unsigned n; /* runs that have a value */
	double mean, dev, min, max;
};

/* One line of the result: one event on one target. */
struct row {
	const struct counter *ctr; /* borrowed from the session */
	enum target_kind kind;
	pid_t id;            /* process, thread or CPU; -1: none, or several */
	pid_t tgid;          /* of a thread */
	const char *comm;    /* borrowed from the slot; "" unknown */
	const char *reason;  /* why there is no value, or NULL; borrowed */
	const char *lacks;   /* why the value is not whole, or NULL; borrowed */
	unsigned nslots;     /* that it was counted on */
	uint64_t count;      /* as read */
	struct estimate est; /* for the whole enabled time */
	bool is_scaled;      /* the estimate is needed */
	uint64_t in;         /* its sets, on the first of the slots */
	unsigned nsets;      /* of so many */
	uint64_t enabled_ns, running_ns;
	struct row_stats stats; /* n > 0: this is the mean of runs */
};

/* What the writers get.  Rows stand in groups of nctrs, one per target. */
struct result {
	struct row *rows; /* owned */
	size_t nrows;
	bool partial;        /* an interval or a snapshot: no exit yet */
	int status, signal;  /* of the command; 128 + N and N if killed */
	uint64_t time_ns;    /* since the start, of an interval or snapshot */
	uint64_t elapsed_ns; /* of the command, or of the interval */
	uint64_t counted_ns; /* of it, time that was counted */
	unsigned nctrs;      /* rows of one target */
	uint64_t user_ns, system_ns;
	struct share share;        /* of a pinned command */
	unsigned nthreads;         /* 0: not known */
	const struct result *runs; /* of a repeated command; borrowed */
	unsigned nruns;            /* then the times above are means */
	const char *alike;         /* --exact: what the runs had in common */
	bool apart; /* too little: there are no rows but theirs */
	const struct versus *versus; /* compared with, or NULL; borrowed */
};

/* result.c */
void result_build(struct session *s, struct result *res, bool interval);
/* exact.c: --exact, each row from the run of its set, if they were alike. */
void result_merge(struct session *s, struct result *all,
		  const struct result *runs, unsigned n);
/* Is it without a value because it is another run's? */
bool row_is_elsewhere(const struct row *row);
void result_mean(struct result *mean, const struct result *runs, unsigned n);
void result_release(struct result *res);
/* The value of a row in the event's own unit; only when reason is NULL. */
double row_value(const struct row *row);
/* Not a plain count: an estimate, a mean, or in a unit with a fraction. */
bool row_is_real(const struct row *row);
const char *row_kind(const struct row *row); /* "counted", "scaled" or so */

/* metrics.c: groups, and --metric. */
void metrics_parse(struct session *s);
void metrics_begin(struct session *s);
void metrics_release(struct session *s);
size_t metrics_count(const struct session *s);
struct metric_value {
	const struct group *g;         /* borrowed */
	const struct group_metric *mt; /* borrowed */
	bool has;                      /* else why says why not */
	double value, half;            /* half: of the 95 % interval; < 0: ? */
	enum group_verdict verdict;
	char why[EXPR_WHY_MAX];
};
/* The i-th metric of the target whose rows begin at first. */
void metrics_value(const struct session *s, const struct result *res,
		   size_t first, size_t i, struct metric_value *out);

/* derive.c: what a row says beside the number; false when nothing. */
bool derive(const struct result *res, const struct row *row, char *buf,
	    size_t size);

/* target.c */
struct target {
	pid_t pid; /* child, 0: none; its own thread id too */
	int sock;  /* to the child: release, and back its exec's errno */
	struct pollfd
		*ends; /* readable when a process or thread ended; owned */
	bool *owned;   /* is the descriptor ours to close?  owned */
	unsigned nends;
	bool done;   /* the child ended */
	int wstatus; /* of wait */
	struct rusage usage;
};
/* A child that waits for target_release; quiet: its output is dropped. */
void target_fork(struct target *t, char *const *argv, const struct session *s,
		 bool quiet);
void target_release(struct target *t);
/* The exit status when the command could not be run; 0: it was. */
int target_exec_failed(const struct target *t, const char *name);
void target_attach(struct target *t, struct session *s);
void target_cpus(struct target *t, struct session *s);
/* The one CPU of a pinned command. */
void target_pinned(struct target *t, struct session *s);
void target_cpu_list(const struct session *s, struct cpus *cpus); /* -a, -C */
void target_end(struct target *t);

/* follow.c: ptrace, a context for each thread of the command. */
void follow_seize(const struct target *t, bool all); /* all: processes too */
void follow_reap(struct target *t, struct session *s);

/* loop.c: waits for whatever ends or interrupts the counting. */
struct writer;
struct output;
struct run {
	struct session *s;
	struct target *t;
	struct output *out;
	uint64_t start_ns;  /* the command was released */
	uint64_t tick_ns;   /* end of the current interval; 0: no intervals */
	uint64_t last_ns;   /* its beginning */
	uint64_t intervals; /* printed */
	struct share share; /* of a pinned command that has ended */
	bool delayed;       /* counting has not begun yet */
	bool ended;         /* counting is over for good */
	bool interrupted;   /* a SIGINT came */
	bool killed;        /* a second one: leave at once */
};
void loop_init(void); /* once, before the first run */
void run_loop(struct run *run);
void run_interval(struct run *run); /* print the deltas, begin anew */

/* output.c: growing text, written whole. */
struct output {
	const struct session *s;
	const struct writer *writer;
	int fd;           /* owned unless it is a standard stream */
	const char *name; /* for messages */
	char *buf;        /* owned */
	size_t len, size;
	unsigned printed; /* results written so far */
	bool appended;    /* the file had contents: no second head line */
	int error;        /* errno of the first failed write; 0: none */
	bool colour;
	unsigned width;
};
struct writer {
	void (*result)(struct output *out, const struct result *res);
};
extern const struct writer writer_text, writer_csv, writer_json;
void output_open(struct output *out, const struct session *s);
void output_result(struct output *out, const struct result *res);
int output_close(struct output *out); /* -1: something was not written */
void out_printf(struct output *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void output_flush(struct output *out);
/* out-table.c; true: a reason did not fit and needs a note. */
bool text_table(struct output *out, const struct result *res, bool head);
/* Text after a label, broken between words at the width. */
void text_note(struct output *out, const char *label, const char *text);
/* out-metrics.c: the values of metrics. */
void text_metrics(struct output *out, const struct result *res);
/* One line in an ANSI colour or NULL, cut at the width. */
void text_line(struct output *out, const char *text, const char *colour);
/* Is the lack of a PMU the reason?  The head tells it. */
bool text_is_no_pmu(const struct output *out, const struct row *row);
/* "model name" of the first processor; nothing where there is no such line. */
void cpu_model(char *buf, size_t size);
const char *target_name(enum target_kind kind);

/* run.c: the exit status */
int run_all(struct session *s, struct output *out);

/* dryrun.c: the same */
int dry_run(struct session *s, struct output *out);

#endif /* PFM_COUNT_H */
