/* SPDX-License-Identifier: MIT
 *
 * sets-layout.c - the table of pfmon sets plan: a column for each counter of the
 * PMU, a row for each set; as many blocks of columns as the width takes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sets-plan.h"

#define MAX_REGS 128  /* logical registers of a CPU */
#define COLUMN_MAX 24 /* of an event's name */
#define SEPARATOR 2   /* between two columns */

static const char *backend_of(const struct session *s)
{
	return s->msr ? "msr" : "auto";
}

/* The PMU's counters, and who else has one. */
static void find_columns(struct plan_view *v)
{
	struct pfm_reg_desc descs[MAX_REGS];
	struct pfm_pmu_reg regs[MAX_REGS];
	int n = pfm_pmu_describe(backend_of(v->s), v->cpu, descs, MAX_REGS);
	int nregs = v->s->msr ? pfm_pmu_regs(v->cpu, regs, MAX_REGS) : 0;
	int i, k;

	n = n > MAX_REGS ? MAX_REGS : n;
	nregs = nregs > MAX_REGS ? MAX_REGS : nregs;
	v->columns = xcalloc(MAX_REGS, sizeof(*v->columns));
	for (i = 0; i < n; i++) {
		struct plan_column *c = &v->columns[v->ncolumns];

		if (!descs[i].is_pmd || descs[i].num >= FIRST_FREE)
			continue;
		c->pmd = descs[i].num;
		if (c->pmd < FIRST_FIXED)
			snprintf(c->title, sizeof(c->title), "c%u", c->pmd);
		else
			snprintf(c->title, sizeof(c->title), "f%u",
				 c->pmd - FIRST_FIXED);
		for (k = 0; k < nregs; k++)
			if (regs[k].is_pmd && regs[k].num == c->pmd &&
			    strcmp(regs[k].owner, "?") != 0)
				memcpy(c->owner, regs[k].owner,
				       sizeof(c->owner));
		v->ncolumns++;
	}
}

/* What the column has in a set: an event, somebody else, or nothing. */
static const char *cell(const struct plan_view *v, unsigned set,
			const struct plan_column *c)
{
	const struct session *s = v->s;
	unsigned i;

	for (i = 0; i < s->nctrs; i++)
		if (!s->ctrs[i].reason && !v->at->why[i] &&
		    v->at->in[i] >> set & 1 &&
		    placing_at(s, v->at, set, i)->pmd == c->pmd)
			return s->ctrs[i].label;
	if (s->switch_period && v->at->nsets > 1 &&
	    v->at->switcher[set].pmd == c->pmd)
		return s->opt->switch_overflow;
	if (!c->owner[0])
		return "-";
	return strstr(c->owner, "watchdog") ? "watchdog" : "taken";
}

static void measure(struct plan_view *v)
{
	unsigned i, set;

	for (i = 0; i < v->ncolumns; i++) {
		struct plan_column *c = &v->columns[i];

		c->width = (int)strlen(c->title);
		for (set = 0; set < v->at->nsets; set++) {
			int len = (int)strlen(cell(v, set, c));

			if (len > COLUMN_MAX)
				len = COLUMN_MAX;
			if (len > c->width)
				c->width = len;
		}
	}
}

static void add_cell(char *line, size_t size, const char *text, int width)
{
	size_t len = strlen(line);

	snprintf(line + len, size - len, "  %-*.*s", width, width, text);
}

/* The columns that fit from first on; at least one.  The end. */
static unsigned columns_end(const struct plan_view *v, unsigned first)
{
	int room = (int)v->out->width - 4 - (SEPARATOR + 7);
	unsigned i = first;

	while (i < v->ncolumns &&
	       (i == first || room >= v->columns[i].width + SEPARATOR))
		room -= v->columns[i++].width + SEPARATOR;
	return i;
}

/* Each set has its part of the time, where turns end by time. */
static void put_rows(const struct plan_view *v, unsigned first, unsigned end)
{
	bool timed = end == v->ncolumns && !v->s->switch_period;
	char line[1024], text[COLUMN_MAX + 1];
	unsigned set, i;

	snprintf(line, sizeof(line), " set");
	for (i = first; i < end; i++)
		add_cell(line, sizeof(line), v->columns[i].title,
			 v->columns[i].width);
	if (timed)
		add_cell(line, sizeof(line), "   time", 7);
	text_line(v->out, line, "\033[1m");
	memset(text, '-', COLUMN_MAX);
	text[COLUMN_MAX] = '\0';
	snprintf(line, sizeof(line), " ---");
	for (i = first; i < end; i++)
		add_cell(line, sizeof(line), text, v->columns[i].width);
	if (timed)
		add_cell(line, sizeof(line), text, 7);
	text_line(v->out, line, "\033[2m");
	for (set = 0; set < v->at->nsets; set++) {
		snprintf(line, sizeof(line), " %3u", set);
		for (i = first; i < end; i++)
			add_cell(line, sizeof(line),
				 cell(v, set, &v->columns[i]),
				 v->columns[i].width);
		snprintf(text, sizeof(text), "%5.1f %%", 100.0 / v->at->nsets);
		if (timed)
			add_cell(line, sizeof(line), text, 7);
		text_line(v->out, line, NULL);
	}
}

void plan_columns(struct plan_view *v)
{
	find_columns(v);
	measure(v);
}

void plan_table(const struct plan_view *v)
{
	unsigned first, end;

	for (first = 0; first < v->ncolumns; first = end) {
		end = columns_end(v, first);
		put_rows(v, first, end);
		out_printf(v->out, "\n");
	}
}

uint32_t plan_taken(const struct plan_view *v, bool watchdog)
{
	uint32_t bits = 0;
	unsigned i;

	for (i = 0; i < v->ncolumns; i++)
		if (v->columns[i].owner[0] && v->columns[i].pmd < 32 &&
		    watchdog == !!strstr(v->columns[i].owner, "watchdog"))
			bits |= UINT32_C(1) << v->columns[i].pmd;
	return bits;
}
