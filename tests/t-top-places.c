/* SPDX-License-Identifier: MIT
 *
 * t-top-places.c - addresses that pfmon top keeps of samples, fed with samples
 * of its own: what they point to stays while processes come and go, and files
 * that nobody has mapped any more are not kept for ever.
 */
#include "config.h"

#include "cmd/top-sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define OTHER 5000001u /* no process: more than PID_MAX_LIMIT */
#define FILES 2000

int top_screen(struct top *t, const struct top_opt *opt)
{
	(void)t;
	(void)opt;
	return 1;
}

__attribute__((noinline)) static unsigned hit_here(unsigned x)
{
	unsigned i;

	for (i = 1; i < 100; i++)
		x = x * i + x / i;
	return x;
}

static void hit(struct sampler *s, uint32_t pid, uint64_t ip)
{
	struct pfm_ovfl o = { .ip = ip, .tid = pid, .tgid = pid };

	places_hit(s, &o);
}

static void tell(struct sampler *s, uint32_t type, uint32_t pid)
{
	struct pfm_task task = { .type = type,
				 .pid = pid,
				 .tid = pid,
				 .ppid = 1,
				 .ptid = 1,
				 .name = "other" };

	procs_task(s->procs, &task);
}

/* A process executes one program after the other; samples of each, or none. */
static void run_files(struct sampler *s, struct frame *f, bool hits)
{
	char name[64];
	struct pfm_task map = { .type = PFM_TASK_MAP,
				.pid = OTHER,
				.tid = OTHER,
				.addr = 0x10000,
				.len = 0x1000,
				.major = 250,
				.name = name };
	unsigned i;

	for (i = 0; i < FILES; i++) {
		tell(s, PFM_TASK_EXEC, OTHER);
		snprintf(name, sizeof(name), "/nonexistent/program-%u", i);
		map.ino = 1000 + i;
		procs_task(s->procs, &map);
		if (!hits)
			continue;
		hit(s, OTHER, 0x10010);
		places_put(s, f);
	}
}

static uint32_t func_of_me(const struct sampler *s)
{
	uint32_t i;

	for (i = 0; i < top_funcs_count(s->funcs); i++)
		if (!strcmp(top_funcs_at(s->funcs, i)->name, "hit_here"))
			break;
	return i;
}

static void test_kept(struct sampler *s)
{
	uint32_t func = func_of_me(s), me = (uint32_t)getpid();
	struct top_lines *l;
	uint64_t samples = 0;
	char *why = NULL;
	size_t i, n;

	l = sampler_lines(s, func, (pid_t)me, &why);
	n = l ? top_lines_count(l) : 0;
	for (i = 0; i < n; i++)
		samples += top_lines_at(l, i)->samples;
	ok(n > 0 && top_lines_at(l, 0)->text[0] != '(',
	   "code of a program that has ended, among %d others: %s", FILES,
	   n ? top_lines_at(l, 0)->text : why);
	ok(samples == 1, "and its sample (%llu)", (unsigned long long)samples);
	top_lines_free(l);
	free(why);
}

int main(void)
{
	uint64_t ip = (uint64_t)(uintptr_t)hit_here + 1;
	struct top_opt opt = { .interval_ns = NS_PER_S };
	struct top t = { .opt = &opt };
	struct sampler s = { .top = &t };
	struct frame f = { 0 };

	/* else nobody calls it */
	if (hit_here(3) == 3)
		diag("a surprise");
	s.procs = procs_new();
	s.funcs = top_funcs_new();
	hit(&s, (uint32_t)getpid(), ip);
	if (func_of_me(&s) == top_funcs_count(s.funcs))
		skip_all("no symbols of its own here");
	tell(&s, PFM_TASK_EXEC, (uint32_t)getpid());
	run_files(&s, &f, false);
	test_kept(&s);

	run_files(&s, &f, true);
	ok(s.nfiles < FILES / 2, "files that nobody has mapped go (%zu left)",
	   s.nfiles);
	ok(f.nhits > 1, "what was counted stays (%zu functions)", f.nhits);
	sampler_zero(&s);
	ok(s.nfiles == 0 && s.nplaces == 0, "zero: no address is left");
	places_release(&s);
	procs_free(s.procs);
	top_funcs_free(s.funcs);
	free(f.hits);
	return done_testing();
}
