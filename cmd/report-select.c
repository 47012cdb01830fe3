/* SPDX-License-Identifier: MIT
 *
 * report-select.c - which rows of a report are shown, and what the others come
 * to.  Functions that are not known are told of apart, with the reason.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>

static bool is_large(const struct report *r, const struct report_row *row)
{
	const struct report_opt *o = r->opt;

	if (!row->self.samples && o->no_children)
		return false;
	return report_percent(row->self.weight, r->all.weight) >= o->min ||
	       (!o->no_children &&
		report_percent(row->total.weight, r->all.weight) >= o->min);
}

void report_select(struct report_shown *s, const struct report *r, bool apart)
{
	const struct report_opt *o = r->opt;
	uint64_t before = 0;
	uint32_t object;
	size_t i;

	*s = (struct report_shown){ 0 };
	s->rows = xcalloc(r->nrows, sizeof(*s->rows));
	s->unresolved = xcalloc(r->nrows, sizeof(*s->unresolved));
	for (i = 0; i < r->nrows; i++) {
		const struct report_row *row = &r->rows[i];

		if (apart && report_is_unresolved(r, row->place, &object)) {
			if (row->self.samples || is_large(r, row))
				s->unresolved[s->nunresolved++] = i;
		} else if ((!o->top || s->n < o->top) && is_large(r, row) &&
			   (!o->cum ||
			    report_percent(before, r->all.weight) < o->cum)) {
			s->rows[s->n++] = i;
		} else if (row->self.samples) {
			s->more++;
			s->more_weight += row->self.weight;
		}
		before += row->self.weight;
	}
}

void report_shown_release(struct report_shown *s)
{
	free(s->rows);
	free(s->unresolved);
}
