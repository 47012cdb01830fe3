/* SPDX-License-Identifier: MIT
 *
 * top-draw-table.c - the table of pfmon top: titles, the rows that are seen, the
 * one that is chosen and those that are tagged.
 */
#include "config.h"

#include "top-screen.h"

#include <stdio.h>
#include <string.h>

#define CELL_SIZE 4096 /* bytes of a text: a command line */
#define TREE_DEPTH 12  /* steps to the right, at most */

static bool is_number(const struct top_column *col)
{
	return col->kind != TOP_TEXT && col->kind != TOP_SPARK && !col->left;
}

static void cell_text(struct ui *ui, const struct top_row *row, unsigned c,
		      char *buf, size_t size)
{
	const struct top_column *col = &ui->table->cols[c];
	unsigned steps = 0, n;
	float values[64];
	struct text_trend trend = { values, 0, 0 };

	if (col->kind == TOP_SPARK) {
		n = top_spark(ui->t, row->key, values, ARRAY_SIZE(values));
		trend.n = n;
		/* One that does little is not drawn as one that does much. */
		trend.max = 100;
		for (unsigned i = 0; i < n; i++)
			if ((double)values[i] > trend.max)
				trend.max = (double)values[i];
		text_spark(&trend, col->width ? col->width : 16, term_is_utf8(),
			   buf, size);
		return;
	}
	if (c == ui->table->ncols - 1 && ui->setup.tree)
		steps = row->depth < TREE_DEPTH ? row->depth : TREE_DEPTH;
	for (n = 0; n < steps; n++)
		memcpy(buf + 2 * n, "  ", 2);
	top_format(col, &row->cells[c], buf + 2 * n, size - 2 * n);
}

/* The widest there was yet of each column. */
static void measure(struct ui *ui)
{
	const struct top_table *t = ui->table;
	size_t end = ui->here.first + ui_table_rows(ui), i;
	unsigned c, n;
	char buf[CELL_SIZE];

	if (end > t->nrows)
		end = t->nrows;
	for (c = 0; c < t->ncols && c < FIT_COLUMNS; c++)
		for (i = ui->here.first; i < end; i++) {
			/* a text that is the last takes what there is */
			if (t->cols[c].kind == TOP_SPARK ||
			    (c + 1 == t->ncols && t->cols[c].left))
				break;
			cell_text(ui, &t->rows[i], c, buf, sizeof(buf));
			n = text_columns_of(buf);
			/* one name must not push all others out */
			if (!is_number(&t->cols[c]) && n > ui->cols / 4)
				n = ui->cols / 4;
			if (ui->need[c] < n)
				ui->need[c] = n;
		}
}

void draw_fit(struct ui *ui)
{
	const struct top_table *t = ui->table;
	struct fit_wish wish = {
		.cols = t->cols,
		.ncols = t->ncols,
		.sorted = t->sorted,
		.need = ui->need,
		.width = ui->cols - 1, /* the first one marks tags */
		.skip = ui->here.skip,
	};
	unsigned c;

	measure(ui);
	for (c = 0; c < t->ncols && c < FIT_COLUMNS; c++)
		if (ui_hidden(ui, t->view, t->cols[c].id))
			wish.hidden |= 1ULL << c;
	fit_columns(&wish, &ui->fit);
}

/* With what is between it and the next, or the end; numbers end at the right. */
static void put_cell(unsigned y, unsigned i, const struct ui *ui,
		     enum term_style style, const char *text)
{
	const struct fit *f = &ui->fit;
	unsigned width = f->at[i].width, n = text_columns_of(text);
	unsigned x = f->at[i].x + 1, end = x + width, pad = 0;

	if (is_number(&ui->table->cols[f->at[i].col]) && n < width)
		pad = width - n;
	if (pad)
		term_put(y, x, pad, style, "");
	term_put(y, x + pad, width - pad, style, text);
	term_put(y, end, i + 1 < f->n ? 1 : ui->cols, style, "");
}

static void draw_titles(struct ui *ui)
{
	const struct top_table *t = ui->table;
	unsigned i, y = HEAD_LINES;
	char buf[128];

	term_put(y, 0, 1, STYLE_HEAD, "");
	for (i = 0; i < ui->fit.n; i++) {
		const struct top_column *col = &t->cols[ui->fit.at[i].col];

		snprintf(buf, sizeof(buf), "%s", col->title);
		put_cell(y, i, ui,
			 ui->fit.at[i].col == t->sorted ? STYLE_SORTED :
							  STYLE_HEAD,
			 buf);
	}
	if (ui->fit.n == 0)
		term_put(y, 1, ui->cols - 1, STYLE_HEAD, "");
}

static void draw_row(struct ui *ui, unsigned y, size_t i)
{
	const struct top_row *row = &ui->table->rows[i];
	bool tagged = (ui->here.view == TOP_PROCESSES ||
		       ui->here.view == TOP_MEMORY) &&
		      tags_has(&ui->tags, row->key);
	enum term_style style = STYLE_PLAIN;
	char buf[CELL_SIZE];
	unsigned j;

	if (i == ui->here.at)
		style = STYLE_CURSOR;
	else if (tagged)
		style = STYLE_TAG;
	else if (row->flags & (TOP_ROW_KERNEL | TOP_ROW_ENDED | TOP_ROW_REST))
		style = STYLE_DIM;
	term_put(y, 0, 1, style, tagged ? "*" : "");
	for (j = 0; j < ui->fit.n; j++) {
		unsigned c = ui->fit.at[j].col;
		bool bar = ui->table->cols[c].kind == TOP_SPARK &&
			   style == STYLE_PLAIN;

		cell_text(ui, row, c, buf, sizeof(buf));
		put_cell(y, j, ui, bar ? STYLE_BAR : style, buf);
	}
}

/* Why there is no row, where nothing else says it. */
static void draw_empty(struct ui *ui)
{
	bool tasks =
		ui->here.view == TOP_PROCESSES || ui->here.view == TOP_MEMORY;
	char buf[PROMPT_SIZE + 64] = "";

	if (isnan(ui->head->busy))
		snprintf(buf, sizeof(buf), " the first interval goes on");
	else if (*ui->filter)
		snprintf(buf, sizeof(buf), " no row has '%s': F4 changes it",
			 ui->filter);
	else if (tasks && !ui->setup.idle)
		snprintf(buf, sizeof(buf),
			 " no process%s%s ran in the interval: i shows idle "
			 "ones",
			 *ui->user ? " of " : "", ui->user);
	term_put(HEAD_LINES + 1, 0, ui->cols, STYLE_PLAIN, buf);
}

void draw_table(struct ui *ui)
{
	const struct top_table *t = ui->table;
	unsigned rows = ui_table_rows(ui), i;

	draw_fit(ui);
	draw_titles(ui);
	for (i = 0; i < rows; i++) {
		unsigned y = HEAD_LINES + 1 + i;

		if (ui->here.first + i < t->nrows)
			draw_row(ui, y, ui->here.first + i);
		else
			term_put(y, 0, ui->cols, STYLE_PLAIN, "");
	}
	if (t->nrows == 0)
		draw_empty(ui);
	term_cursor(HEAD_LINES + 1 + (unsigned)(ui->here.at - ui->here.first),
		    0, false);
}
