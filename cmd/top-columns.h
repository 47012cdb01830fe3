/* SPDX-License-Identifier: MIT
 *
 * top-columns.h - what is in a column of pfmon top, for top-columns.c, which
 * makes them, and top-table.c, which fills them.
 */
#ifndef PFM_TOP_COLUMNS_H
#define PFM_TOP_COLUMNS_H

#include "top-priv.h"

enum source {
	FROM_VALUES, /* factor x v[a] / v[b] */
	FROM_METRIC,
	FROM_PID,
	FROM_USER,
	FROM_STATE,
	FROM_NTHREADS,
	FROM_RSS,
	FROM_SPARK,
	FROM_COMMAND,
	FROM_CPU, /* its number */
	FROM_EVENT,
	FROM_COUNT,
	FROM_PER_SECOND,
	FROM_TOTAL,
	FROM_NOTE,
	FROM_SHARE, /* of the samples */
	FROM_SAMPLES,
	FROM_SAMPLES_ALL,
	FROM_OBJECT,
	FROM_FUNCTION,
	FROM_ADDRESS,
	FROM_SOURCE,
	FROM_TEXT,
};

#define BY_SECONDS (-1) /* of column_rule.b */
#define NO_COUNTER (-2) /* of .a and .b: there is none */

struct column_rule {
	enum source from;
	int a, b; /* VAL_ */
	double factor;
	unsigned metric;
	char *texts[4]; /* of the column, where they are made; owned */
};

#endif /* PFM_TOP_COLUMNS_H */
