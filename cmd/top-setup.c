/* SPDX-License-Identifier: MIT
 *
 * top-setup.c - what a user of pfmon top has chosen for good: columns, order,
 * group.  The page of it, and its file, $XDG_CONFIG_HOME/pfmon/top.ini, which is
 * replaced as a whole.
 */
#include "config.h"

#include "top-screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "group.h" /* group_user_dir() */
#include "ini.h"

#define FILE_MAX (64 << 10) /* bytes; a longer one is not ours */

/* To be freed; NULL: there is no home. */
static char *setup_path(void)
{
	char *dir = group_user_dir(), *slash = dir ? strrchr(dir, '/') : NULL;
	char *path = NULL;

	if (slash) {
		*slash = '\0';
		path = xasprintf("%s/top.ini", dir);
	}
	free(dir);
	return path;
}

static void hide(struct view_setup *v, const char *id)
{
	v->hidden =
		xreallocarray(v->hidden, v->nhidden + 1, sizeof(*v->hidden));
	snprintf(v->hidden[v->nhidden++], SCREEN_NAME, "%s", id);
}

static void unhide(struct view_setup *v, const char *id)
{
	size_t i, n = 0;

	for (i = 0; i < v->nhidden; i++)
		if (strcmp(v->hidden[i], id) != 0)
			memmove(v->hidden[n++], v->hidden[i], SCREEN_NAME);
	v->nhidden = n;
}

/* What is switched on and off, in the file and on the page. */
struct flag {
	const char *key, *what;
	size_t offset; /* in struct setup */
};
static const struct flag flags[] = {
	{ "threads", "a row for each thread", offsetof(struct setup, threads) },
	{ "tree", "processes as a tree", offsetof(struct setup, tree) },
	{ "idle", "idle ones, too", offsetof(struct setup, idle) },
	{ "name", "names in place of command lines",
	  offsetof(struct setup, name) },
};

static bool *flag_of(struct setup *s, size_t i)
{
	return (bool *)((char *)s + flags[i].offset);
}

struct reading {
	struct setup *s;
	unsigned view; /* of the section; TOP_VIEWS: that of all */
};

static bool read_section(struct ini *ini, const char *name)
{
	struct reading *r = ini->arg;

	for (r->view = 0; r->view < TOP_VIEWS; r->view++)
		if (!strcmp(name, top_views[r->view]))
			return true;
	if (!strcmp(name, "top"))
		return true;
	return ini_wrong(ini, "there is no view '%s'", name);
}

static bool yes(struct ini *ini, const char *value, bool *flag)
{
	*flag = !strcmp(value, "yes");
	return *flag || !strcmp(value, "no") ||
	       ini_wrong(ini, "'%s' is neither yes nor no", value);
}

static void read_hidden(struct view_setup *v, const char *value)
{
	char id[SCREEN_NAME];
	size_t n;

	v->nhidden = 0;
	for (value += strspn(value, " "); *value;
	     value += n, value += strspn(value, " ")) {
		n = strcspn(value, " ");
		if (n < sizeof(id) && v->nhidden < FIT_COLUMNS) {
			snprintf(id, sizeof(id), "%.*s", (int)n, value);
			hide(v, id);
		}
	}
}

static bool read_entry(struct ini *ini, const char *key, const char *value)
{
	struct reading *r = ini->arg;
	struct view_setup *v;
	size_t i;

	if (r->view == TOP_VIEWS) {
		for (i = 0; i < ARRAY_SIZE(flags); i++)
			if (!strcmp(key, flags[i].key))
				return yes(ini, value, flag_of(r->s, i));
		if (strcmp(key, "group") != 0)
			return ini_wrong(ini, "there is no '%s' here", key);
		free(r->s->group);
		r->s->group = xstrdup(value);
		return true;
	}
	v = &r->s->views[r->view];
	if (!strcmp(key, "sort"))
		snprintf(v->sort, sizeof(v->sort), "%s", value);
	else if (!strcmp(key, "hidden"))
		read_hidden(v, value);
	else if (!strcmp(key, "invert"))
		return yes(ini, value, &v->invert);
	else
		return ini_wrong(ini, "there is no '%s' here", key);
	return true;
}

/* A column of the file may be one that is not counted this time. */
static void drop_unknown_sorts(struct ui *ui)
{
	unsigned view, n, i;

	for (view = 0; view < TOP_VIEWS; view++) {
		const struct top_column *cols = ui_columns(ui, view, &n);
		char *sort = ui->setup.views[view].sort;

		for (i = 0; i < n && strcmp(cols[i].id, sort) != 0; i++)
			;
		if (i == n)
			*sort = '\0';
	}
}

void setup_load(struct ui *ui)
{
	const struct top_opt *opt = ui->opt;
	struct reading r = { .s = &ui->setup, .view = TOP_VIEWS };
	struct ini ini = { .section = read_section,
			   .entry = read_entry,
			   .arg = &r };
	char *path = setup_path(), *buf = xcalloc(1, FILE_MAX), *why = NULL;

	if (path && read_start_of(path, buf, FILE_MAX) >= 0 &&
	    !ini_parse(&ini, buf))
		ui_refuse(ui, "%s: line %u of %s", ini.why, ini.line, path);
	free(buf);
	free(path);
	/* What was asked for now comes first. */
	if (ui->setup.group && !opt->replay && opt->events.n == 0 &&
	    opt->groups.n == 0 && opt->metrics.n == 0 &&
	    top_set_group(ui->t, ui->setup.group, &why) < 0)
		ui_refuse(ui, "group %s: %s", ui->setup.group, why);
	free(why);
	drop_unknown_sorts(ui);
}

static void print_setup(FILE *f, struct setup *s)
{
	size_t i;

	fprintf(f, "# Written by the setup page of pfmon top.\n[top]\n");
	if (s->group)
		fprintf(f, "group = %s\n", s->group);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		fprintf(f, "%s = %s\n", flags[i].key,
			*flag_of(s, i) ? "yes" : "no");
	for (unsigned view = 0; view < TOP_VIEWS; view++) {
		const struct view_setup *v = &s->views[view];

		if (!*v->sort && !v->invert && v->nhidden == 0)
			continue;
		fprintf(f, "\n[%s]\n", top_views[view]);
		if (*v->sort)
			fprintf(f, "sort = %s\n", v->sort);
		if (v->invert)
			fprintf(f, "invert = yes\n");
		for (i = 0; i < v->nhidden; i++)
			fprintf(f, "%s%s", i ? " " : "hidden = ", v->hidden[i]);
		if (v->nhidden)
			fputc('\n', f);
	}
}

static bool make_dirs(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		bool made;

		*p = '\0';
		made = mkdir(path, 0777) == 0 || errno == EEXIST;
		*p = '/';
		if (!made)
			return false;
	}
	return true;
}

static void setup_save(struct ui *ui)
{
	char *path = setup_path(), *temp;
	FILE *f;
	int err = 0;

	if (!path) {
		ui_refuse(ui, "the setup is not saved: HOME is not set");
		return;
	}
	temp = xasprintf("%s.%d", path, (int)getpid());
	f = make_dirs(temp) ? fopen(temp, "we") : NULL;
	if (!f) {
		err = errno;
	} else {
		print_setup(f, &ui->setup);
		err = ferror(f) ? EIO : 0;
		if (fclose(f) != 0 || (!err && rename(temp, path) < 0))
			err = errno;
		if (err)
			unlink(temp);
	}
	if (err)
		ui_refuse(ui, "the setup is not saved in %s: %s", path,
			  strerror(err));
	else
		ui_say(ui, "saved in %s", path);
	free(temp);
	free(path);
}

/* The page: columns of the table, then groups, then flags. */
static char *line_of(struct ui *ui, size_t i)
{
	unsigned n;
	const struct top_column *cols = ui_columns(ui, ui->here.view, &n);
	struct setup *s = &ui->setup;

	if (i < n)
		return xasprintf("[%c] column %-10s %s",
				 ui_hidden(ui, ui->here.view, cols[i].id) ?
					 ' ' :
					 'x',
				 cols[i].title,
				 cols[i].desc ? cols[i].desc : "");
	i -= n;
	if (i == 0)
		return xasprintf("(%c) no group", s->group ? ' ' : 'x');
	if (i <= s->ngroups)
		return xasprintf("(%c) group %s",
				 s->group && !strcmp(s->group,
						     s->groups[i - 1]) ?
					 'x' :
					 ' ',
				 s->groups[i - 1]);
	i -= s->ngroups + 1;
	return xasprintf("[%c] %s", *flag_of(s, i) ? 'x' : ' ', flags[i].what);
}

static void pick_column(struct ui *ui, unsigned i)
{
	unsigned n;
	const struct top_column *cols = ui_columns(ui, ui->here.view, &n);
	struct view_setup *v = &ui->setup.views[ui->here.view];

	if (i == 0 || i + 1 == n)
		ui_refuse(ui, "this column is always shown");
	else if (ui_hidden(ui, ui->here.view, cols[i].id))
		unhide(v, cols[i].id);
	else
		hide(v, cols[i].id);
}

static void pick_group(struct ui *ui, size_t i)
{
	struct setup *s = &ui->setup;
	char *why = NULL;

	if (i > 0 && top_set_group(ui->t, s->groups[i - 1], &why) < 0) {
		ui_refuse(ui, "%s", why);
		free(why);
		return;
	}
	free(s->group);
	s->group = i > 0 ? xstrdup(s->groups[i - 1]) : NULL;
}

static void pick_setup(struct ui *ui, size_t i)
{
	unsigned n;
	size_t j;

	ui_columns(ui, ui->here.view, &n);
	if (i < n) {
		pick_column(ui, (unsigned)i);
	} else if (i - n <= ui->setup.ngroups) {
		pick_group(ui, i - n);
	} else {
		bool *flag = flag_of(&ui->setup, i - n - ui->setup.ngroups - 1);

		*flag = !*flag;
		if (flag == &ui->setup.threads)
			top_set_threads(ui->t, *flag);
	}
	ui_new_table(ui);
	/* Another group has other columns: the page is made anew. */
	for (j = 0; j < ui->page.n; j++)
		free(ui->page.lines[j]);
	ui_columns(ui, ui->here.view, &n);
	ui->page.n = 0;
	for (j = 0; j < n + 1 + ui->setup.ngroups + ARRAY_SIZE(flags); j++)
		page_add(ui, line_of(ui, j));
	if (ui->page.at >= ui->page.n)
		ui->page.at = ui->page.n - 1;
}

void act_setup(struct ui *ui, unsigned code)
{
	unsigned n;
	size_t i;

	(void)code;
	ui->setup.groups = top_group_names(ui->t, &ui->setup.ngroups);
	page_open(ui, xstrdup("Setup; Space switches, Esc saves"));
	ui_columns(ui, ui->here.view, &n);
	for (i = 0; i < n + 1 + ui->setup.ngroups + ARRAY_SIZE(flags); i++)
		page_add(ui, line_of(ui, i));
	ui->page.pick = pick_setup;
	ui->page.stays = true;
	ui->page.close = setup_save;
}

void setup_release(struct setup *s)
{
	for (unsigned i = 0; i < TOP_VIEWS; i++)
		free(s->views[i].hidden);
	free(s->group);
}
