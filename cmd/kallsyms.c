/* SPDX-License-Identifier: MIT
 *
 * kallsyms.c - the kernel's list of symbols, and its part that does not change:
 * the functions of the kernel itself are written to a file by the first who
 * reads them, and found in it by all that follow, until the next boot.
 */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "kallsyms.h"

#define KALLSYMS "/proc/kallsyms"

static bool parse(const char *line, size_t len, struct ksym *s)
{
	const char *at = line, *end = line + len, *tab;
	size_t n;

	s->line = line;
	s->len = len;
	s->addr = 0;
	for (; at < end && isxdigit((unsigned char)*at); at++) {
		unsigned c = (unsigned char)*at | 0x20;

		s->addr = s->addr << 4 | (c > '9' ? c - 'a' + 10 : c - '0');
	}
	if (end - at < 3 || at[0] != ' ' || at[2] != ' ')
		return false;
	s->type = at[1];
	at += 3;
	tab = memchr(at, '\t', (size_t)(end - at));
	n = (size_t)((tab ? tab : end) - at);
	if (n >= sizeof(s->name))
		return false;
	memcpy(s->name, at, n);
	s->name[n] = '\0';
	return true;
}

/* In pieces: all of it is some megabytes. */
bool kallsyms_each(const char *path,
		   bool (*call)(void *arg, const struct ksym *s), void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[65536], *line, *end;
	size_t have = 0;
	bool more = true;
	struct ksym s;
	ssize_t got;

	if (fd < 0)
		return false;
	while (more && (got = read(fd, buf + have, sizeof(buf) - have)) > 0) {
		have += (size_t)got;
		for (line = buf;
		     more &&
		     (end = memchr(line, '\n', have - (size_t)(line - buf)));
		     line = end + 1)
			if (parse(line, (size_t)(end - line), &s))
				more = call(arg, &s);
		have -= (size_t)(line - buf);
		if (have == sizeof(buf))
			have = 0; /* no such line is a symbol's */
		memmove(buf, line, have);
	}
	close(fd);
	return true;
}

/* The directory of what lasts as long as the machine is up; or NULL. */
static char *runtime_dir(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	/* Not another user's, as sudo may leave it. */
	if (dir && *dir == '/' && stat(dir, &st) == 0 && st.st_uid == geteuid())
		return xasprintf("%s/pfmon", dir);
	return geteuid() == 0 ? xstrdup("/run/pfmon") : NULL;
}

/* The first line of the file: what it is, of which boot, and how long. */
static char *head_for(size_t size)
{
	char boot[64];

	if (read_line_of("/proc/sys/kernel/random/boot_id", boot,
			 sizeof(boot)) < 0)
		return NULL;
	return xasprintf("pfmon kallsyms 1 %s %zu\n", boot, size);
}

/* Whoever can write it could name functions as they like. */
static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       !(st->st_mode & 077);
}

static bool set_borders(struct kcache *c)
{
	const char *last;
	struct ksym s;
	const char *end;

	if (c->size < 2 || c->text[c->size - 1] != '\n')
		return false;
	end = memchr(c->text, '\n', c->size);
	last = memrchr(c->text, '\n', c->size - 1);
	if (!last || !parse(c->text, (size_t)(end - c->text), &s))
		return false;
	c->stext = s.addr;
	if (!parse(last + 1, (size_t)(c->text + c->size - 1 - (last + 1)), &s))
		return false;
	c->etext = s.addr;
	return c->stext < c->etext;
}

/* The whole of it, as its head says, and of this boot. */
static bool use_map(struct kcache *c)
{
	const char *text = memchr(c->map, '\n', c->map_size);
	size_t len;
	char *head;
	bool same;

	if (!text++)
		return false;
	len = (size_t)(text - (const char *)c->map);
	head = head_for(c->map_size - len);
	same = head && strlen(head) == len && !memcmp(head, c->map, len);
	free(head);
	c->text = text;
	c->size = c->map_size - len;
	return same && set_borders(c);
}

static bool find_stext(void *arg, const struct ksym *s)
{
	uint64_t *addr = arg;

	if (strcmp(s->name, "_stext") != 0)
		return true;
	*addr = s->addr;
	return false;
}

/* Still to be seen by this user; it is near the begin of the list. */
static bool is_visible(const struct kcache *c)
{
	uint64_t addr = 0;

	return kallsyms_each(KALLSYMS, find_stext, &addr) && addr == c->stext;
}

static bool open_file(struct kcache *c, const char *dir)
{
	char *path = xasprintf("%s/kallsyms", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	free(path);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && is_ours(&st) && st.st_size > 0) {
		c->map_size = (size_t)st.st_size;
		c->map = mmap(NULL, c->map_size, PROT_READ, MAP_SHARED, fd, 0);
		if (c->map == MAP_FAILED)
			c->map = NULL;
	}
	close(fd);
	if (c->map && use_map(c) && is_visible(c))
		return true;
	kcache_close(c);
	return false;
}

/* What is collected while the list is read. */
struct build {
	char *text;
	size_t size, room;
	uint64_t last;
	bool begun, whole;
};

static bool add_line(void *arg, const struct ksym *s)
{
	struct build *b = arg;

	if (!ksym_is_text(s))
		return true;
	if (!strcmp(s->name, "_stext"))
		b->begun = true;
	if (s->addr < b->last || !s->addr)
		return !b->begun;
	if (!b->begun)
		return true;
	b->last = s->addr;
	if (b->room - b->size <= s->len) {
		b->room = b->room ? b->room * 2 : 1 << 20;
		b->text = xreallocarray(b->text, b->room, 1);
	}
	memcpy(b->text + b->size, s->line, s->len);
	b->text[b->size + s->len] = '\n';
	b->size += s->len + 1;
	b->whole = !strcmp(s->name, "_etext");
	return !b->whole;
}

static bool build(struct kcache *c)
{
	struct build b = { 0 };

	if (!kallsyms_each(KALLSYMS, add_line, &b) || !b.whole) {
		free(b.text);
		return false;
	}
	c->text = c->built = b.text;
	c->size = b.size;
	return set_borders(c);
}

/* It has no name before it is whole.  Without it the next one reads again. */
static void write_file(const struct kcache *c, const char *dir)
{
	char *path = xasprintf("%s/kallsyms", dir), *head = head_for(c->size);
	char from[32];
	int fd = -1;

	if (head && (mkdir(dir, 0700) == 0 || access(dir, W_OK) == 0))
		fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd >= 0) {
		snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
		if (write_all(fd, head, strlen(head)) == 0 &&
		    write_all(fd, c->text, c->size) == 0 &&
		    (unlink(path) == 0 || access(path, F_OK) < 0))
			(void)!linkat(AT_FDCWD, from, AT_FDCWD, path,
				      AT_SYMLINK_FOLLOW);
		close(fd);
	}
	free(head);
	free(path);
}

bool kcache_open(struct kcache *c)
{
	char *dir = runtime_dir();
	bool ok;

	*c = (struct kcache){ 0 };
	if (!dir)
		return false;
	ok = open_file(c, dir);
	if (!ok) {
		ok = build(c);
		if (ok)
			write_file(c, dir);
	}
	free(dir);
	return ok;
}

void kcache_close(struct kcache *c)
{
	if (c->map)
		munmap(c->map, c->map_size);
	free(c->built);
	*c = (struct kcache){ 0 };
}

/* Where the line begins that has the byte at offset. */
static size_t line_start(const struct kcache *c, size_t offset)
{
	const char *nl = memrchr(c->text, '\n', offset);

	return nl ? (size_t)(nl + 1 - c->text) : 0;
}

/* The line at offset, and where the next one is. */
static size_t line_at(const struct kcache *c, size_t offset, struct ksym *s)
{
	const char *line = c->text + offset;
	size_t len =
		(size_t)((const char *)memchr(line, '\n', c->size - offset) -
			 line);

	if (!parse(line, len, s))
		s->addr = 0;
	return offset + len + 1;
}

/* The first line behind addr; the end of the text: none is. */
static size_t first_behind(const struct kcache *c, uint64_t addr)
{
	size_t low = 0, high = c->size;
	struct ksym s;

	while (low < high) {
		size_t mid = line_start(c, low + (high - low) / 2);
		size_t next = line_at(c, mid, &s);

		if (s.addr <= addr)
			low = next;
		else
			high = mid;
	}
	return low;
}

void kcache_near(const struct kcache *c, uint64_t addr,
		 bool (*call)(void *arg, const struct ksym *s), void *arg)
{
	size_t behind = first_behind(c, addr), at;
	struct ksym s;
	uint64_t start;

	if (behind < c->size) {
		line_at(c, behind, &s);
		call(arg, &s);
	}
	if (behind == 0)
		return;
	at = line_start(c, behind - 1);
	line_at(c, at, &s);
	start = s.addr;
	while (s.addr == start) {
		call(arg, &s);
		if (at == 0)
			break;
		at = line_start(c, at - 1);
		line_at(c, at, &s);
	}
}
