/* SPDX-License-Identifier: MIT
 *
 * unit.c - units by name, with the decimal and binary prefixes, and their
 * products.  pfmon-groups(5) documents the words; it knows no event.
 */
#include "config.h"

#include "unit.h"

#include "cmd.h"

#include <stdio.h>
#include <string.h>

#define POWER_MAX 8

static const char *const bases[UNIT_DIMS] = { "count", "cycles", "slots",
					      "s",     "J",      "bytes" };

/* clang-format off */
static const struct word {
	const char *name;
	struct unit unit;
	bool prefix; /* may a prefix precede it? */
} words[] = {
	{ "1", { 1, { 0 } }, false },
	{ "ratio", { 1, { 0 } }, false },
	{ "CPUs", { 1, { 0 } }, false },
	{ "%", { 0.01, { 0 } }, false },
	{ "cycles", { 1, { [UNIT_CYCLES] = 1 } }, true },
	{ "cycle", { 1, { [UNIT_CYCLES] = 1 } }, true },
	{ "slots", { 1, { [UNIT_SLOTS] = 1 } }, true },
	{ "slot", { 1, { [UNIT_SLOTS] = 1 } }, true },
	{ "s", { 1, { [UNIT_S] = 1 } }, true },
	{ "J", { 1, { [UNIT_J] = 1 } }, true },
	{ "Joules", { 1, { [UNIT_J] = 1 } }, false },
	{ "B", { 1, { [UNIT_BYTES] = 1 } }, true },
	{ "bytes", { 1, { [UNIT_BYTES] = 1 } }, false },
	{ "byte", { 1, { [UNIT_BYTES] = 1 } }, false },
	{ "W", { 1, { [UNIT_J] = 1, [UNIT_S] = -1 } }, true },
	{ "Hz", { 1, { [UNIT_CYCLES] = 1, [UNIT_S] = -1 } }, true },
};

/* Nouns that all mean a number of events. */
static const char *const counted[] = {
	"count", "events", "event", "instr", "misses", "miss", "hits", "hit",
	"accesses", "access", "fills", "fill", "lines", "line", "loads", "load",
	"stores", "store", "requests", "request", "walks", "walk", "branches",
	"branch", "mispredicts", "ops", "op", "uops", "uop", "FLOP", "faults",
	"fault", "switches", "migrations", "clears", "stalls",
};

static const struct {
	const char *text;
	double factor;
} prefixes[] = {
	{ "Ki", 1024.0 }, { "Mi", 1048576.0 }, { "Gi", 1073741824.0 },
	{ "Ti", 1099511627776.0 },
	{ "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 },
	{ "m", 1e-3 }, { "u", 1e-6 }, { "n", 1e-9 }, { "p", 1e-12 },
};
/* clang-format on */

static bool equal(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !memcmp(name, text, len);
}

/* A word without prefix; prefixed: one that may have had one. */
static bool find_word(const char *text, size_t len, bool prefixed,
		      struct unit *u)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counted); i++) {
		if (!equal(counted[i], text, len))
			continue;
		*u = (struct unit){ 1, { [UNIT_COUNT] = 1 } };
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!equal(words[i].name, text, len) ||
		    (prefixed && !words[i].prefix))
			continue;
		*u = words[i].unit;
		return true;
	}
	return false;
}

static bool parse_word(const char *text, size_t len, struct unit *u)
{
	size_t i, n;

	if (find_word(text, len, false, u))
		return true;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		n = strlen(prefixes[i].text);
		if (len <= n || memcmp(text, prefixes[i].text, n) != 0 ||
		    !find_word(text + n, len - n, true, u))
			continue;
		u->scale *= prefixes[i].factor;
		return true;
	}
	return false;
}

bool unit_parse(const char *text, size_t len, struct unit *u)
{
	struct unit all = UNIT_RATIO, one;
	size_t at = 0, n;
	int sign = 1;

	for (;;) {
		for (n = 0; at + n < len && !strchr("/*", text[at + n]);)
			n++;
		if (!parse_word(text + at, n, &one) ||
		    !unit_multiply(&all, &one, sign))
			return false;
		at += n;
		if (at == len)
			break;
		sign = text[at++] == '/' ? -1 : 1;
	}
	*u = all;
	return true;
}

bool unit_same(const struct unit *a, const struct unit *b)
{
	return !memcmp(a->dim, b->dim, sizeof(a->dim));
}

bool unit_multiply(struct unit *a, const struct unit *b, int sign)
{
	unsigned i;
	int power;

	for (i = 0; i < UNIT_DIMS; i++) {
		power = a->dim[i] + sign * b->dim[i];
		if (power < -POWER_MAX || power > POWER_MAX)
			return false;
		a->dim[i] = (signed char)power;
	}
	a->scale = sign > 0 ? a->scale * b->scale : a->scale / b->scale;
	return true;
}

/* The factors with powers of this sign; how many bytes they took. */
static size_t put_side(const struct unit *u, int sign, char *buf, size_t size)
{
	const char *join = sign < 0 ? "/" : "";
	size_t n = 0;
	int power;

	for (unsigned i = 0; i < UNIT_DIMS; i++) {
		for (power = u->dim[i] * sign; power > 0; power--) {
			snprintf(buf + n, size - n, "%s%s", join, bases[i]);
			n += strlen(buf + n);
			join = sign < 0 ? "/" : "*";
		}
	}
	return n;
}

const char *unit_text(const struct unit *u, char buf[UNIT_TEXT])
{
	size_t n = put_side(u, 1, buf, UNIT_TEXT);

	if (!n)
		n = (size_t)snprintf(buf, UNIT_TEXT, "1");
	put_side(u, -1, buf + n, UNIT_TEXT - n);
	if (!strcmp(buf, "1"))
		snprintf(buf, UNIT_TEXT, "ratio");
	return buf;
}
