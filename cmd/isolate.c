/* SPDX-License-Identifier: MIT
 *
 * isolate.c - a CPU for one command alone: a cgroup v2 cpuset that is an
 * isolated partition (Linux, Documentation/admin-guide/cgroup-v2.rst, "Cpuset
 * Interface Files").  It is gone when pfmon is; what a killed pfmon has left is
 * removed by the next one.
 */
#include "config.h"

#include "count.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PREFIX "pfmon-"
/* On a cgroup of ours: base had no cpusets before a pfmon switched them on. */
#define MARK "user.pfmon.switched-on"
#define MOVE_TRIES 100 /* against a command that forks meanwhile */

/* What is to be undone at exit: one pfmon isolates one CPU. */
static struct {
	char *home;       /* cgroup of pfmon itself; owned */
	char *base;       /* where ours is; owned */
	char *dir;        /* ours, or NULL; owned */
	bool switched_on; /* cpusets in base, by us or another pfmon */
} iso;

static int write_file(const char *dir, const char *file, const char *text)
{
	char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = -1, err;

	if (fd >= 0)
		ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	err = errno;
	if (fd >= 0)
		close(fd);
	free(path);
	errno = err;
	return ret;
}

static int read_file(const char *dir, const char *file, char *buf, size_t size)
{
	char *path = xasprintf("%s/%s", dir, file);
	int ret = read_line_of(path, buf, size), err = errno;

	free(path);
	errno = err;
	return ret;
}

/* mountinfo writes a space as \040, and so on; in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && isdigit((unsigned char)text[1])) {
			*to++ = (char)strtol((char[]){ text[1], text[2],
						       text[3], '\0' },
					     NULL, 8);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/*
 * proc_pid_mountinfo(5): id parent device root mount-point options tags -
 * type.  Root and mount point of the first cgroup2; both owned by the caller.
 */
static bool find_mount(char **root, char **point)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	while (f && !found && getline(&line, &size, f) > 0) {
		const char *type = strstr(line, " - ");

		if (!type || strncmp(type, " - cgroup2 ", 11) != 0)
			continue;
		found = sscanf(line, "%*s %*s %*s %ms %ms", root, point) == 2;
	}
	free(line);
	if (f)
		fclose(f);
	if (!found)
		return false;
	unescape(*root);
	unescape(*point);
	return true;
}

/* pfmon's own cgroup below the mount; owned by the caller. */
static char *find_home(const char *root, const char *point)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *line = NULL, *home = NULL;
	const char *path;
	size_t size = 0, len = strcmp(root, "/") != 0 ? strlen(root) : 0;

	while (f && !home && getline(&line, &size, f) > 0) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		path = line + 3;
		if (!strncmp(path, root, len))
			path += len;
		home = xasprintf("%s%s", point, strcmp(path, "/") ? path : "");
	}
	free(line);
	if (f)
		fclose(f);
	return home ? home : xstrdup(point);
}

/* A word of a list such as "cpuset cpu io". */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ' ') &&
		    (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

/* Whatever still runs there goes back to pfmon's cgroup. */
static void empty(const char *dir)
{
	char *path = xasprintf("%s/cgroup.procs", dir), pid[32];
	unsigned tries;
	bool any = true;
	FILE *f;

	for (tries = 0; any && tries < MOVE_TRIES; tries++) {
		any = false;
		f = fopen(path, "re");
		while (f && fgets(pid, sizeof(pid), f)) {
			any = true;
			write_file(iso.home, "cgroup.procs", pid);
		}
		if (f)
			fclose(f);
	}
	free(path);
}

/*
 * The kernel takes a directory apart when it gets to it; the CPU is to be
 * everybody's again by the time this returns.
 */
static void remove_group(const char *dir)
{
	write_file(dir, "cpuset.cpus.partition", "member");
	empty(dir);
	if (rmdir(dir) < 0 && errno != ENOENT)
		warn("--isolate: cannot remove %s: %m; try rmdir", dir);
}

/*
 * Our kind of directories in base, less those whose pfmon is gone, which are
 * removed: how many are left.
 */
static unsigned remove_stale(void)
{
	DIR *dir = opendir(iso.base);
	const struct dirent *e;
	unsigned left = 0;
	char *path, *end;
	long pid;

	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		pid = strtol(e->d_name + strlen(PREFIX), &end, 10);
		if (*end || pid < 1 || pid > INT32_MAX)
			continue;
		path = xasprintf("%s/%s", iso.base, e->d_name);
		if (getxattr(path, MARK, NULL, 0) >= 0)
			iso.switched_on = true;
		if (pid != getpid() &&
		    (kill((pid_t)pid, 0) == 0 || errno != ESRCH)) {
			left++;
		} else {
			remove_group(path);
		}
		free(path);
	}
	if (dir)
		closedir(dir);
	return left;
}

void isolate_end(void)
{
	if (!iso.base)
		return;
	if (iso.dir)
		remove_group(iso.dir);
	/* Another pfmon that has its partition there will do it. */
	if (remove_stale() == 0 && iso.switched_on)
		write_file(iso.base, "cgroup.subtree_control", "-cpuset");
	free(iso.dir);
	free(iso.base);
	free(iso.home);
	iso.dir = iso.base = iso.home = NULL;
	iso.switched_on = false;
}

/* The directory itself; false with errno where we may not make one. */
static bool make_group(const char *base)
{
	char *dir = xasprintf("%s/" PREFIX "%d", base, (int)getpid());

	if (mkdir(dir, 0755) < 0) {
		free(dir);
		return false;
	}
	iso.dir = dir;
	if (base != iso.base) {
		free(iso.base);
		iso.base = xstrdup(base);
	}
	return true;
}

/* Cpusets below base, if there are none yet. */
static void enable_cpusets(void)
{
	char list[512] = "";

	read_file(iso.base, "cgroup.controllers", list, sizeof(list));
	if (!has_word(list, "cpuset"))
		die("--isolate: %s has no cpuset controller: it may be mounted "
		    "as cgroup v1; boot with cgroup_no_v1=cpuset",
		    iso.base);
	read_file(iso.base, "cgroup.subtree_control", list, sizeof(list));
	if (!has_word(list, "cpuset")) {
		if (write_file(iso.base, "cgroup.subtree_control", "+cpuset"))
			die("--isolate: %s/cgroup.subtree_control: %m; run "
			    "pfmon as root",
			    iso.base);
		iso.switched_on = true;
	}
	/* An older kernel has no such attributes: then it is not told. */
	if (iso.switched_on)
		setxattr(iso.dir, MARK, "", 0, 0);
}

static void make_partition(int cpu)
{
	static const char type[] = "cpuset.cpus.partition";
	char text[256];
	const char *why;

	snprintf(text, sizeof(text), "%d", cpu);
	if (write_file(iso.dir, "cpuset.cpus", text) < 0)
		die("--isolate: %s/cpuset.cpus: %m; does CPU %d belong to %s?",
		    iso.dir, cpu, iso.base);
	/* Below a cgroup that is no partition; since Linux 6.7. */
	if (strcmp(iso.base, iso.home) == 0)
		write_file(iso.dir, "cpuset.cpus.exclusive", text);
	if (write_file(iso.dir, type, "isolated") < 0)
		die("--isolate: %s/%s: %m; isolated partitions are there since "
		    "Linux 6.1",
		    iso.dir, type);
	if (read_file(iso.dir, type, text, sizeof(text)) < 0)
		die("--isolate: %s/%s: %m", iso.dir, type);
	if (!strcmp(text, "isolated"))
		return;
	why = strchr(text, '(');
	die("--isolate: the kernel does not isolate CPU %d: %s; choose another "
	    "with -C and --pin-command",
	    cpu, why ? why : text);
}

void isolate_init(void)
{
	char *root = NULL, *point = NULL;

	if (!find_mount(&root, &point))
		die("--isolate: no cgroup v2 is mounted: mount -t cgroup2 none "
		    "/sys/fs/cgroup");
	iso.home = find_home(root, point);
	iso.base = point;
	free(root);
	atexit(isolate_end);
	remove_stale();
}

/* For one more run it is there already. */
void isolate_begin(int cpu)
{
	if (iso.dir)
		return;
	if (!make_group(iso.base) && !make_group(iso.home))
		die("--isolate: cannot make a cgroup in %s: %m; run pfmon as "
		    "root",
		    iso.base);
	enable_cpusets();
	make_partition(cpu);
}

void isolate_add(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)pid);
	if (write_file(iso.dir, "cgroup.procs", text) < 0)
		die("--isolate: %s/cgroup.procs: %m", iso.dir);
}
