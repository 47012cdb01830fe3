/* SPDX-License-Identifier: MIT
 *
 * guard.c - one user of a CPU's counters at a time, and registers that come
 * back to what they were whatever becomes of him (msr.h).  The file that is
 * locked holds the list of what to undo; the guardian process that plays it
 * back when its parent has ended is in guard-process.c.
 *
 * Locking: guard-process.c's mutex is taken last, and nothing else under it.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"
#include "priv.h"

#define MAGIC UINT64_C(0x31647261756d6670) /* "pfmuard1" */

/* To write a list back takes a guardian a few milliseconds. */
#define LOCK_WAIT_MS 5000

/*
 * What may be played back: the registers this library writes, and no others,
 * whatever a file says.  Intel SDM volume 3, 325384-059, table 35-2; AMD64 APM
 * volume 2, 24593 rev. 3.44, table A-6.
 */
static const struct {
	uint32_t first, last;
} allowed[] = {
	{ 0xc1, 0xd0 },             /* IA32_PMC0 to 15 */
	{ 0x186, 0x195 },           /* IA32_PERFEVTSEL0 to 15 */
	{ 0x1a6, 0x1a7 },           /* MSR_OFFCORE_RSP_0, 1 */
	{ 0x309, 0x318 },           /* IA32_FIXED_CTR0 to 15 */
	{ 0x38d, 0x38d },           /* IA32_FIXED_CTR_CTRL */
	{ 0x38f, 0x391 },           /* global control, status reset and set */
	{ 0x3f6, 0x3f7 },           /* PEBS_LD_LAT, PEBS_FRONTEND */
	{ 0x4c1, 0x4d0 },           /* IA32_A_PMC0 to 15 */
	{ 0x1328, 0x1329 },         /* SNOOP_RSP_0, 1 */
	{ 0xc0000301, 0xc0000303 }, /* PerfCntrGlobalCtl, StatusClr, Set */
	{ 0xc0010000, 0xc0010007 }, /* PerfEvtSel, PerfCtr */
	{ 0xc0010200, 0xc001020f }, /* the extended ones */
};

static bool is_allowed(uint32_t reg)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (reg >= allowed[i].first && reg <= allowed[i].last)
			return true;
	return false;
}

/* Async-signal-safe: the guardian calls it too. */
static int play_one(struct msr_cpu *c, const struct msr_undo *u)
{
	uint64_t value = u->value;
	int ret = 0;

	if (u->mask != UINT64_MAX) {
		ret = msr_read(c, u->reg, &value);
		value = (value & ~u->mask) | (u->value & u->mask);
	}
	return ret < 0 ? ret : msr_write(c, u->reg, value);
}

/*
 * An entry may undo what an earlier one let go on: a counter gets its value
 * back after it was stopped.  So all that follow one that failed stay in the
 * list as well, to be played again in order.
 */
int guard_play(struct msr_cpu *c, struct guard_file *f)
{
	uint32_t n = atomic_load_explicit(&f->count, memory_order_acquire);
	int ret = 0;

	for (uint32_t i = 0; i < n && i < GUARD_UNDOS; i++) {
		int err;

		if (!is_allowed(f->undo[i].reg))
			continue;
		err = play_one(c, &f->undo[i]);
		/* What failed once by chance succeeds the second time. */
		if (err < 0)
			err = play_one(c, &f->undo[i]);
		if (ret == 0)
			ret = err;
		/* One store: whenever we die, every entry is a whole one. */
		if (ret == 0)
			f->undo[i].reg = 0;
	}
	if (ret == 0)
		atomic_store_explicit(&f->count, 0, memory_order_release);
	return ret;
}

/* The first register of a list that was not played. */
static uint32_t first_left(const struct guard_file *f)
{
	uint32_t i = 0;

	while (i + 1 < GUARD_UNDOS && !is_allowed(f->undo[i].reg))
		i++;
	return f->undo[i].reg;
}

static const char *lock_dir(void)
{
	const char *dir = secure_getenv("PFM_LOCK_DIR");

	return dir ? dir : "/run/pfmon";
}

static void read_boot_id(char id[GUARD_BOOT_ID])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, id, GUARD_BOOT_ID - 1);

	id[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Another name of the file may be that of a file with another purpose. */
static bool is_ours_alone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 022) &&
	       st.st_nlink == 1;
}

static int open_file(int cpu, char path[GUARD_PATH])
{
	const char *dir = lock_dir();
	int fd;

	if (snprintf(path, GUARD_PATH, "%s/cpu%d", dir, cpu) >= GUARD_PATH)
		return fail(ENAMETOOLONG,
			    "PFM_LOCK_DIR: the name of a directory has up to "
			    "%d characters",
			    GUARD_PATH - 16);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return fail(errno,
			    "no directory for locks of CPUs at %s: %m; set "
			    "PFM_LOCK_DIR",
			    dir);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(errno,
			    "no lock for CPU %d at %s: %m; set PFM_LOCK_DIR to "
			    "a directory of yours",
			    cpu, path);
	if (is_ours_alone(fd))
		return fd;
	close(fd);
	return fail(EPERM,
		    "%s is not a file of ours alone: it says what is written "
		    "to registers; remove it",
		    path);
}

/* Also false of one that has ended and that nobody has waited for yet. */
static bool is_alive(pid_t pid, char *comm, size_t size)
{
	struct pollfd p = { .events = POLLIN };
	char path[64];
	ssize_t n = 0;
	bool ended;
	int fd;

	p.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (p.fd < 0)
		return false;
	ended = poll(&p, 1, 0) > 0;
	close(p.fd);
	if (ended)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, comm, size - 1);
		close(fd);
	}
	if (n > 0)
		comm[n - 1] = '\0';
	else
		snprintf(comm, size, "?");
	return true;
}

/* The file as it is now; pid 0: there is nothing in it. */
static struct guard_file look_into(int fd)
{
	struct guard_file f;

	if (pread(fd, &f, sizeof(f), 0) != (ssize_t)sizeof(f) ||
	    f.magic != MAGIC)
		memset(&f, 0, sizeof(f));
	return f;
}

/*
 * Taken, but by nobody that lives: either a guardian is undoing what its parent
 * did, or somebody has the lock and is about to say who he is.  To wait in
 * flock() would be right for the first, and for ever for the second.
 */
static int take_lock(int fd, int cpu, const char *path)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	char comm[32];
	pid_t pid;

	for (int i = 0; i < LOCK_WAIT_MS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(errno, "%s cannot be locked: %m", path);
		pid = look_into(fd).pid;
		if (is_alive(pid, comm, sizeof(comm)))
			return fail(EBUSY,
				    "CPU %d's counters are in use by %s, "
				    "process %d; wait for it, or count other "
				    "CPUs",
				    cpu, comm, (int)pid);
		nanosleep(&ms, NULL);
	}
	return fail(EBUSY,
		    "CPU %d's counters are in use by a process that cannot be "
		    "seen from here (see who has %s locked: fuser); wait for "
		    "it, or count other CPUs",
		    cpu, path);
}

static int map_file(struct guard *g, const char *path)
{
	void *map;

	if (ftruncate(g->fd, sizeof(*g->file)) < 0)
		return fail(errno,
			    "%s: no room for the list of what to undo: "
			    "%m",
			    path);
	/* So that a full disk is an error here, and not a signal later. */
	errno = posix_fallocate(g->fd, 0, sizeof(*g->file));
	if (errno)
		return fail(errno,
			    "%s: no room for the list of what to undo: "
			    "%m",
			    path);
	map = mmap(NULL, sizeof(*g->file), PROT_READ | PROT_WRITE, MAP_SHARED,
		   g->fd, 0);
	if (map == MAP_FAILED)
		return fail(errno, "%s cannot be mapped: %m", path);
	g->file = map;
	return 0;
}

static int refuse_recovery(const struct msr_cpu *c, const struct guard_file *f,
			   const char *path, int err)
{
	char why[160];

	msr_explain(c, MSR_WRITE, first_left(f), err);
	snprintf(why, sizeof(why), "%s", pfm_reason());
	return fail(err,
		    "what process %d left cannot be undone (to let it be, "
		    "remove %s): %s",
		    (int)f->pid, path, why);
}

/*
 * The list of somebody who, and whose guardian, did not come to play it.  It is
 * the same CPU when the boot and the path are the same; the transport need not
 * be, the registers are.
 */
static int recover(struct msr_cpu *c, struct guard_file *f, const char *path)
{
	char boot[GUARD_BOOT_ID] = "", device[GUARD_PATH] = "";
	uint32_t n = atomic_load(&f->count);
	int ret = 0;

	read_boot_id(boot);
	snprintf(device, sizeof(device), "%s", msr_cpu_path());
	if (f->magic == MAGIC && n > 0 && n <= GUARD_UNDOS && boot[0] &&
	    strncmp(f->boot_id, boot, sizeof(boot)) == 0 &&
	    strncmp(f->device, device, sizeof(device)) == 0) {
		dbg(MSR, "CPU %d: undoing %u writes of process %d", c->cpu, n,
		    (int)f->pid);
		ret = guard_play(c, f);
	}
	if (ret < 0)
		return refuse_recovery(c, f, path, -ret);
	atomic_store(&f->count, 0);
	f->magic = MAGIC;
	memcpy(f->boot_id, boot, sizeof(boot));
	memcpy(f->device, device, sizeof(device));
	return 0;
}

static void guard_free(struct guard *g)
{
	if (!g)
		return;
	if (g->fd < 0)
		free(g->file);
	else if (g->file)
		munmap(g->file, sizeof(*g->file));
	/* Closing is not enough: another process may have the descriptor too. */
	if (g->fd >= 0) {
		flock(g->fd, LOCK_UN);
		close(g->fd);
	}
	free(g);
}

static void let_go(struct guard *g)
{
	g->file->pid = 0;
	guard_free(g);
}

/* Lock and clean; *out is ours then. */
static int lock_file(struct msr_cpu *c, struct guard **out)
{
	struct guard *g = calloc(1, sizeof(*g));
	char path[GUARD_PATH];
	int ret;

	if (!g)
		return fail(ENOMEM, "no memory for the lock of CPU %d", c->cpu);
	g->fd = ret = open_file(c->cpu, path);
	if (ret >= 0)
		ret = take_lock(g->fd, c->cpu, path);
	if (ret >= 0)
		ret = map_file(g, path);
	if (ret >= 0)
		ret = recover(c, g->file, path);
	if (ret < 0) {
		guard_free(g);
		return ret;
	}
	g->file->pid = getpid();
	*out = g;
	return 0;
}

/* Models are memory of this process: their list needs no file. */
static int lock_memory(struct msr_cpu *c)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (g)
		g->file = calloc(1, sizeof(*g->file));
	if (!g || !g->file) {
		free(g);
		return fail(ENOMEM, "no memory for the lock of CPU %d", c->cpu);
	}
	g->fd = -1;
	c->guard = g;
	return 0;
}

int guard_lock(struct msr_cpu *c)
{
	struct guard *g = NULL;
	int ret;

	if (c->fd < 0)
		return lock_memory(c);
	ret = lock_file(c, &g);
	if (ret < 0)
		return ret;
	ret = guard_process_add(c, g->fd);
	if (ret < 0) {
		let_go(g);
		return ret;
	}
	c->guard = g;
	return 0;
}

int guard_recover(struct msr_cpu *c)
{
	char path[GUARD_PATH];
	struct guard *g;
	int ret;

	/* Nobody ever had the CPU: nothing is made for one who only asks. */
	snprintf(path, sizeof(path), "%s/cpu%d", lock_dir(), c->cpu);
	if (c->fd < 0 || (access(path, F_OK) < 0 && errno == ENOENT))
		return 0;
	ret = lock_file(c, &g);
	if (ret == 0)
		let_go(g);
	return ret;
}

unsigned guard_holder(int cpu, char *who, size_t size, uint32_t *regs)
{
	char path[GUARD_PATH], comm[32];
	struct guard_file f = { 0 };
	unsigned n = 0;
	int fd;

	who[0] = '\0';

	snprintf(path, sizeof(path), "%s/cpu%d", lock_dir(), cpu);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		f = look_into(fd);
	close(fd);
	if (!is_alive(f.pid, comm, sizeof(comm)))
		return 0;
	snprintf(who, size, "%s, process %d", comm, (int)f.pid);
	for (unsigned i = 0; i < f.count && i < GUARD_UNDOS; i++)
		if (f.undo[i].reg)
			regs[n++] = f.undo[i].reg;
	return n;
}

int guard_add(struct msr_cpu *c, const struct msr_undo *undo, unsigned n)
{
	struct guard_file *f = c->guard->file;
	uint32_t count = atomic_load(&f->count);

	for (unsigned i = 0; i < n; i++) {
		if (!is_allowed(undo[i].reg))
			return fail(EINVAL,
				    "MSR %#x is none of those that are "
				    "written for counting",
				    undo[i].reg);
		if (count + i >= GUARD_UNDOS)
			return fail(ENOSPC,
				    "CPU %d: over %d registers to restore",
				    c->cpu, GUARD_UNDOS);
		f->undo[count + i] = undo[i];
	}
	/* Entries first: a list cut off here is a whole list. */
	atomic_store_explicit(&f->count, count + n, memory_order_release);
	return 0;
}

int guard_restore(struct msr_cpu *c)
{
	int ret = guard_play(c, c->guard->file);

	if (ret < 0)
		return msr_explain(c, MSR_WRITE, first_left(c->guard->file),
				   -ret);
	return 0;
}

void guard_unlock(struct msr_cpu *c)
{
	struct guard *g = c->guard;

	c->guard = NULL;
	if (g->fd < 0) {
		guard_free(g);
		return;
	}
	/*
	 * First: a guardian that still knows of the CPU would, should we die,
	 * undo what the next one who has the lock writes.
	 */
	guard_process_remove(c);
	let_go(g);
}

void guard_after_fork(struct msr_cpu *c)
{
	if (c->guard->fd >= 0)
		close(c->guard->fd);
}
