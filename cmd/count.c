/* SPDX-License-Identifier: MIT
 *
 * count.c - pfmon count: its options and the rules between them.  The runs
 * are in run.c, and each step of a run in a file of its own; see count.h.
 */
#include "config.h"

#include "count.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static const char examples[] =
	"  pfmon count ls -l               the usual events of a command\n"
	"  pfmon count -e cycles,page-faults -r 5 -- ./prog\n"
	"  pfmon count -p 1234 -d 10s      a running process, 10 seconds\n"
	"  pfmon count -a -A -I 1s         each CPU, every second\n";

static void set_per_cpu(const char *arg, void *value)
{
	(void)arg;
	*(unsigned *)value = PER_CPU;
}

static void show_version(const char *arg, void *value)
{
	(void)arg;
	(void)value;
	print_version();
	exit(0);
}

static const struct cmd_entry *entry = &cmd_count_entry;

/* One rule between options: broken, the text is a usage error. */
struct rule {
	bool broken;
	const char *text;
};

static void check_options(const struct count_opt *o)
{
	bool system = o->all_cpus || o->cpus, attach = o->pids.n || o->tids.n;
	bool split = o->per == PER_THREAD || o->per == PER_PROCESS;
	bool follows = split && o->command && !attach && !system;
	bool msr = o->backend == BACKEND_MSR;
	const struct rule rules[] = {
		{ !o->command && !system && !attach && !o->dry_run,
		  "nothing to count: give a command, -p, --tid, -a or -C" },
		{ system && attach, "-p and --tid go without -a and -C" },
		{ o->pids.n && o->tids.n, "-p goes without --tid" },
		{ msr && attach,
		  "--backend=msr goes without -p and --tid: registers belong "
		  "to a CPU, not to a thread" },
		{ msr && split,
		  "--backend=msr goes without --per=thread and --per=process: "
		  "registers belong to a CPU, not to a thread" },
		{ msr && o->follow != FOLLOW_UNSET,
		  "--backend=msr goes without --follow: everything on the CPU "
		  "is counted, whoever started it" },
		{ o->pin && !msr, "--pin-command needs --backend=msr" },
		{ o->pin && (!o->command || o->all_cpus),
		  "--pin-command needs a command, and a CPU by -C" },
		{ o->isolate && !(msr && o->command && (o->pin || !system)),
		  "--isolate needs a command that is pinned: --backend=msr "
		  "without -a, or with -C and --pin-command" },
		{ o->per == PER_CPU && !system,
		  "-A and --per=cpu need -a or -C" },
		{ split && system,
		  "--per=thread and --per=process go without -a and -C" },
		{ o->repeat > 1 && !o->command, "-r needs a command" },
		{ o->warmup && !o->command, "--warmup needs a command" },
		{ o->repeat > 1 && o->interval_ns, "-r goes without -I" },
		{ o->repeat > 1 && split,
		  "-r goes without --per=thread and --per=process: "
		  "the threads of two runs are not the same" },
		{ follows && o->interval_ns,
		  "-I goes with --per=thread and --per=process only beside "
		  "-p: the rows of a command are known at its end" },
		{ o->interval_count && !o->interval_ns,
		  "--interval-count needs -I" },
		{ o->table && o->repeat < 2, "--table needs -r" },
		{ o->switch_overflow && !system && !msr && !o->tids.n &&
			  o->follow != FOLLOW_NONE,
		  "--switch-overflow needs --follow=none, -C or -a: of what "
		  "a program starts the kernel tells no overflow" },
		{ o->exact && !o->command, "--exact needs a command" },
		{ o->exact && (o->repeat > 1 || o->interval_ns || split),
		  "--exact goes without -r, -I, --per=thread and "
		  "--per=process: it has a run for each set" },
		{ o->compare && (o->csv || o->interval_ns),
		  "--compare goes without -x and -I" },
		{ o->versus &&
			  (!o->command || o->csv || o->interval_ns || split),
		  "--versus needs a command, and goes without -x, -I, "
		  "--per=thread and --per=process" },
		{ o->versus && (o->compare || o->exact),
		  "--versus goes without --compare and --exact" },
		{ (o->pre || o->post) && !o->command,
		  "--pre and --post need a command" },
		{ o->json && o->csv, "-j goes without -x" },
		{ o->csv && o->csv[0] && o->csv[1],
		  "--csv: the separator is one character" },
		{ o->csv && (o->csv[0] == '"' || o->csv[0] == '\n'),
		  "--csv: a quote or a newline separates nothing" },
		{ o->append && !o->output, "--append needs -o" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken)
			usage_error(entry, "%s", rules[i].text);
}

/* Where no option says who counts, the environment may. */
void backend_from_environment(struct count_opt *o)
{
	const char *name = secure_getenv("PFM_BACKEND");

	if (o->backend != BACKEND_AUTO || !name)
		return;
	if (!strcmp(name, "perf"))
		o->backend = BACKEND_PERF;
	if (!strcmp(name, "msr"))
		o->backend = BACKEND_MSR;
}

static void set_debug(const char *categories)
{
	if (categories && pfm_set_debug(*categories ? categories : "all") < 0)
		usage_error(entry, "--debug: %s", pfm_reason());
}

/* What was asked, of which there is one. */
static struct count_opt asked = {
	.repeat = 1,
	.follow = FOLLOW_UNSET,
	.switch_ns = 100000000,
	.seed = 1,
};
static const char *debug;
static bool digits = true;

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_LIST, 'e', "event|events", "LIST",
	  "events: cycles,page-faults:u,r01c2,...",
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
	{ OPT_LIST, 'p', "pid|attach-task", "PID,...",
	  "all threads of running processes", &asked.pids, 0, 0, NULL },
	{ OPT_LIST, 0, "tid", "TID,...", "these threads only",
	  &asked.tids, 0, 0, NULL },
	{ OPT_FLAG, 'a', "all-cpus|system-wide", NULL,
	  "everything on all CPUs", &asked.all_cpus, 0, 0, NULL },
	{ OPT_STRING, 'C', "cpu|cpu-list", "LIST",
	  "on these CPUs: 0-3,8 S0 S0:0-3 N1 L3:0 core atom",
	  &asked.cpus, 0, 0, NULL },
	{ OPT_CALL, 'A', "no-aggr", NULL, "a row per CPU (--per=cpu)",
	  &asked.per, 0, 0, set_per_cpu },
	{ OPT_CHOICE, 0, "per", "total|thread|process|cpu",
	  "what a row is", &asked.per, 0, 0, NULL },
	{ OPT_CHOICE, 0, "follow", "all|none",
	  "count what the command starts, too",
	  &asked.follow, 0, 0, NULL },
	{ OPT_TIME, 0, "switch-timeout", "TIME",
	  "several sets: each so long (100 is 100 ms)",
	  &asked.switch_ns, 1000000, 0, NULL },
	{ OPT_STRING, 0, "switch-overflow", "EV@N",
	  "after N of that event instead",
	  &asked.switch_overflow, 0, 0, NULL },
	{ OPT_FLAG, 0, "exact", NULL, "a run for each set, no estimates",
	  &asked.exact, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-merge", NULL, "each -e a set, even if all fit",
	  &asked.no_merge, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-scale", NULL, "what was counted, no estimates",
	  &asked.no_scale, 0, 0, NULL },
	{ OPT_FLAG, 0, "show-duty", NULL, "the share of time of each event",
	  &asked.show_duty, 0, 0, NULL },
	{ OPT_NUMBER, 0, "seed", "N", "of the lengths of the sets' runs",
	  &asked.seed, 0, UINT64_MAX, NULL },
	{ OPT_TIME, 'D', "delay|trigger-start-delay", "TIME",
	  "start counting later (10s 250ms; 5 is 5 s)",
	  &asked.delay_ns, NS_PER_S, 0, NULL },
	{ OPT_TIME, 'd', "duration|session-timeout|timeout", "TIME",
	  "so long, then SIGTERM to the command (5 is 5 s)",
	  &asked.duration_ns, NS_PER_S, 0, NULL },
	{ OPT_TIME, 'I', "interval|print-interval", "TIME",
	  "print what was counted each TIME (100 is 100 ms)",
	  &asked.interval_ns, 1000000, 0, NULL },
	{ OPT_NUMBER, 0, "interval-count", "N", "so many times",
	  &asked.interval_count, 1, 1000000000, NULL },
	{ OPT_NUMBER, 'r', "repeat", "N",
	  "run it N times: mean, deviation, min, max",
	  &asked.repeat, 1, 1000000, NULL },
	{ OPT_NUMBER, 0, "warmup", "N", "after N that are not counted",
	  &asked.warmup, 0, 1000000, NULL },
	{ OPT_FLAG, 0, "table", NULL, "the rows of each run, too",
	  &asked.table, 0, 0, NULL },
	{ OPT_STRING, 0, "compare", "FILE",
	  "with the results in FILE, of count -j",
	  &asked.compare, 0, 0, NULL },
	{ OPT_STRING, 0, "versus", "CMD",
	  "with another command, run in turns",
	  &asked.versus, 0, 0, NULL },
	{ OPT_STRING, 0, "pre", "CMD",
	  "shell command before each run; --post after it",
	  &asked.pre, 0, 0, NULL },
	{ OPT_STRING, 0, "post", "CMD", NULL, &asked.post, 0, 0, NULL },
	{ OPT_STRING, 'o', "output|outfile", "FILE",
	  "write there; - is standard output",
	  &asked.output, 0, 0, NULL },
	{ OPT_FLAG, 0, "append", NULL, "add to FILE",
	  &asked.append, 0, 0, NULL },
	{ OPT_FLAG, 'j', "json", NULL, "JSON, an object a line",
	  &asked.json, 0, 0, NULL },
	{ OPT_OPTARG, 'x', "csv", "SEP", "CSV, or separated by SEP",
	  &asked.csv, 0, 0, NULL },
	{ OPT_FLAG, 0, "us-counter-format", NULL,
	  "12,345 as always; --raw for 12345", &digits, 0, 0, NULL },
	{ OPT_FLAG, 0, "raw", NULL, NULL, &asked.raw, 0, 0, NULL },
	{ OPT_CHOICE, 0, "color|colour", "auto|always|never",
	  "or NO_COLOR", &asked.colour, 0, 0, NULL },
	{ OPT_NUMBER, 0, "width", "N", "columns of the text, 80 to 200",
	  &asked.width, 80, 200, NULL },
	{ OPT_FLAG, 0, "no-cmd-output", NULL,
	  "the command's output goes to /dev/null",
	  &asked.no_cmd_output, 0, 0, NULL },
	{ OPT_CHOICE, 0, "backend", "auto|perf|msr", "who counts",
	  &asked.backend, 0, 0, NULL },
	{ OPT_FLAG, 0, "pin-command", NULL, "msr: run it on the CPU"
	  " of -C only", &asked.pin, 0, 0, NULL },
	{ OPT_FLAG, 0, "isolate", NULL, "msr: and nothing else there"
	  " (cgroup v2)", &asked.isolate, 0, 0, NULL },
	{ OPT_FLAG, 0, "dry-run|check-events-only", NULL,
	  "where the events would go; nothing runs",
	  &asked.dry_run, 0, 0, NULL },
	{ OPT_FLAG, 'q', "quiet", NULL,
	  "the rows only; -v registers, too", &asked.quiet, 0, 0, NULL },
	{ OPT_FLAG, 'v', "verbose", NULL, NULL,
	  &asked.verbose, 0, 0, NULL },
	{ OPT_OPTARG, 0, "debug", "CATS",
	  "the library's steps: all, or perf,rw,...",
	  &debug, 0, 0, NULL },
	{ OPT_CALL, 'V', "version", NULL, "version, and what is in it",
	  NULL, 0, 0, show_version },
	{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
/* clang-format on */

static void parse_options(int argc, char **argv)
{
	int first = options_parse(entry, opts, argc, argv);

	if (first < argc)
		asked.command = argv + first;
	if (!digits)
		asked.raw = true;
	set_debug(debug);
}

static int count_run(int argc, char **argv)
{
	struct count_opt *opt = &asked;
	struct output out;
	struct session s = { .opt = opt };
	int status;

	parse_options(argc, argv);
	backend_from_environment(opt);
	check_options(opt);
	if (opt->json && !opt->dry_run)
		json_init();
	set_die_status(opt->command ? STATUS_PFMON : STATUS_FAIL);
	output_open(&out, &s);
	set_die_status(STATUS_PFMON);
	session_init(&s);
	set_die_status(opt->command ? STATUS_PFMON : STATUS_FAIL);
	status = opt->dry_run ? dry_run(&s, &out) : run_all(&s, &out);
	if (output_close(&out) < 0)
		status = opt->command ? STATUS_PFMON : STATUS_FAIL;
	session_release(&s);
	free(opt->events.v);
	free(opt->groups.v);
	free(opt->metrics.v);
	free(opt->pids.v);
	free(opt->tids.v);
	return status;
}

int count_by_set(const struct cmd_entry *as, int argc, char **argv)
{
	entry = as;
	asked.by_set = asked.no_merge = true;
	return count_run(argc, argv);
}

const struct cmd_entry cmd_count_entry = {
	.name = "count",
	.summary = "count events of a command, a process or a CPU",
	.usage = "[OPTION]... [--] COMMAND [ARG]...",
	.examples = examples,
	.usage_status = STATUS_PFMON,
	.run = count_run,
};
