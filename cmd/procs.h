/* SPDX-License-Identifier: MIT
 *
 * procs.h - the processes that are sampled, what is mapped in them, and the
 * files of that: kept from what the kernel tells while they run, so that an
 * address has a place in a file although the process is gone.  What ended is kept
 * for a while, since of another CPU there may be a sample of it still; so memory
 * follows those that are alive.
 */
#ifndef PFM_PROCS_H
#define PFM_PROCS_H

#include <pfmcore_fmt.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "maps.h"
#include "profile.h"
#include "sym.h"
#include "unwind.h"

/* A file, or what stands for one.  Equal ones are one. */
struct file {
	struct file *next; /* in its bucket */
	uint32_t major, minor;
	uint64_t ino;
	char *path; /* as the process named it; owned */
	enum prof_kind kind;
	pid_t pid, inner; /* of PROF_JIT: whose; what it calls itself */
	uid_t uid;        /* and whose files it writes; -1: not known */
	uint64_t nmaps;   /* mappings of it, in all processes */
	uint32_t used;    /* as often somebody keeps a pointer to it */
	int fd;      /* open on it, of PROF_JIT on its /tmp, or -1; owned */
	pid_t tried; /* by the last process it was looked for */
	char *gone;  /* why it could not be opened, or NULL; owned */
	char *root;  /* "/proc/PID/root" of whoever has it; owned */
	struct sym_object *sym;       /* once needed; owned */
	struct unwind_object *tables; /* once needed; owned */
	bool no_tables;               /* it has none */
	bool asked;                   /* PROF_JIT: for inner, uid and fd */
	uint32_t id;                  /* in the profile, PROF_NONE: not yet */
};

struct proc {
	struct proc *next; /* in its bucket */
	pid_t pid;
	uint32_t serial; /* no two have the same; of a later one it is higher */
	bool seen;       /* its mappings are known from the start or a fork */
	bool exited;
	uint32_t nthreads; /* that are known */
	uint32_t gen;      /* grows with each change of the mappings */
	char comm[16];
	struct maps maps;
	struct unwind_space *space; /* or NULL; owned */
	uint32_t space_gen;
};

struct thread {
	struct thread *next;
	pid_t tid;
	struct proc *proc;
	uint64_t exited; /* as which one; 0: it is there */
	char comm[16];
	uint32_t task;    /* in the profile, PROF_NONE: not yet */
	uint64_t *before; /* counters at its last sample on each CPU; owned */
	unsigned nbefore; /* room in it */
};

struct procs;
struct procs *procs_new(void);
void procs_free(struct procs *p);

/* Those that are there now: their mappings; pid 0: all processes. */
void procs_read(struct procs *p, pid_t pid);
/* What the kernel tells of one. */
void procs_task(struct procs *p, const struct pfm_task *t);
/* The process, made when it is new: with what /proc tells of it, if it does. */
struct proc *procs_find(struct procs *p, pid_t pid);
struct thread *procs_thread(struct procs *p, pid_t pid, pid_t tid);
/* The kernel's, "[kernel]", or that of the module that has addr. */
struct file *procs_kernel(struct procs *p, uint64_t addr);
struct file *procs_unknown(struct procs *p);
/*
 * Its symbols, the file's, opened at the first call with opt; those of the kernel
 * and of its modules are one, *kernel, the caller's.  NULL: it has none.
 */
struct sym_object *file_symbols(struct file *f, struct sym_object **kernel,
				const struct sym_options *opt);
/* The unwind tables of a file, or NULL. */
struct unwind_object *file_tables(struct file *f);

/* Another profile begins: nothing has a number in it. */
void procs_renumber(struct procs *p);
/*
 * Processes that have exited, and all threads: for who looks at what is now.
 * Files stay.
 */
void procs_forget(struct procs *p);
uint64_t procs_count(const struct procs *p, uint64_t *threads);

#endif /* PFM_PROCS_H */
