/* SPDX-License-Identifier: MIT
 *
 * out-csv.c - results as separated values: one head line, then one line a row,
 * always the same columns, quoted as RFC 4180 says, digits of the C locale.
 * A value that was not measured is "-", with its reason in a column; a reason
 * beside a value says what it lacks.
 */
#include "config.h"

#include "count.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const columns[] = {
	"time_ns",    "run",       "target", "id",   "process", "comm",
	"event",      "name",      "value",  "unit", "kind",    "enabled_ns",
	"running_ns", "deviation", "min",    "max",  "reason",  "pinned",
	"others",     "set",       "error",
};

static char separator(const struct output *out)
{
	const char *csv = out->s->opt->csv;

	return *csv ? *csv : ',';
}

static void put(struct output *out, const char *text)
{
	char special[] = { separator(out), '"', '\r', '\n', '\0' };

	if (!strpbrk(text, special)) {
		out_printf(out, "%s%c", text, separator(out));
		return;
	}
	out_printf(out, "\"");
	for (; *text; text++)
		out_printf(out, *text == '"' ? "\"\"" : "%c", *text);
	out_printf(out, "\"%c", separator(out));
}

/* A number, or nothing. */
static void put_u64(struct output *out, bool known, uint64_t v)
{
	if (known)
		out_printf(out, "%" PRIu64, v);
	out_printf(out, "%c", separator(out));
}

static void put_real(struct output *out, bool known, double v)
{
	if (known)
		out_printf(out, "%.17g", v);
	out_printf(out, "%c", separator(out));
}

static void put_value(struct output *out, const struct row *row)
{
	if (row->reason)
		put(out, "-");
	else if (row_is_real(row))
		put_real(out, true, row_value(row));
	else
		put_u64(out, true, row->count);
	put(out, row->ctr->unparsed ? "" : row->ctr->ev.unit);
	put(out, row_kind(row));
}

static void put_reason(struct output *out, const struct row *row)
{
	if (row->reason)
		put(out, row->reason);
	else
		put(out, row->lacks ? row->lacks : "");
}

static void put_share(struct output *out, const struct share *share)
{
	char text[16] = "";

	if (share->known)
		snprintf(text, sizeof(text), "%.6f", pin_others(share));
	put(out, text);
}

static void put_sets(struct output *out, const struct row *row)
{
	double half = estimate_half_width(&row->est);
	char sets[64];

	sets_format(row->in, row->nsets, sets, sizeof(sets));
	put(out, sets);
	put_real(out, !row->reason && row->is_scaled && half >= 0,
		 half * row->ctr->ev.scale);
}

static void put_rows(struct output *out, const struct result *res, unsigned run)
{
	const struct pin *pin = &out->s->pin;
	size_t i;

	for (i = 0; i < res->nrows; i++) {
		const struct row *row = &res->rows[i];
		bool stats = row->stats.n > 0;

		put_u64(out, res->partial, res->time_ns);
		put_u64(out, run > 0, run);
		put(out, target_name(row->kind));
		put_u64(out, row->id >= 0, (uint64_t)row->id);
		put_u64(out, row->tgid > 0, (uint64_t)row->tgid);
		put(out, row->comm);
		put(out, row->ctr->asked);
		put(out, row->ctr->name);
		put_value(out, row);
		put_u64(out, true, row->enabled_ns);
		put_u64(out, true, row->running_ns);
		put_real(out, stats, row->stats.dev);
		put_real(out, stats, row->stats.min);
		put_real(out, stats, row->stats.max);
		put_reason(out, row);
		put_u64(out, pin->cpu >= 0, (uint64_t)pin->cpu);
		put_share(out, &res->share);
		put_sets(out, row);
		out->buf[out->len - 1] = '\n';
	}
}

static void csv_result(struct output *out, const struct result *res)
{
	unsigned i;

	if (!out->printed && !out->appended && !out->s->opt->quiet) {
		for (i = 0; i < ARRAY_SIZE(columns); i++)
			put(out, columns[i]);
		out->buf[out->len - 1] = '\n';
	}
	for (i = 0; (out->s->opt->table || res->apart) && i < res->nruns; i++)
		put_rows(out, &res->runs[i], i + 1);
	put_rows(out, res, 0);
}

const struct writer writer_csv = { .result = csv_result };
