/* SPDX-License-Identifier: MIT
 *
 * unwind.h - user stacks from what the kernel copied of them at a sample:
 * registers and the top of the stack.  Frame by frame: by frame pointer in code
 * that keeps one, else by the object's unwind tables.  unwind-libunwind.c is the
 * one file that knows libunwind; unwind-none.c stands in for it where there is
 * none and follows frame pointers only.
 *
 * Nothing here is for two threads at once, except with different spaces and
 * objects.
 */
#ifndef PFM_UNWIND_H
#define PFM_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of these an object's code is walked by. */
enum unwind_method {
	UNWIND_AUTO,  /* decided for each object, by its tables */
	UNWIND_FP,    /* frame pointers, everywhere */
	UNWIND_DWARF, /* unwind tables, where there are any */
};

/* An ELF file: its unwind tables and code.  fd is not kept.  NULL with errno. */
struct unwind_object;
struct unwind_object *unwind_object_new(int fd);
void unwind_object_free(struct unwind_object *o);
/*
 * What UNWIND_AUTO does with it: UNWIND_FP when at least 95 % of its code, by
 * its own call frame information, has a frame pointer once a function has set
 * itself up; else UNWIND_DWARF.  UNWIND_FP as well when it has no tables.
 */
enum unwind_method unwind_object_method(struct unwind_object *o);

struct unwind_map {
	uint64_t start, end;       /* addresses of the process */
	uint64_t offset;           /* in the file */
	struct unwind_object *obj; /* NULL: code without a file */
};

/* A process: what is cached between its samples.  NULL with errno. */
struct unwind_space;
/* The mapping that has addr; false: none. */
typedef bool (*unwind_find_fn)(void *arg, uint64_t addr,
			       struct unwind_map *map);
struct unwind_space *unwind_space_new(unwind_find_fn find, void *arg);
/* Its mappings have changed. */
void unwind_space_forget(struct unwind_space *s);
void unwind_space_free(struct unwind_space *s);

/* Registers to ask perf_event_open(2) for, of this architecture. */
extern const uint64_t unwind_regs_mask;

struct unwind_sample {
	const uint64_t *regs; /* those of unwind_regs_mask, ascending */
	const void *stack;    /* from the stack pointer on */
	size_t stack_size;
	enum unwind_method method;
};

/*
 * The addresses of the frames, innermost first: the first is where it was, the
 * others are where they return to.  At most max.  *complete: the outermost
 * frame was reached, and nothing was guessed.
 */
unsigned unwind_walk(struct unwind_space *s, const struct unwind_sample *sample,
		     uint64_t *ips, unsigned max, bool *complete);

/*
 * After unwind_walk(): ips[i] is the interrupted place itself, not behind a
 * call: that of i 0, and of a frame that a signal interrupted.
 */
bool unwind_exact(const struct unwind_space *s, unsigned i);

#endif /* PFM_UNWIND_H */
