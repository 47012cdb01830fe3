/* SPDX-License-Identifier: MIT
 *
 * options.c - one table of options: read with getopt_long, printed by -h.  The
 * table of a command points at variables of that command; no option lives
 * here, and none is known to another command.
 */
#include "config.h"

#include "cmd.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VAL_LONG 256 /* getopt's value of the option in row n: 256 + n */
#define VAL_NEG 4096 /* and of its negative */
#define HELP_COLUMN 27

/* getopt's view of the table; the words are owned. */
struct parser {
	const struct cmd_entry *cmd;
	const struct opt *opts;
	struct option *longs;
	size_t nlongs;
	char shorts[128];
};

void usage_error(const struct cmd_entry *cmd, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	set_die_status(cmd->usage_status);
	die("%s; see pfmon %s -h", text, cmd->name);
}

static int has_arg(const struct opt *o)
{
	if (o->type == OPT_OPTARG)
		return optional_argument;
	if (o->type == OPT_FLAG || (o->type == OPT_CALL && !o->arg))
		return no_argument;
	return required_argument;
}

static void add_long(struct parser *p, char *word, int arg, int val)
{
	p->longs = xreallocarray(p->longs, p->nlongs + 2, sizeof(*p->longs));
	p->longs[p->nlongs++] =
		(struct option){ .name = word, .has_arg = arg, .val = val };
	p->longs[p->nlongs] = (struct option){ 0 };
}

static void add_words(struct parser *p, int row)
{
	const struct opt *o = &p->opts[row];
	const char *w, *end;
	char *word;

	for (w = o->name; *w; w = *end ? end + 1 : end) {
		end = w + strcspn(w, "|");
		word = xasprintf("%.*s", (int)(end - w), w);
		add_long(p, word, has_arg(o), VAL_LONG + row);
		if (o->type != OPT_FLAG)
			continue;
		if (!strncmp(word, "no-", 3))
			word = xstrdup(word + 3);
		else
			word = xasprintf("no-%s", word);
		add_long(p, word, no_argument, VAL_NEG + row);
	}
}

static void parser_init(struct parser *p)
{
	static const char *const colons[] = { "", ":", "::" };
	size_t len = 3;
	int row;

	/* '+': options end at the command; ':': messages are ours. */
	snprintf(p->shorts, sizeof(p->shorts), "+:h");
	add_long(p, xstrdup("help"), no_argument, 'h');
	for (row = 0; p->opts[row].type != OPT_END; row++) {
		const struct opt *o = &p->opts[row];

		add_words(p, row);
		if (o->brief)
			len += (size_t)snprintf(p->shorts + len,
						sizeof(p->shorts) - len, "%c%s",
						o->brief, colons[has_arg(o)]);
	}
}

static void parser_release(struct parser *p)
{
	size_t i;

	for (i = 0; i < p->nlongs; i++)
		free((char *)(uintptr_t)p->longs[i].name);
	free(p->longs);
}

static _Noreturn void print_help(const struct parser *p)
{
	const struct opt *o;
	char *left;

	print_out("usage: pfmon %s %s\n%s\n", p->cmd->name, p->cmd->usage,
		  p->cmd->examples);
	for (o = p->opts; o->type != OPT_END; o++) {
		int len = (int)strcspn(o->name, "|");
		const char *open = o->type == OPT_OPTARG ? "[=" : "=";
		const char *shut = o->type == OPT_OPTARG ? "]" : "";

		if (!o->help)
			continue;
		left = xasprintf("%c%c%c --%.*s%s%s%s", o->brief ? '-' : ' ',
				 o->brief ? o->brief : ' ',
				 o->brief ? ',' : ' ', len, o->name,
				 o->arg ? open : "", o->arg ? o->arg : "",
				 o->arg ? shut : "");
		if (strlen(left) < HELP_COLUMN - 1)
			print_out(" %-*s %s\n", HELP_COLUMN - 1, left, o->help);
		else
			print_out(" %s  %s\n", left, o->help);
		free(left);
	}
	/* Of a sub-command it is the page of the command. */
	print_out("\nmanual: man pfmon-%.*s\n", (int)strcspn(p->cmd->name, " "),
		  p->cmd->name);
	exit(0);
}

/* How many long options begin with the word; the nearest one in any case. */
static unsigned find_near(const struct parser *p, const char *word,
			  const char **near)
{
	unsigned best = 4, n = 0, d;
	size_t i;

	*near = NULL;
	for (i = 0; i < p->nlongs; i++) {
		n += !strncmp(p->longs[i].name, word, strlen(word));
		d = word_distance(word, p->longs[i].name);
		if (d < best) {
			best = d;
			*near = p->longs[i].name;
		}
	}
	return n;
}

static _Noreturn void bad_option(const struct parser *p, const char *text)
{
	const char *near;
	char word[64];
	unsigned n;

	if (optopt >= VAL_LONG)
		usage_error(p->cmd, "option '%s' takes no argument", text);
	if (optopt)
		usage_error(p->cmd, "unknown option -%c", optopt);
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text + 2, "="),
		 text + 2);
	n = find_near(p, word, &near);
	if (n > 1)
		usage_error(p->cmd, "option --%s is ambiguous", word);
	if (near)
		usage_error(p->cmd, "unknown option --%s, nearest is --%s",
			    word, near);
	usage_error(p->cmd, "unknown option --%s", word);
}

/* The option as the user knows it, for messages. */
static const char *spelling(const struct opt *o)
{
	static char text[64];

	snprintf(text, sizeof(text), "--%.*s", (int)strcspn(o->name, "|"),
		 o->name);
	return text;
}

/* A number and its suffix; false when it is none. */
static bool split_number(const char *arg, double *num, const char **suffix)
{
	char *end;

	if (!isdigit((unsigned char)arg[0]))
		return false;
	*num = strtod(arg, &end);
	*suffix = end;
	return true;
}

bool parse_number(const char *arg, uint64_t *value)
{
	static const char *const suffixes[] = { "", "k", "M", "G" };
	double num, mult = 1;
	const char *suffix;
	size_t i;

	if (!split_number(arg, &num, &suffix))
		return false;
	for (i = 0; i < ARRAY_SIZE(suffixes); i++, mult *= 1000)
		if (!strcmp(suffix, suffixes[i]))
			break;
	num *= mult;
	if (i == ARRAY_SIZE(suffixes) || num >= 0x1p64 ||
	    num != (double)(uint64_t)num)
		return false;
	*value = (uint64_t)num;
	return true;
}

static void set_number(const struct cmd_entry *cmd, const struct opt *o,
		       const char *arg)
{
	uint64_t num;

	if (!parse_number(arg, &num))
		usage_error(cmd, "%s: '%s' is not a whole number", spelling(o),
			    arg);
	if (num < o->min || num > o->max)
		usage_error(cmd, "%s: %s is not within %llu to %llu",
			    spelling(o), arg, (unsigned long long)o->min,
			    (unsigned long long)o->max);
	*(uint64_t *)o->value = num;
}

bool parse_duration(const char *arg, uint64_t bare_ns, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = {
		{ "s", 1e9 },  { "ms", 1e6 },   { "us", 1e3 },
		{ "m", 6e10 }, { "h", 3.6e12 },
	};
	const char *suffix;
	double num, value = 0;
	size_t i;

	if (!split_number(arg, &num, &suffix))
		return false;
	if (!*suffix)
		value = (double)bare_ns;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(suffix, units[i].suffix))
			value = units[i].ns;
	value *= num;
	if (value < 1 || value > 1e18)
		return false;
	*ns = (uint64_t)value;
	return true;
}

static void set_time(const struct cmd_entry *cmd, const struct opt *o,
		     const char *arg)
{
	if (!parse_duration(arg, o->min, o->value))
		usage_error(cmd, "%s: '%s' is not a time such as 10s or 250ms",
			    spelling(o), arg);
}

static void set_choice(const struct cmd_entry *cmd, const struct opt *o,
		       const char *arg)
{
	size_t len = strlen(arg), n;
	const char *c = o->arg;
	unsigned i;

	for (i = 0;; i++, c += n + 1) {
		n = strcspn(c, "|");
		if (n == len && !strncmp(c, arg, len)) {
			*(unsigned *)o->value = i;
			return;
		}
		if (!c[n])
			usage_error(cmd, "%s: '%s' is none of %s", spelling(o),
				    arg, o->arg);
	}
}

static void set_value(const struct cmd_entry *cmd, const struct opt *o,
		      const char *arg)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->value = true;
		break;
	case OPT_STRING:
	case OPT_OPTARG:
		*(const char **)o->value = arg ? arg : "";
		break;
	case OPT_LIST:
		strlist_add(o->value, arg);
		break;
	case OPT_NUMBER:
		set_number(cmd, o, arg);
		break;
	case OPT_TIME:
		set_time(cmd, o, arg);
		break;
	case OPT_CHOICE:
		set_choice(cmd, o, arg);
		break;
	case OPT_CALL:
		o->call(arg, o->value);
		break;
	case OPT_END:
		break;
	}
}

static const struct opt *find_brief(const struct opt *o, int letter)
{
	while (o->brief != letter)
		o++;
	return o;
}

int options_parse(const struct cmd_entry *cmd, const struct opt *opts, int argc,
		  char **argv)
{
	struct parser p = { .cmd = cmd, .opts = opts };
	int val;

	parser_init(&p);
	optind = 0;
	while ((val = getopt_long(argc, argv, p.shorts, p.longs, NULL)) != -1) {
		if (val == 'h')
			print_help(&p);
		else if (val == '?')
			bad_option(&p, argv[optind - 1]);
		else if (val == ':')
			usage_error(cmd, "option '%s' needs an argument",
				    argv[optind - 1]);
		else if (val >= VAL_NEG)
			*(bool *)opts[val - VAL_NEG].value = false;
		else if (val >= VAL_LONG)
			set_value(cmd, &opts[val - VAL_LONG], optarg);
		else
			set_value(cmd, find_brief(opts, val), optarg);
	}
	parser_release(&p);
	return optind;
}

void operands_parse(const struct cmd_entry *cmd, const struct opt *opts,
		    int argc, char **argv, struct strlist *operands)
{
	bool only = false;
	int i;

	while (argc > 1) {
		i = only ? 1 : options_parse(cmd, opts, argc, argv);
		only = only || !strcmp(argv[i - 1], "--");
		if (i < argc)
			strlist_add(operands, argv[i]);
		argc -= i;
		argv += i;
	}
}
