/* SPDX-License-Identifier: MIT
 *
 * t-log.c - reasons and debug lines.
 */
#include "config.h"

#include <pthread.h>
#include <unistd.h>

#include "priv.h"
#include "tap.h"

static char lines[8][384];
static unsigned nlines;

static void keep(const char *line)
{
	if (nlines < 8)
		snprintf(lines[nlines++], sizeof(lines[0]), "%s", line);
}

static const struct {
	int line;
	const char *categories;
	int want;
} rows[] = {
	{ __LINE__, "", 0 },
	{ __LINE__, "ctx", 0 },
	{ __LINE__, "ctx,perf,rw", 0 },
	{ __LINE__, "ALL", 0 },
	{ __LINE__, "ctx,", 0 },
	{ __LINE__, "ct", EINVAL },
	{ __LINE__, "ctx,nosuch", EINVAL },
	{ __LINE__, NULL, EFAULT },
};

static void *other_reason(void *arg)
{
	(void)arg;
	return (void *)(pfm_reason()[0] ? "something" : "");
}

static void test_reason(void)
{
	pthread_t thread;
	void *theirs;

	is_str(pfm_reason(), "", "no reason before the first refusal");
	is_i64(fail(EBUSY, "pmc%u is busy", 7u), -EBUSY, "fail() negates");
	is_str(pfm_reason(), "pmc7 is busy", "the last sentence");
	pthread_create(&thread, NULL, other_reason, NULL);
	pthread_join(thread, &theirs);
	is_str(theirs, "", "another thread has its own");
}

static void test_categories(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = pfm_set_debug(rows[i].categories);

		is_i64(ret == -1 ? errno : ret, rows[i].want,
		       "line %d: categories '%s'", rows[i].line,
		       rows[i].categories ? rows[i].categories : "(null)");
	}
	ok(strstr(pfm_reason(), "no debug categories") != NULL,
	   "the reason of the last");
}

static void test_lines(void)
{
	pfarg_ctx_t ctx = { .ctx_flags = 0 };

	pfm_set_log(keep);
	pfm_set_debug("ctx");
	pfm_create_context(&ctx, NULL, 0);
	ok(nlines == 1 && strstr(lines[0], " ctx: ") &&
		   strstr(lines[0], "created"),
	   "a line with its category: %s", lines[0]);
	pfm_stop(ctx.ctx_fd);
	ok(nlines == 2 && strstr(lines[1], "refused: stop"),
	   "a refusal is told: %s", lines[1]);
	pfm_set_debug("");
	pfm_stop(ctx.ctx_fd);
	is_u64(nlines, 2, "off again: no line");
	pfm_set_log(NULL);
	close(ctx.ctx_fd);
}

int main(void)
{
	test_reason();
	test_categories();
	test_lines();
	return done_testing();
}
