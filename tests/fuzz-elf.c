/* SPDX-License-Identifier: MIT
 *
 * fuzz-elf.c - hostile ELF files for the symbolizer and the unwinder: no crash,
 * an end in time, memory within bounds, every name a string.  The input is the
 * file.  With libFuzzer, or with a main() of its own: N inputs made of each
 * file, or of this program, by changes at random, always the same ones; -1 reads
 * the files as they are.
 *
 * usage: fuzz-elf [-1 | -n N] [FILE...]
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sym.h"
#include "unwind-priv.h"

enum { SECONDS = 60, MOST_MEMORY = 1 << 28, LOCS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t total; /* so that no string is left unread */

static void read_string(const char *s)
{
	if (s)
		total += strlen(s);
}

static void read_line(void *arg, const struct sym_line *line)
{
	(void)arg;
	read_string(line->file);
}

static void find(struct sym_object *o, uint64_t addr)
{
	struct sym_loc locs[LOCS];
	unsigned n = sym_find(o, addr, locs, LOCS), i;

	if (n > LOCS)
		abort();
	for (i = 0; i < n; i++) {
		read_string(locs[i].name);
		read_string(locs[i].linkage);
		read_string(locs[i].file);
		read_string(locs[i].decl_file);
	}
}

static void symbolize(int fd)
{
	const struct sym_options opt = { .debug_dirs = "/nonexistent" };
	struct sym_object *o = sym_open_elf(fd, "/nonexistent/x", NULL, &opt);
	unsigned char code[256];
	uint64_t addr;

	read_string(sym_build_id(o));
	sym_vaddr(o, 0x1000, &addr);
	for (addr = 0; addr < 0x4000; addr += 0x14)
		find(o, addr);
	find(o, 0x401000);
	find(o, UINT64_MAX);
	for (addr = 0; addr < 0x8000; addr += 0x800) {
		sym_code(o, addr, sizeof(code), code);
		sym_lines(o, addr, addr + 0x800, read_line, NULL);
	}
	sym_lookup(o, "main", &addr);
	read_string(sym_why(o));
	sym_close(o);
}

static void unwind(int fd)
{
	struct unwind_object *o = unwind_object_new(fd);
	uint64_t addr;

	if (!o)
		return;
	unwind_object_method(o);
	for (addr = 0; addr < 0x8000; addr += 0x1b)
		object_row(o, addr);
	unwind_object_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz.elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	symbolize(fd);
	unwind(fd);
	close(fd);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

static uint64_t state = 88172645463325252;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % n);
}

static uint8_t *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 64) {
		fprintf(stderr, "fuzz-elf: %s: %m\n", path);
		exit(1);
	}
	data = malloc((size_t)st.st_size);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size) {
		fprintf(stderr, "fuzz-elf: %s: %m\n", path);
		exit(1);
	}
	close(fd);
	*size = (size_t)st.st_size;
	return data;
}

/* A place in some section, each as often as the others, or in the headers. */
static size_t place(const uint8_t *was, size_t size)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh;
	size_t at;

	memcpy(&eh, was, sizeof(eh));
	switch (below(6)) {
	case 0:
		return below(64);
	case 1:
		return below(1024 < size ? 1024 : size);
	case 2:
		return (size_t)eh.e_shoff +
		       below((size_t)eh.e_shnum * sizeof(sh) + 1);
	default:
		at = (size_t)eh.e_shoff + below(eh.e_shnum + 1u) * sizeof(sh);
		if (at > size - sizeof(sh))
			return below(size);
		memcpy(&sh, was + at, sizeof(sh));
		return (size_t)sh.sh_offset + below((size_t)sh.sh_size + 1);
	}
}

static void change(uint8_t *v, const uint8_t *was, size_t size)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 0x40 };
	size_t n = 1 + below(4), at;

	while (n-- > 0) {
		at = place(was, size) % size;
		v[at] = below(2) ? (uint8_t)below(256) :
				   values[below(sizeof(values))];
	}
}

static void made_up(const char *path, unsigned long n)
{
	size_t size, cut;
	uint8_t *was = file_read(path, &size), *v = malloc(size);

	if (!v)
		exit(1);
	for (; n > 0; n--) {
		memcpy(v, was, size);
		change(v, was, size);
		cut = below(8) ? size : below(size);
		alarm(SECONDS);
		LLVMFuzzerTestOneInput(v, cut);
	}
	free(v);
	free(was);
}

int main(int argc, char **argv)
{
	const char *self[] = { "/proc/self/exe", NULL };
	const char **files = (const char **)argv + 1;
	unsigned long n = 300;
	uint8_t *data;
	size_t size;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	setrlimit(RLIMIT_DATA, &(struct rlimit){ MOST_MEMORY, MOST_MEMORY });
#endif
	if (argc > 2 && !strcmp(argv[1], "-n")) {
		n = strtoul(argv[2], NULL, 10);
		files += 2;
	} else if (argc > 1 && !strcmp(argv[1], "-1")) {
		n = 0;
		files++;
	}
	if (!*files)
		files = self;
	for (; *files; files++) {
		made_up(*files, n);
		if (n)
			continue;
		data = file_read(*files, &size);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("fuzz-elf: %zu bytes of names\n", total);
	return total == 0;
}

#endif
