/* SPDX-License-Identifier: MIT
 *
 * sets-list.c - pfmon sets list: the groups of metrics for this CPU, or for
 * others, a line each: name, PMU, how much is in it, title.
 */
#include "config.h"

#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "json.h"
#include "list.h"
#include "sets.h"

static const struct cmd_entry list_entry = {
	.name = "sets list",
	.summary = "groups of metrics that this CPU has",
	.usage = "[OPTION]... [WORD]...",
	.examples = "  pfmon sets list cache           those with that word\n",
	.usage_status = STATUS_USAGE,
};

/* All of the words in the name, title, PMUs or metrics. */
static bool matches(const struct list_opt *o, const struct group *g)
{
	size_t size, i;
	char *text, **pmu;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	if (!f)
		die("out of memory");
	fprintf(f, "%s\n%s\n%s\n", g->name, g->title ? g->title : "",
		g->desc ? g->desc : "");
	for (pmu = g->pmus; pmu && *pmu; pmu++)
		fprintf(f, "%s\n", *pmu);
	for (i = 0; i < g->nmetrics; i++)
		fprintf(f, "%s\n%s\n", g->metrics[i].name,
			g->metrics[i].desc ? g->metrics[i].desc : "");
	if (fclose(f) != 0)
		die("out of memory");
	ok = list_match(o, text);
	free(text);
	return ok;
}

/* The one it is used for here; of every PMU all. */
static char *pmu_names(const struct group *g, const struct group_machine *m)
{
	char *text = xstrdup(""), *more, **pmu;

	if (m->pmus || !g->pmus) {
		free(text);
		return xstrdup(group_pmu(g, m));
	}
	for (pmu = g->pmus; *pmu; pmu++) {
		more = xasprintf("%s%s%s", text, *text ? "," : "", *pmu);
		free(text);
		text = more;
	}
	return text;
}

struct page {
	const struct list_opt *opt;
	const struct group_machine *m;
	struct columns c;
	int names, pmus; /* columns of the widest */
};

static void measure(struct page *p, const struct group_list *found)
{
	char *text;
	size_t i, k;
	int len;

	for (i = 0; i < found->n; i++) {
		len = (int)strlen(found->v[i]->name);
		if (len > p->names)
			p->names = len;
		text = pmu_names(found->v[i], p->m);
		len = (int)strlen(text);
		if (len > p->pmus)
			p->pmus = len;
		free(text);
		for (k = 0; p->opt->masks && k < found->v[i]->nmetrics; k++) {
			text = xasprintf("  %s", found->v[i]->metrics[k].name);
			columns_widen(&p->c, text);
			free(text);
		}
	}
}

static void put_group(const struct page *p, const struct group *g)
{
	char *pmus = pmu_names(g, p->m), *left;
	size_t i;

	left = xasprintf("%-*s  %-*s  %2zu event%s %2zu metric%s", p->names,
			 g->name, p->pmus, pmus, g->nevents,
			 g->nevents == 1 ? ", " : "s,", g->nmetrics,
			 g->nmetrics == 1 ? " " : "s");
	columns_put(&(struct columns){ p->c.f, p->c.width, 0 }, left,
		    g->title ? g->title : "");
	free(left);
	free(pmus);
	for (i = 0; p->opt->masks && i < g->nmetrics; i++) {
		const struct group_metric *mt = &g->metrics[i];

		left = xasprintf("  %s", mt->name);
		columns_put(&p->c, left, mt->desc ? mt->desc : mt->text);
		free(left);
	}
}

static _Noreturn void nothing(const struct list_opt *o)
{
	const char *of = o->pmu ? o->pmu : "this CPU";

	if (o->words.n)
		die("no group%s%s has '%s'%s%s", o->all_pmus ? "" : " for ",
		    o->all_pmus ? "" : of, o->words.v[0],
		    o->words.n > 1 ? " and the other words" : "",
		    o->all_pmus ? "" : "; --all has those of every PMU");
	die("there is no group%s%s; PFM_GROUP_PATH may name directories of "
	    "them",
	    o->all_pmus ? "" : " for ", o->all_pmus ? "" : of);
}

static int list_lines(FILE *f, const struct list_opt *o)
{
	const char *pmus[] = { o->pmu, NULL };
	struct machine machine;
	struct page p = { .opt = o };
	struct group_list found;
	size_t i, n = 0;

	machine_init(&machine);
	if (o->all_pmus)
		machine.g.pmus = NULL;
	else if (o->pmu)
		machine.g.pmus = pmus;
	p.m = &machine.g;
	group_list_load(&found, p.m, NULL);
	for (i = 0; !o->quiet && i < found.nbad; i++)
		warn("left out: %s", found.bad[i]);
	columns_init(&p.c, f);
	measure(&p, &found);
	for (i = 0; i < found.n; i++)
		if (matches(o, found.v[i])) {
			put_group(&p, found.v[i]);
			n++;
		}
	if (!n)
		nothing(o);
	group_list_free(&found);
	return 0;
}

int sets_list(int argc, char **argv)
{
	struct list_opt o = { .groups = true };
	const struct opt opts[] = {
		{ OPT_FLAG, 0, "all", NULL, "of every PMU", &o.all_pmus, 0, 0,
		  NULL },
		{ OPT_STRING, 0, "pmu", "NAME", "of this one", &o.pmu, 0, 0,
		  NULL },
		{ OPT_FLAG, 'L', "metrics", NULL, "with their metrics",
		  &o.masks, 0, 0, NULL },
		{ OPT_FLAG, 'j', "json", NULL, "JSON, all of it on one line",
		  &o.json, 0, 0, NULL },
		{ OPT_FLAG, 'q', "quiet", NULL, "no remarks", &o.quiet, 0, 0,
		  NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	int status;
	size_t size;
	char *text;
	FILE *f;

	set_die_status(STATUS_FAIL);
	operands_parse(&list_entry, opts, argc, argv, &o.words);
	if (o.all_pmus && o.pmu)
		usage_error(&list_entry, "--all goes without --pmu");
	if (o.json)
		json_init();
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	status = o.json ? list_groups(f, &o) : list_lines(f, &o);
	if (fclose(f) != 0)
		die("out of memory");
	print_out("%s", text);
	free(text);
	free(o.words.v);
	return status;
}
