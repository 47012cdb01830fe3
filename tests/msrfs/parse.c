/* SPDX-License-Identifier: MIT
 *
 * parse.c - the words of msrfs's commands and options: numbers, registers,
 * events, lists of CPUs.  Each is whole or refused.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"

static bool parse_base(const char *s, int base, uint64_t *n)
{
	char *end;

	if (base == 16 ? !isxdigit((unsigned char)*s) :
			 !isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*n = strtoull(s, &end, base);
	return errno == 0 && *end == '\0';
}

static bool has_0x(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

bool parse_number(const char *s, uint64_t *n)
{
	return has_0x(s) ? parse_base(s + 2, 16, n) : parse_base(s, 10, n);
}

static bool parse_hex(const char *s, uint64_t max, uint64_t *n)
{
	return parse_base(has_0x(s) ? s + 2 : s, 16, n) && *n <= max;
}

bool parse_reg(const char *s, uint32_t *reg)
{
	uint64_t n;

	if (!parse_hex(s, UINT32_MAX, &n))
		return false;
	*reg = (uint32_t)n;
	return true;
}

/* Cut s at the first c into a copy of the head; what follows, or NULL. */
static const char *cut(const char *s, char c, char *head, size_t size)
{
	const char *p = strchr(s, c);

	if (!p || (size_t)(p - s) >= size)
		return NULL;
	memcpy(head, s, (size_t)(p - s));
	head[p - s] = '\0';
	return p + 1;
}

bool parse_event(const char *s, struct event_count *e)
{
	char code[32], event[32], count[32];
	uint64_t ev, um = 0;
	const char *n = cut(s, '=', code, sizeof(code));
	const char *umask = cut(code, '.', event, sizeof(event));
	const char *ring;

	if (!n || !parse_hex(umask ? event : code, 0xfff, &ev) ||
	    (umask && !parse_hex(umask, 0xffff, &um)))
		return false;
	ring = cut(n, ':', count, sizeof(count));
	if (ring && strcmp(ring, "u") != 0 && strcmp(ring, "k") != 0)
		return false;
	e->event = (unsigned)ev;
	e->umask = (unsigned)um;
	e->cpl = ring && *ring == 'k' ? 0 : 3;
	return parse_number(ring ? count : n, &e->n);
}

bool parse_reg_value(const char *s, uint32_t *reg, uint64_t *value)
{
	char name[32];
	const char *v = cut(s, '=', name, sizeof(name));

	return v && parse_reg(name, reg) && parse_number(v, value);
}

bool parse_cpus(const char *s, bool *set, unsigned ncpus)
{
	memset(set, strcmp(s, "all") == 0, ncpus * sizeof(*set));
	if (strcmp(s, "all") == 0)
		return true;
	for (;;) {
		unsigned long from, to;
		char *end;

		if (!isdigit((unsigned char)*s))
			return false;
		from = to = strtoul(s, &end, 10);
		if (*end == '-') {
			s = end + 1;
			if (!isdigit((unsigned char)*s))
				return false;
			to = strtoul(s, &end, 10);
		}
		if (from > to || to >= ncpus)
			return false;
		while (from <= to)
			set[from++] = true;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
		s = end + 1;
	}
}

int parse_errno(const char *s)
{
	static const struct {
		const char *name;
		int err;
	} names[] = {
		{ "EIO", EIO },       { "EPERM", EPERM },   { "ENXIO", ENXIO },
		{ "EACCES", EACCES }, { "EINVAL", EINVAL }, { "EINTR", EINTR },
		{ "EFAULT", EFAULT }, { "EROFS", EROFS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, s) == 0)
			return names[i].err;
	}
	return 0;
}
