/* SPDX-License-Identifier: MIT
 *
 * child.c - a command of ours that waits until everything is ready, and signals
 * as they are while it runs: blocked and read from a descriptor, so that nothing
 * is ever interrupted and nothing polls.
 */
#include "config.h"

#include "child.h"
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Found at the start and given back to the command. */
static sigset_t old_mask;
static struct sigaction old_chld;
static bool changed;

static bool is_ignored(int sig)
{
	struct sigaction act;

	return sigaction(sig, NULL, &act) == 0 && act.sa_handler == SIG_IGN;
}

int signals_init(bool *ignored_int)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set, blocked;
	int fd;

	sigemptyset(&set);
	*ignored_int = is_ignored(SIGINT);
	sigaddset(&set, SIGINT);
	if (!is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP); /* else this is nohup's wish */
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	blocked = set;
	/* A closed output is an error of write, not our death. */
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, &old_mask);
	/* Ignored, it would take the exit status of the command away. */
	sigaction(SIGCHLD, &dfl, &old_chld);
	changed = true;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("cannot create a signal descriptor: %m");
	return fd;
}

static void signals_restore(void)
{
	if (!changed)
		return;
	sigaction(SIGCHLD, &old_chld, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

/* The child's side, between fork and exec: no memory, no stdio. */
static _Noreturn void child(int sock, char *const *argv,
			    const struct child_opt *opt)
{
	char go;
	int err, null;

	/* No byte but the end of the file: pfmon died or gave up. */
	if (read(sock, &go, 1) != 1)
		_exit(STATUS_NOCMD);
	if (opt->nofile)
		setrlimit(RLIMIT_NOFILE, opt->nofile);
	signals_restore();
	if (opt->quiet) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	execvp(argv[0], argv);
	err = errno;
	write_all(sock, (const char *)&err, sizeof(err));
	_exit(STATUS_NOCMD);
}

pid_t child_fork(char *const *argv, const struct child_opt *opt, int *sock)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		die("cannot create a socket pair: %m");
	pid = fork();
	if (pid < 0)
		die("cannot fork: %m");
	if (pid == 0) {
		close(sv[0]);
		child(sv[1], argv, opt);
	}
	close(sv[1]);
	*sock = sv[0];
	return pid;
}

void child_release(int sock)
{
	/* A child that is dead already is seen by the wait. */
	if (send(sock, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		die("cannot start the command: %m");
}

/* Is there such a file in PATH, whether it can be run or not? */
static bool is_in_path(const char *name)
{
	const char *dir = getenv("PATH");
	bool found = false;
	char *file;
	size_t len;

	for (; dir && *dir && !found; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		file = xasprintf("%.*s/%s", (int)len, dir, name);
		found = access(file, F_OK) == 0;
		free(file);
	}
	return found;
}

int child_exec_failed(int sock, const char *name)
{
	int err;

	if (recv(sock, &err, sizeof(err), MSG_DONTWAIT) != sizeof(err))
		return 0;
	/* execvp says so of a directory of PATH that is closed to us, too. */
	if (err == EACCES && !strchr(name, '/') && !is_in_path(name))
		err = ENOENT;
	errno = err;
	if (err == ENOENT && !strchr(name, '/'))
		warn("cannot run '%s': command not found", name);
	else
		warn("cannot run '%s': %m", name);
	return err == ENOENT ? STATUS_NOCMD : STATUS_NOEXEC;
}

/*
 * Breakpoints can kill a program that did nothing: a KVM of Linux before 6.14
 * loses DR6 on Intel, and the guest's kernel then takes the breakpoint for an INT1
 * of the program (Linux arch/x86/kernel/traps.c, exc_debug_user).
 */
const char sigtrap_note[] =
	"SIGTRAP is the program's own, or a breakpoint's in a guest of a KVM before "
	"Linux 6.14";

bool is_breakpoint(const struct pfm_event *ev)
{
	return ev->kind == PFM_EVENT_SW &&
	       ev->code >> 48 == PERF_TYPE_BREAKPOINT;
}

void thread_comm(pid_t tid, char *comm, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)tid);
	if (read_line_of(path, comm, size) < 0)
		comm[0] = '\0';
}

pid_t thread_process(pid_t tid)
{
	char path[64], buf[512];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	if (read_start_of(path, buf, sizeof(buf)) < 0)
		return 0;
	p = strstr(buf, "\nTgid:");
	return p ? (pid_t)strtol(p + 6, NULL, 10) : 0;
}
