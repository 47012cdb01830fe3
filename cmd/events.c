/* SPDX-License-Identifier: MIT
 *
 * events.c - the counters of a session: event lists, and what is dropped or
 * narrowed, with its reason, where the permissions do not allow it.  Who counts
 * them is chosen in choose.c, their registers are in place.c.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

/*
 * Five events that fit the counters of every PMU of the last fifteen years,
 * and four of the kernel's.
 */
static const char hardware_events[] =
	"cycles,instructions,branches,branch-misses,cache-misses";
static const char kernel_events[] =
	"task-clock,page-faults,context-switches,cpu-migrations";

void counter_drop(struct counter *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(c->reason);
	c->reason = xstrdup(text);
}

const char *counter_reason(const struct counter *c, const char *reason)
{
	size_t len = strlen(c->asked);

	if (!strncmp(reason, c->asked, len) && !strncmp(reason + len, ": ", 2))
		reason += len + 2;
	return reason;
}

static void drop_for_reason(struct counter *c)
{
	counter_drop(c, "%s", counter_reason(c, pfm_reason()));
}

static bool is_software(const struct counter *c, uint64_t config)
{
	return !c->unparsed && c->ev.kind == PFM_EVENT_SW &&
	       c->ev.code == PFM_SW_CODE(PERF_TYPE_SOFTWARE, config);
}

/* The kernel itself does these: at user level they would read 0. */
static bool is_kernel_only(const struct counter *c)
{
	return is_software(c, PERF_COUNT_SW_CONTEXT_SWITCHES) ||
	       is_software(c, PERF_COUNT_SW_CPU_MIGRATIONS);
}

/* These count all time, whatever level was asked for. */
static bool is_clock(const struct counter *c)
{
	return is_software(c, PERF_COUNT_SW_TASK_CLOCK) ||
	       is_software(c, PERF_COUNT_SW_CPU_CLOCK);
}

/* Name the counter, with its levels where they are not the usual ones. */
static void counter_name(struct counter *c)
{
	unsigned plm = c->ev.plm & (PFM_PLM_USER | PFM_PLM_KERNEL);
	bool plain = c->ev.plm_asked || is_clock(c) || is_kernel_only(c);
	const char *level = "";

	if (!plain && plm == PFM_PLM_USER)
		level = ":u";
	if (!plain && plm == PFM_PLM_KERNEL)
		level = ":k";
	/* What a group calls it stays. */
	if (!c->label || !strncmp(c->label, c->asked, strlen(c->asked))) {
		free(c->label);
		c->label = xasprintf("%s%s", c->asked, level);
	}
	if (c->name && is_clock(c))
		return;
	free(c->name);
	c->name = xstrdup(c->ev.name);
}

static void add_event(struct session *s, const char *text, unsigned list,
		      unsigned brace)
{
	const struct count_opt *opt = s->opt;
	unsigned plm = PFM_PLM_USER | PFM_PLM_KERNEL;
	struct counter *c;

	if (opt->user != opt->kernel)
		plm = opt->user ? PFM_PLM_USER : PFM_PLM_KERNEL;
	s->ctrs = xreallocarray(s->ctrs, s->nctrs + 1, sizeof(*s->ctrs));
	c = &s->ctrs[s->nctrs++];
	*c = (struct counter){ .asked = xstrdup(text),
			       .list = list,
			       .brace = brace };
	if (pfm_event_parse(text, plm, &c->ev) < 0) {
		/* Only what the user did not name may be missing. */
		if (opt->events.n > list)
			die("%s", pfm_reason());
		c->unparsed = true;
		c->label = xstrdup(text);
		c->name = xstrdup(text);
		drop_for_reason(c);
		return;
	}
	counter_name(c);
	if (is_kernel_only(c) && !(c->ev.plm & PFM_PLM_KERNEL))
		counter_drop(c,
			     "happens in the kernel only, which %s leaves out",
			     c->ev.plm_asked ? "its level" : "-u");
}

struct listing {
	struct session *s;
	unsigned number;
};

static void add_one(void *arg, const char *text, unsigned brace)
{
	struct listing *l = arg;

	add_event(l->s, text, l->number, brace);
}

/* What is in braces is counted together; empty ones are none. */
static void add_list(struct session *s, const char *list, unsigned number)
{
	struct listing l = { s, number };

	if (!event_list_each(list, add_one, &l))
		die("-e '%s': the braces do not match", list);
}

static bool same_event(const struct counter *a, const struct counter *b)
{
	return !a->unparsed && !b->unparsed && a->ev.kind == b->ev.kind &&
	       a->ev.code == b->ev.code && a->ev.arg == b->ev.arg &&
	       a->ev.plm == b->ev.plm;
}

static void counter_free(struct counter *c)
{
	if (!c->unparsed)
		pfm_event_release(&c->ev);
	free(c->asked);
	free(c->label);
	free(c->name);
	free(c->reason);
}

unsigned events_add(struct session *s, const char *text, const char *label)
{
	unsigned last = s->nctrs, i;

	add_event(s, text, s->nlists, 0);
	for (i = 0; i < last; i++)
		if (same_event(&s->ctrs[i], &s->ctrs[last])) {
			counter_free(&s->ctrs[--s->nctrs]);
			return i;
		}
	free(s->ctrs[last].label);
	s->ctrs[last].label = xstrdup(label);
	return last;
}

void events_release(struct session *s)
{
	while (s->nctrs > 0)
		counter_free(&s->ctrs[--s->nctrs]);
	free(s->ctrs);
}

void events_parse(struct session *s)
{
	const struct strlist *list = &s->opt->events;
	unsigned i;

	for (i = 0; i < list->n; i++)
		add_list(s, list->v[i], i);
	s->nlists = (unsigned)list->n;
	if (!list->n && !s->opt->groups.n) {
		add_list(s, hardware_events, 0);
		if (s->opt->backend != BACKEND_MSR)
			add_list(s, kernel_events, 0);
	}
	metrics_parse(s);
	mux_switcher(s);
	if (!s->nctrs)
		die("-e '%s' names no event", list->v[0]);
	choose_backend(s);
}

/* Leave the kernel out of all that did not ask for it. */
static void narrow(struct session *s)
{
	char paranoid[16] = "?";
	unsigned i;

	read_line_of(PARANOID, paranoid, sizeof(paranoid));
	for (i = 0; i < s->nctrs; i++) {
		struct counter *c = &s->ctrs[i];

		if (c->reason || c->ev.plm_asked ||
		    !(c->ev.plm & PFM_PLM_KERNEL))
			continue;
		if (is_kernel_only(c) || !(c->ev.plm & PFM_PLM_USER))
			counter_drop(c,
				     "kernel level is not permitted: "
				     "perf_event_paranoid=%s",
				     paranoid);
		else if (pfm_event_set_plm(&c->ev, PFM_PLM_USER) < 0)
			drop_for_reason(c);
		else
			counter_name(c);
	}
	free(s->notice);
	s->notice = xasprintf("counting user level only: perf_event_paranoid=%s"
			      "; sysctl kernel.perf_event_paranoid=1 or "
			      "CAP_PERFMON counts the kernel too",
			      paranoid);
}

/* Why the event cannot be counted there: an errno, 0 when it can. */
static int check(const struct counter *c, pid_t tid, int cpu)
{
	if (pfm_event_check(&c->ev, tid, cpu) == 0)
		return 0;
	return errno;
}

bool events_relax(struct session *s, pid_t tid, int cpu)
{
	bool changed = false, forbidden = false;
	unsigned i, left = 0;
	int err;

	for (i = 0; i < s->nctrs; i++) {
		struct counter *c = &s->ctrs[i];

		err = c->reason ? 0 : check(c, tid, cpu);
		if (err == ESRCH || err == EMFILE || err == ENFILE)
			return false;
		if ((err == EACCES || err == EPERM) && !s->notice &&
		    !c->ev.plm_asked && c->ev.plm & PFM_PLM_KERNEL) {
			narrow(s);
			changed = true;
			err = c->reason ? 0 : check(c, tid, cpu);
		}
		if (err) {
			drop_for_reason(c);
			changed = true;
			forbidden |= err == EACCES || err == EPERM;
		}
		left += !c->reason;
	}
	if (!left && forbidden)
		die("not permitted: %s", pfm_reason());
	return changed;
}
