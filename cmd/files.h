/* SPDX-License-Identifier: MIT
 *
 * files.h - the files that processes have mapped: each one once, open from the
 * moment it was seen, since its name may be another's later.
 */
#ifndef PFM_FILES_H
#define PFM_FILES_H

#include "procs.h"

/* A mapping of a process, as it tells which file that is. */
struct file_key {
	const struct proc *proc;
	uint32_t major, minor;
	uint64_t ino;
	const char *path;
	uint64_t start, end;
};

struct files;
struct files *files_new(void);
void files_free(struct files *fs);
struct file *files_find(struct files *fs, const struct file_key *key);
struct file *files_kernel(struct files *fs, uint64_t addr);
struct file *files_unknown(struct files *fs);
void files_each(struct files *fs, void (*call)(struct file *f, void *arg),
		void *arg);

#endif /* PFM_FILES_H */
