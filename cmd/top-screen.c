/* SPDX-License-Identifier: MIT
 *
 * top-screen.c - pfmon top on a terminal: waits for keys, for the model and for
 * signals, and draws when one of them has changed something.  What keys do is in
 * top-act.c, top-ask.c, top-page.c and top-setup.c.
 */
#include "config.h"

#include "top-screen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EMPTY_READS 16 /* of a terminal that is readable and gives nothing */

__attribute__((format(printf, 3, 0))) static void
say(struct ui *ui, bool alarm, const char *fmt, va_list ap)
{
	char buf[1024];

	vsnprintf(buf, sizeof(buf), fmt, ap);
	free(ui->message);
	ui->message = xstrdup(buf);
	ui->alarm = alarm;
	ui->old_screen = true;
}

void ui_say(struct ui *ui, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ui, false, fmt, ap);
	va_end(ap);
}

void ui_refuse(struct ui *ui, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ui, true, fmt, ap);
	va_end(ap);
}

void ui_new_table(struct ui *ui)
{
	memset(ui->need, 0, sizeof(ui->need));
	ui->old_table = true;
}

const struct top_column *ui_columns(struct ui *ui, enum top_view view,
				    unsigned *n)
{
	ui->old_table = true;
	return top_columns(ui->t, view, n);
}

unsigned ui_column(const struct top_table *table, const char *id)
{
	unsigned i;

	for (i = 0; i < table->ncols; i++)
		if (!strcmp(table->cols[i].id, id))
			break;
	return i;
}

bool ui_hidden(const struct ui *ui, enum top_view view, const char *id)
{
	const struct view_setup *v = &ui->setup.views[view];
	size_t i;

	for (i = 0; i < v->nhidden; i++)
		if (!strcmp(v->hidden[i], id))
			return true;
	return false;
}

/* header, tabs, titles; rule, message, F-keys */
unsigned ui_table_rows(const struct ui *ui)
{
	unsigned other = HEAD_LINES + 4;

	return ui->rows > other ? ui->rows - other : 0;
}

const struct top_row *ui_row(const struct ui *ui)
{
	return ui->here.at < ui->table->nrows ? &ui->table->rows[ui->here.at] :
						NULL;
}

void ui_choose(struct ui *ui, size_t i)
{
	size_t n = ui->table->nrows, seen = ui_table_rows(ui);
	struct place *here = &ui->here;

	if (i >= n)
		i = n ? n - 1 : 0;
	here->at = i;
	if (n)
		here->key = ui->table->rows[i].key;
	if (here->first > i)
		here->first = i;
	if (seen && i >= here->first + seen)
		here->first = i - seen + 1;
	if (here->first + seen > n)
		here->first = n > seen ? n - seen : 0;
	ui->old_screen = true;
}

/* The row that was chosen stays so, wherever it is now. */
static void follow_row(struct ui *ui)
{
	const struct top_table *table = ui->table;
	size_t i;

	if (ui->here.at < table->nrows &&
	    table->rows[ui->here.at].key == ui->here.key) {
		ui_choose(ui, ui->here.at);
		return;
	}
	/* At the top one watches who is the first. */
	if (ui->here.at == 0) {
		ui_choose(ui, 0);
		return;
	}
	for (i = 0; i < table->nrows; i++)
		if (table->rows[i].key == ui->here.key)
			break;
	ui_choose(ui, i < table->nrows ? i : ui->here.at);
}

static void wanted(const struct ui *ui, struct top_show *show)
{
	const struct view_setup *v = &ui->setup.views[ui->here.view];

	*show = (struct top_show){
		.view = ui->here.view,
		.pid = ui->here.pid,
		.func = ui->here.func,
		.sort = *v->sort ? v->sort : NULL,
		.invert = v->invert,
		.filter = *ui->filter ? ui->filter : NULL,
		.user = *ui->user ? ui->user : NULL,
		.rows = ui->opt->rows,
		.tree = ui->setup.tree,
		.threads = ui->setup.threads,
		.idle = ui->setup.idle,
		.sticky = ui->opt->sticky,
		.hide_kernel = ui->hide_kernel,
		.hide_user = ui->hide_user,
		.name = ui->setup.name,
		.difference = ui->difference,
	};
}

void ui_fetch(struct ui *ui)
{
	struct top_show show;

	if (!ui->old_table)
		return;
	if (!ui->looked) {
		top_look(ui->t, ui->here.view, ui->here.pid);
		ui->looked = true;
	}
	wanted(ui, &show);
	ui->head = top_head(ui->t);
	ui->table = top_table(ui->t, &show);
	ui->old_table = false;
	follow_row(ui);
	ui->old_screen = true;
}

static void take_events(struct ui *ui)
{
	unsigned what = top_dispatch(ui->t);
	const char *text;

	/* Even with nothing new the table may be gone. */
	ui->old_table = true;
	if (what & TOP_MESSAGE && (text = top_message(ui->t)) != NULL)
		ui_say(ui, "%s", text);
	if (what & TOP_NEW_FRAME && ui->opt->count &&
	    ++ui->frames >= ui->opt->count)
		ui->quit = true;
	if (what & TOP_ENDED && !ui->ended) {
		ui->ended = true;
		ui_say(ui, "%s",
		       top_head(ui->t)->replay ?
			       "the recording is at its end: [ goes back" :
			       "what was looked at has ended: q quits");
	}
}

static void take_key(struct ui *ui, unsigned code)
{
	const struct key *key;

	ui->old_screen = true;
	if (code == TERM_RESIZED || code == TERM_OTHER)
		return;
	ui_fetch(ui);
	if (ui->prompt.what) {
		prompt_key(ui, code);
		return;
	}
	free(ui->message);
	ui->message = NULL;
	if (ui->page.title) {
		page_key(ui, code);
		return;
	}
	key = key_find(code);
	if (key)
		key->act(ui, code);
}

static void take_signals(struct ui *ui)
{
	unsigned bits = term_signals();

	if (bits & TERM_STOP)
		term_stop();
	if (bits & TERM_QUIT)
		ui->quit = true;
	ui->old_screen = true;
}

static void take_errors(struct ui *ui)
{
	char buf[512];

	while (term_error(buf, sizeof(buf)))
		ui_refuse(ui, "%s", buf);
}

/* false: the terminal is gone. */
static bool take_keys(struct ui *ui, short revents, unsigned *empty)
{
	unsigned code, n = 0;

	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		return false;
	if (!(revents & POLLIN))
		return true;
	while (!ui->quit && (code = term_key()) != TERM_NONE) {
		take_key(ui, code);
		n++;
	}
	*empty = n ? 0 : *empty + 1;
	return *empty < EMPTY_READS;
}

static void loop(struct ui *ui)
{
	struct pollfd fds[4];
	unsigned empty = 0;

	while (!ui->quit) {
		ui_fetch(ui);
		if (ui->old_screen) {
			draw_all(ui);
			ui->old_screen = false;
		}
		fds[0] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
		fds[1] = (struct pollfd){ term_signal_fd(), POLLIN, 0 };
		fds[2] = (struct pollfd){ term_error_fd(), POLLIN, 0 };
		/* One that has ended may be readable for ever. */
		fds[3] = (struct pollfd){ ui->ended ? -1 : top_fd(ui->t),
					  POLLIN, 0 };
		if (poll(fds, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (fds[1].revents)
			take_signals(ui);
		if (fds[2].revents)
			take_errors(ui);
		if (fds[3].revents)
			take_events(ui);
		if (!take_keys(ui, fds[0].revents, &empty))
			break;
	}
}

static void start(struct ui *ui)
{
	const struct top_opt *opt = ui->opt;

	ui->here.view = opt->view;
	setup_load(ui);
	if (opt->sort)
		snprintf(ui->setup.views[opt->view].sort, SCREEN_NAME, "%s",
			 opt->sort);
	if (opt->users.n == 1)
		snprintf(ui->user, sizeof(ui->user), "%s", opt->users.v[0]);
	ui->setup.threads |= opt->threads;
	ui->setup.idle |= opt->idle;
	if (ui->setup.threads && !opt->threads)
		top_set_threads(ui->t, true);
	ui->old_table = true;
}

int top_screen(struct top *t, const struct top_opt *opt)
{
	struct ui *ui = xcalloc(1, sizeof(*ui));
	char *why;

	if (!term_open(&why)) {
		set_die_status(STATUS_FAIL);
		die("%s", why);
	}
	ui->t = t;
	ui->opt = opt;
	start(ui);
	loop(ui);
	term_close();
	page_close(ui);
	setup_release(&ui->setup);
	free(ui->tags.keys);
	free(ui->pids);
	free(ui->message);
	free(ui);
	return 0;
}
