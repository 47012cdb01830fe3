/* SPDX-License-Identifier: MIT
 *
 * maps.h - what is mapped in a process, as far as it can be executed: ascending,
 * without overlaps.  A file knows how many mappings it has.
 */
#ifndef PFM_MAPS_H
#define PFM_MAPS_H

#include <stddef.h>
#include <stdint.h>

struct file;

struct map {
	uint64_t start, end, offset;
	struct file *file;
};

/*
 * With a gap in the array, at the place that was changed last: what is mapped
 * next is mostly a neighbour, and nothing has to be moved for it.
 */
struct maps {
	struct map *v; /* owned */
	size_t n, room;
	size_t gap; /* so many are before it */
};

/* Takes the place of what was there, or of a part of it. */
void maps_add(struct maps *m, const struct map *map);
/* Those of another process; m has none yet. */
void maps_copy(struct maps *m, const struct maps *from);
/* The mapping that has addr, or NULL. */
const struct map *maps_find(const struct maps *m, uint64_t addr);
void maps_release(struct maps *m);

#endif /* PFM_MAPS_H */
