/* SPDX-License-Identifier: MIT
 *
 * pfmcore_fmt.h - what a sampling format is: how overflows become entries of a
 * buffer, and how the buffer is read again.  See pfmcore_fmt(3), and
 * sampling/smpl-example.c for one to start from.
 *
 * A format is one const object.  A program registers its own with
 * pfm_fmt_register(); one in a file NAME.so of the module directory shows it as
 * the symbol pfm_smpl_format and is loaded when it is asked for.
 */
#ifndef PFM_PFMCORE_FMT_H
#define PFM_PFMCORE_FMT_H

#include <pfmcore.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PFM_SMPL_ABI 2u

/* What a handler or a restart asks for. */
#define PFM_OVFL_CTRL_NOTIFY 0x1u /* tell the tool */
#define PFM_OVFL_CTRL_RESET 0x2u  /* restart only: reload the PMDs */
#define PFM_OVFL_CTRL_MASK 0x4u   /* stop monitoring until a restart */
/*
 * Of a context with PFM_FL_NOTIFY_BLOCK: the thread stands still until a
 * restart, and what has overflowed already waits for it.
 */
#define PFM_OVFL_CTRL_BLOCK 0x8u

/* What became of a task; pfm_set_sampling() asks for these, PFM_SMPL_TASKS. */
enum pfm_task_type {
	PFM_TASK_MAP =
		1,     /* addr, len, offset, dev, ino, name: code was mapped */
	PFM_TASK_COMM, /* name: its new name */
	PFM_TASK_EXEC, /* the same, by execve(2): its mappings are gone */
	PFM_TASK_FORK, /* by ptid of ppid: a process if pid is not ppid */
	PFM_TASK_EXIT, /* it, a thread, ended */
};

struct pfm_task {
	uint32_t type;     /* enum pfm_task_type */
	uint32_t pid, tid; /* process and thread */
	uint32_t ppid, ptid;
	uint16_t cpu;
	uint16_t reserved;
	uint64_t tstamp; /* CLOCK_MONOTONIC, ns */
	uint64_t addr, len, offset, ino;
	uint32_t major, minor; /* of the file's device */
	const char *name;      /* file or name, "" elsewhere; borrowed */
};

/* One overflow; what a handler gets and what a reader gives back. */
struct pfm_ovfl {
	uint64_t ip;         /* interrupted instruction, 0: not known */
	uint64_t addr;       /* data address, 0: not known */
	uint64_t tstamp;     /* CLOCK_MONOTONIC, ns */
	uint64_t last_reset; /* value last loaded: -last_reset is the period */
	uint64_t eventid;    /* reg_smpl_eventid of the PMD */
	uint32_t tid, tgid;  /* who ran; 0 the idle task, or not known */
	uint16_t cpu;        /* where */
	uint16_t set;        /* active event set */
	uint16_t pmd;        /* the PMD that overflowed */
	uint16_t nvalues;    /* bits in its reg_smpl_pmds */
	uint32_t flags;      /* PFM_OVFL_* below */
	uint32_t reserved;
	const uint64_t *values; /* of these PMDs, ascending; borrowed */

	/*
	 * What pfm_set_sampling() asked for, else 0 and NULL; borrowed.  ips
	 * are call chains as the kernel gives them, innermost first, with a
	 * PERF_CONTEXT_* word before those of each level.
	 */
	uint64_t weight; /* events it stands for; 0: -last_reset */
	uint32_t nips;
	uint32_t nregs;       /* of the user's registers, ascending */
	const uint64_t *ips;  /* call chain */
	const uint64_t *regs; /* or NULL */
	const void *stack;   /* copy of the user's stack, from its pointer on */
	uint64_t stack_size; /* bytes of it */

	/* Of next() only: not an overflow but this; of the rest, only cpu. */
	const struct pfm_task *task;
};

/*
 * The counter was looked at by a clock: it overflowed at some time before this
 * stamp, and ip is where the clock interrupted.
 */
#define PFM_OVFL_POLLED 0x1u

/*
 * abi stays the first word for ever and is compared before anything else is
 * read.  Hooks return 0 or -errno.  They are called with the context locked,
 * from the engine thread, from a caller of the library or from its signal
 * handler: no allocation and no lock in handler and restart.
 */
struct pfm_smpl_fmt {
	uint32_t abi;     /* PFM_SMPL_ABI */
	uint32_t version; /* of the buffer: major << 16 | minor */
	pfm_uuid_t uuid;  /* pfarg_ctx_t.ctx_smpl_buf_id; not all zero */
	const char *name; /* [a-z0-9_-], 1 to 32 characters */
	const char *desc; /* one line for people */
	size_t arg_size;  /* bytes of the argument of create; exact */

	/* Required: one overflow into the buffer.  Other than 0 (-ENOBUFS: it
	 * is full) ends the calls for this interrupt. */
	int (*handler)(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl);

	/*
	 * Required: the entry at *cursor (0: the first) to *out, and *cursor to
	 * the next one.  1; 0 at the end; -EINVAL: the buffer is damaged.  A
	 * cursor stays good across pfm_restart().
	 * Called by readers only, size is what they mapped; trust nothing.
	 */
	int (*next)(const void *buf, size_t size, size_t *cursor,
		    struct pfm_ovfl *out);

	/* Optional: the argument, before anything else.  npmds: PMDs there are. */
	int (*validate)(uint32_t ctx_flags, unsigned npmds, const void *arg);

	/* Optional: bytes of buffer; none, or 0: the format has no buffer. */
	int (*size)(uint32_t ctx_flags, const void *arg, size_t *bytes);

	/* Optional: a zeroed buffer gets its header. */
	int (*init)(void *buf, uint32_t ctx_flags, unsigned npmds,
		    const void *arg);

	/*
	 * Optional: pfm_restart(); active: it was not masked.  Sets *ctrl (0 at
	 * the call).  Other than 0: nothing is resumed.
	 */
	int (*restart)(void *buf, bool active, uint32_t *ctrl);

	/* Optional: the context is freed. */
	void (*exit)(void *buf);

	/*
	 * Optional: how many overflows with nvalues values it surely takes
	 * before it asks for NOTIFY or MASK.  Without it the engine wakes up
	 * for each.
	 */
	unsigned (*room)(const void *buf, unsigned nvalues);

	/*
	 * Optional: something became of a task, in the order of the overflows.
	 * As handler; without it a format is not told.
	 */
	int (*task)(void *buf, const struct pfm_task *task, uint32_t *ctrl);
};

/*
 * Make a format known to this process; the object stays the caller's and must
 * live for ever.  EINVAL: a hook or a name is missing; EPROTO: another ABI;
 * EBUSY: another one has this name or UUID.
 */
int pfm_fmt_register(const struct pfm_smpl_fmt *fmt);

/*
 * The format of that name, registered or from a module; NULL with errno.
 * Modules are looked for in $PFM_SAMPLING_PATH (colon separated; ignored in a
 * set-id program), then in the library's own directory.
 */
const struct pfm_smpl_fmt *pfm_fmt_find(const char *name);

/*
 * The i-th format there is, modules included, NULL with ENOENT when there are
 * no more.  A module that cannot be loaded is left out; pfm_set_debug("fmt")
 * tells why.
 */
const struct pfm_smpl_fmt *pfm_fmt_list(unsigned i);

#ifdef __cplusplus
}
#endif
#endif /* PFM_PFMCORE_FMT_H */
