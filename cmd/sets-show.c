/* SPDX-License-Identifier: MIT
 *
 * sets-show.c - pfmon sets list and show: which groups of metrics there are, and
 * all that stands in one.
 */
#include "config.h"

#include <math.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "json.h"
#include "list.h"
#include "sets.h"

#define LABEL 9 /* columns of what a text is, its indent with it */

static const struct cmd_entry show_entry = {
	.name = "sets show",
	.summary = "events, codes, metrics, formulas of a group",
	.usage = "[OPTION]... NAME",
	.examples = "  pfmon sets show topdown\n"
		    "  pfmon sets show tlb --pmu=spr   another CPU's\n",
	.usage_status = STATUS_USAGE,
};

static FILE *begin_text(char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	if (!f)
		die("out of memory");
	return f;
}

/* The text is there when the file is closed. */
static void end_text(FILE *f, char **text)
{
	if (fclose(f) != 0)
		die("out of memory");
	print_out("%s", *text);
	free(*text);
}

/* If only other PMUs have it, say which. */
static void elsewhere(const char *name)
{
	char *pmus = xstrdup(""), *more;
	struct group_list all;
	size_t i;

	group_list_load(&all, NULL, name);
	for (i = 0; i < all.n; i++) {
		more = xasprintf("%s%s%s", pmus, i ? ", " : "",
				 group_pmu(all.v[i], NULL));
		free(pmus);
		pmus = more;
	}
	if (all.n)
		die("no group '%s' for this PMU, but for: %s; see pfmon sets "
		    "list --all",
		    name, pmus);
	free(pmus);
	group_list_free(&all);
}

void groups_find(struct group_list *list, const struct group_machine *m,
		 const char *name)
{
	struct group_list all;
	const char *near = NULL;
	unsigned best = 4, d;
	size_t i;

	group_list_load(list, m, name);
	if (list->n || list->nbad)
		return;
	if (name && m)
		elsewhere(name);
	group_list_load(&all, m, NULL);
	for (i = 0; name && i < all.n; i++) {
		d = word_distance(name, all.v[i]->name);
		if (d < best && d < strlen(name)) {
			best = d;
			near = all.v[i]->name;
		}
	}
	if (near)
		die("no group '%s', nearest is '%s'; see pfmon sets list", name,
		    near);
	if (name && all.n)
		die("no group '%s'%s; see pfmon sets list", name,
		    m ? " for this CPU" : "");
	die("no groups are installed%s, and PFM_GROUP_PATH names none",
	    m ? " for this CPU" : "");
}

static void put_limit(FILE *f, const char *what, const struct group_limit *l,
		      const char *unit)
{
	if (!isnan(l->below))
		fprintf(f, "   %s below %g %s\n", what, l->below, unit);
	if (!isnan(l->above))
		fprintf(f, "   %s above %g %s\n", what, l->above, unit);
}

static void put_text(FILE *f, const char *label, const char *text)
{
	struct columns c;
	char *left;

	if (!text)
		return;
	columns_init(&c, f);
	c.left = LABEL;
	left = xasprintf("   %s", label);
	columns_wrap(&c, left, text);
	free(left);
}

/* On one line if it fits, else indented behind the name. */
static void put_formula(FILE *f, const struct group_metric *mt,
			const char *unit)
{
	char *right = xasprintf("= %s%s%s%s", mt->text, *unit ? " [" : "", unit,
				*unit ? "]" : "");
	char *left = xasprintf(" %s", mt->name);
	struct columns c;

	columns_init(&c, f);
	if (c.width && strlen(left) + 1 + strlen(right) > c.width)
		columns_wrap(&c, left, right);
	else
		fprintf(f, "%s %s\n", left, right);
	free(left);
	free(right);
}

void metric_print(FILE *f, const struct group *g, const struct group_metric *mt)
{
	const char *unit = mt->unit_name ? mt->unit_name : "";

	put_formula(f, mt, unit);
	put_text(f, "is", mt->desc);
	put_limit(f, "good", &mt->good, unit);
	put_limit(f, "look here if", &mt->bad, unit);
	put_text(f, "then", mt->advice);
	if (mt->needs & GROUP_NEEDS_CPU)
		put_text(f, "needs", "whole CPUs: -a or -C");
	if (mt->needs & GROUP_NEEDS_PACKAGE)
		put_text(f, "needs", "a whole package: -a");
	if (mt->needs & GROUP_NEEDS_NO_SMT)
		put_text(f, "needs", "one hardware thread for each core");
	if (mt->source && (!g->source || strcmp(mt->source, g->source) != 0))
		put_text(f, "source", mt->source);
}

/*
 * Of the one that is loaded, by the name of its file; "" and false if none is.
 * pfm_get_version() tells no more than the major number.
 */
static bool libpfm4_version(char *buf, size_t size)
{
	static const char name[] = "/libpfm.so.";
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4096 + 128], *at;

	*buf = '\0';
	while (f && !*buf && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		at = strstr(line, name);
		if (at)
			snprintf(buf, size, "%s", at + strlen(name));
	}
	if (f)
		fclose(f);
	return *buf;
}

static void show_events(FILE *f, const struct group *g, const char *pmu)
{
	char why[GROUP_WHY_MAX], code[24], text[512];
	unsigned ok = 0;
	struct columns c;
	char *left;
	size_t i;

	columns_init(&c, f);
	for (i = 0; i < g->nevents; i++) {
		left = xasprintf(" %s", g->events[i].name);
		columns_widen(&c, left);
		free(left);
	}
	for (i = 0; i < g->nevents; i++) {
		enum event_state st =
			event_state(g, &g->events[i], pmu, why, code);

		group_event_on(&g->events[i], pmu, text, sizeof(text));
		ok += st == EVENT_OK;
		left = xasprintf(" %s", g->events[i].name);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", *code ? "  " : "", code);
		columns_wrap(&c, left, text);
		free(left);
		if (st != EVENT_OK)
			columns_wrap(&c, "", why);
	}
	fprintf(f, "\n %u of %zu events have a code here%s%s\n", ok, g->nevents,
		libpfm4_version(text, sizeof(text)) ? ", by libpfm4 " : "",
		text);
}

static void show_group(FILE *f, const struct group *g, const char *pmu)
{
	size_t i;

	fprintf(f, " %s  %s  (%s)\n", g->name, g->title ? g->title : "", pmu);
	put_text(f, "note", g->desc);
	put_text(f, "lacks", g->lacks);
	put_text(f, "source", g->source);
	put_text(f, "file", g->path);
	fputc('\n', f);
	show_events(f, g, pmu);
	for (i = 0; i < g->nmetrics; i++) {
		fputc('\n', f);
		metric_print(f, g, &g->metrics[i]);
	}
}

int sets_show(int argc, char **argv)
{
	const char *pmu = NULL, *pmus[2] = { NULL };
	const struct opt opts[] = {
		{ OPT_STRING, 0, "pmu", "NAME", "of this PMU, not this CPU's",
		  &pmu, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	struct strlist names = { .n = 0 };
	struct group_list list;
	struct machine m;
	size_t size, i;
	char *text;
	FILE *f;

	set_die_status(STATUS_FAIL);
	operands_parse(&show_entry, opts, argc, argv, &names);
	if (names.n != 1)
		usage_error(&show_entry, "it takes one name of a group; see "
					 "pfmon sets list");
	machine_init(&m);
	if (pmu) {
		pmus[0] = pmu;
		m.g.pmus = pmus;
	}
	if (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	groups_find(&list, &m.g, names.v[0]);
	if (!list.n)
		die("%s", list.bad[0]);
	f = begin_text(&text, &size);
	for (i = 0; i < list.n; i++) {
		if (i)
			fputc('\n', f);
		show_group(f, list.v[i], group_pmu(list.v[i], &m.g));
	}
	end_text(f, &text);
	group_list_free(&list);
	free(names.v);
	return 0;
}
