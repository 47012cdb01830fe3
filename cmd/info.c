/* SPDX-License-Identifier: MIT
 *
 * info.c - pfmon info: what can be measured here, and with what.  Everything is
 * found out first, by the other info-*.c and the library; then it is printed as
 * text or JSON.  Nothing is changed, and nothing that is missing is a failure.
 */
#include "config.h"

#include "info.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char examples[] =
	"  pfmon info                      the CPU, its counters, who may\n"
	"  pfmon info -r -C 2              the registers of CPU 2\n"
	"  pfmon info -a -j -o info.json   all CPUs, for programs\n"
	"  pfmon info --sysfs /tmp/perfmon what perfmon2 had in /sys\n";

static void show_version(const char *arg, void *value)
{
	(void)arg;
	(void)value;
	print_version();
	exit(0);
}

/* A tree has one PMU, and no other form. */
static void check_sysfs(struct info_opt *o)
{
	const char *env = secure_getenv("PFM_BACKEND");

	if (!o->sysfs && o->generation)
		usage_error(&cmd_info_entry,
			    "--sysfs-version goes with --sysfs");
	if (!o->sysfs && o->backend)
		usage_error(&cmd_info_entry, "--backend goes with --sysfs");
	if (!o->sysfs)
		return;
	if (o->all_cpus || o->registers || o->topology || o->json ||
	    o->output || o->verbose)
		usage_error(&cmd_info_entry,
			    "--sysfs goes without -a -r -t -j -o and -v");
	if (!*o->sysfs)
		usage_error(&cmd_info_entry, "--sysfs: no directory");
	if (!o->backend || !strcmp(o->backend, "auto"))
		o->backend = env && *env ? env : "auto";
}

static void parse_options(int argc, char **argv, struct info_opt *o)
{
	static const char *const backends[] = { "auto", "perf", "msr" };
	const char *debug = NULL;
	unsigned backend = ARRAY_SIZE(backends);
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_STRING, 'C', "cpu|cpu-list", "LIST",
		  "registers of these CPUs: 0-3,8 S0 N1 L3:0 core atom",
		  &o->cpus, 0, 0, NULL },
		{ OPT_FLAG, 'a', "all-cpus|system-wide", NULL,
		  "of all CPUs; else the first of each kind",
		  &o->all_cpus, 0, 0, NULL },
		{ OPT_FLAG, 'r', "registers", NULL,
		  "each register: its MSR, width, value and owner",
		  &o->registers, 0, 0, NULL },
		{ OPT_FLAG, 't', "topology", NULL,
		  "packages, cores, kinds of core, caches",
		  &o->topology, 0, 0, NULL },
		{ OPT_FLAG, 'j', "json", NULL, "JSON, all of it on one line",
		  &o->json, 0, 0, NULL },
		{ OPT_STRING, 'o', "output|outfile", "FILE",
		  "write there; - is standard output", &o->output, 0, 0, NULL },
		{ OPT_STRING, 0, "sysfs", "DIR",
		  "no text: the tree of /sys/kernel/perfmon, as DIR",
		  &o->sysfs, 0, 0, NULL },
		{ OPT_CHOICE, 0, "sysfs-version", "2.2|2.82",
		  "--sysfs: of which perfmon2", &o->generation, 0, 0, NULL },
		{ OPT_CHOICE, 0, "backend", "auto|perf|msr",
		  "--sysfs: whose registers", &backend, 0, 0, NULL },
		{ OPT_FLAG, 'q', "quiet", NULL,
		  "no reasons and explanations", &o->quiet, 0, 0, NULL },
		{ OPT_FLAG, 'v', "verbose", NULL,
		  "-r -t, and values on a narrow terminal, too",
		  &o->verbose, 0, 0, NULL },
		{ OPT_OPTARG, 0, "debug", "CATS",
		  "the library's steps: all, or pmu,msr,...",
		  &debug, 0, 0, NULL },
		{ OPT_CALL, 'V', "version", NULL, "version, and what is in it",
		  NULL, 0, 0, show_version },
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */
	int first = options_parse(&cmd_info_entry, opts, argc, argv);

	if (first < argc)
		usage_error(&cmd_info_entry, "'%s': info takes no arguments",
			    argv[first]);
	if (o->cpus && o->all_cpus)
		usage_error(&cmd_info_entry, "-C goes without -a");
	if (backend < ARRAY_SIZE(backends))
		o->backend = backends[backend];
	check_sysfs(o);
	if (debug && pfm_set_debug(*debug ? debug : "all") < 0)
		usage_error(&cmd_info_entry, "--debug: %s", pfm_reason());
	if (o->verbose)
		o->registers = o->topology = true;
}

/* The first of a set that is online too; CPUS_MAX: there is none. */
static unsigned first_online(const struct cpus *c, const struct cpus *online)
{
	unsigned cpu = 0;

	while (cpu < CPUS_MAX && !(cpus_has(c, cpu) && cpus_has(online, cpu)))
		cpu++;
	return cpu;
}

/* One CPU stands for all of its kind. */
static void one_of_each(struct info *info)
{
	const struct topology *t = &info->topology;
	unsigned i;

	for (i = 0; i < t->ntypes; i++)
		cpus_set(&info->cpus,
			 first_online(&t->types[i].cpus, &info->online));
	if (first_online(&info->cpus, &info->online) == CPUS_MAX)
		cpus_set(&info->cpus,
			 first_online(&info->online, &info->online));
}

static void choose_cpus(struct info *info)
{
	const struct info_opt *o = info->opt;
	char *bad = NULL;

	if (o->all_cpus)
		info->cpus = info->online;
	else if (o->cpus)
		bad = cpus_parse(o->cpus, &info->cpus);
	else
		one_of_each(info);
	if (bad && errno == EINVAL)
		usage_error(&cmd_info_entry, "-C: %s", bad);
	if (bad)
		die("-C: %s", bad);
}

typedef int (*list_fn)(unsigned i, int cpu, struct pfm_way *way);

static unsigned read_ways(struct pfm_way **ways, list_fn list, int cpu)
{
	struct pfm_way way;
	unsigned n;

	for (n = 0; list(n, cpu, &way) == 0; n++) {
		*ways = xreallocarray(*ways, n + 1, sizeof(way));
		(*ways)[n] = way;
	}
	return n;
}

static void info_read(struct info *info)
{
	unsigned cpu, first;

	cpus_online(&info->online);
	topology_read(&info->topology, &info->online);
	choose_cpus(info);
	info_cpu_read(&info->cpu);
	limits_read(info->limits);
	if (pfm_pmu_get("perf", -1, &info->perf) < 0)
		info->perf_reason = xstrdup(pfm_reason());
	else if (!info->perf.ncounters)
		info->perf_reason = xstrdup(info->perf.missing);
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(&info->cpus, cpu))
			continue;
		info->pmus = xreallocarray(info->pmus, info->npmus + 1,
					   sizeof(*info->pmus));
		info_pmu_read(&info->pmus[info->npmus++], (int)cpu);
	}
	first = first_online(&info->cpus, &info->online);
	info->nbackends =
		read_ways(&info->backends, pfm_backend_list, (int)first);
	info->ntransports =
		read_ways(&info->transports, pfm_transport_list, (int)first);
}

static void info_release(struct info *info)
{
	unsigned i;

	for (i = 0; i < info->npmus; i++)
		info_pmu_release(&info->pmus[i]);
	free(info->pmus);
	free(info->backends);
	free(info->transports);
	free(info->perf_reason);
	topology_release(&info->topology);
}

bool info_variable(unsigned *i, struct variable *var)
{
	/* See libpfmcore(3). */
	static const char *const names[][2] = {
		{ "PFM_BACKEND", "counts where no option says who" },
		{ "PFM_CPU_PATH", "stands for /dev/cpu: registers elsewhere" },
		{ "PFM_LOCK_DIR", "has the locks of the CPUs" },
		{ "PFM_MSR_TRANSPORT", "is the only transport used" },
		{ "PFM_SAMPLING_PATH", "has further sampling formats" },
	};

	while (*i < ARRAY_SIZE(names)) {
		var->name = names[*i][0];
		var->means = names[(*i)++][1];
		var->value = secure_getenv(var->name);
		if (var->value)
			return true;
	}
	return false;
}

/* Text in memory, to be freed. */
static char *format(const struct info *info, int fd)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	if (info->opt->json) {
		char *line = info_json(info);

		fprintf(f, "%s\n", line);
		free(line);
	} else {
		info_text(f, info, text_width(fd));
	}
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}

static int info_run(int argc, char **argv)
{
	struct info_opt opt = { 0 };
	struct info info = { .opt = &opt };
	const char *name = NULL;
	int fd = STDOUT_FILENO;
	char *text;

	set_die_status(STATUS_FAIL);
	parse_options(argc, argv, &opt);
	if (opt.output && strcmp(opt.output, "-") != 0)
		name = opt.output;
	else if (!is_writable(fd))
		die("cannot write to standard output: %m");
	if (opt.sysfs) {
		cpus_online(&info.online);
		choose_cpus(&info);
		info_sysfs(&opt, (int)first_online(&info.cpus, &info.online));
		return 0;
	}
	info_read(&info);
	if (opt.json)
		json_init();
	if (name) {
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			die("cannot open '%s': %m", name);
	}
	text = format(&info, fd);
	if (write_all(fd, text, strlen(text)) < 0 || (name && close(fd) < 0))
		die("cannot write to %s: %m", name ? name : "standard output");
	free(text);
	info_release(&info);
	return 0;
}

const struct cmd_entry cmd_info_entry = {
	.name = "info",
	.summary = "the CPU, its counters, and what can be used here",
	.usage = "[OPTION]...",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = info_run,
};
