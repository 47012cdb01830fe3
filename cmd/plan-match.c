/* SPDX-License-Identifier: MIT
 *
 * plan-match.c - do events fit in one set, and where: matching of rows on
 * places, words on extra registers, layout, and why an event fits in none.  It
 * is the planner's own, since sets that are not loaded are no library's matter.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan-priv.h"

#define GENERAL 0xffffu
#define SHOWN 80 /* bytes of a name in a reason */

static unsigned lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

static unsigned count(uint64_t bits)
{
	return (unsigned)__builtin_popcountll(bits);
}

/* Fixed counters first, since few events can use them, then the highest. */
static unsigned prefer(uint64_t places)
{
	uint64_t fixed = places & ~(uint64_t)GENERAL;

	return fixed ? lowest(fixed) : 63 - (unsigned)__builtin_clzll(places);
}

static bool seat(struct plan_match *m, unsigned row, unsigned set,
		 unsigned place)
{
	m->set[row] = (uint8_t)set;
	m->place[row] = (uint8_t)place;
	m->owner[set][place] = (uint16_t)row;
	m->used[set] |= UINT64_C(1) << place;
	return true;
}

static bool find_place(struct plan_match *m, unsigned row)
{
	uint64_t sets, can;

	for (sets = m->sets[row]; sets; sets &= sets - 1) {
		unsigned s = lowest(sets);

		can = m->places[row] & ~m->used[s];
		if (can)
			return seat(m, row, s, prefer(can));
	}
	for (sets = m->sets[row]; sets; sets &= sets - 1) {
		unsigned s = lowest(sets);

		while ((can = m->places[row] & ~m->seen[s])) {
			unsigned p = prefer(can);

			m->seen[s] |= UINT64_C(1) << p;
			if (find_place(m, m->owner[s][p]))
				return seat(m, row, s, p);
		}
	}
	return false;
}

void match_clear(struct plan_match *m, unsigned nsets)
{
	m->nsets = nsets;
	m->n = 0;
	memset(m->used, 0, nsets * sizeof(*m->used));
}

bool match_add(struct plan_match *m, uint64_t sets, uint64_t places)
{
	m->sets[m->n] = sets;
	m->places[m->n] = places;
	memset(m->seen, 0, m->nsets * sizeof(*m->seen));
	if (!find_place(m, m->n))
		return false;
	m->n++;
	return true;
}

bool bin_add(struct plan_bin *b, unsigned event)
{
	if (b->n == PLAN_SET_ROWS)
		return false;
	b->ev[b->n++] = (uint8_t)event;
	return true;
}

void bin_control(const struct plan_job *job, struct plan_bin *b)
{
	b->n = 0;
	for (unsigned i = 0; i < job->n; i++)
		if (job->evs[i].control && !plan_is_free(job, i))
			bin_add(b, i);
}

/* The even ones of free pairs. */
static uint32_t pair_slots(uint32_t counters)
{
	return counters & (counters & GENERAL) >> 1 & 0x5555;
}

static unsigned soft_places(const struct plan_job *job)
{
	return job->pmu->nsoft < PLAN_MAX_SOFT ? job->pmu->nsoft :
						 PLAN_MAX_SOFT;
}

uint64_t plan_places(const struct plan_job *job, unsigned i)
{
	const struct plan_event *ev = &job->evs[i];
	unsigned nsoft = soft_places(job);

	if (ev->kind == PLAN_SOFT)
		return nsoft < 64 ? (UINT64_C(1) << nsoft) - 1 : UINT64_MAX;
	return ev->counters &
	       (ev->pair ? pair_slots(job->pmu->counters) : job->pmu->counters);
}

bool plan_is_free(const struct plan_job *job, unsigned i)
{
	unsigned n = 0;

	if (job->evs[i].kind != PLAN_SOFT)
		return job->evs[i].kind == PLAN_FREE;
	for (unsigned k = 0; k < job->n; k++)
		n += job->evs[k].kind == PLAN_SOFT;
	return n <= soft_places(job);
}

bool plan_alike(const struct plan_event *a, const struct plan_event *b)
{
	return a->kind == b->kind && a->counters == b->counters &&
	       a->pair == b->pair && a->nextra == b->nextra &&
	       !memcmp(a->extra, b->extra, a->nextra);
}

uint64_t plan_registers(const struct plan_job *job, unsigned i)
{
	const struct plan_event *ev = &job->evs[i];
	uint64_t bits = 0;

	for (unsigned k = 0; k < ev->nextra; k++)
		bits |= UINT64_C(1) << ev->extra[k];
	return bits;
}

unsigned plan_word(const struct plan_job *job, unsigned i)
{
	const struct plan_event *evs = job->evs;
	unsigned found = PLAN_MAX;

	for (unsigned k = 0; k < job->n && evs[i].nextra; k++)
		if (evs[k].nextra && evs[k].word == evs[i].word &&
		    (found == PLAN_MAX ||
		     (evs[k].control && !evs[found].control)))
			found = k;
	return found;
}

/* Place what needs counters, its pairs on the slots given. */
static bool place_all(const struct plan_job *job, struct plan_match *m,
		      const struct plan_bin *b, uint32_t slots)
{
	match_clear(m, 1);
	for (unsigned i = 0; i < b->n; i++) {
		const struct plan_event *ev = &job->evs[b->ev[i]];
		uint64_t places = plan_places(job, b->ev[i]);

		places &= ev->pair ? slots : ~(uint64_t)(slots | slots << 1);
		if (ev->kind == PLAN_HW && !match_add(m, 1, places))
			return false;
	}
	return true;
}

bool bin_counters_fit(const struct plan_job *job, struct plan_match *m,
		      const struct plan_bin *b)
{
	uint32_t all = pair_slots(job->pmu->counters), slots = all;
	unsigned npairs = 0, nsoft = 0;

	for (unsigned i = 0; i < b->n; i++) {
		npairs += job->evs[b->ev[i]].pair;
		nsoft += job->evs[b->ev[i]].kind == PLAN_SOFT;
	}
	if (nsoft > soft_places(job))
		return false;
	if (!npairs)
		return place_all(job, m, b, 0);
	for (; slots; slots = (slots - 1) & all)
		if (count(slots) == npairs && place_all(job, m, b, slots))
			return true;
	return false;
}

/* What the extra registers hold. */
struct words {
	uint32_t used;
	uint64_t value[32];
};

static int find_word(const struct words *w, const struct plan_event *ev)
{
	for (unsigned k = 0; k < ev->nextra; k++)
		if (w->used >> ev->extra[k] & 1 &&
		    w->value[ev->extra[k]] == ev->word)
			return ev->extra[k];
	return -1;
}

/* Hold the words from event i on.  Each step down takes a register. */
static bool hold(const struct plan_job *job, const struct plan_bin *b,
		 unsigned i, struct words *w)
{
	const struct plan_event *ev;

	while (i < b->n && (!job->evs[b->ev[i]].nextra ||
			    find_word(w, &job->evs[b->ev[i]]) >= 0))
		i++;
	if (i == b->n)
		return true;
	ev = &job->evs[b->ev[i]];
	for (unsigned k = 0; k < ev->nextra; k++) {
		uint32_t bit = UINT32_C(1) << ev->extra[k];

		if (w->used & bit)
			continue;
		w->used |= bit;
		w->value[ev->extra[k]] = ev->word;
		if (hold(job, b, i + 1, w))
			return true;
		w->used &= ~bit;
	}
	return false;
}

bool bin_words_fit(const struct plan_job *job, const struct plan_bin *b)
{
	struct words w = { .used = 0 };

	return hold(job, b, 0, &w);
}

bool bin_fits(const struct plan_job *job, struct plan_match *m,
	      const struct plan_bin *b)
{
	return bin_words_fit(job, b) && bin_counters_fit(job, m, b);
}

bool plan_fits(const struct plan_job *job, const unsigned *evs, unsigned n)
{
	struct plan_bin b = { .n = 0 };
	struct plan_match m;

	for (unsigned i = 0; i < n; i++)
		if (job->evs[evs[i]].kind != PLAN_FREE && !bin_add(&b, evs[i]))
			return false;
	return bin_fits(job, &m, &b);
}

unsigned plan_layout(const struct plan_job *job, const struct plan *plan,
		     unsigned set, struct plan_place *places)
{
	struct words w = { .used = 0 };
	struct plan_bin b = { .n = 0 };
	struct plan_match m;
	unsigned n = 0, row = 0;

	for (unsigned i = 0; i < job->n; i++) {
		if (plan->set[i] != PLAN_EVERY && plan->set[i] != (int)set)
			continue;
		places[n++] = (struct plan_place){ i, -1, -1 };
		if (job->evs[i].kind != PLAN_FREE)
			bin_add(&b, i);
	}
	if (!hold(job, &b, 0, &w) || !bin_counters_fit(job, &m, &b))
		return 0; /* no plan of this job */
	for (unsigned i = 0; i < n; i++) {
		const struct plan_event *ev = &job->evs[places[i].event];

		if (ev->kind == PLAN_HW)
			places[i].counter = m.place[row++];
		if (ev->nextra)
			places[i].extra = find_word(&w, ev);
	}
	return n;
}

/* Append to a reason. */
static void say(char *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(char *why, const char *fmt, ...)
{
	size_t len = strlen(why);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why + len, PLAN_WHY_MAX - len, fmt, ap);
	va_end(ap);
}

/* "0-3, fixed 0" */
static void say_counters(char *why, uint32_t counters)
{
	const char *before = "";

	for (unsigned c = 0; c < 32; c++) {
		unsigned last = c;

		if (!(counters >> c & 1))
			continue;
		while (last % 16 < 15 && counters >> (last + 1) & 1)
			last++;
		say(why, "%s%s%u", before, c < 16 ? "" : "fixed ", c % 16);
		if (last > c)
			say(why, "-%u", last % 16);
		before = ", ";
		c = last;
	}
}

static void say_names(const struct plan_job *job, const struct plan_bin *b,
		      char *why)
{
	for (unsigned i = 0; i < b->n; i++) {
		const char *name = job->evs[b->ev[i]].name;

		/* As many as leave room for how many more. */
		if (strlen(why) + strnlen(name, SHOWN) + 24 > PLAN_WHY_MAX) {
			say(why, " and %u more", b->n - i);
			return;
		}
		say(why, "%s'%.*s'", i ? ", " : "", SHOWN, name);
	}
}

/* Why one event fits in no set whatever else is in it; false: it does. */
static bool say_alone(const struct plan_job *job, unsigned i, char *why)
{
	const struct plan_event *ev = &job->evs[i];

	if (plan_is_free(job, i) || plan_places(job, i))
		return false;
	say(why, "event '%.*s' needs ", SHOWN, ev->name);
	if (ev->kind == PLAN_SOFT) {
		say(why, "a place for kernel events, and there is none");
	} else if (!ev->counters) {
		say(why, "a counter that this PMU has not");
	} else if (ev->pair) {
		say(why, "an even counter and the next, even one of ");
		say_counters(why, ev->counters);
		say(why, ": no two are free");
	} else if (count(ev->counters) == 1) {
		say(why, "counter ");
		say_counters(why, ev->counters);
		say(why, ", which is not free");
	} else {
		say(why, "one of counters ");
		say_counters(why, ev->counters);
		say(why, ", and none is free");
	}
	return true;
}

const char *plan_why(const struct plan_job *job, unsigned i,
		     char buf[PLAN_WHY_MAX])
{
	struct plan_bin with = { .n = 0 }, control;
	struct plan_match m;
	bool room = true;

	buf[0] = '\0';
	for (unsigned k = 0; k < job->n; k++) {
		bool in = k == i || (job->evs[i].group &&
				     job->evs[k].group == job->evs[i].group);

		if (!in || job->evs[k].control || plan_is_free(job, k))
			continue;
		if (say_alone(job, k, buf))
			return buf;
		room &= bin_add(&with, k);
	}
	bin_control(job, &control);
	if (job->evs[i].control)
		with = control;
	if (!room || !bin_counters_fit(job, &m, &with))
		say(buf, "too few counters for these together: ");
	else if (!bin_fits(job, &m, &with))
		say(buf, "too few extra registers for these together: ");
	else
		say(buf, "no room beside the control events for ");
	say_names(job, &with, buf);
	return buf;
}
