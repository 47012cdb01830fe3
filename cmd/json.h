/* SPDX-License-Identifier: MIT
 *
 * json.h - values of JSON, for the commands that print some.  They are
 * jansson's, which has taken the prefix json_.  A function that is given a
 * value takes it over; memory that cannot be had ends the program.
 */
#ifndef PFM_JSON_H
#define PFM_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct json_t;

void json_init(void); /* find the library before anything runs, or die */

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

#endif /* PFM_JSON_H */
