/* SPDX-License-Identifier: MIT
 *
 * msrio.c - accesses to MSR devices for the shell tests, one line of answer
 * each: the values read, "ok", or the error's name.  What dd and od cannot do:
 * sizes and offsets as they are, ioctls, and several accesses by one open
 * file.
 *
 *	msrio [-r|-w] FILE ACCESS...
 *	  r:OFF[:SIZE]      pread of SIZE bytes, 8 by default
 *	  w:OFF=VALUE[:SIZE] pwrite, VALUE repeated
 *	  R:REG  W:REG=VALUE    the driver's ioctls on eight registers
 *	  b:CPU:REG[=VALUE],... msr-safe's ioctl; a row of ERR:VALUE:MASK
 *	  b:                    the same, of no operations
 *	  i:NUMBER              another ioctl, 32 bytes in and out
 *	  e                     lseek from the end
 *	  x:COMMAND             a shell command in between
 *
 * Numbers are hex, sizes decimal.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_OPS 64
#define MAX_SIZE 4096

struct op {
	uint16_t cpu, isrdmsr;
	int32_t err;
	uint32_t msr, pad;
	uint64_t msrdata, wmask;
};
struct batch {
	uint32_t numops, version;
	struct op *ops;
};

static const char *err_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EIO, "EIO" },       { EPERM, "EPERM" },   { ENXIO, "ENXIO" },
		{ EACCES, "EACCES" }, { EINVAL, "EINVAL" }, { EBADF, "EBADF" },
		{ ENOTTY, "ENOTTY" }, { EROFS, "EROFS" },   { E2BIG, "E2BIG" },
		{ EFAULT, "EFAULT" }, { ENOENT, "ENOENT" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].err == err)
			return names[i].name;
	}
	return strerror(err);
}

static void say(ssize_t result)
{
	printf("%s\n", result < 0 ? err_name(errno) : "ok");
}

static uint64_t hex(const char **s)
{
	char *end;
	uint64_t n = strtoull(*s, &end, 16);

	*s = end;
	return n;
}

static size_t size_of(const char *s)
{
	size_t n = *s == ':' ? strtoul(s + 1, NULL, 10) : 8;

	return n > MAX_SIZE ? MAX_SIZE : n;
}

static void do_read(int fd, const char *s)
{
	off_t off = (off_t)hex(&s);
	uint64_t buf[MAX_SIZE / 8] = { 0 };
	ssize_t n = pread(fd, buf, size_of(s), off);

	if (n < 0) {
		say(n);
		return;
	}
	for (ssize_t i = 0; i < n / 8; i++)
		printf("%s0x%" PRIx64, i ? " " : "", buf[i]);
	printf("\n");
}

static void do_write(int fd, const char *s)
{
	off_t off = (off_t)hex(&s);
	uint64_t buf[MAX_SIZE / 8];
	uint64_t v;
	size_t size;
	ssize_t n;

	s += *s == '=';
	v = hex(&s);
	for (size_t i = 0; i < MAX_SIZE / 8; i++)
		buf[i] = v;
	size = size_of(s);
	n = pwrite(fd, buf, size, off);
	if (n >= 0 && (size_t)n != size)
		printf("%zd of %zu bytes\n", n, size);
	else
		say(n);
}

static void do_regs(int fd, const char *s, bool write)
{
	uint32_t regs[8] = { 0 };
	uint64_t v;
	int err;

	regs[1] = (uint32_t)hex(&s);
	s += *s == '=';
	v = write ? hex(&s) : 0;
	regs[0] = (uint32_t)v;
	regs[2] = (uint32_t)(v >> 32);
	regs[3] = 0x1234;
	err = ioctl(fd, _IOWR('c', write ? 0xa1 : 0xa0, uint32_t[8]), regs);
	if (err < 0 || write)
		say(err);
	else
		printf("0x%" PRIx64 "%s\n", (uint64_t)regs[2] << 32 | regs[0],
		       regs[3] == 0x1234 ? "" : " ebx is not what it was");
}

static void do_batch(int fd, const char *s)
{
	struct op ops[MAX_OPS] = { { 0 } };
	struct batch b = { .ops = ops };
	int err;

	while (*s && b.numops < MAX_OPS) {
		struct op *op = &ops[b.numops++];

		op->cpu = (uint16_t)hex(&s);
		s += *s == ':';
		op->msr = (uint32_t)hex(&s);
		op->isrdmsr = *s != '=';
		if (*s == '=') {
			s++;
			op->msrdata = hex(&s);
		}
		s += *s == ',';
	}
	err = ioctl(fd, _IOWR('c', 0xa2, struct batch), &b);
	printf("%s", err < 0 ? err_name(errno) : "ok");
	for (unsigned i = 0; i < b.numops; i++)
		printf(" %s:0x%" PRIx64 ":0x%" PRIx64,
		       ops[i].err < 0 ? err_name(-ops[i].err) : "ok",
		       ops[i].msrdata, ops[i].wmask);
	printf("\n");
}

static void do_other(int fd, const char *s)
{
	uint64_t buf[4] = { 0 };

	say(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'c', hex(&s), sizeof(buf)),
		  buf));
}

static int run(int fd, const char *op)
{
	switch (op[0]) {
	case 'r':
		do_read(fd, op + 2);
		break;
	case 'w':
		do_write(fd, op + 2);
		break;
	case 'R':
	case 'W':
		do_regs(fd, op + 2, op[0] == 'W');
		break;
	case 'b':
		do_batch(fd, op + 2);
		break;
	case 'i':
		do_other(fd, op + 2);
		break;
	case 'e':
		say(lseek(fd, 0, SEEK_END) < 0 ? -1 : 0);
		break;
	case 'x':
		return system(op + 2) == 0 ? 0 : 1;
	default:
		fprintf(stderr, "msrio: %s?\n", op);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int mode = O_RDWR;
	int at = 1;
	int fd;

	if (argc > 1 && strcmp(argv[1], "-r") == 0)
		mode = O_RDONLY;
	else if (argc > 1 && strcmp(argv[1], "-w") == 0)
		mode = O_WRONLY;
	at += mode != O_RDWR;
	if (at >= argc) {
		fprintf(stderr, "usage: msrio [-r|-w] FILE ACCESS...\n");
		return 2;
	}
	/* A batch is fetched from our memory: Yama lets nobody do it else. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	fd = open(argv[at], mode | O_CLOEXEC);
	if (fd < 0) {
		printf("open: %s\n", err_name(errno));
		return 0;
	}
	while (++at < argc) {
		int err = run(fd, argv[at]);

		if (err)
			return err;
		fflush(stdout);
	}
	close(fd);
	return 0;
}
