/* SPDX-License-Identifier: MIT
 *
 * export-file.c - the file that an export goes to.  What is there is replaced
 * only by a whole one: the new one has no name before it is complete, where the
 * file system has such files, else a hidden one beside it.
 */
#include "config.h"

#include "export-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"

static _Noreturn void fail_open(const char *path)
{
	die("cannot write '%s': %m", path);
}

/* A device or a pipe is written as it is; a link stays one. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The mode of what is replaced, else that of any new file. */
static mode_t mode_for(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0)
		return st.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int open_temp(struct export_file *f)
{
	char *slash = strrchr(f->path, '/');
	int fd;

	f->dir =
		slash ? xasprintf("%.*s", (int)(slash - f->path + 1), f->path) :
			xstrdup("./");
	fd = open(f->dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	f->temp = xasprintf("%s.pfmon-XXXXXX", f->dir);
	fd = mkstemp(f->temp);
	if (fd < 0) {
		free(f->temp);
		f->temp = NULL;
	}
	return fd;
}

void export_file_open(struct export_file *f, const char *path)
{
	int fd;

	*f = (struct export_file){ .name = path };
	if (!path || !strcmp(path, "-")) {
		f->name = "standard output";
		f->out = stdout;
		return;
	}
	if (is_special(path)) {
		f->out = fopen(path, "we");
		if (!f->out)
			fail_open(path);
		return;
	}
	f->path = realpath(path, NULL);
	if (!f->path)
		f->path = xstrdup(path);
	if (access(f->path, F_OK) == 0 && access(f->path, W_OK) < 0)
		fail_open(path);
	fd = open_temp(f);
	if (fd < 0)
		fail_open(path);
	f->out = fdopen(fd, "w");
	if (!f->out)
		die("out of memory");
}

/* A name for what has none, for rename(2) to take; linkat(2) replaces nothing. */
static int name_temp(struct export_file *f)
{
	char *from = xasprintf("/proc/self/fd/%d", fileno(f->out));
	int ret, tries;

	for (tries = 0; tries < 100; tries++) {
		f->temp = xasprintf("%s.pfmon-%d-%d", f->dir, (int)getpid(),
				    tries);
		ret = linkat(AT_FDCWD, from, AT_FDCWD, f->temp,
			     AT_SYMLINK_FOLLOW);
		if (ret == 0 || errno != EEXIST)
			break;
		free(f->temp);
		f->temp = NULL;
	}
	if (ret < 0) {
		free(f->temp);
		f->temp = NULL;
	}
	free(from);
	return ret;
}

static int put_in_place(struct export_file *f)
{
	if (fchmod(fileno(f->out), mode_for(f->path)) < 0 ||
	    fsync(fileno(f->out)) < 0)
		return -1;
	if (!f->temp && name_temp(f) < 0)
		return -1;
	return rename(f->temp, f->path);
}

void export_file_close(struct export_file *f)
{
	bool bad = fflush(f->out) != 0 || ferror(f->out);
	int err = errno;

	if (!bad && f->path) {
		bad = put_in_place(f) < 0;
		err = errno;
	}
	if (bad && f->temp)
		unlink(f->temp);
	if (f->out != stdout && fclose(f->out) != 0 && !bad && !f->path) {
		bad = true;
		err = errno;
	}
	free(f->temp);
	free(f->dir);
	free(f->path);
	errno = err;
	if (bad)
		die("cannot write %s: %m", f->name);
}
