/* SPDX-License-Identifier: MIT
 *
 * event.c - from an event string to the values of PMCs: the grammar, raw codes,
 * breakpoints, and the public calls.  Names are known to event-alias.c,
 * event-libpfm.c and event-sysfs.c.
 *
 * A kernel event, the portable hardware ones of PERF_TYPE_HARDWARE included, is
 * of kind PFM_EVENT_SW: the kind says which registers hold it, not who counts.
 */
#include "config.h"

#include <ctype.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "priv.h"

/* Is a raw code an x86 event select, with the levels among its bits? */
#if defined(__x86_64__) || defined(__i386__)
#define EVENT_X86 1
#else
#define EVENT_X86 0
#endif

/*
 * Intel SDM volume 3, 325384-059, "Architectural Performance Monitoring Version
 * 1", IA32_PERFEVTSELx; AMD64 APM volume 2, 24593 rev. 3.44, chapter 13,
 * performance event-select registers: the same bits.
 */
#define SEL_USR (UINT64_C(1) << 16)
#define SEL_OS (UINT64_C(1) << 17)
#define SEL_INT (UINT64_C(1) << 20)
#define SEL_EN (UINT64_C(1) << 22)

#define PLM_ALL (PFM_PLM_USER | PFM_PLM_KERNEL | PFM_PLM_HV)
#define CONFIG_MAX ((UINT64_C(1) << 48) - 1) /* room in PFM_SW_CODE() */

static const struct {
	unsigned bit;
	char letter;
} levels[] = {
	{ PFM_PLM_USER, 'u' },
	{ PFM_PLM_KERNEL, 'k' },
	{ PFM_PLM_HV, 'h' },
};

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Indices are the kernel's bp_type. */
static const char *const accesses[] = {
	[HW_BREAKPOINT_R] = "r",
	[HW_BREAKPOINT_W] = "w",
	[HW_BREAKPOINT_RW] = "rw",
	[HW_BREAKPOINT_X] = "x",
};

bool event_take_levels(struct event_draft *d, const char *word)
{
	unsigned plm = 0, n;
	size_t len = strspn(word, "ukhUKH");
	bool off = false;

	if (!len)
		return false;
	if (word[len]) {
		/* libpfm4 writes one level as u=1 or u=0. */
		if (len != 1 || word[1] != '=' || !strchr("01", word[2]) ||
		    !word[2] || word[3])
			return false;
		off = word[2] == '0';
	}
	for (size_t i = 0; i < len; i++)
		for (n = 0; n < N(levels); n++)
			if (tolower((unsigned char)word[i]) == levels[n].letter)
				plm |= levels[n].bit;
	if (!off)
		d->plm |= plm;
	d->plm_asked = true;
	return true;
}

static int words_cut(struct event_draft *d, struct event_words *w)
{
	char *rest, *word;

	snprintf(w->buf, sizeof(w->buf), "%s", d->str);
	for (char *p = w->buf; *p; p++)
		if (*p == '.')
			*p = ':';
	w->pmu = NULL;
	w->n = 0;
	rest = strstr(w->buf, "::");
	if (rest && rest == strchr(w->buf, ':') && rest > w->buf) {
		*rest = '\0';
		w->pmu = w->buf;
		rest += 2;
	} else {
		rest = w->buf;
	}
	while ((word = strsep(&rest, ":")) != NULL) {
		if (!*word)
			return fail(EINVAL, "event '%s': nothing %s a ':'",
				    d->str, w->n ? "follows" : "precedes");
		if (w->n && event_take_levels(d, word))
			continue;
		if (w->n == EVENT_WORDS)
			return fail(EINVAL, "event '%s': over %d modifiers",
				    d->str, EVENT_WORDS);
		w->w[w->n++] = word;
	}
	return 0;
}

/* Only levels may follow the first n words. */
static int words_end(const struct event_draft *d, const struct event_words *w,
		     unsigned n)
{
	if (w->n <= n)
		return 0;
	return fail(
		EINVAL,
		"event '%s': unknown modifier '%s'; this kind of event takes "
		"the levels u (user), k (kernel) and h (hypervisor)",
		d->str, w->w[n]);
}

int event_set_base(struct event_draft *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&d->base, fmt, ap);
	va_end(ap);
	if (n >= 0)
		return 0;
	d->base = NULL;
	return fail(ENOMEM, "no memory for event '%s'", d->str);
}

static int alias_parse(struct event_draft *d, const struct event_words *w,
		       const char *name)
{
	int err = event_set_base(d, "perf::%s", name);

	if (err)
		return err;
	for (char *p = d->base + strlen("perf::"); *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return words_end(d, w, 1);
}

static bool is_raw(const struct event_words *w)
{
	const char *name = w->w[0];

	return (!w->pmu || !strcasecmp(w->pmu, "perf_raw")) &&
	       (*name == 'r' || *name == 'R') && name[1] &&
	       !name[1 + strspn(name + 1, "0123456789abcdefABCDEF")];
}

static int raw_parse(struct event_draft *d, const struct event_words *w)
{
	int err;

	errno = 0;
	d->type = PERF_TYPE_RAW;
	d->config = strtoull(w->w[0] + 1, NULL, 16);
	if (errno)
		return fail(EINVAL, "event '%s': a raw code has 64 bits",
			    d->str);
	err = event_set_base(d, "perf_raw::r%" PRIx64, d->config);
	return err ? err : words_end(d, w, 1);
}

/* The bp_type of a word, or -errno. */
static int mem_access(const struct event_draft *d, const char *word)
{
	for (int i = 0; i < (int)N(accesses); i++)
		if (accesses[i] && !strcasecmp(word, accesses[i]))
			return i;
	return fail(EINVAL,
		    "event '%s': unknown access '%s'; a breakpoint takes one "
		    "of r, w, rw, x",
		    d->str, word);
}

/* What the kernel would only call an invalid argument. */
static int mem_check(const struct event_draft *d, int access, uint64_t len)
{
	if (access == HW_BREAKPOINT_X) {
		if (len == sizeof(long))
			return 0;
		return fail(EINVAL,
			    "event '%s': an execution breakpoint has no length",
			    d->str);
	}
	if (len != 1 && len != 2 && len != 4 && len != 8)
		return fail(
			EINVAL,
			"event '%s': a breakpoint watches 1, 2, 4 or 8 bytes",
			d->str);
	if (EVENT_X86 && access == HW_BREAKPOINT_R)
		return fail(EINVAL,
			    "event '%s': x86 cannot watch reads alone; use rw",
			    d->str);
	if (EVENT_X86 && d->config1 % len)
		return fail(EINVAL,
			    "event '%s': the address must be a multiple of the "
			    "length %" PRIu64,
			    d->str, len);
	return 0;
}

/* mem:0xADDR[/LEN][:ACCESS] */
static int mem_parse(struct event_draft *d, const struct event_words *w)
{
	int err, access = HW_BREAKPOINT_RW;
	uint64_t len;
	char *end;

	if (w->n < 2 || strncasecmp(w->w[1], "0x", 2) ||
	    !isxdigit((unsigned char)w->w[1][2]))
		return fail(EINVAL,
			    "event '%s': a breakpoint is mem:0xADDRESS[/LENGTH]"
			    "[:r|w|rw|x]",
			    d->str);
	if (w->n > 2)
		access = mem_access(d, w->w[2]);
	if (access < 0)
		return access;
	errno = 0;
	len = access == HW_BREAKPOINT_X ? sizeof(long) : 4;
	d->config1 = strtoull(w->w[1], &end, 16);
	if (*end == '/' && isdigit((unsigned char)end[1]))
		len = strtoull(end + 1, &end, 10);
	if (*end || errno)
		return fail(EINVAL, "event '%s': bad address or length '%s'",
			    d->str, w->w[1]);
	err = mem_check(d, access, len);
	if (err)
		return err;
	d->type = PERF_TYPE_BREAKPOINT;
	d->config = (uint64_t)access | len << 8;
	err = event_set_base(d, "mem:0x%" PRIx64 "/%" PRIu64 ":%s", d->config1,
			     len, accesses[access]);
	return err ? err : words_end(d, w, 3);
}

static int named_parse(struct event_draft *d, const struct event_words *w)
{
	int err = event_trace_parse(d, w);

	/* A file to look for costs less than loading libpfm4. */
	if (err != -ENOENT)
		return err;
	err = event_libpfm_parse(d, w);
	if (err == -ENOENT || err == -ENOTSUP)
		return event_near_fail(d, w, err);
	return err;
}

static int draft_parse(struct event_draft *d)
{
	char buf[EVENT_ALIAS_MAX];
	struct event_words w;
	const char *alias;
	bool mem;
	int err;

	if (!*d->str)
		return fail(EINVAL, "an event with an empty name");
	if (strlen(d->str) >= EVENT_MAX)
		return fail(EINVAL, "an event string has at most %d bytes",
			    EVENT_MAX - 1);
	for (const char *p = d->str; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return fail(EINVAL,
				    "event with a blank or a byte %#x in it",
				    (unsigned char)*p);
	/* The NUL counts among the characters of ":.". */
	mem = !strncasecmp(d->str, "mem", 3) && strchr(":.", d->str[3]);
	if (!mem && strchr(d->str, '/'))
		return event_sysfs_parse(d);
	err = words_cut(d, &w);
	if (err)
		return err;
	if (mem && !w.pmu)
		return mem_parse(d, &w);
	if (w.pmu && !strcasecmp(w.pmu, "msr"))
		return event_msr_parse(d, &w);
	alias = event_alias_find(d, &w, buf);
	if (alias)
		return alias_parse(d, &w, alias);
	if (is_raw(&w))
		return raw_parse(d, &w);
	return named_parse(d, &w);
}

/* The levels the event counts at, from those wanted; 0 with a reason. */
static unsigned draft_levels(const struct event_draft *d, unsigned plm)
{
	if (d->no_levels) {
		if (!d->plm_asked || d->plm == PLM_ALL)
			return PLM_ALL;
		fail(EINVAL, "event '%s': its PMU counts at every level only",
		     d->str);
		return 0;
	}
	if (d->plm_asked)
		plm = d->plm;
	if (EVENT_X86 && d->type == PERF_TYPE_RAW) {
		if (d->plm_asked && plm & PFM_PLM_HV) {
			fail(EINVAL,
			     "event '%s': x86 counters have the levels "
			     "u and k only",
			     d->str);
			return 0;
		}
		plm &= ~PFM_PLM_HV;
	}
	if (!plm)
		fail(EINVAL, "event '%s': no privilege level to count at",
		     d->str);
	return plm;
}

static uint64_t select_levels(uint64_t code, unsigned plm)
{
	code &= ~(SEL_USR | SEL_OS);
	if (plm & PFM_PLM_USER)
		code |= SEL_USR;
	if (plm & PFM_PLM_KERNEL)
		code |= SEL_OS;
	return code;
}

/* base:u:k, or NULL. */
static char *full_name(const char *base, unsigned plm)
{
	char *name;

	if (asprintf(&name, "%s%s%s%s", base, plm & PFM_PLM_USER ? ":u" : "",
		     plm & PFM_PLM_KERNEL ? ":k" : "",
		     plm & PFM_PLM_HV ? ":h" : "") < 0)
		return NULL;
	return name;
}

static bool is_clock(const struct event_draft *d)
{
	return d->type == PERF_TYPE_SOFTWARE &&
	       (d->config == PERF_COUNT_SW_CPU_CLOCK ||
		d->config == PERF_COUNT_SW_TASK_CLOCK);
}

/* From perf's numbers to registers.  Takes over what d owns. */
static int draft_finish(struct event_draft *d, unsigned plm,
			struct pfm_event *ev)
{
	plm = draft_levels(d, plm);
	if (!plm)
		return -EINVAL;
	if (d->free_pmd) {
		ev->kind = PFM_EVENT_FREE;
		ev->code = d->free_pmd;
	} else if (EVENT_X86 && d->type == PERF_TYPE_RAW) {
		ev->kind = PFM_EVENT_HW;
		/* Linux wires the interrupt to an NMI: never ours to enable. */
		ev->code = select_levels((d->config & ~SEL_INT) | SEL_EN, plm);
	} else {
		if (d->config > CONFIG_MAX || d->type > UINT16_MAX)
			return fail(EINVAL,
				    "event '%s': code %#" PRIx64 " of PMU type "
				    "%" PRIu32 " exceeds a software register",
				    d->str, d->config, d->type);
		ev->kind = PFM_EVENT_SW;
		ev->code = PFM_SW_CODE(d->type, d->config);
	}
	ev->arg = d->config1;
	ev->plm = plm;
	ev->plm_asked = d->plm_asked;
	ev->scale = d->scale;
	ev->asked = strdup(d->str);
	ev->name = full_name(d->base, d->no_levels ? 0 : plm);
	if (!d->unit)
		d->unit = strdup(is_clock(d) ? "ns" : "");
	ev->unit = d->unit;
	ev->cpus = d->cpus;
	d->unit = d->cpus = NULL;
	if (!ev->asked || !ev->name || !ev->unit)
		return fail(ENOMEM, "no memory for event '%s'", d->str);
	return 0;
}

int pfm_event_parse(const char *str, unsigned plm, struct pfm_event *ev)
{
	struct event_draft d = { .str = str, .scale = 1 };
	struct pfm_event made = { 0 };
	int err;

	if (!str || !ev || plm & ~PLM_ALL)
		return edge(fail(EINVAL, "bad argument to pfm_event_parse"));
	err = draft_parse(&d);
	if (!err)
		err = draft_finish(&d, plm, &made);
	free(d.base);
	free(d.unit);
	free(d.cpus);
	if (err) {
		pfm_event_release(&made);
		return edge(err);
	}
	dbg(EVENT, "%s is %s, code %#" PRIx64 " arg %#" PRIx64, str, made.name,
	    made.code, made.arg);
	*ev = made;
	return 0;
}

/* Length of a canonical name without its levels. */
static size_t base_length(const char *name)
{
	size_t len = strlen(name);

	while (len > 2 && name[len - 2] == ':' && strchr("ukh", name[len - 1]))
		len -= 2;
	return len;
}

int pfm_event_set_plm(struct pfm_event *ev, unsigned plm)
{
	size_t len = strlen(ev->name), base = base_length(ev->name);
	char *name;

	if (plm & ~PLM_ALL)
		return edge(fail(EINVAL, "unknown privilege level %#x", plm));
	if (base == len) {
		if (plm == PLM_ALL)
			return 0;
		return edge(
			fail(EINVAL,
			     "event '%s': its PMU counts at every level only",
			     ev->asked));
	}
	if (ev->kind == PFM_EVENT_HW)
		plm &= ~PFM_PLM_HV;
	if (!plm)
		return edge(fail(EINVAL,
				 "event '%s': no privilege level to count at",
				 ev->asked));
	ev->name[base] = '\0';
	name = full_name(ev->name, plm);
	if (!name) {
		ev->name[base] = ':';
		return edge(
			fail(ENOMEM, "no memory for event '%s'", ev->asked));
	}
	free(ev->name);
	ev->name = name;
	ev->plm = plm;
	if (ev->kind == PFM_EVENT_HW)
		ev->code = select_levels(ev->code, plm);
	return 0;
}

void pfm_event_release(struct pfm_event *ev)
{
	free(ev->asked);
	free(ev->name);
	free(ev->unit);
	free(ev->cpus);
	*ev = (struct pfm_event){ 0 };
}

int pfm_event_check(const struct pfm_event *ev, pid_t tid, int cpu)
{
	return edge(perf_event_check(ev, tid, cpu));
}
