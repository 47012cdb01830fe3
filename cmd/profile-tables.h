/* SPDX-License-Identifier: MIT
 *
 * profile-tables.h - the tables of a .pfm file while they are read.
 */
#ifndef PFM_PROFILE_TABLES_H
#define PFM_PROFILE_TABLES_H

#include "profile-block.h"
#include "profile.h"

/* What struct profile points to; all owned. */
struct tables {
	const char **strings;
	struct prof_event *events;
	struct prof_object *objects;
	struct prof_task *tasks;
	struct prof_frame *frames;
	struct prof_node *nodes;
	struct prof_func *funcs;
	struct prof_loc *locs;
	struct prof_code *codes;
	struct prof_meta *metas;
	uint32_t room[10]; /* of each, in this order */
	struct kept *kept; /* memory of texts, code and lines */
	uint64_t used, most;
};

/* file: its size in bytes, which bounds the memory. */
void tables_init(struct tables *t, struct profile *p, uint64_t file);
/* False: something in it is not as it should be. */
bool tables_read(struct tables *t, struct profile *p, struct reader *r);
/* The profile has the tables as they are now: an array may have moved. */
void tables_show(struct tables *t, struct profile *p);
void tables_free(struct tables *t);

#endif /* PFM_PROFILE_TABLES_H */
