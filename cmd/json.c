/* SPDX-License-Identifier: MIT
 *
 * json.c - the only file that knows jansson, which is opened on first need.
 * What is printed with it is the commands' own; each has its schema.
 */
#include "config.h"

#include "json.h"

#include "cmd.h"

#include <stdio.h>
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
	__typeof__(&json_loadb) loadb;
	__typeof__(&json_number_value) number_value;
	__typeof__(&json_string_value) string_value;
	__typeof__(&json_object_get) object_get;
	__typeof__(&json_array_get) array_get;
	__typeof__(&json_array_size) array_size;
	__typeof__(&json_object_iter) object_iter;
	__typeof__(&json_object_iter_next) object_iter_next;
	__typeof__(&json_object_iter_key) object_iter_key;
	__typeof__(&json_object_iter_value) object_iter_value;
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
	{ &js.loadb, "json_loadb" },
	{ &js.number_value, "json_number_value" },
	{ &js.string_value, "json_string_value" },
	{ &js.object_get, "json_object_get" },
	{ &js.array_get, "json_array_get" },
	{ &js.array_size, "json_array_size" },
	{ &js.object_iter, "json_object_iter" },
	{ &js.object_iter_next, "json_object_iter_next" },
	{ &js.object_iter_key, "json_object_iter_key" },
	{ &js.object_iter_value, "json_object_iter_value" },
};

void json_init_for(const char *option)
{
	void *lib = dlopen(LIBJANSSON_SONAME, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!lib)
		die("%s needs jansson: %s (Debian: libjansson4)", option,
		    dlerror());
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *sym = dlsym(lib, symbols[i].name);

		if (!sym)
			die("%s: %s", option, dlerror());
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

json_t *js_parse(const char *text, size_t size, size_t *used,
		 struct js_error *err)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
	json_error_t e;
	json_t *value = js.loadb(text, size, flags, &e);

	if (value) {
		*used = (size_t)e.position;
		return value;
	}
	err->line = e.line;
	snprintf(err->text, sizeof(err->text), "%s", e.text);
	return NULL;
}

/* The last reference: none was ever given away. */
void js_free(json_t *value)
{
	if (value)
		js.delete(value);
}

enum js_type js_type(const json_t *value)
{
	if (!value)
		return JS_MISSING;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return JS_OBJECT;
	case JSON_ARRAY:
		return JS_LIST;
	case JSON_STRING:
		return JS_TEXT;
	case JSON_INTEGER:
	case JSON_REAL:
		return JS_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return JS_BOOL;
	case JSON_NULL:
		break;
	}
	return JS_NULL;
}

double js_double(const json_t *number)
{
	return js.number_value(number);
}

const char *js_string(const json_t *text)
{
	return js.string_value(text);
}

json_t *js_get(const json_t *obj, const char *key)
{
	return js.object_get(obj, key);
}

json_t *js_at(const json_t *list, size_t i)
{
	return js.array_get(list, i);
}

size_t js_count(const json_t *list)
{
	return js.array_size(list);
}

void *js_next(json_t *obj, void *iter, const char **key, json_t **value)
{
	iter = iter ? js.object_iter_next(obj, iter) : js.object_iter(obj);
	if (iter) {
		*key = js.object_iter_key(iter);
		*value = js.object_iter_value(iter);
	}
	return iter;
}

#else

void json_init_for(const char *option)
{
	die("%s: this pfmon was built without jansson", option);
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

struct json_t *js_parse(const char *text, size_t size, size_t *used,
			struct js_error *err)
{
	(void)text;
	(void)size;
	(void)used;
	(void)err;
	abort();
}

void js_free(struct json_t *value)
{
	(void)value;
	abort();
}

enum js_type js_type(const struct json_t *value)
{
	(void)value;
	abort();
}

double js_double(const struct json_t *number)
{
	(void)number;
	abort();
}

const char *js_string(const struct json_t *text)
{
	(void)text;
	abort();
}

struct json_t *js_get(const struct json_t *obj, const char *key)
{
	(void)obj;
	(void)key;
	abort();
}

struct json_t *js_at(const struct json_t *list, size_t i)
{
	(void)list;
	(void)i;
	abort();
}

size_t js_count(const struct json_t *list)
{
	(void)list;
	abort();
}

void *js_next(struct json_t *obj, void *iter, const char **key,
	      struct json_t **value)
{
	(void)obj;
	(void)iter;
	(void)key;
	(void)value;
	abort();
}

#endif /* HAVE_JANSSON */

void json_init(void)
{
	json_init_for("--json");
}

/* clang-format off */
static const struct {
	enum js_type type;
	const char *name;
} types[] = {
	{ JS_BOOL,    "true or false" },
	{ JS_NUMBER,  "a number" },
	{ JS_TEXT,    "text" },
	{ JS_LIST,    "a list" },
	{ JS_OBJECT,  "an object" },
	{ JS_NULL,    "null" },
};
/* clang-format on */

const char *js_type_name(enum js_type type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "missing";
}

const char *js_type_names(unsigned wanted, char buf[JS_NAMES])
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(types) && len < JS_NAMES; i++)
		if (wanted & types[i].type)
			len += (size_t)snprintf(buf + len, JS_NAMES - len,
						"%s%s", len ? " or " : "",
						types[i].name);
	return buf;
}
