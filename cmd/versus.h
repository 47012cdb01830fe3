/* SPDX-License-Identifier: MIT
 *
 * versus.h - what the runs of pfmon count are compared with: a file, or the runs
 * of another command that take turns with them.
 */
#ifndef PFM_VERSUS_H
#define PFM_VERSUS_H

#include "compare.h"

struct output;
struct result;
struct session;

struct versus {
	char **argv;     /* the other command, NULL: none; owned */
	unsigned failed; /* of its runs; the first of them with status */
	int status;
	bool has_old, has_new;
	struct record old, new;
	struct comparison cmp; /* when has_new */
};

/* The words of a command, or NULL; ends the program when it is none. */
void versus_init(struct versus *v, const char *command);
/* --compare: the file is read before anything runs. */
void versus_read(struct versus *v, const char *path);
/* --versus: its runs. */
void versus_old_runs(struct versus *v, const struct session *s,
		     const struct result *runs, unsigned n);
/* The runs of the command against them: v->cmp. */
void versus_compare(struct versus *v, const struct session *s,
		    const struct result *runs, unsigned n);
void versus_release(struct versus *v);
void text_comparison(struct output *out, const struct versus *v);

/* What else a comparison of two runs depends on: "cpu", "kernel", "governor". */
void machine_facts(void (*put)(void *arg, const char *key, const char *text),
		   void *arg);

#endif /* PFM_VERSUS_H */
