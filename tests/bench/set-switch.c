/* SPDX-License-Identifier: MIT
 *
 * set-switch.c - what switching event sets costs: how long a slice is against
 * the timeout asked for, the time in which no set counts, the CPU time of the
 * switcher, and how much slower the monitored work is.  Time switching of a
 * busy thread and of its CPU, and switching by overflow of another process; the
 * peer disables and enables two groups by perf_event_open(2) alone.  The work
 * is on CPU 0, the switcher on CPU 1.  Never fails on a time.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/timerfd.h>

#include <pfmcore.h>

#include "raw-perf.h"
#include "set-switch.h"

enum { MAX_SETS = 8, EVENTS = 2, MAX_SLICES = 1 << 18, ROUNDS = 7 };
enum target { THREAD, CPU };

static const char *const target_name[] = { "thread", "CPU" };
static unsigned round_ms = 300;

/* Who switches: ours, the peer, or nobody. */
struct job;
struct side {
	const char *name;
	void (*start)(struct job *j);          /* on the working thread */
	unsigned (*seen)(const struct job *j); /* switches so far, by a look */
	void (*stop)(struct job *j);
};

struct job {
	const struct side *side;
	enum target target;
	unsigned nsets, timeout_us; /* asked; then as given */
	bool watch;                 /* look for switches, or work */

	int fd; /* ours */
	const struct pfm_set_view *view[MAX_SETS];

	int group[MAX_SETS][EVENTS]; /* the peer's */
	pthread_t switcher;
	atomic_bool end;
	atomic_uint done;

	/* Results. */
	uint64_t work;   /* loops done */
	uint64_t own_ns; /* CPU time of the work */
	uint64_t switches;
	uint64_t time_ns;  /* on the clock the sets' times are on */
	uint64_t set_ns;   /* sum of the sets' times */
	uint64_t other_ns; /* CPU time of the process but for the work */
	double *slice;     /* us between switches, as the work saw them */
	size_t nslices;
};

static const char *const names[EVENTS] = { "page-faults", "context-switches" };
static const uint64_t configs[EVENTS] = {
	PERF_COUNT_SW_PAGE_FAULTS,
	PERF_COUNT_SW_CONTEXT_SWITCHES,
};

static void check(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, pfm_reason());
}

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* Who is not root may count what is his own. */
static bool may_all(void)
{
	return geteuid() == 0;
}

static unsigned levels(void)
{
	return may_all() ? PFM_PLM_USER | PFM_PLM_KERNEL : PFM_PLM_USER;
}

/* Ours. */
static void create_sets(struct job *j)
{
	for (unsigned i = 0; i < j->nsets; i++) {
		pfarg_setdesc_t d = { .set_id = (uint16_t)i,
				      .set_flags = PFM_SETFL_TIME_SWITCH,
				      .set_timeout = j->timeout_us };

		check(pfm_create_evtsets(j->fd, &d, 1), "create_evtsets");
		if (i == j->nsets - 1)
			j->timeout_us = d.set_timeout;
	}
}

static void write_sets(struct job *j)
{
	struct pfm_event evs[EVENTS];
	struct pfm_place places[EVENTS];

	for (unsigned e = 0; e < EVENTS; e++)
		check(pfm_event_parse(names[e], levels(), &evs[e]), "event");
	check(pfm_event_assign("perf", -1, evs, EVENTS, places, NULL),
	      "assign");
	for (unsigned i = 0; i < j->nsets * EVENTS; i++) {
		struct pfm_place *p = &places[i % EVENTS];
		pfarg_pmd_t pmd = { .reg_num = p->pmd,
				    .reg_set = (uint16_t)(i / EVENTS) };

		p->pmc[0].reg_set = pmd.reg_set;
		check(pfm_write_pmcs(j->fd, p->pmc, p->npmcs), "write_pmcs");
		check(pfm_write_pmds(j->fd, &pmd, 1), "write_pmds");
	}
	for (unsigned e = 0; e < EVENTS; e++)
		pfm_event_release(&evs[e]);
}

static void ours_start(struct job *j)
{
	pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_MAP_SETS };
	pfarg_load_t load = { .load_pid = (uint32_t)own_tid() };

	if (j->target == CPU) {
		ctx.ctx_flags |= PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
		load.load_pid = 0;
	}
	check(pfm_create_context(&ctx, NULL, 0), "create");
	j->fd = ctx.ctx_fd;
	create_sets(j);
	write_sets(j);
	check(pfm_load_context(j->fd, &load), "load");
	for (unsigned i = 0; i < j->nsets && j->watch; i++) {
		j->view[i] = pfm_set_map(j->fd, i);
		if (!j->view[i])
			die("set_map: %s", pfm_reason());
	}
	check(pfm_start(j->fd, NULL), "start");
}

static unsigned ours_seen(const struct job *j)
{
	uint64_t runs = 0;

	for (unsigned i = 0; i < j->nsets; i++)
		runs += __atomic_load_n(&j->view[i]->set_runs,
					__ATOMIC_RELAXED);
	return (unsigned)runs;
}

static void ours_stop(struct job *j)
{
	struct pfm_stats st;

	check(pfm_stop(j->fd), "stop");
	check(pfm_get_stats(j->fd, &st), "stats");
	j->switches = st.switches;
	for (unsigned i = 0; i < j->nsets; i++) {
		struct pfm_count c = { .reg_num = PFM_PMD_SW,
				       .reg_set = (uint16_t)i };

		check(pfm_read_counts(j->fd, &c, 1), "read_counts");
		j->set_ns += c.enabled_ns;
		if (j->watch)
			pfm_set_unmap(j->view[i]);
	}
	close(j->fd);
}

/*
 * The peer: a thread with a timer.  It reads no counts: the kernel keeps those
 * of each group.
 */
static void raw_open_groups(struct job *j)
{
	bool cpu = j->target == CPU;

	for (unsigned i = 0; i < j->nsets * EVENTS; i++) {
		int *g = j->group[i / EVENTS];
		unsigned e = i % EVENTS;
		struct perf_event_attr attr = {
			.type = PERF_TYPE_SOFTWARE,
			.config = configs[e],
			.disabled = e == 0,
			.exclude_kernel = !may_all(),
			.read_format = PERF_FORMAT_GROUP |
				       PERF_FORMAT_TOTAL_TIME_ENABLED |
				       PERF_FORMAT_TOTAL_TIME_RUNNING,
		};

		g[e] = raw_open(&attr, cpu ? -1 : 0, cpu ? 0 : -1,
				e ? g[0] : -1);
	}
}

static void *raw_switcher(void *arg)
{
	struct job *j = arg;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	long ns = (long)j->timeout_us * 1000;
	struct itimerspec its = { { 0, ns }, { 0, ns } };
	uint64_t expired;
	unsigned n = 0;

	pin(1);
	if (fd < 0 || timerfd_settime(fd, 0, &its, NULL) < 0)
		die("timerfd: %s", strerror(errno));
	while (!atomic_load(&j->end) &&
	       read(fd, &expired, sizeof(expired)) == sizeof(expired)) {
		ioctl(j->group[n % j->nsets][0], PERF_EVENT_IOC_DISABLE, 0);
		ioctl(j->group[++n % j->nsets][0], PERF_EVENT_IOC_ENABLE, 0);
		atomic_store_explicit(&j->done, n, memory_order_relaxed);
	}
	close(fd);
	return NULL;
}

static void raw_start(struct job *j)
{
	raw_open_groups(j);
	atomic_store(&j->end, false);
	atomic_store(&j->done, 0);
	ioctl(j->group[0][0], PERF_EVENT_IOC_ENABLE, 0);
	if (pthread_create(&j->switcher, NULL, raw_switcher, j))
		die("no thread");
}

static unsigned raw_seen(const struct job *j)
{
	return atomic_load_explicit(&j->done, memory_order_relaxed);
}

static void raw_stop(struct job *j)
{
	uint64_t buf[3 + EVENTS];

	atomic_store(&j->end, true);
	pthread_join(j->switcher, NULL);
	j->switches = raw_seen(j);
	for (unsigned i = 0; i < j->nsets; i++) {
		ioctl(j->group[i][0], PERF_EVENT_IOC_DISABLE, 0);
		if (read(j->group[i][0], buf, sizeof(buf)) != sizeof(buf))
			die("read: short");
		j->set_ns += buf[1];
		for (unsigned e = EVENTS; e-- > 0;)
			close(j->group[i][e]);
	}
}

static void nobody(struct job *j)
{
	(void)j;
}

static unsigned none_seen(const struct job *j)
{
	(void)j;
	return 0;
}

static const struct side ours = { "ours", ours_start, ours_seen, ours_stop };
static const struct side peer = { "peer", raw_start, raw_seen, raw_stop };
static const struct side none = { "nobody", nobody, none_seen, nobody };

/* The work. */
static void watch(struct job *j, uint64_t end)
{
	unsigned last = j->side->seen(j);
	uint64_t at = 0, now;

	while ((now = now_ns()) < end) {
		unsigned seen = j->side->seen(j);

		if (seen == last)
			continue;
		/* The first one began before anybody looked. */
		if (at && seen == last + 1 && j->nslices < MAX_SLICES)
			j->slice[j->nslices++] = (double)(now - at) / 1000;
		last = seen;
		at = now;
	}
}

static void work(struct job *j, uint64_t end)
{
	volatile unsigned x = 1;

	while (now_ns() < end) {
		for (unsigned i = 0; i < 1000; i++)
			x = x * 3 + 1;
		j->work++;
	}
}

static clockid_t set_clock(const struct job *j)
{
	return j->target == CPU ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
}

static void *worker(void *arg)
{
	struct job *j = arg;
	uint64_t cpu, end;

	/* The library's thread runs where its first caller may: not here. */
	pin(1);
	j->side->start(j);
	pin(0);
	j->time_ns = clock_now(set_clock(j));
	cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	j->own_ns = clock_now(CLOCK_THREAD_CPUTIME_ID);
	end = now_ns() + round_ms * UINT64_C(1000000);
	if (j->watch)
		watch(j, end);
	else
		work(j, end);
	j->own_ns = clock_now(CLOCK_THREAD_CPUTIME_ID) - j->own_ns;
	j->other_ns = clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu - j->own_ns;
	j->time_ns = clock_now(set_clock(j)) - j->time_ns;
	j->side->stop(j);
	return NULL;
}

static void run(struct job *j)
{
	pthread_t t;

	j->work = j->switches = j->set_ns = j->nslices = 0;
	if (pthread_create(&t, NULL, worker, j))
		die("no thread");
	pthread_join(t, NULL);
}

static double per_switch_us(uint64_t ns, const struct job *j)
{
	return j->switches ? (double)(int64_t)ns / 1000 / (double)j->switches :
			     0;
}

/* Loops in the time the work ran: another program's time is not our doing. */
static double speed(const struct job *j)
{
	return (double)j->work / (double)j->own_ns;
}

/* Rounds of work with a switcher, and without one. */
static void measure_work(const struct job *like, double *slower, double *cpu,
			 double *blind)
{
	double s[ROUNDS], c[ROUNDS], b[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct job with = *like, without = *like;

		without.side = &none;
		run(i % 2 ? &with : &without);
		run(i % 2 ? &without : &with);
		s[i] = 100.0 * (1 - speed(&with) / speed(&without));
		c[i] = per_switch_us(with.other_ns, &with);
		b[i] = per_switch_us(with.time_ns - with.set_ns, &with);
	}
	*slower = median(s, ROUNDS);
	*cpu = median(c, ROUNDS);
	*blind = median(b, ROUNDS);
}

static double quantile(const double *v, size_t n, double q)
{
	return n ? v[(size_t)((double)(n - 1) * q)] : 0;
}

/* Returns the timeout it had. */
static unsigned measure_time(const struct side *side, enum target target,
			     unsigned nsets, unsigned timeout_us)
{
	static double slice[MAX_SLICES];
	struct job j = { .side = side,
			 .target = target,
			 .nsets = nsets,
			 .timeout_us = timeout_us,
			 .watch = true,
			 .slice = slice };
	double slower, cpu, blind, mid;

	run(&j);
	sort_doubles(slice, j.nslices);
	mid = quantile(slice, j.nslices, 0.5);
	printf("%-6s %u sets %5u us %s %7zu %8.1f %8.1f %8.1f %8.1f %8.1f",
	       target_name[target], nsets, j.timeout_us, side->name, j.nslices,
	       quantile(slice, j.nslices, 0), mid,
	       quantile(slice, j.nslices, 0.99), quantile(slice, j.nslices, 1),
	       mid - j.timeout_us);
	j.watch = false;
	measure_work(&j, &slower, &cpu, &blind);
	printf(" %7.2f %7.2f %6.1f%%\n", blind, cpu, slower);
	fflush(stdout);
	return j.timeout_us;
}

int main(int argc, char **argv)
{
	static const unsigned timeouts[] = { 1, 1000 };
	int opt;

	while ((opt = getopt(argc, argv, "m:")) != -1) {
		if (opt != 'm')
			die("usage: set-switch [-m ms]");
		round_ms = (unsigned)strtoul(optarg, NULL, 0);
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die("set-switch: needs two CPUs");
	pin(1);
	measure_ovfl(round_ms);
	printf("time switches, us; slice: between switches, as the work sees "
	       "them;\nover: its median less the timeout; blind: no set "
	       "counts; CPU: of the switcher\n"
	       "%-29s %7s %8s %8s %8s %8s %8s %7s %7s %7s\n",
	       "", "slices", "min", "median", "p99", "max", "over", "blind",
	       "CPU", "slower");
	for (unsigned i = 0; i < 2 * 2 * 3; i++) {
		enum target target = i % 2 ? CPU : THREAD;
		unsigned n = 2u << i / 2 % 3;
		unsigned us;

		if (target == CPU && !may_all())
			continue;
		us = measure_time(&ours, target, n, timeouts[i / 6]);
		measure_time(&peer, target, n, us);
	}
	return 0;
}
