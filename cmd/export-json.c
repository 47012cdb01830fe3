/* SPDX-License-Identifier: MIT
 *
 * export-json.c - a profile as JSON of our own: tables of objects, functions and
 * frames, and each distinct stack of a task with its frames' numbers.
 * pfmon-export(1) has the schema.  Written as it goes, since a profile may be
 * larger than what a tree of values takes.
 */
#include "config.h"

#include "export.h"

#include <inttypes.h>
#include <stdlib.h>

#define SCHEMA 1

static void put_key_text(FILE *f, const char *key, const char *text)
{
	fprintf(f, ",\"%s\":", key);
	put_json(f, text);
}

static void put_key_u64(FILE *f, const char *key, uint64_t v)
{
	fprintf(f, ",\"%s\":", key);
	put_u64(f, v);
}

static void put_facts(const struct export *ex)
{
	const struct prof_totals *t = &ex->p->totals;
	FILE *f = ex->out;
	bool first = true;
	uint32_t i;

	fprintf(f,
		"{\"schema\":%d,\"tool\":\"pfmon " PACKAGE_VERSION "\","
		"\"kind\":\"profile\",\n\"meta\":{",
		SCHEMA);
	for (i = 0; i < ex->p->nmetas; i++) {
		put_comma(f, &first);
		put_json(f, ex->p->metas[i].key);
		putc_unlocked(':', f);
		put_json(f, ex->p->metas[i].text);
	}
	fprintf(f, "},\n\"recording\":{\"complete\":%s",
		ex->p->ended ? "true" : "false");
	put_key_u64(f, "start_ns", t->start_ns);
	put_key_u64(f, "duration_ns", t->duration_ns);
	put_key_u64(f, "samples", t->samples);
	put_key_u64(f, "lost", t->lost);
	put_key_u64(f, "dropped", t->dropped);
	put_key_u64(f, "throttled", t->throttled);
	put_key_u64(f, "stacks", t->stacks);
	put_key_u64(f, "stacks_complete", t->complete);
	put_text(f, "}");
}

static void put_event(const struct export *ex, uint32_t event)
{
	static const char *const kinds[] = {
		[PROF_PERIOD] = "period",
		[PROF_FREQ] = "frequency",
		[PROF_CLOCK] = "clock",
	};
	const struct prof_event *ev = &ex->p->events[event];
	FILE *f = ex->out;

	put_text(f, "{\"name\":");
	put_json(f, ex->p->strings[ev->name]);
	put_key_text(f, "unit", ex->p->strings[ev->unit]);
	put_text(f, ",\"scale\":");
	put_real(f, ev->scale);
	if (ev->weight < ARRAY_SIZE(kinds))
		put_key_text(f, "sampled_by", kinds[ev->weight]);
	put_key_u64(f, ev->weight == PROF_PERIOD ? "period" : "hz", ev->period);
	put_key_text(f, "skid", ex->p->strings[ev->skid]);
	putc_unlocked('}', f);
}

static void put_object(const struct export *ex, uint32_t object)
{
	static const char *const kinds[PROF_NKINDS] = {
		[PROF_ELF] = "elf",       [PROF_KERNEL] = "kernel",
		[PROF_MODULE] = "module", [PROF_VDSO] = "vdso",
		[PROF_JIT] = "jit",       [PROF_UNKNOWN] = "unknown",
	};
	const struct prof_object *o = &ex->p->objects[object];
	FILE *f = ex->out;

	put_text(f, "{\"path\":");
	put_json(f, ex->p->strings[o->path]);
	if (o->kind < PROF_NKINDS)
		put_key_text(f, "kind", kinds[o->kind]);
	put_key_text(f, "build_id", ex->p->strings[o->build_id]);
	put_key_text(f, "no_symbols", ex->p->strings[o->why]);
	putc_unlocked('}', f);
}

static void put_function(const struct export *ex, uint32_t func)
{
	const struct prof_func *fn = &ex->p->funcs[func];
	FILE *f = ex->out;

	put_text(f, "{\"name\":");
	put_json(f, ex->p->strings[fn->name]);
	put_key_text(f, "linkage", ex->p->strings[fn->linkage]);
	put_key_u64(f, "object", fn->object);
	put_key_text(f, "file", ex->p->strings[fn->file]);
	put_key_u64(f, "line", fn->line);
	fprintf(f, ",\"start\":\"0x%" PRIx64 "\"", fn->start);
	put_key_u64(f, "size", fn->size);
	putc_unlocked('}', f);
}

/* With where it is in the source: innermost first. */
static void put_frame(const struct export *ex, uint32_t frame)
{
	const struct prof_frame *fr = &ex->p->frames[frame];
	FILE *f = ex->out;
	uint32_t n = fr->nlocs ? export_frame_depth(ex, frame) : 0, i;

	fprintf(f, "{\"object\":%u,\"address\":\"0x%" PRIx64 "\",\"locs\":[",
		fr->object, fr->addr);
	for (i = 0; i < n; i++) {
		struct prof_loc loc = export_frame_loc(ex, frame, i);

		put_text(f, i ? ",{\"function\":" : "{\"function\":");
		if (loc.func == PROF_NONE)
			put_text(f, "null");
		else
			put_u64(f, loc.func);
		put_key_text(f, "file", ex->p->strings[loc.file]);
		put_key_u64(f, "line", loc.line);
		putc_unlocked('}', f);
	}
	put_text(f, "]}");
}

static void put_array(const struct export *ex, const char *key, uint32_t n,
		      void (*put)(const struct export *ex, uint32_t i))
{
	uint32_t i;

	fprintf(ex->out, ",\n\"%s\":[", key);
	for (i = 0; i < n; i++) {
		put_text(ex->out, i ? ",\n" : "\n");
		put(ex, i);
	}
	putc_unlocked(']', ex->out);
}

/* Outermost first. */
static void put_row(const struct export *ex, const struct prof_task *task,
		    const struct tally_row *row, uint64_t weight)
{
	const struct prof_event *ev = &ex->p->events[ex->event];
	uint32_t path[EXPORT_DEPTH_MAX], n = 0, node = row->node;
	FILE *f = ex->out;

	for (; node && n < EXPORT_DEPTH_MAX; node = ex->p->nodes[node].parent)
		path[n++] = ex->p->nodes[node].frame;
	fprintf(f, "{\"pid\":%u,\"tid\":%u", task->pid, task->tid);
	put_key_text(f, "comm", ex->p->strings[task->comm]);
	put_key_u64(f, "samples", row->samples);
	put_key_u64(f, "weight", weight);
	put_text(f, ",\"value\":");
	put_real(f, (double)weight * ev->scale);
	put_text(f, ",\"frames\":[");
	while (n-- > 0) {
		put_u64(f, path[n]);
		if (n)
			putc_unlocked(',', f);
	}
	put_text(f, "]}");
}

static void json_write(struct export *ex)
{
	struct groups g;
	struct tally t;
	uint32_t i;

	groups_init(&g, ex->p, BY_TASK);
	tally_run(&t, ex, &g);
	put_facts(ex);
	put_text(ex->out, ",\n\"event\":");
	put_event(ex, ex->event);
	put_array(ex, "objects", ex->p->nobjects, put_object);
	put_array(ex, "functions", ex->p->nfuncs, put_function);
	put_array(ex, "frames", ex->p->nframes, put_frame);
	put_text(ex->out, ",\n\"stacks\":[");
	for (i = 0; i < t.n; i++) {
		put_text(ex->out, i ? ",\n" : "\n");
		put_row(ex, &ex->p->tasks[g.task[t.rows[i].group]], &t.rows[i],
			t.weights[i]);
	}
	put_text(ex->out, "]}\n");
	tally_release(&t);
	groups_release(&g);
}

const struct export_format export_json = {
	.name = "json",
	.write = json_write,
};
