/* SPDX-License-Identifier: MIT
 *
 * fuzz-unwind.c - hostile stacks and ELF files for the unwinder: no crash, no
 * frame beyond those asked for, an end in time.  The input is 24 registers, the
 * stack's size, the stack, and the file to the end.  With libFuzzer, or with a
 * main() of its own: files, or else N inputs made of an ELF file of this
 * program and of a small one by changes at random.
 *
 * usage: fuzz-unwind [FILE ... | -n N]
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "unwind-elf.h"
#include "unwind-priv.h"

enum { NREGS = 40, FRAMES = 64, HEAD = NREGS * 8 + 8 };

#define BASE UINT64_C(0x7f0000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	struct unwind_object *obj;
	uint64_t size;
};

/* The whole file, as code; then the same once more, without a file. */
static bool find(void *arg, uint64_t addr, struct unwind_map *map)
{
	const struct target *t = arg;
	bool second = addr >= BASE + t->size;

	if (addr < BASE || addr >= BASE + 2 * t->size)
		return false;
	map->start = BASE + (second ? t->size : 0);
	map->end = map->start + t->size;
	map->offset = 0;
	map->obj = second ? NULL : t->obj;
	return true;
}

static void walk_all(struct target *t, const uint64_t *regs,
		     const uint8_t *stack, size_t stack_size)
{
	struct unwind_space *space = unwind_space_new(find, t);
	uint64_t ips[FRAMES];
	bool complete;

	for (unsigned i = 0; space && i < 2 * UNWIND_DWARF + 2; i++) {
		struct unwind_sample s = { .regs = regs,
					   .stack = stack,
					   .stack_size = stack_size,
					   .method = i / 2 };
		unsigned n;

		space->only_lib = i & 1;
		n = unwind_walk(space, &s, ips, FRAMES, &complete);
		if (n > FRAMES || !n)
			abort();
		for (unsigned k = 0; k < n; k++)
			unwind_exact(space, k);
	}
	unwind_space_free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t regs[NREGS];
	struct target t = { 0 };
	size_t stack_size;
	uint64_t n;
	int fd;

	if (size < HEAD)
		return 0;
	memcpy(regs, data, sizeof(regs));
	memcpy(&n, data + sizeof(regs), 8);
	stack_size = n % (size - HEAD + 1);
	t.size = size - HEAD - stack_size;
	fd = elf_file(data + HEAD + stack_size, t.size);
	if (fd < 0)
		return 0;
	t.obj = unwind_object_new(fd);
	close(fd);
	if (t.obj) {
		unwind_object_method(t.obj);
		walk_all(&t, regs, data + HEAD, stack_size);
	}
	unwind_object_free(t.obj);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

static uint64_t seed = 1;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below ? seed % below : 0;
}

static uint8_t *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(stderr, "fuzz-unwind: %s: %m\n", path);
		exit(1);
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size) {
		fprintf(stderr, "fuzz-unwind: %s: %m\n", path);
		exit(1);
	}
	close(fd);
	*size = (size_t)st.st_size;
	return data;
}

/* A stack of addresses in the file and in the stack itself. */
static void stack_make(uint64_t *head, uint64_t *stack, size_t words,
		       uint64_t code)
{
	const uint64_t sp = UINT64_C(0x7ffff0000000);

	for (unsigned i = 0; i < NREGS; i++)
		head[i] = rnd(3) ? sp + 8 * rnd(words) : BASE + rnd(code);
	head[7] = sp;
	head[8] = BASE + rnd(code);
	head[NREGS] = words * 8;
	for (size_t i = 0; i < words; i++)
		stack[i] =
			rnd(2) ? BASE + rnd(2 * code) : sp + 8 * rnd(words + 9);
}

/* Bytes at random, rather in the tables than in the code. */
static void change(uint8_t *elf, size_t size, size_t from)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 0x0f, 0x10 };

	for (uint64_t k = rnd(24); k; k--) {
		size_t at = rnd(4) ? from + rnd(size - from) : rnd(size);

		if (!rnd(3))
			at = rnd(0x400);
		elf[at % size] = rnd(2) ? (uint8_t)rnd(256) :
					  values[rnd(sizeof(values))];
	}
}

static void made_up(unsigned long n, const uint8_t *elf, size_t size,
		    size_t from)
{
	enum { WORDS = 256 };
	uint8_t *in = malloc(HEAD + WORDS * 8 + size);
	uint64_t head[NREGS + 1], stack[WORDS];

	if (!in)
		exit(1);
	for (unsigned long i = 0; i < n; i++) {
		stack_make(head, stack, WORDS, size);
		memcpy(in, head, sizeof(head));
		memcpy(in + HEAD, stack, sizeof(stack));
		memcpy(in + HEAD + sizeof(stack), elf, size);
		change(in + HEAD + sizeof(stack), size, from);
		LLVMFuzzerTestOneInput(in, HEAD + sizeof(stack) + size);
	}
	free(in);
}

int main(int argc, char **argv)
{
	static const struct elf_function f[] = {
		{ 100, 8, "\x41\x0e\x10\x86\x02\x43\x0d\x06" },
		{ 900, 10, "\x0e\x10\x46\x0e\x18\x4a\x0f\x02\x77\x08" },
		{ 64, 12, "\x0f\x03\x77\x20\x06\x10\x06\x02\x76\x00\x0a\x0b" },
	};
	static struct elf_image image;
	unsigned long n = 2000;
	uint8_t *self;
	size_t size;

	if (argc == 3 && !strcmp(argv[1], "-n"))
		n = strtoul(argv[2], NULL, 10);
	for (int i = 1; i < argc && n == 2000; i++) {
		self = file_read(argv[i], &size);
		LLVMFuzzerTestOneInput(self, size);
		free(self);
	}
	if (argc > 1 && n == 2000)
		return 0;
	elf_make(&image, unwind_arch.machine, f, 3);
	made_up(n, image.data, sizeof(image.data), image.frame_at);
	self = file_read("/proc/self/exe", &size);
	made_up(n / 20 + 1, self, size, 0);
	free(self);
	printf("fuzz-unwind: %lu inputs\n", n + n / 20 + 1);
	return 0;
}

#endif
