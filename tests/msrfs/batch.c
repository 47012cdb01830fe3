/* SPDX-License-Identifier: MIT
 *
 * batch.c - msr-safe's msr_batch: many accesses to many CPUs by one ioctl
 * (reference, section 4.2).  FUSE passes the ioctl's fixed struct only; the
 * operations are fetched from the caller's memory and put back there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <string.h>

#include "fs.h"

struct batch_op {
	uint16_t cpu;
	uint16_t isrdmsr;
	int32_t err;
	uint32_t msr;
	uint64_t msrdata;
	uint64_t wmask;
};
_Static_assert(sizeof(struct batch_op) == 32, "as msr-safe has it");

struct batch {
	uint32_t numops;
	uint32_t version;
	uint64_t ops; /* a pointer in the caller */
};
_Static_assert(sizeof(struct batch) == 16, "as msr-safe has it");

#define MSR_BATCH _IOWR('c', 0xa2, struct batch)
#define MAX_OPS ((4u << 20) / sizeof(struct batch_op)) /* kmalloc's limit */

/* The whole list is looked at, the last refusal is the answer. */
static int check_ops(struct fs *fs, struct batch_op *ops, unsigned n)
{
	int err = 0;

	for (struct batch_op *op = ops; op < ops + n; op++) {
		const struct allow *a = allow_find(fs, op->msr);

		op->err = 0;
		if (op->cpu >= fs->ncpus || fs->cpus[op->cpu].offline) {
			op->err = -ENXIO;
		} else if (!a) {
			op->err = -EACCES;
		} else {
			op->wmask = a->mask;
			if (!op->isrdmsr && a->mask == 0)
				op->err = -EROFS;
		}
		if (op->err < 0)
			err = op->err;
	}
	return err;
}

/* Each runs whatever became of those before it; the first error is told. */
static int run_ops(struct fs *fs, struct batch_op *ops, unsigned n)
{
	int err = 0;

	for (struct batch_op *op = ops; op < ops + n; op++) {
		struct cpu *cpu = &fs->cpus[op->cpu];
		struct access a = {
			.reg = op->msr,
			.write = !op->isrdmsr,
			.read_first = true,
			.value = op->msrdata,
			.mask = op->wmask,
		};

		cpu->stats.ops++;
		op->err = cpu_access(cpu, &a);
		if (op->err == 0 && op->isrdmsr)
			op->msrdata = a.value;
		if (err == 0)
			err = op->err;
	}
	return err;
}

/* A batch counts once for each CPU that is in it. */
static void count_batch(struct fs *fs, const struct batch_op *ops, unsigned n)
{
	bool *seen = calloc(fs->ncpus, sizeof(*seen));

	fs->stats.batches++;
	for (unsigned i = 0; seen && i < n; i++) {
		if (ops[i].cpu >= fs->ncpus || seen[ops[i].cpu])
			continue;
		seen[ops[i].cpu] = true;
		fs->cpus[ops[i].cpu].stats.batches++;
	}
	free(seen);
}

static int batch_ioctl(struct file *f, unsigned cmd, char *buf)
{
	struct iovec local, remote;
	struct batch_op *ops;
	struct batch b;
	int err = -EFAULT;

	if (cmd != MSR_BATCH)
		return -ENOTTY;
	if ((f->flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	memcpy(&b, buf, sizeof(b));
	if (b.numops == 0)
		return -EINVAL;
	ops = b.numops > MAX_OPS ? NULL : calloc(b.numops, sizeof(*ops));
	if (!ops)
		return -E2BIG;
	local.iov_base = ops;
	remote.iov_base = (void *)(uintptr_t)b.ops;
	local.iov_len = remote.iov_len = b.numops * sizeof(*ops);
	if (process_vm_readv(f->pid, &local, 1, &remote, 1, 0) !=
	    (ssize_t)local.iov_len)
		goto out;
	count_batch(f->fs, ops, b.numops);
	err = check_ops(f->fs, ops, b.numops);
	if (err == 0)
		err = run_ops(f->fs, ops, b.numops);
	if (process_vm_writev(f->pid, &local, 1, &remote, 1, 0) !=
		    (ssize_t)local.iov_len &&
	    err == 0)
		err = -EFAULT;
out:
	free(ops);
	return err;
}

static int batch_open(struct file *f)
{
	f->fs->stats.opens++;
	return 0;
}

const struct file_type file_batch = {
	.name = "msr_batch",
	.mode = 0600,
	.device = true,
	.open = batch_open,
	.ioctl = batch_ioctl,
};
