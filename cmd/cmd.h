/* SPDX-License-Identifier: MIT
 *
 * cmd.h - what every command of pfmon shares: the command entry, the option
 * table, messages and memory.  It knows nothing of counting; that is count.h.
 */
#ifndef PFM_CMD_H
#define PFM_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATUS_FAIL 1     /* pfmon failed and there was no command to run */
#define STATUS_USAGE 2    /* bad usage of pfmon itself */
#define STATUS_PFMON 125  /* pfmon failed or was misused beside a command */
#define STATUS_NOEXEC 126 /* the command cannot be run */
#define STATUS_NOCMD 127  /* the command was not found */

#define NS_PER_S 1000000000ULL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct cmd_entry {
	const char *name;
	const char *summary;  /* one line for pfmon --help */
	const char *usage;    /* what follows "pfmon NAME" */
	const char *examples; /* whole lines, shown first in the help */
	int usage_status;     /* exit status of a usage error */
	int (*run)(int argc, char **argv); /* returns the exit status */
};

/* Strings in the order they were given; each is borrowed from argv. */
struct strlist {
	const char **v; /* owned */
	size_t n;
};

/*
 * One option.  value points at a variable of the command:
 * FLAG bool; STRING, OPTARG const char *; LIST struct strlist; NUMBER, TIME
 * uint64_t; CHOICE unsigned, the index within arg ("auto|always|never").
 */
enum opt_type {
	OPT_END,    /* ends the table */
	OPT_FLAG,   /* has the negative --no-NAME, or --X when it is --no-X */
	OPT_STRING, /* the last one given wins */
	OPT_LIST,   /* each one given is appended */
	OPT_OPTARG, /* argument optional; "" when there was none */
	OPT_NUMBER, /* 20, 2e6, 1M, 0x4000; within min and max */
	OPT_TIME,   /* 10s 250ms 500us 1m to ns; min is ns of a bare number */
	OPT_CHOICE,
	OPT_CALL, /* call(argument, value); no argument when arg is NULL */
};

struct opt {
	enum opt_type type;
	char brief;       /* short letter, or 0 */
	const char *name; /* long name; aliases follow, separated by | */
	const char *arg;  /* the argument in the help */
	const char *help; /* one line; NULL leaves it out of the help */
	void *value;
	uint64_t min, max;
	void (*call)(const char *arg, void *value);
};

/* options.c */
/* Index of the first operand.  Ends the program after -h or a bad option. */
int options_parse(const struct cmd_entry *cmd, const struct opt *opts, int argc,
		  char **argv);
/* The same with operands before options, too, as far as a "--". */
void operands_parse(const struct cmd_entry *cmd, const struct opt *opts,
		    int argc, char **argv, struct strlist *operands);
/* 10s, 250ms, 500us, 1m, 1h, or a bare number of bare_ns; false: it is none. */
bool parse_duration(const char *arg, uint64_t bare_ns, uint64_t *ns);
/* A bad use of the command: one line, where to look, its usage status. */
_Noreturn void usage_error(const struct cmd_entry *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* pfmon.c */
extern const struct cmd_entry cmd_count_entry;
extern const struct cmd_entry cmd_explain_entry;
extern const struct cmd_entry cmd_info_entry;
extern const struct cmd_entry cmd_list_entry;
extern const struct cmd_entry cmd_sets_entry;
/* Is it in, and what that means: "yes, ..." or "no: ...". */
extern const char version_libpfm4[], version_jansson[], version_profile[];
void print_version(void);

/* modules.c: a command of a module; dies when it is not there. */
const struct cmd_entry *module_command(const char *name);

/* util.c: messages are "pfmon: text\n" on standard error, in one write. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void set_die_status(int status); /* of die(); STATUS_PFMON until called */

void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
/* A whole number such as 2e6, 1M or 0x40; false when it is none. */
bool parse_number(const char *arg, uint64_t *value);
double root(double x); /* square root */
/*
 * Each event of a list as of -e; brace: which pair of braces it is in, from 1
 * on, 0 in none.  False: the braces do not match.
 */
bool event_list_each(const char *list,
		     void (*call)(void *arg, const char *text, unsigned brace),
		     void *arg);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void strlist_add(struct strlist *list, const char *s);

uint64_t now_ns(void);                              /* monotonic */
int write_all(int fd, const char *buf, size_t len); /* -1 with errno */
bool is_writable(int fd);                           /* else with errno */
/* Print on standard output at once; ends the program when that fails. */
void print_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The first bytes, or the first line, of a file in /proc or /sys; or errno. */
int read_start_of(const char *path, char *buf, size_t size);
int read_line_of(const char *path, char *buf, size_t size);
/* Columns for text: the terminal's or $COLUMNS, 80 to 200. */
unsigned text_width(int fd);
/* Differences between two words: what a typist gets wrong costs 1. */
unsigned word_distance(const char *a, const char *b);

#endif /* PFM_CMD_H */
