/* SPDX-License-Identifier: MIT
 *
 * sym-jit.c - code that was made while running, by the map its runtime writes:
 * /tmp/perf-PID.map, lines of "START SIZE name" in hex.  Where lines overlap the
 * later one is the code that is there now.  Anything may stand in that file,
 * and anybody can put one there.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd.h"
#include "sym-priv.h"

#define MOST_BYTES (256u << 20)
#define MOST_NAME 4096
#define NOTHING SIZE_MAX

/* A line, in the order of the file until the spans are made. */
struct entry {
	uint64_t start, end;
	size_t line;
	char *name;  /* within the text */
	char *shown; /* demangled, once it was asked for; owned */
	bool asked;
};

/* From start to that of the next one: the entry, or NOTHING. */
struct span {
	uint64_t start;
	size_t entry;
};

struct jit {
	char *text;          /* owned */
	struct entry *entry; /* ascending; owned */
	size_t n, room;
	struct span *span; /* ascending; owned */
	size_t nspans;
};

static void jit_load(struct sym_object *o)
{
	(void)o;
}

static const struct span *find_span(const struct jit *j, uint64_t addr)
{
	size_t low = 0, high = j->nspans;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (j->span[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || j->span[low - 1].entry == NOTHING)
		return NULL;
	return &j->span[low - 1];
}

static unsigned jit_find(struct sym_object *o, uint64_t addr,
			 struct sym_loc *locs, unsigned max)
{
	struct jit *j = o->priv;
	const struct span *s = find_span(j, addr);
	struct entry *e;

	if (!s || max == 0)
		return 0;
	e = &j->entry[s->entry];
	if (!e->asked && !o->opt.no_demangle)
		e->shown = demangle(e->name);
	e->asked = true;
	locs[0] = (struct sym_loc){ .name = e->shown ? e->shown : e->name,
				    .linkage = e->name,
				    .start = e->start,
				    .size = e->end - e->start };
	return 1;
}

static void jit_close(struct sym_object *o)
{
	struct jit *j = o->priv;

	while (j->n > 0)
		free(j->entry[--j->n].shown);
	free(j->entry);
	free(j->span);
	free(j->text);
	free(j);
}

static const struct sym_kind kind_jit = {
	.load = jit_load,
	.find = jit_find,
	.close = jit_close,
};

/* A number in hex and the blank behind it, which is where *text goes. */
static bool parse_hex(char **text, uint64_t *value)
{
	char *end;

	if (!isxdigit((unsigned char)**text))
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 16);
	*text = end + 1;
	return *end == ' ' && !errno;
}

/* Names are shown on terminals: without what these would obey. */
static void clean_name(char *name)
{
	size_t n = strnlen(name, MOST_NAME), i;

	/* Not within a character of UTF-8. */
	while (name[n] && n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	name[n] = '\0';
	for (i = 0; i < n; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			name[i] = '?';
}

static bool parse_line(struct jit *j, char *line, size_t number)
{
	struct entry e = { .line = number };
	uint64_t size;

	if (!parse_hex(&line, &e.start) || !parse_hex(&line, &size) || !*line ||
	    size == 0 || e.start + size < e.start)
		return false;
	clean_name(line);
	e.end = e.start + size;
	e.name = line;
	if (j->n == j->room) {
		j->room = j->room ? j->room * 2 : 256;
		j->entry = xreallocarray(j->entry, j->room, sizeof(*j->entry));
	}
	j->entry[j->n++] = e;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Entries around a place, the one of the last line on top: a binary heap. */
struct heap {
	const struct entry *entry;
	size_t *v; /* owned */
	size_t n;
};

static bool above(const struct heap *h, size_t a, size_t b)
{
	return h->entry[h->v[a]].line > h->entry[h->v[b]].line;
}

static void swap(struct heap *h, size_t a, size_t b)
{
	size_t v = h->v[a];

	h->v[a] = h->v[b];
	h->v[b] = v;
}

static void push(struct heap *h, size_t entry)
{
	size_t at = h->n++;

	h->v[at] = entry;
	for (; at > 0 && above(h, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(h, at, (at - 1) / 2);
}

static void pop(struct heap *h)
{
	size_t at = 0, child;

	h->v[0] = h->v[--h->n];
	while ((child = 2 * at + 1) < h->n) {
		if (child + 1 < h->n && above(h, child + 1, child))
			child++;
		if (!above(h, child, at))
			break;
		swap(h, child, at);
		at = child;
	}
}

static void add_span(struct jit *j, uint64_t start, size_t entry)
{
	if (j->nspans && j->span[j->nspans - 1].entry == entry)
		return;
	j->span[j->nspans++] = (struct span){ start, entry };
}

/* From one start or end to the next: of those there the latest line has it. */
static void make_spans(struct jit *j)
{
	struct heap h = { 0 };
	uint64_t at = 0;
	size_t i = 0;

	qsort(j->entry, j->n, sizeof(*j->entry), by_start);
	j->span = xcalloc(2 * j->n + 1, sizeof(*j->span));
	h.entry = j->entry;
	h.v = xcalloc(j->n, sizeof(*h.v));
	while (i < j->n || h.n > 0) {
		if (h.n == 0)
			at = j->entry[i].start;
		while (i < j->n && j->entry[i].start <= at)
			push(&h, i++);
		while (h.n > 0 && j->entry[h.v[0]].end <= at)
			pop(&h);
		add_span(j, at, h.n > 0 ? h.v[0] : NOTHING);
		if (h.n == 0)
			continue;
		at = j->entry[h.v[0]].end;
		if (i < j->n && j->entry[i].start < at)
			at = j->entry[i].start;
	}
	free(h.v);
}

/* Only what its process, or root, or who profiles it has written. */
static const char *why_not(const struct sym_jit *from, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid() &&
	    st->st_uid != from->uid)
		return "is another user's";
	if (st->st_size > MOST_BYTES)
		return "is larger than 256 MB";
	return NULL;
}

/* Links of the process's tree lead to places in it, not in ours. */
int sym_open_tmp(const char *root)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	int top = open(root, (int)how.flags), fd;

	if (top < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, top, "/tmp", &how, sizeof(how));
	/* Before Linux 5.6. */
	if (fd < 0 && errno == ENOSYS)
		fd = openat(top, "tmp", (int)how.flags | O_NOFOLLOW);
	close(top);
	return fd;
}

static int open_map(struct sym_object *o, const char *path,
		    const struct sym_jit *from)
{
	const char *name = from->tmp < 0 ? path : path + strlen("/tmp/");
	int fd = openat(from->tmp, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const char *why;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		o->why = xasprintf("no %s: its runtime writes one when told "
				   "to, such as node --perf-basic-prof",
				   path);
	else if (fd < 0)
		o->why = xasprintf("%s: %s", path,
				   errno == ELOOP ? "a symbolic link" :
						    strerror(errno));
	if (fd < 0)
		return -1;
	why = fstat(fd, &st) < 0 ? "is gone" : why_not(from, &st);
	if (!why)
		return fd;
	o->why = xasprintf("%s %s", path, why);
	close(fd);
	return -1;
}

/* A line with a 0 byte in it ends there. */
static void read_map(struct sym_object *o, int fd)
{
	struct jit *j = o->priv;
	size_t n = 0, lines = 0, size;
	char *line, *end;
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) < 0 || st.st_size > MOST_BYTES)
		return;
	size = (size_t)st.st_size;
	j->text = xcalloc(size + 1, 1);
	while (n < size && (got = read(fd, j->text + n, size - n)) > 0)
		n += (size_t)got;
	for (line = j->text; line < j->text + n; line = end + 1) {
		end = memchr(line, '\n', (size_t)(j->text + n - line));
		if (!end)
			end = j->text + n;
		*end = '\0';
		parse_line(j, line, lines++);
	}
	if (j->n)
		make_spans(j);
	else
		o->why = xasprintf("none of the %zu lines of its perf-PID.map "
				   "can be read",
				   lines);
}

struct sym_object *sym_open_jit(const struct sym_jit *from,
				const struct sym_options *opt)
{
	struct sym_object *o = sym_new(&kind_jit, opt);
	char *path = xasprintf("/tmp/perf-%d.map", (int)from->pid);
	int fd;

	o->priv = xcalloc(1, sizeof(struct jit));
	fd = open_map(o, path, from);
	if (fd >= 0) {
		read_map(o, fd);
		close(fd);
	}
	free(path);
	return o;
}
