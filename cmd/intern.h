/* SPDX-License-Identifier: MIT
 *
 * intern.h - things numbered in the order in which they come, equal ones once:
 * frames and nodes of stacks, strings.
 */
#ifndef PFM_INTERN_H
#define PFM_INTERN_H

#include <stddef.h>
#include <stdint.h>

/* What is compared: of a frame its object, address and flags. */
enum intern_kind { INTERN_FRAME, INTERN_NODE };

struct intern;
struct intern *intern_new(size_t size, enum intern_kind kind);
void intern_free(struct intern *in);
/* The number of the equal one, or of this one. */
uint32_t intern_put(struct intern *in, const void *item);
uint32_t intern_count(const struct intern *in);
/* Good until the next put. */
const void *intern_at(const struct intern *in, uint32_t i);

struct intern_strings;
struct intern_strings *strings_new(void);
void strings_free(struct intern_strings *in);
uint32_t strings_put(struct intern_strings *in, const char *s);
uint32_t strings_count(const struct intern_strings *in);
const char *strings_at(const struct intern_strings *in, uint32_t i);

#endif /* PFM_INTERN_H */
