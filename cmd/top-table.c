/* SPDX-License-Identifier: MIT
 *
 * top-table.c - a table of pfmon top as it is seen: rows that were made, sorted
 * by a column or as a tree, and cut.  And what stands above it.
 */
#include "config.h"

#include "top-table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEPT_MOST 256

const char *const top_views[] = { "processes", "functions", "cpus",
				  "events",    "memory",    "annotate" };
const char *const top_titles[] = { "Processes", "Functions", "CPUs",
				   "Events",    "Memory",    "Annotate" };

static struct top_view_data *data_of(struct top *t)
{
	if (!t->tables)
		t->tables = xcalloc(1, sizeof(*t->tables));
	return t->tables;
}

void top_tables_free(struct top_view_data *d)
{
	if (!d)
		return;
	top_columns_release(&d->cols);
	while (d->nkept > 0)
		free(d->kept[--d->nkept]);
	while (d->nusers > 0)
		free(d->users[--d->nusers].name);
	free(d->kept);
	free(d->users);
	free(d->rows);
	free(d->cells);
	free(d->ppids);
	free(d->v);
	free(d->title);
	free(d->note);
	free(d);
}

const char *top_keep(struct top *t, const char *s)
{
	struct top_view_data *d = data_of(t);
	size_t i;

	for (i = 0; i < d->nkept; i++)
		if (!strcmp(d->kept[i], s))
			return d->kept[i];
	if (d->nkept == KEPT_MOST)
		return "it cannot be computed";
	d->kept = xreallocarray(d->kept, d->nkept + 1, sizeof(*d->kept));
	d->kept[d->nkept] = xstrdup(s);
	return d->kept[d->nkept++];
}

struct top_row *table_add(struct top_view_data *d)
{
	size_t ncells = (d->nrows + 1) * d->cols.n;

	if (d->nrows == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		d->rows = xreallocarray(d->rows, d->room, sizeof(*d->rows));
		d->ppids = xreallocarray(d->ppids, d->room, sizeof(*d->ppids));
	}
	if (ncells > d->cells_room) {
		d->cells_room = ncells * 2;
		d->cells = xreallocarray(d->cells, d->cells_room,
					 sizeof(*d->cells));
	}
	d->rows[d->nrows] = (struct top_row){ .depth = 0 };
	d->ppids[d->nrows] = 0;
	return &d->rows[d->nrows++];
}

struct top_cell *table_cells(struct top_view_data *d, const struct top_row *row)
{
	return &d->cells[(size_t)(row - d->rows) * d->cols.n];
}

struct sorting {
	unsigned col;
	bool text, ascending;
};

static int compare_cells(const struct top_cell *x, const struct top_cell *y,
			 const struct sorting *s)
{
	int order;

	if (s->text)
		order = strcasecmp(x->text, y->text);
	else if (isnan(x->value) || isnan(y->value))
		return isnan(x->value) - isnan(y->value);
	else
		order = x->value < y->value ? -1 : x->value > y->value;
	return s->ascending ? order : -order;
}

/* What is nobody's own is last; equal ones stay in the order of their keys. */
static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	const struct sorting *s = arg;
	int order =
		(int)(x->flags & TOP_ROW_REST) - (int)(y->flags & TOP_ROW_REST);

	if (order)
		return order;
	order = compare_cells(&x->cells[s->col], &y->cells[s->col], s);
	if (order)
		return order;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int default_column(const struct top_columns *c, enum top_view view)
{
	static const char *const ids[TOP_VIEWS] = {
		[TOP_PROCESSES] = "cpu", [TOP_FUNCTIONS] = "share",
		[TOP_CPUS] = "number",   [TOP_EVENTS] = "",
		[TOP_MEMORY] = "rss",    [TOP_ANNOTATE] = "address",
	};
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->cols[i].id, ids[view]))
			return (int)i;
	return -1;
}

static int column_named(const struct top_columns *c, const char *name)
{
	unsigned i;

	for (i = 0; name && i < c->n; i++)
		if (!strcasecmp(c->cols[i].id, name) ||
		    !strcasecmp(c->cols[i].title, name))
			return (int)i;
	return -1;
}

/* -1: rows stay as they were made. */
static int sort_rows(struct top_view_data *d, const struct top_show *show)
{
	int col = column_named(&d->cols, show->sort);
	struct sorting s;

	if (col < 0)
		col = default_column(&d->cols, show->view);
	if (col < 0)
		return -1;
	s = (struct sorting){ .col = (unsigned)col };
	s.text = d->cols.cols[col].kind == TOP_TEXT;
	s.ascending = s.text || d->cols.cols[col].kind == TOP_ID ||
		      d->cols.cols[col].kind == TOP_ADDRESS;
	s.ascending ^= show->invert;
	if (d->nrows)
		qsort_r(d->rows, d->nrows, sizeof(*d->rows), compare_rows, &s);
	return col;
}

/* A row by its process, to find parents by. */
struct node {
	pid_t pid, ppid;
	size_t row;
	size_t child, next; /* + 1; 0: none */
	bool done, has_parent;
};

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static struct node *find_node(struct node *v, size_t n, pid_t pid)
{
	struct node key = { .pid = pid };

	return bsearch(&key, v, n, sizeof(*v), compare_nodes);
}

/* From the last row on, so that children are in the order of the rows. */
static void link_nodes(struct node *v, size_t n)
{
	size_t *at = xcalloc(n, sizeof(*at)), i;

	for (i = 0; i < n; i++)
		at[v[i].row] = i;
	for (i = n; i > 0; i--) {
		struct node *k = &v[at[i - 1]], *parent;

		parent = k->ppid > 0 ? find_node(v, n, k->ppid) : NULL;
		if (!parent || parent == k)
			continue;
		k->has_parent = true;
		k->next = parent->child;
		parent->child = at[i - 1] + 1;
	}
	free(at);
}

struct walk {
	struct top_row *out;
	const struct top_row *rows;
	struct node *v;
	size_t *stack;
	size_t n;
};

/* Without recursion: what a file says of parents may be a circle. */
static void walk_from(struct walk *w, size_t start)
{
	size_t depth = 0, at = start + 1, next;

	while (at) {
		struct node *k = &w->v[at - 1];

		next = 0;
		if (!k->done) {
			k->done = true;
			w->out[w->n] = w->rows[k->row];
			w->out[w->n++].depth = (unsigned)depth;
			next = k->child;
			w->stack[depth] = at;
		}
		if (next) {
			depth++;
			at = next;
			continue;
		}
		at = at - 1 == start ? 0 : k->next;
		while (!at && depth > 0) {
			depth--;
			at = w->stack[depth] - 1 == start ?
				     0 :
				     w->v[w->stack[depth] - 1].next;
		}
	}
}

static void make_tree(struct top_view_data *d)
{
	size_t n = d->nrows, i;
	struct walk w = { .rows = d->rows };
	struct node *by_row;

	w.out = xcalloc(d->room + 1, sizeof(*w.out));
	w.v = xcalloc(n + 1, sizeof(*w.v));
	w.stack = xcalloc(n + 1, sizeof(*w.stack));
	for (i = 0; i < n; i++)
		w.v[i] = (struct node){ .pid = d->rows[i].pid,
					.ppid = d->rows[i].ppid,
					.row = i };
	if (n)
		qsort(w.v, n, sizeof(*w.v), compare_nodes);
	link_nodes(w.v, n);
	by_row = xcalloc(n + 1, sizeof(*by_row));
	for (i = 0; i < n; i++)
		by_row[w.v[i].row].row = i;
	for (i = 0; i < n; i++)
		if (!w.v[by_row[i].row].has_parent)
			walk_from(&w, by_row[i].row);
	for (i = 0; i < n; i++)
		if (!w.v[by_row[i].row].done)
			walk_from(&w, by_row[i].row);
	free(by_row);
	free(w.v);
	free(w.stack);
	free(d->rows);
	d->rows = w.out;
}

static const struct line *line_with(const struct frame *f, pid_t pid)
{
	size_t i;

	for (i = f->nlines; i > 0; i--)
		if (f->lines[i - 1]->pid == pid)
			return f->lines[i - 1];
	return NULL;
}

static void make_title(struct top *t, const struct top_show *show,
		       struct top_view_data *d)
{
	const struct line *l =
		show->pid ? line_with(top_frame(t), show->pid) : NULL;
	char *of = show->pid ? xasprintf(" of %d %s", (int)show->pid,
					 l ? l->name : "(ended)") :
			       xstrdup("");

	free(d->title);
	if (show->view == TOP_ANNOTATE)
		d->title =
			xasprintf("%s%s",
				  top_funcs_at(t->funcs, show->func)->name, of);
	else if (show->view == TOP_FUNCTIONS && show->pid)
		d->title = xasprintf("functions%s", of);
	else
		d->title = xstrdup("");
	free(of);
}

static void make_note(struct top *t, const struct top_show *show,
		      struct top_view_data *d)
{
	const struct frame *f = top_frame(t);

	free(d->note);
	d->note = NULL;
	if (show->view != TOP_FUNCTIONS)
		return;
	if (f->unsampled == SAMPLED_RIGHT)
		d->note = xstrdup("sampling all CPUs is not permitted; a "
				  "process of your own is, by -p or Enter");
	else if (f->unsampled == SAMPLED_NOT)
		d->note = xstrdup("no samples: the kernel refuses them");
	else if (show->pid && frame_has_ended(f, show->pid))
		d->note = xasprintf("process %d has ended", (int)show->pid);
	else if (f->unsampled == SAMPLED_OFF && (t->replay || top_back(t) > 0))
		d->note = xstrdup("no samples in this interval: functions are "
				  "sampled while they are looked at");
	else if (!f->samples_sum)
		d->note = xstrdup("no samples yet");
	else if (!t->ev.ncounters || t->ev.msr)
		d->note = xstrdup("samples by cpu-clock: the PMU is not there");
}

const struct top_table *top_table(struct top *t, const struct top_show *show)
{
	struct top_view_data *d = data_of(t);
	size_t i;
	int col;

	top_columns_release(&d->cols);
	top_columns_build(t, show->view, &d->cols);
	free(d->v);
	d->v = xcalloc(t->live.nvals + 1, sizeof(*d->v));
	d->nrows = 0;
	make_title(t, show, d);
	make_note(t, show, d);
	if (t->live.number != UINT64_MAX)
		top_rows_make(t, show, d);
	for (i = 0; i < d->nrows; i++) {
		d->rows[i].cells = &d->cells[i * d->cols.n];
		d->rows[i].ppid = d->ppids[i];
	}
	col = sort_rows(d, show);
	if (show->tree && show->view == TOP_PROCESSES && !show->threads)
		make_tree(d);
	d->table = (struct top_table){
		.view = show->view,
		.cols = d->cols.cols,
		.ncols = d->cols.n,
		.rows = d->rows,
		.nall = d->nrows,
		.nrows = show->rows && show->rows < d->nrows ? show->rows :
							       d->nrows,
		.sorted = col < 0 ? UINT32_MAX : (unsigned)col,
		.inverted = show->invert,
		.title = d->title,
		.note = d->note ? d->note : "",
	};
	return &d->table;
}

const struct top_column *top_columns(struct top *t, enum top_view view,
				     unsigned *n)
{
	struct top_view_data *d = data_of(t);

	top_columns_release(&d->cols);
	top_columns_build(t, view, &d->cols);
	*n = d->cols.n;
	d->table.ncols = 0;
	d->table.nrows = d->nrows = 0;
	return d->cols.cols;
}

unsigned top_spark(struct top *t, uint64_t key, float *values, unsigned max)
{
	const struct frame *f = top_frame(t);
	const struct line *l = frame_find(f, (uint32_t)key);
	unsigned i, n = max < SPARK ? max : SPARK;

	if (!l)
		return 0;
	if (f->number + 1 < n)
		n = (unsigned)f->number + 1;
	for (i = 0; i < n; i++)
		values[i] =
			(float)l->spark[(f->number - (n - 1 - i)) % SPARK] / 10;
	return n;
}
