/* SPDX-License-Identifier: MIT
 *
 * export.c - pfmon export: a profile as a file of another tool's format.  The
 * formats are in export-*.c.
 */
#include "config.h"

#include "export.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export-file.h"

static const char examples[] =
	"  pfmon export -f html -o flame.html       a flame graph to look at\n"
	"  pfmon export run.pfm -o run.pb.gz        for pprof\n"
	"  pfmon export run.pfm -f folded | flamegraph.pl >run.svg\n";

static const struct export_format *const formats[] = {
	&export_folded, &export_pprof, &export_speedscope, &export_firefox,
	&export_html,   &export_csv,   &export_json,
};
#define FORMAT_NAMES "folded|pprof|speedscope|firefox|html|csv|json"

/* Longer endings first. */
static const struct {
	const char *ending;
	const struct export_format *format;
} endings[] = {
	{ ".speedscope.json", &export_speedscope },
	{ ".firefox.json", &export_firefox },
	{ ".pb.gz", &export_pprof },
	{ ".folded", &export_folded },
	{ ".html", &export_html },
	{ ".json", &export_json },
	{ ".csv", &export_csv },
};

static const struct export_format *format_of(const char *path)
{
	size_t len = path ? strlen(path) : 0, i, n;

	for (i = 0; i < ARRAY_SIZE(endings); i++) {
		n = strlen(endings[i].ending);
		if (len > n && !strcmp(path + len - n, endings[i].ending))
			return endings[i].format;
	}
	return NULL;
}

static const struct export_format *choose(unsigned asked, const char *path)
{
	const struct export_format *format =
		asked < ARRAY_SIZE(formats) ? formats[asked] : format_of(path);

	if (!format)
		usage_error(&cmd_export_entry,
			    "which format? -f " FORMAT_NAMES);
	return format;
}

static void check_flags(const struct export *ex,
			const struct export_format *format)
{
	if (ex->samples && format != &export_csv)
		usage_error(&cmd_export_entry, "--samples is for -f csv");
	if (ex->merge && format != &export_speedscope)
		usage_error(&cmd_export_entry, "--merge is for -f speedscope");
}

static void prepare(struct export *ex)
{
	const struct profile *p = ex->p;
	char *why = prof_filter_init(&ex->filter, p);

	if (why)
		die("%s", why);
	/* Sums of these are numbers of symbols. */
	if ((uint64_t)p->nfuncs + p->nobjects + p->nstrings >= PROF_NONE / 2)
		die("%s has too many functions to export", p->path);
	if (ex->every_event && p->nevents > EXPORT_EVENTS_MAX)
		die("%s has %u events, more than one export has room for; "
		    "choose one with -e",
		    p->path, p->nevents);
	ex->event = prof_filter_event(&ex->filter);
	ex->unresolved = xcalloc(p->nobjects, sizeof(*ex->unresolved));
	if (!p->ended)
		warn("%s: the recording was cut; functions have no names",
		     p->path);
}

static void release(struct export *ex)
{
	uint32_t i;

	for (i = 0; i < ex->p->nobjects; i++)
		free(ex->unresolved[i]);
	free(ex->unresolved);
	prof_filter_release(&ex->filter);
	prof_close(ex->p);
}

static void write_out(struct export *ex, const struct export_format *format,
		      const char *path)
{
	struct export_file file;

	export_file_open(&file, path);
	ex->out = file.out;
	if (format->binary && isatty(fileno(file.out)))
		usage_error(&cmd_export_entry,
			    "%s is binary, not for a terminal; give -o FILE",
			    format->name);
	setvbuf(file.out, NULL, _IOFBF, 1 << 16);
	format->write(ex);
	export_file_close(&file);
	if (!ex->matched)
		warn("%s: no sample passes; the export is empty", ex->p->path);
}

static int export_run(int argc, char **argv)
{
	struct export ex = { .every_event = false };
	const char *path = NULL;
	unsigned asked = ARRAY_SIZE(formats);
	const struct opt opts[] = {
		{ OPT_CHOICE, 'f', "format", FORMAT_NAMES,
		  "else by -o's ending", &asked, 0, 0, NULL },
		{ OPT_STRING, 'o', "output", "FILE",
		  "write to FILE; - or none: standard output", &path, 0, 0,
		  NULL },
		{ OPT_FLAG, 0, "samples", NULL,
		  "csv: a row for each sample, not each stack", &ex.samples, 0,
		  0, NULL },
		{ OPT_FLAG, 0, "merge", NULL,
		  "speedscope: each stack once, not in order of time",
		  &ex.merge, 0, 0, NULL },
		PROF_FILTER_OPTS(ex.filter),
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	const struct export_format *format;
	struct strlist files = { .n = 0 };

	set_die_status(STATUS_FAIL);
	operands_parse(&cmd_export_entry, opts, argc, argv, &files);
	format = choose(asked, path);
	check_flags(&ex, format);
	ex.every_event = format->every_event && !ex.filter.event;
	ex.p = prof_open_operand(&cmd_export_entry, &files);
	prepare(&ex);
	write_out(&ex, format, path);
	release(&ex);
	free(files.v);
	return 0;
}

const struct cmd_entry cmd_export_entry = {
	.name = "export",
	.summary = "a profile for other tools, or as a flame graph",
	.usage = "[OPTION]... [FILE]",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = export_run,
};
