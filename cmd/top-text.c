/* SPDX-License-Identifier: MIT
 *
 * top-text.c - text in columns of a terminal, see top-text.h.  Names of processes
 * and functions are anybody's bytes: what could move the cursor, or is more or
 * less than it looks, is a '?' here.
 */
#include "config.h"

#include "top-text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>

/* The character at *s, which moves on; cols: those it takes. */
static wchar_t next_char(const char **s, unsigned *cols)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, *s, strlen(*s), &state);
	int width;

	if (n == 0 || n == (size_t)-1 || n == (size_t)-2) {
		*s += 1;
		*cols = 1;
		return L'?';
	}
	*s += n;
	width = iswcntrl((wint_t)c) ? -1 : wcwidth(c);
	*cols = width > 0 ? (unsigned)width : 1;
	return width > 0 ? c : L'?';
}

unsigned text_columns_of(const char *s)
{
	unsigned n = 0, cols;

	while (*s && n < TEXT_COLUMNS) {
		next_char(&s, &cols);
		n += cols;
	}
	return n;
}

size_t text_cells(const char *s, unsigned width, wchar_t *out, size_t max)
{
	unsigned at = 0, cols;
	size_t n = 0;
	wchar_t c;

	while (*s && at < width && n < max) {
		c = next_char(&s, &cols);
		if (at + cols > width)
			break; /* half of a wide one */
		out[n++] = c;
		at += cols;
	}
	for (; at < width && n < max; at++)
		out[n++] = L' ';
	return n;
}

static const char *const eighths[] = { "·", "▏", "▎", "▍", "▌",
				       "▋", "▊", "▉", "█" };
static const char *const levels[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const ascii_levels[] = { "_", ".", "-", "~",
					    "=", "+", "*", "#" };
#define LEVELS ARRAY_SIZE(levels)

static void add(char *buf, size_t size, const char *s)
{
	size_t used = strlen(buf);

	if (strlen(s) < size - used)
		memcpy(buf + used, s, strlen(s) + 1);
}

void text_bar(double percent, unsigned width, bool utf8, char *buf, size_t size)
{
	double part = percent > 0 ? percent / 100 * width : 0;
	unsigned i;

	buf[0] = '\0';
	for (i = 0; i < width; i++, part--) {
		if (utf8)
			add(buf, size,
			    eighths[part >= 1 ? 8 :
				    part > 0  ? (unsigned)(part * 8) :
						0]);
		else
			add(buf, size, part >= 0.5 ? "|" : ".");
	}
}

void text_spark(const struct text_trend *trend, unsigned width, bool utf8,
		char *buf, size_t size)
{
	unsigned n = trend->n < width ? trend->n : width, i, level;
	const float *v = trend->v + (trend->n - n);
	double max = trend->max;

	for (i = 0; trend->max <= 0 && i < n; i++)
		max = v[i] > max ? (double)v[i] : max;
	buf[0] = '\0';
	for (i = n; i < width; i++)
		add(buf, size, " ");
	for (i = 0; i < n; i++) {
		if (isnan(v[i])) {
			add(buf, size, " ");
			continue;
		}
		level = 0;
		if (max > 0 && v[i] > 0)
			level = (double)v[i] >= max ?
					LEVELS - 1 :
					(unsigned)((double)v[i] / max * LEVELS);
		add(buf, size, utf8 ? levels[level] : ascii_levels[level]);
	}
}

bool text_has(const char *s, const char *needle)
{
	size_t i;

	for (; *s; s++) {
		for (i = 0;
		     needle[i] && tolower((unsigned char)s[i]) ==
					  tolower((unsigned char)needle[i]);
		     i++)
			;
		if (!needle[i])
			return true;
	}
	return !*needle;
}
