/* SPDX-License-Identifier: MIT
 *
 * demangle.c - names as their authors wrote them.  The one file that knows
 * libiberty.  Names are files': a short one can stand for gigabytes, since a
 * part may be said again by its number.
 */
#include "config.h"

#include "sym.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* libiberty has one, too. */
#undef ARRAY_SIZE
#include "cmd.h"

/* A name longer than that is somebody's joke. */
#define NAME_MAX_BYTES 8192

struct text {
	jmp_buf full;
	size_t n;
	char buf[NAME_MAX_BYTES + sizeof("...")];
};

/*
 * The only way to end it early: the demanglers have all they need on the stack
 * (rust's but for a name in Punycode, which is lost then).
 */
static void add_text(const char *s, size_t len, void *arg)
{
	struct text *t = arg;
	size_t left = NAME_MAX_BYTES - t->n;

	memcpy(t->buf + t->n, s, len < left ? len : left);
	t->n += len < left ? len : left;
	if (len > left)
		longjmp(t->full, 1);
}

/* A name of C++ or Rust; the older mangling of Rust looks like one of C++. */
static bool demangle_to(struct text *t, const char *linkage)
{
	if ((!strncmp(linkage, "_R", 2) || !strncmp(linkage, "_ZN", 3)) &&
	    rust_demangle_callback(linkage, DMGL_AUTO, add_text, t))
		return true;
	t->n = 0;
	return (!strncmp(linkage, "_Z", 2) || !strncmp(linkage, "__Z", 3)) &&
	       cplus_demangle_v3_callback(linkage, DMGL_PARAMS | DMGL_ANSI,
					  add_text, t);
}

char *demangle(const char *linkage)
{
	struct text t;

	if (linkage[0] != '_' || strlen(linkage) > NAME_MAX_BYTES)
		return NULL;
	t.n = 0;
	if (setjmp(t.full))
		memcpy(t.buf + t.n, "...", sizeof("..."));
	else if (demangle_to(&t, linkage))
		t.buf[t.n] = '\0';
	else
		return NULL;
	return xstrdup(t.buf);
}
