/* SPDX-License-Identifier: MIT
 *
 * kallsyms.h - the kernel's list of symbols, /proc/kallsyms or a copy of it,
 * and what is kept of it from one recording to the next.
 */
#ifndef PFM_KALLSYMS_H
#define PFM_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line: "ffffffff81000000 T _text" and perhaps "\t[module]". */
struct ksym {
	const char *line;
	size_t len;
	uint64_t addr; /* 0: hidden, or none */
	char type;
	char name[512]; /* the kernel's KSYM_NAME_LEN */
};

static inline bool ksym_is_text(const struct ksym *s)
{
	return s->type == 't' || s->type == 'T' || s->type == 'w' ||
	       s->type == 'W';
}

/*
 * Each symbol of a file, until call says false.  False with errno: it cannot
 * be read.
 */
bool kallsyms_each(const char *path,
		   bool (*call)(void *arg, const struct ksym *s), void *arg);

/*
 * The functions of the running kernel itself, without modules: they are where
 * they are until it ends, and it takes some 40 ms to write them.  So they are
 * kept in a file, pfmon/kallsyms in XDG_RUNTIME_DIR, or root's in /run.
 */
struct kcache {
	uint64_t stext, etext; /* what it covers */
	const char *text;      /* lines, ascending, from _stext to _etext */
	size_t size;
	void *map; /* the file, when text is in it */
	size_t map_size;
	char *built; /* text, when it is not; owned */
};

/*
 * From the file, else from /proc/kallsyms, and then into the file.  False: there
 * is no place for one, this user sees no addresses, or the list has no such
 * borders.
 */
bool kcache_open(struct kcache *c);
void kcache_close(struct kcache *c);
/* Those around addr: all at the nearest address before, and one behind. */
void kcache_near(const struct kcache *c, uint64_t addr,
		 bool (*call)(void *arg, const struct ksym *s), void *arg);

#endif /* PFM_KALLSYMS_H */
