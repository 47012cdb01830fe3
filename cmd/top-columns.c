/* SPDX-License-Identifier: MIT
 *
 * top-columns.c - which columns a view has, and what a value of one is made of.
 * What the counters give by default is one table; metrics of groups come from
 * their files, and a further event is a rate.
 */
#include "config.h"

#include "top-columns.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const top_why_text[WHYS] = {
	[WHY_NONE] = "not counted",
	[WHY_NEW] = "its counting began in this interval",
	[WHY_IDLE] = "it did not run, and is counted only while it does",
	[WHY_DENIED] = "no permission: see kernel.perf_event_paranoid",
	[WHY_KERNEL] = "a thread of the kernel: CPUs count it, tasks do not",
	[WHY_FILES] = "too many open files: see ulimit -Hn",
	[WHY_GONE] = "it ended before it was counted",
	[WHY_REST] = "only whole CPUs could tell",
	[WHY_BACKEND] = "--backend=msr: registers belong to a CPU",
	[WHY_FAILED] = "the kernel refuses to count it",
	[WHY_VIEW] = "the PMU is too small for CPUs and tasks at once",
	[WHY_SHARED] = "somebody else had the PMU for a part of the time",
	[WHY_SKIPPED] = "it was not looked at, to save time",
	[WHY_CLOCK] = "the clock of a CPU runs always",
};

/* The usual columns, if their events are there; by NULL: seconds. */
static const struct usual {
	const char *of, *by;
	double factor;
	struct top_column col;
} usual[] = {
	/* clang-format off */
	{ "cycles", "", 1, { .id = "ghz", .title = "GHz", .kind = TOP_RATIO,
	  .desc = "cycles by CPU time", .width = 5, .digits = 2 } },
	{ "instructions", "cycles", 1, { .id = "ipc", .title = "IPC",
	  .desc = "instructions by cycle", .kind = TOP_RATIO, .width = 5,
	  .digits = 2 } },
	{ "branch-misses", "branches", 100, { .id = "br-miss",
	  .title = "br-miss", .kind = TOP_PERCENT, .width = 7, .digits = 1,
	  .desc = "branches that were mispredicted, percent" } },
	{ "cache-misses", "instructions", 1000, { .id = "llc",
	  .title = "LLC/k", .kind = TOP_RATIO, .width = 6, .digits = 1,
	  .desc = "misses of the last cache by 1000 instructions" } },
	{ "page-faults", NULL, 1, { .id = "faults", .title = "faults/s",
	  .desc = "page faults a second", .kind = TOP_RATE, .width = 8,
	  .sums = true } },
	{ "context-switches", NULL, 1, { .id = "switches",
	  .title = "switch/s", .kind = TOP_RATE, .width = 8, .sums = true,
	  .desc = "context switches a second" } },
	{ "cpu-migrations", NULL, 1, { .id = "migrations",
	  .title = "migr/s", .kind = TOP_RATE, .width = 7, .sums = true,
	  .desc = "moves to another CPU a second" } },
	/* clang-format on */
};

#define FIXED(i, t, d, k, w)                                       \
	{                                                          \
		.id = (i), .title = (t), .desc = (d), .kind = (k), \
		.width = (w)                                       \
	}
static const struct top_column column_pid =
	FIXED("pid", "PID", "process", TOP_ID, 7);
static const struct top_column column_user = { .id = "user",
					       .title = "USER",
					       .desc = "whose it is",
					       .kind = TOP_TEXT,
					       .width = 9,
					       .left = true };
static const struct top_column column_state = { .id = "state",
						.title = "S",
						.desc = "R S D Z T; X: ended",
						.kind = TOP_TEXT,
						.width = 1,
						.left = true };
static const struct top_column column_busy = {
	.id = "cpu",
	.title = "CPU%",
	.desc = "CPU time, percent of one CPU",
	.kind = TOP_PERCENT,
	.width = 6,
	.digits = 1
};
static const struct top_column column_threads =
	FIXED("threads", "THR", "threads", TOP_ID, 4);
static const struct top_column column_rss =
	FIXED("rss", "RSS", "memory that is resident", TOP_BYTES, 7);
static const struct top_column column_minflt =
	FIXED("minflt", "minflt/s", "page faults without reading, a second",
	      TOP_RATE, 8);
static const struct top_column column_majflt =
	FIXED("majflt", "majflt/s", "page faults that read, a second", TOP_RATE,
	      8);
static const struct top_column column_spark =
	FIXED("trend", "last 12", "CPU% of the last intervals", TOP_SPARK, 12);
static const struct top_column column_command = { .id = "command",
						  .title = "COMMAND",
						  .desc = "its command line",
						  .kind = TOP_TEXT,
						  .width = 10,
						  .left = true };
static const struct top_column column_cpu =
	FIXED("number", "CPU", "its number", TOP_ID, 4);
static const struct top_column column_cpu_busy = {
	.id = "cpu",
	.title = "busy%",
	.desc = "time it was not idle, percent",
	.kind = TOP_PERCENT,
	.width = 6,
	.digits = 1
};

static const struct fixed {
	enum source from;
	struct top_column col;
} events[] = {
	/* clang-format off */
	{ FROM_EVENT, { .id = "event", .title = "EVENT",
	  .desc = "what is counted", .kind = TOP_TEXT, .width = 24,
	  .left = true } },
	{ FROM_COUNT, FIXED("count", "COUNT", "in the interval", TOP_COUNT,
			    16) },
	{ FROM_PER_SECOND, FIXED("rate", "RATE/s", "a second", TOP_RATE, 8) },
	{ FROM_TOTAL, FIXED("total", "TOTAL", "since the beginning", TOP_COUNT,
			    18) },
	{ FROM_NOTE, { .id = "note", .title = "HOW", .desc = "levels, event "
	  "set, whose counts it sums up", .kind = TOP_TEXT, .width = 10,
	  .left = true } },
}, functions[] = {
	{ FROM_SHARE, { .id = "share", .title = "SHARE",
	  .desc = "of the samples of the interval, percent",
	  .kind = TOP_PERCENT, .width = 6, .digits = 1 } },
	{ FROM_SAMPLES, FIXED("samples", "SAMPLES", "in the interval",
			      TOP_COUNT, 8) },
	{ FROM_SAMPLES_ALL, FIXED("total", "TOTAL",
				  "samples since the beginning", TOP_COUNT, 9) },
	{ FROM_OBJECT, { .id = "object", .title = "OBJECT",
	  .desc = "program or library", .kind = TOP_TEXT, .width = 20,
	  .left = true } },
	{ FROM_FUNCTION, { .id = "function", .title = "FUNCTION",
	  .desc = "its name", .kind = TOP_TEXT, .width = 20, .left = true } },
}, lines[] = {
	{ FROM_SHARE, { .id = "share", .title = "SHARE",
	  .desc = "of the function's samples, percent", .kind = TOP_PERCENT,
	  .width = 6, .digits = 1 } },
	{ FROM_SAMPLES, FIXED("samples", "SAMPLES", "since the beginning",
			      TOP_COUNT, 8) },
	{ FROM_ADDRESS, FIXED("address", "ADDRESS", "of the instruction",
			      TOP_ADDRESS, 12) },
	{ FROM_SOURCE, { .id = "source", .title = "SOURCE",
	  .desc = "file and line", .kind = TOP_TEXT, .width = 20,
	  .left = true } },
	{ FROM_TEXT, { .id = "instruction", .title = "INSTRUCTION",
	  .desc = "as the processor has it", .kind = TOP_TEXT, .width = 20,
	  .left = true } },
	/* clang-format on */
};

static struct column_rule *add(struct top_columns *c,
			       const struct top_column *col, enum source from)
{
	c->cols = xreallocarray(c->cols, c->n + 1, sizeof(*c->cols));
	c->rules = xreallocarray(c->rules, c->n + 1, sizeof(*c->rules));
	c->cols[c->n] = *col;
	c->rules[c->n] = (struct column_rule){ .from = from };
	return &c->rules[c->n++];
}

static void add_all(struct top_columns *c, const struct fixed *f, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add(c, &f[i].col, f[i].from);
}

static void add_value(struct top_columns *c, const struct top_column *col,
		      int a, double factor)
{
	struct column_rule *r = add(c, col, FROM_VALUES);

	r->a = a;
	r->b = BY_SECONDS;
	r->factor = factor;
}

static int val_of(const struct top *t, const char *event)
{
	int i = top_ctr_find(&t->ev, event);

	return i < 0 ? NO_COUNTER : VAL_CTR0 + i;
}

static const char *reason_of(struct top *t, int val)
{
	const struct top_ctr *c;

	if (val < VAL_CTR0)
		return NULL;
	c = &t->ev.ctrs[val - VAL_CTR0];
	if (!c->reason && c->hw && c->set != top_frame(t)->set)
		return "in another set; E takes the next";
	return c->reason;
}

/* Is the usual column there?  Its events may be known not to be counted. */
static void add_usual(struct top *t, struct top_columns *c,
		      const struct usual *u, bool *used)
{
	struct column_rule *r;
	int a = val_of(t, u->of);
	int b = !u->by ? BY_SECONDS : !*u->by ? VAL_CPU : val_of(t, u->by);
	const char *why;

	if (a == NO_COUNTER || b == NO_COUNTER)
		return;
	r = add(c, &u->col, FROM_VALUES);
	r->a = a;
	r->b = b;
	r->factor = u->factor;
	why = reason_of(t, a) ? reason_of(t, a) : reason_of(t, b);
	c->cols[c->n - 1].reason = why;
	used[a - VAL_CTR0] = true;
	if (b >= VAL_CTR0)
		used[b - VAL_CTR0] = true;
}

/* An event that no usual column has: how often a second. */
static void add_event(struct top *t, struct top_columns *c, unsigned i)
{
	const struct top_ctr *ctr = &t->ev.ctrs[i];
	char *id = xstrdup(ctr->label), *title, *desc, *p;
	struct top_column col = { .kind = TOP_RATE, .sums = true };
	struct column_rule *r;

	for (p = id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	title = xasprintf("%s/s", ctr->label);
	desc = xasprintf("%s a second", ctr->label);
	col.id = id;
	col.title = title;
	col.desc = desc;
	col.reason = reason_of(t, VAL_CTR0 + (int)i);
	col.width = (unsigned)strlen(title) < 8 ? 8 : (unsigned)strlen(title);
	r = add(c, &col, FROM_VALUES);
	r->a = VAL_CTR0 + (int)i;
	r->b = BY_SECONDS;
	r->factor = ctr->unparsed || ctr->ev.scale == 0 ? 1 : ctr->ev.scale;
	r->texts[0] = id;
	r->texts[1] = title;
	r->texts[2] = desc;
}

static void add_metric(struct top *t, struct top_columns *c, unsigned i)
{
	const struct group_metric *mt = t->ev.metrics[i].mt;
	const char *unit = mt->unit_name ? mt->unit_name : "";
	struct top_column col = { .kind = TOP_RATIO, .digits = 2 };
	struct column_rule *r;
	char *desc = xasprintf("%s%s%s", mt->desc ? mt->desc : mt->text,
			       *unit ? ", in " : "", unit);

	col.id = col.title = mt->name;
	col.desc = desc;
	col.width =
		(unsigned)strlen(mt->name) < 7 ? 7 : (unsigned)strlen(mt->name);
	r = add(c, &col, FROM_METRIC);
	r->metric = i;
	r->texts[0] = desc;
}

/* What was asked for: by events, else what a group makes of its own. */
static void add_counted(struct top *t, struct top_columns *c)
{
	bool used[TOP_CTRS] = { false };
	unsigned i, k;

	for (i = 0; i < t->ev.nuses; i++)
		for (k = 0; k < t->ev.uses[i].g->nevents; k++)
			used[t->ev.uses[i].ctr[k]] = t->ev.uses[i].g->nmetrics;
	for (i = 0; i < ARRAY_SIZE(usual); i++)
		add_usual(t, c, &usual[i], used);
	for (i = 0; i < t->ev.nctrs; i++)
		if (!used[i] && strcmp(t->ev.ctrs[i].label, "task-clock") != 0)
			add_event(t, c, i);
	for (i = 0; i < t->ev.nmetrics; i++)
		add_metric(t, c, i);
}

static void add_memory(struct top *t, struct top_columns *c)
{
	bool used[TOP_CTRS];
	size_t i;

	add(c, &column_rss, FROM_RSS);
	add_value(c, &column_minflt, VAL_MINFLT, 1);
	add_value(c, &column_majflt, VAL_MAJFLT, 1);
	for (i = 0; i < ARRAY_SIZE(usual); i++)
		if (!strcmp(usual[i].col.id, "llc") ||
		    !strcmp(usual[i].col.id, "faults"))
			add_usual(t, c, &usual[i], used);
}

static void add_task(struct top *t, enum top_view view, struct top_columns *c)
{
	add(c, &column_pid, FROM_PID);
	add(c, &column_user, FROM_USER);
	add(c, &column_state, FROM_STATE);
	add_value(c, &column_busy, VAL_CPU, 100 / 1e9);
	if (view == TOP_MEMORY) {
		add_memory(t, c);
	} else {
		add_counted(t, c);
		add(c, &column_threads, FROM_NTHREADS);
		add(c, &column_spark, FROM_SPARK);
	}
	add(c, &column_command, FROM_COMMAND);
}

void top_columns_build(struct top *t, enum top_view view, struct top_columns *c)
{
	*c = (struct top_columns){ .n = 0 };
	switch (view) {
	case TOP_FUNCTIONS:
		add_all(c, functions, ARRAY_SIZE(functions));
		break;
	case TOP_ANNOTATE:
		add_all(c, lines, ARRAY_SIZE(lines));
		break;
	case TOP_EVENTS:
		add_all(c, events, ARRAY_SIZE(events));
		break;
	case TOP_CPUS:
		add(c, &column_cpu, FROM_CPU);
		add_value(c, &column_cpu_busy, VAL_CPU, 100 / 1e9);
		add_counted(t, c);
		break;
	default:
		add_task(t, view, c);
	}
}

void top_columns_release(struct top_columns *c)
{
	unsigned i, k;

	for (i = 0; i < c->n; i++)
		for (k = 0; k < ARRAY_SIZE(c->rules[i].texts); k++)
			free(c->rules[i].texts[k]);
	free(c->cols);
	free(c->rules);
	*c = (struct top_columns){ .n = 0 };
}

static bool known(const struct column_of *of, int val)
{
	return of->has >> val & 1;
}

static const char *why_of(struct top *t, const struct column_of *of, int val)
{
	const char *reason = reason_of(t, val);
	const struct frame *f = top_frame(t);

	if (reason)
		return reason;
	if (val >= VAL_CTR0 && t->ev.ctrs[val - VAL_CTR0].hw &&
	    !(of->cpu ? f->hw_cpus : f->hw_tasks))
		return top_why_text[WHY_VIEW];
	if (of->cpu && of->why == WHY_NONE)
		return top_why_text[WHY_CLOCK];
	return top_why_text[of->why];
}

struct metric_values {
	struct top *t;
	const struct top_metric *m;
	const struct column_of *of;
};

static const char *get_constant(const struct metric_values *m, unsigned id,
				double *value)
{
	switch (id) {
	case GROUP_TIME:
		*value = m->of->seconds;
		return NULL;
	case GROUP_CPUS:
		*value = m->of->ncpus;
		return NULL;
	default:
		*value = m->t->ev.machine.g.value[id];
		return *value > 0 ? NULL : "it is not known here";
	}
}

static const char *get_value(void *arg, unsigned id, double *value,
			     double *error)
{
	const struct metric_values *m = arg;
	const struct top_ctr *c;
	int val;

	*error = 0;
	if (id < GROUP_EVENT0)
		return get_constant(m, id, value);
	val = VAL_CTR0 + (int)m->m->ctr[id - GROUP_EVENT0];
	if (!known(m->of, val))
		return why_of(m->t, m->of, val);
	c = &m->t->ev.ctrs[val - VAL_CTR0];
	*value = (double)m->of->v[val] *
		 (c->unparsed || c->ev.scale == 0 ? 1 : c->ev.scale);
	return NULL;
}

static void metric_value(struct top *t, unsigned metric,
			 const struct column_of *of, struct top_cell *cell)
{
	struct metric_values m = { t, &t->ev.metrics[metric], of };
	struct expr_result e;

	if (m.m->mt->needs & (GROUP_NEEDS_CPU | GROUP_NEEDS_PACKAGE) &&
	    !of->cpu) {
		cell->why = "it is a matter of whole CPUs: see their view";
		return;
	}
	group_eval(m.m->mt, get_value, &m, &e);
	if (e.has)
		cell->value = e.value;
	else
		cell->why = top_keep(t, e.why);
}

struct top_cell top_metric_value(struct top *t, unsigned metric,
				 const struct column_of *of)
{
	struct top_cell cell = { .value = NAN };

	metric_value(t, metric, of, &cell);
	return cell;
}

void top_columns_value(struct top *t, const struct column_rule *rule,
		       const struct column_of *of, struct top_cell *cell)
{
	double by = of->seconds;

	*cell = (struct top_cell){ .value = NAN };
	if (rule->from == FROM_METRIC) {
		metric_value(t, rule->metric, of, cell);
		return;
	}
	if (!known(of, rule->a)) {
		cell->why = why_of(t, of, rule->a);
		return;
	}
	if (rule->b >= 0 && !known(of, rule->b)) {
		cell->why = why_of(t, of, rule->b);
		return;
	}
	if (rule->b >= 0)
		by = (double)of->v[rule->b];
	if (by <= 0) {
		cell->why = "nothing was counted to divide by";
		return;
	}
	cell->value = rule->factor * (double)of->v[rule->a] / by;
}
