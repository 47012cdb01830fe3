/* SPDX-License-Identifier: MIT
 *
 * out-table.c - the table of the text output, as wide as its cells and never
 * wider than the terminal.  What stands above and below it is in out-text.c.
 */
#include "config.h"

#include "count.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum col {
	COL_TIME,
	COL_RUN,
	COL_CPU,
	COL_PID,
	COL_TID,
	COL_COMM,
	COL_COUNT,
	COL_DEV,
	COL_MIN,
	COL_MAX,
	COL_EVENT,
	COL_SET,
	COL_ON,
	COL_IS,
	NCOLS,
};

/* clang-format off */
/* A column is shown when a row has something in it, or it has a width. */
static const struct {
	const char *title;
	int width; /* at least; negative: to the left */
} columns[NCOLS] = {
	[COL_TIME]  = { "time",    0 },
	[COL_RUN]   = { "run",     0 },
	[COL_CPU]   = { "CPU",     0 },
	[COL_PID]   = { "process", 0 },
	[COL_TID]   = { "thread",  0 },
	[COL_COMM]  = { "name",    0 },
	[COL_COUNT] = { "count",   15 },
	[COL_DEV]   = { "+-",      0 },
	[COL_MIN]   = { "min",     0 },
	[COL_MAX]   = { "max",     0 },
	[COL_EVENT] = { "event",   -20 },
	[COL_SET]   = { "set",     0 },
	[COL_ON]    = { "on",      0 },
	[COL_IS]    = { "is",      -24 },
};
/* clang-format on */

#define CELL_SIZE 96
struct line {
	char title[CELL_SIZE]; /* before it, on a line of its own; or "" */
	char cell[NCOLS][CELL_SIZE];
};

struct table {
	struct line *lines; /* owned */
	size_t n;
	int width[NCOLS]; /* 0: not shown */
	bool cut;         /* a reason did not fit */
};

/* Digits in groups of three, unless --raw. */
static void format_u64(const struct output *out, uint64_t v, char *buf,
		       size_t size)
{
	char digits[24];
	size_t n, i, k = 0;

	n = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, v);
	for (i = 0; i < n && k + 2 < size; i++) {
		if (i && (n - i) % 3 == 0 && !out->s->opt->raw)
			buf[k++] = ',';
		buf[k++] = digits[i];
	}
	buf[k] = '\0';
}

/* The unit a row is shown in: its own, or one that people read. */
struct shown {
	double per; /* of its own units */
	const char *unit;
	int digits;
};

static struct shown show_as(const struct output *out, const struct row *row)
{
	const char *unit = row->ctr->ev.unit;
	double v = row_value(row);

	if (strcmp(unit, "ns") != 0 || out->s->opt->raw)
		return (struct shown){ 1, unit,
				       row->ctr->ev.scale == 1 ? 0 : 2 };
	if (v < 1e9)
		return (struct shown){ 1e6, "ms", 3 };
	return (struct shown){ 1e9, "seconds", 3 };
}

static void format_value(const struct output *out, const struct shown *as,
			 double v, char *buf)
{
	if (as->digits)
		snprintf(buf, CELL_SIZE, "%.*f", as->digits, v / as->per);
	else if (v < 100 && v != (double)(uint64_t)v)
		snprintf(buf, CELL_SIZE, "%.1f", v);
	else
		format_u64(out, (uint64_t)(v + 0.5), buf, CELL_SIZE);
}

/* Which sets, for how much of the time, and what that makes uncertain. */
static void fill_duty(const struct output *out, const struct row *row,
		      struct line *line)
{
	double half = estimate_half_width(&row->est);

	sets_format(row->in, row->nsets, line->cell[COL_SET], CELL_SIZE);
	if (row->enabled_ns &&
	    (row->running_ns < row->enabled_ns || out->s->opt->show_duty))
		snprintf(line->cell[COL_ON], CELL_SIZE, "%.1f%%",
			 100.0 * (double)row->running_ns /
				 (double)row->enabled_ns);
	if (!row->is_scaled)
		return;
	if (half < 0)
		snprintf(line->cell[COL_DEV], CELL_SIZE, "?");
	else if (row->est.value > 0)
		snprintf(line->cell[COL_DEV], CELL_SIZE, "%.1f%%",
			 100 * half / row->est.value);
}

static void fill_value(const struct output *out, const struct row *row,
		       struct line *line)
{
	struct shown as = show_as(out, row);
	const struct row_stats *st = &row->stats;

	if (!row_is_real(row) && as.per == 1)
		format_u64(out, row->count, line->cell[COL_COUNT], CELL_SIZE);
	else
		format_value(out, &as, row_value(row), line->cell[COL_COUNT]);
	if (as.unit[0])
		snprintf(line->cell[COL_EVENT], CELL_SIZE, "%s, %s",
			 row->ctr->label, as.unit);
	fill_duty(out, row, line);
	if (!st->n)
		return;
	snprintf(line->cell[COL_DEV], CELL_SIZE, "%.1f%%",
		 st->mean > 0 ? 100 * st->dev / st->mean : 0);
	format_value(out, &as, st->min, line->cell[COL_MIN]);
	format_value(out, &as, st->max, line->cell[COL_MAX]);
}

/* Text of others, on one line and without control characters. */
static void clean(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

static void fill_target(const struct row *row, struct line *line)
{
	if (row->kind == TARGET_CPU)
		snprintf(line->cell[COL_CPU], CELL_SIZE, "%d", (int)row->id);
	if (row->tgid)
		snprintf(line->cell[COL_PID], CELL_SIZE, "%d", (int)row->tgid);
	if (row->tgid && row->kind == TARGET_THREAD)
		snprintf(line->cell[COL_TID], CELL_SIZE, "%d", (int)row->id);
	snprintf(line->cell[COL_COMM], CELL_SIZE, "%s", row->comm);
	clean(line->cell[COL_COMM]);
}

/* Is the machine's lack of a PMU the reason?  The head has told it. */
bool text_is_no_pmu(const struct output *out, const struct row *row)
{
	const char *missing = out->s->pmu.missing;

	return missing[0] && row->reason && !strcmp(missing, row->reason);
}

static struct line *add_row(const struct output *out, const struct result *res,
			    unsigned run, const struct row *row,
			    struct table *t)
{
	struct line *line = &t->lines[t->n++];

	*line = (struct line){ 0 };
	if (res->partial)
		snprintf(line->cell[COL_TIME], CELL_SIZE, "%.3f",
			 (double)res->time_ns / 1e9);
	if (run)
		snprintf(line->cell[COL_RUN], CELL_SIZE, "%u", run);
	fill_target(row, line);
	snprintf(line->cell[COL_EVENT], CELL_SIZE, "%s", row->ctr->label);
	if (!row->reason) {
		fill_value(out, row, line);
		derive(res, row, line->cell[COL_IS], CELL_SIZE);
		return line;
	}
	snprintf(line->cell[COL_COUNT], CELL_SIZE, "-");
	snprintf(line->cell[COL_IS], CELL_SIZE, "not counted: %s",
		 text_is_no_pmu(out, row) ? "no PMU" : row->reason);
	return line;
}

/* The table a row stands in: its set + 1, or 0 of what is in all or none. */
static unsigned table_of(const struct row *row)
{
	if (!row->in || row->in & (row->in - 1))
		return 0;
	return (unsigned)__builtin_ctzll(row->in) + 1;
}

static void fill_title(const struct row *row, unsigned number, char *title)
{
	double ns = (double)row->enabled_ns;

	if (!number)
		snprintf(title, CELL_SIZE, "in every set, or beside them");
	else if (ns > 0)
		snprintf(title, CELL_SIZE, "set %u, %.1f %% of the time",
			 number - 1, 100 * (double)row->running_ns / ns);
	else
		snprintf(title, CELL_SIZE, "set %u", number - 1);
}

/* The rows of each set under the set's name. */
static void add_by_set(const struct output *out, const struct result *res,
		       unsigned run, struct table *t)
{
	unsigned number;
	bool titled;
	size_t i;

	for (number = 0; number <= SETS_MAX; number++) {
		titled = false;
		for (i = 0; i < res->nrows; i++) {
			const struct row *row = &res->rows[i];
			struct line *line;

			if (table_of(row) != number ||
			    (run && row_is_elsewhere(row)))
				continue;
			line = add_row(out, res, run, row, t);
			if (!titled && row->nsets > 1)
				fill_title(row, number, line->title);
			titled = true;
		}
	}
}

static void add_rows(const struct output *out, const struct result *res,
		     unsigned run, struct table *t)
{
	size_t i;

	t->lines =
		xreallocarray(t->lines, t->n + res->nrows, sizeof(*t->lines));
	if (out->s->opt->by_set) {
		add_by_set(out, res, run, t);
		return;
	}
	for (i = 0; i < res->nrows; i++)
		if (!run || !row_is_elsewhere(&res->rows[i]))
			add_row(out, res, run, &res->rows[i], t);
}

/* Without the usual widths when they are too many. */
static void measure(struct table *t, bool narrow)
{
	size_t i;
	int c, len;

	for (c = 0; c < NCOLS; c++) {
		t->width[c] = narrow ? 0 : abs(columns[c].width);
		for (i = 0; i < t->n; i++) {
			len = (int)strlen(t->lines[i].cell[c]);
			if (len > t->width[c])
				t->width[c] = len;
		}
		len = (int)strlen(columns[c].title);
		if (t->width[c] && t->width[c] < len)
			t->width[c] = len;
	}
}

/* What is left of the line for the last column. */
static int room_left(const struct output *out, const struct table *t)
{
	int c, room = (int)out->width - 1;

	for (c = 0; c < COL_IS; c++)
		room -= t->width[c] ? t->width[c] + 2 : 0;
	return room;
}

static const char see_note[] = "not counted: see note";

/* A reason that is too long for its cell moves to the notes. */
static void move_reasons(struct table *t, int room)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		char *cell = t->lines[i].cell[COL_IS];

		if ((int)strlen(cell) <= room ||
		    strncmp(cell, see_note, 12) != 0)
			continue;
		t->cut = true;
		snprintf(cell, CELL_SIZE, "%s", see_note);
	}
}

/*
 * When the line is too long, reasons move away first; then the columns lose
 * their usual widths, and at last whatever still does not fit is left out.
 */
static void fit(const struct output *out, struct table *t)
{
	int room = room_left(out, t);
	size_t i;

	if (t->width[COL_IS] <= room)
		return;
	if (!out->s->opt->quiet)
		move_reasons(t, room);
	measure(t, false);
	if (t->width[COL_IS] <= room)
		return;
	measure(t, true);
	room = room_left(out, t);
	for (i = 0; i < t->n; i++)
		if ((int)strlen(t->lines[i].cell[COL_IS]) > room)
			t->lines[i].cell[COL_IS][room > 0 ? room : 0] = '\0';
	measure(t, true);
}

/* Cut at the width: a line never wraps. */
void text_line(struct output *out, const char *text, const char *colour)
{
	int len = (int)strlen(text), width = (int)out->width;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len > width)
		len = width;
	if (out->colour && colour)
		out_printf(out, "%s%.*s\033[0m\n", colour, len, text);
	else
		out_printf(out, "%.*s\n", len, text);
}

static void add_cell(char *text, size_t size, const char *cell, int width)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "  %*s", width, cell);
}

static void put_head(struct output *out, const struct table *t)
{
	char titles[1024] = "", rule[1024] = "", dashes[CELL_SIZE + 8];
	int c, width;

	for (c = 0; c < NCOLS; c++) {
		width = t->width[c];
		if (!width)
			continue;
		memset(dashes, '-', (size_t)width);
		dashes[width] = '\0';
		add_cell(titles, sizeof(titles), columns[c].title,
			 columns[c].width < 0 ? -width : width);
		add_cell(rule, sizeof(rule), dashes, -width);
	}
	text_line(out, titles + 1, "\033[1m");
	text_line(out, rule + 1, "\033[2m");
}

static void put_lines(struct output *out, const struct table *t)
{
	char text[2048];
	size_t i;
	int c;

	for (i = 0; i < t->n; i++) {
		const struct line *line = &t->lines[i];

		if (line->title[0]) {
			snprintf(text, sizeof(text), " %s", line->title);
			text_line(out, text, "\033[1m");
		}
		text[0] = '\0';
		for (c = 0; c < NCOLS; c++)
			if (t->width[c])
				add_cell(text, sizeof(text), line->cell[c],
					 columns[c].width < 0 ? -t->width[c] :
								t->width[c]);
		text_line(out, text + 1,
			  line->cell[COL_COUNT][0] == '-' ? "\033[2m" : NULL);
	}
}

bool text_table(struct output *out, const struct result *res, bool head)
{
	struct table t = { 0 };
	unsigned i;

	for (i = 0; (out->s->opt->table || res->apart) && i < res->nruns; i++)
		add_rows(out, &res->runs[i], i + 1, &t);
	add_rows(out, res, 0, &t);
	measure(&t, false);
	fit(out, &t);
	if (head)
		put_head(out, &t);
	put_lines(out, &t);
	free(t.lines);
	return t.cut;
}
