/* SPDX-License-Identifier: MIT
 *
 * client-v28.c - a program for the perfmon2 kernels of 2007 to 2009, by its
 * header and by system call numbers; linked by tests/compat.test with
 * libpfmcompat.a.  Usage: client-v28 FILE, of which the first character is "2".
 */
#include <time.h>
#include <perfmon/perfmon.h>
#include <perfmon/perfmon_dfl_smpl.h>

#include "client.h"

static int create(const char *fmt, void *arg, size_t size)
{
	pfarg_ctx_t ctx;

	memset(&ctx, 0, sizeof(ctx));
	return pfm_create_context(&ctx, fmt, arg, size);
}

static void check_create(void)
{
	static const char long_name[] = "abcdefghijklmnopqrstuvwxyzabcdefg";
	pfm_dfl_smpl_arg_t arg;
	pfarg_ctx_t ctx;
	int fd;

	memset(&arg, 0, sizeof(arg));
	memset(&ctx, 0, sizeof(ctx));
	REFUSED("an unknown format", EINVAL, create("none", NULL, 0));
	REFUSED("a name of 33 characters", EINVAL, create(long_name, NULL, 0));
	REFUSED("a name out of reach", EFAULT,
		create((const char *)16, NULL, 0));
	REFUSED("no argument at all", EFAULT,
		pfm_create_context(NULL, NULL, NULL, 0));
	REFUSED("an argument of another size", EINVAL,
		create("default", &arg, sizeof(arg) - 1));
	arg.buf_size = 3 * page_size();
	fd = create(PFM_DFL_SMPL_NAME, &arg, sizeof(arg));
	if (check("a format by name", fd >= 0)) {
		const pfm_dfl_smpl_hdr_t *hdr =
			(const pfm_dfl_smpl_hdr_t *)mmap(NULL, arg.buf_size,
							 PROT_READ, MAP_SHARED,
							 fd, 0);

		check("its buffer",
		      hdr != MAP_FAILED && hdr->hdr_buf_size == arg.buf_size);
		munmap((void *)(uintptr_t)hdr, arg.buf_size);
	}
	close(fd);
	fd = (int)syscall(__NR_pfm_create_context, &ctx, NULL, NULL, (size_t)0);
	check("by system call", fd >= 0);
	check("by system call, with it",
	      syscall(__NR_pfm_unload_context, fd) == 0);
	close(fd);
}

/* The name ends with the last byte that can be read. */
static void check_edge_name(void)
{
	size_t page = page_size();
	char *mem = (char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *name = mem + page - sizeof("none");

	mprotect(mem + page, page, PROT_NONE);
	memcpy(name, "none", sizeof("none"));
	REFUSED("a name at the end of a page", EINVAL, create(name, NULL, 0));
	name[sizeof("none") - 1] = 'e';
	REFUSED("a name over the end", EFAULT, create(name, NULL, 0));
	munmap(mem, 2 * page);
}

static void check_sets(int fd)
{
	struct timespec res;
	pfarg_setinfo_t info;
	pfarg_setdesc_t set;
	uint64_t tick;

	clock_getres(CLOCK_MONOTONIC, &res);
	tick = (uint64_t)res.tv_sec * 1000000000u + (uint64_t)res.tv_nsec;
	memset(&info, 0, sizeof(info));
	memset(&set, 0, sizeof(set));
	set.set_id = info.set_id = 3;
	set.set_flags = PFM_SETFL_TIME_SWITCH;
	set.set_timeout = 4000000 / tick * tick + tick;
	check("a set, its timeout in ns", pfm_create_evtsets(fd, &set, 1) == 0);
	check("the timeout is not written",
	      set.set_timeout == 4000000 / tick * tick + tick);
	check("it is told", pfm_getinfo_evtsets(fd, &info, 1) == 0 &&
				    info.set_timeout == set.set_timeout &&
				    info.set_flags == PFM_SETFL_TIME_SWITCH);
	check("with the registers",
	      info.set_avail_pmcs[4] & 1 && info.set_avail_pmds[4] & 1);
	check("and what is reserved is left", info.set_reserved3[0] == 0);
	set.set_timeout = tick;
	check("one tick of the clock", pfm_create_evtsets(fd, &set, 1) == 0);
	set.set_timeout = 0;
	REFUSED("no timeout", EINVAL, pfm_create_evtsets(fd, &set, 1));
	if (tick > 1) {
		set.set_timeout = tick + 1;
		REFUSED("half a tick", EINVAL, pfm_create_evtsets(fd, &set, 1));
	} else {
		printf("SKIP half a tick # the clock's is 1 ns\n");
	}
	set.set_flags |= PFM_SETFL_OVFL_SWITCH;
	REFUSED("a switch of both kinds", EINVAL,
		pfm_create_evtsets(fd, &set, 1));
	check("a set deleted", pfm_delete_evtsets(fd, &set, 1) == 0);
	REFUSED("it is gone", EINVAL, pfm_getinfo_evtsets(fd, &info, 1));
	REFUSED("set 0 is not deleted", EINVAL,
		(set.set_id = 0, pfm_delete_evtsets(fd, &set, 1)));
	set.set_flags = 4;
	set.set_reserved1 = 77;
	check("what was an explicit next set",
	      pfm_create_evtsets(fd, &set, 1) == 0);
}

/* Twenty descriptions of 200 bytes fit in 4096, 21 do not. */
static void check_sizes(int fd)
{
	pfarg_setinfo_t info[21];

	memset(info, 0, sizeof(info));
	check("20 sets in one call", pfm_getinfo_evtsets(fd, info, 20) == 0);
	REFUSED("21 sets", E2BIG, pfm_getinfo_evtsets(fd, info, 21));
	check("none", pfm_getinfo_evtsets(fd, NULL, 0) == 0);
	REFUSED("-1 sets", EINVAL, pfm_getinfo_evtsets(fd, info, -1));
	REFUSED("load without an argument, not a context", EFAULT,
		pfm_load_context(-1, NULL));
}

/* The arguments stand in memory that cannot be written. */
static void program(int fd)
{
	void *mem = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pfarg_pmc_t *pmc = (pfarg_pmc_t *)mem;
	pfarg_pmd_t *pmd = (pfarg_pmd_t *)(pmc + 1);
	pfarg_setdesc_t *set = (pfarg_setdesc_t *)(pmd + 1);

	pmc->reg_num = pmd->reg_num = FAULTS;
	pmc->reg_value = FAULTS_CODE;
	pmc->reg_flags = NO_KERNEL;
	pmd->reg_flags = PFM_REGFL_OVFL_NOTIFY;
	pmd->reg_value = pmd->reg_long_reset = pmd->reg_short_reset =
		(uint64_t)0 - 10;
	mprotect(mem, page_size(), PROT_READ);
	check("constant sets", pfm_create_evtsets(fd, set, 1) == 0);
	check("constant PMCs", pfm_write_pmcs(fd, pmc, 1) == 0);
	check("constant PMDs", pfm_write_pmds(fd, pmd, 1) == 0);
	munmap(mem, page_size());
}

/* Monitoring is masked from the message on, until the restart. */
static void check_overflow(int fd)
{
	pfarg_pmd_t pmd;
	pfarg_load_t load;
	pfarg_msg_t msg, room[2];

	memset(&pmd, 0, sizeof(pmd));
	memset(&load, 0, sizeof(load));
	pmd.reg_num = FAULTS;
	load.load_pid = (uint32_t)getpid();
	program(fd);
	if (pfm_load_context(fd, &load)) {
		printf("SKIP overflow # pfm_load_context: %s\n",
		       strerror(errno));
		return;
	}
	check("start", pfm_start(fd, NULL) == 0);
	REFUSED("restart, nothing to go on from", EBUSY, pfm_restart(fd));
	fault(20);
	check("the message has 64 bytes", read(fd, room, sizeof(room)) == 64);
	msg = room[0];
	check("it tells what it is", msg.type == PFM_MSG_OVFL);
	check("the PMD", msg.pfm_ovfl_msg.msg_ovfl_pmds[FAULTS / 64] ==
				 (uint64_t)1 << FAULTS % 64);
	check("the thread",
	      msg.pfm_ovfl_msg.msg_ovfl_pid == (uint32_t)getpid());
	check("and the process",
	      msg.pfm_ovfl_msg.msg_ovfl_tid == (uint32_t)getpid());
	check("the count stands at the overflow",
	      pfm_read_pmds(fd, &pmd, 1) == 0 && pmd.reg_value == 0);
	check("start, while masked", pfm_start(fd, NULL) == 0);
	check("restart", pfm_restart(fd) == 0);
	check("stop", pfm_stop(fd) == 0);
	check("unload", pfm_unload_context(fd) == 0);
	check("unload again", pfm_unload_context(fd) == 0);
}

static void check_read(int fd)
{
	char msg[sizeof(pfarg_msg_t)];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	REFUSED("read of 63 bytes, no message", EINVAL,
		read(fd, msg, sizeof(msg) - 1));
	REFUSED("read of 64 bytes, no message", EAGAIN,
		read(fd, msg, sizeof(msg)));
	fcntl(fd, F_SETFL, 0);
	UNMAPPED("no views of sets any more", EINVAL,
		 mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE, fd,
		      (off_t)16384 * (off_t)page_size()));
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = create(NULL, NULL, 0);
	if (!check("pfm_create_context returns a descriptor", fd >= 0))
		return 1;
	check_create();
	check_edge_name();
	check_sets(fd);
	check_sizes(fd);
	check_read(fd);
	check_overflow(fd);
	close(fd);
	REFUSED("a closed context", EBADF, pfm_stop(fd));
	check_others(argv[1]);
	return failed;
}
