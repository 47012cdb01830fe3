/* SPDX-License-Identifier: MIT
 *
 * model-regs.c - which registers the model of a CPU has, at which addresses,
 * and the bits of each that can be written.  Follows the reference, 1.2, 1.3,
 * 2.1, 3 and 6.2, which names its sources: Intel SDM volume 3, 325384-059,
 * chapters "Performance Monitoring" and "Model-Specific Registers"; AMD64 APM
 * volume 2, 24593 rev. 3.44, chapter 13.  What an access does is in model.c.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "model-priv.h"

/* MISC_ENABLE: fast strings, TCC, SpeedStep, MONITOR, CPUID limit, xTPR, XD. */
#define MISC_VALID \
	(BIT(0) | BIT(3) | BIT(16) | BIT(18) | BIT(22) | BIT(23) | BIT(34))

/* PERF_CAPABILITIES */
#define CAPS_FULL_WIDTH BIT(13)
#define CAPS_BASELINE BIT(14)
#define CAPS_METRICS BIT(15)

static uint64_t fixed_counters(const struct model *m)
{
	return low_bits(m->cfg->nfixed) << 32;
}

uint64_t regs_counters(const struct model *m)
{
	return low_bits(m->cfg->ngp) | fixed_counters(m);
}

/* Event select n: the bits that can be written. */
static uint64_t sel_valid(const struct model *m, unsigned n)
{
	const struct model_cfg *cfg = m->cfg;
	uint64_t v = UINT64_C(0xffffffff) & ~SEL_ANY;

	/* Bits 19, 21, 36 to 39 and 42 up read as zero (table 13-4). */
	if (cfg->amd)
		return (v & ~SEL_PC) | UINT64_C(0xf) << 32 | SEL_GUEST |
		       SEL_HOST;
	if (cfg->any_thread && cfg->version >= 3)
		v |= SEL_ANY;
	if (cfg->tsx)
		v |= SEL_IN_TX | (n == 2 ? SEL_IN_TXCP : 0);
	if (cfg->adaptive)
		v |= SEL_ADAPTIVE;
	/* As 23H.0:EBX says, see model-cpuid.c: no RDPMC user disable. */
	if (cfg->version >= 6)
		v = (v & ~SEL_PC) | SEL_EQ | SEL_UMASK2;
	return v;
}

static uint64_t fixed_ctl_valid(const struct model *m)
{
	const struct model_cfg *cfg = m->cfg;
	uint64_t nibble = cfg->any_thread && cfg->version >= 3 ? 0xf : 0xb;
	uint64_t v = 0;

	for (unsigned i = 0; i < cfg->nfixed; i++)
		v |= nibble << 4 * i | (cfg->adaptive ? BIT(32 + 4 * i) : 0);
	return v;
}

static uint64_t ctl_valid(const struct model *m)
{
	return regs_counters(m) | (m->cfg->metrics ? BIT(48) : 0);
}

static uint64_t status_valid(const struct model *m)
{
	uint64_t v = ctl_valid(m);

	if (m->cfg->amd)
		return v |
		       (m->cfg->freeze ? STATUS_FROZEN | STATUS_LBR_FROZEN : 0);
	v |= BIT(62) | BIT(63);
	return m->cfg->version >= 4 ? v | low_bits(4) << 58 : v;
}

/* A register of the PMU, read and written; the caller says what differs. */
static struct reg *add(struct model *m, uint32_t addr, uint64_t *value,
		       uint64_t valid)
{
	struct reg *r = &m->reg[m->nregs++];

	assert(m->nregs <= MODEL_MAX_REGS);
	*r = (struct reg){ .addr = addr, .value = value, .valid = valid };
	return r;
}

static void add_alias(struct model *m, uint32_t addr, const struct reg *of)
{
	struct reg *r = add(m, addr, of->value, of->valid);

	r->rule = of->rule;
	r->n = of->n;
	r->alias = true;
}

static struct reg *add_sel(struct model *m, uint32_t addr, unsigned n)
{
	struct reg *r = add(m, addr, &m->s.sel[n], sel_valid(m, n));

	r->rule = REG_SEL;
	r->n = (uint8_t)n;
	return r;
}

/* A count that goes on by itself; a hypervisor leaves it as it is. */
static struct reg *add_clock(struct model *m, uint32_t addr, uint64_t *value,
			     unsigned width)
{
	struct reg *r = add(m, addr, value, low_bits(width));

	r->rule = REG_RO;
	r->free = true;
	r->bare = true;
	return r;
}

/* KVM reads 0 for energy and its unit. */
static void add_energy(struct model *m, uint32_t addr, unsigned domain)
{
	add_clock(m, addr, &m->s.energy[domain], 32)->bare = false;
}

/* A word that tells how hot it is. */
static void add_therm(struct model *m, uint32_t addr, uint64_t *value)
{
	add_clock(m, addr, value, 32)->free = false;
}

/* The status register, and what else is a view of it. */
static void add_status(struct model *m, uint32_t addr, enum reg_rule rule,
		       uint64_t valid)
{
	add(m, addr, &m->s.status, valid)->rule = rule;
}

/* 1900H up: the same registers at the addresses of version 6. */
static void map_gp(struct model *m, unsigned n)
{
	const struct model_cfg *cfg = m->cfg;
	uint64_t *ctr = &m->s.ctr[n], width = low_bits(cfg->width);
	struct reg *sel = add_sel(m, 0x186 + n, n);

	if (cfg->version >= 6) {
		add_alias(m, 0x1901 + 4 * n, sel);
		add(m, 0x1900 + 4 * n, ctr, width)->alias = true;
	}
	add(m, 0xc1 + n, ctr, width)->rule = REG_PMC;
	if (cfg->full_width)
		add(m, 0x4c1 + n, ctr, width)->alias = true;
}

static void map_fixed(struct model *m)
{
	const struct model_cfg *cfg = m->cfg;

	for (unsigned i = 0; i < cfg->nfixed; i++) {
		struct reg *r = add(m, 0x309 + i, &m->s.fixed[i],
				    low_bits(cfg->fixed_width));

		if (cfg->version >= 6)
			add_alias(m, 0x1980 + 4 * i, r);
	}
	add(m, 0x38d, &m->s.fixed_ctl, fixed_ctl_valid(m));
	add(m, 0x38f, &m->s.ctl, ctl_valid(m));
	add_status(m, 0x38e, REG_RO, status_valid(m));
	add_status(m, 0x390, REG_CLEAR, status_valid(m));
	/* Below version 4 these two addresses are the uncore's. */
	if (cfg->version >= 4) {
		add_status(m, 0x391, REG_SET, status_valid(m) & ~BIT(63));
		add_status(m, 0x392, REG_INUSE, 0);
	}
	/* The model fills no fractions in: it holds what is written. */
	if (cfg->metrics)
		add(m, 0x329, &m->s.metrics, UINT64_MAX);
}

/* Extra words of events, and the others that a tool may find in its way. */
static void map_extra(struct model *m)
{
	const struct model_part *part = m->part;
	struct reg *misc = add(m, 0x1a0, &m->s.misc, MISC_VALID);

	misc->rule = REG_MISC;
	misc->bare = true;
	for (unsigned i = 0; i < 2; i++)
		if (part->offcore[i])
			add(m, 0x1a6 + i, &m->shared->offcore[i],
			    part->offcore[i]);
	if (part->frontend)
		add(m, 0x3f7, &m->shared->frontend, part->frontend);
	if (part->pebs)
		add(m, 0x3f1, &m->s.pebs, part->pebs);
	if (part->gen >= GEN_NHM)
		add(m, 0x3f6, &m->s.ld_lat, 0xffff);
}

/*
 * What runs freely, reference section 3.  The thermal registers also have log
 * bits that can be cleared; here nobody writes them.
 */
static void map_free(struct model *m)
{
	static const uint32_t energy[] = { 0x611, 0x639, 0x641, 0x619, 0x64d };
	enum model_gen gen = m->part->gen;

	add_therm(m, 0x19c, &m->s.therm);
	if (gen >= GEN_NHM)
		add_clock(m, 0x34, &m->s.smi, 32);
	if (gen >= GEN_SKL)
		add_clock(m, 0x64e, &m->s.pperf, 64);
	if (gen < GEN_HSW)
		return;
	add_therm(m, 0x1b1, &m->s.pkg_therm);
	add(m, 0x606, &m->s.energy_unit, low_bits(20))->rule = REG_RO;
	for (unsigned i = 0; i < MODEL_ENERGIES; i++)
		if (energy[i] != 0x64d || gen >= GEN_SKL)
			add_energy(m, energy[i], i);
}

static void map_intel(struct model *m)
{
	const struct model_cfg *cfg = m->cfg;
	uint64_t caps = (cfg->full_width ? CAPS_FULL_WIDTH : 0) |
			(cfg->adaptive ? CAPS_BASELINE : 0) |
			(cfg->metrics ? CAPS_METRICS : 0);

	for (unsigned n = 0; n < cfg->ngp; n++)
		map_gp(m, n);
	if (cfg->version >= 2)
		map_fixed(m);
	add(m, 0x345, &m->s.caps, caps)->rule = REG_RO;
	add(m, 0x1d9, &m->s.debugctl, low_bits(16) & ~(low_bits(4) << 2));
	map_extra(m);
	map_free(m);
}

static void map_amd(struct model *m)
{
	const struct model_cfg *cfg = m->cfg;

	for (unsigned n = 0; n < cfg->ngp; n++) {
		uint64_t *ctr = &m->s.ctr[n], width = low_bits(cfg->width);

		if (n < 4) {
			add_sel(m, 0xc0010000 + n, n)->alias = cfg->core_ext;
			add(m, 0xc0010004 + n, ctr, width)->alias =
				cfg->core_ext;
		}
		if (cfg->core_ext) {
			add_sel(m, 0xc0010200 + 2 * n, n);
			add(m, 0xc0010201 + 2 * n, ctr, width);
		}
	}
	if (cfg->version >= 2) {
		add_status(m, 0xc0000300, REG_RO, status_valid(m));
		add(m, 0xc0000301, &m->s.ctl, ctl_valid(m));
		add_status(m, 0xc0000302, REG_CLEAR, UINT64_MAX);
		add_status(m, 0xc0000303, REG_SET, status_valid(m));
	}
	add(m, 0x1d9, &m->s.debugctl, low_bits(3) | low_bits(2) << 11);
	if (m->part->gen < GEN_ZEN)
		return;
	add_clock(m, 0xc00000e7, &m->s.mperf_ro, 64);
	add_clock(m, 0xc00000e8, &m->s.aperf_ro, 64);
	add_clock(m, 0xc00000e9, &m->s.irperf, 64);
	add(m, 0xc0010299, &m->s.energy_unit, low_bits(20))->rule = REG_RO;
	for (unsigned i = 0; i < 2; i++)
		add_energy(m, 0xc001029a + i, i);
}

static int compare_addr(const void *a, const void *b)
{
	uint32_t x = ((const struct reg *)a)->addr;
	uint32_t y = ((const struct reg *)b)->addr;

	return (x > y) - (x < y);
}

void regs_map(struct model *m)
{
	m->nregs = 0;
	add_clock(m, 0x10, &m->s.tsc, 64)->rule = REG_RW;
	add_clock(m, 0xe7, &m->s.mperf, 64)->rule = REG_RW;
	add_clock(m, 0xe8, &m->s.aperf, 64)->rule = REG_RW;
	if (m->cfg->amd)
		map_amd(m);
	else
		map_intel(m);
	qsort(m->reg, m->nregs, sizeof(m->reg[0]), compare_addr);
}

const struct reg *regs_find(const struct model *m, uint32_t addr)
{
	struct reg key = { .addr = addr };

	return bsearch(&key, m->reg, m->nregs, sizeof(key), compare_addr);
}
