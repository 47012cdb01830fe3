/* SPDX-License-Identifier: MIT
 *
 * msg.c - messages to the caller's descriptor: whole, in order, seven at most
 * (perfmon2 reference, section 10.1).
 */
#include "config.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "priv.h"

/*
 * What is queued but not read, in messages.  The kernel counts the bytes it
 * charged for them, the same for every message; the first one, sent to an
 * empty queue, shows how many.
 */
static int queued(struct pfm_context *ctx)
{
	int bytes = 0;

	if (ioctl(ctx->peer, SIOCOUTQ, &bytes) < 0 || bytes == 0)
		return 0;
	if (ctx->msg_size == 0)
		ctx->msg_size = bytes;
	return bytes / ctx->msg_size;
}

/*
 * When the queue is full the message is dropped together with its wake-up and
 * signal, as perfmon2 did.
 */
static bool msg_send(struct pfm_context *ctx, const void *msg, size_t size)
{
	if (queued(ctx) >= PFM_MAX_MSGS - 1) {
		dbg(OVFL, "fd %d: queue full, message dropped", ctx->fd);
		return false;
	}
	if (send(ctx->peer, msg, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		dbg(OVFL, "fd %d: message: %m", ctx->fd);
		return false;
	}
	/* The first one tells the size of all. */
	if (ctx->msg_size == 0)
		queued(ctx);
	return true;
}

/* v2.6 to v2.82: the same in another order (reference, section 2.5). */
struct msg_gen_c {
	uint32_t msg_type, msg_ovfl_pid;
	uint16_t msg_active_set, msg_ovfl_cpu;
	uint32_t msg_ovfl_tid;
	uint64_t msg_ovfl_ip;
	uint64_t msg_ovfl_pmds[PFM_PMD_BV];
};
PFM_SIZE_IS(struct msg_gen_c, 64);

bool msg_ovfl(struct pfm_context *ctx, const struct pfm_ovfl_msg *msg,
	      const uint64_t *pmds)
{
	struct pfm_ovfl_msg a = *msg;
	struct msg_gen_c c = {
		.msg_type = msg->msg_type,
		.msg_ovfl_pid = msg->msg_ovfl_pid,
		.msg_active_set = msg->msg_active_set,
		.msg_ovfl_cpu = msg->msg_ovfl_cpu,
		.msg_ovfl_tid = msg->msg_ovfl_tid,
		.msg_ovfl_ip = msg->msg_ovfl_ip,
	};

	memcpy(a.msg_ovfl_pmds, pmds, sizeof(a.msg_ovfl_pmds));
	memcpy(c.msg_ovfl_pmds, pmds, sizeof(c.msg_ovfl_pmds));
	if (ctx->gen == PFM_GEN_C)
		return msg_send(ctx, &c, sizeof(c));
	return msg_send(ctx, &a, sizeof(a));
}

void msg_end(struct pfm_context *ctx)
{
	union {
		pfm_msg_t a;
		struct msg_gen_c c;
	} msg;

	memset(&msg, 0, sizeof(msg));
	msg.a.type = PFM_MSG_END;
	msg_send(ctx, &msg,
		 ctx->gen == PFM_GEN_C ? sizeof(msg.c) : sizeof(msg.a));
}

static int send_signal(const struct pfm_context *ctx,
		       const struct f_owner_ex *owner, int sig)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = sig ? sig : SIGIO;
	si.si_code = POLL_IN;
	si.si_band = POLLIN | POLLRDNORM;
	si.si_fd = ctx->fd;
	/* Without F_SETSIG the kernel tells no descriptor. */
	if (sig && owner->type == F_OWNER_TID &&
	    syscall(SYS_rt_tgsigqueueinfo, getpid(), owner->pid, sig, &si) == 0)
		return 0;
	if (sig && owner->type == F_OWNER_PID && owner->pid == getpid() &&
	    syscall(SYS_rt_sigqueueinfo, owner->pid, sig, &si) == 0)
		return 0;
	if (owner->type == F_OWNER_TID)
		return (int)syscall(SYS_tkill, owner->pid, si.si_signo);
	return kill(owner->type == F_OWNER_PGRP ? -owner->pid : owner->pid,
		    si.si_signo);
}

/*
 * OVFL_NO_MSG: what the kernel would have sent with a message.  The settings
 * are those of the file, as the lowest descriptor the caller had for it shows.
 */
bool msg_signal(const struct pfm_context *ctx)
{
	struct f_owner_ex owner;
	int flags = fcntl(ctx->fd, F_GETFL);

	if (flags < 0 || !(flags & O_ASYNC) || fdtab_get(ctx->fd) != ctx)
		return true;
	if (fcntl(ctx->fd, F_GETOWN_EX, &owner) < 0 || owner.pid == 0)
		return true;
	return send_signal(ctx, &owner, fcntl(ctx->fd, F_GETSIG)) == 0;
}

void msg_flush(int fd)
{
	struct msg_gen_c msg;

	while (recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) >= 0)
		;
}
