/* SPDX-License-Identifier: MIT
 *
 * unwind.c - the walk over a copied stack, frame by frame.  Tables are asked
 * for each place first, since a row learnt costs no more than a frame pointer
 * and tells in which code there is one; frame pointers are for code they do not
 * tell of.  What is neither told nor plausible ends the walk.
 */
#include "config.h"

#include <stdlib.h>

#include "unwind-priv.h"

struct walk {
	struct unwind_space *space;
	enum unwind_method method;
	struct unwind_stack stack;
	struct unwind_frame frame;
	struct unwind_known_map map; /* of frame.ip */
	bool guessed;
};

/* STEP_UNTOLD: tables say nothing of this place. */
enum step { STEP_OK, STEP_UNTOLD, STEP_END, STEP_FAIL };

struct unwind_space *unwind_space_new(unwind_find_fn find, void *arg)
{
	struct unwind_space *s = calloc(1, sizeof(*s));

	if (s) {
		s->find = find;
		s->arg = arg;
	}
	return s;
}

void unwind_space_free(struct unwind_space *s)
{
	free(s);
}

/* Rows belong to objects, by their own addresses: they stay true. */
void unwind_space_forget(struct unwind_space *s)
{
	s->nmaps = s->next_map = s->last_map = 0;
}

static bool map_has(const struct unwind_known_map *m, uint64_t addr)
{
	return addr >= m->start && addr < m->end;
}

static const struct unwind_known_map *map_find(struct unwind_space *s,
					       uint64_t addr)
{
	struct unwind_map found = { 0 };
	struct unwind_known_map *m;

	if (s->nmaps && map_has(&s->map[s->last_map], addr))
		return &s->map[s->last_map];
	for (unsigned i = 0; i < s->nmaps; i++) {
		if (map_has(&s->map[i], addr)) {
			s->last_map = i;
			return &s->map[i];
		}
	}
	if (!s->find(s->arg, addr, &found) || addr < found.start ||
	    addr >= found.end)
		return NULL;
	s->last_map = s->next_map;
	s->next_map = (s->next_map + 1) % UNWIND_NMAPS;
	if (s->nmaps < UNWIND_NMAPS)
		s->nmaps++;
	m = &s->map[s->last_map];
	*m = (struct unwind_known_map){ .start = found.start,
					.end = found.end,
					.obj = found.obj };
	if (m->obj)
		m->bias = object_bias(m->obj, &found);
	return m;
}

/* A call may be the last of its function: the place is before its return. */
static uint64_t frame_place(const struct unwind_frame *f)
{
	return f->ip - !f->exact;
}

/* The frame is at the code that a signal handler returns to. */
static bool step_sigreturn(struct walk *w, const struct unwind_row *row)
{
	if (!(w->frame.exact ? row->sigreturn : row->handler))
		return false;
	return sigreturn_step(&w->frame, &w->stack);
}

static void row_registers(struct walk *w, const struct unwind_row *row,
			  uint64_t cfa)
{
	const struct unwind_arch *a = &unwind_arch;
	struct unwind_frame *f = &w->frame;
	uint64_t value;

	for (unsigned i = 0; i < a->nslots; i++) {
		unsigned reg = a->slot_reg[i];

		if (row->off[i] == RULE_SAME)
			continue;
		if (row->off[i] != RULE_LOST &&
		    stack_read(&w->stack, cfa + (uint64_t)(int64_t)row->off[i],
			       &value))
			frame_set(f, reg, value);
		else
			f->known &= ~(UINT64_C(1) << reg);
	}
}

static enum step step_row(struct walk *w, const struct unwind_row *row)
{
	const struct unwind_arch *a = &unwind_arch;
	struct unwind_frame *f = &w->frame;
	uint64_t cfa;

	if (!frame_knows(f, row->cfa_reg))
		return STEP_FAIL;
	cfa = f->reg[row->cfa_reg] + (uint64_t)(int64_t)row->cfa_off;
	/* A frame that called has a place on the stack, one above the other. */
	if (cfa < f->floor || (cfa == f->floor && !f->exact))
		return STEP_FAIL;
	row_registers(w, row, cfa);
	if (!frame_knows(f, a->ra))
		return STEP_FAIL;
	f->ip = f->reg[a->ra] & a->ra_mask;
	f->known &= a->kept;
	frame_set(f, a->sp, cfa);
	f->floor = cfa;
	f->exact = row->signal;
	return STEP_OK;
}

static enum step step_lib(struct walk *w, const struct unwind_row *row,
			  uint64_t pc)
{
	struct unwind_frame *f = &w->frame;
	const uint64_t floor = f->floor;
	const bool exact = f->exact;
	uint64_t sp;

	if (!unwind_lib_step(w->map.obj, f, &w->stack, pc))
		return STEP_FAIL;
	sp = f->reg[unwind_arch.sp];
	if (!row->signal && (sp < floor || (sp == floor && !exact)))
		return STEP_FAIL;
	f->floor = sp;
	f->exact = row->signal;
	if (!f->exact)
		f->known &= unwind_arch.kept | UINT64_C(1) << unwind_arch.sp;
	return STEP_OK;
}

/*
 * The end of a function that has aligned its stack: GCC leaves rules that go by
 * the frame pointer when that is popped, as the last register of all.  Before,
 * it points into the frame, below a copy of the return address.
 */
static enum step step_aligned(struct walk *w, const struct unwind_row *row,
			      uint64_t pc)
{
	const struct unwind_arch *a = &unwind_arch;
	const struct unwind_frame *f = &w->frame;
	uint64_t cfa, fp, copy, ra;

	if (!frame_knows(f, row->cfa_reg) || !frame_knows(f, a->fp))
		return STEP_FAIL;
	cfa = f->reg[row->cfa_reg] + (uint64_t)(int64_t)row->cfa_off;
	fp = f->reg[a->fp];
	if (fp < f->floor || fp >= cfa)
		return step_row(w, row);
	if (!stack_read(&w->stack, fp + 8, &copy) ||
	    !stack_read(&w->stack, cfa - 8, &ra) || copy != ra)
		return STEP_FAIL;
	return step_lib(w, row, pc);
}

static enum step step_table(struct walk *w)
{
	uint64_t pc = frame_place(&w->frame) - w->map.bias;
	const struct unwind_row *row = object_row(w->map.obj, pc);
	bool lib = w->space->only_lib;

	if (row->handler && !w->frame.exact && !lib)
		return step_sigreturn(w, row) ? STEP_OK : STEP_FAIL;
	switch (row->kind) {
	case ROW_END:
		return STEP_END;
	case ROW_SIMPLE:
		return lib ? step_lib(w, row, pc) : step_row(w, row);
	case ROW_ALIGNED:
		return step_aligned(w, row, pc);
	case ROW_COMPLEX:
		return step_lib(w, row, pc);
	}
	return step_sigreturn(w, row) ? STEP_OK : STEP_UNTOLD;
}

/* By frame pointer alone. */
static enum step step_fp(struct walk *w)
{
	struct unwind_frame *f = &w->frame;
	uint64_t pc = frame_place(f) - w->map.bias;

	if (w->method == UNWIND_FP && w->map.obj &&
	    step_sigreturn(w, object_row(w->map.obj, pc)))
		return STEP_OK;
	if (fp_step(f, &w->stack))
		return STEP_OK;
	/* _start has none, and its caller's is 0: is this _start? */
	if (w->map.obj && frame_knows(f, unwind_arch.fp) &&
	    !f->reg[unwind_arch.fp] &&
	    object_row(w->map.obj, pc)->kind == ROW_END)
		return STEP_END;
	return STEP_FAIL;
}

static enum step step(struct walk *w)
{
	enum step r;

	if (w->method == UNWIND_FP)
		return step_fp(w);
	if (!w->map.obj)
		return STEP_FAIL;
	if (!object_bare(w->map.obj)) {
		r = step_table(w);
		if (r != STEP_UNTOLD)
			return r;
		if (w->method == UNWIND_DWARF)
			return STEP_FAIL;
	}
	if (unwind_object_method(w->map.obj) != UNWIND_FP)
		return STEP_FAIL;
	/* It may not have set up its frame yet: a caller could be missed. */
	if (w->frame.exact)
		w->guessed = true;
	return step_fp(w);
}

static void frame_first(struct unwind_frame *f, const uint64_t *regs)
{
	const struct unwind_arch *a = &unwind_arch;

	for (unsigned r = 0; r < a->nregs; r++) {
		uint64_t below = (UINT64_C(1) << a->perf[r]) - 1;

		if (r == a->ra && !a->fp_pair)
			continue;
		frame_set(f, r,
			  regs[__builtin_popcountll(unwind_regs_mask & below)]);
	}
	f->ip = regs[__builtin_popcountll(unwind_regs_mask &
					  ((UINT64_C(1) << a->perf_ip) - 1))];
	f->floor = f->reg[a->sp];
	f->exact = true;
}

/* Steps; true: to a frame that goes into the list. */
static bool walk_next(struct walk *w, bool *end)
{
	const struct unwind_frame *f = &w->frame;
	const struct unwind_known_map *m;
	enum step r = step(w);

	*end = r == STEP_END ||
	       (r == STEP_OK && !f->ip && frame_knows(f, unwind_arch.fp) &&
		!f->reg[unwind_arch.fp]);
	if (r != STEP_OK || *end)
		return false;
	m = map_find(w->space, frame_place(f));
	if (!m)
		return false;
	w->map = *m;
	return true;
}

unsigned unwind_walk(struct unwind_space *s, const struct unwind_sample *sample,
		     uint64_t *ips, unsigned max, bool *complete)
{
	struct walk w = { .space = s, .method = sample->method };
	const struct unwind_known_map *m;
	unsigned n = 0;
	bool end = false;

	*complete = false;
	s->nexact = 0;
	if (!max || !unwind_regs_mask)
		return 0;
	frame_first(&w.frame, sample->regs);
	w.stack = (struct unwind_stack){ .data = sample->stack,
					 .addr = w.frame.floor,
					 .size = sample->stack_size };
	ips[n++] = w.frame.ip;
	m = map_find(s, w.frame.ip);
	if (!m)
		return n;
	w.map = *m;
	while (walk_next(&w, &end)) {
		if (n == max)
			break;
		if (w.frame.exact) {
			if (s->nexact == UNWIND_NSIGNALS)
				break;
			s->exact[s->nexact++] = n;
		}
		ips[n++] = w.frame.ip;
	}
	*complete = end && !w.guessed;
	return n;
}

bool unwind_exact(const struct unwind_space *s, unsigned i)
{
	if (!i)
		return true;
	for (unsigned k = 0; k < s->nexact; k++)
		if (s->exact[k] == i)
			return true;
	return false;
}
