/* SPDX-License-Identifier: MIT
 *
 * report-text.c - the flat table of pfmon report for people, and what stands
 * above it.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HOT 10.0 /* percent of self */
#define WARM 2.0
#define UNRESOLVED_MOST 5 /* objects told of one by one */
#define NUMBERS 29        /* columns of self, total and samples */

static const char bold_red[] = "\033[1;31m", yellow[] = "\033[33m",
		  bold[] = "\033[1m", plain[] = "\033[m";

/* Columns after the numbers. */
#define COLUMNS_MAX (KEYS_MAX + 3)
#define LEAST 6
enum { COL_FUNCTION = KEYS_MAX, COL_OBJECT, COL_LINE };
struct column {
	unsigned what; /* of the keys, or one of the above */
	const char *title;
	unsigned width, most, least;
};

struct table {
	FILE *f;
	const struct report_style *s;
	const struct report *r;
	struct report_shown shown;
	struct column cols[COLUMNS_MAX];
	unsigned ncols;
	char **cells; /* ncols for each row that is shown; owned, each too */
};

static void add_column(struct table *t, unsigned what, const char *title,
		       unsigned least)
{
	t->cols[t->ncols++] = (struct column){
		.what = what,
		.title = title,
		.width = text_columns(title),
		.least = least,
	};
}

/* Beside the keys: what tells which function or address it is. */
static void choose_columns(struct table *t)
{
	const struct report_opt *o = t->r->opt;
	bool function = report_has_key(o, KEY_FUNCTION);
	bool address = report_has_key(o, KEY_ADDRESS);
	bool line = report_has_key(o, KEY_LINE);
	unsigned i;

	for (i = 0; i < o->nkeys; i++)
		add_column(t, i, report_key_name(o->keys[i]),
			   o->keys[i] == KEY_FUNCTION ? 16 :
			   o->keys[i] == KEY_ADDRESS  ? 18 :
							10);
	if (address && !function)
		add_column(t, COL_FUNCTION, "function", 10);
	if ((function || address || line) && !report_has_key(o, KEY_DSO))
		add_column(t, COL_OBJECT, "object", address ? 6 : 9);
	if ((function || address) && !line && !report_has_key(o, KEY_SOURCE))
		add_column(t, COL_LINE, "line", address ? 8 : 12);
}

static char *cell_text(const struct table *t, const struct report_row *row,
		       const struct column *col)
{
	struct report_context c;

	if (col->what < KEYS_MAX)
		return report_key_text(t->r, row, col->what);
	c = report_context(t->r, row->place);
	if (col->what == COL_OBJECT)
		return xstrdup(c.object);
	if (col->what == COL_FUNCTION)
		return xstrdup(*c.function ? c.function : "-");
	if (!*c.file)
		return xstrdup("");
	return c.line ? xasprintf("%s:%u", report_base(c.file), c.line) :
			xstrdup(report_base(c.file));
}

static void fill_cells(struct table *t)
{
	size_t i;
	unsigned k, n;

	t->cells = xcalloc(t->shown.n * t->ncols, sizeof(*t->cells));
	for (i = 0; i < t->shown.n; i++)
		for (k = 0; k < t->ncols; k++) {
			char *text = cell_text(t, &t->r->rows[t->shown.rows[i]],
					       &t->cols[k]);

			t->cells[i * t->ncols + k] = text;
			n = text_columns(text);
			if (n > t->cols[k].width)
				t->cols[k].width = n;
		}
}

/* A part of a number is another number. */
static bool is_number(const struct table *t, const struct column *c)
{
	enum report_key key;

	if (c->what >= KEYS_MAX)
		return false;
	key = t->r->opt->keys[c->what];
	return key == KEY_ADDRESS || key == KEY_TIME ||
	       (report_key_is_of_sample(key) && key != KEY_COMM);
}

/* With many keys each has still less. */
static bool lower_least(struct table *t)
{
	bool any = false;
	unsigned k;

	for (k = 0; k < t->ncols; k++) {
		struct column *c = &t->cols[k];
		unsigned least = text_columns(c->title);

		least = least > LEAST ? least : LEAST;
		if (c->least <= least || is_number(t, c))
			continue;
		c->least = least;
		any = true;
	}
	return any;
}

/* The widest of those that come first in giving way. */
static struct column *next_to_shrink(struct table *t)
{
	struct column *best = NULL;
	unsigned k, rank, best_rank = 0;

	for (k = 0; k < t->ncols; k++) {
		struct column *c = &t->cols[k];

		if (c->width <= c->least)
			continue;
		/* Beside a function the rest is for orientation. */
		rank = c->what == COL_LINE ? 3 : c->what == COL_OBJECT ? 2 : 1;
		if (rank > best_rank ||
		    (rank == best_rank && c->width > best->width)) {
			best = c;
			best_rank = rank;
		}
	}
	return best;
}

static void fit_columns(struct table *t)
{
	unsigned used = NUMBERS, k;
	struct column *c;

	for (k = 0; k < t->ncols; k++) {
		/* One long name does not move all objects out of sight. */
		if (t->cols[k].width > t->s->width / 2)
			t->cols[k].width = t->s->width / 2;
		used += t->cols[k].width + 2;
	}
	while (used > t->s->width) {
		c = next_to_shrink(t);
		if (!c && !lower_least(t))
			break;
		if (!c)
			continue;
		c->width--;
		used--;
	}
}

static void put_titles(const struct table *t)
{
	static const char dashes[] =
		"--------------------------------------------------"
		"--------------------------------------------------"
		"--------------------------------------------------"
		"--------------------------------------------------";
	bool children = !t->r->opt->no_children;
	const char *on = t->s->colour ? bold : "", *off = *on ? plain : "";
	unsigned k;

	fprintf(t->f, "%s  self   %s    samples", on,
		children ? "  total  " : "         ");
	for (k = 0; k < t->ncols; k++)
		fprintf(t->f, "  %-*s",
			k + 1 < t->ncols ? (int)t->cols[k].width : 0,
			t->cols[k].title);
	fprintf(t->f, "%s\n -------  %s  ----------", off,
		children ? "-------" : "       ");
	for (k = 0; k < t->ncols; k++)
		fprintf(t->f, "  %.*s", (int)t->cols[k].width, dashes);
	fputc('\n', t->f);
}

static void put_numbers(const struct table *t, const struct report_row *row)
{
	double self = report_percent(row->self.weight, t->r->all.weight);
	double total = report_percent(row->total.weight, t->r->all.weight);
	char *samples = text_grouped(row->self.samples);
	const char *on = "";

	if (t->s->colour)
		on = self >= HOT ? bold_red : self >= WARM ? yellow : "";
	fprintf(t->f, "%s %5.1f %%%s", on, self, *on ? plain : "");
	if (t->r->opt->no_children)
		fprintf(t->f, "  %7s", "");
	else
		fprintf(t->f, "  %5.1f %%", total);
	fprintf(t->f, "  %10s", samples);
	free(samples);
}

static void put_row(const struct table *t, size_t i)
{
	unsigned pad = 0, k;

	put_numbers(t, &t->r->rows[t->shown.rows[i]]);
	for (k = 0; k < t->ncols; k++) {
		char *text = text_fit(t->cells[i * t->ncols + k],
				      t->cols[k].width, t->s->utf8);

		/* No blanks at the end of a line. */
		if (*text)
			fprintf(t->f, "%*s  %s", (int)pad, "", text);
		pad = (*text ? 0 : pad + 2) + t->cols[k].width -
		      text_columns(text);
		free(text);
	}
	fputc('\n', t->f);
}

static const char *next_steps(const struct table *t, char **text)
{
	const struct report_shown *s = &t->shown;
	struct report_context c;

	*text = NULL;
	if (!s->n)
		return "pfmon report";
	c = report_context(t->r, t->r->rows[s->rows[0]].place);
	if (strpbrk(c.function, " ()<>&;$*'\"\\`|"))
		*text = xasprintf("pfmon report, pfmon annotate '%s'",
				  c.function);
	else if (*c.function)
		*text = xasprintf("pfmon report, pfmon annotate %s",
				  c.function);
	return *text ? *text : "pfmon report";
}

static void put_more(const struct table *t, bool brief)
{
	const struct report_shown *s = &t->shown;
	const char *dots = t->s->utf8 ? "\xe2\x80\xa6" : "...";
	const char *what = t->r->opt->nkeys == 1 ?
				   report_key_name(t->r->opt->keys[0]) :
				   "row";
	char *left, *n, *steps, *fit;
	const char *next;
	unsigned have, used;

	if (!s->more && !brief)
		return;
	n = text_grouped(s->more);
	left = s->more ?
		       xasprintf("   %s  %s more %s%s, %.1f %%", dots, n, what,
				 s->more == 1 ? "" :
				 t->r->opt->keys[0] == KEY_ADDRESS &&
						 t->r->opt->nkeys == 1 ?
						"es" :
						"s",
				 report_percent(s->more_weight,
						t->r->all.weight)) :
		       xstrdup("");
	fputs(left, t->f);
	used = text_columns(left);
	if (brief) {
		/* A part of a command is of no use. */
		next = next_steps(t, &steps);
		if (text_columns(next) + 3 > t->s->width)
			next = "pfmon report";
		fit = text_fit(next, t->s->width, t->s->utf8);
		have = text_columns(fit);
		if (used && used + 2 + have > t->s->width) {
			fputc('\n', t->f);
			used = 0;
		}
		fprintf(t->f, "%*s%s",
			used ? (int)(t->s->width - used - have) : 3, "", fit);
		free(fit);
		free(steps);
	}
	fputc('\n', t->f);
	free(left);
	free(n);
}

/* One row for each object: never a name that is none. */
static void put_unresolved(const struct table *t, bool brief)
{
	const struct report_shown *s = &t->shown;
	size_t i, left = 0;
	uint64_t weight = 0;

	for (i = 0; i < s->nunresolved; i++) {
		const struct report_row *row = &t->r->rows[s->unresolved[i]];
		char *name, *why, *text;
		uint32_t object;

		if (brief && !row->self.samples)
			continue;
		if (i >= UNRESOLVED_MOST) {
			left++;
			weight += row->self.weight;
			continue;
		}
		if (!report_is_unresolved(t->r, row->place, &object))
			continue;
		put_numbers(t, row);
		name = report_key_text(t->r, row, 0);
		why = report_why(t->r->p, object);
		text = xasprintf("%s: %s", name, why);
		fputs("  ", t->f);
		text_wrap(t->f, t->s, NUMBERS + 2, text);
		free(name);
		free(why);
		free(text);
	}
	if (left)
		fprintf(t->f, " %5.1f %%%*s  unresolved in %zu more objects\n",
			report_percent(weight, t->r->all.weight), NUMBERS - 8,
			"", left);
}

/* With other keys the rows stand in the table; here is why. */
static void put_reasons(const struct table *t)
{
	bool *told = xcalloc((size_t)t->r->p->nobjects + 1, sizeof(*told));
	size_t i;

	for (i = 0; i < t->shown.n; i++) {
		const struct report_row *row = &t->r->rows[t->shown.rows[i]];
		uint32_t object, slot;
		char *why, *text;

		if (!report_is_unresolved(t->r, row->place, &object))
			continue;
		slot = object < t->r->p->nobjects ? object : t->r->p->nobjects;
		if (told[slot])
			continue;
		told[slot] = true;
		why = report_why(t->r->p, object);
		text = xasprintf(" unresolved in %s: %s",
				 report_object(t->r->p, object), why);
		text_wrap(t->f, t->s, 2, text);
		free(why);
		free(text);
	}
	free(told);
}

void report_flat(FILE *f, const struct report_style *s, const struct report *r,
		 bool brief)
{
	bool apart = r->opt->nkeys == 1 && r->opt->keys[0] == KEY_FUNCTION;
	struct table t = { .f = f, .s = s, .r = r };
	size_t i;

	report_select(&t.shown, r, apart);
	choose_columns(&t);
	fill_cells(&t);
	fit_columns(&t);
	put_titles(&t);
	for (i = 0; i < t.shown.n; i++)
		put_row(&t, i);
	put_more(&t, brief);
	put_unresolved(&t, brief);
	put_reasons(&t);
	for (i = 0; i < t.shown.n * t.ncols; i++)
		free(t.cells[i]);
	free(t.cells);
	report_shown_release(&t.shown);
}

/* 41.2 G, and seconds of what is in ns. */
static char *value_text(const struct report *r)
{
	static const char *const prefixes[] = { "",   " K", " M", " G",
						" T", " P", " E" };
	const struct prof_event *e = &r->p->events[r->event];
	const char *unit = r->p->strings[e->unit];
	double v = (double)r->all.weight * e->scale;
	bool time = !strcmp(unit, "ns");
	size_t i = 0;

	if (time)
		return xasprintf("%.3f s", v / 1e9);
	for (; (v >= 999.5 || v <= -999.5) && i + 1 < ARRAY_SIZE(prefixes); i++)
		v /= 1000;
	return xasprintf("%.*f%s%s%s",
			 i == 0 && v == (double)(int)v ? 0 :
			 v < 9.995                     ? 2 :
			 v < 99.95                     ? 1 :
							 0,
			 v, prefixes[i], *unit ? " " : "", unit);
}

void report_event_head(FILE *f, const struct report_style *s,
		       const struct report *r)
{
	const struct prof_event *e = &r->p->events[r->event];
	char *n = text_grouped(r->all.samples), *all = NULL, *value, *text;

	value = value_text(r);
	if (r->all.samples < r->recorded) {
		all = text_grouped(r->recorded);
		text = xasprintf(" %s: %s of %s samples match, %s; shares are "
				 "of these",
				 r->p->strings[e->name], n, all, value);
	} else {
		text = xasprintf(" %s: %s samples, %s", r->p->strings[e->name],
				 n, value);
	}
	if (s->colour)
		fputs(bold, f);
	text_wrap(f, s, 1, text);
	fprintf(f, "%s\n", s->colour ? plain : "");
	free(n);
	free(all);
	free(value);
	free(text);
}
