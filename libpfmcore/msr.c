/* SPDX-License-Identifier: MIT
 *
 * msr.c - the table of transports, and what is common to them.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "insn.h"
#include "model.h"
#include "msr.h"
#include "priv.h"

extern const struct pfm_msr_ops pfm_msr_dev;
extern const struct pfm_msr_ops pfm_msr_safe;
extern const struct pfm_msr_ops pfm_msr_model;

/* In the order they are tried; a model, where one is set, stands for all. */
static const struct pfm_msr_ops *const transports[] = {
	&pfm_msr_safe,
	&pfm_msr_dev,
};
#define NTRANSPORTS (sizeof(transports) / sizeof(transports[0]))

const struct pfm_msr_ops *msr_transport(unsigned i)
{
	return i < NTRANSPORTS ? transports[i] : NULL;
}

static int open_by(const struct pfm_msr_ops *ops, struct msr_cpu *c, int cpu)
{
	*c = (struct msr_cpu){ .ops = ops, .cpu = cpu, .fd = -1 };
	return ops->open(c);
}

static int open_named(const char *name, struct msr_cpu *c, int cpu)
{
	for (size_t i = 0; i < NTRANSPORTS; i++)
		if (strcmp(transports[i]->name, name) == 0)
			return open_by(transports[i], c, cpu);
	return fail(EINVAL,
		    "no transport '%s' (PFM_MSR_TRANSPORT): safe or dev", name);
}

/*
 * That there is no msr-safe is the usual case, and then what dev says is the
 * reason; but who has one is to hear of its list as well.
 */
static int open_any(struct msr_cpu *c, int cpu)
{
	char safe[160], dev[256];
	int ret = open_by(&pfm_msr_safe, c, cpu);

	if (ret == 0)
		return 0;
	snprintf(safe, sizeof(safe), "%s", pfm_reason());
	if (ret == -ENOENT || ret == -ENXIO)
		return open_by(&pfm_msr_dev, c, cpu);
	ret = open_by(&pfm_msr_dev, c, cpu);
	if (ret == 0)
		return 0;
	snprintf(dev, sizeof(dev), "%s", pfm_reason());
	return fail(-ret, "%s; and %s", dev, safe);
}

int msr_open(struct msr_cpu *c, int cpu)
{
	const char *name = secure_getenv("PFM_MSR_TRANSPORT");
	struct cpuid_regs r;

	if (msr_model_cpuid(0, 0, 0, &r))
		return open_by(&pfm_msr_model, c, cpu);
	if (name)
		return open_named(name, c, cpu);
	return open_any(c, cpu);
}

void msr_close(struct msr_cpu *c)
{
	c->ops->close(c);
	c->ops = NULL;
}

int msr_read(struct msr_cpu *c, uint32_t reg, uint64_t *value)
{
	struct msr_op op = { .reg = reg };
	int ret = c->ops->run(c, &op, 1);

	if (ret == 0)
		*value = op.value;
	return ret;
}

int msr_write(struct msr_cpu *c, uint32_t reg, uint64_t value)
{
	struct msr_op op = { .reg = reg, .write = true, .value = value };

	return c->ops->run(c, &op, 1);
}

const char *msr_cpu_path(void)
{
	const char *path = secure_getenv("PFM_CPU_PATH");

	return path ? path : "/dev/cpu";
}

/* The device's position is the leaf, and the sub-leaf in the upper half. */
static bool device_cpuid(int fd, uint32_t leaf, uint32_t sub,
			 struct cpuid_regs *r)
{
	uint32_t v[4];

	if (pread(fd, v, sizeof(v), (off_t)((uint64_t)sub << 32 | leaf)) !=
	    sizeof(v))
		return false;
	*r = (struct cpuid_regs){ v[0], v[1], v[2], v[3] };
	return true;
}

/* Without a cpuid device: what the path, or the kernel, says of the CPU. */
static bool cpu_exists(int cpu)
{
	char path[64];

	if (secure_getenv("PFM_CPU_PATH"))
		return false;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d", cpu);
	return access(path, F_OK) == 0 ||
	       access("/sys/devices/system/cpu", F_OK) != 0;
}

bool msr_cpuid(int cpu, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
	struct cpuid_regs max;
	char path[4096];
	bool found;
	int fd;

	if (msr_model_cpuid(0, 0, 0, &max))
		return msr_model_cpuid(cpu, leaf, sub, r);
	snprintf(path, sizeof(path), "%s/%d/cpuid", msr_cpu_path(), cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENXIO || (errno == ENOENT && !cpu_exists(cpu))))
		return false;
	if (fd < 0)
		return insn_cpuid(leaf, sub, r);
	found = device_cpuid(fd, leaf & 0x80000000, 0, &max) &&
		leaf <= max.eax && device_cpuid(fd, leaf, sub, r);
	close(fd);
	return found;
}
