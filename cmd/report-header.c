/* SPDX-License-Identifier: MIT
 *
 * report-header.c - report --header: what was recorded, where, when and how, and
 * how it ended.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static void put_fact(FILE *f, const char *key, const char *text)
{
	char *name = text_fit(key, 20, false),
	     *value = text_fit(text, 4096, true);

	fprintf(f, " %-12s %s\n", name, value);
	free(name);
	free(value);
}

static void put_event_fact(FILE *f, const struct profile *p,
			   const struct prof_event *e)
{
	static const char *const how[] = { "every", "at", "clock-driven, at" };
	const char *unit = e->weight == PROF_PERIOD ? "" : " Hz";
	char *text = xasprintf("%s, %s %" PRIu64 "%s, addresses: %s",
			       p->strings[e->name], how[e->weight], e->period,
			       unit, p->strings[e->skid]),
	     *more;
	uint32_t i;

	for (i = 0; i < e->nvalues; i++) {
		more = xasprintf("%s%s %s", text, i ? "," : ", with",
				 p->strings[e->values[i]]);
		free(text);
		text = more;
	}
	put_fact(f, "event", text);
	free(text);
}

/* ", killed by signal 11", or "" of one that ended by itself. */
char *report_killed(const struct profile *p)
{
	int status = p->totals.status;

	if (!p->ended || status < 0 || !WIFSIGNALED(status))
		return xstrdup("");
	return xasprintf(", killed by signal %d", WTERMSIG(status));
}

static void put_start(FILE *f, const struct prof_totals *t)
{
	time_t at = (time_t)(t->start_ns / NS_PER_S);
	char text[64];
	struct tm tm;

	if (gmtime_r(&at, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		put_fact(f, "started", text);
}

static void put_end(FILE *f, const struct profile *p)
{
	const struct prof_totals *t = &p->totals;
	char *killed = report_killed(p), *text, *exited = NULL;

	if (t->status >= 0 && WIFEXITED(t->status))
		exited = xasprintf(", exit status %d", WEXITSTATUS(t->status));
	text = xasprintf("after %.3f s%s%s, %" PRIu64 " process%s, %" PRIu64
			 " thread%s",
			 (double)t->duration_ns / 1e9, killed,
			 exited ? exited : "", t->processes,
			 t->processes == 1 ? "" : "es", t->threads,
			 t->threads == 1 ? "" : "s");
	put_fact(f, "ended", text);
	free(text);
	free(exited);
	free(killed);
}

void report_header(FILE *f, const struct profile *p)
{
	uint32_t i;

	put_fact(f, "file", p->path);
	for (i = 0; i < p->nmetas; i++)
		put_fact(f, p->metas[i].key, p->metas[i].text);
	if (p->ended) {
		put_start(f, &p->totals);
		put_end(f, p);
	} else {
		put_fact(f, "ended", "not known: the recording was cut");
	}
	for (i = 0; i < p->nevents; i++)
		put_event_fact(f, p, &p->events[i]);
	for (i = 0; i < p->nobjects; i++) {
		const char *id = p->strings[p->objects[i].build_id];
		char *text = xasprintf("%s  %s", *id ? id : "-",
				       p->strings[p->objects[i].path]);

		put_fact(f, "object", text);
		free(text);
	}
	fputc('\n', f);
}
