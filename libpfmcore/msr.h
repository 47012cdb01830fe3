/* SPDX-License-Identifier: MIT
 *
 * msr.h - how the MSRs of one CPU are reached (transports, msr-*.c), and how
 * they come back to what they were whatever becomes of us (guard.c).  Not what
 * is in them: see hw.h.
 */
#ifndef PFM_MSR_H
#define PFM_MSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpuid_regs;
struct guard;

/* One access. */
struct msr_op {
	uint32_t reg;
	bool write;
	int err;        /* out: 0 or -errno */
	uint64_t value; /* to write, or out: read */
};

/* The MSRs of one CPU, open. */
struct msr_cpu {
	const struct pfm_msr_ops *ops;
	int cpu;
	int fd;              /* of the transport, or -1; owned */
	struct guard *guard; /* while locked; owned */
};

/* A transport is one const object in one file and a row in msr.c. */
struct pfm_msr_ops {
	const char *name; /* "dev", "safe" */
	const char *desc; /* "/dev/cpu/N/msr" */

	/*
	 * Open c->cpu.  -errno with a reason that says what is in the way and
	 * how to lift it (msr_explain).
	 */
	int (*open)(struct msr_cpu *c);

	/*
	 * Do the accesses in order; the first that fails ends it, with its
	 * err set, and its -errno is returned without a reason: the caller
	 * may expect it.  Async-signal-safe.
	 */
	int (*run)(struct msr_cpu *c, struct msr_op *ops, unsigned n);

	void (*close)(struct msr_cpu *c);
};

/*
 * msr.c.  Open by the first transport that can reach the CPU, or by the one
 * that $PFM_MSR_TRANSPORT names.  0, or -errno with a reason.
 */
int msr_open(struct msr_cpu *c, int cpu);
void msr_close(struct msr_cpu *c);
const struct pfm_msr_ops *msr_transport(unsigned i); /* NULL: no more */

/* One access; 0 or -errno, no reason. */
int msr_read(struct msr_cpu *c, uint32_t reg, uint64_t *value);
int msr_write(struct msr_cpu *c, uint32_t reg, uint64_t value);

/*
 * $PFM_CPU_PATH (not in a set-uid program) or /dev/cpu.  CPUID of a CPU: by its
 * cpuid device, else by the instruction, on whatever CPU the caller runs.
 */
const char *msr_cpu_path(void);
bool msr_cpuid(int cpu, uint32_t leaf, uint32_t sub, struct cpuid_regs *r);

/*
 * msr-why.c: the reason of a refusal, as fail() makes it, and returns err:
 * what is in the way (no module, no such CPU or offline, file mode, capability,
 * lockdown, allow_writes=off, msr-safe's list, no such register) and the remedy.
 */
enum msr_what { MSR_OPEN, MSR_READ, MSR_WRITE };
int msr_explain(const struct msr_cpu *c, enum msr_what what, uint32_t reg,
		int err);

/*
 * guard.c: one user of a CPU's counters at a time, and the way back.
 *
 * A CPU is locked by a file that also holds the undo list: what to write, in
 * order, to have the registers as they were.  A guardian process, started with
 * the first lock and gone with the last, holds the lock and the open device
 * too: when this process ends in whatever way, it plays the list back, then
 * lets go of the lock.  A list whose guardian died as well is played back by
 * whoever takes the lock next.
 */
#define GUARD_UNDOS 128 /* entries of a list */
struct msr_undo {
	uint32_t reg;
	uint32_t pad;
	uint64_t value; /* to write in the bits of mask */
	uint64_t mask;  /* all ones: a plain write */
};

/*
 * Lock c->cpu, undo what a crash left.  -EBUSY with a reason that names the
 * process that has it.  Also in the reasons: where the lock file stands.
 */
int guard_lock(struct msr_cpu *c);
/* Append to the list; must be done before the write it undoes.  -ENOSPC. */
int guard_add(struct msr_cpu *c, const struct msr_undo *undo, unsigned n);
/*
 * Play the list back and empty it.  0, or the first -errno with a reason; an
 * entry that fails does not keep the others from being played.
 */
int guard_restore(struct msr_cpu *c);
void guard_unlock(struct msr_cpu *c); /* the list must be empty, or is kept */
/*
 * Undo what a crash left on a CPU that nobody has locked; 0 when there was
 * nothing.  -EBUSY with a reason when somebody has it.  Starts no guardian.
 */
int guard_recover(struct msr_cpu *c);
/*
 * If somebody has the CPU: "pfmon, process 123", and the registers he writes,
 * up to GUARD_UNDOS; returns how many.
 */
unsigned guard_holder(int cpu, char *who, size_t size, uint32_t *regs);
void guard_after_fork(struct msr_cpu *c); /* child: close copies, no more */

#endif /* PFM_MSR_H */
