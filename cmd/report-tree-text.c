/* SPDX-License-Identifier: MIT
 *
 * report-tree-text.c - call trees for people.  A chain of callers without a
 * choice stays in one column, so that deep stacks do not run off the screen.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_MOST 24 /* columns for file and line */
#define PLACE_LEAST 8
#define NAME_LEAST 12

struct glyphs {
	const char *bar, *tee, *end;
};
static const struct glyphs ascii = { "|  ", "|- ", "`- " };
static const struct glyphs box = { "\xe2\x94\x82  ",
				   "\xe2\x94\x9c\xe2\x94\x80 ",
				   "\xe2\x94\x94\xe2\x94\x80 " };

/* Where in the drawing the last line was. */
struct drawing {
	const struct glyphs *glyphs;
	unsigned level[TREE_DEPTH + 1]; /* of the last line of that depth */
	bool only[TREE_DEPTH + 1], last[TREE_DEPTH + 2];
};

static char *append(char *text, const char *more)
{
	char *both = xasprintf("%s%s", text, more);

	free(text);
	return both;
}

/* All that stands before the name. */
static char *draw(struct drawing *d, const struct tree_line *line)
{
	unsigned depth = line->depth, level, i;
	char *text = xstrdup(" ");
	bool chain;

	chain = depth > 1 && line->only && d->only[depth - 1];
	level = depth ? d->level[depth - 1] + !chain : 0;
	d->level[depth] = level;
	d->only[depth] = depth && line->only;
	d->last[level] = line->last;
	for (i = 1; i < level; i++)
		text = append(text, d->last[i] ? "   " : d->glyphs->bar);
	if (level)
		text = append(text, chain      ? "   " :
				    line->last ? d->glyphs->end :
						 d->glyphs->tee);
	if (depth && !line->only) {
		char *share = xasprintf("%2.0f %%  ", line->share);

		text = append(text, share);
		free(share);
	}
	return text;
}

static char *name_of(const struct report *r, const struct tree_line *line)
{
	if (line->others)
		return xasprintf("others (%llu)",
				 (unsigned long long)line->others);
	if (line->place == PROF_NONE)
		return xstrdup("all");
	return report_place_name(r, line->place);
}

static char *right_of(const struct report *r, const struct tree_line *line)
{
	const char *event = r->p->strings[r->p->events[r->event].name];
	const char *file;
	uint32_t number;

	if (!line->depth && line->place == PROF_NONE)
		return xasprintf("%.1f %%  of %s", line->share, event);
	if (!line->depth && r->opt->no_children)
		return xasprintf("%.1f %%  of %s, self", line->share, event);
	if (!line->depth)
		return xasprintf("%.1f %%  of %s, self %.1f %%", line->share,
				 event,
				 report_percent(line->self, r->all.weight));
	file = report_call_site(r, line, &number);
	if (!*file)
		return xstrdup("");
	return number ? xasprintf("%s:%u", report_base(file), number) :
			xstrdup(report_base(file));
}

struct drawn {
	char *left, *name, *right; /* owned */
	bool root;
};

/* Of the place what still fits in a line; have: its columns up to there. */
static char *fit_right(const struct drawn *v, unsigned have, unsigned column,
		       const struct report_style *s)
{
	unsigned at = (have > column ? have : column) + 2;
	unsigned most = v->root ? text_columns(v->right) : PLACE_MOST;
	unsigned room = s->width > at ? s->width - at : 0;
	char *right, *text;

	if (v->root && room < most) {
		at = have + 2;
		room = most;
	}
	if (!*v->right || room < PLACE_LEAST)
		return xstrdup("");
	right = text_fit(v->right, room < most ? room : most, s->utf8);
	text = xasprintf("%*s%s", (int)(at - have), "", right);
	free(right);
	return text;
}

static void fit_lines(struct drawn *v, size_t n, const struct report_style *s)
{
	unsigned column = 0, most = s->width - PLACE_MOST - 2, left, have;
	size_t i;

	for (i = 0; i < n; i++) {
		have = text_columns(v[i].left) + text_columns(v[i].name);
		/* One that is longer than most lines is beside the column. */
		if (*v[i].right && have <= most && have > column)
			column = have;
	}
	for (i = 0; i < n; i++) {
		unsigned room = *v[i].right ? most : s->width;
		unsigned whole = text_columns(v[i].right) + 2;
		char *name, *right;

		left = text_columns(v[i].left);
		/* What a root has behind its name is never cut. */
		if (v[i].root && s->width > whole && s->width - whole < room)
			room = s->width - whole;
		room = room > left + NAME_LEAST ? room - left : NAME_LEAST;
		name = text_fit(v[i].name, room, s->utf8);
		have = left + text_columns(name);
		right = fit_right(&v[i], have, column, s);
		free(v[i].name);
		free(v[i].right);
		v[i].name = name;
		v[i].right = right;
	}
}

/* From a root up to the next one: how many lines. */
static size_t put_one(FILE *f, const struct report_style *s,
		      const struct report *r, const struct tree_line *lines,
		      size_t most)
{
	struct drawing d = { .glyphs = s->utf8 ? &box : &ascii };
	struct drawn *v;
	size_t n, i;

	for (n = 1; n < most && lines[n].depth; n++)
		;
	v = xcalloc(n, sizeof(*v));
	for (i = 0; i < n; i++)
		v[i] = (struct drawn){ draw(&d, &lines[i]),
				       name_of(r, &lines[i]),
				       right_of(r, &lines[i]),
				       !lines[i].depth };
	fit_lines(v, n, s);
	for (i = 0; i < n; i++) {
		bool title = s->colour && v[i].root;

		fprintf(f, "%s%s%s%s%s\n", v[i].left, title ? "\033[1m" : "",
			v[i].name, title ? "\033[m" : "", v[i].right);
		free(v[i].left);
		free(v[i].name);
		free(v[i].right);
	}
	free(v);
	return n;
}

void report_tree_text(FILE *f, const struct report_style *s,
		      const struct report *r)
{
	struct tree_lines lines;
	size_t i = 0;

	report_trees(&lines, r);
	while (i < lines.n) {
		if (i)
			fputc('\n', f);
		i += put_one(f, s, r, lines.v + i, lines.n - i);
	}
	if (!lines.n)
		fprintf(f, " nothing of so much; --min=0 shows all\n");
	free(lines.v);
}
