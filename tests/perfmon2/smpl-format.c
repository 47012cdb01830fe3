/* SPDX-License-Identifier: MIT
 *
 * smpl-format.c - what the answers of a sampling format do: each control bit,
 * each return value, and what its hooks are given (perfmon2 reference, sections
 * 7, 8 and 9.1).
 */
#include "config.h"

#include "exact.h"
#include "pfmcore_fmt.h"

#define PERIOD UINT64_C(10)
#define NOTIFY PFM_OVFL_CTRL_NOTIFY
#define RESET PFM_OVFL_CTRL_RESET
#define MASK PFM_OVFL_CTRL_MASK

struct arg {
	uint32_t magic;
};

/* The format of these tests: answers as it is told, and remembers. */
static struct {
	/* what to answer */
	uint32_t ctrl, restart_ctrl;
	int handler, restart, validate, size, init;
	size_t bytes;

	/* what it was asked; handled is read between two overflows */
	_Atomic unsigned handled;
	unsigned restarted, inited, exited;
	bool was_active, buf_zeroed;
	uint32_t flags;
	unsigned npmds;
	struct pfm_ovfl last;
	uint64_t values[8];
	void *buf;
} fmt;

static int on_handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	fmt.handled++;
	fmt.last = *o;
	fmt.buf = buf;
	for (unsigned i = 0; i < o->nvalues && i < 8; i++)
		fmt.values[i] = o->values[i];
	*ctrl = fmt.ctrl;
	return fmt.handler;
}

static int on_next(const void *buf, size_t size, size_t *cursor,
		   struct pfm_ovfl *out)
{
	(void)buf;
	(void)size;
	(void)cursor;
	(void)out;
	return 0;
}

static int on_validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct arg *a = arg;

	fmt.flags = ctx_flags;
	fmt.npmds = npmds;
	return a->magic == 77 ? fmt.validate : -ERANGE;
}

static int on_size(uint32_t ctx_flags, const void *arg, size_t *bytes)
{
	(void)ctx_flags;
	(void)arg;
	*bytes = fmt.bytes;
	return fmt.size;
}

static int on_init(void *buf, uint32_t ctx_flags, unsigned npmds,
		   const void *arg)
{
	const unsigned char *byte = buf;

	(void)ctx_flags;
	(void)npmds;
	(void)arg;
	fmt.inited++;
	fmt.buf_zeroed = true;
	for (size_t i = 0; i < fmt.bytes; i++)
		fmt.buf_zeroed &= byte[i] == 0;
	return fmt.init;
}

static int on_restart(void *buf, bool active, uint32_t *ctrl)
{
	(void)buf;
	fmt.restarted++;
	fmt.was_active = active;
	*ctrl = fmt.restart_ctrl;
	return fmt.restart;
}

static void on_exit_of_buffer(void *buf)
{
	(void)buf;
	fmt.exited++;
}

#define UUID                                                              \
	{                                                                 \
		0x4f, 0x1c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 \
	}

static const struct pfm_smpl_fmt format = {
	.abi = PFM_SMPL_ABI,
	.version = 0x10000,
	.uuid = UUID,
	.name = "answers",
	.desc = "answers as it is told",
	.arg_size = sizeof(struct arg),
	.handler = on_handler,
	.next = on_next,
	.validate = on_validate,
	.size = on_size,
	.init = on_init,
	.restart = on_restart,
	.exit = on_exit_of_buffer,
};

static int fd;

static int create_with(uint32_t flags, uint32_t magic)
{
	pfarg_ctx_t ctx = { .ctx_smpl_buf_id = UUID, .ctx_flags = flags };
	struct arg arg = { magic };
	int ret;

	pfm_fmt_register(&format);
	ret = pfm_create_context(&ctx, &arg, sizeof(arg));
	EXPECT(ret == -1 ||
	       ctx.ctx_smpl_buf_size == (fmt.bytes + page_size() - 1) /
						page_size() * page_size());
	return ret == -1 ? -1 : ctx.ctx_fd;
}

/* PMD 0 overflows each PERIOD calls of f, and is given with PMD 1, of g. */
static void begin(uint32_t ctrl, bool notify)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	fmt.ctrl = ctrl;
	fmt.bytes = 100;
	fd = create_with(0, 77);
	if (!EXPECT(fd >= 0))
		give_up();
	on_calls(fd, 0, 0, f);
	on_calls(fd, 1, 0, g);
	if (!notify)
		pmd.reg_flags = 0;
	pmd.reg_smpl_eventid = 4711;
	set_bit(pmd.reg_smpl_pmds, 0);
	set_bit(pmd.reg_smpl_pmds, 1);
	plain(fd, 1, 0);
	put(fd, &pmd);
	load_and_start(fd);
}

/* f so often; true when that many overflows were handled altogether. */
static bool handled_after(unsigned calls, unsigned n)
{
	call(f, calls);
	return EXPECT_U64(stats(fd).overflows, n) && EXPECT_U64(fmt.handled, n);
}

static void hooks_of_create(void)
{
	fmt.bytes = 5000;
	fd = create_with(PFM_FL_OVFL_NO_MSG, 77);
	EXPECT(fd >= 0);
	EXPECT_U64(fmt.flags, PFM_FL_OVFL_NO_MSG);
	EXPECT(fmt.npmds > 0);
	EXPECT_U64(fmt.inited, 1);
	EXPECT(fmt.buf_zeroed);
	EXPECT_U64(fmt.exited, 0);
}

static bool create_fails(int err)
{
	return EXPECT(create_with(0, 77) == -1) && EXPECT_U64(errno, err) &&
	       EXPECT_U64(fmt.exited, 0);
}

static void errors_of_create(void)
{
	fmt.bytes = 100;
	fmt.validate = -EDOM;
	create_fails(EDOM);
	EXPECT_U64(fmt.inited, 0);
	fmt.validate = 0;
	fmt.size = -EBADSLT;
	create_fails(EBADSLT);
	EXPECT_U64(fmt.inited, 0);
	fmt.size = 0;
	fmt.init = -ECHRNG;
	create_fails(ECHRNG);
	EXPECT_U64(fmt.inited, 1);
	fmt.init = 0;
	EXPECT(create_with(0, 76) == -1 && errno == ERANGE);
	EXPECT(create_with(0, 77) >= 0);
}

static void no_buffer(void)
{
	fmt.bytes = 0;
	fd = create_with(0, 77);
	EXPECT(fd >= 0);
	EXPECT(!pfm_smpl_map(fd, 1) && errno == EINVAL);
}

static void given_overflow(void)
{
	begin(0, false);
	call(g, 3);
	handled_after(PERIOD, 1);
	EXPECT_U64(fmt.last.ip, (uintptr_t)f);
	EXPECT_U64(fmt.last.tid, tid());
	EXPECT_U64(fmt.last.tgid, getpid());
	EXPECT_U64(fmt.last.pmd, SW);
	EXPECT_U64(fmt.last.set, 0);
	EXPECT_U64(fmt.last.eventid, 4711);
	EXPECT_U64(fmt.last.last_reset, -PERIOD);
	EXPECT_U64(fmt.last.nvalues, 2);
	EXPECT_U64(fmt.values[0], 0);
	EXPECT_U64(fmt.values[1], 3);
	EXPECT_U64(fmt.last.flags, 0);
}

/* No bit: a sample, a short reset, and on. */
static void nothing_asked(void)
{
	begin(0, true);
	for (unsigned i = 1; i <= 20; i++)
		handled_after(PERIOD, i);
	EXPECT(is_silent(fd));
	EXPECT(!is_masked(fd));
	EXPECT_U64(stats(fd).samples, 20);
}

/* RESET from a handler is what happens anyway. */
static void reset_asked(void)
{
	begin(RESET, true);
	for (unsigned i = 1; i <= 5; i++)
		handled_after(PERIOD, i);
	EXPECT(is_silent(fd));
	EXPECT(!is_masked(fd));
}

static void notify_without_mask(void)
{
	begin(NOTIFY, true);
	for (unsigned i = 1; i <= 5; i++)
		handled_after(PERIOD, i);
	EXPECT(!is_masked(fd));
	for (unsigned i = 1; i <= 5; i++)
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
	call(f, 3);
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 3);
}

/* The register has to want it, too. */
static void notify_unwanted(void)
{
	begin(NOTIFY | MASK, false);
	handled_after(5 * PERIOD, 1);
	EXPECT(is_masked(fd));
	EXPECT(is_silent(fd));
}

static void mask_without_notify(void)
{
	fmt.restart_ctrl = RESET;
	begin(MASK, true);
	handled_after(5 * PERIOD, 1);
	EXPECT(is_masked(fd));
	EXPECT(is_silent(fd));
	EXPECT_U64(value(fd, 0, 0), 0);
	EXPECT(pfm_restart(fd) == 0);
	handled_after(PERIOD, 2);
}

/* The handler's return value tells of the buffer, not of what to do. */
static void full_but_goes_on(void)
{
	fmt.handler = -ENOBUFS;
	begin(0, true);
	for (unsigned i = 1; i <= 5; i++)
		handled_after(PERIOD, i);
	EXPECT(!is_masked(fd));
}

static void restart_is_told(void)
{
	fmt.restart_ctrl = RESET;
	begin(NOTIFY | MASK, true);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(fmt.restarted == 1 && fmt.was_active);
	handled_after(PERIOD, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(fmt.restarted == 2 && !fmt.was_active);
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
	EXPECT(!is_masked(fd));
}

/* Nothing is reset: the PMD goes on from its wrap. */
static void restart_without_reset(void)
{
	begin(NOTIFY | MASK, true);
	handled_after(PERIOD, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(!is_masked(fd));
	call(f, 25);
	EXPECT_U64(value(fd, 0, 0), 25);
	EXPECT_U64(get(fd, 0, 0).reg_last_reset_val, -PERIOD);
}

/* It says loaded, and counts nothing. */
static void restart_with_mask(void)
{
	fmt.restart_ctrl = RESET | MASK;
	begin(NOTIFY | MASK, true);
	handled_after(PERIOD, 1);
	EXPECT(pfm_restart(fd) == 0);
	call(f, 3 * PERIOD);
	EXPECT_U64(fmt.handled, 1);
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
}

/* Refused by the format, all stays; for the thread itself it may be repeated. */
static void restart_refused(void)
{
	fmt.restart_ctrl = RESET;
	fmt.restart = -1;
	begin(NOTIFY | MASK, true);
	handled_after(PERIOD, 1);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(is_masked(fd));
	EXPECT_U64(value(fd, 0, 0), 0);
	fmt.restart = 0;
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(!is_masked(fd));
	EXPECT_U64(value(fd, 0, 0), -PERIOD);
}

/* For another thread it may not. */
static void restart_refused_other(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	worker_start();
	fmt.ctrl = NOTIFY | MASK;
	fmt.restart = -1;
	fd = create_with(PFM_FL_NOPTRACE, 77);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load(fd, worker.tid);
	EXPECT(pfm_start(fd, NULL) == 0);
	work(f, PERIOD);
	message(fd);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT(is_masked(fd));
	EXPECT(pfm_restart(fd) == -1 && errno == EBUSY);
	EXPECT_U64(fmt.restarted, 1);
	EXPECT(pfm_unload_context(fd) == 0);
}

/* With the last use the format is told, once. */
static void exit_is_told(void)
{
	begin(0, true);
	close(fd);
	EXPECT(pfm_stop(fd) == -1 && errno == EBADF);
	/* Whoever needs the room looks. */
	fd = context(0);
	load_and_start(fd);
	EXPECT_U64(fmt.exited, 1);
}

static const struct behaviour behaviours[] = {
	{ 9, 1, "create: validate, size and init are asked", hooks_of_create },
	{ 9, 1, "create: the errno of each is its own", errors_of_create },
	{ 9, 1, "create: size 0 is no buffer", no_buffer },
	{ 9, 1, "what a handler is given", given_overflow },
	{ 9, 1, "no bit: on, with a short reset", nothing_asked },
	{ 9, 1, "RESET from a handler: no more than that", reset_asked },
	{ 9, 1, "NOTIFY without MASK: a message, and on", notify_without_mask },
	{ 9, 1, "NOTIFY and MASK of a PMD that wants no message",
	  notify_unwanted },
	{ 9, 1, "MASK without NOTIFY: masked, no message",
	  mask_without_notify },
	{ 9, 1, "an error of the handler without a bit: on", full_but_goes_on },
	{ 8, 1, "restart: the format learns whether it was masked",
	  restart_is_told },
	{ 8, 2, "restart without RESET", restart_without_reset },
	{ 8, 2, "restart with MASK: loaded, and frozen", restart_with_mask },
	{ 8, 3, "restart refused by the format: masked still",
	  restart_refused },
	{ 3, 0, "another thread: refused by the format, then EBUSY",
	  restart_refused_other },
	{ 9, 1, "exit with the context", exit_is_told },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
