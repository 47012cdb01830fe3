/* SPDX-License-Identifier: MIT
 *
 * t-smpl.c - the sampling formats "default" and "ring", called as the library
 * calls them, on buffers of the test's own: exact numbers of entries, of
 * notifications and of losses, and readers that trust nothing.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include <perfmon/perfmon_dfl_smpl.h>
#include <pfmcore_fmt.h>
#include <pfmcore_ring.h>

#include "sampling.h"
#include "tap.h"

static const struct pfm_smpl_fmt *dfl, *ring;

/* Overflow number i, each field of its own; with i in every value. */
static struct pfm_ovfl overflow(uint64_t i, unsigned nvalues, uint64_t *values)
{
	for (unsigned k = 0; k < nvalues; k++)
		values[k] = i << 16 | k;
	return (struct pfm_ovfl){
		.ip = 0x400000 + i,
		.addr = 0x7f0000000000 + i,
		.tstamp = 1000000 + 10 * i,
		.last_reset = -UINT64_C(1000),
		.eventid = 77,
		.tid = 100 + i % 3,
		.tgid = 100,
		.cpu = (uint16_t)(i % 5),
		.set = (uint16_t)(i % 2),
		.pmd = (uint16_t)(i % 7),
		.nvalues = (uint16_t)nvalues,
		.values = values,
	};
}

/* Is it overflow number i, but for the fields a format does not keep? */
static bool same(const struct pfm_ovfl *got, uint64_t i, unsigned nvalues)
{
	uint64_t values[PFM_MAX_PMDS];
	struct pfm_ovfl o = overflow(i, nvalues, values);

	return got->ip == o.ip && got->tstamp == o.tstamp &&
	       got->last_reset == o.last_reset && got->tid == o.tid &&
	       got->tgid == o.tgid && got->cpu == o.cpu && got->set == o.set &&
	       got->pmd == o.pmd && got->nvalues == nvalues &&
	       memcmp(got->values, values, nvalues * sizeof(*values)) == 0;
}

/* A buffer with its header, as pfm_create_context() makes it. */
static void *buffer_new(const struct pfm_smpl_fmt *fmt, const void *arg,
			unsigned npmds, size_t *size)
{
	void *buf;

	if (fmt->validate(0, npmds, arg) != 0 || fmt->size(0, arg, size) != 0 ||
	    *size == 0)
		return NULL;
	buf = calloc(1, *size);
	if (buf && fmt->init(buf, 0, npmds, arg) == 0)
		return buf;
	free(buf);
	return NULL;
}

static void *dfl_new(uint64_t size, unsigned npmds)
{
	pfm_dfl_smpl_arg_t arg = { .buf_size = size, .buf_flags = 5 };
	size_t bytes;

	return buffer_new(dfl, &arg, npmds, &bytes);
}

/* Overflows until the handler says that the buffer is full. */
static uint64_t fill(void *buf, uint64_t first, unsigned nvalues, int *wrong)
{
	uint64_t values[PFM_MAX_PMDS], n = 0;
	uint32_t ctrl;
	int ret;

	do {
		struct pfm_ovfl o = overflow(first + n++, nvalues, values);

		ctrl = 0;
		ret = dfl->handler(buf, &o, &ctrl);
		if (ret == 0 && ctrl != PFM_OVFL_CTRL_RESET)
			++*wrong;
	} while (ret == 0 && n < 1000000);
	if (ret != -ENOBUFS ||
	    ctrl != (PFM_OVFL_CTRL_NOTIFY | PFM_OVFL_CTRL_MASK))
		++*wrong;
	return n;
}

/* Entries from the cursor on, each the next overflow in turn. */
static uint64_t read_all(const struct pfm_smpl_fmt *fmt, const void *buf,
			 size_t size, size_t *cursor, uint64_t first,
			 unsigned nvalues)
{
	struct pfm_ovfl o;
	uint64_t n = 0;
	int ret;

	while ((ret = fmt->next(buf, size, cursor, &o)) == 1) {
		if (!same(&o, first + n, nvalues))
			return UINT64_MAX;
		n++;
	}
	return ret == 0 ? n : UINT64_MAX;
}

static void test_dfl_validate(void)
{
	static const unsigned npmds[] = { 0, 1, 4, 63, 320 };
	pfm_dfl_smpl_arg_t arg = { 0 };

	is_u64(dfl->arg_size, 64, "default: its argument has 64 bytes");
	is_i64(dfl->validate(0, 4, &arg), -EINVAL, "default: size 0");
	for (size_t i = 0; i < sizeof(npmds) / sizeof(npmds[0]); i++) {
		arg.buf_size = 128 + 40 + 8 * npmds[i];
		is_i64(dfl->validate(0, npmds[i], &arg), 0,
		       "default: one entry of %u PMDs is enough", npmds[i]);
		arg.buf_size--;
		is_i64(dfl->validate(0, npmds[i], &arg), -EINVAL,
		       "default: and a byte less is not");
	}
}

/* reference, section 9.2, the bytes themselves. */
static void test_dfl_layout(void)
{
	uint64_t values[2];
	struct pfm_ovfl o = overflow(3, 2, values);
	char *buf = dfl_new(1001, 4);
	uint32_t ctrl = 0;

#define AT(type, offset) ((uint64_t) * (const type *)(buf + (offset)))
	is_u64(AT(uint64_t, 0), 0, "default: no entries");
	is_u64(AT(uint64_t, 8), 128, "default: 128 bytes used");
	is_u64(AT(uint64_t, 24), 1001, "default: the size that was asked for");
	is_u64(AT(uint64_t, 32), 72, "default: the largest entry");
	is_u64(AT(uint32_t, 40), 0x10000, "default: version 1.0");
	is_u64(AT(uint32_t, 44), 5, "default: the flags");
	dfl->handler(buf, &o, &ctrl);
	is_u64(AT(uint64_t, 0), 1, "default: one entry");
	is_u64(AT(uint64_t, 8), 128 + 56, "default: it takes 56 bytes");
	is_u64(AT(uint32_t, 128), o.tid, "default: thread");
	is_u64(AT(uint16_t, 132), o.pmd, "default: PMD");
	is_u64(AT(uint64_t, 136), o.last_reset, "default: last reset value");
	is_u64(AT(uint64_t, 144), o.ip, "default: ip");
	is_u64(AT(uint64_t, 152), o.tstamp, "default: time stamp");
	is_u64(AT(uint16_t, 160), o.cpu, "default: CPU");
	is_u64(AT(uint16_t, 162), o.set, "default: set");
	is_u64(AT(uint32_t, 164), o.tgid, "default: process");
	is_u64(AT(uint64_t, 168), values[0], "default: first value");
	is_u64(AT(uint64_t, 176), values[1], "default: second value");
#undef AT
	free(buf);
}

/* The number of entries of a full buffer, for what may make it odd. */
static void test_dfl_arithmetic(void)
{
	static const unsigned nvalues[] = { 0, 1, 2, 3, 7, 31 };
	static const unsigned npmds[] = { 0, 1, 4, 31, 64, 320 };
	unsigned cases = 0, bad = 0;
	int wrong = 0;

	for (size_t i = 0; i < 36; i++) {
		unsigned n = nvalues[i % 6], p = npmds[i / 6];

		if (n > p)
			continue;
		for (uint64_t left = 0; left < 20000; left += 1 + left / 2) {
			uint64_t size = 128 + 40 + 8 * p + left, got, room;
			pfm_dfl_smpl_hdr_t *h = dfl_new(size, p);
			size_t cursor = 0;

			room = dfl->room(h, n);
			got = fill(h, 1, n, &wrong);
			cases++;
			bad += got != left / (40 + 8 * n) + 1 || room != got ||
			       h->hdr_count != got || h->hdr_overflows != 1 ||
			       dfl->room(h, n) != 0 ||
			       read_all(dfl, h, size, &cursor, 1, n) != got;
			free(h);
		}
	}
	ok(cases > 400, "default: %u sizes", cases);
	is_u64(bad, 0, "default: entries of a full buffer, room, and reading");
	is_i64(wrong, 0, "default: RESET, and at the end NOTIFY and MASK");
}

static void test_dfl_restart(void)
{
	pfm_dfl_smpl_hdr_t *h = dfl_new(1000, 3);
	uint64_t values[3], per, n = 0;
	struct pfm_ovfl o = overflow(0, 3, values);
	uint32_t ctrl = 0;
	size_t cursor = 0;
	int wrong = 0;

	per = fill(h, n, 3, &wrong);
	is_u64(per, 13, "default: 13 entries of 64 bytes in 1000");
	is_i64(dfl->handler(h, &o, &ctrl), -ENOBUFS, "default: full is full");
	is_u64(h->hdr_count, per, "default: and nothing is added");
	is_u64(h->hdr_overflows, 2, "default: but an overflow counted");
	for (int i = 0; i < 3; i++) {
		is_u64(read_all(dfl, h, 1000, &cursor, n, 3), per,
		       "default: a full buffer is read");
		is_u64(read_all(dfl, h, 1000, &cursor, n, 3), 0,
		       "default: once");
		n += per;
		ctrl = 0;
		is_i64(dfl->restart(h, false, &ctrl), 0, "default: restart");
		is_u64(ctrl, PFM_OVFL_CTRL_RESET, "default: asks for RESET");
		ok(h->hdr_count == 0 && h->hdr_cur_offs == 128,
		   "default: the buffer is empty");
		is_u64(read_all(dfl, h, 1000, &cursor, n, 3), 0,
		       "default: the reader finds nothing");
		is_u64(h->hdr_overflows, (uint64_t)i + 2,
		       "default: overflows are kept");
		is_u64(fill(h, n, 3, &wrong), per, "default: and filled again");
	}
	is_i64(wrong, 0, "default: RESET, and at the end NOTIFY and MASK");
	free(h);
}

/* A reader that comes and goes while the buffer grows, and is restarted. */
static void test_dfl_cursor(void)
{
	pfm_dfl_smpl_hdr_t *h = dfl_new(4096, 8);
	uint64_t values[8], sum = 0, n;
	size_t cursor = 0;
	uint32_t ctrl;

	for (n = 0; n < 5000; n++) {
		struct pfm_ovfl o = overflow(n, 2, values);
		bool full = dfl->handler(h, &o, &ctrl) != 0;

		if (full || n % 11 == 0)
			sum += read_all(dfl, h, 4096, &cursor, sum, 2);
		if (full)
			dfl->restart(h, false, &ctrl);
	}
	sum += read_all(dfl, h, 4096, &cursor, sum, 2);
	is_u64(sum, 5000, "default: each entry once, with one cursor");
	free(h);
}

/* Bytes of any kind; returns how often next() went on for ever. */
static unsigned scramble(const struct pfm_smpl_fmt *fmt, const void *good,
			 size_t size, size_t first)
{
	unsigned endless = 0, seed = 12345;
	char *buf = malloc(size);

	for (int round = 0; round < 3000; round++) {
		struct pfm_ovfl o;
		size_t cursor = 0, n = 0, sum = 0;

		memcpy(buf, good, size);
		for (int k = 0; k <= round % 4; k++) {
			size_t at;

			seed = seed * 1664525 + 1013904223;
			at = (seed >> 8) % (round & 1 ? first : size);
			buf[at] = (char)(seed >> 24);
		}
		if (round % 5 == 0)
			cursor = seed;
		/* the values are touched, for ASan to look */
		while (fmt->next(buf, size, &cursor, &o) == 1 && n < size) {
			for (unsigned i = 0; i < o.nvalues; i++)
				sum += o.values[i];
			n++;
		}
		endless += n >= size || sum == 1;
	}
	free(buf);
	return endless;
}

static void test_dfl_hostile(void)
{
	size_t size = 2000, cursor;
	pfm_dfl_smpl_hdr_t *h = dfl_new(size, 4), bad;
	pfm_dfl_smpl_entry_t *e = (void *)(h + 1);
	struct pfm_ovfl o = { 0 };
	int wrong = 0;

	fill(h, 0, 4, &wrong);
	bad = *h;
	is_i64(dfl->next(h, 127, &(size_t){ 0 }, &o), -EINVAL,
	       "default: less than a header");
	is_i64(dfl->next(h, 500, &(size_t){ 0 }, &o), -EINVAL,
	       "default: less than the header says");
	h->hdr_cur_offs = 127;
	is_i64(dfl->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "default: an end in the header");
	h->hdr_cur_offs = UINT64_MAX;
	is_i64(dfl->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "default: an end behind all");
	h->hdr_cur_offs = 128 + 32;
	is_i64(dfl->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "default: an entry cut short");
	*h = bad;
	e->reserved = 65535;
	is_i64(dfl->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "default: values that are not there");
	e->reserved = 4;
	cursor = SIZE_MAX;
	ok(dfl->next(h, size, &cursor, &o) >= -EINVAL,
	   "default: any cursor at all");
	is_u64(scramble(dfl, h, size, 128), 0,
	       "default: next() comes to an end in 3000 damaged buffers");
	free(h);
}

static void *ring_new(uint64_t size, unsigned npmds, uint32_t flags)
{
	struct pfm_ring_arg arg = { .buf_size = size, .flags = flags };
	size_t bytes;

	return buffer_new(ring, &arg, npmds, &bytes);
}

static void test_ring_validate(void)
{
	struct pfm_ring_arg arg = { .buf_size = 256 + 2 * (24 + 40 + 8 * 4) };

	is_u64(ring->arg_size, 64, "ring: its argument has 64 bytes");
	is_i64(ring->validate(0, 4, &arg), 0, "ring: two entries are enough");
	arg.buf_size--;
	is_i64(ring->validate(0, 4, &arg), -EINVAL, "ring: a byte less is not");
	arg.buf_size = 4096;
	arg.flags = 2;
	is_i64(ring->validate(0, 4, &arg), -EINVAL, "ring: a flag not known");
	arg.flags = PFM_RING_ADDR;
	is_i64(ring->validate(0, 4, &arg), 0, "ring: a flag");
	arg.reserved[5] = 1;
	is_i64(ring->validate(0, 4, &arg), -EINVAL, "ring: a reserved field");
}

/* Number n to the ring, which must answer 0; its ctrl. */
static uint32_t give(void *buf, uint64_t n, unsigned nvalues)
{
	uint64_t values[PFM_MAX_PMDS];
	struct pfm_ovfl o = overflow(n, nvalues, values);
	uint32_t ctrl = UINT32_MAX;

	return ring->handler(buf, &o, &ctrl) == 0 ? ctrl : UINT32_MAX;
}

/* Halves of 960 bytes, entries of 32, the largest there can be of 96. */
static void test_ring_turns(void)
{
	struct pfm_ring_hdr *h = ring_new(256 + 1920, 4, 0);
	uint64_t n = 0, handed_at[2] = { 0 }, before;
	uint32_t ctrl = 0;
	size_t cursor = 0;

	while (n < 1000 && h->ring_handed < 2) {
		ctrl = give(h, n++, 1);
		if (ctrl == PFM_OVFL_CTRL_NOTIFY)
			handed_at[h->ring_handed - 1] = n;
		else if (ctrl != 0)
			break;
	}
	is_u64(handed_at[0], 28, "ring: 28 entries of 32 bytes in 960");
	is_u64(handed_at[1], 56, "ring: and as many in the other half");
	is_u64(pfm_ring_handed(h), 2, "ring: two halves are the reader's");
	for (int i = 0; i < 9; i++)
		ctrl |= give(h, n++, 1);
	is_u64(ctrl, PFM_OVFL_CTRL_NOTIFY, "ring: nothing is asked for then");
	is_u64(h->ring_lost, 9, "ring: nine are lost");
	is_u64(h->ring_seq, 65, "ring: of 65");
	before = read_all(ring, h, 2176, &cursor, 0, 1);
	is_u64(before, 56, "ring: both halves are read, in order");
	ctrl = UINT32_MAX;
	is_i64(ring->restart(h, true, &ctrl), 0, "ring: restart");
	is_u64(ctrl, 0, "ring: nothing is reset");
	is_u64(pfm_ring_handed(h), 1, "ring: one half is given back");
	is_u64(give(h, n++, 1), 0, "ring: and takes an entry");
	is_u64(h->half[0].half_seq, 65, "ring: its first is number 65");
	is_u64(h->half[0].half_lost, 9, "ring: after 9 lost ones");
	is_u64(read_all(ring, h, 2176, &cursor, 65, 1), 1,
	       "ring: the reader goes on where it was");
	ring->restart(h, true, &ctrl);
	ring->restart(h, true, &ctrl);
	is_u64(pfm_ring_handed(h), 0, "ring: one restart too many is none");
	is_u64(h->half[0].half_count, 1, "ring: the growing half stays");
	cursor = 0;
	is_u64(read_all(ring, h, 2176, &cursor, 65, 1), 1,
	       "ring: a new reader begins at the oldest");
	free(h);
}

/* Each field that may be left out, and each way to have it. */
static void test_ring_fields(void)
{
	struct pfm_ring_hdr *h = ring_new(65536, 320, PFM_RING_ADDR);
	uint64_t values[PFM_MAX_PMDS];
	unsigned bad = 0, n;
	struct pfm_ovfl o, got;
	size_t cursor = 0;
	uint32_t ctrl;

	for (n = 0; n < 128; n++) {
		o = overflow(0, n & 1 ? 320 : 0, values);
		o.tstamp += n & 2 ? UINT64_C(1) << 40 : 0;
		o.tstamp -= n & 4 ? 500 : 0;
		o.tgid += n & 8 ? 7 : 0;
		o.last_reset -= n & 16 ? 7 : 0;
		o.eventid = n & 32 ? UINT64_MAX : 77;
		o.addr = n & 64 ? 99 : 0;
		o.flags = n & 1 ? PFM_OVFL_POLLED : 0;
		ring->handler(h, &o, &ctrl);
		bad += ring->next(h, 65536, &cursor, &got) != 1 ||
		       got.tstamp != o.tstamp || got.tgid != o.tgid ||
		       got.last_reset != o.last_reset || got.ip != o.ip ||
		       got.eventid != o.eventid || got.addr != o.addr ||
		       got.flags != o.flags || got.nvalues != o.nvalues ||
		       memcmp(got.values, values, o.nvalues * 8ul) != 0;
		while (pfm_ring_handed(h) > 0)
			ring->restart(h, true, &ctrl);
	}
	is_u64(bad, 0, "ring: all fields come back in 128 combinations");
	is_u64(h->ring_lost, 0, "ring: none was lost");
	o = overflow(0, 0, values);
	free(h);
	h = ring_new(4096, 4, 0);
	ring->handler(h, &o, &ctrl);
	cursor = 0;
	ring->next(h, 4096, &cursor, &got);
	is_u64(got.addr, 0, "ring: no address without the flag");
	is_u64(h->half[0].half_bytes, 24, "ring: 24 bytes without values");
	free(h);
}

/* What it promises: so many are surely taken, in whatever entries. */
static void test_ring_room(void)
{
	struct pfm_ring_hdr *h = ring_new(8192, 8, 0);
	unsigned room, bad = 0;
	uint64_t n = 0;

	for (int i = 0; i < 100; i++) {
		uint32_t ctrl = 0;

		room = ring->room(h, 3);
		bad += room == 0;
		for (unsigned k = 1; k < room && !ctrl; k++)
			ctrl |= give(h, n++, 3);
		bad += ctrl != 0;
		if (give(h, n++, 3) == PFM_OVFL_CTRL_NOTIFY)
			ring->restart(h, true, &ctrl);
	}
	is_u64(bad, 0, "ring: room is kept");
	is_u64(h->ring_lost, 0, "ring: and nothing lost");
	free(h);
}

struct shared {
	pthread_mutex_t lock; /* the context's: handler and restart */
	struct pfm_ring_hdr *h;
	size_t size;
	_Atomic bool done;
	uint64_t read, gaps, bad;
};

/* As the header of the format tells; it reads the growing half too. */
static void *reader(void *arg)
{
	struct shared *s = arg;
	uint64_t expect = 0;
	size_t cursor = 0;
	bool done;

	do {
		uint64_t handed;
		struct pfm_ovfl o;
		uint32_t ctrl;
		int ret;

		done = s->done;
		handed = pfm_ring_handed(s->h);
		while ((ret = ring->next(s->h, s->size, &cursor, &o)) == 1) {
			uint64_t i = o.ip - 0x400000;

			s->gaps += i - expect;
			s->bad += i < expect || !same(&o, i, 2);
			expect = i + 1;
			s->read++;
		}
		s->bad += ret != 0;
		if (handed) {
			pthread_mutex_lock(&s->lock);
			ring->restart(s->h, true, &ctrl);
			pthread_mutex_unlock(&s->lock);
		} else if (!done) {
			sched_yield();
		}
	} while (!done || pfm_ring_handed(s->h));
	return NULL;
}

/* wait: for a half to be free, so that nothing is lost; else as fast as can. */
static void with_reader(bool wait, const char *what)
{
	struct shared s = { .lock = PTHREAD_MUTEX_INITIALIZER, .size = 4096 };
	uint64_t n, total = 100000, notified = 0;
	pthread_t thread;

	s.h = ring_new(s.size, 4, 0);
	if (pthread_create(&thread, NULL, reader, &s) != 0) {
		skip("no second thread");
		free(s.h);
		return;
	}
	for (n = 0; n < total; n++) {
		while (wait && pfm_ring_handed(s.h) == 2)
			sched_yield();
		pthread_mutex_lock(&s.lock);
		notified += give(s.h, n, 2) == PFM_OVFL_CTRL_NOTIFY;
		pthread_mutex_unlock(&s.lock);
	}
	s.done = true;
	pthread_join(thread, NULL);
	is_u64(s.bad, 0, "ring, %s: each entry once and in order", what);
	is_u64(s.read + s.h->ring_lost, total, "ring, %s: or it is lost", what);
	ok(s.gaps <= s.h->ring_lost, "ring, %s: where numbers are missing",
	   what);
	is_u64(notified, s.h->ring_handed, "ring, %s: a notification each half",
	       what);
	if (wait)
		is_u64(s.h->ring_lost, 0, "ring, %s: nothing is lost", what);
	free(s.h);
}

static void test_ring_hostile(void)
{
	size_t size = 4096, cursor = 0;
	struct pfm_ring_hdr *h = ring_new(size, 4, PFM_RING_ADDR), good;
	struct pfm_ring_entry *e = (void *)(h + 1);
	struct pfm_ovfl o = { 0 };

	for (uint64_t n = 0; h->ring_handed < 1; n++)
		give(h, n, 4);
	give(h, 999, 4);
	good = *h;
	is_i64(ring->next(h, 255, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: less than a header");
	is_i64(ring->next(h, 2000, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: less than the header says");
	h->ring_half_size = UINT64_MAX - 7;
	is_i64(ring->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: a half larger than all");
	*h = good;
	h->ring_handed = 3;
	is_i64(ring->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: three halves handed");
	*h = good;
	h->half[0].half_bytes = good.ring_half_size + 8;
	is_i64(ring->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: more bytes than a half has");
	h->half[0].half_bytes = 16;
	is_i64(ring->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: an entry cut short");
	*h = good;
	e->entry_bits = UINT16_MAX;
	is_i64(ring->next(h, size, &(size_t){ 0 }, &o), -EINVAL,
	       "ring: values that are not there");
	e->entry_bits = 4;
	ring->next(h, size, &cursor, &o);
	is_i64(ring->next(h, size, &(size_t){ cursor + 3 }, &o), -EINVAL,
	       "ring: a cursor between two words");
	is_u64(scramble(ring, h, size, sizeof(*h)), 0,
	       "ring: next() comes to an end in 3000 damaged buffers");
	free(h);
}

int main(void)
{
	smpl_register_builtin();
	smpl_register_builtin();
	dfl = pfm_fmt_find("default");
	ring = pfm_fmt_find("ring");
	if (!ok(dfl && ring, "the formats that are linked in are registered"))
		return done_testing();
	test_dfl_validate();
	test_dfl_layout();
	test_dfl_arithmetic();
	test_dfl_restart();
	test_dfl_cursor();
	test_dfl_hostile();
	test_ring_validate();
	test_ring_turns();
	test_ring_fields();
	test_ring_room();
	with_reader(true, "a reader beside");
	with_reader(false, "a reader too slow");
	test_ring_hostile();
	return done_testing();
}
