/* SPDX-License-Identifier: MIT
 *
 * t-fmt.c - the registry of sampling formats and the loader of modules.  What
 * takes a compiler, modules with one thing wrong, is in plugin.test.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fmt.h"
#include "tap.h"

static int handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	(void)buf;
	(void)o;
	*ctrl = 0;
	return 0;
}

static int next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	(void)buf;
	(void)size;
	(void)cursor;
	(void)out;
	return 0;
}

#define HOOKS .handler = handler, .next = next
#define GOOD .abi = PFM_SMPL_ABI, HOOKS

static const struct pfm_smpl_fmt one = {
	GOOD,
	.name = "t-one",
	.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 1 },
};
/* The UUIDs of the two differ only in their second half. */
static const struct pfm_smpl_fmt two = {
	GOOD,
	.name = "two_2",
	.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 2 },
};

#define LONG_32 "abcdefghijklmnopqrstuvwxyz012345"

static const struct {
	int line;
	const char *what;
	int err;
	const char *reason; /* part of it */
	struct pfm_smpl_fmt fmt;
} bad[] = {
	{ __LINE__,
	  "another ABI",
	  EPROTO,
	  "ABI 7",
	  { HOOKS, .abi = 7, .name = (const char *)1 } },
	{ __LINE__,
	  "no handler",
	  EINVAL,
	  "handler()",
	  { .abi = PFM_SMPL_ABI, .name = "x", .uuid = { 9 }, .next = next } },
	{ __LINE__,
	  "no next",
	  EINVAL,
	  "next()",
	  { .abi = PFM_SMPL_ABI,
	    .name = "x",
	    .uuid = { 9 },
	    .handler = handler } },
	{ __LINE__, "no name", EINVAL, "no name", { GOOD, .uuid = { 9 } } },
	{ __LINE__,
	  "an empty name",
	  EINVAL,
	  "''",
	  { GOOD, .name = "", .uuid = { 9 } } },
	{ __LINE__,
	  "a name with a slash",
	  EINVAL,
	  "'a/b'",
	  { GOOD, .name = "a/b", .uuid = { 9 } } },
	{ __LINE__,
	  "a name in capitals",
	  EINVAL,
	  "'Ring'",
	  { GOOD, .name = "Ring", .uuid = { 9 } } },
	{ __LINE__,
	  "a name of 33 characters",
	  EINVAL,
	  "32 at most",
	  { GOOD, .name = LONG_32 "6", .uuid = { 9 } } },
	{ __LINE__, "no UUID", EINVAL, "UUID", { GOOD, .name = "x" } },
	{ __LINE__,
	  "an argument above a page",
	  EINVAL,
	  "4097 bytes",
	  { GOOD, .name = "x", .uuid = { 9 }, .arg_size = 4097 } },
	{ __LINE__,
	  "a name that is taken",
	  EBUSY,
	  "t-one",
	  { GOOD, .name = "t-one", .uuid = { 9 } } },
	{ __LINE__,
	  "a UUID that is taken",
	  EBUSY,
	  "t-one",
	  { GOOD, .name = "x", .uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 1 } } },
};

static unsigned count_formats(void)
{
	unsigned n = 0;

	while (pfm_fmt_list(n))
		n++;
	return n;
}

static void test_register(void)
{
	unsigned before;

	is_i64(pfm_fmt_register(&one), 0, "a format is registered");
	is_i64(pfm_fmt_register(&one), 0, "and once more, to no effect");
	is_i64(pfm_fmt_register(&two), 0, "and another one");
	before = count_formats();
	errno = 0;
	ok(pfm_fmt_register(NULL) == -1 && errno == EFAULT, "NULL is refused");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		if (!ok(pfm_fmt_register(&bad[i].fmt) == -1 &&
				errno == bad[i].err &&
				strstr(pfm_reason(), bad[i].reason),
			"refused: %s", bad[i].what))
			diag("line %d: errno %d, %s", bad[i].line, errno,
			     pfm_reason());
	}
	is_u64(count_formats(), before, "what was refused is not listed");
}

static void test_lookup(void)
{
	uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 3 };
	unsigned n = 0, seen = 0;

	ok(pfm_fmt_find("t-one") == &one, "found by name");
	ok(fmt_by_uuid(two.uuid) == &two, "found by all 16 bytes of the UUID");
	ok(!fmt_by_uuid(uuid), "not by half of them");
	ok(strstr(pfm_reason(), "UUID"), "and the reason says so");
	for (const struct pfm_smpl_fmt *f; (f = pfm_fmt_list(n)); n++)
		seen += f == &one || f == &two;
	is_u64(seen, 2, "both are listed, each once");
	errno = 0;
	ok(!pfm_fmt_list(n) && errno == ENOENT, "the list ends with ENOENT");
	ok(!pfm_fmt_list(UINT32_MAX), "far behind the end there is nothing");
}

static void is_refused(const char *name, int err, const char *what)
{
	errno = 0;
	if (!ok(!pfm_fmt_find(name) && errno == err, "%s", what))
		diag("errno %d, %s", errno, pfm_reason());
}

static void test_names(void)
{
	is_refused(NULL, EINVAL, "find: no name");
	is_refused("", EINVAL, "find: an empty name");
	is_refused("../t-one", EINVAL, "find: a path in the name");
	is_refused("/lib/t", EINVAL, "find: an absolute path");
	is_refused("t.one", EINVAL, "find: a dot");
	is_refused(LONG_32 "6", EINVAL, "find: a name that is too long");
	is_refused(LONG_32, ENOENT, "find: the longest there can be");
	is_refused("nosuch", ENOENT, "find: nothing of that name");
	ok(strstr(pfm_reason(), "nosuch"), "the reason names it");
}

/* A file of that name which is no shared object. */
static bool put_file(const char *dir, const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return false;
	fputs("no shared object\n", f);
	return fclose(f) == 0;
}

static void drop_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void test_files(void)
{
	char dir[] = "/tmp/pfm-fmt.XXXXXX", path[128];
	unsigned before = count_formats();

	if (!mkdtemp(dir) || !put_file(dir, "broken.so") ||
	    !put_file(dir, "Strange.so")) {
		ok(false, "files in a directory for the test");
		return;
	}
	snprintf(path, sizeof(path), "/nonexistent::%s", dir);
	setenv("PFM_SAMPLING_PATH", path, 1);
	is_refused("broken", ENOEXEC, "a file that is no module");
	ok(strstr(pfm_reason(), dir), "the reason names the file");
	is_refused("t-two", ENOENT, "a directory that has it not");
	is_u64(count_formats(), before, "the list leaves out what is bad");
	is_i64(chdir(dir), 0, "the current directory has a module");
	setenv("PFM_SAMPLING_PATH", "", 1);
	is_refused("broken", ENOENT, "an empty path is not that directory");
	setenv("PFM_SAMPLING_PATH", "::", 1);
	is_refused("broken", ENOENT, "nor are empty parts");
	setenv("PFM_SAMPLING_PATH", ".", 1);
	is_refused("broken", ENOEXEC, "a dot is");
	unsetenv("PFM_SAMPLING_PATH");
	drop_file(dir, "broken.so");
	drop_file(dir, "Strange.so");
	if (chdir("/") == 0)
		rmdir(dir);
}

/* A path of more than PATH_MAX characters ends in the directory that has it. */
static void test_long_path(void)
{
	size_t size = 5000;
	char *path = malloc(size + sizeof(":sampling/.libs"));
	const struct pfm_smpl_fmt *fmt;

	if (access("sampling/.libs/example.so", R_OK) < 0) {
		skip("no sampling/.libs/example.so below the current "
		     "directory");
		free(path);
		return;
	}
	memset(path, 'x', size);
	memcpy(path + size, ":sampling/.libs", sizeof(":sampling/.libs"));
	setenv("PFM_SAMPLING_PATH", path, 1);
	fmt = pfm_fmt_find("example");
	unsetenv("PFM_SAMPLING_PATH");
	if (!ok(fmt && strcmp(fmt->name, "example") == 0,
		"a module is found behind a very long directory"))
		diag("%s", pfm_reason());
	ok(fmt && pfm_fmt_find("example") == fmt, "and is known from then on");
	ok(fmt && fmt_by_uuid(fmt->uuid) == fmt, "by its UUID too");
	free(path);
}

static void *register_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		pfm_fmt_register(&one);
		pfm_fmt_register(&bad[10].fmt);
	}
	return NULL;
}

/* The other thread holds the lock most of the time. */
static void test_fork(void)
{
	pthread_t thread;
	int bad_children = 0, status;

	if (pthread_create(&thread, NULL, register_many, NULL) != 0) {
		skip("no second thread");
		return;
	}
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			status = pfm_fmt_register(&two) != 0 ||
				 pfm_fmt_find("t-one") != &one;
			/* not _exit(), where TSan looks for threads */
			syscall(SYS_exit_group, status);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			bad_children++;
	}
	pthread_join(thread, NULL);
	is_i64(bad_children, 0, "a child finds the registry usable");
}

int main(void)
{
	unsetenv("PFM_SAMPLING_PATH");
	test_long_path();
	test_register();
	test_lookup();
	test_names();
	test_fork();
	test_files();
	return done_testing();
}
