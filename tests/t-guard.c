/* SPDX-License-Identifier: MIT
 *
 * t-guard.c - the lock of a CPU and the way back: registers are what they were
 * however the process ends.  A file stands for the device: registers that are 8
 * apart do not overlap in it.  All waiting is for a process or for the lock.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "guard-test.h"

static void die_exit(void)
{
	exit(0);
}

static void die_at_once(void)
{
	_exit(0);
}

static void die_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void die_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void die_exec(void)
{
	execl("/bin/true", "true", NULL);
}

/* A fork of it lives on, with a copy of every descriptor. */
static int orphan_pipe[2];

static void die_forked(void)
{
	char c;

	if (fork() == 0) {
		close(orphan_pipe[1]);
		while (read(orphan_pipe[0], &c, 1) > 0)
			;
		_exit(0);
	}
	kill(getpid(), SIGKILL);
}

static void test_deaths(void)
{
	static const struct {
		const char *name;
		void (*die)(void);
	} deaths[] = {
		{ "exit", die_exit },
		{ "_exit", die_at_once },
		{ "SIGKILL", die_kill },
		{ "abort", die_abort },
		{ "exec", die_exec },
		{ "SIGKILL, a fork lives", die_forked },
	};

	if (pipe(orphan_pipe) < 0)
		diag("no pipe");
	for (unsigned i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			take();
			deaths[i].die();
		}
		waitpid(pid, NULL, 0);
		wait_lock();
		ok(undone(), "%s: the registers are what they were",
		   deaths[i].name);
	}
	close(orphan_pipe[0]);
	close(orphan_pipe[1]);
}

/* Nobody is left to undo it, but the next one who comes. */
static void test_both_killed(void)
{
	struct msr_cpu c;
	pid_t pid = fork();

	if (pid == 0) {
		take();
		die_with_guardian();
	}
	waitpid(pid, NULL, 0);
	wait_lock();
	is_u64(peek(PMC0), 99, "guardian killed too: still programmed");
	ok(msr_open(&c, 0) == 0 && guard_lock(&c) == 0, "the next one comes");
	ok(undone(), "and undoes it first");
	guard_unlock(&c);
	msr_close(&c);
	pid = fork();
	if (pid == 0) {
		take();
		die_with_guardian();
	}
	waitpid(pid, NULL, 0);
	wait_lock();
	ok(msr_open(&c, 0) == 0 && guard_recover(&c) == 0 && undone(),
	   "or whoever asks which counters are free");
	msr_close(&c);
}

static void test_normal(void)
{
	unsigned before = nfds();
	struct msr_cpu c = take();
	pid_t guardian = guardian_of(getpid());

	ok(guardian > 0, "a guardian is there");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	   "which the program's wait does not see");
	is_i64(guard_restore(&c), 0, "restore");
	ok(undone(), "restored");
	guard_unlock(&c);
	msr_close(&c);
	ok(kill(guardian, 0) < 0 && errno == ESRCH, "and it is gone");
	is_u64(nfds(), before, "no descriptor is left");
}

static void test_busy(void)
{
	struct msr_cpu c = take(), other;
	char want[64], who[64];
	uint32_t regs[GUARD_UNDOS];

	snprintf(want, sizeof(want), "process %d", (int)getpid());
	ok(msr_open(&other, 0) == 0, "a second device");
	is_i64(guard_lock(&other), -EBUSY, "but no second lock");
	ok(strstr(pfm_reason(), want), "it says whose it is");
	is_i64(guard_recover(&other), -EBUSY, "nothing to recover either");
	is_u64(guard_holder(0, who, sizeof(who), regs), 3,
	       "the holder's registers are known");
	is_u64(regs[0], SEL0, "the first of them");
	ok(strstr(who, want), "and the holder");
	msr_close(&other);
	guard_restore(&c);
	guard_unlock(&c);
	is_u64(guard_holder(0, who, sizeof(who), regs), 0, "then nobody is");
	undone();
	msr_close(&c);
}

static void test_allowed(void)
{
	const struct msr_undo bad = { .reg = FORBIDDEN, .mask = UINT64_MAX };
	struct msr_cpu c = take();

	is_i64(guard_add(&c, &bad, 1), -EINVAL, "not every register goes");
	c.guard->file->undo[0].reg = FORBIDDEN;
	guard_restore(&c);
	is_u64(peek(FORBIDDEN), OLD, "also not one that the file has");
	guard_unlock(&c);
	msr_close(&c);
	make_device();
}

static void test_partial(void)
{
	const struct msr_undo more = { .reg = PMC0 + 8, .mask = UINT64_MAX };
	struct msr_cpu c = take();

	guard_add(&c, &more, 1);
	close(c.fd);
	c.fd = open(device, O_RDONLY | O_CLOEXEC);
	ok(guard_restore(&c) < 0, "writes that are refused");
	is_u64(c.guard->file->count, 4, "stay in the list");
	close(c.fd);
	c.fd = open(device, O_RDWR | O_CLOEXEC);
	is_i64(guard_restore(&c), 0, "and go when they are not");
	is_u64(c.guard->file->count, 0, "off the list");
	ok(undone(), "all of them");
	guard_unlock(&c);
	msr_close(&c);
}

/* The device, of which one register is refused. */
static uint32_t refused;
static const struct pfm_msr_ops *device_ops;

static int run_refusing(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ops[i].reg == refused)
			return ops[i].err = -EIO;
	return device_ops->run(c, ops, n);
}

static const struct pfm_msr_ops refusing = { .name = "refusing",
					     .run = run_refusing };

static void test_one_refused(void)
{
	uint32_t regs[GUARD_UNDOS];
	struct msr_cpu c = take();
	char who[64];

	device_ops = c.ops;
	c.ops = &refusing;
	refused = PMC0;
	is_i64(guard_restore(&c), -EIO, "one register is refused");
	ok(strstr(pfm_reason(), "0x4c1"), "the reason names it");
	ok(peek(SEL0) == OLD && peek(CTL) == 0xf0, "the others are restored");
	is_u64(guard_holder(0, who, sizeof(who), regs), 2, "two are left");
	ok(regs[0] == PMC0 && regs[1] == CTL, "it, and what comes after");
	poke(SEL0, 1);
	refused = 0;
	is_i64(guard_restore(&c), 0, "until it is not refused");
	ok(peek(PMC0) == 7 && peek(SEL0) == 1,
	   "and what came before is not undone twice");
	guard_unlock(&c);
	c.ops = device_ops;
	msr_close(&c);
	make_device();
}

static void test_not_recovered(void)
{
	struct msr_cpu c;
	pid_t pid = fork();

	if (pid == 0) {
		take();
		die_with_guardian();
	}
	waitpid(pid, NULL, 0);
	wait_lock();
	msr_open(&c, 0);
	c.ops = &refusing;
	refused = SEL0;
	is_i64(guard_lock(&c), -EIO, "what a crash left cannot be undone");
	ok(strstr(pfm_reason(), lock_path) && strstr(pfm_reason(), "0x186"),
	   "the reason names the file and the register");
	refused = 0;
	is_i64(guard_lock(&c), 0, "until it can");
	ok(undone(), "and is");
	guard_unlock(&c);
	c.ops = device_ops;
	msr_close(&c);
}

/* Who can make a link could have a file of ours cut to our length. */
static void test_second_name(struct msr_cpu *c)
{
	char victim[128];
	struct stat st;
	int fd;

	snprintf(victim, sizeof(victim), "%s/victim", dir);
	fd = open(victim, O_CREAT | O_RDWR, 0600);
	if (write(fd, "precious", 8) != 8 || link(victim, lock_path) < 0)
		diag("cannot link %s", victim);
	is_i64(guard_lock(c), -EPERM, "nor a file with a second name");
	ok(fstat(fd, &st) == 0 && st.st_size == 8, "which stays as it is");
	close(fd);
	unlink(victim);
	unlink(lock_path);
}

/* A file that is not ours alone would let others write our registers. */
static void test_files(void)
{
	struct msr_cpu c;

	msr_open(&c, 0);
	unlink(lock_path);
	ok(symlink(device, lock_path) == 0 && guard_lock(&c) < 0,
	   "a link is no lock");
	unlink(lock_path);
	close(open(lock_path, O_CREAT | O_RDWR, 0600));
	chmod(lock_path, 0620);
	is_i64(guard_lock(&c), -EPERM, "nor is what a group can write");
	ok(strstr(pfm_reason(), lock_path), "the reason names it");
	unlink(lock_path);
	test_second_name(&c);
	is_i64(guard_recover(&c), 0, "nobody ever had the CPU");
	ok(access(lock_path, F_OK) < 0, "and asking makes no file");
	setenv("PFM_LOCK_DIR", "/proc/none", 1);
	ok(guard_lock(&c) < 0 && strstr(pfm_reason(), "PFM_LOCK_DIR"),
	   "no directory: the reason tells the way out");
	setenv("PFM_LOCK_DIR", dir, 1);
	msr_close(&c);
}

static void test_other_boot(void)
{
	pid_t pid = fork();
	struct msr_cpu c;

	if (pid == 0) {
		c = take();
		c.guard->file->boot_id[0] ^= 1;
		die_with_guardian();
	}
	waitpid(pid, NULL, 0);
	wait_lock();
	msr_open(&c, 0);
	is_i64(guard_lock(&c), 0, "a list of another boot");
	is_u64(peek(PMC0), 99, "says nothing of this one");
	guard_unlock(&c);
	msr_close(&c);
	make_device();
}

/* Killed at any moment, between any two writes. */
static void test_random_kills(void)
{
	unsigned good = 0, n = 200;

	for (unsigned i = 0; i < n; i++) {
		int started[2];
		char byte;
		pid_t pid;

		if (pipe(started) < 0)
			break;
		pid = fork();
		if (pid == 0) {
			if (write(started[1], "", 1) != 1)
				_exit(1);
			for (;;) {
				struct msr_cpu c = take();

				guard_restore(&c);
				guard_unlock(&c);
				msr_write(&c, CTL, 0xff);
				msr_close(&c);
			}
		}
		if (read(started[0], &byte, 1) == 1)
			for (volatile unsigned k = 0; k < i * 5000; k++)
				;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		wait_lock();
		close(started[0]);
		close(started[1]);
		/* CTL may be caught before or after its own write. */
		good += peek(SEL0) == OLD && peek(PMC0) == 7;
		poke(CTL, 0xff);
	}
	is_u64(good, n, "killed %u times at random: all as before", n);
}

static void *lock_loop(void *arg)
{
	int cpu = *(int *)arg;
	intptr_t failed = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct msr_cpu c;

		if (msr_open(&c, cpu) < 0 || guard_lock(&c) < 0) {
			failed++;
			continue;
		}
		guard_restore(&c);
		guard_unlock(&c);
		msr_close(&c);
	}
	return (void *)failed;
}

static void test_threads(void)
{
	int cpus[2] = { 0, 1 };
	pthread_t t[2];
	void *failed;

	for (unsigned i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, lock_loop, &cpus[i]);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(t[i], &failed);
		is_i64((intptr_t)failed, 0, "CPU %u locked by its thread", i);
	}
	ok(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD,
	   "no guardian is left");
}

int main(void)
{
	set_up("t-guard");
	ok(untouched(), "the device is made");
	test_normal();
	test_busy();
	test_deaths();
	test_both_killed();
	test_allowed();
	test_partial();
	test_one_refused();
	test_not_recovered();
	test_files();
	test_other_boot();
	test_random_kills();
	test_threads();
	return tear_down();
}
