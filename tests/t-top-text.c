/* SPDX-License-Identifier: MIT
 *
 * t-top-text.c - text and columns of the screen of pfmon top: what is cut, what
 * is padded, what never gets to a terminal, and which columns there is room for.
 */
#include "config.h"

#include <locale.h>

#include "tap.h"
#include "top-text.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* A text and what of it is in so many columns. */
static const struct {
	int line;
	const char *text;
	unsigned width, columns;
	const wchar_t *fit;
	const char *what;
} texts[] = {
	{ __LINE__, "abc", 5, 3, L"abc  ", "a short one is padded" },
	{ __LINE__, "abcdef", 3, 6, L"abc", "a long one is cut" },
	{ __LINE__, "", 2, 0, L"  ", "none is blank" },
	{ __LINE__, "a\033[2Jb", 6, 6, L"a?[2Jb", "no escape sequence" },
	{ __LINE__, "a\tb\nc\rd\x7f", 8, 8, L"a?b?c?d?", "no control" },
	{ __LINE__,
	  "\xc2\x9b"
	  "31m",
	  4, 4, L"?31m", "none of the C1 set" },
	{ __LINE__, "\xe6\xbc\xa2\xe5\xad\x97", 4, 4, L"\u6f22\u5b57",
	  "wide ones are two columns" },
	{ __LINE__, "\xe6\xbc\xa2\xe5\xad\x97", 3, 4, L"\u6f22 ",
	  "no half of a wide one" },
	{ __LINE__, "\xff\xc3(", 3, 3,
	  L"?"
	  L"?(",
	  "bytes that are no UTF-8" },
	{ __LINE__,
	  "\xe2\x80\xae"
	  "abc",
	  4, 4, L"?abc", "no turned text" },
	{ __LINE__, "e\xcc\x81x", 3, 3, L"e?x", "nothing without a column" },
	{ __LINE__, "\xed\xa0\x80", 3, 3, L"???", "no surrogate" },
	{ __LINE__, "\xf0\x9f", 2, 2, L"??", "half a character" },
};

static void check_texts(void)
{
	wchar_t out[64];
	size_t i, n;

	for (i = 0; i < N(texts); i++) {
		n = text_cells(texts[i].text, texts[i].width, out, 63);
		out[n] = 0;
		ok(wcscmp(out, texts[i].fit) == 0, "row %d: %s", texts[i].line,
		   texts[i].what);
		is_u64(text_columns_of(texts[i].text), texts[i].columns,
		       "row %d: its columns", texts[i].line);
	}
	is_u64(text_cells("abcdef", 6, out, 4), 4,
	       "no more than there is room");
}

static void check_bars(void)
{
	static const struct {
		double percent;
		const char *utf8, *ascii;
	} rows[] = {
		{ 0, "····", "...." },   { 50, "██··", "||.." },
		{ 100, "████", "||||" }, { 37.5, "█▌··", "||.." },
		{ 900, "████", "||||" }, { -1, "····", "...." },
	};
	char buf[64];

	for (size_t i = 0; i < N(rows); i++) {
		text_bar(rows[i].percent, 4, true, buf, sizeof(buf));
		is_str(buf, rows[i].utf8, "a bar of %g %%", rows[i].percent);
		text_bar(rows[i].percent, 4, false, buf, sizeof(buf));
		is_str(buf, rows[i].ascii, "in ASCII");
	}
	text_bar(100, 4, true, buf, 7);
	is_str(buf, "██", "a small buffer has whole characters");
}

static void check_sparks(void)
{
	static const float rise[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const float holes[] = { NAN, 4, NAN, 8 };
	struct text_trend t = { rise, 9, 0 };
	char buf[64];

	text_spark(&t, 9, true, buf, sizeof(buf));
	is_str(buf, "▁▂▃▄▅▆▇██", "a trend up to its greatest");
	text_spark(&t, 9, false, buf, sizeof(buf));
	is_str(buf, "_.-~=+*##", "in ASCII");
	text_spark(&t, 3, true, buf, sizeof(buf));
	is_str(buf, "▇██", "the last ones");
	t.max = 80;
	text_spark(&t, 3, true, buf, sizeof(buf));
	is_str(buf, "▁▁▁", "little of a great one");
	t = (struct text_trend){ holes, 4, 8 };
	text_spark(&t, 6, true, buf, sizeof(buf));
	is_str(buf, "   ▅ █", "what is not known is blank");
}

static const struct top_column columns[] = {
	{ .id = "pid", .title = "PID", .width = 7 },
	{ .id = "user", .title = "USER", .width = 8 },
	{ .id = "cpu", .title = "CPU%", .width = 6 },
	{ .id = "ghz", .title = "GHz", .width = 5 },
	{ .id = "ipc", .title = "IPC", .width = 5 },
	{ .id = "br", .title = "br-miss", .width = 7 },
	{ .id = "llc", .title = "LLC/k", .width = 6 },
	{ .id = "dram", .title = "DRAM", .width = 7 },
	{ .id = "trend", .title = "last 30 s", .width = 16 },
	{ .id = "long", .title = "a column of a long name", .width = 4 },
	{ .id = "command", .title = "COMMAND", .width = 7, .left = true },
};

/* "pid@0+7 ...": the columns, where, how wide. */
static const char *fitted(const struct fit_wish *w)
{
	static char buf[1024];
	struct fit fit;
	size_t n = 0;

	fit_columns(w, &fit);
	buf[0] = '\0';
	for (unsigned i = 0; i < fit.n; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%s@%u+%u",
				      i ? " " : "", columns[fit.at[i].col].id,
				      fit.at[i].x, fit.at[i].width);
	snprintf(buf + n, sizeof(buf) - n, " out %u", fit.left_out);
	return buf;
}

static void check_fit(void)
{
	unsigned need[N(columns)] = { 0 };
	struct fit_wish w = { columns, N(columns), 2, 0, need, 79, 0 };

	is_str(fitted(&w),
	       "pid@0+7 user@8+8 cpu@17+6 ghz@24+5 ipc@30+5 br@36+7 llc@44+6 "
	       "dram@51+7 command@59+20 out 2",
	       "80 columns: what fits, the rest is the command's");
	w.width = 299;
	is_str(fitted(&w),
	       "pid@0+7 user@8+8 cpu@17+6 ghz@24+5 ipc@30+5 br@36+7 llc@44+6 "
	       "dram@51+7 trend@59+16 long@76+23 command@100+199 out 0",
	       "300 columns: all");
	w.width = 79;
	w.skip = 3;
	is_str(fitted(&w),
	       "pid@0+7 cpu@8+6 br@15+7 llc@23+6 dram@30+7 trend@38+16 "
	       "command@55+24 out 1",
	       "three scrolled away; the first and the sorted one stay");
	w.skip = 0;
	w.sorted = 9;
	is_str(fitted(&w),
	       "pid@0+7 user@8+8 cpu@17+6 ghz@24+5 ipc@30+5 long@36+23 "
	       "command@60+19 out 4",
	       "the sorted one has its place");
	w.sorted = 2;
	w.hidden = 1u << 1 | 1u << 3 | 1u << 2;
	is_str(fitted(&w),
	       "pid@0+7 cpu@8+6 ipc@15+5 br@21+7 llc@29+6 dram@36+7 "
	       "command@44+35 out 2",
	       "hidden ones give room, but not the sorted one");
	w.hidden = 0;
	need[0] = 12;
	w.width = 39;
	is_str(fitted(&w), "pid@0+12 cpu@13+6 command@20+19 out 8",
	       "40 columns: what there must be");
	w.width = 10;
	is_str(fitted(&w), "pid@0+10 out 8", "a width that is too small");
	w.ncols = 1;
	is_str(fitted(&w), "pid@0+10 out 0", "one column");
	w.ncols = 0;
	is_str(fitted(&w), " out 0", "none");
}

/* Whatever the width: one after the other, and none beyond the last. */
static void check_widths(void)
{
	unsigned need[N(columns)] = { 9, 0, 0, 30, 0, 0, 0, 0, 0, 0, 400 };
	struct fit_wish w = { columns, N(columns), 5, 0, need, 0, 0 };
	unsigned bad = 0, end;
	struct fit fit;

	for (w.width = 0; w.width < 400; w.width++)
		for (w.skip = 0; w.skip < 12; w.skip++) {
			fit_columns(&w, &fit);
			end = 0;
			for (unsigned i = 0; i < fit.n; i++) {
				bad += fit.at[i].x < end || !fit.at[i].width;
				end = fit.at[i].x + fit.at[i].width;
			}
			bad += end > w.width;
		}
	is_u64(bad, 0, "columns of any width are beside each other, within it");
}

static void check_find(void)
{
	ok(text_has("Firefox", "fox"), "a text within");
	ok(text_has("Firefox", "FIRE"), "in any case");
	ok(!text_has("Firefox", "foxy"), "no more than there is");
	ok(text_has("", ""), "nothing is in nothing");
	ok(!text_has("", "a"), "and something is not");
}

int main(void)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip_all("there is no locale C.UTF-8");
	check_texts();
	check_bars();
	check_sparks();
	check_fit();
	check_widths();
	check_find();
	return done_testing();
}
