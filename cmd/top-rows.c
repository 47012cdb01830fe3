/* SPDX-License-Identifier: MIT
 *
 * top-rows.c - the rows of each view of pfmon top, from the frame that is looked
 * at: which there are, and their cells.  Their order is top-table.c's.
 */
#include "config.h"

#include "top-table.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all rows of a table have in common. */
struct making {
	struct top *t;
	const struct top_show *show;
	struct top_view_data *d;
	const struct frame *f;
	const struct frame *since; /* of the difference; NULL: the interval */
	double seconds;
	bool ended; /* the process whose functions they are */
};

static struct top_cell number(double value)
{
	return (struct top_cell){ .value = value };
}

static struct top_cell text(const char *s)
{
	return (struct top_cell){ .value = NAN, .text = s };
}

static struct top_cell none(const char *why)
{
	return (struct top_cell){ .value = NAN, .why = why };
}

static const char *user_name(struct top_view_data *d, uid_t uid)
{
	const struct passwd *pw;
	size_t i;

	for (i = 0; i < d->nusers; i++)
		if (d->users[i].uid == uid)
			return d->users[i].name;
	d->users = xreallocarray(d->users, d->nusers + 1, sizeof(*d->users));
	pw = getpwuid(uid);
	d->users[d->nusers].uid = uid;
	d->users[d->nusers].name =
		pw ? xstrdup(pw->pw_name) : xasprintf("%u", (unsigned)uid);
	return d->users[d->nusers++].name;
}

static bool contains(const char *s, const char *part)
{
	return !part || !*part || strcasestr(s, part) != NULL;
}

/* The values that are shown: of the interval, or since the mark. */
static const uint64_t *values_of(struct making *m, const uint64_t *v,
				 const uint64_t *before)
{
	unsigned n = m->f->nvals, i;

	if (!m->since)
		return v;
	for (i = 0; i < n; i++) {
		m->d->v[i] = v[n + i];
		if (before && before[n + i] <= v[n + i])
			m->d->v[i] -= before[n + i];
	}
	return m->d->v;
}

static const char *command_of(const struct making *m, const struct line *l)
{
	if (m->show->name || !*l->cmdline || l->flags & LINE_THREAD)
		return l->name;
	return l->cmdline;
}

static bool line_shown(const struct making *m, const struct line *l,
		       const uint64_t *v)
{
	const struct top_show *show = m->show;
	bool rest = l->flags & LINE_REST;

	if (rest)
		return !show->filter && !show->user && show->view != TOP_MEMORY;
	if (!(l->flags & LINE_THREAD) != !(show->threads && m->t->threads))
		return false;
	if (l->flags & LINE_KERNEL ? show->hide_kernel : show->hide_user)
		return false;
	if (m->t->opt->cpus && !m->t->replay &&
	    (l->cpu < 0 || !cpus_has(&m->t->cpus, (unsigned)l->cpu)))
		return false;
	if (show->user && strcmp(user_name(m->d, l->uid), show->user) != 0)
		return false;
	if (!contains(command_of(m, l), show->filter))
		return false;
	if (l->flags & LINE_ENDED && show->sticky)
		return true;
	if (show->idle || show->view == TOP_MEMORY)
		return true;
	return v[VAL_CPU] || l->flags & LINE_ENDED;
}

static char state_text(char state)
{
	return state > ' ' && state < 127 ? state : '?';
}

static struct top_cell line_cell(struct making *m, const struct line *l,
				 const struct column_rule *r,
				 const struct column_of *of)
{
	char state[2] = { state_text(l->state), '\0' };
	bool rest = l->flags & LINE_REST;
	struct top_cell cell;

	switch (r->from) {
	case FROM_PID:
		return rest ? none("of no single process") :
			      number(l->flags & LINE_THREAD ? l->tid : l->pid);
	case FROM_USER:
		return text(rest ? "" : user_name(m->d, l->uid));
	case FROM_STATE:
		return text(top_keep(m->t, state));
	case FROM_NTHREADS:
		return rest ? none("of no single process") :
			      number(l->nthreads);
	case FROM_RSS:
		return number((double)l->rss);
	case FROM_SPARK:
		return number(0);
	case FROM_COMMAND:
		return text(command_of(m, l));
	default:
		top_columns_value(m->t, r, of, &cell);
		return cell;
	}
}

static void add_line(struct making *m, const struct line *l)
{
	const struct line *before =
		m->since ? frame_find(m->since, l->key) : NULL;
	const uint64_t *v = values_of(m, l->v, before ? before->v : NULL);
	struct column_of of = { .v = v,
				.has = l->has,
				.why = l->why,
				.seconds = m->seconds,
				.cpu = l->flags & LINE_REST,
				.ncpus = 1 };
	struct top_cell *cells;
	struct top_row *row;
	unsigned i;

	if (!line_shown(m, l, v))
		return;
	row = table_add(m->d);
	row->key = l->key;
	row->pid = l->pid;
	row->tid = l->tid;
	row->uid = l->uid;
	row->flags = l->flags;
	m->d->ppids[m->d->nrows - 1] = l->ppid;
	cells = table_cells(m->d, row);
	for (i = 0; i < m->d->cols.n; i++)
		cells[i] = line_cell(m, l, &m->d->cols.rules[i], &of);
}

static void add_lines(struct making *m)
{
	size_t i;

	for (i = 0; i < m->f->nlines; i++)
		add_line(m, m->f->lines[i]);
}

static void add_cpu(struct making *m, unsigned i)
{
	const struct cpu_line *c = &m->f->cpus[i];
	const uint64_t *before =
		m->since && i < m->since->ncpus ? m->since->cpus[i].v : NULL;
	struct column_of of = { .v = values_of(m, c->v, before),
				.has = c->has,
				.why = c->why,
				.seconds = m->seconds,
				.cpu = true,
				.ncpus = 1 };
	struct top_row *row = table_add(m->d);
	struct top_cell *cells = table_cells(m->d, row);
	unsigned k;

	row->key = m->t->cpu_numbers[i];
	for (k = 0; k < m->d->cols.n; k++) {
		const struct column_rule *r = &m->d->cols.rules[k];

		if (r->from == FROM_CPU)
			cells[k] = number(m->t->cpu_numbers[i]);
		else
			top_columns_value(m->t, r, &of, &cells[k]);
	}
}

static const char *how(struct making *m, const struct top_ctr *c, bool cpus)
{
	unsigned plm = c->unparsed ? 0 : c->ev.plm;
	char buf[128], set[32] = "";

	if (c->reason)
		return c->reason;
	if (c->hw && m->t->ev.nsets > 1)
		snprintf(set, sizeof(set), ", set %u of %u", c->set + 1,
			 m->t->ev.nsets);
	snprintf(buf, sizeof(buf), "%s%s, %s",
		 !(plm & PFM_PLM_KERNEL) ? "user" :
		 !(plm & PFM_PLM_USER)   ? "kernel" :
					   "user+kernel",
		 set, cpus ? "all CPUs" : "sum of the processes");
	return top_keep(m->t, buf);
}

static struct top_cell event_cell(struct making *m, unsigned i,
				  const struct column_rule *r)
{
	const struct top_ctr *c = &m->t->ev.ctrs[i];
	unsigned val = VAL_CTR0 + i;
	bool cpus =
		m->f->ncpus && !m->f->selected && m->f->cpus[0].has >> val & 1;
	uint64_t now, before = 0, sum = 0;
	bool known = top_total(m->f, val, m->since != NULL, &now);

	if (m->since && top_total(m->since, val, true, &before))
		now -= before < now ? before : now;
	if (m->t->has_zero)
		top_total(&m->t->zero, val, true, &before);
	top_total(m->f, val, true, &sum);
	switch (r->from) {
	case FROM_EVENT:
		return text(c->label);
	case FROM_NOTE:
		return text(how(m, c, cpus));
	default:
		break;
	}
	if (c->reason || !known)
		return none(c->reason ? c->reason : "nobody was counted");
	if (r->from == FROM_COUNT)
		return number((double)now);
	if (r->from == FROM_PER_SECOND)
		return number((double)now / m->seconds);
	if (m->t->has_zero && before <= sum)
		sum -= before;
	return number((double)sum);
}

static void add_event(struct making *m, unsigned i)
{
	struct top_row *row;
	struct top_cell *cells;
	unsigned k;

	if (!contains(m->t->ev.ctrs[i].label, m->show->filter))
		return;
	row = table_add(m->d);
	cells = table_cells(m->d, row);
	row->key = i;
	for (k = 0; k < m->d->cols.n; k++)
		cells[k] = event_cell(m, i, &m->d->cols.rules[k]);
}

/* Samples in a function, of one process or of all. */
struct func_hits {
	uint32_t func;
	uint64_t n, sum;
};

/* All samples in a function until then, of a process or (0) of all. */
static uint64_t func_sum(const struct frame *f, uint32_t func, pid_t pid)
{
	size_t low = 0, high = f->nhits;
	uint64_t sum = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->hits[mid].func < func)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < f->nhits && f->hits[low].func == func; low++)
		if (!pid || f->hits[low].pid == (uint32_t)pid)
			sum += f->hits[low].sum;
	return sum;
}

/* What came after another frame; it may be of the past. */
static uint64_t since_sum(const struct func_hits *h, const struct frame *before,
			  pid_t pid)
{
	uint64_t sum = func_sum(before, h->func, pid);

	return h->sum > sum ? h->sum - sum : 0;
}

static struct top_cell func_cell(const struct top_func *f,
				 const struct func_hits *h,
				 const struct column_rule *r, uint64_t all)
{
	const char *base;

	switch (r->from) {
	case FROM_SHARE:
		return all ? number(100.0 * (double)h->n / (double)all) :
			     none("no samples in the interval");
	case FROM_SAMPLES:
		return number((double)h->n);
	case FROM_SAMPLES_ALL:
		return number((double)h->sum);
	case FROM_OBJECT:
		base = strrchr(f->object, '/');
		return text(base ? base + 1 : f->object);
	default:
		return text(f->name);
	}
}

static void add_func(struct making *m, const struct func_hits *h, uint64_t all)
{
	const struct top_func *f = top_funcs_at(m->t->funcs, h->func);
	struct top_cell *cells;
	struct top_row *row;
	unsigned k;

	if ((f->kernel ? m->show->hide_kernel : m->show->hide_user) ||
	    !contains(f->name, m->show->filter))
		return;
	if (!h->n && !m->show->idle && !m->ended)
		return;
	row = table_add(m->d);
	cells = table_cells(m->d, row);
	row->key = row->func = h->func;
	row->pid = m->show->pid;
	row->flags = f->kernel ? TOP_ROW_KERNEL : 0;
	for (k = 0; k < m->d->cols.n; k++)
		cells[k] = func_cell(f, h, &m->d->cols.rules[k], all);
}

static bool hit_shown(const struct making *m, const struct hit *h)
{
	return !m->show->pid || h->pid == (uint32_t)m->show->pid;
}

/* The functions that were hit, each once; they are sorted. */
static size_t gather(struct making *m, struct func_hits *v, uint64_t *all)
{
	const struct frame *f = m->f;
	size_t i, n = 0;

	*all = 0;
	for (i = 0; i < f->nhits; i++) {
		const struct hit *h = &f->hits[i];

		if (!hit_shown(m, h))
			continue;
		if (n == 0 || v[n - 1].func != h->func)
			v[n++] = (struct func_hits){ .func = h->func };
		v[n - 1].n += h->n;
		v[n - 1].sum += h->sum;
	}
	for (i = 0; i < n; i++) {
		if (m->since)
			v[i].n = since_sum(&v[i], m->since, m->show->pid);
		if (m->t->has_zero)
			v[i].sum = since_sum(&v[i], &m->t->zero, m->show->pid);
		*all += v[i].n;
	}
	return n;
}

static void add_funcs(struct making *m)
{
	struct func_hits *v = xcalloc(m->f->nhits + 1, sizeof(*v));
	uint64_t all;
	size_t i, n = gather(m, v, &all);

	for (i = 0; i < n; i++)
		if (v[i].sum)
			add_func(m, &v[i], all);
	free(v);
}

static struct top_cell annot_cell(const struct top_line *l,
				  const struct column_rule *r, uint64_t all)
{
	switch (r->from) {
	case FROM_SHARE:
		return l->samples ? number(100.0 * (double)l->samples /
					   (double)all) :
				    none("it was not hit");
	case FROM_SAMPLES:
		return l->samples ? number((double)l->samples) :
				    none("it was not hit");
	case FROM_ADDRESS:
		return (struct top_cell){ .value = (double)l->addr,
					  .text = l->hex };
	case FROM_SOURCE:
		return text(l->source);
	default:
		return text(l->text);
	}
}

static void add_annotation(struct making *m)
{
	struct top *t = m->t;
	uint64_t all = 0;
	char *why = NULL;
	size_t i, n;
	unsigned k;

	top_lines_free(t->lines);
	t->lines = t->sampler ? sampler_lines(t->sampler, m->show->func,
					      m->show->pid, &why) :
				NULL;
	if (!t->lines) {
		free(m->d->note);
		m->d->note = why ? why :
				   xstrdup("a recording has functions, and no "
					   "instructions");
		return;
	}
	n = top_lines_count(t->lines);
	for (i = 0; i < n; i++)
		all += top_lines_at(t->lines, i)->samples;
	for (i = 0; i < n; i++) {
		const struct top_line *l = top_lines_at(t->lines, i);
		struct top_row *row = table_add(m->d);
		struct top_cell *cells = table_cells(m->d, row);

		row->key = l->addr;
		row->func = m->show->func;
		for (k = 0; k < m->d->cols.n; k++)
			cells[k] = annot_cell(l, &m->d->cols.rules[k], all);
	}
}

static void add_rows(struct making *m)
{
	unsigned i;

	switch (m->show->view) {
	case TOP_FUNCTIONS:
		add_funcs(m);
		break;
	case TOP_ANNOTATE:
		add_annotation(m);
		break;
	case TOP_EVENTS:
		for (i = 0; i < m->t->ev.nctrs; i++)
			add_event(m, i);
		break;
	case TOP_CPUS:
		for (i = 0; i < m->f->ncpus; i++)
			add_cpu(m, i);
		break;
	default:
		add_lines(m);
	}
}

void top_rows_make(struct top *t, const struct top_show *show,
		   struct top_view_data *d)
{
	struct making m = { .t = t, .show = show, .d = d };
	uint64_t ns;

	m.f = top_frame(t);
	if (show->difference && t->has_mark)
		m.since = &t->mark;
	ns = m.f->duration_ns;
	if (m.since)
		ns = m.f->elapsed_ns > m.since->elapsed_ns ?
			     m.f->elapsed_ns - m.since->elapsed_ns :
			     0;
	m.seconds = (double)ns / 1e9;
	m.ended = show->pid && frame_has_ended(m.f, show->pid);
	add_rows(&m);
}
