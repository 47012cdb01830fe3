/* SPDX-License-Identifier: MIT
 *
 * t-rdpmc.c - the user-space read of an event, against a page and instructions
 * made up here: what the kernel's page says must come out.
 */
#include "config.h"

#include "rdpmc.h"
#include "tap.h"

static struct perf_event_mmap_page page;
static unsigned reads;

static uint64_t fake_rdpmc(uint32_t counter)
{
	/* The kernel moved the event while it was read: once. */
	if (reads++ == 0) {
		page.lock++;
		page.offset += 1000;
	}
	return counter == 2 ? 0x0000ffffffffff00 : 0;
}

static uint64_t fake_rdtsc(void)
{
	return 3000;
}

static const struct rdpmc_insns fake = { fake_rdpmc, fake_rdtsc };

static void page_init(void)
{
	memset(&page, 0, sizeof(page));
	page.cap_user_rdpmc = 1;
	page.cap_user_time = 1;
	page.index = 3;
	page.pmc_width = 48;
	page.offset = 5000;
	page.time_enabled = 70;
	page.time_running = 60;
	page.time_mult = 3;
	page.time_shift = 1;
	page.time_offset = 10;
	reads = 0;
}

int main(void)
{
	struct rdpmc_count c;

	page_init();
	ok(rdpmc_read(&page, &fake, &c), "offered");
	is_u64(reads, 2, "read again when the kernel changed the page");
	is_u64(c.value, 5000 + 1000 - 256, "offset plus a signed counter");
	is_u64(c.enabled_ns, 70 + 10 + 4500, "enabled: 3000 cycles * 3 / 2");
	is_u64(c.running_ns, 60 + 10 + 4500, "running");

	page_init();
	page.cap_user_time_short = 1;
	page.time_cycles = 0x1000;
	page.time_mask = 0xfff;
	ok(rdpmc_read(&page, &fake, &c), "with a short clock");
	is_u64(c.enabled_ns, 70 + 10 + (0x1000 + 3000) * 3 / 2,
	       "it is extended from time_cycles");

	page_init();
	page.index = 0;
	ok(!rdpmc_read(&page, &fake, &c), "not on a counter: read(2)");
	page_init();
	page.cap_user_rdpmc = 0;
	ok(!rdpmc_read(&page, &fake, &c), "rdpmc not allowed: read(2)");
	page_init();
	page.cap_user_time = 0;
	ok(!rdpmc_read(&page, &fake, &c), "no user time: read(2)");
	is_u64(reads, 0, "and no instruction is tried");
	return done_testing();
}
