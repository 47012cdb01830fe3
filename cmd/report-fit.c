/* SPDX-License-Identifier: MIT
 *
 * report-fit.c - text in columns: names of a profile, which are anybody's bytes,
 * made safe for a terminal and as short as they have to be.
 */
#include "config.h"

#include "report-priv.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST_CUT 4 /* columns of what is left out, to be worth it */

static bool begins(char c)
{
	return (c & 0xc0) != 0x80;
}

unsigned text_columns(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += begins(*s);
	return n;
}

/*
 * Bytes of the character at s, by RFC 3629; 0: it is none.  What else would begin
 * one is a column in a terminal and none here, or the other way round.
 */
static unsigned utf8_length(const unsigned char *s)
{
	unsigned n = *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4, i;

	if (*s > 0xf4 || (*s == 0xe0 && s[1] < 0xa0) ||
	    (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) ||
	    (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Control characters of ISO 6429. */
	return *s == 0xc2 && s[1] < 0xa0 ? 0 : n;
}

/* Each character that cannot be shown is one '?'. */
static char *clean(const char *s, bool utf8)
{
	char *out = xcalloc(strlen(s) + 1, 1);
	size_t n = 0;

	while (*s) {
		unsigned len = utf8_length((const unsigned char *)s);
		unsigned char c = (unsigned char)*s;

		if (len && utf8) {
			memcpy(out + n, s, len);
			n += len;
		} else {
			out[n++] = (char)(c >= ' ' && c < 127 ? c : '?');
		}
		s += len ? len : 1;
	}
	return out;
}

/* The byte at which column n begins. */
static size_t byte_at(const char *s, unsigned n)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (begins(s[i]) && n-- == 0)
			break;
	return i;
}

/* What is between brackets, at the outermost level: bytes [from, to). */
struct span {
	size_t from, to;
};

/*
 * The longest one, which must not have been cut.  "operator<", "->" and the like
 * are no brackets.
 */
static struct span find_span(const char *s, const char *dots)
{
	struct span best = { 0, 0 };
	size_t i, from = 0, depth = 0;

	for (i = 0; s[i]; i++) {
		bool open = s[i] == '<' || s[i] == '(';
		bool shut = s[i] == '>' || s[i] == ')';

		if (i >= 8 && (open || shut) && s[i] != '(' && s[i] != ')' &&
		    !strncmp(s + i - 8, "operator", 8))
			continue;
		if (shut && i && s[i - 1] == '-')
			continue;
		if (open && !depth++)
			from = i + 1;
		if (!shut || !depth || --depth)
			continue;
		if (i - from > best.to - best.from &&
		    !memmem(s + from, i - from, dots, strlen(dots)))
			best = (struct span){ from, i };
	}
	return best;
}

/* So many columns less in the middle of bytes [from, to). */
static char *cut_middle(const char *s, struct span at, unsigned less,
			const char *dots)
{
	char *part = xasprintf("%.*s", (int)(at.to - at.from), s + at.from);
	unsigned have = text_columns(part), room, head;
	char *out;

	less += text_columns(dots);
	room = have > less ? have - less : 0;
	head = (room + 1) / 2;
	out = xasprintf("%.*s%.*s%s%s%s", (int)at.from, s,
			(int)byte_at(part, head), part, dots,
			part + byte_at(part, have - (room - head)), s + at.to);
	free(part);
	return out;
}

char *text_fit(const char *s, unsigned width, bool utf8)
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "...";
	char *text = clean(s, utf8), *shorter;
	struct span at;
	unsigned have;

	for (have = text_columns(text); have > width;
	     have = text_columns(text)) {
		at = find_span(text, dots);
		if (at.to - at.from < LEAST_CUT)
			break;
		shorter = cut_middle(text, at, have - width, dots);
		free(text);
		text = shorter;
	}
	if (have <= width)
		return text;
	at = (struct span){ 0, strlen(text) };
	shorter = cut_middle(text, at, have - width, dots);
	free(text);
	return shorter;
}

char *text_grouped(uint64_t n)
{
	char digits[24], out[32];
	size_t len, i, k = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n);
	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	out[k] = '\0';
	return xstrdup(out);
}

/* The bytes of a line: as many words as have room, or a word that has none. */
static size_t line_end(const char *s, unsigned room)
{
	size_t end = byte_at(s, room), at;

	if (!s[end])
		return end;
	for (at = end; at && s[at] != ' '; at--)
		;
	return at ? at : end;
}

void text_wrap(FILE *f, const struct report_style *s, unsigned indent,
	       const char *text)
{
	char *copy = clean(text, s->utf8);
	const char *at = copy;
	unsigned room = s->width > indent + 20 ? s->width - indent : 20;
	size_t len;

	while (*at) {
		len = line_end(at, room);
		fprintf(f, "%.*s\n", (int)len, at);
		at += len;
		at += strspn(at, " ");
		if (*at)
			fprintf(f, "%*s", (int)indent, "");
	}
	free(copy);
}

bool text_is_utf8(void)
{
	locale_t here = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!here)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, here), "UTF-8");
	freelocale(here);
	return utf8;
}

bool text_colour(unsigned choice, int fd)
{
	const char *no = getenv("NO_COLOR");

	if (choice)
		return choice == 1;
	return !(no && *no) && isatty(fd);
}
