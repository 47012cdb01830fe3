/* SPDX-License-Identifier: MIT
 *
 * t-plan.c - in how few sets events stand: rows by hand, long lists, and random
 * lists for made-up PMUs and for those of the register model, against a search
 * that tries everything and knows matching by Hall's theorem only.
 */
#include "config.h"

#include <errno.h>
#include <time.h>

#include "../cmd/estimate.h"
#include "model.h"
#include "plan-lists.h"
#include "tap.h"

/*
 * An event is NAME:MASK, the counters it may have in hex; "p" before the mask
 * makes a pair, "s" in its place an event of the kernel, "f" a free one
 * ("fN"); "/R=WORD" or "/R,R=WORD" is an extra word (decimal register).  "!" as
 * the name's first letter: a control event.  "{" and "}" around: a group.
 */
/* clang-format off */
static const struct {
	int line;
	const char *events;
	uint32_t counters;
	const char *sets; /* names in order; "|" ends a set, "-" leads a drop */
} rows[] = {
	{ __LINE__, "", 0xf, "" },
	{ __LINE__, "A:f B:f C:f D:f", 0xf, "A B C D" },
	{ __LINE__, "A:f B:f C:f D:f E:f", 0xf, "A B C D|E -E" },
	{ __LINE__, "A:f B:f C:f D:f E:1", 0xf, "A B C D|E -E" },
	{ __LINE__, "A:1 B:1 C:1 D:f E:f", 0xf, "A D E|B|C -B C" },
	{ __LINE__, "A:3 B:3 C:3 D:3 E:c F:c", 0xf, "A B E F|C D -C D" },
	{ __LINE__, "A:1 B:2 C:1 D:2", 0x3, "A B|C D -C D" },
	{ __LINE__, "A:1 B:3 C:3 D:1", 0x3, "A B|C D -C D" },
	{ __LINE__, "A:3 B:3 C:1 D:1", 0x3, "A C|B D -C D" },
	/* what the watchdog holds */
	{ __LINE__, "!C:3f !I:3f A:3f B:3f D:3f E:3f F:3f G:3f", 0x1f, "!C !I A B D|!C !I E F G -E F G" },
	{ __LINE__, "!C:3f !I:3f A:3f B:3f D:3f E:3f F:3f G:3f", 0x3f, "!C !I A B D E|!C !I F G -F G" },
	/* control events make way */
	{ __LINE__, "!C:f A:8 B:8", 0xf, "!C A|!C B -B" },
	{ __LINE__, "!C:2000f A:f B:f C:f D:f", 0x2000f, "!C A B C D" },
	{ __LINE__, "A:f !C:1 B:1", 0xf, "A !C +B -B" },
	{ __LINE__, "!C:1 !D:1", 0xf, "none" },
	{ __LINE__, "!C:0", 0xf, "none" },
	/* groups */
	{ __LINE__, "A:f B:f C:f {D:f E:f}", 0xf, "A B C|D E -E" },
	{ __LINE__, "A:f {B:f C:f D:f} E:f", 0xf, "A B C D|E -E" },
	{ __LINE__, "{A:f B:f C:f} {D:f E:f C:f} {F:f G:f}", 0xf, "A B C|D E C|F G -E C F G" },
	{ __LINE__, "{A:f B:f C:f} {D:f E:f F:f} G:f H:f", 0xf, "A B C G|D E F H -E F G H" },
	{ __LINE__, "{A:1 B:1} C:1", 0xf, "C +A B -B C" },
	{ __LINE__, "{A:1 B:s} {B:s C:1}", 0xf, "A B B|B B C -C" },
	{ __LINE__, "{A:0 B:f} C:f", 0xf, "C +A B -A" },
	/* no counter at all */
	{ __LINE__, "A:s B:fN", 0xf, "A B" },
	{ __LINE__, "A:f B:0 C:10", 0xf, "A +B C -B C" },
	{ __LINE__, "A:1 B:s C:1 D:fN", 0xf, "A B D|B C D -C" },
	{ __LINE__, "A:s B:s C:s D:s !E:s", 0xf, "A B C !E|D !E -D" },
	{ __LINE__, "{A:s B:1} {C:s D:1} {E:s F:1} G:s H:s", 0xf, "A B G H|C D|E F -D F H" },
	/* extra words */
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2 C:f/19,20=3 D:f", 0xf, "A B D|C -C" },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2 C:f/19,20=1 D:f/20=2", 0xf, "A B C D" },
	{ __LINE__, "A:f/21=1 B:f/21=2 C:f/21=1 D:f/21=2 E:f", 0xf, "A C E|B D -B D" },
	{ __LINE__, "!C:f/21=1 B:f/21=2 D:f/21=1", 0xf, "!C D +B -B" },
	{ __LINE__, "A:1/21=1 B:2/21=2 C:2/21=1 D:1/21=2", 0x3, "A C|B D -B D" },
	/* pairs */
	{ __LINE__, "P:p15 Q:p15 R:p15 S:p15 A:3f", 0x3f, "P Q R|S A -S A" },
	{ __LINE__, "A:3f P:p15 Q:p15 R:p15 B:3f C:3f", 0x3f, "A P Q B|R C -R C" },
	{ __LINE__, "P:p15 A:3f", 0x2a, "A +P -P" },
	{ __LINE__, "P:p3f A:3f", 0x6, "A +P -P" },
};
/* clang-format on */

static void parse(struct list *l, const char *text)
{
	unsigned group = 0, ngroups = 0;

	for (char *p = (char *)text; *p;) {
		size_t len;
		struct plan_event *ev;

		if (*p == '{')
			group = ++ngroups;
		p += *p == '{';
		len = strcspn(p, ":");
		ev = add(l, p, len);
		ev->control = *p == '!';
		ev->group = group;
		p += len + 1;
		if (*p == 's') {
			ev->kind = PLAN_SOFT;
			p++;
		} else if (!strncmp(p, "fN", 2)) {
			ev->kind = PLAN_FREE;
			p += 2;
		} else {
			ev->pair = *p == 'p';
			ev->counters = (uint32_t)strtoul(p + ev->pair, &p, 16);
		}
		while (*p == '/' || *p == ',')
			ev->extra[ev->nextra++] =
				(uint8_t)strtoul(p + 1, &p, 10);
		if (*p == '=')
			ev->word = strtoul(p + 1, &p, 10);
		group = *p == '}' ? 0 : group;
		p += *p == '}';
		p += *p == ' ';
	}
}

static void append(char text[256], const char *before, const char *name)
{
	size_t len = strlen(text);

	snprintf(text + len, 256 - len, "%s%s", before, name);
}

/* As in the rows; "+" leads what fits in no set. */
static const char *show(const struct list *l, char text[256])
{
	struct plan_place places[PLAN_MAX];
	bool drop[PLAN_MAX], exact;
	const char *before = "";
	struct plan plan;

	text[0] = '\0';
	if (plan_make(&l->job, &plan) < 0)
		return "none";
	for (unsigned set = 0; set < plan.nsets; set++) {
		unsigned n = plan_layout(&l->job, &plan, set, places);

		for (unsigned i = 0; i < n; i++) {
			append(text, before, l->names[places[i].event]);
			before = " ";
		}
		before = "|";
	}
	before = " +";
	for (unsigned i = 0; i < l->job.n; i++)
		if (plan.set[i] == PLAN_NOWHERE) {
			append(text, before, l->names[i]);
			before = " ";
		}
	plan_drop(&l->job, drop, &exact);
	before = " -";
	for (unsigned i = 0; i < l->job.n; i++)
		if (drop[i]) {
			append(text, before, l->names[i]);
			before = " ";
		}
	return plan.minimal && exact ? text : "not shown to be minimal";
}

static void test_rows(void)
{
	static struct list l;
	char text[256];

	for (unsigned i = 0; i < N(rows); i++) {
		begin(&l, rows[i].counters, 4);
		parse(&l, rows[i].events);
		is_str(show(&l, text), rows[i].sets, "line %d: %s",
		       rows[i].line, rows[i].events);
	}
}

/*
 * Random lists against a search that tries everything.
 */
enum wrong { FEWEST, LEGAL, GROUPS, ORDER, DROP, WHY, STABLE, NWRONG };
static const char *const wrongs[] = {
	[FEWEST] = "the number of sets is the smallest, and said to be",
	[LEGAL] = "every layout is legal, every event where it should be",
	[GROUPS] = "groups stay together",
	[ORDER] = "each event is in the first set that it can be in",
	[DROP] = "what is dropped is the fewest, of the last named",
	[WHY] = "who fits nowhere is told why, by name",
	[STABLE] = "the same every time",
};

static unsigned check_rest(const struct list *l, const struct plan *plan,
			   const struct oracle *o)
{
	bool drop[PLAN_MAX], exact;
	char why[PLAN_WHY_MAX];
	unsigned n = plan_drop(&l->job, drop, &exact), kept = best_set(o);
	unsigned bad = 0;

	bad |= (!exact || n != o->n - (unsigned)__builtin_popcount(kept))
	       << DROP;
	for (unsigned i = 0; i < o->n; i++) {
		const struct plan_event *ev = &l->evs[i];

		bad |= (drop[i] == (kept >> i & 1)) << DROP;
		for (unsigned k = 0; k < i && ev->group; k++)
			bad |= (l->evs[k].group == ev->group &&
				plan->set[k] != PLAN_EVERY &&
				plan->set[i] != PLAN_EVERY &&
				plan->set[k] != plan->set[i])
			       << GROUPS;
		if (plan->set[i] != PLAN_NOWHERE)
			continue;
		plan_why(&l->job, i, why);
		bad |= (!ev->group && !strstr(why, ev->name)) << WHY;
		bad |= !strchr(why, '\'') << WHY;
	}
	return bad;
}

/* A bit of what is wrong; nsets: 0 there is no plan. */
static unsigned check(const struct list *l, unsigned *nsets)
{
	static struct oracle o;
	struct plan plan, again;
	int want[MAX_EVENTS], ret = plan_make(&l->job, &plan);
	unsigned bad = 0;

	*nsets = 0;
	if (!ask(&o, l))
		return (unsigned)(ret != -ENOSPC) << LEGAL;
	if (ret < 0)
		return 1u << FEWEST;
	*nsets = plan.nsets;
	bad |= (plan.nsets != expect(&o, want) || !plan.minimal ||
		plan.least != plan.nsets)
	       << FEWEST;
	bad |= !!memcmp(plan.set, want, o.n * sizeof(*want)) << ORDER;
	bad |= !all_legal(l, &plan) << LEGAL;
	bad |= (plan_make(&l->job, &again) < 0 || again.nsets != plan.nsets ||
		memcmp(again.set, plan.set, o.n * sizeof(*plan.set)))
	       << STABLE;
	return bad | check_rest(l, &plan, &o);
}

static void show_list(const struct list *l, uint64_t start)
{
	diag("seed %" PRIu64 ", counters %#x, soft %u:", start, l->pmu.counters,
	     l->pmu.nsoft);
	for (unsigned i = 0; i < l->job.n; i++) {
		const struct plan_event *ev = &l->evs[i];

		diag("  %s%s kind %d, group %u, %s%#x, words %u in %u %u: %d",
		     ev->name, ev->control ? "!" : "", (int)ev->kind, ev->group,
		     ev->pair ? "pair " : "", ev->counters, ev->nextra,
		     ev->extra[0], ev->extra[1], (int)ev->word);
	}
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LISTS 1000
#else
#define LISTS 10000
#endif

typedef void make_fn(struct list *l, const struct pfm_hw *hw);

static void test_random(const char *name, make_fn *make,
			const struct pfm_hw *hw, unsigned n)
{
	unsigned failed[NWRONG] = { 0 }, nsets, many = 0, shown = 0;
	const char *given = getenv("PFM_PROP_SEED");
	static struct list l;

	seed = given ? strtoull(given, NULL, 0) : 20061031;
	diag("%s: %u lists, PFM_PROP_SEED=%" PRIu64, name, n, seed);
	for (unsigned i = 0; i < n; i++) {
		uint64_t start = seed;
		unsigned bad;

		make(&l, hw);
		finish_list(&l);
		bad = check(&l, &nsets);
		many += nsets > 1;
		if (bad && shown++ < 3)
			show_list(&l, start);
		for (unsigned w = 0; w < NWRONG; w++)
			failed[w] += bad >> w & 1;
	}
	for (unsigned w = 0; w < NWRONG; w++)
		is_u64(failed[w], 0, "%s: %s", name, wrongs[w]);
	ok(many > n / 5, "%s: %u lists need more than one set", name, many);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 64 events, some in groups: shown to be minimal, and legal. */
static void test_long(const char *name, const struct pfm_hw *hw)
{
	unsigned minimal = 0, good = 0, exact = 0, n = 50;
	double start = now_ms(), most = 0, drops = 0;
	static struct list l;
	struct plan plan;

	for (unsigned i = 0; i < n; i++) {
		bool drop[PLAN_MAX], shown;
		double before;

		begin(&l, hw->gp | hw->fixed << HW_PMD_FIXED, 4);
		while (l.job.n < 64) {
			make_event(&l, hw);
			l.evs[l.job.n - 1].control = l.job.n == 1;
			l.evs[l.job.n - 1].group =
				i % 2 && draw(3) == 0 ? 1 + draw(12) : 0;
		}
		before = now_ms();
		if (plan_make(&l.job, &plan) < 0)
			continue;
		most = now_ms() - before > most ? now_ms() - before : most;
		minimal += plan.minimal;
		good += all_legal(&l, &plan);
		before = now_ms();
		plan_drop(&l.job, drop, &shown);
		drops += now_ms() - before;
		exact += shown;
	}
	diag("%s: 64 events: %.2f ms each, %.2f at most; drop %.2f", name,
	     (now_ms() - start - drops) / n, most, drops / n);
	is_u64(minimal, n, "%s: 64 events, minimal", name);
	is_u64(good, n, "%s: and legal", name);
	is_u64(exact, n, "%s: and what to drop is the fewest", name);
}

static bool model_leaf(void *arg, uint32_t leaf, uint32_t sub,
		       struct cpuid_regs *r)
{
	return model_cpuid(arg, leaf, sub, r);
}

static int model_read(void *arg, uint32_t msr, uint64_t *value)
{
	return model_rdmsr(arg, msr, value);
}

static void test_cpus(void)
{
	static const struct {
		const char *name, *of;
		unsigned model; /* 0: that of the other */
	} cpus[] = {
		{ "SKL", "SKL", 0 },     { "ICL", "ICL", 0 },
		{ "ADLP", "ADLP", 0 },   { "ADLE", "ADLE", 0 },
		{ "ZEN2", "ZEN", 0x31 }, { "ZEN4", "ZEN4", 0 },
	};

	for (unsigned i = 0; i < N(cpus); i++) {
		struct model_cfg cfg = *model_cfg_find(cpus[i].of);
		struct hw_source src = { NULL, model_leaf, model_read };
		struct pfm_hw hw = { 0 };

		cfg.model = cpus[i].model ? cpus[i].model : cfg.model;
		src.arg = model_new(&cfg);
		if (ok(src.arg && hw_probe(&src, &hw) == 0, "%s: %s",
		       cpus[i].name, hw.desc)) {
			test_random(cpus[i].name, make_cpu_list, &hw, LISTS);
			test_long(cpus[i].name, &hw);
		}
		model_free(src.arg);
	}
}

/* clang-format off */
static const struct {
	int line;
	const char *events;
	uint32_t counters;
	const char *why; /* of the first event */
} whys[] = {
	{ __LINE__, "A:0", 0xf, "event 'A' needs a counter that this PMU has not" },
	{ __LINE__, "A:6", 0x9, "event 'A' needs one of counters 1-2, and none is free" },
	{ __LINE__, "A:20030", 0xf, "event 'A' needs one of counters 4-5, fixed 1, and none is free" },
	{ __LINE__, "P:p5", 0xa, "event 'P' needs an even counter and the next, even one of 0, 2: no two are free" },
	{ __LINE__, "{A:1 B:1} C:f", 0xf, "too few counters for these together: 'A', 'B'" },
	{ __LINE__, "{A:1 B:80}", 0xf, "event 'B' needs counter 7, which is not free" },
	{ __LINE__, "{A:f/21=1 B:f/21=2}", 0xf, "too few extra registers for these together: 'A', 'B'" },
	{ __LINE__, "A:1 !C:1", 0xf, "no room beside the control events for 'A'" },
	{ __LINE__, "!C:1 !D:1 A:2", 0xf, "too few counters for these together: '!C', '!D'" },
};
/* clang-format on */

static void test_whys(void)
{
	static struct list l;
	char why[PLAN_WHY_MAX];

	for (unsigned i = 0; i < N(whys); i++) {
		begin(&l, whys[i].counters, 4);
		parse(&l, whys[i].events);
		is_str(plan_why(&l.job, 0, why), whys[i].why, "line %d: %s",
		       whys[i].line, whys[i].events);
	}
	/* A reason is not cut off in a name. */
	begin(&l, 1, 0);
	while (l.job.n < 40) {
		struct plan_event *ev = add(&l, "a-longish-name", 14);

		ev->counters = ev->group = 1;
	}
	plan_why(&l.job, 0, why);
	ok(!strcmp(why + strlen(why) - 12, " and 29 more"), "%s", why);
}

static void test_limits(void)
{
	static struct list l;
	struct plan plan;

	begin(&l, 1, 0);
	while (l.job.n < PLAN_MAX_SETS)
		add(&l, "x", 1)->counters = 1;
	ok(plan_make(&l.job, &plan) == 0 && plan.nsets == PLAN_MAX_SETS &&
		   plan.minimal,
	   "as many sets as there may be");
	add(&l, "x", 1)->counters = 1;
	is_i64(plan_make(&l.job, &plan), -E2BIG, "one more");
	l.pmu.counters = 3;
	while (l.job.n < PLAN_MAX)
		add(&l, "x", 1)->counters = 3;
	ok(plan_make(&l.job, &plan) == -E2BIG, "128 events, 65 only on one");
	for (unsigned i = 0; i < PLAN_MAX; i++)
		l.evs[i].counters = 3;
	ok(plan_make(&l.job, &plan) == 0 && plan.nsets == 64,
	   "as many events as there may be");
	l.job.n++;
	is_i64(plan_make(&l.job, &plan), -E2BIG, "and one more");
}

/* Is m the first of PLAN_SLICES and more that gives the error? */
static bool is_first(double m, unsigned nsets, double cv, double error)
{
	double unseen = 1 - 1.0 / nsets, t = student_95(m - 1);
	bool enough = t * t * cv * cv * unseen / m <= error * error;

	t = student_95(m - 2);
	return m == PLAN_SLICES ? enough :
				  enough && t * t * cv * cv * unseen / (m - 1) >
						    error * error;
}

static void test_time(void)
{
	static const double errors[] = { 0.5, 0.2, 0.1, 0.05, 0.01, 0.001 };
	struct plan plan = { .nsets = 4, .set = { 2, PLAN_EVERY, -2 } };
	unsigned bad = 0;

	for (unsigned k = 2; k < 20; k++)
		for (unsigned i = 0; i < N(errors); i++)
			for (unsigned cv = 1; cv < 40; cv++)
				bad += !is_first(plan_slices(k, cv / 10.0,
							     errors[i]),
						 k, cv / 10.0, errors[i]);
	is_u64(bad, 0, "the fewest slices for an error");
	/* 1.96^2 * 0.5 / 0.1^2 = 192.1, and a little for Student's. */
	is_u64((uint64_t)plan_slices(2, 1, 0.1), 195, "two sets, 10 %%");
	is_u64((uint64_t)(plan_time(2, 100, 1, 10) + 0.5), 2000,
	       "two sets of 100 ms: 2 s for any error at all");
	ok(plan_time(1, 100, 1, 0.01) == 0, "one set takes no time");
	ok(plan_slices(3, 0, 0.01) == PLAN_SLICES, "nor do even rates");
	ok(plan_slices(3, 1, 0) == PLAN_SLICES, "an error of 0");
	ok(plan_slices(3, 1, 1e-200) > 1e15, "an error out of reach");
	ok(plan_duty(&plan, 0) == 0.25 && plan_duty(&plan, 1) == 1 &&
		   plan_duty(&plan, 2) == 0,
	   "the duty of an event");
}

int main(void)
{
	test_rows();
	test_whys();
	test_limits();
	test_time();
	test_random("any", make_list, NULL, LISTS);
	test_random("hard", make_hard_list, NULL, LISTS / 20);
	test_cpus();
	return done_testing();
}
