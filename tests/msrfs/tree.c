/* SPDX-License-Identifier: MIT
 *
 * tree.c - msrfs as FUSE sees it: the directories, and which file is which.
 * An inode's number says its CPU and its type.  Everything is direct I/O, so
 * that each read and write comes here with its own offset and size.
 */
#define FUSE_USE_VERSION 35

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fuse_lowlevel.h>

#include "fs.h"

/* The directories and files that are there once, then those of each CPU. */
enum { INO_ROOT = FUSE_ROOT_ID, INO_CPU, INO_CTL, INO_STATS, INO_BATCH };
enum { OF_DIR, OF_MSR, OF_CPUID, OF_REGS, OF_SAFE, OF_N = 8 };
#define INO_FIRST 8
#define NAMES_LAST 1e9 /* seconds that a name is good for: for ever */

static const struct file_type *const once[INO_FIRST] = {
	[INO_CTL] = &file_ctl,
	[INO_STATS] = &file_stats,
	[INO_BATCH] = &file_batch,
};
static const struct file_type *const of_cpu[OF_N] = {
	[OF_MSR] = &file_msr,
	[OF_CPUID] = &file_cpuid,
	[OF_REGS] = &file_regs,
	[OF_SAFE] = &file_safe,
};

/* NULL: a directory, or nothing at all. */
static const struct file_type *type_of(const struct fs *fs, fuse_ino_t ino)
{
	const struct file_type *t;

	t = ino < INO_FIRST ? once[ino] : of_cpu[(ino - INO_FIRST) % OF_N];
	return !fs->safe && (t == &file_safe || t == &file_batch) ? NULL : t;
}

static bool is_dir(fuse_ino_t ino)
{
	return ino == INO_ROOT || ino == INO_CPU ||
	       (ino >= INO_FIRST && (ino - INO_FIRST) % OF_N == OF_DIR);
}

static fuse_ino_t ino_of(unsigned cpu, unsigned what)
{
	return INO_FIRST + (fuse_ino_t)cpu * OF_N + what;
}

int tree_init(struct fs *fs)
{
	fs->ninodes = ino_of(fs->ncpus, 0);
	fs->modes = calloc(fs->ninodes, sizeof(*fs->modes));
	if (!fs->modes)
		return -ENOMEM;
	for (fuse_ino_t i = 1; i < fs->ninodes; i++) {
		const struct file_type *t = type_of(fs, i);

		fs->modes[i] = t ? S_IFREG | t->mode : S_IFDIR | 0755;
	}
	return 0;
}

static void fill_stat(const struct fs *fs, fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = fs->modes[ino];
	st->st_nlink = is_dir(ino) ? 2 : 1;
	st->st_uid = geteuid();
	st->st_gid = getegid();
}

/* The i-th entry of a directory, "." and ".." left out; 0: no more. */
static fuse_ino_t entry_at(const struct fs *fs, fuse_ino_t dir, size_t i,
			   char name[16])
{
	static const fuse_ino_t in_root[] = { INO_CPU, INO_CTL, INO_STATS };
	const struct file_type *t;
	fuse_ino_t ino;

	if (dir == INO_ROOT) {
		ino = i < 3 ? in_root[i] : 0;
	} else if (dir != INO_CPU) {
		ino = i < OF_SAFE ? dir + 1 + i : 0;
	} else if (i < fs->ncpus) {
		snprintf(name, 16, "%zu", i);
		return ino_of((unsigned)i, OF_DIR);
	} else {
		ino = i == fs->ncpus ? INO_BATCH : 0;
	}
	t = ino == 0 ? NULL : type_of(fs, ino);
	if (!t && ino != INO_CPU)
		return 0;
	snprintf(name, 16, "%s", t ? t->name : "cpu");
	return ino;
}

static fuse_ino_t look_up(const struct fs *fs, fuse_ino_t dir, const char *want)
{
	fuse_ino_t ino;
	char name[16];
	uint64_t n;

	if (dir == INO_CPU && parse_number(want, &n) && n < fs->ncpus) {
		entry_at(fs, dir, n, name);
		return strcmp(name, want) == 0 ? ino_of((unsigned)n, OF_DIR) :
						 0;
	}
	for (size_t i = dir == INO_CPU ? fs->ncpus : 0;
	     (ino = entry_at(fs, dir, i, name)); i++) {
		if (strcmp(name, want) == 0)
			return ino;
	}
	return 0;
}

static void tree_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct fuse_entry_param e = { .entry_timeout = NAMES_LAST };

	e.ino = look_up(fs, parent, name);
	if (e.ino == 0) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill_stat(fs, e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

/*
 * Linux asks about an open file, not about an inode, when it is to seek from
 * the end: that these devices refuse.
 */
static void tree_getattr(fuse_req_t req, fuse_ino_t ino,
			 struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	const struct file_type *t = type_of(fs, ino);
	struct stat st;

	if (fi && t && t->device) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	fill_stat(fs, ino, &st);
	fuse_reply_attr(req, &st, 0);
}

/* A mode can be set; a truncation is what shells do with ">" and no more. */
static void tree_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
			 int to_set, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct stat st;

	(void)fi;
	if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	if (to_set & FUSE_SET_ATTR_MODE)
		fs->modes[ino] =
			(fs->modes[ino] & S_IFMT) | (attr->st_mode & 07777);
	fill_stat(fs, ino, &st);
	fuse_reply_attr(req, &st, 0);
}

static void tree_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			 struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	char *buf = malloc(size);
	size_t used = 0;

	(void)fi;
	if (!buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	for (size_t i = (size_t)off;; i++) {
		char name[16] = "..";
		struct stat st;
		size_t need;

		st.st_ino = i < 2 ? ino : entry_at(fs, ino, i - 2, name);
		if (st.st_ino == 0)
			break;
		if (i == 0)
			name[1] = '\0';
		st.st_mode = fs->modes[st.st_ino];
		need = fuse_add_direntry(req, buf + used, size - used, name,
					 &st, (off_t)i + 1);
		if (need > size - used)
			break;
		used += need;
	}
	fuse_reply_buf(req, buf, used);
	free(buf);
}

static void file_free(struct file *f)
{
	if (!f)
		return;
	if (f->prev)
		f->prev->next = f->next;
	else if (f->fs->files == f)
		f->fs->files = f->next;
	if (f->next)
		f->next->prev = f->prev;
	free(f->text);
	free(f);
}

/* An unmount does not wait for those who have a file open. */
void tree_release_all(struct fs *fs)
{
	while (fs->files)
		file_free(fs->files);
	free(fs->modes);
}

static void tree_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct file *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		goto out;
	f->type = type_of(fs, ino);
	f->fs = fs;
	f->cpu = ino < INO_FIRST ? NULL : &fs->cpus[(ino - INO_FIRST) / OF_N];
	f->flags = fi->flags;
	f->pid = f->fs->caller = fuse_req_ctx(req)->pid;
	err = f->type->open(f);
	if (err < 0)
		goto out;
	fi->fh = (uint64_t)(uintptr_t)f;
	fi->direct_io = 1;
	/* A stream: shells that read a line too much would seek back. */
	fi->nonseekable = f->type == &file_ctl;
	f->next = fs->files;
	if (f->next)
		f->next->prev = f;
	fs->files = f;
	fuse_reply_open(req, fi);
	return;
out:
	file_free(f);
	fuse_reply_err(req, -err);
}

/* The open file of a request, and who makes it. */
static struct file *file_of(fuse_req_t req, const struct fuse_file_info *fi)
{
	struct file *f = (struct file *)(uintptr_t)fi->fh;

	f->pid = f->fs->caller = fuse_req_ctx(req)->pid;
	return f;
}

static void tree_release(fuse_req_t req, fuse_ino_t ino,
			 struct fuse_file_info *fi)
{
	struct file *f = file_of(req, fi);

	(void)ino;
	f->fs->quit |= f->quit;
	file_free(f);
	fuse_reply_err(req, 0);
}

static void read_text(fuse_req_t req, const struct file *f, size_t size,
		      off_t off)
{
	size_t from = (uint64_t)off < f->len ? (size_t)off : f->len;

	fuse_reply_buf(req, f->text + from,
		       f->len - from < size ? f->len - from : size);
}

static void tree_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct file *f = file_of(req, fi);
	ssize_t n;
	char *buf;

	(void)ino;
	if (!f->type->read && f->text) {
		read_text(req, f, size, off);
		return;
	}
	if (!f->type->read) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	buf = malloc(size);
	n = buf ? f->type->read(f, buf, size, off) : -ENOMEM;
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
	free(buf);
}

static void tree_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		       size_t size, off_t off, struct fuse_file_info *fi)
{
	struct file *f = file_of(req, fi);
	ssize_t n;

	(void)ino;
	n = f->type->write ? f->type->write(f, buf, size, off) : -EINVAL;
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void tree_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
		       struct fuse_file_info *fi, unsigned flags,
		       const void *in, size_t in_size, size_t out_size)
{
	struct file *f;
	char buf[64];
	int err;

	(void)ino;
	(void)arg;
	/* All we know are read and written, and not large. */
	if ((flags & (FUSE_IOCTL_DIR | FUSE_IOCTL_COMPAT)) ||
	    in_size != _IOC_SIZE(cmd) || out_size != in_size || in_size == 0 ||
	    in_size > sizeof(buf)) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	f = file_of(req, fi);
	memcpy(buf, in, in_size);
	err = f->type->ioctl ? f->type->ioctl(f, cmd, buf) : -ENOTTY;
	if (err < 0)
		fuse_reply_err(req, -err);
	else
		fuse_reply_ioctl(req, 0, buf, out_size);
}

const struct fuse_lowlevel_ops tree_ops = {
	.lookup = tree_lookup,
	.getattr = tree_getattr,
	.setattr = tree_setattr,
	.readdir = tree_readdir,
	.open = tree_open,
	.release = tree_release,
	.read = tree_read,
	.write = tree_write,
	.ioctl = tree_ioctl,
};
