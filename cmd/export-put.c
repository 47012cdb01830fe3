/* SPDX-License-Identifier: MIT
 *
 * export-put.c - text into a file: numbers of the C locale, JSON strings.  The
 * export's file belongs to one thread, so that nothing is locked.
 */
#include "config.h"

#include "export.h"

#include <inttypes.h>
#include <string.h>

void put_text(FILE *f, const char *s)
{
	fwrite_unlocked(s, 1, strlen(s), f);
}

void put_u64(FILE *f, uint64_t v)
{
	char buf[20], *p = buf + sizeof(buf);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	fwrite_unlocked(p, 1, (size_t)(buf + sizeof(buf) - p), f);
}

/* JSON has neither infinity nor what is no number. */
void put_real(FILE *f, double v)
{
	if (!__builtin_isfinite(v))
		put_text(f, "0");
	else if (v >= 0 && v < 1e15 && v == (double)(uint64_t)v)
		put_u64(f, (uint64_t)v);
	else
		fprintf(f, "%.17g", v);
}

void put_comma(FILE *f, bool *first)
{
	if (!*first)
		putc_unlocked(',', f);
	*first = false;
}

/* RFC 3629: no overlong form, no surrogate, none beyond U+10FFFF. */
unsigned utf8_length(const char *s)
{
	static const struct {
		unsigned char lead, last, low,
			high; /* second byte: low..high */
		unsigned length;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *u = (const unsigned char *)s;
	unsigned i = 0, k;

	while (i < ARRAY_SIZE(rows) && (*u < rows[i].lead || *u > rows[i].last))
		i++;
	if (i == ARRAY_SIZE(rows))
		return 0;
	for (k = 1; k < rows[i].length; k++) {
		unsigned char low = k == 1 ? rows[i].low : 0x80;
		unsigned char high = k == 1 ? rows[i].high : 0xbf;

		if (u[k] < low || u[k] > high)
			return 0;
	}
	return rows[i].length;
}

/* How many bytes from s on are the same in JSON. */
static size_t plain_json(const char *s)
{
	const char *p = s;

	while ((unsigned char)*p >= ' ' && (unsigned char)*p < 0x7f &&
	       !strchr("\"\\<>&", *p))
		p++;
	return (size_t)(p - s);
}

/*
 * '<', '>' and '&' as numbers, so that a name cannot end the element of a page
 * that the text is in; U+2028 and U+2029 since they end a line of a script.
 */
void put_json(FILE *f, const char *s)
{
	unsigned len;
	size_t n;

	putc_unlocked('"', f);
	for (; *s; s += len) {
		n = plain_json(s);
		fwrite_unlocked(s, 1, n, f);
		s += n;
		if (!*s)
			break;
		len = utf8_length(s);
		if (!len) {
			put_text(f, "\\ufffd");
			len = 1;
		} else if (len == 1) {
			fprintf(f, "\\u%04x", (unsigned char)*s);
		} else if (len == 3 && !memcmp(s, "\xe2\x80", 2) &&
			   (s[2] == '\xa8' || s[2] == '\xa9')) {
			fprintf(f, "\\u20%02x", s[2] == '\xa8' ? 0x28 : 0x29);
		} else {
			fwrite_unlocked(s, 1, len, f);
		}
	}
	putc_unlocked('"', f);
}

void put_clean(FILE *f, const char *s, struct clean how)
{
	unsigned len;

	for (; *s; s += len) {
		len = utf8_length(s);
		if (!len) {
			put_text(f, "\xef\xbf\xbd");
			len = 1;
		} else if (len > 1) {
			fwrite_unlocked(s, 1, len, f);
		} else if ((unsigned char)*s < ' ' || *s == 0x7f) {
			putc_unlocked(' ', f);
		} else {
			if (*s == '"' && how.quoted)
				putc_unlocked('"', f);
			putc_unlocked(*s == ';' ? how.semicolon : *s, f);
		}
	}
}
