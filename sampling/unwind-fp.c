/* SPDX-License-Identifier: MIT
 *
 * unwind-fp.c - steps that need no tables: by frame pointer, and out of the
 * frame that the kernel made for a signal.
 */
#include "config.h"

#include "unwind-priv.h"

/* Where a frame pointer points: the caller's, then the return address. */
bool fp_step(struct unwind_frame *f, const struct unwind_stack *stack)
{
	const struct unwind_arch *a = &unwind_arch;
	uint64_t fp, caller_fp, ra;

	if (!frame_knows(f, a->fp))
		return false;
	fp = f->reg[a->fp];
	if (fp < f->floor || fp % 8 != 0 ||
	    !stack_read(stack, fp, &caller_fp) ||
	    !stack_read(stack, fp + 8, &ra))
		return false;
	f->known = 0;
	frame_set(f, a->fp, caller_fp);
	/* On aarch64 there may be more of the frame above it. */
	if (!a->fp_pair)
		frame_set(f, a->sp, fp + 16);
	f->floor = fp + 16;
	f->ip = ra & a->ra_mask;
	f->exact = false;
	return true;
}

bool sigreturn_step(struct unwind_frame *f, const struct unwind_stack *stack)
{
	const struct unwind_arch *a = &unwind_arch;
	struct unwind_frame next = { .exact = true };
	uint64_t sp, value;

	if (!frame_knows(f, a->sp))
		return false;
	sp = f->reg[a->sp];
	for (unsigned r = 0; r < a->nregs; r++) {
		if (!a->sigframe[r])
			continue;
		if (!stack_read(stack, sp + a->sigframe[r], &value))
			return false;
		frame_set(&next, r, value);
	}
	if (!stack_read(stack, sp + a->sigframe_ip, &next.ip))
		return false;
	/* The handler may have had a stack of its own. */
	next.floor = next.reg[a->sp];
	*f = next;
	return true;
}
