/* SPDX-License-Identifier: MIT
 *
 * files.c - what is mapped: files, the kernel and its modules, the vdso, code
 * made while running.  A file is found by device and number and opened through
 * the root of a process that has it, or where that is gone already, of pfmon.
 */
#include "config.h"

#include "files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cmd.h"

#define BUCKETS 1024
#define DELETED " (deleted)"
#define SWEEP_LEAST 256

struct module {
	uint64_t start, end;
	struct file *file; /* once it was hit */
	char name[64];
};

struct files {
	struct file *file[BUCKETS];
	size_t n, sweep_at;
	struct module *modules; /* ascending; owned */
	size_t nmodules;
	bool asked; /* for the modules */
};

struct files *files_new(void)
{
	struct files *fs = xcalloc(1, sizeof(*fs));

	fs->sweep_at = SWEEP_LEAST;
	return fs;
}

static void file_free(struct file *f)
{
	sym_close(f->sym);
	unwind_object_free(f->tables);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->root);
	free(f->gone);
	free(f);
}

void files_free(struct files *fs)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++)
		while (fs->file[i]) {
			struct file *f = fs->file[i];

			fs->file[i] = f->next;
			file_free(f);
		}
	free(fs->modules);
	free(fs);
}

static unsigned hash(enum prof_kind kind, pid_t pid, uint64_t ino,
		     const char *path)
{
	uint64_t h = (uint64_t)kind * 31 + (uint64_t)pid + ino * 7;

	while (*path)
		h = h * 33 + (unsigned char)*path++;
	return (unsigned)(h ^ h >> 20) % BUCKETS;
}

static enum prof_kind kind_of(const struct file_key *key)
{
	if (!strcmp(key->path, "[vdso]"))
		return PROF_VDSO;
	if (key->path[0] == '/' && key->ino &&
	    strncmp(key->path, "/memfd:", 7) != 0 &&
	    strncmp(key->path, "//anon", 6) != 0 &&
	    strncmp(key->path, "/dev/zero", 9) != 0 &&
	    strncmp(key->path, "/SYSV", 5) != 0)
		return PROF_ELF;
	if (!strcmp(key->path, "[vsyscall]") || !strcmp(key->path, "[uprobes]"))
		return PROF_UNKNOWN;
	return PROF_JIT;
}

/* In no process any more, and never hit: its descriptor is worth more. */
static bool is_useless(const struct file *f)
{
	return f->nmaps == 0 && f->id == PROF_NONE && !f->used &&
	       (f->kind == PROF_ELF || f->kind == PROF_JIT);
}

/* When there are twice as many as were left by the last time. */
static void sweep(struct files *fs)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		struct file **at = &fs->file[i], *f;

		while ((f = *at)) {
			if (!is_useless(f)) {
				at = &f->next;
				continue;
			}
			*at = f->next;
			file_free(f);
			fs->n--;
		}
	}
	fs->sweep_at = fs->n < SWEEP_LEAST / 2 ? SWEEP_LEAST : fs->n * 2;
}

static struct file *file_new(struct files *fs, enum prof_kind kind,
			     const struct file_key *key, const char *path)
{
	pid_t pid = kind == PROF_JIT ? key->proc->pid : 0;
	unsigned b = hash(kind, pid, key->ino, path);
	struct file *f;

	for (f = fs->file[b]; f; f = f->next)
		if (f->kind == kind && f->pid == pid && f->ino == key->ino &&
		    f->major == key->major && f->minor == key->minor &&
		    !strcmp(f->path, path))
			return f;
	if (fs->n >= fs->sweep_at)
		sweep(fs);
	fs->n++;
	f = xcalloc(1, sizeof(*f));
	*f = (struct file){ .next = fs->file[b],
			    .major = key->major,
			    .minor = key->minor,
			    .ino = key->ino,
			    .path = xstrdup(path),
			    .kind = kind,
			    .pid = pid,
			    .fd = -1,
			    .id = PROF_NONE };
	fs->file[b] = f;
	return f;
}

/*
 * True: it is the one that was mapped, not another of that name.  A file system
 * on top of another (overlay) has devices and numbers of its own.
 */
static bool try_open(struct file *f, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == f->ino) {
		f->fd = fd;
		return true;
	}
	close(fd);
	errno = ESTALE;
	return false;
}

/* A file without a name is still to be had from who has it mapped. */
static bool open_mapped(struct file *f, const struct file_key *key)
{
	char path[128];
	bool good;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx",
		 (int)key->proc->pid, (unsigned long long)key->start,
		 (unsigned long long)key->end);
	if (try_open(f, path))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)key->proc->pid);
	good = try_open(f, path);
	return good;
}

static void open_file(struct file *f, const struct file_key *key)
{
	char *path;
	int err;

	free(f->root);
	free(f->gone);
	f->gone = NULL;
	f->tried = key->proc->pid;
	f->root = xasprintf("/proc/%d/root", (int)key->proc->pid);
	path = xasprintf("%s%s", f->root, f->path);
	if (try_open(f, path)) {
		free(path);
		return;
	}
	err = errno;
	free(path);
	if (open_mapped(f, key))
		return;
	/* Its process may have ended; what it saw is mostly what we see. */
	if (try_open(f, f->path))
		return;
	f->gone = xasprintf("%s", err == ESTALE || errno == ESTALE ?
					  "the file was replaced" :
				  err == ENOENT ? "the file is gone" :
						  strerror(err));
}

/*
 * Code of a process's own: what leads to its map, while the process is there.
 * "NSpid:" has its numbers from our name space to its own.
 */
static void open_process(struct file *f)
{
	char path[64], status[2048];
	const char *line;
	unsigned uid;
	char *end;

	f->inner = f->pid;
	f->uid = (uid_t)-1;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)f->pid);
	f->fd = sym_open_tmp(path);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)f->pid);
	if (read_start_of(path, status, sizeof(status)) < 0)
		return;
	line = strstr(status, "\nUid:");
	if (line && sscanf(line, " Uid: %*u %u", &uid) == 1)
		f->uid = (uid_t)uid;
	line = strstr(status, "\nNSpid:");
	line = line ? line + strlen("\nNSpid:") : "";
	for (; *line == '\t' && isdigit((unsigned char)line[1]); line = end)
		f->inner = (pid_t)strtol(line, &end, 10);
}

struct file *files_find(struct files *fs, const struct file_key *key)
{
	enum prof_kind kind = kind_of(key);
	struct file_key plain = { .proc = key->proc };
	struct file *f;
	char name[64], *path;
	size_t len;

	switch (kind) {
	case PROF_VDSO:
		return file_new(fs, kind, &plain, "[vdso]");
	case PROF_JIT:
		snprintf(name, sizeof(name), "[jit %d]", (int)key->proc->pid);
		f = file_new(fs, kind, &plain, name);
		if (!f->asked)
			open_process(f);
		f->asked = true;
		return f;
	case PROF_UNKNOWN:
		return files_unknown(fs);
	default:
		break;
	}
	path = xstrdup(key->path);
	len = strlen(path);
	if (len > strlen(DELETED) &&
	    !strcmp(path + len - strlen(DELETED), DELETED))
		path[len - strlen(DELETED)] = '\0';
	f = file_new(fs, PROF_ELF, key, path);
	free(path);
	/* Another process may see it where the one before did not. */
	if (f->fd < 0 && f->tried != key->proc->pid)
		open_file(f, key);
	return f;
}

struct file *files_unknown(struct files *fs)
{
	struct file_key key = { 0 };

	return file_new(fs, PROF_UNKNOWN, &key, "[unknown]");
}

static int by_start(const void *a, const void *b)
{
	const struct module *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Where the modules are; all at 0 for who may not know. */
static void read_modules(struct files *fs)
{
	FILE *f = fopen("/proc/modules", "re");
	char *line = NULL, name[64];
	unsigned long long start;
	unsigned long size;
	size_t room = 0;

	fs->asked = true;
	if (!f)
		return;
	while (getline(&line, &room, f) > 0) {
		if (sscanf(line, "%60s %lu %*s %*s %*s %llx", name, &size,
			   &start) != 3 ||
		    !start)
			continue;
		fs->modules = xreallocarray(fs->modules, fs->nmodules + 1,
					    sizeof(*fs->modules));
		fs->modules[fs->nmodules] = (struct module){
			.start = start,
			.end = start + size,
		};
		snprintf(fs->modules[fs->nmodules++].name, sizeof(name),
			 "[%.60s]", name);
	}
	free(line);
	fclose(f);
	if (fs->nmodules)
		qsort(fs->modules, fs->nmodules, sizeof(*fs->modules),
		      by_start);
}

static struct module *find_module(struct files *fs, uint64_t addr)
{
	size_t low = 0, high = fs->nmodules;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (fs->modules[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == fs->nmodules || fs->modules[low].start > addr)
		return NULL;
	return &fs->modules[low];
}

struct file *files_kernel(struct files *fs, uint64_t addr)
{
	struct file_key key = { 0 };
	struct module *m;

	if (!fs->asked)
		read_modules(fs);
	m = find_module(fs, addr);
	if (!m)
		return file_new(fs, PROF_KERNEL, &key, "[kernel]");
	if (!m->file)
		m->file = file_new(fs, PROF_MODULE, &key, m->name);
	return m->file;
}

void files_each(struct files *fs, void (*call)(struct file *f, void *arg),
		void *arg)
{
	struct file *f;
	unsigned i;

	for (i = 0; i < BUCKETS; i++)
		for (f = fs->file[i]; f; f = f->next)
			call(f, arg);
}

struct sym_object *file_symbols(struct file *f, struct sym_object **kernel,
				const struct sym_options *opt)
{
	switch (f->kind) {
	case PROF_KERNEL:
	case PROF_MODULE:
		if (!*kernel)
			*kernel = sym_open_kernel(opt);
		return *kernel;
	case PROF_VDSO:
		if (!f->sym)
			f->sym = sym_open_vdso(opt);
		return f->sym;
	case PROF_JIT:
		if (!f->sym)
			f->sym =
				sym_open_jit(&(struct sym_jit){ f->fd, f->inner,
								f->uid },
					     opt);
		return f->sym;
	case PROF_ELF:
		if (!f->sym)
			f->sym = sym_open_elf(f->fd, f->path, f->root, opt);
		return f->sym;
	default:
		return NULL;
	}
}

struct unwind_object *file_tables(struct file *f)
{
	if (!f->tables && !f->no_tables) {
		f->tables = f->fd >= 0 ? unwind_object_new(f->fd) : NULL;
		f->no_tables = !f->tables;
	}
	return f->tables;
}
