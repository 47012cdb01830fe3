/* SPDX-License-Identifier: MIT
 *
 * known.c - known MODE N ...: a profile that is known beforehand.  Each mode
 * prints "expect: FUNCTION SELF TOTAL" in page faults, which are exact when
 * each is sampled; a mode that cannot be had here prints "skip: why" and ends
 * with status 77.  The table at the end has the modes.
 */
#include "known-modes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

const char *self_path;

_Noreturn void known_skip(const char *what)
{
	printf("skip: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(77);
}

unsigned long known_number(char **argv, int i)
{
	return argv[i] ? strtoul(argv[i], NULL, 10) : 0;
}

/* calls N M */

static void KNOWN leaf_a(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN leaf_c(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN middle_b(volatile char *pages)
{
	leaf_c(pages);
	*PAGE(pages, 1) = 1;
}

void KNOWN run_calls(volatile char *mem, unsigned long n, unsigned long m)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		leaf_a(PAGE(mem, i));
	for (i = 0; i < m; i++)
		middle_b(PAGE(mem, n + 2 * i));
	KNOWN_END();
}

static void mode_calls(char **argv)
{
	unsigned long n = known_number(argv, 2), m = known_number(argv, 3);

	run_calls(known_pages(n + 2 * m), n, m);
	/* A breakpoint there counts the same; setarch -R keeps them. */
	printf("address: leaf_a %p\n", (void *)leaf_a);
	printf("address: leaf_c %p\n", (void *)leaf_c);
	known_expect("leaf_a", n, n);
	known_expect("leaf_c", m, m);
	known_expect("middle_b", m, 2 * m);
	known_expect("run_calls", 0, n + 2 * m);
}

/* recurse N DEPTH */

static void KNOWN base(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN recurse(volatile char *pages, unsigned long depth)
{
	KNOWN_FRAME();

	*pages = 1;
	if (depth > 1)
		recurse(PAGE(pages, 1), depth - 1);
	else
		base(PAGE(pages, 1));
	KNOWN_END();
}

static void KNOWN run_recurse(volatile char *mem, unsigned long n,
			      unsigned long depth)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		recurse(PAGE(mem, i * (depth + 1)), depth);
	KNOWN_END();
}

static void mode_recurse(char **argv)
{
	unsigned long n = known_number(argv, 2), depth = known_number(argv, 3);

	if (depth < 1 || depth > 1000) {
		fprintf(stderr, "known: a depth from 1 to 1000\n");
		exit(2);
	}
	run_recurse(known_pages(n * (depth + 1)), n, depth);
	known_expect("base", n, n);
	known_expect("recurse", n * depth, n * (depth + 1));
	known_expect("run_recurse", 0, n * (depth + 1));
}

/*
 * tail N: tail_a jumps to tail_b at its end, and so is in no stack of it.  In
 * assembly: no compiler promises the jump, nor that there is none elsewhere.
 */

void tail_b(volatile char *page);
void tail_a(volatile char *pages, size_t page_size);

void KNOWN tail_b(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

#if defined(__x86_64__)
#define HAVE_TAIL 1
__asm__(".text\n"
	".type tail_a, %function\n"
	"tail_a:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset %rbp, -16\n"
	"mov %rsp, %rbp\n"
	".cfi_def_cfa_register %rbp\n"
	"movb $1, (%rdi)\n"
	"add %rsi, %rdi\n"
	"pop %rbp\n"
	".cfi_def_cfa %rsp, 8\n"
	".cfi_restore %rbp\n"
	"jmp tail_b\n"
	".cfi_endproc\n"
	".size tail_a, .-tail_a\n");
#elif defined(__aarch64__)
#define HAVE_TAIL 1
__asm__(".text\n"
	".type tail_a, %function\n"
	"tail_a:\n"
	".cfi_startproc\n"
	"stp x29, x30, [sp, #-16]!\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset x29, -16\n"
	".cfi_offset x30, -8\n"
	"mov x29, sp\n"
	"mov w2, #1\n"
	"strb w2, [x0]\n"
	"add x0, x0, x1\n"
	"ldp x29, x30, [sp], #16\n"
	".cfi_def_cfa_offset 0\n"
	".cfi_restore x29\n"
	".cfi_restore x30\n"
	"b tail_b\n"
	".cfi_endproc\n"
	".size tail_a, .-tail_a\n");
#endif

#ifdef HAVE_TAIL
static void KNOWN run_tail(volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		tail_a(PAGE(mem, 2 * i), KNOWN_PAGE);
	KNOWN_END();
}

static void mode_tail(char **argv)
{
	unsigned long n = known_number(argv, 2);

	run_tail(known_pages(2 * n), n);
	known_expect("tail_a", n, n);
	known_expect("tail_b", n, n);
	known_expect("run_tail", 0, 2 * n);
}
#else
static void mode_tail(char **argv)
{
	(void)argv;
	errno = ENOSYS;
	known_skip("no tail call is written for this machine");
}
#endif

/*
 * signal N: a handler within run_signal, interrupted at a system call of its
 * own; raise N: the same within the C library's raise().
 */

static volatile char *volatile signal_page;

static void KNOWN leaf_h(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN handler(int sig)
{
	(void)sig;
	leaf_h(signal_page);
	KNOWN_END();
}

#if defined(__x86_64__)
static inline __attribute__((always_inline)) void send_self(long pid, long tid)
{
	long ret = SYS_tgkill;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(pid), "S"(tid), "d"((long)SIGUSR1)
			 : "rcx", "r11", "memory");
}
#elif defined(__aarch64__)
static inline __attribute__((always_inline)) void send_self(long pid, long tid)
{
	register long x8 __asm__("x8") = SYS_tgkill;
	register long x0 __asm__("x0") = pid;
	register long x1 __asm__("x1") = tid;
	register long x2 __asm__("x2") = SIGUSR1;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2)
			 : "memory");
}
#else
static inline void send_self(long pid, long tid)
{
	syscall(SYS_tgkill, pid, tid, (long)SIGUSR1);
}
#endif

static void KNOWN run_signal(volatile char *mem, unsigned long n)
{
	long pid = getpid(), tid = syscall(SYS_gettid);
	unsigned long i;

	for (i = 0; i < n; i++) {
		signal_page = PAGE(mem, i);
		send_self(pid, tid);
	}
	KNOWN_END();
}

static void KNOWN run_raise(volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		signal_page = PAGE(mem, i);
		raise(SIGUSR1);
	}
	KNOWN_END();
}

/* One signal before: what the C library needs for it was then touched. */
static void handle(unsigned long n, char **argv, const char *runner)
{
	struct sigaction act = { .sa_handler = handler };
	volatile char *mem = known_pages(n + 1);

	*PAGE(mem, n) = 1;
	signal_page = PAGE(mem, n);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	if (!strcmp(argv[1], "raise"))
		run_raise(mem, n);
	else
		run_signal(mem, n);
	known_expect("leaf_h", n, n);
	known_expect("handler", 0, n);
	known_expect(runner, 0, n);
}

static void mode_signal(char **argv)
{
	handle(known_number(argv, 2), argv, "run_signal");
}

static void mode_raise(char **argv)
{
	handle(known_number(argv, 2), argv, "run_raise");
}

/* threads T N: thread i calls its leaf (i + 1) * N times. */

struct worker {
	volatile char *mem;
	unsigned long n;
	long tid;
	pthread_t thread;
};

static void KNOWN leaf_t(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

static void KNOWN run_thread(volatile char *mem, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		leaf_t(PAGE(mem, i));
	KNOWN_END();
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;

	known_touch_stack();
	w->tid = syscall(SYS_gettid);
	run_thread(w->mem, w->n);
	return NULL;
}

static void mode_threads(char **argv)
{
	unsigned long t = known_number(argv, 2), n = known_number(argv, 3),
		      sum = 0, i;
	struct worker *workers = calloc(t, sizeof(*workers));

	if (!workers)
		exit(1);
	for (i = 0; i < t; i++) {
		workers[i].n = (i + 1) * n;
		workers[i].mem = known_pages(workers[i].n);
		sum += workers[i].n;
		if (pthread_create(&workers[i].thread, NULL, thread_main,
				   &workers[i]))
			exit(1);
	}
	for (i = 0; i < t; i++) {
		pthread_join(workers[i].thread, NULL);
		printf("thread: %ld %lu\n", workers[i].tid, workers[i].n);
	}
	free(workers);
	known_expect("leaf_t", sum, sum);
	known_expect("run_thread", 0, sum);
}

static const struct {
	const char *name;
	void (*run)(char **argv);
} modes[] = {
	{ "calls", mode_calls },   { "recurse", mode_recurse },
	{ "tail", mode_tail },     { "signal", mode_signal },
	{ "raise", mode_raise },   { "threads", mode_threads },
	{ "child", mode_child },   { "exec", mode_exec },
	{ "delete", mode_delete }, { "dlopen", mode_dlopen },
	{ "jit", mode_jit },       { "namespace", mode_namespace },
};

int main(int argc, char **argv)
{
	static char path[4096];
	size_t i;

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 1;
	self_path = path;
	known_start();
	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, argv[1])) {
			modes[i].run(argv);
			return 0;
		}
	fprintf(stderr, "known: no mode '%s'\n", argc > 1 ? argv[1] : "");
	return 2;
}
