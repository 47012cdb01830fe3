/* SPDX-License-Identifier: MIT
 *
 * report-names.c - what rows and places of a report are called.  Texts are as
 * they are in the profile; who prints them cuts and cleans them.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *report_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *report_object(const struct profile *p, uint32_t object)
{
	if (object >= p->nobjects)
		return "[no stack]";
	return report_base(p->strings[p->objects[object].path]);
}

static bool is_none(uint64_t key)
{
	return key >> 32 == 1;
}

static const char *func_name(const struct report *r, uint32_t func)
{
	const struct prof_func *f = &r->p->funcs[func];
	const char *linkage = r->p->strings[f->linkage];

	return r->opt->linkage && *linkage ? linkage : r->p->strings[f->name];
}

/* Else its name says more: "[no sample]". */
static bool is_nowhere(const struct profile *p, uint32_t object)
{
	return !strcmp(report_object(p, object), "[unknown]");
}

static char *none_text(const struct profile *p, enum report_key key,
		       uint32_t object)
{
	if (object == NO_OBJECT)
		return xstrdup(key == KEY_DSO ? "-" : "unresolved, no stack");
	if (key == KEY_FUNCTION && p->objects[object].kind == PROF_UNKNOWN)
		return xasprintf("unresolved, %s",
				 is_nowhere(p, object) ?
					 "in no mapping" :
					 report_object(p, object));
	return xasprintf(key == KEY_FUNCTION ? "unresolved in %s" :
					       "no line in %s",
			 report_object(p, object));
}

static char *address_text(const struct profile *p, uint64_t key)
{
	if (is_none(key))
		return xstrdup("-");
	return xasprintf("%#" PRIx64, p->frames[key].addr);
}

static char *time_text(const struct profile *p, uint64_t bucket)
{
	double span = (double)p->totals.duration_ns / TIME_BUCKETS / 1e9;

	/* Of a recording that was cut nobody knows how long it was. */
	if (span <= 0)
		return xstrdup("-");
	return xasprintf("%.3f-%.3f s", (double)bucket * span,
			 (double)(bucket + 1) * span);
}

static char *frame_text(const struct report *r, uint64_t key,
			enum report_key kind)
{
	const struct profile *p = r->p;

	if (kind == KEY_ADDRESS)
		return address_text(p, key);
	if (kind == KEY_DSO)
		return is_none(key) ? none_text(p, kind, NO_OBJECT) :
				      xstrdup(report_object(p, (uint32_t)key));
	if (is_none(key))
		return none_text(p, kind, (uint32_t)key);
	if (kind == KEY_FUNCTION)
		return xstrdup(func_name(r, (uint32_t)key));
	if (kind == KEY_SOURCE)
		return xstrdup(p->strings[key]);
	return xasprintf("%s:%u", p->strings[key >> 33], (uint32_t)key);
}

char *report_key_text(const struct report *r, const struct report_row *row,
		      unsigned i)
{
	const struct profile *p = r->p;
	enum report_key kind = r->opt->keys[i];
	uint64_t key;

	if (!report_key_is_of_sample(kind))
		return frame_text(r, r->places[row->place].key[i], kind);
	key = r->groups[row->group].key[i];
	if (kind == KEY_COMM)
		return xstrdup(p->strings[key]);
	if (kind == KEY_TIME)
		return time_text(p, key);
	return xasprintf("%" PRIu64, key);
}

/* For a tree: the first key that is of frames. */
char *report_place_name(const struct report *r, uint32_t place)
{
	struct report_row row = { .place = place };
	struct report_context c = report_context(r, place);
	char *name = report_key_text(r, &row, 0), *more;

	if (r->opt->keys[0] != KEY_ADDRESS || !*c.function)
		return name;
	more = xasprintf("%s  %s", name, c.function);
	free(name);
	return more;
}

/* The function of a place, as far as all of the place is one function's. */
static uint32_t place_func(const struct report *r, uint32_t place)
{
	const struct report_place *pl = &r->places[place];
	const struct prof_frame *f;
	unsigned i;
	uint32_t loc;

	for (i = 0; i < r->opt->nkeys; i++)
		if (r->opt->keys[i] == KEY_FUNCTION)
			return is_none(pl->key[i]) ? PROF_NONE :
						     (uint32_t)pl->key[i];
	if (pl->frame == PROF_NONE || !report_has_key(r->opt, KEY_ADDRESS))
		return PROF_NONE;
	f = &r->p->frames[pl->frame];
	if (!f->nlocs)
		return PROF_NONE;
	loc = r->opt->inlines && pl->loc < INLINE_MAX - 1 ? pl->loc :
							    f->nlocs - 1;
	return r->p->locs[f->loc + loc].func;
}

struct report_context report_context(const struct report *r, uint32_t place)
{
	struct report_context c = { "", "", "", "", "", 0 };
	const struct profile *p = r->p;
	uint32_t func = place_func(r, place), frame = r->places[place].frame;
	uint32_t object = NO_OBJECT;

	if (func != PROF_NONE) {
		c.function = func_name(r, func);
		c.file = p->strings[p->funcs[func].file];
		c.line = p->funcs[func].line;
		object = p->funcs[func].object;
	} else if (frame != PROF_NONE) {
		object = p->frames[frame].object;
	}
	/* Rows by file only may be of many objects. */
	if (object < p->nobjects &&
	    !(r->opt->keys[0] == KEY_SOURCE && r->opt->nkeys == 1)) {
		c.path = p->strings[p->objects[object].path];
		c.object = report_base(c.path);
		c.build_id = p->strings[p->objects[object].build_id];
	}
	return c;
}

const char *report_call_site(const struct report *r,
			     const struct tree_line *line, uint32_t *number)
{
	const struct prof_frame *f;
	const struct prof_loc *l;
	const uint32_t *places;
	unsigned n, k;

	*number = 0;
	if (line->frame == PROF_NONE)
		return "";
	f = &r->p->frames[line->frame];
	n = report_places(r, line->frame, &places);
	for (k = 0; k + 1 < n && places[k] != line->place; k++)
		;
	if (!f->nlocs)
		return "";
	l = &r->p->locs[f->loc + (k + 1 < n ? k : f->nlocs - 1)];
	*number = l->line;
	return r->p->strings[l->file];
}

bool report_is_unresolved(const struct report *r, uint32_t place,
			  uint32_t *object)
{
	unsigned i;

	for (i = 0; i < r->opt->nkeys; i++)
		if (r->opt->keys[i] == KEY_FUNCTION &&
		    is_none(r->places[place].key[i])) {
			*object = (uint32_t)r->places[place].key[i];
			return true;
		}
	return false;
}

char *report_why(const struct profile *p, uint32_t object)
{
	const struct prof_object *o;
	const char *why, *id;
	char head[9];

	if (object >= p->nobjects)
		return xstrdup("the samples have no address");
	o = &p->objects[object];
	why = p->strings[o->why];
	id = p->strings[o->build_id];
	if (!*why && o->kind == PROF_UNKNOWN)
		why = "code that no file or map of a runtime tells of";
	else if (!*why)
		why = p->ended ? "no symbol covers the addresses" :
				 "the recording was cut before its symbols";
	snprintf(head, sizeof(head), "%s", id);
	/* Eight digits are enough to find it by; the others are in -f json. */
	if (!*id || strstr(why, head))
		return xstrdup(why);
	return xasprintf("%s (build-id %s%s)", why, head,
			 strlen(id) > 8 ? "..." : "");
}
