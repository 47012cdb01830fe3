/* SPDX-License-Identifier: MIT
 *
 * t-model-events.c - what the register model counts beyond the vectors: each
 * event of an instruction stream (reference 6.5), events that its owner tells
 * of, and the interrupts, freezes and SMIs between them.
 */
#include "config.h"

#include <errno.h>

#include "hw.h"
#include "model-test.h"

#define BIT(n) (UINT64_C(1) << (n))
#define N(array) (sizeof(array) / sizeof((array)[0]))
#define USER (SEL_USR | SEL_EN)
#define CMASK(n) ((uint64_t)(n) << 24)
#define IN_TX BIT(32)
#define EQ BIT(36)
#define FROZEN BIT(59)

/* clang-format off */
static const struct model_insn stream[] = {
	{ .cpl = 3 },
	{ .cpl = 3, .br = MODEL_BR_COND, .taken = 1 },
	{ .cpl = 3, .br = MODEL_BR_COND, .misp = 1 },
	{ .cpl = 3, .br = MODEL_BR_COND, .taken = 1, .misp = 1 },
	{ .cpl = 3, .br = MODEL_BR_UNCOND, .taken = 1 },
	{ .cpl = 3, .br = MODEL_BR_CALL, .taken = 1 },
	{ .cpl = 3, .br = MODEL_BR_RET, .taken = 1, .misp = 1 },
	{ .cpl = 3, .br = MODEL_BR_IND, .taken = 1 },
	{ .cpl = 3, .br = MODEL_BR_IND, .taken = 1, .misp = 1 },
	{ .cpl = 3, .br = MODEL_BR_FAR, .taken = 1 },
	{ .cpl = 3, .ld = 1 },
	{ .cpl = 3, .ld = 1, .st = 1 },
	{ .cpl = 3, .ld = 1, .llc_ref = 1, .llc_miss = 1 },
	{ .cpl = 3, .fault = 1 },
};
#define CYCLES (14 + 4 * 14 + 200 + 1000)

/* Event select without levels, and what the stream comes to. */
static const struct {
	const char *cfg;
	uint64_t code, count;
} events[] = {
	{ "HSW", 0x00c0, 14 },       { "ZEN4", 0x00c0, 14 },
	{ "HSW", 0x003c, CYCLES },   { "ZEN4", 0x0076, CYCLES },
	{ "HSW", 0x013c, CYCLES },   { "ZEN4", 0x100000120, CYCLES },
	{ "HSW", 0x00c4, 9 },        { "ZEN4", 0x00c2, 9 },
	{ "HSW", 0x00c5, 4 },        { "ZEN4", 0x00c3, 4 },
	{ "HSW", 0x20c4, 7 },        { "ZEN4", 0x00c4, 8 },
	{ "HSW", 0x01c4, 3 },        { "ZEN4", 0x00d1, 3 },
	{ "HSW", 0x10c4, 1 },        { "ZEN4", 0x00c6, 1 },
	{ "HSW", 0x02c4, 1 },        { "ZEN4", 0x00c8, 1 },
	{ "HSW", 0x08c4, 1 },        { "ZEN4", 0x00c9, 1 },
	{ "HSW", 0x81d0, 3 },        { "ZEN4", 0x0129, 3 },
	{ "HSW", 0x82d0, 1 },        { "ZEN4", 0x0229, 1 },
	{ "HSW", 0x4f2e, 1 },        { "ZEN4", 0x00cc, 2 },
	{ "HSW", 0x412e, 1 },        { "ZEN4", 0x00ca, 1 },
	{ "HSW", 0x40c4, 0 },        { "ZEN4", 0x00c5, 3 },
	{ "HSW", 0x11c4, 0 },        { "ZEN4", 0x1000000c7, 2 },
	{ "HSW", 0x01a4, 0 },        { "ZEN4", 0x1000000c9, 2 },
	{ "SKL", 0x01c4, 3 },        { "K10", 0x00c0, 14 },
	{ "ICL", 0x01c4, 0 },        { "ZEN", 0x00c4, 8 },
	{ "ICL", 0x11c4, 3 },        { "ICL", 0x40c4, 1 },
	{ "ICL", 0x01a4, 4 * CYCLES },
	{ "ADLP", 0x11c4, 3 },       { "ADLP", 0x20c4, 7 },
	{ "ADLP", 0x01a4, 6 * CYCLES },
	{ "LNC", 0x81d0, 3 },        { "LNC", 0x01a4, 8 * CYCLES },
	{ "ADLE", 0x7ec4, 3 },       { "ADLE", 0xfec4, 2 },
	{ "ADLE", 0xf9c4, 1 },       { "ADLE", 0xf7c4, 1 },
	{ "ADLE", 0xbfc4, 1 },       { "ADLE", 0x20c4, 0 },
	{ "ADLE", 0x81d0, 3 },       { "ADLE", 0x82d0, 1 },
	{ "ADLE", 0x01a4, 0 },       { "NHM", 0x02c4, 1 },
	{ "NHM", 0x010b, 3 },        { "NHM", 0x020b, 1 },
	{ "NHM", 0x81d0, 0 },        { "NHM", 0x20c4, 0 },
	{ "CORE2", 0x00c4, 9 },      { "CORE2", 0x02c4, 0 },
	{ "CORE2", 0x412e, 1 },      { "HSW", 0x0099, 0 },
};

/* What ten events in ring 3 come to, by modifiers; the second time, too. */
static const struct {
	const char *cfg;
	uint64_t modifiers, first, second;
} modified[] = {
	{ "HSW", USER, 10, 10 },
	{ "HSW", SEL_USR, 0, 0 },
	{ "HSW", SEL_EN, 0, 0 },
	{ "HSW", SEL_EN | SEL_OS, 0, 0 },
	{ "HSW", USER | SEL_OS, 10, 10 },
	{ "HSW", USER | CMASK(1), 10, 10 },
	{ "HSW", USER | CMASK(2), 0, 0 },
	{ "HSW", USER | SEL_INV, 10, 10 },
	{ "HSW", USER | SEL_INV | CMASK(1), 0, 0 },
	{ "HSW", USER | SEL_INV | CMASK(2), 10, 10 },
	{ "HSW", USER | SEL_EDGE, 1, 0 },
	{ "HSW", USER | SEL_EDGE | CMASK(1), 1, 0 },
	{ "HSW", USER | SEL_EDGE | CMASK(2), 0, 0 },
	{ "HSW", USER | SEL_EDGE | SEL_INV | CMASK(2), 1, 0 },
	{ "HSW", USER | IN_TX, 0, 0 },
	{ "LNC", USER | EQ | CMASK(1), 10, 10 },
	{ "LNC", USER | EQ | CMASK(2), 0, 0 },
	{ "LNC", USER | EQ | SEL_INV | CMASK(1), 0, 0 },
	{ "LNC", USER | EQ | SEL_INV | CMASK(2), 10, 10 },
	{ "LNC", USER | EQ, 10, 10 },
	{ "LNC", USER | BIT(40), 0, 0 },
};
/* clang-format on */

static uint32_t sel_addr(const struct model_cfg *cfg, unsigned n)
{
	if (!cfg->amd)
		return 0x186 + n;
	return cfg->core_ext ? 0xc0010200 + 2 * n : 0xc0010000 + n;
}

static uint32_t ctr_addr(const struct model_cfg *cfg, unsigned n)
{
	if (!cfg->amd)
		return 0xc1 + n;
	return cfg->core_ext ? 0xc0010201 + 2 * n : 0xc0010004 + n;
}

/* Counter 1 counts code; what of the global control there is, is on. */
static struct model *counting(const char *name, uint64_t code)
{
	struct model *m = make(name);

	if (model_wrmsr(m, sel_addr(model_config(m), 1), code))
		diag("%s: #GP: %#" PRIx64, name, code);
	return m;
}

static uint64_t count(struct model *m)
{
	return reads(m, ctr_addr(model_config(m), 1));
}

static void test_stream(void)
{
	for (size_t i = 0; i < N(events); i++) {
		struct model *m =
			counting(events[i].cfg, events[i].code | USER);

		for (size_t k = 0; k < N(stream); k++)
			model_step(m, &stream[k], 1);
		is_u64(count(m), events[i].count, "%s: %#" PRIx64,
		       events[i].cfg, events[i].code);
		model_free(m);
	}
}

static void test_clocks(void)
{
	struct model *m = make("SKL"), *z = make("ZEN");

	for (size_t k = 0; k < N(stream); k++) {
		model_step(m, &stream[k], 1);
		model_step(z, &stream[k], 1);
	}
	model_idle(m, 1000);
	is_u64(reads(m, 0x10), CYCLES + 1000, "the TSC goes on when idle");
	is_u64(reads(m, 0xe7), CYCLES, "MPERF does not");
	is_u64(reads(m, 0xe8), CYCLES, "nor APERF");
	is_u64(reads(m, 0x64e), CYCLES - 200, "PPERF waits for no memory");
	is_u64(reads(z, 0xc00000e8), CYCLES, "AMD's copies go on as well");
	is_u64(reads(z, 0xc00000e9), N(stream), "IRPERF counts instructions");
	model_step(z, stream, 0);
	is_u64(reads(z, 0xc00000e8), CYCLES, "a step of nothing is none");
	model_free(m);
	model_free(z);
}

static void test_modifiers(void)
{
	for (size_t i = 0; i < N(modified); i++) {
		struct model *m =
			counting(modified[i].cfg, modified[i].modifiers | 0xc0);

		model_advance(m, 0xc0, 0, 3, 0);
		is_u64(count(m), 0, "%s: %#" PRIx64 ": nothing of nothing",
		       modified[i].cfg, modified[i].modifiers);
		model_advance(m, 0xc0, 0, 3, 10);
		is_u64(count(m), modified[i].first, "%s: %#" PRIx64 ": of 10",
		       modified[i].cfg, modified[i].modifiers);
		model_advance(m, 0xc0, 0, 3, 10);
		is_u64(count(m), modified[i].first + modified[i].second,
		       "%s: %#" PRIx64 ": of 10 more", modified[i].cfg,
		       modified[i].modifiers);
		model_free(m);
	}
}

/* When does an edge count again? */
static void test_edge(void)
{
	struct model *m = counting("HSW", 0xc0 | USER | SEL_EDGE);

	model_advance(m, 0xc0, 0, 3, 5);
	model_advance(m, 0xc4, 0, 3, 5);
	model_advance(m, 0xc0, 0, 3, 5);
	is_u64(count(m), 1, "another event does not end an edge");
	model_advance(m, 0xc0, 0, 0, 5);
	model_advance(m, 0xc0, 0, 3, 5);
	is_u64(count(m), 2, "a ring that does not count ends it");
	model_wrmsr(m, 0x187, 0xc0 | USER | SEL_EDGE);
	model_advance(m, 0xc0, 0, 3, 5);
	is_u64(count(m), 3, "a write of the select ends it");
	model_idle(m, 1);
	model_advance(m, 0xc0, 0, 3, 5);
	is_u64(count(m), 4, "halt ends it");
	model_free(m);
}

static void test_advance(const char *name)
{
	struct model *m = make(name);
	const struct model_cfg *cfg = model_config(m);
	bool all = true;

	for (unsigned n = 0; n < cfg->ngp; n++)
		model_wrmsr(m, sel_addr(cfg, n), 0xc0 | USER);
	if (!cfg->amd) {
		model_wrmsr(m, 0x38d, 0x2222 & (BIT(4 * cfg->nfixed) - 1));
		model_wrmsr(m, 0x38f, reads(m, 0x38f) | 7ULL << 32);
	}
	model_advance(m, 0xc0, 0, 3, 12345);
	model_advance(m, 0xc0, 1, 3, 1);
	model_advance(m, 0xc1, 0, 3, 1);
	model_advance(m, 0x1c0, 0, 3, 1);
	model_advance(m, 0xc0, 0, 0, 1);
	for (unsigned n = 0; n < cfg->ngp; n++)
		all &= reads(m, ctr_addr(cfg, n)) == 12345;
	ok(all, "%s: each general counter counts 12345 and no other", name);
	is_u64(reads(m, 0x10), 0, "%s: the TSC does not go on by that", name);
	for (unsigned i = 0; i < cfg->nfixed && i < 3; i++) {
		static const unsigned codes[] = { 0xc0, 0x3c, 0 };

		model_wrmsr(m, 0x309 + i, 7);
		model_advance(m, codes[i], i == 2 ? 3 : 0, 3, 100);
		model_advance(m, codes[i], i == 2 ? 3 : 0, 0, 1);
		is_u64(reads(m, 0x309 + i), 107, "%s: fixed counter %u", name,
		       i);
	}
	model_free(m);
}

static void test_wrap(void)
{
	struct model *m = counting("SKL", 0xc0 | USER);

	model_wrmsr(m, 0x4c2, BIT(48) - 3);
	model_advance(m, 0xc0, 0, 3, 2);
	is_u64(reads(m, 0x38e), 0, "one short of the wrap: no status");
	model_advance(m, 0xc0, 0, 3, 10);
	is_u64(count(m), 9, "a wrap keeps the remainder");
	is_u64(reads(m, 0x38e), 2, "and sets the status");
	is_u64(model_pmis(m), 0, "and interrupts nobody");
	model_wrmsr(m, 0x390, 2);
	model_wrmsr(m, 0x30c, 0);
	model_wrmsr(m, 0x38d, 0x222);
	model_wrmsr(m, 0x38f, BIT(34));
	model_wrmsr(m, 0x30b, BIT(48) - 1);
	model_advance(m, 0, 3, 3, 1);
	is_u64(reads(m, 0x38e), BIT(34), "a fixed counter has its own bit");
	model_free(m);
	m = counting("CORE2", 0xc0 | USER | SEL_INT);
	model_advance(m, 0xc0, 0, 3, (3ULL << 40) + 5);
	is_u64(count(m), 5, "three wraps at once");
	is_u64(reads(m, 0x38e), 2, "leave one bit");
	is_u64(model_pmis(m), 3, "but each has interrupted");
	model_free(m);
}

/* An interrupt in the middle of an advance: the rest meets a frozen PMU. */
static void test_freeze(const char *name, uint64_t ctl, uint64_t status)
{
	struct model *m = counting(name, 0xc0 | USER | SEL_INT);

	model_wrmsr(m, 0x186, 0xc0 | USER);
	model_wrmsr(m, 0x1d9, BIT(12));
	model_wrmsr(m, 0xc2, (uint32_t)-5);
	model_advance(m, 0xc0, 0, 3, 100);
	is_u64(count(m), 0, "%s: frozen at the wrap", name);
	is_u64(reads(m, 0xc1), 5, "%s: the other counter, too", name);
	is_u64(reads(m, 0x38f), ctl, "%s: global control then", name);
	is_u64(reads(m, 0x38e), status, "%s: status then", name);
	is_u64(model_pmis(m), 1, "%s: one interrupt", name);
	model_free(m);
}

/* Two edges that wrap at the same cycle, with an interrupt each. */
static void test_edge_wraps(void)
{
	struct model *m = counting("SKL", 0xc0 | USER | SEL_EDGE | SEL_INT);

	model_wrmsr(m, 0x186, 0xc0 | USER | SEL_EDGE | SEL_INT);
	model_wrmsr(m, 0x4c1, BIT(48) - 1);
	model_wrmsr(m, 0x4c2, BIT(48) - 1);
	model_wrmsr(m, 0x188, 0xc0 | USER);
	model_wrmsr(m, 0x1d9, BIT(12));
	model_advance(m, 0xc0, 0, 3, 50);
	is_u64(model_pmis(m), 1, "two wraps of one cycle interrupt once");
	is_u64(reads(m, 0x38e), FROZEN | 3, "and freeze");
	is_u64(reads(m, 0xc3), 1, "in that cycle");
	model_free(m);
}

static void stop_it(void *arg)
{
	struct model *m = arg;

	model_wrmsr(m, 0x187, 0);
}

static void test_callback(void)
{
	struct model *m = counting("HSW", 0xc0 | USER | SEL_INT);

	model_on_pmi(m, stop_it, m);
	model_wrmsr(m, 0xc2, (uint32_t)-5);
	model_advance(m, 0xc0, 0, 3, 100);
	is_u64(count(m), 0, "who is told of the interrupt can stop it");
	is_u64(model_pmis(m), 1, "it was one");
	model_free(m);
}

/* Registers filled at random: n at once are n times one. */
static uint64_t rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void litter(struct model *m, uint64_t *seed)
{
	const struct model_cfg *cfg = model_config(m);

	for (unsigned n = 0; n < cfg->ngp; n++) {
		uint64_t sel = 0xc0 | SEL_EN | (rnd(seed) & 3) << 16 |
			       (rnd(seed) & 0x97) << 16 | CMASK(rnd(seed) % 3);

		model_poke(m, sel_addr(cfg, n), sel);
		model_poke(m, ctr_addr(cfg, n),
			   BIT(cfg->width) - 1 - rnd(seed) % 40);
	}
	model_poke(m, 0x1d9, rnd(seed) & 0x1801);
	if (cfg->amd)
		return;
	model_poke(m, 0x38d, rnd(seed) & 0xbbb);
	model_poke(m, 0x38f, reads(m, 0x38f) | (rnd(seed) & 7) << 32);
	model_poke(m, 0x309, BIT(cfg->fixed_width) - 1 - rnd(seed) % 40);
}

static void test_equal(const char *name)
{
	struct model *a = make(name), *b = make(name);
	uint64_t seed = 88172645463325252, litters, pmis = 0;
	bool good = true;

	for (unsigned round = 0; round < 500 && good; round++) {
		struct image ia, ib;
		unsigned n = rnd(&seed) % 50;

		model_reset(a);
		model_reset(b);
		litters = seed;
		litter(a, &litters);
		litter(b, &seed);
		model_advance(a, 0xc0, 0, 3, n);
		for (unsigned i = 0; i < n; i++)
			model_advance(b, 0xc0, 0, 3, 1);
		ia = image_of(a);
		ib = image_of(b);
		good = image_same(&ia, &ib) && model_pmis(a) == model_pmis(b);
		if (!good)
			diag("round %u, n %u", round, n);
		pmis += model_pmis(a);
	}
	ok(good, "%s: n events at once are n times one", name);
	ok(pmis > 50, "%s: with interrupts among them", name);
	model_free(a);
	model_free(b);
}

static void test_smi(void)
{
	struct model *m = make("SKL"),
		     *z = counting("ZEN", 0x2b | SEL_OS | SEL_EN);

	model_wrmsr(m, 0x38f, 1);
	model_smi(m);
	is_u64(reads(m, 0x34), 1, "an SMI is counted");
	is_u64(reads(m, 0x38f), 1, "the enables are left");
	model_wrmsr(m, 0x1d9, BIT(14));
	model_poke(m, 0x34, UINT32_MAX);
	model_smi(m);
	is_u64(reads(m, 0x34), 0, "in 32 bits");
	is_u64(reads(m, 0x38f), 0x70000000f,
	       "with freeze in SMM all enables are set afterwards");
	model_smi(z);
	is_u64(count(z), 1, "AMD has an event for it");
	model_free(m);
	model_free(z);
}

/* The return stack is 16 deep: of 20 calls the outermost 4 are forgotten. */
static void test_return_stack(void)
{
	struct model *m = counting("SKL", 0xc5 | USER);
	struct model_insn call = { .cpl = 3, .br = MODEL_BR_CALL, .taken = 1 };
	struct model_insn ret = { .cpl = 3, .br = MODEL_BR_RET, .taken = 1 };

	call.misp = ret.misp = -1;
	for (call.ip = 100; call.ip < 120; call.ip++)
		model_step(m, &call, 1);
	for (unsigned i = 0; i < 16; i++) {
		ret.target = 119 - i + 5;
		model_step(m, &ret, 1);
	}
	is_u64(count(m), 0, "16 returns are predicted");
	for (unsigned i = 16; i < 20; i++) {
		ret.target = 119 - i + 5;
		model_step(m, &ret, 1);
	}
	is_u64(count(m), 4, "no more of them");
	model_free(m);
}

/* Transactions, other UMASK2, virtual machines, a WRMSR that faults. */
static void test_rest(void)
{
	static const struct model_insn in_tx = { .cpl = 3, .in_tx = 1 };
	struct model *m = counting("HSW", 0xc0 | USER | IN_TX);

	model_step(m, stream, 1);
	model_step(m, &in_tx, 1);
	is_u64(count(m), 1, "IN_TX counts in transactions only");
	model_free(m);

	m = counting("LNC", 0xc0 | USER | BIT(40));
	model_step(m, stream, 1);
	model_advance(m, 0xc0, 0x100, 3, 4);
	is_u64(count(m), 4, "UMASK2 makes another event of it");
	model_free(m);

	m = counting("LNC", 0xc0 | USER | EQ | CMASK(2));
	model_step(m, stream, 3);
	is_u64(count(m), 0, "EQ: three in a cycle are not two");
	model_step(m, stream, 2);
	is_u64(count(m), 1, "EQ: two are");
	model_free(m);

	m = counting("ZEN4", 0xc0 | USER | BIT(41));
	model_advance(m, 0xc0, 0, 3, 4);
	model_svme(m, true);
	model_advance(m, 0xc0, 0, 3, 5);
	is_u64(count(m), 5, "what happens, happens in the host");
	model_free(m);

	m = counting("SKL", 0xc0 | SEL_OS | SEL_EN);
	is_i64(model_wrmsr_insn(m, 0x186, BIT(63)), -EIO, "a WRMSR faults");
	is_u64(count(m), 0, "so it has not retired");
	is_i64(model_wrmsr_insn(m, 0x186, 0), 0, "one that does not");
	is_u64(count(m), 1, "has");
	model_free(m);
}

int main(void)
{
	const struct model_cfg *cfg;

	test_stream();
	test_clocks();
	test_modifiers();
	test_edge();
	for (unsigned i = 0; (cfg = model_cfg_at(i)); i++) {
		test_advance(cfg->name);
		test_equal(cfg->name);
	}
	test_wrap();
	test_freeze("NHM", 0, 2);
	test_freeze("SKL", 0xf, FROZEN | 2);
	test_edge_wraps();
	test_callback();
	test_smi();
	test_return_stack();
	test_rest();
	return done_testing();
}
