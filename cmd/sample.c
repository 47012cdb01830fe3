/* SPDX-License-Identifier: MIT
 *
 * sample.c - pfmon sample: its options and the rules between them.  The events
 * are in sample-events.c, the contexts in sample-source.c, the recording in
 * sample-run.c and what it calls.
 */
#include "config.h"

#include "sample.h"

#include <pfmcore_hist.h>
#include <pfmcore_profile.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile-module.h"

static const char examples[] =
	"  pfmon sample -g -- ./prog            a profile with call stacks\n"
	"  pfmon sample -a -d 10                the whole system, 10 seconds\n"
	"  pfmon sample -e page-faults -c 1 ls  each page fault of ls\n";

static struct sample_opt asked = {
	.max_stack = 127,
	.switch_ns = 100000000,
	.stack_bytes = STACK_BYTES,
};

enum { FOLLOW_ALL, FOLLOW_NONE };

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_LIST, 'e', "event|events", "LIST",
	  "events to sample; again for those that do not fit",
	  &asked.events, 0, 0, NULL },
	{ OPT_STRING, 'c', "period|long-smpl-periods", "N[,N]",
	  "one sample each N events, for each event",
	  &asked.periods, 0, 0, NULL },
	{ OPT_STRING, 'F', "freq", "HZ|max",
	  "or so many a second (997)", &asked.freq, 0, 0, NULL },
	{ OPT_LIST, 0, "with|extra-smpl-pmds", "LIST",
	  "counters that are read in each sample",
	  &asked.with, 0, 0, NULL },
	{ OPT_LIST, 'M', "group|metrics", "NAME",
	  "a group's events, and its metrics by function",
	  &asked.groups, 0, 0, NULL },
	{ OPT_LIST, 0, "metric", "N=EXPR[U]",
	  "a metric of the events: ipc=instructions/cycles",
	  &asked.metric_texts, 0, 0, NULL },
	{ OPT_OPTARG, 0, "randomize", "BITS",
	  "periods vary by up to BITS[:SEED] bits (8)",
	  &asked.randomize, 0, 0, NULL },
	{ OPT_STRING, 0, "short-smpl-periods", "N[,N]",
	  NULL, &asked.short_periods, 0, 0, NULL },
	{ OPT_STRING, 0, "smpl-periods-random", "MASK",
	  NULL, &asked.random, 0, 0, NULL },
	{ OPT_OPTARG, 'g', "call-graph", "auto|fp|dwarf|no",
	  "call stacks; dwarf,BYTES copies so much (16384)",
	  &asked.graph, 0, 0, NULL },
	{ OPT_NUMBER, 0, "max-stack", "N", "frames of a stack (127)",
	  &asked.max_stack, 1, 1000, NULL },
	{ OPT_LIST, 'p', "pid|attach-task", "PID[,PID]",
	  "running processes, all threads", &asked.pids, 0, 0, NULL },
	{ OPT_LIST, 0, "tid", "TID[,TID]", "single threads",
	  &asked.tids, 0, 0, NULL },
	{ OPT_FLAG, 'a', "all-cpus|system-wide", NULL, "all CPUs",
	  &asked.all_cpus, 0, 0, NULL },
	{ OPT_STRING, 'C', "cpu|cpu-list", "LIST",
	  "these CPUs: 0-3,8, S0, N1", &asked.cpus, 0, 0, NULL },
	{ OPT_CHOICE, 0, "follow", "all|none",
	  "children and threads of a command, too",
	  &asked.follow, 0, 0, NULL },
	{ OPT_FLAG, 'u', "user-level", NULL, "user level only; -k kernel",
	  &asked.user, 0, 0, NULL },
	{ OPT_FLAG, 'k', "kernel-level", NULL, NULL,
	  &asked.kernel, 0, 0, NULL },
	{ OPT_TIME, 'D', "delay|trigger-start-delay", "TIME",
	  "begin so much later", &asked.delay_ns, 1000000, 0, NULL },
	{ OPT_TIME, 'd', "duration|session-timeout|timeout", "TIME",
	  "so long, then SIGTERM to the command (5 is 5 s)",
	  &asked.duration_ns, NS_PER_S, 0, NULL },
	{ OPT_STRING, 'm', "buffer", "SIZE",
	  "buffer of each context: 1M, 16M with copied stacks",
	  &asked.buffer, 0, 0, NULL },
	{ OPT_NUMBER, 0, "smpl-entries", "N", NULL,
	  &asked.entries, 1, 1 << 24, NULL },
	{ OPT_CHOICE, 0, "when-full", "drop|block|stop|overwrite",
	  "what a full buffer does", &asked.when_full, 0, 0, NULL },
	{ OPT_FLAG, 0, "overflow-block", NULL, NULL, &asked.old_block, 0, 0,
	  NULL },
	{ OPT_FLAG, 0, "saturate-smpl-buffer", NULL, NULL, &asked.old_stop,
	  0, 0, NULL },
	{ OPT_FLAG, 0, "smpl-raw", NULL, NULL, &asked.old_raw, 0, 0, NULL },
	{ OPT_TIME, 0, "switch-timeout", "TIME",
	  "turn of an event set (100 is 100 ms)",
	  &asked.switch_ns, 1000000, 0, NULL },
	{ OPT_STRING, 'o', "output|outfile", "FILE",
	  "NAME.pfm; %p pid, %h host, %t time, %n name",
	  &asked.output, 0, 0, NULL },
	{ OPT_STRING, 0, "max-size", "SIZE", "end when the file has it",
	  &asked.max_size, 0, 0, NULL },
	{ OPT_STRING, 0, "rotate", "SIZE|TIME",
	  "begin FILE.2, .3, ... after so much",
	  &asked.rotate, 0, 0, NULL },
	{ OPT_CHOICE, 0, "backend", "auto|perf|msr",
	  "msr: registers count, a clock samples; with -a or -C",
	  &asked.backend, 0, 0, NULL },
	{ OPT_STRING, 0, "smpl-module", "NAME",
	  "format of the buffer; list shows them",
	  &asked.module, 0, 0, NULL },
	{ OPT_LIST, 0, "debug-dir", "DIR[:DIR]",
	  "debug files are there, too", &asked.debug_dirs, 0, 0, NULL },
	{ OPT_STRING, 0, "symfs", "DIR",
	  "files with symbols, by their paths below DIR",
	  &asked.sym.symfs, 0, 0, NULL },
	{ OPT_STRING, 0, "vmlinux", "FILE",
	  "the kernel with its debug data",
	  &asked.sym.vmlinux, 0, 0, NULL },
	{ OPT_STRING, 0, "kallsyms|sysmap-file", "FILE",
	  "instead of /proc/kallsyms; a System.map, too",
	  &asked.sym.kallsyms, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-demangle", NULL,
	  "names as linkers have them",
	  &asked.sym.no_demangle, 0, 0, NULL },
	{ OPT_OPTARG, 0, "report", NULL, NULL, &asked.report, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-report", NULL,
	  "no report at the end, on a terminal",
	  &asked.no_report, 0, 0, NULL },
	{ OPT_FLAG, 0, "no-cmd-output", NULL,
	  "the command's output goes to /dev/null",
	  &asked.no_cmd_output, 0, 0, NULL },
	{ OPT_FLAG, 'q', "quiet", NULL, "errors only",
	  &asked.quiet, 0, 0, NULL },
	{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
/* clang-format on */

/* auto|fp|dwarf[,BYTES]|no */
static void set_graph(struct sample_opt *o)
{
	static const char *const names[] = { "no", "fp", "dwarf", "auto" };
	const char *text = o->graph;
	size_t len, i;
	uint64_t bytes;

	if (!text)
		return;
	o->stack = STACK_AUTO;
	text += *text == '='; /* "-g=fp" as well as "-gfp" */
	if (!*text)
		return;
	len = strcspn(text, ",");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncmp(names[i], text, len))
			break;
	if (i == ARRAY_SIZE(names))
		usage_error(&cmd_sample_entry,
			    "-g: '%s' is none of auto, fp, dwarf, no", text);
	o->stack = (enum stack_mode)i;
	if (!text[len])
		return;
	if (o->stack < STACK_DWARF || !parse_size(text + len + 1, &bytes) ||
	    bytes < 256 || bytes > 65528)
		usage_error(&cmd_sample_entry,
			    "-g: '%s': dwarf,BYTES with 256 to 65528", text);
	o->stack_bytes = (uint32_t)(bytes / 8 * 8);
}

static void set_size(const char *option, const char *text, uint64_t *bytes)
{
	if (text && (!parse_size(text, bytes) || !*bytes))
		usage_error(&cmd_sample_entry,
			    "%s: '%s' is not a size such as 64K or 10M", option,
			    text);
}

/* Each context has one, of memory that is touched. */
static void check_buffer(const struct sample_opt *o)
{
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	uint64_t memory = pages * (uint64_t)sysconf(_SC_PAGESIZE);

	if (o->buffer_bytes > memory)
		usage_error(&cmd_sample_entry,
			    "-m: %s is more than this machine's memory, %lluM",
			    o->buffer, (unsigned long long)(memory >> 20));
}

/* A size has a letter or none, a time s, ms or m. */
static void set_rotate(struct sample_opt *o)
{
	const char *text = o->rotate;
	double n;
	char *end;

	if (!text)
		return;
	n = strtod(text, &end);
	if (end != text && n > 0 && !strcmp(end, "s"))
		o->rotate_ns = (uint64_t)(n * 1e9);
	else if (end != text && n > 0 && !strcmp(end, "ms"))
		o->rotate_ns = (uint64_t)(n * 1e6);
	else if (end != text && n > 0 && !strcmp(end, "m"))
		o->rotate_ns = (uint64_t)(n * 6e10);
	else
		set_size("--rotate", text, &o->rotate_bytes);
}

/* Options of pfmon 3.x that are values of others. */
static void set_old(struct sample_opt *o)
{
	if (o->old_block)
		o->when_full = FULL_BLOCK;
	if (o->old_stop)
		o->when_full = FULL_STOP;
	if (o->old_raw && !o->module)
		o->module = PFM_RAW_NAME;
	if (o->report && *o->report)
		usage_error(&cmd_sample_entry,
			    "--report: '%s': options of the report are pfmon "
			    "report's, after the recording",
			    o->report);
}

static void check_options(const struct sample_opt *o)
{
	bool system = o->all_cpus || o->cpus;
	bool attach = o->pids.n || o->tids.n;
	bool msr = o->backend == BACKEND_REGISTERS;
	bool single = system || o->follow == FOLLOW_NONE || o->tids.n;
	const struct {
		bool wrong;
		const char *why;
	} rules[] = {
		{ !o->command && !system && !attach,
		  "what is to be sampled: a command, -p PID, or -a" },
		{ o->command && attach,
		  "a command and -p or --tid exclude each other" },
		{ system && attach, "-a and -p exclude each other" },
		{ o->periods && o->freq, "-c and -F exclude each other" },
		{ msr && !system,
		  "--backend=msr needs -a or -C: registers belong to a CPU, "
		  "whoever runs there" },
		{ msr && o->periods,
		  "--backend=msr goes without -c: a clock takes the samples, "
		  "-F is how often" },
		{ o->randomize && o->random,
		  "--randomize is what --smpl-periods-random is: one of them" },
		{ (o->randomize || o->random || o->short_periods) && !single,
		  "random and short periods: the kernel keeps one period for "
		  "all that a command starts; --follow=none samples its first "
		  "thread only, -a the system" },
		{ o->when_full == FULL_BLOCK && system,
		  "--when-full=block: a CPU cannot stand still; give a larger "
		  "buffer, -m" },
		{ o->when_full == FULL_BLOCK && !single,
		  "--when-full=block stops single threads: --follow=none for "
		  "the first one of a command, or --tid" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].wrong)
			usage_error(&cmd_sample_entry, "%s", rules[i].why);
}

static void choose_format(struct sampling *s)
{
	const struct sample_opt *o = s->opt;
	const char *name = o->module ? o->module : PFM_PROFILE_NAME;
	bool hist = !strcmp(name, PFM_HIST_NAME);

	s->fmt = pfm_fmt_find(name);
	if (!s->fmt)
		die("--smpl-module=%s: %s", name, pfm_reason());
	if (hist && o->backend == BACKEND_REGISTERS)
		die("--smpl-module=hist keeps no times: it goes without "
		    "--backend=msr");
	if (hist && (o->with.n || o->stack != STACK_NO))
		die("--smpl-module=hist counts by address: there are no -g and "
		    "--with");
	if (o->when_full == FULL_BLOCK && strcmp(name, PFM_PROFILE_NAME) != 0 &&
	    strcmp(name, PFM_RAW_NAME) != 0)
		die("--when-full=block: format %s does not know how; profile "
		    "and raw do",
		    name);
}

static void check_path(const char *option, const char *path, mode_t type)
{
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) < 0 || access(path, R_OK) < 0)
		die("--%s=%s: %m", option, path);
	if ((st.st_mode & S_IFMT) != type)
		die("--%s=%s: it is no %s", option, path,
		    type == S_IFDIR ? "directory" : "regular file");
}

/* One, or several with colons; libdwfl takes a relative one for the file's. */
static char *add_dirs(char *dirs, const char *list)
{
	char *one, *full, *longer;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ":");
		one = xasprintf("%.*s", (int)len, list);
		full = realpath(one, NULL);
		if (!full)
			warn("--debug-dir=%s: %m", one);
		longer = xasprintf("%s%s%s", dirs ? dirs : "", dirs ? ":" : "",
				   full ? full : one);
		free(one);
		free(full);
		free(dirs);
		dirs = longer;
		if (!list[len])
			return dirs;
	}
}

/* Found out now, not when hours have been recorded. */
static void set_symbols(struct sample_opt *o)
{
	char *dirs = NULL;
	size_t i;

	check_path("symfs", o->sym.symfs, S_IFDIR);
	check_path("vmlinux", o->sym.vmlinux, S_IFREG);
	if (o->sym.vmlinux) {
		char *why = sym_vmlinux_refused(o->sym.vmlinux);

		if (why)
			die("--vmlinux=%s: %s", o->sym.vmlinux, why);
	}
	check_path("kallsyms", o->sym.kallsyms, S_IFREG);
	for (i = 0; i < o->debug_dirs.n; i++)
		dirs = add_dirs(dirs, o->debug_dirs.v[i]);
	o->sym.debug_dirs = dirs;
	/* While others are recorded nobody can wait for a server. */
	if (!o->rotate)
		o->sym.server = sym_server_new(o->quiet);
}

/* --smpl-module: which there are, also foreign ones. */
static int list_formats(void)
{
	const struct pfm_smpl_fmt *fmt;
	unsigned i;

	for (i = 0; (fmt = pfm_fmt_list(i)); i++)
		print_out(" %-10s %s\n", fmt->name, fmt->desc);
	return 0;
}

static int sample_run(int argc, char **argv)
{
	struct sampling s = { .opt = &asked };
	int first = options_parse(&cmd_sample_entry, opts, argc, argv);
	int status;

	if (first < argc)
		asked.command = argv + first;
	if (asked.module && !strcmp(asked.module, "list"))
		return list_formats();
	asked.no_inherit = asked.follow == FOLLOW_NONE;
	set_old(&asked);
	set_graph(&asked);
	set_size("-m", asked.buffer, &asked.buffer_bytes);
	check_buffer(&asked);
	set_size("--max-size", asked.max_size, &asked.max_bytes);
	set_rotate(&asked);
	check_options(&asked);
	set_die_status(asked.command ? STATUS_PFMON : STATUS_FAIL);
	choose_format(&s);
	set_symbols(&asked);
	s.procs = procs_new();
	events_init(&s);
	status = sample_run_all(&s);
	record_free(&s);
	sources_close(&s);
	events_free(&s);
	procs_free(s.procs);
	sym_server_free(asked.sym.server);
	free((char *)(uintptr_t)asked.sym.debug_dirs);
	free(asked.debug_dirs.v);
	free(asked.events.v);
	free(asked.with.v);
	free(asked.groups.v);
	free(asked.metric_texts.v);
	free(asked.pids.v);
	free(asked.tids.v);
	return status;
}

const struct cmd_entry cmd_sample_entry = {
	.name = "sample",
	.summary = "record a profile of a command, a process or the system",
	.usage = "[OPTION]... [--] COMMAND [ARG]...",
	.examples = examples,
	.usage_status = STATUS_PFMON,
	.run = sample_run,
};
