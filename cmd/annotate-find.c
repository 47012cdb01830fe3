/* SPDX-License-Identifier: MIT
 *
 * annotate-find.c - which functions a name stands for: as it is, without its
 * parameters, or as a part of one name only; in the object that has the most
 * samples; and where it was inlined.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "annotate-priv.h"

enum match { MATCH_NONE, MATCH_PART, MATCH_BASE, MATCH_FULL };

#define NAMES_SHOWN 3

struct search {
	const struct annot_tally *t;
	const struct profile *p;
	const char *name;
	uint64_t *own;   /* samples of each function's own code */
	uint64_t *there; /* and of where it was inlined */
	enum match best; /* of those that were hit */
};

/* The name up to its parameters: "ns::f" of "ns::f(int (*)(char)) const". */
static size_t base_length(const char *name)
{
	const char *end = strrchr(name, ')'), *p;
	unsigned depth = 0;

	if (!end || (end[1] && strcmp(end + 1, " const") != 0))
		return strlen(name);
	for (p = end; p > name; p--) {
		depth += *p == ')';
		depth -= *p == '(';
		if (!depth)
			return (size_t)(p - name);
	}
	return strlen(name);
}

static enum match match(const struct search *s, uint32_t func)
{
	const struct prof_func *f = &s->p->funcs[func];
	const char *name = s->p->strings[f->name];
	size_t len = strlen(s->name);

	if (!strcmp(name, s->name) ||
	    !strcmp(s->p->strings[f->linkage], s->name))
		return MATCH_FULL;
	if (!strncmp(name, s->name, len) && base_length(name) == len)
		return MATCH_BASE;
	return strstr(name, s->name) ? MATCH_PART : MATCH_NONE;
}

static uint64_t samples_of(const struct annot_tally *t,
			   const struct annot_hit *hit)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < t->ncols; i++)
		sum += t->counts[hit->counts + i].samples;
	return sum;
}

static void count_functions(struct search *s)
{
	const struct profile *p = s->p;
	uint32_t i, k, func;

	s->own = xcalloc(p->nfuncs, sizeof(*s->own));
	s->there = xcalloc(p->nfuncs, sizeof(*s->there));
	for (i = 0; i < s->t->nhits; i++) {
		const struct annot_hit *hit = &s->t->hits[i];
		const struct prof_frame *f = &p->frames[hit->frame];
		uint64_t n = samples_of(s->t, hit);

		/* Inlined in what is not known: there is nothing to show. */
		if (hit->func == PROF_NONE)
			continue;
		s->own[hit->func] += n;
		for (k = 0; k + 1 < f->nlocs; k++) {
			func = p->locs[f->loc + k].func;
			if (func != PROF_NONE)
				s->there[func] += n;
		}
	}
}

/* Names of functions that were hit, each once, the nearest first. */
struct names {
	const char *v[NAMES_SHOWN];
	unsigned distance[NAMES_SHOWN], n;
};

static void names_add(struct names *names, const char *name, unsigned distance)
{
	unsigned i, last;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return;
	for (i = names->n; i > 0 && names->distance[i - 1] > distance; i--)
		;
	if (i == NAMES_SHOWN)
		return;
	last = names->n < NAMES_SHOWN ? names->n++ : NAMES_SHOWN - 1;
	for (; last > i; last--) {
		names->v[last] = names->v[last - 1];
		names->distance[last] = names->distance[last - 1];
	}
	names->v[i] = name;
	names->distance[i] = distance;
}

static const char *names_text(const struct names *names, char *buf, size_t size)
{
	size_t len = 0;

	snprintf(buf, size, "none");
	for (unsigned i = 0; i < names->n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					i ? ", " : "", names->v[i]);
	return buf;
}

/* Of the name without its parameters, which nobody types. */
static unsigned distance_of(const char *name, const char *want)
{
	char base[40];

	snprintf(base, sizeof(base), "%.*s", (int)base_length(name), name);
	return word_distance(base, want);
}

_Noreturn static void die_unknown(const struct search *s)
{
	struct names names = { .n = 0 };
	char text[512];
	uint32_t i;

	for (i = 0; i < s->p->nfuncs; i++) {
		const char *name = s->p->strings[s->p->funcs[i].name];

		if (!s->own[i] && !s->there[i]) {
			if (match(s, i) < MATCH_BASE)
				continue;
			if (s->t->filtered)
				die("'%s' has no samples of its own that the "
				    "filters let through; see pfmon report "
				    "with them",
				    s->name);
			die("'%s' has no samples of its own here, it "
			    "is only a caller: see pfmon report "
			    "--tree=callees -S '%s'",
			    s->name, s->name);
			continue;
		}
		names_add(&names, name, distance_of(name, s->name));
	}
	if (!names.n && s->t->filtered)
		die("'%s': no sample is as the filters say", s->name);
	if (!names.n)
		die("'%s': %s has no sample in a function that is known; see "
		    "pfmon report",
		    s->name, s->p->path);
	die("no function '%s' was hit; nearest: %s", s->name,
	    names_text(&names, text, sizeof(text)));
}

/* A part of several names is of none. */
static void check_part(const struct search *s)
{
	struct names names = { .n = 0 };
	char text[512];
	const char *first = NULL;
	bool several = false;
	uint32_t i;

	for (i = 0; i < s->p->nfuncs; i++) {
		const char *name = s->p->strings[s->p->funcs[i].name];
		uint64_t n = s->own[i] + s->there[i];

		if (!n || match(s, i) != MATCH_PART)
			continue;
		several = several || (first && strcmp(first, name) != 0);
		first = name;
		/* The most hit ones are shown. */
		names_add(&names, name,
			  n > UINT32_MAX ? 0 : UINT32_MAX - (uint32_t)n);
	}
	if (several)
		die("'%s' is a part of several names: %s%s", s->name,
		    names_text(&names, text, sizeof(text)),
		    names.n == NAMES_SHOWN ? ", ..." : "");
}

/* The object with the most samples of it; the others are told of. */
static uint32_t choose_object(const struct search *s, struct annot_found *found)
{
	uint64_t *n = xcalloc(s->p->nobjects, sizeof(*n));
	uint32_t i, best = 0;

	for (i = 0; i < s->p->nfuncs; i++)
		if (s->own[i] + s->there[i] && match(s, i) == s->best)
			n[s->p->funcs[i].object] += s->own[i] + s->there[i];
	for (i = 0; i < s->p->nobjects; i++)
		if (n[i] > n[best])
			best = i;
	for (i = 0; i < s->p->nobjects; i++) {
		if (!n[i] || i == best)
			continue;
		found->others = xreallocarray(found->others, found->nothers + 1,
					      sizeof(*found->others));
		found->others[found->nothers++] =
			(struct annot_other){ i, n[i] };
	}
	free(n);
	return best;
}

static void add_section(struct annot_found *found, uint32_t func,
			uint32_t inlined, uint64_t samples)
{
	if (!(found->n & (found->n - 1)))
		found->v = xreallocarray(found->v, found->n ? found->n * 2 : 1,
					 sizeof(*found->v));
	found->v[found->n++] = (struct annot_section){ func, inlined, samples };
}

/* Hits are by function, so those of one container follow each other. */
static void add_containers(struct annot_found *found, const struct search *s,
			   uint32_t inlined)
{
	const struct annot_tally *t = s->t;
	size_t from = found->n;
	uint32_t i;

	for (i = 0; i < t->nhits; i++) {
		const struct annot_hit *hit = &t->hits[i];

		if (hit->func == PROF_NONE || hit->func == inlined ||
		    !annot_in_chain(s->p, hit->frame, inlined))
			continue;
		if (found->n == from ||
		    found->v[found->n - 1].func != hit->func)
			add_section(found, hit->func, inlined, 0);
		found->v[found->n - 1].samples += samples_of(t, hit);
	}
}

static int compare_sections(const void *a, const void *b)
{
	const struct annot_section *x = a, *y = b;

	if (x->samples != y->samples)
		return x->samples > y->samples ? -1 : 1;
	return x->func < y->func ? -1 : x->func > y->func;
}

static void add_sections(struct annot_found *found, const struct search *s)
{
	uint32_t object = choose_object(s, found), i;

	for (i = 0; i < s->p->nfuncs; i++) {
		if (!(s->own[i] + s->there[i]) ||
		    s->p->funcs[i].object != object || match(s, i) != s->best)
			continue;
		if (s->own[i])
			add_section(found, i, PROF_NONE, s->own[i]);
		if (s->there[i])
			add_containers(found, s, i);
	}
	qsort(found->v, found->n, sizeof(*found->v), compare_sections);
}

void annot_find(struct annot_found *found, const struct annot_tally *t,
		const char *name)
{
	struct search s = { .t = t, .p = t->p, .name = name };
	uint32_t i;

	*found = (struct annot_found){ .n = 0 };
	count_functions(&s);
	for (i = 0; i < s.p->nfuncs; i++)
		if (s.own[i] + s.there[i] && match(&s, i) > s.best)
			s.best = match(&s, i);
	/* A full name that was not hit is not some other one with it inside. */
	if (s.best == MATCH_PART)
		for (i = 0; i < s.p->nfuncs; i++)
			if (match(&s, i) >= MATCH_BASE)
				s.best = MATCH_NONE;
	if (s.best == MATCH_NONE)
		die_unknown(&s);
	if (s.best == MATCH_PART)
		check_part(&s);
	add_sections(found, &s);
	free(s.own);
	free(s.there);
}

void annot_found_release(struct annot_found *found)
{
	free(found->v);
	free(found->others);
}
