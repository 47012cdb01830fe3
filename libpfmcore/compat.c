/* SPDX-License-Identifier: MIT
 *
 * compat.c - libpfmcompat.a: what a program for a perfmon2 kernel did with
 * system calls on a context, and with files below /sys/kernel/perfmon.  The
 * linker puts these functions in front of the C library's (--wrap, see
 * pfmcore-compat.pc.in); what is no context and no such file passes through.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "v28.h"

#define SYSFS_ROOT "/sys/kernel/perfmon"
#define VIEW_FIRST 16384 /* pages: mmap offset of the view of set 0 */

/* The C library's, and ours before it. */
ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);
void *__real_mmap64(void *at, size_t size, int prot, int flags, int fd,
		    off64_t offset);
void *__wrap_mmap64(void *at, size_t size, int prot, int flags, int fd,
		    off64_t offset);
long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);

/* A socket would cut the message; only a short read needs to be asked. */
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	if (size < PFM_MSG_SIZE_28 && size < (size_t)pfm28_msg_size(fd)) {
		errno = EINVAL;
		return -1;
	}
	return __real_read(fd, buf, size);
}

/* The library chose the address; who asked for one gets it. */
static void *move_to(void *mem, size_t size, void *at)
{
	void *moved =
		mremap(mem, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	int err = errno;

	if (moved == MAP_FAILED) {
		munmap(mem, size);
		errno = err;
	}
	return moved;
}

static void *map_view(int fd, size_t size, off64_t offset)
{
	off64_t page = sysconf(_SC_PAGESIZE), id = offset / page - VIEW_FIRST;

	errno = EINVAL;
	if (offset % page || id < 0 || id >= PFM_MAX_NUM_SETS || size == 0 ||
	    size > (size_t)page)
		return NULL;
	return (void *)(uintptr_t)pfm_set_map(fd, (unsigned)id);
}

/* The errors are those of perfmon2: its file was read-only. */
static void *map_context(void *at, size_t size, int flags, int fd,
			 off64_t offset)
{
	void *mem =
		offset ? map_view(fd, size, offset) : pfm_smpl_map(fd, size);

	if (!mem)
		return MAP_FAILED;
	return flags & MAP_FIXED ? move_to(mem, size, at) : mem;
}

static bool refuse_write(int prot, int flags)
{
	if (!(prot & PROT_WRITE))
		return false;
	errno = flags & MAP_PRIVATE ? EINVAL : EACCES;
	return true;
}

static bool maps_context(int flags, int fd)
{
	return !(flags & MAP_ANONYMOUS) && fd >= 0 && pfm28_msg_size(fd);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	if (!maps_context(flags, fd))
		return __real_mmap(at, size, prot, flags, fd, offset);
	if (refuse_write(prot, flags))
		return MAP_FAILED;
	return map_context(at, size, flags, fd, offset);
}

void *__wrap_mmap64(void *at, size_t size, int prot, int flags, int fd,
		    off64_t offset)
{
	if (!maps_context(flags, fd))
		return __real_mmap64(at, size, prot, flags, fd, offset);
	if (refuse_write(prot, flags))
		return MAP_FAILED;
	return map_context(at, size, flags, fd, offset);
}

/* The two calls to make and to describe that changed between generations. */
static int create_call(bool v28, const long *a)
{
	if (v28)
		return pfm28_create_context((struct ctx28 *)a[0],
					    (const char *)a[1], (void *)a[2],
					    (size_t)a[3]);
	return pfm_create_context((pfarg_ctx_t *)a[0], (void *)a[1],
				  (size_t)a[2]);
}

static int sets_call(bool v28, long nr, const long *a)
{
	int fd = (int)a[0], count = (int)a[2];
	void *v = (void *)a[1];

	switch (nr) {
	case 8:
		return v28 ? pfm28_create_evtsets(fd, v, count) :
			     pfm_create_evtsets(fd, v, count);
	case 9:
		return v28 ? pfm28_getinfo_evtsets(fd, v, count) :
			     pfm_getinfo_evtsets(fd, v, count);
	default:
		return v28 ? pfm28_delete_evtsets(fd, v, count) :
			     pfm_delete_evtsets(fd, v, count);
	}
}

/* Reference, section 2.7: the order of the numbers. */
static int pfm_call(bool v28, long nr, const long *a)
{
	int fd = (int)a[0], count = (int)a[2];
	void *v = (void *)a[1];

	switch (nr) {
	case 0:
		return create_call(v28, a);
	case 1:
		return v28 ? pfm28_write_pmcs(fd, v, count) :
			     pfm_write_pmcs(fd, v, count);
	case 2:
		return v28 ? pfm28_write_pmds(fd, v, count) :
			     pfm_write_pmds(fd, v, count);
	case 3:
		return pfm28_read_pmds(fd, v, count);
	case 4:
		return v28 ? pfm28_load_context(fd, v) :
			     pfm_load_context(fd, v);
	case 5:
		return pfm28_start(fd, v);
	case 6:
		return pfm28_stop(fd);
	case 7:
		return pfm28_restart(fd);
	case 11:
		return pfm28_unload_context(fd);
	default:
		return sets_call(v28, nr, a);
	}
}

long __wrap_syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	/* As many as a call can have; who gave less is not asked for them. */
	va_start(ap, nr);
	for (unsigned i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr >= PFM_NR_22 && nr < PFM_NR_22 + PFM_NR_CALLS)
		return pfm_call(false, nr - PFM_NR_22, a);
	if (nr >= PFM_NR_28 && nr < PFM_NR_28 + PFM_NR_CALLS)
		return pfm_call(true, nr - PFM_NR_28, a);
	return __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/*
 * A path below SYSFS_ROOT goes below $PFM_SYSFS_DIR, where "pfmon info --sysfs"
 * has put what perfmon2 showed; NULL: the path is too long.
 */
static const char *redirect(const char *path, char *buf, size_t size)
{
	const size_t root = sizeof(SYSFS_ROOT) - 1;
	const char *dir;
	int n;

	if (!path || strncmp(path, SYSFS_ROOT, root) != 0 ||
	    (path[root] != '\0' && path[root] != '/'))
		return path;
	dir = secure_getenv("PFM_SYSFS_DIR");
	if (!dir || !*dir)
		return path;
	n = snprintf(buf, size, "%s%s", dir, path + root);
	if (n >= 0 && (size_t)n < size)
		return buf;
	errno = ENAMETOOLONG;
	return NULL;
}

/* open() has a third argument with these flags only. */
static bool has_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

int __wrap_open(const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (has_mode(flags))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return path && !p ? -1 : __real_open(p, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (has_mode(flags))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return path && !p ? -1 : __real_open64(p, flags, mode);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));

	return path && !p ? NULL : __real_fopen(p, mode);
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));

	return path && !p ? NULL : __real_fopen64(p, mode);
}

DIR *__wrap_opendir(const char *path)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));

	return path && !p ? NULL : __real_opendir(p);
}

int __wrap_access(const char *path, int mode)
{
	char buf[PATH_MAX];
	const char *p = redirect(path, buf, sizeof(buf));

	return path && !p ? -1 : __real_access(p, mode);
}
