/* SPDX-License-Identifier: MIT
 *
 * msr-dev.c - the transport of the kernel's msr module: 8 bytes at the offset
 * that is the register's address.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "msr.h"
#include "priv.h"

static int dev_open(struct msr_cpu *c)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%d/msr", msr_cpu_path(), c->cpu);
	c->fd = open(path, O_RDWR | O_CLOEXEC);
	/* To look at registers reading is enough. */
	if (c->fd < 0 && (errno == EACCES || errno == EROFS))
		c->fd = open(path, O_RDONLY | O_CLOEXEC);
	return c->fd < 0 ? msr_explain(c, MSR_OPEN, 0, errno) : 0;
}

static int access_one(int fd, struct msr_op *op)
{
	ssize_t n;

	do
		n = op->write ? pwrite(fd, &op->value, 8, (off_t)op->reg) :
				pread(fd, &op->value, 8, (off_t)op->reg);
	while (n < 0 && errno == EINTR);
	if (n == 8)
		return 0;
	return n < 0 ? -errno : -EIO;
}

static int dev_run(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ops[i].err = access_one(c->fd, &ops[i]);
		if (ops[i].err < 0)
			return ops[i].err;
	}
	return 0;
}

static void dev_close(struct msr_cpu *c)
{
	close(c->fd);
	c->fd = -1;
}

const struct pfm_msr_ops pfm_msr_dev = {
	.name = "dev",
	.desc = "/dev/cpu/N/msr",
	.open = dev_open,
	.run = dev_run,
	.close = dev_close,
};
