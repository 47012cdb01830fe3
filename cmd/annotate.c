/* SPDX-License-Identifier: MIT
 *
 * annotate.c - pfmon annotate: where in a function the samples are.  The options
 * and the order of things; annotate-priv.h tells which file does what.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "annotate-priv.h"
#include "json.h"
#include "profile-module.h"

static const char examples[] =
	"  pfmon annotate hash_lookup             in the newest *.pfm here\n"
	"  pfmon annotate -l main prog.pfm        per line of source\n"
	"  pfmon annotate -n 0.5 memcpy a.pfm     only what is hot\n"
	"  pfmon annotate --source-dir=/build=. parse a.pfm\n";

enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

static double parse_percent(const char *arg)
{
	char *end;
	double value;

	if (!arg)
		return 0;
	value = strtod(arg, &end);
	if (end == arg || *end || !(value >= 0 && value <= 100))
		usage_error(&cmd_annotate_entry,
			    "--min: '%s' is not a percentage from 0 to 100",
			    arg);
	return value;
}

static void check_options(const struct annot_opt *o,
			  const struct strlist *operands)
{
	size_t i;

	if (operands->n < 1 || operands->n > 2 || !*operands->v[0])
		usage_error(&cmd_annotate_entry,
			    "it takes the name of a function, and a file");
	for (i = 0; i < o->maps.n; i++)
		if (!strchr(o->maps.v[i], '=') || *o->maps.v[i] == '=')
			usage_error(&cmd_annotate_entry,
				    "--source-dir: '%s' is not DIR=NEW",
				    o->maps.v[i]);
}

static void parse_options(int argc, char **argv, struct annot_opt *o,
			  struct strlist *operands)
{
	const char *min = NULL;
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_FLAG, 'l', "lines", NULL,
		  "per line of source, not per instruction",
		  &o->lines, 0, 0, NULL },
		{ OPT_STRING, 'n', "min", "PCT",
		  "hide what is below this share of every event",
		  &min, 0, 0, NULL },
		{ OPT_CHOICE, 'p', "percent", "local|global",
		  "percent of the function, or of all samples",
		  &o->percent, 0, 0, NULL },
		{ OPT_CHOICE, 's', "source", "on|off",
		  "lines of source between the instructions",
		  &o->source, 0, 0, NULL },
		{ OPT_FLAG, 0, "intel", NULL, "Intel's syntax, not AT&T's",
		  &o->intel, 0, 0, NULL },
		{ OPT_LIST, 0, "source-dir", "DIR=NEW",
		  "sources of DIR are now in NEW", &o->maps, 0, 0, NULL },
		{ OPT_STRING, 0, "symfs", "DIR",
		  "sources are below DIR", &o->symfs, 0, 0, NULL },
		PROF_FILTER_OPTS(o->filter),
		{ OPT_FLAG, 'j', "json", NULL,
		  "JSON, all of it on one line", &o->json, 0, 0, NULL },
		{ OPT_CHOICE, 0, "color|colour", "auto|always|never",
		  "hot lines in colour", &o->colour, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */

	operands_parse(&cmd_annotate_entry, opts, argc, argv, operands);
	check_options(o, operands);
	o->min = parse_percent(min);
}

static bool want_colour(unsigned colour)
{
	const char *no = getenv("NO_COLOR");

	if (colour != COLOUR_AUTO)
		return colour == COLOUR_ALWAYS;
	return !(no && *no) && isatty(STDOUT_FILENO);
}

/* The machine of the recording, which an older file does not name. */
static void open_disasm(struct annot *a)
{
	const char *machine = prof_meta(a->p, "machine");
	struct utsname here;

	if (!machine && uname(&here) == 0)
		machine = here.machine;
	a->disasm = disasm_open(machine ? machine : "", a->opt->intel, &a->why);
}

/* Events without a hit in what is shown have no column. */
static void choose_columns(struct annot *a)
{
	const struct annot_tally *t = &a->tally;
	const struct annot_hit *hits;
	bool hit[ANNOT_COLUMNS] = { false };
	uint32_t n, k, i;
	size_t s;

	for (s = 0; s < a->found.n; s++) {
		hits = annot_hits(t, a->found.v[s].func, &n);
		for (k = 0; k < n; k++)
			for (i = 0; i < t->ncols; i++)
				hit[i] |=
					t->counts[hits[k].counts + i].samples !=
					0;
	}
	for (i = 0; i < t->ncols; i++)
		if (hit[i])
			a->cols[a->ncols++] = i;
}

/*
 * Lines of source may be long: a terminal would break them.  Sequences of colour
 * take no column, and are kept behind the end.
 */
static size_t cut_lines(char *text, size_t size, unsigned width)
{
	size_t i, n = 0;
	unsigned column = 0;
	bool colour = false;

	for (i = 0; i < size; i++) {
		colour |= text[i] == '\033';
		if (text[i] == '\n')
			column = 0;
		else if (!colour)
			column += (text[i] & 0xc0) != 0x80;
		if (colour || column <= width)
			text[n++] = text[i];
		if (colour && text[i] == 'm')
			colour = false;
	}
	return n;
}

static void print(struct annot *a)
{
	size_t size;
	char *text;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	if (a->opt->json)
		annot_json(f, a);
	else
		annot_text(f, a);
	if (fclose(f) != 0)
		die("out of memory");
	if (!a->opt->json && isatty(STDOUT_FILENO))
		size = cut_lines(text, size, text_width(STDOUT_FILENO));
	if (write_all(STDOUT_FILENO, text, size) < 0)
		die("cannot write to standard output: %m");
	free(text);
}

static void release(struct annot *a)
{
	source_free(a->source);
	disasm_close(a->disasm);
	free(a->why);
	annot_index_release(a);
	annot_found_release(&a->found);
	annot_tally_release(&a->tally);
	prof_close(a->p);
}

/* The lists are the option table's, not the filter's. */
static void release_options(struct annot_opt *o)
{
	prof_filter_release(&o->filter);
	free(o->filter.func.v);
	free(o->filter.dso.v);
	free(o->filter.comm.v);
	free(o->filter.pid.v);
	free(o->filter.tid.v);
	free(o->maps.v);
}

static int annotate_run(int argc, char **argv)
{
	struct strlist operands = { .n = 0 }, files;
	struct annot_opt opt = { .min = 0 };
	struct annot a = { .opt = &opt };
	char *why;

	set_die_status(STATUS_FAIL);
	parse_options(argc, argv, &opt, &operands);
	if (opt.json)
		json_init();
	files = (struct strlist){ operands.v + 1, operands.n - 1 };
	a.p = prof_open_operand(&cmd_annotate_entry, &files);
	why = prof_filter_init(&opt.filter, a.p);
	if (why)
		die("%s", why);
	annot_tally(&a.tally, a.p, &opt);
	annot_find(&a.found, &a.tally, operands.v[0]);
	choose_columns(&a);
	annot_index(&a);
	open_disasm(&a);
	if (!opt.source)
		a.source = source_new(a.p, opt.symfs, &opt.maps);
	a.colour = !opt.json && want_colour(opt.colour);
	print(&a);
	release(&a);
	release_options(&opt);
	free(operands.v);
	return 0;
}

const struct cmd_entry cmd_annotate_entry = {
	.name = "annotate",
	.summary = "where in a function the samples of a profile are",
	.usage = "[OPTION]... FUNC [FILE.pfm]",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = annotate_run,
};
