/* SPDX-License-Identifier: MIT
 *
 * group-priv.h - between group.c and group-file.c.
 */
#ifndef PFM_GROUP_PRIV_H
#define PFM_GROUP_PRIV_H

#include "group.h"

#define GROUP_METRICS_MAX 64
#define GROUP_NAME_MAX 63 /* bytes of a metric's name */

/* Fill in why; false. */
bool group_say(char why[GROUP_WHY_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* May the group get this name?  Events and metrics share one space. */
bool group_check_name(const struct group *g, const char *name,
		      char why[GROUP_WHY_MAX]);
/* Append a metric without anything; its name was checked, there is room. */
struct group_metric *group_new_metric(struct group *g, const char *name);
/*
 * Parse the expressions that are not yet, those first that others need.  false:
 * *bad is the metric that why is about.
 */
bool group_finish(struct group *g, const struct group_machine *m,
		  const struct group_metric **bad, char why[GROUP_WHY_MAX]);

#endif /* PFM_GROUP_PRIV_H */
