/* SPDX-License-Identifier: MIT
 *
 * top-annotate.c - the instructions of one function, with the samples of each
 * address since the sampling began.  A profile has more: see pfmon annotate.
 */
#include "config.h"

#include "top-sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "disasm.h"

#define CODE_MOST 65536

struct top_lines {
	struct top_line *v; /* owned, the texts, too */
	size_t n, room;
};

struct source_line {
	uint64_t addr;
	char *text; /* owned */
};

struct sources {
	struct source_line *v; /* owned */
	size_t n, room;
};

static void add_source(void *arg, const struct sym_line *line)
{
	struct sources *s = arg;
	const char *base = line->file ? strrchr(line->file, '/') : NULL;

	if (!line->file)
		return;
	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		s->v = xreallocarray(s->v, s->room, sizeof(*s->v));
	}
	s->v[s->n++] = (struct source_line){
		.addr = line->addr,
		.text = xasprintf("%s:%u", base ? base + 1 : line->file,
				  line->line),
	};
}

/* From *i on, which goes along: both ascend. */
static const char *source_at(const struct sources *s, uint64_t addr, size_t *i)
{
	while (*i < s->n && s->v[*i].addr <= addr)
		++*i;
	return *i > 0 ? s->v[*i - 1].text : "";
}

static void add_line(struct top_lines *l, uint64_t addr, const char *text,
		     const char *source)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->v = xreallocarray(l->v, l->room, sizeof(*l->v));
	}
	l->v[l->n] = (struct top_line){ .addr = addr,
					.text = xstrdup(text),
					.source = xstrdup(source) };
	snprintf(l->v[l->n].hex, sizeof(l->v->hex), "%llx",
		 (unsigned long long)addr);
	l->n++;
}

static void disassemble(struct top_lines *l, struct disasm *d,
			const struct top_func *f, struct sym_object *sym)
{
	size_t size = f->size < CODE_MOST ? (size_t)f->size : CODE_MOST;
	unsigned char *code = xcalloc(size + 1, 1);
	size_t n = sym_code(sym, f->start, size, code), at, next = 0;
	struct sources lines = { .n = 0 };
	struct disasm_insn insn;
	char text[320];

	sym_lines(sym, f->start, f->start + size, add_source, &lines);
	for (at = 0; at < n; at += insn.size) {
		disasm_one(d, code + at, n - at, f->start + at, &insn);
		if (insn.kind == DISASM_PLAIN)
			snprintf(text, sizeof(text), "%s", insn.text);
		else
			snprintf(text, sizeof(text), "%s 0x%llx", insn.text,
				 (unsigned long long)insn.target);
		add_line(l, f->start + at, text,
			 source_at(&lines, f->start + at, &next));
	}
	while (lines.n > 0)
		free(lines.v[--lines.n].text);
	free(lines.v);
	free(code);
}

/* The line an address is in; where there is no code a line of its own. */
static struct top_line *line_at(struct top_lines *l, uint64_t addr)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? &l->v[low - 1] : NULL;
}

static int compare(const void *a, const void *b)
{
	const struct top_line *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Each address that was hit is a line, where code cannot be shown. */
static void add_bare(struct sampler *s, struct top_lines *l, uint32_t func,
		     const char *why)
{
	size_t i, n = 0;

	for (i = 0; i < s->size; i++)
		if (s->places[i].file && s->places[i].func == func)
			add_line(l, s->places[i].addr, why, "");
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	for (i = 0; i < l->n; i++) {
		if (n > 0 && l->v[n - 1].addr == l->v[i].addr) {
			free((char *)(uintptr_t)l->v[i].text);
			free((char *)(uintptr_t)l->v[i].source);
			continue;
		}
		l->v[n++] = l->v[i];
	}
	l->n = n;
}

static struct file *file_of(const struct sampler *s, uint32_t func)
{
	size_t i;

	for (i = 0; i < s->size; i++)
		if (s->places[i].file && s->places[i].func == func)
			return s->places[i].file;
	return NULL;
}

struct top_lines *sampler_lines(struct sampler *s, uint32_t func, pid_t pid,
				char **why)
{
	const struct top_func *f = top_funcs_at(s->funcs, func);
	struct file *file = file_of(s, func);
	struct utsname here = { .machine = "" };
	struct top_lines *l;
	struct disasm *d;
	size_t i;

	if (!file) {
		*why = xstrdup("no sample of it yet");
		return NULL;
	}
	uname(&here);
	l = xcalloc(1, sizeof(*l));
	d = f->size ? disasm_open(here.machine, false, why) : NULL;
	if (d)
		disassemble(l, d, f, places_symbols(s, file));
	disasm_close(d);
	if (!l->n)
		add_bare(s, l, func,
			 *why      ? *why :
			 f->kernel ? "(the kernel's code is not in a file)" :
				     "(its code cannot be read)");
	for (i = 0; i < s->size; i++) {
		const struct place *p = &s->places[i];
		struct top_line *line;

		if (!p->file || p->func != func ||
		    (pid && p->pid != (uint32_t)pid))
			continue;
		line = line_at(l, p->addr);
		if (line)
			line->samples += p->n;
	}
	free(*why);
	*why = NULL;
	return l;
}

const struct top_line *top_lines_at(const struct top_lines *l, size_t i)
{
	return &l->v[i];
}

size_t top_lines_count(const struct top_lines *l)
{
	return l->n;
}

void top_lines_free(struct top_lines *l)
{
	if (!l)
		return;
	while (l->n > 0) {
		free((char *)(uintptr_t)l->v[--l->n].text);
		free((char *)(uintptr_t)l->v[l->n].source);
	}
	free(l->v);
	free(l);
}
