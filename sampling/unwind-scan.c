/* SPDX-License-Identifier: MIT
 *
 * unwind-scan.c - all call frame information of an object: the record of an
 * address, by the linker's table or else by one made here, and which method of
 * walking is for the object.
 */
#include "config.h"

#include <stdlib.h>

#include "unwind-priv.h"

static int index_compare(const void *a, const void *b)
{
	const struct cfi_index *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

bool scan_index(struct unwind_object *o)
{
	struct cfi_fde fde;
	struct cfi_index *grown;
	size_t places = 0;
	uint64_t at, next;

	for (at = 0;; at = next) {
		enum cfi_record kind = cfi_read(o, at, &fde, &next);

		if (!next)
			break;
		if (kind != CFI_FDE)
			continue;
		if (o->nindex == places) {
			places = places ? 2 * places : 64;
			grown = reallocarray(o->index, places, sizeof(*grown));
			if (!grown)
				return false;
			o->index = grown;
		}
		o->index[o->nindex++] =
			(struct cfi_index){ .start = fde.start, .fde = at };
	}
	if (o->nindex)
		qsort(o->index, o->nindex, sizeof(*o->index), index_compare);
	return true;
}

/* The linker's table: start and FDE, relative to the header. */
static struct cfi_index table_entry(const struct unwind_object *o, size_t i)
{
	int32_t pair[2];

	memcpy(pair, o->table + 8 * i, sizeof(pair));
	return (struct cfi_index){
		.start = o->hdr.vaddr + (uint64_t)(int64_t)pair[0],
		.fde = o->hdr.vaddr + (uint64_t)(int64_t)pair[1] - o->cfi.vaddr
	};
}

bool scan_find(const struct unwind_object *o, uint64_t pc, struct cfi_fde *fde)
{
	size_t low = 0, high = o->ntable ? o->ntable : o->nindex;
	struct cfi_index entry, best = { 0 };
	uint64_t next;
	bool found = false;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		entry = o->ntable ? table_entry(o, middle) : o->index[middle];
		if (entry.start <= pc) {
			best = entry;
			found = true;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return found && cfi_read(o, best.fde, fde, &next) == CFI_FDE &&
	       fde->start <= pc && pc < fde->end;
}

/*
 * The share of code with a frame pointer is that of its bytes, by function.
 * Functions that never have a frame say nothing.  A budget of instructions:
 * hostile records may share long ones.
 */
static enum unwind_method method_find(const struct unwind_object *o)
{
	uint64_t at, next, with = 0, without = 0, budget = 4 * o->cfi.size;
	struct cfi_fde fde;

	for (at = 0;; at = next) {
		enum cfi_record kind = cfi_read(o, at, &fde, &next);
		uint64_t size;

		if (!next)
			break;
		if (kind != CFI_FDE)
			continue;
		size = (uint64_t)(fde.insn_end - fde.insn) +
		       (uint64_t)(fde.init_end - fde.init);
		if (size > budget)
			return UNWIND_DWARF;
		budget -= size;
		/* No code is longer than the file that has it. */
		size = fde.end - fde.start;
		if (size > o->size)
			continue;
		switch (cfi_frame(&fde)) {
		case FRAME_FP:
			with += size;
			break;
		case FRAME_OTHER:
			without += size;
			break;
		case FRAME_NONE:
			break;
		}
	}
	if (!with || with + without > UINT64_MAX / 100)
		return UNWIND_DWARF;
	return 100 * with >= 95 * (with + without) ? UNWIND_FP : UNWIND_DWARF;
}

enum unwind_method unwind_object_method(struct unwind_object *o)
{
	if (!o->method_known) {
		o->method = object_bare(o) ? UNWIND_FP : method_find(o);
		o->method_known = true;
	}
	return o->method;
}
