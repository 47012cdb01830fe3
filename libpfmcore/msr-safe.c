/* SPDX-License-Identifier: MIT
 *
 * msr-safe.c - the transport of LLNL's msr-safe module: all accesses of one
 * step in one ioctl, which costs one interrupt of that CPU.  After msr-safe
 * 1.8.0, msr_batch.c and its header: the layouts and the errors.
 *
 * Bits that the administrator's list does not let through are kept as they are
 * without an error; whoever writes must look.  When the list refuses one access
 * none is done; when the CPU refuses one, those after it may be done.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "insn.h"
#include "msr.h"
#include "priv.h"

#define BATCH 64

struct batch_op {
	uint16_t cpu;
	uint16_t is_read;
	int32_t err; /* out */
	uint32_t msr;
	uint32_t pad;
	uint64_t data;  /* out of a read */
	uint64_t wmask; /* out: bits that may be written */
};
struct batch {
	uint32_t n;
	uint32_t version;
	struct batch_op *ops;
};
_Static_assert(sizeof(struct batch_op) == 32, "ABI of msr-safe");
_Static_assert(sizeof(struct batch) == 16, "ABI of msr-safe");
#define BATCH_IOCTL _IOWR('c', 0xa2, struct batch)

/* One ioctl; 0 or -errno. */
static int run_batch(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	struct batch_op b[BATCH] = { { 0 } };
	struct batch batch = { .n = n, .ops = b };
	int ret;

	for (unsigned i = 0; i < n; i++) {
		b[i].cpu = (uint16_t)c->cpu;
		b[i].is_read = !ops[i].write;
		b[i].msr = ops[i].reg;
		b[i].data = ops[i].write ? ops[i].value : 0;
		b[i].wmask = UINT64_MAX;
	}
	do
		ret = ioctl(c->fd, BATCH_IOCTL, &batch);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		ret = -errno;
	for (unsigned i = n; i-- > 0;) {
		ops[i].err = b[i].err;
		if (!ops[i].write && !b[i].err)
			ops[i].value = b[i].data;
		/* The module's own answer is that of the last it looked at. */
		if (ret < 0 && b[i].err)
			ret = b[i].err;
	}
	return ret;
}

static int safe_run(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	int ret = 0;

	for (unsigned i = 0; i < n && ret == 0; i += BATCH)
		ret = run_batch(c, ops + i, n - i < BATCH ? n - i : BATCH);
	return ret;
}

/* The administrator's list may let nothing through that we need. */
static int safe_open(struct msr_cpu *c)
{
	struct msr_op op = { 0 };
	struct cpuid_regs r;
	char path[4096];
	int ret;

	snprintf(path, sizeof(path), "%s/msr_batch", msr_cpu_path());
	c->fd = open(path, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return fail(errno,
			    "%s: %m (module msr-safe; --backend=msr works "
			    "without it)",
			    path);
	/* "Auth": the first event select of either vendor. */
	op.reg = msr_cpuid(c->cpu, 0, 0, &r) && r.ebx == 0x68747541 ?
			 0xc0010000 :
			 0x186;
	ret = safe_run(c, &op, 1);
	/* #GP: the list let it through, and the other registers may be there. */
	if (ret == 0 || ret == -EIO)
		return 0;
	close(c->fd);
	c->fd = -1;
	return msr_explain(c, MSR_READ, op.reg, -ret);
}

static void safe_close(struct msr_cpu *c)
{
	close(c->fd);
	c->fd = -1;
}

const struct pfm_msr_ops pfm_msr_safe = {
	.name = "safe",
	.desc = "/dev/cpu/msr_batch (msr-safe)",
	.open = safe_open,
	.run = safe_run,
	.close = safe_close,
};
