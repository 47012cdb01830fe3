/* SPDX-License-Identifier: MIT
 *
 * target.c - what /proc tells of a thread that is to be monitored: does it
 * exist, is it stopped under the caller's ptrace, may the caller look at it.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "priv.h"

/* <linux/sched.h> keeps this to the kernel; /proc/TID/stat shows it. */
#define PF_KTHREAD 0x00200000ul

struct target {
	char state;              /* R S D T t Z X */
	int tracer;              /* tid, 0 none */
	unsigned uid[3], gid[3]; /* real, effective, saved */
};

static ssize_t slurp(int tid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	return n;
}

static const char *field(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? p + strlen(name) : "";
}

static int target_read(int tid, struct target *t)
{
	char buf[2048];

	if (tid <= 0 || slurp(tid, "status", buf, sizeof(buf)) < 0)
		return fail(ESRCH, "no thread %d", tid);
	*t = (struct target){ .state = 'X' };
	sscanf(field(buf, "\nState:"), " %c", &t->state);
	sscanf(field(buf, "\nTracerPid:"), "%d", &t->tracer);
	sscanf(field(buf, "\nUid:"), "%u%u%u", &t->uid[0], &t->uid[1],
	       &t->uid[2]);
	sscanf(field(buf, "\nGid:"), "%u%u%u", &t->gid[0], &t->gid[1],
	       &t->gid[2]);
	return 0;
}

static int is_stopped(int tid, const struct target *t)
{
	if (t->tracer != self_tid())
		return fail(ESRCH,
			    "thread %d is not traced by the caller: "
			    "perfmon2 asks for a ptrace-stopped target",
			    tid);
	if (t->state != 't')
		return fail(ESRCH, "thread %d is traced but not stopped", tid);
	return 0;
}

int target_stopped(int tid)
{
	struct target t;
	int ret = target_read(tid, &t);

	return ret < 0 ? ret : is_stopped(tid, &t);
}

/* Has it exited, waited for or not? */
bool target_exited(int tid)
{
	struct target t;

	return target_read(tid, &t) < 0 || t.state == 'Z' || t.state == 'X';
}

static bool is_kthread(int tid)
{
	char buf[512], *p;
	unsigned long flags = 0;

	if (slurp(tid, "stat", buf, sizeof(buf)) < 0)
		return false;
	/* The name, in parentheses, may hold anything: count from its end. */
	p = strrchr(buf, ')');
	if (p)
		sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %lu", &flags);
	return flags & PF_KTHREAD;
}

bool target_capable(unsigned cap)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &hdr, data) < 0)
		return false;
	return data[cap / 32].effective >> cap % 32 & 1;
}

static bool same_owner(const struct target *t)
{
	unsigned uid = getuid(), gid = getgid();

	for (int i = 0; i < 3; i++)
		if (t->uid[i] != uid || t->gid[i] != gid)
			return false;
	return true;
}

static int check_owner(int tid, const struct target *t)
{
	if (same_owner(t) || target_capable(CAP_SYS_PTRACE))
		return 0;
	return fail(EPERM,
		    "thread %d belongs to another user or is set-id: "
		    "CAP_SYS_PTRACE is needed",
		    tid);
}

int target_owner(int tid)
{
	struct target t;
	int ret = target_read(tid, &t);

	return ret < 0 ? ret : check_owner(tid, &t);
}

/* perfmon2 reference, section 5.5, step 3b, in its order. */
int target_check(const struct pfm_context *ctx, int tid)
{
	bool self = tid == self_tid();
	struct target t;
	int ret;

	ret = target_read(tid, &t);
	if (ret < 0)
		return ret;
	if (!self && !(ctx->flags & PFM_FL_NOPTRACE)) {
		ret = is_stopped(tid, &t);
		if (ret < 0)
			return ret;
	}
	if (!self && is_kthread(tid))
		return fail(EPERM, "thread %d is a kernel thread", tid);
	ret = check_owner(tid, &t);
	if (ret < 0)
		return ret;
	if (self && ctx->flags & PFM_FL_NOTIFY_BLOCK)
		return fail(EINVAL, "a thread cannot block on its own "
				    "notification");
	if (t.state == 'Z' || t.state == 'X')
		return fail(EBUSY, "thread %d has exited", tid);
	return 0;
}
