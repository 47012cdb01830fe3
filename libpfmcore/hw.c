/* SPDX-License-Identifier: MIT
 *
 * hw.c - what CPUID tells of a CPU's PMU, whoever made it, and the arithmetic
 * of counters.  The vendors' registers are in pmu-intel.c and pmu-amd.c.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hw.h"
#include "priv.h"

void hw_add_pmc(struct pfm_hw *hw, unsigned n, uint32_t msr, uint64_t valid,
		const char *fmt, ...)
{
	va_list ap;

	hw->pmc[n].msr = msr;
	hw->pmc[n].valid = valid;
	va_start(ap, fmt);
	vsnprintf(hw->pmc[n].name, sizeof(hw->pmc[n].name), fmt, ap);
	va_end(ap);
}

void hw_add_pmd(struct pfm_hw *hw, unsigned n, uint32_t msr, uint8_t width,
		const char *fmt, ...)
{
	va_list ap;

	hw->pmd[n].msr = msr;
	hw->pmd[n].width = width;
	va_start(ap, fmt);
	vsnprintf(hw->pmd[n].name, sizeof(hw->pmd[n].name), fmt, ap);
	va_end(ap);
}

/* Intel SDM volume 2, CPUID.01H:EAX; AMD64 APM volume 3, Fn0000_0001_EAX. */
static void decode_signature(struct pfm_hw *hw, uint32_t eax)
{
	hw->stepping = eax & 15;
	hw->model = eax >> 4 & 15;
	hw->family = eax >> 8 & 15;
	if (hw->family == 15 || (hw->family == 6 && hw->vendor == HW_INTEL))
		hw->model |= (eax >> 16 & 15) << 4;
	if (hw->family == 15)
		hw->family += eax >> 20 & 0xff;
}

static int decode_vendor(struct pfm_hw *hw, const struct cpuid_regs *r)
{
	char name[13] = "";

	memcpy(name, &r->ebx, 4);
	memcpy(name + 4, &r->edx, 4);
	memcpy(name + 8, &r->ecx, 4);
	if (strcmp(name, "GenuineIntel") == 0)
		hw->vendor = HW_INTEL;
	else if (strcmp(name, "AuthenticAMD") == 0 ||
		 strcmp(name, "HygonGenuine") == 0)
		hw->vendor = HW_AMD;
	else
		return fail(ENODEV,
			    "processors of '%s' are not known: Intel and AMD "
			    "are",
			    name);
	return 0;
}

int hw_probe(const struct hw_source *src, struct pfm_hw *hw)
{
	struct cpuid_regs r;
	int ret;

	memset(hw, 0, sizeof(*hw));
	if (!src->cpuid(src->arg, 0, 0, &r))
		return fail(ENODEV, "this processor has no CPUID");
	ret = decode_vendor(hw, &r);
	if (ret < 0)
		return ret;
	if (!src->cpuid(src->arg, 1, 0, &r))
		return fail(ENODEV, "CPUID has no leaf 1: no PMU is known");
	decode_signature(hw, r.eax);
	hw->hypervisor = r.ecx >> 31 & 1;
	return hw->vendor == HW_INTEL ? hw_probe_intel(src, hw) :
					hw_probe_amd(src, hw);
}

int hw_preset(const struct pfm_hw *hw, unsigned pmd, uint64_t period,
	      uint64_t *write, uint64_t *reads)
{
	const struct hw_pmd *p = &hw->pmd[pmd];
	uint64_t top, limit;

	if (!p->wr)
		return -ERANGE;
	top = UINT64_C(1) << (p->width - 1);
	if (p->wr32)
		limit = UINT64_C(1) << 31;
	else if (hw->status)
		limit = 2 * top - 1;
	else /* the top bit is all that tells of a wrap */
		limit = top;
	if (period == 0 || period > limit)
		return -ERANGE;
	*reads = -period & (2 * top - 1);
	*write = p->wr32 ? *reads & 0xffffffff : *reads;
	return 0;
}

/* Intel SDM volume 3, "Digital Readout": IA32_THERM_STATUS 22:16, 31 valid. */
int hw_degrees(uint64_t therm)
{
	return therm >> 31 & 1 ? (int)(therm >> 16 & 0x7f) : -1;
}
