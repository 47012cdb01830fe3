/* SPDX-License-Identifier: MIT
 *
 * device.c - the files of one CPU as the kernel's msr and cpuid drivers and
 * msr-safe have them: who may, which sizes, which error comes first (reference,
 * sections 4.1 and 4.2).  And the two files of text.  What an access does is in
 * cpu.c, the batch in batch.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fs.h"
#include "insn.h"

/* Linux, uapi asm/msr.h: the eight registers in the order of the reference. */
#define MSR_REGS_READ _IOWR('c', 0xa0, uint32_t[8])
#define MSR_REGS_WRITE _IOWR('c', 0xa1, uint32_t[8])
enum { REGS_EAX, REGS_ECX, REGS_EDX, REGS_N = 8 };

#define CAP_RAWIO 17 /* CAP_SYS_RAWIO, linux/capability.h */

/* One register, 8 bytes of buf, or every 8 of them: the same register. */
static ssize_t repeat(struct file *f, struct access *a, char *buf, size_t size)
{
	uint64_t *n = a->write ? &f->cpu->stats.writes : &f->cpu->stats.reads;
	size_t done = 0;

	if (f->cpu->offline)
		return -ENXIO;
	while (done < size) {
		int err;

		if (a->write)
			memcpy(&a->value, buf + done, sizeof(a->value));
		++*n;
		err = cpu_access(f->cpu, a);
		if (err < 0)
			return done > 0 ? (ssize_t)done : err;
		if (!a->write)
			memcpy(buf + done, &a->value, sizeof(a->value));
		done += sizeof(a->value);
	}
	return (ssize_t)done;
}

/* One that we cannot see has it. */
bool has_rawio(pid_t pid)
{
	char path[64], line[128];
	unsigned long long caps = ~0ULL;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return true;
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "CapEff:", 7) == 0)
			caps = strtoull(line + 7, NULL, 16);
	}
	fclose(in);
	return caps >> CAP_RAWIO & 1;
}

static int open_online(struct file *f)
{
	return f->cpu->offline ? -ENXIO : 0;
}

static int open_counted(struct file *f)
{
	int err = open_online(f);

	if (err == 0)
		f->cpu->stats.opens++;
	return err;
}

static int msr_open(struct file *f)
{
	if (f->fs->rawio && !has_rawio(f->pid))
		return -EPERM;
	return open_counted(f);
}

static ssize_t msr_read(struct file *f, char *buf, size_t size, off_t off)
{
	struct access a = { .reg = (uint32_t)off };

	if (size % 8 != 0)
		return -EINVAL;
	return repeat(f, &a, buf, size);
}

/* Lockdown is asked before the size is: reference, section 4.1. */
static ssize_t msr_write(struct file *f, const char *buf, size_t size,
			 off_t off)
{
	struct access a = {
		.reg = (uint32_t)off,
		.write = true,
		.mask = UINT64_MAX,
	};

	if (f->fs->lockdown)
		return -EPERM;
	if (size % 8 != 0)
		return -EINVAL;
	return repeat(f, &a, (char *)(uintptr_t)buf, size);
}

static int msr_ioctl(struct file *f, unsigned cmd, char *buf)
{
	struct access a = { .write = cmd == MSR_REGS_WRITE,
			    .mask = UINT64_MAX };
	int acc = f->flags & O_ACCMODE;
	uint32_t regs[REGS_N];
	char value[8];
	ssize_t n;

	if (cmd != MSR_REGS_READ && cmd != MSR_REGS_WRITE)
		return -ENOTTY;
	if (acc == (a.write ? O_RDONLY : O_WRONLY))
		return -EBADF;
	if (a.write && f->fs->lockdown)
		return -EPERM;
	memcpy(regs, buf, sizeof(regs));
	a.reg = regs[REGS_ECX];
	a.value = (uint64_t)regs[REGS_EDX] << 32 | regs[REGS_EAX];
	memcpy(value, &a.value, sizeof(value));
	n = repeat(f, &a, value, sizeof(value));
	if (n < 0)
		return (int)n;
	regs[REGS_EAX] = (uint32_t)a.value;
	regs[REGS_EDX] = (uint32_t)(a.value >> 32);
	memcpy(buf, regs, sizeof(regs));
	return 0;
}

const struct file_type file_msr = {
	.name = "msr",
	.mode = 0600,
	.device = true,
	.open = msr_open,
	.read = msr_read,
	.write = msr_write,
	.ioctl = msr_ioctl,
};

/* Leaf in the low half of the offset, subleaf in the high; then the next. */
static ssize_t cpuid_read(struct file *f, char *buf, size_t size, off_t off)
{
	size_t done;

	if (size % 16 != 0)
		return -EINVAL;
	if (f->cpu->offline)
		return -ENXIO;
	for (done = 0; done < size; done += 16, off++) {
		struct cpuid_regs r = { 0 };
		uint32_t regs[4];

		model_cpuid(f->cpu->model, (uint32_t)off,
			    (uint32_t)((uint64_t)off >> 32), &r);
		regs[0] = r.eax;
		regs[1] = r.ebx;
		regs[2] = r.ecx;
		regs[3] = r.edx;
		memcpy(buf + done, regs, sizeof(regs));
	}
	return (ssize_t)done;
}

const struct file_type file_cpuid = {
	.name = "cpuid",
	.mode = 0444,
	.device = true,
	.open = open_online,
	.read = cpuid_read,
};

const struct allow *allow_find(const struct fs *fs, uint32_t reg)
{
	static const struct allow any = { .mask = UINT64_MAX };

	if (fs->allow_all)
		return &any;
	for (size_t i = 0; i < fs->nallow; i++) {
		if (fs->allow[i].reg == reg)
			return &fs->allow[i];
	}
	return NULL;
}

static ssize_t safe_access(struct file *f, struct access *a, char *buf,
			   size_t size)
{
	const struct allow *entry = allow_find(f->fs, a->reg);

	if (size != 8)
		return -EINVAL;
	if (!entry || (a->write && entry->mask == 0))
		return -EACCES;
	a->mask = entry->mask;
	return repeat(f, a, buf, size);
}

static ssize_t safe_read(struct file *f, char *buf, size_t size, off_t off)
{
	struct access a = { .reg = (uint32_t)off };

	return safe_access(f, &a, buf, size);
}

static ssize_t safe_write(struct file *f, const char *buf, size_t size,
			  off_t off)
{
	struct access a = { .reg = (uint32_t)off, .write = true };

	return safe_access(f, &a, (char *)(uintptr_t)buf, size);
}

const struct file_type file_safe = {
	.name = "msr_safe",
	.mode = 0600,
	.device = true,
	.open = open_counted,
	.read = safe_read,
	.write = safe_write,
};

/* Text is made at open, so that what is read is of one moment. */
static int make_text(struct file *f, void (*print)(struct file *f, FILE *out))
{
	FILE *out = open_memstream(&f->text, &f->len);

	if (!out)
		return -ENOMEM;
	print(f, out);
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

static void print_reg(void *arg, uint32_t addr, uint64_t v)
{
	fprintf(arg, "0x%x 0x%llx\n", addr, (unsigned long long)v);
}

static void print_regs(struct file *f, FILE *out)
{
	cpu_catch_up(f->cpu);
	model_each(f->cpu->model, print_reg, out);
}

static int regs_open(struct file *f)
{
	return make_text(f, print_regs);
}

const struct file_type file_regs = {
	.name = "regs",
	.mode = 0444,
	.open = regs_open,
};

static void print_row(FILE *out, const char *name, const struct stats *s)
{
	fprintf(out, "%s %llu %llu %llu %llu %llu %llu\n", name,
		(unsigned long long)s->reads, (unsigned long long)s->writes,
		(unsigned long long)s->opens, (unsigned long long)s->batches,
		(unsigned long long)s->ops, (unsigned long long)s->faulted);
}

static void print_stats(struct file *f, FILE *out)
{
	struct stats sum = f->fs->stats;

	fprintf(out, "cpu reads writes opens batches ops foreign-faults\n");
	for (unsigned i = 0; i < f->fs->ncpus; i++) {
		const struct stats *s = &f->fs->cpus[i].stats;
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		print_row(out, name, s);
		sum.reads += s->reads;
		sum.writes += s->writes;
		sum.opens += s->opens;
		sum.ops += s->ops;
		sum.faulted += s->faulted;
	}
	print_row(out, "total", &sum);
}

static int stats_open(struct file *f)
{
	return make_text(f, print_stats);
}

const struct file_type file_stats = {
	.name = "stats",
	.mode = 0444,
	.open = stats_open,
};
