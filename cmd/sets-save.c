/* SPDX-License-Identifier: MIT
 *
 * sets-save.c - a group file in the user's directory: whole or not at all, never
 * in place of another unless told to, and nothing of it is left if it is wrong.
 */
#include "config.h"

#include "sets.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A group file on its way to its place; all owned. */
struct draft {
	char *dir, *temp, *path;
	unsigned made; /* directories that were not there: dir, and above it */
};

static bool say(char why[GROUP_WHY_MAX], const char *what, const char *path)
{
	snprintf(why, GROUP_WHY_MAX, "%s %s: %s", what, path, strerror(errno));
	return false;
}

/* The directory and those above it. */
static bool make_dirs(struct draft *t, char *why)
{
	char *p, end;

	for (p = t->dir + 1;; p++) {
		end = *p;
		if (end && end != '/')
			continue;
		*p = '\0';
		if (mkdir(t->dir, 0777) == 0)
			t->made++;
		else if (errno != EEXIST)
			return say(why, "cannot make the directory", t->dir);
		*p = end;
		if (!end)
			return true;
	}
}

/* A name with a dot is passed over by whoever looks for groups. */
static bool write_temp(struct draft *t, const char *text, char *why)
{
	char *temp = xasprintf("%s/.XXXXXX.ini", t->dir);
	int fd = mkstemps(temp, 4), err;

	if (fd < 0) {
		free(temp);
		return say(why, "cannot make a file in", t->dir);
	}
	t->temp = temp;
	if (write_all(fd, text, strlen(text)) == 0 && fchmod(fd, 0644) == 0 &&
	    fsync(fd) == 0) {
		if (close(fd) == 0)
			return true;
	} else {
		err = errno;
		close(fd);
		errno = err;
	}
	return say(why, "cannot write a file in", t->dir);
}

/* As pfmon would find it. */
static bool read_back(const struct draft *t, char *why)
{
	struct group *g = group_read(t->temp, NULL, why);
	size_t len = strlen(t->temp);

	/* The file will be gone, its lines too: what was asked for is wrong. */
	if (!g && !strncmp(why, t->temp, len)) {
		len += strspn(why + len, ":0123456789 ");
		memmove(why, why + len, strlen(why + len) + 1);
	}
	group_free(g);
	return g != NULL;
}

/* In place of what is there only if forced. */
static bool put_in_place(const struct draft *t, bool force, char *why)
{
	int ret = force ? rename(t->temp, t->path) : link(t->temp, t->path);

	/* Not every file system has links. */
	if (ret < 0 && !force && errno != EEXIST) {
		ret = access(t->path, F_OK) < 0 ? rename(t->temp, t->path) : -1;
		errno = ret < 0 ? EEXIST : 0;
	} else if (ret == 0 && !force) {
		unlink(t->temp);
	}
	if (ret < 0 && errno == EEXIST) {
		snprintf(why, GROUP_WHY_MAX,
			 "%s is there already; --force replaces it", t->path);
		return false;
	}
	return ret == 0 || say(why, "cannot write", t->path);
}

/* As it was before. */
static void undo(struct draft *t)
{
	if (t->temp)
		unlink(t->temp);
	for (; t->made > 0; t->made--) {
		rmdir(t->dir);
		*strrchr(t->dir, '/') = '\0';
	}
}

void save_check_name(const char *name)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	     p++)
		;
	if (!*name || *p)
		die("'%s' is no name of a group: letters, digits, '_' and '-'",
		    name);
}

/* USER/PMU/NAME.ini, which must be a group; prints where it is. */
void save_group(const char *pmu, const char *name, const char *text, bool force)
{
	char *user = group_user_dir(), why[GROUP_WHY_MAX];
	struct draft t = { .made = 0 };

	if (!user)
		die("no place for groups: neither HOME nor XDG_CONFIG_HOME is "
		    "set");
	t.dir = xasprintf("%s/%s", user, pmu);
	t.path = xasprintf("%s/%s.ini", t.dir, name);
	if (!make_dirs(&t, why) || !write_temp(&t, text, why) ||
	    !read_back(&t, why) || !put_in_place(&t, force, why)) {
		undo(&t);
		die("%s", why);
	}
	print_out("%s\n", t.path);
	free(t.temp);
	free(t.path);
	free(t.dir);
	free(user);
}
