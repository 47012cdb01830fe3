/* SPDX-License-Identifier: MIT
 *
 * top-term.c - the terminal of pfmon top: curses, and all that has to be put back.
 * The terminal is restored by term_close(), at exit, and by a handler of the
 * signals of a crash, which then raises the signal again as if it were not there.
 */
#include "config.h"

#include "top-term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include "cmd.h"
#include "top-text.h"

#define ESCAPE_MS 100 /* after an Esc that is not the key's, more follows */

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static const struct {
	int sig;
	unsigned bit;
} told_signals[] = {
	{ SIGINT, TERM_QUIT },     { SIGTERM, TERM_QUIT },
	{ SIGHUP, TERM_QUIT },     { SIGQUIT, TERM_QUIT },
	{ SIGWINCH, TERM_RESIZE }, { SIGTSTP, TERM_STOP },
	{ SIGCONT, TERM_CONT },
};
#define CRASHES ARRAY_SIZE(crash_signals)
#define TOLD ARRAY_SIZE(told_signals)

/* What handlers read is set before they are installed. */
static struct {
	volatile sig_atomic_t up;
	bool utf8, exit_set;
	SCREEN *screen;
	struct termios modes; /* as they were */
	char restore[512];    /* bytes that undo what curses did */
	size_t restore_len;
	struct sigaction crash[CRASHES], told[TOLD]; /* as they were */
	int signals[2]; /* pipe of the handlers' bits */
	int errors[2];  /* pipe of standard error, or -1 */
	int real_error; /* what was standard error, or -1 */
	attr_t attrs[TERM_STYLES];
	short pairs[TERM_STYLES];
	int cursor_y, cursor_x; /* where it is at the next flush */
	bool cursor_seen;
} term = { .signals = { -1, -1 }, .errors = { -1, -1 }, .real_error = -1 };

/* What was caught goes where it was meant to go. */
static void give_errors_back(void)
{
	char buf[4096];
	ssize_t n;

	if (term.real_error < 0)
		return;
	dup2(term.real_error, STDERR_FILENO);
	while ((n = read(term.errors[0], buf, sizeof(buf))) > 0)
		write_all(STDERR_FILENO, buf, (size_t)n);
}

/* Only what is safe in a handler. */
static void restore_raw(void)
{
	ssize_t n;

	if (!term.up)
		return;
	term.up = 0;
	n = write(STDOUT_FILENO, term.restore, term.restore_len);
	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, &term.modes);
	/* The last words of an abort are among them. */
	give_errors_back();
}

static void on_crash(int sig)
{
	size_t i;

	restore_raw();
	for (i = 0; i < CRASHES; i++)
		if (crash_signals[i] == sig)
			sigaction(sig, &term.crash[i], NULL);
	raise(sig);
}

static void on_signal(int sig)
{
	int saved = errno;
	unsigned char c;
	ssize_t n;
	size_t i;

	for (i = 0; i < TOLD; i++) {
		if (told_signals[i].sig != sig)
			continue;
		c = (unsigned char)told_signals[i].bit;
		/* A full pipe has woken the reader already. */
		n = write(term.signals[1], &c, 1);
		(void)n;
	}
	errno = saved;
}

static void install_handlers(void)
{
	static char stack[64 << 10];
	stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;
	struct sigaction sa = { .sa_handler = on_crash,
				.sa_flags = SA_ONSTACK };
	size_t i;

	/* A sanitizer has its own. */
	if (sigaltstack(NULL, &old) == 0 && old.ss_flags & SS_DISABLE)
		sigaltstack(&own, NULL);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < CRASHES; i++)
		sigaction(crash_signals[i], &sa, &term.crash[i]);
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	for (i = 0; i < TOLD; i++)
		sigaction(told_signals[i].sig, &sa, &term.told[i]);
}

static void remove_handlers(void)
{
	size_t i;

	for (i = 0; i < CRASHES; i++)
		sigaction(crash_signals[i], &term.crash[i], NULL);
	for (i = 0; i < TOLD; i++)
		sigaction(told_signals[i].sig, &term.told[i], NULL);
}

static bool has_string(const char *name)
{
	const char *s = tigetstr(name);

	return s && s != (const char *)-1;
}

static int put_restore(int c)
{
	if (term.restore_len < sizeof(term.restore))
		term.restore[term.restore_len++] = (char)c;
	return c;
}

/* As bytes, since no terminal description can be read in a handler. */
static void make_restore(void)
{
	static const char *const names[] = { "sgr0", "op", "rmkx", "cnorm",
					     "rmcup" };
	size_t i;

	term.restore_len = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (has_string(names[i]))
			tputs(tigetstr(names[i]), 1, put_restore);
	/* rmcup puts the cursor where it was; else below it all */
	if (!has_string("rmcup"))
		put_restore('\n');
}

static void make_styles(void)
{
	static const attr_t attrs[TERM_STYLES] = {
		[STYLE_STRONG] = A_BOLD,
		[STYLE_HEAD] = A_REVERSE,
		[STYLE_CURSOR] = A_REVERSE,
		[STYLE_SORTED] = A_BOLD | A_UNDERLINE,
		[STYLE_TAG] = A_BOLD,
		[STYLE_DIM] = A_DIM,
		[STYLE_ALARM] = A_BOLD,
	};
	static const short fore[TERM_STYLES] = {
		[STYLE_TAG] = COLOR_YELLOW,
		[STYLE_BAR] = COLOR_GREEN,
		[STYLE_ALARM] = COLOR_RED,
	};
	const char *no = getenv("NO_COLOR");
	short i;

	memcpy(term.attrs, attrs, sizeof(attrs));
	memset(term.pairs, 0, sizeof(term.pairs));
	if ((no && *no) || !has_colors() || start_color() == ERR ||
	    use_default_colors() == ERR)
		return;
	for (i = 0; i < TERM_STYLES; i++)
		if (fore[i] && init_pair(i, fore[i], -1) != ERR)
			term.pairs[i] = i;
}

/* Messages of others must not be written across the screen. */
static void catch_errors(void)
{
	if (!isatty(STDERR_FILENO) ||
	    pipe2(term.errors, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	term.real_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (term.real_error >= 0)
		dup2(term.errors[1], STDERR_FILENO);
}

static void release_errors(void)
{
	give_errors_back();
	if (term.real_error >= 0)
		close(term.real_error);
	term.real_error = -1;
	for (int i = 0; i < 2; i++) {
		if (term.errors[i] >= 0)
			close(term.errors[i]);
		term.errors[i] = -1;
	}
}

/* NULL: it is known, and the cursor can be moved. */
static char *open_terminal(void)
{
	static const char way_out[] =
		"set TERM to what this terminal is, or print tables with -b";
	const char *name = getenv("TERM");

	if (!name || !*name)
		return xasprintf("TERM is not set: %s", way_out);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return xasprintf("TERM=%s is not known: %s", name, way_out);
	set_term(term.screen);
	if (has_string("cup"))
		return NULL;
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
	return xasprintf("TERM=%s cannot move its cursor: %s", name, way_out);
}

static bool start_curses(char **why)
{
	*why = open_terminal();
	if (*why)
		return false;
	make_restore();
	cbreak();
	noecho();
	nonl();
	set_escdelay(ESCAPE_MS);
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	curs_set(0);
	make_styles();
	return true;
}

bool term_open(char **why)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &term.modes) < 0) {
		*why = xstrdup("its screen needs a terminal: print tables with "
			       "-b");
		return false;
	}
	/* Numbers stay as they are in C: files are written with them. */
	setlocale(LC_CTYPE, "");
	term.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (pipe2(term.signals, O_CLOEXEC | O_NONBLOCK) < 0) {
		*why = xasprintf("a pipe cannot be had: %m");
		return false;
	}
	install_handlers();
	if (!start_curses(why)) {
		remove_handlers();
		return false;
	}
	catch_errors();
	term.up = 1;
	if (!term.exit_set)
		atexit(term_close);
	term.exit_set = true;
	return true;
}

static void leave_screen(void)
{
	/* Where it stays to be seen the next prompt has a line of its own. */
	if (!has_string("rmcup")) {
		move(LINES - 1, 0);
		clrtoeol();
		refresh();
	}
	endwin();
	/* What curses found at its start may have been another's. */
	tcsetattr(STDIN_FILENO, TCSADRAIN, &term.modes);
}

void term_close(void)
{
	if (!term.up)
		return;
	term.up = 0;
	leave_screen();
	remove_handlers();
	release_errors();
	delscreen(term.screen);
	term.screen = NULL;
	for (int i = 0; i < 2; i++) {
		close(term.signals[i]);
		term.signals[i] = -1;
	}
}

bool term_is_utf8(void)
{
	return term.utf8;
}

void term_size(unsigned *rows, unsigned *cols)
{
	*rows = LINES > 0 ? (unsigned)LINES : 0;
	*cols = COLS > 0 ? (unsigned)COLS : 0;
}

void term_put(unsigned y, unsigned x, unsigned width, enum term_style style,
	      const char *text)
{
	wchar_t wide[TEXT_COLUMNS];
	unsigned cols = (unsigned)COLS;
	size_t n;

	if (y >= (unsigned)LINES || x >= cols)
		return;
	if (width > cols - x)
		width = cols - x;
	n = text_cells(text, width, wide, TEXT_COLUMNS);
	attr_set(term.attrs[style], term.pairs[style], NULL);
	mvaddnwstr((int)y, (int)x, wide, (int)n);
	attr_set(A_NORMAL, 0, NULL);
}

void term_cursor(unsigned y, unsigned x, bool seen)
{
	term.cursor_y = (int)y;
	term.cursor_x = (int)x;
	term.cursor_seen = seen;
}

void term_flush(void)
{
	curs_set(term.cursor_seen);
	move(term.cursor_y, term.cursor_x);
	refresh();
}

void term_redraw(void)
{
	clearok(curscr, TRUE);
}

static void take_size(void)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row &&
	    ws.ws_col)
		resizeterm(ws.ws_row, ws.ws_col);
}

unsigned term_key(void)
{
	static const struct {
		wint_t code;
		unsigned key;
	} keys[] = {
		{ KEY_UP, TERM_UP },
		{ KEY_DOWN, TERM_DOWN },
		{ KEY_LEFT, TERM_LEFT },
		{ KEY_RIGHT, TERM_RIGHT },
		{ KEY_PPAGE, TERM_PAGE_UP },
		{ KEY_NPAGE, TERM_PAGE_DOWN },
		{ KEY_HOME, TERM_HOME },
		{ KEY_END, TERM_END },
		{ KEY_BACKSPACE, TERM_BACKSPACE },
		{ KEY_ENTER, TERM_ENTER },
		{ KEY_RESIZE, TERM_RESIZED },
	};
	wint_t c;
	size_t i;
	int got = get_wch(&c);

	if (got == ERR)
		return TERM_NONE;
	if (got != KEY_CODE_YES) {
		if (c == '\r')
			return TERM_ENTER;
		return c == 127 || c == 8 ? TERM_BACKSPACE : (unsigned)c;
	}
	if (c >= KEY_F(1) && c <= KEY_F(12))
		return TERM_F0 + (c - KEY_F(0));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].code == c)
			return keys[i].key;
	return TERM_OTHER;
}

int term_signal_fd(void)
{
	return term.signals[0];
}

static void take_modes(void)
{
	reset_prog_mode();
	/* else curses asks for its codes only when it waits for a key */
	keypad(stdscr, TRUE);
	term_redraw();
}

unsigned term_signals(void)
{
	unsigned char buf[64];
	unsigned bits = 0;
	ssize_t n, i;

	while ((n = read(term.signals[0], buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			bits |= buf[i];
	/* A shell may have changed the modes meanwhile. */
	if (bits & TERM_CONT)
		take_modes();
	if (bits & (TERM_RESIZE | TERM_CONT))
		take_size();
	return bits;
}

void term_stop(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL }, old;

	leave_screen();
	sigaction(SIGTSTP, &sa, &old);
	kill(getpid(), SIGTSTP);
	/* It goes on here. */
	sigaction(SIGTSTP, &old, NULL);
	take_modes();
	take_size();
}

int term_error_fd(void)
{
	return term.real_error >= 0 ? term.errors[0] : -1;
}

bool term_error(char *buf, size_t size)
{
	static const char own[] = "pfmon: ";
	size_t n = 0;
	char c;

	while (read(term.errors[0], &c, 1) == 1 && c != '\n')
		if (n + 1 < size)
			buf[n++] = c;
	buf[n] = '\0';
	if (!strncmp(buf, own, sizeof(own) - 1))
		memmove(buf, buf + sizeof(own) - 1, n + 2 - sizeof(own));
	return n > 0;
}
