/* SPDX-License-Identifier: MIT
 *
 * top-print.c - cells as text, and a whole table as text, JSON or CSV: for the
 * batch mode, and for the screen that is saved.
 */
#include "config.h"

#include "top.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"

#define DASH "-"

/* With a comma after each three digits. */
static void format_count(double value, char *buf, size_t size)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%.0f", value), i;
	size_t n = 0;

	for (i = 0; i < len && n + 2 < size; i++) {
		buf[n++] = digits[i];
		if ((len - i) % 3 == 1 && i + 1 < len && digits[i] != '-')
			buf[n++] = ',';
	}
	buf[n] = '\0';
}

/* Three digits or four, and a letter. */
static void format_short(double value, double step, char *buf, size_t size)
{
	static const char letters[] = "\0kMGTPE";
	unsigned i = 0;

	while (value >= 999.5 && i + 2 < sizeof(letters)) {
		value /= step;
		i++;
	}
	if (i == 0)
		snprintf(buf, size, value < 9.95 && value > 0 ? "%.1f" : "%.0f",
			 value);
	else
		snprintf(buf, size,
			 value < 9.995 ? "%.2f%c" :
			 value < 99.95 ? "%.1f%c" :
					 "%.0f%c",
			 value, letters[i]);
}

static void format_text(const char *s, char *buf, size_t size)
{
	size_t n = 0;

	for (; *s && n + 1 < size; s++)
		buf[n++] = (unsigned char)*s < ' ' || *s == 127 ? '?' : *s;
	buf[n] = '\0';
}

void top_format(const struct top_column *col, const struct top_cell *cell,
		char *buf, size_t size)
{
	double v = cell->value;

	if (col->kind == TOP_TEXT) {
		format_text(cell->text, buf, size);
		return;
	}
	if (isnan(v)) {
		snprintf(buf, size, DASH);
		return;
	}
	switch (col->kind) {
	case TOP_ID:
		snprintf(buf, size, "%.0f", v);
		break;
	case TOP_COUNT:
		format_count(v, buf, size);
		break;
	case TOP_RATE:
		format_short(v, 1000, buf, size);
		break;
	case TOP_BYTES:
		format_short(v, 1024, buf, size);
		break;
	case TOP_SECONDS:
		snprintf(buf, size, "%d:%05.2f", (int)(v / 60),
			 v - 60.0 * (int)(v / 60));
		break;
	case TOP_ADDRESS:
		snprintf(buf, size, "%s", cell->text);
		break;
	case TOP_SPARK:
		buf[0] = '\0';
		break;
	default:
		snprintf(buf, size, "%.*f", (int)col->digits, v);
	}
}

static void put_clock(FILE *f, uint64_t time_ns)
{
	time_t s = (time_t)(time_ns / NS_PER_S);
	struct tm tm;
	char buf[32];

	if (localtime_r(&s, &tm) &&
	    strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm))
		fprintf(f, "%s", buf);
}

static void put_head_cell(FILE *f, const char *name, const struct top_cell *c,
			  int digits)
{
	if (isnan(c->value))
		fprintf(f, "  %s -", name);
	else
		fprintf(f, "  %s %.*f", name, digits, c->value);
}

static void put_head(FILE *f, const struct top_head *h,
		     const struct top_table *table)
{
	fprintf(f, "pfmon top  %s . %s . %u CPU%s . every %g s  ", h->machine,
		h->backend, h->ncpus, h->ncpus == 1 ? "" : "s",
		(double)h->interval_ns / 1e9);
	put_clock(f, h->time_ns);
	fprintf(f, "\nCPU %.1f %%", h->busy);
	put_head_cell(f, "GHz", &h->ghz, 2);
	put_head_cell(f, "IPC", &h->ipc, 2);
	put_head_cell(f, "LLC/k", &h->llc, 1);
	fprintf(f, "  %u processes, %u running, %u threads, %u counted",
		h->processes, h->running, h->threads, h->counted);
	if (h->sets > 1)
		fprintf(f, "  set %u of %u", h->set, h->sets);
	if (*h->slots)
		fprintf(f, "\n%s", h->slots);
	fprintf(f, "\n%s%s%s\n", top_titles[table->view],
		*table->title ? ": " : "", table->title);
	if (*h->notice)
		fprintf(f, "%s\n", h->notice);
	if (*h->skipped)
		fprintf(f, "%s\n", h->skipped);
	if (h->lost)
		fprintf(f, "%" PRIu64 " samples were lost\n", h->lost);
	if (*table->note)
		fprintf(f, "%s\n", table->note);
}

/* A text at the end of a row has no end to keep to. */
static bool is_padded(const struct top_table *t, unsigned col)
{
	return col + 1 < t->ncols || !t->cols[col].left;
}

/* As wide as the widest of its texts. */
static unsigned width_of(const struct top_table *t, unsigned col)
{
	unsigned width = t->cols[col].width, len;
	char buf[512];
	size_t i;

	len = (unsigned)strlen(t->cols[col].title);
	width = len > width ? len : width;
	for (i = 0; i < t->nrows && is_padded(t, col); i++) {
		top_format(&t->cols[col], &t->rows[i].cells[col], buf,
			   sizeof(buf));
		len = (unsigned)strlen(buf);
		width = len > width ? len : width;
	}
	return width;
}

static void put_text(FILE *f, const struct top_column *col, unsigned width,
		     const char *text)
{
	fprintf(f, col->left ? " %-*s" : " %*s", (int)width, text);
}

static void put_row(FILE *f, const struct top_table *t,
		    const struct top_row *row, const unsigned *width)
{
	char buf[512];
	unsigned i;

	for (i = 0; i < t->ncols; i++) {
		if (t->cols[i].kind == TOP_SPARK)
			continue;
		top_format(&t->cols[i], &row->cells[i], buf, sizeof(buf));
		if (!is_padded(t, i))
			fprintf(f, " %*s%s", (int)(row->depth * 2), "", buf);
		else
			put_text(f, &t->cols[i], width[i], buf);
	}
	fputc('\n', f);
}

/* Why whole columns are empty: each reason once. */
static void put_reasons(FILE *f, const struct top_table *t)
{
	unsigned i, k;

	for (i = 0; i < t->ncols; i++) {
		const char *reason = t->cols[i].reason;

		for (k = 0; reason && k < i; k++)
			if (t->cols[k].reason &&
			    !strcmp(t->cols[k].reason, reason))
				break;
		if (!reason || k < i)
			continue;
		fprintf(f, "%s", t->cols[i].title);
		for (k = i + 1; k < t->ncols; k++)
			if (t->cols[k].reason &&
			    !strcmp(t->cols[k].reason, reason))
				fprintf(f, ", %s", t->cols[k].title);
		fprintf(f, ": %s\n", reason);
	}
}

static void print_text(FILE *f, const struct top_head *h,
		       const struct top_table *t)
{
	unsigned *width = xcalloc(t->ncols + 1, sizeof(*width)), i;
	size_t k;

	put_head(f, h, t);
	put_reasons(f, t);
	for (i = 0; i < t->ncols; i++) {
		width[i] = width_of(t, i);
		if (t->cols[i].kind == TOP_SPARK)
			continue;
		if (!is_padded(t, i))
			fprintf(f, " %s", t->cols[i].title);
		else
			put_text(f, &t->cols[i], width[i], t->cols[i].title);
	}
	fputc('\n', f);
	for (k = 0; k < t->nrows; k++)
		put_row(f, t, &t->rows[k], width);
	if (t->nrows < t->nall)
		fprintf(f, " ... %zu more\n", t->nall - t->nrows);
	fputc('\n', f);
	free(width);
}

/* Values as they are; null with a reason in "why", once for each text. */
static struct json_t *cell_json(const struct top_column *col,
				const struct top_cell *c)
{
	if (col->kind == TOP_TEXT || col->kind == TOP_ADDRESS)
		return js_text(c->text);
	if (isnan(c->value))
		return js_null();
	if (col->kind == TOP_ID || col->kind == TOP_COUNT ||
	    col->kind == TOP_BYTES)
		return js_number(true, (uint64_t)c->value);
	return js_real(c->value);
}

static struct json_t *row_json(const struct top_table *t,
			       const struct top_row *row)
{
	struct json_t *obj = js_object(), *why = NULL;
	unsigned i;

	for (i = 0; i < t->ncols; i++) {
		const struct top_cell *c = &row->cells[i];

		if (t->cols[i].kind == TOP_SPARK)
			continue;
		js_set(obj, t->cols[i].id, cell_json(&t->cols[i], c));
		if (t->cols[i].kind == TOP_TEXT || !isnan(c->value) || !c->why)
			continue;
		if (!why)
			why = js_object();
		js_set(why, t->cols[i].id, js_text(c->why));
	}
	if (row->flags & TOP_ROW_ENDED)
		js_set(obj, "ended", js_bool(true));
	if (why)
		js_set(obj, "why", why);
	return obj;
}

static char *print_json(const struct top_head *h, const struct top_table *t)
{
	struct json_t *obj = js_object(), *rows = js_array();
	size_t i;

	js_set(obj, "view", js_text(top_views[t->view]));
	js_set(obj, "time", js_real((double)h->time_ns / 1e9));
	js_set(obj, "duration", js_real((double)h->duration_ns / 1e9));
	js_set(obj, "machine", js_text(h->machine));
	js_set(obj, "backend", js_text(h->backend));
	js_set(obj, "cpus", js_number(true, h->ncpus));
	js_set(obj, "busy", isnan(h->busy) ? js_null() : js_real(h->busy));
	js_set(obj, "processes", js_number(true, h->processes));
	js_set(obj, "threads", js_number(true, h->threads));
	js_set(obj, "counted", js_number(true, h->counted));
	js_set(obj, "set", js_number(true, h->set));
	js_set(obj, "sets", js_number(true, h->sets));
	js_set(obj, "lost", js_number(true, h->lost));
	js_set(obj, "notice", js_text(*h->notice ? h->notice : NULL));
	js_set(obj, "skipped", js_text(*h->skipped ? h->skipped : NULL));
	js_set(obj, "note", js_text(*t->note ? t->note : NULL));
	for (i = 0; i < t->nrows; i++)
		js_append(rows, row_json(t, &t->rows[i]));
	js_set(obj, "rows", rows);
	return js_line(obj);
}

static void put_csv(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\n")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

/* Numbers without commas and letters. */
static void csv_cell(FILE *f, const struct top_column *col,
		     const struct top_cell *c)
{
	char buf[512];

	if (col->kind == TOP_TEXT || col->kind == TOP_ADDRESS) {
		top_format(col, c, buf, sizeof(buf));
		put_csv(f, buf);
	} else if (isnan(c->value)) {
		fputs(DASH, f);
	} else {
		fprintf(f, "%.*f",
			col->kind == TOP_RATIO || col->kind == TOP_PERCENT ||
					col->kind == TOP_RATE ?
				3 :
				0,
			c->value);
	}
}

static void print_csv(FILE *f, const struct top_table *t)
{
	unsigned k, n = 0;
	size_t i;

	for (k = 0; k < t->ncols; k++)
		if (t->cols[k].kind != TOP_SPARK) {
			fputs(n++ ? "," : "", f);
			put_csv(f, t->cols[k].id);
		}
	fputc('\n', f);
	for (i = 0; i < t->nrows; i++) {
		for (k = 0, n = 0; k < t->ncols; k++)
			if (t->cols[k].kind != TOP_SPARK) {
				fputs(n++ ? "," : "", f);
				csv_cell(f, &t->cols[k], &t->rows[i].cells[k]);
			}
		fputc('\n', f);
	}
}

char *top_print(const struct top_head *head, const struct top_table *table,
		enum top_form form)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	if (form == TOP_FORM_JSON) {
		char *line = print_json(head, table);

		text = xasprintf("%s\n", line);
		free(line);
		return text;
	}
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	if (form == TOP_FORM_CSV)
		print_csv(f, table);
	else
		print_text(f, head, table);
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}
