/* SPDX-License-Identifier: MIT
 *
 * likwid.c - LIKWID's performance groups, whose metrics are formulas over
 * counters ("PMC0/FIXC1"), as groups of ours, over events.  The grammar is that
 * of its wiki, "Performance groups".  Its event names are likwid-event.c's.
 */
#include "config.h"

#include "likwid.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"

#define LINE_SIZE 4096
#define EVENTS_MAX 64  /* of a group: more than it has counters for */
#define METRICS_MAX 64 /* of a group file */
#define NAME_SIZE 64   /* as in a group file */
#define TEXT_SIZE 512

/* A line of EVENTSET. */
struct counter {
	char id[NAME_SIZE];      /* "PMC0": what formulas call it */
	char name[NAME_SIZE];    /* what ours will */
	char event[TEXT_SIZE];   /* "" without an equivalent */
	const char *unit;        /* of the event, or NULL */
	char why[TEXT_SIZE * 2]; /* then */
};

struct group_text {
	const char *file, *pmu;
	FILE *notes;
	unsigned line;
	char title[TEXT_SIZE];
	struct counter ctrs[EVENTS_MAX];
	unsigned nctrs;
	char *metrics; /* their sections, and comments; owned */
	size_t size;
	FILE *out; /* what metrics grows by */
	char used[METRICS_MAX][NAME_SIZE];
	unsigned nmetrics, nleft;
};

__attribute__((format(printf, 2, 3))) static void note(struct group_text *g,
						       const char *fmt, ...)
{
	va_list ap;

	fprintf(g->notes, "%s:%u: ", g->file, g->line);
	va_start(ap, fmt);
	vfprintf(g->notes, fmt, ap);
	va_end(ap);
	fputc('\n', g->notes);
}

/* Of "EDGEDETECT:THRESHOLD=0x1", behind the counter; false: one has no like. */
static bool add_options(struct counter *c, char *options)
{
	char *opt, *end;
	unsigned long n;
	size_t len;

	while ((opt = strsep(&options, ":")) != NULL) {
		len = strlen(c->event);
		if (!strcasecmp(opt, "EDGEDETECT")) {
			snprintf(c->event + len, TEXT_SIZE - len, ":e");
		} else if (!strcasecmp(opt, "INVERT")) {
			snprintf(c->event + len, TEXT_SIZE - len, ":i");
		} else if (!strncasecmp(opt, "THRESHOLD=", 10)) {
			n = strtoul(opt + 10, &end, 0);
			if (end == opt + 10 || *end || n > 255)
				return false;
			snprintf(c->event + len, TEXT_SIZE - len, ":c=%lu", n);
		} else {
			snprintf(c->why, sizeof(c->why),
				 "option %.100s has no equivalent", opt);
			return false;
		}
	}
	return true;
}

/* Letters, digits and '_', in lower case; what is in brackets is a unit. */
static void plain_name(const char *text, char name[NAME_SIZE])
{
	size_t n = 0;
	int depth = 0;

	for (; *text && n + 8 < NAME_SIZE; text++) {
		depth += *text == '[';
		if (!depth && isalnum((unsigned char)*text))
			name[n++] = (char)tolower((unsigned char)*text);
		else if (!depth && n && name[n - 1] != '_')
			name[n++] = '_';
		depth -= *text == ']' && depth;
	}
	while (n && name[n - 1] == '_')
		n--;
	name[n] = '\0';
}

static bool is_ours(const struct group_text *g, const char *name)
{
	static const char *const constants[] = { "time", "clock_hz", "tsc_hz",
						 "cpus", "smt",      "width",
						 "min",  "max" };
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(constants); i++)
		if (!strcmp(name, constants[i]))
			return true;
	for (i = 0; i < g->nctrs; i++)
		if (!strcmp(name, g->ctrs[i].name))
			return true;
	for (i = 0; i < g->nmetrics; i++)
		if (!strcmp(name, g->used[i]))
			return true;
	return false;
}

/* The same name with a number behind it, if it is taken. */
static void make_unique(const struct group_text *g, char name[NAME_SIZE])
{
	size_t len = strlen(name);
	unsigned n = 2;

	if (!len || isdigit((unsigned char)*name)) {
		memmove(name + 2, name, len + 1);
		memcpy(name, "m_", 2);
		len += 2;
	}
	while (is_ours(g, name))
		snprintf(name + len, NAME_SIZE - len, "_%u", n++);
}

/* "PMC0:EDGEDETECT  EVENT": what is not of the core is left out. */
static bool add_counter(struct group_text *g, char *line)
{
	char *id = strtok(line, " \t"), *event = strtok(NULL, " \t"), *options;
	struct counter *c = &g->ctrs[g->nctrs];

	if (!event || strtok(NULL, " \t")) {
		note(g, "a line of EVENTSET is a counter and an event");
		return false;
	}
	if (g->nctrs == EVENTS_MAX) {
		note(g, "over %d events", EVENTS_MAX);
		return false;
	}
	options = id + strcspn(id, ":");
	if (*options)
		*options++ = '\0';
	if (strlen(id) >= NAME_SIZE || strlen(event) >= TEXT_SIZE / 2) {
		note(g, "a name is too long: '%.40s'", id);
		return false;
	}
	*c = (struct counter){ .unit = NULL };
	snprintf(c->id, sizeof(c->id), "%s", id);
	plain_name(event, c->name);
	make_unique(g, c->name);
	if (strncmp(id, "PMC", 3) && strncmp(id, "FIXC", 4) &&
	    strncmp(id, "PWR", 3))
		snprintf(c->why, sizeof(c->why),
			 "no equivalent of counters such as %.60s", id);
	else if (!likwid_event(g->pmu, event, c->event, sizeof(c->event),
			       &c->unit))
		snprintf(c->why, sizeof(c->why), "%s has no such event",
			 g->pmu);
	else if (*options && !add_options(c, options) && !*c->why)
		snprintf(c->why, sizeof(c->why), "its options '%.60s'",
			 options);
	g->nctrs++;
	if (!*c->why)
		return true;
	c->event[0] = '\0';
	note(g, "%s %s is left out: %s", id, event, c->why);
	fprintf(g->out, "# left out: %s %s (line %u): %s\n", id, event, g->line,
		c->why);
	return true;
}

static const struct counter *find_counter(const struct group_text *g,
					  const char *id, size_t len)
{
	unsigned i;

	for (i = 0; i < g->nctrs; i++)
		if (strlen(g->ctrs[i].id) == len &&
		    !memcmp(g->ctrs[i].id, id, len))
			return &g->ctrs[i];
	return NULL;
}

/* One name of a formula; false, with why, when it stands for nothing of ours. */
static bool put_name(const struct group_text *g, const char *name, size_t len,
		     FILE *f, char *why)
{
	const struct counter *c = find_counter(g, name, len);

	if (c && !c->event[0])
		snprintf(why, TEXT_SIZE, "it needs %s", c->id);
	else if (c)
		fputs(c->name, f);
	else if (len == 4 && !memcmp(name, "time", 4))
		fputs("time", f);
	else if (len == 12 && !memcmp(name, "inverseClock", 12))
		fputs("(1/tsc_hz)", f);
	else
		snprintf(why, TEXT_SIZE, "'%.*s' is none of its counters",
			 len < 60 ? (int)len : 60, name);
	return !*why;
}

/* The formula with our names; NULL, with why. */
static char *translate(const struct group_text *g, const char *formula,
		       char *why)
{
	size_t size, len;
	char *text, *end;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	*why = '\0';
	while (*formula && !*why) {
		if (isalpha((unsigned char)*formula) || *formula == '_') {
			for (len = 0; isalnum((unsigned char)formula[len]) ||
				      formula[len] == '_';
			     len++)
				;
			put_name(g, formula, len, f, why);
			formula += len;
		} else if (isdigit((unsigned char)*formula) ||
			   *formula == '.') {
			fprintf(f, "%.15g", strtod(formula, &end));
			if (end == formula)
				snprintf(why, TEXT_SIZE, "no number: '%.20s'",
					 formula);
			formula = end;
		} else if (strchr("+-*/()", *formula)) {
			fputc(*formula++, f);
		} else {
			snprintf(why, TEXT_SIZE, "'%c' is not in the grammar",
				 *formula);
		}
	}
	fclose(f);
	if (!*why)
		return text;
	free(text);
	return NULL;
}

/* What is in brackets, as far as it may stand in a file. */
static void put_unit(FILE *f, const char *label)
{
	const char *open = strchr(label, '['), *p;

	if (!open)
		return;
	for (p = open + 1; isalnum((unsigned char)*p) || *p == '/' || *p == '%';
	     p++)
		;
	if (*p == ']' && p > open + 1)
		fprintf(f, "unit = %.*s\n", (int)(p - open - 1), open + 1);
}

/* "CPI  FIXC1/FIXC0": the formula has no blanks. */
static bool add_metric(struct group_text *g, char *line)
{
	char why[TEXT_SIZE], *formula, *text, *end = line + strlen(line);
	char name[NAME_SIZE];

	for (formula = end; formula > line && !isspace((unsigned char)*formula);
	     formula--)
		;
	if (formula == line) {
		note(g, "a line of METRICS is a name and a formula");
		return false;
	}
	for (end = formula; end > line && isspace((unsigned char)end[-1]);
	     end--)
		;
	*end = '\0';
	formula++;
	if (g->nmetrics == METRICS_MAX) {
		note(g, "over %d metrics", METRICS_MAX);
		return false;
	}
	text = translate(g, formula, why);
	if (!text) {
		note(g, "metric '%s' is left out: %s", line, why);
		fprintf(g->out, "# left out: metric '%s' (line %u): %s\n", line,
			g->line, why);
		g->nleft++;
		return true;
	}
	plain_name(line, name);
	make_unique(g, name);
	memcpy(g->used[g->nmetrics++], name, sizeof(name));
	fprintf(g->out, "\n[metric %s]\nexpr = %s\n", name, text);
	put_unit(g->out, line);
	fprintf(g->out, "desc = %s\n", line);
	free(text);
	return true;
}

enum section { NONE, EVENTSET, METRICS, LONG };

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

static bool add_line(struct group_text *g, char *line, enum section *in)
{
	if (!strncmp(line, "SHORT", 5) && isspace((unsigned char)line[5]))
		snprintf(g->title, sizeof(g->title), "%.200s",
			 line + 6 + strspn(line + 6, " \t"));
	else if (!strcmp(line, "EVENTSET"))
		*in = EVENTSET;
	else if (!strcmp(line, "METRICS"))
		*in = METRICS;
	else if (!strcmp(line, "LONG"))
		*in = LONG;
	else if (*in == EVENTSET)
		return add_counter(g, line);
	else if (*in == METRICS)
		return add_metric(g, line);
	else {
		note(g,
		     "'%.40s' is in no section: this is no group of LIKWID's",
		     line);
		return false;
	}
	return true;
}

static bool read_lines(struct group_text *g, FILE *in)
{
	enum section section = NONE;
	char buf[LINE_SIZE], *line;

	while (section != LONG && fgets(buf, sizeof(buf), in)) {
		g->line++;
		if (strlen(buf) == sizeof(buf) - 1) {
			note(g, "the line is too long");
			return false;
		}
		line = trim(buf);
		if (!line) {
			note(g, "there is a byte that is no text");
			return false;
		}
		if (*line && *line != '#' && !add_line(g, line, &section))
			return false;
	}
	if (ferror(in)) {
		note(g, "cannot be read: %s", strerror(errno));
		return false;
	}
	return true;
}

static void write_group(const struct group_text *g, FILE *out)
{
	unsigned i;

	fprintf(out,
		"# from LIKWID's %s by pfmon sets import; see pfmon-groups(5)\n"
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
}

int likwid_import(FILE *in, const char *file, const char *pmu, FILE *out,
		  FILE *notes)
{
	const char *base = strrchr(file, '/');
	struct group_text *g = xcalloc(1, sizeof(*g));
	int left = -1;
	bool ok;

	g->file = base ? base + 1 : file;
	g->pmu = pmu;
	g->notes = notes;
	g->out = open_memstream(&g->metrics, &g->size);
	if (!g->out)
		die("out of memory");
	ok = read_lines(g, in);
	fclose(g->out);
	if (ok && !g->nmetrics)
		note(g, "no metric of it can be had on %s", pmu);
	if (ok && g->nmetrics) {
		write_group(g, out);
		left = (int)g->nleft;
	}
	free(g->metrics);
	free(g);
	return left;
}
