/* SPDX-License-Identifier: MIT
 *
 * hw-rules.h - the tables of single events: what hw-rules.c asks, and the files
 * that hold the data.  Not a description of registers: see hw.h.
 */
#ifndef PFM_HW_RULES_H
#define PFM_HW_RULES_H

#include "hw.h"

/* Families of cores that share their constraints. */
enum hw_uarch {
	UARCH_UNKNOWN,
	UARCH_CORE2,
	UARCH_NHM,
	UARCH_WSM,
	UARCH_SNB,
	UARCH_IVB,
	UARCH_HSW,
	UARCH_BDW,
	UARCH_SKL, /* to Comet Lake */
	UARCH_ICL, /* to Rocket Lake */
	UARCH_GLC, /* Golden Cove, Raptor Cove */
	UARCH_RWC, /* Redwood Cove */
	UARCH_LNC, /* Lion Cove */
	UARCH_BNL, /* Bonnell */
	UARCH_SLM,
	UARCH_GLM,
	UARCH_TNT,
	UARCH_GRT, /* Gracemont */
	UARCH_CMT, /* Crestmont */
	UARCH_SKT, /* Skymont */
	UARCH_KNL,
	UARCH_K7,
	UARCH_K8,
	UARCH_F10, /* families 10h to 14h, and 16h */
	UARCH_F15,
	UARCH_ZEN1,
	UARCH_ZEN2,
	UARCH_ZEN3,
	UARCH_ZEN4,
	UARCH_ZEN5,
};
#define U(x) (UINT32_C(1) << (UARCH_##x))
#define U_FROM(a, b) (U(b) * 2 - U(a))

/* Event first to last with (umask & mask) == umask: these counters alone. */
struct hw_constraint {
	uint32_t uarchs;
	uint16_t first, last;
	uint8_t umask, mask;
	uint32_t pmds; /* as struct hw_rule; 0: all general counters */
};
/* The first row that fits decides. */
extern const struct hw_constraint hw_constraints[];
extern const unsigned hw_nconstraints;

/* Events (umask << 8 | event) that a fixed counter counts as well. */
struct hw_fixed {
	uint32_t uarchs;
	uint16_t code;
	uint8_t fixed;
};
extern const struct hw_fixed hw_fixeds[];
extern const unsigned hw_nfixeds;

/* Events with a second word, and its register. */
struct hw_extra {
	uint32_t uarchs;
	uint16_t code[2]; /* the same event by either register; 0: no other */
	uint8_t pmc[2];
};
extern const struct hw_extra hw_extras[];
extern const unsigned hw_nextras;

/* The registers of second words.  The first row of a PMC that fits is it. */
struct hw_word {
	uint32_t uarchs;
	uint8_t model; /* this one alone; 0: all */
	uint8_t pmc;
	uint32_t msr;
	uint64_t valid;
	const char *name;
};
extern const struct hw_word hw_words[];
extern const unsigned hw_nwords;

/* AMD family 15h: which pipe a 12-bit event belongs to. */
enum hw_umasks { UMASK_ANY, UMASK_ONE, UMASK_SEVERAL, UMASK_BOTH_HALVES };
struct hw_f15h {
	uint16_t first, last;
	uint8_t umasks; /* enum hw_umasks */
	uint8_t pmds;
};
extern const struct hw_f15h hw_f15h[];
extern const unsigned hw_nf15h;
/* Of the others, by event & 0xf0. */
extern const uint8_t hw_f15h_units[16];

/* hw-rules.c: add the registers of the second words. */
void hw_add_extras(const struct hw_source *src, struct pfm_hw *hw);

#endif /* PFM_HW_RULES_H */
