/* SPDX-License-Identifier: MIT
 *
 * calls-args.c - what each call makes of its arguments: descriptors, counts,
 * pointers, registers, flags; which error it is, which comes first, and what
 * was done all the same (perfmon2 reference, sections 4, 5.1 to 5.6, 14; items
 * 47 to 49 and 53 of section 15).
 */
#include "config.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "buffer.h"
#include "calls.h"

/* The vector calls, and how many entries one of them may have. */
/* clang-format off */
#define VECTOR(call, type) { #call, (int (*)(int, void *, int))pfm_##call, \
			     sizeof(type), INT_MAX / sizeof(type), \
			     4096 / sizeof(type) }
static const struct vector {
	const char *name;
	int (*call)(int fd, void *v, int count);
	size_t entry;
	size_t limit; /* EINVAL from here on */
	size_t most;  /* of 4096 bytes */
} vectors[] = {
	VECTOR(write_pmcs, pfarg_pmc_t),
	VECTOR(write_pmds, pfarg_pmd_t),
	VECTOR(read_pmds, pfarg_pmd_t),
	VECTOR(create_evtsets, pfarg_setdesc_t),
	VECTOR(delete_evtsets, pfarg_setdesc_t),
	VECTOR(getinfo_evtsets, pfarg_setinfo_t),
};
/* clang-format on */
#define FOR_EACH_VECTOR(v) \
	for (const struct vector *v = vectors; v < vectors + 6; v++)
#define VECTOR_GIVES(v, err, fd, arg, count)                         \
	do {                                                         \
		if (!GIVES((v)->call(fd, arg, (int)(count)), (err))) \
			diag("that was %s", (v)->name);              \
	} while (0)

/* Page-aligned and zero; with those rights, and none behind it. */
static void *page(int prot)
{
	char *mem = mmap(NULL, 2 * page_size(), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(mem, page_size(), prot);
	return mem;
}

static void bad_descriptor(int fd)
{
	static char zero[4096];

	FOR_EACH_VECTOR(v)
	{
		VECTOR_GIVES(v, EBADF, fd, zero, 1);
		VECTOR_GIVES(v, EBADF, fd, NULL, 0);
		VECTOR_GIVES(v, EBADF, fd, NULL, v->most + 1);
		VECTOR_GIVES(v, EINVAL, fd, zero, -1);
		VECTOR_GIVES(v, EINVAL, fd, zero, v->limit);
	}
	GIVES(pfm_load_context(fd, NULL), EBADF);
	GIVES(pfm_start(fd, NULL), EBADF);
	GIVES(pfm_start(fd, page(PROT_NONE)), EBADF);
	GIVES(pfm_stop(fd), EBADF);
	GIVES(pfm_restart(fd), EBADF);
	GIVES(pfm_unload_context(fd), EBADF);
}

static void no_contexts(void)
{
	int ends[2], fd = context(0);

	close(fd);
	bad_descriptor(-1);
	bad_descriptor(fd);
	bad_descriptor(INT_MAX);
	bad_descriptor(open("/dev/null", O_RDWR));
	EXPECT(pipe(ends) == 0);
	bad_descriptor(ends[0]);
	EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	bad_descriptor(ends[0]);
}

/* A number that was a context's is a file now; a copy of it is the context. */
static void other_numbers(void)
{
	int fd = context(0), copy = dup(fd), null = open("/dev/null", O_RDWR);

	EXPECT(write_pmd(fd, 0, 0) == 0);
	EXPECT(dup2(null, fd) == fd);
	GIVES(read_pmd(fd, 0, 0), EBADF);
	GIVES(read_pmd(copy, 0, 0), 0);
	GIVES(write_pmd(copy, 1, 0), 0);
}

static void counts(void)
{
	static char zero[8192];
	int fd = context(0);

	FOR_EACH_VECTOR(v)
	{
		VECTOR_GIVES(v, 0, fd, NULL, 0);
		VECTOR_GIVES(v, 0, fd, page(PROT_NONE), 0);
		VECTOR_GIVES(v, EINVAL, fd, zero, -1);
		VECTOR_GIVES(v, EINVAL, fd, zero, INT_MIN);
		VECTOR_GIVES(v, EINVAL, fd, zero, INT_MAX);
		VECTOR_GIVES(v, EINVAL, fd, zero, v->limit);
		VECTOR_GIVES(v, E2BIG, fd, zero, v->limit - 1);
		VECTOR_GIVES(v, E2BIG, fd, zero, v->most + 1);
		VECTOR_GIVES(v, E2BIG, fd, NULL, v->most + 1);
	}
	EXPECT_U64(vectors[0].most, 85);
	EXPECT_U64(vectors[1].most, 23);
	EXPECT_U64(vectors[3].most, 64);
	EXPECT_U64(vectors[5].most, 21);
}

/* As many as there may be, and each of them is done. */
static void full_vectors(void)
{
	pfarg_setdesc_t sets[64] = { 0 };
	pfarg_setinfo_t infos[21] = { 0 };
	pfarg_pmc_t pmcs[85] = { 0 };
	pfarg_pmd_t pmds[23] = { 0 };
	int fd = context(0);

	for (unsigned i = 0; i < 64; i++)
		sets[i].set_id = (uint16_t)i;
	EXPECT(pfm_create_evtsets(fd, sets, 64) == 0);
	for (unsigned i = 0; i < 85; i++)
		pmcs[i] = (pfarg_pmc_t){ .reg_num = SW + i % 64 };
	EXPECT(pfm_write_pmcs(fd, pmcs, 85) == 0);
	for (unsigned i = 0; i < 23; i++)
		pmds[i] = (pfarg_pmd_t){ .reg_num = (uint16_t)(SW + i),
					 .reg_set = 63,
					 .reg_value = 100 + i };
	EXPECT(pfm_write_pmds(fd, pmds, 23) == 0);
	for (unsigned i = 0; i < 23; i++)
		pmds[i].reg_value = 0;
	EXPECT(pfm_read_pmds(fd, pmds, 23) == 0);
	for (unsigned i = 0; i < 23; i++)
		EXPECT_U64(pmds[i].reg_value, 100 + i);
	for (unsigned i = 0; i < 21; i++)
		infos[i].set_id = (uint16_t)(63 - i);
	EXPECT(pfm_getinfo_evtsets(fd, infos, 21) == 0);
	for (unsigned i = 0; i < 21; i++)
		EXPECT(has_bit(infos[i].set_avail_pmds, 0));
	EXPECT(pfm_delete_evtsets(fd, sets + 1, 63) == 0);
	GIVES(ask_set(fd, 63), EINVAL);
	GIVES(ask_set(fd, 0), 0);
}

/* Nothing to do is refused, too, where the state does not allow it. */
static void count_zero_is_checked(void)
{
	int fd = context(0);

	child_start();
	load(fd, child.pid);
	child_free();
	GIVES(pfm_write_pmcs(fd, NULL, 0), ESRCH);
	GIVES(pfm_write_pmds(fd, NULL, 0), ESRCH);
	GIVES(pfm_read_pmds(fd, NULL, 0), ESRCH);
	GIVES(pfm_create_evtsets(fd, NULL, 0), EBUSY);
	GIVES(pfm_delete_evtsets(fd, NULL, 0), EBUSY);
	GIVES(pfm_getinfo_evtsets(fd, NULL, 0), 0);
	child_kill();
}

/* A read uses the vector in place (a deviation): of it only NULL is tried. */
static void bad_pointers(void)
{
	char *none = page(PROT_NONE);
	int fd = context(0);

	FOR_EACH_VECTOR(v)
	{
		VECTOR_GIVES(v, EFAULT, fd, NULL, 1);
		if (v->call == (int (*)(int, void *, int))pfm_read_pmds)
			continue;
		VECTOR_GIVES(v, EFAULT, fd, none, 1);
		VECTOR_GIVES(v, EFAULT, fd, (void *)-4096l, 1);
	}
	GIVES(pfm_load_context(fd, NULL), EFAULT);
	GIVES(pfm_load_context(fd, (void *)none), EFAULT);
	GIVES(pfm_start(fd, (void *)none), EFAULT);
	load(fd, tid());
	GIVES(pfm_load_context(fd, NULL), EFAULT);
	GIVES(pfm_start(fd, (void *)none), EFAULT);
	GIVES(pfm_create_context(NULL, NULL, 0), EFAULT);
	GIVES(pfm_create_context((void *)none, NULL, 0), EFAULT);
}

/* Cut by the end of the memory: none of its entries is done. */
static void half_a_vector(void)
{
	char *mem = page(PROT_READ | PROT_WRITE);
	pfarg_setdesc_t *sets = (void *)(mem + page_size());
	int fd = context(0);

	sets -= 2;
	sets[0].set_id = 1;
	sets[1].set_id = 2;
	GIVES(pfm_create_evtsets(fd, sets, 3), EFAULT);
	GIVES(ask_set(fd, 1), EINVAL);
	GIVES(pfm_create_evtsets(fd, sets, 2), 0);
	GIVES(ask_set(fd, 1), 0);
}

/* It was done; that it could not be told of comes before any other error. */
static void read_only_memory(void)
{
	pfarg_setdesc_t *sets = page(PROT_READ | PROT_WRITE);
	pfarg_setinfo_t *infos = page(PROT_READ);
	int fd = context(0);

	sets[0].set_id = 5;
	mprotect(sets, page_size(), PROT_READ);
	GIVES(pfm_create_evtsets(fd, sets, 1), EFAULT);
	GIVES(ask_set(fd, 5), 0);
	GIVES(pfm_create_evtsets(fd, sets, 2), EFAULT);
	GIVES(pfm_delete_evtsets(fd, sets, 1), EFAULT);
	GIVES(ask_set(fd, 5), EINVAL);
	GIVES(pfm_delete_evtsets(fd, sets, 1), EFAULT);
	GIVES(pfm_getinfo_evtsets(fd, infos, 1), EFAULT);
	load(fd, tid());
	GIVES(pfm_create_evtsets(fd, sets, 1), EFAULT);
	GIVES(ask_set(fd, 5), EINVAL);
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#define CREATE_GIVES(ctx, arg, size, err)                        \
	do {                                                     \
		pfarg_ctx_t copy_ = *(ctx);                      \
		unsigned fds_ = open_fds();                      \
		GIVES(pfm_create_context(ctx, arg, size), err);  \
		EXPECT(memcmp(ctx, &copy_, sizeof(copy_)) == 0); \
		EXPECT_U64(open_fds(), fds_);                    \
	} while (0)

/* Whatever was in it stays. */
static void refused_creates(void)
{
	pfarg_ctx_t ctx = { .ctx_fd = 4711, .ctx_smpl_buf_size = 12 };
	pfm_dfl_smpl_arg_t arg = { .buf_size = 65536 };
	char *none = page(PROT_NONE);

	ctx.ctx_flags = PFM_FL_SYSTEM_WIDE | PFM_FL_NOTIFY_BLOCK;
	CREATE_GIVES(&ctx, NULL, 0, EINVAL);
	ctx.ctx_flags = PFM_FL_OURS;
	CREATE_GIVES(&ctx, NULL, 0, EINVAL);
	ctx.ctx_flags = 0;
	memset(ctx.ctx_smpl_buf_id, 0x5c, sizeof(ctx.ctx_smpl_buf_id));
	CREATE_GIVES(&ctx, &arg, sizeof(arg), EINVAL);
	smpl_register_builtin();
	memcpy(ctx.ctx_smpl_buf_id, (pfm_uuid_t)PFM_DFL_SMPL_UUID,
	       sizeof(ctx.ctx_smpl_buf_id));
	CREATE_GIVES(&ctx, &arg, sizeof(arg) - 1, EINVAL);
	CREATE_GIVES(&ctx, NULL, 0, EINVAL);
	CREATE_GIVES(&ctx, NULL, sizeof(arg), EFAULT);
	CREATE_GIVES(&ctx, none, sizeof(arg), EFAULT);
	ctx.ctx_smpl_buf_id[15] ^= 1;
	CREATE_GIVES(&ctx, &arg, sizeof(arg), EINVAL);
	ctx.ctx_smpl_buf_id[15] ^= 1;
	GIVES(pfm_create_context(&ctx, &arg, (size_t)-1), 0);
	EXPECT(ctx.ctx_smpl_buf_size >= arg.buf_size);
}

/* Without a format nobody looks at its argument; unknown flags are no error. */
static void plain_creates(void)
{
	pfarg_ctx_t want = { .ctx_flags = 0x00ffff6c,
			     .ctx_smpl_buf_size = 9,
			     .ctx_reserved3[11] = 99 },
		    ctx = want;

	want.ctx_flags &= ~(uint32_t)PFM_FL_SYSTEM_WIDE;
	ctx = want;
	GIVES(pfm_create_context(&ctx, page(PROT_NONE), 77), 0);
	EXPECT(fcntl(ctx.ctx_fd, F_GETFD) == 0);
	EXPECT(ctx.ctx_fd > 2);
	want.ctx_fd = ctx.ctx_fd;
	want.ctx_smpl_buf_size = 0;
	EXPECT(memcmp(&ctx, &want, sizeof(ctx)) == 0);
}

/*
 * Nobody could be told of the descriptor: there is none.  What was behind it is
 * noticed later (a deviation), but before it is much.
 */
static void create_into_read_only(void)
{
	pfarg_ctx_t *ctx = page(PROT_READ);
	unsigned fds = open_fds();

	for (unsigned i = 0; i < 200; i++)
		GIVES(pfm_create_context(ctx, NULL, 0), EFAULT);
	EXPECT(open_fds() < fds + 20);
}

static void no_descriptors(void)
{
	struct rlimit limit, none;
	pfarg_ctx_t ctx = { 0 };

	EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CREATE_GIVES(&ctx, NULL, 0, ENFILE);
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	GIVES(pfm_create_context(&ctx, NULL, 0), 0);
}

/* Where no PMU is described the call itself is missing. */
static void no_description(void)
{
	pfarg_ctx_t ctx = { .ctx_fd = 12 };

	setenv("PFM_BACKEND", "abacus", 1);
	CREATE_GIVES(&ctx, NULL, 0, ENOSYS);
}

/* Entry 2 of 3 is refused, and told of: the first stays, the third is not. */
static void refused_pmcs(void)
{
	static const struct {
		uint16_t num, set;
		uint32_t flags, retfl;
	} bad[] = {
		{ PFM_MAX_PMCS - 1, 9, 0, PFM_REG_RETFL_NOSET },
		{ PFM_MAX_PMCS, 9, 8, PFM_REG_RETFL_NOTAVAIL },
		{ UINT16_MAX, 0, 0, PFM_REG_RETFL_NOTAVAIL },
		{ SW, 9, 8, PFM_REG_RETFL_EINVAL },
		{ SW, 0, PFM_REGFL_OVFL_NOTIFY, PFM_REG_RETFL_EINVAL },
		{ SW, 0, 0x08000000, PFM_REG_RETFL_EINVAL },
	};
	int fd = calls_context(0, f);

	on_calls(fd, 1, 0, f);
	plain(fd, 1, 0);
	load_and_start(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pfarg_pmc_t v[3] = {
			{ PFM_PMC_SW_ARG, 0, PFM_REG_RETFL_MASK, 0, { 0 } },
			{ bad[i].num, bad[i].set, bad[i].flags, 0, { 0 } },
			{ PFM_PMC_SW_ARG + 1, 0, 0, 0, { 0 } },
		};

		v[0].reg_value = (uintptr_t)(i & 1 ? f : g);
		v[2].reg_value = (uintptr_t)h;
		GIVES(pfm_write_pmcs(fd, v, 3), EINVAL);
		EXPECT_U64(v[0].reg_flags, 0);
		EXPECT_U64(v[1].reg_flags, bad[i].flags | bad[i].retfl);
		EXPECT_U64(v[2].reg_flags, 0);
		plain(fd, 0, 0);
		plain(fd, 1, 0);
		call(f, 3);
		call(g, 5);
		EXPECT_U64(value(fd, 0, 0), i & 1 ? 3 : 5);
		EXPECT_U64(value(fd, 1, 0), 3);
	}
}

static void refused_pmds(void)
{
	pfarg_pmd_t bad[] = {
		{ .reg_num = PFM_MAX_PMDS, .reg_set = 9 },
		{ .reg_num = SW, .reg_set = 9 },
		{ .reg_num = SW, .reg_flags = PFM_REGFL_NO_EMUL64 },
		{ .reg_num = SW, .reg_flags = 0x10000 },
		{ .reg_num = SW, .reg_smpl_pmds[3] = 1 },
		{ .reg_num = SW, .reg_reset_pmds[3] = 1u << 31 },
	};
	static const uint32_t retfl[] = {
		PFM_REG_RETFL_NOTAVAIL, PFM_REG_RETFL_NOSET,
		PFM_REG_RETFL_EINVAL,   PFM_REG_RETFL_EINVAL,
		PFM_REG_RETFL_EINVAL,   PFM_REG_RETFL_EINVAL,
	};
	int fd = context(0);

	plain(fd, 0, 0);
	plain(fd, 1, 0);
	for (unsigned i = 0; i < 6; i++) {
		pfarg_pmd_t v[3] = { { .reg_num = SW,
				       .reg_value = i + 1,
				       .reg_flags = PFM_REG_RETFL_MASK },
				     bad[i],
				     { .reg_num = SW + 1, .reg_value = 9 } };

		GIVES(pfm_write_pmds(fd, v, 3), EINVAL);
		EXPECT_U64(v[0].reg_flags, 0);
		EXPECT_U64(v[1].reg_flags, bad[i].reg_flags | retfl[i]);
		EXPECT_U64(value(fd, 0, 0), i + 1);
		EXPECT_U64(value(fd, 1, 0), 0);
	}
}

/* What was asked for can be read: written, or in a sample, or reset. */
static void refused_reads(void)
{
	pfarg_pmd_t r = { .reg_num = SW, .reg_value = 5 };
	pfarg_pmd_t v[3] = { { .reg_num = SW, .reg_long_reset = 8 },
			     { .reg_num = SW + 3 },
			     { .reg_num = SW + 1, .reg_value = 12 } };
	int fd = context(0);

	GIVES(read_pmd(fd, 0, 0), EINVAL);
	set_bit(r.reg_smpl_pmds, 1);
	set_bit(r.reg_reset_pmds, 2);
	put(fd, &r);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_U64(value(fd, i, 0), i ? 0 : 5);
	EXPECT(add_set(fd, 1, 0, 0) == 0);
	GIVES(read_pmd(fd, 1, 1), EINVAL);
	GIVES(pfm_read_pmds(fd, v, 3), EINVAL);
	EXPECT_U64(v[0].reg_value, 5);
	EXPECT_U64(v[0].reg_last_reset_val, 5);
	EXPECT_U64(v[0].reg_long_reset, 8);
	EXPECT_U64(v[1].reg_flags, PFM_REG_RETFL_EINVAL);
	EXPECT_U64(v[2].reg_value, 12);
	v[1].reg_set = 2;
	GIVES(pfm_read_pmds(fd, v, 3), EINVAL);
	EXPECT_U64(v[1].reg_flags, PFM_REG_RETFL_NOSET);
	v[1].reg_num = PFM_MAX_PMDS;
	GIVES(pfm_read_pmds(fd, v, 3), EINVAL);
	EXPECT_U64(v[1].reg_flags, PFM_REG_RETFL_NOTAVAIL);
}

static const struct behaviour behaviours[] = {
	{ 4, 0, "no context: EBADF, but a bad count comes first", no_contexts },
	{ 4, 0, "it is the file that counts, not its number", other_numbers },
	{ 15, 47, "counts: 0, negative, too large, too many bytes", counts },
	{ 15, 47, "vectors of 4096 bytes", full_vectors },
	{ 4, 0, "a vector of no entries is checked, too",
	  count_zero_is_checked },
	{ 15, 47, "bad pointers", bad_pointers },
	{ 4, 0, "a vector that is not all there", half_a_vector },
	{ 4, 0, "done, and then not told of: EFAULT", read_only_memory },
	{ 15, 53, "a refused create leaves its argument alone",
	  refused_creates },
	{ 5, 1, "a create returns what it was given, and two fields",
	  plain_creates },
	{ 5, 1, "a create that cannot return undoes all",
	  create_into_read_only },
	{ 5, 1, "no descriptors: ENFILE", no_descriptors },
	{ 5, 1, "no description: ENOSYS", no_description },
	{ 15, 48, "PMCs: entry 2 of 3 refused, its flags say why",
	  refused_pmcs },
	{ 5, 3, "PMDs: entry 2 of 3 refused, its flags say why", refused_pmds },
	{ 15, 49, "a PMD nobody asked for cannot be read", refused_reads },
};

int main(void)
{
	return run_behaviours(behaviours,
			      sizeof(behaviours) / sizeof(behaviours[0]));
}
