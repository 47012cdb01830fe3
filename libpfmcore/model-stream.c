/* SPDX-License-Identifier: MIT
 *
 * model-stream.c - what a stream of instructions amounts to: how many cycles,
 * branches, mispredictions and so on, and by which code an event select asks
 * for each.  Follows the reference, 6.3 and 6.5.  Whether a counter listens is
 * not known here.
 */
#include "config.h"

#include <string.h>

#include "model-priv.h"

/* Cycles of a step: chosen for readability, they are no processor's. */
#define COST_STEP 1
#define COST_MISPREDICT 14
#define COST_LLC_MISS 200
#define COST_FAULT 1000

/* Generations that have an event, bit by enum model_gen. */
#define ANY UINT16_MAX
#define SINCE_HSW                                                    \
	(1 << GEN_HSW | 1 << GEN_SKL | 1 << GEN_ICL | 1 << GEN_GLC | \
	 1 << GEN_LNC)
#define SINCE_ICL (1 << GEN_ICL | 1 << GEN_GLC | 1 << GEN_LNC)
#define GRT (1 << GEN_GRT)

struct event_row {
	uint16_t event, umask;
	uint16_t gens;
	uint8_t tally;
};

/*
 * Reference 6.5 and 1.1: the architectural events of Intel SDM volume 3,
 * 325384-059, table 18-1, the others of the event lists in Linux 6.12,
 * tools/perf/pmu-events/arch/x86.
 */
/* clang-format off */
static const struct event_row intel_rows[] = {
	{ 0xc0, 0x00, ANY, T_INSNS },
	{ 0x3c, 0x00, ANY, T_CYCLES },
	{ 0x3c, 0x01, ANY, T_CYCLES },
	{ 0xa4, 0x01, SINCE_ICL, T_SLOTS },
	{ 0x2e, 0x4f, ANY, T_LLC_REF },
	{ 0x2e, 0x41, ANY, T_LLC_MISS },
	{ 0xc4, 0x00, ANY, T_BRANCHES },
	{ 0xc5, 0x00, ANY, T_MISPREDICTED },
	{ 0xc4, 0x01, 1 << GEN_HSW | 1 << GEN_SKL, T_COND },
	{ 0xc4, 0x11, SINCE_ICL, T_COND },
	{ 0xc4, 0x10, SINCE_HSW, T_COND_NOT_TAKEN },
	{ 0xc4, 0x20, SINCE_HSW, T_NEAR_TAKEN },
	{ 0xc4, 0x02, SINCE_HSW | 1 << GEN_NHM, T_CALL },
	{ 0xc4, 0x08, SINCE_HSW, T_RET },
	{ 0xc4, 0x40, SINCE_ICL, T_FAR },
	{ 0xc4, 0x7e, GRT, T_COND },
	{ 0xc4, 0xfe, GRT, T_COND_TAKEN },
	{ 0xc4, 0xf9, GRT, T_CALL },
	{ 0xc4, 0xf7, GRT, T_RET },
	{ 0xc4, 0xbf, GRT, T_FAR },
	{ 0x0b, 0x01, 1 << GEN_NHM, T_LOADS },
	{ 0x0b, 0x02, 1 << GEN_NHM, T_STORES },
	{ 0xd0, 0x81, SINCE_HSW | GRT, T_LOADS },
	{ 0xd0, 0x82, SINCE_HSW | GRT, T_STORES },
	{ 0 },
};
/* Reference 2.3 and 6.5: amdzen4 of the same lists. */
static const struct event_row amd_rows[] = {
	{ 0xc0, 0x00, ANY, T_INSNS },
	{ 0x76, 0x00, ANY, T_CYCLES },
	{ 0x120, 0x01, ANY, T_CYCLES },
	{ 0xc2, 0x00, ANY, T_BRANCHES },
	{ 0xc3, 0x00, ANY, T_MISPREDICTED },
	{ 0xc4, 0x00, ANY, T_TAKEN },
	{ 0xc5, 0x00, ANY, T_TAKEN_MISPREDICTED },
	{ 0xc6, 0x00, ANY, T_FAR },
	{ 0xc8, 0x00, ANY, T_RET },
	{ 0xc9, 0x00, ANY, T_RET_MISPREDICTED },
	{ 0xca, 0x00, ANY, T_INDIRECT_MISPREDICTED },
	{ 0xcc, 0x00, ANY, T_INDIRECT },
	{ 0xd1, 0x00, ANY, T_COND },
	{ 0x1c7, 0x00, ANY, T_COND_MISPREDICTED },
	{ 0x1c9, 0x00, ANY, T_DIRECT },
	{ 0x29, 0x01, ANY, T_LOAD_OPS },
	{ 0x29, 0x02, ANY, T_STORE_OPS },
	{ 0 },
};
/* clang-format on */

void predictor_reset(struct predictor *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->taken, 1, sizeof(p->taken));
}

static bool predict_cond(struct predictor *p, const struct model_insn *g)
{
	uint8_t *v = &p->taken[g->ip % sizeof(p->taken)];
	bool guess = *v >= 2;

	if (g->taken)
		*v += *v < 3;
	else
		*v -= *v > 0;
	return guess != !!g->taken;
}

static bool predict_ret(struct predictor *p, const struct model_insn *g)
{
	if (p->nret == 0)
		return true;
	p->nret--;
	p->top = (p->top - 1) % 16;
	return p->ret[p->top] != g->target;
}

static bool predict_ind(struct predictor *p, const struct model_insn *g)
{
	unsigned i = g->ip % 512;
	bool hit = p->last[i].valid && p->last[i].ip == g->ip &&
		   p->last[i].target == g->target;

	p->last[i].valid = true;
	p->last[i].ip = g->ip;
	p->last[i].target = g->target;
	return !hit;
}

/* Is the branch mispredicted?  The predictor learns of it. */
static bool mispredicts(struct predictor *p, const struct model_insn *g)
{
	switch (g->br) {
	case MODEL_BR_COND:
		return predict_cond(p, g);
	case MODEL_BR_CALL: /* of 5 bytes */
		p->ret[p->top] = g->ip + 5;
		p->top = (p->top + 1) % 16;
		p->nret += p->nret < 16;
		return false;
	case MODEL_BR_RET:
		return predict_ret(p, g);
	case MODEL_BR_IND:
		return predict_ind(p, g);
	default:
		return false;
	}
}

static void tally_branch(const struct model_insn *g, bool missed, uint64_t *t)
{
	t[T_BRANCHES]++;
	t[T_MISPREDICTED] += missed;
	t[T_TAKEN] += g->taken != 0;
	t[T_NEAR_TAKEN] += g->taken && g->br != MODEL_BR_FAR;
	t[T_TAKEN_MISPREDICTED] += missed && g->taken;
	switch (g->br) {
	case MODEL_BR_COND:
		t[T_COND]++;
		t[T_COND_TAKEN] += g->taken != 0;
		t[T_COND_NOT_TAKEN] += !g->taken;
		t[T_COND_MISPREDICTED] += missed;
		break;
	case MODEL_BR_UNCOND:
		t[T_DIRECT]++;
		break;
	case MODEL_BR_CALL:
		t[T_DIRECT]++;
		t[T_CALL]++;
		break;
	case MODEL_BR_RET:
		t[T_RET]++;
		t[T_RET_MISPREDICTED] += missed;
		break;
	case MODEL_BR_IND:
		t[T_INDIRECT]++;
		t[T_INDIRECT_MISPREDICTED] += missed;
		break;
	case MODEL_BR_FAR:
		t[T_FAR]++;
		break;
	}
}

static void tally_insn(struct model *m, const struct model_insn *g, uint64_t *t)
{
	t[T_INSNS]++;
	t[T_LOADS] += g->ld != 0;
	t[T_STORES] += g->st != 0;
	t[T_LOAD_OPS] += g->ld;
	t[T_STORE_OPS] += g->st;
	t[T_LLC_REF] += g->llc_ref;
	t[T_LLC_MISS] += g->llc_miss;
	t[T_BUSY_CYCLES] += (uint64_t)COST_FAULT * g->fault;
	if (g->br != MODEL_BR_NONE)
		tally_branch(g,
			     g->misp < 0 ? mispredicts(&m->pred, g) : g->misp,
			     t);
}

void stream_tally(struct model *m, const struct model_insn *g, unsigned n,
		  uint64_t *t)
{
	memset(t, 0, T_NTALLIES * sizeof(*t));
	for (unsigned i = 0; i < n; i++)
		tally_insn(m, &g[i], t);
	t[T_BUSY_CYCLES] += COST_STEP + COST_MISPREDICT * t[T_MISPREDICTED];
	t[T_CYCLES] = t[T_BUSY_CYCLES] + COST_LLC_MISS * t[T_LLC_MISS];
	t[T_SLOTS] = t[T_CYCLES] * m->cfg->slots;
}

enum tally stream_what(const struct model *m, unsigned event, unsigned umask)
{
	const struct event_row *row = m->cfg->amd ? amd_rows : intel_rows;

	for (; row->event; row++)
		if (row->event == event && row->umask == umask &&
		    row->gens >> m->part->gen & 1)
			return row->tally;
	return T_NONE;
}
