/* SPDX-License-Identifier: MIT
 *
 * top.c - pfmon top: its options and the rules between them.  What it counts is
 * the model's, top-model.c and the rest of top-priv.h; the screen is another
 * file's.
 */
#include "config.h"

#include "top.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "profile-module.h"
#include "recfile.h"

static const char examples[] =
	"  pfmon top                       the screen; ? shows its keys\n"
	"  pfmon top --view=functions      where the CPUs are\n"
	"  pfmon top -b --count=5 -n 10    five tables of ten processes\n"
	"  pfmon top -p 1234 -e cycles,page-faults\n";

static struct top_opt asked = { .interval_ns = NS_PER_S };

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_TIME, 'I', "interval", "TIME",
	  "so often (1s 250ms; 5 is 5 s)",
	  &asked.interval_ns, NS_PER_S, 0, NULL },
	{ OPT_CHOICE, 0, "view", "processes|functions|cpus|events|memory",
	  "the first tab", &asked.view, 0, 0, NULL },
	{ OPT_STRING, 's', "sort", "COLUMN",
	  "by this column: cpu, ipc, rss, ...", &asked.sort, 0, 0, NULL },
	{ OPT_NUMBER, 'n', "rows", "N", "rows of a table at most",
	  &asked.rows, 1, 1000000, NULL },
	{ OPT_FLAG, 'H', "threads", NULL, "a row for each thread",
	  &asked.threads, 0, 0, NULL },
	{ OPT_FLAG, 0, "idle", NULL, "those that did not run, too",
	  &asked.idle, 0, 0, NULL },
	{ OPT_FLAG, 0, "sticky", NULL, "what ended stays",
	  &asked.sticky, 0, 0, NULL },
	{ OPT_LIST, 'e', "event|events", "LIST",
	  "events: cycles,page-faults:u,...",
	  &asked.events, 0, 0, NULL },
	{ OPT_LIST, 'M', "group|metrics", "NAME",
	  "a group of metrics; see pfmon sets list",
	  &asked.groups, 0, 0, NULL },
	{ OPT_LIST, 'g', "", "NAME", NULL, &asked.groups, 0, 0, NULL },
	{ OPT_LIST, 0, "metric", "N=EXPR[U]",
	  "a metric of the events: ipc=instructions/cycles",
	  &asked.metrics, 0, 0, NULL },
	{ OPT_FLAG, 'u', "user-level|all-user", NULL,
	  "count at user level; -k at kernel level",
	  &asked.user, 0, 0, NULL },
	{ OPT_FLAG, 'k', "kernel-level|all-kernel", NULL, NULL,
	  &asked.kernel, 0, 0, NULL },
	{ OPT_LIST, 'p', "pid", "PID,...", "these processes only",
	  &asked.pids, 0, 0, NULL },
	{ OPT_FLAG, 'a', "all-cpus|system-wide", NULL,
	  "all CPUs and processes, as without it",
	  &asked.all_cpus, 0, 0, NULL },
	{ OPT_STRING, 'C', "cpu|cpu-list", "LIST",
	  "these CPUs, and who ran there last",
	  &asked.cpus, 0, 0, NULL },
	{ OPT_LIST, 0, "cgroup", "PATH,...",
	  "processes of a control group, and below",
	  &asked.cgroups, 0, 0, NULL },
	{ OPT_LIST, 0, "uid|user", "USER,...", "processes of a user",
	  &asked.users, 0, 0, NULL },
	{ OPT_STRING, 'F', "freq", "HZ|max",
	  "samples of a CPU a second, of functions (997)",
	  &asked.freq, 0, 0, NULL },
	{ OPT_FLAG, 'b', "batch", NULL, "tables on standard output",
	  &asked.batch, 0, 0, NULL },
	{ OPT_NUMBER, 0, "count", "N", "so many of them",
	  &asked.count, 1, 1000000000, NULL },
	{ OPT_FLAG, 'j', "json", NULL, "-b with a JSON object a line",
	  &asked.json, 0, 0, NULL },
	{ OPT_STRING, 0, "record", "FILE", "keep the session in a file",
	  &asked.record, 0, 0, NULL },
	{ OPT_STRING, 0, "replay", "FILE", "show one that was kept",
	  &asked.replay, 0, 0, NULL },
	{ OPT_CHOICE, 0, "backend", "auto|perf|msr",
	  "who counts; msr: CPUs only", &asked.backend, 0, 0, NULL },
	{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
/* clang-format on */

struct rule {
	bool broken;
	const char *text;
};

static void check_options(const struct top_opt *o)
{
	bool targets = o->pids.n || o->cgroups.n || o->users.n || o->cpus;
	bool msr = o->backend == TOP_MSR;
	const struct rule rules[] = {
		{ o->all_cpus && targets,
		  "-a goes without -p, -C, --cgroup and --uid" },
		{ o->replay && o->record, "--replay goes without --record" },
		{ o->replay && (targets || o->events.n || o->groups.n ||
				o->metrics.n || msr),
		  "--replay shows what was recorded: it goes without -e, -M, "
		  "--metric, -p, -C, --cgroup, --uid and --backend" },
		{ o->json && !o->batch, "-j needs -b" },
		{ o->count && !o->batch, "--count needs -b" },
		{ msr && o->pids.n,
		  "--backend=msr goes without -p: registers belong to a CPU, "
		  "not to a thread" },
		{ o->interval_ns < 10000000,
		  "-I: an interval has 10 ms at least" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken)
			usage_error(&cmd_top_entry, "%s", rules[i].text);
}

static void check_freq(struct top_opt *o)
{
	o->hz = rate_parse(o->freq);
	if (!o->hz)
		usage_error(&cmd_top_entry,
			    "-F: '%s' is neither a number of Hz nor max",
			    o->freq);
}

static void check_sort(struct top *t, const struct top_opt *o)
{
	const struct top_column *cols;
	char *list = xstrdup(""), *more;
	unsigned i, n;

	cols = top_columns(t, (enum top_view)o->view, &n);
	for (i = 0; i < n; i++) {
		if (!strcmp(cols[i].id, o->sort)) {
			free(list);
			return;
		}
		more = xasprintf("%s%s%s", list, i ? ", " : "", cols[i].id);
		free(list);
		list = more;
	}
	usage_error(&cmd_top_entry,
		    "-s: there is no column '%s'; there are: %s", o->sort,
		    list);
}

static int top_run(int argc, char **argv)
{
	int first = options_parse(&cmd_top_entry, opts, argc, argv), status;
	struct top_opt *o = &asked;
	struct top *t;

	if (first < argc)
		usage_error(&cmd_top_entry, "'%s' is no option", argv[first]);
	check_options(o);
	set_die_status(STATUS_FAIL);
	check_freq(o);
	if (o->json)
		json_init();
	if (!o->batch && (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)))
		die("the screen needs a terminal; -b prints tables");
	t = top_new(o);
	if (o->sort)
		check_sort(t, o);
	top_start(t);
	status = o->batch ? top_batch(t, o) : top_screen(t, o);
	if (top_free(t) < 0 && !status)
		status = STATUS_FAIL;
	free(o->events.v);
	free(o->groups.v);
	free(o->metrics.v);
	free(o->pids.v);
	free(o->cgroups.v);
	free(o->users.v);
	return status;
}

const struct cmd_entry cmd_top_entry = {
	.name = "top",
	.summary = "processes, functions and CPUs as they run",
	.usage = "[OPTION]...",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = top_run,
};
