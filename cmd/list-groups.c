/* SPDX-License-Identifier: MIT
 *
 * list-groups.c - pfmon list --groups: the groups of metrics for this machine's
 * PMUs, or for one, and with -L their metrics.  What a group is knows group.h.
 */
#include "config.h"

#include "list.h"

#include <stdlib.h>

#include "group.h"
#include "json.h"

static bool group_matches(const struct list_opt *opt, const struct group *g)
{
	char *text = xasprintf("%s\n%s\n%s", g->name, g->title ? g->title : "",
			       g->desc ? g->desc : ""),
	     *more;
	bool ok;

	for (size_t i = 0; i < g->nmetrics; i++) {
		more = xasprintf("%s\n%s\n%s", text, g->metrics[i].name,
				 g->metrics[i].desc ? g->metrics[i].desc : "");
		free(text);
		text = more;
	}
	ok = list_match(opt, text);
	free(text);
	return ok;
}

struct page {
	const struct list_opt *opt;
	const struct group_machine *m;
	struct columns c;
};

static void put_group(const struct page *p, const struct group *g)
{
	const char *pmu = group_pmu(g, p->m);
	char *text;

	if (p->opt->names) {
		fprintf(p->c.f, "%s\n", g->name);
	} else {
		text = xasprintf("%s (%s)", g->title ? g->title : "",
				 pmu ? pmu : "");
		columns_put(&p->c, g->name, text);
		free(text);
	}
	for (size_t i = 0; p->opt->masks && i < g->nmetrics; i++) {
		const struct group_metric *mt = &g->metrics[i];

		text = xasprintf("  %s", mt->name);
		if (p->opt->names)
			fprintf(p->c.f, "%s\n", text);
		else
			columns_put(&p->c, text,
				    mt->desc ? mt->desc : mt->text);
		free(text);
	}
}

static struct json_t *to_json(const struct group *g,
			      const struct group_machine *m)
{
	struct json_t *obj = js_object(), *events = js_array(),
		      *metrics = js_array(), *o;

	js_set(obj, "name", js_text(g->name));
	js_set(obj, "pmu", js_text(group_pmu(g, m)));
	js_set(obj, "title", js_text(g->title));
	js_set(obj, "description", js_text(g->desc));
	js_set(obj, "source", js_text(g->source));
	js_set(obj, "lacks", js_text(g->lacks));
	js_set(obj, "path", js_text(g->path));
	for (size_t i = 0; i < g->nevents; i++) {
		o = js_object();
		js_set(o, "name", js_text(g->events[i].name));
		js_set(o, "event", js_text(g->events[i].string));
		js_append(events, o);
	}
	for (size_t i = 0; i < g->nmetrics; i++) {
		o = js_object();
		js_set(o, "name", js_text(g->metrics[i].name));
		js_set(o, "expression", js_text(g->metrics[i].text));
		js_set(o, "unit", js_text(g->metrics[i].unit_name));
		js_set(o, "description", js_text(g->metrics[i].desc));
		js_append(metrics, o);
	}
	js_set(obj, "events", events);
	js_set(obj, "metrics", metrics);
	return obj;
}

static size_t print_groups(const struct page *p, const struct group_list *found)
{
	struct json_t *array = p->opt->json ? js_array() : NULL;
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++) {
		if (!group_matches(p->opt, found->v[i]))
			continue;
		n++;
		if (array)
			js_append(array, to_json(found->v[i], p->m));
		else
			put_group(p, found->v[i]);
	}
	if (array)
		list_json_put(p->c.f, "groups", array);
	return n;
}

static void measure(struct columns *c, const struct group_list *found,
		    bool metrics)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct group *g = found->v[i];

		columns_widen(c, g->name);
		for (size_t k = 0; metrics && k < g->nmetrics; k++) {
			char *text = xasprintf("  %s", g->metrics[k].name);

			columns_widen(c, text);
			free(text);
		}
	}
}

int list_groups(FILE *f, const struct list_opt *opt)
{
	const char *asked[] = { opt->pmu, NULL };
	struct machine here;
	struct page p = { .opt = opt, .m = &here.g };
	struct group_list found;
	size_t n;

	machine_init(&here);
	if (opt->pmu)
		here.g.pmus = asked;
	group_list_load(&found, &here.g, NULL);
	for (size_t i = 0; !opt->quiet && i < found.nbad; i++)
		warn("left out: %s", found.bad[i]);
	columns_init(&p.c, f);
	measure(&p.c, &found, opt->masks);
	n = print_groups(&p, &found);
	if (!n && !opt->json)
		die("no group%s%s%s%s%s", opt->pmu ? " for " : "",
		    opt->pmu ? opt->pmu : "", opt->words.n ? " has '" : "",
		    opt->words.n ? opt->words.v[0] : "",
		    opt->words.n ? "'" : " is installed");
	group_list_free(&found);
	return 0;
}
