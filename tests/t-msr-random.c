/* SPDX-License-Identifier: MIT
 *
 * t-msr-random.c - random sequences of the 12 calls, legal and not, on the msr
 * backend over msrfs, with faults injected and with the process dying at any
 * access.  Afterwards every register is what it was before; and what was read
 * is what was advanced while counting, by an account of the test's own, unless a
 * PMD overflows: what the values are then is tests/perfmon2's business.
 *
 * PFM_RANDOM_N sequences from PFM_RANDOM_SEED on, on PFM_RANDOM_CONFIG alone; a worker process runs
 * some and one that dies ends it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "hw.h"
#include "model.h"
#include "msr.h"
#include "msrfs.h"
#include "priv.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEQUENCES 600
#else
#define SEQUENCES 10000
#endif

#define NCPUS 2
#define NSETS 2
#define MAX_GP 10
#define USER (0xc0 | SEL_USR | SEL_EN)  /* instructions */
#define OTHER (0xc4 | SEL_USR | SEL_EN) /* branches: not advanced */

/* What a context must be, as the perfmon2 reference has it. */
struct expect {
	int fd; /* -1: none */
	unsigned cpu;
	bool loaded, running, tainted; /* tainted: a call failed by a fault */
	/*
	 * A PMD may overflow, and so mask: counts are unknown.  And every call
	 * looks at the counters, and may find the CPU gone.
	 */
	bool loose;
	unsigned active;
	struct {
		bool exists;
		bool used[MAX_GP]; /* PMD written */
		uint64_t sel[MAX_GP], value[MAX_GP];
	} set[NSETS];
};

/* Shared with the workers. */
struct report {
	unsigned sequences, deaths, reads, faults;
	unsigned lost;    /* registers that were not what they had been */
	unsigned wrong;   /* counts */
	unsigned allowed; /* illegal calls that were not refused */
	char first[512];  /* of what went wrong */
};

static struct msrfs fs;
static struct report *rep;
static const struct model_cfg *cfg;
static uint32_t owned[NCPUS]; /* counters that are somebody's */
static uint64_t rng, playing;
static char lock_dir[160];

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static void complain(unsigned *counter, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void complain(unsigned *counter, const char *fmt, ...)
{
	size_t len = strlen(rep->first);
	va_list ap;

	++*counter;
	va_start(ap, fmt);
	if (len < sizeof(rep->first) - 100)
		vsnprintf(rep->first + len, sizeof(rep->first) - len, fmt, ap);
	va_end(ap);
}

static uint32_t sel_addr(unsigned n)
{
	if (!cfg->amd)
		return 0x186 + n;
	return cfg->core_ext ? 0xc0010200 + 2 * n : 0xc0010000 + n;
}

static uint32_t ctr_addr(unsigned n)
{
	if (!cfg->amd)
		return 0xc1 + n;
	return cfg->core_ext ? 0xc0010201 + 2 * n : 0xc0010004 + n;
}

/* Registers as nobody expects them, and some that are in use. */
static void litter(void)
{
	for (unsigned cpu = 0; cpu < NCPUS; cpu++) {
		msrfs_ctl(&fs, "reset %u", cpu);
		owned[cpu] = 0;
		for (unsigned n = 0; n < cfg->ngp; n++) {
			if (rnd(4) == 0)
				msrfs_ctl(&fs, "poke %u 0x%x=0x%x", cpu,
					  ctr_addr(n), rnd(1u << 30));
			if (rnd(4) == 0)
				msrfs_ctl(&fs, "poke %u 0x%x=0x%x", cpu,
					  sel_addr(n), rnd(1u << 16));
			if (rnd(12) == 0) {
				msrfs_ctl(&fs, "poke %u 0x%x=0x41003c", cpu,
					  sel_addr(n));
				owned[cpu] |= 1u << n;
			}
		}
		if (cfg->amd ? cfg->version == 2 : cfg->version >= 2)
			msrfs_ctl(&fs, "poke %u 0x%x=0x%x", cpu,
				  cfg->amd ? 0xc0000300 : 0x38e, rnd(4));
	}
}

static bool is_fault(int err)
{
	return err == EIO || err == EPERM || err == ENXIO;
}

/* A legal call that failed: only a fault may make it so. */
static void failed(struct expect *e, const char *call)
{
	if (!is_fault(errno) && !e->loose)
		complain(&rep->wrong, "%s: %s\n", call, pfm_reason());
	e->tainted = true;
}

static void do_set(struct expect *e)
{
	pfarg_setdesc_t d = { .set_id = 1 };
	int ret = pfm_create_evtsets(e->fd, &d, 1);

	if (e->loaded && ret == 0 && !e->loose)
		complain(&rep->allowed, "a set created while loaded\n");
	if (ret == 0) {
		e->set[1].exists = true;
		memset(e->set[1].sel, 0, sizeof(e->set[1].sel));
	}
}

static void do_write_pmc(struct expect *e)
{
	unsigned set = rnd(NSETS), n = rnd(cfg->ngp);
	pfarg_pmc_t r = { .reg_num = (uint16_t)n,
			  .reg_set = (uint16_t)set,
			  .reg_value = rnd(4) ? USER :
				       rnd(2) ? OTHER :
						0 };
	bool legal = e->set[set].exists;
	/* While it is loaded a taken counter is refused at the next start. */
	if (e->loaded && owned[e->cpu] >> n & 1)
		return;
	if (pfm_write_pmcs(e->fd, &r, 1) == 0) {
		if (!legal)
			complain(&rep->allowed, "pmc in set %u\n", set);
		e->set[set].sel[n] = r.reg_value;
	} else if (legal) {
		failed(e, "write_pmcs");
	}
}

static void do_write_pmd(struct expect *e)
{
	static const uint64_t values[] = { 0,
					   5,
					   (UINT64_C(1) << 31) - 3,
					   (UINT64_C(1) << 48) - 7,
					   UINT64_C(1) << 47,
					   (uint64_t)-9,
					   (uint64_t)-70000 };
	unsigned set = rnd(NSETS), n = rnd(cfg->ngp);
	pfarg_pmd_t r = { .reg_num = (uint16_t)n,
			  .reg_set = (uint16_t)set,
			  .reg_value = values[rnd(7)] };
	bool legal = e->set[set].exists;

	if (e->loaded && owned[e->cpu] >> n & 1)
		return;
	if (pfm_write_pmds(e->fd, &r, 1) == 0) {
		if (!legal)
			complain(&rep->allowed, "pmd in set %u\n", set);
		e->set[set].used[n] = true;
		e->set[set].value[n] = r.reg_value;
		e->loose |= r.reg_value >> 63;
	} else if (legal) {
		failed(e, "write_pmds");
	}
}

static void do_create(struct expect *e, unsigned cpu)
{
	memset(e, 0, sizeof(*e));
	e->fd = create(PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU);
	e->cpu = cpu;
	e->set[0].exists = true;
	/* Mostly with something to count, so that not all calls are refused. */
	if (rnd(4) == 0)
		return;
	for (unsigned i = 0; i < 3; i++) {
		do_write_pmc(e);
		do_write_pmd(e);
	}
}

/* Does a set ask for a counter that is somebody's? */
static bool wants_owned(const struct expect *e)
{
	for (unsigned s = 0; s < NSETS; s++)
		for (unsigned n = 0; e->set[s].exists && n < cfg->ngp; n++)
			if (e->set[s].used[n] && e->set[s].sel[n] & SEL_EN &&
			    owned[e->cpu] >> n & 1)
				return true;
	return false;
}

static void do_load(struct expect *e, const struct expect *all)
{
	unsigned set = rnd(NSETS);
	pfarg_load_t l = { .load_pid = e->cpu, .load_set = (uint16_t)set };
	bool legal = !e->loaded && e->set[set].exists && !wants_owned(e);
	bool sure = !e->loose;

	for (unsigned i = 0; i < 3; i++)
		if (&all[i] != e && all[i].fd >= 0 && all[i].loaded &&
		    all[i].cpu == e->cpu) {
			legal = false;
			sure &= !all[i].loose;
		}
	if (pfm_load_context(e->fd, &l) == 0) {
		if (!legal && sure)
			complain(&rep->allowed, "load\n");
		e->loaded = true;
		e->running = false;
		e->active = set;
	} else if (legal && sure && !is_fault(errno)) {
		complain(&rep->wrong, "load: %s\n", pfm_reason());
	}
}

static void do_start(struct expect *e)
{
	unsigned set = rnd(3) ? e->active : rnd(NSETS);
	pfarg_start_t s = { .start_set = (uint16_t)set };
	bool legal = e->loaded && e->set[set].exists;

	if (pfm_start(e->fd, &s) == 0) {
		if (!legal)
			complain(&rep->allowed, "start of set %u\n", set);
		e->running = true;
		e->active = set;
	} else if (legal && !(e->loose && errno == EINVAL)) {
		failed(e, "start");
	}
}

static void do_stop(struct expect *e)
{
	if (pfm_stop(e->fd) == 0) {
		if (!e->loaded)
			complain(&rep->allowed, "stop\n");
		e->running = false;
	} else if (e->loaded) {
		failed(e, "stop");
	}
}

static void do_read(struct expect *e)
{
	unsigned set = rnd(NSETS), n = rnd(cfg->ngp);
	pfarg_pmd_t r = { .reg_num = (uint16_t)n, .reg_set = (uint16_t)set };
	bool legal = e->set[set].exists && e->set[set].used[n];

	if (pfm_read_pmds(e->fd, &r, 1) < 0) {
		if (legal && !is_fault(errno))
			complain(&rep->wrong, "read: %s\n", pfm_reason());
		if (legal && errno == ENXIO)
			e->tainted = true;
		return;
	}
	rep->reads++;
	if (!legal)
		complain(&rep->allowed, "read of pmd%u\n", n);
	else if (!e->loose && r.reg_value != e->set[set].value[n])
		complain(&rep->wrong,
			 "seed %" PRIu64 " set %u pmd%u: %#" PRIx64
			 ", not %#" PRIx64 "\n",
			 playing, set, n, r.reg_value, e->set[set].value[n]);
}

static void do_unload(struct expect *e)
{
	if (pfm_unload_context(e->fd) < 0)
		failed(e, "unload");
	e->loaded = e->running = false;
}

static void do_close(struct expect *e)
{
	close(e->fd);
	e->fd = -1;
	/* What destroys it is whoever looks next. */
	ctx_sweep();
}

static void do_advance(struct expect *all)
{
	unsigned cpu = rnd(NCPUS), n = 1 + rnd(5000);

	msrfs_ctl(&fs, "advance %u c0=%u", cpu, n);
	for (unsigned i = 0; i < 3; i++) {
		struct expect *e = &all[i];

		if (e->fd < 0 || !e->running || e->cpu != cpu)
			continue;
		for (unsigned k = 0; k < cfg->ngp; k++)
			if (e->set[e->active].used[k] &&
			    e->set[e->active].sel[k] == USER)
				e->set[e->active].value[k] += n;
	}
}

static void do_fault(void)
{
	static const char *const errs[] = { "EIO", "EPERM", "ENXIO" };

	rep->faults++;
	msrfs_ctl(&fs, "fail %u any any %s %u", rnd(NCPUS), errs[rnd(3)],
		  1 + rnd(30));
}

static void do_illegal(struct expect *e)
{
	pfarg_pmc_t pmc = { .reg_num = 60 };
	pfarg_pmd_t pmd = { .reg_num = 40 };
	pfarg_load_t l = { .load_pid = 77 };
	pfarg_start_t s = { .start_set = 9 };
	int bad = -1;

	switch (rnd(6)) {
	case 0:
		bad = pfm_write_pmcs(e->fd, &pmc, 1);
		break;
	case 1:
		bad = pfm_write_pmds(e->fd, &pmd, 1);
		break;
	case 2:
		bad = pfm_load_context(e->fd, &l);
		break;
	case 3:
		bad = pfm_start(e->fd, &s);
		break;
	case 4:
		bad = pfm_read_pmds(1000, &pmd, 1);
		break;
	default:
		bad = pfm_start(STDIN_FILENO, NULL);
		break;
	}
	if (bad == 0)
		complain(&rep->allowed, "an illegal call\n");
}

static void step(struct expect *all)
{
	struct expect *e = &all[rnd(3)];

	if (e->fd < 0) {
		do_create(e, rnd(NCPUS));
		return;
	}
	switch (rnd(20)) {
	case 0:
		do_set(e);
		break;
	case 1 ... 3:
		do_write_pmc(e);
		break;
	case 4 ... 5:
		do_write_pmd(e);
		break;
	case 6 ... 7:
		do_load(e, all);
		if (e->loaded && rnd(2))
			do_start(e);
		break;
	case 8 ... 9:
		do_start(e);
		break;
	case 10:
		do_stop(e);
		break;
	case 11 ... 13:
		do_read(e);
		break;
	case 14 ... 16:
		do_advance(all);
		break;
	case 17:
		do_illegal(e);
		if (e->loose && pfm_restart(e->fd) < 0 && errno != EBUSY)
			failed(e, "restart");
		break;
	case 18:
		if (rnd(3) == 0)
			do_unload(e);
		break;
	default:
		if (rnd(3) == 0)
			do_close(e);
		break;
	}
	if (e->fd >= 0 && e->tainted)
		do_close(e);
}

/*
 * What two faults kept from being undone, or a guardian that was killed as well
 * did not undo, is undone by the next user of the CPU.
 */
static void recover(void)
{
	for (unsigned cpu = 0; cpu < NCPUS; cpu++) {
		struct msr_cpu c;

		msrfs_ctl(&fs, "fail %u off", cpu);
		if (msr_open(&c, (int)cpu) < 0 || guard_recover(&c) < 0) {
			complain(&rep->wrong, "recover: %s\n", pfm_reason());
			continue;
		}
		msr_close(&c);
	}
}

/* Every register as it was; the answer names those that are not. */
static void compare(uint64_t seed)
{
	if (msrfs_ctl(&fs, "diff a") && strcmp(fs.text, "ok same\n") == 0)
		return;
	complain(&rep->lost, "%s, seed %" PRIu64 ": %.150s\n", cfg->name, seed,
		 fs.text);
}

static void play(uint64_t seed, bool die)
{
	struct expect all[3] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };
	unsigned steps, death;

	playing = seed;
	rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (unsigned i = 0; i < 8; i++)
		rnd(2);
	litter();
	msrfs_ctl(&fs, "save a");
	steps = 20 + rnd(60);
	death = die ? rnd(steps) : steps;
	for (unsigned i = 0; i < steps; i++) {
		if (i == death)
			msrfs_ctl(&fs, "kill %u %u %s", rnd(NCPUS), 1 + rnd(40),
				  rnd(2) ? "before" : "after");
		if (!die && rnd(15) == 0)
			do_fault();
		step(all);
	}
	if (die)
		kill(getpid(), rnd(2) ? SIGKILL : SIGABRT);
	for (unsigned i = 0; i < 3; i++)
		if (all[i].fd >= 0)
			do_close(&all[i]);
	rep->sequences++;
	recover();
	compare(seed);
}

/* Until its guardian has let go of each CPU. */
static void wait_locks(void)
{
	char path[200];

	for (unsigned cpu = 0; cpu < NCPUS; cpu++) {
		int fd;

		snprintf(path, sizeof(path), "%s/cpu%u", lock_dir, cpu);
		fd = open(path, O_RDWR);
		if (fd < 0)
			continue;
		flock(fd, LOCK_EX);
		close(fd);
	}
}

static void run(uint64_t *seed, unsigned n)
{
	while (rep->sequences < n && rep->lost + rep->wrong < 5) {
		uint64_t first = *seed;
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			for (unsigned i = 0; i < 9; i++)
				play(first + i, false);
			play(first + 9, true);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		wait_locks();
		*seed += 10;
		rep->sequences++;
		rep->deaths++;
		if (!WIFSIGNALED(status) || (WTERMSIG(status) != SIGKILL &&
					     WTERMSIG(status) != SIGABRT))
			complain(&rep->wrong,
				 "%s, seed %" PRIu64 ": status %#x\n",
				 cfg->name, first, (unsigned)status);
		recover();
		compare(first + 9);
	}
}

static void test_config(const char *name, uint64_t *seed, unsigned n)
{
	char cpus[32];

	cfg = model_cfg_find(name);
	memset(rep, 0, sizeof(*rep));
	snprintf(cpus, sizeof(cpus), "%s*%d", name, NCPUS);
	if (!msrfs_start(&fs, cpus, NULL)) {
		skip("%s: %s", name, fs.text);
		return;
	}
	snprintf(lock_dir, sizeof(lock_dir), "%s.lock", fs.dir);
	mkdir(lock_dir, 0700);
	setenv("PFM_CPU_PATH", fs.cpu_path, 1);
	setenv("PFM_LOCK_DIR", lock_dir, 1);
	run(seed, n);
	is_u64(rep->lost, 0,
	       "%s: %u sequences, %u deaths, %u faults: every "
	       "register as it was",
	       name, rep->sequences, rep->deaths, rep->faults);
	is_u64(rep->wrong, 0, "%s: %u counts read, each exact", name,
	       rep->reads);
	is_u64(rep->allowed, 0, "%s: no illegal call was let through", name);
	if (rep->first[0])
		diag("%s", rep->first);
	ok(msrfs_stop(&fs), "%s: unmounted", name);
	for (unsigned cpu = 0; cpu < NCPUS; cpu++) {
		char path[200];

		snprintf(path, sizeof(path), "%s/cpu%u", lock_dir, cpu);
		unlink(path);
	}
	rmdir(lock_dir);
}

int main(void)
{
	static const char *const names[] = { "CORE2", "NHM", "HSW", "SKL",
					     "SKL8",  "ICL", "K10", "ZEN",
					     "ZEN4",  "LNC" };
	const char *n = getenv("PFM_RANDOM_N"), *s = getenv("PFM_RANDOM_SEED");
	const char *only = getenv("PFM_RANDOM_CONFIG");
	uint64_t seed = s ? strtoull(s, NULL, 10) : 1;
	unsigned total = n ? (unsigned)strtoul(n, NULL, 10) : SEQUENCES;

	rep = mmap(NULL, sizeof(*rep), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setenv("PFM_BACKEND", "msr", 1);
	diag("seed %" PRIu64 ", %u sequences", seed, total);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!only || strcmp(only, names[i]) == 0)
			test_config(names[i], &seed, total / 10);
	return done_testing();
}
