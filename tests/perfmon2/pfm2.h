/* SPDX-License-Identifier: MIT
 *
 * pfm2.h - the harness of the conformance suite: behaviours of perfmon2 by
 * section and item of its reference, each in a process of its own, so that none
 * finds what another left, and one that hangs or crashes is one that failed.
 */
#ifndef PFM_TEST_PFM2_H
#define PFM_TEST_PFM2_H

#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pfmcore.h>

#include "../tap.h"

/* No behaviour takes longer, a sanitizer on a busy machine included. */
#define BEHAVIOUR_SECONDS 240

struct behaviour {
	unsigned section,
		item; /* of the reference; item 0: the section's text */
	const char *what;
	void (*run)(void);
};

static int behaviour_failed;
static char *behaviour_skipped; /* why, shared with the child */

/* In a behaviour, not in its signal handlers; true when it held. */
#define EXPECT(cond)                                                     \
	({                                                               \
		bool held_ = (cond);                                     \
		if (!held_) {                                            \
			behaviour_failed = 1;                            \
			diag("expected %s; errno %d (%s)", #cond, errno, \
			     pfm_reason());                              \
		}                                                        \
		held_;                                                   \
	})
#define EXPECT_U64(got, want)                                              \
	({                                                                 \
		uint64_t have_ = (got), should_ = (want);                  \
		if (have_ != should_) {                                    \
			behaviour_failed = 1;                              \
			diag("%s is %" PRIu64 ", expected %" PRIu64, #got, \
			     have_, should_);                              \
		}                                                          \
		have_ == should_;                                          \
	})

/* What comes next makes no sense any more. */
#define give_up() exit(1)

/* It cannot be seen here, and why. */
#define SKIP(...)                                              \
	do {                                                   \
		snprintf(behaviour_skipped, 400, __VA_ARGS__); \
		exit(behaviour_failed);                        \
	} while (0)

static int run_behaviour(const struct behaviour *b)
{
	int status;
	pid_t pid;

	fflush(stdout);
	behaviour_skipped[0] = '\0';
	pid = fork();
	if (pid == 0) {
		alarm(BEHAVIOUR_SECONDS);
		b->run();
		exit(behaviour_failed);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* The list with its results; to be returned by main(). */
static int run_behaviours(const struct behaviour *b, size_t n)
{
	behaviour_skipped = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < n; i++) {
		int status = run_behaviour(&b[i]);
		char item[16] = "";

		if (b[i].item)
			snprintf(item, sizeof(item), ".%u", b[i].item);
		if (status == 0 && behaviour_skipped[0])
			skip("%u%s: %s: %s", b[i].section, item, b[i].what,
			     behaviour_skipped);
		else
			is_i64(status, 0, "%u%s: %s", b[i].section, item,
			       b[i].what);
	}
	return done_testing();
}

#endif /* PFM_TEST_PFM2_H */
