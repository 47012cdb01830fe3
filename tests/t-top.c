/* SPDX-License-Identifier: MIT
 *
 * t-top.c - the frames of pfmon top: what goes into the history comes back,
 * from anywhere to anywhere; the history has its bound; bytes that are damaged
 * do no harm; cells as text.
 */
#include "config.h"

#include "cmd/top-priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define NVALS 7
#define NCPUS 3

/* The screen is not in what is tested. */
int top_screen(struct top *t, const struct top_opt *opt)
{
	(void)t;
	(void)opt;
	return 1;
}

static uint64_t seed = 12345;

static uint64_t next(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static uint32_t last_key;

static void add_line(struct frame *f)
{
	struct line *l = line_new(NVALS);
	unsigned n = (unsigned)next(20);

	l->key = ++last_key;
	l->pid = l->tid = (pid_t)last_key + 100;
	l->ppid = 1;
	l->uid = (uid_t)next(3);
	free(l->name);
	l->name = xasprintf("task%u", n);
	free(l->cmdline);
	l->cmdline = xasprintf("/usr/bin/task%u --option=%u", n, last_key);
	l->state = 'S';
	l->nthreads = 1;
	l->has = 7;
	l->why = WHY_IDLE;
	l->dirty = LINE_NEW;
	frame_add(f, l);
}

/* Some of the lines do something, some of these end. */
static void step(struct frame *f, unsigned active, unsigned churn)
{
	unsigned i, k;

	frame_next(f, false);
	f->number++;
	f->time_ns += NS_PER_S + next(1000);
	f->duration_ns = NS_PER_S + next(1000);
	for (i = 0; i < churn; i++)
		add_line(f);
	for (i = 0; i < active; i++) {
		struct line *l = f->lines[next(f->nlines)];

		for (k = 0; k < NVALS; k++)
			l->v[k] = next(3) ? next(1u << 30) : 0;
		l->state = next(2) ? 'R' : 'S';
		l->dirty |= DIRTY_GAUGES;
		if (next(8) == 0) {
			l->has = next(128);
			l->why = (uint8_t)next(WHYS);
			l->dirty |= DIRTY_HAS;
		}
		if (i < churn) {
			l->flags |= LINE_ENDED;
			l->dirty |= DIRTY_HAS;
		}
	}
	for (i = 0; i < NCPUS; i++) {
		f->cpus[i].busy_ns = next(NS_PER_S);
		f->cpus[i].has = 127;
		for (k = 0; k < NVALS; k++)
			f->cpus[i].v[k] = next(1u << 30);
	}
	for (i = 0; i < f->nhits; i++)
		f->hits[i].n = next(2) ? next(100) : 0;
	if (f->nhits < 40) {
		f->hits =
			xreallocarray(f->hits, f->nhits + 1, sizeof(*f->hits));
		f->hits[f->nhits] = (struct hit){ .func = (uint32_t)f->nhits,
						  .pid = 101,
						  .n = 1 };
		f->hits_room = ++f->nhits;
	}
	f->samples = next(1000);
	frame_finish(f);
	f->ipc[f->number % SPARK] = (float)next(100) / 10;
	f->llc[f->number % SPARK] = NAN;
}

static bool same_line(const struct line *a, const struct line *b)
{
	return a->key == b->key && a->pid == b->pid && a->ppid == b->ppid &&
	       a->uid == b->uid && a->flags == b->flags && a->why == b->why &&
	       a->state == b->state && a->has == b->has &&
	       a->nthreads == b->nthreads && a->rss == b->rss &&
	       !strcmp(a->name, b->name) && !strcmp(a->cmdline, b->cmdline) &&
	       !memcmp(a->v, b->v, 2 * NVALS * sizeof(*a->v)) &&
	       !memcmp(a->spark, b->spark, sizeof(a->spark));
}

/* What differs first, or NULL. */
static const char *differs(const struct frame *a, const struct frame *b)
{
	size_t i, k;

	if (a->number != b->number || a->time_ns != b->time_ns ||
	    a->duration_ns != b->duration_ns || a->elapsed_ns != b->elapsed_ns)
		return "the times";
	if (a->nlines != b->nlines)
		return "the number of lines";
	for (i = 0; i < a->nlines; i++)
		if (!same_line(a->lines[i], b->lines[i]))
			return "a line";
	for (i = 0; i < NCPUS; i++)
		if (a->cpus[i].busy_ns != b->cpus[i].busy_ns ||
		    memcmp(a->cpus[i].v, b->cpus[i].v,
			   2 * NVALS * sizeof(*a->cpus[i].v)) != 0)
			return "a CPU";
	for (i = 0; i < a->nhits; i++) {
		const struct hit *h =
			frame_hit(b, a->hits[i].func, a->hits[i].pid);

		if (!h || h->n != a->hits[i].n || h->sum != a->hits[i].sum)
			return "the samples";
	}
	for (k = 0; k < NCPUS; k++)
		if (a->cpu_busy[k] != b->cpu_busy[k])
			return "how busy a CPU was";
	return a->samples_sum == b->samples_sum ? NULL : "all samples";
}

#define FRAMES 400

static void test_seeks(void)
{
	static struct frame copies[FRAMES];
	struct history *h = history_new(NULL);
	struct frame f, got;
	const char *why = NULL;
	unsigned i, n;

	frame_init(&f, NVALS, NCPUS);
	frame_init(&got, NVALS, NCPUS);
	f.number = UINT64_MAX;
	for (i = 0; i < 50; i++)
		add_line(&f);
	for (i = 0; i < FRAMES; i++) {
		step(&f, 20, 3);
		history_put(h, &f);
		frame_copy(&copies[i], &f);
		memcpy(copies[i].cpu_busy, f.cpu_busy, sizeof(f.cpu_busy));
	}
	is_u64(history_end(h), FRAMES, "all frames are there");
	for (i = 0; i < 2 * FRAMES && !why; i++) {
		n = i < FRAMES ? i : (unsigned)next(FRAMES);
		why = history_get(h, n, &got) ? differs(&copies[n], &got) :
						"it is not there";
		if (why)
			diag("frame %u: %s", n, why);
	}
	ok(!why, "each is as it was, in order and from anywhere");
	ok(!history_get(h, FRAMES, &got), "there is none after the last");
	for (i = 0; i < FRAMES; i++)
		frame_release(&copies[i]);
	frame_release(&f);
	frame_release(&got);
	history_free(h);
}

/* An hour of a busy machine has room; what does not drops the oldest. */
static void test_bound(void)
{
	struct history *h = history_new(NULL);
	struct frame f, got;
	unsigned i;

	frame_init(&f, NVALS, NCPUS);
	frame_init(&got, NVALS, NCPUS);
	f.number = UINT64_MAX;
	for (i = 0; i < 300; i++)
		add_line(&f);
	for (i = 0; i < 3600; i++) {
		step(&f, 40, 2);
		history_put(h, &f);
	}
	diag("an hour of 40 active processes: %.1f MiB",
	     (double)history_bytes(h) / 1048576);
	ok(history_first(h) == 0 && history_bytes(h) < HISTORY_BYTES,
	   "an hour of 40 active processes is kept");
	history_free(h);
	h = history_new(NULL);
	f.number = UINT64_MAX;
	for (i = 0; i < 2500; i++)
		add_line(&f);
	for (i = 0; i < 1000; i++) {
		step(&f, 4000, 0);
		history_put(h, &f);
	}
	diag("then 2500 active ones: from frame %llu of 1000, %.1f MiB",
	     (unsigned long long)history_first(h),
	     (double)history_bytes(h) / 1048576);
	ok(history_bytes(h) <= HISTORY_BYTES + (4u << 20),
	   "of 2500 active ones no more than the bound");
	ok(history_first(h) > 0 && !history_get(h, history_first(h) - 1, &got),
	   "what was dropped is not there");
	ok(history_get(h, history_first(h), &got), "the oldest left is");
	frame_release(&f);
	frame_release(&got);
	history_free(h);
}

/* Each byte may be anything: the decoder says so, or makes something of it. */
static void test_damage(void)
{
	struct bytes key = { 0 }, delta = { 0 };
	struct frame f, got;
	unsigned i, k, good = 0;

	frame_init(&f, NVALS, NCPUS);
	f.number = UINT64_MAX;
	for (i = 0; i < 20; i++)
		add_line(&f);
	step(&f, 10, 1);
	frame_encode(&f, true, &key);
	step(&f, 10, 1);
	frame_encode(&f, false, &delta);
	for (i = 0; i < 20000; i++) {
		struct bytes b[2] = { { 0 }, { 0 } };
		struct reader r;

		bytes_put(&b[0], key.v, key.n);
		bytes_put(&b[1], delta.v, delta.n);
		for (k = 0; k < 1 + next(4); k++) {
			struct bytes *to = &b[next(2)];

			to->v[next(to->n)] = (unsigned char)next(256);
		}
		frame_init(&got, NVALS, NCPUS);
		r = (struct reader){ .at = b[0].v,
				     .end = b[0].v + next(b[0].n + 1) };
		if (next(4))
			r.end = b[0].v + b[0].n;
		if (frame_decode(&got, &r)) {
			r = (struct reader){ .at = b[1].v,
					     .end = b[1].v + b[1].n };
			good += frame_decode(&got, &r);
		}
		frame_release(&got);
		free(b[0].v);
		free(b[1].v);
	}
	ok(good > 0 && good < 20000, "20000 damaged frames: %u were readable",
	   good);
	frame_release(&f);
	free(key.v);
	free(delta.v);
}

static void test_format(void)
{
	static const struct {
		int line;
		enum top_kind kind;
		double value;
		const char *text;
	} rows[] = {
		{ __LINE__, TOP_COUNT, 1234567, "1,234,567" },
		{ __LINE__, TOP_COUNT, 999, "999" },
		{ __LINE__, TOP_RATE, 0, "0" },
		{ __LINE__, TOP_RATE, 3, "3.0" },
		{ __LINE__, TOP_RATE, 999.4, "999" },
		{ __LINE__, TOP_RATE, 999.6, "1.00k" },
		{ __LINE__, TOP_RATE, 12345, "12.3k" },
		{ __LINE__, TOP_RATE, 99960, "100k" },
		{ __LINE__, TOP_BYTES, 1536, "1.50k" },
		{ __LINE__, TOP_BYTES, 12e6, "11.4M" },
		{ __LINE__, TOP_PERCENT, 101.26, "101.3" },
		{ __LINE__, TOP_RATIO, NAN, "-" },
		{ __LINE__, TOP_ID, 4121, "4121" },
	};
	struct top_column col = { .digits = 1 };
	struct top_cell cell = { .text = "a\033[2Jb\n\177" };
	char buf[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		col.kind = rows[i].kind;
		cell.value = rows[i].value;
		top_format(&col, &cell, buf, sizeof(buf));
		is_str(buf, rows[i].text, "line %d", rows[i].line);
	}
	col.kind = TOP_TEXT;
	top_format(&col, &cell, buf, sizeof(buf));
	is_str(buf, "a?[2Jb??", "control characters are not written");
	top_format(&col, &cell, buf, 4);
	is_str(buf, "a?[", "a text is cut to its room");
}

int main(void)
{
	test_seeks();
	test_bound();
	test_damage();
	test_format();
	return done_testing();
}
