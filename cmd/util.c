/* SPDX-License-Identifier: MIT
 *
 * util.c - messages, memory and small files for the commands.  Memory that
 * cannot be had ends the program; the library never does that.
 */
#include "config.h"

#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define WIDTH_MIN 80
#define WIDTH_MAX 200

static int die_status = STATUS_PFMON;

void set_die_status(int status)
{
	die_status = status;
}

/* One write, so that lines of parallel writers do not mix. */
__attribute__((format(printf, 1, 0))) static void message(const char *fmt,
							  va_list ap)
{
	char buf[1024] = "pfmon: ";
	size_t room = sizeof(buf) - 8;
	int n;

	n = vsnprintf(buf + 7, room, fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= room)
		n = (int)room - 1;
	buf[7 + n] = '\n';
	write_all(STDERR_FILENO, buf, (size_t)n + 8);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	exit(die_status);
}

static void *checked(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

__attribute__((format(printf, 1, 0))) static char *xvasprintf(const char *fmt,
							      va_list ap)
{
	char *s;
	int n = vasprintf(&s, fmt, ap);

	return checked(n < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void strlist_add(struct strlist *list, const char *s)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = s;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

bool is_writable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
		errno = EBADF;
	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

int write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

void print_out(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	if (write_all(STDOUT_FILENO, s, strlen(s)) < 0)
		die("cannot write to standard output: %m");
	free(s);
}

int read_start_of(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return 0;
}

int read_line_of(const char *path, char *buf, size_t size)
{
	if (read_start_of(path, buf, size) < 0)
		return -1;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

unsigned text_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;
	unsigned long width = 0;

	if (ioctl(fd, TIOCGWINSZ, &ws) == 0)
		width = ws.ws_col;
	else if (columns)
		width = strtoul(columns, NULL, 10);
	if (width < WIDTH_MIN)
		return WIDTH_MIN;
	return width > WIDTH_MAX ? WIDTH_MAX : (unsigned)width;
}

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Two neighbours swapped count as one difference, not as two. */
unsigned word_distance(const char *a, const char *b)
{
	unsigned d[3][40]; /* rows of the table: i - 2, i - 1 and i */
	size_t na = strlen(a), nb = strlen(b), i, j;

	if (na > 38 || nb > 38)
		return 99;
	for (j = 0; j <= nb; j++)
		d[0][j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		unsigned *row = d[i % 3], *up = d[(i + 2) % 3];
		unsigned *up2 = d[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			row[j] = up[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = min_of(row[j], up[j] + 1);
			row[j] = min_of(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = min_of(row[j], up2[j - 2] + 1);
		}
	}
	return d[na % 3][nb];
}

/* Newton's: the C library's would map a library for this one call. */
double root(double x)
{
	double r = x > 1 ? x : 1, next;

	while (x > 0) {
		next = (r + x / r) / 2;
		if (next >= r)
			return r;
		r = next;
	}
	return 0;
}

/*
 * The end of the first event of a list: commas within {} and within PMU/.../
 * separate nothing, but a breakpoint's length follows a lone slash.
 */
static size_t event_length(const char *p)
{
	bool slashes = strncmp(p, "mem:", 4) != 0, inside = false;
	size_t i;

	for (i = 0; p[i]; i++) {
		if (p[i] == '/' && slashes)
			inside = !inside;
		if (!inside && strchr(",{}", p[i]))
			break;
	}
	return i;
}

bool event_list_each(const char *list,
		     void (*call)(void *arg, const char *text, unsigned brace),
		     void *arg)
{
	unsigned braces = 0;
	int depth = 0;
	const char *p;
	char *text;
	size_t len;

	for (p = list; *p; p += len) {
		len = event_length(p);
		if (len > 0) {
			text = xasprintf("%.*s", (int)len, p);
			call(arg, text, depth ? braces : 0);
			free(text);
			continue;
		}
		depth += (*p == '{') - (*p == '}');
		braces += *p == '{';
		if (depth < 0 || depth > 1)
			break;
		len = 1;
	}
	return depth == 0;
}
