/* SPDX-License-Identifier: MIT
 *
 * fs.h - what the files of msrfs share: the CPUs, each a model with its
 * injected faults, foreign writers and load, and the open files.  One thread
 * serves everything, so nothing here has a lock.  Programs that use a mount
 * include ../msrfs.h instead.
 */
#ifndef MSRFS_FS_H
#define MSRFS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "model.h"

struct fs;
struct fuse_lowlevel_ops;
struct snapshot;

/* One thing a load does, so many times a second. */
struct rate {
	bool is_reg; /* register reg goes on; else an event happens */
	unsigned event, umask, cpl;
	uint32_t reg;
	uint64_t per_s;
	uint64_t given; /* since the load began */
};

struct load {
	struct rate *rates; /* owned */
	unsigned n;
	struct timespec since; /* CLOCK_MONOTONIC */
};

/* Not errors: whoever accesses is killed, and the access done, or not. */
#define FAULT_KILL 10000
#define FAULT_KILL_BEFORE 10001

/* An access that fails; in the order of the commands. */
struct fault {
	struct fault *next; /* owned */
	bool rd, wr;        /* which accesses match */
	bool any_reg;
	uint32_t reg;
	int err;
	uint64_t nth;   /* of the matching accesses from now, from 1 */
	uint64_t count; /* times still to fail; 0: for ever */
};

/* Somebody else who writes a register. */
struct foreign {
	struct foreign *next; /* owned */
	uint32_t reg;
	uint64_t value;
	uint64_t after; /* accesses of this CPU still to come first */
};

struct stats {
	uint64_t reads, writes; /* registers, by msr and msr_safe */
	uint64_t opens;         /* of msr and msr_safe */
	uint64_t batches;       /* ioctls of msr_batch */
	uint64_t ops;           /* registers read and written by them */
	uint64_t faulted;       /* foreign writes that raised #GP */
};

struct cpu {
	struct fs *fs; /* borrowed */
	unsigned nr;
	struct model *model; /* owned */
	bool offline;
	struct load load;
	struct fault *faults;     /* owned */
	struct foreign *foreigns; /* owned */
	struct stats stats;
};

/* msr-safe's list. */
struct allow {
	uint32_t reg;
	uint64_t mask; /* bits that may be written */
};

struct fs {
	pid_t caller;     /* of the access that is being done */
	struct cpu *cpus; /* owned */
	unsigned ncpus;
	unsigned cost; /* ring-0 instructions and cycles of an access */
	bool safe;     /* there is an msr-safe */
	bool lockdown;
	bool rawio; /* opening msr takes CAP_SYS_RAWIO */
	bool quit;
	struct allow *allow; /* owned */
	size_t nallow;
	bool allow_all;         /* every register, every bit */
	struct snapshot *saved; /* owned, ctl-save.c */
	struct stats stats;     /* opens and ioctls of msr_batch */
	struct file *files;     /* open ones, owned */
	mode_t *modes;          /* of each inode, owned */
	size_t ninodes;
};

/* What an open file is of. */
struct file {
	struct file *next, *prev;
	const struct file_type *type;
	struct fs *fs;
	struct cpu *cpu; /* NULL: of none */
	int flags;       /* of open(2) */
	pid_t pid;       /* who calls right now */
	bool quit;       /* end when this file is closed: it has an answer */
	char *text;      /* still to read, owned */
	size_t len, pos;
};

/*
 * Every hook returns 0 or more, else -errno; the number of bytes where there
 * are any.  A hook that is NULL: reading gives f->text, writing EBADF, ioctl
 * ENOTTY.
 */
struct file_type {
	const char *name;
	mode_t mode;
	bool device; /* SEEK_END is refused */
	int (*open)(struct file *f);
	ssize_t (*read)(struct file *f, char *buf, size_t size, off_t off);
	ssize_t (*write)(struct file *f, const char *buf, size_t size,
			 off_t off);
	/* buf: the ioctl's fixed struct, in and out */
	int (*ioctl)(struct file *f, unsigned cmd, char *buf);
};

/* cpu.c: one access to a register, with all that it brings about. */
struct access {
	uint32_t reg;
	bool write;
	bool read_first; /* before writing: a batch does */
	uint64_t value;  /* to write, or what was read */
	uint64_t mask;   /* of the bits to write */
};
int cpu_access(struct cpu *cpu, struct access *a);
void cpu_catch_up(struct cpu *cpu); /* the load's events until now */
void cpu_foreign(struct cpu *cpu, const struct foreign *w); /* now */
void cpu_forget_faults(struct cpu *cpu);
void cpu_forget_foreigns(struct cpu *cpu);
int cpu_init(struct cpu *cpu, const struct model_cfg *cfg);
void cpu_release(struct cpu *cpu);

/*
 * load.c: text is the name of a profile or EVENT=RATE[:u|:k],...; what is wrong
 * with it, or NULL.
 */
const char *load_set(struct cpu *cpu, const char *text);
void load_advance(struct cpu *cpu);
void load_release(struct load *l);

/* parse.c: words of commands; false when it is not one. */
struct event_count {
	unsigned event, umask, cpl;
	uint64_t n;
};
bool parse_number(const char *s, uint64_t *n); /* decimal, or 0x and hex */
bool parse_reg(const char *s, uint32_t *reg);  /* hex, 0x or not */
bool parse_event(const char *s, struct event_count *e); /* c4.20=7:k */
bool parse_reg_value(const char *s, uint32_t *reg, uint64_t *value);
bool parse_cpus(const char *s, bool *set, unsigned ncpus); /* 0-3,5 or all */
int parse_errno(const char *s);                            /* 0: none */

/* device.c, batch.c, ctl.c, tree.c */
extern const struct file_type file_msr, file_cpuid, file_safe, file_batch;
extern const struct file_type file_ctl, file_regs, file_stats;
bool has_rawio(pid_t pid); /* CAP_SYS_RAWIO */
const struct allow *allow_find(const struct fs *fs, uint32_t reg);
extern const struct fuse_lowlevel_ops tree_ops;
int tree_init(struct fs *fs); /* once the CPUs are there */
void tree_release_all(struct fs *fs);

/* ctl-save.c: false: memory, or no such name */
bool save_take(struct fs *fs, const char *name);
bool save_diff(struct fs *fs, const char *name, bool free_too, FILE *out);
void save_release(struct fs *fs);

#endif /* MSRFS_FS_H */
