/* SPDX-License-Identifier: MIT
 *
 * top-screen.h - the screen of pfmon top: what is shown of the model in top.h,
 * and where the user is in it.  Keys change struct ui, draw_all() shows it.
 */
#ifndef PFM_TOP_SCREEN_H
#define PFM_TOP_SCREEN_H

#include "top-term.h"
#include "top-text.h"
#include "top.h"

#define SCREEN_ROWS 10u /* a smaller terminal is told so */
#define SCREEN_COLS 40u
#define SCREEN_NAME 48 /* bytes of a column's id */

/* Where the user is in one table; Esc goes back to the one before. */
struct place {
	enum top_view view;
	pid_t pid;
	uint32_t func;
	uint64_t key;  /* of the row that is chosen */
	size_t at;     /* its place, should it be gone */
	size_t first;  /* row at the top */
	unsigned skip; /* columns scrolled away */
};
#define PLACES 8

/* What was chosen for a view, also in the file of the setup. */
struct view_setup {
	char sort[SCREEN_NAME]; /* "": the view's own */
	bool invert;
	char (*hidden)[SCREEN_NAME]; /* ids of columns; owned */
	size_t nhidden;
};

struct setup {
	struct view_setup views[TOP_VIEWS];
	char *group;               /* owned; or NULL */
	const char *const *groups; /* there are, for the page; the model's */
	size_t ngroups;
	bool threads, tree, idle, name;
};

/* Rows that were tagged, by key, of the tables with processes. */
struct tags {
	uint64_t *keys; /* owned, ascending */
	size_t n;
};

/* Lines in place of the table: help, reasons, or something to choose from. */
struct ui;
struct page {
	char *title;  /* owned; NULL: there is no page */
	char **lines; /* owned, each too */
	size_t n, at, first;
	/* Enter and Space on a line; NULL: there is nothing to choose. */
	void (*pick)(struct ui *ui, size_t i);
	bool stays;                   /* after pick, until Esc */
	void (*close)(struct ui *ui); /* or NULL */
};

/* A question on the message line. */
#define PROMPT_SIZE 1024
struct prompt {
	const char *what; /* "Filter"; NULL: there is no question */
	char text[PROMPT_SIZE];
	void (*changed)(struct ui *ui, const char *text); /* or NULL */
	void (*done)(struct ui *ui, const char *text);    /* NULL text: Esc */
};

struct ui {
	struct top *t;
	const struct top_opt *opt;
	unsigned rows, cols; /* of the terminal */
	const struct top_head *head;
	const struct top_table *table;
	bool old_table, old_screen, quit, ended, looked;
	struct place here, back[PLACES];
	unsigned depth;
	struct setup setup;
	bool hide_kernel, hide_user, difference;
	char filter[PROMPT_SIZE], search[PROMPT_SIZE], user[PROMPT_SIZE];
	char before[PROMPT_SIZE]; /* the filter, until Enter or Esc */
	struct tags tags;
	pid_t *pids; /* of tags_take(); owned */
	size_t npids;
	struct page page;
	struct prompt prompt;
	char *message; /* owned, or NULL */
	bool alarm;    /* message is a refusal */
	struct fit fit;
	/* The widest text there was of each column of the view: columns do not
	   jump about when numbers change. */
	unsigned need[FIT_COLUMNS];
	uint64_t frames;
};

/* top-screen.c: at once on the message line; alarm: it was refused. */
void ui_say(struct ui *ui, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ui_refuse(struct ui *ui, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The table is another: its columns are measured anew. */
void ui_new_table(struct ui *ui);
void ui_fetch(struct ui *ui); /* head and table, if they are old */
unsigned ui_table_rows(const struct ui *ui);
const struct top_row *ui_row(const struct ui *ui); /* NULL: there is none */
void ui_choose(struct ui *ui, size_t i); /* a row, which is then seen */
/* top_columns(), after which the table must be fetched again. */
const struct top_column *ui_columns(struct ui *ui, enum top_view view,
				    unsigned *n);
/* The column of an id; ncols: none. */
unsigned ui_column(const struct top_table *table, const char *id);
bool ui_hidden(const struct ui *ui, enum top_view view, const char *id);

/* top-keys.c: the one table of keys, and the help that is made of it. */
#define KEY_CODES 6
struct key {
	unsigned codes[KEY_CODES]; /* 0 ends */
	const char *what; /* "process tree", for the help; NULL: as above */
	const char *foot; /* "Tree", beside an F-key at the bottom, or NULL */
	void (*act)(struct ui *ui, unsigned code);
};
extern const struct key key_table[];
extern const size_t key_count;
const struct key *key_find(unsigned code);
void key_name(unsigned code, char *buf, size_t size);        /* "F1", "Space" */
void key_names(const struct key *k, char *buf, size_t size); /* "F5 t" */

/* top-act.c: what keys do. */
void act_move(struct ui *ui, unsigned code);
void act_scroll(struct ui *ui, unsigned code);
void act_view(struct ui *ui, unsigned code);
void act_open(struct ui *ui, unsigned code);
void act_back(struct ui *ui, unsigned code);
void act_tag(struct ui *ui, unsigned code);
void act_freeze(struct ui *ui, unsigned code);
void act_history(struct ui *ui, unsigned code);
void act_mark(struct ui *ui, unsigned code);
void act_zero(struct ui *ui, unsigned code);
void act_toggle(struct ui *ui, unsigned code);
void act_sort_by(struct ui *ui, unsigned code);
void act_next_set(struct ui *ui, unsigned code);
void act_step(struct ui *ui, unsigned code);
void act_redraw(struct ui *ui, unsigned code);
void act_quit(struct ui *ui, unsigned code);

/* top-tags.c */
bool tags_has(const struct tags *tags, uint64_t key);
void tags_flip(struct tags *tags, uint64_t key);
/*
 * Into ui->pids the processes of the tagged rows, or of the one that is chosen:
 * they stay the same while the user answers.  false, said: there is none.
 */
bool tags_take(struct ui *ui);

/* top-ask.c: keys that ask something first. */
void act_filter(struct ui *ui, unsigned code);
void act_search(struct ui *ui, unsigned code);
void act_search_next(struct ui *ui, unsigned code);
void act_events(struct ui *ui, unsigned code);
void act_interval(struct ui *ui, unsigned code);
void act_record(struct ui *ui, unsigned code);
void act_save(struct ui *ui, unsigned code);
void prompt_key(struct ui *ui, unsigned code);

/* top-page.c: pages instead of the table. */
void page_open(struct ui *ui, char *title); /* takes it over */
void page_add(struct ui *ui, char *line);   /* takes it over */
void page_close(struct ui *ui);
void page_key(struct ui *ui, unsigned code);
void act_help(struct ui *ui, unsigned code);
void act_why(struct ui *ui, unsigned code);
void act_sort(struct ui *ui, unsigned code);
void act_user(struct ui *ui, unsigned code);
void act_signal(struct ui *ui, unsigned code);

/* top-setup.c */
void setup_load(struct ui *ui); /* of earlier; the command line wins */
void act_setup(struct ui *ui, unsigned code);
void setup_release(struct setup *s);

/* top-draw.c, top-draw-head.c, top-draw-table.c */
#define HEAD_LINES 4 /* header and tabs */
void draw_all(struct ui *ui);
void draw_head(struct ui *ui);
void draw_table(struct ui *ui);
void draw_fit(struct ui *ui); /* ui->fit, of the table as it is now */

#endif /* PFM_TOP_SCREEN_H */
