/* SPDX-License-Identifier: MIT
 *
 * sets-time.c - event sets that switch on time: the timeout, whose time it is,
 * how often each set runs, and what stops the clock (perfmon2 reference,
 * sections 5.9 and 6; items 36 and 37 of section 15).  No test here asks how
 * long anything took, but that things which cannot have happened have not.
 */
#include "config.h"

#include <sched.h>

#include "exact.h"

/* The shortest timeout there is, in microseconds. */
#define SHORTEST 100

static int fd;

static void (*const fn[4])(void) = { f, g, h, f };

/* Sets 0 to n-1 in one call, set 0 among them; f, g, h, f are counted. */
static void make_sets(unsigned n, uint32_t timeout)
{
	pfarg_setdesc_t desc[4] = { { 0 } };

	for (unsigned i = 0; i < n; i++) {
		desc[i].set_id = (uint16_t)i;
		desc[i].set_flags = PFM_SETFL_TIME_SWITCH;
		desc[i].set_timeout = timeout;
	}
	EXPECT(pfm_create_evtsets(fd, desc, (int)n) == 0);
	for (unsigned i = 0; i < n; i++) {
		on_calls(fd, 0, i, fn[i]);
		plain(fd, 0, i);
	}
}

static uint64_t switches(void)
{
	return stats(fd).switches;
}

static uint64_t patience(void)
{
	return now_ns() + PATIENCE_MS * UINT64_C(1000000);
}

/* The thread runs, and calls f, g and h. */
UNTOUCHED static void burn(void)
{
	for (unsigned i = 0; i < 20; i++) {
		for (volatile unsigned k = 0; k < 2000; k++)
			;
		f();
		g();
		h();
	}
}

static volatile bool enough;

UNTOUCHED static void burn_until_enough(void)
{
	while (!enough)
		burn();
}

/* Until the sets have switched n times. */
static void burn_switches(uint64_t n)
{
	uint64_t end = patience();

	while (switches() < n && now_ns() < end)
		burn();
	if (!EXPECT(switches() >= n))
		give_up();
}

/* Time of the calling thread passes: so many ns of it. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void burn_ns(uint64_t ns)
{
	uint64_t end = cpu_ns() + ns;

	while (cpu_ns() < end)
		burn();
}

static void timeouts(void)
{
	static const uint32_t ask[] = { 1,   99,   100,   101,
					200, 1000, 10001, 4000000000 };
	static const uint32_t get[] = { 100, 100,  100,   200,
					200, 1000, 10100, 4000000000 };

	fd = context(0);
	for (unsigned i = 0; i < 8; i++) {
		pfarg_setdesc_t d = { .set_id = 1,
				      .set_flags =
					      i & 1 ? PFM_SETFL_TIME_SWITCH : 0,
				      .set_timeout = ask[i] };

		EXPECT(pfm_create_evtsets(fd, &d, 1) == 0);
		EXPECT_U64(d.set_timeout, get[i]);
		EXPECT_U64(info(fd, 1).set_timeout, get[i]);
	}
}

static void bad_sets(void)
{
	pfarg_setdesc_t both = { .set_id = 1,
				 .set_flags = PFM_SETFL_TIME_SWITCH |
					      PFM_SETFL_OVFL_SWITCH,
				 .set_timeout = 1000 };
	pfarg_setdesc_t never = { .set_id = 1,
				  .set_flags = PFM_SETFL_TIME_SWITCH };
	pfarg_setinfo_t i = { .set_id = 1 };

	fd = context(0);
	EXPECT(pfm_create_evtsets(fd, &both, 1) == -1 && errno == EINVAL);
	EXPECT(pfm_create_evtsets(fd, &never, 1) == -1 && errno == EINVAL);
	EXPECT(pfm_getinfo_evtsets(fd, &i, 1) == -1 && errno == EINVAL);
}

/* Each set runs, in turn: what a slice is, and that it is whole. */
static void check_turns(unsigned n, bool unloaded)
{
	uint64_t sum = 0, least = UINT64_MAX, most = 0, slices = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pfm_slices s = { .reg_num = SW, .reg_set = (uint16_t)i };
		uint64_t r = info(fd, i).set_runs;

		EXPECT(r > 0);
		sum += r;
		least = r < least ? r : least;
		most = r > most ? r : most;
		EXPECT(pfm_read_slices(fd, &s, 1) == 0);
		slices += s.n;
		if (s.n == r)
			EXPECT_U64((uint64_t)s.events, value(fd, 0, i));
		else
			EXPECT_U64(s.n, r - 1);
	}
	EXPECT(most - least <= 1);
	EXPECT_U64(slices, sum - 1);
	if (!unloaded)
		EXPECT_U64(sum, switches() + 1);
}

/* item 37, by whoever comes first: the thread itself here. */
static void ten_thousand(void)
{
	fd = context(0);
	make_sets(3, SHORTEST);
	load_and_start(fd);
	burn_switches(10000);
	EXPECT(pfm_stop(fd) == 0);
	check_turns(3, false);
	EXPECT(is_silent(fd));
	EXPECT(pfm_unload_context(fd) == 0);
	check_turns(3, true);
}

/* And by the engine alone, of a thread that makes no call. */
static void ten_thousand_by_engine(void)
{
	uint64_t end = patience();

	fd = context(PFM_FL_NOPTRACE);
	make_sets(4, SHORTEST);
	worker_start();
	load(fd, worker.tid);
	EXPECT(pfm_start(fd, NULL) == 0);
	worker_begin(burn_until_enough, 1);
	while (switches() < 10000 && now_ns() < end)
		poll(NULL, 0, 1);
	enough = true;
	worker_wait();
	EXPECT(pfm_stop(fd) == 0);
	EXPECT(switches() >= 10000);
	check_turns(4, false);
}

/* No event is counted twice, and none that did not happen. */
static void nothing_twice(void)
{
	uint64_t before, after, ns = 0;

	fd = context(0);
	make_sets(3, SHORTEST);
	before = now_ns();
	load_and_start(fd);
	for (unsigned i = 0; i < 3000; i++)
		burn();
	EXPECT(pfm_stop(fd) == 0);
	after = now_ns();
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(value(fd, 0, i) > 0);
		EXPECT(value(fd, 0, i) <= 3000 * 20);
		ns += info(fd, i).set_act_duration;
	}
	EXPECT(ns > 0 && ns <= after - before);
}

static void stopped_clock(void)
{
	uint64_t then;

	fd = context(0);
	make_sets(2, SHORTEST);
	load(fd, tid());
	burn_ns(20 * SHORTEST * 1000);
	EXPECT_U64(switches(), 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	burn_switches(5);
	EXPECT(pfm_stop(fd) == 0);
	then = switches();
	burn_ns(20 * SHORTEST * 1000);
	EXPECT_U64(switches(), then);
	EXPECT(pfm_start(fd, NULL) == 0);
	burn_switches(then + 5);
}

/* A thread that does not run has no time, whatever others do. */
static void time_of_thread(void)
{
	uint64_t then;

	fd = context(PFM_FL_NOPTRACE);
	make_sets(2, SHORTEST);
	worker_start();
	load(fd, worker.tid);
	EXPECT(pfm_start(fd, NULL) == 0);
	work(burn, 1);
	while (state_of(worker.tid) != 'S')
		sched_yield();
	then = switches();
	burn_ns(100 * SHORTEST * 1000);
	/* Asleep by its state, it has a few instructions yet to run. */
	EXPECT(switches() - then <= 1);
	work(burn, 500);
	EXPECT(switches() > then);
}

static uint32_t left(unsigned set)
{
	return info(fd, set).set_timeout;
}

/* What is left goes down while it runs, and is full when it begins. */
static void time_left(void)
{
	const uint32_t hour = 3600000000u;
	uint32_t a, b;

	fd = context(0);
	make_sets(2, hour);
	EXPECT_U64(left(0), hour);
	load(fd, tid());
	EXPECT_U64(left(0), hour);
	EXPECT(pfm_start(fd, NULL) == 0);
	burn_ns(2000000);
	a = left(0);
	EXPECT(a <= hour - 1000);
	burn_ns(2000000);
	b = left(0);
	EXPECT(b < a);
	EXPECT(pfm_stop(fd) == 0);
	a = left(0);
	EXPECT(a <= b && a > 0);
	burn_ns(2000000);
	EXPECT_U64(left(0), a);
	EXPECT_U64(left(1), hour);
	EXPECT(pfm_start(fd, NULL) == 0);
	EXPECT(left(0) <= a);
	EXPECT(pfm_start(fd, &(pfarg_start_t){ .start_set = 1 }) == 0);
	EXPECT(pfm_start(fd, &(pfarg_start_t){ .start_set = 0 }) == 0);
	EXPECT(left(0) > a);
}

/* Masked, neither time nor sets go on. */
static void masked_clock(void)
{
	pfarg_pmd_t pmd = every(0, 10);
	uint64_t then;
	uint32_t a;

	fd = context(0);
	make_sets(2, 50000);
	pmd.reg_long_reset = 0;
	put(fd, &pmd);
	load_and_start(fd);
	call(f, 10);
	message(fd);
	EXPECT(is_masked(fd));
	then = switches();
	a = left(0);
	burn_ns(200 * 1000000);
	EXPECT_U64(switches(), then);
	EXPECT_U64(left(0), a);
	EXPECT(a > 0 && a <= 50000);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(switches(), then);
	burn_switches(then + 1);
}

static void single_set(void)
{
	fd = context(0);
	make_sets(1, SHORTEST);
	load_and_start(fd);
	burn_ns(50 * SHORTEST * 1000);
	EXPECT_U64(switches(), 0);
	EXPECT_U64(info(fd, 0).set_runs, 1);
	EXPECT(value(fd, 0, 0) > 0);
}

/* Of two kinds: only the one with the flag is timed. */
static void mixed(void)
{
	pfarg_setdesc_t desc[2] = {
		{ .set_id = 0,
		  .set_flags = PFM_SETFL_TIME_SWITCH,
		  .set_timeout = SHORTEST },
		{ .set_id = 1,
		  .set_flags = PFM_SETFL_OVFL_SWITCH,
		  .set_timeout = SHORTEST },
	};
	pfarg_pmd_t pmd = quietly(0, 1, 10);

	fd = context(0);
	EXPECT(pfm_create_evtsets(fd, desc, 2) == 0);
	on_calls(fd, 0, 0, g);
	plain(fd, 0, 0);
	on_faults(fd, 0, 1);
	pmd.reg_ovfl_switch_cnt = 1;
	pmd.reg_value = pmd.reg_short_reset = -UINT64_C(1000000);
	put(fd, &pmd);
	load_and_start(fd);
	burn_switches(1);
	burn_ns(50 * SHORTEST * 1000);
	EXPECT_U64(switches(), 1);
	EXPECT_U64(info(fd, 1).set_runs, 1);
}

/* item 36: a CPU's time is the wall clock's. */
static void cpu_time(void)
{
	int cpu = sched_getcpu();
	uint64_t end = patience();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		SKIP("cannot stay on CPU %d", cpu);
	fd = context(PFM_FL_SYSTEM_WIDE);
	make_sets(3, 1000);
	load(fd, cpu);
	EXPECT(pfm_start(fd, NULL) == 0);
	while (switches() < 500 && now_ns() < end)
		poll(NULL, 0, 10);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT(switches() >= 500);
	check_turns(3, false);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(info(fd, i).set_act_duration > 0);
}

static const struct behaviour behaviours[] = {
	{ 5, 9, "the effective timeout is written back", timeouts },
	{ 5, 9, "both kinds of switch, or no timeout: EINVAL, and no set",
	  bad_sets },
	{ 15, 37, "10,000 switches, shortest timeout: runs differ by 1 at most",
	  ten_thousand },
	{ 15, 37, "the same of a thread that makes no call",
	  ten_thousand_by_engine },
	{ 6, 0, "no event in two sets, durations within the time",
	  nothing_twice },
	{ 6, 0, "stopped: no time, no switch", stopped_clock },
	{ 6, 0, "the time of a thread is the time it runs", time_of_thread },
	{ 2, 4, "set_timeout of a query is the time left", time_left },
	{ 6, 0, "masked: no time, no switch", masked_clock },
	{ 6, 0, "a single set: no switch, no run", single_set },
	{ 6, 0, "a set without TIME_SWITCH has no time", mixed },
	{ 15, 36, "sets on a CPU, by the wall clock", cpu_time },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
