/* SPDX-License-Identifier: MIT
 *
 * msr-cost.c - what counting by registers costs: the accesses that msrfs counts
 * and the time, for 2 to 256 CPUs, by each transport; against the same accesses
 * made with bare system calls on the same files, in turn.  msrfs answers from
 * user space: its round trip, given too, is most of any time here, and is five
 * times as long when it wakes another processor.  So both are on one, as a
 * register's CPU would be.  Never fails on a time; fails when msrfs or the
 * library refuses.
 *
 * usage: msr-cost
 *        msr-cost --counts MODEL TRANSPORT NCPUS     (accesses only, see usage)
 */
#include <inttypes.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "../msrfs.h"
#include "msr-bare.h"

#include <pfmcore.h>

enum { MAX_CPUS = BARE_CPUS, MAX_REGS = BARE_REGS, LOADS = 5, TRIPS = 2000 };
enum { LOAD, START, READ_1, READ_4, READ_6, STOP, UNLOAD, NSTEPS };
enum { FIXED_PMC = 16, FIXED_PMD = 16, FREE_PMD = 32 };

/* Instructions at user level, enabled; a fixed counter's user level. */
#define SELECT UINT64_C(0x4100c0)
#define FIXED_USER UINT64_C(2)

/*
 * Where the global control is: Intel SDM volume 3, 325384-059, table 35-2; AMD64
 * APM volume 2, 24593 rev. 3.44, table A-6.
 */
static const struct model {
	const char *name;
	uint32_t ctl;
} models[] = { { "ZEN4", 0xc0000301 }, { "SKL", 0x38f } };

static const char *const step_names[NSTEPS] = {
	[LOAD] = "load",     [START] = "start", [READ_1] = "read 1",
	[READ_4] = "of 4",   [READ_6] = "of 6", [STOP] = "stop",
	[UNLOAD] = "unload",
};
static const unsigned step_regs[NSTEPS] = {
	[READ_1] = 1, [READ_4] = 4, [READ_6] = 6
};

/* What msrfs counted on one CPU, and its row in DIR/stats. */
struct stats {
	uint64_t reads, writes, batches, ops;
};

#define STATS_ROW "%u %" SCNu64 " %" SCNu64 " %*u %" SCNu64 " %" SCNu64

struct result {
	double us[NSTEPS], bare_us[NSTEPS]; /* each CPU's */
	double spread_us;                   /* first to last started */
	double trip_us;                     /* through FUSE, and no access */
	struct stats stats[NSTEPS];
};

static struct {
	const struct model *model;
	const char *transport;
	unsigned ncpus, nregs;
	struct msrfs fs;
	char locks[32];
	int ctx[MAX_CPUS];
	struct bare bare;
	pfarg_pmc_t pmcs[MAX_REGS];
	pfarg_pmd_t pmds[MAX_REGS];
	uint32_t addr[MAX_REGS];
	uint64_t ctl_mask;
	unsigned npmcs;
} b;

static void clean_up(void)
{
	char path[64];

	msrfs_stop(&b.fs);
	for (unsigned i = 0; i < b.ncpus; i++) {
		snprintf(path, sizeof(path), "%s/cpu%u", b.locks, i);
		unlink(path);
	}
	rmdir(b.locks);
}

static void die(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "msr-cost: %s: %s\n", what, why);
	clean_up();
	_exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* DIR/stats: "cpu reads writes opens batches ops foreign-faults". */
static void look(struct stats all[MAX_CPUS])
{
	char path[160], line[160];
	unsigned cpu = 0, n = 0;
	struct stats s;
	FILE *f;

	snprintf(path, sizeof(path), "%s/stats", b.fs.dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, STATS_ROW, &cpu, &s.reads, &s.writes,
			   &s.batches, &s.ops) == 5 &&
		    cpu == n && n < b.ncpus)
			all[n++] = s;
	if (f)
		fclose(f);
	if (n < b.ncpus)
		die(path, "not a row for each CPU");
}

static bool is_safe(void)
{
	return strcmp(b.transport, "safe") == 0;
}

static double bare_step(unsigned step)
{
	double start = now_us();

	for (unsigned i = 0; i < b.ncpus; i++)
		if (step_regs[step] ?
			    !bare_read(&b.bare, i, b.addr, step_regs[step]) :
			    !bare_write(&b.bare, i, b.model->ctl,
					step == START ? b.ctl_mask : 0))
			die("a bare access", strerror(errno));
	return (now_us() - start) / b.ncpus;
}

static int do_step(unsigned step, unsigned cpu, unsigned n)
{
	pfarg_load_t load = { .load_pid = cpu };

	switch (step) {
	case LOAD:
		return pfm_load_context(b.ctx[cpu], &load);
	case START:
		return pfm_start(b.ctx[cpu], NULL);
	case STOP:
		return pfm_stop(b.ctx[cpu]);
	case UNLOAD:
		return pfm_unload_context(b.ctx[cpu]);
	default:
		return pfm_read_pmds(b.ctx[cpu], b.pmds, (int)n);
	}
}

/* On all CPUs; spread: from the first return to the last. */
static double our_step(unsigned step, unsigned n, double *spread)
{
	double start = now_us(), first = 0;

	for (unsigned i = 0; i < b.ncpus; i++) {
		if (do_step(step, i, n) != 0)
			die(step_names[step], pfm_reason());
		if (i == 0 && spread)
			first = now_us();
	}
	if (spread)
		*spread = now_us() - first;
	return (now_us() - start) / b.ncpus;
}

/* As many counters as there are up to MAX_REGS, general ones first. */
static void choose_regs(void)
{
	struct pfm_pmu_reg regs[128];
	struct pfm_pmu_info info;
	uint64_t fixed = 0;
	int n = pfm_pmu_regs(0, regs, 128);

	if (pfm_pmu_get("msr", 0, &info) < 0 || n < 0)
		die(b.model->name, pfm_reason());
	for (int i = 0; i < n && b.nregs < MAX_REGS; i++) {
		unsigned num = regs[i].num;

		if (!regs[i].is_pmd || num >= FREE_PMD)
			continue;
		if (num < FIXED_PMD) {
			b.pmcs[b.npmcs].reg_num = (uint16_t)num;
			b.pmcs[b.npmcs++].reg_value = SELECT;
			b.ctl_mask |= UINT64_C(1) << num;
		} else {
			fixed |= FIXED_USER << 4 * (num - FIXED_PMD);
			b.ctl_mask |= UINT64_C(1) << (num - FIXED_PMD + 32);
		}
		b.addr[b.nregs] = regs[i].msr;
		b.pmds[b.nregs++].reg_num = (uint16_t)num;
	}
	if (!fixed)
		return;
	b.pmcs[b.npmcs].reg_num = FIXED_PMC;
	b.pmcs[b.npmcs++].reg_value = fixed;
}

static void create_contexts(void)
{
	for (unsigned i = 0; i < b.ncpus; i++) {
		pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_SYSTEM_WIDE |
						 PFM_FL_ANYCPU };

		if (pfm_create_context(&ctx, NULL, 0) ||
		    pfm_set_backend(ctx.ctx_fd, "msr") ||
		    pfm_write_pmcs(ctx.ctx_fd, b.pmcs, (int)b.npmcs) ||
		    pfm_write_pmds(ctx.ctx_fd, b.pmds, (int)b.nregs))
			die("a context", pfm_reason());
		b.ctx[i] = ctx.ctx_fd;
	}
}

/* The library, msrfs and whatever they start: on the last CPU allowed. */
static void pin(void)
{
	cpu_set_t all, one;
	int cpu = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	while (cpu > 0 && !CPU_ISSET(cpu, &all))
		cpu--;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("sched_setaffinity", strerror(errno));
}

/* A mount, and the library on it. */
static void set_up(void)
{
	struct rlimit nofile;
	char cpus[64];

	pin();
	snprintf(b.locks, sizeof(b.locks), "/tmp/msr-cost.XXXXXX");
	getrlimit(RLIMIT_NOFILE, &nofile);
	nofile.rlim_cur = nofile.rlim_max;
	setrlimit(RLIMIT_NOFILE, &nofile);
	if (!mkdtemp(b.locks))
		die(b.locks, strerror(errno));
	snprintf(cpus, sizeof(cpus), "%s*%u", b.model->name, b.ncpus);
	if (!msrfs_start(&b.fs, cpus, NULL))
		die("msrfs", b.fs.text);
	if (!msrfs_ctl(&b.fs, "allow all"))
		die("msrfs", b.fs.text);
	setenv("PFM_CPU_PATH", b.fs.cpu_path, 1);
	setenv("PFM_LOCK_DIR", b.locks, 1);
	setenv("PFM_MSR_TRANSPORT", b.transport, 1);
	choose_regs();
	create_contexts();
}

static int compare(const void *x, const void *y)
{
	double d = *(const double *)x - *(const double *)y;

	return (d > 0) - (d < 0);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

/* A step once, for its accesses, which are those of each CPU. */
static struct stats count_step(unsigned step, unsigned n)
{
	static struct stats before[MAX_CPUS], after[MAX_CPUS];
	struct stats first = { 0 };

	look(before);
	our_step(step, n, NULL);
	look(after);
	for (unsigned i = 0; i < b.ncpus; i++) {
		after[i].reads -= before[i].reads;
		after[i].writes -= before[i].writes;
		after[i].batches -= before[i].batches;
		after[i].ops -= before[i].ops;
		first = after[0];
		if (memcmp(&after[i], &first, sizeof(first)) != 0)
			die(step_names[step], "the CPUs' accesses differ");
	}
	return first;
}

static void time_steps(struct result *r)
{
	static double ours[NSTEPS][1024], bare[NSTEPS][1024], spread[1024];
	unsigned rounds = b.ncpus >= 64 ? 21 : 1024 / b.ncpus;

	for (unsigned i = 0; i < rounds; i++)
		for (unsigned s = START; s <= STOP; s++) {
			ours[s][i] = our_step(s, step_regs[s],
					      s == START ? &spread[i] : NULL);
			/* Started twice, and stopped twice: the same write. */
			bare[s][i] = bare_step(s);
		}
	for (unsigned s = START; s <= STOP; s++) {
		r->us[s] = median(ours[s], rounds);
		r->bare_us[s] = median(bare[s], rounds);
	}
	r->spread_us = median(spread, rounds);
}

static double time_trip(void)
{
	char path[160], buf[16];
	double start;
	int fd;

	snprintf(path, sizeof(path), "%s/0/cpuid", b.fs.cpu_path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	start = now_us();
	for (unsigned i = 0; i < TRIPS; i++)
		if (pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
			die(path, strerror(errno));
	start = now_us() - start;
	close(fd);
	return start / TRIPS;
}

static void measure(struct result *r)
{
	double load[LOADS], unload[LOADS];

	set_up();
	b.bare.safe = is_safe();
	if (!bare_open(&b.bare, b.fs.cpu_path, b.ncpus))
		die("msrfs", strerror(errno));
	for (unsigned i = 0; i < LOADS; i++) {
		load[i] = our_step(LOAD, 0, NULL);
		unload[i] = our_step(UNLOAD, 0, NULL);
	}
	for (unsigned s = 0; s < NSTEPS; s++) {
		r->stats[s] = count_step(s, step_regs[s]);
		if (s == STOP)
			time_steps(r);
	}
	r->us[LOAD] = median(load, LOADS);
	r->us[UNLOAD] = median(unload, LOADS);
	r->trip_us = time_trip();
	clean_up();
}

/* In a process of its own: the library describes each kind of CPU once. */
static struct result measure_apart(unsigned ncpus)
{
	struct result r = { 0 };
	int pipes[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		die("a pipe", strerror(errno));
	b.ncpus = ncpus;
	pid = fork();
	if (pid == 0) {
		measure(&r);
		_exit(write(pipes[1], &r, sizeof(r)) != sizeof(r));
	}
	close(pipes[1]);
	if (read(pipes[0], &r, sizeof(r)) != sizeof(r)) {
		waitpid(pid, NULL, 0);
		exit(1);
	}
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return r;
}

static void print_accesses(const struct result *r)
{
	printf("  accesses per CPU, %s:\n",
	       is_safe() ? "in how many ioctls" : "reads + writes");
	for (unsigned s = 0; s < NSTEPS; s++) {
		printf("%s %s %" PRIu64 " %s %" PRIu64, s % 4 ? "," : "   ",
		       step_names[s],
		       is_safe() ? r->stats[s].ops : r->stats[s].reads,
		       is_safe() ? "in" : "+",
		       is_safe() ? r->stats[s].batches : r->stats[s].writes);
		printf("%s", s % 4 == 3 || s == UNLOAD ? "\n" : "");
	}
	printf("  us per CPU, and in brackets how many times the bare "
	       "accesses:\n");
	printf("  CPUs load start      read 1     of 4       of 6       "
	       "stop       unload spread\n");
}

static void print_row(unsigned ncpus, const struct result *r)
{
	printf("  %4u %4.0f", ncpus, r->us[LOAD]);
	for (unsigned s = START; s <= STOP; s++)
		printf(" %3.0f (%.2f)", r->us[s], r->us[s] / r->bare_us[s]);
	printf(" %6.0f %6.0f\n", r->us[UNLOAD], r->spread_us);
}

static void report(void)
{
	struct result first = { 0 }, r = { 0 };

	printf("%s by %s\n", b.model->name, b.transport);
	for (unsigned n = 2; n <= MAX_CPUS; n *= 2) {
		r = measure_apart(n);
		if (n == 2) {
			first = r;
			print_accesses(&r);
		} else if (memcmp(r.stats, first.stats, sizeof(r.stats)) != 0) {
			printf("  with %u CPUs not the same accesses:\n", n);
			print_accesses(&r);
		}
		print_row(n, &r);
	}
	printf("  ratio %4.2f", r.us[LOAD] / first.us[LOAD]);
	for (unsigned s = START; s <= STOP; s++)
		printf(" %4.2f      ", r.us[s] / first.us[s]);
	printf(" %6.2f  256 CPUs to 2\n", r.us[UNLOAD] / first.us[UNLOAD]);
	printf("  a read of msrfs that makes no access: %.1f us\n", r.trip_us);
}

/* "STEP READS WRITES BATCHES OPS", per CPU; the same on each, or it fails. */
static void print_step(unsigned step, unsigned n)
{
	struct stats s = count_step(step, n);

	if (n)
		printf("read-%u", n);
	else
		printf("%s", step_names[step]);
	printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s.reads,
	       s.writes, s.batches, s.ops);
}

/* All counters of the model up to MAX_REGS are in the set. */
static void report_counts(const char *ncpus)
{
	b.ncpus = (unsigned)strtoul(ncpus, NULL, 10);
	if (b.ncpus < 1 || b.ncpus > MAX_CPUS)
		die("--counts", "1 to 256 CPUs");
	set_up();
	print_step(LOAD, 0);
	print_step(START, 0);
	for (unsigned n = 1; n <= b.nregs; n++)
		print_step(READ_1, n);
	print_step(STOP, 0);
	for (unsigned n = 1; n <= b.nregs; n++)
		print_step(READ_1, n);
	print_step(START, 0);
	print_step(STOP, 0);
	print_step(UNLOAD, 0);
	clean_up();
}

int main(int argc, char **argv)
{
	static const char *const transports[] = { "dev", "safe" };
	struct model named = { 0 };

	b.fs.pid = -1;
	if (argc == 5 && strcmp(argv[1], "--counts") == 0) {
		named.name = argv[2];
		b.model = &named;
		b.transport = argv[3];
		report_counts(argv[4]);
		return 0;
	}
	if (argc != 1) {
		fprintf(stderr, "usage: msr-cost\n"
				"       msr-cost --counts MODEL TRANSPORT "
				"NCPUS\n");
		return 2;
	}
	printf("msr-cost: spread: us from the first CPU started to the last\n");
	for (unsigned m = 0; m < sizeof(models) / sizeof(models[0]); m++)
		for (unsigned t = 0; t < 2; t++) {
			b.model = &models[m];
			b.transport = transports[t];
			report();
		}
	return 0;
}
