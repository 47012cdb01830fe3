/* SPDX-License-Identifier: MIT
 *
 * list.h - what the files of pfmon list share: the options, and the events that
 * were found, copied, since the library's strings end with its call.
 */
#ifndef PFM_LIST_H
#define PFM_LIST_H

#include <pfmcore.h>
#include <stdio.h>

#include "cmd.h"

struct list_opt {
	struct strlist words; /* all must be found */
	const char *pmu;      /* this one alone; NULL: those that are here */
	const char *event;    /* -i: this one, in detail */
	bool names, masks;    /* -l, -L */
	bool json, groups, verify, quiet;
	bool all_pmus; /* groups: those of every PMU */
};

/* A unit mask or a modifier. */
struct list_mod {
	char *name, *desc, *same; /* owned; same may be NULL */
	int kind;                 /* PFM_MOD_* */
	bool dfl;
};

struct list_event {
	char *name, *pmu, *source, *desc, *same; /* owned; same may be NULL */
	struct list_mod *mods;                   /* owned */
	size_t nmods;
	size_t seq; /* as the library gave it */
	bool here;
	bool bare; /* it can be counted without a unit mask */
};

struct list {
	struct list_event *v; /* owned, each too */
	size_t n;
};

/* list-find.c: those of opt->pmu, in order. */
void list_load(struct list *list, const struct list_opt *opt);
void list_release(struct list *list);
/* Are all the words in the text, in any case? */
bool list_match(const struct list_opt *opt, const char *text);
/*
 * Give every spelling of an event that the options and words select: itself, or
 * it with each unit mask (then mod is that).
 */
typedef void list_row_fn(const struct list_event *ev,
			 const struct list_mod *mod, void *arg);
void list_rows(const struct list *list, const struct list_opt *opt,
	       list_row_fn *row, void *arg);
/* The spelling: "skl::INST_RETIRED:ANY_P"; to be freed. */
char *list_spelling(const struct list_event *ev, const struct list_mod *mod);

/* list-text.c: text in two columns, as wide as standard output. */
struct columns {
	FILE *f;
	unsigned width; /* 0: lines are never cut */
	unsigned left;  /* of the first column */
};
void columns_init(struct columns *c, FILE *f);
void columns_widen(struct columns *c, const char *left);
/* A line; cut where the terminal ends. */
void columns_put(const struct columns *c, const char *left, const char *right);
/* As many as it takes. */
void columns_wrap(const struct columns *c, const char *left, const char *right);
/* Each returns the exit status. */
int list_text(FILE *f, const struct list *list, const struct list_opt *opt);
/* list-event.c, list-groups.c, list-verify.c */
int list_event(FILE *f, const struct list_opt *opt);
int list_groups(FILE *f, const struct list_opt *opt);
int list_verify(FILE *f, const struct list_opt *opt);
/* list-json.c */
int list_json(FILE *f, const struct list *list, const struct list_opt *opt);
struct json_t *list_json_event(const struct list_event *ev);
void list_json_put(FILE *f, const char *key, struct json_t *value);

#endif /* PFM_LIST_H */
