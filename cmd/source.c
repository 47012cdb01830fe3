/* SPDX-License-Identifier: MIT
 *
 * source.c - the text of source files, as far as they are on this machine.  A
 * profile may come from anybody, so what it names is opened only if it is a
 * regular file of a sane size, and never waits.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "annotate-priv.h"

#define SOURCE_MAX (16u << 20) /* bytes of one file */

struct source_file {
	char *text;      /* owned */
	uint32_t *lines; /* owned; where each begins, and the end of the last */
	uint32_t nlines;
	bool newer;
};

struct source {
	const struct profile *p; /* borrowed */
	const char *symfs;       /* borrowed, or NULL */
	const struct strlist *maps;
	struct source_file **files; /* owned; of each string, once tried */
	bool *tried;
};

struct source *source_new(const struct profile *p, const char *symfs,
			  const struct strlist *maps)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->p = p;
	s->symfs = symfs;
	s->maps = maps;
	s->files = xcalloc(p->nstrings, sizeof(*s->files));
	s->tried = xcalloc(p->nstrings, sizeof(*s->tried));
	return s;
}

/* Where a file is here: "OLD=NEW" for what is in the directory OLD. */
static char *path_here(const struct source *s, const char *path)
{
	const char *map, *eq, *prefix = s->symfs ? s->symfs : "";
	size_t i, len;

	for (i = 0; i < s->maps->n; i++) {
		map = s->maps->v[i];
		eq = strchr(map, '=');
		len = (size_t)(eq - map);
		if (!strncmp(map, path, len) &&
		    (!path[len] || path[len] == '/' || map[len - 1] == '/'))
			return xasprintf("%s%s", eq + 1, path + len);
	}
	return xasprintf("%s%s%s", prefix, *prefix && *path != '/' ? "/" : "",
			 path);
}

static char *read_whole(int fd, size_t size)
{
	char *text = xcalloc(size + 1, 1);
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, text + done, size - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == size)
		return text;
	free(text);
	return NULL;
}

static void find_lines(struct source_file *f, uint32_t size)
{
	uint32_t i, n = 1;

	for (i = 0; i < size; i++)
		n += f->text[i] == '\n';
	f->lines = xreallocarray(NULL, (size_t)n + 1, sizeof(*f->lines));
	f->lines[0] = 0;
	for (i = 0; i < size; i++)
		if (f->text[i] == '\n')
			f->lines[++f->nlines] = i + 1;
	/* The last line of some files has no end. */
	if (f->lines[f->nlines] < size)
		f->lines[++f->nlines] = size + 1;
}

static struct source_file *read_file(const struct source *s, const char *path)
{
	struct source_file *f = NULL;
	struct stat st;
	char *text;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SOURCE_MAX || st.st_size < 0)
		goto out;
	text = read_whole(fd, (size_t)st.st_size);
	if (!text)
		goto out;
	f = xcalloc(1, sizeof(*f));
	f->text = text;
	f->newer = s->p->totals.start_ns &&
		   (uint64_t)st.st_mtime > s->p->totals.start_ns / NS_PER_S;
	find_lines(f, (uint32_t)st.st_size);
out:
	close(fd);
	return f;
}

static const struct source_file *file_of(struct source *s, uint32_t file)
{
	char *path;

	if (!s->tried[file] && *s->p->strings[file]) {
		path = path_here(s, s->p->strings[file]);
		s->files[file] = read_file(s, path);
		free(path);
	}
	s->tried[file] = true;
	return s->files[file];
}

const char *source_line(struct source *s, uint32_t file, uint32_t line,
			size_t *len)
{
	const struct source_file *f = file_of(s, file);

	if (!f || !line || line > f->nlines)
		return NULL;
	*len = f->lines[line] - f->lines[line - 1] - 1;
	return f->text + f->lines[line - 1];
}

bool source_newer(struct source *s, uint32_t file)
{
	const struct source_file *f = file_of(s, file);

	return f && f->newer;
}

void source_free(struct source *s)
{
	uint32_t i;

	if (!s)
		return;
	for (i = 0; i < s->p->nstrings; i++) {
		if (!s->files[i])
			continue;
		free(s->files[i]->text);
		free(s->files[i]->lines);
		free(s->files[i]);
	}
	free(s->files);
	free(s->tried);
	free(s);
}
