/* SPDX-License-Identifier: MIT
 *
 * t-calls.c - which call is legal in which state, and which errno a refusal
 * gives: the rows of the perfmon2 reference, sections 3.1, 4, 5 and 14, that
 * need no overflow.  What is counted is t-exact.c's business.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "priv.h"
#include "tap.h"

#define SW PFM_PMC_SW
#define FAULTS PFM_SW_CODE(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS)

/* errno of a call, 0 when it went well; a refusal must have its sentence. */
static int err(int ret)
{
	if (ret != -1)
		return ret == 0 ? 0 : -ret;
	if (pfm_reason()[0] == '\0')
		diag("errno %d without a reason", errno);
	return errno;
}

static int load(int fd, int target)
{
	pfarg_load_t arg = { .load_pid = (uint32_t)target };

	return pfm_load_context(fd, &arg);
}

static pfarg_pmc_t pmc_arg(void)
{
	return (pfarg_pmc_t){ .reg_num = SW,
			      .reg_value = FAULTS,
			      .reg_flags = PFM_REGFL_NO_KERNEL };
}

static int program(int fd)
{
	pfarg_pmc_t pmc = pmc_arg();
	pfarg_pmd_t pmd = { .reg_num = SW };

	if (pfm_write_pmcs(fd, &pmc, 1) == -1)
		return -1;
	return pfm_write_pmds(fd, &pmd, 1);
}

/* A child that waits; traced and stopped, traced and running, or neither. */
enum child { TRACED_STOPPED, TRACED_RUNNING, UNTRACED };

static pid_t spawn(enum child how)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (how != UNTRACED) {
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			raise(SIGSTOP);
		}
		for (;;)
			pause();
	}
	if (how != UNTRACED)
		waitpid(pid, NULL, 0);
	if (how == TRACED_RUNNING)
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A load that failed: rights are a reason to skip, nothing else is. */
static void not_loaded(const char *what)
{
	if (errno == EACCES || errno == EPERM)
		skip("%s: %s", what, pfm_reason());
	else
		ok(false, "%s: %s", what, pfm_reason());
}

/* The twelve calls but create, each with arguments that are fine. */
static int do_write_pmcs(int fd)
{
	pfarg_pmc_t pmc = pmc_arg();

	return pfm_write_pmcs(fd, &pmc, 1);
}

static int do_write_pmds(int fd)
{
	pfarg_pmd_t pmd = { .reg_num = SW };

	return pfm_write_pmds(fd, &pmd, 1);
}

static int do_read_pmds(int fd)
{
	pfarg_pmd_t pmd = { .reg_num = SW };

	return pfm_read_pmds(fd, &pmd, 1);
}

static int do_read_counts(int fd)
{
	struct pfm_count count = { .reg_num = SW };

	return pfm_read_counts(fd, &count, 1);
}

static int do_load(int fd)
{
	return load(fd, self_tid());
}

static int do_start(int fd)
{
	return pfm_start(fd, NULL);
}

static int do_create_evtsets(int fd)
{
	pfarg_setdesc_t set = { .set_id = 5 };

	return pfm_create_evtsets(fd, &set, 1);
}

static int do_getinfo_evtsets(int fd)
{
	pfarg_setinfo_t info = { .set_id = 0 };

	return pfm_getinfo_evtsets(fd, &info, 1);
}

static int do_delete_evtsets(int fd)
{
	pfarg_setdesc_t set = { .set_id = 7 };

	return pfm_delete_evtsets(fd, &set, 1);
}

/* Sections 3.1: columns, in the order of struct row. */
enum state { UNLOADED, SELF, CPU_HERE, CPU_OTHER, OTHER, OTHER_RUNNING };
static const char *const state_names[] = {
	[UNLOADED] = "unloaded",
	[SELF] = "loaded on the caller",
	[CPU_HERE] = "loaded on the caller's CPU",
	[CPU_OTHER] = "loaded on another CPU",
	[OTHER] = "loaded on a stopped thread",
	[OTHER_RUNNING] = "loaded on a running thread",
};
#define NSTATES (sizeof(state_names) / sizeof(state_names[0]))

static const struct row {
	const char *name;
	int (*call)(int fd);
	int errnos[NSTATES];
} rows[] = {
	{ "write_pmcs", do_write_pmcs, { 0, 0, 0, EBUSY, 0, ESRCH } },
	{ "write_pmds", do_write_pmds, { 0, 0, 0, EBUSY, 0, ESRCH } },
	{ "read_pmds", do_read_pmds, { 0, 0, 0, EBUSY, 0, ESRCH } },
	{ "read_counts", do_read_counts, { 0, 0, 0, EBUSY, 0, ESRCH } },
	{ "getinfo", do_getinfo_evtsets, { 0, 0, 0, EBUSY, 0, 0 } },
	{ "restart", pfm_restart, { EBUSY, 0, 0, EBUSY, 0, 0 } },
	{ "start", do_start, { EINVAL, 0, 0, EBUSY, 0, ESRCH } },
	{ "start twice", do_start, { EINVAL, 0, 0, EBUSY, 0, ESRCH } },
	{ "stop", pfm_stop, { EINVAL, 0, 0, EBUSY, 0, ESRCH } },
	{ "stop twice", pfm_stop, { EINVAL, 0, 0, EBUSY, 0, ESRCH } },
	{ "create_evtsets",
	  do_create_evtsets,
	  { 0, EBUSY, EBUSY, EBUSY, EBUSY, EBUSY } },
	{ "delete_evtsets",
	  do_delete_evtsets,
	  { 0, EBUSY, EBUSY, EBUSY, EBUSY, EBUSY } },
	{ "load", do_load, { -1, EBUSY, EBUSY, EBUSY, EBUSY, EBUSY } },
	{ "unload", pfm_unload_context, { 0, 0, 0, EBUSY, 0, ESRCH } },
};

static int last_cpu(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void unpin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i <= last_cpu(); i++)
		CPU_SET((size_t)i, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Bring a context into a state; -1 when this machine or user cannot. */
static int enter_state(enum state state, pid_t *child)
{
	bool cpu = state == CPU_HERE || state == CPU_OTHER;
	int fd = create(cpu ? PFM_FL_SYSTEM_WIDE : 0), ret = 0;
	pfarg_setdesc_t set = { .set_id = 7 };

	*child = 0;
	pfm_create_evtsets(fd, &set, 1);
	if (program(fd) == -1)
		return -1;
	if (cpu) {
		pin(0);
		ret = load(fd, 0);
		if (state == CPU_OTHER)
			pin(last_cpu());
	} else if (state == SELF) {
		ret = load(fd, self_tid());
	} else if (state != UNLOADED) {
		*child = spawn(TRACED_STOPPED);
		ret = load(fd, *child);
		if (state == OTHER_RUNNING)
			ptrace(PTRACE_CONT, *child, NULL, NULL);
	}
	if (ret == 0)
		return fd;
	ret = errno;
	close(fd);
	errno = ret;
	return -1;
}

static void test_states(void)
{
	for (unsigned s = 0; s < NSTATES; s++) {
		pid_t child;
		int fd;

		if (s == CPU_OTHER && last_cpu() == 0) {
			skip("%s: one CPU only", state_names[s]);
			continue;
		}
		fd = enter_state(s, &child);
		if (fd < 0) {
			not_loaded(state_names[s]);
			continue;
		}
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i].errnos[s] >= 0)
				is_i64(err(rows[i].call(fd)), rows[i].errnos[s],
				       "%s, %s", rows[i].name, state_names[s]);
		close(fd);
		unpin();
		if (child)
			reap(child);
	}
}

/* Every call takes a descriptor, and says EBADF to one that is no context. */
static void test_ebadf(void)
{
	int file = open("/dev/null", O_RDONLY), sv[2], closed = create(0);

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv);
	close(closed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		is_i64(err(r->call(-1)), EBADF, "%s of -1", r->name);
		is_i64(err(r->call(4000)), EBADF, "%s, not open", r->name);
		is_i64(err(r->call(file)), EBADF, "%s of a file", r->name);
		is_i64(err(r->call(sv[0])), EBADF, "%s of a socket", r->name);
		is_i64(err(r->call(closed)), EBADF, "%s, closed", r->name);
	}
	close(file);
	close(sv[0]);
	close(sv[1]);
}

/* A number that is another context now means that one. */
static void test_numbers(void)
{
	int a = create(0), b = create(0), c;
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_value = 11 };

	pfm_write_pmds(a, &pmd, 1);
	pmd.reg_value = 22;
	pfm_write_pmds(b, &pmd, 1);
	c = dup(a);
	close(a);
	ok(pfm_read_pmds(c, &pmd, 1) == 0 && pmd.reg_value == 11,
	   "a duplicate is the same context, the original closed");
	dup2(b, c);
	ok(pfm_read_pmds(c, &pmd, 1) == 0 && pmd.reg_value == 22,
	   "after dup2 the number is the other context");
	close(b);
	close(c);
	is_i64(err(pfm_stop(c)), EBADF, "gone with its last descriptor");
}

static void test_create(void)
{
	pfarg_ctx_t ctx = { .ctx_fd = -7 };
	struct rlimit old, none;
	int fd;

	is_i64(err(pfm_create_context(NULL, NULL, 0)), EFAULT, "create: NULL");
	is_i64(err(pfm_create_context((void *)8, NULL, 0)), EFAULT,
	       "create: unmapped argument");
	ctx.ctx_smpl_buf_id[15] = 1;
	is_i64(err(pfm_create_context(&ctx, NULL, 0)), EINVAL,
	       "create: unknown sampling format");
	ctx.ctx_smpl_buf_id[15] = 0;
	ctx.ctx_flags = PFM_FL_SYSTEM_WIDE | PFM_FL_NOTIFY_BLOCK;
	is_i64(err(pfm_create_context(&ctx, NULL, 0)), EINVAL,
	       "create: system-wide and blocking");
	ctx.ctx_flags = 0x80000000u;
	is_i64(err(pfm_create_context(&ctx, NULL, 0)), EINVAL,
	       "create: unknown flag of our range");
	is_i64(ctx.ctx_fd, -7, "create: a failure leaves ctx_fd alone");
	ctx.ctx_flags = 0x00400000u;
	is_i64(err(pfm_create_context(&ctx, NULL, 0)), 0,
	       "create: unknown historical flags are ignored");
	ok(ctx.ctx_smpl_buf_size == 0, "create: no buffer without a format");
	ok(!(fcntl(ctx.ctx_fd, F_GETFD) & FD_CLOEXEC),
	   "create: the descriptor survives exec");
	close(ctx.ctx_fd);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = (rlim_t)(fd = dup(0));
	close(fd);
	setrlimit(RLIMIT_NOFILE, &none);
	is_i64(err(pfm_create_context(&ctx, NULL, 0)), ENFILE,
	       "create: no descriptor left");
	setrlimit(RLIMIT_NOFILE, &old);
}

/* Section 4: counts, sizes, pointers. */
static void test_vectors(void)
{
	static pfarg_pmc_t pmcs[86];
	static pfarg_pmd_t pmds[24];
	static pfarg_setdesc_t descs[65];
	static pfarg_setinfo_t infos[22];
	int fd = create(0);
	void *ro =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 86; i++)
		pmcs[i] = pmc_arg();
	for (int i = 0; i < 24; i++)
		pmds[i].reg_num = SW;
	is_i64(err(pfm_write_pmcs(fd, pmcs, 85)), 0, "85 PMCs");
	is_i64(err(pfm_write_pmcs(fd, pmcs, 86)), E2BIG, "86 PMCs");
	is_i64(err(pfm_write_pmds(fd, pmds, 23)), 0, "23 PMDs");
	is_i64(err(pfm_write_pmds(fd, pmds, 24)), E2BIG, "24 PMDs");
	is_i64(err(pfm_read_pmds(fd, pmds, 23)), 0, "23 PMDs read");
	is_i64(err(pfm_read_pmds(fd, pmds, 24)), E2BIG, "24 PMDs read");
	is_i64(err(pfm_create_evtsets(fd, descs, 64)), 0, "64 sets");
	is_i64(err(pfm_create_evtsets(fd, descs, 65)), E2BIG, "65 sets");
	is_i64(err(pfm_getinfo_evtsets(fd, infos, 21)), 0, "21 queries");
	is_i64(err(pfm_getinfo_evtsets(fd, infos, 22)), E2BIG, "22 queries");
	is_i64(err(pfm_write_pmcs(-1, NULL, -1)), EINVAL,
	       "a negative count, before the descriptor is looked at");
	is_i64(err(pfm_read_pmds(-1, NULL, 12201611)), EINVAL,
	       "INT_MAX bytes, before the descriptor is looked at");
	is_i64(err(pfm_write_pmcs(fd, NULL, 0)), 0, "no entries, NULL");
	is_i64(err(pfm_read_pmds(fd, NULL, 0)), 0, "no entries read, NULL");
	is_i64(err(pfm_write_pmcs(fd, NULL, 1)), EFAULT, "NULL");
	is_i64(err(pfm_read_pmds(fd, NULL, 1)), EFAULT, "NULL read");
	is_i64(err(pfm_write_pmcs(fd, (void *)64, 1)), EFAULT, "unmapped");
	is_i64(err(pfm_load_context(fd, NULL)), EFAULT, "load: NULL");
	is_i64(err(pfm_getinfo_evtsets(fd, ro, 1)), EFAULT,
	       "read-only memory: the copy out fails");
	is_i64(err(pfm_delete_evtsets(fd, ro, 1)), EFAULT,
	       "the copy out overrides EINVAL (set 0)");
	munmap(ro, 4096);
	close(fd);
}

static const struct reg_row {
	int line;
	const char *name;
	uint16_t num, set;
	uint32_t flags;
	int want;
	uint32_t retfl;
} pmc_rows[] = {
	{ __LINE__, "a software register", SW, 0, 0, 0, 0 },
	{ __LINE__, "a level left out", SW, 0, PFM_REGFL_NO_KERNEL, 0, 0 },
	{ __LINE__, "an argument register", PFM_PMC_SW_ARG, 0, 0, 0, 0 },
	{ __LINE__, "beyond the last", PFM_MAX_PMCS, 0, 0, EINVAL,
	  PFM_REG_RETFL_NOTAVAIL },
	{ __LINE__, "number 65535", 65535, 0, 0, EINVAL,
	  PFM_REG_RETFL_NOTAVAIL },
	{ __LINE__, "not implemented", 63, 0, 0, EINVAL,
	  PFM_REG_RETFL_NOTAVAIL },
	{ __LINE__, "an unknown flag", SW, 0, 0x8, EINVAL,
	  PFM_REG_RETFL_EINVAL },
	{ __LINE__, "a PMD's flag", SW, 0, PFM_REGFL_OVFL_NOTIFY, EINVAL,
	  PFM_REG_RETFL_EINVAL },
	{ __LINE__, "64-bit emulation of a software register", SW, 0,
	  PFM_REGFL_NO_EMUL64, EINVAL, PFM_REG_RETFL_EINVAL },
	{ __LINE__, "no such set", SW, 3, 0, EINVAL, PFM_REG_RETFL_NOSET },
	{ __LINE__, "old error flags are ignored", SW, 0,
	  PFM_REG_RETFL_EINVAL, 0, 0 },
}, pmd_rows[] = {
	{ __LINE__, "a software register", SW, 0, 0, 0, 0 },
	{ __LINE__, "notify and random", SW, 0,
	  PFM_REGFL_OVFL_NOTIFY | PFM_REGFL_RANDOM, 0, 0 },
	{ __LINE__, "beyond the last", PFM_MAX_PMDS, 0, 0, EINVAL,
	  PFM_REG_RETFL_NOTAVAIL },
	{ __LINE__, "not implemented", 255, 0, 0, EINVAL,
	  PFM_REG_RETFL_NOTAVAIL },
	{ __LINE__, "a PMC's flag", SW, 0, PFM_REGFL_NO_EMUL64, EINVAL,
	  PFM_REG_RETFL_EINVAL },
	{ __LINE__, "no such set", SW, 3, 0, EINVAL, PFM_REG_RETFL_NOSET },
};

static void test_registers(void)
{
	int fd = create(0);

	for (size_t i = 0; i < sizeof(pmc_rows) / sizeof(pmc_rows[0]); i++) {
		const struct reg_row *r = &pmc_rows[i];
		pfarg_pmc_t v = { .reg_num = r->num,
				  .reg_set = r->set,
				  .reg_flags = r->flags };

		is_i64(err(pfm_write_pmcs(fd, &v, 1)), r->want,
		       "PMC, line %d: %s", r->line, r->name);
		ok((v.reg_flags & PFM_REG_RETFL_MASK) == r->retfl,
		   "line %d: the entry says why", r->line);
	}
	for (size_t i = 0; i < sizeof(pmd_rows) / sizeof(pmd_rows[0]); i++) {
		const struct reg_row *r = &pmd_rows[i];
		pfarg_pmd_t v = { .reg_num = r->num,
				  .reg_set = r->set,
				  .reg_flags = r->flags };

		is_i64(err(pfm_write_pmds(fd, &v, 1)), r->want,
		       "PMD, line %d: %s", r->line, r->name);
		ok((v.reg_flags & PFM_REG_RETFL_MASK) == r->retfl,
		   "line %d: the entry says why", r->line);
	}
	close(fd);
}

static void test_pmd_rules(void)
{
	pfarg_pmd_t v[3] = { { .reg_num = SW, .reg_value = 1 },
			     { .reg_num = 255 },
			     { .reg_num = SW + 2, .reg_value = 3 } };
	pfarg_pmd_t r = { .reg_num = SW };
	int fd = create(0);

	is_i64(err(pfm_read_pmds(fd, &r, 1)), EINVAL, "read before a write");
	ok(r.reg_flags & PFM_REG_RETFL_EINVAL, "the entry says so");
	is_i64(err(pfm_write_pmds(fd, v, 3)), EINVAL, "the second of three");
	r.reg_flags = 0;
	ok(pfm_read_pmds(fd, &r, 1) == 0 && r.reg_value == 1,
	   "the first was committed");
	r.reg_num = SW + 2;
	is_i64(err(pfm_read_pmds(fd, &r, 1)), EINVAL, "the third was not");

	bv_set(v[0].reg_smpl_pmds, SW + 5);
	bv_set(v[0].reg_reset_pmds, SW + 6);
	v[0].reg_ovfl_switch_cnt = 9;
	v[0].reg_value = UINT64_C(0xfffffffffffffff0);
	is_i64(err(pfm_write_pmds(fd, v, 1)), 0, "with sampled registers");
	r = (pfarg_pmd_t){ .reg_num = SW + 5 };
	is_i64(err(pfm_read_pmds(fd, &r, 1)), 0, "a sampled one is requested");
	r.reg_num = SW + 6;
	is_i64(err(pfm_read_pmds(fd, &r, 1)), 0, "a reset one is requested");
	r.reg_num = SW;
	pfm_read_pmds(fd, &r, 1);
	is_u64(r.reg_value, UINT64_C(0xfffffffffffffff0), "64 bits are kept");
	is_u64(r.reg_last_reset_val, r.reg_value, "last reset: the write");
	is_u64(r.reg_ovfl_switch_cnt, 9, "overflows left");

	bv_set(v[0].reg_smpl_pmds, 255);
	is_i64(err(pfm_write_pmds(fd, v, 1)), EINVAL, "sampled: not there");
	bv_clear(v[0].reg_smpl_pmds, 255);
	bv_set(v[0].reg_reset_pmds, 255);
	is_i64(err(pfm_write_pmds(fd, v, 1)), EINVAL, "reset: not there");
	close(fd);
}

static void test_load(void)
{
	pfarg_load_t no_set = { .load_pid = (uint32_t)self_tid(),
				.load_set = 4 };
	int fd = create(0), second = create(0);
	pid_t child;

	is_i64(err(pfm_load_context(fd, &no_set)), EINVAL, "load: no set 4");
	is_i64(err(load(fd, 4194304)), ESRCH, "load: no such thread");
	is_i64(err(load(fd, 0)), ESRCH, "load: thread 0");
	is_i64(err(load(fd, -1)), ESRCH, "load: thread -1");
	child = spawn(UNTRACED);
	is_i64(err(load(fd, child)), ESRCH, "load: not traced");
	reap(child);
	child = spawn(TRACED_RUNNING);
	is_i64(err(load(fd, child)), ESRCH, "load: traced but running");
	reap(child);
	program(fd);
	is_i64(err(load(fd, self_tid())), 0, "load: self");
	is_i64(err(load(second, self_tid())), EEXIST,
	       "load: the thread has a context");
	close(fd);
	is_i64(err(load(second, self_tid())), 0,
	       "load: after the other was closed");
	close(second);

	fd = create(PFM_FL_NOTIFY_BLOCK);
	is_i64(err(load(fd, self_tid())), EINVAL, "load: blocking on self");
	close(fd);
}

static void test_kthread(void)
{
	int fd = create(PFM_FL_NOPTRACE);
	FILE *f = fopen("/proc/2/comm", "r");
	char comm[32] = "";

	if (f && fgets(comm, sizeof(comm), f) && !strcmp(comm, "kthreadd\n"))
		is_i64(err(load(fd, 2)), EPERM, "load: a kernel thread");
	else
		skip("thread 2 is no kernel thread here");
	if (f)
		fclose(f);
	close(fd);
}

/* As somebody else: another user's thread, and a privileged one's. */
static void test_owner(void)
{
	pid_t child, victim;
	int status;

	if (geteuid() != 0) {
		skip("not root: cannot become another user");
		return;
	}
	victim = spawn(UNTRACED);
	child = fork();
	if (child == 0) {
		int fd = create(PFM_FL_NOPTRACE);

		_exit(setgid(65534) || setuid(65534) ||
		      err(load(fd, victim)) != EPERM);
	}
	waitpid(child, &status, 0);
	is_i64(status, 0, "load: another user's thread is EPERM");
	reap(victim);
}

static void test_cpu_sessions(void)
{
	int a = create(PFM_FL_SYSTEM_WIDE), b = create(PFM_FL_SYSTEM_WIDE);
	int t = create(0), shared = create(PFM_FL_SHARED);

	pin(0);
	program(a);
	if (load(a, 0) == -1) {
		not_loaded("system-wide");
		goto out;
	}
	is_i64(err(load(b, 0)), EBUSY, "a second context on the CPU");
	is_i64(err(load(t, self_tid())), EBUSY, "a thread while a CPU is");
	is_i64(err(load(shared, self_tid())), 0, "but not with SHARED");
	if (last_cpu() > 0) {
		is_i64(err(load(b, last_cpu())), EINVAL,
		       "load_pid is not the caller's CPU");
		pin(last_cpu());
		is_i64(err(load(b, last_cpu())), 0, "another CPU is free");
		is_i64(err(pfm_stop(a)), EBUSY, "from the wrong CPU");
	}
	close(a);
	close(b);
	a = b = -1;
	is_i64(err(load(t, self_tid())), 0,
	       "closed from another CPU, the session is over");
out:
	unpin();
	close(a);
	close(b);
	close(t);
	close(shared);
	a = create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU | PFM_FL_SHARED);
	program(a);
	is_i64(err(load(a, 9999)), ENODEV, "ANYCPU: no CPU 9999");
	close(a);
}

static const struct set_row {
	int line;
	const char *name;
	pfarg_setdesc_t desc;
	int want;
} set_rows[] = {
	{ __LINE__, "plain", { .set_id = 1 }, 0 },
	{ __LINE__, "the last id", { .set_id = 65535 }, 0 },
	{ __LINE__, "set 0 again", { .set_id = 0 }, 0 },
	{ __LINE__,
	  "on time",
	  { .set_id = 2, .set_flags = PFM_SETFL_TIME_SWITCH, .set_timeout = 1 },
	  0 },
	{ __LINE__,
	  "on time 0",
	  { .set_id = 3, .set_flags = PFM_SETFL_TIME_SWITCH },
	  EINVAL },
	{ __LINE__,
	  "on both",
	  { .set_id = 3,
	    .set_flags = PFM_SETFL_TIME_SWITCH | PFM_SETFL_OVFL_SWITCH,
	    .set_timeout = 1000 },
	  EINVAL },
	{ __LINE__,
	  "on overflow",
	  { .set_id = 4, .set_flags = PFM_SETFL_OVFL_SWITCH },
	  0 },
};

static void test_sets(void)
{
	pfarg_setdesc_t d[2] = { { .set_id = 1 }, { .set_id = 0 } };
	pfarg_setinfo_t info = { .set_id = 3 };
	pfarg_pmd_t pmd = { .reg_num = SW, .reg_set = 1, .reg_value = 77 };
	pfarg_start_t start = { .start_set = 1 }, no_start = { .start_set = 9 };
	int fd = create(0);

	for (size_t i = 0; i < sizeof(set_rows) / sizeof(set_rows[0]); i++) {
		pfarg_setdesc_t desc = set_rows[i].desc;

		is_i64(err(pfm_create_evtsets(fd, &desc, 1)), set_rows[i].want,
		       "set, line %d: %s", set_rows[i].line, set_rows[i].name);
		if (desc.set_id == 2)
			ok(desc.set_timeout > 1, "1 us is rounded up to %u us",
			   desc.set_timeout);
	}
	is_i64(err(pfm_getinfo_evtsets(fd, &info, 1)), EINVAL,
	       "a refused set was not created");
	info.set_id = 2;
	is_i64(err(pfm_getinfo_evtsets(fd, &info, 1)), 0, "getinfo, unloaded");
	ok(info.set_flags == PFM_SETFL_TIME_SWITCH && info.set_timeout > 1,
	   "getinfo: flags and time left");
	ok(bv_test(info.set_avail_pmds, SW) && bv_test(info.set_avail_pmcs, SW),
	   "getinfo: registers before any load");

	is_i64(err(pfm_write_pmds(fd, &pmd, 1)), 0, "write in set 1");
	program(fd);
	is_i64(err(load(fd, self_tid())), 0, "load with set 0");
	is_i64(err(pfm_start(fd, &no_start)), EINVAL, "start: no set 9");
	is_i64(err(pfm_start(fd, &start)), 0, "start: set 1");
	pmd.reg_value = 0;
	ok(pfm_read_pmds(fd, &pmd, 1) == 0 && pmd.reg_value == 77,
	   "set 1 has its value");
	info.set_id = 1;
	pfm_getinfo_evtsets(fd, &info, 1);
	is_u64(info.set_runs, 1, "set 1 ran once");
	info.set_id = 0;
	pfm_getinfo_evtsets(fd, &info, 1);
	is_u64(info.set_runs, 1, "the load counted for set 0");
	info.set_id = 4;
	pfm_getinfo_evtsets(fd, &info, 1);
	is_u64(info.set_runs, 0, "set 4 never ran");
	pfm_unload_context(fd);

	is_i64(err(pfm_delete_evtsets(fd, d, 2)), EINVAL, "delete set 0");
	is_i64(err(pfm_write_pmds(fd, &pmd, 1)), EINVAL,
	       "set 1, before it in the vector, is deleted");
	info.set_id = 0;
	is_i64(err(load(fd, 4194304)), ESRCH, "load: no such thread");
	pfm_getinfo_evtsets(fd, &info, 1);
	is_u64(info.set_runs, 1, "a load that fails clears nothing");
	d[0] = (pfarg_setdesc_t){ .set_id = 2,
				  .set_flags = PFM_SETFL_EXPL_NEXT,
				  .set_id_next = 99 };
	pfm_create_evtsets(fd, d, 1);
	info.set_id = 2;
	pfm_getinfo_evtsets(fd, &info, 1);
	is_u64(info.set_id_next, 99, "getinfo: the explicit next");
	is_i64(err(load(fd, self_tid())), EINVAL, "load: next set dangles");
	close(fd);
}

/* Re-creating a set gives its PMCs back to their defaults. */
static void test_set_defaults(void)
{
	pfarg_setdesc_t d = { .set_id = 0 };
	pfarg_pmd_t pmd = { .reg_num = SW };
	int fd = create(0);
	volatile char *page;

	program(fd);
	pfm_create_evtsets(fd, &d, 1);
	load(fd, self_tid());
	pfm_start(fd, NULL);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page[0] = 1;
	pfm_stop(fd);
	ok(pfm_read_pmds(fd, &pmd, 1) == 0 && pmd.reg_value == 0,
	   "a re-created set counts nothing until its PMCs are written");
	close(fd);
}

static void test_backend(void)
{
	int fd = create(0);

	is_str(pfm_get_backend(fd), "auto", "no backend chosen");
	is_i64(err(pfm_set_backend(fd, "nosuch")), EINVAL, "backend: unknown");
	is_i64(err(pfm_set_backend(fd, NULL)), EFAULT, "backend: NULL");
	is_i64(err(pfm_set_backend(fd, "perf")), 0, "backend: perf");
	load(fd, self_tid());
	is_str(pfm_get_backend(fd), "perf", "the backend that serves it");
	is_i64(err(pfm_set_backend(fd, "auto")), EBUSY, "backend: loaded");
	close(fd);
	ok(!pfm_get_backend(-1) && errno == EBADF, "backend of nothing");
}

int main(void)
{
	/* First: it forks, which sanitizers dislike once the engine runs. */
	test_owner();
	test_states();
	test_ebadf();
	test_numbers();
	test_create();
	test_vectors();
	test_registers();
	test_pmd_rules();
	test_load();
	test_kthread();
	test_cpu_sessions();
	test_sets();
	test_set_defaults();
	test_backend();
	return done_testing();
}
