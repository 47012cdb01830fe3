/* SPDX-License-Identifier: MIT
 *
 * insn-x86.c - CPUID, RDPMC and RDTSC.
 */
#include "config.h"

#include <cpuid.h>

#include "insn.h"

bool insn_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r)
{
	return __get_cpuid_count(leaf, subleaf, &r->eax, &r->ebx, &r->ecx,
				 &r->edx);
}

uint64_t insn_rdpmc(uint32_t counter)
{
	return (uint64_t)__builtin_ia32_rdpmc((int)counter);
}

uint64_t insn_rdtsc(void)
{
	return __builtin_ia32_rdtsc();
}
