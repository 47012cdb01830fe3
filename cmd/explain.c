/* SPDX-License-Identifier: MIT
 *
 * explain.c - pfmon explain: what a metric or an event is, where it is from, and
 * what a result file makes of it.
 */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "json.h"
#include "list.h"
#include "result-file.h"
#include "sets.h"

static const char examples[] =
	"  pfmon explain ipc\n"
	"  pfmon count -M core -j -o r.json ./prog; pfmon explain ipc r.json\n"
	"  pfmon explain page-faults\n";

/* A metric with the numbers of a file. */
struct filled {
	const struct group *g;
	const char *pmu;
	const struct record *rec;
	const struct group_machine *m;
};

/* The mean over the runs; NULL, or why there is none. */
static const char *event_value(const struct filled *in,
			       const struct group_event *ev, double *value)
{
	char text[512];
	const struct record_row *row;
	struct moments mean;

	group_event_on(ev, in->pmu, text, sizeof(text));
	row = record_find(in->rec, text);
	if (!row)
		row = record_find(in->rec, ev->string);
	if (!row)
		return "not in the file";
	mean = record_moments(row->points, row->npoints);
	if (!mean.n)
		return row->reason ? row->reason : "without a value there";
	*value = mean.mean;
	return NULL;
}

static const char *fill(void *arg, unsigned id, double *value, double *error)
{
	const struct filled *in = arg;
	double sum = 0;
	size_t i;

	*error = 0;
	if (id >= GROUP_EVENT0)
		return event_value(in, &in->g->events[id - GROUP_EVENT0],
				   value);
	if (id == GROUP_TIME) {
		for (i = 0; i < in->rec->nruns; i++)
			sum += in->rec->elapsed_ns[i];
		if (!in->rec->nruns)
			return "not in the file";
		*value = sum / 1e9 / (double)in->rec->nruns;
		return NULL;
	}
	*value = in->m->value[id];
	return *value > 0 ? NULL : "not in the file";
}

/* The number in place of the name at p, if it is an event of the group. */
static size_t put_number(FILE *f, const struct filled *in, const char *p)
{
	double value, error;
	size_t len, i;

	for (len = 0;
	     isalnum((unsigned char)p[len]) || p[len] == '_' ||
	     (len && p[len] == '-' && isalpha((unsigned char)p[len + 1]));
	     len++)
		;
	for (i = 0; i < in->g->nevents; i++) {
		const struct group_event *ev = &in->g->events[i];

		if (strlen(ev->name) != len || memcmp(ev->name, p, len) != 0)
			continue;
		if (!event_value(in, ev, &value)) {
			fprintf(f, "%.12g", value);
			return len;
		}
	}
	if (len == 4 && !memcmp(p, "time", 4) &&
	    !fill((void *)in, GROUP_TIME, &value, &error))
		fprintf(f, "%.6g", value);
	else
		fprintf(f, "%.*s", (int)len, p);
	return len;
}

/* "= 5 / 10 = 0.5 ratio" */
static void put_filled(FILE *f, const struct filled *in,
		       const struct group_metric *mt)
{
	struct expr_result r;
	const char *p = mt->text;

	fprintf(f, "\n in %s:\n   %s = ", in->rec->name, mt->name);
	while (*p) {
		if (isalpha((unsigned char)*p) || *p == '_')
			p += put_number(f, in, p);
		else
			fputc(*p++, f);
	}
	group_eval(mt, fill, (void *)in, &r);
	if (r.has)
		fprintf(f, "\n   %s = %g %s%s\n", mt->name, r.value,
			mt->unit_name ? mt->unit_name : "",
			group_verdict(mt, r.value) == GROUP_BAD ?
				"  <- look here" :
				"");
	else
		fprintf(f, "\n   no value: %s\n", r.why);
}

static void put_events(FILE *f, const struct filled *in,
		       const struct group_metric *mt)
{
	char text[512];
	unsigned i, id;

	for (i = 0; expr_leaf(mt->expr, i, &id); i++) {
		if (id < GROUP_EVENT0)
			continue;
		group_event_on(&in->g->events[id - GROUP_EVENT0], in->pmu, text,
			       sizeof(text));
		fprintf(f, "   %s = %s\n",
			in->g->events[id - GROUP_EVENT0].name, text);
	}
}

static const char *pmu_of(const struct group *g, const struct group_machine *m)
{
	const char *pmu = group_pmu(g, m);

	return pmu ? pmu : g->pmus[0];
}

/* In all groups that have it; how many. */
static unsigned explain_metric(FILE *f, const char *name, const char *group,
			       const struct group_machine *m,
			       const struct record *rec)
{
	struct group_list list;
	unsigned n = 0;
	size_t i, k;

	group_list_load(&list, m, group);
	for (i = 0; i < list.n; i++)
		for (k = 0; k < list.v[i]->nmetrics; k++) {
			const struct group_metric *mt = &list.v[i]->metrics[k];
			struct filled in = { list.v[i], pmu_of(list.v[i], m),
					     rec, m };

			if (strcasecmp(mt->name, name) != 0)
				continue;
			fprintf(f, "%s group %s, %s  (%s)\n", n++ ? "\n" : "",
				list.v[i]->name,
				list.v[i]->title ? list.v[i]->title : "",
				in.pmu);
			metric_print(f, list.v[i], mt);
			put_events(f, &in, mt);
			if (!mt->source && list.v[i]->source)
				fprintf(f, "   source  %s\n",
					list.v[i]->source);
			if (rec)
				put_filled(f, &in, mt);
		}
	group_list_free(&list);
	return n;
}

/* The full name of an event, or NULL; to be freed. */
static char *full_name(const char *text)
{
	struct pfm_event ev;
	char *name;

	if (pfm_event_parse(text, PFM_PLM_USER | PFM_PLM_KERNEL, &ev) < 0)
		return NULL;
	name = xstrdup(ev.name);
	pfm_event_release(&ev);
	return name;
}

/* Its rows in the file. */
static void put_rows(FILE *f, const struct record *rec, const char *name)
{
	const struct record_row *row = record_find(rec, name);
	char *full = full_name(name);
	struct moments mean;

	if (!row && full)
		row = record_find(rec, full);
	free(full);
	if (!row) {
		fprintf(f, "\n %s has no such event\n", rec->name);
		return;
	}
	mean = record_moments(row->points, row->npoints);
	if (mean.n)
		fprintf(f, "\n in %s: %.12g %s%s\n", rec->name, mean.mean,
			row->unit, rec->nruns > 1 ? " (mean of runs)" : "");
	else
		fprintf(f, "\n in %s: no value: %s\n", rec->name,
			row->reason ? row->reason : "it has none");
}

/* Is it that event, by whatever name? */
static bool uses(const struct filled *in, unsigned event, const char *full)
{
	char text[512], *name;
	bool same;

	group_event_on(&in->g->events[event], in->pmu, text, sizeof(text));
	name = full_name(text);
	same = name && !strcasecmp(name, full);
	free(name);
	return same;
}

static void put_users(FILE *f, const char *full, const struct group_machine *m)
{
	struct group_list list;
	unsigned e, id;
	size_t i, k;

	group_list_load(&list, m, NULL);
	for (i = 0; i < list.n; i++) {
		struct filled in = { list.v[i], pmu_of(list.v[i], m), NULL, m };

		for (k = 0; k < list.v[i]->nmetrics; k++)
			for (e = 0;
			     expr_leaf(list.v[i]->metrics[k].expr, e, &id); e++)
				if (id >= GROUP_EVENT0 &&
				    uses(&in, id - GROUP_EVENT0, full))
					fprintf(f,
						"used by     %s, of group %s\n",
						list.v[i]->metrics[k].name,
						list.v[i]->name);
	}
	group_list_free(&list);
}

static void explain(FILE *f, const char *name, const char *group,
		    const char *pmu, const struct record *rec)
{
	const char *pmus[2] = { pmu, NULL };
	struct list_opt event = { .event = name };
	struct machine m;
	char *full;

	machine_init(&m);
	if (pmu)
		m.g.pmus = pmus;
	if (explain_metric(f, name, group, &m.g, rec))
		return;
	if (group)
		die("no metric '%s' in a group '%s'; see pfmon sets list -L",
		    name, group);
	/* It ends the program with the nearest names when it is none. */
	list_event(f, &event);
	full = full_name(name);
	if (full)
		put_users(f, full, &m.g);
	free(full);
	if (rec)
		put_rows(f, rec, name);
}

static int explain_run(int argc, char **argv)
{
	const char *group = NULL, *pmu = NULL;
	const struct opt opts[] = {
		{ OPT_STRING, 'M', "group", "NAME",
		  "the metric of this group, not of all", &group, 0, 0, NULL },
		{ OPT_STRING, 0, "pmu", "NAME", "of this PMU, not this CPU's",
		  &pmu, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	struct strlist names = { .n = 0 };
	struct record rec;
	char *text, *why;
	size_t size;
	bool file;
	FILE *f;

	set_die_status(STATUS_FAIL);
	operands_parse(&cmd_explain_entry, opts, argc, argv, &names);
	if (names.n < 1 || names.n > 2)
		usage_error(&cmd_explain_entry, "it takes the name of a metric "
						"or an event, and a file");
	file = names.n == 2;
	if (pmu && setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	if (file) {
		json_init_for("a result file");
		if (record_read(&rec, names.v[1], &why) < 0)
			die("%s", why);
	}
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	explain(f, names.v[0], group, pmu, file ? &rec : NULL);
	if (fclose(f) != 0)
		die("out of memory");
	print_out("%s", text);
	free(text);
	if (file)
		record_release(&rec);
	free(names.v);
	return 0;
}

const struct cmd_entry cmd_explain_entry = {
	.name = "explain",
	.summary = "what a metric or an event is, with a file's numbers",
	.usage = "[OPTION]... NAME [FILE]",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = explain_run,
};
