/* SPDX-License-Identifier: MIT
 *
 * tap.h - the Test Anything Protocol for the C tests: a line per check, below
 * one that failed the place and what was got, the plan at the end.  A check
 * is true when it passed.  Not for two threads at once.
 */
#ifndef PFM_TAP_H
#define PFM_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sigtrap.h"

static int tap_count;

/* Flushed, so that a fork does not double a line nor a crash lose it. */
static bool tap_line(bool pass, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static bool tap_line(bool pass, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return pass;
}

/* A remark for people; false, so that "check || diag()" is the check. */
#define diag(fmt, ...) \
	tap_line(false, "# %s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__)

/* The last arguments are a literal format and its values: the check's name. */
#define TAP_CHECK(pass, fmt, ...)                                  \
	tap_line((pass), "%s %d - " fmt, (pass) ? "ok" : "not ok", \
		 ++tap_count, ##__VA_ARGS__)
#define ok(cond, ...)                                                        \
	({                                                                   \
		bool pass_ = (cond);                                         \
		TAP_CHECK(pass_, __VA_ARGS__) || diag("expected %s", #cond); \
	})
#define TAP_IS(type, conv, equal, got, want, ...)                            \
	({                                                                   \
		type got_ = (got);                                           \
		type want_ = (want);                                         \
		TAP_CHECK(equal, __VA_ARGS__) ||                             \
			diag("got %" conv ", expected %" conv, got_, want_); \
	})
#define is_u64(got, want, ...) \
	TAP_IS(uint64_t, PRIu64, got_ == want_, got, want, __VA_ARGS__)
#define is_i64(got, want, ...) \
	TAP_IS(int64_t, PRId64, got_ == want_, got, want, __VA_ARGS__)
#define is_str(got, want, ...)                                         \
	TAP_IS(const char *, "s", strcmp(got_, want_) == 0, got, want, \
	       __VA_ARGS__)

/* A check that cannot be made here, and why; or none of them can. */
#define skip(fmt, ...) \
	tap_line(true, "ok %d - # SKIP " fmt, ++tap_count, ##__VA_ARGS__)
#define skip_all(fmt, ...)                                         \
	do {                                                       \
		tap_line(true, "1..0 # SKIP " fmt, ##__VA_ARGS__); \
		exit(0);                                           \
	} while (0)

/* The end of main(): lines tell of failures, the status only of a crash. */
static inline int done_testing(void)
{
	tap_line(true, "1..%d", tap_count);
	return 0;
}

#endif /* PFM_TAP_H */
