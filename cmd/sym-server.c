/* SPDX-License-Identifier: MIT
 *
 * sym-server.c - debug files from debuginfod servers, for who has configured
 * some in DEBUGINFOD_URLS.  libdebuginfod is opened when the first file is
 * wanted.  All questions of a recording together have the time that
 * DEBUGINFOD_TIMEOUT gives to one: its end must not hang on a server.
 */
#include "config.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "sym.h"

#define LIBRARY "libdebuginfod.so.1"
#define SECONDS 90 /* libdebuginfod's own, too */

typedef int (*progress_fn)(void *client, long done, long all);

struct sym_server {
	bool quiet, terminal;
	bool opened;
	bool ended; /* nobody is asked any more */
	bool shown; /* something stands in the line of progress */
	uint64_t left_ns, until_ns;
	const char *name;   /* of the file that is asked for */
	void *lib, *client; /* owned */
	int (*find)(void *client, const unsigned char *id, int len,
		    char **path);
	void (*end)(void *client);
};

/* Signals are blocked while recording: one that is there is a Ctrl-C. */
static bool interrupted(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) > 0 ||
		sigismember(&pending, SIGTERM) > 0);
}

static void show(struct sym_server *s, long done, long all)
{
	char size[64] = "";

	if (!s->terminal)
		return;
	if (all > 0)
		snprintf(size, sizeof(size), ", %.1f of %.1f MB",
			 (double)done / 1e6, (double)all / 1e6);
	fprintf(stderr, "\r debuginfod: %.40s%s, Ctrl-C skips it ", s->name,
		size);
	s->shown = true;
}

/* The one that asks, for the call back, which is told of the client alone. */
static struct sym_server *asking;

/* About once a second; what is not 0 ends the download. */
static int on_progress(void *client, long done, long all)
{
	struct sym_server *s = asking;

	(void)client;
	if (interrupted() || now_ns() >= s->until_ns)
		s->ended = true;
	else
		show(s, done, all);
	return s->ended;
}

static bool open_library(struct sym_server *s)
{
	void (*set_progress)(void *, progress_fn);
	void *(*begin)(void);

	s->lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!s->lib)
		return false;
	*(void **)&begin = dlsym(s->lib, "debuginfod_begin");
	*(void **)&set_progress = dlsym(s->lib, "debuginfod_set_progressfn");
	*(void **)&s->find = dlsym(s->lib, "debuginfod_find_debuginfo");
	*(void **)&s->end = dlsym(s->lib, "debuginfod_end");
	if (!begin || !set_progress || !s->find || !s->end)
		return false;
	s->client = begin();
	if (s->client)
		set_progress(s->client, on_progress);
	return s->client;
}

struct sym_server *sym_server_new(bool quiet)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	const char *timeout = getenv("DEBUGINFOD_TIMEOUT");
	struct sym_server *s;
	uint64_t seconds;

	if (!urls || !*urls)
		return NULL;
	if (!timeout || !parse_number(timeout, &seconds) || !seconds ||
	    seconds > UINT32_MAX)
		seconds = SECONDS;
	s = xcalloc(1, sizeof(*s));
	s->quiet = quiet;
	s->terminal = !quiet && isatty(STDERR_FILENO);
	s->left_ns = seconds * NS_PER_S;
	return s;
}

void sym_server_free(struct sym_server *s)
{
	if (!s)
		return;
	if (s->client)
		s->end(s->client);
	/* curl's threads and handlers stay: it is not unloaded. */
	free(s);
}

static void tell_ended(const struct sym_server *s)
{
	if (s->quiet)
		return;
	if (interrupted())
		warn("debuginfod: interrupted; no more files are asked for");
	else
		warn("debuginfod: no time left for '%s' and what is behind "
		     "it; DEBUGINFOD_TIMEOUT=SECONDS gives more",
		     s->name);
}

int sym_server_debug(struct sym_server *s, const char *id, const char *name)
{
	uint64_t start = now_ns(), took;
	char *path = NULL;
	int fd;

	if (!s->opened && !open_library(s)) {
		s->ended = true;
		if (!s->quiet)
			warn("DEBUGINFOD_URLS is set, but there is no "
			     "working " LIBRARY " (Debian: libdebuginfod1)");
	}
	s->opened = true;
	if (s->ended)
		return -1;
	asking = s;
	s->name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	s->until_ns = start + s->left_ns;
	/* A length of 0: the id is text. */
	fd = s->find(s->client, (const unsigned char *)id, 0, &path);
	took = now_ns() - start;
	s->left_ns -= took < s->left_ns ? took : s->left_ns;
	if (s->shown)
		fprintf(stderr, "\r%78s\r", "");
	s->shown = false;
	if (s->ended)
		tell_ended(s);
	free(path);
	return fd;
}
