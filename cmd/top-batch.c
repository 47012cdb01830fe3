/* SPDX-License-Identifier: MIT
 *
 * top-batch.c - pfmon top -b: a table for each interval on standard output,
 * until there were --count, a signal comes, or nobody reads any more.
 */
#include "config.h"

#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* From here on they are read from the descriptor. */
static int catch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		die("cannot block signals: %m");
	/* A reader that goes away is an error of write(2). */
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("cannot wait for signals: %m");
	return fd;
}

static struct top_show show_of(const struct top_opt *opt)
{
	return (struct top_show){
		.view = (enum top_view)opt->view,
		.sort = opt->sort,
		.rows = (size_t)opt->rows,
		.threads = opt->threads,
		.idle = opt->idle,
		.sticky = opt->sticky,
	};
}

/* -1: it could not be written, as was said unless nobody reads any more. */
static int print_frame(struct top *t, const struct top_opt *opt)
{
	struct top_show show = show_of(opt);
	const struct top_head *head = top_head(t);
	char *text = top_print(head, top_table(t, &show),
			       opt->json ? TOP_FORM_JSON : TOP_FORM_TEXT);
	int ret = write_all(STDOUT_FILENO, text, strlen(text));

	if (ret < 0 && errno != EPIPE)
		warn("cannot write to standard output: %m");
	free(text);
	return ret;
}

int top_batch(struct top *t, const struct top_opt *opt)
{
	struct pollfd fds[] = { { .fd = top_fd(t), .events = POLLIN },
				{ .fd = catch_signals(), .events = POLLIN } };
	uint64_t printed = 0;
	unsigned what = 0;
	int status = 0;

	while (!(what & TOP_ENDED)) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			die("cannot wait: %m");
		if (fds[1].revents)
			break;
		what = top_dispatch(t);
		if (what & TOP_MESSAGE)
			warn("%s", top_message(t));
		if (!(what & TOP_NEW_FRAME))
			continue;
		if (print_frame(t, opt) < 0) {
			status = STATUS_FAIL;
			break;
		}
		if (++printed == opt->count)
			break;
	}
	close(fds[1].fd);
	return status;
}
