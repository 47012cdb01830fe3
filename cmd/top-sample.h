/* SPDX-License-Identifier: MIT
 *
 * top-sample.h - what the files of sampling in pfmon top share: the contexts of
 * top-sample.c, the addresses of top-places.c, the lines of top-annotate.c.
 */
#ifndef PFM_TOP_SAMPLE_H
#define PFM_TOP_SAMPLE_H

#include <pfmcore_fmt.h>

#include "procs.h"
#include "top-priv.h"

/* Where one context samples. */
struct sample_at {
	pid_t tid; /* 0: a CPU */
	int cpu;
};

struct sample_source {
	int fd;
	void *buf; /* mapped; owned */
	size_t size, cursor, after;
	bool has; /* head was read and is not yet used */
	struct pfm_ovfl head;
	struct pfm_task task; /* that it is, if it is one */
	uint64_t when, lost;
};

/* An address that was hit by a process, since the beginning or the last zero. */
struct place {
	struct file *file;
	uint64_t addr, n;
	uint32_t pid, func;
};

struct sampler {
	const struct pfm_smpl_fmt *fmt;
	struct pfm_event ev;     /* owned */
	struct sample_source *v; /* owned */
	unsigned n;
	uint64_t buffer;
	uint64_t lost;    /* in all */
	uint64_t samples; /* in this interval */
	uint64_t kept;    /* processes and threads, when some were forgotten */
	const struct top *top;
	struct procs *procs;
	struct top_funcs *funcs;   /* the model's */
	struct sym_object *kernel; /* owned */

	struct place *places; /* open addressing; owned */
	size_t nplaces, size;
	size_t nfiles;     /* that places have */
	size_t files_most; /* more, and what nobody maps is dropped */
	struct hit *hits;  /* of this interval, open addressing; owned */
	size_t nhits, hits_size;
};

/* top-places.c */
void places_hit(struct sampler *s, const struct pfm_ovfl *o);
void places_put(struct sampler *s, struct frame *f);
void places_release(struct sampler *s);
struct sym_object *places_symbols(struct sampler *s, struct file *f);

#endif /* PFM_TOP_SAMPLE_H */
