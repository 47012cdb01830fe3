/* SPDX-License-Identifier: MIT
 *
 * sym-priv.h - what the files of the symbolizer share.
 */
#ifndef PFM_SYM_PRIV_H
#define PFM_SYM_PRIV_H

#include "sym.h"

/* One symbol of a list; sorted, none covers another. */
struct symbol {
	uint64_t start, end;
	const char *linkage; /* the list's */
	char *name;          /* demangled, once it was asked for; owned */
	bool demangled;
	uint8_t rank; /* which of several is kept: the higher */
};

/* Of several with one start the first is the name: before is less than 0. */
int symbol_order(const struct symbol *x, const struct symbol *y);

struct symlist {
	struct symbol *v; /* owned */
	size_t n, room;
};
void symlist_add(struct symlist *list, const struct symbol *s);
/* Sorted, and one for each address: of several the one of the higher rank. */
void symlist_finish(struct symlist *list);
/* Into one that is finished, and where none begins. */
void symlist_insert(struct symlist *list, const struct symbol *s);
struct symbol *symlist_find(const struct symlist *list, uint64_t addr);
void symlist_free(struct symlist *list);
const char *symbol_name(struct symbol *s, const struct sym_options *opt);

struct sym_dwarf;

/* An object of any kind; what a kind has not is NULL. */
struct sym_object {
	const struct sym_kind *kind;
	struct sym_options opt;
	bool light;
	struct symlist list;
	char *why;      /* owned; NULL: it has symbols */
	char *build_id; /* owned; NULL: not asked yet */
	void *priv;     /* the kind's own; owned */
};

struct sym_kind {
	void (*load)(struct sym_object *o); /* once, before the first find */
	unsigned (*find)(struct sym_object *o, uint64_t addr,
			 struct sym_loc *locs, unsigned max);
	size_t (*code)(struct sym_object *o, uint64_t addr, size_t size,
		       unsigned char *buf);
	void (*lines)(struct sym_object *o, uint64_t from, uint64_t to,
		      void (*call)(void *arg, const struct sym_line *line),
		      void *arg);
	bool (*vaddr)(struct sym_object *o, uint64_t offset, uint64_t *addr);
	const char *(*build_id)(struct sym_object *o);
	const char *(*module)(struct sym_object *o, uint64_t addr);
	/* Why all that was found is void, once it is; or NULL. */
	const char *(*lost)(const struct sym_object *o);
	void (*close)(struct sym_object *o);
};

struct sym_object *sym_new(const struct sym_kind *kind,
			   const struct sym_options *opt);
/* As the list has it, without lines. */
unsigned sym_find_listed(struct sym_object *o, uint64_t addr,
			 struct sym_loc *locs, unsigned max);

#endif /* PFM_SYM_PRIV_H */
