/* SPDX-License-Identifier: MIT
 *
 * sample-file.c - the name of a recording.
 */
#include "config.h"

#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static const char *name_of_target(const struct sample_opt *opt)
{
	const char *slash;

	if (opt->command) {
		slash = strrchr(opt->command[0], '/');
		return slash && slash[1] ? slash + 1 : opt->command[0];
	}
	return opt->pids.n ? opt->pids.v[0] :
	       opt->tids.n ? opt->tids.v[0] :
			     "system";
}

char *recfile_name(const struct sampling *s, const char *pattern)
{
	const char *name = name_of_target(s->opt), *p;
	char *out = xstrdup(""), *more;
	struct utsname host;

	uname(&host);
	for (p = pattern; *p; p++) {
		if (*p != '%' || !p[1])
			more = xasprintf("%s%c", out, *p);
		else if (*++p == 'p')
			more = xasprintf("%s%d", out, (int)s->pid);
		else if (*p == 'h')
			more = xasprintf("%s%s", out, host.nodename);
		else if (*p == 't')
			more = xasprintf("%s%lld", out, (long long)time(NULL));
		else if (*p == 'n')
			more = xasprintf("%s%s", out, name);
		else
			more = xasprintf("%s%s%c", out, *p == '%' ? "" : "%",
					 *p);
		free(out);
		out = more;
	}
	return out;
}
