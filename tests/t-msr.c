/* SPDX-License-Identifier: MIT
 *
 * t-msr.c - the transports: which one is taken, what each does with a device
 * (a file stands for the kernel's, msrfs for msr-safe), CPUID by its device,
 * and that every reason for a refusal is told apart and has a remedy.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insn.h"
#include "msr.h"
#include "msrfs.h"
#include "priv.h"
#include "tap.h"

static char dir[64];

static void put_file(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		diag("cannot write %s: %m", path);
	close(fd);
}

static void put_at(const char *name, off_t at, const void *data, size_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || pwrite(fd, data, size, at) != (ssize_t)size)
		diag("cannot write %s: %m", path);
	close(fd);
}

static void has(const char *text, const char *name)
{
	if (!ok(strstr(pfm_reason(), text) != NULL, "%s", name))
		diag("got: %s", pfm_reason());
}

static void test_open(void)
{
	struct msr_cpu c;

	is_i64(msr_open(&c, 0), -ENOENT, "no device");
	has("modprobe msr", "the module is the remedy");
	is_i64(msr_open(&c, 7), -ENXIO, "no such CPU");
	has("CPU 7 does not exist", "it is named");
	setenv("PFM_MSR_TRANSPORT", "pigeon", 1);
	is_i64(msr_open(&c, 0), -EINVAL, "no such transport");
	has("safe or dev", "there are these");
	setenv("PFM_MSR_TRANSPORT", "safe", 1);
	ok(msr_open(&c, 0) < 0, "msr-safe by name");
	has("msr_batch", "is not there");
	unsetenv("PFM_MSR_TRANSPORT");
}

/* As an ordinary user, for whom the mode of the file counts. */
static void test_mode(void)
{
	struct msr_cpu c;
	char path[256];
	int status;

	if (getuid() != 0) {
		skip("the mode of the device: not root");
		return;
	}
	snprintf(path, sizeof(path), "%s/cpu/0/msr", dir);
	chmod(path, 0600);
	if (fork() == 0) {
		bool good = setuid(65534) == 0 && msr_open(&c, 0) == -EACCES &&
			    strstr(pfm_reason(), "run as root");

		if (!good)
			diag("got: %s", pfm_reason());
		_exit(!good);
	}
	wait(&status);
	is_i64(status, 0, "the device may not be opened");
	chmod(path, 0644);
	if (fork() == 0) {
		bool good = setuid(65534) == 0 && msr_open(&c, 0) == 0 &&
			    msr_write(&c, 0x186, 1) == -EBADF;

		msr_explain(&c, MSR_WRITE, 0x186, EBADF);
		_exit(!good || !strstr(pfm_reason(), "reading only"));
	}
	wait(&status);
	is_i64(status, 0, "it may be opened for reading only");
}

static void test_dev(void)
{
	const uint64_t values[] = { UINT64_C(0x123456789abcdef0), 77 };
	struct msr_op ops[3] = { { .reg = 0x186 },
				 { .reg = 0xc0010000 },
				 { .reg = 0xd0000000 } };
	struct msr_cpu c;
	uint64_t v = 0;

	put_file("cpu/0/msr", "");
	put_at("cpu/0/msr", 0x186, &values[0], 8);
	put_at("cpu/0/msr", 0xc0010000, &values[1], 8);
	is_i64(msr_open(&c, 0), 0, "the device");
	is_str(c.ops->name, "dev", "by the kernel's module");
	is_i64(msr_read(&c, 0x186, &v), 0, "a read");
	is_u64(v, values[0], "of the register at its offset");
	is_i64(msr_write(&c, 0xc0010000, 5), 0, "a write");
	is_i64(c.ops->run(&c, ops, 3), -EIO, "accesses up to one that fails");
	is_u64(ops[1].value, 5, "those before it are done");
	is_i64(ops[2].err, -EIO, "it is marked");
	msr_close(&c);
}

static void explain(enum msr_what what, int err)
{
	struct msr_cpu c = { .cpu = 3 };

	is_i64(msr_explain(&c, what, 0x38f, err), -err, "errno %d", err);
	has("CPU 3", "the CPU is named");
	if (what != MSR_OPEN && err != ENXIO)
		has("0x38f", "and the register");
}

static void test_reasons(void)
{
	char root[128];

	snprintf(root, sizeof(root), "%s/sys", dir);
	setenv("PFM_SYSFS_ROOT", root, 1);
	explain(MSR_WRITE, EPERM);
	has("refuses the write", "for a reason nobody tells");
	put_file("sys/module/msr/parameters/allow_writes", "off\n");
	explain(MSR_WRITE, EPERM);
	has("msr.allow_writes=on", "allow_writes=off");
	put_file("sys/kernel/security/lockdown",
		 "none [integrity] confidentiality\n");
	explain(MSR_WRITE, EPERM);
	has("locked down", "lockdown comes before it");
	has("Secure Boot", "with its remedy");
	put_file("sys/kernel/security/lockdown",
		 "[none] integrity confidentiality\n");
	explain(MSR_WRITE, EPERM);
	has("allow_writes", "no lockdown: not its fault");
	explain(MSR_READ, EIO);
	has("no such register", "#GP");
	explain(MSR_WRITE, EROFS);
	has("msr-safe's list", "msr-safe");
	explain(MSR_READ, ENXIO);
	has("offline", "a CPU that is gone");
	explain(MSR_OPEN, ENXIO);
	has("offline", "also when opened");
	explain(MSR_OPEN, EMFILE);
	has("ulimit -n", "too many files");
	explain(MSR_OPEN, EIO);
	has("no MSRs", "a CPU without MSRs");
	is_i64(msr_explain(&(struct msr_cpu){ .cpu = 0 }, MSR_OPEN, 0, EPERM),
	       -EPERM, "no capability");
	has("CAP_SYS_RAWIO", "which it names");
	has("container", "and where root lacks it");
}

/* No device: of whom or of what there is none is in /sys. */
static void test_absent(void)
{
	struct msr_cpu c = { .cpu = 0 };
	char root[128], path[128];

	snprintf(root, sizeof(root), "%s/absent", dir);
	setenv("PFM_SYSFS_ROOT", root, 1);
	snprintf(path, sizeof(path), "%s/nocpu", dir);
	setenv("PFM_CPU_PATH", path, 1);
	put_file("absent/devices/system/cpu/cpu0/x", "");
	put_file("absent/devices/system/cpu/cpu1/online", "0\n");
	put_file("absent/devices/system/cpu/cpu2/online", "1\n");
	is_i64(msr_open(&c, 0), -ENOENT, "no device of a CPU that is there");
	has("modprobe msr", "no module");
	has("CONFIG_X86_MSR", "or a kernel without");
	is_i64(msr_open(&c, 2), -ENOENT, "of another CPU");
	has("modprobe msr", "no module either");
	is_i64(msr_open(&c, 1), -ENXIO, "of a CPU that is offline");
	has("CPU 1 is offline", "which is said");
	has("echo 1 > /sys/devices/system/cpu/cpu1/online", "with its remedy");
	is_i64(msr_open(&c, 3), -ENXIO, "of none");
	has("CPU 3 does not exist", "which is said");
	is_i64(msr_explain(&(struct msr_cpu){ .cpu = 1 }, MSR_READ, 0x186,
			   ENXIO),
	       -ENXIO, "offline since it was opened");
	has("CPU 1 is offline", "the same words");
	put_file("absent/module/msr/parameters/allow_writes", "on\n");
	is_i64(msr_open(&c, 0), -ENOENT, "the module is there all the same");
	has("container", "so the devices are hidden");
	unsetenv("PFM_SYSFS_ROOT");
	snprintf(path, sizeof(path), "%s/cpu", dir);
	setenv("PFM_CPU_PATH", path, 1);
}

/* msr-safe that is of no use: the device is taken, or both are complained of. */
static void test_both(void)
{
	struct msr_cpu c;
	char path[256];

	put_file("cpu/msr_batch", "");
	is_i64(msr_open(&c, 0), 0, "msr-safe is of no use");
	is_str(c.ops->name, "dev", "then the device is");
	msr_close(&c);
	setenv("PFM_MSR_TRANSPORT", "safe", 1);
	ok(msr_open(&c, 0) < 0, "not if msr-safe was named");
	unsetenv("PFM_MSR_TRANSPORT");
	snprintf(path, sizeof(path), "%s/cpu/0/msr", dir);
	unlink(path);
	is_i64(msr_open(&c, 0), -ENOENT, "neither");
	has("modprobe msr", "the reason of the one");
	has("0x186", "and of the other");
	snprintf(path, sizeof(path), "%s/cpu/msr_batch", dir);
	unlink(path);
}

/* Of the list: a register, one to be read only, and one that does not exist. */
static void check_list(struct msrfs *m, struct msr_cpu *c)
{
	struct msr_op ops[3] = { { .reg = 0x187 },
				 { .reg = 0x38d, .write = true },
				 { .reg = 0xc1 } };
	uint64_t v;

	is_i64(c->ops->run(c, ops, 3), -EROFS, "two are refused by the list");
	is_i64(ops[0].err, 0, "not the first");
	is_i64(ops[1].err, -EROFS, "the second may be read only");
	is_i64(ops[2].err, -EACCES, "the third is not there");
	msr_explain(c, MSR_WRITE, 0x38d, EROFS);
	has("read only", "the one reason");
	msr_explain(c, MSR_READ, 0xc1, EACCES);
	has("msr_allowlist", "and the other");
	is_i64(msr_read(c, 0x999, &v), -EIO, "a register that is not there");
	is_i64(msr_write(c, 0x186, UINT64_C(0x5300c0)), 0, "a write");
	is_u64(msrfs_peek(m, 0, 0x186), 0x1300c0, "of the bits in the mask");
	ok(msrfs_ctl(m, "offline 0"), "the CPU goes offline");
	is_i64(msr_read(c, 0x187, &v), -ENXIO, "and is not reached");
	ok(msrfs_ctl(m, "online 0"), "and comes back");
}

static void check_safe(struct msrfs *m)
{
	struct msr_op ops[150];
	struct msr_cpu c;
	unsigned good = 0;

	setenv("PFM_MSR_TRANSPORT", "safe", 1);
	is_i64(msr_open(&c, 0), -EACCES, "a list with nothing on it");
	has("msr-safe's list", "is the reason");
	has("0x186", "and the register that is asked for");
	unsetenv("PFM_MSR_TRANSPORT");
	is_i64(msr_open(&c, 0), 0, "the device is open to us");
	is_str(c.ops->name, "dev", "so it is taken");
	msr_close(&c);
	/* Bit 22, to enable, is not among those that may be written. */
	ok(msrfs_ctl(m, "allow 186 0x3fffff; 187 0x3fffff; 38d 0; 999 0"),
	   "a list");
	is_i64(msr_open(&c, 0), 0, "that has what is needed");
	is_str(c.ops->name, "safe", "then msr-safe is taken");
	check_list(m, &c);
	ok(msrfs_ctl(m, "poke 0 187=0x77") && msrfs_ctl(m, "stats reset"),
	   "a value");
	for (unsigned i = 0; i < 150; i++)
		ops[i] = (struct msr_op){ .reg = 0x187 };
	is_i64(c.ops->run(&c, ops, 150), 0, "150 accesses");
	for (unsigned i = 0; i < 150; i++)
		good += ops[i].value == 0x77 && !ops[i].err;
	is_u64(good, 150, "are done, all of them");
	msr_close(&c);
}

static void test_safe(void)
{
	static struct msrfs m;
	char path[128];

	if (!msrfs_start(&m, "SKL*2", NULL)) {
		skip("msr-safe: %s", m.text);
		return;
	}
	setenv("PFM_CPU_PATH", m.cpu_path, 1);
	check_safe(&m);
	ok(msrfs_stop(&m), "msrfs ends");
	snprintf(path, sizeof(path), "%s/cpu", dir);
	setenv("PFM_CPU_PATH", path, 1);
}

static void test_cpuid(void)
{
	const uint32_t leaf0[4] = { 7, 1, 2, 3 }, leaf7[4] = { 4, 5, 6, 7 };
	struct cpuid_regs r;

	put_file("cpu/0/cpuid", "");
	put_at("cpu/0/cpuid", 0, leaf0, 16);
	put_at("cpu/0/cpuid", 7, leaf7, 16);
	/* They overlap in a file, but for the word that says how many. */
	put_at("cpu/0/cpuid", 0, leaf0, 4);
	ok(msr_cpuid(0, 7, 0, &r), "CPUID by its device");
	is_u64(r.ebx, 5, "the leaf is the offset");
	ok(!msr_cpuid(0, 8, 0, &r), "not beyond the highest leaf");
	ok(!msr_cpuid(5, 0, 0, &r), "nor of a CPU that is not there");
}

int main(void)
{
	char path[128], cmd[160];

	snprintf(dir, sizeof(dir), "/tmp/t-msr.%d", (int)getpid());
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/cpu/0", dir);
	put_file("cpu/0/x", "");
	*strrchr(path, '/') = '\0';
	setenv("PFM_CPU_PATH", path, 1);
	test_open();
	test_dev();
	test_mode();
	test_reasons();
	test_absent();
	test_cpuid();
	test_both();
	test_safe();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "cleaned up");
	return done_testing();
}
