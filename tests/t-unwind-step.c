/* SPDX-License-Identifier: MIT
 *
 * t-unwind-step.c - the walk at every single instruction of a workload, of libc
 * and the dynamic linker in it too, against the return addresses that the calls
 * and returns seen on the way have made: a shadow stack.  The processor traps
 * after each instruction.  x86 only.
 */
#include "config.h"

#include "tap.h"

#ifdef __x86_64__

#include "unwind-self.h"
#include "unwind-work.h"
#include "unwind-priv.h"

enum { DEPTH = 256 };

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

static struct self self;
static struct self_sample sample;
static struct {
	struct unwind_space *space;
	enum unwind_method method;
	uint64_t ret[DEPTH]; /* return addresses, outermost first */
	uint64_t sp[DEPTH];  /* where they are */
	unsigned depth;
	bool strict;           /* every walk is to be whole */
	uint64_t outer[DEPTH]; /* frames around the traced call */
	unsigned nouter;
	uint64_t last_ip, last_sp;
	unsigned long steps, wrong, incomplete, shown;
} trace;

/* An instruction at ip that has pushed the address behind it: a call. */
static bool is_call(uint64_t ip, uint64_t pushed)
{
	const uint8_t *insn = (const void *)(uintptr_t)ip;

	return pushed > ip && pushed - ip <= 8 &&
	       (insn[0] == 0xe8 || insn[0] == 0xff || insn[1] == 0xe8 ||
		insn[1] == 0xff);
}

__attribute__((no_sanitize("address"))) static void shadow_follow(uint64_t ip,
								  uint64_t sp)
{
	uint64_t top = *(const volatile uint64_t *)(uintptr_t)sp;

	while (trace.depth && trace.sp[trace.depth - 1] < sp)
		trace.depth--;
	if (trace.last_ip && sp == trace.last_sp - 8 &&
	    is_call(trace.last_ip, top) && trace.depth < DEPTH) {
		trace.sp[trace.depth] = sp;
		trace.ret[trace.depth++] = top;
	}
	trace.last_ip = ip;
	trace.last_sp = sp;
}

/* The frames around are those of the first trap, in traced() itself. */
static void outer_learn(const uint64_t *ips, unsigned n)
{
	trace.nouter = n - 1;
	memcpy(trace.outer, ips + 1, (n - 1) * sizeof(*ips));
}

static uint64_t expected(unsigned i)
{
	if (!i)
		return trace.last_ip;
	if (i <= trace.depth)
		return trace.ret[trace.depth - i];
	return trace.outer[i - trace.depth - 1];
}

static void show(const uint64_t *ips, unsigned n, unsigned want)
{
	if (trace.shown++ >= 8)
		return;
	diag("step %lu in %s: %u frames, expected %u", trace.steps,
	     self_path(&self, ips[0]), n, want);
	for (unsigned i = 0; i < n || i < want; i++)
		diag("%2u %#14" PRIx64 " %#14" PRIx64, i, i < n ? ips[i] : 0,
		     i < want ? expected(i) : 0);
}

static void compare(void)
{
	struct unwind_sample s = { .regs = sample.regs,
				   .stack = sample.stack,
				   .stack_size = sample.size,
				   .method = trace.method };
	uint64_t ips[2 * DEPTH];
	bool complete, same = true;
	unsigned n = unwind_walk(trace.space, &s, ips, 2 * DEPTH, &complete);
	unsigned want;

	if (!trace.steps++)
		outer_learn(ips, n);
	want = 1 + trace.depth + trace.nouter;
	for (unsigned i = 0; i < want && i < n && same; i++)
		same = ips[i] == expected(i);
	/* Alone, neither rows nor libunwind know all: they stop early. */
	same = same && (n == want || !trace.strict);
	trace.wrong += !same;
	trace.incomplete += !complete;
	if (!same || (!complete && trace.strict))
		show(ips, n, want);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	(void)info;
	shadow_follow(self_ip(uc), self_sp(uc));
	self_take(&sample, uc, self.stack_end);
	compare();
}

/* The first trap is behind the nop: still here. */
static inline __attribute__((always_inline)) void flag_set(void)
{
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" ::
				 : "memory", "cc");
}

static inline __attribute__((always_inline)) void flag_clear(void)
{
	__asm__ volatile("pushfq; andl $~0x100, (%%rsp); popfq" ::
				 : "memory", "cc");
}

static __attribute__((noinline)) void traced(const struct unwind_work *work,
					     unsigned n)
{
	flag_set();
	(void)work->everything(n);
	flag_clear();
}

static void check(const char *name, const struct unwind_work *work,
		  bool only_lib)
{
	memset(&trace, 0, sizeof(trace));
	trace.method = UNWIND_AUTO;
	trace.space = unwind_space_new(self_find, &self);
	trace.space->only_lib = only_lib;
	trace.strict = unwind_lib_built && !only_lib;
	traced(work, 3);
	ok(trace.steps > 3000, "%s: %lu instructions", name, trace.steps);
	is_u64(trace.wrong, 0, "%s: every walk is that of the calls", name);
	if (!trace.strict)
		ok(trace.incomplete < trace.steps / 10,
		   "%s: nine of ten are complete", name);
	else
		is_u64(trace.incomplete, 0, "%s: every walk is complete", name);
	unwind_space_free(trace.space);
}

int main(void)
{
	static uint8_t stack[256 << 10];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = { .sa_sigaction = on_trap,
				 .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&alt, NULL);
	sigaction(SIGTRAP, &act, NULL);
	self_maps(&self);
	/* At its first calls a sanitizer's library jumps out of libc's. */
	if (SANITIZED)
		nofp_work.everything(1);
	check("without frame pointers", &nofp_work, false);
	check("with frame pointers", &fp_work, false);
	if (unwind_lib_built)
		check("all steps by libunwind", &nofp_work, true);
	else
		skip("libunwind is not built in");
	self_free(&self);
	return done_testing();
}

#else

int main(void)
{
	skip_all("no trap flag on this processor");
}

#endif
