/* SPDX-License-Identifier: MIT
 *
 * t-bits.c - the bit vectors of bits.h at the edges of their words.
 */
#include "config.h"

#include "bits.h"
#include "tap.h"

#define WORDS 5

static void test_set_clear(void)
{
	static const unsigned edges[] = { 0, 1, 63, 64, 127, 255, 256, 319 };

	for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		uint64_t bv[WORDS] = { 0 };
		unsigned n = edges[i];

		ok(!bv_test(bv, n), "bit %u is clear at first", n);
		bv_set(bv, n);
		ok(bv_test(bv, n), "bit %u is set", n);
		is_u64(bv[n / 64], UINT64_C(1) << n % 64, "bit %u alone", n);
		bv_clear(bv, n);
		is_u64(bv[n / 64], 0, "bit %u is cleared", n);
	}
}

static void test_or_subset(void)
{
	uint64_t a[WORDS] = { 0 }, b[WORDS] = { 0 };

	ok(bv_subset(a, b, WORDS), "nothing is a subset of nothing");
	bv_set(a, 300);
	ok(!bv_subset(a, b, WORDS), "a bit of the last word is seen");
	ok(bv_subset(a, b, WORDS - 1), "a word beyond the length is not");
	ok(bv_subset(b, a, WORDS), "nothing is a subset of something");
	bv_set(b, 3);
	bv_or(b, a, WORDS);
	ok(bv_test(b, 3) && bv_test(b, 300), "or keeps and adds");
	ok(bv_subset(a, b, WORDS), "a part is a subset of the whole");
}

static void test_foreach(void)
{
	static const unsigned want[] = { 0, 63, 64, 130, 319 };
	uint64_t bv[WORDS] = { 0 };
	unsigned n, i = 0;

	BV_FOREACH(n, bv, WORDS)
		i++;
	is_u64(i, 0, "an empty vector has no bit to visit");
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		bv_set(bv, want[i]);
	i = 0;
	BV_FOREACH(n, bv, WORDS) {
		is_u64(n, i < 5 ? want[i] : 0, "bit %u is visited", i);
		i++;
	}
	is_u64(i, 5, "and each but once");
}

int main(void)
{
	test_set_clear();
	test_or_subset();
	test_foreach();
	return done_testing();
}
