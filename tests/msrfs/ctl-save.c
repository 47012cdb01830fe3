/* SPDX-License-Identifier: MIT
 *
 * ctl-save.c - the commands save and diff of msrfs: every register of every
 * CPU under a name, and what has become of them since.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"

struct value {
	unsigned cpu;
	uint32_t reg;
	uint64_t v;
};

struct snapshot {
	struct snapshot *next; /* owned */
	char *name;            /* owned */
	struct value *values;  /* owned */
	size_t n;
	unsigned cpu; /* while it is made */
	bool failed;
};

/*
 * What goes on by itself: counters without a control and the RAPL and thermal
 * registers (reference, section 3), in ascending order.
 */
static const uint32_t runs_freely[] = {
	0x10,       0x34,       0xe7,       0xe8,       0x19c,
	0x1b1,      0x606,      0x611,      0x619,      0x639,
	0x641,      0x64d,      0x64e,      0xc00000e7, 0xc00000e8,
	0xc00000e9, 0xc0010280, 0xc0010299, 0xc001029a, 0xc001029b,
};

static bool is_free(uint32_t reg)
{
	for (size_t i = 0; i < sizeof(runs_freely) / sizeof(runs_freely[0]);
	     i++) {
		if (runs_freely[i] == reg)
			return true;
	}
	return false;
}

static void add_value(void *arg, uint32_t reg, uint64_t v)
{
	struct snapshot *s = arg;
	struct value *values;

	values = reallocarray(s->values, s->n + 1, sizeof(*values));
	if (!values) {
		s->failed = true;
		return;
	}
	s->values = values;
	values[s->n++] = (struct value){ .cpu = s->cpu, .reg = reg, .v = v };
}

static void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	free(s->values);
	free(s->name);
	free(s);
}

static struct snapshot *snapshot_new(struct fs *fs, const char *name)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->name = strdup(name);
	for (s->cpu = 0; s->cpu < fs->ncpus; s->cpu++) {
		cpu_catch_up(&fs->cpus[s->cpu]);
		model_each(fs->cpus[s->cpu].model, add_value, s);
	}
	if (s->failed || !s->name) {
		snapshot_free(s);
		return NULL;
	}
	return s;
}

static struct snapshot **snapshot_find(struct fs *fs, const char *name)
{
	struct snapshot **p = &fs->saved;

	while (*p && strcmp((*p)->name, name) != 0)
		p = &(*p)->next;
	return p;
}

bool save_take(struct fs *fs, const char *name)
{
	struct snapshot **old = snapshot_find(fs, name);
	struct snapshot *s = snapshot_new(fs, name);

	if (!s)
		return false;
	if (*old) {
		s->next = (*old)->next;
		snapshot_free(*old);
	}
	*old = s;
	return true;
}

/* The registers a model has never change: the two lists are parallel. */
bool save_diff(struct fs *fs, const char *name, bool free_too, FILE *out)
{
	const struct snapshot *was = *snapshot_find(fs, name);
	struct snapshot *now = was ? snapshot_new(fs, name) : NULL;
	size_t differ = 0;

	if (!now)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < now->n; i++) {
			const struct value *a = &was->values[i];
			const struct value *b = &now->values[i];

			if (a->v == b->v || (!free_too && is_free(b->reg)))
				continue;
			if (pass == 0)
				differ++;
			else
				fprintf(out, "%u 0x%x 0x%llx 0x%llx\n", b->cpu,
					b->reg, (unsigned long long)a->v,
					(unsigned long long)b->v);
		}
		if (pass == 0 && differ == 0)
			fprintf(out, "ok same\n");
		else if (pass == 0)
			fprintf(out, "ok %zu differ\n", differ);
	}
	snapshot_free(now);
	return true;
}

void save_release(struct fs *fs)
{
	while (fs->saved) {
		struct snapshot *s = fs->saved;

		fs->saved = s->next;
		snapshot_free(s);
	}
}
