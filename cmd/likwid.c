/* SPDX-License-Identifier: MIT
 *
 * likwid.c - LIKWID's performance groups, whose metrics are formulas over
 * counters ("PMC0/FIXC1"), as groups of ours, over events.  The grammar is that
 * of its wiki, "Performance groups".  Its lines are likwid-line.c's.
 */
#include "config.h"

#include "likwid.h"
#include "likwid-priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define FILE_MAX 262144 /* bytes of a file of theirs: the largest has 30000 */
#define OURS_MAX 65536  /* and of one of ours, see group-file.c */
#define LINE_MAX 4096

enum section { NONE, EVENTSET, METRICS, LONG, LUA };

void likwid_note(struct group_text *g, const char *fmt, ...)
{
	va_list ap;

	fprintf(g->notes, "%s:%u: ", g->file, g->line);
	va_start(ap, fmt);
	vfprintf(g->notes, fmt, ap);
	va_end(ap);
	fputc('\n', g->notes);
}

/* The text without its end and blanks around it; NULL: it is no text. */
static char *trim(char *line)
{
	char *end, *p;

	line += strspn(line, " \t\r\n");
	for (end = line + strlen(line);
	     end > line && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	for (p = line; *p; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return NULL;
	return line;
}

static bool start_section(const char *line, enum section *in)
{
	static const char *const names[] = { [EVENTSET] = "EVENTSET",
					     [METRICS] = "METRICS",
					     [LONG] = "LONG",
					     [LUA] = "LUA" };
	unsigned i;

	for (i = EVENTSET; i < ARRAY_SIZE(names); i++)
		if (!strcmp(line, names[i])) {
			*in = (enum section)i;
			return true;
		}
	return false;
}

static bool add_line(struct group_text *g, char *line, enum section *in)
{
	if (!strncmp(line, "SHORT", 5) && (!line[5] || isblank(line[5]))) {
		line += 5 + strspn(line + 5, " \t");
		snprintf(g->title, sizeof(g->title), "%.200s", line);
		return true;
	}
	if (start_section(line, in))
		return true;
	if (!strcmp(line, "REQUIRE_NOHT")) {
		g->no_smt = true;
		return true;
	}
	switch (*in) {
	case EVENTSET:
		return likwid_counter(g, line);
	case METRICS:
		return likwid_metric(g, line);
	case LUA: /* Functions for metrics, which are left out then. */
		return true;
	default:
		likwid_note(
			g,
			"'%.40s' is in no section: this is no group of LIKWID's",
			line);
		return false;
	}
}

static bool read_lines(struct group_text *g, char *text)
{
	enum section section = NONE;
	char *line;

	while (section != LONG && (line = strsep(&text, "\n")) != NULL) {
		g->line++;
		if (strlen(line) > LINE_MAX) {
			likwid_note(g, "the line is too long");
			return false;
		}
		line = trim(line);
		if (!line) {
			likwid_note(g, "there is a byte that is no text");
			return false;
		}
		if (*line && *line != '#' && !add_line(g, line, &section))
			return false;
	}
	return true;
}

/* All of a file, to be freed; NULL, with a note. */
static char *read_all(struct group_text *g, FILE *in)
{
	char *text = xcalloc(1, FILE_MAX + 2), *nul;
	size_t len = fread(text, 1, FILE_MAX + 1, in);

	g->line = 1;
	nul = memchr(text, 0, len);
	if (ferror(in))
		likwid_note(g, "cannot be read: %s", strerror(errno));
	else if (len > FILE_MAX)
		likwid_note(g, "over %d bytes", FILE_MAX);
	else if (nul)
		likwid_note(
			g,
			"a NUL byte, %zu bytes from the start: this is no text",
			(size_t)(nul - text));
	else {
		g->line = 0;
		return text;
	}
	free(text);
	return NULL;
}

/* All of it, to be freed. */
static char *write_group(const struct group_text *g, size_t *size)
{
	unsigned i;
	char *text;
	FILE *out = open_memstream(&text, size);

	if (!out)
		die("out of memory");
	fprintf(out,
		"# from LIKWID's %s by pfmon sets import; see pfmon-groups(5)\n"
		"# LIKWID counts at user level only; so does pfmon count -u.\n"
		"\n[group]\ntitle = %s\npmu = %s\nsource = LIKWID, %s\n"
		"units = unchecked\n\n[events]\n",
		g->file, *g->title ? g->title : g->file, g->pmu, g->file);
	for (i = 0; i < g->nctrs; i++)
		if (g->ctrs[i].event[0])
			fprintf(out, "%s = %s%s%s%s\n", g->ctrs[i].name,
				g->ctrs[i].event, g->ctrs[i].unit ? " [" : "",
				g->ctrs[i].unit ? g->ctrs[i].unit : "",
				g->ctrs[i].unit ? "]" : "");
	fputs(g->metrics, out);
	if (fclose(out) != 0)
		die("out of memory");
	return text;
}

/* Its name, as far as it may stand in a comment. */
static char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *base = xstrdup(slash ? slash + 1 : file), *p;

	for (p = base; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	return base;
}

/* The group's text, to be freed; NULL, with a note. */
static char *group_text(struct group_text *g)
{
	size_t size;
	char *text;

	if (!g->nmetrics) {
		likwid_note(g, "no metric of it can be had on %s", g->pmu);
		return NULL;
	}
	text = write_group(g, &size);
	if (size <= OURS_MAX)
		return text;
	likwid_note(g, "over %d bytes as a group of ours", OURS_MAX);
	free(text);
	return NULL;
}

int likwid_import(FILE *in, const char *file, const char *pmu, FILE *out,
		  FILE *notes)
{
	struct group_text *g = xcalloc(1, sizeof(*g));
	char *text, *ours = NULL;
	int left = -1;

	g->file = base_name(file);
	g->pmu = pmu;
	g->notes = notes;
	g->out = open_memstream(&g->metrics, &g->size);
	if (!g->out)
		die("out of memory");
	text = read_all(g, in);
	if (text && read_lines(g, text) && fflush(g->out) == 0)
		ours = group_text(g);
	if (fclose(g->out) != 0)
		die("out of memory");
	if (ours) {
		fputs(ours, out);
		left = (int)g->nleft;
	}
	free(ours);
	free(text);
	free(g->metrics);
	free(g->ctrs);
	free(g->file);
	free(g);
	return left;
}
