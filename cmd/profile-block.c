/* SPDX-License-Identifier: MIT
 *
 * profile-block.c - blocks of a .pfm file: numbers as LEB128, differences as
 * zigzag, zstd around them, a checksum in front.  Knows libzstd, and zlib for
 * the checksum.
 */
#include "config.h"

#include "profile-block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "cmd.h"

static void reserve(struct bytes *b, size_t n)
{
	if (b->room - b->n >= n)
		return;
	b->room = b->room * 2 > b->n + n ? b->room * 2 : b->n + n + 4096;
	b->v = xreallocarray(b->v, b->room, 1);
}

void bytes_put(struct bytes *b, const void *from, size_t n)
{
	reserve(b, n);
	if (n)
		memcpy(b->v + b->n, from, n);
	b->n += n;
}

void bytes_varint(struct bytes *b, uint64_t x)
{
	reserve(b, 10);
	for (; x >= 0x80; x >>= 7)
		b->v[b->n++] = (unsigned char)(x | 0x80);
	b->v[b->n++] = (unsigned char)x;
}

uint64_t to_zigzag(uint64_t difference)
{
	return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

uint64_t from_zigzag(uint64_t z)
{
	return z >> 1 ^ (z & 1 ? UINT64_MAX : 0);
}

void bytes_delta(struct bytes *b, uint64_t now, uint64_t before)
{
	bytes_varint(b, to_zigzag(now - before));
}

void bytes_string(struct bytes *b, const char *s)
{
	size_t n = strnlen(s, PROF_TEXT_MOST);

	bytes_varint(b, n);
	bytes_put(b, s, n);
}

void bytes_double(struct bytes *b, double x)
{
	uint64_t bits;
	unsigned char v[8];

	memcpy(&bits, &x, sizeof(bits));
	put_u32(v, (uint32_t)bits);
	put_u32(v + 4, (uint32_t)(bits >> 32));
	bytes_put(b, v, sizeof(v));
}

void bytes_column(struct bytes *b, const uint64_t *v, uint32_t n)
{
	uint64_t any = 0;
	unsigned width, k;
	uint32_t i;

	for (i = 0; i < n; i++)
		any |= v[i];
	for (width = 0; any; any >>= 8)
		width++;
	reserve(b, 1 + (size_t)width * n);
	b->v[b->n++] = (unsigned char)width;
	for (k = 0; k < width; k++)
		for (i = 0; i < n; i++)
			b->v[b->n++] = (unsigned char)(v[i] >> 8 * k);
}

uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

void put_u32(unsigned char *p, uint32_t x)
{
	p[0] = (unsigned char)x;
	p[1] = (unsigned char)(x >> 8);
	p[2] = (unsigned char)(x >> 16);
	p[3] = (unsigned char)(x >> 24);
}

struct packer {
	ZSTD_CCtx *z; /* owned */
	int level;
};

struct packer *packer_new(int level)
{
	struct packer *p = xcalloc(1, sizeof(*p));

	p->level = level;
	p->z = ZSTD_createCCtx();
	if (!p->z)
		die("no memory to compress with");
	return p;
}

void packer_free(struct packer *p)
{
	ZSTD_freeCCtx(p->z);
	free(p);
}

/* Over all of the block but the checksum itself. */
static uint32_t checksum(const unsigned char *block, size_t payload)
{
	uLong sum = crc32(0, block, PROF_BLOCK - 4);

	return (uint32_t)crc32_z(sum, block + PROF_BLOCK, payload);
}

void packer_block(struct packer *p, enum prof_block type,
		  const struct bytes *raw, struct bytes *out)
{
	size_t bound = ZSTD_compressBound(raw->n), size, at = out->n;
	unsigned char *block;
	uint32_t flags = PROF_ZSTD;

	reserve(out, PROF_BLOCK + bound);
	block = out->v + at;
	size = ZSTD_compressCCtx(p->z, block + PROF_BLOCK, bound, raw->v,
				 raw->n, p->level);
	if (ZSTD_isError(size) || size >= raw->n) {
		flags = 0;
		size = raw->n;
		memcpy(block + PROF_BLOCK, raw->v, size);
	}
	put_u32(block, (uint32_t)type | flags << 16);
	put_u32(block + 4, (uint32_t)raw->n);
	put_u32(block + 8, (uint32_t)size);
	put_u32(block + 12, checksum(block, size));
	out->n += PROF_BLOCK + size;
}

uint64_t read_varint(struct reader *r)
{
	uint64_t x = 0;
	unsigned shift;

	for (shift = 0; shift < 64; shift += 7) {
		unsigned char c;

		if (r->at == r->end)
			break;
		c = *r->at++;
		x |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return x;
	}
	r->bad = true;
	r->at = r->end;
	return 0;
}

uint64_t read_delta(struct reader *r, uint64_t before)
{
	return before + from_zigzag(read_varint(r));
}

const unsigned char *read_bytes(struct reader *r, uint64_t n)
{
	const unsigned char *at = r->at;

	if (n > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		r->at = r->end;
		return NULL;
	}
	r->at += n;
	return at;
}

double read_double(struct reader *r)
{
	const unsigned char *v = read_bytes(r, 8);
	uint64_t bits;
	double x;

	if (!v)
		return 0;
	bits = get_u32(v) | (uint64_t)get_u32(v + 4) << 32;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

uint32_t read_count(struct reader *r)
{
	uint64_t n = read_varint(r);

	if (n > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		return 0;
	}
	return (uint32_t)n;
}

void read_column(struct reader *r, uint32_t n, struct column *c)
{
	const unsigned char *width = read_bytes(r, 1), *at;

	*c = (struct column){ .n = n };
	if (!width || *width > 8) {
		r->bad = true;
		return;
	}
	at = read_bytes(r, (uint64_t)*width * n);
	if (at) {
		c->at = at;
		c->width = *width;
	}
}

/* Memory that is only as large as a block needs it. */
struct buffer {
	unsigned char *v; /* owned */
	size_t room;
};

struct unpacker {
	ZSTD_DCtx *z; /* owned */
	int fd;       /* owned */
	bool cut;     /* the file ended before its last block did */
	struct buffer block, raw;
};

struct unpacker *unpacker_new(int fd)
{
	struct unpacker *u = xcalloc(1, sizeof(*u));

	u->fd = fd;
	u->z = ZSTD_createDCtx();
	if (!u->z)
		die("no memory to decompress with");
	return u;
}

void unpacker_free(struct unpacker *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->z);
	close(u->fd);
	free(u->block.v);
	free(u->raw.v);
	free(u);
}

static void make_room(struct buffer *b, size_t n)
{
	if (n <= b->room)
		return;
	free(b->v);
	b->v = xcalloc(n, 1);
	b->room = n;
}

/* Not mapped: a file that gets shorter meanwhile is no signal. */
static bool read_at(int fd, unsigned char *to, size_t n, uint64_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
		at += (size_t)got;
	}
	return true;
}

/* zstd's own frame header must agree before any memory is asked for. */
static bool decompress(struct unpacker *u, uint32_t stored, uint32_t raw)
{
	const unsigned char *from = u->block.v + PROF_BLOCK;
	size_t got;

	if (ZSTD_getFrameContentSize(from, stored) != raw)
		return false;
	make_room(&u->raw, raw);
	got = ZSTD_decompressDCtx(u->z, u->raw.v, raw, from, stored);
	return !ZSTD_isError(got) && got == raw;
}

/* The header and what follows, into u->block: the flags are as they must be. */
static bool read_whole(struct unpacker *u, uint64_t at)
{
	unsigned char head[PROF_BLOCK];
	uint32_t raw, stored;

	u->cut = !read_at(u->fd, head, sizeof(head), at);
	if (u->cut)
		return false;
	raw = get_u32(head + 4);
	stored = get_u32(head + 8);
	if (raw > PROF_BLOCK_MOST || stored > raw)
		return false;
	u->cut = (off_t)(at + PROF_BLOCK + stored) > lseek(u->fd, 0, SEEK_END);
	if (u->cut)
		return false;
	make_room(&u->block, PROF_BLOCK + (size_t)stored);
	memcpy(u->block.v, head, sizeof(head));
	return read_at(u->fd, u->block.v + PROF_BLOCK, stored,
		       at + PROF_BLOCK) &&
	       checksum(u->block.v, stored) == get_u32(head + 12);
}

bool unpacker_cut(const struct unpacker *u)
{
	return u->cut;
}

unsigned unpack_block(struct unpacker *u, uint64_t at, struct reader *raw,
		      uint64_t *size)
{
	uint32_t head, stored, bytes;
	const unsigned char *from;

	if (!read_whole(u, at))
		return 0;
	head = get_u32(u->block.v);
	bytes = get_u32(u->block.v + 4);
	stored = get_u32(u->block.v + 8);
	from = u->block.v + PROF_BLOCK;
	*size = PROF_BLOCK + (uint64_t)stored;
	if (head >> 16 == PROF_ZSTD) {
		if (!decompress(u, stored, bytes))
			return 0;
		from = u->raw.v;
	} else if (head >> 16 || stored != bytes) {
		return 0;
	}
	*raw = (struct reader){ .at = from, .end = from + bytes };
	return head & 0xffff;
}
