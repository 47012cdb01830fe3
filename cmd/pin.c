/* SPDX-License-Identifier: MIT
 *
 * pin.c - a command bound to one CPU, which pfmon leaves, and what others had
 * of that CPU's time meanwhile.  Registers belong to the CPU: whatever runs
 * there is counted with the command.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's mask is a row of longs: on a little-endian machine, our bits. */
static int set_mask(pid_t pid, const struct cpus *cpus)
{
	return sched_setaffinity(pid, sizeof(cpus->bv),
				 (const cpu_set_t *)(const void *)cpus->bv);
}

/* The CPU of -C, which must name one. */
static int cpu_of_list(const struct session *s)
{
	struct cpus cpus = { 0 };
	int cpu, found = -1, n = 0;

	target_cpu_list(s, &cpus);
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus_has(&cpus, (unsigned)cpu))
			continue;
		found = cpu;
		n++;
	}
	if (n != 1)
		usage_error(&cmd_count_entry,
			    "--pin-command: -C %s names %d CPUs, not one",
			    s->opt->cpus, n);
	return found;
}

void pin_init(struct session *s)
{
	const struct count_opt *opt = s->opt;
	struct pin *pin = &s->pin;
	int cpu;

	if (opt->all_cpus || (opt->cpus && !opt->pin))
		return;
	if (opt->isolate && !opt->dry_run)
		isolate_init();
	if (sched_getaffinity(0, sizeof(pin->before.bv),
			      (cpu_set_t *)(void *)pin->before.bv) < 0)
		die("cannot tell on which CPUs pfmon may run: %m");
	if (opt->cpus) {
		pin->cpu = cpu_of_list(s);
		return;
	}
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(&pin->before, (unsigned)cpu))
			pin->cpu = cpu;
}

/* Where there is no other CPU it stays: it is one of the others, then. */
void pin_leave(struct pin *pin)
{
	struct cpus rest = pin->before;

	if (pin->moved || !cpus_has(&rest, (unsigned)pin->cpu))
		return;
	rest.bv[pin->cpu / 64] &= ~(1ULL << pin->cpu % 64);
	pin->moved = set_mask(0, &rest) == 0;
}

void pin_bind(const struct pin *pin, pid_t pid)
{
	struct cpus one = { 0 };

	cpus_set(&one, (unsigned)pin->cpu);
	if (set_mask(pid, &one) < 0)
		die("cannot bind the command to CPU %d: %m; choose another "
		    "with -C and --pin-command",
		    pin->cpu);
}

void pin_unbind(const struct pin *pin, pid_t pid)
{
	if (pin->moved && set_mask(pid, &pin->before) < 0)
		die("cannot give a command its CPUs back: %m");
}

/* The line of a CPU in a file of /proc, or NULL; to be freed. */
static char *cpu_line(const char *path, int cpu)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, name[32];
	size_t size = 0, len;

	if (!f)
		return NULL;
	len = (size_t)snprintf(name, sizeof(name), "cpu%d ", cpu);
	while (getline(&line, &size, f) > 0) {
		if (strncmp(line, name, len) != 0)
			continue;
		fclose(f);
		return line;
	}
	free(line);
	fclose(f);
	return NULL;
}

/* The numbers behind the name; how many there are. */
static unsigned split(const char *line, uint64_t *v, unsigned max)
{
	const char *p = line + strcspn(line, " ");
	unsigned n;
	char *end;

	for (n = 0; n < max; n++) {
		v[n] = strtoull(p, &end, 10);
		if (end == p)
			break;
		p = end;
	}
	return n;
}

/*
 * How long the CPU was busy since boot.  Linux, Documentation/scheduler/
 * sched-stats.rst: of the numbers of a CPU the 7th is the time that tasks ran,
 * in ns since version 15; proc_stat(5): user nice system idle iowait irq
 * softirq, in ticks.
 */
static bool busy_time(int cpu, uint64_t *ns, uint64_t *step_ns)
{
	char *line = cpu_line("/proc/schedstat", cpu);
	uint64_t v[7], tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	bool known;

	*step_ns = 1;
	known = line && split(line, v, 7) == 7;
	free(line);
	if (known) {
		*ns = v[6];
		return true;
	}
	line = cpu_line("/proc/stat", cpu);
	known = line && split(line, v, 7) == 7;
	free(line);
	*step_ns = tick;
	*ns = known ? (v[0] + v[1] + v[2] + v[5] + v[6]) * tick : 0;
	return known;
}

void pin_begin(struct pin *pin)
{
	uint64_t step;

	if (pin->cpu < 0)
		return;
	busy_time(pin->cpu, &pin->busy_ns, &step);
	pin->begin_ns = now_ns();
}

static uint64_t own_ns(const struct rusage *own)
{
	return (uint64_t)(own->ru_utime.tv_sec + own->ru_stime.tv_sec) *
		       NS_PER_S +
	       (uint64_t)(own->ru_utime.tv_usec + own->ru_stime.tv_usec) * 1000;
}

struct share pin_end(const struct pin *pin, const struct rusage *own)
{
	struct share share = { 0 };
	uint64_t busy;

	if (pin->cpu < 0)
		return share;
	share.elapsed_ns = now_ns() - pin->begin_ns;
	share.known = busy_time(pin->cpu, &busy, &share.step_ns) &&
		      share.elapsed_ns >= share.step_ns;
	busy -= pin->busy_ns;
	if (busy > own_ns(own))
		share.others_ns = busy - own_ns(own);
	if (share.others_ns > share.elapsed_ns)
		share.others_ns = share.elapsed_ns;
	return share;
}

/* To a millionth: nothing measures it better. */
double pin_others(const struct share *share)
{
	double others = (double)share->others_ns / (double)share->elapsed_ns;

	return (double)(uint64_t)(others * 1e6 + 0.5) / 1e6;
}

void pin_describe(int cpu, const struct share *share, char *buf, size_t size)
{
	double ms = (double)share->elapsed_ns / 1e6;
	char steps[64] = "";

	if (share->step_ns > 1)
		snprintf(steps, sizeof(steps), ", in steps of %.0f ms",
			 (double)share->step_ns / 1e6);
	if (share->known)
		snprintf(buf, size,
			 "CPU %d was counted while the command ran there: "
			 "others had %.1f %% of its time (user+system+irq "
			 "%.1f ms of %.0f ms%s)",
			 cpu, 100 * pin_others(share),
			 (double)share->others_ns / 1e6, ms, steps);
	else
		snprintf(buf, size,
			 "CPU %d was counted while the command ran there: "
			 "what others had of its %.1f ms is not known%s",
			 cpu, ms, steps);
}
