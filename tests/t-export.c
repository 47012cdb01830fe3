/* SPDX-License-Identifier: MIT
 *
 * t-export.c - what the formats of pfmon export share: text as UTF-8 and JSON,
 * whole weights, the table of pairs, stacks by function.
 */
#include "config.h"

#include "export.h"
#include "tap.h"

static void test_utf8(void)
{
	static const struct {
		const char *text;
		unsigned length;
		const char *what;
	} rows[] = {
		{ "a", 1, "ASCII" },
		{ "\xc3\xa9", 2, "two bytes" },
		{ "\xe2\x82\xac", 3, "three bytes" },
		{ "\xf0\x9f\x94\xa5", 4, "four bytes" },
		{ "\x80", 0, "a byte that cannot begin one" },
		{ "\xc0\xaf", 0, "an overlong '/'" },
		{ "\xe0\x80\xaf", 0, "an overlong one of three" },
		{ "\xed\xa0\x80", 0, "a surrogate" },
		{ "\xf4\x90\x80\x80", 0, "beyond U+10FFFF" },
		{ "\xe2\x82", 0, "one that is cut" },
		{ "\xff", 0, "a byte that is in none" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		is_u64(utf8_length(rows[i].text), rows[i].length, "UTF-8: %s",
		       rows[i].what);
}

/* What a function puts, to be freed. */
static char *json_of(const char *s)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	put_json(f, s);
	fclose(f);
	return text;
}

static char *clean_of(const char *s, struct clean how)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	put_clean(f, s, how);
	fclose(f);
	return text;
}

static char *real_of(double v)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	put_real(f, v);
	fclose(f);
	return text;
}

static void test_json(void)
{
	static const struct {
		const char *text, *json, *what;
	} rows[] = {
		{ "", "\"\"", "nothing" },
		{ "a\"b\\c", "\"a\\u0022b\\u005cc\"", "quote, backslash" },
		{ "</script>&", "\"\\u003c/script\\u003e\\u0026\"", "markup" },
		{ "\n\x7f", "\"\\u000a\\u007f\"", "control characters" },
		{ "\xc3\xa9", "\"\xc3\xa9\"", "UTF-8" },
		{ "\xff"
		  "a",
		  "\"\\ufffda\"", "what is no UTF-8" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"",
		  "separators of lines" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char *json = json_of(rows[i].text);

		is_str(json, rows[i].json, "JSON: %s", rows[i].what);
		free(json);
	}
}

static void test_clean(void)
{
	char *text = clean_of("a;b\tc\"\xff", (struct clean){ ':', false });

	is_str(text, "a:b c\"\xef\xbf\xbd", "clean: for folded text");
	free(text);
	text = clean_of("a;\"", (struct clean){ ';', true });
	is_str(text, "a;\"\"", "clean: within quotes");
	free(text);
}

static void test_numbers(void)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 4000, "4000" },
		{ 0.5, "0.5" },
		{ 1e300 * 1e300, "0" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = real_of(rows[i].v);

		is_str(text, rows[i].text, "a real number: %s", rows[i].text);
		free(text);
	}
}

static void test_whole(void)
{
	static const struct {
		const char *unit;
		double scale;
		uint64_t weight, whole;
		const char *name;
	} rows[] = {
		{ "", 1, 1ULL << 60, 1ULL << 60, "count" },
		{ "ns", 1, 5, 5, "nanoseconds" },
		{ "ms", 1e-6, 5, 5, "nanoseconds" },
		{ "s", 1, 2, 2000000000, "nanoseconds" },
		{ "MiB", 6.103515625e-5, 2, 128, "bytes" },
		{ "Joules", 2.3283064365386962890625e-10, 7, 7, "count" },
		{ "lines", 64, 2, 128, "lines" },
		{ "s", 1e30, 2, INT64_MAX, "nanoseconds" },
	};
	const char *strings[] = { "", NULL };
	struct prof_event ev = { .unit = 1 };
	struct profile p = { .strings = strings, .events = &ev };
	struct export ex = { .p = &p };
	struct whole whole;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		strings[1] = rows[i].unit;
		ev.scale = rows[i].scale;
		export_whole_init(&whole, &ex, 0);
		is_u64(export_whole_weight(&whole, rows[i].weight),
		       rows[i].whole, "whole: %g %s", rows[i].scale,
		       rows[i].unit);
		is_str(whole.unit, rows[i].name, "whole: in %s", rows[i].name);
	}
}

static void test_map(void)
{
	struct export_map m = { .n = 0 };
	uint32_t i, bad = 0;

	is_u64(export_map_find(&m, 0, 0), PROF_NONE, "map: empty");
	for (i = 0; i < 100000; i++)
		bad += export_map_add(&m, i % 317, i, i) != i;
	for (i = 0; i < 100000; i++)
		bad += export_map_add(&m, i % 317, i, 0) != i ||
		       export_map_find(&m, i % 317, i) != i;
	is_u64(bad, 0, "map: 100,000 pairs are found again");
	is_u64(m.n, 100000, "map: each is in once");
	is_u64(export_map_find(&m, 318, 1), PROF_NONE, "map: and no other");
	export_map_release(&m);
}

/* Two places in one function, and one function inlined in another. */
static void test_stacks(void)
{
	static const char *const strings[] = { "", "/lib/libx.so", "[kernel]" };
	const struct prof_object objects[] = {
		{ .path = 1 }, { .kind = PROF_KERNEL, .path = 2 }
	};
	const struct prof_loc locs[] = {
		{ 0, 0, 1 }, { 0, 0, 2 }, { 1, 0, 3 }, { 0, 0, 4 }
	};
	const struct prof_frame frames[] = {
		{ .loc = 0, .nlocs = 1 },
		{ .loc = 1, .nlocs = 1 },
		{ .loc = 2, .nlocs = 2 },
		{ .object = 1 },
	};
	const struct prof_node nodes[] = {
		{ PROF_NONE, PROF_NONE }, { 0, 0 }, { 0, 1 }, { 2, 2 }, { 1, 3 }
	};
	const struct prof_func funcs[] = { { .name = 0 }, { .name = 0 } };
	struct profile p = { .strings = (const char **)(uintptr_t)strings,
			     .objects = objects,
			     .locs = locs,
			     .frames = frames,
			     .nodes = nodes,
			     .funcs = funcs,
			     .nstrings = 3,
			     .nobjects = 2,
			     .nfuncs = 2,
			     .nnodes = 5 };
	char *unresolved[2] = { NULL, NULL };
	struct export ex = { .p = &p, .unresolved = unresolved };
	uint32_t syms[EXPORT_DEPTH_MAX], a, b;
	struct stacks s;

	stacks_init(&s, &ex);
	a = stacks_of(&s, &ex, 0, 1);
	b = stacks_of(&s, &ex, 0, 2);
	is_u64(a, b, "stacks: two addresses of a function are one");
	b = stacks_of(&s, &ex, 0, 3);
	is_u64(s.n, 4, "stacks: an inlined function has a stack of its own");
	is_u64(s.v[b].sym, 1, "stacks: the inlined one is innermost");
	is_u64(s.v[s.v[b].parent].parent, a, "stacks: in its caller's");
	b = stacks_of(&s, &ex, 0, 4);
	is_str(export_sym_text(&ex, s.v[b].sym), "[unresolved in kernel]",
	       "stacks: what has no name, by object");
	is_str(export_sym_text(&ex, export_sym_of_func(&ex, PROF_NONE, 0)),
	       "[unresolved in libx.so]", "stacks: without directories");
	is_u64(stack_syms(&ex, 3, syms), 3, "symbols of a stack: three");
	ok(syms[0] == 1 && syms[1] == 0 && syms[2] == 0,
	   "symbols of a stack: innermost first");
	is_u64(stacks_of(&s, &ex, 0, 0), 0, "stacks: none is none");
	stacks_release(&s);
	free(unresolved[0]);
	free(unresolved[1]);
}

int main(void)
{
	test_utf8();
	test_json();
	test_clean();
	test_numbers();
	test_whole();
	test_map();
	test_stacks();
	return done_testing();
}
