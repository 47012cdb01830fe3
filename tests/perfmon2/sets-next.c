/* SPDX-License-Identifier: MIT
 *
 * sets-next.c - which event set comes next, which is first, and what the mapped
 * views of sets show (perfmon2 reference, sections 5.5, 5.6, 6 and 10; items
 * 41, 42 and 44 of section 15).
 */
#include "config.h"

#include "exact.h"

static int fd;

/* In every set PMD 0 counts calls of f, and one of them is a switch. */
static void make(unsigned set, uint32_t flags, unsigned next)
{
	pfarg_setdesc_t desc = { .set_id = (uint16_t)set,
				 .set_id_next = (uint16_t)next,
				 .set_flags = PFM_SETFL_OVFL_SWITCH | flags };
	pfarg_pmd_t pmd = quietly(0, set, 1);

	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	on_calls(fd, 0, set, f);
	pmd.reg_ovfl_switch_cnt = 1;
	put(fd, &pmd);
}

static uint64_t runs(unsigned set)
{
	return info(fd, set).set_runs;
}

/* The sets, in the order in which they come; each is seen by its run. */
static void expect_order(const unsigned *order, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		uint64_t before = runs(order[i]);

		call(f, 1);
		EXPECT_U64(stats(fd).switches, i);
		EXPECT_U64(runs(order[i]), before + 1);
	}
}

static void explicit_next(void)
{
	static const unsigned order[] = { 0, 2, 1, 0, 2, 1, 0 };

	fd = context(0);
	make(0, PFM_SETFL_EXPL_NEXT, 2);
	make(1, PFM_SETFL_EXPL_NEXT, 0);
	make(2, PFM_SETFL_EXPL_NEXT, 1);
	load_and_start(fd);
	expect_order(order, 7);
	EXPECT_U64(info(fd, 0).set_id_next, 2);
	EXPECT_U64(info(fd, 2).set_id_next, 1);
}

/* Some with a successor of their own, some in the order of the list. */
static void mixed_next(void)
{
	static const unsigned order[] = { 0, 3, 4, 1, 3, 4, 1 };

	fd = context(0);
	make(0, PFM_SETFL_EXPL_NEXT, 3);
	make(1, 0, 0);
	make(3, 0, 0);
	make(4, PFM_SETFL_EXPL_NEXT, 1);
	load_and_start(fd);
	expect_order(order, 7);
	EXPECT_U64(runs(0), 1);
}

/* A set that names itself stays. */
static void next_is_itself(void)
{
	fd = context(0);
	make(0, 0, 0);
	make(1, PFM_SETFL_EXPL_NEXT, 1);
	load_and_start(fd);
	call(f, 1);
	EXPECT_U64(stats(fd).switches, 1);
	call(f, 5);
	EXPECT_U64(stats(fd).switches, 1);
	EXPECT(runs(0) == 1 && runs(1) == 1);
}

/* The flag, not the number: without it set_id_next is nothing. */
static void next_without_flag(void)
{
	static const unsigned order[] = { 0, 1, 2, 0 };

	fd = context(0);
	make(0, 0, 2);
	make(1, 0, 7);
	make(2, 0, 1);
	load_and_start(fd);
	expect_order(order, 4);
}

static void dangling_next(void)
{
	pfarg_load_t req = { .load_pid = (uint32_t)tid() };
	pfarg_setdesc_t desc = { .set_id = 7 };

	fd = context(0);
	make(0, 0, 0);
	make(1, PFM_SETFL_EXPL_NEXT, 7);
	EXPECT(pfm_load_context(fd, &req) == -1);
	EXPECT_U64(errno, EINVAL);
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	load(fd, tid());
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(pfm_delete_evtsets(fd, &desc, 1) == 0);
	EXPECT(pfm_load_context(fd, &req) == -1);
	EXPECT_U64(errno, EINVAL);
}

/* Made in any order they come by their numbers, to the last and around. */
static void order_of_numbers(void)
{
	static const unsigned made[] = { 65535, 3, 300 };
	static const unsigned order[] = { 3, 300, 65535, 0, 3, 300 };

	fd = context(0);
	for (unsigned i = 0; i < 3; i++)
		make(made[i], 0, 0);
	make(0, 0, 0);
	load_set(fd, tid(), 3);
	EXPECT(pfm_start(fd, NULL) == 0);
	expect_order(order, 6);
}

/* A set in the middle that is deleted is not missed. */
static void deleted_in_between(void)
{
	static const unsigned order[] = { 0, 2, 0, 2 };
	pfarg_setdesc_t one = { .set_id = 1 };

	fd = context(0);
	for (unsigned i = 0; i < 3; i++)
		make(i, 0, 0);
	EXPECT(pfm_delete_evtsets(fd, &one, 1) == 0);
	load_and_start(fd);
	expect_order(order, 4);
}

/* A set without a switch of its own is the end of the journey. */
static void stays_without_flag(void)
{
	pfarg_setdesc_t desc = { .set_id = 1 };

	fd = context(0);
	make(0, 0, 0);
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	on_calls(fd, 0, 1, f);
	plain(fd, 0, 1);
	load_and_start(fd);
	call(f, 1);
	EXPECT_U64(stats(fd).switches, 1);
	call(f, 1000);
	EXPECT_U64(value(fd, 0, 1), 1000);
	EXPECT_U64(stats(fd).switches, 1);
}

/* Three sets that only count, each another function. */
static void counting_sets(uint32_t flags)
{
	static void (*const fn[3])(void) = { f, g, h };
	pfarg_setdesc_t descs[2] = { { .set_id = 1 }, { .set_id = 2 } };

	fd = context(flags);
	EXPECT(pfm_create_evtsets(fd, descs, 2) == 0);
	for (unsigned i = 0; i < 3; i++) {
		on_calls(fd, 0, i, fn[i]);
		plain(fd, 0, i);
	}
}

static void start_with(unsigned set)
{
	pfarg_start_t arg = { .start_set = (uint16_t)set };

	EXPECT(pfm_start(fd, &arg) == 0);
}

static void call_each(unsigned n)
{
	call(f, n);
	call(g, n);
	call(h, n);
}

/* item 42: a start with an argument is a run of that set. */
static void start_selects(void)
{
	pfarg_start_t none = { .start_set = 9 };

	counting_sets(0);
	load_set(fd, tid(), 1);
	EXPECT(runs(0) == 0 && runs(1) == 1 && runs(2) == 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	call_each(1);
	start_with(2);
	call_each(10);
	start_with(2);
	call_each(100);
	start_with(0);
	call_each(1000);
	EXPECT(pfm_start(fd, &none) == -1 && errno == EINVAL);
	EXPECT(pfm_start(fd, NULL) == 0);
	call_each(10000);
	EXPECT_U64(value(fd, 0, 0), 11000);
	EXPECT_U64(value(fd, 0, 1), 1);
	EXPECT_U64(value(fd, 0, 2), 110);
	EXPECT(runs(0) == 1 && runs(1) == 1 && runs(2) == 1);
}

static void start_while_stopped(void)
{
	counting_sets(0);
	load(fd, tid());
	start_with(1);
	call_each(3);
	EXPECT(pfm_stop(fd) == 0);
	start_with(2);
	call_each(4);
	EXPECT(pfm_stop(fd) == 0);
	start_with(0);
	EXPECT(pfm_stop(fd) == 0);
	call_each(50);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(value(fd, 0, 1), 3);
	EXPECT_U64(value(fd, 0, 2), 4);
	EXPECT(runs(0) == 2 && runs(1) == 1 && runs(2) == 1);
}

/* On another thread it only becomes the active one. */
static void start_of_other(void)
{
	counting_sets(PFM_FL_NOPTRACE);
	worker_start();
	load(fd, worker.tid);
	start_with(2);
	work(h, 5);
	start_with(1);
	work(g, 6);
	work(h, 100);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(value(fd, 0, 2), 5);
	EXPECT_U64(value(fd, 0, 1), 6);
	EXPECT(runs(0) == 1 && runs(1) == 0 && runs(2) == 0);
}

/* What had wrapped in the set it starts with gets its long value. */
static void start_resets_long(void)
{
	pfarg_pmd_t pmd = quietly(0, 0, 10);

	fd = context(0);
	make(0, 0, 0);
	make(1, 0, 0);
	pmd.reg_ovfl_switch_cnt = 1;
	pmd.reg_long_reset = -UINT64_C(70);
	put(fd, &pmd);
	load_and_start(fd);
	call(f, 10);
	EXPECT_U64(stats(fd).switches, 1);
	EXPECT_U64(value(fd, 0, 0), 0);
	start_with(0);
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(70));
}

/* Made again a set has no PMCs, and its PMDs as they were. */
static void made_again(void)
{
	pfarg_setdesc_t desc = { .set_id = 1 };

	counting_sets(0);
	put(fd, &(pfarg_pmd_t){ .reg_num = SW, .reg_set = 1, .reg_value = 5 });
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	EXPECT_U64(value(fd, 0, 1), 5);
	load_set(fd, tid(), 1);
	EXPECT(pfm_start(fd, NULL) == 0);
	call(g, 100);
	EXPECT_U64(value(fd, 0, 1), 5);
}

/* A view as its reader has to read it. */
static pfm_set_view_t view_of(const struct pfm_set_view *v)
{
	pfm_set_view_t copy;
	unsigned long seq;

	do {
		seq = __atomic_load_n(&v->set_seq, __ATOMIC_ACQUIRE);
		memcpy(&copy, (const void *)(uintptr_t)v, sizeof(copy));
		/* A fence would do; TSan knows none. */
	} while (seq & 1 ||
		 seq != __atomic_load_n(&v->set_seq, __ATOMIC_SEQ_CST));
	return copy;
}

/* item 44 */
static void views(void)
{
	const struct pfm_set_view *v[3];

	counting_sets(PFM_FL_MAP_SETS);
	for (unsigned i = 0; i < 3; i++) {
		v[i] = pfm_set_map(fd, i);
		if (!EXPECT(v[i]))
			return;
		EXPECT(view_of(v[i]).set_status == 0);
	}
	EXPECT(!pfm_set_map(fd, 3) && errno == EINVAL);
	load(fd, tid());
	EXPECT(view_of(v[0]).set_status == PFM_SETVFL_ACTIVE);
	EXPECT_U64(view_of(v[0]).set_runs, 1);
	EXPECT_U64(view_of(v[2]).set_runs, 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	call_each(4);
	start_with(2);
	EXPECT(view_of(v[0]).set_status == 0);
	EXPECT(view_of(v[2]).set_status == PFM_SETVFL_ACTIVE);
	EXPECT_U64(view_of(v[0]).set_pmds[SW], 4);
	EXPECT_U64(view_of(v[2]).set_runs, 1);
	call_each(7);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(view_of(v[2]).set_status == 0);
	EXPECT_U64(view_of(v[2]).set_pmds[SW], 7);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_U64(view_of(v[i]).set_pmds[SW], value(fd, 0, i));
		EXPECT_U64(view_of(v[i]).set_runs, runs(i));
	}
	EXPECT(pfm_set_unmap(v[0]) == 0);
}

static void view_of_masked(void)
{
	const struct pfm_set_view *v;
	pfarg_pmd_t pmd = every(0, 10);

	fd = context(PFM_FL_MAP_SETS);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	v = pfm_set_map(fd, 0);
	load_and_start(fd);
	call(f, 10);
	message(fd);
	EXPECT(is_masked(fd));
	if (!EXPECT(v))
		return;
	EXPECT(view_of(v).set_status == PFM_SETVFL_ACTIVE);
	EXPECT_U64(view_of(v).set_pmds[SW], 0);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(view_of(v).set_pmds[SW], -UINT64_C(10));
}

static void no_views(void)
{
	pfarg_setinfo_t i;

	fd = context(0);
	EXPECT(!pfm_set_map(fd, 0) && errno == EINVAL);
	EXPECT_U64(info(fd, 0).set_mmap_offset, 0);
	close(fd);
	fd = context(PFM_FL_MAP_SETS);
	i = info(fd, 0);
	EXPECT_U64(i.set_mmap_offset, 16384 * page_size());
}

static const struct behaviour behaviours[] = {
	{ 15, 41, "EXPL_NEXT: 0, 2, 1, 0", explicit_next },
	{ 6, 0, "EXPL_NEXT of some sets, the list of the others", mixed_next },
	{ 6, 0, "EXPL_NEXT of itself: it stays", next_is_itself },
	{ 6, 0, "set_id_next without EXPL_NEXT is nothing", next_without_flag },
	{ 15, 41, "a dangling next set: load is EINVAL", dangling_next },
	{ 6, 0, "sets come by their numbers, made in whatever order",
	  order_of_numbers },
	{ 6, 0, "a deleted set is not missed", deleted_in_between },
	{ 6, 0, "a set without a switch never leaves", stays_without_flag },
	{ 15, 42, "start with a set: it is switched to, and that is a run",
	  start_selects },
	{ 5, 6, "start with a set while stopped", start_while_stopped },
	{ 5, 6, "start with a set of another thread is no run",
	  start_of_other },
	{ 5, 6, "start with a set gives pending long values",
	  start_resets_long },
	{ 5, 9, "made again, a set loses its PMCs and keeps its PMDs",
	  made_again },
	{ 15, 44, "views: who is active, runs, values as of the last switch",
	  views },
	{ 10, 0, "the view of a masked set", view_of_masked },
	{ 10, 0, "no views without MAP_SETS, and their offsets", no_views },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
