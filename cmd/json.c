/* SPDX-License-Identifier: MIT
 *
 * json.c - the only file that knows jansson, which is opened on first need.
 * What is printed with it is the commands' own; each has its schema.
 */
#include "config.h"

#include "json.h"

#include "cmd.h"

#include <stdlib.h>

#ifdef HAVE_JANSSON

#include <dlfcn.h>
#include <jansson.h>

/* The library's functions as far as they are used here. */
static struct {
	__typeof__(&json_object) object;
	__typeof__(&json_array) array;
	__typeof__(&json_integer) integer;
	__typeof__(&json_real) real;
	__typeof__(&json_null) null;
	__typeof__(&json_true) yes;
	__typeof__(&json_false) no;
	__typeof__(&json_string) string;
	__typeof__(&json_object_set_new) object_set_new;
	__typeof__(&json_array_append_new) array_append_new;
	__typeof__(&json_dumps) dumps;
	__typeof__(&json_delete) delete;
} js;

static const struct {
	void *slot;
	const char *name;
} symbols[] = {
	{ &js.object, "json_object" },
	{ &js.array, "json_array" },
	{ &js.integer, "json_integer" },
	{ &js.real, "json_real" },
	{ &js.null, "json_null" },
	{ &js.yes, "json_true" },
	{ &js.no, "json_false" },
	{ &js.string, "json_string" },
	{ &js.object_set_new, "json_object_set_new" },
	{ &js.array_append_new, "json_array_append_new" },
	{ &js.dumps, "json_dumps" },
	{ &js.delete, "json_delete" },
};

void json_init(void)
{
	void *lib = dlopen(LIBJANSSON_SONAME, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!lib)
		die("--json needs jansson: %s (Debian: libjansson4)",
		    dlerror());
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *sym = dlsym(lib, symbols[i].name);

		if (!sym)
			die("--json: %s", dlerror());
		*(void **)symbols[i].slot = sym;
	}
}

static json_t *checked(json_t *value)
{
	if (!value)
		die("out of memory");
	return value;
}

json_t *js_object(void)
{
	return checked(js.object());
}

json_t *js_array(void)
{
	return checked(js.array());
}

json_t *js_null(void)
{
	return js.null();
}

json_t *js_bool(bool v)
{
	return v ? js.yes() : js.no();
}

json_t *js_real(double v)
{
	return checked(js.real(v));
}

json_t *js_integer(int64_t v)
{
	return checked(js.integer((json_int_t)v));
}

json_t *js_number(bool known, uint64_t v)
{
	if (!known)
		return js_null();
	return v > INT64_MAX ? js_real((double)v) : js_integer((int64_t)v);
}

json_t *js_text(const char *s)
{
	json_t *value;
	char *copy, *p;

	if (!s)
		return js_null();
	value = js.string(s);
	if (value)
		return value;
	copy = xstrdup(s);
	for (p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = checked(js.string(copy));
	free(copy);
	return value;
}

void js_set(json_t *obj, const char *key, json_t *value)
{
	if (js.object_set_new(obj, key, value) < 0)
		die("out of memory");
}

void js_append(json_t *array, json_t *value)
{
	if (js.array_append_new(array, value) < 0)
		die("out of memory");
}

char *js_line(json_t *value)
{
	char *line = js.dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (!line)
		die("out of memory");
	js.delete(value);
	return line;
}

#else

void json_init(void)
{
	die("--json: this pfmon was built without jansson");
}

/* None of these is reached: json_init() has ended the program. */
struct json_t *js_object(void)
{
	abort();
}

struct json_t *js_array(void)
{
	abort();
}

struct json_t *js_null(void)
{
	abort();
}

struct json_t *js_bool(bool v)
{
	(void)v;
	abort();
}

struct json_t *js_real(double v)
{
	(void)v;
	abort();
}

struct json_t *js_integer(int64_t v)
{
	(void)v;
	abort();
}

struct json_t *js_number(bool known, uint64_t v)
{
	(void)known;
	(void)v;
	abort();
}

struct json_t *js_text(const char *s)
{
	(void)s;
	abort();
}

void js_set(struct json_t *obj, const char *key, struct json_t *value)
{
	(void)obj;
	(void)key;
	(void)value;
	abort();
}

void js_append(struct json_t *array, struct json_t *value)
{
	(void)array;
	(void)value;
	abort();
}

char *js_line(struct json_t *value)
{
	(void)value;
	abort();
}

#endif /* HAVE_JANSSON */
