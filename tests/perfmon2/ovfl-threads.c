/* SPDX-License-Identifier: MIT
 *
 * ovfl-threads.c - many overflows at once: signal handlers that read PMDs and
 * messages and restart, in eight threads, while others look on; nothing is lost,
 * nobody waits for ever (item 17 of section 15 of the perfmon2 reference).
 */
#include "config.h"

#include <fcntl.h>
#include <sched.h>

#include "exact.h"

#define THREADS 8
#define SIG (SIGRTMIN + 2)

/* A sanitizer takes ten times as long, and finds as much in a tenth. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OVERFLOWS 1000
#define FAULT_OVERFLOWS 200
#else
#define OVERFLOWS 12000
#define FAULT_OVERFLOWS 300
#endif
#define FAULT_PERIOD 10
#define FRESH 16 /* pages at a time */

static __thread volatile unsigned handled, bad;

struct thread {
	pthread_t thread;
	int fd;
	unsigned handled, bad;
	struct pfm_stats stats;
	uint64_t g_calls;
};

static struct thread threads[THREADS];

/* si_fd is all it knows; it is the thread's own. */
static void handler(int sig, siginfo_t *si, void *uc)
{
	pfarg_pmd_t pmds[2] = { { .reg_num = SW }, { .reg_num = SW + 1 } };
	int err = errno, fd = si->si_fd;
	pfm_msg_t msg = { 0 };

	(void)sig;
	(void)uc;
	bad += pfm_read_pmds(fd, pmds, 2) != 0 || pmds[0].reg_value != 0;
	bad += read(fd, &msg, sizeof(msg)) != sizeof(msg) ||
	       msg.pfm_ovfl_msg.msg_ovfl_pid != (uint32_t)tid();
	bad += pfm_restart(fd) != 0;
	handled++;
	errno = err;
}

static void notify_thread(int fd)
{
	struct f_owner_ex owner = { F_OWNER_TID, tid() };

	EXPECT(fcntl(fd, F_SETFL, O_ASYNC) == 0);
	EXPECT(fcntl(fd, F_SETSIG, SIG) == 0);
	EXPECT(fcntl(fd, F_SETOWN_EX, &owner) == 0);
}

/* Fresh pages until its handler has run; how many, nobody knows. */
static void *fault_much(void *arg)
{
	struct thread *t = arg;
	pfarg_pmd_t pmd = every(0, FAULT_PERIOD);
	char *mem = reserve(FRESH);
	size_t size = FRESH * page_size();
	uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

	on_faults(t->fd, 0, 0);
	plain(t->fd, 1, 0);
	put(t->fd, &pmd);
	notify_thread(t->fd);
	load_and_start(t->fd);
	/* TSan holds signals back until a call it knows, as this one's. */
	while (handled < FAULT_OVERFLOWS && now_ns() < end) {
		touch_with(mem, FRESH, page_size());
		madvise(mem, size, MADV_DONTNEED);
	}
	EXPECT(pfm_stop(t->fd) == 0);
	t->stats = stats(t->fd);
	t->handled = handled;
	t->bad = bad;
	return NULL;
}

static void faults(void)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(SIG, &sa, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i].fd = context(0);
		pthread_create(&threads[i].thread, NULL, fault_much,
			       &threads[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		struct thread *t = &threads[i];

		pthread_join(t->thread, NULL);
		EXPECT(t->handled >= FAULT_OVERFLOWS);
		EXPECT_U64(t->bad, 0);
		EXPECT_U64(t->stats.notified, t->stats.overflows);
		EXPECT_U64(t->stats.lost, 0);
		stats(t->fd);
		/* The one that stopped it may still be unread. */
		while (t->handled < t->stats.notified)
			t->handled += message(t->fd).type == PFM_MSG_OVFL;
		EXPECT_U64(message(t->fd).type, PFM_MSG_END);
		EXPECT(is_silent(t->fd));
	}
}

#ifndef PFM_HELGRIND
static unsigned ended;

/* Until its own handler has run so often. */
static bool wait_handled(unsigned n)
{
	uint64_t end = 0;

	for (unsigned i = 0; handled < n; i++) {
		if (i % 1024 == 1023) {
			if (!end)
				end = now_ns() +
				      PATIENCE_MS * UINT64_C(1000000);
			if (now_ns() > end)
				return false;
		}
		sched_yield();
	}
	return true;
}

/* Each call of f is an overflow; the next one is after its handler. */
static void *overflow_much(void *arg)
{
	struct thread *t = arg;
	pfarg_pmd_t pmd = every(0, 1);

	on_calls(t->fd, 0, 0, f);
	on_calls(t->fd, 1, 0, g);
	plain(t->fd, 1, 0);
	put(t->fd, &pmd);
	notify_thread(t->fd);
	load_and_start(t->fd);
	for (unsigned i = 0; i < OVERFLOWS; i++) {
		g();
		f();
		if (!wait_handled(i + 1))
			break;
	}
	EXPECT(pfm_stop(t->fd) == 0);
	t->g_calls = value(t->fd, 1, 0);
	t->stats = stats(t->fd);
	t->handled = handled;
	t->bad = bad;
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void begin_threads(void)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(SIG, &sa, NULL);
	/* What cannot be loaded is skipped here, not in a thread. */
	threads[0].fd = context(0);
	on_calls(threads[0].fd, 0, 0, f);
	on_calls(threads[0].fd, 1, 0, g);
	load(threads[0].fd, tid());
	close(threads[0].fd);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i].fd = context(0);
		pthread_create(&threads[i].thread, NULL, overflow_much,
			       &threads[i]);
	}
}

static void check_threads(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		struct thread *t = &threads[i];

		pthread_join(t->thread, NULL);
		EXPECT_U64(t->handled, OVERFLOWS);
		EXPECT_U64(t->bad, 0);
		EXPECT_U64(t->stats.overflows, OVERFLOWS);
		EXPECT_U64(t->stats.notified, OVERFLOWS);
		EXPECT_U64(t->stats.lost, 0);
		EXPECT_U64(t->g_calls, OVERFLOWS);
		stats(t->fd);
		EXPECT_U64(message(t->fd).type, PFM_MSG_END);
		EXPECT(is_silent(t->fd));
	}
}

static void handlers(void)
{
	begin_threads();
	check_threads();
}

/* The same while another thread asks all of them, all the time. */
static void handlers_watched(void)
{
	begin_threads();
	while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < THREADS)
		for (unsigned i = 0; i < THREADS; i++) {
			stats(threads[i].fd);
			info(threads[i].fd, 0);
		}
	check_threads();
}

#endif /* !PFM_HELGRIND: valgrind's code is elsewhere than breakpoints */

static const struct behaviour behaviours[] = {
	{ 15, 17, "eight threads, handlers that read and restart: faults",
	  faults },
#ifndef PFM_HELGRIND
	{ 15, 17, "eight threads, handlers that read and restart", handlers },
	{ 15, 17, "the same, and another thread asks meanwhile",
	  handlers_watched },
#endif
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
