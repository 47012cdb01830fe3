/* SPDX-License-Identifier: MIT
 *
 * top-fake.c - a model of pfmon top whose numbers are known, under the real
 * screen: SIGUSR2 ends an interval, so nothing in a test depends on time.  Row i
 * of 30 has in interval n the count 100 * i + n.  The calls that ask for
 * something are told as messages.
 */
#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "top-screen.h"

#define ROWS 30
#define PIDS 9004000 /* no process of a machine has such a number */

const char *const top_views[] = { "processes", "functions", "cpus",
				  "events",    "memory",    "annotate" };
const char *const top_titles[] = { "Processes", "Functions", "CPUs",
				   "Events",    "Memory",    "Annotate" };

struct top {
	unsigned last, at, mark, zero, set;
	bool frozen, marked, threads, replay;
	uint64_t interval;
	char events[128], message[256], title[64];
	struct top_head head;
	struct top_table table;
	/* New ones for each table, for the old ones must not be used. */
	struct top_column *cols;
	struct top_row *rows;
	struct top_cell *cells; /* COLUMNS of each row */
	char names[ROWS][64];
	pid_t child; /* a row is a process that may be signalled */
};

static int wake[2];
static const float busy[] = { 10, 90, 50, 0 };

static void on_usr2(int sig)
{
	ssize_t n = write(wake[1], "", 1);

	(void)sig;
	(void)n;
}

static const struct top_column columns[] = {
	{ .id = "pid",
	  .title = "PID",
	  .desc = "process",
	  .kind = TOP_ID,
	  .width = 7 },
	{ .id = "user",
	  .title = "USER",
	  .desc = "whose it is",
	  .kind = TOP_TEXT,
	  .width = 8,
	  .left = true },
	{ .id = "cpu",
	  .title = "CPU%",
	  .desc = "of one CPU",
	  .kind = TOP_PERCENT,
	  .width = 6,
	  .digits = 1 },
	{ .id = "faults",
	  .title = "faults",
	  .desc = "page faults",
	  .kind = TOP_COUNT,
	  .width = 8,
	  .sums = true },
	{ .id = "ipc",
	  .title = "IPC",
	  .desc = "instructions a cycle",
	  .kind = TOP_RATIO,
	  .width = 5,
	  .digits = 2,
	  .reason = "this machine has no PMU" },
	{ .id = "trend",
	  .title = "last 30 s",
	  .desc = "CPU% of late",
	  .kind = TOP_SPARK,
	  .width = 10,
	  .left = true },
	{ .id = "state",
	  .title = "STATE",
	  .desc = "a long word of it",
	  .kind = TOP_TEXT,
	  .width = 20,
	  .left = true },
	{ .id = "command",
	  .title = "COMMAND",
	  .desc = "what runs",
	  .kind = TOP_TEXT,
	  .width = 10,
	  .left = true },
};
#define COLUMNS ARRAY_SIZE(columns)

const struct top_column *top_columns(struct top *t, enum top_view view,
				     unsigned *n)
{
	(void)view;
	*n = COLUMNS;
	free(t->cols);
	t->cols = xcalloc(COLUMNS, sizeof(*t->cols));
	memcpy(t->cols, columns, sizeof(columns));
	return t->cols;
}

static void say(struct top *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(struct top *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->message, sizeof(t->message), fmt, ap);
	va_end(ap);
	on_usr2(0);
	t->last--; /* that wakes it, and is no interval */
}

static void forget_rows(struct top *t)
{
	free(t->rows);
	free(t->cells);
	t->rows = NULL;
	t->cells = NULL;
}

struct top *top_new(const struct top_opt *opt)
{
	pid_t parent;
	struct top *t = xcalloc(1, sizeof(*t));
	struct sigaction sa = { .sa_handler = on_usr2, .sa_flags = SA_RESTART };

	if (pipe(wake) < 0)
		die("pipe: %m");
	sigaction(SIGUSR2, &sa, NULL);
	t->interval = opt->interval_ns;
	t->replay = opt->replay != NULL;
	t->set = 1;
	t->last = t->at = 10;
	snprintf(t->events, sizeof(t->events), "faults,cycles");
	parent = getpid();
	t->child = fork();
	if (t->child == 0) {
		signal(SIGUSR2, SIG_DFL);
		/* not left behind by a crash */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		for (;;)
			pause();
	}
	return t;
}

void top_start(struct top *t)
{
	(void)t;
}

int top_free(struct top *t)
{
	kill(t->child, SIGKILL);
	forget_rows(t);
	free(t->cols);
	free(t);
	return 0;
}

int top_fd(const struct top *t)
{
	(void)t;
	return wake[0];
}

unsigned top_dispatch(struct top *t)
{
	char c;

	forget_rows(t);
	if (read(wake[0], &c, 1) == 1)
		t->last++;
	if (!t->frozen)
		t->at = t->last;
	return TOP_NEW_FRAME | (*t->message ? TOP_MESSAGE : 0);
}

unsigned top_refresh(struct top *t)
{
	return top_dispatch(t);
}

const char *top_message(struct top *t)
{
	static char buf[sizeof(t->message)];

	memcpy(buf, t->message, sizeof(buf));
	t->message[0] = '\0';
	return *buf ? buf : NULL;
}

const struct top_head *top_head(struct top *t)
{
	struct top_head *h = &t->head;
	unsigned i;

	*h = (struct top_head){
		.machine = "fake",
		.backend = "none",
		.ncpus = ARRAY_SIZE(busy),
		.interval_ns = t->interval,
		.duration_ns = t->interval,
		.marked_ns = (t->at - t->mark) * NS_PER_S,
		.time_ns = (1000 + t->at) * NS_PER_S,
		.busy = 37.5,
		.cpu_busy = busy,
		.ghz = { NAN, NULL, "none" },
		.ipc = { 1.5, NULL, NULL },
		.llc = { NAN, NULL, "none" },
		.processes = ROWS,
		.running = 2,
		.threads = 44,
		.counted = 3,
		.sets = 2,
		.set = t->set,
		.frozen = t->frozen,
		.marked = t->marked,
		.replay = t->replay,
		.back = t->last - t->at,
		.notice = t->replay ? "" : "own processes only",
		.skipped = "",
		.slots = strcmp(t->events, "of core") != 0 ?
				 "" :
				 "slots  retiring 31",
	};
	for (i = 0; i < TOP_HEAD_SPARK; i++) {
		h->ipc_spark[i] = h->busy_spark[i] = (float)i;
		h->llc_spark[i] = NAN;
	}
	return h;
}

static const char *const odd_names[] = {
	"evil\033[2J\033]0;x\007name",
	"wide \xe6\xbc\xa2\xe5\xad\x97 name",
	"bad \xff\xc3( bytes",
	"turn\xe2\x80\xaeround",
};

static void make_row(struct top *t, const struct top_show *show, unsigned i)
{
	struct top_cell *c = t->cells + t->table.nrows * COLUMNS;
	struct top_row *row = &t->rows[t->table.nrows];
	double n = 100.0 * i + t->at - t->zero;
	char *name = t->names[i];

	if (show->view == TOP_FUNCTIONS)
		snprintf(name, sizeof(t->names[i]), "function_%u_of_%d", i,
			 (int)show->pid);
	else if (show->view == TOP_ANNOTATE)
		snprintf(name, sizeof(t->names[i]), "line %u of function %u", i,
			 show->func);
	else if (i < ARRAY_SIZE(odd_names))
		snprintf(name, sizeof(t->names[i]), "%s", odd_names[i]);
	else
		snprintf(name, sizeof(t->names[i]), "%s %s-%u%s",
			 show->name ? "name" : "/bin/command",
			 top_views[show->view], i, t->threads ? " thread" : "");
	if (show->filter && !strstr(name, show->filter))
		return;
	if (show->user && strcmp(show->user, i % 2 ? "root" : "build") != 0)
		return;
	if ((show->hide_kernel && i % 3 == 0) || (show->hide_user && i % 3))
		return;
	*row = (struct top_row){
		.key = 1000 + i,
		.pid = show->view == TOP_CPUS ? 0 :
		       i == 5                 ? t->child :
						(pid_t)(PIDS + i),
		.flags = i % 3 ? 0 : TOP_ROW_KERNEL,
		.depth = show->tree ? i % 4 : 0,
		.func = i + 7,
		.cells = c,
	};
	c[0] = (struct top_cell){ row->pid, NULL, NULL };
	c[1] = (struct top_cell){ NAN, i % 2 ? "root" : "build", NULL };
	c[2] = (struct top_cell){ i, NULL, NULL };
	c[3] = (struct top_cell){ show->difference ? t->at - t->mark : n, NULL,
				  NULL };
	c[4] = (struct top_cell){ NAN, NULL, NULL };
	c[5] = (struct top_cell){ NAN, NULL, NULL };
	c[6] = (struct top_cell){ NAN, "sleeping", NULL };
	c[7] = (struct top_cell){ NAN, name, NULL };
	t->table.nrows++;
}

const struct top_table *top_table(struct top *t, const struct top_show *show)
{
	struct top_table *table = &t->table;
	unsigned i, n, sorted = 2;

	forget_rows(t);
	t->rows = xcalloc(ROWS, sizeof(*t->rows));
	t->cells = xcalloc((size_t)ROWS * COLUMNS, sizeof(*t->cells));
	top_columns(t, show->view, &n);
	for (i = 0; show->sort && i < COLUMNS; i++)
		if (!strcmp(columns[i].id, show->sort))
			sorted = i;
	if (show->pid)
		snprintf(t->title, sizeof(t->title), "functions of %d",
			 (int)show->pid);
	else
		t->title[0] = '\0';
	*table = (struct top_table){
		.view = show->view,
		.cols = t->cols,
		.rows = t->rows,
		.ncols = n,
		.sorted = sorted,
		.inverted = show->invert,
		.title = t->title,
		.note = show->idle ? "idle ones, too" : "",
	};
	for (i = 0; i < ROWS; i++)
		make_row(t, show, show->invert ? ROWS - 1 - i : i);
	table->nall = table->nrows;
	return table;
}

unsigned top_spark(struct top *t, uint64_t key, float *values, unsigned max)
{
	unsigned i, n = max < 10 ? max : 10;

	(void)t;
	for (i = 0; i < n; i++)
		values[i] = key == 1000 ? 0 : (float)(10 * i);
	return n;
}

void top_format(const struct top_column *col, const struct top_cell *cell,
		char *buf, size_t size)
{
	if (col->kind == TOP_TEXT)
		snprintf(buf, size, "%s", cell->text);
	else if (isnan(cell->value))
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.*f", (int)col->digits, cell->value);
}

void top_look(struct top *t, enum top_view view, pid_t pid)
{
	(void)t;
	(void)view;
	(void)pid;
}

void top_set_threads(struct top *t, bool on)
{
	t->threads = on;
}

void top_freeze(struct top *t, bool on)
{
	t->frozen = on;
	if (!on)
		t->at = t->last;
}

size_t top_seek(struct top *t, long step)
{
	forget_rows(t);
	if ((step > 0 && t->at < t->last) || (step < 0 && t->at > 1))
		t->at += (unsigned)step;
	t->frozen = true;
	return t->last - t->at;
}

void top_mark(struct top *t, bool on)
{
	t->marked = on;
	t->mark = on ? t->at : 0;
}

void top_zero(struct top *t)
{
	t->zero = t->at;
	warn("told on standard error");
}

int top_set_events(struct top *t, const char *list, char **why)
{
	if (!strncmp(list, "bad", 3)) {
		*why = xasprintf("no event '%s'", list);
		return -1;
	}
	snprintf(t->events, sizeof(t->events), "%s", list);
	return 0;
}

int top_set_group(struct top *t, const char *name, char **why)
{
	if (!strcmp(name, "core")) {
		snprintf(t->events, sizeof(t->events), "of core");
		return 0;
	}
	*why = xasprintf("no group '%s'", name);
	return -1;
}

const char *const *top_group_names(struct top *t, size_t *n)
{
	static const char *const names[] = { "core", "refused" };

	(void)t;
	*n = ARRAY_SIZE(names);
	return names;
}

void top_next_set(struct top *t)
{
	t->set = 3 - t->set;
}

void top_set_interval(struct top *t, uint64_t ns)
{
	t->interval = ns;
}

const char *top_events(const struct top *t)
{
	return t->events;
}

int top_record(struct top *t, const pid_t *pids, size_t n, const char *path,
	       uint64_t duration_ns, char **why)
{
	(void)why;
	say(t, "%zu from %d for %llu s are in %s", n, (int)pids[0],
	    (unsigned long long)(duration_ns / NS_PER_S), path);
	return 0;
}

char *top_print(const struct top_head *head, const struct top_table *table,
		enum top_form form)
{
	static const char *const forms[] = { "text", "json", "csv" };

	return xasprintf("%s %s %zu\n", head->machine, forms[form],
			 table->nrows);
}

/* The table of keys, a line for each: its keys, a tab, what it does. */
static int print_keys(void)
{
	char names[64];
	size_t i;

	for (i = 0; i < key_count; i++) {
		key_names(&key_table[i], names, sizeof(names));
		printf("%s\t%s\n", names, key_table[i].what);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct top_opt opt = { .interval_ns = NS_PER_S };
	const char *mode = argc > 1 ? argv[1] : "";
	struct top *t;
	int status;

	if (!strcmp(mode, "keys"))
		return print_keys();
	if (!strcmp(mode, "replay"))
		opt.replay = "file";
	t = top_new(&opt);
	top_start(t);
	status = top_screen(t, &opt);
	top_free(t);
	return status;
}
