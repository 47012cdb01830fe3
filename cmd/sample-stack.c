/* SPDX-License-Identifier: MIT
 *
 * sample-stack.c - the stack of a sample as a node of the profile: the kernel's
 * call chain, or the user's stack walked by its unwind tables, each address as a
 * place in a file.
 */
#include "config.h"

#include "sample.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#define CACHE 4096
#define MOST_FRAMES 1024

/* The outermost frame of a stack, and the one within it. */
struct ends {
	uint32_t outer, inner; /* PROF_NONE: there is none */
};

/* Stacks of which the unwinder did not say that they are whole. */
struct ending {
	struct ends ends;
	uint64_t count; /* 0: the place is empty */
};

/* What a frame's name says of the stack it is in. */
enum role { ROLE_NONE, ROLE_START, ROLE_MAIN };

/* The node of a chain that stands in a buffer, until its half is given back. */
struct cached {
	const void *ips;
	uint32_t serial, gen; /* of the process */
	uint32_t node;
	struct ends ends;
};

struct stacker {
	const struct sample_opt *opt;
	struct procs *procs;
	struct prof_writer *w; /* of the call */
	struct file **files;   /* by object; owned */
	uint32_t nfiles;
	struct cached cache[CACHE];
	uint64_t walked, complete;
	struct ending *endings; /* open addressing; owned */
	uint32_t nendings, room;
	uint64_t *self; /* by frame: samples whose innermost it is; owned */
	uint32_t nself;
	unsigned char
		*roles; /* by frame: enum role, once it has a name; owned */
	uint32_t nroles;
};

/* One address of a stack. */
struct place {
	uint64_t ip;
	bool kernel, exact;
};

struct stacker *stacker_new(struct sampling *s)
{
	struct stacker *st = xcalloc(1, sizeof(*st));

	st->opt = s->opt;
	st->procs = s->procs;
	return st;
}

void stacker_free(struct stacker *st)
{
	free(st->files);
	free(st->endings);
	free(st->self);
	free(st->roles);
	free(st);
}

void stacker_reset(struct stacker *st)
{
	memset(st->cache, 0, sizeof(st->cache));
}

static uint32_t object_of(struct stacker *st, struct file *f)
{
	struct prof_object o = { .kind = f->kind };

	if (f->id != PROF_NONE)
		return f->id;
	o.path = prof_put_string(st->w, f->path);
	f->id = prof_put_object(st->w, &o);
	if (f->id >= st->nfiles) {
		st->files = xreallocarray(st->files, f->id + 1,
					  sizeof(struct file *));
		st->nfiles = f->id + 1;
	}
	st->files[f->id] = f;
	return f->id;
}

struct file *stacker_file(const struct stacker *st, uint32_t object)
{
	return object < st->nfiles ? st->files[object] : NULL;
}

/* Of a file, its own address; where it is not known, the offset. */
static uint64_t place_in(const struct stacker *st, const struct map *map,
			 uint64_t ip)
{
	struct file *f = map->file;
	uint64_t offset = ip - map->start + map->offset, addr;

	if (f->kind == PROF_VDSO)
		return offset;
	if (f->kind != PROF_ELF)
		return ip;
	if (!f->sym)
		f->sym = sym_open_elf(f->fd, f->path, f->root, &st->opt->sym);
	return sym_vaddr(f->sym, offset, &addr) ? addr : offset;
}

static uint32_t frame_of(struct stacker *st, const struct proc *proc,
			 const struct place *p)
{
	uint64_t addr = p->ip - !p->exact;
	const struct map *map;
	struct file *f;

	if (p->kernel) {
		f = procs_kernel(st->procs, addr);
	} else {
		map = maps_find(&proc->maps, addr);
		f = map ? map->file : procs_unknown(st->procs);
		if (map)
			addr = place_in(st, map, addr);
	}
	return prof_put_frame(st->w, object_of(st, f), addr,
			      p->exact ? 0 : PROF_FRAME_CALLER);
}

/* The call chain of the kernel's: how many, innermost first. */
static unsigned chain_places(const struct pfm_ovfl *o, struct place *to,
			     unsigned max)
{
	bool kernel = false, first = true;
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < o->nips && n < max; i++) {
		uint64_t ip = o->ips[i];

		if (ip >= PERF_CONTEXT_MAX) {
			kernel = ip == PERF_CONTEXT_KERNEL ||
				 ip == PERF_CONTEXT_HV;
			first = true;
			continue;
		}
		to[n++] = (struct place){ ip, kernel, first };
		first = false;
	}
	return n;
}

static bool find_map(void *arg, uint64_t addr, struct unwind_map *map)
{
	const struct proc *proc = arg;
	const struct map *m = maps_find(&proc->maps, addr);

	if (!m)
		return false;
	*map = (struct unwind_map){ .start = m->start,
				    .end = m->end,
				    .offset = m->offset,
				    .obj = file_tables(m->file) };
	return true;
}

static struct unwind_space *space_of(struct proc *proc)
{
	if (!proc->space) {
		proc->space = unwind_space_new(find_map, proc);
		proc->space_gen = proc->gen;
	} else if (proc->space_gen != proc->gen) {
		unwind_space_forget(proc->space);
		proc->space_gen = proc->gen;
	}
	return proc->space;
}

static unsigned walk_user(struct stacker *st, struct proc *proc,
			  const struct pfm_ovfl *o, struct place *to,
			  bool *complete)
{
	struct unwind_space *space = space_of(proc);
	struct unwind_sample sample = {
		.regs = o->regs,
		.stack = o->stack,
		.stack_size = (size_t)o->stack_size,
		.method = st->opt->stack == STACK_DWARF ? UNWIND_DWARF :
							  UNWIND_AUTO,
	};
	uint64_t ips[MOST_FRAMES];
	unsigned max = (unsigned)st->opt->max_stack, n, i;

	if (!space || !o->nregs)
		return 0;
	n = unwind_walk(space, &sample, ips, max, complete);
	for (i = 0; i < n; i++)
		to[i] = (struct place){ ips[i], false, unwind_exact(space, i) };
	return n;
}

static uint32_t nodes_of(struct stacker *st, const struct proc *proc,
			 const struct place *p, unsigned n, struct ends *ends)
{
	uint32_t node = 0, frame;

	*ends = (struct ends){ PROF_NONE, PROF_NONE };
	while (n > 0) {
		frame = frame_of(st, proc, &p[--n]);
		if (ends->outer == PROF_NONE)
			ends->outer = frame;
		else if (ends->inner == PROF_NONE)
			ends->inner = frame;
		node = prof_put_node(st->w, node, frame);
	}
	return node;
}

static struct ending *ending_of(struct stacker *st, const struct ends *e)
{
	uint64_t h =
		((uint64_t)e->outer << 32 | e->inner) * 0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(h >> 40) & (st->room - 1);

	while (st->endings[at].count &&
	       memcmp(&st->endings[at].ends, e, sizeof(*e)) != 0)
		at = (at + 1) & (st->room - 1);
	return &st->endings[at];
}

/* Whether such a stack is whole is known when its end has a name. */
static void count_ending(struct stacker *st, const struct ends *e)
{
	struct ending *old = st->endings, *x;
	uint32_t room = st->room, i;

	if (e->outer == PROF_NONE)
		return;
	if (st->nendings * 2 >= room) {
		st->room = room ? room * 2 : 64;
		st->endings = xcalloc(st->room, sizeof(*st->endings));
		for (i = 0; i < room; i++)
			if (old[i].count)
				*ending_of(st, &old[i].ends) = old[i];
		free(old);
	}
	x = ending_of(st, e);
	x->ends = *e;
	st->nendings += x->count++ == 0;
}

static void count_at(uint64_t **v, uint32_t *room, uint32_t frame)
{
	if (frame >= *room) {
		uint32_t n = (frame + 1) * 2;

		*v = xreallocarray(*v, n, sizeof(**v));
		memset(*v + *room, 0, (n - *room) * sizeof(**v));
		*room = n;
	}
	(*v)[frame]++;
}

uint64_t stacker_self(const struct stacker *st, uint32_t frame)
{
	return frame < st->nself ? st->self[frame] : 0;
}

static struct cached *cached_of(struct stacker *st, const struct proc *proc,
				const struct pfm_ovfl *o)
{
	uintptr_t key = (uintptr_t)o->ips / 8 ^ (uintptr_t)proc->pid * 61;

	return &st->cache[(key ^ key >> 12) % CACHE];
}

static uint32_t chain_node(struct stacker *st, const struct proc *proc,
			   const struct pfm_ovfl *o)
{
	struct cached *c = cached_of(st, proc, o);
	struct place places[MOST_FRAMES];
	unsigned n;

	if (c->ips != o->ips || c->serial != proc->serial ||
	    c->gen != proc->gen) {
		n = chain_places(o, places, MOST_FRAMES);
		*c = (struct cached){ .ips = o->ips,
				      .serial = proc->serial,
				      .gen = proc->gen };
		c->node = nodes_of(st, proc, places, n, &c->ends);
	}
	count_ending(st, &c->ends);
	return c->node;
}

static bool is_kernel(uint64_t ip)
{
	return ip >> 63;
}

static uint32_t node_of(struct stacker *st, struct proc *proc,
			const struct pfm_ovfl *o)
{
	struct place places[2 * MOST_FRAMES];
	unsigned n = 0, user;
	struct ends ends;
	bool complete = false;
	uint32_t node;

	if (st->opt->stack == STACK_NO || (!o->nips && !o->nregs)) {
		places[0] = (struct place){ o->ip, is_kernel(o->ip), true };
		return nodes_of(st, proc, places, 1, &ends);
	}
	st->walked++;
	if (st->opt->stack == STACK_FP)
		return chain_node(st, proc, o);
	n = chain_places(o, places, MOST_FRAMES);
	user = walk_user(st, proc, o, places + n, &complete);
	/* A kernel thread has no user stack, and needs none. */
	complete |= user == 0 && n > 0 && !o->nregs;
	n += user;
	if (n == 0)
		places[n++] = (struct place){ o->ip, is_kernel(o->ip), true };
	node = nodes_of(st, proc, places, n, &ends);
	if (complete)
		st->complete++;
	else
		count_ending(st, &ends);
	return node;
}

uint32_t stacker_node(struct stacker *st, struct prof_writer *w,
		      struct proc *proc, const struct pfm_ovfl *o)
{
	uint32_t node, frame;

	st->w = w;
	node = node_of(st, proc, o);
	frame = prof_node_at(w, node)->frame;
	if (frame != PROF_NONE)
		count_at(&st->self, &st->nself, frame);
	return node;
}

/* The functions in which threads begin, and what calls main. */
static bool is_start(const char *name)
{
	static const char *const starts[] = {
		"_start",
		"_dl_start_user",
		"__libc_start_main",
		"__libc_start_main_impl",
		"__libc_start_call_main",
		"start_thread",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		"__GI___clone",
		"__GI___clone3",
		"ret_from_fork",
		"ret_from_fork_asm",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strcmp(name, starts[i]))
			return true;
	return false;
}

void stacker_name(struct stacker *st, uint32_t frame, const char *name)
{
	enum role role = is_start(name)        ? ROLE_START :
			 !strcmp(name, "main") ? ROLE_MAIN :
						 ROLE_NONE;

	if (!st->roles) {
		st->nroles = prof_nframes(st->w);
		st->roles = xcalloc(st->nroles, sizeof(*st->roles));
	}
	if (frame < st->nroles)
		st->roles[frame] = (unsigned char)role;
}

static enum role role_of(const struct stacker *st, uint32_t frame)
{
	return frame < st->nroles ? st->roles[frame] : ROLE_NONE;
}

/* What calls main needs no name: libraries are often stripped of theirs. */
static bool ends_well(const struct stacker *st, const struct ends *e)
{
	return role_of(st, e->outer) == ROLE_START ||
	       role_of(st, e->inner) == ROLE_MAIN;
}

void stacker_totals(struct stacker *st, struct prof_totals *t)
{
	uint32_t i;

	for (i = 0; i < st->room; i++)
		if (st->endings[i].count && ends_well(st, &st->endings[i].ends))
			st->complete += st->endings[i].count;
	t->stacks = st->walked;
	t->complete = st->complete;
}
