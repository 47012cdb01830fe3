/* SPDX-License-Identifier: MIT
 *
 * top-funcs.c - functions by number: equal names of one object once, so that a
 * frame has numbers only.  Of a recording they come from its file.
 */
#include "config.h"

#include "top-priv.h"

#include <stdlib.h>
#include <string.h>

#define FUNCS_MOST (1u << 17) /* then all further ones are one */
#define NAME_MOST 1024

struct top_funcs {
	struct top_func *v; /* owned, the texts, too */
	uint32_t n, room;
	uint32_t *table; /* open addressing: number + 1; owned */
	uint32_t size;
};

struct top_funcs *top_funcs_new(void)
{
	return xcalloc(1, sizeof(struct top_funcs));
}

void top_funcs_free(struct top_funcs *fs)
{
	uint32_t i;

	for (i = 0; i < fs->n; i++) {
		free((char *)(uintptr_t)fs->v[i].name);
		free((char *)(uintptr_t)fs->v[i].object);
	}
	free(fs->v);
	free(fs->table);
	free(fs);
}

static uint32_t hash_text(uint32_t h, const char *s)
{
	while (*s)
		h = (h ^ (unsigned char)*s++) * 0x01000193u;
	return h;
}

static uint32_t slot_of(const struct top_funcs *fs, const struct top_func *f)
{
	uint32_t at = hash_text(hash_text(0x811c9dc5u, f->name), f->object);

	at ^= (uint32_t)f->start;
	for (at &= fs->size - 1; fs->table[at];
	     at = (at + 1) & (fs->size - 1)) {
		const struct top_func *g = &fs->v[fs->table[at] - 1];

		if (g->start == f->start && !strcmp(g->name, f->name) &&
		    !strcmp(g->object, f->object))
			break;
	}
	return at;
}

static void grow(struct top_funcs *fs)
{
	uint32_t i;

	free(fs->table);
	fs->size = fs->size ? fs->size * 2 : 1024;
	fs->table = xcalloc(fs->size, sizeof(*fs->table));
	for (i = 0; i < fs->n; i++)
		fs->table[slot_of(fs, &fs->v[i])] = i + 1;
}

uint32_t top_funcs_put(struct top_funcs *fs, const struct top_func *f)
{
	static const struct top_func rest = { .name = "[other functions]",
					      .object = "" };
	uint32_t at;

	if (fs->n * 2 >= fs->size)
		grow(fs);
	at = slot_of(fs, f);
	if (fs->table[at])
		return fs->table[at] - 1;
	if (fs->n >= FUNCS_MOST && f != &rest)
		return top_funcs_put(fs, &rest);
	if (fs->n == fs->room) {
		fs->room = fs->room ? fs->room * 2 : 256;
		fs->v = xreallocarray(fs->v, fs->room, sizeof(*fs->v));
	}
	fs->v[fs->n] = *f;
	fs->v[fs->n].name = xstrdup(f->name);
	fs->v[fs->n].object = xstrdup(f->object);
	fs->table[at] = fs->n + 1;
	return fs->n++;
}

const struct top_func *top_funcs_at(const struct top_funcs *fs, uint32_t i)
{
	static const struct top_func none = { .name = "[not in the recording]",
					      .object = "" };

	return i < fs->n ? &fs->v[i] : &none;
}

uint32_t top_funcs_count(const struct top_funcs *fs)
{
	return fs->n;
}

void top_funcs_encode(const struct top_funcs *fs, uint32_t first,
		      struct bytes *b)
{
	uint32_t i;

	bytes_varint(b, fs->n - first);
	for (i = first; i < fs->n; i++) {
		bytes_string(b, fs->v[i].name);
		bytes_string(b, fs->v[i].object);
		bytes_varint(b, fs->v[i].kernel);
		bytes_varint(b, fs->v[i].start);
		bytes_varint(b, fs->v[i].size);
	}
}

static char *get_text(struct reader *r)
{
	uint64_t n = read_varint(r);
	const unsigned char *from = read_bytes(r, n);

	if (!from)
		return xstrdup("");
	return xasprintf("%.*s", (int)(n < NAME_MOST ? n : NAME_MOST),
			 (const char *)from);
}

/* Their order is their number, so that none is put together with another. */
void top_funcs_decode(void *arg, struct reader *r)
{
	struct top_funcs *fs = arg;
	uint32_t n = read_count(r), i;

	for (i = 0; i < n && !r->bad && fs->n <= FUNCS_MOST; i++) {
		struct top_func f = { .name = get_text(r),
				      .object = get_text(r) };

		f.kernel = read_varint(r) != 0;
		f.start = read_varint(r);
		f.size = read_varint(r);
		if (fs->n == fs->room) {
			fs->room = fs->room ? fs->room * 2 : 256;
			fs->v = xreallocarray(fs->v, fs->room, sizeof(*fs->v));
		}
		fs->v[fs->n++] = f;
	}
}
