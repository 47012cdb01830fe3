/* SPDX-License-Identifier: MIT
 *
 * list.c - pfmon list: which events there are, in the spelling that pfmon count
 * takes.  The options, and which of the list-*.c answers them; what an event is
 * stands in the library.
 */
#include "config.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

static const char examples[] =
	"  pfmon list                      every event of this machine\n"
	"  pfmon list l2 miss              those with both words\n"
	"  pfmon list --pmu=spr topdown    those of another machine\n"
	"  pfmon list -i page-faults       one event in detail\n"
	"  pfmon list --verify             codes libpfm4 has wrong\n";

static void show_version(const char *arg, void *value)
{
	(void)arg;
	(void)value;
	print_version();
	exit(0);
}

static void check_options(const struct list_opt *o)
{
	const struct cmd_entry *cmd = &cmd_list_entry;

	if (o->verify + o->groups + (o->event != NULL) > 1)
		usage_error(cmd,
			    "-i, --groups and --verify exclude each other");
	if (o->event && o->words.n)
		usage_error(cmd, "'%s': -i takes one event and no words",
			    o->words.v[0]);
	if (o->verify && (o->pmu || o->words.n))
		usage_error(cmd, "--verify goes without --pmu and words");
	if ((o->verify || o->event) && (o->names || o->masks))
		usage_error(cmd, "-l and -L go without -i and --verify");
	if (o->json && (o->names || o->masks))
		usage_error(cmd,
			    "-j has everything: it goes without -l and -L");
	if (o->pmu && !*o->pmu)
		usage_error(cmd, "--pmu: no name");
}

static void parse_options(int argc, char **argv, struct list_opt *o)
{
	const char *debug = NULL;
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_FLAG, 'l', "names", NULL, "names alone, one a line",
		  &o->names, 0, 0, NULL },
		{ OPT_FLAG, 'L', "umasks", NULL, "with each unit mask",
		  &o->masks, 0, 0, NULL },
		{ OPT_STRING, 'i', "info", "EVENT",
		  "one event: masks, modifiers, code, counters",
		  &o->event, 0, 0, NULL },
		{ OPT_STRING, 0, "pmu", "NAME",
		  "events of this PMU, another machine's, too",
		  &o->pmu, 0, 0, NULL },
		{ OPT_FLAG, 0, "groups", NULL,
		  "groups of metrics instead; -L: with their metrics",
		  &o->groups, 0, 0, NULL },
		{ OPT_FLAG, 0, "verify", NULL,
		  "libpfm4's codes against an independent table",
		  &o->verify, 0, 0, NULL },
		{ OPT_FLAG, 'j', "json", NULL, "JSON, all of it on one line",
		  &o->json, 0, 0, NULL },
		{ OPT_FLAG, 'q', "quiet", NULL, "no remarks",
		  &o->quiet, 0, 0, NULL },
		{ OPT_OPTARG, 0, "debug", "CATS",
		  "the library's steps: all, or event,...",
		  &debug, 0, 0, NULL },
		{ OPT_CALL, 'V', "version", NULL, "version, and what is in it",
		  NULL, 0, 0, show_version },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */

	operands_parse(&cmd_list_entry, opts, argc, argv, &o->words);
	check_options(o);
	if (debug && pfm_set_debug(*debug ? debug : "all") < 0)
		usage_error(&cmd_list_entry, "--debug: %s", pfm_reason());
}

/*
 * libpfm4 encodes events of other machines only if it is told before it starts;
 * it then takes a name without PMU for any of theirs, so not in general.
 */
static void want_other_machines(const struct list_opt *o)
{
	if (!o->pmu && !o->verify && !(o->event && strstr(o->event, "::")))
		return;
	if (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
}

static int print(FILE *f, const struct list_opt *o)
{
	struct list list = { 0 };
	int status;

	if (o->verify)
		return list_verify(f, o);
	if (o->groups)
		return list_groups(f, o);
	if (o->event)
		return list_event(f, o);
	list_load(&list, o);
	status = (o->json ? list_json : list_text)(f, &list, o);
	list_release(&list);
	return status;
}

static int list_run(int argc, char **argv)
{
	struct list_opt opt = { 0 };
	int status;
	size_t size;
	char *text;
	FILE *f;

	set_die_status(STATUS_FAIL);
	parse_options(argc, argv, &opt);
	if (opt.json)
		json_init();
	want_other_machines(&opt);
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	status = print(f, &opt);
	if (fclose(f) != 0)
		die("out of memory");
	if (write_all(STDOUT_FILENO, text, size) < 0)
		die("cannot write to standard output: %m");
	free(text);
	free(opt.words.v);
	return status;
}

const struct cmd_entry cmd_list_entry = {
	.name = "list",
	.summary = "events and groups, by name or words",
	.usage = "[OPTION]... [WORD]...",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = list_run,
};
