/* SPDX-License-Identifier: MIT
 *
 * export.h - a profile in the formats of other tools: what they share.  Samples
 * are merged by stack and by group (of threads or names) while they are read, so
 * that memory follows the distinct stacks; see each format for those that keep
 * the order of time.
 */
#ifndef PFM_EXPORT_H
#define PFM_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "prof-filter.h"
#include "profile.h"

/* Frames of one stack in formats that spell each out, innermost kept. */
#define EXPORT_DEPTH_MAX 4096
#define EXPORT_INLINE_MAX 64 /* functions at one place, outermost kept */
#define EXPORT_EVENTS_MAX 64 /* of a file with all events */

struct export
{
	struct profile *p; /* borrowed */
	struct prof_filter filter;
	uint32_t event;    /* the one of the filter */
	bool every_event;  /* no -e, and the format has room for all */
	bool matched;      /* some sample passed */
	bool samples;      /* --samples */
	bool merge;        /* --merge */
	char **unresolved; /* owned, each too: by object, when asked for */
	FILE *out;         /* borrowed; its errors are looked for at the end */
};

struct export_format {
	const char *name;
	bool binary;      /* not for a terminal */
	bool every_event; /* all events of a file, when none is chosen */
	void (*write)(struct export *ex);
};

extern const struct cmd_entry cmd_export_entry;

/* export-*.c */
extern const struct export_format export_csv, export_firefox, export_folded,
	export_html, export_json, export_pprof, export_speedscope;

/* export-map.c: numbers by pairs of numbers. */
struct export_map {
	struct export_slot {
		uint64_t key;
		uint32_t value; /* PROF_NONE: free */
	} * slots;              /* owned */
	uint32_t size, n;
};
/* The value of the key, which is value from now on if there was none. */
uint32_t export_map_add(struct export_map *m, uint32_t a, uint32_t b,
			uint32_t value);
uint32_t export_map_find(const struct export_map *m, uint32_t a, uint32_t b);
void export_map_release(struct export_map *m);

/* export-tally.c: tasks taken together, and sums of samples. */
enum group_by { BY_COMM, BY_PROCESS, BY_THREAD, BY_TASK };
struct groups {
	uint32_t *of_task; /* owned */
	uint32_t *task;    /* owned; by group: its last one */
	uint32_t n;
};
void groups_init(struct groups *g, const struct profile *p, enum group_by by);
void groups_release(struct groups *g);

struct tally_row {
	uint32_t node, group;
	uint64_t samples;
};
struct tally {
	struct tally_row *rows; /* owned, in the order of their first samples */
	uint64_t *weights;      /* owned: nevents of each row */
	uint32_t n, nevents;
	struct export_map map; /* (node, group) to row */
};
/* With nevents 1 it is of the filter's event only. */
void tally_run(struct tally *t, struct export *ex, const struct groups *g);
void tally_release(struct tally *t);
/* Does it pass, by the event of the filter or by any one? */
bool export_match(struct export *ex, const struct prof_sample *s);

/* The samples of one group, by time. */
struct timeline_row {
	uint64_t time, weight;
	uint32_t node;
};
struct timeline {
	struct timeline_row *rows; /* owned */
	size_t n, room;
};
/* One for each group; to be freed, each row list too. */
struct timeline *timelines_run(struct export *ex, const struct groups *g);
void timelines_free(struct timeline *lines, uint32_t n);

/*
 * export-stack.c: stacks by function, not by address: each is a function called
 * from another stack.  Inlined functions are frames.  Stack 0 is empty.
 *
 * A symbol is the number of a function, then of an object (for all addresses in
 * it without a function), then of a string.
 */
struct stacks {
	struct stack {
		uint32_t parent, sym; /* a parent comes before */
	} * v;                        /* owned */
	uint32_t n, room;
	struct export_map known; /* (parent, sym) to stack */
	struct made {
		uint32_t root, stack; /* 0: none */
	} * made;                     /* owned; of a node, the last one */
	uint32_t *path;               /* owned: nodes on the way */
	uint32_t path_room;
};
void stacks_init(struct stacks *s, const struct export *ex);
void stacks_release(struct stacks *s);
uint32_t stacks_push(struct stacks *s, uint32_t parent, uint32_t sym);
/* The stack of a node, with root below its outermost frame. */
uint32_t stacks_of(struct stacks *s, const struct export *ex, uint32_t root,
		   uint32_t node);
struct stack_sum {
	uint64_t weight, samples;
};
/* All samples, below the names of their commands: by stack; to be freed. */
struct stack_sum *stacks_by_comm(struct stacks *s, struct export *ex);

/* The symbols of a node's stack, innermost first: how many. */
uint32_t stack_syms(const struct export *ex, uint32_t node,
		    uint32_t syms[EXPORT_DEPTH_MAX]);

uint32_t export_sym_of_func(const struct export *ex, uint32_t func,
			    uint32_t object);
uint32_t export_sym_of_string(const struct export *ex, uint32_t string);
uint32_t export_sym_end(const struct export *ex); /* more than any */
const char *export_sym_text(struct export *ex, uint32_t sym);
const struct prof_func *export_sym_func(const struct export *ex, uint32_t sym);
uint32_t export_sym_object(const struct export *ex,
			   uint32_t sym); /* or PROF_NONE */
/* How many frames are at a place, with the inlined ones: 1 at least. */
uint32_t export_frame_depth(const struct export *ex, uint32_t frame);
/* The i-th of them, innermost first. */
struct prof_loc export_frame_loc(const struct export *ex, uint32_t frame,
				 uint32_t i);
/* Without its directories. */
const char *export_base_name(const char *path);

/* A weight in whole numbers: of ns for time, of bytes for sizes. */
enum whole_kind { WHOLE_PLAIN, WHOLE_TIME, WHOLE_SIZE };
struct whole {
	enum whole_kind kind;
	const char *unit; /* as pprof names it; the profile's or constant */
	double factor;    /* of the weight; 1 when it is as counted */
};
void export_whole_init(struct whole *w, const struct export *ex,
		       uint32_t event);
uint64_t export_whole_weight(const struct whole *w, uint64_t weight);

/* export-put.c: text. */
void put_text(FILE *f, const char *s);
void put_u64(FILE *f, uint64_t v);
void put_real(FILE *f, double v);
/* With its quotes; what is not UTF-8 is U+FFFD; safe within HTML. */
void put_json(FILE *f, const char *s);
/* "," before each but the first. */
void put_comma(FILE *f, bool *first);
/*
 * As UTF-8, control characters blank, ';' as semicolon; '"' twice within quotes.
 */
struct clean {
	char semicolon;
	bool quoted;
};
void put_clean(FILE *f, const char *s, struct clean how);
/* The length of the UTF-8 character at s; 0: it is none. */
unsigned utf8_length(const char *s);

#endif /* PFM_EXPORT_H */
