/* SPDX-License-Identifier: MIT
 *
 * ctl.h - a command of the control file at work.  Those for CPUs are in
 * ctl-cpu.c, the others and the file itself in ctl.c.
 */
#ifndef MSRFS_CTL_H
#define MSRFS_CTL_H

#include <stdbool.h>
#include <stdio.h>

#include "fs.h"

/* One command at work. */
struct call {
	struct fs *fs;
	char **arg; /* what follows the command and its CPUs; NULL ends it */
	unsigned n;
	bool dry;  /* only look at the arguments */
	bool said; /* something to out */
	bool quit; /* the file system is to end */
	FILE *out;
};

/* A command, once; or for each of its CPUs, when all would accept it. */
struct command {
	const char *name;
	const char *usage;
	unsigned min, max; /* arguments */
	bool (*run)(struct call *c);
	bool (*run_cpu)(struct call *c, struct cpu *cpu);
};

/* ctl-cpu.c */
extern const struct command cpu_commands[];
extern const unsigned ncpu_commands;

/* ctl.c: answer "error: ..."; false. */
bool refuse(struct call *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool on_off(struct call *c, bool *on);

#endif /* MSRFS_CTL_H */
