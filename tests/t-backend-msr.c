/* SPDX-License-Identifier: MIT
 *
 * t-backend-msr.c - the 12 calls on the msr backend, over the register model in
 * this process: exact counts, what is left to others, and every register as it
 * was.  Each model has a process of its own, as each machine has.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctx.h"
#include "hw.h"
#include "model.h"
#include "msr-backend.h"
#include "priv.h"

#define INSTRUCTIONS 0xc0
#define USER (INSTRUCTIONS | SEL_USR | SEL_EN)
#define ACCESS_COST 20

static struct model *cpus[2];
static const struct model_cfg *cfg;

/* All registers of a model, to compare. */
struct image {
	unsigned n;
	struct {
		uint32_t addr;
		uint64_t value;
	} reg[256];
};

static void image_add(void *arg, uint32_t addr, uint64_t value)
{
	struct image *im = arg;

	im->reg[im->n].addr = addr;
	im->reg[im->n++].value = value;
}

/* Time and what counts it go on by themselves. */
static bool is_clock(uint32_t addr)
{
	return addr == 0x10 || addr == 0xe7 || addr == 0xe8 || addr == 0x64e ||
	       (addr >= 0xc00000e7 && addr <= 0xc00000e9);
}

static struct image look(unsigned cpu)
{
	struct image im = { 0 };

	model_each(cpus[cpu], image_add, &im);
	return im;
}

static bool same(const struct image *a, const struct image *b)
{
	bool eq = a->n == b->n;

	for (unsigned i = 0; eq && i < a->n; i++)
		if (a->reg[i].value != b->reg[i].value &&
		    !is_clock(a->reg[i].addr)) {
			diag("register %#x is %#" PRIx64 ", was %#" PRIx64,
			     a->reg[i].addr, b->reg[i].value, a->reg[i].value);
			eq = false;
		}
	return eq;
}

static int context(void)
{
	return create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
}

static int load(int fd, unsigned cpu)
{
	pfarg_load_t req = { .load_pid = cpu };

	return pfm_load_context(fd, &req);
}

static int select_event(int fd, unsigned n, uint64_t sel)
{
	pfarg_pmc_t pmc = { .reg_num = (uint16_t)n, .reg_value = sel };
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)n };

	if (pfm_write_pmcs(fd, &pmc, 1) < 0)
		return -1;
	return pfm_write_pmds(fd, &pmd, 1);
}

static uint64_t count(int fd, unsigned n)
{
	pfarg_pmd_t pmd = { .reg_num = (uint16_t)n };

	if (pfm_read_pmds(fd, &pmd, 1) < 0)
		diag("read: %s", pfm_reason());
	return pmd.reg_value;
}

static void advance(unsigned cpu, uint64_t n)
{
	msr_model_advance(cpu, INSTRUCTIONS, 0, 3, n);
}

/* Give every register that can hold one a value nobody expects. */
static void litter(unsigned cpu)
{
	struct image im = look(cpu);

	for (unsigned i = 0; i < im.n; i++)
		if (im.reg[i].addr >= 0xc1 && im.reg[i].addr < 0xc1 + cfg->ngp)
			model_poke(cpus[cpu], im.reg[i].addr, 77 + i);
	for (unsigned n = 0; n < cfg->nfixed; n++)
		model_poke(cpus[cpu], 0x309 + n, 55 + n);
	for (unsigned n = 0; cfg->amd && n < 4; n++)
		model_poke(cpus[cpu], 0xc0010004 + n, 66 + n);
}

static void test_counts(void)
{
	struct image before, after;
	int fd = context();

	litter(0);
	before = look(0);
	for (unsigned n = 0; n < cfg->ngp; n++)
		if (select_event(fd, n, USER) < 0)
			diag("pmc%u: %s", n, pfm_reason());
	if (!ok(load(fd, 0) == 0, "%s: load on a CPU", cfg->name))
		diag("%s", pfm_reason());
	advance(0, 1000);
	is_u64(count(fd, 0), 0, "%s: nothing counts before the start",
	       cfg->name);
	if (!ok(pfm_start(fd, NULL) == 0, "%s: start", cfg->name))
		diag("%s", pfm_reason());
	advance(0, 12345);
	for (unsigned n = 0; n < cfg->ngp; n++)
		is_u64(count(fd, n), 12345, "%s: pmd%u counts exactly",
		       cfg->name, n);
	advance(0, 1);
	ok(pfm_stop(fd) == 0, "%s: stop", cfg->name);
	advance(0, 1000);
	is_u64(count(fd, 0), 12346, "%s: and no more once stopped", cfg->name);
	ok(pfm_start(fd, NULL) == 0, "%s: start again", cfg->name);
	advance(0, 4);
	is_u64(count(fd, cfg->ngp - 1), 12350, "%s: it goes on", cfg->name);
	if (!ok(pfm_unload_context(fd) == 0, "%s: unload", cfg->name))
		diag("%s", pfm_reason());
	is_u64(count(fd, 0), 12350, "%s: the count outlives the unload",
	       cfg->name);
	close(fd);
	after = look(0);
	ok(same(&before, &after), "%s: every register as it was", cfg->name);
}

static void test_fixed(void)
{
	pfarg_pmc_t pmc = { .reg_num = HW_PMC_FIXED, .reg_value = 0x222 };
	pfarg_pmd_t pmd[3] = { { .reg_num = HW_PMD_FIXED },
			       { .reg_num = HW_PMD_FIXED + 1 },
			       { .reg_num = HW_PMD_FIXED + 2 } };
	struct image before = look(0), after;
	int fd = context();

	if (!ok(pfm_write_pmcs(fd, &pmc, 1) == 0 &&
			pfm_write_pmds(fd, pmd, 3) == 0,
		"%s: fixed counters are PMD 16 and up", cfg->name))
		diag("%s", pfm_reason());
	if (!ok(load(fd, 0) == 0 && pfm_start(fd, NULL) == 0, "%s: start them",
		cfg->name))
		diag("%s", pfm_reason());
	advance(0, 99);
	model_advance(cpus[0], 0x3c, 0, 3, 50);
	is_u64(count(fd, HW_PMD_FIXED), 99, "%s: instructions", cfg->name);
	is_u64(count(fd, HW_PMD_FIXED + 1), 50, "%s: cycles", cfg->name);
	close(fd);
	ctx_sweep();
	after = look(0);
	ok(same(&before, &after), "%s: a close restores, too", cfg->name);
}

/* PMD values of 64 bits, whatever the counter's width and legacy writes. */
static void test_values(void)
{
	static const uint64_t values[] = { 1,
					   UINT64_C(1) << 32,
					   (UINT64_C(1) << 48) - 2,
					   UINT64_C(0x123456789abcdef0),
					   (uint64_t)-1000,
					   (uint64_t) - (UINT64_C(1) << 31),
					   (uint64_t) - (UINT64_C(1) << 40) };
	int fd = context();

	select_event(fd, 0, USER);
	load(fd, 0);
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		pfarg_pmd_t pmd = { .reg_value = values[i] };

		pfm_stop(fd);
		pfm_write_pmds(fd, &pmd, 1);
		is_u64(count(fd, 0), values[i], "%s: value %#" PRIx64,
		       cfg->name, values[i]);
		pfm_start(fd, NULL);
		advance(0, 25);
		is_u64(count(fd, 0), values[i] + 25, "%s: and it goes on",
		       cfg->name);
		pmd.reg_value = values[i] + 7;
		pfm_write_pmds(fd, &pmd, 1);
		advance(0, 3);
		is_u64(count(fd, 0), values[i] + 10,
		       "%s: also when written while it counts", cfg->name);
	}
	close(fd);
	ctx_sweep();
}

static void test_sets(void)
{
	pfarg_setdesc_t desc = { .set_id = 1 };
	pfarg_start_t start = { .start_set = 1 };
	pfarg_pmc_t pmc = { .reg_set = 1, .reg_value = USER };
	pfarg_pmd_t pmd = { .reg_set = 1 };
	struct image before = look(0), after;
	int fd = context();

	select_event(fd, 0, USER);
	select_event(fd, 1, USER);
	ok(pfm_create_evtsets(fd, &desc, 1) == 0 &&
		   pfm_write_pmcs(fd, &pmc, 1) == 0 &&
		   pfm_write_pmds(fd, &pmd, 1) == 0,
	   "%s: a second set", cfg->name);
	ok(load(fd, 0) == 0 && pfm_start(fd, NULL) == 0, "%s: set 0 first",
	   cfg->name);
	advance(0, 10);
	if (!ok(pfm_start(fd, &start) == 0, "%s: then set 1", cfg->name))
		diag("%s", pfm_reason());
	advance(0, 100);
	is_u64(count(fd, 0), 10, "%s: set 0 keeps its count", cfg->name);
	is_u64(count(fd, 1), 10, "%s: of each counter", cfg->name);
	pfm_read_pmds(fd, &pmd, 1);
	is_u64(pmd.reg_value, 100, "%s: set 1 has its own", cfg->name);
	start.start_set = 0;
	pfm_start(fd, &start);
	advance(0, 1);
	is_u64(count(fd, 0), 11, "%s: and set 0 goes on from it", cfg->name);
	close(fd);
	ctx_sweep();
	after = look(0);
	ok(same(&before, &after), "%s: restored after two sets", cfg->name);
}

static uint32_t sel_addr(unsigned n)
{
	if (!cfg->amd)
		return 0x186 + n;
	return cfg->core_ext ? 0xc0010200 + 2 * n : 0xc0010000 + n;
}

/* Counter 0 is somebody's: it is left alone, and named. */
static void test_owned(void)
{
	struct image before, after;
	int fd = context();

	model_poke(cpus[0], sel_addr(0), 0x43003c);
	before = look(0);
	select_event(fd, 0, USER);
	ok(load(fd, 0) < 0 && errno == EBUSY, "%s: a counter that is taken",
	   cfg->name);
	if (!ok(strstr(pfm_reason(), "taken by another tool"), "%s: is named",
		cfg->name))
		diag("%s", pfm_reason());
	close(fd);
	fd = context();
	select_event(fd, 1, USER);
	if (!ok(load(fd, 0) == 0 && pfm_start(fd, NULL) == 0,
		"%s: another is free", cfg->name))
		diag("%s", pfm_reason());
	advance(0, 42);
	is_u64(count(fd, 1), 42, "%s: and counts beside it", cfg->name);
	pfm_unload_context(fd);
	close(fd);
	after = look(0);
	/* What the owner counts meanwhile is his. */
	for (unsigned i = 0; i < before.n; i++)
		if (before.reg[i].addr ==
		    (cfg->amd ? sel_addr(0) + (cfg->core_ext ? 1 : 4) : 0xc1))
			before.reg[i] = after.reg[i];
	ok(same(&before, &after), "%s: the owner's registers are his",
	   cfg->name);
	model_reset(cpus[0]);
}

static void test_agent(void)
{
	int fd = context();

	select_event(fd, 0, USER);
	load(fd, 0);
	pfm_start(fd, NULL);
	advance(0, 5);
	is_u64(count(fd, 0), 5, "%s: before it is disturbed", cfg->name);
	model_poke(cpus[0], sel_addr(0), 0x41003c);
	ok(pfm_unload_context(fd) < 0 && errno == EIO,
	   "%s: a foreign write is told at the unload", cfg->name);
	if (!ok(strstr(pfm_reason(), "another agent"), "%s: as what it is",
		cfg->name))
		diag("%s", pfm_reason());
	close(fd);
	model_reset(cpus[0]);
}

/* The engine looks at the registers by itself: let it do so now. */
static void fire(int fd)
{
	const struct itimerspec now = { .it_value = { .tv_nsec = 1 } };
	struct pfm_context *ctx = fdtab_get(fd);

	ctx_lock(ctx);
	timerfd_settime(ctx->be->look_fd(ctx), 0, &now, NULL);
	ctx_unlock(ctx);
}

/* What the library has of PMD 0 without being asked; waits for want. */
static uint64_t known(int fd, uint64_t want)
{
	struct pfm_context *ctx = fdtab_get(fd);
	uint64_t value = 0;

	for (unsigned i = 0; i < 1000000 && value != want; i++) {
		sched_yield();
		ctx_lock(ctx);
		value = ctx->sets->pmds[0]->value;
		ctx_unlock(ctx);
	}
	return value;
}

static void test_poll(void)
{
	struct pollfd p = { .events = POLLIN };
	int fd = context();
	pfm_msg_t msg;

	select_event(fd, 0, USER);
	load(fd, 1);
	pfm_start(fd, NULL);
	advance(1, 321);
	fire(fd);
	is_u64(known(fd, 321), 321, "%s: counters are read by themselves",
	       cfg->name);
	advance(1, 9);
	/* The second CPU goes offline. */
	msr_model_set(cpus, 1);
	fire(fd);
	p.fd = fd;
	ok(poll(&p, 1, 60000) == 1 &&
		   read(fd, &msg, sizeof(msg)) == sizeof(msg) &&
		   msg.type == PFM_MSG_END,
	   "%s: a CPU that goes offline ends its context", cfg->name);
	is_u64(count(fd, 0), 321, "%s: with the last count there is",
	       cfg->name);
	msr_model_set(cpus, 2);
	close(fd);
	ctx_sweep();
	model_reset(cpus[1]);
}

/* What somebody else writes meanwhile is found out, too. */
static void test_poll_agent(void)
{
	int fd = context();
	pfarg_pmd_t pmd = { .reg_num = 0 };

	select_event(fd, 0, USER);
	load(fd, 0);
	pfm_start(fd, NULL);
	model_poke(cpus[0], sel_addr(0), 0);
	fire(fd);
	for (unsigned i = 0; i < 1000000; i++) {
		sched_yield();
		if (pfm_read_pmds(fd, &pmd, 1) < 0)
			break;
	}
	ok(errno == EIO && strstr(pfm_reason(), "another agent"),
	   "%s: and refused from then on", cfg->name);
	close(fd);
	ctx_sweep();
	model_reset(cpus[0]);
}

/* A counter that moved faster than any can was moved by somebody. */
static void test_implausible(void)
{
	pfarg_pmd_t pmd = { .reg_num = 0 };
	int fd = context();

	select_event(fd, 0, USER);
	load(fd, 0);
	pfm_start(fd, NULL);
	advance(0, UINT64_C(1) << 39);
	ok(pfm_read_pmds(fd, &pmd, 1) < 0 && errno == EIO,
	   "%s: 2^39 instructions in no time", cfg->name);
	close(fd);
	ctx_sweep();
	model_reset(cpus[0]);
}

static _Thread_local bool stalling;
static unsigned until_stall;
static uint64_t stalled_ns;

/*
 * Stalling, a clock that goes on only while who wants to know the time is kept
 * waiting; other threads have the usual one.
 */
static uint64_t stalling_clock(void)
{
	struct timespec t;

	if (!stalling) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	}
	if (until_stall-- == 0) {
		advance(0, 5000000);
		stalled_ns += 10000000;
	}
	return stalled_ns;
}

/* What a thread that waited for its CPU has not seen is no other's doing. */
static void test_stalled(void)
{
	for (unsigned at = 0; at < 12; at++) {
		int fd = context();
		pfarg_pmd_t pmd = { .reg_num = 0 };
		bool good;

		select_event(fd, 0, USER);
		load(fd, 0);
		until_stall = at;
		stalled_ns = stalling_clock();
		stalling = true;
		good = pfm_start(fd, NULL) == 0;
		for (unsigned i = 0; i < 3; i++)
			good = good && pfm_read_pmds(fd, &pmd, 1) == 0;
		stalling = false;
		if (!ok(good, "%s: time passed at clock reading %u", cfg->name,
			at))
			diag("%s", pfm_reason());
		close(fd);
		ctx_sweep();
		model_reset(cpus[0]);
	}
}

static void test_swallow(void)
{
	int fd = context();

	model_set_mode(cpus[0], MODEL_SWALLOW);
	select_event(fd, 0, USER);
	if (!ok(load(fd, 0) < 0 && errno == ENODEV,
		"%s: registers that swallow what is written", cfg->name))
		diag("%s", pfm_reason());
	model_set_mode(cpus[0], MODEL_BARE);
	msr_model_set_cost(0);
	if (!ok(load(fd, 0) < 0 && strstr(pfm_reason(), "counted nothing"),
		"%s: or that hold it and count nothing", cfg->name))
		diag("%s", pfm_reason());
	msr_model_set_cost(ACCESS_COST);
	if (!ok(load(fd, 0) == 0, "%s: the next attempt is a new one",
		cfg->name))
		diag("%s", pfm_reason());
	close(fd);
	ctx_sweep();
}

static void test_calls(void)
{
	int fd = create(0), other = context(), ncpus = context();
	pfarg_load_t self = { .load_pid = (uint32_t)getpid() };

	ok(pfm_load_context(fd, &self) < 0 && errno == EINVAL,
	   "%s: no thread has counters of its own", cfg->name);
	ok(pfm_set_backend(fd, "perf") == 0, "%s: another backend", cfg->name);
	ok(pfm_set_backend(fd, "msr") == 0, "%s: and back", cfg->name);
	select_event(fd, 0, USER);
	ok(pfm_set_backend(fd, "perf") < 0 && errno == EBUSY,
	   "%s: not once registers were written", cfg->name);
	select_event(other, 0, USER);
	if (!ok(load(other, 1) == 0, "%s: the other CPU", cfg->name))
		diag("%s", pfm_reason());
	pfm_start(other, NULL);
	advance(1, 3);
	advance(0, 4);
	is_u64(count(other, 0), 3, "%s: counts for itself", cfg->name);
	ok(load(ncpus, 2) < 0 && errno == ENXIO, "%s: no third one", cfg->name);
	close(fd);
	close(other);
	close(ncpus);
	ctx_sweep();
}

/* An event of large increments: its other half is in the next counter. */
static void test_merge(void)
{
	pfarg_pmc_t merge = { .reg_num = 1,
			      .reg_value = UINT64_C(0xf004000ff) };
	struct image before = look(0), after;
	int fd = context();
	uint64_t v;

	select_event(fd, 0, 0xff03 | SEL_USR | SEL_EN);
	pfm_write_pmcs(fd, &merge, 1);
	if (!ok(load(fd, 0) == 0, "%s: a pair of counters", cfg->name))
		diag("%s", pfm_reason());
	pfm_start(fd, NULL);
	model_rdmsr(cpus[0], sel_addr(1), &v);
	is_u64(v, UINT64_C(0xf004000ff), "%s: the merge event", cfg->name);
	model_rdmsr(cpus[0], sel_addr(1) + 1, &v);
	is_u64(v, 0xffff, "%s: with the value Linux gives it", cfg->name);
	model_advance(cpus[0], 0x03, 0xff, 3, 1000);
	is_u64(count(fd, 0), 1000, "%s: the pair counts", cfg->name);
	close(fd);
	ctx_sweep();
	after = look(0);
	ok(same(&before, &after), "%s: both restored", cfg->name);
}

/* Accesses of one kind that fail: from the NTH on, as many as are left. */
static bool fault_writes;
static unsigned fault_nth, fault_left;
static const struct pfm_msr_ops *transport;

static int faulty_run(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int ret;

		if (fault_left && ops[i].write == fault_writes &&
		    --fault_nth == 0) {
			fault_nth = 1;
			fault_left--;
			ops[i].err = EIO;
			return -EIO;
		}
		ret = transport->run(c, &ops[i], 1);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void inject(int fd, bool writes, unsigned nth, unsigned left)
{
	static struct pfm_msr_ops ops;
	struct msr_ctx *mc = fdtab_get(fd)->be_priv;

	if (mc->c.ops != &ops)
		transport = mc->c.ops;
	ops = *transport;
	ops.run = faulty_run;
	mc->c.ops = &ops;
	fault_writes = writes;
	fault_nth = nth;
	fault_left = left;
}

/* Without a global control each counter has one of its own. */
static unsigned accesses_of_start(int fd)
{
	const struct msr_set *ms = fdtab_get(fd)->sets->be_priv;

	return ms->nstart;
}

static int two_counters(void)
{
	int fd = context();

	select_event(fd, 0, USER);
	select_event(fd, 1, USER);
	if (load(fd, 0) < 0 || pfm_start(fd, NULL) < 0)
		diag("%s", pfm_reason());
	advance(0, 100);
	return fd;
}

/* An access that fails leaves the call undone, not half done. */
static void test_faults(void)
{
	pfarg_pmd_t pmd = { .reg_num = 0, .reg_value = 5000 };
	struct image before = look(0), after;
	int fd = two_counters();

	inject(fd, true, 1, 1);
	ok(pfm_stop(fd) < 0 && errno == EIO, "%s: a stop that fails",
	   cfg->name);
	advance(0, 10);
	is_u64(count(fd, 0), 110, "%s: has stopped nothing", cfg->name);
	ok(pfm_stop(fd) == 0, "%s: it is done again", cfg->name);
	advance(0, 1000);
	is_u64(count(fd, 1), 110, "%s: and has stopped then", cfg->name);
	inject(fd, true, 1, 1);
	ok(pfm_write_pmds(fd, &pmd, 1) < 0 && errno == EIO,
	   "%s: a value that cannot be written", cfg->name);
	is_u64(count(fd, 0), 110, "%s: leaves the one there was", cfg->name);
	inject(fd, true, accesses_of_start(fd), 1);
	ok(pfm_start(fd, NULL) < 0 && errno == EIO, "%s: a start that fails",
	   cfg->name);
	advance(0, 1000);
	is_u64(count(fd, 0), 110, "%s: has started nothing", cfg->name);
	ok(pfm_start(fd, NULL) == 0, "%s: it is done again", cfg->name);
	advance(0, 7);
	inject(fd, false, 1, 1);
	ok(pfm_write_pmds(fd, &pmd, 1) < 0 && errno == EIO,
	   "%s: nor a value while it runs", cfg->name);
	advance(0, 1);
	is_u64(count(fd, 0), 118, "%s: which counts on", cfg->name);
	close(fd);
	ctx_sweep();
	after = look(0);
	ok(same(&before, &after), "%s: and all comes back", cfg->name);
}

static void test_config(const char *name)
{
	cfg = model_cfg_find(name);
	for (unsigned i = 0; i < 2; i++)
		cpus[i] = model_new(cfg);
	msr_model_set(cpus, 2);
	msr_model_set_cost(ACCESS_COST);
	test_counts();
	if (cfg->nfixed)
		test_fixed();
	if (cfg->core_ext)
		test_merge();
	test_values();
	test_sets();
	test_owned();
	test_agent();
	test_poll();
	test_poll_agent();
	test_implausible();
	test_stalled();
	test_swallow();
	test_faults();
	test_calls();
}

int main(void)
{
	static const char *const names[] = { "CORE2", "NHM", "HSW", "SKL",
					     "SKL8",  "ICL", "K10", "ZEN",
					     "ZEN4",  "LNC" };
	int *total = mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	setenv("PFM_BACKEND", "msr", 1);
	clock_replaced = stalling_clock;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fork() == 0) {
			test_config(names[i]);
			*total = tap_count;
			exit(0);
		}
		wait(&status);
		tap_count = *total;
		is_i64(status, 0, "%s: to the end", names[i]);
	}
	return done_testing();
}
