/* SPDX-License-Identifier: MIT
 *
 * report-keys.c - what samples can be told apart by, and the hash table that
 * numbers tuples of such keys.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_FIRST 256

static const char *const names[NKEYS] = {
	[KEY_FUNCTION] = "function", [KEY_LINE] = "line",
	[KEY_ADDRESS] = "address",   [KEY_DSO] = "dso",
	[KEY_SOURCE] = "source",     [KEY_COMM] = "comm",
	[KEY_PID] = "pid",           [KEY_TID] = "tid",
	[KEY_CPU] = "cpu",           [KEY_SET] = "set",
	[KEY_TIME] = "time",
};

/* What perf and others call them. */
static const struct {
	const char *name;
	enum report_key key;
} aliases[] = {
	{ "sym", KEY_FUNCTION },   { "symbol", KEY_FUNCTION },
	{ "func", KEY_FUNCTION },  { "srcline", KEY_LINE },
	{ "addr", KEY_ADDRESS },   { "object", KEY_DSO },
	{ "srcfile", KEY_SOURCE }, { "file", KEY_SOURCE },
	{ "command", KEY_COMM },
};

const char *report_key_name(enum report_key key)
{
	return names[key];
}

bool report_key_is_of_sample(enum report_key key)
{
	return key >= KEY_COMM;
}

bool report_has_key(const struct report_opt *o, enum report_key key)
{
	unsigned i;

	for (i = 0; i < o->nkeys; i++)
		if (o->keys[i] == key)
			return true;
	return false;
}

static bool is_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && !strncmp(word, text, len);
}

static enum report_key find_key(const char *text, size_t len)
{
	unsigned i;

	for (i = 0; i < NKEYS; i++)
		if (is_word(names[i], text, len))
			return (enum report_key)i;
	for (i = 0; i < ARRAY_SIZE(aliases); i++)
		if (is_word(aliases[i].name, text, len))
			return aliases[i].key;
	return NKEYS;
}

bool report_keys_parse(const char *text, struct report_opt *o)
{
	enum report_key key;
	size_t len;

	o->nkeys = 0;
	do {
		len = strcspn(text, ",");
		key = find_key(text, len);
		if (key == NKEYS)
			return false;
		text += len;
		if (report_has_key(o, key))
			continue;
		if (o->nkeys == KEYS_MAX)
			return false;
		o->keys[o->nkeys++] = key;
	} while (*text++ == ',');
	return true;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static const uint64_t *tuple_at(const struct report_tuples *known, size_t i)
{
	return (const uint64_t *)(const void *)((const char *)known->at +
						i * known->stride);
}

/* The slot of the tuple, or the free one where it belongs. */
static uint32_t *find_slot(const struct report_index *x,
			   const struct report_tuples *known,
			   const uint64_t *tuple)
{
	size_t mask = x->size - 1, at;
	uint64_t h = 0x9e3779b97f4a7c15u;
	unsigned i;

	for (i = 0; i < known->n; i++)
		h = mix(h ^ tuple[i]);
	for (at = h & mask; x->slots[at]; at = (at + 1) & mask)
		if (!memcmp(tuple_at(known, x->slots[at] - 1), tuple,
			    known->n * sizeof(*tuple)))
			break;
	return &x->slots[at];
}

static void grow(struct report_index *x, const struct report_tuples *known)
{
	size_t i;

	x->size = x->size ? x->size * 2 : INDEX_FIRST;
	free(x->slots);
	x->slots = xcalloc(x->size, sizeof(*x->slots));
	for (i = 0; i < x->n; i++)
		*find_slot(x, known, tuple_at(known, i)) = (uint32_t)i + 1;
}

uint32_t report_index_add(struct report_index *x,
			  const struct report_tuples *known,
			  const uint64_t *tuple, bool *fresh)
{
	uint32_t *slot;

	if (x->n * 2 >= x->size)
		grow(x, known);
	slot = find_slot(x, known, tuple);
	*fresh = !*slot;
	if (*fresh) {
		if (x->n == UINT32_MAX - 2)
			die("too many different rows; use fewer keys");
		*slot = (uint32_t)++x->n;
	}
	return *slot - 1;
}
