/* SPDX-License-Identifier: MIT
 *
 * msr-why.c - what is in the way of an MSR, and how it is lifted.  The kernel
 * has few errnos for many reasons (Linux 6.12, arch/x86/kernel/msr.c): what
 * tells them apart is looked up here, after the refusal.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "msr.h"
#include "priv.h"

enum cpu_state { CPU_UNKNOWN, CPU_NONE, CPU_OFFLINE, CPU_ONLINE };

static bool sys_has(DIR *dir)
{
	if (dir)
		closedir(dir);
	return dir != NULL;
}

/* /sys tells nothing of devices that PFM_CPU_PATH has put elsewhere. */
static bool sys_counts(void)
{
	return secure_getenv("PFM_SYSFS_ROOT") ||
	       !secure_getenv("PFM_CPU_PATH");
}

static enum cpu_state cpu_state(int cpu)
{
	char text[16];

	if (!sys_counts() || !sys_has(event_sys_dir("devices/system/cpu")))
		return CPU_UNKNOWN;
	if (!sys_has(event_sys_dir("devices/system/cpu/cpu%d", cpu)))
		return CPU_NONE;
	/* One that cannot be switched off has no such file. */
	if (event_sys_read(text, sizeof(text),
			   "devices/system/cpu/cpu%d/online", cpu) == 0 &&
	    strcmp(text, "0") == 0)
		return CPU_OFFLINE;
	return CPU_ONLINE;
}

/*
 * ENXIO, or no file: Linux removes that of a CPU that goes offline, and all of
 * them with the module.  dir is the CPU's.
 */
static int explain_absent(const struct msr_cpu *c, const char *dir, int err)
{
	enum cpu_state state = cpu_state(c->cpu);

	if (state == CPU_OFFLINE)
		return fail(ENXIO,
			    "CPU %d is offline: echo 1 > "
			    "/sys/devices/system/cpu/cpu%d/online",
			    c->cpu, c->cpu);
	if (state == CPU_NONE)
		return fail(ENXIO, "CPU %d does not exist", c->cpu);
	if (err == ENXIO)
		return fail(ENXIO, "CPU %d does not exist or is offline",
			    c->cpu);
	if (state == CPU_UNKNOWN && access(msr_cpu_path(), F_OK) == 0 &&
	    access(dir, F_OK) != 0 && c->cpu > 0)
		return fail(ENXIO, "CPU %d does not exist (%s is not there)",
			    c->cpu, dir);
	if (sys_counts() && sys_has(event_sys_dir("module/msr")))
		return fail(ENOENT,
			    "%s/msr is not there, though the msr module is "
			    "loaded: run it where /dev/cpu is seen, not in a "
			    "container",
			    dir);
	return fail(ENOENT,
		    "%s/msr is not there: the msr module is not loaded; "
		    "modprobe msr (or this kernel is built without "
		    "CONFIG_X86_MSR)",
		    dir);
}

static int explain_open(const struct msr_cpu *c, int err)
{
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/%d", msr_cpu_path(), c->cpu);
	switch (err) {
	case ENOENT:
	case ENXIO:
		return explain_absent(c, dir, err);
	case EACCES:
		return fail(EACCES,
			    "%s/msr may not be opened: run as root, or give "
			    "the file to a group",
			    dir);
	case EPERM:
		return fail(EPERM,
			    "%s/msr needs CAP_SYS_RAWIO, which this process "
			    "lacks (root in a container has not got it "
			    "either): setcap cap_sys_rawio+ep, or run it on "
			    "the host",
			    dir);
	case EIO:
		return fail(EIO, "CPU %d has no MSRs", c->cpu);
	case EMFILE:
		return fail(EMFILE,
			    "CPU %d: too many open files, each CPU takes five; "
			    "raise ulimit -n",
			    c->cpu);
	default:
		errno = err;
		return fail(err, "%s/msr: %m", dir);
	}
}

static int explain_write_eperm(const struct msr_cpu *c, uint32_t reg)
{
	char text[128] = "";

	if (event_sys_read(text, sizeof(text), "kernel/security/lockdown") ==
		    0 &&
	    !strstr(text, "[none]") && strchr(text, '['))
		return fail(EPERM,
			    "MSR %#x of CPU %d: the kernel is locked down "
			    "(%s), which forbids writes: boot without Secure "
			    "Boot or lockdown=, or use --backend=perf",
			    reg, c->cpu, text);
	if (event_sys_read(text, sizeof(text),
			   "module/msr/parameters/allow_writes") == 0 &&
	    strcmp(text, "off") == 0)
		return fail(EPERM,
			    "MSR %#x of CPU %d: the msr module was told to "
			    "refuse writes: echo on > "
			    "/sys/module/msr/parameters/allow_writes, or boot "
			    "with msr.allow_writes=on",
			    reg, c->cpu);
	return fail(EPERM,
		    "MSR %#x of CPU %d: the kernel refuses the write, by "
		    "lockdown or msr.allow_writes=off; use --backend=perf",
		    reg, c->cpu);
}

int msr_explain(const struct msr_cpu *c, enum msr_what what, uint32_t reg,
		int err)
{
	const char *verb = what == MSR_WRITE ? "written" : "read";

	if (what == MSR_OPEN)
		return explain_open(c, err);
	switch (err) {
	case EPERM:
		if (what == MSR_WRITE)
			return explain_write_eperm(c, reg);
		break;
	case EBADF:
		return fail(EPERM,
			    "MSR %#x of CPU %d: its device could be opened for "
			    "reading only: run as root",
			    reg, c->cpu);
	case EACCES:
		return fail(EACCES,
			    "MSR %#x of CPU %d may not be %s: it is not in "
			    "msr-safe's list, %s/msr_allowlist",
			    reg, c->cpu, verb, msr_cpu_path());
	case EROFS:
		return fail(EROFS,
			    "MSR %#x of CPU %d may be read only: its mask in "
			    "msr-safe's list, %s/msr_allowlist, is 0",
			    reg, c->cpu, msr_cpu_path());
	case EIO:
		return fail(EIO,
			    "MSR %#x of CPU %d cannot be %s: this CPU, or its "
			    "hypervisor, has no such register%s",
			    reg, c->cpu, verb,
			    what == MSR_WRITE ? " or not these bits" : "");
	case ENXIO:
		return explain_absent(c, "", ENXIO);
	default:
		break;
	}
	errno = err;
	return fail(err, "MSR %#x of CPU %d cannot be %s: %m", reg, c->cpu,
		    verb);
}
