/* SPDX-License-Identifier: MIT
 *
 * t-report.c - what pfmon report adds up, against sums made by walking each
 * sample's stack; trees, whose branches must come to the same; keys, and names
 * cut to a width.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report-priv.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define FUNCS 12
#define FRAMES 40
#define NODES 400
#define SAMPLES 3000
#define TASKS 4

static uint64_t seed = 42;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* What was written, for the walks. */
static uint32_t parent[NODES + 1], frame_of[NODES + 1];
static uint32_t nlocs[FRAMES], locs[FRAMES][3];
static struct prof_sample samples[SAMPLES];

static void put_symbols(struct prof_writer *w)
{
	uint32_t i, k;

	for (i = 0; i < FUNCS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		prof_put_func(w, &(struct prof_func){
					 .name = prof_put_string(w, name),
					 .start = i * 0x100ULL });
	}
	for (i = 0; i < FRAMES; i++) {
		struct prof_loc v[3];

		/* A function is not inlined in itself, but once more. */
		nlocs[i] = 1 + below(3);
		for (k = 0; k < nlocs[i]; k++) {
			locs[i][k] = below(FUNCS);
			v[k] = (struct prof_loc){ locs[i][k], 0, 0 };
		}
		prof_put_locs(w, i, v, nlocs[i]);
	}
}

/* A file of random stacks, deep and with recursions. */
static struct profile *make(void)
{
	struct prof_totals t = { .samples = SAMPLES };
	char path[64], *why = NULL;
	int fd = memfd_create("pfm", MFD_CLOEXEC);
	struct prof_writer *w = prof_create(dup(fd), 1);
	struct profile *p;
	uint32_t i;

	prof_put_event(w, &(struct prof_event){
				  .name = prof_put_string(w, "cycles"),
				  .scale = 1,
				  .period = 1 });
	prof_put_object(w, &(struct prof_object){
				   .path = prof_put_string(w, "/x") });
	for (i = 0; i < TASKS; i++)
		prof_put_task(w, &(struct prof_task){ 10 + i / 2, 10 + i, 0 });
	for (i = 0; i < FRAMES; i++)
		prof_put_frame(w, 0, i * 16, 0);
	for (i = 1; i <= NODES; i++) {
		/* Mostly below a late one, so that stacks are deep. */
		uint32_t up = i < 8 ? i - 1 : i - 1 - below(8);
		uint32_t frame = below(FRAMES);

		if (prof_put_node(w, up, frame) != i)
			i--;
		else
			parent[i] = up, frame_of[i] = frame;
	}
	for (i = 0; i < SAMPLES; i++) {
		samples[i] = (struct prof_sample){ .time = i,
						   .weight = 1 + below(9),
						   .task = below(TASKS),
						   .node = 1 + below(NODES) };
		prof_put_sample(w, &samples[i]);
	}
	put_symbols(w);
	prof_end(w, &t);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = prof_open(path, &why);
	close(fd);
	if (!p)
		diag("%s", why);
	return p;
}

/* Function by function, what walking gives. */
struct walked {
	uint64_t self[FUNCS], total[FUNCS];
};

static void walk(struct walked *x, bool inlines, int tid)
{
	bool seen[FUNCS];
	uint32_t i, node, k;

	memset(x, 0, sizeof(*x));
	for (i = 0; i < SAMPLES; i++) {
		const struct prof_sample *s = &samples[i];
		uint32_t f = frame_of[s->node];

		if (tid >= 0 && s->task != (uint32_t)tid)
			continue;
		x->self[locs[f][inlines ? 0 : nlocs[f] - 1]] += s->weight;
		memset(seen, 0, sizeof(seen));
		for (node = s->node; node; node = parent[node]) {
			f = frame_of[node];
			for (k = inlines ? 0 : nlocs[f] - 1; k < nlocs[f]; k++)
				seen[locs[f][k]] = true;
		}
		for (k = 0; k < FUNCS; k++)
			x->total[k] += seen[k] ? s->weight : 0;
	}
}

static bool same_rows(const struct report *r, const struct walked *x,
		      uint32_t group)
{
	uint64_t self[FUNCS] = { 0 }, total[FUNCS] = { 0 };
	size_t i;

	for (i = 0; i < r->nrows; i++) {
		const struct report_row *row = &r->rows[i];
		uint64_t f = r->places[row->place].key[0];

		if (row->group != group || f >= FUNCS)
			continue;
		self[f] += row->self.weight;
		total[f] += row->total.weight;
	}
	return !memcmp(self, x->self, sizeof(self)) &&
	       !memcmp(total, x->total, sizeof(total));
}

static void test_rows(struct profile *p)
{
	struct prof_filter filter = { .event = NULL };
	struct report_opt o = { .filter = &filter };
	struct walked x;
	struct report r;
	unsigned inlines;
	uint32_t g;

	ok(!prof_filter_init(&filter, p), "a filter for everything");
	for (inlines = 0; inlines < 2; inlines++) {
		report_keys_parse("function", &o);
		o.inlines = inlines;
		report_build(&r, p, &o, 0);
		is_u64(r.all.samples, SAMPLES, "all samples");
		walk(&x, inlines, -1);
		ok(same_rows(&r, &x, 0), "self and total are those of walks%s",
		   inlines ? ", inlined" : "");
		report_release(&r);

		report_keys_parse("function,tid", &o);
		report_build(&r, p, &o, 0);
		is_u64(r.ngroups, TASKS, "a group for each thread");
		for (g = 0; g < r.ngroups; g++) {
			walk(&x, inlines, (int)r.groups[g].key[1] - 10);
			ok(same_rows(&r, &x, g), "those of one thread, too");
		}
		report_release(&r);
	}
	prof_filter_release(&filter);
}

static uint64_t root_weight(uint32_t func)
{
	struct walked x;

	walk(&x, false, -1);
	return x.total[func];
}

/* Children never come to more than their parent. */
static bool is_consistent(const struct tree_lines *t)
{
	uint64_t left[TREE_DEPTH + 2] = { 0 };
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct tree_line *l = &t->v[i];

		if (l->depth && l->sum.weight > left[l->depth])
			return false;
		if (l->depth)
			left[l->depth] -= l->sum.weight;
		left[l->depth + 1] = l->sum.weight;
	}
	return true;
}

static void test_trees(struct profile *p)
{
	static const char *const names[] = { "f3" };
	struct prof_filter filter = { .func = { (const char **)(uintptr_t)names,
						1 } };
	struct report_opt o = { .filter = &filter };
	enum tree_kind kinds[] = { TREE_CALLERS, TREE_CALLEES };
	struct tree_lines lines;
	struct report r;
	unsigned k;

	report_keys_parse("function", &o);
	ok(!prof_filter_init(&filter, p), "a filter for one function");
	for (k = 0; k < N(kinds); k++) {
		o.tree = kinds[k];
		report_build(&r, p, &o, 0);
		report_trees(&lines, &r);
		is_u64(lines.v[0].sum.weight, root_weight(3),
		       "the root has the function's total");
		ok(lines.n > 10, "the tree has branches");
		ok(is_consistent(&lines), "no child is more than its parent");
		free(lines.v);
		report_release(&r);
	}
	prof_filter_release(&filter);
}

/* One function that calls itself, as deep as nobody draws it. */
static void test_depth(void)
{
	struct prof_totals t = { .samples = 1 };
	struct prof_filter filter = { .event = NULL };
	struct report_opt o = { .filter = &filter, .tree = TREE_CALLERS };
	int fd = memfd_create("pfm", MFD_CLOEXEC);
	struct prof_writer *w = prof_create(dup(fd), 1);
	struct tree_lines lines;
	char path[64], *why;
	struct profile *p;
	struct report r;
	uint32_t node = 0, i;

	prof_put_event(w, &(struct prof_event){ .scale = 1 });
	prof_put_object(w, &(struct prof_object){ 0 });
	prof_put_task(w, &(struct prof_task){ 1, 1, 0 });
	prof_put_func(w, &(struct prof_func){
				 .name = prof_put_string(w, "deep") });
	prof_put_frame(w, 0, 16, 0);
	for (i = 0; i < 100000; i++)
		node = prof_put_node(w, node, 0);
	prof_put_sample(w, &(struct prof_sample){ .weight = 7, .node = node });
	prof_put_locs(w, 0, &(struct prof_loc){ 0, 0, 0 }, 1);
	prof_end(w, &t);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = prof_open(path, &why);
	close(fd);
	report_keys_parse("function", &o);
	ok(!prof_filter_init(&filter, p), "100,000 levels of recursion");
	report_build(&r, p, &o, 0);
	is_u64(r.nrows, 1, "one row");
	is_u64(r.rows[0].total.weight, 7, "which counts the sample once");
	report_trees(&lines, &r);
	is_u64(lines.n, TREE_DEPTH + 1, "the tree ends at its depth");
	free(lines.v);
	report_release(&r);
	prof_filter_release(&filter);
	prof_close(p);
}

static const struct {
	int line;
	const char *text;
	unsigned width;
	const char *want;
} fits[] = {
	{ __LINE__, "short", 10, "short" },
	{ __LINE__, "exactly_10", 10, "exactly_10" },
	{ __LINE__, "a_long_name_without", 12, "a_lon...hout" },
	{ __LINE__, "map<int, vector<char>, less>::find(int)", 30,
	  "map<int, v... less>::find(int)" },
	{ __LINE__, "map<int, vector<char>>::find", 14, "map<...>::find" },
	{ __LINE__, "operator<(pair<int, long> const&)", 27,
	  "operator<(pair<in...const&)" },
	{ __LINE__, "f(int, long)::lambda<char>", 22,
	  "f(i...g)::lambda<char>" },
	{ __LINE__, "tab\there", 10, "tab?here" },
	{ __LINE__, "esc\033[31m", 10, "esc?[31m" },
	{ __LINE__, "", 4, "" },
};

static void test_fit(void)
{
	size_t i;
	char *text;

	for (i = 0; i < N(fits); i++) {
		text = text_fit(fits[i].text, fits[i].width, false);
		is_str(text, fits[i].want, "line %d: in %u columns",
		       fits[i].line, fits[i].width);
		free(text);
	}
	text = text_fit("gr\xc3\xbc\xc3\x9f dich", 9, true);
	is_str(text, "gr\xc3\xbc\xc3\x9f dich", "UTF-8 counts characters");
	free(text);
	text = text_fit("gr\xc3\xbc\xc3\x9f dich", 6, true);
	is_str(text,
	       "gr\xc3\xbc\xe2\x80\xa6"
	       "ch",
	       "and is cut between them");
	free(text);
	text = text_fit("a\xc3"
			"b\x9b\xc2\x9b",
			9, true);
	is_str(text, "a?b???", "what is none is not printed");
	free(text);
}

static void test_keys(void)
{
	struct report_opt o;

	ok(report_keys_parse("comm,dso,sym", &o), "three keys");
	is_u64(o.nkeys, 3, "three of them");
	ok(o.keys[0] == KEY_COMM && o.keys[1] == KEY_DSO &&
		   o.keys[2] == KEY_FUNCTION,
	   "in their order, perf's name too");
	ok(report_keys_parse("pid,pid", &o) && o.nkeys == 1,
	   "a key twice is one");
	ok(!report_keys_parse("comm,", &o), "an empty key");
	ok(!report_keys_parse("", &o), "no key");
	ok(!report_keys_parse("com", &o), "no abbreviation");
	ok(!report_keys_parse("comm,dso,pid,tid,cpu,set,time", &o),
	   "more than there can be");
}

int main(void)
{
	struct profile *p = make();
	char *text;

	ok(p, "the profile can be read");
	if (p) {
		test_rows(p);
		test_trees(p);
		prof_close(p);
	}
	test_depth();
	test_fit();
	test_keys();
	text = text_grouped(UINT64_MAX);
	is_str(text, "18,446,744,073,709,551,615", "digits in groups");
	free(text);
	text = text_grouped(999);
	is_str(text, "999", "no group");
	free(text);
	return done_testing();
}
