/* SPDX-License-Identifier: MIT
 *
 * unwind-read.h - bytes of an object, read one value after the other and never
 * beyond their end: DWARF's numbers and the pointers of .eh_frame.  For
 * unwind-cfi.c and unwind-row.c.
 */
#ifndef PFM_UNWIND_READ_H
#define PFM_UNWIND_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CFI_MAX_PROGRAM = 1 << 16 }; /* bytes; the longest known: 4 k */

/* Bytes yet to be read. */
struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static inline uint64_t rd_fixed(struct reader *r, unsigned size)
{
	uint64_t v = 0;

	if (size > sizeof(v) || (size_t)(r->end - r->p) < size) {
		r->bad = true;
		return 0;
	}
	/* Objects are of this machine: their byte order is its own. */
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)r->p[i] << 8 * i;
	r->p += size;
	return v;
}

static inline int64_t rd_signed(struct reader *r, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(rd_fixed(r, size) << shift) >> shift;
}

/* *shift: the bits that were read. */
static inline uint64_t rd_leb(struct reader *r, unsigned *shift)
{
	uint64_t v = 0;
	uint8_t byte;

	*shift = 0;
	do {
		if (r->p == r->end || *shift > 63) {
			r->bad = true;
			return 0;
		}
		byte = *r->p++;
		v |= (uint64_t)(byte & 0x7f) << *shift;
		*shift += 7;
	} while (byte & 0x80);
	return v;
}

static inline uint64_t rd_uleb(struct reader *r)
{
	unsigned shift;

	return rd_leb(r, &shift);
}

static inline int64_t rd_sleb(struct reader *r)
{
	unsigned shift;
	uint64_t v = rd_leb(r, &shift);

	if (shift && shift < 64 && v >> (shift - 1) & 1)
		v |= UINT64_MAX << shift;
	return (int64_t)v;
}

/* Bytes to jump over. */
static inline void rd_skip(struct reader *r, uint64_t size)
{
	if (size > (size_t)(r->end - r->p)) {
		r->bad = true;
		return;
	}
	r->p += size;
}

/* DW_EH_PE_: what is read, then what it is relative to. */
enum { PE_OMIT = 0xff, PE_FORM = 0x0f, PE_PCREL = 0x10 };

static inline uint64_t rd_form(struct reader *r, uint8_t enc)
{
	switch (enc & PE_FORM) {
	case 0x00: /* absptr */
	case 0x04:
	case 0x0c:
		return rd_fixed(r, 8);
	case 0x01:
		return rd_uleb(r);
	case 0x02:
		return rd_fixed(r, 2);
	case 0x03:
		return rd_fixed(r, 4);
	case 0x09:
		return (uint64_t)rd_sleb(r);
	case 0x0a:
		return (uint64_t)rd_signed(r, 2);
	case 0x0b:
		return (uint64_t)rd_signed(r, 4);
	}
	r->bad = true;
	return 0;
}

/* vaddr: of the pointer itself. */
static inline uint64_t rd_pointer(struct reader *r, uint64_t vaddr, uint8_t enc)
{
	uint64_t v = rd_form(r, enc);

	/* Behind a pointer, or relative to what only a process knows. */
	if ((enc & ~PE_FORM) != PE_PCREL && (enc & ~PE_FORM))
		r->bad = true;
	return enc & PE_PCREL ? v + vaddr : v;
}

#endif /* PFM_UNWIND_READ_H */
