/* SPDX-License-Identifier: MIT
 *
 * compare.h - two records of runs against each other: by how much each metric
 * differs, how sure that is, and what to call it.  Nothing is run or printed
 * here; the caller has the runs made and passes on the lines.
 */
#ifndef PFM_COMPARE_H
#define PFM_COMPARE_H

#include "result-file.h"

/* Two commands take turns as A B B A: a drift that is linear is the same. */
enum side { SIDE_OLD, SIDE_NEW };
enum side versus_side(uint64_t run);    /* of the 0th, 1st ... run of both */
uint64_t versus_total(uint64_t repeat); /* runs of both, repeat of each */

enum verdict {
	VERDICT_UNKNOWN, /* change.why says why */
	VERDICT_SAME,    /* the interval holds 0 */
	VERDICT_FASTER,  /* elapsed */
	VERDICT_SLOWER,
	VERDICT_BETTER, /* IPC */
	VERDICT_WORSE,
	VERDICT_MORE, /* events */
	VERDICT_FEWER,
	VERDICT_HIGHER, /* metrics */
	VERDICT_LOWER,
	NVERDICTS,
};
extern const char *const verdict_names[NVERDICTS];

enum change_kind { CHANGE_TIME, CHANGE_IPC, CHANGE_EVENT, CHANGE_METRIC };

/* One metric: elapsed, IPC, an event, or a metric of a group. */
struct change {
	enum change_kind kind;
	char *label;      /* owned */
	const char *unit; /* "ns", "" ...; borrowed from the records */
	struct moments old, new;
	bool known;                /* else what follows is 0 */
	bool relative;             /* else the old mean is 0 */
	double diff, half;         /* new - old, half its 95 % interval */
	double percent, low, high; /* of the old mean */
	bool estimated;            /* from intervals of estimates */
	enum verdict verdict;
	char *why; /* of VERDICT_UNKNOWN; else NULL; owned */
};

struct comparison {
	const struct record *old, *new; /* borrowed */
	struct change *changes;         /* owned */
	size_t n;
};

/* Difference of the means of two samples; sets all from known to why. */
void compare_moments(struct change *c);
/* "same machine", or in what they differ; or that it is not known. */
char *compare_machines(const struct record *old, const struct record *new);

void compare_records(struct comparison *cmp, const struct record *old,
		     const struct record *new);
void compare_release(struct comparison *cmp);

struct compare_style {
	unsigned width;       /* columns; a line is cut, never wrapped */
	bool utf8;            /* else "..." and "+-" */
	const char *old_name; /* titles of the columns; "old" and "new" */
	const char *new_name; /* if NULL */
	const char *head;     /* above them, of the new; NULL: its runs */
	/* Gets each line, without its end. */
	void (*put)(void *arg, const char *line);
	void *arg;
};
void compare_text(const struct comparison *cmp,
		  const struct compare_style *style);

/* The same for programs; takes nothing over.  Needs json_init(). */
struct json_t;
struct json_t *compare_json(const struct comparison *cmp);
/* One line that says how the intervals were made. */
extern const char compare_method[];

#endif /* PFM_COMPARE_H */
