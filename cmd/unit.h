/* SPDX-License-Identifier: MIT
 *
 * unit.h - units of events and metrics: "cycles", "GB/s", "misses/kinstr".  A
 * unit is powers of six base dimensions and a scale; what is added or compared
 * must agree in the powers, the scale is converted.
 */
#ifndef PFM_UNIT_H
#define PFM_UNIT_H

#include <stdbool.h>
#include <stddef.h>

enum { UNIT_COUNT, UNIT_CYCLES, UNIT_SLOTS, UNIT_S, UNIT_J, UNIT_BYTES };
#define UNIT_DIMS 6
#define UNIT_TEXT 96 /* room for unit_text() */

struct unit {
	double scale;               /* one of it is so many of the base units */
	signed char dim[UNIT_DIMS]; /* powers, by UNIT_*; all 0: a ratio */
};

#define UNIT_RATIO ((struct unit){ .scale = 1 })

/* The unit text[0..len) names; false when there is no such. */
bool unit_parse(const char *text, size_t len, struct unit *u);
/* Can they be added? */
bool unit_same(const struct unit *a, const struct unit *b);
/* *a times *b to the power of sign (1 or -1); false: beyond what is sane. */
bool unit_multiply(struct unit *a, const struct unit *b, int sign);
/* "bytes/s" from the powers, the scale left out; returns buf. */
const char *unit_text(const struct unit *u, char buf[UNIT_TEXT]);

#endif /* PFM_UNIT_H */
