/* SPDX-License-Identifier: MIT
 *
 * unwind-none.c - in place of unwind-libunwind.c where there is no libunwind:
 * frames that need it end the walk, which is then not complete.
 */
#include "config.h"

#include "unwind-priv.h"

const bool unwind_lib_built = false;

bool unwind_lib_step(struct unwind_object *o, struct unwind_frame *f,
		     const struct unwind_stack *stack, uint64_t pc)
{
	(void)o;
	(void)f;
	(void)stack;
	(void)pc;
	return false;
}
