/* SPDX-License-Identifier: MIT
 *
 * sym-vmlinux.c - what the kernel's own file knows beyond its list of symbols:
 * source lines and inlined functions.  It is that of the running kernel by its
 * build-id, or not taken; how far the kernel was moved at its start is told by
 * _stext, which both have.  Code is read from the running kernel where that may
 * be, since it changes its own; else from the file.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "sym-elf.h"
#include "sym-vmlinux.h"

struct vmlinux {
	struct sym_object *elf; /* owned */
	uint64_t bias;          /* to be added to its addresses */
};

char *vmlinux_refused(const char *path, const char *build_id)
{
	struct sym_options plain = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct sym_object *o = sym_open_elf(fd, path, NULL, &plain);
	const char *id = sym_build_id(o);
	char *why = NULL;

	if (fd < 0)
		why = xasprintf("it cannot be opened");
	else if (!*build_id)
		why = xasprintf("the running kernel does not tell its build-id "
				"in /sys/kernel/notes");
	else if (!*id)
		why = xasprintf("it has no build-id, or is no ELF file");
	else if (strcmp(id, build_id) != 0)
		why = xasprintf("its build-id is %.12s..., that of the running "
				"kernel %.12s...",
				id, build_id);
	sym_close(o);
	if (fd >= 0)
		close(fd);
	return why;
}

/* The path when it is the kernel's; it is freed otherwise. */
static char *try_path(char *path, const char *build_id)
{
	char *why = NULL;

	if (access(path, R_OK) == 0) {
		why = vmlinux_refused(path, build_id);
		if (!why)
			return path;
	}
	free(why);
	free(path);
	return NULL;
}

/* Where distributions and who builds kernels have it; NULL: nowhere. */
static char *find_path(const struct sym_options *opt, const char *build_id)
{
	static const char *const places[] = {
		"/boot/vmlinux-%s",
		"/usr/lib/debug/boot/vmlinux-%s",
		"/usr/lib/debug/lib/modules/%s/vmlinux",
		"/usr/lib/debug/boot/vmlinux-%s.debug",
		"/lib/modules/%s/build/vmlinux",
		"/lib/modules/%s/vmlinux",
	};
	const char *root = opt->symfs ? opt->symfs : "";
	struct utsname u;
	char *path = NULL;
	size_t i;

	if (opt->vmlinux)
		return try_path(xstrdup(opt->vmlinux), build_id);
	if (!*build_id || uname(&u) < 0)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(places) && !path; i++) {
		const char *rest = strstr(places[i], "%s") + 2;

		path = try_path(xasprintf("%s%.*s%s%s", root,
					  (int)(rest - 2 - places[i]),
					  places[i], u.release, rest),
				build_id);
	}
	if (!path)
		path = try_path(xasprintf("%s/usr/lib/debug/.build-id/%.2s/"
					  "%s.debug",
					  root, build_id, build_id + 2),
				build_id);
	return path;
}

struct vmlinux *vmlinux_open(const struct sym_options *opt,
			     const char *build_id, uint64_t stext)
{
	char *path = find_path(opt, build_id);
	struct vmlinux *v;
	uint64_t addr;
	int fd;

	if (!path)
		return NULL;
	v = xcalloc(1, sizeof(*v));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	v->elf = sym_open_elf(fd, path, NULL, opt);
	if (fd >= 0)
		close(fd);
	free(path);
	if (elf_address(v->elf, "_stext", &addr)) {
		v->bias = stext - addr;
		return v;
	}
	vmlinux_close(v);
	return NULL;
}

void vmlinux_close(struct vmlinux *v)
{
	if (!v)
		return;
	sym_close(v->elf);
	free(v);
}

unsigned vmlinux_find(struct vmlinux *v, uint64_t addr, struct sym_loc *locs,
		      unsigned max)
{
	unsigned n = sym_find(v->elf, addr - v->bias, locs, max), i;

	for (i = 0; i < n; i++)
		if (locs[i].size)
			locs[i].start += v->bias;
	return n;
}

struct shifted {
	void (*call)(void *arg, const struct sym_line *line);
	void *arg;
	uint64_t bias;
};

static void shift_line(void *arg, const struct sym_line *line)
{
	const struct shifted *s = arg;
	struct sym_line l = *line;

	l.addr += s->bias;
	s->call(s->arg, &l);
}

void vmlinux_lines(struct vmlinux *v, const struct sym_span *span,
		   void (*call)(void *arg, const struct sym_line *line),
		   void *arg)
{
	struct shifted s = { .call = call, .arg = arg, .bias = v->bias };

	sym_lines(v->elf, span->from - v->bias, span->to - v->bias, shift_line,
		  &s);
}

size_t vmlinux_code(struct vmlinux *v, uint64_t addr, size_t size,
		    unsigned char *buf)
{
	return sym_code(v->elf, addr - v->bias, size, buf);
}

/* A core file of the kernel, Documentation/filesystems/proc.rst, "kcore". */
size_t kcore_read(const char *path, uint64_t addr, size_t size,
		  unsigned char *buf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	ssize_t n = 0;
	unsigned i;

	if (fd < 0)
		return 0;
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_phentsize != sizeof(ph))
		eh.e_phnum = 0;
	for (i = 0; i < eh.e_phnum; i++) {
		uint64_t at = eh.e_phoff + (uint64_t)i * sizeof(ph), off;

		if (pread(fd, &ph, sizeof(ph), (off_t)at) != sizeof(ph))
			break;
		off = addr - ph.p_vaddr;
		if (ph.p_type != PT_LOAD || off >= ph.p_memsz ||
		    size > ph.p_memsz - off)
			continue;
		n = pread(fd, buf, size, (off_t)(ph.p_offset + off));
		break;
	}
	close(fd);
	return n > 0 ? (size_t)n : 0;
}
