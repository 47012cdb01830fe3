/* SPDX-License-Identifier: MIT
 *
 * sym-elf.h - what the files share that read ELF: sym-elf.c, sym-plt.c,
 * sym-find.c, sym-dwarf.c, sym-image.c and sym-mini.c.
 */
#ifndef PFM_SYM_ELF_H
#define PFM_SYM_ELF_H

#include <elfutils/libdw.h>
#include <gelf.h>

#include "sym-priv.h"

/* An ELF file in memory; all 0: none. */
struct sym_image {
	Elf *elf;            /* owned */
	unsigned char *data; /* owned */
	size_t size;
	bool mapped;
	volatile bool cut; /* some of what was read is gone: zeros */
	struct sym_image *next, *prev; /* of those mapped */
};
/*
 * sym-image.c; false: it is none.  An image stays where it is, and the file may
 * be closed.
 */
bool image_open(struct sym_image *im, int fd);
/* Takes ownership of data, which was allocated. */
bool image_take(struct sym_image *im, unsigned char *data, size_t size);
void image_close(struct sym_image *im);

struct sym_elf {
	int fd; /* or -1; owned */
	struct sym_image file, debug;
	struct sym_image mini; /* see sym-mini.c */
	char *path, *root;     /* root may be NULL; owned */
	bool opened, loaded;
	struct dwarf_state *dwarf; /* sym-dwarf.c; owned */
	char **names;              /* that are in no file; owned */
	size_t nnames, room;
};

/* Keeps a name, which it owns then, as long as the object. */
const char *elf_keep_name(struct sym_elf *e, char *name);
/* The section of that name, or NULL. */
Elf_Scn *elf_section(Elf *elf, const char *name, GElf_Shdr *sh);
/* "" when it has none. */
const char *elf_build_id_of(Elf *elf, char *text, size_t size);

/* sym-plt.c: the stubs of the procedure linkage table, "puts@plt". */
void elf_add_plt(struct sym_object *o, Elf *elf);

/* sym-mini.c: e->mini; false: there is none. */
bool elf_open_mini(struct sym_elf *e);

/* sym-find.c: the debug file of an ELF file, open, or -1. */
int sym_find_debug(struct sym_object *o, struct sym_elf *e);

/* That which several debug files share, by its build-id. */
int sym_find_shared(struct sym_object *o, const char *id);

/* Of a symbol of that name, code or not. */
bool elf_address(struct sym_object *o, const char *name, uint64_t *addr);

/* A table of all symbols, or debug data. */
bool elf_has_symbols(Elf *elf);
/* Text of a build-id, as much as has room; "" when there is none. */
const char *elf_hex(const void *id, ssize_t n, char *text, size_t size);

/* sym-dwarf.c */
bool elf_has_dwarf(Elf *elf);
unsigned dwarf_find(struct sym_object *o, uint64_t addr, struct sym_loc *locs,
		    unsigned max);
void dwarf_lines(struct sym_object *o, uint64_t from, uint64_t to,
		 void (*call)(void *arg, const struct sym_line *line),
		 void *arg);
void dwarf_free(struct sym_elf *e);

#endif /* PFM_SYM_ELF_H */
