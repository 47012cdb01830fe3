/* SPDX-License-Identifier: MIT
 *
 * top-cpu.c - whole CPUs: how busy each was, from /proc/stat, and what it
 * counted, by a context on each that is opened only when it is wanted.
 */
#include "config.h"

#include "top-priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct one_cpu {
	struct counting c;
	uint8_t why;      /* it is not counted: enum top_why */
	uint64_t busy_ns; /* since boot */
};

struct top_cpus {
	struct one_cpu *v; /* owned; t->ncpus of them */
	int fd;            /* of /proc/stat */
	char *text;        /* owned */
	size_t room;
	uint64_t forks;
	long tick_ns;
};

/* The whole file, into memory that grows with the machine. */
static bool read_text(struct top_cpus *c)
{
	size_t n = 0;
	ssize_t got;

	for (;;) {
		if (c->room - n < 4096) {
			c->room = c->room ? c->room * 2 : 16384;
			c->text = xreallocarray(c->text, c->room, 1);
		}
		got = pread(c->fd, c->text + n, c->room - n - 1, (off_t)n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	c->text[n] = '\0';
	return n > 0;
}

static struct one_cpu *find(struct top *t, struct top_cpus *c, unsigned cpu)
{
	unsigned i;

	if (cpu < t->ncpus && t->cpu_numbers[cpu] == cpu)
		return &c->v[cpu];
	for (i = 0; i < t->ncpus; i++)
		if (t->cpu_numbers[i] == cpu)
			return &c->v[i];
	return NULL;
}

/* "cpu3 user nice system idle iowait irq softirq steal guest guest_nice" */
static void parse_cpu(struct top *t, struct top_cpus *c, const char *line)
{
	unsigned long long v[8] = { 0 };
	struct one_cpu *one;
	unsigned cpu;

	if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 5)
		return;
	one = find(t, c, cpu);
	if (!one)
		return;
	one->busy_ns = (v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) *
		       (unsigned long long)c->tick_ns;
}

static void read_stat(struct top *t, struct top_cpus *c)
{
	const char *p;

	if (c->fd < 0 || !read_text(c))
		return;
	for (p = c->text; *p; p++) {
		if (!strncmp(p, "cpu", 3) && p[3] >= '0' && p[3] <= '9')
			parse_cpu(t, c, p);
		else if (!strncmp(p, "processes ", 10))
			c->forks = strtoull(p + 10, NULL, 10);
		p += strcspn(p, "\n");
		if (!*p)
			break;
	}
}

struct top_cpus *top_cpus_new(struct top *t)
{
	struct top_cpus *c = xcalloc(1, sizeof(*c));
	unsigned i;

	c->v = xcalloc(t->ncpus + 1, sizeof(*c->v));
	c->fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	c->tick_ns = (long)NS_PER_S / sysconf(_SC_CLK_TCK);
	for (i = 0; i < t->ncpus; i++)
		c->v[i].c.fd = -1;
	read_stat(t, c);
	top_cpus_reopen(t, c);
	return c;
}

void top_cpus_free(struct top *t, struct top_cpus *c)
{
	unsigned i;

	if (!c)
		return;
	for (i = 0; i < t->ncpus; i++)
		counting_close(t, &c->v[i].c);
	if (c->fd >= 0)
		close(c->fd);
	free(c->v);
	free(c->text);
	free(c);
}

void top_cpus_reopen(struct top *t, struct top_cpus *c)
{
	struct target at = { .inherit = false };
	unsigned i;

	for (i = 0; i < t->ncpus; i++) {
		struct one_cpu *one = &c->v[i];

		counting_close(t, &one->c);
		at.cpu = (int)t->cpu_numbers[i];
		one->why = WHY_DENIED;
		if (t->ev.system)
			one->why = (uint8_t)counting_open(t, &one->c, &at);
		if (t->ev.msr && one->why)
			die("CPU %d: %s", at.cpu, pfm_reason());
	}
}

void top_cpus_read(struct top *t, struct top_cpus *c, struct frame *f)
{
	uint64_t before;
	unsigned i;

	for (i = 0; i < t->ncpus; i++)
		f->cpus[i].busy_ns = c->v[i].busy_ns;
	read_stat(t, c);
	for (i = 0; i < t->ncpus; i++) {
		struct one_cpu *one = &c->v[i];
		struct cpu_line *l = &f->cpus[i];

		before = l->busy_ns;
		l->cpu = t->cpu_numbers[i];
		l->busy_ns = one->busy_ns > before ? one->busy_ns - before : 0;
		/* The kernel's ticks are no finer than the interval. */
		if (l->busy_ns > f->duration_ns)
			l->busy_ns = f->duration_ns;
		l->v[VAL_CPU] = l->busy_ns;
		l->why = one->why;
		l->has = counting_read(t, &one->c, true, l->v, &l->why) |
			 1ULL << VAL_CPU;
	}
}

uint64_t top_cpus_forks(const struct top_cpus *c)
{
	return c->forks;
}
