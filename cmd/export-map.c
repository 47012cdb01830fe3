/* SPDX-License-Identifier: MIT
 *
 * export-map.c - a hash table from pairs of 32-bit numbers to one.  Linear
 * probing; entries are never taken out.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>

static uint64_t pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

/* splitmix64's finish: a file cannot choose numbers that all collide cheaply. */
static uint32_t hash(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return (uint32_t)(x ^ x >> 31);
}

static struct export_slot *slot_of(const struct export_map *m, uint64_t key)
{
	uint32_t i = hash(key) & (m->size - 1);

	while (m->slots[i].value != PROF_NONE && m->slots[i].key != key)
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

static void grow(struct export_map *m)
{
	struct export_map old = *m;
	uint32_t i;

	if (old.size > UINT32_MAX / 4)
		die("the profile has too many stacks to export; pick some of "
		    "it with --pid, --time or -S");
	m->size = old.size ? old.size * 2 : 1024;
	m->slots = xcalloc(m->size, sizeof(*m->slots));
	for (i = 0; i < m->size; i++)
		m->slots[i].value = PROF_NONE;
	for (i = 0; i < old.size; i++)
		if (old.slots[i].value != PROF_NONE)
			*slot_of(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

uint32_t export_map_add(struct export_map *m, uint32_t a, uint32_t b,
			uint32_t value)
{
	struct export_slot *s;

	if (m->n >= m->size / 2)
		grow(m);
	s = slot_of(m, pair(a, b));
	if (s->value == PROF_NONE) {
		*s = (struct export_slot){ pair(a, b), value };
		m->n++;
	}
	return s->value;
}

uint32_t export_map_find(const struct export_map *m, uint32_t a, uint32_t b)
{
	return m->size ? slot_of(m, pair(a, b))->value : PROF_NONE;
}

void export_map_release(struct export_map *m)
{
	free(m->slots);
	*m = (struct export_map){ .n = 0 };
}
