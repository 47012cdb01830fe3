/* SPDX-License-Identifier: MIT
 *
 * profile-tables.c - the tables of a .pfm file, row by row: see pfm(5).  A row
 * refers to what was read before it, or the reading ends.
 */
#include "config.h"

#include "profile-tables.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* A file of n bytes may ask for that much memory. */
#define TABLES_MOST_OF 48
#define TABLES_MOST (8u << 20)
#define KEPT_COST 16 /* of an allocation, beside what was asked for */

/* Before each piece of memory that is kept. */
struct kept {
	struct kept *next;
	uint64_t align;
};

enum {
	ROOM_STRINGS,
	ROOM_EVENTS,
	ROOM_OBJECTS,
	ROOM_TASKS,
	ROOM_FRAMES,
	ROOM_NODES,
	ROOM_FUNCS,
	ROOM_LOCS,
	ROOM_CODES,
	ROOM_METAS,
};

/* May so many bytes more be had?  What a file may ask for depends on its size. */
static bool afford(struct tables *t, size_t size)
{
	if (size > t->most - t->used)
		return false;
	t->used += size;
	return true;
}

/* Room for more rows of an array; false: it is too much. */
static bool more(struct tables *t, int which, size_t size)
{
	uint32_t room = t->room[which], add = room / 2 + 16;

	if (room > UINT32_MAX / 2 || !afford(t, add * size))
		return false;
	t->room[which] += add;
	return true;
}

/* One more behind n, in an array that moves. */
#define MORE(t, which, array, n)                            \
	((n) < (t)->room[which] ||                          \
	 (more(t, which, sizeof(*(array))) &&               \
	  ((array) = xreallocarray(array, (t)->room[which], \
				   sizeof(*(array)))) != NULL))

/* Zeroed memory that lives as long as the tables; NULL: it is too much. */
static void *keep(struct tables *t, size_t n)
{
	struct kept *k;

	n += sizeof(*k);
	if (!afford(t, n + KEPT_COST))
		return NULL;
	k = xcalloc(1, n);
	k->next = t->kept;
	t->kept = k;
	return k + 1;
}

void tables_init(struct tables *t, struct profile *p, uint64_t file)
{
	*t = (struct tables){ .most = TABLES_MOST_OF * file + TABLES_MOST };
	t->nodes = xcalloc(16, sizeof(*t->nodes));
	t->room[ROOM_NODES] = 16;
	t->nodes[0] = (struct prof_node){ PROF_NONE, PROF_NONE };
	p->nnodes = 1;
}

static uint32_t narrow(uint64_t x)
{
	return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

/* A string's number that is one. */
static bool read_text(const struct profile *p, struct reader *r, uint32_t *text)
{
	*text = narrow(read_varint(r));
	return !r->bad && *text < p->nstrings;
}

/* Text goes to terminals: nothing in it may be a command for one. */
static void put_text(char *to, const unsigned char *from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = from[i] < ' ' || from[i] == 0x7f ? ' ' : (char)from[i];
	/* Those of ISO 8859, as UTF-8 has them. */
	for (i = 1; i < len; i++)
		if (from[i - 1] == 0xc2 && from[i] < 0xa0)
			to[i - 1] = to[i] = ' ';
}

/* All strings of a table in one piece of memory. */
static bool read_strings(struct tables *t, struct profile *p, struct reader *r,
			 uint32_t n)
{
	char *text = keep(t, (size_t)(r->end - r->at) + n);
	uint32_t i;

	for (i = 0; i < n && text; i++) {
		uint64_t len = read_varint(r);
		const unsigned char *from = read_bytes(r, len);

		if (r->bad || !MORE(t, ROOM_STRINGS, t->strings, p->nstrings))
			return false;
		t->strings[p->nstrings++] = text;
		put_text(text, from, (size_t)len);
		text += len + 1;
	}
	return text;
}

static const char *read_own(struct tables *t, struct reader *r)
{
	uint64_t len = read_varint(r);
	const unsigned char *from = read_bytes(r, len);
	char *text = r->bad ? NULL : keep(t, (size_t)len + 1);

	if (text)
		put_text(text, from, (size_t)len);
	return text;
}

static bool read_meta(struct tables *t, struct profile *p, struct reader *r)
{
	struct prof_meta m;

	m.key = read_own(t, r);
	m.text = read_own(t, r);
	if (!m.key || !m.text)
		return false;
	if (!MORE(t, ROOM_METAS, t->metas, p->nmetas))
		return false;
	t->metas[p->nmetas++] = m;
	return true;
}

static bool read_event(struct tables *t, struct profile *p, struct reader *r)
{
	struct prof_event e = { 0 };
	uint32_t i;

	if (!read_text(p, r, &e.name) || !read_text(p, r, &e.unit))
		return false;
	e.scale = read_double(r);
	e.weight = narrow(read_varint(r));
	e.set = narrow(read_varint(r));
	e.period = read_varint(r);
	if (!read_text(p, r, &e.skid) || e.weight > PROF_CLOCK ||
	    !(e.scale > 0 && e.scale < 1e300))
		return false;
	e.nvalues = narrow(read_varint(r));
	if (e.nvalues > PROF_MAX_VALUES)
		return false;
	for (i = 0; i < e.nvalues; i++)
		if (!read_text(p, r, &e.values[i]))
			return false;
	if (!MORE(t, ROOM_EVENTS, t->events, p->nevents))
		return false;
	t->events[p->nevents++] = e;
	return true;
}

static bool object_row(const struct profile *p, struct reader *r,
		       struct prof_object *o)
{
	o->kind = narrow(read_varint(r));
	return o->kind < PROF_NKINDS && read_text(p, r, &o->path) &&
	       read_text(p, r, &o->build_id) && read_text(p, r, &o->why);
}

static bool read_object(struct tables *t, struct profile *p, struct reader *r)
{
	struct prof_object o;

	if (!object_row(p, r, &o))
		return false;
	if (!MORE(t, ROOM_OBJECTS, t->objects, p->nobjects))
		return false;
	t->objects[p->nobjects++] = o;
	return true;
}

static bool set_object(struct tables *t, struct profile *p, struct reader *r)
{
	uint32_t i = narrow(read_varint(r));
	struct prof_object o;

	if (i >= p->nobjects || !object_row(p, r, &o))
		return false;
	t->objects[i] = o;
	return true;
}

static bool read_task(struct tables *t, struct profile *p, struct reader *r)
{
	struct prof_task task;

	task.pid = narrow(read_varint(r));
	task.tid = narrow(read_varint(r));
	if (!read_text(p, r, &task.comm))
		return false;
	if (!MORE(t, ROOM_TASKS, t->tasks, p->ntasks))
		return false;
	t->tasks[p->ntasks++] = task;
	return true;
}

static bool read_frames(struct tables *t, struct profile *p, struct reader *r,
			uint32_t n)
{
	struct column heads, addrs;
	uint64_t addr = 0;
	uint32_t i;

	read_column(r, n, &heads);
	read_column(r, n, &addrs);
	for (i = 0; i < n && !r->bad; i++) {
		uint64_t head = column_at(&heads, i);
		struct prof_frame f = { .object = narrow(head >> 1),
					.flags = (uint32_t)(head & 1) };

		f.addr = addr += from_zigzag(column_at(&addrs, i));
		if (f.object >= p->nobjects ||
		    !MORE(t, ROOM_FRAMES, t->frames, p->nframes))
			return false;
		t->frames[p->nframes++] = f;
	}
	return !r->bad;
}

static bool read_nodes(struct tables *t, struct profile *p, struct reader *r,
		       uint32_t n)
{
	struct column backs, frames;
	uint64_t frame = 0;
	uint32_t i;

	read_column(r, n, &backs);
	read_column(r, n, &frames);
	for (i = 0; i < n && !r->bad; i++) {
		uint64_t back = column_at(&backs, i);

		frame += from_zigzag(column_at(&frames, i));
		if (back == 0 || back > p->nnodes || frame >= p->nframes ||
		    !MORE(t, ROOM_NODES, t->nodes, p->nnodes))
			return false;
		t->nodes[p->nnodes] = (struct prof_node){
			.parent = p->nnodes - (uint32_t)back,
			.frame = (uint32_t)frame,
		};
		p->nnodes++;
	}
	return !r->bad;
}

static bool read_funcs(struct tables *t, struct profile *p, struct reader *r,
		       uint32_t n)
{
	uint64_t start = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct prof_func f;

		if (!read_text(p, r, &f.name) || !read_text(p, r, &f.linkage))
			return false;
		f.object = narrow(read_varint(r));
		if (!read_text(p, r, &f.file))
			return false;
		f.line = narrow(read_varint(r));
		f.start = start = read_delta(r, start);
		f.size = read_varint(r);
		if (r->bad || f.object >= p->nobjects)
			return false;
		if (!MORE(t, ROOM_FUNCS, t->funcs, p->nfuncs))
			return false;
		t->funcs[p->nfuncs++] = f;
	}
	return true;
}

static bool read_loc(const struct profile *p, struct reader *r,
		     struct prof_loc *loc)
{
	uint64_t func = read_varint(r);

	loc->func = func ? narrow(func - 1) : PROF_NONE;
	if (!read_text(p, r, &loc->file))
		return false;
	loc->line = narrow(read_varint(r));
	return !r->bad && (!func || loc->func < p->nfuncs);
}

static bool read_locs(struct tables *t, struct profile *p, struct reader *r,
		      uint32_t n)
{
	uint64_t frame = 0;
	uint32_t i, k;

	for (i = 0; i < n; i++) {
		uint32_t count;

		frame = read_delta(r, frame);
		count = read_count(r);
		if (r->bad || frame >= p->nframes)
			return false;
		t->frames[frame].loc = p->nlocs;
		t->frames[frame].nlocs = 0;
		for (k = 0; k < count; k++) {
			struct prof_loc loc;

			if (!read_loc(p, r, &loc))
				return false;
			if (!MORE(t, ROOM_LOCS, t->locs, p->nlocs))
				return false;
			t->locs[p->nlocs++] = loc;
			t->frames[frame].nlocs++;
		}
	}
	return true;
}

static bool read_lines(struct tables *t, const struct profile *p,
		       struct reader *r, struct prof_code *code)
{
	uint32_t n = read_count(r), i;
	uint64_t addr = 0, line = 0;
	struct prof_line *v = keep(t, n * sizeof(*v));

	for (i = 0; i < n && v; i++) {
		v[i].addr = addr += read_varint(r);
		if (!read_text(p, r, &v[i].file))
			return false;
		line = read_delta(r, line);
		v[i].line = narrow(line);
	}
	code->lines = v;
	code->nlines = n;
	return v && !r->bad;
}

static bool read_code(struct tables *t, struct profile *p, struct reader *r)
{
	struct prof_code code = { .func = narrow(read_varint(r)) };
	const unsigned char *from;
	unsigned char *bytes;

	code.nbytes = read_count(r);
	from = read_bytes(r, code.nbytes);
	if (r->bad || code.func >= p->nfuncs)
		return false;
	bytes = keep(t, code.nbytes);
	if (!bytes)
		return false;
	if (code.nbytes)
		memcpy(bytes, from, code.nbytes);
	code.bytes = bytes;
	if (!read_lines(t, p, r, &code))
		return false;
	if (!MORE(t, ROOM_CODES, t->codes, p->ncodes))
		return false;
	t->codes[p->ncodes++] = code;
	return true;
}

typedef bool (*row_fn)(struct tables *t, struct profile *p, struct reader *r);
typedef bool (*rows_fn)(struct tables *t, struct profile *p, struct reader *r,
			uint32_t n);

/* By enum prof_table: one row after the other, or all of them. */
static const struct {
	row_fn row;
	rows_fn rows;
} readers[] = {
	[TABLE_META] = { .row = read_meta },
	[TABLE_STRINGS] = { .rows = read_strings },
	[TABLE_EVENTS] = { .row = read_event },
	[TABLE_OBJECTS] = { .row = read_object },
	[TABLE_OBJECT_SET] = { .row = set_object },
	[TABLE_TASKS] = { .row = read_task },
	[TABLE_FRAMES] = { .rows = read_frames },
	[TABLE_NODES] = { .rows = read_nodes },
	[TABLE_FUNCS] = { .rows = read_funcs },
	[TABLE_LOCS] = { .rows = read_locs },
	[TABLE_CODES] = { .row = read_code },
};

static bool read_table(struct tables *t, struct profile *p, struct reader *r)
{
	uint64_t table = read_varint(r);
	uint32_t n = read_count(r), i;

	if (r->bad || table == 0 || table >= ARRAY_SIZE(readers))
		return false;
	if (readers[table].rows)
		return readers[table].rows(t, p, r, n) && !r->bad;
	for (i = 0; i < n; i++)
		if (!readers[table].row(t, p, r) || r->bad)
			return false;
	return true;
}

bool tables_read(struct tables *t, struct profile *p, struct reader *r)
{
	while (r->at < r->end)
		if (!read_table(t, p, r))
			return false;
	return true;
}

void tables_show(struct tables *t, struct profile *p)
{
	p->strings = t->strings;
	p->events = t->events;
	p->objects = t->objects;
	p->tasks = t->tasks;
	p->frames = t->frames;
	p->nodes = t->nodes;
	p->funcs = t->funcs;
	p->locs = t->locs;
	p->codes = t->codes;
	p->metas = t->metas;
}

void tables_free(struct tables *t)
{
	struct kept *k;

	while ((k = t->kept)) {
		t->kept = k->next;
		free(k);
	}
	free(t->strings);
	free(t->events);
	free(t->objects);
	free(t->tasks);
	free(t->frames);
	free(t->nodes);
	free(t->funcs);
	free(t->locs);
	free(t->codes);
	free(t->metas);
}
