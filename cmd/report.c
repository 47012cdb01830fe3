/* SPDX-License-Identifier: MIT
 *
 * report.c - pfmon report: its options, and a table or trees for each event; and
 * the short report at the end of pfmon sample.
 */
#include "config.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "profile-module.h"
#include "report-metrics.h"
#include "report-priv.h"

#define MIN_TEXT 0.1 /* percent, of what is shown to people by itself */
#define MIN_TREE 1.0

static const char examples[] =
	"  pfmon report                        the newest *.pfm here\n"
	"  pfmon report --tree=callers -S malloc x.pfm   who calls it\n"
	"  pfmon report -s comm,dso x.pfm      by command and object\n";

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct asked {
	struct prof_filter filter;
	const char *input, *sort, *per, *tree, *min, *cum, *format;
	uint64_t top, depth, width;
	bool no_children, inlines, header, no_demangle;
	unsigned colour;
};

static void set_key(const char *arg, void *value)
{
	(void)arg;
	*(const char **)value = "function";
}

static void set_address(const char *arg, void *value)
{
	(void)arg;
	*(const char **)value = "address";
}

static void set_line(const char *arg, void *value)
{
	(void)arg;
	*(const char **)value = "line";
}

static void parse_options(int argc, char **argv, struct asked *a,
			  struct strlist *operands)
{
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_STRING, 's', "sort", "KEYS",
		  "function line address dso comm pid tid cpu time",
		  &a->sort, 0, 0, NULL },
		{ OPT_STRING, 0, "per", "KEY",
		  "the same for one; also source, set", &a->per, 0, 0,
		  NULL },
		{ OPT_CALL, 0, "smpl-per-function", NULL, NULL, &a->per, 0, 0,
		  set_key },
		{ OPT_CALL, 0, "smpl-per-address", NULL, NULL, &a->per, 0, 0,
		  set_address },
		{ OPT_CALL, 0, "smpl-per-line", NULL, NULL, &a->per, 0, 0,
		  set_line },
		{ OPT_NUMBER, 'n', "top|smpl-show-top", "N", "so many rows",
		  &a->top, 1, UINT32_MAX, NULL },
		{ OPT_STRING, 0, "cum|smpl-cum-threshold", "PCT",
		  "rows until they are so much together", &a->cum, 0, 0, NULL },
		{ OPT_STRING, 0, "min|percent-limit", "PCT",
		  "rows of so much and more (text: 0.1, trees: 1)", &a->min, 0,
		  0, NULL },
		{ OPT_OPTARG, 0, "tree", "callers|callees",
		  "who calls, or is called by, the functions", &a->tree, 0, 0,
		  NULL },
		{ OPT_NUMBER, 0, "depth", "N", "levels of the tree",
		  &a->depth, 1, TREE_DEPTH, NULL },
		{ OPT_FLAG, 0, "no-children", NULL, "self only, no totals",
		  &a->no_children, 0, 0, NULL },
		{ OPT_FLAG, 0, "inline", NULL,
		  "inlined functions by themselves", &a->inlines, 0, 0, NULL },
		{ OPT_FLAG, 0, "no-demangle", NULL,
		  "names as the linker has them", &a->no_demangle, 0, 0, NULL },
		PROF_FILTER_OPTS(a->filter),
		{ OPT_STRING, 'i', "input", "FILE", "the same as FILE",
		  &a->input, 0, 0, NULL },
		{ OPT_FLAG, 0, "header", NULL,
		  "what was recorded, where and how", &a->header, 0, 0, NULL },
		{ OPT_STRING, 'f', "format", "text|json|csv",
		  "csv and json have all rows and whole names", &a->format, 0,
		  0, NULL },
		{ OPT_NUMBER, 0, "width", "N", "columns of the text, 80 to 200",
		  &a->width, 80, 200, NULL },
		{ OPT_CHOICE, 0, "color|colour", "auto|always|never",
		  "or NO_COLOR", &a->colour, 0, 0, NULL },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */

	operands_parse(&cmd_report_entry, opts, argc, argv, operands);
	if (a->input)
		strlist_add(operands, a->input);
}

static double percent_of(const char *option, const char *text, double none)
{
	char *end;
	double x;

	if (!text)
		return none;
	x = strtod(text, &end);
	if (end == text || (*end && strcmp(end, "%") != 0) || !(x >= 0) ||
	    x > 100)
		usage_error(&cmd_report_entry, "%s: '%s' is no percentage",
			    option, text);
	return x;
}

static unsigned choose_format(const char *text)
{
	static const char *const formats[] = { "text", "json", "csv" };
	static const char *const exports[] = { "folded", "pprof", "speedscope",
					       "firefox", "html" };
	unsigned i;

	for (i = 0; text && i < ARRAY_SIZE(formats); i++)
		if (!strcmp(text, formats[i]))
			return i;
	for (i = 0; text && i < ARRAY_SIZE(exports); i++)
		if (!strcmp(text, exports[i]))
			usage_error(&cmd_report_entry,
				    "-f %s is written by pfmon export -f %s",
				    text, text);
	if (text)
		usage_error(&cmd_report_entry,
			    "-f '%s' is none of text, json, csv", text);
	return FORMAT_TEXT;
}

static void choose_keys(struct report_opt *o, const struct asked *a)
{
	const char *keys = a->sort ? a->sort : a->per ? a->per : "function";

	if (!report_keys_parse(keys, o))
		usage_error(&cmd_report_entry,
			    "-s '%s': up to %d of function, line, address, "
			    "dso, comm, pid, tid, cpu, source, set, time",
			    keys, KEYS_MAX);
	if (o->tree && (o->nkeys > 1 || report_key_is_of_sample(o->keys[0])))
		usage_error(&cmd_report_entry,
			    "--tree goes by one of function, line, address, "
			    "dso, source, not by '%s'",
			    keys);
}

static void choose_tree(struct report_opt *o, const char *tree)
{
	if (!tree)
		return;
	if (!*tree || !strcmp(tree, "callers"))
		o->tree = TREE_CALLERS;
	else if (!strcmp(tree, "callees"))
		o->tree = TREE_CALLEES;
	else
		usage_error(&cmd_report_entry,
			    "--tree: '%s' is none of callers|callees", tree);
}

static void choose(struct report_opt *o, struct asked *a, unsigned format)
{
	double min = a->top || a->cum || format != FORMAT_TEXT ? 0 : MIN_TEXT;

	choose_tree(o, a->tree);
	choose_keys(o, a);
	o->filter = &a->filter;
	o->inlines = a->inlines;
	o->linkage = a->no_demangle;
	o->no_children = a->no_children;
	o->top = a->top;
	o->depth = (unsigned)a->depth;
	o->min = percent_of("--min", a->min, o->tree ? MIN_TREE : min);
	o->cum = percent_of("--cum", a->cum, 0);
}

/* There were none at all, or the filters leave none. */
static void put_none(FILE *f, const struct report_style *s,
		     const struct profile *p)
{
	if (p->nsamples || !p->ended)
		fputs(" no sample matches\n", f);
	else
		text_wrap(
			f, s, 1,
			" no samples: the event came less often than they are "
			"taken, as time does where a program only waits; "
			"sample with a smaller -c or a larger -F");
}

static void put_text(FILE *f, const struct report_style *s,
		     const struct report *reports, size_t n)
{
	struct report_metrics *m = report_metrics_new(reports, n);
	size_t i;

	for (i = 0; i < n; i++) {
		const struct report *r = &reports[i];

		report_event_head(f, s, r);
		if (!r->all.samples)
			put_none(f, s, r->p);
		else if (r->opt->tree)
			report_tree_text(f, s, r);
		else
			report_flat(f, s, r, false);
		fputc('\n', f);
		if (n > 1) {
			report_trust_event(f, s, r);
			fputc('\n', f);
		}
	}
	report_metrics_text(f, s, m);
	report_metrics_free(m);
	if (n > 1)
		report_trust_file(f, s, reports->p);
	else
		report_trust(f, s, reports);
}

static void put_all(FILE *f, const struct report_style *s,
		    const struct report *reports, size_t n, unsigned format)
{
	size_t i;

	if (format == FORMAT_TEXT)
		put_text(f, s, reports, n);
	if (format == FORMAT_JSON)
		report_json(f, reports, n);
	if (format == FORMAT_CSV)
		report_csv_head(f, reports->opt);
	for (i = 0; format == FORMAT_CSV && i < n; i++)
		report_csv(f, &reports[i]);
}

/* One event, or all; each is read for itself, so one at a time is counted. */
static struct report *build_all(struct profile *p, const struct report_opt *o,
				size_t *n)
{
	uint32_t only = prof_filter_event(o->filter), i;
	struct report *reports;

	*n = o->filter->event ? 1 : p->nevents;
	reports = xcalloc(*n, sizeof(*reports));
	for (i = 0; i < *n; i++) {
		uint32_t event = o->filter->event ? only : i;

		prof_filter_set_event(o->filter, event);
		report_build(&reports[i], p, o, event);
	}
	return reports;
}

static void release(struct asked *a)
{
	prof_filter_release(&a->filter);
	free(a->filter.func.v);
	free(a->filter.dso.v);
	free(a->filter.comm.v);
	free(a->filter.pid.v);
	free(a->filter.tid.v);
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	if (!f)
		die("out of memory");
	return f;
}

static void check_keys(const struct report_opt *o, const struct profile *p)
{
	static const enum report_key not_kept[] = { KEY_TID, KEY_CPU,
						    KEY_TIME };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_kept); i++)
		if (report_has_key(o, not_kept[i]) && prof_filter_by_address(p))
			die("-s %s: format hist counts by address and process",
			    report_key_name(not_kept[i]));
}

static int report_run(int argc, char **argv)
{
	struct asked a = { .input = NULL };
	struct report_opt o = { .nkeys = 0 };
	struct strlist operands = { .n = 0 };
	struct report_style style = { .utf8 = text_is_utf8() };
	struct report *reports;
	struct profile *p;
	unsigned format;
	char *text, *bad;
	size_t size, n, i;
	FILE *f;

	set_die_status(STATUS_FAIL);
	parse_options(argc, argv, &a, &operands);
	format = choose_format(a.format);
	choose(&o, &a, format);
	style.width = a.width ? (unsigned)a.width : text_width(STDOUT_FILENO);
	style.colour = text_colour(a.colour, STDOUT_FILENO);
	if (format == FORMAT_JSON)
		json_init_for("-f json");
	p = prof_open_operand(&cmd_report_entry, &operands);
	bad = prof_filter_init(&a.filter, p);
	if (bad)
		die("%s", bad);
	check_keys(&o, p);
	reports = build_all(p, &o, &n);
	f = open_text(&text, &size);
	if (a.header && format == FORMAT_TEXT)
		report_header(f, p);
	put_all(f, &style, reports, n, format);
	if (fclose(f) != 0)
		die("out of memory");
	if (write_all(STDOUT_FILENO, text, size) < 0)
		die("cannot write to standard output: %m");
	free(text);
	for (i = 0; i < n; i++)
		report_release(&reports[i]);
	free(reports);
	release(&a);
	free(operands.v);
	prof_close(p);
	return 0;
}

static char *file_size(const struct profile *p)
{
	struct stat st;

	if (stat(p->path, &st) < 0)
		return xstrdup("");
	if (st.st_size < 1000)
		return xasprintf("%lld bytes", (long long)st.st_size);
	if (st.st_size < 1000000)
		return xasprintf("%.0f kB", (double)st.st_size / 1e3);
	return xasprintf("%.1f MB", (double)st.st_size / 1e6);
}

static void put_summary(FILE *f, const struct report_style *s,
			const struct profile *p)
{
	const struct prof_totals *t = &p->totals;
	char *n = text_grouped(p->nsamples), *lost = text_grouped(t->lost);
	char *size = file_size(p), *killed = report_killed(p);
	char *left, *right, *path;

	left = xasprintf(" %s samples in %.1f s, %s lost, %llu thread%s%s", n,
			 (double)t->duration_ns / 1e9, lost,
			 (unsigned long long)t->threads,
			 t->threads == 1 ? "" : "s", killed);
	path = text_fit(p->path, s->width / 2, s->utf8);
	right = xasprintf("%s  %s", path, size);
	if (text_columns(left) + text_columns(right) + 2 <= s->width)
		fprintf(f, "%s%*s%s\n", left,
			(int)(s->width - text_columns(left) -
			      text_columns(right)),
			"", right);
	else
		fprintf(f, "%s\n %s\n", left, right);
	free(n);
	free(lost);
	free(size);
	free(killed);
	free(left);
	free(right);
	free(path);
}

void report_short(struct profile *p, int fd, unsigned width, unsigned rows)
{
	struct prof_filter filter = { .event = NULL };
	struct report_opt o = { .nkeys = 1, .top = rows, .filter = &filter };
	struct report_style style = { .width = width,
				      .utf8 = text_is_utf8(),
				      .colour = text_colour(0, fd) };
	struct report *reports;
	char *text, *bad;
	size_t size, n, i;
	FILE *f = open_text(&text, &size);

	bad = prof_filter_init(&filter, p);
	if (bad)
		die("%s", bad);
	reports = build_all(p, &o, &n);
	put_summary(f, &style, p);
	for (i = 0; i < n; i++) {
		fputc('\n', f);
		if (n > 1)
			report_event_head(f, &style, &reports[i]);
		if (reports[i].all.samples)
			report_flat(f, &style, &reports[i], true);
		else
			put_none(f, &style, p);
		if (n > 1)
			report_trust_event(f, &style, &reports[i]);
	}
	fputc('\n', f);
	if (n > 1)
		report_trust_file(f, &style, p);
	else
		report_trust(f, &style, reports);
	for (i = 0; i < n; i++)
		report_release(&reports[i]);
	if (fclose(f) != 0)
		die("out of memory");
	write_all(fd, text, size);
	free(text);
	free(reports);
	prof_filter_release(&filter);
}

const struct cmd_entry cmd_report_entry = {
	.name = "report",
	.summary = "functions of a profile, callers and callees",
	.usage = "[OPTION]... [FILE]",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = report_run,
};
