/* SPDX-License-Identifier: MIT
 *
 * sigtrap.h - breakpoints under a KVM that loses DR6: of Linux before 6.14 on
 * Intel ("Load the guest's DR6 outside of the innermost .vcpu_run() loop").  The
 * kernel then takes one in some 500,000 for an INT1 of the program and sends it
 * SIGTRAP, TRAP_BRKPT (arch/x86/kernel/traps.c, exc_debug_user).  Nothing is
 * counted before the instruction is tried again, so that counts stay exact.
 */
#ifndef PFM_TEST_SIGTRAP_H
#define PFM_TEST_SIGTRAP_H

#if defined(__x86_64__) || defined(__i386__)
#include <signal.h>
#include <string.h>

static void sigtrap_taken(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == TRAP_BRKPT)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

__attribute__((constructor)) static void sigtrap_take(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = sigtrap_taken;
	sa.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGTRAP, &sa, NULL);
}
#endif

#endif /* PFM_TEST_SIGTRAP_H */
