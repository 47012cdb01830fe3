/* SPDX-License-Identifier: MIT
 *
 * make-scale.c - make-scale FILE SAMPLES PROCESSES STACKS FRAMES OBJECTS: a
 * profile of that size, for what is said of time and memory.  Stacks share their
 * outer parts as those of programs do: each leaves one that was there before at
 * some depth, and goes on by 1 to 5 frames.  Processes are of 40 programs, each
 * with stacks of its own, and some are hit far more often than others; function_0 is
 * the innermost of one.  Equal arguments make equal files.
 */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "profile.h"

#define DEPTH_MOST 60
#define PERIOD 1000
#define PROGRAMS 40
#define PER_FUNC 4 /* frames of a function */

struct shape {
	uint64_t samples;
	uint32_t procs, stacks, frames, objects;
};

static struct prof_writer *w;
static uint64_t seed = 1;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 32) * n >> 32);
}

__attribute__((format(printf, 1, 2))) static uint32_t text(const char *format,
							   ...)
{
	char buf[64];
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf, sizeof(buf), format, ap);
	va_end(ap);
	return prof_put_string(w, buf);
}

static void put_head(const struct shape *sh)
{
	uint32_t i;

	prof_put_meta(w, "version", "1.0");
	prof_put_meta(w, "command", "scale");
	prof_put_event(w, &(struct prof_event){ .name = text("cycles"),
						.unit = 0,
						.scale = 1,
						.weight = PROF_PERIOD,
						.period = PERIOD,
						.skid = 0 });
	for (i = 0; i < sh->objects; i++)
		prof_put_object(w, &(struct prof_object){
					   .kind = PROF_ELF,
					   .path = text("/usr/lib/lib%u.so", i),
					   .build_id = text("%016x", i + 1) });
	/* Two threads each. */
	for (i = 0; i < 2 * sh->procs; i++)
		prof_put_task(w, &(struct prof_task){
					 .pid = 1000 + (i & ~1u),
					 .tid = 1000 + i,
					 .comm = text("worker-%u",
						      i / 2 % PROGRAMS) });
	for (i = 0; i < sh->frames; i++)
		prof_put_frame(w, i / PER_FUNC % sh->objects,
			       0x1000 + i * 16ull, PROF_FRAME_CALLER & i);
}

static void put_stacks(const struct shape *sh, uint32_t *nodes)
{
	unsigned char *depth = calloc(sh->stacks, 1);
	uint32_t s, k, node;
	unsigned up, d;

	for (s = 0; depth && s < sh->stacks; s++) {
		node = d = 0;
		if (s > 16) {
			k = below(s);
			node = nodes[k];
			d = depth[k];
			for (up = below(6); (up > 0 || d > DEPTH_MOST) && d > 0;
			     up -= up > 0, d--)
				node = prof_node_at(w, node)->parent;
		}
		for (k = 1 + below(5); k > 0; k--, d++)
			node = prof_put_node(w, node,
					     s ? below(sh->frames) : 0);
		nodes[s] = node;
		depth[s] = (unsigned char)d;
	}
	free(depth);
}

/* One of the stacks of a program, which are a part of all; some are hot. */
static uint32_t pick(const struct shape *sh, uint32_t program)
{
	uint32_t part = sh->stacks / PROGRAMS + 1;
	uint32_t hot = below(4) ? 64 : 1;

	return (program * part + below(part / hot + 1)) % sh->stacks;
}

static void put_samples(const struct shape *sh, const uint32_t *nodes)
{
	uint64_t i;

	for (i = 0; i < sh->samples; i++) {
		uint32_t task = (uint32_t)((i >> 4) * 7919 % (2 * sh->procs));
		struct prof_sample s = {
			.time = i * 1000,
			.weight = PERIOD,
			.task = task,
			.node = nodes[pick(sh, task / 2 % PROGRAMS)],
			.cpu = (uint16_t)(i >> 4) % 64,
		};

		prof_put_sample(w, &s);
	}
}

static void put_symbols(const struct shape *sh)
{
	struct prof_loc loc = { 0 };
	uint32_t i;

	for (i = 0; i < sh->frames; i++) {
		uint32_t n = i / PER_FUNC;

		if (i % PER_FUNC == 0)
			loc.func = prof_put_func(
				w,
				&(struct prof_func){
					.name = text("function_%u", n),
					.linkage = text("function_%u", n),
					.object = n % sh->objects,
					.file = text("/src/file-%u.c", n / 8),
					.line = n % 8 * 100 + 1,
					.start = 0x1000 + i * 16ull,
					.size = 16 * PER_FUNC });
		loc.file = text("/src/file-%u.c", n / 8);
		loc.line = n % 8 * 100 + 2 + i % PER_FUNC;
		prof_put_locs(w, i, &loc, 1);
	}
}

int main(int argc, char **argv)
{
	struct prof_totals t = { .start_ns = 1700000000000000000 };
	struct shape sh;
	uint32_t *nodes;
	int fd;

	if (argc != 7) {
		fprintf(stderr, "usage: make-scale FILE SAMPLES PROCESSES "
				"STACKS FRAMES OBJECTS\n");
		return 2;
	}
	sh = (struct shape){ strtoull(argv[2], NULL, 10),
			     (uint32_t)strtoul(argv[3], NULL, 10),
			     (uint32_t)strtoul(argv[4], NULL, 10),
			     (uint32_t)strtoul(argv[5], NULL, 10),
			     (uint32_t)strtoul(argv[6], NULL, 10) };
	nodes = calloc(sh.stacks, sizeof(*nodes));
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || !nodes || !sh.procs || !sh.frames || !sh.objects) {
		perror(argv[1]);
		return 1;
	}
	w = prof_create(fd, 3);
	put_head(&sh);
	put_stacks(&sh, nodes);
	put_samples(&sh, nodes);
	put_symbols(&sh);
	t.duration_ns = sh.samples * 1000;
	t.samples = t.stacks = t.complete = sh.samples;
	t.processes = sh.procs;
	t.threads = 2 * sh.procs;
	free(nodes);
	if (prof_end(w, &t) < 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
