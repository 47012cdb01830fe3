/* SPDX-License-Identifier: MIT
 *
 * msr-backend.h - what backend-msr.c and msr-program.c share: a context on a
 * CPU, and a set as the accesses that program, start, stop and read it.
 */
#ifndef PFM_MSR_BACKEND_H
#define PFM_MSR_BACKEND_H

#include "hw.h"
#include "msr.h"
#include "priv.h"

/*
 * Intel SDM volume 3, 325384-059, "Streamlined Freeze_PerfMon_On_PMI", CTR_FRZ;
 * AMD64 APM volume 2, 24593 rev. 3.44, 13.2.1, PMCF: the same bit.
 */
#define HW_STATUS_FROZEN (UINT64_C(1) << 59)

/* A PMD that counts. */
struct msr_reg {
	struct pfm_pmd *pmd; /* borrowed from the set */
	unsigned num;
	uint32_t msr, wr; /* to read, to write */
	uint8_t width;
	bool is_free;     /* runs without us; counted from start to stop */
	bool is_status;   /* a word, not a count */
	uint64_t raw;     /* the last reading */
	uint64_t counted; /* PMD's value then */
	uint64_t read_ns; /* that was not before */
	bool wrapped;     /* 64 bits, and nobody has handled it */
	uint64_t over;    /* being handled: events since the wrap */
};

/* What set->be_priv points to. */
struct msr_set {
	unsigned nregs, nfree;
	uint32_t pmds;             /* counters among them, as struct hw_rule */
	uint64_t free[PFM_PMD_BV]; /* those that run freely */
	uint64_t sel[HW_MAX_GP];   /* event selects, enabled */
	uint64_t fixed;            /* FIXED_CTR_CTRL */
	uint64_t ctl;              /* our bits of the global control */
	uint32_t merges;           /* counters that hold a merge event */
	uint32_t extras;           /* bit n: PMC n is written */
	uint64_t extra[HW_NPMCS];
	unsigned nstart, nstop;
	struct msr_op start[HW_MAX_GP + 1], stop[HW_MAX_GP + 1];
	struct msr_reg reg[HW_NPMDS];
};

/* What ctx->be_priv points to. */
struct msr_ctx {
	struct msr_ctx *next; /* list of this process's */
	struct msr_cpu c;
	const struct pfm_hw *hw;
	struct pmu_owners own; /* as found at attach */
	bool alone;            /* nobody else counts: the control is ours */
	uint64_t ctl;          /* else: its value, our bits added */
	uint32_t claimed;      /* counters whose undo is noted */
	uint32_t claimed_pmcs; /* extra words, the same */
	bool claimed_ctl;
	struct msr_set *on; /* whose programming the registers hold */
	bool running;
	bool unsure;       /* running, and a stop was cut off */
	bool gone;         /* the CPU is offline */
	int lost;          /* 0, or -errno: the counts are worth nothing */
	char why[256];     /* the reason of lost */
	uint64_t since_ns; /* running: accounted until then */
	int timer;         /* of the looks; owned */
	uint64_t tick_ns;  /* its interval */
};

#define MSR_STEPS 128

/* Accesses that are collected, then done at once. */
struct msr_steps {
	unsigned n;
	struct msr_op op[MSR_STEPS];
};

static inline void msr_put(struct msr_steps *o, uint32_t reg, uint64_t value)
{
	o->op[o->n++] =
		(struct msr_op){ .reg = reg, .write = true, .value = value };
}

/* Its index, to find the value after the run. */
static inline unsigned msr_get(struct msr_steps *o, uint32_t reg)
{
	o->op[o->n] = (struct msr_op){ .reg = reg };
	return o->n++;
}

/* Bit of PMD n in the global control and in the status. */
static inline uint64_t msr_global_bit(unsigned n)
{
	return UINT64_C(1) << (n < HW_PMD_FIXED ? n : n - HW_PMD_FIXED + 32);
}

static inline unsigned msr_fixed_shift(unsigned n)
{
	return 4 * (n - HW_PMD_FIXED);
}

static inline struct msr_op msr_write_op(uint32_t reg, uint64_t value)
{
	return (struct msr_op){ .reg = reg, .write = true, .value = value };
}

/* backend-msr.c: do it, or the reason. */
int msr_run(struct msr_ctx *mc, struct msr_op *ops, unsigned n);
int msr_check(struct msr_ctx *mc); /* what we wrote must still be there */
int msr_read_set(struct pfm_context *ctx, struct pfm_set *set,
		 const uint64_t *bv);
int msr_stop(struct pfm_context *ctx, struct pfm_set *set);

/* msr-poll.c: the timer, and hooks of the backend. */
int msr_open_timer(struct msr_ctx *mc);
void msr_set_timer(struct msr_ctx *mc, bool often);
int msr_look_fd(const struct pfm_context *ctx);
int msr_look(struct pfm_context *ctx);
int msr_reset(struct pfm_context *ctx, struct pfm_set *set, unsigned n);
int msr_freeze(struct pfm_context *ctx, struct pfm_set *set);

/* msr-program.c.  *ms is NULL when the set has nothing to count. */
int msr_set_new(struct msr_ctx *mc, struct pfm_set *set, struct msr_set **ms);
void msr_set_free(struct msr_set *ms);
/* Put the set on the registers, stopped. */
int msr_program(struct msr_ctx *mc, struct msr_set *ms);
/*
 * msr-claim.c: -EBUSY when status bit 59 is set: frozen by software, or by a PMI
 * of somebody else's.
 */
int msr_check_frozen(struct msr_ctx *mc);
/* msr-claim.c: everything the set needs that was not ours yet. */
int msr_claim(struct msr_ctx *mc, const struct msr_set *ms);
/* msr-claim.c: the CPU is this process's, from attach to detach. */
void msr_list_add(struct msr_ctx *mc);
void msr_list_remove(struct msr_ctx *mc);
/* PMD's value was changed: go on from there. */
int msr_preset(struct msr_ctx *mc, struct msr_reg *r);
/* Where the free-running ones stand now. */
int msr_baseline(struct msr_ctx *mc, struct msr_set *ms);
/* -EIO with a reason: the registers do not hold what was written. */
int msr_verify(struct msr_ctx *mc);

#endif /* PFM_MSR_BACKEND_H */
