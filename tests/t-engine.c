/* SPDX-License-Identifier: MIT
 *
 * t-engine.c - messages, the last close, and calls from many threads and signal
 * handlers at once.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "priv.h"
#include "tap.h"

#define SW PFM_PMC_SW

static int counting(uint32_t flags, int target)
{
	int fd = create(flags);
	pfarg_pmc_t pmc = { .reg_num = SW,
			    .reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
						     PERF_COUNT_SW_TASK_CLOCK),
			    .reg_flags = PFM_REGFL_NO_KERNEL };
	pfarg_pmd_t pmd = { .reg_num = SW };
	pfarg_load_t load = { .load_pid = (uint32_t)target };

	if (pfm_write_pmcs(fd, &pmc, 1) || pfm_write_pmds(fd, &pmd, 1) ||
	    pfm_load_context(fd, &load) || pfm_start(fd, NULL))
		diag("setup: %s", pfm_reason());
	return fd;
}

static pid_t waiter(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static sem_t locked;

/* Destroys a context while somebody waits for its lock. */
static void *destroyer(void *arg)
{
	struct pfm_context *ctx = arg;

	ctx_lock(ctx);
	sem_post(&locked);
	while (!(atomic_load(&ctx->lock) & PFM_LOCK_WAITERS))
		sched_yield();
	ctx_destroy(ctx);
	return NULL;
}

/*
 * A sweep that meets a context which is being destroyed still finds those
 * behind it in the list.  Before the engine runs, which would find them itself.
 */
static void test_sweep(void)
{
	int behind_fd = create(0), first_fd = create(0);
	struct pfm_context *behind = fdtab_get(behind_fd);
	pthread_t thread;

	sem_init(&locked, 0, 0);
	pthread_create(&thread, NULL, destroyer, fdtab_get(first_fd));
	sem_wait(&locked);
	close(first_fd);
	close(behind_fd);
	ctx_sweep();
	pthread_join(thread, NULL);
	ctx_lock(behind);
	ok(!behind->live, "a sweep sees all closed contexts");
	ctx_unlock(behind);
}

/* Seven messages are kept, the eighth is dropped; a read makes room. */
static void test_queue(void)
{
	int fd = create(0), n = 0;
	struct pfm_context *ctx = fdtab_get(fd);
	pfm_msg_t msg;

	for (int i = 0; i < 10; i++)
		msg_end(ctx);
	while (recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) == sizeof(msg))
		n++;
	is_i64(n, PFM_MAX_MSGS - 1, "seven of ten messages are kept");
	for (int i = 0; i < PFM_MAX_MSGS - 1; i++)
		msg_end(ctx);
	is_i64(read(fd, &msg, sizeof(msg)), 56, "a message has 56 bytes");
	msg_end(ctx);
	for (n = 0; recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) > 0; n++)
		;
	is_i64(n, PFM_MAX_MSGS - 1, "room is made by reading");
	close(fd);
}

static void test_load_empties_queue(void)
{
	int fd = create(PFM_FL_SHARED);
	pfarg_load_t load = { .load_pid = (uint32_t)self_tid() };
	pfm_msg_t msg;

	msg_end(fdtab_get(fd));
	pfm_load_context(fd, &load);
	ok(recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) < 0 && errno == EAGAIN,
	   "load empties the queue");
	close(fd);
}

/* The file a context's message queue behaves as. */
static void test_descriptor(void)
{
	pid_t pid = waiter();
	int fd = counting(PFM_FL_NOPTRACE, pid);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	pfm_msg_t msg;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	ok(read(fd, &msg, sizeof(msg)) == -1 && errno == EAGAIN,
	   "O_NONBLOCK: EAGAIN while the queue is empty");
	ok(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE, "no seeking");
	reap(pid);
	ok(poll(&p, 1, -1) == 1 && p.revents == POLLIN,
	   "poll wakes up for END, and says POLLIN only");
	ok(read(fd, &msg, sizeof(msg)) == sizeof(msg) &&
		   msg.type == PFM_MSG_END,
	   "END, with O_NONBLOCK");
	close(fd);
}

/* Real-time signals carry the descriptor. */
static void test_sigio(void)
{
	pid_t pid = waiter();
	int fd = counting(PFM_FL_NOPTRACE, pid);
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fcntl(fd, F_SETFL, O_ASYNC);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETSIG, SIGRTMIN + 3);
	reap(pid);
	is_i64(sigwaitinfo(&set, &si), SIGRTMIN + 3, "F_SETSIG's signal");
	is_i64(si.si_fd, fd, "it names the context");
	close(fd);
}

/*
 * The engine, running by now, sees the last close: the event of the target goes
 * away with nobody calling the library.  Our end of the pair is what to wait on.
 */
static void test_last_close(void)
{
	pid_t pid = waiter();
	int fd = counting(PFM_FL_NOPTRACE, pid), copy = dup(fd);
	struct pfm_context *ctx = fdtab_get(fd);
	bool alive;

	close(fd);
	ctx_lock(ctx);
	alive = ctx->live && ctx->state == PFM_LOADED;
	ctx_unlock(ctx);
	ok(alive, "a duplicate keeps the context");
	close(copy);
	for (alive = true; alive;) {
		ctx_lock(ctx);
		alive = ctx->live;
		ctx_unlock(ctx);
		sched_yield();
	}
	ok(!alive, "the last close destroyed it, without a call");
	ok(kill(pid, 0) == 0, "the target goes on");
	reap(pid);
}

static int hammer_fd;
static atomic_bool hammer_stop;
static atomic_uint hammer_reads;

static void *hammer(void *arg)
{
	(void)arg;
	while (!atomic_load(&hammer_stop)) {
		struct pfm_count c = { .reg_num = SW };
		pfarg_pmd_t pmd = { .reg_num = SW };

		if (pfm_read_counts(hammer_fd, &c, 1) == 0)
			atomic_fetch_add(&hammer_reads, 1);
		pfm_write_pmds(hammer_fd, &pmd, 1);
		pfm_stop(hammer_fd);
		pfm_start(hammer_fd, NULL);
	}
	return NULL;
}

/* One context from eight threads, then closed under them. */
static void test_threads(void)
{
	enum { N = 8 };
	pthread_t t[N];
	int fd = create(PFM_FL_NOPTRACE | PFM_FL_INHERIT);
	pfarg_pmc_t pmc = { .reg_num = SW,
			    .reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
						     PERF_COUNT_SW_TASK_CLOCK),
			    .reg_flags = PFM_REGFL_NO_KERNEL };
	pfarg_pmd_t pmd = { .reg_num = SW };
	pid_t pid = waiter();
	pfarg_load_t load = { .load_pid = (uint32_t)pid };
	int loaded = 0, unloaded = 0;

	pfm_write_pmcs(fd, &pmc, 1);
	pfm_write_pmds(fd, &pmd, 1);
	hammer_fd = fd;
	for (int i = 0; i < N; i++)
		pthread_create(&t[i], NULL, hammer, NULL);
	for (int i = 0; i < 200; i++) {
		loaded += pfm_load_context(fd, &load) == 0;
		unloaded += pfm_unload_context(fd) == 0;
	}
	while (atomic_load(&hammer_reads) == 0)
		sched_yield();
	close(fd);
	for (int i = 0; i < 200; i++)
		close(create(0));
	atomic_store(&hammer_stop, true);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], NULL);
	reap(pid);
	is_i64(loaded, 200, "loaded under eight threads");
	is_i64(unloaded, 200, "and unloaded");
	ok(pfm_stop(fd) == -1 && errno == EBADF,
	   "closed under them, it is gone");
}

static int handler_fd;
static volatile sig_atomic_t handled, handler_bad;

static void on_alarm(int sig)
{
	pfarg_pmd_t pmd = { .reg_num = SW };
	int saved = errno;

	(void)sig;
	handled++;
	if (pfm_read_pmds(handler_fd, &pmd, 1) == -1 ||
	    pfm_restart(handler_fd) == -1)
		handler_bad++;
	errno = saved;
}

/* A handler that reads interrupts every call there is. */
static void test_handler(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	pfarg_pmd_t pmd = { .reg_num = SW };
	uint64_t last = 0;
	bool monotone = true;

	handler_fd = counting(PFM_FL_SHARED, self_tid());
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (handled < 500) {
		pfm_read_pmds(handler_fd, &pmd, 1);
		monotone = monotone && pmd.reg_value >= last;
		last = pmd.reg_value;
		pfm_stop(handler_fd);
		pfm_start(handler_fd, NULL);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	is_i64(handler_bad, 0, "500 handlers read and restart");
	ok(monotone, "and what they interrupt stays monotone");
	close(handler_fd);
}

int main(void)
{
	test_sweep();
	test_queue();
	test_load_empties_queue();
	test_descriptor();
	test_sigio();
	test_last_close();
	test_threads();
	test_handler();
	return done_testing();
}
