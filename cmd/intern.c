/* SPDX-License-Identifier: MIT
 *
 * intern.c - see intern.h.  Open addressing, at most three quarters full; a
 * table is of numbers, the things stand in one array in their order.  So a node
 * of a stack takes 14 to 23 bytes, a frame 30 to 47, spare room included.
 */
#include "config.h"

#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "profile.h"

#define FIRST 1024

struct table {
	uint32_t *v; /* number + 1, 0: empty; owned */
	size_t size; /* a power of two */
};

static void table_init(struct table *t, size_t size)
{
	t->v = xcalloc(size, sizeof(*t->v));
	t->size = size;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

struct intern {
	enum intern_kind kind;
	size_t item;
	char *items; /* owned */
	uint32_t n, room;
	struct table table;
};

struct intern *intern_new(size_t size, enum intern_kind kind)
{
	struct intern *in = xcalloc(1, sizeof(*in));

	in->kind = kind;
	in->item = size;
	table_init(&in->table, FIRST);
	return in;
}

void intern_free(struct intern *in)
{
	free(in->items);
	free(in->table.v);
	free(in);
}

static uint64_t hash_of(const struct intern *in, const void *item)
{
	const struct prof_frame *f = item;
	const struct prof_node *n = item;

	if (in->kind == INTERN_NODE)
		return mix((uint64_t)n->parent << 32 | n->frame);
	return mix(f->addr ^ (uint64_t)f->object << 44 ^
		   (uint64_t)f->flags << 63);
}

static int same(const struct intern *in, const void *a, const void *b)
{
	const struct prof_frame *f = a, *g = b;

	if (in->kind == INTERN_NODE)
		return !memcmp(a, b, sizeof(struct prof_node));
	return f->addr == g->addr && f->object == g->object &&
	       f->flags == g->flags;
}

const void *intern_at(const struct intern *in, uint32_t i)
{
	return in->items + i * in->item;
}

/* Where the item is, or would be. */
static uint32_t *find(struct intern *in, const void *item)
{
	size_t mask = in->table.size - 1, at = hash_of(in, item) & mask;

	while (in->table.v[at] &&
	       !same(in, intern_at(in, in->table.v[at] - 1), item))
		at = (at + 1) & mask;
	return &in->table.v[at];
}

static void grow(struct intern *in)
{
	uint32_t i;

	free(in->table.v);
	table_init(&in->table, in->table.size * 2);
	for (i = 0; i < in->n; i++)
		*find(in, intern_at(in, i)) = i + 1;
}

uint32_t intern_put(struct intern *in, const void *item)
{
	uint32_t *slot = find(in, item);

	if (*slot)
		return *slot - 1;
	if (in->n == in->room) {
		in->room = in->room ? in->room + in->room / 2 : FIRST;
		in->items = xreallocarray(in->items, in->room, in->item);
	}
	memcpy(in->items + in->n * in->item, item, in->item);
	*slot = ++in->n;
	if (in->n > in->table.size / 4 * 3)
		grow(in);
	return in->n - 1;
}

uint32_t intern_count(const struct intern *in)
{
	return in->n;
}

struct intern_strings {
	char *text; /* one behind the other; owned */
	size_t used, room;
	size_t *at; /* of each; owned */
	uint32_t n, nroom;
	struct table table;
};

struct intern_strings *strings_new(void)
{
	struct intern_strings *in = xcalloc(1, sizeof(*in));

	table_init(&in->table, FIRST);
	return in;
}

void strings_free(struct intern_strings *in)
{
	free(in->text);
	free(in->at);
	free(in->table.v);
	free(in);
}

const char *strings_at(const struct intern_strings *in, uint32_t i)
{
	return in->text + in->at[i];
}

static uint32_t *find_string(struct intern_strings *in, const char *s)
{
	size_t mask = in->table.size - 1, at;
	uint64_t h = 5381;
	const char *p;

	for (p = s; *p; p++)
		h = h * 33 + (unsigned char)*p;
	at = mix(h) & mask;
	while (in->table.v[at] &&
	       strcmp(strings_at(in, in->table.v[at] - 1), s) != 0)
		at = (at + 1) & mask;
	return &in->table.v[at];
}

static void grow_strings(struct intern_strings *in)
{
	uint32_t i;

	free(in->table.v);
	table_init(&in->table, in->table.size * 2);
	for (i = 0; i < in->n; i++)
		*find_string(in, strings_at(in, i)) = i + 1;
}

uint32_t strings_put(struct intern_strings *in, const char *s)
{
	uint32_t *slot = find_string(in, s);
	size_t len = strlen(s) + 1;

	if (*slot)
		return *slot - 1;
	if (in->n == in->nroom) {
		in->nroom = in->nroom ? in->nroom * 2 : 256;
		in->at = xreallocarray(in->at, in->nroom, sizeof(*in->at));
	}
	if (in->room - in->used < len) {
		in->room = in->room * 2 + len + 4096;
		in->text = xreallocarray(in->text, in->room, 1);
	}
	memcpy(in->text + in->used, s, len);
	in->at[in->n] = in->used;
	in->used += len;
	*slot = ++in->n;
	if (in->n > in->table.size / 4 * 3)
		grow_strings(in);
	return in->n - 1;
}

uint32_t strings_count(const struct intern_strings *in)
{
	return in->n;
}
