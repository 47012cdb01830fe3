/* SPDX-License-Identifier: MIT
 *
 * sym-find.c - where the debug file of an ELF file is: by its build-id, by the
 * link in it, or from a server.  A file of another build-id is never taken.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <elfutils/libdwelf.h>

#include "cmd.h"
#include "sym-elf.h"

#define DEBUG_DIR "/usr/lib/debug"

static uint32_t crc_of(int fd)
{
	unsigned char buf[65536];
	uLong crc = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		crc = crc32(crc, buf, (uInt)n);
		at += n;
	}
	return (uint32_t)crc;
}

static bool same_id(Elf *elf, const char *want)
{
	char id[130];

	return !strcmp(elf_build_id_of(elf, id, sizeof(id)), want);
}

/* What a file must be like to be taken. */
struct wanted {
	const char *id;   /* build-id, or "" */
	const char *link; /* name of the debuglink, or NULL */
	uint32_t crc;
};

static bool is_wanted(int fd, const struct wanted *w)
{
	struct sym_image im = { 0 };
	struct stat st;
	bool good;

	/* Names come from the file: they may lead to a device without end. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (!*w->id)
		return crc_of(fd) == w->crc;
	good = image_open(&im, fd) && same_id(im.elf, w->id);
	image_close(&im);
	return good;
}

static int try_file(const char *path, const struct wanted *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || is_wanted(fd, w))
		return fd;
	close(fd);
	return -1;
}

static int try_path(struct sym_elf *e, const struct sym_object *o, char *path,
		    const struct wanted *w)
{
	char *rooted;
	int fd = -1;

	if (e->root && !o->opt.symfs) {
		rooted = xasprintf("%s%s", e->root, path);
		fd = try_file(rooted, w);
		free(rooted);
	}
	if (fd < 0) {
		rooted = xasprintf("%s%s", o->opt.symfs ? o->opt.symfs : "",
				   path);
		fd = try_file(rooted, w);
		free(rooted);
	}
	free(path);
	return fd;
}

static int by_id(struct sym_object *o, const char *dir, const struct wanted *w)
{
	if (strlen(w->id) < 4)
		return -1;
	return try_path(o->priv, o,
			xasprintf("%s/.build-id/%.2s/%s.debug", dir, w->id,
				  w->id + 2),
			w);
}

static int by_link(struct sym_object *o, const char *debug,
		   const struct wanted *w)
{
	struct sym_elf *e = o->priv;
	const char *slash = strrchr(e->path, '/');
	char *dir;
	int fd;

	if (!w->link || !slash)
		return -1;
	dir = xasprintf("%.*s", (int)(slash - e->path), e->path);
	fd = try_path(e, o, xasprintf("%s/%s", dir, w->link), w);
	if (fd < 0)
		fd = try_path(e, o, xasprintf("%s/.debug/%s", dir, w->link), w);
	if (fd < 0)
		fd = try_path(e, o, xasprintf("%s%s/%s", debug, dir, w->link),
			      w);
	free(dir);
	return fd;
}

/* The code of two files is the same, byte by byte. */
static bool same_code(const struct sym_image *a, const struct sym_image *b)
{
	size_t n = 0, m = 0, i;
	bool any = false;

	if (elf_getphdrnum(a->elf, &n) < 0 || elf_getphdrnum(b->elf, &m) < 0 ||
	    n != m)
		return false;
	for (i = 0; i < n; i++) {
		GElf_Phdr x, y;

		if (!gelf_getphdr(a->elf, (int)i, &x) ||
		    !gelf_getphdr(b->elf, (int)i, &y))
			return false;
		if (x.p_type != PT_LOAD || !(x.p_flags & PF_X))
			continue;
		if (x.p_vaddr != y.p_vaddr || x.p_filesz != y.p_filesz ||
		    x.p_offset > a->size || x.p_filesz > a->size - x.p_offset ||
		    y.p_offset > b->size || y.p_filesz > b->size - y.p_offset ||
		    memcmp(a->data + x.p_offset, b->data + y.p_offset,
			   (size_t)x.p_filesz) != 0)
			return false;
		any = true;
	}
	return any;
}

/* The same program below --symfs, when it has more than the one that ran. */
static int by_symfs(struct sym_elf *e, const struct sym_object *o,
		    const struct wanted *w)
{
	char *path = xasprintf("%s%s", o->opt.symfs, e->path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct sym_image im = { 0 };
	bool good;

	free(path);
	if (fd < 0)
		return -1;
	good = image_open(&im, fd) && elf_has_symbols(im.elf) &&
	       (*w->id ? same_id(im.elf, w->id) : same_code(&e->file, &im));
	image_close(&im);
	if (good)
		return fd;
	close(fd);
	return -1;
}

/* For a file that was hardly hit nobody is asked. */
static int by_server(const struct sym_object *o, const struct wanted *w)
{
	const struct sym_elf *e = o->priv;
	int fd;

	if (!o->opt.server || o->light || !*w->id)
		return -1;
	fd = sym_server_debug(o->opt.server, w->id, e->path);
	if (fd < 0 || is_wanted(fd, w))
		return fd;
	close(fd);
	return -1;
}

/* The next one of "A:B", then the usual one, then NULL; to be freed. */
static char *next_dir(const char **list, bool *usual)
{
	const char *dir = *list;
	size_t len = dir ? strcspn(dir, ":") : 0;

	if (dir && *dir) {
		*list = dir + len + (dir[len] == ':');
		return xasprintf("%.*s", (int)len, dir);
	}
	if (*usual)
		return NULL;
	*usual = true;
	return xstrdup(DEBUG_DIR);
}

/* By its id, and by its link where it has one. */
static int find_below_dirs(struct sym_object *o, const struct wanted *w)
{
	const char *dirs = o->opt.debug_dirs;
	bool usual = false;
	char *dir;
	int fd = -1;

	while (fd < 0 && (dir = next_dir(&dirs, &usual))) {
		fd = by_id(o, dir, w);
		if (fd < 0)
			fd = by_link(o, dir, w);
		free(dir);
	}
	return fd;
}

int sym_find_debug(struct sym_object *o, struct sym_elf *e)
{
	struct wanted w = { .id = sym_build_id(o) };
	GElf_Word crc = 0;
	int fd = -1;

	w.link = dwelf_elf_gnu_debuglink(e->file.elf, &crc);
	w.crc = crc;
	if (o->opt.symfs)
		fd = by_symfs(e, o, &w);
	if (fd < 0)
		fd = find_below_dirs(o, &w);
	return fd < 0 ? by_server(o, &w) : fd;
}

/* By its id alone: a name is that of the machine where it was built. */
int sym_find_shared(struct sym_object *o, const char *id)
{
	struct wanted w = { .id = id };
	int fd = find_below_dirs(o, &w);

	return fd < 0 ? by_server(o, &w) : fd;
}
