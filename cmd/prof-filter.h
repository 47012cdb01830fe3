/* SPDX-License-Identifier: MIT
 *
 * prof-filter.h - which samples of a profile a command looks at: the options
 * that report, annotate, export and diff have in common.
 */
#ifndef PFM_PROF_FILTER_H
#define PFM_PROF_FILTER_H

#include "cmd.h"
#include "profile.h"

/* As given; what is empty or NULL lets everything through. */
struct prof_filter {
	const char *event;   /* name, as given to -e or canonical; NULL: the
			      * first one */
	struct strlist func; /* -S: some frame is of that function */
	struct strlist
		dso; /* the innermost frame's object: path or base name */
	struct strlist comm, pid, tid;
	const char *cpu;  /* a list: 0-3,8 */
	const char *time; /* A-B, times since the start: 1s-2.5s, 500ms- */

	void *state; /* prof-filter.c */
};

/* The rows for an option table: PROF_FILTER_OPTS(filter), */
#define PROF_FILTER_OPTS(f)                                                      \
	{ OPT_STRING, 'e', "event", "EVENT", "samples of this event",            \
	  &(f).event, 0,   0,       NULL },                                      \
		{ OPT_LIST,                                                      \
		  'S',                                                           \
		  "symbol|function",                                             \
		  "FUNC",                                                        \
		  "only samples with FUNC in their stack",                       \
		  &(f).func,                                                     \
		  0,                                                             \
		  0,                                                             \
		  NULL },                                                        \
		{ OPT_LIST,                                                      \
		  0,                                                             \
		  "dso|object",                                                  \
		  "FILE",                                                        \
		  "only in this object",                                         \
		  &(f).dso,                                                      \
		  0,                                                             \
		  0,                                                             \
		  NULL },                                                        \
		{ OPT_LIST,  0, "comm", "NAME", "only of commands of this name", \
		  &(f).comm, 0, 0,      NULL },                                  \
		{ OPT_LIST, 0, "pid", "PID", "only of these processes",          \
		  &(f).pid, 0, 0,     NULL },                                    \
		{ OPT_LIST, 0, "tid", "TID", "only of these threads",            \
		  &(f).tid, 0, 0,     NULL },                                    \
		{ OPT_STRING, 'C', "cpu", "LIST", "only on these CPUs",          \
		  &(f).cpu,   0,   0,     NULL },                                \
	{                                                                        \
		OPT_STRING, 0, "time", "A-B",                                    \
			"only from A to B: 1s-2.5s, 500ms-", &(f).time, 0, 0,    \
			NULL                                                     \
	}

/*
 * Check and prepare it for a profile.  NULL, or one sentence (to be freed) with
 * the nearest there is: no such event, no such function, a bad list.
 */
char *prof_filter_init(struct prof_filter *f, const struct profile *p);
bool prof_filter_match(const struct prof_filter *f,
		       const struct prof_sample *s);
/* Are its samples counted by address: without thread, CPU and time? */
bool prof_filter_by_address(const struct profile *p);
/* The event it lets through: its number. */
/* Are samples left out, other than those of other events? */
bool prof_filter_leaves_out(const struct prof_filter *f);
uint32_t prof_filter_event(const struct prof_filter *f);
/* Another one, with all else as it was. */
void prof_filter_set_event(struct prof_filter *f, uint32_t event);
/* Is the function one of -S?  foo is foo(int) and foo(char), too. */
bool prof_filter_names(const struct prof_filter *f, const struct profile *p,
		       uint32_t func);
void prof_filter_release(struct prof_filter *f);

/* The file that a command is about: FILE, else the newest *.pfm here; dies. */
struct profile *prof_open_operand(const struct cmd_entry *cmd,
				  const struct strlist *operands);

#endif /* PFM_PROF_FILTER_H */
