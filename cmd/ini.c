/* SPDX-License-Identifier: MIT
 *
 * ini.c - a parser for ini files, in place.  '#' or ';' starts a line of
 * comment, a blank and '#' a comment behind a value; a line that starts with a
 * blank goes on with the value above it.
 */
#include "config.h"

#include "ini.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the entry goes that may still be continued. */
struct pending {
	char *key, *value, *end; /* key NULL: there is none */
	unsigned line;
};

bool ini_wrong(struct ini *ini, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ini->why, sizeof(ini->why), fmt, ap);
	va_end(ap);
	return false;
}

/* Cut the comment and the blanks at both ends; returns the new start. */
static char *trim(char *s)
{
	char *end;

	for (char *p = s; *p; p++) {
		if (*p != '#' || (p > s && !isspace((unsigned char)p[-1])))
			continue;
		*p = '\0';
		break;
	}
	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static bool flush(struct ini *ini, struct pending *p)
{
	bool ok = true;
	unsigned line = ini->line;

	if (p->key) {
		ini->line = p->line;
		ok = ini->entry(ini, p->key, p->value);
		p->key = NULL;
		if (ok)
			ini->line = line;
	}
	return ok;
}

static bool start_entry(struct ini *ini, char *s, struct pending *p)
{
	char *equals = strchr(s, '=');

	if (!equals || equals == s)
		return ini_wrong(ini, "neither [section] nor key = value: '%s'",
				 s);
	*equals = '\0';
	p->key = trim(s);
	p->value = trim(equals + 1);
	p->end = p->value + strlen(p->value);
	p->line = ini->line;
	return true;
}

static bool parse_line(struct ini *ini, char *s, struct pending *p)
{
	bool blank = isspace((unsigned char)*s);
	char *close;
	size_t len;

	for (const char *c = s; *c; c++)
		if (iscntrl((unsigned char)*c) && !isspace((unsigned char)*c))
			return ini_wrong(ini, "a control character, %#x",
					 (unsigned char)*c);
	if (*s == ';')
		return true;
	s = trim(s);
	if (!*s)
		return true;
	if (blank && p->key) {
		/* What is above lies before it: there is room. */
		len = strlen(s);
		if (p->end > p->value)
			*p->end++ = ' ';
		memmove(p->end, s, len + 1);
		p->end += len;
		return true;
	}
	if (!flush(ini, p))
		return false;
	if (*s != '[')
		return start_entry(ini, s, p);
	close = strchr(s, ']');
	if (!close || close[1])
		return ini_wrong(ini, "a section is one [name] on its line");
	*close = '\0';
	return ini->section(ini, trim(s + 1));
}

bool ini_parse(struct ini *ini, char *text)
{
	struct pending p = { .key = NULL };
	char *line;

	ini->line = 0;
	while ((line = strsep(&text, "\n")) != NULL) {
		ini->line++;
		if (!parse_line(ini, line, &p))
			return false;
	}
	return flush(ini, &p);
}
