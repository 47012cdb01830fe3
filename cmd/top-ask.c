/* SPDX-License-Identifier: MIT
 *
 * top-ask.c - keys of pfmon top that ask for a line of text first: filter,
 * search, events, interval, and the names of files to save and to record to.
 */
#include "config.h"

#include "top-screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define RECORD_NS (10 * NS_PER_S)

static void ask(struct ui *ui, const char *what, const char *text,
		void (*done)(struct ui *, const char *))
{
	ui->prompt.what = what;
	ui->prompt.changed = NULL;
	ui->prompt.done = done;
	snprintf(ui->prompt.text, sizeof(ui->prompt.text), "%s", text);
}

/* Back over one character of the locale, or over a word. */
static void rub_out(char *text, bool word)
{
	size_t n = strlen(text);

	while (word && n > 0 && text[n - 1] == ' ')
		n--;
	do {
		/* the bytes that go on with a character of UTF-8 */
		while (n > 0 && term_is_utf8() &&
		       ((unsigned char)text[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0;
	} while (word && n > 0 && text[n - 1] != ' ');
	text[n] = '\0';
}

static void append(char *text, unsigned code)
{
	char buf[16] = ""; /* MB_CUR_MAX is 6 at most */
	mbstate_t state = { 0 };
	size_t used = strlen(text), n;

	if (code < ' ' || code >= TERM_UP)
		return;
	n = wcrtomb(buf, (wchar_t)code, &state);
	if (n == (size_t)-1 || used + n >= PROMPT_SIZE)
		return;
	memcpy(text + used, buf, n);
	text[used + n] = '\0';
}

void prompt_key(struct ui *ui, unsigned code)
{
	struct prompt *p = &ui->prompt;

	switch (code) {
	case TERM_ENTER:
	case TERM_ESC:
		p->what = NULL;
		p->done(ui, code == TERM_ENTER ? p->text : NULL);
		return;
	case TERM_BACKSPACE:
		rub_out(p->text, false);
		break;
	case 'W' - '@':
		rub_out(p->text, true);
		break;
	case 'U' - '@':
		p->text[0] = '\0';
		break;
	default:
		append(p->text, code);
	}
	if (p->changed)
		p->changed(ui, p->text);
}

static void filter_changed(struct ui *ui, const char *text)
{
	snprintf(ui->filter, sizeof(ui->filter), "%s", text);
	ui->old_table = true;
}

static void filter_done(struct ui *ui, const char *text)
{
	filter_changed(ui, text ? text : ui->before);
}

void act_filter(struct ui *ui, unsigned code)
{
	(void)code;
	snprintf(ui->before, sizeof(ui->before), "%s", ui->filter);
	ask(ui, "Filter", ui->filter, filter_done);
	ui->prompt.changed = filter_changed;
}

static bool row_has(const struct top_table *table, size_t i, const char *text)
{
	unsigned c;

	for (c = 0; c < table->ncols; c++) {
		const struct top_cell *cell = &table->rows[i].cells[c];
		char buf[64];

		if (table->cols[c].kind == TOP_TEXT) {
			if (text_has(cell->text, text))
				return true;
		} else if (table->cols[c].kind == TOP_ID) {
			top_format(&table->cols[c], cell, buf, sizeof(buf));
			if (text_has(buf, text))
				return true;
		}
	}
	return false;
}

/* From the row of now on, or beside it; round and round. */
static void find(struct ui *ui, size_t from, long step)
{
	size_t n = ui->table->nrows, i, at = from;

	if (!*ui->search)
		return;
	for (i = 0; i < n; i++) {
		if (row_has(ui->table, at % n, ui->search)) {
			ui_choose(ui, at % n);
			return;
		}
		at = (at % n) + n + (size_t)step;
	}
	ui_refuse(ui, "no row has '%s'", ui->search);
}

static void search_changed(struct ui *ui, const char *text)
{
	snprintf(ui->search, sizeof(ui->search), "%s", text);
	find(ui, ui->here.at, 1);
}

static void search_done(struct ui *ui, const char *text)
{
	if (text)
		search_changed(ui, text);
}

void act_search(struct ui *ui, unsigned code)
{
	(void)code;
	ask(ui, "Search", "", search_done);
	ui->prompt.changed = search_changed;
}

void act_search_next(struct ui *ui, unsigned code)
{
	size_t n = ui->table->nrows;

	if (!*ui->search)
		ui_refuse(ui, "nothing was searched yet: / does");
	else if (n)
		find(ui, ui->here.at + (code == 'n' ? 1 : n - 1),
		     code == 'n' ? 1 : -1);
}

static void events_done(struct ui *ui, const char *text)
{
	char *no_group = NULL, *no_events = NULL;

	if (!text || !*text)
		return;
	if (top_set_group(ui->t, text, &no_group) == 0) {
		ui_say(ui, "group %s", text);
	} else if (top_set_events(ui->t, text, &no_events) == 0) {
		ui_say(ui, "events %s", text);
	} else {
		/* a name alone may have been meant as either */
		bool plain = !text[strcspn(text, ",:/{")];

		ui_refuse(ui, "%s%s%s", no_events, plain ? "; " : "",
			  plain ? no_group : "");
	}
	free(no_group);
	free(no_events);
	ui_new_table(ui);
}

void act_events(struct ui *ui, unsigned code)
{
	(void)code;
	if (ui->head->replay)
		ui_refuse(ui, "a recording has the events that were counted");
	else
		ask(ui, "Events or group", top_events(ui->t), events_done);
}

static void interval_done(struct ui *ui, const char *text)
{
	uint64_t ns;

	if (!text)
		return;
	if (!parse_duration(text, NS_PER_S, &ns)) {
		ui_refuse(ui, "'%s' is not a time such as 2s or 250ms", text);
		return;
	}
	if (ns < NS_PER_S / 100) {
		ui_refuse(ui, "an interval has 10 ms at least");
		return;
	}
	top_set_interval(ui->t, ns);
	ui->old_table = true;
	ui_say(ui, "every %g s", (double)ns / 1e9);
}

void act_interval(struct ui *ui, unsigned code)
{
	char buf[32];

	(void)code;
	if (ui->head->replay) {
		ui_refuse(ui, "a recording has the intervals that it has");
		return;
	}
	snprintf(buf, sizeof(buf), "%gs", (double)ui->head->interval_ns / 1e9);
	ask(ui, "Interval", buf, interval_done);
}

/* "pfmon-top-20261123-142231" and a suffix: nothing is written over. */
static void ask_file(struct ui *ui, const char *what, const char *suffix,
		     void (*done)(struct ui *, const char *))
{
	time_t now = time(NULL);
	struct tm tm;
	char when[32], name[96];

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	snprintf(name, sizeof(name), "pfmon-top-%s.%s", when, suffix);
	ask(ui, what, name, done);
}

static void record_done(struct ui *ui, const char *text)
{
	char *why = NULL;
	size_t n = ui->npids;

	if (!text || !*text)
		return;
	if (top_record(ui->t, ui->pids, n, text, RECORD_NS, &why) < 0)
		ui_refuse(ui, "%s", why);
	else
		ui_say(ui, "recording 10 s of %zu process%s to %s", n,
		       n == 1 ? "" : "es", text);
	free(why);
}

void act_record(struct ui *ui, unsigned code)
{
	(void)code;
	if (ui->head->replay)
		ui_refuse(ui, "nothing runs in a recording");
	else if (tags_take(ui))
		ask_file(ui, "Record to", "pfm", record_done);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void save_done(struct ui *ui, const char *text)
{
	enum top_form form = TOP_FORM_TEXT;
	struct top_head head;
	char *out;
	int fd, err;

	if (!text || !*text)
		return;
	if (ends_with(text, ".csv"))
		form = TOP_FORM_CSV;
	else if (ends_with(text, ".json"))
		form = TOP_FORM_JSON;
	ui_fetch(ui);
	head = *ui->head;
	if (ui->difference)
		head.duration_ns = head.marked_ns;
	out = top_print(&head, ui->table, form);
	fd = open(text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	err = fd < 0 ? errno : 0;
	if (fd >= 0 && write_all(fd, out, strlen(out)) < 0)
		err = errno;
	if (fd >= 0 && close(fd) < 0 && !err)
		err = errno;
	free(out);
	if (!err) {
		ui_say(ui, "saved %zu rows in %s", ui->table->nrows, text);
		return;
	}
	/* half a file is none */
	if (fd >= 0)
		unlink(text);
	ui_refuse(ui, "%s: %s", text, strerror(err));
}

void act_save(struct ui *ui, unsigned code)
{
	(void)code;
	ask_file(ui, "Save as (.txt .csv .json)", "txt", save_done);
}
