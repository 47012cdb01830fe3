/* SPDX-License-Identifier: MIT
 *
 * top-tags.c - rows that the user has tagged.  They are found by key, so a tag
 * stays with its process, however the table is sorted.
 */
#include "config.h"

#include "top-screen.h"

#include <stdlib.h>
#include <string.h>

/* Where the key is, or belongs. */
static size_t place_of(const struct tags *tags, uint64_t key)
{
	size_t from = 0, to = tags->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (tags->keys[mid] < key)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

bool tags_has(const struct tags *tags, uint64_t key)
{
	size_t i = place_of(tags, key);

	return i < tags->n && tags->keys[i] == key;
}

void tags_flip(struct tags *tags, uint64_t key)
{
	size_t i = place_of(tags, key), rest = tags->n - i;

	if (i < tags->n && tags->keys[i] == key) {
		memmove(tags->keys + i, tags->keys + i + 1,
			(rest - 1) * sizeof(*tags->keys));
		tags->n--;
		return;
	}
	tags->keys =
		xreallocarray(tags->keys, tags->n + 1, sizeof(*tags->keys));
	memmove(tags->keys + i + 1, tags->keys + i, rest * sizeof(*tags->keys));
	tags->keys[i] = key;
	tags->n++;
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

bool tags_take(struct ui *ui)
{
	const struct top_row *row = ui_row(ui);
	const struct top_table *table = ui->table;
	pid_t *pids;
	size_t i, found = 0, kept = 0;

	pids = xreallocarray(ui->pids, table->nrows + 1, sizeof(*pids));
	for (i = 0; i < table->nrows; i++)
		if (table->rows[i].pid > 0 &&
		    !(table->rows[i].flags & TOP_ROW_ENDED) &&
		    tags_has(&ui->tags, table->rows[i].key))
			pids[found++] = table->rows[i].pid;
	if (found == 0 && ui->here.pid > 0)
		pids[found++] = ui->here.pid;
	if (found == 0 && row && row->pid > 0 && !(row->flags & TOP_ROW_ENDED))
		pids[found++] = row->pid;
	/* Threads of one process are one. */
	qsort(pids, found, sizeof(*pids), by_pid);
	for (i = 0; i < found; i++)
		if (kept == 0 || pids[kept - 1] != pids[i])
			pids[kept++] = pids[i];
	ui->pids = pids;
	ui->npids = kept;
	if (kept == 0)
		ui_refuse(ui, "tag processes with Space, or choose one");
	return kept > 0;
}
