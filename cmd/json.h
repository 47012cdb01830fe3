/* SPDX-License-Identifier: MIT
 *
 * json.h - values of JSON, for the commands that print or read some.  They are
 * jansson's, which has taken the prefix json_.  A function that builds takes
 * over the value it is given, one that reads borrows it; memory that cannot be
 * had ends the program.
 */
#ifndef PFM_JSON_H
#define PFM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

void json_init(void); /* find the library before anything runs, or die */
void json_init_for(const char *option); /* the same, not for --json */

struct json_t *js_object(void);
struct json_t *js_array(void);
struct json_t *js_null(void);
struct json_t *js_bool(bool v);
struct json_t *js_real(double v);
struct json_t *js_integer(int64_t v);
struct json_t *js_number(bool known, uint64_t v); /* not known: null */
/* Text that is not UTF-8 loses what is not ASCII; NULL is null. */
struct json_t *js_text(const char *s);
void js_set(struct json_t *obj, const char *key, struct json_t *value);
void js_append(struct json_t *array, struct json_t *value);
/* All of it on one line, without its end; to be freed. */
char *js_line(struct json_t *value);

/* The types as bits, so that several can be asked for. */
enum js_type {
	JS_MISSING = 1, /* of NULL: there is no such value */
	JS_NULL = 2,
	JS_BOOL = 4,
	JS_NUMBER = 8,
	JS_TEXT = 16,
	JS_LIST = 32,
	JS_OBJECT = 64,
};

struct js_error {
	int line;
	char text[160];
};

/*
 * The object or list that begins the text, to be freed; *used bytes are of it.
 * NULL: it is no JSON, has a key twice, or is nested too deep.
 */
struct json_t *js_parse(const char *text, size_t size, size_t *used,
			struct js_error *err);
void js_free(struct json_t *value);
enum js_type js_type(const struct json_t *value);
const char *js_type_name(enum js_type type); /* "a number", "null" ... */
/* "text or null", of what may be there; returns buf. */
#define JS_NAMES 96
const char *js_type_names(unsigned wanted, char buf[JS_NAMES]);
double js_double(const struct json_t *number);
const char *js_string(const struct json_t *text);
/* Values within one are its own; NULL: there is none. */
struct json_t *js_get(const struct json_t *obj, const char *key);
struct json_t *js_at(const struct json_t *list, size_t i);
size_t js_count(const struct json_t *list); /* 0 of what is no list */
/* The pairs of an object: iter is NULL at the begin and the end. */
void *js_next(struct json_t *obj, void *iter, const char **key,
	      struct json_t **value);

#endif /* PFM_JSON_H */
