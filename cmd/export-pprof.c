/* SPDX-License-Identifier: MIT
 *
 * export-pprof.c - the format of pprof: gzip around a message of profile.proto.
 * A message is the sum of its pieces, so that each sample, location and function
 * is packed by itself and none of them is kept.
 *
 * Addresses are those of the object's program headers; mappings begin at 0,
 * which pprof takes for addresses that need no moving.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "profile.pb-c.h"

#define LABELS_MAX 256 /* groups that are told apart by a number */

typedef Perftools__Profiles__Profile Piece;

struct pprof {
	struct export *ex;
	struct gzip *gz;
	uint32_t *string_at; /* owned; of the profile's strings, 0: not yet */
	uint32_t nstrings;   /* written so far */
	bool *frame_used, *func_used; /* owned; func by symbol */
	enum group_by by;
	struct whole whole[EXPORT_EVENTS_MAX];
};

/* What goes into the file, packed. */
struct gzip {
	z_stream z;
	FILE *out;
	unsigned char in[1 << 16], packed[1 << 16];
	size_t n;
};

static void gzip_run(struct gzip *gz, int flush)
{
	int ret;

	gz->z.next_in = gz->in;
	gz->z.avail_in = (unsigned)gz->n;
	gz->n = 0;
	do {
		gz->z.next_out = gz->packed;
		gz->z.avail_out = sizeof(gz->packed);
		ret = deflate(&gz->z, flush);
		fwrite_unlocked(gz->packed, 1,
				sizeof(gz->packed) - gz->z.avail_out, gz->out);
	} while (ret == Z_OK && !gz->z.avail_out);
}

static void gzip_put(struct gzip *gz, const unsigned char *p, size_t size)
{
	while (size) {
		size_t n = sizeof(gz->in) - gz->n;

		n = size < n ? size : n;
		memcpy(gz->in + gz->n, p, n);
		gz->n += n;
		p += n;
		size -= n;
		if (gz->n == sizeof(gz->in))
			gzip_run(gz, Z_NO_FLUSH);
	}
}

static struct gzip *gzip_new(FILE *out)
{
	struct gzip *gz = xcalloc(1, sizeof(*gz));

	gz->out = out;
	/* 15 + 16: a gzip header; level 1 since the file is often read once. */
	if (deflateInit2(&gz->z, 1, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		die("out of memory");
	return gz;
}

static void gzip_free(struct gzip *gz)
{
	gzip_run(gz, Z_FINISH);
	deflateEnd(&gz->z);
	free(gz);
}

static void put_piece(struct pprof *pp, const Piece *piece)
{
	size_t size = perftools__profiles__profile__get_packed_size(piece);
	unsigned char small[4096], *buf = small;

	if (size > sizeof(small))
		buf = xcalloc(size, 1);
	perftools__profiles__profile__pack(piece, buf);
	gzip_put(pp->gz, buf, size);
	if (buf != small)
		free(buf);
}

/* Its number in the file. */
static uint32_t put_string(struct pprof *pp, const char *s)
{
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	put_clean(f, s, (struct clean){ ';', false });
	if (fclose(f) != 0)
		die("out of memory");
	piece.n_string_table = 1;
	piece.string_table = &text;
	put_piece(pp, &piece);
	free(text);
	return pp->nstrings++;
}

/* Of a string of the profile, which is written once. */
static uint32_t string_of(struct pprof *pp, uint32_t string)
{
	if (!pp->ex->p->strings[string][0])
		return 0;
	if (!pp->string_at[string])
		pp->string_at[string] =
			put_string(pp, pp->ex->p->strings[string]);
	return pp->string_at[string];
}

static void put_types(struct pprof *pp)
{
	const struct export *ex = pp->ex;
	uint32_t first = ex->every_event ? 0 : ex->event, i;
	uint32_t n = ex->every_event ? ex->p->nevents : 1;
	Perftools__Profiles__ValueType type =
		PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
	Perftools__Profiles__ValueType *types = &type;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;

	piece.n_sample_type = 1;
	piece.sample_type = &types;
	type.type = put_string(pp, "samples");
	type.unit = put_string(pp, "count");
	put_piece(pp, &piece);
	for (i = 0; i < n; i++) {
		export_whole_init(&pp->whole[i], ex, first + i);
		type.type = string_of(pp, ex->p->events[first + i].name);
		type.unit = put_string(pp, pp->whole[i].unit);
		put_piece(pp, &piece);
	}
}

static int64_t positive(uint64_t v)
{
	return v < INT64_MAX ? (int64_t)v : INT64_MAX;
}

/* A period of a frequency is one of time. */
static void put_period(struct pprof *pp)
{
	const struct prof_event *ev = &pp->ex->p->events[pp->ex->event];
	Perftools__Profiles__ValueType type =
		PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	struct whole whole;

	if (!ev->period)
		return;
	export_whole_init(&whole, pp->ex, pp->ex->event);
	piece.period_type = &type;
	if (ev->weight == PROF_PERIOD) {
		type.type = string_of(pp, ev->name);
		type.unit = put_string(pp, whole.unit);
		piece.period =
			positive(export_whole_weight(&whole, ev->period));
	} else {
		type.type = put_string(pp, "time");
		type.unit = put_string(pp, "nanoseconds");
		piece.period = positive(NS_PER_S / ev->period);
	}
	put_piece(pp, &piece);
}

static void put_facts(struct pprof *pp)
{
	const struct profile *p = pp->ex->p;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	int64_t comment;
	uint32_t i;
	char *text;

	piece.time_nanos = positive(p->totals.start_ns);
	piece.duration_nanos = positive(p->totals.duration_ns);
	piece.default_sample_type =
		string_of(pp, p->events[pp->ex->event].name);
	put_piece(pp, &piece);
	piece = (Piece)PERFTOOLS__PROFILES__PROFILE__INIT;
	piece.n_comment = 1;
	piece.comment = &comment;
	for (i = 0; i < p->nmetas; i++) {
		text = xasprintf("%s: %s", p->metas[i].key, p->metas[i].text);
		comment = put_string(pp, text);
		free(text);
		put_piece(pp, &piece);
	}
}

struct sample_keys {
	uint32_t thread, pid, tid; /* strings */
};

/* Of the task that stands for a group: how many. */
static unsigned set_labels(struct pprof *pp, const struct sample_keys *keys,
			   const struct prof_task *task,
			   Perftools__Profiles__Label *labels)
{
	unsigned n = 0;

	if (pp->by != BY_PROCESS) {
		labels[n].key = keys->thread;
		labels[n++].str = string_of(pp, task->comm);
	}
	if (pp->by != BY_COMM) {
		labels[n].key = keys->pid;
		labels[n++].num = task->pid;
	}
	if (pp->by == BY_TASK) {
		labels[n].key = keys->tid;
		labels[n++].num = task->tid;
	}
	return n;
}

/* Innermost first. */
static uint32_t set_locations(struct pprof *pp, uint32_t node, uint64_t *ids)
{
	const struct profile *p = pp->ex->p;
	uint32_t n = 0;

	for (; node && n < EXPORT_DEPTH_MAX; node = p->nodes[node].parent) {
		uint32_t frame = p->nodes[node].frame;

		pp->frame_used[frame] = true;
		ids[n++] = (uint64_t)frame + 1;
	}
	return n;
}

static void put_samples(struct pprof *pp, const struct tally *t,
			const struct groups *g)
{
	Perftools__Profiles__Sample sample = PERFTOOLS__PROFILES__SAMPLE__INIT;
	Perftools__Profiles__Label labels[3], *label_at[3];
	Perftools__Profiles__Sample *samples = &sample;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	uint64_t ids[EXPORT_DEPTH_MAX];
	int64_t values[EXPORT_EVENTS_MAX + 1];
	struct sample_keys keys;
	uint32_t i, k;

	keys.thread = put_string(pp, "thread");
	keys.pid = put_string(pp, "pid");
	keys.tid = put_string(pp, "tid");
	piece.n_sample = 1;
	piece.sample = &samples;
	sample.location_id = ids;
	sample.value = values;
	sample.n_value = t->nevents + 1;
	sample.label = label_at;
	for (i = 0; i < t->n; i++) {
		for (k = 0; k < ARRAY_SIZE(labels); k++) {
			perftools__profiles__label__init(&labels[k]);
			label_at[k] = &labels[k];
		}
		sample.n_label =
			set_labels(pp, &keys,
				   &pp->ex->p->tasks[g->task[t->rows[i].group]],
				   labels);
		sample.n_location_id = set_locations(pp, t->rows[i].node, ids);
		values[0] = positive(t->rows[i].samples);
		for (k = 0; k < t->nevents; k++)
			values[k + 1] = positive(export_whole_weight(
				&pp->whole[k],
				t->weights[(size_t)i * t->nevents + k]));
		put_piece(pp, &piece);
	}
}

static void put_location(struct pprof *pp, uint32_t frame)
{
	const struct prof_frame *f = &pp->ex->p->frames[frame];
	Perftools__Profiles__Location loc = PERFTOOLS__PROFILES__LOCATION__INIT;
	Perftools__Profiles__Line lines[EXPORT_INLINE_MAX],
		*line_at[EXPORT_INLINE_MAX];
	Perftools__Profiles__Location *locs = &loc;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	uint32_t depth = export_frame_depth(pp->ex, frame), i;

	for (i = 0; i < depth; i++) {
		struct prof_loc at = export_frame_loc(pp->ex, frame, i);
		uint32_t sym = export_sym_of_func(pp->ex, at.func, f->object);
		Perftools__Profiles__Line *line = &lines[i];

		perftools__profiles__line__init(line);
		line->function_id = (uint64_t)sym + 1;
		line->line = at.line;
		line_at[i] = line;
		pp->func_used[sym] = true;
	}
	loc.id = (uint64_t)frame + 1;
	loc.mapping_id = (uint64_t)f->object + 1;
	loc.address = f->addr;
	loc.n_line = depth;
	loc.line = line_at;
	piece.n_location = 1;
	piece.location = &locs;
	put_piece(pp, &piece);
}

static void put_function(struct pprof *pp, uint32_t sym)
{
	const struct prof_func *func = export_sym_func(pp->ex, sym);
	Perftools__Profiles__Function fn = PERFTOOLS__PROFILES__FUNCTION__INIT;
	Perftools__Profiles__Function *fns = &fn;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;

	fn.id = (uint64_t)sym + 1;
	if (func) {
		fn.name = string_of(pp, func->name);
		fn.system_name = string_of(pp, func->linkage);
		fn.filename = string_of(pp, func->file);
		fn.start_line = func->line;
	} else {
		fn.name = put_string(pp, export_sym_text(pp->ex, sym));
		fn.system_name = fn.name;
	}
	piece.n_function = 1;
	piece.function = &fns;
	put_piece(pp, &piece);
}

/* What is known of an object's places, of those in use. */
struct known {
	bool used, functions, files, lines, inlines;
};

static struct known *know_objects(const struct pprof *pp)
{
	const struct profile *p = pp->ex->p;
	struct known *known = xcalloc(p->nobjects, sizeof(*known));
	uint32_t i, k;

	for (i = 0; i < p->nframes; i++) {
		struct known *o = &known[p->frames[i].object];

		if (!pp->frame_used[i])
			continue;
		o->used = true;
		o->inlines |= p->frames[i].nlocs > 1;
		for (k = 0; k < export_frame_depth(pp->ex, i); k++) {
			struct prof_loc loc = export_frame_loc(pp->ex, i, k);

			o->functions |= loc.func != PROF_NONE;
			o->files |= p->strings[loc.file][0] != '\0';
			o->lines |= loc.line != 0;
		}
	}
	return known;
}

static void put_mapping(struct pprof *pp, uint32_t object,
			const struct known *known)
{
	const struct prof_object *o = &pp->ex->p->objects[object];
	Perftools__Profiles__Mapping map = PERFTOOLS__PROFILES__MAPPING__INIT;
	Perftools__Profiles__Mapping *maps = &map;
	Piece piece = PERFTOOLS__PROFILES__PROFILE__INIT;

	map.id = (uint64_t)object + 1;
	map.memory_limit = UINT64_MAX;
	map.filename = string_of(pp, o->path);
	map.build_id = string_of(pp, o->build_id);
	map.has_functions = known->functions;
	map.has_filenames = known->files;
	map.has_line_numbers = known->lines;
	map.has_inline_frames = known->inlines;
	piece.n_mapping = 1;
	piece.mapping = &maps;
	put_piece(pp, &piece);
}

/* The object that the command names, else the first file: it goes first. */
static uint32_t main_object(const struct export *ex, const struct known *known)
{
	const char *command = prof_meta(ex->p, "command");
	uint32_t i, first = PROF_NONE;
	char *word;

	word = xasprintf("%.*s", command ? (int)strcspn(command, " ") : 0,
			 command ? command : "");
	for (i = 0; i < ex->p->nobjects; i++) {
		const struct prof_object *o = &ex->p->objects[i];

		if (!known[i].used || o->kind != PROF_ELF)
			continue;
		if (first == PROF_NONE)
			first = i;
		if (!strcmp(export_base_name(ex->p->strings[o->path]),
			    export_base_name(word))) {
			first = i;
			break;
		}
	}
	free(word);
	return first;
}

static void put_mappings(struct pprof *pp)
{
	struct known *known = know_objects(pp);
	uint32_t first = main_object(pp->ex, known), i;

	if (first != PROF_NONE)
		put_mapping(pp, first, &known[first]);
	for (i = 0; i < pp->ex->p->nobjects; i++)
		if (known[i].used && i != first)
			put_mapping(pp, i, &known[i]);
	free(known);
}

static void choose_groups(struct pprof *pp, struct groups *g)
{
	static const enum group_by ways[] = { BY_TASK, BY_PROCESS, BY_COMM };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		pp->by = ways[i];
		groups_init(g, pp->ex->p, pp->by);
		if (g->n <= LABELS_MAX || pp->by == BY_COMM)
			return;
		groups_release(g);
	}
}

static void pprof_write(struct export *ex)
{
	uint32_t nsyms = export_sym_end(ex), i;
	struct pprof pp = {
		.ex = ex,
		.gz = gzip_new(ex->out),
		.string_at = xcalloc(ex->p->nstrings, sizeof(uint32_t)),
		.frame_used = xcalloc(ex->p->nframes, sizeof(bool)),
		.func_used = xcalloc(nsyms, sizeof(bool)),
	};
	struct groups g;
	struct tally t;

	put_string(&pp, "");
	put_types(&pp);
	put_period(&pp);
	put_facts(&pp);
	choose_groups(&pp, &g);
	tally_run(&t, ex, &g);
	put_samples(&pp, &t, &g);
	put_mappings(&pp);
	for (i = 0; i < ex->p->nframes; i++)
		if (pp.frame_used[i])
			put_location(&pp, i);
	for (i = 0; i < nsyms; i++)
		if (pp.func_used[i])
			put_function(&pp, i);
	gzip_free(pp.gz);
	tally_release(&t);
	groups_release(&g);
	free(pp.string_at);
	free(pp.frame_used);
	free(pp.func_used);
}

const struct export_format export_pprof = {
	.name = "pprof",
	.binary = true,
	.every_event = true,
	.write = pprof_write,
};
