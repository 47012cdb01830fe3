/* SPDX-License-Identifier: MIT
 *
 * t-cut.c - files that are cut short while the symbolizer or the unwinder has
 * them open, as those of a package that is just being replaced: neither ends by
 * a signal, and no half of a name is shown.  The file is a copy of this
 * program.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sym.h"
#include "tap.h"
#include "unwind-elf.h"
#include "unwind-priv.h"

static const struct sym_options plain;

/* A copy of this program, in memory. */
static int copy_self(off_t *size)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = memfd_create("cut", MFD_CLOEXEC);
	char buf[65536];
	ssize_t n;

	*size = 0;
	while ((n = read(from, buf, sizeof(buf))) > 0 &&
	       write(to, buf, (size_t)n) == n)
		*size += n;
	close(from);
	return to;
}

/* Each function that it has; how many were found where they are. */
static unsigned look(struct sym_object *o, uint64_t from, uint64_t to)
{
	struct sym_loc locs[16];
	unsigned n = 0;

	for (; from < to; from += 64)
		n += sym_find(o, from, locs, 16) > 0;
	return n;
}

static void test_symbols(unsigned part)
{
	struct sym_object *o;
	unsigned char code[64];
	struct sym_loc loc;
	uint64_t addr = 0;
	unsigned found;
	off_t size;
	int fd = copy_self(&size);

	o = sym_open_elf(fd, "/cut", NULL, &plain);
	ok(sym_lookup(o, "main", &addr) && sym_find(o, addr, &loc, 1) == 1,
	   "a whole file has its functions");
	if (ftruncate(fd, size * part / 8) < 0)
		exit(1);
	look(o, addr > 65536 ? addr - 65536 : 0, addr + 65536);
	sym_code(o, addr, sizeof(code), code);
	/* Nothing, rather than half a name. */
	found = sym_find(o, addr, &loc, 1);
	ok(found ? !strcmp(loc.name, "main") : *sym_why(o),
	   "cut to %u of 8 parts: found as before, or it is said why", part);
	sym_close(o);
	/* From now on it is only a damaged one. */
	o = sym_open_elf(fd, "/cut", NULL, &plain);
	sym_find(o, addr, &loc, 1);
	ok(part || *sym_why(o),
	   "cut to %u of 8 parts: opened then, it is said why", part);
	sym_close(o);
	close(fd);
}

static void test_tables(void)
{
	static const struct elf_function f[] = {
		{ 4096, 8, "\x41\x0e\x10\x86\x02\x43\x0d\x06" },
	};
	static struct elf_image e;
	struct unwind_object *o;
	const struct unwind_row *row;
	int fd;

	elf_make(&e, unwind_arch.machine, f, 1);
	fd = elf_file(e.data, sizeof(e.data));
	o = unwind_object_new(fd);
	if (!o || ftruncate(fd, 0) < 0)
		exit(1);
	row = object_row(o, ELF_CODE_VADDR + 9);
	ok(row->kind == ROW_SIMPLE,
	   "unwind tables are those of the whole file");
	is_u64(unwind_object_method(o), UNWIND_FP, "and the method is");
	unwind_object_free(o);
	close(fd);
	fd = elf_file(e.data, sizeof(e.data));
	if (ftruncate(fd, 4096) < 0)
		exit(1);
	o = unwind_object_new(fd);
	ok(o && object_row(o, ELF_CODE_VADDR)->kind == ROW_NONE,
	   "of a file that was cut before there are none");
	unwind_object_free(o);
	close(fd);
}

/* A fault that is not of such a file is as deadly as ever. */
static void test_others(void)
{
	long page = sysconf(_SC_PAGESIZE);
	struct sym_object *o;
	volatile char *mem;
	int status = 0, fd;
	off_t size;
	pid_t pid = fork();

	if (!pid) {
		o = sym_open_elf(copy_self(&size), "/cut", NULL, &plain);
		sym_why(o);
		fd = memfd_create("other", MFD_CLOEXEC);
		mem = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd, 0);
		_exit(mem == MAP_FAILED ? 0 : *mem);
	}
	waitpid(pid, &status, 0);
	/* By the signal, or by a sanitizer that has seen it. */
	ok(status, "SIGBUS for another's reason still ends the program");
}

int main(void)
{
	unsigned part;

	for (part = 0; part < 8; part += 3)
		test_symbols(part);
	test_tables();
	test_others();
	return done_testing();
}
