/* SPDX-License-Identifier: MIT
 *
 * result.c - from the values of the contexts to the rows that are printed:
 * sums over threads or CPUs, estimates for what was multiplexed, the mean of
 * repeated runs.  Formats nothing.
 */
#include "config.h"

#include "count.h"

#include <stdlib.h>

static const char *const never_ran = "never ran on the PMU: more events than "
				     "counters, or they are taken";
static const char *const no_turn = "its set never had a turn: count longer, "
				   "or let the turns be shorter";
static const char *const other_run = "in the set of another run";
static const char *const elsewhere = "its PMU counts on one CPU of each "
				     "package, not on this one";

bool row_is_elsewhere(const struct row *row)
{
	return row->reason == other_run;
}

double row_value(const struct row *row)
{
	if (row->stats.n)
		return row->stats.mean;
	return (row->is_scaled ? row->est.value : (double)row->count) *
	       row->ctr->ev.scale;
}

bool row_is_real(const struct row *row)
{
	return row->is_scaled || row->stats.n || row->ctr->ev.scale != 1;
}

const char *row_kind(const struct row *row)
{
	if (row->stats.n)
		return "derived";
	return row->is_scaled ? "scaled" : "counted";
}

/* Do the values of a slot belong to the target of this row? */
static bool same_target(const struct row *row, const struct slot *slot)
{
	switch (row->kind) {
	case TARGET_CPU:
		return row->id == slot->cpu;
	case TARGET_THREAD:
		return row->id == slot->tid;
	case TARGET_PROCESS:
		return row->id == slot->tgid;
	default:
		return true;
	}
}

/* The only number of a list such as that of -p, or -1. */
static pid_t only_id(const struct strlist *list)
{
	char *end;
	long id;

	if (list->n != 1)
		return -1;
	id = strtol(list->v[0], &end, 10);
	return *end ? -1 : (pid_t)id;
}

/* Target of the rows that the slot belongs to. */
static struct row row_of(const struct session *s, const struct slot *slot)
{
	const struct count_opt *opt = s->opt;
	struct row row = { .id = -1, .comm = "", .kind = TARGET_COMMAND };

	if (opt->per == PER_CPU) {
		row.kind = TARGET_CPU;
		row.id = slot->cpu;
	} else if (opt->per == PER_THREAD) {
		row.kind = TARGET_THREAD;
		row.id = slot->tid;
		row.tgid = slot->tgid;
		row.comm = slot->comm;
	} else if (opt->per == PER_PROCESS) {
		row.kind = TARGET_PROCESS;
		row.id = row.tgid = slot->tgid;
		row.comm = slot->comm;
	} else if (slot->cpu >= 0) {
		row.kind = TARGET_SYSTEM;
	} else if (opt->pids.n) {
		row.kind = TARGET_PROCESS;
		row.id = only_id(&opt->pids);
	} else if (opt->tids.n) {
		row.kind = TARGET_THREAD;
		row.id = only_id(&opt->tids);
	}
	if (s->pin.cpu >= 0) {
		row.kind = TARGET_CPU;
		row.id = s->pin.cpu;
	}
	return row;
}

/*
 * The first row of the slot's target, made when it is not there yet.  A thread
 * is its own target, even if a number comes back.
 */
static struct row *find_rows(const struct session *s, const struct slot *slot,
			     struct result *res)
{
	struct row model = row_of(s, slot), *rows;
	size_t i;

	if (s->opt->per == PER_TOTAL && res->nrows)
		return res->rows;
	for (i = 0; s->opt->per != PER_THREAD && i < res->nrows; i += s->nctrs)
		if (same_target(&res->rows[i], slot))
			return &res->rows[i];
	i = res->nrows;
	res->nrows += s->nctrs;
	res->rows = xreallocarray(res->rows, res->nrows, sizeof(*res->rows));
	rows = &res->rows[i];
	for (i = 0; i < s->nctrs; i++) {
		rows[i] = model;
		rows[i].ctr = &s->ctrs[i];
		rows[i].reason =
			s->ctrs[i].reason ? s->ctrs[i].reason : elsewhere;
	}
	return rows;
}

static void add_value(struct row *row, const struct value *now,
		      const struct value *old)
{
	uint64_t count = now->count - old->count;
	uint64_t enabled = now->enabled_ns - old->enabled_ns;
	uint64_t running = now->running_ns - old->running_ns;
	struct estimate e =
		estimate_total(&now->slices, &old->slices, (double)count,
			       (double)running, (double)enabled);

	row->reason = NULL;
	row->nslots++;
	row->count += count;
	row->enabled_ns += enabled;
	row->running_ns += running;
	row->is_scaled |= running < enabled;
	row->est = row->nslots > 1 ? estimate_add(row->est, e) : e;
}

static void add_slot(const struct session *s, const struct slot *slot,
		     struct row *rows, bool interval)
{
	static const struct value zero;
	unsigned k;

	for (k = 0; k < s->nctrs; k++) {
		const char *why = slot->at->why[k];

		if (slot->has[k]) {
			add_value(&rows[k], &slot->now[k],
				  interval ? &slot->old[k] : &zero);
			rows[k].in = slot->at->in[k];
			rows[k].nsets = slot->at->nsets;
			rows[k].is_scaled &= !s->opt->no_scale;
		} else if (why && !s->ctrs[k].reason && !rows[k].nslots) {
			rows[k].reason = counter_reason(&s->ctrs[k], why);
		} else if (slot_elsewhere(s, slot, k) && !s->ctrs[k].reason &&
			   !rows[k].nslots) {
			rows[k].reason = other_run;
		}
	}
}

/* What a slot of several says against the value of their row, or NULL. */
static const char *lack_of(const struct session *s, const struct slot *slot,
			   unsigned k)
{
	if (slot->has[k])
		return slot->ended;
	return s->ctrs[k].reason ? NULL : slot->at->why[k];
}

/* The slots that lack the same for the same reason as slot i, from it on. */
static char *list_lacking(const struct session *s, unsigned i, unsigned k)
{
	const char *why = lack_of(s, &s->slots[i], k);
	struct cpus cpus = { 0 };

	for (; i < s->nslots; i++)
		if (lack_of(s, &s->slots[i], k) == why)
			cpus_set(&cpus, (unsigned)s->slots[i].cpu);
	return cpus_format(&cpus);
}

/* "not from CPU 1-3: counter 0 is taken; CPU 4 went offline after 2.1 s" */
static void tell_lacks(struct session *s, struct row *row, unsigned k)
{
	char *text = NULL, *more, *cpus;
	const char *why;
	unsigned i, j;

	for (i = 0; i < s->nslots; i++) {
		why = lack_of(s, &s->slots[i], k);
		for (j = 0; j < i; j++)
			if (lack_of(s, &s->slots[j], k) == why)
				break;
		if (!why || j < i)
			continue;
		cpus = list_lacking(s, i, k);
		more = xasprintf("%s%s%s%s%s%s", text ? text : "",
				 text ? "; " : "",
				 s->slots[i].has[k] ? "CPU " : "not from CPU ",
				 cpus, s->slots[i].has[k] ? " " : ": ",
				 counter_reason(&s->ctrs[k], why));
		free(cpus);
		free(text);
		text = more;
	}
	if (text)
		row->lacks = session_keep(s, text);
	free(text);
}

/* What the registers of a CPU did not keep is nobody's value. */
static void judge_rows(struct session *s, struct result *res)
{
	bool each = s->opt->per == PER_CPU || s->pin.cpu >= 0;
	unsigned i, k;
	struct row *rows;

	for (i = 0; i < s->nslots; i++) {
		const struct slot *slot = &s->slots[i];

		rows = find_rows(s, slot, res);
		for (k = 0; k < s->nctrs; k++) {
			if (slot->has[k] && slot->lost)
				rows[k].reason = slot->lost;
			else if (slot->has[k] && each)
				rows[k].lacks = slot->ended;
		}
	}
	for (k = 0; !each && k < res->nrows; k++)
		if (!res->rows[k].reason)
			tell_lacks(s, &res->rows[k], k);
}

void result_build(struct session *s, struct result *res, bool interval)
{
	unsigned i;
	size_t r;

	for (i = 0; i < s->nslots; i++)
		add_slot(s, &s->slots[i], find_rows(s, &s->slots[i], res),
			 interval);
	if (s->msr)
		judge_rows(s, res);
	for (r = 0; r < res->nrows; r++)
		if (res->rows[r].enabled_ns && !res->rows[r].running_ns)
			res->rows[r].reason =
				res->rows[r].nsets > 1 ? no_turn : never_ran;
	res->nctrs = s->nctrs;
	res->counted_ns = session_counted_ns(s);
	if (interval)
		res->counted_ns -= s->old_counted_ns;
}

/* Mean and the rest of one row over the runs in which it has a value. */
static struct row_stats stats_of(const struct result *runs, unsigned n,
				 size_t row)
{
	struct row_stats st = { 0 };
	double sum = 0, squares = 0, v;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (runs[i].rows[row].reason)
			continue;
		v = row_value(&runs[i].rows[row]);
		if (!st.n || v < st.min)
			st.min = v;
		if (!st.n || v > st.max)
			st.max = v;
		sum += v;
		st.n++;
	}
	if (!st.n)
		return st;
	st.mean = sum / st.n;
	/* A second pass: the sum of squares alone loses all digits. */
	for (i = 0; i < n; i++) {
		if (runs[i].rows[row].reason)
			continue;
		v = row_value(&runs[i].rows[row]) - st.mean;
		squares += v * v;
	}
	if (st.n > 1)
		st.dev = root(squares / (st.n - 1));
	return st;
}

void result_mean(struct result *mean, const struct result *runs, unsigned n)
{
	unsigned i;
	size_t r;

	*mean = runs[n - 1];
	mean->runs = runs;
	mean->nruns = n;
	mean->elapsed_ns = mean->counted_ns = 0;
	mean->user_ns = mean->system_ns = 0;
	mean->share.others_ns = mean->share.elapsed_ns = 0;
	mean->status = mean->signal = 0;
	for (i = 0; i < n; i++) {
		/* The first that failed, as pfmon's own status. */
		if (!mean->status) {
			mean->status = runs[i].status;
			mean->signal = runs[i].signal;
		}
		mean->elapsed_ns += runs[i].elapsed_ns / n;
		mean->counted_ns += runs[i].counted_ns / n;
		mean->user_ns += runs[i].user_ns / n;
		mean->system_ns += runs[i].system_ns / n;
		mean->share.known &= runs[i].share.known;
		mean->share.others_ns += runs[i].share.others_ns / n;
		mean->share.elapsed_ns += runs[i].share.elapsed_ns / n;
	}
	mean->rows = xcalloc(mean->nrows, sizeof(*mean->rows));
	for (r = 0; r < mean->nrows; r++) {
		struct row *row = &mean->rows[r];

		*row = runs[n - 1].rows[r];
		row->stats = stats_of(runs, n, r);
		row->enabled_ns = row->running_ns = 0;
		if (row->stats.n)
			row->reason = NULL;
		for (i = 0; i < n; i++) {
			row->enabled_ns += runs[i].rows[r].enabled_ns;
			row->running_ns += runs[i].rows[r].running_ns;
			row->is_scaled |= runs[i].rows[r].is_scaled;
		}
	}
}

void result_release(struct result *res)
{
	free(res->rows);
	*res = (struct result){ 0 };
}
