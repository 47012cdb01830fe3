/* SPDX-License-Identifier: MIT
 *
 * helper.h - a process of the library's beside the program, that does what must
 * be done when the program is gone, or what the program's own wait() must not
 * see.  It is a copy of the program, which may have threads and locks held by
 * them: from its beginning to its end it makes system calls and nothing else, by
 * syscall(), since a sanitizer takes locks around those of the C library.
 */
#ifndef PFM_HELPER_H
#define PFM_HELPER_H

#include <sys/types.h>

/* Each function that runs in a helper. */
#define HELPER_CODE \
	__attribute__((no_sanitize("address", "thread", "undefined")))

struct helper_job {
	const char *what; /* for reasons: "guardian for registers" */
	const char *name; /* as ps shows it, 15 characters at most */
	/*
	 * Runs in the helper, which ends when it returns, with all signals
	 * blocked.  fd is its end of a SOCK_SEQPACKET socket; parent, a pidfd,
	 * is readable when the program is gone.  No descriptor of the program's
	 * is open.
	 */
	void (*run)(int fd, int parent, const void *arg);
	const void *arg; /* borrowed; the helper has a copy of what it is */
};

struct helper {
	pid_t pid; /* 0: it was reaped by somebody else */
	int sock;  /* our end; close-on-exec */
};

/*
 * Start one; what the program has open is not open twice when this returns.
 * 0, or -errno with a reason.  A thread that forks waits until it is done.
 */
int helper_start(struct helper *h, const struct helper_job *job);

/*
 * Shut the socket down, which its run() takes as the end, and reap it.  It has
 * no exit signal: the program's wait() meets it only with __WALL or __WCLONE.
 */
void helper_end(const struct helper *h);

/* Of the calling thread: it is to run soon after it wakes up, and not long. */
void helper_short_slice(void);

#endif /* PFM_HELPER_H */
