/* SPDX-License-Identifier: MIT
 *
 * export-csv.c - separated values: one head line, then a row for each distinct
 * stack of a task, or for each sample; always the same columns, quoted as RFC
 * 4180 says, digits of the C locale.  What a row cannot have is empty.
 */
#include "config.h"

#include "export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char columns[] =
	"time_ns,cpu,pid,tid,comm,event,samples,weight,value,unit,function,"
	"object,address,file,line,data_address,stack\n";

/* One row. */
struct row {
	const struct prof_sample *sample; /* NULL: of merged samples */
	const struct prof_task *task;
	uint32_t event, node;
	uint64_t samples, weight;
};

static void put_field(FILE *f, const char *s)
{
	bool quoted = strpbrk(s, ",\"") != NULL;

	if (quoted)
		putc_unlocked('"', f);
	put_clean(f, s, (struct clean){ ';', quoted });
	put_text(f, quoted ? "\"," : ",");
}

static void put_number(FILE *f, bool known, uint64_t v)
{
	if (known)
		put_u64(f, v);
	putc_unlocked(',', f);
}

static void put_address(FILE *f, bool known, uint64_t v)
{
	if (known)
		fprintf(f, "0x%" PRIx64, v);
	putc_unlocked(',', f);
}

/* Outermost first, by ';'. */
static void put_stack(struct export *ex, uint32_t node)
{
	uint32_t syms[EXPORT_DEPTH_MAX], n = stack_syms(ex, node, syms);

	putc_unlocked('"', ex->out);
	while (n-- > 0) {
		put_clean(ex->out, export_sym_text(ex, syms[n]),
			  (struct clean){ ':', true });
		if (n)
			putc_unlocked(';', ex->out);
	}
	putc_unlocked('"', ex->out);
}

/* The place that was hit. */
static void put_place(struct export *ex, uint32_t node)
{
	const struct profile *p = ex->p;
	const struct prof_frame *frame = &p->frames[p->nodes[node].frame];
	struct prof_loc loc = export_frame_loc(ex, p->nodes[node].frame, 0);

	put_field(ex->out,
		  export_sym_text(ex, export_sym_of_func(ex, loc.func,
							 frame->object)));
	put_field(ex->out, p->strings[p->objects[frame->object].path]);
	put_address(ex->out, true, frame->addr);
	put_field(ex->out, p->strings[loc.file]);
	put_number(ex->out, loc.line > 0, loc.line);
}

static void put_row(struct export *ex, const struct row *row)
{
	const struct profile *p = ex->p;
	const struct prof_event *ev = &p->events[row->event];
	const struct prof_sample *s = row->sample;
	FILE *f = ex->out;

	put_number(f, s, s ? s->time : 0);
	put_number(f, s, s ? s->cpu : 0);
	put_number(f, true, row->task->pid);
	put_number(f, true, row->task->tid);
	put_field(f, p->strings[row->task->comm]);
	put_field(f, p->strings[ev->name]);
	put_number(f, true, row->samples);
	put_number(f, true, row->weight);
	put_real(f, (double)row->weight * ev->scale);
	putc_unlocked(',', f);
	put_field(f, p->strings[ev->unit]);
	if (row->node)
		put_place(ex, row->node);
	else
		put_text(f, ",,,,,");
	put_address(f, s && s->addr, s ? s->addr : 0);
	put_stack(ex, row->node);
	putc_unlocked('\n', f);
}

static int sample_row(const struct prof_sample *s, void *arg)
{
	struct export *ex = arg;
	struct row row = { s,        &ex->p->tasks[s->task],
			   s->event, s->node,
			   1,        s->weight };

	if (export_match(ex, s))
		put_row(ex, &row);
	return 0;
}

static void merged_rows(struct export *ex)
{
	struct groups g;
	struct tally t;
	uint32_t i;

	groups_init(&g, ex->p, BY_TASK);
	tally_run(&t, ex, &g);
	for (i = 0; i < t.n; i++) {
		struct row row = { NULL,
				   &ex->p->tasks[g.task[t.rows[i].group]],
				   ex->event,
				   t.rows[i].node,
				   t.rows[i].samples,
				   t.weights[i] };

		put_row(ex, &row);
	}
	tally_release(&t);
	groups_release(&g);
}

static void csv_write(struct export *ex)
{
	put_text(ex->out, columns);
	if (ex->samples)
		prof_samples(ex->p, sample_row, ex);
	else
		merged_rows(ex);
}

const struct export_format export_csv = {
	.name = "csv",
	.write = csv_write,
};
