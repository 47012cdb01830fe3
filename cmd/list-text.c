/* SPDX-License-Identifier: MIT
 *
 * list-text.c - the list for people: a spelling a line, and what it counts as
 * far as the terminal is wide.  In a pipe nothing is cut, and a name never is.
 */
#include "config.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEFT_MAX 44  /* a longer name pushes its own text to the right */
#define RIGHT_MIN 16 /* room in which text beside a name is still of use */

void columns_init(struct columns *c, FILE *f)
{
	*c = (struct columns){ .f = f };
	if (isatty(STDOUT_FILENO) || getenv("COLUMNS"))
		c->width = text_width(STDOUT_FILENO);
}

void columns_widen(struct columns *c, const char *left)
{
	size_t len = strlen(left);

	if (len > LEFT_MAX)
		len = LEFT_MAX;
	if (len > c->left)
		c->left = (unsigned)len;
}

/* Where the second column of a line begins. */
static unsigned begin(const struct columns *c, const char *left)
{
	unsigned len = (unsigned)strlen(left);

	return (len > c->left ? len : c->left) + 2;
}

void columns_put(const struct columns *c, const char *left, const char *right)
{
	unsigned at = begin(c, left);
	size_t len = strcspn(right, "\n"), room = len;

	if (c->width && at + len > c->width)
		room = c->width > at + RIGHT_MIN ? c->width - at : 0;
	if (!room)
		fprintf(c->f, "%s\n", left);
	else if (room < len)
		fprintf(c->f, "%-*s  %.*s...\n", (int)at - 2, left,
			(int)room - 3, right);
	else
		fprintf(c->f, "%-*s  %.*s\n", (int)at - 2, left, (int)len,
			right);
}

/* As much of the text as fits, to the end of a word. */
static size_t fitting(const char *text, size_t room)
{
	size_t n;

	if (strlen(text) <= room)
		return strlen(text);
	for (n = room; n > 0 && text[n] != ' '; n--)
		;
	return n ? n : room;
}

void columns_wrap(const struct columns *c, const char *left, const char *right)
{
	unsigned at = begin(c, left);
	size_t room = SIZE_MAX, len;

	if (c->width && at + RIGHT_MIN > c->width) {
		fprintf(c->f, "%s\n", left);
		left = "";
		at = begin(c, left);
	}
	if (c->width)
		room = c->width - at;
	do {
		len = fitting(right, room);
		fprintf(c->f, "%-*s  %.*s\n", (int)at - 2, left, (int)len,
			right);
		right += len;
		right += *right == ' ';
		left = "";
	} while (*right);
}

struct page {
	struct columns c;
	const struct list_opt *opt;
	bool measuring;
	size_t n;
};

static void put_row(const struct list_event *ev, const struct list_mod *mod,
		    void *arg)
{
	struct page *p = arg;
	char *name = list_spelling(ev, mod), *text;
	const char *same = mod ? mod->same : ev->same;
	const char *desc = mod && *mod->desc ? mod->desc : ev->desc;

	p->n++;
	if (p->measuring) {
		columns_widen(&p->c, name);
	} else if (p->opt->names) {
		fprintf(p->c.f, "%s\n", name);
	} else {
		text = xasprintf("%s%s%s", same ? "as " : "", same ? same : "",
				 same ? "" : desc);
		columns_put(&p->c, name, text);
		free(text);
	}
	free(name);
}

/* A machine whose own events are missing must not look complete. */
static void remark(const struct list *list, const struct list_opt *opt)
{
	if (opt->pmu || opt->quiet || opt->words.n)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i].source, "libpfm4"))
			return;
	warn("libpfm4 has no PMU of this machine; those of another are listed "
	     "by --pmu=NAME");
}

int list_text(FILE *f, const struct list *list, const struct list_opt *opt)
{
	struct page p = { .opt = opt, .measuring = true };

	columns_init(&p.c, f);
	list_rows(list, opt, put_row, &p);
	if (!p.n && opt->words.n)
		die("no event%s%s has '%s'%s%s", opt->pmu ? " of " : "",
		    opt->pmu ? opt->pmu : "", opt->words.v[0],
		    opt->words.n > 1 ? " and the other words" : "",
		    opt->pmu ? "" : " here; of another machine: --pmu=NAME");
	if (!p.n)
		die("PMU '%s' has no events by name", opt->pmu);
	remark(list, opt);
	p.measuring = false;
	list_rows(list, opt, put_row, &p);
	return 0;
}
