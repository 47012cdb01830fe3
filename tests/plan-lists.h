/* SPDX-License-Identifier: MIT
 *
 * plan-lists.h - random lists of events for the planner: of any shape, or of
 * what the tables of hw.h have for a CPU.
 */
#ifndef PFM_PLAN_LISTS_H
#define PFM_PLAN_LISTS_H

#include "hw-rules.h"
#include "hw.h"
#include "plan-oracle.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define FIXED(i) (1u << (HW_PMD_FIXED + (i)))

static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* A list of any shape for counters of any shape. */
static void make_list(struct list *l, const struct pfm_hw *hw)
{
	static const uint8_t extras[][3] = {
		{ 2, 19, 20 }, { 2, 19, 20 }, { 2, 20, 19 },
		{ 1, 19 },     { 1, 20 },     { 1, 21 },
	};
	unsigned ngp = 1 + draw(7), nfix = draw(4), n = 1 + draw(9);
	uint32_t gp = (1u << ngp) - 1, fixed = (1u << nfix) - 1;
	bool words = draw(2), pairs = draw(4) == 0;

	(void)hw;
	begin(l, gp | fixed << HW_PMD_FIXED, 1 + draw(4));
	if (draw(3) == 0)
		l->pmu.counters &= ~(1u << draw(ngp));
	for (unsigned i = 0; i < n; i++) {
		struct plan_event *ev = add(l, "e", 1);

		ev->counters = draw(3) ? 1u << draw(ngp) | draw(gp + 1) : gp;
		if (nfix && draw(4) == 0)
			ev->counters |= FIXED(draw(nfix));
		if (draw(30) == 0)
			ev->counters = draw(2) ? FIXED(draw(4)) : 1u << ngp;
		if (pairs && draw(3) == 0) {
			ev->pair = true;
			ev->counters = gp & 0x5555;
		} else if (words && draw(2)) {
			const uint8_t *e = extras[draw(N(extras))];

			ev->nextra = e[0];
			memcpy(ev->extra, e + 1, e[0]);
			ev->word = draw(5);
		}
	}
}

/* A list whose words, groups and pairs are what matters. */
static void make_hard_list(struct list *l, const struct pfm_hw *hw)
{
	unsigned ngp = 2 + draw(4), words = 3 + draw(4), how = draw(3);

	(void)hw;
	begin(l, (1u << ngp) - 1, 4);
	while (l->job.n < MAX_EVENTS) {
		struct plan_event *ev = add(l, "e", 1);

		ev->counters = draw(3) ? l->pmu.counters : 1u << draw(ngp);
		if (how == 0 && draw(2)) {
			ev->pair = true;
			ev->counters = l->pmu.counters & 0x5555;
		} else if (how && draw(5)) {
			ev->nextra = (uint8_t)how;
			ev->extra[0] = 19;
			ev->extra[1] = 20;
			ev->word = draw(words);
		}
	}
}

/* An event of the PMU: of the tables, as far as they are for it, or any. */
static uint64_t draw_code(const struct pfm_hw *hw, uint64_t *word)
{
	const struct hw_constraint *c = &hw_constraints[draw(hw_nconstraints)];
	const struct hw_extra *e = &hw_extras[draw(hw_nextras)];
	unsigned how = draw(6), any = 0xc4 | draw(4) << 8;

	*word = 0;
	if (hw->vendor == HW_AMD)
		return how < 2 ? 0x003 | draw(4) << 8 : any;
	if (how == 0)
		return hw_fixeds[draw(hw_nfixeds)].code;
	/* Few rows are for it, or none. */
	for (unsigned i = 0; i < 200 && !(c->uarchs >> hw->uarch & 1); i++)
		c = &hw_constraints[draw(hw_nconstraints)];
	if (how < 3 && c->uarchs >> hw->uarch & 1)
		return c->first + draw(c->last - c->first + 1u) +
		       (uint64_t)(c->umask << 8);
	while (!(e->uarchs >> hw->uarch & 1))
		e = &hw_extras[draw(hw_nextras)];
	if (how == 3)
		*word = 0x11 + draw(3);
	return how == 3 ? e->code[0] : any;
}

/* What hw_rule() says of it. */
static void make_event(struct list *l, const struct pfm_hw *hw)
{
	struct plan_event *ev = add(l, "e", 1);
	struct hw_rule rule;
	uint64_t word;

	while (hw_rule(hw, draw_code(hw, &word) | SEL_USR | SEL_EN, &rule) < 0)
		;
	ev->counters = rule.pmds;
	ev->pair = rule.pair;
	ev->nextra = rule.nextra;
	memcpy(ev->extra, rule.extra, sizeof(ev->extra));
	ev->word = word;
}

/* A list for this CPU. */
static void make_cpu_list(struct list *l, const struct pfm_hw *hw)
{
	unsigned n = 1 + draw(9);

	begin(l, hw->gp | hw->fixed << HW_PMD_FIXED, 4);
	if (draw(3) == 0) /* the watchdog's */
		l->pmu.counters &= ~(hw->fixed & 2 ? FIXED(1) : 1u);
	/* So that few events need several sets. */
	if (draw(2))
		l->pmu.counters &= ~(hw->gp & draw(256));
	while (l->job.n < n)
		make_event(l, hw);
}

/* Names, and what is not of the counters. */
static void finish_list(struct list *l)
{
	unsigned ngroups = draw(4), controls = draw(3), soft = draw(4) == 0;

	for (unsigned i = 0; i < l->job.n; i++) {
		struct plan_event *ev = &l->evs[i];

		snprintf(l->names[i], sizeof(l->names[i]), "<%u>", i);
		if (ngroups && draw(2))
			ev->group = 1 + draw(ngroups);
		ev->control = controls && draw(6) == 0;
		if (!(soft && draw(2)) && draw(20))
			continue;
		ev->kind = draw(5) ? PLAN_SOFT : PLAN_FREE;
		ev->counters = ev->nextra = 0;
		ev->pair = false;
	}
}

#endif /* PFM_PLAN_LISTS_H */
