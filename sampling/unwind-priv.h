/* SPDX-License-Identifier: MIT
 *
 * unwind-priv.h - what the files of the unwinder share; unwind.h is for others.
 *   unwind.c         the walk: which step is taken, where it ends
 *   unwind-fp.c      a step by frame pointer, and out of a signal's frame
 *   unwind-cfi.c     call frame information: its records
 *   unwind-row.c     what they say of a place, and of a function
 *   unwind-scan.c    the same for all of an object: its index, its method
 *   unwind-object.c  ELF: where code and tables are; the rows learnt
 *   unwind-libunwind.c, unwind-none.c  a step that a row cannot tell
 *   unwind-x86.c, unwind-arm64.c, unwind-other.c  the architecture
 */
#ifndef PFM_UNWIND_PRIV_H
#define PFM_UNWIND_PRIV_H

#include <string.h>

#include "unwind.h"

enum {
	UNWIND_NREGS = 33, /* by DWARF number, of any architecture */
	UNWIND_NSLOTS = 12,
	UNWIND_NSIGNALS = 32, /* one in the other */
	UNWIND_NMAPS = 8,
};

/* The registers of an architecture.  Numbers are DWARF's if not said. */
struct unwind_arch {
	uint16_t machine;        /* of the ELF header */
	uint8_t nregs;           /* below UNWIND_NREGS */
	uint8_t sp, fp, ra;      /* ra: where CFI tells the return address */
	uint8_t ip;              /* the place itself */
	uint8_t nslots;          /* registers whose rule a row has */
	bool fp_pair;            /* see keeps_fp() */
	const uint8_t *slot_reg; /* the register of a slot */
	const int8_t *reg_slot;  /* and back; -1: none */
	const uint8_t *perf;     /* a register's number in asm/perf_regs.h */
	uint8_t perf_ip;
	uint64_t kept;         /* bit vector of what a call keeps */
	uint64_t ra_mask;      /* of a return address, without its signature */
	const char *sigreturn; /* the code a signal handler returns to */
	uint8_t sigreturn_size;
	const uint16_t *sigframe; /* offsets from sp there, by register */
	uint16_t sigframe_ip;
};
extern const struct unwind_arch unwind_arch;

/* What is known of a frame. */
struct unwind_frame {
	uint64_t reg[UNWIND_NREGS];
	uint64_t known; /* bit vector of reg */
	uint64_t ip;
	uint64_t floor; /* its stack starts here or above */
	bool exact;     /* ip is not behind a call */
};

static inline bool frame_knows(const struct unwind_frame *f, unsigned reg)
{
	return reg < UNWIND_NREGS && (f->known >> reg & 1);
}

static inline void frame_set(struct unwind_frame *f, unsigned reg, uint64_t v)
{
	f->reg[reg] = v;
	f->known |= UINT64_C(1) << reg;
}

struct unwind_stack {
	const uint8_t *data; /* borrowed */
	uint64_t addr;
	size_t size;
};

/* The 8 bytes at addr; false: they were not copied. */
static inline bool stack_read(const struct unwind_stack *s, uint64_t addr,
			      uint64_t *value)
{
	uint64_t at = addr - s->addr;

	if (s->size < sizeof(*value) || at > s->size - sizeof(*value))
		return false;
	memcpy(value, s->data + at, sizeof(*value));
	return true;
}

/* A row of call frame information, as far as it is simple. */
enum row_kind {
	ROW_NONE,    /* nothing tells of this place */
	ROW_SIMPLE,  /* the fields below say all */
	ROW_COMPLEX, /* there are expressions: unwind_lib_step() */
	ROW_ALIGNED, /* simple or not: see step_aligned() */
	ROW_END,     /* the outermost frame */
};
enum {
	RULE_SAME = INT32_MAX,
	RULE_LOST = INT32_MAX - 1, /* not to be had */
};
struct unwind_row {
	uint64_t pc; /* of the object, plus 1; 0: an empty place of the cache */
	int32_t cfa_off;
	uint8_t cfa_reg;
	uint8_t kind;      /* enum row_kind */
	uint8_t signal;    /* the frame behind it was interrupted */
	uint8_t sigreturn; /* the code that a signal handler returns to */
	uint8_t handler;   /* that code is 1 behind: a handler is called */
	int32_t off[UNWIND_NSLOTS]; /* from the CFA, or RULE_ */
};

/* A part of the file that is mapped to memory. */
struct unwind_segment {
	uint64_t offset, size; /* in the file; within it */
	uint64_t vaddr;
	bool exec;
};

/* One FDE in the order of addresses. */
struct cfi_index {
	uint64_t start; /* object's address */
	uint64_t fde;   /* place in the section */
};

enum { OBJECT_NSEGMENTS = 32, OBJECT_NROWS = 16384 };

/* A part of the file, as it was when it was opened. */
struct unwind_table {
	uint8_t *data; /* NULL: none; owned */
	size_t size;
	uint64_t vaddr;
};

/* Object's addresses are those of its program headers. */
struct unwind_object {
	int fd;        /* owned */
	uint64_t size; /* of the file, when it was opened */
	struct unwind_segment segment[OBJECT_NSEGMENTS];
	unsigned nsegments;

	struct unwind_table cfi; /* .eh_frame or .debug_frame */
	bool debug_frame;

	struct unwind_table hdr; /* .eh_frame_hdr, if table is */
	const uint8_t *table;    /* its sorted part, within hdr */
	size_t ntable;
	struct cfi_index *index; /* in place of it; owned */
	size_t nindex;

	struct unwind_row *rows;   /* a hash of row.pc; owned */
	size_t nrows, row_limit;   /* those used; places less 1 */
	struct unwind_row scratch; /* in place of it without memory */
	uint64_t part;             /* unwind-libunwind.c's; 0: none yet */
	enum unwind_method method;
	bool method_known;
};

/* At most size bytes from vaddr on: how many there are. */
size_t object_read(const struct unwind_object *o, uint64_t vaddr, void *buf,
		   size_t size);
/* Has no unwind tables at all. */
static inline bool object_bare(const struct unwind_object *o)
{
	return !o->cfi.data;
}
/* What tells of pc.  Never NULL, until the next call. */
const struct unwind_row *object_row(struct unwind_object *o, uint64_t pc);
/* The address of the process less that of the object. */
uint64_t object_bias(const struct unwind_object *o,
		     const struct unwind_map *map);

/* unwind-cfi.c: a CIE and an FDE together. */
struct cfi_fde {
	uint64_t start, end; /* code; object's addresses */
	const uint8_t *init; /* of the CIE */
	const uint8_t *init_end;
	const uint8_t *insn;
	const uint8_t *insn_end;
	uint64_t insn_vaddr;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;
	uint8_t enc;
	bool signal;
};
/* A record of the section; next: where the one behind it is, 0: no more. */
enum cfi_record { CFI_BAD, CFI_CIE, CFI_FDE };
enum cfi_record cfi_read(const struct unwind_object *o, uint64_t at,
			 struct cfi_fde *fde, uint64_t *next);
/* An encoded pointer of .eh_frame_hdr at *p; false: not readable so. */
bool cfi_pointer(const uint8_t **p, const uint8_t *end, uint64_t vaddr,
		 uint8_t enc, uint64_t *value);

/* unwind-row.c: a place, and the bytes of code there. */
struct cfi_code {
	uint64_t pc;
	const uint8_t *at; /* borrowed */
	size_t size;
};
/* row->kind and what belongs to it, at a place within fde. */
void cfi_row(const struct cfi_fde *fde, const struct cfi_code *code,
	     struct unwind_row *row);
/* What the architecture's file has: the code has restored all, and returns. */
bool arch_returns(const struct cfi_code *code, const struct unwind_row *row);
/* What a whole function does. */
enum cfi_frame { FRAME_NONE, FRAME_FP, FRAME_OTHER };
enum cfi_frame cfi_frame(const struct cfi_fde *fde);

/* unwind-scan.c */
/* Fills index; false: no memory. */
bool scan_index(struct unwind_object *o);
bool scan_find(const struct unwind_object *o, uint64_t pc, struct cfi_fde *fde);

/* unwind-fp.c: steps, in place.  false: f is as it was. */
bool fp_step(struct unwind_frame *f, const struct unwind_stack *stack);
/* From the code that a handler returns to. */
bool sigreturn_step(struct unwind_frame *f, const struct unwind_stack *stack);

/* Whether there is libunwind. */
extern const bool unwind_lib_built;
/* unwind-libunwind.c, in place; pc: f->ip, or the call before it, in o. */
bool unwind_lib_step(struct unwind_object *o, struct unwind_frame *f,
		     const struct unwind_stack *stack, uint64_t pc);

/* A mapping found before. */
struct unwind_known_map {
	uint64_t start, end, bias;
	struct unwind_object *obj; /* borrowed */
};

struct unwind_space {
	unwind_find_fn find;
	void *arg;
	struct unwind_known_map map[UNWIND_NMAPS];
	unsigned nmaps, next_map, last_map;
	unsigned exact[UNWIND_NSIGNALS]; /* frames, ascending */
	unsigned nexact;
	bool only_lib; /* simple rows too are libunwind's: for the tests */
};

#endif /* PFM_UNWIND_PRIV_H */
