/* SPDX-License-Identifier: MIT
 *
 * msg.c - messages to the caller's descriptor: whole, in order, seven at most
 * (perfmon2 reference, section 10.1).
 */
#include "config.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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
static void msg_send(struct pfm_context *ctx, const pfm_msg_t *msg)
{
	if (queued(ctx) >= PFM_MAX_MSGS - 1) {
		dbg(OVFL, "fd %d: queue full, message %u dropped", ctx->fd,
		    msg->type);
		return;
	}
	if (send(ctx->peer, msg, sizeof(*msg), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		dbg(OVFL, "fd %d: message %u: %m", ctx->fd, msg->type);
	queued(ctx);
}

void msg_end(struct pfm_context *ctx)
{
	pfm_msg_t msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = PFM_MSG_END;
	msg_send(ctx, &msg);
}

void msg_flush(int fd)
{
	pfm_msg_t msg;

	while (recv(fd, &msg, sizeof(msg), MSG_DONTWAIT) >= 0)
		;
}
