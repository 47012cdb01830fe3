/* SPDX-License-Identifier: MIT
 *
 * profile.h - what a .pfm file holds, how it is written and how it is read.
 * See pfm(5).  Everything is numbered from 0 in the order in which it was
 * written; a number refers to something written before, or to nothing
 * (PROF_NONE).
 *
 * A stack is a node: its frame, and the node of its caller.  Node 0 is below
 * every outermost frame and has no frame itself.
 */
#ifndef PFM_PROFILE_H
#define PFM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROF_NONE UINT32_MAX
#define PROF_MAX_VALUES 16 /* other counters in a sample */

enum prof_kind {
	PROF_ELF,
	PROF_KERNEL,  /* the kernel itself: path "[kernel]" */
	PROF_MODULE,  /* of the kernel: path "[nf_tables]" */
	PROF_VDSO,    /* "[vdso]" */
	PROF_JIT,     /* code made while running: "[jit 4121]" */
	PROF_UNKNOWN, /* in no mapping that is known: "[unknown]" */
	PROF_NKINDS
};

/* Strings are numbers of strings; string 0 is "". */
struct prof_object {
	uint32_t kind;     /* enum prof_kind */
	uint32_t path;     /* as the target named it */
	uint32_t build_id; /* in hex, or "" */
	uint32_t why;      /* "": its symbols were found; else why not */
};

/*
 * A place in an object.  addr is as in the object's program headers (ELF), else
 * the address itself.  A caller is looked up by the last byte of its call, which
 * is what its addr is.
 */
#define PROF_FRAME_CALLER 0x1u /* addr is of a call, not of what was hit */
struct prof_frame {
	uint32_t object;
	uint32_t flags;
	uint64_t addr;
	uint32_t loc, nlocs; /* reader: where it is in the source, below; nlocs
			      * is 0 before the symbols were found */
};

struct prof_node {
	uint32_t parent; /* its caller's node */
	uint32_t frame;  /* PROF_NONE: node 0 */
};

struct prof_task {
	uint32_t pid, tid;
	uint32_t comm; /* string; a new name is a new task */
};

/* How a sample's weight came about. */
enum prof_weight {
	PROF_PERIOD, /* counted: each weighs the period */
	PROF_FREQ,   /* counted: the kernel chose each period */
	PROF_CLOCK,  /* clock-driven: counted since the sample before */
};

struct prof_event {
	uint32_t name;   /* canonical */
	uint32_t unit;   /* of a weight, "" for a plain number */
	double scale;    /* weight x scale = value in unit */
	uint32_t weight; /* enum prof_weight */
	uint32_t set;    /* event set, 0 when there is one */
	uint64_t period; /* PROF_PERIOD: events, else Hz */
	uint32_t skid;   /* string: class of its addresses, "up to ..." */
	uint32_t nvalues;
	uint32_t values[PROF_MAX_VALUES]; /* names of the other counters */
};

struct prof_sample {
	uint64_t time;   /* ns since the recording began */
	uint64_t weight; /* events it stands for */
	uint64_t addr;   /* data address, 0: none */
	uint32_t event, task, node;
	uint16_t cpu;
	uint16_t nvalues;
	uint64_t values[PROF_MAX_VALUES]; /* counted since the one before */
};

/* A function; name is demangled. */
struct prof_func {
	uint32_t name, linkage; /* linkage: as in the object's symbol table */
	uint32_t object;
	uint32_t file, line;  /* where it begins, "" and 0: not known */
	uint64_t start, size; /* size 0: not known */
};

/*
 * Where a frame is in the source: innermost first, each further one is where the
 * one before was inlined, and the last has code of its own.
 */
struct prof_loc {
	uint32_t func; /* PROF_NONE: not known, for the object's why */
	uint32_t file; /* "": not known */
	uint32_t line; /* 0: not known */
};

/* The code of a function that was hit, for annotate. */
struct prof_line {
	uint64_t addr;
	uint32_t file, line;
};
struct prof_code {
	uint32_t func;
	uint32_t nbytes, nlines;
	const unsigned char *bytes;    /* from the function's start on */
	const struct prof_line *lines; /* ascending; a line holds to the next */
};

/* What the recording came to; all 0 in a file that has no end. */
struct prof_totals {
	uint64_t start_ns; /* CLOCK_REALTIME when it began */
	uint64_t duration_ns;
	uint64_t samples;
	uint64_t lost;      /* by the kernel's own count */
	uint64_t dropped;   /* found no room in pfmon's buffer */
	uint64_t throttled; /* times the kernel stopped a counter for a while */
	uint64_t stacks;    /* samples that asked for a stack */
	uint64_t complete;  /* of them, those that reach the outermost frame */
	uint64_t processes, threads;
	int32_t status; /* of the command, as of waitpid(2); -1: none */
};

/*
 * Writing (profile-write.c).  What is put is kept until a block is full, or
 * prof_flush(); then it goes to the file with one write(2).  A put does not
 * fail: after an error of the file the rest is dropped, and prof_error() is the
 * errno.  One thread at a time.
 *
 * Memory: about 2 MB, however many samples there are; beside it 14 to 23 bytes
 * for each node, 30 to 47 for each frame, and for each string twice its length
 * and 27 bytes at most.
 */
struct prof_writer;

/* On an open file of the writer's own, at its start; level: of zstd. */
struct prof_writer *prof_create(int fd, int level);
/* A fact about the recording: "command", "cpu", "kernel", ...; pfm(5). */
void prof_put_meta(struct prof_writer *w, const char *key, const char *text);
/* The number of the string, of the one that is equal if there is one. */
uint32_t prof_put_string(struct prof_writer *w, const char *s);
uint32_t prof_put_event(struct prof_writer *w, const struct prof_event *ev);
uint32_t prof_put_object(struct prof_writer *w, const struct prof_object *o);
/* What is learnt of it later; the last one holds. */
void prof_set_object(struct prof_writer *w, uint32_t object,
		     const struct prof_object *o);
uint32_t prof_put_task(struct prof_writer *w, const struct prof_task *t);
/* The number of the equal one if there is one. */
uint32_t prof_put_frame(struct prof_writer *w, uint32_t object, uint64_t addr,
			uint32_t flags);
uint32_t prof_put_node(struct prof_writer *w, uint32_t parent, uint32_t frame);
void prof_put_sample(struct prof_writer *w, const struct prof_sample *s);
uint32_t prof_put_func(struct prof_writer *w, const struct prof_func *f);
void prof_put_locs(struct prof_writer *w, uint32_t frame,
		   const struct prof_loc *locs, uint32_t n);
void prof_put_code(struct prof_writer *w, const struct prof_code *code);

/* What was put so far, for who finds symbols for it. */
uint32_t prof_nframes(const struct prof_writer *w);
const struct prof_frame *prof_frame_at(const struct prof_writer *w,
				       uint32_t frame);

const struct prof_node *prof_node_at(const struct prof_writer *w,
				     uint32_t node);

uint64_t prof_bytes(const struct prof_writer *w); /* in the file so far */
int prof_error(const struct prof_writer *w);
void prof_flush(struct prof_writer *w);
/* The totals and the end of the file; frees w; -1 with errno. */
int prof_end(struct prof_writer *w, const struct prof_totals *t);

/*
 * Reading (profile-read.c).  All but the samples is in memory; these are read
 * again for each walk over them, block by block.
 */
struct prof_meta {
	const char *key, *text;
};

struct profile {
	const char *path;
	const char **strings;
	const struct prof_event *events;
	const struct prof_object *objects;
	const struct prof_task *tasks;
	const struct prof_frame *frames;
	const struct prof_node *nodes;
	const struct prof_func *funcs;
	const struct prof_loc *locs;
	const struct prof_code *codes;
	const struct prof_meta *metas;
	uint32_t nstrings, nevents, nobjects, ntasks, nframes, nnodes, nfuncs,
		nlocs, ncodes, nmetas;
	uint64_t nsamples;
	struct prof_totals totals;
	bool ended;            /* the file has its end; else it was cut */
	uint64_t whole, bytes; /* what was read of it, and its size */
};

/*
 * NULL with one sentence in *why (to be freed), which names the file: not
 * there, none of ours, of a later version, damaged before the first sample.  A
 * file that was cut is read up to its last whole block.  Control characters of
 * its texts are blanks; no number leads out of its table.  The tables take no
 * more memory than 48 times the file, and 16 MiB.
 */
struct profile *prof_open(const char *path, char **why);
void prof_close(struct profile *p);
/* The text of a key, or NULL. */
const char *prof_meta(const struct profile *p, const char *key);

/*
 * Each sample in the order of the file, which is nearly that of time; what call
 * returns that is not 0 ends it and is returned.
 */
typedef int (*prof_sample_fn)(const struct prof_sample *s, void *arg);
int prof_samples(struct profile *p, prof_sample_fn call, void *arg);

#endif /* PFM_PROFILE_H */
