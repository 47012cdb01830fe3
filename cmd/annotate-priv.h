/* SPDX-License-Identifier: MIT
 *
 * annotate-priv.h - what the files of pfmon annotate share: what was hit
 * (annotate-tally.c), which functions are meant (annotate-find.c), their
 * instructions (annotate-rows.c) and the text of their source (source.c);
 * annotate-text.c, annotate-lines.c and annotate-json.c print it.
 */
#ifndef PFM_ANNOTATE_PRIV_H
#define PFM_ANNOTATE_PRIV_H

#include <stdio.h>

#include "cmd.h"
#include "disasm.h"
#include "prof-filter.h"
#include "profile.h"

enum annot_percent { ANNOT_LOCAL, ANNOT_GLOBAL };

struct annot_opt {
	struct prof_filter filter;
	struct strlist maps; /* --source-dir, as given */
	const char *symfs;   /* NULL: none */
	double min;          /* percent */
	unsigned source;     /* 0: on */
	unsigned percent;    /* enum annot_percent */
	unsigned colour;     /* auto, always, never */
	bool intel, lines, json;
};

struct annot_count {
	uint64_t weight, samples;
};

#define ANNOT_COLUMNS 64 /* bounds what a hit address takes */

/* An address that was hit; its counts are one for each column. */
struct annot_hit {
	uint64_t addr;
	uint32_t func; /* the one with code of its own */
	uint32_t frame;
	uint32_t counts; /* the first of them, in counts of the tally */
};

struct annot_tally {
	const struct profile *p; /* borrowed */
	struct annot_hit *hits;  /* owned; by func, then by addr */
	uint32_t nhits;
	struct annot_count *counts; /* owned */
	struct annot_count *total;  /* owned; of each column, all samples */
	uint32_t ncols;
	uint32_t first; /* the event of column 0; the others follow */
	bool filtered;  /* samples are left out, other than by event */
};

/* A function to be shown. */
struct annot_section {
	uint32_t func;
	uint32_t inlined; /* only what this one has in func, or PROF_NONE */
	uint64_t samples; /* of all events */
};

/* The functions that a name stands for, and where else it is. */
struct annot_found {
	struct annot_section *v; /* owned; most samples first */
	size_t n;
	struct annot_other {
		uint32_t object;
		uint64_t samples;
	} * others; /* owned: objects that were not chosen */
	size_t nothers;
};

struct annot_row {
	uint64_t addr, target; /* target: unless kind is DISASM_PLAIN */
	char *text;            /* owned; NULL: only the address is known */
	uint32_t file, line;   /* "" and 0: not known */
	uint32_t counts;       /* in counts of the code; PROF_NONE: no hit */
	uint16_t size;
	uint8_t kind; /* enum disasm_kind */
	bool other;   /* not of the inlined function that is shown */
};

/* One function, ready to be printed. */
struct annot_code {
	const struct annot_section *s; /* borrowed */
	struct annot_row *rows;        /* owned; by address */
	size_t nrows;
	struct annot_count *counts; /* owned; one for each column */
	size_t ncounts;
	struct annot_count *self; /* owned; their sum for each column */
	uint64_t *labels;         /* owned; ascending */
	size_t nlabels;
	char *why; /* owned; instructions are not there, or NULL */
};

struct annot {
	const struct annot_opt *opt;
	struct profile *p;
	struct annot_tally tally;
	struct annot_found found;
	struct disasm *disasm; /* NULL: why */
	char *why;             /* owned */
	struct source *source; /* NULL: not wanted */
	uint32_t *code_of;     /* owned; of each function, PROF_NONE: none */
	uint32_t *by_addr;     /* owned; functions, by object and start */
	uint32_t nby_addr;
	uint32_t cols[ANNOT_COLUMNS]; /* those with a hit somewhere */
	uint32_t ncols;
	bool colour;
};

/* annotate-tally.c */
void annot_tally(struct annot_tally *t, struct profile *p,
		 const struct annot_opt *opt);
void annot_tally_release(struct annot_tally *t);
/* The hits of a function: the first, and how many. */
const struct annot_hit *annot_hits(const struct annot_tally *t, uint32_t func,
				   uint32_t *n);
/* Is func one of those that the frame's code is of? */
bool annot_in_chain(const struct profile *p, uint32_t frame, uint32_t func);

/* annotate-find.c: ends the program when the name is of none, or of several. */
void annot_find(struct annot_found *found, const struct annot_tally *t,
		const char *name);
void annot_found_release(struct annot_found *found);

/* annotate-rows.c */
void annot_index(struct annot *a);
void annot_index_release(struct annot *a);
void annot_code_init(struct annot_code *c, struct annot *a,
		     const struct annot_section *s);
void annot_code_release(struct annot_code *c);
/* The function of that object that has the address, or PROF_NONE. */
uint32_t annot_func_at(const struct annot *a, uint32_t object, uint64_t addr);
/* The label of an address, from 1; 0: it has none. */
size_t annot_label(const struct annot_code *c, uint64_t addr);
/* What a row's instruction says after its text: "" or where it goes. */
void annot_target(const struct annot *a, const struct annot_code *c,
		  const struct annot_row *row, FILE *f);
/* Percent of what the options want. */
double annot_percent(const struct annot *a, const struct annot_code *c,
		     uint32_t col, uint64_t weight);
/* Nothing of any event, or less than --min of each. */
bool annot_cold(const struct annot *a, const struct annot_code *c,
		const struct annot_count *counts);

/* annotate-text.c */
void annot_text(FILE *f, struct annot *a);
/* Text of the profile or of a source, without what a terminal would obey. */
void annot_put(FILE *f, const char *s, size_t len);
/* The columns; NULL: empty ones. */
void annot_columns(FILE *f, const struct annot *a, const struct annot_code *c,
		   const struct annot_count *counts);
/* What is cold in a row, and not shown. */
struct annot_fold {
	size_t cold, others;     /* others: not of the inlined function */
	struct annot_count *sum; /* owned; of each column */
};
void annot_fold_init(struct annot_fold *fold, const struct annot *a);
void annot_fold_add(struct annot_fold *fold, const struct annot *a,
		    const struct annot_count *counts);
/* "... 12 instructions, 0.0 %" if there are some; it is empty then. */
void annot_fold_end(FILE *f, const struct annot *a, const struct annot_code *c,
		    struct annot_fold *fold);
/* file.c:12, and its text if there is some. */
void annot_place(FILE *f, const struct annot *a, uint32_t file, uint32_t line);

/* annotate-lines.c: per line of source. */
struct annot_line {
	uint32_t file, line;
	struct annot_count *counts; /* owned; one for each column */
	size_t rows;                /* instructions */
};
struct annot_line *annot_lines(const struct annot *a,
			       const struct annot_code *c, size_t *n);
void annot_lines_free(struct annot_line *v, size_t n);
void annot_lines_text(FILE *f, const struct annot *a,
		      const struct annot_code *c);

/* annotate-json.c */
void annot_json(FILE *f, struct annot *a);

/* source.c */
struct source *source_new(const struct profile *p, const char *symfs,
			  const struct strlist *maps);
/* A line of a file of the profile's, without its end; NULL: not there. */
const char *source_line(struct source *s, uint32_t file, uint32_t line,
			size_t *len);
/* Was the file changed after the recording began? */
bool source_newer(struct source *s, uint32_t file);
void source_free(struct source *s);

#endif /* PFM_ANNOTATE_PRIV_H */
