/* SPDX-License-Identifier: MIT
 *
 * report-priv.h - what the files of pfmon report and pfmon diff share: samples
 * added up by what they have in common (report-table.c, report-sweep.c), names
 * for it (report-names.c), call trees (report-tree.c), and the writers.
 */
#ifndef PFM_REPORT_PRIV_H
#define PFM_REPORT_PRIV_H

#include <stdio.h>

#include "prof-filter.h"
#include "profile.h"
#include "report.h"

enum report_key {
	KEY_FUNCTION,
	KEY_LINE, /* file:line */
	KEY_ADDRESS,
	KEY_DSO,
	KEY_SOURCE, /* file */
	KEY_COMM,   /* from here on of the sample, not of its frames */
	KEY_PID,
	KEY_TID,
	KEY_CPU,
	KEY_SET,
	KEY_TIME, /* one of TIME_BUCKETS parts of the duration */
	NKEYS
};
#define KEYS_MAX 6
#define TIME_BUCKETS 20
/* Functions inlined in one place: the innermost, and the one they are in. */
#define INLINE_MAX 64

enum tree_kind { TREE_NO, TREE_CALLERS, TREE_CALLEES };

struct report_opt {
	enum report_key keys[KEYS_MAX];
	unsigned nkeys;
	bool inlines;     /* inlined functions are functions */
	bool linkage;     /* names as the linker has them */
	bool no_children; /* no totals */
	enum tree_kind tree;
	unsigned depth;  /* of a tree, 0: TREE_DEPTH */
	uint64_t top;    /* rows, 0: all */
	double min, cum; /* percent: rows of so much, rows up to so much */
	struct prof_filter *filter;
};

/* A value of a key that stands for all of an object that has none. */
#define KEY_NONE ((uint64_t)1 << 32)
/* The object when there is no frame at all. */
#define NO_OBJECT (PROF_NONE - 1)

/* What frames have in common by the keys that are of frames. */
struct report_place {
	uint64_t key[KEYS_MAX]; /* 0 where the key is of the sample */
	uint32_t frame, loc;    /* the first one; frame PROF_NONE: no stack */
};

/* What samples have in common by the keys that are of samples. */
struct report_group {
	uint64_t key[KEYS_MAX];
};

/* Samples that came by one stack; nodes that callers have in common, too. */
struct report_sum {
	uint64_t weight, samples;
};

struct report_row {
	uint32_t place, group;
	struct report_sum self, total;
};

struct report {
	struct profile *p;
	const struct report_opt *opt;
	uint32_t event;
	struct report_place *places; /* owned */
	uint32_t nplaces;
	uint32_t *frame_places;      /* by frame: its first one below; owned */
	uint32_t *loc_places;        /* owned */
	struct report_group *groups; /* owned */
	uint32_t ngroups;
	struct report_sum *nodes; /* one group only: self by node; owned */
	struct report_row *rows;  /* sorted; owned */
	size_t nrows;
	struct report_sum all; /* that match */
	uint64_t recorded;     /* samples of the event */
	uint64_t resolved;     /* whose innermost frame has a name */
};

/* report-keys.c: false: some word is no key, or there are too many. */
bool report_keys_parse(const char *text, struct report_opt *o);
const char *report_key_name(enum report_key key);
bool report_key_is_of_sample(enum report_key key);
bool report_has_key(const struct report_opt *o, enum report_key key);
/* Numbers by tuples of n: a hash table; 0 initialised. */
struct report_index {
	uint32_t *slots; /* number + 1; owned */
	size_t size, n;
};
/* at[number] are the tuples, stride bytes apart; fresh: it was not there. */
struct report_tuples {
	const void *at;
	size_t stride;
	unsigned n;
};
uint32_t report_index_add(struct report_index *x,
			  const struct report_tuples *known,
			  const uint64_t *tuple, bool *fresh);

/* report-table.c */
void report_build(struct report *r, struct profile *p,
		  const struct report_opt *opt, uint32_t event);
void report_release(struct report *r);
/* The places of a frame, innermost first: how many. */
unsigned report_places(const struct report *r, uint32_t frame,
		       const uint32_t **places);
double report_percent(uint64_t part, uint64_t all);

/* report-sweep.c: rows from sums by node. */
struct report_cell {
	uint64_t key; /* group << 32 | node; first: see report_index_add() */
	struct report_sum sum;
};
struct report_sweep;
/* once: no group comes twice, which costs less. */
struct report_sweep *report_sweep_new(struct report *r, bool once);
/* Cells of one group; each node at most once. */
void report_sweep_group(struct report_sweep *s, const struct report_cell *cells,
			size_t n);
void report_sweep_free(struct report_sweep *s);

/* report-names.c: texts are owned by the caller unless they are const. */
char *report_key_text(const struct report *r, const struct report_row *row,
		      unsigned i);
char *report_place_name(const struct report *r, uint32_t place);
struct tree_line;
/* Context of a place; "" and 0 when there is none. */
struct report_context {
	const char *function; /* "" */
	const char *path;     /* of its object */
	const char *object;   /* its last part */
	const char *build_id;
	const char *file; /* of a function where it begins */
	uint32_t line;
};
struct report_context report_context(const struct report *r, uint32_t place);
/* Is it one of the functions that are not known?  Then of which object. */
/* Where the call is, of a line in a tree: "" and 0 when it is not known. */
const char *report_call_site(const struct report *r,
			     const struct tree_line *line, uint32_t *number);
bool report_is_unresolved(const struct report *r, uint32_t place,
			  uint32_t *object);
/* Why there are no names in an object: a clause; to be freed. */
char *report_why(const struct profile *p, uint32_t object);
const char *report_object(const struct profile *p, uint32_t object);
char *report_killed(const struct profile *p); /* report-header.c */
const char *report_base(const char *path);

/* report-select.c: which rows are shown. */
struct report_shown {
	size_t *rows; /* places in r->rows; owned */
	size_t n;
	size_t *unresolved; /* functions that are not known, apart; owned */
	size_t nunresolved;
	size_t more; /* left out, with samples of their own */
	uint64_t more_weight;
};
/* apart: the unresolved ones are not among the rows. */
void report_select(struct report_shown *s, const struct report *r, bool apart);
void report_shown_release(struct report_shown *s);

/* report-tree.c: a tree as lines, parents before their children. */
#define TREE_DEPTH 64
struct tree_line {
	unsigned depth;  /* 0: a root */
	uint32_t place;  /* PROF_NONE: all, or others */
	uint32_t frame;  /* where the call is, or PROF_NONE */
	uint64_t others; /* so many more, 0: it is a branch */
	struct report_sum sum;
	uint64_t self; /* of a root: weight of its own */
	double share;  /* percent of its parent; of a root, of all */
	bool last;     /* no sibling after it */
	bool only;     /* as much as its parent, and no sibling */
};
struct tree_lines {
	struct tree_line *v; /* owned */
	size_t n, room;
};
void report_trees(struct tree_lines *out, const struct report *r);

/* report-fit.c */
struct report_style {
	unsigned width;
	bool utf8, colour;
};
unsigned text_columns(const char *s);
/* Without control characters, cut where that hurts least; to be freed. */
char *text_fit(const char *s, unsigned width, bool utf8);
char *text_grouped(uint64_t n); /* 12,345 */
/* What is more than the width goes on below, after indent blanks. */
void text_wrap(FILE *f, const struct report_style *s, unsigned indent,
	       const char *text);
bool text_is_utf8(void);
bool text_colour(unsigned choice, int fd); /* auto, always, never */

/* report-text.c */
void report_flat(FILE *f, const struct report_style *s, const struct report *r,
		 bool brief);
void report_event_head(FILE *f, const struct report_style *s,
		       const struct report *r);
void report_header(FILE *f, const struct profile *p);
/* report-tree-text.c */
void report_tree_text(FILE *f, const struct report_style *s,
		      const struct report *r);
/* report-trust.c: how far it can be trusted. */
void report_trust_event(FILE *f, const struct report_style *s,
			const struct report *r);
void report_trust_file(FILE *f, const struct report_style *s,
		       const struct profile *p);
/* Both, of the only event. */
void report_trust(FILE *f, const struct report_style *s,
		  const struct report *r);

/* report-json.c, report-csv.c */
struct json_t;
void report_json(FILE *f, const struct report *reports, size_t n);
/* What a profile's recording came to; null in one that was cut. */
struct json_t *report_json_trust(const struct profile *p);
struct json_t *report_json_event(const struct report *r);
void report_csv_head(FILE *f, const struct report_opt *opt);
void report_csv(FILE *f, const struct report *r);
void csv_field(FILE *f, const char *text);

#endif /* PFM_REPORT_PRIV_H */
