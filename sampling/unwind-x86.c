/* SPDX-License-Identifier: MIT
 *
 * unwind-x86.c - the unwinder's registers of x86-64.  DWARF numbers: System V
 * ABI, AMD64 supplement 1.0, "DWARF Register Number Mapping"; those of samples:
 * asm/perf_regs.h; the frame of a signal: struct rt_sigframe of Linux, where
 * the stack pointer is at its ucontext once the handler has returned.
 */
#include "config.h"

#include <asm/perf_regs.h>
#include <elf.h>

#include "unwind-priv.h"

enum { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R12 = 12, RA = 16, NREGS };

static const uint8_t perf[NREGS] = {
	PERF_REG_X86_AX,  PERF_REG_X86_DX,  PERF_REG_X86_CX,  PERF_REG_X86_BX,
	PERF_REG_X86_SI,  PERF_REG_X86_DI,  PERF_REG_X86_BP,  PERF_REG_X86_SP,
	PERF_REG_X86_R8,  PERF_REG_X86_R9,  PERF_REG_X86_R10, PERF_REG_X86_R11,
	PERF_REG_X86_R12, PERF_REG_X86_R13, PERF_REG_X86_R14, PERF_REG_X86_R15,
};
static const uint8_t slot_reg[] = { RBX, RBP, 12, 13, 14, 15, RA };
static const int8_t reg_slot[NREGS] = {
	-1, -1, -1, 0, -1, -1, 1, -1, -1, -1, -1, -1, 2, 3, 4, 5, 6,
};
/* gregs[] of mcontext_t: 40 bytes into ucontext_t. */
static const uint16_t sigframe[NREGS] = {
	[RAX] = 144, [RDX] = 136, [RCX] = 152, [RBX] = 128,
	[RSI] = 112, [RDI] = 104, [RBP] = 120, [RSP] = 160,
	[8] = 40,    [9] = 48,    [10] = 56,   [11] = 64,
	[12] = 72,   [13] = 80,   [14] = 88,   [15] = 96,
};

const struct unwind_arch unwind_arch = {
	.machine = EM_X86_64,
	.nregs = NREGS,
	.sp = RSP,
	.fp = RBP,
	.ra = RA,
	.ip = RA,
	.nslots = sizeof(slot_reg),
	.slot_reg = slot_reg,
	.reg_slot = reg_slot,
	.perf = perf,
	.perf_ip = PERF_REG_X86_IP,
	.kept = 1u << RBX | 1u << RBP | 0xfu << R12,
	.ra_mask = UINT64_MAX,
	/* mov $15, %rax; syscall */
	.sigreturn = "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05",
	.sigreturn_size = 9,
	.sigframe = sigframe,
	.sigframe_ip = 168,
};

/* Those below FLAGS, and R8 to R15. */
const uint64_t unwind_regs_mask = 0xff01ff;

/* ret, rep ret, bnd ret; lea -8(%r10), %rsp; ret */
static const struct {
	uint8_t size, cfa_reg, cfa_off;
	const char *code;
} returns[] = {
	{ 1, RSP, 8, "\xc3" },
	{ 1, RSP, 8, "\xc2" },
	{ 2, RSP, 8, "\xf3\xc3" },
	{ 2, RSP, 8, "\xf2\xc3" },
	{ 5, 10, 0, "\x49\x8d\x62\xf8\xc3" },
};

bool arch_returns(const struct cfi_code *code, const struct unwind_row *row)
{
	for (unsigned i = 0; i < sizeof(returns) / sizeof(*returns); i++)
		if (code->size >= returns[i].size &&
		    row->cfa_reg == returns[i].cfa_reg &&
		    row->cfa_off == returns[i].cfa_off &&
		    !memcmp(code->at, returns[i].code, returns[i].size))
			return true;
	return false;
}
