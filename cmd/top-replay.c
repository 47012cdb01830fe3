/* SPDX-License-Identifier: MIT
 *
 * top-replay.c - what stands before the frames of a recording: the machine, the
 * CPUs, the counters and the metrics made of them.  With that a recording shows
 * the same columns on any machine.
 */
#include "config.h"

#include "top-priv.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MOST 4096
#define EVENTS_MOST 256

static void put_text(struct bytes *b, const char *s)
{
	bytes_string(b, s ? s : "");
}

static void put_ctr(struct bytes *b, const struct top_ctr *c)
{
	put_text(b, c->asked);
	put_text(b, c->label);
	put_text(b, c->reason);
	bytes_varint(b, c->hw);
	bytes_varint(b, c->set);
	bytes_varint(b, c->unparsed ? 0 : c->ev.plm);
	bytes_double(b, c->unparsed ? 1 : c->ev.scale);
}

static void put_use(struct bytes *b, const struct top_use *u)
{
	const struct group *g = u->g;
	char *text;
	size_t i;

	bytes_varint(b, g->nevents);
	for (i = 0; i < g->nevents; i++) {
		put_text(b, g->events[i].name);
		put_text(b, g->events[i].unit_name);
		bytes_varint(b, u->ctr[i]);
	}
	bytes_varint(b, g->nmetrics);
	for (i = 0; i < g->nmetrics; i++) {
		const struct group_metric *mt = &g->metrics[i];

		text = mt->unit_name && *mt->unit_name ?
			       xasprintf("%s=%s[%s]", mt->name, mt->text,
					 mt->unit_name) :
			       xasprintf("%s=%s", mt->name, mt->text);
		put_text(b, text);
		bytes_varint(b, mt->needs);
		free(text);
	}
}

void replay_put_meta(struct top *t)
{
	const struct top_events *ev = &t->ev;
	struct bytes b = { 0 };
	unsigned i;

	put_text(&b, t->machine);
	put_text(&b, t->backend);
	put_text(&b, ev->notice);
	bytes_varint(&b, t->now.interval_ns);
	bytes_varint(&b, t->threads);
	bytes_varint(&b, t->ncpus);
	for (i = 0; i < t->ncpus; i++)
		bytes_varint(&b, t->cpu_numbers[i]);
	for (i = 0; i < GROUP_CONSTS; i++)
		bytes_double(&b, ev->machine.g.value[i]);
	bytes_varint(&b, ev->ncounters);
	bytes_varint(&b, ev->nsets);
	bytes_varint(&b, ev->nctrs);
	for (i = 0; i < ev->nctrs; i++)
		put_ctr(&b, &ev->ctrs[i]);
	bytes_varint(&b, ev->nuses);
	for (i = 0; i < ev->nuses; i++)
		put_use(&b, &ev->uses[i]);
	history_meta(t->history, &b);
	free(b.v);
}

static char *get_text(struct reader *r)
{
	uint64_t n = read_varint(r);
	const unsigned char *from = n <= TEXT_MOST ? read_bytes(r, n) : NULL;
	char *s, *p;

	if (!from) {
		r->bad = true;
		return xstrdup("");
	}
	s = xasprintf("%.*s", (int)n, (const char *)from);
	for (p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	return s;
}

static void get_ctr(struct reader *r, struct top_ctr *c)
{
	*c = (struct top_ctr){ .asked = get_text(r), .label = get_text(r) };
	c->reason = get_text(r);
	if (!*c->reason) {
		free(c->reason);
		c->reason = NULL;
	}
	c->hw = read_varint(r) != 0;
	c->set = (unsigned)read_varint(r);
	/* Nothing of the library is in it: only its numbers are used. */
	c->ev.plm = (unsigned)read_varint(r);
	c->ev.scale = read_double(r);
}

static void get_events(struct reader *r, struct top_use *u, unsigned nctrs)
{
	char why[GROUP_WHY_MAX], *name, *unit;
	uint32_t n = read_count(r), i;
	uint64_t ctr;
	size_t had;

	if (n > EVENTS_MOST)
		r->bad = true;
	u->ctr = xcalloc(EVENTS_MOST + 1, sizeof(*u->ctr));
	for (i = 0; i < n && !r->bad; i++) {
		name = get_text(r);
		unit = get_text(r);
		ctr = read_varint(r);
		had = u->g->nevents;
		if (ctr < nctrs &&
		    group_add_event(u->g, name, name, *unit ? unit : NULL, why))
			u->ctr[had] = (unsigned)ctr;
		free(name);
		free(unit);
	}
}

/* A metric that cannot be read any more is left out. */
static void get_use(struct top_events *ev, struct reader *r)
{
	char why[GROUP_WHY_MAX], *text;
	struct top_use *u;
	uint64_t needs;
	uint32_t n, i;
	size_t first;

	ev->uses = xreallocarray(ev->uses, ev->nuses + 1, sizeof(*ev->uses));
	u = &ev->uses[ev->nuses++];
	*u = (struct top_use){ .g = group_new() };
	get_events(r, u, ev->nctrs);
	n = read_count(r);
	for (i = 0; i < n && i < EVENTS_MOST && !r->bad; i++) {
		text = get_text(r);
		needs = read_varint(r);
		first = u->g->nmetrics;
		if (!r->bad &&
		    group_add_metric(u->g, text, &ev->machine.g, why) &&
		    u->g->nmetrics > first)
			u->g->metrics[first].needs = (unsigned)needs;
		free(text);
	}
	for (i = 0; i < u->g->nmetrics; i++) {
		ev->metrics = xreallocarray(ev->metrics, ev->nmetrics + 1,
					    sizeof(*ev->metrics));
		ev->metrics[ev->nmetrics++] = (struct top_metric){
			.g = u->g, .mt = &u->g->metrics[i], .ctr = u->ctr
		};
	}
}

static void get_cpus(struct top *t, struct reader *r)
{
	uint32_t n = read_count(r), i;

	if (n > CPUS_MAX) {
		r->bad = true;
		return;
	}
	t->cpu_numbers = xcalloc(n + 1, sizeof(*t->cpu_numbers));
	t->ncpus = n;
	for (i = 0; i < n; i++)
		t->cpu_numbers[i] = (unsigned)read_varint(r);
}

static void get_counters(struct top_events *ev, struct reader *r)
{
	uint32_t n, i;

	ev->ncounters = (unsigned)read_varint(r);
	ev->nsets = (unsigned)read_varint(r);
	n = read_count(r);
	if (n > TOP_CTRS) {
		r->bad = true;
		return;
	}
	ev->ctrs = xcalloc(n + 1, sizeof(*ev->ctrs));
	for (i = 0; i < n && !r->bad; i++)
		get_ctr(r, &ev->ctrs[ev->nctrs++]);
	n = read_count(r);
	for (i = 0; i < n && i < EVENTS_MOST && !r->bad; i++)
		get_use(ev, r);
}

bool replay_get_meta(struct top *t, char **why)
{
	struct reader r;
	char *text;
	unsigned i;

	if (!history_read_meta(t->history, &r)) {
		*why = xstrdup("its first block is damaged");
		return false;
	}
	text = get_text(&r);
	snprintf(t->machine, sizeof(t->machine), "%s", text);
	free(text);
	t->backend = get_text(&r);
	t->ev.notice = get_text(&r);
	t->now.interval_ns = read_varint(&r);
	t->threads = read_varint(&r) != 0;
	if (!t->now.interval_ns || t->now.interval_ns > 1000000 * NS_PER_S)
		t->now.interval_ns = NS_PER_S;
	get_cpus(t, &r);
	for (i = 0; i < GROUP_CONSTS; i++)
		t->ev.machine.g.value[i] = read_double(&r);
	get_counters(&t->ev, &r);
	t->ev.list = xstrdup("");
	if (r.bad)
		*why = xstrdup("its first block is damaged");
	return !r.bad;
}
