/* SPDX-License-Identifier: MIT
 *
 * top-draw-head.c - the header of pfmon top: machine, time and state, CPUs, the
 * trends of IPC and misses, tasks; and the line of tabs.
 */
#include "config.h"

#include "top-screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A line that is written from left to right; what has no room is left out. */
struct line {
	struct ui *ui;
	unsigned y, x, end;
};

static unsigned room(const struct line *l)
{
	return l->x < l->end ? l->end - l->x : 0;
}

static void put(struct line *l, enum term_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put(struct line *l, enum term_style style, const char *fmt, ...)
{
	char buf[TEXT_COLUMNS];
	va_list ap;
	unsigned n;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	n = text_columns_of(buf);
	/* half a number would be another number */
	if (n > room(l))
		return;
	term_put(l->y, l->x, n, style, buf);
	l->x += n;
}

static void put_rest(struct line *l, enum term_style style)
{
	if (l->x < l->end)
		term_put(l->y, l->x, l->end - l->x, style, "");
	l->x = l->end;
}

/* LIVE, or since when or how far back what is seen is. */
static void state(const struct ui *ui, char *buf, size_t size)
{
	const struct top_head *h = ui->head;

	if (ui->difference)
		snprintf(buf, size, "SINCE MARK %.0f s",
			 (double)h->marked_ns / 1e9);
	else if (h->back > 0)
		snprintf(buf, size, "%s -%zu", h->replay ? "REPLAY" : "HISTORY",
			 h->back);
	else if (h->frozen)
		snprintf(buf, size, "FROZEN");
	else
		snprintf(buf, size, "%s", h->replay ? "REPLAY" : "LIVE");
}

static void draw_title(struct ui *ui)
{
	struct line l = { ui, 0, 0, ui->cols };
	const struct top_head *h = ui->head;
	time_t when = (time_t)(h->time_ns / 1000000000);
	char clock[16] = "", what[48], right[96];
	struct tm tm;
	unsigned n;

	localtime_r(&when, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	state(ui, what, sizeof(what));
	snprintf(right, sizeof(right), "  %s   %s%s   ? help ", clock, what,
		 h->marked && !ui->difference ? " MARK" : "");
	n = text_columns_of(right);
	l.end = n < ui->cols ? ui->cols - n : 0;
	put(&l, STYLE_STRONG, " pfmon top");
	put(&l, STYLE_PLAIN, "   %s . %s . %u CPU%s", h->machine, h->backend,
	    h->ncpus, h->ncpus == 1 ? "" : "s");
	if (l.x > strlen(" pfmon top"))
		put(&l, STYLE_PLAIN, " . every %g s",
		    (double)h->interval_ns / 1e9);
	put_rest(&l, STYLE_PLAIN);
	l.end = ui->cols;
	put(&l, !strcmp(what, "LIVE") ? STYLE_PLAIN : STYLE_ALARM, "%s", right);
}

/* "IPC 1.42 " and its trend, or "IPC - " without. */
static void put_trend(struct line *l, const char *name, const char *unit,
		      const struct top_cell *cell, const float *values,
		      unsigned width)
{
	struct text_trend trend = { values, TOP_HEAD_SPARK, 0 };
	char buf[TOP_HEAD_SPARK * 4];

	if (isnan(cell->value)) {
		if (room(l) > 10)
			put(l, STYLE_PLAIN, "   %s -", name);
		return;
	}
	if (room(l) < width + 16)
		return;
	put(l, STYLE_PLAIN, "   %s %.2f%s ", name, cell->value, unit);
	text_spark(&trend, width, term_is_utf8(), buf, sizeof(buf));
	put(l, STYLE_BAR, "%s", buf);
}

static void draw_busy(struct ui *ui)
{
	struct line l = { ui, 1, 0, ui->cols };
	const struct top_head *h = ui->head;
	unsigned width = ui->cols / 4, trend;
	char buf[TEXT_COLUMNS];

	if (width > 60)
		width = 60;
	trend = ui->cols < 110 ? 8 : ui->cols < 160 ? 16 : TOP_HEAD_SPARK;
	if (isnan(h->busy)) {
		put(&l, STYLE_PLAIN, " CPU     -  ");
	} else {
		put(&l, STYLE_STRONG, " CPU %5.1f %%  ", h->busy);
		text_bar(h->busy, width, term_is_utf8(), buf, sizeof(buf));
		put(&l, STYLE_BAR, "%s", buf);
	}
	if (!isnan(h->ghz.value))
		put(&l, STYLE_PLAIN, "   %.2f GHz", h->ghz.value);
	put_trend(&l, "IPC", "", &h->ipc, h->ipc_spark, trend);
	put_trend(&l, "LLC", "/k", &h->llc, h->llc_spark, trend);
	put_rest(&l, STYLE_PLAIN);
}

/* One column for each CPU, as far as there is room for all. */
static void put_cpus(struct line *l, unsigned most)
{
	const struct top_head *h = l->ui->head;
	struct text_trend trend = { h->cpu_busy, h->ncpus, 100 };
	char buf[TEXT_COLUMNS * 4];

	if (!h->cpu_busy || h->ncpus == 0 || h->ncpus > most)
		return;
	text_spark(&trend, h->ncpus, term_is_utf8(), buf, sizeof(buf));
	put(l, STYLE_PLAIN, "each ");
	put(l, STYLE_BAR, "%s", buf);
	put(l, STYLE_PLAIN, "   ");
}

static void draw_tasks(struct ui *ui)
{
	struct line l = { ui, 2, 0, ui->cols };
	const struct top_head *h = ui->head;
	struct text_trend trend = { h->busy_spark, TOP_HEAD_SPARK, 100 };
	char buf[TOP_HEAD_SPARK * 4];

	put(&l, STYLE_PLAIN, " ");
	if (*h->slots)
		put(&l, STYLE_STRONG, "%s   ", h->slots);
	put_cpus(&l, ui->cols / 4);
	text_spark(&trend, 16, term_is_utf8(), buf, sizeof(buf));
	put(&l, STYLE_PLAIN, "CPU ");
	put(&l, STYLE_BAR, "%s", buf);
	put(&l, STYLE_PLAIN, "   %u processes, %u running", h->processes,
	    h->running);
	if (h->threads)
		put(&l, STYLE_PLAIN, ", %u threads", h->threads);
	if (!h->replay)
		put(&l, STYLE_PLAIN, ", %u counted", h->counted);
	if (h->lost)
		put(&l, STYLE_ALARM, "   %llu samples lost",
		    (unsigned long long)h->lost);
	put_rest(&l, STYLE_PLAIN);
}

/* Tabs; what the table is of, and what narrows it. */
static void draw_tabs(struct ui *ui)
{
	struct line l = { ui, 3, 0, ui->cols };
	enum top_view tab = ui->depth ? ui->back[0].view : ui->here.view;
	const struct top_table *t = ui->table;
	/* what the table is of needs the room more than the other tabs */
	bool full = ui->cols >= (*t->title || *ui->filter ? 110 : 72);
	unsigned i;

	put(&l, STYLE_PLAIN, " ");
	for (i = 0; i < TOP_TABS; i++) {
		if (i == tab)
			put(&l, STYLE_STRONG, "[%u %s] ", i + 1, top_titles[i]);
		else if (full)
			put(&l, STYLE_PLAIN, " %u %s  ", i + 1, top_titles[i]);
		else
			put(&l, STYLE_PLAIN, " %u ", i + 1);
	}
	if (*t->title)
		put(&l, STYLE_STRONG, " %s ", t->title);
	if (*ui->filter)
		put(&l, STYLE_ALARM, " filter: %s ", ui->filter);
	if (*ui->user)
		put(&l, STYLE_ALARM, " user: %s ", ui->user);
	if (t->sorted < t->ncols)
		put(&l, STYLE_PLAIN, " sort: %s%s ", t->cols[t->sorted].title,
		    t->inverted ? " inverted" : "");
	if (!*ui->filter)
		put(&l, STYLE_PLAIN, " filter: none ");
	if (ui->hide_kernel)
		put(&l, STYLE_PLAIN, " no kernel ");
	if (ui->hide_user)
		put(&l, STYLE_PLAIN, " no user ");
	if (ui->head->sets > 1)
		put(&l, STYLE_PLAIN, " set %u of %u", ui->head->set,
		    ui->head->sets);
	put_rest(&l, STYLE_PLAIN);
}

void draw_head(struct ui *ui)
{
	draw_title(ui);
	draw_busy(ui);
	draw_tasks(ui);
	draw_tabs(ui);
}
