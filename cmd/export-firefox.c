/* SPDX-License-Identifier: MIT
 *
 * export-firefox.c - the "processed profile" of the Firefox Profiler, version
 * 48 (its docs-developer/CHANGELOG-formats.md and src/types/profile.js).  Each
 * thread has its own tables; a table is an object of columns.  Samples are one
 * by one, in the order of time.
 */
#include "config.h"

#include "export-firefox.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_PROCESSED 48
#define VERSION_GECKO 29

/* By CAT_*. */
static const char categories[] =
	"[{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"User\",\"color\":\"yellow\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"Kernel\",\"color\":\"orange\","
	"\"subcategories\":[\"Other\"]},"
	"{\"name\":\"JIT\",\"color\":\"purple\",\"subcategories\":[\"Other\"]}]";

static uint32_t list_add(struct list *l, uint32_t a, uint32_t b)
{
	uint32_t at = export_map_add(&l->map, a, b, l->n);

	if (at < l->n)
		return at;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->v = xreallocarray(l->v, l->room, sizeof(*l->v));
	}
	l->v[l->n++] = (struct item){ a, b };
	return at;
}

static void list_release(struct list *l)
{
	free(l->v);
	export_map_release(&l->map);
}

/* Texts are symbols: of strings of the profile, or of what has no name. */
static uint32_t add_text(struct firefox_thread *t, uint32_t string)
{
	return list_add(&t->strings, export_sym_of_string(t->ex, string), 0);
}

static uint32_t add_func(struct firefox_thread *t, uint32_t sym)
{
	const struct prof_func *func = export_sym_func(t->ex, sym);
	uint32_t at = list_add(&t->funcs, sym, 0);
	uint32_t object = export_sym_object(t->ex, sym);

	if (at + 1 < t->funcs.n)
		return at;
	if (func)
		add_text(t, func->name);
	else
		list_add(&t->strings, sym, 0);
	if (func && t->ex->p->strings[func->file][0])
		add_text(t, func->file);
	if (object != PROF_NONE) {
		list_add(&t->resources, object, 0);
		list_add(t->libs, object, 0);
		add_text(t, t->ex->p->objects[object].path);
	}
	return at;
}

static uint32_t add_frame(struct firefox_thread *t, uint32_t frame, uint32_t i)
{
	uint32_t object = t->ex->p->frames[frame].object;

	add_func(t, export_sym_of_func(t->ex,
				       export_frame_loc(t->ex, frame, i).func,
				       object));
	return list_add(&t->frames, frame, i);
}

/* Of a node whose caller has one: the number of its stack. */
static uint32_t add_node(struct firefox_thread *t, uint32_t node,
			 uint32_t prefix)
{
	uint32_t frame = t->ex->p->nodes[node].frame;
	uint32_t i = export_frame_depth(t->ex, frame);

	while (i-- > 0)
		prefix = list_add(&t->stacks, prefix, add_frame(t, frame, i)) +
			 1;
	return prefix;
}

/* Number + 1, or 0 for the empty stack. */
static uint32_t add_stack(struct firefox_thread *t, uint32_t node,
			  struct list *path)
{
	uint32_t prefix = 0, made;

	path->n = 0;
	for (; node; node = t->ex->p->nodes[node].parent) {
		made = export_map_find(&t->nodes, node, 0);
		if (made != PROF_NONE) {
			prefix = made;
			break;
		}
		if (path->n == path->room) {
			path->room = path->room ? path->room * 2 : 64;
			path->v = xreallocarray(path->v, path->room,
						sizeof(*path->v));
		}
		path->v[path->n++].a = node;
	}
	while (path->n-- > 0) {
		node = path->v[path->n].a;
		prefix = add_node(t, node, prefix);
		export_map_add(&t->nodes, node, 0, prefix);
	}
	return prefix;
}

/* ns as ms. */
static void put_ms(FILE *f, uint64_t ns)
{
	put_u64(f, ns / 1000000);
	if (ns % 1000000)
		fprintf(f, ".%06u", (unsigned)(ns % 1000000));
}

/* What whole nanoseconds and others come to in a column. */
static void put_weight(const struct firefox_thread *t, uint64_t weight)
{
	weight = export_whole_weight(t->whole, weight);
	if (t->whole->kind == WHOLE_TIME)
		put_ms(t->ex->out, weight);
	else
		put_u64(t->ex->out, weight);
}

static void put_samples(struct firefox_thread *t)
{
	static const char *const types[] = {
		[WHOLE_PLAIN] = "samples",
		[WHOLE_TIME] = "tracing-ms",
		[WHOLE_SIZE] = "bytes",
	};
	const struct timeline *line = t->line;
	FILE *f = t->ex->out;
	uint32_t stack;
	size_t i;

	fprintf(f, "\"samples\":{\"length\":%zu,\"weightType\":\"%s\",",
		line->n, types[t->whole->kind]);
	put_text(f, "\n\"stack\":[");
	for (i = 0; i < line->n; i++) {
		stack = line->rows[i].node ?
				export_map_find(&t->nodes, line->rows[i].node,
						0) :
				0;
		if (i)
			putc_unlocked(',', f);
		put_value(f, stack ? (int64_t)stack - 1 : NOTHING);
	}
	put_text(f, "],\n\"time\":[");
	for (i = 0; i < line->n; i++) {
		if (i)
			putc_unlocked(',', f);
		put_ms(f, line->rows[i].time);
	}
	put_text(f, "],\n\"weight\":[");
	for (i = 0; i < line->n; i++) {
		if (i)
			putc_unlocked(',', f);
		put_weight(t, line->rows[i].weight);
	}
	put_text(f, "]},\n");
}

static void put_strings(const struct firefox_thread *t)
{
	FILE *f = t->ex->out;
	uint32_t i;

	put_text(f, "\"stringArray\":[");
	for (i = 0; i < t->strings.n; i++) {
		if (i)
			putc_unlocked(',', f);
		put_json(f, export_sym_text(t->ex, t->strings.v[i].a));
	}
	put_text(f, "]");
}

static void put_thread(struct firefox_thread *t, const struct prof_task *task)
{
	FILE *f = t->ex->out;
	const char *comm = t->ex->p->strings[task->comm];

	put_text(f, "\n{\"processType\":\"default\",\"processName\":");
	put_json(f, comm);
	put_text(f, ",\"name\":");
	put_json(f, comm);
	fprintf(f,
		",\"pid\":\"%u\",\"tid\":%u,\"isMainThread\":%s,"
		"\"processStartupTime\":0,\"processShutdownTime\":null,"
		"\"registerTime\":0,\"unregisterTime\":null,"
		"\"pausedRanges\":[],\n",
		task->pid, task->tid,
		task->pid == task->tid ? "true" : "false");
	put_samples(t);
	put_text(f, "\"markers\":{\"length\":0,\"data\":[],\"name\":[],"
		    "\"startTime\":[],\"endTime\":[],\"phase\":[],"
		    "\"category\":[]},\n");
	put_tables(t);
	put_text(f, "\"nativeSymbols\":{\"length\":0,\"libIndex\":[],"
		    "\"address\":[],\"name\":[],\"functionSize\":[]},\n");
	put_strings(t);
	put_text(f, "}");
}

static void write_thread(struct firefox_thread *t, const struct prof_task *task)
{
	struct list path = { .n = 0 };
	size_t i;

	for (i = 0; i < t->line->n; i++)
		add_stack(t, t->line->rows[i].node, &path);
	put_thread(t, task);
	list_release(&path);
	list_release(&t->stacks);
	list_release(&t->frames);
	list_release(&t->funcs);
	list_release(&t->resources);
	list_release(&t->strings);
	export_map_release(&t->nodes);
}

/*
 * Breakpad's: the first 16 bytes of the build-id as a GUID, whose first three
 * fields are little endian, and an age of 0.
 */
static void breakpad_id(const char *build_id, char id[34])
{
	static const unsigned char order[16] = { 3, 2, 1,  0,  5,  4,  7,  6,
						 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned i, k;

	memset(id, '0', 33);
	id[33] = '\0';
	if (strlen(build_id) < 32)
		return;
	for (i = 0; i < 16; i++)
		for (k = 0; k < 2; k++)
			id[2 * i + k] = (char)toupper(
				(unsigned char)build_id[2 * order[i] + k]);
}

static void put_libs(const struct export *ex, const struct list *libs)
{
	FILE *f = ex->out;
	char id[34];
	uint32_t i;

	put_text(f, "],\n\"libs\":[");
	for (i = 0; i < libs->n; i++) {
		const struct prof_object *o = &ex->p->objects[libs->v[i].a];
		const char *path = ex->p->strings[o->path];
		const char *build_id = ex->p->strings[o->build_id];

		put_text(f, i ? ",\n{\"name\":" : "\n{\"name\":");
		put_json(f, export_base_name(path));
		put_text(f, ",\"path\":");
		put_json(f, path);
		put_text(f, ",\"debugName\":");
		put_json(f, export_base_name(path));
		put_text(f, ",\"debugPath\":");
		put_json(f, path);
		breakpad_id(build_id, id);
		put_text(f, ",\"breakpadId\":");
		put_json(f, id);
		put_text(f, ",\"codeId\":");
		if (*build_id)
			put_json(f, build_id);
		else
			put_text(f, "null");
		put_text(f, ",\"arch\":\"\"}");
	}
	put_text(f, "]}\n");
}

/* Time between samples, as far as it is known. */
static uint64_t interval_ns(const struct export *ex, const struct whole *whole)
{
	const struct prof_event *ev = &ex->p->events[ex->event];

	if (!ev->period)
		return 1000000;
	if (ev->weight != PROF_PERIOD)
		return NS_PER_S / ev->period;
	return whole->kind == WHOLE_TIME ?
		       export_whole_weight(whole, ev->period) :
		       1000000;
}

static void put_meta(const struct export *ex, const struct whole *whole)
{
	const char *command = prof_meta(ex->p, "command");
	const char *cpu = prof_meta(ex->p, "cpu");
	FILE *f = ex->out;

	fprintf(f,
		"{\"meta\":{\"preprocessedProfileVersion\":%d,\"version\":%d,"
		"\"interval\":",
		VERSION_PROCESSED, VERSION_GECKO);
	put_ms(f, interval_ns(ex, whole));
	put_text(f, ",\"startTime\":");
	put_ms(f, ex->p->totals.start_ns);
	put_text(f, ",\"profilingStartTime\":0,\"profilingEndTime\":");
	put_ms(f, ex->p->totals.duration_ns);
	put_text(f, ",\"product\":");
	put_json(f, command ? command : export_base_name(ex->p->path));
	put_text(f, ",\"CPUName\":");
	put_json(f, cpu ? cpu : "");
	put_text(f, ",\"importedFrom\":\"pfmon " PACKAGE_VERSION "\","
		    "\"processType\":0,\"stackwalk\":1,\"debug\":false,"
		    "\"oscpu\":\"Linux\",\"platform\":\"Linux\","
		    "\"symbolicated\":true,\"usesOnlyOneStackType\":true,"
		    "\"doesNotUseFrameImplementation\":true,"
		    "\"sourceCodeIsNotOnSearchfox\":true,"
		    "\"markerSchema\":[],\"categories\":");
	put_text(f, categories);
	put_text(f, "},\n\"threads\":[");
}

static void firefox_write(struct export *ex)
{
	struct list libs = { .n = 0 };
	struct timeline *lines;
	struct whole whole;
	struct groups g;
	bool first = true;
	uint32_t i;

	export_whole_init(&whole, ex, ex->event);
	groups_init(&g, ex->p, BY_THREAD);
	lines = timelines_run(ex, &g);
	put_meta(ex, &whole);
	for (i = 0; i < g.n; i++) {
		struct firefox_thread t = { .ex = ex,
					    .libs = &libs,
					    .line = &lines[i],
					    .whole = &whole };

		if (!lines[i].n)
			continue;
		put_comma(ex->out, &first);
		write_thread(&t, &ex->p->tasks[g.task[i]]);
	}
	put_libs(ex, &libs);
	list_release(&libs);
	timelines_free(lines, g.n);
	groups_release(&g);
}

const struct export_format export_firefox = {
	.name = "firefox",
	.write = firefox_write,
};
