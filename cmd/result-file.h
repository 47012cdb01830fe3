/* SPDX-License-Identifier: MIT
 *
 * result-file.h - what one or more runs gave, as a record: read from a file
 * that pfmon count --json wrote, or put together by the program.  A record has
 * the values only; what they mean is for those who compare or explain.
 */
#ifndef PFM_RESULT_FILE_H
#define PFM_RESULT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an event gave in one run. */
struct point {
	bool has;     /* else the rest is 0 */
	double value; /* in the unit of the row */
	double half;  /* half its 95 % interval; < 0: not an estimate, or ? */
};

/* One event, or one metric, on one target. */
struct record_row {
	char *name;   /* full canonical name, or as asked; owned */
	char *asked;  /* as the user wrote it; owned */
	char *unit;   /* "": a plain count; owned */
	char *target; /* "command", "process", "thread", "cpu", "system" */
	int64_t id;   /* of the target; -1: none, or several */
	char *comm;   /* of a thread or process, or ""; owned */
	char *reason; /* why it has no value, or lacks some; or NULL; owned */
	bool metric;  /* of a group or --metric, not an event */
	struct point *points; /* a run each; owned */
	size_t npoints;
};

/* A fact about the machine, such as "kernel", "6.12.5". */
struct record_fact {
	char *key, *text; /* owned */
};

struct record {
	char *name;    /* of the file, or what else it is called; owned */
	char *command; /* its words with a space between; "": none; owned */
	char *backend; /* "perf", "msr", or NULL; owned */
	char *pfmon;   /* version that wrote it, or NULL; owned */
	struct record_fact *facts; /* as far as they are known; owned */
	size_t nfacts;
	double *elapsed_ns; /* of each run; owned */
	size_t nruns;
	bool partial;            /* an interval or a snapshot, not the end */
	struct record_row *rows; /* owned */
	size_t nrows;
};

/*
 * The only result in a file.  0, or -1 and *why, to be freed: one line that
 * names the file and the key that is wrong.  Nothing in the file is trusted.
 * Needs json_init(); nothing else here does.
 */
int record_read(struct record *rec, const char *path, char **why);
/* The same from text of that many bytes; name is for the messages. */
int record_parse(struct record *rec, const char *name, const char *text,
		 size_t size, char **why);

/* An empty one.  Strings are copied here and below. */
void record_init(struct record *rec, const char *name);
void record_release(struct record *rec);
void record_fact(struct record *rec, const char *key, const char *text);
/* One more run; the points of its rows are to follow. */
void record_run(struct record *rec, double elapsed_ns);
/*
 * A new row, with points for all runs so far, none of which has a value.  It is
 * valid until the next one is made.  Its unit, comm and the rest can be set
 * with record_text().
 */
struct record_row *record_add(struct record *rec, const char *name,
			      const char *asked, const char *target,
			      int64_t id);
void record_text(char **field, const char *text); /* replace what it owns */

/* How many runs have a value, their mean, and deviation (0 when n < 2). */
struct moments {
	size_t n;
	double mean, dev; /* dev: of the sample, from n - 1 */
	double half;      /* of the only value's interval; < 0: not known */
};
struct moments record_moments(const struct point *points, size_t n);
/*
 * The row of an event by full name, or as asked without regard to case, the
 * first of its targets; NULL: none.
 */
const struct record_row *record_find(const struct record *rec,
				     const char *event);

#endif /* PFM_RESULT_FILE_H */
