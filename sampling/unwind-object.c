/* SPDX-License-Identifier: MIT
 *
 * unwind-object.c - an ELF file for the unwinder: where its code and its unwind
 * tables are, and the rows of them that were asked for.  Tables are copied and
 * code is read: a mapping of a file that is cut short later would be a SIGBUS.
 * Nothing of it is believed; what is no ELF file of this machine is refused.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unwind-priv.h"

enum {
	ROWS_FIRST = 64,
	HDR_TABLE_ENC = 0x3b,
	HDR_COUNT_ENC = 0x03,
	HDR_HEAD = 32,        /* the pointers before the table fit */
	TABLE_MOST = 1 << 28, /* bytes of one copy; the largest known: 40 M */
	CODE_BYTES = 16,      /* of any instructions that are looked for */
};

/* At most size bytes at a place of the file: how many there are. */
static size_t file_read(const struct unwind_object *o, uint64_t at, void *buf,
			size_t size)
{
	size_t have = 0;
	ssize_t n;

	if (at > o->size)
		return 0;
	if (size > o->size - at)
		size = (size_t)(o->size - at);
	while (have < size && (n = pread(o->fd, (uint8_t *)buf + have,
					 size - have, (off_t)(at + have))) > 0)
		have += (size_t)n;
	return have;
}

/* A copy, to be freed; NULL: not all of it is there, or it is too large. */
static void *file_copy(const struct unwind_object *o, uint64_t at,
		       uint64_t size)
{
	void *copy;

	if (!size || size > TABLE_MOST || at > o->size || size > o->size - at)
		return NULL;
	copy = malloc((size_t)size);
	if (copy && file_read(o, at, copy, (size_t)size) == size)
		return copy;
	free(copy);
	return NULL;
}

/* Where vaddr is in the file, and how much follows: false, nowhere. */
static bool file_place(const struct unwind_object *o, uint64_t vaddr,
		       uint64_t *at, uint64_t *size)
{
	for (unsigned i = 0; i < o->nsegments; i++) {
		const struct unwind_segment *s = &o->segment[i];
		uint64_t off = vaddr - s->vaddr;

		if (off < s->size) {
			*at = s->offset + off;
			*size = s->size - off;
			return true;
		}
	}
	return false;
}

/* All of [vaddr, vaddr + size), if a copy has it. */
static bool copy_read(const struct unwind_table *t, uint64_t vaddr, void *buf,
		      size_t size)
{
	uint64_t off = vaddr - t->vaddr;

	if (size > t->size || off > t->size - size)
		return false;
	memcpy(buf, t->data + off, size);
	return true;
}

size_t object_read(const struct unwind_object *o, uint64_t vaddr, void *buf,
		   size_t size)
{
	uint64_t at, there;

	if (copy_read(&o->hdr, vaddr, buf, size) ||
	    copy_read(&o->cfi, vaddr, buf, size))
		return size;
	if (!file_place(o, vaddr, &at, &there))
		return 0;
	return file_read(o, at, buf, size < there ? size : (size_t)there);
}

static bool table_copy(const struct unwind_object *o, struct unwind_table *t,
		       uint64_t vaddr, uint64_t size)
{
	uint64_t at, there;

	if (!file_place(o, vaddr, &at, &there))
		return false;
	t->data = file_copy(o, at, size < there ? size : there);
	t->size = t->data ? (size_t)(size < there ? size : there) : 0;
	t->vaddr = vaddr;
	return t->data;
}

/* .eh_frame by its header, which has a sorted table mostly. */
static void hdr_read(struct unwind_object *o, uint64_t vaddr)
{
	uint8_t head[HDR_HEAD];
	size_t size = object_read(o, vaddr, head, sizeof(head));
	const uint8_t *p = head + 4, *end = head + size;
	uint64_t frame, count;

	if (size < 4 || head[0] != 1 ||
	    !cfi_pointer(&p, end, vaddr + 4, head[1], &frame) ||
	    !table_copy(o, &o->cfi, frame, UINT64_MAX))
		return;
	if (head[2] != HDR_COUNT_ENC || head[3] != HDR_TABLE_ENC ||
	    !cfi_pointer(&p, end, 0, head[2], &count))
		return;
	size = (size_t)(p - head);
	if (!table_copy(o, &o->hdr, vaddr, size + count * 8))
		return;
	if (o->hdr.size != size + count * 8) {
		free(o->hdr.data);
		o->hdr = (struct unwind_table){ 0 };
		return;
	}
	o->table = o->hdr.data + size;
	o->ntable = count;
}

static bool section_is(const struct unwind_object *o, const Elf64_Shdr *sh,
		       const Elf64_Shdr *str, const char *name)
{
	const size_t len = strlen(name) + 1;
	char is[16];

	return sh->sh_type != SHT_NOBITS && !(sh->sh_flags & SHF_COMPRESSED) &&
	       sh->sh_name <= str->sh_size &&
	       len <= str->sh_size - sh->sh_name &&
	       str->sh_offset + sh->sh_name >= str->sh_offset &&
	       file_read(o, str->sh_offset + sh->sh_name, is, len) == len &&
	       !memcmp(is, name, len);
}

/* A section that is there as it is becomes the table; false: it is not. */
static bool section_use(struct unwind_object *o, const Elf64_Ehdr *ehdr,
			const Elf64_Shdr *sh, const char *name)
{
	for (unsigned i = 0; i < ehdr->e_shnum; i++) {
		if (!section_is(o, &sh[i], &sh[ehdr->e_shstrndx], name))
			continue;
		o->cfi.data = file_copy(o, sh[i].sh_offset, sh[i].sh_size);
		o->cfi.size = o->cfi.data ? sh[i].sh_size : 0;
		o->cfi.vaddr = sh[i].sh_addr;
		return o->cfi.data;
	}
	return false;
}

static void sections_read(struct unwind_object *o, const Elf64_Ehdr *ehdr)
{
	Elf64_Shdr *sh;

	if (ehdr->e_shentsize != sizeof(*sh) ||
	    ehdr->e_shstrndx >= ehdr->e_shnum)
		return;
	sh = file_copy(o, ehdr->e_shoff, (uint64_t)ehdr->e_shnum * sizeof(*sh));
	if (!sh)
		return;
	if (!section_use(o, ehdr, sh, ".eh_frame"))
		o->debug_frame = section_use(o, ehdr, sh, ".debug_frame");
	free(sh);
}

static void segment_add(struct unwind_object *o, const Elf64_Phdr *ph)
{
	struct unwind_segment *s = &o->segment[o->nsegments];
	uint64_t size = ph->p_filesz;

	if (o->nsegments == OBJECT_NSEGMENTS || ph->p_offset >= o->size ||
	    ph->p_vaddr + size < ph->p_vaddr)
		return;
	if (size > o->size - ph->p_offset)
		size = o->size - ph->p_offset;
	if (!size)
		return;
	*s = (struct unwind_segment){ .offset = ph->p_offset,
				      .size = size,
				      .vaddr = ph->p_vaddr,
				      .exec = ph->p_flags & PF_X };
	o->nsegments++;
}

static bool headers_read(struct unwind_object *o)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr *ph;
	uint64_t hdr = 0;

	if (file_read(o, 0, &ehdr, sizeof(ehdr)) != sizeof(ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 ||
	    ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr.e_machine != unwind_arch.machine ||
	    ehdr.e_phentsize != sizeof(*ph))
		return false;
	ph = file_copy(o, ehdr.e_phoff, (uint64_t)ehdr.e_phnum * sizeof(*ph));
	if (!ph)
		return false;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			segment_add(o, &ph[i]);
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			hdr = ph[i].p_vaddr;
	}
	free(ph);
	if (hdr)
		hdr_read(o, hdr);
	if (!o->cfi.data)
		sections_read(o, &ehdr);
	return true;
}

struct unwind_object *unwind_object_new(int fd)
{
	struct unwind_object *o;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr)) {
		errno = ENOEXEC;
		return NULL;
	}
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->size = (uint64_t)st.st_size;
	o->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (o->fd < 0) {
		free(o);
		return NULL;
	}
	if (!headers_read(o)) {
		unwind_object_free(o);
		errno = ENOEXEC;
		return NULL;
	}
	/* Without a table of its own it gets one; without memory, no rows. */
	if (o->cfi.data && !o->ntable && !scan_index(o)) {
		free(o->cfi.data);
		o->cfi = (struct unwind_table){ 0 };
	}
	return o;
}

void unwind_object_free(struct unwind_object *o)
{
	if (!o)
		return;
	free(o->rows);
	free(o->index);
	free(o->hdr.data);
	free(o->cfi.data);
	close(o->fd);
	free(o);
}

/* Mappings start at a page, which may have the end of another segment too. */
uint64_t object_bias(const struct unwind_object *o,
		     const struct unwind_map *map)
{
	uint64_t end = map->offset + (map->end - map->start);

	for (unsigned i = 0; i < o->nsegments; i++) {
		const struct unwind_segment *s = &o->segment[i];

		if (s->exec && s->offset < end &&
		    s->offset + s->size > map->offset)
			return map->start - map->offset + s->offset - s->vaddr;
	}
	return map->start - map->offset;
}

static size_t row_hash(uint64_t pc)
{
	return (pc * UINT64_C(0x9e3779b97f4a7c15)) >> 40;
}

/* Twice the places; without memory it stays as it is. */
static void rows_grow(struct unwind_object *o)
{
	size_t places = o->rows ? 2 * (o->row_limit + 1) : ROWS_FIRST;
	struct unwind_row *rows;

	if (places > OBJECT_NROWS)
		return;
	rows = calloc(places, sizeof(*rows));
	if (!rows)
		return;
	o->nrows = 0;
	for (size_t i = 0; o->rows && i <= o->row_limit; i++) {
		struct unwind_row *to =
			&rows[row_hash(o->rows[i].pc) & (places - 1)];

		if (!o->rows[i].pc)
			continue;
		o->nrows += !to->pc;
		*to = o->rows[i];
	}
	free(o->rows);
	o->rows = rows;
	o->row_limit = places - 1;
}

static bool is_sigreturn(const uint8_t *code, size_t size)
{
	const struct unwind_arch *a = &unwind_arch;

	return size >= a->sigreturn_size &&
	       !memcmp(code, a->sigreturn, a->sigreturn_size);
}

static void row_learn(const struct unwind_object *o, uint64_t pc,
		      struct unwind_row *row)
{
	struct cfi_code code = { .pc = pc };
	uint8_t bytes[CODE_BYTES];
	struct cfi_fde fde;

	*row = (struct unwind_row){ .pc = pc + 1, .kind = ROW_NONE };
	code.at = bytes;
	code.size = object_read(o, pc, bytes, sizeof(bytes));
	if (scan_find(o, pc, &fde))
		cfi_row(&fde, &code, row);
	row->sigreturn = is_sigreturn(bytes, code.size);
	if (code.size)
		row->handler = is_sigreturn(bytes + 1, code.size - 1);
	else
		row->handler = is_sigreturn(bytes, object_read(o, pc + 1, bytes,
							       sizeof(bytes)));
}

/*
 * A place of the cache is for one row: two that meet there push each other out,
 * until the table has grown.
 */
const struct unwind_row *object_row(struct unwind_object *o, uint64_t pc)
{
	struct unwind_row *row = &o->scratch;

	if (o->rows) {
		row = &o->rows[row_hash(pc + 1) & o->row_limit];
		if (row->pc == pc + 1)
			return row;
	}
	if (!o->rows || 2 * o->nrows > o->row_limit) {
		rows_grow(o);
		if (o->rows)
			row = &o->rows[row_hash(pc + 1) & o->row_limit];
	}
	o->nrows += !row->pc;
	row_learn(o, pc, row);
	return row;
}
