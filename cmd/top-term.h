/* SPDX-License-Identifier: MIT
 *
 * top-term.h - the terminal under the screen of pfmon top.  The only file that
 * knows curses is top-term.c; there is one terminal, so its state is static.
 */
#ifndef PFM_TOP_TERM_H
#define PFM_TOP_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum term_style {
	STYLE_PLAIN,
	STYLE_STRONG, /* what is to be seen first */
	STYLE_HEAD,   /* titles of columns, keys at the bottom */
	STYLE_SORTED, /* the title that it is sorted by */
	STYLE_CURSOR, /* the row that is chosen */
	STYLE_TAG,    /* a tagged row */
	STYLE_DIM,    /* of the kernel, or gone */
	STYLE_BAR,    /* bars and trends */
	STYLE_ALARM,  /* what is lost, refused or not live */
	TERM_STYLES
};

/* A key is a character, or one of these. */
enum term_key {
	TERM_NONE,
	TERM_TAB = '\t',
	TERM_ENTER = '\n',
	TERM_ESC = 27,
	TERM_UP = 0x110000,
	TERM_DOWN,
	TERM_LEFT,
	TERM_RIGHT,
	TERM_PAGE_UP,
	TERM_PAGE_DOWN,
	TERM_HOME,
	TERM_END,
	TERM_BACKSPACE,
	TERM_RESIZED,
	TERM_OTHER, /* nobody uses it */
	TERM_F0     /* F1 is TERM_F0 + 1 */
};

/* Signals that came since the last call of term_signals(). */
#define TERM_QUIT 1u   /* SIGINT, SIGTERM, SIGHUP, SIGQUIT */
#define TERM_RESIZE 2u /* SIGWINCH */
#define TERM_STOP 4u   /* SIGTSTP */
#define TERM_CONT 8u   /* SIGCONT */

/*
 * Takes the terminal: until term_close(), also at an exit or a crash, what is
 * written on standard error waits in a pipe if that is the terminal, too.
 * false: *why says what is wrong; it is to be freed.
 */
bool term_open(char **why);
void term_close(void);
bool term_is_utf8(void);
void term_size(unsigned *rows, unsigned *cols);
/* Text in exactly so many columns, cut or padded; nothing raw gets through. */
void term_put(unsigned y, unsigned x, unsigned width, enum term_style style,
	      const char *text);
void term_cursor(unsigned y, unsigned x, bool seen);
void term_flush(void);   /* what changed goes to the terminal */
void term_redraw(void);  /* all of it, at the next flush */
unsigned term_key(void); /* TERM_NONE: there is none */

int term_signal_fd(void); /* to poll for reading */
unsigned term_signals(void);
void term_stop(void);    /* after TERM_STOP: returns when it goes on */
int term_error_fd(void); /* to poll; -1: standard error is elsewhere */
/* A line that was meant for standard error; false: there is none. */
bool term_error(char *buf, size_t size);

#endif /* PFM_TOP_TERM_H */
