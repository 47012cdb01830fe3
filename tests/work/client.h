/* SPDX-License-Identifier: MIT
 *
 * client.h - what the clients of perfmon2 that tests/compat.test builds share;
 * their output is a line for each check: "PASS name", "FAIL name" or "SKIP name
 * # why".  Everything else they do is what a program of its time did.
 */
#ifndef PFM_CLIENT_H
#define PFM_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Page faults, user mode only: PMC and PMD 256. */
#define FAULTS 256
#define FAULTS_CODE ((uint64_t)1 << 48 | 2)
#define NO_KERNEL 0x20000u

static int failed;

static inline int check(const char *name, int good)
{
	int err = errno;

	printf("%s %s\n", good ? "PASS" : "FAIL", name);
	if (!good) {
		printf("# errno %d: %s\n", err, strerror(err));
		failed = 1;
	}
	return good;
}

/* A call that must be refused with err. */
#define REFUSED(name, err, call) check(name, (call) == -1 && errno == (err))
#define UNMAPPED(name, err, call) \
	check(name, (call) == MAP_FAILED && errno == (err))

static inline size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* n page faults. */
static inline void fault(size_t n)
{
	size_t size = n * page_size();
	char *mem = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(mem, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++)
		((volatile char *)mem)[i * page_size()] = 1;
	munmap(mem, size);
}

/* What is no context goes to the kernel as it was. */
static inline void check_others(const char *file)
{
	char a, *mem;
	int fd = open(file, O_RDONLY), p[2];

	check("another file opens", fd >= 0);
	mem = (char *)mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	check("and is mapped, writable", mem != MAP_FAILED && mem[0] == '2');
	check("and read, one byte", read(fd, &a, 1) == 1 && a == '2');
	munmap(mem, 1);
	close(fd);
	check("a pipe is read, one byte",
	      pipe(p) == 0 && write(p[1], "xy", 2) == 2 &&
		      read(p[0], &a, 1) == 1 && a == 'x');
	close(p[0]);
	close(p[1]);
	check("another system call", syscall(SYS_getpid) == getpid());
	REFUSED("a bad one", ENOSYS, syscall(0x1234567));
}

#endif /* PFM_CLIENT_H */
