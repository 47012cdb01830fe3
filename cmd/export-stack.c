/* SPDX-License-Identifier: MIT
 *
 * export-stack.c - stacks by function, the names of what is in them, and the
 * units of weights.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>

void stacks_init(struct stacks *s, const struct export *ex)
{
	*s = (struct stacks){ .room = 1024 };
	s->v = xcalloc(s->room, sizeof(*s->v));
	s->v[0] = (struct stack){ PROF_NONE, PROF_NONE };
	s->n = 1;
	s->made = xcalloc(ex->p->nnodes, sizeof(*s->made));
}

void stacks_release(struct stacks *s)
{
	free(s->v);
	free(s->path);
	export_map_release(&s->known);
	free(s->made);
}

uint32_t stacks_push(struct stacks *s, uint32_t parent, uint32_t sym)
{
	uint32_t stack = export_map_add(&s->known, parent, sym, s->n);

	if (stack < s->n)
		return stack;
	if (s->n == s->room) {
		s->room *= 2;
		s->v = xreallocarray(s->v, s->room, sizeof(*s->v));
	}
	s->v[s->n++] = (struct stack){ parent, sym };
	return stack;
}

static void add_path(struct stacks *s, uint32_t i, uint32_t node)
{
	if (i >= s->path_room) {
		s->path_room = s->path_room ? s->path_room * 2 : 64;
		s->path =
			xreallocarray(s->path, s->path_room, sizeof(*s->path));
	}
	s->path[i] = node;
}

static uint32_t push_frame(struct stacks *s, const struct export *ex,
			   uint32_t stack, uint32_t frame)
{
	uint32_t object = ex->p->frames[frame].object;
	uint32_t i = export_frame_depth(ex, frame);

	while (i-- > 0)
		stack = stacks_push(
			s, stack,
			export_sym_of_func(ex,
					   export_frame_loc(ex, frame, i).func,
					   object));
	return stack;
}

uint32_t stacks_of(struct stacks *s, const struct export *ex, uint32_t root,
		   uint32_t node)
{
	uint32_t n = 0, stack = root;

	/* Up to what was made before, then down again. */
	for (; node; node = ex->p->nodes[node].parent) {
		const struct made *made = &s->made[node];

		if (made->stack && made->root == root) {
			stack = made->stack;
			break;
		}
		add_path(s, n++, node);
	}
	while (n-- > 0) {
		node = s->path[n];
		stack = push_frame(s, ex, stack, ex->p->nodes[node].frame);
		s->made[node] = (struct made){ root, stack };
	}
	return stack;
}

uint32_t stack_syms(const struct export *ex, uint32_t node,
		    uint32_t syms[EXPORT_DEPTH_MAX])
{
	uint32_t n = 0, i;

	for (; node; node = ex->p->nodes[node].parent) {
		uint32_t frame = ex->p->nodes[node].frame;
		uint32_t object = ex->p->frames[frame].object;
		uint32_t depth = export_frame_depth(ex, frame);

		for (i = 0; i < depth && n < EXPORT_DEPTH_MAX; i++)
			syms[n++] = export_sym_of_func(
				ex, export_frame_loc(ex, frame, i).func,
				object);
		if (n == EXPORT_DEPTH_MAX)
			break;
	}
	return n;
}

uint32_t export_sym_of_func(const struct export *ex, uint32_t func,
			    uint32_t object)
{
	return func == PROF_NONE ? ex->p->nfuncs + object : func;
}

uint32_t export_sym_of_string(const struct export *ex, uint32_t string)
{
	return ex->p->nfuncs + ex->p->nobjects + string;
}

uint32_t export_sym_end(const struct export *ex)
{
	return export_sym_of_string(ex, ex->p->nstrings);
}

const struct prof_func *export_sym_func(const struct export *ex, uint32_t sym)
{
	return sym < ex->p->nfuncs ? &ex->p->funcs[sym] : NULL;
}

uint32_t export_sym_object(const struct export *ex, uint32_t sym)
{
	if (sym < ex->p->nfuncs)
		return ex->p->funcs[sym].object;
	sym -= ex->p->nfuncs;
	return sym < ex->p->nobjects ? sym : PROF_NONE;
}

const char *export_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* "[unresolved in libfoo.so]", "[unresolved in kernel]", "[unknown]" */
static char *unresolved(const struct export *ex, uint32_t object)
{
	const struct prof_object *o = &ex->p->objects[object];
	const char *name = export_base_name(ex->p->strings[o->path]);
	size_t len = strlen(name);

	if (o->kind == PROF_UNKNOWN)
		return xstrdup(name);
	if (len > 2 && name[0] == '[' && name[len - 1] == ']')
		return xasprintf("[unresolved in %.*s]", (int)len - 2,
				 name + 1);
	return xasprintf("[unresolved in %s]", name);
}

const char *export_sym_text(struct export *ex, uint32_t sym)
{
	const struct profile *p = ex->p;

	if (sym < p->nfuncs)
		return p->strings[p->funcs[sym].name];
	sym -= p->nfuncs;
	if (sym >= p->nobjects)
		return p->strings[sym - p->nobjects];
	if (!ex->unresolved[sym])
		ex->unresolved[sym] = unresolved(ex, sym);
	return ex->unresolved[sym];
}

uint32_t export_frame_depth(const struct export *ex, uint32_t frame)
{
	uint32_t n = ex->p->frames[frame].nlocs;

	if (n > EXPORT_INLINE_MAX)
		return EXPORT_INLINE_MAX;
	return n ? n : 1;
}

struct prof_loc export_frame_loc(const struct export *ex, uint32_t frame,
				 uint32_t i)
{
	const struct prof_frame *f = &ex->p->frames[frame];

	if (!f->nlocs)
		return (struct prof_loc){ PROF_NONE, 0, 0 };
	return ex->p
		->locs[f->loc + f->nlocs - export_frame_depth(ex, frame) + i];
}

void export_whole_init(struct whole *w, const struct export *ex, uint32_t event)
{
	static const struct {
		const char *unit;
		enum whole_kind kind;
		double factor;
	} rows[] = {
		{ "ns", WHOLE_TIME, 1 },        { "us", WHOLE_TIME, 1e3 },
		{ "ms", WHOLE_TIME, 1e6 },      { "s", WHOLE_TIME, 1e9 },
		{ "bytes", WHOLE_SIZE, 1 },     { "Bytes", WHOLE_SIZE, 1 },
		{ "KiB", WHOLE_SIZE, 1024 },    { "MiB", WHOLE_SIZE, 1 << 20 },
		{ "GiB", WHOLE_SIZE, 1 << 30 },
	};
	const struct prof_event *ev = &ex->p->events[event];
	const char *unit = ex->p->strings[ev->unit];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(unit, rows[i].unit)) {
			w->kind = rows[i].kind;
			w->factor = rows[i].factor * ev->scale;
			w->unit =
				w->kind == WHOLE_TIME ? "nanoseconds" : "bytes";
			return;
		}
	/* A fraction would be lost: as counted, then. */
	w->kind = WHOLE_PLAIN;
	w->factor = ev->scale >= 1 ? ev->scale : 1;
	w->unit = *unit && ev->scale >= 1 ? unit : "count";
}

uint64_t export_whole_weight(const struct whole *w, uint64_t weight)
{
	double v;

	if (w->factor == 1)
		return weight;
	v = (double)weight * w->factor;
	if (!(v > 0))
		return 0;
	return v < 0x1p63 ? (uint64_t)(v + 0.5) : INT64_MAX;
}

struct stack_sum *stacks_by_comm(struct stacks *s, struct export *ex)
{
	struct groups g;
	struct tally t;
	struct stack_sum *self;
	uint32_t i;

	groups_init(&g, ex->p, BY_COMM);
	tally_run(&t, ex, &g);
	stacks_init(s, ex);
	for (i = 0; i < t.n; i++) {
		const struct prof_task *task =
			&ex->p->tasks[g.task[t.rows[i].group]];
		uint32_t comm = export_sym_of_string(ex, task->comm);

		/* Its stack in place of its group, which did its work. */
		t.rows[i].group = stacks_of(s, ex, stacks_push(s, 0, comm),
					    t.rows[i].node);
	}
	self = xcalloc(s->n, sizeof(*self));
	for (i = 0; i < t.n; i++) {
		self[t.rows[i].group].weight += t.weights[i];
		self[t.rows[i].group].samples += t.rows[i].samples;
	}
	tally_release(&t);
	groups_release(&g);
	return self;
}
