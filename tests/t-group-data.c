/* SPDX-License-Identifier: MIT
 *
 * t-group-data.c - the metric groups of the source tree: that each file parses,
 * that its formulas have values and the right ones for the numbers worked out
 * by hand in group-values.tsv, and that libpfm4 encodes its events.
 */
#include "config.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <unistd.h>

#include "group.h"
#include "pfmcore.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static char *rows;            /* group-values.tsv; NULL: there is none */
static unsigned sysfs_events; /* of the file at hand */

/* One event on one PMU; what this machine cannot tell is skipped. */
static void check_event(const struct group *g, const struct group_event *ev,
			const char *pmu)
{
	struct pfm_event event;
	char text[512];

	group_event_on(ev, pmu, text, sizeof(text));
	if (strchr(text, '/')) {
		sysfs_events++;
	} else if (!pfm_event_parse(text, PFM_PLM_USER | PFM_PLM_KERNEL,
				    &event)) {
		ok(true, "%s: %s encodes", g->path, text);
		pfm_event_release(&event);
	} else if (errno == ENOTSUP) {
		skip("%s: %s: %s", g->path, text, pfm_reason());
	} else {
		ok(g->lacks && strstr(g->lacks, ev->string),
		   "%s: %s encodes, or the file says that it lacks: %s",
		   g->path, text, pfm_reason());
	}
}

/* Any number; no two events have the same. */
static const char *any(void *arg, unsigned id, double *value, double *error)
{
	(void)arg;
	*value = id < GROUP_CONSTS ? 2 : 1000 + 7 * id;
	*error = 1;
	return NULL;
}

/* "skl\tcore\tipc\t" at the start of a line; true where there is no file. */
static bool has_row(const struct group *g, const struct group_metric *mt)
{
	const char *end = strrchr(g->path, '/'), *sub = end;
	char start[512];

	while (sub > g->path && sub[-1] != '/')
		sub--;
	snprintf(start, sizeof(start), "\n%.*s\t%s\t%s\t", (int)(end - sub),
		 sub, g->name, mt->name);
	return !rows || strstr(rows, start);
}

static void check_group(const char *path)
{
	char why[GROUP_WHY_MAX] = "";
	struct group *g = group_read(path, NULL, why);
	struct expr_result r;

	if (!ok(g, "%s parses %s", path, why))
		return;
	sysfs_events = 0;
	ok(g->title && g->source, "%s has a title and a source", path);
	for (size_t i = 0; i < g->nmetrics; i++) {
		ok(has_row(g, &g->metrics[i]), "%s: %s has a row", path,
		   g->metrics[i].name);
		group_eval(&g->metrics[i], any, NULL, &r);
		ok(r.has && isfinite(r.value), "%s: %s has a value %s", path,
		   g->metrics[i].name, r.why);
	}
	for (size_t i = 0; i < g->nevents; i++)
		for (char **pmu = g->pmus; *pmu; pmu++)
			check_event(g, &g->events[i], *pmu);
	if (sysfs_events)
		skip("%s: %u events are of PMUs that only sysfs knows", path,
		     sysfs_events);
	group_free(g);
}

static void test_shipped(const char *src)
{
	glob_t files = { 0 };
	char pattern[512];

	snprintf(pattern, sizeof(pattern), "%s/groups/*/*.ini", src);
	if (glob(pattern, 0, NULL, &files))
		skip("no file is %s", pattern);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_group(files.gl_pathv[i]);
	globfree(&files);
}

/* "cyc=1000,time=2" of a row. */
struct row {
	const struct group *g;
	const char *values;
};

static const char *row_get(void *arg, unsigned id, double *value, double *error)
{
	static const char *const consts[GROUP_CONSTS] = {
		"time", "clock_hz", "tsc_hz", "cpus", "smt", "width",
	};
	const struct row *row = arg;
	const char *name = id < GROUP_CONSTS ?
				   consts[id] :
				   row->g->events[id - GROUP_EVENT0].name;
	size_t len = strlen(name);

	*error = 0;
	for (const char *p = row->values; *p; p += *p == ',') {
		if (!strncmp(p, name, len) && p[len] == '=') {
			*value = strtod(p + len + 1, NULL);
			return NULL;
		}
		p += strcspn(p, ",");
	}
	return "not in the row";
}

/* The rows of a top-down group for the same numbers, which follow each other. */
static struct {
	char key[1024];
	double sum;
} slots;

static void end_slots(void)
{
	if (!*slots.key)
		return;
	if (!ok(fabs(slots.sum - 1) < 1e-9, "its slots sum to 1: %s",
		slots.key))
		diag("%.17g", slots.sum);
	*slots.key = '\0';
}

static void add_slots(char *const *field, double value)
{
	char key[sizeof(slots.key)];

	snprintf(key, sizeof(key), "%s %s", field[0], field[3]);
	if (strcmp(key, slots.key) != 0) {
		end_slots();
		memcpy(slots.key, key, sizeof(key));
		slots.sum = 0;
	}
	slots.sum += value;
}

/* PMU GROUP METRIC VALUES EXPECTED, tabs between them. */
static void check_row(char *line, const char *src)
{
	char why[GROUP_WHY_MAX] = "", path[512], *field[5], *rest = line;
	struct expr_result r = { 0 };
	double want;
	struct row row;
	struct group *g;
	size_t i;

	for (i = 0; i < N(field) && rest; i++)
		field[i] = strsep(&rest, "\t");
	if (i < N(field) || rest) {
		ok(false, "a row has %zu fields: %s", N(field), line);
		return;
	}
	snprintf(path, sizeof(path), "%s/groups/%s/%s.ini", src, field[0],
		 field[1]);
	g = group_read(path, NULL, why);
	row = (struct row){ .g = g, .values = field[3] };
	for (i = 0; g && i < g->nmetrics; i++)
		if (!strcmp(g->metrics[i].name, field[2]))
			break;
	if (ok(g && i < g->nmetrics, "%s has %s %s", path, field[2], why)) {
		group_eval(&g->metrics[i], row_get, &row, &r);
		want = strtod(field[4], NULL);
		if (!ok(r.has && fabs(r.value - want) <= 1e-9 * fabs(want),
			"%s %s: %s of %s is %s", field[0], field[1], field[2],
			field[3], field[4]))
			diag("%.9g %s", r.value, r.why);
		if (!strcmp(field[1], "topdown"))
			add_slots(field, r.value);
	}
	group_free(g);
}

/* The group in the manual page, as a file. */
static void test_example(const char *src)
{
	char name[] = "/tmp/t-group-data.XXXXXX", path[512], line[512];
	int fd = mkstemp(name), on = 0;
	FILE *page, *f = fd < 0 ? NULL : fdopen(fd, "w");

	snprintf(path, sizeof(path), "%s/man/pfmon-groups.5", src);
	page = fopen(path, "r");
	if (!ok(f && page, "the manual page can be read")) {
		if (f)
			fclose(f);
		if (page)
			fclose(page);
		return;
	}
	while (fgets(line, sizeof(line), page)) {
		if (!strcmp(line, ".Sh EXAMPLES\n"))
			on = 1;
		else if (on && *line == '.')
			on = !strncmp(line, ".Bd", 3) ? 2 : 0;
		else if (on == 2)
			fputs(line, f);
	}
	fclose(page);
	fclose(f);
	check_group(name);
	unlink(name);
}

static void read_rows(const char *src)
{
	char path[512];
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/group-values.tsv", src);
	f = fopen(path, "r");
	if (!f) {
		skip("%s: %s", path, strerror(errno));
		return;
	}
	if (getdelim(&rows, &size, '\0', f) < 0)
		exit(1);
	fclose(f);
}

static void test_rows(const char *src)
{
	char *rest = rows, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line && *line != '#')
			check_row(line, src);
	end_slots();
}

int main(void)
{
	const char *src = getenv("srcdir");

	/* libpfm4 then knows the PMUs of other machines. */
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	src = src ? src : ".";
	test_example(src);
	read_rows(src);
	test_shipped(src);
	test_rows(src);
	free(rows);
	return done_testing();
}
