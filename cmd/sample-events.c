/* SPDX-License-Identifier: MIT
 *
 * sample-events.c - what pfmon sample samples: the events, how often each, what
 * is read beside them, and the registers they get.
 */
#include "config.h"

#include "sample.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile-module.h"
#include "recfile.h"

char *events_add(struct sampling *s, const char *text)
{
	const struct sample_opt *opt = s->opt;
	unsigned plm = PFM_PLM_USER | PFM_PLM_KERNEL;
	struct sampled *e;

	if (opt->user != opt->kernel)
		plm = opt->user ? PFM_PLM_USER : PFM_PLM_KERNEL;
	s->events =
		xreallocarray(s->events, s->nevents + 1, sizeof(*s->events));
	e = &s->events[s->nevents];
	*e = (struct sampled){ .id = PROF_NONE };
	if (pfm_event_parse(text, plm, &e->ev) < 0)
		return xstrdup(pfm_reason());
	if (e->ev.kind == PFM_EVENT_FREE && opt->backend != BACKEND_REGISTERS) {
		pfm_event_release(&e->ev);
		return xasprintf("%s runs freely: it cannot be sampled", text);
	}
	e->asked = xstrdup(text);
	s->nevents++;
	return NULL;
}

static struct sampled *add_event(struct sampling *s, const char *text)
{
	const char *why = events_add(s, text);

	if (why)
		die("%s", why);
	return &s->events[s->nevents - 1];
}

struct adding {
	struct sampling *s;
	unsigned set;
	bool with;
};

static void add_one(void *arg, const char *text, unsigned brace)
{
	const struct adding *a = arg;
	struct sampled *e = add_event(a->s, text);

	(void)brace;
	e->set = a->set;
	e->with = a->with;
}

/* The usual event: cycles, or where no PMU is to be had the clock. */
static void add_default(struct sampling *s)
{
	struct pfm_pmu_info info;
	const char *name = "cycles";

	if (s->opt->backend != BACKEND_REGISTERS &&
	    pfm_pmu_get("auto", -1, &info) == 0 && info.ncounters == 0) {
		name = "cpu-clock";
		s->fallback = true;
	}
	add_event(s, name);
}

bool parse_size(const char *arg, uint64_t *bytes)
{
	static const char suffixes[] = "KMG";
	size_t len = strlen(arg);
	const char *suffix;
	char *number;
	bool good;

	if (len == 0)
		return false;
	suffix = strchr(suffixes, toupper((unsigned char)arg[len - 1]));
	if (!suffix || !*suffix)
		return parse_number(arg, bytes);
	number = xasprintf("%.*s", (int)len - 1, arg);
	good = parse_number(number, bytes);
	free(number);
	if (!good || *bytes > UINT64_MAX >> 10 * (suffix - suffixes + 1))
		return false;
	*bytes <<= 10 * (suffix - suffixes + 1);
	return true;
}

/* The i-th word of a list, or the last one; to be freed. */
static char *word_of(const char *list, unsigned i)
{
	size_t len = strcspn(list, ",");

	while (i-- > 0 && list[len]) {
		list += len + 1;
		len = strcspn(list, ",");
	}
	return xasprintf("%.*s", (int)len, list);
}

static uint64_t number_of(const char *option, const char *list, unsigned i)
{
	char *word = word_of(list, i);
	uint64_t value;

	if (!parse_number(word, &value) || value == 0 || value >> 62)
		usage_error(&cmd_sample_entry,
			    "%s: '%s' is not a number of events", option, word);
	free(word);
	return value;
}

static uint64_t freq_of(const struct sample_opt *opt)
{
	uint64_t hz = rate_parse(opt->freq);

	if (!hz)
		usage_error(&cmd_sample_entry,
			    "-F: '%s' is neither a number of Hz nor max",
			    opt->freq);
	return hz;
}

/* BITS[:SEED], or as in pfmon 3.x MASK[:SEED]. */
static void set_random(const struct sample_opt *opt, struct sampled *e,
		       unsigned i)
{
	const char *text = opt->randomize ? opt->randomize : opt->random;
	const char *option =
		opt->randomize ? "--randomize" : "--smpl-periods-random";
	uint64_t value = 8, seed = 0x5eed;
	char *word, *colon;

	if (!text)
		return;
	word = word_of(text, i);
	colon = strchr(word, ':');
	if (colon) {
		*colon = '\0';
		if (!parse_number(colon + 1, &seed))
			usage_error(&cmd_sample_entry, "%s: '%s' is no seed",
				    option, colon + 1);
	}
	if (*word && !parse_number(word, &value))
		usage_error(&cmd_sample_entry,
			    "%s: '%s' is no number of random bits", option,
			    word);
	free(word);
	if (opt->randomize && (value == 0 || value > 32))
		usage_error(&cmd_sample_entry, "--randomize: 1 to 32 bits");
	e->random_mask = opt->randomize ? (1ULL << value) - 1 : value;
	e->random_seed = seed;
	if (e->random_mask >= e->period)
		die("--randomize: %llu more than the period of %llu would "
		    "change it beyond recognition; give fewer bits or -c",
		    (unsigned long long)e->random_mask,
		    (unsigned long long)e->period);
}

static void set_period(const struct sample_opt *opt, struct sampled *e,
		       unsigned i)
{
	if (!opt->periods) {
		if (opt->short_periods || opt->randomize || opt->random)
			usage_error(&cmd_sample_entry,
				    "random and short periods need -c PERIOD");
		e->freq = freq_of(opt);
		return;
	}
	e->period = number_of("-c", opt->periods, i);
	e->short_period = e->period;
	if (opt->short_periods)
		e->short_period = number_of("--short-smpl-periods",
					    opt->short_periods, i);
	set_random(opt, e, i);
}

/* All in one set if they fit, else each -e is a set that takes its turn. */
void events_place(struct sampling *s, const char *backend, int cpu)
{
	struct pfm_event *evs = xcalloc(s->nevents, sizeof(*evs));
	struct pfm_place *places = xcalloc(s->nevents, sizeof(*places));
	unsigned *at = xcalloc(s->nevents, sizeof(*at));
	unsigned set, i, n, bad;

	for (i = 0; i < s->nevents; i++)
		evs[i] = s->events[i].ev;
	if (pfm_event_assign(backend, cpu, evs, s->nevents, places, &bad) ==
	    0) {
		s->nsets = 1;
		for (i = 0; i < s->nevents; i++) {
			s->events[i].place = places[i];
			s->events[i].set = 0;
		}
	} else if (errno != ENOSPC || s->nsets == 1) {
		die("%s", pfm_reason());
	}
	for (set = 0; set < s->nsets && s->nsets > 1; set++) {
		for (i = n = 0; i < s->nevents; i++)
			if (s->events[i].set == set || s->events[i].with) {
				at[n] = i;
				evs[n++] = s->events[i].ev;
			}
		if (pfm_event_assign(backend, cpu, evs, n, places, &bad) < 0)
			die("%s", pfm_reason());
		for (i = 0; i < n; i++)
			s->events[at[i]].place = places[i];
	}
	free(evs);
	free(places);
	free(at);
}

void events_init(struct sampling *s)
{
	const struct sample_opt *opt = s->opt;
	struct adding a = { .s = s };
	unsigned i, n = 0;

	for (; a.set < opt->events.n; a.set++) {
		i = s->nevents;
		if (!event_list_each(opt->events.v[a.set], add_one, &a))
			die("-e '%s': the braces do not match",
			    opt->events.v[a.set]);
		if (s->nevents == i)
			die("-e '%s' names no event", opt->events.v[a.set]);
	}
	metrics_init(s, a.set);
	if (!s->nevents)
		add_default(s);
	for (i = 0; i < s->nevents; i++)
		if (s->nsets <= s->events[i].set)
			s->nsets = s->events[i].set + 1;
	a.set = 0;
	a.with = true;
	for (i = 0; i < opt->with.n; i++)
		if (!event_list_each(opt->with.v[i], add_one, &a))
			die("--with '%s': braces have no meaning here",
			    opt->with.v[i]);
	for (i = 0; i < s->nevents; i++)
		if (!s->events[i].with)
			set_period(opt, &s->events[i], n++);
	s->nwith = s->nevents - n;
	if (s->nevents - n > PROF_MAX_VALUES)
		die("--with: %u events, %u are the most", s->nevents - n,
		    PROF_MAX_VALUES);
	if (opt->backend == BACKEND_REGISTERS)
		clock_init(s);
	else
		events_place(s, "perf", -1);
}

void events_free(struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->nevents; i++) {
		pfm_event_release(&s->events[i].ev);
		free(s->events[i].asked);
	}
	free(s->events);
	free(s->metrics);
}

bool events_narrow(struct sampling *s)
{
	bool changed = false;
	unsigned i;

	for (i = 0; i < s->nevents; i++) {
		struct sampled *e = &s->events[i];

		if (e->ev.plm_asked || !(e->ev.plm & PFM_PLM_KERNEL) ||
		    !(e->ev.plm & PFM_PLM_USER))
			continue;
		if (pfm_event_set_plm(&e->ev, PFM_PLM_USER) == 0)
			changed = true;
	}
	s->user_only |= changed;
	if (changed)
		events_place(s, "perf", -1);
	return changed;
}
