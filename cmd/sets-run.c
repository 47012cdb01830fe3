/* SPDX-License-Identifier: MIT
 *
 * sets-run.c - pfmon sets run: pfmon count with each -e and -M a set of its own,
 * printed set by set.
 */
#include "config.h"

#include "count.h"
#include "sets.h"

static const struct cmd_entry entry = {
	.name = "sets run",
	.summary = "count, printed set by set",
	.usage = "[OPTION]... [--] COMMAND [ARG]...",
	.examples = "  pfmon sets run -e cycles,instructions -e "
		    "cycles,branches -- ./prog\n"
		    "  pfmon sets run -M cache -M tlb -p 1234 -d 10s\n",
	.usage_status = STATUS_PFMON,
};

int sets_run(int argc, char **argv)
{
	return count_by_set(&entry, argc, argv);
}
