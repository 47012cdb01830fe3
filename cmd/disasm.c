/* SPDX-License-Identifier: MIT
 *
 * disasm.c - the only file that knows capstone.  The library is opened at the
 * first function that is shown: nothing but annotate needs it.
 */
#include "config.h"

#include "disasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>
#include <dlfcn.h>

const char version_capstone[] = "yes, opened when annotate needs it";

/* The library's functions as far as they are used here. */
static struct {
	__typeof__(&cs_open) open;
	__typeof__(&cs_option) option;
	__typeof__(&cs_malloc) malloc;
	__typeof__(&cs_disasm_iter) disasm_iter;
	__typeof__(&cs_insn_group) insn_group;
	__typeof__(&cs_free) free;
	__typeof__(&cs_close) close;
} cs;

static const struct {
	void *slot;
	const char *name;
} symbols[] = {
	{ &cs.open, "cs_open" },
	{ &cs.option, "cs_option" },
	{ &cs.malloc, "cs_malloc" },
	{ &cs.disasm_iter, "cs_disasm_iter" },
	{ &cs.insn_group, "cs_insn_group" },
	{ &cs.free, "cs_free" },
	{ &cs.close, "cs_close" },
};

/* clang-format off */
static const struct machine_row {
	const char *name;
	cs_arch arch;
	cs_mode mode;
	unsigned step; /* bytes of data at a time where no instruction is */
} machines[] = {
	{ "x86_64",  CS_ARCH_X86,   CS_MODE_64, 1 },
	{ "i686",    CS_ARCH_X86,   CS_MODE_32, 1 },
	{ "i386",    CS_ARCH_X86,   CS_MODE_32, 1 },
	{ "aarch64", CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, 4 },
};
/* clang-format on */

struct disasm {
	const struct machine_row *machine; /* borrowed */
	csh handle;
	cs_insn *insn; /* owned */
};

static char *load(void)
{
	void *lib = dlopen(LIBCAPSTONE_SONAME, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!lib)
		return xasprintf("no instructions without capstone: %s "
				 "(Debian: libcapstone4)",
				 dlerror());
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *sym = dlsym(lib, symbols[i].name);

		if (!sym)
			return xasprintf(
				"no instructions: %s lacks %s, install "
				"capstone 4",
				LIBCAPSTONE_SONAME, symbols[i].name);
		*(void **)symbols[i].slot = sym;
	}
	return NULL;
}

static bool start(struct disasm *d, bool intel)
{
	if (cs.open(d->machine->arch, d->machine->mode, &d->handle) !=
	    CS_ERR_OK)
		return false;
	/* What a branch goes to is in the details alone. */
	if (cs.option(d->handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK)
		d->insn = cs.malloc(d->handle);
	if (d->insn && d->machine->arch == CS_ARCH_X86 && !intel)
		cs.option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	if (!d->insn)
		cs.close(&d->handle);
	return d->insn != NULL;
}

struct disasm *disasm_open(const char *machine, bool intel, char **why)
{
	struct disasm *d;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++)
		if (!strcmp(machines[i].name, machine))
			break;
	if (i == ARRAY_SIZE(machines)) {
		*why = xasprintf("no instructions: pfmon cannot disassemble "
				 "code of '%s'",
				 machine);
		return NULL;
	}
	*why = cs.open ? NULL : load();
	if (*why)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->machine = &machines[i];
	if (start(d, intel))
		return d;
	free(d);
	*why = xasprintf("no instructions: this capstone was built without %s",
			 machine);
	return NULL;
}

/* The number that an instruction's last operand is. */
static bool last_number(const struct disasm *d, uint64_t *value)
{
	const cs_detail *t = d->insn->detail;

	if (d->machine->arch == CS_ARCH_X86) {
		const cs_x86 *x = &t->x86;

		if (!x->op_count ||
		    x->operands[x->op_count - 1].type != X86_OP_IMM)
			return false;
		*value = (uint64_t)x->operands[x->op_count - 1].imm;
		return true;
	}
	if (!t->arm64.op_count ||
	    t->arm64.operands[t->arm64.op_count - 1].type != ARM64_OP_IMM)
		return false;
	*value = (uint64_t)t->arm64.operands[t->arm64.op_count - 1].imm;
	return true;
}

/* Data that is addressed by its distance, as position-independent code does. */
static bool relative_data(const struct disasm *d, uint64_t *value)
{
	const cs_x86 *x = &d->insn->detail->x86;
	unsigned i;

	if (d->machine->arch != CS_ARCH_X86)
		return false;
	for (i = 0; i < x->op_count; i++) {
		if (x->operands[i].type != X86_OP_MEM ||
		    x->operands[i].mem.base != X86_REG_RIP)
			continue;
		*value = d->insn->address + d->insn->size +
			 (uint64_t)x->operands[i].mem.disp;
		return true;
	}
	return false;
}

static bool in_group(const struct disasm *d, unsigned group)
{
	return cs.insn_group(d->handle, d->insn, group);
}

static enum disasm_kind kind_of(const struct disasm *d, uint64_t *target)
{
	/* Neither group is complete: it lacks bl of arm64, and loop of x86. */
	bool call = in_group(d, CS_GRP_CALL) ||
		    (d->machine->arch == CS_ARCH_ARM64 &&
		     d->insn->id == ARM64_INS_BL);

	if ((call || in_group(d, CS_GRP_JUMP) ||
	     in_group(d, CS_GRP_BRANCH_RELATIVE)) &&
	    last_number(d, target))
		return call ? DISASM_CALL : DISASM_JUMP;
	return relative_data(d, target) ? DISASM_DATA : DISASM_PLAIN;
}

/* Up to the last operand if that is what a jump or a call goes to. */
static size_t operands_length(const struct disasm_insn *out, const char *ops)
{
	const char *last;

	if (out->kind != DISASM_JUMP && out->kind != DISASM_CALL)
		return strlen(ops);
	last = strrchr(ops, ' ');
	return last ? (size_t)(last - ops) + 1 : 0;
}

static void put_data(const struct disasm *d, const unsigned char *bytes,
		     size_t n, struct disasm_insn *out)
{
	size_t i, len;

	out->kind = DISASM_PLAIN;
	out->size = d->machine->step < n ? d->machine->step : (unsigned)n;
	len = (size_t)snprintf(out->text, sizeof(out->text), ".byte ");
	for (i = 0; i < out->size; i++)
		len += (size_t)snprintf(out->text + len,
					sizeof(out->text) - len, "%s0x%02x",
					i ? ", " : " ", bytes[i]);
}

void disasm_one(struct disasm *d, const unsigned char *bytes, size_t n,
		uint64_t addr, struct disasm_insn *out)
{
	const uint8_t *code = bytes;
	uint64_t next = addr;
	size_t left = n;

	*out = (struct disasm_insn){ .addr = addr };
	if (!cs.disasm_iter(d->handle, &code, &left, &next, d->insn) ||
	    !d->insn->size || d->insn->size > n) {
		put_data(d, bytes, n, out);
		return;
	}
	out->size = d->insn->size;
	out->kind = kind_of(d, &out->target);
	if (*d->insn->op_str)
		snprintf(out->text, sizeof(out->text), "%-6s %.*s",
			 d->insn->mnemonic,
			 (int)operands_length(out, d->insn->op_str),
			 d->insn->op_str);
	else
		snprintf(out->text, sizeof(out->text), "%s", d->insn->mnemonic);
}

void disasm_close(struct disasm *d)
{
	if (!d)
		return;
	cs.free(d->insn, 1);
	cs.close(&d->handle);
	free(d);
}

#else /* !HAVE_CAPSTONE */

const char version_capstone[] = "no: annotate shows addresses and lines";

struct disasm *disasm_open(const char *machine, bool intel, char **why)
{
	(void)machine;
	(void)intel;
	*why = xstrdup("no instructions: this pfmon was built without "
		       "capstone");
	return NULL;
}

/* Neither is reached: none was ever opened. */
void disasm_one(struct disasm *d, const unsigned char *bytes, size_t n,
		uint64_t addr, struct disasm_insn *out)
{
	(void)d;
	(void)bytes;
	(void)n;
	(void)addr;
	(void)out;
	abort();
}

void disasm_close(struct disasm *d)
{
	(void)d;
}

#endif
