/* SPDX-License-Identifier: MIT
 *
 * t-smpl-profile.c - the sampling formats "profile", "raw" and "hist", called as
 * the library calls them, on buffers of the test's own: where call chains stand,
 * when a half is handed, what is lost, and readers that trust nothing.
 */
#include "config.h"

#include <errno.h>
#include <linux/perf_event.h>

#include <pfmcore_fmt.h>
#include <pfmcore_hist.h>
#include <pfmcore_profile.h>

#include "sampling.h"
#include "tap.h"

static const struct pfm_smpl_fmt *profile, *raw, *hist;

#define HEAD sizeof(struct pfm_ring_hdr)
#define SAMPLE sizeof(struct pfm_profile_sample)
#define TASK sizeof(struct pfm_profile_task)

/* A buffer of exactly its size, so that a sanitizer sees what is beside it. */
struct buffer {
	const struct pfm_smpl_fmt *fmt;
	struct pfm_ring_hdr *h; /* the start of it, for profile and raw */
	size_t size;
	uint32_t ctrl; /* of the last hook */
};

static struct buffer buffer_new(const struct pfm_smpl_fmt *fmt, uint64_t size)
{
	struct pfm_ring_arg arg = { .buf_size = size };
	struct buffer b = { .fmt = fmt };

	if (fmt->arg_size != sizeof(arg) || fmt->validate(0, 4, &arg) != 0 ||
	    fmt->size(0, &arg, &b.size) != 0 || b.size != size)
		abort();
	b.h = calloc(1, b.size);
	if (!b.h || fmt->init(b.h, 0, 4, &arg) != 0)
		abort();
	return b;
}

static int give(struct buffer *b, const struct pfm_ovfl *o)
{
	b->ctrl = 0x80;
	return b->fmt->handler(b->h, o, &b->ctrl);
}

static int tell(struct buffer *b, const struct pfm_task *t)
{
	b->ctrl = 0x80;
	return b->fmt->task(b->h, t, &b->ctrl);
}

static void give_back(struct buffer *b)
{
	uint32_t ctrl = 0x80;

	if (b->fmt->restart(b->h, true, &ctrl) != 0 || ctrl != 0)
		diag("restart: ctrl %#x", ctrl);
}

/* What an overflow can have; number i has i in every field. */
#define MOST 64
struct sample {
	struct pfm_ovfl o;
	uint64_t values[MOST], ips[MOST], regs[MOST];
	unsigned char stack[1024];
};

/* How much of each; chain is which one it is. */
struct shape {
	uint16_t nvalues;
	uint32_t nips, chain, nregs;
	uint64_t stack;
};

static struct sample *fill(struct sample *s, uint64_t i, struct shape as)
{
	for (unsigned k = 0; k < MOST; k++) {
		s->values[k] = i << 16 | k;
		s->ips[k] = k ? (uint64_t)as.chain << 32 | k :
				(uint64_t)PERF_CONTEXT_USER;
		s->regs[k] = ~i - k;
	}
	for (unsigned k = 0; k < sizeof(s->stack); k++)
		s->stack[k] = (unsigned char)(i * 31 + k);
	s->o = (struct pfm_ovfl){
		.ip = 0x400000 + i,
		.addr = 0x7f0000000000 + i,
		.tstamp = 1000000 + 10 * i,
		.last_reset = -UINT64_C(1000) - i,
		.eventid = 77 + i,
		.tid = (uint32_t)(100 + i),
		.tgid = (uint32_t)(100 + i / 2),
		.cpu = (uint16_t)(i % 5),
		.set = (uint16_t)(i % 3),
		.pmd = (uint16_t)(i % 7),
		.flags = i % 2 ? PFM_OVFL_POLLED : 0,
		.weight = i * 3,
		.nvalues = as.nvalues,
		.values = s->values,
		.nips = as.nips,
		.ips = as.nips ? s->ips : NULL,
		.nregs = as.nregs,
		.regs = as.nregs ? s->regs : NULL,
		.stack_size = as.stack,
		.stack = as.stack ? s->stack : NULL,
	};
	return s;
}

static int put(struct buffer *b, uint64_t i, struct shape as)
{
	struct sample s;

	return give(b, &fill(&s, i, as)->o);
}

static bool same_bytes(const void *a, const void *b, uint64_t n)
{
	return n == 0 || (a && memcmp(a, b, (size_t)n) == 0);
}

static bool same(const struct pfm_ovfl *got, uint64_t i, struct shape as)
{
	static struct sample s;
	const struct pfm_ovfl *o = &fill(&s, i, as)->o;

	return !got->task && got->ip == o->ip && got->addr == o->addr &&
	       got->tstamp == o->tstamp && got->last_reset == o->last_reset &&
	       got->eventid == o->eventid && got->tid == o->tid &&
	       got->tgid == o->tgid && got->cpu == o->cpu &&
	       got->set == o->set && got->pmd == o->pmd &&
	       got->flags == o->flags && got->weight == o->weight &&
	       got->nvalues == o->nvalues && got->nips == o->nips &&
	       got->nregs == o->nregs && got->stack_size == o->stack_size &&
	       same_bytes(got->values, o->values, 8 * o->nvalues) &&
	       same_bytes(got->ips, o->ips, 8 * o->nips) &&
	       same_bytes(got->regs, o->regs, 8 * o->nregs) &&
	       same_bytes(got->stack, o->stack, o->stack_size);
}

static int read_next(const struct buffer *b, size_t *cursor,
		     struct pfm_ovfl *out)
{
	return b->fmt->next(b->h, b->size, cursor, out);
}

/* All entries from the cursor on are samples of that shape, from first on. */
static uint64_t read_all(const struct buffer *b, size_t *cursor, uint64_t first,
			 struct shape as)
{
	struct pfm_ovfl o;
	uint64_t n = 0;
	int ret;

	while ((ret = read_next(b, cursor, &o)) == 1) {
		if (!same(&o, first + n, as))
			return UINT64_MAX;
		n++;
	}
	return ret == 0 ? n : UINT64_MAX;
}

static void test_arg(const struct pfm_smpl_fmt *fmt)
{
	struct pfm_ring_arg arg = { .buf_size = PFM_PROFILE_LEAST };

	is_u64(fmt->arg_size, sizeof(arg), "%s: its argument", fmt->name);
	is_i64(fmt->validate(0, 4, &arg), 0, "%s: the least size", fmt->name);
	arg.buf_size--;
	is_i64(fmt->validate(0, 4, &arg), -EINVAL, "%s: a byte less",
	       fmt->name);
	arg.buf_size = PFM_PROFILE_LEAST;
	arg.flags = PFM_RING_ADDR;
	is_i64(fmt->validate(0, 4, &arg), -EINVAL, "%s: a flag", fmt->name);
	arg.flags = 0;
	arg.reserved1 = 1;
	is_i64(fmt->validate(0, 4, &arg), -EINVAL, "%s: a reserved field",
	       fmt->name);
	arg.reserved1 = 0;
	arg.reserved[5] = 1;
	is_i64(fmt->validate(0, 4, &arg), -EINVAL, "%s: the last of them",
	       fmt->name);
}

static const struct shape shapes[] = {
	{ 0 },
	{ .nvalues = 3 },
	{ .nips = 1, .chain = 1 },
	{ .nips = MOST, .chain = 2 },
	{ .nregs = 17 },
	{ .stack = 8 },
	{ .stack = 1023 }, /* not a multiple of 8 */
	{ .nvalues = 2, .nips = 5, .chain = 3, .nregs = 3, .stack = 100 },
	{ .nvalues = 2, .nips = 5, .chain = 3, .nregs = 3, .stack = 100 },
	{ .nvalues = MOST, .nips = MOST, .chain = 4, .nregs = MOST },
};
#define NSHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Each comes back whole, whatever it has. */
static void test_fields(const struct pfm_smpl_fmt *fmt)
{
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	size_t cursor = 0;
	struct pfm_ovfl o;
	unsigned bad = 0;

	is_i64(read_next(&b, &cursor, &o), 0, "%s: empty", fmt->name);
	for (unsigned i = 0; i < NSHAPES; i++)
		bad += put(&b, i, shapes[i]) != 0 || b.ctrl != 0;
	is_u64(bad, 0, "%s: %zu entries, and no word of it", fmt->name,
	       NSHAPES);
	is_u64(b.h->half[0].half_count, NSHAPES, "%s: all in one half",
	       fmt->name);
	for (unsigned i = 0; i < NSHAPES; i++)
		bad += read_next(&b, &cursor, &o) != 1 ||
		       !same(&o, i, shapes[i]);
	is_u64(bad, 0, "%s: each comes back whole", fmt->name);
	is_i64(read_next(&b, &cursor, &o), 0, "%s: and no more", fmt->name);
	put(&b, 99, shapes[7]);
	ok(read_next(&b, &cursor, &o) == 1 && same(&o, 99, shapes[7]),
	   "%s: the cursor goes on", fmt->name);
	is_u64(b.h->ring_seq, NSHAPES + 1, "%s: overflows", fmt->name);
	is_u64(b.h->ring_lost, 0, "%s: none lost", fmt->name);
	free(b.h);
}

/* What becomes of tasks, between samples. */
static void test_tasks(const struct pfm_smpl_fmt *fmt)
{
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	struct pfm_task t = { .type = PFM_TASK_MAP,
			      .pid = 1,
			      .tid = 2,
			      .ppid = 3,
			      .ptid = 4,
			      .cpu = 5,
			      .tstamp = 6,
			      .addr = 7,
			      .len = 8,
			      .offset = 9,
			      .ino = 10,
			      .major = 11,
			      .minor = 12 };
	static const char *const names[] = { "", "1234567", "12345678",
					     "/usr/lib/libc.so.6" };
	size_t cursor = 0;
	struct pfm_ovfl o;
	unsigned bad = 0;

	for (unsigned i = 0; i < 4; i++) {
		t.name = names[i];
		bad += tell(&b, &t) != 0 || b.ctrl != 0 ||
		       put(&b, i, shapes[7]) != 0;
	}
	is_u64(bad, 0, "%s: tasks and samples", fmt->name);
	for (unsigned i = 0; i < 4; i++) {
		bad += read_next(&b, &cursor, &o) != 1 || !o.task ||
		       strcmp(o.task->name, names[i]) != 0 || o.cpu != 5;
		if (!o.task)
			break;
		t.name = o.task->name;
		bad += memcmp(o.task, &t, sizeof(t)) != 0;
		bad += read_next(&b, &cursor, &o) != 1 ||
		       !same(&o, i, shapes[7]);
	}
	is_u64(bad, 0, "%s: each in its turn, each field", fmt->name);
	is_u64(b.h->ring_seq, 4, "%s: a task is no overflow", fmt->name);
	free(b.h);
}

/* Equal chains stand once in a half; in raw each has its own. */
static void test_intern(const struct pfm_smpl_fmt *fmt, bool once)
{
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	struct shape as = { .nips = 20 };
	const uint64_t *first[3] = { NULL }, *end;
	uint64_t shared = 0, bytes, bad = 0;
	size_t cursor = 0;
	struct pfm_ovfl o;

	for (unsigned i = 0; i < 30; i++) {
		as.chain = i % 3;
		put(&b, i, as);
	}
	bytes = 30 * SAMPLE + (once ? 3 : 30) * 21 * 8;
	is_u64(b.h->half[0].half_bytes, bytes, "%s: bytes of 30 entries",
	       fmt->name);
	end = (const uint64_t *)((const char *)b.h + HEAD + bytes);
	for (unsigned i = 0; i < 30; i++) {
		as.chain = i % 3;
		bad += read_next(&b, &cursor, &o) != 1 || !same(&o, i, as) ||
		       o.ips + o.nips > end;
		shared += o.ips == first[i % 3];
		if (!first[i % 3])
			first[i % 3] = o.ips;
	}
	is_u64(bad, 0, "%s: each has its chain", fmt->name);
	is_u64(shared, once ? 27 : 0, "%s: of an entry before", fmt->name);
	free(b.h);
}

/* Chains that are nearly alike are not taken for each other. */
static void test_alike(void)
{
	struct buffer b = buffer_new(profile, 4 << 20);
	static struct sample s;
	struct pfm_ovfl o;
	size_t cursor = 0;
	uint64_t bad = 0;

	for (unsigned i = 0; i < 4000; i++) {
		fill(&s, i, (struct shape){ .nips = 8 + i % 3 });
		s.ips[7] = i / 3; /* the last word, or not the last */
		give(&b, &s.o);
	}
	for (unsigned i = 0; i < 4000; i++) {
		if (read_next(&b, &cursor, &o) != 1)
			break;
		fill(&s, i, (struct shape){ .nips = 8 + i % 3 });
		s.ips[7] = i / 3;
		bad += o.nips != s.o.nips ||
		       !same_bytes(o.ips, s.ips, 8 * o.nips);
	}
	is_u64(bad, 0, "profile: 4000 chains, more than it looks for");
	is_u64(b.h->half[0].half_count, 4000, "profile: all are there");
	free(b.h);
}

/*
 * Both halves in turn.  An entry takes each bytes when its chain stands already,
 * but room is asked for as if it did not: full.
 */
static void test_halves(const struct pfm_smpl_fmt *fmt)
{
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	struct shape as = { .nvalues = 1, .nips = 30 };
	const struct pfm_ring_hdr *h = b.h;
	bool once = fmt == profile;
	uint64_t full = SAMPLE + 8 + 31 * 8, each = once ? SAMPLE + 8 : full;
	uint64_t n, m = 0, i = 0;
	size_t cursor = 0;

	/* As many as there is room for with a chain of their own. */
	n = 0;
	for (uint64_t used = 0; h->ring_half_size - used >= full; n++)
		used += n ? each : full;
	while (i < n)
		m += put(&b, i++, as) != 0 || b.ctrl != 0;
	is_u64(m, 0, "%s: %" PRIu64 " entries in silence", fmt->name, n);
	is_u64(h->ring_handed, 0, "%s: no half is handed", fmt->name);
	is_u64(pfm_ring_handed(h), 0, "%s: nor one the reader's", fmt->name);
	put(&b, i++, as);
	is_u64(b.ctrl, PFM_OVFL_CTRL_NOTIFY, "%s: the next one asks for it",
	       fmt->name);
	ok(h->ring_handed == 1 && h->half[0].half_count == n &&
		   h->half[1].half_count == 1,
	   "%s: it is the first of the other half", fmt->name);
	is_u64(h->half[1].half_bytes, full, "%s: with a chain of its own",
	       fmt->name);
	for (m = 0; i < 2 * n; i++)
		m += put(&b, i, as) != 0 || b.ctrl != 0;
	is_u64(m, 0, "%s: which fills as the first one", fmt->name);
	is_i64(put(&b, i, as), 0, "%s: one more", fmt->name);
	ok(b.ctrl == PFM_OVFL_CTRL_NOTIFY && h->ring_handed == 2 &&
		   h->ring_lost == 1,
	   "%s: is lost, and the reader told", fmt->name);
	for (m = 0; m < 5; m++)
		put(&b, i + m, as);
	ok(b.ctrl == 0 && h->ring_lost == 6 && h->ring_seq == 2 * n + 6,
	   "%s: later ones are lost in silence", fmt->name);
	is_u64(read_all(&b, &cursor, 0, as), 2 * n, "%s: both halves are read",
	       fmt->name);
	give_back(&b);
	ok(h->ring_given == 1 && pfm_ring_handed(h) == 1,
	   "%s: one is given back", fmt->name);
	put(&b, i, as);
	is_u64(read_all(&b, &cursor, i, as), 1,
	       "%s: the cursor holds over it, and what is written there",
	       fmt->name);
	is_u64(h->half[0].half_bytes, full,
	       "%s: old chains of the half are forgotten", fmt->name);
	give_back(&b);
	give_back(&b);
	ok(h->ring_given == 2 && h->half[0].half_count == 1,
	   "%s: what grows cannot be given back", fmt->name);
	cursor = 0;
	is_u64(read_all(&b, &cursor, i, as), 1, "%s: a reader from the start",
	       fmt->name);
	free(b.h);
}

/* By sizes, in both formats: to the last byte of a half. */
static void test_exact_room(const struct pfm_smpl_fmt *fmt)
{
	static unsigned char big[65536];
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	const struct pfm_ring_hdr *h = b.h;
	struct pfm_ovfl o = { .stack = big };
	struct pfm_task t = { .type = PFM_TASK_COMM, .name = "x" };
	size_t cursor = 0;
	struct pfm_ovfl got;

	o.stack_size = h->ring_half_size - SAMPLE + 1;
	is_i64(give(&b, &o), 0, "%s: larger than a half", fmt->name);
	ok(h->ring_lost == 1 && b.ctrl == 0 && h->ring_handed == 0,
	   "%s: is lost, and no half is handed for it", fmt->name);
	o.stack_size = h->ring_half_size - SAMPLE;
	give(&b, &o);
	ok(h->ring_lost == 1 && h->half[0].half_bytes == h->ring_half_size,
	   "%s: as large as a half fits", fmt->name);
	o.stack_size -= TASK + 8;
	give(&b, &o);
	ok(b.ctrl == PFM_OVFL_CTRL_NOTIFY && h->half[1].half_count == 1,
	   "%s: larger than what is left goes to the other", fmt->name);
	is_i64(tell(&b, &t), 0, "%s: a task in all that is left", fmt->name);
	ok(b.ctrl == 0 && h->half[1].half_bytes == h->ring_half_size &&
		   h->ring_handed == 1,
	   "%s: fits", fmt->name);
	is_i64(tell(&b, &t), -ENOBUFS, "%s: another one does not", fmt->name);
	ok(b.ctrl == PFM_OVFL_CTRL_NOTIFY && h->ring_handed == 2,
	   "%s: and the reader is told", fmt->name);
	is_u64(h->ring_lost, 1, "%s: it is no overflow", fmt->name);
	for (unsigned i = 0; i < 3; i++)
		ok(read_next(&b, &cursor, &got) == 1 && !got.task == (i < 2),
		   "%s: entry %u is read", fmt->name, i);
	is_i64(read_next(&b, &cursor, &got), 0, "%s: and no more", fmt->name);
	free(b.h);
}

/* Reading everything that an entry points to, so that a sanitizer sees it. */
static uint64_t touch_entry(const struct pfm_ovfl *o)
{
	uint64_t sum = o->ip;

	for (unsigned i = 0; i < o->nvalues; i++)
		sum += o->values[i];
	for (uint32_t i = 0; i < o->nips; i++)
		sum += o->ips[i];
	for (uint32_t i = 0; i < o->nregs; i++)
		sum += o->regs[i];
	for (uint64_t i = 0; i < o->stack_size; i++)
		sum += ((const unsigned char *)o->stack)[i];
	if (o->task)
		sum += strlen(o->task->name);
	return sum;
}

static bool within(const struct buffer *b, size_t size, const void *p,
		   uint64_t bytes)
{
	uint64_t at = (uint64_t)((uintptr_t)p - (uintptr_t)b->h);

	return bytes == 0 || (at <= size && bytes <= size - at);
}

static bool entry_within(const struct buffer *b, size_t size,
			 const struct pfm_ovfl *o)
{
	return within(b, size, o->values, 8 * (uint64_t)o->nvalues) &&
	       within(b, size, o->ips, 8 * (uint64_t)o->nips) &&
	       within(b, size, o->regs, 8 * (uint64_t)o->nregs) &&
	       within(b, size, o->stack, o->stack_size) &&
	       (!o->task ||
		within(b, size, o->task->name, strlen(o->task->name) + 1));
}

/* What was read is used: a compiler cannot leave the reading out. */
static volatile uint64_t sink;

/* To the end or to -EINVAL, with every entry inside of size bytes. */
static bool read_damaged(const struct buffer *b, size_t size, int *end)
{
	struct pfm_ovfl o;
	size_t cursor = 0;
	int ret = 0;

	/* No entry is smaller than its head. */
	for (size_t n = 0; n <= size / 24; n++) {
		ret = b->fmt->next(b->h, size, &cursor, &o);
		if (ret != 1)
			break;
		if (!entry_within(b, size, &o))
			return false;
		sink += touch_entry(&o);
	}
	*end = ret;
	return ret == 0 || ret == -EINVAL;
}

/* A small buffer in use: something in both halves, one handed. */
static struct buffer damaged_new(const struct pfm_smpl_fmt *fmt, size_t *used)
{
	struct buffer b = buffer_new(fmt, PFM_PROFILE_LEAST);
	struct pfm_task t = { .type = PFM_TASK_COMM, .name = "a name" };

	/* A header that tells of smaller halves, to have them side by side. */
	b.h->ring_half_size = 1536;
	for (unsigned i = 0; i < 5; i++) {
		struct shape as = { .nvalues = 2,
				    .nips = 6,
				    .chain = i % 2,
				    .nregs = 2,
				    .stack = i * 20 };
		put(&b, i, as);
		tell(&b, &t);
	}
	put(&b, 9, (struct shape){ .stack = 900 });
	*used = HEAD + 2 * 1536;
	return b;
}

static void test_damaged(const struct pfm_smpl_fmt *fmt)
{
	static const unsigned char bits[] = { 0x01, 0x04, 0x80, 0xff };
	size_t used, refused = 0, bad = 0;
	struct buffer b = damaged_new(fmt, &used), copy = b;
	int end = 1;

	ok(read_damaged(&b, b.size, &end) && end == 0,
	   "%s: a buffer that is whole", fmt->name);
	ok(b.h->ring_handed == 1 && b.h->half[1].half_count > 0,
	   "%s: of two halves", fmt->name);
	/* Of the size that is needed, so that what is behind it is not ours. */
	copy.h = malloc(used);
	for (size_t i = 0; i < used * 4; i++) {
		memcpy(copy.h, b.h, used);
		((unsigned char *)copy.h)[i / 4] ^= bits[i % 4];
		bad += !read_damaged(&copy, used, &end);
		refused += end < 0;
	}
	is_u64(bad, 0, "%s: each byte of %zu changed", fmt->name, used);
	ok(refused > 100, "%s: %zu times it was seen", fmt->name, refused);
	free(copy.h);
	for (size_t size = 0; size < used; size++) {
		copy.h = malloc(size ? size : 1);
		memcpy(copy.h, b.h, size);
		bad += !read_damaged(&copy, size, &end) || end != -EINVAL;
		free(copy.h);
	}
	is_u64(bad, 0, "%s: cut to any size it is refused", fmt->name);
	free(b.h);
}

/* Cursors nobody gave. */
static void test_cursors(const struct pfm_smpl_fmt *fmt)
{
	size_t used, bad = 0;
	struct buffer b = damaged_new(fmt, &used);
	struct pfm_ovfl o;

	for (size_t i = 0; i < 3 * b.size; i++) {
		size_t cursor = i < b.size * 2 ? i : SIZE_MAX - i;
		int ret = b.fmt->next(b.h, used, &cursor, &o);

		bad += ret < -EINVAL || ret > 1 ||
		       (ret == 1 && !entry_within(&b, used, &o));
	}
	is_u64(bad, 0, "%s: any cursor", fmt->name);
	free(b.h);
}

/* The histogram. */
static struct pfm_hist_hdr *hist_new(uint64_t size)
{
	struct pfm_hist_arg arg = { .buf_size = size };
	struct pfm_hist_hdr *h = NULL;
	size_t bytes = 0;

	if (hist->validate(0, 4, &arg) == 0 &&
	    hist->size(0, &arg, &bytes) == 0 && bytes == size)
		h = calloc(1, bytes);
	if (!h || hist->init(h, 0, 4, &arg) != 0)
		abort();
	return h;
}

static void hist_arg(void)
{
	struct pfm_hist_arg arg = { .buf_size = 64 + 64 * 32 };

	is_u64(hist->arg_size, 64, "hist: its argument");
	is_i64(hist->validate(0, 4, &arg), 0, "hist: 64 entries");
	arg.buf_size--;
	is_i64(hist->validate(0, 4, &arg), -EINVAL, "hist: and no less");
	arg.buf_size++;
	arg.reserved[6] = 1;
	is_i64(hist->validate(0, 4, &arg), -EINVAL, "hist: a reserved field");
}

/* Address a, i times; with a weight of its own or its period. */
static struct pfm_ovfl hist_ovfl(uint64_t a, uint64_t i)
{
	return (struct pfm_ovfl){ .ip = 0x1000 + a / 8 * 16,
				  .tgid = 10 + (a & 1),
				  .tid = (uint32_t)i,
				  .pmd = a & 2 ? 3 : 4,
				  .set = a & 4 ? 1 : 0,
				  .last_reset = -UINT64_C(1000),
				  .weight = i % 2 ? 0 : i };
}

static void hist_exact(void)
{
	static uint64_t count[400], weight[400];
	uint64_t size = 64 + 2000 * 32, n = 0, odd = 0;
	struct pfm_hist_hdr *h = hist_new(size);
	struct pfm_ovfl o;
	size_t cursor = 0;
	uint32_t ctrl = 7;

	is_i64(hist->next(h, (size_t)size, &cursor, &o), 0, "hist: empty");
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t a = i * 7919 % 400 * (i * 31 % 400) / 400;

		o = hist_ovfl(a, i);
		odd += hist->handler(h, &o, &ctrl) != 0 || ctrl != 0;
		count[a]++;
		weight[a] += o.weight ? o.weight : 1000;
	}
	is_u64(odd, 0, "hist: 100000 overflows, and no word of it");
	cursor = 0;
	while (hist->next(h, (size_t)size, &cursor, &o) == 1) {
		uint64_t a = (o.ip - 0x1000) / 16 * 8 + (o.tgid & 1) +
			     (o.pmd == 3 ? 2 : 0) + (o.set ? 4 : 0);

		n++;
		if (a >= 400 || o.nvalues != 1 || *o.values != count[a] ||
		    o.weight != weight[a] || o.tstamp || o.task || o.nips) {
			odd++;
			continue;
		}
		count[a] = weight[a] = 0;
	}
	is_u64(odd, 0, "hist: each address once, its count and weight exact");
	for (unsigned a = 0; a < 400; a++)
		odd += count[a] != 0;
	is_u64(odd, 0, "hist: none is left out");
	ok(n > 100 && h->hist_used == n, "hist: %" PRIu64 " entries", n);
	ok(h->hist_seq == 100000 && h->hist_lost == 0, "hist: none is lost");
	is_i64(hist->next(h, (size_t)size, &cursor, &o), 0, "hist: the end");
	free(h);
}

/* 64 entries are all looked at: so many addresses, and not one more. */
static void hist_full(void)
{
	uint64_t size = 64 + 64 * 32, n = 0, sum = 0;
	struct pfm_hist_hdr *h = hist_new(size);
	struct pfm_ovfl o;
	size_t cursor = 0;
	uint32_t ctrl;

	for (uint64_t i = 0; i < 1000; i++) {
		o = (struct pfm_ovfl){ .ip = i % 100, .weight = 1 };
		hist->handler(h, &o, &ctrl);
	}
	is_u64(h->hist_entries, 64, "hist: a table of 64");
	is_u64(h->hist_used, 64, "hist: is full");
	is_u64(h->hist_lost, 360, "hist: what finds no entry is lost");
	is_u64(h->hist_seq, 1000, "hist: and counted");
	for (; hist->next(h, (size_t)size, &cursor, &o) == 1; n++)
		sum += o.weight + *o.values;
	is_u64(n, 64, "hist: so many are read");
	is_u64(sum, 2 * 640, "hist: with all their counts");
	free(h);
}

static bool hist_read(const struct pfm_hist_hdr *h, size_t size, int *end)
{
	struct pfm_ovfl o;
	size_t cursor = 0;
	uint64_t sum = 0;
	int ret = 0;

	for (size_t n = 0; n <= size / 32; n++) {
		ret = hist->next(h, size, &cursor, &o);
		if (ret != 1)
			break;
		if ((uintptr_t)o.values - (uintptr_t)h > size - 8)
			return false;
		sum += *o.values;
	}
	*end = ret;
	return ret == 0 || (ret == -EINVAL && sum == 0);
}

static void hist_damaged(void)
{
	size_t size = 64 + 64 * 32, bad = 0, refused = 0, cursor;
	struct pfm_hist_hdr *h = hist_new(size), *copy;
	struct pfm_ovfl o;
	uint32_t ctrl;
	int end;

	for (uint64_t i = 0; i < 50; i++) {
		o = (struct pfm_ovfl){ .ip = i, .weight = 1 };
		hist->handler(h, &o, &ctrl);
	}
	for (size_t i = 0; i < size * 8; i++) {
		((unsigned char *)h)[i / 8] ^= (unsigned char)(1u << i % 8);
		bad += !hist_read(h, size, &end);
		refused += end < 0;
		((unsigned char *)h)[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	is_u64(bad, 0, "hist: each bit changed");
	/* hist_entries has 64 bits; 64 entries are one of them. */
	is_u64(refused, 63, "hist: more entries than there is room for");
	for (size_t n = 0; n < size; n++) {
		copy = malloc(n ? n : 1);
		memcpy(copy, h, n);
		bad += !hist_read(copy, n, &end) || end != -EINVAL;
		free(copy);
	}
	is_u64(bad, 0, "hist: cut to any size it is refused");
	for (size_t i = 0; i < 300; i++) {
		cursor = i < 200 ? i : SIZE_MAX - i + 200;
		end = hist->next(h, size, &cursor, &o);
		bad += end != 0 && end != 1;
	}
	is_u64(bad, 0, "hist: any cursor");
	free(h);
}

int main(void)
{
	const struct pfm_smpl_fmt *both[2];

	smpl_register_builtin();
	both[0] = profile = pfm_fmt_find(PFM_PROFILE_NAME);
	both[1] = raw = pfm_fmt_find(PFM_RAW_NAME);
	hist = pfm_fmt_find(PFM_HIST_NAME);
	if (!ok(profile && raw && hist, "three formats of their names"))
		return done_testing();
	for (unsigned i = 0; i < 2; i++) {
		test_arg(both[i]);
		test_fields(both[i]);
		test_tasks(both[i]);
		test_intern(both[i], i == 0);
		test_halves(both[i]);
		test_exact_room(both[i]);
		test_damaged(both[i]);
		test_cursors(both[i]);
	}
	test_alike();
	hist_arg();
	hist_exact();
	hist_full();
	hist_damaged();
	return done_testing();
}
