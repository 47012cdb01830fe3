/* SPDX-License-Identifier: MIT
 *
 * profile-read.c - a .pfm file as struct profile.  The file is somebody else's
 * until it is read: each number in it is checked before it is used, and the
 * first block that is not whole ends the reading.
 */
#include "config.h"

#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "profile-block.h"
#include "profile-samples.h"
#include "profile-tables.h"

struct opened {
	struct profile p; /* first: it is what callers have */
	struct tables t;
	struct unpacker *unpacker;
	uint64_t *samples; /* where blocks of them are; owned */
	size_t nsamples, room;
};

static bool read_end(struct opened *o, struct reader *r)
{
	struct prof_totals *t = &o->p.totals;
	uint64_t *const fields[] = {
		&t->start_ns,  &t->duration_ns, &t->samples, &t->lost,
		&t->dropped,   &t->throttled,   &t->stacks,  &t->complete,
		&t->processes, &t->threads,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = read_varint(r);
	t->status = (int32_t)read_delta(r, 0);
	if (r->bad)
		*t = (struct prof_totals){ 0 };
	return !r->bad;
}

static void add_place(struct opened *o, uint64_t at)
{
	if (o->nsamples == o->room) {
		o->room = o->room ? o->room * 2 : 64;
		o->samples =
			xreallocarray(o->samples, o->room, sizeof(*o->samples));
	}
	o->samples[o->nsamples++] = at;
}

/* A block that is whole and of a kind that is not known is left out. */
static bool read_block(struct opened *o, struct samples *s, uint64_t *size)
{
	struct reader r;
	uint32_t n;
	bool good;

	switch (unpack_block(o->unpacker, o->p.whole, &r, size)) {
	case 0:
		return false;
	case PROF_TABLES:
		good = tables_read(&o->t, &o->p, &r);
		tables_show(&o->t, &o->p);
		return good;
	case PROF_SAMPLES:
		n = samples_read(s, &o->p, &r);
		if (n)
			add_place(o, o->p.whole);
		o->p.nsamples += n;
		return n > 0;
	case PROF_END:
		o->p.ended = read_end(o, &r);
		return o->p.ended;
	default:
		return true;
	}
}

static void read_blocks(struct opened *o)
{
	struct samples s;
	uint64_t size;

	samples_init(&s);
	o->p.whole = PROF_HEAD;
	while (!o->p.ended && read_block(o, &s, &size))
		o->p.whole += size;
	samples_release(&s);
}

/* What else it may be, by the bytes it begins with. */
static char *not_ours(const char *path, const unsigned char *head)
{
	if (!memcmp(head, "PERFILE2", 8))
		return xasprintf("%s: not a .pfm file but perf's: perf report "
				 "reads it, pfmon sample makes ours",
				 path);
	return xasprintf("%s: not a .pfm file; pfmon sample makes one", path);
}

/* NULL, or what is wrong with the file. */
static char *check_head(const char *path, int fd)
{
	unsigned char head[PROF_HEAD] = { 0 };
	uint32_t version;

	if (pread(fd, head, sizeof(head), 0) != PROF_HEAD ||
	    memcmp(head, PROF_MAGIC, 8) != 0)
		return not_ours(path, head);
	version = get_u32(head + 8);
	if (version != PROF_VERSION)
		return xasprintf("%s: written by %s version (%u); this pfmon "
				 "reads %u",
				 path,
				 version > PROF_VERSION ? "a later" :
							  "an earlier",
				 version, PROF_VERSION);
	return NULL;
}

static char *open_file(struct opened *o, const char *path)
{
	/* Not to wait for the other end of a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *why;

	if (fd < 0)
		return xasprintf("%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		why = xasprintf("%s: not a .pfm file: %s", path,
				S_ISDIR(st.st_mode) ? "a directory" :
						      "no regular file");
	else
		why = check_head(path, fd);
	if (why) {
		close(fd);
		return why;
	}
	o->p.bytes = (uint64_t)st.st_size;
	o->unpacker = unpacker_new(fd);
	return NULL;
}

static char *read_file(struct opened *o)
{
	struct profile *p = &o->p;

	tables_init(&o->t, p, p->bytes);
	tables_show(&o->t, p);
	read_blocks(o);
	if (p->nevents)
		return NULL;
	if (p->ended)
		return xasprintf("%s: no event was recorded in it", p->path);
	if (unpacker_cut(o->unpacker))
		return xasprintf("%s: cut before its first event", p->path);
	return xasprintf("%s: damaged at byte %" PRIu64 ", before its first "
			 "event",
			 p->path, p->whole);
}

struct profile *prof_open(const char *path, char **why)
{
	struct opened *o = xcalloc(1, sizeof(*o));

	o->p.path = xstrdup(path);
	*why = open_file(o, path);
	if (!*why)
		*why = read_file(o);
	if (!*why)
		return &o->p;
	prof_close(&o->p);
	return NULL;
}

void prof_close(struct profile *p)
{
	struct opened *o = (struct opened *)p;

	if (!p)
		return;
	tables_free(&o->t);
	unpacker_free(o->unpacker);
	free(o->samples);
	free((char *)(uintptr_t)p->path);
	free(o);
}

const char *prof_meta(const struct profile *p, const char *key)
{
	uint32_t i;

	for (i = 0; i < p->nmetas; i++)
		if (!strcmp(p->metas[i].key, key))
			return p->metas[i].text;
	return NULL;
}

int prof_samples(struct profile *p, prof_sample_fn call, void *arg)
{
	struct opened *o = (struct opened *)p;
	struct samples s;
	struct reader r;
	uint64_t size;
	uint32_t n, i;
	int ret = 0;
	size_t b;

	samples_init(&s);
	for (b = 0; b < o->nsamples && ret == 0; b++) {
		if (unpack_block(o->unpacker, o->samples[b], &r, &size) !=
		    PROF_SAMPLES)
			break;
		n = samples_read(&s, p, &r);
		for (i = 0; i < n && ret == 0; i++)
			ret = call(&s.v[i], arg);
	}
	samples_release(&s);
	return ret;
}
