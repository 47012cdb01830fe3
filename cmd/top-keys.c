/* SPDX-License-Identifier: MIT
 *
 * top-keys.c - every key of the screen of pfmon top.  The help page, the line of
 * F-keys and the test of the manual are made of this table alone.
 */
#include "config.h"

#include "top-screen.h"

#include <stdio.h>
#include <string.h>

#define F(n) (TERM_F0 + (n))

const struct key key_table[] = {
	{ { F(1), '?', 'h' }, "this help", "Help", act_help },
	{ { F(2), 'S' }, "setup: columns, groups; saved", "Setup", act_setup },
	{ { F(3), '/' }, "search", "Search", act_search },
	{ { 'n', 'N' },
	  "next, previous that was searched",
	  NULL,
	  act_search_next },
	{ { F(4), '\\' },
	  "filter: rows with a text alone",
	  "Filter",
	  act_filter },
	{ { F(5), 't' }, "process tree", "Tree", act_toggle },
	{ { F(6) }, "choose the column to sort by", "Sort", act_sort },
	{ { '<', '>' }, "sort by the column left, right", NULL, act_sort_by },
	{ { 'I' }, "invert the order", NULL, act_toggle },
	{ { '1', '2', '3', '4', '5', TERM_TAB },
	  "views, the next view",
	  NULL,
	  act_view },
	{ { TERM_ENTER },
	  "open the row: functions, then annotate",
	  NULL,
	  act_open },
	{ { TERM_ESC }, "go back", NULL, act_back },
	{ { F(7), 'e' }, "change events, or the group", "Events", act_events },
	{ { 'E' }, "next event set", NULL, act_next_set },
	{ { ' ' }, "tag the row", NULL, act_tag },
	{ { F(8), 'Z' }, "freeze, go on", "Freeze", act_freeze },
	{ { '[', ']' },
	  "an interval back, forward in history",
	  NULL,
	  act_history },
	{ { '=' },
	  "mark; then the difference since; then neither",
	  NULL,
	  act_mark },
	{ { 'z' }, "zero accumulated counts", NULL, act_zero },
	{ { 'K' }, "hide the kernel's", NULL, act_toggle },
	{ { 'U' }, "hide the user's", NULL, act_toggle },
	{ { 'H' }, "threads", NULL, act_toggle },
	{ { 'u' }, "processes of one user", NULL, act_user },
	{ { 'i' }, "idle processes, too", NULL, act_toggle },
	{ { 'd' }, "interval", NULL, act_interval },
	{ { '+', '-' }, "longer, shorter interval", NULL, act_step },
	{ { 'c' }, "command line, or name", NULL, act_toggle },
	{ { 'x' }, "why a cell is -", NULL, act_why },
	{ { 'k' }, "send a signal", NULL, act_signal },
	{ { 'r' },
	  "record 10 s of samples of the tagged rows",
	  NULL,
	  act_record },
	{ { F(9), 'w' },
	  "save what is seen: text, CSV, JSON",
	  "Save",
	  act_save },
	{ { TERM_UP, TERM_DOWN, TERM_PAGE_UP, TERM_PAGE_DOWN, TERM_HOME,
	    TERM_END },
	  "choose a row",
	  NULL,
	  act_move },
	{ { TERM_LEFT, TERM_RIGHT },
	  "columns at the left, right",
	  NULL,
	  act_scroll },
	{ { 'L' - '@' }, "draw the screen again", NULL, act_redraw },
	{ { F(10), 'q' }, "quit", "Quit", act_quit },
};
const size_t key_count = ARRAY_SIZE(key_table);

const struct key *key_find(unsigned code)
{
	size_t i, j;

	for (i = 0; i < key_count; i++)
		for (j = 0; j < KEY_CODES && key_table[i].codes[j]; j++)
			if (key_table[i].codes[j] == code)
				return &key_table[i];
	return NULL;
}

void key_name(unsigned code, char *buf, size_t size)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = {
		{ ' ', "Space" },         { TERM_TAB, "Tab" },
		{ TERM_ENTER, "Enter" },  { TERM_ESC, "Esc" },
		{ TERM_UP, "Up" },        { TERM_DOWN, "Down" },
		{ TERM_LEFT, "Left" },    { TERM_RIGHT, "Right" },
		{ TERM_PAGE_UP, "PgUp" }, { TERM_PAGE_DOWN, "PgDn" },
		{ TERM_HOME, "Home" },    { TERM_END, "End" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == code) {
			snprintf(buf, size, "%s", names[i].name);
			return;
		}
	if (code > TERM_F0)
		snprintf(buf, size, "F%u", code - TERM_F0);
	else if (code < ' ')
		snprintf(buf, size, "Ctrl-%c", (int)(code + '@'));
	else
		snprintf(buf, size, "%c", (int)code);
}

void key_names(const struct key *k, char *buf, size_t size)
{
	size_t used = 0, i;

	buf[0] = '\0';
	for (i = 0; i < KEY_CODES && k->codes[i] && used + 2 < size; i++) {
		if (i > 0)
			buf[used++] = ' ';
		key_name(k->codes[i], buf + used, size - used);
		used += strlen(buf + used);
	}
}
