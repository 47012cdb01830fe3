/* SPDX-License-Identifier: MIT
 *
 * insn.h - the processor's own instructions that the library uses.  One of
 * insn-x86.c and insn-none.c is compiled.
 */
#ifndef PFM_INSN_H
#define PFM_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

/* False when the leaf does not exist.  Traps in a guest: tens of us. */
bool insn_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r);

/* Only after the kernel offered it (cap_user_rdpmc, cap_user_time). */
uint64_t insn_rdpmc(uint32_t counter);
uint64_t insn_rdtsc(void);

#endif /* PFM_INSN_H */
