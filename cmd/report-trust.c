/* SPDX-License-Identifier: MIT
 *
 * report-trust.c - how far a profile can be trusted: one line when all is well,
 * else one more for each thing that is not, with the way out.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COMPLETE_LEAST 95.0 /* percent of stacks */
#define RESOLVED_LEAST 90.0 /* percent of samples */

__attribute__((format(printf, 3, 4))) static void
warn_line(FILE *f, const struct report_style *s, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	fprintf(f, " %sWARNING%s ", s->colour ? "\033[1;31m" : "",
		s->colour ? "\033[m" : "");
	text_wrap(f, s, 9, text);
	free(text);
}

static void put_lost(FILE *f, const struct report_style *s,
		     const struct prof_totals *t)
{
	uint64_t all = t->samples + t->lost + t->dropped;

	if (t->lost)
		warn_line(f, s,
			  "lost %" PRIu64 " samples (%.1f %%), by the kernel's "
			  "own count: sample less often, or with a larger "
			  "buffer (-m)",
			  t->lost, report_percent(t->lost, all));
	if (t->dropped)
		warn_line(f, s,
			  "dropped %" PRIu64 " samples (%.1f %%): no room in "
			  "pfmon's buffer; a larger one is -m",
			  t->dropped, report_percent(t->dropped, all));
	if (t->throttled)
		warn_line(f, s,
			  "throttled %" PRIu64 " times: the kernel stopped a "
			  "counter for a while, what ran then is not in here; "
			  "sample less often",
			  t->throttled);
	if (t->stacks &&
	    report_percent(t->complete, t->stacks) < COMPLETE_LEAST)
		warn_line(f, s,
			  "%.1f %% of the stacks end too early: callers and "
			  "totals are too low; try -g dwarf",
			  100 - report_percent(t->complete, t->stacks));
}

/* " 41,220 samples, 0 lost ...", without its end. */
static char *file_text(const struct profile *p)
{
	const struct prof_totals *t = &p->totals;
	char *n = text_grouped(p->nsamples), *lost, *dropped, *text, *more;

	if (!p->ended) {
		text = xasprintf("%s samples, lost ones are not known", n);
		free(n);
		return text;
	}
	lost = text_grouped(t->lost);
	dropped = text_grouped(t->dropped);
	text = xasprintf("%s samples, %s lost, %s dropped, %" PRIu64
			 " throttled",
			 n, lost, dropped, t->throttled);
	free(n);
	free(lost);
	free(dropped);
	if (!t->stacks)
		return text;
	more = xasprintf("%s   stacks complete %.1f %%", text,
			 report_percent(t->complete, t->stacks));
	free(text);
	return more;
}

static char *event_text(const struct report *r)
{
	const char *skid = r->p->strings[r->p->events[r->event].skid];

	if (!r->all.samples)
		return xasprintf("symbols -   addresses: %s",
				 *skid ? skid : "skid is not known");
	return xasprintf("symbols %.1f %%   addresses: %s",
			 report_percent(r->resolved, r->all.samples),
			 *skid ? skid : "skid is not known");
}

static void warn_event(FILE *f, const struct report_style *s,
		       const struct report *r)
{
	const struct prof_event *e = &r->p->events[r->event];
	double resolved = report_percent(r->resolved, r->all.samples);
	char *text;

	if (e->weight == PROF_CLOCK) {
		const char *measured = prof_meta(r->p, "resolution");

		text = xasprintf(" clock-driven: a sample weighs what was "
				 "counted on its CPU since the one before; "
				 "resolution %.3f ms (%" PRIu64 " Hz)%s%s",
				 e->period ? 1000 / (double)e->period : 0,
				 e->period, measured ? ", measured " : "",
				 measured ? measured : "");
		text_wrap(f, s, 1, text);
		free(text);
	}
	if (r->all.samples && resolved < RESOLVED_LEAST && r->p->nfuncs)
		warn_line(f, s,
			  "%.1f %% of the samples have no name; the flat "
			  "table has their objects, and why",
			  100 - resolved);
}

static void warn_file(FILE *f, const struct report_style *s,
		      const struct profile *p)
{
	char *n = text_grouped(p->nsamples);

	if (!p->ended) {
		warn_line(f, s,
			  "the recording was cut: %s samples could be read%s",
			  n, p->nfuncs ? "" : ", no symbols");
	} else {
		put_lost(f, s, &p->totals);
		if (p->nsamples != p->totals.samples)
			warn_line(f, s,
				  "the file is damaged: %s of its %" PRIu64
				  " samples could be read",
				  n, p->totals.samples);
	}
	free(n);
}

void report_trust_event(FILE *f, const struct report_style *s,
			const struct report *r)
{
	char *text = event_text(r);

	fputc(' ', f);
	text_wrap(f, s, 1, text);
	free(text);
	warn_event(f, s, r);
}

void report_trust_file(FILE *f, const struct report_style *s,
		       const struct profile *p)
{
	char *text = file_text(p);

	fprintf(f, " %s\n", text);
	free(text);
	warn_file(f, s, p);
}

void report_trust(FILE *f, const struct report_style *s, const struct report *r)
{
	char *file = file_text(r->p), *event = event_text(r);
	unsigned columns = text_columns(file) + text_columns(event) + 4;

	if (columns <= s->width) {
		char *both = xasprintf(" %s   %s", file, event);

		text_wrap(f, s, 1, both);
		free(both);
	} else {
		fprintf(f, " %s\n ", file);
		text_wrap(f, s, 1, event);
	}
	free(file);
	free(event);
	warn_event(f, s, r);
	warn_file(f, s, r->p);
}
