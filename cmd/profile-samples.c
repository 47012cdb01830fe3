/* SPDX-License-Identifier: MIT
 *
 * profile-samples.c - the samples of a block, both ways: see pfm(5).  Columns,
 * since what is of one kind is alike: times by their differences, numbers by
 * their place in a list of those that the block has, weights by what the last
 * one of the same event was.
 */
#include "config.h"

#include "profile-samples.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* Which columns there are behind those that each block has. */
#define SAMPLES_ADDR 1u
#define SAMPLES_VALUES 2u

#define SLOTS (2 * SAMPLES_BLOCK)

struct pending {
	uint64_t time[SAMPLES_BLOCK], weight[SAMPLES_BLOCK];
	uint64_t addr[SAMPLES_BLOCK];
	uint32_t event[SAMPLES_BLOCK], task[SAMPLES_BLOCK], node[SAMPLES_BLOCK];
	uint32_t cpu[SAMPLES_BLOCK], nvalues[SAMPLES_BLOCK];
	uint64_t *values; /* room for PROF_MAX_VALUES of each; owned */
	uint32_t n;
	bool has_addr;

	/* While a block is made. */
	uint64_t column[SAMPLES_BLOCK];
	uint32_t seen[SAMPLES_BLOCK]; /* numbers in the order they came */
	uint16_t slots[SLOTS];        /* place in seen + 1, 0: empty */
};

struct pending *pending_new(void)
{
	return xcalloc(1, sizeof(struct pending));
}

void pending_free(struct pending *p)
{
	if (p)
		free(p->values);
	free(p);
}

bool pending_put(struct pending *p, const struct prof_sample *s)
{
	uint32_t i = p->n++;
	uint32_t nvalues =
		s->nvalues < PROF_MAX_VALUES ? s->nvalues : PROF_MAX_VALUES;

	p->time[i] = s->time;
	p->weight[i] = s->weight;
	p->addr[i] = s->addr;
	p->event[i] = s->event;
	p->task[i] = s->task;
	p->node[i] = s->node;
	p->cpu[i] = s->cpu;
	p->nvalues[i] = nvalues;
	p->has_addr |= s->addr != 0;
	if (nvalues && !p->values)
		p->values = xcalloc((size_t)SAMPLES_BLOCK * PROF_MAX_VALUES,
				    sizeof(*p->values));
	if (nvalues)
		memcpy(p->values + (size_t)i * PROF_MAX_VALUES, s->values,
		       nvalues * sizeof(*p->values));
	return p->n == SAMPLES_BLOCK;
}

uint32_t pending_count(const struct pending *p)
{
	return p->n;
}

static uint16_t *find_slot(struct pending *p, uint32_t x)
{
	uint32_t at = x * 2654435769u >> 18;

	while (p->slots[at] && p->seen[p->slots[at] - 1] != x)
		at = (at + 1) % SLOTS;
	return &p->slots[at];
}

_Static_assert(SLOTS == 1 << 14, "a hash is its highest 14 bits");

/* Each number that there is, and for each sample the place of its number. */
static uint32_t put_numbers(struct pending *p, const uint32_t *v,
			    struct bytes *b)
{
	uint32_t n = 0, i;

	memset(p->slots, 0, sizeof(p->slots));
	for (i = 0; i < p->n; i++) {
		uint16_t *slot;

		if (i && v[i] == v[i - 1]) {
			p->column[i] = p->column[i - 1];
			continue;
		}
		slot = find_slot(p, v[i]);
		if (!*slot) {
			p->seen[n] = v[i];
			*slot = (uint16_t)++n;
		}
		p->column[i] = *slot - 1u;
	}
	bytes_varint(b, n);
	for (i = 0; i < n; i++)
		bytes_delta(b, p->seen[i], i ? p->seen[i - 1] : 0);
	bytes_column(b, p->column, p->n);
	return n;
}

static void put_deltas(struct pending *p, const uint64_t *v, struct bytes *b)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		p->column[i] = to_zigzag(v[i] - (i ? v[i - 1] : 0));
	bytes_column(b, p->column, p->n);
}

/* p->column and p->seen are those of the events. */
static void put_weights(struct pending *p, uint32_t nevents,
			const uint64_t *periods, struct bytes *b)
{
	uint64_t *last = xcalloc(nevents, sizeof(*last));
	uint32_t i;

	for (i = 0; i < nevents; i++)
		last[i] = periods[p->seen[i]];
	for (i = 0; i < p->n; i++) {
		uint64_t *before = &last[p->column[i]];

		p->column[i] = to_zigzag(p->weight[i] - *before);
		*before = p->weight[i];
	}
	bytes_column(b, p->column, p->n);
	free(last);
}

/* The first of all samples that have one, then the second, ... */
static void put_values(struct pending *p, struct bytes *b)
{
	uint32_t i, n, k;

	put_numbers(p, p->nvalues, b);
	for (k = 0; k < PROF_MAX_VALUES; k++) {
		for (i = n = 0; i < p->n; i++)
			if (k < p->nvalues[i])
				p->column[n++] =
					p->values[(size_t)i * PROF_MAX_VALUES +
						  k];
		if (!n)
			break;
		bytes_column(b, p->column, n);
	}
}

void pending_write(struct pending *p, const uint64_t *periods, struct bytes *b)
{
	uint32_t flags = (p->has_addr ? SAMPLES_ADDR : 0) |
			 (p->values ? SAMPLES_VALUES : 0);

	bytes_varint(b, p->n);
	bytes_varint(b, flags);
	put_deltas(p, p->time, b);
	put_weights(p, put_numbers(p, p->event, b), periods, b);
	put_numbers(p, p->task, b);
	put_numbers(p, p->cpu, b);
	put_numbers(p, p->node, b);
	if (flags & SAMPLES_ADDR)
		put_deltas(p, p->addr, b);
	if (flags & SAMPLES_VALUES)
		put_values(p, b);
	p->n = 0;
	p->has_addr = false;
	free(p->values);
	p->values = NULL;
}

void samples_init(struct samples *s)
{
	*s = (struct samples){ 0 };
}

void samples_release(struct samples *s)
{
	free(s->v);
	free(s->last);
}

/* Numbers below most, and which of them each sample has. */
struct numbers {
	uint32_t v[PROF_SAMPLES_MOST];
	uint32_t n;
	struct column places;
};

static bool read_numbers(struct reader *r, uint32_t n, uint64_t most,
			 struct numbers *list)
{
	uint64_t x = 0;
	uint32_t i;

	list->n = read_count(r);
	if (r->bad || list->n == 0 || list->n > n)
		return false;
	for (i = 0; i < list->n; i++) {
		x = read_delta(r, x);
		if (x >= most)
			return false;
		list->v[i] = (uint32_t)x;
	}
	read_column(r, n, &list->places);
	for (i = 0; i < n && !r->bad; i++)
		if (column_at(&list->places, i) >= list->n)
			return false;
	return !r->bad;
}

static uint32_t number_at(const struct numbers *list, uint32_t i)
{
	return list->v[column_at(&list->places, i)];
}

static void read_deltas(struct reader *r, struct prof_sample *s, uint32_t n,
			size_t offset)
{
	struct column c;
	uint64_t x = 0;
	uint32_t i;

	read_column(r, n, &c);
	for (i = 0; i < n && !r->bad; i++) {
		x += from_zigzag(column_at(&c, i));
		memcpy((char *)&s[i] + offset, &x, sizeof(x));
	}
}

static bool read_weights(struct samples *s, const struct profile *p,
			 struct reader *r, const struct numbers *events)
{
	uint32_t n = events->places.n, i;
	struct column c;

	for (i = 0; i < events->n; i++)
		s->last[i] = p->events[events->v[i]].period;
	read_column(r, n, &c);
	for (i = 0; i < n && !r->bad; i++) {
		uint32_t place = (uint32_t)column_at(&events->places, i);

		s->last[place] += from_zigzag(column_at(&c, i));
		s->v[i].event = events->v[place];
		s->v[i].weight = s->last[place];
		s->v[i].addr = 0;
		s->v[i].nvalues = 0;
	}
	return !r->bad;
}

static bool read_values(struct samples *s, struct reader *r, uint32_t n,
			struct numbers *list)
{
	struct column c;
	uint32_t i, k, with;

	if (!read_numbers(r, n, PROF_MAX_VALUES + 1, list))
		return false;
	for (i = 0; i < n; i++)
		s->v[i].nvalues = (uint16_t)number_at(list, i);
	for (k = 0; k < PROF_MAX_VALUES; k++) {
		for (i = with = 0; i < n; i++)
			with += k < s->v[i].nvalues;
		if (!with)
			break;
		read_column(r, with, &c);
		for (i = with = 0; i < n && !r->bad; i++)
			if (k < s->v[i].nvalues)
				s->v[i].values[k] = column_at(&c, with++);
	}
	return !r->bad;
}

static bool read_columns(struct samples *s, const struct profile *p,
			 struct reader *r, uint32_t n)
{
	uint64_t flags = read_varint(r);
	struct numbers list;
	uint32_t i;

	read_deltas(r, s->v, n, offsetof(struct prof_sample, time));
	if (!read_numbers(r, n, p->nevents, &list) ||
	    !read_weights(s, p, r, &list) ||
	    !read_numbers(r, n, p->ntasks, &list))
		return false;
	for (i = 0; i < n; i++)
		s->v[i].task = number_at(&list, i);
	if (!read_numbers(r, n, UINT16_MAX + 1, &list))
		return false;
	for (i = 0; i < n; i++)
		s->v[i].cpu = (uint16_t)number_at(&list, i);
	if (!read_numbers(r, n, p->nnodes, &list))
		return false;
	for (i = 0; i < n; i++)
		s->v[i].node = number_at(&list, i);
	if (flags & SAMPLES_ADDR)
		read_deltas(r, s->v, n, offsetof(struct prof_sample, addr));
	if (flags & SAMPLES_VALUES && !read_values(s, r, n, &list))
		return false;
	return !r->bad && flags <= (SAMPLES_ADDR | SAMPLES_VALUES);
}

uint32_t samples_read(struct samples *s, const struct profile *p,
		      struct reader *r)
{
	uint32_t n = read_count(r);

	if (r->bad || n == 0 || n > PROF_SAMPLES_MOST)
		return 0;
	if (n > s->room) {
		s->v = xreallocarray(s->v, n, sizeof(*s->v));
		s->last = xreallocarray(s->last, n, sizeof(*s->last));
		s->room = n;
	}
	return read_columns(s, p, r, n) && r->at == r->end ? n : 0;
}
