/* SPDX-License-Identifier: MIT
 *
 * t-disasm.c - code to text: both syntaxes, targets of branches and calls, data
 * beside the code, bytes that are no instruction, machines that are not known.
 */
#include "config.h"

#include <pfmcore.h>

#include "disasm.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define AT 0x401000

static const struct row {
	const char *machine;
	unsigned char bytes[16];
	unsigned n;    /* bytes given */
	unsigned size; /* bytes of the instruction */
	bool intel;
	enum disasm_kind kind;
	uint64_t target;
	const char *text;
} rows[] = {
	{ "x86_64",
	  { 0x48, 0x89, 0xe5 },
	  3,
	  3,
	  false,
	  DISASM_PLAIN,
	  0,
	  "movq   %rsp, %rbp" },
	{ "x86_64",
	  { 0x48, 0x89, 0xe5 },
	  3,
	  3,
	  true,
	  DISASM_PLAIN,
	  0,
	  "mov    rbp, rsp" },
	{ "x86_64", { 0xc3, 0x90 }, 2, 1, false, DISASM_PLAIN, 0, "retq" },
	{ "x86_64", { 0x75, 0xfe }, 2, 2, false, DISASM_JUMP, AT, "jne    " },
	{ "x86_64",
	  { 0x75, 0x10 },
	  2,
	  2,
	  true,
	  DISASM_JUMP,
	  AT + 0x12,
	  "jne    " },
	{ "x86_64",
	  { 0xe9, 0, 1, 0, 0 },
	  5,
	  5,
	  false,
	  DISASM_JUMP,
	  AT + 0x105,
	  "jmp    " },
	{ "x86_64",
	  { 0xe8, 0xfb, 0xff, 0xff, 0xff },
	  5,
	  5,
	  false,
	  DISASM_CALL,
	  AT,
	  "callq  " },
	{ "x86_64",
	  { 0xff, 0xd0 },
	  2,
	  2,
	  false,
	  DISASM_PLAIN,
	  0,
	  "callq  *%rax" },
	{ "x86_64",
	  { 0x8b, 0x05, 0x10, 0, 0, 0 },
	  6,
	  6,
	  false,
	  DISASM_DATA,
	  AT + 0x16,
	  "movl   0x10(%rip), %eax" },
	{ "x86_64", { 0x6a, 0x05 }, 2, 2, false, DISASM_PLAIN, 0, "pushq  $5" },
	{ "x86_64",
	  { 0x06, 0x90 },
	  2,
	  1,
	  false,
	  DISASM_PLAIN,
	  0,
	  ".byte  0x06" },
	{ "x86_64",
	  { 0xe8, 0xfb },
	  2,
	  1,
	  false,
	  DISASM_PLAIN,
	  0,
	  ".byte  0xe8" },
	{ "x86_64", { 0xe2, 0xfe }, 2, 2, false, DISASM_JUMP, AT, "loop   " },
	{ "i686", { 0x06 }, 1, 1, true, DISASM_PLAIN, 0, "push   es" },
	{ "aarch64",
	  { 0xc0, 0x03, 0x5f, 0xd6 },
	  4,
	  4,
	  false,
	  DISASM_PLAIN,
	  0,
	  "ret" },
	{ "aarch64",
	  { 0x40, 0, 0, 0xb4 },
	  4,
	  4,
	  false,
	  DISASM_JUMP,
	  AT + 8,
	  "cbz    x0, " },
	{ "aarch64",
	  { 0xff, 0xff, 0xff, 0x97 },
	  4,
	  4,
	  false,
	  DISASM_CALL,
	  AT - 4,
	  "bl     " },
	{ "aarch64",
	  { 1, 0, 0, 0 },
	  4,
	  4,
	  false,
	  DISASM_PLAIN,
	  0,
	  ".byte  0x01, 0x00, 0x00, 0x00" },
	{ "aarch64",
	  { 1, 2 },
	  2,
	  2,
	  false,
	  DISASM_PLAIN,
	  0,
	  ".byte  0x01, 0x02" },
};

static void check_row(const struct row *r)
{
	struct disasm_insn insn;
	struct disasm *d;
	char *why;

	d = disasm_open(r->machine, r->intel, &why);
	if (!d) {
		skip("%s: %s", r->machine, why);
		free(why);
		return;
	}
	/* A copy of the exact size: a sanitizer sees a read beyond it. */
	unsigned char *bytes = malloc(r->n);

	memcpy(bytes, r->bytes, r->n);
	disasm_one(d, bytes, r->n, AT, &insn);
	is_str(insn.text, r->text, "%s, %s: text", r->machine, r->text);
	is_u64(insn.size, r->size, "%s, %s: size", r->machine, r->text);
	is_u64(insn.kind, r->kind, "%s, %s: kind", r->machine, r->text);
	is_u64(insn.target, r->target, "%s, %s: target", r->machine, r->text);
	free(bytes);
	disasm_close(d);
}

/* Whatever the bytes are, each one is passed once. */
static void check_noise(const char *machine)
{
	unsigned char bytes[4096];
	struct disasm_insn insn;
	uint32_t x = 12345;
	struct disasm *d;
	bool fine = true;
	char *why;
	size_t at;

	d = disasm_open(machine, false, &why);
	if (!d) {
		skip("%s: %s", machine, why);
		free(why);
		return;
	}
	for (at = 0; at < sizeof(bytes); at++) {
		x = x * 1664525 + 1013904223;
		bytes[at] = (unsigned char)(x >> 24);
	}
	for (at = 0; at < sizeof(bytes) && fine; at += insn.size) {
		disasm_one(d, bytes + at, sizeof(bytes) - at, AT + at, &insn);
		fine = insn.size > 0 && insn.size <= sizeof(bytes) - at &&
		       insn.addr == AT + at && *insn.text;
	}
	ok(fine && at == sizeof(bytes), "%s: any bytes are passed", machine);
	disasm_close(d);
}

int main(void)
{
	char *why = NULL;

	for (size_t i = 0; i < N(rows); i++)
		check_row(&rows[i]);
	check_noise("x86_64");
	check_noise("aarch64");
	ok(!disasm_open("vax", false, &why), "a machine that is not known");
	ok(why && *why, "and why: %s", why ? why : "");
	free(why);
	return done_testing();
}
