/* SPDX-License-Identifier: MIT
 *
 * smpl-default.c - perfmon2's sampling format on real overflows: how many
 * samples, what is in each, a full buffer, restart and end (perfmon2 reference,
 * sections 7 and 9.2; items 16, 26 to 28 and 31 of section 15).
 */
#include "config.h"

#include <fcntl.h>
#include <sched.h>

#include "buffer.h"

#define PERIOD UINT64_C(7)

static int fd;
static const pfm_dfl_smpl_hdr_t *hdr;

/* As many PMDs as any buffer here has room for in its largest entry. */
static unsigned npmds(void)
{
	int probe = context(0);
	unsigned n = implemented_pmds(probe);

	close(probe);
	return n;
}

/* A buffer of n entries, on the worker. */
static void buffer_of(unsigned n, unsigned nvalues, uint32_t flags)
{
	worker_start();
	fd = buffer_context(flags | PFM_FL_NOPTRACE,
			    bytes_for(n, nvalues, npmds()), &hdr);
}

static void begin(void)
{
	load(fd, worker.tid);
	EXPECT(pfm_start(fd, NULL) == 0);
}

static void sample_faults(unsigned n)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	buffer_of(n, 0, 0);
	on_faults(fd, 0, 0);
	put(fd, &pmd);
	begin();
}

static void header_of_new(void)
{
	size_t bytes = bytes_for(3, 0, npmds());
	pfm_dfl_smpl_arg_t arg = { .buf_size = bytes, .buf_flags = 9 };
	pfarg_ctx_t ctx = { .ctx_smpl_buf_id = PFM_DFL_SMPL_UUID };

	smpl_register_builtin();
	EXPECT(pfm_create_context(&ctx, &arg, sizeof(arg)) == 0);
	EXPECT(ctx.ctx_smpl_buf_size >= bytes);
	EXPECT_U64(ctx.ctx_smpl_buf_size % page_size(), 0);
	EXPECT(ctx.ctx_smpl_buf_size < bytes + page_size());
	hdr = pfm_smpl_map(ctx.ctx_fd, ctx.ctx_smpl_buf_size);
	if (!EXPECT(hdr))
		return;
	EXPECT_U64(hdr->hdr_version, 0x10000);
	EXPECT_U64(hdr->hdr_buf_size, bytes);
	EXPECT_U64(hdr->hdr_buf_flags, 9);
	EXPECT_U64(hdr->hdr_cur_offs, 128);
	EXPECT_U64(hdr->hdr_count, 0);
	EXPECT_U64(hdr->hdr_overflows, 0);
	EXPECT_U64(hdr->hdr_min_buf_space, 40 + 8 * npmds());
	EXPECT(!pfm_smpl_map(ctx.ctx_fd, ctx.ctx_smpl_buf_size + 1) &&
	       errno == EINVAL);
}

static void size_too_small(void)
{
	pfm_dfl_smpl_arg_t arg = { .buf_size = 128 + 40 + 8 * npmds() - 1 };
	pfarg_ctx_t ctx = { .ctx_smpl_buf_id = PFM_DFL_SMPL_UUID,
			    .ctx_fd = 77 };

	smpl_register_builtin();
	EXPECT(pfm_create_context(&ctx, &arg, sizeof(arg)) == -1);
	EXPECT_U64(errno, EINVAL);
	EXPECT_U64(ctx.ctx_fd, 77);
	arg.buf_size++;
	EXPECT(pfm_create_context(&ctx, &arg, sizeof(arg)) == 0);
}

/* floor(N/P), whatever N is. */
static void number_of_samples(void)
{
	static const unsigned n[] = { 0, 6, 7, 8, 13, 14, 100, 699, 700, 5000 };
	pfarg_pmd_t pmd = every(0, PERIOD);

	sample_faults(1000);
	for (unsigned i = 0; i < 10; i++) {
		EXPECT(pfm_restart(fd) == 0);
		put(fd, &pmd);
		work(NULL, n[i]);
		EXPECT(pfm_stop(fd) == 0);
		EXPECT_U64(hdr->hdr_count, n[i] / PERIOD);
		EXPECT_U64(hdr->hdr_cur_offs, 128 + 40 * (n[i] / PERIOD));
		EXPECT_U64(value(fd, 0, 0), -PERIOD + n[i] % PERIOD);
		EXPECT(pfm_start(fd, NULL) == 0);
	}
	EXPECT_U64(hdr->hdr_overflows, 0);
}

static void check_entry(const pfm_dfl_smpl_entry_t *e, int cpu)
{
	EXPECT_U64(e->pid, worker.tid);
	EXPECT_U64(e->tgid, getpid());
	EXPECT_U64(e->ovfl_pmd, SW);
	EXPECT_U64(e->last_reset_val, -PERIOD);
	EXPECT(ip_in_touch(e->ip));
	EXPECT_U64(e->set, 0);
	EXPECT(cpu < 0 || e->cpu == cpu);
}

static void fields_of_samples(void)
{
	uint64_t before = now_ns(), last = before;
	cpu_set_t one;

	sample_faults(500);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_setaffinity(worker.tid, sizeof(one), &one) < 0)
		CPU_ZERO(&one);
	work(NULL, 2000);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 2000 / PERIOD);
	for (unsigned i = 0; i < hdr->hdr_count; i++) {
		const pfm_dfl_smpl_entry_t *e = entry(hdr, i, 0);

		check_entry(e, -1);
		EXPECT(CPU_COUNT(&one) == 0 || CPU_ISSET(e->cpu, &one));
		EXPECT(e->tstamp >= last);
		last = e->tstamp;
	}
	EXPECT(last < now_ns());
}

/* An overflow each call, with the address of the very instruction. */
static void ip_of_calls(void)
{
	static void (*const fn[3])(void) = { f, g, h };
	pfarg_pmd_t pmd;

	buffer_of(300, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		on_calls(fd, i, 0, fn[i]);
		pmd = every(i, 1);
		put(fd, &pmd);
	}
	begin();
	for (unsigned i = 0; i < 100; i++)
		work(fn[i % 3], 1);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 100);
	for (unsigned i = 0; i < hdr->hdr_count; i++) {
		EXPECT_U64(entry(hdr, i, 0)->ip, (uintptr_t)fn[i % 3]);
		EXPECT_U64(entry(hdr, i, 0)->ovfl_pmd, SW + i % 3);
	}
}

/* All of 0 to 2 in each sample: what overflowed reads 0, before any reset. */
static void values_of_samples(void)
{
	pfarg_pmd_t pmd = every(0, PERIOD);

	buffer_of(100, 3, 0);
	on_faults(fd, 0, 0);
	on_calls(fd, 1, 0, g);
	on_calls(fd, 2, 0, h);
	for (unsigned i = 0; i < 3; i++)
		set_bit(pmd.reg_smpl_pmds, i);
	set_bit(pmd.reg_reset_pmds, 2);
	plain(fd, 1, 0);
	put(fd, &pmd);
	begin();
	for (unsigned i = 1; i <= 50; i++) {
		work(g, i);
		work(h, i);
		work(NULL, PERIOD);
	}
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 50);
	for (unsigned i = 1; i <= hdr->hdr_count; i++) {
		const pfm_dfl_smpl_entry_t *e = entry(hdr, i - 1, 3);

		EXPECT_U64(entry_value(e, 0), 0);
		EXPECT_U64(entry_value(e, 1), i * (i + 1) / 2);
		EXPECT_U64(entry_value(e, 2), i);
	}
	EXPECT_U64(value(fd, 2, 0), 0);
}

static void random_periods(void)
{
	static const uint64_t minus[] = { 0, 5, 67, 181, 64, 212 };
	pfarg_pmd_t pmd = every(0, 300);

	buffer_of(100, 0, 0);
	on_faults(fd, 0, 0);
	pmd.reg_flags |= PFM_REGFL_RANDOM;
	pmd.reg_random_seed = 5;
	pmd.reg_random_mask = 0xff;
	put(fd, &pmd);
	begin();
	for (unsigned i = 0; i < 6; i++) {
		work(NULL, 300 + (unsigned)minus[i]);
		EXPECT_U64(stats(fd).overflows, i + 1);
	}
	EXPECT(pfm_stop(fd) == 0);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_U64(entry(hdr, i, 0)->last_reset_val,
			   -UINT64_C(300) - minus[i]);
}

/* The counted number of samples, for each number of values. */
static void full_buffer(unsigned nvalues)
{
	unsigned room = 20 + nvalues;
	pfarg_pmd_t pmd = every(0, PERIOD);

	buffer_of(room, nvalues, 0);
	on_faults(fd, 0, 0);
	for (unsigned i = 0; i < nvalues; i++)
		set_bit(pmd.reg_smpl_pmds, i);
	put(fd, &pmd);
	begin();
	for (unsigned round = 1; round <= 4; round++) {
		work(NULL, room * (unsigned)PERIOD - 1);
		EXPECT(is_silent(fd));
		EXPECT_U64(stats(fd).overflows, round * room - 1);
		EXPECT_U64(hdr->hdr_overflows, round - 1);
		work(NULL, 1 + 100);
		EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
		EXPECT(is_silent(fd));
		EXPECT(is_masked(fd));
		EXPECT_U64(hdr->hdr_count, room);
		EXPECT_U64(hdr->hdr_overflows, round);
		EXPECT_U64(hdr->hdr_cur_offs, 128 + room * (40 + 8 * nvalues));
		EXPECT_U64(value(fd, 0, 0), 0);
		EXPECT(pfm_restart(fd) == 0);
		EXPECT_U64(hdr->hdr_count, 0);
		EXPECT_U64(hdr->hdr_cur_offs, 128);
		EXPECT_U64(hdr->hdr_overflows, round);
	}
}

static void full_buffers(void)
{
	full_buffer(0);
}

static void full_buffers_values(void)
{
	full_buffer(3);
}

static void full_buffer_silent(void)
{
	pfarg_pmd_t pmd = quietly(0, 0, PERIOD);

	buffer_of(5, 0, 0);
	on_faults(fd, 0, 0);
	put(fd, &pmd);
	begin();
	work(NULL, 10 * PERIOD);
	EXPECT(is_masked(fd));
	EXPECT(is_silent(fd));
	EXPECT_U64(hdr->hdr_count, 5);
	EXPECT_U64(stats(fd).notified, 0);
	EXPECT(pfm_restart(fd) == 0);
	work(NULL, 2 * PERIOD);
	EXPECT_U64(stats(fd).overflows, 7);
	EXPECT_U64(hdr->hdr_count, 2);
}

/* Short within a buffer, long after the restart. */
static void short_and_long(void)
{
	static const uint64_t periods[] = { 10, 20, 20, 20, 30, 20, 20, 20 };
	pfarg_pmd_t pmd = every(0, 10);

	buffer_of(4, 0, 0);
	on_faults(fd, 0, 0);
	pmd.reg_short_reset = -UINT64_C(20);
	pmd.reg_long_reset = -UINT64_C(30);
	put(fd, &pmd);
	begin();
	for (unsigned i = 0; i < 8; i++) {
		work(NULL, (unsigned)periods[i] - 1);
		EXPECT_U64(stats(fd).overflows, i);
		work(NULL, 1);
		EXPECT_U64(stats(fd).overflows, i + 1);
		EXPECT_U64(entry(hdr, i % 4, 0)->last_reset_val, -periods[i]);
		if (i % 4 == 3)
			EXPECT(pfm_restart(fd) == 0);
	}
}

/* Not masked, a restart empties the buffer all the same. */
static void restart_empties(void)
{
	sample_faults(50);
	work(NULL, 10 * PERIOD);
	EXPECT_U64(stats(fd).samples, 10);
	EXPECT_U64(hdr->hdr_count, 10);
	EXPECT(pfm_restart(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 0);
	EXPECT_U64(hdr->hdr_overflows, 0);
	work(NULL, 3 * PERIOD);
	EXPECT_U64(stats(fd).samples, 13);
	EXPECT_U64(hdr->hdr_count, 3);
}

/* Neither unload nor load touches it, and the mapping outlives the context. */
static void unload_keeps(void)
{
	sample_faults(50);
	work(NULL, 10 * PERIOD + 3);
	EXPECT(pfm_unload_context(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 10);
	begin();
	work(NULL, PERIOD - 3);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(hdr->hdr_count, 11);
	close(fd);
	EXPECT_U64(hdr->hdr_count, 11);
	check_entry(entry(hdr, 10, 0), -1);
}

static unsigned collected;

/* item 16: the buffer is walked in the handler, which restarts. */
static void walk(int sig)
{
	int err = errno;

	(void)sig;
	for (unsigned i = 0; i < hdr->hdr_count; i++)
		collected += entry(hdr, i, 0)->ip == (uintptr_t)f;
	pfm_restart(fd);
	errno = err;
}

static void self_smpl(void)
{
	uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);
	pfarg_pmd_t pmd = every(0, PERIOD);

	fd = buffer_context(PFM_FL_OVFL_NO_MSG, bytes_for(10, 0, npmds()),
			    &hdr);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	signal(SIGIO, walk);
	EXPECT(fcntl(fd, F_SETFL, O_ASYNC) == 0);
	EXPECT(fcntl(fd, F_SETOWN, getpid()) == 0);
	load_and_start(fd);
	for (unsigned i = 1; i <= 20; i++) {
		call(f, 10 * PERIOD);
		while (__atomic_load_n(&collected, __ATOMIC_RELAXED) < 10 * i &&
		       now_ns() < end)
			sched_yield();
	}
	call(f, 4 * PERIOD + 2);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT_U64(collected, 200);
	EXPECT_U64(hdr->hdr_count, 4);
	EXPECT_U64(hdr->hdr_overflows, 20);
	EXPECT(is_silent(fd));
}

/*
 * items 26 and 27: until END; what a full buffer held is not counted again, as
 * hdr_overflows is the same as at its message.
 */
static void until_end(unsigned calls, unsigned left)
{
	pfarg_pmd_t pmd = every(0, PERIOD);
	uint64_t total = 0, last = 0;
	pfm_msg_t msg;

	/* Calls, since a thread that exits has faults of its own. */
	buffer_of(10, 0, 0);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	begin();
	for (unsigned done = 0; done < calls; done += 70) {
		work(f, calls - done < 70 ? calls - done : 70);
		if (calls - done < 70)
			break;
		msg = message(fd);
		EXPECT_U64(msg.type, PFM_MSG_OVFL);
		total += hdr->hdr_count;
		last = hdr->hdr_overflows;
		if (done + 70 < calls)
			EXPECT(pfm_restart(fd) == 0);
	}
	worker_end();
	EXPECT_U64(message(fd).type, PFM_MSG_END);
	EXPECT(pfm_restart(fd) == -1 && errno == EBUSY);
	if (left)
		EXPECT_U64(hdr->hdr_count, left);
	else
		EXPECT_U64(hdr->hdr_overflows, last);
	EXPECT_U64(total + left, calls / PERIOD);
}

static void end_with_leftovers(void)
{
	until_end(73 * (unsigned)PERIOD, 3);
}

static void end_after_full(void)
{
	until_end(70 * (unsigned)PERIOD, 0);
}

UNTOUCHED static void count_calls(volatile unsigned *n, unsigned max)
{
	/* The system call gives the library time to hold it. */
	for (*n = 0; *n < max; ++*n) {
		f();
		syscall(SYS_getppid);
	}
}

/*
 * item 28: from the message to the restart the target makes no progress, and
 * each buffer is full of what it did before.
 */
static void blocking(void)
{
	enum { N = 200000, ROOM = 50 };
	volatile unsigned *n = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pfarg_pmd_t pmd = every(0, PERIOD);
	uint64_t samples = 0;
	unsigned then;
	int go[2];
	pid_t pid;

	if (pipe(go) < 0)
		give_up();
	fd = buffer_context(PFM_FL_NOPTRACE | PFM_FL_NOTIFY_BLOCK,
			    bytes_for(ROOM, 0, npmds()), &hdr);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	pid = fork();
	if (pid == 0) {
		char byte;

		close(go[1]);
		if (read(go[0], &byte, 1) == 0)
			count_calls(n, N);
		_exit(0);
	}
	load(fd, pid);
	EXPECT(pfm_start(fd, NULL) == 0);
	close(go[1]);
	while (message(fd).type == PFM_MSG_OVFL) {
		then = *n;
		/*
		 * Not monitored it is so fast that it may have come to its end:
		 * held before its exit, or gone, when nobody may restart it.
		 */
		if (then == N) {
			if (pfm_restart(fd) == 0)
				samples += ROOM;
			continue;
		}
		EXPECT(state_of(pid) == 't');
		EXPECT_U64(hdr->hdr_count, ROOM);
		samples += ROOM;
		EXPECT(then >= samples * PERIOD - 1);
		EXPECT_U64(hdr->hdr_overflows, samples / ROOM);
		EXPECT_U64(*n, then);
		EXPECT(pfm_restart(fd) == 0);
	}
	EXPECT_U64(*n, N);
	EXPECT(samples > ROOM);
	EXPECT_U64(stats(fd).overflows, samples + hdr->hdr_count);
	EXPECT_U64(stats(fd).lost, 0);
	waitpid(pid, NULL, 0);
}

static const struct behaviour behaviours[] = {
	{ 9, 2, "the header of a new buffer, its size in whole pages",
	  header_of_new },
	{ 9, 2, "a buffer too small for one entry: EINVAL", size_too_small },
	{ 9, 2, "N faults, period P: floor(N/P) samples", number_of_samples },
	{ 9, 2, "thread, process, PMD, period, ip, set, CPU, increasing time",
	  fields_of_samples },
	{ 9, 2, "the ip of breakpoints", ip_of_calls },
	{ 7, 0, "sampled values: before the reset, exact, reset_pmds",
	  values_of_samples },
	{ 7, 0, "random periods are in the samples", random_periods },
	{ 15, 31, "a full buffer has the entries that fit, and masks",
	  full_buffers },
	{ 15, 31, "the same with values", full_buffers_values },
	{ 7, 7, "a full buffer without NOTIFY masks without a message",
	  full_buffer_silent },
	{ 8, 0, "short values within a buffer, long ones after a restart",
	  short_and_long },
	{ 3, 1, "a restart that is not masked empties the buffer",
	  restart_empties },
	{ 5, 12, "unload keeps the buffer, load goes on with it",
	  unload_keeps },
	{ 15, 16, "sampling oneself without messages, a handler walks",
	  self_smpl },
	{ 15, 26, "another thread until END, and what was left",
	  end_with_leftovers },
	{ 15, 27, "END after a full buffer: hdr_overflows shows it",
	  end_after_full },
	{ 15, 28, "blocking: the samples are all overflows", blocking },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
