/* SPDX-License-Identifier: MIT
 *
 * sym-kernel.c - the kernel's symbols, by /proc/kallsyms.  An address of 0 in it
 * means that this user may not know: then nothing is guessed.  Lines and code
 * are sym-vmlinux.c's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include "cmd.h"
#include "kallsyms.h"
#include "sym-priv.h"
#include "sym-vmlinux.h"

#define KCORE "/proc/kcore"

/* An address that is looked for, and what is known of it so far. */
struct want {
	uint64_t addr;
	uint64_t start, next; /* the nearest symbols: at or before it, behind */
	char *name;           /* of the one at start; owned */
	uint8_t rank;
};

struct kernel {
	bool loaded, any;        /* any line with an address */
	bool modules;            /* some want is in a module: those come last */
	uint64_t last;           /* address of the last line */
	uint64_t stext;          /* of _stext; 0: it is not in the list */
	struct vmlinux *vmlinux; /* or NULL; owned */
	struct want *want;       /* ascending, once loaded; owned */
	size_t nwant, room;
	char **name; /* of the list, without wants; owned */
	size_t nname, names;
	/* Without wants: each function of the kernel itself is looked up there
	 * when it is asked for, and modules are read by the first of theirs. */
	struct kcache kept;
	bool listed;
};

void sym_kernel_want(struct sym_object *o, uint64_t addr, bool module)
{
	struct kernel *k = o->priv;

	k->modules |= module;
	if (k->nwant == k->room) {
		k->room = k->room ? k->room * 2 : 256;
		k->want = xreallocarray(k->want, k->room, sizeof(*k->want));
	}
	k->want[k->nwant++] = (struct want){ .addr = addr, .next = UINT64_MAX };
}

static int by_addr(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void sort_wants(struct kernel *k)
{
	size_t i, n = 0;

	if (k->nwant)
		qsort(k->want, k->nwant, sizeof(*k->want), by_addr);
	for (i = 0; i < k->nwant; i++)
		if (n == 0 || k->want[n - 1].addr != k->want[i].addr)
			k->want[n++] = k->want[i];
	k->nwant = n;
}

/* The first want at addr or behind it. */
static size_t place_of(const struct want *v, size_t n, uint64_t addr)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_border(const char *name)
{
	return !strcmp(name, "_text") || !strcmp(name, "_stext") ||
	       !strcmp(name, "_etext");
}

/* Of several at one address; the borders of sections are no functions. */
static uint8_t rank_of(const struct ksym *s)
{
	if (is_border(s->name))
		return 0;
	return s->type == 'T' ? 3 : s->type == 'W' ? 2 : 1;
}

/* Each symbol is the nearest one for the wants around it, or for none. */
static void offer(struct want *v, size_t n, const struct ksym *s)
{
	const struct symbol new = { .linkage = s->name, .rank = rank_of(s) };
	size_t at = place_of(v, n, s->addr);
	struct symbol old;
	struct want *w;

	if (at > 0 && s->addr > v[at - 1].addr && s->addr < v[at - 1].next)
		v[at - 1].next = s->addr;
	if (at == n)
		return;
	w = &v[at];
	if (s->addr < w->start)
		return;
	old = (struct symbol){ .linkage = w->name, .rank = w->rank };
	if (w->name && s->addr == w->start && symbol_order(&old, &new) <= 0)
		return;
	free(w->name);
	w->name = xstrdup(s->name);
	w->start = s->addr;
	w->rank = new.rank;
}

static const char *keep_name(struct kernel *k, char *name)
{
	if (k->nname == k->names) {
		k->names = k->names ? k->names * 2 : 256;
		k->name = xreallocarray(k->name, k->names, sizeof(*k->name));
	}
	k->name[k->nname++] = name;
	return name;
}

static bool is_kept(const struct kernel *k, uint64_t addr)
{
	return addr >= k->kept.stext && addr < k->kept.etext;
}

static void keep(struct sym_object *o, const struct ksym *k)
{
	struct symbol s = { .start = k->addr,
			    .end = UINT64_MAX,
			    .rank = rank_of(k) };

	if (is_kept(o->priv, k->addr))
		return;
	s.linkage = keep_name(o->priv, xstrdup(k->name));
	symlist_add(&o->list, &s);
}

/* What was not offered to a want itself is what its neighbour has. */
static void finish_wants(struct sym_object *o)
{
	struct kernel *k = o->priv;
	size_t i;

	for (i = k->nwant; i-- > 1;)
		if (k->want[i].next < k->want[i - 1].next)
			k->want[i - 1].next = k->want[i].next;
	for (i = 0; i < k->nwant; i++) {
		struct want *w = &k->want[i];
		struct symbol s = { .start = w->start,
				    .end = w->next,
				    .linkage = w->name };

		if (w->name)
			symlist_add(&o->list, &s);
	}
}

/* False: the rest of the list is behind all that is wanted. */
static bool take(void *arg, const struct ksym *s)
{
	struct sym_object *o = arg;
	struct kernel *k = o->priv;
	bool ascending;

	if (!s->addr)
		return true;
	k->any = true;
	ascending = s->addr >= k->last;
	k->last = ascending ? s->addr : UINT64_MAX;
	if (!ksym_is_text(s))
		return true;
	if (!k->stext && !strcmp(s->name, "_stext"))
		k->stext = s->addr;
	if (!k->nwant) {
		keep(o, s);
		return true;
	}
	offer(k->want, k->nwant, s);
	return !ascending || k->modules ||
	       s->addr <= k->want[k->nwant - 1].addr;
}

/* What is wanted is all of the kernel itself, as nearly always. */
static bool take_kept(struct sym_object *o)
{
	struct kernel *k = o->priv;
	struct kcache c;
	bool covered;
	size_t i;

	if (o->opt.kallsyms || k->modules || !k->nwant || !kcache_open(&c))
		return false;
	covered = k->want[0].addr >= c.stext &&
		  k->want[k->nwant - 1].addr < c.etext;
	if (covered) {
		k->any = true;
		k->stext = c.stext;
		for (i = 0; i < k->nwant; i++) {
			k->last = 0;
			kcache_near(&c, k->want[i].addr, take, o);
		}
	}
	kcache_close(&c);
	return covered;
}

/*
 * There are no sizes: a symbol ends where the next one begins, and the last one
 * of a part of the address space after a page.
 */
static void limit_size(struct symbol *s)
{
	if (s->end - s->start > 1 << 20)
		s->end = s->start + 4096;
}

/*
 * Who sees addresses: kernel/ksyms_common.c of Linux.  0 is not for all, either,
 * but for who may profile the kernel.
 */
static char *why_hidden(const struct sym_options *opt)
{
	char level[16];

	if (opt->kallsyms)
		return xasprintf("%s has no addresses: it is the copy of a "
				 "user who may not see them",
				 opt->kallsyms);
	if (read_line_of("/proc/sys/kernel/kptr_restrict", level,
			 sizeof(level)) < 0)
		return xstrdup("its addresses are hidden; run as root");
	if (level[0] == '0')
		return xstrdup("kernel.perf_event_paranoid hides its "
			       "addresses: sysctl kernel.perf_event_paranoid=1"
			       ", or run as root");
	if (level[0] == '1')
		return xstrdup("kernel.kptr_restrict hides its addresses: run "
			       "as root");
	return xstrdup("kernel.kptr_restrict hides its addresses even from "
		       "root: sysctl kernel.kptr_restrict=1");
}

static const char *kernel_build_id(struct sym_object *o);

/* Not for a few samples: it is hundreds of megabytes. */
static void open_vmlinux(struct sym_object *o)
{
	struct kernel *k = o->priv;

	if (k->stext && (!o->light || o->opt.vmlinux))
		k->vmlinux =
			vmlinux_open(&o->opt, kernel_build_id(o), k->stext);
}

static void read_list(struct sym_object *o)
{
	const char *path = o->opt.kallsyms ? o->opt.kallsyms : "/proc/kallsyms";
	struct kernel *k = o->priv;
	size_t i;

	if (!take_kept(o) && !kallsyms_each(path, take, o))
		o->why = xasprintf("%s: %s", path, strerror(errno));
	else if (!k->any)
		o->why = why_hidden(&o->opt);
	finish_wants(o);
	symlist_finish(&o->list);
	for (i = 0; i < o->list.n; i++)
		limit_size(&o->list.v[i]);
	k->listed = true;
}

static void kernel_load(struct sym_object *o)
{
	struct kernel *k = o->priv;

	if (k->loaded)
		return;
	k->loaded = true;
	sort_wants(k);
	if (k->nwant || o->opt.kallsyms || !kcache_open(&k->kept))
		read_list(o);
	else
		k->stext = k->kept.stext;
	open_vmlinux(o);
}

static bool offer_one(void *arg, const struct ksym *s)
{
	offer(arg, 1, s);
	return true;
}

static void add_kept(struct sym_object *o, uint64_t addr)
{
	struct want w = { .addr = addr, .next = UINT64_MAX };
	struct kernel *k = o->priv;
	struct symbol s = { 0 };

	kcache_near(&k->kept, addr, offer_one, &w);
	/* What is far behind a function is not its, but was asked for before. */
	if (!w.name || symlist_find(&o->list, w.start)) {
		free(w.name);
		return;
	}
	s.start = w.start;
	s.end = w.next;
	s.linkage = keep_name(k, w.name);
	limit_size(&s);
	symlist_insert(&o->list, &s);
}

static unsigned kernel_find(struct sym_object *o, uint64_t addr,
			    struct sym_loc *locs, unsigned max)
{
	struct kernel *k = o->priv;
	unsigned n = 0;

	if (k->vmlinux)
		n = vmlinux_find(k->vmlinux, addr, locs, max);
	if (n)
		return n;
	if (!is_kept(k, addr) && !k->listed)
		read_list(o);
	if (is_kept(k, addr) && !symlist_find(&o->list, addr))
		add_kept(o, addr);
	return sym_find_listed(o, addr, locs, max);
}

static size_t kernel_code(struct sym_object *o, uint64_t addr, size_t size,
			  unsigned char *buf)
{
	struct kernel *k = o->priv;
	size_t n = kcore_read(o->opt.kcore ? o->opt.kcore : KCORE, addr, size,
			      buf);

	if (n == size || !k->vmlinux)
		return n;
	return vmlinux_code(k->vmlinux, addr, size, buf);
}

static void kernel_lines(struct sym_object *o, uint64_t from, uint64_t to,
			 void (*call)(void *arg, const struct sym_line *line),
			 void *arg)
{
	struct kernel *k = o->priv;

	if (k->vmlinux)
		vmlinux_lines(k->vmlinux, &(struct sym_span){ from, to }, call,
			      arg);
}

static const char *kernel_build_id(struct sym_object *o)
{
	unsigned char note[4096];
	char text[130] = "";
	ssize_t n = 0, i;
	int fd;

	if (o->build_id)
		return o->build_id;
	fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, note, sizeof(note));
		close(fd);
	}
	/* Notes: lengths of name and text, type 3, "GNU"; each on 4 bytes. */
	for (i = 0; i + 16 <= n;) {
		uint32_t v[3], k;

		memcpy(v, note + i, sizeof(v));
		if (v[0] > 64 || v[1] > sizeof(note))
			break;
		if (v[2] == 3 && v[0] == 4 && !memcmp(note + i + 12, "GNU", 4))
			for (k = 0;
			     k < v[1] && k < 64 && i + 16 + (ssize_t)k < n; k++)
				snprintf(text + (size_t)k * 2, 3, "%02x",
					 note[i + 16 + (ssize_t)k]);
		i += 12 + (ssize_t)((v[0] + 3) / 4 * 4 + (v[1] + 3) / 4 * 4);
	}
	o->build_id = xstrdup(text);
	return o->build_id;
}

static void kernel_close(struct sym_object *o)
{
	struct kernel *k = o->priv;

	while (k->nwant > 0)
		free(k->want[--k->nwant].name);
	while (k->nname > 0)
		free(k->name[--k->nname]);
	vmlinux_close(k->vmlinux);
	kcache_close(&k->kept);
	free(k->want);
	free(k->name);
	free(k);
}

static const struct sym_kind kind_kernel = {
	.load = kernel_load,
	.find = kernel_find,
	.code = kernel_code,
	.lines = kernel_lines,
	.build_id = kernel_build_id,
	.close = kernel_close,
};

char *sym_vmlinux_refused(const char *path)
{
	struct sym_object *o = sym_open_kernel(&(struct sym_options){ 0 });
	char *why = vmlinux_refused(path, kernel_build_id(o));

	sym_close(o);
	return why;
}

struct sym_object *sym_open_kernel(const struct sym_options *opt)
{
	struct sym_object *o = sym_new(&kind_kernel, opt);

	o->priv = xcalloc(1, sizeof(struct kernel));
	return o;
}
