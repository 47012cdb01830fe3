/* SPDX-License-Identifier: MIT
 *
 * guard-test.h - what the tests of the lock and the guardian share: files that
 * stand for the devices of two CPUs, in which registers that are 8 apart do not
 * overlap, and a directory for locks.
 */
#ifndef PFM_GUARD_TEST_H
#define PFM_GUARD_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "guard.h"
#include "priv.h"

#define SEL0 0x186
#define CTL 0x38f
#define PMC0 0x4c1
#define FORBIDDEN 0x600 /* IA32_DS_AREA */
#define OLD UINT64_C(0x1122334455667788)

static char dir[64], device[128], lock_path[128];

static inline uint64_t peek(uint32_t reg)
{
	uint64_t v = 0;
	int fd = open(device, O_RDONLY);

	if (pread(fd, &v, 8, reg) != 8)
		diag("cannot read %s", device);
	close(fd);
	return v;
}

static inline void poke(uint32_t reg, uint64_t v)
{
	int fd = open(device, O_WRONLY);

	if (pwrite(fd, &v, 8, reg) != 8)
		diag("cannot write %s", device);
	close(fd);
}

static inline void make_device(void)
{
	poke(SEL0, OLD);
	poke(CTL, 0xff);
	poke(PMC0, 7);
	poke(FORBIDDEN, OLD);
}

static inline bool untouched(void)
{
	return peek(SEL0) == OLD && peek(CTL) == 0xff && peek(PMC0) == 7;
}

/* Wait until nobody has the CPU: its guardian is done then. */
static inline void wait_lock(void)
{
	int fd = open(lock_path, O_RDWR);

	if (fd < 0)
		return;
	flock(fd, LOCK_EX);
	close(fd);
}

/* Take CPU 0 and write its registers, as a context does. */
static inline struct msr_cpu take(void)
{
	static const struct msr_undo undo[] = {
		{ .reg = SEL0, .value = OLD, .mask = UINT64_MAX },
		{ .reg = PMC0, .value = 7, .mask = UINT64_MAX },
		{ .reg = CTL,
		  .value = 0,
		  .mask = 0xf0f }, /* and not the rest */
	};
	struct msr_cpu c;

	if (msr_open(&c, 0) < 0 || guard_lock(&c) < 0 ||
	    guard_add(&c, undo, 3) < 0) {
		diag("%s", pfm_reason());
		_exit(1);
	}
	msr_write(&c, SEL0, 0x4100c0);
	msr_write(&c, PMC0, 99);
	msr_write(&c, CTL, 0xff);
	return c;
}

/* After undoing the bits of CTL that were ours, 0xff becomes 0xf0. */
static inline bool undone(void)
{
	bool good = peek(SEL0) == OLD && peek(CTL) == 0xf0 && peek(PMC0) == 7;

	poke(CTL, 0xff);
	return good;
}

static inline pid_t guardian_of(pid_t pid)
{
	char path[64], line[256];
	FILE *f;
	long child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		 (int)pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f))
		child = strtol(line, NULL, 10);
	if (f)
		fclose(f);
	return (pid_t)child;
}

/* Both end at once: nobody is left to undo anything. */
static inline void die_with_guardian(void)
{
	pid_t guardian = guardian_of(getpid());

	/* 0 would be everybody of the group. */
	if (guardian > 0)
		kill(guardian, SIGKILL);
	kill(getpid(), SIGKILL);
}

/* Files for CPUs 0 and 1; device and lock_path are those of CPU 0. */
static inline void set_up(const char *name)
{
	char path[128];

	snprintf(dir, sizeof(dir), "/tmp/%s.%d", name, (int)getpid());
	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/cpu", dir);
	mkdir(path, 0700);
	setenv("PFM_CPU_PATH", path, 1);
	for (int cpu = 1; cpu >= 0; cpu--) {
		snprintf(device, sizeof(device), "%s/cpu/%d", dir, cpu);
		mkdir(device, 0700);
		snprintf(device, sizeof(device), "%s/cpu/%d/msr", dir, cpu);
		close(open(device, O_CREAT | O_RDWR, 0600));
	}
	setenv("PFM_LOCK_DIR", dir, 1);
	/* "cpu0" beside "cpu". */
	snprintf(lock_path, sizeof(lock_path), "%s/cpu0", dir);
	make_device();
}

static inline int tear_down(void)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "cleaned up");
	return done_testing();
}

#endif /* PFM_GUARD_TEST_H */
