/* SPDX-License-Identifier: MIT
 *
 * diff.h - two profiles against each other, event by event: rows that have the
 * same names in both, and whether chance alone explains the difference.
 */
#ifndef PFM_DIFF_H
#define PFM_DIFF_H

#include "report-priv.h"

/* What has one name in both. */
struct diff_row {
	char *names[KEYS_MAX]; /* owned; "" in one that is not used */
	char *object;          /* owned */
	double share[2];       /* percent of self: old, new */
	uint64_t samples[2];
	double chance; /* half the 95 % interval of the change, points */
	bool changed;  /* by more than that */
};

struct diff {
	struct profile *p[2]; /* old, new; owned by the command */
	struct prof_filter filters[2];
	struct report_opt opts[2];
	char *renamed; /* what the program was and is; NULL: the same; owned */
	const struct report *r[2];
	const struct report_style *style;
	unsigned format;
	uint64_t top;          /* rows of the text; 0: 30 */
	struct json_t *events; /* when it is JSON */
	struct diff_row *rows; /* the largest changes first; owned */
	size_t nrows;
};

/* diff-rows.c */
void diff_join(struct diff *d);
void diff_release(struct diff *d);

/* diff-text.c */
void diff_text(FILE *f, const struct diff *d);
void diff_trust(FILE *f, const struct diff *d);
void diff_csv_head(FILE *f, const struct report_opt *o);
void diff_csv(FILE *f, const struct diff *d);
struct json_t *diff_json(const struct diff *d);
struct json_t *diff_json_file(const struct profile *p);

#endif /* PFM_DIFF_H */
