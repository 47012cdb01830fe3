/* SPDX-License-Identifier: MIT
 *
 * top-table.h - the table that is made for a view: top-rows.c makes its rows,
 * top-table.c selects and sorts them.
 */
#ifndef PFM_TOP_TABLE_H
#define PFM_TOP_TABLE_H

#include "top-columns.h"

struct user_name {
	uid_t uid;
	char *name; /* owned */
};

struct top_view_data {
	struct top_columns cols;
	struct top_table table;
	struct top_row *rows;   /* owned */
	struct top_cell *cells; /* owned */
	size_t nrows, room, cells_room;
	pid_t *ppids; /* of the rows; owned */
	uint64_t *v;  /* owned; values of one line */
	char **kept;  /* owned, each too */
	size_t nkept;
	struct user_name *users; /* owned */
	size_t nusers;
	char *title; /* owned */
	char *note;  /* owned */
};

/* A row, its cells empty; good until the next. */
struct top_row *table_add(struct top_view_data *d);
struct top_cell *table_cells(struct top_view_data *d,
			     const struct top_row *row);

/* top-rows.c */
void top_rows_make(struct top *t, const struct top_show *show,
		   struct top_view_data *d);

#endif /* PFM_TOP_TABLE_H */
