/* SPDX-License-Identifier: MIT
 *
 * stacks.c - overflows with their call chains, registers and stacks, and what
 * becomes of tasks, into two halves.  The layout is <pfmcore_profile.h>; behind
 * the second half stands the table by which equal chains of a half are found.
 */
#include "config.h"

#include <errno.h>

#include "stacks.h"

/* Chains of a half that are looked for; others are written again. */
#define TABLE_SIZE 1024
#define TABLE_BYTES (TABLE_SIZE * sizeof(uint32_t))

#define LARGEST (65536 + 8192) /* of a record, and what we add */

#define FLAG_INTERN 0x80000000u /* of ring_flags: ours */

_Static_assert(sizeof(struct pfm_profile_sample) == 88, "sample");
_Static_assert(sizeof(struct pfm_profile_task) == 80, "task");

int stacks_validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct pfm_ring_arg *a = arg;

	(void)ctx_flags;
	(void)npmds;
	if (a->buf_size < PFM_PROFILE_LEAST ||
	    !halves_arg_good(a, PFM_RING_BLOCK))
		return -EINVAL;
	return 0;
}

int stacks_init(void *buf, const struct pfm_ring_arg *arg, bool intern)
{
	struct pfm_ring_hdr *h = buf;

	halves_init(h, PFM_PROFILE_VERSION, arg);
	h->ring_half_size = (arg->buf_size - HALVES_HDR - TABLE_BYTES) / 16 * 8;
	if (intern)
		h->ring_flags |= FLAG_INTERN;
	return 0;
}

static uint32_t *table_of(struct pfm_ring_hdr *h)
{
	return (uint32_t *)(void *)(halves_start(h, 0) + 2 * h->ring_half_size);
}

/*
 * Room for an entry, in the half that grows or in the next one; NULL: there is
 * none.  What is handed asks for the reader.
 */
static char *reserve(struct pfm_ring_hdr *h, uint64_t size, uint32_t *ctrl)
{
	const struct pfm_ring_half *half;

	if (size > h->ring_half_size || halves_full(h))
		return NULL;
	half = &h->half[h->ring_handed & 1];
	if (h->ring_half_size - half->half_bytes < size) {
		halves_hand(h);
		*ctrl = PFM_OVFL_CTRL_NOTIFY;
		if (halves_full(h))
			return NULL;
		half = &h->half[h->ring_handed & 1];
	}
	if (half->half_bytes == 0 && h->ring_flags & FLAG_INTERN)
		memset(table_of(h), 0, TABLE_BYTES);
	return halves_start(h, h->ring_handed) + half->half_bytes;
}

/*
 * Before the next one may find no room the thread is to stand still.  Nothing is
 * larger than a record of the kernel, 64 KiB; what small halves cannot take, a
 * copied stack, is lost and counted.
 */
static void commit(struct pfm_ring_hdr *h, uint64_t size, uint32_t *ctrl)
{
	struct pfm_ring_half *half = &h->half[h->ring_handed & 1];
	uint64_t spare = h->ring_half_size / 2;

	halves_commit(half, half->half_bytes + size);
	if (!(h->ring_flags & PFM_RING_BLOCK) ||
	    h->ring_handed == h->ring_given)
		return;
	if (spare > LARGEST)
		spare = LARGEST;
	if (h->ring_half_size - half->half_bytes >= spare)
		return;
	halves_hand(h);
	*ctrl = PFM_OVFL_CTRL_NOTIFY | PFM_OVFL_CTRL_BLOCK;
}

static uint32_t hash(const struct pfm_ovfl *o)
{
	uint64_t sum = o->nips;

	for (uint32_t i = 0; i < o->nips; i++)
		sum = (sum ^ o->ips[i]) * 0x9e3779b97f4a7c15u + (sum >> 29);
	return (uint32_t)(sum >> 40) % TABLE_SIZE;
}

/* Where the chain stands in this half already, 0: nowhere. */
static uint32_t find_chain(const char *start, uint32_t at,
			   const struct pfm_ovfl *o)
{
	size_t bytes = o->nips * sizeof(uint64_t);
	uint64_t n;

	if (!at)
		return 0;
	memcpy(&n, start + at, sizeof(n));
	if (n != o->nips || memcmp(start + at + sizeof(n), o->ips, bytes) != 0)
		return 0;
	return at;
}

static uint64_t entry_size(const struct pfm_ovfl *o)
{
	uint64_t size = sizeof(struct pfm_profile_sample);

	size += o->nvalues * sizeof(uint64_t);
	if (o->nips)
		size += (1 + (uint64_t)o->nips) * sizeof(uint64_t);
	size += o->nregs * sizeof(uint64_t);
	return size + (o->stack_size + 7) / 8 * 8;
}

static char *put(char *to, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(to, from, bytes);
	return to + bytes;
}

static void fill(struct pfm_profile_sample *s, const struct pfm_ovfl *o)
{
	*s = (struct pfm_profile_sample){
		.head = { .entry_kind = PFM_PROFILE_SAMPLE,
			  .entry_cpu = o->cpu,
			  .entry_tgid = o->tgid,
			  .entry_tid = o->tid,
			  .entry_tstamp = o->tstamp },
		.smpl_ip = o->ip,
		.smpl_addr = o->addr,
		.smpl_last_reset = o->last_reset,
		.smpl_eventid = o->eventid,
		.smpl_weight = o->weight,
		.smpl_pmd = o->pmd,
		.smpl_set = o->set,
		.smpl_nvalues = o->nvalues,
		.smpl_flags = (uint16_t)o->flags,
		.smpl_nregs = o->nregs,
		.smpl_stack = o->stack_size,
	};
}

/* The chain at to, unless the half has it; returns what is behind it. */
static char *put_chain(struct pfm_ring_hdr *h, char *to,
		       const struct pfm_ovfl *o, uint32_t *chain)
{
	char *start = halves_start(h, h->ring_handed);
	uint32_t *slot = NULL;
	uint64_t n = o->nips;

	*chain = 0;
	if (!n)
		return to;
	if (h->ring_flags & FLAG_INTERN) {
		slot = &table_of(h)[hash(o)];
		*chain = find_chain(start, *slot, o);
	}
	if (*chain)
		return to;
	*chain = (uint32_t)(to - start);
	if (slot)
		*slot = *chain;
	to = put(to, &n, sizeof(n));
	return put(to, o->ips, o->nips * sizeof(uint64_t));
}

int stacks_handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	struct pfm_ring_hdr *h = buf;
	struct pfm_profile_sample s;
	char *at, *to;

	*ctrl = 0;
	halves_count(h);
	at = reserve(h, entry_size(o), ctrl);
	if (!at) {
		halves_count_lost(h);
		return 0;
	}
	fill(&s, o);
	to = put(at + sizeof(s), o->values, o->nvalues * sizeof(uint64_t));
	to = put_chain(h, to, o, &s.smpl_chain);
	to = put(to, o->regs, o->nregs * sizeof(uint64_t));
	to = put(to, o->stack, (size_t)o->stack_size);
	s.head.entry_size = (uint32_t)(((size_t)(to - at) + 7) / 8 * 8);
	memcpy(at, &s, sizeof(s));
	commit(h, s.head.entry_size, ctrl);
	return 0;
}

int stacks_task(void *buf, const struct pfm_task *t, uint32_t *ctrl)
{
	size_t name = strlen(t->name) + 1;
	uint64_t size = (sizeof(struct pfm_profile_task) + name + 7) / 8 * 8;
	struct pfm_ring_hdr *h = buf;
	struct pfm_profile_task e = {
		.head = { .entry_size = (uint32_t)size,
			  .entry_kind = PFM_PROFILE_TASK,
			  .entry_cpu = t->cpu,
			  .entry_tgid = t->pid,
			  .entry_tid = t->tid,
			  .entry_tstamp = t->tstamp },
		.task_type = t->type,
		.task_ppid = t->ppid,
		.task_ptid = t->ptid,
		.task_major = t->major,
		.task_minor = t->minor,
		.task_addr = t->addr,
		.task_len = t->len,
		.task_offset = t->offset,
		.task_ino = t->ino,
	};
	char *at;

	*ctrl = 0;
	at = reserve(h, size, ctrl);
	if (!at)
		return -ENOBUFS;
	memcpy(at, &e, sizeof(e));
	memcpy(at + sizeof(e), t->name, name);
	commit(h, size, ctrl);
	return 0;
}

/* A cursor over what is behind the fixed part of an entry. */
struct rest {
	const char *at;
	uint64_t left;
	bool bad;
};

static const void *take(struct rest *r, uint64_t bytes)
{
	const char *at = r->at;

	if (bytes > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += bytes;
	r->left -= bytes;
	return at;
}

static bool read_chain(const char *start, uint64_t bytes, uint32_t at,
		       struct pfm_ovfl *out)
{
	uint64_t n;

	if (!at)
		return true;
	if (at % 8 || at > bytes || bytes - at < sizeof(n))
		return false;
	memcpy(&n, start + at, sizeof(n));
	if (n > (bytes - at - sizeof(n)) / sizeof(uint64_t))
		return false;
	out->nips = (uint32_t)n;
	out->ips = (const uint64_t *)(const void *)(start + at + sizeof(n));
	return true;
}

static bool read_sample(const char *start, uint64_t at, uint64_t bytes,
			struct pfm_ovfl *out)
{
	const char *entry = start + at;
	struct pfm_profile_sample s;
	struct rest rest;

	memcpy(&s, entry, sizeof(s));
	*out = (struct pfm_ovfl){
		.ip = s.smpl_ip,
		.addr = s.smpl_addr,
		.tstamp = s.head.entry_tstamp,
		.last_reset = s.smpl_last_reset,
		.eventid = s.smpl_eventid,
		.tid = s.head.entry_tid,
		.tgid = s.head.entry_tgid,
		.cpu = s.head.entry_cpu,
		.set = s.smpl_set,
		.pmd = s.smpl_pmd,
		.nvalues = s.smpl_nvalues,
		.flags = s.smpl_flags,
		.weight = s.smpl_weight,
		.nregs = s.smpl_nregs,
		.stack_size = s.smpl_stack,
	};
	rest = (struct rest){ .at = entry + sizeof(s),
			      .left = s.head.entry_size - sizeof(s) };
	out->values = take(&rest, s.smpl_nvalues * sizeof(uint64_t));
	if (!read_chain(start, bytes, s.smpl_chain, out) || rest.bad)
		return false;
	/* Its own, or that of an entry before. */
	if (out->ips && (const char *)(out->ips - 1) == rest.at)
		take(&rest, (1 + (uint64_t)out->nips) * sizeof(uint64_t));
	out->regs = take(&rest, s.smpl_nregs * sizeof(uint64_t));
	out->stack = take(&rest, s.smpl_stack);
	return !rest.bad;
}

/* *task is the caller's until the next one. */
static bool read_task(const char *entry, struct pfm_ovfl *out)
{
	static _Thread_local struct pfm_task task;
	struct pfm_profile_task e;
	const char *name = entry + sizeof(e);

	memcpy(&e, entry, sizeof(e));
	if (!memchr(name, '\0', e.head.entry_size - sizeof(e)))
		return false;
	task = (struct pfm_task){
		.type = e.task_type,
		.pid = e.head.entry_tgid,
		.tid = e.head.entry_tid,
		.ppid = e.task_ppid,
		.ptid = e.task_ptid,
		.cpu = e.head.entry_cpu,
		.tstamp = e.head.entry_tstamp,
		.addr = e.task_addr,
		.len = e.task_len,
		.offset = e.task_offset,
		.ino = e.task_ino,
		.major = e.task_major,
		.minor = e.task_minor,
		.name = name,
	};
	*out = (struct pfm_ovfl){
		.tstamp = task.tstamp,
		.tid = task.tid,
		.tgid = task.pid,
		.cpu = task.cpu,
		.task = &task,
	};
	return true;
}

static ssize_t read_entry(const struct pfm_ring_half *half, const char *start,
			  uint64_t at, uint64_t bytes, struct pfm_ovfl *out)
{
	struct pfm_profile_entry head;
	size_t least;
	bool good;

	(void)half;
	if (bytes - at < sizeof(head))
		return -EINVAL;
	memcpy(&head, start + at, sizeof(head));
	if (head.entry_kind == PFM_PROFILE_SAMPLE)
		least = sizeof(struct pfm_profile_sample);
	else if (head.entry_kind == PFM_PROFILE_TASK)
		least = sizeof(struct pfm_profile_task);
	else
		return -EINVAL;
	if (head.entry_size > bytes - at || head.entry_size < least ||
	    head.entry_size % 8)
		return -EINVAL;
	if (head.entry_kind == PFM_PROFILE_SAMPLE)
		good = read_sample(start, at, bytes, out);
	else
		good = read_task(start + at, out);
	return good ? (ssize_t)head.entry_size : -EINVAL;
}

int stacks_next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	struct halves_reader r = { buf, size, read_entry };

	return halves_next(&r, cursor, out);
}
