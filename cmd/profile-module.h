/* SPDX-License-Identifier: MIT
 *
 * profile-module.h - the commands on profiles.  They are a module of their own,
 * profile.so, because of the libraries they need: pfmon opens it when one of
 * them is asked for, and the others start as if there were none.  top.so is
 * another one, which has pfmon top alone and is linked with curses, too.
 */
#ifndef PFM_PROFILE_MODULE_H
#define PFM_PROFILE_MODULE_H

#include "cmd.h"

/* The first word: a module of another version is not used. */
struct profile_module {
	const char *version;                     /* PACKAGE_VERSION */
	const struct cmd_entry *const *commands; /* ends with NULL */
};
extern const struct profile_module pfm_profile_module;

extern const struct cmd_entry cmd_annotate_entry;
extern const struct cmd_entry cmd_diff_entry;
extern const struct cmd_entry cmd_dump_entry;
extern const struct cmd_entry cmd_export_entry;
extern const struct cmd_entry cmd_report_entry;
extern const struct cmd_entry cmd_sample_entry;
extern const struct cmd_entry cmd_top_entry; /* in top.so */

#endif /* PFM_PROFILE_MODULE_H */
