/* SPDX-License-Identifier: MIT
 *
 * known-modes.h - the modes of known.c: those of one program are there, those
 * that change what is mapped, or who runs, in known-proc.c.
 */
#ifndef KNOWN_MODES_H
#define KNOWN_MODES_H

#include "known.h"

#define PAGE(mem, i) ((mem) + (size_t)(i)*KNOWN_PAGE)

extern const char *self_path; /* of the program's own file */

/* Ends the program: the mode cannot be had here. */
_Noreturn void known_skip(const char *what);
/* An operand, 0 when it is missing. */
unsigned long known_number(char **argv, int i);
/* leaf_a() n times, and middle_b() m times. */
void run_calls(volatile char *mem, unsigned long n, unsigned long m);

void mode_child(char **argv);
void mode_exec(char **argv);
void mode_delete(char **argv);
void mode_dlopen(char **argv);
void mode_jit(char **argv);
void mode_namespace(char **argv);

#endif /* KNOWN_MODES_H */
