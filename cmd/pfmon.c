/* SPDX-License-Identifier: MIT
 *
 * pfmon.c - finds the command and runs it.  It does no work of its own, and
 * starts nothing that the command might not need.
 */
#include "config.h"

#include "cmd.h"

#include <fcntl.h>
#include <pfmcore.h>
#include <string.h>
#include <unistd.h>

#include "sampling.h"

/* A command: of this program, or of the module that has those on profiles. */
static const struct command {
	const struct cmd_entry *entry; /* NULL: the module's */
	const char *name, *summary;    /* of the module's */
} commands[] = {
	{ NULL, "annotate", "the instructions of a function, with samples" },
	{ &cmd_count_entry, NULL, NULL },
	{ NULL, "diff", "what changed from one profile to another" },
	{ NULL, "dump", "every sample of a profile" },
	{ &cmd_explain_entry, NULL, NULL },
	{ NULL, "export", "a profile for other tools, or as a flame graph" },
	{ &cmd_info_entry, NULL, NULL },
	{ &cmd_list_entry, NULL, NULL },
	{ NULL, "report", "functions of a profile, callers and callees" },
	{ NULL, "sample", "record a profile of a command or the system" },
	{ &cmd_sets_entry, NULL, NULL },
	{ NULL, "top", "processes, functions and CPUs as they run" },
};

static const char *name_of(const struct command *c)
{
	return c->entry ? c->entry->name : c->name;
}

#ifdef HAVE_LIBPFM4
const char version_libpfm4[] = "yes, loaded on first need";
#else
const char version_libpfm4[] = "no: raw codes, aliases, sysfs events";
#endif
#ifdef HAVE_JANSSON
const char version_jansson[] = "yes, loaded on first need";
#else
const char version_jansson[] = "no: --json is refused";
#endif
#ifdef HAVE_PROFILE
const char version_profile[] = "yes, loaded on first need";
#else
#define HAVE_PROFILE 0
const char version_profile[] = "no: sample, report and the like are not there";
#endif

void print_version(void)
{
	print_out("pfmon %s, libpfmcore %s\n"
		  " libpfm4   %s\n"
		  " jansson   %s\n"
		  " profiles  %s\n",
		  PACKAGE_VERSION, pfm_core_version(), version_libpfm4,
		  version_jansson, version_profile);
}

static int print_help(void)
{
	size_t i;

	print_out("usage: pfmon COMMAND [OPTION]... [ARG]...\n"
		  "       pfmon count -- ls -l     "
		  "count events while ls runs\n\ncommands:\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (c->entry || HAVE_PROFILE)
			print_out(" %-9s %s\n", name_of(c),
				  c->entry ? c->entry->summary : c->summary);
	}
	print_out("\npfmon COMMAND -h prints the options of a command, "
		  "pfmon -V the version.\n");
	return 0;
}

static const struct cmd_entry *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (!strcmp(name_of(c), name))
			return c->entry ? c->entry : module_command(name);
	}
	return NULL;
}

static _Noreturn void unknown_command(const char *name)
{
	/* Of "ls" no letter would be left: it is a program, not "list". */
	unsigned best = strlen(name) < 4 ? (unsigned)strlen(name) : 4, d;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		d = word_distance(name, name_of(&commands[i]));
		if (d < best) {
			best = d;
			near = name_of(&commands[i]);
		}
	}
	set_die_status(STATUS_USAGE);
	if (near)
		die("no command '%s', nearest is '%s'; see pfmon --help", name,
		    near);
	die("no command '%s'; to count a program: pfmon count -- %s", name,
	    name);
}

static bool lists_events(int argc, const char *option)
{
	return !strcmp(option, "-l") || !strcmp(option, "-L") ||
	       (!strcmp(option, "-i") && argc == 3);
}

/* Of pfmon 3.x: the next word is its argument, not the command. */
static bool takes_word(const char *option)
{
	static const char *const words[] = {
		"--events",   "--event",       "--outfile",
		"--output",   "--attach-task", "--pid",
		"--cpu-list", "--cpu",         "--session-timeout",
	};
	size_t i;

	if (option[1] && option[1] != '-' && !option[2])
		return strchr("eopCDdmcFt", option[1]);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(option, words[i]))
			return true;
	return false;
}

/* Options that are of sampling, before the command. */
static bool samples(char **argv)
{
	static const char *const begins[] = { "--long-smpl-periods",
					      "--short-smpl-periods",
					      "--smpl-" };
	size_t i;

	for (; *argv && **argv == '-' && strcmp(*argv, "--") != 0; argv++) {
		for (i = 0; i < ARRAY_SIZE(begins); i++)
			if (!strncmp(*argv, begins[i], strlen(begins[i])))
				return true;
		if (takes_word(*argv) && argv[1])
			argv++;
	}
	return false;
}

/*
 * None of our files may take the place of a standard one that is closed: what
 * is printed would go into it.  The command finds it closed as before.
 */
static void occupy_standard_files(void)
{
	int fd;

	for (fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null",
			     (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	const struct cmd_entry *cmd;

	occupy_standard_files();
	if (argc < 2) {
		set_die_status(STATUS_USAGE);
		die("a command is missing; see pfmon --help");
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return print_help();
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		print_version();
		return 0;
	}
	/*
	 * pfmon 3.x had no commands: its options and programs mean count.  But
	 * -I alone was this; with an argument count has it for intervals.  And
	 * -l, -L and -i were lists of events, which count has no letters for.
	 */
	if (argc == 2 && !strcmp(argv[1], "-I"))
		return cmd_info_entry.run(1, argv + 1);
	if (lists_events(argc, argv[1]))
		return cmd_list_entry.run(argc, argv);
	if (argv[1][0] == '-' && samples(argv + 1)) {
		smpl_register_builtin();
		return module_command("sample")->run(argc, argv);
	}
	if (argv[1][0] == '-' || strchr(argv[1], '/'))
		return cmd_count_entry.run(argc, argv);
	cmd = find_command(argv[1]);
	if (!cmd)
		unknown_command(argv[1]);
	smpl_register_builtin();
	return cmd->run(argc - 1, argv + 1);
}
