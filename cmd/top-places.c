/* SPDX-License-Identifier: MIT
 *
 * top-places.c - samples of pfmon top by address: the file and the function of
 * each address is looked up once, later samples of it are one step of a hash
 * table.  What functions were hit in an interval goes into its frame.
 */
#include "config.h"

#include "top-sample.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MOST (1u << 16) /* more addresses are not kept one by one */
#define FILES_LEAST 256        /* so many of them are never too many */
#define HITS_MOST 8192         /* functions of processes that are kept apart */
#define SYMBOLS 4              /* inlined functions are not told apart */

static const struct sym_options options = { .no_inline = true, .listed = true };

struct sym_object *places_symbols(struct sampler *s, struct file *f)
{
	return file_symbols(f, &s->kernel, &options);
}

/* The file of an address of a process, and the address in it. */
static struct file *file_of(struct sampler *s, uint32_t pid, uint64_t ip,
			    uint64_t *addr)
{
	const struct map *map;
	struct file *f;
	uint64_t offset;

	*addr = ip;
	if (ip >> 63)
		return procs_kernel(s->procs, ip);
	map = maps_find(&procs_find(s->procs, (pid_t)pid)->maps, ip);
	if (!map)
		return procs_unknown(s->procs);
	f = map->file;
	offset = ip - map->start + map->offset;
	if (f->kind == PROF_VDSO)
		*addr = offset;
	if (f->kind == PROF_ELF &&
	    !sym_vaddr(places_symbols(s, f), offset, addr))
		*addr = offset;
	return f;
}

static uint32_t func_of(struct sampler *s, struct file *f, uint64_t addr)
{
	struct sym_object *sym = places_symbols(s, f);
	struct sym_loc locs[SYMBOLS];
	unsigned n = sym ? sym_find(sym, addr, locs, SYMBOLS) : 0;
	struct top_func func = {
		.name = "[no symbol]",
		.object = f->path,
		.kernel = f->kind == PROF_KERNEL || f->kind == PROF_MODULE,
	};

	if (n > 0 && locs[n - 1].name) {
		func.name = locs[n - 1].name;
		func.start = locs[n - 1].start;
		func.size = locs[n - 1].size;
	}
	return top_funcs_put(s->funcs, &func);
}

static size_t hash_of(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b << 17 ^ b >> 13) * 0x9e3779b97f4a7c15u;

	return (size_t)(h >> 16);
}

static size_t place_at(const struct sampler *s, const struct place *p)
{
	size_t at = hash_of(p->addr, (uintptr_t)p->file ^ p->pid);

	for (at &= s->size - 1; s->places[at].file;
	     at = (at + 1) & (s->size - 1))
		if (s->places[at].addr == p->addr &&
		    s->places[at].file == p->file &&
		    s->places[at].pid == p->pid)
			break;
	return at;
}

static void grow_places(struct sampler *s)
{
	struct place *old = s->places;
	size_t n = s->size, i;

	s->size = n ? n * 2 : 4096;
	s->places = xcalloc(s->size, sizeof(*s->places));
	for (i = 0; i < n; i++)
		if (old[i].file)
			s->places[place_at(s, &old[i])] = old[i];
	free(old);
}

static bool is_known(const struct sampler *s, const struct place *p)
{
	return top_tasks_known(s->top, p->pid);
}

static bool is_mapped(const struct sampler *s, const struct place *p)
{
	(void)s;
	return p->file->nmaps > 0 || p->file->kind == PROF_KERNEL ||
	       p->file->kind == PROF_MODULE || p->file->kind == PROF_UNKNOWN;
}

static void use_file(struct sampler *s, struct file *f)
{
	if (!f->used++)
		s->nfiles++;
}

/* Addresses of what is gone give room to others. */
static void drop_places(struct sampler *s, bool (*keep)(const struct sampler *s,
							const struct place *p))
{
	struct place *old = s->places;
	size_t i;

	if (!s->nplaces)
		return;
	s->places = xcalloc(s->size, sizeof(*s->places));
	s->nplaces = 0;
	for (i = 0; i < s->size; i++) {
		if (!old[i].file)
			continue;
		if (keep(s, &old[i])) {
			s->places[place_at(s, &old[i])] = old[i];
			s->nplaces++;
		} else if (!--old[i].file->used) {
			s->nfiles--;
		}
	}
	free(old);
}

/* A file is open as long as one of its addresses is kept. */
static void bound_places(struct sampler *s)
{
	if (s->nplaces >= PLACES_MOST)
		drop_places(s, is_known);
	if (s->nfiles < FILES_LEAST || s->nfiles < s->files_most)
		return;
	drop_places(s, is_mapped);
	s->files_most = 2 * s->nfiles;
}

static uint32_t count_place(struct sampler *s, uint32_t pid, uint64_t ip)
{
	struct place p = { .pid = pid };
	size_t at;

	if (s->nplaces * 2 >= s->size && s->size < 2 * PLACES_MOST)
		grow_places(s);
	p.file = file_of(s, pid, ip, &p.addr);
	at = place_at(s, &p);
	if (!s->places[at].file) {
		p.func = func_of(s, p.file, p.addr);
		if (s->nplaces >= PLACES_MOST)
			return p.func;
		s->places[at] = p;
		s->nplaces++;
		use_file(s, p.file);
	}
	s->places[at].n++;
	return s->places[at].func;
}

static size_t hit_at(const struct sampler *s, uint32_t func, uint32_t pid)
{
	size_t at = hash_of(func, pid);

	for (at &= s->hits_size - 1; s->hits[at].n;
	     at = (at + 1) & (s->hits_size - 1))
		if (s->hits[at].func == func && s->hits[at].pid == pid)
			break;
	return at;
}

static void grow_hits(struct sampler *s)
{
	struct hit *old = s->hits;
	size_t n = s->hits_size, i;

	s->hits_size = n ? n * 2 : 256;
	s->hits = xcalloc(s->hits_size, sizeof(*s->hits));
	for (i = 0; i < n; i++)
		if (old[i].n)
			s->hits[hit_at(s, old[i].func, old[i].pid)] = old[i];
	free(old);
}

void places_hit(struct sampler *s, const struct pfm_ovfl *o)
{
	uint32_t func;
	size_t at;

	/* The idle task runs no function worth a row. */
	if (!o->tgid || !top_tasks_has(s->top, (pid_t)o->tgid))
		return;
	func = count_place(s, o->tgid, o->ip);
	s->samples++;
	if (s->nhits * 2 >= s->hits_size)
		grow_hits(s);
	at = hit_at(s, func, o->tgid);
	if (!s->hits[at].n)
		s->nhits++;
	s->hits[at].func = func;
	s->hits[at].pid = o->tgid;
	s->hits[at].n++;
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->func != y->func)
		return x->func < y->func ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* The hits of the interval, ascending, in the place of the table. */
static size_t sort_hits(struct sampler *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->hits_size; i++)
		if (s->hits[i].n)
			s->hits[n++] = s->hits[i];
	if (n)
		qsort(s->hits, n, sizeof(*s->hits), compare_hits);
	return n;
}

/* Those of processes that are gone are nobody's: one for each function. */
static void fold_hits(const struct sampler *s, struct frame *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->nhits; i++)
		if (!f->hits[i].n && !top_tasks_known(s->top, f->hits[i].pid))
			f->hits[i].pid = 0;
	qsort(f->hits, f->nhits, sizeof(*f->hits), compare_hits);
	for (i = 0; i < f->nhits; i++) {
		if (n > 0 && compare_hits(&f->hits[n - 1], &f->hits[i]) == 0)
			f->hits[n - 1].sum += f->hits[i].sum;
		else
			f->hits[n++] = f->hits[i];
	}
	f->nhits = n;
}

void places_put(struct sampler *s, struct frame *f)
{
	size_t n = sort_hits(s), i = 0, k = 0, m = 0;
	struct hit *all = xcalloc(n + f->nhits + 1, sizeof(*all));

	while (i < n || k < f->nhits) {
		int order = i == n ? 1 :
			    k == f->nhits ?
				     -1 :
				     compare_hits(&s->hits[i], &f->hits[k]);

		if (order > 0) {
			all[m++] = f->hits[k++];
			continue;
		}
		all[m] = s->hits[i++];
		all[m].sum = order == 0 ? f->hits[k++].sum : 0;
		m++;
	}
	free(f->hits);
	f->hits = all;
	f->nhits = f->hits_room = m;
	if (f->nhits > HITS_MOST)
		fold_hits(s, f);
	bound_places(s);
	if (s->hits_size)
		memset(s->hits, 0, s->hits_size * sizeof(*s->hits));
	s->nhits = 0;
}

static bool no_place(const struct sampler *s, const struct place *p)
{
	(void)s;
	(void)p;
	return false;
}

void sampler_zero(struct sampler *s)
{
	drop_places(s, no_place);
}

void places_release(struct sampler *s)
{
	sym_close(s->kernel);
	free(s->places);
	free(s->hits);
}
