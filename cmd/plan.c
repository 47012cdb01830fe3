/* SPDX-License-Identifier: MIT
 *
 * plan.c - how few sets events need.  For one number of sets after the other, a
 * search that ends with a layout or with the proof that there is none.  Its
 * bound is matching: all events that are left, on the places of all sets at
 * once.  Without groups, pairs and extra words that is the answer itself, so
 * that the search is for those only.  Events that are alike are one class.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "plan-priv.h"

/* Deterministic, other than a time; beyond what lists of use need. */
#define MAX_NODES 20000
#define MAX_ORDER_NODES 20
#define NONE PLAN_MAX /* no event, no word */

/* Single events and groups are items, named by their first event. */
struct search {
	const struct plan_job *job;
	struct plan_match m;
	unsigned nclasses, nsets;
	uint8_t next[PLAN_MAX];     /* event of the same item, or NONE */
	uint8_t class[PLAN_MAX];    /* of an item */
	uint8_t item[PLAN_MAX];     /* the first item of a class */
	uint8_t total[PLAN_MAX];    /* items of a class */
	uint8_t left[PLAN_MAX];     /* those that are in no set */
	uint8_t word[PLAN_MAX];     /* of an event: one that has it; NONE */
	uint8_t users[PLAN_MAX];    /* events with a word */
	uint8_t together[PLAN_MAX]; /* those that one set can have */
	uint64_t may[PLAN_MAX];     /* sets that a class may be put in */
	unsigned nodes, max_nodes;
	struct plan_bin bin[PLAN_MAX_SETS];     /* what is in a set */
	uint8_t has[PLAN_MAX_SETS][PLAN_MAX];   /* of each class */
	uint8_t draft[PLAN_MAX_SETS][PLAN_MAX]; /* with what is left */
	uint8_t found[PLAN_MAX_SETS][PLAN_MAX]; /* in the last layout */
};

static uint64_t set_bit(unsigned set)
{
	return UINT64_C(1) << set;
}

static bool put(const struct search *s, struct plan_bin *b, unsigned class)
{
	for (unsigned i = s->item[class]; i != NONE; i = s->next[i])
		if (!bin_add(b, i))
			return false;
	return true;
}

static bool can_put(struct search *s, unsigned set, unsigned class)
{
	struct plan_bin b = s->bin[set];

	return put(s, &b, class) && bin_fits(s->job, &s->m, &b);
}

/* Put one of a class in a set, and see what else may still be put there. */
static void take(struct search *s, unsigned set, unsigned class)
{
	put(s, &s->bin[set], class);
	s->has[set][class]++;
	s->left[class]--;
	for (unsigned c = 0; c < s->nclasses; c++)
		if (s->left[c] && s->may[c] & set_bit(set) &&
		    !can_put(s, set, c))
			s->may[c] &= ~set_bit(set);
}

/* What was saved of may[] is restored by the caller. */
static void take_back(struct search *s, unsigned set, unsigned class)
{
	for (unsigned i = s->item[class]; i != NONE; i = s->next[i])
		s->bin[set].n--;
	s->has[set][class]--;
	s->left[class]++;
}

static bool add_event(struct search *s, uint64_t sets, unsigned i)
{
	const struct plan_event *ev = &s->job->evs[i];
	uint64_t places = plan_places(s->job, i);

	/* A pair is more than two single ones, but no less. */
	return match_add(&s->m, sets, places) &&
	       (!ev->pair || match_add(&s->m, sets, places << 1));
}

/* Do all have places?  kernel: the places of kernel events, else counters. */
static bool match_events(struct search *s, bool kernel, uint16_t row[PLAN_MAX])
{
	const struct plan_event *evs = s->job->evs;

	match_clear(&s->m, s->nsets);
	for (unsigned set = 0; set < s->nsets; set++)
		for (unsigned k = 0; k < s->bin[set].n; k++) {
			unsigned i = s->bin[set].ev[k];

			if ((evs[i].kind == PLAN_SOFT) == kernel &&
			    !add_event(s, set_bit(set), i))
				return false;
		}
	for (unsigned c = 0; c < s->nclasses; c++) {
		unsigned i = s->item[c];

		if ((evs[i].kind == PLAN_SOFT) == kernel)
			row[c] = (uint16_t)s->m.n;
		for (; i != NONE; i = s->next[i])
			for (unsigned k = 0; k < s->left[c]; k++)
				if ((evs[i].kind == PLAN_SOFT) == kernel &&
				    !add_event(s, s->may[c], i))
					return false;
	}
	return true;
}

/* Note where the matching has the items of each class. */
static void note(struct search *s, bool kernel, const uint16_t row[PLAN_MAX])
{
	const struct plan_event *evs = s->job->evs;

	for (unsigned c = 0; c < s->nclasses; c++) {
		const struct plan_event *ev = &evs[s->item[c]];

		if ((ev->kind == PLAN_SOFT) != kernel)
			continue;
		for (unsigned k = 0; k < s->left[c]; k++)
			s->draft[s->m.set[row[c] + k * (1 + ev->pair)]][c]++;
	}
}

/* The words that sets hold, one register each at least. */
static bool match_held(struct search *s, uint64_t holds[PLAN_MAX])
{
	match_clear(&s->m, s->nsets);
	for (unsigned set = 0; set < s->nsets; set++) {
		const struct plan_bin *b = &s->bin[set];

		for (unsigned k = 0; k < b->n; k++) {
			unsigned w = s->word[b->ev[k]];
			uint64_t regs = 0;

			if (w == NONE || holds[w] & set_bit(set))
				continue;
			holds[w] |= set_bit(set);
			for (unsigned l = k; l < b->n; l++)
				if (s->word[b->ev[l]] == w)
					regs |= plan_registers(s->job,
							       b->ev[l]);
			if (!match_add(&s->m, set_bit(set), regs))
				return false;
		}
	}
	return true;
}

/*
 * A word takes a register in each set it is in, and it is in as many as its
 * events need.
 */
static bool match_words(struct search *s)
{
	uint64_t holds[PLAN_MAX] = { 0 }, may[PLAN_MAX] = { 0 };
	uint64_t regs[PLAN_MAX] = { 0 };

	if (!match_held(s, holds))
		return false;
	for (unsigned c = 0; c < s->nclasses; c++)
		for (unsigned i = s->item[c]; i != NONE; i = s->next[i]) {
			unsigned w = s->word[i];

			if (w == NONE || !s->left[c])
				continue;
			may[w] |= s->may[c];
			regs[w] |= plan_registers(s->job, i);
		}
	for (unsigned w = 0; w < s->job->n; w++) {
		int need;

		if (!regs[w])
			continue;
		need = (s->users[w] + s->together[w] - 1) / s->together[w] -
		       __builtin_popcountll(holds[w]);
		if (need < 1)
			need = !(may[w] & holds[w]);
		for (; need > 0; need--)
			if (!match_add(&s->m, may[w] & ~holds[w], regs[w]))
				return false;
	}
	return true;
}

/* Is the draft a layout, by the rules of one set? */
static bool is_layout(struct search *s)
{
	for (unsigned set = 0; set < s->nsets; set++) {
		struct plan_bin b = s->bin[set];

		for (unsigned c = 0; c < s->nclasses; c++)
			for (int k = s->draft[set][c] - s->has[set][c]; k > 0;
			     k--)
				if (!put(s, &b, c))
					return false;
		if (!bin_fits(s->job, &s->m, &b))
			return false;
	}
	return true;
}

enum answer { NO, YES, UNKNOWN };

/* Can what is left be laid out?  UNKNOWN: by matching alone it could. */
static enum answer look(struct search *s)
{
	uint16_t row[PLAN_MAX];

	memcpy(s->draft, s->has, s->nsets * sizeof(*s->has));
	for (unsigned kernel = 0; kernel < 2; kernel++) {
		if (!match_events(s, kernel, row))
			return NO;
		note(s, kernel, row);
	}
	if (!match_words(s))
		return NO;
	if (!is_layout(s))
		return UNKNOWN;
	memcpy(s->found, s->draft, s->nsets * sizeof(*s->draft));
	return YES;
}

/* Does more than matching tell where it may be? */
static bool is_hard(const struct search *s, unsigned class)
{
	unsigned i = s->item[class];

	return s->next[i] != NONE || s->word[i] != NONE || s->job->evs[i].pair;
}

/* The class to go on with: a hard one, of these the one with least choice. */
static unsigned choose(const struct search *s)
{
	unsigned best = NONE;
	int least = 0;

	for (unsigned c = 0; c < s->nclasses; c++) {
		int sets = __builtin_popcountll(s->may[c]);

		sets += is_hard(s, c) ? 0 : PLAN_MAX_SETS;
		if (s->left[c] && (best == NONE || sets < least)) {
			best = c;
			least = sets;
		}
	}
	return best;
}

/* Sets that are no different from this one, itself among them. */
static uint64_t equal_sets(const struct search *s, unsigned set)
{
	uint64_t equal = 0;

	for (unsigned t = 0; t < s->nsets; t++) {
		bool same = !memcmp(s->has[t], s->has[set], s->nclasses);

		for (unsigned c = 0; c < s->nclasses && same; c++)
			same = !s->left[c] ||
			       (s->may[c] >> t & 1) == (s->may[c] >> set & 1);
		equal |= same ? set_bit(t) : 0;
	}
	return equal;
}

/*
 * Are two classes no different for what is left?  The values of two words can
 * be exchanged when nothing else has them and no set holds them.
 */
static bool equal_classes(const struct search *s, unsigned a, unsigned b)
{
	unsigned i = s->item[a], j = s->item[b];

	return s->next[i] == NONE && s->next[j] == NONE && s->word[i] != NONE &&
	       s->word[j] != NONE && !s->job->evs[s->word[i]].control &&
	       !s->job->evs[s->word[j]].control &&
	       plan_alike(&s->job->evs[i], &s->job->evs[j]) &&
	       s->left[a] == s->left[b] && s->may[a] == s->may[b] &&
	       s->users[s->word[i]] == s->left[a] &&
	       s->users[s->word[j]] == s->left[b];
}

/*
 * Lay out what is left; found[] is it.  What failed for one set, or class, fails
 * for its equals.
 */
static enum answer solve(struct search *s)
{
	uint64_t saved[PLAN_MAX], before[PLAN_MAX], equal;
	enum answer answer;

	if (s->nodes++ == s->max_nodes)
		return UNKNOWN;
	memcpy(saved, s->may, sizeof(saved));
	while ((answer = look(s)) == UNKNOWN) {
		unsigned c = choose(s);
		unsigned set = (unsigned)__builtin_ctzll(s->may[c]);

		memcpy(before, s->may, sizeof(before));
		equal = equal_sets(s, set);
		take(s, set, c);
		answer = solve(s);
		take_back(s, set, c);
		memcpy(s->may, before, sizeof(before));
		if (answer != NO)
			break;
		for (unsigned d = 0; d < s->nclasses; d++)
			if (d != c && s->left[d] && equal_classes(s, c, d))
				s->may[d] &= ~equal;
		s->may[c] &= ~equal;
	}
	memcpy(s->may, saved, sizeof(saved));
	return answer;
}

static void begin(struct search *s, unsigned nsets)
{
	s->nsets = nsets;
	s->nodes = 0;
	for (unsigned set = 0; set < nsets; set++)
		bin_control(s->job, &s->bin[set]);
	memset(s->has, 0, sizeof(s->has));
	memcpy(s->left, s->total, sizeof(s->left));
	for (unsigned c = 0; c < s->nclasses; c++)
		s->may[c] = nsets < 64 ? set_bit(nsets) - 1 : UINT64_MAX;
}

/* Put one of a class in the first set that lets the rest be laid out. */
static unsigned take_first(struct search *s, unsigned class, unsigned used)
{
	uint64_t before[PLAN_MAX];
	uint8_t row[PLAN_MAX];
	unsigned set = 0;

	while (s->found[set][class] == s->has[set][class])
		set++;
	if (set > used) { /* empty ones are all equal */
		memcpy(row, s->found[set], sizeof(row));
		memcpy(s->found[set], s->found[used], sizeof(row));
		memcpy(s->found[used], row, sizeof(row));
		set = used;
	}
	for (unsigned t = 0; t < set; t++) {
		if (!(s->may[class] & set_bit(t)))
			continue;
		memcpy(before, s->may, sizeof(before));
		take(s, t, class);
		s->nodes = 0;
		if (solve(s) == YES)
			return t;
		take_back(s, t, class);
		memcpy(s->may, before, sizeof(before));
		s->may[class] &= ~set_bit(t);
	}
	take(s, set, class);
	return set;
}

/* What stands in every set, and the first event of each item. */
static void make_items(struct search *s, struct plan *plan)
{
	const struct plan_event *evs = s->job->evs;

	for (unsigned i = 0; i < s->job->n; i++) {
		unsigned k = 0, last;

		s->next[i] = s->class[i] = s->word[i] = NONE;
		plan->set[i] = PLAN_EVERY;
		if (evs[i].control || plan_is_free(s->job, i))
			continue;
		plan->set[i] = PLAN_NOWHERE;
		while (k < i && (!evs[i].group || s->class[k] == NONE ||
				 evs[k].group != evs[i].group))
			k++;
		if (k == i) {
			s->class[i] = 0; /* to be found */
			continue;
		}
		for (last = k; s->next[last] != NONE; last = s->next[last])
			;
		s->next[last] = (uint8_t)i;
	}
}

static bool same_class(const struct search *s, unsigned i, unsigned j)
{
	const struct plan_event *evs = s->job->evs;

	for (; i != NONE && j != NONE; i = s->next[i], j = s->next[j])
		if (!plan_alike(&evs[i], &evs[j]) ||
		    (evs[i].nextra && evs[i].word != evs[j].word))
			return false;
	return i == j;
}

/* Those that fit in no set have no class, and so are left out. */
static void make_classes(struct search *s)
{
	for (unsigned i = 0; i < s->job->n; i++) {
		unsigned c = 0;

		if (s->class[i] == NONE)
			continue;
		while (c < s->nclasses && !same_class(s, i, s->item[c]))
			c++;
		s->item[c] = (uint8_t)i;
		if (c == s->nclasses && !can_put(s, 0, c)) {
			s->class[i] = NONE;
			continue;
		}
		s->nclasses += c == s->nclasses;
		s->class[i] = (uint8_t)c;
		s->total[c]++;
	}
}

static void make_words(struct search *s)
{
	const struct plan_bin *control = &s->bin[0];

	for (unsigned i = 0; i < s->job->n; i++)
		s->word[i] = (uint8_t)plan_word(s->job, i);
	for (unsigned w = 0; w < s->job->n; w++) {
		match_clear(&s->m, 1);
		for (unsigned k = 0; k < control->n; k++)
			if (s->job->evs[control->ev[k]].kind == PLAN_HW)
				add_event(s, 1, control->ev[k]);
		for (unsigned c = 0; c < s->nclasses; c++)
			for (unsigned i = s->item[c]; i != NONE; i = s->next[i])
				for (unsigned k = 0; k < s->total[c]; k++) {
					if (s->word[i] != w)
						continue;
					s->users[w]++;
					s->together[w] += add_event(s, 1, i);
				}
	}
}

static void make_sets(struct search *s, struct plan *plan)
{
	unsigned used = 0;

	s->max_nodes = MAX_ORDER_NODES;
	for (unsigned i = 0; i < s->job->n; i++) {
		unsigned set;

		if (s->class[i] == NONE)
			continue;
		set = take_first(s, s->class[i], used);
		used = set < used ? used : set + 1;
		for (unsigned k = i; k != NONE; k = s->next[k])
			plan->set[k] = (int)set;
	}
}

int plan_make(const struct plan_job *job, struct plan *plan)
{
	struct search s = { .job = job, .max_nodes = MAX_NODES };
	enum answer answer;

	if (job->n > PLAN_MAX)
		return -E2BIG;
	make_items(&s, plan);
	bin_control(job, &s.bin[0]);
	if (!bin_fits(job, &s.m, &s.bin[0]))
		return -ENOSPC;
	make_classes(&s);
	make_words(&s);
	plan->least = 1;
	for (plan->nsets = 1;; plan->nsets++) {
		if (plan->nsets > PLAN_MAX_SETS)
			return -E2BIG;
		begin(&s, plan->nsets);
		answer = solve(&s);
		if (answer == YES)
			break;
		if (answer == NO)
			plan->least = plan->nsets + 1;
	}
	plan->minimal = plan->least == plan->nsets;
	make_sets(&s, plan);
	return 0;
}
