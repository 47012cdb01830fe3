/* SPDX-License-Identifier: MIT
 *
 * make-pfm.c - writes a .pfm file with known contents: for tests of pfmon dump,
 * and seeds for fuzz-pfm.
 *
 * usage: make-pfm FILE [SAMPLES]
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

static const struct prof_totals totals = {
	.start_ns = 1700000000123456789,
	.duration_ns = 2500000000,
	.lost = 3,
	.stacks = 4,
	.complete = 4,
	.processes = 1,
	.threads = 2,
};

static void put_events(struct prof_writer *w)
{
	struct prof_event cycles = {
		.name = prof_put_string(w, "cycles"),
		.scale = 1,
		.period = 4000,
		.skid = prof_put_string(w, "up to 3 instructions late"),
		.nvalues = 1,
	};
	struct prof_event clock = {
		.name = prof_put_string(w, "cpu-clock"),
		.unit = prof_put_string(w, "ns"),
		.scale = 1,
		.weight = PROF_CLOCK,
		.period = 997,
	};

	cycles.values[0] = prof_put_string(w, "branches");
	prof_put_event(w, &cycles);
	prof_put_event(w, &clock);
}

/* The innermost of main > outer > inner, of which the last is inlined. */
static uint32_t put_stack(struct prof_writer *w)
{
	struct prof_object elf = { PROF_ELF, prof_put_string(w, "/bin/prog"),
				   prof_put_string(w, "00ff"), 0 };
	uint32_t object = prof_put_object(w, &elf);
	uint32_t file = prof_put_string(w, "prog.c");
	const struct prof_func funcs[] = {
		{ prof_put_string(w, "inner"), prof_put_string(w, "inner"),
		  object, file, 3, 0x1100, 0x40 },
		{ prof_put_string(w, "outer(int)"), prof_put_string(w, "_Zo"),
		  object, file, 10, 0x1100, 0x40 },
		{ prof_put_string(w, "main"), prof_put_string(w, "main"),
		  object, file, 20, 0x1200, 0x80 },
	};
	uint32_t i, n = 0, frame[2];
	struct prof_loc locs[3] = { { 0, file, 5 },
				    { 1, file, 12 },
				    { 2, file, 22 } };

	for (i = 0; i < 3; i++)
		prof_put_func(w, &funcs[i]);
	frame[0] = prof_put_frame(w, object, 0x1210, PROF_FRAME_CALLER);
	frame[1] = prof_put_frame(w, object, 0x1108, 0);
	for (i = 0; i < 2; i++)
		n = prof_put_node(w, n, frame[i]);
	prof_put_locs(w, frame[1], locs, 2);
	prof_put_locs(w, frame[0], locs + 2, 1);
	return n;
}

static uint32_t put_kernel(struct prof_writer *w)
{
	struct prof_object o = { PROF_KERNEL, prof_put_string(w, "[kernel]"), 0,
				 prof_put_string(w, "kptr_restrict is 1") };
	uint32_t object = prof_put_object(w, &o);

	return prof_put_node(w, 0,
			     prof_put_frame(w, object, 0xffffffff81000123, 0));
}

static void put_code(struct prof_writer *w)
{
	static const unsigned char bytes[] = { 0x55, 0xc3 };
	struct prof_line line = { 0x1100, prof_put_string(w, "prog.c"), 3 };
	struct prof_code code = { 0, sizeof(bytes), 1, bytes, &line };

	prof_put_code(w, &code);
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) :
			    -1;
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4, i;
	struct prof_totals t = totals;
	struct prof_task tasks[2];
	struct prof_writer *w;
	uint32_t nodes[2];

	if (fd < 0) {
		fprintf(stderr, "make-pfm: %s\n",
			argc > 1 ? strerror(errno) : "no FILE");
		return 1;
	}
	w = prof_create(fd, 3);
	prof_put_meta(w, "command", "prog \033[2J --fast");
	put_events(w);
	tasks[0] = (struct prof_task){ 41, 41, prof_put_string(w, "prog") };
	tasks[1] = (struct prof_task){ 41, 42, prof_put_string(w, "worker") };
	for (i = 0; i < 2; i++)
		prof_put_task(w, &tasks[i]);
	nodes[0] = put_stack(w);
	nodes[1] = put_kernel(w);
	for (i = 0; i < n; i++) {
		struct prof_sample s = {
			.time = 1000000007 + i * 1003009ull,
			.weight = i % 2 ? 1003009 : 4000,
			.addr = i % 4 == 2 ? 0x7ffd0000beef : 0,
			.event = i % 2,
			.task = i / 2 % 2,
			.node = nodes[i % 4 == 3],
			.cpu = (uint16_t)(i % 4),
			.nvalues = i % 2 ? 0 : 1,
			.values = { 17 + i },
		};

		prof_put_sample(w, &s);
	}
	put_code(w);
	t.samples = n;
	return prof_end(w, &t) < 0;
}
