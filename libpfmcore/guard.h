/* SPDX-License-Identifier: MIT
 *
 * guard.h - what guard.c and guard-process.c share: the file of a CPU's lock.
 */
#ifndef PFM_GUARD_H
#define PFM_GUARD_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "msr.h"

#define GUARD_BOOT_ID 40
#define GUARD_PATH 512

/* Its layout is that of this version of the library: see magic. */
struct guard_file {
	uint64_t magic;
	_Atomic uint32_t count;
	int32_t pid; /* who has it; 0: nobody */
	char boot_id[GUARD_BOOT_ID];
	char device[GUARD_PATH]; /* path of the CPUs */
	struct msr_undo undo[GUARD_UNDOS];
};

struct guard {
	int fd;                  /* of the file, locked; -1: a model's */
	struct guard_file *file; /* mapped; owned */
};

/*
 * Play the list back and empty it; with an error, what failed first and all that
 * follows is still in it, what comes before is an entry of register 0.
 * Async-signal-safe.
 */
int guard_play(struct msr_cpu *c, struct guard_file *f);

/* guard-process.c: the guardian learns of a CPU, or forgets it. */
int guard_process_add(const struct msr_cpu *c, int lock_fd);
void guard_process_remove(const struct msr_cpu *c);

#endif /* PFM_GUARD_H */
