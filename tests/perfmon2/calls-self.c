/* SPDX-License-Identifier: MIT
 *
 * calls-self.c - a thread that counts for itself: load, start, stop, unload in
 * every order, values while it counts, threads and forks beside it, views of
 * its sets, its close and its end (perfmon2 reference, sections 5.2 to 5.7,
 * 5.12, 10.2 to 10.4; items 1 to 8, 14, 15, 44 of 15).
 */
#include "config.h"

#include "calls.h"

#define VIEW_RUNS 300u

static void self_plain(void)
{
	int fd = context(0);
	pfarg_setinfo_t i = info(fd, 0);

	EXPECT(has_bit(i.set_avail_pmcs, 0));
	EXPECT(has_bit(i.set_avail_pmds, 0));
	on_calls(fd, 0, 0, f);
	plain(fd, 0, 0);
	load(fd, getpid());
	EXPECT(pfm_start(fd, NULL) == 0);
	call(f, 1234);
	call(g, 99);
	EXPECT(pfm_stop(fd) == 0);
	call(f, 5);
	EXPECT_U64(value(fd, 0, 0), 1234);
	EXPECT(close(fd) == 0);
}

static void load_starts_nothing(void)
{
	int fd = calls_context(0, f);

	load(fd, tid());
	call(f, 10);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	call(f, 10);
	EXPECT_U64(value(fd, 0, 0), 10);
}

/* Only to ask it, before anything is loaded and while something counts. */
static void context_for_getinfo(void)
{
	pfarg_setinfo_t before, during;
	int tmp = context(0), fd;

	before = info(tmp, 0);
	close(tmp);
	fd = calls_context(0, f);
	load_and_start(fd);
	call(f, 3);
	tmp = context(0);
	during = info(tmp, 0);
	close(tmp);
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), 7);
	EXPECT(memcmp(before.set_avail_pmcs, during.set_avail_pmcs,
		      sizeof(before.set_avail_pmcs)) == 0);
	EXPECT(memcmp(before.set_avail_pmds, during.set_avail_pmds,
		      sizeof(before.set_avail_pmds)) == 0);
}

static void read_running(void)
{
	int fd = calls_context(0, f);

	load_and_start(fd);
	for (unsigned i = 1; i <= 200; i++) {
		call(f, 3);
		if (!EXPECT_U64(value(fd, 0, 0), 3 * i))
			break;
	}
}

static void write_running(void)
{
	static const uint64_t values[] = { 0, 1000, UINT64_C(1) << 40,
					   -UINT64_C(5000) };
	int fd = calls_context(0, f);

	load_and_start(fd);
	for (unsigned i = 0; i < 4; i++) {
		pfarg_pmd_t pmd = { .reg_num = SW, .reg_value = values[i] };

		call(f, 11);
		put(fd, &pmd);
		EXPECT_U64(value(fd, 0, 0), values[i]);
		call(f, 6);
		EXPECT_U64(value(fd, 0, 0), values[i] + 6);
		EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, values[i]);
	}
}

/* The PMC at once, and no PMD with it. */
static void write_pmc_running(void)
{
	int fd = calls_context(0, f);

	plain(fd, 1, 0);
	on_calls(fd, 1, 0, h);
	load_and_start(fd);
	call(f, 10);
	call(h, 2);
	on_calls(fd, 0, 0, g);
	EXPECT_U64(value(fd, 0, 0), 10);
	call(f, 100);
	call(g, 7);
	call(h, 3);
	EXPECT_U64(value(fd, 0, 0), 17);
	EXPECT_U64(value(fd, 1, 0), 5);
}

static void write_pmc_unloaded(void)
{
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_value = 55 };
	int fd = context(0);

	put(fd, &pmd);
	on_calls(fd, 0, 0, f);
	on_calls(fd, 0, 0, g);
	EXPECT_U64(value(fd, 0, 0), 55);
	load_and_start(fd);
	call(g, 2);
	EXPECT_U64(value(fd, 0, 0), 57);
}

/* PAPI's way from run to run on one context. */
static void cycles(void)
{
	int fd = calls_context(0, f);

	for (unsigned i = 1; i <= 5; i++) {
		load_and_start(fd);
		call(f, i);
		EXPECT(pfm_stop(fd) == 0);
		EXPECT(pfm_unload_context(fd) == 0);
		EXPECT_U64(value(fd, 0, 0), i * (i + 1) / 2);
		call(f, 50);
	}
	EXPECT(add_set(fd, 0, 0, 0) == 0);
	on_calls(fd, 0, 0, g);
	load_and_start(fd);
	call(f, 3);
	call(g, 4);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), 15 + 4);
	plain(fd, 0, 0);
	EXPECT_U64(value(fd, 0, 0), 0);
}

/* Not even stopped before. */
static void unload_running(void)
{
	int fd = calls_context(0, f);

	load_and_start(fd);
	call(f, 21);
	EXPECT(pfm_unload_context(fd) == 0);
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), 21);
	load(fd, tid());
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), 21);
	EXPECT_U64(err_of(pfm_stop(fd)), 0);
	EXPECT(pfm_start(fd, NULL) == 0);
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), 25);
}

static void *count_own_calls(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;
	int fd = calls_context(0, f);

	load_and_start(fd);
	GIVES(load_on(context(0), tid(), 0), EEXIST);
	GIVES(load_on(context(0), getpid(), 0), ESRCH);
	call(f, n);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), n);
	return NULL;
}

static void context_for_each_thread(void)
{
	pthread_t threads[4];
	int fd = calls_context(0, f);

	load_and_start(fd);
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count_own_calls,
			       (void *)(uintptr_t)(1000 + i));
	call(f, 17);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	call(f, 1);
	EXPECT_U64(value(fd, 0, 0), 18);
	GIVES(load_on(context(0), getpid(), 0), EEXIST);
}

static void papi_probe(void)
{
	int fd = context(0);

	EXPECT(add_set(fd, 1, PFM_SETFL_TIME_SWITCH, 1) == 0);
	EXPECT(drop_set(fd, 1) == 0);
	GIVES(ask_set(fd, 1), EINVAL);
	for (unsigned id = 1; id <= 3; id++) {
		EXPECT(add_set(fd, id, 0, 0) == 0);
		on_calls(fd, 0, id, f);
		plain(fd, 0, id);
	}
	load(fd, tid());
	EXPECT(start_set(fd, 2) == 0);
	call(f, 8);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(value(fd, 0, 2), 8);
	EXPECT(pfm_unload_context(fd) == 0);
	for (unsigned id = 1; id <= 3; id++)
		EXPECT(drop_set(fd, id) == 0);
	EXPECT(add_set(fd, 0, 0, 0) == 0);
	load_and_start(fd);
	EXPECT_U64(info(fd, 0).set_runs, 1);
}

static void vector_of_sets(void)
{
	pfarg_pmd_t pmds[4] = { { .reg_num = SW, .reg_value = 1 },
				{ .reg_num = SW, .reg_set = 9, .reg_value = 2 },
				{ .reg_num = SW, .reg_set = 3, .reg_value = 3 },
				{ .reg_num = SW + 1, .reg_value = 4 } };
	int fd = context(0);

	EXPECT(add_set(fd, 9, 0, 0) == 0);
	EXPECT(add_set(fd, 3, 0, 0) == 0);
	EXPECT(pfm_write_pmds(fd, pmds, 4) == 0);
	for (unsigned i = 0; i < 4; i++)
		pmds[i].reg_value = 0;
	EXPECT(pfm_read_pmds(fd, pmds, 4) == 0);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_U64(pmds[i].reg_value, i + 1);
}

static void twice(void)
{
	int fd = calls_context(0, f);
	uint64_t ns;

	load_and_start(fd);
	call(f, 5);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 6);
	GIVES(pfm_stop(fd), 0);
	EXPECT_U64(value(fd, 0, 0), 11);
	ns = info(fd, 0).set_act_duration;
	EXPECT(ns > 0);
	touch(reserve(1000), 1000);
	GIVES(pfm_stop(fd), 0);
	EXPECT_U64(info(fd, 0).set_act_duration, ns);
	EXPECT_U64(info(fd, 0).set_runs, 1);
	GIVES(pfm_unload_context(fd), 0);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(value(fd, 0, 0), 11);
	EXPECT_U64(info(fd, 0).set_act_duration, ns);
	load(fd, tid());
	EXPECT_U64(info(fd, 0).set_act_duration, 0);
	EXPECT_U64(info(fd, 0).set_runs, 1);
}

static void unload_keeps_messages(void)
{
	int fd = period_context(0, 10);

	load_and_start(fd);
	call(f, 10);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
}

/* A process that comes and goes in the middle of it. */
static void fork_in_the_run(void)
{
	int fd = period_context(0, 10), status;
	pid_t pid;

	load_and_start(fd);
	call(f, 4);
	pid = fork();
	if (pid == 0) {
		call(f, 35);
		_exit(err_of(read_pmd(fd, 0, 0)) == EBADF &&
				      err_of(pfm_stop(fd)) == EBADF ?
			      7 :
			      8);
	}
	waitpid(pid, &status, 0);
	EXPECT_U64(status, 7 << 8);
	EXPECT(is_silent(fd));
	EXPECT_U64(value(fd, 0, 0), -UINT64_C(6));
	call(f, 6);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_ovfl_pid, tid());
	EXPECT(pfm_restart(fd) == 0);
	call(f, 10);
	message(fd);
	EXPECT(is_silent(fd));
	EXPECT_U64(stats(fd).overflows, 2);
}

/* The child has contexts of its own, as if there had been none. */
static void fork_and_monitor(void)
{
	int fd = calls_context(0, f), own, status;
	pid_t pid;

	load_and_start(fd);
	call(f, 4);
	pid = fork();
	if (pid == 0) {
		own = calls_context(0, f);
		load_and_start(own);
		call(f, 5);
		EXPECT_U64(value(own, 0, 0), 5);
		_exit(behaviour_failed);
	}
	call(f, 3);
	waitpid(pid, &status, 0);
	EXPECT_U64(status, 0);
	EXPECT_U64(value(fd, 0, 0), 7);
}

static void ping_pong(void)
{
	int fd = calls_context(0, f), ping[2], pong[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ping) < 0 || pipe(pong) < 0)
		give_up();
	load_and_start(fd);
	pid = fork();
	if (pid == 0) {
		close(ping[1]);
		while (read(ping[0], &byte, 1) == 1) {
			call(f, 10);
			if (write(pong[1], &byte, 1) != 1)
				break;
		}
		_exit(0);
	}
	for (unsigned i = 0; i < 100; i++) {
		call(f, 1);
		EXPECT(write(ping[1], &byte, 1) == 1);
		EXPECT(read(pong[0], &byte, 1) == 1);
	}
	close(ping[1]);
	waitpid(pid, NULL, 0);
	EXPECT_U64(value(fd, 0, 0), 100);
}

/* One kernel thread and no other, whoever made it. */
static void one_thread_only(void)
{
	int fd = calls_context(0, f);

	load_and_start(fd);
	call(f, 2);
	worker_start();
	work(f, 300);
	worker_end();
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), 5);
}

static void closed_counting(void)
{
	int fd = calls_context(0, f), next = calls_context(0, f);

	load_and_start(fd);
	call(f, 2);
	close(fd);
	GIVES(pfm_stop(fd), EBADF);
	load_and_start(next);
	call(f, 5);
	EXPECT_U64(value(next, 0, 0), 5);
}

static int gone; /* the thread that is to end */

static void *monitor_itself(void *arg)
{
	gone = tid();
	load_and_start(*(int *)arg);
	call(f, 5);
	return NULL;
}

static void end_of_self(void)
{
	int fd = calls_context(0, f);
	pthread_t thread;

	pthread_create(&thread, NULL, monitor_itself, &fd);
	pthread_join(thread, NULL);
	/* It is joined while it exits. */
	while (syscall(SYS_tgkill, getpid(), gone, 0) == 0)
		sched_yield();
	EXPECT(is_silent(fd));
	EXPECT_U64(value(fd, 0, 0), 5);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
}

static uint64_t peek(const volatile uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* What a reader takes is of one moment: both PMDs count the same. */
static void *read_view(void *arg)
{
	const struct pfm_set_view *v = arg;
	unsigned long seq;
	uint64_t a, b, runs = 0;

	while (runs <= VIEW_RUNS) {
		seq = __atomic_load_n(&v->set_seq, __ATOMIC_ACQUIRE);
		a = peek(&v->set_pmds[SW]);
		b = peek(&v->set_pmds[SW + 1]);
		runs = peek(&v->set_runs);
		if (seq & 1 || seq != v->set_seq)
			continue;
		if (!EXPECT_U64(a, b) || !EXPECT_U64(a % 7, 0))
			break;
	}
	return NULL;
}

static void view_of_running(void)
{
	int fd = calls_context(PFM_FL_MAP_SETS, f);
	const struct pfm_set_view *v;
	pthread_t thread;

	EXPECT(add_set(fd, 1, 0, 0) == 0);
	on_calls(fd, 1, 0, f);
	plain(fd, 1, 0);
	v = pfm_set_map(fd, 0);
	if (!EXPECT(v))
		return;
	load_and_start(fd);
	EXPECT_U64(v->set_status, PFM_SETVFL_ACTIVE);
	pthread_create(&thread, NULL, read_view, (void *)(uintptr_t)v);
	for (unsigned i = 0; i < VIEW_RUNS; i++) {
		call(f, 7);
		EXPECT(start_set(fd, 1) == 0);
		EXPECT(start_set(fd, 0) == 0);
		EXPECT(!(v->set_seq & 1));
	}
	pthread_join(thread, NULL);
	call(f, 3);
	EXPECT_U64(v->set_pmds[SW], 7 * VIEW_RUNS);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT_U64(v->set_status, 0);
	EXPECT_U64(v->set_pmds[SW], 7 * VIEW_RUNS + 3);
	EXPECT_U64(value(fd, 0, 0), 7 * VIEW_RUNS + 3);
}

static const struct behaviour behaviours[] = {
	{ 15, 1, "a thread counts for itself", self_plain },
	{ 5, 5, "a load starts nothing", load_starts_nothing },
	{ 15, 2, "a second context only to be asked", context_for_getinfo },
	{ 15, 3, "values are read while they count", read_running },
	{ 15, 4, "values are written while they count", write_running },
	{ 5, 2, "a PMC written while it counts counts the other event",
	  write_pmc_running },
	{ 5, 2, "a PMC written is no PMD written", write_pmc_unloaded },
	{ 15, 5, "loaded and unloaded again and again", cycles },
	{ 5, 12, "an unload stops, and keeps the values", unload_running },
	{ 5, 12, "an unload keeps the messages", unload_keeps_messages },
	{ 15, 6, "a context for each thread of a process",
	  context_for_each_thread },
	{ 15, 7, "PAPI's probe of event sets", papi_probe },
	{ 15, 7, "one vector for several sets", vector_of_sets },
	{ 15, 8, "start, stop and unload twice; a load begins the times",
	  twice },
	{ 15, 14, "a fork in the run disturbs nothing", fork_in_the_run },
	{ 10, 4, "a fork's child monitors for itself", fork_and_monitor },
	{ 15, 15, "ping-pong with a child: the parent alone", ping_pong },
	{ 10, 4, "a thread's threads are not counted", one_thread_only },
	{ 10, 3, "a close while it counts: the thread is free",
	  closed_counting },
	{ 10, 2, "its end is told by the next call of another thread here",
	  end_of_self },
	{ 15, 44, "a view's reader sees one moment; the values are those saved",
	  view_of_running },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
