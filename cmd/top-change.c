/* SPDX-License-Identifier: MIT
 *
 * top-change.c - what is changed while pfmon top runs: its events and groups;
 * and the recording of rows into a profile, which is a pfmon sample of its own.
 */
#include "config.h"

#include "top-priv.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that was counted before has other columns. */
static void begin_anew(struct top *t, struct top_events *ev)
{
	bool sampled = t->sampler != NULL;

	top_tasks_free(t, t->tasks);
	top_cpus_free(t, t->tcpus);
	history_free(t->history);
	frame_release(&t->live);
	frame_release(&t->past);
	frame_release(&t->mark);
	frame_release(&t->zero);
	top_events_release(&t->ev);
	t->ev = *ev;
	t->frozen = t->has_mark = t->has_zero = false;
	t->funcs_put = 0;
	top_begin(t);
	if (!sampled)
		top_look(t, t->view, t->view_pid);
}

static int change(struct top *t, const struct top_opt *opt, char **why)
{
	struct top_events ev;

	if (t->replay || t->opt->record) {
		*why = xasprintf("a recording has its events for good: %s",
				 t->replay ? t->opt->replay : t->opt->record);
		return -1;
	}
	if (!top_events_init(&ev, opt, why))
		return -1;
	begin_anew(t, &ev);
	return 0;
}

int top_set_events(struct top *t, const char *list, char **why)
{
	struct top_opt opt = t->now;

	opt.events = (struct strlist){ &list, *list ? 1 : 0 };
	opt.groups = opt.metrics = (struct strlist){ NULL, 0 };
	return change(t, &opt, why);
}

int top_set_group(struct top *t, const char *name, char **why)
{
	struct top_opt opt = t->now;

	opt.events = opt.metrics = (struct strlist){ NULL, 0 };
	opt.groups = (struct strlist){ &name, *name ? 1 : 0 };
	return change(t, &opt, why);
}

const char *top_events(const struct top *t)
{
	return t->ev.list;
}

static char *list_of(const pid_t *pids, size_t n)
{
	char *list = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < n; i++) {
		more = xasprintf("%s%s%d", list, i ? "," : "", (int)pids[i]);
		free(list);
		list = more;
	}
	return list;
}

/* Its messages would be on the screen. */
static _Noreturn void run_sample(char *const *argv, int messages, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t later;

	/*
	 * A recording that nobody waits for ends as by Ctrl-C: which waits until
	 * it is ready for that.
	 */
	sigemptyset(&later);
	sigaddset(&later, SIGINT);
	sigprocmask(SIG_SETMASK, &later, NULL);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(127);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	dup2(messages, 2);
	execv("/proc/self/exe", argv);
	_exit(127);
}

int top_record(struct top *t, const pid_t *pids, size_t n, const char *path,
	       uint64_t duration_ns, char **why)
{
	pid_t parent = getpid();
	char *list, *time;
	int pipes[2];

	if (t->replay || t->child.fd >= 0 || !n) {
		*why = xstrdup(t->replay ? "a recording has no processes" :
			       !n        ? "no row is tagged" :
					   "it is recording already");
		return -1;
	}
	list = list_of(pids, n);
	time = xasprintf("%llums", (unsigned long long)(duration_ns / 1000000));
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		*why = xasprintf("cannot start pfmon sample: %m");
	} else {
		const char *argv[] = { "pfmon", "sample", "-q", "-g",
				       "-p",    list,     "-d", time,
				       "-o",    path,     NULL };

		t->child.pid = fork();
		if (t->child.pid == 0)
			run_sample((char *const *)(uintptr_t)argv, pipes[1],
				   parent);
		close(pipes[1]);
		if (t->child.pid < 0) {
			*why = xasprintf("cannot start pfmon sample: %m");
			close(pipes[0]);
		} else {
			t->child.fd = pipes[0];
			t->child.path = xstrdup(path);
			top_child_watch(t);
		}
	}
	free(list);
	free(time);
	return t->child.fd >= 0 ? 0 : -1;
}

/* The last line of all, and the begin of one that is too long. */
static void hear(struct top_child *c, const char *text, size_t n)
{
	for (; n > 0; n--, text++) {
		if (c->n && c->said[c->n - 1] == '\n')
			c->n = 0;
		if (c->n < sizeof(c->said) - 1 || *text == '\n')
			c->said[c->n++] = *text;
	}
}

bool top_record_heard(struct top *t)
{
	struct top_child *c = &t->child;
	char text[512], *said = c->said;
	int status = 0;
	ssize_t n = read(c->fd, text, sizeof(text));

	if (n > 0) {
		hear(c, text, (size_t)n);
		return false;
	}
	waitpid(c->pid, &status, 0);
	if (c->n && said[c->n - 1] == '\n')
		c->n--;
	said[c->n] = '\0';
	if (!strncmp(said, "pfmon: ", 7))
		said += 7;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		top_say(t, "recorded: pfmon report %s", c->path);
	else
		top_say(t, "%s was not recorded: %s", c->path,
			*said ? said : "pfmon sample was killed");
	return true;
}
