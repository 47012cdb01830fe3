/* SPDX-License-Identifier: MIT
 *
 * unwind-arm64.c - the unwinder's registers of aarch64.  DWARF numbers: ABI for
 * the Arm 64-bit Architecture, "DWARF for the Arm 64-bit Architecture"; those of
 * samples: asm/perf_regs.h, in the same order; the frame of a signal: siginfo,
 * then ucontext, at the stack pointer.
 */
#include "config.h"

#include <asm/perf_regs.h>
#include <elf.h>

#include "unwind-priv.h"

enum { FP = 29, LR = 30, SP = 31, NREGS = 32 };

static const uint8_t perf[NREGS] = {
	0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};
static const uint8_t slot_reg[] = {
	19, 20, 21, 22, 23, 24, 25, 26, 27, 28, FP, LR,
};
static const int8_t reg_slot[NREGS] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, -1,
};
/* uc_mcontext.regs: 128 of siginfo_t, 176 of ucontext_t, 8 of sigcontext. */
#define SAVED(n) (312 + 8 * (n))
static const uint16_t sigframe[NREGS] = {
	SAVED(0),  SAVED(1),  SAVED(2),  SAVED(3),  SAVED(4),  SAVED(5),
	SAVED(6),  SAVED(7),  SAVED(8),  SAVED(9),  SAVED(10), SAVED(11),
	SAVED(12), SAVED(13), SAVED(14), SAVED(15), SAVED(16), SAVED(17),
	SAVED(18), SAVED(19), SAVED(20), SAVED(21), SAVED(22), SAVED(23),
	SAVED(24), SAVED(25), SAVED(26), SAVED(27), SAVED(28), SAVED(29),
	SAVED(30), SAVED(31),
};

const struct unwind_arch unwind_arch = {
	.machine = EM_AARCH64,
	.nregs = NREGS,
	.sp = SP,
	.fp = FP,
	.ra = LR,
	.ip = 32,
	.nslots = sizeof(slot_reg),
	.fp_pair = true,
	.slot_reg = slot_reg,
	.reg_slot = reg_slot,
	.perf = perf,
	.perf_ip = PERF_REG_ARM64_PC,
	.kept = UINT64_C(0x7ff) << 19,
	/* Above 48 bits is the signature of pointer authentication. */
	.ra_mask = (UINT64_C(1) << 48) - 1,
	/* mov x8, #139; svc #0 */
	.sigreturn = "\x68\x11\x80\xd2\x01\x00\x00\xd4",
	.sigreturn_size = 8,
	.sigframe = sigframe,
	.sigframe_ip = SAVED(32),
};

const uint64_t unwind_regs_mask = (UINT64_C(1) << PERF_REG_ARM64_MAX) - 1;

/* Compilers tell of each register restored. */
bool arch_returns(const struct cfi_code *code, const struct unwind_row *row)
{
	(void)code;
	(void)row;
	return false;
}
