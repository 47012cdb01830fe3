/* SPDX-License-Identifier: MIT
 *
 * hw.h - the PMU of one x86 CPU as its registers: what CPUID tells, which MSR
 * each logical register is, which counters an event may go to.  The parts that
 * know a vendor are pmu-intel.c and pmu-amd.c, the tables of single events are
 * in hw-rules.c.  Facts only: nothing here touches a counter.
 *
 * Logical registers, as perfmon2's x86 descriptions had them: PMC and PMD 0 to
 * 15 are the general counters; PMC 16 is FIXED_CTR_CTRL, PMD 16+i fixed counter
 * i; PMC 18 and up are the extra words of some events; PMD 64 and up run freely
 * and have no PMC.
 */
#ifndef PFM_HW_H
#define PFM_HW_H

#include <stdbool.h>
#include <stdint.h>

#include "insn.h"

#define HW_MAX_GP 16
#define HW_MAX_FIXED 16
#define HW_PMC_FIXED 16 /* FIXED_CTR_CTRL */
#define HW_PMD_FIXED 16
#define HW_NCOUNTERS (HW_PMD_FIXED + HW_MAX_FIXED)
#define HW_PMC_LD_LAT 18
#define HW_PMC_OFFCORE0 19
#define HW_PMC_OFFCORE1 20
#define HW_PMC_FRONTEND 21
#define HW_PMC_SNOOP0 22
#define HW_PMC_SNOOP1 23
#define HW_NPMCS 24
#define HW_PMD_FREE 64

/* PMD HW_PMD_FREE + this.  Scope and unit: reference, section 3. */
enum hw_free {
	HW_TSC,
	HW_MPERF,
	HW_APERF,
	HW_PPERF,
	HW_IRPERF,
	HW_SMI,
	HW_THERM,     /* status word, not a count: see hw_degrees() */
	HW_PKG_THERM, /* the same for the package */
	HW_ENERGY_PKG,
	HW_ENERGY_CORES,
	HW_ENERGY_GFX,
	HW_ENERGY_DRAM,
	HW_ENERGY_PSYS,
	HW_NFREE,
};
#define HW_NPMDS (HW_PMD_FREE + HW_NFREE)

enum hw_vendor { HW_INTEL, HW_AMD };

/* Event select bits common to both vendors. */
#define SEL_EVENT UINT64_C(0xff)
#define SEL_UMASK UINT64_C(0xff00)
#define SEL_USR (UINT64_C(1) << 16)
#define SEL_OS (UINT64_C(1) << 17)
#define SEL_EDGE (UINT64_C(1) << 18)
#define SEL_INT (UINT64_C(1) << 20)
#define SEL_ANY (UINT64_C(1) << 21)
#define SEL_EN (UINT64_C(1) << 22)
#define SEL_INV (UINT64_C(1) << 23)
#define SEL_CMASK UINT64_C(0xff000000)

/* A PMC: the register, and the bits of it that may be set. */
struct hw_pmc {
	uint32_t msr;   /* 0: this machine has none */
	uint64_t valid; /* writable bits, SEL_INT and its like left out */
	char name[24];  /* as the manual spells it, if it is not longer */
};

/* A PMD. */
struct hw_pmd {
	uint32_t msr; /* to read; 0: none */
	uint32_t wr;  /* to write; 0: it runs freely */
	uint8_t width;
	bool wr32; /* a write takes 32 bits and sign-extends them */
	char name[24];
};

/* One CPU, filled by hw_probe(). */
struct pfm_hw {
	enum hw_vendor vendor;
	unsigned family, model, stepping;
	unsigned core_type; /* hybrid: 0x20 Atom, 0x40 Core; else 0 */
	/*
	 * Intel: 1 to 6, CPUID.0AH.  AMD: 0 four counters, 1 core-extended
	 * six, 2 PerfMonV2.
	 */
	unsigned version;
	unsigned uarch;      /* enum hw_uarch of hw-rules.c; 0: not known */
	const char *libpfm;  /* libpfm4's name for it, "skl"; NULL: not known */
	char desc[96];       /* "Intel Skylake, PMU v4, 4 general and ..." */
	uint32_t gp, fixed;  /* bit i: counter i exists */
	uint32_t no_events;  /* bit i: architectural event i is missing */
	bool hypervisor;     /* CPUID.01H:ECX[31] */
	uint32_t ctl;        /* global control, or 0 */
	uint32_t status;     /* overflow status, or 0 */
	uint32_t status_clr; /* write 1 to clear */
	uint32_t status_set; /* write 1 to set, or 0 */
	double joule[HW_NFREE]; /* of one step, energy counters only */
	struct hw_pmc pmc[HW_NPMCS];
	struct hw_pmd pmd[HW_NPMDS];
};

/* All counters of the CPU, bits as in struct hw_rule. */
static inline uint32_t hw_counters(const struct pfm_hw *hw)
{
	return hw->gp | hw->fixed << HW_PMD_FIXED;
}

/*
 * Of these, the kernel's NMI watchdog has one: it counts cycles, on the fixed
 * counter of that where there is one.  Linux 6.12, kernel/watchdog_perf.c.
 */
static inline uint32_t hw_watchdog(const struct pfm_hw *hw)
{
	if (hw->fixed & 2)
		return UINT32_C(2) << HW_PMD_FIXED;
	return hw->gp ? UINT32_C(1) << (31 - __builtin_clz(hw->gp)) : 0;
}

/* How a probe reads the CPU. */
struct hw_source {
	void *arg;
	/* As insn_cpuid(). */
	bool (*cpuid)(void *arg, uint32_t leaf, uint32_t sub,
		      struct cpuid_regs *r);
	/* 0 or -errno; NULL: MSRs cannot be read, what needs them is left out */
	int (*rdmsr)(void *arg, uint32_t msr, uint64_t *value);
};

/*
 * hw.c: describe a CPU.  -ENODEV with a reason: a vendor we do not know, or a
 * CPUID without a PMU; free-running PMDs may be there even so, and the
 * vendor, family and model are filled in.
 */
int hw_probe(const struct hw_source *src, struct pfm_hw *hw);
/* pmu-intel.c, pmu-amd.c: the vendors' parts of it. */
int hw_probe_intel(const struct hw_source *src, struct pfm_hw *hw);
int hw_probe_amd(const struct hw_source *src, struct pfm_hw *hw);
/* hw.c: for the two: add one register. */
void hw_add_pmc(struct pfm_hw *hw, unsigned n, uint32_t msr, uint64_t valid,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void hw_add_pmd(struct pfm_hw *hw, unsigned n, uint32_t msr, uint8_t width,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * hw-rules.c: where an event select may go.
 */
struct hw_rule {
	uint32_t pmds;    /* bit n: PMD n (general 0 to 15, fixed 16 to 31) */
	uint8_t nextra;   /* alternatives for the extra word; 0: it has none */
	uint8_t extra[2]; /* PMC of the word */
	uint64_t code[2]; /* the event select that goes with it */
	bool pair;        /* AMD merge: even counter n, and n+1 as well */
};

/* code: event select, levels and modifiers included. -EINVAL with a reason. */
int hw_rule(const struct pfm_hw *hw, uint64_t code, struct hw_rule *rule);

/* hw-rules.c: AMD's merge event, the second half of a pair. */
bool hw_is_merge(const struct pfm_hw *hw, uint64_t code);

/*
 * The event select of a portable name, PERF_TYPE_HARDWARE config; USR and OS
 * are left 0.  0: this PMU has no such event.
 */
uint64_t hw_generic(const struct pfm_hw *hw, unsigned config);

/*
 * hw-names.c, on a hybrid machine: is "pmu::EVENT" libpfm4's for this type of
 * core, or for another one?
 */
bool hw_is_of(const struct pfm_hw *hw, const char *event);
bool hw_is_of_other(const struct pfm_hw *hw, const char *event);

/* hw-names.c: fill uarch and libpfm from family, model and core type. */
void hw_name(struct pfm_hw *hw);

/*
 * hw.c: arithmetic of counters.
 *
 * What was added between two readings of a counter of so many bits.
 */
static inline uint64_t hw_delta(uint64_t before, uint64_t now, unsigned width)
{
	return (now - before) &
	       (width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX);
}

/* More than 30 events a nanosecond: nobody counts so fast (vector D11). */
static inline bool hw_plausible(uint64_t delta, uint64_t elapsed_ns)
{
	return delta / 30 <= elapsed_ns;
}

/*
 * The value to write so that the counter wraps after period events: 0, or
 * -ERANGE when the register cannot hold it (vectors D6 to D10).
 */
int hw_preset(const struct pfm_hw *hw, unsigned pmd, uint64_t period,
	      uint64_t *write, uint64_t *reads);

/*
 * Degrees below Tj, -1: the reading is not valid (IA32_THERM_STATUS).  The
 * package's word has no such bit: or BIT(31) into it.
 */
int hw_degrees(uint64_t therm);

#endif /* PFM_HW_H */
