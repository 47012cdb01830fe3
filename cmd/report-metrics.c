/* SPDX-License-Identifier: MIT
 *
 * report-metrics.c - metrics by function, of a recording with -M or --metric:
 * what the samples of each event come to is put into the formulas, with the
 * error that so few samples leave.
 */
#include "config.h"

#include "report-metrics.h"

#include <stdlib.h>
#include <string.h>

#include "group.h"

#define ROWS 10  /* of text, unless -n says */
#define MOST 256 /* groups of a file, events and metrics of a group */

/* A group of the recording; its event i is the profile's event[i], or -1. */
struct use {
	struct group *g;
	int64_t *event; /* owned */
};

/* A row by what it is of: its keys of frames, then those of samples. */
struct entry {
	uint64_t key[2 * KEYS_MAX];
	const struct report_row *row;
};

struct report_metrics {
	const struct report *reports;
	size_t nreports;
	struct use *uses; /* owned */
	size_t nuses;
	struct group_machine machine;
	double turns; /* event sets, each of which had so few of the time */
	struct entry **entries; /* of each report, sorted; owned */
};

/* What one value is of. */
struct of {
	const struct report_metrics *m;
	const struct use *use;
	const struct group_metric *mt;
	const struct report *base;    /* which the row is of */
	const struct report_row *row; /* NULL: of all */
};

static struct use *add_use(struct report_metrics *m)
{
	m->uses = xreallocarray(m->uses, m->nuses + 1, sizeof(*m->uses));
	m->uses[m->nuses] = (struct use){ .g = group_new() };
	return &m->uses[m->nuses++];
}

static int64_t event_named(const struct profile *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->nevents; i++)
		if (!strcmp(p->strings[p->events[i].name], name))
			return i;
	return -1;
}

/* "NAME UNIT EVENT" */
static void add_event(struct report_metrics *m, struct use *u, char *text)
{
	char why[GROUP_WHY_MAX], *name = strsep(&text, " ");
	char *unit = strsep(&text, " ");

	if (!text || u->g->nevents == MOST ||
	    !group_add_event(u->g, name, text, unit, why))
		return;
	u->event = xreallocarray(u->event, u->g->nevents, sizeof(*u->event));
	u->event[u->g->nevents - 1] = event_named(m->reports->p, text);
}

/* A word, then what it says; what is not known is of a later version. */
static void read_note(struct report_metrics *m, char *text)
{
	char why[GROUP_WHY_MAX], *rest = text, *word = strsep(&rest, " ");
	struct use *u = m->nuses ? &m->uses[m->nuses - 1] : NULL;

	if (!rest)
		return;
	if (!strcmp(word, "smt"))
		m->machine.value[GROUP_SMT] = strtod(rest, NULL);
	else if (!strcmp(word, "group") && m->nuses < MOST)
		add_use(m);
	else if (u && !strcmp(word, "event"))
		add_event(m, u, rest);
	else if (u && !strcmp(word, "metric") && u->g->nmetrics < MOST)
		group_add_metric(u->g, rest, &m->machine, why);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct entry *)a)->key,
		      ((const struct entry *)b)->key,
		      sizeof(((const struct entry *)a)->key));
}

static struct entry entry_of(const struct report *r,
			     const struct report_row *row)
{
	struct entry e = { .row = row };

	memcpy(e.key, r->places[row->place].key, sizeof(e.key) / 2);
	memcpy(e.key + KEYS_MAX, r->groups[row->group].key, sizeof(e.key) / 2);
	return e;
}

static struct entry *sort_rows(const struct report *r)
{
	struct entry *v = xcalloc(r->nrows + 1, sizeof(*v));
	size_t i;

	for (i = 0; i < r->nrows; i++)
		v[i] = entry_of(r, &r->rows[i]);
	if (r->nrows)
		qsort(v, r->nrows, sizeof(*v), by_key);
	return v;
}

struct report_metrics *report_metrics_new(const struct report *reports,
					  size_t n)
{
	const char *text = prof_meta(reports->p, "metrics");
	struct report_metrics *m;
	char *copy, *rest, *one;
	size_t i;

	if (!text || reports->opt->tree)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->reports = reports;
	m->nreports = n;
	m->turns = 1;
	for (i = 0; i < reports->p->nevents; i++)
		if (m->turns <= reports->p->events[i].set)
			m->turns = reports->p->events[i].set + 1.0;
	m->machine.value[GROUP_TIME] =
		(double)reports->p->totals.duration_ns / 1e9;
	rest = copy = xstrdup(text);
	while ((one = strsep(&rest, ";")) != NULL)
		read_note(m, one + strspn(one, " "));
	free(copy);
	m->entries = xcalloc(n, sizeof(*m->entries));
	for (i = 0; i < n; i++)
		m->entries[i] = sort_rows(&reports[i]);
	return m;
}

void report_metrics_free(struct report_metrics *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->nuses; i++) {
		group_free(m->uses[i].g);
		free(m->uses[i].event);
	}
	for (i = 0; i < m->nreports; i++)
		free(m->entries[i]);
	free(m->entries);
	free(m->uses);
	free(m);
}

/* What the samples of an event come to in the same row; none: 0. */
static struct report_sum sum_in(const struct of *of, const struct report *r)
{
	const struct entry *found;
	struct entry key;

	if (!of->row)
		return r->all;
	key = entry_of(of->base, of->row);
	found = bsearch(&key, of->m->entries[r - of->m->reports], r->nrows,
			sizeof(key), by_key);
	return found ? found->row->self : (struct report_sum){ 0, 0 };
}

/*
 * Relative: samples come to a function as Poisson's do, n of them are n +-
 * sqrt(n).  All of a fixed period lack less than one; registers that were read
 * lack nothing, nor does one sample for each event.
 */
static double error_of(const struct of *of, const struct prof_event *e,
		       const struct report_sum *sum)
{
	bool period = e->weight == PROF_PERIOD;

	if (!sum->samples || (period && e->period == 1 && of->m->turns == 1))
		return 0;
	if (of->row || of->m->turns > 1 || e->weight == PROF_FREQ)
		return 1 / root((double)sum->samples);
	return period ? 1 / (double)sum->samples : 0;
}

/* The report of an event, or NULL. */
static const struct report *report_of(const struct report_metrics *m,
				      int64_t event)
{
	size_t i;

	for (i = 0; i < m->nreports; i++)
		if (m->reports[i].event == event)
			return &m->reports[i];
	return NULL;
}

static const char *get(void *arg, unsigned id, double *value, double *error)
{
	const struct of *of = arg;
	const struct report_metrics *m = of->m;
	const struct prof_event *e;
	const struct report *r;
	struct report_sum sum;
	int64_t event;

	*error = 0;
	if (id < GROUP_EVENT0) {
		*value = m->machine.value[id];
		return *value != 0 ? NULL : "not known of a recording";
	}
	event = of->use->event[id - GROUP_EVENT0];
	if (event < 0)
		return "it was not sampled";
	r = report_of(m, event);
	if (!r)
		return "--event leaves it out";
	sum = sum_in(of, r);
	e = &r->p->events[event];
	*value = (double)sum.weight * e->scale * m->turns;
	*error = *value * error_of(of, e, &sum);
	return NULL;
}

/* Functions are those that have most of the first event of the formula. */
static struct of metric_at(const struct report_metrics *m, size_t i)
{
	struct of of = { .m = m, .use = m->uses };
	unsigned k, id;

	while (i >= of.use->g->nmetrics)
		i -= of.use++->g->nmetrics;
	of.mt = &of.use->g->metrics[i];
	for (k = 0; !of.base && expr_leaf(of.mt->expr, k, &id); k++)
		if (id >= GROUP_EVENT0)
			of.base =
				report_of(m, of.use->event[id - GROUP_EVENT0]);
	if (!of.base)
		of.base = m->reports;
	return of;
}

const struct report *report_metrics_base(const struct report_metrics *m,
					 size_t i)
{
	return metric_at(m, i).base;
}

void report_metrics_value(const struct report_metrics *m, size_t i,
			  const struct report_row *row,
			  struct report_metric *out)
{
	struct of of = metric_at(m, i);
	struct expr_result e;

	of.row = row;
	*out = (struct report_metric){ .mt = of.mt };
	group_eval(of.mt, get, &of, &e);
	out->has = e.has;
	out->value = e.value;
	out->half = 1.96 * e.error;
	if (!e.has)
		snprintf(out->why, sizeof(out->why), "%s", e.why);
}

size_t report_metrics_count(const struct report_metrics *m)
{
	size_t i, n = 0;

	for (i = 0; m && i < m->nuses; i++)
		n += m->uses[i].g->nmetrics;
	return n;
}

static void put_line(FILE *f, const struct report_style *s,
		     const struct report_metric *v, const char *name)
{
	char *fit = text_fit(name, s->width > 42 ? s->width - 42 : 20, s->utf8);

	if (v->has && v->half > 0)
		fprintf(f, " %12.5g  +- %-10.3g  %s\n", v->value, v->half, fit);
	else if (v->has)
		fprintf(f, " %12.5g  %-13s  %s\n", v->value, "", fit);
	else
		fprintf(f, " %12s  %-13s  %s\n", "-", "", fit);
	free(fit);
}

static char *name_of(const struct report *r, const struct report_row *row)
{
	char *text = xstrdup(""), *key, *more;
	unsigned i;

	for (i = 0; i < r->opt->nkeys; i++) {
		key = report_key_text(r, row, i);
		more = xasprintf("%s%s%s", text, i ? "  " : "", key);
		free(text);
		free(key);
		text = more;
	}
	return text;
}

static void put_metric(FILE *f, const struct report_style *s,
		       const struct report_metrics *m, size_t i)
{
	const struct report *r = report_metrics_base(m, i);
	struct report_shown shown;
	struct report_metric v;
	char *text;
	size_t k;

	report_metrics_value(m, i, NULL, &v);
	text = xasprintf(" %s = %s%s%s", v.mt->name, v.mt->text,
			 v.mt->unit_name && *v.mt->unit_name ? ", " : "",
			 v.mt->unit_name ? v.mt->unit_name : "");
	text_wrap(f, s, 3, text);
	free(text);
	if (!v.has) {
		text = xasprintf("   -: %s", v.why);
		text_wrap(f, s, 6, text);
		free(text);
		fputc('\n', f);
		return;
	}
	put_line(f, s, &v, "(all)");
	report_select(&shown, r, false);
	for (k = 0; k < shown.n && (r->opt->top || k < ROWS); k++) {
		if (!r->rows[shown.rows[k]].self.samples)
			continue;
		report_metrics_value(m, i, &r->rows[shown.rows[k]], &v);
		text = name_of(r, &r->rows[shown.rows[k]]);
		put_line(f, s, &v, text);
		free(text);
	}
	report_shown_release(&shown);
	fputc('\n', f);
}

static bool by_frequency(const struct report_metrics *m)
{
	const struct profile *p = m->reports->p;
	uint32_t i;

	for (i = 0; i < p->nevents; i++)
		if (p->events[i].weight == PROF_FREQ)
			return true;
	return false;
}

void report_metrics_text(FILE *f, const struct report_style *s,
			 const struct report_metrics *m)
{
	size_t i, n = report_metrics_count(m);
	char *text;

	if (!n)
		return;
	text_wrap(f, s, 1,
		  " metrics by the samples of each function; +- is half of a "
		  "95 % interval, from their numbers");
	if (by_frequency(m))
		text_wrap(f, s, 1,
			  " with -F periods vary: where events come in bursts "
			  "the error is larger than that; -c has fixed ones");
	if (m->turns > 1) {
		text = xasprintf(" %g event sets took turns: what was counted "
				 "in one is multiplied by %g",
				 m->turns, m->turns);
		text_wrap(f, s, 1, text);
		free(text);
	}
	fputc('\n', f);
	for (i = 0; i < n; i++)
		put_metric(f, s, m, i);
}
