/* SPDX-License-Identifier: MIT
 *
 * sym.h - addresses to functions, files and lines.  sym-elf.c and the files that
 * include sym-elf.h know elfutils, sym-kernel.c the kernel's lists, sym-jit.c the
 * maps that runtimes write; demangle.c knows libiberty.
 */
#ifndef PFM_SYM_H
#define PFM_SYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sym_server;

/* Where to look for what; NULL or 0 members have their usual values. */
struct sym_options {
	const char *debug_dirs; /* "A:B", searched before /usr/lib/debug */
	const char *symfs;      /* a directory put before every path */
	const char *vmlinux;    /* a file for the kernel's code and lines */
	const char *kallsyms; /* instead of /proc/kallsyms; a System.map, too */
	const char *kcore;    /* instead of /proc/kcore: the kernel's code */
	struct sym_server *server; /* borrowed; NULL: none is asked */
	bool no_inline;            /* inlined frames are not wanted: cheaper */
	bool listed; /* what a symbol covers needs no lines: cheaper still */
	bool no_demangle;
};

/* Names are the object's and end with it. */
struct sym_loc {
	const char *name;      /* demangled; NULL: not known */
	const char *linkage;   /* as in the symbol table */
	const char *file;      /* full path as the compiler gave it, or NULL */
	unsigned line;         /* 0: not known */
	const char *decl_file; /* where the function begins, or NULL */
	unsigned decl_line;
	uint64_t start,
		size; /* of the code of the function; size 0: not known */
};

struct sym_line {
	uint64_t addr;
	const char *file; /* the object's */
	unsigned line;
};

struct sym_object;

/*
 * An ELF file.  fd is open on it (it is duplicated); path is where a process
 * named it, root ("/proc/PID/root", or NULL) the directory below which that
 * process sees files, debug files among them.  Never NULL: a file without
 * symbols, or one that is none, knows why (sym_why).  Nothing is read before
 * the first sym_find().
 */
struct sym_object *sym_open_elf(int fd, const char *path, const char *root,
				const struct sym_options *opt);
/* The vdso of this machine's kernel. */
struct sym_object *sym_open_vdso(const struct sym_options *opt);
/*
 * The kernel and its modules; find with the address itself.  When kptr_restrict
 * hides the addresses sym_why() tells so, and how to see them.
 */
struct sym_object *sym_open_kernel(const struct sym_options *opt);
/* Why that file is not the running kernel's, to be freed; NULL: it is. */
char *sym_vmlinux_refused(const char *path);
/*
 * Before the first find: an address that will be looked for.  Then only the
 * symbols of such addresses are kept, which saves most of the memory.
 */
void sym_kernel_want(struct sym_object *o, uint64_t addr, bool module);
/*
 * The map of a runtime, /tmp/perf-PID.map, where its process sees that.  Read at
 * once.
 */
struct sym_jit {
	int tmp;   /* open on the process's /tmp; -1: ours */
	pid_t pid; /* as the process itself sees it (NSpid) */
	uid_t uid; /* whose files are the process's; -1: not known */
};
/*
 * /tmp below such a root, "/proc/PID/root", while its process is there: what is
 * mounted for it alone is gone with it, but for who has it open.  -1 with errno.
 */
int sym_open_tmp(const char *root);
struct sym_object *sym_open_jit(const struct sym_jit *from,
				const struct sym_options *opt);
void sym_close(struct sym_object *o);

/*
 * Lines and inlined functions only if they are in the file itself: those of a
 * debug file apart from it are often compressed, and megabytes.
 */
void sym_set_light(struct sym_object *o, bool light);

/* In hex, "" when it has none; the object's. */
const char *sym_build_id(struct sym_object *o);
/* "" when it has symbols; else one clause: "stripped, and no debug file ...". */
const char *sym_why(struct sym_object *o);
/* The kernel only: the module that an address is in, "[kernel]" else. */
const char *sym_module(struct sym_object *o, uint64_t addr);

/*
 * Where addr (as in prof_frame) is: innermost first, at most max; returns how
 * many.  0: no symbol covers it.  Never a nearest symbol that ends before it.
 */
unsigned sym_find(struct sym_object *o, uint64_t addr, struct sym_loc *locs,
		  unsigned max);
/* The bytes of code at [addr, addr + size) as they are in the file: how many. */
size_t sym_code(struct sym_object *o, uint64_t addr, size_t size,
		unsigned char *buf);
/* The line table between two addresses, ascending: to call. */
void sym_lines(struct sym_object *o, uint64_t from, uint64_t to,
	       void (*call)(void *arg, const struct sym_line *line), void *arg);

/*
 * Address of program headers (p_vaddr) for an offset in the file, as mappings
 * have it: false when no executable segment has it.
 */
bool sym_vaddr(struct sym_object *o, uint64_t offset, uint64_t *addr);

/* Address of a function by its name, as the linker has it or demangled. */
bool sym_lookup(struct sym_object *o, const char *name, uint64_t *addr);

/*
 * sym-server.c: the servers of DEBUGINFOD_URLS, NULL when that has none.  quiet:
 * neither progress on a terminal nor what went wrong.
 */
struct sym_server *sym_server_new(bool quiet);
void sym_server_free(struct sym_server *s);
/* The debug file of that build-id, open, or -1; name: for messages. */
int sym_server_debug(struct sym_server *s, const char *build_id,
		     const char *name);

/* demangle.c: to be freed; NULL: it is no mangled name.  C++, Rust, D. */
char *demangle(const char *linkage);

#endif /* PFM_SYM_H */
