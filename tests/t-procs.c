/* SPDX-License-Identifier: MIT
 *
 * t-procs.c - processes as the kernel tells of them: what is mapped, against a
 * list that is searched from its end; what is kept of those that ended; that
 * memory follows those that live.  No process is started: the numbers are above
 * those that the kernel gives.
 */
#include "config.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "procs.h"
#include "tap.h"

#define FIRST 0x40000000u /* no process has such a number */

static void tell(struct procs *p, enum pfm_task_type type, uint32_t pid,
		 uint32_t ppid)
{
	procs_task(p, &(struct pfm_task){ .type = type,
					  .pid = pid,
					  .tid = pid,
					  .ppid = ppid,
					  .ptid = ppid,
					  .name = "work" });
}

static void map(struct procs *p, uint32_t pid, uint64_t addr, uint64_t len,
		uint64_t offset)
{
	procs_task(p, &(struct pfm_task){ .type = PFM_TASK_MAP,
					  .pid = pid,
					  .tid = pid,
					  .addr = addr,
					  .len = len,
					  .offset = offset,
					  .ino = 1 + offset % 3,
					  .name = "/no/such/file" });
}

static const struct map *find(struct procs *p, uint32_t pid, uint64_t addr)
{
	return maps_find(&procs_find(p, (pid_t)pid)->maps, addr);
}

/* Anything over anything, and each place asked for. */
static void test_maps(void)
{
	enum { PLACES = 300, MAPS = 2000 };
	struct procs *p = procs_new();
	uint64_t want[PLACES] = { 0 }, seed = 1, i, bad = 0;
	const struct map *m;

	tell(p, PFM_TASK_FORK, FIRST, FIRST + 1);
	for (i = 1; i <= MAPS; i++) {
		uint64_t start, end, k;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		start = (seed >> 33) % PLACES;
		end = start + 1 + (seed >> 50) % 20;
		end = end < PLACES ? end : PLACES;
		/* The offset tells which mapping a place is of. */
		map(p, FIRST, start * 16, (end - start) * 16, i << 32);
		for (k = start; k < end; k++)
			want[k] = (i << 32) + (k - start) * 16;
		for (k = i % 7; k < PLACES; k += 7) {
			m = find(p, FIRST, k * 16 + 5);
			bad += m ? m->offset + k * 16 - m->start != want[k] :
				   want[k] != 0;
		}
	}
	is_u64(bad, 0, "each address is in what was mapped there last");
	tell(p, PFM_TASK_FORK, FIRST + 1, FIRST);
	for (i = bad = 0; i < PLACES; i++) {
		m = find(p, FIRST + 1, i * 16);
		bad += (m ? m->offset + i * 16 - m->start : 0) != want[i];
	}
	is_u64(bad, 0, "a child has the same");
	tell(p, PFM_TASK_EXEC, FIRST + 1, 0);
	ok(!find(p, FIRST + 1, 16 * PLACES / 2), "and nothing after an exec");
	ok(find(p, FIRST, 16 * PLACES / 2) != NULL, "but its parent has");
	procs_free(p);
}

static void test_ended(void)
{
	struct procs *p = procs_new();
	uint64_t threads, n;
	struct thread *t;
	uint32_t serial, i;

	tell(p, PFM_TASK_FORK, FIRST, FIRST - 1);
	tell(p, PFM_TASK_COMM, FIRST, 0);
	map(p, FIRST, 4096, 4096, 0);
	serial = procs_find(p, (pid_t)FIRST)->serial;
	tell(p, PFM_TASK_EXIT, FIRST, 0);
	ok(find(p, FIRST, 5000) != NULL,
	   "what ended is known for samples that come late");
	t = procs_thread(p, (pid_t)FIRST, (pid_t)FIRST);
	is_str(t->comm, "work", "with its name");
	for (i = 1; i <= 2000; i++) {
		tell(p, PFM_TASK_FORK, FIRST + i, FIRST - 1);
		tell(p, PFM_TASK_EXIT, FIRST + i, 0);
	}
	n = procs_count(p, &threads);
	is_u64(n, 2002, "processes that ever were");
	is_u64(threads, 2001, "and threads");
	ok(procs_find(p, (pid_t)FIRST)->serial != serial,
	   "it is forgotten when many others have ended");
	tell(p, PFM_TASK_FORK, FIRST + 2000, FIRST - 1);
	for (i = 3000; i <= 4000; i++) {
		tell(p, PFM_TASK_FORK, FIRST + i, FIRST - 1);
		tell(p, PFM_TASK_EXIT, FIRST + i, 0);
	}
	map(p, FIRST + 2000, 4096, 4096, 0);
	ok(find(p, FIRST + 2000, 5000) != NULL,
	   "a number that is in use again is not forgotten");
	procs_free(p);
}

/* A process ends with its last thread, not with its first. */
static void test_threads(void)
{
	struct procs *p = procs_new();
	uint32_t i, serial;

	tell(p, PFM_TASK_FORK, FIRST, FIRST - 1);
	procs_task(p, &(struct pfm_task){ .type = PFM_TASK_FORK,
					  .pid = FIRST,
					  .tid = FIRST + 1,
					  .ppid = FIRST,
					  .ptid = FIRST });
	map(p, FIRST, 4096, 4096, 0);
	serial = procs_find(p, (pid_t)FIRST)->serial;
	tell(p, PFM_TASK_EXIT, FIRST, 0);
	for (i = 10; i < 1000; i++) {
		tell(p, PFM_TASK_FORK, FIRST + i, FIRST - 1);
		tell(p, PFM_TASK_EXIT, FIRST + i, 0);
	}
	ok(procs_find(p, (pid_t)FIRST)->serial == serial &&
		   find(p, FIRST, 5000),
	   "a process whose first thread ended has its mappings still");
	procs_free(p);
}

static unsigned nfds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long peak_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static uint64_t number_of(FILE *f)
{
	struct stat st;

	return f && fstat(fileno(f), &st) == 0 ? st.st_ino : 1;
}

/* Short-lived ones, each with its own executable, as in a build. */
static void many(struct procs *p, const char *dir, uint32_t from, uint32_t n)
{
	struct pfm_task t = { .type = PFM_TASK_MAP, .len = 4096 };
	char path[200];
	uint32_t i, k;

	for (i = from; i < from + n; i++) {
		FILE *f;

		tell(p, PFM_TASK_FORK, FIRST + i, FIRST - 1);
		tell(p, PFM_TASK_EXEC, FIRST + i, 0);
		for (k = 0; k < 100; k++)
			map(p, FIRST + i, (1 + k) << 20, 4096, k << 12);
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		f = fopen(path, "w");
		t.pid = t.tid = FIRST + i;
		t.addr = 4096;
		t.ino = number_of(f);
		t.name = path;
		procs_task(p, &t);
		/* Code made while running, too. */
		t.addr = 8192;
		t.ino = 0;
		t.name = "//anon";
		procs_task(p, &t);
		if (f)
			fclose(f);
		remove(path);
		tell(p, PFM_TASK_EXIT, FIRST + i, 0);
	}
}

/* A sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void test_memory(void)
{
	char dir[] = "/tmp/t-procs.XXXXXX";
	struct procs *p = procs_new();
	unsigned fds;
	long few;

	if (!mkdtemp(dir))
		exit(99);
	many(p, dir, 0, 1000);
	few = peak_kb();
	fds = nfds();
	many(p, dir, 1000, 4000);
	ok(nfds() < fds + 300, "files of who ended are closed (%u, %u)", fds,
	   nfds());
	if (SANITIZED)
		skip("5,000 processes take no more memory than 1,000: a "
		     "sanitizer keeps what was freed");
	else
		ok(peak_kb() < few + 4096,
		   "5,000 processes take no more memory than 1,000 (%ld, %ld)",
		   peak_kb(), few);
	procs_free(p);
	rmdir(dir);
}

int main(void)
{
	test_maps();
	test_ended();
	test_threads();
	test_memory();
	return done_testing();
}
