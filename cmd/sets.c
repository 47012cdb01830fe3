/* SPDX-License-Identifier: MIT
 *
 * sets.c - pfmon sets: finds the sub-command and runs it.
 */
#include "config.h"

#include "sets.h"

#include <string.h>

static const struct {
	const char *name, *usage, *summary;
	int (*run)(int argc, char **argv);
} subs[] = {
	{ "list", "[WORD]...", "groups of metrics that this CPU has",
	  sets_list },
	{ "show", "NAME", "events, codes, metrics, formulas of a group",
	  sets_show },
	{ "plan", "-e LIST... | -M NAME",
	  "which event is counted where, and how long", sets_plan },
	{ "run", "[OPTION]... COMMAND", "count, printed set by set", sets_run },
	{ "new", "NAME -e LIST", "save events and metrics as a group",
	  sets_new },
	{ "import", "FILE [NAME]", "a group of LIKWID's as one of ours",
	  sets_import },
	{ "check", "[NAME] [--all]", "do all groups have codes here",
	  sets_check },
};

static int print_help(void)
{
	size_t i;

	print_out("usage: pfmon sets SUBCOMMAND [OPTION]... [ARG]...\n"
		  "       pfmon sets plan -M cache -M tlb     "
		  "the layout before the run\n\nsub-commands:\n");
	for (i = 0; i < ARRAY_SIZE(subs); i++)
		print_out(" %-7s %-21s %s\n", subs[i].name, subs[i].usage,
			  subs[i].summary);
	print_out("\npfmon sets SUBCOMMAND -h prints its options.\n");
	return 0;
}

static const char *nearest(const char *name)
{
	unsigned best = 3, d;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(subs); i++) {
		d = word_distance(name, subs[i].name);
		if (d < best) {
			best = d;
			near = subs[i].name;
		}
	}
	return near;
}

static int sets_main(int argc, char **argv)
{
	const char *near;
	size_t i;

	set_die_status(STATUS_USAGE);
	if (argc < 2)
		usage_error(&cmd_sets_entry, "a sub-command is missing: list, "
					     "show, plan, run, new, import, "
					     "check");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return print_help();
	for (i = 0; i < ARRAY_SIZE(subs); i++)
		if (!strcmp(argv[1], subs[i].name))
			return subs[i].run(argc - 1, argv + 1);
	near = nearest(argv[1]);
	if (near)
		usage_error(&cmd_sets_entry,
			    "no sub-command '%s', nearest is '%s'", argv[1],
			    near);
	usage_error(&cmd_sets_entry, "no sub-command '%s'", argv[1]);
}

const struct cmd_entry cmd_sets_entry = {
	.name = "sets",
	.summary = "event sets: their layout, and groups of metrics",
	.usage = "SUBCOMMAND [OPTION]... [ARG]...",
	.examples = "",
	.usage_status = STATUS_USAGE,
	.run = sets_main,
};
