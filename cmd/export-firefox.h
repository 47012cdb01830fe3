/* SPDX-License-Identifier: MIT
 *
 * export-firefox.h - the tables of a thread in a Firefox profile, while they are
 * built (export-firefox.c) and written (export-firefox-table.c).
 */
#ifndef PFM_EXPORT_FIREFOX_H
#define PFM_EXPORT_FIREFOX_H

#include "export.h"

#define NOTHING INT64_MIN /* null */

/* The default must be the grey one. */
enum { CAT_OTHER, CAT_USER, CAT_KERNEL, CAT_JIT };
/* Numbers in the order in which they were asked for. */
struct list {
	struct item {
		uint32_t a, b;
	} * v; /* owned */
	uint32_t n, room;
	struct export_map map;
};

struct firefox_thread {
	struct export *ex;
	struct list stacks;      /* prefix + 1 or 0, frame */
	struct list frames;      /* frame, index of the place in it */
	struct list funcs;       /* symbol */
	struct list resources;   /* object */
	struct list strings;     /* symbol or string of the profile */
	struct export_map nodes; /* node to stack + 1 */
	struct list *libs;       /* object; borrowed, of all threads */
	const struct timeline *line;
	const struct whole *whole;
};

void put_value(FILE *f, int64_t v);
/* stackTable, frameTable, funcTable and resourceTable. */
void put_tables(const struct firefox_thread *t);

#endif /* PFM_EXPORT_FIREFOX_H */
