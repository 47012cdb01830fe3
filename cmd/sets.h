/* SPDX-License-Identifier: MIT
 *
 * sets.h - the sub-commands of pfmon sets; each gets its own name as argv[0] and
 * returns the exit status.
 */
#ifndef PFM_SETS_H
#define PFM_SETS_H

#include <stdio.h>

#include "cmd.h"
#include "group.h"

int sets_list(int argc, char **argv);   /* sets-list.c */
int sets_show(int argc, char **argv);   /* sets-show.c */
int sets_plan(int argc, char **argv);   /* sets-plan.c */
int sets_run(int argc, char **argv);    /* sets-run.c */
int sets_new(int argc, char **argv);    /* sets-new.c */
int sets_import(int argc, char **argv); /* sets-import.c */
int sets_check(int argc, char **argv);  /* sets-check.c */

/* sets-show.c, for pfmon explain, too */
/* All there is about a metric: formula, limits, advice, source. */
void metric_print(FILE *f, const struct group *g,
		  const struct group_metric *mt);
/* The groups of that name for m, or all of m's when it is NULL; or it dies. */
void groups_find(struct group_list *list, const struct group_machine *m,
		 const char *name);

/* sets-check.c: does each event have a code? */
enum event_state {
	EVENT_OK,
	EVENT_ELSEWHERE, /* of a PMU of the kernel's that is not here */
	EVENT_LACKING,   /* libpfm4 has it not, as the file says */
	EVENT_BAD,
	EVENT_STATES,
};
/* why: GROUP_WHY_MAX bytes, "" or the reason; code: 24 bytes, "" or the code */
enum event_state event_state(const struct group *g,
			     const struct group_event *ev, const char *pmu,
			     char *why, char *code);

/* sets-save.c */
void save_check_name(const char *name); /* or it dies */
/* USER/PMU/NAME.ini, which must be a group; prints where it is, or dies. */
void save_group(const char *pmu, const char *name, const char *text,
		bool force);

#endif /* PFM_SETS_H */
