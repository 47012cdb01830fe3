/* SPDX-License-Identifier: MIT
 *
 * top-module.c - what pfmon finds in top.so.
 */
#include "config.h"

#include "profile-module.h"

static const struct cmd_entry *const commands[] = {
	&cmd_top_entry,
	NULL,
};

const struct profile_module pfm_profile_module = {
	.version = PACKAGE_VERSION,
	.commands = commands,
};
