/* SPDX-License-Identifier: MIT
 *
 * client-v22.c - a program for the perfmon2 kernel of 2006, by its header and
 * by system call numbers; linked by tests/compat.test with libpfmcompat.a.
 * Usage: client-v22 FILE, of which the first character is "2".
 */
#include <dirent.h>
#include <perfmon/perfmon.h>
#include <perfmon/perfmon_dfl_smpl.h>

#include "client.h"

#define ORG ((off_t)16384 * (off_t)page_size()) /* mmap offset of set 0 */

static int create(uint32_t flags)
{
	pfarg_ctx_t ctx;

	memset(&ctx, 0, sizeof(ctx));
	ctx.ctx_flags = flags;
	return syscall(__NR_pfm_create_context, &ctx, NULL, (size_t)0) ?
		       -1 :
		       ctx.ctx_fd;
}

static void check_read(int fd)
{
	char msg[sizeof(pfm_msg_t)];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	REFUSED("read of 55 bytes, no message", EINVAL,
		read(fd, msg, sizeof(msg) - 1));
	REFUSED("read of nothing", EINVAL, read(fd, msg, 0));
	REFUSED("read of 56 bytes, no message", EAGAIN,
		read(fd, msg, sizeof(msg)));
}

static void check_views(void)
{
	int fd = create(PFM_FL_MAP_SETS);
	size_t page = page_size();
	const pfm_set_view_t *view;
	pfarg_setinfo_t info;

	memset(&info, 0, sizeof(info));
	check("set view: the offset is told",
	      syscall(__NR_pfm_getinfo_evtsets, fd, &info, 1) == 0 &&
		      info.set_mmap_offset == (uint64_t)ORG);
	view = (const pfm_set_view_t *)mmap(NULL, page, PROT_READ, MAP_PRIVATE,
					    fd, ORG);
	check("set view: mapped", view != MAP_FAILED && !(view->set_seq & 1));
	UNMAPPED("set view: no such set", EINVAL,
		 mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd,
		      ORG + (off_t)page));
	UNMAPPED("set view: two pages", EINVAL,
		 mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE, fd, ORG));
	UNMAPPED("set view: an offset before the first", EINVAL,
		 mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd,
		      ORG - (off_t)page));
	close(fd);
	fd = create(0);
	UNMAPPED("set view: without MAP_SETS", EINVAL,
		 mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, ORG));
	UNMAPPED("no buffer to map", EINVAL,
		 mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
}

static void check_buffer(void)
{
	static const pfm_uuid_t uuid = PFM_DFL_SMPL_UUID;
	size_t page = page_size(), size = 3 * page;
	const pfm_dfl_smpl_hdr_t *hdr;
	pfm_dfl_smpl_arg_t arg;
	pfarg_ctx_t ctx;
	void *at;

	memset(&ctx, 0, sizeof(ctx));
	memset(&arg, 0, sizeof(arg));
	memcpy(ctx.ctx_smpl_buf_id, uuid, sizeof(uuid));
	arg.buf_size = size;
	if (!check("a buffer of three pages",
		   syscall(__NR_pfm_create_context, &ctx, &arg, sizeof(arg)) ==
				   0 &&
			   ctx.ctx_smpl_buf_size == size))
		return;
	hdr = (const pfm_dfl_smpl_hdr_t *)mmap(NULL, size, PROT_READ,
					       MAP_PRIVATE, ctx.ctx_fd, 0);
	check("mapped", hdr != MAP_FAILED &&
				hdr->hdr_version == PFM_DFL_SMPL_VERSION &&
				hdr->hdr_buf_size == size);
	UNMAPPED("a page more", EINVAL,
		 mmap(NULL, size + 1, PROT_READ, MAP_PRIVATE, ctx.ctx_fd, 0));
	UNMAPPED("to write, private", EINVAL,
		 mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		      ctx.ctx_fd, 0));
	UNMAPPED("to write, shared", EACCES,
		 mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      ctx.ctx_fd, 0));
	at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("mapped at a place",
	      mmap(at, page, PROT_READ, MAP_SHARED | MAP_FIXED, ctx.ctx_fd,
		   0) == at &&
		      memcmp(at, hdr, sizeof(*hdr)) == 0);
	munmap(at, size);
	munmap((void *)(uintptr_t)hdr, size);
	close(ctx.ctx_fd);
}

/* Numbers below the base and above it are the kernel's. */
static void check_calls(int fd)
{
	pfarg_setdesc_t set;
	pfarg_setinfo_t info;

	memset(&set, 0, sizeof(set));
	memset(&info, 0, sizeof(info));
	set.set_id = info.set_id = 3;
	set.set_timeout = 5000;
	check("pfm_create_evtsets",
	      syscall(__NR_pfm_create_evtsets, fd, &set, 1) == 0 &&
		      set.set_timeout == 5000);
	check("pfm_getinfo_evtsets",
	      syscall(__NR_pfm_getinfo_evtsets, fd, &info, 1) == 0 &&
		      info.set_timeout == 5000);
	check("pfm_delete_evtsets",
	      syscall(__NR_pfm_delete_evtsets, fd, &set, 1) == 0);
	REFUSED("and it is gone", EINVAL,
		syscall(__NR_pfm_getinfo_evtsets, fd, &info, 1));
	REFUSED("pfm_restart, unloaded", EBUSY, syscall(__NR_pfm_restart, fd));
	REFUSED("pfm_stop, unloaded", EINVAL, syscall(__NR_pfm_stop, fd));
	check("pfm_unload_context, unloaded",
	      syscall(__NR_pfm_unload_context, fd) == 0);
	REFUSED("the number before the first", ENOSYS,
		syscall(__NR_pfm_create_context - 1, fd));
	REFUSED("the number after the last", ENOSYS,
		syscall(__NR_pfm_unload_context + 1, fd));
}

static void check_overflow(int fd)
{
	pfarg_pmc_t pmc;
	pfarg_pmd_t pmd;
	pfarg_load_t load;
	pfm_msg_t msg, room[2];

	memset(&pmc, 0, sizeof(pmc));
	memset(&pmd, 0, sizeof(pmd));
	memset(&load, 0, sizeof(load));
	pmc.reg_num = pmd.reg_num = FAULTS;
	pmc.reg_value = FAULTS_CODE;
	pmc.reg_flags = NO_KERNEL;
	pmd.reg_flags = PFM_REGFL_OVFL_NOTIFY;
	pmd.reg_value = pmd.reg_long_reset = pmd.reg_short_reset =
		(uint64_t)0 - 10;
	load.load_pid = (uint32_t)getpid();
	check("pfm_write_pmcs", syscall(__NR_pfm_write_pmcs, fd, &pmc, 1) == 0);
	check("pfm_write_pmds", syscall(__NR_pfm_write_pmds, fd, &pmd, 1) == 0);
	if (syscall(__NR_pfm_load_context, fd, &load)) {
		printf("SKIP overflow # pfm_load_context: %s\n",
		       strerror(errno));
		return;
	}
	fcntl(fd, F_SETFL, 0);
	check("pfm_start", syscall(__NR_pfm_start, fd, NULL) == 0);
	fault(20);
	check("the message has 56 bytes", read(fd, room, sizeof(room)) == 56);
	msg = room[0];
	check("it tells the PMD", msg.type == PFM_MSG_OVFL);
	check("and the thread",
	      msg.pfm_ovfl_msg.msg_ovfl_pid == (uint32_t)getpid());
	check("the count stands at the overflow",
	      syscall(__NR_pfm_read_pmds, fd, &pmd, 1) == 0 &&
		      pmd.reg_value == 0);
	check("pfm_restart", syscall(__NR_pfm_restart, fd) == 0);
	check("pfm_stop", syscall(__NR_pfm_stop, fd) == 0);
	check("pfm_unload_context", syscall(__NR_pfm_unload_context, fd) == 0);
}

/* In the directory of FILE lies what a kernel would show. */
static void check_sysfs(void)
{
	FILE *f = fopen("/sys/kernel/perfmon/version", "r");
	DIR *dir = opendir("/sys/kernel/perfmon");
	char line[16] = "";
	int fd = open("/sys/kernel/perfmon/version", O_RDONLY);

	check("sysfs: fopen",
	      f && fgets(line, sizeof(line), f) && strncmp(line, "2.", 2) == 0);
	check("sysfs: open", fd >= 0);
	check("sysfs: opendir", dir != NULL);
	check("sysfs: access",
	      access("/sys/kernel/perfmon/version", R_OK) == 0);
	REFUSED("sysfs: no such file", ENOENT,
		access("/sys/kernel/perfmon/none", F_OK));
	REFUSED("sysfs: another directory", ENOENT,
		access("/sys/kernel/perfmonx/version", F_OK));
	close(fd);
	if (f)
		fclose(f);
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = create(0);
	if (!check("pfm_create_context", fd >= 0))
		return 1;
	check_read(fd);
	check_calls(fd);
	check_overflow(fd);
	close(fd);
	check_views();
	check_buffer();
	check_sysfs();
	check_others(argv[1]);
	return failed;
}
