/* SPDX-License-Identifier: MIT
 *
 * sample-symbols.c - at the end of a recording, while the files are still open:
 * function, source line and inlined callers of each address that was hit, and
 * the code of the functions that were, into the profile.
 */
#include "config.h"

#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_LOCS 64
#define MOST_CODE 65536 /* bytes of a function's code */
#define CODE_LEAST 200  /* one sample of so many is in it, at least */

/* A function of the object that was put: by start and name. */
struct known {
	uint32_t name, func;
	uint64_t start, size;
	uint64_t self; /* samples in it */
};

/* Object by object, so that the symbols of one at a time are in memory. */
struct naming {
	const struct sym_options *opt;
	struct prof_writer *w;
	struct stacker *stacks;
	struct sym_object *kernel; /* one for it and its modules; owned */
	uint64_t samples;
	uint32_t *order; /* frames, those of an object together; owned */
	uint32_t *first; /* by object: its first in order; owned */
	uint32_t nobjects;
	struct known *known; /* of this object; owned */
	uint32_t *table;     /* open addressing: known + 1; owned */
	size_t nknown, room, size;
	uint64_t start_ns, shown_ns;
	uint32_t nnamed;
	bool progress;
};

static uint32_t *slot_of(const struct naming *n, const struct known *k)
{
	uint64_t h = k->start ^ (uint64_t)k->name << 32;
	size_t at;

	h *= 0x9e3779b97f4a7c15u;
	for (at = (size_t)(h >> 20) & (n->size - 1); n->table[at];
	     at = (at + 1) & (n->size - 1)) {
		const struct known *other = &n->known[n->table[at] - 1];

		if (other->name == k->name && other->start == k->start)
			break;
	}
	return &n->table[at];
}

static void grow(struct naming *n)
{
	size_t i;

	free(n->table);
	n->size = n->size ? n->size * 2 : 1024;
	n->table = xcalloc(n->size, sizeof(*n->table));
	for (i = 0; i < n->nknown; i++)
		*slot_of(n, &n->known[i]) = (uint32_t)i + 1;
}

static void forget(struct naming *n)
{
	n->nknown = 0;
	memset(n->table, 0, n->size * sizeof(*n->table));
}

static struct known *func_of(struct naming *n, uint32_t object,
			     const struct sym_loc *loc)
{
	struct known k = { .start = loc->start, .size = loc->size };
	const char *file = loc->decl_file ? loc->decl_file : "";
	struct prof_func f = { .object = object,
			       .line = loc->decl_line,
			       .start = loc->start,
			       .size = loc->size };
	uint32_t *slot;

	if (n->nknown * 2 >= n->size)
		grow(n);
	k.name = prof_put_string(n->w, loc->name);
	slot = slot_of(n, &k);
	if (*slot)
		return &n->known[*slot - 1];
	f.name = k.name;
	f.linkage =
		prof_put_string(n->w, loc->linkage ? loc->linkage : loc->name);
	f.file = prof_put_string(n->w, file);
	k.func = prof_put_func(n->w, &f);
	if (n->nknown == n->room) {
		n->room = n->room ? n->room * 2 : 256;
		n->known = xreallocarray(n->known, n->room, sizeof(*n->known));
	}
	n->known[n->nknown] = k;
	*slot = (uint32_t)++n->nknown;
	return &n->known[n->nknown - 1];
}

struct lines {
	struct naming *n;
	struct prof_line *v; /* owned */
	uint32_t count, room;
};

static void add_line(void *arg, const struct sym_line *line)
{
	struct lines *l = arg;

	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->v = xreallocarray(l->v, l->room, sizeof(*l->v));
	}
	l->v[l->count++] = (struct prof_line){
		.addr = line->addr,
		.file = prof_put_string(l->n->w, line->file ? line->file : ""),
		.line = line->line,
	};
}

static void put_code(struct naming *n, struct sym_object *sym,
		     const struct known *k)
{
	struct lines lines = { .n = n };
	struct prof_code code = { .func = k->func };
	unsigned char *bytes;

	if (k->size == 0 || k->size > MOST_CODE)
		return;
	bytes = xcalloc(1, (size_t)k->size);
	code.nbytes = (uint32_t)sym_code(sym, k->start, (size_t)k->size, bytes);
	sym_lines(sym, k->start, k->start + k->size, add_line, &lines);
	code.bytes = bytes;
	code.lines = lines.v;
	code.nlines = lines.count;
	if (code.nbytes || code.nlines)
		prof_put_code(n->w, &code);
	free(bytes);
	free(lines.v);
}

static struct sym_object *symbols_of(struct naming *n, struct file *f)
{
	return file_symbols(f, &n->kernel, n->opt);
}

/* By object; within one in the order in which they came. */
static void sort_frames(struct naming *n)
{
	uint32_t frames = prof_nframes(n->w), i, *at;

	for (i = 0; i < frames; i++)
		if (prof_frame_at(n->w, i)->object >= n->nobjects)
			n->nobjects = prof_frame_at(n->w, i)->object + 1;
	n->order = xcalloc(frames, sizeof(*n->order));
	n->first = xcalloc((size_t)n->nobjects + 1, sizeof(*n->first));
	for (i = 0; i < frames; i++)
		n->first[prof_frame_at(n->w, i)->object + 1]++;
	for (i = 0; i < n->nobjects; i++)
		n->first[i + 1] += n->first[i];
	at = xcalloc(n->nobjects, sizeof(*at));
	for (i = 0; i < frames; i++) {
		uint32_t object = prof_frame_at(n->w, i)->object;

		n->order[n->first[object] + at[object]++] = i;
	}
	free(at);
}

/* Of a file in which hardly anything was hit the lines are not worth reading. */
static void weigh(const struct naming *n, struct sym_object *sym,
		  uint32_t object)
{
	uint64_t self = 0;
	uint32_t i;

	for (i = n->first[object]; i < n->first[object + 1]; i++)
		self += stacker_self(n->stacks, n->order[i]);
	sym_set_light(sym, self * CODE_LEAST < n->samples);
}

static void want_kernel(struct naming *n, const struct prof_frame *f)
{
	struct file *file = stacker_file(n->stacks, f->object);

	if (file && (file->kind == PROF_KERNEL || file->kind == PROF_MODULE))
		sym_kernel_want(symbols_of(n, file), f->addr,
				file->kind == PROF_MODULE);
}

/* Whoever waits at a terminal sees that it goes on. */
static void show_progress(struct naming *n)
{
	uint64_t now;

	if (++n->nnamed % 64 || !n->progress)
		return;
	now = now_ns();
	if (now - n->start_ns < NS_PER_S || now - n->shown_ns < NS_PER_S / 5)
		return;
	n->shown_ns = now;
	fprintf(stderr, "\r finding names: %u of %u addresses ", n->nnamed,
		prof_nframes(n->w));
}

static void name_frame(struct naming *n, struct sym_object *sym, uint32_t frame)
{
	const struct prof_frame *f = prof_frame_at(n->w, frame);
	struct sym_loc locs[MOST_LOCS];
	struct prof_loc out[MOST_LOCS];
	struct known *k;
	unsigned count = 0, i;

	if (sym)
		count = sym_find(sym, f->addr, locs, MOST_LOCS);
	for (i = 0; i < count; i++) {
		out[i] = (struct prof_loc){ .func = PROF_NONE,
					    .line = locs[i].line };
		out[i].file =
			prof_put_string(n->w, locs[i].file ? locs[i].file : "");
		if (!locs[i].name)
			continue;
		k = func_of(n, f->object, &locs[i]);
		out[i].func = k->func;
		if (i + 1 < count)
			continue;
		k->self += stacker_self(n->stacks, frame);
		stacker_name(n->stacks, frame, locs[i].name);
	}
	if (count == 0)
		out[count++] = (struct prof_loc){ .func = PROF_NONE };
	prof_put_locs(n->w, frame, out, count);
}

static const char *why_of(const struct file *f, struct sym_object *sym)
{
	if (f->gone)
		return f->gone;
	if (f->kind == PROF_UNKNOWN)
		return "in no mapping that is known";
	return sym ? sym_why(sym) : "";
}

static void tell_object(struct naming *n, const struct file *f,
			struct sym_object *sym)
{
	struct prof_object o = { .kind = f->kind };

	o.path = prof_put_string(n->w, f->path);
	o.build_id = prof_put_string(n->w, sym && f->kind != PROF_MODULE ?
						   sym_build_id(sym) :
						   "");
	o.why = prof_put_string(n->w, why_of(f, sym));
	prof_set_object(n->w, f->id, &o);
}

/* The code of functions that are worth a look; others are in their files. */
static void put_codes(struct naming *n, struct sym_object *sym)
{
	size_t i;

	for (i = 0; i < n->nknown; i++)
		if (n->known[i].self &&
		    n->known[i].self * CODE_LEAST >= n->samples)
			put_code(n, sym, &n->known[i]);
}

static void name_object(struct naming *n, uint32_t object)
{
	struct file *f = stacker_file(n->stacks, object);
	struct sym_object *sym = f ? symbols_of(n, f) : NULL;
	uint32_t i;

	if (sym && (f->kind == PROF_ELF || f->kind == PROF_KERNEL))
		weigh(n, sym, object);
	for (i = n->first[object]; i < n->first[object + 1]; i++) {
		name_frame(n, sym, n->order[i]);
		show_progress(n);
	}
	put_codes(n, sym);
	forget(n);
	if (!f)
		return;
	tell_object(n, f, sym);
	sym_close(f->sym);
	f->sym = NULL;
}

void symbols_put(struct sampling *s, struct prof_writer *w, struct stacker *st)
{
	struct naming n = {
		.opt = &s->opt->sym,
		.w = w,
		.stacks = st,
		.samples = record_samples(s),
		.start_ns = now_ns(),
		.progress = !s->opt->quiet && isatty(STDERR_FILENO),
	};
	uint32_t i;

	grow(&n);
	sort_frames(&n);
	for (i = 0; i < prof_nframes(w); i++)
		want_kernel(&n, prof_frame_at(w, i));
	for (i = 0; i < n.nobjects; i++)
		name_object(&n, i);
	if (n.shown_ns)
		fprintf(stderr, "\r%48s\r", "");
	sym_close(n.kernel);
	free(n.known);
	free(n.table);
	free(n.order);
	free(n.first);
}
