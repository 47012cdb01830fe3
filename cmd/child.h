/* SPDX-License-Identifier: MIT
 *
 * child.h - a command that pfmon runs, and the signals meanwhile.
 */
#ifndef PFM_CHILD_H
#define PFM_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <pfmcore.h>

struct child_opt {
	const struct rlimit *nofile; /* to give back to it, or NULL */
	bool quiet;                  /* its output is dropped */
};

/*
 * A child that waits for child_release(); *sock is ours to close.  Dies when
 * there is none.
 */
pid_t child_fork(char *const *argv, const struct child_opt *opt, int *sock);
void child_release(int sock);
/*
 * After its end: the exit status when the command could not be run, with a
 * message; 0: it was.
 */
int child_exec_failed(int sock, const char *name);

/*
 * A command that SIGTRAP killed while an event of it was a breakpoint: what there
 * is to say.
 */
bool is_breakpoint(const struct pfm_event *ev);
extern const char sigtrap_note[];

/*
 * Once: from here on SIGINT, SIGHUP, SIGTERM, SIGCHLD and SIGUSR1 and 2 are read
 * from the descriptor that is returned; a child has them as they were.
 * *ignored_int: SIGINT was ignored, as in a job of a script.
 */
int signals_init(bool *ignored_int);

void thread_comm(pid_t tid, char *comm, size_t size);
pid_t thread_process(pid_t tid); /* 0 when it is gone */

#endif /* PFM_CHILD_H */
