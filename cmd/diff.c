/* SPDX-License-Identifier: MIT
 *
 * diff.c - pfmon diff: what changed from one profile to another, by function or
 * by other keys; or from one result of pfmon count to another, which compare.c
 * does.  Shares are compared, since the lengths of two runs differ.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"
#include "diff.h"
#include "json.h"
#include "profile-module.h"
#include "report-priv.h"

static const char examples[] =
	"  pfmon diff old.pfm new.pfm          what takes more, and less\n"
	"  pfmon diff -s dso old.pfm new.pfm   by object\n"
	"  pfmon diff old.json new.json        two results of count -j\n";

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct asked {
	struct prof_filter filter;
	const char *sort;
	uint64_t top, width;
	unsigned format, colour;
	bool csv, json, inlines;
};

static void parse_options(int argc, char **argv, struct asked *a,
			  struct strlist *operands)
{
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_STRING, 's', "sort", "KEYS",
		  "function line address dso comm cpu source set time",
		  &a->sort, 0, 0, NULL },
		{ OPT_NUMBER, 'n', "top", "N", "so many rows (30)",
		  &a->top, 1, UINT32_MAX, NULL },
		{ OPT_FLAG, 0, "inline", NULL,
		  "inlined functions by themselves", &a->inlines, 0, 0, NULL },
		PROF_FILTER_OPTS(a->filter),
		{ OPT_CHOICE, 'f', "format", "text|json|csv",
		  "csv and json have all rows", &a->format, 0, 0, NULL },
		{ OPT_FLAG, 'j', "json", NULL, "-f json", &a->json, 0, 0,
		  NULL },
		{ OPT_FLAG, 'x', "csv", NULL, "-f csv", &a->csv, 0, 0, NULL },
		{ OPT_NUMBER, 0, "width", "N", "columns of the text, 80 to 200",
		  &a->width, 80, 200, NULL },
		{ OPT_CHOICE, 0, "color|colour", "auto|always|never",
		  "or NO_COLOR", &a->colour, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */

	operands_parse(&cmd_diff_entry, opts, argc, argv, operands);
	if (operands->n != 2)
		usage_error(&cmd_diff_entry, "two files, the old one first");
	if (a->json)
		a->format = FORMAT_JSON;
	if (a->csv)
		a->format = FORMAT_CSV;
}

enum file_kind { FILE_PROFILE, FILE_RESULT };

/* By what it begins with, not by its name. */
static enum file_kind kind_of(const char *path)
{
	char head[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	const char *p;

	if (fd < 0)
		die("%s: %m", path);
	n = read(fd, head, sizeof(head) - 1);
	if (n < 0 && errno != EISDIR)
		die("%s: %m", path);
	close(fd);
	for (p = head; *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r';)
		p++;
	return *p == '{' ? FILE_RESULT : FILE_PROFILE;
}

static void put_line(void *arg, const char *line)
{
	fprintf(arg, "%s\n", line);
}

static void put_json(FILE *f, struct json_t *obj)
{
	char *line = js_line(obj);

	fprintf(f, "%s\n", line);
	free(line);
}

static void diff_results(FILE *f, const struct asked *a,
			 const struct report_style *s, const char **paths)
{
	struct compare_style style = {
		.width = s->width, .utf8 = s->utf8, .put = put_line, .arg = f
	};
	struct record rec[2];
	struct comparison cmp;
	struct json_t *obj;
	char *why;
	unsigned i;

	if (a->format == FORMAT_CSV)
		usage_error(
			&cmd_diff_entry,
			"-f csv is of profiles; results have text and json");
	json_init_for("a result file");
	for (i = 0; i < 2; i++)
		if (record_read(&rec[i], paths[i], &why) < 0)
			die("%s", why);
	compare_records(&cmp, &rec[0], &rec[1]);
	if (a->format == FORMAT_JSON) {
		obj = js_object();
		js_set(obj, "schema", js_number(true, 1));
		js_set(obj, "pfmon", js_text(PACKAGE_VERSION));
		js_set(obj, "comparison", compare_json(&cmp));
		put_json(f, obj);
	} else {
		compare_text(&cmp, &style);
	}
	compare_release(&cmp);
	record_release(&rec[0]);
	record_release(&rec[1]);
}

static uint32_t find_event(const struct profile *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->nevents; i++)
		if (!strcmp(p->strings[p->events[i].name], name))
			return i;
	return PROF_NONE;
}

static void diff_event(FILE *f, struct diff *d, uint32_t old, uint32_t new)
{
	uint32_t event[2] = { old, new };
	struct report r[2];
	unsigned i;

	for (i = 0; i < 2; i++) {
		prof_filter_set_event(&d->filters[i], event[i]);
		d->opts[i].filter = &d->filters[i];
		report_build(&r[i], d->p[i], &d->opts[i], event[i]);
		d->r[i] = &r[i];
	}
	diff_join(d);
	if (d->format == FORMAT_JSON)
		js_append(d->events, diff_json(d));
	else if (d->format == FORMAT_CSV)
		diff_csv(f, d);
	else
		diff_text(f, d);
	diff_release(d);
	report_release(&r[0]);
	report_release(&r[1]);
}

/* The events that both have; at least one, or there is nothing to say. */
static void diff_events(FILE *f, struct diff *d, bool one)
{
	uint32_t n = one ? 1 : d->p[0]->nevents, i, old, new, done = 0;

	for (i = 0; i < n; i++) {
		const struct profile *p = d->p[0];

		old = one ? prof_filter_event(&d->filters[0]) : i;
		new = one ? prof_filter_event(&d->filters[1]) :
			    find_event(d->p[1],
				       p->strings[p->events[old].name]);
		if (new == PROF_NONE)
			continue;
		if (done++ && d->format == FORMAT_TEXT)
			fputc('\n', f);
		diff_event(f, d, old, new);
	}
	if (!done)
		die("%s has %s, which %s has not: they cannot be compared",
		    d->p[0]->path, d->p[0]->strings[d->p[0]->events[0].name],
		    d->p[1]->path);
}

/* The file that was run, by the first word of the command; PROF_NONE: unknown. */
static uint32_t program_of(const struct profile *p)
{
	const char *command = prof_meta(p, "command");
	char *word;
	uint32_t i;

	if (!command)
		return PROF_NONE;
	word = xasprintf("%.*s", (int)strcspn(command, " "), command);
	for (i = 0; i < p->nobjects; i++)
		if (p->objects[i].kind == PROF_ELF &&
		    !strcmp(report_object(p, i), report_base(word)))
			break;
	free(word);
	return i < p->nobjects ? i : PROF_NONE;
}

/*
 * Two builds of a program have two names, or are run one after the other: in the
 * old profile it goes by the name it has in the new one.
 */
static void join_programs(struct diff *d)
{
	uint32_t old = program_of(d->p[0]), new = program_of(d->p[1]), i;
	const char *name;

	if (old == PROF_NONE || new == PROF_NONE)
		return;
	name = report_object(d->p[0], old);
	for (i = 0; i < d->p[1]->nobjects; i++)
		if (!strcmp(name, report_object(d->p[1], i)))
			return;
	d->renamed = xasprintf("program: %s, then %s", name,
			       report_object(d->p[1], new));
	d->p[0]->strings[d->p[0]->objects[old].path] =
		d->p[1]->strings[d->p[1]->objects[new].path];
}

static void open_profiles(struct diff *d, const struct asked *a,
			  const char **paths)
{
	char *why;
	unsigned i;

	for (i = 0; i < 2; i++) {
		d->p[i] = prof_open(paths[i], &why);
		if (!d->p[i])
			die("%s", why);
	}
	join_programs(d);
	for (i = 0; i < 2; i++) {
		d->filters[i] = a->filter;
		why = prof_filter_init(&d->filters[i], d->p[i]);
		if (why)
			die("%s: %s", paths[i], why);
	}
}

static void diff_profiles(FILE *f, const struct asked *a,
			  const struct report_style *s, const char **paths)
{
	struct diff d = { .style = s, .format = a->format, .top = a->top };
	struct report_opt o = { .nkeys = 1,
				.inlines = a->inlines,
				.no_children = true };
	struct json_t *obj;
	unsigned i;

	if (a->sort && !report_keys_parse(a->sort, &o))
		usage_error(&cmd_diff_entry,
			    "-s '%s': up to %d of function, line, address, "
			    "dso, comm, cpu, source, set, time",
			    a->sort, KEYS_MAX);
	if (a->format == FORMAT_JSON) {
		json_init_for("-f json");
		d.events = js_array();
	}
	d.opts[0] = d.opts[1] = o;
	open_profiles(&d, a, paths);
	if (a->format == FORMAT_CSV)
		diff_csv_head(f, &o);
	diff_events(f, &d, a->filter.event);
	if (a->format == FORMAT_TEXT)
		diff_trust(f, &d);
	if (a->format == FORMAT_JSON) {
		obj = js_object();
		js_set(obj, "schema", js_number(true, 1));
		js_set(obj, "pfmon", js_text(PACKAGE_VERSION));
		js_set(obj, "old", diff_json_file(d.p[0]));
		js_set(obj, "new", diff_json_file(d.p[1]));
		js_set(obj, "events", d.events);
		put_json(f, obj);
	}
	for (i = 0; i < 2; i++) {
		prof_filter_release(&d.filters[i]);
		prof_close(d.p[i]);
	}
	free(d.renamed);
}

static int diff_run(int argc, char **argv)
{
	struct strlist operands = { .n = 0 };
	struct report_style style = { .utf8 = text_is_utf8() };
	struct asked a = { .format = FORMAT_TEXT };
	enum file_kind kinds[2];
	char *text;
	size_t size;
	FILE *f;

	set_die_status(STATUS_FAIL);
	parse_options(argc, argv, &a, &operands);
	style.width = a.width ? (unsigned)a.width : text_width(STDOUT_FILENO);
	style.colour = text_colour(a.colour, STDOUT_FILENO);
	kinds[0] = kind_of(operands.v[0]);
	kinds[1] = kind_of(operands.v[1]);
	if (kinds[0] != kinds[1])
		die("%s and %s are a profile and a result of pfmon count: "
		    "they cannot be compared",
		    operands.v[0], operands.v[1]);
	f = open_memstream(&text, &size);
	if (!f)
		die("out of memory");
	if (kinds[0] == FILE_RESULT)
		diff_results(f, &a, &style, operands.v);
	else
		diff_profiles(f, &a, &style, operands.v);
	if (fclose(f) != 0)
		die("out of memory");
	if (write_all(STDOUT_FILENO, text, size) < 0)
		die("cannot write to standard output: %m");
	free(text);
	free(operands.v);
	free(a.filter.func.v);
	free(a.filter.dso.v);
	free(a.filter.comm.v);
	free(a.filter.pid.v);
	free(a.filter.tid.v);
	return 0;
}

const struct cmd_entry cmd_diff_entry = {
	.name = "diff",
	.summary = "what changed from one profile, or result, to another",
	.usage = "[OPTION]... OLD NEW",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = diff_run,
};
