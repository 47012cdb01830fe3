/* SPDX-License-Identifier: MIT
 *
 * perf-open.c - perf_event_open(2): a register or an event as the kernel's
 * attribute, and each refusal as a sentence.  The only caller of that system
 * call.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perf-open.h"
#include "priv.h"

/* Event select of x86: Intel SDM, "IA32_PERFEVTSELx MSRs"; AMD64 APM volume 2,
 * "Performance Event-Select Registers": the same bits. */
#define EVTSEL_USR (UINT64_C(1) << 16)
#define EVTSEL_OS (UINT64_C(1) << 17)
#define EVTSEL_INT (UINT64_C(1) << 20)
#define EVTSEL_EN (UINT64_C(1) << 22)

int perf_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group)
{
	attr->size = sizeof(*attr);
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, group,
			    PERF_FLAG_FD_CLOEXEC);
}

static int paranoid(void)
{
	int level = -1;
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");

	if (f) {
		if (fscanf(f, "%d", &level) != 1)
			level = -1;
		fclose(f);
	}
	return level;
}

static bool is_core(unsigned type)
{
	return type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE ||
	       type == PERF_TYPE_RAW;
}

static bool cpu_exists(int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d", cpu);
	return access(path, F_OK) == 0;
}

/* A sentence for the errno of perf_event_open; what is "pmc256" or an event. */
int perf_refused(int err, const char *what, unsigned type, int cpu)
{
	/* The kernel says EINVAL of a CPU beyond those it was built for. */
	if (cpu >= 0 && (err == EINVAL || err == ENODEV) && !cpu_exists(cpu))
		return fail(ENODEV, "%s: there is no CPU %d", what, cpu);
	switch (err) {
	case EPERM:
		return fail(err,
			    "%s: perf_event_open(2) is not permitted here: a "
			    "container's seccomp filter, or CAP_PERFMON is "
			    "missing",
			    what);
	case EACCES:
		return fail(err,
			    "%s: perf_event_paranoid=%d does not allow it; "
			    "CAP_PERFMON or sysctl "
			    "kernel.perf_event_paranoid=%d does",
			    what, paranoid(),
			    type == PERF_TYPE_TRACEPOINT ? -1 :
			    cpu >= 0                     ? 0 :
							   1);
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
		if (cpu >= 0 && err == ENODEV)
			return fail(err, "%s: CPU %d is not online", what, cpu);
		if (is_core(type))
			return fail(err, "%s: %s", what, pmu_missing());
		return fail(err, "%s: the kernel has no such event here", what);
	case EINVAL:
		if (type > PERF_TYPE_BREAKPOINT && cpu < 0)
			return fail(err,
				    "%s: refused for a thread; its PMU may "
				    "count whole CPUs only",
				    what);
		return fail(err,
			    "%s: the kernel refuses the event, alone or with "
			    "those before it",
			    what);
	case ENOSPC:
		return fail(err, "%s: no free breakpoint register", what);
	case EBUSY:
		return fail(err, "%s: another user has the PMU exclusively",
			    what);
	case ESRCH:
		return fail(err, "%s: the thread has exited", what);
	case EMFILE:
	case ENFILE:
		return fail(err, "%s: too many open files; raise ulimit -n",
			    what);
	default:
		return fail(err, "%s: %s", what, strerror(err));
	}
}

/* The second word of an event is, for a breakpoint, its address. */
static void attr_select(struct perf_event_attr *attr, uint64_t code,
			uint64_t arg)
{
	uint64_t config = code & 0xffffffffffffULL;

	attr->type = (uint32_t)(code >> 48);
	if (attr->type == PERF_TYPE_BREAKPOINT) {
		attr->bp_type = config & 0xff;
		attr->bp_addr = arg;
		attr->bp_len = config >> 8 & 0xff;
	} else {
		attr->config = config;
		attr->config1 = arg;
	}
}

static void attr_raw(struct perf_event_attr *attr, uint64_t evtsel,
		     uint64_t arg)
{
	attr->type = PERF_TYPE_RAW;
	attr->config =
		evtsel & ~(EVTSEL_USR | EVTSEL_OS | EVTSEL_INT | EVTSEL_EN);
	attr->config1 = arg;
	attr->exclude_user = !(evtsel & EVTSEL_USR);
	attr->exclude_kernel = !(evtsel & EVTSEL_OS);
}

void perf_attr_of_pmc(struct perf_event_attr *attr, const struct pfm_set *set,
		      unsigned n)
{
	uint32_t flags = set->pmc_flags[n];

	memset(attr, 0, sizeof(*attr));
	if (n < PFM_PMC_HW_ARG) {
		attr_raw(attr, set->pmcs[n], set->pmcs[PFM_PMC_HW_ARG + n]);
	} else {
		attr_select(attr, set->pmcs[n],
			    set->pmcs[n - PFM_PMC_SW + PFM_PMC_SW_ARG]);
		attr->exclude_user = !!(flags & PFM_REGFL_NO_USER);
		attr->exclude_kernel = !!(flags & PFM_REGFL_NO_KERNEL);
		attr->exclude_hv = !!(flags & PFM_REGFL_NO_HV);
	}
}

/*
 * Software, tracepoints and breakpoints could join the group of any PMU, but
 * then they would lose time whenever the kernel multiplexes that PMU.
 */
unsigned perf_group_of_pmc(const struct pfm_set *set, unsigned n)
{
	unsigned type = (unsigned)(set->pmcs[n] >> 48);

	if (n < PFM_PMC_HW_ARG || is_core(type))
		return PERF_TYPE_RAW;
	if (type == PERF_TYPE_TRACEPOINT || type == PERF_TYPE_BREAKPOINT)
		return PERF_TYPE_SOFTWARE;
	return type;
}

bool perf_pmc_enabled(const struct pfm_set *set, unsigned n)
{
	return n >= PFM_PMC_HW_ARG || set->pmcs[n] & EVTSEL_EN;
}

/*
 * Linux 6.18, hw_breakpoint_add() and perf_trace_add(): neither clears the state
 * that a stop at the end of IOC_REFRESH has set.
 */
bool perf_pmc_lasting(const struct pfm_set *set, unsigned n)
{
	unsigned type = (unsigned)(set->pmcs[n] >> 48);

	return n >= PFM_PMC_HW_ARG &&
	       (type == PERF_TYPE_BREAKPOINT || type == PERF_TYPE_TRACEPOINT);
}

int perf_event_check(const struct pfm_event *ev, int tid, int cpu)
{
	struct perf_event_attr attr;
	int fd, ret;

	/* The kernel says EACCES of this and of paranoid alike. */
	ret = tid > 0 ? target_owner(tid) : 0;
	if (ret < 0)
		return ret;
	memset(&attr, 0, sizeof(attr));
	if (ev->kind == PFM_EVENT_HW) {
		attr_raw(&attr, ev->code, ev->arg);
	} else {
		attr_select(&attr, ev->code, ev->arg);
		attr.exclude_user = !(ev->plm & PFM_PLM_USER);
		attr.exclude_kernel = !(ev->plm & PFM_PLM_KERNEL);
		attr.exclude_hv = !(ev->plm & PFM_PLM_HV);
	}
	attr.disabled = 1;
	fd = perf_open(&attr, tid, cpu, -1);
	if (fd < 0)
		return perf_refused(errno, ev->asked, attr.type, cpu);
	close(fd);
	return 0;
}
