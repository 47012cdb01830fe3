/* SPDX-License-Identifier: MIT
 *
 * modules.c - finds profile.so or top.so and a command in it.  They are beside an
 * executable that was not installed (.libs), else where make install has put
 * them; nowhere else, for pfmon may have been given capabilities.
 */
#include "config.h"

#include "cmd.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile-module.h"

static char *module_path(const char *file)
{
	char exe[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t len;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	len = slash ? (size_t)(slash - exe) : 0;
	if (len > 6 && !strncmp(slash - 6, "/.libs", 6))
		return xasprintf("%.*s/%s", (int)len, exe, file);
	return xasprintf(PKGLIBDIR "/%s", file);
}

const struct cmd_entry *module_command(const char *name)
{
	const struct profile_module *m;
	char *path = module_path(strcmp(name, "top") ? "profile.so" : "top.so");
	size_t i;
	void *lib;

	set_die_status(STATUS_USAGE);
	if (strcmp(version_profile, "yes, loaded on first need") != 0)
		die("%s: pfmon was built --without-profile", name);
	lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		die("%s: its module cannot be loaded: %s", name, dlerror());
	m = dlsym(lib, "pfm_profile_module");
	if (!m || strcmp(m->version, PACKAGE_VERSION) != 0)
		die("%s: %s is of another version of pfmon", name, path);
	free(path);
	for (i = 0; m->commands[i]; i++)
		if (!strcmp(m->commands[i]->name, name))
			return m->commands[i];
	die("%s: not in the module", name);
}
