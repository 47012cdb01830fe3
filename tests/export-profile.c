/* SPDX-License-Identifier: MIT
 *
 * export-profile.c - writes the profile that export.test exports, with numbers
 * to be found again: export-profile FILE; with a number for one of that many
 * samples and many stacks; with "odd" for what is at the edge of sense.
 *
 * Program "prog", threads prog (100) and worker (101), two events.  Stacks:
 *   main > compute > (inlined) helper    4 samples of 1000 cycles, in 2 places
 *   main > a name with markup > kernel   2 of 500
 *   main > libvendor.so without symbols  1 of 250, thread worker
 *   main                                 1 of 3 ns, of the event cpu-clock
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"

static struct prof_writer *w;

static uint32_t text(const char *s)
{
	return prof_put_string(w, s);
}

static uint32_t object(uint32_t kind, const char *path, const char *id,
		       const char *why)
{
	return prof_put_object(w, &(struct prof_object){ kind, text(path),
							 text(id), text(why) });
}

static uint32_t func(uint32_t in, const char *name, const char *linkage,
		     uint32_t line)
{
	struct prof_func f = { .name = text(name),
			       .linkage = text(linkage),
			       .object = in,
			       .file = text(line ? "/src/prog.c" : ""),
			       .line = line,
			       .start = 0x1000ULL + line,
			       .size = 64 };

	return prof_put_func(w, &f);
}

static void sample(uint64_t time, uint32_t event, uint32_t task, uint32_t node)
{
	static const uint64_t weights[] = { 1000, 3 };
	static uint64_t order;
	struct prof_sample s = { .time = time,
				 .weight = weights[event],
				 .event = event,
				 .task = task,
				 .node = node,
				 .cpu = (uint16_t)(order++ % 2) };

	if (event == 0 && time >= 5000000)
		s.weight = time >= 7000000 ? 250 : 500;
	prof_put_sample(w, &s);
}

static void put_events(void)
{
	prof_put_event(w, &(struct prof_event){ .name = text("cycles"),
						.unit = text(""),
						.scale = 1,
						.weight = PROF_PERIOD,
						.period = 1000,
						.skid = text("up to 20") });
	prof_put_event(w, &(struct prof_event){ .name = text("cpu-clock"),
						.unit = text("ns"),
						.scale = 1,
						.weight = PROF_FREQ,
						.period = 1000,
						.skid = text("none") });
}

/* The first two tasks are one process. */
static void put_tasks(void)
{
	prof_put_task(w, &(struct prof_task){ 100, 100, text("prog") });
	prof_put_task(w, &(struct prof_task){ 100, 101, text("worker") });
}

static const char hostile[] =
	"</script><script>alert(1)</script>;\"\\\x01\xff<&>\xe2\x80\xa8";

static void put_small(void)
{
	uint32_t prog, vendor, kernel, frame[6], node[7], f[4], i;

	kernel = object(PROF_KERNEL, "[kernel]", "", "");
	prog = object(PROF_ELF, "/usr/bin/prog",
		      "000102030405060708090a0b0c0d0e0f10111213", "");
	vendor = object(PROF_ELF, "/opt/libvendor.so", "", "stripped");
	frame[0] = prof_put_frame(w, prog, 0x1010, PROF_FRAME_CALLER);
	frame[1] = prof_put_frame(w, prog, 0x1020, 0);
	frame[2] = prof_put_frame(w, prog, 0x1024, 0);
	frame[3] = prof_put_frame(w, prog, 0x1030, PROF_FRAME_CALLER);
	frame[4] = prof_put_frame(w, kernel, 0xffffffff81000010ULL, 0);
	frame[5] = prof_put_frame(w, vendor, 0x2000, 0);
	node[0] = prof_put_node(w, 0, frame[0]);
	node[1] = prof_put_node(w, node[0], frame[1]);
	node[2] = prof_put_node(w, node[0], frame[2]);
	node[3] = prof_put_node(w, node[0], frame[3]);
	node[4] = prof_put_node(w, node[3], frame[4]);
	node[5] = prof_put_node(w, node[0], frame[5]);
	/* Not in the order of time, as a file may be. */
	sample(2000000, 0, 0, node[2]);
	sample(1000000, 0, 0, node[1]);
	sample(3000000, 0, 0, node[1]);
	sample(4000000, 0, 0, node[2]);
	sample(5000000, 0, 0, node[4]);
	sample(6000000, 0, 0, node[4]);
	sample(7000000, 0, 1, node[5]);
	sample(8000000, 1, 0, node[0]);
	f[0] = func(prog, "main", "main", 10);
	f[1] = func(prog, "compute(int)", "_Z7computei", 20);
	f[2] = func(prog, "helper", "helper", 30);
	f[3] = func(kernel, "do_fault", "do_fault", 0);
	prof_put_locs(w, frame[0],
		      &(struct prof_loc){ f[0], text("/src/prog.c"), 12 }, 1);
	for (i = 1; i <= 2; i++) {
		struct prof_loc locs[] = {
			{ f[2], text("/src/prog.c"), 30 + i },
			{ f[1], text("/src/prog.c"), 21 },
		};

		prof_put_locs(w, frame[i], locs, 2);
	}
	prof_put_locs(w, frame[3],
		      &(struct prof_loc){ func(prog, hostile, hostile, 40),
					  text("/src/a,b\".c"), 41 },
		      1);
	prof_put_locs(w, frame[4], &(struct prof_loc){ f[3], 0, 0 }, 1);
	prof_put_locs(w, frame[5], &(struct prof_loc){ PROF_NONE, 0, 0 }, 1);
}

#define NFUNCS 500
#define DEPTH 30

/* Numbers of no meaning, the same each time. */
static uint32_t next_number(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32);
}

/* Each sample has a stack of DEPTH frames; the first 20,000 differ. */
static void put_large(unsigned long n)
{
	uint32_t prog = object(PROF_ELF, "/usr/bin/prog", "", "");
	uint32_t frame[NFUNCS], *leaf, i, d;
	unsigned long k, nleaf = n < 20000 ? n : 20000;
	char name[64];

	leaf = calloc(nleaf + 1, sizeof(*leaf));
	if (!leaf)
		exit(1);
	for (i = 0; i < NFUNCS; i++)
		frame[i] = prof_put_frame(w, prog, 0x1000 + 64 * i, 0);
	for (k = 0; k < nleaf; k++) {
		uint32_t node = 0;

		for (d = 0; d < DEPTH; d++)
			node = prof_put_node(w, node,
					     frame[next_number() % NFUNCS]);
		leaf[k] = node;
	}
	for (k = 0; k < n; k++)
		sample(1000 * k % 5000000, 0, k & 1, leaf[k % nleaf]);
	for (i = 0; i < NFUNCS; i++) {
		struct prof_loc loc = { .line = i };

		snprintf(name, sizeof(name), "namespace::function_%u(int)", i);
		loc.func = func(prog, name, name, i + 1);
		prof_put_locs(w, frame[i], &loc, 1);
	}
	free(leaf);
}

/* A deep stack, many inlined at one place, many tasks and events. */
static void put_odd(void)
{
	uint32_t prog = object(PROF_ELF, "prog/", "zz", ""), node = 0, i;
	uint32_t frame = prof_put_frame(w, prog, UINT64_MAX, 0);
	uint32_t unknown =
		prof_put_frame(w, object(PROF_UNKNOWN, "[unknown]", "", ""), 0,
			       0);
	struct prof_sample s = { .weight = UINT64_MAX };
	struct prof_loc locs[100];

	for (i = 0; i < 300; i++) {
		s.task = prof_put_task(w,
				       &(struct prof_task){
					       1000 + i, 1000 + i,
					       text(i & 1 ? "odd" : "even") });
		prof_put_sample(w, &s);
	}
	for (i = 0; i < 5000; i++)
		node = prof_put_node(w, node, i ? unknown : frame);
	s.node = node;
	prof_put_sample(w, &s);
	s.node = 1;
	s.addr = 0x1234;
	s.weight = 1;
	prof_put_sample(w, &s);
	for (i = 0; i < 100; i++)
		locs[i] = (struct prof_loc){ func(prog, "", "", i), 0, 0 };
	prof_put_locs(w, frame, locs, 100);
	for (i = 2; i < 65; i++)
		prof_put_event(w, &(struct prof_event){ .name = text("more"),
							.unit = text("s"),
							.scale = 1e290 });
}

int main(int argc, char **argv)
{
	struct prof_totals totals = { .start_ns = 1700000000123456789ULL,
				      .duration_ns = 9000000,
				      .samples = 8,
				      .stacks = 8,
				      .complete = 8,
				      .processes = 1,
				      .threads = 2 };
	int fd;

	if (argc < 2)
		return 2;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return 1;
	w = prof_create(fd, 1);
	prof_put_meta(w, "command", "prog --fast");
	prof_put_meta(w, "cpu", "Test CPU");
	put_events();
	put_tasks();
	if (argc > 2 && !strcmp(argv[2], "odd"))
		put_odd();
	else if (argc > 2)
		put_large(strtoul(argv[2], NULL, 10));
	else
		put_small();
	return prof_end(w, &totals) < 0;
}
