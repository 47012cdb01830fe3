/* SPDX-License-Identifier: MIT
 *
 * export-firefox-table.c - the tables of a thread in a Firefox profile, as
 * objects of columns.
 */
#include "config.h"

#include "export-firefox.h"

static int64_t frame_category(const struct firefox_thread *t, uint32_t frame)
{
	static const int of_kind[PROF_NKINDS] = {
		[PROF_ELF] = CAT_USER,      [PROF_KERNEL] = CAT_KERNEL,
		[PROF_MODULE] = CAT_KERNEL, [PROF_VDSO] = CAT_USER,
		[PROF_JIT] = CAT_JIT,       [PROF_UNKNOWN] = CAT_OTHER,
	};
	const struct profile *p = t->ex->p;
	uint32_t kind = p->objects[p->frames[frame].object].kind;

	return kind < PROF_NKINDS ? of_kind[kind] : CAT_OTHER;
}

static int64_t text_at(const struct firefox_thread *t, uint32_t string)
{
	return export_map_find(&t->strings.map,
			       export_sym_of_string(t->ex, string), 0);
}

static struct prof_loc loc_of(const struct firefox_thread *t, uint32_t i)
{
	return export_frame_loc(t->ex, t->frames.v[i].a, t->frames.v[i].b);
}

static int64_t none(const struct firefox_thread *t, uint32_t i)
{
	(void)t;
	(void)i;
	return NOTHING;
}

static int64_t zero(const struct firefox_thread *t, uint32_t i)
{
	(void)t;
	(void)i;
	return 0;
}

static int64_t stack_frame(const struct firefox_thread *t, uint32_t i)
{
	return t->stacks.v[i].b;
}

static int64_t stack_prefix(const struct firefox_thread *t, uint32_t i)
{
	return t->stacks.v[i].a ? (int64_t)t->stacks.v[i].a - 1 : NOTHING;
}

static int64_t stack_category(const struct firefox_thread *t, uint32_t i)
{
	return frame_category(t, t->frames.v[t->stacks.v[i].b].a);
}

/* Those of the kernel are beyond what is exact in a number of JSON. */
static int64_t frame_address(const struct firefox_thread *t, uint32_t i)
{
	uint64_t addr = t->ex->p->frames[t->frames.v[i].a].addr;

	return addr < 1ULL << 53 ? (int64_t)addr : -1;
}

static int64_t frame_inline_depth(const struct firefox_thread *t, uint32_t i)
{
	return (int64_t)export_frame_depth(t->ex, t->frames.v[i].a) - 1 -
	       t->frames.v[i].b;
}

static int64_t frame_cat(const struct firefox_thread *t, uint32_t i)
{
	return frame_category(t, t->frames.v[i].a);
}

static int64_t frame_func(const struct firefox_thread *t, uint32_t i)
{
	uint32_t object = t->ex->p->frames[t->frames.v[i].a].object;
	uint32_t sym = export_sym_of_func(t->ex, loc_of(t, i).func, object);

	return export_map_find(&t->funcs.map, sym, 0);
}

static int64_t frame_line(const struct firefox_thread *t, uint32_t i)
{
	uint32_t line = loc_of(t, i).line;

	return line ? line : NOTHING;
}

static int64_t func_name(const struct firefox_thread *t, uint32_t i)
{
	const struct prof_func *func = export_sym_func(t->ex, t->funcs.v[i].a);

	return func ? text_at(t, func->name) :
		      export_map_find(&t->strings.map, t->funcs.v[i].a, 0);
}

static int64_t func_resource(const struct firefox_thread *t, uint32_t i)
{
	uint32_t object = export_sym_object(t->ex, t->funcs.v[i].a);

	if (object == PROF_NONE)
		return -1;
	return export_map_find(&t->resources.map, object, 0);
}

static int64_t func_file(const struct firefox_thread *t, uint32_t i)
{
	const struct prof_func *func = export_sym_func(t->ex, t->funcs.v[i].a);

	return func && t->ex->p->strings[func->file][0] ?
		       text_at(t, func->file) :
		       NOTHING;
}

static int64_t func_line(const struct firefox_thread *t, uint32_t i)
{
	const struct prof_func *func = export_sym_func(t->ex, t->funcs.v[i].a);

	return func && func->line ? func->line : NOTHING;
}

static int64_t resource_lib(const struct firefox_thread *t, uint32_t i)
{
	return export_map_find(&t->libs->map, t->resources.v[i].a, 0);
}

static int64_t resource_name(const struct firefox_thread *t, uint32_t i)
{
	return text_at(t, t->ex->p->objects[t->resources.v[i].a].path);
}

static int64_t resource_type(const struct firefox_thread *t, uint32_t i)
{
	(void)t;
	(void)i;
	return 1; /* a library */
}

struct column {
	const char *name;
	int64_t (*get)(const struct firefox_thread *t,
		       uint32_t i); /* NULL: false */
};

static const struct column stack_columns[] = {
	{ "frame", stack_frame }, { "category", stack_category },
	{ "subcategory", zero },  { "prefix", stack_prefix },
	{ NULL, NULL },
};
static const struct column frame_columns[] = {
	{ "address", frame_address },
	{ "inlineDepth", frame_inline_depth },
	{ "category", frame_cat },
	{ "subcategory", zero },
	{ "func", frame_func },
	{ "nativeSymbol", none },
	{ "innerWindowID", zero },
	{ "implementation", none },
	{ "line", frame_line },
	{ "column", none },
	{ NULL, NULL },
};
static const struct column func_columns[] = {
	{ "name", func_name },     { "isJS", NULL },
	{ "relevantForJS", NULL }, { "resource", func_resource },
	{ "fileName", func_file }, { "lineNumber", func_line },
	{ "columnNumber", none },  { NULL, NULL },
};
static const struct column resource_columns[] = {
	{ "lib", resource_lib }, { "name", resource_name },
	{ "host", none },        { "type", resource_type },
	{ NULL, NULL },
};

void put_value(FILE *f, int64_t v)
{
	if (v == NOTHING) {
		put_text(f, "null");
		return;
	}
	if (v < 0)
		putc_unlocked('-', f);
	put_u64(f, (uint64_t)(v < 0 ? -v : v));
}

static void put_table(const struct firefox_thread *t, const char *name,
		      uint32_t n, const struct column *columns)
{
	FILE *f = t->ex->out;
	uint32_t i;

	fprintf(f, "\"%s\":{\"length\":%u", name, n);
	for (; columns->name; columns++) {
		fprintf(f, ",\n\"%s\":[", columns->name);
		for (i = 0; i < n; i++) {
			if (i)
				putc_unlocked(',', f);
			if (columns->get)
				put_value(f, columns->get(t, i));
			else
				put_text(f, "false");
		}
		putc_unlocked(']', f);
	}
	put_text(f, "},\n");
}

void put_tables(const struct firefox_thread *t)
{
	put_table(t, "stackTable", t->stacks.n, stack_columns);
	put_table(t, "frameTable", t->frames.n, frame_columns);
	put_table(t, "funcTable", t->funcs.n, func_columns);
	put_table(t, "resourceTable", t->resources.n, resource_columns);
}
