/* SPDX-License-Identifier: MIT
 *
 * smpl-ring.c - the format "ring" on real overflows: nothing is masked, each
 * half is told of once, and entries and losses add up to the overflows.
 */
#include "config.h"

#include <pfmcore_fmt.h>
#include <pfmcore_ring.h>

#include "exact.h"
#include "sampling.h"

#define PERIOD UINT64_C(5)
#define HALF 3000 /* bytes */

static int fd;
static const struct pfm_ring_hdr *ring;
static size_t size;
static const struct pfm_smpl_fmt *fmt;

static void begin(uint32_t flags)
{
	struct pfm_ring_arg arg = { .buf_size = sizeof(*ring) + 2 * HALF };
	pfarg_ctx_t ctx = { .ctx_smpl_buf_id = PFM_RING_UUID,
			    .ctx_flags = flags };
	pfarg_pmd_t pmd = every(0, PERIOD);

	smpl_register_builtin();
	fmt = pfm_fmt_find(PFM_RING_NAME);
	worker_start();
	if (!EXPECT(pfm_create_context(&ctx, &arg, sizeof(arg)) == 0))
		give_up();
	fd = ctx.ctx_fd;
	size = ctx.ctx_smpl_buf_size;
	ring = pfm_smpl_map(fd, size);
	on_calls(fd, 0, 0, f);
	put(fd, &pmd);
	load(fd, worker.tid);
	if (!EXPECT(ring) || !EXPECT(pfm_start(fd, NULL) == 0))
		give_up();
}

/* All there is; each is a call of f by the worker. */
static uint64_t drain(size_t *cursor)
{
	struct pfm_ovfl o;
	uint64_t n = 0;

	while (fmt->next(ring, size, cursor, &o) == 1) {
		if (!EXPECT_U64(o.ip, (uintptr_t)f) ||
		    !EXPECT_U64(o.tid, worker.tid) ||
		    !EXPECT_U64(o.last_reset, -PERIOD))
			give_up();
		n++;
	}
	return n;
}

/* Nobody reads: two halves are kept, the rest is counted, and nothing stops. */
static void never_masked(void)
{
	const unsigned n = 20000;
	size_t cursor = 0;
	uint64_t kept;

	begin(PFM_FL_NOPTRACE);
	work(f, n * (unsigned)PERIOD + 3);
	EXPECT(pfm_stop(fd) == 0);
	EXPECT(!is_masked(fd));
	EXPECT_U64(value(fd, 0, 0), -PERIOD + 3);
	EXPECT_U64(stats(fd).overflows, n);
	EXPECT_U64(stats(fd).lost, 0);
	EXPECT_U64(ring->ring_seq, n);
	EXPECT_U64(pfm_ring_handed(ring), 2);
	kept = drain(&cursor);
	EXPECT(kept > 0);
	EXPECT_U64(kept + ring->ring_lost, n);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
	EXPECT(is_silent(fd));
}

/* Somebody reads, while the worker runs: each one once, or it is lost. */
static void read_while_it_grows(void)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t read_entries = 0;
	const unsigned n = 50000;
	size_t cursor = 0;

	begin(PFM_FL_NOPTRACE);
	worker_begin(f, n * (unsigned)PERIOD);
	p.fd = fd;
	while (stats(fd).overflows < n && poll(&p, 1, 100) >= 0) {
		if (!is_silent(fd))
			message(fd);
		while (pfm_ring_handed(ring) > 0) {
			read_entries += drain(&cursor);
			EXPECT(pfm_restart(fd) == 0);
		}
	}
	worker_wait();
	EXPECT(pfm_stop(fd) == 0);
	read_entries += drain(&cursor);
	EXPECT_U64(ring->ring_seq, n);
	EXPECT_U64(read_entries + ring->ring_lost + stats(fd).lost, n);
	EXPECT(read_entries > n / 100);
}

/* The reader comes before the other half is full: nothing is lost. */
static void nothing_lost(void)
{
	uint64_t read_entries = 0, halves = 0;
	const unsigned n = 20000;
	size_t cursor = 0;

	begin(PFM_FL_NOPTRACE);
	for (unsigned i = 0; i < n; i += 50) {
		work(f, 50 * (unsigned)PERIOD);
		EXPECT_U64(stats(fd).overflows, i + 50);
		while (pfm_ring_handed(ring) > 0) {
			EXPECT_U64(message(fd).type, PFM_MSG_OVFL);
			read_entries += drain(&cursor);
			EXPECT(pfm_restart(fd) == 0);
			halves++;
		}
	}
	EXPECT(pfm_stop(fd) == 0);
	read_entries += drain(&cursor);
	EXPECT_U64(ring->ring_lost, 0);
	EXPECT_U64(read_entries, n);
	EXPECT_U64(stats(fd).notified, halves);
	EXPECT(is_silent(fd));
}

static const struct behaviour behaviours[] = {
	{ 9, 1, "ring: nobody reads, nothing is masked, losses are counted",
	  never_masked },
	{ 9, 1, "ring: read while it grows", read_while_it_grows },
	{ 9, 1, "ring: a message for each half, nothing lost", nothing_lost },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
