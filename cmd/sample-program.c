/* SPDX-License-Identifier: MIT
 *
 * sample-program.c - the registers of a context of pfmon sample: what it samples
 * and how often, what is read beside that, and the sets that take turns.
 */
#include "config.h"

#include "sample.h"

#include <linux/perf_event.h>

static pfarg_pmd_t pmd_of(const struct sampling *s, const struct sampled *e,
			  unsigned set)
{
	pfarg_pmd_t pmd = { .reg_num = e->place.pmd, .reg_set = (uint16_t)set };
	unsigned i;

	if (e->with)
		return pmd;
	pmd.reg_flags = PFM_REGFL_OVFL_NOTIFY;
	if (e->freq) {
		pmd.reg_flags |= PFM_REGFL_FREQ;
		pmd.reg_value = 0 - e->freq;
	} else {
		pmd.reg_value = 0 - e->period;
	}
	pmd.reg_long_reset = pmd.reg_short_reset = pmd.reg_value;
	if (e->short_period)
		pmd.reg_short_reset = 0 - e->short_period;
	if (e->random_mask) {
		pmd.reg_flags |= PFM_REGFL_RANDOM;
		pmd.reg_random_mask = e->random_mask;
		pmd.reg_random_seed = (uint32_t)e->random_seed;
	}
	pmd.reg_smpl_eventid = (uint64_t)(e - s->events);
	for (i = 0; i < s->nevents; i++)
		if (s->events[i].with)
			pmd.reg_smpl_pmds[s->events[i].place.pmd / 64] |=
				1ULL << s->events[i].place.pmd % 64;
	return pmd;
}

/* An event that never comes: its context is there for what tasks do. */
int program_side(int fd)
{
	pfarg_pmc_t pmc = {
		.reg_num = PFM_PMC_SW,
		.reg_flags = PFM_REGFL_NO_KERNEL,
		.reg_value =
			PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY),
	};
	pfarg_pmd_t pmd = {
		.reg_num = PFM_PMD_SW,
		.reg_value = 0 - (1ULL << 60),
		.reg_long_reset = 0 - (1ULL << 60),
		.reg_short_reset = 0 - (1ULL << 60),
	};

	return pfm_write_pmcs(fd, &pmc, 1) < 0 ? -1 :
						 pfm_write_pmds(fd, &pmd, 1);
}

static int program_pmcs(const struct sampled *e, int fd, unsigned set)
{
	unsigned k;

	for (k = 0; k < e->place.npmcs; k++) {
		pfarg_pmc_t pmc = e->place.pmc[k];

		pmc.reg_set = (uint16_t)set;
		if (pfm_write_pmcs(fd, &pmc, 1) < 0)
			return -1;
	}
	return 0;
}

static int program_set(const struct sampling *s, int fd, unsigned set)
{
	unsigned i;

	for (i = 0; i < s->nevents; i++) {
		const struct sampled *e = &s->events[i];
		pfarg_pmd_t pmd = pmd_of(s, e, set);

		if (e->set != set && !e->with)
			continue;
		if (program_pmcs(e, fd, set) < 0 ||
		    pfm_write_pmds(fd, &pmd, 1) < 0)
			return -1;
	}
	return 0;
}

/* Sets that take turns; set 0 is there. */
static int make_sets(const struct sampling *s, int fd)
{
	unsigned i;

	for (i = 0; i < s->nsets && s->nsets > 1; i++) {
		pfarg_setdesc_t set = {
			.set_id = (uint16_t)i,
			.set_flags = PFM_SETFL_TIME_SWITCH,
			.set_timeout = (uint32_t)(s->opt->switch_ns / 1000),
		};

		if (pfm_create_evtsets(fd, &set, 1) < 0)
			return -1;
	}
	return 0;
}

int program_events(const struct sampling *s, int fd)
{
	unsigned set;

	if (make_sets(s, fd) < 0)
		return -1;
	for (set = 0; set < s->nsets; set++)
		if (program_set(s, fd, set) < 0)
			return -1;
	return 0;
}

int program_clock(const struct sampling *s, int fd)
{
	uint64_t value = 0 - s->clock->freq;
	pfarg_pmd_t pmd = {
		.reg_num = s->clock->place.pmd,
		.reg_flags = PFM_REGFL_OVFL_NOTIFY | PFM_REGFL_FREQ,
		.reg_value = value,
		.reg_long_reset = value,
		.reg_short_reset = value,
	};

	return program_pmcs(s->clock, fd, 0) < 0 ? -1 :
						   pfm_write_pmds(fd, &pmd, 1);
}

int program_counters(const struct sampling *s, int fd)
{
	unsigned i, set;

	if (make_sets(s, fd) < 0)
		return -1;
	for (set = 0; set < s->nsets; set++)
		for (i = 0; i < s->nevents; i++) {
			const struct sampled *e = &s->events[i];
			pfarg_pmd_t pmd = { .reg_num = e->place.pmd,
					    .reg_set = (uint16_t)set };

			if (e->set == set && (program_pmcs(e, fd, set) < 0 ||
					      pfm_write_pmds(fd, &pmd, 1) < 0))
				return -1;
		}
	return 0;
}
