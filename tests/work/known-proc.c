/* SPDX-License-Identifier: MIT
 *
 * known-proc.c - known.c's modes with more than one program: another process,
 * libraries that come and go, code made while running, files that are gone or
 * elsewhere.
 */
#include "known-modes.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* With the word "wait" it ends only when its input does. */
static void await_end(const char *word)
{
	while (word && read(STDIN_FILENO, &(char){ 0 }, 1) > 0)
		;
}

/* child N [wait]: what the modes below run in another process. */

static void KNOWN leaf_child(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN run_child(volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		leaf_child(PAGE(mem, i));
	KNOWN_END();
}

void mode_child(char **argv)
{
	unsigned long n = known_number(argv, 2);

	run_child(known_pages(n), n);
	known_expect("leaf_child", n, n);
	known_expect("run_child", 0, n);
	fflush(stdout);
	await_end(argv[3]);
}

static void run_self(const char *path, char *n, char *wait)
{
	char mode[] = "child", name[] = "known";
	char *args[] = { name, mode, n, wait, NULL };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (!pid) {
		execv(path, args);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "known: %s: status %#x\n", path,
			(unsigned)status);
		exit(1);
	}
}

/* exec N: first by itself, then by a child that is another program. */
void mode_exec(char **argv)
{
	unsigned long n = known_number(argv, 2);
	run_calls(known_pages(n), n, 0);
	/* After the fork even the stack faults: its pages are to be copied. */
	run_self(self_path, argv[2], NULL);
	known_expect("leaf_a", n, n);
	known_expect("run_calls", 0, n);
}

/* delete N [wait]: without its file from then on; so it is run from a copy. */
void mode_delete(char **argv)
{
	unsigned long n = known_number(argv, 2);

	if (unlink(self_path) < 0)
		known_skip("unlink");
	run_calls(known_pages(n), n, 0);
	known_expect("leaf_a", n, n);
	known_expect("run_calls", 0, n);
	fflush(stdout);
	await_end(argv[3]);
}

/* dlopen N LIBRARY: opened, called N times and closed, three times over. */

typedef void (*lib_fn)(volatile char *);

static void KNOWN run_lib(lib_fn fn, volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		fn(PAGE(mem, 2 * i));
	KNOWN_END();
}

void mode_dlopen(char **argv)
{
	unsigned long n = known_number(argv, 2), round;
	volatile char *mem = known_pages(6 * n);
	lib_fn fn = NULL;
	void *lib;

	for (round = 0; round < 3; round++) {
		lib = argv[3] ? dlopen(argv[3], RTLD_NOW) : NULL;
		if (lib)
			*(void **)&fn = dlsym(lib, "known_lib");
		if (!lib || !fn) {
			fprintf(stderr, "known: no library\n");
			exit(2);
		}
		/* The library is small: all of its code is there or before. */
		known_touch_code((uintptr_t)fn - 64, (uintptr_t)fn + 1);
		run_lib(fn, PAGE(mem, 2 * n * round), n);
		dlclose(lib);
	}
	run_calls(known_pages(n), n, 0);
	known_expect("lib_leaf", 3 * n, 3 * n);
	known_expect("known_lib", 3 * n, 6 * n);
	known_expect("run_lib", 0, 6 * n);
	known_expect("leaf_a", n, n);
	known_expect("run_calls", 0, n);
}

/* jit N: code made while running, and the map that a profiler finds it in. */

#if defined(__x86_64__)
/* push %rbp; mov %rsp, %rbp; movb $1, (%rdi); pop %rbp; ret */
static const unsigned char jit_code[] = { 0x55, 0x48, 0x89, 0xe5, 0xc6,
					  0x07, 0x01, 0x5d, 0xc3 };
#elif defined(__aarch64__)
/* stp x29, x30, [sp, #-16]!; mov x29, sp; mov w1, #1; strb w1, [x0];
 * ldp x29, x30, [sp], #16; ret */
static const uint32_t jit_code[] = { 0xa9bf7bfd, 0x910003fd, 0x52800021,
				     0x39000001, 0xa8c17bfd, 0xd65f03c0 };
#else
static const unsigned char jit_code[1];
#endif

static void KNOWN run_jit(lib_fn fn, volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		fn(PAGE(mem, i));
	KNOWN_END();
}

static void write_map(const char *code, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "wx");
	if (!f)
		known_skip(path);
	fprintf(f, "%lx %zx known_jit\n", (unsigned long)(uintptr_t)code, size);
	fclose(f);
	/* It must outlive the process: who runs this removes it. */
	printf("map: %s\n", path);
}

void mode_jit(char **argv)
{
	unsigned long n = known_number(argv, 2);
	lib_fn fn;
	char *code;

	errno = ENOSYS;
	if (sizeof(jit_code) == 1)
		known_skip("no code is written for this machine");
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		exit(1);
	memcpy(code, jit_code, sizeof(jit_code));
	__builtin___clear_cache(code, code + sizeof(jit_code));
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC) < 0)
		known_skip("mprotect");
	write_map(code, sizeof(jit_code));
	*(void **)&fn = code;
	run_jit(fn, known_pages(n), n);
	known_expect("known_jit", n, n);
	known_expect("run_jit", 0, n);
}

/*
 * namespace N DIR [wait]: DIR/only-here is this program, in a mount namespace of its
 * own, where something is mounted on DIR.
 */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

/* Without the right to mount, one's own user namespace has it. */
static void enter_namespace(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)getuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getgid());
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			known_skip("unshare");
		write_text("/proc/self/setgroups", "deny");
		write_text("/proc/self/uid_map", users);
		write_text("/proc/self/gid_map", groups);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		known_skip("mount of / as private");
}

void mode_namespace(char **argv)
{
	char path[4096];
	FILE *f;

	if (!argv[2] || !argv[3])
		exit(2);
	enter_namespace();
	if (mount("known", argv[3], "tmpfs", 0, NULL) < 0)
		known_skip("mount of a tmpfs");
	snprintf(path, sizeof(path), "%s/only-here", argv[3]);
	f = fopen(path, "w");
	if (!f)
		known_skip(path);
	fclose(f);
	if (mount(self_path, path, NULL, MS_BIND, NULL) < 0)
		known_skip("bind mount");
	run_self(path, argv[2], argv[4]);
}
