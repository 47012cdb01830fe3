/* SPDX-License-Identifier: MIT
 *
 * block.h - stop a thread and let it go on: what PFM_FL_NOTIFY_BLOCK asks for.
 */
#ifndef PFM_BLOCK_H
#define PFM_BLOCK_H

/*
 * Get ready to stop thread tid, of whatever process: a descriptor, close-on-exec,
 * or -errno with a reason.  It is not traced before block_hold(), so the caller
 * may be its tracer now.
 */
int block_open(int tid);

/*
 * Stop it.  0: it is stopped, and runs again by block_release(), by
 * block_close(), or when this program or its helper ends, however that comes.
 * Otherwise it is not, and goes on: -ESRCH it has exited, -EPERM another tracer
 * has it or ptrace is refused, -ETIMEDOUT it is in a call that nothing
 * interrupts (vfork, a dead disk), -EIO the helper is dead.
 *
 * Async-signal-safe, as block_release() is; allocates nothing, keeps errno, and
 * waits for seconds at most.  One caller at a time for a handle.
 */
int block_hold(int handle);

/* It runs again, and has no tracer.  0, also if it was not held. */
int block_release(int handle);

void block_close(int handle);

/* In a forked child: the copy is closed, the thread stays as it is. */
void block_after_fork(int handle);

#endif /* PFM_BLOCK_H */
