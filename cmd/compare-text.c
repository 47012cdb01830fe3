/* SPDX-License-Identifier: MIT
 *
 * compare-text.c - a comparison as a table for people, and as JSON.  Nothing is
 * worked out here.
 */
#include "config.h"

#include "compare.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "json.h"

static double size_of(double v)
{
	return v < 0 ? -v : v;
}

enum { COL_METRIC, COL_OLD, COL_NEW, COL_CHANGE, COL_RANGE, COL_VERDICT };
#define NCOLS 6
#define CELL 512
#define LINE 1024

/* Of a fraction, so that there are about three. */
static int digits_of(double size)
{
	return size < 1 ? 4 : size < 10 ? 2 : size < 100;
}

/* Three digits and what they are multiplied with; whole when it is a count. */
static void format_value(const struct change *c, double v, char *buf)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const counts[] = {
		"", " K", " M", " G", " T", " P"
	};
	bool time = !strcmp(c->unit, "ns"), ipc = c->kind == CHANGE_IPC;
	size_t last = time ? 3 : ARRAY_SIZE(counts) - 1, i = 0;
	bool whole = size_of(v) < 1e4 && v == (double)(int)v;

	if (!time && (whole || ipc)) {
		snprintf(buf, CELL, "%.*f", ipc ? 2 : 0, v);
		return;
	}
	while (i < last && size_of(v) >= 999.5) {
		v /= 1000;
		i++;
	}
	if (time)
		snprintf(buf, CELL, "%.3f %s", v, times[i]);
	else
		snprintf(buf, CELL, "%.*f%s", digits_of(size_of(v)), v,
			 counts[i]);
}

/* A part of a change in percent, and no zero that is negative. */
static void format_percent(double v, int digits, char *buf)
{
	double least = digits > 1 ? 0.0005 : 0.05;

	snprintf(buf, CELL, "%+.*f", digits, size_of(v) < least ? 0.0 : v);
}

/* All but the label. */
static void fill_row(const struct change *c, bool utf8, char cell[][CELL])
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "...";
	char low[CELL], high[CELL];
	int digits = c->high - c->low < 0.1 && size_of(c->percent) < 1 ? 3 : 1;

	snprintf(cell[COL_VERDICT], CELL, "%s", verdict_names[c->verdict]);
	snprintf(cell[COL_CHANGE], CELL, "-");
	snprintf(cell[COL_OLD], CELL, "-");
	snprintf(cell[COL_NEW], CELL, "-");
	if (c->old.n)
		format_value(c, c->old.mean, cell[COL_OLD]);
	if (c->new.n)
		format_value(c, c->new.mean, cell[COL_NEW]);
	if (!c->known)
		return;
	if (!c->relative) {
		format_value(c, c->diff, high);
		snprintf(cell[COL_CHANGE], CELL, "%s%.60s",
			 c->diff > 0 ? "+" : "", high);
		format_value(c, c->half, high);
		snprintf(cell[COL_RANGE], CELL, "%s %.60s",
			 utf8 ? "\xc2\xb1" : "+-", high);
		return;
	}
	format_percent(c->percent, digits, low);
	snprintf(cell[COL_CHANGE], CELL, "%.60s %%", low);
	format_percent(c->low, digits, low);
	format_percent(c->high, digits, high);
	snprintf(cell[COL_RANGE], CELL, "%.50s %s %.50s %%", low, dots, high);
}

/* Columns of text, which is UTF-8: what continues a character has none. */
static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* Text of others in at most n columns, without control characters. */
static void cut(char *to, const char *s, int n, bool utf8)
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "...";
	int room = columns(s) > n ? n - columns(dots) : n;
	const char *p = s;
	size_t len = 0;

	for (; *p && (room > 0 || (*p & 0xc0) == 0x80) && len < CELL - 8; p++) {
		unsigned c = (unsigned char)*p;
		bool begins = (c & 0xc0) != 0x80, control = c < ' ' || c == 127;

		room -= begins;
		/* The controls of ISO 6429 beyond ASCII are 0xc2 0x80 to 9f. */
		control |= c == 0xc2 && (unsigned char)p[1] < 0xa0;
		if (!control && (c < 128 || utf8))
			to[len++] = *p;
		else if (begins)
			to[len++] = '?';
		p += control && c == 0xc2;
	}
	snprintf(to + len, 8, "%s", *p ? dots : "");
}

/* A line of text, indented by a column. */
__attribute__((format(printf, 2, 3))) static void
put(const struct compare_style *style, const char *fmt, ...)
{
	char text[LINE], line[LINE];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (n = strlen(text); n && text[n - 1] == ' ';)
		text[--n] = '\0';
	cut(line, text, (int)style->width, style->utf8);
	style->put(style->arg, line);
}

/* When the line is short, the old one's name gives way, not what is said. */
static void put_head(const struct comparison *cmp,
		     const struct compare_style *style)
{
	const struct record *old = cmp->old, *new = cmp->new;
	char *machine = compare_machines(old, new), *left, *right;
	char name[LINE];
	int room;

	left = style->head ? xstrdup(style->head) :
			     xasprintf("%s: %zu run%s", new->name, new->nruns,
				       new->nruns == 1 ? "" : "s");
	right = xasprintf("%zu run%s, %s", old->nruns,
			  old->nruns == 1 ? "" : "s", machine);
	room = (int)style->width - columns(left) - columns(right) - 7;
	cut(name, old->name, room > 8 ? room : 8, style->utf8);
	put(style, " %s   %s: %s", left, name, right);
	put(style, "%s", "");
	free(machine);
	free(left);
	free(right);
}

static void put_cells(const struct compare_style *style, char cell[][CELL],
		      const int *width)
{
	char line[LINE];
	size_t len = 0;
	int i, pad;

	for (i = 0; i < NCOLS; i++) {
		pad = width[i] - columns(cell[i]);
		pad = pad > 0 ? pad : 0;
		if (i == COL_METRIC || i == COL_VERDICT)
			pad = -pad;
		len += (size_t)snprintf(line + len, LINE - len, "%s%*s%s%*s",
					i ? "  " : " ", pad > 0 ? pad : 0, "",
					cell[i], pad < 0 ? -pad : 0, "");
	}
	put(style, "%s", line);
}

void compare_text(const struct comparison *cmp,
		  const struct compare_style *style)
{
	int width[NCOLS] = { 0 }, room = (int)style->width - 1, w, i;
	char(*cells)[NCOLS][CELL] = xcalloc(cmp->n + 2, sizeof(*cells));
	const char *titles[NCOLS] = { "metric", "old",        "new",
				      "change", "95 % range", "verdict" };
	size_t r;

	titles[COL_OLD] = style->old_name ? style->old_name : "old";
	titles[COL_NEW] = style->new_name ? style->new_name : "new";
	for (i = 0; i < NCOLS; i++)
		cut(cells[0][i], titles[i], 30, style->utf8);
	for (r = 0; r < cmp->n; r++) {
		fill_row(&cmp->changes[r], style->utf8, cells[r + 2]);
		cut(cells[r + 2][0], cmp->changes[r].label, 60, style->utf8);
	}
	for (i = NCOLS - 1; i >= 0; i--) {
		for (r = 0; r < cmp->n + 2; r++) {
			w = columns(cells[r][i]);
			width[i] = w > width[i] ? w : width[i];
		}
		room -= i ? width[i] + 2 : 0;
	}
	/* What is named gives way to what is known of it. */
	width[0] = width[0] > room ? room > 8 ? room : 8 : width[0];
	for (r = 0; r < cmp->n; r++)
		cut(cells[r + 2][0], cmp->changes[r].label, width[0],
		    style->utf8);
	for (i = 0; i < NCOLS; i++)
		memset(cells[1][i], '-', (size_t)width[i]);
	put_head(cmp, style);
	for (r = 0; r < cmp->n + 2; r++)
		put_cells(style, cells[r], width);
	put(style, "%s", "");
	for (r = 0; r < cmp->n; r++)
		if (cmp->changes[r].why)
			put(style, " note   %s: %s", cmp->changes[r].label,
			    cmp->changes[r].why);
	put(style, " %s", compare_method);
	free(cells);
}

static struct json_t *json_side(const struct moments *m)
{
	struct json_t *obj = js_object();
	bool has = m->n > 0;

	js_set(obj, "runs", js_number(true, m->n));
	js_set(obj, "mean", has ? js_real(m->mean) : js_null());
	js_set(obj, "deviation", m->n > 1 ? js_real(m->dev) : js_null());
	js_set(obj, "error",
	       has && m->half >= 0 ? js_real(m->half) : js_null());
	return obj;
}

static struct json_t *json_change(const struct change *c)
{
	const struct {
		const char *key;
		bool known;
		double value;
	} numbers[] = {
		{ "difference", c->known, c->diff },
		{ "error", c->known, c->half },
		{ "percent", c->relative, c->percent },
		{ "low", c->relative, c->low },
		{ "high", c->relative, c->high },
	};
	struct json_t *obj = js_object();
	size_t i;

	js_set(obj, "metric", js_text(c->label));
	js_set(obj, "unit", js_text(c->unit));
	js_set(obj, "old", json_side(&c->old));
	js_set(obj, "new", json_side(&c->new));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		js_set(obj, numbers[i].key,
		       numbers[i].known ? js_real(numbers[i].value) :
					  js_null());
	js_set(obj, "estimated", js_bool(c->estimated));
	js_set(obj, "verdict", js_text(verdict_names[c->verdict]));
	js_set(obj, "reason", js_text(c->why));
	return obj;
}

struct json_t *compare_json(const struct comparison *cmp)
{
	char *machine = compare_machines(cmp->old, cmp->new);
	struct json_t *obj = js_object(), *list = js_array();
	size_t i;

	js_set(obj, "old", js_text(cmp->old->name));
	js_set(obj, "new", js_text(cmp->new->name));
	js_set(obj, "machine", js_text(machine));
	js_set(obj, "method", js_text(compare_method));
	for (i = 0; i < cmp->n; i++)
		js_append(list, json_change(&cmp->changes[i]));
	js_set(obj, "changes", list);
	free(machine);
	return obj;
}
