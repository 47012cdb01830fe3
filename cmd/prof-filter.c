/* SPDX-License-Identifier: MIT
 *
 * prof-filter.c - which samples of a profile are looked at, and which file it
 * is: see prof-filter.h.
 */
#include "config.h"

#include "prof-filter.h"

#include <pfmcore_hist.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cpulist.h"

/* What was asked for, by the numbers of the profile. */
struct state {
	const struct profile *p;
	uint32_t event;
	bool *func; /* by node: some frame is of a function; NULL: any; owned */
	bool *dso;  /* by object; NULL: any; owned */
	bool *task; /* by task; NULL: any; owned */
	bool by_cpu;
	struct cpus cpus;
	uint64_t from, to;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *no_event(const struct profile *p, const char *name)
{
	char *text = xasprintf("-e '%s': the profile has", name), *more;
	uint32_t i;

	for (i = 0; i < p->nevents; i++) {
		more = xasprintf("%s%s %s", text, i ? "," : "",
				 p->strings[p->events[i].name]);
		free(text);
		text = more;
	}
	return text;
}

/* "cycles" is also that of cycles:u. */
static bool names_event(const char *asked, const char *name)
{
	size_t len = strlen(asked);
	const char *bare = strstr(name, "::");

	if (bare && !strncasecmp(bare + 2, asked, len) &&
	    strchr(":", bare[2 + len]))
		return true;
	return !strncasecmp(name, asked, len) && strchr(":", name[len]);
}

static char *set_event(const struct prof_filter *f, struct state *st)
{
	const struct profile *p = st->p;
	uint32_t i;

	for (i = 0; f->event && i < p->nevents; i++)
		if (names_event(f->event, p->strings[p->events[i].name]))
			break;
	if (!f->event)
		i = 0;
	if (i == p->nevents)
		return no_event(p, f->event);
	st->event = i;
	return NULL;
}

static bool is_named(const struct profile *p, uint32_t func, const char *asked)
{
	const char *name = p->strings[p->funcs[func].name];
	size_t len = strlen(asked);

	if (!strncmp(name, asked, len) && (!name[len] || name[len] == '('))
		return true;
	return !strcmp(p->strings[p->funcs[func].linkage], asked);
}

bool prof_filter_names(const struct prof_filter *f, const struct profile *p,
		       uint32_t func)
{
	size_t k;

	for (k = 0; k < f->func.n; k++)
		if (is_named(p, func, f->func.v[k]))
			return true;
	return false;
}

/* One sentence, if no function of the profile has the name. */
static char *check_name(const struct profile *p, const char *asked)
{
	const char *near = NULL;
	unsigned best = UINT32_MAX, d;
	uint32_t i;

	for (i = 0; i < p->nfuncs; i++) {
		if (is_named(p, i, asked))
			return NULL;
		d = word_distance(asked, p->strings[p->funcs[i].name]);
		if (strstr(p->strings[p->funcs[i].name], asked))
			d = 0;
		if (d < best) {
			best = d;
			near = p->strings[p->funcs[i].name];
		}
	}
	return xasprintf("no function '%s' was hit%s%s", asked,
			 near ? ", nearest is " : "", near ? near : "");
}

/* A node's callers come before it: what they have, it has. */
static char *set_funcs(const struct prof_filter *f, struct state *st)
{
	const struct profile *p = st->p;
	bool *named, *hit;
	char *bad = NULL;
	uint32_t i, k;
	size_t n;

	for (n = 0; n < f->func.n && !bad; n++)
		bad = check_name(p, f->func.v[n]);
	if (!f->func.n || bad)
		return bad;
	named = xcalloc(p->nfuncs, sizeof(*named));
	hit = xcalloc(p->nframes, sizeof(*hit));
	st->func = xcalloc(p->nnodes, sizeof(*st->func));
	for (i = 0; i < p->nfuncs; i++)
		named[i] = prof_filter_names(f, p, i);
	for (i = 0; i < p->nframes; i++)
		for (k = 0; k < p->frames[i].nlocs; k++) {
			uint32_t func = p->locs[p->frames[i].loc + k].func;

			hit[i] |= func != PROF_NONE && named[func];
		}
	for (i = 1; i < p->nnodes; i++)
		st->func[i] =
			hit[p->nodes[i].frame] || st->func[p->nodes[i].parent];
	free(named);
	free(hit);
	return NULL;
}

static char *set_dsos(const struct prof_filter *f, struct state *st)
{
	const struct profile *p = st->p;
	bool any;
	uint32_t i;
	size_t k;

	if (!f->dso.n)
		return NULL;
	st->dso = xcalloc(p->nobjects + 1, sizeof(*st->dso));
	for (k = 0; k < f->dso.n; k++) {
		any = false;
		for (i = 0; i < p->nobjects; i++) {
			const char *path = p->strings[p->objects[i].path];

			if (strcmp(path, f->dso.v[k]) != 0 &&
			    strcmp(base_of(path), f->dso.v[k]) != 0)
				continue;
			st->dso[i] = any = true;
		}
		if (!any)
			return xasprintf("--dso '%s': no such object was hit",
					 f->dso.v[k]);
	}
	return NULL;
}

static bool lists_number(const struct strlist *list, uint32_t number)
{
	char text[16];
	size_t k;

	snprintf(text, sizeof(text), "%u", number);
	for (k = 0; k < list->n; k++)
		if (!strcmp(list->v[k], text))
			return true;
	return !list->n;
}

/* NULL, or the first that is no number. */
static const char *no_number(const struct strlist *list)
{
	size_t k;

	for (k = 0; k < list->n; k++)
		if (!*list->v[k] ||
		    list->v[k][strspn(list->v[k], "0123456789")])
			return list->v[k];
	return NULL;
}

static bool lists_name(const struct strlist *list, const char *name)
{
	size_t k;

	for (k = 0; k < list->n; k++)
		if (!strcmp(list->v[k], name))
			return true;
	return !list->n;
}

static char *set_tasks(const struct prof_filter *f, struct state *st)
{
	const char *bad = no_number(&f->pid);
	const struct profile *p = st->p;
	bool any = false;
	uint32_t i;

	if (!f->comm.n && !f->pid.n && !f->tid.n)
		return NULL;
	if (!bad)
		bad = no_number(&f->tid);
	if (bad) {
		set_die_status(STATUS_USAGE);
		return xasprintf("'%s' is not the number of a process or "
				 "thread; report -s comm,pid,tid shows them",
				 bad);
	}
	st->task = xcalloc(p->ntasks + 1, sizeof(*st->task));
	for (i = 0; i < p->ntasks; i++) {
		st->task[i] =
			lists_name(&f->comm, p->strings[p->tasks[i].comm]) &&
			lists_number(&f->pid, p->tasks[i].pid) &&
			lists_number(&f->tid, p->tasks[i].tid);
		any |= st->task[i];
	}
	if (!any)
		return xstrdup("no task of the profile is as --comm, --pid and "
			       "--tid say; report -s comm,pid,tid shows them");
	return NULL;
}

static bool parse_time(const char **p, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = { { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
		      { "s", 1e9 },  { "m", 6e10 }, { "", 1e9 } };
	char *end;
	double n = strtod(*p, &end);
	size_t i;

	/* A century, so that it can be told in ns. */
	if (end == *p || !(n >= 0) || n > 3e9)
		return false;
	/* The last one is of a number alone. */
	for (i = 0; i + 1 < ARRAY_SIZE(units); i++)
		if (!strncmp(end, units[i].suffix, strlen(units[i].suffix)))
			break;
	*p = end + strlen(units[i].suffix);
	n *= units[i].ns;
	*ns = n < 0x1p63 ? (uint64_t)n : UINT64_MAX;
	return true;
}

/* A-B, A- or -B. */
static char *set_time(const struct prof_filter *f, struct state *st)
{
	const char *p = f->time;
	bool good = true;

	st->to = UINT64_MAX;
	if (!p)
		return NULL;
	if (*p != '-')
		good = parse_time(&p, &st->from);
	if (good && *p++ != '-')
		good = false;
	if (good && *p)
		good = parse_time(&p, &st->to) && !*p;
	if (good && st->from <= st->to)
		return NULL;
	set_die_status(STATUS_USAGE);
	return xasprintf("--time '%s': A-B, such as 1s-2.5s or 500ms-",
			 f->time);
}

/* Of the machine that was recorded, so none is asked whether it is here. */
static char *set_cpus(const struct prof_filter *f, struct state *st)
{
	const char *p = f->cpu;

	if (!p)
		return NULL;
	st->by_cpu = true;
	do {
		char *end;
		unsigned long a = strtoul(p, &end, 10), b = a;

		if (end == p)
			break;
		if (*end == '-') {
			p = end + 1;
			b = strtoul(p, &end, 10);
			if (end == p)
				break;
		}
		if (a > b || b >= CPUS_MAX)
			break;
		for (; a <= b; a++)
			cpus_set(&st->cpus, (unsigned)a);
		if (!*end)
			return NULL;
		p = end + 1;
		if (*end != ',')
			break;
	} while (*p);
	set_die_status(STATUS_USAGE);
	return xasprintf("--cpu '%s': a list such as 0-3,8", f->cpu);
}

bool prof_filter_by_address(const struct profile *p)
{
	const char *format = prof_meta(p, "format");

	return format && !strcmp(format, PFM_HIST_NAME);
}

static char *set_kept(const struct prof_filter *f, struct state *st)
{
	if ((f->tid.n || f->cpu || f->time) && prof_filter_by_address(st->p))
		return xasprintf("format hist counts by address and process: "
				 "there are no threads, CPUs and times");
	return NULL;
}

char *prof_filter_init(struct prof_filter *f, const struct profile *p)
{
	static char *(*const steps[])(const struct prof_filter *,
				      struct state *) = {
		set_kept,  set_event, set_funcs, set_dsos,
		set_tasks, set_time,  set_cpus,
	};
	struct state *st = xcalloc(1, sizeof(*st));
	char *bad = NULL;
	size_t i;

	st->p = p;
	f->state = st;
	for (i = 0; i < ARRAY_SIZE(steps) && !bad; i++)
		bad = steps[i](f, st);
	return bad;
}

bool prof_filter_leaves_out(const struct prof_filter *f)
{
	return f->func.n || f->dso.n || f->comm.n || f->pid.n || f->tid.n ||
	       f->cpu || f->time;
}

bool prof_filter_match(const struct prof_filter *f, const struct prof_sample *s)
{
	const struct state *st = f->state;
	const struct profile *p = st->p;
	uint32_t frame = p->nodes[s->node].frame;

	if (s->event != st->event || s->time < st->from || s->time > st->to)
		return false;
	if (st->task && !st->task[s->task])
		return false;
	if (st->by_cpu && !cpus_has(&st->cpus, s->cpu))
		return false;
	if (st->func && !st->func[s->node])
		return false;
	return !st->dso ||
	       (frame != PROF_NONE && st->dso[p->frames[frame].object]);
}

uint32_t prof_filter_event(const struct prof_filter *f)
{
	const struct state *st = f->state;

	return st->event;
}

void prof_filter_set_event(struct prof_filter *f, uint32_t event)
{
	struct state *st = f->state;

	st->event = event;
}

void prof_filter_release(struct prof_filter *f)
{
	struct state *st = f->state;

	if (st) {
		free(st->func);
		free(st->dso);
		free(st->task);
		free(st);
	}
	f->state = NULL;
}

/* The newest *.pfm of this directory; to be freed, or NULL. */
static char *newest(void)
{
	DIR *dir = opendir(".");
	const struct dirent *e;
	struct timespec best = { 0 };
	char *name = NULL;
	struct stat st;

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < 5 || strcmp(e->d_name + len - 4, ".pfm") != 0 ||
		    stat(e->d_name, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (name && (st.st_mtim.tv_sec < best.tv_sec ||
			     (st.st_mtim.tv_sec == best.tv_sec &&
			      st.st_mtim.tv_nsec <= best.tv_nsec)))
			continue;
		best = st.st_mtim;
		free(name);
		name = xstrdup(e->d_name);
	}
	if (dir)
		closedir(dir);
	return name;
}

struct profile *prof_open_operand(const struct cmd_entry *cmd,
				  const struct strlist *operands)
{
	struct profile *p;
	char *path, *why;

	if (operands->n > 1)
		usage_error(cmd, "one file, not %zu", operands->n);
	path = operands->n ? xstrdup(operands->v[0]) : newest();
	if (!path)
		die("no FILE was given, and there is no *.pfm here; pfmon "
		    "sample makes one");
	p = prof_open(path, &why);
	if (!p)
		die("%s", why);
	free(path);
	return p;
}
