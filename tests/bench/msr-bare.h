/* SPDX-License-Identifier: MIT
 *
 * msr-bare.h - the peer of msr-cost.c: accesses to MSRs with nothing around
 * them but the system calls, of /dev/cpu/N/msr or of msr-safe (its layouts:
 * msr-safe 1.8.0, msr_batch.h).
 */
#ifndef PFM_MSR_BARE_H
#define PFM_MSR_BARE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BARE_CPUS = 256, BARE_REGS = 6 };

struct bare {
	bool safe;
	int fd[BARE_CPUS]; /* one for each CPU, or fd[0] for all */
};

struct bare_op {
	uint16_t cpu, is_read;
	int32_t err;
	uint32_t msr, pad;
	uint64_t data, wmask;
};
struct bare_batch {
	uint32_t n, version;
	struct bare_op *ops;
};
#define BARE_IOCTL _IOWR('c', 0xa2, struct bare_batch)

/* False: errno is why.  So do those below. */
static inline bool bare_open(struct bare *b, const char *dir, unsigned ncpus)
{
	char path[160];

	for (unsigned i = 0; i < (b->safe ? 1 : ncpus); i++) {
		snprintf(path, sizeof(path), "%s/msr_batch", dir);
		if (!b->safe)
			snprintf(path, sizeof(path), "%s/%u/msr", dir, i);
		b->fd[i] = open(path, O_RDWR | O_CLOEXEC);
		if (b->fd[i] < 0)
			return false;
	}
	return true;
}

static inline bool bare_write(struct bare *b, unsigned cpu, uint32_t reg,
			      uint64_t value)
{
	struct bare_op op = { .cpu = (uint16_t)cpu,
			      .msr = reg,
			      .data = value,
			      .wmask = UINT64_MAX };
	struct bare_batch batch = { .n = 1, .ops = &op };

	if (b->safe)
		return ioctl(b->fd[0], BARE_IOCTL, &batch) == 0;
	return pwrite(b->fd[cpu], &value, 8, (off_t)reg) == 8;
}

static inline bool bare_read(struct bare *b, unsigned cpu, const uint32_t *regs,
			     unsigned n)
{
	struct bare_op ops[BARE_REGS] = { { 0 } };
	struct bare_batch batch = { .n = n, .ops = ops };

	for (unsigned i = 0; i < n && b->safe; i++)
		ops[i] = (struct bare_op){ .cpu = (uint16_t)cpu,
					   .is_read = 1,
					   .msr = regs[i] };
	if (b->safe)
		return ioctl(b->fd[0], BARE_IOCTL, &batch) == 0;
	for (unsigned i = 0; i < n; i++)
		if (pread(b->fd[cpu], &ops[i].data, 8, (off_t)regs[i]) != 8)
			return false;
	return true;
}

#endif /* PFM_MSR_BARE_H */
