/* SPDX-License-Identifier: MIT
 *
 * make-annotate.c - make-annotate FILE: a profile whose code, lines and counts
 * are known, for annotate.test.  Code is x86's, whatever machine this runs on.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

enum { PROG, LIB, KERNEL, NOBJECTS };

static const struct {
	uint32_t kind;
	const char *path, *build_id, *why;
} objects[NOBJECTS] = {
	{ PROF_ELF, "/opt/prog", "9c1f20aa9c1f20aa", "" },
	{ PROF_ELF, "/opt/libother.so.1", "77aa", "" },
	{ PROF_KERNEL, "[kernel]", "", "" },
};

/*
 * xor %eax, %eax; cmp $0, %rdi; je end; loop: mov (%rsi), %ecx; add %ecx, %eax;
 * call leaf; dec %rdi; jne loop; end: ret
 */
static const unsigned char hot_code[] = { 0x31, 0xc0, 0x48, 0x83, 0xff, 0x00,
					  0x74, 0x0e, 0x8b, 0x0e, 0x01, 0xc8,
					  0xe8, 0xef, 0x0f, 0x00, 0x00, 0x48,
					  0xff, 0xcf, 0x75, 0xf2, 0xc3 };
/* nop; addl $1, %edi; nop; ret */
static const unsigned char outer_code[] = {
	0x90, 0x83, 0xc7, 0x01, 0x90, 0xc3
};
static const unsigned char leaf_code[] = { 0xc3 };

enum { HOT, LEAF, OUTER, INNER, MAIN, LIB_LEAF, FAULT, GET, PART, NFUNCS };

static const struct {
	const char *name, *linkage, *file;
	uint32_t object, line;
	uint64_t start, size;
	const unsigned char *code;
} funcs[NFUNCS] = {
	{ "hot_loop", "hot_loop", "/src/hot.c", PROG, 9, 0x1000,
	  sizeof(hot_code), hot_code },
	{ "leaf", "leaf", "/src/hot.c", PROG, 3, 0x2000, 1, leaf_code },
	{ "outer", "outer", "/src/outer.c", PROG, 20, 0x3000,
	  sizeof(outer_code), outer_code },
	{ "inner", "inner", "/src/inner.h", PROG, 2, 0, 0, NULL },
	{ "main", "main", "/src/hot.c", PROG, 40, 0x4000, 64, NULL },
	{ "leaf", "leaf", "", LIB, 0, 0x500, 16, NULL },
	{ "do_fault", "do_fault", "", KERNEL, 0, 0xffffffff81000000, 256,
	  NULL },
	{ "ns::Box<int>::get(int) const", "_ZNK2ns3BoxIiE3getEi", "", PROG, 0,
	  0x5000, 16, NULL },
	{ "hot_start", "hot_start", "", PROG, 0, 0x6000, 16, NULL },
};

/* Lines of the two functions that have some. */
static const struct {
	uint32_t func;
	uint64_t addr;
	const char *file;
	uint32_t line;
} lines[] = {
	{ HOT, 0x1000, "/src/hot.c", 10 },
	{ HOT, 0x1002, "/src/hot.c", 11 },
	{ HOT, 0x1008, "/src/hot.c", 12 },
	{ HOT, 0x100c, "/src/hot.c", 13 },
	{ HOT, 0x1011, "/src/hot.c", 11 },
	{ HOT, 0x1016, "/src/hot.c", 14 },
	{ LEAF, 0x2000, "/src/hot.c", 4 },
	{ OUTER, 0x3000, "/src/outer.c", 21 },
	{ OUTER, 0x3001, "/src/inner.h", 3 },
	{ OUTER, 0x3004, "/src/inner.h", 3 },
	{ OUTER, 0x3005, "/src/outer.c", 22 },
};

/* How often what was hit, each in a call from main. */
static const struct hit {
	uint32_t func, inlined; /* PROF_NONE: nothing was */
	uint64_t addr;
	const char *file;
	uint32_t line, event, times;
} hits[] = {
	{ HOT, PROF_NONE, 0x1008, "/src/hot.c", 12, 0, 60 },
	{ HOT, PROF_NONE, 0x100a, "/src/hot.c", 12, 0, 30 },
	{ HOT, PROF_NONE, 0x1014, "/src/hot.c", 11, 0, 10 },
	{ HOT, PROF_NONE, 0x100a, "/src/hot.c", 12, 1, 4 },
	{ LEAF, PROF_NONE, 0x2000, "/src/hot.c", 4, 0, 20 },
	{ OUTER, PROF_NONE, 0x3000, "/src/outer.c", 21, 0, 2 },
	{ OUTER, INNER, 0x3001, "/src/inner.h", 3, 0, 8 },
	{ LIB_LEAF, PROF_NONE, 0x508, "", 0, 0, 3 },
	{ FAULT, PROF_NONE, 0xffffffff81000010, "", 0, 0, 5 },
	{ GET, PROF_NONE, 0x5004, "", 0, 0, 1 },
	{ PART, PROF_NONE, 0x6000, "", 0, 0, 1 },
};

static uint32_t put_locs(struct prof_writer *w, const struct hit *h)
{
	struct prof_loc locs[2];
	uint32_t frame, n = 0;

	frame = prof_put_frame(w, funcs[h->func].object, h->addr, 0);
	locs[n++] = (struct prof_loc){
		.func = h->inlined == PROF_NONE ? h->func : h->inlined,
		.file = prof_put_string(w, h->file),
		.line = h->line,
	};
	if (h->inlined != PROF_NONE)
		locs[n++] = (struct prof_loc){
			.func = h->func,
			.file = prof_put_string(w, "/src/outer.c"),
			.line = 21,
		};
	prof_put_locs(w, frame, locs, n);
	return frame;
}

/* A call within hot_loop is in the stack of leaf, and no hit of it. */
static uint32_t put_callers(struct prof_writer *w, uint32_t func)
{
	struct prof_loc loc = { MAIN, prof_put_string(w, "/src/hot.c"), 41 };
	uint32_t frame, node;

	frame = prof_put_frame(w, PROG, 0x4008, PROF_FRAME_CALLER);
	prof_put_locs(w, frame, &loc, 1);
	node = prof_put_node(w, 0, frame);
	if (func != LEAF)
		return node;
	frame = prof_put_frame(w, PROG, 0x1010, PROF_FRAME_CALLER);
	loc = (struct prof_loc){ HOT, loc.file, 13 };
	prof_put_locs(w, frame, &loc, 1);
	return prof_put_node(w, node, frame);
}

static void put_samples(struct prof_writer *w, uint32_t task)
{
	struct prof_sample s = { .task = task };

	for (size_t i = 0; i < N(hits); i++) {
		s.event = hits[i].event;
		s.weight = s.event ? 1000 : 1;
		s.node = prof_put_node(w, put_callers(w, hits[i].func),
				       put_locs(w, &hits[i]));
		for (uint32_t k = 0; k < hits[i].times; k++) {
			s.time += 1000;
			prof_put_sample(w, &s);
		}
	}
}

static void put_code(struct prof_writer *w, uint32_t func)
{
	struct prof_line v[N(lines)];
	struct prof_code code = { .func = func,
				  .bytes = funcs[func].code,
				  .lines = v };

	if (!funcs[func].code)
		return;
	for (size_t i = 0; i < N(lines); i++)
		if (lines[i].func == func)
			v[code.nlines++] = (struct prof_line){
				lines[i].addr,
				prof_put_string(w, lines[i].file), lines[i].line
			};
	code.nbytes = (uint32_t)funcs[func].size;
	prof_put_code(w, &code);
}

static void put_funcs(struct prof_writer *w)
{
	struct prof_func f;

	for (uint32_t i = 0; i < NFUNCS; i++) {
		f = (struct prof_func){
			.name = prof_put_string(w, funcs[i].name),
			.linkage = prof_put_string(w, funcs[i].linkage),
			.object = funcs[i].object,
			.file = prof_put_string(w, funcs[i].file),
			.line = funcs[i].line,
			.start = funcs[i].start,
			.size = funcs[i].size,
		};
		prof_put_func(w, &f);
	}
}

static void put_events(struct prof_writer *w)
{
	struct prof_event ev = { .scale = 1, .period = 1 };

	ev.name = prof_put_string(w, "perf::PAGE-FAULTS:u:k");
	ev.skid = prof_put_string(w, "exact");
	prof_put_event(w, &ev);
	ev.name = prof_put_string(w, "perf::CPU-CLOCK:u:k");
	ev.skid = prof_put_string(w, "up to 3 instructions late");
	ev.period = 1000;
	prof_put_event(w, &ev);
}

int main(int argc, char **argv)
{
	struct prof_totals t = { .samples = 144,
				 .start_ns = 1000000000,
				 .status = 0 };
	struct prof_object o;
	struct prof_task task = { .pid = 10, .tid = 10 };
	struct prof_writer *w;
	int fd;

	fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0666) : -1;
	w = fd < 0 ? NULL : prof_create(fd, 3);
	if (!w) {
		perror("make-annotate");
		return 1;
	}
	prof_put_meta(w, "machine", "x86_64");
	put_events(w);
	for (size_t i = 0; i < NOBJECTS; i++) {
		o = (struct prof_object){
			objects[i].kind, prof_put_string(w, objects[i].path),
			prof_put_string(w, objects[i].build_id),
			prof_put_string(w, objects[i].why)
		};
		prof_put_object(w, &o);
	}
	task.comm = prof_put_string(w, "prog");
	put_funcs(w);
	put_samples(w, prof_put_task(w, &task));
	for (uint32_t i = 0; i < NFUNCS; i++)
		put_code(w, i);
	return prof_end(w, &t) < 0;
}
