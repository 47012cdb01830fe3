/* SPDX-License-Identifier: MIT
 *
 * export-file.h - a file that appears when it is complete, or not at all.
 */
#ifndef PFM_EXPORT_FILE_H
#define PFM_EXPORT_FILE_H

#include <stdio.h>

struct export_file {
	const char *name; /* borrowed, for messages */
	char *path;       /* owned; NULL: written as it is */
	char *dir, *temp; /* owned; temp is NULL while the file has no name */
	FILE *out;
};

/* path "-" or NULL: standard output.  Both end the program on failure. */
void export_file_open(struct export_file *f, const char *path);
void export_file_close(struct export_file *f);

#endif /* PFM_EXPORT_FILE_H */
