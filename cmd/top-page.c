/* SPDX-License-Identifier: MIT
 *
 * top-page.c - lines in place of the table of pfmon top: the help, the reasons of
 * a row, and lists of columns, users and signals to choose from.
 */
#include "config.h"

#include "top-screen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void page_open(struct ui *ui, char *title)
{
	page_close(ui);
	ui->page.title = title;
}

void page_add(struct ui *ui, char *line)
{
	struct page *p = &ui->page;

	p->lines = xreallocarray(p->lines, p->n + 1, sizeof(*p->lines));
	p->lines[p->n++] = line;
}

/* As much of a text as a width has, to the end of a word: bytes. */
static size_t fitting(const char *text, size_t width)
{
	size_t n = strlen(text), i;

	if (n <= width)
		return n;
	for (i = width; i > 0 && text[i] != ' '; i--)
		;
	return i ? i : width;
}

/* A name, and a text beside it in as many lines as it needs. */
static void page_text(struct ui *ui, const char *name, unsigned indent,
		      const char *text)
{
	unsigned used = indent + 3; /* and the edges of the page */
	size_t width = ui->cols > used + 10 ? ui->cols - used : PROMPT_SIZE, n;

	do {
		n = fitting(text, width);
		page_add(ui, xasprintf("%-*s %.*s", (int)indent, name, (int)n,
				       text));
		text += n;
		text += strspn(text, " ");
		name = "";
	} while (*text);
}

void page_close(struct ui *ui)
{
	struct page *p = &ui->page;

	for (size_t i = 0; i < p->n; i++)
		free(p->lines[i]);
	free(p->lines);
	free(p->title);
	*p = (struct page){ .title = NULL };
}

static void page_leave(struct ui *ui)
{
	void (*close)(struct ui *) = ui->page.close;

	page_close(ui);
	if (close)
		close(ui);
}

/* The line that is chosen, or the first one of a page only to be read. */
static void page_move(struct ui *ui, unsigned code)
{
	struct page *p = &ui->page;
	size_t seen = ui_table_rows(ui), last, *at;

	at = p->pick ? &p->at : &p->first;
	last = p->pick ? p->n : p->n > seen ? p->n - seen + 1 : 1;
	last -= last > 0;
	if (code == TERM_UP)
		*at -= *at > 0;
	else if (code == TERM_PAGE_UP)
		*at -= *at < seen ? *at : seen;
	else if (code == TERM_HOME)
		*at = 0;
	else if (code == TERM_DOWN)
		*at += 1;
	else if (code == TERM_PAGE_DOWN)
		*at += seen;
	else if (code == TERM_END)
		*at = last;
	if (*at > last)
		*at = last;
	if (!p->pick)
		return;
	if (p->first > p->at)
		p->first = p->at;
	if (seen && p->at >= p->first + seen)
		p->first = p->at - seen + 1;
}

void page_key(struct ui *ui, unsigned code)
{
	struct page *p = &ui->page;
	bool stays = p->stays;

	switch (code) {
	case TERM_ENTER:
	case ' ':
		if (p->pick && p->n) {
			p->pick(ui, p->at);
			if (!stays)
				page_leave(ui);
		} else if (code == ' ') {
			page_move(ui, TERM_PAGE_DOWN);
		} else {
			page_leave(ui);
		}
		break;
	case TERM_ESC:
	case 'q':
	case TERM_F0 + 1:
	case TERM_F0 + 2:
	case TERM_F0 + 10:
	case '?':
		page_leave(ui);
		break;
	default:
		page_move(ui, code);
	}
}

void act_help(struct ui *ui, unsigned code)
{
	const struct top_column *cols;
	unsigned n, j;
	char names[64], *text;
	size_t i;

	(void)code;
	page_open(ui, xstrdup("Keys; Esc goes back"));
	for (i = 0; i < key_count; i++) {
		key_names(&key_table[i], names, sizeof(names));
		page_text(ui, names, 26, key_table[i].what);
	}
	page_add(ui, xstrdup(""));
	page_add(ui, xasprintf("Columns of this table:"));
	cols = ui_columns(ui, ui->here.view, &n);
	for (j = 0; j < n; j++) {
		text = xasprintf("%s%s%s", cols[j].desc ? cols[j].desc : "",
				 cols[j].reason ? "; -: " : "",
				 cols[j].reason ? cols[j].reason : "");
		page_text(ui, cols[j].title, 26, text);
		free(text);
	}
}

void act_why(struct ui *ui, unsigned code)
{
	const struct top_table *table = ui->table;
	const struct top_row *row = ui_row(ui);
	unsigned i;
	char buf[TEXT_COLUMNS];

	(void)code;
	if (!row) {
		ui_refuse(ui, "there is no row");
		return;
	}
	top_format(&table->cols[table->ncols - 1],
		   &row->cells[table->ncols - 1], buf, sizeof(buf));
	page_open(ui, row->pid > 0 ? xasprintf("Why cells of %d %s are -",
					       (int)row->pid, buf) :
				     xasprintf("Why cells of %s are -", buf));
	for (i = 0; i < table->ncols; i++) {
		const struct top_column *col = &table->cols[i];
		const struct top_cell *cell = &row->cells[i];
		const char *why = cell->why ? cell->why : col->reason;

		if (col->kind == TOP_TEXT || col->kind == TOP_SPARK ||
		    !isnan(cell->value))
			continue;
		page_text(ui, col->title, 10, why ? why : "there is no value");
	}
	if (*ui->head->notice)
		page_text(ui, "all rows", 10, ui->head->notice);
	if (ui->page.n == 0)
		page_add(ui, xstrdup("each cell of this row has its value"));
}

static void pick_sort(struct ui *ui, size_t i)
{
	struct view_setup *v = &ui->setup.views[ui->here.view];
	unsigned n;
	const struct top_column *cols = ui_columns(ui, ui->here.view, &n);

	/* Events may have been changed from elsewhere since. */
	if (i < n)
		snprintf(v->sort, sizeof(v->sort), "%s", cols[i].id);
	ui->old_table = true;
}

void act_sort(struct ui *ui, unsigned code)
{
	unsigned sorted = ui->table->sorted, n, i;
	const struct top_column *cols = ui_columns(ui, ui->here.view, &n);

	(void)code;
	page_open(ui, xstrdup("Sort by; Enter chooses"));
	for (i = 0; i < n; i++)
		page_add(ui, xasprintf("%-12s %s", cols[i].title,
				       cols[i].desc ? cols[i].desc : ""));
	ui->page.pick = pick_sort;
	if (sorted < n)
		ui->page.at = sorted;
	page_move(ui, TERM_NONE);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void pick_user(struct ui *ui, size_t i)
{
	snprintf(ui->user, sizeof(ui->user), "%s",
		 i == 0 ? "" : ui->page.lines[i]);
	ui->old_table = true;
}

void act_user(struct ui *ui, unsigned code)
{
	const struct top_table *table = ui->table;
	unsigned col = ui_column(table, "user");
	struct page *p = &ui->page;
	size_t i, kept = 1;

	(void)code;
	if (col == table->ncols) {
		ui_refuse(ui, "this table has no users");
		return;
	}
	page_open(ui, xstrdup("Processes of which user; Enter chooses"));
	p->lines = xcalloc(table->nrows + 1, sizeof(*p->lines));
	p->lines[p->n++] = xstrdup("all users");
	for (i = 0; i < table->nrows; i++)
		if (*table->rows[i].cells[col].text &&
		    strcmp(table->rows[i].cells[col].text, "-") != 0)
			p->lines[p->n++] =
				xstrdup(table->rows[i].cells[col].text);
	qsort(p->lines + 1, p->n - 1, sizeof(*p->lines), by_text);
	for (i = 1; i < p->n; i++) {
		if (kept > 1 && !strcmp(p->lines[kept - 1], p->lines[i]))
			free(p->lines[i]);
		else
			p->lines[kept++] = p->lines[i];
	}
	p->n = kept;
	p->pick = pick_user;
}

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGTERM, "TERM  end, cleanly" },
	{ SIGINT, "INT   as Ctrl-C" },
	{ SIGHUP, "HUP   hang up, or read the configuration again" },
	{ SIGQUIT, "QUIT  end with a core file" },
	{ SIGKILL, "KILL  end at once" },
	{ SIGSTOP, "STOP  stop" },
	{ SIGCONT, "CONT  go on" },
	{ SIGUSR1, "USR1  the program's own" },
	{ SIGUSR2, "USR2  the program's own" },
};

static void pick_signal(struct ui *ui, size_t i)
{
	const pid_t *pids = ui->pids;
	size_t n = ui->npids, j, sent = 0;
	int err = 0;
	pid_t bad = 0;

	for (j = 0; j < n; j++) {
		if (kill(pids[j], signals[i].number) == 0) {
			sent++;
		} else {
			err = errno;
			bad = pids[j];
		}
	}
	if (err)
		ui_refuse(ui, "signal to %d: %s; sent to %zu of %zu", (int)bad,
			  strerror(err), sent, n);
	else
		ui_say(ui, "signal %.*s sent to %zu process%s",
		       (int)strcspn(signals[i].name, " "), signals[i].name,
		       sent, sent == 1 ? "" : "es");
}

void act_signal(struct ui *ui, unsigned code)
{
	size_t i;
	char *more;

	(void)code;
	if (ui->head->replay) {
		ui_refuse(ui, "nothing runs in a recording");
		return;
	}
	if (!tags_take(ui))
		return;
	more = ui->npids == 1 ? xstrdup("") :
				xasprintf(" and %zu more", ui->npids - 1);
	page_open(ui, xasprintf("Which signal to %d%s; Enter sends",
				(int)ui->pids[0], more));
	free(more);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		page_add(ui, xstrdup(signals[i].name));
	ui->page.pick = pick_signal;
}
