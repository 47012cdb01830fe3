/* SPDX-License-Identifier: MIT
 *
 * t-unwind.c - walks over stacks of this process: what they find, where they
 * end, and which of them say that they are complete; and which method an object
 * gets.  t-unwind-step.c has every instruction, t-unwind-perf.c the kernel's
 * samples.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>

#include "tap.h"
#include "unwind-elf.h"
#include "unwind-priv.h"
#include "unwind-self.h"
#include "unwind-work.h"

enum { FRAMES = 256 };

static struct self self;
static struct self_sample sample;
static struct unwind_space *space;

struct walked {
	uint64_t ip[FRAMES];
	unsigned n;
	bool complete;
};

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	self_take(&sample, context, self.stack_end);
	self_go_on(context);
}

/* Its frame is set up when the trap is taken. */
static __attribute__((noinline)) void trap(void *arg)
{
	__asm__ volatile("" ::"r"(__builtin_frame_address(0)), "r"(arg));
	TRAP();
	__asm__ volatile("" ::: "memory");
}

static bool in_libc(uint64_t ip)
{
	const char *path = self_path(&self, ip);

	return strstr(path, "/libc") || strstr(path, "/ld-");
}

static void walk(enum unwind_method method, size_t size, unsigned max,
		 struct walked *w)
{
	struct unwind_sample s = { .regs = sample.regs,
				   .stack = sample.stack,
				   .stack_size = size < sample.size ?
							 size :
							 sample.size,
				   .method = method };

	w->n = unwind_walk(space, &s, w->ip, max, &w->complete);
}

static bool is_prefix(const struct walked *part, const struct walked *all)
{
	return part->n <= all->n &&
	       !memcmp(part->ip, all->ip, part->n * sizeof(*part->ip));
}

/* How often the address of frame i is there, one after the other. */
static unsigned repeats(const struct walked *w, unsigned i)
{
	unsigned n = 0;

	while (i + n < w->n && w->ip[i + n] == w->ip[i])
		n++;
	return n;
}

static void test_recursion(const char *name, const struct unwind_work *work)
{
	struct walked all, part;
	unsigned bad = 0;

	work->recurse(100, trap, NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &all);
	ok(all.complete, "%s, recursion: complete", name);
	is_u64(repeats(&all, 2), 100, "%s, recursion: 100 deep", name);
	walk(UNWIND_DWARF, SIZE_MAX, FRAMES, &part);
	ok(part.complete && part.n == all.n && is_prefix(&part, &all),
	   "%s, recursion: the same by tables alone", name);
	walk(UNWIND_AUTO, SIZE_MAX, 10, &part);
	ok(part.n == 10 && is_prefix(&part, &all) && !part.complete,
	   "%s, recursion: at most as many as asked for", name);
	walk(UNWIND_AUTO, SIZE_MAX, all.n, &part);
	ok(part.n == all.n && part.complete,
	   "%s, recursion: complete when just all fit", name);
	walk(UNWIND_AUTO, SIZE_MAX, 0, &part);
	ok(!part.n && !part.complete, "%s, recursion: none when none may be",
	   name);
	for (size_t size = 0; size < 4096; size += 8) {
		walk(UNWIND_AUTO, size, FRAMES, &part);
		bad += !part.n || part.complete || !is_prefix(&part, &all);
	}
	is_u64(bad, 0, "%s, recursion: a stack cut off is not complete", name);
}

static void test_methods(void)
{
	struct walked tables, fp;

	fp_work.recurse(100, trap, NULL);
	walk(UNWIND_DWARF, SIZE_MAX, FRAMES, &tables);
	walk(UNWIND_FP, SIZE_MAX, FRAMES, &fp);
	ok(fp.n > 102 && !memcmp(fp.ip, tables.ip, 103 * sizeof(*fp.ip)),
	   "by frame pointer: as by tables, in code that has one");
	ok(unwind_exact(space, 0) && !unwind_exact(space, 1) &&
		   !unwind_exact(space, 50),
	   "only the first frame is exact");
}

static void test_calls(const char *name, const struct unwind_work *work)
{
	struct walked w, direct;
	bool libc = false;

	trap(NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &direct);
	work->tail(trap, NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(w.complete && w.n == direct.n,
	   "%s: who called by a jump is not there", name);
	work->sort(trap, NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	for (unsigned i = 2; i < 6 && i < w.n; i++)
		libc |= in_libc(w.ip[i]);
	ok(w.complete && w.n > direct.n + 2, "%s: through qsort()", name);
	ok(libc, "%s: through qsort(), that is, through libc", name);
	if (!unwind_lib_built) {
		skip("%s: an aligned stack needs libunwind", name);
		return;
	}
	work->aligned(100, trap, NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(w.complete && w.n == direct.n + 1,
	   "%s: through an aligned stack of variable size", name);
}

static sigjmp_buf back;
static void *forbidden; /* a page */
static volatile uint64_t fault_ip;

/* Where it was is what the kernel tells; the walk is to find it. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	fault_ip = self_ip(context);
	trap(NULL);
	siglongjmp(back, 1);
}

static __attribute__((noinline)) void fault(void *arg)
{
	*(volatile char *)arg = 1;
	__asm__ volatile("" ::: "memory");
}

/* find: the frame of the interrupted place. */
static unsigned fault_frame(const struct walked *w)
{
	unsigned i = 0;

	while (i < w->n && w->ip[i] != fault_ip)
		i++;
	return i;
}

static void fault_take(int flags)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sigaction act = { .sa_sigaction = on_fault,
				 .sa_flags = SA_SIGINFO | SA_NODEFER | flags };

	forbidden =
		mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGSEGV, &act, NULL);
	if (!sigsetjmp(back, 1))
		fault(forbidden);
	signal(SIGSEGV, SIG_DFL);
	munmap(forbidden, page);
}

static void test_signal(bool alternate)
{
	const char *name = alternate ? "signal, its own stack" : "signal";
	static uint8_t stack[64 << 10];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	uint64_t end = self.stack_end;
	struct walked w;
	unsigned i;

	if (alternate) {
		sigaltstack(&alt, NULL);
		self.stack_end = (uint64_t)(uintptr_t)(stack + sizeof(stack));
	}
	fault_take(alternate ? SA_ONSTACK : 0);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	i = fault_frame(&w);
	is_u64(i, 3, "%s: behind trap, handler and return code", name);
	ok(unwind_exact(space, i) && !unwind_exact(space, 1) &&
		   !unwind_exact(space, 2),
	   "%s: the place is exact", name);
	/* The kernel copies the stack in use only. */
	if (alternate)
		ok(w.n == 4 && !w.complete, "%s: ends there", name);
	else
		ok(w.n > 5 && w.complete && !unwind_exact(space, i + 1),
		   "%s: goes on to the first frame", name);
	space->only_lib = unwind_lib_built;
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	space->only_lib = false;
	ok(fault_frame(&w) == 3 && unwind_exact(space, 3),
	   "%s: the same by libunwind", name);
	walk(UNWIND_FP, SIZE_MAX, FRAMES, &w);
	ok(fault_frame(&w) == 3 && unwind_exact(space, 3),
	   "%s: the same by frame pointer", name);
	self.stack_end = end;
}

static void *thread(void *arg)
{
	pthread_attr_t attr;
	void *stack;
	size_t size;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &stack, &size);
	pthread_attr_destroy(&attr);
	self.stack_end = (uint64_t)(uintptr_t)stack + size;
	nofp_work.recurse(3, trap, arg);
	return NULL;
}

static void test_thread(void)
{
	uint64_t end = self.stack_end;
	struct walked w;
	pthread_t id;

	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(w.complete && w.n >= 7, "a thread: complete");
	ok(w.n && in_libc(w.ip[w.n - 1]), "a thread: from libc");
	self.stack_end = end;
}

#ifdef __x86_64__

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const uint8_t jit[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

static void jit_call(void (*code)(void (*)(void *)))
{
	code(trap);
	__asm__ volatile("" ::: "memory");
}

static void test_jit(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*code)(void (*)(void *));
	struct walked w;

	memcpy(page, jit, sizeof(jit));
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	memcpy(&code, &page, sizeof(code));
	self_maps(&self);
	unwind_space_forget(space);
	jit_call(code);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(w.n == 2 && w.ip[1] == (uint64_t)(uintptr_t)page + 6,
	   "code without a file: it is the last frame");
	ok(!w.complete, "code without a file: not complete");
	walk(UNWIND_FP, SIZE_MAX, FRAMES, &w);
	ok(w.n > 3 && w.ip[1] == (uint64_t)(uintptr_t)page + 6,
	   "code without a file: frame pointers go on");
	munmap(page, 4096);
	self_maps(&self);
	unwind_space_forget(space);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(w.n == 1 && !w.complete,
	   "a return address outside all mappings is not listed");
}

/* Functions with a frame pointer, without, and without a frame. */
#define WITH "\x41\x0e\x10\x86\x02\x43\x0d\x06"
#define WITHOUT "\x41\x0e\x10"
#define PLT "\x0e\x10\x46\x0e\x18\x4a\x0f\x02\x77\x08"
#define FN(size, insns)                        \
	{                                      \
		size, sizeof(insns) - 1, insns \
	}

enum tables { NONE, EH_FRAME, DEBUG_FRAME };

static struct unwind_object *object_make(const struct elf_function *f,
					 unsigned n, enum tables tables)
{
	static struct elf_image e;
	struct unwind_object *o;
	int fd;

	elf_make(&e, unwind_arch.machine, f, n);
	if (tables == NONE)
		memset(e.data + ELF_NAMES, 0, 32);
	if (tables == DEBUG_FRAME)
		elf_debug_frame(&e);
	fd = elf_file(e.data, sizeof(e.data));
	o = unwind_object_new(fd);
	close(fd);
	return o;
}

static void test_object_methods(void)
{
	static const struct {
		unsigned line, n;
		struct elf_function f[4];
		enum unwind_method want;
		const char *name;
	} rows[] = {
		{ __LINE__, 1, { FN(100, WITH) }, UNWIND_FP, "all code" },
		{ __LINE__, 1, { FN(9, WITHOUT) }, UNWIND_DWARF, "no code" },
		{ __LINE__,
		  2,
		  { FN(950, WITH), FN(50, WITHOUT) },
		  UNWIND_FP,
		  "95 % of the bytes" },
		{ __LINE__,
		  2,
		  { FN(949, WITH), FN(51, WITHOUT) },
		  UNWIND_DWARF,
		  "a byte less" },
		{ __LINE__,
		  3,
		  { FN(9, WITH), FN(90, ""), FN(900, PLT) },
		  UNWIND_FP,
		  "all but leaves and the PLT" },
		{ __LINE__, 1, { FN(90, "") }, UNWIND_DWARF, "leaves alone" },
		{ __LINE__,
		  1,
		  { FN(90, WITH "\x3f") },
		  UNWIND_DWARF,
		  "code with wrong tables" },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct unwind_object *o =
			object_make(rows[i].f, rows[i].n, EH_FRAME);
		struct unwind_object *debug =
			object_make(rows[i].f, rows[i].n, DEBUG_FRAME);

		is_u64(unwind_object_method(debug), rows[i].want,
		       "line %u, .debug_frame: %s", rows[i].line, rows[i].name);
		unwind_object_free(debug);
		is_u64(unwind_object_method(o), rows[i].want,
		       "line %u, frame pointers: %s", rows[i].line,
		       rows[i].name);
		unwind_object_free(o);
	}
}

/* A process with one object; its code is at CODE. */
#define CODE UINT64_C(0x7000000000)

static bool find_code(void *obj, uint64_t addr, struct unwind_map *map)
{
	if (addr - CODE >= ELF_CODE_SIZE)
		return false;
	*map = (struct unwind_map){ .start = CODE,
				    .end = CODE + ELF_CODE_SIZE,
				    .offset = ELF_CODE,
				    .obj = obj };
	return true;
}

/* Three frames of frame pointers: {fp, return address} each, then zeros. */
#define AT(i) (UINT64_C(0x7ff000000000) + 8 * (i))
static const uint64_t chain[] = { AT(3), CODE + 20, 0, AT(6), CODE + 30,
				  0,     0,         0, 0 };

static void walk_chain(struct unwind_object *o, enum unwind_method method,
		       struct walked *w)
{
	struct unwind_space *s = unwind_space_new(find_code, o);
	struct unwind_sample from = {
		.regs =
			(uint64_t[17]){
				[6] = AT(0), [7] = AT(0), [8] = CODE + 10 },
		.stack = chain,
		.stack_size = sizeof(chain),
		.method = method
	};

	w->n = unwind_walk(s, &from, w->ip, FRAMES, &w->complete);
	unwind_space_free(s);
}

static void test_bare(void)
{
	static const struct elf_function f[] = { FN(ELF_CODE_SIZE, WITH) };
	struct unwind_object *o = object_make(NULL, 0, NONE);
	struct walked w;

	is_u64(unwind_object_method(o), UNWIND_FP, "no tables: frame pointers");
	walk_chain(o, UNWIND_FP, &w);
	ok(w.n == 3 && w.ip[2] == CODE + 30 && w.complete,
	   "no tables, frame pointers asked for: to their end");
	walk_chain(o, UNWIND_AUTO, &w);
	ok(w.n == 3 && w.ip[2] == CODE + 30 && !w.complete,
	   "no tables: the same, but the first step is a guess");
	unwind_object_free(o);
	o = object_make(f, 1, EH_FRAME);
	walk_chain(o, UNWIND_AUTO, &w);
	ok(w.n == 3 && w.ip[2] == CODE + 30 && w.complete,
	   "tables that tell of a frame pointer: no guess");
	unwind_object_free(o);
}

#endif

static void test_refused(void)
{
	static struct elf_image e;
	int fd;

	elf_make(&e, EM_S390, NULL, 0);
	fd = elf_file(e.data, sizeof(e.data));
	ok(!unwind_object_new(fd) && errno == ENOEXEC,
	   "an object of another machine: ENOEXEC");
	close(fd);
	fd = elf_file("#!/bin/sh\n", 10);
	ok(!unwind_object_new(fd) && errno == ENOEXEC, "a script: ENOEXEC");
	close(fd);
	ok(!unwind_object_new(-1) && errno == EBADF, "no file: EBADF");
}

static void test_forget(void)
{
	struct walked w;
	unsigned found;

	trap(NULL);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	found = self.nfound;
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	is_u64(self.nfound, found, "mappings found are not asked for again");
	unwind_space_forget(space);
	walk(UNWIND_AUTO, SIZE_MAX, FRAMES, &w);
	ok(self.nfound > found && w.complete, "they are, once forgotten");
}

int main(void)
{
	struct sigaction act = { .sa_sigaction = on_trap,
				 .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGTRAP, &act, NULL);
	self_maps(&self);
	space = unwind_space_new(self_find, &self);
	test_recursion("fp", &fp_work);
	test_recursion("no fp", &nofp_work);
	test_methods();
	test_calls("fp", &fp_work);
	test_calls("no fp", &nofp_work);
	test_signal(false);
	test_signal(true);
	test_thread();
#ifdef __x86_64__
	test_jit();
	test_object_methods();
	test_bare();
#else
	skip("code written by hand is x86's");
#endif
	test_refused();
	test_forget();
	unwind_space_free(space);
	self_free(&self);
	return done_testing();
}
