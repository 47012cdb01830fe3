/* SPDX-License-Identifier: MIT
 *
 * unwind-row.c - the instructions of call frame information: what they say of
 * one place, if that is a plain offset for each register, and of a function as
 * a whole.  Expressions are not evaluated.  DWARF 5, section 6.4.2.
 */
#include "config.h"

#include "unwind-priv.h"
#include "unwind-read.h"

enum {
	MAX_STATES = 8, /* remembered: compilers nest one */
	MAX_OFFSET = 1 << 30
};

/* The rules at one place. */
struct state {
	int64_t cfa_off;
	uint32_t cfa_reg;
	uint8_t cfa_expr; /* its first operation; 0: register and offset */
	enum { SAME, AT, LOST, OTHER } rule[UNWIND_NSLOTS];
	int64_t off[UNWIND_NSLOTS]; /* of AT */
};

struct run {
	const struct cfi_fde *fde;
	struct state now, first, saved[MAX_STATES];
	unsigned nsaved;
	uint64_t loc, pc;   /* stops where loc would pass pc */
	uint32_t inside;    /* slots that were within the frame */
	bool fp, changed;   /* was so at some place */
	bool expr, fp_expr; /* the CFA was one, of the frame pointer */
	bool bad;
};

static bool keeps_fp(const struct state *s)
{
	const struct unwind_arch *a = &unwind_arch;
	unsigned fp = (unsigned)a->reg_slot[a->fp];
	unsigned ra = (unsigned)a->reg_slot[a->ra];

	if (s->rule[fp] == OTHER && s->cfa_expr)
		/* A stack that was aligned anew: *(fp + n). */
		return s->cfa_expr == 0x70 + a->fp;
	if (s->rule[fp] != AT)
		return false;
	/*
	 * On aarch64 the CFA is often told from sp in spite of a frame
	 * pointer; that both registers lie side by side is the sign of one.
	 */
	if (a->fp_pair)
		return s->rule[ra] == AT && s->off[ra] == s->off[fp] + 8;
	return !s->cfa_expr && s->cfa_reg == a->fp;
}

/* A row is done. */
static void run_note(struct run *run)
{
	const struct state *s = &run->now;
	bool on_sp = !s->cfa_expr && s->cfa_reg == unwind_arch.sp;

	if (keeps_fp(s)) {
		run->fp = true;
		run->fp_expr |= s->cfa_expr;
	} else if (s->cfa_expr) {
		run->expr = true;
	}
	if (s->cfa_expr || s->cfa_reg != run->first.cfa_reg ||
	    s->cfa_off != run->first.cfa_off)
		run->changed = true;
	for (unsigned i = 0; i < unwind_arch.nslots; i++)
		if (s->rule[i] == AT && (!on_sp || s->cfa_off + s->off[i] >= 0))
			run->inside |= 1u << i;
}

/* true: pc is in the row that ends at loc. */
static bool run_advance(struct run *run, uint64_t loc)
{
	run_note(run);
	if (loc > run->pc || loc < run->loc)
		return true;
	run->loc = loc;
	return false;
}

/* Offsets beyond are no compiler's; sums of them do not overflow. */
static int64_t offset_check(struct run *run, int64_t off)
{
	if (off >= -MAX_OFFSET && off <= MAX_OFFSET)
		return off;
	run->bad = true;
	return 0;
}

static int64_t scaled(const struct run *run, int64_t v)
{
	int64_t product;

	if (__builtin_mul_overflow(v, run->fde->data_align, &product))
		return INT64_MIN;
	return product;
}

static void rule_set(struct run *run, uint64_t reg, unsigned rule, int64_t off)
{
	int slot;

	if (reg >= unwind_arch.nregs)
		return;
	slot = unwind_arch.reg_slot[reg];
	if (slot < 0)
		return;
	run->now.rule[slot] = rule;
	run->now.off[slot] = offset_check(run, off);
}

static void rule_restore(struct run *run, uint64_t reg)
{
	int slot;

	if (reg >= unwind_arch.nregs)
		return;
	slot = unwind_arch.reg_slot[reg];
	if (slot < 0)
		return;
	run->now.rule[slot] = run->first.rule[slot];
	run->now.off[slot] = run->first.off[slot];
}

static void cfa_set(struct run *run, uint64_t reg, int64_t off)
{
	run->now.cfa_reg = reg < UNWIND_NREGS ? (uint32_t)reg : UNWIND_NREGS;
	run->now.cfa_off = offset_check(run, off);
	run->now.cfa_expr = 0;
}

static void state_save(struct run *run)
{
	if (run->nsaved == MAX_STATES)
		run->bad = true;
	else
		run->saved[run->nsaved++] = run->now;
}

static void state_restore(struct run *run)
{
	if (!run->nsaved)
		run->bad = true;
	else
		run->now = run->saved[--run->nsaved];
}

/* The operands of the instructions: see operand(). */
static const char operands[0x30][3] = {
	[0x01] = "p",  /* set_loc */
	[0x02] = "1",  /* advance_loc1 */
	[0x03] = "2",  /* advance_loc2 */
	[0x04] = "4",  /* advance_loc4 */
	[0x05] = "uf", /* offset_extended */
	[0x06] = "u",  /* restore_extended */
	[0x07] = "u",  /* undefined */
	[0x08] = "u",  /* same_value */
	[0x09] = "uu", /* register */
	[0x0c] = "uu", /* def_cfa */
	[0x0d] = "u",  /* def_cfa_register */
	[0x0e] = "u",  /* def_cfa_offset */
	[0x0f] = "b",  /* def_cfa_expression */
	[0x10] = "ub", /* expression */
	[0x11] = "us", /* offset_extended_sf */
	[0x12] = "us", /* def_cfa_sf */
	[0x13] = "s",  /* def_cfa_offset_sf */
	[0x14] = "uf", /* val_offset */
	[0x15] = "us", /* val_offset_sf */
	[0x16] = "ub", /* val_expression */
	[0x2e] = "u",  /* GNU_args_size */
	[0x2f] = "uf", /* GNU_negative_offset_extended */
};

/* b: a block, of which the first byte tells enough. */
static int64_t operand(struct run *run, struct reader *r, char kind)
{
	uint64_t size;
	int64_t first;

	switch (kind) {
	case 'u':
		return (int64_t)rd_uleb(r);
	case 'f': /* unsigned, by the data alignment */
		return scaled(run, (int64_t)rd_uleb(r));
	case 's':
		return scaled(run, rd_sleb(r));
	case 'p':
		return (int64_t)rd_pointer(r,
					   run->fde->insn_vaddr +
						   (uint64_t)(r->p -
							      run->fde->insn),
					   run->fde->enc);
	case 'b':
		size = rd_uleb(r);
		first = size && r->p < r->end ? *r->p : 1;
		rd_skip(r, size);
		return first;
	case 0:
		return 0;
	}
	return (int64_t)(rd_fixed(r, (unsigned)(kind - '0')) *
			 run->fde->code_align);
}

/* Instructions of the tables above; a, b: their operands. */
static bool insn_extended(struct run *run, unsigned op, int64_t a, int64_t b)
{
	switch (op) {
	case 0x00: /* nop */
	case 0x2e:
		return false;
	case 0x01:
		return run_advance(run, (uint64_t)a);
	case 0x02:
	case 0x03:
	case 0x04:
		return run_advance(run, run->loc + (uint64_t)a);
	case 0x05:
	case 0x11:
		rule_set(run, (uint64_t)a, AT, b);
		return false;
	case 0x06:
		rule_restore(run, (uint64_t)a);
		return false;
	case 0x07:
		rule_set(run, (uint64_t)a, LOST, 0);
		return false;
	case 0x08:
		rule_set(run, (uint64_t)a, SAME, 0);
		return false;
	case 0x09:
	case 0x10:
	case 0x14:
	case 0x15:
	case 0x16:
		rule_set(run, (uint64_t)a, OTHER, 0);
		return false;
	case 0x0a:
		state_save(run);
		return false;
	case 0x0b:
		state_restore(run);
		return false;
	case 0x0c:
	case 0x12:
		cfa_set(run, (uint64_t)a, b);
		return false;
	case 0x0d:
		cfa_set(run, (uint64_t)a, run->now.cfa_off);
		return false;
	case 0x0e:
	case 0x13:
		run->now.cfa_off = offset_check(run, a);
		return false;
	case 0x0f:
		run->now.cfa_expr = (uint8_t)a;
		return false;
	case 0x2d: /* AARCH64_negate_ra_state: signed either way */
		run->bad |= !unwind_arch.fp_pair;
		return false;
	case 0x2f:
		rule_set(run, (uint64_t)a, AT, b > INT64_MIN ? -b : b);
		return false;
	}
	run->bad = true;
	return false;
}

/* Up to the row of run->pc. */
static void run_insns(struct run *run, const uint8_t *p, const uint8_t *end)
{
	struct reader r = { .p = p, .end = end };
	int64_t a, b;
	unsigned op;
	bool found = false;

	while (!found && r.p < r.end && !r.bad && !run->bad) {
		op = *r.p++;
		switch (op & 0xc0) {
		case 0x40: /* advance_loc */
			found = run_advance(
				run,
				run->loc + (op & 0x3f) * run->fde->code_align);
			continue;
		case 0x80: /* offset */
			rule_set(run, op & 0x3f, AT, operand(run, &r, 'f'));
			continue;
		case 0xc0: /* restore */
			rule_restore(run, op & 0x3f);
			continue;
		}
		if (op >= sizeof(operands) / sizeof(*operands)) {
			run->bad = true;
			break;
		}
		a = operand(run, &r, operands[op][0]);
		b = operand(run, &r, operands[op][1]);
		if (!r.bad)
			found = insn_extended(run, op, a, b);
	}
	run->bad |= r.bad;
	if (!found)
		run_note(run);
}

static void run_fde(struct run *run, const struct cfi_fde *fde, uint64_t pc)
{
	run->fde = fde;
	run->now = (struct state){ .cfa_reg = UNWIND_NREGS };
	run->first = run->now;
	run->nsaved = 0;
	run->loc = 0;
	run->pc = 0;
	run->bad = false;
	run_insns(run, fde->init, fde->init_end);
	run->first = run->now;
	run->inside = 0;
	run->fp = run->changed = run->expr = run->fp_expr = false;
	run->loc = fde->start;
	run->pc = pc;
	if (!run->bad)
		run_insns(run, fde->insn, fde->insn_end);
}

/*
 * A slot that lies below the stack pointer now, and did not before, has been
 * popped: compilers then leave the rule as it was, since register and slot have
 * the same value until the function returns.  One that never was above it is
 * in the red zone, which is not copied.
 */
static int32_t slot_rule(const struct run *run, unsigned i, bool on_sp)
{
	const struct state *s = &run->now;

	/* The latter if the row is taken for simple all the same. */
	if (s->rule[i] == SAME || s->rule[i] == OTHER)
		return RULE_SAME;
	if (s->rule[i] == LOST)
		return RULE_LOST;
	if (on_sp && s->cfa_off + s->off[i] < 0)
		return run->inside >> i & 1 ? RULE_SAME : RULE_LOST;
	return (int32_t)s->off[i];
}

/* Sets row->off and row->kind. */
static void row_rules(const struct run *run, const struct cfi_code *code,
		      struct unwind_row *row)
{
	const struct unwind_arch *a = &unwind_arch;
	const struct state *s = &run->now;
	bool returns = arch_returns(code, row), other = false;

	for (unsigned i = 0; i < a->nslots; i++) {
		if (returns && a->slot_reg[i] != a->ra) {
			row->off[i] = RULE_SAME;
			continue;
		}
		row->off[i] = slot_rule(run, i, s->cfa_reg == a->sp);
		other |= s->rule[i] == OTHER;
	}
	if (!other)
		row->kind = ROW_SIMPLE;
	else
		row->kind = run->fp_expr ? ROW_ALIGNED : ROW_COMPLEX;
}

void cfi_row(const struct cfi_fde *fde, const struct cfi_code *code,
	     struct unwind_row *row)
{
	const struct unwind_arch *a = &unwind_arch;
	struct run run;
	const struct state *s = &run.now;

	run_fde(&run, fde, code->pc);
	row->kind = ROW_NONE;
	row->signal = fde->signal;
	if (run.bad)
		return;
	row->kind = ROW_COMPLEX;
	if (fde->ra != a->ra)
		return;
	if (s->rule[a->reg_slot[a->ra]] == LOST)
		row->kind = ROW_END;
	if (row->kind == ROW_END || s->cfa_expr || s->cfa_reg >= a->nregs)
		return;
	row->cfa_reg = (uint8_t)s->cfa_reg;
	row->cfa_off = (int32_t)s->cfa_off;
	row_rules(&run, code, row);
}

/*
 * FRAME_NONE: it never has a frame of its own (a leaf, a jump to another), or
 * is no function (code of the PLT, of signals, of the outermost frame).
 */
enum cfi_frame cfi_frame(const struct cfi_fde *fde)
{
	const struct unwind_arch *a = &unwind_arch;
	struct run run;

	run_fde(&run, fde, UINT64_MAX);
	if (run.bad || fde->signal || fde->ra != a->ra)
		return FRAME_NONE;
	if (run.fp)
		return FRAME_FP;
	if (!run.changed || run.expr ||
	    run.now.rule[a->reg_slot[a->ra]] == LOST)
		return FRAME_NONE;
	return FRAME_OTHER;
}
