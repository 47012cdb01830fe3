/* SPDX-License-Identifier: MIT
 *
 * unwind-cfi.c - the records of call frame information: which code they are
 * about, and where their instructions are, which unwind-row.c follows.
 * DWARF 5, section 6.4; for .eh_frame and its augmentation Linux Standard Base
 * Core 5.0, "Exception Frames".  Any bytes may come.
 */
#include "config.h"

#include "unwind-priv.h"
#include "unwind-read.h"

bool cfi_pointer(const uint8_t **p, const uint8_t *end, uint64_t vaddr,
		 uint8_t enc, uint64_t *value)
{
	struct reader r = { .p = *p, .end = end };

	if (enc == PE_OMIT)
		return false;
	*value = rd_pointer(&r, vaddr, enc);
	*p = r.p;
	return !r.bad;
}

/* The header of a record: its body, and whose it is. */
struct record {
	struct reader body;
	uint64_t next, id, id_at; /* places in the section */
	bool wide;
};

static bool record_read(const struct unwind_object *o, uint64_t at,
			struct record *rec)
{
	struct reader r = { .p = o->cfi.data,
			    .end = o->cfi.data + o->cfi.size };
	uint64_t size;

	rd_skip(&r, at);
	size = rd_fixed(&r, 4);
	rec->wide = size == UINT32_MAX;
	if (rec->wide)
		size = rd_fixed(&r, 8);
	rec->id_at = (uint64_t)(r.p - o->cfi.data);
	rec->body = r;
	/* A record of no bytes is the end of the section. */
	rd_skip(&r, size);
	if (r.bad || !size)
		return false;
	rec->next = (uint64_t)(r.p - o->cfi.data);
	rec->body.end = r.p;
	rec->id = rd_fixed(&rec->body, rec->wide ? 8 : 4);
	return !rec->body.bad;
}

/* 0 in .eh_frame, all bits in .debug_frame. */
static bool record_is_cie(const struct unwind_object *o,
			  const struct record *rec)
{
	if (!o->debug_frame)
		return !rec->id;
	return rec->id == (rec->wide ? UINT64_MAX : UINT32_MAX);
}

/* The letters of an augmentation that starts with z. */
static void augmentation_read(struct reader *r, const char *letter,
			      struct cfi_fde *fde)
{
	uint64_t size = rd_uleb(r);
	struct reader data = *r;
	uint8_t enc;

	rd_skip(r, size);
	if (r->bad)
		return;
	data.end = r->p;
	for (; *letter; letter++) {
		switch (*letter) {
		case 'R':
			fde->enc = (uint8_t)rd_fixed(&data, 1);
			break;
		case 'L':
			rd_fixed(&data, 1);
			break;
		case 'P':
			enc = (uint8_t)rd_fixed(&data, 1);
			if (enc != PE_OMIT)
				rd_form(&data, enc);
			break;
		case 'S':
			fde->signal = true;
			break;
		case 'B': /* aarch64: keys and tags of memory */
		case 'G':
			break;
		default:
			r->bad = true;
		}
	}
	r->bad |= data.bad;
}

/* augmented: FDEs have a size of their own augmentation. */
static bool cie_read(const struct unwind_object *o, uint64_t at,
		     struct cfi_fde *fde, bool *augmented)
{
	struct record rec;
	struct reader *r = &rec.body;
	const char *letters;
	uint64_t version;

	if (!record_read(o, at, &rec) || !record_is_cie(o, &rec))
		return false;
	version = rd_fixed(r, 1);
	letters = (const char *)r->p;
	rd_skip(r, strnlen(letters, (size_t)(r->end - r->p)) + 1);
	/* 4 has the sizes of an address and of a segment's selector. */
	if (version == 4 && rd_fixed(r, 2) != 8)
		return false;
	fde->code_align = rd_uleb(r);
	fde->data_align = rd_sleb(r);
	fde->ra = version == 1 ? rd_fixed(r, 1) : rd_uleb(r);
	fde->enc = 0;
	fde->signal = false;
	if (r->bad || (version != 1 && version != 3 && version != 4))
		return false;
	*augmented = *letters == 'z';
	if (*augmented)
		augmentation_read(r, letters + 1, fde);
	else if (*letters)
		return false;
	fde->init = r->p;
	fde->init_end = r->end;
	return !r->bad;
}

enum cfi_record cfi_read(const struct unwind_object *o, uint64_t at,
			 struct cfi_fde *fde, uint64_t *next)
{
	struct record rec;
	struct reader *r = &rec.body;
	uint64_t size, cie;
	bool augmented;

	*next = 0;
	if (!record_read(o, at, &rec))
		return CFI_BAD;
	*next = rec.next;
	if (record_is_cie(o, &rec))
		return CFI_CIE;
	cie = o->debug_frame ? rec.id : rec.id_at - rec.id;
	if (!cie_read(o, cie, fde, &augmented))
		return CFI_BAD;
	fde->start =
		rd_pointer(r, o->cfi.vaddr + (uint64_t)(r->p - o->cfi.data),
			   fde->enc);
	size = rd_form(r, fde->enc);
	if (augmented)
		rd_skip(r, rd_uleb(r));
	fde->end = fde->start + size;
	fde->insn = r->p;
	fde->insn_end = r->end;
	fde->insn_vaddr = o->cfi.vaddr + (uint64_t)(r->p - o->cfi.data);
	if (r->bad || fde->end <= fde->start ||
	    fde->insn_end - fde->insn > CFI_MAX_PROGRAM ||
	    fde->init_end - fde->init > CFI_MAX_PROGRAM)
		return CFI_BAD;
	return CFI_FDE;
}
