/* SPDX-License-Identifier: MIT
 *
 * group-file.c - a metric group from its file, in the form of pfmon-groups(5).
 * The file may be anybody's: its size is limited, and what is wrong is said
 * with its line.
 */
#include "config.h"

#include "group-priv.h"
#include "ini.h"

#include "cmd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536
#define PMUS_MAX 32

/* A file being read. */
struct reader {
	struct group *g;
	const struct group_machine *m;
	enum { TOP, GROUP, EVENTS, METRIC } section;
};

static const struct {
	const char *name;
	unsigned bit;
} needs[] = {
	{ "cpu", GROUP_NEEDS_CPU },
	{ "package", GROUP_NEEDS_PACKAGE },
	{ "no-smt", GROUP_NEEDS_NO_SMT },
};

/* In a file they are words, so that expressions need no quotes. */
static bool check_word(const char *name, char *why)
{
	if (strlen(name) > GROUP_NAME_MAX)
		return group_say(why, "a name has 1 to %d bytes: '%s'",
				 GROUP_NAME_MAX, name);
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return group_say(
				why,
				"'%s': a name consists of letters, digits, "
				"'_' and '-'",
				name);
	return true;
}

static bool section(struct ini *ini, const char *name)
{
	struct reader *rd = ini->arg;
	char why[GROUP_WHY_MAX];
	struct group *g = rd->g;

	if (!strcmp(name, "group")) {
		rd->section = GROUP;
		return true;
	}
	if (!strcmp(name, "events")) {
		rd->section = EVENTS;
		return true;
	}
	if (strncmp(name, "metric", 6) != 0 || !isspace((unsigned char)name[6]))
		return ini_wrong(ini,
				 "unknown section [%s]; there are [group], "
				 "[events], [metric NAME]",
				 name);
	name += 6 + strspn(name + 6, " \t");
	if (g->nmetrics == GROUP_METRICS_MAX)
		return ini_wrong(ini, "over %d metrics", GROUP_METRICS_MAX);
	if (!check_word(name, why) || !group_check_name(g, name, why))
		return ini_wrong(ini, "%s", why);
	group_new_metric(g, name)->line = ini->line;
	rd->section = METRIC;
	return true;
}

/* "UNHALTED_CORE_CYCLES [cycles]" */
static bool event_entry(struct ini *ini, struct group *g, const char *key,
			const char *value)
{
	size_t len = strlen(value);
	const char *open =
		len && value[len - 1] == ']' ? strrchr(value, '[') : NULL;
	char why[GROUP_WHY_MAX], *string, *unit = NULL;
	bool ok;

	if (open) {
		unit = xasprintf("%.*s", (int)strlen(open) - 2, open + 1);
		for (len = (size_t)(open - value);
		     len && isspace((unsigned char)value[len - 1]);)
			len--;
	}
	string = xasprintf("%.*s", (int)len, value);
	ok = check_word(key, why) && group_add_event(g, key, string, unit, why);
	free(string);
	free(unit);
	return ok || ini_wrong(ini, "%s", why);
}

static bool needs_entry(struct ini *ini, struct group_metric *mt,
			const char *value)
{
	size_t len, i;

	for (; *value; value += strspn(value + len, " ,") + len) {
		len = strcspn(value, " ,");
		for (i = 0; i < ARRAY_SIZE(needs); i++)
			if (strlen(needs[i].name) == len &&
			    !memcmp(needs[i].name, value, len))
				break;
		if (i == ARRAY_SIZE(needs))
			return ini_wrong(ini,
					 "needs: '%.*s' is none of cpu, "
					 "package, no-smt",
					 (int)len, value);
		mt->needs |= needs[i].bit;
	}
	return true;
}

/* "> 0.15", "< 1", or both with a comma. */
static bool limit_entry(struct ini *ini, struct group_limit *limit,
			const char *key, const char *value)
{
	const char *p = value;
	double *side, x;
	char *end;

	if (!isnan(limit->below) || !isnan(limit->above))
		return ini_wrong(ini, "'%s' twice", key);
	for (;;) {
		side = *p == '<' ? &limit->below : &limit->above;
		if ((*p != '<' && *p != '>') || !isnan(*side))
			break;
		x = strtod(p + 1, &end);
		if (end == p + 1 || !isfinite(x))
			break;
		*side = x;
		p = end + strspn(end, " \t");
		if (!*p)
			return true;
		if (*p++ != ',')
			break;
		p += strspn(p, " \t");
	}
	return ini_wrong(ini,
			 "%s: '%s' is not \"< NUMBER\", \"> NUMBER\" or both",
			 key, value);
}

/* "skl, skx" */
static bool pmu_entry(struct ini *ini, struct group *g, const char *value)
{
	size_t len, n = 0;

	if (g->pmus)
		return ini_wrong(ini, "'pmu' twice");
	g->pmus = xcalloc(PMUS_MAX + 1, sizeof(*g->pmus));
	for (; *value; value += len + strspn(value + len, " ,\t")) {
		for (len = 0;
		     isalnum((unsigned char)value[len]) || value[len] == '_';)
			len++;
		if (!len)
			return ini_wrong(ini, "pmu: no PMU's name, '%s'",
					 value);
		if (n == PMUS_MAX)
			return ini_wrong(ini, "over %d PMUs", PMUS_MAX);
		g->pmus[n++] = xasprintf("%.*s", (int)len, value);
	}
	return n || ini_wrong(ini, "pmu: there is none");
}

static bool text_entry(struct ini *ini, char **field, const char *key,
		       const char *value)
{
	if (*field)
		return ini_wrong(ini, "'%s' twice", key);
	*field = xstrdup(value);
	return true;
}

static bool metric_entry(struct ini *ini, struct group_metric *mt,
			 const char *key, const char *value)
{
	struct {
		const char *key;
		char **field;
	} texts[] = { { "expr", &mt->text },
		      { "unit", &mt->unit_name },
		      { "desc", &mt->desc },
		      { "advice", &mt->advice },
		      { "source", &mt->source } };

	/* An error in it is said with its line. */
	if (!strcmp(key, "expr"))
		mt->line = ini->line;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].key, key))
			return text_entry(ini, texts[i].field, key, value);
	if (!strcmp(key, "good"))
		return limit_entry(ini, &mt->good, key, value);
	if (!strcmp(key, "bad"))
		return limit_entry(ini, &mt->bad, key, value);
	if (!strcmp(key, "needs"))
		return needs_entry(ini, mt, value);
	return ini_wrong(ini,
			 "unknown key '%s'; a metric has expr, unit, desc, "
			 "bad, good, advice, source, needs",
			 key);
}

static bool group_entry(struct ini *ini, struct group *g, const char *key,
			const char *value)
{
	struct {
		const char *key;
		char **field;
	} texts[] = { { "title", &g->title },
		      { "desc", &g->desc },
		      { "source", &g->source },
		      { "lacks", &g->lacks } };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].key, key))
			return text_entry(ini, texts[i].field, key, value);
	if (!strcmp(key, "pmu"))
		return pmu_entry(ini, g, value);
	if (!strcmp(key, "name"))
		return !strcmp(value, g->name) ||
		       ini_wrong(ini, "the name is '%s', the file's '%s'",
				 value, g->name);
	if (strcmp(key, "units") != 0)
		return ini_wrong(ini,
				 "unknown key '%s'; a group has title, desc, "
				 "pmu, source, lacks, name, units",
				 key);
	g->unchecked = !strcmp(value, "unchecked");
	return g->unchecked || !strcmp(value, "checked") ||
	       ini_wrong(ini, "units are checked or unchecked, not '%s'",
			 value);
}

static bool entry(struct ini *ini, const char *key, const char *value)
{
	struct reader *rd = ini->arg;
	struct group *g = rd->g;

	switch (rd->section) {
	case GROUP:
		return group_entry(ini, g, key, value);
	case EVENTS:
		return event_entry(ini, g, key, value);
	case METRIC:
		return metric_entry(ini, &g->metrics[g->nmetrics - 1], key,
				    value);
	default:
		return ini_wrong(ini, "'%s' stands before the first [section]",
				 key);
	}
}

/* The whole file; NULL, and why. */
static char *read_text(const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st)) {
		group_say(why, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		group_say(why, "%s: not a regular file", path);
	} else {
		text = xcalloc(1, FILE_MAX + 1);
		while (n > 0 && len <= FILE_MAX) {
			n = read(fd, text + len, FILE_MAX + 1 - len);
			len += n > 0 ? (size_t)n : 0;
		}
		if (n < 0)
			group_say(why, "%s: %s", path, strerror(errno));
		else if (len > FILE_MAX)
			group_say(why, "%s: over %d bytes", path, FILE_MAX);
		else if (memchr(text, 0, len))
			group_say(why, "%s: a NUL byte, this is no text", path);
		else
			n = -2;
	}
	if (fd >= 0)
		close(fd);
	if (n == -2)
		return text;
	free(text);
	return NULL;
}

/* A file's name without its .ini. */
static size_t name_len(const char *base)
{
	size_t len = strlen(base);

	return len > 4 && !strcmp(base + len - 4, ".ini") ? len - 4 : len;
}

/* What can be said only when all of it was read. */
static bool finish(struct ini *ini, const struct reader *rd)
{
	const struct group_metric *bad;
	char why[GROUP_WHY_MAX];
	struct group *g = rd->g;

	if (!g->pmus || !g->nmetrics)
		return ini_wrong(ini, "the group has no %s",
				 g->pmus ? "metric" : "pmu");
	if (group_finish(g, rd->m, &bad, why))
		return true;
	ini->line = bad->line;
	return ini_wrong(ini, "%s", why);
}

struct group *group_read(const char *path, const struct group_machine *m,
			 char why[GROUP_WHY_MAX])
{
	struct reader rd = { .m = m };
	struct ini ini = { .section = section, .entry = entry, .arg = &rd };
	const char *base = strrchr(path, '/');
	char *text = read_text(path, why);
	bool ok;

	if (!text)
		return NULL;
	rd.g = group_new();
	rd.g->path = xstrdup(path);
	base = base ? base + 1 : path;
	rd.g->name = xasprintf("%.*s", (int)name_len(base), base);
	ok = ini_parse(&ini, text) && finish(&ini, &rd);
	free(text);
	if (ok)
		return rd.g;
	group_say(why, "%s:%u: %s", path, ini.line, ini.why);
	group_free(rd.g);
	return NULL;
}
