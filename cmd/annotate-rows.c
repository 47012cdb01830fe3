/* SPDX-License-Identifier: MIT
 *
 * annotate-rows.c - one function's instructions, their lines and how often each
 * was hit; without code, the addresses that were.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "annotate-priv.h"

/* by_addr is sorted; qsort has no argument for the functions, qsort_r has. */
static int compare_funcs(const void *a, const void *b, void *arg)
{
	const struct prof_func *funcs = arg;
	const struct prof_func *x = &funcs[*(const uint32_t *)a];
	const struct prof_func *y = &funcs[*(const uint32_t *)b];

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

void annot_index(struct annot *a)
{
	const struct profile *p = a->p;
	uint32_t i;

	a->code_of = xreallocarray(NULL, p->nfuncs, sizeof(*a->code_of));
	a->by_addr = xreallocarray(NULL, p->nfuncs, sizeof(*a->by_addr));
	a->nby_addr = 0;
	for (i = 0; i < p->nfuncs; i++) {
		a->code_of[i] = PROF_NONE;
		if (p->funcs[i].size)
			a->by_addr[a->nby_addr++] = i;
	}
	for (i = 0; i < p->ncodes; i++)
		a->code_of[p->codes[i].func] = i;
	qsort_r(a->by_addr, a->nby_addr, sizeof(*a->by_addr), compare_funcs,
		(void *)p->funcs);
}

void annot_index_release(struct annot *a)
{
	free(a->code_of);
	free(a->by_addr);
}

uint32_t annot_func_at(const struct annot *a, uint32_t object, uint64_t addr)
{
	const struct prof_func *funcs = a->p->funcs, *f;
	uint32_t from = 0, to = a->nby_addr, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		f = &funcs[a->by_addr[mid]];
		if (f->object < object ||
		    (f->object == object && f->start <= addr))
			from = mid + 1;
		else
			to = mid;
	}
	if (!from)
		return PROF_NONE;
	f = &funcs[a->by_addr[from - 1]];
	if (f->object != object || addr - f->start >= f->size)
		return PROF_NONE;
	return a->by_addr[from - 1];
}

static struct annot_row *add_row(struct annot_code *c, uint64_t addr)
{
	if (!(c->nrows & (c->nrows - 1)))
		c->rows = xreallocarray(c->rows, c->nrows ? c->nrows * 2 : 1,
					sizeof(*c->rows));
	c->rows[c->nrows] =
		(struct annot_row){ .addr = addr, .counts = PROF_NONE };
	return &c->rows[c->nrows++];
}

static void add_insn(struct annot_code *c, const struct disasm_insn *insn)
{
	struct annot_row *row = add_row(c, insn->addr);

	row->text = xstrdup(insn->text);
	row->target = insn->target;
	row->size = (uint16_t)insn->size;
	row->kind = (uint8_t)insn->kind;
}

/* Why there is no code, and what would bring it. */
static char *why_no_code(const struct profile *p, const struct prof_func *f)
{
	const struct prof_object *o = &p->objects[f->object];

	if (*p->strings[o->why])
		return xasprintf("no instructions: %s", p->strings[o->why]);
	if (o->kind == PROF_KERNEL || o->kind == PROF_MODULE)
		return xstrdup("no instructions: the kernel's code could not "
			       "be read while recording; record as root, or "
			       "with --vmlinux");
	if (o->kind == PROF_JIT)
		return xstrdup("no instructions: code made while running is "
			       "not kept");
	return xstrdup("no instructions: the profile has no code of this "
		       "function");
}

/* The hits of the section from i on that lie within the row, or before it. */
struct hits {
	const struct annot_hit *v;
	uint32_t n, i;
};

static void add_counts(struct annot_code *c, const struct annot *a,
		       struct annot_row *row, const struct annot_hit *hit)
{
	uint32_t ncols = a->tally.ncols, i;

	if (row->counts == PROF_NONE) {
		c->counts = xreallocarray(c->counts, c->ncounts + ncols,
					  sizeof(*c->counts));
		row->counts = (uint32_t)c->ncounts;
		for (i = 0; i < ncols; i++)
			c->counts[c->ncounts++] = (struct annot_count){ 0, 0 };
	}
	for (i = 0; i < ncols; i++) {
		const struct annot_count *from =
			&a->tally.counts[hit->counts + i];

		c->counts[row->counts + i].weight += from->weight;
		c->counts[row->counts + i].samples += from->samples;
		c->self[i].weight += from->weight;
		c->self[i].samples += from->samples;
	}
}

/* What the frame knows of its line is better than the line table. */
static void set_line(const struct profile *p, struct annot_row *row,
		     uint32_t frame)
{
	const struct prof_frame *f = &p->frames[frame];

	if (f->nlocs && p->locs[f->loc].line) {
		row->file = p->locs[f->loc].file;
		row->line = p->locs[f->loc].line;
	}
}

/* Those before an address that no instruction covers: rows of their own. */
static void hits_before(struct annot_code *c, const struct annot *a,
			struct hits *h, uint64_t addr)
{
	struct annot_row *row = NULL;

	for (; h->i < h->n && h->v[h->i].addr < addr; h->i++) {
		const struct annot_hit *hit = &h->v[h->i];

		if (c->s->inlined != PROF_NONE &&
		    !annot_in_chain(a->p, hit->frame, c->s->inlined))
			continue;
		if (!row || row->addr != hit->addr)
			row = add_row(c, hit->addr);
		set_line(a->p, row, hit->frame);
		add_counts(c, a, row, hit);
	}
}

static void hits_within(struct annot_code *c, const struct annot *a,
			struct hits *h, struct annot_row *row)
{
	/* Hit is what the inlined function has here, or nothing. */
	bool other = c->s->inlined != PROF_NONE;

	for (; h->i < h->n && h->v[h->i].addr - row->addr < row->size; h->i++) {
		const struct annot_hit *hit = &h->v[h->i];

		if (other && !annot_in_chain(a->p, hit->frame, c->s->inlined))
			continue;
		set_line(a->p, row, hit->frame);
		add_counts(c, a, row, hit);
	}
}

/* The line of the table that holds at each row; both ascend. */
static void read_lines(struct annot_code *c, const struct prof_code *code)
{
	uint32_t k = 0;
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		while (k < code->nlines &&
		       code->lines[k].addr <= c->rows[i].addr)
			k++;
		if (!k || c->rows[i].line)
			continue;
		c->rows[i].file = code->lines[k - 1].file;
		c->rows[i].line = code->lines[k - 1].line;
	}
}

static void read_code(struct annot_code *c, const struct annot *a,
		      const struct prof_code *code, struct hits *h)
{
	uint64_t start = a->p->funcs[code->func].start;
	struct disasm_insn insn;
	uint32_t at;

	for (at = 0; at < code->nbytes; at += insn.size) {
		disasm_one(a->disasm, code->bytes + at, code->nbytes - at,
			   start + at, &insn);
		hits_before(c, a, h, insn.addr);
		add_insn(c, &insn);
		hits_within(c, a, h, &c->rows[c->nrows - 1]);
	}
}

/* In place of instructions: where a line begins, and what was hit. */
static void read_table(struct annot_code *c, const struct annot *a,
		       const struct prof_code *code, struct hits *h)
{
	struct annot_row *row;
	uint32_t i;

	for (i = 0; i < code->nlines; i++) {
		if (i && code->lines[i].addr <= code->lines[i - 1].addr)
			continue;
		hits_before(c, a, h, code->lines[i].addr);
		row = add_row(c, code->lines[i].addr);
		row->size = 1;
		hits_within(c, a, h, row);
	}
}

struct place {
	uint32_t file, line;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/*
 * A frame that was hit knows what it was inlined from, an instruction that was
 * not only its line: it is of the inlined function when a hit of it has that
 * line, too.
 */
static void mark_others(struct annot_code *c)
{
	struct place *v = xcalloc(c->nrows, sizeof(*v)), key;
	size_t n = 0, i;

	if (c->s->inlined == PROF_NONE)
		goto out;
	for (i = 0; i < c->nrows; i++)
		if (c->rows[i].counts != PROF_NONE && c->rows[i].line)
			v[n++] = (struct place){ c->rows[i].file,
						 c->rows[i].line };
	qsort(v, n, sizeof(*v), compare_places);
	for (i = 0; i < c->nrows; i++) {
		key = (struct place){ c->rows[i].file, c->rows[i].line };
		c->rows[i].other =
			c->rows[i].counts == PROF_NONE &&
			!bsearch(&key, v, n, sizeof(*v), compare_places);
	}
out:
	free(v);
}

static int compare_addrs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_row(const void *key, const void *row)
{
	uint64_t addr = *(const uint64_t *)key;
	const struct annot_row *r = row;

	return addr < r->addr ? -1 : addr > r->addr;
}

static void find_labels(struct annot_code *c)
{
	size_t n = 0, i;

	c->labels = xreallocarray(NULL, c->nrows, sizeof(*c->labels));
	for (i = 0; i < c->nrows; i++)
		if (c->rows[i].kind == DISASM_JUMP &&
		    bsearch(&c->rows[i].target, c->rows, c->nrows,
			    sizeof(*c->rows), compare_row))
			c->labels[n++] = c->rows[i].target;
	qsort(c->labels, n, sizeof(*c->labels), compare_addrs);
	for (i = 0; i < n; i++)
		if (!i || c->labels[i] != c->labels[i - 1])
			c->labels[c->nlabels++] = c->labels[i];
}

size_t annot_label(const struct annot_code *c, uint64_t addr)
{
	const uint64_t *at = bsearch(&addr, c->labels, c->nlabels, sizeof(addr),
				     compare_addrs);

	return at ? (size_t)(at - c->labels) + 1 : 0;
}

void annot_code_init(struct annot_code *c, struct annot *a,
		     const struct annot_section *s)
{
	uint32_t index = a->code_of[s->func];
	const struct prof_code *code =
		index == PROF_NONE ? NULL : &a->p->codes[index];
	struct hits h = { .i = 0 };

	*c = (struct annot_code){ .s = s };
	c->self = xcalloc(a->tally.ncols, sizeof(*c->self));
	h.v = annot_hits(&a->tally, s->func, &h.n);
	if (!code || !code->nbytes)
		c->why = why_no_code(a->p, &a->p->funcs[s->func]);
	else if (!a->disasm)
		c->why = xstrdup(a->why);
	if (!c->why)
		read_code(c, a, code, &h);
	else if (code)
		read_table(c, a, code, &h);
	hits_before(c, a, &h, UINT64_MAX);
	if (code)
		read_lines(c, code);
	mark_others(c);
	find_labels(c);
}

void annot_code_release(struct annot_code *c)
{
	size_t i;

	for (i = 0; i < c->nrows; i++)
		free(c->rows[i].text);
	free(c->rows);
	free(c->counts);
	free(c->self);
	free(c->labels);
	free(c->why);
}

void annot_target(const struct annot *a, const struct annot_code *c,
		  const struct annot_row *row, FILE *f)
{
	uint32_t object = a->p->funcs[c->s->func].object, func;
	size_t label = annot_label(c, row->target);
	const struct prof_func *to;
	const char *name;

	if (row->kind == DISASM_PLAIN)
		return;
	if (row->kind == DISASM_JUMP && label) {
		fprintf(f, ".L%zu", label);
		return;
	}
	func = annot_func_at(a, object, row->target);
	if (row->kind == DISASM_DATA)
		fprintf(f, "  # ");
	if (func == PROF_NONE) {
		fprintf(f, "0x%" PRIx64, row->target);
		return;
	}
	to = &a->p->funcs[func];
	name = a->p->strings[to->name];
	annot_put(f, name, strlen(name));
	if (row->target != to->start)
		fprintf(f, "+0x%" PRIx64, row->target - to->start);
}

double annot_percent(const struct annot *a, const struct annot_code *c,
		     uint32_t col, uint64_t weight)
{
	const struct annot_count *all =
		a->opt->percent == ANNOT_GLOBAL ? a->tally.total : c->self;

	return all[col].weight ?
		       100 * (double)weight / (double)all[col].weight :
		       0;
}

bool annot_cold(const struct annot *a, const struct annot_code *c,
		const struct annot_count *counts)
{
	uint32_t i;

	for (i = 0; counts && i < a->tally.ncols; i++)
		if (counts[i].samples &&
		    annot_percent(a, c, i, counts[i].weight) >= a->opt->min)
			return false;
	return a->opt->min > 0;
}
