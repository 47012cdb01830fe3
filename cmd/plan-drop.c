/* SPDX-License-Identifier: MIT
 *
 * plan-drop.c - what to drop so that one set does.  A search for the most events
 * that fit, in the order named, bounded by matching; and the duty and the run
 * time of plans.
 */
#include "config.h"

#include <string.h>

#include "estimate.h"
#include "plan-priv.h"

/* Deterministic, other than a time. */
#define MAX_NODES 4000
#define MAX_SLICES 1e15 /* more than any time has */

struct pick {
	const struct plan_job *job;
	struct plan_match m;
	struct plan_bin kept, held; /* held: these, and words to come */
	unsigned nodes, max_nodes;
};

/* Are two events not to be told apart by the others? */
static bool same(const struct plan_job *job, unsigned a, unsigned b)
{
	const struct plan_event *x = &job->evs[a], *y = &job->evs[b];

	if (!plan_alike(x, y))
		return false;
	if (!x->nextra || x->word == y->word)
		return true;
	/* Two words, each of one event alone. */
	for (unsigned i = 0; i < job->n; i++) {
		uint64_t word = job->evs[i].word;

		if (i != a && i != b && job->evs[i].nextra &&
		    (word == x->word || word == y->word))
			return false;
	}
	return true;
}

/* With what is kept, and the words that are held. */
static bool can_keep(struct pick *p, unsigned i)
{
	bool can = bin_add(&p->kept, i);

	if (!can)
		return false;
	can = bin_add(&p->held, i);
	if (can) {
		can = bin_words_fit(p->job, &p->held) &&
		      bin_counters_fit(p->job, &p->m, &p->kept);
		p->held.n--;
	}
	p->kept.n--;
	return can;
}

/* So many of the others can be kept on the counters at most. */
static unsigned most(struct pick *p, const bool *skip, bool soft)
{
	const struct plan_job *job = p->job;
	unsigned n = 0;

	match_clear(&p->m, 1);
	for (unsigned k = 0; k < p->kept.n; k++)
		if ((job->evs[p->kept.ev[k]].kind == PLAN_SOFT) == soft)
			match_add(&p->m, 1, plan_places(job, p->kept.ev[k]));
	for (unsigned i = 0; i < job->n; i++)
		if (!skip[i] && (job->evs[i].kind == PLAN_SOFT) == soft)
			n += match_add(&p->m, 1, plan_places(job, i));
	return n;
}

static bool same_word(const struct plan_event *a, const struct plan_event *b)
{
	return a->nextra == b->nextra && a->word == b->word &&
	       !memcmp(a->extra, b->extra, a->nextra);
}

/* The first whose word is not held; n: all the words fit together. */
static unsigned find_open(struct pick *p, const bool *skip)
{
	const struct plan_event *evs = p->job->evs;
	unsigned n = p->job->n, open = n, held = p->held.n;

	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;

		if (skip[i] || !evs[i].nextra)
			continue;
		while (k < p->held.n &&
		       !same_word(&evs[p->held.ev[k]], &evs[i]))
			k++;
		if (k < p->held.n)
			continue;
		open = open == n ? i : open;
		if (!bin_add(&p->held, i))
			break;
	}
	if (bin_words_fit(p->job, &p->held))
		open = n;
	p->held.n = held;
	return open;
}

/*
 * Can want more be kept?  Each word that is in question is held, or what has it
 * is left out; when none is, matching tells.  It does not know of pairs, so with
 * them true is no more than that it may be.
 */
static bool could(struct pick *p, const bool *skipped, unsigned want)
{
	const struct plan_event *evs = p->job->evs;
	bool skip[PLAN_MAX], yes;
	unsigned open;

	for (unsigned i = 0; i < p->job->n; i++)
		skip[i] = skipped[i] || !can_keep(p, i);
	if (most(p, skip, false) + most(p, skip, true) < want)
		return false;
	open = find_open(p, skip);
	if (open == p->job->n || p->nodes++ >= p->max_nodes ||
	    !bin_add(&p->held, open))
		return true;
	yes = could(p, skip, want);
	p->held.n--;
	for (unsigned i = 0; i < p->job->n; i++)
		skip[i] |= same_word(&evs[i], &evs[open]);
	return yes || could(p, skip, want);
}

/* Keep want more of those that are not skipped, the first named first. */
static bool keep(struct pick *p, const bool *skipped, unsigned want)
{
	bool skip[PLAN_MAX];

	if (!want)
		return true;
	memcpy(skip, skipped, sizeof(skip));
	for (unsigned i = 0; i < p->job->n; i++) {
		if (skip[i] || !can_keep(p, i))
			continue;
		if (p->nodes++ >= p->max_nodes || !could(p, skip, want))
			return false;
		skip[i] = true;
		bin_add(&p->kept, i);
		bin_add(&p->held, i);
		if (keep(p, skip, want - 1))
			return true;
		p->kept.n--;
		p->held.n--;
		for (unsigned k = i; k < p->job->n; k++)
			skip[k] |= same(p->job, i, k);
	}
	return false;
}

unsigned plan_drop(const struct plan_job *job, bool drop[PLAN_MAX], bool *exact)
{
	struct pick p = { .job = job, .max_nodes = MAX_NODES };
	bool skip[PLAN_MAX];
	unsigned n = 0, want;

	bin_control(job, &p.kept);
	p.held = p.kept;
	for (unsigned i = 0; i < job->n; i++) {
		skip[i] = job->evs[i].control || plan_is_free(job, i);
		drop[i] = !skip[i];
		n += drop[i];
	}
	want = most(&p, skip, false) + most(&p, skip, true);
	*exact = true;
	while (!keep(&p, skip, want)) {
		want--;
		if (p.nodes >= p.max_nodes) {
			*exact = false;
			p.max_nodes = MAX_NODES / 8; /* for each that is left */
		}
		p.nodes = 0;
	}
	for (unsigned k = 0; k < p.kept.n; k++)
		drop[p.kept.ev[k]] = false;
	return n - want;
}

double plan_duty(const struct plan *plan, unsigned i)
{
	if (plan->set[i] == PLAN_EVERY)
		return 1;
	return plan->set[i] < 0 ? 0 : 1.0 / plan->nsets;
}

/* Is m slices of each set enough?  Squared, to need no root. */
static bool enough(double m, double unseen, double cv, double error)
{
	double t = student_95(m - 1);

	return t * t * cv * cv * unseen <= error * error * m;
}

double plan_slices(unsigned nsets, double cv, double error)
{
	double unseen = 1 - 1.0 / nsets, low = PLAN_SLICES, high = PLAN_SLICES;

	if (nsets < 2)
		return 0;
	if (error <= 0)
		return low;
	while (high < MAX_SLICES && !enough(high, unseen, cv, error)) {
		low = high;
		high *= 2;
	}
	/* The first that is: more slices are never less exact. */
	while (high - low > 1) {
		double middle = low + (double)(uint64_t)((high - low) / 2);

		if (enough(middle, unseen, cv, error))
			high = middle;
		else
			low = middle;
	}
	return enough(low, unseen, cv, error) ? low : high;
}

double plan_time(unsigned nsets, double slice, double cv, double error)
{
	return plan_slices(nsets, cv, error) * nsets * slice;
}
