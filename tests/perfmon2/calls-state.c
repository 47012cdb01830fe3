/* SPDX-License-Identifier: MIT
 *
 * calls-state.c - which call is legal where: every call in every state of a
 * context and from every place its caller can be in, as one table, and what
 * leads from state to state (perfmon2 reference, sections 3, 3.1, 3.2).
 */
#include "config.h"

#include "calls.h"
#include "hw.h"
#include "model.h"

#define PERIOD UINT64_C(10)
#define INSTRUCTIONS 0xc0

/* A context's state, and where its target and the caller are. */
enum place {
	UNLOADED,
	SELF,
	SELF_MASKED,
	NEIGHBOUR, /* it has loaded itself, and the caller is its neighbour */
	STOPPED,   /* another thread, stopped by the caller */
	RUNNING,
	FREE, /* running, with PFM_FL_NOPTRACE */
	STOPPED_MASKED,
	RUNNING_MASKED,
	FREE_MASKED,
	HERE, /* the caller's CPU */
	AWAY, /* another CPU than the caller's */
	ANY,  /* the same, with PFM_FL_ANYCPU */
	HERE_MASKED,
	AWAY_MASKED,
	ENDED,  /* the thread has exited */
	CLOSED, /* while it was loaded on another thread: perfmon2's zombie */
	NPLACES,
};

static int here = -1, away = -1;
/* What the context counts with: software registers, or hardware's. */
static unsigned pmc = SW, pmd = SW;
static uint64_t event = FAULTS;

static int do_write_pmcs(int fd)
{
	pfarg_pmc_t r = { .reg_num = (uint16_t)pmc,
			  .reg_flags = pmc == SW ? PFM_REGFL_NO_KERNEL : 0,
			  .reg_value = event };

	return pfm_write_pmcs(fd, &r, 1);
}

static int do_write_pmds(int fd)
{
	pfarg_pmd_t r = { .reg_num = (uint16_t)pmd };

	return pfm_write_pmds(fd, &r, 1);
}

static int do_read_pmds(int fd)
{
	pfarg_pmd_t r = { .reg_num = (uint16_t)pmd };

	return pfm_read_pmds(fd, &r, 1);
}

static int do_load(int fd)
{
	return load_on(fd, here >= 0 ? here : tid(), 0);
}

static int do_start(int fd)
{
	return pfm_start(fd, NULL);
}

static int do_create(int fd)
{
	return add_set(fd, 2, 0, 0);
}

static int do_delete(int fd)
{
	return drop_set(fd, 1);
}

static int do_getinfo(int fd)
{
	return ask_set(fd, 0);
}

/*
 * The errno of each call, 0 where it is allowed, in the order of enum place.
 * The restart of another thread is over when it returns (a deviation), so in
 * LOADED and in MASKED it is always allowed.
 */
/* clang-format off */
#define E EINVAL
#define B EBUSY
#define S ESRCH
#define F EBADF
static const struct call_row {
	const char *name;
	int (*make)(int fd);
	int err[NPLACES];
} calls[] = {
/*			  U  S  SM T  St Ru Fr stM ruM frM He Aw An HM AM En Cl */
{ "write_pmcs", do_write_pmcs,
			{ 0, 0, 0, S, 0, S, 0, 0,  0,  0,  0, B, 0, 0, B, 0, F } },
{ "write_pmds", do_write_pmds,
			{ 0, 0, 0, S, 0, S, 0, 0,  0,  0,  0, B, 0, 0, B, 0, F } },
{ "read_pmds", do_read_pmds,
			{ 0, 0, 0, S, 0, S, 0, 0,  0,  0,  0, B, 0, 0, B, 0, F } },
{ "load_context", do_load,
			{ 0, B, B, B, B, B, B, B,  B,  B,  B, B, B, B, B, 0, F } },
{ "unload_context", pfm_unload_context,
			{ 0, 0, 0, S, 0, S, 0, 0,  S,  0,  0, B, 0, 0, B, 0, F } },
{ "start", do_start,
			{ E, 0, E, S, 0, S, 0, E,  E,  E,  0, B, 0, E, B, E, F } },
{ "stop", pfm_stop,
			{ E, 0, 0, S, 0, S, 0, 0,  0,  0,  0, B, 0, 0, B, E, F } },
{ "restart", pfm_restart,
			{ B, 0, 0, 0, 0, 0, 0, 0,  0,  0,  0, B, 0, 0, B, B, F } },
{ "create_evtsets", do_create,
			{ 0, B, B, B, B, B, B, B,  B,  B,  B, B, B, B, B, 0, F } },
{ "delete_evtsets", do_delete,
			{ 0, B, B, B, B, B, B, B,  B,  B,  B, B, B, B, B, 0, F } },
{ "getinfo_evtsets", do_getinfo,
			{ 0, 0, 0, 0, 0, 0, 0, 0,  0,  0,  0, B, 0, 0, B, 0, F } },
};
#undef E
#undef B
#undef S
#undef F
/* clang-format on */

/* With a second set, for those that are deleted. */
static int two_sets(uint32_t flags)
{
	int fd = period_context(flags, PERIOD);

	EXPECT(add_set(fd, 1, 0, 0) == 0);
	return fd;
}

static int on_self(bool masked)
{
	int fd = two_sets(0);

	load_and_start(fd);
	if (masked) {
		call(f, PERIOD);
		message(fd);
	}
	return fd;
}

static void *load_for_oneself(void *arg)
{
	load_and_start(*(int *)arg);
	pause();
	return NULL;
}

/* getinfo needs no stop: it tells when the other one is loaded. */
static int on_neighbour(void)
{
	static int fd;
	pthread_t thread;

	fd = two_sets(0);
	if (pthread_create(&thread, NULL, load_for_oneself, &fd) != 0)
		give_up();
	while (info(fd, 0).set_runs == 0 && !behaviour_failed)
		sched_yield();
	return fd;
}

static int on_other(uint32_t flags, bool masked, bool stopped)
{
	int fd = two_sets(flags);

	child_start();
	monitor_child(fd);
	if (masked) {
		child_do(CALL_F, PERIOD);
		message(fd);
	}
	if (stopped)
		child_stop();
	return fd;
}

/* CPUs are models, so that nobody needs rights for them. */
static void model_cpus(void)
{
	static struct model *cpus[CPU_SETSIZE];

	two_cpus(&here, &away);
	cpus[here] = model_new(model_cfg_find("SKL"));
	cpus[away] = model_new(model_cfg_find("SKL"));
	msr_model_set(cpus, (unsigned)away + 1);
	/* Each access counts as the kernel's, as a real one does. */
	msr_model_set_cost(20);
	setenv("PFM_BACKEND", "msr", 1);
	pmc = pmd = 0;
	event = INSTRUCTIONS | SEL_USR | SEL_EN;
}

static int on_cpu(uint32_t flags, bool masked, bool is_away)
{
	pfarg_pmd_t r = every(0, PERIOD);
	int fd;

	model_cpus();
	fd = context(PFM_FL_SYSTEM_WIDE | flags);
	r.reg_num = 0;
	EXPECT(add_set(fd, 1, 0, 0) == 0);
	EXPECT(do_write_pmcs(fd) == 0);
	put(fd, &r);
	load(fd, here);
	EXPECT(pfm_start(fd, NULL) == 0);
	if (masked) {
		msr_model_advance((unsigned)here, INSTRUCTIONS, 0, 3, PERIOD);
		message(fd);
	}
	if (is_away)
		pin(away);
	return fd;
}

static int ended(void)
{
	int fd = on_other(0, false, false);

	child_end();
	return fd;
}

static int closed(void)
{
	int fd = two_sets(0);

	child_start();
	load(fd, child.pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	close(fd);
	return fd;
}

static int put_at(enum place place)
{
	switch (place) {
	case SELF:
	case SELF_MASKED:
		return on_self(place == SELF_MASKED);
	case NEIGHBOUR:
		return on_neighbour();
	case STOPPED:
	case RUNNING:
		return on_other(0, false, place == STOPPED);
	case STOPPED_MASKED:
	case RUNNING_MASKED:
		return on_other(0, true, place == STOPPED_MASKED);
	case FREE:
	case FREE_MASKED:
		return on_other(PFM_FL_NOPTRACE, place == FREE_MASKED, false);
	case HERE:
	case HERE_MASKED:
		return on_cpu(0, place == HERE_MASKED, false);
	case AWAY:
	case AWAY_MASKED:
		return on_cpu(0, place == AWAY_MASKED, true);
	case ANY:
		return on_cpu(PFM_FL_ANYCPU, false, true);
	case ENDED:
		return ended();
	case CLOSED:
		return closed();
	default:
		return two_sets(0);
	}
}

/* Each call finds a context that no other call has been made on. */
static void every_call(enum place place)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int fd, status;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(BEHAVIOUR_SECONDS);
			behaviour_failed = 0;
			fd = put_at(place);
			if (!GIVES(calls[i].make(fd), calls[i].err[place]))
				diag("that was %s", calls[i].name);
			exit(behaviour_failed);
		}
		waitpid(pid, &status, 0);
		EXPECT_U64(status, 0);
	}
}

#define PLACE(name, place)         \
	static void name(void)     \
	{                          \
		every_call(place); \
	}
PLACE(at_unloaded, UNLOADED)
PLACE(at_self, SELF)
PLACE(at_self_masked, SELF_MASKED)
PLACE(at_neighbour, NEIGHBOUR)
PLACE(at_stopped, STOPPED)
PLACE(at_running, RUNNING)
PLACE(at_free, FREE)
PLACE(at_stopped_masked, STOPPED_MASKED)
PLACE(at_running_masked, RUNNING_MASKED)
PLACE(at_free_masked, FREE_MASKED)
PLACE(at_here, HERE)
PLACE(at_away, AWAY)
PLACE(at_any, ANY)
PLACE(at_here_masked, HERE_MASKED)
PLACE(at_away_masked, AWAY_MASKED)
PLACE(at_ended, ENDED)
PLACE(at_closed, CLOSED)

/* can_restart and started begin anew as well. */
static void unload_ends_masking(void)
{
	int fd = on_self(true);

	EXPECT(is_masked(fd));
	GIVES(pfm_unload_context(fd), 0);
	GIVES(pfm_restart(fd), EBUSY);
	load(fd, tid());
	EXPECT_U64(value(fd, 0, 0), 0);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), 0);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), 3);
}

/* What it was when it masked; the message before END is still there. */
static void exit_while_masked(void)
{
	pfarg_pmd_t every_period = every(0, PERIOD);
	int fd = context(0);

	on_calls(fd, 0, 0, f);
	on_calls(fd, 1, 0, g);
	put(fd, &every_period);
	plain(fd, 1, 0);
	child_start();
	monitor_child(fd);
	child_do(CALL_G, 4);
	child_do(CALL_F, PERIOD);
	EXPECT(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1,
		    PATIENCE_MS) == 1);
	EXPECT_U64(value(fd, 1, 0), 4);
	child_do(CALL_G, 9);
	child_end();
	GIVES(pfm_restart(fd), EBUSY);
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT_U64(value(fd, 1, 0), 4);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT_U64(message(fd).type, PFM_MSG_END);
	EXPECT(is_silent(fd));
}

static void stop_while_masked(void)
{
	int fd = on_self(true);

	GIVES(pfm_stop(fd), 0);
	GIVES(pfm_stop(fd), 0);
	GIVES(pfm_start(fd, NULL), EINVAL);
	call(f, PERIOD);
	EXPECT_U64(value(fd, 0, 0), 0);
	GIVES(pfm_unload_context(fd), 0);
	EXPECT_U64(value(fd, 0, 0), 0);
}

/* Nothing is pending: nothing is reset, and nothing begins to count. */
static void restart_while_loaded(void)
{
	int fd = period_context(0, PERIOD);

	load(fd, tid());
	GIVES(pfm_restart(fd), 0);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
	GIVES(pfm_start(fd, NULL), 0);
	call(f, 3);
	GIVES(pfm_restart(fd), 0);
	call(f, 1);
	GIVES(pfm_restart(fd), 0);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 4);
	GIVES(pfm_stop(fd), 0);
	GIVES(pfm_restart(fd), 0);
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 4);
	EXPECT(is_silent(fd));
}

/* Values of a masked thread are written without a stop, and overwritten. */
static void write_while_masked(void)
{
	pfarg_pmd_t r = { .reg_num = SW, .reg_value = 500 };
	int fd = on_other(0, true, false);

	EXPECT_U64(value(fd, 0, 0), 0);
	put(fd, &r);
	EXPECT_U64(value(fd, 0, 0), 500);
	child_do(CALL_F, 3);
	EXPECT_U64(value(fd, 0, 0), 500);
	r.reg_long_reset = 7000;
	put(fd, &r);
	on_calls(fd, 0, 0, g);
	GIVES(pfm_restart(fd), 0);
	child_do(CALL_F, 100);
	child_do(CALL_G, 6);
	child_end();
	EXPECT_U64(value(fd, 0, 0), 7006);
}

/* A load that is refused leaves all as it was, where the snapshot had cleared
 * runs and duration before. */
static void refused_load_changes_nothing(void)
{
	pfarg_setinfo_t before, after;
	int fd = period_context(0, PERIOD), other = on_other(0, false, false);

	load_and_start(fd);
	call(f, PERIOD);
	GIVES(pfm_unload_context(fd), 0);
	before = info(fd, 0);
	GIVES(load_on(fd, tid(), 77), EINVAL);
	GIVES(load_on(fd, child.pid, 0), ESRCH);
	GIVES(load_on(fd, -1, 0), ESRCH);
	child_stop();
	GIVES(load_on(fd, child.pid, 0), EEXIST);
	after = info(fd, 0);
	EXPECT(has_bit(after.set_ovfl_pmds, 0));
	EXPECT(memcmp(&before, &after, sizeof(after)) == 0);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	GIVES(pfm_start(fd, NULL), EINVAL);
	GIVES(pfm_unload_context(other), 0);
	GIVES(load_on(fd, child.pid, 0), 0);
	child_kill();
}

static const struct behaviour behaviours[] = {
	{ 3, 1, "every call: not loaded", at_unloaded },
	{ 3, 1, "every call: loaded on the caller", at_self },
	{ 3, 1, "every call: masked, on the caller", at_self_masked },
	{ 3, 1, "every call: a thread that loaded itself, from its neighbour",
	  at_neighbour },
	{ 3, 1, "every call: another thread, stopped", at_stopped },
	{ 3, 1, "every call: another thread, running", at_running },
	{ 3, 1, "every call: another thread, running, NOPTRACE (ours)",
	  at_free },
	{ 3, 1, "every call: another thread, masked and stopped",
	  at_stopped_masked },
	{ 3, 1, "every call: another thread, masked, running",
	  at_running_masked },
	{ 3, 1, "every call: another thread, masked, NOPTRACE (ours)",
	  at_free_masked },
	{ 3, 1, "every call: the caller's CPU", at_here },
	{ 3, 1, "every call: another CPU", at_away },
	{ 3, 1, "every call: another CPU, ANYCPU (ours)", at_any },
	{ 3, 1, "every call: the caller's CPU, masked", at_here_masked },
	{ 3, 1, "every call: another CPU, masked", at_away_masked },
	{ 3, 1, "every call: the thread has exited", at_ended },
	{ 3, 1, "every call: closed while loaded: no zombie (deviation)",
	  at_closed },
	{ 3, 0, "unload ends masking", unload_ends_masking },
	{ 3, 0, "an exit while masked unloads, and END follows",
	  exit_while_masked },
	{ 3, 0, "stop while masked: masked still", stop_while_masked },
	{ 5, 8, "restart while loaded does nothing", restart_while_loaded },
	{ 3, 1, "written while masked, without a stop", write_while_masked },
	{ 5, 5, "a refused load changes nothing (deviation)",
	  refused_load_changes_nothing },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
