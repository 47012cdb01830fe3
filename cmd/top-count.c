/* SPDX-License-Identifier: MIT
 *
 * top-count.c - one context of pfmon top, on a thread or a CPU, by the 12 calls:
 * opened, read as what was counted since the last time, closed.
 */
#include "config.h"

#include "top-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FDS_SPARE 256 /* of ours, and of files that are mapped */
#define FDS_CONTEXT 4 /* both ends of its socket pair, a margin */
#define OLD 3         /* numbers that are kept of each counter */

void counting_limit(struct top *t)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		die("cannot read the limit of open files: %m");
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		getrlimit(RLIMIT_NOFILE, &lim);
	t->most_open = 0;
	if (lim.rlim_cur > FDS_SPARE)
		t->most_open = (unsigned long)(lim.rlim_cur - FDS_SPARE) /
			       (FDS_CONTEXT + t->ev.nctrs);
}

static int why_of(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return WHY_DENIED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return WHY_FILES;
	case ESRCH:
		return WHY_GONE;
	default:
		return WHY_FAILED;
	}
}

static uint32_t flags_of(const struct target *at)
{
	uint32_t flags = PFM_FL_SHARED;

	if (at->cpu >= 0)
		return flags | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	flags |= PFM_FL_NOPTRACE;
	return at->inherit ? flags | PFM_FL_INHERIT | PFM_FL_THREADS : flags;
}

static int program(struct top *t, struct counting *c, const struct target *at)
{
	struct pfm_place places[TOP_CTRS];
	unsigned i, k;

	if (top_events_place(&t->ev, at->cpu, TOP_CTRS, places) < 0)
		return -1;
	for (i = 0; i < t->ev.nctrs; i++) {
		pfarg_pmd_t pmd = { .reg_num = 0 };

		if (!top_ctr_now(&t->ev, i, at->cpu >= 0))
			continue;
		for (k = 0; k < places[i].npmcs; k++)
			if (pfm_write_pmcs(c->fd, &places[i].pmc[k], 1) < 0)
				return -1;
		pmd.reg_num = c->pmd[i] = places[i].pmd;
		if (pfm_write_pmds(c->fd, &pmd, 1) < 0)
			return -1;
	}
	return 0;
}

static int load(struct top *t, struct counting *c, const struct target *at)
{
	pfarg_load_t load = { .load_pid = (uint32_t)(at->cpu >= 0 ? at->cpu :
								    at->tid) };

	if (program(t, c, at) < 0 || pfm_load_context(c->fd, &load) < 0)
		return -1;
	return pfm_start(c->fd, NULL);
}

static bool any_counter(const struct top *t, bool cpu)
{
	unsigned i;

	for (i = 0; i < t->ev.nctrs; i++)
		if (top_ctr_now(&t->ev, i, cpu))
			return true;
	return false;
}

/* Older kernels know no inheritance by threads alone: then without any. */
static int open_context(struct top *t, struct counting *c,
			const struct target *at)
{
	pfarg_ctx_t ctx = { .ctx_flags = flags_of(at) };
	struct target plain = *at;
	int err;

	if (pfm_create_context(&ctx, NULL, 0) < 0)
		return -1;
	c->fd = ctx.ctx_fd;
	if (fcntl(c->fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    pfm_set_backend(c->fd, t->ev.msr ? "msr" : "perf") == 0 &&
	    load(t, c, at) == 0)
		return 0;
	err = errno;
	close(c->fd);
	c->fd = -1;
	errno = err;
	if (err != EINVAL || !at->inherit)
		return -1;
	plain.inherit = false;
	return open_context(t, c, &plain);
}

int counting_open(struct top *t, struct counting *c, const struct target *at)
{
	*c = (struct counting){ .fd = -1, .tid = at->tid };
	if (!any_counter(t, at->cpu >= 0))
		return 0;
	if (t->nopen >= t->most_open)
		return WHY_FILES;
	if (open_context(t, c, at) < 0)
		return why_of(errno);
	c->old = xcalloc((size_t)t->ev.nctrs * OLD, sizeof(*c->old));
	t->nopen++;
	return 0;
}

/* What is new in a counter; false: the PMU was another's for a part. */
static bool take(uint64_t *old, const struct pfm_count *now, uint64_t *v)
{
	uint64_t enabled = now->enabled_ns - old[1];
	uint64_t running = now->running_ns - old[2];

	*v += now->value - old[0];
	old[0] = now->value;
	old[1] = now->enabled_ns;
	old[2] = now->running_ns;
	return running + enabled / 1000 >= enabled;
}

uint64_t counting_read(struct top *t, struct counting *c, bool cpu, uint64_t *v,
		       uint8_t *why)
{
	struct pfm_count counts[TOP_CTRS];
	unsigned i;
	uint64_t has = 0;
	int n = 0;

	if (c->fd < 0)
		return 0;
	for (i = 0; i < t->ev.nctrs; i++)
		if (top_ctr_now(&t->ev, i, cpu))
			counts[n++] =
				(struct pfm_count){ .reg_num = c->pmd[i] };
	if (pfm_read_counts(c->fd, counts, n) < 0) {
		*why = (uint8_t)why_of(errno);
		return 0;
	}
	for (i = 0, n = 0; i < t->ev.nctrs; i++) {
		if (!top_ctr_now(&t->ev, i, cpu))
			continue;
		if (take(&c->old[(size_t)i * OLD], &counts[n++],
			 &v[VAL_CTR0 + i]))
			has |= 1ULL << (VAL_CTR0 + i);
		else
			*why = WHY_SHARED;
	}
	return has;
}

void counting_close(struct top *t, struct counting *c)
{
	if (c->fd >= 0) {
		/* Registers are to be as they were by the time this returns. */
		if (t->ev.msr)
			pfm_unload_context(c->fd);
		close(c->fd);
		t->nopen--;
	}
	free(c->old);
	*c = (struct counting){ .fd = -1 };
}
