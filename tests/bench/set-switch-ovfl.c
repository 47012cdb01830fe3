/* SPDX-License-Identifier: MIT
 *
 * set-switch-ovfl.c - the part of set-switch that switches by overflow of
 * another process: each page fault is one, and the switch is over when the next
 * set can see one.
 */
#include <poll.h>

#include <pfmcore.h>

#include "raw-perf.h"
#include "set-switch.h"

enum { ROUNDS = 7 };

static void check(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, pfm_reason());
}

struct ovfl_round {
	double rate, cpu;
};

static void ours_set(int fd, uint16_t i)
{
	pfarg_setdesc_t d = { .set_id = i, .set_flags = PFM_SETFL_OVFL_SWITCH };
	pfarg_pmc_t pmc = { .reg_num = PFM_PMC_SW,
			    .reg_set = i,
			    .reg_value =
				    PFM_SW_CODE(PERF_TYPE_SOFTWARE,
						PERF_COUNT_SW_PAGE_FAULTS) };
	pfarg_pmd_t pmd = { .reg_num = PFM_PMD_SW,
			    .reg_set = i,
			    .reg_value = UINT64_MAX,
			    .reg_long_reset = UINT64_MAX,
			    .reg_short_reset = UINT64_MAX,
			    .reg_ovfl_switch_cnt = 1 };

	if (geteuid() != 0)
		pmc.reg_flags = PFM_REGFL_NO_KERNEL;
	check(pfm_create_evtsets(fd, &d, 1), "create_evtsets");
	check(pfm_write_pmcs(fd, &pmc, 1), "write_pmcs");
	check(pfm_write_pmds(fd, &pmd, 1), "write_pmds");
}

static void ours_ovfl(struct source *src, struct ovfl_round *r,
		      unsigned round_ms)
{
	pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_NOPTRACE };
	pfarg_load_t load = { .load_pid = (uint32_t)src->pid };
	struct timespec t = { 0, (long)round_ms * 1000000 };
	struct pfm_stats st;
	uint64_t start, cpu;

	check(pfm_create_context(&ctx, NULL, 0), "create");
	for (uint16_t i = 0; i < 2; i++)
		ours_set(ctx.ctx_fd, i);
	check(pfm_load_context(ctx.ctx_fd, &load), "load");
	check(pfm_start(ctx.ctx_fd, NULL), "start");
	cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	start = now_ns();
	source_go(src);
	nanosleep(&t, NULL);
	source_stop(src);
	r->rate = (double)(now_ns() - start);
	r->cpu = (double)(clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	check(pfm_stop(ctx.ctx_fd), "stop");
	check(pfm_get_stats(ctx.ctx_fd, &st), "stats");
	r->rate = (double)st.switches * 1e9 / r->rate;
	r->cpu = r->cpu / (double)(st.switches ? st.switches : 1);
	close(ctx.ctx_fd);
}

struct raw_ovfl {
	int fd[2];
	struct raw_ring ring;
};

/* One ring for both, as a program would have it. */
static void raw_ovfl_open(struct raw_ovfl *v, const struct source *src)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP |
			       PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.wakeup_events = 1,
		.exclude_kernel = geteuid() != 0,
		.disabled = 1,
	};

	for (unsigned i = 0; i < 2; i++)
		v->fd[i] = raw_open(&attr, src->pid, -1, -1);
	raw_map(&v->ring, v->fd[0], 2);
	if (ioctl(v->fd[1], PERF_EVENT_IOC_SET_OUTPUT, v->fd[0]) < 0)
		die("SET_OUTPUT: %s", strerror(errno));
}

static void raw_ovfl(struct source *src, struct ovfl_round *r,
		     unsigned round_ms)
{
	static struct out o;
	struct raw_ovfl v;
	struct pollfd p = { .events = POLLIN };
	uint64_t start, end, cpu, n = 0;

	raw_ovfl_open(&v, src);
	p.fd = v.fd[0];
	ioctl(v.fd[0], PERF_EVENT_IOC_REFRESH, 1);
	cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	start = now_ns();
	end = start + round_ms * UINT64_C(1000000);
	source_go(src);
	while (now_ns() < end) {
		if (poll(&p, 1, (int)round_ms) <= 0 ||
		    raw_drain(&v.ring, &o) == 0)
			continue;
		ioctl(v.fd[++n % 2], PERF_EVENT_IOC_REFRESH, 1);
	}
	source_stop(src);
	r->rate = (double)n * 1e9 / (double)(now_ns() - start);
	r->cpu = (double)(clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu) /
		 (double)(n ? n : 1);
	raw_unmap(&v.ring);
	close(v.fd[1]);
	close(v.fd[0]);
}

void measure_ovfl(unsigned round_ms)
{
	double ratio[ROUNDS], rate[2][ROUNDS], cpu[2][ROUNDS];
	struct source src;

	source_open(&src, SOURCE_FAULTS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct ovfl_round r[2] = { { 0 } };

		for (unsigned k = 0; k < 2; k++) {
			struct ovfl_round *to = &r[(k + i) % 2];

			if ((k + i) % 2)
				raw_ovfl(&src, to, round_ms);
			else
				ours_ovfl(&src, to, round_ms);
		}
		for (unsigned k = 0; k < 2; k++) {
			rate[k][i] = r[k].rate;
			cpu[k][i] = r[k].cpu;
		}
		ratio[i] = r[0].rate / r[1].rate;
	}
	source_close(&src);
	printf("overflow switches: ours %.0f/s, CPU %.1f us each; peer %.0f/s, "
	       "%.1f us; ratio %.3f\n",
	       median(rate[0], ROUNDS), median(cpu[0], ROUNDS) / 1000,
	       median(rate[1], ROUNDS), median(cpu[1], ROUNDS) / 1000,
	       median(ratio, ROUNDS));
}
