/* SPDX-License-Identifier: MIT
 *
 * top-text.h - text in columns of a terminal: anybody's bytes made safe, bars,
 * trends, and which columns of a table there is room for.  No terminal is needed.
 */
#ifndef PFM_TOP_TEXT_H
#define PFM_TOP_TEXT_H

#include <wchar.h>

#include "top.h"

#define TEXT_COLUMNS 1024 /* more are not written */

/*
 * Text of the locale in exactly width columns, cut or padded, at out; the
 * characters, at most max.  Each byte or character that cannot be shown, or has no
 * column of its own, is '?'.
 */
size_t text_cells(const char *s, unsigned width, wchar_t *out, size_t max);
unsigned text_columns_of(const char *s);
/* width columns, of which percent are filled. */
void text_bar(double percent, unsigned width, bool utf8, char *buf,
	      size_t size);
/* The last width values, 0 to max, old to new; NAN is a blank. */
struct text_trend {
	const float *v;
	unsigned n;
	double max; /* 0: the greatest of them */
};
void text_spark(const struct text_trend *trend, unsigned width, bool utf8,
		char *buf, size_t size);
/* Whether needle is in s, any case of ASCII. */
bool text_has(const char *s, const char *needle);

#define FIT_COLUMNS 64 /* of a table; what is beyond is not shown */
struct fit_wish {
	const struct top_column *cols;
	unsigned ncols, sorted;
	uint64_t hidden;      /* bit i: column i was switched off */
	const unsigned *need; /* columns of the widest text of each */
	unsigned width;       /* there are */
	unsigned skip;        /* columns that were scrolled away at the left */
};
struct fit {
	unsigned n;
	struct {
		unsigned col, x, width;
	} at[FIT_COLUMNS];
	unsigned left_out; /* for want of room */
};
/*
 * The first, the last and the sorted column stay; the others from the left as
 * far as there is room, those without any value only if all others are there.
 * The last one takes the rest if it is a text.
 */
void fit_columns(const struct fit_wish *wish, struct fit *fit);

#endif /* PFM_TOP_TEXT_H */
