/* SPDX-License-Identifier: MIT
 *
 * self.c - a program counts its own page faults with libpfmcore and nothing
 * else: the example of libpfmcore(3).  Prints how many it counted and how many
 * pages it touched; the two are equal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/perf_event.h>
#include <pfmcore.h>

static void check(int ret, const char *call)
{
	if (ret == -1) {
		fprintf(stderr, "%s: %s\n", call, pfm_reason());
		exit(1);
	}
}

int main(void)
{
	enum { PAGES = 1000 };
	pfarg_ctx_t ctx = { .ctx_flags = 0 };
	pfarg_pmc_t pmc = {
		.reg_num = PFM_PMC_SW,
		.reg_value = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
					 PERF_COUNT_SW_PAGE_FAULTS),
		.reg_flags = PFM_REGFL_NO_KERNEL,
	};
	pfarg_pmd_t pmd = { .reg_num = PFM_PMD_SW };
	pfarg_load_t load = { .load_pid = (uint32_t)getpid() };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *mem;

	mem = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise((void *)mem, PAGES * page, MADV_NOHUGEPAGE);

	check(pfm_create_context(&ctx, NULL, 0), "pfm_create_context");
	check(pfm_write_pmcs(ctx.ctx_fd, &pmc, 1), "pfm_write_pmcs");
	check(pfm_write_pmds(ctx.ctx_fd, &pmd, 1), "pfm_write_pmds");
	check(pfm_load_context(ctx.ctx_fd, &load), "pfm_load_context");
	check(pfm_start(ctx.ctx_fd, NULL), "pfm_start");
	for (size_t i = 0; i < PAGES; i++)
		mem[i * page] = 1;
	check(pfm_stop(ctx.ctx_fd), "pfm_stop");
	check(pfm_read_pmds(ctx.ctx_fd, &pmd, 1), "pfm_read_pmds");
	close(ctx.ctx_fd);

	printf("%llu page faults, %d pages\n",
	       (unsigned long long)pmd.reg_value, PAGES);
	return pmd.reg_value == PAGES ? 0 : 1;
}
