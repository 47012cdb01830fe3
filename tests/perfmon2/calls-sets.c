/* SPDX-License-Identifier: MIT
 *
 * calls-sets.c - event sets made, changed, deleted and asked about, and which
 * registers there are: what a query says, what a description says, and what
 * somebody else has (perfmon2 reference, sections 5.9 to 5.11, 6 and 12; items
 * 42, 43, 45, 48 and 51 of section 15).
 */
#include "config.h"

#include "calls.h"
#include "hw.h"
#include "model.h"

#define NDESCS 600 /* more than any backend has */
#define PERFEVTSEL0 0x186

static const uint32_t both = PFM_SETFL_TIME_SWITCH | PFM_SETFL_OVFL_SWITCH;

static bool exists(int fd, unsigned id)
{
	return err_of(ask_set(fd, id)) == 0;
}

/* It is there before anything is made, and stays. */
static void set_0(void)
{
	int fd = context(0);

	EXPECT_U64(info(fd, 0).set_flags, 0);
	GIVES(drop_set(fd, 0), EINVAL);
	EXPECT(add_set(fd, 1, 0, 0) == 0);
	GIVES(drop_set(fd, 0), EINVAL);
	EXPECT(exists(fd, 0) && exists(fd, 1));
	GIVES(add_set(fd, 0, PFM_SETFL_OVFL_SWITCH, 0), 0);
	EXPECT_U64(info(fd, 0).set_flags, PFM_SETFL_OVFL_SWITCH);
	GIVES(drop_set(fd, 0), EINVAL);
	GIVES(load_on(fd, tid(), 0), 0);
}

/* pfmsetup: chosen at the start, deleted, then written. */
static void first_set_of_start(void)
{
	int fd = calls_context(0, f);

	EXPECT(add_set(fd, 4, 0, 0) == 0);
	on_calls(fd, 0, 4, g);
	plain(fd, 0, 4);
	load(fd, tid());
	GIVES(start_set(fd, 5), EINVAL);
	GIVES(start_set(fd, 4), 0);
	call(f, 3);
	call(g, 8);
	GIVES(pfm_stop(fd), 0);
	EXPECT_U64(value(fd, 0, 4), 8);
	EXPECT_U64(value(fd, 0, 0), 0);
	GIVES(start_set(fd, 0), 0);
	call(f, 3);
	call(g, 8);
	EXPECT_U64(value(fd, 0, 0), 3);
	GIVES(pfm_unload_context(fd), 0);
	GIVES(drop_set(fd, 0), EINVAL);
	GIVES(drop_set(fd, 4), 0);
	GIVES(write_pmc(fd, 0, 4), EINVAL);
	GIVES(write_pmd(fd, 0, 4), EINVAL);
	GIVES(read_pmd(fd, 0, 4), EINVAL);
	GIVES(ask_set(fd, 4), EINVAL);
	GIVES(drop_set(fd, 4), EINVAL);
	GIVES(load_on(fd, tid(), 4), EINVAL);
	EXPECT_U64(value(fd, 0, 0), 3);
}

/* Refused while loaded, and nothing is changed by it. */
static void not_while_loaded(void)
{
	int fd = calls_context(0, f);

	EXPECT(add_set(fd, 1, 0, 0) == 0);
	load_and_start(fd);
	GIVES(add_set(fd, 2, 0, 0), EBUSY);
	GIVES(add_set(fd, 0, PFM_SETFL_OVFL_SWITCH, 0), EBUSY);
	GIVES(drop_set(fd, 1), EBUSY);
	GIVES(drop_set(fd, 0), EBUSY);
	GIVES(ask_set(fd, 2), EINVAL);
	EXPECT_U64(info(fd, 0).set_flags, 0);
	call(f, 7);
	EXPECT_U64(value(fd, 0, 0), 7);
	GIVES(pfm_stop(fd), 0);
	GIVES(add_set(fd, 2, 0, 0), EBUSY);
	GIVES(pfm_unload_context(fd), 0);
	GIVES(add_set(fd, 2, 0, 0), 0);
	GIVES(drop_set(fd, 1), 0);
	EXPECT(exists(fd, 2));
}

/* Those before the bad one stay, those behind it are not done. */
static void entries_in_order(void)
{
	pfarg_setdesc_t sets[3] = {
		{ .set_id = 1 },
		{ .set_id = 2, .set_flags = both, .set_timeout = 1000 },
		{ .set_id = 3 },
	};
	int fd = context(0);

	GIVES(pfm_create_evtsets(fd, sets, 3), EINVAL);
	EXPECT(exists(fd, 1));
	GIVES(ask_set(fd, 2), EINVAL);
	GIVES(ask_set(fd, 3), EINVAL);
	sets[1].set_flags = 0;
	GIVES(pfm_create_evtsets(fd, sets, 3), 0);
	sets[1].set_id = 77;
	GIVES(pfm_delete_evtsets(fd, sets, 3), EINVAL);
	GIVES(ask_set(fd, 1), EINVAL);
	EXPECT(exists(fd, 2) && exists(fd, 3));
	sets[0].set_id = 2;
	sets[1].set_id = 0;
	GIVES(pfm_delete_evtsets(fd, sets, 3), EINVAL);
	GIVES(ask_set(fd, 2), EINVAL);
	EXPECT(exists(fd, 0) && exists(fd, 3));
}

/* A refused change leaves a set as it was, where the snapshot stored flags. */
static void refused_change(void)
{
	int fd = calls_context(0, f);

	EXPECT(add_set(fd, 1, PFM_SETFL_TIME_SWITCH, 5000) == 0);
	GIVES(add_set(fd, 1, both, 1000), EINVAL);
	GIVES(add_set(fd, 1, PFM_SETFL_TIME_SWITCH, 0), EINVAL);
	EXPECT_U64(info(fd, 1).set_flags, PFM_SETFL_TIME_SWITCH);
	EXPECT_U64(info(fd, 1).set_timeout, 5000);
	GIVES(add_set(fd, 0, both, 1000), EINVAL);
	load_and_start(fd);
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), 4);
}

/* All numbers there are, and what nobody knows is kept. */
static void numbers_and_flags(void)
{
	int fd = context(0);

	GIVES(add_set(fd, 65535, 0x10, 0), 0);
	GIVES(add_set(fd, 256, 0, 0), 0);
	EXPECT_U64(info(fd, 65535).set_flags, 0x10);
	EXPECT_U64(info(fd, 65535).set_id, 65535);
	GIVES(ask_set(fd, 255), EINVAL);
	GIVES(ask_set(fd, 65534), EINVAL);
	GIVES(drop_set(fd, 65535), 0);
	GIVES(ask_set(fd, 65535), EINVAL);
}

static void thousand_sets(void)
{
	pfarg_setdesc_t sets[50] = { 0 };
	int fd = context(0);

	for (unsigned i = 0; i < 1000; i += 50) {
		for (unsigned k = 0; k < 50; k++)
			sets[k].set_id = (uint16_t)((i + k) * 37 % 1000 + 1);
		EXPECT(pfm_create_evtsets(fd, sets, 50) == 0);
	}
	for (unsigned id = 0; id <= 1000; id++)
		if (!EXPECT(exists(fd, id)))
			break;
	GIVES(ask_set(fd, 1001), EINVAL);
	on_calls(fd, 0, 500, f);
	plain(fd, 0, 500);
	load_set(fd, tid(), 500);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 12);
	EXPECT_U64(value(fd, 0, 500), 12);
}

/* The same number is another set: nothing is left of the first. */
static void made_anew(void)
{
	int fd = context(0);

	EXPECT(add_set(fd, 3, 0, 0) == 0);
	on_calls(fd, 0, 3, f);
	plain(fd, 0, 3);
	load_set(fd, tid(), 3);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 5);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(info(fd, 3).set_runs, 1);
	GIVES(drop_set(fd, 3), 0);
	GIVES(add_set(fd, 3, 0, 0), 0);
	EXPECT_U64(info(fd, 3).set_runs, 0);
	EXPECT_U64(info(fd, 3).set_act_duration, 0);
	GIVES(read_pmd(fd, 0, 3), EINVAL);
	plain(fd, 0, 3);
	load_set(fd, tid(), 3);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 5);
	EXPECT_U64(value(fd, 0, 3), 0);
}

/* The other set keeps what it has, and is written while this one counts. */
static void not_the_active_set(void)
{
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_set = 1, .reg_value = 40 };
	int fd = calls_context(0, f);

	EXPECT(add_set(fd, 1, 0, 0) == 0);
	on_calls(fd, 0, 1, f);
	put(fd, &pmd);
	load_and_start(fd);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 1), 40);
	EXPECT_U64(value(fd, 0, 0), 3);
	pmd.reg_value = 70;
	put(fd, &pmd);
	on_calls(fd, 0, 1, g);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), 6);
	GIVES(start_set(fd, 1), 0);
	call(f, 3);
	call(g, 1);
	EXPECT_U64(value(fd, 0, 1), 71);
	EXPECT_U64(value(fd, 0, 0), 6);
}

/* A load counts as a run, and forgets those before; an unload does not. */
static void runs_of_a_load(void)
{
	int fd = calls_context(0, f);

	EXPECT(add_set(fd, 1, 0, 0) == 0);
	EXPECT(info(fd, 0).set_runs == 0 && info(fd, 1).set_runs == 0);
	load_set(fd, tid(), 1);
	EXPECT(info(fd, 0).set_runs == 0 && info(fd, 1).set_runs == 1);
	GIVES(start_set(fd, 1), 0);
	EXPECT(info(fd, 0).set_runs == 0 && info(fd, 1).set_runs == 1);
	GIVES(start_set(fd, 0), 0);
	GIVES(start_set(fd, 1), 0);
	EXPECT(info(fd, 0).set_runs == 1 && info(fd, 1).set_runs == 2);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT(info(fd, 0).set_runs == 1 && info(fd, 1).set_runs == 2);
	load_set(fd, tid(), 0);
	EXPECT(info(fd, 0).set_runs == 1 && info(fd, 1).set_runs == 0);
}

/* Any order, any set twice; only what the query is of is read. */
static void vector_of_queries(void)
{
	pfarg_setinfo_t v[4] = { { .set_id = 9 },
				 { .set_id = 0 },
				 { .set_id = 9 },
				 { .set_id = 5 } };
	int fd = context(0);

	EXPECT(add_set(fd, 9, PFM_SETFL_OVFL_SWITCH, 0) == 0);
	EXPECT(add_set(fd, 5, PFM_SETFL_TIME_SWITCH, 700) == 0);
	memset(&v[0].set_flags, 0x55, sizeof(v[0]) - 4);
	GIVES(pfm_getinfo_evtsets(fd, v, 4), 0);
	EXPECT_U64(v[0].set_flags, PFM_SETFL_OVFL_SWITCH);
	EXPECT_U64(v[0].set_runs, 0);
	EXPECT_U64(v[0].set_act_duration, 0);
	EXPECT_U64(v[1].set_flags, 0);
	EXPECT_U64(v[2].set_flags, PFM_SETFL_OVFL_SWITCH);
	EXPECT_U64(v[3].set_flags, PFM_SETFL_TIME_SWITCH);
	EXPECT_U64(v[3].set_timeout, 700);
	for (unsigned i = 1; i < 4; i++) {
		EXPECT(memcmp(v[i].set_avail_pmcs, v[0].set_avail_pmcs,
			      sizeof(v[0].set_avail_pmcs)) == 0);
		EXPECT(memcmp(v[i].set_avail_pmds, v[0].set_avail_pmds,
			      sizeof(v[0].set_avail_pmds)) == 0);
	}
	v[1].set_id = 6;
	v[2].set_flags = 0x1234;
	GIVES(pfm_getinfo_evtsets(fd, v, 4), EINVAL);
	EXPECT_U64(v[2].set_flags, 0x1234);
}

/* Each register that can be had is described, and no other one. */
static void described_as_available(const char *backend, uint32_t flags)
{
	static struct pfm_reg_desc descs[NDESCS];
	uint64_t pmcs[PFM_PMC_BV] = { 0 }, pmds[PFM_PMD_BV] = { 0 };
	int n = pfm_pmu_describe(backend, 0, descs, NDESCS);
	pfarg_setinfo_t i = info(context(flags), 0);
	bool in_pmds = false;

	if (!EXPECT(n > 0 && n < NDESCS))
		give_up();
	for (int k = 0; k < n; k++) {
		uint64_t *bv = descs[k].is_pmd ? pmds : pmcs;

		EXPECT(descs[k].name[0] != '\0');
		EXPECT((descs[k].width > 0) == descs[k].is_pmd);
		EXPECT(descs[k].is_pmd || !in_pmds);
		in_pmds |= descs[k].is_pmd;
		if (!descs[k].taken)
			bv[descs[k].num / 64] |= UINT64_C(1)
						 << descs[k].num % 64;
	}
	EXPECT(memcmp(i.set_avail_pmcs, pmcs, sizeof(pmcs)) == 0);
	EXPECT(memcmp(i.set_avail_pmds, pmds, sizeof(pmds)) == 0);
	memset(descs, 0x55, sizeof(descs));
	EXPECT(pfm_pmu_describe(backend, 0, descs, 1) == n);
	EXPECT_U64(descs[1].num, 0x5555);
	EXPECT(pfm_pmu_describe(backend, 0, NULL, 0) == n);
}

static void described_perf(void)
{
	struct pfm_reg_desc d;

	described_as_available("perf", 0);
	described_as_available("auto", 0);
	EXPECT(pfm_pmu_describe("abacus", 0, &d, 1) == -1 && errno == EINVAL);
}

static struct model *cpu;

static void model_begin(void)
{
	cpu = model_new(model_cfg_find("SKL"));
	msr_model_set(&cpu, 1);
	/* Each access counts as the kernel's, as a real one does. */
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
}

static struct pfm_reg_desc described(unsigned num, bool is_pmd)
{
	static struct pfm_reg_desc descs[NDESCS];
	int n = pfm_pmu_describe("msr", 0, descs, NDESCS);

	for (int i = 0; i < n; i++)
		if (descs[i].num == num && descs[i].is_pmd == is_pmd)
			return descs[i];
	EXPECT(!"described");
	give_up();
}

static void described_msr(void)
{
	struct pfm_reg_desc d;

	model_begin();
	described_as_available("msr", PFM_FL_SYSTEM_WIDE);
	d = described(0, false);
	EXPECT_U64(d.addr, PERFEVTSEL0);
	EXPECT(!(d.rsvd & (0xffff | SEL_USR | SEL_EN)));
	/* Its two bits for transactions are the last that it has. */
	EXPECT_U64(d.rsvd >> 34, UINT32_MAX >> 2);
	EXPECT_U64(described(0, true).width, 48);
	EXPECT(pfm_pmu_describe("msr", 1, &d, 1) == -1);
}

/* Of a CPU it goes on until now, while it is started and no longer. */
static void duration_of_cpu(void)
{
	uint64_t ns;
	int fd;

	model_begin();
	fd = context(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
	GIVES(load_on(fd, 0, 0), 0);
	EXPECT_U64(info(fd, 0).set_act_duration, 0);
	GIVES(pfm_start(fd, NULL), 0);
	ns = info(fd, 0).set_act_duration;
	while (info(fd, 0).set_act_duration == ns)
		sched_yield();
	GIVES(pfm_stop(fd), 0);
	ns = info(fd, 0).set_act_duration;
	EXPECT(ns > 0 && info(fd, 0).set_act_duration == ns);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(info(fd, 0).set_act_duration, ns);
}

/* Three of its four counters are left, and three events get them. */
static void taken_registers(void)
{
	pfarg_pmc_t pmc = { .reg_num = 1, .reg_value = 0x4100c0 };
	pfarg_pmd_t pmd = { .reg_num = 1 };
	struct pfm_event ev[4];
	struct pfm_place places[4];
	pfarg_setinfo_t i;
	int fd;

	model_begin();
	fd = context(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
	EXPECT_U64(info(fd, 0).set_avail_pmds[0] & 0xf, 0xf);
	EXPECT(model_poke(cpu, PERFEVTSEL0 + 1, 0x5300c0) == 0);
	EXPECT(described(1, false).taken && described(1, true).taken);
	EXPECT(!described(0, false).taken && !described(2, true).taken);
	i = info(fd, 0);
	EXPECT_U64(i.set_avail_pmcs[0] & 0xf, 0xd);
	EXPECT_U64(i.set_avail_pmds[0] & 0xf, 0xd);
	described_as_available("msr", PFM_FL_SYSTEM_WIDE);
	for (unsigned k = 0; k < 4; k++)
		if (!EXPECT(pfm_event_parse("r04c4", PFM_PLM_USER, &ev[k]) ==
			    0))
			give_up();
	EXPECT(pfm_event_assign("msr", 0, ev, 4, places, NULL) == -1);
	EXPECT_U64(errno, ENOSPC);
	EXPECT(pfm_event_assign("msr", 0, ev, 3, places, NULL) == 0);
	for (unsigned k = 0; k < 3; k++)
		EXPECT(places[k].pmd != 1);
	for (unsigned k = 0; k < 4; k++)
		pfm_event_release(&ev[k]);
	GIVES(pfm_write_pmcs(fd, &pmc, 1), 0);
	GIVES(pfm_write_pmds(fd, &pmd, 1), 0);
	GIVES(load_on(fd, 0, 0), EBUSY);
}

/* All bits written, and those that are reserved keep their default. */
static void reserved_bits(void)
{
	pfarg_pmc_t pmc = { .reg_value = UINT64_MAX };
	pfarg_pmd_t pmd = { .reg_num = 0 };
	struct pfm_reg_desc d;
	uint64_t seen = 0;
	int fd;

	model_begin();
	fd = context(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
	d = described(0, false);
	GIVES(pfm_write_pmcs(fd, &pmc, 1), 0);
	/* Now one that this counter counts, with the same reserved bits. */
	pmc.reg_value = d.rsvd | 0xc0 | SEL_USR | SEL_EN;
	GIVES(pfm_write_pmcs(fd, &pmc, 1), 0);
	GIVES(pfm_write_pmds(fd, &pmd, 1), 0);
	load(fd, 0);
	GIVES(pfm_start(fd, NULL), 0);
	EXPECT(model_rdmsr(cpu, d.addr, &seen) == 0);
	EXPECT_U64(seen & d.rsvd & ~SEL_INT, d.dfl & d.rsvd);
	EXPECT_U64(seen & 0xffff, 0xc0);
	GIVES(pfm_unload_context(fd), 0);
	pmc.reg_flags = PFM_REGFL_NO_EMUL64 << 1;
	GIVES(pfm_write_pmcs(fd, &pmc, 1), EINVAL);
	EXPECT_U64(pmc.reg_flags,
		   PFM_REGFL_NO_EMUL64 << 1 | PFM_REG_RETFL_EINVAL);
}

static const struct behaviour behaviours[] = {
	{ 5, 11, "set 0 is always there, and can be changed", set_0 },
	{ 15, 42, "start with a set; deleted, it cannot be written",
	  first_set_of_start },
	{ 15, 43, "no set is made or deleted while loaded", not_while_loaded },
	{ 5, 9,
	  "the first bad entry ends the call; a set it was of is not left"
	  " behind (deviation)",
	  entries_in_order },
	{ 5, 9, "a refused change changes nothing (deviation)",
	  refused_change },
	{ 5, 9, "ids to 65535; unknown flags are kept", numbers_and_flags },
	{ 5, 9, "a thousand sets, in any order", thousand_sets },
	{ 5, 11, "deleted and made again, nothing is left", made_anew },
	{ 5, 4, "a set that is not active keeps its values",
	  not_the_active_set },
	{ 5, 10, "runs: a load is one, and begins anew", runs_of_a_load },
	{ 5, 10, "a vector of queries; an unknown set ends it (deviation)",
	  vector_of_queries },
	{ 5, 10, "the duration of a CPU's set is up to now", duration_of_cpu },
	{ 15, 45, "perf: what is described is what is available",
	  described_perf },
	{ 15, 45, "msr: the same, with addresses, widths, reserved bits",
	  described_msr },
	{ 15, 51, "somebody else's counter is not available, others are used",
	  taken_registers },
	{ 15, 48, "reserved bits are masked without an error", reserved_bits },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
