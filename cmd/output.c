/* SPDX-License-Identifier: MIT
 *
 * output.c - which writer, where to, and whether it arrived.  A result is
 * formatted in memory and written whole, so that the lines of the command do
 * not mix with it.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void out_printf(struct output *out, const char *fmt, ...)
{
	size_t room = out->size - out->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out->buf ? out->buf + out->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("cannot format a line: %m");
	if ((size_t)n >= room) {
		out->size += (size_t)n + 4096;
		out->buf = xreallocarray(out->buf, out->size, 1);
		va_start(ap, fmt);
		vsnprintf(out->buf + out->len, out->size - out->len, fmt, ap);
		va_end(ap);
	}
	out->len += (size_t)n;
}

/* After a failure the command is still waited for; output_close() tells. */
void output_flush(struct output *out)
{
	if (!out->error && write_all(out->fd, out->buf, out->len) < 0)
		out->error = errno;
	out->len = 0;
}

static void open_file(struct output *out, const struct count_opt *opt)
{
	int how = opt->append ? O_APPEND : O_TRUNC;

	out->name = opt->output;
	out->fd = open(opt->output, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
	if (out->fd < 0)
		die("cannot open '%s': %m", opt->output);
	out->appended = opt->append && lseek(out->fd, 0, SEEK_END) > 0;
}

static bool want_colour(const struct output *out, unsigned colour)
{
	const char *no = getenv("NO_COLOR");

	if (colour != COLOUR_AUTO)
		return colour == COLOUR_ALWAYS;
	return !(no && *no) && isatty(out->fd);
}

void output_open(struct output *out, const struct session *s)
{
	const struct count_opt *opt = s->opt;

	*out = (struct output){ .s = s };
	if (opt->output && strcmp(opt->output, "-") != 0) {
		open_file(out, opt);
	} else if (opt->output || !opt->command) {
		out->fd = STDOUT_FILENO;
		out->name = "standard output";
	} else {
		out->fd = STDERR_FILENO;
		out->name = "standard error";
	}
	/* Before the command runs, not after hours of it. */
	if (!is_writable(out->fd))
		die("cannot write to %s: %m", out->name);
	out->writer = &writer_text;
	if (opt->json)
		out->writer = &writer_json;
	if (opt->csv)
		out->writer = &writer_csv;
	if (out->writer != &writer_text)
		return;
	out->width = opt->width ? (unsigned)opt->width : text_width(out->fd);
	out->colour = want_colour(out, opt->colour);
}

void output_result(struct output *out, const struct result *res)
{
	const struct session *s = out->s;
	bool told = out->printed || out->writer == &writer_text;

	/* The text has them among its notes. */
	if (s->notice && !told && !s->opt->quiet)
		warn("%s", s->notice);
	if (s->hint && !told && !s->opt->quiet)
		warn("%s", s->hint);
	out->writer->result(out, res);
	output_flush(out);
	out->printed++;
}

int output_close(struct output *out)
{
	if (out->fd > STDERR_FILENO && close(out->fd) < 0 && !out->error)
		out->error = errno;
	free(out->buf);
	if (!out->error)
		return 0;
	errno = out->error;
	warn("cannot write to %s: %m", out->name);
	return -1;
}

const char *target_name(enum target_kind kind)
{
	static const char *const names[] = {
		[TARGET_COMMAND] = "command", [TARGET_PROCESS] = "process",
		[TARGET_THREAD] = "thread",   [TARGET_CPU] = "cpu",
		[TARGET_SYSTEM] = "system",
	};

	return names[kind];
}
