/* SPDX-License-Identifier: MIT
 *
 * unwind-self.h - this process as the unwinder sees one, for its tests: the
 * mappings with their objects, and samples made of what a signal handler gets:
 * registers, and the stack from the stack pointer on.  TRAP() is a place to
 * take one.
 */
#ifndef PFM_UNWIND_SELF_H
#define PFM_UNWIND_SELF_H

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind.h"

enum { SELF_MAPS = 512, SELF_STACK = 128 << 10, SELF_REGS = 40 };

struct self_file {
	char path[256];
	struct unwind_object *obj; /* owned */
};

struct self {
	struct unwind_map map[SELF_MAPS]; /* executable, by address */
	const char *path[SELF_MAPS];      /* borrowed of file */
	struct self_file file[SELF_MAPS];
	unsigned nmaps, nfiles;
	uint64_t stack_end; /* of the thread that samples */
	unsigned nfound;    /* how often a mapping was asked for */
};

struct self_sample {
	uint64_t regs[SELF_REGS];
	uint64_t stack[SELF_STACK / 8];
	size_t size;
	unsigned taken;
};

/* The code in memory of the vdso is its whole file. */
static inline int self_vdso(const struct unwind_map *map)
{
	int fd = memfd_create("vdso", MFD_CLOEXEC);
	size_t size = map->end - map->start;

	if (fd < 0)
		return -1;
	if (write(fd, (void *)(uintptr_t)map->start, size) == (ssize_t)size)
		return fd;
	close(fd);
	return -1;
}

static inline struct self_file *self_file(struct self *s, const char *path,
					  const struct unwind_map *map)
{
	struct self_file *f;
	int fd;

	for (unsigned i = 0; i < s->nfiles; i++)
		if (!strcmp(s->file[i].path, path))
			return &s->file[i];
	f = &s->file[s->nfiles++];
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->obj = NULL;
	if (*path == '/')
		fd = open(path, O_RDONLY | O_CLOEXEC);
	else
		fd = !strcmp(path, "[vdso]") ? self_vdso(map) : -1;
	if (fd >= 0) {
		f->obj = unwind_object_new(fd);
		close(fd);
	}
	return f;
}

static inline bool self_find(void *arg, uint64_t addr, struct unwind_map *map)
{
	struct self *s = arg;

	s->nfound++;
	for (unsigned i = 0; i < s->nmaps; i++) {
		if (addr >= s->map[i].start && addr < s->map[i].end) {
			*map = s->map[i];
			return true;
		}
	}
	return false;
}

/* Reads the mappings (anew); objects of files seen before stay. */
static inline void self_maps(struct self *s)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], perm[5], path[256];
	unsigned long long start, end, offset;

	s->nmaps = 0;
	while (f && fgets(line, sizeof(line), f) && s->nmaps < SELF_MAPS) {
		struct unwind_map *m = &s->map[s->nmaps];
		struct self_file *file;

		*path = '\0';
		if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %255s", &start,
			   &end, perm, &offset, path) < 4)
			continue;
		if (!strcmp(path, "[stack]"))
			s->stack_end = end;
		if (perm[2] != 'x')
			continue;
		*m = (struct unwind_map){ .start = start,
					  .end = end,
					  .offset = offset };
		file = self_file(s, path, m);
		m->obj = file->obj;
		s->path[s->nmaps++] = file->path;
	}
	if (f)
		fclose(f);
}

/* The mapping of addr: its file, "" for none. */
static inline const char *self_path(const struct self *s, uint64_t addr)
{
	for (unsigned i = 0; i < s->nmaps; i++)
		if (addr >= s->map[i].start && addr < s->map[i].end)
			return s->path[i];
	return "";
}

static inline void self_free(struct self *s)
{
	for (unsigned i = 0; i < s->nfiles; i++)
		unwind_object_free(s->file[i].obj);
}

#if defined(__x86_64__)

#define TRAP() __asm__ volatile("int3" ::: "memory")

static inline uint64_t self_ip(const ucontext_t *uc)
{
	return (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
}

static inline void self_regs(const ucontext_t *uc, uint64_t *regs)
{
	static const int order[] = {
		REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
		REG_RBP, REG_RSP, REG_RIP, REG_R8,  REG_R9,  REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++)
		regs[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
}

static inline uint64_t self_sp(const ucontext_t *uc)
{
	return (uint64_t)uc->uc_mcontext.gregs[REG_RSP];
}

/* Behind the TRAP(). */
static inline void self_go_on(ucontext_t *uc)
{
	(void)uc;
}

#elif defined(__aarch64__)

#define TRAP() __asm__ volatile("brk #0" ::: "memory")

static inline uint64_t self_ip(const ucontext_t *uc)
{
	return uc->uc_mcontext.pc;
}

static inline void self_regs(const ucontext_t *uc, uint64_t *regs)
{
	for (unsigned i = 0; i < 31; i++)
		regs[i] = uc->uc_mcontext.regs[i];
	regs[31] = uc->uc_mcontext.sp;
	regs[32] = uc->uc_mcontext.pc;
}

static inline uint64_t self_sp(const ucontext_t *uc)
{
	return uc->uc_mcontext.sp;
}

static inline void self_go_on(ucontext_t *uc)
{
	uc->uc_mcontext.pc += 4;
}

#endif

/* Not memcpy(): a sanitizer would see the stack's forbidden zones. */
__attribute__((no_sanitize("address"))) static inline void
self_take(struct self_sample *to, const ucontext_t *uc, uint64_t stack_end)
{
	uint64_t sp = self_sp(uc);
	const volatile uint64_t *from = (const void *)(uintptr_t)sp;

	self_regs(uc, to->regs);
	to->size = 0;
	if (sp < stack_end)
		to->size = stack_end - sp < SELF_STACK ? stack_end - sp :
							 SELF_STACK;
	for (size_t i = 0; i < to->size / 8; i++)
		to->stack[i] = from[i];
	to->taken++;
}

#endif /* PFM_UNWIND_SELF_H */
