/* SPDX-License-Identifier: MIT
 *
 * ctl.c - the control file of msrfs: a command a line, "ok ..." or "error: ..."
 * to read afterwards from the same open file.  A file that is open for writing
 * only cannot be read: there a refused command fails the write with EINVAL.
 * The commands are in README.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

bool refuse(struct call *c, const char *fmt, ...)
{
	va_list ap;

	fputs("error: ", c->out);
	va_start(ap, fmt);
	vfprintf(c->out, fmt, ap);
	va_end(ap);
	fputc('\n', c->out);
	c->said = true;
	return false;
}

bool on_off(struct call *c, bool *on)
{
	*on = strcmp(c->arg[0], "on") == 0;
	return *on || strcmp(c->arg[0], "off") == 0 ||
	       refuse(c, "'%s' is neither on nor off", c->arg[0]);
}

static bool lockdown(struct call *c)
{
	return on_off(c, &c->fs->lockdown);
}

static bool rawio(struct call *c)
{
	return on_off(c, &c->fs->rawio);
}

static bool parse_allow(struct call *c, struct allow *list)
{
	for (unsigned i = 0; i < c->n / 2; i++) {
		if (!parse_reg(c->arg[2 * i], &list[i].reg) ||
		    !parse_number(c->arg[2 * i + 1], &list[i].mask))
			return refuse(c, "'%s %s' is not REGISTER MASK",
				      c->arg[2 * i], c->arg[2 * i + 1]);
		for (unsigned k = 0; k < i; k++) {
			if (list[k].reg == list[i].reg)
				return refuse(c, "0x%x twice", list[i].reg);
		}
	}
	return true;
}

static bool allow(struct call *c)
{
	bool all = c->n == 1 && strcmp(c->arg[0], "all") == 0;
	bool none = c->n == 1 && strcmp(c->arg[0], "none") == 0;
	struct allow *list;

	if (c->n % 2 != 0 && !all && !none)
		return refuse(c, "allow all, none, or REG MASK; ...");
	list = calloc(c->n, sizeof(*list));
	if (!list)
		return refuse(c, "out of memory");
	if (!parse_allow(c, list)) {
		free(list);
		return false;
	}
	free(c->fs->allow);
	c->fs->allow = list;
	c->fs->nallow = c->n / 2;
	c->fs->allow_all = all;
	return true;
}

static bool stats(struct call *c)
{
	if (strcmp(c->arg[0], "reset") != 0)
		return refuse(c, "stats reset; to read them there is a file");
	memset(&c->fs->stats, 0, sizeof(c->fs->stats));
	for (unsigned i = 0; i < c->fs->ncpus; i++)
		memset(&c->fs->cpus[i].stats, 0, sizeof(c->fs->cpus[i].stats));
	return true;
}

static bool save(struct call *c)
{
	return save_take(c->fs, c->arg[0]) || refuse(c, "out of memory");
}

static bool diff(struct call *c)
{
	if (c->n == 2 && strcmp(c->arg[1], "all") != 0)
		return refuse(c, "diff NAME [all]");
	c->said = save_diff(c->fs, c->arg[0], c->n == 2, c->out);
	return c->said || refuse(c, "nothing was saved as '%s'", c->arg[0]);
}

static bool quit(struct call *c)
{
	c->quit = true;
	return true;
}

static const struct command commands[] = {
	{ "allow", "all | none | REG MASK [; REG MASK]...", 1, -1u, allow,
	  NULL },
	{ "diff", "NAME [all]", 1, 2, diff, NULL },
	{ "lockdown", "on|off", 1, 1, lockdown, NULL },
	{ "quit", "", 0, 0, quit, NULL },
	{ "rawio", "on|off", 1, 1, rawio, NULL },
	{ "save", "NAME", 1, 1, save, NULL },
	{ "stats", "reset", 1, 1, stats, NULL },
};

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	for (unsigned i = 0; i < ncpu_commands; i++) {
		if (strcmp(cpu_commands[i].name, name) == 0)
			return &cpu_commands[i];
	}
	return NULL;
}

/* First with every CPU for show: all of them do it, or none does. */
static bool run_cpus(struct call *c, const struct command *cmd)
{
	bool *set = calloc(c->fs->ncpus, sizeof(*set));
	bool good;

	if (!set)
		return refuse(c, "out of memory");
	good = parse_cpus(c->arg[-1], set, c->fs->ncpus) ||
	       refuse(c, "'%s' is not of CPUs 0 to %u", c->arg[-1],
		      c->fs->ncpus - 1);
	for (int pass = 0; good && pass < 2; pass++) {
		c->dry = pass == 0;
		for (unsigned i = 0; good && i < c->fs->ncpus; i++) {
			if (set[i])
				good = cmd->run_cpu(c, &c->fs->cpus[i]);
		}
	}
	free(set);
	return good;
}

static bool run_words(struct call *c, char **words, unsigned n)
{
	const struct command *cmd = find_command(words[0]);
	unsigned skip;
	bool good;

	if (!cmd)
		return refuse(c, "'%s' is not a command", words[0]);
	skip = cmd->run_cpu ? 2 : 1;
	if (n < skip + cmd->min || (cmd->max != -1u && n > skip + cmd->max))
		return refuse(c, "%s %s", cmd->name, cmd->usage);
	c->arg = words + skip;
	c->n = n - skip;
	for (unsigned i = 0; i < c->fs->ncpus; i++)
		cpu_catch_up(&c->fs->cpus[i]);
	good = cmd->run ? cmd->run(c) : run_cpus(c, cmd);
	if (good && !c->said)
		fputs("ok\n", c->out);
	return good;
}

/* A line; an empty one and one that begins with # are none. */
static bool run_line(struct call *c, char *line)
{
	char **words = calloc(strlen(line) / 2 + 2, sizeof(*words));
	unsigned n = 0;
	bool good = true;
	char *word;

	if (!words)
		return refuse(c, "out of memory");
	while ((word = strsep(&line, " \t;"))) {
		if (*word)
			words[n++] = word;
	}
	if (n > 0 && words[0][0] != '#')
		good = run_words(c, words, n);
	free(words);
	return good;
}

/* Add what the lines of one write answer to what is still to be read. */
static int run_lines(struct file *f, char *lines)
{
	bool good = true;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	char *line;

	if (!out)
		return -ENOMEM;
	fwrite(f->text + f->pos, 1, f->len - f->pos, out);
	while ((line = strsep(&lines, "\n"))) {
		struct call c = { .fs = f->fs, .out = out };

		if (!run_line(&c, line))
			good = false;
		f->quit |= c.quit;
	}
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	free(f->text);
	f->text = text;
	f->len = len;
	f->pos = 0;
	return good || (f->flags & O_ACCMODE) != O_WRONLY ? 0 : -EINVAL;
}

static ssize_t ctl_write(struct file *f, const char *buf, size_t size,
			 off_t off)
{
	char *lines = strndup(buf, size);
	int err;

	(void)off;
	if (!lines)
		return -ENOMEM;
	err = run_lines(f, lines);
	free(lines);
	return err < 0 ? err : (ssize_t)size;
}

/* A stream: what was answered, once, wherever the file's position is. */
static ssize_t ctl_read(struct file *f, char *buf, size_t size, off_t off)
{
	size_t n = f->len - f->pos;

	(void)off;
	if (n > size)
		n = size;
	memcpy(buf, f->text + f->pos, n);
	f->pos += n;
	return (ssize_t)n;
}

static int ctl_open(struct file *f)
{
	f->text = strdup("");
	return f->text ? 0 : -ENOMEM;
}

const struct file_type file_ctl = {
	.name = "ctl",
	.mode = 0600,
	.open = ctl_open,
	.read = ctl_read,
	.write = ctl_write,
};
