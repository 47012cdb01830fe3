/* SPDX-License-Identifier: MIT
 *
 * list-json.c - the list for programs: one object on one line, always with the
 * same keys; pfmon-list(1) has the schema.
 */
#include "config.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

void list_json_put(FILE *f, const char *key, struct json_t *value)
{
	struct json_t *obj = js_object();
	char *line;

	js_set(obj, "schema", js_integer(1));
	js_set(obj, key, value);
	line = js_line(obj);
	fprintf(f, "%s\n", line);
	free(line);
}

static struct json_t *mods(const struct list_event *ev, bool umasks)
{
	struct json_t *array = js_array();

	for (size_t i = 0; i < ev->nmods; i++) {
		const struct list_mod *mod = &ev->mods[i];
		struct json_t *obj;

		if ((mod->kind == PFM_MOD_UMASK) != umasks)
			continue;
		obj = js_object();
		js_set(obj, "name", js_text(mod->name));
		js_set(obj, "description", js_text(mod->desc));
		if (umasks) {
			js_set(obj, "same", js_text(mod->same));
			js_set(obj, "default", js_bool(mod->dfl));
		} else {
			js_set(obj, "number",
			       js_bool(mod->kind == PFM_MOD_NUMBER));
		}
		js_append(array, obj);
	}
	return array;
}

struct json_t *list_json_event(const struct list_event *ev)
{
	struct json_t *obj = js_object();

	js_set(obj, "name", js_text(ev->name));
	js_set(obj, "pmu", js_text(ev->pmu));
	js_set(obj, "source", js_text(ev->source));
	js_set(obj, "description", js_text(ev->desc));
	js_set(obj, "same", js_text(ev->same));
	js_set(obj, "here", js_bool(ev->here));
	js_set(obj, "needs_umask", js_bool(!ev->bare));
	js_set(obj, "umasks", mods(ev, true));
	js_set(obj, "modifiers", mods(ev, false));
	return obj;
}

struct events {
	struct json_t *array;
	const struct list_event *last;
};

/* An event once, whichever of its spellings were found. */
static void add_row(const struct list_event *ev, const struct list_mod *mod,
		    void *arg)
{
	struct events *e = arg;

	(void)mod;
	if (e->last != ev)
		js_append(e->array, list_json_event(ev));
	e->last = ev;
}

int list_json(FILE *f, const struct list *list, const struct list_opt *opt)
{
	struct events e = { .array = js_array() };

	list_rows(list, opt, add_row, &e);
	list_json_put(f, "events", e.array);
	return 0;
}
