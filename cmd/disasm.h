/* SPDX-License-Identifier: MIT
 *
 * disasm.h - bytes of code to text, an instruction at a time.  disasm.c is the
 * only file that knows capstone, which is opened on first need.
 */
#ifndef PFM_DISASM_H
#define PFM_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the address in an instruction is for. */
enum disasm_kind {
	DISASM_PLAIN, /* there is none */
	DISASM_JUMP,
	DISASM_CALL,
	DISASM_DATA, /* relative to the instruction itself */
};

struct disasm_insn {
	uint64_t addr, target; /* target: unless DISASM_PLAIN */
	unsigned size;         /* bytes */
	enum disasm_kind kind;
	char text[256]; /* ends before the target of a jump or a call */
};

struct disasm;

/*
 * For a machine as uname(1) names it.  NULL with one sentence in *why (to be
 * freed): no capstone, or it does not know the machine.
 */
struct disasm *disasm_open(const char *machine, bool intel, char **why);
/*
 * The instruction that begins bytes, of which there are n > 0.  Bytes that are
 * none are shown as data, so out->size is always from 1 to n.
 */
void disasm_one(struct disasm *d, const unsigned char *bytes, size_t n,
		uint64_t addr, struct disasm_insn *out);
void disasm_close(struct disasm *d);

/* Is it in, and what that means: "yes, ..." or "no: ...". */
extern const char version_capstone[];

#endif /* PFM_DISASM_H */
