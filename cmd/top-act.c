/* SPDX-License-Identifier: MIT
 *
 * top-act.c - what the keys of pfmon top do at once: moves, views, the way down
 * into a process and back, history, and what is switched on and off.
 */
#include "config.h"

#include "top-screen.h"

#include <stdio.h>
#include <string.h>

void act_move(struct ui *ui, unsigned code)
{
	size_t at = ui->here.at, page = ui_table_rows(ui);

	if (page > 1)
		page--;
	switch (code) {
	case TERM_UP:
		at -= at > 0;
		break;
	case TERM_DOWN:
		at++;
		break;
	case TERM_PAGE_UP:
		at -= at < page ? at : page;
		break;
	case TERM_PAGE_DOWN:
		at += page;
		break;
	case TERM_HOME:
		at = 0;
		break;
	default:
		at = ui->table->nrows;
	}
	ui_choose(ui, at);
}

void act_scroll(struct ui *ui, unsigned code)
{
	draw_fit(ui);
	if (code == TERM_LEFT && ui->here.skip > 0)
		ui->here.skip--;
	else if (code == TERM_RIGHT && ui->fit.left_out > 0)
		ui->here.skip++;
}

/* Another table, from its first row on. */
static void go_to(struct ui *ui, enum top_view view, pid_t pid, uint32_t func)
{
	ui->here = (struct place){ .view = view, .pid = pid, .func = func };
	ui->looked = false;
	ui_new_table(ui);
}

void act_view(struct ui *ui, unsigned code)
{
	unsigned view = code - '1';

	if (code == TERM_TAB) {
		/* below a tab the next one is that after its own */
		view = ui->depth ? ui->back[0].view : ui->here.view;
		view = (view + 1) % TOP_TABS;
	}
	ui->depth = 0;
	go_to(ui, view, 0, 0);
}

static void go_down(struct ui *ui, enum top_view view, pid_t pid, uint32_t func)
{
	if (ui->depth == PLACES)
		return;
	ui->back[ui->depth++] = ui->here;
	/* A filter was for the table above. */
	ui->filter[0] = '\0';
	go_to(ui, view, pid, func);
}

void act_open(struct ui *ui, unsigned code)
{
	const struct top_row *row = ui_row(ui);

	(void)code;
	if (!row) {
		ui_refuse(ui, "there is no row to open");
		return;
	}
	switch (ui->here.view) {
	case TOP_PROCESSES:
	case TOP_MEMORY:
		if (row->pid > 0)
			go_down(ui, TOP_FUNCTIONS, row->pid, 0);
		else
			ui_refuse(ui, "this row is not one process");
		break;
	case TOP_FUNCTIONS:
		go_down(ui, TOP_ANNOTATE,
			ui->here.pid ? ui->here.pid : row->pid, row->func);
		break;
	default:
		ui_refuse(ui, "there is nothing below %s",
			  ui->here.view == TOP_ANNOTATE ?
				  "a line" :
				  top_titles[ui->here.view]);
	}
}

void act_back(struct ui *ui, unsigned code)
{
	(void)code;
	if (ui->depth > 0) {
		ui->here = ui->back[--ui->depth];
		ui->looked = false;
		ui_new_table(ui);
		return;
	}
	/* Nothing above: what narrows the table is taken off. */
	ui->filter[0] = '\0';
	ui->user[0] = '\0';
	ui->old_table = true;
}

void act_tag(struct ui *ui, unsigned code)
{
	const struct top_row *row = ui_row(ui);

	(void)code;
	if (!row || row->pid <= 0 ||
	    (ui->here.view != TOP_PROCESSES && ui->here.view != TOP_MEMORY)) {
		ui_refuse(ui, "only processes can be tagged");
		return;
	}
	tags_flip(&ui->tags, row->key);
	ui_choose(ui, ui->here.at + 1);
	ui_say(ui, "%zu tagged", ui->tags.n);
}

void act_freeze(struct ui *ui, unsigned code)
{
	(void)code;
	top_freeze(ui->t, !ui->head->frozen);
	ui->old_table = true;
	ui->ended = false;
}

void act_history(struct ui *ui, unsigned code)
{
	size_t before = ui->head->back;
	size_t now = top_seek(ui->t, code == '[' ? -1 : 1);

	ui->old_table = true;
	ui->ended = false;
	if (now != before)
		return;
	ui_say(ui, code == '[' ? "this is the oldest interval there is" :
				 "this is the newest interval");
}

void act_mark(struct ui *ui, unsigned code)
{
	(void)code;
	ui->old_table = true;
	if (ui->difference) {
		ui->difference = false;
		top_mark(ui->t, false);
		ui_say(ui, "no mark: numbers are of the interval");
	} else if (ui->head->marked) {
		ui->difference = true;
		ui_say(ui, "the difference since the mark; = ends it");
	} else {
		top_mark(ui->t, true);
		ui_say(ui, "marked; = shows the difference since now");
	}
}

void act_zero(struct ui *ui, unsigned code)
{
	(void)code;
	top_zero(ui->t);
	ui->old_table = true;
	ui_say(ui, "accumulated counts begin anew");
}

void act_toggle(struct ui *ui, unsigned code)
{
	struct {
		unsigned code;
		bool *flag;
		const char *on, *off;
	} all[] = {
		{ 't', &ui->setup.tree, "processes as a tree",
		  "processes as a list" },
		{ TERM_F0 + 5, &ui->setup.tree, "processes as a tree",
		  "processes as a list" },
		{ 'I', &ui->setup.views[ui->here.view].invert,
		  "the order is inverted", "the order is the usual one" },
		{ 'K', &ui->hide_kernel, "the kernel's are hidden",
		  "the kernel's are shown" },
		{ 'U', &ui->hide_user, "the user's are hidden",
		  "the user's are shown" },
		{ 'H', &ui->setup.threads, "a row for each thread",
		  "a row for each process" },
		{ 'i', &ui->setup.idle, "idle ones are shown, too",
		  "idle ones are not shown" },
		{ 'c', &ui->setup.name, "names", "command lines" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].code != code)
			continue;
		*all[i].flag = !*all[i].flag;
		ui_say(ui, "%s", *all[i].flag ? all[i].on : all[i].off);
	}
	if (code == 'H')
		top_set_threads(ui->t, ui->setup.threads);
	ui->old_table = true;
}

/* Of the columns that are seen the one beside that of now. */
void act_sort_by(struct ui *ui, unsigned code)
{
	const struct fit *fit = &ui->fit;
	struct view_setup *v = &ui->setup.views[ui->here.view];
	unsigned i, n;

	/* It may not have been drawn yet. */
	draw_fit(ui);
	n = fit->n;
	for (i = 0; i < n && fit->at[i].col != ui->table->sorted; i++)
		;
	if (n == 0)
		return;
	i = i == n ? 0 : (i + (code == '<' ? n - 1 : 1)) % n;
	snprintf(v->sort, sizeof(v->sort), "%s",
		 ui->table->cols[fit->at[i].col].id);
	ui->old_table = true;
}

void act_next_set(struct ui *ui, unsigned code)
{
	(void)code;
	if (ui->head->replay) {
		ui_refuse(ui, "a recording has the events that were counted");
		return;
	}
	if (ui->head->sets < 2) {
		ui_refuse(ui, "there is one event set");
		return;
	}
	top_next_set(ui->t);
	ui->old_table = true;
	ui_fetch(ui);
	ui_say(ui, "event set %u of %u", ui->head->set, ui->head->sets);
}

void act_step(struct ui *ui, unsigned code)
{
	static const uint64_t ms[] = { 100,  200,   500,   1000, 2000,
				       5000, 10000, 30000, 60000 };
	uint64_t now = ui->head->interval_ns / 1000000, next = 0;
	size_t i;

	if (ui->head->replay) {
		ui_refuse(ui, "a recording has the intervals that it has");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		if (code == '-' && ms[i] < now)
			next = ms[i];
		if (code == '+' && ms[i] > now && !next)
			next = ms[i];
	}
	if (!next) {
		ui_refuse(ui, "no interval is %s than this; d asks for one",
			  code == '+' ? "longer" : "shorter");
		return;
	}
	top_set_interval(ui->t, next * 1000000);
	ui->old_table = true;
	ui_say(ui, "every %g s", (double)next / 1000);
}

void act_redraw(struct ui *ui, unsigned code)
{
	(void)code;
	term_redraw();
	ui->old_screen = true;
}

void act_quit(struct ui *ui, unsigned code)
{
	(void)code;
	ui->quit = true;
}
