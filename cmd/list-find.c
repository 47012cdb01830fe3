/* SPDX-License-Identifier: MIT
 *
 * list-find.c - the events of the library as a list: read, ordered, searched,
 * and in each spelling that can be counted.  It prints nothing.
 */
#include "config.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static int add_mod(const struct pfm_event_mod *mod, void *arg)
{
	struct list_event *ev = arg;

	ev->mods = xreallocarray(ev->mods, ev->nmods + 1, sizeof(*ev->mods));
	ev->mods[ev->nmods++] = (struct list_mod){
		.name = xstrdup(mod->name),
		.desc = xstrdup(mod->desc),
		.same = copy(mod->same),
		.kind = (int)mod->kind,
		.dfl = mod->dfl,
	};
	return 0;
}

static bool is_accepted(const char *name)
{
	struct pfm_event parsed;

	if (pfm_event_parse(name, PFM_PLM_USER, &parsed) < 0)
		return false;
	pfm_event_release(&parsed);
	return true;
}

/* Without a unit mask: of what is here the library knows for sure. */
static bool is_bare(const struct list_event *ev)
{
	bool masks = false;

	if (ev->here)
		return is_accepted(ev->name);
	for (size_t i = 0; i < ev->nmods; i++) {
		if (ev->mods[i].kind != PFM_MOD_UMASK)
			continue;
		masks = true;
		if (ev->mods[i].dfl)
			return true;
	}
	return !masks;
}

static int add_event(const struct pfm_event_desc *desc, void *arg)
{
	struct list *list = arg;
	struct list_event *ev;

	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	ev = &list->v[list->n];
	*ev = (struct list_event){
		.name = xstrdup(desc->name),
		.pmu = xstrdup(desc->pmu),
		.source = xstrdup(desc->source),
		.desc = xstrdup(desc->desc),
		.same = copy(desc->same),
		.seq = list->n++,
		.here = desc->here,
	};
	if (pfm_event_mods(desc, add_mod, ev) < 0)
		die("%s: %s", desc->name, pfm_reason());
	ev->bare = is_bare(ev);
	return 0;
}

/* Directories have no order of their own. */
static int by_place(const void *a, const void *b)
{
	const struct list_event *x = a, *y = b;

	if (!strcmp(x->source, y->source) &&
	    (!strcmp(x->source, "sysfs") || !strcmp(x->source, "tracepoint")))
		return strcmp(x->name, y->name);
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void list_load(struct list *list, const struct list_opt *opt)
{
	*list = (struct list){ 0 };
	if (pfm_event_list(opt->pmu, add_event, list) < 0)
		die("%s", pfm_reason());
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_place);
}

void list_release(struct list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct list_event *ev = &list->v[i];

		for (size_t k = 0; k < ev->nmods; k++) {
			free(ev->mods[k].name);
			free(ev->mods[k].desc);
			free(ev->mods[k].same);
		}
		free(ev->mods);
		free(ev->name);
		free(ev->pmu);
		free(ev->source);
		free(ev->desc);
		free(ev->same);
	}
	free(list->v);
	*list = (struct list){ 0 };
}

/* An event may be written with '.' for ':'. */
static bool has_word(const char *text, const char *word)
{
	char *colons;
	bool has;

	if (strcasestr(text, word))
		return true;
	if (!strchr(word, '.'))
		return false;
	colons = xstrdup(word);
	for (char *p = colons; *p; p++)
		if (*p == '.')
			*p = ':';
	has = strcasestr(text, colons) != NULL;
	free(colons);
	return has;
}

bool list_match(const struct list_opt *opt, const char *text)
{
	for (size_t i = 0; i < opt->words.n; i++)
		if (!has_word(text, opt->words.v[i]))
			return false;
	return true;
}

char *list_spelling(const struct list_event *ev, const struct list_mod *mod)
{
	if (!mod)
		return xstrdup(ev->name);
	return xasprintf("%s:%s", ev->name, mod->name);
}

/* Are the words in the event, or in it together with one unit mask? */
static bool matches(const struct list_opt *opt, const struct list_event *ev,
		    const struct list_mod *mod)
{
	char *text =
		xasprintf("%s%s%s\n%s\n%s", ev->name, mod ? ":" : "",
			  mod ? mod->name : "", ev->desc, mod ? mod->desc : "");
	bool ok = list_match(opt, text);

	free(text);
	return ok;
}

static bool matches_any(const struct list_opt *opt, const struct list_event *ev)
{
	if (matches(opt, ev, NULL))
		return true;
	for (size_t i = 0; i < ev->nmods; i++)
		if (ev->mods[i].kind == PFM_MOD_UMASK &&
		    matches(opt, ev, &ev->mods[i]))
			return true;
	return false;
}

/* Some unit masks are good only beside others. */
static bool is_whole(const struct list_event *ev, const struct list_mod *mod)
{
	char *name;
	bool ok;

	if (!ev->here)
		return true;
	name = list_spelling(ev, mod);
	ok = is_accepted(name);
	free(name);
	return ok;
}

void list_rows(const struct list *list, const struct list_opt *opt,
	       list_row_fn *row, void *arg)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct list_event *ev = &list->v[i];

		if (ev->bare && (opt->masks ? matches(opt, ev, NULL) :
					      matches_any(opt, ev)))
			row(ev, NULL, arg);
		if (ev->bare && !opt->masks)
			continue;
		for (size_t k = 0; k < ev->nmods; k++)
			if (ev->mods[k].kind == PFM_MOD_UMASK &&
			    matches(opt, ev, &ev->mods[k]) &&
			    is_whole(ev, &ev->mods[k]))
				row(ev, &ev->mods[k], arg);
	}
}
