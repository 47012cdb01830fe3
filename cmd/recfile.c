/* SPDX-License-Identifier: MIT
 *
 * recfile.c - the file of a recording, the one of that name that was there
 * before, and the way back when nothing was recorded; and the rate of -F.
 */
#include "config.h"

#include "recfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"

#define RATE 997

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void move(const char *from, const char *to)
{
	if (rename(from, to) < 0)
		die("cannot rename '%s' to '%s': %m", from, to);
}

int recfile_open(const char *path, int flags, bool *moved)
{
	char *old;
	int fd;

	/* One that is there is not lost; a device is what was asked for. */
	*moved = is_regular(path);
	if (*moved) {
		old = xasprintf("%s.1", path);
		move(path, old);
		free(old);
	}
	fd = open(path, flags | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		die("cannot write '%s': %m", path);
	return fd;
}

void recfile_remove(const char *path, bool moved)
{
	char *old;

	if (!is_regular(path))
		return;
	unlink(path);
	if (!moved)
		return;
	old = xasprintf("%s.1", path);
	move(old, path);
	free(old);
}

/* perf's limit is the kernel's. */
static uint64_t rate_most(void)
{
	char line[32];

	if (read_line_of("/proc/sys/kernel/perf_event_max_sample_rate", line,
			 sizeof(line)) < 0)
		return 100000;
	return strtoull(line, NULL, 10);
}

uint64_t rate_parse(const char *text)
{
	uint64_t hz = 0, most = rate_most();

	if (!text)
		return most < RATE ? most : RATE;
	if (!strcmp(text, "max"))
		return most;
	if (!parse_number(text, &hz))
		return 0;
	if (hz > most)
		die("-F %llu is more than kernel.perf_event_max_sample_rate "
		    "allows, %llu; -F max takes that",
		    (unsigned long long)hz, (unsigned long long)most);
	return hz;
}
