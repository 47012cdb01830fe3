/* SPDX-License-Identifier: MIT
 *
 * calls-cpu.c - contexts on a CPU: who may call from where, what is counted
 * there, which sessions exclude each other, and who may monitor whom (perfmon2
 * reference, sections 5.5, 10.2 to 10.4 and 11; items 32 to 36 of section 15).
 *
 * CPUs are models, which need no rights, but where it is about what runs there.
 */
#include "config.h"

#include <grp.h>

#include "calls.h"
#include "hw.h"
#include "model.h"

#define INSTRUCTIONS 0xc0

static int here, other;

/* The two CPUs as models; the caller is on the first. */
static void two_models(void)
{
	static struct model *cpus[CPU_SETSIZE];

	two_cpus(&here, &other);
	cpus[here] = model_new(model_cfg_find("SKL"));
	cpus[other] = model_new(model_cfg_find("SKL"));
	msr_model_set(cpus, (unsigned)other + 1);
	/* Each access counts as the kernel's, as a real one does. */
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
}

static void happen(int cpu, uint64_t n)
{
	msr_model_advance((unsigned)cpu, INSTRUCTIONS, 0, 3, n);
}

/* PMD 0 counts what happens at user level, in that set. */
static void instructions(int fd, unsigned set)
{
	pfarg_pmc_t pmc = { .reg_set = (uint16_t)set,
			    .reg_value = INSTRUCTIONS | SEL_USR | SEL_EN };
	pfarg_pmd_t pmd = { .reg_set = (uint16_t)set };

	EXPECT(pfm_write_pmcs(fd, &pmc, 1) == 0);
	EXPECT(pfm_write_pmds(fd, &pmd, 1) == 0);
}

static int cpu_context(uint32_t flags)
{
	int fd = context(PFM_FL_SYSTEM_WIDE | flags);

	instructions(fd, 0);
	return fd;
}

static uint64_t count(int fd, unsigned set)
{
	pfarg_pmd_t pmd = { .reg_set = (uint16_t)set };

	EXPECT(pfm_read_pmds(fd, &pmd, 1) == 0);
	return pmd.reg_value;
}

static void ten_rounds(void)
{
	uint64_t total = 0;
	int fd;

	two_models();
	fd = cpu_context(0);
	load(fd, here);
	for (unsigned i = 1; i <= 10; i++) {
		happen(here, 1000);
		GIVES(pfm_start(fd, NULL), 0);
		happen(here, i * 100);
		happen(other, 7);
		GIVES(pfm_stop(fd), 0);
		happen(here, 1000);
		total += i * 100;
		EXPECT_U64(count(fd, 0), total);
	}
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(count(fd, 0), total);
}

static void *calls_elsewhere(void *arg)
{
	(void)arg;
	pin(other);
	call(f, 500);
	return NULL;
}

/* On a real CPU: all that runs there, whoever it is, and nothing else. */
static void ten_rounds_of_calls(void)
{
	int fd = calls_context(PFM_FL_SYSTEM_WIDE, f);
	uint64_t total = 0;
	pthread_t thread;

	two_cpus(&here, &other);
	child_untraced();
	load(fd, here);
	for (unsigned i = 1; i <= 10; i++) {
		call(f, 1000);
		EXPECT(pfm_start(fd, NULL) == 0);
		call(f, i);
		child_do(CALL_F, 100);
		pthread_create(&thread, NULL, calls_elsewhere, NULL);
		pthread_join(thread, NULL);
		EXPECT(pfm_stop(fd) == 0);
		child_do(CALL_F, 1000);
		total += i + 100;
		EXPECT_U64(value(fd, 0, 0), total);
	}
	child_end();
	EXPECT(is_silent(fd));
}

/* load_pid is the CPU the caller runs on, and nothing else. */
static void wrong_cpu(void)
{
	int fd;

	two_models();
	fd = cpu_context(0);
	GIVES(load_on(fd, other, 0), EINVAL);
	GIVES(load_on(fd, getpid() + CPU_SETSIZE, 0), EINVAL);
	GIVES(load_on(fd, here, 0), 0);
	GIVES(pfm_start(fd, NULL), 0);
	happen(here, 5);
	pin(other);
	GIVES(pfm_stop(fd), EBUSY);
	happen(here, 5);
	pin(here);
	EXPECT_U64(count(fd, 0), 10);
}

/* The file is closed from anywhere, and the CPU is free again. */
static void closed_elsewhere(void)
{
	int fd, again;

	two_models();
	fd = cpu_context(0);
	GIVES(load_on(fd, here, 0), 0);
	GIVES(pfm_start(fd, NULL), 0);
	pin(other);
	EXPECT(close(fd) == 0);
	GIVES(pfm_stop(fd), EBADF);
	pin(here);
	again = cpu_context(0);
	GIVES(load_on(again, here, 0), 0);
	GIVES(pfm_start(again, NULL), 0);
	happen(here, 9);
	EXPECT_U64(count(again, 0), 9);
}

/* ANYCPU is ours: from any CPU, on any CPU that there is. */
static void any_cpu(void)
{
	int fd;

	two_models();
	fd = cpu_context(PFM_FL_ANYCPU);
	GIVES(load_on(fd, other + 1, 0), ENXIO);
	GIVES(load_on(fd, other, 0), 0);
	GIVES(pfm_start(fd, NULL), 0);
	happen(other, 12);
	happen(here, 5);
	EXPECT_U64(count(fd, 0), 12);
	pin(other);
	EXPECT_U64(count(fd, 0), 12);
}

/* One context for each CPU. */
static void second_on_a_cpu(void)
{
	int a, b, c;

	two_models();
	a = cpu_context(0);
	b = cpu_context(0);
	c = cpu_context(PFM_FL_ANYCPU);
	GIVES(load_on(a, here, 0), 0);
	GIVES(load_on(b, here, 0), EBUSY);
	GIVES(load_on(c, here, 0), EBUSY);
	GIVES(load_on(c, other, 0), 0);
	GIVES(pfm_unload_context(a), 0);
	GIVES(load_on(b, here, 0), 0);
	close(b);
	GIVES(load_on(a, here, 0), 0);
	GIVES(pfm_start(a, NULL), 0);
	GIVES(pfm_start(c, NULL), 0);
	happen(here, 3);
	happen(other, 4);
	EXPECT_U64(count(a, 0), 3);
	EXPECT_U64(count(c, 0), 4);
}

/* It is a load that counts, not a create, and not a start. */
static void threads_and_cpus(void)
{
	int thread = context(0), cpu;

	two_models();
	cpu = cpu_context(0);
	unsetenv("PFM_BACKEND");
	GIVES(load_on(cpu, here, 0), 0);
	GIVES(load_on(thread, tid(), 0), EBUSY);
	GIVES(pfm_unload_context(cpu), 0);
	GIVES(load_on(thread, tid(), 0), 0);
	GIVES(load_on(cpu, here, 0), EBUSY);
	close(thread);
	GIVES(load_on(cpu, here, 0), 0);
	GIVES(pfm_unload_context(cpu), 0);
	child_start();
	thread = context(0);
	GIVES(load_on(thread, child.pid, 0), 0);
	GIVES(load_on(cpu, here, 0), EBUSY);
	child_kill();
	EXPECT_U64(message(thread).type, PFM_MSG_END);
	GIVES(load_on(cpu, here, 0), 0);
}

static void shared_sessions(void)
{
	int thread = context(PFM_FL_SHARED), again = context(PFM_FL_SHARED);
	int cpu;

	two_models();
	cpu = cpu_context(0);
	GIVES(load_on(cpu, here, 0), 0);
	GIVES(load_on(thread, tid(), 0), 0);
	GIVES(load_on(again, tid(), 0), 0);
	unsetenv("PFM_BACKEND");
	GIVES(load_on(context(0), tid(), 0), EBUSY);
}

/* A process that has the memory of another, or its ids: nothing at exit. */
static _Noreturn void leave(void)
{
	fflush(stdout);
	_exit(behaviour_failed);
}

static void ends_well(pid_t pid)
{
	int status = 1;

	waitpid(pid, &status, 0);
	EXPECT_U64(status, 0);
}

/* Sessions are those of a process, where perfmon2's were the machine's. */
static void another_process(void)
{
	pid_t pid;
	int cpu;

	two_models();
	cpu = cpu_context(0);
	GIVES(load_on(cpu, here, 0), 0);
	unsetenv("PFM_BACKEND");
	pid = fork();
	if (pid == 0) {
		GIVES(pfm_stop(cpu), EBADF);
		GIVES(load_on(context(0), tid(), 0), 0);
		leave();
	}
	ends_well(pid);
	GIVES(pfm_start(cpu, NULL), 0);
	happen(here, 8);
	EXPECT_U64(count(cpu, 0), 8);
}

/* A thread on each of the two CPUs, until both are done. */
static pthread_barrier_t both_loaded;

static void on_both_cpus(void *(*worker_fn)(void *))
{
	pthread_t threads[2];

	two_models();
	pthread_barrier_init(&both_loaded, NULL, 2);
	pthread_create(&threads[0], NULL, worker_fn, &here);
	pthread_create(&threads[1], NULL, worker_fn, &other);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* libpfms passed 0 on every CPU, and so worked on that one. */
static void *libpfms_worker(void *arg)
{
	int cpu = *(int *)arg, fd;
	uint64_t n = 100 + (uint64_t)cpu;

	pin(cpu);
	fd = cpu_context(0);
	if (cpu != 0)
		GIVES(load_on(fd, 0, 0), EINVAL);
	GIVES(load_on(fd, cpu, 0), 0);
	pthread_barrier_wait(&both_loaded);
	GIVES(pfm_start(fd, NULL), 0);
	happen(cpu, n);
	GIVES(pfm_stop(fd), 0);
	EXPECT_U64(count(fd, 0), n);
	EXPECT(close(fd) == 0);
	return NULL;
}

static void thread_for_each_cpu(void)
{
	on_both_cpus(libpfms_worker);
}

/* Start and stop, again and again; nothing is switched while it is stopped. */
static void *top_worker(void *arg)
{
	int cpu = *(int *)arg, fd;
	uint64_t before, from;
	pfarg_setinfo_t i[2];

	pin(cpu);
	fd = cpu_context(0);
	for (unsigned id = 0; id < 2; id++)
		EXPECT(add_set(fd, id, PFM_SETFL_TIME_SWITCH, 300) == 0);
	instructions(fd, 0);
	instructions(fd, 1);
	GIVES(load_on(fd, cpu, 0), 0);
	from = now_ns();
	for (unsigned round = 1; round <= 5; round++) {
		GIVES(pfm_start(fd, NULL), 0);
		while (stats(fd).switches < round * 4 && !behaviour_failed)
			sched_yield();
		GIVES(pfm_stop(fd), 0);
		before = stats(fd).switches;
		for (unsigned id = 0; id < 2; id++)
			i[id] = info(fd, id);
		EXPECT_U64(i[0].set_runs + i[1].set_runs, before + 1);
		EXPECT(i[0].set_runs - i[1].set_runs < 2);
		EXPECT(i[0].set_act_duration > 0 && i[1].set_act_duration > 0);
		EXPECT(i[0].set_act_duration + i[1].set_act_duration <=
		       now_ns() - from);
		happen(cpu, 50);
	}
	EXPECT_U64(count(fd, 0) + count(fd, 1), 0);
	EXPECT(close(fd) == 0);
	return NULL;
}

static void top(void)
{
	on_both_cpus(top_worker);
}

/* Real, effective and saved; gid stands for all three but the saved one. */
struct ids {
	unsigned uid, euid, suid, gid, sgid;
};
static const struct ids user = { 1000, 1000, 1000, 1000, 1000 };

static void become(const struct ids *ids)
{
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(ids->gid, ids->gid, ids->sgid) == 0);
	EXPECT(setresuid(ids->uid, ids->euid, ids->suid) == 0);
	/* As an exec would. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void only_root_becomes(void)
{
	if (geteuid() != 0)
		SKIP("not root: cannot become another user");
}

/* A process with these ids, which waits to be killed. */
static pid_t victim(const struct ids *ids)
{
	char byte = 0;
	int ready[2];
	pid_t pid;

	if (pipe(ready) < 0)
		give_up();
	pid = fork();
	if (pid == 0) {
		become(ids);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		EXPECT(write(ready[1], &byte, 1) == 1);
		pause();
		_exit(0);
	}
	EXPECT(read(ready[0], &byte, 1) == 1);
	return pid;
}

/* In a process with these ids, or as we are, target 0 being itself. */
static void load_gives(const struct ids *who, pid_t target, int err)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (who)
			become(who);
		GIVES(load_on(context(PFM_FL_NOPTRACE), target ? target : tid(),
			      0),
		      err);
		leave();
	}
	ends_well(pid);
}

/* All ids are the caller's, or it is another user's; root monitors all. */
static void foreign_users(void)
{
	static const struct ids others[] = {
		{ 1000, 1000, 1000, 1000, 1000 },
		{ 1001, 1001, 1001, 1000, 1000 },
		{ 1000, 1001, 1000, 1000, 1000 },
		{ 1000, 1000, 1001, 1000, 1000 },
		{ 1000, 1000, 1000, 1001, 1001 },
		{ 1000, 1000, 1000, 1000, 1001 },
		{ 0, 0, 0, 0, 0 },
	};

	only_root_becomes();
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		pid_t pid = victim(&others[i]);

		load_gives(&user, pid, i ? EPERM : 0);
		load_gives(NULL, pid, 0);
		kill(pid, SIGKILL);
	}
}

/* A set-id program fails on itself. */
static void set_id_on_itself(void)
{
	static const struct ids set_uid = { 1000, 1001, 1001, 1000, 1000 },
				set_gid = { 1000, 1000, 1000, 1000, 1001 };

	only_root_becomes();
	load_gives(&user, 0, 0);
	load_gives(&set_uid, 0, EPERM);
	load_gives(&set_gid, 0, EPERM);
	load_gives(NULL, 0, 0);
}

/* No group may, nobody is asked at create: the kernel says no at load. */
static void cpu_without_rights(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 0, fd;

	if (!file || fscanf(file, "%d", &level) != 1 || level < 1)
		SKIP("perf_event_paranoid lets everybody monitor a CPU");
	fclose(file);
	if (geteuid() == 0)
		become(&user);
	fd = calls_context(PFM_FL_SYSTEM_WIDE, f);
	two_cpus(&here, &other);
	EXPECT(load_on(fd, here, 0) == -1);
	EXPECT(errno == EACCES || errno == EPERM);
	GIVES(load_on(fd, other, 0), EINVAL);
	/* It was no session: a thread can be monitored. */
	GIVES(load_on(context(0), tid(), 0), 0);
}

static const struct behaviour behaviours[] = {
	{ 15, 32, "ten rounds on a CPU: cumulative", ten_rounds },
	{ 15, 32, "the same on a real one: whoever runs there, and there only",
	  ten_rounds_of_calls },
	{ 15, 33, "load on another CPU than the caller's: EINVAL", wrong_cpu },
	{ 15, 33, "closed from another CPU", closed_elsewhere },
	{ 5, 5, "ANYCPU (ours): loaded and read from another CPU", any_cpu },
	{ 15, 34, "a second context on a CPU: EBUSY", second_on_a_cpu },
	{ 15, 34, "threads and CPUs exclude each other: EBUSY",
	  threads_and_cpus },
	{ 11, 0, "SHARED (ours) takes no session", shared_sessions },
	{ 11, 0, "sessions are those of a process (deviation)",
	  another_process },
	{ 15, 35, "a thread for each CPU, on command", thread_for_each_cpu },
	{ 15, 36, "a thread for each CPU, sets, start and stop", top },
	{ 5, 5, "another user's thread, or a set-id one: EPERM",
	  foreign_users },
	{ 5, 5, "a set-id program on itself: EPERM", set_id_on_itself },
	{ 11, 0, "a CPU without rights: refused at load (deviation)",
	  cpu_without_rights },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
