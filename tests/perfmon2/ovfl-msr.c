/* SPDX-License-Identifier: MIT
 *
 * ovfl-msr.c - overflows of hardware counters, on the register model: several in
 * one interrupt, counters narrower than 64 bits, sets and periods, all exact
 * (perfmon2 reference, section 7; items 38, 39 and 52 of section 15).
 */
#include "config.h"

#include "buffer.h"
#include "hw.h"
#include "model.h"

/* Small: a counter that moves faster than any CPU was moved by somebody. */
#define PERIOD UINT64_C(20)

/* Codes that this model's counters know, each with umask 0. */
static const unsigned code[3] = { 0xc0, 0x3c, 0xc4 };

static int fd;

/* Counter i of the set counts that code; its PMD as given. */
static void counter_of(unsigned i, unsigned set, pfarg_pmd_t pmd, unsigned sel)
{
	pfarg_pmc_t pmc = { .reg_num = (uint16_t)i,
			    .reg_set = (uint16_t)set,
			    .reg_value = sel | SEL_USR | SEL_EN };

	pmd.reg_num = (uint16_t)i;
	pmd.reg_set = (uint16_t)set;
	EXPECT(pfm_write_pmcs(fd, &pmc, 1) == 0);
	EXPECT(pfm_write_pmds(fd, &pmd, 1) == 0);
}

/* Each counter another code. */
static void counter(unsigned i, unsigned set, pfarg_pmd_t pmd)
{
	counter_of(i, set, pmd, code[i]);
}

static void model_begin(void)
{
	static struct model *cpu;

	if (!cpu)
		cpu = model_new(model_cfg_find("SKL"));
	msr_model_set(&cpu, 1);
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
}

static void hardware_context(void)
{
	model_begin();
	fd = context(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
}

static void begin(void)
{
	load(fd, 0);
	EXPECT(pfm_start(fd, NULL) == 0);
}

static void happen(unsigned i, uint64_t n)
{
	msr_model_advance(0, code[i], 0, 3, n);
}

static uint64_t count(unsigned i, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)i, .reg_set = (uint16_t)set };

	EXPECT(pfm_read_pmds(fd, &pmd, 1) == 0);
	return pmd.reg_value;
}

/* The PMDs in the message, which the engine sends without being asked. */
static uint64_t pmds_of_message(void)
{
	return message(fd).pfm_ovfl_msg.msg_ovfl_pmds[0];
}

static void message_names_pmd(void)
{
	hardware_context();
	for (unsigned i = 0; i < 3; i++)
		counter(i, 0, every(0, PERIOD));
	begin();
	for (unsigned i = 0; i < 3; i++) {
		happen(i, PERIOD);
		EXPECT_U64(pmds_of_message(), 1u << i);
		EXPECT_U64(info(fd, 0).set_ovfl_pmds[0], 1u << i);
		EXPECT(is_masked(fd));
		EXPECT(pfm_restart(fd) == 0);
	}
}

/* All of one event: they wrap in one instruction, and that is one message. */
static void two_at_once(void)
{
	hardware_context();
	for (unsigned i = 0; i < 2; i++)
		counter_of(i, 0, every(0, PERIOD), code[0]);
	counter_of(2, 0, every(0, 10 * PERIOD), code[0]);
	begin();
	happen(0, PERIOD);
	EXPECT_U64(pmds_of_message(), 3);
	EXPECT_U64(info(fd, 0).set_ovfl_pmds[0], 3);
	EXPECT(is_silent(fd));
	EXPECT_U64(stats(fd).overflows, 2);
	EXPECT_U64(stats(fd).notified, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(count(0, 0), -PERIOD);
	EXPECT_U64(count(1, 0), -PERIOD);
	EXPECT_U64(count(2, 0), -9 * PERIOD);
}

/* Bits of the counter: nothing; all 64: a message (item 52). */
static void only_64_bits(void)
{
	pfarg_pmd_t pmd = every(0, 100);
	static const unsigned width[] = { 32, 48, 63 };

	hardware_context();
	counter(0, 0, pmd);
	begin();
	for (unsigned i = 0; i < 3; i++) {
		uint64_t wrap = UINT64_C(1) << width[i];

		pmd.reg_value = wrap - 30;
		counter(0, 0, pmd);
		happen(0, 50);
		EXPECT_U64(count(0, 0), wrap + 20);
		EXPECT(is_silent(fd));
	}
	EXPECT_U64(stats(fd).overflows, 0);
	pmd.reg_value = -UINT64_C(30);
	counter(0, 0, pmd);
	happen(0, 30);
	EXPECT_U64(pmds_of_message(), 1);
	EXPECT_U64(count(0, 0), 0);
}

/* A buffer for many samples; n PMDs are sampled with PMD 0. */
static const pfm_dfl_smpl_hdr_t *buffered(size_t bytes)
{
	const pfm_dfl_smpl_hdr_t *hdr;

	model_begin();
	fd = buffer_context(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU, bytes, &hdr);
	return hdr;
}

/* None is missed, however long nobody looked. */
static void many_in_one_look(void)
{
	const pfm_dfl_smpl_hdr_t *hdr = buffered(65536);

	counter(0, 0, every(0, PERIOD));
	begin();
	happen(0, 300 * PERIOD + 7);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(stats(fd).overflows, 300);
	if (!EXPECT_U64(hdr->hdr_count, 300))
		return;
	EXPECT_U64(stats(fd).lost, 0);
	EXPECT_U64(count(0, 0), -PERIOD + 7);
	for (unsigned i = 0; i < 300; i++) {
		EXPECT_U64(entry(hdr, i, 0)->ovfl_pmd, 0);
		EXPECT_U64(entry(hdr, i, 0)->last_reset_val, -PERIOD);
		EXPECT_U64(entry(hdr, i, 0)->cpu, 0);
	}
}

/* A full buffer: what it had no room for is not counted on. */
static void full_in_one_look(void)
{
	const pfm_dfl_smpl_hdr_t *hdr;
	unsigned npmds;

	hardware_context();
	npmds = implemented_pmds(fd);
	close(fd);
	hdr = buffered(bytes_for(25, 0, npmds));
	counter(0, 0, every(0, PERIOD));
	begin();
	happen(0, 100 * PERIOD);
	EXPECT_U64(pmds_of_message(), 1);
	EXPECT(is_masked(fd));
	EXPECT_U64(hdr->hdr_count, 25);
	EXPECT_U64(hdr->hdr_overflows, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 0);
	EXPECT_U64(count(0, 0), -PERIOD);
	happen(0, 3 * PERIOD);
	EXPECT_U64(stats(fd).overflows, 28);
	EXPECT_U64(hdr->hdr_count, 3);
}

/*
 * PMDs of one interrupt are given in ascending order; the one that fills the
 * buffer is the last.
 */
static void ascending_until_full(void)
{
	const pfm_dfl_smpl_hdr_t *hdr;
	unsigned npmds;

	hardware_context();
	npmds = implemented_pmds(fd);
	close(fd);
	hdr = buffered(bytes_for(3, 0, npmds));
	counter_of(1, 0, quietly(0, 0, PERIOD), code[0]);
	counter_of(0, 0, every(0, PERIOD), code[0]);
	begin();
	happen(0, PERIOD);
	EXPECT_U64(stats(fd).samples, 2);
	EXPECT_U64(entry(hdr, 0, 0)->ovfl_pmd, 0);
	EXPECT_U64(entry(hdr, 1, 0)->ovfl_pmd, 1);
	EXPECT_U64(entry(hdr, 0, 0)->tstamp, entry(hdr, 1, 0)->tstamp);
	happen(0, PERIOD);
	EXPECT_U64(pmds_of_message(), 3);
	EXPECT_U64(hdr->hdr_count, 3);
	EXPECT_U64(hdr->hdr_overflows, 1);
	EXPECT_U64(entry(hdr, 2, 0)->ovfl_pmd, 0);
	EXPECT_U64(stats(fd).samples, 3);
	EXPECT_U64(stats(fd).overflows, 4);
}

static void random_periods(void)
{
	static const uint64_t minus[] = { 0, 5, 67, 181, 64, 212 };
	const pfm_dfl_smpl_hdr_t *hdr = buffered(65536);
	pfarg_pmd_t pmd = every(0, PERIOD);

	pmd.reg_flags |= PFM_REGFL_RANDOM;
	pmd.reg_random_seed = 5;
	pmd.reg_random_mask = 0xff;
	counter(0, 0, pmd);
	begin();
	for (unsigned i = 0; i < 6; i++) {
		happen(0, PERIOD + minus[i] - 1);
		EXPECT_U64(stats(fd).overflows, i);
		happen(0, 1);
		EXPECT_U64(stats(fd).overflows, i + 1);
		EXPECT_U64(entry(hdr, i, 0)->last_reset_val,
			   -PERIOD - minus[i]);
	}
}

static void reset_pmds(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD), other = { .reg_long_reset = 7 };

	hardware_context();
	pmd.reg_reset_pmds[0] = 2;
	counter(0, 0, pmd);
	counter(1, 0, other);
	counter(2, 0, (pfarg_pmd_t){ 0 });
	begin();
	happen(1, 33);
	happen(2, 44);
	happen(0, PERIOD);
	EXPECT_U64(pmds_of_message(), 1);
	happen(1, 1000);
	EXPECT_U64(count(1, 0), 33);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(count(1, 0), 7);
	EXPECT_U64(count(2, 0), 44);
	happen(1, 5);
	EXPECT_U64(count(1, 0), 12);
}

/* item 38 on one counter for each of three sets. */
static void switches(void)
{
	hardware_context();
	for (unsigned i = 0; i < 3; i++) {
		pfarg_setdesc_t desc = { .set_id = (uint16_t)i,
					 .set_flags = PFM_SETFL_OVFL_SWITCH };
		pfarg_pmd_t pmd = quietly(0, i, PERIOD);

		EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
		pmd.reg_ovfl_switch_cnt = 1;
		counter(i, i, pmd);
	}
	begin();
	for (unsigned i = 0; i < 300; i++) {
		happen(i % 3, PERIOD);
		if (!EXPECT_U64(stats(fd).switches, i + 1))
			return;
	}
	EXPECT(is_silent(fd));
	EXPECT_U64(info(fd, 0).set_runs, 101);
	EXPECT_U64(info(fd, 1).set_runs, 100);
	EXPECT_U64(info(fd, 2).set_runs, 100);
}

/* item 39: the message has the old set, the switch is the restart's. */
static void notify_and_switch(void)
{
	hardware_context();
	for (unsigned i = 0; i < 2; i++) {
		pfarg_setdesc_t desc = { .set_id = (uint16_t)i,
					 .set_flags = PFM_SETFL_OVFL_SWITCH };
		pfarg_pmd_t pmd = every(0, PERIOD);

		EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
		pmd.reg_ovfl_switch_cnt = 1;
		counter(0, i, pmd);
	}
	begin();
	for (unsigned i = 0; i < 10; i++) {
		happen(0, PERIOD);
		EXPECT_U64(message(fd).pfm_ovfl_msg.msg_active_set, i & 1);
		EXPECT_U64(stats(fd).switches, i);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(stats(fd).switches, i + 1);
	}
}

static void wait_switches(uint64_t n)
{
	uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

	while (stats(fd).switches < n && now_ns() < end)
		poll(NULL, 0, 5);
	EXPECT(stats(fd).switches >= n);
}

static void time_switches(void)
{
	uint64_t r[3];

	hardware_context();
	for (unsigned i = 0; i < 3; i++) {
		pfarg_setdesc_t desc = { .set_id = (uint16_t)i,
					 .set_flags = PFM_SETFL_TIME_SWITCH,
					 .set_timeout = 100 };

		EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
		counter(i, i, (pfarg_pmd_t){ 0 });
	}
	begin();
	wait_switches(2000);
	EXPECT(pfm_stop(fd) == 0);
	for (unsigned i = 0; i < 3; i++)
		r[i] = info(fd, i).set_runs;
	EXPECT_U64(r[0] + r[1] + r[2], stats(fd).switches + 1);
	EXPECT(r[0] - r[2] <= 1 && r[0] - r[1] <= 1 && r[1] - r[2] <= 1);
}

static const struct behaviour behaviours[] = {
	{ 2, 4, "a message has the bit of the PMD that wrapped",
	  message_names_pmd },
	{ 7, 4, "PMDs that wrap together: one message, all are reset",
	  two_at_once },
	{ 15, 52, "a wrap of fewer than 64 bits is none", only_64_bits },
	{ 7, 2, "polled: each overflow is a sample", many_in_one_look },
	{ 15, 31, "polled: a full buffer masks", full_in_one_look },
	{ 9, 1, "PMDs of one interrupt: ascending, until it is full",
	  ascending_until_full },
	{ 7, 0, "random: 5, 67, 181, 64, 212", random_periods },
	{ 15, 10, "reset_pmds at a restart", reset_pmds },
	{ 15, 38, "OVFL_SWITCH: 300 switches in turn", switches },
	{ 15, 39, "NOTIFY and switch: at the restart", notify_and_switch },
	{ 15, 36, "TIME_SWITCH on a CPU: runs differ by 1 at most",
	  time_switches },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
