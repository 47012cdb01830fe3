/* SPDX-License-Identifier: MIT
 *
 * model-priv.h - what the files of the register model share: model-cpuid.c has
 * which models there are, model-regs.c their registers, model.c the accesses,
 * model-stream.c what instructions amount to, model-events.c what of it counts.
 * See model.h.
 */
#ifndef PFM_MODEL_PRIV_H
#define PFM_MODEL_PRIV_H

#include "hw.h"
#include "model.h"

#define MODEL_MAX_GP 16
#define MODEL_MAX_FIXED 4
#define MODEL_MAX_REGS 160
#define MODEL_ENERGIES 5

#define BIT(n) (UINT64_C(1) << (n))

static inline uint64_t low_bits(unsigned n)
{
	return n < 64 ? BIT(n) - 1 : UINT64_MAX;
}

/* Bits of an event select that hw.h has not. */
#define SEL_PC BIT(19)
#define SEL_IN_TX BIT(32)
#define SEL_IN_TXCP BIT(33)
#define SEL_ADAPTIVE BIT(34)
#define SEL_EQ BIT(36)
#define SEL_UMASK2 (UINT64_C(0xff) << 40)
#define SEL_GUEST BIT(40) /* AMD */
#define SEL_HOST BIT(41)

#define STATUS_LBR_FROZEN BIT(58)
#define STATUS_FROZEN BIT(59)
#define DEBUGCTL_LBR BIT(0)
#define DEBUGCTL_FREEZE_LBR BIT(11)
#define DEBUGCTL_FREEZE BIT(12)
#define DEBUGCTL_FREEZE_SMM BIT(14)

/* Generations: which events and registers beyond the architectural ones. */
enum model_gen {
	GEN_OTHER,
	GEN_CORE2,
	GEN_NHM,
	GEN_HSW,
	GEN_SKL,
	GEN_ICL,
	GEN_GLC, /* Golden Cove */
	GEN_GRT, /* Gracemont, an Atom */
	GEN_LNC, /* Lion Cove */
	GEN_K10,
	GEN_ZEN,
};

/* What follows from family and model, not from the PMU's own leaves. */
struct model_part {
	bool amd;
	unsigned family, model, core_type;
	enum model_gen gen;
	uint32_t max_leaf, max_ext;    /* CPUID 0:EAX, 80000000H:EAX */
	uint64_t offcore[2], frontend; /* valid bits; 0: no such register */
	uint64_t pebs;                 /* the same, of PEBS_ENABLE */
};

/* How a register answers. */
enum reg_rule {
	REG_RW,    /* bits not valid: #GP, AMD drops them */
	REG_SEL,   /* the same, an event select */
	REG_PMC,   /* a write takes 32 bits and sign-extends them */
	REG_RO,    /* a write: #GP, AMD ignores it */
	REG_CLEAR, /* reads 0; a write clears these bits of *value */
	REG_SET,   /* reads 0; a write sets them */
	REG_INUSE, /* computed; a write: #GP */
	REG_MISC,  /* as REG_RW, but some bits cannot be changed */
};

struct reg {
	uint32_t addr;
	enum reg_rule rule;
	uint64_t *value; /* borrowed: in the model, or in what it shares */
	uint64_t valid;  /* bits that can be written; REG_RO: that it has */
	uint8_t n;       /* counter of a REG_SEL */
	bool alias;      /* another address of a register listed elsewhere */
	bool free;       /* a count that goes on without being set up */
	bool bare;       /* also where a hypervisor hides the PMU */
};

/* All that a reset puts back. */
struct model_state {
	uint64_t sel[MODEL_MAX_GP], ctr[MODEL_MAX_GP];
	uint64_t fixed_ctl, fixed[MODEL_MAX_FIXED];
	uint64_t ctl, status, debugctl;
	uint64_t caps, metrics, misc, pebs, ld_lat;
	uint64_t tsc, mperf, aperf, mperf_ro, aperf_ro, pperf, irperf;
	uint64_t smi, therm, pkg_therm;
	uint64_t energy_unit, energy[MODEL_ENERGIES];
	uint32_t asserted; /* bit n: the signal of counter n, a cycle ago */
	bool svme;
	uint64_t pmis;
};

/* The branch predictor of reference 6.5. */
struct predictor {
	uint8_t taken[4096]; /* 0 to 3, by the low bits of the address */
	struct {
		bool valid;
		uint64_t ip, target;
	} last[512];
	uint64_t ret[16];
	unsigned nret, top;
};

/* Registers that two threads of a core have together. */
struct model_shared {
	unsigned users;
	uint64_t offcore[2], frontend;
};

struct model {
	const struct model_cfg *cfg;   /* borrowed */
	const struct model_part *part; /* static */
	struct model_shared *shared;   /* owned by its users together */
	enum model_mode mode;
	void (*on_pmi)(void *arg);
	void *on_pmi_arg; /* borrowed */
	struct model_state s;
	struct predictor pred;
	unsigned nregs;
	struct reg reg[MODEL_MAX_REGS]; /* ascending addresses */
};

/* What one step amounts to. */
enum tally {
	T_NONE, /* an event the model does not know: always 0 */
	T_INSNS,
	T_BRANCHES,
	T_MISPREDICTED,
	T_TAKEN,
	T_NEAR_TAKEN,
	T_COND,
	T_COND_TAKEN,
	T_COND_NOT_TAKEN,
	T_DIRECT, /* unconditional jumps and calls */
	T_CALL,
	T_RET,
	T_INDIRECT,
	T_FAR,
	T_TAKEN_MISPREDICTED,
	T_COND_MISPREDICTED,
	T_RET_MISPREDICTED,
	T_INDIRECT_MISPREDICTED,
	T_LOADS, /* instructions with one */
	T_STORES,
	T_LOAD_OPS,
	T_STORE_OPS,
	T_LLC_REF,
	T_LLC_MISS,
	T_CYCLES,
	T_SLOTS,
	T_BUSY_CYCLES, /* those that did not wait for memory */
	T_NTALLIES,
};

/* model-cpuid.c; never NULL. */
const struct model_part *model_part_find(const struct model_cfg *cfg);

/* model-regs.c: make m->reg; again when m->shared is another. */
void regs_map(struct model *m);
const struct reg *regs_find(const struct model *m, uint32_t addr); /* or NULL */
/* Existing general and fixed counters, as in the global control. */
uint64_t regs_counters(const struct model *m);

/* model-stream.c: n instructions that retire together, into t[T_NTALLIES]. */
void stream_tally(struct model *m, const struct model_insn *g, unsigned n,
		  uint64_t *t);
/* What an event is of it. */
enum tally stream_what(const struct model *m, unsigned event, unsigned umask);
void predictor_reset(struct predictor *p);

#endif /* PFM_MODEL_PRIV_H */
