/* SPDX-License-Identifier: MIT
 *
 * sym-dwarf.c - source lines and inlined functions, by libdw.  Debug data is
 * opened at the first address that is looked for.
 */
#include "config.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include "cmd.h"
#include "sym-elf.h"

#define DEEPEST 128 /* scopes within scopes */

/* A piece of code, and what has it: a unit's number, or the place of a DIE. */
struct range {
	uint64_t start, end;
	uint64_t of;
};

struct ranges {
	struct range *v; /* ascending; owned */
	size_t n, room;
	size_t most; /* no honest file of its size has more */
};

/* A compilation unit; its functions, once one was looked for. */
struct unit {
	Dwarf_Off die;
	bool read;
	struct ranges funcs;
};

/* A name as linkers have it, and demangled.  By its place in the file. */
struct shown {
	const char *linkage, *name;
};

struct dwarf_state {
	Dwarf *dw, *alt;         /* or NULL: there is none; owned */
	struct sym_image shared; /* alt's file */
	struct ranges code;
	struct unit *unit; /* owned */
	size_t nunits, units;
	struct shown *shown; /* open addressing; owned */
	size_t nshown, size;
};

bool elf_has_dwarf(Elf *elf)
{
	GElf_Shdr sh;

	return (elf_section(elf, ".debug_info", &sh) ||
		elf_section(elf, ".zdebug_info", &sh)) &&
	       sh.sh_type != SHT_NOBITS;
}

static void add_range(struct ranges *r, const struct range *range)
{
	if (range->start >= range->end || r->n == r->most)
		return;
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 16;
		r->v = xreallocarray(r->v, r->room, sizeof(*r->v));
	}
	r->v[r->n++] = *range;
}

static void add_ranges(struct ranges *r, Dwarf_Die *die, uint64_t of)
{
	struct range range = { .of = of };
	Dwarf_Addr base;
	ptrdiff_t i = 0;

	while (r->n < r->most &&
	       (i = dwarf_ranges(die, i, &base, &range.start, &range.end)) > 0)
		add_range(r, &range);
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void sort_ranges(struct ranges *r)
{
	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), by_start);
}

static const struct range *find_range(const struct ranges *r, uint64_t addr)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->v[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && r->v[low - 1].end > addr ? &r->v[low - 1] : NULL;
}

/* The code of all units, whether there is a table of it in the file or not. */
static void read_units(struct dwarf_state *d)
{
	Dwarf_Off at = 0, next;
	size_t header;

	while (dwarf_nextcu(d->dw, at, &next, &header, NULL, NULL, NULL) == 0) {
		Dwarf_Die cu;

		if (d->nunits == d->units) {
			d->units = d->units ? d->units * 2 : 16;
			d->unit = xreallocarray(d->unit, d->units,
						sizeof(*d->unit));
		}
		d->unit[d->nunits] = (struct unit){
			.die = at + header,
			.funcs.most = d->code.most,
		};
		if (dwarf_offdie(d->dw, at + header, &cu))
			add_ranges(&d->code, &cu, d->nunits);
		d->nunits++;
		at = next;
	}
	sort_ranges(&d->code);
}

/* What dwz has moved to a file that several share. */
static void open_shared(struct sym_object *o, struct dwarf_state *d)
{
	const char *name;
	const void *bits;
	ssize_t n = dwelf_dwarf_gnu_debugaltlink(d->dw, &name, &bits);
	char id[130];
	int fd;

	if (n <= 0)
		return;
	fd = sym_find_shared(o, elf_hex(bits, n, id, sizeof(id)));
	if (fd < 0)
		return;
	if (image_open(&d->shared, fd))
		d->alt = dwarf_begin_elf(d->shared.elf, DWARF_C_READ, NULL);
	if (d->alt)
		dwarf_setalt(d->dw, d->alt);
	close(fd);
}

static struct dwarf_state *state_of(struct sym_object *o)
{
	struct sym_elf *e = o->priv;
	struct sym_image *im = NULL;
	struct dwarf_state *d = e->dwarf;

	if (d)
		return d;
	d = e->dwarf = xcalloc(1, sizeof(*d));
	if (e->file.elf && elf_has_dwarf(e->file.elf))
		im = &e->file;
	else if (!o->light && e->debug.elf && elf_has_dwarf(e->debug.elf))
		im = &e->debug;
	if (im)
		d->dw = dwarf_begin_elf(im->elf, DWARF_C_READ, NULL);
	if (!d->dw)
		return d;
	/* Compressed, a range has a byte or two. */
	d->code.most = im->size;
	open_shared(o, d);
	read_units(d);
	return d;
}

void dwarf_free(struct sym_elf *e)
{
	struct dwarf_state *d = e->dwarf;

	if (!d)
		return;
	if (d->dw)
		dwarf_end(d->dw);
	if (d->alt)
		dwarf_end(d->alt);
	image_close(&d->shared);
	while (d->nunits > 0)
		free(d->unit[--d->nunits].funcs.v);
	free(d->unit);
	free(d->code.v);
	free(d->shown);
	free(d);
	e->dwarf = NULL;
}

static struct unit *find_unit(struct dwarf_state *d, uint64_t addr,
			      Dwarf_Die *cu)
{
	const struct range *r = find_range(&d->code, addr);

	if (!r || !dwarf_offdie(d->dw, d->unit[r->of].die, cu))
		return NULL;
	return &d->unit[r->of];
}

/* What can have a function with code within. */
static bool is_outside(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_module;
}

/* The functions around an address, outermost first. */
struct chain {
	Dwarf_Die die[DEEPEST];
	unsigned n;
};

/* The functions of a unit, wherever they are declared. */
static void read_funcs(struct unit *u, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth == DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			add_ranges(&u->funcs, &die, dwarf_dieoffset(&die));
		else if (is_outside(tag))
			read_funcs(u, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* What is inlined within, as far as it has the address. */
static void walk(Dwarf_Die *parent, uint64_t addr, struct chain *c,
		 unsigned depth)
{
	Dwarf_Die die;

	if (depth == DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if ((tag != DW_TAG_subprogram &&
		     tag != DW_TAG_inlined_subroutine &&
		     tag != DW_TAG_lexical_block) ||
		    dwarf_haspc(&die, addr) <= 0)
			continue;
		if (tag != DW_TAG_lexical_block && c->n < DEEPEST)
			c->die[c->n++] = die;
		walk(&die, addr, c, depth + 1);
		return;
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void find_chain(struct dwarf_state *d, struct unit *u, uint64_t addr,
		       struct chain *c)
{
	const struct range *r;
	Dwarf_Die cu;

	if (!u->read && dwarf_offdie(d->dw, u->die, &cu)) {
		read_funcs(u, &cu, 0);
		sort_ranges(&u->funcs);
	}
	u->read = true;
	r = find_range(&u->funcs, addr);
	if (!r || !dwarf_offdie(d->dw, r->of, &c->die[0]))
		return;
	c->n = 1;
	walk(&c->die[0], addr, c, 0);
}

static const char *text_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;

	if (!dwarf_attr_integrate(die, name, &attr))
		return NULL;
	return dwarf_formstring(&attr);
}

static unsigned number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &word) != 0)
		return 0;
	return (unsigned)word;
}

static size_t place_of(const struct dwarf_state *d, const char *linkage)
{
	uint64_t h = (uint64_t)(uintptr_t)linkage * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(h >> 20) & (d->size - 1);

	while (d->shown[at].linkage && d->shown[at].linkage != linkage)
		at = (at + 1) & (d->size - 1);
	return at;
}

static void grow_shown(struct dwarf_state *d)
{
	struct shown *old = d->shown;
	size_t size = d->size, i;

	d->size = size ? size * 2 : 256;
	d->shown = xcalloc(d->size, sizeof(*d->shown));
	for (i = 0; i < size; i++)
		if (old[i].linkage)
			d->shown[place_of(d, old[i].linkage)] = old[i];
	free(old);
}

/* Demangled once, and kept with the object. */
static const char *shown_name(struct sym_object *o, const char *linkage)
{
	struct sym_elf *e = o->priv;
	struct dwarf_state *d = e->dwarf;
	struct shown *s;
	char *name;

	if (d->nshown * 2 >= d->size)
		grow_shown(d);
	s = &d->shown[place_of(d, linkage)];
	if (!s->linkage) {
		name = demangle(linkage);
		s->name = name ? elf_keep_name(e, name) : linkage;
		s->linkage = linkage;
		d->nshown++;
	}
	return s->name;
}

static void set_name(struct sym_object *o, Dwarf_Die *die, struct sym_loc *loc)
{
	const char *linkage = text_of(die, DW_AT_linkage_name);

	if (!linkage)
		linkage = text_of(die, DW_AT_MIPS_linkage_name);
	loc->linkage = linkage ? linkage : dwarf_diename(die);
	loc->name = loc->linkage;
	if (linkage && !o->opt.no_demangle)
		loc->name = shown_name(o, linkage);
	loc->decl_file = dwarf_decl_file(die);
	if (dwarf_decl_line(die, (int *)&loc->decl_line) != 0)
		loc->decl_line = 0;
}

static const char *call_file(Dwarf_Die *cu, Dwarf_Die *die)
{
	unsigned i = number_of(die, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(cu, &files, &n) != 0 || i >= n)
		return NULL;
	return dwarf_filesrc(files, i, NULL, NULL);
}

/*
 * Innermost first: the line of the address is in the innermost function, that of
 * each call in the next one.
 */
static unsigned put_chain(struct sym_object *o, Dwarf_Die *cu, struct chain *c,
			  struct sym_loc *locs, unsigned max)
{
	unsigned n = 0, i;

	for (i = c->n; i > 1 && n + 1 < max; i--) {
		Dwarf_Die *die = &c->die[i - 1];

		if (dwarf_tag(die) != DW_TAG_inlined_subroutine)
			break;
		set_name(o, die, &locs[n]);
		locs[n + 1].line = number_of(die, DW_AT_call_line);
		locs[n + 1].file = call_file(cu, die);
		n++;
	}
	return n;
}

unsigned dwarf_find(struct sym_object *o, uint64_t addr, struct sym_loc *locs,
		    unsigned max)
{
	struct symbol *s = symlist_find(&o->list, addr);
	struct chain c = { .n = 0 };
	struct unit *u;
	struct dwarf_state *d;
	Dwarf_Line *line;
	Dwarf_Die cu;
	unsigned n = 0;
	int number;

	if (max == 0 || (o->opt.listed && s))
		return 0;
	d = state_of(o);
	if (!d->dw)
		return 0;
	u = find_unit(d, addr, &cu);
	if (!u)
		return 0;
	memset(locs, 0, max * sizeof(*locs));
	line = dwarf_getsrc_die(&cu, addr);
	if (line && dwarf_lineno(line, &number) == 0) {
		locs[0].line = (unsigned)number;
		locs[0].file = dwarf_linesrc(line, NULL, NULL);
	}
	find_chain(d, u, addr, &c);
	if (!o->opt.no_inline)
		n = put_chain(o, &cu, &c, locs, max);
	if (c.n)
		set_name(o, &c.die[0], &locs[n]);
	/* The table of symbols has the name that others know. */
	if (s) {
		locs[n].name = symbol_name(s, &o->opt);
		locs[n].linkage = s->linkage;
		locs[n].start = s->start;
		locs[n].size = s->end - s->start;
	} else if (c.n) {
		Dwarf_Addr low, high;

		if (dwarf_lowpc(&c.die[0], &low) == 0 &&
		    dwarf_highpc(&c.die[0], &high) == 0) {
			locs[n].start = low;
			locs[n].size = high - low;
		}
	}
	return s || c.n ? n + 1 : 0;
}

void dwarf_lines(struct sym_object *o, uint64_t from, uint64_t to,
		 void (*call)(void *arg, const struct sym_line *line),
		 void *arg)
{
	struct sym_elf *e = o->priv;
	struct dwarf_state *d = e->file.elf ? state_of(o) : NULL;
	Dwarf_Lines *lines;
	Dwarf_Die cu;
	size_t n, i;

	if (!d || !d->dw || !find_unit(d, from, &cu) ||
	    dwarf_getsrclines(&cu, &lines, &n) != 0)
		return;
	for (i = 0; i < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);
		struct sym_line l = { 0 };
		int number = 0;
		bool end = false;

		if (dwarf_lineaddr(line, &l.addr) != 0 || l.addr < from ||
		    l.addr >= to)
			continue;
		if (dwarf_lineendsequence(line, &end) == 0 && end)
			continue;
		dwarf_lineno(line, &number);
		l.line = (unsigned)number;
		l.file = dwarf_linesrc(line, NULL, NULL);
		call(arg, &l);
	}
}
