/* SPDX-License-Identifier: MIT
 *
 * make-profile.c - make-profile MODE FILE: a profile whose numbers are known,
 * for the tests of what reads one.  100 samples of cycles, each of 1000:
 *
 *   main > handle > lookup     40, 20 of them in helper, which is inlined there
 *   main > warm > lookup       10, thread worker on CPU 1
 *   main > recurse, 3 times    20
 *   main > handle > memcmp     10, thread worker on CPU 1
 *   main > libvendor.so         8, stripped; process other on CPU 1
 *   main > handle > clear_page  6, of the kernel
 *   main > a long C++ name      4
 *   in no mapping               1
 *   without a stack             1
 *
 * Modes: plain; two: 5 samples of cpu-clock besides; clock: clock-driven; loss:
 * with lost, dropped and throttled ones; cut: without its end and its symbols;
 * new: 30 of the 40 are gone from lookup, to fresh; moved: the program is
 * /opt/prog.new; many=N: so many samples with
 * 3000 stacks of 30 frames; odd: control characters in the names;
 * deep: below a recursion of 20 levels; none: no samples, and killed.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define ONE 1000 /* weight of a sample */

static const struct {
	uint32_t kind;
	const char *path, *build_id, *why;
} objects[] = {
	{ PROF_ELF, "/usr/bin/prog", "000102030405060708090a0b0c0d0e0f", "" },
	{ PROF_ELF, "/lib/libc.so.6", "77aa77aa77aa77aa", "" },
	{ PROF_ELF, "/opt/libvendor.so", "9c1f20aa9c1f20aa9c1f20aa",
	  "stripped, and no debug file" },
	{ PROF_KERNEL, "[kernel]", "", "" },
	{ PROF_UNKNOWN, "[unknown]", "", "" },
};
enum { PROG, LIBC, VENDOR, KERNEL, UNKNOWN };

static const char long_name[] =
	"std::map<std::__cxx11::basic_string<char, std::char_traits<char>, "
	"std::allocator<char> >, std::vector<int, std::allocator<int> >, "
	"std::less<std::__cxx11::basic_string<char> > >::find(int const&)";

static const struct {
	const char *name, *linkage, *file;
	uint32_t object, line;
	uint64_t start;
} funcs[] = {
	{ "main", "main", "/src/main.c", PROG, 10, 0x1000 },
	{ "handle", "handle", "/src/loop.c", PROG, 402, 0x2000 },
	{ "lookup", "lookup", "/src/table.c", PROG, 118, 0x3000 },
	{ "warm", "warm", "/src/main.c", PROG, 130, 0x4000 },
	{ "recurse", "recurse", "/src/main.c", PROG, 60, 0x5000 },
	{ "memcmp", "memcmp", "", LIBC, 0, 0x6000 },
	{ "clear_page", "clear_page", "", KERNEL, 0, 0xffffffff81000000 },
	{ long_name, "_ZNSt3mapfind", "/src/map.cc", PROG, 7, 0x7000 },
	{ "helper", "helper", "/src/table.h", PROG, 5, 0x3010 },
	{ "fresh", "fresh", "/src/fresh.c", PROG, 1, 0x8000 },
};
enum { MAIN, HANDLE, LOOKUP, WARM, RECURSE, MEMCMP, CLEAR, CXX, HELPER, FRESH };

/* Where they are; line is of the call or of what was hit. */
enum {
	AT_MAIN_HANDLE,
	AT_MAIN_WARM,
	AT_MAIN,
	AT_HANDLE,
	AT_HANDLE_2,
	AT_LOOKUP,
	AT_LOOKUP_HELPER,
	AT_WARM,
	AT_RECURSE,
	AT_RECURSE_CALL,
	AT_MEMCMP,
	AT_CLEAR,
	AT_CXX,
	AT_FRESH,
	AT_VENDOR,
	AT_VENDOR_2,
	AT_UNKNOWN,
	NFRAMES
};
#define NOBODY PROF_NONE
static const struct {
	uint32_t object, func, line;
	uint64_t addr;
	uint32_t flags;
} frames[NFRAMES] = {
	[AT_MAIN_HANDLE] = { PROG, MAIN, 77, 0x1010, PROF_FRAME_CALLER },
	[AT_MAIN_WARM] = { PROG, MAIN, 78, 0x1020, PROF_FRAME_CALLER },
	[AT_MAIN] = { PROG, MAIN, 79, 0x1030, PROF_FRAME_CALLER },
	[AT_HANDLE] = { PROG, HANDLE, 431, 0x2010, PROF_FRAME_CALLER },
	[AT_HANDLE_2] = { PROG, HANDLE, 440, 0x2020, PROF_FRAME_CALLER },
	[AT_LOOKUP] = { PROG, LOOKUP, 120, 0x3020, 0 },
	[AT_LOOKUP_HELPER] = { PROG, LOOKUP, 121, 0x3010, 0 },
	[AT_WARM] = { PROG, WARM, 140, 0x4010, PROF_FRAME_CALLER },
	[AT_RECURSE] = { PROG, RECURSE, 61, 0x5010, 0 },
	[AT_RECURSE_CALL] = { PROG, RECURSE, 62, 0x5020, PROF_FRAME_CALLER },
	[AT_MEMCMP] = { LIBC, MEMCMP, 0, 0x6010, 0 },
	[AT_CLEAR] = { KERNEL, CLEAR, 0, 0xffffffff81000010, 0 },
	[AT_CXX] = { PROG, CXX, 9, 0x7010, 0 },
	[AT_FRESH] = { PROG, FRESH, 2, 0x8010, 0 },
	[AT_VENDOR] = { VENDOR, NOBODY, 0, 0x12345, 0 },
	[AT_VENDOR_2] = { VENDOR, NOBODY, 0, 0x54321, 0 },
	[AT_UNKNOWN] = { UNKNOWN, NOBODY, 0, 0x7f0000001000, 0 },
};

/* Frames from the outermost one on, one more than its number; 0 ends. */
#define F(frame) ((frame) + 1)
static const struct {
	unsigned stack[6];
	uint32_t count, task;
	uint16_t cpu;
} stacks[] = {
	{ { F(AT_MAIN_HANDLE), F(AT_HANDLE), F(AT_LOOKUP) }, 20, 0, 0 },
	{ { F(AT_MAIN_HANDLE), F(AT_HANDLE_2), F(AT_LOOKUP_HELPER) },
	  20,
	  0,
	  0 },
	{ { F(AT_MAIN_WARM), F(AT_WARM), F(AT_LOOKUP) }, 10, 1, 1 },
	{ { F(AT_MAIN), F(AT_RECURSE_CALL), F(AT_RECURSE_CALL), F(AT_RECURSE) },
	  20,
	  0,
	  0 },
	{ { F(AT_MAIN_HANDLE), F(AT_HANDLE), F(AT_MEMCMP) }, 10, 1, 1 },
	{ { F(AT_MAIN), F(AT_VENDOR) }, 5, 2, 1 },
	{ { F(AT_MAIN), F(AT_VENDOR_2) }, 3, 2, 1 },
	{ { F(AT_MAIN_HANDLE), F(AT_HANDLE), F(AT_CLEAR) }, 6, 0, 0 },
	{ { F(AT_MAIN), F(AT_CXX) }, 4, 0, 0 },
	{ { F(AT_UNKNOWN) }, 1, 0, 0 },
	{ { 0 }, 1, 0, 0 },
};
/* Of the mode "new", in place of the first two. */
static const unsigned fresh_stack[] = { F(AT_MAIN_HANDLE), F(AT_FRESH), 0 };

static struct prof_writer *w;
static const char *mode;
static uint32_t object_of[N(objects)], func_of[N(funcs)], frame_of[NFRAMES];

static bool is_mode(const char *name)
{
	return !strcmp(mode, name);
}

static uint32_t text(const char *s)
{
	return prof_put_string(w, s);
}

static void put_metas(void)
{
	static const char *const metas[][2] = {
		{ "version", "1.0" },    { "command", "prog --bench" },
		{ "host", "box" },       { "cpu", "Some CPU" },
		{ "machine", "x86_64" }, { "backend", "perf" },
	};
	size_t i;

	for (i = 0; i < N(metas); i++)
		prof_put_meta(w, metas[i][0],
			      is_mode("moved") && i == 1 ?
				      "./prog.new --bench" :
				      metas[i][1]);
	prof_put_meta(w, "kernel", is_mode("new") ? "6.13.0" : "6.12.5");
}

static void put_events(void)
{
	struct prof_event ev = { .name = text("cycles"),
				 .unit = text(""),
				 .scale = 1,
				 .weight = PROF_PERIOD,
				 .period = ONE,
				 .skid = text("up to 20 instructions late") };

	if (is_mode("clock")) {
		ev.weight = PROF_CLOCK;
		ev.period = 1000;
		ev.skid = text("where the timer interrupted");
	}
	prof_put_event(w, &ev);
	if (!is_mode("two"))
		return;
	ev.name = text("cpu-clock");
	ev.unit = text("ns");
	ev.weight = PROF_FREQ;
	ev.period = 997;
	ev.skid = text("none");
	prof_put_event(w, &ev);
}

static void put_objects(void)
{
	size_t i;

	for (i = 0; i < N(objects); i++)
		object_of[i] = prof_put_object(
			w, &(struct prof_object){
				   objects[i].kind,
				   text(i == PROG && is_mode("moved") ?
						"/opt/prog.new" :
						objects[i].path),
				   text(objects[i].build_id), 0 });
}

static void put_tasks(void)
{
	const char *other = is_mode("odd") ? "o\033[31mther\n" : "other";

	prof_put_task(w, &(struct prof_task){ 100, 100, text("prog") });
	prof_put_task(w, &(struct prof_task){ 100, 101, text("worker") });
	prof_put_task(w, &(struct prof_task){ 200, 200, text(other) });
}

static uint32_t put_stack(const unsigned *stack)
{
	uint32_t node = 0;

	for (; *stack; stack++)
		node = prof_put_node(w, node, frame_of[*stack - 1]);
	return node;
}

/* One each 10 ms, so that 20 parts of the second have 5 each. */
static void put_sample(uint32_t event, size_t from, uint32_t node)
{
	static uint64_t n;
	struct prof_sample s = { .time = n % 100 * 10000000,
				 .weight = event ? 1000000 : ONE,
				 .event = event,
				 .task = stacks[from].task,
				 .node = node,
				 .cpu = stacks[from].cpu };

	n += !event;
	prof_put_sample(w, &s);
}

static void put_samples(void)
{
	size_t i;
	uint32_t k, node;

	for (i = 0; i < N(stacks); i++) {
		node = put_stack(stacks[i].stack);
		for (k = 0; k < stacks[i].count; k++) {
			if (is_mode("new") && i < 2 && k < 15)
				put_sample(0, i, put_stack(fresh_stack));
			else
				put_sample(0, i, node);
		}
	}
	for (i = 0; is_mode("two") && i < 5; i++)
		put_sample(1, 0, put_stack(stacks[0].stack));
}

/* Different stacks from few frames, as programs have them. */
static void put_many(uint64_t n)
{
	uint32_t nodes[3000], k;
	uint64_t seed = 1, i;
	size_t s;

	for (s = 0; s < N(nodes); s++) {
		uint32_t node = 0;

		for (k = 0; k < 30; k++) {
			seed = seed * 6364136223846793005u +
			       1442695040888963407u;
			node = prof_put_node(
				w, node,
				frame_of[k < 24 ? k % NFRAMES :
						  (seed >> 40) % NFRAMES]);
		}
		nodes[s] = node;
	}
	for (i = 0; i < n; i++) {
		struct prof_sample sample = {
			.time = i * 1000,
			.weight = ONE,
			.task = (uint32_t)(i >> 6) % 3,
			.node = nodes[i * 7919 % N(nodes)],
			.cpu = (uint16_t)(i >> 6) % 2
		};

		prof_put_sample(w, &sample);
	}
}

/* lookup() below ever more calls of recurse(), up to 20. */
static void put_deep(void)
{
	struct prof_sample sample = { .weight = ONE };
	uint32_t node = prof_put_node(w, 0, frame_of[AT_MAIN_HANDLE]);
	unsigned i;

	for (i = 0; i < 100; i++) {
		if (i < 20)
			node = prof_put_node(w, node,
					     frame_of[AT_RECURSE_CALL]);
		sample.time = i * 1000;
		sample.node = prof_put_node(w, node, frame_of[AT_LOOKUP]);
		prof_put_sample(w, &sample);
	}
}

static void put_symbols(void)
{
	struct prof_loc locs[2];
	uint32_t n;
	size_t i;

	for (i = 0; i < N(objects); i++)
		if (*objects[i].why)
			prof_set_object(w, object_of[i],
					&(struct prof_object){
						objects[i].kind,
						text(objects[i].path),
						text(objects[i].build_id),
						text(objects[i].why) });
	for (i = 0; i < N(funcs) && (i != FRESH || is_mode("new")); i++)
		func_of[i] = prof_put_func(
			w, &(struct prof_func){
				   .name = text(
					   is_mode("odd") && i == LOOKUP ?
						   "look\033]0;up\x9b\xc2\x9b" :
						   funcs[i].name),
				   .linkage = text(funcs[i].linkage),
				   .object = object_of[funcs[i].object],
				   .file = text(funcs[i].file),
				   .line = funcs[i].line,
				   .start = funcs[i].start,
				   .size = 0x100 });
	for (i = 0; i < NFRAMES; i++) {
		uint32_t f = frames[i].func;

		n = 0;
		if (f == FRESH && !is_mode("new"))
			f = NOBODY;
		if (i == AT_LOOKUP_HELPER)
			locs[n++] =
				(struct prof_loc){ func_of[HELPER],
						   text("/src/table.h"), 6 };
		locs[n++] = (struct prof_loc){
			f == NOBODY ? PROF_NONE : func_of[f],
			text(f == NOBODY ? "" : funcs[f].file), frames[i].line
		};
		prof_put_locs(w, frame_of[i], locs, n);
	}
}

int main(int argc, char **argv)
{
	struct prof_totals t = { .start_ns = 1700000000000000000,
				 .duration_ns = 1000000000,
				 .samples = 100,
				 .stacks = 100,
				 .complete = 99,
				 .processes = 2,
				 .threads = 3,
				 .status = 0 };
	uint64_t many = 0;
	size_t i;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: make-profile MODE FILE\n");
		return 2;
	}
	mode = argv[1];
	if (!strncmp(mode, "many=", 5))
		many = strtoull(mode + 5, NULL, 10);
	fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	w = prof_create(fd, 3);
	put_metas();
	put_events();
	put_objects();
	put_tasks();
	for (i = 0; i < NFRAMES; i++)
		frame_of[i] = prof_put_frame(w, object_of[frames[i].object],
					     frames[i].addr, frames[i].flags);
	if (many)
		put_many(many);
	else if (is_mode("deep"))
		put_deep();
	else if (!is_mode("none"))
		put_samples();
	prof_flush(w);
	if (is_mode("cut"))
		return prof_error(w) ? 1 : 0;
	put_symbols();
	t.samples = many ? many : is_mode("two") ? 105 : 100;
	if (is_mode("none")) {
		t.samples = t.stacks = t.complete = 0;
		t.status = 11;
	}
	if (is_mode("loss")) {
		t.lost = 25;
		t.dropped = 4;
		t.throttled = 2;
		t.complete = 60;
	}
	if (prof_end(w, &t) < 0) {
		perror(argv[2]);
		return 1;
	}
	close(fd);
	return 0;
}
