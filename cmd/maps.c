/* SPDX-License-Identifier: MIT
 *
 * maps.c - the mappings of a process: see maps.h.  32 bytes each, of those that
 * there are; a process that executes something else has none before it maps it.
 */
#include "config.h"

#include "maps.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "procs.h"

static struct map *at(const struct maps *m, size_t i)
{
	return &m->v[i < m->gap ? i : i + (m->room - m->n)];
}

/* The first mapping that ends behind addr. */
static size_t place_of(const struct maps *m, uint64_t addr)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (at(m, mid)->end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct map *maps_find(const struct maps *m, uint64_t addr)
{
	size_t i = place_of(m, addr);

	if (i == m->n || at(m, i)->start > addr)
		return NULL;
	return at(m, i);
}

static void move_gap(struct maps *m, size_t to)
{
	size_t size = m->room - m->n;

	if (to < m->gap)
		memmove(m->v + to + size, m->v + to,
			(m->gap - to) * sizeof(*m->v));
	else if (to > m->gap)
		memmove(m->v + m->gap, m->v + m->gap + size,
			(to - m->gap) * sizeof(*m->v));
	m->gap = to;
}

static void insert(struct maps *m, size_t i, const struct map *map)
{
	if (m->n == m->room) {
		move_gap(m, m->n);
		m->room = m->room ? m->room + m->room / 2 : 16;
		m->v = xreallocarray(m->v, m->room, sizeof(*m->v));
	}
	move_gap(m, i);
	m->v[m->gap++] = *map;
	m->n++;
	map->file->nmaps++;
}

static void erase(struct maps *m, size_t i, size_t n)
{
	size_t k;

	if (!n)
		return;
	for (k = 0; k < n; k++)
		at(m, i + k)->file->nmaps--;
	move_gap(m, i);
	m->n -= n;
}

void maps_add(struct maps *m, const struct map *map)
{
	size_t i = place_of(m, map->start), n = 0;
	struct map tail;

	if (i < m->n && at(m, i)->start < map->start) {
		tail = *at(m, i);
		at(m, i++)->end = map->start;
		if (tail.end > map->end) {
			tail.offset += map->end - tail.start;
			tail.start = map->end;
			insert(m, i, &tail);
		}
	}
	while (i + n < m->n && at(m, i + n)->end <= map->end)
		n++;
	erase(m, i, n);
	if (i < m->n && at(m, i)->start < map->end) {
		at(m, i)->offset += map->end - at(m, i)->start;
		at(m, i)->start = map->end;
	}
	insert(m, i, map);
}

void maps_copy(struct maps *m, const struct maps *from)
{
	size_t i;

	if (!from->n)
		return;
	m->v = xreallocarray(NULL, from->n, sizeof(*m->v));
	m->n = m->room = m->gap = from->n;
	for (i = 0; i < m->n; i++) {
		m->v[i] = *at(from, i);
		m->v[i].file->nmaps++;
	}
}

void maps_release(struct maps *m)
{
	erase(m, 0, m->n);
	free(m->v);
	*m = (struct maps){ 0 };
}
