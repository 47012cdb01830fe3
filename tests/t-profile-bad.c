/* SPDX-License-Identifier: MIT
 *
 * t-profile-bad.c - .pfm files that were cut, changed, forged, or are something
 * else: it is told and never believed, and takes no more memory than a file of
 * its size may.  See pfm(5).
 */
#include "config.h"

#include <sys/resource.h>

#include "pfm-file.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAK_SKIP "yes"
#else
#define PEAK_SKIP "no"
#endif

/* Where the blocks of a small file begin, and what was read by then. */
struct block {
	size_t at, size;
	unsigned type;
	uint64_t samples; /* before it */
};
static struct block blocks[64];
static unsigned nblocks;
static unsigned char *small;
static size_t small_size;

static void make_small(void)
{
	struct prof_writer *w = writer_new();
	uint32_t i = 0;
	struct prof_sample s;

	prof_put_meta(w, "command", "true");
	put_tables(w);
	for (unsigned block = 0; block < 3; block++) {
		for (unsigned k = 0; k < 5; k++) {
			s = sample(i++, block == 2);
			prof_put_sample(w, &s);
		}
		if (block == 1)
			put_symbols(w);
		prof_flush(w);
	}
	prof_end(w, &totals);
	free(small);
	small = load(&small_size);
}

/* By the headers in the file: pfm(5). */
static void find_blocks(void)
{
	size_t at = PROF_HEAD;
	uint64_t samples = 0;

	for (nblocks = 0; at < small_size && nblocks < 63; nblocks++) {
		struct block *b = &blocks[nblocks];

		b->at = at;
		b->size = PROF_BLOCK + get_u32(small + at + 8);
		b->type = get_u32(small + at) & 0xffff;
		b->samples = samples;
		samples += b->type == PROF_SAMPLES ? 5 : 0;
		at += b->size;
	}
	blocks[nblocks] = (struct block){ .at = at, .samples = samples };
}

/* Is the file as if it ended where that block begins? */
static bool cut_at_block(const struct profile *p, const char *why, unsigned b)
{
	struct walk walk = { .plain = 10 };

	if (b == 0)
		return !p && why && strstr(why, path) &&
		       (strstr(why, "damaged at byte") ||
			strstr(why, "cut before"));
	if (!p || p->ended || why || p->nsamples != blocks[b].samples ||
	    p->totals.samples || p->totals.status)
		return false;
	prof_samples((struct profile *)(uintptr_t)p, on_sample, &walk);
	return walk.n == p->nsamples && walk.bad == 0;
}

static unsigned block_of(size_t at)
{
	unsigned b = 0;

	while (b + 1 < nblocks && blocks[b + 1].at <= at)
		b++;
	return b;
}

static void test_cut(void)
{
	unsigned bad = 0, early = 0;

	for (size_t n = 0; n < small_size; n++) {
		struct profile *p;
		char *why;

		save(small, n);
		p = prof_open(path, &why);
		if (n < PROF_HEAD)
			early += p || !strstr(why, path) ||
				 !strstr(why, "not a .pfm file");
		else if (!cut_at_block(p, why, block_of(n)))
			bad += !diag("cut to %zu bytes: %s", n, why);
		prof_close(p);
		free(why);
	}
	is_u64(early, 0, "cut in its head, it is no such file");
	is_u64(bad, 0, "cut elsewhere, %zu sizes: its whole blocks",
	       small_size - PROF_HEAD);
}

/* A sum over the block finds every one of them. */
static void test_flip(void)
{
	static const unsigned char bits[] = { 1, 0x10, 0x80, 0xff };
	unsigned bad = 0;

	for (size_t i = 0; i < small_size * 4; i++) {
		struct profile *p;
		size_t at = i / 4;
		char *why;
		bool good;

		small[at] ^= bits[i % 4];
		save(small, small_size);
		small[at] ^= bits[i % 4];
		p = prof_open(path, &why);
		if (at < 8)
			good = !p && strstr(why, "not a .pfm file");
		else if (at < 12)
			good = !p && strstr(why, "this pfmon reads 1");
		else if (at < PROF_HEAD) /* reserved */
			good = p && p->ended && p->nsamples == 15;
		else
			good = cut_at_block(p, why, block_of(at));
		if (!good)
			bad += !diag("byte %zu: %s", at, why);
		prof_close(p);
		free(why);
	}
	is_u64(bad, 0, "each byte of %zu changed: read up to its block",
	       small_size);
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/* Whatever is in it, no number of a profile leads out of it. */
struct judge {
	const struct profile *p;
	uint64_t n, bad;
};

static int judge_sample(const struct prof_sample *s, void *arg)
{
	struct judge *j = arg;

	j->n++;
	j->bad += s->event >= j->p->nevents || s->task >= j->p->ntasks ||
		  s->node >= j->p->nnodes || s->nvalues > PROF_MAX_VALUES;
	return 0;
}

static void judge_tables(struct judge *j)
{
	const struct profile *p = j->p;
	uint32_t i, k;
#define TEXT(number) (j->bad += (number) >= p->nstrings)

	for (i = 0; i < p->nstrings; i++)
		j->n += strlen(p->strings[i]);
	for (i = 0; i < p->nmetas; i++)
		j->n += strlen(p->metas[i].key) + strlen(p->metas[i].text);
	for (i = 0; i < p->nevents; i++) {
		const struct prof_event *e = &p->events[i];

		TEXT(e->name);
		TEXT(e->unit);
		TEXT(e->skid);
		j->bad += e->nvalues > PROF_MAX_VALUES ||
			  e->weight > PROF_CLOCK || !(e->scale > 0);
		for (k = 0; k < e->nvalues && k < PROF_MAX_VALUES; k++)
			TEXT(e->values[k]);
	}
	for (i = 0; i < p->nobjects; i++) {
		TEXT(p->objects[i].path);
		TEXT(p->objects[i].build_id);
		TEXT(p->objects[i].why);
		j->bad += p->objects[i].kind >= PROF_NKINDS;
	}
	for (i = 0; i < p->ntasks; i++)
		TEXT(p->tasks[i].comm);
	for (i = 0; i < p->nframes; i++) {
		const struct prof_frame *f = &p->frames[i];

		j->bad += f->object >= p->nobjects ||
			  (f->nlocs && (f->loc >= p->nlocs ||
					f->nlocs > p->nlocs - f->loc));
	}
	for (i = 1; i < p->nnodes; i++)
		j->bad += p->nodes[i].parent >= i ||
			  p->nodes[i].frame >= p->nframes;
}

static void judge_symbols(struct judge *j)
{
	const struct profile *p = j->p;
	uint32_t i, k;

	for (i = 0; i < p->nfuncs; i++) {
		const struct prof_func *f = &p->funcs[i];

		TEXT(f->name);
		TEXT(f->linkage);
		TEXT(f->file);
		j->bad += f->object >= p->nobjects;
	}
	for (i = 0; i < p->nlocs; i++) {
		TEXT(p->locs[i].file);
		j->bad += p->locs[i].func != PROF_NONE &&
			  p->locs[i].func >= p->nfuncs;
	}
	for (i = 0; i < p->ncodes; i++) {
		const struct prof_code *c = &p->codes[i];

		j->bad += c->func >= p->nfuncs;
		for (k = 0; k < c->nbytes; k++)
			j->n += c->bytes[k];
		for (k = 0; k < c->nlines; k++)
			TEXT(c->lines[k].file);
	}
#undef TEXT
}

static bool judge(struct profile *p)
{
	struct judge j = { .p = p };
	uint64_t n = p->nsamples;

	judge_tables(&j);
	judge_symbols(&j);
	j.n = 0;
	prof_samples(p, judge_sample, &j);
	return j.bad == 0 && j.n == n;
}

/* Changed in a few places, also in size. */
static void mutate(struct bytes *b)
{
	unsigned times = 1 + (unsigned)(random_next() % 3);

	while (times-- > 0 && b->n > 0) {
		size_t at = (size_t)(random_next() % b->n);
		size_t n = (size_t)(random_next() % 9);

		if (n > b->n - at)
			n = b->n - at;
		switch (random_next() % 4) {
		case 0:
			b->v[at] = (unsigned char)random_next();
			break;
		case 1:
			b->v[at] ^= (unsigned char)(1u << random_next() % 8);
			break;
		case 2: /* the largest of numbers */
			memset(b->v + at, 0xff, n);
			break;
		default:
			memmove(b->v + at, b->v + at + n, b->n - at - n);
			b->n -= n;
		}
	}
}

static int small_fd(void)
{
	int fd = memfd_create("small", MFD_CLOEXEC);

	if (fd < 0 || write(fd, small, small_size) != (ssize_t)small_size)
		abort();
	return fd;
}

/*
 * What is in the blocks is changed, and then packed with a checksum that is
 * right: a forged file.
 */
static void test_forged(unsigned times)
{
	struct unpacker *u = unpacker_new(small_fd());
	struct packer *packer = packer_new(1);
	struct bytes raw = { 0 }, out = { 0 };
	unsigned bad = 0, unread = 0, ended = 0;

	for (unsigned i = 0; i < times; i++) {
		unsigned target = (unsigned)(random_next() % nblocks);
		struct profile *p;
		char *why;

		const struct block *b = &blocks[target];
		struct reader r;
		uint64_t size;

		if (!unpack_block(u, b->at, &r, &size))
			abort();
		raw.n = out.n = 0;
		bytes_put(&raw, r.at, (size_t)(r.end - r.at));
		mutate(&raw);
		bytes_put(&out, small, b->at);
		packer_block(packer, b->type, &raw, &out);
		bytes_put(&out, small + b->at + size,
			  small_size - b->at - size);
		save(out.v, out.n);
		p = prof_open(path, &why);
		if (p && !judge(p))
			bad += !diag("file %u leads out of itself", i);
		if (!p && !strstr(why, path))
			bad += !diag("file %u: %s", i, why);
		unread += !p;
		ended += p && p->ended;
		prof_close(p);
		free(why);
	}
	is_u64(bad, 0, "%u forged files: no number leads out of one", times);
	ok(unread && ended && unread + ended < times,
	   "%u not read at all, %u to the end", unread, ended);
	free(raw.v);
	free(out.v);
	packer_free(packer);
	unpacker_free(u);
}

/* And files of which only the sums are wrong. */
static void test_garbage(unsigned times)
{
	struct bytes b = { 0 };
	unsigned bad = 0;

	for (unsigned i = 0; i < times; i++) {
		struct profile *p;
		char *why;

		b.n = 0;
		bytes_put(&b, small, small_size);
		mutate(&b);
		save(b.v, b.n);
		p = prof_open(path, &why);
		bad += p ? !judge(p) || p->nsamples > 15 : !strstr(why, path);
		prof_close(p);
		free(why);
	}
	is_u64(bad, 0, "%u damaged files", times);
	free(b.v);
}

/* Rows that take much memory and next to nothing in a file. */
static void put_bomb(struct packer *packer, enum prof_table table,
		     struct bytes *out)
{
	struct bytes raw = { 0 };
	uint32_t n = PROF_BLOCK_MOST - 32;
	static unsigned char rows[PROF_BLOCK_MOST];

	bytes_varint(&raw, table);
	bytes_varint(&raw, n);
	bytes_put(&raw, rows, n);
	packer_block(packer, PROF_TABLES, &raw, out);
	free(raw.v);
}

static uint64_t peak_kb(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (uint64_t)use.ru_maxrss;
}

/* Hundreds of blocks of it in a file of 100 KiB or so. */
static void test_bombs(void)
{
	struct packer *packer = packer_new(1);
	uint64_t before = peak_kb(), most = 0;
	struct bytes out = { 0 };
	unsigned bad = 0, table, i;

	for (table = TABLE_META; table <= TABLE_CODES; table++) {
		struct profile *p;
		char *why;

		out.n = 0;
		bytes_put(&out, small, blocks[1].at);
		for (i = 0; i < 100; i++)
			put_bomb(packer, (enum prof_table)table, &out);
		save(out.v, out.n);
		most = out.n / 1024 * 64 + 16384;
		p = prof_open(path, &why);
		bad += !p || p->ended || !judge(p);
		prof_close(p);
		free(why);
	}
	is_u64(bad, 0, "what a bomb would add is left out");
	/* The test itself has the file and one block of it more. */
	most += 4 * PROF_BLOCK_MOST / 1024;
	if (strstr(PEAK_SKIP, "yes"))
		skip("a sanitizer takes memory of its own");
	else
		ok(peak_kb() - before <= most,
		   "and %" PRIu64 " KiB are enough for a file of %zu bytes",
		   peak_kb() - before, out.n);
	free(out.v);
	packer_free(packer);
}

/* What a later pfmon may add is left out; what it adds must be whole. */
static void test_unknown_block(void)
{
	struct packer *packer = packer_new(1);
	struct bytes raw = { 0 }, out = { 0 };
	struct profile *p;

	bytes_string(&raw, "of a later version");
	bytes_put(&out, small, blocks[2].at);
	packer_block(packer, (enum prof_block)77, &raw, &out);
	bytes_put(&out, small + blocks[2].at, small_size - blocks[2].at);
	save(out.v, out.n);
	p = open_it();
	ok(p && p->ended && p->nsamples == 15,
	   "a block of a kind we know not is left out");
	prof_close(p);
	/* What is behind the end is not of the recording. */
	out.n = 0;
	bytes_put(&out, small, small_size);
	bytes_put(&out, "rubbish", 7);
	save(out.v, out.n);
	p = open_it();
	ok(p && p->ended && p->nsamples == 15, "and what is behind the end");
	prof_close(p);
	free(raw.v);
	free(out.v);
	packer_free(packer);
}

int main(void)
{
	begin_files("t-profile-bad");
	make_small();
	find_blocks();
	ok(nblocks == 6 && blocks[nblocks].at == small_size &&
		   blocks[nblocks].samples == 15,
	   "a file of %u blocks, %zu bytes", nblocks, small_size);
	file_in_memory();
	test_bombs();
	test_cut();
	test_flip();
	test_unknown_block();
	test_forged(100000);
	test_garbage(20000);
	free(small);
	end_files();
	return done_testing();
}
