/* SPDX-License-Identifier: MIT
 *
 * follow.c - a context of its own for each thread of the command.  The threads
 * are traced for that alone: nothing of theirs is read or changed, every signal
 * goes on to them, and a stop of the shell's stays a stop.  A thread is counted
 * from its first return to user space, the first one from its exec.
 */
#include "config.h"

#include "count.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

void follow_seize(const struct target *t, bool all)
{
	unsigned long options =
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;

	if (all)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	if (ptrace(PTRACE_SEIZE, t->pid, NULL, options) < 0)
		die("cannot trace the command for --per=thread or process: %m");
}

/* The thread's first stop, before it runs.  False: it is not followed. */
static bool add_thread(const struct target *t, struct session *s, pid_t tid)
{
	struct slot slot = { .tid = tid, .cpu = -1 };

	slot.tgid = thread_process(tid);
	if (s->opt->follow == FOLLOW_NONE && slot.tgid != t->pid)
		return false;
	thread_comm(tid, slot.comm, sizeof(slot.comm));
	/* Only the first thread waits for its exec. */
	s->flags &= ~PFM_FL_ON_EXEC;
	if (session_add(s, &slot) == 0)
		slot_start(s, &s->slots[s->nslots - 1]);
	return true;
}

/*
 * exec in a thread that is not the first: the others are gone, and it takes
 * over the number of the first, whose own end nobody tells.
 */
static void take_over(struct session *s, pid_t tid)
{
	struct slot *slot;
	unsigned long former;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former) < 0 ||
	    (pid_t)former == tid)
		return;
	slot = session_find(s, tid);
	if (slot)
		slot_end(s, slot);
	slot = session_find(s, (pid_t)former);
	if (slot)
		slot->tid = tid;
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

static void stopped(const struct target *t, struct session *s, pid_t tid,
		    int wstatus)
{
	struct slot *slot = session_find(s, tid);
	int event = wstatus >> 16, sig = WSTOPSIG(wstatus);
	long request = PTRACE_CONT;

	if (event == PTRACE_EVENT_STOP && is_stop_signal(sig))
		request = PTRACE_LISTEN;
	else if (event == PTRACE_EVENT_EXEC)
		take_over(s, tid);
	else if (event == PTRACE_EVENT_EXIT && slot)
		thread_comm(tid, slot->comm, sizeof(slot->comm));
	if (!slot && event == PTRACE_EVENT_STOP && !add_thread(t, s, tid))
		request = PTRACE_DETACH;
	/* With an event the signal is the event's own. */
	if (event)
		sig = 0;
	/* It fails only when the thread was killed meanwhile. */
	ptrace((enum __ptrace_request)request, tid, NULL, (long)sig);
}

void follow_reap(struct target *t, struct session *s)
{
	struct rusage usage;
	struct slot *slot;
	int wstatus;
	pid_t tid;

	while ((tid = wait4(-1, &wstatus, __WALL | WNOHANG, &usage)) > 0) {
		if (WIFSTOPPED(wstatus)) {
			stopped(t, s, tid, wstatus);
			continue;
		}
		slot = session_find(s, tid);
		if (slot)
			slot_end(s, slot);
		if (tid == t->pid) {
			t->done = true;
			t->wstatus = wstatus;
			t->usage = usage;
		}
	}
}
