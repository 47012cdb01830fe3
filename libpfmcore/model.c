/* SPDX-License-Identifier: MIT
 *
 * model.c - a model from its reset on, and what RDMSR, WRMSR and a test's own
 * hand do to its registers.  The rules are the reference's, 1.5 to 1.7, 2.1 and
 * 6.2.  Which registers there are is model-regs.c's business, what counts is
 * model-events.c's.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model-priv.h"

/* MISC_ENABLE: perfmon, no BTS, no PEBS; they only tell what there is. */
#define MISC_FIXED (BIT(7) | BIT(11) | BIT(12))
#define MISC_RESET (BIT(0) | BIT(3) | BIT(7) | BIT(11) | BIT(16) | BIT(18))

#define THERM_RESET 0x88360000 /* valid, 54 degrees below Tj */
/* Joules in 2^-14 and 2^-16: what a Skylake and a Zen 2 say. */
#define INTEL_UNITS 0xa0e03
#define AMD_UNITS 0xa1003

static void unshare(struct model *m)
{
	if (m->shared && --m->shared->users == 0)
		free(m->shared);
	m->shared = NULL;
}

struct model *model_new(const struct model_cfg *cfg)
{
	struct model *m = calloc(1, sizeof(*m));

	assert(cfg->ngp <= MODEL_MAX_GP && cfg->nfixed <= MODEL_MAX_FIXED);
	if (!m)
		return NULL;
	m->shared = calloc(1, sizeof(*m->shared));
	if (!m->shared) {
		free(m);
		return NULL;
	}
	m->shared->users = 1;
	m->cfg = cfg;
	m->part = model_part_find(cfg);
	regs_map(m);
	model_reset(m);
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	unshare(m);
	free(m);
}

/*
 * AMD leaves the counters undefined (table A-6): 0 is as good as anything, and
 * model_poke() is there for a test that wants worse.
 */
void model_reset(struct model *m)
{
	const struct model_cfg *cfg = m->cfg;

	m->s = (struct model_state){
		.ctl = low_bits(cfg->ngp),
		.misc = MISC_RESET,
		.therm = THERM_RESET,
		.pkg_therm = THERM_RESET,
		.energy_unit = cfg->amd ? AMD_UNITS : INTEL_UNITS,
	};
	if (!cfg->amd)
		m->s.caps = regs_find(m, 0x345)->valid;
	memset(m->shared->offcore, 0, sizeof(m->shared->offcore));
	m->shared->frontend = 0;
	predictor_reset(&m->pred);
}

const struct model_cfg *model_config(const struct model *m)
{
	return m->cfg;
}

/*
 * Intel SDM volume 3, 325384-059, "IA32_PERF_GLOBAL_INUSE MSR": the event field
 * tells, not EN.
 */
static uint64_t inuse(const struct model *m)
{
	uint64_t v = 0;
	bool pmi = m->s.pebs != 0;

	for (unsigned n = 0; n < m->cfg->ngp; n++) {
		v |= m->s.sel[n] & SEL_EVENT ? BIT(n) : 0;
		pmi |= (m->s.sel[n] & SEL_INT) != 0;
	}
	for (unsigned i = 0; i < m->cfg->nfixed; i++) {
		unsigned nibble = m->s.fixed_ctl >> 4 * i & 0xf;

		v |= nibble & 3 ? BIT(32 + i) : 0;
		pmi |= (nibble & 8) != 0;
	}
	return v | (pmi ? BIT(63) : 0);
}

/* By a hypervisor that reads 0 and swallows writes. */
static bool is_hidden(const struct model *m, const struct reg *r)
{
	return m->mode == MODEL_SWALLOW && !r->bare;
}

int model_rdmsr(struct model *m, uint32_t addr, uint64_t *v)
{
	const struct reg *r = regs_find(m, addr);

	if (!r)
		return -EIO;
	if (is_hidden(m, r))
		*v = 0;
	else if (r->rule == REG_INUSE)
		*v = inuse(m);
	else if (r->rule == REG_CLEAR || r->rule == REG_SET)
		*v = 0;
	else
		*v = *r->value;
	return 0;
}

/* Would WRMSR of v raise #GP?  Not on AMD, where the register exists. */
static bool faults(const struct model *m, const struct reg *r, uint64_t v)
{
	if (!r)
		return true;
	if (m->cfg->amd || is_hidden(m, r))
		return false;
	switch (r->rule) {
	case REG_RO:
	case REG_INUSE:
		return true;
	case REG_PMC:
		return false;
	case REG_MISC:
		return v & ~(r->valid | MISC_FIXED);
	default:
		return v & ~r->valid;
	}
}

/* Edges are seen anew by a counter whose select was written. */
static void store_sel(struct model *m, const struct reg *r, uint64_t v)
{
	*r->value = v;
	m->s.asserted &= ~(1u << r->n);
}

static void store(struct model *m, const struct reg *r, uint64_t v)
{
	if (is_hidden(m, r))
		return;
	switch (r->rule) {
	case REG_RW:
		*r->value = v & r->valid;
		break;
	case REG_SEL:
		store_sel(m, r, v & r->valid);
		break;
	case REG_PMC:
		*r->value = (uint64_t)(int32_t)v & r->valid;
		break;
	case REG_CLEAR:
		*r->value &= ~v;
		break;
	case REG_SET:
		*r->value |= v & r->valid;
		break;
	case REG_MISC:
		*r->value = (v & r->valid) | (*r->value & MISC_FIXED);
		break;
	case REG_RO:
	case REG_INUSE:
		break;
	}
}

int model_wrmsr(struct model *m, uint32_t addr, uint64_t v)
{
	const struct reg *r = regs_find(m, addr);

	if (faults(m, r, v))
		return -EIO;
	store(m, r, v);
	return 0;
}

int model_wrmsr_insn(struct model *m, uint32_t addr, uint64_t v)
{
	static const struct model_insn wrmsr = { .cpl = 0 };
	const struct reg *r = regs_find(m, addr);

	if (faults(m, r, v))
		return -EIO;
	model_step(m, &wrmsr, 1);
	store(m, r, v);
	return 0;
}

int model_poke(struct model *m, uint32_t addr, uint64_t v)
{
	const struct reg *r = regs_find(m, addr);

	if (!r)
		return -EIO;
	switch (r->rule) {
	case REG_CLEAR:
	case REG_SET:
	case REG_INUSE:
		return -EINVAL;
	default:
		break;
	}
	if (v & ~(r->valid | (r->rule == REG_MISC ? MISC_FIXED : 0)))
		return -ERANGE;
	if (r->rule == REG_SEL)
		store_sel(m, r, v);
	else
		*r->value = v;
	return 0;
}

int model_advance_msr(struct model *m, uint32_t addr, uint64_t n)
{
	const struct reg *r = regs_find(m, addr);

	if (!r)
		return -EIO;
	if (!r->free)
		return -EINVAL;
	*r->value = (*r->value + n) & r->valid;
	return 0;
}

void model_each(struct model *m,
		void (*cb)(void *arg, uint32_t addr, uint64_t v), void *arg)
{
	for (unsigned i = 0; i < m->nregs; i++) {
		const struct reg *r = &m->reg[i];

		if (r->alias || r->rule == REG_CLEAR || r->rule == REG_SET)
			continue;
		cb(arg, r->addr, r->rule == REG_INUSE ? inuse(m) : *r->value);
	}
}

void model_set_mode(struct model *m, enum model_mode mode)
{
	m->mode = mode;
}

/* Of the two only a's values are left. */
void model_share(struct model *a, struct model *b)
{
	if (a->shared == b->shared)
		return;
	unshare(b);
	b->shared = a->shared;
	b->shared->users++;
	regs_map(b);
}

uint64_t model_pmis(const struct model *m)
{
	return m->s.pmis;
}

void model_on_pmi(struct model *m, void (*cb)(void *arg), void *arg)
{
	m->on_pmi = cb;
	m->on_pmi_arg = arg;
}

void model_svme(struct model *m, bool on)
{
	m->s.svme = on;
}
