/* SPDX-License-Identifier: MIT
 *
 * annotate-text.c - a function for people: its instructions with a column for
 * each event, and the lines of source between them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "annotate-priv.h"

#define COLUMN 20 /* one event: "100.0 %", its samples, blanks */
#define HOT 10.0  /* percent, of the function's own samples */
#define WARM 2.0

static const char bold_red[] = "\033[1;31m", yellow[] = "\033[33m",
		  faint[] = "\033[2m", plain[] = "\033[m";

void annot_put(FILE *f, const char *s, size_t len)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (c == '\t')
			fputs("    ", f);
		else if (c == '\r' && i + 1 == len)
			break;
		else
			fputc(c < ' ' || c == 0x7f ? '?' : c, f);
	}
}

static void put_text(FILE *f, const struct annot *a, uint32_t string)
{
	const char *s = a->p->strings[string];

	annot_put(f, s, strlen(s));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void put_base(FILE *f, const struct annot *a, uint32_t string)
{
	const char *base = base_name(a->p->strings[string]);

	annot_put(f, base, strlen(base));
}

/* 12,951 */
static const char *grouped(uint64_t n, char buf[32])
{
	char digits[24];
	size_t len, i, k = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n);
	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[k++] = ',';
		buf[k++] = digits[i];
	}
	buf[k] = '\0';
	return buf;
}

/* By the share of the function, whatever the columns are percent of. */
static const char *heat(const struct annot *a, const struct annot_code *c,
			const struct annot_count *counts)
{
	double most = 0, share;
	uint32_t i;

	if (!a->colour || !counts)
		return "";
	for (i = 0; i < a->tally.ncols; i++) {
		if (!c->self[i].weight)
			continue;
		share = 100 * (double)counts[i].weight /
			(double)c->self[i].weight;
		most = share > most ? share : most;
	}
	return most >= HOT ? bold_red : most >= WARM ? yellow : "";
}

void annot_columns(FILE *f, const struct annot *a, const struct annot_code *c,
		   const struct annot_count *counts)
{
	const char *colour = heat(a, c, counts);
	char buf[32];
	uint32_t i;

	fputs(colour, f);
	for (i = 0; i < a->ncols; i++) {
		uint32_t col = a->cols[i];

		if (!counts || !counts[col].samples)
			fprintf(f, "%*s", COLUMN, "");
		else
			fprintf(f, " %5.1f %% %11s",
				annot_percent(a, c, col, counts[col].weight),
				grouped(counts[col].samples, buf));
	}
	fputs(*colour ? plain : "", f);
}

void annot_fold_init(struct annot_fold *fold, const struct annot *a)
{
	*fold = (struct annot_fold){ .cold = 0 };
	fold->sum = xcalloc(a->tally.ncols, sizeof(*fold->sum));
}

void annot_fold_add(struct annot_fold *fold, const struct annot *a,
		    const struct annot_count *counts)
{
	uint32_t i;

	fold->cold++;
	for (i = 0; counts && i < a->tally.ncols; i++)
		fold->sum[i].weight += counts[i].weight;
}

static void put_number(FILE *f, const struct annot *a,
		       const struct annot_code *c, size_t n)
{
	char buf[32];

	annot_columns(f, a, c, NULL);
	fprintf(f, "  ... %s ", grouped(n, buf));
	if (a->opt->lines)
		fputs(n == 1 ? "line" : "lines", f);
	else if (c->why)
		fputs(n == 1 ? "address" : "addresses", f);
	else
		fputs(n == 1 ? "instruction" : "instructions", f);
}

void annot_fold_end(FILE *f, const struct annot *a, const struct annot_code *c,
		    struct annot_fold *fold)
{
	uint32_t i;

	if (fold->cold) {
		put_number(f, a, c, fold->cold);
		for (i = 0; i < a->ncols; i++)
			fprintf(f, ", %.1f %%",
				annot_percent(a, c, a->cols[i],
					      fold->sum[a->cols[i]].weight));
		fputc('\n', f);
		memset(fold->sum, 0, a->tally.ncols * sizeof(*fold->sum));
	}
	if (fold->others) {
		put_number(f, a, c, fold->others);
		fputs(" outside ", f);
		put_text(f, a, a->p->funcs[c->s->inlined].name);
		fputc('\n', f);
	}
	fold->cold = fold->others = 0;
}

void annot_place(FILE *f, const struct annot *a, uint32_t file, uint32_t line)
{
	const char *text;
	size_t len;

	put_base(f, a, file);
	fprintf(f, ":%u", line);
	text = a->source ? source_line(a->source, file, line, &len) : NULL;
	if (!text)
		return;
	fputs("  ", f);
	annot_put(f, text, len);
}

static void put_row(FILE *f, const struct annot *a, const struct annot_code *c,
		    const struct annot_row *row)
{
	const struct annot_count *counts =
		row->counts == PROF_NONE ? NULL : c->counts + row->counts;
	size_t label = annot_label(c, row->addr);

	if (label) {
		annot_columns(f, a, c, NULL);
		fprintf(f, "  .L%zu:\n", label);
	}
	annot_columns(f, a, c, counts);
	fprintf(f, "  %8" PRIx64, row->addr);
	if (row->text) {
		fprintf(f, "  %s", row->text);
		annot_target(a, c, row, f);
	} else if (!a->source && row->line) {
		fputs("  ", f);
		annot_place(f, a, row->file, row->line);
	}
	fputc('\n', f);
}

static void put_source(FILE *f, const struct annot *a,
		       const struct annot_code *c, const struct annot_row *row)
{
	if (!a->source || !row->line)
		return;
	annot_columns(f, a, c, NULL);
	fputs(a->colour ? faint : "", f);
	fputs("  ", f);
	annot_place(f, a, row->file, row->line);
	fputs(a->colour ? plain : "", f);
	fputc('\n', f);
}

static bool same_line(const struct annot_row *x, const struct annot_row *y)
{
	return x && x->line == y->line && x->file == y->file;
}

static void put_rows(FILE *f, const struct annot *a, const struct annot_code *c)
{
	const struct annot_row *before = NULL, *row;
	const struct annot_count *counts;
	struct annot_fold fold;
	size_t i;

	annot_fold_init(&fold, a);
	for (i = 0; i < c->nrows; i++) {
		row = &c->rows[i];
		counts = row->counts == PROF_NONE ? NULL :
						    c->counts + row->counts;
		if (row->other) {
			if (fold.cold)
				annot_fold_end(f, a, c, &fold);
			fold.others++;
			continue;
		}
		if (fold.others)
			annot_fold_end(f, a, c, &fold);
		if (annot_cold(a, c, counts)) {
			annot_fold_add(&fold, a, counts);
			continue;
		}
		annot_fold_end(f, a, c, &fold);
		if (!same_line(before, row))
			put_source(f, a, c, row);
		before = row;
		put_row(f, a, c, row);
	}
	annot_fold_end(f, a, c, &fold);
	free(fold.sum);
}

/* "hash_lookup  table.c:118  libtable.so (build-id 9c1f20aa...)" */
static void put_title(FILE *f, const struct annot *a,
		      const struct annot_section *s)
{
	const struct prof_func *func = &a->p->funcs[s->func];
	const struct prof_object *o = &a->p->objects[func->object];

	if (s->inlined != PROF_NONE) {
		put_text(f, a, a->p->funcs[s->inlined].name);
		fputs(" inlined in ", f);
	}
	put_text(f, a, func->name);
	if (func->line) {
		fputs("  ", f);
		put_base(f, a, func->file);
		fprintf(f, ":%u", func->line);
	}
	fputs("  ", f);
	put_base(f, a, o->path);
	if (*a->p->strings[o->build_id])
		fprintf(f, " (build-id %.12s)", a->p->strings[o->build_id]);
	fputc('\n', f);
}

static bool is_filtered(const struct prof_filter *f)
{
	return f->func.n || f->dso.n || f->comm.n || f->pid.n || f->tid.n ||
	       f->cpu || f->time;
}

static void put_events(FILE *f, const struct annot *a,
		       const struct annot_code *c)
{
	char buf[32];
	uint32_t i;

	for (i = 0; i < a->ncols; i++) {
		uint32_t col = a->cols[i];
		const struct prof_event *ev =
			&a->p->events[a->tally.first + col];
		const struct annot_count *all = &a->tally.total[col];

		fputs("  ", f);
		put_text(f, a, ev->name);
		fprintf(f, ": %s sample%s, %.1f %% of all%s",
			grouped(c->self[col].samples, buf),
			c->self[col].samples == 1 ? "" : "s",
			all->weight ? 100 * (double)c->self[col].weight /
					      (double)all->weight :
				      0,
			is_filtered(&a->opt->filter) ? " that match" : "");
		if (*a->p->strings[ev->skid]) {
			fputs("; addresses are ", f);
			put_text(f, a, ev->skid);
		}
		fputc('\n', f);
	}
}

/* Sources that were changed since, each once. */
static void put_newer(FILE *f, const struct annot *a,
		      const struct annot_code *c)
{
	uint32_t said = 0; /* "" */
	size_t i;

	for (i = 0; a->source && i < c->nrows; i++) {
		uint32_t file = c->rows[i].file;

		if (file == said || !c->rows[i].line)
			continue;
		if (file == a->p->funcs[c->s->func].file &&
		    source_newer(a->source, file)) {
			fputs("  note: ", f);
			put_base(f, a, file);
			fputs(" was changed after the recording: its lines "
			      "may have moved\n",
			      f);
			return;
		}
		said = file;
	}
}

static void put_heads(FILE *f, const struct annot *a)
{
	const char *name;
	uint32_t i;

	fputc('\n', f);
	for (i = 0; a->ncols > 1 && i < a->ncols; i++) {
		name = a->p->strings[a->p->events[a->tally.first + a->cols[i]]
					     .name];
		fprintf(f, " %*.*s", COLUMN - 1, COLUMN - 1, name);
	}
	if (a->ncols > 1)
		fputc('\n', f);
	for (i = 0; i < a->ncols; i++)
		fprintf(f, " %7s %11s",
			a->opt->percent == ANNOT_GLOBAL ? "of all" : "self",
			"samples");
	fputs(a->opt->lines ? "  line\n" : "   address  instruction\n", f);
	for (i = 0; i < a->ncols; i++)
		fputs(" ------- -----------", f);
	fputs(a->opt->lines ? "  ----\n" : "  --------  -----------\n", f);
}

static void put_others(FILE *f, const struct annot *a)
{
	char buf[32];
	size_t i;

	for (i = 0; i < a->found.nothers; i++) {
		const struct annot_other *other = &a->found.others[i];
		uint32_t path = a->p->objects[other->object].path;

		fputs("  also in ", f);
		put_base(f, a, path);
		fprintf(f,
			", %s sample%s: --dso=", grouped(other->samples, buf),
			other->samples == 1 ? "" : "s");
		put_base(f, a, path);
		fputc('\n', f);
	}
}

void annot_text(FILE *f, struct annot *a)
{
	struct annot_code c;
	size_t i;

	for (i = 0; i < a->found.n; i++) {
		annot_code_init(&c, a, &a->found.v[i]);
		fputs(i ? "\n" : "", f);
		put_title(f, a, c.s);
		put_events(f, a, &c);
		if (!i)
			put_others(f, a);
		if (c.why) {
			fputs("  ", f);
			annot_put(f, c.why, strlen(c.why));
			fputc('\n', f);
		}
		put_newer(f, a, &c);
		put_heads(f, a);
		if (a->opt->lines)
			annot_lines_text(f, a, &c);
		else
			put_rows(f, a, &c);
		annot_code_release(&c);
	}
}
