/* SPDX-License-Identifier: MIT
 *
 * report-tree.c - call trees: who calls a function, or whom it calls.  Stacks
 * are merged by function while each node is looked at once; of callers, each
 * node of the function goes up at most TREE_DEPTH levels.
 */
#include "config.h"

#include "report-priv.h"

#include <stdlib.h>

#define CHILDREN_MOST 10 /* of one branch, the others together */
#define ROOTS_MOST 10    /* functions when none is asked for */

/* A place below another one.  Branch 0 is the root. */
struct branch {
	uint64_t key[2]; /* parent, place; first: see report_index_add() */
	struct report_sum sum;
	uint32_t frame; /* the one with the most weight */
	uint64_t most;
};

struct tree {
	const struct report *r;
	struct branch *v; /* owned */
	uint32_t n, room;
	struct report_index index;
	struct report_sum *subtree; /* by node, with its callees; borrowed */
	uint32_t root;              /* place of branch 0, or PROF_NONE */
	uint32_t *order, *first;    /* children of branches; owned */
};

static void tree_init(struct tree *t, const struct report *r,
		      struct report_sum *subtree, uint32_t place)
{
	static const uint64_t root[2] = { UINT64_MAX, UINT64_MAX };
	struct report_tuples known;
	bool fresh;

	*t = (struct tree){
		.r = r, .room = 256, .subtree = subtree, .root = place
	};
	t->v = xcalloc(t->room, sizeof(*t->v));
	t->v[0] = (struct branch){ .key = { root[0], root[1] },
				   .frame = PROF_NONE };
	known = (struct report_tuples){ t->v, sizeof(*t->v), 2 };
	report_index_add(&t->index, &known, root, &fresh);
	t->n = 1;
}

static void tree_release(struct tree *t)
{
	free(t->v);
	free(t->index.slots);
	free(t->order);
	free(t->first);
}

/* Functions of an object that are not known are one, so it calls nobody. */
static bool is_same(const struct tree *t, uint32_t parent, uint32_t place)
{
	uint32_t object;

	return place == (parent ? (uint32_t)t->v[parent].key[1] : t->root) &&
	       report_is_unresolved(t->r, place, &object);
}

static uint32_t child_of(struct tree *t, uint32_t parent, uint32_t place,
			 uint32_t frame)
{
	struct report_tuples known = { t->v, sizeof(*t->v), 2 };
	uint64_t key[2] = { parent, place };
	bool fresh;
	uint32_t n;

	if (is_same(t, parent, place))
		return parent;
	n = report_index_add(&t->index, &known, key, &fresh);
	if (!fresh)
		return n;
	if (n == t->room) {
		t->room *= 2;
		t->v = xreallocarray(t->v, t->room, sizeof(*t->v));
	}
	t->v[n] = (struct branch){ .key = { parent, place }, .frame = frame };
	t->n++;
	return n;
}

static void choose_frame(struct branch *b, uint32_t frame, uint64_t weight)
{
	if (weight <= b->most)
		return;
	b->most = weight;
	b->frame = frame;
}

static void add_sum(struct report_sum *to, const struct report_sum *sum)
{
	to->weight += sum->weight;
	to->samples += sum->samples;
}

/* What was added to branches is their parents', too. */
static void sum_up(struct tree *t)
{
	uint32_t i;

	for (i = t->n; i-- > 1;)
		add_sum(&t->v[t->v[i].key[0]].sum, &t->v[i].sum);
}

/* From the outermost node of the place inwards; PROF_NONE: from all. */
static void grow_callees(struct tree *t)
{
	uint32_t root = t->root;
	const struct profile *p = t->r->p;
	uint32_t *branch = xcalloc(p->nnodes, sizeof(*branch)), i, b;
	const uint32_t *places;
	unsigned k;

	/* 1 more than the branch; 0: outside. */
	branch[0] = root == PROF_NONE;
	if (root == PROF_NONE)
		add_sum(&t->v[0].sum, &t->r->nodes[0]);
	for (i = 1; i < p->nnodes; i++) {
		if (!t->subtree[i].samples)
			continue;
		b = branch[p->nodes[i].parent];
		for (k = report_places(t->r, p->nodes[i].frame, &places);
		     k-- > 0;) {
			if (b) {
				b = child_of(t, b - 1, places[k],
					     p->nodes[i].frame) +
				    1;
				choose_frame(&t->v[b - 1], p->nodes[i].frame,
					     t->subtree[i].weight);
			} else if (places[k] == root) {
				b = 1;
			}
		}
		branch[i] = b;
		if (b)
			add_sum(&t->v[b - 1].sum, &t->r->nodes[i]);
	}
	free(branch);
	sum_up(t);
}

/* Where the place is innermost in a frame; false: it is not there. */
static bool find_in_frame(const struct report *r, uint32_t node, uint32_t place,
			  unsigned *at)
{
	const uint32_t *places;
	unsigned n = report_places(r, r->p->nodes[node].frame, &places);

	for (*at = 0; *at < n; ++*at)
		if (places[*at] == place)
			return true;
	return false;
}

static void add_callers(struct tree *t, uint32_t node, unsigned at,
			const struct report_sum *sum)
{
	const struct profile *p = t->r->p;
	unsigned levels = 0, n, k = at + 1;
	const uint32_t *places;
	uint32_t b = 0;

	for (; node && levels < TREE_DEPTH; node = p->nodes[node].parent) {
		n = report_places(t->r, p->nodes[node].frame, &places);
		for (; k < n && levels < TREE_DEPTH; k++, levels++) {
			b = child_of(t, b, places[k], p->nodes[node].frame);
			choose_frame(&t->v[b], p->nodes[node].frame,
				     sum->weight);
		}
		k = 0;
	}
	add_sum(&t->v[b].sum, sum);
}

/*
 * From the innermost node of the place outwards.  What came by a node is all
 * below it but what came by a further node of the place.
 */
static void grow_callers(struct tree *t, bool self_only)
{
	uint32_t root = t->root;
	const struct profile *p = t->r->p;
	struct report_sum *by = xcalloc(p->nnodes, sizeof(*by));
	uint32_t *near = xcalloc(p->nnodes, sizeof(*near)), i;
	unsigned at;

	for (i = 1; i < p->nnodes; i++) {
		near[i] = near[p->nodes[i].parent];
		if (!t->subtree[i].samples ||
		    !find_in_frame(t->r, i, root, &at) || (self_only && at))
			continue;
		if (near[i] && !self_only) {
			by[near[i]].weight -= t->subtree[i].weight;
			by[near[i]].samples -= t->subtree[i].samples;
		}
		add_sum(&by[i], self_only ? &t->r->nodes[i] : &t->subtree[i]);
		near[i] = i;
	}
	for (i = 1; i < p->nnodes; i++)
		if (by[i].samples && find_in_frame(t->r, i, root, &at))
			add_callers(t, i, at, &by[i]);
	free(by);
	free(near);
	sum_up(t);
}

/* Children in the order of their weight; qsort() has no argument of ours. */
struct ordered {
	uint64_t parent, weight;
	uint32_t branch;
};

static int by_weight(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent > y->parent ? 1 : -1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return (x->branch > y->branch) - (x->branch < y->branch);
}

static void order_children(struct tree *t)
{
	struct ordered *v = xcalloc(t->n, sizeof(*v));
	uint32_t i;

	t->order = xcalloc(t->n, sizeof(*t->order));
	t->first = xcalloc((size_t)t->n + 1, sizeof(*t->first));
	for (i = 1; i < t->n; i++) {
		v[i - 1] = (struct ordered){ t->v[i].key[0], t->v[i].sum.weight,
					     i };
		t->first[t->v[i].key[0] + 1]++;
	}
	if (t->n > 2)
		qsort(v, t->n - 1, sizeof(*v), by_weight);
	for (i = 0; i + 1 < t->n; i++)
		t->order[i] = v[i].branch;
	for (i = 0; i < t->n; i++)
		t->first[i + 1] += t->first[i];
	free(v);
}

static struct tree_line *add_line(struct tree_lines *out,
				  const struct tree_line *line)
{
	if (out->n == out->room) {
		out->room = out->room ? out->room * 2 : 64;
		out->v = xreallocarray(out->v, out->room, sizeof(*out->v));
	}
	out->v[out->n] = *line;
	return &out->v[out->n++];
}

/* A branch whose children are being listed. */
struct level {
	uint32_t branch, next, shown_end, end;
};

static void open_level(const struct tree *t, struct level *l, uint32_t branch)
{
	double all = (double)t->r->all.weight, min = t->r->opt->min;
	uint32_t i;

	*l = (struct level){ .branch = branch,
			     .next = t->first[branch],
			     .end = t->first[branch + 1] };
	for (i = l->next; i < l->end && i - l->next < CHILDREN_MOST; i++)
		if ((double)t->v[t->order[i]].sum.weight * 100 < min * all)
			break;
	l->shown_end = i;
}

static void put_others(struct tree_lines *out, const struct tree *t,
		       const struct level *l, unsigned depth)
{
	struct tree_line line = { .depth = depth,
				  .place = PROF_NONE,
				  .frame = PROF_NONE,
				  .others = l->end - l->shown_end,
				  .last = true };
	uint32_t i;

	for (i = l->shown_end; i < l->end; i++)
		add_sum(&line.sum, &t->v[t->order[i]].sum);
	line.share =
		report_percent(line.sum.weight, t->v[l->branch].sum.weight);
	if (line.sum.samples)
		add_line(out, &line);
}

static void put_branch(struct tree_lines *out, const struct tree *t,
		       const struct level *l, unsigned depth)
{
	const struct branch *b = &t->v[t->order[l->next]];
	uint64_t parent = t->v[l->branch].sum.weight;
	bool one = t->first[l->branch] + 1 == l->end;

	add_line(out, &(struct tree_line){
			      .depth = depth,
			      .place = (uint32_t)b->key[1],
			      .frame = b->frame,
			      .sum = b->sum,
			      .share = report_percent(b->sum.weight, parent),
			      .last = l->next + 1 == l->end,
			      .only = one && b->sum.weight == parent });
}

static void put_lines(struct tree_lines *out, struct tree *t)
{
	unsigned most = t->r->opt->depth, depth = 1;
	struct level levels[TREE_DEPTH + 1];

	if (!most || most > TREE_DEPTH)
		most = TREE_DEPTH;
	order_children(t);
	open_level(t, &levels[1], 0);
	while (depth) {
		struct level *l = &levels[depth];

		if (l->next == l->shown_end) {
			put_others(out, t, l, depth--);
			continue;
		}
		put_branch(out, t, l, depth);
		l->next++;
		if (depth < most)
			open_level(t, &levels[++depth], t->order[l->next - 1]);
	}
}

static void one_tree(struct tree_lines *out, const struct report *r,
		     struct report_sum *subtree, const struct report_row *row)
{
	bool callers = r->opt->tree == TREE_CALLERS;
	struct tree_line root = { .place = row ? row->place : PROF_NONE,
				  .frame = PROF_NONE,
				  .last = true };
	struct tree t;

	tree_init(&t, r, subtree, root.place);
	if (callers)
		grow_callers(&t, r->opt->no_children);
	else
		grow_callees(&t);
	root.sum = t.v[0].sum;
	root.self = row ? row->self.weight : 0;
	root.share = report_percent(root.sum.weight, r->all.weight);
	add_line(out, &root);
	put_lines(out, &t);
	tree_release(&t);
}

static bool is_root(const struct report *r, const struct report_row *row)
{
	const struct report_opt *o = r->opt;
	uint64_t key = r->places[row->place].key[0];

	if (r->places[row->place].frame == PROF_NONE)
		return false;
	if (!o->filter->func.n || o->keys[0] != KEY_FUNCTION)
		return row->self.samples &&
		       report_percent(row->self.weight, r->all.weight) >=
			       o->min;
	return !(key & KEY_NONE) &&
	       prof_filter_names(o->filter, r->p, (uint32_t)key);
}

static struct report_sum *sum_nodes(const struct report *r)
{
	struct report_sum *sums = xcalloc(r->p->nnodes, sizeof(*sums));
	uint32_t i;

	for (i = 0; i < r->p->nnodes; i++)
		sums[i] = r->nodes[i];
	for (i = r->p->nnodes; i-- > 1;)
		add_sum(&sums[r->p->nodes[i].parent], &sums[i]);
	return sums;
}

void report_trees(struct tree_lines *out, const struct report *r)
{
	struct report_sum *subtree = sum_nodes(r);
	uint64_t most = r->opt->top ? r->opt->top : ROOTS_MOST, n = 0;
	size_t i;

	*out = (struct tree_lines){ 0 };
	if (r->opt->tree == TREE_CALLEES && !r->opt->filter->func.n)
		one_tree(out, r, subtree, NULL);
	else
		for (i = 0; i < r->nrows && n < most; i++)
			if (is_root(r, &r->rows[i])) {
				one_tree(out, r, subtree, &r->rows[i]);
				n++;
			}
	free(subtree);
}
