/* SPDX-License-Identifier: MIT
 *
 * profile-write.c - a .pfm file while it is written: tables of what samples
 * refer to, in which equal things are found again, in the blocks of pfm(5).  The
 * samples themselves are profile-samples.c's.
 */
#include "config.h"

#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "intern.h"
#include "profile-block.h"
#include "profile-samples.h"

#define CHUNK 8192 /* rows of a table by columns, at most */

struct prof_writer {
	int fd, error;
	uint64_t written;
	struct packer *packer;
	struct bytes raw, rows, out;
	uint64_t column[2][CHUNK]; /* of a table by columns */

	struct intern_strings *strings;
	struct intern *frames; /* of struct prof_frame, by place */
	struct intern *nodes;
	uint32_t nstrings, nframes, nnodes; /* written */
	uint64_t *periods;                  /* of the events; owned */
	uint32_t nobjects, nevents, ntasks, nfuncs;
	/* Tables whose rows are encoded when they are put. */
	struct bytes metas, events, new_objects, objects_set, tasks, funcs,
		locs, codes;
	uint32_t nmetas, new_events, nnew_objects, nset, new_tasks, new_funcs,
		nlocs, ncodes;
	uint64_t loc_frame; /* of the last row of locs */
	uint64_t func_start;
	struct pending *samples;
};

static void write_out(struct prof_writer *w)
{
	if (!w->error && write_all(w->fd, (const char *)w->out.v, w->out.n) < 0)
		w->error = errno;
	if (!w->error)
		w->written += w->out.n;
	w->out.n = 0;
}

static void pack_tables(struct prof_writer *w)
{
	if (w->raw.n)
		packer_block(w->packer, PROF_TABLES, &w->raw, &w->out);
	w->raw.n = 0;
}

/* n rows; into another block when the one before is large. */
static void put_rows(struct prof_writer *w, enum prof_table table,
		     struct bytes *rows, uint32_t n)
{
	if (!n)
		return;
	if (w->raw.n + rows->n > PROF_BLOCK_RAW)
		pack_tables(w);
	bytes_varint(&w->raw, table);
	bytes_varint(&w->raw, n);
	bytes_put(&w->raw, rows->v, rows->n);
	rows->n = 0;
}

static void put_strings(struct prof_writer *w)
{
	uint32_t n = strings_count(w->strings), first;

	while (w->nstrings < n) {
		first = w->nstrings;
		while (w->nstrings < n && w->rows.n < PROF_BLOCK_RAW / 2)
			bytes_string(&w->rows,
				     strings_at(w->strings, w->nstrings++));
		put_rows(w, TABLE_STRINGS, &w->rows, w->nstrings - first);
	}
}

static void put_columns(struct prof_writer *w, enum prof_table table,
			uint32_t n)
{
	bytes_column(&w->rows, w->column[0], n);
	bytes_column(&w->rows, w->column[1], n);
	put_rows(w, table, &w->rows, n);
}

static void put_frames(struct prof_writer *w)
{
	uint32_t n = intern_count(w->frames), k;
	uint64_t addr;

	while (w->nframes < n) {
		addr = 0;
		for (k = 0; k < CHUNK && w->nframes < n; k++) {
			const struct prof_frame *f =
				intern_at(w->frames, w->nframes++);

			w->column[0][k] = (uint64_t)f->object << 1 |
					  (f->flags & PROF_FRAME_CALLER);
			w->column[1][k] = to_zigzag(f->addr - addr);
			addr = f->addr;
		}
		put_columns(w, TABLE_FRAMES, k);
	}
}

/* A caller is mostly put right before: a small distance. */
static void put_nodes(struct prof_writer *w)
{
	uint32_t n = intern_count(w->nodes), k;
	uint64_t frame;

	while (w->nnodes < n) {
		frame = 0;
		for (k = 0; k < CHUNK && w->nnodes < n; k++, w->nnodes++) {
			const struct prof_node *p =
				intern_at(w->nodes, w->nnodes);

			w->column[0][k] = w->nnodes - p->parent;
			w->column[1][k] = to_zigzag(p->frame - frame);
			frame = p->frame;
		}
		put_columns(w, TABLE_NODES, k);
	}
}

static void put_pending(struct prof_writer *w, enum prof_table table,
			struct bytes *rows, uint32_t *n)
{
	put_rows(w, table, rows, *n);
	*n = 0;
}

/* In this order: what a row refers to stands before it. */
static void flush_tables(struct prof_writer *w)
{
	put_pending(w, TABLE_META, &w->metas, &w->nmetas);
	put_strings(w);
	put_pending(w, TABLE_EVENTS, &w->events, &w->new_events);
	put_pending(w, TABLE_OBJECTS, &w->new_objects, &w->nnew_objects);
	put_pending(w, TABLE_TASKS, &w->tasks, &w->new_tasks);
	put_frames(w);
	put_nodes(w);
	put_pending(w, TABLE_FUNCS, &w->funcs, &w->new_funcs);
	put_pending(w, TABLE_LOCS, &w->locs, &w->nlocs);
	put_pending(w, TABLE_CODES, &w->codes, &w->ncodes);
	put_pending(w, TABLE_OBJECT_SET, &w->objects_set, &w->nset);
	w->loc_frame = w->func_start = 0;
	pack_tables(w);
}

void prof_flush(struct prof_writer *w)
{
	flush_tables(w);
	if (pending_count(w->samples)) {
		pending_write(w->samples, w->periods, &w->raw);
		packer_block(w->packer, PROF_SAMPLES, &w->raw, &w->out);
		w->raw.n = 0;
	}
	if (w->out.n)
		write_out(w);
}

/* Rows that are a block's worth go out; samples can wait. */
static void flush_large(struct prof_writer *w, const struct bytes *rows)
{
	if (rows->n < PROF_BLOCK_RAW / 2)
		return;
	flush_tables(w);
	write_out(w);
}

struct prof_writer *prof_create(int fd, int level)
{
	struct prof_writer *w = xcalloc(1, sizeof(*w));
	unsigned char head[PROF_HEAD] = { 0 };

	w->fd = fd;
	w->packer = packer_new(level);
	w->strings = strings_new();
	w->frames = intern_new(sizeof(struct prof_frame), INTERN_FRAME);
	w->nodes = intern_new(sizeof(struct prof_node), INTERN_NODE);
	w->samples = pending_new();
	memcpy(head, PROF_MAGIC, 8);
	put_u32(head + 8, PROF_VERSION);
	bytes_put(&w->out, head, sizeof(head));
	write_out(w);
	prof_put_string(w, "");
	prof_put_node(w, PROF_NONE, PROF_NONE);
	w->nnodes = 1; /* that one is always there */
	return w;
}

void prof_put_meta(struct prof_writer *w, const char *key, const char *text)
{
	bytes_string(&w->metas, key);
	bytes_string(&w->metas, text);
	w->nmetas++;
	flush_large(w, &w->metas);
}

uint32_t prof_put_string(struct prof_writer *w, const char *s)
{
	return strings_put(w->strings, s);
}

uint32_t prof_put_event(struct prof_writer *w, const struct prof_event *ev)
{
	struct bytes *b = &w->events;
	uint32_t i;

	bytes_varint(b, ev->name);
	bytes_varint(b, ev->unit);
	bytes_double(b, ev->scale);
	bytes_varint(b, ev->weight);
	bytes_varint(b, ev->set);
	bytes_varint(b, ev->period);
	bytes_varint(b, ev->skid);
	bytes_varint(b, ev->nvalues);
	for (i = 0; i < ev->nvalues; i++)
		bytes_varint(b, ev->values[i]);
	w->periods =
		xreallocarray(w->periods, w->nevents + 1, sizeof(*w->periods));
	w->periods[w->nevents] = ev->period;
	w->new_events++;
	return w->nevents++;
}

static void object_row(struct bytes *b, const struct prof_object *o)
{
	bytes_varint(b, o->kind);
	bytes_varint(b, o->path);
	bytes_varint(b, o->build_id);
	bytes_varint(b, o->why);
}

uint32_t prof_put_object(struct prof_writer *w, const struct prof_object *o)
{
	object_row(&w->new_objects, o);
	w->nnew_objects++;
	w->nobjects++;
	flush_large(w, &w->new_objects);
	return w->nobjects - 1;
}

void prof_set_object(struct prof_writer *w, uint32_t object,
		     const struct prof_object *o)
{
	bytes_varint(&w->objects_set, object);
	object_row(&w->objects_set, o);
	w->nset++;
	flush_large(w, &w->objects_set);
}

uint32_t prof_put_task(struct prof_writer *w, const struct prof_task *t)
{
	bytes_varint(&w->tasks, t->pid);
	bytes_varint(&w->tasks, t->tid);
	bytes_varint(&w->tasks, t->comm);
	w->new_tasks++;
	w->ntasks++;
	flush_large(w, &w->tasks);
	return w->ntasks - 1;
}

uint32_t prof_put_frame(struct prof_writer *w, uint32_t object, uint64_t addr,
			uint32_t flags)
{
	struct prof_frame f = { .object = object,
				.flags = flags,
				.addr = addr };

	return intern_put(w->frames, &f);
}

uint32_t prof_put_node(struct prof_writer *w, uint32_t parent, uint32_t frame)
{
	struct prof_node n = { parent, frame };

	return intern_put(w->nodes, &n);
}

uint32_t prof_put_func(struct prof_writer *w, const struct prof_func *f)
{
	struct bytes *b = &w->funcs;

	bytes_varint(b, f->name);
	bytes_varint(b, f->linkage);
	bytes_varint(b, f->object);
	bytes_varint(b, f->file);
	bytes_varint(b, f->line);
	bytes_delta(b, f->start, w->func_start);
	bytes_varint(b, f->size);
	w->func_start = f->start;
	w->new_funcs++;
	w->nfuncs++;
	flush_large(w, b);
	return w->nfuncs - 1;
}

void prof_put_locs(struct prof_writer *w, uint32_t frame,
		   const struct prof_loc *locs, uint32_t n)
{
	struct bytes *b = &w->locs;
	uint32_t i;

	n = n < PROF_LOCS_MOST ? n : PROF_LOCS_MOST;
	bytes_delta(b, frame, w->loc_frame);
	bytes_varint(b, n);
	for (i = 0; i < n; i++) {
		/* 0 is none. */
		bytes_varint(b, (uint32_t)(locs[i].func + 1));
		bytes_varint(b, locs[i].file);
		bytes_varint(b, locs[i].line);
	}
	w->loc_frame = frame;
	w->nlocs++;
	flush_large(w, b);
}

void prof_put_code(struct prof_writer *w, const struct prof_code *code)
{
	struct bytes *b = &w->codes;
	uint64_t addr = 0, line = 0;
	uint32_t nbytes = code->nbytes, nlines = code->nlines, i;

	nbytes = nbytes < PROF_CODE_MOST ? nbytes : PROF_CODE_MOST;
	nlines = nlines < PROF_LINES_MOST ? nlines : PROF_LINES_MOST;
	bytes_varint(b, code->func);
	bytes_varint(b, nbytes);
	bytes_put(b, code->bytes, nbytes);
	bytes_varint(b, nlines);
	for (i = 0; i < nlines; i++) {
		bytes_varint(b, code->lines[i].addr - addr);
		bytes_varint(b, code->lines[i].file);
		bytes_delta(b, code->lines[i].line, line);
		addr = code->lines[i].addr;
		line = code->lines[i].line;
	}
	w->ncodes++;
	flush_large(w, b);
}

uint32_t prof_nframes(const struct prof_writer *w)
{
	return intern_count(w->frames);
}

const struct prof_frame *prof_frame_at(const struct prof_writer *w,
				       uint32_t frame)
{
	return intern_at(w->frames, frame);
}

const struct prof_node *prof_node_at(const struct prof_writer *w, uint32_t node)
{
	return intern_at(w->nodes, node);
}

uint64_t prof_bytes(const struct prof_writer *w)
{
	return w->written;
}

int prof_error(const struct prof_writer *w)
{
	return w->error;
}

void prof_put_sample(struct prof_writer *w, const struct prof_sample *s)
{
	if (pending_put(w->samples, s))
		prof_flush(w);
}

static void writer_free(struct prof_writer *w)
{
	struct bytes *const all[] = {
		&w->raw,    &w->rows,        &w->out,         &w->metas,
		&w->events, &w->new_objects, &w->objects_set, &w->tasks,
		&w->funcs,  &w->locs,        &w->codes,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]->v);
	packer_free(w->packer);
	strings_free(w->strings);
	intern_free(w->frames);
	intern_free(w->nodes);
	pending_free(w->samples);
	free(w->periods);
	free(w);
}

int prof_end(struct prof_writer *w, const struct prof_totals *t)
{
	const uint64_t fields[] = {
		t->start_ns,  t->duration_ns, t->samples, t->lost,
		t->dropped,   t->throttled,   t->stacks,  t->complete,
		t->processes, t->threads,
	};
	size_t i;
	int err;

	prof_flush(w);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		bytes_varint(&w->raw, fields[i]);
	bytes_delta(&w->raw, (uint64_t)(int64_t)t->status, 0);
	packer_block(w->packer, PROF_END, &w->raw, &w->out);
	write_out(w);
	if (close(w->fd) < 0 && !w->error)
		w->error = errno;
	err = w->error;
	writer_free(w);
	errno = err;
	return err ? -1 : 0;
}
