/* SPDX-License-Identifier: MIT
 *
 * read-cost.c - what pfm_read_pmds() of four PMDs costs, against a raw read(2)
 * of the same four events in one group and against PAPI_read() of them.  They
 * take turns in one process, so that the machine's noise is the same for all.
 * Where the kernel happened to put a group's memory is worth 5 % either way, so
 * several processes do this, opening the three in changing order, and the
 * median of their best rounds is what is compared.  Never fails on a time.
 */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_PAPI
#include <dlfcn.h>
#include <papi.h>
#include <perfmon/pfmlib.h>
#include <string.h>
#endif

#include <pfmcore.h>

enum { NEVENTS = 4, NPROCS = 15, ROUNDS = 40, CALLS = 5000 };
enum { RAW, OURS, PAPI, NKINDS };

static const uint64_t configs[NEVENTS] = {
	PERF_COUNT_SW_TASK_CLOCK,
	PERF_COUNT_SW_PAGE_FAULTS,
	PERF_COUNT_SW_CONTEXT_SWITCHES,
	PERF_COUNT_SW_CPU_MIGRATIONS,
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "read-cost: %s: %s\n", what, why);
	exit(1);
}

/* The peer: one group, with the times a careful reader asks for as well. */
static int raw_fd;

static bool raw_open(void)
{
	int leader = -1;

	for (int i = 0; i < NEVENTS; i++) {
		struct perf_event_attr attr = {
			.type = PERF_TYPE_SOFTWARE,
			.size = sizeof(attr),
			.config = configs[i],
			.exclude_kernel = geteuid() != 0,
			.read_format = PERF_FORMAT_GROUP |
				       PERF_FORMAT_TOTAL_TIME_ENABLED |
				       PERF_FORMAT_TOTAL_TIME_RUNNING,
		};
		int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, leader,
				      0);

		if (fd < 0)
			die("perf_event_open", "refused");
		if (leader < 0)
			leader = fd;
	}
	raw_fd = leader;
	return true;
}

static void raw_read(void)
{
	uint64_t buf[3 + NEVENTS];

	if (read(raw_fd, buf, sizeof(buf)) != sizeof(buf))
		die("read", "short");
}

static int ctx_fd;
static pfarg_pmd_t pmds[NEVENTS];

static bool pfm_open(void)
{
	pfarg_ctx_t ctx = { .ctx_flags = 0 };
	pfarg_load_t load = { .load_pid = (uint32_t)getpid() };
	pfarg_pmc_t pmcs[NEVENTS] = { { 0 } };

	for (int i = 0; i < NEVENTS; i++) {
		pmcs[i].reg_num = (uint16_t)(PFM_PMC_SW + i);
		pmcs[i].reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE, configs[i]);
		if (geteuid() != 0)
			pmcs[i].reg_flags = PFM_REGFL_NO_KERNEL;
		pmds[i].reg_num = (uint16_t)(PFM_PMD_SW + i);
	}
	if (pfm_create_context(&ctx, NULL, 0) ||
	    pfm_write_pmcs(ctx.ctx_fd, pmcs, NEVENTS) ||
	    pfm_write_pmds(ctx.ctx_fd, pmds, NEVENTS) ||
	    pfm_load_context(ctx.ctx_fd, &load) || pfm_start(ctx.ctx_fd, NULL))
		die("libpfmcore", pfm_reason());
	ctx_fd = ctx.ctx_fd;
	return true;
}

static void pfm_read(void)
{
	if (pfm_read_pmds(ctx_fd, pmds, NEVENTS) != 0)
		die("pfm_read_pmds", pfm_reason());
}

#ifdef HAVE_PAPI
static int papi_set = PAPI_NULL;

/*
 * PAPI serves no event at all where libpfm4 does not know the processor.  Shown
 * libpfm4's software PMU as the processor's, it serves the software events,
 * along the same path as ever.
 */
pfm_err_t pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	pfm_err_t (*real)(pfm_pmu_t, pfm_pmu_info_t *);
	pfm_err_t ret;

	*(void **)&real = dlsym(RTLD_NEXT, "pfm_get_pmu_info");
	ret = real(pmu, info);
	if (ret == PFM_SUCCESS && strcmp(info->name, "perf") == 0) {
		info->is_dfl = 1;
		info->type = PFM_PMU_TYPE_CORE;
		info->num_cntrs = NEVENTS;
	}
	return ret;
}

static bool papi_open(void)
{
	static const char *const names[NEVENTS] = {
		"perf::TASK-CLOCK",
		"perf::PAGE-FAULTS",
		"perf::CONTEXT-SWITCHES",
		"perf::CPU-MIGRATIONS",
	};

	if (PAPI_library_init(PAPI_VER_CURRENT) != PAPI_VER_CURRENT ||
	    PAPI_create_eventset(&papi_set) != PAPI_OK)
		return false;
	for (int i = 0; i < NEVENTS; i++)
		if (PAPI_add_named_event(papi_set, names[i]) != PAPI_OK)
			return false;
	return PAPI_start(papi_set) == PAPI_OK;
}

static void papi_read(void)
{
	long long values[NEVENTS];

	if (PAPI_read(papi_set, values) != PAPI_OK)
		die("PAPI_read", "failed");
}
#else
static bool papi_open(void)
{
	return false;
}

static void papi_read(void)
{
}
#endif

static const struct {
	const char *name;
	bool (*open)(void);
	void (*read)(void);
} kinds[NKINDS] = {
	[RAW] = { "group read(2)", raw_open, raw_read },
	[OURS] = { "pfm_read_pmds", pfm_open, pfm_read },
	[PAPI] = { "PAPI_read", papi_open, papi_read },
};

/* Best round of each kind, in ns a call; 0 for one that is not here. */
static void measure(unsigned order, double *best)
{
	bool have[NKINDS];

	for (unsigned i = 0; i < NKINDS; i++)
		have[(i + order) % NKINDS] = kinds[(i + order) % NKINDS].open();
	for (unsigned r = 0; r < ROUNDS * NKINDS; r++) {
		unsigned k = r % NKINDS;
		uint64_t start = now_ns();
		double ns;

		if (!have[k])
			continue;
		for (unsigned i = 0; i < CALLS; i++)
			kinds[k].read();
		ns = (double)(now_ns() - start) / CALLS;
		if (best[k] == 0 || ns < best[k])
			best[k] = ns;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, NPROCS, sizeof(*v), compare);
	return v[NPROCS / 2];
}

int main(void)
{
	double ns[NKINDS][NPROCS], one[NKINDS], m[NKINDS];

	for (unsigned p = 0; p < NPROCS; p++) {
		int pipes[2];

		if (pipe(pipes) < 0)
			die("pipe", "refused");
		if (fork() == 0) {
			double best[NKINDS] = { 0 };

			measure(p, best);
			_exit(write(pipes[1], best, sizeof(best)) !=
			      sizeof(best));
		}
		close(pipes[1]);
		if (read(pipes[0], one, sizeof(one)) != sizeof(one))
			die("a measuring process", "failed");
		close(pipes[0]);
		for (unsigned k = 0; k < NKINDS; k++)
			ns[k][p] = one[k];
	}
	for (unsigned k = 0; k < NKINDS; k++)
		m[k] = median(ns[k]);
	printf("read-cost: four PMDs, ns a call, median of %d processes\n",
	       NPROCS);
	for (unsigned k = 0; k < NKINDS; k++)
		if (m[k] > 0)
			printf("  %-15s %7.1f   ratio %.3f\n", kinds[k].name,
			       m[k], m[OURS] / m[k]);
	return 0;
}
