/* SPDX-License-Identifier: MIT
 *
 * report-metrics.h - metrics by the rows of a report, where the recording has
 * some (pfmon sample -M, --metric).
 */
#ifndef PFM_REPORT_METRICS_H
#define PFM_REPORT_METRICS_H

#include "group.h"
#include "report-priv.h"

struct report_metrics;

/* Of the reports of all events, which must outlive it; NULL: there are none. */
struct report_metrics *report_metrics_new(const struct report *reports,
					  size_t n);
void report_metrics_free(struct report_metrics *m);
size_t report_metrics_count(const struct report_metrics *m); /* NULL: 0 */

struct report_metric {
	const struct group_metric *mt;
	bool has;           /* else why says why there is no value */
	double value, half; /* in its unit; half of a 95 % interval */
	char why[EXPR_WHY_MAX];
};
/* Whose rows metric i is for: of the first event in its formula. */
const struct report *report_metrics_base(const struct report_metrics *m,
					 size_t i);
/* Of a row of that; NULL: of all. */
void report_metrics_value(const struct report_metrics *m, size_t i,
			  const struct report_row *row,
			  struct report_metric *out);

void report_metrics_text(FILE *f, const struct report_style *s,
			 const struct report_metrics *m);

#endif /* PFM_REPORT_METRICS_H */
