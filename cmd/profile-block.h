/* SPDX-License-Identifier: MIT
 *
 * profile-block.h - the blocks of a .pfm file, and the numbers in them: pfm(5).
 */
#ifndef PFM_PROFILE_BLOCK_H
#define PFM_PROFILE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROF_MAGIC "PFMPROF1"
#define PROF_VERSION 1u
#define PROF_HEAD 16  /* bytes: magic, version, reserved */
#define PROF_BLOCK 16 /* bytes of a block's header */

/* A table is cut where a block is that large; one row may be larger. */
#define PROF_BLOCK_RAW (64u << 10)
#define PROF_BLOCK_MOST (4u << 20) /* no block is larger */
/* So no row may be; what is beyond is left out. */
#define PROF_TEXT_MOST (256u << 10) /* bytes of a string */
#define PROF_CODE_MOST (1u << 20)   /* bytes of a function */
#define PROF_LINES_MOST (64u << 10) /* lines of one */
#define PROF_LOCS_MOST 4096u        /* of a frame */
#define PROF_SAMPLES_MOST 16384u    /* in a block */

enum prof_block { PROF_TABLES = 1, PROF_SAMPLES, PROF_END };
#define PROF_ZSTD 1u /* flag: compressed */

/* What tables there are in a PROF_TABLES block. */
enum prof_table {
	TABLE_META = 1,
	TABLE_STRINGS,
	TABLE_EVENTS,
	TABLE_OBJECTS,
	TABLE_OBJECT_SET,
	TABLE_TASKS,
	TABLE_FRAMES,
	TABLE_NODES,
	TABLE_FUNCS,
	TABLE_LOCS,
	TABLE_CODES,
};

/* Columns of samples that a block has, or leaves out. */
#define SAMPLES_ADDR 1u
#define SAMPLES_VALUES 2u

/* Growing bytes. */
struct bytes {
	unsigned char *v; /* owned */
	size_t n, room;
};
void bytes_put(struct bytes *b, const void *from, size_t n);
void bytes_varint(struct bytes *b, uint64_t x);
/* The difference, small when it is small in either direction. */
void bytes_delta(struct bytes *b, uint64_t now, uint64_t before);
void bytes_string(struct bytes *b, const char *s);
void bytes_double(struct bytes *b, double x);
/* As many bytes of each as the largest takes: all lowest bytes, and so on. */
void bytes_column(struct bytes *b, const uint64_t *v, uint32_t n);
uint64_t to_zigzag(uint64_t difference);
uint64_t from_zigzag(uint64_t z);

/* The block with its header, compressed if that is shorter, appended to out. */
struct packer;
struct packer *packer_new(int level);
void packer_free(struct packer *p);
void packer_block(struct packer *p, enum prof_block type,
		  const struct bytes *raw, struct bytes *out);

/* What is left to read of a block; bad once something was not there. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};
uint64_t read_varint(struct reader *r);
uint64_t read_delta(struct reader *r, uint64_t before);
double read_double(struct reader *r);
/* n bytes, in the block; NULL: there are not so many. */
const unsigned char *read_bytes(struct reader *r, uint64_t n);
/* A count of things of at least one byte each; bad when there are fewer. */
uint32_t read_count(struct reader *r);

/* A column of n numbers, in the block's bytes; bad leaves it empty. */
struct column {
	const unsigned char *at;
	uint32_t n;
	unsigned width;
};
void read_column(struct reader *r, uint32_t n, struct column *c);

static inline uint64_t column_at(const struct column *c, uint32_t i)
{
	const unsigned char *p = c->at + i;
	uint64_t x = 0;
	unsigned k;

	for (k = 0; k < c->width; k++, p += c->n)
		x |= (uint64_t)*p << 8 * k;
	return x;
}

/*
 * The block at a place of a file: its type, and its payload in *raw, good until
 * the next one is read; *size is how long it is in the file.  0: cut or damaged.
 */
struct unpacker;
struct unpacker *unpacker_new(int fd); /* takes fd over */
void unpacker_free(struct unpacker *u);
/* After a 0: the file ends within the block. */
bool unpacker_cut(const struct unpacker *u);
unsigned unpack_block(struct unpacker *u, uint64_t at, struct reader *raw,
		      uint64_t *size);

uint32_t get_u32(const unsigned char *p);
void put_u32(unsigned char *p, uint32_t x);

#endif /* PFM_PROFILE_BLOCK_H */
