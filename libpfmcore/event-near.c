/* SPDX-License-Identifier: MIT
 *
 * event-near.c - what is said of a name nobody knows: the three nearest of the
 * names that the other files offer, none of which stands here.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "priv.h"

#define NEAR_LEN 64 /* longer names are compared by their first bytes */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned differ(char a, char b)
{
	/* "page_faults" is not a mistake worth a whole edit to each dash. */
	if (a == '_')
		a = '-';
	if (b == '_')
		b = '-';
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Edits (insert, delete, replace, swap of two neighbours) from a to b. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][NEAR_LEN + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *tmp;
	size_t na = strnlen(a, NEAR_LEN), nb = strnlen(b, NEAR_LEN);

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		tmp = before;
		before = last;
		last = row;
		row = tmp;
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				      last[j - 1] + differ(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && !differ(a[i - 1], b[j - 2]) &&
			    !differ(a[i - 2], b[j - 1]) &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[nb];
}

void event_near_add(struct event_near *near, const char *name,
		    const char *shown)
{
	const char *in = strcasestr(name, near->want);
	unsigned dist, at, max = sizeof(near->best) / sizeof(*near->best);

	/* What was cut short is nearer than what was mistyped. */
	if (in && strlen(near->want) > 2)
		dist = in == name ? 1 : 2;
	else
		dist = distance(near->want, name);
	for (at = 0; at < near->n; at++) {
		if (!strcasecmp(near->best[at].shown, shown))
			return;
		if (dist < near->best[at].dist)
			break;
	}
	if (at == max)
		return;
	if (near->n < max)
		near->n++;
	memmove(&near->best[at + 1], &near->best[at],
		(near->n - at - 1) * sizeof(*near->best));
	near->best[at].dist = dist;
	snprintf(near->best[at].shown, sizeof(near->best[at].shown), "%s",
		 shown);
}

void event_list_add(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

const char *event_near_text(const struct event_near *near, char *buf,
			    size_t size)
{
	buf[0] = '\0';
	for (unsigned i = 0; i < near->n; i++)
		event_list_add(buf, size, near->best[i].shown);
	return buf;
}

int event_near_fail(const struct event_draft *d, const struct event_words *w,
		    int err)
{
	struct event_near near = { .want = w->w[0] };
	char names[256], hint[256] = "";
	const char *missing = "";
	int trace;

	if (err == -ENOTSUP)
		missing = event_libpfm_missing();
	trace = event_trace_explain(w, &near, hint, sizeof(hint));
	if (near.want == w->w[0]) {
		event_alias_near(&near);
		event_libpfm_near(&near, w->pmu);
		event_sysfs_near(&near);
	}
	if (trace)
		err = trace;
	return fail(-err, "unknown event '%s'%s%s%s%s; nearest: %s", d->str,
		    *hint ? "; " : "", hint, *missing ? "; " : "", missing,
		    event_near_text(&near, names, sizeof(names)));
}
