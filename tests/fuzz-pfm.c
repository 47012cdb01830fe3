/* SPDX-License-Identifier: MIT
 *
 * fuzz-pfm.c - a fuzz target: bytes as a .pfm file.  With -DFUZZ_LIBFUZZER and
 * -fsanitize=fuzzer it is libFuzzer's; else it reads the files given, or makes that many of its own.
 * The sums of blocks are made right first, so that what is in them is reached.
 * Seeds: make-pfm.
 *
 * usage: fuzz-pfm FILE... | -n NUMBER
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "profile-block.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_sums(unsigned char *v, size_t size)
{
	size_t at = PROF_HEAD;

	while (size >= PROF_BLOCK && at <= size - PROF_BLOCK) {
		size_t stored = get_u32(v + at + 8);
		uLong sum = crc32(0, v + at, PROF_BLOCK - 4);

		if (stored > size - at - PROF_BLOCK)
			return;
		sum = crc32_z(sum, v + at + PROF_BLOCK, stored);
		put_u32(v + at + PROF_BLOCK - 4, (uint32_t)sum);
		at += PROF_BLOCK + stored;
	}
}

static int on_sample(const struct prof_sample *s, void *arg)
{
	const struct profile *p = arg;
	uint32_t node;

	if (s->event >= p->nevents || s->task >= p->ntasks)
		abort();
	for (node = s->node; node; node = p->nodes[node].parent)
		if (p->nodes[node].frame >= p->nframes)
			abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz.pfm", MFD_CLOEXEC);
	unsigned char *copy = malloc(size + 1);
	struct profile *p;
	char name[40], *why;

	if (fd < 0 || !copy)
		abort();
	memcpy(copy, data, size);
	make_sums(copy, size);
	if (write(fd, copy, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	p = prof_open(name, &why);
	if (p)
		prof_samples(p, on_sample, p);
	if (!p && !why)
		abort();
	prof_close(p);
	free(why);
	free(copy);
	close(fd);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

static uint64_t state = 88172645463325252;

static size_t random_below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % n);
}

/* Contents of blocks that are stored plain: zstd would stop most changes. */
/* clang-format off */
static const unsigned char tables[] = {
	TABLE_STRINGS, 2, 0, 1, 'a',
	TABLE_EVENTS, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 9, 0, 0,
	TABLE_OBJECTS, 1, 0, 1, 0, 0,
	TABLE_TASKS, 1, 7, 7, 1,
	TABLE_FRAMES, 1, 0, 1, 4,
	TABLE_NODES, 1, 1, 1, 0,
	TABLE_FUNCS, 1, 1, 1, 0, 1, 3, 2, 9,
	TABLE_LOCS, 1, 0, 1, 1, 1, 5,
	TABLE_CODES, 1, 0, 1, 0x90, 1, 2, 1, 6,
};
/* Two: times, event, weights, task, CPU, nodes, no addresses, values. */
static const unsigned char samples[] = {
	2, 3, 1, 8, 4, 1, 0, 0, 0, 1, 0, 0, 1, 4, 0, 2, 0, 2, 1, 0, 1, 0,
	2, 2, 1, 1, 0, 1, 1, 42,
};
/* clang-format on */

static size_t make_plain(unsigned char *v)
{
	const struct {
		unsigned type;
		const unsigned char *v;
		size_t n;
	} blocks[] = { { PROF_TABLES, tables, sizeof(tables) },
		       { PROF_SAMPLES, samples, sizeof(samples) } };
	size_t at = PROF_HEAD, i;

	memset(v, 0, 512);
	memcpy(v, PROF_MAGIC, 8);
	put_u32(v + 8, PROF_VERSION);
	for (i = 0; i < 2; i++) {
		put_u32(v + at, blocks[i].type);
		put_u32(v + at + 4, (uint32_t)blocks[i].n);
		put_u32(v + at + 8, (uint32_t)blocks[i].n);
		memcpy(v + at + PROF_BLOCK, blocks[i].v, blocks[i].n);
		at += PROF_BLOCK + blocks[i].n;
	}
	return at;
}

/* As it is it must be read whole, or the changes would reach little. */
static int made_up(unsigned long n)
{
	unsigned char v[512], was[512];
	size_t size = make_plain(was), k;
	char name[40], *why = NULL;
	struct profile *p;
	int fd = memfd_create("seed.pfm", MFD_CLOEXEC);
	bool whole;

	make_sums(was, size);
	if (fd < 0 || write(fd, was, size) != (ssize_t)size)
		return 1;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	p = prof_open(name, &why);
	whole = p && p->nsamples == 2 && p->ncodes == 1 && p->whole == size;
	if (!whole)
		printf("fuzz-pfm: the seed is not read: %s\n",
		       p ? "not whole" : why);
	prof_close(p);
	free(why);
	close(fd);
	for (; n > 0 && whole; n--) {
		memcpy(v, was, sizeof(v));
		for (k = 1 + random_below(4); k > 0; k--)
			v[PROF_HEAD + random_below(size - PROF_HEAD)] =
				(unsigned char)random_below(256);
		LLVMFuzzerTestOneInput(v, size);
	}
	return !whole;
}

static int read_one(const char *name)
{
	static unsigned char v[1 << 20];
	FILE *f = fopen(name, "re");
	size_t n;

	if (!f) {
		fprintf(stderr, "fuzz-pfm: %s: %m\n", name);
		return 1;
	}
	n = fread(v, 1, sizeof(v), f);
	fclose(f);
	return LLVMFuzzerTestOneInput(v, n);
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (argc == 3 && !strcmp(argv[1], "-n"))
		return made_up(strtoul(argv[2], NULL, 10));
	if (argc == 1)
		return made_up(20000);
	for (int i = 1; i < argc; i++)
		ret |= read_one(argv[i]);
	return ret;
}

#endif
