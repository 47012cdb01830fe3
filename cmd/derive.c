/* SPDX-License-Identifier: MIT
 *
 * derive.c - what a count says beside the number: a rate, a share, a frequency.
 * One table; groups of events with their own metrics are not its business.
 */
#include "config.h"

#include "count.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BY_TIME NULL /* the time that was counted, in ns */

struct rule {
	const char *event; /* as in the event list, without modifiers */
	const char *by;    /* what it is divided by, or BY_TIME */
	double factor;     /* of the quotient */
	const char *text;  /* what follows it */
	int digits;
};

/* clang-format off */
/* For each event the first rule whose divisor was counted too. */
static const struct rule rules[] = {
	{ "cycles", "task-clock", 1, "GHz", 2 },
	{ "cycles", "cpu-clock", 1, "GHz", 2 },
	{ "instructions", "cycles", 1, "per cycle", 2 },
	{ "branches", "instructions", 1000, "per 1000 instructions", 0 },
	{ "branch-misses", "branches", 100, "% of branches", 2 },
	{ "branch-misses", "instructions", 1000, "per 1000 instructions", 2 },
	{ "cache-misses", "cache-references", 100, "% of cache-references", 2 },
	{ "cache-misses", "instructions", 1000, "per 1000 instructions", 2 },
	{ "cache-references", "instructions", 1000,
	  "per 1000 instructions", 2 },
	{ "task-clock", BY_TIME, 100, "% of one CPU", 1 },
	{ "cpu-clock", BY_TIME, 100, "% of one CPU", 1 },
	{ "page-faults", BY_TIME, 1e9, "per second", 0 },
	{ "minor-faults", BY_TIME, 1e9, "per second", 0 },
	{ "major-faults", BY_TIME, 1e9, "per second", 0 },
	{ "context-switches", BY_TIME, 1e9, "per second", 0 },
	{ "cpu-migrations", BY_TIME, 1e9, "per second", 0 },
	{ "instructions", BY_TIME, 1, "per ns", 2 },
	{ "branches", BY_TIME, 1e3, "million per second", 1 },
};
/* clang-format on */

static bool is_event(const struct row *row, const char *name)
{
	const char *label = row->ctr->label;
	size_t len = strcspn(label, ":");

	return strlen(name) == len && !strncasecmp(label, name, len);
}

/* The row of an event on the same target, the same CPUs and levels. */
static const struct row *find_row(const struct result *res,
				  const struct row *row, const char *name)
{
	size_t first = (size_t)(row - res->rows) / res->nctrs * res->nctrs, i;

	for (i = first; i < first + res->nctrs; i++) {
		const struct row *r = &res->rows[i];

		if (is_event(r, name) && !r->reason && row_value(r) > 0 &&
		    r->lacks == row->lacks &&
		    (r->ctr->ev.kind != row->ctr->ev.kind ||
		     r->ctr->ev.plm == row->ctr->ev.plm))
			return r;
	}
	return NULL;
}

bool derive(const struct result *res, const struct row *row, char *buf,
	    size_t size)
{
	const struct row *by;
	double divisor;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];

		if (!is_event(row, rule->event))
			continue;
		by = rule->by ? find_row(res, row, rule->by) : NULL;
		divisor = rule->by ? 0 : (double)res->counted_ns;
		if (by)
			divisor = row_value(by);
		/* The clock of a CPU runs always: it is no share of it. */
		if (divisor <= 0 || (row->kind >= TARGET_CPU &&
				     rule->factor == 100 && !rule->by))
			continue;
		snprintf(buf, size, "%8.*f %s", rule->digits,
			 row_value(row) / divisor * rule->factor, rule->text);
		return true;
	}
	return false;
}
