/* SPDX-License-Identifier: MIT
 *
 * event.h - what the files event*.c share on the way from a string to a struct
 * pfm_event.  Private.  event.c owns the grammar and dispatches; event-libpfm.c
 * and event-sysfs.c each know one source of names; event-near.c ranks names for
 * an error text.  All return 0 or -errno with a reason, but where said.
 */
#ifndef PFM_EVENT_H
#define PFM_EVENT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pfmcore.h>

#include "hw.h"

#define EVENT_MAX 512  /* bytes of an event string, its NUL included */
#define EVENT_WORDS 64 /* words of one, the event's name included */

/* perf's numbers, in the terms of perf_event_attr, while they are collected. */
struct event_draft {
	const char *str;   /* as asked; borrowed */
	char *base;        /* canonical name without levels; owned */
	char *cpus, *unit; /* as in struct pfm_event, or NULL; owned */
	double scale;      /* count x scale = value in unit */
	uint32_t type;
	uint64_t config, config1;
	unsigned free_pmd; /* a counter that runs freely; 0: it does not */
	bool no_levels;    /* the PMU counts at every level, it cannot choose */
	unsigned plm;      /* levels the string names */
	bool plm_asked;    /* it names some */
};

/* A string cut at ':' (or '.'), its levels taken out. */
struct event_words {
	char buf[EVENT_MAX];  /* holds the words */
	char *pmu;            /* before "::", or NULL; points into buf */
	char *w[EVENT_WORDS]; /* w[0] is the event's name; point into buf */
	unsigned n;           /* 1 or more */
};

/* event.c: note the levels if word names some ("u", "uk", "k=1"). */
bool event_take_levels(struct event_draft *d, const char *word);
/* event.c: make d->base. */
int event_set_base(struct event_draft *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * event-alias.c: fill in type and code of a portable name and return the name
 * libpfm4 has for it (buf may hold it); NULL when w is not one.
 */
#define EVENT_ALIAS_MAX 32
const char *event_alias_find(struct event_draft *d, const struct event_words *w,
			     char buf[EVENT_ALIAS_MAX]);

/* event-near.c: the three names nearest to the one wanted. */
struct event_near {
	const char *want; /* borrowed */
	unsigned n;
	struct {
		char shown[72];
		unsigned dist; /* edits */
	} best[3];             /* nearest first */
};
/* Offer a name; shown is what the user would type to get it. */
void event_near_add(struct event_near *near, const char *name,
		    const char *shown);
void event_alias_near(struct event_near *near);
/* "a, b, c" in buf; returns buf. */
const char *event_near_text(const struct event_near *near, char *buf,
			    size_t size);
/* Append "name" or ", name", as far as there is room. */
void event_list_add(char *list, size_t size, const char *name);
/* Refuse an event no file knows; err is what event_libpfm_parse() said. */
int event_near_fail(const struct event_draft *d, const struct event_words *w,
		    int err);

/*
 * event-libpfm.c.  -ENOENT (no such event) and -ENOTSUP (no libpfm4 here) come
 * for the caller to explain; event_libpfm_missing() is the second in words.
 */
int event_libpfm_parse(struct event_draft *d, const struct event_words *w);
void event_libpfm_near(struct event_near *near, const char *pmu);
const char *event_libpfm_missing(void);

/* Its code of one event, for any PMU it has, levels among the bits. */
int event_libpfm_code(const char *name, uint64_t *config);

/* event-fixes.c: put d->config and config1 right where libpfm4 is wrong. */
void event_fix(struct event_draft *d);

/*
 * Events one by one, for event-list.c: each file gives its own to call, those
 * of one PMU or (NULL) all of this machine.  What call returns that is not 0
 * ends it, and is returned.
 */
struct event_show {
	const char *pmu; /* borrowed */
	pfm_event_fn call;
	void *arg;
	bool known; /* out: there is such a PMU; never reset */
};
int event_alias_list(struct event_show *s);
int event_libpfm_list(struct event_show *s);
int event_sysfs_list(struct event_show *s);
int event_trace_list(struct event_show *s);
int event_msr_list(struct event_show *s);
/* Is pmu asked for, or any? */
bool event_show_wants(struct event_show *s, const char *pmu);
void event_libpfm_near_pmu(struct event_near *near);
void event_sysfs_near_pmu(struct event_near *near);
int event_libpfm_mods(const struct pfm_event_desc *ev, pfm_event_mod_fn call,
		      void *arg);
/* A level as libpfm4 names it: "u", "mg". */
bool event_is_level(const char *name);

/* event-sysfs.c: "pmu/term,term=value/mods". */
int event_sysfs_parse(struct event_draft *d);
void event_sysfs_near(struct event_near *near);
/* Give an event encoded elsewhere the CPUs, scale and unit its PMU states. */
int event_sysfs_adorn(struct event_draft *d);

/*
 * event-sysfs.c: reading /sys, for which $PFM_SYSFS_ROOT stands so that tests
 * bring their own (not in a set-uid program).  The format makes the path below
 * it.  Read gives a small file without its newline, or -errno, no reason.
 */
DIR *event_sys_dir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int event_sys_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* event-msr.c: "msr::NAME". */
int event_msr_parse(struct event_draft *d, const struct event_words *w);

/* event-trace.c.  -ENOENT, without a reason: no such tracepoint to be seen. */
int event_trace_parse(struct event_draft *d, const struct event_words *w);
/*
 * Why w, which is no other event either, is no tracepoint.  The nearest are
 * offered; of a system that exists only they, near->want is then the name in
 * it.  With no tracepoint to be seen at all the hint says what bars the way,
 * and -errno is returned; else 0.
 */
int event_trace_explain(const struct event_words *w, struct event_near *near,
			char *hint, size_t size);

/*
 * assign.c: what pfm_event_assign() was asked.  assign_perf() places on the
 * registers regs has, in order; assign_msr() on the counters of hw that are in
 * pmds (bits as in struct hw_rule); taken is what pmu_free() says of the
 * others.  After an error bad is the event to give up, n: none is to blame.
 */
struct pfm_regs;
struct pfm_event;
struct pfm_place;
struct assign {
	const struct pfm_event *evs; /* borrowed */
	unsigned n;
	struct pfm_place *places; /* out; borrowed */
	unsigned bad;             /* out */
};
int assign_perf(const struct pfm_regs *regs, struct assign *a);
/*
 * Do those that need a counter fit on these (as in hw_rule) at once?  The kernel
 * has the same rules, and tells only when it is too late to make sets.
 */
int assign_rules(const struct pfm_hw *hw, uint32_t pmds, struct assign *a);
int assign_msr(const struct pfm_hw *hw, uint32_t pmds, const char *taken,
	       struct assign *a);

/*
 * assign-hw.c: 0, or -ENOSPC, without pfm_reason().  Whenever the events fit
 * they are placed, and then as many on fixed counters as can be.  Else culprits
 * is the smallest set that does not fit (bit i: event i) and why says it.
 */
#define ASSIGN_MAX 64
struct assign_want {
	struct hw_rule rule;
	uint64_t arg;     /* extra word, if rule.nextra */
	const char *name; /* borrowed */
};
struct assign_hw {
	const struct assign_want *want; /* borrowed */
	unsigned n;                     /* up to ASSIGN_MAX */
	uint32_t pmds;                  /* free counters, as in hw_rule */
	const char *taken;              /* of the others: "; ..."; borrowed */
	struct {
		uint8_t pmd;
		uint8_t alt; /* index in rule.extra and rule.code */
	} got[ASSIGN_MAX];   /* out */
	uint64_t culprits;   /* out */
	char why[256];       /* out */
};
int assign_hw(struct assign_hw *a);
/* The same for some of the events, and for counters and words apart. */
bool assign_counters_fit(const struct assign_hw *a, uint64_t set);
bool assign_words_fit(const struct assign_hw *a, uint64_t set);
/* assign-why.c: all do not fit: fill in culprits and why. */
void assign_explain(struct assign_hw *a, uint64_t all);

#endif /* PFM_EVENT_H */
