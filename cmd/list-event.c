/* SPDX-License-Identifier: MIT
 *
 * list-event.c - pfmon list -i EVENT: what it counts, its unit masks and
 * modifiers, the code it has here and the counters that may take it.  An event
 * without a name, a raw code for one, has the latter only.
 */
#include "config.h"

#include "list.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define CONFIG_BITS 48 /* of PFM_SW_CODE() */

/* What was found out of one event. */
struct detail {
	const struct list_event *ev; /* NULL: it has no name of its own */
	struct pfm_event parsed;
	bool encoded;
	char *why;      /* not encoded; owned */
	char *counters; /* in words; owned */
};

/*
 * What stands behind the event's own name, compared in any case: unit masks and
 * modifiers, or "".  NULL: it is not that event.
 */
static const char *behind(const char *asked, const struct list_event *ev)
{
	const char *name = ev->name, *own = strstr(name, "::");
	size_t len;

	if (!strncasecmp(asked, "perf::", 6) && !strcmp(ev->pmu, "perf"))
		asked += 6;
	if (own && !strstr(asked, "::"))
		name = own + 2;
	len = strlen(name);
	if (strncasecmp(asked, name, len) != 0 ||
	    (asked[len] && asked[len] != ':' && name[len - 1] != '/'))
		return NULL;
	return asked + len;
}

static const struct list_event *find(const struct list *list, const char *asked)
{
	for (size_t i = 0; i < list->n; i++)
		if (behind(asked, &list->v[i]))
			return &list->v[i];
	return NULL;
}

/* "skl" of "skl::X"; NULL: none is named.  To be freed. */
static char *named_pmu(const char *event)
{
	const char *end = strstr(event, "::");

	return end && end > event ?
		       xasprintf("%.*s", (int)(end - event), event) :
		       NULL;
}

/* Bits of a set as ranges, "0-3,8". */
static void add_ranges(FILE *f, uint32_t bits)
{
	const char *sep = "";
	unsigned last;

	for (unsigned i = 0; i < 32; i++) {
		if (!(bits >> i & 1))
			continue;
		for (last = i; last < 31 && bits >> (last + 1) & 1; last++)
			;
		fprintf(f, "%s%u", sep, i);
		if (last > i)
			fprintf(f, "-%u", last);
		sep = ",";
		i = last;
	}
}

static char *counters_text(const struct pfm_need *need, const char *backend)
{
	uint32_t general = need->counters & 0xffff;
	uint32_t fixed = need->counters >> 16;
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	if (general) {
		fprintf(f, "general ");
		add_ranges(f, general);
	}
	if (fixed) {
		fprintf(f, "%sfixed ", general ? ", " : "");
		add_ranges(f, fixed);
	}
	if (need->pair)
		fprintf(f, ", an even one and the next");
	if (need->nextra)
		fprintf(f, ", and a register for the second word");
	fprintf(f, " (%s)", backend);
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}

/* Who counts an event that perf alone can encode; NULL: the processor. */
static const char *kernel_counts(const struct pfm_event *ev)
{
	uint64_t type = ev->code >> CONFIG_BITS;

	if (ev->kind == PFM_EVENT_FREE)
		return "its own, which runs freely (msr)";
	if (ev->kind == PFM_EVENT_HW || type == PERF_TYPE_HARDWARE ||
	    type == PERF_TYPE_HW_CACHE)
		return NULL;
	if (type > PERF_TYPE_BREAKPOINT)
		return "of a further PMU, which the kernel chooses (perf)";
	return "none of the processor's: the kernel counts it (perf)";
}

static char *find_counters(const struct pfm_event *ev)
{
	static const char *const backends[] = { "msr", "perf" };
	const char *kernel = kernel_counts(ev);
	struct pfm_need need;

	if (kernel)
		return xstrdup(kernel);
	/* perf does not tell which. */
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (pfm_event_need(backends[i], -1, ev, &need) == 0 &&
		    need.counters)
			return counters_text(&need, backends[i]);
	if (ev->kind == PFM_EVENT_SW)
		return xstrdup("one that the kernel chooses (perf)");
	return xasprintf("none here: %s", pfm_reason());
}

static char *code_text(const struct pfm_event *ev)
{
	char *text, *word = xstrdup("");

	if (ev->arg) {
		free(word);
		word = xasprintf(", second word %#" PRIx64, ev->arg);
	}
	if (ev->kind == PFM_EVENT_HW)
		text = xasprintf("%#" PRIx64 "%s", ev->code, word);
	else if (ev->kind == PFM_EVENT_SW)
		text = xasprintf("perf type %" PRIu64 ", config %#" PRIx64 "%s",
				 ev->code >> CONFIG_BITS,
				 ev->code & ((UINT64_C(1) << CONFIG_BITS) - 1),
				 word);
	else
		text = xasprintf("PMD %" PRIu64, ev->code);
	free(word);
	return text;
}

static void put_mods(struct columns c, const struct list_event *ev, bool umasks)
{
	bool any = false;

	for (size_t i = 0; i < ev->nmods; i++) {
		const struct list_mod *mod = &ev->mods[i];
		char *left, *right;

		if ((mod->kind == PFM_MOD_UMASK) != umasks)
			continue;
		if (!any)
			fprintf(c.f, "%s\n",
				umasks ? "unit masks" : "modifiers");
		any = true;
		left = xasprintf("  :%s%s", mod->name,
				 mod->kind == PFM_MOD_NUMBER ? "=N" : "");
		right = xasprintf("%s%s%s%s", mod->desc,
				  mod->dfl ? " (default)" : "",
				  mod->same ? "; as " : "",
				  mod->same ? mod->same : "");
		columns_wrap(&c, left, right);
		free(left);
		free(right);
	}
}

static void put_levels(const struct columns *c, unsigned plm)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", plm & PFM_PLM_USER ? ":u " : "",
		 plm & PFM_PLM_KERNEL ? ":k " : "",
		 plm & PFM_PLM_HV ? ":h " : "");
	text[strlen(text) - (*text ? 1 : 0)] = '\0';
	columns_wrap(c, "levels", text);
}

static void put_text(FILE *f, const struct detail *d)
{
	struct columns c;
	char *text;

	columns_init(&c, f);
	c.left = 10;
	columns_wrap(&c, "event", d->ev ? d->ev->name : d->parsed.name);
	if (d->ev && *d->ev->desc)
		columns_wrap(&c, "counts", d->ev->desc);
	if (d->ev && d->ev->same)
		columns_wrap(&c, "same as", d->ev->same);
	if (d->ev) {
		text = xasprintf("%s, %s%s", d->ev->pmu, d->ev->source,
				 d->ev->here ? "" : "; not of this machine");
		columns_wrap(&c, "PMU", text);
		free(text);
	}
	if (d->encoded) {
		text = code_text(&d->parsed);
		columns_wrap(&c, "full name", d->parsed.name);
		columns_wrap(&c, "code", text);
		put_levels(&c, d->parsed.plm);
		free(text);
	} else {
		columns_wrap(&c, "code", d->why);
	}
	if (d->encoded && *d->parsed.unit)
		columns_wrap(&c, "unit", d->parsed.unit);
	if (d->encoded && d->parsed.cpus)
		columns_wrap(&c, "CPUs", d->parsed.cpus);
	if (d->counters)
		columns_wrap(&c, "counters", d->counters);
	if (d->ev) {
		c.left = 24;
		put_mods(c, d->ev, true);
		put_mods(c, d->ev, false);
	}
}

static struct json_t *to_json(const struct detail *d)
{
	struct json_t *obj = d->ev ? list_json_event(d->ev) : js_object();
	const struct pfm_event *ev = &d->parsed;
	char code[24], arg[24];

	snprintf(code, sizeof(code), "%#" PRIx64, ev->code);
	snprintf(arg, sizeof(arg), "%#" PRIx64, ev->arg);
	js_set(obj, "full_name", js_text(d->encoded ? ev->name : NULL));
	js_set(obj, "code", js_text(d->encoded ? code : NULL));
	js_set(obj, "word", js_text(d->encoded && ev->arg ? arg : NULL));
	js_set(obj, "unit", js_text(d->encoded ? ev->unit : NULL));
	js_set(obj, "cpus", js_text(d->encoded ? ev->cpus : NULL));
	js_set(obj, "counters", js_text(d->counters));
	js_set(obj, "reason", js_text(d->why));
	return obj;
}

static void examine(struct detail *d, const char *asked)
{
	if (pfm_event_parse(asked, PFM_PLM_USER | PFM_PLM_KERNEL, &d->parsed)) {
		/* The event is there: a unit mask is missing, or wrong. */
		if (!d->ev || *behind(asked, d->ev))
			die("%s", pfm_reason());
		d->why =
			xasprintf("none without a unit mask: %s", pfm_reason());
		return;
	}
	d->encoded = true;
	if (!d->ev || d->ev->here)
		d->counters = find_counters(&d->parsed);
}

/* In place: '.' is ':', and in portable names of libpfm4's form '_' is '-'. */
static void normalise(char *event)
{
	bool portable = !strncasecmp(event, "perf::", 6);

	for (char *p = event; *p && !strchr(event, '/'); p++) {
		if (*p == '.')
			*p = ':';
		if (*p == '_' && portable)
			*p = '-';
	}
}

int list_event(FILE *f, const struct list_opt *opt)
{
	char *pmu = opt->pmu ? xstrdup(opt->pmu) : named_pmu(opt->event);
	char *asked = xstrdup(opt->event);
	struct list_opt of = { .pmu = pmu };
	struct detail d = { 0 };
	struct list list;

	if (opt->pmu && !strstr(asked, "::") && !strchr(asked, '/') &&
	    strcasecmp(opt->pmu, "perf") != 0) {
		free(asked);
		asked = xasprintf("%s::%s", opt->pmu, opt->event);
	}
	normalise(asked);
	list_load(&list, &of);
	d.ev = find(&list, asked);
	examine(&d, asked);
	if (opt->json)
		list_json_put(f, "event", to_json(&d));
	else
		put_text(f, &d);
	if (d.encoded)
		pfm_event_release(&d.parsed);
	free(d.why);
	free(d.counters);
	list_release(&list);
	free(asked);
	free(pmu);
	return 0;
}
