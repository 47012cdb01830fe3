/* SPDX-License-Identifier: MIT
 *
 * sets-ovfl.c - event sets that switch at an overflow: how many of them, which
 * values the incoming set gets, masking before switching (perfmon2 reference,
 * sections 6 and 7; items 38 and 39 of section 15).
 */
#include "config.h"

#include "buffer.h"

#define PERIOD UINT64_C(10)

static int fd;

/* Sets 0 to n-1; PMD 0 of set i overflows every PERIOD calls of its function. */
static void (*const fn[3])(void) = { f, g, h };

static void make_sets(unsigned n, uint64_t switch_cnt, uint32_t flags)
{
	for (unsigned i = 0; i < n; i++) {
		pfarg_setdesc_t desc = { .set_id = (uint16_t)i,
					 .set_flags = PFM_SETFL_OVFL_SWITCH };
		pfarg_pmd_t pmd = quietly(0, i, PERIOD);

		EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
		on_calls(fd, 0, i, fn[i]);
		pmd.reg_flags = flags;
		pmd.reg_ovfl_switch_cnt = switch_cnt;
		pmd.reg_short_reset = -UINT64_C(20);
		pmd.reg_long_reset = -UINT64_C(30);
		put(fd, &pmd);
	}
}

static uint64_t runs(unsigned set)
{
	return info(fd, set).set_runs;
}

/* How many switches there were; afterwards all of them are done. */
static uint64_t switches(void)
{
	return stats(fd).switches;
}

/* item 38: one overflow, one switch, and nobody is told. */
static void round_robin(void)
{
	fd = context(0);
	make_sets(3, 1, 0);
	load_and_start(fd);
	EXPECT(runs(0) == 1 && runs(1) == 0 && runs(2) == 0);
	for (unsigned i = 0; i < 3; i++) {
		call(fn[i], PERIOD - 1);
		EXPECT_U64(switches(), i);
		call(fn[i], 1);
		EXPECT_U64(switches(), i + 1);
		EXPECT(!is_masked(fd));
	}
	EXPECT(runs(0) == 2 && runs(1) == 1 && runs(2) == 1);
	EXPECT(is_silent(fd));
	EXPECT_U64(stats(fd).notified, 0);
	EXPECT_U64(stats(fd).overflows, 3);
}

/* Only the active set counts. */
static void only_active(void)
{
	fd = context(0);
	make_sets(2, 1, 0);
	load_and_start(fd);
	call(g, 100);
	EXPECT_U64(value(fd, 0, 1), -PERIOD);
	call(f, PERIOD);
	EXPECT_U64(switches(), 1);
	call(f, 100);
	call(g, 4);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(value(fd, 0, 1), -PERIOD + 4);
}

/* What wrapped is reset when its set runs again, by its short value. */
static void reset_when_it_returns(void)
{
	fd = context(0);
	make_sets(2, 1, 0);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT_U64(switches(), 1);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -PERIOD);
	call(g, PERIOD);
	EXPECT_U64(switches(), 2);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(20));
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -UINT64_C(20));
	EXPECT_U64(value(fd, 0, 1), 0);
	call(f, 19);
	EXPECT_U64(switches(), 2);
	call(f, 1);
	EXPECT_U64(switches(), 3);
	EXPECT_U64(value(fd, 0, 1), -UINT64_C(20));
}

static void thousand_switches(void)
{
	fd = context(0);
	make_sets(3, 1, 0);
	for (unsigned i = 0; i < 3; i++) {
		pfarg_pmd_t pmd = quietly(0, i, 3);

		pmd.reg_ovfl_switch_cnt = 1;
		put(fd, &pmd);
	}
	load_and_start(fd);
	for (unsigned i = 0; i < 3000; i++) {
		call(fn[i % 3], 3);
		if (!EXPECT_U64(switches(), i + 1))
			return;
	}
	EXPECT_U64(runs(0), 1001);
	EXPECT_U64(runs(1), 1000);
	EXPECT_U64(runs(2), 1000);
}

/* With a format that goes on, the third overflow is the one; then anew. */
static void counts_down(void)
{
	fd = buffer_context(0, 65536, NULL);
	make_sets(2, 3, 0);
	for (unsigned i = 0; i < 2; i++) {
		pfarg_pmd_t pmd = quietly(0, i, PERIOD);

		pmd.reg_ovfl_switch_cnt = 3;
		put(fd, &pmd);
	}
	load_and_start(fd);
	for (unsigned i = 0; i < 12; i++) {
		unsigned set = i / 3 % 2;

		EXPECT_U64(get(fd, 0, set).reg_ovfl_switch_cnt, 3 - i % 3);
		EXPECT_U64(switches(), i / 3);
		call(fn[set], PERIOD);
	}
	EXPECT_U64(switches(), 4);
	EXPECT_U64(stats(fd).overflows, 12);
	EXPECT_U64(stats(fd).samples, 12);
}

/* Without a format those before it mask. */
static void masks_before_the_last(void)
{
	fd = context(0);
	make_sets(2, 2, 0);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT(is_masked(fd));
	EXPECT(is_silent(fd));
	EXPECT_U64(switches(), 0);
	EXPECT_U64(get(fd, 0, 0).reg_ovfl_switch_cnt, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), 0);
	call(f, 30);
	EXPECT(!is_masked(fd));
	EXPECT_U64(switches(), 1);
	EXPECT_U64(get(fd, 0, 0).reg_ovfl_switch_cnt, 0);
}

/* 0 is never; any one that comes to its end is enough. */
static void any_pmd(void)
{
	pfarg_pmd_t never = quietly(1, 0, 5), two = quietly(2, 0, 5);

	fd = buffer_context(0, 65536, NULL);
	make_sets(2, 0, 0);
	on_calls(fd, 1, 0, g);
	on_calls(fd, 2, 0, h);
	two.reg_ovfl_switch_cnt = 2;
	put(fd, &never);
	put(fd, &two);
	load_and_start(fd);
	call(g, 50);
	EXPECT_U64(switches(), 0);
	EXPECT_U64(stats(fd).overflows, 10);
	call(h, 9);
	EXPECT_U64(switches(), 0);
	call(h, 1);
	EXPECT_U64(switches(), 1);
	EXPECT_U64(info(fd, 1).set_runs, 1);
}

/* Without OVFL_SWITCH the count is nothing. */
static void flag_is_needed(void)
{
	pfarg_setdesc_t desc = { .set_id = 1 };
	pfarg_pmd_t pmd = quietly(0, 0, PERIOD);

	fd = context(0);
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	on_calls(fd, 0, 0, f);
	pmd.reg_ovfl_switch_cnt = 1;
	put(fd, &pmd);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT(is_masked(fd));
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), 0);
	EXPECT_U64(get(fd, 0, 0).reg_ovfl_switch_cnt, 1);
}

/* item 39: masked first, with the old set in the message; then the switch. */
static void notify_and_switch(void)
{
	fd = context(0);
	make_sets(2, 1, PFM_REGFL_OVFL_NOTIFY);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_active_set, 0);
	EXPECT(is_masked(fd));
	EXPECT_U64(switches(), 0);
	EXPECT_U64(runs(1), 0);
	call(f, 100);
	call(g, 100);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), 1);
	EXPECT_U64(runs(1), 1);
	EXPECT_U64(value(fd, 0, 1), -PERIOD);
	call(g, PERIOD);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_active_set, 1);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), 2);
	EXPECT_U64(runs(0), 2);
	/* Long, as it is a restart that switches. */
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(30));
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -UINT64_C(30));
	call(f, 29);
	EXPECT(is_silent(fd));
	call(f, 1);
	message(fd);
}

/* The same where a full buffer masks. */
static void full_buffer_and_switch(void)
{
	const pfm_dfl_smpl_hdr_t *hdr;

	fd = context(0);
	fd = buffer_context(0, bytes_for(2, 0, implemented_pmds(fd)), &hdr);
	make_sets(2, 1, PFM_REGFL_OVFL_NOTIFY);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT_U64(switches(), 1);
	EXPECT(is_silent(fd));
	call(g, PERIOD);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_active_set, 1);
	EXPECT_U64(hdr->hdr_count, 2);
	EXPECT_U64(entry(hdr, 0, 0)->set, 0);
	EXPECT_U64(entry(hdr, 1, 0)->set, 1);
	EXPECT_U64(switches(), 1);
	EXPECT(is_masked(fd));
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), 2);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(30));
}

/* A samples' set, of many. */
static void samples_name_set(void)
{
	const pfm_dfl_smpl_hdr_t *hdr;

	fd = buffer_context(0, 65536, &hdr);
	make_sets(3, 1, 0);
	for (unsigned i = 0; i < 3; i++) {
		pfarg_pmd_t pmd = quietly(0, i, 2);

		pmd.reg_ovfl_switch_cnt = 1;
		put(fd, &pmd);
	}
	load_and_start(fd);
	for (unsigned i = 0; i < 300; i++) {
		call(fn[i % 3], 2);
		if (!EXPECT_U64(switches(), i + 1))
			return;
	}
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 300);
	for (unsigned i = 0; i < 300; i++) {
		EXPECT_U64(entry(hdr, i, 0)->set, i % 3);
		EXPECT_U64(entry(hdr, i, 0)->ip, (uintptr_t)fn[i % 3]);
	}
}

/* A switch to itself is none, and its PMDs are not reset. */
static void single_set(void)
{
	fd = context(0);
	make_sets(1, 1, 0);
	load_and_start(fd);
	for (unsigned i = 0; i < 3; i++) {
		call(f, PERIOD);
		EXPECT_U64(switches(), 0);
	}
	EXPECT_U64(runs(0), 1);
	EXPECT(is_silent(fd));
}

/* Unloaded, runs stay; loaded again they begin anew, as the counts do. */
static void load_begins_anew(void)
{
	fd = context(0);
	make_sets(2, 1, 0);
	load_and_start(fd);
	call(f, PERIOD);
	EXPECT_U64(switches(), 1);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(runs(0) == 1 && runs(1) == 1);
	EXPECT(has_bit(info(fd, 0).set_ovfl_pmds, 0));
	load_and_start(fd);
	EXPECT(runs(0) == 1 && runs(1) == 0);
	EXPECT(!has_bit(info(fd, 0).set_ovfl_pmds, 0));
	EXPECT_U64(get(fd, 0, 0).reg_ovfl_switch_cnt, 1);
	/* No reset is pending any more: it goes on from where it was. */
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(value(fd, 0, 1), -PERIOD);
}

static const struct behaviour behaviours[] = {
	{ 15, 38, "OVFL_SWITCH, count 1: a switch, no message, no mask",
	  round_robin },
	{ 6, 0, "only the active set counts", only_active },
	{ 6, 0, "what wrapped is reset when its set returns, short",
	  reset_when_it_returns },
	{ 6, 0, "3000 switches in turn: runs differ by 1 at most",
	  thousand_switches },
	{ 6, 0, "the switch count: of overflows, reloaded at activation",
	  counts_down },
	{ 7, 5, "no format: an overflow that is not the last masks",
	  masks_before_the_last },
	{ 6, 0, "any PMD's count switches, 0 never does", any_pmd },
	{ 6, 0, "a count without OVFL_SWITCH is nothing", flag_is_needed },
	{ 15, 39, "NOTIFY and switch: masked in the old set, then long resets",
	  notify_and_switch },
	{ 6, 0, "a full buffer masks before the switch",
	  full_buffer_and_switch },
	{ 9, 2, "each sample names its set", samples_name_set },
	{ 6, 0, "a set that is its own successor: no switch, no run",
	  single_set },
	{ 5, 5, "a load begins runs, marks and switch counts anew",
	  load_begins_anew },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
