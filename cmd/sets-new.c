/* SPDX-License-Identifier: MIT
 *
 * sets-new.c - pfmon sets new and import: a group file in the user's directory,
 * whole or not at all, and never in place of another unless told to.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "count.h"
#include "likwid.h"
#include "sets.h"

static const struct cmd_entry new_entry = {
	.name = "sets new",
	.summary = "save events and metrics as a group",
	.usage = "[OPTION]... NAME -e LIST --metric=...",
	.examples = "  pfmon sets new my -e cycles,instructions "
		    "--metric='cpi=cycles/instructions'\n",
	.usage_status = STATUS_USAGE,
};
static const struct cmd_entry import_entry = {
	.name = "sets import",
	.summary = "a group of LIKWID's as one of ours",
	.usage = "[OPTION]... FILE [NAME]",
	.examples = "  pfmon sets import TLB_DATA.txt   as tlb_data\n",
	.usage_status = STATUS_USAGE,
};

/* The directory and those above it. */
static void make_dirs(char *path)
{
	char *p;

	for (p = path + 1;; p++) {
		char end = *p;

		if (end && end != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			die("cannot make the directory %s: %m", path);
		*p = end;
		if (!end)
			return;
	}
}

/* In place of what is there only if forced; -1 with errno. */
static int put_in_place(const char *temp, const char *path, bool force)
{
	int ret = force ? rename(temp, path) : link(temp, path);

	if (!force && ret == 0)
		unlink(temp);
	return ret;
}

/* A name with a dot is passed over by whoever looks for groups. */
static char *write_temp(const char *dir, const char *text)
{
	char *temp = xasprintf("%s/.XXXXXX.ini", dir);
	int fd = mkstemps(temp, 4);

	if (fd < 0)
		die("cannot make a file in %s: %m", dir);
	if (write_all(fd, text, strlen(text)) < 0 || fchmod(fd, 0644) < 0 ||
	    fsync(fd) < 0 || close(fd) < 0) {
		int err = errno;

		unlink(temp);
		errno = err;
		die("cannot write a file in %s: %m", dir);
	}
	return temp;
}

static void check_name(const char *name)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	     p++)
		;
	if (!*name || *p)
		die("'%s' is no name of a group: letters, digits, '_' and '-'",
		    name);
}

/* USER/SUB/NAME.ini, which must be a group; prints where it is. */
static void save(const char *sub, const char *name, const char *text,
		 bool force)
{
	char *user = group_user_dir(), *dir, *temp, *path;
	char why[GROUP_WHY_MAX], *what;
	struct group *g;

	if (!user)
		die("no place for groups: neither HOME nor XDG_CONFIG_HOME is "
		    "set");
	check_name(name);
	dir = xasprintf("%s/%s", user, sub);
	path = xasprintf("%s/%s.ini", dir, name);
	make_dirs(dir);
	temp = write_temp(dir, text);
	g = group_read(temp, NULL, why);
	if (!g) {
		unlink(temp);
		/* The file is gone, its lines are nobody's. */
		what = strncmp(why, temp, strlen(temp)) ? why :
							  why + strlen(temp);
		die("%s", what + strspn(what, ":0123456789 "));
	}
	group_free(g);
	if (put_in_place(temp, path, force) < 0) {
		int err = errno;

		unlink(temp);
		errno = err;
		if (err == EEXIST)
			die("%s is there already; --force replaces it", path);
		die("cannot write %s: %m", path);
	}
	print_out("%s\n", path);
	free(temp);
	free(path);
	free(dir);
	free(user);
}

/* As a name in a file: letters, digits, '_' and '-'. */
static char *file_name(const char *label)
{
	char *name = xstrdup(label), *p;

	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			*p = '_';
	return name;
}

/* The canonical name, which no PMU is put before; levels only when asked. */
static char *file_event(const struct counter *c)
{
	char *text = xstrdup(c->ev.name);
	size_t len;

	while (!c->ev.plm_asked && (len = strlen(text)) > 2 &&
	       text[len - 2] == ':' && strchr("ukh", text[len - 1]))
		text[len - 2] = '\0';
	return text;
}

/* Of this CPU if an event is; else of any. */
static const char *pmu_of(const struct session *s)
{
	const char *model = pfm_pmu_model(-1);
	size_t len = model ? strlen(model) : 0;
	unsigned i;

	for (i = 0; i < s->nctrs && model; i++)
		if (!strncasecmp(s->ctrs[i].ev.name, model, len) ||
		    s->ctrs[i].ev.kind == PFM_EVENT_HW)
			return model;
	return "perf";
}

static void put_metric(FILE *f, const char *text)
{
	const char *eq = strchr(text, '='), *unit = strrchr(text, '[');
	size_t len = strlen(text);

	if (!eq || eq == text)
		die("--metric='%s': it is NAME=EXPRESSION[UNIT]", text);
	if (unit && (unit < eq || text[len - 1] != ']'))
		unit = NULL;
	fprintf(f, "\n[metric %.*s]\nexpr = %.*s\n", (int)(eq - text), text,
		(int)((unit ? unit : text + len) - eq - 1), eq + 1);
	if (unit)
		fprintf(f, "unit = %.*s\n", (int)(text + len - unit) - 2,
			unit + 1);
}

static char *group_text(const struct session *s, const char *name,
			const char *title)
{
	const struct strlist *metrics = &s->opt->metrics;
	char *text, *key, *event;
	size_t size, k;
	unsigned i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	fprintf(f,
		"# by pfmon sets new; see pfmon-groups(5)\n\n[group]\n"
		"title = %s\npmu = %s\nsource = pfmon sets new\n\n[events]\n",
		title ? title : name, pmu_of(s));
	for (i = 0; i < s->nctrs; i++) {
		key = file_name(s->ctrs[i].label);
		event = file_event(&s->ctrs[i]);
		fprintf(f, "%s = %s\n", key, event);
		free(key);
		free(event);
	}
	for (k = 0; k < metrics->n; k++)
		put_metric(f, metrics->v[k]);
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}

int sets_new(int argc, char **argv)
{
	struct count_opt o = { .repeat = 1 }, events;
	struct session s = { .opt = &events };
	const char *title = NULL;
	bool force = false;
	const struct opt opts[] = {
		{ OPT_LIST, 'e', "event|events", "LIST", "its events",
		  &o.events, 0, 0, NULL },
		{ OPT_LIST, 0, "metric", "N=EXPR[U]",
		  "a metric of them, as in pfmon count", &o.metrics, 0, 0,
		  NULL },
		{ OPT_STRING, 0, "title", "TEXT", "what it is about", &title, 0,
		  0, NULL },
		{ OPT_FLAG, 0, "force", NULL, "in place of one of that name",
		  &force, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	struct strlist names = { .n = 0 };
	char *text;

	set_die_status(STATUS_FAIL);
	operands_parse(&new_entry, opts, argc, argv, &names);
	if (names.n != 1 || !o.events.n || !o.metrics.n)
		usage_error(&new_entry, "it takes a name, -e and --metric");
	check_name(names.v[0]);
	events = o;
	events.metrics.n = 0;
	events_parse(&s);
	text = group_text(&(struct session){ .opt = &o,
					     .ctrs = s.ctrs,
					     .nctrs = s.nctrs },
			  names.v[0], title);
	save(pmu_of(&s), names.v[0], text, force);
	free(text);
	session_release(&s);
	free(o.events.v);
	free(o.metrics.v);
	free(names.v);
	return 0;
}

/* "/x/TLB_DATA.txt" as "tlb_data". */
static char *name_of(const char *file)
{
	const char *base = strrchr(file, '/');
	char *name = xstrdup(base ? base + 1 : file), *p;

	name[strcspn(name, ".")] = '\0';
	for (p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

static void import(const char *file, const char *name, const char *pmu,
		   bool force, bool show)
{
	FILE *in = fopen(file, "r"), *out, *notes;
	char *text, *remarks, *line, *rest;
	size_t size, nsize;
	int left;

	if (!in)
		die("%s: %m", file);
	out = open_memstream(&text, &size);
	notes = open_memstream(&remarks, &nsize);
	if (!out || !notes)
		die("out of memory");
	left = likwid_import(in, file, pmu, out, notes);
	fclose(in);
	if (fclose(out) != 0 || fclose(notes) != 0)
		die("out of memory");
	for (rest = remarks; (line = strsep(&rest, "\n")) != NULL && *line;)
		if (left >= 0 || (rest && *rest))
			warn("%s", line);
		else
			die("%s", line);
	if (show)
		print_out("%s", text);
	else
		save(pmu, name, text, force);
	free(remarks);
	free(text);
}

int sets_import(int argc, char **argv)
{
	const char *pmu = NULL;
	bool force = false, show = false;
	const struct opt opts[] = {
		{ OPT_STRING, 0, "pmu", "NAME", "for this PMU, not this CPU's",
		  &pmu, 0, 0, NULL },
		{ OPT_FLAG, 0, "show", NULL, "print it, save nothing", &show, 0,
		  0, NULL },
		{ OPT_FLAG, 0, "force", NULL, "in place of one of that name",
		  &force, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	struct strlist names = { .n = 0 };
	char *name;

	set_die_status(STATUS_FAIL);
	operands_parse(&import_entry, opts, argc, argv, &names);
	if (names.n < 1 || names.n > 2)
		usage_error(&import_entry, "it takes a file, and a name");
	if (pmu && setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	if (!pmu)
		pmu = pfm_pmu_model(-1);
	if (!pmu)
		die("this CPU's PMU is not known; name one by --pmu");
	name = names.n == 2 ? xstrdup(names.v[1]) : name_of(names.v[0]);
	import(names.v[0], name, pmu, force, show);
	free(name);
	free(names.v);
	return 0;
}
