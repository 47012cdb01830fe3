/* SPDX-License-Identifier: MIT
 *
 * group.h - metric groups: events and the metrics made of them, from the files
 * groups/PMU/NAME.ini that pfmon-groups(5) describes, or put together from the
 * command line.  Nothing about a single metric is known here.
 */
#ifndef PFM_GROUP_H
#define PFM_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "expr.h"

#define GROUP_WHY_MAX 512

/* Names every expression may use; also the ids of these values. */
enum group_const {
	GROUP_TIME,     /* s, that was measured */
	GROUP_CLOCK_HZ, /* nominal clock */
	GROUP_TSC_HZ,   /* of the time stamp counter */
	GROUP_CPUS,     /* CPUs that were measured */
	GROUP_SMT,      /* hardware threads of a core */
	GROUP_WIDTH,    /* slots of a cycle */
	GROUP_CONSTS,
};
#define GROUP_EVENT0 GROUP_CONSTS /* id of event i: GROUP_EVENT0 + i */

/* What is known before the measurement. */
struct group_machine {
	const char *const *pmus;    /* libpfm4 names, NULL ends; NULL: any */
	double value[GROUP_CONSTS]; /* 0: not known, expr_get is asked */
};

/* This one, as machine.c finds it. */
#define MACHINE_PMUS 15
struct machine {
	struct group_machine g;
	const char *pmus[MACHINE_PMUS + 1]; /* static */
	unsigned npmus;
};
void machine_init(struct machine *m);

struct group_event {
	char *name, *string; /* short name; for pfm_event_parse(); owned */
	char *unit_name;     /* owned */
	struct unit unit;
};

/* Beyond which a metric is good, or bad; NAN: there is no such limit. */
struct group_limit {
	double below, above;
};

/* What a metric needs of the measurement to be true, as bits. */
#define GROUP_NEEDS_CPU 1u     /* whole CPUs, not threads */
#define GROUP_NEEDS_PACKAGE 2u /* a whole package: all its CPUs */
#define GROUP_NEEDS_NO_SMT 4u  /* one hardware thread for each core */

struct group_metric {
	char *name, *text, *desc, *advice, *source; /* owned; all but name, text
						       may be NULL */
	char *unit_name; /* as declared, or derived; owned */
	double scale;    /* of unit_name */
	struct group_limit good, bad;
	unsigned needs; /* GROUP_NEEDS_* */
	unsigned line;  /* of expr in the file */
	struct expr *expr;
};

struct group {
	/* Owned; may be NULL.  lacks: what it would have and has not. */
	char *name, *path, *title, *desc, *source, *lacks;
	char **pmus; /* NULL ends; "perf" is every machine; owned, each too */
	bool unchecked; /* units are labels, nothing more */
	struct group_event *events;
	struct group_metric *metrics;
	size_t nevents, nmetrics;
};

/* An empty one; a file's; why has "path:line: what is wrong". */
struct group *group_new(void);
struct group *group_read(const char *path, const struct group_machine *m,
			 char why[GROUP_WHY_MAX]);
void group_free(struct group *g);

/*
 * Add an event as a name that metrics know; unit NULL: "count".  Or a metric as
 * --metric has it, "name=expression[unit]".  false, and why.
 */
bool group_add_event(struct group *g, const char *name, const char *string,
		     const char *unit, char why[GROUP_WHY_MAX]);
bool group_add_metric(struct group *g, const char *text,
		      const struct group_machine *m, char why[GROUP_WHY_MAX]);

/*
 * The PMU of the machine that it is for: what group_event_on() takes; NULL: it is
 * for another machine.  The first one if m, or m->pmus, is NULL.  Borrowed.
 */
const char *group_pmu(const struct group *g, const struct group_machine *m);
/* Its event for a certain PMU: "skl::" before a name of libpfm4's. */
void group_event_on(const struct group_event *ev, const char *pmu, char *buf,
		    size_t size);
/*
 * Does that error of pfm_event_parse() tell of this machine alone?  Which PMUs the
 * kernel has, and which of their events, differs by machine.
 */
bool group_event_elsewhere(const char *event, int err);
/* The value in unit_name; get as in expr.h, ids as above. */
void group_eval(const struct group_metric *mt, expr_get *get, void *arg,
		struct expr_result *out);
enum group_verdict { GROUP_NEITHER, GROUP_GOOD, GROUP_BAD };
enum group_verdict group_verdict(const struct group_metric *mt, double value);

/* group-path.c: what there is. */
struct group_list {
	struct group **v; /* owned, each too; those of a user come first */
	size_t n;
	char **bad; /* why a file was left out; owned, each too */
	size_t nbad;
};
/*
 * The groups for m: of those with one name for one PMU the first on the path; on
 * a hybrid machine a name has one for each PMU.  With m->pmus NULL all there
 * are.  name NULL: any.
 */
void group_list_load(struct group_list *list, const struct group_machine *m,
		     const char *name);
/* Why a list of that name is empty; to be freed. */
char *group_missing(const struct group_list *list,
		    const struct group_machine *m, const char *name);
void group_list_free(struct group_list *list);
/* $XDG_CONFIG_HOME/pfmon/groups or ~/.config/pfmon/groups; NULL: no home. */
char *group_user_dir(void);

#endif /* PFM_GROUP_H */
