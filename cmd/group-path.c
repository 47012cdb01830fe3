/* SPDX-License-Identifier: MIT
 *
 * group-path.c - where group files are, which of them are for a machine, and
 * what their metrics come to.  A user's files are found before the installed.
 */
#include "config.h"

#include "group.h"

#include "cmd.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIRS_MAX 4096 /* entries of one directory that are looked at */

const char *group_pmu(const struct group *g, const struct group_machine *m)
{
	if (!g->pmus)
		return "perf";
	if (!m || !m->pmus)
		return g->pmus[0];
	for (size_t i = 0; g->pmus[i]; i++) {
		if (!strcasecmp(g->pmus[i], "perf"))
			return g->pmus[i];
		for (size_t j = 0; m->pmus[j]; j++)
			if (!strcasecmp(g->pmus[i], m->pmus[j]))
				return g->pmus[i];
	}
	return NULL;
}

void group_event_on(const struct group_event *ev, const char *pmu, char *buf,
		    size_t size)
{
	const char *s = ev->string;
	size_t digits = strspn(s + 1, "0123456789abcdefABCDEF");
	bool raw = (*s == 'r' || *s == 'R') && digits &&
		   (!s[1 + digits] || strchr(":.", s[1 + digits]));

	if (raw || strchr(s, '/') || strstr(s, "::") ||
	    !strcasecmp(pmu, "perf"))
		snprintf(buf, size, "%s", s);
	else
		snprintf(buf, size, "%s::%s", pmu, s);
}

bool group_event_elsewhere(const char *event, int err)
{
	return strchr(event, '/') && (err == ENODEV || err == ENOENT);
}

void group_eval(const struct group_metric *mt, expr_get *get, void *arg,
		struct expr_result *out)
{
	expr_eval(mt->expr, get, arg, out);
	out->value /= mt->scale;
	out->error /= mt->scale;
}

static bool beyond(const struct group_limit *limit, double value)
{
	return value < limit->below || value > limit->above;
}

enum group_verdict group_verdict(const struct group_metric *mt, double value)
{
	if (beyond(&mt->bad, value))
		return GROUP_BAD;
	return beyond(&mt->good, value) ? GROUP_GOOD : GROUP_NEITHER;
}

/* Letters, digits, '_', '-' and '.', the last not first. */
static bool is_plain(const char *name)
{
	if (*name == '.')
		return false;
	while (isalnum((unsigned char)*name) || (*name && strchr("_-.", *name)))
		name++;
	return !*name;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a directory that end so, sorted; none when it is not there. */
static void read_names(const char *path, const char *end, struct strlist *names)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	size_t len, n = strlen(end);

	while (dir && names->n < DIRS_MAX && (d = readdir(dir)) != NULL) {
		len = strlen(d->d_name);
		if (is_plain(d->d_name) && len > n &&
		    !strcmp(d->d_name + len - n, end))
			strlist_add(names, xstrdup(d->d_name));
	}
	if (dir)
		closedir(dir);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_text);
}

static void free_names(struct strlist *names)
{
	for (size_t i = 0; i < names->n; i++)
		free((char *)names->v[i]);
	free(names->v);
}

/* Is one of that name for that PMU on the list? */
static bool listed(const struct group_list *list, const struct group_machine *m,
		   const char *name, const char *pmu)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i]->name, name) &&
		    !strcasecmp(group_pmu(list->v[i], m), pmu))
			return true;
	return false;
}

static void load_file(struct group_list *list, const struct group_machine *m,
		      const char *path)
{
	char why[GROUP_WHY_MAX];
	struct group *g = group_read(path, m, why);
	const char *pmu;

	if (!g) {
		list->bad = xreallocarray(list->bad, list->nbad + 1,
					  sizeof(*list->bad));
		list->bad[list->nbad++] = xstrdup(why);
		return;
	}
	pmu = group_pmu(g, m);
	if (!pmu || (m && m->pmus && listed(list, m, g->name, pmu))) {
		group_free(g);
		return;
	}
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = g;
}

/* dir/SUB/NAME.ini for every SUB. */
static void load_dir(struct group_list *list, const struct group_machine *m,
		     const char *name, const char *dir)
{
	struct strlist subs = { .n = 0 }, files;
	char *end = xasprintf("%s.ini", name ? name : ""), *sub, *path;

	read_names(dir, "", &subs);
	for (size_t i = 0; i < subs.n; i++) {
		sub = xasprintf("%s/%s", dir, subs.v[i]);
		files = (struct strlist){ .n = 0 };
		read_names(sub, ".ini", &files);
		for (size_t j = 0; j < files.n; j++) {
			if (name && strcmp(files.v[j], end) != 0)
				continue;
			path = xasprintf("%s/%s", sub, files.v[j]);
			load_file(list, m, path);
			free(path);
		}
		free_names(&files);
		free(sub);
	}
	free_names(&subs);
	free(end);
}

char *group_user_dir(void)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME");
	const char *home = secure_getenv("HOME");

	/* The XDG base directory specification ignores a relative path. */
	if (config && *config == '/')
		return xasprintf("%s/pfmon/groups", config);
	if (home && *home == '/')
		return xasprintf("%s/.config/pfmon/groups", home);
	return NULL;
}

void group_list_load(struct group_list *list, const struct group_machine *m,
		     const char *name)
{
	const char *path = secure_getenv("PFM_GROUP_PATH");
	char *user = group_user_dir(), *dirs, *rest, *dir;

	*list = (struct group_list){ .n = 0 };
	rest = dirs = xstrdup(path ? path : "");
	while ((dir = strsep(&rest, ":")) != NULL)
		if (*dir)
			load_dir(list, m, name, dir);
	if (user)
		load_dir(list, m, name, user);
	load_dir(list, m, name, PKGDATADIR "/groups");
	free(user);
	free(dirs);
}

void group_list_free(struct group_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		group_free(list->v[i]);
	for (size_t i = 0; i < list->nbad; i++)
		free(list->bad[i]);
	free(list->v);
	free(list->bad);
	*list = (struct group_list){ .n = 0 };
}

static char *list_names(const struct group_list *list)
{
	char *text = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (i && !strcmp(list->v[i]->name, list->v[i - 1]->name))
			continue;
		more = xasprintf("%s%s%s", text, *text ? " " : "",
				 list->v[i]->name);
		free(text);
		text = more;
	}
	return text;
}

char *group_missing(const struct group_list *list,
		    const struct group_machine *m, const char *name)
{
	struct group_list all;
	char *names, *why;

	if (list->nbad)
		return xasprintf("group %s: %s", name, list->bad[0]);
	group_list_load(&all, m, NULL);
	names = list_names(&all);
	why = *names ? xasprintf("there is no group '%s' for this CPU; there "
				 "are: %s",
				 name, names) :
		       xasprintf("there is no group '%s': no groups are "
				 "installed, and PFM_GROUP_PATH names none",
				 name);
	free(names);
	group_list_free(&all);
	return why;
}
