/* SPDX-License-Identifier: MIT
 *
 * t-top-live.c - the model of pfmon top as its screen uses it, on a worker that
 * does what it is told: history back and forth, mark and difference, zero,
 * threads, other events, functions and the instructions of one, a recording of
 * a row.  Each interval is ended by hand, so that nothing is timed.
 */
#include "config.h"

#include "cmd/top-priv.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sampling.h"
#include "tap.h"

#define WORKER "tests/work/order"

int top_screen(struct top *t, const struct top_opt *opt)
{
	(void)t;
	(void)opt;
	return 1;
}

static pid_t worker;
static FILE *to, *from;

static void start_worker(void)
{
	int in[2], out[2];
	char line[64];

	if (access(WORKER, X_OK) < 0 || pipe(in) < 0 || pipe(out) < 0)
		skip_all(WORKER " is not there");
	worker = fork();
	if (worker == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execl(WORKER, WORKER, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to = fdopen(in[1], "w");
	from = fdopen(out[0], "r");
	if (!fgets(line, sizeof(line), from))
		skip_all(WORKER " cannot be run");
}

static void tell(const char *order)
{
	char line[64];

	fprintf(to, "%s\n", order);
	fflush(to);
	if (!fgets(line, sizeof(line), from))
		diag("the worker is gone");
}

/* A whole number in the row of the worker, or of an event; -1: none. */
static long cell(struct top *t, const struct top_show *show, const char *row,
		 const char *id)
{
	const struct top_table *table = top_table(t, show);
	size_t i;
	unsigned k, name = table->ncols;

	for (k = 0; k < table->ncols; k++)
		if (!strcmp(table->cols[k].id, "event") ||
		    !strcmp(table->cols[k].id, "function"))
			name = k;
	for (i = 0; i < table->nrows; i++) {
		const struct top_row *r = &table->rows[i];

		if (row && (name == table->ncols ||
			    strcmp(r->cells[name].text, row) != 0))
			continue;
		if (!row && r->pid != worker)
			continue;
		for (k = 0; k < table->ncols; k++)
			if (!strcmp(table->cols[k].id, id))
				return isnan(r->cells[k].value) ?
					       -1 :
					       (long)(r->cells[k].value + 0.5);
	}
	return -1;
}

static const struct top_show events = { .view = TOP_EVENTS };

static void test_history(struct top *t)
{
	struct top_show since = events;

	top_refresh(t);
	tell("f 100");
	top_refresh(t);
	is_i64(cell(t, &events, "page-faults:u", "count"), 100,
	       "100 faults in an interval");
	tell("f 250");
	top_refresh(t);
	is_i64(cell(t, &events, "page-faults:u", "count"), 250,
	       "250 in the next");
	is_i64(cell(t, &events, "page-faults:u", "total"), 350, "350 in all");
	is_u64(top_seek(t, -1), 1, "one interval back");
	is_i64(cell(t, &events, "page-faults:u", "count"), 100,
	       "it has its own count");
	is_i64(cell(t, &events, "page-faults:u", "total"), 100,
	       "and its own total");
	ok(top_head(t)->frozen && top_head(t)->back == 1, "the head says so");
	top_mark(t, true);
	tell("f 40");
	top_refresh(t);
	is_i64(cell(t, &events, "page-faults:u", "count"), 100,
	       "what is looked at stays when an interval ends");
	is_u64(top_seek(t, 1), 1, "forward");
	is_u64(top_seek(t, 100), 0, "to the newest");
	ok(!top_head(t)->frozen, "which is live again");
	since.difference = true;
	is_i64(cell(t, &since, "page-faults:u", "count"), 290,
	       "since the mark, which was in the past");
	ok(top_head(t)->marked_ns > top_head(t)->duration_ns,
	   "that is longer than one interval");
	top_mark(t, false);
	top_zero(t);
	tell("f 7");
	top_refresh(t);
	is_i64(cell(t, &events, "page-faults:u", "total"), 7,
	       "after zero the total begins anew");
	is_u64(top_seek(t, -1000), 4, "as far back as there is");
	top_freeze(t, false);
}

static void test_threads(struct top *t)
{
	struct top_show show = { .threads = true, .idle = true };

	tell("t 2");
	top_set_threads(t, true);
	top_refresh(t);
	is_u64(top_table(t, &show)->nrows, 3, "three threads have a row each");
	top_set_threads(t, false);
	top_refresh(t);
	show.threads = false;
	is_u64(top_table(t, &show)->nrows, 1, "and the process one");
	tell("f 33");
	top_refresh(t);
	is_i64(cell(t, &events, "page-faults:u", "count"), 33,
	       "which is counted again");
}

static void test_change(struct top *t)
{
	char *why = NULL;

	ok(top_set_events(t, "minor-faults:u,task-clock", &why) == 0,
	   "other events");
	is_str(top_events(t), "minor-faults:u,task-clock", "they are listed");
	top_refresh(t);
	tell("f 60");
	top_refresh(t);
	is_i64(cell(t, &events, "minor-faults:u", "count"), 60, "and counted");
	ok(top_set_events(t, "nosuchevent", &why) < 0 && why && *why,
	   "an event that is none is refused: %s", why ? why : "");
	free(why);
	why = NULL;
	tell("f 61");
	top_refresh(t);
	is_i64(cell(t, &events, "minor-faults:u", "count"), 61,
	       "and the others go on");
	ok(top_set_group(t, "nosuchgroup", &why) < 0, "so is a group");
	free(why);
	top_next_set(t);
	ok(top_message(t) && !top_message(t), "one message, once");
}

static uint32_t func_named(struct top *t, const struct top_show *show,
			   const char *name)
{
	const struct top_table *table = top_table(t, show);
	size_t i;

	for (i = 0; i < table->nrows; i++)
		if (!strcmp(table->rows[i].cells[table->ncols - 1].text, name))
			return table->rows[i].func;
	return UINT32_MAX;
}

/* Samples of all rows; what the kernel did then is other people's load. */
static long samples_in(struct top *t, const struct top_show *show)
{
	const struct top_table *table = top_table(t, show);
	long sum = 0;
	size_t i;

	for (i = 0; i < table->nrows; i++)
		sum += (long)table->rows[i].cells[1].value;
	return sum;
}

static void test_functions(struct top *t)
{
	struct top_show show = { .view = TOP_FUNCTIONS,
				 .pid = worker,
				 .hide_kernel = true };
	const struct top_table *table;
	uint64_t hits = 0;
	char title[64];
	long busy, all;
	size_t i;

	top_look(t, TOP_FUNCTIONS, worker);
	if (!t->sampler) {
		skip("there are no samples here");
		return;
	}
	tell("b 300");
	top_refresh(t);
	busy = cell(t, &show, "busy", "samples");
	all = samples_in(t, &show);
	ok(busy * 100 >= all * 90 && busy > 0,
	   "busy() has its share: %ld of %ld samples", busy, all);
	snprintf(title, sizeof(title), "functions of %d order", (int)worker);
	is_str(top_table(t, &show)->title, title, "the title says of whom");
	show.func = func_named(t, &show, "busy");
	show.view = TOP_ANNOTATE;
	top_look(t, TOP_ANNOTATE, worker);
	table = top_table(t, &show);
	for (i = 0; i < table->nrows; i++)
		if (!isnan(table->rows[i].cells[1].value))
			hits += (uint64_t)table->rows[i].cells[1].value;
	ok(table->nrows > 1 && strtoull(table->rows[1].cells[2].text, NULL,
					16) == table->rows[1].key,
	   "an address has all of its bits");
	ok(table->nrows > 1 && hits > 0,
	   "its instructions: %zu lines, %llu samples", table->nrows,
	   (unsigned long long)hits);
	top_zero(t);
	top_look(t, TOP_PROCESSES, 0);
	ok(!t->sampler, "nothing is sampled any more");
}

/* Of one that may not be looked into, and has some memory. */
static void test_stat(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY), ready[2];
	uid_t uid = getuid() ? getuid() : 65534;
	struct proc_stat st = { .uid = 0 };
	unsigned long long rss = 0;
	char dir[16], path[32];
	pid_t pid;
	FILE *f;

	if (pipe(ready) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		char *v = malloc(1237 * 4096);

		memset(v, 1, 1237 * 4096);
		if (setuid(uid) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		    write(ready[1], v, 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], path, 1) != 1)
		diag("no child");
	snprintf(dir, sizeof(dir), "%d", (int)pid);
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	ok(f && fscanf(f, "%*u %llu", &rss) == 1, "a child has memory");
	ok(proc_stat_read(proc, dir, &st), "and is looked at");
	is_u64(st.uid, uid, "it is its user's");
	is_u64(st.rss, rss, "what is resident is what statm has");
	if (f)
		fclose(f);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(proc);
}

static void test_self(void)
{
	struct top_opt opt = { .interval_ns = NS_PER_S, .hz = 997 };
	struct top_show show = { .idle = true, .tree = true };
	const struct top_table *table;
	struct top *t;
	size_t i;

	t = top_new(&opt);
	top_start(t);
	top_refresh(t);
	table = top_table(t, &show);
	for (i = 0; i < table->nrows; i++)
		if (table->rows[i].pid == worker)
			break;
	ok(i < table->nrows && table->rows[i].depth > 0,
	   "the tree: a child stands below its parent");
	ok(top_head(t)->processes > 1 && top_head(t)->cpu_busy &&
		   top_head(t)->ncpus > 0,
	   "the head of the whole machine");
	top_free(t);
}

/* The last test: its functions are looked at, and it ends. */
static void test_end(void)
{
	struct top_opt opt = { .interval_ns = 3600 * NS_PER_S, .hz = 997 };
	struct top_show show = { .view = TOP_FUNCTIONS, .pid = worker };
	struct top *t = top_new(&opt);
	char note[64];
	bool sampled;

	top_start(t);
	top_refresh(t);
	top_look(t, TOP_FUNCTIONS, worker);
	tell("b 100");
	top_refresh(t);
	sampled = top_table(t, &show)->nrows > 0;
	ok(!strstr(top_table(t, &show)->note, "ended"), "it lives");
	top_seek(t, -2);
	ok(strstr(top_table(t, &show)->note, "while they are looked at"),
	   "before it was not looked at: %s", top_table(t, &show)->note);
	top_freeze(t, false);
	fclose(to);
	waitpid(worker, NULL, 0);
	top_refresh(t);
	snprintf(note, sizeof(note), "process %d has ended", (int)worker);
	is_str(top_table(t, &show)->note, note, "it has ended");
	top_refresh(t);
	is_str(top_table(t, &show)->note, note, "and is gone");
	if (sampled)
		ok(top_table(t, &show)->nrows > 0,
		   "the functions that it had are still seen");
	else
		skip("no samples here");
	top_free(t);
}

int main(void)
{
	static const char *list = "page-faults:u";
	struct top_opt opt = { .interval_ns = 3600 * NS_PER_S, .hz = 997 };
	char pid[16];
	const char *pids = pid;
	struct top *t;

	signal(SIGPIPE, SIG_IGN);
	smpl_register_builtin();
	start_worker();
	tell("f 1");
	snprintf(pid, sizeof(pid), "%d", (int)worker);
	opt.events = (struct strlist){ &list, 1 };
	opt.pids = (struct strlist){ &pids, 1 };
	t = top_new(&opt);
	top_start(t);
	if (t->ev.ctrs[0].reason)
		skip("numbers: %s", t->ev.ctrs[0].reason);
	else {
		test_history(t);
		test_threads(t);
		test_change(t);
		test_functions(t);
	}
	top_free(t);
	test_stat();
	test_self();
	test_end();
	fclose(from);
	return done_testing();
}
