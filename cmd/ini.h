/* SPDX-License-Identifier: MIT
 *
 * ini.h - "[section]", "key = value" and comments, for files that anybody may
 * have written: group files.
 */
#ifndef PFM_INI_H
#define PFM_INI_H

#include <stdbool.h>

#define INI_WHY_MAX 384

struct ini {
	/* Both: false, with why filled in, ends the parse. */
	bool (*section)(struct ini *ini, const char *name);
	bool (*entry)(struct ini *ini, const char *key, const char *value);
	void *arg;     /* of the caller */
	unsigned line; /* of the section or entry, from 1 */
	char why[INI_WHY_MAX];
};

/* text is changed.  false: ini->line and why tell. */
bool ini_parse(struct ini *ini, char *text);
/* Fill in why; false. */
bool ini_wrong(struct ini *ini, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* PFM_INI_H */
