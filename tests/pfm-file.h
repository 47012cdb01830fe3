/* SPDX-License-Identifier: MIT
 *
 * pfm-file.h - a small .pfm file with something of everything, for the tests
 * that write one and read it back, whole or not.
 */
#ifndef PFM_PFM_FILE_H
#define PFM_PFM_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile-block.h"
#include "profile.h"
#include "tap.h"

#define MANY 100000u /* samples of the large file */

static char dir[PATH_MAX / 2], path[PATH_MAX];

/* A directory for the files, which end_files() removes. */
static void begin_files(const char *name)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/%s.XXXXXX", tmp && *tmp ? tmp : "/tmp",
		 name);
	if (!mkdtemp(dir))
		skip_all("no directory for files: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/test.pfm", dir);
}

/* One in memory instead: opening it is cheaper than a directory's. */
static inline void file_in_memory(void)
{
	int fd = memfd_create("test.pfm", 0);

	if (fd < 0)
		return;
	unlink(path);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

static void end_files(void)
{
	unlink(path);
	rmdir(dir);
}

static inline int new_file(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		abort();
	return fd;
}

static inline struct prof_writer *writer_new(void)
{
	return prof_create(new_file(), 3);
}

static inline void save(const unsigned char *data, size_t n)
{
	int fd = new_file();

	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done <= 0)
			abort();
		data += done;
		n -= (size_t)done;
	}
	close(fd);
}

/* All of the file; to be freed. */
static inline unsigned char *load(size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *data;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	*size = (size_t)st.st_size;
	data = malloc(*size + 1);
	if (!data || read(fd, data, *size) != st.st_size)
		abort();
	close(fd);
	return data;
}

static inline struct profile *open_it(void)
{
	char *why;
	struct profile *p = prof_open(path, &why);

	if (!p)
		diag("%s", why);
	free(why);
	return p;
}

/* Sample number i: each column goes its own way. */
static inline struct prof_sample sample(uint32_t i, bool plain)
{
	struct prof_sample s = {
		.time = 1000 * (uint64_t)i - i % 7 * 900,
		.weight = i % 11 ? 1000003 : UINT64_MAX - i,
		.addr = i % 3 ? 0 : 0x7ffd00000000 + i * 8,
		.event = i % 2,
		.task = i * 2654435761u % 3,
		.node = i * 40503u % 6,
		.cpu = (uint16_t)(i % 5 ? i % 64 : 65535 - i % 64),
		.nvalues = i % 2 ? (uint16_t)(i % (PROF_MAX_VALUES + 1)) : 0,
	};

	if (plain) {
		s.addr = 0;
		s.nvalues = 0;
	}
	for (unsigned k = 0; k < s.nvalues; k++)
		s.values[k] = k % 2 ? UINT64_MAX - i : i * k;
	return s;
}

static inline bool same_sample(const struct prof_sample *a,
			       const struct prof_sample *b)
{
	return a->time == b->time && a->weight == b->weight &&
	       a->addr == b->addr && a->event == b->event &&
	       a->task == b->task && a->node == b->node && a->cpu == b->cpu &&
	       a->nvalues == b->nvalues &&
	       memcmp(a->values, b->values, a->nvalues * sizeof(uint64_t)) == 0;
}

static const struct prof_totals totals = {
	.start_ns = 1700000000123456789,
	.duration_ns = 42,
	.samples = MANY,
	.lost = 3,
	.dropped = UINT64_MAX,
	.throttled = 5,
	.stacks = 6,
	.complete = 7,
	.processes = 8,
	.threads = 9,
	.status = -1,
};

static const unsigned char code_bytes[] = { 0x55, 0x00, 0xff, 0xc3 };

/* Two events, two objects, three tasks, five frames and nodes. */
static void put_tables(struct prof_writer *w)
{
	struct prof_event ev[2] = {
		{ .name = prof_put_string(w, "cycles"),
		  .scale = 1,
		  .weight = PROF_FREQ,
		  .period = 4000,
		  .skid = prof_put_string(w, "up to 3") },
		{ .name = prof_put_string(w, "energy"),
		  .unit = prof_put_string(w, "Joules"),
		  .scale = 6.103515625e-05,
		  .weight = PROF_CLOCK,
		  .set = 3,
		  .period = UINT64_MAX,
		  .nvalues = PROF_MAX_VALUES },
	};
	struct prof_object obj[2] = {
		{ PROF_ELF, prof_put_string(w, "/bin/true"),
		  prof_put_string(w, "0123abcd"), 0 },
		{ PROF_JIT, prof_put_string(w, "[jit 7]"), 0, 0 },
	};
	struct prof_task tasks[3] = {
		{ 7, 7, prof_put_string(w, "one") },
		{ 7, 8, prof_put_string(w, "two") },
		{ UINT32_MAX, 0, prof_put_string(w, "") },
	};
	uint32_t node = 0;

	for (unsigned i = 0; i < PROF_MAX_VALUES; i++)
		ev[1].values[i] = i % 2 ? ev[0].name : ev[1].name;
	for (unsigned i = 0; i < 2; i++) {
		prof_put_event(w, &ev[i]);
		prof_put_object(w, &obj[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		prof_put_task(w, &tasks[i]);
	for (uint32_t i = 0; i < 5; i++)
		node = prof_put_node(w, i == 3 ? 1 : node,
				     prof_put_frame(w, i % 2,
						    i % 2 ? UINT64_MAX - i :
							    0x1000 + i,
						    i ? PROF_FRAME_CALLER : 0));
}

static void put_symbols(struct prof_writer *w)
{
	struct prof_func f[2] = {
		{ prof_put_string(w, "std::sort()"), prof_put_string(w, "_Zs"),
		  0, prof_put_string(w, "a.cc"), 12, 0x1000, 64 },
		{ prof_put_string(w, "jitted"), 0, 1, 0, 0, UINT64_MAX - 9, 0 },
	};
	struct prof_loc locs[3] = { { 1, f[0].file, 99 },
				    { 0, f[0].file, 13 },
				    { PROF_NONE, 0, 0 } };
	struct prof_line lines[2] = { { 0x1000, f[0].file, 12 },
				      { 0x1003, 0, 7 } };
	struct prof_code code = { 0, sizeof(code_bytes), 2, code_bytes, lines };
	struct prof_object o = { PROF_JIT, prof_put_string(w, "[jit 7]"), 0,
				 prof_put_string(w, "no map") };

	for (unsigned i = 0; i < 2; i++)
		prof_put_func(w, &f[i]);
	prof_put_locs(w, 3, locs, 2);
	prof_put_locs(w, 0, locs + 2, 1);
	prof_put_code(w, &code);
	prof_set_object(w, 1, &o);
}

struct walk {
	uint32_t n, bad, plain; /* from that one on */
	uint32_t stop;
};

static int on_sample(const struct prof_sample *s, void *arg)
{
	struct walk *w = arg;
	struct prof_sample want = sample(w->n, w->n >= w->plain);

	w->bad += !same_sample(s, &want);
	return ++w->n == w->stop ? 77 : 0;
}

#endif /* PFM_PFM_FILE_H */
