/* SPDX-License-Identifier: MIT
 *
 * sets-import.c - pfmon sets import: a performance group of LIKWID's as a group
 * of the user's.  What LIKWID's text means knows likwid.c.
 */
#include "config.h"

#include <ctype.h>
#include <pfmcore.h>
#include <stdlib.h>
#include <string.h>

#include "likwid.h"
#include "sets.h"

static const struct cmd_entry import_entry = {
	.name = "sets import",
	.summary = "a group of LIKWID's as one of ours",
	.usage = "[OPTION]... FILE [NAME]",
	.examples = "  pfmon sets import TLB_DATA.txt   as tlb_data\n",
	.usage_status = STATUS_USAGE,
};

/* "/x/TLB_DATA.txt" as "tlb_data". */
static char *name_of(const char *file)
{
	const char *base = strrchr(file, '/');
	char *name = xstrdup(base ? base + 1 : file), *p;

	name[strcspn(name, ".")] = '\0';
	for (p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

static void import(const char *file, const char *name, const char *pmu,
		   bool force, bool show)
{
	FILE *in = fopen(file, "r"), *out, *notes;
	char *text, *remarks, *line, *rest;
	size_t size, nsize;
	int left;

	if (!in)
		die("%s: %m", file);
	out = open_memstream(&text, &size);
	notes = open_memstream(&remarks, &nsize);
	if (!out || !notes)
		die("out of memory");
	left = likwid_import(in, file, pmu, out, notes);
	fclose(in);
	if (fclose(out) != 0 || fclose(notes) != 0)
		die("out of memory");
	for (rest = remarks; (line = strsep(&rest, "\n")) != NULL && *line;)
		if (left >= 0 || (rest && *rest))
			warn("%s", line);
		else
			die("%s", line);
	if (show)
		print_out("%s", text);
	else
		save_group(pmu, name, text, force);
	free(remarks);
	free(text);
}

static int first_event(const struct pfm_event_desc *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return 1;
}

/* It becomes the name of a directory, too. */
static void check_pmu(const char *pmu)
{
	const char *model = pfm_pmu_model(-1);

	if (model && !strcmp(pmu, model))
		return;
	if (!*pmu)
		die("--pmu: no name");
	if (pfm_event_list(pmu, first_event, NULL) < 0)
		die("--pmu: %s", pfm_reason());
	for (; *pmu; pmu++)
		if (!isalnum((unsigned char)*pmu) && *pmu != '_')
			die("--pmu: only a core PMU can have a group");
}

int sets_import(int argc, char **argv)
{
	const char *pmu = NULL;
	bool force = false, show = false;
	const struct opt opts[] = {
		{ OPT_STRING, 0, "pmu", "NAME", "for this PMU, not this CPU's",
		  &pmu, 0, 0, NULL },
		{ OPT_FLAG, 0, "show", NULL, "print it, save nothing", &show, 0,
		  0, NULL },
		{ OPT_FLAG, 0, "force", NULL, "in place of one of that name",
		  &force, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	struct strlist names = { .n = 0 };
	char *name;

	set_die_status(STATUS_FAIL);
	operands_parse(&import_entry, opts, argc, argv, &names);
	if (names.n < 1 || names.n > 2)
		usage_error(&import_entry, "it takes a file, and a name");
	if (pmu && setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		die("out of memory");
	if (pmu)
		check_pmu(pmu);
	else
		pmu = pfm_pmu_model(-1);
	if (!pmu)
		die("this CPU's PMU is not known; name one by --pmu");
	name = names.n == 2 ? xstrdup(names.v[1]) : name_of(names.v[0]);
	save_check_name(name);
	import(names.v[0], name, pmu, force, show);
	free(name);
	free(names.v);
	return 0;
}
