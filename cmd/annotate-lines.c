/* SPDX-License-Identifier: MIT
 *
 * annotate-lines.c - a function by lines of source: what its instructions sum
 * up to, in the order of the files.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "annotate-priv.h"

/* A row of the code, as it is sorted. */
struct key {
	bool foreign; /* not of the file the function begins in */
	uint32_t file, line;
	size_t row;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->foreign != y->foreign)
		return x->foreign ? 1 : -1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void add_row(const struct annot *a, const struct annot_code *c,
		    struct annot_line *line, const struct annot_row *row)
{
	uint32_t i;

	line->rows++;
	if (row->counts == PROF_NONE)
		return;
	if (!line->counts)
		line->counts = xcalloc(a->tally.ncols, sizeof(*line->counts));
	for (i = 0; i < a->tally.ncols; i++) {
		const struct annot_count *from = &c->counts[row->counts + i];

		line->counts[i].weight += from->weight;
		line->counts[i].samples += from->samples;
	}
}

struct annot_line *annot_lines(const struct annot *a,
			       const struct annot_code *c, size_t *n)
{
	struct annot_line *lines = xcalloc(c->nrows, sizeof(*lines));
	struct key *keys = xcalloc(c->nrows, sizeof(*keys));
	uint32_t home = a->p->funcs[c->s->func].file;
	size_t nkeys = 0, i;

	*n = 0;
	for (i = 0; i < c->nrows; i++) {
		const struct annot_row *row = &c->rows[i];

		if (!row->other)
			keys[nkeys++] = (struct key){ row->file != home,
						      row->line ? row->file : 0,
						      row->line, i };
	}
	qsort(keys, nkeys, sizeof(*keys), compare_keys);
	for (i = 0; i < nkeys; i++) {
		if (!i || keys[i].file != keys[i - 1].file ||
		    keys[i].line != keys[i - 1].line) {
			lines[*n].file = keys[i].file;
			lines[(*n)++].line = keys[i].line;
		}
		add_row(a, c, &lines[*n - 1], &c->rows[keys[i].row]);
	}
	free(keys);
	return lines;
}

void annot_lines_free(struct annot_line *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i].counts);
	free(v);
}

void annot_lines_text(FILE *f, const struct annot *a,
		      const struct annot_code *c)
{
	struct annot_line *lines;
	struct annot_fold fold;
	size_t n, i;

	annot_fold_init(&fold, a);
	lines = annot_lines(a, c, &n);
	for (i = 0; i < n; i++) {
		if (annot_cold(a, c, lines[i].counts)) {
			annot_fold_add(&fold, a, lines[i].counts);
			continue;
		}
		annot_fold_end(f, a, c, &fold);
		annot_columns(f, a, c, lines[i].counts);
		fputs("  ", f);
		if (lines[i].line)
			annot_place(f, a, lines[i].file, lines[i].line);
		else
			fputs("(no line known)", f);
		fputc('\n', f);
	}
	annot_fold_end(f, a, c, &fold);
	annot_lines_free(lines, n);
	free(fold.sum);
}
