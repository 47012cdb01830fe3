/* SPDX-License-Identifier: MIT
 *
 * insn-none.c - a processor whose instructions the library does not use: no
 * CPUID leaf exists, and the kernel's page never offers the other two.
 */
#include "config.h"

#include <stdlib.h>

#include "insn.h"

bool insn_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r)
{
	(void)leaf;
	(void)subleaf;
	(void)r;
	return false;
}

uint64_t insn_rdpmc(uint32_t counter)
{
	(void)counter;
	abort();
}

uint64_t insn_rdtsc(void)
{
	abort();
}
