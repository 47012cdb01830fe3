/* SPDX-License-Identifier: MIT
 *
 * profile-module.c - what pfmon finds in profile.so.
 */
#include "config.h"

#include "profile-module.h"

static const struct cmd_entry *const commands[] = {
	&cmd_annotate_entry,
	&cmd_diff_entry,
	&cmd_dump_entry,
	&cmd_export_entry,
	&cmd_report_entry,
	&cmd_sample_entry,
	NULL,
};

const struct profile_module pfm_profile_module = {
	.version = PACKAGE_VERSION,
	.commands = commands,
};
