/* SPDX-License-Identifier: MIT
 *
 * sym-vmlinux.h - the kernel's file and the kernel's memory: sym-vmlinux.c, for
 * sym-kernel.c.  Addresses are those of the running kernel.
 */
#ifndef PFM_SYM_VMLINUX_H
#define PFM_SYM_VMLINUX_H

#include "sym-priv.h"

struct vmlinux;
/* stext: where the running kernel has _stext.  NULL: no file that fits. */
struct vmlinux *vmlinux_open(const struct sym_options *opt,
			     const char *build_id, uint64_t stext);
void vmlinux_close(struct vmlinux *v);
unsigned vmlinux_find(struct vmlinux *v, uint64_t addr, struct sym_loc *locs,
		      unsigned max);

struct sym_span {
	uint64_t from, to;
};
void vmlinux_lines(struct vmlinux *v, const struct sym_span *span,
		   void (*call)(void *arg, const struct sym_line *line),
		   void *arg);
size_t vmlinux_code(struct vmlinux *v, uint64_t addr, size_t size,
		    unsigned char *buf);
/* Why that file is not taken, to be freed; NULL: it is. */
char *vmlinux_refused(const char *path, const char *build_id);

/* size bytes of the kernel as it runs, or 0. */
size_t kcore_read(const char *path, uint64_t addr, size_t size,
		  unsigned char *buf);

#endif /* PFM_SYM_VMLINUX_H */
