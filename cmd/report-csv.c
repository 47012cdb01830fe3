/* SPDX-License-Identifier: MIT
 *
 * report-csv.c - a report as separated values: one head line, then one line a
 * row, quoted as RFC 4180 says.  Names are whole.  What is not known is "-",
 * with its reason in the last column.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void csv_field(FILE *f, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, f);
		return;
	}
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

void report_csv_head(FILE *f, const struct report_opt *opt)
{
	unsigned i;

	if (opt->tree) {
		fputs("event,depth,name,share_percent,value,unit,samples,"
		      "object,file,line,others\n",
		      f);
		return;
	}
	fputs("event", f);
	for (i = 0; i < opt->nkeys; i++)
		fprintf(f, ",%s", report_key_name(opt->keys[i]));
	fputs(",self,total,unit,self_percent,total_percent,self_samples,"
	      "total_samples,object,build_id,at_function,at_file,at_line,"
	      "reason\n",
	      f);
}

static void put_event(FILE *f, const struct report *r)
{
	csv_field(f, r->p->strings[r->p->events[r->event].name]);
}

static double value_of(const struct report *r, uint64_t weight)
{
	return (double)weight * r->p->events[r->event].scale;
}

static void put_total(FILE *f, const struct report *r, bool percent,
		      uint64_t weight)
{
	if (r->opt->no_children)
		fputs(",-", f);
	else if (percent)
		fprintf(f, ",%.6g", report_percent(weight, r->all.weight));
	else
		fprintf(f, ",%.15g", value_of(r, weight));
}

static void put_values(FILE *f, const struct report *r,
		       const struct report_row *row)
{
	fprintf(f, ",%.15g", value_of(r, row->self.weight));
	put_total(f, r, false, row->total.weight);
	fputc(',', f);
	csv_field(f, r->p->strings[r->p->events[r->event].unit]);
	fprintf(f, ",%.6g", report_percent(row->self.weight, r->all.weight));
	put_total(f, r, true, row->total.weight);
	fprintf(f, ",%" PRIu64, row->self.samples);
	if (r->opt->no_children)
		fputs(",-", f);
	else
		fprintf(f, ",%" PRIu64, row->total.samples);
}

static void put_context(FILE *f, const struct report *r,
			const struct report_row *row)
{
	struct report_context c = report_context(r, row->place);
	uint32_t object;
	char *why;

	fputc(',', f);
	csv_field(f, c.path);
	fputc(',', f);
	csv_field(f, c.build_id);
	fputc(',', f);
	csv_field(f, c.function);
	fputc(',', f);
	csv_field(f, c.file);
	fputc(',', f);
	if (c.line)
		fprintf(f, "%u", c.line);
	fputc(',', f);
	if (report_is_unresolved(r, row->place, &object)) {
		why = report_why(r->p, object);
		csv_field(f, why);
		free(why);
	} else if (r->opt->no_children) {
		fputs("no totals: --no-children", f);
	}
	fputc('\n', f);
}

static void put_rows(FILE *f, const struct report *r)
{
	struct report_shown shown;
	size_t i;
	unsigned k;

	report_select(&shown, r, false);
	for (i = 0; i < shown.n; i++) {
		const struct report_row *row = &r->rows[shown.rows[i]];

		put_event(f, r);
		for (k = 0; k < r->opt->nkeys; k++) {
			char *text = report_key_text(r, row, k);

			fputc(',', f);
			csv_field(f, text);
			free(text);
		}
		put_values(f, r, row);
		put_context(f, r, row);
	}
	report_shown_release(&shown);
}

static void put_branch(FILE *f, const struct report *r,
		       const struct tree_line *line)
{
	struct report_context c = { "", "", "", "", "", 0 };
	char *name = xstrdup(line->others ? "others" : "all");
	uint32_t number;
	const char *file = report_call_site(r, line, &number);

	if (line->place != PROF_NONE) {
		free(name);
		name = report_place_name(r, line->place);
		c = report_context(r, line->place);
	}
	put_event(f, r);
	fprintf(f, ",%u,", line->depth);
	csv_field(f, name);
	fprintf(f, ",%.6g,%.15g,", line->share, value_of(r, line->sum.weight));
	csv_field(f, r->p->strings[r->p->events[r->event].unit]);
	fprintf(f, ",%" PRIu64 ",", line->sum.samples);
	csv_field(f, c.path);
	fputc(',', f);
	csv_field(f, file);
	fputc(',', f);
	if (number)
		fprintf(f, "%u", number);
	fputc(',', f);
	if (line->others)
		fprintf(f, "%" PRIu64, line->others);
	fputc('\n', f);
	free(name);
}

void report_csv(FILE *f, const struct report *r)
{
	struct tree_lines lines;
	size_t i;

	if (!r->opt->tree) {
		put_rows(f, r);
		return;
	}
	report_trees(&lines, r);
	for (i = 0; i < lines.n; i++)
		put_branch(f, r, &lines.v[i]);
	free(lines.v);
}
