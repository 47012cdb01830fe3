/* SPDX-License-Identifier: MIT
 *
 * sample-clock.c - samples of CPUs whose registers pfmon programs itself.  The
 * registers cannot interrupt, so perf's cpu-clock takes the samples: address,
 * task and stack.  The counters are read as often; what was counted since the
 * reading before is the weight of the samples that came in between, in equal
 * parts.  Where none came it goes to the next ones, so nothing counted is left
 * out: the weights add up to the counts.
 */
#include "config.h"

#include "sample.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One CPU's counters, and the samples that wait for the next reading. */
struct counted {
	int cpu, fd;
	bool ended;        /* the CPU is gone */
	pfarg_pmd_t *pmds; /* one for each event; owned */

	/* Readings not used yet: the time, and the count of each event. */
	uint64_t *readings; /* owned */
	size_t first, end, room;

	uint64_t *given; /* of each count, with samples so far; owned */
	uint64_t given_ns;

	struct prof_sample *held; /* owned */
	size_t nheld, held_room;

	uint64_t slices, slices_ns, longest_ns;
};

void clock_init(struct sampling *s)
{
	struct pfm_place place;
	struct sampled *clock = xcalloc(1, sizeof(*clock));

	s->clock = clock;
	clock->asked = xstrdup("cpu-clock");
	clock->freq = s->events[0].freq;
	if (pfm_event_parse("cpu-clock", PFM_PLM_USER | PFM_PLM_KERNEL,
			    &clock->ev) < 0 ||
	    pfm_event_assign("perf", -1, &clock->ev, 1, &place, NULL) < 0)
		die("the clock of the samples: %s", pfm_reason());
	clock->place = place;
}

uint64_t clock_slice_ns(const struct sampling *s)
{
	return NS_PER_S / s->clock->freq;
}

static int create(const struct counted *c)
{
	pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_SHARED | PFM_FL_SYSTEM_WIDE |
					 PFM_FL_ANYCPU };

	(void)c;
	if (pfm_create_context(&ctx, NULL, 0) < 0)
		die("cannot create a context: %s", pfm_reason());
	if (pfm_set_backend(ctx.ctx_fd, "msr") < 0)
		die("backend msr: %s", pfm_reason());
	return ctx.ctx_fd;
}

/* The counters that are free may differ from CPU to CPU. */
static void open_one(struct sampling *s, struct counted *c)
{
	pfarg_load_t load = { .load_pid = (uint32_t)c->cpu };
	unsigned nsets = s->nsets, i;

	c->fd = create(c);
	events_place(s, "msr", c->cpu);
	if (c > s->counted && s->nsets != nsets)
		die("CPU %d has fewer free counters than others: give fewer "
		    "events, or -C",
		    c->cpu);
	if (s->nsets > 1 && s->nwith)
		die("--with: these events need %u sets, and it is read in one",
		    s->nsets);
	if (program_counters(s, c->fd) < 0 ||
	    pfm_load_context(c->fd, &load) < 0)
		die("%s", pfm_reason());
	c->pmds = xcalloc(s->nevents, sizeof(*c->pmds));
	c->given = xcalloc(s->nevents, sizeof(*c->given));
	for (i = 0; i < s->nevents; i++) {
		c->pmds[i].reg_num = s->events[i].place.pmd;
		c->pmds[i].reg_set = (uint16_t)s->events[i].set;
	}
}

void clock_open(struct sampling *s)
{
	unsigned i;

	s->ncounted = s->nsources;
	s->counted = xcalloc(s->ncounted, sizeof(*s->counted));
	for (i = 0; i < s->ncounted; i++)
		s->counted[i] =
			(struct counted){ .cpu = s->sources[i].cpu, .fd = -1 };
	for (i = 0; i < s->ncounted; i++)
		open_one(s, &s->counted[i]);
}

void clock_start(struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->ncounted; i++)
		if (pfm_start(s->counted[i].fd, NULL) < 0)
			die("CPU %d: %s", s->counted[i].cpu, pfm_reason());
}

static uint64_t *add_reading(struct counted *c, unsigned nevents)
{
	size_t words = 1 + (size_t)nevents;

	if (c->first == c->end)
		c->first = c->end = 0;
	if (c->end == c->room && c->first >= c->room / 2 && c->first) {
		memmove(c->readings, c->readings + c->first * words,
			(c->end - c->first) * words * sizeof(*c->readings));
		c->end -= c->first;
		c->first = 0;
	}
	if (c->end == c->room) {
		c->room = c->room ? 2 * c->room : 256;
		c->readings = xreallocarray(c->readings, c->room,
					    words * sizeof(*c->readings));
	}
	return c->readings + c->end++ * words;
}

static const uint64_t *first_reading(const struct sampling *s,
				     const struct counted *c)
{
	return c->readings + c->first * (1 + (size_t)s->nevents);
}

/* What a sample before this moment weighs is in this reading. */
static void read_one(struct sampling *s, struct counted *c, uint64_t now)
{
	uint64_t *reading;
	unsigned i;

	if (c->ended)
		return;
	if (pfm_read_pmds(c->fd, c->pmds, (int)s->nevents) < 0) {
		warn("CPU %d: %s; its samples end there", c->cpu, pfm_reason());
		c->ended = true;
		return;
	}
	reading = add_reading(c, s->nevents);
	reading[0] = now;
	for (i = 0; i < s->nevents; i++)
		reading[1 + i] = c->pmds[i].reg_value;
}

void clock_read(struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->ncounted; i++)
		read_one(s, &s->counted[i], now_ns() - s->start_ns);
}

void clock_stop(struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->ncounted; i++)
		pfm_stop(s->counted[i].fd);
	clock_read(s);
}

static uint64_t part_of(uint64_t total, size_t i, size_t n)
{
	return total / n + (i < total % n);
}

/* The i-th of n samples that share what was counted up to a reading. */
static void put_share(struct sampling *s, struct counted *c,
		      struct prof_sample *p, const uint64_t *reading, size_t i,
		      size_t n)
{
	unsigned e, first = 1;

	for (e = 0; e < s->nevents; e++) {
		unsigned w;

		if (s->events[e].with)
			continue;
		p->event = s->events[e].id;
		p->weight = part_of(reading[1 + e] - c->given[e], i, n);
		p->nvalues = 0;
		/* Read once, told once. */
		for (w = 0; w < s->nevents && first; w++)
			if (s->events[w].with)
				p->values[p->nvalues++] =
					part_of(reading[1 + w] - c->given[w], i,
						n);
		first = 0;
		record_put(s, p);
	}
}

static void take_reading(struct sampling *s, struct counted *c,
			 const uint64_t *reading)
{
	uint64_t ns = reading[0] - c->given_ns;

	c->slices++;
	c->slices_ns += ns;
	if (ns > c->longest_ns)
		c->longest_ns = ns;
	c->given_ns = reading[0];
	memcpy(c->given, reading + 1, s->nevents * sizeof(*c->given));
}

/* The samples held weigh what was counted up to the oldest reading. */
static void end_slice(struct sampling *s, struct counted *c)
{
	const uint64_t *reading = first_reading(s, c);
	size_t i;

	c->first++;
	if (!c->nheld)
		return;
	for (i = 0; i < c->nheld; i++)
		put_share(s, c, &c->held[i], reading, i, c->nheld);
	c->nheld = 0;
	take_reading(s, c, reading);
}

static struct counted *counted_of(struct sampling *s, unsigned cpu)
{
	unsigned i;

	for (i = 0; i < s->ncounted; i++)
		if (s->counted[i].cpu == (int)cpu)
			return &s->counted[i];
	return NULL;
}

void clock_put(struct sampling *s, const struct prof_sample *p)
{
	struct counted *c = counted_of(s, p->cpu);

	if (!c)
		return;
	while (c->first < c->end && first_reading(s, c)[0] < p->time)
		end_slice(s, c);
	if (c->nheld == c->held_room) {
		c->held_room = c->held_room ? 2 * c->held_room : 16;
		c->held =
			xreallocarray(c->held, c->held_room, sizeof(*c->held));
	}
	c->held[c->nheld++] = *p;
}

/* A place for what no sample came after. */
static void set_nowhere(const struct sampling *s, struct prof_sample *p)
{
	struct prof_writer *w = record_writer(s);
	struct prof_object o = {
		.kind = PROF_UNKNOWN,
		.path = prof_put_string(w, "[no sample]"),
		.why = prof_put_string(w, "counted after the last sample"),
	};
	struct prof_task task = { .comm = prof_put_string(w, "[no sample]") };
	uint32_t frame = prof_put_frame(w, prof_put_object(w, &o), p->cpu, 0);

	p->node = prof_put_node(w, 0, frame);
	p->task = prof_put_task(w, &task);
}

/* What no sample came after is said to be that. */
static void put_rest(struct sampling *s, struct counted *c,
		     const uint64_t *reading)
{
	struct prof_sample p = { .time = reading[0], .cpu = (uint16_t)c->cpu };
	bool any = false;
	unsigned i;

	for (i = 0; i < s->nevents; i++)
		any |= reading[1 + i] != c->given[i];
	if (!any)
		return;
	set_nowhere(s, &p);
	put_share(s, c, &p, reading, 0, 1);
	memcpy(c->given, reading + 1, s->nevents * sizeof(*c->given));
	c->given_ns = reading[0];
}

/* After a CPU went offline nothing is known of what its samples weigh. */
static void end_unread(struct sampling *s, struct counted *c)
{
	size_t words = 1 + (size_t)s->nevents, i;
	uint64_t *nothing = xcalloc(words, sizeof(*nothing));

	memcpy(nothing + 1, c->given, s->nevents * sizeof(*c->given));
	for (i = 0; i < c->nheld; i++)
		put_share(s, c, &c->held[i], nothing, i, c->nheld);
	c->nheld = 0;
	free(nothing);
}

void clock_flush(struct sampling *s, bool last)
{
	unsigned i;

	if (!last)
		clock_read(s);
	for (i = 0; i < s->ncounted; i++) {
		struct counted *c = &s->counted[i];
		size_t words = 1 + (size_t)s->nevents;

		while (c->first < c->end)
			end_slice(s, c);
		end_unread(s, c);
		if (last && c->end)
			put_rest(s, c, c->readings + (c->end - 1) * words);
	}
}

char *clock_resolution(const struct sampling *s)
{
	uint64_t slices = 0, ns = 0, longest = 0;
	unsigned i;

	for (i = 0; i < s->ncounted; i++) {
		const struct counted *c = &s->counted[i];

		slices += c->slices;
		ns += c->slices_ns;
		if (c->longest_ns > longest)
			longest = c->longest_ns;
	}
	return xasprintf("%.3f ms on average, %.3f ms at most",
			 slices ? (double)ns / (double)slices / 1e6 : 0,
			 (double)longest / 1e6);
}

void clock_close(struct sampling *s)
{
	unsigned i;

	for (i = 0; i < s->ncounted; i++) {
		struct counted *c = &s->counted[i];

		close(c->fd);
		free(c->pmds);
		free(c->readings);
		free(c->given);
		free(c->held);
	}
	free(s->counted);
	if (!s->clock)
		return;
	pfm_event_release(&s->clock->ev);
	free(s->clock->asked);
	free(s->clock);
}
