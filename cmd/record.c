/* SPDX-License-Identifier: MIT
 *
 * record.c - records of runs: how they are put together, searched and summed
 * up.  Reading one from a file is result-file.c's.
 */
#include "config.h"

#include "result-file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"

void record_text(char **field, const char *text)
{
	char *copy = text ? xstrdup(text) : NULL;

	free(*field);
	*field = copy;
}

void record_init(struct record *rec, const char *name)
{
	*rec = (struct record){ .name = xstrdup(name), .command = xstrdup("") };
}

static void release_row(struct record_row *row)
{
	free(row->name);
	free(row->asked);
	free(row->unit);
	free(row->target);
	free(row->comm);
	free(row->reason);
	free(row->points);
}

void record_release(struct record *rec)
{
	size_t i;

	for (i = 0; i < rec->nrows; i++)
		release_row(&rec->rows[i]);
	for (i = 0; i < rec->nfacts; i++) {
		free(rec->facts[i].key);
		free(rec->facts[i].text);
	}
	free(rec->rows);
	free(rec->facts);
	free(rec->elapsed_ns);
	free(rec->name);
	free(rec->command);
	free(rec->backend);
	free(rec->pfmon);
	*rec = (struct record){ 0 };
}

void record_fact(struct record *rec, const char *key, const char *text)
{
	rec->facts =
		xreallocarray(rec->facts, rec->nfacts + 1, sizeof(*rec->facts));
	rec->facts[rec->nfacts++] =
		(struct record_fact){ xstrdup(key), xstrdup(text) };
}

void record_run(struct record *rec, double elapsed_ns)
{
	size_t i, n = rec->nruns + 1;

	rec->elapsed_ns =
		xreallocarray(rec->elapsed_ns, n, sizeof(*rec->elapsed_ns));
	rec->elapsed_ns[rec->nruns++] = elapsed_ns;
	for (i = 0; i < rec->nrows; i++) {
		struct record_row *row = &rec->rows[i];

		row->points =
			xreallocarray(row->points, n, sizeof(*row->points));
		row->points[row->npoints++] = (struct point){ 0 };
	}
}

struct record_row *record_add(struct record *rec, const char *name,
			      const char *asked, const char *target, int64_t id)
{
	struct record_row *row;

	rec->rows =
		xreallocarray(rec->rows, rec->nrows + 1, sizeof(*rec->rows));
	row = &rec->rows[rec->nrows++];
	*row = (struct record_row){
		.name = xstrdup(name),
		.asked = xstrdup(asked),
		.unit = xstrdup(""),
		.target = xstrdup(target),
		.id = id,
		.comm = xstrdup(""),
		.points = xcalloc(rec->nruns, sizeof(*row->points)),
		.npoints = rec->nruns,
	};
	return row;
}

struct moments record_moments(const struct point *points, size_t n)
{
	struct moments m = { .half = -1 };
	double sum = 0, squares = 0, half = -1, d;
	size_t i;

	for (i = 0; i < n; i++)
		if (points[i].has) {
			sum += points[i].value;
			half = points[i].half;
			m.n++;
		}
	if (!m.n)
		return m;
	m.mean = sum / (double)m.n;
	if (m.n == 1)
		m.half = half;
	/* A second pass: the sum of squares alone loses all digits. */
	for (i = 0; m.n > 1 && i < n; i++)
		if (points[i].has) {
			d = points[i].value - m.mean;
			squares += d * d;
		}
	if (m.n > 1)
		m.dev = root(squares / (double)(m.n - 1));
	return m;
}

const struct record_row *record_find(const struct record *rec,
				     const char *event)
{
	size_t i;

	for (i = 0; i < rec->nrows; i++)
		if (!strcmp(rec->rows[i].name, event))
			return &rec->rows[i];
	for (i = 0; i < rec->nrows; i++)
		if (!strcasecmp(rec->rows[i].asked, event))
			return &rec->rows[i];
	return NULL;
}
