/* SPDX-License-Identifier: MIT
 *
 * perf-record.c - records of the kernel's ring, taken apart: samples with their
 * stacks, and what becomes of tasks.  The layouts are those of <linux/
 * perf_event.h>, enum perf_event_type; lengths are checked, for a record whose
 * end is missing would be read beyond the ring.
 */
#include "config.h"

#include <string.h>

#include "perf-backend.h"
#include "perf-record.h"

/* What is left of a record. */
struct cursor {
	const uint64_t *at;
	size_t words;
	bool bad;
};

static struct cursor cursor_of(const struct perf_event_header *h)
{
	return (struct cursor){
		.at = (const uint64_t *)(h + 1),
		.words = (h->size - sizeof(*h)) / sizeof(uint64_t),
	};
}

static const uint64_t *take(struct cursor *c, uint64_t n)
{
	const uint64_t *at = c->at;

	if (n > c->words) {
		c->bad = true;
		return NULL;
	}
	c->at += n;
	c->words -= (size_t)n;
	return at;
}

static uint64_t take_word(struct cursor *c)
{
	const uint64_t *at = take(c, 1);

	return at ? *at : 0;
}

/* Two 32-bit numbers in the order of memory. */
static void take_pair(struct cursor *c, uint32_t *a, uint32_t *b)
{
	const uint64_t *at = take(c, 1);
	uint32_t v[2] = { 0, 0 };

	if (at)
		memcpy(v, at, sizeof(v));
	*a = v[0];
	*b = v[1];
}

static void take_stack(struct cursor *c, struct pfm_ovfl *o)
{
	uint64_t size = take_word(c);
	uint64_t dynamic;

	if (size == 0)
		return;
	o->stack = take(c, size / sizeof(uint64_t));
	dynamic = take_word(c);
	o->stack_size = dynamic < size ? dynamic : size;
}

static void take_regs(struct cursor *c, unsigned n, struct pfm_ovfl *o)
{
	uint64_t abi = take_word(c);

	/* A kernel thread has none, nor one of 32 bits those of 64. */
	if (abi == PERF_SAMPLE_REGS_ABI_NONE)
		return;
	o->regs = take(c, n);
	if (abi == PERF_SAMPLE_REGS_ABI_64)
		o->nregs = n;
	else
		o->regs = NULL;
}

bool perf_sample_parse(const struct perf_event_header *h,
		       const struct perf_layout *layout,
		       struct perf_sample *out)
{
	uint64_t type = layout->type;
	struct cursor c = cursor_of(h);
	struct pfm_ovfl *o = &out->more;
	uint32_t cpu, reserved;

	*out = (struct perf_sample){ .id = take_word(&c) };
	o->ip = take_word(&c);
	take_pair(&c, &o->tgid, &o->tid);
	o->tstamp = take_word(&c);
	o->addr = take_word(&c);
	take_pair(&c, &cpu, &reserved);
	o->cpu = (uint16_t)cpu;
	if (type & PERF_SAMPLE_PERIOD)
		o->weight = take_word(&c);
	if (type & PERF_SAMPLE_READ && c.words > 0) {
		out->counts = (const void *)c.at;
		if (!take(&c, 3) || out->counts->nr > PFM_MAX_PMDS)
			return false;
		take(&c, out->counts->nr * layout->words);
	}
	if (type & PERF_SAMPLE_CALLCHAIN) {
		o->nips = (uint32_t)take_word(&c);
		o->ips = take(&c, o->nips);
	}
	if (type & PERF_SAMPLE_REGS_USER)
		take_regs(&c, layout->nregs, o);
	if (type & PERF_SAMPLE_STACK_USER)
		take_stack(&c, o);
	return !c.bad;
}

/* The name, with its nul and padding, is all but the trailer. */
static void take_name(struct cursor *c, struct pfm_task *t)
{
	size_t trailer = 4;
	const char *name;

	if (c->words <= trailer) {
		c->bad = true;
		return;
	}
	name = (const char *)take(c, c->words - trailer);
	if (memchr(name, '\0', (size_t)((const char *)c->at - name)))
		t->name = name;
	else
		c->bad = true;
}

static void take_map(struct cursor *c, struct pfm_task *t)
{
	take_pair(c, &t->pid, &t->tid);
	t->addr = take_word(c);
	t->len = take_word(c);
	t->offset = take_word(c);
	take_pair(c, &t->major, &t->minor);
	t->ino = take_word(c);
	take_word(c); /* generation of the inode */
	take_word(c); /* protection and flags */
	take_name(c, t);
}

static void take_comm(struct cursor *c, struct pfm_task *t)
{
	take_pair(c, &t->pid, &t->tid);
	take_name(c, t);
}

/* pid and ppid, tid and ptid, in this order. */
static void take_fork(struct cursor *c, struct pfm_task *t)
{
	take_pair(c, &t->pid, &t->ppid);
	take_pair(c, &t->tid, &t->ptid);
	take_word(c);
}

bool perf_task_parse(const struct perf_event_header *h, struct pfm_task *out)
{
	struct cursor c = cursor_of(h);
	uint32_t pid, tid, cpu, reserved;

	*out = (struct pfm_task){ .name = "" };
	switch (h->type) {
	case PERF_RECORD_MMAP2:
		out->type = PFM_TASK_MAP;
		take_map(&c, out);
		break;
	case PERF_RECORD_COMM:
		out->type = h->misc & PERF_RECORD_MISC_COMM_EXEC ?
				    PFM_TASK_EXEC :
				    PFM_TASK_COMM;
		take_comm(&c, out);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		out->type = h->type == PERF_RECORD_FORK ? PFM_TASK_FORK :
							  PFM_TASK_EXIT;
		take_fork(&c, out);
		break;
	default:
		return false;
	}
	/* The trailer is of PERF_TASK_TYPE. */
	take_pair(&c, &pid, &tid);
	out->tstamp = take_word(&c);
	take_pair(&c, &cpu, &reserved);
	out->cpu = (uint16_t)cpu;
	take_word(&c);
	return !c.bad;
}
