/* SPDX-License-Identifier: MIT
 *
 * ovfl-random.c - the values that PMDs get at an overflow and at a restart:
 * short, long, random, their own when they are in reset_pmds, and what a write
 * meanwhile changes (perfmon2 reference, section 7; items 10 and 29).
 */
#include "config.h"

#include "buffer.h"

#define PERIOD UINT64_C(1000)

static int fd;

/* Overflows that mask are of calls, the others of a worker's page faults: a
 * kernel that stopped a breakpoint cannot start it with another period. */
static bool by_worker;

static void events(uint64_t n)
{
	if (by_worker)
		work(NULL, (unsigned)n);
	else
		call(f, (unsigned)n);
}

static void do_calls(void (*fn)(void), unsigned n)
{
	if (by_worker)
		work(fn, n);
	else
		call(fn, n);
}

/* A buffer for many samples, which so never masks. */
#define MANY 65536

static int buffered(void)
{
	by_worker = true;
	worker_start();
	return buffer_context(PFM_FL_NOPTRACE, MANY, NULL);
}

static void begin(int ctx, const pfarg_pmd_t *pmd)
{
	fd = ctx;
	if (by_worker)
		on_faults(fd, 0, 0);
	else
		on_calls(fd, 0, 0, f);
	put(fd, pmd);
	load(fd, by_worker ? worker.tid : tid());
	EXPECT(pfm_start(fd, NULL) == 0);
}

/* It overflows at the n-th call from now, and not before. */
static void overflows_after(uint64_t n)
{
	uint64_t before = stats(fd).overflows;

	events(n - 1);
	EXPECT_U64(stats(fd).overflows, before);
	events(1);
	EXPECT_U64(stats(fd).overflows, before + 1);
}

/* reference, section 7: what is subtracted from the reset value each time. */
static const uint64_t seed_5[] = { 5, 67, 181, 64, 212 };

static pfarg_pmd_t random_pmd(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	pmd.reg_flags |= PFM_REGFL_RANDOM;
	pmd.reg_random_seed = 5;
	pmd.reg_random_mask = 0xff;
	return pmd;
}

static void random_long(void)
{
	pfarg_pmd_t pmd = random_pmd();

	pmd.reg_short_reset = 1;
	begin(context(0), &pmd);
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -PERIOD);
	overflows_after(PERIOD);
	for (unsigned i = 0; i < 5; i++) {
		message(fd);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val,
			   -PERIOD - seed_5[i]);
		EXPECT_U64(value(fd, 0, 0), -PERIOD - seed_5[i]);
		overflows_after(PERIOD + seed_5[i]);
	}
}

static void random_short(void)
{
	pfarg_pmd_t pmd = random_pmd();

	pmd.reg_long_reset = 1;
	begin(buffered(), &pmd);
	overflows_after(PERIOD);
	for (unsigned i = 0; i < 5; i++) {
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val,
			   -PERIOD - seed_5[i]);
		overflows_after(PERIOD + seed_5[i]);
	}
}

/* The sequence to its 10,000th value, each computed in the other way. */
static void random_sequence(void)
{
	pfarg_pmd_t pmd = every(0, 1);
	uint64_t seed = 5;

	pmd.reg_flags |= PFM_REGFL_RANDOM;
	pmd.reg_random_seed = (uint32_t)seed;
	pmd.reg_random_mask = 3;
	begin(context(0), &pmd);
	for (unsigned i = 0; i < 10000; i++) {
		call(f, 1 + (i ? (unsigned)pmd.reg_random_mask : 0));
		if (!EXPECT(pfm_restart(fd) == 0) ||
		    !EXPECT_U64(get(fd, 0, 0).reg_last_reset_val,
				-1 - (seed & 3)))
			return;
		seed = 16807 * seed % 0x7fffffff;
	}
	EXPECT_U64(stats(fd).overflows, 10000);
}

static void random_no_seed(void)
{
	pfarg_pmd_t pmd = random_pmd();

	pmd.reg_random_seed = 0;
	begin(context(0), &pmd);
	for (unsigned i = 0; i < 3; i++) {
		overflows_after(PERIOD);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(value(fd, 0, 0), -PERIOD);
	}
}

static void random_no_flag(void)
{
	pfarg_pmd_t pmd = random_pmd();

	pmd.reg_flags = PFM_REGFL_OVFL_NOTIFY;
	begin(context(0), &pmd);
	for (unsigned i = 0; i < 3; i++) {
		overflows_after(PERIOD);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(value(fd, 0, 0), -PERIOD);
	}
}

static void random_written_anew(void)
{
	pfarg_pmd_t pmd = random_pmd();

	begin(context(0), &pmd);
	for (unsigned i = 0; i < 3; i++) {
		put(fd, &pmd);
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -PERIOD);
		overflows_after(PERIOD);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(value(fd, 0, 0), -PERIOD - 5);
	}
}

/* Three values that differ: the one written, the long and the short one. */
static void three_values(int ctx)
{
	pfarg_pmd_t pmd = every(0, 10);

	pmd.reg_short_reset = -UINT64_C(20);
	pmd.reg_long_reset = -UINT64_C(30);
	begin(ctx, &pmd);
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -UINT64_C(10));
	overflows_after(10);
}

static void long_without_format(void)
{
	three_values(context(0));
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val,
			   i ? -UINT64_C(30) : -UINT64_C(10));
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -UINT64_C(30));
		overflows_after(30);
	}
}

static void short_with_format(void)
{
	three_values(buffered());
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -UINT64_C(20));
		overflows_after(20);
	}
}

/* They go on over the overflow; each is handled before the next call here. */
static void short_of_calls(void)
{
	three_values(buffer_context(0, MANY, NULL));
	for (unsigned i = 0; i < 3; i++)
		overflows_after(20);
}

/* f overflows; g and h are counted, and g is reset with it. */
static void with_reset_pmds(int ctx, const pfarg_pmd_t *other)
{
	pfarg_pmd_t pmd = every(0, 10);

	fd = ctx;
	on_calls(fd, 1, 0, g);
	on_calls(fd, 2, 0, h);
	set_bit(pmd.reg_reset_pmds, 1);
	put(fd, other);
	plain(fd, 2, 0);
	begin(fd, &pmd);
	do_calls(g, 7);
	do_calls(h, 9);
	events(10);
	events(10);
}

static void reset_pmds_long(void)
{
	pfarg_pmd_t other = { .reg_num = SW + 1,
			      .reg_value = 100,
			      .reg_long_reset = 1000,
			      .reg_short_reset = 2000 };

	with_reset_pmds(context(0), &other);
	EXPECT_U64(value(fd, 1, 0), 107);
	EXPECT_U64(get(fd, 1, 0).reg_last_reset_val, 100);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(value(fd, 1, 0), 1000);
	EXPECT_U64(get(fd, 1, 0).reg_last_reset_val, 1000);
	EXPECT_U64(value(fd, 2, 0), 9);
}

static void reset_pmds_short(void)
{
	pfarg_pmd_t other = { .reg_num = SW + 1,
			      .reg_value = 100,
			      .reg_long_reset = 1000,
			      .reg_short_reset = 2000 };

	with_reset_pmds(buffered(), &other);
	EXPECT_U64(stats(fd).overflows, 2);
	EXPECT_U64(value(fd, 1, 0), 2000);
	do_calls(g, 5);
	EXPECT_U64(value(fd, 1, 0), 2005);
	EXPECT_U64(value(fd, 2, 0), 9);
}

/* Values that were never given are 0. */
static void reset_pmds_default(void)
{
	pfarg_pmd_t other = { .reg_num = SW + 1, .reg_value = 100 };

	with_reset_pmds(context(0), &other);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(value(fd, 1, 0), 0);
}

static void reset_pmds_random(void)
{
	pfarg_pmd_t other = { .reg_num = SW + 1,
			      .reg_flags = PFM_REGFL_RANDOM,
			      .reg_long_reset = 1000,
			      .reg_random_seed = 5,
			      .reg_random_mask = 0xff };

	with_reset_pmds(context(0), &other);
	for (unsigned i = 0; i < 5; i++) {
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(value(fd, 1, 0), 1000 - seed_5[i]);
		call(f, 10);
	}
}

/* What is pending is overwritten by its long reset, other values stay. */
static void written_while_masked(void)
{
	pfarg_pmd_t other = { .reg_num = SW + 1 }, pmd = every(0, 25);

	with_reset_pmds(context(0), &other);
	EXPECT(is_masked(fd));
	put(fd, &(pfarg_pmd_t){ .reg_num = SW + 1, .reg_value = 55 });
	put(fd, &(pfarg_pmd_t){ .reg_num = SW + 2, .reg_value = 66 });
	pmd.reg_value = -UINT64_C(3);
	put(fd, &pmd);
	call(f, 5);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(3));
	EXPECT_U64(value(fd, 1, 0), 55);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(25));
	EXPECT_U64(value(fd, 1, 0), 0);
	EXPECT_U64(value(fd, 2, 0), 66);
	overflows_after(25);
}

static void write_clears_mark(void)
{
	pfarg_pmd_t pmd = every(0, 10);

	three_values(context(0));
	EXPECT(has_bit(info(fd, 0).set_ovfl_pmds, 0));
	put(fd, &pmd);
	EXPECT(!has_bit(info(fd, 0).set_ovfl_pmds, 0));
}

/* While it runs a write begins a period of its own. */
static void write_while_running(void)
{
	pfarg_pmd_t pmd = every(0, 100);

	begin(context(0), &pmd);
	call(f, 99);
	put(fd, &pmd);
	overflows_after(100);
	EXPECT(pfm_restart(fd) == 0);
	call(f, 42);
	pmd.reg_value = -UINT64_C(7);
	put(fd, &pmd);
	overflows_after(7);
	EXPECT(pfm_restart(fd) == 0);
	overflows_after(100);
}

/* Stop and start within a period are not in it. */
static void stop_within_period(void)
{
	pfarg_pmd_t pmd = every(0, 100);

	begin(context(0), &pmd);
	for (unsigned i = 0; i < 9; i++) {
		call(f, 10);
		EXPECT(pfm_stop(fd) == 0);
		call(f, 1000);
		EXPECT(pfm_start(fd, NULL) == 0);
	}
	overflows_after(10);
}

static void unload_within_period(void)
{
	pfarg_pmd_t pmd = every(0, 100);

	begin(context(0), &pmd);
	call(f, 30);
	EXPECT(pfm_unload_context(fd) == 0);
	call(f, 1000);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(70));
	load_and_start(fd);
	overflows_after(70);
}

static const struct behaviour behaviours[] = {
	{ 7, 0, "random, seed 5, mask 0xff: 5, 67, 181, 64, 212 at restarts",
	  random_long },
	{ 7, 0, "random: the same at overflows that do not mask",
	  random_short },
	{ 7, 0, "random: 10,000 values of the sequence", random_sequence },
	{ 7, 0, "random: seed 0 gives none", random_no_seed },
	{ 7, 0, "random: a seed without the flag gives none", random_no_flag },
	{ 7, 0, "random: a write begins the sequence again",
	  random_written_anew },
	{ 7, 0, "without a format a restart gives the long value",
	  long_without_format },
	{ 7, 0, "an overflow that does not mask gives the short value",
	  short_with_format },
	{ 7, 0, "the same of breakpoints", short_of_calls },
	{ 7, 0, "reset_pmds at a restart: their own long values",
	  reset_pmds_long },
	{ 7, 0, "reset_pmds at an overflow: their own short values",
	  reset_pmds_short },
	{ 7, 0, "reset_pmds: 0 where none was given", reset_pmds_default },
	{ 7, 0, "reset_pmds: random by their own seed", reset_pmds_random },
	{ 5, 3, "masked: what is written is overwritten if it is to be reset",
	  written_while_masked },
	{ 5, 3, "a write takes the PMD out of set_ovfl_pmds",
	  write_clears_mark },
	{ 5, 3, "a write while it counts begins a period",
	  write_while_running },
	{ 7, 0, "a period goes on over stop and start", stop_within_period },
	{ 7, 0, "a period goes on over unload and load", unload_within_period },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
