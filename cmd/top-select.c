/* SPDX-License-Identifier: MIT
 *
 * top-select.c - which processes pfmon top is about: those of -p, of a user, of
 * a control group with all below it, on some CPUs.  All that is given must hold.
 */
#include "config.h"

#include "top-priv.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_DEPTH 32

struct ids {
	uint32_t *v; /* owned */
	size_t n, room;
};

struct top_select {
	struct ids pids, uids, members; /* members: of the control groups */
	struct cpus cpus;
	bool by_cpu;
	char **cgroups; /* owned, each too: directories */
	size_t ncgroups;
};

static void add_id(struct ids *ids, uint32_t id)
{
	if (ids->n == ids->room) {
		ids->room = ids->room ? ids->room * 2 : 16;
		ids->v = xreallocarray(ids->v, ids->room, sizeof(*ids->v));
	}
	ids->v[ids->n++] = id;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool has_id(const struct ids *ids, uint32_t id)
{
	return bsearch(&id, ids->v, ids->n, sizeof(*ids->v), compare) != NULL;
}

static void sort_ids(struct ids *ids)
{
	if (ids->n)
		qsort(ids->v, ids->n, sizeof(*ids->v), compare);
}

static void add_pid(struct top_select *s, const char *word)
{
	uint64_t ns;
	char *end;
	long id = strtol(word, &end, 10);

	if (end == word || *end || id < 1 || id > INT32_MAX)
		die("-p: '%s' is not a process number", word);
	if (!proc_clock((pid_t)id, &ns))
		die("process %ld does not exist", id);
	add_id(&s->pids, (uint32_t)id);
}

static void add_user(struct top_select *s, const char *word)
{
	const struct passwd *pw = getpwnam(word);
	char *end;
	unsigned long id;

	if (pw) {
		add_id(&s->uids, pw->pw_uid);
		return;
	}
	id = strtoul(word, &end, 10);
	if (end == word || *end || id > UINT32_MAX)
		die("--uid: there is no user '%s'", word);
	add_id(&s->uids, (uint32_t)id);
}

static void add_cgroup(struct top_select *s, const char *word)
{
	char *dir = *word == '/' && !strncmp(word, CGROUP_ROOT, 14) ?
			    xstrdup(word) :
			    xasprintf(CGROUP_ROOT "/%s", word);
	char *procs = xasprintf("%s/cgroup.procs", dir);

	if (access(procs, R_OK) < 0)
		die("--cgroup: no control group %s: %s: %m", word, procs);
	free(procs);
	s->cgroups =
		xreallocarray(s->cgroups, s->ncgroups + 1, sizeof(*s->cgroups));
	s->cgroups[s->ncgroups++] = dir;
}

static void each_word(struct top_select *s, const struct strlist *list,
		      void (*add)(struct top_select *s, const char *word))
{
	char *copy, *rest, *word;
	size_t i;

	for (i = 0; i < list->n; i++) {
		copy = rest = xstrdup(list->v[i]);
		while ((word = strsep(&rest, ",")) != NULL)
			add(s, word);
		free(copy);
	}
}

struct top_select *top_select_new(const struct top_opt *opt)
{
	struct top_select *s = xcalloc(1, sizeof(*s));
	char *bad;

	each_word(s, &opt->pids, add_pid);
	each_word(s, &opt->users, add_user);
	each_word(s, &opt->cgroups, add_cgroup);
	sort_ids(&s->pids);
	sort_ids(&s->uids);
	if (opt->cpus) {
		s->by_cpu = true;
		bad = cpus_parse(opt->cpus, &s->cpus);
		if (bad)
			die("-C: %s", bad);
	}
	top_select_refresh(s);
	return s;
}

void top_select_free(struct top_select *s)
{
	if (!s)
		return;
	while (s->ncgroups > 0)
		free(s->cgroups[--s->ncgroups]);
	free(s->cgroups);
	free(s->pids.v);
	free(s->uids.v);
	free(s->members.v);
	free(s);
}

/* A group that is gone meanwhile has no members. */
static void read_members(struct top_select *s, const char *dir, unsigned depth)
{
	char *path = xasprintf("%s/cgroup.procs", dir), *sub;
	const struct dirent *e;
	FILE *f = fopen(path, "re");
	unsigned id;
	DIR *d;

	free(path);
	while (f && fscanf(f, "%u", &id) == 1)
		add_id(&s->members, id);
	if (f)
		fclose(f);
	d = depth ? opendir(dir) : NULL;
	while (d && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		sub = xasprintf("%s/%s", dir, e->d_name);
		read_members(s, sub, depth - 1);
		free(sub);
	}
	if (d)
		closedir(d);
}

void top_select_refresh(struct top_select *s)
{
	size_t i;

	s->members.n = 0;
	for (i = 0; i < s->ncgroups; i++)
		read_members(s, s->cgroups[i], CGROUP_DEPTH);
	sort_ids(&s->members);
}

bool top_selected(const struct top_select *s, pid_t pid,
		  const struct proc_stat *st)
{
	if (s->pids.n && !has_id(&s->pids, (uint32_t)pid))
		return false;
	if (s->uids.n && !has_id(&s->uids, st->uid))
		return false;
	if (s->ncgroups && !has_id(&s->members, (uint32_t)pid))
		return false;
	return !s->by_cpu ||
	       (st->cpu >= 0 && cpus_has(&s->cpus, (unsigned)st->cpu));
}

bool top_select_pids(const struct top_select *s, void (*call)(void *, pid_t),
		     void *arg)
{
	const struct ids *ids = s->pids.n ? &s->pids : &s->members;
	size_t i;

	if (!s->pids.n && !s->ncgroups)
		return false;
	for (i = 0; i < ids->n; i++)
		call(arg, (pid_t)ids->v[i]);
	return true;
}

const struct cpus *top_select_cpus(const struct top_select *s)
{
	return s->by_cpu ? &s->cpus : NULL;
}
