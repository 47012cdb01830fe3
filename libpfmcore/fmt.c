/* SPDX-License-Identifier: MIT
 *
 * fmt.c - the sampling formats this process knows, and the loader of those in
 * files of their own.  A module stays loaded once it is accepted: a context may
 * use it for as long as the process lives.
 */
#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmt.h"
#include "priv.h"

#define MAX_FORMATS 64
#define MAX_NAME 32
#define MAX_ARG_SIZE 4096 /* a page, as in perfmon2 */

/*
 * It only grows, so who reads it needs no lock; and the lock is never held while
 * a module is loaded.
 */
static const struct pfm_smpl_fmt *formats[MAX_FORMATS];
static _Atomic unsigned nformats;
static pthread_mutex_t fmt_lock = PTHREAD_MUTEX_INITIALIZER;

void fmt_before_fork(void)
{
	pthread_mutex_lock(&fmt_lock);
}

void fmt_after_fork(void)
{
	pthread_mutex_unlock(&fmt_lock);
}

/* So that no name leads out of a directory. */
static bool good_name(const char *name, size_t len)
{
	return len > 0 && len <= MAX_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= len;
}

/* what names it for people.  Nothing is read before the ABI is known. */
static int check_format(const struct pfm_smpl_fmt *fmt, const char *what)
{
	static const pfm_uuid_t none;

	if (fmt->abi != PFM_SMPL_ABI)
		return fail(EPROTO,
			    "%s: it is of ABI %u, this library has %u: build "
			    "it again",
			    what, fmt->abi, PFM_SMPL_ABI);
	if (!fmt->handler)
		return fail(EINVAL, "%s: it has no handler()", what);
	if (!fmt->next)
		return fail(EINVAL, "%s: it has no next()", what);
	if (!fmt->name)
		return fail(EINVAL, "%s: it has no name", what);
	if (!good_name(fmt->name, strlen(fmt->name)))
		return fail(EINVAL,
			    "%s: '%s' is no name: of a-z, 0-9, _ and -, %d at "
			    "most",
			    what, fmt->name, MAX_NAME);
	if (memcmp(fmt->uuid, none, sizeof(none)) == 0)
		return fail(EINVAL, "%s: its UUID is zero", what);
	if (fmt->arg_size > MAX_ARG_SIZE)
		return fail(EINVAL, "%s: its argument has %zu bytes, above %d",
			    what, fmt->arg_size, MAX_ARG_SIZE);
	return 0;
}

static const struct pfm_smpl_fmt *by_name(const char *name)
{
	for (unsigned i = 0; i < nformats; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

static const struct pfm_smpl_fmt *by_uuid(const uint8_t *uuid)
{
	for (unsigned i = 0; i < nformats; i++)
		if (memcmp(formats[i]->uuid, uuid, sizeof(pfm_uuid_t)) == 0)
			return formats[i];
	return NULL;
}

/* To have the same object again is no conflict. */
static int add(const struct pfm_smpl_fmt *fmt)
{
	const struct pfm_smpl_fmt *other;
	int ret = 0;

	pthread_mutex_lock(&fmt_lock);
	other = by_name(fmt->name);
	if (!other)
		other = by_uuid(fmt->uuid);
	if (other && other != fmt) {
		ret = fail(EBUSY,
			   "sampling format %s: another one, %s, has its name "
			   "or its UUID",
			   fmt->name, other->name);
	} else if (!other && nformats == MAX_FORMATS) {
		ret = fail(ENOMEM, "sampling format %s: %d are there already",
			   fmt->name, MAX_FORMATS);
	} else if (!other) {
		formats[nformats] = fmt;
		nformats++;
	}
	pthread_mutex_unlock(&fmt_lock);
	return ret;
}

int pfm_fmt_register(const struct pfm_smpl_fmt *fmt)
{
	int ret;

	if (!fmt)
		return edge(fail(EFAULT, "no sampling format given"));
	ret = check_format(fmt, "sampling format");
	if (ret == 0)
		ret = add(fmt);
	return edge(ret);
}

/* name is what the file's name promises. */
static int load(const char *path, const char *name)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct pfm_smpl_fmt *fmt;
	int ret;

	if (!so)
		return fail(ENOEXEC, "%s", dlerror());
	fmt = dlsym(so, "pfm_smpl_format");
	if (!fmt)
		ret = fail(EINVAL, "%s: it has no pfm_smpl_format", path);
	else
		ret = check_format(fmt, path);
	if (ret == 0 && strcmp(fmt->name, name) != 0)
		ret = fail(EINVAL, "%s: its name is %s: it must be in %s.so",
			   path, fmt->name, fmt->name);
	if (ret == 0)
		ret = add(fmt);
	if (ret < 0)
		dlclose(so);
	else
		dbg(FMT, "%s: loaded", path);
	return ret;
}

/*
 * The i-th directory of modules: those of the environment, then the library's
 * own.  False at the end.  An empty one is nothing, least of all the current
 * directory; one that is too long to be there is empty too.
 */
static bool directory(unsigned i, char dir[PATH_MAX])
{
	const char *p = secure_getenv("PFM_SAMPLING_PATH");
	size_t len;

	for (; p && i > 0; i--) {
		p = strchr(p, ':');
		p = p ? p + 1 : NULL;
	}
	if (!p && i > 0)
		return false;
	if (p) {
		len = strcspn(p, ":");
	} else {
		p = PFM_PKGLIBDIR "/sampling";
		len = strlen(p);
	}
	snprintf(dir, PATH_MAX, "%.*s", len < PATH_MAX ? (int)len : 0, p);
	return true;
}

/* 1 when the directory has it, 0 when not; or the reason why it is bad. */
static int load_from(const char *dir, const char *name)
{
	char path[PATH_MAX + MAX_NAME + sizeof("/.so")];
	int ret;

	snprintf(path, sizeof(path), "%s/%s.so", dir, name);
	if (!*dir || access(path, F_OK) < 0)
		return 0;
	ret = load(path, name);
	return ret < 0 ? ret : 1;
}

/* The first module of that name decides, as with commands in $PATH. */
static int load_name(const char *name)
{
	char dir[PATH_MAX];
	int ret = 0;

	for (unsigned i = 0; ret == 0 && directory(i, dir); i++)
		ret = load_from(dir, name);
	if (ret == 0)
		ret = fail(ENOENT,
			   "no sampling format %s: it is not registered, and "
			   "there is no %s.so in " PFM_PKGLIBDIR "/sampling or "
			   "$PFM_SAMPLING_PATH",
			   name, name);
	return ret;
}

static int is_module(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 3 && strcmp(e->d_name + len - 3, ".so") == 0 &&
	       good_name(e->d_name, len - 3);
}

/* Every module that is not known yet, by name; a bad one is left out. */
static void load_all(void)
{
	char dir[PATH_MAX], name[MAX_NAME + 1];
	struct dirent **list;

	for (unsigned i = 0; directory(i, dir); i++) {
		int n = scandir(dir, &list, is_module, alphasort);

		for (int k = 0; k < n; k++) {
			snprintf(name, sizeof(name), "%.*s",
				 (int)strlen(list[k]->d_name) - 3,
				 list[k]->d_name);
			free(list[k]);
			if (!by_name(name) && load_from(dir, name) < 0)
				dbg(FMT, "left out: %s", pfm_reason());
		}
		if (n >= 0)
			free(list);
	}
}

const struct pfm_smpl_fmt *pfm_fmt_find(const char *name)
{
	int ret = 0;

	if (!name || !good_name(name, strlen(name)))
		ret = fail(EINVAL,
			   "the name of a sampling format is of a-z, 0-9, _ "
			   "and -, %d at most",
			   MAX_NAME);
	else if (!by_name(name))
		ret = load_name(name);
	return edge(ret) < 0 ? NULL : by_name(name);
}

const struct pfm_smpl_fmt *pfm_fmt_list(unsigned i)
{
	if (i >= nformats)
		load_all();
	if (i < nformats)
		return formats[i];
	edge(fail(ENOENT, "there are no more sampling formats"));
	return NULL;
}

const struct pfm_smpl_fmt *fmt_by_uuid(const uint8_t uuid[16])
{
	const struct pfm_smpl_fmt *fmt = by_uuid(uuid);

	if (!fmt) {
		load_all();
		fmt = by_uuid(uuid);
	}
	if (!fmt)
		fail(EINVAL, "no sampling format with this UUID is registered, "
			     "nor is there a module: pfm_fmt_list() has all");
	return fmt;
}
