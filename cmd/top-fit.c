/* SPDX-License-Identifier: MIT
 *
 * top-fit.c - which columns of a table there is room for, and where each is.
 */
#include "config.h"

#include "top-text.h"

#include <string.h>

#define LAST_LEAST 12 /* columns for a command or a function */

static unsigned wide(const struct fit_wish *w, unsigned i)
{
	const struct top_column *col = &w->cols[i];
	unsigned n = text_columns_of(col->title);

	if (n < col->width)
		n = col->width;
	return n < w->need[i] ? w->need[i] : n;
}

static bool hidden(const struct fit_wish *w, unsigned i)
{
	return w->hidden >> i & 1;
}

/* Those the least width of which is sure; what is left for the others. */
static unsigned take_sure(const struct fit_wish *w, unsigned last,
			  uint64_t *shown)
{
	unsigned least = w->width / 4, room = w->width, i, n;

	if (least < LAST_LEAST)
		least = LAST_LEAST;
	if (!w->cols[last].left)
		least = wide(w, last);
	for (i = 0; i < last; i++) {
		if (i != 0 && i != w->sorted)
			continue;
		*shown |= 1ULL << i;
		n = wide(w, i) + 1;
		room -= n < room ? n : room;
	}
	*shown |= 1ULL << last;
	return room > least ? room - least : 0;
}

/*
 * Of the others as many as there is room for: first those that have values.  None
 * is passed over for a later one, so that they keep their order when scrolled.
 */
static void take_others(const struct fit_wish *w, unsigned last, unsigned room,
			struct fit *fit, uint64_t *shown)
{
	uint64_t skipped = 0;
	unsigned pass, i, n = 0;

	for (i = 1; i < last && n < w->skip; i++)
		if (!(*shown >> i & 1) && !hidden(w, i)) {
			skipped |= 1ULL << i;
			n++;
		}
	for (pass = 0; pass < 2; pass++)
		for (i = 1; i < last; i++) {
			if ((*shown | skipped) >> i & 1 || hidden(w, i) ||
			    (w->cols[i].reason != NULL) != pass)
				continue;
			if (wide(w, i) + 1 > room) {
				room = 0;
				fit->left_out++;
				continue;
			}
			room -= wide(w, i) + 1;
			*shown |= 1ULL << i;
		}
}

void fit_columns(const struct fit_wish *w, struct fit *fit)
{
	unsigned ncols = w->ncols < FIT_COLUMNS ? w->ncols : FIT_COLUMNS;
	unsigned last = ncols - 1, room, i, x = 0;
	uint64_t shown = 0;

	*fit = (struct fit){ 0 };
	if (ncols == 0)
		return;
	room = take_sure(w, last, &shown);
	take_others(w, last, room, fit, &shown);
	for (i = 0; i < ncols; i++) {
		unsigned n = wide(w, i);

		if (!(shown >> i & 1) || x >= w->width)
			continue;
		if ((i == last && w->cols[i].left) || x + n > w->width)
			n = w->width - x;
		fit->at[fit->n].col = i;
		fit->at[fit->n].x = x;
		fit->at[fit->n++].width = n;
		x += n + 1;
	}
}
