/* SPDX-License-Identifier: MIT
 *
 * export-folded.c - folded stacks, as FlameGraph, speedscope and inferno read
 * them: "comm;outermost;...;innermost WEIGHT", one line for each distinct stack.
 * A ';' within a name becomes ':'.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>

/* Text of each symbol, made ready once. */
struct names {
	struct export *ex;
	struct name {
		char *text; /* owned; NULL: not yet */
		size_t size;
	} * v;
};

static const struct name *name_of(struct names *names, uint32_t sym)
{
	struct name *name = &names->v[sym];
	FILE *f;

	if (name->text)
		return name;
	f = open_memstream(&name->text, &name->size);
	if (!f)
		die("out of memory");
	put_clean(f, export_sym_text(names->ex, sym),
		  (struct clean){ ':', false });
	if (fclose(f) != 0)
		die("out of memory");
	return name;
}

/* A line: stacks that differ by addresses only are one. */
struct line {
	uint32_t comm, node;
	uint64_t weight;
};

struct folded {
	struct export *ex;
	struct names names;
	struct line *lines; /* owned */
	uint32_t n;
	struct export_map map; /* hash of the symbols to line */
	uint32_t syms[EXPORT_DEPTH_MAX], other[EXPORT_DEPTH_MAX];
};

/* FNV-1a's way, by numbers; lines that are found are compared, too. */
static uint64_t hash_syms(const uint32_t *syms, uint32_t n, uint32_t comm)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ comm;
	uint32_t i;

	for (i = 0; i < n; i++)
		h = (h ^ syms[i]) * 0x100000001b3ULL;
	return h;
}

static bool is_line(struct folded *f, const struct line *line, uint32_t n,
		    const struct line *of)
{
	if (of->comm != line->comm)
		return false;
	return of->node == line->node ||
	       (stack_syms(f->ex, of->node, f->other) == n &&
		!memcmp(f->other, f->syms, n * sizeof(*f->syms)));
}

static void add_line(struct folded *f, const struct line *line)
{
	uint32_t n = stack_syms(f->ex, line->node, f->syms), at;
	uint64_t h = hash_syms(f->syms, n, line->comm);

	for (;; h++) {
		at = export_map_add(&f->map, (uint32_t)(h >> 32), (uint32_t)h,
				    f->n);
		if (at == f->n)
			break;
		if (is_line(f, line, n, &f->lines[at])) {
			f->lines[at].weight += line->weight;
			return;
		}
	}
	f->lines[f->n++] = *line;
}

static void put_name(struct folded *f, uint32_t sym, char end)
{
	const struct name *name = name_of(&f->names, sym);

	fwrite_unlocked(name->text, 1, name->size, f->ex->out);
	putc_unlocked(end, f->ex->out);
}

static void put_line(struct folded *f, const struct line *line,
		     const struct whole *whole)
{
	uint32_t n = stack_syms(f->ex, line->node, f->syms);

	put_name(f, export_sym_of_string(f->ex, line->comm), n ? ';' : ' ');
	while (n-- > 0)
		put_name(f, f->syms[n], n ? ';' : ' ');
	put_u64(f->ex->out, export_whole_weight(whole, line->weight));
	putc_unlocked('\n', f->ex->out);
}

static void add_lines(struct folded *f)
{
	const struct profile *p = f->ex->p;
	struct groups g;
	struct tally t;
	uint32_t i;

	groups_init(&g, p, BY_COMM);
	tally_run(&t, f->ex, &g);
	f->lines = xcalloc(t.n, sizeof(*f->lines));
	for (i = 0; i < t.n; i++)
		add_line(f,
			 &(struct line){ p->tasks[g.task[t.rows[i].group]].comm,
					 t.rows[i].node, t.weights[i] });
	tally_release(&t);
	groups_release(&g);
}

static void folded_write(struct export *ex)
{
	struct folded *f = xcalloc(1, sizeof(*f));
	uint32_t i, end = export_sym_end(ex);
	struct whole whole;

	export_whole_init(&whole, ex, ex->event);
	f->ex = ex;
	f->names = (struct names){ ex, xcalloc(end, sizeof(*f->names.v)) };
	add_lines(f);
	for (i = 0; i < f->n; i++)
		put_line(f, &f->lines[i], &whole);
	for (i = 0; i < end; i++)
		free(f->names.v[i].text);
	free(f->names.v);
	free(f->lines);
	export_map_release(&f->map);
	free(f);
}

const struct export_format export_folded = {
	.name = "folded",
	.write = folded_write,
};
