/* SPDX-License-Identifier: MIT
 *
 * export-speedscope.c - the JSON of speedscope, https://www.speedscope.app/
 * file-format-schema.json: a "sampled" profile for each thread.  Samples are in
 * the order of time, those in a row with the same stack are one; or, merged, one
 * for each distinct stack.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>

/* A thread's samples of one stack each. */
struct runs {
	struct run {
		uint32_t stack;
		uint64_t weight;
	} * v; /* owned */
	size_t n, room;
};

struct speedscope {
	struct export *ex;
	struct stacks stacks;
	struct whole whole;
	struct runs *runs; /* owned, by group */
	uint32_t *frame;   /* owned; of a symbol: its number in the file */
};

static void add_run(struct runs *r, uint32_t stack, uint64_t weight)
{
	if (r->n && r->v[r->n - 1].stack == stack) {
		r->v[r->n - 1].weight += weight;
		return;
	}
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 16;
		r->v = xreallocarray(r->v, r->room, sizeof(*r->v));
	}
	r->v[r->n++] = (struct run){ stack, weight };
}

static void runs_by_time(struct speedscope *ss, const struct groups *g)
{
	struct timeline *lines = timelines_run(ss->ex, g);
	uint32_t i;
	size_t k;

	for (i = 0; i < g->n; i++) {
		for (k = 0; k < lines[i].n; k++)
			add_run(&ss->runs[i],
				stacks_of(&ss->stacks, ss->ex, 0,
					  lines[i].rows[k].node),
				lines[i].rows[k].weight);
		/* Not twice in memory. */
		free(lines[i].rows);
		lines[i].rows = NULL;
	}
	timelines_free(lines, g->n);
}

/* Nodes may differ by addresses only: such are added up, too. */
static void runs_merged(struct speedscope *ss, const struct groups *g)
{
	struct export_map seen = { .n = 0 };
	struct tally t;
	uint32_t i, stack, at;

	tally_run(&t, ss->ex, g);
	for (i = 0; i < t.n; i++) {
		struct runs *r = &ss->runs[t.rows[i].group];

		stack = stacks_of(&ss->stacks, ss->ex, 0, t.rows[i].node);
		at = export_map_add(&seen, t.rows[i].group, stack,
				    (uint32_t)r->n);
		if (at == r->n)
			add_run(r, stack, 0);
		r->v[at].weight += t.weights[i];
	}
	tally_release(&t);
	export_map_release(&seen);
}

static void put_frames(struct speedscope *ss)
{
	struct export *ex = ss->ex;
	const struct prof_func *func;
	uint32_t i, n = 0, object;
	bool first = true;

	put_text(ex->out, "\"shared\":{\"frames\":[");
	for (i = 1; i < ss->stacks.n; i++) {
		uint32_t sym = ss->stacks.v[i].sym;

		if (ss->frame[sym] != PROF_NONE)
			continue;
		ss->frame[sym] = n++;
		put_comma(ex->out, &first);
		put_text(ex->out, "\n{\"name\":");
		put_json(ex->out, export_sym_text(ex, sym));
		func = export_sym_func(ex, sym);
		object = export_sym_object(ex, sym);
		if (func && ex->p->strings[func->file][0]) {
			put_text(ex->out, ",\"file\":");
			put_json(ex->out, ex->p->strings[func->file]);
			if (func->line) {
				put_text(ex->out, ",\"line\":");
				put_u64(ex->out, func->line);
			}
		} else if (object != PROF_NONE) {
			put_text(ex->out, ",\"file\":");
			put_json(ex->out,
				 ex->p->strings[ex->p->objects[object].path]);
		}
		putc_unlocked('}', ex->out);
	}
	put_text(ex->out, "]}");
}

/* Outermost first. */
static void put_stack(const struct speedscope *ss, uint32_t stack)
{
	uint32_t path[EXPORT_DEPTH_MAX], n = 0;
	FILE *f = ss->ex->out;

	for (; stack && n < EXPORT_DEPTH_MAX;
	     stack = ss->stacks.v[stack].parent)
		path[n++] = ss->frame[ss->stacks.v[stack].sym];
	putc_unlocked('[', f);
	while (n-- > 0) {
		put_u64(f, path[n]);
		if (n)
			putc_unlocked(',', f);
	}
	putc_unlocked(']', f);
}

static const char *unit_of(const struct speedscope *ss)
{
	return ss->whole.kind == WHOLE_PLAIN ? "none" : ss->whole.unit;
}

static void put_profile(const struct speedscope *ss,
			const struct prof_task *task, const struct runs *r)
{
	const struct profile *p = ss->ex->p;
	FILE *f = ss->ex->out;
	uint64_t total = 0, weight;
	char *name;
	size_t i;

	name = xasprintf("%s (%u)", p->strings[task->comm], task->tid);
	put_text(f, "\n{\"type\":\"sampled\",\"name\":");
	put_json(f, name);
	free(name);
	fprintf(f, ",\"unit\":\"%s\",\"samples\":[", unit_of(ss));
	for (i = 0; i < r->n; i++) {
		put_text(f, i ? ",\n" : "\n");
		put_stack(ss, r->v[i].stack);
	}
	put_text(f, "],\n\"weights\":[");
	for (i = 0; i < r->n; i++) {
		weight = export_whole_weight(&ss->whole, r->v[i].weight);
		total += weight;
		if (i)
			putc_unlocked(',', f);
		put_u64(f, weight);
	}
	put_text(f, "],\"startValue\":0,\"endValue\":");
	put_u64(f, total);
	putc_unlocked('}', f);
}

static void put_file(struct speedscope *ss, const struct groups *g)
{
	struct export *ex = ss->ex;
	const char *command = prof_meta(ex->p, "command");
	bool first = true;
	uint32_t i;

	put_text(ex->out, "{\"$schema\":\"https://www.speedscope.app/"
			  "file-format-schema.json\",\"exporter\":"
			  "\"pfmon " PACKAGE_VERSION "\",\"name\":");
	put_json(ex->out, command ? command : export_base_name(ex->p->path));
	put_text(ex->out, ",\n");
	put_frames(ss);
	put_text(ex->out, ",\n\"profiles\":[");
	for (i = 0; i < g->n; i++) {
		if (!ss->runs[i].n)
			continue;
		put_comma(ex->out, &first);
		put_profile(ss, &ex->p->tasks[g->task[i]], &ss->runs[i]);
	}
	put_text(ex->out, "]}\n");
}

static void speedscope_write(struct export *ex)
{
	struct speedscope ss = { .ex = ex };
	uint32_t nsyms = export_sym_end(ex), i;
	struct groups g;

	export_whole_init(&ss.whole, ex, ex->event);
	stacks_init(&ss.stacks, ex);
	groups_init(&g, ex->p, BY_THREAD);
	ss.runs = xcalloc(g.n, sizeof(*ss.runs));
	ss.frame = xcalloc(nsyms, sizeof(*ss.frame));
	for (i = 0; i < nsyms; i++)
		ss.frame[i] = PROF_NONE;
	if (ex->merge)
		runs_merged(&ss, &g);
	else
		runs_by_time(&ss, &g);
	put_file(&ss, &g);
	for (i = 0; i < g.n; i++)
		free(ss.runs[i].v);
	free(ss.runs);
	free(ss.frame);
	groups_release(&g);
	stacks_release(&ss.stacks);
}

const struct export_format export_speedscope = {
	.name = "speedscope",
	.write = speedscope_write,
};
