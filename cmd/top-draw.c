/* SPDX-License-Identifier: MIT
 *
 * top-draw.c - the parts of the screen of pfmon top put together, and the lines
 * below the table.  Each line is written in its whole width, so nothing has to be
 * cleared and curses sends only the cells that differ.
 */
#include "config.h"

#include "top-screen.h"

#include <stdio.h>
#include <string.h>

/* "F1 Help  F2 Setup ...", as far as there is room for a whole one. */
static void draw_feet(struct ui *ui)
{
	unsigned y = ui->rows - 1, x = 0;
	char name[8], text[32];
	size_t i;

	for (i = 0; i < key_count; i++) {
		const struct key *k = &key_table[i];
		unsigned n, m;

		if (!k->foot)
			continue;
		key_name(k->codes[0], name, sizeof(name));
		n = (unsigned)strlen(name);
		snprintf(text, sizeof(text), "%s ", k->foot);
		m = (unsigned)strlen(text);
		if (x + n + m > ui->cols)
			break;
		term_put(y, x, n, STYLE_PLAIN, name);
		term_put(y, x + n, m, STYLE_HEAD, text);
		x += n + m;
	}
	if (x < ui->cols)
		term_put(y, x, ui->cols - x, STYLE_PLAIN, "");
}

/* The end of the text is where one types: of a long one that is seen. */
static void draw_prompt(struct ui *ui, unsigned y)
{
	const char *text = ui->prompt.text;
	unsigned at = text_columns_of(ui->prompt.what) + 2, n;
	unsigned room = ui->cols > at + 1 ? ui->cols - 1 - at : 1;
	char what[64];

	snprintf(what, sizeof(what), "%s: ", ui->prompt.what);
	n = text_columns_of(text);
	while (n > room && *text)
		n = text_columns_of(++text);
	term_put(y, 0, at, STYLE_STRONG, what);
	term_put(y, at, ui->cols - at, STYLE_STRONG, text);
	term_cursor(y, at + n, true);
}

/* What can be done with the row that is chosen. */
static const char *hint(const struct ui *ui)
{
	const struct top_row *row = ui_row(ui);

	if (ui->page.title || !row)
		return "";
	if (ui->here.view == TOP_FUNCTIONS)
		return "Enter: its lines";
	if (row->pid > 0 &&
	    (ui->here.view == TOP_PROCESSES || ui->here.view == TOP_MEMORY))
		return "Enter: its functions   x: why a cell is -";
	return "";
}

/* A question, else a message, else what there is to say on the table. */
static void draw_message(struct ui *ui)
{
	unsigned y = ui->rows - 2;
	char buf[PROMPT_SIZE + 128];
	const char *text = buf;

	if (ui->prompt.what) {
		draw_prompt(ui, y);
		return;
	}
	if (ui->message)
		text = ui->message;
	else if (*ui->table->note)
		text = ui->table->note;
	else if (*ui->head->notice)
		text = ui->head->notice;
	else if (*ui->head->skipped)
		text = ui->head->skipped;
	else
		text = hint(ui);
	snprintf(buf, sizeof(buf), " %s", text);
	term_put(y, 0, ui->cols,
		 ui->message && ui->alarm ? STYLE_ALARM : STYLE_PLAIN, buf);
}

static void draw_rule(struct ui *ui)
{
	char buf[TEXT_COLUMNS * 3 + 1];
	const char *dash = term_is_utf8() ? "─" : "-";
	size_t n = strlen(dash), i;

	for (i = 0; i < ui->cols && (i + 1) * n < sizeof(buf); i++)
		memcpy(buf + i * n, dash, n);
	buf[i * n] = '\0';
	term_put(ui->rows - 3, 0, ui->cols, STYLE_DIM, buf);
}

static void draw_page(struct ui *ui)
{
	const struct page *p = &ui->page;
	unsigned rows = ui_table_rows(ui), i;
	char buf[TEXT_COLUMNS];

	snprintf(buf, sizeof(buf), " %s", p->title);
	term_put(HEAD_LINES, 0, ui->cols, STYLE_HEAD, buf);
	for (i = 0; i < rows; i++) {
		size_t line = p->first + i;

		snprintf(buf, sizeof(buf), " %s",
			 line < p->n ? p->lines[line] : "");
		term_put(HEAD_LINES + 1 + i, 0, ui->cols,
			 p->pick && line == p->at ? STYLE_CURSOR : STYLE_PLAIN,
			 buf);
	}
	if (p->pick)
		term_cursor(HEAD_LINES + 1 + (unsigned)(p->at - p->first), 0,
			    false);
	else
		term_cursor(HEAD_LINES, 0, false);
}

static void draw_too_small(struct ui *ui)
{
	char buf[128];
	unsigned y;

	snprintf(buf, sizeof(buf), "%ux%u: it needs %ux%u", ui->cols, ui->rows,
		 SCREEN_COLS, SCREEN_ROWS);
	for (y = 0; y < ui->rows; y++)
		term_put(y, 0, ui->cols, STYLE_PLAIN, y ? "" : buf);
	term_cursor(0, 0, false);
	term_flush();
}

void draw_all(struct ui *ui)
{
	unsigned rows = ui->rows, cols = ui->cols;

	term_size(&ui->rows, &ui->cols);
	if (ui->rows < SCREEN_ROWS || ui->cols < SCREEN_COLS) {
		draw_too_small(ui);
		return;
	}
	if (ui->rows != rows || ui->cols != cols)
		ui_choose(ui, ui->here.at);
	draw_head(ui);
	if (ui->page.title)
		draw_page(ui);
	else
		draw_table(ui);
	draw_rule(ui);
	draw_feet(ui);
	draw_message(ui);
	term_flush();
}
