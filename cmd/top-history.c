/* SPDX-License-Identifier: MIT
 *
 * top-history.c - the frames that were, as blocks of a file: that of --record,
 * or one in memory, which forgets the oldest.  A block is a key frame and those
 * after it, and is written when it is full, so that a file that was cut is good
 * up to its last whole block.
 */
#include "config.h"

#include "top-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recfile.h"

#define HEAD 16
#define FILE_VERSION 1
#define FRAMES_MOST 64        /* of a block in memory */
#define FRAMES_FILE 16        /* of one in a file: what a kill may lose */
#define RAW_MOST (512u << 10) /* bytes after which it is full */

enum { BLOCK_META = 1, BLOCK_NAMES, BLOCK_FRAMES };

struct chunk {
	uint64_t at, size; /* in the file */
	uint64_t first, n; /* frames in it */
};

struct history {
	int fd; /* owned */
	bool file, reading;
	char *path;                    /* owned; of a file */
	int error;                     /* of writing, an errno */
	uint64_t end;                  /* bytes of the file */
	uint64_t kept;                 /* bytes of them that are not dropped */
	struct chunk *chunks;          /* owned */
	size_t nchunks, room, dropped; /* dropped: the first that is there */
	struct chunk meta;
	struct chunk *names; /* owned */
	size_t nnames;

	/* The block that grows: frames as they are encoded. */
	struct bytes raw;
	uint64_t raw_first;
	unsigned raw_n;
	struct packer *packer;     /* owned */
	struct unpacker *unpacker; /* owned */

	/* The frame that was decoded last, to go on from there. */
	uint64_t got;
	const struct frame *got_in;
};

static struct history *new_history(int fd)
{
	struct history *h = xcalloc(1, sizeof(*h));
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		die("cannot keep a history: %m");
	h->fd = fd;
	h->packer = packer_new(3);
	h->unpacker = unpacker_new(copy);
	return h;
}

static void append(struct history *h, const unsigned char *v, size_t n)
{
	size_t done = 0;

	while (done < n && !h->error) {
		ssize_t put = pwrite(h->fd, v + done, n - done,
				     (off_t)(h->end + done));

		if (put > 0)
			done += (size_t)put;
		else if (put == 0 || errno != EINTR)
			h->error = put == 0 ? ENOSPC : errno;
	}
	/* What is cut off is not there for a reader either. */
	if (!h->error) {
		h->end += n;
		h->kept += n;
	}
}

static void put_head(struct history *h)
{
	unsigned char head[HEAD] = { 0 };

	memcpy(head, HISTORY_MAGIC, 8);
	put_u32(head + 8, FILE_VERSION);
	append(h, head, sizeof(head));
}

struct history *history_new(const char *path)
{
	struct history *h;
	bool moved;
	int fd = path ? recfile_open(path, O_RDWR, &moved) :
			memfd_create("pfmon-top", MFD_CLOEXEC);

	if (fd < 0)
		die("cannot keep a history: %m");
	h = new_history(fd);
	h->file = path != NULL;
	h->path = path ? xstrdup(path) : NULL;
	put_head(h);
	return h;
}

static struct chunk put_block(struct history *h, unsigned type,
			      const struct bytes *raw)
{
	struct bytes out = { 0 };
	struct chunk c = { .at = h->end };

	packer_block(h->packer, (enum prof_block)type, raw, &out);
	append(h, out.v, out.n);
	c.size = out.n;
	free(out.v);
	return c;
}

static void add_chunk(struct history *h, const struct chunk *c)
{
	if (h->nchunks == h->room) {
		h->room = h->room ? h->room * 2 : 64;
		h->chunks =
			xreallocarray(h->chunks, h->room, sizeof(*h->chunks));
	}
	h->chunks[h->nchunks++] = *c;
}

/* In memory: the oldest go. */
static void drop_old(struct history *h)
{
	while (!h->file && h->kept > HISTORY_BYTES &&
	       h->dropped + 1 < h->nchunks) {
		const struct chunk *c = &h->chunks[h->dropped++];

		if (fallocate(h->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)c->at, (off_t)c->size) < 0)
			h->error = errno;
		h->kept -= c->size;
	}
}

static void finish_block(struct history *h)
{
	struct chunk c;

	if (!h->raw_n)
		return;
	c = put_block(h, BLOCK_FRAMES, &h->raw);
	c.first = h->raw_first;
	c.n = h->raw_n;
	if (!h->error)
		add_chunk(h, &c);
	h->raw.n = 0;
	h->raw_n = 0;
	drop_old(h);
}

/* A frame with its length before it, so that one can be passed over. */
static size_t put_frame(struct history *h, const struct frame *f, bool key)
{
	struct bytes b = { 0 };
	size_t n;

	frame_encode(f, key, &b);
	bytes_varint(&h->raw, b.n);
	bytes_put(&h->raw, b.v, b.n);
	n = b.n;
	free(b.v);
	return n;
}

void history_put(struct history *h, const struct frame *f)
{
	if (!h->raw_n)
		h->raw_first = f->number;
	put_frame(h, f, h->raw_n == 0);
	h->raw_n++;
	if (h->raw_n == (h->file ? FRAMES_FILE : FRAMES_MOST) ||
	    h->raw.n > RAW_MOST)
		finish_block(h);
}

void history_meta(struct history *h, const struct bytes *b)
{
	h->meta = put_block(h, BLOCK_META, b);
}

bool history_read_meta(struct history *h, struct reader *r)
{
	uint64_t size;

	return unpack_block(h->unpacker, h->meta.at, r, &size) == BLOCK_META;
}

static void add_names(struct history *h, const struct chunk *c)
{
	h->names = xreallocarray(h->names, h->nnames + 1, sizeof(*h->names));
	h->names[h->nnames++] = *c;
}

/* A reader needs names before the frames that use them. */
void history_names(struct history *h, const struct bytes *b)
{
	struct chunk c = put_block(h, BLOCK_NAMES, b);

	add_names(h, &c);
}

void history_each_names(struct history *h,
			void (*call)(void *arg, struct reader *r), void *arg)
{
	struct reader r;
	uint64_t size;
	size_t i;

	for (i = 0; i < h->nnames; i++)
		if (unpack_block(h->unpacker, h->names[i].at, &r, &size) ==
		    BLOCK_NAMES)
			call(arg, &r);
}

/* How many frames a block has, and the number of the first. */
static void count_frames(struct reader *r, struct chunk *c)
{
	struct reader head;
	const unsigned char *from;
	uint64_t n;

	while (r->at < r->end && !r->bad) {
		n = read_varint(r);
		from = read_bytes(r, n);
		if (!from)
			return;
		head = (struct reader){ .at = from, .end = from + n };
		read_varint(&head);
		if (!c->n)
			c->first = read_varint(&head);
		c->n++;
	}
}

/* One block of a recording; false: it ends here. */
static bool scan_block(struct history *h)
{
	struct chunk c = { .at = h->end };
	const struct chunk *last =
		h->nchunks ? &h->chunks[h->nchunks - 1] : NULL;
	struct reader r;
	unsigned type = unpack_block(h->unpacker, c.at, &r, &c.size);

	if (!type)
		return false;
	h->end += c.size;
	if (type == BLOCK_META && !h->meta.at)
		h->meta = c;
	if (type == BLOCK_NAMES)
		add_names(h, &c);
	if (type != BLOCK_FRAMES)
		return true;
	count_frames(&r, &c);
	if (!c.n || (last && c.first != last->first + last->n))
		return false;
	add_chunk(h, &c);
	return true;
}

struct history *history_open(const char *path)
{
	unsigned char head[HEAD];
	struct history *h;
	/* Not to wait for the other end of a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("%s: %m", path);
	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, HISTORY_MAGIC, 8) != 0)
		die("%s: no recording of pfmon top", path);
	if (get_u32(head + 8) != FILE_VERSION)
		die("%s: of a later pfmon (version %u of the file)", path,
		    get_u32(head + 8));
	h = new_history(fd);
	h->file = h->reading = true;
	h->path = xstrdup(path);
	h->end = HEAD;
	while (scan_block(h))
		continue;
	if (!h->meta.at || !h->nchunks)
		die("%s: it was cut, or damaged, before its first interval",
		    path);
	if (h->end != (uint64_t)lseek(fd, 0, SEEK_END))
		warn("%s: it was cut, or is damaged, after %llu intervals",
		     path, (unsigned long long)history_end(h));
	return h;
}

uint64_t history_first(const struct history *h)
{
	if (h->dropped < h->nchunks)
		return h->chunks[h->dropped].first;
	return h->raw_first;
}

uint64_t history_end(const struct history *h)
{
	const struct chunk *last;

	if (h->raw_n)
		return h->raw_first + h->raw_n;
	if (!h->nchunks)
		return 0;
	last = &h->chunks[h->nchunks - 1];
	return last->first + last->n;
}

uint64_t history_bytes(const struct history *h)
{
	return h->kept;
}

int history_error(const struct history *h)
{
	return h->error;
}

static const struct chunk *find_chunk(const struct history *h, uint64_t number)
{
	size_t low = h->dropped, high = h->nchunks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct chunk *c = &h->chunks[mid];

		if (number >= c->first + c->n)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < h->nchunks && h->chunks[low].first <= number)
		return &h->chunks[low];
	return NULL;
}

/* The bytes of the block with a frame; the number of the first in it. */
static bool block_of(struct history *h, uint64_t number, struct reader *r,
		     uint64_t *first)
{
	const struct chunk *c;
	uint64_t size;

	if (h->raw_n && number >= h->raw_first) {
		*r = (struct reader){ .at = h->raw.v,
				      .end = h->raw.v + h->raw.n };
		*first = h->raw_first;
		return number < h->raw_first + h->raw_n;
	}
	c = find_chunk(h, number);
	if (!c)
		return false;
	*first = c->first;
	return unpack_block(h->unpacker, c->at, r, &size) == BLOCK_FRAMES;
}

/* Frames before the one that f is at are passed over. */
static bool decode_to(struct history *h, uint64_t number, struct frame *f)
{
	struct reader r, one;
	const unsigned char *from;
	uint64_t first, n, k, skip;

	if (!block_of(h, number, &r, &first))
		return false;
	skip = h->got_in == f && h->got >= first && h->got < number ?
		       h->got + 1 :
		       first;
	for (k = first; k <= number; k++) {
		n = read_varint(&r);
		from = read_bytes(&r, n);
		if (!from)
			return false;
		one = (struct reader){ .at = from, .end = from + n };
		if (k < skip)
			continue;
		if (!frame_decode(f, &one))
			return false;
		/* Where it is, whatever it says: play goes on from there. */
		f->number = k;
	}
	return true;
}

bool history_get(struct history *h, uint64_t number, struct frame *f)
{
	bool good =
		(h->got_in == f && h->got == number) || decode_to(h, number, f);

	h->got_in = good ? f : NULL;
	h->got = number;
	return good;
}

int history_free(struct history *h)
{
	int ret = 0;

	if (!h)
		return 0;
	if (!h->reading)
		finish_block(h);
	if (h->file && !h->reading && h->error) {
		errno = h->error;
		warn("cannot write %s: %m", h->path);
		ret = -1;
	}
	if (close(h->fd) < 0 && h->file && !h->reading && ret == 0) {
		warn("cannot write %s: %m", h->path);
		ret = -1;
	}
	packer_free(h->packer);
	unpacker_free(h->unpacker);
	free(h->chunks);
	free(h->names);
	free(h->raw.v);
	free(h->path);
	free(h);
	return ret;
}
