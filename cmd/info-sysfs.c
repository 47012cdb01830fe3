/* SPDX-License-Identifier: MIT
 *
 * info-sysfs.c - pfmon info --sysfs: the directory /sys/kernel/perfmon as
 * perfmon2 v2.2 or v2.82 had it (perfmon2 reference, section 12.3), for programs
 * that read it.  Nothing updates it: what only a kernel could know is 0.
 */
#include "config.h"

#include "info.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pfmcore_fmt.h>

/* In every tree of ours, so that nothing else is ever replaced. */
#define MARK ".pfmon-sysfs"

/* Bytes of the vector of one call: pfm_write_pmcs(3), E2BIG. */
#define VECTOR_MAX 4096

/* What is published. */
struct facts {
	const char *backend;
	bool v28; /* the files of v2.82 */
	struct pfm_pmu_info pmu;
	struct pfm_reg_desc *regs; /* owned */
	int nregs;
	unsigned npmcs, npmds, nformats; /* in the tree */
};

/* The tree while it is written, beside the place it is for. */
struct tree {
	char *path; /* owned */
	int err;    /* the first errno; nothing is done after it */
};

static void facts_read(struct facts *f, const char *backend, int cpu)
{
	int n;

	*f = (struct facts){ .backend = backend };
	if (pfm_pmu_get(backend, cpu, &f->pmu) < 0)
		die("no PMU to publish: %s", pfm_reason());
	f->backend = f->pmu.name;
	n = pfm_pmu_describe(backend, cpu, NULL, 0);
	if (n > 0) {
		f->regs = xcalloc((size_t)n, sizeof(*f->regs));
		f->nregs = pfm_pmu_describe(backend, cpu, f->regs, n);
	}
	if (n < 0 || f->nregs < 0)
		die("no PMU to publish: %s", pfm_reason());
	if (f->nregs > n)
		f->nregs = n;
}

static void make_dir(struct tree *t, const char *name)
{
	char *path;

	if (t->err)
		return;
	path = xasprintf("%s/%s", t->path, name);
	if (mkdir(path, 0755) < 0)
		t->err = errno;
	free(path);
}

/* The file DIR/NAME, read-only. */
__attribute__((format(printf, 4, 5))) static void
put(struct tree *t, const char *dir, const char *name, const char *fmt, ...)
{
	char *path, *text;
	va_list ap;
	int fd;

	if (t->err)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	path = xasprintf("%s/%s/%s", t->path, dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0 || write_all(fd, text, strlen(text)) < 0)
		t->err = errno;
	if (fd >= 0 && close(fd) < 0 && !t->err)
		t->err = errno;
	free(path);
	free(text);
}

/* Those of both. */
static void put_common(struct tree *t)
{
	static const char *const kernels[] = {
		"task_sessions_count",
		"sys_sessions_count",
		"debug",
		"reset_stats",
	};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
		put(t, ".", kernels[i], "0\n");
	put(t, ".", "sys_group", "%d\n", PFM_GROUP_PERM_ANY);
	put(t, ".", "task_group", "%d\n", PFM_GROUP_PERM_ANY);
}

/* Without "syscall": there is no number to call. */
static void put_v28(struct tree *t)
{
	put(t, ".", "version", "2.82\n");
	put(t, ".", "smpl_buffer_mem_cur", "0\n");
	put(t, ".", "smpl_buffer_mem_max", "%zu\n", SIZE_MAX);
	put(t, ".", "arg_mem_max", "%d\n", VECTOR_MAX);
	put(t, ".", "mode", "0\n");
}

static void put_v22(struct tree *t)
{
	put(t, ".", "version", "%u.%u\n", PFM_VERSION_MAJ, PFM_VERSION_MIN);
	put(t, ".", "smpl_buffer_mem", "0\n");
	put(t, ".", "debug_ovfl", "0\n");
	put(t, ".", "pmc_max_fast_arg", "%zu\n",
	    VECTOR_MAX / sizeof(pfarg_pmc_t));
	put(t, ".", "pmd_max_fast_arg", "%zu\n",
	    VECTOR_MAX / sizeof(pfarg_pmd_t));
	put(t, ".", "arg_size_max", "%d\n", VECTOR_MAX);
	put(t, ".", "buf_size_max", "%zu\n", SIZE_MAX);
}

static void put_format(struct tree *t, const struct pfm_smpl_fmt *fmt)
{
	char *dir = xasprintf("formats/%s", fmt->name);
	char uuid[sizeof(fmt->uuid) * 3 + 1];

	for (size_t i = 0; i < sizeof(fmt->uuid); i++)
		snprintf(uuid + 3 * i, 4, "%02x-", fmt->uuid[i]);
	/* None follows the last one. */
	uuid[sizeof(uuid) - 2] = '\0';
	make_dir(t, dir);
	put(t, dir, "uuid", "%s\n", uuid);
	put(t, dir, "version", "%u.%u\n", fmt->version >> 16,
	    fmt->version & 0xffff);
	free(dir);
}

static void put_formats(struct tree *t, struct facts *f)
{
	const struct pfm_smpl_fmt *fmt;

	make_dir(t, "formats");
	while ((fmt = pfm_fmt_list(f->nformats)) != NULL) {
		put_format(t, fmt);
		f->nformats++;
	}
}

/* v2.2 has a 0 where a bit is reserved, later versions a 1. */
static void put_reg(struct tree *t, const struct facts *f,
		    const struct pfm_reg_desc *reg)
{
	char *dir =
		xasprintf("pmu_desc/pm%c%u", reg->is_pmd ? 'd' : 'c', reg->num);

	make_dir(t, dir);
	put(t, dir, "name", "%s\n", reg->name);
	put(t, dir, "dfl_val", "0x%" PRIx64 "\n", reg->dfl);
	put(t, dir, "rsvd_msk", "0x%" PRIx64 "\n",
	    f->v28 ? reg->rsvd : ~reg->rsvd);
	put(t, dir, "addr", "0x%" PRIx32 "\n", reg->addr);
	put(t, dir, "width", "%u\n", reg->is_pmd ? reg->width : 64u);
	free(dir);
}

/* PMDs follow in ascending order: the first one is a counter if any is. */
static unsigned counter_width(const struct facts *f)
{
	for (int i = 0; i < f->nregs; i++)
		if (f->regs[i].is_pmd)
			return f->regs[i].width;
	return 0;
}

static void put_pmu(struct tree *t, struct facts *f)
{
	make_dir(t, "pmu_desc");
	/* Up to the comma: clients have 31 bytes for it. */
	put(t, "pmu_desc", "model", "%.*s\n", (int)strcspn(f->pmu.desc, ","),
	    f->pmu.desc);
	put(t, "pmu_desc", "counter_width", "%u\n", counter_width(f));
	for (int i = 0; i < f->nregs; i++) {
		/* perfmon2 left out what the NMI watchdog had. */
		if (f->regs[i].taken)
			continue;
		put_reg(t, f, &f->regs[i]);
		if (f->regs[i].is_pmd)
			f->npmds++;
		else
			f->npmcs++;
	}
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool is_ours(const char *path)
{
	char *mark = xasprintf("%s/%s", path, MARK);
	struct stat st;
	bool yes = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		   lstat(mark, &st) == 0 && S_ISREG(st.st_mode);

	free(mark);
	return yes;
}

/* A name that is there and not ours stays. */
static void check_place(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) == 0 && !is_ours(dir))
		die("'%s' is there, and no tree of pfmon info --sysfs: it is "
		    "left as it is; name another",
		    dir);
}

static void tree_write(struct tree *t, struct facts *f)
{
	put(t, ".", MARK, "pfmon info --sysfs\n");
	put_common(t);
	if (f->v28)
		put_v28(t);
	else
		put_v22(t);
	put_formats(t, f);
	put_pmu(t, f);
	/* mkdtemp() made it for its owner alone. */
	if (!t->err && chmod(t->path, 0755) < 0)
		t->err = errno;
}

static void remove_old(const char *path)
{
	if (remove_tree(path) < 0)
		warn("cannot remove the tree that was there, now '%s': %m",
		     path);
}

/* Where the file system cannot swap two names, there is none for a moment. */
static int swap(const struct tree *t, const char *dir)
{
	char *old;
	int ret;

	if (renameat2(AT_FDCWD, t->path, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
		remove_old(t->path);
		return 0;
	}
	if (errno != EINVAL)
		return -1;
	old = xasprintf("%s.old", t->path);
	ret = rename(dir, old);
	if (ret == 0 && rename(t->path, dir) < 0) {
		ret = -errno;
		rename(old, dir);
		errno = -ret;
	} else if (ret == 0) {
		remove_old(old);
	}
	free(old);
	return ret;
}

/* Into its place in one step, and what was there out of it. */
static int tree_move(const struct tree *t, const char *dir)
{
	if (renameat2(AT_FDCWD, t->path, AT_FDCWD, dir, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST && errno != EINVAL)
		return -1;
	if (errno == EINVAL && access(dir, F_OK) < 0)
		return rename(t->path, dir);
	if (is_ours(dir))
		return swap(t, dir);
	errno = EEXIST;
	return -1;
}

/* DIR without the slashes it may end in: a name is made from it. */
static char *place_of(const char *arg)
{
	char *dir = xstrdup(arg);
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = '\0';
	return dir;
}

static void publish(const char *dir, struct facts *f)
{
	struct tree t = { .path = xasprintf("%s.XXXXXX", dir) };

	/* As in /sys, whoever asks may read. */
	umask(022);
	check_place(dir);
	if (!mkdtemp(t.path))
		die("cannot make a directory beside '%s': %m", dir);
	tree_write(&t, f);
	if (!t.err && tree_move(&t, dir) < 0)
		t.err = errno;
	if (t.err) {
		remove_tree(t.path);
		errno = t.err;
		die("cannot write the tree '%s': %m", dir);
	}
	free(t.path);
}

void info_sysfs(const struct info_opt *opt, int cpu)
{
	char *dir = place_of(opt->sysfs);
	struct facts f;

	facts_read(&f, opt->backend, cpu);
	f.v28 = opt->generation == 1;
	publish(dir, &f);
	if (!opt->quiet)
		print_out("%s: %u PMCs and %u PMDs of backend %s, %u sampling "
			  "format%s\n",
			  dir, f.npmcs, f.npmds, f.backend, f.nformats,
			  f.nformats == 1 ? "" : "s");
	free(f.regs);
	free(dir);
}
