/* SPDX-License-Identifier: MIT
 *
 * t-interval.c - is the interval of an estimate true?  Event sets take turns on
 * the register model, in a time of the test's own, while a stream of events
 * runs whose total is known; the 95 % interval has to hold that total in as many
 * runs as it says.
 */
#include "config.h"

#include "../cmd/estimate.h"
#include "ctx.h"
#include "hw.h"
#include "model.h"
#include "msr.h"
#include "priv.h"

#define EVENT 0xc4
#define SETS 4
#define TICK UINT64_C(1000000000) /* ns of the test's time */
#define SLICE 100                 /* ticks */
#define TICKS (SETS * SLICE * 100)
#define MEAN 1000 /* events in a tick */
#define JITTER 75

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS 200
#else
#define RUNS 1000
#endif

static uint64_t now;

static uint64_t test_clock(void)
{
	return now;
}

static uint64_t random_state;

/* xorshift64* (Vigna 2016) */
static uint64_t rnd(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d) % n;
}

/* A stream: the events of tick t, given what it remembers. */
struct state {
	bool on;
	unsigned phase;
};

static unsigned noise(unsigned mean)
{
	return mean ? (unsigned)rnd(2 * mean + 1) : 0;
}

static unsigned stationary(struct state *st, unsigned t)
{
	(void)st;
	(void)t;
	return noise(MEAN);
}

static unsigned drifting(struct state *st, unsigned t)
{
	(void)st;
	return noise(MEAN / 2 + (unsigned)((uint64_t)MEAN * t / TICKS));
}

/* Bursts of 80 ticks on average, pauses of 240. */
static unsigned bursty(struct state *st, unsigned t)
{
	(void)t;
	if (rnd(st->on ? 80 : 240) == 0)
		st->on = !st->on;
	return noise(st->on ? 4 * MEAN : MEAN / 10);
}

/* As long as it takes all sets to have their turn: the worst there is. */
static unsigned periodic(struct state *st, unsigned t)
{
	unsigned at = (t + st->phase) % (SETS * SLICE);

	return noise(at < SETS * SLICE / 2 ? 2 * MEAN : MEAN / 10);
}

static const struct stream {
	const char *name;
	unsigned (*events)(struct state *st, unsigned t);
	double least, most; /* runs whose interval holds the truth */
} streams[] = {
	{ "stationary", stationary, 0.93, 0.97 },
	{ "drifting", drifting, 0.90, 1 },
	{ "bursty", bursty, 0.90, 1 },
	{ "periodic", periodic, 0.90, 1 },
};

static int fd;

static void make_context(void)
{
	static struct model *cpu;

	cpu = model_new(model_cfg_find("SKL"));
	msr_model_set(&cpu, 1);
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
	clock_replaced = test_clock;
	fd = create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
	for (unsigned i = 0; i < SETS; i++) {
		pfarg_setdesc_t desc = {
			.set_id = (uint16_t)i,
			.set_flags = PFM_SETFL_TIME_SWITCH,
			.set_timeout = (uint32_t)(SLICE * TICK / 1000)
		};
		pfarg_pmc_t pmc = { .reg_set = (uint16_t)i,
				    .reg_value = EVENT | SEL_USR | SEL_EN };
		pfarg_pmd_t pmd = { .reg_set = (uint16_t)i };

		pfm_create_evtsets(fd, &desc, 1);
		pfm_write_pmcs(fd, &pmc, 1);
		pfm_write_pmds(fd, &pmd, 1);
	}
}

/* What the timer of the active set does, and how long the next one has. */
static uint64_t expire(void)
{
	struct pfm_guard g;
	uint64_t ns;

	if (ctx_enter(fd, &g) < 0)
		return TICK;
	switch_expired(g.ctx);
	ns = g.ctx->timer_ns;
	ctx_leave(&g, 0);
	return ns;
}

static uint64_t first_slice(void)
{
	struct pfm_guard g;
	uint64_t ns;

	if (ctx_enter(fd, &g) < 0)
		return TICK;
	ns = g.ctx->timer_ns;
	ctx_leave(&g, 0);
	return ns;
}

/* The stream once; what it was in all. */
static double run_stream(const struct stream *s)
{
	struct state st = { .on = rnd(4) == 0,
			    .phase = (unsigned)rnd(SETS * SLICE) };
	uint64_t truth = 0, n = 0, end;

	end = now + first_slice();
	for (unsigned t = 0; t < TICKS; t++) {
		n += s->events(&st, t);
		now += TICK;
		if (now < end && t + 1 < TICKS)
			continue;
		msr_model_advance(0, EVENT, 0, 3, n);
		truth += n;
		n = 0;
		if (t + 1 < TICKS)
			end = now + expire();
	}
	return (double)truth;
}

static struct estimate estimate_of(unsigned set)
{
	struct pfm_count c = { .reg_set = (uint16_t)set };
	struct pfm_slices s = { .reg_set = (uint16_t)set };
	static const struct pfm_slices none;
	struct pfm_stats stats = { 0 };

	pfm_read_counts(fd, &c, 1);
	pfm_read_slices(fd, &s, 1);
	pfm_get_stats(fd, &stats);
	return estimate_total(&s, &none, (double)c.value, (double)c.running_ns,
			      (double)stats.monitored_ns);
}

struct outcome {
	unsigned held;
	double error; /* mean of the relative errors */
	double width; /* of the half widths, relative */
};

static bool run_once(const struct stream *s, unsigned jitter, uint64_t seed,
		     struct outcome *o)
{
	pfarg_load_t load = { 0 };
	struct estimate e;
	double truth, off, half;

	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned i = 0; i < SETS; i++) {
		pfarg_pmd_t pmd = { .reg_set = (uint16_t)i };

		pfm_write_pmds(fd, &pmd, 1);
	}
	if (pfm_set_jitter(fd, jitter, seed) != 0 ||
	    pfm_load_context(fd, &load) != 0 || pfm_start(fd, NULL) != 0) {
		diag("%s", pfm_reason());
		return false;
	}
	truth = run_stream(s);
	pfm_stop(fd);
	e = estimate_of((unsigned)(seed % SETS));
	half = estimate_half_width(&e);
	off = e.value > truth ? e.value - truth : truth - e.value;
	o->held += off <= half;
	o->error += off / truth / RUNS;
	o->width += half / truth / RUNS;
	return pfm_unload_context(fd) == 0;
}

static struct outcome run_all(const struct stream *s, unsigned jitter)
{
	struct outcome o = { 0 };

	for (unsigned i = 1; i <= RUNS; i++)
		if (!run_once(s, jitter, i, &o))
			break;
	return o;
}

static void test_stream(const struct stream *s)
{
	struct outcome with = run_all(s, JITTER), without = run_all(s, 0);
	double held = (double)with.held / RUNS;

	diag("%s: %.1f %% of %d intervals hold the truth; mean error %.2f %%, "
	     "half width %.2f %%",
	     s->name, 100 * held, RUNS, 100 * with.error, 100 * with.width);
	diag("%s, slices of one length: %.1f %%; mean error %.2f %%", s->name,
	     100.0 * without.held / RUNS, 100 * without.error);
	ok(held >= s->least && held <= s->most,
	   "%s: between %.0f and %.0f %% of the intervals hold the truth",
	   s->name, 100 * s->least, 100 * s->most);
}

int main(void)
{
	make_context();
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		test_stream(&streams[i]);
	return done_testing();
}
