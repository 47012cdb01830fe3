/* SPDX-License-Identifier: MIT
 *
 * sym-elf.c - symbols of ELF files: which symbol tables there are, in the file
 * or in a debug file apart from it, and addresses.  Lines are in sym-dwarf.c,
 * the search for debug files in sym-find.c.
 */
#include "config.h"

#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include "cmd.h"
#include "sym-elf.h"
#include "sym-priv.h"

#define LONGEST 4096 /* bytes of a name */

static void open_elf(struct sym_elf *e)
{
	if (e->opened)
		return;
	e->opened = true;
	if (e->fd >= 0)
		image_open(&e->file, e->fd);
}

Elf_Scn *elf_section(Elf *elf, const char *name, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *is;

		if (!gelf_getshdr(scn, sh))
			continue;
		is = elf_strptr(elf, names, sh->sh_name);
		if (is && !strcmp(is, name))
			return scn;
	}
	return NULL;
}

bool elf_has_symbols(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			return true;
	return elf_has_dwarf(elf);
}

const char *elf_keep_name(struct sym_elf *e, char *name)
{
	if (e->nnames == e->room) {
		e->room = e->room ? e->room * 2 : 64;
		e->names = xreallocarray(e->names, e->room, sizeof(*e->names));
	}
	return e->names[e->nnames++] = name;
}

static bool elf_vaddr(struct sym_object *o, uint64_t offset, uint64_t *addr)
{
	struct sym_elf *e = o->priv;
	size_t n = 0, i;

	open_elf(e);
	if (!e->file.elf || elf_getphdrnum(e->file.elf, &n) < 0)
		return false;
	for (i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(e->file.elf, (int)i, &ph) ||
		    ph.p_type != PT_LOAD || !(ph.p_flags & PF_X) ||
		    offset < ph.p_offset || offset - ph.p_offset >= ph.p_filesz)
			continue;
		*addr = offset - ph.p_offset + ph.p_vaddr;
		return true;
	}
	return false;
}

const char *elf_hex(const void *id, ssize_t n, char *text, size_t size)
{
	const unsigned char *bytes = id;
	ssize_t i;

	text[0] = '\0';
	for (i = 0; i < n && (size_t)i * 2 + 3 < size; i++)
		snprintf(text + i * 2, 3, "%02x", bytes[i]);
	return text;
}

const char *elf_build_id_of(Elf *elf, char *text, size_t size)
{
	const void *bits;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &bits);

	return elf_hex(bits, n, text, size);
}

static const char *elf_build_id(struct sym_object *o)
{
	struct sym_elf *e = o->priv;
	char text[130] = "";

	open_elf(e);
	if (!o->build_id) {
		if (e->file.elf)
			elf_build_id_of(e->file.elf, text, sizeof(text));
		o->build_id = xstrdup(text);
	}
	return o->build_id;
}

/* A weak name is often the one that programs call: write() is, __write() not. */
static uint8_t rank_of(const GElf_Sym *sym)
{
	uint8_t bind = GELF_ST_BIND(sym->st_info), rank = 0;

	if (bind == STB_GLOBAL || bind == STB_WEAK)
		rank = 2;
	if (GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		rank += 4;
	if (sym->st_size)
		rank += 8;
	return rank;
}

/* The end of the section an address is in, 0: it is in no code. */
static uint64_t code_end(Elf *elf, const GElf_Sym *sym)
{
	Elf_Scn *scn = elf_getscn(elf, sym->st_shndx);
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_EXECINSTR))
		return 0;
	if (sym->st_value < sh.sh_addr ||
	    sym->st_value - sh.sh_addr >= sh.sh_size)
		return 0;
	return sh.sh_addr + sh.sh_size;
}

static bool is_code(const GElf_Sym *sym)
{
	int type = GELF_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_shndx < SHN_LORESERVE &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC ||
		type == STT_NOTYPE);
}

/*
 * A symbol without a size, assembly's, covers what is before the next one or the
 * end of its section.
 */
static void add_symbol(struct sym_object *o, Elf *elf, const GElf_Sym *sym,
		       const char *name)
{
	struct symbol s = { .start = sym->st_value, .linkage = name };
	uint64_t end;

	if (!is_code(sym) || !*name || name[0] == '$')
		return;
	end = code_end(elf, sym);
	if (!end)
		return;
	s.rank = rank_of(sym);
	s.end = sym->st_size && sym->st_size < end - s.start ?
			s.start + sym->st_size :
			end;
	symlist_add(&o->list, &s);
}

/*
 * Without its version, "@@GLIBC_2.34": who calls it does not say that either.
 * The copy is the object's.
 */
static const char *plain_name(struct sym_elf *e, const char *name)
{
	const char *at = strchr(name, '@');

	/* Many symbols may share a long one: copies of it are too much. */
	if (!at || at == name || at - name > LONGEST)
		return name;
	return elf_keep_name(e, xasprintf("%.*s", (int)(at - name), name));
}

/* A table of that type, and how many symbols it has; NULL: there is none. */
static Elf_Data *find_table(Elf *elf, unsigned type, GElf_Shdr *sh, size_t *n)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, sh) || sh->sh_type != type ||
		    sh->sh_entsize == 0)
			continue;
		data = elf_getdata(scn, NULL);
		*n = data ? (size_t)(data->d_size / sh->sh_entsize) : 0;
		return data;
	}
	return NULL;
}

/* All symbols of a table of that type; false: there are none. */
static bool read_table(struct sym_object *o, Elf *elf, unsigned type)
{
	GElf_Shdr sh;
	size_t n = 0, i;
	Elf_Data *data = find_table(elf, type, &sh, &n);

	for (i = 0; i < n; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		name = elf_strptr(elf, sh.sh_link, sym.st_name);
		if (name)
			add_symbol(o, elf, &sym, plain_name(o->priv, name));
	}
	return n > 1;
}

bool elf_address(struct sym_object *o, const char *name, uint64_t *addr)
{
	struct sym_elf *e = o->priv;
	GElf_Shdr sh;
	size_t n = 0, i;
	Elf_Data *data = NULL;
	GElf_Sym sym;

	open_elf(e);
	if (e->file.elf)
		data = find_table(e->file.elf, SHT_SYMTAB, &sh, &n);
	for (i = 0; i < n && gelf_getsym(data, (int)i, &sym); i++) {
		const char *is =
			elf_strptr(e->file.elf, sh.sh_link, sym.st_name);

		if (!is || sym.st_shndx == SHN_UNDEF || strcmp(is, name) != 0)
			continue;
		*addr = sym.st_value;
		return true;
	}
	return false;
}

/* What would help. */
static const char *hint_of(const struct sym_object *o)
{
	if (!o->opt.server)
		return "install its -dbg package or set DEBUGINFOD_URLS";
	if (o->light)
		return "no server was asked for so few samples";
	return "install its -dbg package";
}

static void set_why(struct sym_object *o, bool table)
{
	struct sym_elf *e = o->priv;

	if (e->fd < 0)
		o->why = xstrdup("the file is gone");
	else if (!e->file.elf)
		o->why = xstrdup("not an ELF file");
	else if (!table)
		o->why = xasprintf(
			"stripped, and no debug file with build-id %.12s%s; %s",
			elf_build_id(o), *elf_build_id(o) ? "..." : "(none)",
			hint_of(o));
}

static void open_debug(struct sym_object *o, struct sym_elf *e)
{
	int fd = sym_find_debug(o, e);

	if (fd < 0)
		return;
	image_open(&e->debug, fd);
	close(fd);
}

static void elf_load(struct sym_object *o)
{
	struct sym_elf *e = o->priv;
	bool table;

	if (e->loaded)
		return;
	e->loaded = true;
	open_elf(e);
	if (!e->file.elf) {
		set_why(o, false);
		return;
	}
	table = read_table(o, e->file.elf, SHT_SYMTAB);
	if (!table || !elf_has_dwarf(e->file.elf))
		open_debug(o, e);
	if (!table && e->debug.elf)
		table = read_table(o, e->debug.elf, SHT_SYMTAB);
	/* Exported names are some of those there are: the rest has none. */
	if (!table) {
		read_table(o, e->file.elf, SHT_DYNSYM);
		table = elf_open_mini(e) &&
			read_table(o, e->mini.elf, SHT_SYMTAB);
	}
	elf_add_plt(o, e->file.elf);
	symlist_finish(&o->list);
	set_why(o, table);
}

static unsigned elf_find(struct sym_object *o, uint64_t addr,
			 struct sym_loc *locs, unsigned max)
{
	struct sym_elf *e = o->priv;
	unsigned n = e->file.elf ? dwarf_find(o, addr, locs, max) : 0;

	return n ? n : sym_find_listed(o, addr, locs, max);
}

static size_t elf_code(struct sym_object *o, uint64_t addr, size_t size,
		       unsigned char *buf)
{
	struct sym_elf *e = o->priv;
	size_t n = 0, i;

	open_elf(e);
	if (!e->file.data || elf_getphdrnum(e->file.elf, &n) < 0)
		return 0;
	for (i = 0; i < n; i++) {
		GElf_Phdr ph;
		uint64_t at;

		if (!gelf_getphdr(e->file.elf, (int)i, &ph) ||
		    ph.p_type != PT_LOAD || addr < ph.p_vaddr ||
		    addr - ph.p_vaddr >= ph.p_filesz)
			continue;
		at = addr - ph.p_vaddr;
		if (size > ph.p_filesz - at)
			size = (size_t)(ph.p_filesz - at);
		at += ph.p_offset;
		if (at > e->file.size || size > e->file.size - at)
			return 0;
		memcpy(buf, e->file.data + at, size);
		return size;
	}
	return 0;
}

static const char *elf_lost(const struct sym_object *o)
{
	const struct sym_elf *e = o->priv;

	return e->file.cut || e->debug.cut ?
		       "the file was cut short while it was read" :
		       NULL;
}

static void elf_close(struct sym_object *o)
{
	struct sym_elf *e = o->priv;

	dwarf_free(e);
	image_close(&e->file);
	image_close(&e->debug);
	image_close(&e->mini);
	if (e->fd >= 0)
		close(e->fd);
	while (e->nnames > 0)
		free(e->names[--e->nnames]);
	free(e->names);
	free(e->path);
	free(e->root);
	free(e);
}

static const struct sym_kind kind_elf = {
	.load = elf_load,
	.find = elf_find,
	.code = elf_code,
	.lines = dwarf_lines,
	.vaddr = elf_vaddr,
	.build_id = elf_build_id,
	.lost = elf_lost,
	.close = elf_close,
};

static struct sym_elf *elf_new(struct sym_object *o)
{
	struct sym_elf *e = xcalloc(1, sizeof(*e));

	e->fd = -1;
	o->priv = e;
	return e;
}

struct sym_object *sym_open_elf(int fd, const char *path, const char *root,
				const struct sym_options *opt)
{
	struct sym_object *o = sym_new(&kind_elf, opt);
	struct sym_elf *e = elf_new(o);

	e->path = xstrdup(path);
	e->root = root ? xstrdup(root) : NULL;
	if (fd >= 0)
		e->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return o;
}

/* The kernel's own, as it is in this process too; its sections stand last. */
struct sym_object *sym_open_vdso(const struct sym_options *opt)
{
	const void *vdso = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct sym_object *o = sym_new(&kind_elf, opt);
	struct sym_elf *e = elf_new(o);
	unsigned char *copy;
	ElfW(Ehdr) eh;
	size_t size;

	e->path = xstrdup("[vdso]");
	e->opened = true;
	if (!vdso)
		return o;
	memcpy(&eh, vdso, sizeof(eh));
	size = (size_t)(eh.e_shoff + (uint64_t)eh.e_shentsize * eh.e_shnum);
	copy = xcalloc(1, size);
	memcpy(copy, vdso, size);
	image_take(&e->file, copy, size);
	return o;
}
