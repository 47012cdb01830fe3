/* SPDX-License-Identifier: MIT
 *
 * top.h - pfmon top without its screen: what was asked (top_opt), the model
 * that counts and samples (top), and the tables that are seen of it.  The batch
 * mode and the screen show the same tables.  The model's own parts are in
 * top-priv.h; nothing here knows of curses.
 */
#ifndef PFM_TOP_H
#define PFM_TOP_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmd.h"

enum top_view {
	TOP_PROCESSES,
	TOP_FUNCTIONS,
	TOP_CPUS,
	TOP_EVENTS,
	TOP_MEMORY,
	TOP_ANNOTATE, /* lines of one function: no tab, opened from Functions */
	TOP_VIEWS
};
#define TOP_TABS TOP_ANNOTATE          /* views with a tab */
extern const char *const top_views[];  /* "processes", ...; titles: */
extern const char *const top_titles[]; /* "Processes", ... */

enum top_backend { TOP_AUTO, TOP_PERF, TOP_MSR };

/* What was asked, of which there is one.  Strings are borrowed from argv. */
struct top_opt {
	struct strlist events, groups, metrics, pids, cgroups, users;
	const char *cpus, *freq, *sort, *record, *replay;
	bool all_cpus, user, kernel;
	bool threads, idle, sticky, batch, json;
	uint64_t interval_ns;
	uint64_t hz;    /* samples a second */
	uint64_t rows;  /* 0: all */
	uint64_t count; /* tables, then the end; 0: no limit */
	unsigned view;  /* enum top_view */
	unsigned backend;
};

/* How a cell is written; top_format() does it. */
enum top_kind {
	TOP_TEXT,
	TOP_ID,      /* a whole number that is a name: a pid */
	TOP_COUNT,   /* events of the interval: 12,345 */
	TOP_RATE,    /* a second: 12.3k */
	TOP_PERCENT, /* 0 to 100, or of one CPU */
	TOP_RATIO,   /* 1.42 */
	TOP_BYTES,   /* 12.3M, by 1024 */
	TOP_SECONDS, /* 1:02.33 */
	TOP_ADDRESS,
	TOP_SPARK /* the last intervals; see top_spark() */
};

struct top_column {
	const char *id;     /* as of --sort: "cpu", "ipc" */
	const char *title;  /* "CPU%" */
	const char *desc;   /* one line for the help */
	const char *reason; /* why none of its cells has a value, or NULL */
	enum top_kind kind;
	unsigned width;  /* least columns of the text, title included */
	unsigned digits; /* after the point */
	bool left;       /* text is at the left; the last one takes the rest */
	bool sums; /* of the whole difference since a mark, not of its rate */
};

/* One cell: text, or a value; NAN: there is none, and why says why not. */
struct top_cell {
	double value;
	const char *text; /* TOP_TEXT, TOP_ADDRESS; never NULL there */
	const char *why;  /* else NULL */
};

#define TOP_ROW_KERNEL 1u /* a kernel thread, a function of the kernel */
#define TOP_ROW_ENDED 2u  /* it is gone; --sticky, or the interval's last */
#define TOP_ROW_REST 4u   /* "(ended or not opened)": nobody's own */
#define TOP_ROW_THREAD 8u
struct top_row {
	uint64_t key;   /* the same row has it in every frame of the view */
	pid_t pid, tid; /* 0: the row is of none */
	pid_t ppid;
	uid_t uid;
	unsigned flags;               /* TOP_ROW_* */
	unsigned depth;               /* in the tree */
	uint32_t func;                /* Functions: for top_show.func */
	const struct top_cell *cells; /* one for each column */
};

/* Good until the next top_table(), top_dispatch() or top_seek(). */
struct top_table {
	enum top_view view;
	const struct top_column *cols;
	const struct top_row *rows;
	unsigned ncols, sorted; /* sorted: the column it is sorted by */
	size_t nrows;
	size_t nall; /* rows before .rows cut them */
	bool inverted;
	const char *title; /* "functions of 4121 node", or "" */
	const char *note;  /* one line on the whole, or "": nothing sampled */
};

/* What of a frame is wanted; all 0 is the view's own way. */
struct top_show {
	enum top_view view;
	pid_t pid;          /* Functions, Annotate: of this process; 0: all */
	uint32_t func;      /* Annotate: whose lines */
	const char *sort;   /* a column's id; NULL: the view's own */
	const char *filter; /* text within the last column, any case; NULL */
	const char *user;   /* NULL: any */
	size_t rows;        /* at most; 0: all */
	bool invert, tree, threads, idle, sticky;
	bool hide_kernel, hide_user;
	bool name;       /* COMMAND is the name, not the command line */
	bool difference; /* since the mark, instead of the interval */
};

/* Above the table. */
#define TOP_HEAD_SPARK 32
struct top_head {
	const char *machine; /* "zen4", or the vendor's name */
	const char *backend; /* "perf_event", "msr"; who counts */
	unsigned ncpus;
	uint64_t interval_ns;          /* that was asked for */
	uint64_t duration_ns;          /* this frame's */
	uint64_t marked_ns;            /* since the mark */
	uint64_t time_ns;              /* CLOCK_REALTIME of the frame's end */
	double busy;                   /* percent of all CPUs */
	const float *cpu_busy;         /* percent of each; ncpus */
	struct top_cell ghz, ipc, llc; /* llc: misses by 1000 instructions */
	float ipc_spark[TOP_HEAD_SPARK], llc_spark[TOP_HEAD_SPARK]; /* old to
							new; NAN: none */
	float busy_spark[TOP_HEAD_SPARK];
	unsigned processes, running, threads, counted; /* counted: opened */
	unsigned sets, set;  /* event sets; the one that is counted, from 1 */
	bool frozen, marked; /* see top_freeze(), top_mark() */
	bool replay;
	size_t back; /* intervals before the newest, 0: LIVE */
	/* Sentences or "": what is left out of all, what of this frame. */
	const char *notice;  /* "own processes only: ..." */
	const char *skipped; /* "8,120 idle processes were not looked at" */
	uint64_t lost;       /* samples, in this frame */
	/* "slots  retiring 31  frontend 12 ...", if the top-down metrics are
	 * counted; else "". */
	const char *slots;
};

struct top;

/* What is to be counted; dies with what is wrong in the options. */
struct top *top_new(const struct top_opt *opt);
/* Counting begins, and the file of --record.  Frame 0 is the first interval's. */
void top_start(struct top *t);
/* Ends the counting, and the file of --record: -1, said, when that failed. */
int top_free(struct top *t);
/* To poll for reading: readable, top_dispatch() has something to do. */
int top_fd(const struct top *t);

#define TOP_NEW_FRAME 1u /* an interval ended: tables may have changed */
#define TOP_MESSAGE 2u   /* top_message() has something */
#define TOP_ENDED \
	4u /* nothing more comes: replay is at its end, or all
			  * targets are gone */
unsigned top_dispatch(struct top *t);
/* Ends the interval now; TOP_NEW_FRAME. */
unsigned top_refresh(struct top *t);
/* What there is to say since the last call, one line; NULL: nothing. */
const char *top_message(struct top *t);

/* The frame that is looked at. */
const struct top_head *top_head(struct top *t);
const struct top_table *top_table(struct top *t, const struct top_show *show);
/* Values of the last intervals of a row of Processes, old to new: how many. */
unsigned top_spark(struct top *t, uint64_t key, float *values, unsigned max);
/* The columns of a view, without rows: for setup, help and --sort. */
const struct top_column *top_columns(struct top *t, enum top_view view,
				     unsigned *n);
/*
 * The text of a cell as it stands in a table, without padding: "-" for none.
 * Control characters of names are '?'.
 */
void top_format(const struct top_column *col, const struct top_cell *cell,
		char *buf, size_t size);

/*
 * What is shown, so that the model opens what it needs and closes the rest:
 * sampling for Functions and Annotate, of all or of pid.  Call it when the
 * screen changes.
 */
void top_look(struct top *t, enum top_view view, pid_t pid);
void top_set_threads(struct top *t, bool on); /* rows of threads */

/* Keep the frame that is looked at, while counting goes on; and go on. */
void top_freeze(struct top *t, bool on);
/* So many intervals back (less than 0) or forward; where it is then: back. */
size_t top_seek(struct top *t, long step);
/* top_show.difference is since the frame that was looked at now; false: none. */
void top_mark(struct top *t, bool on);
/* Accumulated counts, samples of functions too, begin anew. */
void top_zero(struct top *t);

/* While it runs; -1: refused, and *why (to be freed) says so. */
int top_set_events(struct top *t, const char *list, char **why);
int top_set_group(struct top *t, const char *name, char **why);
void top_next_set(struct top *t);
void top_set_interval(struct top *t, uint64_t ns);
/* Names of the groups of this machine, each once; the model's. */
const char *const *top_group_names(struct top *t, size_t *n);
/* The event list as it is now, for a prompt. */
const char *top_events(const struct top *t);

/*
 * Samples of these processes for so long into a .pfm file, beside all else; the
 * end of it is a message.  -1: refused.
 */
int top_record(struct top *t, const pid_t *pids, size_t n, const char *path,
	       uint64_t duration_ns, char **why);

/* top-batch.c: tables on standard output; the exit status. */
int top_batch(struct top *t, const struct top_opt *opt);
/* A table as text, as of -b, or as JSON or CSV: in a string to be freed. */
enum top_form { TOP_FORM_TEXT, TOP_FORM_JSON, TOP_FORM_CSV };
char *top_print(const struct top_head *head, const struct top_table *table,
		enum top_form form);

/* top-screen.c, or top-noscreen.c without curses: the exit status. */
int top_screen(struct top *t, const struct top_opt *opt);

#endif /* PFM_TOP_H */
