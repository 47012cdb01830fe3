/* SPDX-License-Identifier: MIT
 *
 * sym-find.c - the symbolizer for sym.test: what is at addresses of a file, or
 * of the kernel by the lists given.  For each address a line for each frame as
 * addr2line -afi has it, "?" and the reason where nothing is; -c code in hex.
 *
 * usage: sym-find [-d DIRS] [-s SYMFS] [-v VMLINUX] [-k KALLSYMS] [-K KCORE]
 *                 [-r ROOT] [-p PATH] [-D] [-w] [-W] [-c N] FILE|kernel
 *                 ADDRESS...
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sym.h"

struct asked {
	struct sym_options opt;
	const char *root, *path; /* what a process would have named it */
	size_t code;
	bool why, ask;
	bool want; /* the kernel's are told before, as a recording does */
};

static void put_locs(struct sym_object *o, uint64_t addr)
{
	struct sym_loc locs[64];
	unsigned n = sym_find(o, addr, locs, 64), i;

	printf("0x%016llx\n", (unsigned long long)addr);
	if (!n)
		printf("? %s\n", sym_why(o));
	for (i = 0; i < n; i++)
		printf("%s\n%s:%u\n", locs[i].name ? locs[i].name : "??",
		       locs[i].file ? locs[i].file : "??", locs[i].line);
}

static void put_line(void *arg, const struct sym_line *line)
{
	(void)arg;
	printf("line %llx %u\n", (unsigned long long)line->addr, line->line);
}

static void put_code(struct sym_object *o, uint64_t addr, size_t size)
{
	unsigned char buf[256];
	size_t n, i;

	sym_why(o);
	n = sym_code(o, addr, size < sizeof(buf) ? size : sizeof(buf), buf);
	for (i = 0; i < n; i++)
		printf("%02x", buf[i]);
	printf("\n");
	sym_lines(o, addr, addr + size, put_line, NULL);
}

static struct sym_object *open_object(const struct asked *a, const char *name)
{
	struct sym_object *o;
	int fd;

	if (!strcmp(name, "kernel"))
		return sym_open_kernel(&a->opt);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	o = sym_open_elf(fd, a->path ? a->path : name, a->root, &a->opt);
	if (fd >= 0)
		close(fd);
	return o;
}

static int parse(struct asked *a, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:s:v:k:K:r:p:DwWac:")) != -1) {
		switch (c) {
		case 'd':
			a->opt.debug_dirs = optarg;
			break;
		case 's':
			a->opt.symfs = optarg;
			break;
		case 'v':
			a->opt.vmlinux = optarg;
			break;
		case 'k':
			a->opt.kallsyms = optarg;
			break;
		case 'K':
			a->opt.kcore = optarg;
			break;
		case 'r':
			a->root = optarg;
			break;
		case 'p':
			a->path = optarg;
			break;
		case 'D':
			a->opt.no_demangle = true;
			break;
		case 'w':
			a->why = true;
			break;
		case 'W':
			a->want = true;
			break;
		case 'a':
			a->ask = true;
			break;
		case 'c':
			a->code = strtoul(optarg, NULL, 0);
			break;
		default:
			return -1;
		}
	}
	return optind < argc ? optind : -1;
}

int main(int argc, char **argv)
{
	struct asked a = { .code = 0 };
	int i = parse(&a, argc, argv), n;
	struct sym_object *o;

	if (i < 0)
		return 2;
	if (a.ask)
		a.opt.server = sym_server_new(false);
	o = open_object(&a, argv[i]);
	for (n = i + 1; a.want && n < argc; n++)
		sym_kernel_want(o, strtoull(argv[n], NULL, 16), false);
	if (a.why)
		printf("%s\n%s\n", sym_build_id(o), sym_why(o));
	while (++i < argc) {
		uint64_t addr = strtoull(argv[i], NULL, 16);

		if (a.code)
			put_code(o, addr, a.code);
		else
			put_locs(o, addr);
	}
	sym_close(o);
	sym_server_free(a.opt.server);
	return 0;
}
