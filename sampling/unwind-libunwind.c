/* SPDX-License-Identifier: MIT
 *
 * unwind-libunwind.c - one step by libunwind, for places whose call frame
 * information has expressions.  A thread has one address space of it, in which
 * each object has a part of its own, above the addresses of processes: what is
 * learnt of an object serves every process, and is never stale.
 */
#include "config.h"

#include <libunwind.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unwind-priv.h"

const bool unwind_lib_built = true;

enum {
	/* Words read in one step; a loop in an expression must end. */
	MAX_READS = 4096,
	PART_BITS = 40, /* the size of an object's part */
};

#define PARTS (UINT64_C(1) << 62) /* where they start */
#define PART_MASK ((UINT64_C(1) << PART_BITS) - 1)
#define MAX_PARTS (PARTS >> PART_BITS) /* 4 million objects */

/* A step, as the calls back know it. */
struct request {
	const struct unwind_object *o;
	const struct unwind_frame *frame;
	const struct unwind_stack *stack;
	uint64_t ip; /* in the object's part */
	unsigned nreads;
	bool untold; /* it has no tables for pc, and would guess */
};

/* Exported by libunwind for this, and not in its headers. */
#define search_table UNW_OBJ(dwarf_search_unwind_table)
int search_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di,
		 unw_proc_info_t *pi, int need, void *arg);

static int find_proc_info(unw_addr_space_t as, unw_word_t ip,
			  unw_proc_info_t *pi, int need, void *arg)
{
	struct request *q = arg;
	const struct unwind_object *o = q->o;
	unw_dyn_info_t di = { .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	int err = -UNW_ENOINFO;

	if (o->ntable && ip == q->ip) {
		di.start_ip = 0;
		di.end_ip = UINT64_MAX;
		di.u.rti.segbase = o->part + o->hdr.vaddr;
		di.u.rti.table_data =
			di.u.rti.segbase + (uint64_t)(o->table - o->hdr.data);
		di.u.rti.table_len = o->ntable * 8 / sizeof(unw_word_t);
		err = search_table(as, ip, &di, pi, need, arg);
	}
	if (err < 0)
		q->untold = true;
	return err;
}

/* What there is of it is from libunwind's own pool. */
static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
	(void)as;
	(void)pi;
	(void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *addr,
				  void *arg)
{
	(void)as;
	(void)addr;
	(void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value,
		      int write, void *arg)
{
	struct request *q = arg;

	(void)as;
	if (write || ++q->nreads > MAX_READS)
		return -UNW_EINVAL;
	if (stack_read(q->stack, addr, value))
		return 0;
	*value = 0;
	if ((addr & ~PART_MASK) != q->o->part ||
	    !object_read(q->o, addr & PART_MASK, value, sizeof(*value)))
		return -UNW_EINVAL;
	return 0;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value,
		      int write, void *arg)
{
	const struct request *q = arg;

	(void)as;
	if (write || reg < 0)
		return -UNW_EBADREG;
	if (reg == unwind_arch.ip) {
		*value = q->ip;
		return 0;
	}
	if (!frame_knows(q->frame, (unsigned)reg))
		return -UNW_EBADREG;
	*value = q->frame->reg[reg];
	return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t reg,
			unw_fpreg_t *value, int write, void *arg)
{
	(void)as;
	(void)reg;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t addr, char *name,
			 size_t size, unw_word_t *offset, void *arg)
{
	(void)as;
	(void)addr;
	(void)name;
	(void)size;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static pthread_key_t space_key;
static pthread_once_t space_once = PTHREAD_ONCE_INIT;
static bool space_key_made;

static void space_free(void *space)
{
	unw_destroy_addr_space(space);
}

static void space_key_make(void)
{
	space_key_made = pthread_key_create(&space_key, space_free) == 0;
}

/* This thread's; NULL: no memory. */
static unw_addr_space_t space_get(void)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = get_dyn_info_list_addr,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = access_fpreg,
		.resume = resume,
		.get_proc_name = get_proc_name,
	};
	unw_addr_space_t space;

	pthread_once(&space_once, space_key_make);
	if (!space_key_made)
		return NULL;
	space = pthread_getspecific(space_key);
	if (space)
		return space;
	space = unw_create_addr_space(&accessors, 0);
	if (!space)
		return NULL;
	if (pthread_setspecific(space_key, space) != 0) {
		unw_destroy_addr_space(space);
		return NULL;
	}
	unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
	return space;
}

/* Gives o its part; false: there are no more. */
static bool part_get(struct unwind_object *o)
{
	static _Atomic uint64_t nparts;
	uint64_t part;

	if (o->part)
		return true;
	part = atomic_fetch_add(&nparts, 1);
	if (part >= MAX_PARTS)
		return false;
	o->part = PARTS + (part << PART_BITS);
	return true;
}

/* What the cursor knows after the step; false: not even where it is. */
static bool frame_take(unw_cursor_t *cursor, struct unwind_frame *f)
{
	const struct unwind_arch *a = &unwind_arch;
	struct unwind_frame next = { 0 };
	unw_word_t value;

	/* On aarch64 libunwind takes x30 for the instruction pointer. */
	for (unsigned r = 0; r < a->nregs; r++)
		if ((unw_regnum_t)r != UNW_REG_IP &&
		    unw_get_reg(cursor, (unw_regnum_t)r, &value) == 0)
			frame_set(&next, r, value);
	if (unw_get_reg(cursor, UNW_REG_IP, &value) < 0 ||
	    !frame_knows(&next, a->sp))
		return false;
	next.ip = value & a->ra_mask;
	*f = next;
	return true;
}

bool unwind_lib_step(struct unwind_object *o, struct unwind_frame *f,
		     const struct unwind_stack *stack, uint64_t pc)
{
	struct request q = { .o = o, .frame = f, .stack = stack };
	unw_addr_space_t space = space_get();
	unw_cursor_t cursor;

	if (!space || pc > PART_MASK || !part_get(o))
		return false;
	q.ip = o->part + pc;
	if (unw_init_remote(&cursor, space, &q) < 0 || unw_step(&cursor) < 0 ||
	    q.untold)
		return false;
	return frame_take(&cursor, f);
}
