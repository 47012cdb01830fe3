/* SPDX-License-Identifier: MIT
 *
 * model.h - a model of the performance MSRs of one x86 logical CPU, bit-true as
 * far as the manuals go (reference, section 6): write masks, #GP, gating, wrap,
 * status, freeze.  It has no idea of time: its owner advances it.
 */
#ifndef PFM_MODEL_H
#define PFM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpuid_regs;
struct model;

/* What a model is of.  Family, model and core type are for its CPUID. */
struct model_cfg {
	const char *
		name; /* CORE2 NHM HSW SKL SKL8 ICL K10 ZEN ZEN4 ADLP ADLE LNC */
	bool amd;
	unsigned version; /* as in struct pfm_hw */
	unsigned ngp, nfixed;
	unsigned width, fixed_width;
	bool full_width, any_thread, tsx, metrics, adaptive, core_ext, freeze;
	unsigned slots; /* a cycle */
	unsigned family, model, core_type;
};
const struct model_cfg *model_cfg_find(const char *name); /* NULL: unknown */
const struct model_cfg *model_cfg_at(unsigned i);         /* NULL: no more */

struct model *model_new(const struct model_cfg *cfg); /* reset; NULL: memory */
void model_free(struct model *m);
void model_reset(struct model *m);
const struct model_cfg *model_config(const struct model *m);

/* 0, or -EIO where the CPU would raise #GP: nothing has changed then. */
int model_rdmsr(struct model *m, uint32_t addr, uint64_t *v);
int model_wrmsr(struct model *m, uint32_t addr, uint64_t v);
/* As insn_cpuid(). */
bool model_cpuid(const struct model *m, uint32_t leaf, uint32_t sub,
		 struct cpuid_regs *r);

/* An instruction that retires.  Fields of the reference, 6.1. */
enum model_br {
	MODEL_BR_NONE,
	MODEL_BR_COND,
	MODEL_BR_UNCOND,
	MODEL_BR_CALL,
	MODEL_BR_RET,
	MODEL_BR_IND,
	MODEL_BR_FAR,
};
struct model_insn {
	uint64_t ip, target;
	uint8_t cpl, in_tx, guest;
	uint8_t br; /* enum model_br */
	uint8_t taken, ld, st, llc_ref, llc_miss, fault;
	int8_t misp; /* -1: ask the predictor */
};
/* Retire n instructions in one cycle, after the stalls they cost. */
void model_step(struct model *m, const struct model_insn *g, unsigned n);
/* WRMSR as an instruction: retired under the old state, then it acts. */
int model_wrmsr_insn(struct model *m, uint32_t addr, uint64_t v);
/* Halted: the TSC goes on, nothing else does. */
void model_idle(struct model *m, uint64_t cycles);

/*
 * n events of the code (AMD's 12 bits in 0xfff) and umask happen at ring cpl,
 * one a cycle: every counter that is set to count them and that no gate stops
 * does.  Fixed counters count the code that is theirs (0xc0/0 instructions,
 * 0x3c/0 cycles, 0/3 reference cycles, 0/4 slots).  UMASK2 is bits 8 to 15 of
 * umask.  Registers that run freely stay where they are.
 */
void model_advance(struct model *m, unsigned event, unsigned umask,
		   unsigned cpl, uint64_t n);
/* n instructions of the kernel in n cycles: what an access is made of. */
void model_kernel(struct model *m, uint64_t n);
/*
 * The free-running register addr goes on by n (its own width).  -EIO: there is
 * none at addr, -EINVAL: it does not count by itself.
 */
int model_advance_msr(struct model *m, uint32_t addr, uint64_t n);
/*
 * Set any register to any value it can hold, without WRMSR's rules.  -EIO:
 * there is none, -EINVAL: it holds nothing, -ERANGE: it has not all of these
 * bits.
 */
int model_poke(struct model *m, uint32_t addr, uint64_t v);

/* Interrupts so far, and who is told of each; EFER.SVME; an SMI (6.6). */
uint64_t model_pmis(const struct model *m);
void model_on_pmi(struct model *m, void (*cb)(void *arg), void *arg);
void model_svme(struct model *m, bool on);
void model_smi(struct model *m);

/*
 * What a hypervisor does to PMU registers: read 0, swallow writes.  CPUID then
 * says that there is one; model_each() still tells what they hold.
 */
enum model_mode { MODEL_BARE, MODEL_SWALLOW };
void model_set_mode(struct model *m, enum model_mode mode);

/* For each register the model has, in ascending order. */
void model_each(struct model *m,
		void (*cb)(void *arg, uint32_t addr, uint64_t v), void *arg);

/* SDM's words for a test that two CPUs share OFFCORE_RSP and FRONTEND. */
void model_share(struct model *a, struct model *b);

/*
 * msr-model.c: the transport onto models in this process (tests).  A NULL among
 * them is a CPU that is offline.  Accesses from several threads are one after
 * another; who advances a model meanwhile sees to it himself.
 */
void msr_model_set(struct model *const *cpus, unsigned n); /* borrowed */
/* Instructions a real access would retire in the kernel; 0 by default. */
void msr_model_set_cost(unsigned insns);
/* model_advance() of CPU cpu, while a thread of the library looks at it. */
void msr_model_advance(unsigned cpu, unsigned event, unsigned umask,
		       unsigned cpl, uint64_t n);
/* CPUID of a model (cpu -1: the first); false: no models, or no such leaf. */
bool msr_model_cpuid(int cpu, uint32_t leaf, uint32_t sub,
		     struct cpuid_regs *r);

#endif /* PFM_MODEL_H */
