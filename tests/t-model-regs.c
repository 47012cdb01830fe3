/* SPDX-License-Identifier: MIT
 *
 * t-model-regs.c - the registers of each model: their writable bits as the
 * reference (6.2) has them, their addresses, what reset leaves, what is hidden
 * or shared, and the ways around WRMSR that tests use.  The vectors are run by
 * t-model.c.
 */
#include "config.h"

#include <errno.h>

#include "insn.h"
#include "model-test.h"

#define BIT(n) (UINT64_C(1) << (n))
#define N(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
	int line;
	const char *cfg;
	uint32_t addr;
	uint64_t valid;
	bool write_only;
} masks[] = {
	{ __LINE__, "CORE2", 0x186, 0xffdfffff, 0 },
	{ __LINE__, "CORE2", 0x187, 0xffdfffff, 0 },
	{ __LINE__, "CORE2", 0x309, 0xffffffffff, 0 },
	{ __LINE__, "CORE2", 0x38d, 0xbbb, 0 },
	{ __LINE__, "CORE2", 0x38f, 0x700000003, 0 },
	{ __LINE__, "CORE2", 0x390, 0xc000000700000003, 1 },
	{ __LINE__, "CORE2", 0x1d9, 0xffc3, 0 },
	{ __LINE__, "CORE2", 0x3f1, 0x1, 0 },
	{ __LINE__, "NHM", 0x189, 0xffffffff, 0 },
	{ __LINE__, "NHM", 0x38d, 0xfff, 0 },
	{ __LINE__, "NHM", 0x38f, 0x70000000f, 0 },
	{ __LINE__, "NHM", 0x390, 0xc00000070000000f, 1 },
	{ __LINE__, "NHM", 0x1a6, 0xffff, 0 },
	{ __LINE__, "NHM", 0x3f6, 0xffff, 0 },
	{ __LINE__, "NHM", 0x3f1, 0xf0000000f, 0 },
	{ __LINE__, "HSW", 0x187, 0x1ffffffff, 0 },
	{ __LINE__, "HSW", 0x188, 0x3ffffffff, 0 },
	{ __LINE__, "HSW", 0x189, 0x1ffffffff, 0 },
	{ __LINE__, "HSW", 0x4c4, 0xffffffffffff, 0 },
	{ __LINE__, "HSW", 0x30b, 0xffffffffffff, 0 },
	{ __LINE__, "HSW", 0x1a6, 0x3fffff8fff, 0 },
	{ __LINE__, "HSW", 0x1a7, 0x3fffff8fff, 0 },
	{ __LINE__, "SKL", 0x188, 0x3ffffffff, 0 },
	{ __LINE__, "SKL", 0x390, 0xfc0000070000000f, 1 },
	{ __LINE__, "SKL", 0x391, 0x7c0000070000000f, 1 },
	{ __LINE__, "SKL", 0x3f7, 0x7fff17, 0 },
	{ __LINE__, "SKL8", 0x188, 0x3ffffffff, 0 },
	{ __LINE__, "SKL8", 0x18d, 0x1ffffffff, 0 },
	{ __LINE__, "SKL8", 0x4c8, 0xffffffffffff, 0 },
	{ __LINE__, "SKL8", 0x38f, 0x7000000ff, 0 },
	{ __LINE__, "ICL", 0x18d, 0x4ffdfffff, 0 },
	{ __LINE__, "ICL", 0x38d, 0x11110000bbbb, 0 },
	{ __LINE__, "ICL", 0x38f, 0x1000f000000ff, 0 },
	{ __LINE__, "ICL", 0x390, 0xfc01000f000000ff, 1 },
	{ __LINE__, "ICL", 0x391, 0x7c01000f000000ff, 1 },
	{ __LINE__, "ICL", 0x1a6, 0x3fffffbfff, 0 },
	{ __LINE__, "ICL", 0x329, UINT64_MAX, 0 },
	{ __LINE__, "ADLP", 0x38f, 0x1000f000000ff, 0 },
	{ __LINE__, "ADLP", 0x1a7, 0x3fffffffff, 0 },
	{ __LINE__, "ADLP", 0x3f7, 0x7fff1f, 0 },
	{ __LINE__, "ADLE", 0x18b, 0x4ffdfffff, 0 },
	{ __LINE__, "ADLE", 0x38d, 0x11100000bbb, 0 },
	{ __LINE__, "ADLE", 0x38f, 0x70000003f, 0 },
	{ __LINE__, "ADLE", 0x1a6, 0x3fffffffff, 0 },
	{ __LINE__, "LNC", 0x186, 0xff14ffd7ffff, 0 },
	{ __LINE__, "LNC", 0x18f, 0xff14ffd7ffff, 0 },
	{ __LINE__, "LNC", 0x1901, 0xff14ffd7ffff, 0 },
	{ __LINE__, "LNC", 0x1924, 0xffffffffffff, 0 },
	{ __LINE__, "LNC", 0x198c, 0xffffffffffff, 0 },
	{ __LINE__, "LNC", 0x38d, 0x11110000bbbb, 0 },
	{ __LINE__, "LNC", 0x38f, 0x1000f000003ff, 0 },
	{ __LINE__, "LNC", 0x1a6, 0xfffffffffff, 0 },
	{ __LINE__, "LNC", 0x3f7, 0x7fff1f, 0 },
	{ __LINE__, "K10", 0xc0010003, 0x30fffd7ffff, 0 },
	{ __LINE__, "K10", 0xc0010007, 0xffffffffffff, 0 },
	{ __LINE__, "K10", 0x1d9, 0x1807, 0 },
	{ __LINE__, "ZEN", 0xc0010003, 0x30fffd7ffff, 0 },
	{ __LINE__, "ZEN", 0xc001020a, 0x30fffd7ffff, 0 },
	{ __LINE__, "ZEN", 0xc001020b, 0xffffffffffff, 0 },
	{ __LINE__, "ZEN4", 0xc0010204, 0x30fffd7ffff, 0 },
	{ __LINE__, "ZEN4", 0xc0000301, 0x3f, 0 },
	{ __LINE__, "ZEN4", 0xc0000300, 0, 0 },
	{ __LINE__, "ZEN4", 0xc0000302, 0, 1 },
	{ __LINE__, "ZEN4", 0xc00000e7, 0, 0 },
	{ __LINE__, "ZEN4", 0xc00000e9, 0, 0 },
	{ __LINE__, "ZEN4", 0xc001029b, 0, 0 },
};

/* Each of these raises #GP, whatever is written: nobody can, or none is. */
static const struct {
	const char *cfg;
	uint32_t addr;
	bool readable;
} fixed[] = {
	{ "SKL", 0x38e, 1 }, { "SKL", 0x392, 1 }, { "SKL", 0x345, 1 },
	{ "SKL", 0x34, 1 }, { "SKL", 0x64e, 1 }, { "SKL", 0x19c, 1 },
	{ "SKL", 0x1b1, 1 }, { "SKL", 0x606, 1 }, { "SKL", 0x611, 1 },
	{ "SKL", 0x619, 1 }, { "SKL", 0x639, 1 }, { "SKL", 0x641, 1 },
	{ "SKL", 0x64d, 1 }, { "SKL", 0xca, 0 }, { "SKL", 0x600, 0 },
	{ "SKL", 0x1900, 0 }, { "SKL", 0x329, 0 }, { "SKL", 0xc0010000, 0 },
	{ "CORE2", 0x34, 0 }, { "CORE2", 0x1a6, 0 }, { "CORE2", 0x3f6, 0 },
	{ "CORE2", 0x4c1, 0 }, { "NHM", 0x1a7, 0 }, { "NHM", 0x606, 0 },
	{ "NHM", 0x391, 0 }, { "NHM", 0x1b1, 0 }, { "HSW", 0x3f7, 0 },
	{ "HSW", 0x64e, 0 }, { "HSW", 0x64d, 0 }, { "HSW", 0x392, 0 },
	{ "ADLE", 0x30c, 0 }, { "ADLE", 0xc7, 0 }, { "ADLE", 0x3f7, 0 },
	{ "LNC", 0x1902, 0 }, { "LNC", 0x1928, 0 }, { "LNC", 0x1990, 0 },
	{ "LNC", 0x1982, 0 }, { "LNC", 0xcb, 0 }, { "K10", 0xc0010200, 0 },
	{ "K10", 0xc00000e9, 0 }, { "K10", 0xc001029b, 0 }, { "K10", 0x34, 0 },
	{ "ZEN", 0xc0000300, 0 }, { "ZEN", 0xc001020c, 0 },
	{ "ZEN4", 0xc0000304, 0 }, { "ZEN4", 0x186, 0 }, { "ZEN4", 0x38f, 0 },
};
/* clang-format on */

/* Does bit alone go in, as its mask says? */
static bool probe_bit(struct model *m, size_t row, unsigned bit)
{
	uint32_t addr = masks[row].addr;
	bool valid = masks[row].valid & BIT(bit);
	struct image before = image_of(m), after;
	int ret = model_wrmsr(m, addr, BIT(bit));

	if (ret == -EIO) {
		after = image_of(m);
		return !model_config(m)->amd && !valid &&
		       image_same(&before, &after);
	}
	if (ret || (!model_config(m)->amd && !valid))
		return false;
	return reads(m, addr) ==
	       (valid && !masks[row].write_only ? BIT(bit) : 0);
}

static void test_masks(void)
{
	for (size_t i = 0; i < N(masks); i++) {
		struct model *m = make(masks[i].cfg);
		bool good = true;

		for (unsigned b = 0; b < 64; b++)
			if (!probe_bit(m, i, b))
				good = diag("line %d: bit %u", masks[i].line,
					    b);
		ok(good, "%s: the bits of %#x", masks[i].cfg, masks[i].addr);
		model_free(m);
	}
	for (size_t i = 0; i < N(fixed); i++) {
		struct model *m = make(fixed[i].cfg);
		uint64_t v;

		is_i64(model_wrmsr(m, fixed[i].addr, 0), -EIO,
		       "%s: %#x cannot be written", fixed[i].cfg,
		       fixed[i].addr);
		is_i64(model_rdmsr(m, fixed[i].addr, &v),
		       fixed[i].readable ? 0 : -EIO, "%s: %#x %s", fixed[i].cfg,
		       fixed[i].addr,
		       fixed[i].readable ? "is there" : "is not there");
		model_free(m);
	}
}

/* All addresses that can be read, aliases too. */
struct span {
	unsigned n;
	uint32_t addr[256];
};

static struct span scan(struct model *m)
{
	static const uint32_t starts[] = { 0, 0xc0000000, 0xc0010000 };
	struct span s = { 0 };
	uint64_t v;

	for (size_t i = 0; i < N(starts); i++)
		for (uint32_t a = starts[i]; a < starts[i] + 0x2000; a++)
			if (model_rdmsr(m, a, &v) == 0 && s.n < 256)
				s.addr[s.n++] = a;
	return s;
}

static bool is_write_only(uint32_t addr)
{
	return addr == 0x390 || addr == 0x391 || addr == 0xc0000302 ||
	       addr == 0xc0000303;
}

/* Not listed: it must be another address of one that is. */
static bool is_alias(struct model *m, uint32_t addr)
{
	struct image before = image_of(m), after;
	unsigned i;

	if (model_poke(m, addr, reads(m, addr) ^ BIT(8)))
		return false;
	after = image_of(m);
	i = image_only(&before, &after);
	return i < after.n && after.reg[i].value == reads(m, addr);
}

static void test_listing(const char *name)
{
	struct model *m = make(name);
	struct image im = image_of(m);
	struct span s = scan(m);
	bool sorted = true, right = true, whole = true;

	for (unsigned i = 0; i < im.n; i++) {
		sorted &= i == 0 || im.reg[i].addr > im.reg[i - 1].addr;
		right &= reads(m, im.reg[i].addr) == im.reg[i].value;
	}
	for (unsigned i = 0; i < s.n; i++)
		if (image_find(&im, s.addr[i]) == im.n &&
		    !is_write_only(s.addr[i]) && !is_alias(m, s.addr[i]))
			whole = diag("%#x is not listed", s.addr[i]);
	ok(sorted, "%s: registers are listed once, ascending", name);
	ok(right, "%s: with the values that RDMSR gives", name);
	ok(whole, "%s: all but aliases", name);
	model_free(m);
}

/* Whatever a write changes, the list shows. */
static void test_no_hidden_state(const char *name)
{
	struct model *m = make(name);
	struct span s = scan(m);
	uint64_t before[256];
	bool good = true;

	for (unsigned i = 0; i < 64 * s.n; i++) {
		struct image a = image_of(m), b;
		bool changed = false;

		for (unsigned k = 0; k < s.n; k++)
			before[k] = reads(m, s.addr[k]);
		model_wrmsr(m, s.addr[i / 64], BIT(i % 64));
		for (unsigned k = 0; k < s.n; k++)
			changed |= before[k] != reads(m, s.addr[k]);
		b = image_of(m);
		if (changed == image_same(&a, &b))
			good = diag("a write of %#x", s.addr[i / 64]);
	}
	ok(good, "%s: no write changes what is not listed", name);
	model_free(m);
}

/* Everything set to something, then reset: as new. */
static void test_reset(const char *name)
{
	struct model *m = make(name);
	struct image fresh = image_of(m), im;
	struct span s = scan(m);

	for (unsigned i = 0; i < s.n; i++)
		for (unsigned b = 0; b < 64; b++)
			model_poke(m, s.addr[i], BIT(b));
	im = image_of(m);
	ok(!image_same(&fresh, &im), "%s: registers are littered", name);
	model_reset(m);
	im = image_of(m);
	ok(image_same(&fresh, &im), "%s: a reset restores them", name);
	model_free(m);
}

static void test_reset_values(void)
{
	static const struct {
		const char *cfg;
		uint32_t addr;
		uint64_t value;
	} rows[] = {
		{ "CORE2", 0x38f, 0x3 },
		{ "NHM", 0x38f, 0xf },
		{ "SKL8", 0x38f, 0xff },
		{ "LNC", 0x38f, 0x3ff },
		{ "ZEN4", 0xc0000301, 0x3f },
		{ "SKL", 0x186, 0 },
		{ "SKL", 0x38d, 0 },
		{ "SKL", 0x38e, 0 },
		{ "SKL", 0x1d9, 0 },
		{ "SKL", 0xc1, 0 },
		{ "SKL", 0x10, 0 },
		{ "SKL", 0x34, 0 },
		{ "SKL", 0x606, 0xa0e03 },
		{ "SKL", 0x19c, 0x88360000 },
		{ "SKL", 0x1a0, 0x50889 },
		{ "SKL", 0x345, 0x2000 },
		{ "ICL", 0x345, 0xe000 },
		{ "ADLE", 0x345, 0x6000 },
		{ "ZEN", 0xc0010299, 0xa1003 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct model *m = make(rows[i].cfg);

		is_u64(reads(m, rows[i].addr), rows[i].value,
		       "%s: %#x after reset", rows[i].cfg, rows[i].addr);
		model_free(m);
	}
}

/* AMD's counters hold anything after reset: such a CPU can be had, too. */
static void test_poison(void)
{
	struct model *m = make("ZEN");

	is_i64(model_poke(m, 0xc0010201, 0xdeadbeefcafe), 0,
	       "a counter can be poisoned");
	model_wrmsr(m, 0xc0010200, 0x4300c0);
	model_advance(m, 0xc0, 0, 3, 2);
	is_u64(reads(m, 0xc0010004), 0xdeadbeefcb00, "and goes on from there");
	model_wrmsr(m, 0xc0010201, 5);
	is_u64(reads(m, 0xc0010201), 5, "a write makes it good");
	model_free(m);
}

static void test_poke(void)
{
	struct model *m = make("SKL");

	is_i64(model_poke(m, 0x38e, 5), 0, "poke a read-only register");
	is_u64(reads(m, 0x38e), 5, "and it holds it");
	is_i64(model_poke(m, 0xc1, 0x123456789abc), 0,
	       "poke all bits of a counter by its legacy address");
	is_u64(reads(m, 0x4c1), 0x123456789abc, "and it holds them");
	is_i64(model_poke(m, 0xc1, BIT(48)), -ERANGE, "but no more bits");
	is_i64(model_poke(m, 0x186, BIT(63)), -ERANGE, "than a register has");
	is_i64(model_poke(m, 0x1a0, 0), 0, "MISC_ENABLE[7] can be taken away");
	is_u64(reads(m, 0x1a0), 0, "by a poke");
	is_i64(model_wrmsr(m, 0x1a0, 0x50889), 0, "WRMSR of it is no #GP");
	is_u64(reads(m, 0x1a0), 0x50009, "but does not bring bits back");
	is_i64(model_poke(m, 0x390, 0), -EINVAL, "0x390 holds nothing");
	is_i64(model_poke(m, 0x392, 1), -EINVAL, "0x392 is computed");
	is_i64(model_poke(m, 0x999, 1), -EIO, "0x999 is not there");
	model_free(m);
}

static void test_free_running(void)
{
	struct model *m = make("SKL");

	model_poke(m, 0x34, UINT32_MAX);
	model_poke(m, 0x611, UINT32_MAX);
	model_poke(m, 0x10, UINT64_MAX);
	is_i64(model_advance_msr(m, 0x34, 3), 0, "SMI count goes on");
	is_u64(reads(m, 0x34), 2, "in 32 bits");
	model_advance_msr(m, 0x611, 0x100000001);
	is_u64(reads(m, 0x611), 0, "energy in 32 bits");
	model_advance_msr(m, 0x10, 8);
	is_u64(reads(m, 0x10), 7, "the TSC in 64 bits");
	is_i64(model_advance_msr(m, 0x19c, 1), -EINVAL, "heat is no count");
	is_i64(model_advance_msr(m, 0x606, 1), -EINVAL, "nor is a unit");
	is_i64(model_advance_msr(m, 0xc1, 1), -EINVAL,
	       "a counter does not count by itself");
	is_i64(model_advance_msr(m, 0xc00000e9, 1), -EIO, "IRPERF is AMD's");
	model_wrmsr(m, 0xe7, 77);
	is_u64(reads(m, 0xe7), 77, "MPERF can be written");
	model_free(m);
	m = make("ZEN");
	model_advance_msr(m, 0xc00000e7, 5);
	model_wrmsr(m, 0xe7, 77);
	is_u64(reads(m, 0xc00000e7), 5, "its read-only copy does not follow");
	model_wrmsr(m, 0xc00000e7, 0);
	is_u64(reads(m, 0xc00000e7), 5, "and ignores a write");
	model_free(m);
}

/* Version 6: other addresses of the same registers; UMASK2 and EQ. */
static void test_v6(void)
{
	struct model *m = make("LNC");

	model_wrmsr(m, 0x1901 + 4 * 9, 0x4100c0);
	is_u64(reads(m, 0x18f), 0x4100c0, "CFG_A of counter 9 is PERFEVTSEL9");
	model_wrmsr(m, 0x1900 + 4 * 9, 0xfffffffffff0);
	is_u64(reads(m, 0xca), 0xfffffffffff0, "GP9_CTR is PMC9, all bits");
	is_u64(reads(m, 0x4ca), 0xfffffffffff0, "and A_PMC9");
	is_i64(model_wrmsr(m, 0x1924, BIT(48)), -EIO, "no more bits than it");
	model_wrmsr(m, 0x1980 + 4 * 3, 123);
	is_u64(reads(m, 0x30c), 123, "FX3_CTR is FIXED_CTR3");
	is_i64(model_wrmsr(m, 0x186, BIT(37)), -EIO,
	       "no RDPMC user disable: 23H does not say so");
	model_free(m);
}

static void test_swallow(void)
{
	struct model *m = make("SKL");
	struct image before, after;
	struct cpuid_regs r;

	model_wrmsr(m, 0x186, 0x4300c0);
	model_poke(m, 0xc1, 55);
	model_poke(m, 0x10, 66);
	model_poke(m, 0x611, 88);
	before = image_of(m);
	model_set_mode(m, MODEL_SWALLOW);
	is_u64(reads(m, 0x186), 0, "a hidden event select reads 0");
	is_u64(reads(m, 0xc1), 0, "a hidden counter reads 0");
	is_u64(reads(m, 0x345), 0, "hidden capabilities read 0");
	is_u64(reads(m, 0x606), 0, "the hidden energy unit reads 0");
	is_u64(reads(m, 0x611), 0, "and hidden energy");
	is_u64(reads(m, 0x10), 66, "the TSC is not hidden");
	is_i64(model_wrmsr(m, 0x186, UINT64_MAX), 0, "a write is swallowed");
	is_i64(model_wrmsr(m, 0x38e, 1), 0, "whatever register");
	is_i64(model_wrmsr(m, 0x999, 1), -EIO, "if there is one");
	model_cpuid(m, 1, 0, &r);
	ok(r.ecx & BIT(31), "CPUID says that there is a hypervisor");
	after = image_of(m);
	ok(image_same(&before, &after), "nothing has changed meanwhile");
	model_set_mode(m, MODEL_BARE);
	is_u64(reads(m, 0xc1), 55, "and all is there again");
	model_cpuid(m, 1, 0, &r);
	ok(!(r.ecx & BIT(31)), "no hypervisor any more");
	model_free(m);
}

static void test_share(void)
{
	struct model *a = make("SKL"), *b = make("SKL"), *c = make("SKL");

	model_wrmsr(a, 0x1a6, 1);
	model_wrmsr(b, 0x1a6, 2);
	is_u64(reads(a, 0x1a6), 1, "two cores have their own OFFCORE_RSP");
	model_share(a, b);
	model_share(a, c);
	is_u64(reads(b, 0x1a6), 1, "two threads of one share it");
	model_wrmsr(b, 0x1a7, 3);
	model_wrmsr(b, 0x3f7, 4);
	model_wrmsr(b, 0x3f6, 5);
	model_wrmsr(b, 0x186, 6);
	is_u64(reads(a, 0x1a7), 3, "and the second");
	is_u64(reads(c, 0x3f7), 4, "and FRONTEND");
	is_u64(reads(a, 0x3f6), 0, "but not the latency threshold");
	is_u64(reads(a, 0x186), 0, "nor the counters");
	model_free(a);
	model_wrmsr(b, 0x1a6, 7);
	is_u64(reads(c, 0x1a6), 7, "also when the first is gone");
	model_free(c);
	model_free(b);
	model_free(NULL);
}

/* A part nobody knows, of version 1: no fixed counters, no global control. */
static void test_v1(void)
{
	static const struct model_cfg solo = {
		.name = "solo",
		.version = 1,
		.ngp = 2,
		.width = 40,
		.family = 6,
		.model = 14,
	};
	struct model *m = model_new(&solo);

	ok(reads(m, 0x38f) == UINT64_MAX && reads(m, 0x309) == UINT64_MAX &&
		   reads(m, 0x38d) == UINT64_MAX,
	   "version 1 has neither fixed counters nor global registers");
	is_i64(model_wrmsr(m, 0x186, 0x4300c0), 0, "it has event selects");
	model_wrmsr(m, 0xc1, UINT32_MAX);
	model_advance(m, 0xc0, 0, 3, 6);
	is_u64(reads(m, 0xc1), 5, "EN is the only gate");
	is_u64(reads(m, 0x1a6), UINT64_MAX, "an unknown part has no extras");
	model_free(m);
}

int main(void)
{
	const struct model_cfg *cfg;

	test_masks();
	for (unsigned n = 0; (cfg = model_cfg_at(n)); n++) {
		test_listing(cfg->name);
		test_no_hidden_state(cfg->name);
		test_reset(cfg->name);
	}
	test_reset_values();
	test_poison();
	test_poke();
	test_free_running();
	test_v6();
	test_swallow();
	test_share();
	test_v1();
	return done_testing();
}
