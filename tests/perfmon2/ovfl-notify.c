/* SPDX-License-Identifier: MIT
 *
 * ovfl-notify.c - overflow notification of a thread that monitors itself: the
 * message and the signal, the queue and its end, what a PMD without NOTIFY does
 * (perfmon2 reference, sections 7 and 10.1, items 9 to 13 and 52 of section 15).
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>

#include "exact.h"

#define PERIOD UINT64_C(10)

static int fd;

/* What a handler saw; EXPECT is not for handlers. */
static struct {
	volatile sig_atomic_t n;
	volatile sig_atomic_t bad;
	int descriptor;
	uint64_t f_value, g_value;
	pfm_msg_t msg;
	bool restart, no_read;
} seen;

static void handler(int sig, siginfo_t *si, void *uc)
{
	pfarg_pmd_t pmds[2] = { { .reg_num = SW }, { .reg_num = SW + 1 } };
	int err = errno;

	(void)sig;
	(void)uc;
	seen.descriptor = si->si_fd;
	seen.bad += pfm_read_pmds(fd, pmds, 2) != 0;
	seen.f_value = pmds[0].reg_value;
	seen.g_value = pmds[1].reg_value;
	if (!seen.no_read)
		seen.bad += read(fd, &seen.msg, sizeof(seen.msg)) !=
			    sizeof(seen.msg);
	if (seen.restart)
		seen.bad += pfm_restart(fd) != 0;
	seen.n++;
	errno = err;
}

static void on_signal(int sig)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO };

	sigaction(sig, &sa, NULL);
	EXPECT(fcntl(fd, F_SETFL, O_ASYNC) == 0);
	EXPECT(fcntl(fd, F_SETOWN, getpid()) == 0);
	if (sig != SIGIO)
		EXPECT(fcntl(fd, F_SETSIG, sig) == 0);
}

/* Until the handler has run n times. */
static void wait_handler(int n)
{
	uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

	while (seen.n < n && now_ns() < end)
		sched_yield();
	if (!EXPECT(seen.n >= n))
		give_up();
}

/* PMD 0 overflows each PERIOD calls of f; PMD 1 counts calls of g with it. */
static void two_counters(uint32_t flags)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(flags);
	on_calls(fd, 0, 0, f);
	on_calls(fd, 1, 0, g);
	set_bit(pmd.reg_reset_pmds, 1);
	plain(fd, 1, 0);
	put(fd, &pmd);
}

static void handler_reads_and_restarts(void)
{
	two_counters(0);
	on_signal(SIGIO);
	seen.restart = true;
	load_and_start(fd);
	for (int round = 1; round <= 3; round++) {
		call(f, PERIOD);
		wait_handler(round);
		EXPECT_U64(seen.msg.type, PFM_MSG_OVFL);
		EXPECT_U64(seen.f_value, 0);
		EXPECT(has_bit(info(fd, 0).set_ovfl_pmds, 0));
	}
	EXPECT_U64(seen.bad, 0);
	EXPECT_U64(seen.n, 3);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
}

static void reset_pmds_since_last(void)
{
	two_counters(0);
	on_signal(SIGIO);
	seen.restart = true;
	load_and_start(fd);
	for (unsigned round = 1; round <= 4; round++) {
		call(g, 3 * round);
		call(f, PERIOD);
		wait_handler((int)round);
		EXPECT_U64(seen.g_value, 3 * round);
		EXPECT_U64(value(fd, 1, 0), 0);
	}
}

static void signal_names_descriptor(void)
{
	two_counters(0);
	on_signal(SIGRTMIN + 3);
	seen.restart = true;
	load_and_start(fd);
	for (int round = 1; round <= 20; round++) {
		call(f, PERIOD);
		wait_handler(round);
		EXPECT_U64(seen.descriptor, fd);
		seen.descriptor = -1;
	}
	EXPECT_U64(seen.bad, 0);
	EXPECT_U64(seen.n, 20);
}

/* More than the queue holds, as nothing is queued. */
static void no_msg(int sig)
{
	two_counters(PFM_FL_OVFL_NO_MSG);
	on_signal(sig);
	seen.restart = seen.no_read = true;
	load_and_start(fd);
	for (int round = 1; round <= 40; round++) {
		call(f, PERIOD);
		wait_handler(round);
		EXPECT(is_silent(fd));
	}
	EXPECT_U64(seen.n, 40);
	EXPECT_U64(seen.bad, 0);
	EXPECT_U64(stats(fd).notified, 40);
}

static void no_msg_sigio(void)
{
	no_msg(SIGIO);
}

static void no_msg_rt(void)
{
	no_msg(SIGRTMIN + 3);
}

/* The signals that are pending, taken. */
static unsigned pending(int sig)
{
	struct timespec none = { 0, 0 };
	sigset_t set;
	unsigned n = 0;

	sigemptyset(&set);
	sigaddset(&set, sig);
	while (sigtimedwait(&set, NULL, &none) == sig)
		n++;
	return n;
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Overflows of which none is read; returns how many were signalled. */
static unsigned overflow_unread(int sig, unsigned n)
{
	unsigned told = 0;

	for (unsigned i = 0; i < n; i++) {
		call(f, PERIOD);
		EXPECT(is_masked(fd));
		told += pending(sig);
		EXPECT(pfm_restart(fd) == 0);
	}
	return told;
}

static void queue_full(void)
{
	int sig = SIGRTMIN + 3;
	struct pfm_stats s;
	unsigned n = 0;

	block(sig);
	two_counters(0);
	on_signal(sig);
	load_and_start(fd);
	EXPECT_U64(overflow_unread(sig, PFM_MAX_MSGS - 1), PFM_MAX_MSGS - 1);
	EXPECT_U64(overflow_unread(sig, 5), 0);
	s = stats(fd);
	EXPECT_U64(s.overflows, PFM_MAX_MSGS - 1 + 5);
	EXPECT_U64(s.notified, PFM_MAX_MSGS - 1);
	EXPECT_U64(s.unnotified, 5);
	message(fd);
	EXPECT_U64(overflow_unread(sig, 1), 1);
	EXPECT_U64(overflow_unread(sig, 1), 0);
	for (; !is_silent(fd); n++)
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT_U64(n, PFM_MAX_MSGS - 1);
}

/* Dropped or not, the overflow masks. */
static void queue_full_masks(void)
{
	two_counters(0);
	load_and_start(fd);
	overflow_unread(SIGRTMIN + 3, PFM_MAX_MSGS - 1);
	call(f, PERIOD);
	EXPECT(is_masked(fd));
	call(f, 3 * PERIOD);
	call(g, 4);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(value(fd, 1, 0), 0);
	EXPECT_U64(stats(fd).overflows, PFM_MAX_MSGS);
}

static void load_empties_queue(void)
{
	two_counters(0);
	load_and_start(fd);
	overflow_unread(SIGRTMIN + 3, 3);
	EXPECT(!is_silent(fd));
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT(!is_silent(fd));
	load(fd, tid());
	EXPECT(is_silent(fd));
}

/* In order: each as it was when it was queued. */
static void messages_in_order(void)
{
	static void (*const fn[2])(void) = { f, g };
	pfarg_pmd_t pmds[2] = { every(0, 5), every(1, 5) };

	fd = context(0);
	for (unsigned i = 0; i < 2; i++) {
		on_calls(fd, i, 0, fn[i]);
		put(fd, &pmds[i]);
	}
	load_and_start(fd);
	for (unsigned i = 0; i < 6; i++) {
		call(fn[i % 3 % 2], 5);
		EXPECT(pfm_restart(fd) == 0);
	}
	for (unsigned i = 0; i < 6; i++)
		EXPECT_U64(message(fd).pfm_ovfl_msg.msg_ovfl_ip,
			   (uintptr_t)fn[i % 3 % 2]);
}

static void *message_of_thread(void *arg)
{
	const struct pfm_ovfl_msg *m;
	pfm_msg_t msg;

	load_and_start(fd);
	call(f, PERIOD);
	msg = message(fd);
	m = &msg.pfm_ovfl_msg;
	EXPECT_U64(m->msg_type, PFM_MSG_OVFL);
	EXPECT_U64(m->msg_ovfl_pid, tid());
	EXPECT_U64(m->msg_ovfl_tid, getpid());
	EXPECT_U64(m->msg_ovfl_ip, (uintptr_t)f);
	EXPECT_U64(m->msg_ovfl_cpu, *(int *)arg);
	EXPECT_U64(m->msg_active_set, 0);
	EXPECT(is_silent(fd));
	return NULL;
}

/* On one CPU, which is the one in the message. */
static void message_fields(void)
{
	int cpu = sched_getcpu();
	pthread_t thread;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		SKIP("cannot stay on CPU %d", cpu);
	two_counters(0);
	pthread_create(&thread, NULL, message_of_thread, &cpu);
	pthread_join(thread, NULL);
}

/* Which set is active is in the message; 300 needs both of its bytes. */
static void message_set(void)
{
	pfarg_setdesc_t desc = { .set_id = 300 };
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(0);
	EXPECT(pfm_create_evtsets(fd, &desc, 1) == 0);
	on_calls(fd, 0, 300, f);
	pmd.reg_set = 300;
	put(fd, &pmd);
	load_set(fd, tid(), 300);
	EXPECT(pfm_start(fd, NULL) == 0);
	call(f, PERIOD);
	EXPECT_U64(message(fd).pfm_ovfl_msg.msg_active_set, 300);
	EXPECT(has_bit(info(fd, 300).set_ovfl_pmds, 0));
	EXPECT(!has_bit(info(fd, 0).set_ovfl_pmds, 0));
}

static void silent_masking(void)
{
	pfarg_pmd_t pmd = quietly(0, 0, PERIOD);

	fd = context(0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load_and_start(fd);
	call(f, PERIOD - 1);
	EXPECT(!is_masked(fd));
	call(f, 1);
	EXPECT(is_masked(fd));
	EXPECT(is_silent(fd));
	call(f, 3 * PERIOD);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(stats(fd).notified + stats(fd).unnotified, 0);
	EXPECT(pfm_restart(fd) == 0);
	call(f, 4);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 4);
}

/* 32 bits, 48 bits: nothing; 64 bits: a message. */
static void only_64_bits(void)
{
	static const uint64_t quiet[] = { UINT64_C(1) << 32, UINT64_C(1) << 48,
					  UINT64_C(1) << 63 };
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = context(0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load_and_start(fd);
	for (unsigned i = 0; i < 3; i++) {
		pmd.reg_value = quiet[i] - 3;
		put(fd, &pmd);
		call(f, 8);
		EXPECT_U64(value(fd, 0, 0), quiet[i] + 5);
		EXPECT(is_silent(fd));
	}
	EXPECT_U64(stats(fd).overflows, 0);
	pmd.reg_value = -UINT64_C(3);
	put(fd, &pmd);
	call(f, 3);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
}

static void *wait_in_read(void *arg)
{
	pfm_msg_t *msg = arg;

	if (read(fd, msg, sizeof(*msg)) != sizeof(*msg))
		msg->type = 0;
	return NULL;
}

static void read_blocks(void)
{
	pfm_msg_t msg = { 0 };
	pthread_t thread;

	two_counters(0);
	load_and_start(fd);
	pthread_create(&thread, NULL, wait_in_read, &msg);
	call(f, PERIOD);
	pthread_join(thread, NULL);
	EXPECT_U64(msg.type, PFM_MSG_OVFL);
	EXPECT_U64(msg.pfm_ovfl_msg.msg_ovfl_ip, (uintptr_t)f);
}

/* N pages: the overflow is at the P-th fault, the rest is not counted. */
static void faults_of_self(void)
{
	char *mem = reserve(500);
	pfm_msg_t msg;

	fd = context(0);
	on_faults(fd, 0, 0);
	put(fd, &(pfarg_pmd_t){ .reg_num = SW });
	load_and_start(fd);
	mem = touch(mem, 10);
	pfm_stop(fd);
	put(fd, &(pfarg_pmd_t){ .reg_num = SW,
				.reg_flags = PFM_REGFL_OVFL_NOTIFY,
				.reg_value = -UINT64_C(100),
				.reg_long_reset = -UINT64_C(100) });
	EXPECT(pfm_start(fd, NULL) == 0);
	for (unsigned i = 0; i < 3; i++) {
		mem = touch(mem, 150);
		msg = message(fd);
		EXPECT(ip_in_touch(msg.pfm_ovfl_msg.msg_ovfl_ip));
		EXPECT_U64(value(fd, 0, 0), 0);
		EXPECT(pfm_restart(fd) == 0);
	}
}

static const struct behaviour behaviours[] = {
	{ 15, 9, "a handler that reads PMDs and message and restarts, 3 rounds",
	  handler_reads_and_restarts },
	{ 15, 10, "a PMD in reset_pmds counts since the last notification",
	  reset_pmds_since_last },
	{ 15, 11, "F_SETSIG: si_fd names the context, 20 rounds",
	  signal_names_descriptor },
	{ 15, 12, "OVFL_NO_MSG: 40 SIGIO, and never a message", no_msg_sigio },
	{ 15, 12, "OVFL_NO_MSG: 40 real-time signals", no_msg_rt },
	{ 15, 13, "nobody reads: 7 notifications, then silence", queue_full },
	{ 10, 1, "a full queue drops the message, and masks",
	  queue_full_masks },
	{ 10, 1, "a load empties the queue", load_empties_queue },
	{ 10, 1, "messages are read in order", messages_in_order },
	{ 10, 0, "a read waits for the overflow of another thread",
	  read_blocks },
	{ 2, 4, "a message's thread, process, CPU, ip", message_fields },
	{ 2, 4, "a message's active set", message_set },
	{ 7, 5, "a PMD without NOTIFY masks silently until a restart",
	  silent_masking },
	{ 15, 52, "a wrap of fewer than 64 bits is none", only_64_bits },
	{ 7, 6, "masked, the faults after the P-th are not counted",
	  faults_of_self },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
