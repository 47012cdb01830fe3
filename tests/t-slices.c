/* SPDX-License-Identifier: MIT
 *
 * t-slices.c - event sets that take turns, as an estimate needs them: slices and
 * their batches, slices of unequal length, whose time switches what, and how
 * long was monitored in all.
 */
#include "config.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "hw.h"
#include "model.h"
#include "msr.h"
#include "priv.h"

#define EVENT 0xc4
#define SLICE_US 100000000u /* of the test's time */
#define CLOCK PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK)

static uint64_t now = 1;

static uint64_t test_clock(void)
{
	return now;
}

static void add_set(int fd, unsigned id, uint32_t us)
{
	pfarg_setdesc_t desc = { .set_id = (uint16_t)id,
				 .set_flags = PFM_SETFL_TIME_SWITCH,
				 .set_timeout = us };

	is_i64(pfm_create_evtsets(fd, &desc, 1), 0, "set %u", id);
}

static int model_context(void)
{
	int fd = create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);

	for (unsigned i = 0; i < 2; i++) {
		pfarg_pmc_t pmc = { .reg_set = (uint16_t)i,
				    .reg_value = EVENT | SEL_USR | SEL_EN };
		pfarg_pmd_t pmd = { .reg_set = (uint16_t)i };

		add_set(fd, i, SLICE_US);
		is_i64(pfm_write_pmcs(fd, &pmc, 1), 0, "its PMC");
		is_i64(pfm_write_pmds(fd, &pmd, 1), 0, "its PMD");
	}
	return fd;
}

/* The length of the slice that runs; expired: of the one after it. */
static uint64_t length(int fd, bool expired)
{
	struct pfm_guard g;
	uint64_t ns;

	if (ctx_enter(fd, &g) < 0)
		return 0;
	if (expired)
		switch_expired(g.ctx);
	ns = g.ctx->timer_ns;
	ctx_leave(&g, 0);
	return ns;
}

static struct pfm_slices slices(int fd, unsigned set)
{
	struct pfm_slices s = { .reg_set = (uint16_t)set };

	is_i64(pfm_read_slices(fd, &s, 1), 0, "slices of set %u", set);
	return s;
}

/* Slice i of set 0 has i events, of set 1 none. */
static void run_slices(int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		now += length(fd, false);
		msr_model_advance(0, EVENT, 0, 3, i);
		length(fd, true);
		now += length(fd, false);
		length(fd, true);
	}
}

static void start(int fd)
{
	pfarg_load_t load = { 0 };

	is_i64(pfm_load_context(fd, &load), 0, "load (%s)", pfm_reason());
	is_i64(pfm_start(fd, NULL), 0, "start");
}

/* Half full to full, then two become one: all events are in some batch. */
static void test_batches(void)
{
	static const struct {
		unsigned n, batches, batch;
	} t[] = {
		{ 1, 1, 1 },   { 20, 20, 1 }, { 21, 10, 2 }, { 40, 20, 2 },
		{ 41, 10, 4 }, { 79, 19, 4 }, { 81, 10, 8 }, { 1000, 15, 64 }
	};
	int fd = model_context();

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		unsigned whole = t[i].batches * t[i].batch;
		double events = 0, ns = 0;
		struct pfm_slices s;

		start(fd);
		run_slices(fd, t[i].n);
		s = slices(fd, 0);
		is_u64(s.n, t[i].n, "%u slices", t[i].n);
		is_u64(s.batches, t[i].batches, "in so many batches");
		is_u64(s.batch, t[i].batch, "of so many");
		for (unsigned b = 0; b < s.batches; b++) {
			events += s.batch_events[b];
			ns += s.batch_ns[b];
		}
		is_u64((uint64_t)events, whole * (whole - 1) / 2,
		       "with their events");
		is_u64((uint64_t)ns, whole * (SLICE_US * UINT64_C(1000)),
		       "and their time");
		s = slices(fd, 1);
		is_u64((uint64_t)s.events, 0, "the other set has no events");
		is_i64(pfm_unload_context(fd), 0, "unload");
	}
	close(fd);
}

static void lengths(int fd, unsigned percent, uint64_t seed, uint64_t *v,
		    unsigned n)
{
	is_i64(pfm_set_jitter(fd, percent, seed), 0, "jitter %u", percent);
	start(fd);
	for (unsigned i = 0; i < n; i++) {
		v[i] = length(fd, false);
		now += v[i];
		length(fd, true);
	}
	is_i64(pfm_unload_context(fd), 0, "unload");
}

static void test_jitter(void)
{
	enum { N = 1000 };
	static uint64_t a[N], b[N];
	const uint64_t ns = SLICE_US * UINT64_C(1000);
	uint64_t sum = 0, least = UINT64_MAX, most = 0;
	int fd = model_context();

	lengths(fd, 50, 7, a, N);
	lengths(fd, 50, 7, b, N);
	ok(!memcmp(a, b, sizeof(a)), "the same seed, the same lengths");
	lengths(fd, 50, 8, b, N);
	ok(memcmp(a, b, sizeof(a)) != 0, "another seed, others");
	for (unsigned i = 0; i < N; i++) {
		sum += a[i];
		least = a[i] < least ? a[i] : least;
		most = a[i] > most ? a[i] : most;
	}
	ok(least >= ns / 2 && least < ns / 2 + ns / 20, "from a half");
	ok(most <= ns + ns / 2 && most > ns + ns / 2 - ns / 20, "to 3/2");
	ok(sum / N > ns - ns / 20 && sum / N < ns + ns / 20,
	   "the set's on average");
	lengths(fd, 0, 7, a, 10);
	for (unsigned i = 0; i < 10; i++)
		is_u64(a[i], ns, "no jitter, slice %u", i);
	is_i64(pfm_set_jitter(fd, 101, 0), -1, "more than 100 percent");
	is_i64(errno, EINVAL, "is EINVAL");
	start(fd);
	is_i64(pfm_set_jitter(fd, 10, 0), -1, "loaded");
	is_i64(errno, EBUSY, "is EBUSY");
	close(fd);
	is_i64(pfm_set_jitter(fd, 10, 0), -1, "closed");
	is_i64(errno, EBADF, "is EBADF");
}

static void test_monitored_cpu(void)
{
	int fd = model_context();
	struct pfm_stats stats = { 0 };
	uint64_t begin;

	start(fd);
	begin = now;
	run_slices(fd, 3);
	now += 12345;
	is_i64(pfm_get_stats(fd, &stats), 0, "stats");
	is_u64(stats.monitored_ns, now - begin, "a CPU: all of the time");
	is_i64(pfm_stop(fd), 0, "stop");
	now += 1000;
	is_i64(pfm_get_stats(fd, &stats), 0, "stats");
	is_u64(stats.monitored_ns, now - begin - 1000, "until the stop");
	close(fd);
}

/* Burns a tenth of a second, in a child of its own. */
static void work_in_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec t = { 0 };

		while (t.tv_nsec < 100000000)
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static int clock_context(uint32_t flags)
{
	int fd = create(flags);

	for (unsigned i = 0; i < 2; i++) {
		pfarg_pmc_t pmc = { .reg_num = PFM_PMC_SW,
				    .reg_set = (uint16_t)i,
				    .reg_value = CLOCK };
		pfarg_pmd_t pmd = { .reg_num = PFM_PMC_SW,
				    .reg_set = (uint16_t)i };

		add_set(fd, i, 2000);
		is_i64(pfm_write_pmcs(fd, &pmc, 1), 0, "its PMC");
		is_i64(pfm_write_pmds(fd, &pmd, 1), 0, "its PMD");
	}
	return fd;
}

static struct pfm_count count(int fd, unsigned set)
{
	struct pfm_count c = { .reg_num = PFM_PMC_SW,
			       .reg_set = (uint16_t)set };

	is_i64(pfm_read_counts(fd, &c, 1), 0, "counts of set %u", set);
	return c;
}

/* Whoever counts descendants switches while it waits for them. */
static void test_inherit(void)
{
	int fd = clock_context(PFM_FL_INHERIT);
	pfarg_load_t load = { .load_pid = (uint32_t)gettid() };
	struct pfm_stats stats = { 0 };
	struct pfm_count a, b;

	if (pfm_load_context(fd, &load) < 0) {
		skip("inherit: %s", pfm_reason());
		return;
	}
	is_i64(pfm_start(fd, NULL), 0, "start");
	work_in_child();
	is_i64(pfm_stop(fd), 0, "stop");
	is_i64(pfm_get_stats(fd, &stats), 0, "stats");
	a = count(fd, 0);
	b = count(fd, 1);
	ok(stats.switches >= 2, "a child's work: %" PRIu64 " switches",
	   stats.switches);
	ok(a.value > 0 && b.value > 0, "each set has a part of it");
	ok(a.running_ns + b.running_ns <= stats.monitored_ns,
	   "the sets together have at most the time monitored");
	ok(stats.monitored_ns >= 100000000, "which is the child's, too");
	close(fd);
}

/* Before the exec there is no time for a set to run out of. */
static void test_exec(void)
{
	int fd = clock_context(PFM_FL_INHERIT | PFM_FL_ON_EXEC |
			       PFM_FL_NOPTRACE);
	struct pfm_stats stats = { 0 };
	pfarg_start_t other = { .start_set = 1 };
	struct timespec wait = { 0, 50000000 };
	pfarg_load_t load;
	int go[2];
	char byte;
	pid_t pid;

	ok(pipe(go) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 0)
			execl("/bin/sh", "sh", "-c",
			      "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done",
			      NULL);
		_exit(1);
	}
	load = (pfarg_load_t){ .load_pid = (uint32_t)pid };
	if (pfm_load_context(fd, &load) < 0) {
		skip("exec: %s", pfm_reason());
		close(go[1]);
		waitpid(pid, NULL, 0);
		return;
	}
	is_i64(pfm_start(fd, &other), -1, "the exec starts set 0");
	is_i64(errno, EINVAL, "not set 1");
	is_i64(pfm_start(fd, NULL), 0, "start");
	nanosleep(&wait, NULL);
	is_i64(pfm_get_stats(fd, &stats), 0, "stats");
	is_u64(stats.switches, 0, "no switch before the exec");
	is_u64(stats.monitored_ns, 0, "and no time");
	close(go[1]);
	waitpid(pid, NULL, 0);
	is_i64(pfm_get_stats(fd, &stats), 0, "stats");
	ok(stats.switches > 0, "%" PRIu64 " switches after it", stats.switches);
	ok(count(fd, 0).value > 0 && count(fd, 1).value > 0,
	   "each set has a part");
	ok(count(fd, 0).running_ns + count(fd, 1).running_ns <=
		   stats.monitored_ns,
	   "the sets together have at most the time monitored");
	close(fd);
}

int main(void)
{
	static struct model *cpu;

	test_inherit();
	test_exec();
	cpu = model_new(model_cfg_find("SKL"));
	msr_model_set(&cpu, 1);
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
	clock_replaced = test_clock;
	test_batches();
	test_jitter();
	test_monitored_cpu();
	return done_testing();
}
